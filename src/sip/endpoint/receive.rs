//! What comes in: to its transaction, to its session, or up as a request that nobody has admitted yet.

use super::supported::unsupported;
use super::{ALLOW, Endpoint, Incoming, SUPPORTED, User};
use crate::clock::Now;
use crate::sip::flow::Flow;
use crate::sip::header;
use crate::sip::id::{SessionId, TxnId};
use crate::sip::message::Message;
use crate::sip::name::{Method, Name};
use crate::sip::transaction::key::Key;
use crate::sip::wire;
use crate::sip::write::Writer;
use bytes::Bytes;

/// Longest request-URI taken, bytes; longer ones get 414.
const MAX_URI: usize = 1024;

impl Endpoint {
    /// One message from the network.
    pub fn receive(&mut self, flow: Flow, bytes: Bytes, now: Now) {
        match wire::parse(bytes) {
            Ok(message) if message.status().is_some() => self.client_input(message, now),
            Ok(message) => self.request_in(flow, message, now),
            Err(broken) => {
                // Only a request is ever answered, and never an ACK (RFC 3261 §8.2, §17).
                if let (Some(status), Some(message)) = (broken.error.status(), broken.message)
                    && message.method().is_some()
                    && message.via().is_some()
                {
                    self.refuse(&Incoming { flow, message: *message }, status, b"");
                }
            }
        }
    }

    fn request_in(&mut self, flow: Flow, message: Message, now: Now) {
        let method = message.method().unwrap_or(Method::Other);
        let looked_for = if method == Method::Ack || method == Method::Cancel { Method::Invite } else { method };
        let Some(key) = Key::of(&message, looked_for) else { return };
        let found = self.find_server(&key);
        match (method, found) {
            (Method::Ack, Some(id)) => {
                self.server_input(id, true, now);
                self.ack_in(&message, now);
            }
            (Method::Ack, None) => self.ack_in(&message, now),
            (Method::Cancel, found) => self.cancel_in(flow, message, found, now),
            (_, Some(id)) => self.server_input(id, false, now),
            (_, None) => self.new_request(flow, message, now),
        }
    }

    fn new_request(&mut self, flow: Flow, message: Message, now: Now) {
        if message.request_uri().len() > MAX_URI {
            return self.refuse(&Incoming { flow, message }, 414, b"");
        }
        if self.txns.len() >= self.settings.transactions && !is_vital(&message) {
            // No sender is so many: who means it sends it again.
            return;
        }
        if message.to_tag().is_none() {
            return self.hand_up(flow, message);
        }
        match self.session_of(&message) {
            Some(session) => self.in_dialog(session, flow, message, now),
            None => self.refuse(&Incoming { flow, message }, 481, b""),
        }
    }

    /// The session a request inside a dialog belongs to: our tag names the slot, then Call-ID and both tags must match.
    pub(in crate::sip) fn session_of(&self, message: &Message) -> Option<SessionId> {
        let tag = std::str::from_utf8(message.to_tag()?).ok()?;
        let index = u32::from_str_radix(tag.split('.').next()?, 16).ok()?;
        let session = self.sessions.get(index as usize)?;
        let dialog = &session.dialog;
        let same = *dialog.local_tag == *tag
            && dialog.call_id == message.call_id()
            && (dialog.remote_tag.is_empty() || dialog.remote_tag == message.from_tag().unwrap_or_default());
        same.then_some(SessionId { index, serial: session.serial })
    }

    fn cancel_in(&mut self, flow: Flow, message: Message, found: Option<TxnId>, now: Now) {
        let incoming = Incoming { flow, message };
        let Some(id) = found else { return self.refuse(&incoming, 481, b"") };
        // A copy of the CANCEL gets the same answer, so that it needs no transaction of its own.
        let user = self.txn(id).map(|t| (t.user, t.request.is_some()));
        self.refuse(&incoming, 200, b"");
        if let Some((User::Session(session, _), true)) = user {
            let q850 = header::q850(incoming.message.values(Name::Reason));
            self.cancelled(session, q850, now);
        }
    }

    fn in_dialog(&mut self, id: SessionId, flow: Flow, message: Message, now: Now) {
        let Some(cseq) = message.cseq().map(|c| c.number) else { return };
        let method = message.method().unwrap_or(Method::Other);
        let Some(session) = self.session(id) else { return };
        if session.dialog.remote_seq.is_some_and(|last| cseq <= last) {
            // RFC 3261 §12.2.2: out of order.
            return self.refuse_within(flow, message, 500, b"Retry-After: 0\r\n", now);
        }
        session.dialog.remote_seq = Some(cseq);
        if let Some(extra) = unsupported(&message) {
            return self.refuse_within(flow, message, 420, extra.as_bytes(), now);
        }
        // RFC 3891 §3: only a new call takes the place of another.
        if message.value(Name::Replaces).is_some() {
            return self.refuse_within(flow, message, 400, b"", now);
        }
        match method {
            Method::Bye => self.bye_in(id, flow, message, now),
            Method::Invite | Method::Update => self.offer_in(id, flow, message, now),
            Method::Prack => self.prack_in(id, flow, message, now),
            Method::Info => self.info_in(id, flow, message, now),
            Method::Refer => self.refer_in(id, flow, message, now),
            Method::Notify => self.notify_in(id, flow, message, now),
            Method::Options => {
                let txn = self.start_server(flow, message.clone(), User::Nobody);
                let extra =
                    format!("Allow: {ALLOW}\r\nAccept: application/sdp\r\nSupported: {}\r\n", SUPPORTED.join(", "));
                self.respond_plain(txn, &message, flow, 200, extra.as_bytes(), now);
            }
            _ => {
                let status = if method == Method::Other { 501 } else { 405 };
                let allow = format!("Allow: {ALLOW}\r\n");
                self.refuse_within(flow, message, status, allow.as_bytes(), now);
            }
        }
    }

    /// Refuses a request inside a dialog in a transaction of its own: a copy of it gets the same answer, though its CSeq is used up.
    pub(in crate::sip) fn refuse_within(&mut self, flow: Flow, message: Message, status: u16, extra: &[u8], now: Now) {
        let txn = self.start_server(flow, message.clone(), User::Nobody);
        self.respond_plain(txn, &message, flow, status, extra, now);
    }

    /// A response inside a dialog without a body.
    pub(in crate::sip) fn respond_plain(
        &mut self,
        txn: TxnId,
        request: &Message,
        flow: Flow,
        status: u16,
        extra: &[u8],
        now: Now,
    ) {
        let mut w = Writer::answer(request, status, None, flow.peer);
        w.lines(extra);
        self.respond(txn, status, w.end(), now);
    }
}

/// Begins a call or ends one.
fn is_vital(request: &Message) -> bool {
    match request.method() {
        Some(Method::Invite) => request.to_tag().is_none(),
        method => method == Some(Method::Bye),
    }
}
