//! The floor's three verbs, and what each input does to a seat or a call.

use super::group::Queue;
use super::line::Waiting;
use super::plan::{Plan, Position, Settings};
use super::seat::{Doing, NotNow, Rest, Seat};
use super::shown::{SeatState, Work};
use super::timers::{Timer, Timers};
use super::{Entry, Input, Output};
use crate::clock::{Now, SECOND};
use crate::fact::Cause;
use crate::id::{AgentId, CallRef, GroupId, OfferId, SeatId};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The operating floor. See the module's own page for what it promises.
#[derive(Debug, Default)]
pub struct Floor {
    pub(super) settings: Settings,
    pub(super) seats: BTreeMap<SeatId, Seat>,
    pub(super) groups: BTreeMap<GroupId, Queue>,
    pub(super) calls: BTreeMap<CallRef, Waiting>,
    pub(super) offers: BTreeMap<OfferId, Offer>,
    pub(super) by_call: BTreeSet<(CallRef, OfferId)>,
    pub(super) timers: Timers,
    pub(super) out: VecDeque<Output>,
    /// Calls and seats for which something may have become possible; empty between inputs.
    pub(super) changed_calls: BTreeSet<CallRef>,
    pub(super) changed_seats: BTreeSet<SeatId>,
    /// Groups that may have nobody left to serve them; empty between inputs.
    pub(super) thin: BTreeSet<GroupId>,
    /// What persons serve, wherever they sit.
    pub(super) people: BTreeMap<AgentId, Position>,
    agents: BTreeMap<AgentId, SeatId>,
    draws: u64,
    last_offer: u64,
    counts: Counts,
}

/// An offer that has not been answered.
#[derive(Debug, Clone)]
pub(super) struct Offer {
    pub call: CallRef,
    pub seat: SeatId,
    /// The group whose queue the call waits in; `None` where the seat was dialled directly.
    pub group: Option<GroupId>,
    /// When it began, mono µs.
    pub at: u64,
}

/// Inputs that came too late or meant nothing. They change nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Answers to an offer that is over.
    pub stale: u64,
    /// Unknown seats or groups, and what the seat's state does not allow.
    pub refused: u64,
}

/// Why a seat cannot be dialled directly.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReserveError {
    /// The plan has no such seat.
    #[error("seat {0} is not in the plan")]
    Unknown(SeatId),
    /// Its phone has no binding.
    #[error("the phone of seat {0} cannot be reached")]
    Unreachable(SeatId),
    /// It is reserved, ringing or in a call.
    #[error("seat {0} is {1}")]
    Busy(SeatId, Work),
}

/// One seat, for screens and for the call that must know who sits there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeatView<'a> {
    /// Its state.
    pub state: SeatState,
    /// Who is signed in.
    pub agent: Option<&'a AgentId>,
    /// The offer that is on its way or rings.
    pub offer: Option<OfferId>,
    /// The calls it is in; more than one while consulting.
    pub calls: Vec<CallRef>,
    /// End of the last talk, or of the last break if that was later; mono µs.
    pub idle_since: u64,
    /// Since when it is in this state, wall µs.
    pub since: i64,
    /// When wrap-up, or the pause after calls that rang out, is over; mono µs.
    pub until: Option<u64>,
    /// Calls of queues that the agent has answered since he signed in.
    pub answered: u64,
    /// How long he has talked since then, µs.
    pub talked: u64,
    /// What it serves: the agent's groups and skills, or the seat's own.
    pub serves: &'a Position,
}

impl Floor {
    /// A floor with this plan; all its seats are signed out and unreachable.
    #[must_use]
    pub fn new(plan: Plan, now: Now) -> Self {
        let mut floor = Self::default();
        floor.handle(Input::SetPlan(Box::new(plan)), now);
        floor
    }

    /// Takes one input, after everything that is due by `now` has happened; afterwards both promises of the floor hold.
    pub fn handle(&mut self, input: Input, now: Now) {
        self.advance(now);
        let entered = match &input {
            Input::Enter(entry) => Some(entry.call),
            _ => None,
        };
        if self.apply(input, now).is_err() {
            self.counts.refused += 1;
        }
        self.settle(now);
        if let Some(call) = entered {
            self.turn_away_if_full(call, now);
        }
    }

