//! Three and more: each listener's own sum of voices, on the 20 ms tick.
//!
//! A leg that somebody hears in a mix gets a receiver (`receiver`); who hears it relayed goes on hearing it relayed. All listeners of
//! a conference are served in the same slot of the wheel, in step with the receivers, so that a sample waits for nothing but
//! its jitter buffer. A listener's stream stays one: from the relay it goes on at the timestamp that is due, back in
//! the relay the next packet joins where the mix ended.

use super::hears::{Crossing, Hears, Mix};
use super::outlet::Outlet;
use super::receiver::SLOTS;
use super::send;
use super::sounds::Filled;
use super::state::State;
use super::wheel::Wheel;
use crate::audio::g711;
use crate::audio::mixer::{FRAME, Sum};
use crate::clock::{MILLI, Now};
use crate::patch::{Event, PlayId};

impl State {
    /// Puts a listener into the first slot from `at` (µs) on that is in step with those it hears.
    pub(super) fn begin_mix(&mut self, port: u32, at: u64) {
        let Some(Hears::Mix(mix)) = self.legs.get(port as usize).map(|l| &l.hears) else {
            return;
        };
        let voices = mix.voices.clone();
        let receiver =
            |engine: &Self, leg: u32| engine.legs.get(leg as usize).and_then(|l| l.receiver.as_ref()?.step());
        let step = voices.iter().find_map(|v| receiver(self, v.leg));
        let slot = Wheel::slot(at);
        let wait = step.map_or(0, |step| (step % SLOTS + SLOTS - slot % SLOTS) % SLOTS);
        let due = self.wheel.put(port, Wheel::time(slot + wait));
        for voice in &voices {
            if let Some(receiver) = self.legs.get_mut(voice.leg as usize).and_then(|l| l.receiver.as_mut()) {
                receiver.begin(due);
            }
        }
        if let Some(leg) = self.legs.get_mut(port as usize) {
            leg.due = due;
        }
    }

    /// A slot of a listener: mixes what is due and sends what is full. After how many µs again.
    pub(super) fn mixing(&mut self, port: u32, slot: u64, now: Now, out: &mut impl Outlet) -> Option<u64> {
        if self.overdue(port, now.mono) {
            self.come_out(port);
        }
        let leg = self.legs.get_mut(port as usize)?;
        if !matches!(leg.hears, Hears::Mix(_)) {
            return None;
        }
        let Hears::Mix(mut mix) = std::mem::take(&mut leg.hears) else {
            return None;
        };
        let ptime = leg.ptime();
        let even = ptime.is_multiple_of(20);
        if slot >= mix.gathered + SLOTS {
            if slot >= mix.gathered + 2 * SLOTS {
                // The first frame, or keys or a stall have taken time that is not sent any more.
                if !mix.crossing.is_some_and(Crossing::arrives) {
                    leg.out.turn();
                }
                (mix.filled, mix.due) = (0, 0);
            }
            mix.gathered = slot;
            if let Some(play) = self.gather(port, slot, &mut mix) {
                let port = self.id(port);
                let epoch = self.legs.get(port.index as usize)?.epoch;
                self.events.push_back(Event::PlayFinished { port, epoch, play });
            }
        }
        let samples = ptime * 8;
        while mix.filled >= samples && (even || slot >= mix.due) {
            if !self.lands(port, &mut mix, now.mono) {
                self.stand_in(port, now, out);
                mix.leave_out();
                continue;
            }
            let leg = self.legs.get_mut(port as usize)?;
            send::sound(leg, port, &mix.pending[..samples], &mut self.frame, now, out);
            mix.pending.copy_within(samples..mix.filled, 0);
            mix.filled -= samples;
            // The pace begins with the first packet that is full.
            mix.due = if mix.due == 0 { slot } else { mix.due } + ptime as u64 / 5;
        }
        self.legs.get_mut(port as usize)?.hears = Hears::Mix(mix);
        Some(if even { 20 } else { 10 } * MILLI)
    }

    /// Silence for a listener that is on its way into a mix, where its speaker's packets are kept from it.
    fn stand_in(&mut self, listener: u32, now: Now, out: &mut impl Outlet) {
        let Some(leg) = self.legs.get_mut(listener as usize) else {
            return;
        };
        if now.mono < leg.silent_until && leg.out.due() <= now.mono {
            send::silence(leg, listener, &mut self.frame, now, out);
        }
    }

    /// Sums up the frame of a slot; the playing beside that ends with it.
    fn gather(&mut self, port: u32, slot: u64, mix: &mut Mix) -> Option<PlayId> {
        let events = self.legs.get(port as usize)?.telephone_event().is_some();
        let mut sum = Sum::default();
        let carried = mix.crossing.map(Crossing::leg);
        mix.behind.1 = if carried.is_some() { mix.behind.1 } else { 0 };
        for voice in mix.voices.iter().filter(|v| !v.mute) {
            let Some(speaker) = self.legs.get_mut(voice.leg as usize) else {
                continue;
            };
            // A key in the sound is not for those who get it as an event, nor for those who shall not hear it.
            let withheld = events || speaker.secret || !voice.digits;
            let piece = speaker.receiver.as_mut().and_then(|receiver| receiver.piece(slot));
            if carried == Some(voice.leg) {
                let timestamp = piece.and_then(|p| p.timestamp);
                mix.behind = timestamp.map_or((0, 0), |t| (t.wrapping_add(FRAME as u32), mix.behind.1 + FRAME));
            }
            if let Some(piece) = piece.filter(|p| !(p.quiet || p.keyed && withheld)) {
                sum.add(&piece.sound, voice.gain);
            }
        }
        let mut finished = None;
        // What is played beside begins with the mix.
        let arrived = !mix.crossing.is_some_and(Crossing::arrives);
        if let Some((hears, gain)) = mix.beside.as_mut().filter(|_| arrived) {
            let (mut alaw, mut sound) = ([0; FRAME], [0; FRAME]);
            match self.sounds.fill(hears, &mut alaw) {
                Filled::More | Filled::Silent | Filled::Mixed => {}
                Filled::Last(play) | Filled::Over(play) => finished = Some(play),
            }
            g711::alaw_decode_frame(&alaw, &mut sound);
            sum.add(&sound, *gain);
        }
        if finished.is_some() {
            mix.beside = None;
        }
        mix.pending.get_mut(mix.filled..mix.filled + FRAME)?.copy_from_slice(&sum.frame());
        mix.filled += FRAME;
        finished
    }
}
