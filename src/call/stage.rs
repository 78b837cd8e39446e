//! The stage that a call is in: one machine at a time.

use super::announce::Announcing;
use super::dialling::Dialling;
use super::feature_code::FeatureCode;
use super::journey::Journey;
use super::machine::{Event, Flow, Machine, Out, View};
use super::offering::Offering;
use super::queueing::Queueing;
use super::recall::CallingBack;
use super::room::Room;
use super::talking::Talking;
use crate::clock::Now;
use crate::dialplan::Step;
use crate::fact::Outcome;
use crate::id::{GroupId, LegRef};

/// Where the call is in its script.
#[derive(Debug)]
pub(super) enum Stage {
    /// Between two steps.
    Idle,
    // Boxed: a call talks longer than it is on its way, and its room would be that of the largest.
    Announcing(Box<Announcing>),
    Queueing(Box<Queueing>),
    Dialling(Box<Dialling>),
    Talking(Talking),
    Coded(Box<FeatureCode>),
    CallingBack(Box<CallingBack>),
    Offering(Box<Offering>),
    Over,
}

impl Stage {
    /// What a step of the script is; a release is none.
    pub(super) fn of(step: Step) -> Self {
        match step {
            Step::Prompt { prompt, early } => Self::Announcing(Box::new(Announcing::new(prompt, early))),
            Step::Ring { group, timeout_ms } => Self::Queueing(Box::new(Queueing::kept(group, timeout_ms))),
            Step::Queue { group, skill } => Self::Queueing(Box::new(Queueing::line(group, skill))),
            Step::Trunk { trunks, number, progress_ms, timeout_ms } => {
                Self::Dialling(Box::new(Dialling::trunks(trunks, number, progress_ms, timeout_ms)))
            }
            Step::CallBack { group } => Self::Offering(Box::new(Offering::new(group))),
            Step::Release { .. } => Self::Idle,
        }
    }

    /// What a call begins with that has no script: a seat that was dialled by its own number, or a feature code.
    pub(super) fn first(journey: &Journey) -> Option<Self> {
        if let Some(seat) = journey.seat_dialled.clone() {
            return Some(Self::Dialling(Box::new(Dialling::seat(seat))));
        }
        if let Some(recall) = &journey.recall {
            return Some(Self::CallingBack(Box::new(CallingBack::new(recall))));
        }
        let code = journey.seat_code.clone()?;
        Some(Self::Coded(Box::new(FeatureCode::new(*code))))
    }

    fn machine(&self) -> Option<&dyn Machine> {
        match self {
            Self::Announcing(machine) => Some(&**machine),
            Self::Queueing(machine) => Some(&**machine),
            Self::Dialling(machine) => Some(&**machine),
            Self::Talking(machine) => Some(machine),
            Self::Coded(machine) => Some(&**machine),
            Self::CallingBack(machine) => Some(&**machine),
            Self::Offering(machine) => Some(&**machine),
            Self::Idle | Self::Over => None,
        }
    }

    fn machine_mut(&mut self) -> Option<&mut dyn Machine> {
        match self {
            Self::Announcing(machine) => Some(&mut **machine),
            Self::Queueing(machine) => Some(&mut **machine),
            Self::Dialling(machine) => Some(&mut **machine),
            Self::Talking(machine) => Some(machine),
            Self::Coded(machine) => Some(&mut **machine),
            Self::CallingBack(machine) => Some(&mut **machine),
            Self::Offering(machine) => Some(&mut **machine),
            Self::Idle | Self::Over => None,
        }
    }

    pub(super) fn handle(&mut self, view: &View<'_>, event: &Event<'_>, now: Now, out: &mut Out<'_>) -> Flow {
        self.machine_mut().map_or(Flow::Pass, |machine| machine.handle(view, event, now, out))
    }

    pub(super) fn deadline(&self) -> Option<u64> {
        self.machine().and_then(Machine::deadline)
    }

    pub(super) fn arrange(&self, view: &View<'_>, room: &mut Room<'_>) {
        if let Some(machine) = self.machine() {
            machine.arrange(view, room);
        }
    }

    /// In one word, for lists.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Idle => "starting",
            Self::Announcing(_) => "announcing",
            Self::Queueing(_) => "queueing",
            Self::Dialling(_) => "ringing",
            Self::Talking(_) => "talking",
            Self::Coded(_) => "feature_code",
            Self::CallingBack(_) => "calling_back",
            Self::Offering(_) => "offering_callback",
            Self::Over => "over",
        }
    }

    pub(super) fn is_talk(&self) -> bool {
        matches!(self, Self::Talking(_))
    }

    /// The group that the call waits in.
    pub(super) fn group(&self) -> Option<&GroupId> {
        match self {
            Self::Queueing(queueing) => Some(queueing.group()),
            Self::CallingBack(calling) => Some(calling.group()),
            _ => None,
        }
    }

    /// Whether this leg rings for the caller, so that it can be picked up elsewhere.
    pub(super) fn rings(&self, leg: LegRef) -> bool {
        matches!(self, Self::Queueing(queueing) if queueing.rings(leg))
    }

    /// What it means that the caller hangs up now.
    pub(super) fn abandoned(&self, view: &View<'_>) -> Outcome {
        match self {
            Self::Talking(_) => Outcome::Connected,
            Self::Coded(_) => Outcome::Served,
            Self::Queueing(queueing) if queueing.keeps_place() => Outcome::Callback,
            Self::Offering(offering) if offering.keeps_place() => Outcome::Callback,
            Self::Announcing(announcing) => announcing.abandoned(view),
            Self::Idle
            | Self::Queueing(_)
            | Self::Dialling(_)
            | Self::CallingBack(_)
            | Self::Offering(_)
            | Self::Over => Outcome::Abandoned,
        }
    }
}
