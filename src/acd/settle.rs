//! What is due, who goes to whom, and who is sent on.

use super::Output;
use super::floor::{Floor, count, served};
use super::group::Queue;
use super::line::{Score, Told, Waiting};
use super::plan::{Plan, Strategy};
use super::seat::{Rest, Seat};
use super::shown::Reason;
use super::timers::Timer;
use crate::clock::{MILLI, Now, SECOND};
use crate::fact::{Cause, Longer};
use crate::id::{CallRef, SeatId};
use std::collections::BTreeSet;

impl Floor {
    /// Lets everything happen that is due; who goes to whom is decided afterwards, in [`Self::settle`].
    pub(super) fn advance(&mut self, now: Now) {
        while let Some((_, timer)) = self.timers.pop(now.mono) {
            match timer {
                Timer::Overflow(call) => self.overflow(call, Cause::WaitedLong, now),
                Timer::Offer(offer) => self.rang_out(offer, now),
                Timer::Seat(seat) => {
                    let held = self.change(&seat, now, |s| s.limit_over(now.mono)).unwrap_or_default();
                    let expired = held.into_iter().map(|call| Output::HoldExpired { seat: seat.clone(), call });
                    self.out.extend(expired);
                }
                Timer::Rested(seat) => {
                    self.change(&seat, now, |s| s.resting = false);
                }
                Timer::Skill(call) => self.widen(call),
                Timer::Tier(call) => self.open_tier(call),
                Timer::Cooled(call) => {
                    self.changed_calls.insert(call);
                    let next = self.calls.get(&call).and_then(|c| c.next_cooled(now.mono));
                    self.timers.set(Timer::Cooled(call), next);
                }
                Timer::Announce(call) => self.announce(call, now),
            }
        }
    }

    /// Brings calls and seats together until no waiting call and ready seat are eligible for each other.
    ///
    /// Candidates are the calls that have changed and, for each seat that has, the best call it may take. The lowest score goes
    /// first. Before the input no pair was eligible, so whoever could go before a candidate at any seat is a candidate too.
    pub(super) fn settle(&mut self, now: Now) {
        let mut agenda: BTreeSet<(Score, Option<SeatId>)> = BTreeSet::new();
        for call in std::mem::take(&mut self.changed_calls) {
            agenda.extend(self.score(call, now).map(|score| (score, None)));
        }
        for seat in std::mem::take(&mut self.changed_seats) {
            agenda.extend(self.best_call(&seat, now).map(|score| (score, Some(seat))));
        }
        while let Some((score, changed)) = agenda.pop_first() {
            for seat in self.best_seats(score.call, now) {
                self.offer(score.call, seat, now);
            }
            if let Some(seat) = changed
                && let Some(next) = self.best_call(&seat, now)
                && next != score
            {
                agenda.insert((next, Some(seat)));
            }
        }
        self.send_on_from_thin_groups(now);
    }

    fn score(&self, call: CallRef, now: Now) -> Option<Score> {
        let waiting = self.calls.get(&call).filter(|c| c.enqueued)?;
        let queue = self.groups.get(&waiting.entry.group)?;
        Some(waiting.rank().score(queue.plan.weight, now.wall))
    }

    /// The call that this seat should take next.
    fn best_call(&self, id: &SeatId, now: Now) -> Option<Score> {
        let seat = self.seats.get(id).filter(|s| s.available())?;
        let warm = |call| self.calls.get(&call).is_some_and(|c| c.fresh(id, now.mono).is_some());
        let groups = seat.position.groups.iter();
        groups
            .filter_map(|(group, member)| {
                self.groups.get(group)?.first_call(&seat.position, member.tier, now.wall, warm)
            })
            .min()
    }

    /// The seat that should take this call, or every one if the group rings all. Seats that had no turn in this round come first.
    fn best_seats(&self, call: CallRef, now: Now) -> Vec<SeatId> {
        let Some(waiting) = self.calls.get(&call).filter(|c| c.enqueued) else { return Vec::new() };
        let Some(queue) = self.groups.get(&waiting.entry.group) else { return Vec::new() };
        if let Some(seat) = self.sticky_seat(waiting, queue) {
            return vec![seat.clone()];
        }
        let ask = waiting.ask();
        let ready = queue.ready(&ask, waiting.tier);
        let mut eligible = ready.filter_map(|seat| Some((waiting.fresh(seat, now.mono)?, seat)));
        if queue.plan.strategy == Strategy::RingAll {
            return eligible.map(|(_, seat)| seat.clone()).collect();
        }
        let Some((fresh, first)) = eligible.next() else { return Vec::new() };
        let best = if fresh { first } else { eligible.find(|(fresh, _)| *fresh).map_or(first, |(_, seat)| seat) };
        vec![best.clone()]
    }

