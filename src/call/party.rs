//! Who is in the call. The list follows what the call itself says, act by act, so that nobody can be forgotten.

use super::act::{About, Act};
use super::input::LegEvent;
use super::journey::Journey;
use super::order::Conflict;
use crate::clock::Now;
use crate::fact::{Fact, Origin, Target};
use crate::id::{LegRef, SeatId};
use smallvec::{SmallVec, smallvec};

/// The caller's leg.
pub const CALLER: LegRef = LegRef(0);

/// What a leg is in its call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
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

/// A leg as the call sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub leg: LegRef,
    /// Whom it leads to; `None`: the caller.
    pub target: Option<Target>,
    /// What it is in the call.
    pub role: Role,
    /// Answered.
    pub answered: bool,
    /// When it answered, µs monotonic; 0 for one that came over from another call.
    pub since: u64,
    /// Has us on hold.
    pub held: bool,
    /// Is held by the switch, by order.
    pub parked: bool,
    /// Is not heard, by order.
    pub muted: bool,
    /// Its phone has gone, and is awaited.
    pub away: bool,
    /// Hears music while the others are with each other.
    pub apart: bool,
}

impl Member {
    fn new(leg: LegRef, target: Option<Target>, role: Role) -> Self {
        Self {
            leg,
            target,
            role,
            answered: false,
            since: 0,
            held: false,
            parked: false,
            muted: false,
            away: false,
            apart: false,
        }
    }

    fn answered_at(self, since: u64) -> Self {
        Self { answered: true, since, ..self }
    }

    /// The seat that it leads to, if it is one.
    #[must_use]
    pub fn seat(&self) -> Option<&SeatId> {
        match &self.target {
            Some(Target::Seat(seat)) => Some(seat),
            Some(Target::Trunk { .. }) | None => None,
        }
    }

    /// Hears nobody and is heard by nobody: on hold, by its own doing or by order, or its phone has gone.
    #[must_use]
    pub fn is_away(&self) -> bool {
        self.held || self.parked || self.away
    }
}

/// Everybody who is in the call, or is being brought in.
#[derive(Debug)]
pub(super) struct Parties {
    all: SmallVec<[Member; 2]>,
}

impl Parties {
    /// Who is there when a call begins: the caller, unless he is called back.
    pub(super) fn of(journey: &Journey) -> Self {
        if journey.recall.is_some() { Self { all: SmallVec::new() } } else { Self::new() }
    }

    /// The caller alone.
    pub(super) fn new() -> Self {
        Self { all: smallvec![Member::new(CALLER, None, Role::Caller)] }
    }

    pub(super) fn all(&self) -> &[Member] {
        &self.all
    }

    pub(super) fn get(&self, leg: LegRef) -> Option<&Member> {
        self.all.iter().find(|m| m.leg == leg)
    }

    pub(super) fn get_mut(&mut self, leg: LegRef) -> Option<&mut Member> {
        self.all.iter_mut().find(|m| m.leg == leg)
    }

    /// The caller has not hung up.
    pub(super) fn has_caller(&self) -> bool {
        self.get(CALLER).is_some()
    }

    /// Whom the caller talks to first of all.
    pub(super) fn agent(&self) -> Option<&Member> {
        self.there(Role::Agent)
    }

    /// Who has been brought in and has answered.
    pub(super) fn target(&self) -> Option<&Member> {
        self.there(Role::Target)
    }

    /// The supervisor, once he is there.
    pub(super) fn supervisor(&self) -> Option<&Member> {
        self.there(Role::Supervisor)
    }

    fn there(&self, role: Role) -> Option<&Member> {
        self.all.iter().find(|m| m.role == role && m.answered)
    }

    /// A leg is not there for the others, or is again: it holds us, or its phone is gone.
    pub(super) fn turn(&mut self, leg: LegRef, event: LegEvent, origin: &Origin) -> SmallVec<[Act; 2]> {
        match event {
            LegEvent::Held(held) => self.hold(leg, held, origin),
            LegEvent::Away => self.away(leg, true, false).into_iter().collect(),
            LegEvent::Back { anew } => self.away(leg, false, anew).into_iter().collect(),
            _ => SmallVec::new(),
        }
    }

    /// A leg holds us or takes us back: whoever it talks to hears music meanwhile (product §5.10, interconnect "Hold"). A caller's
    /// seat, where he has one, is his `origin`.
    fn hold(&mut self, leg: LegRef, held: bool, origin: &Origin) -> SmallVec<[Act; 2]> {
        let Some(member) = self.get_mut(leg).filter(|m| m.held != held || (m.parked && !held)) else {
            return SmallVec::new();
        };
        // Whoever takes his line back by his phone has it back, whatever held it.
        (member.held, member.parked) = (held, member.parked && held);
        let seat = match (&member.target, origin) {
            (None, Origin::Seat(seat)) => Some(seat),
            _ => member.seat(),
        };
        held_acts(leg, held, seat)
    }

    /// A party's phone has gone and is awaited, or is back; nothing else of it changes: whom it held stays on hold, by us where the phone
    /// does not know of it any more.
    fn away(&mut self, leg: LegRef, away: bool, anew: bool) -> Option<Act> {
        let member = self.get_mut(leg).filter(|m| m.answered && m.away != away)?;
        member.away = away;
        if anew && std::mem::take(&mut member.held) {
            member.parked = true;
        }
        Some(Act::Fact(Fact::LegAway { leg, away }))
    }

