//! A request that nobody has admitted yet: the bytes, where they came from, and how to answer without state.

use super::{ALLOW, Endpoint, Event};
use crate::sip::flow::{Flow, Transport};
use crate::sip::message::Message;
use crate::sip::name::{Method, Name};
use crate::sip::write::Writer;
use bytes::Bytes;
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
}

/// Where a response goes: the connection it came by, or by UDP the source with `rport` (RFC 3581 §4), else the
/// source address with the port of sent-by (RFC 3261 §18.2.2).
pub(in crate::sip) fn response_flow(flow: Flow, request: &Message) -> Flow {
    match (flow.transport, request.via()) {
        (Transport::Udp, Some(via)) if via.params.get("rport").is_none() => {
            Flow { peer: SocketAddr::new(flow.peer.ip(), via.port.unwrap_or(5060)), ..flow }
        }
        _ => flow,
    }
}

impl Endpoint {
    /// Answers a request without keeping anything: a copy of it gets the same answer. `extra` are ready header lines.
    pub fn refuse(&mut self, incoming: &Incoming, status: u16, extra: &[u8]) {
        if incoming.message.method() == Some(Method::Ack) {
            return;
        }
        // The tag of a stateless answer must not change from copy to copy (RFC 3261 §8.2.7): made of the request.
        let tag = stateless_tag(&incoming.message);
        let mut w = incoming.answer(status, &tag);
        if status == 405 {
            w.header(Name::Allow, ALLOW);
        }
        w.lines(extra);
        self.send(incoming.response_flow(), w.end());
    }

    /// Answers with ready bytes, e.g. a challenge whose length was weighed by the caller.
    pub fn reply(&mut self, incoming: &Incoming, bytes: Bytes) {
        self.send(incoming.response_flow(), bytes);
    }

    pub(super) fn hand_up(&mut self, flow: Flow, message: Message) {
        self.event(Event::Request(Box::new(Incoming { flow, message })));
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

impl Endpoint {
    /// Answers a request (not INVITE) in a transaction of its own: a copy of it gets the same answer and does nothing twice.
    pub fn answer_once(&mut self, incoming: Incoming, status: u16, extra: &[u8], now: crate::clock::Now) {
        let tag = stateless_tag(&incoming.message);
        let mut w = incoming.answer(status, &tag);
        w.lines(extra);
        let bytes = w.end();
        let txn = self.start_server(incoming.flow, incoming.message, super::User::Nobody);
        self.respond(txn, status, bytes, now);
    }
}
