//! One leg that was sent out, and how long things take.

use crate::fact::{Cause, Party, Target};
use crate::id::{AgentId, LegRef};
use serde::{Deserialize, Serialize};

/// One leg sent out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// The leg.
    pub leg: LegRef,
    /// To whom.
    pub target: Target,
    /// Who sat at the seat, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentId>,
    /// Sent, µs.
    pub at: i64,
    /// First 18x, µs.
    pub ringing: Option<i64>,
    /// 200, µs.
    pub answered: Option<i64>,
    /// Caller and this leg heard each other, µs.
    pub connected: Option<i64>,
    /// Failed, given up or ended, µs.
    pub end: Option<i64>,
    /// Why it failed or ended.
    pub cause: Option<Cause>,
    /// SIP status of a failure.
    pub status: Option<u16>,
    /// Who ended it after its answer.
    pub by: Option<Party>,
}

/// From `a` to `b`, both µs, in whole ms; 0 if the wall clock was set back between them.
pub(super) fn millis(a: i64, b: i64) -> u64 {
    u64::try_from(b.saturating_sub(a) / 1_000).unwrap_or(0)
}
