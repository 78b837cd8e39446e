//! What a plan inherits from the versions in force before it: the numbers that they cancelled, for ever.
//!
//! A number is cancelled at the midnight after its window if the plan in force at that moment says so, or says nothing of it any
//! more since its cutover. From then on no plan may route it again, whether edited, deleted and added, or brought back by a
//! rollback (plan §二(一)). The lineage is a value that follows each plan into force; whoever stores it is another module.

use super::digits::Digits;
use super::{Life, Plan};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// One plan's coming into force, as far as later plans are bound by it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Heir {
    /// Numbers that are cancelled now and were not before.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub cancelled: BTreeSet<Digits>,
    /// Numbers that are still to be cancelled, with their windows: cutover and the midnight after the last day, µs since the
    /// epoch.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub windows: BTreeMap<Digits, (i64, i64)>,
}

/// The cancelled numbers over all versions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lineage {
    cancelled: BTreeSet<Digits>,
    windows: BTreeMap<Digits, (i64, i64)>,
}

impl Lineage {
    /// The numbers that are cancelled at a moment, if the plan in force stays.
    #[must_use]
    pub fn cancelled(&self, wall: i64) -> BTreeSet<Digits> {
        let due = self.windows.iter().filter(|(_, (_, end))| *end <= wall).map(|(number, _)| *number);
        self.cancelled.iter().copied().chain(due).collect()
    }

    /// What a plan that comes into force at a moment adds.
    #[must_use]
    pub fn heir(&self, plan: &Plan, wall: i64) -> Heir {
        let mut cancelled = self.cancelled(wall);
        let mut windows = BTreeMap::new();
        for entry in plan.entries() {
            let (Life::Merged(merged), Some(number)) = (&entry.life, Digits::parse(&entry.number)) else { continue };
            match merged.window.bounds() {
                (_, end) if end <= wall => _ = cancelled.insert(number),
                bounds => _ = windows.insert(number, bounds),
            }
        }
        // Deleted in its transition: it runs out all the same, or deleting and adding would restore it.
        let running = self.windows.iter().filter(|(_, (from, end))| *from <= wall && wall < *end);
        for (number, bounds) in running.filter(|(number, _)| plan.table().get(**number).is_none()) {
            windows.entry(*number).or_insert(*bounds);
        }
        Heir { cancelled: cancelled.difference(&self.cancelled).copied().collect(), windows }
    }

    /// Takes it on: the plan it was made from is in force.
    pub fn follow(&mut self, heir: &Heir) {
        self.cancelled.extend(&heir.cancelled);
        self.windows.clone_from(&heir.windows);
    }
}
