//! The sounds of the engine itself, and what is played as a tick takes it.

use super::hears::Hears;
use crate::audio::{g711, tone};
use crate::patch::{Clip, PlayId, Tone};

/// What a step of the sound came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filled {
    /// The frame is full, more follows.
    More,
    /// The frame holds the last sample.
    Last(PlayId),
    /// There was not one sample left.
    Over(PlayId),
    /// This source is not played to a tick.
    Silent,
    /// Voices, not a sound of the engine's own.
    Mixed,
}

/// The sounds of the engine itself, made once.
#[derive(Debug)]
pub struct Sounds {
    ringback: Vec<u8>,
    busy: Vec<u8>,
    congestion: Vec<u8>,
    reminder: Vec<u8>,
    keys: Vec<Vec<u8>>,
}

/// How long a key sounds, ms.
pub const KEY: u32 = 100;
/// How long the pause after it is, ms.
pub const PAUSE: u32 = 60;

impl Default for Sounds {
    fn default() -> Self {
        let keys = tone::KEYS.iter().filter_map(|k| {
            let mut sound = tone::key(*k, KEY)?;
            sound.resize(((KEY + PAUSE) * 8) as usize, g711::ALAW_SILENCE);
            Some(sound)
        });
        Self {
            ringback: tone::cadence(tone::RINGBACK),
            busy: tone::cadence(tone::BUSY),
            congestion: tone::cadence(tone::CONGESTION),
            reminder: tone::reminder(),
            keys: keys.collect(),
        }
    }
}

impl Sounds {
    fn tone(&self, tone: Tone) -> &[u8] {
        match tone {
            Tone::Ringback => &self.ringback,
            Tone::Busy => &self.busy,
            Tone::Congestion => &self.congestion,
            Tone::Reminder => &self.reminder,
        }
    }

    /// Fills a frame with a key's sound from sample `at` on; true while more follows.
    pub fn key(&self, code: u8, at: usize, frame: &mut [u8]) -> bool {
        let sound = self.keys.get(usize::from(code)).map_or(&[][..], Vec::as_slice);
        let rest = sound.get(at..).unwrap_or(&[]);
        let n = rest.len().min(frame.len());
        let (head, tail) = frame.split_at_mut(n);
        head.copy_from_slice(&rest[..n]);
        tail.fill(g711::ALAW_SILENCE);
        rest.len() > n
    }

    /// Moves the place on by whole frames of so many samples, `most` at the most, without a sound: what it came to, and the samples.
    pub fn pass(&self, hears: &mut Hears, frame: usize, most: usize) -> (Filled, usize) {
        match hears {
            Hears::Tone { tone, at } => {
                let circle = self.tone(*tone).len().max(1);
                *at = (*at + frame * most) % circle;
                (Filled::More, frame * most)
            }
            Hears::Play { play, clips, repeat, clip, at } => {
                let passed = take(clips, *repeat, (clip, at), frame * most, |_, _| ());
                let over = !*repeat && *clip >= clips.len();
                match (passed, over) {
                    (0, _) => (Filled::Over(*play), 0),
                    (_, true) => (Filled::Last(*play), passed.next_multiple_of(frame)),
                    (_, false) => (Filled::More, frame * most),
                }
            }
            Hears::Nothing | Hears::Leg(_) => (Filled::Silent, 0),
            Hears::Mix(_) => (Filled::Mixed, 0),
        }
    }

    /// Fills a frame with A-law from what is heard and moves its place on.
    pub fn fill(&self, hears: &mut Hears, frame: &mut [u8]) -> Filled {
        match hears {
            Hears::Nothing | Hears::Leg(_) => Filled::Silent,
            Hears::Mix(_) => Filled::Mixed,
            Hears::Tone { tone, at } => {
                let circle = self.tone(*tone);
                let mut done = 0;
                while done < frame.len() {
                    let rest = circle.get(*at..).unwrap_or(&[]);
                    let n = rest.len().min(frame.len() - done);
                    frame[done..done + n].copy_from_slice(&rest[..n]);
                    done += n;
                    *at = if *at + n >= circle.len() { 0 } else { *at + n };
                }
                Filled::More
            }
            Hears::Play { play, clips, repeat, clip, at } => {
                let length = frame.len();
                let copy = |done: usize, sound: &[u8]| frame[done..done + sound.len()].copy_from_slice(sound);
                let filled = take(clips, *repeat, (clip, at), length, copy);
                frame[filled..].fill(g711::ALAW_SILENCE);
                let over = !*repeat && *clip >= clips.len();
                match (filled, over) {
                    (0, _) => Filled::Over(*play),
                    (_, true) => Filled::Last(*play),
                    (_, false) => Filled::More,
                }
            }
        }
    }
}

/// Takes so many samples of clips one after the other without a gap, and gives each piece with its place among them; how many there were.
/// Afterwards the place is never at the end of a clip, so that the last frame is known as such.
fn take(
    clips: &[Clip],
    repeat: bool,
    place: (&mut usize, &mut usize),
    samples: usize,
    mut piece: impl FnMut(usize, &[u8]),
) -> usize {
    let (clip, at) = place;
    let mut done = 0;
    let mut empty = 0;
    loop {
        let Some(sound) = clips.get(*clip) else {
            if !repeat || clips.is_empty() {
                return done;
            }
            *clip = 0;
            continue;
        };
        let rest = sound.alaw.get(*at..).unwrap_or(&[]);
        if rest.is_empty() {
            (*clip, *at) = (*clip + 1, 0);
            empty += 1;
            if empty > 2 * clips.len() + 2 {
                return done;
            }
            continue;
        }
        if done == samples {
            return done;
        }
        empty = 0;
        let n = rest.len().min(samples - done);
        piece(done, &rest[..n]);
        done += n;
        *at += n;
    }
}
