//! UDP: each socket read and written in batches of 32, bounded queues behind full ones.

use super::batch::{self, Datagram, Slots};
use super::{Counts, Error, Flow, Listen, Received, Settings, Transport};
use crate::clock::machine_wall;
use bytes::Bytes;
use rustix::net::sockopt;
use socket2::{Domain, Protocol, Socket, Type};
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::task::{Context, Poll};
use tokio::io::Interest;
use tokio::net::UdpSocket;
use tracing::{debug, warn};

/// Longest datagram, bytes: all that UDP can carry but for IPv6 jumbograms.
const LONGEST: usize = 65_535;
/// Batches read from one socket before the others have their turn.
const TURN: usize = 8;

/// All UDP sockets.
pub(super) struct Udp {
    ports: Vec<Port>,
    slots: Slots,
    limit: usize,
    /// The longest that a datagram has waited to be read since the last [`Udp::waited`], µs.
    waited: u64,
}

struct Port {
    socket: UdpSocket,
    /// What the socket is known by: `Flow::local`.
    name: SocketAddr,
    queue: VecDeque<(Bytes, SocketAddr)>,
    /// The socket was full at the last try: wait until the kernel says it is not.
    full: bool,
}

impl Udp {
    pub(super) fn bind(settings: &Settings) -> Result<Self, Error> {
        let listens = settings.listen.iter().filter(|l| l.transport == Transport::Udp);
        let ports = listens
            .map(|l| Port::bind(l, settings.udp_buffer).map_err(|e| Error::from_io(*l, e)))
            .collect::<Result<_, _>>()?;
        Ok(Self { ports, slots: Slots::stamped(LONGEST), limit: settings.udp_queue, waited: 0 })
    }

    pub(super) fn locals(&self) -> impl Iterator<Item = SocketAddr> {
        self.ports.iter().map(|p| p.name)
    }

    /// The longest that a datagram has waited in the kernel since the last time, µs.
    pub(super) fn waited(&mut self) -> u64 {
        std::mem::take(&mut self.waited)
    }

    /// Queues one datagram; false if no socket has the flow's local address, or it cannot carry the peer's family.
    pub(super) fn queue(&mut self, flow: Flow, bytes: Bytes, counts: &mut Counts) -> bool {
        let Some(port) = self.ports.iter_mut().find(|p| p.name == flow.local) else {
            return false;
        };
        if port.queue.len() >= self.limit {
            counts.overfull += 1;
        } else {
            port.queue.push_back((bytes, flow.peer));
        }
        true
    }

    pub(super) fn flush(&mut self, told: &mut Vec<Received>, counts: &mut Counts) {
        for port in &mut self.ports {
            port.flush(told, counts);
        }
    }

    /// Receives, and sends what waited for room; registers the waker where there is nothing. True if there may be more.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        out: &mut Vec<Received>,
        told: &mut Vec<Received>,
        counts: &mut Counts,
    ) -> bool {
        let mut more = false;
        for port in &mut self.ports {
            while port.full && port.socket.poll_send_ready(cx).is_ready() {
                port.full = false;
                port.flush(told, counts);
            }
            more |= port.receive(cx, &mut self.slots, &mut self.waited, out, counts);
        }
        more
    }
}

impl Port {
    fn bind(listen: &Listen, buffer: usize) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(listen.address), Type::DGRAM.nonblocking(), Some(Protocol::UDP))?;
        if listen.address.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        socket.bind(&listen.address.into())?;
        // A burst of a city's phones must wait here, not be lost. With CAP_NET_ADMIN beyond the machine's limit, else up to
        // it; less than asked for is not an error.
        if sockopt::set_socket_recv_buffer_size_force(&socket, buffer).is_err() {
            let _ = socket.set_recv_buffer_size(buffer);
        }
        if sockopt::set_socket_send_buffer_size_force(&socket, buffer).is_err() {
            let _ = socket.set_send_buffer_size(buffer);
        }
        // Linux reports twice what is usable (socket(7)).
        let granted = socket.recv_buffer_size().unwrap_or(0) / 2;
        if granted < buffer {
            warn!(%listen, wanted = buffer, granted, "small UDP buffer: raise net.core.rmem_max and wmem_max");
        }
        // Without stamps nothing is known of the waiting, and nothing is refused for it.
        let _ = batch::stamp(socket.as_fd());
        let socket = UdpSocket::from_std(socket.into())?;
        let name = listen.name_with(socket.local_addr()?.port());
        Ok(Self { socket, name, queue: VecDeque::new(), full: false })
    }

    fn receive(
        &mut self,
        cx: &mut Context<'_>,
        slots: &mut Slots,
        waited: &mut u64,
        out: &mut Vec<Received>,
        counts: &mut Counts,
    ) -> bool {
        let local = self.name;
        for _ in 0..TURN {
            match self.socket.poll_recv_ready(cx) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(_)) | Poll::Pending => return false,
            }
            // A batch that is not full has emptied the socket, and the next datagram raises a new edge: saying `WouldBlock`
            // here spares the system call that would only learn that.
            let done = self.socket.try_io(Interest::READABLE, || {
                let mut oldest = None;
                let got = batch::receive(self.socket.as_fd(), slots, |d| {
                    oldest = oldest.or(d.stamp);
                    take(d, local, out, counts);
                })?;
                if let Some(stamp) = oldest {
                    // A wall clock may be set: what lies in the future has not waited.
                    *waited = (*waited).max(u64::try_from(machine_wall() - stamp).unwrap_or(0));
                }
                counts.batches_in += 1;
                if got < batch::BATCH { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(()) }
            });
            match done {
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => {
                    debug!(%local, %error, "receiving")
                }
                _ => {}
            }
        }
        true
    }

    fn flush(&mut self, told: &mut Vec<Received>, counts: &mut Counts) {
        while !self.full && !self.queue.is_empty() {
            let queue = self.queue.iter().map(|(bytes, to)| (&bytes[..], *to));
            match batch::send(self.socket.as_fd(), queue) {
                Ok(count) => {
                    self.queue.drain(..count.min(self.queue.len()));
                    counts.batches_out += 1;
                    counts.datagrams_out += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.full = true;
                    // Told so, tokio waits for the next edge; without it `poll_send_ready` would say yes at once.
                    let full = || Err::<(), _>(io::ErrorKind::WouldBlock.into());
                    let _ = self.socket.try_io(Interest::WRITABLE, full);
                }
                Err(error) => {
                    let Some((_, peer)) = self.queue.pop_front() else {
                        return;
                    };
                    counts.unsent += 1;
                    let flow = Flow { transport: Transport::Udp, local: self.name, peer, connection: 0 };
                    debug!(?flow, %error, "not sent");
                    told.push(Received::Unsent { flow });
                }
            }
        }
    }
}

fn take(datagram: Datagram<'_>, local: SocketAddr, out: &mut Vec<Received>, counts: &mut Counts) {
    if datagram.truncated {
        counts.truncated += 1;
    } else if datagram.bytes.iter().all(|b| matches!(b, b'\r' | b'\n' | b' ' | 0)) {
        counts.keepalives += 1;
    } else {
        counts.datagrams_in += 1;
        let flow = Flow { transport: Transport::Udp, local, peer: datagram.from, connection: 0 };
        // At its own length, not out of a shared block: one kept request must not keep its neighbours in memory.
        out.push(Received::Datagram { flow, bytes: Bytes::copy_from_slice(datagram.bytes) });
    }
}
