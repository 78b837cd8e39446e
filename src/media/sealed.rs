//! SRTP of one leg: what goes out is sealed in a copy on the stack, what comes in is opened in its place. No allocation a packet.

use super::outlet::Outlet;
use crate::key::Pair;
use crate::rtp::srtp::{GROWS, Listener, Sender};
use std::net::SocketAddr;

/// Longest packet that is sealed or opened; what a media thread reads is cut there.
const LONGEST: usize = 2_048;

/// Both directions.
#[derive(Debug)]
pub struct Sealed {
    keys: Pair,
    sender: Sender,
    listener: Listener,
    /// By the port of all browsers.
    web: bool,
}

impl Sealed {
    /// With these keys.
    pub fn new(keys: Pair) -> Self {
        Self { keys, sender: Sender::new(&keys.ours), listener: Listener::new(&keys.theirs), web: false }
    }

    /// The same for a browser, RTP and RTCP by one port (RFC 5761).
    pub fn by_web(keys: Pair) -> Self {
        Self { web: true, ..Self::new(keys) }
    }

    /// What holds after a new agreement: in each direction the same contexts as long as its key is the same, so that counters go on and a
    /// replay stays one.
    pub fn agreed(before: Option<Box<Self>>, keys: Option<Pair>) -> Option<Box<Self>> {
        let keys = keys?;
        let Some(mut sealed) = before else { return Some(Box::new(Self::new(keys))) };
        if sealed.keys.ours != keys.ours {
            sealed.sender = Sender::new(&keys.ours);
        }
        if sealed.keys.theirs != keys.theirs {
            sealed.listener = Listener::new(&keys.theirs);
        }
        sealed.keys = keys;
        Some(sealed)
    }

    /// Opens a packet in its place; what it is then.
    pub fn open<'d>(&mut self, datagram: &'d mut [u8]) -> Option<&'d mut [u8]> {
        let length = self.listener.open(datagram)?;
        datagram.get_mut(..length)
    }

    /// Opens a compound of RTCP in this room; what it is then.
    pub fn open_rtcp<'r>(&mut self, datagram: &[u8], room: &'r mut [u8; LONGEST]) -> Option<&'r [u8]> {
        let copy = room.get_mut(..datagram.len())?;
        copy.copy_from_slice(datagram);
        let length = self.listener.open_rtcp(copy)?;
        room.get(..length)
    }
}

/// Room for a packet that is opened.
pub const fn room() -> [u8; LONGEST] {
    [0; LONGEST]
}

/// Sends an RTP packet, sealed where the leg is.
pub fn rtp(sealed: Option<&mut Sealed>, port: u32, to: SocketAddr, packet: &[u8], out: &mut impl Outlet) {
    let Some(sealed) = sealed else { return out.rtp(port, to, packet) };
    let mut room = [0; LONGEST + GROWS];
    let Some(copy) = room.get_mut(..packet.len()) else { return };
    copy.copy_from_slice(packet);
    if let Some(bytes) = sealed.sender.protect(&mut room, packet.len()).and_then(|length| room.get(..length)) {
        match sealed.web {
            true => out.web(to, bytes),
            false => out.rtp(port, to, bytes),
        }
    }
}

/// The same for a compound of RTCP.
pub fn rtcp(sealed: Option<&mut Sealed>, port: u32, to: SocketAddr, packet: &[u8], out: &mut impl Outlet) {
    let Some(sealed) = sealed else { return out.rtcp(port, to, packet) };
    let mut room = [0; LONGEST + GROWS];
    let Some(copy) = room.get_mut(..packet.len()) else { return };
    copy.copy_from_slice(packet);
    if let Some(bytes) = sealed.sender.protect_rtcp(&mut room, packet.len()).and_then(|length| room.get(..length)) {
        match sealed.web {
            true => out.web(to, bytes),
            false => out.rtcp(port, to, bytes),
        }
    }
}
