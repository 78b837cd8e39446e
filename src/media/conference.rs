//! Three and more: each listener's own sum of voices, on the 20 ms tick.
//!
//! A leg that somebody hears in a mix gets an [`Ear`]; who hears it relayed goes on hearing it relayed. All listeners of
//! a conference are served in the same slot of the wheel, in step with the ears, so that a sample waits for nothing but
//! its jitter buffer. A listener's stream stays one: from the relay it goes on at the timestamp that is due, back in
//! the relay the next packet joins where the mix ended.

use super::crossing::Crossing;
use super::ear::{Ear, SLOTS};
use super::engine::{Engine, Outlet};
use super::leg::{Filled, Hears, LONGEST_FRAME, Leg};
use super::player::{Frame, send};
use super::wheel::Wheel;
use crate::audio::g711;
use crate::audio::mixer::{FRAME, Gain, Sum};
use crate::clock::{MILLI, Now};
use crate::patch::{Beside, Codec, Event, PlayId, Sound, Voice};
use crate::rtp::HEADER;
use smallvec::SmallVec;

/// Voices that one leg hears at most.
const VOICES: usize = 64;

/// A voice, by index on this thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heard {
    /// Whose.
    pub leg: u32,
    gain: Gain,
    mute: bool,
    /// Its keys go on to this listener.
    pub digits: bool,
}

/// What one leg hears in a mix, with the place it has reached.
#[derive(Debug)]
pub struct Mix {
    /// Who is heard.
    pub voices: SmallVec<[Heard; 4]>,
    beside: Option<(Hears, Gain)>,
    /// Sound that has been mixed and not been sent.
    pending: [i16; LONGEST_FRAME + FRAME],
    filled: usize,
    /// The slot of the last frame; 0 before the first.
    gathered: u64,
    /// The slot of the next packet; 0 before the first.
    due: u64,
    /// The listener is on its way into it or out of it.
    pub crossing: Option<Crossing>,
    /// Of the voice that it crosses with: the timestamp behind what is pending, and how much of that is real.
    behind: (u32, usize),
}

impl Default for Mix {
    fn default() -> Self {
        Self {
            voices: SmallVec::new(),
            beside: None,
            pending: [0; LONGEST_FRAME + FRAME],
            filled: 0,
            gathered: 0,
            due: 0,
            crossing: None,
            behind: (0, 0),
        }
    }
}

impl Mix {
    /// Whether a voice is in it with all that it says.
    pub fn audible(&self, leg: u32) -> bool {
        self.voices.iter().any(|v| v.leg == leg && !v.mute && v.digits)
    }

    /// Nothing but this voice is in it any more.
    pub fn only(&mut self, leg: u32) {
        self.voices.retain(|v| v.leg == leg);
        self.beside = None;
    }

    /// The timestamp of the oldest sample pending of the voice that it crosses with, if all of them are real.
    pub fn oldest(&self) -> Option<u32> {
        let (behind, real) = self.behind;
        (real >= self.filled).then_some(behind.wrapping_sub(self.filled as u32))
    }

    /// Silences so many samples of what is pending longest.
    pub fn hush(&mut self, length: usize) {
        self.pending.iter_mut().take(length.min(self.filled)).for_each(|sample| *sample = 0);
    }

    /// Leaves out what is pending longest.
    fn leave_out(&mut self) {
        let length = self.filled.min(FRAME);
        self.pending.copy_within(length..self.filled, 0);
        self.filled -= length;
    }

    /// Another sound beside; the same one goes on where it is.
    fn accompany(&mut self, beside: Option<Beside>) {
        let Some(Beside { sound, gain_db }) = beside else {
            self.beside = None;
            return;
        };
        let gain = Gain::db(gain_db);
        let same = match (&self.beside, &sound) {
            (Some((Hears::Tone { tone, .. }, _)), Sound::Tone(new)) => tone == new,
            (Some((Hears::Play { play, .. }, _)), Sound::Clips { play: new, .. }) => play == new,
            _ => false,
        };
        match &mut self.beside {
            Some(beside) if same => beside.1 = gain,
            beside => {
                let hears = match sound {
                    Sound::Tone(tone) => Hears::Tone { tone, at: 0 },
                    Sound::Clips { play, clips, repeat } => Hears::Play { play, clips, repeat, clip: 0, at: 0 },
                };
                *beside = Some((hears, gain));
            }
        }
    }
}

impl Engine {
    /// A leg's mix, made of the one it had if it had one.
    pub(super) fn mix(&mut self, index: u32, voices: &[Voice], beside: Option<Beside>) -> Box<Mix> {
        let mut new: SmallVec<[Heard; 4]> = SmallVec::new();
        for voice in voices.iter().take(VOICES) {
            let leg = self.current(voice.port, voice.epoch).filter(|leg| *leg != index);
            if let Some(leg) = leg.filter(|leg| new.iter().all(|v| v.leg != *leg)) {
                new.push(Heard { leg, gain: Gain::db(voice.gain_db), mute: voice.mute, digits: voice.digits });
            }
        }
        for voice in &new {
            if let Some(leg) = self.legs.get_mut(voice.leg as usize) {
                if !leg.mixers.contains(&index) {
                    leg.mixers.push(index);
                }
                leg.open_ear();
            }
        }
        let former = self.legs.get_mut(index as usize).map(|leg| std::mem::take(&mut leg.hears));
        let mut mix = match former {
            Some(Hears::Mix(mix)) => mix,
            _ => Box::default(),
        };
        let old = std::mem::replace(&mut mix.voices, new);
        for gone in old.iter().filter(|v| mix.voices.iter().all(|new| new.leg != v.leg)) {
            self.unhear(index, gone.leg);
        }
        mix.accompany(beside);
        mix
    }

