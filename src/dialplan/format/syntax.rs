//! What the TOML parser complains about, said in the words of the plan's own mistakes.

use crate::dialplan::check::{Code, Diagnostic, Mistakes, Span, Text};
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use toml::de::Error;

/// A full-width character that an input method leaves where TOML wants ASCII, as the ASCII character that was meant.
fn narrow(c: char) -> Option<char> {
    match c {
        '“' | '”' | '「' | '」' | '『' | '』' => Some('"'),
        '‘' | '’' => Some('\''),
        '【' => Some('['),
        '】' => Some(']'),
        '。' => Some('.'),
        '、' => Some(','),
        '\u{3000}' | '\u{a0}' => Some(' '),
        // U+FF01 to U+FF5E are ASCII 0x21 to 0x7E, once more and wide.
        '！'..='～' => u32::from(c).checked_sub(0xfee0).and_then(char::from_u32),
        _ => None,
    }
}

/// The text with its full-width characters in ASCII; `None` when there are none in it.
pub(super) fn narrowed(text: &str) -> Option<String> {
    text.chars().any(|c| narrow(c).is_some()).then(|| text.chars().map(|c| narrow(c).unwrap_or(c)).collect())
}

/// Turns the parser's errors into diagnostics, one for each line with Chinese quotes; returns the spans they cover.
pub(super) fn report(file: u16, text: &str, errors: &[Error], mistakes: &mut Mistakes) -> Vec<Range<usize>> {
    let mut quoted_lines = BTreeSet::new();
    let mut places = None;
    let mut covered = Vec::new();
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        covered.push(span.clone());
        let line = line_of(text, span.start);
        if let Some(quotes) = full_width(text, line.clone()) {
            covered.push(line.clone());
            if quoted_lines.insert(line.start) {
                mistakes.push(chinese_quotes(file, quotes));
            }
            continue;
        }
        if error.message() == "duplicate key" {
            let places = places.get_or_insert_with(|| Places::of(text));
            if !places.in_repeated_table(span.start) {
                mistakes.push(repeated(file, text, span, places));
            }
            continue;
        }
        mistakes.push(plain(file, text, span, error.message()));
    }
    apart(covered)
}

/// In order, those that touch joined: there may be a million of them, and every value is held against them.
fn apart(mut spans: Vec<Range<usize>>) -> Vec<Range<usize>> {
    spans.sort_by_key(|span| span.start);
    let mut joined: Vec<Range<usize>> = Vec::with_capacity(spans.len());
    for span in spans {
        match joined.last_mut() {
            Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
            _ => joined.push(span),
        }
    }
    joined
}

fn plain(file: u16, text: &str, span: Range<usize>, message: &str) -> Diagnostic {
    let at = Span::new(file, span.clone());
    let shown = text.get(span.clone()).unwrap_or_default();
    if message.starts_with("invalid date") || message.starts_with("invalid time") {
        let title = Text::new(format!("日期或时间 {shown} 不存在"), format!("{shown} is no date or time that exists"));
        return Diagnostic::new(Code::ImpossibleDate, title).at(at, range_zh(message), message);
    }
    let title = Text::new(format!("TOML 语法错误：{message}"), format!("TOML syntax error: {message}"));
    Diagnostic::new(Code::Syntax, title)
        .at(at, "这里", "here")
        .help("检查引号和方括号是否成对", "see that quotes and brackets come in pairs")
}

fn repeated(file: u16, text: &str, span: Range<usize>, places: &Places<'_>) -> Diagnostic {
    let shown = text.get(span.clone()).unwrap_or_default();
    let title = Text::new(format!("`{shown}` 重复定义"), format!("`{shown}` is defined twice"));
    let mistake = Diagnostic::new(Code::DefinedTwice, title).at(Span::new(file, span.clone()), "第二次", "second time");
    match places.first_time(&span) {
        Some(first) => mistake.also(Span::new(file, first), "第一次", "first time"),
        None => mistake,
    }
}

/// `invalid date, expected day between 01 and 30`, said in Chinese.
fn range_zh(message: &str) -> String {
    const UNITS: [(&str, &str); 5] =
        [("month", "月"), ("day", "日"), ("hour", "时"), ("minute", "分"), ("second", "秒")];
    let range = message.split_once(" between ").and_then(|(_, r)| r.split_once(" and "));
    let unit = UNITS.iter().find(|(en, _)| message.contains(&format!("expected {en}")));
    match (unit, range) {
        (Some((_, unit)), Some((low, high))) => format!("“{unit}”只能是 {low} 到 {high}"),
        _ => "不存在".to_owned(),
    }
}

