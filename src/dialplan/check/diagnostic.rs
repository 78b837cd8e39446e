//! One mistake: its code, where it is, the reason and the fix, in two languages.

use crate::dialplan::Source;
use serde::Serialize;
use std::ops::Range;

/// The language of users' text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lang {
    /// Chinese, the default.
    #[default]
    Zh,
    /// English.
    En,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The plan is not loaded.
    Error,
    /// The plan is loaded; an operator should know.
    Warning,
}

/// The same sentence in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Text {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

impl Text {
    /// Both at once.
    #[must_use]
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { zh: zh.into(), en: en.into() }
    }

    /// In one language.
    #[must_use]
    pub fn in_lang(&self, lang: Lang) -> &str {
        match lang {
            Lang::Zh => &self.zh,
            Lang::En => &self.en,
        }
    }
}

/// Bytes of one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
pub struct Span {
    /// Index of the source.
    pub file: u16,
    /// First byte.
    pub start: u32,
    /// Byte after the last.
    pub end: u32,
}

impl Span {
    /// A span of bytes in a source.
    #[must_use]
    pub fn new(file: u16, range: Range<usize>) -> Self {
        let small = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self { file, start: small(range.start), end: small(range.end) }
    }

    /// As a range.
    #[must_use]
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// Something marked in a source, with what is said about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What is said there.
    pub text: Text,
}

/// One mistake of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// Stable code, e.g. `DP010`.
    pub code: super::Code,
    /// How bad.
    pub severity: Severity,
    /// The mistake in one sentence.
    pub title: Text,
    /// The place at fault; `None` when something is missing altogether.
    pub primary: Option<Label>,
    /// Other places that matter: the first definition, each hop of a loop.
    pub others: Vec<Label>,
    /// Reasons, with the clause of the city's plan where there is one.
    pub notes: Vec<Text>,
    /// What to do about it.
    pub help: Option<Text>,
}

/// A mistake as `--json` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Told<'d> {
    code: super::Code,
    severity: Severity,
    file: &'d str,
    line: usize,
    column: usize,
    zh: &'d str,
    en: &'d str,
    help: Option<&'d Text>,
}

/// Each with its place, file `""` and line 0 when it has none.
#[must_use]
pub fn told<'d>(mistakes: &'d [Diagnostic], sources: &'d [Source]) -> Vec<Told<'d>> {
    let places = super::Places::of(sources);
    let one = |d: &'d Diagnostic| {
        let region = d.primary.as_ref().and_then(|l| places.region(l.span));
        let (file, (line, column)) = region.map_or(("", (0, 0)), |(file, region)| (file, region.start));
        let (code, severity, help) = (d.code, d.severity, d.help.as_ref());
        Told { code, severity, file, line, column, zh: &d.title.zh, en: &d.title.en, help }
    };
    mistakes.iter().map(one).collect()
}

impl Diagnostic {
    pub(in crate::dialplan) fn new(code: super::Code, title: Text) -> Self {
        Self {
            code,
            severity: code.severity(),
            title,
            primary: None,
            others: Vec::new(),
            notes: Vec::new(),
            help: None,
        }
    }

    pub(in crate::dialplan) fn at(mut self, span: Span, zh: impl Into<String>, en: impl Into<String>) -> Self {
        self.primary = Some(Label { span, text: Text::new(zh, en) });
        self
    }

    pub(in crate::dialplan) fn also(mut self, span: Span, zh: impl Into<String>, en: impl Into<String>) -> Self {
        self.others.push(Label { span, text: Text::new(zh, en) });
        self
    }

    pub(in crate::dialplan) fn note(mut self, zh: impl Into<String>, en: impl Into<String>) -> Self {
        self.notes.push(Text::new(zh, en));
        self
    }

    pub(in crate::dialplan) fn help(mut self, zh: impl Into<String>, en: impl Into<String>) -> Self {
        self.help = Some(Text::new(zh, en));
        self
    }
}
