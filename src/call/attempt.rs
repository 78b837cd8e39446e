//! One party that is rung: asked for at the floor or dialled on a trunk, until it answers or cannot be had.
//!
//! ```text
//!   seat, group ──► Asking ──► Ringing ──► answered
//!                     ▲           │ fails
//!                     └── group ──┘ or it has failed
//!   trunk ───────────────────► Ringing
//! ```
//! Whoever rings somebody uses it: the first dialling, a transfer, a supervisor, the seat that comes to a caller left alone, the
//! seats of a queue.

use super::act::{About, Act, OfferResult};
use super::input::{Input, LegEvent};
use super::machine::{Out, View};
use crate::clock::{Now, SECOND};
use crate::dialplan::Digits;
use crate::fact::{Cause, Fact, Target};
use crate::id::{GroupId, LegRef, OfferId, SeatId, TrunkId};

/// So long the floor is waited for with another seat of a group whose first one could not be had, µs.
const NEXT_SEAT: u64 = SECOND / 10;

/// Somebody is being rung.
#[derive(Debug)]
pub(super) struct Attempt {
    whom: Whom,
    about: About,
    state: State,
}

#[derive(Debug)]
enum Whom {
    Trunk {
        /// A sign of life is waited for so long, µs; then it may ring so long, µs.
        progress: u64,
        timeout: u64,
        /// The emergency number that is dialled on it: that it fails is worth a look at once.
        emergency: Option<String>,
    },
    /// This seat and no other.
    Seat(SeatId),
    /// A seat of this group, whichever the floor gives.
    Group(GroupId),
    /// A seat that the floor has offered for a place in its line: it offers the next one by itself.
    Line,
}

#[derive(Debug)]
enum State {
    /// The floor is asked for a seat. `failed`: one of the group could not be had, and if there is no other at once, nobody can.
    Asking { until: Option<u64>, failed: Option<(u64, Cause)> },
    /// A leg is out.
    Ringing { leg: LegRef, offer: Option<OfferId>, progress_by: Option<u64>, answer_by: Option<u64>, early: bool },
}

/// A trunk to be dialled, and how long it is waited for, µs: for any sign of life, and from then on for the answer.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) trunk: TrunkId,
    pub(super) number: Digits,
    pub(super) progress: u64,
    pub(super) timeout: u64,
    pub(super) emergency: Option<String>,
}

/// What became of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Report {
    /// Nothing that its owner need know.
    Nothing,
    /// The other side works on it, or a phone rings.
    Ringing(LegRef),
    /// A trunk's own sound comes before the answer.
    Early(LegRef),
    /// It answered: its owner says so and calls [`Attempt::accept`].
    Answered(LegRef),
    /// It cannot be had.
    Failed(Cause),
}

impl Attempt {
    /// Dials on a trunk.
    pub(super) fn trunk(line: Line, about: About, view: &View<'_>, now: Now, out: &mut Out<'_>) -> Self {
        let Line { trunk, number, progress, timeout, emergency } = line;
        let plan = &view.journey.snapshot.plan;
        let number = plan.trunk(&trunk).map_or_else(|| number.to_string(), |t| plan.spell(number, t));
        let leg = out.dial(Target::Trunk { trunk, number }, about.clone());
        let (progress_by, answer_by) = (Some(now.mono + progress), Some(now.mono + progress + timeout));
        let state = State::Ringing { leg, offer: None, progress_by, answer_by, early: false };
        Self { whom: Whom::Trunk { progress, timeout, emergency }, about, state }
    }

    /// Asks for a seat by name; until then, µs monotonic, it has to answer.
    pub(super) fn seat(seat: SeatId, about: About, until: u64, out: &mut Out<'_>) -> Self {
        out.act(Act::Reserve(seat.clone()));
        Self { whom: Whom::Seat(seat), about, state: State::Asking { until: Some(until), failed: None } }
    }

    /// Asks for any seat of a group, for a call that came at `place`; without `until` as long as it takes.
    pub(super) fn group(group: GroupId, about: About, place: i64, until: Option<u64>, out: &mut Out<'_>) -> Self {
        out.act(Act::Enter { group: group.clone(), skill: None, class: 0, place });
        Self { whom: Whom::Group(group), about, state: State::Asking { until, failed: None } }
    }

    /// Rings a seat that the floor has offered for the caller's own place in a line.
    pub(super) fn offered(offer: OfferId, seat: SeatId, out: &mut Out<'_>) -> Self {
        let mut attempt =
            Self { whom: Whom::Line, about: About::Service, state: State::Asking { until: None, failed: None } };
        attempt.ring(offer, seat, None, out);
        attempt
    }

    /// The leg that is out.
    pub(super) fn leg(&self) -> Option<LegRef> {
        match self.state {
            State::Ringing { leg, .. } => Some(leg),
            State::Asking { .. } => None,
        }
    }

