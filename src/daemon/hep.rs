//! A copy of each message of the signalling to a Homer: HEP version 3 over UDP. What the network does not take is lost.

use crate::config::Trace;
use crate::sip::flow::{Flow, Transport};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// Longest message that is copied: what goes into one datagram.
const LONGEST: usize = 60_000;

/// The way to it.
pub(super) struct Hep {
    socket: UdpSocket,
    id: u32,
    room: Vec<u8>,
}

impl Hep {
    /// Opens it where it is configured.
    ///
    /// # Errors
    /// What the system said.
    pub(super) fn open(trace: &Trace) -> io::Result<Option<Self>> {
        let Some(to) = trace.hep else { return Ok(None) };
        let any: IpAddr = if to.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        let socket = UdpSocket::bind((any, 0))?;
        socket.connect(to)?;
        socket.set_nonblocking(true)?;
        Ok(Some(Self { socket, id: trace.hep_id, room: Vec::new() }))
    }

    /// A message has come, or goes, at this time, µs since the epoch.
    pub(super) fn copy(&mut self, sent: bool, flow: &Flow, message: &[u8], wall: i64) {
        let (from, to) = if sent { (flow.local, flow.peer) } else { (flow.peer, flow.local) };
        write(&mut self.room, self.id, flow.transport, (from, to), message, wall);
        // Nobody there, or no room: calls do not wait for their copies.
        let _ = self.socket.send(&self.room);
    }
}

fn write(
    out: &mut Vec<u8>,
    id: u32,
    transport: Transport,
    (from, to): (SocketAddr, SocketAddr),
    message: &[u8],
    wall: i64,
) {
    out.clear();
    out.extend(b"HEP3\0\0");
    let mut chunk = |kind: u16, value: &[u8]| {
        out.extend(0u16.to_be_bytes());
        out.extend(kind.to_be_bytes());
        out.extend(u16::try_from(value.len() + 6).unwrap_or(u16::MAX).to_be_bytes());
        out.extend(value);
    };
    let both = |a: SocketAddr, b: SocketAddr| match (a.ip(), b.ip()) {
        (IpAddr::V4(a), IpAddr::V4(b)) => (2u8, a.octets().to_vec(), b.octets().to_vec()),
        (a, b) => {
            let long = |ip: IpAddr| match ip {
                IpAddr::V4(v4) => v4.to_ipv6_mapped().octets().to_vec(),
                IpAddr::V6(v6) => v6.octets().to_vec(),
            };
            (10, long(a), long(b))
        }
    };
    let (family, source, target) = both(from, to);
    let at = wall.max(0).unsigned_abs();
    chunk(1, &[family]);
    chunk(2, &[if transport == Transport::Udp { 17 } else { 6 }]);
    let (first, second) = if family == 2 { (3, 4) } else { (5, 6) };
    chunk(first, &source);
    chunk(second, &target);
    chunk(7, &from.port().to_be_bytes());
    chunk(8, &to.port().to_be_bytes());
    chunk(9, &((at / 1_000_000) as u32).to_be_bytes());
    chunk(10, &((at % 1_000_000) as u32).to_be_bytes());
    chunk(11, &[1]); // SIP
    chunk(12, &id.to_be_bytes());
    chunk(15, message.get(..message.len().min(LONGEST)).unwrap_or_default());
    let length = u16::try_from(out.len()).unwrap_or(u16::MAX).to_be_bytes();
    out.splice(4..6, length);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_has_the_chunks_of_version_3() {
        let mut out = Vec::new();
        let (from, to) = ("192.0.2.1:5060".parse().unwrap(), "192.0.2.2:5062".parse().unwrap());
        write(&mut out, 7, Transport::Udp, (from, to), b"OPTIONS", 1_639_533_600_000_042);
        assert_eq!((&out[..4], usize::from(u16::from_be_bytes([out[4], out[5]]))), (&b"HEP3"[..], out.len()));
        let (mut rest, mut chunks) = (&out[6..], Vec::new());
        while rest.len() >= 6 {
            let length = usize::from(u16::from_be_bytes([rest[4], rest[5]]));
            chunks.push((u16::from_be_bytes([rest[2], rest[3]]), rest[6..length].to_vec()));
            rest = &rest[length..];
        }
        let expected: [(u16, &[u8]); 11] = [
            (1, &[2]),
            (2, &[17]),
            (3, &[192, 0, 2, 1]),
            (4, &[192, 0, 2, 2]),
            (7, &5060u16.to_be_bytes()),
            (8, &5062u16.to_be_bytes()),
            (9, &1_639_533_600u32.to_be_bytes()),
            (10, &42u32.to_be_bytes()),
            (11, &[1]),
            (12, &[0, 0, 0, 7]),
            (15, b"OPTIONS"),
        ];
        assert_eq!(chunks, expected.map(|(kind, value)| (kind, value.to_vec())));
    }
}
