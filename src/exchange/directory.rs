//! Who can be brought into a talk: kept lines, sub-centres, emergency, utilities, the hub's group and seats. Nobody else is, so that
//! nobody can be charged for a call that a stranger talked an agent into (product §5).

use super::Exchange;
use crate::call::{Reachable, Try};
use crate::clock::{MILLI, SECOND};
use crate::dialplan::{Class, Decision, Emergency, Entry, Plan, Route, Step};
use crate::id::{GroupId, TrunkId};
use std::ops::Bound::{Included, Unbounded};

/// An ordinary target rings so long.
const RINGS: u64 = 20 * SECOND;

impl Exchange {
    /// Whom a number means, for an agent who has this plan on his line.
    pub(super) fn reachable(&self, plan: &Plan, number: &str, wall: i64) -> Option<Reachable> {
        if let Some((seat, _)) = self.settings.seats.get_key_value(number) {
            let tries = vec![Try::Seat { seat: seat.clone(), timeout: RINGS }];
            return Some(Reachable { number: number.into(), title: String::new(), emergency: false, tries });
        }
        let dialled = plan.normalise(number.as_bytes()).ok()?;
        let Decision::Routed(routed) = plan.decide(dialled, wall) else { return None };
        let tries = listed(routed.entry).then(|| tries(routed.entry, routed.route))?;
        let (number, title) = (dialled.digits.to_string(), routed.entry.title.to_string());
        let emergency = routed.entry.class == Class::Emergency;
        (!tries.is_empty()).then_some(Reachable { number, title, emergency, tries })
    }

    /// Whether a longer number of the directory begins so: then an agent may not have pressed his last key yet.
    pub(super) fn goes_on(&self, plan: &Plan, start: &str) -> bool {
        let longer = |number: &str| number.len() > start.len() && number.starts_with(start);
        let lines = plan.entries().filter(|e| e.class != Class::Route && listed(e));
        ["110", "119", "120", "122"].into_iter().any(longer)
            || self
                .settings
                .seats
                .range::<str, _>((Included(start), Unbounded))
                .take(2)
                .any(|(s, _)| longer(s.as_str()))
            || lines.map(|e| &*e.number).any(longer)
    }
}

/// A line that can be brought into a talk, with whoever may answer there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its number.
    pub number: String,
    /// What it is called.
    pub title: String,
    /// What kind of line it is.
    pub class: Class,
    /// Groups that are rung.
    pub groups: Vec<GroupId>,
    /// Trunks that are tried.
    pub trunks: Vec<TrunkId>,
}

/// The directory of transfers, as it is at a moment: emergency lines first, then as the plan has them.
#[must_use]
pub fn directory(plan: &Plan, wall: i64) -> Vec<Line> {
    let emergency = Emergency::ALL.into_iter().map(|e| e.number().to_owned());
    let others = plan.entries().filter(|e| e.class != Class::Emergency && listed(e)).map(|e| e.number.to_string());
    let line = |number: String| {
        let dialled = plan.normalise(number.as_bytes()).ok()?;
        let Decision::Routed(routed) = plan.decide(dialled, wall) else { return None };
        let (mut groups, mut trunks) = (Vec::new(), Vec::new());
        for one in tries(routed.entry, routed.route) {
            match one {
                Try::Group { group, .. } => groups.push(group),
                Try::Trunk { trunk, .. } => trunks.push(trunk),
                Try::Seat { .. } => {}
            }
        }
        let reached = !(groups.is_empty() && trunks.is_empty());
        reached.then(|| Line {
            number,
            title: routed.entry.title.to_string(),
            class: routed.entry.class,
            groups,
            trunks,
        })
    };
    emergency.chain(others).filter_map(line).collect()
}

fn listed(entry: &Entry) -> bool {
    match entry.class {
        Class::Hub | Class::Branch | Class::Emergency | Class::Utility => true,
        Class::Parallel => entry.kept,
        Class::Merged | Class::Route => false,
    }
}

/// The line's own seats and trunks. What it overflows to is the caller's way to 12345, who is there already.
fn tries(entry: &Entry, route: &Route) -> Vec<Try> {
    let emergency = entry.class == Class::Emergency;
    let mut all = Vec::new();
    for step in route.steps.iter() {
        match step {
            Step::Ring { group, .. } => all.push(Try::Group { group: group.clone(), timeout: RINGS }),
            Step::Queue { group, .. } if entry.class == Class::Hub => {
                all.push(Try::Group { group: group.clone(), timeout: RINGS });
            }
            Step::Trunk { trunks, number, progress_ms, timeout_ms } => {
                let timeout = if emergency { u64::from(*timeout_ms) * MILLI } else { RINGS };
                let progress = u64::from(*progress_ms) * MILLI;
                all.extend(trunks.iter().map(|trunk| Try::Trunk {
                    trunk: trunk.clone(),
                    number: *number,
                    progress,
                    timeout,
                }));
            }
            Step::Prompt { .. } | Step::Queue { .. } | Step::CallBack { .. } | Step::Release { .. } => {}
        }
    }
    all
}
