//! A caller who asked to be called back. His place in the line is kept by a call that has no caller yet ([`CallingBack`]): the seat
//! that the floor gives is rung first. Once it has answered, the caller is dialled on the trunk that he came by, and the agent hears
//! it ring ([`Fetch`]).

use super::act::{About, Act};
use super::attempt::{Attempt, Report};
use super::input::{Input, LegEvent};
use super::journey::Recall;
use super::machine::{Event, Flow, Machine, Note, Out, View};
use super::order::{Conflict, Order};
use super::party::CALLER;
use super::room::Room;
use crate::clock::{Now, SECOND};
use crate::fact::{Cause, Fact, Target};
use crate::id::GroupId;
use std::sync::Arc;

/// A group that cannot serve now is asked again after so long, µs.
const AGAIN: u64 = 60 * SECOND;
/// The seat that was named is rung so long, µs.
const RINGS: u64 = 30 * SECOND;

/// The place of a caller who is not there.
#[derive(Debug)]
pub(super) struct CallingBack {
    group: GroupId,
    skill: Option<Arc<str>>,
    rung: Option<Attempt>,
    /// When the line is entered again, µs monotonic.
    again: Option<u64>,
}

impl CallingBack {
    pub(super) fn new(recall: &Recall) -> Self {
        Self { group: recall.group.clone(), skill: recall.skill.clone(), rung: None, again: None }
    }

    pub(super) fn group(&self) -> &GroupId {
        &self.group
    }

    fn begin(&mut self, view: &View<'_>, now: Now, out: &mut Out<'_>) {
        out.caller_is_ours();
        match view.journey.recall.as_ref().and_then(|recall| recall.seat.clone()) {
            Some(seat) => self.rung = Some(Attempt::seat(seat, About::Service, now.mono + RINGS, out)),
            None => self.enter(view, out),
        }
    }

    fn enter(&mut self, view: &View<'_>, out: &mut Out<'_>) {
        let (class, place) = (view.journey.rank_class(), view.journey.place);
        self.again = None;
        out.act(Act::Enter { group: self.group.clone(), skill: self.skill.clone(), class, place });
    }

    fn told(&mut self, input: &Input, view: &View<'_>, now: Now, out: &mut Out<'_>) -> Flow {
        match input {
            Input::Offered { offer, seat } => self.rung = Some(Attempt::offered(*offer, seat.clone(), out)),
            Input::Overflowed { group, place, .. } if *group == self.group => {
                out.note(Note::Place(view.journey.place.min(*place)));
                self.rung = None;
                self.again = Some(now.mono + AGAIN);
            }
            Input::Due if self.again.is_some_and(|at| now.mono >= at) => self.enter(view, out),
            _ => return self.rung_told(input, view, now, out),
        }
        Flow::Stay
    }

    fn rung_told(&mut self, input: &Input, view: &View<'_>, now: Now, out: &mut Out<'_>) -> Flow {
        let Some(attempt) = self.rung.as_mut() else { return Flow::Stay };
        match attempt.handle(input, view, now, out) {
            Report::Nothing | Report::Ringing(_) | Report::Early(_) => Flow::Stay,
            Report::Failed(cause) => {
                self.rung = None;
                out.note(Note::Last(cause));
                // Whoever was named cannot be had; the floor finds another one by itself.
                let named = view.journey.recall.as_ref().is_some_and(|recall| recall.seat.is_some());
                if named { Flow::GiveUp } else { Flow::Stay }
            }
            Report::Answered(leg) => {
                if let Some(attempt) = self.rung.take() {
                    attempt.accept(out);
                }
                out.answered(leg);
                Flow::Fetches(leg)
            }
        }
    }
}

impl Machine for CallingBack {
    fn handle(&mut self, view: &View<'_>, event: &Event<'_>, now: Now, out: &mut Out<'_>) -> Flow {
        match event {
            Event::Begin => self.begin(view, now, out),
            Event::Told(input) => return self.told(input, view, now, out),
            Event::End(ending) => {
                if let Some(attempt) = &self.rung {
                    attempt.ends_with_call(ending.quit(), out);
                }
                out.act(Act::Leave);
            }
            _ => {}
        }
        Flow::Stay
    }

    fn deadline(&self) -> Option<u64> {
        let rung = self.rung.as_ref().and_then(Attempt::deadline);
        rung.into_iter().chain(self.again).min()
    }
}

