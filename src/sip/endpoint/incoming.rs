//! A request that nobody has admitted yet: the bytes, and where they came from.

use super::supported::unsupported;
use crate::sip::flow::{Flow, Transport};
use crate::sip::message::Message;
use crate::sip::write::Writer;
use std::net::SocketAddr;

/// A request outside any dialog for which no transaction exists yet.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// Where it came from.
    pub flow: Flow,
    /// The request.
    pub message: Message,
}

impl Incoming {
    /// Starts an answer; the To tag is `tag`.
    #[must_use]
    pub fn answer(&self, status: u16, tag: &str) -> Writer {
        Writer::answer(&self.message, status, Some(tag), self.flow.peer)
    }

    /// Where its responses go.
    #[must_use]
    pub fn response_flow(&self) -> Flow {
        response_flow(self.flow, &self.message)
    }

    /// The `Unsupported` line, if the request requires what this endpoint does not know: then 420.
    #[must_use]
    pub fn unsupported(&self) -> Option<String> {
        unsupported(&self.message)
    }
}

/// Where a response goes: the connection it came by, or by UDP the source with `rport` (RFC 3581 §4), else the
/// source address with the port of sent-by (RFC 3261 §18.2.2).
pub(super) fn response_flow(flow: Flow, request: &Message) -> Flow {
    match (flow.transport, request.via()) {
        (Transport::Udp, Some(via)) if via.params.get("rport").is_none() => {
            Flow { peer: SocketAddr::new(flow.peer.ip(), via.port.unwrap_or(5060)), ..flow }
        }
        _ => flow,
    }
}

/// A To tag made of the request, the same for each copy of it.
#[must_use]
pub fn stateless_tag(request: &Message) -> String {
    let branch = request.via().map(|v| v.branch()).unwrap_or_default();
    let fold = |hash: u64, b: &u8| (hash ^ u64::from(*b)).wrapping_mul(0x0000_0100_0000_01b3);
    let hash = branch.iter().chain(request.call_id()).fold(0xcbf2_9ce4_8422_2325, fold);
    format!("s{:08x}", (hash ^ (hash >> 32)) as u32)
}
