//! Waiting for a seat: in a department's own group (unanswered, ringing) or in a queue (answered, with music).

use super::{About, Act, Call, Input, LegEvent, OfferResult, Shown, Stage};
use crate::clock::Now;
use crate::dialplan::{Group, Record};
use crate::fact::{Cause, Fact, Target};
use crate::id::{GroupId, LegRef, OfferId, SeatId};
use crate::patch::{Clip, PlayId, Source, Tone};
use std::sync::Arc;

/// Waiting, perhaps with seats ringing.
#[derive(Debug)]
pub(super) struct Queueing {
    group: GroupId,
    /// Kept seats: give up at this moment (µs monotonic) and go on with the script.
    give_up: Option<u64>,
    /// What rings: more than one only where the group rings all.
    offers: Vec<Offer>,
    /// Said before the music goes on.
    saying: Option<PlayId>,
    /// What is being said is the notice that the talk is recorded: it goes on while a seat rings, and ends with the answer.
    notice: bool,
}

#[derive(Debug, Clone)]
struct Offer {
    offer: OfferId,
    seat: SeatId,
    leg: LegRef,
}

impl Queueing {
    pub(super) fn deadline(&self) -> Option<u64> {
        self.give_up
    }

    pub(super) fn group(&self) -> &GroupId {
        &self.group
    }

    pub(super) fn offers(&self) -> impl Iterator<Item = (OfferId, LegRef)> + '_ {
        self.offers.iter().map(|o| (o.offer, o.leg))
    }
}

impl Call {
    /// A department's own seats ring at once; the caller is not answered for it.
    pub(super) fn ring_group(&mut self, group: GroupId, timeout_ms: u32, now: Now) {
        if self.plan_group(&group).is_some_and(|g| !self.journey.snapshot.plan.is_open(g, now.wall)) {
            // Closed is as nobody signed in: the next step.
            self.last = Cause::NoSeat;
            self.journey.sought = true;
            return self.advance(now);
        }
        self.show(Shown::Ringing);
        let give_up = Some(now.mono + u64::from(timeout_ms) * 1000);
        self.stage = Stage::Queueing(Queueing {
            group: group.clone(),
            give_up,
            offers: Vec::new(),
            saying: None,
            notice: false,
        });
        if self.shown >= Shown::Early {
            self.caller_hears(Source::Tone(Tone::Ringback));
        }
        self.enter(group, None);
    }

    /// A queue answers the call: the carrier would clear an unanswered one, and would pass no digits (product §6).
    pub(super) fn enter_queue(&mut self, group: GroupId, skill: Option<Arc<str>>, now: Now) {
        self.answer_as_switch();
        if !self.plan_group(&group).is_some_and(|g| self.journey.snapshot.plan.is_open(g, now.wall)) {
            self.last = Cause::NoSeat;
            self.journey.sought = true;
            return self.divert(&group, Cause::NoSeat, now);
        }
        self.stage = Stage::Queueing(Queueing {
            group: group.clone(),
            give_up: None,
            offers: Vec::new(),
            saying: None,
            notice: false,
        });
        self.enter(group.clone(), skill);
        self.wait_sound(true);
    }

    fn enter(&mut self, group: GroupId, skill: Option<Arc<str>>) {
        self.journey.sought = true;
        let (class, place) = (self.journey.rank_class(), self.journey.place);
        self.act(Act::Enter { group, skill, class, place });
    }

    fn plan_group(&self, id: &GroupId) -> Option<&Arc<Group>> {
        self.journey.snapshot.plan.group(id)
    }

    pub(super) fn queueing(&mut self, input: Input, now: Now) {
        match input {
            Input::Offered { offer, seat } => self.offered(offer, seat),
            Input::Withdrawn { offer, cause } => self.withdrawn(offer, cause),
            Input::Overflowed { group, cause, place } if self.group() == Some(&group) => {
                self.journey.place = self.journey.place.min(place);
                self.overflowed(cause, now);
            }
            Input::Position { position, wait } => self.say_position(position, wait),
            Input::PlayFinished(leg, play) if leg == self.caller() => self.said(play),
            Input::Due => {
                if let Stage::Queueing(q) = &self.stage
                    && q.give_up.is_some_and(|at| now.mono >= at)
                {
                    self.act(Act::Leave);
                    self.overflowed(Cause::NoAnswer, now);
                }
            }
            Input::Leg(leg, event) => self.seat_event(leg, event, now),
            Input::Begin
            | Input::Refused
            | Input::PlayFinished(..)
            | Input::Overflowed { .. }
            | Input::Reserved(..)
            | Input::HangUp(_) => {}
        }
    }

    /// Stop talking the instant a seat is free: the caller hears it ring.
    fn offered(&mut self, offer: OfferId, seat: SeatId) {
        let leg = self.dial(Target::Seat(seat.clone()), About::Service);
        if let Stage::Queueing(q) = &mut self.stage {
            q.offers.push(Offer { offer, seat, leg });
            if q.notice {
                return;
            }
            q.saying = None;
        }
        if self.shown >= Shown::Early {
            self.caller_hears(Source::Tone(Tone::Ringback));
        }
    }

    fn withdrawn(&mut self, offer: OfferId, cause: Cause) {
        let Stage::Queueing(q) = &mut self.stage else { return };
        let Some(at) = q.offers.iter().position(|o| o.offer == offer) else { return };
        let gone = q.offers.remove(at);
        self.last = cause;
        self.fact(Fact::LegFailed { leg: gone.leg, cause, status: None });
        self.drop_leg(gone.leg, cause);
        self.wait_sound(false);
    }

