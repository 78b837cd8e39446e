//! By line: the number first dialled, each call once, wherever it was answered.

use super::calls::Calls;
use crate::fact::Service;
use crate::ledger::Cdr;
use crate::ledger::fold::HUB;

/// What is in no entry of the dialplan: wrong numbers, seats among each other; and lines beyond the bound.
pub(super) const OTHER: &str = "other";

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Line {
    /// The dialplan's entry.
    pub entry: Box<str>,
    /// Its title when it was called last.
    pub title: Box<str>,
    /// Its calls.
    pub calls: Calls,
    /// t0 of the call that had this title, µs.
    at: i64,
}

impl Line {
    /// Counts a call in.
    pub(super) fn add(&mut self, cdr: &Cdr) {
        self.calls.add(cdr);
        // One that failed before it was routed has no name to give.
        if let (Some(entry), Some(title)) = (&cdr.entry, &cdr.title)
            && number(cdr) != OTHER
        {
            self.name(entry, title, cdr.t0);
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.calls.merge(&other.calls);
        if !other.entry.is_empty() {
            self.name(&other.entry, &other.title, other.at);
        }
    }

    fn name(&mut self, entry: &str, title: &str, at: i64) {
        // One allocation where the name is new, not one a call.
        if (at, title) >= (self.at, &*self.title) {
            self.at = at;
            if *self.entry != *entry {
                self.entry = entry.into();
            }
            if *self.title != *title {
                self.title = title.into();
            }
        }
    }
}

/// The line of a call: its number, or the pattern of the entry that took it, so that nobody makes lines by dialling.
pub(super) fn number(cdr: &Cdr) -> &str {
    let counted = !matches!(cdr.service, None | Some(Service::Refused));
    let entry = cdr.entry.as_deref().filter(|_| counted).and_then(|entry| entry.split_once('.'));
    match entry {
        Some((kind, number)) if kind != "seat" => number,
        // Failed before it was routed: the hub's is known all the same.
        None if cdr.service.is_none() && cdr.dialled == HUB => HUB,
        _ => OTHER,
    }
}
