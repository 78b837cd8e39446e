//! A leg to a trunk that has several targets: where one is silent, overloaded (503) or cannot be connected to, the next is tried
//! (RFC 3263 §4.3). The call sees one leg all the while.
//!
//! ```text
//!   sent ── nothing at all for `silence` ──▶ the next, and the first is let go
//!    │  └── 503, no connection ───────────▶ the next
//!    └── 101–699 ──▶ settled: what becomes of it is the call's affair
//! ```
//! 100 says that the target is alive, but an overloaded one says it too: only silence is over then.

use super::Exchange;
use super::due::Due;
use super::trunks::targets::{At, at};
use crate::call::{Input, LegEvent, cause};
use crate::clock::Now;
use crate::fact::Cause;
use crate::id::{CallRef, LegRef, TrunkId};
use crate::sip::dialog::{Outgoing, SessionId};
use crate::sip::endpoint::FailedBy;
use crate::sip::flow::Flow;
use crate::sip::locate::Target;
use std::collections::BTreeMap;
use std::sync::Arc;

/// One way that a leg may take.
#[derive(Debug, Clone)]
pub(super) struct Hop {
    pub(super) flow: Flow,
    pub(super) uri: String,
    /// The outbound proxy that it is, for a Route header.
    pub(super) route: Option<Arc<str>>,
}

impl Hop {
    /// The Route line, or nothing.
    pub(super) fn route_line(&self) -> Vec<u8> {
        self.route.as_ref().map(|route| format!("Route: <{route}>\r\n").into_bytes()).unwrap_or_default()
    }
}

/// A leg that is on its way to the first of its targets that takes it.
#[derive(Debug)]
pub(super) struct Hunt {
    pub(super) trunk: TrunkId,
    /// What the INVITE is written from, and its further lines without Route.
    pub(super) outgoing: Outgoing,
    pub(super) extra: Vec<u8>,
    /// Those that have not been tried, the next one last.
    pub(super) rest: Vec<Hop>,
    /// The trunk's media may come from where its SIP does.
    pub(super) nat: bool,
    /// So long one may be silent, µs.
    pub(super) silence: u64,
}

impl Hunt {
    /// Where it is now.
    fn at(&self) -> At {
        (self.outgoing.flow.transport, self.outgoing.flow.peer)
    }

    /// The INVITE to another target.
    fn turns_to(&mut self, hop: Hop) -> Outgoing {
        self.outgoing.extra = [&self.extra[..], &hop.route_line()].concat().into();
        self.outgoing.flow = hop.flow;
        self.outgoing.to = format!("<{}>", hop.uri).into();
        self.outgoing.uri = hop.uri.into();
        self.outgoing.clone()
    }
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Failover {
    hunts: BTreeMap<(CallRef, LegRef), (Hunt, u32)>,
    serial: u32,
}

impl Failover {
    /// A leg has been sent to a target; the serial of the timer to set. 0 is nobody's.
    fn sent(&mut self, call: CallRef, leg: LegRef, hunt: Hunt) -> u32 {
        self.serial = self.serial.wrapping_add(1).max(1);
        self.hunts.insert((call, leg), (hunt, self.serial));
        self.serial
    }

    /// The hunt of a leg, taken out.
    fn take(&mut self, call: CallRef, leg: LegRef) -> Option<Hunt> {
        self.hunts.remove(&(call, leg)).map(|(hunt, _)| hunt)
    }

    /// The leg is gone, or has its answer.
    pub fn forget(&mut self, call: CallRef, leg: LegRef) {
        if !self.hunts.is_empty() {
            self.hunts.remove(&(call, leg));
        }
    }

    fn of(&mut self, call: CallRef, leg: LegRef) -> Option<&mut (Hunt, u32)> {
        self.hunts.get_mut(&(call, leg))
    }
}

impl Exchange {
    /// A leg has been sent to a target, and to others if that fails.
    pub(super) fn hunt(&mut self, call: CallRef, leg: LegRef, hunt: Hunt, now: Now) {
        let at = now.mono + hunt.silence;
        let serial = self.failover.sent(call, leg, hunt);
        self.wheel.set(at, Due::Silence(call, leg, serial));
    }

    /// A provisional response to our INVITE.
    pub(super) fn target_heard(&mut self, session: SessionId, status: u16) {
        if self.failover.hunts.is_empty() {
            return;
        }
        let Some((call, leg)) = self.calls.owner(session) else { return };
        match self.failover.of(call, leg) {
            // The timer that is set is nobody's now.
            Some((_, serial)) if status == 100 => *serial = 0,
            Some(_) => self.failover.forget(call, leg),
            None => {}
        }
    }

