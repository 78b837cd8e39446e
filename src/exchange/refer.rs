//! REFER: a phone's own transfer key. From a seat it is a transfer on answer, to an emergency number a three-way (product §5.11).

use super::Exchange;
use super::rows::TransferRow;
use crate::call::{Order, cause};
use crate::clock::Now;
use crate::fact::{Brief, Fact, Origin, Target, TransferResult, Way};
use crate::id::{CallRef, LegRef};
use crate::sip::dialog::{Refer, ReferId, SessionId};
use std::sync::Arc;

impl Exchange {
    /// A leg asks that its caller be put through. Refused at once, or answered 202 and reported on to the end.
    pub(super) fn referred(&mut self, session: SessionId, refer: ReferId, to: &Refer, now: Now) {
        let Some((call, leg)) = self.calls.owner(session) else {
            return self.endpoint.decline_refer(refer, 403, now);
        };
        match &to.replaces {
            Some(replaces) if self.is_seats(call, leg) => return self.attended(call, leg, refer, replaces, now),
            None if self.may_transfer(call, leg) => {}
            _ => return self.endpoint.decline_refer(refer, 403, now),
        }
        let Some(live) = self.calls.get(&call) else { return self.endpoint.decline_refer(refer, 481, now) };
        match live.call.journey.snapshot.plan.normalise(&to.uri) {
            Ok(number) => self.refer_to(call, leg, refer, &number.digits.to_string(), now),
            Err(_) => self.endpoint.decline_refer(refer, 403, now),
        }
    }

    /// The leg's caller is put through to this number, on answer.
    pub(super) fn refer_to(&mut self, call: CallRef, leg: LegRef, refer: ReferId, number: &str, now: Now) {
        let Some(live) = self.calls.get(&call) else { return self.endpoint.decline_refer(refer, 481, now) };
        let plan = Arc::clone(&live.call.journey.snapshot.plan);
        let Some(found) = self.reachable(&plan, number, now.wall) else {
            return self.endpoint.decline_refer(refer, 403, now);
        };
        // Accepted first: what the order leads to at once is reported behind the 202.
        self.endpoint.accept_refer(refer, now);
        if let Some(live) = self.calls.get_mut(&call) {
            live.refers.asking = Some(refer);
        }
        let order = Order::Reach(Arc::new(found), Way::OnAnswer, Brief::default());
        if self.order(call, leg, order, "", now).is_err()
            && let Some(live) = self.calls.get_mut(&call)
        {
            live.refers.asking = None;
            self.endpoint.report_refer(refer, 491, now);
        }
    }

    /// A seat's, whether it is called or calls.
    fn is_seats(&self, call: CallRef, leg: LegRef) -> bool {
        let Some(live) = self.calls.get(&call) else { return false };
        live.call.members().iter().any(|m| {
            m.leg == leg
                && match &m.target {
                    Some(Target::Seat(_)) => true,
                    Some(Target::Trunk { .. }) => false,
                    None => matches!(live.call.journey.origin, Origin::Seat(_)),
                }
        })
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

    /// What a transfer has come to: kept for lists, and told to the phone that asked for it.
    pub(super) fn transfer_fact(&mut self, call: CallRef, fact: &Fact, now: Now) {
        let Some(live) = self.calls.get_mut(&call) else { return };
        TransferRow::fold(&mut live.transfers, fact);
        let (transfer, status) = match fact {
            Fact::TransferAsked { transfer, .. } => {
                live.refers.open.extend(live.refers.asking.take().map(|refer| (*transfer, refer)));
                return;
            }
            Fact::TransferRinging { transfer, .. } => (*transfer, 180),
            Fact::TransferEnded { transfer, result: TransferResult::Joined, .. } => (*transfer, 200),
            Fact::TransferEnded { transfer, result: TransferResult::Failed, cause } => {
                (*transfer, cause.map_or(480, |cause| cause::to_sip(cause).0))
            }
            Fact::TransferEnded { transfer, .. } => (*transfer, 487),
            _ => return,
        };
        let Some(at) = live.refers.open.iter().position(|(of, _)| *of == transfer) else { return };
        let (_, refer) = if status < 200 { live.refers.open[at] } else { live.refers.open.remove(at) };
        self.endpoint.report_refer(refer, status, now);
    }
}
