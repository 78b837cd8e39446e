//! The sum of several voices: 20 ms at a time, each with its gain, saturating.
//!
//! "Sum minus self" is not a subtraction: each listener's sum is made of those it hears, so nobody's rounding or
//! clipping comes back to them, and who hears whom is free.

/// Samples of one frame: 20 ms.
pub const FRAME: usize = 160;
/// One frame of sound.
pub type Frame = [i16; FRAME];

/// A factor in 1/4096.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gain(i32);

/// Bits behind the point of a [`Gain`].
const POINT: u32 = 12;

impl Gain {
    /// As it came.
    pub const UNITY: Self = Self(1 << POINT);

    /// From dB, kept within −60 to 20.
    #[must_use]
    pub fn db(db: i8) -> Self {
        let db = f64::from(db.clamp(-60, 20));
        Self((10f64.powf(db / 20.0) * f64::from(1 << POINT)).round() as i32)
    }
}

/// A sum being made.
#[derive(Debug, Clone)]
pub struct Sum([i32; FRAME]);

impl Default for Sum {
    fn default() -> Self {
        Self([0; FRAME])
    }
}

impl Sum {
    /// Adds a voice. 64 voices of 20 dB each stay far from the accumulator's end.
    #[inline]
    pub fn add(&mut self, voice: &Frame, gain: Gain) {
        if gain == Gain::UNITY {
            for (sum, sample) in self.0.iter_mut().zip(voice) {
                *sum += i32::from(*sample);
            }
        } else {
            for (sum, sample) in self.0.iter_mut().zip(voice) {
                *sum += (i32::from(*sample) * gain.0) >> POINT;
            }
        }
    }

    /// The sum, clipped to 16 bits.
    #[inline]
    #[must_use]
    pub fn frame(&self) -> Frame {
        let mut frame = [0; FRAME];
        for (sample, sum) in frame.iter_mut().zip(&self.0) {
            *sample = (*sum).clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16;
        }
        frame
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(voices: &[(i16, Gain)]) -> i16 {
        let mut sum = Sum::default();
        voices.iter().for_each(|(sample, gain)| sum.add(&[*sample; FRAME], *gain));
        let frame = sum.frame();
        assert!(frame.iter().all(|s| *s == frame[0]));
        frame[0]
    }

    #[test]
    fn voices_are_added_with_their_gains_and_clipped_at_the_end_only() {
        let one = Gain::UNITY;
        assert_eq!(sum(&[]), 0);
        assert_eq!(sum(&[(1_000, one), (-300, one), (7, one)]), 707);
        assert_eq!(sum(&[(30_000, one), (30_000, one)]), i16::MAX);
        assert_eq!(sum(&[(-30_000, one), (-30_000, one)]), i16::MIN);
        // What two put over the top, a third may take back: clipping comes last.
        assert_eq!(sum(&[(30_000, one), (30_000, one), (-30_000, one)]), 30_000);
        assert_eq!(sum(&[(10_000, Gain::db(-6))]), 5_012);
        assert_eq!(sum(&[(1_000, Gain::db(20))]), 10_000);
        assert_eq!(Gain::db(0), Gain::UNITY);
        assert_eq!(sum(&vec![(i16::MIN, Gain::db(127)); 64]), i16::MIN, "no overflow");
    }
}
