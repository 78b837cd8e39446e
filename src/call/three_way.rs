//! One key, three parties: while caller and agent talk, a third is reached and joins (product §5, clause by clause).
//!
//! ```text
//!   order ──► Asking ──► Ringing ──► Joined ──► two-way again, by whoever leaves
//!               ▲           │ fails
//!               └───────────┘ next try; none left: told to the agent, who never left the caller
//! ```
//! The caller is always with the agent, with the target, in the queue, or has hung up: no way leads out of here without one of them.

use super::reach::{Reach, Reachable, Try};
use super::{About, Act, Call, Conflict, Input, LegEvent, OfferResult, Stage};
use crate::clock::{Now, SECOND};
use crate::fact::{Brief, Cause, Fact, Party, Target, TransferResult, Way};
use crate::id::{GroupId, LegRef, OfferId, SeatId, TrunkId};
use crate::patch::{Clip, PlayId, Source};
use std::sync::Arc;

/// So long the floor is waited for with another seat of a group whose first one could not be had, µs.
const NEXT_SEAT: u64 = SECOND / 10;

/// Somebody is brought in.
#[derive(Debug)]
pub(super) struct ThreeWay {
    id: u32,
    way: Way,
    reach: Reach,
    state: State,
    /// Who is kept apart with music: the caller while the agent consults, the target while the agent is with the caller.
    apart: Apart,
    rang: bool,
    /// The seat of who asked for it: the caller comes back to it.
    from: Option<SeatId>,
    brief: Brief,
    /// A 3xx has been followed.
    redirected: bool,
    /// It has answered and is told who comes, before it joins.
    whisper: Option<(PlayId, Arc<[Clip]>)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Apart {
    Nobody,
    Caller,
    Target,
}

#[derive(Debug)]
enum State {
    /// The floor is asked for a seat: of a group, or one by name. `failed`: one of the group could not be had, and if there is no
    /// other at once, nobody can.
    Asking { group: Option<GroupId>, until: u64, failed: Option<(u64, Cause)> },
    /// An attempt is out.
    Ringing {
        leg: LegRef,
        seat: Option<(SeatId, OfferId)>,
        /// The group that the seat is of, if it was not asked for by name.
        group: Option<GroupId>,
        progress_by: Option<u64>,
        answer_by: u64,
        timeout: u64,
        early: bool,
    },
    /// All three talk, or two of them after one has left.
    Joined { leg: LegRef, seat: Option<SeatId> },
}

impl ThreeWay {
    pub(super) fn is_emergency(&self) -> bool {
        self.reach.to.emergency
    }

    pub(super) fn is_reaching(&self) -> bool {
        !matches!(self.state, State::Joined { .. })
    }

    pub(super) fn joined(&self) -> Option<LegRef> {
        match &self.state {
            State::Joined { leg, .. } => Some(*leg),
            State::Asking { .. } | State::Ringing { .. } => None,
        }
    }

    pub(super) fn joined_seat(&self) -> Option<(LegRef, &SeatId)> {
        match &self.state {
            State::Joined { leg, seat: Some(seat) } => Some((*leg, seat)),
            _ => None,
        }
    }

    /// Another phone has taken the joined one's place. The seat that is free by that.
    pub(super) fn replaced(&mut self, by: LegRef, with: SeatId) -> Option<SeatId> {
        match &mut self.state {
            State::Joined { leg, seat } => {
                *leg = by;
                seat.replace(with)
            }
            State::Asking { .. } | State::Ringing { .. } => None,
        }
    }

    /// The leg whose own early sound is heard.
    pub(super) fn early(&self) -> Option<LegRef> {
        match &self.state {
            State::Ringing { leg, early: true, .. } => Some(*leg),
            _ => None,
        }
    }

    /// What the joined target is being told, alone.
    pub(super) fn whispered(&self, leg: LegRef) -> Option<Source> {
        let (play, clips) = self.whisper.as_ref().filter(|_| self.joined() == Some(leg))?;
        Some(Source::Play { play: *play, clips: Arc::clone(clips), repeat: false })
    }

    /// Who hears none of the others at present.
    pub(super) fn apart(&self, caller: LegRef) -> Option<LegRef> {
        match (self.apart, &self.state) {
            (_, State::Joined { leg, .. }) if self.whisper.is_some() => Some(*leg),
            (Apart::Caller, _) => Some(caller),
            (Apart::Target, State::Joined { leg, .. }) => Some(*leg),
            _ => None,
        }
    }

