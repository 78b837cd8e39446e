//! One call: a caller, the steps his number leads through, and whoever he is connected to. Pure.
//!
//! [`Call`] is a small value with three verbs: [`Call::handle`], [`Call::poll`], [`Call::deadline`]. It says what
//! shall happen ([`Act`]) in the words of a call; the exchange owns sessions, ports and the floor and does it.
//! Each kind of stage has a file of its own: `announce`, `queueing`, `dialling`, `talking`, `release`. None of
//! them knows SIP messages, SDP or sockets; service status codes stand in `cause` only.

mod announce;
pub mod cause;
mod dialling;
mod handover;
pub mod journey;
pub mod leg;
mod monitor;
mod order;
mod queueing;
pub mod reach;
mod recording;
mod rejoin;
mod release;
pub mod script;
mod talking;
mod three_way;

pub use handover::Given;
pub use journey::{Caller, Journey, Snapshot};
pub use leg::Leg;
pub use order::{Conflict, Order};
pub use reach::{Reachable, Try};
pub use recording::Recorded;
pub use script::Script;

use crate::clock::Now;
use crate::dialplan::Step;
use crate::fact::{Brief, Cause, Fact, Origin, Party, Supervision, Target};
use crate::id::{CallRef, GroupId, LegRef, OfferId, SeatId};
use crate::patch::topology::Hears;
use crate::patch::{PlayId, Source, Topology};
use dialling::Dialling;
use queueing::Queueing;
use smallvec::SmallVec;
use std::collections::VecDeque;
use std::sync::Arc;

/// What a leg reports, whatever protocol it speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LegEvent {
    /// The other side has the call and works on it (100).
    Trying,
    /// It rings (180, or a 183 without media).
    Ringing,
    /// Its own sound comes before the answer (183 with SDP).
    EarlyMedia,
    /// It answered.
    Answered,
    /// It did not: with the final status, if there was one.
    Failed {
        /// Why.
        cause: Cause,
        /// SIP status.
        status: Option<u16>,
    },
    /// It ended after it was answered, or the caller gave up before.
    Ended {
        /// Why.
        cause: Cause,
    },
    /// It went on hold, or came back.
    Held(bool),
}

/// What a call is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// The caller's INVITE has been admitted.
    Begin,
    /// Something happened on a leg.
    Leg(LegRef, LegEvent),
    /// A playing ended by itself.
    PlayFinished(LegRef, PlayId),
    /// The floor offers a seat.
    Offered {
        /// Which offer.
        offer: OfferId,
        /// Which seat.
        seat: SeatId,
    },
    /// The floor takes the offer back.
    Withdrawn {
        /// Which offer.
        offer: OfferId,
        /// Why.
        cause: Cause,
    },
    /// The floor cannot serve the call in this group.
    Overflowed {
        /// The group that it could not be served in: it may have left that one in the same moment.
        group: GroupId,
        /// Why.
        cause: Cause,
        /// Its first entry into a queue, to be kept.
        place: i64,
    },
    /// The floor tells the position in the line.
    Position {
        /// 1 is next.
        position: u32,
        /// Likely wait, s, from and to.
        wait: Option<(u32, u32)>,
    },
    /// The seat that was asked for by name is reserved, or why not.
    Reserved(SeatId, Result<OfferId, Cause>),
    /// An order of the agent could not be understood or carried out: he is told by a tone.
    Refused,
    /// [`Call::deadline`] has come.
    Due,
    /// An operator, or the end of the daemon, ends the call.
    HangUp(Cause),
}

/// What a call wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Write this down.
    Fact(Fact),
    /// 180 to the caller.
    Ring,
    /// 183 with SDP to the caller: from here on he hears us.
    EarlyMedia,
    /// 200 to the caller.
    Answer,
    /// A final response to the caller who has none.
    Reject {
        /// SIP status.
        status: u16,
        /// Q.850 cause for its Reason.
        q850: u8,
    },
    /// Send a leg out.
    Dial {
        /// Its name.
        leg: LegRef,
        /// To whom.
        target: Target,
        /// What for.
        about: About,
    },
    /// End a leg: BYE or CANCEL.
    HangUp {
        /// Which.
        leg: LegRef,
        /// Why, for its Reason.
        cause: Cause,
    },
    /// From now on this is who hears whom.
    Topology(Topology),
    /// Enter a group's queue.
    Enter {
        /// The group.
        group: GroupId,
        /// Skill asked for first.
        skill: Option<Arc<str>>,
        /// Rank class: 0 returned, 1 ordinary.
        class: u8,
        /// First entry into a queue, wall µs.
        place: i64,
    },
    /// Leave the queue.
    Leave,
    /// Ask for this seat alone.
    Reserve(SeatId),
    /// Tell the floor what became of its offer.
    Offer(OfferId, OfferResult),
    /// Tell the floor that the seat is no longer in this call.
    SeatFree(SeatId),
    /// Tell the floor that the seat holds the call, or no longer.
    SeatHeld(SeatId, bool),
    /// The call is over; forget it.
    Over,
}

