//! Cells and columns, aligned by the width that Chinese characters take.

use std::fmt::Write;
use unicode_width::UnicodeWidthStr;

/// Widest column of a table, cells; but for the last, which nothing follows.
const MAX_COLUMN: usize = 28;

/// Rows, one a line; the columns in `right` are figures and end flush.
pub(super) fn align<const N: usize>(rows: &[[String; N]], right: &[usize]) -> String {
    let mut widths = [0; N];
    for row in rows {
        for (i, (width, cell)) in widths.iter_mut().zip(row).enumerate() {
            let most = if i + 1 == N { usize::MAX } else { MAX_COLUMN };
            *width = cell.width().min(most).max(*width);
        }
    }
    let mut out = String::new();
    for row in rows {
        let mut line = String::new();
        for (i, (cell, width)) in row.iter().zip(widths).enumerate() {
            let cell = fit(cell, width);
            let gap = blank(width.saturating_sub(cell.width()));
            let _ = if right.contains(&i) { write!(line, "{gap}{cell}  ") } else { write!(line, "{cell}{gap}  ") };
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// The text, cut with `…` when it is wider than its column.
fn fit(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    for c in text.chars() {
        if out.width() + c.to_string().width() + 1 > width {
            break;
        }
        out.push(c);
    }
    out.push('…');
    out
}

pub(super) fn blank(cells: usize) -> String {
    " ".repeat(cells)
}

/// What came from the wire, with nothing in it that a terminal would obey.
pub(super) fn clean(text: &str) -> String {
    let harmless = |c: char| {
        !c.is_control() && !matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if harmless(c) { c } else { '\u{fffd}' }).collect()
}

/// `-` for nothing.
pub(super) fn shown(text: &str) -> &str {
    if text.is_empty() { "-" } else { text }
}

/// With one decimal, `-` for none.
pub(super) fn seconds(ms: Option<u64>) -> String {
    ms.map_or_else(|| "-".to_owned(), |ms| format!("{}.{}", ms / 1_000, ms / 100 % 10))
}
