//! The engine: legs, what they hear, and time.

use super::latch::Latch;
use super::leg::{Hears, Leg, Sounds};
use super::outgoing::Outgoing;
use super::player::{FRAME, Frame};
use super::relay::beside;
use super::report::Reports;
use super::tape::Reels;
use super::wheel::Wheel;
use crate::audio::dtmf::Detector;
use crate::clock::Now;
use crate::patch::{self, Command, Epoch, Event, PortId, Remote, Source, Take};
use crate::rtp::telephone_event;
use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
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

/// What a leg's timer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// To send an RTCP report.
    Report,
    /// To see whether anyone is heard.
    Silence,
}

/// All legs of one media thread, as a value.
///
/// [`Engine::handle`], [`Engine::on_rtp`], [`Engine::on_rtcp`] and [`Engine::tick`] are its inputs; events come out
/// of [`Engine::poll`]; [`Engine::deadline`] says when the next tick is due. Of inputs due at one instant the
/// commands go first, then packets, then the tick.
#[derive(Debug)]
pub struct Engine {
    thread: u8,
    open: usize,
    timers: BinaryHeap<Reverse<(u64, u32, Epoch, Timer)>>,
    pub(super) legs: Vec<Leg>,
    pub(super) wheel: Wheel,
    pub(super) events: VecDeque<Event>,
    pub(super) random: ChaCha8Rng,
    pub(super) sounds: Sounds,
    pub(super) due: Vec<(u32, u64)>,
    pub(super) frame: Frame,
    pub(super) reels: Reels,
}

impl Engine {
    /// An engine without ports. `seed` is where its RTCP intervals and CNAMEs come from.
    #[must_use]
    pub fn new(thread: u8, seed: u64) -> Self {
        Self {
            thread,
            open: 0,
            timers: BinaryHeap::new(),
            legs: Vec::new(),
            wheel: Wheel::default(),
            events: VecDeque::new(),
            random: ChaCha8Rng::seed_from_u64(seed),
            sounds: Sounds::default(),
            due: Vec::new(),
            frame: [0; FRAME],
            reels: Reels::default(),
        }
    }

    /// One more port; its index.
    pub fn grow(&mut self) -> u32 {
        self.legs.push(Leg::default());
        self.legs.len() as u32 - 1
    }

    /// How many ports there are.
    #[must_use]
    pub fn ports(&self) -> usize {
        self.legs.len()
    }

    /// How many of them are leased.
    #[must_use]
    pub fn open(&self) -> usize {
        self.open
    }

    /// Whether what this port receives is mixed on the tick and relayed to nobody.
    #[must_use]
    pub fn patient(&self, port: u32) -> bool {
        self.legs.get(port as usize).is_some_and(|l| !l.mixers.is_empty() && l.listeners.is_empty())
    }

    /// How many recordings run.
    #[must_use]
    pub fn recordings(&self) -> usize {
        self.reels.len()
    }

    /// Obeys a command. What is meant for another thread, an earlier lease or an unknown port is dropped.
    pub fn handle(&mut self, command: Command, now: Now, out: &mut impl Outlet) {
        match command {
            Command::Open { port, epoch, ssrc, sequence, timestamp } => {
                if port.thread == self.thread {
                    let stream = Outgoing::new(ssrc, sequence, timestamp, now.mono);
                    self.lease(port.index, epoch, stream, now, out);
                }
            }
            Command::Remote { port, epoch, remote } => {
                if let Some(index) = self.current(port, epoch) {
                    self.agree(index, remote, now, out);
                }
            }
            Command::Hear { port, epoch, source } => {
                if let Some(index) = self.current(port, epoch) {
                    self.hear(index, source, now);
                    self.start(index, now, out);
                }
            }
            Command::Digits { port, epoch, digits } => {
                if let Some(index) = self.current(port, epoch) {
                    if let Some(leg) = self.legs.get_mut(index as usize) {
                        digits.chars().filter_map(telephone_event::code).for_each(|code| leg.press(code));
                    }
                    self.start(index, now, out);
                }
            }
            Command::Keys { port, epoch, pass } => {
                let index = self.current(port, epoch);
                if let Some(leg) = index.and_then(|index| self.legs.get_mut(index as usize)) {
                    leg.secret = !pass;
                }
            }
            Command::Record { thread, recording, tape } => {
                if thread == self.thread {
                    self.record(recording, tape, now, out);
                }
            }
            Command::Close { port, epoch } => {
                if let Some(index) = self.current(port, epoch) {
                    self.close(index, now, out);
                }
            }
        }
    }

    /// The next event.
    pub fn poll(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When [`Engine::tick`] is due next, in the unit of [`Now::mono`].
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        let timer = self.timers.peek().map(|Reverse((at, ..))| *at);
        [self.wheel.deadline(), timer].into_iter().flatten().min()
    }

    /// The name of a port of this thread.
    pub(super) fn id(&self, index: u32) -> PortId {
        PortId { thread: self.thread, index }
    }

    /// Sets a timer of a lease.
    pub(super) fn at(&mut self, at: u64, port: u32, epoch: Epoch, timer: Timer) {
        self.timers.push(Reverse((at, port, epoch, timer)));
    }

