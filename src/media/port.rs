//! Sockets of one media thread: pairs bound ahead, and the engine's packets on their way out.

use super::door::Door;
use super::outlet::Outlet;
use super::recorder::Tap;
use crate::patch::{Epoch, Packet, PortId, Take};
use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};
use rustix::event::epoll;
use rustix::fd::{AsRawFd, OwnedFd};
use rustix::io::{Errno, Result};
use rustix::net::{self, AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};
use rustix::process::{Resource, getrlimit};
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::Arc;

/// Expedited forwarding (RFC 3246), as voice is marked (RFC 4594 §4.1).
const EXPEDITED: u8 = 0xB8;

/// Descriptors that are left to files and connections, however many ports are wanted: without them no record, journal or
/// recording could be written. A quarter of all where there are few.
const LEFT: u64 = 512;

/// A port: its RTP socket and the RTCP socket beside it.
#[derive(Debug)]
struct Port {
    rtp: OwnedFd,
    rtcp: OwnedFd,
    connected: bool,
    /// Its RTP is looked for once a slot instead of on arrival.
    aside: bool,
}

/// All ports of one thread, and the part of the range that is not bound yet.
#[derive(Debug)]
pub struct Ports {
    address: IpAddr,
    epoll: OwnedFd,
    /// The highest descriptor that may be a port's; the system gives the lowest that is free.
    highest: i32,
    /// The RTP sockets set aside, and whose they are.
    slow: OwnedFd,
    aside: Vec<u32>,
    bound: Vec<Port>,
    /// RTP ports of the range that have not been tried, in the order in which they will not be: the last is next.
    rest: Vec<u16>,
    /// Packets of a tick that wait for its end, one behind the other: of which port, where to, how long.
    held: Vec<(u32, SocketAddr, usize)>,
    holding: bool,
    bytes: Vec<u8>,
    /// Packets that the system did not take.
    pub dropped: u64,
    /// Packets of legs that are watched, to be told.
    pub seen: Vec<(u32, Epoch, Packet)>,
    /// To the recorder.
    pub tap: Option<Tap>,
    /// The port of all browsers, and which thread this is.
    pub door: Option<(Arc<Door>, u8)>,
}

/// A place of the packets that wait: they go by the port of all browsers.
const BY_DOOR: u32 = u32::MAX;

/// Which socket is ready, as epoll's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ready {
    /// RTP of a port.
    Rtp(u32),
    /// RTCP of a port.
    Rtcp(u32),
    /// The port of all browsers.
    Door,
    /// Someone woke the thread.
    Wake,
}

impl Ready {
    /// As epoll's number.
    #[must_use]
    pub fn number(self) -> u64 {
        match self {
            Self::Rtp(port) => u64::from(port) << 1,
            Self::Rtcp(port) => (u64::from(port) << 1) | 1,
            Self::Door => u64::MAX - 1,
            Self::Wake => u64::MAX,
        }
    }

    /// From epoll's number.
    #[must_use]
    pub fn of(number: u64) -> Self {
        match number {
            u64::MAX => Self::Wake,
            n if n == u64::MAX - 1 => Self::Door,
            n if n & 1 == 0 => Self::Rtp((n >> 1) as u32),
            n => Self::Rtcp((n >> 1) as u32),
        }
    }
}

impl Ports {
    /// No port yet; those of `range` may be bound, in an order that `seed` draws: whoever knows some of the ports in use
    /// cannot tell the others.
    ///
    /// # Errors
    /// No more descriptors.
    pub fn new(address: IpAddr, range: RangeInclusive<u16>, seed: u64) -> Result<Self> {
        let create = || epoll::create(epoll::CreateFlags::CLOEXEC);
        let (epoll, slow) = (create()?, create()?);
        let limit = getrlimit(Resource::Nofile).current;
        let highest = limit.map_or(i32::MAX, |n| i32::try_from(n - LEFT.min(n / 4)).unwrap_or(i32::MAX));
        Ok(Self {
            address,
            epoll,
            highest,
            slow,
            aside: Vec::new(),
            bound: Vec::new(),
            rest: shuffled(range, seed),
            held: Vec::new(),
            holding: false,
            bytes: Vec::new(),
            dropped: 0,
            seen: Vec::new(),
            tap: None,
            door: None,
        })
    }

