//! TCP, TLS and WebSockets: listeners, the table of connections, reuse by flow (RFC 5923 for TLS: a peer is reached by the connection it has made).
//!
//! Each connection is one task (`connection`) that frames, keeps time and tells by one bounded channel; a full channel
//! stops the readers, and TCP itself then slows the other side.

use super::aside::Aside;
use super::certificate::Mistake;
use super::connection::{Connection, socket_for};
use super::secured::{self, Secured};
use super::tls::{self, Shared};
use super::told::{Event, Tell, Told};
use super::websocket::{Entrance, Guest};
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
    tls: Option<Arc<Shared>>,
    origins: Arc<[String]>,
    /// The address of the web listener, and who comes from it.
    web: Option<SocketAddr>,
    secured: Option<Secured>,
    entrance: Entrance,
    guests: mpsc::Receiver<Guest>,
    last: u32,
    tell: mpsc::Sender<Told>,
    told: mpsc::Receiver<Told>,
    /// There where an address is for TLS or WebSockets. Behind the connections: they say good-bye before it ends.
    aside: Option<Aside>,
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
        let any = |fits: fn(Transport) -> bool| settings.listen.iter().any(|l| fits(l.transport));
        let no_thread = |e: io::Error| Mistake { file: "[sip] listen".into(), why: e.to_string() };
        let needed = any(|t| t.is_secret() || t.is_web()) || settings.web.is_some();
        let aside = needed.then(|| Aside::start("connections")).transpose().map_err(no_thread)?;
        let secure = aside.as_ref().filter(|_| any(Transport::is_secret));
        let (tell, told) = mpsc::channel(WAITING);
        let start = |aside: &Aside, settings, most| Shared::start((settings, most), aside.runtime(), tell.clone());
        let tls = secure.map(|aside| start(aside, &settings.tls, tls::HANDSHAKES)).transpose()?;
        let web = aside.as_ref().zip(settings.web_tls.as_ref());
        let secured = web.map(|(aside, tls)| start(aside, tls, secured::HANDSHAKES)).transpose()?.map(Secured::new);
        let (entrance, guests) = Entrance::new(&settings.origins);
        Ok(Self {
            ports,
            limits: settings.tcp,
            connections: HashMap::new(),
            between: HashMap::new(),
            tls,
            origins: settings.origins.as_slice().into(),
            web: settings.web,
            secured,
            entrance,
            guests,
            last: 0,
            tell,
            told,
            aside,
        })
    }

    pub(super) fn locals(&self) -> impl Iterator<Item = (Transport, SocketAddr)> {
        self.ports.iter().map(|p| (p.transport, p.name)).chain(self.web.map(|at| (self.web_transport(), at)))
    }

    /// How telephones in pages come.
    fn web_transport(&self) -> Transport {
        if self.secured.is_some() { Transport::Wss } else { Transport::Ws }
    }

    /// What the web listener's connections are encrypted by.
    pub(super) fn secured(&self) -> Option<&Secured> {
        self.secured.as_ref()
    }

    /// The way in for those whose WebSocket the web listener has opened.
    pub(super) fn entrance(&self) -> &Entrance {
        &self.entrance
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
            && let Poll::Ready(Some(guest)) = self.guests.poll_recv(cx)
        {
            turns += 1;
            self.welcome(guest, counts);
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
        let flow = self.connections.get(&told.connection).map(|c| c.flow);
        let (event, flow) = match (told.event, flow) {
            (Event::Certificates(text), _) => return out.push(Received::Certificates(text)),
            // One that was forgotten here may still have told something: its end was already reported.
            (_, None) => return,
            (event, Some(flow)) => (event, flow),
        };
        match event {
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
            // Of no connection: told above.
            Event::Certificates(_) => {}
        }
    }

    fn accept(
        &mut self,
        Accepted { transport, stream, local, peer }: Accepted,
        out: &mut Vec<Received>,
        counts: &mut Counts,
    ) {
        if !self.has_room(peer, counts) {
            return;
        }
        let Some(flow) = self.name(transport, local, peer) else {
            return;
        };
        let tell = self.tell(flow);
        let connection = match &self.aside {
            Some(aside) if transport != Transport::Tcp => {
                let tls = self.tls.clone().filter(|_| transport.is_secret());
                let may = tls.as_ref().is_none_or(|tls| tls.may_begin(peer.ip()));
                let Some(stream) = stream.into_std().ok().filter(|_| may) else {
                    counts.refused += 1;
                    return;
                };
                // It stands, and is told of, once the handshake is done.
                match tls {
                    Some(tls) if transport == Transport::Tls => {
                        Connection::accepted_tls((aside.runtime(), tls), flow, stream, self.limits, tell)
                    }
                    tls => {
                        let bounds = (self.limits, Arc::clone(&self.origins));
                        Connection::accepted_ws((aside.runtime(), tls), flow, stream, bounds, tell)
                    }
                }
            }
            _ => {
                out.push(Received::Opened { flow, names: Arc::default() });
                Connection::accepted(flow, stream, self.limits, tell)
            }
        };
        counts.accepted += 1;
        self.insert(connection);
    }

    /// A WebSocket that the web listener has opened.
    fn welcome(&mut self, guest: Guest, counts: &mut Counts) {
        if !self.has_room(guest.peer, counts) {
            return;
        }
        let Some(flow) = self.name(self.web_transport(), guest.local, guest.peer) else { return };
        let tell = self.tell(flow);
        let Some(aside) = &self.aside else { return };
        let connection = Connection::guest(aside.runtime(), flow, guest, self.limits, tell);
        counts.accepted += 1;
        self.insert(connection);
    }

    fn has_room(&self, peer: SocketAddr, counts: &mut Counts) -> bool {
        let from_there = || self.connections.values().filter(|c| c.accepted && c.flow.peer.ip() == peer.ip()).count();
        let room = self.connections.len() < self.limits.connections && from_there() < self.limits.per_source;
        if !room {
            counts.refused += 1;
            debug!(%peer, "too many connections");
        }
        room
    }

    fn open(&mut self, asked: Flow, counts: &mut Counts) -> Option<u32> {
        if asked.transport.is_web() {
            return None; // a browser opens, and is never opened to
        }
        let port = self.ports.iter().find(|p| (p.transport, p.name) == (asked.transport, asked.local))?;
        let source = port.source;
        if self.connections.len() >= self.limits.connections || source.is_ipv4() != asked.peer.is_ipv4() {
            return None;
        }
        let flow = self.name(asked.transport, asked.local, asked.peer)?;
        counts.opened += 1;
        let tell = self.tell(flow);
        let connection = match (asked.transport, &self.tls, &self.aside) {
            (Transport::Tls, Some(tls), Some(aside)) => {
                Connection::opening_tls((aside.runtime(), Arc::clone(tls)), flow, source, self.limits, tell)
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
