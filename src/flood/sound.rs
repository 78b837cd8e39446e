//! The sound of all legs, on a thread of its own: every leg speaks each 20 ms, and hears whatever comes.
//!
//! Arrival is the kernel's own stamp, so that what is measured does not depend on when this thread is woken.

use super::ear::{Counts, Ear, Heard};
use super::frame::{Mark, SAMPLES, Tones};
use super::order::{LegId, Order, Stream, Word};
use super::sockets::Sockets;
use super::tally::Spread;
use crate::clock::{Clock, MILLI};
use crate::rtp::{HEADER, Header, View, telephone_event};
use crate::sdp::PCMU;
use crate::transport::batch::{self, Slots};
use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender};
use std::time::Duration;

/// A frame's time is divided, so that legs do not all speak at once.
const PHASES: usize = 5;
const STEP: u64 = 20 * MILLI / PHASES as u64;
/// A leg that was answered and lived so long must have heard something, µs.
const COUNTS_FROM: u64 = 400 * MILLI;
/// Frames that the other side must have said before its silence here is one-way sound.
const SAID: u64 = 25;
/// A key is held so long, samples, and rests so long after it, frames.
const KEY: u16 = 960;
const REST: u8 = 5;

/// What stands on the screen while it runs.
#[derive(Debug, Default)]
pub struct Live {
    /// Legs that are open.
    pub legs: AtomicU64,
    /// Packets heard.
    pub packets: AtomicU64,
    /// Pauses of more than 40 ms.
    pub holes: AtomicU64,
    /// Frames of another call.
    pub wrong: AtomicU64,
}

/// What was heard in all.
#[derive(Debug, Default)]
pub struct Totals {
    /// Legs of answered calls that lived long enough to hear something.
    pub legs: u64,
    /// Of these, those that heard nothing at all.
    pub mute_legs: u64,
    /// Calls of which one side heard the other and the other did not.
    pub one_way: u64,
    /// All legs' counts.
    pub counts: Counts,
    /// Packets said.
    pub said: u64,
    /// Packets that belong to no leg.
    pub strays: u64,
    /// Packets that the system did not take.
    pub unsent: u64,
    /// How long sound was under way, µs.
    pub delay: Spread,
    /// Jitter of each leg, µs.
    pub jitter: Spread,
    /// First packet after the answer, µs.
    pub first: Spread,
    /// Level of sound without a mark, of each leg, tenths of dB below full scale.
    pub level: Spread,
    /// Ticks that came more than 10 ms late: then this process was the slow one.
    pub stalls: u64,
}

/// The thread's own.
pub struct Sound {
    sockets: Sockets,
    clock: Clock,
    tones: Tones,
    legs: HashMap<LegId, Leg>,
    /// By the socket and where sound comes from.
    from: HashMap<(u16, SocketAddr), LegId>,
    /// Sound that came before its leg was agreed: the answer is still under way.
    early: HashMap<(u16, SocketAddr), Ear>,
    /// Who speaks in which part of a frame's time, by socket.
    turns: Vec<Vec<Vec<LegId>>>,
    /// Calls of which one side is over: what it heard of the other, and said.
    halves: HashMap<u32, (u64, u64)>,
    totals: Totals,
    live: Arc<Live>,
    words: Sender<Word>,
    slots: Slots,
    /// Offset from the wall clock of the kernel's stamps to ours, µs.
    offset: i64,
}

struct Leg {
    stream: Stream,
    ear: Ear,
    packet: [u8; HEADER + SAMPLES],
    sequence: u16,
    timestamp: u32,
    ssrc: u32,
    opened: u64,
    answered: Option<u64>,
    reached: bool,
    said: u64,
    keys: VecDeque<char>,
    pressing: Option<Pressing>,
}

struct Pressing {
    press: telephone_event::Press,
    began: u32,
    rest: u8,
}

/// Most sources whose sound is kept for a leg to come, and how much older than its agreement the newest of it may be, µs.
const EARLY: usize = 8_192;
const EARLIEST: u64 = 100 * MILLI;

