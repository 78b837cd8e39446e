//! Ports and their leases: how a leg is named across the boundary.

use std::net::SocketAddr;

/// One media port: an RTP socket and the RTCP socket beside it, bound ahead by a media thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortId {
    /// Which media thread owns the sockets. Two legs that hear each other live on one thread.
    pub thread: u8,
    /// Index within the thread.
    pub index: u32,
}

/// Counts the leases of a port, so that what is meant for an earlier lease is recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Epoch(pub u32);

/// A leased port with the address that goes into SDP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// The port.
    pub port: PortId,
    /// Which lease of it.
    pub epoch: Epoch,
    /// Local RTP address; RTCP is the next port.
    pub rtp: SocketAddr,
}

impl PortId {
    /// Eight hexadecimal digits that say which one: the beginning of a browser's user name of ICE, so that its checks find the leg.
    #[must_use]
    pub fn name(self) -> [u8; 8] {
        let number = (u32::from(self.thread) << 24) | (self.index & 0x00FF_FFFF);
        [28, 24, 20, 16, 12, 8, 4, 0].map(|shift| match (number >> shift) & 0xF {
            low @ 0..=9 => b'0' + low as u8,
            high => b'a' + (high - 10) as u8,
        })
    }

    /// The one that a user name begins with.
    #[must_use]
    pub fn named(user: &[u8]) -> Option<Self> {
        let digits = user.get(..8).filter(|all| all.iter().all(u8::is_ascii_hexdigit))?;
        let number = u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        Some(Self { thread: (number >> 24) as u8, index: number & 0x00FF_FFFF })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_name_names_its_port() {
        for (thread, index) in [(0, 0), (1, 4_999), (63, 0x00FF_FFFF)] {
            let port = PortId { thread, index };
            let mut name = port.name().to_vec();
            name.extend(b"random:theirs");
            assert_eq!(PortId::named(&name), Some(port));
        }
        for none in [&b"0000000"[..], b"0000000g", b"+0000000", &[0xFF; 8]] {
            assert_eq!(PortId::named(none), None);
        }
    }
}
