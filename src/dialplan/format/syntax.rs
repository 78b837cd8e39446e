//! What the TOML parser complains about, said in the words of the plan's own mistakes.

use super::Text;
use crate::dialplan::check::{Code, Diagnostic, Span};
use std::collections::BTreeSet;
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
pub(super) fn report(file: u16, text: &str, errors: &[Error], mistakes: &mut Vec<Diagnostic>) -> Vec<Range<usize>> {
    let mut quoted_lines = BTreeSet::new();
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
        if error.message() == "duplicate key" && in_repeated_table(text, span.start) {
            continue;
        }
        mistakes.push(plain(file, text, span, error.message()));
    }
    covered
}

fn plain(file: u16, text: &str, span: Range<usize>, message: &str) -> Diagnostic {
    let at = Span::new(file, span.clone());
    let shown = text.get(span.clone()).unwrap_or_default();
    if message.starts_with("invalid date") || message.starts_with("invalid time") {
        let title = Text::new(format!("日期或时间 {shown} 不存在"), format!("{shown} is no date or time that exists"));
        return Diagnostic::new(Code::ImpossibleDate, title).at(at, range_zh(message), message);
    }
    if message == "duplicate key" {
        let title = Text::new(format!("`{shown}` 重复定义"), format!("`{shown}` is defined twice"));
        let mistake = Diagnostic::new(Code::DefinedTwice, title).at(at, "第二次", "second time");
        return match first_time(text, &span) {
            Some(first) => mistake.also(Span::new(file, first), "第一次", "first time"),
            None => mistake,
        };
    }
    let title = Text::new(format!("TOML 语法错误：{message}"), format!("TOML syntax error: {message}"));
    Diagnostic::new(Code::Syntax, title)
        .at(at, "这里", "here")
        .help("检查引号和方括号是否成对", "see that quotes and brackets come in pairs")
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

/// Where the key of a repeated line stood first: the same line, as far as the end of the key, above it and in its table.
fn first_time(text: &str, span: &Range<usize>) -> Option<Range<usize>> {
    let line = line_of(text, span.start);
    let head = text.get(line.start..span.end)?;
    let from = if head.starts_with('[') { 0 } else { header_before(text, line.start).map_or(0, |h| h.start) };
    let first = find_line(text, head, from..line.start)?;
    let key = first + (span.start - line.start);
    Some(key..key + span.len())
}

/// Whether the line stands in a table that is itself a repetition: that has been said once, at its header.
fn in_repeated_table(text: &str, at: usize) -> bool {
    let line = line_of(text, at);
    let is_header = text.get(line.clone()).is_some_and(|l| l.starts_with('['));
    let header = header_before(text, line.start).and_then(|h| Some((h.start, text.get(h)?.trim_end())));
    header.is_some_and(|(start, header)| !is_header && find_line(text, header, 0..start).is_some())
}

/// The last `[table]` line before a place.
fn header_before(text: &str, at: usize) -> Option<Range<usize>> {
    let before = text.get(..at)?;
    let start = if before.starts_with('[') { 0 } else { usize::MAX };
    let start = before.rfind("\n[").map_or(start, |n| n + 1);
    (start < at).then(|| line_of(text, start))
}

/// The start of the first line within a range that begins with `head` and goes on as another token.
fn find_line(text: &str, head: &str, range: Range<usize>) -> Option<usize> {
    let mut start = range.start;
    for line in text.get(range)?.split_inclusive('\n') {
        let rest = line.strip_prefix(head);
        if rest.is_some_and(|r| head.ends_with(']') || r.starts_with([']', ' ', '=', '.', '"'])) {
            return Some(start);
        }
        start += line.len();
    }
    None
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
