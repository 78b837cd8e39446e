//! Does what a call wants: sessions, media, floor.

use super::Exchange;
use super::due::Due;
use crate::acd;
use crate::call::{Act, Call, Conflict, Input, Leg, OfferResult, Order, cause};
use crate::clock::Now;
use crate::fact::{Cause, Fact, Origin};
use crate::id::{CallRef, LegRef, OfferId};
use crate::patch::{Command, Topology};
use crate::sip::name::Name;
use smallvec::SmallVec;

impl Exchange {
    /// Tells a call something and does what it then wants.
    pub(super) fn tell(&mut self, id: CallRef, input: Input, now: Now) {
        let Some(live) = self.calls.get_mut(&id) else { return };
        live.call.handle(input, now);
        self.carry_out(id, now);
    }

    /// Gives a call an agent's order and does what it then wants.
    pub(super) fn order(
        &mut self,
        id: CallRef,
        from: LegRef,
        order: Order,
        by: &str,
        now: Now,
    ) -> Result<(), Conflict> {
        if order == Order::Survey && self.has_been_asked(id, now) {
            return Err(Conflict::Already);
        }
        self.ordered(id, now, |call| call.order(from, order, by, now))
    }

    /// Lets something be said to a call and does what it then wants.
    pub(super) fn ordered<T>(
        &mut self,
        id: CallRef,
        now: Now,
        say: impl FnOnce(&mut Call) -> Result<T, Conflict>,
    ) -> Result<T, Conflict> {
        let Some(live) = self.calls.get_mut(&id) else { return Err(Conflict::NoTalk) };
        let done = say(&mut live.call);
        self.carry_out(id, now);
        done
    }

    /// Does what a call wants.
    pub(super) fn carry_out(&mut self, id: CallRef, now: Now) {
        // Who leaves a line or comes back to its head does so before the seats that the same event has set free are given to others.
        let mut freed: SmallVec<[Act; 1]> = SmallVec::new();
        while let Some(act) = self.calls.get_mut(&id).and_then(|l| l.call.poll()) {
            match act {
                Act::SeatFree(_) | Act::SeatQuit(_) => freed.push(act),
                Act::Reserve(_) | Act::Seat { .. } => {
                    freed.drain(..).for_each(|freed| self.perform(id, freed, now));
                    self.perform(id, act, now);
                }
                act => self.perform(id, act, now),
            }
        }
        freed.into_iter().for_each(|freed| self.perform(id, freed, now));
        self.update_recording(id, now);
        self.calls.recount(&id);
        self.set_timer(id);
    }

    fn perform(&mut self, id: CallRef, act: Act, now: Now) {
        match act {
            Act::Fact(fact) => {
                let fact = self.with_agent(fact);
                self.remember(id, &fact, now);
                if let Fact::Alarm { subject, text } = &fact {
                    tracing::error!(call = %id, %subject, "{text}");
                }
                self.transfer_fact(id, &fact, now);
                if let Fact::CallEnded { .. } = fact {
                    self.end_recording(id, now);
                }
                self.fact(Some(id), fact, now);
            }
            Act::Ring => self.provisional(id, 180, false, now),
            Act::EarlyMedia => self.provisional(id, 183, true, now),
            Act::Answer => self.answer(id, now),
            Act::Reject { status, q850 } => self.reject(id, status, q850, now),
            Act::Dial { leg, target, about } => self.dial(id, leg, &target, &about, now),
            Act::HangUp { leg, cause } => self.hang_up(id, leg, cause, now),
            Act::Topology(topology) => self.apply(id, &topology, now),
            Act::Enter { group, .. } if self.in_disaster(&group) => self.turn_on(id, &group, now),
            Act::Enter { group, skill, class, place } => {
                let entry = self.entry(id, group, skill.as_deref(), class, place, now);
                self.floor.handle(acd::Input::Enter(entry), now);
            }
            Act::KeepPlace { group, skill } => self.keep_place(id, &group, skill, now),
            Act::Leave => self.floor.handle(acd::Input::Leave { call: id }, now),
            Act::Reserve(seat) => self.reserve(id, &seat, now),
            Act::Offer(offer, result) => self.floor.handle(offer_input(offer, result), now),
            Act::SeatFree(seat) => self.floor.handle(acd::Input::TalkEnded { seat, call: id }, now),
            Act::SeatQuit(seat) => self.floor.handle(acd::Input::Quit { seat, call: id }, now),
            Act::SeatHeld(seat, held) => self.floor.handle(acd::Input::Held { seat, call: id, held }, now),
            Act::Seat { order, pin } => self.seat_coded(id, order, pin, now),
            Act::Over => self.over(id, now),
        }
    }

    fn provisional(&mut self, id: CallRef, status: u16, media: bool, now: Now) {
        let Some(leg) = self.calls.get_mut(&id).and_then(|l| l.leg(LegRef(0))) else { return };
        let Some(session) = leg.session else { return };
        let sdp = media.then(|| leg.local_sdp());
        let reliable = self.endpoint.is_reliable(session);
        // RFC 5009 §7: said to callers who can read it, that this early media is meant to be heard.
        let reads = self.endpoint.invite_of(session).is_some_and(|m| m.value(Name::PEarlyMedia).is_some());
        let extra: &[u8] = if media && reads { b"P-Early-Media: sendrecv\r\n" } else { b"" };
        self.endpoint.progress(session, status, sdp, extra, now);
        if media && !reliable {
            self.open_path(id, LegRef(0));
        }
    }

