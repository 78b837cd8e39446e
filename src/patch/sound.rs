//! What can be played.

use std::sync::Arc;

/// A piece of audio held in memory: 8 kHz A-law, one byte a sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clip {
    /// Its prompt key, for facts and diagnostics.
    pub name: crate::id::PromptId,
    /// The samples, G.711 A-law at 8 kHz.
    pub alaw: Arc<[u8]>,
}

impl Clip {
    /// Length in milliseconds.
    #[must_use]
    pub fn millis(&self) -> u64 {
        self.alaw.len() as u64 / 8
    }
}

/// Tones of GB/T 3380, 450 Hz at −10 dBm0 ± 3; the reminder is 1400 Hz at −20 dBm0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tone {
    /// 回铃音: 1 s on, 4 s off.
    Ringback,
    /// 忙音: 0.35 s on, 0.35 s off.
    Busy,
    /// 拥塞音: 0.7 s on, 0.7 s off.
    Congestion,
    /// 提示音: someone else is on the line. 0.4 s on, 9.6 s off, beside the voices.
    Reminder,
}

/// Names one playing, so that its end can be told from another's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct PlayId(pub u32);