    /// Binds the next pair of the range that is free: its index and RTP address. Ports in use are stepped over.
    ///
    /// # Errors
    /// `ADDRINUSE` when the range is at its end; anything else as the system says it (`MFILE`: no descriptors left).
    pub fn bind(&mut self) -> Result<(u32, SocketAddr)> {
        loop {
            let port = *self.rest.last().ok_or(Errno::ADDRINUSE)?;
            let pair = socket(self.address, port).and_then(|rtp| Ok((rtp, socket(self.address, port + 1)?)));
            let spared = |(rtp, rtcp): (OwnedFd, OwnedFd)| match rtcp.as_raw_fd().max(rtp.as_raw_fd()) > self.highest {
                true => Err(Errno::MFILE),
                false => Ok((rtp, rtcp)),
            };
            let pair = pair.and_then(spared);
            if !matches!(pair, Err(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM)) {
                self.rest.pop();
            }
            match pair {
                Ok((rtp, rtcp)) => return self.add(rtp, rtcp, port),
                Err(Errno::ADDRINUSE | Errno::ACCESS) => {}
                Err(other) => return Err(other),
            }
        }
    }

    fn add(&mut self, rtp: OwnedFd, rtcp: OwnedFd, port: u16) -> Result<(u32, SocketAddr)> {
        let index = self.bound.len() as u32;
        for (socket, ready) in [(&rtp, Ready::Rtp(index)), (&rtcp, Ready::Rtcp(index))] {
            let data = epoll::EventData::new_u64(ready.number());
            epoll::add(&self.epoll, socket, data, epoll::EventFlags::IN)?;
        }
        self.bound.push(Port { rtp, rtcp, connected: false, aside: false });
        Ok((index, SocketAddr::new(self.address, port)))
    }

    /// The epoll instance of all sockets that wake the thread: every one that is not set aside.
    #[must_use]
    pub fn epoll(&self) -> &OwnedFd {
        &self.epoll
    }

    /// The epoll instance of the sockets set aside: to be asked, not to be waited for.
    #[must_use]
    pub fn slow(&self) -> &OwnedFd {
        &self.slow
    }

    /// How many ports are set aside.
    #[must_use]
    pub fn aside(&self) -> usize {
        self.aside.len()
    }

    /// From now on RTP of this port wakes nobody: [`Ports::slow`] is asked for it.
    pub fn set_aside(&mut self, index: u32) {
        let Some(port) = self.bound.get_mut(index as usize).filter(|p| !p.aside) else {
            return;
        };
        if change(&self.epoll, &self.slow, &port.rtp, index) {
            port.aside = true;
            self.aside.push(index);
        }
    }

    /// RTP of the ports set aside wakes the thread again, but for those that `stays`. What has come to them meanwhile is
    /// ready at once.
    pub fn call_back(&mut self, stays: impl Fn(u32) -> bool) {
        let Self { aside, bound, epoll, slow, .. } = self;
        aside.retain(|index| {
            let port = bound.get_mut(*index as usize).filter(|_| !stays(*index));
            if let Some(port) = port
                && change(slow, epoll, &port.rtp, *index)
            {
                port.aside = false;
            }
            bound.get(*index as usize).is_some_and(|p| p.aside)
        });
    }

    /// Until [`Ports::release`] RTP is kept instead of sent: a system call between two legs' sound costs each of them what the
    /// processor had at hand of the other.
    pub fn hold(&mut self) {
        self.holding = true;
    }

    /// Sends what was kept.
    pub fn release(&mut self) {
        self.holding = false;
        let (mut held, mut bytes) = (std::mem::take(&mut self.held), std::mem::take(&mut self.bytes));
        let mut rest = &bytes[..];
        for (port, to, length) in held.drain(..) {
            let (packet, after) = rest.split_at(length.min(rest.len()));
            match port {
                BY_DOOR => self.by_door(to, packet),
                port => self.send(port, to, packet),
            }
            rest = after;
        }
        bytes.clear();
        (self.held, self.bytes) = (held, bytes);
    }

    fn by_door(&mut self, to: SocketAddr, datagram: &[u8]) {
        let sent = self.door.as_ref().is_some_and(|(door, _)| door.send(to, datagram));
        self.dropped += u64::from(!sent);
    }

    fn send(&mut self, port: u32, to: SocketAddr, packet: &[u8]) {
        let Some(port) = self.bound.get(port as usize) else {
            return;
        };
        let send = || match port.connected {
            true => net::send(&port.rtp, packet, SendFlags::DONTWAIT),
            false => net::sendto(&port.rtp, packet, SendFlags::DONTWAIT, &to),
        };
        // "Refused" is the answer to an earlier packet and was told instead of sending this one.
        let sent = match send() {
            Err(Errno::CONNREFUSED) => send(),
            other => other,
        };
        self.dropped += u64::from(!matches!(sent, Ok(_) | Err(Errno::CONNREFUSED)));
    }

