//! Persons: who may sign in, with which PIN, and what agents and supervisors order about seats.

use super::Exchange;
use super::command::{Answer, SeatSet};
use crate::acd::{self, Reason, Work};
use crate::call::{Input as CallInput, Pin, SeatCode, SeatOrder, Unfit};
use crate::clock::{Now, SECOND};
use crate::fact::{Fact, Origin};
use crate::id::{AgentId, CallRef, SeatId};
use std::collections::BTreeMap;

/// Wrong PINs in a row after which a person is not listened to for a while.
const TRIES: u32 = 5;
/// How long that is, µs: it doubles with each further wrong one, up to the second value.
const LOCKED: (u64, u64) = (30 * SECOND, 900 * SECOND);

/// Wrong PINs. There is an entry only for persons who exist, so their number bounds it.
#[derive(Debug, Default)]
pub(super) struct Persons {
    wrong: BTreeMap<AgentId, Wrong>,
}

#[derive(Debug, Default)]
struct Wrong {
    count: u32,
    until: u64,
}

impl Persons {
    /// Holds a PIN against a person's.
    fn prove(&mut self, agent: &AgentId, known: Option<&Pin>, shown: &Pin, now: Now) -> Result<(), Unfit> {
        let Some(known) = known else { return Err(Unfit::NotHim) };
        if self.wrong.get(agent).is_some_and(|w| w.until > now.mono) {
            return Err(Unfit::Locked);
        }
        if known.is(shown) {
            self.wrong.remove(agent);
            return Ok(());
        }
        let wrong = self.wrong.entry(agent.clone()).or_default();
        wrong.count = wrong.count.saturating_add(1);
        if let Some(more) = wrong.count.checked_sub(TRIES) {
            wrong.until = now.mono + LOCKED.0.saturating_mul(1 << more.min(10)).min(LOCKED.1);
        }
        Err(Unfit::NotHim)
    }
}

impl Exchange {
    /// The code and what it means, where a seat has dialled one.
    pub(super) fn feature_code(&self, uri: &[u8]) -> Option<(String, SeatCode)> {
        let text = std::str::from_utf8(uri).ok()?;
        let user = text
            .split_once(':')?
            .1
            .split(['@', ';'])
            .next()?
            .replace("%2A", "*")
            .replace("%2a", "*")
            .replace("%23", "#");
        let code = self.settings.codes.dialled(&user)?;
        let shown = match &code {
            SeatCode::SignIn { .. } => self.settings.codes.sign_in.clone(),
            SeatCode::Order(_) => user,
        };
        Some((shown, code))
    }

    /// What a seat's own phone has ordered by a feature code.
    pub(super) fn seat_coded(&mut self, call: CallRef, order: SeatOrder, pin: Option<Pin>, now: Now) {
        let Some(live) = self.calls.get(&call) else { return };
        let Origin::Seat(seat) = live.call.journey.origin.clone() else { return };
        let proved = match (&order, pin) {
            (SeatOrder::SignIn(agent), pin) => {
                let known = self.settings.persons.get(agent).map(|p| &p.pin);
                self.persons.prove(agent, known, &pin.unwrap_or_default(), now)
            }
            _ => Ok(()),
        };
        let done = proved.and_then(|()| match order {
            SeatOrder::SignIn(agent) => self.sign_in(&seat, agent, Some(call), now),
            order => self.seat_order(&seat, order, now),
        });
        self.tell(call, CallInput::SeatOrdered(done), now);
    }

    /// What somebody has ordered who may: a supervisor, a program.
    pub(super) fn set_seat(
        &mut self,
        seat: SeatId,
        agent: Option<AgentId>,
        state: Option<SeatSet>,
        reason: String,
        by: String,
        now: Now,
    ) -> Answer {
        let here = self.floor.seat(&seat).and_then(|v| v.agent).cloned();
        let done = match (&agent, state) {
            (Some(agent), Some(SeatSet::Out)) if here.as_ref() != Some(agent) => Err(Unfit::Nobody),
            (Some(agent), _) if here.as_ref() != Some(agent) => {
                self.seat_order(&seat, SeatOrder::SignIn(agent.clone()), now)
            }
            _ => Ok(()),
        };
        let order = state.map(|state| match state {
            SeatSet::Ready => SeatOrder::Ready,
            SeatSet::Break => SeatOrder::BreakFor(reason.clone()),
            SeatSet::WrapUp => SeatOrder::WrapUp,
            SeatSet::Out => SeatOrder::SignOut,
        });
        let done = done.and_then(|()| order.map_or(Ok(()), |order| self.seat_order(&seat, order, now)));
        match done {
            Ok(()) => {
                // Paperwork that lasts longer is no other state, but ends later.
                self.changed.seat(&seat);
                let agent = agent.or(here);
                let state = state.map_or("in", SeatSet::word).to_owned();
                self.fact(None, Fact::SeatOrdered { seat, agent, state, by, reason }, now);
                Answer::Done
            }
            Err(why) => Answer::Unfit { why },
        }
    }