impl Sound {
    /// On these sockets.
    #[must_use]
    pub fn new(sockets: Sockets, clock: Clock, live: Arc<Live>, words: Sender<Word>) -> Self {
        let now = clock.now();
        let turns = vec![vec![Vec::new(); usize::from(sockets.len())]; PHASES];
        Self {
            sockets,
            clock,
            tones: Tones::default(),
            legs: HashMap::new(),
            from: HashMap::new(),
            early: HashMap::new(),
            turns,
            halves: HashMap::new(),
            totals: Totals::default(),
            live,
            words,
            slots: Slots::stamped(1_500),
            offset: now.wall - now.mono as i64,
        }
    }

    /// Runs until told that it is over, or nobody is left to tell.
    #[must_use]
    pub fn run(mut self, orders: &Receiver<Order>) -> Totals {
        let mut next = self.clock.now().mono;
        let mut turn = 0;
        loop {
            if self.legs.is_empty() {
                // Nobody speaks: asleep until somebody does.
                if !orders.recv().is_ok_and(|order| self.order(order)) {
                    break;
                }
                next = self.clock.now().mono;
            }
            let mut over = false;
            while let Ok(order) = orders.try_recv() {
                over |= !self.order(order);
            }
            self.hear();
            if over {
                break;
            }
            let now = self.clock.now().mono;
            if now >= next {
                if now > next + 10 * MILLI {
                    self.totals.stalls += 1;
                }
                self.speak(turn, now);
                turn = (turn + 1) % PHASES;
                // What could not be said in time is not said in a burst.
                next = if now > next + 200 * MILLI { now } else { next + STEP };
            }
            std::thread::sleep(Duration::from_micros(next.saturating_sub(self.clock.now().mono)));
        }
        let left: Vec<LegId> = self.legs.keys().copied().collect();
        left.into_iter().for_each(|leg| self.close(leg));
        self.totals.strays += self.early.into_values().map(|mut ear| ear.counts().packets).sum::<u64>();
        self.totals
    }

    fn order(&mut self, order: Order) -> bool {
        match order {
            Order::Agree(stream) => self.agree(*stream),
            Order::Answered { leg, at } => {
                if let Some(leg) = self.legs.get_mut(&leg) {
                    leg.answered.get_or_insert(at);
                }
            }
            Order::Press { leg, keys } => {
                if let Some(leg) = self.legs.get_mut(&leg) {
                    leg.keys.extend(keys.chars());
                }
            }
            Order::Close { leg } => self.close(leg),
            Order::Finish => return false,
        }
        true
    }

    fn agree(&mut self, stream: Stream) {
        let now = self.clock.now().mono;
        let id = stream.leg;
        let key = stream.from.map(|from| (stream.socket, from));
        if let Some(leg) = self.legs.get_mut(&id) {
            let before = leg.stream.from.map(|from| (leg.stream.socket, from));
            leg.ear.excuse(now);
            leg.stream = Stream { call: stream.call.or(leg.stream.call), ..stream };
            if before != key
                && let Some(before) = before
            {
                self.from.remove(&before);
            }
        } else {
            if let Some(turn) = self.turn_of(id, stream.socket) {
                turn.push(id);
            }
            // Older sound is that of a call before, which had the same port of the server.
            let early = key.and_then(|key| self.early.remove(&key)).filter(|ear| ear.newest() + EARLIEST >= now);
            let ear = early.unwrap_or_default();
            let seed = id.wrapping_mul(0x9E37_79B9) ^ (now as u32);
            let leg = Leg {
                stream,
                ear,
                packet: [0; HEADER + SAMPLES],
                sequence: seed as u16,
                timestamp: seed.rotate_left(7),
                ssrc: seed,
                opened: now,
                answered: None,
                reached: false,
                said: 0,
                keys: VecDeque::new(),
                pressing: None,
            };
            self.legs.insert(id, leg);
            self.live.legs.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(key) = key {
            self.from.insert(key, id);
        }
        self.dress(id);
    }

    /// Those who speak together with this leg.
    fn turn_of(&mut self, id: LegId, socket: u16) -> Option<&mut Vec<LegId>> {
        self.turns.get_mut(id as usize % PHASES)?.get_mut(usize::from(socket))
    }

    /// Puts the leg's tone into its packet.
    fn dress(&mut self, id: LegId) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let Stream { call, side, payload_type, .. } = leg.stream;
        let tone = self.tones.of(call.unwrap_or(id), side, payload_type == PCMU);
        if let Some(payload) = leg.packet.get_mut(HEADER..) {
            payload.copy_from_slice(&tone);
        }
    }

