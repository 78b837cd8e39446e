//! SIP over UDP, TCP, TLS and WebSockets: sockets on one side, [`Flow`]s and bytes on the other.
//!
//! [`Transports`] belongs to the signalling thread and runs on its tokio runtime: [`Transports::recv`] gives what came in, in
//! batches; [`Transports::send`] queues and [`Transports::flush`] sends, 32 datagrams for one system call. All queues are bounded
//! and every drop is counted in [`Counts`]. It refuses to read messages beyond their framing, to resend, to resolve names and to
//! choose a route: a [`Flow`] says where everything goes.

mod aside;
pub mod batch;
pub mod certificate;
mod connection;
mod counts;
mod error;
pub mod frame;
mod mobile;
mod received;
mod secured;
pub mod settings;
mod tcp;
mod tls;
mod told;
mod udp;
pub mod websocket;

pub use crate::sip::flow::{Flow, Transport};
pub use counts::Counts;
pub use error::Error;
pub use mobile::Mobile;
pub use received::{Received, Why};
pub use secured::{Secured, Stream};
pub use settings::{Listen, Settings, TcpLimits};
pub use tls::{PeerNames, TlsSettings, leads_to_trusted};

use bytes::Bytes;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use tcp::Tcp;
use udp::Udp;
use websocket::Entrance;

/// All sockets of the signalling.
pub struct Transports {
    udp: Udp,
    tcp: Tcp,
    /// What is to be told at the next [`Transports::recv`].
    told: Vec<Received>,
    counts: Counts,
    peers: PeerNames,
}

impl Transports {
    /// Opens every socket of the settings, or none. Must be called within the runtime that will drive them.
    ///
    /// # Errors
    /// The first address that cannot be had.
    pub fn bind(settings: &Settings) -> Result<Self, Error> {
        for (i, listen) in settings.listen.iter().enumerate() {
            if listen.address.ip().is_unspecified() && listen.advertised.is_none() {
                return Err(Error::Wildcard(*listen));
            }
            let same =
                |l: &Listen| l.transport == listen.transport && l.name() == listen.name() && l.name().port() != 0;
            if settings.listen.iter().take(i).any(same) {
                return Err(Error::Twice(*listen));
            }
        }
        let (udp, tcp, peers) = (Udp::bind(settings)?, Tcp::bind(settings)?, Arc::clone(&settings.tls.names));
        Ok(Self { udp, tcp, told: Vec::new(), counts: Counts::default(), peers })
    }

    /// The [`Flow::local`] of each socket, with the port that the kernel chose where 0 was asked for.
    pub fn locals(&self) -> impl Iterator<Item = (Transport, SocketAddr)> {
        let udp = self.udp.locals().map(|at| (Transport::Udp, at));
        udp.chain(self.tcp.locals())
    }

    /// Waits until something came in and appends it to `out`, a few hundred at most. Dropping the future loses nothing.
    pub async fn recv(&mut self, out: &mut Vec<Received>) {
        poll_fn(|cx| self.poll_recv(cx, out)).await;
    }

    /// Queues bytes for a flow; UDP leaves with [`Transports::flush`], TCP by itself. Never waits.
    ///
    /// A TCP flow with connection 0 uses the connection that stands between these two addresses, or opens one.
    /// Where there is no way, [`Received::Unsent`] or [`Received::Closed`] says so at the next [`Transports::recv`].
    pub fn send(&mut self, flow: Flow, bytes: Bytes) {
        let sent = match flow.transport {
            Transport::Udp => self.udp.queue(flow, bytes, &mut self.counts),
            _ => self.tcp.queue(flow, bytes, &mut self.told, &mut self.counts),
        };
        if !sent {
            self.counts.unsent += 1;
            self.told.push(Received::Unsent { flow });
        }
    }

    /// Hands all queued datagrams to the kernel. What a full socket does not take waits for it, bounded.
    pub fn flush(&mut self) {
        self.udp.flush(&mut self.told, &mut self.counts);
    }

    /// The longest that a datagram of the last [`Transports::recv`] has waited in the kernel, µs. What TCP has waited is not known.
    pub fn waited(&mut self) -> u64 {
        self.udp.waited()
    }

    /// The counters.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// The way in for those whose WebSocket the web listener has opened ([`Settings::web`]).
    #[must_use]
    pub fn entrance(&self) -> Entrance {
        self.tcp.entrance().clone()
    }

    /// What the web listener's connections are encrypted by ([`Settings::web_tls`]), if they are.
    #[must_use]
    pub fn secured(&self) -> Option<Secured> {
        self.tcp.secured().cloned()
    }

    /// The names that the far sides of TLS connections of ours must prove.
    #[must_use]
    pub fn peer_names(&self) -> PeerNames {
        Arc::clone(&self.peers)
    }

    /// Connections that stand or are being opened.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.tcp.connections()
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>, out: &mut Vec<Received>) -> Poll<()> {
        let before = out.len();
        out.append(&mut self.told);
        let more = self.udp.poll(cx, out, &mut self.told, &mut self.counts);
        let more = self.tcp.poll(cx, out, &mut self.counts) | more;
        out.append(&mut self.told);
        if out.len() > before {
            return Poll::Ready(());
        }
        if more {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests;
