//! What every feature of a call is: a value with one entry. It sees the call read-only ([`View`]), says what shall be done
//! ([`Out`]) and what that means for the others ([`Flow`]). None knows another feature, and none knows the call.

use super::act::{About, Act, OfferResult};
use super::input::Input;
use super::journey::Journey;
use super::order::{Conflict, Order};
use super::party::{Member, Parties};
use super::reach::Reachable;
use super::room::Room;
use crate::clock::Now;
use crate::dialplan::{Group, Record};
use crate::fact::{Cause, Fact, Party, Target};
use crate::id::{GroupId, LegRef, OfferId, SeatId};
use crate::patch::PlayId;
use smallvec::SmallVec;
use std::collections::VecDeque;
use std::fmt::Debug;
use std::sync::Arc;

/// A feature of a call, or the stage that it is in.
pub(super) trait Machine: Debug + Send {
    /// The one entry.
    fn handle(&mut self, view: &View<'_>, event: &Event<'_>, now: Now, out: &mut Out<'_>) -> Flow;

    /// When [`Input::Due`] is due, µs monotonic.
    fn deadline(&self) -> Option<u64> {
        None
    }

    /// Whether this input is about this machine and no other.
    fn wants(&self, _input: &Input) -> bool {
        false
    }

    /// What follows from its state for who hears whom.
    fn arrange(&self, _view: &View<'_>, _room: &mut Room<'_>) {}

    /// In which order features are asked: the lower ones first, each number once.
    fn rank(&self) -> u8 {
        0
    }

    /// Brings somebody into the talk: while it does, nobody else can be brought in.
    fn brings_in(&self) -> bool {
        false
    }

    /// Finds somebody for a caller who is alone.
    fn finds_company(&self) -> bool {
        false
    }

    /// The talk goes on when the caller hangs up: an emergency line is in it.
    fn keeps_line(&self) -> bool {
        false
    }

    /// The supervisor's seat, from the moment he asked.
    fn supervisor(&self) -> Option<&SeatId> {
        None
    }
}

/// What a machine may see of its call.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'a> {
    /// Who called what.
    pub(super) journey: &'a Journey,
    /// Who is there.
    pub(super) parties: &'a Parties,
    /// The group that serves the talk.
    pub(super) served: Option<&'a GroupId>,
}

impl<'a> View<'a> {
    /// A group of the plan that the call began with.
    pub(super) fn group(&self, id: &GroupId) -> Option<&'a Arc<Group>> {
        self.journey.snapshot.plan.group(id)
    }

    /// The group that the caller came from, else the hub's.
    pub(super) fn home_group(&self) -> Option<&'a GroupId> {
        self.served.or_else(|| self.journey.snapshot.plan.hub_group())
    }
}