    /// The leg whose own sound comes before its answer.
    pub(super) fn early(&self) -> Option<LegRef> {
        match self.state {
            State::Ringing { leg, early: true, .. } => Some(leg),
            State::Ringing { .. } | State::Asking { .. } => None,
        }
    }

    /// When [`Input::Due`] is due, µs monotonic.
    pub(super) fn deadline(&self) -> Option<u64> {
        match self.state {
            State::Asking { until, failed, .. } => until.into_iter().chain(failed.map(|(at, _)| at)).min(),
            State::Ringing { progress_by, answer_by, .. } => progress_by.into_iter().chain(answer_by).min(),
        }
    }

    /// Whether this is about it.
    pub(super) fn wants(&self, input: &Input) -> bool {
        match (&self.state, &self.whom, input) {
            (State::Ringing { leg, .. }, _, Input::Leg(about, _)) => leg == about,
            (State::Ringing { offer, .. }, _, Input::Withdrawn { offer: about, .. }) => *offer == Some(*about),
            (State::Asking { .. }, Whom::Group(_), Input::Offered { .. }) => true,
            (State::Asking { .. }, Whom::Seat(seat), Input::Reserved(about, _)) => seat == about,
            (State::Asking { .. }, Whom::Group(group), Input::Overflowed { group: about, .. }) => group == about,
            _ => false,
        }
    }

    /// Takes what [`Attempt::wants`], and [`Input::Due`].
    pub(super) fn handle(&mut self, input: &Input, view: &View<'_>, now: Now, out: &mut Out<'_>) -> Report {
        if !self.wants(input) {
            return if *input == Input::Due { self.due(view, now, out) } else { Report::Nothing };
        }
        match (input, &self.state) {
            (Input::Offered { offer, seat } | Input::Reserved(seat, Ok(offer)), State::Asking { until, .. }) => {
                let until = *until;
                self.ring(*offer, seat.clone(), until, out);
                Report::Nothing
            }
            (Input::Reserved(_, Err(cause)), _) => Report::Failed(*cause),
            (Input::Overflowed { cause, .. }, State::Asking { failed, .. }) => {
                Report::Failed(failed.map_or(*cause, |(_, cause)| cause))
            }
            (Input::Withdrawn { cause, .. }, _) => self.fails(*cause, None, Lost::Withdrawn, view, now, out),
            (Input::Leg(_, event), _) => self.leg_event(*event, view, now, out),
            _ => Report::Nothing,
        }
    }

    fn ring(&mut self, offer: OfferId, seat: SeatId, answer_by: Option<u64>, out: &mut Out<'_>) {
        let leg = out.dial(Target::Seat(seat), self.about.clone());
        self.state = State::Ringing { leg, offer: Some(offer), progress_by: None, answer_by, early: false };
    }

    fn leg_event(&mut self, event: LegEvent, view: &View<'_>, now: Now, out: &mut Out<'_>) -> Report {
        let State::Ringing { leg, offer, early, .. } = &mut self.state else { return Report::Nothing };
        let (leg, offer) = (*leg, *offer);
        match event {
            LegEvent::Trying => {
                self.progressed(now);
                Report::Nothing
            }
            LegEvent::Anew => {
                self.begins_anew(now);
                Report::Nothing
            }
            LegEvent::Ringing | LegEvent::EarlyMedia => {
                // A phone's own early sound is not let through: who waits hears our ringback.
                let sounds = event == LegEvent::EarlyMedia && offer.is_none();
                *early |= sounds;
                self.progressed(now);
                out.fact(Fact::LegRinging { leg });
                if let Some(offer) = offer {
                    out.offer(offer, OfferResult::Ringing);
                }
                if sounds { Report::Early(leg) } else { Report::Ringing(leg) }
            }
            LegEvent::Answered => Report::Answered(leg),
            LegEvent::Failed { cause, status } => self.fails(cause, status, Lost::ByItself, view, now, out),
            LegEvent::Ended { cause } => self.fails(cause, None, Lost::ByItself, view, now, out),
            LegEvent::Held(_) | LegEvent::Away | LegEvent::Back { .. } => Report::Nothing,
        }
    }

    /// Another target of the trunk is asked: it has as long as the first one had.
    fn begins_anew(&mut self, now: Now) {
        if let (State::Ringing { progress_by, answer_by, .. }, Whom::Trunk { progress, timeout, .. }) =
            (&mut self.state, &self.whom)
        {
            (*progress_by, *answer_by) = (Some(now.mono + progress), Some(now.mono + progress + timeout));
        }
    }

    /// A sign of life: from here on it may ring.
    fn progressed(&mut self, now: Now) {
        if let (State::Ringing { progress_by, answer_by, .. }, Whom::Trunk { timeout, .. }) =
            (&mut self.state, &self.whom)
            && progress_by.take().is_some()
        {
            *answer_by = Some(now.mono + *timeout);
        }
    }

