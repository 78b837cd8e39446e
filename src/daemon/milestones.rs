//! What of the facts is told to the log, and how loud.

use crate::fact::{self, Fact};

/// Call milestones at INFO, callers' numbers masked (house style 9).
pub(super) fn log(event: &fact::Event) {
    let Some(call) = event.call else {
        return match &event.fact {
            Fact::TrunkDown { trunk } => tracing::warn!(%trunk, "trunk down"),
            Fact::TrunkUp { trunk } => tracing::info!(%trunk, "trunk up"),
            Fact::SeatRegistered { seat, contact } => tracing::info!(%seat, %contact, "registered"),
            Fact::SeatLost { seat, why } => tracing::info!(%seat, ?why, "unregistered"),
            Fact::SeatLocked { seat, source, wrong, seconds } => {
                tracing::warn!(%seat, %source, wrong, seconds, "locked out after wrong passwords");
            }
            other => tracing::debug!(?other, "fact"),
        };
    };
    match &event.fact {
        Fact::CallOffered { dialled, caller, .. } => {
            tracing::info!(%call, %dialled, caller = %masked(caller), "call");
        }
        Fact::Connected { leg } => tracing::info!(%call, leg = leg.0, "connected"),
        Fact::CallEnded { outcome, cause, .. } => tracing::info!(%call, ?outcome, ?cause, "ended"),
        other => tracing::debug!(%call, ?other, "fact"),
    }
}

/// `139****0001`.
fn masked(number: &str) -> String {
    let chars: Vec<char> = number.chars().collect();
    match chars.len() {
        0..=6 => "*".repeat(chars.len()),
        n => chars[..3].iter().chain(['*', '*', '*', '*'].iter()).chain(&chars[n - 4..]).collect(),
    }
}