    /// Who hears music while the others are with each other.
    pub(super) fn set_apart(&mut self, leg: Option<LegRef>) {
        self.all.iter_mut().for_each(|member| member.apart = leg == Some(member.leg));
    }

    /// The switch holds the talk for a party: his phone is told nothing, and hears silence.
    pub(super) fn park(&mut self, leg: LegRef, parked: bool) -> Result<SmallVec<[Act; 2]>, Conflict> {
        let Some(member) = self.get_mut(leg) else { return Err(Conflict::Nobody) };
        if std::mem::replace(&mut member.parked, parked) == parked {
            return Err(Conflict::Already);
        }
        Ok(held_acts(leg, parked, member.seat()))
    }

    /// A party is not heard any more, or is again, by order of `by`.
    pub(super) fn mute(&mut self, leg: LegRef, muted: bool, by: &str) -> Result<Act, Conflict> {
        let Some(member) = self.get_mut(leg) else { return Err(Conflict::Nobody) };
        if std::mem::replace(&mut member.muted, muted) == muted {
            return Err(Conflict::Already);
        }
        Ok(Act::Fact(Fact::Muted { leg, muted, ordered_by: by.to_owned() }))
    }

    /// A leg is off the wire.
    pub(super) fn remove(&mut self, leg: LegRef) {
        self.all.retain(|m| m.leg != leg);
    }

    /// Follows what the call says.
    pub(super) fn fold(&mut self, act: &Act, now: Now) {
        match act {
            Act::Dial { leg, target, about } => {
                let role = match about {
                    About::Recall => Role::Caller,
                    About::Service | About::Return => Role::Offered,
                    About::Transfer { .. } => Role::Target,
                    About::Supervision(_) => Role::Supervisor,
                };
                // A caller is nobody's target, whoever called.
                let target = Some(target.clone()).filter(|_| role != Role::Caller);
                self.all.push(Member::new(*leg, target, role));
            }
            Act::HangUp { leg, .. } => self.remove(*leg),
            Act::Answer => self.answers(CALLER, now),
            Act::Fact(Fact::LegAnswered { leg }) => self.answers(*leg, now),
            Act::Fact(Fact::LegMoved { leg, target, .. }) => {
                self.all.push(Member::new(*leg, Some(target.clone()), Role::Target).answered_at(0));
            }
            Act::Fact(Fact::LegReplaced { leg, by, target }) => {
                let role = self.get(*leg).map_or(Role::Offered, |m| m.role);
                self.all.push(Member::new(*by, Some(target.clone()), role).answered_at(now.mono));
            }
            Act::Fact(Fact::Connected { leg }) if self.agent().is_none() => {
                if let Some(member) = self.get_mut(*leg) {
                    member.role = Role::Agent;
                }
            }
            _ => {}
        }
    }

    fn answers(&mut self, leg: LegRef, now: Now) {
        if let Some(member) = self.get_mut(leg) {
            (member.answered, member.since) = (true, now.mono);
        }
    }
}

fn held_acts(leg: LegRef, held: bool, seat: Option<&SeatId>) -> SmallVec<[Act; 2]> {
    let seat = seat.map(|seat| Act::SeatHeld(seat.clone(), held));
    std::iter::once(Act::Fact(Fact::Held { leg, held })).chain(seat).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::Cause;

    #[test]
    fn the_list_follows_what_the_call_says() {
        let seat = |name: &str| Target::Seat(SeatId::from(name));
        let mut parties = Parties::new();
        let mut say = |act: Act| parties.fold(&act, Now::default());
        let dial = |leg, name, about| Act::Dial { leg: LegRef(leg), target: seat(name), about };
        say(dial(1, "8001", About::Service));
        say(Act::Fact(Fact::LegAnswered { leg: LegRef(1) }));
        say(Act::Fact(Fact::Connected { leg: LegRef(1) }));
        say(dial(2, "8002", About::Transfer { agent: None, brief: Box::default() }));
        say(Act::Fact(Fact::LegAnswered { leg: LegRef(2) }));
        say(Act::Fact(Fact::Connected { leg: LegRef(2) }));
        let roles = |p: &Parties| p.all().iter().map(|m| (m.leg.0, m.role)).collect::<Vec<_>>();
        let three = [(0, Role::Caller), (1, Role::Agent), (2, Role::Target)];
        assert_eq!(roles(&parties), three, "there is one agent at a time");
        let mut say = |act: Act| parties.fold(&act, Now::default());
        say(Act::Fact(Fact::LegReplaced { leg: LegRef(1), by: LegRef(3), target: seat("8003") }));
        say(Act::HangUp { leg: LegRef(1), cause: Cause::Elsewhere });
        assert_eq!(roles(&parties), [(0, Role::Caller), (2, Role::Target), (3, Role::Agent)]);
        parties.fold(&Act::HangUp { leg: LegRef(3), cause: Cause::Normal }, Now::default());
        parties.fold(&Act::Fact(Fact::Connected { leg: LegRef(2) }), Now::default());
        assert_eq!(roles(&parties), [(0, Role::Caller), (2, Role::Agent)], "and the next one after him");
    }
}
