//! The book = the last hours, each with its tally; a record changes one hour, and a reader's copy is as many `Arc`s as there are.

use super::hour::Hour;
use super::tally::Tally;
use crate::calendar::Zone;
use crate::ledger::Cdr;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Hours that a daemon's book keeps: eight days, so that a whole week can be held against the present day.
pub const KEPT: usize = 8 * 24;

/// Tallies by hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Book {
    zone: Zone,
    keep: usize,
    hours: BTreeMap<Hour, Arc<Tally>>,
}

impl Book {
    /// An empty one of so many hours; the oldest goes for one more.
    #[must_use]
    pub fn new(zone: Zone, keep: usize) -> Self {
        Self { zone, keep, hours: BTreeMap::new() }
    }

    /// Counts a call in. The order does not matter.
    pub fn add(&mut self, cdr: &Cdr) {
        let hour = Hour::of(cdr.t0, &self.zone);
        Arc::make_mut(self.hours.entry(hour).or_default()).add(cdr);
        if self.hours.len() > self.keep {
            self.hours.pop_first();
        }
    }

    /// Its first hour, once one more would drop it.
    #[must_use]
    pub fn first_when_full(&self) -> Option<Hour> {
        self.hours.first_key_value().filter(|_| self.hours.len() >= self.keep).map(|(hour, _)| *hour)
    }

    /// The zone of its hours.
    #[must_use]
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// The hours from `from` until before `to` in which there was a call.
    pub fn hours(&self, from: Hour, to: Hour) -> impl Iterator<Item = (Hour, &Tally)> {
        let range = if from < to { from..to } else { to..to };
        self.hours.range(range).map(|(hour, tally)| (*hour, &**tally))
    }

    /// All of these together.
    #[must_use]
    pub fn tally(&self, from: Hour, to: Hour) -> Tally {
        let mut sum = Tally::default();
        self.hours(from, to).for_each(|(_, tally)| sum.merge(tally));
        sum
    }
}
