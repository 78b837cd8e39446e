//! Keys heard in the sound itself (ITU-T Q.24), where telephone-event was not negotiated.
//!
//! Eight Goertzel filters over blocks of 102 samples (12.75 ms). A key counts when two blocks in a row agree,
//! so a tone of 40 ms is always heard and one under 23 ms never is; it is reported once, when it begins, and a
//! gap up to 10 ms does not split it. Twist, the strength within each group and the share of the two tones in
//! the whole energy keep speech from being taken for keys.

use super::{RATE, tone};

/// Samples of one block. 102 puts all eight frequencies near bin centres at 8 kHz.
const BLOCK: usize = 102;
/// Weakest tone believed, as filter energy: about −30 dBm0 each (Q.24 asks −25 at the least).
const THRESHOLD: f32 = 5.0e7;
/// The high group may be 4 dB above the low one …
const REVERSE_TWIST: f32 = 2.512;
/// … or 8 dB below it (Q.24 table A-1).
const NORMAL_TWIST: f32 = 6.310;
/// The strongest of a group over every other of it: 8 dB.
const PEAK: f32 = 6.310;
/// The two tones must hold 82 % of a block's energy; speech spreads over more.
const SHARE: f32 = 0.822 * BLOCK as f32;

/// Listens to one leg.
#[derive(Debug, Clone)]
pub struct Detector {
    coefficients: [f32; 8],
    v1: [f32; 8],
    v2: [f32; 8],
    energy: f32,
    filled: usize,
    last: Option<char>,
    pressed: Option<char>,
}

impl Default for Detector {
    fn default() -> Self {
        let mut coefficients = [0.0; 8];
        for (c, hertz) in coefficients.iter_mut().zip(tone::LOW.iter().chain(&tone::HIGH)) {
            *c = (2.0 * (std::f64::consts::TAU * hertz / f64::from(RATE)).cos()) as f32;
        }
        Self { coefficients, v1: [0.0; 8], v2: [0.0; 8], energy: 0.0, filled: 0, last: None, pressed: None }
    }
}

impl Detector {
    /// Listens to the next samples and calls `pressed` once for every key that begins in them.
    pub fn feed(&mut self, samples: impl IntoIterator<Item = i16>, mut pressed: impl FnMut(char)) {
        for sample in samples {
            let x = f32::from(sample);
            self.energy += x * x;
            for ((v1, v2), c) in self.v1.iter_mut().zip(&mut self.v2).zip(&self.coefficients) {
                let v = x + c * *v1 - *v2;
                *v2 = *v1;
                *v1 = v;
            }
            self.filled += 1;
            if self.filled == BLOCK
                && let Some(key) = self.block()
            {
                pressed(key);
            }
        }
    }

    /// Whether a key that was reported still sounds.
    #[must_use]
    pub fn sounding(&self) -> bool {
        self.pressed.is_some()
    }

    /// Ends a block: the key that begins with it, if one does.
    fn block(&mut self) -> Option<char> {
        let hit = self.hit();
        self.v1 = [0.0; 8];
        self.v2 = [0.0; 8];
        self.energy = 0.0;
        self.filled = 0;
        let mut began = None;
        // Two blocks in a row differ from what is held: they agree on a new key, or the key has ended.
        if hit != self.pressed && self.last != self.pressed {
            let next = if hit == self.last { hit } else { None };
            if next != self.pressed {
                began = next;
            }
            self.pressed = next;
        }
        self.last = hit;
        began
    }

    fn hit(&self) -> Option<char> {
        let mut energies = [0.0f32; 8];
        for (i, e) in energies.iter_mut().enumerate() {
            let (a, b) = (self.v1[i], self.v2[i]);
            *e = a * a + b * b - self.coefficients[i] * a * b;
        }
        let (low, high) = energies.split_at(4);
        let (row, low_peak) = strongest(low)?;
        let (column, high_peak) = strongest(high)?;
        let loud = low_peak >= THRESHOLD && high_peak >= THRESHOLD;
        let twist = high_peak < low_peak * REVERSE_TWIST && low_peak < high_peak * NORMAL_TWIST;
        let share = (low_peak + high_peak) > SHARE / 2.0 * self.energy;
        if loud && twist && share { tone::PAD.get(row)?.get(column).copied() } else { None }
    }
}

