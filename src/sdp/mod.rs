//! Offer and answer for one audio stream (RFC 3264 over RFC 8866): what a leg's other side sent, what we say back.
//!
//! PCMA (the house default), PCMU, Opus and telephone-event (RFC 4733); G.722, G.729 and iLBC where a leg's menu has them. Everything else
//! in a body is mirrored and refused with port 0. SRTP by keys in the body (RFC 4568), and for browsers by ICE-lite and the fingerprint of a certificate (RFC 8839,
//! RFC 8842); trickled and mDNS candidates need no answer, since the browser finds us. What is encrypted is elsewhere. This module refuses to resolve host names, to negotiate multicast, and to know what a call is; it opens nothing. [`Refused`] says why a body was not taken, the caller picks the status.

mod answer;
mod body;
mod negotiation;
mod web;
mod write;

pub use negotiation::Negotiation;

use crate::codec::Codec;
use crate::key::{Crypto, Fingerprint};
use std::net::{IpAddr, SocketAddr};
use thiserror::Error;

/// Static payload type of PCMU (RFC 3551 §6).
pub const PCMU: u8 = 0;
/// Static payload type of PCMA (RFC 3551 §6).
pub const PCMA: u8 = 8;
/// The payload type under which we offer telephone-event, unless the other side uses that number for something else.
pub const TELEPHONE_EVENT: u8 = 101;
/// Packet time we send with when nothing is asked, ms.
pub const PTIME: u8 = 20;

/// Our side of a leg's stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Local {
    /// Address written into `c=` and `o=`: where our port is reachable from the other side.
    pub address: IpAddr,
    /// RTP port; RTCP is the next one.
    pub port: u16,
    /// `o=` session id, random per leg. The top bit is left out: many parsers read it as a signed number.
    pub session_id: u64,
}

/// Where browsers' media comes to, for one leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Door {
    /// The address of the port of all browsers.
    pub at: SocketAddr,
    /// Of our certificate.
    pub ours: Fingerprint,
    /// The beginning of the leg's ICE user name; the rest is drawn.
    pub user: [u8; 8],
}

/// Which way media flows, from the view of the side that says it (RFC 8866 §6.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Direction {
    /// Both ways.
    #[default]
    SendRecv,
    /// That side only sends: hold by a phone with music of its own.
    SendOnly,
    /// That side only receives.
    RecvOnly,
    /// Neither.
    Inactive,
}

impl Direction {
    /// Whether that side sends.
    #[must_use]
    pub const fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    /// Whether that side receives.
    #[must_use]
    pub const fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }

    /// From the two halves.
    #[must_use]
    pub const fn of(sends: bool, receives: bool) -> Self {
        match (sends, receives) {
            (true, true) => Self::SendRecv,
            (true, false) => Self::SendOnly,
            (false, true) => Self::RecvOnly,
            (false, false) => Self::Inactive,
        }
    }

    /// The same stream as the other side sees it.
    #[must_use]
    pub const fn reversed(self) -> Self {
        Self::of(self.receives(), self.sends())
    }

    /// What both this and `other`, seen from the same side, allow.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self::of(self.sends() && other.sends(), self.receives() && other.receives())
    }

    /// The attribute's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }
}

/// What offer and answer settled on for the leg's audio stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agreed {
    /// Both ways.
    pub codec: Codec,
    /// Its payload type, both ways.
    pub payload_type: u8,
    /// Payload type of telephone-event; `None`: not negotiated.
    pub telephone_event: Option<u8>,
    /// The clock of its durations, Hz (RFC 4733 §2.1).
    pub event_clock: u32,
    /// Where RTP is sent. `None`: the other side receives nothing (`sendonly`, `inactive`, `c=0.0.0.0`, port 0).
    pub remote_rtp: Option<SocketAddr>,
    /// Where RTCP is sent if `a=rtcp` told it apart (RFC 3605); `None`: RTP port + 1.
    pub remote_rtcp: Option<SocketAddr>,
    /// The address its SDP names, also while it receives nothing: whence its packets may come. `None` only for
    /// `c=0.0.0.0` and port 0.
    pub remote_source: Option<SocketAddr>,
    /// How it is encrypted; `None`: RTP in the clear. A browser's addresses are found out by ICE: those above then say no more than
    /// whether it receives.
    pub crypto: Option<Crypto>,
    /// Packet time the other side asked for, ms, 10–60; [`PTIME`] if it asked nothing.
    pub ptime: u8,
    /// Ours after the answer.
    pub direction: Direction,
    /// Theirs as they mean it: `c=0.0.0.0` counts as not receiving, port 0 as inactive.
    pub remote_direction: Direction,
}

impl Agreed {
    /// Whether the other side has put us on hold in any of the known forms.
    #[must_use]
    pub const fn held_by_remote(&self) -> bool {
        !self.remote_direction.receives()
    }
}

/// Why a body was not taken. [`Refused::malformed`] ones are a 400, the others a 488 (RFC 3261 §21.4.26).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
pub enum Refused {
    /// No `v=0`, or an `m=` line that cannot be read.
    #[error("the body is no session description")]
    NotSdp,
    /// Over 16 KiB, 512 lines or 16 streams.
    #[error("the session description is too large")]
    TooLarge,
    /// No audio stream, or all of them with port 0 where none was agreed before.
    #[error("no audio stream is offered")]
    NoAudio,
    /// None of the leg's menu; PCMA and PCMU only at 8 kHz under their static numbers.
    #[error("no codec in common: PCMA or PCMU is needed")]
    NoCommonCodec,
    /// Only secured or unknown transports (`RTP/SAVP`, `UDP/TLS/…`).
    #[error("the transport profile is not RTP/AVP, RTP/AVPF, RTP/SAVP or RTP/SAVPF, or may not be used here")]
    Profile,
    /// A browser's stream without RTCP on the same port (RFC 8834 §4.5), a certificate's SHA-256, or where it would wait for us to begin
    /// the handshake.
    #[error("a browser's stream needs rtcp-mux, a sha-256 fingerprint, and a setup other than passive")]
    Browser,
    /// It must be encrypted, and no key that we can use is offered.
    #[error("SRTP is required, and no a=crypto line of the other side can be used")]
    Insecure,
    /// A host name, a multicast address, or an address family that our port does not have; or none at all.
    #[error("the connection address cannot be used")]
    Address,
    /// An answer came though no offer of ours is open or was answered last.
    #[error("an answer without an offer")]
    NoOffer,
}

impl Refused {
    /// Whether the body itself is broken (400) rather than unacceptable (488).
    #[must_use]
    pub const fn malformed(self) -> bool {
        matches!(self, Self::NotSdp | Self::TooLarge)
    }
}

/// Whether there may be a browser's stream in a body.
#[must_use]
pub fn may_be_web(body: &[u8]) -> bool {
    memchr::memmem::find(body, b"UDP/TLS/RTP/").is_some()
}

#[cfg(test)]
mod tests;
