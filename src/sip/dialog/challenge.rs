//! 401 and 407 to requests of ours inside a dialog: sent once more, with credentials (RFC 3261 §22.2). A BYE is answered for
//! even when its session is gone.

use super::{Credentials, SessionId};
use crate::clock::Now;
use crate::sip::auth::client::Login;
use crate::sip::endpoint::{Endpoint, Purpose, User};
use crate::sip::id::TxnId;
use crate::sip::message::Message;
use crate::sip::name::Method;
use crate::sip::wire;
use bytes::Bytes;

impl Endpoint {
    /// Who we are to the other side of a session that called us: for challenges to what we send inside it.
    pub fn set_credentials(&mut self, id: SessionId, credentials: Credentials) {
        if let Some(session) = self.session(id) {
            session.dialog.login = Some(Box::new(Login::new(credentials)));
        }
    }

    /// Sends the request of this transaction again with an answer to the challenge. False when there is none.
    pub(in crate::sip) fn answer_challenge(&mut self, id: TxnId, response: &Message, now: Now) -> bool {
        let cnonce = self.token();
        let Some(txn) = self.txn(id) else { return false };
        let (user, flow, mut answered, mut kept) = (txn.user, txn.flow, txn.answered, txn.login.take());
        let Ok(request) = wire::parse(txn.bytes.clone()) else { return false };
        let (Some(method), Some(old)) = (request.method(), request.cseq().map(|c| c.number)) else { return false };
        let dialog = match user {
            User::Session(session, _) => self.session(session).map(|s| &mut s.dialog),
            User::Reference(refer) => self.dialog_of_reference(refer),
            User::Nobody | User::Token(_) => None,
        };
        let (login, seq) = match dialog {
            Some(dialog) => {
                dialog.local_seq += 1;
                (dialog.login.as_deref_mut(), dialog.local_seq)
            }
            None => (kept.as_deref_mut(), old + 1),
        };
        let uri = request.request_uri();
        let Some(line) = login.and_then(|l| l.line(response, method, uri, &cnonce, &mut answered)) else {
            return false;
        };
        let next = self.start_client(flow, user, method == Method::Invite, now, |branch| {
            crate::sip::write::again(&request, &flow, branch, seq, line.as_bytes())
        });
        if let Some(txn) = self.txn(next) {
            (txn.answered, txn.login) = (answered, kept);
        }
        if let User::Session(session, purpose) = user {
            self.resent(session, purpose, method, next, (old, seq), &line, now);
        }
        true
    }

    /// What a session keeps of its requests follows the new one.
    #[expect(clippy::too_many_arguments, reason = "what one request is made of")]
    fn resent(
        &mut self,
        id: SessionId,
        purpose: Purpose,
        method: Method,
        txn: TxnId,
        (old, new): (u32, u32),
        line: &str,
        now: Now,
    ) {
        match purpose {
            Purpose::Refer => self.refer_renumbered(id, old, new),
            Purpose::Probe => self.probe_resent(id, txn, now),
            Purpose::Invite | Purpose::Offer | Purpose::Refresh | Purpose::Minor | Purpose::Key => {}
        }
        if let (Method::Invite, Some(session)) = (method, self.session(id)) {
            session.invite_seq = new;
            // Its ACK carries them too (RFC 3261 §13.2.2.4).
            session.credentials = Bytes::copy_from_slice(line.as_bytes());
        }
    }
}
