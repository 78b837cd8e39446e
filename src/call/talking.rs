//! People talk: caller and agent, a third beside them or in the agent's place; hold with music; what follows when one is lost.

use super::monitor::Monitor;
use super::rejoin::Rejoin;
use super::three_way::ThreeWay;
use super::{Act, Call, Input, LegEvent, Shown, Stage};
use crate::clock::{Now, SECOND};
use crate::fact::{Cause, Fact, Party};
use crate::id::{GroupId, LegRef, PromptId, SeatId};
use crate::patch::topology::{Hears, Speaker};
use crate::patch::{Beside, PlayId, Sound, Source, Tone, Topology};
use smallvec::SmallVec;

/// How long an agent is told by a tone that something failed, µs.
const TOLD: u64 = 3 * SECOND / 2;
/// Tones beside voices are softer than alone.
const BESIDE_DB: i8 = -9;

/// Who talks.
#[derive(Debug, Default)]
pub(super) struct Talking {
    /// Whom the caller talks to first of all: the agent, or whoever has taken his place. `None` only while somebody is being
    /// reached for a caller whose agent is gone.
    pub(super) with: Option<LegRef>,
    pub(super) seat: Option<SeatId>,
    /// The queue he came from: where he goes back to if nobody is left with him.
    pub(super) group: Option<GroupId>,
    /// Somebody is being brought in, or has been.
    pub(super) third: Option<Box<ThreeWay>>,
    /// A seat is being rung for a caller whose agent is gone.
    pub(super) rejoin: Option<Box<Rejoin>>,
    /// A supervisor.
    pub(super) monitor: Option<Box<Monitor>>,
    /// The agent hears of a failure by this tone until then (µs monotonic).
    pub(super) told: Option<(u64, Tone)>,
}

impl Talking {
    pub(super) fn deadline(&self) -> Option<u64> {
        let third = self.third.as_ref().and_then(|t| t.deadline());
        let rejoin = self.rejoin.as_ref().and_then(|r| r.deadline());
        let monitor = self.monitor.as_ref().and_then(|m| m.deadline());
        [self.told.map(|(at, _)| at), third, rejoin, monitor].into_iter().flatten().min()
    }

    /// The supervisor's leg, once he is there.
    pub(super) fn chief(&self) -> Option<LegRef> {
        self.monitor.as_ref().and_then(|m| m.there())
    }

    /// Seats that are in the talk, with their legs.
    pub(super) fn seats(&self) -> impl Iterator<Item = (LegRef, &SeatId)> {
        let first = self.with.zip(self.seat.as_ref());
        let third = self.third.as_ref().and_then(|t| t.joined_seat());
        first.into_iter().chain(third).chain(self.monitor.as_ref().and_then(|m| m.there_with_seat()))
    }
}

impl Call {
    /// The leg answered: the caller is answered too, and both hear each other.
    pub(super) fn connect(&mut self, leg: LegRef, seat: Option<SeatId>, now: Now) {
        let group = match &self.stage {
            Stage::Queueing(q) => Some(q.group().clone()),
            _ => None,
        };
        if let Some(group) = group.as_ref().and_then(|g| self.journey.snapshot.plan.group(g)) {
            self.served_by(group.record);
        }
        if let Some(member) = self.member(leg) {
            member.answered = true;
        }
        self.journey.answered_at.get_or_insert(now.wall);
        self.journey.came_back = None;
        self.fact(Fact::LegAnswered { leg });
        self.show(Shown::Answered);
        self.stage = Stage::Talking(Talking { with: Some(leg), seat, group, ..Talking::default() });
        self.fact(Fact::Connected { leg });
        self.patch_talk();
    }

    pub(super) fn talk(&mut self) -> Option<&mut Talking> {
        match &mut self.stage {
            Stage::Talking(talking) => Some(talking),
            _ => None,
        }
    }

