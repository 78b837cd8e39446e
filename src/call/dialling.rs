//! Reaching somebody by name: trunks in order, or one seat dialled directly.

use super::{About, Act, Call, Input, LegEvent, OfferResult, Shown, Stage};
use crate::clock::{MILLI, Now, SECOND};
use crate::dialplan::{Class, Digits};
use crate::fact::{Cause, Fact, Origin, Target};
use crate::id::{LegRef, OfferId, SeatId, TrunkId};
use crate::patch::topology::Hears;
use crate::patch::{Source, Tone, Topology};
use std::sync::Arc;

/// How long a directly dialled seat rings, µs.
const SEAT_RINGS: u64 = 60 * SECOND;

/// A leg is out, others may follow.
#[derive(Debug)]
pub(super) struct Dialling {
    to: To,
    leg: Option<LegRef>,
    /// Without any 1xx until then, the next trunk.
    progress_by: Option<u64>,
    /// Without an answer until then, the next step.
    answer_by: Option<u64>,
    /// The far side's own sound reaches the caller.
    early: bool,
}

#[derive(Debug)]
enum To {
    Trunks { order: Arc<[TrunkId]>, next: usize, number: Digits, progress: u64, timeout: u64 },
    Seat { seat: SeatId, offer: Option<OfferId> },
}

impl Dialling {
    pub(super) fn deadline(&self) -> Option<u64> {
        self.progress_by.into_iter().chain(self.answer_by).min()
    }

    /// The leg that is out, and the offer behind it.
    pub(super) fn attempt(&self) -> (Option<LegRef>, Option<OfferId>) {
        let offer = match &self.to {
            To::Seat { offer, .. } => *offer,
            To::Trunks { .. } => None,
        };
        (self.leg, offer)
    }
}

impl Call {
    pub(super) fn dial_trunks(
        &mut self,
        order: &Arc<[TrunkId]>,
        number: Digits,
        progress: u32,
        timeout: u32,
        now: Now,
    ) {
        // A step without a number of its own sends on the one that was dialled (patterns, overflow to a trunk).
        let number =
            if number == Digits::EMPTY { Digits::parse(&self.journey.dialled).unwrap_or(number) } else { number };
        let (progress, timeout) = (u64::from(progress) * MILLI, u64::from(timeout) * MILLI);
        let to = To::Trunks { order: order.clone(), next: 0, number, progress, timeout };
        self.stage = Stage::Dialling(Dialling { to, leg: None, progress_by: None, answer_by: None, early: false });
        self.try_next(now);
    }

    /// Seat to seat: this seat and no other.
    pub(super) fn dial_seat(&mut self, seat: SeatId) {
        let to = To::Seat { seat: seat.clone(), offer: None };
        self.stage = Stage::Dialling(Dialling { to, leg: None, progress_by: None, answer_by: None, early: false });
        self.act(Act::Reserve(seat));
    }

    /// The next trunk in order; none left: the next step of the script.
    fn try_next(&mut self, now: Now) {
        let origin = match &self.journey.origin {
            Origin::Trunk(trunk) => Some(trunk.clone()),
            Origin::Seat(_) => None,
        };
        let Stage::Dialling(d) = &mut self.stage else { return };
        let To::Trunks { order, next, number, progress, timeout } = &mut d.to else { return };
        let trunk = loop {
            match order.get(*next) {
                None => return self.trunks_exhausted(now),
                // A call is never sent back to where it came from (loop protection).
                Some(trunk) if Some(trunk) == origin.as_ref() || self.journey.looped.contains(trunk) => {
                    self.last = Cause::Loop;
                    *next += 1;
                }
                Some(trunk) => {
                    *next += 1;
                    break trunk.clone();
                }
            }
        };
        d.progress_by = Some(now.mono + *progress);
        d.answer_by = Some(now.mono + *timeout);
        d.early = false;
        let plan = &self.journey.snapshot.plan;
        let number = plan.trunk(&trunk).map_or_else(|| number.to_string(), |t| plan.spell(*number, t));
        let leg = self.dial(Target::Trunk { trunk, number }, About::Service);
        if let Stage::Dialling(d) = &mut self.stage {
            d.leg = Some(leg);
        }
        self.sound_of_ringing();
    }

    fn trunks_exhausted(&mut self, now: Now) {
        if self.journey.class == Some(Class::Emergency) {
            self.fact(Fact::Alarm {
                subject: format!("emergency {}", self.journey.dialled),
                text: "every emergency trunk failed".into(),
            });
        }
        if self.shown >= Shown::Early && self.shown < Shown::Answered && !self.script.is_finished() {
            self.caller_hears(Source::Tone(Tone::Ringback));
        }
        self.advance(now);
    }

    pub(super) fn dialling(&mut self, input: Input, now: Now) {
        match input {
            Input::Leg(leg, event) => self.dialled_event(leg, event, now),
            Input::Reserved(_, Ok(offer)) => self.reserved(offer, now),
            Input::Reserved(_, Err(cause)) => {
                self.last = cause;
                self.release_last();
            }
            Input::Withdrawn { offer, cause } => {
                if matches!(&self.stage, Stage::Dialling(d) if d.attempt().1 == Some(offer)) {
                    self.give_up(cause, now);
                }
            }
            Input::Due => self.dialling_due(now),
            Input::Begin
            | Input::Refused
            | Input::PlayFinished(..)
            | Input::Offered { .. }
            | Input::Overflowed { .. }
            | Input::Position { .. }
            | Input::HangUp(_) => {}
        }
    }

