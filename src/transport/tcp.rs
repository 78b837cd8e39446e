//! TCP and TLS: listeners, the table of connections, reuse by flow (RFC 5923 for TLS: a peer is reached by the connection it has made).
//!
//! Each connection is one task (`connection`) that frames, keeps time and tells by one bounded channel; a full channel
//! stops the readers, and TCP itself then slows the other side.

use super::connection::{Connection, Event, Tell, Told, socket_for};
use super::tls::Thread;
use super::{Counts, Error, Flow, Listen, Received, Settings, TcpLimits, Transport, Why};
use bytes::Bytes;
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::Sleep;
use tracing::{debug, warn};

/// Messages that may wait between the connections and the core.
const WAITING: usize = 256;
/// Most connections and events taken in one turn.
const TURN: usize = 256;
/// How long accepting rests when the machine has no descriptor left.
const REST: Duration = Duration::from_millis(100);

/// All TCP sockets.
pub(super) struct Tcp {
    ports: Vec<Port>,
    limits: TcpLimits,
    connections: HashMap<u32, Connection>,
    /// The connection that a new request between these addresses (local, peer) goes by.
    between: HashMap<(Transport, SocketAddr, SocketAddr), u32>,
    /// There where an address is for TLS.
    tls: Option<Thread>,
    last: u32,
    tell: mpsc::Sender<Told>,
    told: mpsc::Receiver<Told>,
}

struct Port {
    transport: Transport,
    listener: TcpListener,
    name: SocketAddr,
    /// Where our own connections start from: the same address, a port of the kernel's choice.
    source: SocketAddr,
    rest: Option<Pin<Box<Sleep>>>,
}

impl Tcp {
    pub(super) fn bind(settings: &Settings) -> Result<Self, Error> {
        let listens = settings.listen.iter().filter(|l| l.transport != Transport::Udp);
        let ports = listens.map(|l| Port::bind(l).map_err(|e| Error::from_io(*l, e))).collect::<Result<_, _>>()?;
        let secure = settings.listen.iter().any(|l| l.transport == Transport::Tls);
        let tls = secure.then(|| Thread::start(&settings.tls)).transpose()?;
        let (tell, told) = mpsc::channel(WAITING);
        let (connections, between) = Default::default();
        Ok(Self { tls, ports, limits: settings.tcp, connections, between, last: 0, tell, told })
    }

    pub(super) fn locals(&self) -> impl Iterator<Item = (Transport, SocketAddr)> {
        self.ports.iter().map(|p| (p.transport, p.name))
    }

    pub(super) fn connections(&self) -> usize {
        self.connections.len()
    }

    /// Queues bytes on the flow's connection, opening one if the flow names none; false if there is no such way.
    pub(super) fn queue(&mut self, flow: Flow, bytes: Bytes, told: &mut Vec<Received>, counts: &mut Counts) -> bool {
        let id = match flow.connection {
            0 => self.between.get(&ends(&flow)).copied().or_else(|| self.open(flow, counts)),
            named => Some(named),
        };
        let Some(connection) = id.and_then(|id| self.connections.get(&id)) else {
            return false;
        };
        if connection.queue(bytes, self.limits.queue) {
            counts.messages_out += 1;
        } else {
            let flow = connection.flow;
            self.forget(flow, counts);
            told.push(Received::Closed { flow, why: Why::Stuck });
        }
        true
    }

