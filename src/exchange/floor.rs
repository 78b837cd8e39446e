//! Between the floor and the calls: its plan from dialplan and configuration, its outputs to the calls they are for.

use super::Exchange;
use super::settings::Settings;
use crate::acd::{self, Announce, Group, Membership, Plan, Position};
use crate::call::Input as CallInput;
use crate::clock::{MILLI, Now, SECOND};
use crate::dialplan;
use crate::fact::{Cause, Fact, Target};
use crate::id::{AgentId, GroupId, SeatId, SkillId};
use std::collections::BTreeMap;

/// How long a trained seat is waited for before any seat may take the call: the 15 s must still be met.
const SKILL_WAIT: u64 = 5 * SECOND;

/// The floor's plan: groups as the dialplan has them, seats as this machine's configuration does.
pub(super) fn plan_of(settings: &Settings, plan: &dialplan::Plan, seed: u64) -> Plan {
    let groups = plan.groups().map(|g| (g.id.clone(), group_of(g, settings))).collect();
    let seats = settings
        .seats
        .iter()
        .map(|(seat, s)| (seat.clone(), Position { groups: memberships(&s.groups, 0), skills: BTreeMap::new() }));
    let agents = settings.persons.iter().map(|(agent, p)| {
        (agent.clone(), Position { groups: memberships(&p.groups, p.tier), skills: p.skills.clone() })
    });
    let limits = settings.floor;
    let settings = acd::Settings {
        held_limit: limits.hold_limit,
        no_answer_limit: limits.no_answer_limit,
        no_answer_rest: limits.no_answer_rest,
        long_wrap_up: limits.long_wrap_up,
        seed,
        ..acd::Settings::default()
    };
    Plan { settings, groups, seats: seats.collect(), agents: agents.collect() }
}

fn memberships(groups: &[GroupId], tier: u8) -> BTreeMap<GroupId, Membership> {
    groups.iter().zip(0..).map(|(group, order)| (group.clone(), Membership { tier, order })).collect()
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
            acd::Output::Position { call, position, wait, longer } => {
                self.fact(Some(call), Fact::WaitTold { position, wait_ms: wait, longer }, now);
                let wait = wait.map(|(low, high)| (low / 1000, high.div_ceil(1000)));
                self.tell(call, CallInput::Position { position, wait }, now);
            }
            acd::Output::SeatChanged { seat, agent, from, to } => {
                self.fact(None, Fact::SeatState { seat, agent, from: from.to_string(), to: to.to_string() }, now);
            }
            acd::Output::HoldExpired { seat, call } => {
                tracing::warn!(%seat, %call, "the seat has held its call longer than it may");
                self.tell(call, CallInput::Refused, now);
            }
        }
    }

    /// Says in a fact who sits at the seat that it names: a call knows seats only.
    pub(super) fn with_agent(&self, fact: Fact) -> Fact {
        match fact {
            Fact::LegTried { leg, target: Target::Seat(seat), .. } => {
                let agent = self.floor.seat(&seat).and_then(|v| v.agent).cloned();
                Fact::LegTried { leg, target: Target::Seat(seat), agent }
            }
            other => other,
        }
    }

    /// A phone has registered.
    pub(super) fn seat_registered(&mut self, seat: &SeatId, contact: String, fresh: bool, now: Now) {
        if fresh {
            self.fact(None, Fact::SeatRegistered { seat: seat.clone(), contact }, now);
        }
        let known = self.floor.seat(seat).map(|v| v.state);
        let reachable = known.as_ref().is_some_and(|s| s.reachable);
        if !reachable {
            self.floor.handle(acd::Input::Register { seat: seat.clone() }, now);
        }
        let wants = self.settings.seats.get(seat).is_some_and(|s| s.sign_in_on_register);
        let agent = AgentId::from(seat.as_str());
        // A phone that renews its registration signs nobody in who has signed out, or sits elsewhere.
        let comes = !reachable || fresh;
        if wants && comes && !known.is_some_and(|s| s.signed_in) && self.floor.seat_of(&agent).is_none() {
            self.floor.handle(acd::Input::SignIn { seat: seat.clone(), agent }, now);
            self.floor.handle(acd::Input::Ready { seat: seat.clone() }, now);
        }
    }

    /// A phone cannot be reached any more.
    pub(super) fn seat_lost(&mut self, seat: &str, cause: Cause, now: Now) {
        let seat = SeatId::from(seat);
        self.fact(None, Fact::SeatLost { seat: seat.clone(), why: cause }, now);
        self.floor.handle(acd::Input::Lost { seat, cause }, now);
    }

    /// The skill a line asks for, where any seat has it at all: a caller must not wait for somebody who does not exist.
    pub(super) fn skill(&self, skill: Option<std::sync::Arc<str>>) -> Option<SkillId> {
        skill.map(|s| SkillId::from(&*s)).filter(|s| self.skills.contains(s))
    }
}
