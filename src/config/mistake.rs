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

/// So many errors, and so many warnings, are kept; all are counted.
const MOST: usize = 1_000;

/// The mistakes found so far: a generated file may repeat one a million times.
#[derive(Debug, Default)]
pub(super) struct Mistakes {
    errors: Kept,
    warnings: Kept,
}

#[derive(Debug, Default)]
struct Kept {
    first: Vec<Mistake>,
    more: usize,
}

impl Mistakes {
    /// Adds one. What is said of it is put together only if it is kept.
    pub(super) fn add(&mut self, severity: Severity, mistake: impl FnOnce() -> Mistake) {
        let kept = match severity {
            Severity::Error => &mut self.errors,
            Severity::Warning => &mut self.warnings,
        };
        if kept.first.len() < MOST {
            kept.first.push(mistake());
        } else {
            kept.more += 1;
        }
    }

    /// In the order of the text, and at the end how many more there are.
    pub(super) fn in_order(mut self, file: &str) -> Vec<Mistake> {
        // What stands in one place keeps the order in which it was found: errors come first.
        let mut all = std::mem::take(&mut self.errors.first);
        all.append(&mut self.warnings.first);
        all.sort_by(|a, b| a.spot.cmp(&b.spot));
        self.and_more(all, file)
    }

    /// Errors, then warnings, each in the order in which they were found, and how many more there are.
    pub(super) fn unsorted(mut self, file: &str) -> Vec<Mistake> {
        let mut all = std::mem::take(&mut self.errors.first);
        all.append(&mut self.warnings.first);
        self.and_more(all, file)
    }

    fn and_more(&self, mut all: Vec<Mistake>, file: &str) -> Vec<Mistake> {
        let more = |severity, count: usize, zh: &str, en: &str| {
            let (zh, en) = (format!("……另有 {count} 处{zh}"), format!("... and {count} more {en}"));
            (count > 0).then(|| Mistake { spot: Spot::file(file), severity, zh, en })
        };
        all.extend(more(Severity::Error, self.errors.more, "错误", "errors"));
        all.extend(more(Severity::Warning, self.warnings.more, "警告", "warnings"));
        all
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
