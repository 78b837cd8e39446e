//! By department: Σ over the lines that it owns in the dialplan, each call once; and Σ over its groups, each visit once.
//!
//! A group is its line's department's: of the line whose calls go to it first. What nobody owns stands under no name.

use super::calls::Calls;
use super::group::Visits;
use super::tally::Tally;
use crate::dialplan::life::Life;
use crate::dialplan::route::Step;
use crate::dialplan::{Class, Entry, Plan};
use crate::id::GroupId;
use std::collections::{BTreeMap, BTreeSet};

/// Whose lines and groups are, in the plan in force.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Owners {
    /// By entry: `hotline.12333`.
    pub entries: BTreeMap<Box<str>, Box<str>>,
    /// By group.
    pub groups: BTreeMap<GroupId, Box<str>>,
}

/// What one department has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Department {
    /// The calls to its lines, wherever they were answered.
    pub calls: Calls,
    /// The visits to its groups, whatever was dialled.
    pub visits: Visits,
    /// The lines that were called.
    pub lines: Vec<Box<str>>,
}

impl Owners {
    /// Of the lines that were called, and of every group.
    #[must_use]
    pub fn of(plan: &Plan, tally: &Tally) -> Self {
        let called: BTreeSet<&str> = tally.lines.values().map(|line| &*line.entry).collect();
        let mut owners = Self::default();
        // The hub's group is the hub's, though most lines lead there.
        let (hub, others): (Vec<_>, Vec<_>) = plan.entries().partition(|entry| entry.class == Class::Hub);
        for entry in hub.into_iter().chain(others).filter(|entry| !entry.owner.is_empty()) {
            if called.contains(&*entry.address) {
                owners.entries.insert((&*entry.address).into(), (&*entry.owner).into());
            }
            if let Some(group) = first_group(entry) {
                owners.groups.entry(group.clone()).or_insert_with(|| (&*entry.owner).into());
            }
        }
        owners
    }
}

/// Where the calls of a line of its own go first.
fn first_group(entry: &Entry) -> Option<&GroupId> {
    let route = match &entry.life {
        Life::Kept(route) => Some(route),
        Life::Merged(merged) => merged.before.as_ref(),
    };
    route?.steps.iter().find_map(|step| match step {
        Step::Ring { group, .. } | Step::Queue { group, .. } => Some(group),
        Step::Prompt { .. } | Step::Trunk { .. } | Step::CallBack { .. } | Step::Release { .. } => None,
    })
}

/// Each department that has something here; an empty name is nobody's.
#[must_use]
pub fn departments(tally: &Tally, owners: &Owners) -> BTreeMap<Box<str>, Department> {
    let mut found: BTreeMap<Box<str>, Department> = BTreeMap::new();
    for (number, line) in &tally.lines {
        let owner = owners.entries.get(&line.entry).cloned().unwrap_or_default();
        let department = found.entry(owner).or_default();
        department.calls.merge(&line.calls);
        department.lines.push(number.clone());
    }
    for (group, visits) in &tally.groups {
        let owner = owners.groups.get(group).cloned().unwrap_or_default();
        found.entry(owner).or_default().visits.merge(visits);
    }
    found
}
