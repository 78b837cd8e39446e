//! The port of all browsers: one socket for the whole process, read by the first media thread, written by all.
//!
//! A check names the leg that it is for in its user name ([`PortId::name`]); whatever else comes is the leg's that has believed its address. What
//! belongs to a leg of another thread is handed to that thread's [`Inbox`], a wake-up for as many as have come at once.

use super::settings::Browsers;
use crate::browser::Kind;
use crate::browser::stun::Check;
use crate::patch::PortId;
use dashmap::DashMap;
use rustix::event::epoll;
use rustix::fd::OwnedFd;
use rustix::io::{Errno, Result};
use rustix::net::{self, AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

/// What the kernel keeps of it, bytes: browsers that all speak while a thread is held up.
const BUFFER: usize = 4 << 20;
/// Datagrams that may wait for a thread; more are dropped.
const WAITING: usize = 1_024;
/// Expedited forwarding, as voice is marked (RFC 4594 §4.1).
const EXPEDITED: u8 = 0xB8;

/// The socket, and who is where.
#[derive(Debug)]
pub struct Door {
    socket: OwnedFd,
    /// Whose media comes from an address.
    routes: DashMap<SocketAddr, PortId, foldhash::fast::RandomState>,
    /// What has come for each thread.
    inboxes: Vec<Inbox>,
}

/// Datagrams for one thread, one behind the other: of which port, where from, how long.
#[derive(Debug, Default)]
pub struct Post {
    list: Vec<(u32, SocketAddr, usize)>,
    bytes: Vec<u8>,
}

/// Where others leave datagrams for a thread.
#[derive(Debug, Default)]
struct Inbox(Mutex<Post>);

impl Door {
    /// Opens the socket.
    ///
    /// # Errors
    /// As the system says it.
    pub fn open(browsers: &Browsers, threads: u8) -> Result<Self> {
        let at = browsers.at;
        let family = if at.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket = net::socket_with(family, SocketType::DGRAM, flags, None)?;
        // What the system does not grant is no reason to have no port.
        let _ = net::sockopt::set_socket_recv_buffer_size(&socket, BUFFER);
        if at.is_ipv4() {
            let _ = net::sockopt::set_ip_tos(&socket, EXPEDITED);
        } else {
            net::sockopt::set_ipv6_v6only(&socket, true)?;
            let _ = net::sockopt::set_ipv6_tclass(&socket, u32::from(EXPEDITED));
        }
        net::bind(&socket, &at)?;
        let inboxes = (0..threads).map(|_| Inbox::default()).collect();
        Ok(Self { socket, routes: DashMap::default(), inboxes })
    }

    /// Has the socket wake whoever waits on this instance.
    ///
    /// # Errors
    /// As the system says it.
    pub fn wakes(&self, epoll: &OwnedFd, number: u64) -> Result<()> {
        epoll::add(epoll, &self.socket, epoll::EventData::new_u64(number), epoll::EventFlags::IN)
    }

    /// Takes one datagram; `None`: there is none.
    pub fn receive(&self, buffer: &mut [u8]) -> Option<(usize, SocketAddr)> {
        loop {
            match net::recvfrom(&self.socket, &mut *buffer, RecvFlags::DONTWAIT) {
                Ok((length, _, from)) => return Some((length, SocketAddr::try_from(from?).ok()?)),
                // An earlier datagram found nobody.
                Err(Errno::CONNREFUSED | Errno::INTR) => {}
                Err(_) => return None,
            }
        }
    }

    /// Sends one; false if the system did not take it.
    pub fn send(&self, to: SocketAddr, datagram: &[u8]) -> bool {
        let send = || net::sendto(&self.socket, datagram, SendFlags::DONTWAIT, &to);
        let sent = match send() {
            Err(Errno::CONNREFUSED) => send(),
            other => other,
        };
        matches!(sent, Ok(_) | Err(Errno::CONNREFUSED))
    }

    /// Which leg a datagram is for.
    #[must_use]
    pub fn whose(&self, from: SocketAddr, datagram: &[u8]) -> Option<PortId> {
        match Kind::of(datagram) {
            Kind::Stun => PortId::named(Check::read(datagram)?.user()),
            Kind::Dtls | Kind::Media { .. } => self.routes.get(&from).map(|port| *port),
            Kind::Other => None,
        }
    }

    /// What comes from there is for this leg, or is no longer.
    pub fn route(&self, from: SocketAddr, port: PortId, on: bool) {
        if on {
            self.routes.insert(from, port);
        } else {
            // It may be another leg's by now.
            self.routes.remove_if(&from, |_, there| *there == port);
        }
    }

    /// Leaves a datagram for another thread; true if that thread has to be told.
    pub fn leave(&self, port: PortId, from: SocketAddr, datagram: &[u8]) -> bool {
        let Some(Inbox(post)) = self.inboxes.get(usize::from(port.thread)) else { return false };
        let mut post = post.lock().unwrap_or_else(PoisonError::into_inner);
        if post.list.len() >= WAITING {
            return false;
        }
        post.list.push((port.index, from, datagram.len()));
        post.bytes.extend_from_slice(datagram);
        post.list.len() == 1
    }

    /// Takes what has been left for a thread, in exchange for an empty room.
    pub fn collect(&self, thread: u8, room: &mut Post) {
        if let Some(Inbox(post)) = self.inboxes.get(usize::from(thread)) {
            let mut post = post.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::swap(&mut *post, room);
        }
    }
}

impl Post {
    /// Hands out each datagram, to be changed in place, and is empty again.
    pub fn each(&mut self, mut hand: impl FnMut(u32, SocketAddr, &mut [u8])) {
        let mut rest = &mut self.bytes[..];
        for (port, from, length) in self.list.drain(..) {
            let (datagram, after) = rest.split_at_mut(length.min(rest.len()));
            hand(port, from, datagram);
            rest = after;
        }
        self.bytes.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_for_a_thread_is_bounded_and_told_once() {
        let browsers =
            Browsers { at: "127.0.0.1:0".parse().unwrap(), identity: crate::browser::Identity::new().unwrap().into() };
        let door = Door::open(&browsers, 2).unwrap();
        let (port, from) = (PortId { thread: 1, index: 7 }, "127.0.0.1:9".parse().unwrap());
        assert!(door.leave(port, from, b"one") && !door.leave(port, from, b"three"));
        for _ in 0..2 * WAITING {
            door.leave(port, from, b"more");
        }
        let (mut room, mut all) = (Post::default(), Vec::new());
        door.collect(1, &mut room);
        room.each(|port, _, datagram| all.push((port, datagram.to_vec())));
        assert_eq!((all.len(), &all[0], &all[1]), (WAITING, &(7, b"one".to_vec()), &(7, b"three".to_vec())));
        assert!(door.leave(port, from, b"again"), "it sleeps again");
        assert!(!door.leave(PortId { thread: 9, index: 0 }, from, b"nobody"));
    }
}
