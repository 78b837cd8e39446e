//! When calls arrive: a rate over time, drawn from a seed, before anything is sent.

use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};

/// A rate that is a straight line between points: (s, calls a second), in the order of time.
#[derive(Debug, Clone, PartialEq)]
pub struct Rate {
    points: Vec<(f64, f64)>,
}

impl Rate {
    /// The same rate all the time.
    #[must_use]
    pub fn steady(rate: f64, seconds: f64) -> Self {
        Self::ramp(rate, rate, seconds)
    }

    /// From one rate to another, evenly.
    #[must_use]
    pub fn ramp(from: f64, to: f64, seconds: f64) -> Self {
        Self { points: vec![(0.0, from), (seconds, to)] }
    }

    /// A day: so many equal spans with these weights; `mean` calls a second over all of it.
    #[must_use]
    pub fn day(weights: &[f64], mean: f64, seconds: f64) -> Self {
        let spans = weights.len().max(1) as f64;
        let average = weights.iter().sum::<f64>() / spans;
        let scale = if average > 0.0 { mean / average } else { 0.0 };
        let middle = |(i, weight): (usize, &f64)| ((i as f64 + 0.5) * seconds / spans, weight * scale);
        let mut points: Vec<(f64, f64)> = weights.iter().enumerate().map(middle).collect();
        let (first, last) = (points.first().map_or(mean, |p| p.1), points.last().map_or(mean, |p| p.1));
        points.insert(0, (0.0, first));
        points.push((seconds, last));
        Self { points }
    }

    /// How long it goes on, s.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.points.last().map_or(0.0, |p| p.0)
    }

    /// The highest rate, calls a second.
    #[must_use]
    pub fn highest(&self) -> f64 {
        self.points.iter().map(|p| p.1).fold(0.0, f64::max)
    }

    /// Calls in all that are to be expected.
    #[must_use]
    pub fn calls(&self) -> f64 {
        let area = |w: &[(f64, f64)]| match w {
            [(from, low), (to, high)] => (to - from) * (low + high) / 2.0,
            _ => 0.0,
        };
        self.points.windows(2).map(area).sum()
    }
}

/// Of a call, what sums of many fractions may be wrong by: the last one falls on the end itself.
const ROUNDING: f64 = 1e-6;

/// The moments of arrival, one after the other.
#[derive(Debug)]
pub struct Arrivals {
    rate: Rate,
    /// Without chance: the next call comes when exactly one more is due.
    even: bool,
    dice: ChaCha8Rng,
    /// The span that we are in, and how far, s.
    span: usize,
    at: f64,
}

impl Arrivals {
    /// `even`: as regular as the rate allows; else as people call, by chance (Poisson).
    #[must_use]
    pub fn new(rate: Rate, even: bool, seed: u64) -> Self {
        Self { rate, even, dice: ChaCha8Rng::seed_from_u64(seed), span: 0, at: 0.0 }
    }

    /// How much of the expected number lies between two calls.
    fn share(&mut self) -> f64 {
        if self.even {
            return 1.0;
        }
        // In (0, 1]: the logarithm of 0 is none.
        let chance = (f64::from(self.dice.next_u32()) + 1.0) / (f64::from(u32::MAX) + 1.0);
        -chance.ln()
    }
}

impl Iterator for Arrivals {
    /// µs since the begin.
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        let mut left = self.share();
        loop {
            let (&(from, low), &(to, high)) =
                self.rate.points.get(self.span).zip(self.rate.points.get(self.span + 1))?;
            let length = to - from;
            let slope = if length > 0.0 { (high - low) / length } else { 0.0 };
            let now = low + slope * (self.at - from);
            let rest = (to - self.at) * (now + high) / 2.0;
            if left > rest + ROUNDING || length <= 0.0 {
                left -= rest.max(0.0);
                self.span += 1;
                self.at = to;
                continue;
            }
            // now·t + slope·t²/2 = left, in the form that is exact for small slopes.
            let root = (now * now + 2.0 * slope * left).max(0.0).sqrt();
            self.at += if now + root > 0.0 { 2.0 * left / (now + root) } else { 0.0 };
            self.at = self.at.min(to);
            return Some((self.at * 1e6) as u64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_arrivals_are_a_ruler() {
        let at: Vec<u64> = Arrivals::new(Rate::steady(4.0, 1.0), true, 1).collect();
        assert_eq!(at, [250_000, 500_000, 750_000, 1_000_000]);
    }

    #[test]
    fn no_rounding_loses_the_last_call() {
        for (rate, seconds) in [(5.0, 1.0), (7.0, 3.0), (8.0, 4.0), (333.0, 60.0), (0.7, 100.0)] {
            let count = Arrivals::new(Rate::steady(rate, seconds), true, 1).count() as f64;
            assert_eq!(count, (rate * seconds).round(), "{rate} {seconds}");
        }
    }

    #[test]
    fn chance_has_the_mean_and_the_spread_of_poisson_and_replays() {
        let draw = |seed| Arrivals::new(Rate::steady(1000.0, 20.0), false, seed).collect::<Vec<u64>>();
        let (one, again, other) = (draw(7), draw(7), draw(8));
        assert!(one == again && one != other);
        let counts: Vec<f64> =
            (0..200u64).map(|n| one.iter().filter(|at| **at / 100_000 == n).count() as f64).collect();
        let mean = counts.iter().sum::<f64>() / 200.0;
        let variance = counts.iter().map(|c| (c - mean).powi(2)).sum::<f64>() / 200.0;
        assert!((mean - 100.0).abs() < 3.0, "{mean}");
        assert!((variance / mean - 1.0).abs() < 0.4, "{variance} {mean}");
    }

    #[test]
    fn a_ramp_has_the_area_under_its_line_and_a_day_its_shape() {
        let ramp: Vec<u64> = Arrivals::new(Rate::ramp(0.0, 100.0, 10.0), true, 1).collect();
        // The last one falls on the end, within a rounding.
        assert!((499..=500).contains(&ramp.len()), "{}", ramp.len());
        assert!((124..=125).contains(&ramp.iter().filter(|at| **at < 5_000_000).count()));
        let day = Rate::day(&[1.0, 3.0, 2.0], 100.0, 30.0);
        let calls: Vec<u64> = Arrivals::new(day.clone(), true, 1).collect();
        assert!((day.calls() - calls.len() as f64).abs() <= 1.0 && (calls.len() as f64 - 3_000.0).abs() < 400.0);
        let third = |n: u64| calls.iter().filter(|at| **at / 10_000_000 == n).count();
        assert!(third(0) < third(2) && third(2) < third(1), "{} {} {}", third(0), third(1), third(2));
        assert!(calls.is_sorted());
    }
}