    /// Takes what the connections told and whoever connects; registers the waker where there is nothing. True if there may be more.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, out: &mut Vec<Received>, counts: &mut Counts) -> bool {
        let mut turns = 0;
        for index in 0..self.ports.len() {
            while turns < TURN
                && let Some(accepted) = self.ports.get_mut(index).and_then(|p| p.poll_accept(cx))
            {
                turns += 1;
                self.accept(accepted, out, counts);
            }
        }
        while turns < TURN
            && let Poll::Ready(Some(told)) = self.told.poll_recv(cx)
        {
            turns += 1;
            self.hear(told, out, counts);
        }
        turns == TURN
    }

    fn hear(&mut self, told: Told, out: &mut Vec<Received>, counts: &mut Counts) {
        // One that was forgotten here may still have told something: its end was already reported.
        let Some(flow) = self.connections.get(&told.connection).map(|c| c.flow) else {
            return;
        };
        match told.event {
            Event::Opened(names) => out.push(Received::Opened { flow, names }),
            Event::Message(bytes) => {
                counts.messages_in += 1;
                out.push(Received::Message { flow, bytes });
            }
            Event::Closed(why) => {
                debug!(?flow, ?why, "connection ended");
                self.forget(flow, counts);
                out.push(Received::Closed { flow, why });
            }
        }
    }

    fn accept(
        &mut self,
        Accepted { transport, stream, local, peer }: Accepted,
        out: &mut Vec<Received>,
        counts: &mut Counts,
    ) {
        let from_there = || self.connections.values().filter(|c| c.accepted && c.flow.peer.ip() == peer.ip()).count();
        if self.connections.len() >= self.limits.connections || from_there() >= self.limits.per_source {
            counts.refused += 1;
            debug!(%peer, "too many connections");
            return;
        }
        let Some(flow) = self.name(transport, local, peer) else {
            return;
        };
        let tell = self.tell(flow);
        let connection = match (transport, &self.tls) {
            (Transport::Tls, Some(tls)) => {
                let stream = stream.into_std().ok().filter(|_| tls.shared().may_begin(peer.ip()));
                let Some(stream) = stream else {
                    counts.refused += 1;
                    return;
                };
                // It stands, and is told of, once the handshake is done.
                Connection::accepted_tls((tls.runtime(), tls.shared()), flow, stream, self.limits, tell)
            }
            _ => {
                out.push(Received::Opened { flow, names: Arc::default() });
                Connection::accepted(flow, stream, self.limits, tell)
            }
        };
        counts.accepted += 1;
        self.insert(connection);
    }

    fn open(&mut self, asked: Flow, counts: &mut Counts) -> Option<u32> {
        let port = self.ports.iter().find(|p| (p.transport, p.name) == (asked.transport, asked.local))?;
        let source = port.source;
        if self.connections.len() >= self.limits.connections || source.is_ipv4() != asked.peer.is_ipv4() {
            return None;
        }
        let flow = self.name(asked.transport, asked.local, asked.peer)?;
        counts.opened += 1;
        let tell = self.tell(flow);
        let connection = match (asked.transport, &self.tls) {
            (Transport::Tls, Some(tls)) => {
                Connection::opening_tls((tls.runtime(), tls.shared()), flow, source, self.limits, tell)
            }
            _ => Connection::opening(flow, source, self.limits, tell),
        };
        self.insert(connection);
        Some(flow.connection)
    }

    /// A flow with a number that was not used before.
    fn name(&mut self, transport: Transport, local: SocketAddr, peer: SocketAddr) -> Option<Flow> {
        self.last = self.last.checked_add(1)?;
        Some(Flow { transport, local, peer, connection: self.last })
    }

    fn tell(&self, flow: Flow) -> Tell {
        Tell { connection: flow.connection, to: self.tell.clone() }
    }

    fn insert(&mut self, connection: Connection) {
        let flow = connection.flow;
        self.between.insert(ends(&flow), flow.connection);
        self.connections.insert(flow.connection, connection);
    }

    fn forget(&mut self, flow: Flow, counts: &mut Counts) {
        counts.closed += 1;
        self.connections.remove(&flow.connection);
        let ends = ends(&flow);
        if self.between.get(&ends) == Some(&flow.connection) {
            self.between.remove(&ends);
        }
    }
}

/// What a connection is found by when none is named.
fn ends(flow: &Flow) -> (Transport, SocketAddr, SocketAddr) {
    (flow.transport, flow.local, flow.peer)
}

struct Accepted {
    transport: Transport,
    stream: TcpStream,
    local: SocketAddr,
    peer: SocketAddr,
}

impl Port {
    fn bind(listen: &Listen) -> io::Result<Self> {
        let socket = socket_for(listen.address.ip())?;
        // After a restart the old connections' TIME_WAIT must not keep the port.
        socket.set_reuseaddr(true)?;
        socket.bind(listen.address)?;
        let listener = socket.listen(1024)?;
        let bound = listener.local_addr()?;
        let source = SocketAddr::new(bound.ip(), 0);
        Ok(Self { transport: listen.transport, listener, name: listen.name_with(bound.port()), source, rest: None })
    }

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Option<Accepted> {
        loop {
            if let Some(rest) = &mut self.rest {
                if rest.as_mut().poll(cx).is_pending() {
                    return None;
                }
                self.rest = None;
            }
            match self.listener.poll_accept(cx) {
                Poll::Pending => return None,
                Poll::Ready(Ok((stream, peer))) => {
                    return Some(Accepted { transport: self.transport, stream, local: self.name, peer });
                }
                Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Poll::Ready(Err(error)) => {
                    warn!(local = %self.name, %error, "cannot accept for now");
                    self.rest = Some(Box::pin(tokio::time::sleep(REST)));
                }
            }
        }
    }
}
