//! One mistake: its code, where it is, the reason and the fix, in two languages.

use super::code::{Code, Severity};
use super::span::Span;
use crate::fact::Lang;
use serde::Serialize;

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
        lang.of(&self.zh, &self.en)
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
    pub code: Code,
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
    /// So many more of this kind were found and not kept; of each kind it is the last that says so.
    pub more: usize,
}

impl Diagnostic {
    /// So many of one kind are kept; all are counted.
    pub const MOST: usize = 1_000;

    /// How many of them there are, errors or warnings, with those that were not kept.
    #[must_use]
    pub fn count(mistakes: &[Self], severity: Severity) -> usize {
        mistakes.iter().filter(|m| m.severity == severity).map(|m| 1 + m.more).sum()
    }

    /// That there are more of this kind; `None` when there are not.
    pub(super) fn and_more(&self) -> Option<Text> {
        let more = self.more;
        (more > 0).then(|| {
            let code = self.code;
            Text::new(
                format!("……另有 {more} 处同类问题（{code}）"),
                format!("... and {more} more of this kind ({code})"),
            )
        })
    }

    /// Where the place at fault is, if it has one.
    pub(super) fn span(&self) -> Option<Span> {
        self.primary.as_ref().map(|label| label.span)
    }

    pub(in crate::dialplan) fn new(code: Code, title: Text) -> Self {
        Self {
            code,
            severity: code.severity(),
            title,
            primary: None,
            others: Vec::new(),
            notes: Vec::new(),
            help: None,
            more: 0,
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
