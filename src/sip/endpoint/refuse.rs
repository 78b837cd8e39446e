//! Answers to a request that nobody has admitted: without state, or in a transaction of its own.

use super::{ALLOW, Endpoint, Event, Incoming, User, stateless_tag};
use crate::clock::Now;
use crate::sip::flow::Flow;
use crate::sip::message::Message;
use crate::sip::name::{Method, Name};
use bytes::Bytes;

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

    /// Answers a request (not INVITE) in a transaction of its own: a copy of it gets the same answer and does nothing twice.
    pub fn answer_once(&mut self, incoming: Incoming, status: u16, extra: &[u8], now: Now) {
        let tag = stateless_tag(&incoming.message);
        let mut w = incoming.answer(status, &tag);
        w.lines(extra);
        let bytes = w.end();
        let txn = self.start_server(incoming.flow, incoming.message, User::Nobody);
        self.respond(txn, status, bytes, now);
    }
}
