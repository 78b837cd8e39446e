//! What the other side's SDP agreed with ours.

use crate::codec::Codec;
use crate::key::Crypto;
use std::net::{IpAddr, SocketAddr};

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
    /// Its payload type, both ways.
    pub payload_type: u8,
    /// Payload type of telephone-event as negotiated on this leg; `None`: not negotiated.
    pub telephone_event: Option<u8>,
    /// The clock in which events have their durations, Hz (RFC 4733 §2.1): 8,000, or 48,000 beside Opus.
    pub event_clock: u32,
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