    /// Nothing has been heard of a target.
    pub(super) fn target_silent(&mut self, call: CallRef, leg: LegRef, serial: u32, now: Now) {
        let Some((hunt, of)) = self.failover.of(call, leg) else { return };
        if *of != serial {
            return;
        }
        if hunt.rest.is_empty() {
            // The last one has as long as the call gives it, but others come first for a while.
            let (trunk, at) = (hunt.trunk.clone(), hunt.at());
            return self.trunks.target_failed(&trunk, at, now);
        }
        let Some(session) = self.calls.session_of(call, leg) else { return };
        if self.next_target(call, leg, session, "silent", now) {
            // Should it answer yet: CANCEL, or ACK and BYE.
            self.endpoint.hang_up(session, cause::leg_reason(Cause::Elsewhere).as_bytes(), now);
        }
    }

    /// An INVITE failed: true if the leg has gone to another target.
    pub(super) fn fails_over(&mut self, session: SessionId, status: u16, by: FailedBy, now: Now) -> bool {
        if self.failover.hunts.is_empty() {
            return false;
        }
        let Some((call, leg)) = self.calls.owner(session) else { return false };
        let why = match by {
            FailedBy::Response if status == 503 => "503",
            FailedBy::Transport => "no connection",
            FailedBy::Timeout => "silent",
            FailedBy::Response => {
                self.failover.forget(call, leg);
                return false;
            }
        };
        self.next_target(call, leg, session, why, now)
    }

    fn next_target(&mut self, call: CallRef, leg: LegRef, session: SessionId, why: &str, now: Now) -> bool {
        let Some(mut hunt) = self.failover.take(call, leg) else { return false };
        let (was, next) = (hunt.at(), hunt.rest.pop());
        self.trunks.target_failed(&hunt.trunk, was, now);
        tracing::warn!(%call, trunk = %hunt.trunk, target = %was.1, why, next = ?next.as_ref().map(|hop| hop.flow.peer), "a trunk's target failed a call");
        let Some(hop) = next else { return false };
        let (flow, nat) = (hop.flow, hunt.nat);
        let anew = self.endpoint.connect(hunt.turns_to(hop), now);
        self.calls.disown(session);
        self.calls.own(anew, (call, leg), None);
        let call_id = self.endpoint.call_id(anew).unwrap_or_default();
        self.trunks.moved(session, anew, call_id);
        self.trace_leg(call, anew);
        if let Some(found) = self.calls.get_mut(&call).and_then(|live| live.leg(leg)) {
            found.goes_to(anew, nat.then(|| flow.peer.ip()));
        }
        self.hunt(call, leg, hunt, now);
        // Its clocks begin anew with each target.
        self.tell(call, Input::Leg(leg, LegEvent::Anew), now);
        true
    }

    /// The flows to a trunk's targets, in the order in which a call tries them; `secret`: only those that nobody on the way can read. Whoever
    /// may not be read on the way to the first may not be on the way to any, and all are of one family, as the leg's media is.
    pub(super) fn hops(&mut self, trunk: &TrunkId, number: &str, secret: bool, now: Now) -> Vec<Hop> {
        let random = if self.trunks.has_choice(trunk) { self.random() } else { 0 };
        let Some(outbound) = self.settings.trunks.get(trunk).and_then(|t| t.outbound.as_ref()) else {
            return Vec::new();
        };
        let hop = |target: Target| {
            let (transport, peer) = at(&target);
            let route = outbound.routes.get(usize::from(target.place)).cloned();
            Some(Hop { flow: self.settings.flow_to(transport, peer)?, uri: outbound.uri(Some(number), &target), route })
        };
        let mut all: Vec<Hop> = self.trunks.order(trunk, random, now).into_iter().filter_map(hop).collect();
        all.retain(|hop| self.ports.has(hop.flow.local.is_ipv4()));
        if secret && all.iter().any(|hop| hop.flow.transport.is_secret()) {
            all.retain(|hop| hop.flow.transport.is_secret());
        }
        let Some(first) = all.first().map(|hop| hop.flow) else { return all };
        let like = |flow: &Flow| {
            flow.transport.is_secret() == first.transport.is_secret() && flow.local.is_ipv4() == first.local.is_ipv4()
        };
        all.retain(|hop| like(&hop.flow));
        all
    }
}