    pub(super) fn deadline(&self) -> Option<u64> {
        match &self.state {
            State::Asking { until, failed, .. } => Some(failed.map_or(*until, |(at, _)| at.min(*until))),
            State::Ringing { progress_by, answer_by, .. } => Some(progress_by.unwrap_or(*answer_by).min(*answer_by)),
            State::Joined { .. } => None,
        }
    }

    /// The attempt that is out: its leg, and the offer behind it.
    pub(super) fn attempt(&self) -> Option<(LegRef, Option<OfferId>)> {
        match &self.state {
            State::Ringing { leg, seat, .. } => Some((*leg, seat.as_ref().map(|(_, offer)| *offer))),
            State::Asking { .. } | State::Joined { .. } => None,
        }
    }
}

impl Call {
    fn third(&mut self) -> Option<&mut ThreeWay> {
        self.talk()?.third.as_deref_mut()
    }

    pub(super) fn begin_reaching(
        &mut self,
        from: LegRef,
        to: Arc<Reachable>,
        way: Way,
        brief: Brief,
        by: &str,
        now: Now,
    ) {
        self.serials.transfer += 1;
        let id = self.serials.transfer;
        // 110, 119, 120, 122 are three-way from the first moment, whatever was asked for (product §5.9).
        let way = if to.emergency { Way::ThreeWay } else { way };
        self.fact(Fact::TransferAsked {
            transfer: id,
            by: from,
            to: to.number.clone(),
            title: to.title.clone(),
            way,
            emergency: to.emergency,
            ordered_by: by.to_owned(),
            brief: brief.clone(),
        });
        let apart = if way == Way::Consult { Apart::Caller } else { Apart::Nobody };
        let state = State::Asking { group: None, until: now.mono, failed: None };
        if let Some(talking) = self.talk() {
            let from = talking.seat.clone();
            let third = ThreeWay {
                id,
                way,
                reach: Reach::new(to),
                state,
                apart,
                rang: false,
                from,
                brief,
                redirected: false,
                whisper: None,
            };
            (talking.third, talking.told) = (Some(Box::new(third)), None);
        }
        if way == Way::Blind {
            self.agent_steps_out();
        }
        self.reach_next(None, now);
    }

    /// The next attempt; none left: it has failed.
    fn reach_next(&mut self, failed: Option<Cause>, now: Now) {
        let same = matches!(failed, Some(Cause::NoAnswer | Cause::Busy | Cause::Rejected));
        let Some(third) = self.third() else { return };
        let Some(next) = third.reach.next(same) else {
            return self.not_reached(failed.unwrap_or(Cause::Unreachable), now);
        };
        match next {
            Try::Trunk { trunk, number, progress, timeout } => {
                let plan = &self.journey.snapshot.plan;
                let number = plan.trunk(&trunk).map_or_else(|| number.to_string(), |t| plan.spell(number, t));
                let about = self.about_transfer();
                let leg = self.dial(Target::Trunk { trunk, number }, about);
                let (progress_by, answer_by) = (Some(now.mono + progress), now.mono + progress + timeout);
                self.ringing(State::Ringing {
                    leg,
                    seat: None,
                    group: None,
                    progress_by,
                    answer_by,
                    timeout,
                    early: false,
                });
            }
            Try::Seat { seat, timeout } => {
                self.ringing(State::Asking { group: None, until: now.mono + timeout, failed: None });
                self.act(Act::Reserve(seat));
            }
            Try::Group { group, timeout } => {
                self.ringing(State::Asking { group: Some(group.clone()), until: now.mono + timeout, failed: None });
                let place = now.wall;
                self.act(Act::Enter { group, skill: None, class: 0, place });
            }
        }
        self.patch_talk();
    }

    fn about_transfer(&mut self) -> About {
        let Some(third) = self.third() else { return About::Service };
        About::Transfer { agent: third.from.clone(), brief: Box::new(third.brief.clone()) }
    }

    fn ringing(&mut self, state: State) {
        if let Some(third) = self.third() {
            third.state = state;
        }
    }

