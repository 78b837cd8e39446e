//! Sends a leg out: to a seat by its binding, to a trunk by its address.

use super::Exchange;
use super::failover::{Hop, Hunt};
use super::identity::{self, Audience};
use super::trunks::loops::Sent;
use crate::call::{About, Leg, LegEvent};
use crate::clock::Now;
use crate::dialplan::{Class, Record, Role};
use crate::fact::{Cause, Origin, Target};
use crate::id::{CallRef, LegRef, SeatId, TrunkId};
use crate::key::Policy;
use crate::patch::Command;
use crate::sip::dialog::{Credentials, Outgoing};
use crate::sip::flow::Flow;
use bytes::Bytes;
use std::net::IpAddr;

/// Media ports of each thread that only legs to emergency services may take.
const EMERGENCY_LEGS: usize = 2;

/// Where a leg goes.
pub(super) struct Way {
    flow: Flow,
    uri: String,
    /// Where else, should that be silent or overloaded; the next one last.
    others: Vec<Hop>,
    /// The trunk has several targets: one that fails is noted, and the next is tried.
    is_hunted: bool,
    /// So long it may be silent, µs.
    silence: u64,
    routes: Vec<Bytes>,
    /// The Route line of an outbound proxy, or nothing.
    proxy: Vec<u8>,
    credentials: Option<Credentials>,
    by_flow: bool,
    nat: Option<IpAddr>,
    audience: Audience,
}

impl Exchange {
    /// Dials, or says at once why not.
    pub(super) fn dial(&mut self, call: CallRef, leg: LegRef, target: &Target, about: &About, now: Now) {
        let way = match target {
            Target::Seat(seat) => self.way_to_seat(call, seat),
            Target::Trunk { trunk, number } => self.way_to_trunk(call, trunk, number, now),
        };
        if let Err(cause) = way.and_then(|way| self.send_leg(call, leg, way, target, about, now)) {
            let event = LegEvent::Failed { cause, status: None };
            self.tell(call, crate::call::Input::Leg(leg, event), now);
        }
    }

    pub(super) fn way_to_seat(&self, call: CallRef, seat: &SeatId) -> Result<Way, Cause> {
        let binding = self.seats.binding(seat).ok_or(Cause::Unreachable)?;
        let live = self.calls.get(&call).ok_or(Cause::Internal)?;
        let plan = &live.call.journey.snapshot.plan;
        let trusted = live.call.group().and_then(|g| plan.group(g)).is_some_and(|g| g.trusted);
        Ok(Way {
            flow: binding.flow,
            uri: String::from_utf8_lossy(&binding.contact).into_owned(),
            others: Vec::new(),
            is_hunted: false,
            silence: 0,
            proxy: Vec::new(),
            routes: binding.path.clone(),
            credentials: None,
            by_flow: true,
            nat: Some(binding.flow.peer.ip()),
            audience: Audience::Seat { trusted },
        })
    }

    fn way_to_trunk(&mut self, call: CallRef, id: &TrunkId, number: &str, now: Now) -> Result<Way, Cause> {
        let trunk = self.settings.trunks.get(id).ok_or(Cause::Unreachable)?;
        let silence = trunk.outbound.as_ref().ok_or(Cause::Unreachable)?.silence;
        let live = self.calls.get(&call).ok_or(Cause::Internal)?;
        let emergency = live.call.journey.class == Some(Class::Emergency)
            || self.snapshot.plan.trunk(id).is_some_and(|t| t.role == Role::Emergency);
        if self.trunks.is_down(id) && !emergency {
            return Err(Cause::Unreachable);
        }
        if self.trunks.is_full(id, trunk) && !emergency {
            return Err(Cause::Congestion);
        }
        let (credentials, nat, trusted) = (trunk.credentials.clone(), trunk.nat, trunk.trusted);
        let secret = live.call.journey.secure || trunk.srtp.policy == Policy::Required && !trunk.srtp.in_clear;
        let mut others = self.hops(id, number, secret, now);
        others.reverse();
        let hop = others.pop().ok_or(Cause::Unreachable)?;
        let (route, Hop { flow, uri, .. }) = (hop.route_line(), hop);
        Ok(Way {
            flow,
            uri,
            others,
            is_hunted: self.trunks.has_choice(id),
            silence,
            routes: Vec::new(),
            proxy: route,
            credentials,
            by_flow: false,
            nat: nat.then(|| flow.peer.ip()),
            audience: if emergency { Audience::Emergency } else { Audience::Trunk { trusted } },
        })
    }

