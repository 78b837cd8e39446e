//! What is kept of a SIP dialog, so that a run which finds it in the journal can end it.

use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// Our side of a dialog (RFC 3261 §12): what a request of ours inside it is written from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dialog {
    /// Call-ID.
    pub call_id: String,
    /// Our From value, with its tag.
    pub from: String,
    /// Our To value, with the other side's tag.
    pub to: String,
    /// The remote target: the request-URI.
    pub target: String,
    /// The route set, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<String>,
    /// CSeq of our last request.
    pub cseq: u32,
    /// `UDP` or `TCP`.
    pub transport: String,
    /// Where the next hop is.
    pub peer: SocketAddr,
}
