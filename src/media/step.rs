//! A step of a browser's handshake that waits for its turn.

use crate::patch::Epoch;
use std::net::SocketAddr;

/// A datagram of a handshake.
#[derive(Debug)]
pub struct Step {
    /// The leg's port.
    pub port: u32,
    /// Its lease.
    pub epoch: Epoch,
    /// Where it came from.
    pub from: SocketAddr,
    /// What it is.
    pub datagram: Box<[u8]>,
}