/// Where headers and keys stand, gathered in one pass: a large file may repeat a thousand numbers.
struct Places<'t> {
    text: &'t str,
    /// Starts of the lines that begin with `[`.
    headers: Vec<usize>,
    /// The first line with this beginning, up to the end of the key: for a header anywhere, else within its table.
    first: HashMap<(usize, &'t str), usize, foldhash::fast::FixedState>,
}

impl<'t> Places<'t> {
    fn of(text: &'t str) -> Self {
        let mut places = Self { text, headers: Vec::new(), first: HashMap::default() };
        let (mut at, mut table) = (0, 0);
        for line in text.split_inclusive('\n') {
            if line.starts_with('[') {
                table = at;
                places.headers.push(at);
                let head = line.get(..line.find(']').unwrap_or(line.len())).unwrap_or(line);
                places.first.entry((usize::MAX, head)).or_insert(at);
            } else {
                let quote = line.chars().next().filter(|c| matches!(c, '"' | '\''));
                let end = match quote {
                    Some(quote) => line.get(1..).and_then(|l| l.find(quote)).map(|n| n + 2),
                    None => line.find([' ', '=', '.']),
                };
                let end = end.unwrap_or(line.len());
                places.first.entry((table, line.get(..end).unwrap_or(line))).or_insert(at);
            }
            at += line.len();
        }
        places
    }

    /// The start of the last header at or before a place; 0 when there is none.
    fn table(&self, at: usize) -> usize {
        self.headers
            .partition_point(|h| *h <= at)
            .checked_sub(1)
            .and_then(|i| self.headers.get(i))
            .copied()
            .unwrap_or(0)
    }

    /// Where the key of a repeated line stood first: the same line, as far as the end of the key, above it and in its table.
    fn first_time(&self, span: &Range<usize>) -> Option<Range<usize>> {
        let line = line_of(self.text, span.start);
        let head = self.text.get(line.start..span.end)?;
        let table = if head.starts_with('[') { usize::MAX } else { self.table(line.start) };
        let first = *self.first.get(&(table, head)).filter(|first| **first < line.start)?;
        let key = first + (span.start - line.start);
        Some(key..key + span.len())
    }

    /// Whether the line stands in a table that is itself a repetition: that has been said once, at its header.
    fn in_repeated_table(&self, at: usize) -> bool {
        let (line, header) = (line_of(self.text, at), self.table(at));
        let head = self.text.get(header..).and_then(|t| t.get(..t.find(']')?));
        let first = head.and_then(|h| self.first.get(&(usize::MAX, h)));
        header != line.start && first.is_some_and(|first| *first < header)
    }
}

fn chinese_quotes(file: u16, span: Range<usize>) -> Diagnostic {
    let title = Text::new("这里用了中文引号或全角字符", "Chinese quotes or full-width characters");
    Diagnostic::new(Code::ChineseQuote, title)
        .at(Span::new(file, span), "TOML 只认半角符号", "TOML knows ASCII punctuation only")
        .help("改成半角的 \" = , [ ] 和空格", "write ASCII \" = , [ ] and blanks instead")
}

/// From the first to the last full-width character of a line, outside ASCII strings and comments.
fn full_width(text: &str, line: Range<usize>) -> Option<Range<usize>> {
    let mut found: Option<Range<usize>> = None;
    let mut quote = None;
    for (at, c) in text.get(line.clone())?.char_indices() {
        match (quote, c) {
            (Some(q), _) if q == c => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '#') => break,
            (None, _) if narrow(c).is_some() => {
                let end = line.start + at + c.len_utf8();
                found = Some(found.map_or(line.start + at, |f| f.start)..end);
            }
            (None, _) => {}
        }
    }
    found
}

fn line_of(text: &str, at: usize) -> Range<usize> {
    let at = at.min(text.len());
    let start = text.get(..at).and_then(|t| t.rfind('\n')).map_or(0, |n| n + 1);
    let end = text.get(at..).and_then(|t| t.find('\n')).map_or(text.len(), |n| at + n);
    start..end
}
