//! Names: each group, trunk and calendar is defined once.

use super::{Code, Diagnostic, Mistakes, Span, Text};
use crate::dialplan::format::{At, CalendarWritten, GroupWritten, TrunkWritten, Written};
use std::collections::BTreeMap;

/// Everything that can be named, by name.
pub(in crate::dialplan) struct Names<'w> {
    pub(in crate::dialplan) groups: BTreeMap<&'w str, &'w GroupWritten>,
    pub(in crate::dialplan) trunks: BTreeMap<&'w str, &'w TrunkWritten>,
    pub(in crate::dialplan) calendars: BTreeMap<&'w str, &'w CalendarWritten>,
}

impl<'w> Names<'w> {
    /// Collects the names; a name defined twice is reported with both places.
    pub(super) fn collect(written: &'w Written, mistakes: &mut Mistakes) -> Self {
        for table in [
            written.cities.iter().map(|c| c.at).collect::<Vec<_>>(),
            written.emergencies.iter().map(|e| e.at).collect(),
        ] {
            if let [first, again @ ..] = &*table {
                again.iter().for_each(|span| mistakes.push(twice("这张表", "this table", *first, *span)));
            }
        }
        Self {
            groups: unique(written.groups.iter().map(|g| (&g.name, g)), "group", mistakes),
            trunks: unique(written.trunks.iter().map(|t| (&t.name, t)), "trunk", mistakes),
            calendars: unique(written.calendars.iter().map(|c| (&c.name, c)), "calendar", mistakes),
        }
    }
}

fn unique<'w, T>(
    items: impl Iterator<Item = (&'w At<String>, &'w T)>,
    kind: &str,
    mistakes: &mut Mistakes,
) -> BTreeMap<&'w str, &'w T> {
    let mut first: BTreeMap<&str, Span> = BTreeMap::new();
    let mut found = BTreeMap::new();
    for (name, item) in items {
        if let Some(span) = first.get(name.value.as_str()) {
            let shown = format!("`{kind}.{}`", name.value);
            mistakes.push(twice(&shown, &shown, *span, name.span));
        } else {
            first.insert(&name.value, name.span);
            found.insert(name.value.as_str(), item);
        }
    }
    found
}

/// One thing in two places.
pub(super) fn twice(zh: &str, en: &str, first: Span, again: Span) -> Diagnostic {
    let title = Text::new(format!("{zh}重复定义"), format!("{en} is defined twice"));
    Diagnostic::new(Code::DefinedTwice, title)
        .at(again, "第二次", "second time")
        .also(first, "第一次", "first time")
        .help("删去其中一处，或合并成一处", "delete one of the two, or merge them")
}
