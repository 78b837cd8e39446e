//! How fast a group serves, and what that means for a caller's wait.

use crate::clock::SECOND;

/// Talks that must have ended before a wait is estimated from them.
const KNOWN_AFTER: u32 = 5;
/// So many talks are remembered, the newest most of all.
const MEMORY: u32 = 256;
/// Eight of ten waits lie between the quantiles of a standard normal that are so far from its middle.
const EIGHT_OF_TEN: f64 = 1.281_551_565_5;

/// Moving mean and variance of handle times: ringing, talk and wrap-up of a seat for one call.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Pace {
    talks: u32,
    /// s.
    mean: f64,
    /// s².
    variance: f64,
}

/// The seats that serve a group, each counted whole or by the share that it has for the group, in 1/1000.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Staff {
    pub whole: u64,
    pub share: u64,
}

impl Pace {
    /// A seat was busy for so long with a call, µs.
    #[expect(clippy::cast_precision_loss, reason = "handle times are far below 2^52 µs")]
    pub fn handled(&mut self, micros: u64) {
        self.talks = self.talks.saturating_add(1).min(MEMORY);
        let (took, weight) = (micros as f64 / SECOND as f64, 1.0 / f64::from(self.talks));
        let apart = took - self.mean;
        self.mean += weight * apart;
        self.variance = (1.0 - weight) * (self.variance + weight * apart * apart);
    }

    /// Between which bounds eight of ten callers wait at this position, ms.
    ///
    /// `n` busy seats that take `h` for a call free one every `h / n`: the time to the `p`-th is near a gamma distribution of mean
    /// `p·h/n`. Its shape is `p` where each seat serves few of the `p` (many seats are a Poisson stream, whatever one of them
    /// does), and tends to `p/cv²` where each serves many. Its quantiles are Wilson's and Hilferty's. Seats that serve other groups
    /// too count whole for the short bound, and by their share for the long one.
    pub fn likely_wait(&self, position: u32, staff: Staff) -> Option<(u32, u32)> {
        if self.talks < KNOWN_AFTER || staff.whole == 0 || staff.share == 0 {
            return None;
        }
        let low = self.quantile(position, staff.whole.saturating_mul(1000), -EIGHT_OF_TEN);
        let high = self.quantile(position, staff.share, EIGHT_OF_TEN);
        Some((millis(low), millis(high)))
    }

    #[expect(clippy::cast_precision_loss, reason = "seats are few")]
    fn quantile(&self, position: u32, permille: u64, z: f64) -> f64 {
        let (p, n) = (f64::from(position.max(1)), permille as f64 / 1000.0);
        let spread = if self.mean > 0.0 { self.variance / (self.mean * self.mean) } else { 1.0 };
        let spread = (1.0 + (spread - 1.0) * p / (p + n)).clamp(0.05, 8.0);
        let shape = p / spread;
        let root = (1.0 - 1.0 / (9.0 * shape) + z / (3.0 * shape.sqrt())).max(0.0);
        root.powi(3) * p * self.mean / n
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to what fits")]
fn millis(s: f64) -> u32 {
    (s * 1000.0).round().clamp(0.0, f64::from(u32::MAX)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Talks whose mean and standard deviation are 100 s.
    fn usual() -> Pace {
        let mut pace = Pace::default();
        for _ in 0..200 {
            pace.handled(0);
            pace.handled(200 * SECOND);
        }
        pace
    }

    fn staff(seats: u64) -> Staff {
        Staff { whole: seats, share: seats * 1000 }
    }

    #[test]
    fn nothing_is_said_before_five_talks_or_without_seats() {
        let mut pace = Pace::default();
        (0..4).for_each(|_| pace.handled(100 * SECOND));
        assert_eq!(pace.likely_wait(1, staff(1)), None);
        pace.handled(100 * SECOND);
        assert!(pace.likely_wait(1, staff(1)).is_some());
        assert_eq!(pace.likely_wait(1, staff(0)), None);
    }

    #[test]
    fn the_bounds_are_erlangs_for_talks_that_vary_like_an_exponential() {
        // Erlang(k, 1/10 s): 10 % and 90 %, from tables of the chi-square with 2k degrees of freedom.
        for (position, low, high) in
            [(1, 1.05, 23.0), (2, 5.3, 38.9), (5, 24.3, 79.9), (10, 62.2, 142.1), (25, 188.4, 315.8)]
        {
            let (l, h) = usual().likely_wait(position, staff(10)).unwrap();
            let close = |ms: u32, s: f64| (f64::from(ms) / 1000.0 - s).abs() <= 0.02 * s + 0.1;
            assert!(close(l, low), "{position}: {l} ms is not {low} s");
            assert!(close(h, high), "{position}: {h} ms is not {high} s");
        }
    }

    #[test]
    fn even_talks_make_narrow_bounds_where_few_seats_serve_many() {
        let mut pace = Pace::default();
        (0..50).for_each(|_| pace.handled(100 * SECOND));
        let (low, high) = pace.likely_wait(50, staff(1)).unwrap();
        assert!(low > 4_500_000 && high < 5_500_000, "{low} {high}");
    }

    #[test]
    fn shared_seats_count_whole_for_the_short_bound_and_by_their_share_for_the_long_one() {
        let alone = usual().likely_wait(4, staff(10)).unwrap();
        let shared = usual().likely_wait(4, Staff { whole: 10, share: 5_000 }).unwrap();
        assert_eq!(shared.0, alone.0);
        assert!(shared.1.abs_diff(2 * alone.1) <= 10, "{shared:?} {alone:?}");
    }
}
