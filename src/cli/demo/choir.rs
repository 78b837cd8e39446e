//! The sound of all robots of a demo: one tick for every voice. What they are told nobody listens to.

use crate::cli::voice::{Sound, Voice};
use crate::clock::Clock;
use crate::sdp::Agreed;
use crate::sip::dialog::SessionId;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::UdpSocket;
use std::rc::Rc;
use std::time::Duration;
use tokio::time::MissedTickBehavior;

/// Between two ticks, µs: a packet of everybody.
const TICK: u64 = 20_000;
/// What has come is thrown away every so many ticks: before the kernel's buffer is full, which would be counted as a fault.
const THROWN_AWAY: u64 = 25;

/// A call of a phone: the phone's number here, and its call.
pub type Singer = (u32, SessionId);

/// All voices.
#[derive(Debug)]
pub struct Choir {
    /// The clock of all robots.
    pub clock: Clock,
    voices: RefCell<BTreeMap<Singer, (Voice, Rc<UdpSocket>)>>,
}

impl Choir {
    /// Nobody sings.
    #[must_use]
    pub fn new() -> Self {
        Self { clock: Clock::system(), voices: RefCell::default() }
    }

    /// A call speaks as agreed from now on; `sound` is what it says if it has not spoken yet.
    pub fn agree(&self, singer: Singer, agreed: &Agreed, sound: &Sound, socket: &Rc<UdpSocket>) {
        // Half-way between two ticks: a tick that is early or late by some ms finds one packet due, never none or two.
        let now = self.clock.now().mono / TICK * TICK + TICK / 2;
        let ssrc = singer.0.wrapping_mul(0x9E37_79B9) ^ now as u32;
        let mut voices = self.voices.borrow_mut();
        let fresh = || (Voice::new(sound.clone(), ssrc), socket.clone());
        voices.entry(singer).or_insert_with(fresh).0.agree(agreed, now);
    }

    /// Keys of a call, one after another.
    pub fn press(&self, singer: Singer, keys: &str) {
        if let Some((voice, _)) = self.voices.borrow_mut().get_mut(&singer) {
            voice.press(keys);
        }
    }

    /// A call is over.
    pub fn stop(&self, singer: Singer) {
        self.voices.borrow_mut().remove(&singer);
    }

    /// Sings for ever.
    pub async fn sing(&self) {
        let mut interval = tokio::time::interval(Duration::from_micros(TICK));
        interval.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut ticks = 0u64;
        loop {
            interval.tick().await;
            ticks += 1;
            self.tick(ticks.is_multiple_of(THROWN_AWAY));
        }
    }

    fn tick(&self, throw_away: bool) {
        let now = self.clock.now().mono;
        for (voice, socket) in self.voices.borrow_mut().values_mut() {
            while let Some((to, packet)) = voice.poll(now) {
                // A packet that cannot be sent is a packet lost: RTP lives with it.
                let _ = socket.send_to(&packet, to);
            }
            // The rest of a datagram that does not fit is thrown away by the kernel.
            while throw_away && socket.recv(&mut [0; 1]).is_ok() {}
        }
    }
}
