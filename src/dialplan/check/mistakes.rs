//! The mistakes found so far: all are counted, the first of each kind are kept.

use super::code::{Code, Severity};
use super::diagnostic::Diagnostic;
use std::collections::BTreeMap;

/// A generated plan may repeat one mistake a million times, at 2 kB each: of every code the first
/// [`Diagnostic::MOST`] in the order of the files are kept, whatever the order in which they are found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::dialplan) struct Mistakes {
    kinds: BTreeMap<Code, Kind>,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Kind {
    /// At most twice as many as are kept in the end.
    kept: Vec<Diagnostic>,
    found: usize,
}

impl Mistakes {
    pub(in crate::dialplan) fn push(&mut self, mistake: Diagnostic) {
        let kind = self.kinds.entry(mistake.code).or_default();
        kind.kept.push(mistake);
        kind.found += 1;
        if kind.kept.len() >= 2 * Diagnostic::MOST {
            kind.trim();
        }
    }

    /// Takes over what another reader found.
    pub(in crate::dialplan) fn absorb(&mut self, other: Self) {
        for (code, mut theirs) in other.kinds {
            let ours = self.kinds.entry(code).or_default();
            ours.kept.append(&mut theirs.kept);
            ours.found += theirs.found;
            ours.trim();
        }
    }

    /// Whether there is a mistake of one of these kinds.
    pub(in crate::dialplan) fn has(&self, codes: &[Code]) -> bool {
        codes.iter().any(|code| self.kinds.contains_key(code))
    }

    /// Whether the plan can be loaded all the same.
    pub(in crate::dialplan) fn are_warnings(&self) -> bool {
        self.kinds.keys().all(|code| code.severity() == Severity::Warning)
    }

    /// In the order of the files; what has no place comes first.
    pub(in crate::dialplan) fn in_order(self) -> Vec<Diagnostic> {
        let mut all = Vec::new();
        for mut kind in self.kinds.into_values() {
            kind.trim();
            let more = kind.found - kind.kept.len();
            if let Some(last) = kind.kept.last_mut() {
                last.more = more;
            }
            all.append(&mut kind.kept);
        }
        all.sort_by_key(|mistake| (mistake.span(), mistake.code));
        all
    }
}

impl Kind {
    fn trim(&mut self) {
        self.kept.sort_by_key(Diagnostic::span);
        self.kept.truncate(Diagnostic::MOST);
    }
}
