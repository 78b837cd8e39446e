//! Keys that an agent presses on a plain phone: feature codes, or digits for whoever he talks to. A caller's and a trunk's keys are
//! never commands (product §5).

use super::Exchange;
use super::codes::{MAX_KEYS, Meaning};
use super::due::Due;
use crate::call::{Order, SeatOrder};
use crate::clock::{Now, SECOND};
use crate::fact::{Brief, Origin, Target, Way};
use crate::id::{CallRef, LegRef};
use crate::patch::Command;
use std::sync::Arc;

/// A code that has begun ends after so long without a key, µs.
const PAUSE: u64 = 2 * SECOND;

impl Exchange {
    /// A key pressed on a leg.
    pub(super) fn key(&mut self, call: CallRef, leg: LegRef, digit: char, now: Now) {
        if !self.is_agents(call, leg) {
            return self.tell(call, crate::call::Input::Key(leg, digit), now);
        }
        let Some(live) = self.calls.get_mut(&call) else { return };
        live.pressed.text.push(digit);
        live.pressed.serial = live.pressed.serial.wrapping_add(1);
        let (keys, serial) = (live.pressed.text.clone(), live.pressed.serial);
        match self.settings.codes.meaning(&keys) {
            Meaning::Digits => self.pass_on(call, leg, now),
            Meaning::Order(order) => {
                self.forget(call);
                self.obey(call, leg, order, now);
            }
            Meaning::Seat(order) => {
                self.forget(call);
                self.seat_key(call, leg, order, now);
            }
            Meaning::Number if digit == '#' || keys.len() >= MAX_KEYS => self.number(call, leg, now),
            Meaning::Number if self.is_whole(call, &keys, now) => self.number(call, leg, now),
            Meaning::Number | Meaning::Break | Meaning::More => {
                self.wheel.set(now.mono + PAUSE, Due::Keys(call, leg, serial));
            }
        }
    }

    /// No key has followed.
    pub(super) fn keys_due(&mut self, call: CallRef, leg: LegRef, serial: u32, now: Now) {
        let Some(live) = self.calls.get(&call) else { return };
        if live.pressed.serial != serial || live.pressed.text.is_empty() {
            return;
        }
        match self.settings.codes.meaning(&live.pressed.text) {
            Meaning::Number => self.number(call, leg, now),
            Meaning::Break => {
                self.forget(call);
                self.seat_key(call, leg, SeatOrder::Break(None), now);
            }
            _ => self.pass_on(call, leg, now),
        }
    }

    /// Whether the leg is a seat's that serves a caller.
    pub(super) fn is_agents(&self, call: CallRef, leg: LegRef) -> bool {
        let Some(live) = self.calls.get(&call) else { return false };
        let seat = live.call.members().iter().any(|m| m.leg == leg && matches!(m.target, Some(Target::Seat(_))));
        seat && matches!(live.call.journey.origin, Origin::Trunk(_))
    }

    fn forget(&mut self, call: CallRef) {
        if let Some(live) = self.calls.get_mut(&call) {
            live.pressed.text.clear();
        }
    }

    /// Whether the keys name somebody and nobody's number goes on from there.
    fn is_whole(&self, call: CallRef, keys: &str, now: Now) -> bool {
        let Some(live) = self.calls.get(&call) else { return false };
        let plan = &live.call.journey.snapshot.plan;
        let codes = &self.settings.codes;
        let pressed = keys.get(codes.three_way.len()..).unwrap_or_default();
        let speed = codes.speed.keys().any(|key| key.len() > pressed.len() && key.starts_with(pressed));
        self.reachable(plan, codes.number(keys), now.wall).is_some() && !self.goes_on(plan, pressed) && !speed
    }

    fn number(&mut self, call: CallRef, leg: LegRef, now: Now) {
        let Some(live) = self.calls.get_mut(&call) else { return };
        let keys = std::mem::take(&mut live.pressed.text);
        let plan = Arc::clone(&live.call.journey.snapshot.plan);
        if self.settings.codes.number(&keys).is_empty() {
            // The code alone: with the one who is there already.
            return self.obey(call, leg, Order::Together, now);
        }
        match self.reachable(&plan, self.settings.codes.number(&keys), now.wall) {
            Some(to) => self.obey(call, leg, Order::Reach(Arc::new(to), Way::ThreeWay, Brief::default()), now),
            None => self.refuse_keys(call, leg, now),
        }
    }

    /// An order about the agent's own seat, from within a talk.
    fn seat_key(&mut self, call: CallRef, leg: LegRef, order: SeatOrder, now: Now) {
        let seat = self.calls.get(&call).and_then(|live| {
            let member = live.call.members().iter().find(|m| m.leg == leg)?;
            match &member.target {
                Some(Target::Seat(seat)) => Some(seat.clone()),
                _ => None,
            }
        });
        if seat.is_none_or(|seat| self.seat_order(&seat, order, now).is_err()) {
            self.refuse_keys(call, leg, now);
        }
    }

    fn obey(&mut self, call: CallRef, leg: LegRef, order: Order, now: Now) {
        if let Err(why) = self.order(call, leg, order, "", now) {
            tracing::debug!(%call, ?leg, ?why, "a feature code came to nothing");
            self.refuse_keys(call, leg, now);
        }
    }

    /// The agent hears that his code came to nothing.
    fn refuse_keys(&mut self, call: CallRef, leg: LegRef, now: Now) {
        let agent = self.calls.get(&call).and_then(|l| l.call.agent());
        if agent == Some(leg) {
            self.tell(call, crate::call::Input::Refused, now);
        }
    }

    /// Keys that were no code go to whoever the agent has brought in, else to the caller.
    fn pass_on(&mut self, call: CallRef, leg: LegRef, now: Now) {
        let _ = now;
        let Some(live) = self.calls.get_mut(&call) else { return };
        let digits = std::mem::take(&mut live.pressed.text);
        self.send_keys(call, leg, digits);
    }

    /// Keys of this leg, towards whomever it talks to. Whether there is somebody.
    pub(super) fn send_keys(&mut self, call: CallRef, leg: LegRef, digits: String) -> bool {
        let Some(live) = self.calls.get_mut(&call) else { return false };
        let to = live.call.listener(leg);
        let Some(lease) = to.and_then(|to| live.leg(to)).map(|l| l.lease) else { return false };
        let digits: Arc<str> = digits.into();
        self.media(Command::Digits { port: lease.port, epoch: lease.epoch, digits });
        true
    }
}
