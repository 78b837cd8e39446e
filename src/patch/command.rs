//! From the core to a media thread.

use super::{Epoch, PortId, RecordingId, Remote, Source, Tape};
use crate::key::Ice;
use std::sync::Arc;

/// What a media thread is told to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Begin a lease: forget everything of the former one.
    Open {
        /// The port.
        port: PortId,
        /// The new lease.
        epoch: Epoch,
        /// SSRC of what we send on this leg, for the whole lease.
        ssrc: u32,
        /// First sequence number.
        sequence: u16,
        /// First timestamp.
        timestamp: u32,
    },
    /// The other side is a browser, which may check the leg from now on, before or after its SDP has become known.
    Expect {
        /// The port.
        port: PortId,
        /// Its lease.
        epoch: Epoch,
        /// By what its checks are believed.
        ice: Ice,
    },
    /// The other side's SDP has become known or has changed.
    Remote {
        /// The port.
        port: PortId,
        /// Its lease.
        epoch: Epoch,
        /// What was agreed.
        remote: Remote,
    },
    /// What the leg hears from now on.
    Hear {
        /// The port.
        port: PortId,
        /// Its lease.
        epoch: Epoch,
        /// The source.
        source: Source,
    },
    /// Send digits towards the other side, by RFC 4733 where negotiated, else in-band tones.
    Digits {
        /// The port.
        port: PortId,
        /// Its lease.
        epoch: Epoch,
        /// `0-9 * # A-D`; each 100 ms long with a 60 ms pause.
        digits: Arc<str>,
    },
    /// Whether keys pressed on the other side go on to those who hear it, relayed or mixed; they do from [`Command::Open`]
    /// on. If not they are reported only (a seat's feature codes), and in the sound audible for 60 ms at most.
    Keys {
        /// The port on which they are pressed.
        port: PortId,
        /// Its lease.
        epoch: Epoch,
        /// They go on.
        pass: bool,
    },
    /// Is anyone there? [`Event::Silent`](super::Event::Silent) says so a quarter of a second later, if nobody is.
    Listen {
        /// The port.
        port: PortId,
        /// Its lease.
        epoch: Epoch,
    },
    /// Something about a recording. A port is recorded without leaving the relay.
    Record {
        /// The media thread of its ports.
        thread: u8,
        /// Which.
        recording: RecordingId,
        /// What.
        tape: Tape,
    },
    /// Every packet of the leg is told by [`Event::Packet`](super::Event::Packet) for so long, µs; said again it is longer.
    Watch {
        /// The port.
        port: PortId,
        /// Its lease.
        epoch: Epoch,
        /// How long.
        micros: u64,
    },
    /// End of the lease; the port returns to the pool with [`Event::Closed`](super::Event::Closed).
    Close {
        /// The port.
        port: PortId,
        /// Its lease.
        epoch: Epoch,
    },
}