    /// Sends an INVITE for a leg.
    pub(super) fn send_leg(
        &mut self,
        call: CallRef,
        leg: LegRef,
        way: Way,
        target: &Target,
        about: &About,
        now: Now,
    ) -> Result<(), Cause> {
        // RFC 5630 §4: no hop of a `sips` call goes in the clear. Nothing may keep a caller from an emergency line.
        let secure = self.calls.get(&call).is_some_and(|live| live.call.journey.secure);
        if secure && !way.flow.transport.is_secret() && way.audience != Audience::Emergency {
            return Err(Cause::Unreachable);
        }
        let mut terms = self.secured_to(target, way.flow.transport).ok_or(Cause::Media)?;
        let (session_id, mark) = (self.random(), self.random());
        let session_expires = self.settings.sip.session_expires;
        let live = self.calls.get_mut(&call).ok_or(Cause::Internal)?;
        terms.recorded = live.call.journey.record == Record::Always;
        if Leg::offers(live.legs.first(), terms).0.is_empty() {
            return Err(Cause::Media);
        }
        // Two legs that hear each other live on one media thread.
        let thread = live.thread();
        // The last ports of a thread are for the emergency legs of its calls, which nothing may limit.
        let scarce = thread.is_some_and(|t| self.ports.free_on(t) <= EMERGENCY_LEGS);
        if scarce && way.audience != Audience::Emergency {
            return Err(Cause::Congestion);
        }
        let lease = self.ports.lease(thread, way.flow.local.is_ipv4(), (call, leg)).ok_or(Cause::Congestion)?;
        let mut out = Leg::calling(call, leg, lease, way.nat, session_id, live.legs.first(), terms);
        let journey = &live.call.journey;
        let caller = identity::who(journey);
        let (from, mut extra) = Self::identity_of(journey, way.audience, about, &way.uri, way.flow.local.ip(), mark);
        let link = self.settings.link.as_deref();
        extra.extend(identity::brief_lines(call, journey, way.audience, about, link, now.wall));
        extra.extend(way.routes.iter().flat_map(|route| [b"Route: ", &route[..], b"\r\n"].concat()));
        let outgoing = Outgoing {
            flow: way.flow,
            to: format!("<{}>", way.uri).into(),
            uri: way.uri.into(),
            from: from.into(),
            sdp: out.local_sdp(),
            other_sdp: out.secured_sdp(),
            max_forwards: journey.max_forwards,
            extra: [&extra[..], &way.proxy].concat().into(),
            credentials: way.credentials,
            by_flow: way.by_flow,
            session_expires,
        };
        let again = way.is_hunted.then(|| outgoing.clone());
        let session = self.endpoint.connect(outgoing, now);
        out.session = Some(session);
        if let Target::Trunk { trunk, .. } = target {
            out.trunk = Some(trunk.clone());
            let call_id = self.endpoint.call_id(session).unwrap_or_default();
            self.trunks.sent(session, Sent { trunk: trunk.clone(), caller, mark, call_id });
            if let Some(outgoing) = again {
                let (trunk, nat) = (trunk.clone(), way.nat.is_some());
                self.hunt(call, leg, Hunt { trunk, outgoing, extra, rest: way.others, nat, silence: way.silence }, now);
            }
        }
        self.calls.own(session, (call, leg), target.seat().cloned());
        self.trace_leg(call, session);
        self.open_port(&out);
        if self.is_agents(call, leg) {
            // His keys may be codes: what is none is sent on once that is known.
            self.media(Command::Keys { port: lease.port, epoch: lease.epoch, pass: false });
        }
        if let Some(live) = self.calls.get_mut(&call) {
            live.legs.push(out);
        }
        Ok(())
    }

    /// Whence media of a leg may come beside its SDP address: seats and trunks behind a NAT.
    pub(super) fn media_source(&self, origin: &Origin, source: IpAddr) -> Option<IpAddr> {
        match origin {
            Origin::Seat(_) => Some(source),
            Origin::Trunk(trunk) => self.settings.trunks.get(trunk).filter(|t| t.nat).map(|_| source),
        }
    }
}
