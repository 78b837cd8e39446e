//! Sessions: INVITE dialogs of RFC 3261 §12–§15 with PRACK (3262), UPDATE (3311) and session timers (4028).
//!
//! One file a verb: `accept` (the side that is called), `connect` (the side that calls), `prack`, `modify`
//! (offers inside), `refresh`, `close`; `refer` (we are asked to transfer), `referrer` (we ask), `replacement`, `info` (digits),
//! `probe` (is it alive?), `challenge` (401 inside). The values stand apart: `session`, `outgoing`,
//! `reference`, `replaces` know no endpoint. Bodies are bytes; what they mean is decided above. Status codes of
//! the protocol (420, 422, 481, 491, 500 …) are chosen here, codes of service never.

mod accept;
mod challenge;
mod close;
mod connect;
mod info;
mod modify;
mod outgoing;
mod prack;
mod probe;
mod refer;
mod reference;
mod referrer;
mod refresh;
mod replacement;
mod replaces;
mod session;

pub use super::auth::client::Credentials;
pub use super::id::{ReferId, SessionId};
pub use accept::NotAdmitted;
pub use outgoing::Outgoing;
pub use reference::Refer;
pub(super) use reference::Reference;
pub use referrer::ReferTo;
pub use replaces::Replaces;
pub use session::{Dialog, Session, State};

use super::endpoint::{Endpoint, Purpose};
use super::id::TxnId;
use super::name::Method;
use super::write::Writer;
use bytes::Bytes;

impl Endpoint {
    /// The Call-ID of a session, while it lives.
    #[must_use]
    pub fn call_id(&self, id: SessionId) -> Option<Bytes> {
        let session = self.sessions.get(id.index as usize).filter(|s| s.serial == id.serial)?;
        Some(session.dialog.call_id.clone())
    }
}

impl Endpoint {
    pub(super) fn session(&mut self, id: SessionId) -> Option<&mut Session> {
        self.sessions.get_mut(id.index as usize).filter(|s| s.serial == id.serial)
    }

    /// Whether the session still exists.
    #[must_use]
    pub fn is_live(&self, id: SessionId) -> bool {
        self.sessions.get(id.index as usize).is_some_and(|s| s.serial == id.serial)
    }

    /// Where the session stands; `None` when it is gone.
    #[must_use]
    pub fn state(&self, id: SessionId) -> Option<State> {
        self.sessions.get(id.index as usize).filter(|s| s.serial == id.serial).map(|s| s.state)
    }

    /// Call-ID of a session.
    #[must_use]
    pub fn call_id_of(&self, id: SessionId) -> Option<&[u8]> {
        self.sessions.get(id.index as usize).filter(|s| s.serial == id.serial).map(|s| &s.dialog.call_id[..])
    }

    pub(super) fn drop_session(&mut self, id: SessionId) {
        if self.session(id).is_none() {
            return;
        }
        let session = self.sessions.remove(id.index as usize);
        if let Some((txn, ..)) = session.owed {
            // An offer that nobody will answer any more: its copies get 481, and no transaction waits for ever.
            self.forget(txn);
        }
        if self.open_calls.get(&session.dialog.call_id) == Some(&id) {
            self.open_calls.remove(&session.dialog.call_id);
        }
        self.remember_ended(&session.dialog);
        self.bereave(id, &session.dialog);
    }

    /// A new slot: its index is part of our tag.
    fn insert_session(&mut self, make: impl FnOnce(&mut Self, u32, Box<str>) -> Session) -> SessionId {
        let serial = self.next_serial();
        let random = self.token();
        let index = u32::try_from(self.sessions.vacant_key()).unwrap_or(u32::MAX);
        let tag = format!("{index:x}.{random}").into_boxed_str();
        let session = make(self, serial, tag);
        self.sessions.insert(session);
        SessionId { index, serial }
    }

    /// Sends a request of ours inside the dialog. `write` adds headers and body.
    fn send_in_dialog(
        &mut self,
        id: SessionId,
        method: Method,
        purpose: Option<Purpose>,
        now: crate::clock::Now,
        write: impl FnOnce(Writer) -> Bytes,
    ) -> Option<(TxnId, u32)> {
        let session = self.session(id)?;
        session.dialog.local_seq += 1;
        let (seq, flow) = (session.dialog.local_seq, session.dialog.flow);
        let user = purpose.map_or(super::endpoint::User::Nobody, |p| super::endpoint::User::Session(id, p));
        // A copy, because making the transaction needs the endpoint whole; its long parts share their bytes.
        let dialog = session.dialog.clone();
        let txn = self
            .start_client(flow, user, method == Method::Invite, now, |branch| write(dialog.write(method, seq, branch)));
        Some((txn, seq))
    }
}

#[cfg(test)]
mod stories;
#[cfg(test)]
mod tests;
