//! The way out of the engine: sockets and a recorder, or a test.

use crate::patch::{Epoch, Packet, Take};
use std::net::SocketAddr;

/// Where the engine's packets go: sockets, or a test.
pub trait Outlet {
    /// Sends an RTP packet from a port.
    fn rtp(&mut self, port: u32, to: SocketAddr, packet: &[u8]);
    /// Sends an RTCP compound from a port.
    fn rtcp(&mut self, port: u32, to: SocketAddr, packet: &[u8]);
    /// From now on the port's RTP socket talks with this address only; `None`: with anyone again.
    fn connect(&mut self, port: u32, peer: Option<SocketAddr>);
    /// Sends a datagram from the port of all browsers.
    fn web(&mut self, to: SocketAddr, datagram: &[u8]) {
        let _ = (to, datagram);
    }
    /// What comes to the port of all browsers from there is for this leg from now on, or is no longer.
    fn route(&mut self, from: SocketAddr, port: u32, on: bool) {
        let _ = (from, port, on);
    }
    /// A packet of a leg that is watched has come or goes.
    fn seen(&mut self, port: u32, epoch: Epoch, packet: Packet) {
        let _ = (port, epoch, packet);
    }
    /// Takes something for a recording, without waiting. False: it was dropped; an outlet without a recorder keeps nothing.
    fn tape(&mut self, take: Take) -> bool {
        let _ = take;
        false
    }
}
