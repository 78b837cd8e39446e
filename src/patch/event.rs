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
    /// What the other side reported lost of ours (last RTCP report block).
    pub reported_lost: u32,
}
