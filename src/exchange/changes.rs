//! What has changed since somebody asked last, as rows: for readers of their own, who never ask the exchange for all of it.
//!
//! Calls are marked where they may be changed, seats where the floor or the registrar says so; groups are compared. A row may come
//! that is as it was. Nobody needs to ask: what is marked is bounded.

use super::Exchange;
use super::rows::{CallRow, GroupRow, SeatRow};
use crate::clock::{Now, SECOND};
use crate::id::{CallRef, SeatId};
use std::collections::BTreeSet;

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A call is so now.
    Call(Box<CallRow>),
    /// A call is over.
    Over(CallRef),
    /// Every live call: whoever is not among them is over.
    Calls(Vec<CallRow>),
    /// A seat is so now.
    Seat(Box<SeatRow>),
    /// Every group, when one has changed.
    Groups(Vec<GroupRow>),
}

/// What is marked beside the calls.
#[derive(Debug)]
pub(super) struct Changed {
    seats: BTreeSet<SeatId>,
    /// Every seat is to be told: nobody has asked yet.
    all_seats: bool,
    groups: Vec<GroupRow>,
    /// When lock-outs were looked at, whose time runs, µs monotonic.
    looked: u64,
}

impl Default for Changed {
    fn default() -> Self {
        Self { seats: BTreeSet::new(), all_seats: true, groups: Vec::new(), looked: 0 }
    }
}

impl Changed {
    /// The seat may be another than it was.
    pub fn seat(&mut self, seat: &SeatId) {
        if !self.all_seats && !self.seats.contains(seat) {
            self.seats.insert(seat.clone());
        }
    }
}

impl Exchange {
    /// Whether there may be something in [`Self::changes`] beside groups.
    #[must_use]
    pub fn has_changed(&self) -> bool {
        self.calls.have_changed() || self.changed.all_seats || !self.changed.seats.is_empty()
    }

    /// What has changed since this was asked last; at the first time everything there is.
    pub fn changes(&mut self, now: Now) -> Vec<Change> {
        let mut changes = Vec::new();
        match self.calls.take_changed() {
            None => changes.push(Change::Calls(self.call_rows())),
            Some(calls) => changes.extend(
                calls
                    .into_iter()
                    .map(|call| self.call_row(call).map_or(Change::Over(call), |row| Change::Call(Box::new(row)))),
            ),
        }
        if now.mono >= self.changed.looked + SECOND {
            self.changed.looked = now.mono;
            let tried: Vec<SeatId> = self.seats.tried().cloned().collect();
            tried.iter().for_each(|seat| self.changed.seat(seat));
        }
        let seats = std::mem::take(&mut self.changed.seats);
        if std::mem::take(&mut self.changed.all_seats) {
            changes.extend(self.seat_rows(now).into_iter().map(|row| Change::Seat(Box::new(row))));
        } else {
            let row = |seat: &SeatId| Some(self.seat_row(seat, self.floor.seat(seat)?, now));
            changes.extend(seats.iter().filter_map(row).map(|row| Change::Seat(Box::new(row))));
        }
        let groups: Vec<GroupRow> = self.group_rows(now);
        if groups != self.changed.groups {
            self.changed.groups.clone_from(&groups);
            changes.push(Change::Groups(groups));
        }
        changes
    }

    pub(super) fn group_rows(&self, now: Now) -> Vec<GroupRow> {
        let row = |group: &std::sync::Arc<crate::dialplan::Group>| {
            let staffed = self.staffed(group, now);
            let day_and_night = matches!(group.hours, crate::calendar::Hours::Always);
            GroupRow {
                group: group.id.clone(),
                title: group.title.to_string(),
                waiting: self.floor.waiting(&group.id).count(),
                at_work: staffed.there,
                least: staffed.least,
                short: staffed.is_short() || (day_and_night && staffed.there == 0),
                disaster: self.in_disaster(&group.id),
            }
        };
        self.snapshot.plan.groups().map(row).collect()
    }
}
