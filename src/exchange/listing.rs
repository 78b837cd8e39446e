//! Lists for operators: status, calls, seats, trunks. The only walks through all calls.

use super::Exchange;
use super::calls::Live;
use super::command::Answer;
use super::live_recording::LiveRecording;
use super::rows::{CallRow, LackRow, LockRow, PartyRow, RegistrationRow, SeatRow, Status, TargetRow, TrunkRow, WhyRow};
use super::trunks::Trunk;
use crate::acd;
use crate::call::{Conflict, Member, Role};
use crate::clock::{Now, SECOND};
use crate::fact::{Origin, Target};
use crate::id::{CallRef, GroupId, SeatId};

impl Exchange {
    pub(super) fn status(&self) -> Status {
        let (shed_permille, shed) = self.gate.shed();
        let states: Vec<_> = self.floor.seats().map(|(_, v)| v.state).collect();
        Status {
            version: env!("CARGO_PKG_VERSION").into(),
            plan: self.snapshot.plan.version().into(),
            calls: self.calls.len(),
            waiting: self.calls.waiting(),
            seats_registered: self.seats.registered(),
            seats_ready: states.iter().filter(|s| s.reachable && s.work == acd::Work::Ready).count(),
            seats: states.len(),
            ports: (self.ports.leased(), self.ports.total()),
            trunks_down: self.trunks.iter().filter(|(_, t)| !t.up).map(|(_, t)| t.id.clone()).collect(),
            draining: self.draining,
            shed_permille,
            shed,
            state: self.settings.state.clone(),
        }
    }

    pub(super) fn call_rows(&self) -> Vec<CallRow> {
        self.calls.iter().map(|(id, live)| call_row(id, live)).collect()
    }

    pub(super) fn call_row(&self, id: CallRef) -> Option<CallRow> {
        self.calls.get(&id).map(|live| call_row(id, live))
    }

    pub(super) fn why_row(&self, call: CallRef, now: Now) -> Answer {
        if !self.calls.contains_key(&call) {
            return Answer::Unknown;
        }
        let Some(why) = self.floor.why(call, now) else { return Answer::Conflict { why: Conflict::Nobody } };
        let (skill, level) = why.asks.unzip();
        let lack = |(seat, lacks): (SeatId, acd::Lacks)| {
            let (zh, en) = lacks.words();
            let agent = self.floor.seat(&seat).and_then(|v| v.agent).cloned();
            LackRow { seat, agent, zh: zh.into(), en: en.into() }
        };
        let (group, position, tier, likely_ms) = (why.group, why.position, why.tier, why.likely);
        let seats = why.seats.into_iter().map(lack).collect();
        Answer::Why { why: WhyRow { call, group, position, skill, level, tier, likely_ms, seats } }
    }

    pub(super) fn seat_rows(&self, now: Now) -> Vec<SeatRow> {
        self.floor.seats().map(|(seat, view)| self.seat_row(seat, view, now)).collect()
    }

    pub(super) fn seat_row(&self, seat: &SeatId, view: acd::SeatView<'_>, now: Now) -> SeatRow {
        SeatRow {
            seat: seat.clone(),
            agent: view.agent.cloned(),
            group: first_group(&view).map(ToString::to_string).unwrap_or_default(),
            groups: view.serves.groups.keys().map(ToString::to_string).collect(),
            skills: view.serves.skills.clone(),
            state: view.state.to_string(),
            zh: view.state.zh().to_owned(),
            since: view.since,
            until: view.until.map(|until| now.wall.saturating_add_unsigned(until.saturating_sub(now.mono))),
            answered: view.answered,
            talked_s: view.talked / SECOND,
            contact: self.seats.binding(seat).map(|b| b.flow.peer.to_string()),
            locked: self.seats.held_against(seat, now).map(LockRow::of).collect(),
        }
    }

    pub(super) fn trunk_rows(&self, now: Now) -> Vec<TrunkRow> {
        let row = |(_, t): (u32, &Trunk)| TrunkRow {
            trunk: t.id.clone(),
            outbound: self.settings.trunks.get(&t.id).and_then(|s| s.outbound.as_ref()).map(|o| o.shown.clone()),
            targets: t.targets.iter().map(|(target, up)| TargetRow::of(target, up)).collect(),
            up: t.up,
            calls: t.calls,
            registration: t.registration.as_ref().map(|r| RegistrationRow::of(r.standing(now))),
        };
        self.trunks.iter().map(row).collect()
    }
}

/// The group that comes first in the order of the seat or of its agent.
fn first_group<'a>(view: &acd::SeatView<'a>) -> Option<&'a GroupId> {
    let first = view.serves.groups.iter().min_by_key(|(_, member)| member.order);
    first.map(|(group, _)| group)
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
        recording: live.recording.as_ref().map(|t| t.file().to_owned()),
        recording_paused: live.recording.as_ref().is_some_and(LiveRecording::is_paused),
        masked: false,
        title: live.call.journey.title.clone(),
        began: live.standing.began(&live.call),
        since: live.standing.since(&live.call),
        placed: live.standing.placed,
        answered: live.call.journey.answered_at,
        group: live.standing.group.as_ref().map(ToString::to_string).unwrap_or_default(),
        apart: live.call.members().iter().find(|m| m.apart).map(apart),
        from_seat: match &live.call.journey.origin {
            Origin::Seat(seat) => Some(seat.clone()),
            _ => None,
        },
        came: live.standing.came(&live.call),
    }
}

fn apart(member: &Member) -> String {
    if member.target.is_none() { "caller" } else { "target" }.to_owned()
}

fn who(live: &Live, member: &Member) -> String {
    match &member.target {
        None => live.call.journey.caller.number.clone(),
        Some(Target::Seat(seat)) => seat.to_string(),
        Some(Target::Trunk { trunk, number }) => format!("{trunk}/{number}"),
    }
}

/// As the transfer that brought it in is called.
fn title(live: &Live, member: &Member) -> String {
    let number = match &member.target {
        Some(Target::Trunk { number, .. }) => number.as_str(),
        Some(Target::Seat(seat)) => seat.as_str(),
        None => return String::new(),
    };
    live.transfers.iter().rev().find(|row| row.to == number).map(|row| row.title.clone()).unwrap_or_default()
}

fn party_row(live: &Live, member: &Member) -> PartyRow {
    PartyRow {
        leg: member.leg,
        role: live.call.role(member.leg),
        who: who(live, member),
        answered: member.answered || member.target.is_none() && live.call.is_answered(),
        held: member.held || member.parked,
        muted: member.muted,
        away: member.away,
        secure: live.legs.iter().any(|leg| leg.leg == member.leg && leg.is_secure()),
        supervision: live.standing.supervision.filter(|_| live.call.role(member.leg) == Role::Supervisor),
        title: title(live, member),
    }
}
