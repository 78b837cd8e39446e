//! Packet-loss concealment after ITU-T G.711 Appendix I, without its delay: what is missing is made from the last
//! pitch period, full for 10 ms and then fading to silence at 60 ms; what comes after it is faded in over what was
//! made, so that neither edge clicks.
//!
//! Departure from the appendix: it holds every frame back by 3.75 ms to smooth the beginning of a loss. Here the
//! period is smoothed at its own seam instead, and nothing is held back.

/// Shortest pitch period, samples (200 Hz); a higher voice repeats several periods.
const SHORTEST: usize = 40;
/// Longest pitch period, samples (66 Hz).
const LONGEST: usize = 120;
/// Samples that two periods are compared over: 20 ms.
const COMPARED: usize = 160;
/// What is remembered.
const HISTORY: usize = COMPARED + LONGEST + LONGEST / 4;
/// Full strength until here …
const FULL: usize = 80;
/// … and silence from here on.
const FADED: usize = 480;
/// Shortest and longest passage from what was made to what has come.
const PASSAGE: (usize, usize) = (40, 80);

/// One voice's memory.
#[derive(Debug, Clone)]
pub struct Concealer {
    history: [i16; HISTORY],
    /// The last period, as a circle without a seam.
    period: [i16; LONGEST],
    lag: usize,
    at: usize,
    /// Samples made since the last that came.
    made: usize,
    /// What is left of the passage, and its length.
    passage: (usize, usize),
}

impl Default for Concealer {
    fn default() -> Self {
        Self { history: [0; HISTORY], period: [0; LONGEST], lag: SHORTEST, at: 0, made: 0, passage: (0, 0) }
    }
}

impl Concealer {
    /// Sound that has come, in place: after a loss its beginning is blended with what was being made.
    pub fn heard(&mut self, samples: &mut [i16]) {
        if self.made > 0 && self.passage.0 == 0 {
            let length = (PASSAGE.0 + self.made / 4).min(PASSAGE.1);
            self.passage = (length, length);
        }
        if self.passage.0 > 0 {
            for sample in samples.iter_mut() {
                let (left, length) = self.passage;
                if left == 0 {
                    break;
                }
                let made = i32::from(self.next());
                let (left, length) = (left as i32, length as i32 + 1);
                *sample = ((made * left + i32::from(*sample) * (length - left)) / length) as i16;
                self.passage.0 -= 1;
            }
            if self.passage.0 == 0 {
                self.made = 0;
            }
        }
        self.remember(samples);
    }

    /// Sound that is missing, made.
    pub fn missing(&mut self, samples: &mut [i16]) {
        if self.made == 0 || self.passage.0 > 0 {
            self.begin();
        }
        for sample in samples.iter_mut() {
            *sample = self.next();
        }
        self.remember(samples);
    }

    /// What comes next does not follow what came before (time was left out): it is blended as after a loss.
    pub fn jump(&mut self) {
        if self.made == 0 {
            self.begin();
            self.made = 1;
        }
    }

    /// Whether nothing but silence is made at present.
    #[must_use]
    pub fn faded(&self) -> bool {
        self.made >= FADED
    }

    fn begin(&mut self) {
        self.made = 0;
        self.at = 0;
        self.passage = (0, 0);
        self.lag = self.pitch();
        let (lag, end) = (self.lag, HISTORY);
        self.period[..lag].copy_from_slice(&self.history[end - lag..]);
        let seam = lag / 4;
        for i in 0..seam {
            let (rise, length) = (i as i32 + 1, seam as i32 + 1);
            let before = i32::from(self.history[end - lag - seam + i]);
            let sample = &mut self.period[lag - seam + i];
            *sample = ((i32::from(*sample) * (length - rise) + before * rise) / length) as i16;
        }
    }

    fn next(&mut self) -> i16 {
        let strength = match self.made {
            made if made < FULL => 256,
            made if made < FADED => (FADED - made) * 256 / (FADED - FULL),
            _ => 0,
        };
        let sample = i32::from(self.period[self.at]) * strength as i32 / 256;
        self.at = if self.at + 1 == self.lag { 0 } else { self.at + 1 };
        self.made = (self.made + 1).min(FADED);
        sample as i16
    }

    /// The lag at which the last 20 ms are most like those before them (normalised cross-correlation, every other sample).
    fn pitch(&self) -> usize {
        let now = &self.history[HISTORY - COMPARED..];
        let mut best = (SHORTEST, f32::MIN);
        for lag in SHORTEST..=LONGEST {
            let before = &self.history[HISTORY - COMPARED - lag..HISTORY - lag];
            let (mut product, mut energy) = (0f32, 1f32);
            for (a, b) in now.iter().step_by(2).zip(before.iter().step_by(2)) {
                product += f32::from(*a) * f32::from(*b);
                energy += f32::from(*b) * f32::from(*b);
            }
            let likeness = product / energy.sqrt();
            if likeness > best.1 {
                best = (lag, likeness);
            }
        }
        best.0
    }