    fn close(&mut self, id: LegId) {
        let Some(mut leg) = self.legs.remove(&id) else { return };
        self.live.legs.fetch_sub(1, Ordering::Relaxed);
        if let Some(from) = leg.stream.from {
            self.from.remove(&(leg.stream.socket, from));
        }
        if let Some(turn) = self.turn_of(id, leg.stream.socket) {
            turn.retain(|other| *other != id);
        }
        let counts = leg.ear.counts();
        self.totals.counts += counts;
        let Some(answered) = leg.answered else { return };
        let now = self.clock.now().mono;
        if now.saturating_sub(answered.max(leg.opened)) >= COUNTS_FROM {
            self.totals.legs += 1;
            self.totals.mute_legs += u64::from(counts.packets == 0);
        }
        if let Some(first) = leg.ear.first() {
            self.totals.first.add(first.saturating_sub(answered));
            self.totals.jitter.add(leg.ear.jitter_us());
        }
        if let Some(level) = leg.ear.dbfs() {
            self.totals.level.add((-level * 10.0).max(0.0) as u64);
        }
        self.compare(&leg, counts.marked);
    }

    /// The second side of a call that ends tells whether both heard each other.
    fn compare(&mut self, leg: &Leg, marked: u64) {
        let Some(call) = leg.stream.call else { return };
        let Some((other_marked, other_said)) = self.halves.remove(&call) else {
            self.halves.insert(call, (marked, leg.said));
            return;
        };
        let deaf = |heard: u64, hears: u64, said: u64| heard == 0 && hears > SAID && said > SAID;
        if deaf(marked, other_marked, other_said) || deaf(other_marked, marked, leg.said) {
            self.totals.one_way += 1;
        }
    }

    fn speak(&mut self, turn: usize, now: u64) {
        for socket in 0..self.sockets.len() {
            let Some(who) = self.turns.get(turn).and_then(|t| t.get(usize::from(socket))) else { continue };
            if who.is_empty() {
                continue;
            }
            let mut ready = Vec::with_capacity(who.len());
            for id in who {
                if let Some(leg) = self.legs.get_mut(id)
                    && let Some((length, to)) = leg.say(now)
                {
                    ready.push((*id, length, to));
                }
            }
            let Some(fd) = self.sockets.get(socket) else { continue };
            let mut sent = 0;
            while sent < ready.len() {
                let packet = |(id, length, to): &(LegId, usize, SocketAddr)| {
                    let packet = self.legs.get(id)?.packet.get(..*length)?;
                    Some((packet, *to))
                };
                let queue = ready.get(sent..).unwrap_or_default().iter().filter_map(packet);
                match batch::send(fd.as_fd(), queue) {
                    Ok(0) => break,
                    Ok(count) => sent += count,
                    // An error is about the first alone: a port that nobody listens on, or a full buffer.
                    Err(_) => (sent, self.totals.unsent) = (sent + 1, self.totals.unsent + 1),
                }
            }
            self.totals.said += ready.len() as u64;
        }
    }

    fn hear(&mut self) {
        let (mut slots, mut got) = (std::mem::take(&mut self.slots), Vec::with_capacity(batch::BATCH));
        for socket in 0..self.sockets.len() {
            while let Some(fd) = self.sockets.get(socket) {
                let count = batch::receive(fd.as_fd(), &mut slots, |datagram| {
                    got.push((
                        datagram.from,
                        datagram.stamp,
                        datagram.bytes.first_chunk::<{ HEADER + SAMPLES }>().copied(),
                        datagram.bytes.len(),
                    ));
                });
                for (from, stamp, packet, length) in got.drain(..) {
                    self.packet((socket, from), stamp, packet, length);
                }
                if !count.is_ok_and(|count| count == batch::BATCH) {
                    break;
                }
            }
        }
        self.slots = slots;
    }