    fn seat_event(&mut self, leg: LegRef, event: LegEvent, now: Now) {
        let Stage::Queueing(q) = &mut self.stage else { return };
        let Some(at) = q.offers.iter().position(|o| o.leg == leg) else { return };
        let Offer { offer, seat, .. } = q.offers[at].clone();
        match event {
            LegEvent::Ringing | LegEvent::EarlyMedia => {
                self.fact(Fact::LegRinging { leg });
                self.act(Act::Offer(offer, OfferResult::Ringing));
            }
            LegEvent::Answered => {
                q.offers.remove(at);
                let others: Vec<Offer> = std::mem::take(&mut q.offers);
                self.act(Act::Offer(offer, OfferResult::Accepted));
                for other in others {
                    self.act(Act::Offer(other.offer, OfferResult::Declined(Cause::Elsewhere)));
                    self.fact(Fact::LegFailed { leg: other.leg, cause: Cause::Elsewhere, status: None });
                    self.drop_leg(other.leg, Cause::Elsewhere);
                }
                self.connect(leg, Some(seat), now);
            }
            LegEvent::Failed { cause, status } => {
                q.offers.remove(at);
                self.last = cause;
                self.fact(Fact::LegFailed { leg, cause, status });
                self.remove(leg);
                self.act(Act::Offer(offer, OfferResult::Declined(cause)));
                self.wait_sound(false);
            }
            LegEvent::Trying | LegEvent::Ended { .. } | LegEvent::Held(_) => {}
        }
    }

    /// What the caller hears while nobody rings: the welcome once, then the group's music, or ringback where there is none.
    fn wait_sound(&mut self, first: bool) {
        let Stage::Queueing(q) = &self.stage else { return };
        if !q.offers.is_empty() || q.notice || self.shown < Shown::Early {
            return;
        }
        let Some(group) = self.plan_group(&q.group).cloned() else { return };
        // Whoever comes back has heard it.
        let first = first && !self.journey.returned;
        let notice = group.recording_notice.as_ref().filter(|_| group.record != Record::Never);
        let said = [notice, group.welcome.as_ref()].into_iter().flatten().filter(|_| first);
        let clips: Vec<Clip> = said.filter_map(|p| self.journey.snapshot.clip(p)).collect();
        if clips.is_empty() {
            return self.caller_hears(self.waiting_source(&group));
        }
        self.say(clips);
        if let Stage::Queueing(q) = &mut self.stage {
            q.notice = first && notice.is_some();
        }
    }

    fn waiting_source(&self, group: &Group) -> Source {
        match group.waiting.as_ref().and_then(|p| self.journey.snapshot.clip(p)) {
            Some(clip) => Source::Play { play: PlayId(0), clips: [clip].into(), repeat: true },
            None => Source::Tone(Tone::Ringback),
        }
    }

    fn say(&mut self, clips: Vec<Clip>) {
        if clips.is_empty() {
            return;
        }
        let play = self.next_play();
        if let Stage::Queueing(q) = &mut self.stage {
            q.saying = Some(play);
        }
        self.caller_hears(Source::Play { play, clips: clips.into(), repeat: false });
    }

    fn said(&mut self, play: PlayId) {
        if let Stage::Queueing(q) = &mut self.stage
            && q.saying == Some(play)
        {
            (q.saying, q.notice) = (None, false);
            let rings = !q.offers.is_empty();
            self.wait_sound(false);
            if rings {
                self.caller_hears(Source::Tone(Tone::Ringback));
            }
        }
    }

    fn say_position(&mut self, position: u32, wait: Option<(u32, u32)>) {
        let Stage::Queueing(q) = &self.stage else { return };
        if !q.offers.is_empty() || q.saying.is_some() || self.shown < Shown::Answered {
            return;
        }
        let phrase = crate::ivr::position(position, wait);
        let clips: Option<Vec<Clip>> = phrase.iter().map(|p| self.journey.snapshot.clip(p)).collect();
        // A phrase with a hole in it is worse than none: without its prompts nothing is said.
        self.say(clips.unwrap_or_default());
    }

    /// This group cannot serve the call: a kept group's script goes on, a queue's own overflow follows.
    fn overflowed(&mut self, cause: Cause, now: Now) {
        let Stage::Queueing(q) = &mut self.stage else { return };
        let (group, kept) = (q.group.clone(), q.give_up.is_some());
        let offers = std::mem::take(&mut q.offers);
        for offer in offers {
            self.fact(Fact::LegFailed { leg: offer.leg, cause, status: None });
            self.drop_leg(offer.leg, cause);
        }
        self.fact(Fact::Overflowed { group: group.clone(), why: cause });
        self.last = if cause == Cause::WaitedLong { Cause::NoAnswer } else { cause };
        if kept { self.advance(now) } else { self.divert(&group, cause, now) }
    }

    fn divert(&mut self, group: &GroupId, cause: Cause, now: Now) {
        let overflow = self.plan_group(group).map(|g| g.overflow.clone());
        let stopped = self.journey.diversions > super::journey::MAX_DIVERSIONS;
        match overflow {
            Some(route) if !stopped && self.script.divert(&route) => self.advance(now),
            _ => {
                self.last = cause;
                self.release_last();
            }
        }
    }
}
