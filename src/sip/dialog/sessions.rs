//! The sessions of an endpoint: found by their id, begun, ended, and spoken in.

use super::{Session, SessionId, State};
use crate::clock::Now;
use crate::sip::endpoint::{Endpoint, Purpose, User};
use crate::sip::id::TxnId;
use crate::sip::name::Method;
use crate::sip::spare::give_back;
use crate::sip::write::Writer;
use bytes::Bytes;

impl Endpoint {
    /// The Call-ID of a session, while it lives.
    #[must_use]
    pub fn call_id(&self, id: SessionId) -> Option<Bytes> {
        let session = self.sessions.get(id.index as usize).filter(|s| s.serial == id.serial)?;
        Some(session.dialog.call_id.clone())
    }

    pub(in crate::sip) fn session(&mut self, id: SessionId) -> Option<&mut Session> {
        self.sessions.get_mut(id.index as usize).filter(|s| s.serial == id.serial).map(Box::as_mut)
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

    pub(in crate::sip) fn drop_session(&mut self, id: SessionId) {
        if self.session(id).is_none() {
            return;
        }
        let session = self.sessions.remove(id.index as usize);
        if let Some((txn, ..)) = session.owed.map(|owed| *owed) {
            // An offer that nobody will answer any more: its copies get 481, and no transaction waits for ever.
            self.forget(txn);
        }
        if self.open_calls.get(&session.dialog.call_id) == Some(&id) {
            self.open_calls.remove(&session.dialog.call_id);
            give_back(&mut self.open_calls);
        }
        self.remember_ended(&session.dialog);
        self.bereave(id, &session.dialog);
    }

    /// A new slot: its index is part of our tag.
    pub(super) fn insert_session(&mut self, make: impl FnOnce(&mut Self, u32, Box<str>) -> Session) -> SessionId {
        let serial = self.next_serial();
        let random = self.token();
        let index = u32::try_from(self.sessions.vacant_key()).unwrap_or(u32::MAX);
        let tag = format!("{index:x}.{random}").into_boxed_str();
        let session = make(self, serial, tag);
        self.sessions.insert(Box::new(session));
        SessionId { index, serial }
    }

    /// Sends a request of ours inside the dialog. `write` adds headers and body.
    pub(super) fn send_in_dialog(
        &mut self,
        id: SessionId,
        method: Method,
        purpose: Option<Purpose>,
        now: Now,
        write: impl FnOnce(Writer) -> Bytes,
    ) -> Option<(TxnId, u32)> {
        let session = self.session(id)?;
        session.dialog.local_seq += 1;
        let (seq, flow) = (session.dialog.local_seq, session.dialog.flow);
        let user = purpose.map_or(User::Nobody, |p| User::Session(id, p));
        // A copy, because making the transaction needs the endpoint whole; its long parts share their bytes.
        let dialog = session.dialog.clone();
        let txn = self
            .start_client(flow, user, method == Method::Invite, now, |branch| write(dialog.write(method, seq, branch)));
        Some((txn, seq))
    }
}
