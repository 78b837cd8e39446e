//! Whether the other side is still there: OPTIONS inside the dialog, on demand (RFC 3261 §11, product "dead means").

use super::{SessionId, State};
use crate::clock::{Now, SECOND};
use crate::sip::endpoint::{Endpoint, Event, Purpose, Timer};
use crate::sip::id::TxnId;
use crate::sip::name::{Method, Name};

/// How long an answer may take, µs.
const PATIENCE: u64 = 4 * SECOND;

impl Endpoint {
    /// Asks whether the other side still holds the session; [`Event::Probed`] says so within 4 s. A second question while one is
    /// open is the same one. Only a confirmed session can be asked: of any other its own timers tell.
    pub fn probe(&mut self, id: SessionId, now: Now) {
        let Some(session) = self.session(id).filter(|s| s.state == State::Confirmed) else { return };
        if session.errands().probe.is_some() {
            return;
        }
        let sent = self.send_in_dialog(id, Method::Options, Some(Purpose::Probe), now, |mut w| {
            w.header(Name::Accept, "application/sdp");
            w.end()
        });
        if let (Some((txn, _)), Some(session)) = (sent, self.session(id)) {
            session.errands().probe = Some(txn);
            self.wheel.set(now.mono + PATIENCE, Timer::Probe(id, txn));
        }
    }

    /// Whether a question is open.
    #[must_use]
    pub fn is_probed(&self, id: SessionId) -> bool {
        let session = self.sessions.get(id.index as usize).filter(|s| s.serial == id.serial);
        session.and_then(|s| s.errands.as_ref()).is_some_and(|e| e.probe.is_some())
    }

    /// Any answer is a sign of life, but for one that says that the session or its target is unknown (RFC 5057 §5.1: a page that was
    /// loaded anew answers 404), or that none came.
    pub(super) fn probe_answered(&mut self, id: SessionId, status: u16) {
        self.probed(id, !matches!(status, 404 | 408 | 410 | 416 | 481 | 604));
    }

    pub(super) fn probed(&mut self, id: SessionId, alive: bool) {
        let open = self.session(id).and_then(|s| s.errands.as_mut()).and_then(|e| e.probe.take());
        if open.is_some() {
            self.event(Event::Probed { session: id, alive });
        }
    }

    /// No answer in time: it is not waited for any more, nor asked again.
    pub(in crate::sip) fn probe_due(&mut self, id: SessionId, txn: TxnId) {
        let open = self.session(id).and_then(|s| s.errands.as_ref()).and_then(|e| e.probe);
        if open == Some(txn) {
            self.forget(txn);
            self.probed(id, false);
        }
    }

    /// The question was sent again with credentials; its time goes on from when it was first asked.
    pub(super) fn probe_resent(&mut self, id: SessionId, txn: TxnId, now: Now) {
        if let Some(probe) = self.session(id).and_then(|s| s.errands.as_mut()).and_then(|e| e.probe.as_mut()) {
            *probe = txn;
            self.wheel.set(now.mono + PATIENCE, Timer::Probe(id, txn));
        }
    }
}