    /// The next thing that shall happen or has happened.
    pub fn poll(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    /// When [`Input::Tick`] is due if nothing else comes, mono µs.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        self.timers.next()
    }

    /// Reserves a directly dialled seat for this call, at once or not at all: from here on no queue can offer it another.
    /// The answers [`Input::Ringing`], [`Input::Accepted`], [`Input::Declined`] and [`Input::Leave`] apply to it;
    /// without one it is withdrawn after [`Settings::direct_limit`]. A seat on a break or signed out can be dialled too.
    ///
    /// # Errors
    /// If the seat is unknown, unreachable, or has a call in hand.
    pub fn reserve(&mut self, seat: &SeatId, call: CallRef, now: Now) -> Result<OfferId, ReserveError> {
        self.advance(now);
        self.settle(now);
        let known = self.seats.get(seat).filter(|s| !s.retired);
        let Some(found) = known else {
            return Err(ReserveError::Unknown(seat.clone()));
        };
        if !found.reachable {
            return Err(ReserveError::Unreachable(seat.clone()));
        }
        if found.rest().is_none() {
            return Err(ReserveError::Busy(seat.clone(), found.shown().work));
        }
        let deadline = now.mono.saturating_add(self.settings.direct_limit.max(SECOND));
        Ok(self.open_offer(Offer { call, seat: seat.clone(), group: None, at: now.mono }, deadline, now))
    }

    /// The call has its place in a queue, whether a seat rings for it or not.
    #[must_use]
    pub fn is_waiting(&self, call: CallRef) -> bool {
        self.calls.contains_key(&call)
    }

    /// The offer is still waiting for its answer.
    #[must_use]
    pub fn is_live(&self, offer: OfferId) -> bool {
        self.offers.contains_key(&offer)
    }

