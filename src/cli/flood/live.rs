//! The live view: on a terminal one that is drawn over, else a line each five seconds.

use super::super::fold::cut;
use super::super::screen::{self, Screen};
use super::text;
use crate::fact::Lang;
use crate::flood::run::View;
use std::fmt::Write as _;
use std::io::{IsTerminal, Write};
use unicode_width::UnicodeWidthStr;

/// Cells of the bar.
const BAR: usize = 40;

/// What is shown while a run goes on.
pub(super) struct Live {
    lang: Lang,
    way: Way,
}

enum Way {
    /// On a terminal: what stands there.
    Drawn(Drawing),
    /// A line each five seconds: when the next is due, s.
    Lines(f64),
    /// Nothing.
    Silent,
}

impl Live {
    pub(super) fn new(screen: &Screen) -> Self {
        let way = match () {
            () if screen.json => Way::Silent,
            () if std::io::stderr().is_terminal() => Way::Drawn(Drawing::default()),
            () => Way::Lines(0.0),
        };
        Self { lang: screen.lang, way }
    }

    pub(super) fn show(&mut self, view: &View<'_>) {
        match &mut self.way {
            Way::Drawn(drawing) => {
                let mut lines = vec![bar(view.seconds / view.length.max(0.001))];
                lines.extend(text::live(view, self.lang));
                put(&drawing.over(&lines, screen::size(std::io::stderr())));
            }
            Way::Lines(next) if view.seconds >= *next => {
                *next += 5.0;
                put(&format!("{}\n", text::live_line(view, self.lang)));
            }
            Way::Lines(_) | Way::Silent => {}
        }
    }

    /// Nothing of it is left on the terminal.
    pub(super) fn end(&mut self) {
        if let Way::Drawn(drawing) = &mut self.way {
            put(&drawing.over(&[], screen::size(std::io::stderr())));
        }
    }
}

