//! What a leg's media was like.

use crate::id::LegRef;
use serde::{Deserialize, Serialize};

/// What one leg carried, from its lease to its end. Opinions are in hundredths, 100 to 441 (ITU-T G.107); none where nothing came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quality {
    /// Which leg; #0 is the caller's.
    pub leg: LegRef,
    /// By which codec at its end.
    pub codec: String,
    /// Packets that came from it.
    pub received: u64,
    /// Packets of it that were missing.
    pub lost: u64,
    /// Interarrival jitter of what came, at the end, µs (RFC 3550 §6.4.1).
    pub jitter_us: u32,
    /// What was heard of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mos: Option<u16>,
    /// Packets that we sent to it.
    pub sent: u64,
    /// So many were missing there by its last report; it has reported nothing if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub far_lost: Option<u32>,
    /// Of so many that it should have had by its last report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub far_expected: Option<u32>,
    /// Jitter there, µs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub far_jitter_us: Option<u32>,
    /// What it has heard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub far_mos: Option<u16>,
    /// There and back, µs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round_trip_us: Option<u32>,
}