    /// One seat of the plan, or one that has left it and is still in a call.
    #[must_use]
    pub fn seat(&self, id: &SeatId) -> Option<SeatView<'_>> {
        self.seats.get(id).map(view)
    }

    /// All seats in the order of their names.
    pub fn seats(&self) -> impl Iterator<Item = (&SeatId, SeatView<'_>)> {
        self.seats.iter().map(|(id, seat)| (id, view(seat)))
    }

    /// Calls in the group's line, those included for which a seat rings, in order; nothing for an unknown group.
    pub fn waiting(&self, group: &GroupId) -> impl Iterator<Item = CallRef> + '_ {
        self.groups.get(group).into_iter().flat_map(Queue::calls)
    }

    /// Seats at work in a group: signed in, reachable, not on a break.
    #[must_use]
    pub fn at_work(&self, group: &GroupId) -> u64 {
        self.groups.get(group).map_or(0, |queue| queue.staff().whole)
    }

    /// The seat where the agent is signed in.
    #[must_use]
    pub fn seat_of(&self, agent: &AgentId) -> Option<&SeatId> {
        self.agents.get(agent)
    }

    /// Inputs that were ignored so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    fn apply(&mut self, input: Input, now: Now) -> Result<(), NotNow> {
        match input {
            Input::Tick => Ok(()),
            Input::SetPlan(plan) => {
                self.set_plan(*plan, now);
                Ok(())
            }
            Input::Register { seat } => self.change(&seat, now, |s| s.reachable = true).ok_or(NotNow),
            Input::Lost { seat, cause } => self.lost(&seat, cause, now),
            Input::SignIn { seat, agent } => self.sign_in(&seat, agent, now),
            Input::SignOut { seat } => self.sign_out(&seat, now),
            Input::Ready { seat } => self.change(&seat, now, |s| s.ready(now.mono)).ok_or(NotNow)?,
            Input::NotReady { seat, reason } => self.change(&seat, now, |s| s.not_ready(reason)).ok_or(NotNow)?,
            Input::WrapUp { seat } => {
                let long = self.settings.long_wrap_up.max(SECOND);
                self.change(&seat, now, |s| s.wrap_up(long, now.mono)).ok_or(NotNow)?
            }
            Input::Enter(entry) => self.enter(entry, now),
            Input::Leave { call } => {
                self.leave(call, Cause::CallerGone, now);
                Ok(())
            }
            Input::Ringing { offer } => self.rings(offer, now),
            Input::Accepted { offer } => self.accepted(offer, now),
            Input::Declined { offer, cause } => self.declined(offer, cause, now),
            Input::Occupy { seat, call } => self.occupy(&seat, call, now),
            Input::TalkEnded { seat, call } => {
                self.change(&seat, now, |s| s.talk_ended(call, now.mono)).ok_or(NotNow)?
            }
            Input::Quit { seat, call } => self.quit(&seat, call, now),
            Input::Held { seat, call, held } => {
                self.change(&seat, now, |s| s.held(call, held, now.mono)).ok_or(NotNow)?
            }
        }
    }

    /// The one way to change a seat: keeps the groups' indexes, the timers and the reported state in step.
    pub(super) fn change<R>(&mut self, id: &SeatId, now: Now, act: impl FnOnce(&mut Seat) -> R) -> Option<R> {
        let seat = self.seats.get_mut(id)?;
        count(&mut self.groups, id, seat, false);
        let (from, was) = (seat.shown(), seat.agent.clone());
        let result = act(seat);
        if seat.agent != was {
            self.thin.extend(seat.position.groups.keys().cloned());
            seat.position = served(&self.people, seat);
        }
        count(&mut self.groups, id, seat, true);
        self.timers.set(Timer::Seat(id.clone()), seat.due(self.settings.held_limit));
        if seat.available() {
            self.changed_seats.insert(id.clone());
        }
        if !seat.present() {
            self.thin.extend(seat.position.groups.keys().cloned());
        }
        if matches!(seat.doing, Doing::Rest(Rest::Ready | Rest::NotReady(_)))
            && let Some((group, since)) = seat.handling.take()
            && let Some(queue) = self.groups.get_mut(&group)
        {
            queue.handled(now.mono.saturating_sub(since));
        }
        let (to, agent) = (seat.shown(), seat.agent.clone());
        let gone = seat.retired && seat.rest().is_some();
        if agent != was
            && let Some(was) = &was
            && self.agents.get(was) == Some(id)
        {
            self.agents.remove(was);
        }
        if from != to || was != agent {
            seat.since = now.wall;
            self.out.push_back(Output::SeatChanged { seat: id.clone(), agent: agent.or(was), from, to });
        }
        if gone {
            self.seats.remove(id);
            self.timers.set(Timer::Seat(id.clone()), None);
            self.timers.set(Timer::Rested(id.clone()), None);
            self.changed_seats.remove(id);
        }
        Some(result)
    }

    fn sign_in(&mut self, id: &SeatId, agent: AgentId, now: Now) -> Result<(), NotNow> {
        if self.seats.get(id).is_none_or(|s| s.retired) {
            return Err(NotNow);
        }
        let before = self.agents.get(&agent).filter(|before| *before != id).cloned();
        let former = before.as_ref().and_then(|before| self.seats.get(before));
        if former.is_some_and(|s| matches!(s.doing, Doing::Talk(_))) {
            return Err(NotNow);
        }
        let shift = former.map(|s| (s.answered, s.talked));
        self.change(id, now, |s| {
            let done = s.sign_in(agent.clone());
            if let (Ok(()), Some(shift)) = (&done, shift) {
                (s.answered, s.talked) = shift;
            }
            done
        })
        .ok_or(NotNow)??;
        if let Some(before) = before {
            self.sign_out(&before, now)?;
        }
        self.agents.insert(agent, id.clone());
        Ok(())
    }

    pub(super) fn sign_out(&mut self, id: &SeatId, now: Now) -> Result<(), NotNow> {
        let offer = self.seats.get(id).and_then(Seat::offer);
        self.change(id, now, Seat::sign_out).ok_or(NotNow)??;
        if let Some(offer) = offer {
            self.withdraw(offer, Cause::Unreachable, now);
        }
        Ok(())
    }

    fn lost(&mut self, id: &SeatId, cause: Cause, now: Now) -> Result<(), NotNow> {
        let offer = self.seats.get(id).and_then(Seat::offer);
        self.change(id, now, |s| s.reachable = false).ok_or(NotNow)?;
        if let Some(offer) = offer {
            self.withdraw(offer, cause, now);
        }
        Ok(())
    }

    fn occupy(&mut self, id: &SeatId, call: CallRef, now: Now) -> Result<(), NotNow> {
        let offer = self.seats.get(id).ok_or(NotNow)?.offer();
        if let Some(offer) = offer {
            if self.offers.get(&offer).is_some_and(|o| o.call == call) {
                return self.accepted(offer, now);
            }
            self.change(id, now, |s| s.talk(call, 0, now.mono));
            self.withdraw(offer, Cause::Busy, now);
            return Ok(());
        }
        self.change(id, now, |s| s.talk(call, 0, now.mono)).ok_or(NotNow)
    }

    fn enter(&mut self, entry: Entry, now: Now) -> Result<(), NotNow> {
        let (call, group) = (entry.call, entry.group.clone());
        if let Some(before) = self.calls.get(&call) {
            if before.entry.group == group {
                return Err(NotNow);
            }
            self.leave(call, Cause::Elsewhere, now);
        }
        let Some(queue) = self.groups.get_mut(&group).filter(|q| !q.closed) else {
            self.out.push_back(Output::Overflow { call, group, why: Cause::NoSeat, place: entry.place });
            return Err(NotNow);
        };
        let waiting = Waiting::new(entry, now.mono);
        queue.join(waiting.rank());
        let announce = queue.plan.announce;
        self.calls.insert(call, waiting);
        self.time_call(call);
        if let Some(announce) = announce {
            self.timers.set(Timer::Announce(call), Some(now.mono.saturating_add(announce.first)));
        }
        self.out.push_back(Output::Queued { call, group });
        self.return_to_line(call, now);
        // A delay of nothing is over already.
        self.advance(now);
        Ok(())
    }

    /// Takes the call's offers back and the call out of its line.
    fn leave(&mut self, call: CallRef, cause: Cause, now: Now) {
        self.take_call(call);
        for offer in self.offers_of(call) {
            self.withdraw(offer, cause, now);
        }
    }

    fn quit(&mut self, seat: &SeatId, call: CallRef, now: Now) -> Result<(), NotNow> {
        let rested = now.mono.saturating_add(self.settings.cool_down());
        self.change(seat, now, |s| {
            let ended = s.talk_ended(call, now.mono);
            s.resting |= ended.is_ok();
            ended
        })
        .ok_or(NotNow)??;
        self.timers.set(Timer::Rested(seat.clone()), Some(rested));
        Ok(())
    }

    /// A random number (SplitMix64).
    pub(super) fn draw(&mut self) -> u64 {
        self.draws = self.draws.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.draws ^ self.settings.seed;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(super) fn next_offer(&mut self) -> OfferId {
        self.last_offer += 1;
        OfferId(self.last_offer)
    }

    pub(super) fn stale(&mut self) {
        self.counts.stale += 1;
    }
}

