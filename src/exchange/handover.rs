//! Legs that change calls or phones: REFER with Replaces (attended transfer), INVITE with Replaces (pickup). Who may: an agent with
//! his own consultation; a seat of the same group, or a supervisor of it.

use super::Exchange;
use super::calls::Live;
use crate::call::Leg;
use crate::clock::Now;
use crate::fact::{Cause, Origin, Target};
use crate::id::{CallRef, LegRef, SeatId};
use crate::patch::Command;
use crate::sip::dialog::{ReferId, Replaces, SessionId};
use crate::sip::endpoint::Incoming;

/// Why an agent's two calls cannot be made one.
enum Unjoined {
    /// This status says why.
    Status(u16),
    /// The consultation, by this number, rings still.
    Rings(String),
}

impl Exchange {
    /// REFER with Replaces: the other call that it names is the agent's consultation, or the caller's call when the REFER came by the
    /// consultation. Caller and target are joined; the agent leaves both.
    pub(super) fn attended(&mut self, call: CallRef, leg: LegRef, refer: ReferId, other: &Replaces, now: Now) {
        let named = self.endpoint.named(other).and_then(|session| self.calls.owner(session));
        let Some((other, other_leg)) = named.filter(|(other, _)| *other != call) else {
            return self.endpoint.decline_refer(refer, 481, now);
        };
        let (with, agent, consult) = match (leg.0, other_leg.0) {
            (_, 0) => (call, leg, other),
            (0, _) => (other, other_leg, call),
            _ => return self.endpoint.decline_refer(refer, 403, now),
        };
        match self.joinable(with, agent, consult) {
            Ok(()) => {
                self.endpoint.accept_refer(refer, now);
                // It has come to its end before either of the agent's calls does.
                self.endpoint.report_refer(refer, 200, now);
                self.join(with, consult, now);
            }
            Err(Unjoined::Rings(number)) => {
                // Handed over while it rings: it rings for the caller then.
                self.tell(consult, crate::call::Input::HangUp(Cause::CallerGone), now);
                self.refer_to(with, agent, refer, &number, now);
            }
            Err(Unjoined::Status(status)) => self.endpoint.decline_refer(refer, status, now),
        }
    }

    /// Whether the agent's two calls can be made one.
    fn joinable(&self, with: CallRef, agent: LegRef, consult: CallRef) -> Result<(), Unjoined> {
        let no = |status| Err(Unjoined::Status(status));
        let (Some(main), Some(other)) = (self.calls.get(&with), self.calls.get(&consult)) else { return no(481) };
        let seat = main.call.members().iter().find(|m| m.leg == agent).and_then(|m| match &m.target {
            Some(Target::Seat(seat)) => Some(seat),
            _ => None,
        });
        let own = matches!((&other.call.journey.origin, seat), (Origin::Seat(a), Some(b)) if a == b);
        if !own {
            return no(403);
        }
        if !main.call.takes(agent) {
            return no(491);
        }
        let Some(given) = other.call.given() else {
            let rings = other.call.stage() == "ringing";
            return if rings { Err(Unjoined::Rings(other.call.journey.dialled.clone())) } else { no(488) };
        };
        let thread = |live: &Live, leg| live.legs.iter().find(|l| l.leg == leg).map(|l| l.lease.port.thread);
        let same = thread(main, agent).is_some() && thread(main, agent) == thread(other, given.leg);
        if same { Ok(()) } else { no(500) }
    }