/// What a machine is told.
#[derive(Debug, Clone, Copy)]
pub(super) enum Event<'a> {
    /// It begins.
    Begin,
    /// Something from outside that is about this machine, or about the stage.
    Told(&'a Input),
    /// The agent's leg orders this; who gave it for him, or nobody. [`Flow::Pass`]: no order for this machine.
    Order(LegRef, &'a Order, &'a str),
    /// The leg that rings says where the target is now (3xx).
    Redirected(LegRef, &'a Reachable),
    /// The agent has gone. [`Flow::Pass`]: this machine does nothing for the caller.
    AgentLeft,
    /// Somebody is about to be the one that the caller talks to.
    Connected,
    /// Another phone has taken a leg's place.
    Replaced(LegRef, LegRef),
    /// A transfer came to nothing: the agent is told why.
    Missed(Cause),
    /// Another phone takes the call while this rings.
    PickedUp,
    /// The group that serves the call says when its talks are recorded.
    Served(Record),
    /// The talk is over; its caller waits for the next seat.
    Requeued,
    /// The caller has hung up, and with him the call ends.
    CallerLeft(Cause),
    /// The call ends.
    End(&'a Ending),
}

/// How a call ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ending {
    /// Who ended it.
    pub(super) by: Party,
    /// Why.
    pub(super) cause: Cause,
    /// The caller hung up first: what ends now ends because he has gone.
    pub(super) caller_left: bool,
}

impl Ending {
    /// Why somebody who is being reached is let go.
    pub(super) fn quit(&self) -> Cause {
        if self.by == Party::Caller { Cause::CallerGone } else { self.cause }
    }
}

/// What a machine's answer means for the call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Flow {
    /// Nothing more.
    Stay,
    /// It was not about this machine.
    Pass,
    /// The order cannot be carried out: nothing has changed.
    Refused(Conflict),
    /// The machine has done its work and is taken out.
    Done,
    /// The next step of the script.
    Next,
    /// The group cannot serve the call: its own overflow follows.
    Overflow(GroupId, Cause),
    /// Nothing is left to try: the caller is told why the last attempt failed.
    GiveUp,
    /// Everybody goes; the machine has done its work.
    Ends(Party, Cause),
    /// This leg is whom the caller talks to; the machine has done its work.
    Connected(LegRef),
    /// The same, and the caller has yet to be reached.
    Fetches(LegRef),
    /// This leg takes the agent's place, who goes; the machine has done its work.
    TakesOver(LegRef),
    /// The agent goes by his own will.
    AgentLeaves,
    /// The agent's leg has ended: the caller is served again if he was `lost`, or else the call ends.
    AgentGone { cause: Cause, lost: bool },
    /// The agent's leg has ended, and the caller is asked how he was served.
    Asks,
    /// The caller, whose agent has gone, waits for whom this machine reaches; `company`: somebody comes to him meanwhile.
    Waits { company: bool },
    /// Nobody is brought in any more, and the machine has done its work: the agent is told; or the caller goes back to him.
    Missed { agent: Option<SeatId>, called: String, cause: Cause },
    /// The head of the queue, and why, unless that has been said; the machine has done its work.
    Requeue(Option<Cause>),
}

impl Flow {
    /// The machine that says so is taken out.
    pub(super) fn is_last(&self) -> bool {
        match self {
            Self::Done
            | Self::Ends(..)
            | Self::Connected(_)
            | Self::Fetches(_)
            | Self::TakesOver(_)
            | Self::Missed { .. }
            | Self::Requeue(_) => true,
            Self::Stay
            | Self::Pass
            | Self::Refused(_)
            | Self::Next
            | Self::Overflow(..)
            | Self::GiveUp
            | Self::AgentLeaves
            | Self::AgentGone { .. }
            | Self::Asks
            | Self::Waits { .. } => false,
        }
    }
}

/// How far the caller's leg has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shown {
    /// 100 at most.
    Nothing,
    /// 180.
    Ringing,
    /// 183 with SDP.
    Early,
    /// 200.
    Answered,
}

/// What a call has said so far: what is still to be done, how far its caller's leg has come by it, and the names it has given.
#[derive(Debug)]
pub(super) struct Said {
    /// To be done, in order.
    pub(super) acts: VecDeque<Act>,
    /// How far the caller's leg comes by it.
    pub(super) shown: Shown,
    plays: u32,
    legs: u32,
    transfers: u32,
}

impl Said {
    pub(super) fn new() -> Self {
        Self { acts: VecDeque::new(), shown: Shown::Nothing, plays: 0, legs: 0, transfers: 0 }
    }

    /// The next thing to be done.
    pub(super) fn next_act(&mut self) -> Option<Act> {
        let act = self.acts.pop_front();
        if act.is_none() {
            // A call says nothing for minutes: no room is kept for it.
            self.acts = VecDeque::new();
        }
        act
    }

    /// A name for a leg.
    pub(super) fn next_leg(&mut self) -> LegRef {
        self.legs += 1;
        LegRef(self.legs)
    }
}

