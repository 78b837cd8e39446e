//! A copy of the exchange's rows made of its changes alone: it must be as the rows are, whenever one looks.

use super::town::Town;
use std::collections::BTreeMap;
use switchboard::exchange::{Answer, CallRow, Change, Command, GroupRow, SeatRow};
use switchboard::id::{CallRef, SeatId};

/// What the changes have told so far.
#[derive(Debug, Default)]
pub struct Mirror {
    pub calls: BTreeMap<CallRef, CallRow>,
    pub seats: BTreeMap<SeatId, SeatRow>,
    pub groups: Vec<GroupRow>,
}

impl Mirror {
    /// Takes what has changed, and holds it against what is.
    pub fn looks(&mut self, town: &mut Town, told: &str) {
        let Answer::Calls { calls } = town.asks(Command::Calls) else { panic!("no calls") };
        let Answer::Seats { seats } = town.asks(Command::Seats) else { panic!("no seats") };
        for change in town.exchange.changes(town.now) {
            self.take(change);
        }
        assert!(!town.exchange.has_changed(), "{told}: all has been told");
        let (own, theirs): (Vec<_>, Vec<_>) = (self.calls.values().collect(), calls.iter().collect());
        assert_eq!(own, theirs, "{told}: calls\n{}", town.trace.join("\n"));
        let (own, theirs): (Vec<_>, Vec<_>) = (self.seats.values().collect(), seats.iter().collect());
        assert_eq!(own, theirs, "{told}: seats\n{}", town.trace.join("\n"));
        let waiting: usize = self.groups.iter().map(|group| group.waiting).sum();
        let queueing = calls.iter().filter(|call| call.stage == "queueing").count();
        assert!(waiting >= queueing, "{told}: {waiting} wait in groups, {queueing} calls do");
    }

    fn take(&mut self, change: Change) {
        match change {
            Change::Call(row) => _ = self.calls.insert(row.call, *row),
            Change::Over(call) => _ = self.calls.remove(&call),
            Change::Calls(rows) => self.calls = rows.into_iter().map(|row| (row.call, row)).collect(),
            Change::Seat(row) => _ = self.seats.insert(row.seat.clone(), *row),
            Change::Groups(rows) => self.groups = rows,
        }
    }
}
