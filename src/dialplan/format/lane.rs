//! The fast lane of a large file: plain routes are read line by line, and only what is left becomes a tree.
//!
//! A tree of a million routes costs ten times their text in memory, and most of the time of a check. So a file is cut
//! into statements; `20000007 = "group:main"` in `[route]` and `[route.20000007]` with nothing but `to = "…"` are read
//! here, other `[route.N]` by a tree of a few at a time, and all the rest, in its place, by one tree.
//!
//! It answers for files without a mistake of syntax only, and never guesses: with the slightest doubt (a statement that does
//! not end, an error of the parser anywhere, a number twice, another way to say `route`) the file goes to the tree as a whole,
//! which knows what to say. Both lanes give the same, span for span; the tests hold them against each other.

use super::reader::Context;
use super::tree::{Pair, in_order, named, table};
use super::written::{At, LineWritten, Target, Written};
use crate::dialplan::check::Mistakes;
use crate::dialplan::table::Pattern;
use ecow::EcoString;
use std::ops::Range;
use toml::de::{DeTable, DeValue};

/// Text that one tree of `[route.N]` tables is made of, at most about so many bytes.
const CHUNK: u32 = 64 * 1024;

/// A range of bytes, half as large as `Range<usize>`: there may be a million of them.
#[derive(Debug, Clone, Copy)]
struct Piece {
    start: u32,
    end: u32,
}

impl Piece {
    fn new(start: usize, end: usize) -> Self {
        let small = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self { start: small(start), end: small(end) }
    }

    const fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// What was taken out of the file.
#[derive(Debug, Clone, Copy)]
enum Taken {
    /// A number and where it leads, each with its quotes.
    Plain { key: Piece, value: Piece },
    /// Whole `[route.N]` tables, one after another.
    Tables(Piece),
}

impl Taken {
    const fn start(self) -> usize {
        match self {
            Self::Plain { key, .. } => key.start as usize,
            Self::Tables(piece) => piece.start as usize,
        }
    }
}

/// Reads a file; `false`, and nothing is changed, when it has to be read as a whole.
pub(super) fn read(file: u16, text: &str, written: &mut Written, mistakes: &mut Mistakes) -> bool {
    let Some(cut) = Cut::of(text) else { return false };
    let (root, errors) = DeTable::parse_recoverable(&cut.rest);
    if !errors.is_empty() || !cut.is_clean(root.get_ref()) {
        return false;
    }
    let (mut found, mut wrong) = (Written::default(), Mistakes::default());
    let mut context = Context { file, base: 0, broken: Vec::new(), mistakes: &mut wrong, told: None };
    if !cut.read(text, root.get_ref(), &mut found, &mut context) {
        return false;
    }
    mistakes.absorb(wrong);
    written.append(found);
    true
}

impl Written {
    fn append(&mut self, mut other: Self) {
        if self.lines.is_empty() {
            std::mem::swap(&mut self.lines, &mut other.lines);
        }
        self.lines.append(&mut other.lines);
        self.cities.append(&mut other.cities);
        self.emergencies.append(&mut other.emergencies);
        self.groups.append(&mut other.groups);
        self.trunks.append(&mut other.trunks);
        self.calendars.append(&mut other.calendars);
        self.expects.append(&mut other.expects);
    }
}

/// Where a statement stands.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// Before the first header.
    Top,
    /// In `[route]`.
    Route,
    /// In `[route.N]` that begins here; the one target that it has named so far, if nothing else stands in it.
    Numbered { start: usize, key: Piece, to: To },
    /// Anywhere else.
    Other,
}

#[derive(Debug, Clone, Copy)]
enum To {
    Unread,
    Plain(Piece),
    /// It says more than that.
    Rich,
}

/// A file cut in two: what was taken out, and the rest with blanks instead.
struct Cut {
    taken: Vec<Taken>,
    rest: String,
    /// Packed digits of all keys that were taken out, sorted.
    keys: Vec<u64>,
    /// Where `route` is named first.
    first: Option<usize>,
    /// There is a `[route]`: that is where the table stands then.
    whole: bool,
}

