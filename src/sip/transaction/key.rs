//! How a request finds its server transaction (RFC 3261 §17.2.3).

use crate::sip::message::Message;
use crate::sip::name::Method;
use std::sync::Arc;

/// The magic cookie of RFC 3261 branches (§8.1.1.7).
pub const COOKIE: &[u8] = b"z9hG4bK";

/// Key of a server transaction: branch and sent-by of the topmost Via and the method, ACK counted as INVITE.
/// Without the cookie (RFC 2543 peers) Call-ID, CSeq number, From tag and request-URI stand in for the branch.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key(Arc<[u8]>);

impl Key {
    /// The key of a request. `as_method` names the transaction looked for: an ACK looks for INVITE, and so does a CANCEL.
    #[must_use]
    pub fn of(request: &Message, as_method: Method) -> Option<Self> {
        let via = request.via()?;
        let mut key = Vec::with_capacity(96);
        let branch = via.branch();
        if branch.starts_with(COOKIE) && branch.len() > COOKIE.len() {
            key.extend_from_slice(branch);
        } else {
            let cseq = request.cseq()?;
            for part in [request.call_id(), request.from_tag().unwrap_or_default(), request.request_uri()] {
                key.extend_from_slice(part);
                key.push(b' ');
            }
            key.extend_from_slice(&cseq.number.to_be_bytes());
        }
        key.push(b' ');
        key.extend(via.host.iter().map(u8::to_ascii_lowercase));
        key.extend_from_slice(&via.port.unwrap_or(5060).to_be_bytes());
        match as_method {
            Method::Other => key.extend_from_slice(request.method_token()),
            known => key.extend_from_slice(known.token().as_bytes()),
        }
        Some(Self(key.into()))
    }
}
