//! What the store is told.

/// How much is kept, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// A journal segment is closed when it has grown to this, bytes.
    pub segment_bytes: u64,
    /// Events that wait in memory while the disk refuses them, at most, bytes.
    pub unwritten_bytes: usize,
    /// Journal segments, and with them the ladders of `calls show`, are kept this long after their last event, days.
    /// What is not folded yet is always kept.
    pub journal_days: u32,
    /// Records are kept this long after the call's end, days.
    pub record_days: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { segment_bytes: 64 << 20, unwritten_bytes: 16 << 20, journal_days: 31, record_days: 1_096 }
    }
}
