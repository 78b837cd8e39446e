//! What the other side's SDP agreed with ours.

use crate::key::Crypto;
use std::net::{IpAddr, SocketAddr};

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
    /// How it is encrypted; `None`: in the clear. A browser's media comes to the port of all browsers: its addresses above say no more
    /// than whether it receives.
    pub crypto: Option<Crypto>,
    /// Whether we accept media from it (`sendrecv` or `sendonly` of the other side).
    pub receive: bool,
}
