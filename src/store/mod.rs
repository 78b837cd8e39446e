//! What survives the daemon: the event journal, and the records folded from it into SQLite.
//!
//! The journal is the truth, the database a fold of it: the database remembers up to which event it is folded
//! ([`Position`]), and a start replays from the first event of the oldest call that was live then. So a kill -9 at any
//! byte neither loses nor doubles a record. Calls that were live when the daemon died are closed as
//! `Outcome::Interrupted` by facts of their own, so that every other fold sees the same end.
//!
//! Safe against kill -9: facts are in the kernel before the datagrams they explain leave. Against power loss only up
//! to the last fsync, at most one second. This module refuses to decide anything about calls and to block the
//! signalling thread on a database.
//!
//! Layout of the state directory: `lock`, `journal/<first seq>.jsonl`, `switchboard.db` (WAL), `plans/`, `access/`. All of it is its
//! owner's alone.

pub mod access;
mod batch;
mod damage;
mod database;
mod error;
mod figures;
mod journal;
mod layout;
mod line;
pub mod plans;
mod private;
mod reader;
mod recovered;
mod segment;
mod settings;
mod writer;

pub use database::{Database, Filter, Hits, Page, Position};
pub use error::{Error, JournalError};
pub use figures::Shown;
pub use journal::{Folder, Health, Journal, Medium};
pub use plans::Plans;
pub use reader::Reader;
pub use recovered::Recovered;
pub use segment::{Damaged, Replay, replay};
pub use settings::Settings;
pub use writer::{Lag, Writer};

use crate::ledger;
use layout::journal_dir;
use std::fs::File;
use std::path::Path;

/// An open store.
#[derive(Debug)]
pub struct Opened {
    /// For the signalling thread: facts go here first.
    pub journal: Journal,
    /// Then here.
    pub writer: Writer,
    /// What the start found.
    pub recovered: Recovered,
    /// How the former run left the floor.
    pub standing: ledger::Standing,
    /// The calls that it has cut off.
    pub cut_off: Vec<ledger::Cdr>,
    /// The dialogs of these calls that stood.
    pub dialogs: Vec<crate::fact::Dialog>,
}

/// Opens the store of a daemon in `dir`, makes it if it is not there, and closes the books of the run before.
///
/// Blocks until every event of the former run is folded. A disk that takes nothing stops no start: what cannot be written waits. A
/// database that is damaged is set aside and rebuilt from the journal.
///
/// # Errors
/// [`Error`], each with the file and one sentence.
pub fn open(dir: &Path, settings: &Settings, books: ledger::Settings) -> Result<Opened, Error> {
    let folder = journal_dir(dir);
    private::folder(&folder).map_err(|source| Error::File { path: folder.clone(), source })?;
    let lock = lock(dir)?;
    let (writer, position) = Writer::start(dir, lock, settings, books)?;
    let (mut journal, cut) = Journal::open(&folder, settings, position.folded + 1)?;
    let mut recovered = writer.restore()?;
    let cut_off = writer.live()?;
    let standing = segment::of_floor(&folder).map_err(|source| Error::File { path: folder.clone(), source })?;
    let standing = ledger::Standing::of(&standing);
    let dialogs = match cut_off.iter().map(|cdr| cdr.first_seq).min() {
        Some(first) => {
            segment::of_dialogs(&folder, first).map_err(|source| Error::File { path: folder.clone(), source })?
        }
        None => Vec::new(),
    };
    let dialogs = ledger::dialogs::standing(&dialogs);
    let crashed = writer.crashed(journal.next_seq())?;
    (recovered.crashed, recovered.cut) = (crashed.len(), cut);
    if !crashed.is_empty() {
        match journal.append(&crashed) {
            // They wait in memory: an exchange that does not start for want of a disk would take emergency calls from nobody.
            Err(error @ (JournalError::Deferred { .. } | JournalError::Lost { .. })) => tracing::error!("{error}"),
            appended => appended?,
        }
        writer.send(crashed);
    }
    if let Err(error) = writer.flush() {
        tracing::error!(%error, "call records cannot be booked; they wait");
    }
    Ok(Opened { journal, writer, recovered, standing, cut_off, dialogs })
}

fn lock(dir: &Path) -> Result<File, Error> {
    let path = dir.join("lock");
    let failed = |source| Error::File { path: path.clone(), source };
    let file = private::made().write(true).truncate(true).open(&path).map_err(failed)?;
    match rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(Error::InUse(dir.to_owned())),
        Err(errno) => Err(failed(errno.into())),
    }
}

#[cfg(test)]
mod tests;
