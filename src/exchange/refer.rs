//! REFER: a phone's own transfer key. From a seat it is a transfer on answer, to an emergency number a three-way (product §5.11).

use super::Exchange;
use crate::call::{Order, cause};
use crate::clock::Now;
use crate::fact::{Fact, Target, TransferResult, Way};
use crate::id::{CallRef, LegRef};
use crate::sip::dialog::SessionId;
use crate::sip::dialog::{Refer, ReferId};
use std::sync::Arc;

impl Exchange {
    /// A leg asks that its caller be put through. Refused at once, or answered 202 and reported on to the end.
    pub(super) fn referred(&mut self, session: SessionId, refer: ReferId, to: &Refer, now: Now) {
        let asked = self.sessions.get(&session).copied().filter(|(call, leg)| self.may_transfer(*call, *leg));
        let Some((call, leg)) = asked else { return self.endpoint.decline_refer(refer, 403, now) };
        if to.replaces.is_some() {
            // A consultation in a call of its own cannot be joined to this one yet.
            return self.endpoint.decline_refer(refer, 501, now);
        }
        let Some(live) = self.calls.get(&call) else { return self.endpoint.decline_refer(refer, 481, now) };
        let plan = Arc::clone(&live.call.journey.snapshot.plan);
        let number = plan.normalise(&to.uri).map(|d| d.digits.to_string());
        let Some(found) = number.ok().and_then(|n| self.reachable(&plan, &n, now.wall)) else {
            return self.endpoint.decline_refer(refer, 403, now);
        };
        // Accepted first: what the order leads to at once is reported behind the 202.
        self.endpoint.accept_refer(refer, now);
        if let Some(live) = self.calls.get_mut(&call) {
            live.refer = Some(refer);
        }
        if self.order(call, leg, Order::Reach(Arc::new(found), Way::OnAnswer), now).is_err() {
            self.report(call, 491, now);
        }
    }

    /// An agent, or a trunk that the plan lets transfer.
    fn may_transfer(&self, call: CallRef, leg: LegRef) -> bool {
        let Some(live) = self.calls.get(&call) else { return false };
        let plan = &live.call.journey.snapshot.plan;
        let trunk = live.call.members().iter().find(|m| m.leg == leg).and_then(|m| match &m.target {
            Some(Target::Trunk { trunk, .. }) => plan.trunk(trunk),
            _ => None,
        });
        self.is_agents(call, leg) || trunk.is_some_and(|t| t.may_transfer)
    }

    /// What a transfer has come to, told to the phone that asked for it.
    pub(super) fn transfer_fact(&mut self, call: CallRef, fact: &Fact, now: Now) {
        let status = match fact {
            Fact::TransferRinging { .. } => 180,
            Fact::TransferEnded { result: TransferResult::Joined, .. } => 200,
            Fact::TransferEnded { result: TransferResult::Failed, cause, .. } => {
                cause.map_or(480, |cause| cause::to_sip(cause).0)
            }
            Fact::TransferEnded { .. } => 487,
            _ => return,
        };
        self.report(call, status, now);
    }

    fn report(&mut self, call: CallRef, status: u16, now: Now) {
        let Some(live) = self.calls.get_mut(&call) else { return };
        let refer = if status < 200 { live.refer } else { live.refer.take() };
        if let Some(refer) = refer {
            self.endpoint.report_refer(refer, status, now);
        }
    }
}
