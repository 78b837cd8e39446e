//! One step of `--find-limit`.

use crate::flood::report::Report;

/// A rate, and what came of it.
pub(super) struct Step {
    /// Calls a second.
    pub(super) rate: f64,
    pub(super) report: Report,
    /// Everything held.
    pub(super) held: bool,
    /// What did not.
    pub(super) broken: Vec<String>,
}