    /// What the floor says, or the exchange of a reservation.
    pub(super) fn third_told(&mut self, input: Input, now: Now) {
        let Some(third) = self.third() else {
            if let Input::Offered { offer, .. } | Input::Reserved(_, Ok(offer)) = input {
                self.act(Act::Offer(offer, OfferResult::Declined(Cause::CallerGone)));
            }
            return;
        };
        match (&third.state, input) {
            (State::Asking { group: Some(group), until, .. }, Input::Offered { offer, seat }) => {
                let (group, answer_by) = (group.clone(), *until);
                self.ring_seat(seat, offer, Some(group), answer_by);
            }
            (State::Asking { group: None, until, .. }, Input::Reserved(seat, Ok(offer))) => {
                let answer_by = *until;
                self.ring_seat(seat, offer, None, answer_by);
            }
            (State::Asking { group: None, .. }, Input::Reserved(_, Err(cause))) => self.reach_next(Some(cause), now),
            (State::Asking { group: Some(asked), failed, .. }, Input::Overflowed { group, cause, .. })
                if *asked == group =>
            {
                let cause = failed.map_or(cause, |(_, cause)| cause);
                self.reach_next(Some(cause), now);
            }
            (State::Ringing { seat: Some((_, offer)), .. }, Input::Withdrawn { offer: gone, cause })
                if *offer == gone =>
            {
                self.attempt_failed(cause, None, true, now);
            }
            (_, Input::Offered { offer, .. } | Input::Reserved(_, Ok(offer))) => {
                self.act(Act::Offer(offer, OfferResult::Declined(Cause::CallerGone)));
            }
            _ => {}
        }
    }

    fn ring_seat(&mut self, seat: SeatId, offer: OfferId, group: Option<GroupId>, answer_by: u64) {
        let about = self.about_transfer();
        let leg = self.dial(Target::Seat(seat.clone()), about);
        self.ringing(State::Ringing {
            leg,
            seat: Some((seat, offer)),
            group,
            progress_by: None,
            answer_by,
            timeout: 0,
            early: false,
        });
        self.patch_talk();
    }

    /// What a leg reports that is not the agent's.
    pub(super) fn third_event(&mut self, leg: LegRef, event: LegEvent, now: Now) {
        let Some(third) = self.third() else { return };
        match &third.state {
            State::Ringing { leg: out, .. } if *out == leg => self.reached_event(leg, event, now),
            State::Joined { leg: joined, .. } if *joined == leg => {
                if let LegEvent::Ended { cause } | LegEvent::Failed { cause, .. } = event {
                    self.third_gone(leg, cause, now);
                }
            }
            State::Asking { .. } | State::Ringing { .. } | State::Joined { .. } => {}
        }
    }

    fn reached_event(&mut self, leg: LegRef, event: LegEvent, now: Now) {
        match event {
            LegEvent::Trying => self.progressed(now),
            LegEvent::Ringing | LegEvent::EarlyMedia => {
                self.progressed(now);
                self.fact(Fact::LegRinging { leg });
                let Some(third) = self.third() else { return };
                let (id, first) = (third.id, !std::mem::replace(&mut third.rang, true));
                let offer = third.attempt().and_then(|(_, offer)| offer);
                if let (State::Ringing { early, seat: None, .. }, LegEvent::EarlyMedia) = (&mut third.state, event) {
                    *early = true;
                }
                if let Some(offer) = offer {
                    self.act(Act::Offer(offer, OfferResult::Ringing));
                }
                if first {
                    self.fact(Fact::TransferRinging { transfer: id, leg });
                }
                self.patch_talk();
            }
            LegEvent::Answered => self.third_joins(leg, now),
            LegEvent::Failed { cause, status } => self.attempt_failed(cause, status, false, now),
            LegEvent::Ended { cause } => self.attempt_failed(cause, None, false, now),
            LegEvent::Held(_) => {}
        }
    }

    fn progressed(&mut self, now: Now) {
        if let Some(State::Ringing { progress_by, answer_by, timeout, .. }) = self.third().map(|t| &mut t.state)
            && progress_by.take().is_some()
        {
            *answer_by = now.mono + *timeout;
        }
    }

