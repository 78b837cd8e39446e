//! Who hears whom in one call, and the difference between what is and what shall be.

use super::Source;
use crate::id::LegRef;
use smallvec::SmallVec;

/// What a leg shall hear, in the words of the call (legs, not ports).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hears {
    /// Another leg.
    Leg(LegRef),
    /// Something that is played, or nothing.
    Source(Source),
}

/// Who hears whom: one row a leg. The call's machines return the one they want; the reconciler
/// turns the difference into media commands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Topology {
    rows: SmallVec<[(LegRef, Hears); 3]>,
}

impl Topology {
    /// Nobody hears anything.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Says what `leg` hears, replacing what was said before.
    pub fn set(&mut self, leg: LegRef, hears: Hears) {
        match self.rows.iter_mut().find(|(l, _)| *l == leg) {
            Some(row) => row.1 = hears,
            None => self.rows.push((leg, hears)),
        }
    }

    /// Two legs hear each other.
    #[must_use]
    pub fn pair(a: LegRef, b: LegRef) -> Self {
        let mut t = Self::new();
        t.set(a, Hears::Leg(b));
        t.set(b, Hears::Leg(a));
        t
    }

    /// What `leg` hears.
    #[must_use]
    pub fn hears(&self, leg: LegRef) -> Option<&Hears> {
        self.rows.iter().find(|(l, _)| *l == leg).map(|(_, h)| h)
    }

    /// Takes a leg out, as a speaker too: who heard it hears nothing.
    pub fn remove(&mut self, leg: LegRef) {
        self.rows.retain(|(l, _)| *l != leg);
        for (_, hears) in &mut self.rows {
            if *hears == Hears::Leg(leg) {
                *hears = Hears::Source(Source::Nothing);
            }
        }
    }

    /// Every row.
    pub fn rows(&self) -> impl Iterator<Item = &(LegRef, Hears)> {
        self.rows.iter()
    }

    /// The rows of `wanted` that differ from this one: what must be said to the media engine.
    pub fn changes<'a>(&'a self, wanted: &'a Self) -> impl Iterator<Item = &'a (LegRef, Hears)> {
        wanted.rows.iter().filter(|(leg, hears)| self.hears(*leg) != Some(hears))
    }
}
