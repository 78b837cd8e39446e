//! The way out of the engine: sockets and a recorder, or a test.

use crate::patch::Take;
use std::net::SocketAddr;

/// Where the engine's packets go: sockets, or a test.
pub trait Outlet {
    /// Sends an RTP packet from a port.
    fn rtp(&mut self, port: u32, to: SocketAddr, packet: &[u8]);
    /// Sends an RTCP compound from a port.
    fn rtcp(&mut self, port: u32, to: SocketAddr, packet: &[u8]);
    /// From now on the port's RTP socket talks with this address only; `None`: with anyone again.
    fn connect(&mut self, port: u32, peer: Option<SocketAddr>);
    /// Takes something for a recording, without waiting. False: it was dropped; an outlet without a recorder keeps nothing.
    fn tape(&mut self, take: Take) -> bool {
        let _ = take;
        false
    }
}
