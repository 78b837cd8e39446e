//! The path a message came by and its answers go by: a value, so that the protocol needs no socket.

use std::net::SocketAddr;

/// The transport protocol under a message.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Transport {
    /// UDP: one datagram, one message; the sender may retransmit.
    Udp,
    /// TCP: a stream, framed by Content-Length (RFC 3261 §18.3).
    Tcp,
    /// TLS over TCP (RFC 3261 §26.2.1).
    Tls,
}

impl Transport {
    /// As written in a Via header.
    #[must_use]
    pub const fn token(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
        }
    }

    /// The one that [`Self::token`] names.
    #[must_use]
    pub fn of(token: &str) -> Option<Self> {
        [Self::Udp, Self::Tcp, Self::Tls].into_iter().find(|transport| transport.token() == token)
    }

    /// As `[sip] listen` and a URI's `transport` write it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
        }
    }

    /// Whether the transport itself retransmits: RFC 3261 timers A, E, G then stay silent and D, I, J, K are zero.
    #[must_use]
    pub const fn is_reliable(self) -> bool {
        matches!(self, Self::Tcp | Self::Tls)
    }
}

/// One flow (RFC 5626 §2): transport, both addresses, and for TCP the connection.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Flow {
    /// The transport protocol.
    pub transport: Transport,
    /// Our address: the one that the message was sent to, or is to be sent from.
    pub local: SocketAddr,
    /// The other side's address, as seen in the packet.
    pub peer: SocketAddr,
    /// 0 for UDP and for a flow not yet opened; else names the TCP or TLS connection. Never reused while the daemon runs.
    pub connection: u32,
}