    /// Tells the floor that the seat has answered.
    pub(super) fn accept(&self, out: &mut Out<'_>) {
        if let State::Ringing { offer: Some(offer), .. } = self.state {
            out.offer(offer, OfferResult::Accepted);
        }
    }

    /// It came to nothing: told to whom it is to be told, and to its owner, unless the group has more seats.
    fn fails(
        &mut self,
        cause: Cause,
        status: Option<u16>,
        how: Lost,
        view: &View<'_>,
        now: Now,
        out: &mut Out<'_>,
    ) -> Report {
        let State::Ringing { leg, offer, answer_by, .. } = self.state else { return Report::Failed(cause) };
        out.failed(leg, cause, status);
        self.alarm(leg, cause, view, out);
        match how {
            Lost::ByItself => out.gone(leg),
            Lost::Withdrawn | Lost::ByUs => out.hang_up(leg, cause),
        }
        // Who took the offer back need not be told of it.
        if let Some(offer) = offer.filter(|_| how != Lost::Withdrawn) {
            out.offer(offer, OfferResult::Declined(cause));
        }
        if !matches!(self.whom, Whom::Group(_)) {
            return Report::Failed(cause);
        }
        match answer_by {
            // A group is more than one phone: the floor offers the next seat, if there is one.
            Some(until) if until > now.mono => {
                let failed = Some((now.mono + NEXT_SEAT, cause));
                self.state = State::Asking { until: Some(until), failed };
                Report::Nothing
            }
            Some(_) => {
                out.act(Act::Leave);
                Report::Failed(cause)
            }
            None => {
                self.state = State::Asking { until: None, failed: None };
                Report::Nothing
            }
        }
    }

    fn due(&mut self, view: &View<'_>, now: Now, out: &mut Out<'_>) -> Report {
        if self.deadline().is_none_or(|at| at > now.mono) {
            return Report::Nothing;
        }
        match self.state {
            State::Asking { failed, .. } => {
                if matches!(self.whom, Whom::Group(_)) {
                    out.act(Act::Leave);
                }
                Report::Failed(failed.map_or(Cause::NoAnswer, |(_, cause)| cause))
            }
            State::Ringing { progress_by, .. } => {
                let silent = progress_by.is_some_and(|at| at <= now.mono);
                let cause = if silent { Cause::Unreachable } else { Cause::NoAnswer };
                self.fails(cause, None, Lost::ByUs, view, now, out)
            }
        }
    }

    /// An emergency trunk that cannot be had is worth a look at once, though the next one is tried.
    fn alarm(&self, leg: LegRef, cause: Cause, view: &View<'_>, out: &mut Out<'_>) {
        let Whom::Trunk { emergency: Some(number), .. } = &self.whom else { return };
        if let Some(Target::Trunk { trunk, .. }) = view.parties.get(leg).and_then(|m| m.target.as_ref())
            && cause != Cause::CallerGone
        {
            let (_, q850) = super::cause::to_sip(cause);
            let text = format!("trunk {trunk} failed: {cause:?} (Q.850 {q850})");
            out.fact(Fact::Alarm { subject: format!("emergency {number}"), text });
        }
    }

    /// Nobody need be rung any more.
    pub(super) fn stop(self, cause: Cause, out: &mut Out<'_>) {
        if let State::Ringing { leg, offer, .. } = self.state {
            out.failed(leg, cause, None);
            out.hang_up(leg, cause);
            if let Some(offer) = offer {
                out.offer(offer, OfferResult::Declined(cause));
            }
        }
        if matches!(self.whom, Whom::Group(_)) {
            out.act(Act::Leave);
        }
    }

    /// Another one has taken the call.
    pub(super) fn lost_to_another(self, out: &mut Out<'_>) {
        if let State::Ringing { leg, offer, .. } = self.state {
            if let Some(offer) = offer {
                out.offer(offer, OfferResult::Declined(Cause::Elsewhere));
            }
            out.failed(leg, Cause::Elsewhere, None);
            out.hang_up(leg, Cause::Elsewhere);
        }
    }

    /// The call ends: the legs are hung up with all others. What became of the attempt is told to the floor, unless `told`.
    pub(super) fn ends_with_call(&self, quit: Cause, out: &mut Out<'_>) {
        let State::Ringing { leg, offer, .. } = self.state else { return };
        out.failed(leg, quit, None);
        if let Some(offer) = offer.filter(|_| !matches!(self.whom, Whom::Line)) {
            out.offer(offer, OfferResult::Declined(quit));
            out.act(Act::Leave);
        }
    }

    /// The floor has given the line up, and knows that its offers are void.
    pub(super) fn overflowed(self, cause: Cause, out: &mut Out<'_>) {
        if let State::Ringing { leg, .. } = self.state {
            out.failed(leg, cause, None);
            out.hang_up(leg, cause);
        }
    }
}

/// How an attempt was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lost {
    /// Its leg is off the wire already.
    ByItself,
    /// The floor took the seat back: the leg is ended.
    Withdrawn,
    /// We give it up.
    ByUs,
}
