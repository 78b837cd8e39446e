//! The engine in virtual time: no socket, no clock, every packet looked at.

mod change;
mod conference;
mod digits;
mod hostile;
mod opus;
mod recording;
mod reports;
mod sealed;
mod silence;
mod streams;
mod web;

use super::{Engine, Outlet};
use crate::clock::{MILLI, Now};
use crate::patch::{Clip, Codec, Command, Epoch, Event, Latch, PlayId, PortId, Remote, Source, Take};
use crate::rtp::{HEADER, Header, View};
use std::net::SocketAddr;
use std::sync::Arc;

/// A packet that left the engine.
#[derive(Debug, Clone, PartialEq)]
pub struct Sent {
    pub at: u64,
    pub port: u32,
    pub to: SocketAddr,
    pub header: Header,
    pub payload: Vec<u8>,
}

#[derive(Default)]
pub struct Wire {
    pub now: u64,
    pub rtp: Vec<Sent>,
    pub rtcp: Vec<(u64, u32, SocketAddr, Vec<u8>)>,
    pub connects: Vec<(u32, Option<SocketAddr>)>,
    pub takes: Vec<Take>,
    pub web: Vec<(u64, SocketAddr, Vec<u8>)>,
    pub routes: Vec<(SocketAddr, u32, bool)>,
    /// The recorder has no room.
    pub full: bool,
}

impl Outlet for Wire {
    fn rtp(&mut self, port: u32, to: SocketAddr, packet: &[u8]) {
        let view = View::parse(packet).expect("what we send is well formed");
        assert_eq!(view.payload.start, HEADER);
        let payload = packet[view.payload].to_vec();
        self.rtp.push(Sent { at: self.now, port, to, header: view.header, payload });
    }

    fn rtcp(&mut self, port: u32, to: SocketAddr, packet: &[u8]) {
        self.rtcp.push((self.now, port, to, packet.to_vec()));
    }

    fn connect(&mut self, port: u32, peer: Option<SocketAddr>) {
        self.connects.push((port, peer));
    }

    fn web(&mut self, to: SocketAddr, datagram: &[u8]) {
        self.web.push((self.now, to, datagram.to_vec()));
    }

    fn route(&mut self, from: SocketAddr, port: u32, on: bool) {
        self.routes.push((from, port, on));
    }

    fn tape(&mut self, take: Take) -> bool {
        if !self.full {
            self.takes.push(take);
        }
        !self.full
    }
}

/// One engine with ports, a wire, and what came out.
pub struct Town {
    pub engine: Engine,
    pub wire: Wire,
    pub now: Now,
    pub events: Vec<Event>,
}

/// Where the phone on a port is.
pub fn phone(index: u32) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, index as u8 + 1], 4_000))
}

pub fn id(index: u32) -> PortId {
    PortId { thread: 0, index }
}

pub const FIRST: Epoch = Epoch(1);

/// What a phone's SDP says, unless a test says otherwise.
pub fn sdp(index: u32) -> Remote {
    Remote {
        rtp: Some(phone(index)),
        source: Some(phone(index)),
        rtcp: None,
        codec: Codec::Pcma,
        payload_type: 8,
        telephone_event: Some(101),
        event_clock: 8_000,
        ptime: 20,
        latch: Latch::Sdp,
        crypto: None,
        receive: true,
    }
}

/// A clip of numbered bytes, so that each sample is known.
pub fn clip(name: &str, length: usize) -> Clip {
    let alaw: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
    Clip { name: name.into(), alaw: alaw.into() }
}

pub fn play(play: u32, clips: &[Clip], repeat: bool) -> Source {
    Source::Play { play: PlayId(play), clips: clips.into(), repeat }
}

impl Town {
    /// `ports` open legs with the given SDP each.
    pub fn new(remotes: &[Remote]) -> Self {
        let mut town = Self {
            engine: Engine::new(0, 0x5eed),
            wire: Wire::default(),
            now: Now { mono: 1_000_000, wall: 1_639_533_600_000_000 },
            events: Vec::new(),
        };
        for (index, remote) in (0..).zip(remotes) {
            town.engine.grow();
            town.open(index, FIRST);
            town.remote(index, *remote);
        }
        town
    }

    pub fn command(&mut self, command: Command) {
        self.wire.now = self.now.mono;
        self.engine.handle(command, self.now, &mut self.wire);
        self.drain();
    }

