//! Columns on a terminal, aligned by the width that Chinese characters take.

use unicode_width::UnicodeWidthStr;

/// The cell with as many blanks as it lacks to this width, one at least.
#[must_use]
pub fn padded(cell: &str, width: usize) -> String {
    format!("{cell}{}", " ".repeat(width.saturating_sub(cell.width()).max(1)))
}

/// One line a row; the first is the heading. Columns are two blanks apart.
#[must_use]
pub fn aligned<const N: usize>(rows: &[[String; N]]) -> String {
    let mut widths = [0; N];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.width().max(*width);
        }
    }
    let mut out = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            line.push_str(&padded(cell, width + 2));
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn chinese_takes_two_cells() {
        let rows = [["号码".to_owned(), "名称".to_owned()], ["12345".to_owned(), "总台".to_owned()]];
        assert_eq!(super::aligned(&rows), "号码   名称\n12345  总台\n");
    }
}
