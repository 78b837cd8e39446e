//! Two people talk: a path both ways, hold with music, and what follows when one of them is lost.

use super::{Act, Call, Input, LegEvent, Shown, Stage};
use crate::clock::Now;
use crate::fact::{Cause, Fact, Party};
use crate::id::{GroupId, LegRef, PromptId, SeatId};
use crate::patch::topology::Hears;
use crate::patch::{PlayId, Source, Topology};

/// Caller and one other talk.
#[derive(Debug)]
pub(super) struct Talking {
    with: LegRef,
    seat: Option<SeatId>,
    /// The queue he came from: where he goes back to if the seat's phone dies.
    group: Option<GroupId>,
}

impl Talking {
    pub(super) fn parts(&self) -> (LegRef, Option<&SeatId>) {
        (self.with, self.seat.as_ref())
    }
}

impl Call {
    /// The leg answered: the caller is answered too, and both hear each other.
    pub(super) fn connect(&mut self, leg: LegRef, seat: Option<SeatId>) {
        let group = match &self.stage {
            Stage::Queueing(q) => Some(q.group().clone()),
            _ => None,
        };
        if let Some(member) = self.member(leg) {
            member.answered = true;
        }
        self.fact(Fact::LegAnswered { leg });
        self.show(Shown::Answered);
        self.stage = Stage::Talking(Talking { with: leg, seat, group });
        self.fact(Fact::Connected { leg });
        self.patch_talk();
    }

    /// Who hears whom while two talk: the holder hears nothing, the held one music.
    pub(super) fn patch_talk(&mut self) {
        let Stage::Talking(talking) = &self.stage else { return };
        let (caller, other) = (self.caller(), talking.with);
        let held = |leg| self.members.iter().any(|m| m.leg == leg && m.held);
        let music = || {
            let clip = self.journey.snapshot.clip(&PromptId::from("music/hold"));
            Hears::Source(clip.map_or(Source::Nothing, |clip| Source::Play {
                play: PlayId(0),
                clips: [clip].into(),
                repeat: true,
            }))
        };
        let hears = |me: LegRef, from: LegRef| match (held(me), held(from)) {
            (true, _) => Hears::Source(Source::Nothing),
            (false, true) => music(),
            (false, false) => Hears::Leg(from),
        };
        let mut topology = Topology::new();
        topology.set(caller, hears(caller, other));
        topology.set(other, hears(other, caller));
        self.patch(topology);
    }

    pub(super) fn talking(&mut self, input: &Input, now: Now) {
        let Stage::Talking(talking) = &self.stage else { return };
        let Input::Leg(leg, event) = input else { return };
        if *leg != talking.with {
            return;
        }
        let (cause, lost) = match event {
            LegEvent::Ended { cause } | LegEvent::Failed { cause, .. } => (*cause, *cause != Cause::Normal),
            LegEvent::Trying | LegEvent::Ringing | LegEvent::EarlyMedia | LegEvent::Answered | LegEvent::Held(_) => {
                return;
            }
        };
        let (seat, group) = (talking.seat.clone(), talking.group.clone());
        self.fact(Fact::LegEnded { leg: *leg, by: Party::Callee, cause });
        self.remove(*leg);
        if let Some(seat) = seat {
            self.act(Act::SeatFree(seat));
        }
        match group {
            // The phone died under the talk: the caller has done nothing wrong and is served next.
            Some(group) if lost => {
                self.journey.returned = true;
                self.topology = Topology::new();
                self.enter_queue(group, None, now);
            }
            _ => self.release_all(Party::Callee, cause),
        }
    }
}