/// The strongest of a group, if it stands out.
fn strongest(group: &[f32]) -> Option<(usize, f32)> {
    let (best, peak) = group.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1))?;
    let alone = group.iter().enumerate().all(|(i, e)| i == best || *e * PEAK < peak);
    alone.then_some((best, peak))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::g711;

    fn heard(sound: &[i16]) -> String {
        let mut detector = Detector::default();
        let mut keys = String::new();
        for frame in sound.chunks(160) {
            detector.feed(frame.iter().copied(), |k| keys.push(k));
        }
        keys
    }

    fn two(low: f64, high: f64, millis: u32, low_db: f64, high_db: f64) -> Vec<i16> {
        // 0 dBm0 is 3.1 dB below A-law's full scale.
        let amp = |db: f64| 32_768.0 * 10f64.powf((db - 3.1) / 20.0);
        let wave = |f: f64, i: u32| (f64::from(i) * std::f64::consts::TAU * f / 8_000.0).sin();
        (0..millis * 8).map(|i| (wave(low, i) * amp(low_db) + wave(high, i) * amp(high_db)) as i16).collect()
    }

    fn around(sound: Vec<i16>, offset: usize) -> Vec<i16> {
        let mut all = vec![0; 400 + offset];
        all.extend(sound);
        all.extend([0; 800]);
        all
    }

    #[test]
    fn every_key_is_heard_once_at_forty_milliseconds_wherever_it_falls_in_the_blocks() {
        for key in tone::KEYS {
            let (low, high) = tone::frequencies(key).unwrap();
            for offset in 0..BLOCK {
                let sound = around(two(low, high, 40, -10.0, -8.0), offset);
                assert_eq!(heard(&sound), key.to_string(), "{key} at {offset}");
            }
        }
    }

    #[test]
    fn a_long_press_is_one_and_two_presses_with_a_pause_are_two() {
        let tone: Vec<i16> = tone::key('5', 2_000).unwrap().iter().map(|b| g711::alaw_decode(*b)).collect();
        assert_eq!(heard(&around(tone.clone(), 0)), "5");
        let mut twice = tone[..640].to_vec();
        twice.extend([0; 400]);
        twice.extend(&tone[..640]);
        assert_eq!(heard(&around(twice, 17)), "55");
        let mut broken = tone[..800].to_vec();
        broken.extend([0; 72]);
        broken.extend(&tone[..800]);
        assert_eq!(heard(&around(broken, 31)), "5", "a gap of 9 ms does not split a press");
    }

    #[test]
    fn limits_of_q_24() {
        let (low, high) = tone::frequencies('6').unwrap();
        let at = |l: f64, h: f64, ms, a, b| heard(&around(two(l, h, ms, a, b), 5));
        assert_eq!(at(low, high, 100, -25.0, -25.0), "6", "weakest");
        assert_eq!(at(low, high, 100, -3.0, -3.0), "6", "strongest");
        assert_eq!(at(low * 1.015, high * 0.985, 100, -10.0, -8.0), "6", "1.5 % off is accepted");
        assert_eq!(at(low * 1.035, high, 100, -10.0, -8.0), "", "3.5 % off is refused");
        assert_eq!(at(low, high * 0.965, 100, -10.0, -8.0), "", "3.5 % off is refused");
        assert_eq!(at(low, high, 100, -10.0, -7.0), "6", "high 3 dB louder");
        assert_eq!(at(low, high, 100, -10.0, -17.0), "6", "high 7 dB weaker");
        assert_eq!(at(low, high, 100, -20.0, -12.0), "", "twist");
        assert_eq!(at(low, high, 22, -10.0, -8.0), "", "too short");
        assert_eq!(at(low, high, 100, -60.0, -60.0), "", "too weak");
        assert_eq!(at(450.0, 450.0, 1_000, -10.0, -10.0), "", "ringback is no key");
    }

    #[test]
    fn speech_like_sound_and_noise_press_no_key() {
        // Ten minutes of vowels: a gliding glottal pulse train through three formants, with noise.
        let mut seed = 0x5eed_u64;
        let mut random = move || {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            (seed >> 11) as f64 / (1u64 << 53) as f64
        };
        let mut sound = Vec::with_capacity(4_800_000);
        let mut state = [[0.0f64; 2]; 3];
        let mut phase = 0.0;
        while sound.len() < 4_800_000 {
            let pitch = 90.0 + random() * 220.0;
            let glide = (random() - 0.5) * 60.0;
            let formants = [300.0 + random() * 600.0, 900.0 + random() * 1_400.0, 2_300.0 + random() * 900.0];
            let length = 800 + (random() * 2_000.0) as usize;
            for i in 0..length {
                phase += (pitch + glide * i as f64 / length as f64) / 8_000.0;
                let pulse = if phase >= 1.0 { 3_000.0 } else { 0.0 };
                phase = phase.fract();
                let excite = pulse + (random() - 0.5) * 120.0;
                let mut y = 0.0;
                for (s, f) in state.iter_mut().zip(formants) {
                    let r = 0.97f64;
                    let v = excite + 2.0 * r * (std::f64::consts::TAU * f / 8_000.0).cos() * s[0] - r * r * s[1];
                    s[1] = s[0];
                    s[0] = v;
                    y += v;
                }
                sound.push(y.clamp(-32_000.0, 32_000.0) as i16);
            }
        }
        assert_eq!(heard(&sound), "");
    }
}
