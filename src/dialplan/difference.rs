//! What differs between two plans in what they decide, not in how they are written.
//!
//! Numbers are compared region by region: an exact number, or the numbers that a pair of patterns of the two plans decides. A
//! difference names the region, a number in it, and from which moment what is decided otherwise. Nothing here knows which of the
//! plans is in force, nor what an operator will do about it.

mod change;
mod named;
mod region;

pub use change::{KeyChange, SettingChange};

use super::entry::{Access, Entry};
use super::explain::decide;
use super::number::{Dialled, Spelling};
use super::{Decision, Emergency, Plan};
use change::{changed, route};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Everything that a call could meet otherwise under the second plan.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Difference {
    /// Numbers, in their order.
    pub numbers: Vec<NumberChange>,
    /// Groups, trunks and the city: `group.main`, with each key that differs.
    pub settings: Vec<SettingChange>,
    /// So many patterns overlap that only each of them for itself was compared.
    pub coarse: bool,
}

/// A number, or a region of numbers, that is decided otherwise or described otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumberChange {
    /// Digits, or a pattern that holds all numbers of the region.
    pub number: String,
    /// One number of the region.
    pub example: String,
    /// The address of its entry under each plan.
    pub entry: (Option<String>, Option<String>),
    /// What it is called, under the second plan if it is there.
    pub title: String,
    /// What is decided otherwise, and when; empty when only the description differs.
    pub periods: Vec<PeriodChange>,
    /// Title, owner, class and the like.
    pub keys: Vec<KeyChange>,
}

/// From a moment on, until the next period, something else is decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeriodChange {
    /// µs since the epoch; `None`: from now on.
    pub from: Option<i64>,
    /// Until this moment, excluded; `None`: without end.
    pub until: Option<i64>,
    /// What the first plan decides, [`words`].
    pub old: String,
    /// What the second one decides.
    pub new: String,
}

impl Difference {
    /// What a call at `wall` (µs since the epoch) or later could meet otherwise under `new` than under `old`.
    #[must_use]
    pub fn between(old: &Plan, new: &Plan, wall: i64) -> Self {
        let (regions, coarse) = region::all(old, new);
        let mut numbers: Vec<NumberChange> = Emergency::ALL
            .into_iter()
            .filter_map(|e| {
                let dialled = Dialled { digits: e.digits(), spelling: Spelling::Local, emergency: Some(e) };
                compare(old, new, &e.digits().to_string(), dialled, wall)
            })
            .collect();
        numbers.extend(regions.into_iter().filter_map(|region| {
            let dialled = Dialled { digits: region.example, spelling: Spelling::Local, emergency: None };
            compare(old, new, &region.number, dialled, wall)
        }));
        Self { numbers, settings: named::compare(old, new), coarse }
    }

    /// Whether no call could meet anything else.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty() && self.settings.is_empty()
    }
}

/// A decision in the words of TOML, with everything that a call could notice: `prompt:transition/12333 > group:main (社保)`.
#[must_use]
pub fn words(decision: Decision<'_>) -> String {
    match decision {
        Decision::Refused(refusal) => format!("release:{}/{}", refusal.status, refusal.q850),
        Decision::Routed(routed) => {
            let seats = if routed.entry.access == Access::Seats { " [access = seats]" } else { "" };
            format!("{}{seats}", route(routed.route))
        }
    }
}

fn entry_of(plan: &Plan, dialled: Dialled) -> Option<&Arc<Entry>> {
    match dialled.emergency {
        Some(emergency) => plan.emergency.get(emergency.index()),
        None => plan.entries.get(plan.table.get(dialled.digits)? as usize),
    }
}

fn compare(old: &Plan, new: &Plan, number: &str, dialled: Dialled, wall: i64) -> Option<NumberChange> {
    let (before, after) = (entry_of(old, dialled), entry_of(new, dialled));
    let (a, b) = (before.map(Arc::as_ref), after.map(Arc::as_ref));
    let alike = a.zip(b).is_some_and(|(a, b)| a.life.decides_as(&b.life) && a.access == b.access);
    let periods = if alike { Vec::new() } else { periods(old, new, dialled, wall) };
    let keys = described(a, b);
    if periods.is_empty() && keys.is_empty() {
        return None;
    }
    Some(NumberChange {
        number: number.to_owned(),
        example: dialled.digits.to_string(),
        entry: (a.map(|e| e.address.to_string()), b.map(|e| e.address.to_string())),
        title: b.or(a).map_or_else(String::new, |e| e.title.to_string()),
        periods,
        keys,
    })
}

/// The moments at which either plan's decision may change, from `wall` on, and between which they differ.
fn periods(old: &Plan, new: &Plan, dialled: Dialled, wall: i64) -> Vec<PeriodChange> {
    let bounds = |plan| {
        let window = entry_of(plan, dialled).and_then(|e| e.life.window());
        window.map(|w| w.bounds()).into_iter().flat_map(|(from, end)| [from, end])
    };
    let later: BTreeSet<i64> = bounds(old).chain(bounds(new)).filter(|t| *t > wall).collect();
    let starts = std::iter::once(wall).chain(later.iter().copied());
    let ends = later.iter().copied().map(Some).chain([None]);
    let mut found: Vec<PeriodChange> = Vec::new();
    for (start, until) in starts.zip(ends) {
        let at = |plan| words(decide(plan, dialled, start, &mut ()));
        let (before, after) = (at(old), at(new));
        if before == after {
            continue;
        }
        let from = (start != wall).then_some(start);
        match found.last_mut() {
            Some(last) if last.until == from && last.old == before && last.new == after => last.until = until,
            _ => found.push(PeriodChange { from, until, old: before, new: after }),
        }
    }
    found
}

/// What is said of a number beside where it leads. A number that is new or gone is told by its decisions.
fn described(old: Option<&Entry>, new: Option<&Entry>) -> Vec<KeyChange> {
    let (Some(old), Some(new)) = (old, new) else { return Vec::new() };
    let flag = |b: bool| b.to_string();
    let seats = |e: &Entry| if e.kept { "kept" } else { "pooled" }.to_owned();
    let rows = [
        ("title", old.title.to_string(), new.title.to_string()),
        ("owner", old.owner.to_string(), new.owner.to_string()),
        ("class", old.class.en().to_owned(), new.class.en().to_owned()),
        ("seats", seats(old), seats(new)),
        ("feed", flag(old.feed), flag(new.feed)),
        ("knowledge", flag(old.knowledge), flag(new.knowledge)),
        ("province", flag(old.province), flag(new.province)),
    ];
    changed(rows.into_iter().map(|(key, old, new)| (key, Some(old), Some(new))))
}
