//! The life of an offer, and of a call's stand in its line.

use super::Output;
use super::floor::{Floor, Offer};
use super::line::Waiting;
use super::plan::Strategy;
use super::seat::{NotNow, Rest, Seat};
use super::timers::Timer;
use crate::clock::{Now, SECOND};
use crate::fact::Cause;
use crate::id::{CallRef, OfferId, SeatId};

/// The longest that a call rings at whom its caller has talked with before, µs.
const STICKY: u64 = 10 * SECOND;

impl Floor {
    /// Reserves the seat; it must be between calls.
    pub(super) fn open_offer(&mut self, offer: Offer, deadline: u64, now: Now) -> OfferId {
        let id = self.next_offer();
        let seat = offer.seat.clone();
        self.timers.set(Timer::Offer(id), Some(deadline));
        self.by_call.insert((offer.call, id));
        self.offers.insert(id, offer);
        let draw = self.draw();
        self.change(&seat, now, |s| {
            s.draw = draw;
            s.reserve(id)
        });
        id
    }

    /// Offers a call in line to a ready seat.
    pub(super) fn offer(&mut self, call: CallRef, seat: SeatId, now: Now) {
        let draw = self.draw();
        let sticks = self.seats.get(&seat).and_then(|s| s.agent.clone());
        let Some(waiting) = self.calls.get_mut(&call) else { return };
        let group = waiting.entry.group.clone();
        let Some(queue) = self.groups.get_mut(&group) else { return };
        let limit = queue.plan.max_wait.map_or(u64::MAX, |wait| waiting.entered.saturating_add(wait));
        let all = queue.plan.strategy == Strategy::RingAll;
        let sticks = !all && sticks.is_some() && sticks == waiting.entry.sticky && waiting.is_new();
        let ring = if sticks { queue.plan.ring_time().min(STICKY) } else { queue.plan.ring_time() };
        let deadline = now.mono.saturating_add(ring).min(limit);
        waiting.turn_of(&seat);
        waiting.offers += 1;
        if waiting.offers == 1 {
            queue.ringing += 1;
        }
        if queue.plan.strategy != Strategy::RingAll {
            queue.dequeue(waiting.rank(), &waiting.ask(), waiting.tier);
            waiting.enqueued = false;
        }
        let member = self.seats.get(&seat).and_then(|s| s.position.groups.get(&group)).copied().unwrap_or_default();
        queue.pass_turn(&seat, member, draw);
        let id = self.open_offer(
            Offer { call, seat: seat.clone(), group: Some(group.clone()), at: now.mono },
            deadline,
            now,
        );
        self.out.push_back(Output::Offer { id, call, seat, group, deadline });
    }

    pub(super) fn rings(&mut self, id: OfferId, now: Now) -> Result<(), NotNow> {
        let Some(offer) = self.offers.get(&id) else {
            self.stale();
            return Ok(());
        };
        let seat = offer.seat.clone();
        self.change(&seat, now, Seat::rings).ok_or(NotNow)
    }

    pub(super) fn accepted(&mut self, id: OfferId, now: Now) -> Result<(), NotNow> {
        let Some(offer) = self.close_offer(id) else {
            self.stale();
            return Ok(());
        };
        let queue = offer.group.as_ref().and_then(|group| self.groups.get(group));
        let wrap_up = queue.map_or(0, |queue| queue.plan.wrap_up);
        let from_queue = offer.group.is_some();
        if from_queue {
            self.take_call(offer.call);
        }
        self.change(&offer.seat, now, |s| {
            s.talk(offer.call, wrap_up, now.mono);
            s.answered += u64::from(offer.group.is_some());
            s.handling = offer.group.map(|group| (group, offer.at));
        });
        // A seat that was asked for by name joins beside whoever the queue gives the call.
        let queued = |floor: &Self, id: &OfferId| floor.offers.get(id).is_some_and(|o| o.group.is_some());
        if from_queue {
            for other in self.offers_of(offer.call).into_iter().filter(|id| queued(self, id)).collect::<Vec<_>>() {
                self.withdraw(other, Cause::Elsewhere, now);
            }
        }
        Ok(())
    }

    pub(super) fn declined(&mut self, id: OfferId, cause: Cause, now: Now) -> Result<(), NotNow> {
        let Some(offer) = self.close_offer(id) else {
            self.stale();
            return Ok(());
        };
        let cooled = now.mono.saturating_add(self.settings.cool_down());
        let rests = offer.group.is_some() && cause != Cause::NoAnswer;
        if rests {
            self.timers.set(Timer::Rested(offer.seat.clone()), Some(cooled));
        }
        self.not_taken(&offer, cooled, now, |s| s.resting |= rests);
        Ok(())
    }

