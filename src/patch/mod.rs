//! Who hears whom, as a value: the boundary between signalling and media.
//!
//! The core says what each leg shall *hear*; the media engine obeys and reports. Everything that crosses
//! carries `(port, epoch)`: a port is leased again and again, and what belongs to an earlier lease is dropped
//! (a `PlayFinished` may cross the `Hear` that ended it). Nothing here opens a socket or reads a file.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

mod clip;
pub mod mix;
mod port;
pub mod tape;
pub mod topology;

pub use clip::{Clip, PlayId, Tone};
pub use mix::{Beside, Sound, Voice};
pub use port::{Epoch, Lease, PortId};
pub use tape::{Recorded, RecordingId, Take, Tape};
pub use topology::Topology;

/// The audio codecs of this switch (RFC 3551 §6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// G.711 A-law, static payload type 8: the house default.
    Pcma,
    /// G.711 µ-law, static payload type 0.
    Pcmu,
}

impl Codec {
    /// The static RTP payload type.
    #[must_use]
    pub const fn payload_type(self) -> u8 {
        match self {
            Self::Pcma => 8,
            Self::Pcmu => 0,
        }
    }
}

/// From where a leg's RTP is believed (interconnect: latching that a stranger cannot steal).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Latch {
    /// Only from the address the SDP names: trunks.
    Sdp,
    /// From the SDP's address, or from any port of this host (the signalling source): seats, trunks marked `nat`.
    /// Locked on a stable SSRC; new SDP re-arms.
    SdpOr(IpAddr),
}

/// What the other side's SDP asked of a leg. A new one replaces the former whole and re-arms the latch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remote {
    /// Where RTP goes. `None`: the other side receives nothing (c=0.0.0.0, port 0, `sendonly`, `inactive`).
    pub rtp: Option<SocketAddr>,
    /// The address its SDP names, also while it receives nothing (`sendonly`): whence its packets may come.
    pub source: Option<SocketAddr>,
    /// Where RTCP goes, when told apart (`a=rtcp`); else RTP port + 1.
    pub rtcp: Option<SocketAddr>,
    /// Codec in both directions.
    pub codec: Codec,
    /// Payload type of telephone-event as negotiated on this leg; `None`: not negotiated.
    pub telephone_event: Option<u8>,
    /// Packet time that the other side asked for, ms (10–60).
    pub ptime: u8,
    /// Where its packets may come from.
    pub latch: Latch,
    /// Whether we accept media from it (`sendrecv` or `sendonly` of the other side).
    pub receive: bool,
}

/// What a leg hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Nothing is sent.
    Nothing,
    /// A tone, until something else is said.
    Tone(Tone),
    /// Clips one after the other without a gap, from the first sample of the first.
    Play {
        /// Reported back in [`Event::PlayFinished`].
        play: PlayId,
        /// What is played, in order.
        clips: Arc<[Clip]>,
        /// Begin again after the last (music); then no `PlayFinished` ever comes.
        repeat: bool,
    },
    /// What this port receives. Both must be on one media thread. Relay: same codec, payload untouched.
    Port(PortId, Epoch),
    /// The sum of several voices, all on the leg's own media thread. Who hears whom is free: each leg has its own list.
    ///
    /// One mix after another is one stream without a seam; a `beside` of the same `play` (or the same tone) goes on where
    /// it was. A mix of nobody is silence that is sent.
    Mix {
        /// Who is heard; the leg itself is never, at most 64 are.
        voices: Arc<[Voice]>,
        /// What is played with them.
        beside: Option<Beside>,
    },
}

/// From the core to a media thread.
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
    /// Something about a recording. A port is recorded without leaving the relay.
    Record {
        /// The media thread of its ports.
        thread: u8,
        /// Which.
        recording: RecordingId,
        /// What.
        tape: Tape,
    },
    /// End of the lease; the port returns to the pool with [`Event::Closed`].
    Close {
        /// The port.
        port: PortId,
        /// Its lease.
        epoch: Epoch,
    },
}

/// How a digit arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DigitVia {
    /// RFC 4733 telephone-event.
    TelephoneEvent,
    /// Detected in the audio (only where telephone-event was not negotiated).
    InBand,
}

/// From a media thread to the core.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Sockets are bound and may be leased; grows the pool.
    Ready {
        /// Each port with its local RTP address.
        ports: Vec<(PortId, SocketAddr)>,
    },
    /// The last packet of a [`Source::Play`] has been sent.
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
