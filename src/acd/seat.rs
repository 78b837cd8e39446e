//! One seat's state machine.
//!
//! ```text
//!               offered                 ringing                accepted
//!   ready ────────────────▶ reserved ────────────▶ ringing ────────────────▶ talking ⇄ held
//!     ▲ ▲                      │  declined, withdrawn │                        │
//!     │ └──────────────────────┴──────────────────────┘                        │ last call ended
//!     │        until, ready                                                    ▼
//!     └────────────────────────────────────────────────────────── wrap_up (if the group has one)
//! ```
//! `not_ready` stands in the place of `ready` where a break is pending or the seat was on one before a direct call.
//! Signing out is pending while talking and immediate elsewhere.

use super::plan::Position;
use super::shown::{Pending, Reason, SeatState, Work};
use crate::id::{AgentId, CallRef, GroupId, OfferId};

/// What a seat does between calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Rest {
    Ready,
    NotReady(Reason),
    WrapUp { until: u64 },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Doing {
    Rest(Rest),
    /// Reserved, then ringing; `back` is what the seat returns to if nothing comes of it.
    Offered {
        offer: OfferId,
        ringing: bool,
        back: Rest,
    },
    /// Talking, or held when all calls are.
    Talk(Talk),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Talk {
    /// Calls with whether they are on hold: two or more while consulting. Never empty.
    pub calls: Vec<(CallRef, bool)>,
    /// Since when, mono µs.
    pub since: u64,
    /// Since when all are on hold.
    pub held_since: Option<u64>,
    /// Paperwork afterwards, µs.
    pub wrap_up: u64,
    pub back: Rest,
}

#[derive(Debug)]
pub(super) struct Seat {
    /// What the seat serves when nobody sits there who serves something of his own.
    pub own: Position,
    /// What it serves now.
    pub position: Position,
    pub agent: Option<AgentId>,
    pub reachable: bool,
    pub doing: Doing,
    pub pending: Option<Pending>,
    /// End of the last talk, or of the last break if that was later; mono µs.
    pub idle_since: u64,
    /// Refused a call a moment ago.
    pub resting: bool,
    /// Calls in a row that rang out.
    pub no_answers: u32,
    /// When a seat that was set not ready for its silence is ready again, mono µs; `None` is never.
    pub no_answer_until: Option<u64>,
    /// Calls of queues that its agent has answered since he signed in.
    pub answered: u64,
    /// How long he has talked since then, µs.
    pub talked: u64,
    /// Its turn by chance, new with each offer.
    pub draw: u64,
    /// Its state is this old, wall µs.
    pub since: i64,
    /// A group's call whose handling is being timed.
    pub handling: Option<(GroupId, u64)>,
    /// No longer in the plan: goes when its call is over.
    pub retired: bool,
}

/// The input means nothing in this state.
pub(super) struct NotNow;

impl Seat {
    pub(super) fn new(position: Position, draw: u64, wall: i64) -> Self {
        Self {
            own: position.clone(),
            position,
            agent: None,
            reachable: false,
            doing: Doing::Rest(Rest::NotReady(Reason::SignedOut)),
            pending: None,
            idle_since: 0,
            resting: false,
            no_answers: 0,
            no_answer_until: None,
            answered: 0,
            talked: 0,
            draw,
            since: wall,
            handling: None,
            retired: false,
        }
    }

    pub(super) fn shown(&self) -> SeatState {
        let work = match &self.doing {
            Doing::Rest(Rest::Ready) => Work::Ready,
            Doing::Rest(Rest::NotReady(reason)) => Work::NotReady(reason.clone()),
            Doing::Rest(Rest::WrapUp { .. }) => Work::WrapUp,
            Doing::Offered { ringing: false, .. } => Work::Reserved,
            Doing::Offered { ringing: true, .. } => Work::Ringing,
            Doing::Talk(talk) if talk.held_since.is_some() => Work::Held,
            Doing::Talk(_) => Work::Talking,
        };
        SeatState { signed_in: self.agent.is_some(), reachable: self.reachable, work, pending: self.pending.clone() }
    }

    /// What it does between calls, if it is between calls.
    pub(super) fn rest(&self) -> Option<&Rest> {
        match &self.doing {
            Doing::Rest(rest) => Some(rest),
            Doing::Offered { .. } | Doing::Talk(_) => None,
        }
    }

    pub(super) fn offer(&self) -> Option<OfferId> {
        match &self.doing {
            Doing::Offered { offer, .. } => Some(*offer),
            Doing::Rest(_) | Doing::Talk(_) => None,
        }
    }

    /// When wrap-up or hold is over, mono µs.
    pub(super) fn due(&self, held_limit: u64) -> Option<u64> {
        match &self.doing {
            Doing::Rest(Rest::WrapUp { until }) => Some(*until),
            Doing::Rest(Rest::NotReady(Reason::NoAnswer)) => self.no_answer_until,
            Doing::Talk(talk) if held_limit > 0 => talk.held_since.map(|since| since.saturating_add(held_limit)),
            Doing::Rest(_) | Doing::Offered { .. } | Doing::Talk(_) => None,
        }
    }

    pub(super) fn sign_in(&mut self, agent: AgentId) -> Result<(), NotNow> {
        if self.agent.as_ref() == Some(&agent) {
            if self.pending == Some(Pending::SignOut) {
                self.pending = None;
            }
            return Ok(());
        }
        let seated = Rest::NotReady(Reason::SignedIn);
        match &mut self.doing {
            Doing::Rest(rest) => *rest = seated,
            Doing::Offered { .. } | Doing::Talk(_) if self.agent.is_some() => return Err(NotNow),
            Doing::Offered { back, .. } => *back = seated,
            Doing::Talk(talk) => talk.back = seated,
        }
        self.agent = Some(agent);
        self.pending = None;
        self.no_answers = 0;
        (self.answered, self.talked) = (0, 0);
        Ok(())
    }

    /// Signs out between calls, or leaves it pending until the talk, or the offer about to be withdrawn, is over.
    pub(super) fn sign_out(&mut self) -> Result<(), NotNow> {
        if self.agent.is_none() {
            return Err(NotNow);
        }
        match &self.doing {
            Doing::Rest(_) => self.rest_as(Rest::NotReady(Reason::SignedOut), Some(Pending::SignOut)),
            Doing::Offered { .. } | Doing::Talk(_) => self.pending = Some(Pending::SignOut),
        }
        Ok(())
    }

    pub(super) fn ready(&mut self, mono: u64) -> Result<(), NotNow> {
        if self.agent.is_none() {
            return Err(NotNow);
        }
        let rest = match &mut self.doing {
            Doing::Rest(rest) => rest,
            Doing::Offered { back, .. } => back,
            Doing::Talk(talk) => &mut talk.back,
        };
        match rest {
            Rest::Ready | Rest::WrapUp { .. } => {}
            // His idle time is kept through a no-answer.
            Rest::NotReady(Reason::NoAnswer) => self.no_answers = 0,
            Rest::NotReady(_) => {
                self.idle_since = mono;
                self.no_answers = 0;
            }
        }
        *rest = Rest::Ready;
        if matches!(self.pending, Some(Pending::Break(_))) {
            self.pending = None;
        }
        Ok(())
    }

    pub(super) fn not_ready(&mut self, reason: Reason) -> Result<(), NotNow> {
        if self.agent.is_none() {
            return Err(NotNow);
        }
        match (&mut self.doing, &self.pending) {
            (Doing::Rest(rest), _) => {
                *rest = Rest::NotReady(reason);
                self.pending = None;
            }
            (Doing::Offered { .. } | Doing::Talk(_), Some(Pending::SignOut)) => {}
            (Doing::Offered { .. } | Doing::Talk(_), Some(Pending::Break(_)) | None) => {
                self.pending = Some(Pending::Break(reason));
            }
        }
        Ok(())
    }

    /// Paperwork from now on, or after the talk, for at least so long.
    pub(super) fn wrap_up(&mut self, long: u64, mono: u64) -> Result<(), NotNow> {
        if self.agent.is_none() {
            return Err(NotNow);
        }
        match &mut self.doing {
            Doing::Rest(rest @ (Rest::Ready | Rest::WrapUp { .. })) => {
                *rest = Rest::WrapUp { until: mono.saturating_add(long) };
            }
            Doing::Talk(talk) => talk.wrap_up = talk.wrap_up.max(long),
            Doing::Rest(Rest::NotReady(_)) | Doing::Offered { .. } => return Err(NotNow),
        }
        Ok(())
    }

    /// Too many calls in a row rang out: not ready until the agent gives a sign, or until then, mono µs.
    pub(super) fn silent(&mut self, until: Option<u64>) {
        self.no_answers = 0;
        if self.not_ready(Reason::NoAnswer).is_ok() {
            self.no_answer_until = until;
        }
    }

    /// Reserves the seat for an offer.
    pub(super) fn reserve(&mut self, offer: OfferId) -> Result<(), NotNow> {
        let Doing::Rest(rest) = &self.doing else {
            return Err(NotNow);
        };
        self.doing = Doing::Offered { offer, ringing: false, back: rest.clone() };
        Ok(())
    }

    pub(super) fn rings(&mut self) {
        if let Doing::Offered { ringing, .. } = &mut self.doing {
            *ringing = true;
        }
    }

    /// Nothing came of the offer.
    pub(super) fn offer_over(&mut self, mono: u64) {
        if let Doing::Offered { back, .. } = &self.doing {
            let back = back.clone();
            self.settle_back(back, mono);
        }
    }

    /// Is in this call from now on.
    pub(super) fn talk(&mut self, call: CallRef, wrap_up: u64, mono: u64) {
        let back = match &mut self.doing {
            Doing::Talk(talk) => {
                if !talk.calls.iter().any(|(c, _)| *c == call) {
                    talk.calls.push((call, false));
                    talk.held_since = None;
                }
                return;
            }
            // Whoever talks is there again.
            Doing::Rest(Rest::NotReady(Reason::NoAnswer))
            | Doing::Offered { back: Rest::NotReady(Reason::NoAnswer), .. } => Rest::Ready,
            Doing::Rest(back) | Doing::Offered { back, .. } => back.clone(),
        };
        self.no_answers = 0;
        self.doing = Doing::Talk(Talk { calls: vec![(call, false)], since: mono, held_since: None, wrap_up, back });
    }

    pub(super) fn talk_ended(&mut self, call: CallRef, mono: u64) -> Result<(), NotNow> {
        let Doing::Talk(talk) = &mut self.doing else {
            return Err(NotNow);
        };
        let Some(at) = talk.calls.iter().position(|(c, _)| *c == call) else {
            return Err(NotNow);
        };
        talk.calls.remove(at);
        if !talk.calls.is_empty() {
            talk.note_hold(mono);
            return Ok(());
        }
        self.idle_since = mono;
        self.talked = self.talked.saturating_add(mono.saturating_sub(talk.since));
        let back = match (talk.wrap_up, &self.agent) {
            (0, _) | (_, None) => talk.back.clone(),
            (wrap_up, Some(_)) => Rest::WrapUp { until: mono.saturating_add(wrap_up) },
        };
        self.settle_back(back, mono);
        Ok(())
    }

    pub(super) fn held(&mut self, call: CallRef, held: bool, mono: u64) -> Result<(), NotNow> {
        let Doing::Talk(talk) = &mut self.doing else {
            return Err(NotNow);
        };
        let line = talk.calls.iter_mut().find(|(c, _)| *c == call).ok_or(NotNow)?;
        line.1 = held;
        talk.note_hold(mono);
        Ok(())
    }

    /// Wrap-up or hold is over; returns the calls to be taken off hold.
    pub(super) fn limit_over(&mut self, mono: u64) -> Vec<CallRef> {
        match &mut self.doing {
            Doing::Rest(Rest::WrapUp { .. } | Rest::NotReady(Reason::NoAnswer)) => {
                self.settle_back(Rest::Ready, mono);
                Vec::new()
            }
            Doing::Rest(Rest::Ready | Rest::NotReady(_)) | Doing::Offered { .. } => Vec::new(),
            Doing::Talk(talk) => {
                talk.held_since = None;
                talk.calls.iter_mut().for_each(|line| line.1 = false);
                talk.calls.iter().map(|line| line.0).collect()
            }
        }
    }

    /// Between calls again, with what was pending.
    fn settle_back(&mut self, back: Rest, mono: u64) {
        let back = match back {
            Rest::WrapUp { until } if until <= mono => Rest::Ready,
            Rest::WrapUp { until } => Rest::WrapUp { until },
            Rest::Ready => Rest::Ready,
            Rest::NotReady(reason) => Rest::NotReady(reason),
        };
        match (self.pending.take(), back) {
            (Some(Pending::Break(reason)), Rest::WrapUp { until }) => {
                self.rest_as(Rest::WrapUp { until }, Some(Pending::Break(reason)));
            }
            (Some(Pending::Break(reason)), Rest::Ready | Rest::NotReady(_)) => {
                self.rest_as(Rest::NotReady(reason), None);
            }
            (Some(Pending::SignOut), _) => self.rest_as(Rest::NotReady(Reason::SignedOut), Some(Pending::SignOut)),
            (None, back) => self.rest_as(back, None),
        }
    }

    /// Rests as said; a pending sign-out is done here, anything else stays pending.
    fn rest_as(&mut self, rest: Rest, pending: Option<Pending>) {
        self.doing = Doing::Rest(rest);
        self.pending = match pending {
            Some(Pending::SignOut) => {
                self.agent = None;
                self.doing = Doing::Rest(Rest::NotReady(Reason::SignedOut));
                None
            }
            Some(Pending::Break(reason)) => Some(Pending::Break(reason)),
            None => None,
        };
    }
}

impl Talk {
    fn note_hold(&mut self, mono: u64) {
        let all = self.calls.iter().all(|(_, held)| *held);
        self.held_since = if all { self.held_since.or(Some(mono)) } else { None };
    }
}