/// What a leg is sent out for: the far side's screen says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// The service that was dialled.
    Service,
    /// A transfer.
    Transfer {
        /// The seat of who asks for it.
        agent: Option<SeatId>,
        /// What he says about it.
        brief: Box<Brief>,
    },
    /// A supervisor joins.
    Supervision(Supervision),
}

/// What a leg is in its call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// 来电人.
    Caller,
    /// 坐席: whom the caller talks to first of all, whoever that is by now.
    Agent,
    /// 第三方: whom the agent brings in, ringing or joined.
    Target,
    /// 班长.
    Supervisor,
    /// Is being rung for the caller.
    Offered,
}

/// What became of an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfferResult {
    /// The phone rings.
    Ringing,
    /// The seat answered.
    Accepted,
    /// It did not, and this is why.
    Declined(Cause),
}

/// A leg as the call sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub leg: LegRef,
    /// Whom it leads to; `None`: the caller.
    pub target: Option<Target>,
    /// Answered.
    pub answered: bool,
    /// Has us on hold.
    pub held: bool,
    /// Is held by the switch, by order.
    pub parked: bool,
    /// Is not heard, by order.
    pub muted: bool,
}

impl Member {
    fn new(leg: LegRef, target: Option<Target>) -> Self {
        Self { leg, target, answered: false, held: false, parked: false, muted: false }
    }
}

/// How far the caller's leg has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shown {
    /// 100 at most.
    Nothing,
    /// 180.
    Ringing,
    /// 183 with SDP.
    Early,
    /// 200.
    Answered,
}

#[derive(Debug)]
enum Stage {
    /// Between two steps.
    Idle,
    Announcing(announce::Announcing),
    Queueing(Queueing),
    Dialling(Dialling),
    Talking(talking::Talking),
    Over,
}

/// One call.
#[derive(Debug)]
pub struct Call {
    /// Its name.
    pub id: CallRef,
    /// Who called what, and what the dialplan said.
    pub journey: Journey,
    members: SmallVec<[Member; 2]>,
    shown: Shown,
    script: Script,
    stage: Stage,
    topology: Topology,
    /// Why the last attempt failed: what the caller is told when nothing is left.
    last: Cause,
    recording: recording::Recording,
    serials: Serials,
    acts: VecDeque<Act>,
}

/// Counters of one call.
#[derive(Debug, Clone, Copy)]
struct Serials {
    play: u32,
    leg: u32,
    transfer: u32,
}

impl Call {
    /// A call that has only its caller, leg 0.
    #[must_use]
    pub fn new(id: CallRef, journey: Journey, script: Script) -> Self {
        let caller = Member::new(LegRef(0), None);
        Self {
            id,
            journey,
            members: smallvec::smallvec![caller],
            shown: Shown::Nothing,
            script,
            stage: Stage::Idle,
            topology: Topology::new(),
            last: Cause::Unreachable,
            recording: recording::Recording::default(),
            serials: Serials { play: 0, leg: 0, transfer: 0 },
            acts: VecDeque::new(),
        }
    }

    /// Takes one input.
    pub fn handle(&mut self, input: Input, now: Now) {
        if matches!(self.stage, Stage::Over) {
            return;
        }
        match input {
            Input::Begin => self.begin(now),
            Input::HangUp(cause) => self.release_all(Party::Switch, cause),
            Input::Leg(leg, event) if leg == self.caller() => self.caller_event(event),
            Input::Leg(leg, LegEvent::Held(held)) => self.held(leg, held),
            other => match &self.stage {
                Stage::Announcing(_) => self.announcing(&other, now),
                Stage::Queueing(_) => self.queueing(other, now),
                Stage::Dialling(_) => self.dialling(other, now),
                Stage::Talking(_) => self.talking(other, now),
                Stage::Idle | Stage::Over => {}
            },
        }
    }

