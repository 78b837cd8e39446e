//! A group as it is: its line, and what its seats do. Counted as seats change, never by walking them.

use crate::exchange::{GroupRow, SeatRow};
use crate::id::GroupId;
use serde::Serialize;
use std::collections::BTreeMap;

/// One group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GroupNow {
    /// The group and its line.
    #[serde(flatten)]
    pub row: GroupRow,
    /// Its seats.
    #[serde(flatten)]
    pub seats: Seats,
}

/// What the seats of a group do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Seats {
    /// All.
    pub seats: usize,
    /// 示闲: ready, and their phones can be reached.
    pub ready: usize,
    /// In a call, or one is on its way to them.
    pub busy: usize,
    /// 话后整理.
    pub wrap_up: usize,
}

/// Groups with their seats, counted at once.
#[must_use]
pub fn groups(rows: Vec<GroupRow>, seats: &[SeatRow]) -> Vec<GroupNow> {
    let mut all = Groups { rows, ..Groups::default() };
    seats.iter().for_each(|seat| _ = all.seat(None, seat));
    all.list()
}

/// All groups.
#[derive(Debug, Default)]
pub(super) struct Groups {
    rows: Vec<GroupRow>,
    seats: BTreeMap<GroupId, Seats>,
}

impl Groups {
    pub(super) fn set(&mut self, rows: Vec<GroupRow>) {
        self.rows = rows;
    }

    /// A seat is another one now. Whether any group is.
    pub(super) fn seat(&mut self, before: Option<&SeatRow>, now: &SeatRow) -> bool {
        if before.is_some_and(|before| before.groups == now.groups && kind(before) == kind(now)) {
            return false;
        }
        if let Some(before) = before {
            self.count(before, |count| *count = count.saturating_sub(1));
        }
        self.count(now, |count| *count += 1);
        !now.groups.is_empty() || before.is_some_and(|before| !before.groups.is_empty())
    }

    pub(super) fn list(&self) -> Vec<GroupNow> {
        let now = |row: &GroupRow| {
            let seats = self.seats.get(&row.group).copied().unwrap_or_default();
            GroupNow { row: row.clone(), seats }
        };
        self.rows.iter().map(now).collect()
    }

    fn count(&mut self, row: &SeatRow, change: impl Fn(&mut usize)) {
        for group in &row.groups {
            let seats = self.seats.entry(GroupId::from(group.as_str())).or_default();
            change(&mut seats.seats);
            match kind(row) {
                Kind::Ready => change(&mut seats.ready),
                Kind::Busy => change(&mut seats.busy),
                Kind::WrapUp => change(&mut seats.wrap_up),
                Kind::Away => {}
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Ready,
    Busy,
    WrapUp,
    Away,
}

/// By the word that facts write.
fn kind(row: &SeatRow) -> Kind {
    match row.work() {
        "ready" if row.is_lost() => Kind::Away,
        "ready" => Kind::Ready,
        "reserved" | "ringing" | "talking" | "held" => Kind::Busy,
        "wrap_up" => Kind::WrapUp,
        _ => Kind::Away,
    }
}