    /// Takes one datagram from a socket. `None`: nothing there, or only word that an earlier packet found no one.
    pub fn receive(&self, ready: Ready, buffer: &mut [u8]) -> Option<(usize, SocketAddr)> {
        let socket = match ready {
            Ready::Rtp(port) => &self.bound.get(port as usize)?.rtp,
            Ready::Rtcp(port) => &self.bound.get(port as usize)?.rtcp,
            Ready::Door | Ready::Wake => return None,
        };
        let (length, _, from) = net::recvfrom(socket, buffer, RecvFlags::DONTWAIT).ok()?;
        Some((length, SocketAddr::try_from(from?).ok()?))
    }
}

impl Outlet for Ports {
    fn rtp(&mut self, port: u32, to: SocketAddr, packet: &[u8]) {
        if self.holding {
            self.held.push((port, to, packet.len()));
            self.bytes.extend_from_slice(packet);
        } else {
            self.send(port, to, packet);
        }
    }

    fn rtcp(&mut self, port: u32, to: SocketAddr, packet: &[u8]) {
        let Some(port) = self.bound.get(port as usize) else {
            return;
        };
        let sent = net::sendto(&port.rtcp, packet, SendFlags::DONTWAIT, &to);
        self.dropped += u64::from(!matches!(sent, Ok(_) | Err(Errno::CONNREFUSED)));
    }

    fn connect(&mut self, port: u32, peer: Option<SocketAddr>) {
        let Some(port) = self.bound.get_mut(port as usize) else {
            return;
        };
        port.connected = match peer {
            Some(peer) => net::connect(&port.rtp, &peer).is_ok(),
            None => {
                // Fails only on a socket that is not connected, which is what is wanted.
                let _ = net::connect_unspec(&port.rtp);
                false
            }
        };
    }

    fn web(&mut self, to: SocketAddr, datagram: &[u8]) {
        if self.holding {
            self.held.push((BY_DOOR, to, datagram.len()));
            self.bytes.extend_from_slice(datagram);
        } else {
            self.by_door(to, datagram);
        }
    }

    fn route(&mut self, from: SocketAddr, port: u32, on: bool) {
        if let Some((door, thread)) = &self.door {
            door.route(from, PortId { thread: *thread, index: port }, on);
        }
    }

    fn seen(&mut self, port: u32, epoch: Epoch, packet: Packet) {
        self.seen.push((port, epoch, packet));
    }

    fn tape(&mut self, take: Take) -> bool {
        self.tap.as_mut().is_some_and(|tap| tap.put(take))
    }
}

/// The RTP ports of a range that have one for RTCP beside them, shuffled (Fisher and Yates).
fn shuffled(range: RangeInclusive<u16>, seed: u64) -> Vec<u16> {
    let last = *range.end();
    let mut ports: Vec<u16> = range.step_by(2).filter(|port| *port < last).collect();
    // A stream of its own: of the engine's the far sides see some, as CNAMEs.
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(1);
    for left in (1..ports.len()).rev() {
        let drawn = (u64::from(random.next_u32()) * (left as u64 + 1)) >> 32;
        ports.swap(left, drawn as usize);
    }
    ports
}

/// Moves an RTP socket from one epoll instance to the other; false when the system has no room for it there.
fn change(from: &OwnedFd, to: &OwnedFd, socket: &OwnedFd, index: u32) -> bool {
    let data = epoll::EventData::new_u64(Ready::Rtp(index).number());
    // In the new one first: whatever fails, the socket is in one of them.
    let there = epoll::add(to, socket, data, epoll::EventFlags::IN).is_ok();
    if there {
        let _ = epoll::delete(from, socket);
    }
    there
}