    /// A listener does not hear this leg in its mix any more.
    pub(super) fn unhear(&mut self, index: u32, speaker: u32) {
        if let Some(leg) = self.legs.get_mut(speaker as usize) {
            leg.mixers.retain(|l| *l != index);
            leg.close_ear();
        }
    }

    /// A leg has ended: nobody has it in a mix any more.
    pub(super) fn fall_silent(&mut self, speaker: u32, mixers: &[u32]) {
        for listener in mixers {
            if let Some(Hears::Mix(mix)) = self.legs.get_mut(*listener as usize).map(|l| &mut l.hears) {
                mix.voices.retain(|v| v.leg != speaker);
            }
        }
    }

    /// Puts a listener into the first slot from `at` (µs) on that is in step with those it hears.
    pub(super) fn begin_mix(&mut self, port: u32, at: u64) {
        let Some(Hears::Mix(mix)) = self.legs.get(port as usize).map(|l| &l.hears) else {
            return;
        };
        let voices = mix.voices.clone();
        let ear = |engine: &Self, leg: u32| engine.legs.get(leg as usize).and_then(|l| l.ear.as_ref()?.step());
        let step = voices.iter().find_map(|v| ear(self, v.leg));
        let slot = Wheel::slot(at);
        let wait = step.map_or(0, |step| (step % SLOTS + SLOTS - slot % SLOTS) % SLOTS);
        let due = self.wheel.put(port, Wheel::time(slot + wait));
        for voice in &voices {
            if let Some(ear) = self.legs.get_mut(voice.leg as usize).and_then(|l| l.ear.as_mut()) {
                ear.begin(due);
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
                mix.leave_out();
                continue;
            }
            let leg = self.legs.get_mut(port as usize)?;
            voice(leg, port, &mix.pending[..samples], &mut self.frame, now, out);
            mix.pending.copy_within(samples..mix.filled, 0);
            mix.filled -= samples;
            // The pace begins with the first packet that is full.
            mix.due = if mix.due == 0 { slot } else { mix.due } + ptime as u64 / 5;
        }
        self.legs.get_mut(port as usize)?.hears = Hears::Mix(mix);
        Some(if even { 20 } else { 10 } * MILLI)
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
            let piece = speaker.ear.as_mut().and_then(|ear| ear.piece(slot));
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

    /// Keys that begin on a leg go to those who hear it in a mix, each in its own way.
    /// `event`: SSRC and timestamp of a press that came as telephone-event.
    pub(super) fn spread_keys(&mut self, port: u32, keys: &[u8], event: Option<(u32, u32)>) {
        let mixers = |engine: &Self, k: usize| engine.legs.get(port as usize).and_then(|l| l.mixers.get(k).copied());
        let mut k = 0;
        while let Some(to) = mixers(self, k) {
            k += 1;
            let Some(leg) = self.legs.get_mut(to as usize) else {
                continue;
            };
            let Hears::Mix(mix) = &leg.hears else {
                continue;
            };
            // Whoever is on both ways gets them relayed.
            let hears = mix.audible(port) && mix.crossing.and_then(Crossing::relayed) != Some(port);
            if hears && (event.is_some() || leg.telephone_event().is_some()) {
                leg.taken = event;
                keys.iter().for_each(|code| leg.press(*code));
            }
        }
    }
}

impl Leg {
    /// Someone mixes or records what this leg says.
    pub(super) fn open_ear(&mut self) {
        if self.ear.is_none() {
            self.ear = Some(Box::new(Ear::new(self.codec(), self.heard.jitter_us())));
        }
    }

    /// Nobody does any more.
    pub(super) fn close_ear(&mut self) {
        if self.mixers.is_empty() && self.tape.is_none() {
            self.ear = None;
        }
    }
}

/// Sends mixed sound in the leg's codec; lets the time pass where nobody listens.
fn voice(leg: &mut Leg, port: u32, sound: &[i16], frame: &mut Frame, now: Now, out: &mut impl Outlet) {
    let length = sound.len();
    if leg.to.is_none() {
        leg.out.skip(length as u32, now.mono);
        return;
    }
    let codec = leg.codec();
    if let Some(payload) = frame.get_mut(HEADER..HEADER + length) {
        match codec {
            Codec::Pcma => g711::alaw_encode_frame(sound, payload),
            Codec::Pcmu => g711::ulaw_encode_frame(sound, payload),
        }
    }
    let header = leg.out.own(codec.payload_type(), length as u32, now.mono);
    send(leg, port, &header, HEADER + length, frame, out);
}
