//! People talk: the caller and whoever he talks to first of all. Whoever else is there is a feature of its own.

use super::act::{Act, OfferResult};
use super::input::{Input, LegEvent};
use super::machine::{Event, Flow, Machine, Out, View};
use super::room::Room;
use crate::clock::{Now, SECOND};
use crate::fact::{Cause, Fact, Party};
use crate::id::LegRef;
use crate::patch::Tone;

/// How long an agent is told by a tone that something failed, µs.
const TOLD: u64 = 3 * SECOND / 2;

/// A talk.
#[derive(Debug, Default)]
pub(super) struct Talking {
    /// The agent hears of a failure by this tone until then (µs monotonic).
    notice: Option<(u64, Tone)>,
}

impl Talking {
    /// The agent is told by a short tone that something came to nothing; the talk goes on under it.
    fn tell_agent(&mut self, tone: Tone, view: &View<'_>, now: Now) {
        if view.parties.agent().is_some() {
            self.notice = Some((now.mono + TOLD, tone));
        }
    }

    fn told(&mut self, input: &Input, view: &View<'_>, now: Now, out: &mut Out<'_>) -> Flow {
        match input {
            Input::Refused => self.tell_agent(Tone::Congestion, view, now),
            Input::Due if self.deadline().is_some_and(|at| at <= now.mono) => self.notice = None,
            // Nobody here has asked for it, or nobody wants it any more.
            Input::Offered { offer, .. } | Input::Reserved(_, Ok(offer)) => {
                out.act(Act::Offer(*offer, OfferResult::Declined(Cause::CallerGone)));
            }
            Input::Leg(leg, LegEvent::Ended { cause } | LegEvent::Failed { cause, .. }) => {
                return agent_gone(*leg, *cause, view, now, out);
            }
            _ => {}
        }
        Flow::Stay
    }
}

/// The agent, or whoever the caller talks to, hung up or was lost.
fn agent_gone(leg: LegRef, cause: Cause, view: &View<'_>, now: Now, out: &mut Out<'_>) -> Flow {
    let Some(agent) = view.parties.agent().filter(|agent| agent.leg == leg) else { return Flow::Stay };
    out.fact(Fact::LegEnded { leg, by: Party::Callee, cause });
    out.gone(leg);
    // A seat that ends right after its answer has served nobody: a slipped hand, a phone that answers by itself and hangs up.
    let early = agent.seat().is_some() && now.mono < agent.since + view.journey.early_hangup;
    match agent.seat() {
        Some(seat) if early => out.act(Act::SeatQuit(seat.clone())),
        _ => out.seat_free(agent),
    }
    Flow::AgentGone { cause, lost: early || cause != Cause::Normal }
}

impl Machine for Talking {
    fn handle(&mut self, view: &View<'_>, event: &Event<'_>, now: Now, out: &mut Out<'_>) -> Flow {
        match event {
            Event::Told(input) => return self.told(input, view, now, out),
            Event::Missed(cause) => self.tell_agent(super::cause::heard(*cause), view, now),
            // What was to be told was for another, or is of no interest any more.
            Event::Connected | Event::Order(..) => self.notice = None,
            Event::CallerLeft(cause) => {
                out.fact(Fact::PartyLeft { leg: super::party::CALLER, cause: *cause });
            }
            _ => {}
        }
        Flow::Stay
    }

    fn deadline(&self) -> Option<u64> {
        self.notice.map(|(at, _)| at)
    }

    fn arrange(&self, view: &View<'_>, room: &mut Room<'_>) {
        room.talk = true;
        room.notice = self.notice.filter(|_| view.parties.agent().is_some()).map(|(_, tone)| tone);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::stand::{Stand, State, Told, after, table};

    #[test]
    fn every_state_meets_everything() {
        let states: &[State] = &[
            ("two talk", || after(Stand::talking(), Talking::default(), &[])),
            ("the agent is told of a failure", || {
                after(Stand::talking(), Talking::default(), &[Told::Input(Input::Refused)])
            }),
            ("the agent has gone", || after(Stand::talking().without_agent(), Talking::default(), &[])),
        ];
        insta::assert_snapshot!(table(states));
    }
}
