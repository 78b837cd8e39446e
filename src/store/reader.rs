//! Questions to a store that a daemon may be running on, for the command line: nothing here writes.

use super::layout::{database_file, journal_dir};
use super::{Database, Error, Filter, Hits, segment};
use crate::fact::Event;
use crate::id::CallRef;
use crate::ledger::Cdr;
use crate::ledger::transfers::Transfer;
use std::io;
use std::path::{Path, PathBuf};
use tokio::runtime::{Builder, Runtime};

/// A store opened for reading. Blocks; not for use inside an async runtime.
#[derive(Debug)]
pub struct Reader {
    runtime: Runtime,
    database: Database,
    journal: PathBuf,
}

impl Reader {
    /// Opens the store in a state directory.
    ///
    /// # Errors
    /// [`Error`]: no store there, or one of a newer switchboard.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        let path = database_file(dir);
        if !path.exists() {
            return Err(Error::File { path, source: io::ErrorKind::NotFound.into() });
        }
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|source| Error::File { path: path.clone(), source })?;
        let database = runtime.block_on(Database::open_read_only(&path))?;
        Ok(Self { runtime, database, journal: journal_dir(dir) })
    }

    /// Records by filter, latest first.
    ///
    /// # Errors
    /// [`Error`].
    pub fn calls(&mut self, filter: &Filter) -> Result<Vec<Cdr>, Error> {
        self.runtime.block_on(self.database.calls(filter))
    }

    /// Number dialled and t0 of every call since a moment, oldest first; at most `limit`, the latest.
    ///
    /// # Errors
    /// [`Error`].
    pub fn dialled(&mut self, since: i64, limit: u32) -> Result<Vec<(String, i64)>, Error> {
        self.runtime.block_on(self.database.dialled(since, limit))
    }

    /// Transfers asked for in \[`since`, `until`), µs since the epoch, in calls that have ended: given one by one, by the
    /// moment of the asking.
    ///
    /// # Errors
    /// [`Error`].
    pub fn transfers(&mut self, since: i64, until: i64, each: impl FnMut(Transfer)) -> Result<(), Error> {
        self.runtime.block_on(self.database.transfers(since, until, each))
    }

    /// Every record of a call with t0 in \[`since`, `until`), given one by one, the latest first.
    ///
    /// # Errors
    /// [`Error`].
    pub fn each(&mut self, since: i64, until: i64, mut each: impl FnMut(Cdr)) -> Result<(), Error> {
        let mut behind = None;
        loop {
            let page = self.runtime.block_on(self.database.page(since, until, behind))?;
            page.cdrs.into_iter().for_each(&mut each);
            behind = page.behind;
            if behind.is_none() {
                return Ok(());
            }
        }
    }

    /// How many calls each number had with t0 in \]`after`, `until`\], both µs since the epoch.
    ///
    /// # Errors
    /// [`Error`].
    pub fn hits(&mut self, after: i64, until: i64) -> Result<Vec<Hits>, Error> {
        self.runtime.block_on(self.database.hits(after, until))
    }

    /// One call's record.
    ///
    /// # Errors
    /// [`Error`].
    pub fn record(&mut self, call: CallRef) -> Result<Option<Cdr>, Error> {
        self.runtime.block_on(self.database.call(call))
    }

    /// One call's record and its events in order; the events are empty once their segment is past its retention.
    ///
    /// # Errors
    /// [`Error`].
    pub fn call(&mut self, call: CallRef) -> Result<Option<(Cdr, Vec<Event>)>, Error> {
        let Some(cdr) = self.record(call)? else {
            return Ok(None);
        };
        let events = segment::of_call(&self.journal, call, cdr.first_seq, cdr.seq);
        let events = events.map_err(|source| Error::File { path: self.journal.clone(), source })?;
        Ok(Some((cdr, events)))
    }
}
