//! What the signalling asks of the sound, and what it is told.

use std::net::SocketAddr;

/// One leg of this process; never used twice in a run.
pub type LegId = u32;

/// An order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Media is agreed, or has changed.
    Agree(Box<Stream>),
    /// The call of this leg was answered at this moment, µs: from now on silence counts.
    Answered {
        /// The leg.
        leg: LegId,
        /// When.
        at: u64,
    },
    /// Keys, one after the other, as telephone-events.
    Press {
        /// The leg.
        leg: LegId,
        /// `0`–`9`, `*`, `#`, `A`–`D`.
        keys: String,
    },
    /// The leg is over.
    Close {
        /// The leg.
        leg: LegId,
    },
    /// The run is over.
    Finish,
}

/// How a leg's sound goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// The leg.
    pub leg: LegId,
    /// Which of our sockets it was given.
    pub socket: u16,
    /// Its call; `None`: the first mark that is heard says so.
    pub call: Option<u32>,
    /// 0 for a caller, 1 for a seat, 2 for a department.
    pub side: u8,
    /// A-law or µ-law.
    pub payload_type: u8,
    /// For keys.
    pub telephone_event: Option<u8>,
    /// Where to, if it may speak.
    pub to: Option<SocketAddr>,
    /// Where from, as the other side's SDP says.
    pub from: Option<SocketAddr>,
}

/// What is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// The caller of this call hears a person.
    Reached {
        /// The call.
        call: u32,
        /// When, µs.
        at: u64,
    },
}