    /// The seat of whom the caller has talked with before, if he may take the call at once and nobody has been offered it.
    fn sticky_seat(&self, waiting: &Waiting, queue: &Queue) -> Option<&SeatId> {
        let all = queue.plan.strategy == Strategy::RingAll;
        let agent = waiting.entry.sticky.as_ref().filter(|_| waiting.is_new() && !all)?;
        let id = self.seat_of(agent)?;
        let seat = self.seats.get(id).filter(|s| s.available())?;
        let member = seat.position.groups.get(&waiting.entry.group)?;
        let may = !queue.closed && member.tier <= waiting.tier && waiting.is_met_by(&seat.position.skills);
        may.then_some(id)
    }

    /// Where nobody is left, calls go on; a call for which a seat still rings waits for that.
    fn send_on_from_thin_groups(&mut self, now: Now) {
        while let Some(group) = self.thin.pop_first() {
            let Some(queue) = self.groups.get(&group) else { continue };
            let deserted = queue.closed || (queue.plan.on_no_seats && queue.present == 0);
            if deserted && queue.unserved() > 0 {
                let alone = |call: &CallRef| self.calls.get(call).is_some_and(|c| c.offers == 0);
                let calls: Vec<_> = queue.calls().filter(alone).collect();
                for call in calls {
                    self.overflow(call, Cause::NoSeat, now);
                }
            }
            if self.groups.get(&group).is_some_and(|q| q.closed && q.len() == 0) {
                self.groups.remove(&group);
            }
        }
    }

    /// A call that has just entered goes on if nobody rings for it and the line was full, or its wait would be too long.
    pub(super) fn turn_away_if_full(&mut self, call: CallRef, now: Now) {
        let Some(waiting) = self.calls.get(&call).filter(|c| c.offers == 0) else { return };
        let Some(queue) = self.groups.get(&waiting.entry.group) else { return };
        if queue.plan.max_size.is_some_and(|size| queue.unserved() > size) {
            return self.overflow(call, Cause::Congestion, now);
        }
        let likely = || queue.likely_wait(queue.position(waiting.rank()));
        let too_long = |most: u64| likely().is_some_and(|(_, high)| u64::from(high) * MILLI > most);
        if queue.plan.max_estimate.is_some_and(too_long) {
            self.overflow(call, Cause::Congestion, now);
        }
    }

    /// Arms what depends on the plan and on when the call entered.
    pub(super) fn time_call(&mut self, call: CallRef) {
        let Some(waiting) = self.calls.get(&call) else { return };
        let Some(queue) = self.groups.get(&waiting.entry.group) else { return };
        let after = |delay: u64| waiting.entered.saturating_add(delay);
        // Each level below the one it came with has taken one wait more.
        let steps = u64::from(waiting.asked.saturating_sub(waiting.entry.level)) + 1;
        let skill =
            queue.plan.skill_wait.filter(|_| waiting.entry.skill.is_some()).map(|wait| wait.saturating_mul(steps));
        self.timers.set(Timer::Overflow(call), queue.plan.max_wait.map(after));
        self.timers.set(Timer::Skill(call), skill.map(after));
        let tier = queue.next_tier(waiting.tier).map(|(_, delay)| after(delay));
        self.timers.set(Timer::Tier(call), tier);
    }

    fn widen(&mut self, call: CallRef) {
        let Some(waiting) = self.calls.get_mut(&call) else { return };
        let before = waiting.ask();
        waiting.widen();
        if waiting.enqueued
            && let Some(queue) = self.groups.get_mut(&waiting.entry.group)
        {
            queue.dequeue(waiting.rank(), &before, waiting.tier);
            queue.enqueue(waiting.rank(), &waiting.ask(), 0..=waiting.tier);
        }
        self.changed_calls.insert(call);
        self.time_call(call);
    }

    fn open_tier(&mut self, call: CallRef) {
        let Some(waiting) = self.calls.get_mut(&call) else { return };
        let Some(queue) = self.groups.get_mut(&waiting.entry.group) else { return };
        if let Some((tier, _)) = queue.next_tier(waiting.tier) {
            waiting.tier = tier;
            if waiting.enqueued {
                queue.enqueue(waiting.rank(), &waiting.ask(), tier..=tier);
            }
        }
        self.changed_calls.insert(call);
        self.time_call(call);
    }