impl Cut {
    /// Cuts the file into its statements.
    fn of(text: &str) -> Option<Self> {
        let mut cut = Self {
            taken: Vec::new(),
            rest: String::with_capacity(text.len()),
            keys: Vec::new(),
            first: None,
            whole: false,
        };
        let (mut place, mut at) = (Place::Top, text.len() - text.trim_start_matches('\u{feff}').len());
        let mut kept = 0;
        while at < text.len() {
            let end = statement(text.as_bytes(), at)?;
            let line = text.get(at..end)?;
            match line.trim_start_matches([' ', '\t']).bytes().next() {
                _ if ends(line) => {}
                Some(b'[') => {
                    cut.close(text, place, at, &mut kept);
                    place = cut.header(line, at)?;
                }
                _ => match &mut place {
                    Place::Top if line.trim_start().starts_with(['r', '"', '\'']) => return None,
                    Place::Route => {
                        if let Some((key, value)) = plain(line, at, true) {
                            cut.key(text, key)?;
                            cut.taken.push(Taken::Plain { key, value });
                            cut.blank(text, &mut kept, at..end);
                        }
                    }
                    Place::Numbered { to, .. } => *to = to.and(text, line, at),
                    Place::Top | Place::Other => {}
                },
            }
            at = end;
        }
        cut.close(text, place, at, &mut kept);
        cut.rest.push_str(text.get(kept..)?);
        cut.keys.sort_unstable();
        cut.keys.is_sorted_by(|a, b| a < b).then_some(cut)
    }

    fn key(&mut self, text: &str, key: Piece) -> Option<()> {
        self.keys.push(Pattern::parse(unquoted(text.get(key.range())?))?.packed());
        Some(())
    }

    /// Writes what is kept up to here, then blanks for what is taken out: all places stay.
    fn blank(&mut self, text: &str, kept: &mut usize, gone: Range<usize>) {
        const BLANKS: &str = "                                                                ";
        self.rest.push_str(text.get(*kept..gone.start).unwrap_or_default());
        let mut left = gone.len();
        while left > 0 {
            let some = left.min(BLANKS.len());
            self.rest.push_str(BLANKS.get(..some).unwrap_or_default());
            left -= some;
        }
        *kept = gone.end;
    }

    /// A header ends what stood before it.
    fn close(&mut self, text: &str, place: Place, end: usize, kept: &mut usize) {
        let Place::Numbered { start, key, to } = place else { return };
        self.blank(text, kept, start..end);
        match (to, self.taken.last_mut()) {
            (To::Plain(value), _) => self.taken.push(Taken::Plain { key, value }),
            (_, Some(Taken::Tables(piece))) if piece.end as usize == start && piece.end - piece.start < CHUNK => {
                piece.end = Piece::new(start, end).end;
            }
            _ => self.taken.push(Taken::Tables(Piece::new(start, end))),
        }
    }

    /// What a header opens. Only the plainest spelling of `[route]` and `[route.N]` is known here.
    fn header(&mut self, line: &str, at: usize) -> Option<Place> {
        let Some(inside) = line.strip_prefix("[route") else {
            let odd = line.starts_with([' ', '\t']) || line.get(1..)?.starts_with([' ', '\t', '"', '\'']);
            return (!odd).then_some(Place::Other);
        };
        if inside.starts_with(['.', ']', ' ', '\t']) {
            self.first.get_or_insert(at + 1);
        }
        let Some(name) = inside.strip_prefix('.') else {
            let plain = inside.strip_prefix(']').is_some_and(ends);
            self.whole |= inside.trim_start_matches([' ', '\t']).starts_with(']');
            return Some(if plain { Place::Route } else { Place::Other });
        };
        let Some((word, rest)) = word(name) else { return Some(Place::Other) };
        let start = at + "[route.".len();
        let key = Piece::new(start, start + word.len());
        let Some(pattern) = Pattern::parse(unquoted(word)) else { return Some(Place::Other) };
        if !rest.strip_prefix(']').is_some_and(ends) {
            return Some(Place::Other);
        }
        self.keys.push(pattern.packed());
        Some(Place::Numbered { start: at, key, to: To::Unread })
    }

