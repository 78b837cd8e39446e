//! How the exchange stands, in rows: what operators are shown.

use super::{Exchange, Live};
use crate::acd;
use crate::call::{Member, Role};
use crate::fact::{Cause, Fact, Target, TransferResult, Way};
use crate::id::{CallRef, LegRef, SeatId, TrunkId};
use serde::{Deserialize, Serialize};

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
    /// The same as an agent's screen says it; empty while there is nothing to say.
    #[serde(default)]
    pub seen: String,
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
    pub(super) fn status(&self) -> Status {
        let states: Vec<_> = self.floor.seats().map(|(_, v)| v.state).collect();
        Status {
            version: env!("CARGO_PKG_VERSION").into(),
            plan: self.snapshot.plan.version().into(),
            calls: self.calls.len(),
            waiting: self.calls.values().filter(|l| l.call.stage() == "queueing").count(),
            seats_registered: self.registrar.bindings().count(),
            seats_ready: states.iter().filter(|s| s.reachable && s.work == acd::Work::Ready).count(),
            seats: states.len(),
            ports: (self.ports.leased(), self.ports.total()),
            trunks_down: self.trunks.iter().filter(|t| !t.up).map(|t| t.id.clone()).collect(),
            draining: self.draining,
            state: self.settings.state.clone(),
        }
    }

    pub(super) fn call_rows(&self) -> Vec<CallRow> {
        self.calls.iter().map(|(id, live)| call_row(*id, live)).collect()
    }

    pub(super) fn seat_rows(&self) -> Vec<SeatRow> {
        let row = |(seat, view): (&SeatId, acd::SeatView<'_>)| SeatRow {
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

    pub(super) fn trunk_rows(&self) -> Vec<TrunkRow> {
        let row = |t: &super::trunks::TrunkState| TrunkRow {
            trunk: t.id.clone(),
            outbound: self.settings.trunks.get(&t.id).and_then(|s| s.outbound).map(|(_, a)| a.to_string()),
            up: t.up,
            calls: t.calls,
        };
        self.trunks.iter().map(row).collect()
    }
}

fn call_row(id: CallRef, live: &Live) -> CallRow {
    let called = live.call.members().iter().filter(|m| m.target.is_some());
    CallRow {
        call: id,
        dialled: live.call.journey.dialled.clone(),
        caller: live.call.journey.caller.number.clone(),
        stage: live.call.stage().into(),
        with: called.map(|m| who(live, m)).collect(),
        parties: live.call.members().iter().map(|m| party_row(live, m)).collect(),
        transfers: live.transfers.clone(),
        recording: live.taping.as_ref().map(|t| t.file().to_owned()),
        recording_paused: live.taping.as_ref().is_some_and(super::recording::Taping::is_paused),
    }
}

fn who(live: &Live, member: &Member) -> String {
    match &member.target {
        None => live.call.journey.caller.number.clone(),
        Some(Target::Seat(seat)) => seat.to_string(),
        Some(Target::Trunk { trunk, number }) => format!("{trunk}/{number}"),
    }
}

fn party_row(live: &Live, member: &Member) -> PartyRow {
    PartyRow {
        leg: member.leg,
        role: live.call.role(member.leg),
        who: who(live, member),
        answered: member.answered || member.target.is_none() && live.call.is_answered(),
        held: member.held || member.parked,
        muted: member.muted,
    }
}

impl TransferRow {
    /// Takes a fact of the call into its transfers.
    pub(super) fn fold(rows: &mut Vec<Self>, fact: &Fact) {
        match fact {
            Fact::TransferAsked { transfer, to, title, way, .. } => rows.push(Self {
                transfer: *transfer,
                to: to.clone(),
                title: title.clone(),
                way: *way,
                rang: false,
                result: None,
                cause: None,
                seen: String::new(),
            }),
            Fact::TransferRinging { transfer, .. } => {
                rows.iter_mut().filter(|r| r.transfer == *transfer).for_each(|r| r.rang = true);
            }
            Fact::TransferEnded { transfer, result, cause } => {
                let ended = rows.iter_mut().filter(|r| r.transfer == *transfer);
                let seen = cause.map_or("", crate::call::cause::seen);
                ended.for_each(|r| (r.result, r.cause, r.seen) = (Some(*result), *cause, seen.to_owned()));
            }
            _ => {}
        }
    }
}
