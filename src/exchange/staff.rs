//! Whether enough seats are at work: by the plan's shifts, and in a group of 7x24 at least one. And disaster mode: a group that is out
//! of service by order, because its hall is.

use super::Exchange;
use super::command::Answer;
use super::due::Due;
use crate::acd;
use crate::call::Input;
use crate::clock::{Now, SECOND};
use crate::dialplan::Group;
use crate::fact::{Cause, Fact};
use crate::id::{CallRef, GroupId, SeatId};
use std::collections::BTreeSet;

/// Every group is looked at so often, µs: shifts change without any seat doing anything.
const EVERY: u64 = 60 * SECOND;

/// What is known of the groups.
#[derive(Debug, Default)]
pub(super) struct Staff {
    /// Groups that have had as many seats at work as they must.
    staffed: BTreeSet<GroupId>,
    /// Those that had too few at the last look, but have not been told of.
    lacking: BTreeSet<GroupId>,
    /// Those that have too few now, and have been told of.
    short: BTreeSet<GroupId>,
    /// Out of service by order.
    disaster: BTreeSet<GroupId>,
}

/// How a group is staffed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Staffed {
    /// Seats at work.
    pub there: u64,
    /// How many must be.
    pub least: u32,
}

impl Staffed {
    pub(super) fn is_short(self) -> bool {
        self.there < u64::from(self.least)
    }
}

impl Exchange {
    pub(super) fn start_staff(&mut self, now: Now) {
        self.wheel.set(now.mono + EVERY, Due::Staff);
    }

    /// How many of a group's seats are at work, and how many must be.
    pub(super) fn staffed(&self, group: &Group, now: Now) -> Staffed {
        Staffed { there: self.floor.at_work(&group.id), least: self.snapshot.plan.least_seats(group, now.wall) }
    }

    /// An alarm when a seat's leaving leaves too few at work in one of its groups, once until there are enough again.
    pub(super) fn watch_staff(&mut self, seat: &SeatId, now: Now) {
        let Some(view) = self.floor.seat(seat) else { return };
        let plan = &self.snapshot.plan;
        let groups: Vec<_> = view.serves.groups.keys().filter_map(|group| plan.group(group)).cloned().collect();
        for group in groups {
            self.look_at(&group, false, now);
        }
    }

    /// A minute has passed: too few for two looks are too few.
    pub(super) fn staff_due(&mut self, now: Now) {
        self.start_staff(now);
        let groups: Vec<_> = self.snapshot.plan.groups().cloned().collect();
        for group in groups {
            self.look_at(&group, true, now);
        }
    }

    fn look_at(&mut self, group: &Group, minute: bool, now: Now) {
        let staffed = self.staffed(group, now);
        if !staffed.is_short() {
            self.staff.lacking.remove(&group.id);
            self.staff.short.remove(&group.id);
            if staffed.least > 0 && !self.staff.staffed.contains(&group.id) {
                self.staff.staffed.insert(group.id.clone());
            }
            return;
        }
        // Those who have not come yet are given two minutes; those who leave are missed at once.
        let told = self.staff.staffed.contains(&group.id) || (minute && !self.staff.lacking.insert(group.id.clone()));
        if told && self.staff.short.insert(group.id.clone()) {
            let Staffed { there, least } = staffed;
            self.alarm(&format!("group {}", group.id), &format!("{there} seats at work of at least {least}"), now);
        }
    }

    /// Whether a group is out of service by order.
    pub(super) fn in_disaster(&self, group: &GroupId) -> bool {
        self.staff.disaster.contains(group)
    }

    pub(super) fn disasters(&self) -> impl Iterator<Item = &GroupId> {
        self.staff.disaster.iter()
    }

    pub(super) fn restore_disasters(&mut self, groups: impl IntoIterator<Item = GroupId>) {
        self.staff.disaster = groups.into_iter().collect();
    }

    /// Switches disaster mode of a group on or off. On: whoever waits in its line, and whoever comes, goes where the plan says.
    pub(super) fn set_disaster(&mut self, group: GroupId, on: bool, by: String, reason: String, now: Now) -> Answer {
        if self.snapshot.plan.group(&group).is_none() {
            return Answer::Unknown;
        }
        let changed = if on { self.staff.disaster.insert(group.clone()) } else { self.staff.disaster.remove(&group) };
        if !changed {
            return Answer::Done;
        }
        self.fact(None, Fact::DisasterMode { group: group.clone(), on, by, reason }, now);
        if on {
            let waiting: Vec<CallRef> = self.floor.waiting(&group).collect();
            for call in waiting {
                self.floor.handle(acd::Input::Leave { call }, now);
                self.turn_on(call, &group, now);
            }
        }
        Answer::Done
    }

    /// A call goes on from a group that is out of service.
    pub(super) fn turn_on(&mut self, call: CallRef, group: &GroupId, now: Now) {
        let Some(place) = self.calls.get(&call).map(|live| live.call.journey.place) else { return };
        self.tell(call, Input::Overflowed { group: group.clone(), cause: Cause::Disaster, place }, now);
    }
}