    /// Whether what is left goes together with what was taken out, as one file without an error.
    fn is_clean(&self, root: &DeTable<'_>) -> bool {
        match root.get("route").map(|v| v.get_ref()) {
            None => true,
            Some(DeValue::Table(left)) => left
                .keys()
                .all(|key| Pattern::parse(key.get_ref()).is_none_or(|p| self.keys.binary_search(&p.packed()).is_err())),
            Some(_) => false,
        }
    }

    /// Reads everything in the order of the file; `false` when a tree of a few tables has an error after all.
    fn read(&self, text: &str, root: &DeTable<'_>, written: &mut Written, context: &mut Context<'_>) -> bool {
        written.lines.reserve(self.taken.len());
        let mut left = None;
        let mut turn = self.first;
        for (key, value) in in_order(root) {
            if let ("route", DeValue::Table(routes)) = (key.get_ref().as_ref(), value.get_ref()) {
                let start = key.span().start;
                turn = Some(if self.whole { start } else { turn.map_or(start, |t| t.min(start)) });
                left = Some(routes);
            }
        }
        for (key, value) in in_order(root) {
            if turn.is_some_and(|t| t < key.span().start) {
                turn = None;
                if !self.routes(text, left, written, context) {
                    return false;
                }
            }
            if key.get_ref() != "route" {
                table(context, written, key, value);
            }
        }
        turn.is_none() || self.routes(text, left, written, context)
    }

    fn routes(&self, text: &str, left: Option<&DeTable<'_>>, written: &mut Written, context: &mut Context<'_>) -> bool {
        let left = left.map(in_order).unwrap_or_default();
        let mut left = left.into_iter().peekable();
        for taken in &self.taken {
            while let Some((key, value)) = left.next_if(|(key, _): &Pair<'_, '_>| key.span().start < taken.start()) {
                named(context, written, "route", key, value);
            }
            match taken {
                Taken::Plain { key, value } => route(text, *key, *value, written, context),
                Taken::Tables(piece) => {
                    let Some(part) = text.get(piece.range()) else { return false };
                    if !tables(part, piece.start as usize, written, context) {
                        return false;
                    }
                }
            }
        }
        left.for_each(|(key, value)| named(context, written, "route", key, value));
        true
    }
}

/// What [`named`] makes of `N = "…"`.
fn route(text: &str, key: Piece, value: Piece, written: &mut Written, context: &mut Context<'_>) {
    let word = |piece: Piece| unquoted(text.get(piece.range()).unwrap_or_default());
    match Target::parse(word(value)) {
        Some(target) => {
            let to = At { value: target, span: context.span(value.range()) };
            let number = At { value: EcoString::from(word(key)), span: context.span(key.range()) };
            written.lines.push(LineWritten::leading(number, to));
        }
        None => context.wrong(value.range(), "去向，如 \"group:main\"", "a target such as \"group:main\""),
    }
}

/// A few `[route.N]` tables by a tree of their own.
fn tables(part: &str, base: usize, written: &mut Written, context: &mut Context<'_>) -> bool {
    let (root, errors) = DeTable::parse_recoverable(part);
    let Some(DeValue::Table(routes)) = root.get_ref().get("route").map(|v| v.get_ref()) else { return false };
    if !errors.is_empty() || root.get_ref().len() != 1 {
        return false;
    }
    context.base = base;
    in_order(routes).into_iter().for_each(|(key, value)| named(context, written, "route", key, value));
    context.base = 0;
    true
}

impl To {
    /// One more statement of a `[route.N]`: a target that can be read, and nothing else, is plain.
    fn and(self, text: &str, line: &str, at: usize) -> Self {
        let Some((key, value)) = plain(line, at, false) else { return Self::Rich };
        let (key, written) = (text.get(key.range()), text.get(value.range()).map(unquoted));
        match self {
            Self::Unread if key == Some("to") && written.and_then(Target::parse).is_some() => Self::Plain(value),
            _ => Self::Rich,
        }
    }
}

