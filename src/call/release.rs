//! The end of a call: exactly one `CallEnded`, every leg and seat let go.

use super::{Act, Call, OfferResult, Shown, Stage, cause};
use crate::fact::{Cause, Fact, Outcome, Party, Service, TransferResult};
use crate::id::LegRef;
use crate::patch::Topology;

impl Call {
    /// The script says how the call ends.
    pub(super) fn release(&mut self, status: u16, q850: u8) {
        let cause = cause::from_q850(q850).unwrap_or_else(|| cause::from_status(status));
        let outcome =
            if self.journey.service == Service::Cancelled { Outcome::CancelledNumber } else { cause::outcome(cause) };
        self.end(Party::Switch, cause, outcome, Some((status, q850)));
    }

    /// Nothing is left to try: the caller is told why the last attempt failed.
    pub(super) fn release_last(&mut self) {
        let cause = self.last;
        let (status, q850) = cause::to_sip(cause);
        self.end(Party::Switch, cause, cause::outcome(cause), Some((status, q850)));
    }

    /// The caller hung up.
    pub(super) fn caller_gone(&mut self, cause: Cause) {
        if let Stage::Announcing(announcing) = &self.stage {
            let prompt = announcing.prompt().clone();
            self.fact(Fact::PromptEnded { prompt, whole: false });
        }
        let outcome = match &self.stage {
            Stage::Talking(_) => Outcome::Connected,
            Stage::Announcing(_) if self.journey.service == Service::Cancelled => Outcome::CancelledNumber,
            Stage::Announcing(_) if !self.journey.sought => Outcome::AbandonedInPrompt,
            Stage::Idle | Stage::Announcing(_) | Stage::Queueing(_) | Stage::Dialling(_) | Stage::Over => {
                Outcome::Abandoned
            }
        };
        if matches!(self.stage, Stage::Talking(_)) {
            self.fact(Fact::PartyLeft { leg: LegRef(0), cause });
            if self.stage.third().is_some_and(|t| t.is_reaching()) {
                self.end_third(TransferResult::CallerGone, Cause::CallerGone);
            }
        }
        self.remove(LegRef(0));
        let by = if cause == Cause::Normal || cause == Cause::CallerGone { Party::Caller } else { Party::Switch };
        self.finish(by, cause, outcome, None);
    }

    /// One side hung up, or we end it: everybody goes.
    pub(super) fn release_all(&mut self, by: Party, cause: Cause) {
        let outcome = if matches!(self.stage, Stage::Talking(_)) { Outcome::Connected } else { cause::outcome(cause) };
        self.end(by, cause, outcome, None);
    }

    /// Ends the caller's leg, then the call. `said`: status and Q.850 cause; else they follow from the cause.
    fn end(&mut self, by: Party, cause: Cause, outcome: Outcome, said: Option<(u16, u8)>) {
        let (status, q850) = said.unwrap_or_else(|| cause::to_sip(cause));
        let caller = self.caller();
        if self.shown < Shown::Answered {
            self.act(Act::Reject { status, q850 });
        } else {
            self.act(Act::HangUp { leg: caller, cause });
        }
        let status = (self.shown < Shown::Answered).then_some(status);
        self.remove(LegRef(0));
        self.finish(by, cause, outcome, status);
    }

    /// Lets go of every other leg, offer and seat.
    fn finish(&mut self, by: Party, cause: Cause, outcome: Outcome, status: Option<u16>) {
        // Whoever is still being reached is told to stop first; what has joined ends with the others.
        if self.stage.third().is_some_and(|t| t.is_reaching()) {
            self.end_third(TransferResult::AgentGone, cause);
        }
        if self.stage.is_rejoining() {
            self.dismiss_rejoin(Cause::CallerGone);
        }
        self.drop_monitor(Cause::Normal);
        let stage = std::mem::replace(&mut self.stage, Stage::Over);
        let quit = if by == Party::Caller { Cause::CallerGone } else { cause };
        match &stage {
            Stage::Queueing(q) => {
                for (_, leg) in q.offers() {
                    self.fact(Fact::LegFailed { leg, cause: quit, status: None });
                }
                self.act(Act::Leave);
            }
            Stage::Dialling(d) => {
                let (leg, offer) = d.attempt();
                if let Some(leg) = leg {
                    self.fact(Fact::LegFailed { leg, cause: quit, status: None });
                }
                if let Some(offer) = offer {
                    self.act(Act::Offer(offer, OfferResult::Declined(quit)));
                    self.act(Act::Leave);
                }
            }
            Stage::Talking(talking) => {
                let third = talking.third.as_ref().and_then(|t| t.joined());
                for leg in talking.with.into_iter().chain(third) {
                    if self.members.iter().any(|m| m.leg == leg) {
                        self.fact(Fact::LegEnded { leg, by, cause });
                    }
                }
                for (_, seat) in talking.seats() {
                    self.act(Act::SeatFree(seat.clone()));
                }
            }
            Stage::Idle | Stage::Announcing(_) | Stage::Over => {}
        }
        let leg_cause = if matches!(stage, Stage::Talking(_)) { cause } else { quit };
        for member in std::mem::take(&mut self.members) {
            self.act(Act::HangUp { leg: member.leg, cause: leg_cause });
        }
        self.topology = Topology::new();
        self.fact(Fact::CallEnded { outcome, by, cause, status });
        self.act(Act::Over);
    }
}
