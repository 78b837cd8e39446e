//! Where a command prints, and how.

use super::exit::{self, Done};
use crate::fact::Lang;
use serde_json::Value;
use std::io::{IsTerminal, Write};

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

/// Unless `NO_COLOR` says no.
pub fn color_wanted() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
}

/// Colours on standard error.
pub fn color_on_stderr() -> bool {
    color_wanted() && std::io::stderr().is_terminal()
}
