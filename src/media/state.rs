//! What an engine keeps: its legs, and what they share. Each file beside this one adds what it does with it.

use super::frame::{Frame, LONGEST};
use super::legs::Legs;
use super::reel::Reels;
use super::sounds::Sounds;
use super::step::Step;
use super::wheel::Wheel;
use crate::browser::Identity;
use crate::patch::{Epoch, Event, PortId};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;

/// What a leg's timer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// To send an RTCP report.
    Report,
    /// To see whether anyone is heard.
    Silence,
    /// To see at once whether anyone is heard.
    Listen,
    /// To send again what a browser's handshake may have lost.
    Handshake,
    /// To go on without a browser's keys.
    Keys,
}

/// Everything of one media thread but its sockets.
#[derive(Debug)]
pub struct State {
    /// Which thread.
    pub thread: u8,
    /// How many legs are leased.
    pub open: usize,
    /// What is due beside the wheel, the earliest first.
    pub timers: BinaryHeap<Reverse<(u64, u32, Epoch, Timer)>>,
    /// One leg a port, by index: as many as ports were ever bound, 0.7 kB each; a leg is never moved.
    pub legs: Legs,
    /// Who is served when.
    pub wheel: Wheel,
    /// What is to be told.
    pub events: VecDeque<Event>,
    /// For RTCP.
    pub random: ChaCha8Rng,
    /// Tones and keys.
    pub sounds: Sounds,
    /// The packet under construction.
    pub frame: Frame,
    /// Recordings.
    pub reels: Reels,
    /// What browsers are met with.
    pub identity: Option<Arc<Identity>>,
    /// Of their handshakes, in their turn.
    pub steps: VecDeque<Step>,
}

impl State {
    /// No ports.
    pub fn new(thread: u8, seed: u64) -> Self {
        Self {
            thread,
            open: 0,
            timers: BinaryHeap::new(),
            legs: Legs::default(),
            wheel: Wheel::default(),
            events: VecDeque::new(),
            random: ChaCha8Rng::seed_from_u64(seed),
            sounds: Sounds::default(),
            frame: [0; LONGEST],
            reels: Reels::default(),
            identity: None,
            steps: VecDeque::new(),
        }
    }

    /// The name of a port of this thread.
    pub fn id(&self, index: u32) -> PortId {
        PortId { thread: self.thread, index }
    }

    /// Sets a timer of a lease.
    pub fn at(&mut self, at: u64, port: u32, epoch: Epoch, timer: Timer) {
        self.timers.push(Reverse((at, port, epoch, timer)));
    }

    /// The index, if the port is of this thread and the lease is the present one.
    pub fn current(&self, port: PortId, epoch: Epoch) -> Option<u32> {
        let leg = self.legs.get(port.index as usize)?;
        (port.thread == self.thread && leg.open && leg.epoch == epoch).then_some(port.index)
    }
}
