//! What the robots of a demo's hall do, drawn from a seed: who calls when, what he dials, how long he talks and waits. Pure.

use crate::clock::SECOND;
use crate::flood::arrivals::{Arrivals, Rate};
use crate::flood::scenario::{Length, happens};
use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};

/// Callers come for so long, s: a working day. A demo that is forgotten falls silent.
const DAY: f64 = 8.0 * 3600.0;
/// The first ones come at once, so that there is something to see: this part of those who shall be live, within so long, s.
const RUSH: (f64, f64) = (0.8, 8.0);
/// What a call takes from its first message to its last in the mean: prompts, wait, talk, s. Measured.
const STAY: f64 = 62.0;
/// Talks: median 40 s. The mean of a log-normal lies σ²/2 above its median: 40 · e^0.245.
const TALK: Length = Length::LogNormal(51.1, 0.7);
/// Shortest talk: who is to be transferred must be there for it, µs.
const SHORTEST: u64 = 12 * SECOND;
/// So many callers give up early while they wait.
const HASTY: f64 = 0.3;
/// What they dial, by weight: the hub, lines in transition, lines with kept and with pooled seats, sub-centres, cancelled and
/// emergency numbers.
const DIALLED: [(f64, &[&str]); 7] = [
    (46.0, &["12345"]),
    (14.0, &["12333", "12300", "12349", "12336", "12350", "12365", "96119"]),
    (18.0, &["12348", "12328", "12320", "12315"]),
    (7.0, &["12369", "12329", "12316", "12385"]),
    (11.0, &["12366", "12360", "12313", "12367", "12305"]),
    (2.0, &["12318"]),
    (2.0, &["110", "119", "120", "122"]),
];

/// One robot's call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// Its number: 0591 0000 xxxx or 139 0000 xxxx, which are nobody's.
    pub from: String,
    /// What it dials.
    pub number: &'static str,
    /// How long it talks with whoever serves it, µs.
    pub talk: u64,
    /// How long it waits for somebody, µs.
    pub patience: u64,
}

/// When robots call, µs since the begin, and what each does, so that about `callers` are live at a time; ends after eight hours.
pub fn visits(callers: u32, seed: u64) -> impl Iterator<Item = (u64, Visit)> {
    let many = f64::from(callers);
    let rush = Arrivals::new(Rate::steady(many * RUSH.0 / RUSH.1, RUSH.1), false, seed);
    let day = Arrivals::new(Rate::steady(many / STAY, DAY), false, seed.wrapping_add(1));
    let after = (RUSH.1 * 1e6) as u64;
    let mut dice = dice(seed, 0);
    rush.chain(day.map(move |at| at + after)).zip(0..).map(move |(at, n)| (at, visit(n, &mut dice)))
}

fn visit(n: u64, dice: &mut ChaCha8Rng) -> Visit {
    // 7919 and 10,000 have no common divisor: no number comes again before all have been.
    let tail = n * 7919 % 10_000;
    let block = if happens(0.35, dice) { "05910000" } else { "1390000" };
    let hasty = happens(HASTY, dice);
    let patience = if hasty { Length::Between(6.0, 30.0) } else { Length::Between(90.0, 180.0) };
    Visit {
        from: format!("{block}{tail:04}"),
        number: dialled(dice),
        talk: TALK.draw(dice).max(SHORTEST),
        patience: patience.draw(dice),
    }
}

fn dialled(dice: &mut ChaCha8Rng) -> &'static str {
    let total: f64 = DIALLED.iter().map(|(weight, _)| weight).sum();
    let mut left = Length::Between(0.0, total).draw(dice) as f64 / 1e6;
    let numbers = DIALLED.iter().find(|(weight, _)| {
        left -= weight;
        left < 0.0
    });
    one_of(numbers.map_or(&["12345"], |(_, numbers)| numbers), dice).unwrap_or("12345")
}

/// One of these.
pub fn one_of<T: Copy>(of: &[T], dice: &mut ChaCha8Rng) -> Option<T> {
    of.get(dice.next_u32() as usize % of.len().max(1)).copied()
}

/// Between these, s; µs.
pub fn between(from: f64, to: f64, dice: &mut ChaCha8Rng) -> u64 {
    Length::Between(from, to).draw(dice)
}

/// Dice of one robot: what it draws hangs on the seed and on who it is, not on what others have drawn.
#[must_use]
pub fn dice(seed: u64, who: u64) -> ChaCha8Rng {
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    dice.set_stream(who);
    dice
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_seed_replays_and_another_is_another_day() {
        let day = |seed| visits(12, seed).take(50).collect::<Vec<_>>();
        assert!(day(5) == day(5) && day(5) != day(6));
        assert!(day(5).is_sorted_by_key(|(at, _)| *at));
        assert_eq!(visits(0, 5).count(), 0);
    }

    #[test]
    fn callers_come_at_once_and_then_as_many_as_keep_the_hall_full() {
        let at: Vec<u64> = visits(100, 1).map(|(at, _)| at).collect();
        let before = |s: u64| at.iter().filter(|at| **at < s * SECOND).count();
        assert!((60..=100).contains(&before(8)), "{}", before(8));
        let hour = (before(3608) - before(8)) as f64;
        assert!((hour - 100.0 * 3600.0 / STAY).abs() < 300.0, "{hour}");
        assert!(*at.last().unwrap() <= (DAY as u64 + 8) * SECOND);
    }

    #[test]
    fn talks_have_their_median_and_numbers_their_shares() {
        let mut all: Vec<Visit> = visits(100, 3).take(4_000).map(|(_, visit)| visit).collect();
        let share = |number: &str| all.iter().filter(|v| v.number == number).count() as f64 / 4_000.0;
        assert!((share("12345") - 0.46).abs() < 0.03 && (share("12348") - 0.045).abs() < 0.015);
        let hasty = all.iter().filter(|v| v.patience < 60 * SECOND).count() as f64 / 4_000.0;
        assert!((hasty - HASTY).abs() < 0.03, "{hasty}");
        all.sort_by_key(|v| v.talk);
        let median = all[2_000].talk as f64 / 1e6;
        assert!((median - 40.0).abs() < 3.0 && all[0].talk >= SHORTEST, "{median}");
    }

    #[test]
    fn callers_numbers_are_nobodys_and_differ() {
        let all: Vec<String> = visits(100, 3).take(4_000).map(|(_, visit)| visit.from).collect();
        assert!(
            all.iter().all(|n| n.starts_with("05910000") && n.len() == 12 || n.starts_with("1390000") && n.len() == 11)
        );
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
    }
}
