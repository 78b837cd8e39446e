//! One layout for every dialplan file: text in, text out. Every comment and every value stays, in its order.
//!
//! It works on the tokens of the file and writes anew only what stands between them, so a string, number or date comes
//! out as it was typed. It refuses a file with mistakes of syntax, and to reorder, add or drop anything.

mod layout;

use super::format;
use super::{Diagnostic, Source};
use layout::Node;
use toml_parser::parser::{Event, EventKind, parse_document};
use unicode_width::UnicodeWidthStr;

/// Comments behind lines longer than this are not lined up with the others.
const LINED_UP: usize = 60;

/// The text in the one layout: one space around `=`, one blank line between tables, comments behind values lined up, arrays on
/// one line where they fit. Formatting what was formatted changes nothing.
///
/// # Errors
/// The mistakes of syntax, with the source as the first of its plan.
pub fn formatted(source: &Source) -> Result<String, Vec<Diagnostic>> {
    let mistakes = format::syntax(source);
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let text = source.text.strip_prefix('\u{feff}').unwrap_or(&source.text);
    let tokens = toml_parser::Source::new(text).lex().into_vec();
    let mut page = Page { text, ..Page::default() };
    let mut statement: Vec<Event> = Vec::new();
    let mut depth = 0usize;
    let mut receive = |event: Event| {
        match event.kind() {
            EventKind::ArrayOpen | EventKind::InlineTableOpen => depth += 1,
            EventKind::ArrayClose | EventKind::InlineTableClose => depth = depth.saturating_sub(1),
            EventKind::Newline if depth == 0 => {
                page.statement(&statement);
                return statement.clear();
            }
            EventKind::Whitespace => return,
            _ => {}
        }
        statement.push(event);
    };
    // Errors were reported above: there are none.
    parse_document(&tokens, &mut receive, &mut ());
    if !statement.is_empty() {
        page.statement(&statement);
    }
    Ok(page.finish())
}

/// The file as it is written out.
#[derive(Default)]
struct Page<'s> {
    text: &'s str,
    out: String,
    /// Lines of `key = value` without a gap between them, each with its comment.
    block: Vec<(String, Option<&'s str>)>,
    /// Comments on lines of their own that may yet turn out to stand above a table.
    above: Vec<&'s str>,
    /// A blank line stood before `above`.
    gap_above: bool,
    /// A blank line stood before what comes next.
    gap: bool,
    /// The last line was a table's header.
    opened: bool,
}

impl<'s> Page<'s> {
    /// One line of the file, or the lines of one value.
    fn statement(&mut self, events: &[Event]) {
        let last = events.last().filter(|e| e.kind() == EventKind::Comment);
        let comment = last.map(|e| layout::raw(self.text, e).trim_end());
        let code = if comment.is_some() { events.split_last().map_or(&[][..], |(_, c)| c) } else { events };
        match (code.first().map(Event::kind), comment) {
            (None, None) => self.blank(),
            (None, Some(comment)) => self.comment(comment),
            (Some(EventKind::StdTableOpen | EventKind::ArrayTableOpen), _) => self.header(code, comment),
            (Some(_), _) => self.pair(code, comment),
        }
    }

    fn blank(&mut self) {
        self.write_above();
        self.write_block();
        self.gap = true;
    }

    fn comment(&mut self, comment: &'s str) {
        if self.above.is_empty() {
            self.write_block();
            self.gap_above = std::mem::take(&mut self.gap);
        }
        self.above.push(comment);
    }

    /// A table begins after one blank line; comments right above it belong to it.
    fn header(&mut self, code: &[Event], comment: Option<&'s str>) {
        self.write_block();
        let written = !self.out.is_empty();
        self.gap_above = written;
        self.gap = written && self.above.is_empty();
        self.write_above();
        let line: String = code.iter().map(|e| layout::raw(self.text, e)).collect();
        self.line(&line, comment.map(|c| (line.width() + 2, c)));
        self.opened = true;
    }

    fn pair(&mut self, code: &[Event], comment: Option<&'s str>) {
        self.write_above();
        let equals = code.iter().position(|e| e.kind() == EventKind::KeyValSep).unwrap_or(code.len());
        let (key, value) = code.split_at(equals);
        let key: String = key.iter().map(|e| layout::raw(self.text, e)).collect();
        let node = Node::read(self.text, value.get(1..).unwrap_or_default());
        let line = format!("{key} = {}", node.written(key.width() + 3, 0));
        if std::mem::take(&mut self.opened) {
            self.gap = false;
        }
        if line.contains('\n') {
            self.write_block();
            let last = line.rsplit('\n').next().unwrap_or_default().width();
            return self.line(&line, comment.map(|c| (last + 2, c)));
        }
        self.block.push((line, comment));
    }

    fn write_above(&mut self) {
        if self.above.is_empty() {
            return;
        }
        self.gap |= std::mem::take(&mut self.gap_above);
        for comment in std::mem::take(&mut self.above) {
            self.line(comment, None);
        }
        self.opened = false;
    }

    /// The lines that stand together, their comments in one column.
    fn write_block(&mut self) {
        let block = std::mem::take(&mut self.block);
        let commented = block.iter().filter(|(_, c)| c.is_some()).map(|(line, _)| line.width());
        let column = commented.filter(|w| *w <= LINED_UP).max().unwrap_or_default() + 2;
        for (line, comment) in block {
            let column = column.max(line.width() + 2);
            self.line(&line, comment.map(|c| (column, c)));
        }
    }

    /// Writes a line with the blank line that is owed before it, and a comment at its column.
    fn line(&mut self, line: &str, comment: Option<(usize, &str)>) {
        if std::mem::take(&mut self.gap) && !self.out.is_empty() {
            self.out.push('\n');
        }
        self.out.push_str(line);
        if let Some((column, comment)) = comment {
            let last = line.rsplit('\n').next().unwrap_or_default().width();
            self.out.extend(std::iter::repeat_n(' ', column.saturating_sub(last)));
            self.out.push_str(comment);
        }
        self.out.push('\n');
    }

    fn finish(mut self) -> String {
        self.write_above();
        self.write_block();
        self.out
    }
}

#[cfg(test)]
mod tests;