/// A telephone at home rings so long, µs.
const TELEPHONE: u64 = 45 * SECOND;

/// The caller is being reached.
#[derive(Debug)]
pub(super) struct Fetch {
    until: u64,
    /// His own side's sound comes before the answer.
    early: bool,
}

impl Fetch {
    pub(super) fn new() -> Self {
        Self { until: 0, early: false }
    }

    fn begin(&mut self, view: &View<'_>, now: Now, out: &mut Out<'_>) -> Flow {
        let Some(recall) = view.journey.recall.as_ref() else { return Flow::Done };
        self.until = now.mono + TELEPHONE;
        let target = Target::Trunk { trunk: recall.trunk.clone(), number: recall.number.clone() };
        out.fact(Fact::LegTried { leg: CALLER, target: target.clone(), agent: None });
        out.act(Act::Dial { leg: CALLER, target, about: About::Recall });
        Flow::Stay
    }

    fn missed(&self, cause: Cause, out: &mut Out<'_>) -> Flow {
        out.fact(Fact::CallbackTried { reached: false, cause: Some(cause) });
        out.note(Note::Last(cause));
        Flow::GiveUp
    }

    fn told(&mut self, event: LegEvent, out: &mut Out<'_>) -> Flow {
        match event {
            LegEvent::Trying | LegEvent::Anew | LegEvent::Held(_) | LegEvent::Away | LegEvent::Back { .. } => {
                Flow::Stay
            }
            LegEvent::Ringing => {
                out.fact(Fact::LegRinging { leg: CALLER });
                Flow::Stay
            }
            LegEvent::EarlyMedia => {
                self.early = true;
                Flow::Stay
            }
            LegEvent::Answered => {
                out.answered(CALLER);
                out.fact(Fact::CallbackTried { reached: true, cause: None });
                out.fact(Fact::Connected { leg: CALLER });
                Flow::Done
            }
            LegEvent::Failed { cause, status } => {
                out.failed(CALLER, cause, status);
                out.gone(CALLER);
                self.missed(cause, out)
            }
            LegEvent::Ended { cause } => {
                out.gone(CALLER);
                self.missed(cause, out)
            }
        }
    }
}

impl Machine for Fetch {
    fn handle(&mut self, view: &View<'_>, event: &Event<'_>, now: Now, out: &mut Out<'_>) -> Flow {
        match event {
            Event::Begin => self.begin(view, now, out),
            Event::Told(Input::Leg(CALLER, event)) => self.told(*event, out),
            Event::Told(Input::Due) if now.mono >= self.until => self.missed(Cause::NoAnswer, out),
            // Nobody is left to talk to him.
            Event::AgentLeft => self.missed(Cause::Normal, out),
            // Nobody else is brought in before he is there.
            Event::Order(_, Order::Reach(..), _) => Flow::Refused(Conflict::Busy),
            Event::Order(_, Order::Cancel, _) => self.missed(Cause::Normal, out),
            _ => Flow::Pass,
        }
    }

    fn deadline(&self) -> Option<u64> {
        Some(self.until)
    }

    fn wants(&self, input: &Input) -> bool {
        matches!(input, Input::Leg(CALLER, _))
    }

    fn arrange(&self, _view: &View<'_>, room: &mut Room<'_>) {
        room.rings = !self.early;
    }

    fn rank(&self) -> u8 {
        4
    }

    /// Nobody else is brought in before he is there.
    fn brings_in(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::journey::Recall;
    use crate::call::stand::{Stand, State, Told, after, leg, table};

    fn stand() -> Stand {
        let mut stand = Stand::talking().without_caller();
        stand.journey.recall = Some(Box::new(Recall {
            group: "main".into(),
            skill: None,
            seat: None,
            trunk: "carrier".into(),
            number: "13900000001".into(),
        }));
        stand
    }

    #[test]
    fn every_state_meets_everything() {
        let states: &[State] = &[
            ("new", || after(stand(), Fetch::new(), &[])),
            ("dialled", || after(stand(), Fetch::new(), &[Told::Begin])),
            ("rings", || after(stand(), Fetch::new(), &[Told::Begin, leg(0, LegEvent::Ringing)])),
        ];
        insta::assert_snapshot!(table(states));
    }
}
