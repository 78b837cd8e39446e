//! Abandonment = offered calls that their caller gave up before a person answered / offered.

use crate::fact::Outcome;
use crate::ledger::Cdr;
use crate::ledger::service_level::offered;

/// Whether this is one.
pub(super) fn is_abandoned(cdr: &Cdr) -> bool {
    offered(cdr) && cdr.outcome == Outcome::Abandoned
}
