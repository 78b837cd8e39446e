//! What operators ask: status, lists, hang-up, drain. Answers are values; how they are printed is the CLI's.

use super::{Exchange, Live, Output};
use crate::call::{self, Conflict, Order};
use crate::clock::Now;
use crate::fact::{Brief, Cause, Supervision, Target, TransferResult, Way};
use crate::id::{CallRef, LegRef, SeatId, TrunkId};
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
    /// Bring somebody of the directory into a live call, as its agent's own key would. [`Answer::Asked`].
    Transfer {
        /// Which call.
        call: CallRef,
        /// A number of the directory.
        to: String,
        /// How.
        way: Way,
        /// What goes with it.
        #[serde(default)]
        brief: Brief,
        /// Who orders it, as his door knows him; empty: the agent.
        #[serde(default)]
        by: String,
    },
    /// What the agent of a live call could order by a key, and more.
    Conference {
        /// Which call.
        call: CallRef,
        /// What.
        verb: Verb,
        /// Who orders it; empty: the agent.
        #[serde(default)]
        by: String,
        /// Why, in his words.
        #[serde(default)]
        why: String,
    },
    /// 班长: a supervisor's phone is called and joins a live call so, or changes how it is there.
    Supervise {
        /// Which call.
        call: CallRef,
        /// The supervisor's seat.
        seat: SeatId,
        /// How.
        mode: Supervision,
        /// Who orders it.
        #[serde(default)]
        by: String,
        /// Why, in his words; never empty.
        why: String,
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
    /// The transfer has begun; [`CallRow::transfers`] says what becomes of it.
    Asked {
        /// Its number within the call, from 1.
        transfer: u32,
    },
    /// This seat may not do that: it is no supervisor's of the call's group.
    Forbidden,
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
    /// Back to the caller: the target goes.
    Back,
    /// The agent hears nobody and is heard by nobody; a caller left alone hears music.
    Hold,
    /// The end of [`Verb::Hold`].
    Resume,
    /// The agent is not heard.
    Mute,
    /// He is again.
    Unmute,
    /// The call is recorded from now on, where its group records on demand.
    Record,
    /// Nothing is kept until [`Verb::Continue`]: a card or identity number is said.
    Pause,
    /// The end of [`Verb::Pause`].
    Continue,
    /// The supervisor goes.
    Dismiss,
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
    /// Everyone who has a leg, the caller first while he is there.
    #[serde(default)]
    pub parties: Vec<PartyRow>,
    /// The transfers so far, in order.
    #[serde(default)]
    pub transfers: Vec<TransferRow>,
    /// The file of its recording, below the folder of recordings, without `.wav`.
    #[serde(default)]
    pub recording: Option<String>,
    /// Nothing of it is kept at present.
    #[serde(default)]
    pub recording_paused: bool,
}

/// One leg of a live call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartyRow {
    /// Its name.
    pub leg: LegRef,
    /// What it is in the call.
    pub role: Role,
    /// The caller's number, a seat, or a trunk and the number dialled on it.
    pub who: String,
    /// It has answered.
    pub answered: bool,
    /// It has us on hold, or is held.
    pub held: bool,
    /// It is not heard.
    pub muted: bool,
}

/// What a leg is in its call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// 来电人.
    Caller,
    /// 坐席: whom the caller talks to first of all, whoever that is by now.
    Agent,
    /// 第三方: whom the agent brings in, ringing or joined.
    Target,
    /// 班长.
    Supervisor,
    /// Is being rung for the caller.
    Offered,
}

/// One transfer of a live call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferRow {
    /// From 1.
    pub transfer: u32,
    /// The number of the directory.
    pub to: String,
    /// What it is called.
    pub title: String,
    /// How.
    pub way: Way,
    /// It has rung.
    pub rang: bool,
    /// What came of it; `None` while it is under way.
    pub result: Option<TransferResult>,
    /// Why not.
    pub cause: Option<Cause>,
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
            Command::Transfer { call, to, way, .. } => self.transfer(call, &to, way, now),
            Command::Conference { call, verb, .. } => {
                let order = match verb {
                    Verb::Leave => Order::Leave,
                    Verb::Cancel => Order::Cancel,
                    Verb::Swap => Order::Swap,
                    _ => Order::Back,
                };
                self.agents_order(call, order, now)
            }
            Command::Supervise { .. } => Answer::Forbidden,
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
                parties: Vec::new(),
                transfers: Vec::new(),
                recording: None,
                recording_paused: false,
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