    fn reserved(&mut self, reserved: OfferId, now: Now) {
        let Stage::Dialling(d) = &mut self.stage else { return };
        let To::Seat { seat, offer } = &mut d.to else { return };
        *offer = Some(reserved);
        let seat = seat.clone();
        d.answer_by = Some(now.mono + SEAT_RINGS);
        let leg = self.dial(Target::Seat(seat), About::Service);
        if let Stage::Dialling(d) = &mut self.stage {
            d.leg = Some(leg);
        }
    }

    fn dialled_event(&mut self, leg: LegRef, event: LegEvent, now: Now) {
        let Stage::Dialling(d) = &mut self.stage else { return };
        if d.leg != Some(leg) {
            return;
        }
        match event {
            LegEvent::Ringing => {
                d.rings(now);
                self.rings(leg);
                self.sound_of_ringing();
            }
            LegEvent::EarlyMedia => {
                d.rings(now);
                let first = !std::mem::replace(&mut d.early, true);
                let seat = matches!(d.to, To::Seat { .. });
                self.rings(leg);
                if seat {
                    // A phone's own early sound is not let through; the caller hears our ringback.
                    self.sound_of_ringing();
                } else if first {
                    self.hear_early(leg);
                }
            }
            LegEvent::Answered => {
                let (_, offer) = d.attempt();
                let seat = match &d.to {
                    To::Seat { seat, .. } => Some(seat.clone()),
                    To::Trunks { .. } => None,
                };
                if let Some(offer) = offer {
                    self.act(Act::Offer(offer, OfferResult::Accepted));
                }
                self.connect(leg, seat, now);
            }
            LegEvent::Failed { cause, status } => {
                self.last = cause;
                self.fact(Fact::LegFailed { leg, cause, status });
                self.alarm_of_trunk(self.emergency_dialled(), leg, cause);
                self.remove(leg);
                self.next_attempt(cause, now);
            }
            LegEvent::Trying => d.rings(now),
            LegEvent::Ended { .. } | LegEvent::Held(_) => {}
        }
    }

    fn rings(&mut self, leg: LegRef) {
        let Stage::Dialling(d) = &self.stage else { return };
        let (_, offer) = d.attempt();
        self.fact(Fact::LegRinging { leg });
        if let Some(offer) = offer {
            self.act(Act::Offer(offer, OfferResult::Ringing));
        }
    }

    /// 180 before any early media; in-band ringback after it (interconnect, "Offer and answer").
    fn sound_of_ringing(&mut self) {
        if matches!(&self.stage, Stage::Dialling(d) if d.early) {
            return;
        }
        self.show(Shown::Ringing);
        if self.shown >= Shown::Early {
            self.caller_hears(Source::Tone(Tone::Ringback));
        }
    }

    fn hear_early(&mut self, leg: LegRef) {
        if self.journey.offerless_unreliable && self.shown < Shown::Answered {
            return self.show(Shown::Ringing);
        }
        self.show(Shown::Early);
        let mut topology = Topology::new();
        topology.set(self.caller(), Hears::Leg(leg));
        topology.set(leg, Hears::Leg(self.caller()));
        self.patch(topology);
    }

    fn dialling_due(&mut self, now: Now) {
        let Stage::Dialling(d) = &self.stage else { return };
        let due = |at: Option<u64>| at.is_some_and(|at| now.mono >= at);
        if due(d.progress_by) {
            self.give_up(Cause::Unreachable, now);
        } else if due(d.answer_by) {
            self.give_up(Cause::NoAnswer, now);
        }
    }

    fn emergency_dialled(&self) -> Option<String> {
        (self.journey.class == Some(Class::Emergency)).then(|| self.journey.dialled.clone())
    }

    /// The attempt in hand is given up; the next one is made.
    fn give_up(&mut self, cause: Cause, now: Now) {
        let Stage::Dialling(d) = &self.stage else { return };
        self.last = cause;
        if let Some(leg) = d.leg {
            self.fact(Fact::LegFailed { leg, cause, status: None });
            self.alarm_of_trunk(self.emergency_dialled(), leg, cause);
            self.drop_leg(leg, cause);
        }
        self.next_attempt(cause, now);
    }

    fn next_attempt(&mut self, cause: Cause, now: Now) {
        let Stage::Dialling(d) = &mut self.stage else { return };
        d.leg = None;
        (d.progress_by, d.answer_by) = (None, None);
        // No answer on an emergency trunk, or any failure: the next one. An ordinary line that was reached and did not
        // answer, or was busy, is the same behind every trunk.
        let same_everywhere = matches!(cause, Cause::NoAnswer | Cause::Busy | Cause::Rejected);
        let emergency = self.journey.class == Some(Class::Emergency);
        match &mut d.to {
            To::Trunks { .. } if emergency || !same_everywhere => self.try_next(now),
            To::Trunks { .. } => self.advance(now),
            To::Seat { offer, .. } => {
                if let Some(offer) = offer.take() {
                    self.act(Act::Offer(offer, OfferResult::Declined(cause)));
                }
                self.release_last();
            }
        }
    }
}

impl Dialling {
    fn rings(&mut self, now: Now) {
        if self.progress_by.take().is_some()
            && let To::Trunks { timeout, .. } = &self.to
        {
            self.answer_by = Some(now.mono + *timeout);
        }
    }
}