    fn packet(
        &mut self,
        key: (u16, SocketAddr),
        stamp: Option<i64>,
        packet: Option<[u8; HEADER + SAMPLES]>,
        length: usize,
    ) {
        // Shorter ones are telephone-events and comfort noise, longer ones not 20 ms of G.711: no sound to be held against ours.
        let Some(packet) = packet.filter(|_| length == HEADER + SAMPLES) else { return };
        let Ok(view) = View::parse(&packet) else { return };
        let Some(payload) = packet.get(view.payload) else { return };
        let now = stamp.map_or_else(|| self.clock.now().mono, |wall| (wall - self.offset).max(0) as u64);
        let Some(leg) = self.from.get(&key).and_then(|id| self.legs.get_mut(id)) else {
            if self.early.len() < EARLY || self.early.contains_key(&key) {
                self.early.entry(key).or_default().hear(&view.header, payload, (None, u8::MAX), now);
            } else {
                self.totals.strays += 1;
            }
            return;
        };
        self.live.packets.fetch_add(1, Ordering::Relaxed);
        let holes = leg.ear.holes();
        let heard = leg.ear.hear(&view.header, payload, (leg.stream.call, leg.stream.side), now);
        if leg.ear.holes() > holes {
            self.live.holes.fetch_add(1, Ordering::Relaxed);
        }
        match heard {
            Heard::Other { delay } => {
                self.totals.delay.add(u64::from(delay));
                if !leg.reached {
                    leg.reached = true;
                    if leg.stream.call.is_none() {
                        leg.stream.call = Mark::read(payload).map(|mark| mark.call);
                    }
                    if let (Some(call), 0) = (leg.stream.call, leg.stream.side) {
                        // Nobody listens any more: the run is ending.
                        let _ = self.words.send(Word::Reached { call, at: now });
                    }
                }
            }
            Heard::Wrong => {
                self.live.wrong.fetch_add(1, Ordering::Relaxed);
            }
            Heard::Unmarked => {}
        }
    }
}

impl Leg {
    /// Its next packet, and where it goes; `None`: it may not speak.
    fn say(&mut self, now: u64) -> Option<(usize, SocketAddr)> {
        let to = self.stream.to?;
        self.begin_key();
        let mut header = Header {
            marker: self.said == 0,
            payload_type: self.stream.payload_type,
            sequence: self.sequence,
            timestamp: self.timestamp,
            ssrc: self.ssrc,
        };
        let mut length = HEADER + SAMPLES;
        let event = self.pressing.as_mut().and_then(|p| Some((p.press.next(SAMPLES as u16)?, p.began)));
        if let (Some(((marker, event), began)), Some(payload_type)) = (event, self.stream.telephone_event) {
            header = Header { marker, payload_type, timestamp: began, ..header };
            let mut short = [0; HEADER + 4];
            header.write(&mut short).ok()?;
            short.get_mut(HEADER..)?.copy_from_slice(&event.bytes());
            length = short.len();
            // It stands where the mark is, which the next frame writes anew.
            self.event(&short);
        } else {
            if let Some(pressing) = &mut self.pressing {
                pressing.rest = pressing.rest.saturating_sub(1);
                if pressing.rest == 0 {
                    self.pressing = None;
                }
            }
            header.write(&mut self.packet).ok()?;
            if let Some(call) = self.stream.call {
                Mark { call, side: self.stream.side, at: now as u32 }.write(self.packet.get_mut(HEADER..)?);
            }
        }
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(SAMPLES as u32);
        self.said += 1;
        Some((length, to))
    }

    /// An event's packet stands where the frame's begins.
    fn event(&mut self, short: &[u8]) {
        if let Some(place) = self.packet.get_mut(..short.len()) {
            place.copy_from_slice(short);
        }
    }

    fn begin_key(&mut self) {
        if self.pressing.is_some() || self.stream.telephone_event.is_none() {
            return;
        }
        let code = self.keys.pop_front().and_then(telephone_event::code);
        self.pressing = code.map(|code| Pressing {
            press: telephone_event::Press::new(code, KEY),
            began: self.timestamp,
            rest: REST,
        });
    }
}
