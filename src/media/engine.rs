//! The engine: commands, packets and time go in; packets and events come out.

use super::outgoing::Outgoing;
use super::outlet::Outlet;
use super::reel::REEL;
use super::state::{State, Timer};
use crate::browser::Identity;
use crate::clock::{MILLI, Now};
use crate::patch::{Command, Event};
use crate::rtp::telephone_event;
use std::cmp::Reverse;
use std::net::SocketAddr;
use std::sync::Arc;

/// A leg that says nothing for so long after it was asked for is silent, µs: a dozen packets.
const ATTENTION: u64 = 250 * MILLI;

/// All legs of one media thread, as a value.
///
/// [`Engine::handle`], [`Engine::on_rtp`], [`Engine::on_rtcp`] and [`Engine::tick`] are its inputs; events come out
/// of [`Engine::poll`]; [`Engine::deadline`] says when the next tick is due. Of inputs due at one instant the
/// commands go first, then packets, then the tick.
#[derive(Debug)]
pub struct Engine {
    pub(super) state: State,
    /// Who is due in one slot, kept for its memory.
    due: Vec<(u32, u64)>,
}

impl Engine {
    /// An engine without ports. `seed` is where its RTCP intervals and CNAMEs come from.
    #[must_use]
    pub fn new(thread: u8, seed: u64) -> Self {
        Self { state: State::new(thread, seed), due: Vec::new() }
    }

    /// The same, and browsers are met with this certificate.
    #[must_use]
    pub fn with_browsers(mut self, identity: Arc<Identity>) -> Self {
        self.state.identity = Some(identity);
        self
    }

    /// One more port; its index.
    pub fn grow(&mut self) -> u32 {
        self.state.legs.grow()
    }

    /// How many ports there are.
    #[must_use]
    pub fn ports(&self) -> usize {
        self.state.legs.len()
    }

    /// How many of them are leased.
    #[must_use]
    pub fn open(&self) -> usize {
        self.state.open
    }

    /// Whether what this port receives is mixed on the tick and relayed to nobody.
    #[must_use]
    pub fn only_mixed(&self, port: u32) -> bool {
        self.state.legs.get(port as usize).is_some_and(|l| !l.mixers.is_empty() && l.listeners.is_empty())
    }

    /// How many recordings run.
    #[must_use]
    pub fn recordings(&self) -> usize {
        self.state.reels.len()
    }

    /// Obeys a command. What is meant for another thread, an earlier lease or an unknown port is dropped.
    pub fn handle(&mut self, command: Command, now: Now, out: &mut impl Outlet) {
        match command {
            Command::Open { port, epoch, ssrc, sequence, timestamp } => {
                if port.thread == self.state.thread {
                    let stream = Outgoing::new(ssrc, sequence, timestamp, now.mono);
                    self.state.lease(port.index, epoch, stream, now, out);
                }
            }
            Command::Remote { port, epoch, remote } => {
                if let Some(index) = self.state.current(port, epoch) {
                    self.state.agree(index, remote, now, out);
                }
            }
            Command::Expect { port, epoch, ice } => {
                if let Some(index) = self.state.current(port, epoch) {
                    self.state.expect(index, ice);
                }
            }
            Command::Hear { port, epoch, source } => {
                if let Some(index) = self.state.current(port, epoch) {
                    self.state.hear(index, source, now);
                    self.state.start(index, now, out);
                }
            }
            Command::Digits { port, epoch, digits } => {
                if let Some(index) = self.state.current(port, epoch) {
                    if let Some(leg) = self.state.legs.get_mut(index as usize) {
                        digits.chars().filter_map(telephone_event::code).for_each(|code| leg.press(code));
                    }
                    self.state.start(index, now, out);
                }
            }
            Command::Keys { port, epoch, pass } => {
                let index = self.state.current(port, epoch);
                if let Some(leg) = index.and_then(|index| self.state.legs.get_mut(index as usize)) {
                    leg.secret = !pass;
                }
            }
            Command::Watch { port, epoch, micros } => {
                let index = self.state.current(port, epoch);
                if let Some(leg) = index.and_then(|index| self.state.legs.get_mut(index as usize)) {
                    leg.watched = now.mono + micros;
                }
            }
            Command::Listen { port, epoch } => {
                if let Some(index) = self.state.current(port, epoch) {
                    self.state.at(now.mono + ATTENTION, index, epoch, Timer::Listen);
                }
            }
            Command::Record { thread, recording, tape } => {
                if thread == self.state.thread {
                    self.state.record(recording, tape, now, out);
                }
            }
            Command::Close { port, epoch } => {
                if let Some(index) = self.state.current(port, epoch) {
                    self.state.close(index, now, out);
                }
            }
        }
    }

