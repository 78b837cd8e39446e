//! What operators ask: status, lists, hang-up, drain. Answers are values; how they are printed is the CLI's.

use super::{Exchange, Live, Output};
use crate::call::{self, Conflict, Order};
use crate::clock::Now;
use crate::fact::{Cause, Target, Way};
use crate::id::{CallRef, SeatId, TrunkId};
use serde::{Deserialize, Serialize};

/// A question or order of an operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// How the exchange stands.
    Status,
    /// Live calls.
    Calls,
    /// Seats with their state.
    Seats,
    /// Trunks.
    Trunks,
    /// End a call.
    HangUp {
        /// Which.
        call: CallRef,
    },
    /// Bring somebody of the directory into a live call, as its agent's own key would.
    Transfer {
        /// Which call.
        call: CallRef,
        /// A number of the directory.
        to: String,
        /// How.
        way: Way,
    },
    /// What the agent of a live call could order by a key.
    Conference {
        /// Which call.
        call: CallRef,
        /// What.
        verb: Verb,
    },
    /// Take no new calls.
    Drain,
    /// End every call now: the drain's limit is over.
    EndAll,
}

/// The answer to a [`Command`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// To [`Command::Status`].
    Status(Status),
    /// To [`Command::Calls`].
    Calls {
        /// Each live call, oldest first.
        calls: Vec<CallRow>,
    },
    /// To [`Command::Seats`].
    Seats {
        /// Each seat.
        seats: Vec<SeatRow>,
    },
    /// To [`Command::Trunks`].
    Trunks {
        /// Each trunk.
        trunks: Vec<TrunkRow>,
    },
    /// Done.
    Done,
    /// There is no such call.
    Unknown,
    /// Not now: nothing has changed.
    Conflict {
        /// Why.
        why: Conflict,
    },
    /// The number is in no directory.
    NotReachable,
}

/// An order about a talk of three.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// The agent leaves; the others go on.
    Leave,
    /// The target goes, whether it rings or has joined.
    Cancel,
    /// Agent and target alone, agent and caller alone, in turn.
    Swap,
}

/// How the exchange stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Version of the program.
    pub version: String,
    /// Version of the plan in force.
    pub plan: String,
    /// Live calls.
    pub calls: usize,
    /// Calls that wait in queues.
    pub waiting: usize,
    /// Seats with a registered phone.
    pub seats_registered: usize,
    /// Seats that are ready for a call.
    pub seats_ready: usize,
    /// All seats.
    pub seats: usize,
    /// Media ports in use and bound.
    pub ports: (usize, usize),
    /// Trunks that do not answer.
    pub trunks_down: Vec<TrunkId>,
    /// No new calls are taken.
    pub draining: bool,
    /// The folder of the records.
    pub state: String,
}

/// One live call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallRow {
    /// Its reference.
    pub call: CallRef,
    /// Number first dialled.
    pub dialled: String,
    /// Caller's number.
    pub caller: String,
    /// `announcing`, `queueing`, `ringing`, `talking`.
    pub stage: String,
    /// Whom the caller is, or may become, connected to.
    pub with: Vec<String>,
}

/// One seat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeatRow {
    /// The seat.
    pub seat: SeatId,
    /// Its groups.
    pub groups: Vec<String>,
    /// Its state as facts write it.
    pub state: String,
    /// The word on a Chinese screen.
    pub zh: String,
    /// Where its phone is.
    pub contact: Option<String>,
}

/// One trunk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrunkRow {
    /// The trunk.
    pub trunk: TrunkId,
    /// Where calls to it go.
    pub outbound: Option<String>,
    /// It answers OPTIONS, or is never asked.
    pub up: bool,
    /// Calls on it that we sent.
    pub calls: usize,
}

