//! Between the floor and the calls: its plan from dialplan and configuration, its outputs to the calls they are for.

use super::Exchange;
use super::settings::Settings;
use crate::acd::{self, Announce, Group, Membership, Plan, Position};
use crate::call::Input as CallInput;
use crate::clock::{MILLI, Now, SECOND};
use crate::dialplan;
use crate::fact::{Cause, Fact};
use crate::id::{AgentId, SeatId, SkillId};

/// How long a trained seat is waited for before any seat may take the call: the 15 s must still be met.
const SKILL_WAIT: u64 = 5 * SECOND;

/// The floor's plan: groups as the dialplan has them, seats as this machine's configuration does.
pub(super) fn plan_of(settings: &Settings, plan: &dialplan::Plan) -> Plan {
    let groups = plan.groups().map(|g| (g.id.clone(), group_of(g, settings))).collect();
    let seats = settings.seats.iter().map(|(seat, s)| {
        let membership = |(order, g): (usize, &crate::id::GroupId)| {
            (g.clone(), Membership { tier: 0, order: u32::try_from(order).unwrap_or(0) })
        };
        let groups = s.groups.iter().enumerate().map(membership).collect();
        (seat.clone(), Position { groups, skills: s.skills.clone() })
    });
    Plan { settings: acd::Settings::default(), groups, seats: seats.collect() }
}

fn group_of(group: &dialplan::Group, settings: &Settings) -> Group {
    let every = group.position_every_ms.map(|ms| u64::from(ms) * MILLI);
    Group {
        ring_time: settings.ring_time.unwrap_or(u64::from(group.ring_ms) * MILLI),
        wrap_up: settings.wrap_up.unwrap_or(u64::from(group.wrap_up_ms) * MILLI),
        weight: group.weight,
        skill_wait: Some(SKILL_WAIT),
        max_wait: Some(u64::from(group.max_wait_ms) * MILLI),
        max_size: Some(group.max_size as usize),
        on_no_seats: group.leads_to_people(),
        announce: every.map(|every| Announce { first: every, every }),
        ..Group::default()
    }
}

impl Exchange {
    pub(super) fn floor_output(&mut self, output: acd::Output, now: Now) {
        match output {
            // Its caller was lost in the same moment in which it was to wait again: it has its end.
            acd::Output::Queued { call, .. } if !self.calls.contains_key(&call) => {}
            acd::Output::Queued { call, group } => {
                self.fact(Some(call), Fact::Queued { group: group.clone() }, now);
                // Who was turned away in the same moment had no place.
                if self.floor.is_waiting(call) {
                    self.tell(call, CallInput::Queued(group), now);
                }
            }
            acd::Output::Offer { id, call, seat, group: _, deadline: _ } => {
                self.tell(call, CallInput::Offered { offer: id, seat }, now);
            }
            acd::Output::Withdraw { id, call, cause, seat: _ } => {
                self.tell(call, CallInput::Withdrawn { offer: id, cause }, now);
            }
            acd::Output::Overflow { call, why, place, group } => {
                self.tell(call, CallInput::Overflowed { group, cause: why, place }, now);
            }
            acd::Output::Position { call, position, wait_low_s, wait_high_s } => {
                let wait = wait_low_s.zip(wait_high_s);
                self.tell(call, CallInput::Position { position, wait }, now);
            }
            acd::Output::SeatChanged { seat, agent: _, from, to } => {
                self.changed.seat(&seat);
                self.fact(None, Fact::SeatState { seat, from: from.to_string(), to: to.to_string() }, now);
            }
            acd::Output::HoldExpired { seat, call } => {
                tracing::warn!(%seat, %call, "the seat has held its call longer than it may");
                self.tell(call, CallInput::Refused, now);
            }
        }
    }

    /// A phone has registered.
    pub(super) fn seat_registered(&mut self, seat: &SeatId, contact: String, fresh: bool, now: Now) {
        self.changed.seat(seat);
        if fresh {
            self.fact(None, Fact::SeatRegistered { seat: seat.clone(), contact }, now);
        }
        let known = self.floor.seat(seat).map(|v| v.state);
        let reachable = known.as_ref().is_some_and(|s| s.reachable);
        if !reachable {
            self.floor.handle(acd::Input::Register { seat: seat.clone() }, now);
        }
        let wants = self.settings.seats.get(seat).is_some_and(|s| s.sign_in_on_register);
        if wants && !known.is_some_and(|s| s.signed_in) {
            let agent = AgentId::from(seat.as_str());
            self.floor.handle(acd::Input::SignIn { seat: seat.clone(), agent }, now);
            self.floor.handle(acd::Input::Ready { seat: seat.clone() }, now);
        }
    }

    /// A phone cannot be reached any more.
    pub(super) fn seat_lost(&mut self, seat: &str, cause: Cause, now: Now) {
        let seat = SeatId::from(seat);
        self.changed.seat(&seat);
        self.fact(None, Fact::SeatLost { seat: seat.clone(), why: cause }, now);
        self.floor.handle(acd::Input::Lost { seat, cause }, now);
    }

    /// The skill a line asks for, where any seat has it at all: a caller must not wait for somebody who does not exist.
    pub(super) fn skill(&self, skill: Option<std::sync::Arc<str>>) -> Option<SkillId> {
        skill.map(|s| SkillId::from(&*s)).filter(|s| self.skills.contains(s))
    }
}