fn view(seat: &Seat) -> SeatView<'_> {
    SeatView {
        state: seat.shown(),
        agent: seat.agent.as_ref(),
        offer: seat.offer(),
        calls: match &seat.doing {
            Doing::Talk(talk) => talk.calls.iter().map(|line| line.0).collect(),
            Doing::Rest(_) | Doing::Offered { .. } => Vec::new(),
        },
        idle_since: seat.idle_since,
        since: seat.since,
        until: seat.due(0),
        answered: seat.answered,
        talked: seat.talked,
        serves: &seat.position,
    }
}

/// What a seat serves: its agent's groups and skills; where the agent has no groups, or is no person of the plan, its own.
pub(super) fn served(people: &BTreeMap<AgentId, Position>, seat: &Seat) -> Position {
    let person = seat.agent.as_ref().and_then(|agent| people.get(agent)).filter(|_| !seat.retired);
    match person {
        None => seat.own.clone(),
        Some(person) if person.groups.is_empty() => {
            Position { groups: seat.own.groups.clone(), skills: person.skills.clone() }
        }
        Some(person) => person.clone(),
    }
}

pub(super) fn count(groups: &mut BTreeMap<GroupId, Queue>, id: &SeatId, seat: &Seat, enter: bool) {
    for (group, member) in &seat.position.groups {
        if let Some(queue) = groups.get_mut(group) {
            queue.count(id, seat, *member, enter);
        }
    }
}
