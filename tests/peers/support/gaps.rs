//! Holes in what a party hears, counted in samples of its own stream: by timestamps, never by the clock of this machine.

use super::sound::{Line, share};
use std::collections::BTreeMap;
use switchboard::audio::{g711, level};

/// Softer than this is a hole, dB relative to full scale.
const QUIET_DBFS: f64 = -45.0;
/// 5 ms.
const WINDOW: usize = 40;
/// 10 ms: a whole number of periods of every multiple of 100 Hz, so that no tone is mistaken for another.
const PERIODS: usize = 80;
/// 1 ms.
const STEP: usize = 8;

/// A stretch of what a party heard, as its phone would play it.
#[derive(Debug)]
pub struct Stretch {
    samples: Vec<i16>,
}

impl Stretch {
    /// What came to this line between two moments (µs monotonic), each packet at its timestamp; what no packet brings is silence.
    pub fn heard(line: &Line, from: u64, until: u64) -> Self {
        let packets =
            line.packets().into_iter().filter(|p| (from..=until).contains(&p.at) && p.header.payload_type == 8);
        let placed: BTreeMap<u32, Vec<u8>> = packets.map(|p| (p.header.timestamp, p.payload)).collect();
        let (Some((first, _)), Some((last, payload))) = (placed.first_key_value(), placed.last_key_value()) else {
            panic!("{} heard nothing at all", line.address);
        };
        let mut samples = vec![0; last.wrapping_sub(*first) as usize + payload.len()];
        for (timestamp, payload) in &placed {
            let at = timestamp.wrapping_sub(*first) as usize;
            let decoded = payload.iter().map(|byte| g711::alaw_decode(*byte));
            samples[at..at + payload.len()].iter_mut().zip(decoded).for_each(|(slot, sample)| *slot = sample);
        }
        Self { samples }
    }

    /// How long it is, samples.
    pub fn len(&self) -> usize {
        self.samples.len()
    }

    /// The longest run of windows of 5 ms without any sound, samples.
    pub fn silence(&self) -> usize {
        let quiet = self.samples.chunks_exact(WINDOW).map(|w| level::rms_dbfs(w) < QUIET_DBFS);
        longest(quiet) * WINDOW
    }

    /// The longest hole in this tone, whatever else is heard, samples; to about 1 ms.
    pub fn hole(&self, hertz: f64) -> usize {
        let whole = 10_000.0 / 32_768.0;
        let windows = self.samples.windows(PERIODS).step_by(STEP);
        longest(windows.map(|w| share(w, hertz) < whole / 2.0)) * STEP
    }
}

/// The longest run of `true`.
fn longest(flags: impl Iterator<Item = bool>) -> usize {
    let (mut run, mut best) = (0, 0);
    for flag in flags {
        run = if flag { run + 1 } else { 0 };
        best = best.max(run);
    }
    best
}

#[cfg(test)]
mod tests {
    use super::super::sound::tone;
    use super::*;

    #[test]
    fn a_hole_is_as_long_as_it_is_and_another_tone_does_not_fill_it() {
        for hole in [0, 80, 160, 400] {
            let mut samples: Vec<i16> = tone(700.0, 0, 4_000).collect();
            samples[2_000..2_000 + hole].fill(0);
            let alone = Stretch { samples: samples.clone() };
            assert!(alone.silence().abs_diff(hole) <= WINDOW, "{hole}: {}", alone.silence());
            assert!(alone.hole(700.0).abs_diff(hole) <= 2 * STEP, "{hole}: {}", alone.hole(700.0));
            let other = samples.iter().zip(tone(1_700.0, 0, 4_000)).map(|(a, b)| a + b).collect();
            let both = Stretch { samples: other };
            assert_eq!(both.silence(), 0);
            assert!(both.hole(700.0).abs_diff(hole) <= 2 * STEP, "{hole}: {}", both.hole(700.0));
            assert_eq!(both.hole(1_700.0), 0);
        }
    }
}
