//! What waits to be booked.

use crate::fact::{Archived, Quality};
use crate::id::CallRef;
use crate::ledger::Cdr;

/// A recording that is kept after its call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Position of the fact in the stream.
    pub seq: u64,
    /// Whose it is.
    pub call: CallRef,
    /// Its file.
    pub archived: Archived,
}

/// What waits for the next transaction.
#[derive(Debug, Default)]
pub struct Batch {
    /// Calls that have ended.
    pub cdrs: Vec<Cdr>,
    /// Recordings that are kept.
    pub kept: Vec<Kept>,
    /// What was told of the media of calls whose records are booked already.
    pub media: Vec<(CallRef, Vec<Quality>)>,
}

impl Batch {
    /// How many of all.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cdrs.len() + self.kept.len() + self.media.len()
    }

    /// All of it is booked; room for so many records is kept.
    pub fn clear(&mut self, room: usize) {
        self.cdrs.clear();
        self.cdrs.shrink_to(room);
        self.kept.clear();
        self.media.clear();
    }
}
