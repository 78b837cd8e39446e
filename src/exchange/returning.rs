//! Phones that go and come back in the middle of a talk: a page that is loaded anew, a laptop that changes its network, a desk phone
//! that starts again. The leg stays in its call for `return_wait`; the others hear that they may stay, and music.
//!
//! ```text
//!   talks ── connection lost ──▶ unsure ── nothing is heard ──▶ away        the leg and its dialog are kept
//!     │                            │  registered: asked by OPTIONS ── answered ──▶ talks
//!     │ page left, or dead         ▼  no answer, 481
//!     └────────────────────────▶ gone ── registered: rung, answers by itself ──▶ talks       the leg is another, in its place
//!                                  │ the time is over, or the agent declines
//!                                  ▼
//!                                lost: the caller goes to the head of the queue
//! ```

use super::Exchange;
use super::due::Due;
use crate::call::{About, Input, LegEvent, cause};
use crate::clock::{MILLI, Now};
use crate::fact::{Cause, Origin, Target};
use crate::id::{CallRef, LegRef, SeatId};
use crate::patch::Command;
use crate::sip::dialog::SessionId;
use std::collections::{BTreeMap, BTreeSet};

/// The leg that is rung for another one to return has its name with this bit, until it answers.
const RETURNS: u32 = 1 << 31;

/// A phone that rang for it and is rung anew has so long to let go of the first, µs: one with a single line is busy until then, and
/// its 486 would mean that the agent declines.
const LETS_GO: u64 = 500 * MILLI;

/// A leg whose phone is awaited.
#[derive(Debug)]
struct Absent {
    seat: SeatId,
    /// Of its timer.
    serial: u32,
    /// Its leg and its dialog are no more: it has to be rung.
    gone: bool,
    /// The others have been told.
    away: bool,
    /// The session that rings for it.
    rung: Option<SessionId>,
    /// That has been heard of.
    rings: bool,
    /// It is rung again in a moment.
    pauses: bool,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Returning {
    absent: BTreeMap<(CallRef, LegRef), Absent>,
    by_seat: BTreeSet<(SeatId, CallRef, LegRef)>,
    serial: u32,
}

impl Returning {
    fn insert(&mut self, call: CallRef, leg: LegRef, seat: SeatId) -> u32 {
        self.serial = self.serial.wrapping_add(1);
        self.by_seat.insert((seat.clone(), call, leg));
        let serial = self.serial;
        let absent = Absent { seat, serial, gone: false, away: false, rung: None, rings: false, pauses: false };
        self.absent.insert((call, leg), absent);
        self.serial
    }

    fn remove(&mut self, call: CallRef, leg: LegRef) -> Option<Absent> {
        let absent = self.absent.remove(&(call, leg))?;
        self.by_seat.remove(&(absent.seat.clone(), call, leg));
        Some(absent)
    }

    fn of(&mut self, call: CallRef, leg: LegRef) -> Option<&mut Absent> {
        self.absent.get_mut(&(call, leg))
    }

    /// The legs that wait for this seat's phone.
    fn waiting_for(&self, seat: &SeatId) -> Vec<(CallRef, LegRef)> {
        let from = (seat.clone(), CallRef(0), LegRef(0));
        self.by_seat.range(from..).take_while(|(s, ..)| s == seat).map(|(_, call, leg)| (*call, *leg)).collect()
    }
}

/// The name of the leg that is rung for this one.
fn rung_for(leg: LegRef) -> LegRef {
    LegRef(leg.0 | RETURNS)
}

/// The leg that this one is rung for.
fn returns_as(leg: LegRef) -> Option<LegRef> {
    (leg.0 & RETURNS != 0).then_some(LegRef(leg.0 & !RETURNS))
}

impl Exchange {
    /// A connection is lost that a session's requests went by: false if its leg is not waited for. `left`: the page said that it goes.
    pub(super) fn flow_gone(&mut self, session: SessionId, left: bool, now: Now) -> bool {
        if left {
            return self.phone_gone(session, now);
        }
        let Some((call, leg)) = self.calls.owner(session) else { return false };
        if self.returning.of(call, leg).is_some_and(|absent| !absent.gone) {
            return true;
        }
        let Some(seat) = self.may_return(call, leg) else { return false };
        // It may have come by another connection before this one was seen to be lost.
        if let Some(flow) = self.seats.binding(&seat).map(|b| b.flow) {
            self.endpoint.go_by(session, flow);
            self.endpoint.probe(session, now);
            return true;
        }
        let lease = self.calls.get_mut(&call).and_then(|live| live.leg(leg)).map(|l| l.lease);
        if let Some(lease) = lease {
            self.media(Command::Listen { port: lease.port, epoch: lease.epoch });
        }
        self.await_return(call, leg, seat, now);
        true
    }

