//! Speed of answer = Σ (t2 − t1) / connected; longest wait = max (t2, or where nobody answered the end, − t1) over offered.

use crate::ledger::Cdr;
use crate::ledger::service_level::offered;

/// How long callers waited for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Answers {
    /// Of those who got one, µs in all.
    pub waited: u64,
    /// The longest of all, µs.
    pub longest: u64,
}

impl Answers {
    pub(super) fn add(&mut self, cdr: &Cdr) {
        let Some(t1) = cdr.t1.filter(|_| offered(cdr)) else { return };
        let wait = since(t1, cdr.t2.unwrap_or(cdr.end));
        self.longest = self.longest.max(wait);
        if cdr.t2.is_some() {
            self.waited = self.waited.saturating_add(wait);
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.waited = self.waited.saturating_add(other.waited);
        self.longest = self.longest.max(other.longest);
    }
}

/// From `a` to `b`, µs; 0 where the wall clock was set back between them.
pub(super) fn since(a: i64, b: i64) -> u64 {
    u64::try_from(b.saturating_sub(a)).unwrap_or(0)
}
