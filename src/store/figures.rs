//! The figures beside the records: counted as records are folded, read back from the database after a start, shown to any reader.
//!
//! Each record counts once. Its place in the stream says whether it has: those of earlier runs are at or before the position that the
//! database had at the start and are read from there, a page at a time between messages, the latest first; those after it are
//! counted as they are folded, in the order of the stream, and known again by their place when the books are rebuilt.

use super::database::Page;
use crate::calendar::Zone;
use crate::ledger::Cdr;
use crate::ledger::figures::{Book, Hour, KEPT, Sheet};
use arc_swap::ArcSwap;
use std::sync::Arc;

/// Where the figures stand for every reader.
pub type Shown = Arc<ArcSwap<Sheet>>;

/// What the records' thread keeps of them.
#[derive(Debug)]
pub(super) struct Figures {
    sheet: Sheet,
    shown: Shown,
    /// The database's position at the start.
    base: u64,
    /// The last record counted into the book, and into the meters.
    counted: u64,
    metered: u64,
    /// Where reading back goes on, until it has ended.
    back: Option<Option<(i64, u64)>>,
    changed: bool,
}

impl Figures {
    /// `base`: records at or before this place are in the database.
    pub(super) fn new(zone: &Zone, base: u64, shown: Shown) -> Self {
        let sheet = Sheet::new(zone.clone());
        Self { sheet, shown, base, counted: base, metered: base, back: Some(None), changed: true }
    }

    /// A record that has been folded.
    pub(super) fn count(&mut self, cdr: &Cdr) {
        if cdr.seq > self.counted {
            self.counted = cdr.seq;
            self.sheet.book.add(cdr);
            self.changed = true;
        }
        if cdr.seq > self.metered {
            self.metered = cdr.seq;
            self.sheet.meter.add(cdr);
        }
    }

    /// The database has been begun anew: the journal tells it all once more, and there is nothing to be read back.
    pub(super) fn begin_anew(&mut self) {
        self.sheet.book = Book::new(self.sheet.book.zone().clone(), KEPT);
        (self.counted, self.back, self.changed) = (0, None, true);
        self.sheet.complete = true;
    }

    /// Where the next page of former records begins, while there are any.
    pub(super) fn back(&self) -> Option<Option<(i64, u64)>> {
        self.back
    }

    /// Counts former records in. It is enough once every older one would be dropped.
    pub(super) fn read_back(&mut self, page: &Page) {
        page.cdrs.iter().filter(|cdr| cdr.seq <= self.base).for_each(|cdr| self.sheet.book.add(cdr));
        let oldest = page.cdrs.last().map(|cdr| Hour::of(cdr.t0, self.sheet.book.zone()));
        let enough = oldest.zip(self.sheet.book.first_when_full()).is_some_and(|(oldest, first)| oldest < first);
        self.back = page.behind.filter(|_| !enough).map(Some);
        self.sheet.complete = self.back.is_none();
        self.changed = true;
    }

    /// The records cannot be read: what there is stays, and says that it is not all.
    pub(super) fn give_up(&mut self) {
        self.back = None;
    }

    /// For every reader from now on.
    pub(super) fn show(&mut self) {
        if std::mem::take(&mut self.changed) {
            self.shown.store(Arc::new(self.sheet.clone()));
        }
    }
}
