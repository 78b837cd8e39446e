//! Diagnostics as `--json` shows them.

use super::code::{Code, Severity};
use super::diagnostic::{Diagnostic, Text};
use super::place::Places;
use crate::dialplan::source::Source;
use serde::Serialize;

/// A mistake as `--json` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Told<'d> {
    code: Code,
    severity: Severity,
    file: &'d str,
    line: usize,
    column: usize,
    zh: &'d str,
    en: &'d str,
    help: Option<&'d Text>,
    /// So many more of this kind were found; of each kind it is the last that says so.
    #[serde(skip_serializing_if = "is_none")]
    more: usize,
}

/// Each with its place, file `""` and line 0 when it has none.
#[must_use]
pub fn told<'d>(mistakes: &'d [Diagnostic], sources: &'d [Source]) -> Vec<Told<'d>> {
    let places = Places::of(sources);
    let one = |d: &'d Diagnostic| {
        let region = d.primary.as_ref().and_then(|l| places.region(l.span));
        let (file, (line, column)) = region.map_or(("", (0, 0)), |(file, region)| (file, region.start));
        let (code, severity, help, more) = (d.code, d.severity, d.help.as_ref(), d.more);
        Told { code, severity, file, line, column, zh: &d.title.zh, en: &d.title.en, help, more }
    };
    mistakes.iter().map(one).collect()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_none(more: &usize) -> bool {
    *more == 0
}
