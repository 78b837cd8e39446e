//! The path a message came by and its answers go by: a value, so that the protocol needs no socket.

use std::net::SocketAddr;

/// The transport protocol under a message.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Transport {
    /// UDP: one datagram, one message; the sender may retransmit.
    Udp,
    /// TCP: a stream, framed by Content-Length (RFC 3261 §18.3).
    Tcp,
}

impl Transport {
    /// As written in a Via header.
    #[must_use]
    pub const fn token(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
        }
    }

    /// The one that [`Self::token`] names.
    #[must_use]
    pub fn of(token: &str) -> Option<Self> {
        [Self::Udp, Self::Tcp].into_iter().find(|transport| transport.token() == token)
    }

    /// Whether the transport itself retransmits: RFC 3261 timers A, E, G then stay silent and D, I, J, K are zero.
    #[must_use]
    pub const fn is_reliable(self) -> bool {
        matches!(self, Self::Tcp)
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
    /// 0 for UDP and for a TCP flow not yet opened; else names the TCP connection. Never reused while the daemon runs.
    pub connection: u32,
}