    /// The offer's time is over.
    pub(super) fn rang_out(&mut self, id: OfferId, now: Now) {
        let Some(offer) = self.close_offer(id) else { return };
        let Offer { call, seat, group, .. } = offer.clone();
        self.out.push_back(Output::Withdraw { id, call, seat, cause: Cause::NoAnswer });
        let cooled = now.mono.saturating_add(self.settings.cool_down());
        let limit = self.settings.no_answer_limit;
        let rest = self.settings.no_answer_rest;
        let until = (rest > 0).then(|| now.mono.saturating_add(rest));
        self.not_taken(&offer, cooled, now, |s| {
            s.no_answers = s.no_answers.saturating_add(u32::from(group.is_some()));
            if limit > 0 && s.no_answers >= limit && s.rest() == Some(&Rest::Ready) {
                s.silent(until);
            }
        });
    }

    /// The seat is free again and the call stands in line again, behind this seat's cool-down.
    fn not_taken(&mut self, offer: &Offer, cooled: u64, now: Now, act: impl FnOnce(&mut Seat)) {
        if let Some(waiting) = self.calls.get_mut(&offer.call).filter(|_| offer.group.is_some()) {
            waiting.not_taken(offer.seat.clone(), cooled);
        }
        self.change(&offer.seat, now, |s| {
            s.offer_over(now.mono);
            act(s);
        });
        if offer.group.is_some() {
            self.return_to_line(offer.call, now);
        }
    }

    /// Takes an offer back for a reason that is not the seat's; a call that still waits stands in line again.
    pub(super) fn withdraw(&mut self, id: OfferId, cause: Cause, now: Now) {
        let Some(Offer { call, seat, group, .. }) = self.close_offer(id) else { return };
        self.out.push_back(Output::Withdraw { id, call, seat: seat.clone(), cause });
        self.change(&seat, now, |s| s.offer_over(now.mono));
        if group.is_some() {
            self.return_to_line(call, now);
        }
    }

    fn close_offer(&mut self, id: OfferId) -> Option<Offer> {
        let offer = self.offers.remove(&id)?;
        self.by_call.remove(&(offer.call, id));
        self.timers.set(Timer::Offer(id), None);
        if let Some(group) = &offer.group
            && let Some(waiting) = self.calls.get_mut(&offer.call)
        {
            waiting.offers = waiting.offers.saturating_sub(1);
            if waiting.offers == 0
                && let Some(queue) = self.groups.get_mut(group)
            {
                queue.ringing = queue.ringing.saturating_sub(1);
            }
        }
        Some(offer)
    }

    pub(super) fn offers_of(&self, call: CallRef) -> Vec<OfferId> {
        self.by_call.range((call, OfferId(0))..=(call, OfferId(u64::MAX))).map(|(_, id)| *id).collect()
    }

    /// Puts a waiting call where seats find it, unless a seat rings for it or it stands there already.
    pub(super) fn return_to_line(&mut self, call: CallRef, now: Now) {
        let Some(waiting) = self.calls.get_mut(&call) else { return };
        let Some(queue) = self.groups.get_mut(&waiting.entry.group) else { return };
        if !waiting.enqueued && (waiting.offers == 0 || queue.plan.strategy == Strategy::RingAll) {
            queue.enqueue(waiting.rank(), &waiting.ask(), 0..=waiting.tier);
            waiting.enqueued = true;
        }
        self.thin.insert(waiting.entry.group.clone());
        self.changed_calls.insert(call);
        self.timers.set(Timer::Cooled(call), waiting.next_cooled(now.mono));
    }

    /// Takes the call out of its line. Its offers still have to be closed.
    pub(super) fn take_call(&mut self, call: CallRef) -> Option<Waiting> {
        let waiting = self.calls.remove(&call)?;
        if let Some(queue) = self.groups.get_mut(&waiting.entry.group) {
            queue.part(waiting.rank());
            if waiting.enqueued {
                queue.dequeue(waiting.rank(), &waiting.ask(), waiting.tier);
            }
            if waiting.offers > 0 {
                queue.ringing = queue.ringing.saturating_sub(1);
            }
            if queue.closed {
                self.thin.insert(waiting.entry.group.clone());
            }
        }
        for timer in [Timer::Overflow, Timer::Skill, Timer::Tier, Timer::Cooled, Timer::Announce] {
            self.timers.set(timer(call), None);
        }
        self.changed_calls.remove(&call);
        Some(waiting)
    }

    /// Sends the call on.
    pub(super) fn overflow(&mut self, call: CallRef, why: Cause, now: Now) {
        let Some(waiting) = self.take_call(call) else { return };
        for offer in self.offers_of(call) {
            self.withdraw(offer, why, now);
        }
        let (group, place) = (waiting.entry.group, waiting.entry.place);
        self.out.push_back(Output::Overflow { call, group, why, place });
    }
}