    /// The attempt that is out came to nothing. `ours`: we end it.
    fn attempt_failed(&mut self, cause: Cause, status: Option<u16>, ours: bool, now: Now) {
        let Some(third) = self.third() else { return };
        let State::Ringing { leg, seat, group, answer_by, .. } = &third.state else { return };
        let (leg, offer) = (*leg, seat.as_ref().map(|(_, offer)| *offer));
        let (group, until) = (group.clone(), *answer_by);
        let emergency = third.is_emergency().then(|| third.reach.to.number.clone());
        self.fact(Fact::LegFailed { leg, cause, status });
        self.alarm_of_trunk(emergency, leg, cause);
        if ours {
            self.drop_leg(leg, cause);
        } else {
            self.remove(leg);
        }
        if let Some(offer) = offer {
            self.act(Act::Offer(offer, OfferResult::Declined(cause)));
        }
        match group {
            // A group is more than one phone: the floor offers the next seat, if there is one.
            Some(_) if until > now.mono => {
                self.ringing(State::Asking { group, until, failed: Some((now.mono + NEXT_SEAT, cause)) });
                self.patch_talk();
            }
            Some(_) => {
                self.act(Act::Leave);
                self.reach_next(Some(cause), now);
            }
            None => self.reach_next(Some(cause), now),
        }
    }

    /// The target that rings says where it is now (3xx): tried next, once, in its name.
    pub fn redirect(&mut self, leg: LegRef, found: Reachable) {
        let Some(third) = self.third() else { return };
        let rings = matches!(&third.state, State::Ringing { leg: out, .. } if *out == leg);
        if rings && !third.redirected && !found.emergency && found.number != third.reach.to.number {
            third.redirected = true;
            let to = Reachable { tries: found.tries, ..(*third.reach.to).clone() };
            third.reach = Reach::new(Arc::new(to));
        }
    }

    /// An emergency trunk that cannot be had is worth a look at once, though the next one is tried.
    pub(super) fn alarm_of_trunk(&mut self, emergency: Option<String>, leg: LegRef, cause: Cause) {
        let trunk = self.members.iter().find(|m| m.leg == leg).and_then(|m| match &m.target {
            Some(Target::Trunk { trunk, .. }) => Some(trunk.clone()),
            _ => None,
        });
        if let (Some(number), Some(trunk), false) = (emergency, trunk, cause == Cause::CallerGone) {
            let text = trunk_text(&trunk, cause);
            self.fact(Fact::Alarm { subject: format!("emergency {number}"), text });
        }
    }

    /// Every try failed: the caller is still with the agent, who is told (product §5.4).
    fn not_reached(&mut self, cause: Cause, now: Now) {
        let Some(third) = self.talk().and_then(|t| t.third.take()) else { return };
        self.fact(Fact::TransferEnded { transfer: third.id, result: TransferResult::Failed, cause: Some(cause) });
        if third.is_emergency() {
            let subject = format!("emergency {}", third.reach.to.number);
            self.fact(Fact::Alarm { subject, text: "every emergency trunk failed".into() });
        }
        self.journey.came_back = Some((third.reach.to.called(), cause));
        self.without_third(third.from, cause, now);
    }

    /// What is left when nobody is brought in any more. `from`: the seat of who asked.
    fn without_third(&mut self, from: Option<SeatId>, cause: Cause, now: Now) {
        let caller = self.has_caller();
        let Some(talking) = self.talk() else { return };
        match (talking.with.is_some(), caller, from) {
            (true, true, _) => self.tell_agent(super::cause::heard(cause), now),
            // The agent has gone: an emergency line's caller is helped by a seat, whoever is first; another comes back to him.
            (false, true, Some(seat)) if talking.rejoin.is_none() => self.come_back(seat, cause, now),
            (false, true, _) => {
                self.fact(Fact::Returned { seat: None, cause });
                self.back_to_queue(now);
            }
            (_, false, _) => self.release_all(Party::Switch, Cause::Unreachable),
        }
    }

    /// The target answered (product §5.3).
    fn third_joins(&mut self, leg: LegRef, now: Now) {
        let Some(third) = self.third() else { return };
        let State::Ringing { seat, .. } = &third.state else { return };
        let (id, way, seat) = (third.id, third.way, seat.clone());
        third.state = State::Joined { leg, seat: seat.as_ref().map(|(seat, _)| seat.clone()) };
        if let Some(member) = self.member(leg) {
            member.answered = true;
        }
        self.fact(Fact::LegAnswered { leg });
        if let Some((_, offer)) = seat {
            self.act(Act::Offer(offer, OfferResult::Accepted));
        }
        self.fact(Fact::TransferEnded { transfer: id, result: TransferResult::Joined, cause: None });
        let clips = self.whisper_clips();
        if clips.is_empty() {
            return self.third_is_in(way, now);
        }
        let play = self.next_play();
        if let Some(third) = self.third() {
            third.whisper = Some((play, clips.into()));
        }
        self.patch_talk();
    }