    /// Who hears whom. In each room everyone hears the others; whoever has nobody to hear gets music; a holder hears nothing.
    pub(super) fn patch_talk(&mut self) {
        let Stage::Talking(talking) = &self.stage else { return };
        let agent = talking.with;
        let is_here = |leg: &LegRef| self.members.iter().any(|m| m.leg == *leg);
        let third = talking.third.as_deref();
        let mut talkers: SmallVec<[LegRef; 4]> = SmallVec::new();
        talkers.extend(Some(self.caller()).filter(is_here));
        talkers.extend(agent.filter(is_here));
        talkers.extend(third.and_then(ThreeWay::joined).filter(is_here));
        let apart = third.and_then(|t| t.apart(self.caller()));
        let is = |leg: LegRef, what: fn(&super::Member) -> bool| self.members.iter().any(|m| m.leg == leg && what(m));
        let away = |leg: LegRef| is(leg, |m| m.held || m.parked);
        let mut topology = Topology::new();
        for me in &talkers {
            let heard = |other: &&LegRef| {
                let (mine, theirs) = (apart == Some(*me), apart == Some(**other));
                *other != me && !away(**other) && !mine && !theirs
            };
            let speaker = |leg: &LegRef| Speaker { mute: is(*leg, |m| m.muted), ..Speaker::new(*leg) };
            let mut speakers: SmallVec<[Speaker; 4]> = talkers.iter().filter(heard).map(speaker).collect();
            let (early, beside) = self.beside(*me, talking);
            speakers.extend(early.map(Speaker::new));
            let told = third.and_then(|t| t.whispered(*me));
            let hears = if let Some(told) = told {
                Hears::Source(told)
            } else if is(*me, |m| m.held) {
                Hears::Source(Source::Nothing)
            } else if is(*me, |m| m.parked) {
                // His phone knows of no hold: it is sent silence, or it would take the line for dead.
                Hears::Mix { speakers: SmallVec::new(), beside: None }
            } else if speakers.is_empty() && beside.is_none() {
                self.music()
            } else {
                Hears::of(speakers, beside)
            };
            topology.set(*me, hears);
        }
        if let Some(early) = third.and_then(ThreeWay::early) {
            topology.set(early, Hears::Source(Source::Nothing));
        }
        if let Some(monitor) = &talking.monitor {
            let heard: SmallVec<[LegRef; 4]> = talkers.iter().copied().filter(|leg| !away(*leg)).collect();
            let hearing: SmallVec<[LegRef; 4]> = heard.iter().copied().filter(|leg| apart != Some(*leg)).collect();
            self.patch_monitor(monitor, agent, &heard, &hearing, &mut topology);
        }
        self.patch(topology);
    }

    /// What one party alone hears beside the talk: the target's own early sound or our ringback, or that it failed. The agent; or
    /// the caller, when somebody is reached for him after the agent has gone.
    fn beside(&self, me: LegRef, talking: &Talking) -> (Option<LegRef>, Option<Beside>) {
        let for_me = talking.with.map_or(me == self.caller(), |agent| agent == me);
        if !for_me {
            return (None, None);
        }
        let alone = talking.with.is_none() || !self.has_caller();
        let gain_db = if alone { 0 } else { BESIDE_DB };
        let tone = |tone| Some(Beside { sound: Sound::Tone(tone), gain_db });
        if let Some((_, told)) = talking.told {
            return (None, tone(told));
        }
        match talking.third.as_deref() {
            // The target's own sound is the agent's to hear; a caller who waits for it alone hears it ring.
            Some(third) if third.early().is_some() && talking.with.is_some() => (third.early(), None),
            Some(third) if third.is_reaching() => (None, tone(Tone::Ringback)),
            _ if talking.rejoin.is_some() => (None, tone(Tone::Ringback)),
            _ => (None, None),
        }
    }

    fn music(&self) -> Hears {
        let clip = self.journey.snapshot.clip(&PromptId::from("music/hold"));
        Hears::Source(clip.map_or(Source::Tone(Tone::Ringback), |clip| Source::Play {
            play: PlayId(0),
            clips: [clip].into(),
            repeat: true,
        }))
    }

