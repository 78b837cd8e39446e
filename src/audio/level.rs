//! How loud a piece of sound is and which pitch it has: for tests, `call` and the doctor.

use super::RATE;

/// Root mean square in dB relative to a full-scale square wave. Silence and nothing are −∞.
#[must_use]
pub fn rms_dbfs(samples: &[i16]) -> f64 {
    if samples.is_empty() {
        return f64::NEG_INFINITY;
    }
    let energy: f64 = samples.iter().map(|s| f64::from(*s).powi(2)).sum();
    10.0 * (energy / samples.len() as f64 / 32_768f64.powi(2)).log10()
}

/// The strongest frequency between 50 and 3,950 Hz, to about 1 Hz; of the first second only.
///
/// `None` where there are fewer than 80 samples or nothing but silence.
#[must_use]
pub fn dominant_frequency(samples: &[i16]) -> Option<f64> {
    let samples = samples.get(..samples.len().min(RATE as usize))?;
    if samples.len() < 80 || rms_dbfs(samples) < -65.0 {
        return None;
    }
    (50..=3_950)
        .map(|f| (f64::from(f), power_at(samples, f64::from(f))))
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .map(|(f, _)| f)
}

/// Power at one frequency under a Hann window (Goertzel), in arbitrary units that compare.
#[must_use]
pub fn power_at(samples: &[i16], hertz: f64) -> f64 {
    let omega = std::f64::consts::TAU / f64::from(RATE) * hertz;
    let turn = std::f64::consts::TAU / samples.len().max(1) as f64;
    let coefficient = 2.0 * omega.cos();
    let (mut v1, mut v2) = (0.0, 0.0);
    // The window's cosine is stepped by the same recurrence, not called a thousand times.
    let (mut w1, mut w2) = (turn.cos(), 1.0);
    for sample in samples {
        let window = 0.5 - 0.5 * w2;
        let next = 2.0 * turn.cos() * w1 - w2;
        (w2, w1) = (w1, next);
        let v = window * f64::from(*sample) + coefficient * v1 - v2;
        (v2, v1) = (v1, v);
    }
    v1 * v1 + v2 * v2 - coefficient * v1 * v2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sine_is_three_decibels_below_a_square_and_has_its_own_pitch() {
        let sine: Vec<i16> = (0..4_000)
            .map(|i| ((f64::from(i) * std::f64::consts::TAU * 1_234.0 / 8_000.0).sin() * 32_767.0) as i16)
            .collect();
        assert!((rms_dbfs(&sine) + 3.01).abs() < 0.02);
        let pitch = dominant_frequency(&sine).unwrap();
        assert!((pitch - 1_234.0).abs() <= 1.0, "{pitch}");
        assert_eq!(dominant_frequency(&[0; 800]), None);
        assert_eq!(rms_dbfs(&[]), f64::NEG_INFINITY);
    }
}
