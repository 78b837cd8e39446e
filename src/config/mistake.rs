//! One mistake in a configuration file: where, how bad, and one sentence in two languages that says what to do.

use serde_json::{Value, json};
use std::fmt;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The configuration is not used.
    Error,
    /// It is used, but somebody should look at it.
    Warning,
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Where.
    pub spot: Spot,
    /// How bad.
    pub severity: Severity,
    /// The sentence in Chinese.
    pub zh: String,
    /// The sentence in English.
    pub en: String,
}

impl Mistake {
    /// As `--json` shows it.
    #[must_use]
    pub fn document(&self) -> Value {
        let Spot { file, line, column } = &self.spot;
        let severity = if self.severity == Severity::Error { "error" } else { "warning" };
        json!({ "file": file, "line": line, "column": column, "severity": severity, "zh": self.zh, "en": self.en })
    }
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Spot {
    /// The file's path as it was given.
    pub file: String,
    /// The line, from 1; 0 is the file as a whole.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
}

impl Spot {
    /// A file as a whole.
    #[must_use]
    pub fn file(file: &str) -> Self {
        Self { file: file.to_owned(), line: 0, column: 0 }
    }

    /// The place of a byte in a file's text.
    #[must_use]
    pub fn at(file: &str, text: &str, byte: usize) -> Self {
        let before = text.get(..byte).unwrap_or(text);
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        Self {
            file: file.to_owned(),
            line: before.bytes().filter(|b| *b == b'\n').count() + 1,
            column: before.get(start..).unwrap_or_default().chars().count() + 1,
        }
    }
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.file),
            line => write!(f, "{}:{line}:{}", self.file, self.column),
        }
    }
}

/// `file:line:column: error: …` in English, or with `{:#}` in Chinese.
impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match (self.severity, f.alternate()) {
            (Severity::Error, false) => "error: ",
            (Severity::Warning, false) => "warning: ",
            (Severity::Error, true) => "错误：",
            (Severity::Warning, true) => "警告：",
        };
        write!(f, "{}: {word}{}", self.spot, if f.alternate() { &self.zh } else { &self.en })
    }
}

impl std::error::Error for Mistake {}