/// `key = "value"` and at most a comment after it, the value without an escape: where both stand, with their quotes.
fn plain(line: &str, at: usize, digits: bool) -> Option<(Piece, Piece)> {
    let blank = |text: &str| text.len() - text.trim_start_matches([' ', '\t']).len();
    let from = blank(line);
    let (key, rest) = if digits { word(line.get(from..)?)? } else { line.get(from..)?.split_at_checked(2)? };
    if digits && Pattern::parse(unquoted(key)).is_none() {
        return None;
    }
    let rest = rest.get(blank(rest)..)?.strip_prefix('=')?;
    let rest = rest.get(blank(rest)..)?;
    let inside = rest.strip_prefix('"')?;
    let len = inside.bytes().position(|b| matches!(b, b'"' | b'\\' | 0..0x20 | 0x7f))?;
    let after = inside.get(len..)?.strip_prefix('"')?;
    let start = at + line.len() - rest.len();
    let value = Piece::new(start, start + len + 2);
    ends(after).then(|| (Piece::new(at + from, at + from + key.len()), value))
}

/// The first word of a text: `[0-9x]`, bare or in quotes; and what follows it.
fn word(text: &str) -> Option<(&str, &str)> {
    let first = text.bytes().next()?;
    let quoted = matches!(first, b'"' | b'\'');
    let inside = text.get(usize::from(quoted)..)?;
    let len = inside.bytes().position(|b| !matches!(b, b'0'..=b'9' | b'x')).unwrap_or(inside.len());
    if len == 0 || (quoted && inside.as_bytes().get(len) != Some(&first)) {
        return None;
    }
    text.split_at_checked(len + 2 * usize::from(quoted))
}

fn unquoted(word: &str) -> &str {
    let inside = |quote: char| word.strip_prefix(quote).and_then(|w| w.strip_suffix(quote));
    inside('"').or_else(|| inside('\'')).unwrap_or(word)
}

/// Whether nothing but blanks and a comment stands before the end of the line.
fn ends(text: &str) -> bool {
    let text = text.strip_suffix('\n').map_or(text, |t| t.strip_suffix('\r').unwrap_or(t));
    let text = text.trim_start_matches([' ', '\t']);
    text.is_empty() || (text.starts_with('#') && !text.bytes().any(|b| matches!(b, 0..=8 | 10..=31 | 127)))
}

/// Where the statement that begins here ends: after its line, or after the line on which the last bracket is closed.
/// `None` when it has no end, or when a string is broken.
fn statement(text: &[u8], at: usize) -> Option<usize> {
    let (mut depth, mut at) = (0u32, at);
    while let Some(&byte) = text.get(at) {
        at += 1;
        match byte {
            b'\n' if depth == 0 => return Some(at),
            b'#' => at += memchr::memchr(b'\n', text.get(at..)?).unwrap_or(text.len() - at),
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.checked_sub(1)?,
            b'"' | b'\'' => at = string(text, at, byte)?,
            _ => {}
        }
    }
    (depth == 0).then_some(at)
}

/// Where the string ends whose first quote stands just before.
fn string(text: &[u8], at: usize, quote: u8) -> Option<usize> {
    let is_quote = |i: usize| text.get(i) == Some(&quote);
    let long = is_quote(at) && is_quote(at + 1);
    if is_quote(at) && !long {
        return Some(at + 1);
    }
    let mut at = if long { at + 2 } else { at };
    while let Some(&byte) = text.get(at) {
        at += 1;
        match byte {
            b'\\' if quote == b'"' => at += 1,
            b'\n' if !long => return None,
            _ if byte != quote => {}
            _ if !long => return Some(at),
            // Up to two quotes may stand before the three that end it.
            _ if is_quote(at) && is_quote(at + 1) => {
                return (at + 2..=at + 4).find(|i| *i == at + 4 || !is_quote(*i));
            }
            _ => {}
        }
    }
    None
}
