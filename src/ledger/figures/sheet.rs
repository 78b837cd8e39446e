//! A sheet = what readers are given: the book, the meters, and whether the book is whole.

use super::book::{Book, KEPT};
use super::meter::Meter;
use crate::calendar::Zone;

/// The figures at one moment. A copy costs as many `Arc`s as the book has hours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// Of the last hours.
    pub book: Book,
    /// Of this run.
    pub meter: Meter,
    /// The records of earlier runs have been read; until then they are counted from the latest backwards.
    pub complete: bool,
}

impl Sheet {
    /// An empty one.
    #[must_use]
    pub fn new(zone: Zone) -> Self {
        Self { book: Book::new(zone, KEPT), meter: Meter::default(), complete: false }
    }
}
