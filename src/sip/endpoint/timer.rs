//! What an endpoint waits for.

use crate::sip::id::{ReferId, SessionId, TxnId};
use crate::sip::transaction::Letter;

/// What the wheel carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sip) enum Timer {
    Txn(TxnId, Letter),
    /// Retransmit the 2xx whose ACK is awaited.
    Ok(SessionId, u32),
    /// Retransmit the reliable provisional response with this RSeq.
    Reliable(SessionId, u32),
    /// Refresh the session, or give it up.
    Refresh(SessionId, u32),
    /// Try a re-offer again after 491.
    Glare(SessionId),
    /// A cancelled INVITE that never got its final response.
    CancelGuard(SessionId),
    /// The subscription of a REFER ends, or nobody has decided about it.
    Refer(ReferId),
    /// An OPTIONS that asks whether a session lives has no answer.
    Probe(SessionId, TxnId),
}
