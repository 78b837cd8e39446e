//! What a former run has left: persons who were signed in, callers to be called back, and calls that it has cut off.

use super::Exchange;
use super::due::Due;
use crate::acd::{self, Reason};
use crate::call::cause;
use crate::clock::Now;
use crate::fact::{Cause, Dialog, Fact, Owed, Sat};
use crate::id::{CallRef, GroupId, LegRef};
use crate::sip::flow::Transport;
use std::collections::VecDeque;

/// Dialogs ended in one go, and the pause until the next, µs: a start must not fill the sockets with BYEs.
const AT_ONCE: usize = 32;
const PAUSE: u64 = 10_000;
/// The token of their BYEs: nobody waits for the answers.
const FAREWELL: u64 = 1 << 33;

/// What a former run has left.
#[derive(Debug, Default)]
pub struct Former {
    /// Who was signed in, and how.
    pub seats: Vec<Sat>,
    /// Who is to be called back.
    pub callbacks: Vec<Owed>,
    /// Groups that were in disaster mode.
    pub disaster: Vec<GroupId>,
    /// Callers whose call it has cut off, and who are to be called back now.
    pub cut_off: Vec<Owed>,
    /// Dialogs that stood: the other sides still hold them.
    pub dialogs: VecDeque<Dialog>,
}

impl Exchange {
    /// Takes up what a former run has left. Seats are offered calls once their phones have registered; whoever was in a call is told that
    /// it is over.
    pub fn restore(&mut self, former: Former, now: Now) {
        let Former { seats, callbacks, disaster, cut_off, dialogs } = former;
        self.restore_disasters(disaster);
        for Sat { seat, agent, state } in seats {
            self.floor.handle(acd::Input::SignIn { seat: seat.clone(), agent }, now);
            let (work, pending) = state.split_once('>').unwrap_or((&state, ""));
            let work = work.split('+').next().unwrap_or_default();
            match (work.strip_prefix("not_ready:"), pending) {
                (_, "signed_out") => self.floor.handle(acd::Input::SignOut { seat }, now),
                (Some("signed_in"), _) => {}
                (Some("no_answer"), _) | (None, "") => self.floor.handle(acd::Input::Ready { seat }, now),
                (Some(word), _) | (None, word) => {
                    self.floor.handle(acd::Input::NotReady { seat, reason: Reason::of(word) }, now);
                }
            }
        }
        self.restore_callbacks(callbacks, false, now);
        self.restore_callbacks(cut_off, true, now);
        self.farewells = dialogs;
        self.farewell(now);
        self.settle(now);
        self.tell_standing(now);
    }

    /// Ends some of the dialogs that a former run has left (RFC 3261 §15.1.1).
    pub(super) fn farewell(&mut self, now: Now) {
        let reason = cause::leg_reason(Cause::Internal);
        for dialog in self.farewells.drain(..self.farewells.len().min(AT_ONCE)) {
            let transport = Transport::of(&dialog.transport);
            if let Some(flow) = transport.and_then(|by| self.settings.flow_to(by, dialog.peer)) {
                self.endpoint.end_outlived(&dialog, flow, FAREWELL, reason.as_bytes(), now);
            }
        }
        if !self.farewells.is_empty() {
            self.wheel.set(now.mono + PAUSE, Due::Farewell);
        }
    }

    /// The dialog of this leg stands from here on: it is told, so that a later run can end it.
    pub(super) fn dialog_stands(&mut self, call: CallRef, leg: LegRef, now: Now) {
        // Not of a feature code: the PIN may stand in its address, and it lasts for seconds.
        let told = self.calls.get_mut(&call).filter(|live| live.call.journey.seat_code.is_none());
        let session = told.and_then(|live| live.leg(leg)).and_then(|l| l.session);
        if let Some(dialog) = session.and_then(|session| self.endpoint.dialog_of(session)) {
            self.fact(Some(call), Fact::DialogStands { leg, dialog }, now);
        }
    }
}
