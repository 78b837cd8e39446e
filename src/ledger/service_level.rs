//! Answer within 15 s, and connect rate: the definitions of product §7, published with every figure.
//!
//! - *offered*: hotline calls with t1, and those that we failed before it (shed, no trunk, crash, internal error).
//! - *connect rate*: with t2 / offered. *answer in 15 s*: (t2 − t1 ≤ 15.000 s) / offered.
//! - Beside them always: both without abandons under 5 s, and both from t0.
//! - Not offered: hang-up during the transition prompt, cancelled numbers, emergency, internal, refused.

use super::Cdr;
use crate::fact::{Outcome, Service};
use serde::Serialize;

/// The limit of GB/T 33358, µs.
const IN_TIME: i64 = 15_000_000;
/// An abandon before this is a misdial, µs.
const SHORT: i64 = 5_000_000;
/// The window over which the connect rate is judged, µs.
const DAY: i64 = 24 * 3_600 * 1_000_000;
/// The step at which it is judged, µs.
const MINUTE: i64 = 60 * 1_000_000;
/// Fewer offered calls than this are flagged.
const FEW: u64 = 20;

/// Counts over some calls. Add records with [`Figures::add`]; subtract with [`Figures::remove`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Figures {
    /// Calls offered to persons.
    pub offered: u64,
    /// Of these, answered by a person.
    pub connected: u64,
    /// Of these, within 15.000 s of t1.
    pub in_15s: u64,
    /// Offered calls given up under 5 s after t1.
    pub short_abandons: u64,
    /// Offered, and hang-ups during the transition prompt.
    pub offered_from_t0: u64,
    /// Answered within 15.000 s of t0.
    pub in_15s_from_t0: u64,
}

/// The lowest connect rate of any 24 hours.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Judged {
    /// End of that window, µs since the epoch; the first one if several are equal.
    pub at: i64,
    /// What it held.
    pub figures: Figures,
    /// Its connect rate, 0–1.
    pub connect_rate: f64,
    /// Under 20 offered calls: not much of a figure.
    pub few: bool,
}

impl Figures {
    /// The figures over these records.
    #[must_use]
    pub fn over<'a>(cdrs: impl IntoIterator<Item = &'a Cdr>) -> Self {
        let mut figures = Self::default();
        for cdr in cdrs {
            figures.add(cdr);
        }
        figures
    }

    /// Counts a call in.
    pub fn add(&mut self, cdr: &Cdr) {
        self.each(cdr, |count, one| *count += one);
    }

    /// Counts the calls of others in.
    pub fn merge(&mut self, other: &Self) {
        self.offered += other.offered;
        self.connected += other.connected;
        self.in_15s += other.in_15s;
        self.short_abandons += other.short_abandons;
        self.offered_from_t0 += other.offered_from_t0;
        self.in_15s_from_t0 += other.in_15s_from_t0;
    }

    /// Counts a call out again.
    pub fn remove(&mut self, cdr: &Cdr) {
        self.each(cdr, |count, one| *count = count.saturating_sub(one));
    }

    /// With t2 / offered, 0–1; `None` if nothing was offered.
    #[must_use]
    pub fn connect_rate(&self) -> Option<f64> {
        rate(self.connected, self.offered)
    }

    /// Answered in 15 s from t1 / offered.
    #[must_use]
    pub fn answer_15s(&self) -> Option<f64> {
        rate(self.in_15s, self.offered)
    }

    /// The connect rate without abandons under 5 s.
    #[must_use]
    pub fn connect_rate_without_short(&self) -> Option<f64> {
        rate(self.connected, self.offered - self.short_abandons)
    }

    /// Answered in 15 s without abandons under 5 s.
    #[must_use]
    pub fn answer_15s_without_short(&self) -> Option<f64> {
        rate(self.in_15s, self.offered - self.short_abandons)
    }

    /// The connect rate counted from t0.
    #[must_use]
    pub fn connect_rate_from_t0(&self) -> Option<f64> {
        rate(self.connected, self.offered_from_t0)
    }

    /// Answered in 15 s, counted from t0.
    #[must_use]
    pub fn answer_15s_from_t0(&self) -> Option<f64> {
        rate(self.in_15s_from_t0, self.offered_from_t0)
    }

    /// Whether so few calls were offered that the rates say little.
    #[must_use]
    pub fn few(&self) -> bool {
        self.offered < FEW
    }

    fn each(&mut self, cdr: &Cdr, count: impl Fn(&mut u64, u64)) {
        let offered = offered(cdr);
        let within = |from: Option<i64>| {
            let both = from.zip(cdr.t2);
            offered && both.is_some_and(|(from, t2)| t2 - from <= IN_TIME)
        };
        let in_prompt = cdr.service == Some(Service::Hotline) && cdr.outcome == Outcome::AbandonedInPrompt;
        let short = cdr.outcome == Outcome::Abandoned && cdr.t1.is_some_and(|t1| cdr.end - t1 < SHORT);
        count(&mut self.offered, u64::from(offered));
        count(&mut self.connected, u64::from(offered && cdr.t2.is_some()));
        count(&mut self.in_15s, u64::from(within(cdr.t1)));
        count(&mut self.short_abandons, u64::from(offered && short));
        count(&mut self.offered_from_t0, u64::from(offered || in_prompt));
        count(&mut self.in_15s_from_t0, u64::from(within(Some(cdr.t0))));
    }
}

/// Whether a call counts as offered to persons.
#[must_use]
pub fn offered(cdr: &Cdr) -> bool {
    let ours = matches!(cdr.outcome, Outcome::Shed | Outcome::Failed | Outcome::Interrupted | Outcome::Unreachable);
    match cdr.service {
        Some(Service::Hotline) => cdr.t1.is_some() || ours,
        None => ours, // failed before it was even routed
        Some(Service::Cancelled | Service::Emergency | Service::Internal | Service::Refused) => false,
    }
}

/// The lowest connect rate over any (t − 24 h, t], t at whole minutes in `from..=to` (µs). Calls count by their t0;
/// undecided ones have no record and are left out. `None` if nothing was offered in any window.
#[must_use]
pub fn judged(cdrs: &[Cdr], from: i64, to: i64) -> Option<Judged> {
    let mut by_t0: Vec<&Cdr> = cdrs.iter().collect();
    by_t0.sort_by_key(|cdr| cdr.t0);
    let (mut entering, mut leaving) = (by_t0.iter().peekable(), by_t0.iter().peekable());
    let mut figures = Figures::default();
    let mut worst: Option<Judged> = None;
    let first = from.div_euclid(MINUTE) + i64::from(from.rem_euclid(MINUTE) != 0);
    for at in (first..=to.div_euclid(MINUTE)).map(|minute| minute * MINUTE) {
        while let Some(cdr) = entering.next_if(|cdr| cdr.t0 <= at) {
            figures.add(cdr);
        }
        while let Some(cdr) = leaving.next_if(|cdr| cdr.t0 <= at - DAY) {
            figures.remove(cdr);
        }
        let Some(connect_rate) = figures.connect_rate() else {
            continue;
        };
        if worst.is_none_or(|w| connect_rate < w.connect_rate) {
            worst = Some(Judged { at, figures, connect_rate, few: figures.few() });
        }
    }
    worst
}

#[expect(clippy::cast_precision_loss, reason = "counts of calls are far below 2^52")]
fn rate(part: u64, whole: u64) -> Option<f64> {
    (whole != 0).then(|| part as f64 / whole as f64)
}
