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
    /// A WebSocket: one message of it, one of SIP (RFC 7118).
    Ws,
    /// A WebSocket over TLS.
    Wss,
}

impl Transport {
    /// As written in a Via header.
    #[must_use]
    pub const fn token(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
            Self::Ws => "WS",
            Self::Wss => "WSS",
        }
    }

    /// The one that [`Self::token`] names.
    #[must_use]
    pub fn of(token: &str) -> Option<Self> {
        [Self::Udp, Self::Tcp, Self::Tls, Self::Ws, Self::Wss].into_iter().find(|transport| transport.token() == token)
    }

    /// As `[sip] listen` writes it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::Ws => "ws",
            Self::Wss => "wss",
        }
    }

    /// What stands behind a URI that is reached by it: nothing for UDP, which is meant without it.
    #[must_use]
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Udp => "",
            Self::Tcp => ";transport=tcp",
            Self::Tls => ";transport=tls",
            // RFC 7118 §5.2: one word for both.
            Self::Ws | Self::Wss => ";transport=ws",
        }
    }

    /// Whether nobody on the way can read it.
    #[must_use]
    pub const fn is_secret(self) -> bool {
        matches!(self, Self::Tls | Self::Wss)
    }

    /// Whether it is a WebSocket: a browser's, whose address nobody else can reach.
    #[must_use]
    pub const fn is_web(self) -> bool {
        matches!(self, Self::Ws | Self::Wss)
    }

    /// Whether the transport itself retransmits: RFC 3261 timers A, E, G then stay silent and D, I, J, K are zero.
    #[must_use]
    pub const fn is_reliable(self) -> bool {
        !matches!(self, Self::Udp)
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
    /// 0 for UDP and for a flow not yet opened; else names the connection. Never reused while the daemon runs.
    pub connection: u32,
}