    pub fn open(&mut self, index: u32, epoch: Epoch) {
        self.command(Command::Open {
            port: id(index),
            epoch,
            ssrc: 0xA000 + index,
            sequence: 65_530,
            timestamp: u32::MAX - 1_000,
        });
    }

    pub fn remote(&mut self, index: u32, remote: Remote) {
        self.command(Command::Remote { port: id(index), epoch: FIRST, remote });
    }

    pub fn hear(&mut self, index: u32, source: Source) {
        self.command(Command::Hear { port: id(index), epoch: FIRST, source });
    }

    pub fn join(&mut self, a: u32, b: u32) {
        self.hear(a, Source::Port(id(b), FIRST));
        self.hear(b, Source::Port(id(a), FIRST));
    }

    pub fn digits(&mut self, index: u32, digits: &str) {
        self.command(Command::Digits { port: id(index), epoch: FIRST, digits: Arc::from(digits) });
    }

    pub fn close(&mut self, index: u32) {
        self.command(Command::Close { port: id(index), epoch: FIRST });
    }

    /// A packet arrives at a port.
    pub fn packet_from(&mut self, index: u32, from: SocketAddr, header: Header, payload: &[u8]) {
        let mut datagram = vec![0; HEADER];
        header.write(&mut datagram).unwrap();
        datagram.extend(payload);
        self.datagram(index, from, &mut datagram);
    }

    pub fn datagram(&mut self, index: u32, from: SocketAddr, datagram: &mut [u8]) {
        self.wire.now = self.now.mono;
        self.engine.on_rtp(index, from, datagram, self.now, &mut self.wire);
        self.drain();
    }

    /// The phone on a port says its `n`th audio packet.
    pub fn says(&mut self, index: u32, n: u16, payload: &[u8]) {
        let header = audio(index, n);
        self.packet_from(index, phone(index), header, payload);
    }

    /// Lets time pass, tick by tick.
    pub fn pass(&mut self, millis: u64) {
        let end = self.now.mono + millis * MILLI;
        while let Some(at) = self.engine.deadline().filter(|at| *at <= end) {
            self.advance(at.max(self.now.mono));
            self.wire.now = self.now.mono;
            self.engine.tick(self.now, &mut self.wire);
            self.drain();
        }
        self.advance(end);
    }

    fn advance(&mut self, to: u64) {
        self.now = self.now.plus(to - self.now.mono);
    }

    fn drain(&mut self) {
        while let Some(event) = self.engine.poll() {
            self.events.push(event);
        }
    }

    /// What a leg was sent so far.
    pub fn heard(&self, index: u32) -> Vec<Sent> {
        self.wire.rtp.iter().filter(|s| s.port == index).cloned().collect()
    }

    /// Its payloads in one.
    pub fn sound(&self, index: u32) -> Vec<u8> {
        self.heard(index).iter().flat_map(|s| s.payload.clone()).collect()
    }

    pub fn keys(&self) -> String {
        let digit = |e: &Event| match e {
            Event::Digit { digit, .. } => Some(*digit),
            _ => None,
        };
        self.events.iter().filter_map(digit).collect()
    }
}

/// The header of a phone's `n`th audio packet.
pub fn audio(index: u32, n: u16) -> Header {
    Header {
        marker: n == 0,
        payload_type: 8,
        sequence: n.wrapping_add(1_000),
        timestamp: u32::from(n) * 160 + 5_000,
        ssrc: 0xB000 + index,
    }
}

/// Each leg's stream: one SSRC, no number twice, none left out, time never running back.
pub fn assert_one_stream(sent: &[Sent]) {
    for pair in sent.windows(2) {
        let (a, b) = (&pair[0], &pair[1]);
        assert_eq!(a.header.ssrc, b.header.ssrc);
        assert_eq!(b.header.sequence, a.header.sequence.wrapping_add(1), "after {a:?}");
        let step = b.header.timestamp.wrapping_sub(a.header.timestamp);
        assert!(step.cast_signed() >= 0, "time ran back from {a:?} to {b:?}");
        let since = u64::from(b.header.timestamp.wrapping_sub(sent[0].header.timestamp));
        let elapsed = (b.at - sent[0].at) / 125;
        assert!(since <= elapsed + 480, "time ran ahead: {since} in {elapsed} samples");
    }
}

/// xorshift: a failing seed is printed by the test that draws from it.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) % n.max(1)
    }
}
