//! From a media thread to the core.

use super::{Epoch, PlayId, PortId, Recorded, RecordingId};
use std::net::SocketAddr;

/// How a digit arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DigitVia {
    /// RFC 4733 telephone-event.
    TelephoneEvent,
    /// Detected in the audio (only where telephone-event was not negotiated).
    InBand,
}

/// What has happened on a media thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Sockets are bound and may be leased; grows the pool.
    Ready {
        /// Each port with its local RTP address.
        ports: Vec<(PortId, SocketAddr)>,
    },
    /// The last packet of a [`Source::Play`](super::Source::Play) has been sent.
    PlayFinished {
        /// The port.
        port: PortId,
        /// Its lease.
        epoch: Epoch,
        /// Which playing.
        play: PlayId,
    },
    /// A key was pressed on the other side: reported once, when it begins.
    Digit {
        /// The port.
        port: PortId,
        /// Its lease.
        epoch: Epoch,
        /// `0-9 * # A-D`.
        digit: char,
        /// How it came.
        via: DigitVia,
    },
    /// No RTP and no RTCP for 5 s on a leg that receives; repeated at most every 5 s.
    Silent {
        /// The port.
        port: PortId,
        /// Its lease.
        epoch: Epoch,
        /// Something of it was received before.
        spoke: bool,
    },
    /// A packet of a leg that is watched.
    Packet {
        /// The port.
        port: PortId,
        /// Its lease.
        epoch: Epoch,
        /// What is told of it.
        packet: Packet,
    },
    /// Word of a recording.
    Recording {
        /// Which.
        recording: RecordingId,
        /// What.
        what: Recorded,
    },
    /// The lease is over and nothing of it is in flight.
    Closed {
        /// The port.
        port: PortId,
        /// The lease that ended.
        epoch: Epoch,
        /// What it carried.
        stats: Stats,
    },
}

/// A packet of RTP that has come or gone, without what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet {
    /// When, µs since the epoch.
    pub at: i64,
    /// It has gone.
    pub sent: bool,
    /// The other side.
    pub peer: SocketAddr,
    /// Its fixed header as it was on the wire (RFC 3550 §5.1).
    pub header: [u8; 12],
    /// Bytes behind it.
    pub length: u16,
}

/// What a leg carried (RFC 3550 §6.4 words).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// RTP packets received and believed.
    pub received: u64,
    /// RTP packets sent.
    pub sent: u64,
    /// Packets missing by sequence number.
    pub lost: u64,
    /// Interarrival jitter at the end, µs.
    pub jitter_us: u32,
    /// Packets dropped: from a stranger, malformed, or of a wrong payload type.
    pub refused: u64,
    /// What the other side has last reported of ours, if it has.
    pub reported: Option<Reported>,
}

/// What the other side's last report block says of what we sent (RFC 3550 §6.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reported {
    /// Packets missing over all; never negative, though doubles may make it so on the wire.
    pub lost: u32,
    /// Packets that it should have had by then, by their numbers; what was missing before us counts too.
    pub expected: u32,
    /// Interarrival jitter there, µs.
    pub jitter_us: u32,
    /// From our report to its own and back, less what it waited, µs; `None` until it has heard one of ours.
    pub round_trip_us: Option<u32>,
}