fn socket(address: IpAddr, port: u16) -> Result<OwnedFd> {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = net::socket_with(family, SocketType::DGRAM, flags, None)?;
    // A mark that the system does not let us set is no reason to have no port.
    if address.is_ipv4() {
        let _ = net::sockopt::set_ip_tos(&socket, EXPEDITED);
    } else {
        net::sockopt::set_ipv6_v6only(&socket, true)?;
        let _ = net::sockopt::set_ipv6_tclass(&socket, u32::from(EXPEDITED));
    }
    net::bind(&socket, &SocketAddr::new(address, port))?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::UdpSocket;

    fn ports(address: IpAddr, range: RangeInclusive<u16>) -> Ports {
        Ports::new(address, range, 5).unwrap()
    }

    #[test]
    fn pairs_are_even_and_step_over_ports_in_use() {
        let address = IpAddr::from([127, 0, 0, 61]);
        let _rtp_in_use = UdpSocket::bind((address, 42_002)).unwrap();
        let _rtcp_in_use = UdpSocket::bind((address, 42_005)).unwrap();
        let mut ports = ports(address, 42_000..=42_007);
        let bound: Vec<_> = std::iter::from_fn(|| ports.bind().ok()).map(|(i, a)| (i, a.port())).collect();
        let mut numbers: Vec<u16> = bound.iter().map(|b| b.1).collect();
        numbers.sort_unstable();
        assert_eq!((bound[0].0, bound[1].0, numbers), (0, 1, vec![42_000, 42_006]));
        assert_eq!(ports.bind(), Err(Errno::ADDRINUSE));
    }

    #[test]
    fn the_range_is_bound_at_random_by_the_seed_whole_and_each_pair_once() {
        for range in [20_000..=39_999, 65_534..=65_535, 20_000..=20_001] {
            let drawn = shuffled(range.clone(), 1);
            assert_eq!(drawn, shuffled(range.clone(), 1), "a seed replays");
            let mut sorted = drawn.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, range.step_by(2).collect::<Vec<_>>());
            // In either direction: they are bound from the end.
            let next = drawn.windows(2).filter(|w| w[1].abs_diff(w[0]) == 2).count();
            assert!(next <= drawn.len() / 100, "{next} of {} stand beside the one before", drawn.len());
        }
        assert!(shuffled(20_000..=39_999, 1) != shuffled(20_000..=39_999, 2), "another seed, the same order");
    }

    #[test]
    fn the_last_descriptors_are_left_to_files() {
        let address = IpAddr::from([127, 0, 0, 72]);
        let mut ports = ports(address, 42_600..=42_603);
        assert!(ports.highest > 0 && ports.highest < i32::MAX);
        let (highest, lowest) = (ports.highest, ports.epoll.as_raw_fd());
        ports.highest = lowest;
        assert_eq!(ports.bind(), Err(Errno::MFILE));
        ports.highest = highest;
        assert_eq!((ports.bind().map(|p| p.0), ports.bind().map(|p| p.0)), (Ok(0), Ok(1)), "no port has been lost");
    }

    #[test]
    fn an_address_of_another_machine_is_an_error_and_not_a_loop() {
        let mut ports = ports(IpAddr::from([192, 0, 2, 1]), 42_100..=42_999);
        assert_eq!(ports.bind(), Err(Errno::ADDRNOTAVAIL));
    }

    #[test]
    fn a_connected_port_hears_its_peer_only_and_a_freed_one_everybody_again() {
        let address = IpAddr::from([127, 0, 0, 62]);
        let mut ports = ports(address, 42_200..=42_201);
        let (index, at) = ports.bind().unwrap();
        let (peer, stranger) = (UdpSocket::bind((address, 0)).unwrap(), UdpSocket::bind((address, 0)).unwrap());
        let mut buffer = [0; 64];
        let mut heard =
            |ports: &Ports| ports.receive(Ready::Rtp(index), &mut buffer).map(|(n, _)| buffer[..n].to_vec());
        ports.connect(index, Some(peer.local_addr().unwrap()));
        stranger.send_to(b"no", at).unwrap();
        peer.send_to(b"yes", at).unwrap();
        assert_eq!(heard(&ports), Some(b"yes".to_vec()));
        assert_eq!(heard(&ports), None);
        ports.connect(index, None);
        stranger.send_to(b"again", at).unwrap();
        assert_eq!(heard(&ports), Some(b"again".to_vec()));
    }

    /// Who is ready in an epoll instance, without waiting: over the loopback a datagram has come when it has been sent.
    fn ready(epoll: &OwnedFd) -> Vec<Ready> {
        let mut events: Vec<epoll::Event> = Vec::with_capacity(8);
        let at_once = rustix::event::Timespec::default();
        epoll::wait(epoll, rustix::buffer::spare_capacity(&mut events), Some(&at_once)).unwrap();
        let mut ready: Vec<_> = events.iter().map(|e| Ready::of(e.data.u64())).collect();
        ready.sort_by_key(|r| r.number());
        ready
    }

    #[test]
    fn a_port_set_aside_wakes_nobody_until_it_is_called_back_and_nothing_that_came_meanwhile_is_lost() {
        let address = IpAddr::from([127, 0, 0, 69]);
        let mut ports = ports(address, 42_300..=42_305);
        let at: Vec<SocketAddr> = (0..3).map(|_| ports.bind().unwrap().1).collect();
        let peer = UdpSocket::bind((address, 0)).unwrap();
        peer.send_to(b"before", at[0]).unwrap();
        peer.send_to(b"before", at[1]).unwrap();
        assert_eq!(ready(ports.epoll()), [Ready::Rtp(0), Ready::Rtp(1)]);
        // Twice is once, and a port that is not there is none.
        [0, 0, 2, 9].into_iter().for_each(|index| ports.set_aside(index));
        assert_eq!(ports.aside(), 2);
        peer.send_to(b"aside", at[2]).unwrap();
        assert_eq!(
            (ready(ports.epoll()), ready(ports.slow())),
            (vec![Ready::Rtp(1)], vec![Ready::Rtp(0), Ready::Rtp(2)])
        );
        let beside = SocketAddr::new(address, at[0].port() + 1);
        peer.send_to(b"report", beside).unwrap();
        assert_eq!(ready(ports.epoll()), [Ready::Rtcp(0), Ready::Rtp(1)], "reports wake the thread as ever");
        ports.call_back(|_| true);
        assert_eq!((ports.aside(), ready(ports.slow()).len()), (2, 2));
        ports.call_back(|index| index == 2);
        assert_eq!((ports.aside(), ready(ports.slow())), (1, vec![Ready::Rtp(2)]));
        assert_eq!(ready(ports.epoll()), [Ready::Rtp(0), Ready::Rtcp(0), Ready::Rtp(1)]);
        ports.set_aside(0);
        assert_eq!(ready(ports.slow()), [Ready::Rtp(0), Ready::Rtp(2)], "and again");
        ports.call_back(|_| false);
        assert_eq!((ports.aside(), ready(ports.slow()).len()), (0, 0));
        let mut buffer = [0; 64];
        for (index, came) in [(0, b"before".as_slice()), (1, b"before"), (2, b"aside")] {
            let (length, _) = ports.receive(Ready::Rtp(index), &mut buffer).unwrap();
            assert_eq!(&buffer[..length], came);
        }
    }

    #[test]
    fn what_is_held_leaves_at_the_release_whole_in_order_and_once() {
        let address = IpAddr::from([127, 0, 0, 70]);
        let mut ports = ports(address, 42_400..=42_403);
        let at: Vec<SocketAddr> = (0..2).map(|_| ports.bind().unwrap().1).collect();
        let peer = UdpSocket::bind((address, 0)).unwrap();
        peer.set_nonblocking(true).unwrap();
        let to = peer.local_addr().unwrap();
        let come = || {
            let mut buffer = [0; 64];
            let mut next = || peer.recv_from(&mut buffer).ok().map(|(n, from)| (from, buffer[..n].to_vec()));
            std::iter::from_fn(&mut next).collect::<Vec<_>>()
        };
        for packets in [[(0, "a"), (1, "bcd"), (0, "ef")], [(1, "x"), (1, ""), (0, "yz")]] {
            ports.hold();
            packets.iter().for_each(|(port, bytes)| ports.rtp(*port, to, bytes.as_bytes()));
            assert_eq!(come(), [], "nothing before the release");
            ports.release();
            assert_eq!(come(), packets.map(|(port, bytes)| (at[port as usize], bytes.as_bytes().to_vec())));
        }
        ports.rtp(0, to, b"at once");
        assert_eq!(come(), [(at[0], b"at once".to_vec())]);
        ports.hold();
        ports.rtcp(1, to, b"report");
        assert_eq!(come().len(), 1, "reports do not wait");
        // A port that is not there takes nothing of the others with it.
        ports.rtp(7, to, b"nobody's");
        ports.rtp(1, to, b"mine");
        ports.release();
        ports.release();
        assert_eq!((come(), ports.dropped), (vec![(at[1], b"mine".to_vec())], 0));
    }

    #[test]
    fn epolls_numbers_read_back() {
        for ready in [Ready::Rtp(0), Ready::Rtcp(0), Ready::Rtp(u32::MAX), Ready::Rtcp(77), Ready::Wake] {
            assert_eq!(Ready::of(ready.number()), ready);
        }
    }
}
