//! Lines that are wider than the terminal: folded where a reader would, or cut. Chinese characters take two cells.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// How far in the rest of a folded line stands: below what stands beside the line's name.
const INDENT: usize = 8;

/// The text, every line that is wider than `width` cells folded behind commas and semicolons; one without any stays as it is.
#[must_use]
pub fn folded(text: &str, width: usize) -> String {
    text.split('\n').map(|line| fold(line, width)).collect::<Vec<_>>().join("\n")
}

/// As much of the line as fits into `width` cells.
#[must_use]
pub fn cut(line: &str, width: usize) -> &str {
    let mut column = 0;
    let beyond = line.char_indices().find(|(_, c)| {
        column += c.width().unwrap_or(0);
        column > width
    });
    beyond.and_then(|(at, _)| line.get(..at)).unwrap_or(line)
}

fn fold(line: &str, width: usize) -> String {
    let (mut out, mut column) = (String::new(), 0);
    for part in parts(line) {
        if column > INDENT && column + part.trim_end().width() > width {
            out.truncate(out.trim_end().len());
            out.push('\n');
            out.push_str(&" ".repeat(INDENT));
            column = INDENT;
        }
        out.push_str(part);
        column += part.width();
    }
    out
}

/// The line in pieces that each end where it may be folded.
fn parts(line: &str) -> Vec<&str> {
    let mut before = ' ';
    let ends: Vec<usize> = line
        .char_indices()
        .filter(|(_, c)| {
            let may = matches!(c, '，' | '；') || (*c == ' ' && matches!(before, ',' | ';'));
            before = *c;
            may
        })
        .map(|(at, c)| at + c.len_utf8())
        .collect();
    let begins = std::iter::once(0).chain(ends.iter().copied());
    begins.zip(ends.iter().copied().chain([line.len()])).filter_map(|(from, to)| line.get(from..to)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_folded_behind_commas_and_nothing_is_lost() {
        let text = "sent    0 late, 12 again, 3 broken\n\nplain line without an end of any kind\n状态    晚发 0，未发 0，重发 0";
        let folded = folded(text, 20);
        assert_eq!(
            folded,
            "sent    0 late,\n        12 again,\n        3 broken\n\nplain line without an end of any kind\n\
             状态    晚发 0，\n        未发 0，\n        重发 0"
        );
        assert_eq!(super::folded(text, 200), text);
        assert!(
            (1..60).all(|width| super::folded(text, width).replace([' ', '\n'], "") == text.replace([' ', '\n'], ""))
        );
    }

    #[test]
    fn a_line_is_cut_before_the_character_that_does_not_fit() {
        assert_eq!(
            [0, 3, 4, 5, 6, 9].map(|width| cut("a接通b", width)),
            ["", "a接", "a接", "a接通", "a接通b", "a接通b"]
        );
    }
}
