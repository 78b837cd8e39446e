//! What is counted of the signalling while a run goes on, all of it and second by second.

use hdrhistogram::Histogram;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A distribution of whole numbers, to three digits.
#[derive(Debug, Clone)]
pub struct Spread {
    histogram: Histogram<u64>,
    /// To the last digit.
    max: u64,
}

impl Default for Spread {
    fn default() -> Self {
        // An hour in µs; what is longer counts as that.
        Self { histogram: Histogram::new_with_bounds(1, 3_600_000_000, 3).expect("1 ≤ 3.6e9, three digits"), max: 0 }
    }
}

impl Spread {
    /// One value.
    pub fn add(&mut self, value: u64) {
        self.histogram.saturating_record(value);
        self.max = self.max.max(value);
    }

    /// How many.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.histogram.len()
    }

    /// The value that the share `p` (0–1) of all does not exceed.
    #[must_use]
    pub fn at(&self, p: f64) -> u64 {
        self.histogram.value_at_quantile(p).min(self.max)
    }

    /// The greatest.
    #[must_use]
    pub fn max(&self) -> u64 {
        self.max
    }

    /// The mean.
    #[must_use]
    pub fn mean(&self) -> f64 {
        if self.histogram.is_empty() { 0.0 } else { self.histogram.mean() }
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.histogram.reset();
        self.max = 0;
    }

    /// Percentiles of µs in ms, `None` where nothing was measured.
    #[must_use]
    pub fn ms(&self) -> Value {
        if self.histogram.is_empty() {
            return Value::Null;
        }
        let ms = |us: u64| (us as f64) / 1000.0;
        json!({
            "count": self.histogram.len(), "mean": (self.mean() / 10.0).round() / 100.0, "p50": ms(self.at(0.5)), "p90": ms(self.at(0.9)),
            "p99": ms(self.at(0.99)), "p999": ms(self.at(0.999)), "p9999": ms(self.at(0.9999)), "max": ms(self.max()),
        })
    }
}

/// Counts of the signalling.
#[derive(Debug, Default)]
pub struct Tally {
    /// Calls whose moment came, whatever became of them.
    pub calls: u64,
    /// Answered by a 2xx.
    pub answered: u64,
    /// Ended as the scenario says: refused as expected, or given up by the caller before the answer.
    pub as_expected: u64,
    /// Given up before the answer, or before a person was reached.
    pub abandoned: u64,
    /// Refused otherwise than expected, never answered, or broken.
    pub failed: u64,
    /// Begun more than 5 ms after their moment.
    pub late_starts: u64,
    /// Not begun at all: so many calls as allowed were live.
    pub not_begun: u64,
    /// No final answer came.
    pub timeouts: u64,
    /// Answered, and ended by the other side.
    pub ended_there: u64,
    /// Talks that ended because messages were lost for too long.
    pub broken: u64,
    /// Messages that we had to send again.
    pub retransmissions: u64,
    /// BYEs of ours, and how many were answered.
    pub byes: u64,
    /// Answers to them.
    pub byes_answered: u64,
    /// Final answers to INVITEs by status.
    pub status: BTreeMap<u16, u64>,
    /// Calls that a seat or department of this process answered.
    pub served: u64,
    /// Transfers asked for by REFER, and how many were reported as done.
    pub refers: u64,
    /// Those reported as done.
    pub referred: u64,
    /// First sign of ringing, or the answer, after the intended moment, µs.
    pub post_dial: Spread,
    /// 2xx after the intended moment, µs.
    pub setup: Spread,
    /// Answer to our BYE, µs.
    pub bye: Spread,
    /// First sound of a person after the intended moment, µs.
    pub person: Spread,
    /// Calls by the titles of the scenario: how many, answered, failed.
    pub kinds: BTreeMap<String, [u64; 3]>,
    /// Second by second.
    pub seconds: Vec<Second>,
    now: Second,
    setup_now: Spread,
}

/// One second of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Second {
    /// Calls begun.
    pub begun: u64,
    /// Answered.
    pub answered: u64,
    /// Failed.
    pub failed: u64,
    /// Live at its end.
    pub live: u64,
    /// Half of the answers of this second came within, ms.
    pub p50: f64,
    /// 99 % did.
    pub p99: f64,
    /// CPU of the server, share of one core.
    pub cpu: Option<f64>,
    /// Its memory, MB.
    pub rss: Option<f64>,
}

impl Tally {
    /// A call's moment came.
    pub fn begin(&mut self, kind: &str, late: bool) {
        self.calls += 1;
        self.now.begun += 1;
        self.late_starts += u64::from(late);
        self.kind(kind, 0);
    }

    /// Its moment came and it was not begun.
    pub fn hold_back(&mut self, kind: &str) {
        self.calls += 1;
        self.not_begun += 1;
        self.kind(kind, 0);
    }

    /// It was answered, so long after its moment, µs.
    pub fn answer(&mut self, kind: &str, status: u16, after: u64) {
        self.answered += 1;
        self.now.answered += 1;
        *self.status.entry(status).or_default() += 1;
        self.setup.add(after);
        self.setup_now.add(after);
        self.kind(kind, 1);
    }

    /// It failed.
    pub fn fail(&mut self, kind: &str) {
        self.failed += 1;
        self.now.failed += 1;
        self.kind(kind, 2);
    }

    fn kind(&mut self, kind: &str, which: usize) {
        if !self.kinds.contains_key(kind) {
            self.kinds.insert(kind.to_owned(), [0; 3]);
        }
        if let Some(count) = self.kinds.get_mut(kind).and_then(|counts| counts.get_mut(which)) {
            *count += 1;
        }
    }

    /// A second is over.
    pub fn tick(&mut self, live: u64, server: Option<(f64, f64)>) {
        let ms = |us: u64| us as f64 / 1000.0;
        self.now.live = live;
        (self.now.p50, self.now.p99) = (ms(self.setup_now.at(0.5)), ms(self.setup_now.at(0.99)));
        (self.now.cpu, self.now.rss) = (server.map(|s| s.0), server.map(|s| s.1));
        self.seconds.push(self.now);
        self.now = Second::default();
        self.setup_now.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_to_the_last_of_ten_thousand() {
        let mut spread = Spread::default();
        (1..=10_000u64).for_each(|n| spread.add(n * 1000));
        let ms = spread.ms();
        let near = |key: &str, wanted: f64| {
            let found = ms[key].as_f64().unwrap();
            assert!((found / wanted - 1.0).abs() < 0.002, "{key} {found}");
        };
        near("p50", 5_000.0);
        near("p99", 9_900.0);
        near("p9999", 9_999.0);
        near("max", 10_000.0);
        assert_eq!(Spread::default().ms(), Value::Null);
    }

    #[test]
    fn seconds_are_apart_and_sums_are_not() {
        let mut tally = Tally::default();
        tally.begin("a", false);
        tally.answer("a", 200, 2_000);
        tally.tick(1, None);
        tally.begin("a", true);
        tally.fail("a");
        tally.tick(0, Some((0.5, 30.0)));
        let begun: Vec<_> =
            tally.seconds.iter().map(|s| (s.begun, s.answered, s.failed, s.live, s.p50 > 0.0)).collect();
        assert_eq!(begun, [(1, 1, 0, 1, true), (1, 0, 1, 0, false)]);
        assert_eq!((tally.calls, tally.late_starts, tally.kinds["a"]), (2, 1, [2, 1, 1]));
    }
}
