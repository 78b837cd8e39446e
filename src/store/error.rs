//! What the store cannot do, and why.

use std::io;
use std::path::PathBuf;

/// Why the store cannot be opened or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or directory.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another daemon has it open.
    #[error("{} is in use by another switchboard", .0.display())]
    InUse(PathBuf),
    /// SQLite.
    #[error("{}: {source}", path.display())]
    Database {
        /// The database file.
        path: PathBuf,
        /// What it said.
        source: Box<sqlx::Error>,
    },
    /// Made by a later version of this program.
    #[error("{}: its schema is version {found}, this switchboard knows {known}", path.display())]
    Newer {
        /// The database file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// A record in the database cannot be read back.
    #[error("the record of event {seq} cannot be read: {source}")]
    Record {
        /// Its key.
        seq: i64,
        /// Why.
        source: serde_json::Error,
    },
    /// The first facts cannot be written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The writer's thread is gone or was never born.
    #[error("the record writer has stopped")]
    Stopped,
}

impl Error {
    /// The database's file is damaged, or is no database at all (SQLITE_CORRUPT, SQLITE_NOTADB).
    #[must_use]
    pub fn is_damage(&self) -> bool {
        let Self::Database { source, .. } = self else { return false };
        let code = source.as_database_error().and_then(|e| e.code()).and_then(|code| code.parse::<i32>().ok());
        code.is_some_and(|code| matches!(code & 0xff, 11 | 26))
    }
}

/// Why an append did not reach the disk.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Nothing is lost: the events wait in memory.
    #[error("the event journal cannot be written ({source}); {waiting} bytes wait in memory until it can")]
    Deferred {
        /// What the system said.
        source: io::Error,
        /// Bytes that wait.
        waiting: usize,
    },
    /// The memory for waiting events is full, too: these are lost to the journal. The record writer still gets them.
    #[error("the event journal cannot be written ({source}) and its memory is full: {lost} events are lost so far")]
    Lost {
        /// What the system said.
        source: io::Error,
        /// Events lost since the start.
        lost: u64,
    },
    /// A mistake of the caller: sequence numbers only grow.
    #[error("event {got} cannot follow event {last} in the journal")]
    OutOfOrder {
        /// The last one taken.
        last: u64,
        /// The one refused, with all after it.
        got: u64,
    },
}
