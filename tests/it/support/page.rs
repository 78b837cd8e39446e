//! A page's media without its page: an engine with a browser's leg that is through, and the page's own ends of SRTP.

#[path = "../../../src/browser/tests/client.rs"]
mod client;

pub use client::{Client, check};

use std::net::SocketAddr;
use std::sync::Arc;
use switchboard::browser::Identity;
use switchboard::clock::{MILLI, Now};
use switchboard::key::{Crypto, Fingerprint, Ice, Master, Suite, Web};
use switchboard::media::{Engine, Outlet};
use switchboard::patch::{Codec, Command, Epoch, Latch, PortId, Remote};
use switchboard::rtp::srtp::Sender;

pub const ICE: Ice = Ice { user: *b"00000000abcdefgh", password: *b"0123456789abcdefghijklmn" };

/// What leaves.
#[derive(Default)]
pub struct Wire {
    pub web: Vec<(SocketAddr, Vec<u8>)>,
    pub rtp: u64,
    pub by_web: u64,
    /// Nothing is kept, so that nothing is allocated.
    pub counts_only: bool,
}

impl Outlet for Wire {
    fn rtp(&mut self, _port: u32, _to: SocketAddr, _packet: &[u8]) {
        self.rtp += 1;
    }

    fn rtcp(&mut self, _port: u32, _to: SocketAddr, _packet: &[u8]) {}

    fn connect(&mut self, _port: u32, _peer: Option<SocketAddr>) {}

    fn web(&mut self, to: SocketAddr, datagram: &[u8]) {
        self.by_web += 1;
        if !self.counts_only {
            self.web.push((to, datagram.to_vec()));
        }
    }
}

pub fn port(index: u32) -> PortId {
    PortId { thread: 0, index }
}

/// Where the page of a port is.
pub fn there(index: u32) -> SocketAddr {
    SocketAddr::from(([203, 0, 113, 9], 1_000 + index as u16))
}

/// What SIP says of a page with this certificate.
pub fn remote(fingerprint: [u8; 32], ice: Ice) -> Remote {
    Remote {
        rtp: Some(SocketAddr::from(([0, 0, 0, 0], 9))),
        source: None,
        rtcp: None,
        codec: Codec::Pcma,
        payload_type: 8,
        telephone_event: Some(101),
        event_clock: 8_000,
        ptime: 20,
        latch: Latch::Sdp,
        crypto: Some(Crypto::Web(Web { ice, theirs: Fingerprint(fingerprint) })),
        receive: true,
    }
}

/// A page's own end, once it is through.
pub struct Page {
    pub sender: Sender,
    /// What it has said in its handshake.
    pub said: Vec<Vec<u8>>,
}

/// An engine that meets browsers.
pub fn engine(identity: &Arc<Identity>) -> Engine {
    Engine::new(0, 7).with_browsers(Arc::clone(identity))
}

/// Opens a port and lets a page come through on it; its own ends of SRTP.
pub fn comes_through(engine: &mut Engine, wire: &mut Wire, index: u32, now: Now) -> Page {
    while engine.ports() <= index as usize {
        engine.grow();
    }
    let epoch = Epoch(1);
    let ice =
        Ice { user: port(index).name().into_iter().chain(*b"abcdefgh").collect::<Vec<_>>().try_into().unwrap(), ..ICE };
    engine.handle(Command::Open { port: port(index), epoch, ssrc: 1 + index, sequence: 1, timestamp: 1 }, now, wire);
    let mut client = Client::new(now.mono, false);
    engine.handle(Command::Remote { port: port(index), epoch, remote: remote(client.fingerprint, ice) }, now, wire);
    engine.on_web(index, there(index), &mut check(&ice.user, &ice.password, true), now, wire);
    wire.web.clear();
    let mut said = Vec::new();
    for step in 0..100 {
        let now = now.plus(step * 10 * MILLI);
        client.tick(now.mono);
        for datagram in client.sent() {
            said.push(datagram.to_vec());
            engine.on_web(index, there(index), &mut datagram.to_vec(), now, wire);
        }
        while engine.shake(now, wire) {}
        for (_, datagram) in wire.web.drain(..).filter(|(_, d)| (20..64).contains(&d[0])) {
            client.read(&datagram, now.mono);
        }
        if let Some([theirs, _]) = client.masters() {
            let master = |bytes: &[u8]| Master::new(Suite::Cm80, bytes).unwrap();
            return Page { sender: Sender::new(&master(&theirs)), said };
        }
    }
    unreachable!("no keys");
}
