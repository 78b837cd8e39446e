//! Who may dial what: the decision for one caller, as the exchange takes it and as `dialplan why` explains it.

use super::Plan;
use super::entry::{Access, Trunk};
use super::explain::{Decision, Observe, Reason, Refusal, decide};
use super::number::Dialled;

/// Where a call comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side<'p> {
    /// A trunk; `None` is one that the plan does not name: it takes every spelling.
    Trunk(Option<&'p Trunk>),
    /// A signed-in seat.
    Seat,
}

impl Plan {
    /// Decides for one caller: what [`Plan::decide`] says, unless this side may not dial it. The hot path: no allocation.
    #[must_use]
    pub fn admit(&self, dialled: Dialled, side: Side<'_>, wall: i64) -> Decision<'_> {
        admit(self, dialled, side, wall, &mut ())
    }
}

/// First what the trunk takes (an emergency number in any spelling: no setting keeps help from a caller), then the number and the date, then who may dial it.
pub(super) fn admit<'p>(
    plan: &'p Plan,
    dialled: Dialled,
    side: Side<'_>,
    wall: i64,
    observer: &mut impl Observe,
) -> Decision<'p> {
    if let Side::Trunk(Some(trunk)) = side
        && dialled.emergency.is_none()
        && !trunk.takes(dialled.spelling)
    {
        observer.note(Reason::SpellingNotTaken);
        return Decision::Refused(Refusal { status: 404, q850: 1, entry: None });
    }
    match decide(plan, dialled, wall, observer) {
        Decision::Routed(routed) if routed.entry.access == Access::Seats && side != Side::Seat => {
            observer.note(Reason::SeatsOnly);
            Decision::Refused(Refusal { status: 404, q850: 1, entry: Some(routed.entry) })
        }
        decision => decision,
    }
}
