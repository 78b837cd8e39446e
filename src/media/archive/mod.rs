//! Recordings after the call: packed, sealed where a key is given, found again and read.
//!
//! ```text
//!   20211215/5bhd7pq5c01.wav            as the recorder writes it: four channels, A-law, 115 MB an hour
//!   20211215/5bhd7pq5c01.flac           packed: the same samples, about 30 MB an hour
//!   20211215/5bhd7pq5c01.opus           packed: about 13 MB an hour
//!   20211215/5bhd7pq5c01.flac.sealed    packed and encrypted; so are .opus.sealed and .wav.sealed
//!   20211215/5bhd7pq5c01.flac.part      being made, or left by a crash: nobody reads it
//! ```
//! [`pack`] makes one of them, proves by reading it back that nothing is missing, and only then gives it its name: at any
//! moment a kill leaves the WAV, the packed file, or both. [`Sound`] reads all of them alike; [`Archive`] is the folder.
//!
//! Refused here: deciding when (`daemon::recordings`), and what a call's record says of it (`fact::Archived`).

mod flac;
mod folder;
mod form;
mod key;
mod labels;
mod opus;
mod pack;
mod sealed;
mod sound;

pub use folder::{Archive, Former, Found, Mended, Removed};
pub use form::{Form, Kind};
pub use key::{Key, KeyId, Keys};
pub use pack::{Packed, hash, pack};
pub use sound::Sound;

use crate::audio::tracks;
use std::io;

/// Why a recording cannot be packed or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not one of ours.
    #[error("not a recording of this switchboard")]
    Foreign,
    /// It is sealed by a key that is not here.
    #[error("sealed by key {0}, which is not among those in the environment")]
    NoKey(KeyId),
    /// Its head does not tell of all that is there: it is being recorded, or a crash has cut it.
    #[error("it is being recorded, or was cut off")]
    Cut,
    /// More channels than the format can hold.
    #[error("{0} channels are too many for this format")]
    Channels(u16),
    /// The codec refused.
    #[error("the codec: {0}")]
    Codec(String),
    /// What was packed does not read back as what was recorded.
    #[error("what was packed does not read back as what was recorded")]
    Differs,
    /// Told to stop.
    #[error("told to stop")]
    Stopped,
    /// The system refused, or the file is damaged.
    #[error(transparent)]
    System(#[from] io::Error),
}

impl Error {
    /// What reading the first bytes of a file has come to: what is not readable at all is foreign.
    fn foreign(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof | io::ErrorKind::Other => Self::Foreign,
            _ => Self::System(error),
        }
    }

    /// The disk, or the quota of the user, is full: later it may go.
    #[must_use]
    pub fn is_full(&self) -> bool {
        use io::ErrorKind::{QuotaExceeded, StorageFull};
        matches!(self, Self::System(e) if matches!(e.kind(), StorageFull | QuotaExceeded))
    }
}

impl From<tracks::Error> for Error {
    fn from(error: tracks::Error) -> Self {
        match error {
            tracks::Error::Foreign => Self::Foreign,
            tracks::Error::System(e) => Self::System(e),
        }
    }
}