    fn announce(&mut self, call: CallRef, now: Now) {
        let Some(waiting) = self.calls.get(&call) else { return };
        let Some(queue) = self.groups.get(&waiting.entry.group) else { return };
        let Some(announce) = queue.plan.announce else { return };
        if waiting.offers == 0 {
            let told = self.tell_position(call, now);
            self.out.extend(told);
        }
        let next = now.mono.saturating_add(announce.every.max(SECOND));
        self.timers.set(Timer::Announce(call), Some(next));
    }

    /// Position and likely wait, and why that ends later than the caller was told before, if it does.
    fn tell_position(&mut self, call: CallRef, now: Now) -> Option<Output> {
        let waiting = self.calls.get_mut(&call)?;
        let queue = self.groups.get(&waiting.entry.group)?;
        let (position, seats) = (queue.position(waiting.rank()), queue.staff().whole);
        let wait = queue.likely_wait(position);
        let mut longer = None;
        if let Some((_, high)) = wait {
            let until = now.mono.saturating_add(u64::from(high).saturating_mul(MILLI));
            longer = waiting.told.filter(|told| until > told.until).map(|told| match told {
                _ if seats < told.seats => Longer::FewerSeats,
                _ if position > told.position => Longer::Overtaken,
                _ => Longer::LongTalks,
            });
            waiting.told = Some(Told { position, seats, until });
        }
        Some(Output::Position { call, position, wait, longer })
    }

    /// Puts a plan in force: groups and memberships as it says, calls, offers and seat states as they are.
    pub(super) fn set_plan(&mut self, plan: Plan, now: Now) {
        self.settings = plan.settings;
        self.people = plan.agents;
        let mut groups = plan.groups;
        for (id, queue) in &mut self.groups {
            queue.clear();
            match groups.remove(id) {
                Some(group) => (queue.plan, queue.closed) = (group, false),
                None => queue.closed = true,
            }
        }
        self.groups.extend(groups.into_iter().map(|(id, group)| (id, Queue::new(group))));
        self.thin.extend(self.groups.keys().cloned());
        let mut seats = plan.seats;
        let mut leaving = Vec::new();
        for (id, seat) in &mut self.seats {
            let position = seats.remove(id);
            seat.retired = position.is_none();
            seat.own = position.unwrap_or_default();
            seat.position = served(&self.people, seat);
            if seat.retired {
                leaving.push(id.clone());
            }
            count(&mut self.groups, id, seat, true);
            self.timers.set(Timer::Seat(id.clone()), seat.due(self.settings.held_limit));
        }
        for (id, position) in seats {
            let draw = self.draw();
            self.seats.insert(id, Seat::new(position, draw, now.wall));
        }
        self.relay_calls(now);
        for id in leaving {
            self.dismiss(&id, now);
        }
    }

    /// Enqueues every call in the lanes of the new plan. All have changed, so that the order between them decides, not that of seats.
    fn relay_calls(&mut self, now: Now) {
        let calls: Vec<_> = self.calls.keys().copied().collect();
        for call in calls {
            if let Some(waiting) = self.calls.get_mut(&call) {
                waiting.enqueued = false;
                waiting.tier = 0;
            }
            self.time_call(call);
            self.return_to_line(call, now);
            let announce = self.calls.get(&call).and_then(|c| self.groups.get(&c.entry.group)?.plan.announce);
            let armed = self.timers.at(&Timer::Announce(call));
            let next = announce.map(|a| armed.unwrap_or(now.mono.saturating_add(a.every.max(SECOND))));
            self.timers.set(Timer::Announce(call), next);
        }
        self.advance(now);
    }

    /// A seat that is no longer in the plan: its offer is withdrawn, its talk may end in peace.
    fn dismiss(&mut self, id: &SeatId, now: Now) {
        let offer = self.seats.get(id).and_then(Seat::offer);
        self.change(id, now, |s| {
            if s.sign_out().is_err() && s.rest().is_some() {
                s.doing = super::seat::Doing::Rest(Rest::NotReady(Reason::SignedOut));
            }
        });
        if let Some(offer) = offer {
            self.withdraw(offer, Cause::Unreachable, now);
        }
    }
}
