//! A caller whom his agent has left is not left alone: a seat is rung for him while an emergency line rings, or the agent's own
//! seat after a transfer that came to nothing (product §5.6, "return on failure").

use super::act::{About, Act};
use super::attempt::{Attempt, Report};
use super::input::Input;
use super::machine::{Event, Flow, Machine, Note, Out, View};
use super::room::Room;
use crate::clock::{Now, SECOND};
use crate::fact::{Cause, Fact};
use crate::id::{GroupId, SeatId};

/// The agent whose transfer failed is rung so long, µs; then the caller goes to the head of the queue.
const RETURN_RINGS: u64 = 15 * SECOND;

/// A seat that is being rung for the caller.
#[derive(Debug)]
pub(super) struct Rejoin {
    whom: Whom,
    attempt: Option<Attempt>,
}

#[derive(Debug)]
enum Whom {
    /// Whoever of the group is free.
    Group(GroupId),
    /// The agent himself, whose transfer came to nothing for this cause.
    Agent(SeatId, Cause),
}

impl Rejoin {
    /// Whoever of the group is free comes to the caller whose agent has gone, while the emergency line rings.
    pub(super) fn anyone(group: GroupId) -> Self {
        Self { whom: Whom::Group(group), attempt: None }
    }

    /// The transfer came to nothing: back to the agent who ordered it, with the reason; to the queue if he cannot be had.
    pub(super) fn agent(seat: SeatId, cause: Cause) -> Self {
        Self { whom: Whom::Agent(seat, cause), attempt: None }
    }

    fn begin(&mut self, view: &View<'_>, now: Now, out: &mut Out<'_>) {
        self.attempt = Some(match &self.whom {
            Whom::Agent(seat, cause) => {
                out.fact(Fact::Returned { seat: Some(seat.clone()), cause: *cause });
                Attempt::seat(seat.clone(), About::Service, now.mono + RETURN_RINGS, out)
            }
            Whom::Group(group) => Attempt::group(group.clone(), About::Service, view.journey.place, None, out),
        });
    }

    fn told(&mut self, input: &Input, view: &View<'_>, now: Now, out: &mut Out<'_>) -> Flow {
        let Some(attempt) = self.attempt.as_mut() else { return Flow::Stay };
        match (attempt.handle(input, view, now, out), &self.whom) {
            (Report::Nothing | Report::Ringing(_) | Report::Early(_), _) => Flow::Stay,
            (Report::Answered(leg), _) => {
                out.answered(leg);
                attempt.accept(out);
                // It is the one whom the caller talks to now: nobody need be rung any more.
                self.attempt = None;
                Flow::Connected(leg)
            }
            // Nobody can be had; the emergency line goes on ringing for the caller.
            (Report::Failed(_), Whom::Group(_)) => Flow::Done,
            (Report::Failed(cause), Whom::Agent(..)) => {
                out.note(Note::Last(cause));
                Flow::Requeue(None)
            }
        }
    }

    /// Nobody need be rung any more.
    fn dismiss(&mut self, cause: Cause, out: &mut Out<'_>) {
        let Some(attempt) = self.attempt.take() else { return };
        attempt.stop(cause, out);
        if matches!(self.whom, Whom::Agent(..)) {
            out.act(Act::Leave);
        }
    }
}

impl Machine for Rejoin {
    fn handle(&mut self, view: &View<'_>, event: &Event<'_>, now: Now, out: &mut Out<'_>) -> Flow {
        match event {
            Event::Begin => self.begin(view, now, out),
            Event::Told(input) => return self.told(input, view, now, out),
            Event::Connected | Event::Requeued => {
                self.dismiss(Cause::Elsewhere, out);
                return Flow::Done;
            }
            Event::End(ending) => {
                // Who was rung in the agent's place is let go for the call's own cause; the agent because the caller has gone.
                let cause = match self.whom {
                    Whom::Group(_) if !ending.caller_left => ending.cause,
                    Whom::Group(_) | Whom::Agent(..) => Cause::CallerGone,
                };
                self.dismiss(cause, out);
            }
            _ => {}
        }
        Flow::Stay
    }

    fn deadline(&self) -> Option<u64> {
        self.attempt.as_ref().and_then(Attempt::deadline)
    }

    fn wants(&self, input: &Input) -> bool {
        self.attempt.as_ref().is_some_and(|attempt| attempt.wants(input))
    }

    fn arrange(&self, _view: &View<'_>, room: &mut Room<'_>) {
        room.rings = true;
    }

    fn rank(&self) -> u8 {
        1
    }

    fn finds_company(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::input::LegEvent;
    use crate::call::stand::{Stand, State, Told, after, leg, offered, reserved, table};

    #[test]
    fn every_state_meets_everything() {
        let states: &[State] = &[
            ("a group is asked", || {
                after(Stand::talking().without_agent(), Rejoin::anyone("main".into()), &[Told::Begin])
            }),
            ("a seat of a group rings", || {
                after(
                    Stand::talking().without_agent(),
                    Rejoin::anyone("main".into()),
                    &[Told::Begin, offered(9, "8003")],
                )
            }),
            ("the agent is asked", || {
                after(Stand::talking().without_agent(), Rejoin::agent("8001".into(), Cause::Busy), &[Told::Begin])
            }),
            ("the agent rings", || {
                after(
                    Stand::talking().without_agent(),
                    Rejoin::agent("8001".into(), Cause::Busy),
                    &[Told::Begin, reserved("8001", 9), leg(2, LegEvent::Ringing)],
                )
            }),
        ];
        insta::assert_snapshot!(table(states));
    }
}
