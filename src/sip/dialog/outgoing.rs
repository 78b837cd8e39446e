//! A call that is to be made: what its INVITE is written from.

use crate::sip::auth::client::Credentials;
use crate::sip::flow::Flow;
use bytes::Bytes;

/// An INVITE to be sent.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// Path to the next hop.
    pub flow: Flow,
    /// Request-URI.
    pub uri: Bytes,
    /// From value without tag.
    pub from: Bytes,
    /// To value.
    pub to: Bytes,
    /// Offer.
    pub sdp: Bytes,
    /// Another offer, sent once where that one is refused as such (415, 488, 606).
    pub other_sdp: Option<Bytes>,
    /// Max-Forwards: that of the other leg less one.
    pub max_forwards: u32,
    /// Further header lines, each ended by CRLF.
    pub extra: Bytes,
    /// For a 401 or 407.
    pub credentials: Option<Credentials>,
    /// Requests inside the dialog follow the flow (phones behind NAT).
    pub by_flow: bool,
    /// Session interval asked for, s; raised by a 422. 0: none.
    pub session_expires: u32,
}
