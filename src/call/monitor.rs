//! 班长: a supervisor in a talk. He listens, is heard by the agent alone, by everyone, or takes the agent's place. Nobody hears
//! him before that is chosen; who asked for it, and why, is written down.

use super::act::About;
use super::attempt::{Attempt, Report};
use super::input::{Input, LegEvent};
use super::machine::{Event, Flow, Machine, Out, View};
use super::order::{Conflict, Order};
use super::room::Room;
use crate::clock::{Now, SECOND};
use crate::fact::{Cause, Fact, Supervision};
use crate::id::{LegRef, SeatId};

/// His phone rings so long, µs.
const RINGS: u64 = 20 * SECOND;

/// A supervisor, from the order on.
#[derive(Debug)]
pub(super) struct Monitor {
    seat: SeatId,
    mode: Supervision,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Nobody has been asked yet.
    Idle,
    Ringing(Attempt),
    There(LegRef),
}

impl Monitor {
    pub(super) fn new(seat: SeatId, mode: Supervision) -> Self {
        Self { seat, mode, state: State::Idle }
    }

    fn ordered(&mut self, order: &Order, view: &View<'_>, now: Now, out: &mut Out<'_>) -> Flow {
        let (seat, mode, who, why) = match order {
            Order::Supervise { seat, mode, who, why } => (seat, *mode, who, why),
            Order::Dismiss => {
                self.drop(Cause::Normal, view, out);
                return Flow::Done;
            }
            _ => return Flow::Pass,
        };
        let asked = Fact::Supervised { seat: seat.clone(), mode, who: who.clone(), why: why.clone() };
        match self.state {
            State::Idle => {
                out.fact(asked);
                let about = About::Supervision(mode);
                self.state = State::Ringing(Attempt::seat(seat.clone(), about, now.mono + RINGS, out));
                Flow::Stay
            }
            State::Ringing(_) | State::There(_) if self.seat != *seat => Flow::Refused(Conflict::Busy),
            State::Ringing(_) | State::There(_) if self.mode == mode => Flow::Refused(Conflict::Already),
            State::Ringing(_) | State::There(_) => {
                self.mode = mode;
                out.fact(asked);
                self.chosen()
            }
        }
    }

    /// He is there, or has chosen anew.
    fn chosen(&self) -> Flow {
        match (&self.state, self.mode) {
            (State::There(leg), Supervision::TakeOver) => Flow::TakesOver(*leg),
            _ => Flow::Stay,
        }
    }

    fn told(&mut self, input: &Input, view: &View<'_>, now: Now, out: &mut Out<'_>) -> Flow {
        match (&mut self.state, input) {
            (State::Ringing(attempt), _) => match attempt.handle(input, view, now, out) {
                Report::Nothing | Report::Ringing(_) | Report::Early(_) => Flow::Stay,
                Report::Failed(_) => Flow::Done,
                Report::Answered(leg) => {
                    out.answered(leg);
                    attempt.accept(out);
                    self.state = State::There(leg);
                    self.chosen()
                }
            },
            (State::There(leg), Input::Leg(_, LegEvent::Ended { cause } | LegEvent::Failed { cause, .. })) => {
                out.fact(Fact::PartyLeft { leg: *leg, cause: *cause });
                out.gone(*leg);
                if let Some(me) = view.parties.get(*leg) {
                    out.seat_free(me);
                }
                Flow::Done
            }
            (State::Idle | State::There(_), _) => Flow::Stay,
        }
    }

    /// He is let go, whatever he is doing.
    fn drop(&mut self, cause: Cause, view: &View<'_>, out: &mut Out<'_>) {
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Idle => {}
            State::Ringing(attempt) => attempt.stop(cause, out),
            State::There(leg) => {
                if let Some(me) = view.parties.get(leg) {
                    out.leave(me, cause, cause);
                }
            }
        }
    }
}

impl Machine for Monitor {
    fn handle(&mut self, view: &View<'_>, event: &Event<'_>, now: Now, out: &mut Out<'_>) -> Flow {
        match event {
            Event::Told(input) => return self.told(input, view, now, out),
            Event::Order(_, order, _) => return self.ordered(order, view, now, out),
            Event::Requeued | Event::End(_) => {
                self.drop(Cause::Normal, view, out);
                return Flow::Done;
            }
            _ => {}
        }
        Flow::Stay
    }

    fn deadline(&self) -> Option<u64> {
        match &self.state {
            State::Ringing(attempt) => attempt.deadline(),
            State::Idle | State::There(_) => None,
        }
    }

    fn wants(&self, input: &Input) -> bool {
        match (&self.state, input) {
            (State::Ringing(attempt), input) => attempt.wants(input),
            (State::There(leg), Input::Leg(about, _)) => leg == about,
            _ => false,
        }
    }

    fn arrange(&self, _view: &View<'_>, room: &mut Room<'_>) {
        room.supervision = Some(self.mode);
    }

    fn rank(&self) -> u8 {
        3
    }

    fn supervisor(&self) -> Option<&SeatId> {
        Some(&self.seat)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::stand::{Stand, State, after, leg, reserved, supervise, table};

    #[test]
    fn every_state_meets_everything() {
        let states: &[State] = &[
            ("his seat is asked for", || {
                after(
                    Stand::talking(),
                    Monitor::new("8049".into(), Supervision::Listen),
                    &[supervise("8049", Supervision::Listen)],
                )
            }),
            ("his phone rings", || {
                after(
                    Stand::talking(),
                    Monitor::new("8049".into(), Supervision::Listen),
                    &[supervise("8049", Supervision::Listen), reserved("8049", 9)],
                )
            }),
            ("his phone rings, to take over", || {
                after(
                    Stand::talking(),
                    Monitor::new("8049".into(), Supervision::TakeOver),
                    &[supervise("8049", Supervision::TakeOver), reserved("8049", 9)],
                )
            }),
            ("he listens", || {
                after(
                    Stand::talking(),
                    Monitor::new("8049".into(), Supervision::Listen),
                    &[supervise("8049", Supervision::Listen), reserved("8049", 9), leg(2, LegEvent::Answered)],
                )
            }),
        ];
        insta::assert_snapshot!(table(states));
    }
}