    fn join(&mut self, with: CallRef, consult: CallRef, now: Now) {
        let Some(given) = self.calls.get(&consult).and_then(|l| l.call.given()) else { return };
        let Some(at) = self.calls.get(&consult).and_then(|l| l.legs.iter().position(|l| l.leg == given.leg)) else {
            return;
        };
        if let Target::Seat(seat) = &given.target {
            // In both for a moment, so that no queue offers it another call in between.
            self.floor.handle(crate::acd::Input::Occupy { seat: seat.clone(), call: with }, now);
        }
        let Some(mut moved) = self.calls.get_mut(&consult).map(|l| l.legs.remove(at)) else { return };
        let Some(main) = self.calls.get_mut(&with) else { return };
        let name = main.call.take(&given, now);
        (moved.call, moved.leg) = (with, name);
        let (session, lease) = (moved.session, moved.lease);
        main.legs.push(moved);
        self.ports.assign(lease.port, (with, name));
        if let Some(session) = session {
            self.calls.hand_over(session, (with, name));
        }
        // A seat's keys may be codes now that it serves a caller.
        let pass = !self.is_agents(with, name);
        self.media(Command::Keys { port: lease.port, epoch: lease.epoch, pass });
        // The consultation ends first: a port is in one recording at a time.
        if let Some(other) = self.calls.get_mut(&consult) {
            other.call.give(&given, now);
        }
        self.carry_out(consult, now);
        self.carry_out(with, now);
        self.return_moves((consult, given.leg), (with, name), now);
        self.dialog_stands(with, name, now);
    }

    /// An INVITE with Replaces: another phone takes a leg's place.
    pub(super) fn take_place(&mut self, incoming: Incoming, origin: &Origin, replaced: SessionId, now: Now) {
        let found = self.calls.owner(replaced);
        let (Some((call, old)), Origin::Seat(seat)) = (found, origin) else {
            return self.endpoint.refuse(&incoming, 403, b"");
        };
        if !self.may_take(seat, call, old) {
            return self.endpoint.refuse(&incoming, 403, b"");
        }
        let Some(live) = self.calls.get(&call) else { return self.endpoint.refuse(&incoming, 481, b"") };
        if !live.call.replaceable(old) {
            return self.endpoint.refuse(&incoming, 481, b"");
        }
        let thread = live.thread();
        let offer = incoming.message.sdp();
        let Some(lease) = self.ports.lease(thread, incoming.flow.local.is_ipv4(), (call, old)) else {
            return self.endpoint.refuse(&incoming, 503, b"");
        };
        let nat = self.media_source(origin, incoming.flow.peer.ip());
        let secure =
            self.secured(origin, incoming.flow.transport, offer.as_deref(), false).ok_or(crate::sdp::Refused::Insecure);
        let session_id = self.random();
        let leg = match secure.and_then(|secure| Leg::called(call, lease, offer.as_deref(), nat, session_id, secure)) {
            Ok(leg) => leg,
            Err(why) => {
                self.ports.vacate(lease.port);
                self.ports.closed(lease.port, lease.epoch);
                let status = if why.malformed() { 400 } else { 488 };
                return self.endpoint.refuse(&incoming, status, b"");
            }
        };
        self.replace(incoming, leg, call, old, seat, now);
    }

    fn replace(&mut self, incoming: Incoming, mut leg: Leg, call: CallRef, old: LegRef, seat: &SeatId, now: Now) {
        self.floor.handle(crate::acd::Input::Occupy { seat: seat.clone(), call }, now);
        let session = self.endpoint.admit(incoming, true, now);
        leg.session = Some(session);
        self.open_port(&leg);
        let (lease, sdp) = (leg.lease, leg.local_sdp());
        let Some(live) = self.calls.get_mut(&call) else { return };
        let name = live.call.replace(old, seat.clone(), now);
        leg.leg = name;
        live.legs.push(leg);
        self.ports.assign(lease.port, (call, name));
        self.calls.own(session, (call, name), Some(seat.clone()));
        self.trace_leg(call, session);
        self.media(Command::Keys { port: lease.port, epoch: lease.epoch, pass: false });
        self.endpoint.accept(session, Some(sdp), b"", now);
        self.dialog_stands(call, name, now);
        self.carry_out(call, now);
    }

    /// A seat that serves the same group as the seat of that leg, or supervises it; or its own other phone.
    fn may_take(&self, seat: &SeatId, call: CallRef, old: LegRef) -> bool {
        let Some(live) = self.calls.get(&call) else { return false };
        let target = live.call.members().iter().find(|m| m.leg == old).and_then(|m| m.target.as_ref());
        let Some(Target::Seat(theirs)) = target else { return false };
        let groups = |seat: &SeatId| self.settings.seats.get(seat).map(|s| s.groups.as_slice()).unwrap_or_default();
        seat == theirs || groups(seat).iter().any(|g| groups(theirs).contains(g)) || self.may_supervise(seat, call)
    }
}
