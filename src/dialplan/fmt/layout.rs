//! A value and how it is laid out: on one line where it fits and no comment stands in it, else one group of items a line.

use toml_parser::parser::{Event, EventKind};
use unicode_width::UnicodeWidthStr;

/// Columns of a line that can be broken.
const WIDTH: usize = 100;

/// The text under an event.
pub(super) fn raw<'s>(text: &'s str, event: &Event) -> &'s str {
    let span = event.span();
    text.get(span.start()..span.end()).unwrap_or_default()
}

/// A value as it was typed.
pub(super) enum Node<'s> {
    Scalar(&'s str),
    Array(Vec<Row<'s>>),
    Table(Vec<Row<'s>>),
}

/// What stood on one line inside brackets.
#[derive(Default)]
pub(super) struct Row<'s> {
    /// Each with its key, which is empty in an array.
    items: Vec<(String, Node<'s>)>,
    comment: Option<&'s str>,
    /// A blank line stood before it.
    gap: bool,
    /// Something stood here, be it a comma.
    touched: bool,
}

impl<'s> Node<'s> {
    /// Reads the events of one value.
    pub(super) fn read(text: &'s str, events: &[Event]) -> Self {
        Self::next(text, &mut events.iter())
    }

    fn next(text: &'s str, events: &mut std::slice::Iter<'_, Event>) -> Self {
        while let Some(event) = events.next() {
            match event.kind() {
                EventKind::ArrayOpen => return Self::Array(rows(text, events)),
                EventKind::InlineTableOpen => return Self::Table(rows(text, events)),
                EventKind::Scalar => return Self::Scalar(raw(text, event)),
                _ => {}
            }
        }
        Self::Scalar("")
    }

    /// All of it on one line; `None` when a comment or a text of several lines stands in it.
    fn flat(&self) -> Option<String> {
        let (rows, open, close) = match self {
            Self::Scalar(text) => return (!text.contains('\n')).then(|| (*text).to_owned()),
            Self::Array(rows) => (rows, "[", "]"),
            Self::Table(rows) => (rows, "{ ", " }"),
        };
        let mut parts = Vec::new();
        for row in rows {
            if row.comment.is_some() {
                return None;
            }
            for (key, node) in &row.items {
                parts.push(format!("{key}{}", node.flat()?));
            }
        }
        if parts.is_empty() {
            return Some(format!("{}{}", open.trim_end(), close.trim_start()));
        }
        Some(format!("{open}{}{close}", parts.join(", ")))
    }

    /// The value as it is written behind `before` columns, its inner lines `indent` deeper than nothing.
    pub(super) fn written(&self, before: usize, indent: usize) -> String {
        let flat = self.flat();
        match (self, flat) {
            (Self::Array(rows), flat) => match flat.filter(|f| before + f.width() <= WIDTH) {
                Some(flat) => flat,
                None => format!("[\n{}{}]", broken(rows, indent + 4), " ".repeat(indent)),
            },
            (_, Some(flat)) => flat,
            (Self::Scalar(text), None) => (*text).to_owned(),
            // Line ends inside an inline table are TOML 1.1: only a comment of its own makes them necessary.
            (Self::Table(rows), None) if rows.iter().all(|r| r.comment.is_none()) => {
                let items = rows.iter().flat_map(|r| &r.items);
                let items = items.map(|(key, node)| format!("{key}{}", node.written(indent + key.width(), indent)));
                format!("{{ {} }}", items.collect::<Vec<_>>().join(", "))
            }
            (Self::Table(rows), None) => format!("{{\n{}{}}}", broken(rows, indent + 4), " ".repeat(indent)),
        }
    }
}

/// The rows up to the closing bracket.
fn rows<'s>(text: &'s str, events: &mut std::slice::Iter<'_, Event>) -> Vec<Row<'s>> {
    let mut rows: Vec<Row<'s>> = Vec::new();
    let mut row = Row::default();
    let mut key = String::new();
    while let Some(event) = events.clone().next() {
        match event.kind() {
            EventKind::ArrayOpen | EventKind::InlineTableOpen | EventKind::Scalar => {
                row.items.push((std::mem::take(&mut key), Node::next(text, events)));
                row.touched = true;
                continue;
            }
            EventKind::ArrayClose | EventKind::InlineTableClose => {
                let _ = events.next();
                break;
            }
            EventKind::SimpleKey | EventKind::KeySep => key.push_str(raw(text, event)),
            EventKind::KeyValSep => key.push_str(" = "),
            EventKind::ValueSep => row.touched = true,
            EventKind::Comment => {
                row.comment = Some(raw(text, event).trim_end());
                row.touched = true;
            }
            EventKind::Newline => end_of(&mut row, &mut rows),
            _ => {}
        }
        let _ = events.next();
    }
    end_of(&mut row, &mut rows);
    rows
}

/// Puts a row away; an empty line becomes the gap of the next row.
fn end_of<'s>(row: &mut Row<'s>, rows: &mut Vec<Row<'s>>) {
    let ended = std::mem::take(row);
    if !ended.items.is_empty() || ended.comment.is_some() {
        rows.push(ended);
    } else {
        row.gap = ended.gap || (!ended.touched && !rows.is_empty());
    }
}

/// One line a row; a row that is too long goes on in the next line.
fn broken(rows: &[Row<'_>], indent: usize) -> String {
    let blank = " ".repeat(indent);
    let mut out = String::new();
    for row in rows {
        if row.gap {
            out.push('\n');
        }
        let mut line = String::new();
        for (key, node) in &row.items {
            let item = format!("{key}{},", node.written(indent + key.width() + 1, indent));
            let fits = !line.is_empty()
                && !line.contains('\n')
                && !item.contains('\n')
                && indent + line.width() + 1 + item.width() <= WIDTH;
            if fits {
                line.push(' ');
            } else if !line.is_empty() {
                out.push_str(&format!("{blank}{line}\n"));
                line.clear();
            }
            line.push_str(&item);
        }
        let comment = row.comment.unwrap_or_default();
        let between = if line.is_empty() || comment.is_empty() { "" } else { "  " };
        out.push_str(&format!("{blank}{line}{between}{comment}\n"));
    }
    out
}
