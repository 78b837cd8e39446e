//! One call: a caller, the steps his number leads through, and whoever he is connected to. Pure.
//!
//! [`Call`] is a small value with three verbs: [`Call::handle`], [`Call::poll`], [`Call::deadline`]. It says what shall happen
//! ([`Act`]) in a call's words; the exchange owns sessions, ports and the floor and does it. It routes and does nothing else: each
//! stage and feature is a machine (`machine`) in a file of its own, which knows no other. Who is there follows from what is said
//! (`party`), who hears whom from that (`room`). None knows SIP, SDP or sockets; status codes stand in `cause` only.

mod act;
mod announce;
mod asking;
mod attempt;
pub mod cause;
mod dialling;
mod feature_code;
mod features;
mod handover;
mod input;
pub mod journey;
pub mod leg;
mod machine;
mod monitor;
mod offering;
mod order;
mod party;
mod queueing;
pub mod reach;
mod recall;
mod recording;
mod rejoin;
mod release;
mod room;
pub mod script;
mod stage;
mod survey;
mod talking;
mod three_way;

pub use act::{About, Act, OfferResult};
pub use handover::Given;
pub use input::{Input, LegEvent};
pub use journey::{Caller, Journey, Recall, Snapshot};
pub use leg::{Leg, Terms};
pub use order::{Conflict, Order, Pin, SeatCode, SeatOrder, Unfit};
pub use party::{CALLER, Member, Role};
pub use reach::{Reachable, Try};
pub use recording::Recorded;
pub use script::Script;

use crate::clock::Now;
use crate::dialplan::Step;
use crate::fact::{Cause, Fact, Party};
use crate::id::{CallRef, GroupId, LegRef, SeatId};
use crate::patch::Topology;
use features::Features;
use machine::{Event, Flow, Machine, Note, Out, Said, Shown, View};
use party::Parties;
use recording::Recording;
use release::Release;
use room::Room;
use stage::Stage;

/// One call.
#[derive(Debug)]
pub struct Call {
    /// Its name.
    pub id: CallRef,
    /// Who called what, and what the dialplan said.
    pub journey: Journey,
    parties: Parties,
    script: Script,
    stage: Stage,
    /// What goes on beside the talk, in the order of their ranks.
    features: Features,
    recording: Recording,
    /// The group that serves the talk: where the caller goes back to if nobody is left with him.
    served: Option<GroupId>,
    topology: Box<Topology>,
    /// Why the last attempt failed: what the caller is told when nothing is left.
    last: Cause,
    said: Said,
}

/// Which machine is asked.
#[derive(Debug, Clone, Copy)]
enum Whom {
    Stage,
    Feature(usize),
    Recording,
}

type Machines<'a> = (&'a mut Stage, &'a mut Features, &'a mut Recording);

impl Call {
    /// A call that has only its caller, leg 0.
    #[must_use]
    pub fn new(id: CallRef, journey: Journey, script: Script) -> Self {
        Self {
            id,
            parties: Parties::of(&journey),
            script,
            stage: Stage::Idle,
            features: Features::default(),
            recording: Recording::new(journey.record),
            served: None,
            topology: Box::default(),
            last: Cause::Unreachable,
            said: Said::new(),
            journey,
        }
    }

    /// Takes one input.
    pub fn handle(&mut self, input: Input, now: Now) {
        match &input {
            _ if matches!(self.stage, Stage::Over) => return,
            Input::Begin => match Stage::first(&self.journey) {
                Some(stage) => self.enter(stage, now),
                None => self.advance(now),
            },
            Input::HangUp(cause) => self.release_all(Party::Switch, *cause, now),
            Input::Leg(leg, event @ (LegEvent::Held(_) | LegEvent::Away | LegEvent::Back { .. })) => {
                self.said.acts.extend(self.parties.turn(*leg, *event, &self.journey.origin));
                self.topology.retain(!matches!(event, LegEvent::Back { anew: true }));
            }
            Input::Leg(CALLER, event) if self.features.wants(&input).is_none() => self.caller_event(*event, now),
            Input::Due => self.due(&input, now),
            _ => {
                let whom = self.features.wants(&input).map_or(Whom::Stage, Whom::Feature);
                self.ask(whom, &Event::Told(&input), now);
            }
        }
        self.reconcile();
    }

    /// The next thing to be done.
    pub fn poll(&mut self) -> Option<Act> {
        self.said.next_act()
    }