    /// Does what the timers up to `now` say; those of ended leases are void.
    pub(super) fn fire(&mut self, now: Now, out: &mut impl Outlet) {
        while let Some(Reverse((at, port, epoch, timer))) = self.timers.peek().copied() {
            if at > now.mono {
                break;
            }
            self.timers.pop();
            if self.current(self.id(port), epoch).is_some() {
                match timer {
                    Timer::Report => self.report(port, now, out),
                    Timer::Silence => self.listen(port, now),
                }
            }
        }
    }

    /// The index, if the port is of this thread and the lease is the present one.
    pub(super) fn current(&self, port: PortId, epoch: Epoch) -> Option<u32> {
        let leg = self.legs.get(port.index as usize)?;
        (port.thread == self.thread && leg.open && leg.epoch == epoch).then_some(port.index)
    }

    fn lease(&mut self, index: u32, epoch: Epoch, stream: Outgoing, now: Now, out: &mut impl Outlet) {
        if self.legs.get(index as usize).is_some_and(|l| l.open) {
            self.close(index, now, out);
        }
        let reports = Reports::new(self.random.next_u64());
        if let Some(leg) = self.legs.get_mut(index as usize) {
            *leg = Leg { open: true, epoch, out: stream, reports, ..Leg::default() };
            self.open += 1;
        }
    }

    fn agree(&mut self, index: u32, remote: Remote, now: Now, out: &mut impl Outlet) {
        let Some(leg) = self.legs.get_mut(index as usize) else {
            return;
        };
        leg.latch = Latch::arm(&remote, leg.named);
        if remote.rtp.is_some() && remote.rtp != leg.named {
            leg.named = remote.rtp;
            leg.learnt = None;
        }
        // A refresh with the same address must not send a phone behind NAT back to its private one.
        let to = remote.rtp.map(|named| leg.learnt.unwrap_or(named));
        if leg.to != to {
            leg.out.turn();
        }
        leg.to = to;
        if remote.rtcp.is_some() || leg.learnt.is_none() {
            leg.rtcp_to = remote.rtcp.or(leg.named.map(beside));
        }
        leg.detector = match remote.telephone_event {
            Some(_) => None,
            None => leg.detector.take().or_else(|| Some(Box::new(Detector::default()))),
        };
        // A trunk is heard from one address only: the kernel can see to that from the first packet.
        let peer = match remote.latch {
            patch::Latch::Sdp => leg.named,
            patch::Latch::SdpOr(_) => None,
        };
        if leg.connected || peer.is_some() {
            leg.connected = peer.is_some();
            out.connect(index, peer);
        }
        leg.remote = Some(remote);
        self.start_timers(index, now);
        self.start(index, now, out);
    }

    fn hear(&mut self, index: u32, source: Source, now: Now) {
        if let Some(hears) = self.cross(index, &source, now.mono) {
            if let Some(leg) = self.legs.get_mut(index as usize) {
                leg.hears = hears;
            }
            return;
        }
        self.leave(index);
        let hears = match source {
            Source::Mix { voices, beside } => Hears::Mix(self.mix(index, &voices, beside)),
            Source::Nothing => Hears::Nothing,
            Source::Tone(tone) => Hears::Tone { tone, at: 0 },
            Source::Play { play, clips, repeat } => Hears::Play { play, clips, repeat, clip: 0, at: 0 },
            Source::Port(port, epoch) => match self.current(port, epoch) {
                Some(other) if other != index => {
                    if let Some(leg) = self.legs.get_mut(other as usize) {
                        leg.listeners.push(index);
                    }
                    Hears::Leg(other)
                }
                _ => Hears::Nothing,
            },
        };
        if let Some(leg) = self.legs.get_mut(index as usize) {
            leg.hears = hears;
            leg.out.turn();
        }
    }

    /// Takes a leg out of the listeners of those it hears.
    fn leave(&mut self, index: u32) {
        match self.legs.get_mut(index as usize).map(|l| std::mem::take(&mut l.hears)) {
            Some(Hears::Leg(other)) => {
                if let Some(leg) = self.legs.get_mut(other as usize) {
                    leg.listeners.retain(|l| *l != index);
                }
            }
            Some(Hears::Mix(mix)) => {
                mix.voices.iter().for_each(|v| self.unhear(index, v.leg));
                self.unrelay(index, mix.crossing);
            }
            Some(Hears::Nothing | Hears::Tone { .. } | Hears::Play { .. }) | None => {}
        }
    }

    fn close(&mut self, index: u32, now: Now, out: &mut impl Outlet) {
        self.bye(index, now, out);
        self.leave(index);
        let Some(leg) = self.legs.get_mut(index as usize) else {
            return;
        };
        let leg = std::mem::replace(leg, Leg { epoch: leg.epoch, ..Leg::default() });
        for listener in leg.listeners.iter().copied() {
            if let Some(other) = self.legs.get_mut(listener as usize) {
                other.bereave();
            }
        }
        self.fall_silent(index, &leg.mixers);
        if let Some(tape) = leg.tape {
            self.reels.vacate(tape, index);
        }
        if leg.connected {
            out.connect(index, None);
        }
        self.open -= 1;
        let port = self.id(index);
        self.events.push_back(Event::Closed { port, epoch: leg.epoch, stats: leg.stats() });
    }
}
