//! What a leg says: its call's own tone, and in front of each frame who speaks and when.
//!
//! A relay that passes sound on bit by bit passes the mark too; whoever mixes or transcodes does not, and such a frame counts as
//! sound of others.

use crate::audio::RATE;
use crate::audio::g711;
use std::f64::consts::TAU;

/// Samples of a frame, and bytes: A-law or µ-law, 20 ms.
pub const SAMPLES: usize = 160;
/// What no tone and no prompt begins with.
const MAGIC: [u8; 4] = [0x5A, 0xC3, 0x3C, 0xA5];
const MARK: usize = 13;
/// Tones are multiples of this, Hz, so that each frame holds whole waves.
const STEP: f64 = 50.0;
const LOWEST: u32 = 8;
const TONES: u32 = 40;

/// Who a frame comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// The call.
    pub call: u32,
    /// Its side: 0 the caller, others who answered.
    pub side: u8,
    /// When it was sent, µs of the run, of which the lowest 32 bits.
    pub at: u32,
}

impl Mark {
    /// Writes it over the beginning of a frame.
    pub fn write(self, frame: &mut [u8]) {
        let Some(place) = frame.first_chunk_mut::<MARK>() else { return };
        let [a, b, c, d] = self.call.to_be_bytes();
        let [e, f, g, h] = self.at.to_be_bytes();
        let [m, n, o, p] = MAGIC;
        *place = [m, n, o, p, a, b, c, d, self.side, e, f, g, h];
    }

    /// Reads it; `None`: a frame of somebody else.
    #[must_use]
    pub fn read(frame: &[u8]) -> Option<Self> {
        let [m, n, o, p, a, b, c, d, side, e, f, g, h] = *frame.first_chunk::<MARK>()?;
        ([m, n, o, p] == MAGIC).then(|| Self {
            call: u32::from_be_bytes([a, b, c, d]),
            side,
            at: u32::from_be_bytes([e, f, g, h]),
        })
    }
}

/// The tones, made once.
#[derive(Debug)]
pub struct Tones {
    alaw: Vec<[u8; SAMPLES]>,
    ulaw: Vec<[u8; SAMPLES]>,
}

impl Default for Tones {
    fn default() -> Self {
        let tone = |n: u32| {
            let hertz = f64::from(n) * STEP;
            std::array::from_fn(|i| {
                let turn = (hertz * i as f64 / f64::from(RATE)).fract() * TAU;
                g711::alaw_encode((turn.sin() * 7_000.0) as i16)
            })
        };
        let alaw: Vec<[u8; SAMPLES]> = (LOWEST..LOWEST + TONES).map(tone).collect();
        let mut ulaw = alaw.clone();
        ulaw.iter_mut().for_each(|frame| g711::alaw_to_ulaw(frame));
        Self { alaw, ulaw }
    }
}

impl Tones {
    /// The frame of a side of a call: neighbours in number differ in tone.
    #[must_use]
    pub fn of(&self, call: u32, side: u8, ulaw: bool) -> [u8; SAMPLES] {
        let which = (call.wrapping_mul(2).wrapping_add(u32::from(side)) % TONES) as usize;
        let tones = if ulaw { &self.ulaw } else { &self.alaw };
        tones.get(which).copied().unwrap_or([0xD5; SAMPLES])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::level::dominant_frequency;

    #[test]
    fn a_mark_comes_back_and_a_tone_is_none() {
        let tones = Tones::default();
        let mut frame = tones.of(70_000, 1, false);
        assert_eq!(Mark::read(&frame), None);
        let mark = Mark { call: 70_000, side: 1, at: 0xDEAD_BEEF };
        mark.write(&mut frame);
        assert_eq!(Mark::read(&frame), Some(mark));
        assert_eq!(Mark::read(&frame[..12]), None);
    }

    #[test]
    fn sides_of_a_call_and_neighbours_speak_different_tones() {
        let tones = Tones::default();
        let hertz = |call, side| {
            let frame: Vec<u8> = (0..10).flat_map(|_| tones.of(call, side, false)).collect();
            let samples: Vec<i16> = frame.iter().map(|b| g711::alaw_decode(*b)).collect();
            dominant_frequency(&samples).unwrap().round() as i32
        };
        let heard = [hertz(0, 0), hertz(0, 1), hertz(1, 0)];
        assert_eq!(heard, [400, 450, 500]);
        assert!((LOWEST + TONES) as f64 * STEP <= 3_400.0);
    }
}
