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