    /// The phone at the other end of a session is no more, and the session with it: false if its leg is not waited for.
    pub(super) fn phone_gone(&mut self, session: SessionId, now: Now) -> bool {
        let Some((call, leg)) = self.calls.owner(session) else { return false };
        if self.returning.of(call, leg).is_none() {
            let Some(seat) = self.may_return(call, leg) else { return false };
            self.await_return(call, leg, seat, now);
        }
        self.endpoint.hang_up(session, cause::leg_reason(Cause::Lost).as_bytes(), now);
        self.close_leg(call, leg);
        if let Some(absent) = self.returning.of(call, leg) {
            absent.gone = true;
        }
        self.tell_away(call, leg, now);
        self.ring_again(call, leg, now);
        true
    }

    /// Whose phone this leg leads to, if it may be waited for.
    fn may_return(&self, call: CallRef, leg: LegRef) -> Option<SeatId> {
        let live = self.calls.get(&call).filter(|_| self.settings.return_wait > 0)?;
        let member = live.call.members().iter().find(|m| m.leg == leg && m.answered)?;
        let seat = match (&member.target, &live.call.journey.origin) {
            (Some(Target::Seat(seat)), _) => seat.clone(),
            (None, Origin::Seat(seat)) if live.call.journey.recall.is_none() => seat.clone(),
            _ => return None,
        };
        // Before a talk and after it nobody is kept waiting for him.
        (live.call.stage() == "talking").then_some(seat)
    }

    fn await_return(&mut self, call: CallRef, leg: LegRef, seat: SeatId, now: Now) {
        let serial = self.returning.insert(call, leg, seat);
        self.wheel.set(now.mono + self.settings.return_wait, Due::Return(call, leg, serial));
    }

    fn tell_away(&mut self, call: CallRef, leg: LegRef, now: Now) {
        let told = self.returning.of(call, leg).map(|absent| std::mem::replace(&mut absent.away, true));
        if told == Some(false) {
            self.tell(call, Input::Leg(leg, LegEvent::Away), now);
        }
    }

    /// Nothing is heard of a leg: true if its connection is lost too, so that nobody can be asked.
    pub(super) fn silent_and_lost(&mut self, call: CallRef, leg: LegRef, now: Now) -> bool {
        let lost = self.returning.of(call, leg).is_some();
        if lost {
            self.tell_away(call, leg, now);
        }
        lost
    }

    /// A seat's phone has registered: its legs that wait for it are asked after, or rung.
    pub(super) fn seat_returns(&mut self, seat: &SeatId, now: Now) {
        for (call, leg) in self.returning.waiting_for(seat) {
            if self.returning.of(call, leg).is_some_and(|absent| absent.gone) {
                self.ring_again(call, leg, now);
                continue;
            }
            let session = self.calls.session_of(call, leg);
            if let (Some(session), Some(flow)) = (session, self.seats.binding(seat).map(|b| b.flow)) {
                self.endpoint.go_by(session, flow);
                self.endpoint.probe(session, now);
            }
        }
    }

    /// Another phone, or the same after a start, is at this seat: what rang there rings no more.
    pub(super) fn rings_no_more(&mut self, seat: &SeatId) {
        for (call, leg) in self.returning.waiting_for(seat) {
            if let Some(absent) = self.returning.of(call, leg) {
                absent.rings = false;
            }
        }
    }

    /// A leg that may be awaited goes on in another call; one whose dialog is no more is not handed over.
    pub(super) fn return_moves(&mut self, from: (CallRef, LegRef), to: (CallRef, LegRef), now: Now) {
        let Some(absent) = self.returning.remove(from.0, from.1) else { return };
        self.await_return(to.0, to.1, absent.seat, now);
        if absent.away {
            self.tell_away(to.0, to.1, now);
        }
    }

    /// A phone has started again, or another one has come in its place: does it know of the talks that its seat is in?
    pub(super) fn ask_after_talks(&mut self, seat: &SeatId, now: Now) {
        if self.settings.return_wait > 0 {
            for session in self.calls.sessions_of(seat) {
                self.endpoint.probe(session, now);
            }
        }
    }

    /// The phone has not answered whether it still has the session, or has answered that it does not.
    pub(super) fn phone_silent(&mut self, session: SessionId, now: Now) {
        let Some((call, leg)) = self.calls.owner(session) else { return };
        // A question that was lost with its connection; it has been asked again by another.
        if self.endpoint.is_probed(session) {
            return;
        }
        let unsure = self.returning.of(call, leg).filter(|absent| !absent.gone).map(|absent| absent.seat.clone());
        let waits = unsure.is_some();
        let bound = unsure.or_else(|| self.may_return(call, leg)).map(|seat| self.seats.binding(&seat).map(|b| b.flow));
        match bound {
            // It has registered by another connection: it was asked by one that leads nowhere any more.
            Some(Some(flow)) if self.endpoint.flow_of(session).is_some_and(|used| used != flow) => {
                self.endpoint.go_by(session, flow);
                self.endpoint.probe(session, now);
            }
            // The question was lost with the connection; the next registration asks it again.
            Some(None) if waits => {}
            _ => self.session_lost(session, now),
        }
    }