    /// The next event.
    pub fn poll(&mut self) -> Option<Event> {
        self.state.events.pop_front()
    }

    /// When [`Engine::tick`] is due next, in the unit of [`Now::mono`].
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        let timer = self.state.timers.peek().map(|Reverse((at, ..))| *at);
        [self.state.wheel.deadline(), timer].into_iter().flatten().min()
    }

    /// A datagram has come to a port's RTP socket. It is changed in place; what is to be sent goes to `out` at once.
    pub fn on_rtp(&mut self, port: u32, from: SocketAddr, datagram: &mut [u8], now: Now, out: &mut impl Outlet) {
        if self.is_web(port) {
            return;
        }
        self.state.on_rtp(port, from, datagram, now, out);
    }

    /// A datagram for this port's leg has come to the port of all browsers. It is changed in place.
    pub fn on_web(&mut self, port: u32, from: SocketAddr, datagram: &mut [u8], now: Now, out: &mut impl Outlet) {
        self.state.on_web(port, from, datagram, now, out);
    }

    /// One step of one browser's handshake, a third of a millisecond; false when none waits.
    pub fn shake(&mut self, now: Now, out: &mut impl Outlet) -> bool {
        self.state.shake(now, out)
    }

    /// Whether [`Engine::shake`] has something to do.
    #[must_use]
    pub fn shakes(&self) -> bool {
        !self.state.steps.is_empty()
    }

    /// A browser's leg: nothing that comes to its own sockets is for it.
    fn is_web(&mut self, port: u32) -> bool {
        let leg = self.state.legs.get_mut(port as usize).filter(|leg| leg.web.is_some());
        leg.map(|leg| leg.refused += 1).is_some()
    }

    /// A datagram has come to a port's RTCP socket.
    pub fn on_rtcp(&mut self, port: u32, from: SocketAddr, datagram: &[u8], now: Now) {
        if !self.is_web(port) {
            self.state.on_rtcp(port, from, datagram, now);
        }
    }

    /// Sends every packet that is due at `now`, and does what the timers say.
    pub fn tick(&mut self, now: Now, out: &mut impl Outlet) {
        let mut due = std::mem::take(&mut self.due);
        while self.state.wheel.advance(now.mono, &mut due) {
            for (port, slot) in due.drain(..) {
                if port & REEL != 0 {
                    self.state.roll(port & !REEL, slot, now, out);
                } else if self.state.legs.get(port as usize).is_some_and(|l| l.due == slot) {
                    self.state.serve(port, slot, now, out);
                }
            }
        }
        self.due = due;
        self.fire(now, out);
    }

    /// Does what the timers up to `now` say; those of ended leases are void.
    fn fire(&mut self, now: Now, out: &mut impl Outlet) {
        while let Some(Reverse((at, port, epoch, timer))) = self.state.timers.peek().copied() {
            if at > now.mono {
                break;
            }
            self.state.timers.pop();
            if self.state.current(self.state.id(port), epoch).is_some() {
                match timer {
                    Timer::Report => self.state.report(port, now, out),
                    Timer::Silence => self.state.listen(port, now),
                    Timer::Listen => self.state.anyone(port, ATTENTION, now),
                    Timer::Handshake => self.state.shake_again(port, now, out),
                    Timer::Keys => self.state.keys_or_not(port, now, out),
                }
            }
        }
    }
}
