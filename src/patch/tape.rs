//! Recording: one file a caller's journey, one channel a party.
//!
//! A recording always has [`CHANNELS`] channels, so that a party who joins in the tenth minute needs no other file:
//! 0 the caller, 1 the seat, 2 the third party, 3 the supervisor. A channel holds what its party *says*; when a seat
//! leaves and another comes, the other takes over the channel. Prompts and music are not recorded: the facts say which
//! were played. In A-law the four cost what two would in 16 bits.

use super::{Epoch, PortId};
use std::sync::Arc;

/// Channels of every recording.
pub const CHANNELS: usize = 4;

/// Who speaks on each channel: in a word, in Chinese, in English.
pub const PARTIES: [(&str, &str, &str); CHANNELS] = [
    ("caller", "来电人", "caller"),
    ("agent", "坐席", "agent"),
    ("third", "第三方", "third party"),
    ("supervisor", "班长", "supervisor"),
];

/// Names one recording, for as long as the process lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct RecordingId(pub u64);

/// What is to be done with a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tape {
    /// It begins: an empty time line that runs from now on, whoever speaks.
    Begin {
        /// Its path below the folder of recordings, without `.wav`: parts of letters, digits, `-`, `_` and `.`, none of
        /// which begins with a point. An existing file is never written over: the recording fails.
        file: Arc<str>,
    },
    /// From now on this port is heard on this channel, in the place of who was there.
    Channel {
        /// 0 to 3.
        channel: u8,
        /// The port; of the recording's thread.
        port: PortId,
        /// Its lease. A lease that ends leaves its channel silent.
        epoch: Epoch,
    },
    /// Nobody is heard on this channel any more.
    Vacate {
        /// 0 to 3.
        channel: u8,
    },
    /// Nothing is kept until [`Tape::Resume`]: time goes on, every channel is silent, the file has a cue at both ends.
    Pause,
    /// The end of a pause.
    Resume,
    /// It is over, the file is finished; [`Recorded::Ended`] follows.
    End,
}

/// What became of a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recorded {
    /// The recorder did not keep up: so many frames of 20 ms are silence in the file. At most once a second.
    Dropped {
        /// Frames since the last report.
        frames: u32,
    },
    /// Nothing is written at present; said once until writing succeeds again. The engine goes on, the recorder tries again
    /// every second, and what was lost is silence.
    Failed {
        /// No room on the disk (or over the quota).
        full: bool,
        /// What the system said.
        why: Arc<str>,
    },
    /// It is written again after [`Recorded::Failed`].
    Again,
    /// The file is finished.
    Ended {
        /// Its length in frames of 20 ms.
        frames: u64,
    },
}

/// From the engine to a recorder.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly all are frames, and they lie in a ring: nothing is allocated for one"
)]
pub enum Take {
    /// A file begins.
    Begin(RecordingId, Arc<str>),
    /// 20 ms of every channel, A-law; which, counted from the beginning.
    Frame(RecordingId, u64, [[u8; 160]; CHANNELS]),
    /// A pause begins (true) or ends with this frame.
    Pause(RecordingId, u64, bool),
    /// The file is so many frames long.
    End(RecordingId, u64),
}
