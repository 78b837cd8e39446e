//! Between the floor and the calls: its plan from dialplan and configuration, its outputs to the calls they are for.

use super::Exchange;
use super::settings::Settings;
use crate::acd::{self, Announce, Entry, Group, Membership, Plan, Position};
use crate::call::Input as CallInput;
use crate::clock::{MILLI, Now, SECOND};
use crate::dialplan;
use crate::fact::{Cause, Fact, Missed, Origin, Outcome, Sat, Target};
use crate::id::{AgentId, CallRef, GroupId, SeatId, SkillId};
use std::collections::BTreeMap;

/// Rank classes in a line: who was served and lost his agent, who gave up and calls again, everybody else.
const RETURNED: u8 = 0;
const AGAIN: u8 = 1;
const ORDINARY: u8 = 2;
/// µs.
const DAY: i64 = 86_400 * 1_000_000;
/// How often the whole floor is told of, if anything changes: µs, and facts, so that under load too a start finds it in the newest
/// segments of the journal.
pub(super) const STANDS_EVERY: (u64, u64) = (600 * SECOND, 100_000);

/// The floor's plan: groups as the dialplan has them, seats as this machine's configuration does.
pub(super) fn plan_of(settings: &Settings, plan: &dialplan::Plan, seed: u64) -> Plan {
    // A waiting call has a timer for each tier: there are none for tiers that nobody is in.
    let tiers = settings.persons.values().map(|p| p.tier).max().unwrap_or(0);
    let groups = plan.groups().map(|g| (g.id.clone(), group_of(g, settings, tiers))).collect();
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

fn group_of(group: &dialplan::Group, settings: &Settings, tiers: u8) -> Group {
    let every = group.position_every_ms.map(|ms| u64::from(ms) * MILLI);
    Group {
        ring_time: settings.ring_time.unwrap_or(u64::from(group.ring_ms) * MILLI),
        wrap_up: settings.wrap_up.unwrap_or(u64::from(group.wrap_up_ms) * MILLI),
        weight: group.weight,
        skill_wait: Some(u64::from(group.widen_ms) * MILLI),
        tier_delays: (1..=u64::from(tiers)).map(|tier| tier * u64::from(group.tier_wait_ms) * MILLI).collect(),
        max_estimate: group.max_estimate_ms.map(|ms| u64::from(ms) * MILLI),
        strategy: strategy_of(group.strategy),
        max_wait: Some(u64::from(group.max_wait_ms) * MILLI),
        max_size: Some(group.max_size as usize),
        on_no_seats: group.leads_to_people(),
        announce: every.map(|every| Announce { first: every, every }),
    }
}

fn strategy_of(strategy: dialplan::Strategy) -> acd::Strategy {
    match strategy {
        dialplan::Strategy::LongestIdle => acd::Strategy::LongestIdle,
        dialplan::Strategy::RoundRobin => acd::Strategy::RoundRobin,
        dialplan::Strategy::FewestCalls => acd::Strategy::FewestCalls,
        dialplan::Strategy::LeastTalk => acd::Strategy::LeastTalk,
        dialplan::Strategy::Random => acd::Strategy::Random,
        dialplan::Strategy::RingAll => acd::Strategy::RingAll,
        dialplan::Strategy::Linear => acd::Strategy::Linear,
        dialplan::Strategy::FewestSkills => acd::Strategy::FewestSkills,
        dialplan::Strategy::BestSkilled => acd::Strategy::BestSkilled,
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
                self.changed.seat(&seat);
                self.watch_staff(&seat, now);
                self.fact(None, Fact::SeatState { seat, agent, from: from.to_string(), to: to.to_string() }, now);
            }
            acd::Output::HoldExpired { seat, call } => {
                tracing::warn!(%seat, %call, "the seat has held its call longer than it may");
                self.tell(call, CallInput::Refused, now);
            }
        }
    }

    /// A call's place in a line: by its class, its caller's past and what its line asks for.
    pub(super) fn entry(
        &self,
        call: CallRef,
        group: GroupId,
        skill: Option<&str>,
        class: u8,
        place: i64,
        now: Now,
    ) -> Entry {
        let journey = self.calls.get(&call).map(|live| &live.call.journey);
        let caller = journey.filter(|j| matches!(j.origin, Origin::Trunk(_))).map_or("", |j| &*j.caller.number);
        let plan = self.snapshot.plan.group(&group);
        let since = |span: i64| now.wall.saturating_sub(span);
        let days = plan.and_then(|g| g.sticky_days).map(|days| since(i64::from(days) * DAY));
        let sticky = days.and_then(|since| self.callers.agent_since(caller, since)).cloned();
        let soon = plan.and_then(|g| g.repeat_within_ms).map(|ms| since(i64::from(ms) * 1_000));
        let again = soon.is_some_and(|since| self.callers.gave_up_since(caller, since));
        let class = match (class, again) {
            (RETURNED, _) => RETURNED,
            (_, true) => AGAIN,
            (_, false) => ORDINARY,
        };
        let (skill, level) = self.skill(skill).unzip();
        Entry { call, group, class, place, skill, level: level.unwrap_or(1), sticky }
    }

    /// The whole floor in one fact, so that a start need not read far back.
    pub(super) fn tell_standing(&mut self, now: Now) {
        self.stands_by = (now.mono.saturating_add(STANDS_EVERY.0), self.seq.saturating_add(STANDS_EVERY.1));
        let sat = |(seat, view): (&SeatId, acd::SeatView<'_>)| {
            let (seat, agent) = (seat.clone(), view.agent.cloned()?);
            Some(Sat { seat, agent, state: view.state.to_string() })
        };
        let seats: Vec<Sat> = self.floor.seats().filter_map(sat).collect();
        let callbacks = self.owed();
        let disaster: Vec<GroupId> = self.disasters().cloned().collect();
        if !seats.is_empty() || !callbacks.is_empty() || !disaster.is_empty() {
            self.fact(None, Fact::FloorStands { seats, callbacks, disaster }, now);
        }
    }

    /// Whether the caller has said today already how he was served: nobody is asked twice a day.
    pub(super) fn has_been_asked(&self, call: CallRef, now: Now) -> bool {
        let number = self.calls.get(&call).map(|live| live.call.journey.caller.number.as_str());
        number.is_some_and(|number| self.asked_today(number, now))
    }

    /// Whether whoever has this number has said in the last 24 hours how he was served.
    pub(super) fn asked_today(&self, number: &str, now: Now) -> bool {
        self.callers.surveyed_since(number, now.wall.saturating_sub(DAY))
    }

    /// Remembers of a caller what a fact of his call tells.
    pub(super) fn remember(&mut self, call: CallRef, fact: &Fact, now: Now) {
        // Most facts tell nothing of the caller: for them no call is looked up.
        let (Fact::CallEnded { .. } | Fact::Surveyed { .. } | Fact::CallbackTried { .. } | Fact::Connected { .. }) =
            fact
        else {
            return;
        };
        let Some(live) = self.calls.get(&call) else { return };
        let journey = &live.call.journey;
        if !matches!(journey.origin, Origin::Trunk(_)) || journey.class.is_none() {
            return;
        }
        match fact {
            Fact::CallEnded { outcome: Outcome::Abandoned, .. } => {
                self.callers.gave_up(&journey.caller.number, now.wall);
                self.missed(call, Missed::Abandoned, now);
            }
            Fact::CallEnded { outcome: Outcome::Shed, .. } => self.missed(call, Missed::Shed, now),
            Fact::Surveyed { .. } => self.callers.surveyed(&journey.caller.number, now.wall),
            Fact::CallbackTried { reached, cause } => self.callbacks.tried(call, *reached, *cause),
            Fact::Connected { leg } => {
                let member = live.call.members().iter().find(|m| m.leg == *leg);
                let seat = member.and_then(|m| match &m.target {
                    Some(Target::Seat(seat)) => Some(seat),
                    _ => None,
                });
                let agent = seat.and_then(|seat| self.floor.seat(seat)).and_then(|v| v.agent).cloned();
                if let Some(agent) = agent {
                    self.callers.talks(&journey.caller.number, agent, now.wall);
                }
            }
            _ => {}
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
        let agent = AgentId::from(seat.as_str());
        // A phone that renews its registration signs nobody in who has signed out, or sits elsewhere.
        let comes = !reachable || fresh;
        if wants && comes && !known.is_some_and(|s| s.signed_in) && self.floor.seat_of(&agent).is_none() {
            self.floor.handle(acd::Input::SignIn { seat: seat.clone(), agent }, now);
            self.floor.handle(acd::Input::Ready { seat: seat.clone() }, now);
        }
        self.seat_returns(seat, now);
    }

    /// A phone cannot be reached any more.
    pub(super) fn seat_lost(&mut self, seat: &str, cause: Cause, now: Now) {
        let seat = SeatId::from(seat);
        self.changed.seat(&seat);
        self.fact(None, Fact::SeatLost { seat: seat.clone(), why: cause }, now);
        self.floor.handle(acd::Input::Lost { seat, cause }, now);
    }

    /// The skill a line asks for, where any seat has it at all: a caller must not wait for somebody who does not exist.
    /// Behind a colon stands its level.
    pub(super) fn skill(&self, skill: Option<&str>) -> Option<(SkillId, u8)> {
        let (name, level) = skill.map(|s| s.split_once(':').unwrap_or((s, "1")))?;
        let skill = SkillId::from(name.trim());
        self.skills.contains(&skill).then(|| (skill, level.trim().parse().unwrap_or(1)))
    }
}