/// What a machine says that is no act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Note {
    /// This leg is off the wire already.
    Gone(LegRef),
    /// Why the last attempt failed.
    Last(Cause),
    /// Somebody has been asked for, though nobody could be.
    Sought,
    /// The caller's first entry into a queue, wall µs.
    Place(i64),
}

/// What a machine wants done, in order.
#[derive(Debug)]
pub(super) struct Out<'a> {
    said: &'a mut Said,
    notes: SmallVec<[Note; 2]>,
}

impl<'a> Out<'a> {
    pub(super) fn new(said: &'a mut Said) -> Self {
        Self { said, notes: SmallVec::new() }
    }

    /// What was said beside the acts.
    pub(super) fn finish(self) -> SmallVec<[Note; 2]> {
        self.notes
    }

    pub(super) fn act(&mut self, act: Act) {
        self.said.acts.push_back(act);
    }

    pub(super) fn fact(&mut self, fact: Fact) {
        self.act(Act::Fact(fact));
    }

    pub(super) fn note(&mut self, note: Note) {
        self.notes.push(note);
    }

    /// How far the caller's leg has come by now.
    pub(super) fn shown(&self) -> Shown {
        self.said.shown
    }

    /// 180, 183 or 200 to the caller, unless he has had that or more.
    pub(super) fn show(&mut self, shown: Shown) {
        if shown <= self.said.shown {
            return;
        }
        self.said.shown = shown;
        match shown {
            Shown::Nothing => {}
            Shown::Ringing => self.act(Act::Ring),
            Shown::Early => self.act(Act::EarlyMedia),
            Shown::Answered => self.act(Act::Answer),
        }
    }

    /// We call the caller: there is nothing to answer.
    pub(super) fn caller_is_ours(&mut self) {
        self.said.shown = Shown::Answered;
    }

    /// 200 by the switch itself, once.
    pub(super) fn answer_as_switch(&mut self) {
        if self.said.shown < Shown::Answered {
            self.show(Shown::Answered);
            self.fact(Fact::SwitchAnswered);
        }
    }

    /// Sends a leg out.
    pub(super) fn dial(&mut self, target: Target, about: About) -> LegRef {
        let leg = self.said.next_leg();
        self.fact(Fact::LegTried { leg, target: target.clone(), agent: None });
        self.act(Act::Dial { leg, target, about });
        leg
    }

    /// Ends a leg.
    pub(super) fn hang_up(&mut self, leg: LegRef, cause: Cause) {
        self.act(Act::HangUp { leg, cause });
    }

    /// The leg is off the wire already.
    pub(super) fn gone(&mut self, leg: LegRef) {
        self.note(Note::Gone(leg));
    }

    pub(super) fn failed(&mut self, leg: LegRef, cause: Cause, status: Option<u16>) {
        self.fact(Fact::LegFailed { leg, cause, status });
    }

    pub(super) fn answered(&mut self, leg: LegRef) {
        self.fact(Fact::LegAnswered { leg });
    }

    /// Tells the floor what became of an offer.
    pub(super) fn offer(&mut self, offer: OfferId, result: OfferResult) {
        self.act(Act::Offer(offer, result));
    }

    /// The party's seat, if it is one, is no longer in this call.
    pub(super) fn seat_free(&mut self, party: &Member) {
        if let Some(seat) = party.seat() {
            self.act(Act::SeatFree(seat.clone()));
        }
    }

    /// A party leaves a talk that others go on with: his leg ends for the cause `told`, his seat is free.
    pub(super) fn leave(&mut self, party: &Member, cause: Cause, told: Cause) {
        self.fact(Fact::PartyLeft { leg: party.leg, cause });
        self.hang_up(party.leg, told);
        self.seat_free(party);
    }

    /// A name for something that is played.
    pub(super) fn play(&mut self) -> PlayId {
        self.said.plays += 1;
        PlayId(self.said.plays)
    }

    /// A number for a transfer.
    pub(super) fn transfer(&mut self) -> u32 {
        self.said.transfers += 1;
        self.said.transfers
    }
}
