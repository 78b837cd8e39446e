//! What the transports tell.

use crate::sip::flow::Flow;
use bytes::Bytes;
use std::sync::Arc;

/// One thing that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// A datagram: one message, or what somebody took for one.
    Datagram {
        /// The way it came; an answer goes back by it.
        flow: Flow,
        /// The whole datagram.
        bytes: Bytes,
    },
    /// One message framed out of a TCP connection.
    Message {
        /// The connection it came by.
        flow: Flow,
        /// From the first line to the end of the body.
        bytes: Bytes,
    },
    /// A TCP or TLS connection stands: `flow.connection` names it from now on.
    Opened {
        /// The connection. One that we opened has the `local` and `peer` of the flow it was asked for with.
        flow: Flow,
        /// The names in the certificate that the other side has proved to be its own (RFC 5922 §7.1); none where it has shown none.
        names: Arc<[String]>,
    },
    /// A TCP connection has ended, or could not be made (RFC 3261 §18.4: the transactions on it have failed).
    Closed {
        /// The connection; its number is never used again. What was sent with connection 0 is matched by `local` and `peer`.
        flow: Flow,
        /// The cause.
        why: Why,
    },
    /// Files of certificates have changed and cannot be taken, and why: those of before stay in force, and run out one day.
    Certificates(String),
    /// Bytes that were handed to [`Transports::send`](super::Transports::send) have no way: unreachable, too long for a datagram, no such connection.
    Unsent {
        /// The flow they were meant for.
        flow: Flow,
    },
}

/// Why a connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// The other side closed or reset it.
    Peer,
    /// A page said that it goes away: it is closed or loaded anew (RFC 6455 §7.4.1: 1001).
    Left,
    /// It could not be made.
    Unreachable,
    /// The other side is not who it should be, or knows no way to speak TLS with us that we allow.
    Handshake(Arc<str>),
    /// No byte for longer than the idle limit.
    Idle,
    /// A message, or the first one, was not whole in time.
    Slow,
    /// The other side does not take what we send.
    Stuck,
    /// What came is not SIP, too long, or without a clear length.
    Unframed,
    /// A message of a WebSocket is longer than may be.
    TooLong,
    /// No number, descriptor or place was left for it.
    TooMany,
}
