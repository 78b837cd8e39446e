//! The end of a call: exactly one `CallEnded`, every leg and seat let go.

use super::act::Act;
use super::cause;
use super::machine::{Ending, Event, Flow, Machine, Out, Shown, View};
use super::party::{CALLER, Role};
use crate::clock::Now;
use crate::fact::{Cause, Fact, Outcome, Party, Service};

/// How the call ends. [`Event::Begin`] ends the caller's leg, [`Event::End`], after features and stage, everything else.
#[derive(Debug)]
pub(super) struct Release {
    pub(super) ending: Ending,
    outcome: Outcome,
    /// Status and Q.850 cause; else they follow from the cause.
    said: Option<(u16, u8)>,
    /// What the caller got, if it was a final response.
    status: Option<u16>,
    /// People talked.
    talked: bool,
}

impl Release {
    /// The script says how the call ends.
    pub(super) fn said(status: u16, q850: u8, service: Service) -> Self {
        let cause = cause::said(status, q850);
        let outcome = if service == Service::Cancelled { Outcome::CancelledNumber } else { cause::outcome(cause) };
        Self { said: Some((status, q850)), ..Self::new(Party::Switch, cause, outcome) }
    }

    /// Nothing is left to try: the caller is told why the last attempt failed.
    pub(super) fn exhausted(last: Cause) -> Self {
        Self::new(Party::Switch, last, cause::outcome(last))
    }

    /// One side hung up, or we end it: everybody goes.
    pub(super) fn all(by: Party, cause: Cause, talked: bool) -> Self {
        let outcome = if talked { Outcome::Connected } else { cause::outcome(cause) };
        Self { talked, ..Self::new(by, cause, outcome) }
    }

    /// The caller hung up.
    pub(super) fn caller_left(cause: Cause, outcome: Outcome, talked: bool) -> Self {
        let by = if matches!(cause, Cause::Normal | Cause::CallerGone) { Party::Caller } else { Party::Switch };
        let ending = Ending { by, cause, caller_left: true };
        Self { ending, talked, ..Self::new(by, cause, outcome) }
    }

    fn new(by: Party, cause: Cause, outcome: Outcome) -> Self {
        let ending = Ending { by, cause, caller_left: false };
        Self { ending, outcome, said: None, status: None, talked: false }
    }

    fn end_caller(&mut self, out: &mut Out<'_>) {
        if self.ending.caller_left {
            return out.gone(CALLER);
        }
        let (status, q850) = self.said.unwrap_or_else(|| cause::to_sip(self.ending.cause));
        if out.shown() < Shown::Answered {
            out.act(Act::Reject { status, q850 });
            out.gone(CALLER);
            self.status = Some(status);
        } else {
            out.hang_up(CALLER, self.ending.cause);
        }
    }

    /// Lets go of every other leg and seat.
    fn end_others(&self, view: &View<'_>, out: &mut Out<'_>) {
        let Ending { by, cause, .. } = self.ending;
        let talked = || {
            [Role::Agent, Role::Target]
                .into_iter()
                .filter_map(|role| view.parties.all().iter().find(|m| m.role == role && m.answered))
        };
        for party in talked() {
            out.fact(Fact::LegEnded { leg: party.leg, by, cause });
        }
        for party in talked() {
            out.seat_free(party);
        }
        let told = if self.talked { cause } else { self.ending.quit() };
        for party in view.parties.all() {
            out.hang_up(party.leg, told);
        }
        out.fact(Fact::CallEnded { outcome: self.outcome, by, cause, status: self.status });
        out.act(Act::Over);
    }
}

impl Machine for Release {
    fn handle(&mut self, view: &View<'_>, event: &Event<'_>, _now: Now, out: &mut Out<'_>) -> Flow {
        match event {
            Event::Begin => self.end_caller(out),
            Event::End(_) => self.end_others(view, out),
            _ => {}
        }
        Flow::Stay
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::stand::{Stand, State, after, table};

    #[test]
    fn every_state_meets_everything() {
        let states: &[State] = &[
            ("nothing is left to try", || after(Stand::new(), Release::exhausted(Cause::Busy), &[])),
            ("the script ends it", || after(Stand::new(), Release::said(410, 22, Service::Cancelled), &[])),
            ("a talk is ended", || after(Stand::talking(), Release::all(Party::Switch, Cause::Shed, true), &[])),
            ("the caller hung up in a talk", || {
                after(Stand::talking(), Release::caller_left(Cause::Normal, Outcome::Connected, true), &[])
            }),
        ];
        insta::assert_snapshot!(table(states));
    }
}