    fn remember(&mut self, samples: &[i16]) {
        let n = samples.len().min(HISTORY);
        self.history.copy_within(n.., 0);
        self.history[HISTORY - n..].copy_from_slice(&samples[samples.len() - n..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::level::{power_at, rms_dbfs};

    fn voice(i: usize) -> i16 {
        let wave = |hertz: f64, amplitude: f64| (i as f64 * std::f64::consts::TAU * hertz / 8_000.0).sin() * amplitude;
        (wave(130.0, 6_000.0) + wave(260.0, 3_000.0) + wave(520.0, 1_500.0)) as i16
    }

    /// A voice of which `lost` frames of 20 ms from frame 10 on are missing.
    fn with_loss(sound: impl Fn(usize) -> i16, lost: usize) -> Vec<i16> {
        let mut concealer = Concealer::default();
        let mut all = Vec::new();
        for frame in 0..25 {
            let mut samples: Vec<i16> = (frame * 160..(frame + 1) * 160).map(&sound).collect();
            if (10..10 + lost).contains(&frame) {
                concealer.missing(&mut samples);
            } else {
                concealer.heard(&mut samples);
            }
            all.extend(samples);
        }
        all
    }

    fn steepest(samples: &[i16]) -> i32 {
        samples.windows(2).map(|w| (i32::from(w[1]) - i32::from(w[0])).abs()).max().unwrap()
    }

    #[test]
    fn without_loss_not_a_sample_is_changed() {
        let whole: Vec<i16> = (0..25 * 160).map(voice).collect();
        assert_eq!(with_loss(voice, 0), whole);
    }

    #[test]
    fn a_loss_is_filled_without_a_click_and_fades_to_silence_in_60_ms() {
        let whole: Vec<i16> = (0..25 * 160).map(voice).collect();
        for lost in [1, 2, 3, 5] {
            let sound = with_loss(voice, lost);
            assert!(steepest(&sound) <= steepest(&whole) * 2, "{lost}: {}", steepest(&sound));
            let first = rms_dbfs(&sound[1_600..1_680]);
            assert!(
                (first - rms_dbfs(&whole[1_600..1_680])).abs() < 1.5,
                "{lost}: the first 10 ms are as loud: {first}"
            );
            let back = (10 + lost) * 160 + 80;
            assert_eq!(sound[back..], whole[back..], "and 10 ms later the voice is itself");
        }
        let long = with_loss(voice, 5);
        assert!(long[1_600 + 480..1_600 + 800].iter().all(|s| *s == 0), "60 ms later nothing is made");
    }

    #[test]
    fn a_tone_goes_on_at_its_pitch_through_a_lost_packet() {
        for hertz in [400.0, 850.0, 1_300.0] {
            let tone = |i: usize| ((i as f64 * std::f64::consts::TAU * hertz / 8_000.0).sin() * 8_000.0) as i16;
            let sound = with_loss(tone, 1);
            let whole: Vec<i16> = (0..160).map(tone).collect();
            let share = power_at(&sound[1_600..1_760], hertz) / power_at(&whole, hertz);
            assert!(share > 0.5, "{hertz}: {share}");
        }
    }

    #[test]
    fn a_jump_in_time_is_blended() {
        let mut concealer = Concealer::default();
        let mut before: Vec<i16> = (0..800).map(voice).collect();
        concealer.heard(&mut before);
        concealer.jump();
        let mut after: Vec<i16> = (880..1_200).map(voice).collect();
        concealer.heard(&mut after);
        let whole: Vec<i16> = (0..1_200).map(voice).collect();
        before.extend(&after);
        assert!(steepest(&before) <= steepest(&whole) * 2, "{}", steepest(&before));
        assert_eq!(after[80..], whole[960..]);
    }

    #[test]
    fn any_lengths_in_any_order_neither_panic_nor_overflow() {
        let mut concealer = Concealer::default();
        let mut seed = 1u32;
        for _ in 0..20_000 {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let mut samples = vec![if seed & 4 == 0 { i16::MIN } else { i16::MAX }; (seed >> 8) as usize % 500];
            match seed >> 30 {
                0 => concealer.missing(&mut samples),
                1 => concealer.jump(),
                _ => concealer.heard(&mut samples),
            }
        }
    }
}