    /// When [`Input::Due`] is due, µs monotonic.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        self.features.deadline().into_iter().chain(self.stage.deadline()).min()
    }

    /// The group it waits in.
    #[must_use]
    pub fn group(&self) -> Option<&GroupId> {
        self.stage.group()
    }

    /// The leg of whom the caller talks to first of all.
    #[must_use]
    pub fn agent(&self) -> Option<LegRef> {
        self.parties.agent().map(|agent| agent.leg)
    }

    /// What a leg is in the call.
    #[must_use]
    pub fn role(&self, leg: LegRef) -> Role {
        self.parties.get(leg).map_or(Role::Target, |m| m.role)
    }

    /// The caller has had a 200.
    #[must_use]
    pub fn is_answered(&self) -> bool {
        self.said.shown == Shown::Answered
    }

    /// The group that serves the talk.
    #[must_use]
    pub fn served_in(&self) -> Option<&GroupId> {
        self.served.as_ref().filter(|_| self.stage.is_talk())
    }

    /// Whether this seat is the one the caller talks to first of all.
    #[must_use]
    pub fn is_led_by(&self, seat: &SeatId) -> bool {
        self.parties.agent().and_then(Member::seat) == Some(seat)
    }

    /// To whom the agent's keys go: whom he has brought in, else the caller.
    #[must_use]
    pub fn listener(&self, agent: LegRef) -> Option<LegRef> {
        (self.agent() == Some(agent)).then(|| self.parties.target().map_or(CALLER, |target| target.leg))
    }

    /// Every leg that is not gone.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        self.parties.all()
    }

    /// The stage in one word, for lists.
    pub fn stage(&self) -> &'static str {
        self.stage.word()
    }

    /// What shall be recorded now; `None`: nothing (yet).
    #[must_use]
    pub fn recorded(&self) -> Option<Recorded> {
        if matches!(self.stage, Stage::Over) { None } else { self.recording.wanted(&self.view()) }
    }

    /// The supervisor's seat, from the moment he asked.
    #[must_use]
    pub fn supervisor(&self) -> Option<&SeatId> {
        self.features.supervisor()
    }

    /// An agent's order. `from` is the leg of whoever gives it, `by` who gave it for him; empty: he himself.
    ///
    /// # Errors
    /// [`Conflict`]; then nothing has changed.
    pub fn order(&mut self, from: LegRef, order: Order, by: &str, now: Now) -> Result<(), Conflict> {
        if !self.stage.is_talk() {
            return Err(Conflict::NoTalk);
        }
        if self.agent() != Some(from) {
            return Err(Conflict::NotTheAgent);
        }
        let done = match &order {
            Order::Hold(parked) => self.parties.park(from, *parked).map(|acts| self.said.acts.extend(acts)),
            Order::Mute(muted) => self.parties.mute(from, *muted, by).map(|act| self.said.acts.push_back(act)),
            _ => self.ask_all(from, &order, by, now),
        };
        self.reconcile();
        done
    }

    /// A supervisor asks to be in the talk, changes how he is there, or goes: [`Order::Supervise`], [`Order::Dismiss`].
    ///
    /// # Errors
    /// [`Conflict`]: nobody talks, another supervisor or none is there, or it is so already. That his phone is busy shows at
    /// once: then [`Call::supervisor`] is none.
    pub fn supervise(&mut self, order: &Order, now: Now) -> Result<(), Conflict> {
        let agent = self.agent();
        if let Order::Supervise { seat, .. } = order {
            let talks = |m: &Member| m.answered && m.role != Role::Supervisor && m.seat() == Some(seat);
            match agent {
                None => return Err(Conflict::NoTalk),
                Some(_) if self.parties.all().iter().any(talks) => return Err(Conflict::SeatBusy),
                Some(_) => {}
            }
        }
        let done = self.ask_all(agent.unwrap_or(CALLER), order, "", now);
        self.reconcile();
        done
    }

    /// The target that rings says where it is now (3xx): tried next, once, in its name.
    pub fn redirect(&mut self, leg: LegRef, found: &Reachable, now: Now) {
        self.tell_features(&Event::Redirected(leg, found), now);
    }

    /// Whom this call's caller talks to, if they are two and nothing else is going on: then it can be given away.
    #[must_use]
    pub fn given(&self) -> Option<Given> {
        handover::given(self.id, &self.view()).filter(|_| self.features.is_empty())
    }

    /// Gives that leg away: this call ends without touching it.
    pub fn give(&mut self, given: &Given, now: Now) {
        self.say(now, |view, out| handover::give(given, view, out));
        (self.stage, self.features) = (Stage::Over, Features::default());
    }

    /// Whether a leg can be taken in: caller and agent talk, and nobody else is there or on the way.
    #[must_use]
    pub fn takes(&self, agent: LegRef) -> bool {
        self.agent() == Some(agent) && self.parties.has_caller() && !self.features.bring_in()
    }

    /// Takes a leg of another call in, in the agent's place, who goes. Its name here.
    pub fn take(&mut self, given: &Given, now: Now) -> LegRef {
        let leg = self.said.next_leg();
        self.say(now, |view, out| handover::take(given, leg, view, out));
        self.say(now, |_, out| out.fact(Fact::Connected { leg }));
        self.reconcile();
        leg
    }

    /// Whether another phone may take this leg's place: an agent's or a joined seat's in a talk, or one that rings for a caller.
    #[must_use]
    pub fn replaceable(&self, leg: LegRef) -> bool {
        let talks = [self.parties.agent(), self.parties.target()].into_iter().flatten().any(|m| m.leg == leg);
        talks || self.stage.rings(leg)
    }

    /// The phone of `seat` takes the place of `old`. Its leg's name; [`Call::replaceable`] has been asked.
    pub fn replace(&mut self, old: LegRef, seat: SeatId, now: Now) -> LegRef {
        let leg = self.said.next_leg();
        self.say(now, |_, out| handover::replaced(old, leg, seat, out));
        if self.stage.is_talk() {
            self.tell_features(&Event::Replaced(old, leg), now);
            self.say(now, |view, out| handover::replace(old, leg, view, out));
        } else {
            self.run(Whom::Stage, &Event::PickedUp, now);
            self.say(now, |_, out| out.answered(leg));
            self.follow(Flow::Connected(leg), now);
        }
        self.reconcile();
        leg
    }

    fn view(&self) -> View<'_> {
        View { journey: &self.journey, parties: &self.parties, served: self.served.as_ref() }
    }

    /// Lets something be said; who is there, and what the journey has come to, follows from it.
    fn say<T>(&mut self, now: Now, what: impl FnOnce(&View<'_>, &mut Out<'_>) -> T) -> T {
        self.with(now, |_, view, out| what(view, out))
    }

    /// Asks one machine; not yet what its answer means for the others.
    fn run(&mut self, whom: Whom, event: &Event<'_>, now: Now) -> Flow {
        self.with(now, |(stage, features, recording), view, out| match whom {
            Whom::Stage => stage.handle(view, event, now, out),
            Whom::Feature(at) => features.get_mut(at).map_or(Flow::Pass, |f| f.handle(view, event, now, out)),
            Whom::Recording => recording.handle(view, event, now, out),
        })
    }

    fn with<T>(&mut self, now: Now, what: impl FnOnce(Machines<'_>, &View<'_>, &mut Out<'_>) -> T) -> T {
        let said = self.said.acts.len();
        let view = View { journey: &self.journey, parties: &self.parties, served: self.served.as_ref() };
        let mut out = Out::new(&mut self.said);
        let done = what((&mut self.stage, &mut self.features, &mut self.recording), &view, &mut out);
        let notes = out.finish();
        for act in self.said.acts.iter().skip(said) {
            self.parties.fold(act, now);
            self.journey.fold(act, now);
        }
        for note in notes {
            match note {
                Note::Gone(leg) => self.parties.remove(leg),
                Note::Last(cause) => self.last = cause,
                Note::Sought => self.journey.sought = true,
                Note::Place(place) => self.journey.place = place,
            }
        }
        done
    }

    /// Asks one machine and does what its answer means for the call.
    fn ask(&mut self, whom: Whom, event: &Event<'_>, now: Now) -> Flow {
        let flow = self.run(whom, event, now);
        if let Whom::Feature(at) = whom
            && flow.is_last()
        {
            self.features.remove(at);
        }
        self.follow(flow.clone(), now);
        flow
    }

    /// Asks recording and features for somebody who carries the order out; a new machine, if it is one that begins something.
    fn ask_all(&mut self, from: LegRef, order: &Order, by: &str, now: Now) -> Result<(), Conflict> {
        let event = Event::Order(from, order, by);
        let asked = (0..self.features.len()).map(Whom::Feature).chain([Whom::Recording]);
        for whom in asked {
            match self.ask(whom, &event, now) {
                Flow::Pass => {}
                Flow::Refused(why) => return Err(why),
                _ => return Ok(()),
            }
        }
        let feature = features::begun_by(order).ok_or(Conflict::Nobody)?;
        self.run(Whom::Stage, &event, now);
        self.enlist(feature, &event, now);
        Ok(())
    }

    /// A feature begins.
    fn enlist(&mut self, feature: Box<dyn Machine>, begin: &Event<'_>, now: Now) {
        let at = self.features.insert(feature);
        self.ask(Whom::Feature(at), begin, now);
    }

    /// Whatever is due.
    fn due(&mut self, input: &Input, now: Now) {
        self.ask(Whom::Stage, &Event::Told(input), now);
        for rank in self.features.due(now) {
            if let Some(at) = self.features.of_rank(rank) {
                self.ask(Whom::Feature(at), &Event::Told(input), now);
            }
        }
    }

    /// What a machine's answer means for the others.
    fn follow(&mut self, flow: Flow, now: Now) {
        match flow {
            Flow::Stay | Flow::Pass | Flow::Refused(_) | Flow::Done | Flow::Waits { company: false } => {}
            Flow::Next => self.advance(now),
            Flow::Overflow(group, cause) => self.overflow(&group, cause, now),
            Flow::GiveUp => self.release(Release::exhausted(self.last), now),
            Flow::Ends(by, cause) => self.release_all(by, cause, now),
            Flow::Connected(leg) => self.connect(leg, now),
            Flow::Fetches(leg) => {
                self.connect(leg, now);
                self.enlist(Box::new(recall::Fetch::new()), &Event::Begin, now);
            }
            Flow::TakesOver(leg) => {
                // Whoever was to come to the caller in the agent's place need not.
                self.tell_features(&Event::Connected, now);
                self.agent_goes(Cause::Elsewhere, now);
                self.connect(leg, now);
            }
            Flow::AgentLeaves => {
                self.agent_goes(Cause::Normal, now);
                self.without_agent(Flow::Ends(Party::Callee, Cause::Normal), now);
            }
            Flow::AgentGone { cause, lost } => {
                // The caller has done nothing wrong and is served next.
                let again = lost && self.served.is_some() && self.parties.has_caller();
                let otherwise = if again { Flow::Requeue(Some(cause)) } else { survey::after(cause, &self.view()) };
                self.without_agent(otherwise, now);
            }
            Flow::Waits { company: true } => {
                if let Some(group) = self.view().home_group().cloned() {
                    self.enlist(Box::new(rejoin::Rejoin::anyone(group)), &Event::Begin, now);
                }
            }
            Flow::Asks => self.enlist(Box::new(survey::Survey::new()), &Event::AgentLeft, now),
            Flow::Missed { agent, called, cause } => self.missed(agent, called, cause, now),
            Flow::Requeue(why) => self.requeue(why, now),
        }
    }

    /// Tells every feature; those that are done by it go. The first answer that means something for the others.
    fn tell_features(&mut self, event: &Event<'_>, now: Now) -> Option<Flow> {
        let mut at = 0;
        while at < self.features.len() {
            let flow = self.run(Whom::Feature(at), event, now);
            if flow.is_last() {
                self.features.remove(at);
            } else {
                at += 1;
            }
            if !matches!(flow, Flow::Pass | Flow::Stay | Flow::Done) {
                return Some(flow);
            }
        }
        None
    }

    /// The agent's leg ends.
    fn agent_goes(&mut self, cause: Cause, now: Now) {
        self.say(now, |view, out| {
            if let Some(agent) = view.parties.agent() {
                out.leave(agent, cause, Cause::Normal);
            }
        });
    }

    /// The agent has gone: what a feature does for the caller; if none does anything, what is said here.
    fn without_agent(&mut self, otherwise: Flow, now: Now) {
        let flow = self.tell_features(&Event::AgentLeft, now).unwrap_or(otherwise);
        self.follow(flow, now);
    }

    /// Nobody is brought in any more: what follows for caller and agent.
    fn missed(&mut self, agent: Option<SeatId>, called: String, cause: Cause, now: Now) {
        self.journey.came_back = Some((called, cause));
        let alone = self.parties.agent().is_none();
        match agent {
            _ if !self.parties.has_caller() => self.release_all(Party::Switch, Cause::Unreachable, now),
            _ if !alone => {
                self.run(Whom::Stage, &Event::Missed(cause), now);
            }
            // An emergency line's caller is helped by a seat, whoever is first; another comes back to his agent.
            Some(seat) if !self.features.find_company() => {
                self.enlist(Box::new(rejoin::Rejoin::agent(seat, cause)), &Event::Begin, now);
            }
            _ => self.requeue(Some(cause), now),
        }
    }

    /// This leg is whom the caller talks to from here on.
    fn connect(&mut self, leg: LegRef, now: Now) {
        if self.stage.is_talk() {
            self.run(Whom::Stage, &Event::Connected, now);
            self.tell_features(&Event::Connected, now);
        } else {
            self.served = self.stage.group().cloned();
            if let Some(group) = self.served.as_ref().and_then(|g| self.view().group(g)) {
                let when = group.record;
                self.run(Whom::Recording, &Event::Served(when), now);
            }
            self.say(now, |_, out| out.show(Shown::Answered));
            self.stage = Stage::Talking(talking::Talking::default());
        }
        self.say(now, |_, out| out.fact(Fact::Connected { leg }));
    }

    /// The head of the queue, with everything that is known.
    fn requeue(&mut self, why: Option<Cause>, now: Now) {
        if let Some(cause) = why {
            self.say(now, |_, out| out.fact(Fact::Returned { seat: None, cause }));
        }
        let group = self.view().home_group().cloned();
        self.tell_features(&Event::Requeued, now);
        self.journey.returned = true;
        *self.topology = Topology::new();
        match group {
            Some(group) => self.enter(Stage::Queueing(Box::new(queueing::Queueing::line(group, None))), now),
            None => self.release_all(Party::Switch, Cause::Unreachable, now),
        }
    }

    /// Takes the next step of the script.
    fn advance(&mut self, now: Now) {
        self.stage = Stage::Idle;
        match self.script.take_step() {
            None => self.release(Release::exhausted(self.last), now),
            Some(Step::Release { status, q850 }) => {
                self.release(Release::said(status, q850, self.journey.service), now);
            }
            Some(step) => self.enter(Stage::of(step), now),
        }
    }

    fn enter(&mut self, stage: Stage, now: Now) {
        self.stage = stage;
        self.ask(Whom::Stage, &Event::Begin, now);
    }

    /// A group cannot serve the call: the plan says where it goes from there.
    fn overflow(&mut self, group: &GroupId, cause: Cause, now: Now) {
        let disaster = cause == Cause::Disaster;
        let route =
            self.view().group(group).map(|g| g.disaster.as_ref().filter(|_| disaster).unwrap_or(&g.overflow).clone());
        let stopped = self.journey.diversions > journey::MAX_DIVERSIONS;
        match route {
            Some(route) if !stopped && self.script.divert(&route) => self.advance(now),
            _ => {
                self.last = cause;
                self.release(Release::exhausted(cause), now);
            }
        }
    }

    /// What the caller's leg reports, in any stage.
    fn caller_event(&mut self, event: LegEvent, now: Now) {
        let (cause, failed) = match event {
            LegEvent::Ended { cause } => (cause, false),
            LegEvent::Failed { cause, .. } => (cause, true),
            _ => return,
        };
        if self.parties.agent().is_some() && self.features.keep_line() {
            // Others go on without him (product §5.5, §5.7).
            return self.say(now, |_, out| {
                out.fact(Fact::PartyLeft { leg: CALLER, cause });
                out.gone(CALLER);
            });
        }
        if failed {
            return self.release_all(Party::Switch, cause, now);
        }
        let (outcome, talk) = (self.stage.abandoned(&self.view()), self.stage.is_talk());
        self.run(Whom::Stage, &Event::CallerLeft(cause), now);
        self.release(Release::caller_left(cause, outcome, talk), now);
    }

    /// One side hung up, or we end it: everybody goes.
    fn release_all(&mut self, by: Party, cause: Cause, now: Now) {
        self.release(Release::all(by, cause, self.stage.is_talk()), now);
    }

    /// The caller's leg first, then whatever features and stage have in hand, then all that is left.
    fn release(&mut self, mut release: Release, now: Now) {
        self.say(now, |view, out| release.handle(view, &Event::Begin, now, out));
        let ending = release.ending;
        self.tell_features(&Event::End(&ending), now);
        self.run(Whom::Stage, &Event::End(&ending), now);
        self.say(now, |view, out| release.handle(view, &Event::End(&ending), now, out));
        (self.stage, self.features) = (Stage::Over, Features::default());
    }

    /// Says who hears whom, if that has changed.
    fn reconcile(&mut self) {
        if matches!(self.stage, Stage::Over) {
            return;
        }
        let view = self.view();
        let mut room = Room::new(&self.parties, room::music(&self.journey, &self.parties));
        self.stage.arrange(&view, &mut room);
        self.features.arrange(&view, &mut room);
        let (apart, topology) = (room.apart, room.topology());
        self.parties.set_apart(apart);
        let Some(topology) = topology.filter(|t| *t != *self.topology) else { return };
        (*self.topology).clone_from(&topology);
        self.said.acts.push_back(Act::Topology(topology));
    }
}

#[cfg(test)]
mod stand;
#[cfg(test)]
mod tests;
