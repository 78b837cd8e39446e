//! Who hears whom, as a value: the boundary between signalling and media.
//!
//! The core says what each leg shall *hear*; the media engine obeys and reports. Everything that crosses
//! carries `(port, epoch)`: a port is leased again and again, and what belongs to an earlier lease is dropped
//! (a `PlayFinished` may cross the `Hear` that ended it). Nothing here opens a socket or reads a file.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

pub mod mix;
pub mod tape;
pub mod topology;

pub use mix::{Beside, Sound, Voice};
pub use tape::{Recorded, RecordingId, Take, Tape};
pub use topology::Topology;

/// One media port: an RTP socket and the RTCP socket beside it, bound ahead by a media thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortId {
    /// Which media thread owns the sockets. Two legs that hear each other live on one thread.
    pub thread: u8,
    /// Index within the thread.
    pub index: u32,
}

/// Counts the leases of a port, so that what is meant for an earlier lease is recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Epoch(pub u32);

/// A leased port with the address that goes into SDP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// The port.
    pub port: PortId,
    /// Which lease of it.
    pub epoch: Epoch,
    /// Local RTP address; RTCP is the next port.
    pub rtp: SocketAddr,
}

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

/// A piece of audio held in memory: 8 kHz A-law, one byte a sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clip {
    /// Its prompt key, for facts and diagnostics.
    pub name: crate::id::PromptId,
    /// The samples, G.711 A-law at 8 kHz.
    pub alaw: Arc<[u8]>,
}

impl Clip {
    /// Length in milliseconds.
    #[must_use]
    pub fn millis(&self) -> u64 {
        self.alaw.len() as u64 / 8
    }
}

/// Tones of GB/T 3380, 450 Hz at −10 dBm0 ± 3; the reminder is 1400 Hz at −20 dBm0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tone {
    /// 回铃音: 1 s on, 4 s off.
    Ringback,
    /// 忙音: 0.35 s on, 0.35 s off.
    Busy,
    /// 拥塞音: 0.7 s on, 0.7 s off.
    Congestion,
    /// 提示音: someone else is on the line. 0.4 s on, 9.6 s off, beside the voices.
    Reminder,
}

/// Names one playing, so that its end can be told from another's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct PlayId(pub u32);

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
