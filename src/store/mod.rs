//! What survives the daemon: the event journal, and the records folded from it into SQLite.
//!
//! The journal is the truth, the database a fold of it: the database remembers up to which event it is folded
//! ([`Position`]), and a start replays from the first event of the oldest call that was live then. So a kill -9 at any
//! byte neither loses nor doubles a record. Calls that were live when the daemon died are closed as
//! `Outcome::Crashed` by facts of their own, so that every other fold sees the same end.
//!
//! Safe against kill -9: facts are in the kernel before the datagrams they explain leave. Against power loss only up
//! to the last fsync, at most one second. This module refuses to decide anything about calls and to block the
//! signalling thread on a database.
//!
//! Layout of the state directory: `lock`, `journal/<first seq>.jsonl`, `switchboard.db` (WAL), `plans/`.

mod database;
mod journal;
pub mod plans;
mod reader;
mod segment;
mod writer;

pub use database::{Database, Filter, Hits, Position};
pub use journal::{Folder, Health, Journal, JournalError, Medium};
pub use plans::Plans;
pub use reader::Reader;
pub use segment::{Damaged, Replay, replay};
pub use writer::Writer;

use crate::ledger;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

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

/// An open store.
#[derive(Debug)]
pub struct Opened {
    /// For the signalling thread: facts go here first.
    pub journal: Journal,
    /// Then here.
    pub writer: Writer,
    /// What the start found.
    pub recovered: Recovered,
}

/// What a start found of the run before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Recovered {
    /// Events read again.
    pub replayed: u64,
    /// Calls that were live when the daemon died; each has its record now.
    pub crashed: usize,
    /// Bytes of a torn last line that were cut off.
    pub cut: u64,
    /// Lines that could not be read and were passed over.
    pub damaged: u64,
}

/// Opens the store of a daemon in `dir`, makes it if it is not there, and closes the books of the run before.
///
/// Blocks until every event of the former run is folded.
///
/// # Errors
/// [`Error`], each with the file and one sentence.
pub fn open(dir: &Path, settings: &Settings, books: ledger::Settings) -> Result<Opened, Error> {
    let folder = journal_dir(dir);
    fs::create_dir_all(&folder).map_err(|source| Error::File { path: folder.clone(), source })?;
    let lock = lock(dir)?;
    let (writer, position) = Writer::start(dir, lock, settings, books)?;
    let (mut journal, cut) = Journal::open(&folder, settings, position.folded + 1)?;
    let mut recovered = writer.restore()?;
    let crashed = writer.crashed(journal.next_seq())?;
    (recovered.crashed, recovered.cut) = (crashed.len(), cut);
    if !crashed.is_empty() {
        journal.append(&crashed)?;
        writer.send(crashed);
    }
    writer.flush()?;
    Ok(Opened { journal, writer, recovered })
}

fn lock(dir: &Path) -> Result<File, Error> {
    let path = dir.join("lock");
    let failed = |source| Error::File { path: path.clone(), source };
    let file = File::create(&path).map_err(failed)?;
    match rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(Error::InUse(dir.to_owned())),
        Err(errno) => Err(failed(errno.into())),
    }
}

fn journal_dir(dir: &Path) -> PathBuf {
    dir.join("journal")
}

fn database_file(dir: &Path) -> PathBuf {
    dir.join("switchboard.db")
}

#[cfg(test)]
mod tests;