    pub(super) fn talking(&mut self, input: Input, now: Now) {
        match input {
            Input::Leg(leg, event) => self.talker_event(leg, event, now),
            Input::Offered { .. } | Input::Withdrawn { .. } | Input::Overflowed { .. } | Input::Reserved(..) => {
                if !self.rejoin_told(&input, now) && !self.monitor_told(&input, now) {
                    self.third_told(input, now);
                }
            }
            Input::Refused => self.tell_agent(Tone::Congestion, now),
            Input::Due => {
                if let Some(talking) = self.talk()
                    && talking.told.is_some_and(|(at, _)| at <= now.mono)
                {
                    talking.told = None;
                    self.patch_talk();
                }
                self.third_due(now);
                self.rejoin_due(now);
                self.monitor_due(now);
            }
            Input::PlayFinished(leg, play) => self.whisper_over(leg, play, now),
            Input::Begin | Input::Position { .. } | Input::HangUp(_) => {}
        }
    }

    fn talker_event(&mut self, leg: LegRef, event: LegEvent, now: Now) {
        let Some(talking) = self.talk() else { return };
        let agent = talking.with == Some(leg);
        if !agent {
            if !self.rejoin_event(leg, event, now) && !self.monitor_event(leg, event) {
                self.third_event(leg, event, now);
            }
            return;
        }
        if let LegEvent::Ended { cause } | LegEvent::Failed { cause, .. } = event {
            self.agent_gone(leg, cause, now);
        }
    }

    /// The agent, or whoever the caller talks to, hung up or was lost.
    fn agent_gone(&mut self, leg: LegRef, cause: Cause, now: Now) {
        let Some(talking) = self.talk() else { return };
        let seat = talking.seat.take();
        let third = talking.third.is_some();
        self.fact(Fact::LegEnded { leg, by: Party::Callee, cause });
        self.remove(leg);
        if let Some(seat) = seat {
            self.act(Act::SeatFree(seat));
        }
        if let Some(talking) = self.talk() {
            talking.with = None;
        }
        if third && self.goes_on_without_agent(now) {
            return;
        }
        let caller = self.has_caller();
        let served = self.talk().is_some_and(|t| t.group.is_some());
        // The phone died under the talk: the caller has done nothing wrong and is served next.
        if served && caller && cause != Cause::Normal {
            self.back_to_queue(now);
        } else {
            self.release_all(Party::Callee, cause);
        }
    }

    /// The head of the queue, with everything that is known.
    pub(super) fn back_to_queue(&mut self, now: Now) {
        let group = self.home_group();
        self.dismiss_rejoin(Cause::Elsewhere);
        self.drop_monitor(Cause::Normal);
        self.journey.returned = true;
        self.topology = Topology::new();
        match group {
            Some(group) => self.enter_queue(group, None, now),
            None => self.release_all(Party::Switch, Cause::Unreachable),
        }
    }

    /// The agent is told by a short tone that something came to nothing; the talk goes on under it.
    pub(super) fn tell_agent(&mut self, tone: Tone, now: Now) {
        if let Some(talking) = self.talk().filter(|t| t.with.is_some()) {
            talking.told = Some((now.mono + TOLD, tone));
            self.patch_talk();
        }
    }

    /// The caller hung up in a talk. `true`: others go on without him (product §5.5, §5.7).
    pub(super) fn talk_goes_on_without_caller(&mut self, cause: Cause) -> bool {
        let Some(talking) = self.talk() else { return false };
        let emergency = talking.third.as_ref().is_some_and(|t| t.is_emergency());
        let others = talking.with.is_some();
        if !emergency || !others {
            return false;
        }
        let caller = self.caller();
        self.remove(caller);
        self.fact(Fact::PartyLeft { leg: caller, cause });
        self.patch_talk();
        true
    }
}
