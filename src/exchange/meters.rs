//! The exchange in figures, for whoever watches it: gauges of the moment and counters since the start.

use super::Exchange;
use crate::acd::{SeatState, Work};
use crate::id::{GroupId, TrunkId};

/// What a seat does, in the closed list of a meter: the reasons of `not_ready` are the house's own words.
pub const SEAT_STATES: [&str; 9] =
    ["signed_out", "lost", "not_ready", "ready", "reserved", "ringing", "talking", "held", "wrap_up"];

/// Everything at one moment. Its size is that of the plan's groups and the trunks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Meters {
    /// Live calls.
    pub calls: usize,
    /// Calls in each group's line.
    pub waiting: Vec<(GroupId, usize)>,
    /// Seats in each of [`SEAT_STATES`].
    pub seats: [usize; SEAT_STATES.len()],
    /// Seats with a registered phone.
    pub registered: usize,
    /// Media ports in use, free, and bound.
    pub ports: (usize, usize, usize),
    /// Each trunk: whether it answers, and our calls on it.
    pub trunks: Vec<(TrunkId, bool, usize)>,
    /// Ordinary calls that are refused at present, ‰.
    pub shed_permille: u16,
    /// Calls refused with 503 since the start.
    pub shed: u64,
    /// No new calls are taken.
    pub draining: bool,
    /// Requests of ours without a final response since the start, and responses without an ACK or PRACK.
    pub given_up: (u32, u32),
    /// SIP sessions and transactions.
    pub sip: (usize, usize),
}

impl Exchange {
    /// Everything at this moment. It looks at each seat, not at each call.
    #[must_use]
    pub fn meters(&self) -> Meters {
        let mut seats = [0; SEAT_STATES.len()];
        for (_, view) in self.floor.seats() {
            if let Some(count) = seats.get_mut(state(&view.state)) {
                *count += 1;
            }
        }
        let (shed_permille, shed) = self.gate.shed();
        let given_up = self.given_up();
        let waiting = |group: &GroupId| self.floor.waiting(group).count();
        Meters {
            calls: self.calls.len(),
            waiting: self.snapshot.plan.groups().map(|g| (g.id.clone(), waiting(&g.id))).collect(),
            seats,
            registered: self.seats.registered(),
            ports: (self.ports.leased(), self.ports.free(), self.ports.total()),
            trunks: self.trunks.iter().map(|(_, t)| (t.id.clone(), t.up, t.calls)).collect(),
            shed_permille,
            shed,
            draining: self.draining,
            given_up: (given_up.no_response, given_up.no_acknowledgement),
            sip: self.endpoint.live(),
        }
    }
}

/// Its place in [`SEAT_STATES`].
fn state(state: &SeatState) -> usize {
    match &state.work {
        _ if !state.signed_in => 0,
        _ if !state.reachable => 1,
        Work::NotReady(_) => 2,
        Work::Ready => 3,
        Work::Reserved => 4,
        Work::Ringing => 5,
        Work::Talking => 6,
        Work::Held => 7,
        Work::WrapUp => 8,
    }
}