/// In one piece, so that no half of it is ever seen. A terminal that is gone is no error.
fn put(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// In ASCII: block characters are two cells wide on some Chinese terminals.
fn bar(done: f64) -> String {
    let done = done.clamp(0.0, 1.0);
    let full = (done * BAR as f64) as usize;
    format!("[{}{}] {:.0}%", "=".repeat(full), " ".repeat(BAR - full), done * 100.0)
}

/// Lines on a terminal that are drawn over. The cursor waits below them, where the ^C of a Ctrl-C harms nothing.
#[derive(Default)]
struct Drawing {
    /// How wide each line is that stands there.
    widths: Vec<usize>,
}

impl Drawing {
    /// What puts these lines in the place of those that stand there, on a terminal of so many columns and rows.
    fn over(&mut self, lines: &[String], (columns, rows): (usize, usize)) -> String {
        // A terminal that has become narrower has folded what stands there.
        let stand: usize = self.widths.iter().map(|width| width.div_ceil(columns).max(1)).sum();
        let mut out = String::from("\r");
        if stand > 0 {
            // Writing into a `String` cannot fail.
            let _ = write!(out, "\x1b[{}A", stand.min(rows.saturating_sub(1)));
        }
        self.widths.clear();
        for line in lines.iter().take(rows.saturating_sub(1)) {
            let line = cut(line, columns);
            self.widths.push(line.width());
            // Written over and then cleared to its end, not the other way round: it would flicker.
            let clear = if line.width() < columns { "\x1b[K" } else { "" };
            let _ = writeln!(out, "{line}{clear}");
        }
        out.push_str("\x1b[J");
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flood::sound;
    use crate::flood::tally::Tally;
    use unicode_width::UnicodeWidthChar;

    /// A terminal that knows what the view says to it, and folds what is too wide.
    struct Terminal {
        columns: usize,
        cells: Vec<Vec<char>>,
        row: usize,
    }

    impl Terminal {
        fn new(columns: usize) -> Self {
            Self { columns, cells: vec![Vec::new()], row: 0 }
        }

        fn line_below(&mut self) {
            self.row += 1;
            if self.row == self.cells.len() {
                self.cells.push(Vec::new());
            }
        }

        fn show(&mut self, text: &str) {
            let mut column = 0;
            let mut chars = text.chars();
            while let Some(c) = chars.next() {
                match c {
                    '\r' => column = 0,
                    '\n' => {
                        column = 0;
                        self.line_below();
                    }
                    '\x1b' => {
                        let mut number = String::new();
                        let letter = chars.by_ref().find(|c| {
                            number.extend(c.is_ascii_digit().then_some(*c));
                            c.is_ascii_alphabetic()
                        });
                        match letter {
                            Some('A') => self.row -= number.parse::<usize>().unwrap(),
                            Some('K') => self.cells[self.row].truncate(column),
                            Some('J') => {
                                self.cells[self.row].truncate(column);
                                self.cells.truncate(self.row + 1);
                            }
                            other => panic!("{other:?}"),
                        }
                    }
                    c => {
                        let width = c.width().unwrap();
                        if column + width > self.columns {
                            column = 0;
                            self.line_below();
                        }
                        let cells = &mut self.cells[self.row];
                        cells.resize(cells.len().max(column + width), ' ');
                        cells[column] = c;
                        (column + 1..column + width).for_each(|rest| cells[rest] = '\0');
                        column += width;
                    }
                }
            }
        }

        fn rows(&self) -> Vec<String> {
            let row = |cells: &Vec<char>| cells.iter().filter(|c| **c != '\0').collect::<String>();
            self.cells.iter().map(row).collect()
        }
    }

    fn lines(lang: Lang, seconds: f64, server: Option<(f64, f64)>) -> Vec<String> {
        let mut tally = Tally::default();
        (tally.calls, tally.answered, tally.failed, tally.late_starts) = (123_456, 98_765, 4_321, 77);
        let sound = sound::Live::default();
        sound.packets.store(123_456_789, std::sync::atomic::Ordering::Relaxed);
        let view = View { seconds, length: 3_600.0, tally: &tally, live: 2_000, sound: &sound, server };
        let mut lines = vec![bar(seconds / 3_600.0)];
        lines.extend(text::live(&view, lang));
        lines
    }

    #[test]
    fn what_is_drawn_over_is_what_stands_there_whatever_stood_there_before() {
        for (columns, lang) in [(120, Lang::Zh), (80, Lang::Zh), (80, Lang::En), (37, Lang::Zh), (20, Lang::En)] {
            let mut terminal = Terminal::new(columns);
            let mut drawing = Drawing::default();
            terminal.show("above\n");
            let frames = [
                (0.0, None),
                (1_800.0, Some((0.5, 41.0))),
                (3_599.0, Some((12.0, 1_234.0))),
                (9_000.0, None),
                (9_001.0, None),
            ];
            for (seconds, server) in frames {
                let lines = lines(lang, seconds, server);
                terminal.show(&drawing.over(&lines, (columns, 24)));
                let mut wanted: Vec<&str> = lines.iter().map(|line| cut(line, columns)).collect();
                assert!(columns < 80 || wanted == lines, "it fits a terminal of 80: {lines:#?}");
                wanted.insert(0, "above");
                wanted.push("");
                assert_eq!(
                    (terminal.rows(), terminal.row),
                    (wanted.iter().map(|w| (*w).to_owned()).collect(), wanted.len() - 1)
                );
                // Ctrl-C is echoed where the cursor is.
                terminal.show("^C");
            }
            terminal.show(&drawing.over(&[], (columns, 24)));
            assert_eq!(terminal.rows(), ["above", ""]);
        }
    }

    #[test]
    fn the_same_thing_stands_in_the_same_column_in_every_row() {
        for lang in [Lang::Zh, Lang::En] {
            let lines = lines(lang, 1_800.0, Some((0.5, 41.0)));
            for line in lines.iter().skip(1) {
                // A cell begins where blanks end, and where the columns are.
                let begins = |at: usize| line.get(at..).and_then(|rest| rest.chars().next()).is_some_and(|c| c != ' ');
                let places = line.match_indices("  ").filter(|(at, _)| begins(at + 2));
                for (at, _) in places {
                    let column = line[..at + 2].width();
                    assert!(column == 8 || (column - 8).is_multiple_of(16), "{column}: {line}");
                }
            }
        }
    }

    #[test]
    fn a_low_terminal_has_as_many_lines_as_fit() {
        let mut drawing = Drawing::default();
        let lines = lines(Lang::En, 1.0, None);
        assert_eq!(drawing.over(&lines, (80, 4)).matches('\n').count(), 3);
        assert!(drawing.over(&lines, (80, 4)).starts_with("\r\x1b[3A"));
    }

    #[test]
    fn a_terminal_that_has_become_narrower_has_folded_what_stands_there() {
        let mut drawing = Drawing::default();
        let widths: Vec<String> = vec!["a".repeat(50), "接".repeat(30), String::new()];
        drawing.over(&widths, (80, 24));
        assert!(drawing.over(&widths, (40, 24)).starts_with("\r\x1b[5A"));
    }
}
