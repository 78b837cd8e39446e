//! Where a command prints, and how.

use super::exit::{self, Done};
use super::fold::folded;
use crate::fact::Lang;
use serde_json::Value;
use std::io::{IsTerminal, Write};
use std::os::fd::AsFd;

/// Where a command prints while it runs, and how.
#[derive(Debug, Clone, Copy)]
pub struct Screen {
    /// Of the text.
    pub lang: Lang,
    /// One document instead of text.
    pub json: bool,
    /// Colours on standard output.
    pub color: bool,
}

impl Screen {
    /// Prints at once: the text, or with `--json` the document.
    pub fn say(&self, text: &str, document: impl FnOnce() -> Value) {
        if self.json {
            let done = Done::well("", document());
            print(&format!("{}\n", exit::document(&Ok(done))));
        } else {
            print(text);
        }
    }

    /// The text as it fits on standard output: folded where that is a terminal, else as it is.
    pub fn fitted(&self, text: &str) -> String {
        let out = std::io::stdout();
        if self.json || !out.is_terminal() { text.to_owned() } else { folded(text, size(out).0) }
    }

    /// Prints a line of progress: not at all with `--json`.
    pub fn line(&self, text: &str) {
        if !self.json {
            print(&format!("{text}\n"));
        }
    }
}

/// Prints; a reader that has gone (`| head`) is no error.
pub fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Columns and rows of this terminal; 80 × 24 where it does not say.
pub fn size(terminal: impl AsFd) -> (usize, usize) {
    let said = rustix::termios::tcgetwinsize(terminal).ok().filter(|size| size.ws_col > 0 && size.ws_row > 0);
    said.map_or((80, 24), |size| (size.ws_col.into(), size.ws_row.into()))
}

/// Unless `NO_COLOR` says no.
pub fn color_wanted() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
}

/// Colours on standard error.
pub fn color_on_stderr() -> bool {
    color_wanted() && std::io::stderr().is_terminal()
}