    /// The phone has answered that it still has the session.
    pub(super) fn phone_lives(&mut self, session: SessionId, now: Now) {
        let Some((call, leg)) = self.calls.owner(session) else { return };
        if self.returning.of(call, leg).is_some_and(|absent| !absent.gone) {
            self.is_back(call, leg, now);
        }
    }

    /// Rings the phone that shall return, if there is one; once more if nothing has been heard of it.
    fn ring_again(&mut self, call: CallRef, leg: LegRef, now: Now) {
        let Some(absent) = self.returning.of(call, leg).filter(|absent| !absent.rings && !absent.pauses) else {
            return;
        };
        let (seat, serial) = (absent.seat.clone(), absent.serial);
        if absent.rung.take().is_some() {
            absent.pauses = true;
            self.hang_up(call, rung_for(leg), Cause::Elsewhere, now);
            return self.wheel.set(now.mono + LETS_GO, Due::RingAgain(call, leg, serial));
        }
        let Ok(way) = self.way_to_seat(call, &seat) else { return };
        let sent = self.send_leg(call, rung_for(leg), way, &Target::Seat(seat), &About::Return, now);
        let session = self.calls.session_of(call, rung_for(leg));
        if let (Ok(()), Some(absent)) = (sent, self.returning.of(call, leg)) {
            absent.rung = session;
        }
    }

    /// It has had time to let go of what rang there before.
    pub(super) fn ring_again_due(&mut self, call: CallRef, leg: LegRef, serial: u32, now: Now) {
        if let Some(absent) = self.returning.of(call, leg).filter(|absent| absent.serial == serial) {
            absent.pauses = false;
            self.ring_again(call, leg, now);
        }
    }

    /// What a leg reports that is rung for another to return; false if it is none.
    pub(super) fn return_event(&mut self, call: CallRef, rung: LegRef, event: LegEvent, now: Now) -> bool {
        let Some(leg) = returns_as(rung) else { return false };
        match event {
            LegEvent::Ringing | LegEvent::EarlyMedia => {
                if let Some(absent) = self.returning.of(call, leg) {
                    absent.rings = true;
                }
            }
            LegEvent::Failed { status, .. } => self.not_answered(call, leg, status, now),
            LegEvent::Ended { .. } => self.not_answered(call, leg, None, now),
            LegEvent::Trying
            | LegEvent::Anew
            | LegEvent::Answered
            | LegEvent::Held(_)
            | LegEvent::Away
            | LegEvent::Back { .. } => {}
        }
        true
    }

    fn not_answered(&mut self, call: CallRef, leg: LegRef, status: Option<u16>, now: Now) {
        self.close_leg(call, rung_for(leg));
        if let Some(absent) = self.returning.of(call, leg) {
            (absent.rung, absent.rings) = (None, false);
        }
        // Somebody has said no; whatever else it is, the phone may come yet.
        if matches!(status, Some(486 | 600 | 603)) {
            self.is_lost(call, leg, now);
        }
    }

    /// A leg that was rung for another to return has answered: it takes its place, and has its name from here on.
    pub(super) fn takes_its_place(&mut self, session: SessionId, call: CallRef, rung: LegRef) -> LegRef {
        let Some(leg) = returns_as(rung) else { return rung };
        let Some(live) = self.calls.get_mut(&call) else { return rung };
        let Some(found) = live.leg(rung) else { return rung };
        found.leg = leg;
        let lease = found.lease;
        // The recording goes on in the leg's own channel.
        for slot in live.recording.iter_mut().flat_map(|recording| &mut recording.channels) {
            if *slot == Some(leg) {
                *slot = None;
            }
        }
        self.ports.assign(lease.port, (call, leg));
        self.calls.hand_over(session, (call, leg));
        if self.is_agents(call, leg) {
            self.media(Command::Keys { port: lease.port, epoch: lease.epoch, pass: false });
        }
        leg
    }

    /// The leg is there again: true if it was awaited.
    pub(super) fn is_back(&mut self, call: CallRef, leg: LegRef, now: Now) -> bool {
        let Some(absent) = self.returning.remove(call, leg) else { return false };
        if absent.away {
            self.tell(call, Input::Leg(leg, LegEvent::Back { anew: absent.gone }), now);
        }
        true
    }

    /// The time of a leg is over.
    pub(super) fn return_due(&mut self, call: CallRef, leg: LegRef, serial: u32, now: Now) {
        if self.returning.of(call, leg).is_some_and(|absent| absent.serial == serial) {
            self.is_lost(call, leg, now);
        }
    }

    fn is_lost(&mut self, call: CallRef, leg: LegRef, now: Now) {
        self.hang_up(call, leg, Cause::Lost, now);
        self.tell(call, Input::Leg(leg, LegEvent::Ended { cause: Cause::Lost }), now);
    }

    /// The leg is waited for no longer; what was rung for it is let go.
    pub(super) fn forget_return(&mut self, call: CallRef, leg: LegRef, now: Now) {
        if self.returning.remove(call, leg).is_some_and(|absent| absent.rung.is_some()) {
            self.hang_up(call, rung_for(leg), Cause::Elsewhere, now);
        }
    }
}