    /// Whom the caller comes from and who he is; nothing for an emergency line (product §5.2).
    fn whisper_clips(&mut self) -> Vec<Clip> {
        if self.third().is_none_or(|t| t.is_emergency()) {
            return Vec::new();
        }
        let journey = &self.journey;
        let Some(first) = journey.whisper.as_ref().and_then(|p| journey.snapshot.clip(p)) else { return Vec::new() };
        let caller = if journey.caller.private { "" } else { journey.caller.number.as_str() };
        let digits = [journey.dialled.as_str(), caller].into_iter().flat_map(crate::ivr::spelled);
        std::iter::once(first).chain(digits.filter_map(|p| journey.snapshot.clip(&p))).collect()
    }

    /// The target has been told.
    pub(super) fn whisper_over(&mut self, leg: LegRef, play: PlayId, now: Now) {
        let Some(third) = self.third().filter(|t| t.joined() == Some(leg)) else { return };
        let way = third.way;
        if third.whisper.take_if(|(told, _)| *told == play).is_some() {
            self.third_is_in(way, now);
        }
    }

    fn third_is_in(&mut self, way: Way, now: Now) {
        let agent = self.talk().and_then(|t| t.with);
        match (agent, way) {
            (Some(_), Way::OnAnswer | Way::Blind | Way::Attended) => self.agent_leaves(now),
            (Some(_), Way::ThreeWay | Way::Consult) => self.patch_talk(),
            // The agent had gone while an emergency line rang: the caller joins it now.
            (None, _) => self.third_takes_over(),
        }
    }

    /// The target becomes the one the caller talks to.
    fn third_takes_over(&mut self) {
        self.dismiss_rejoin(Cause::Elsewhere);
        let Some(talking) = self.talk() else { return };
        let Some(third) = talking.third.take() else { return };
        let State::Joined { leg, seat } = third.state else { return };
        (talking.with, talking.seat) = (Some(leg), seat);
        self.fact(Fact::Connected { leg });
        self.patch_talk();
    }

    /// The agent goes; caller and target go on, or agent-less target and nobody: then it is over.
    pub(super) fn agent_leaves(&mut self, now: Now) {
        if self.agent_steps_out() && !self.goes_on_without_agent(now) {
            self.release_all(Party::Callee, Cause::Normal);
        }
    }

    /// The agent's leg ends by his own will. `true`: there was one.
    fn agent_steps_out(&mut self) -> bool {
        let Some(talking) = self.talk() else { return false };
        let (Some(agent), seat) = (talking.with.take(), talking.seat.take()) else { return false };
        self.lets_go(agent, seat, Cause::Normal, Cause::Normal);
        true
    }

    /// The agent has gone. `true`: what follows for the others has been done (product §5.6).
    pub(super) fn goes_on_without_agent(&mut self, now: Now) -> bool {
        let caller = self.has_caller();
        let Some(third) = self.third() else { return false };
        let emergency = third.is_emergency();
        // A transfer on answer needs its agent no more than an emergency line does.
        let goes_on = emergency || matches!(third.way, Way::OnAnswer | Way::Blind);
        match (third.joined().is_some(), caller) {
            // The caller had hung up as well: the emergency line alone is nobody's talk.
            (_, false) => {
                self.end_third(TransferResult::AgentGone, Cause::Normal);
                false
            }
            (true, true) => {
                self.third_takes_over();
                true
            }
            // Not cancelled: the caller hears it ring and joins on the answer. To an emergency's caller somebody comes meanwhile.
            (false, true) if goes_on => {
                if emergency {
                    self.ask_for_helper();
                }
                self.patch_talk();
                true
            }
            (false, true) => {
                self.end_third(TransferResult::AgentGone, Cause::CallerGone);
                self.fact(Fact::Returned { seat: None, cause: Cause::Lost });
                self.back_to_queue(now);
                true
            }
        }
    }

