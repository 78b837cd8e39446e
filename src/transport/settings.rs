//! What the transports are told: addresses and bounds.

use super::tls::TlsSettings;
use crate::sip::flow::Transport;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

/// The checked settings of [`Transports`](super::Transports).
#[derive(Debug, Clone)]
pub struct Settings {
    /// The sockets to open.
    pub listen: Vec<Listen>,
    /// Wanted size of each UDP socket's buffers, bytes; the kernel's `rmem_max` and `wmem_max` may grant less.
    pub udp_buffer: usize,
    /// Most datagrams that wait behind one full UDP socket.
    pub udp_queue: usize,
    /// The bounds of TCP.
    pub tcp: TcpLimits,
    /// Certificates and trust.
    pub tls: TlsSettings,
    /// Pages of these origins may open a WebSocket, beside those of our own host; `*`: all.
    pub origins: Vec<String>,
    /// The address of the web listener that hands WebSockets over ([`Entrance`](super::websocket::Entrance)), if there is one.
    pub web: Option<SocketAddr>,
    /// It speaks TLS, by these certificates.
    pub web_tls: Option<TlsSettings>,
}

/// One socket to open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listen {
    /// Which one.
    pub transport: Transport,
    /// The address to bind.
    pub address: SocketAddr,
    /// The address that others reach us by, if it is another one (address translation, or a wildcard bind).
    /// It then is the [`Flow::local`](super::Flow::local) of everything that comes and goes here.
    pub advertised: Option<SocketAddr>,
}

/// The bounds of TCP.
#[derive(Debug, Clone, Copy)]
pub struct TcpLimits {
    /// Most connections in all, both directions.
    pub connections: usize,
    /// Most connections accepted from one IP address.
    pub per_source: usize,
    /// Longest message, bytes.
    pub message: usize,
    /// A connection without a byte in either direction for so long is closed. Longer than the usual registration
    /// (3,600 s), or quiet phones would lose their way back.
    pub idle: Duration,
    /// A message must be whole so long after its first byte, and a new connection's first message so long after the start.
    pub slow: Duration,
    /// A connection must be made, and bytes must be taken by the other side, within this time.
    pub stuck: Duration,
    /// Most bytes that wait on one connection; beyond, it is closed.
    pub queue: usize,
}

impl Settings {
    /// The usual bounds on these sockets.
    #[must_use]
    pub fn new(listen: Vec<Listen>) -> Self {
        Self {
            listen,
            udp_buffer: 4 << 20,
            udp_queue: 4096,
            tcp: TcpLimits::default(),
            tls: TlsSettings::default(),
            origins: Vec::new(),
            web: None,
            web_tls: None,
        }
    }
}

impl Default for TcpLimits {
    fn default() -> Self {
        Self {
            connections: 4096,
            per_source: 1024,
            message: 65_536,
            idle: Duration::from_secs(3900),
            slow: Duration::from_secs(10),
            stuck: Duration::from_secs(5),
            queue: 256 << 10,
        }
    }
}

impl Listen {
    /// Binds `address` and is known by it.
    #[must_use]
    pub fn new(transport: Transport, address: SocketAddr) -> Self {
        Self { transport, address, advertised: None }
    }

    /// The address it is known by: [`Flow::local`](super::Flow::local).
    #[must_use]
    pub fn name(&self) -> SocketAddr {
        self.advertised.unwrap_or(self.address)
    }

    /// The same once the port is known.
    pub(super) fn name_with(&self, port: u16) -> SocketAddr {
        let mut name = self.name();
        if name.port() == 0 {
            name.set_port(port);
        }
        name
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.transport.word(), self.address)
    }
}