    /// The next thing to be done.
    pub fn poll(&mut self) -> Option<Act> {
        self.acts.pop_front()
    }

    /// When [`Input::Due`] is due, µs monotonic.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        match &self.stage {
            Stage::Queueing(q) => q.deadline(),
            Stage::Dialling(d) => d.deadline(),
            Stage::Talking(t) => t.deadline(),
            Stage::Idle | Stage::Announcing(_) | Stage::Over => None,
        }
    }

    /// The caller's leg.
    #[must_use]
    pub fn caller(&self) -> LegRef {
        LegRef(0)
    }

    /// The group it waits in.
    #[must_use]
    pub fn group(&self) -> Option<&GroupId> {
        match &self.stage {
            Stage::Queueing(q) => Some(q.group()),
            _ => None,
        }
    }

    /// The leg of whom the caller talks to first of all.
    #[must_use]
    pub fn agent(&self) -> Option<LegRef> {
        match &self.stage {
            Stage::Talking(talking) => talking.with,
            _ => None,
        }
    }

    /// What a leg is in the call.
    #[must_use]
    pub fn role(&self, leg: LegRef) -> Role {
        let Stage::Talking(talking) = &self.stage else {
            return if leg == self.caller() { Role::Caller } else { Role::Offered };
        };
        if leg == self.caller() {
            Role::Caller
        } else if talking.with == Some(leg) {
            Role::Agent
        } else if talking.monitor.as_ref().is_some_and(|m| m.leg() == Some(leg)) {
            Role::Supervisor
        } else if talking.rejoin.as_ref().is_some_and(|r| r.leg() == Some(leg)) {
            Role::Offered
        } else {
            Role::Target
        }
    }

    /// The caller has had a 200.
    #[must_use]
    pub fn is_answered(&self) -> bool {
        self.shown == Shown::Answered
    }

    /// The group that serves the talk.
    #[must_use]
    pub fn served_in(&self) -> Option<&GroupId> {
        match &self.stage {
            Stage::Talking(talking) => talking.group.as_ref(),
            _ => None,
        }
    }

    /// Whether this seat is the one the caller talks to first of all.
    #[must_use]
    pub fn is_led_by(&self, seat: &SeatId) -> bool {
        match &self.stage {
            Stage::Talking(talking) => talking.seat.as_ref() == Some(seat),
            _ => false,
        }
    }

    /// To whom the agent's keys go: whom he has brought in, else the caller.
    #[must_use]
    pub fn listener(&self, agent: LegRef) -> Option<LegRef> {
        match &self.stage {
            Stage::Talking(t) if t.with == Some(agent) => {
                Some(t.third.as_ref().and_then(|t| t.joined()).unwrap_or(self.caller()))
            }
            _ => None,
        }
    }

    /// Every leg that is not gone.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The stage in one word, for lists.
    #[must_use]
    pub fn stage(&self) -> &'static str {
        match self.stage {
            Stage::Idle => "starting",
            Stage::Announcing(_) => "announcing",
            Stage::Queueing(_) => "queueing",
            Stage::Dialling(_) => "ringing",
            Stage::Talking(_) => "talking",
            Stage::Over => "over",
        }
    }

    fn begin(&mut self, now: Now) {
        match self.journey.seat_dialled.take() {
            Some(seat) => self.dial_seat(seat),
            None => self.advance(now),
        }
    }

    /// Takes the next step of the script.
    fn advance(&mut self, now: Now) {
        self.stage = Stage::Idle;
        match self.script.take_step() {
            None => self.release_last(),
            Some(Step::Prompt { prompt, early }) => self.announce(&prompt, early, now),
            Some(Step::Ring { group, timeout_ms }) => self.ring_group(group, timeout_ms, now),
            Some(Step::Queue { group, skill }) => self.enter_queue(group, skill, now),
            Some(Step::Trunk { trunks, number, progress_ms, timeout_ms }) => {
                self.dial_trunks(&trunks, number, progress_ms, timeout_ms, now);
            }
            Some(Step::Release { status, q850 }) => self.release(status, q850),
        }
    }

    fn fact(&mut self, fact: Fact) {
        self.acts.push_back(Act::Fact(fact));
    }

    fn act(&mut self, act: Act) {
        self.acts.push_back(act);
    }

    /// Says who hears whom, if that is a change.
    fn patch(&mut self, topology: Topology) {
        if topology != self.topology {
            self.topology = topology.clone();
            self.act(Act::Topology(topology));
        }
    }

    /// The caller hears this; nobody hears the caller.
    fn caller_hears(&mut self, source: Source) {
        let mut topology = Topology::new();
        topology.set(self.caller(), Hears::Source(source));
        self.patch(topology);
    }

    fn next_play(&mut self) -> PlayId {
        self.serials.play += 1;
        PlayId(self.serials.play)
    }

    fn show(&mut self, shown: Shown) {
        if shown <= self.shown {
            return;
        }
        self.shown = shown;
        match shown {
            Shown::Nothing => {}
            Shown::Ringing => self.act(Act::Ring),
            Shown::Early => self.act(Act::EarlyMedia),
            Shown::Answered => {
                if let Some(caller) = self.member(LegRef(0)) {
                    caller.answered = true;
                }
                self.act(Act::Answer);
            }
        }
    }

    /// Sends a leg out.
    fn dial(&mut self, target: Target, about: About) -> LegRef {
        self.journey.sought = true;
        let leg = self.enlist(target.clone());
        self.fact(Fact::LegTried { leg, target: target.clone() });
        self.act(Act::Dial { leg, target, about });
        leg
    }

    /// A new leg's name.
    fn enlist(&mut self, target: Target) -> LegRef {
        self.serials.leg += 1;
        let leg = LegRef(self.serials.leg);
        self.members.push(Member::new(leg, Some(target)));
        leg
    }

    /// The caller has not hung up.
    fn has_caller(&self) -> bool {
        self.members.iter().any(|m| m.leg == self.caller())
    }

    fn member(&mut self, leg: LegRef) -> Option<&mut Member> {
        self.members.iter_mut().find(|m| m.leg == leg)
    }

    /// Ends a leg that is not the caller's and takes it out.
    fn drop_leg(&mut self, leg: LegRef, cause: Cause) {
        if self.member(leg).is_some() {
            self.act(Act::HangUp { leg, cause });
            self.remove(leg);
        }
    }

    /// Somebody leaves a talk that others go on with: his leg ends for the cause `told`, his seat is free.
    fn lets_go(&mut self, leg: LegRef, seat: Option<SeatId>, cause: Cause, told: Cause) {
        self.fact(Fact::PartyLeft { leg, cause });
        self.drop_leg(leg, told);
        if let Some(seat) = seat {
            self.act(Act::SeatFree(seat));
        }
    }

    fn remove(&mut self, leg: LegRef) {
        self.members.retain(|m| m.leg != leg);
    }

    /// What the caller's leg reports, in any stage.
    fn caller_event(&mut self, event: LegEvent) {
        match event {
            LegEvent::Ended { cause } | LegEvent::Failed { cause, .. } if self.talk_goes_on_without_caller(cause) => {}
            LegEvent::Ended { cause } => self.caller_gone(cause),
            LegEvent::Failed { cause, .. } => self.release_all(Party::Switch, cause),
            LegEvent::Held(held) => {
                let leg = self.caller();
                self.held(leg, held);
            }
            LegEvent::Trying | LegEvent::Ringing | LegEvent::EarlyMedia | LegEvent::Answered => {}
        }
    }

    /// A leg holds us or takes us back: whoever it talks to hears music meanwhile (product §5.10, interconnect "Hold").
    fn held(&mut self, leg: LegRef, held: bool) {
        let Some(member) = self.member(leg) else { return };
        if member.held == held {
            return;
        }
        member.held = held;
        let seat = match &member.target {
            Some(Target::Seat(seat)) => Some(seat.clone()),
            None => match &self.journey.origin {
                Origin::Seat(seat) => Some(seat.clone()),
                Origin::Trunk(_) => None,
            },
            Some(Target::Trunk { .. }) => None,
        };
        self.fact(Fact::Held { leg, held });
        if let Some(seat) = seat {
            self.act(Act::SeatHeld(seat, held));
        }
        if matches!(self.stage, Stage::Talking(_)) {
            self.patch_talk();
        }
    }
}

#[cfg(test)]
mod tests;