    /// The target, once joined, hung up or was lost (product §5.8).
    fn third_gone(&mut self, leg: LegRef, cause: Cause, now: Now) {
        let Some(talking) = self.talk() else { return };
        let Some(third) = talking.third.take() else { return };
        self.fact(Fact::LegEnded { leg, by: Party::Callee, cause });
        self.remove(leg);
        if let State::Joined { seat: Some(seat), .. } = third.state {
            self.act(Act::SeatFree(seat));
        }
        let agent = self.agent().is_some();
        match (self.has_caller(), agent) {
            (true, true) => self.patch_talk(),
            // It hung up while it was told who comes.
            (true, false) => {
                self.journey.came_back = Some((third.reach.to.called(), cause));
                self.without_third(third.from, cause, now);
            }
            // Agent and emergency line were all that was left.
            (false, _) => self.release_all(Party::Callee, cause),
        }
    }

    /// The agent sends the target away.
    pub(super) fn drop_third(&mut self, result: TransferResult) {
        let had_joined = result == TransferResult::Joined;
        self.end_third(result, Cause::Normal);
        let caller = self.has_caller();
        if caller || !had_joined {
            self.patch_talk();
        }
        if !caller {
            self.release_all(Party::Callee, Cause::Normal);
        }
    }

    /// Takes the target out, whatever it is doing; writes what came of the transfer unless that has been written.
    pub(super) fn end_third(&mut self, result: TransferResult, cause: Cause) {
        self.dismiss_rejoin(cause);
        let Some(third) = self.talk().and_then(|t| t.third.take()) else { return };
        match third.state {
            State::Asking { .. } => self.act(Act::Leave),
            State::Ringing { leg, seat, .. } => {
                self.fact(Fact::LegFailed { leg, cause, status: None });
                self.drop_leg(leg, cause);
                if let Some((_, offer)) = seat {
                    self.act(Act::Offer(offer, OfferResult::Declined(cause)));
                    self.act(Act::Leave);
                }
            }
            State::Joined { leg, seat } => {
                self.fact(Fact::LegEnded { leg, by: Party::Switch, cause });
                self.drop_leg(leg, cause);
                if let Some(seat) = seat {
                    self.act(Act::SeatFree(seat));
                }
                return;
            }
        }
        self.fact(Fact::TransferEnded { transfer: third.id, result, cause: None });
    }

    pub(super) fn swap(&mut self) {
        if let Some(third) = self.third() {
            third.apart = match third.apart {
                Apart::Nobody | Apart::Target => Apart::Caller,
                Apart::Caller => Apart::Target,
            };
        }
        self.patch_talk();
    }

    /// Nobody is kept apart any more.
    pub(super) fn together(&mut self) -> Result<(), Conflict> {
        let Some(third) = self.third() else { return Err(Conflict::Nobody) };
        if third.apart == Apart::Nobody {
            return Err(Conflict::Already);
        }
        third.apart = Apart::Nobody;
        self.patch_talk();
        Ok(())
    }

    pub(super) fn third_due(&mut self, now: Now) {
        let Some(third) = self.third() else { return };
        let due = third.deadline().is_some_and(|at| at <= now.mono);
        match &third.state {
            State::Asking { group, failed, .. } if due => {
                let cause = failed.map_or(Cause::NoAnswer, |(_, cause)| cause);
                if group.is_some() {
                    self.act(Act::Leave);
                }
                self.reach_next(Some(cause), now);
            }
            State::Ringing { progress_by, .. } if due => {
                let silent = progress_by.is_some_and(|at| at <= now.mono);
                self.attempt_failed(if silent { Cause::Unreachable } else { Cause::NoAnswer }, None, true, now);
            }
            State::Asking { .. } | State::Ringing { .. } | State::Joined { .. } => {}
        }
    }
}

fn trunk_text(trunk: &TrunkId, cause: Cause) -> String {
    let (_, q850) = super::cause::to_sip(cause);
    format!("trunk {trunk} failed: {cause:?} (Q.850 {q850})")
}

impl Stage {
    /// Whether somebody is being brought in.
    pub(super) fn third(&self) -> Option<&ThreeWay> {
        match self {
            Self::Talking(talking) => talking.third.as_deref(),
            _ => None,
        }
    }
}