impl Exchange {
    pub(super) fn command(&mut self, id: u64, command: Command, now: Now) {
        let answer = match command {
            Command::Status => Answer::Status(self.status()),
            Command::Calls => Answer::Calls { calls: self.call_rows() },
            Command::Seats => Answer::Seats { seats: self.seat_rows() },
            Command::Trunks => Answer::Trunks { trunks: self.trunk_rows() },
            Command::HangUp { call } if self.calls.contains_key(&call) => {
                self.tell(call, call::Input::HangUp(Cause::Normal), now);
                Answer::Done
            }
            Command::HangUp { .. } => Answer::Unknown,
            Command::Transfer { call, to, way } => self.transfer(call, &to, way, now),
            Command::Conference { call, verb } => {
                let order = match verb {
                    Verb::Leave => Order::Leave,
                    Verb::Cancel => Order::Cancel,
                    Verb::Swap => Order::Swap,
                };
                self.agents_order(call, order, now)
            }
            Command::Drain => {
                self.draining = true;
                Answer::Done
            }
            Command::EndAll => {
                for call in self.calls.keys().copied().collect::<Vec<_>>() {
                    self.tell(call, call::Input::HangUp(Cause::Shed), now);
                }
                Answer::Done
            }
        };
        self.out.push_back(Output::Answer { id, answer });
    }

    fn transfer(&mut self, call: CallRef, to: &str, way: Way, now: Now) -> Answer {
        let Some(live) = self.calls.get(&call) else { return Answer::Unknown };
        let plan = std::sync::Arc::clone(&live.call.journey.snapshot.plan);
        match self.reachable(&plan, to, now.wall) {
            Some(found) => self.agents_order(call, Order::Reach(std::sync::Arc::new(found), way), now),
            None => Answer::NotReachable,
        }
    }

    /// An order on behalf of the call's agent.
    fn agents_order(&mut self, call: CallRef, order: Order, now: Now) -> Answer {
        let Some(live) = self.calls.get(&call) else { return Answer::Unknown };
        let Some(agent) = live.call.agent() else { return Answer::Conflict { why: Conflict::NoTalk } };
        self.order(call, agent, order, now).map_or_else(|why| Answer::Conflict { why }, |()| Answer::Done)
    }

    fn status(&self) -> Status {
        let states: Vec<_> = self.floor.seats().map(|(_, v)| v.state).collect();
        Status {
            version: env!("CARGO_PKG_VERSION").into(),
            plan: self.snapshot.plan.version().into(),
            calls: self.calls.len(),
            waiting: self.calls.values().filter(|l| l.call.stage() == "queueing").count(),
            seats_registered: self.registrar.bindings().count(),
            seats_ready: states.iter().filter(|s| s.reachable && s.work == crate::acd::Work::Ready).count(),
            seats: states.len(),
            ports: (self.ports.leased(), self.ports.total()),
            trunks_down: self.trunks.iter().filter(|t| !t.up).map(|t| t.id.clone()).collect(),
            draining: self.draining,
            state: self.settings.state.clone(),
        }
    }

    fn call_rows(&self) -> Vec<CallRow> {
        let row = |(id, live): (&CallRef, &Live)| {
            let with = live.call.members().iter().filter_map(|m| match m.target.as_ref()? {
                Target::Seat(seat) => Some(seat.to_string()),
                Target::Trunk { trunk, number } => Some(format!("{trunk}/{number}")),
            });
            CallRow {
                call: *id,
                dialled: live.call.journey.dialled.clone(),
                caller: live.call.journey.caller.number.clone(),
                stage: live.call.stage().into(),
                with: with.collect(),
            }
        };
        self.calls.iter().map(|(id, live)| row((id, live))).collect()
    }

    fn seat_rows(&self) -> Vec<SeatRow> {
        let row = |(seat, view): (&SeatId, crate::acd::SeatView<'_>)| SeatRow {
            seat: seat.clone(),
            groups: self
                .settings
                .seats
                .get(seat)
                .map_or_else(Vec::new, |s| s.groups.iter().map(ToString::to_string).collect()),
            state: view.state.to_string(),
            zh: view.state.zh().to_owned(),
            contact: self.registrar.binding(seat.as_str()).map(|b| b.flow.peer.to_string()),
        };
        self.floor.seats().map(row).collect()
    }

    fn trunk_rows(&self) -> Vec<TrunkRow> {
        let row = |t: &super::trunks::TrunkState| TrunkRow {
            trunk: t.id.clone(),
            outbound: self.settings.trunks.get(&t.id).and_then(|s| s.outbound).map(|(_, a)| a.to_string()),
            up: t.up,
            calls: t.calls,
        };
        self.trunks.iter().map(row).collect()
    }
}
