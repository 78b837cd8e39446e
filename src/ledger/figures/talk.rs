//! Talk = Σ (end − t2) over connected; mean talk = talk / connected.

use super::answers::since;
use crate::ledger::Cdr;
use crate::ledger::service_level::offered;

/// Of one call, µs; 0 where nobody answered, or where it is not counted as offered.
pub(super) fn talked(cdr: &Cdr) -> u64 {
    cdr.t2.filter(|_| offered(cdr)).map_or(0, |t2| since(t2, cdr.end))
}
