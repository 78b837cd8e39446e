//! Tones of the network (GB/T 3380) and of the keypad (ITU-T Q.23), made as A-law.

use super::{PER_MILLI, RATE, g711};

/// A rhythm of one pitch: on, then off, for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cadence {
    /// Sound, ms.
    pub on: u32,
    /// Silence, ms.
    pub off: u32,
}

/// 回铃音.
pub const RINGBACK: Cadence = Cadence { on: 1_000, off: 4_000 };
/// 忙音.
pub const BUSY: Cadence = Cadence { on: 350, off: 350 };
/// 拥塞音.
pub const CONGESTION: Cadence = Cadence { on: 700, off: 700 };

/// 提示音 beside voices: 1400 Hz, 0.4 s every 10 s.
pub const REMINDER: Cadence = Cadence { on: 400, off: 9_600 };
/// Its pitch, Hz: not mistaken for a call-progress tone.
pub const REMINDER_HERTZ: f64 = 1_400.0;
/// Its level, dBm0: heard beside speech, not over it.
pub const REMINDER_LEVEL: f64 = -20.0;

/// The pitch of every call-progress tone of GB/T 3380.
pub const HERTZ: f64 = 450.0;
/// Their level, dBm0 (the standard allows ± 3).
pub const LEVEL: f64 = -10.0;

/// The sixteen keys in the order of their RFC 4733 event codes.
pub const KEYS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '#', 'A', 'B', 'C', 'D'];
/// Q.23 low group, by row.
pub const LOW: [f64; 4] = [697.0, 770.0, 852.0, 941.0];
/// Q.23 high group, by column.
pub const HIGH: [f64; 4] = [1_209.0, 1_336.0, 1_477.0, 1_633.0];
/// The keypad as it is laid out: row by row.
pub const PAD: [[char; 4]; 4] =
    [['1', '2', '3', 'A'], ['4', '5', '6', 'B'], ['7', '8', '9', 'C'], ['*', '0', '#', 'D']];

/// One whole period of a cadence as A-law; played in a circle it has no seam: each burst of 450 Hz
/// begins and ends at a zero crossing.
#[must_use]
pub fn cadence(cadence: Cadence) -> Vec<u8> {
    burst(cadence, HERTZ, LEVEL)
}

/// One whole period of the reminder as A-law.
#[must_use]
pub fn reminder() -> Vec<u8> {
    burst(REMINDER, REMINDER_HERTZ, REMINDER_LEVEL)
}

fn burst(cadence: Cadence, hertz: f64, level: f64) -> Vec<u8> {
    let on = cadence.on * PER_MILLI;
    let off = cadence.off * PER_MILLI;
    let amplitude = amplitude(level);
    (0..on)
        .map(|i| g711::alaw_encode(sine(hertz, i, amplitude) as i16))
        .chain((0..off).map(|_| g711::ALAW_SILENCE))
        .collect()
}

/// A key's two tones as A-law, `millis` long. `None`: no such key.
///
/// −10 dBm0 low and −8 dBm0 high: the high group is the louder one, as lines dampen it more (ETSI ES 201 235-2).
#[must_use]
pub fn key(key: char, millis: u32) -> Option<Vec<u8>> {
    let (low, high) = frequencies(key)?;
    let samples = millis * PER_MILLI;
    let (a, b) = (amplitude(-10.0), amplitude(-8.0));
    Some((0..samples).map(|i| g711::alaw_encode((sine(low, i, a) + sine(high, i, b)) as i16)).collect())
}

/// The two frequencies of a key (Q.23), Hz.
#[must_use]
pub fn frequencies(key: char) -> Option<(f64, f64)> {
    LOW.iter().zip(&PAD).find_map(|(low, row)| {
        let column = row.iter().position(|k| *k == key)?;
        HIGH.get(column).map(|high| (*low, *high))
    })
}

/// The level of a sine that just fills A-law's range, in hundredths of a dBm0 (G.711 §4).
const FULL_SCALE: i32 = 314;

/// Peak of a sine at `dbm0`, in 16-bit units.
fn amplitude(dbm0: f64) -> f64 {
    32_768.0 * 10f64.powf((dbm0 - f64::from(FULL_SCALE) / 100.0) / 20.0)
}

fn sine(hertz: f64, sample: u32, amplitude: f64) -> f64 {
    let phase = hertz * f64::from(sample) / f64::from(RATE);
    (phase.fract() * std::f64::consts::TAU).sin() * amplitude
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::level::{dominant_frequency, rms_dbfs};

    fn decode(alaw: &[u8]) -> Vec<i16> {
        alaw.iter().map(|b| g711::alaw_decode(*b)).collect()
    }

    #[test]
    fn the_three_tones_have_pitch_level_and_rhythm_of_gb_t_3380() {
        for (c, on, period) in [(RINGBACK, 8_000, 40_000), (BUSY, 2_800, 5_600), (CONGESTION, 5_600, 11_200)] {
            let sound = decode(&cadence(c));
            assert_eq!(sound.len(), period);
            let pitch = dominant_frequency(&sound[..on]).unwrap();
            assert!((pitch - 450.0).abs() <= 1.0, "{pitch}");
            // 0 dBm0 is a sine of −3.14 dB below full scale, which itself is −3.01 dBFS.
            let dbm0 = rms_dbfs(&sound[..on]) + 3.01 + f64::from(FULL_SCALE) / 100.0;
            assert!((dbm0 + 10.0).abs() < 0.2, "{dbm0}");
            assert!(sound[on..].iter().all(|s| s.abs() <= 8));
        }
    }

    #[test]
    fn a_burst_ends_where_it_began_so_that_the_circle_has_no_click() {
        for c in [RINGBACK, BUSY, CONGESTION] {
            let sound = decode(&cadence(c));
            let on = (c.on * PER_MILLI) as usize;
            // One step of 450 Hz at this level is at most 2,552 units.
            assert!(sound[0].abs() <= 8 && sound[on - 1].abs() < 2_600, "{c:?}");
        }
    }

    #[test]
    fn there_are_sixteen_keys_and_no_other() {
        assert!(KEYS.iter().all(|k| key(*k, 100).is_some_and(|s| s.len() == 800)));
        assert_eq!(key('E', 100), None);
        assert_eq!(frequencies('5'), Some((770.0, 1_336.0)));
    }
}
