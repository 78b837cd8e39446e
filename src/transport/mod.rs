//! SIP over UDP and TCP: sockets on one side, [`Flow`]s and bytes on the other.
//!
//! [`Transports`] belongs to the signalling thread and runs on its tokio runtime: [`Transports::recv`] gives what came in, in
//! batches; [`Transports::send`] queues and [`Transports::flush`] sends, 32 datagrams for one system call. All queues are bounded
//! and every drop is counted in [`Counts`]. It refuses to read messages beyond their framing, to resend, to resolve names and to
//! choose a route: a [`Flow`] says where everything goes. TLS and WebSocket will stand here beside `tcp`.

mod batch;
mod connection;
pub mod frame;
pub mod settings;
mod tcp;
mod udp;

pub use crate::sip::flow::{Flow, Transport};
pub use settings::{Listen, Settings, TcpLimits};
pub use tcp::Why;

use bytes::Bytes;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};
use tcp::Tcp;
use thiserror::Error;
use udp::Udp;

/// One thing that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// A datagram: one message, or what somebody took for one.
    Datagram {
        /// The way it came; an answer goes back by it.
        flow: Flow,
        /// The whole datagram.
        bytes: Bytes,
    },
    /// One message framed out of a TCP connection.
    Message {
        /// The connection it came by.
        flow: Flow,
        /// From the first line to the end of the body.
        bytes: Bytes,
    },
    /// A TCP connection stands: `flow.connection` names it from now on.
    Opened {
        /// The connection. One that we opened has the `local` and `peer` of the flow it was asked for with.
        flow: Flow,
    },
    /// A TCP connection has ended, or could not be made (RFC 3261 §18.4: the transactions on it have failed).
    Closed {
        /// The connection; its number is never used again. What was sent with connection 0 is matched by `local` and `peer`.
        flow: Flow,
        /// The cause.
        why: Why,
    },
    /// Bytes that were handed to [`Transports::send`] have no way: unreachable, too long for a datagram, no such connection.
    Unsent {
        /// The flow they were meant for.
        flow: Flow,
    },
}

/// Counters since the start. Each drop is in one of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Datagrams handed on.
    pub datagrams_in: u64,
    /// System calls that brought them.
    pub batches_in: u64,
    /// Datagrams the kernel took.
    pub datagrams_out: u64,
    /// System calls that took them.
    pub batches_out: u64,
    /// Datagrams of nothing but line ends or zeros: keep-alives, dropped.
    pub keepalives: u64,
    /// Datagrams longer than a message may be, dropped.
    pub truncated: u64,
    /// Datagrams dropped because the queue behind a full socket was full.
    pub overfull: u64,
    /// Datagrams that the kernel refused (unreachable, too long), and bytes for a flow that does not exist.
    pub unsent: u64,
    /// TCP connections accepted.
    pub accepted: u64,
    /// TCP connections refused because there were too many.
    pub refused: u64,
    /// TCP connections that we began to open.
    pub opened: u64,
    /// TCP connections ended, for whatever cause.
    pub closed: u64,
    /// Messages framed out of TCP connections.
    pub messages_in: u64,
    /// Messages queued on TCP connections.
    pub messages_out: u64,
}

/// Why the transports cannot be set up. Each is one sentence that says what to do.
#[derive(Debug, Error)]
pub enum Error {
    /// Another program holds the port.
    #[error("{0} is in use by another program: stop it, or choose another port in [sip] listen")]
    InUse(Listen),
    /// The address is not one of this machine.
    #[error("{0} is not an address of this machine: correct [sip] listen")]
    NotLocal(Listen),
    /// A port below 1024 without the right to it.
    #[error(
        "{0} may be opened by root or with CAP_NET_BIND_SERVICE only: choose a port from 1024 on, or give the right"
    )]
    Forbidden(Listen),
    /// The wildcard address tells the other side nothing.
    #[error("{0} names no address: list each address, or say which one others reach us by (advertised)")]
    Wildcard(Listen),
    /// Two sockets would carry the same name.
    #[error("{0} stands twice in [sip] listen")]
    Twice(Listen),
    /// Anything else, with what the kernel said.
    #[error("{listen} cannot be opened: {source}")]
    Other {
        /// The address.
        listen: Listen,
        /// What the kernel said.
        source: io::Error,
    },
}

impl Error {
    /// The same sentence in Chinese.
    #[must_use]
    pub fn chinese(&self) -> String {
        match self {
            Self::InUse(at) => {
                format!("{at} 已被其他程序占用：请停止该程序，或在 [sip] listen 中改用其他端口")
            }
            Self::NotLocal(at) => format!("{at} 不是本机地址：请更正 [sip] listen"),
            Self::Forbidden(at) => {
                format!("{at} 需要 root 或 CAP_NET_BIND_SERVICE 权限：请改用 1024 及以上端口，或授予权限")
            }
            Self::Wildcard(at) => {
                format!("{at} 没有写明地址：请逐个列出地址，或用 advertised 写明对方使用的地址")
            }
            Self::Twice(at) => format!("{at} 在 [sip] listen 中重复"),
            Self::Other { listen, source } => format!("{listen} 无法打开：{source}"),
        }
    }

    fn from_io(listen: Listen, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::AddrInUse => Self::InUse(listen),
            io::ErrorKind::AddrNotAvailable => Self::NotLocal(listen),
            io::ErrorKind::PermissionDenied => Self::Forbidden(listen),
            _ => Self::Other { listen, source },
        }
    }
}

/// All sockets of the signalling.
pub struct Transports {
    udp: Udp,
    tcp: Tcp,
    /// What is to be told at the next [`Transports::recv`].
    told: Vec<Received>,
    counts: Counts,
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
        Ok(Self { udp: Udp::bind(settings)?, tcp: Tcp::bind(settings)?, told: Vec::new(), counts: Counts::default() })
    }

    /// The [`Flow::local`] of each socket, with the port that the kernel chose where 0 was asked for.
    pub fn locals(&self) -> impl Iterator<Item = (Transport, SocketAddr)> {
        let udp = self.udp.locals().map(|at| (Transport::Udp, at));
        udp.chain(self.tcp.locals().map(|at| (Transport::Tcp, at)))
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
            Transport::Tcp => self.tcp.queue(flow, bytes, &mut self.told, &mut self.counts),
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

    /// The counters.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// TCP connections that stand or are being opened.
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