    /// Carries an order about a seat out; who gives it has been asked for his right.
    pub(super) fn seat_order(&mut self, seat: &SeatId, order: SeatOrder, now: Now) -> Result<(), Unfit> {
        let view = self.floor.seat(seat).ok_or(Unfit::NoSeat)?;
        let (here, work) = (view.agent.cloned(), view.state.work);
        if !matches!(order, SeatOrder::SignIn(_)) && here.is_none() {
            return Err(Unfit::Nobody);
        }
        let seat = seat.clone();
        let input = match order {
            SeatOrder::SignIn(agent) => return self.sign_in(&seat, agent, None, now),
            SeatOrder::SignOut => acd::Input::SignOut { seat },
            SeatOrder::Ready => acd::Input::Ready { seat },
            SeatOrder::Break(key) => acd::Input::NotReady { seat, reason: self.break_of(key)? },
            SeatOrder::BreakFor(words) if words.is_empty() => acd::Input::NotReady { seat, reason: Reason::Break },
            SeatOrder::BreakFor(words) => acd::Input::NotReady { seat, reason: Reason::Named(words.into()) },
            SeatOrder::WrapUp if matches!(work, Work::Reserved | Work::Ringing | Work::NotReady(_)) => {
                return Err(Unfit::NotNow);
            }
            SeatOrder::WrapUp => acd::Input::WrapUp { seat },
        };
        self.floor.handle(input, now);
        Ok(())
    }

    /// `code`: the call by which the seat's own phone asks for it.
    fn sign_in(&mut self, seat: &SeatId, agent: AgentId, code: Option<CallRef>, now: Now) -> Result<(), Unfit> {
        // Halls without persons have agents by their seats' names.
        if !self.settings.persons.contains_key(&agent) && agent.as_str() != seat.as_str() {
            return Err(Unfit::NotHim);
        }
        let elsewhere =
            self.floor.seat_of(&agent).filter(|other| *other != seat).and_then(|other| self.floor.seat(other));
        if elsewhere.is_some_and(|v| matches!(v.state.work, Work::Talking | Work::Held)) {
            return Err(Unfit::Elsewhere);
        }
        let view = self.floor.seat(seat).ok_or(Unfit::NoSeat)?;
        let displaces = view.agent.is_some_and(|other| *other != agent);
        let rests = matches!(view.state.work, Work::Ready | Work::NotReady(_) | Work::WrapUp);
        let alone = code.filter(|code| view.calls == [*code]);
        let sign_in = acd::Input::SignIn { seat: seat.clone(), agent: agent.clone() };
        match alone {
            // Whoever forgot to sign out goes now: nothing but this call keeps him.
            Some(call) if displaces => {
                self.floor.handle(acd::Input::SignOut { seat: seat.clone() }, now);
                self.floor.handle(acd::Input::TalkEnded { seat: seat.clone(), call }, now);
                self.floor.handle(sign_in, now);
                self.floor.handle(acd::Input::Occupy { seat: seat.clone(), call }, now);
            }
            _ if displaces && !rests => return Err(Unfit::Taken),
            _ => self.floor.handle(sign_in, now),
        }
        let signed_in = self.floor.seat(seat).is_some_and(|v| v.agent == Some(&agent));
        if signed_in { Ok(()) } else { Err(Unfit::NotNow) }
    }

    /// The reason behind a key.
    fn break_of(&self, key: Option<u8>) -> Result<Reason, Unfit> {
        let Some(key) = key else { return Ok(Reason::Break) };
        let word = self.settings.breaks.get(usize::from(key).saturating_sub(1)).ok_or(Unfit::NotNow)?;
        Ok(if &**word == Reason::Break.zh() { Reason::Break } else { Reason::Named(word.clone()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_wrong_pins_shut_a_person_out_for_longer_and_longer() {
        let (mut persons, li, pin, wrong) =
            (Persons::default(), AgentId::from("8041"), Pin::new("8041"), Pin::new("1"));
        let mut now = Now::default().plus(SECOND);
        let prove = |persons: &mut Persons, shown, now| persons.prove(&li, Some(&pin), shown, now);
        for _ in 0..TRIES {
            assert_eq!(prove(&mut persons, &wrong, now), Err(Unfit::NotHim));
        }
        assert_eq!(prove(&mut persons, &pin, now), Err(Unfit::Locked));
        now = now.plus(31 * SECOND);
        assert_eq!(prove(&mut persons, &wrong, now), Err(Unfit::NotHim));
        now = now.plus(31 * SECOND);
        assert_eq!(prove(&mut persons, &pin, now), Err(Unfit::Locked), "twice as long");
        now = now.plus(30 * SECOND);
        assert_eq!(prove(&mut persons, &pin, now), Ok(()));
        assert_eq!(prove(&mut persons, &wrong, now), Err(Unfit::NotHim), "counted anew");
        assert_eq!(persons.prove(&li, None, &pin, now), Err(Unfit::NotHim));
        assert_eq!(persons.prove(&li, Some(&Pin::default()), &Pin::default(), now), Err(Unfit::NotHim));
    }
}