    fn answer(&mut self, id: CallRef, now: Now) {
        let Some(leg) = self.calls.get_mut(&id).and_then(|l| l.leg(LegRef(0))) else { return };
        let (Some(session), sdp) = (leg.session, leg.local_sdp()) else { return };
        self.endpoint.accept(session, Some(sdp), b"", now);
        self.dialog_stands(id, LegRef(0), now);
    }

    fn reject(&mut self, id: CallRef, status: u16, q850: u8, now: Now) {
        let session = self.calls.session_of(id, LegRef(0));
        if let Some(session) = session {
            self.endpoint.reject(session, status, cause::reason_line(q850).as_bytes(), now);
        }
        self.close_leg(id, LegRef(0));
    }

    pub(super) fn hang_up(&mut self, id: CallRef, leg: LegRef, why: Cause, now: Now) {
        self.forget_return(id, leg, now);
        let session = self.calls.session_of(id, leg);
        if let Some(session) = session {
            self.endpoint.hang_up(session, cause::leg_reason(why).as_bytes(), now);
        }
        self.close_leg(id, leg);
    }

    fn reserve(&mut self, id: CallRef, seat: &crate::id::SeatId, now: Now) {
        let reserved = self.floor.reserve(seat, id, now).map_err(|e| match e {
            acd::ReserveError::Unknown(_) => Cause::Unallocated,
            acd::ReserveError::Unreachable(_) => Cause::Unreachable,
            acd::ReserveError::Busy(..) => Cause::Busy,
        });
        self.tell(id, Input::Reserved(seat.clone(), reserved), now);
    }

    /// Turns the difference between two topologies into media commands.
    fn apply(&mut self, id: CallRef, topology: &Topology, now: Now) {
        let Some(live) = self.calls.get_mut(&id) else { return };
        let mut commands = Vec::new();
        for (leg, hears) in topology.rows() {
            let source = hears.source(|other| live.leg(other).map(|l| (l.lease.port, l.lease.epoch)));
            commands.extend(live.leg(*leg).and_then(|l| l.hear(source)));
        }
        for command in commands {
            self.media(command);
        }
        self.decode_mixed(id, topology, now);
    }

    /// Begins the lease of a leg's port.
    pub(super) fn open_port(&mut self, leg: &Leg) {
        let random = self.random();
        let lease = leg.lease;
        self.media(Command::Open {
            port: lease.port,
            epoch: lease.epoch,
            ssrc: (random >> 32) as u32,
            // RFC 3550 §5.1: both start at random; half the range leaves room before the first wrap.
            sequence: (random as u16) & 0x7fff,
            timestamp: (random >> 16) as u32,
        });
        for command in leg.expect().into_iter().chain(leg.remote()) {
            self.media(command);
        }
    }

    /// The media path of a leg exists: it hears what was wanted.
    pub(super) fn open_path(&mut self, id: CallRef, leg: LegRef) {
        let command = self.calls.get_mut(&id).and_then(|l| l.leg(leg)).and_then(Leg::open);
        if let Some(command) = command {
            self.media(command);
        }
    }

    /// Takes a leg off the wire: its session is forgotten, its port given back.
    pub(super) fn close_leg(&mut self, id: CallRef, leg: LegRef) {
        self.failover.forget(id, leg);
        let Some(live) = self.calls.get_mut(&id) else { return };
        let Some(at) = live.legs.iter().position(|l| l.leg == leg) else { return };
        let gone = live.legs.remove(at);
        if let Some(session) = gone.session {
            self.calls.disown(session);
            self.trunks.ended(session);
        }
        self.ports.vacate(gone.lease.port);
        self.qualities.leaves(id, &gone);
        self.media(Command::Close { port: gone.lease.port, epoch: gone.lease.epoch });
    }

    fn set_timer(&mut self, id: CallRef) {
        let Some(live) = self.calls.get_mut(&id) else { return };
        let wanted = live.call.deadline();
        if live.timer.1 == wanted {
            return;
        }
        live.timer = (live.timer.0.wrapping_add(1), wanted);
        let serial = live.timer.0;
        if let Some(at) = wanted {
            self.wheel.set(at, Due::Call(id, serial));
        }
    }

    /// The call is over: whatever of it is left on the wire goes too.
    fn over(&mut self, id: CallRef, now: Now) {
        let Some(live) = self.calls.get(&id) else { return };
        let legs: Vec<LegRef> =
            live.legs.iter().map(|l| l.leg).chain(live.call.members().iter().map(|m| m.leg)).collect();
        let origin = live.call.journey.origin.clone();
        self.floor.handle(acd::Input::Leave { call: id }, now);
        if let Origin::Seat(seat) = origin {
            self.floor.handle(acd::Input::TalkEnded { seat, call: id }, now);
        }
        for leg in legs {
            self.hang_up(id, leg, Cause::Normal, now);
        }
        self.calls.remove(&id);
        self.media_over(id, now);
        self.recalled(id, now);
    }
}

fn offer_input(offer: OfferId, result: OfferResult) -> acd::Input {
    match result {
        OfferResult::Ringing => acd::Input::Ringing { offer },
        OfferResult::Accepted => acd::Input::Accepted { offer },
        OfferResult::Declined(cause) => acd::Input::Declined { offer, cause },
    }
}
