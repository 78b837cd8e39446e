//! The append-only journal: facts as JSON lines, one `write(2)` a batch, before the datagrams they explain leave.
//!
//! A full disk loses nothing at once: what cannot be written waits in memory, in order, up to a bound, and goes out with
//! the next append or [`Journal::sync_if_due`] that finds room. What a partial write left is continued at its byte.

use super::segment::{self, Tail};
use super::{Error, JournalError, Settings, line, private};
use crate::clock::{Now, SECOND};
use crate::fact::Event;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, sync_channel};

/// Bytes of memory that are kept for the next batch; what a disk that refused has made wait is given back.
const ROOM: usize = 64 << 10;

/// Where bytes go. [`Folder`] in the daemon; tests have one that fills up.
pub trait Medium {
    /// Appends some of the bytes, as `write(2)` does; gives how many.
    ///
    /// # Errors
    /// As the system says.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// Goes on in a new segment.
    ///
    /// # Errors
    /// As the system says; then the present segment stays in use.
    fn rotate(&mut self, first_seq: u64) -> io::Result<()>;

    /// Asks that what is written reaches the disk soon; returns at once.
    fn sync_soon(&mut self);

    /// Waits until what is written has reached the disk.
    ///
    /// # Errors
    /// As the system says.
    fn sync_now(&mut self) -> io::Result<()>;
}

/// How the journal is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Health {
    /// What the system said to the last write, while it refuses.
    pub failing: Option<String>,
    /// Bytes that wait in memory.
    pub waiting: usize,
    /// Events lost because that memory was full, too.
    pub lost: u64,
}

/// The journal of a running daemon. One owner: the signalling thread.
#[derive(Debug)]
pub struct Journal<M: Medium = Folder> {
    medium: M,
    last_seq: u64,
    segment_bytes: u64,
    unwritten_bytes: usize,
    unwritten: Vec<u8>,
    in_segment: u64,
    dirty: bool,
    /// When it was last synced, `Now::mono`.
    synced: u64,
    failing: Option<String>,
    lost: u64,
}

impl Journal {
    /// Opens the journal in a directory and cuts off a torn last line; gives the bytes cut, too. Numbers go on
    /// after the last event found, but never below `at_least`, so that none is given twice.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn open(dir: &Path, settings: &Settings, at_least: u64) -> Result<(Self, u64), Error> {
        let failed = |source| Error::File { path: dir.to_owned(), source };
        let tail = segment::recover(dir).map_err(failed)?;
        let next_seq = tail.as_ref().map_or(1, |t| t.next_seq).max(at_least).max(1);
        let path = tail.as_ref().map_or_else(|| segment::path(dir, next_seq), |t| t.segment.path.clone());
        let (len, cut) = tail.map_or((0, 0), |Tail { len, cut, .. }| (len, cut));
        let folder = Folder::open(dir, &path).map_err(|source| Error::File { path, source })?;
        Ok((Self::new(folder, settings, next_seq, len), cut))
    }
}

impl<M: Medium> Journal<M> {
    /// A journal on any medium, whose present segment holds `in_segment` bytes.
    pub fn new(medium: M, settings: &Settings, next_seq: u64, in_segment: u64) -> Self {
        Self {
            medium,
            last_seq: next_seq.saturating_sub(1),
            segment_bytes: settings.segment_bytes,
            unwritten_bytes: settings.unwritten_bytes,
            unwritten: Vec::new(),
            in_segment,
            dirty: false,
            synced: 0,
            failing: None,
            lost: 0,
        }
    }

    /// The number that the next event must bear.
    #[must_use]
    pub fn next_seq(&self) -> u64 {
        self.last_seq + 1
    }

    /// How it is: an alarm is due while `failing` is set.
    #[must_use]
    pub fn health(&self) -> Health {
        Health { failing: self.failing.clone(), waiting: self.unwritten.len(), lost: self.lost }
    }

    #[cfg(test)]
    pub(super) fn medium_mut(&mut self) -> &mut M {
        &mut self.medium
    }

    /// Writes a batch, after whatever still waits. When it returns `Ok`, all of it is in the kernel: a kill -9 no
    /// longer harms it. Not synced to the platter: see [`Self::sync_if_due`].
    ///
    /// # Errors
    /// [`JournalError`]; the caller goes on serving and raises an alarm.
    pub fn append(&mut self, events: &[Event]) -> Result<(), JournalError> {
        if self.unwritten.is_empty() && self.in_segment >= self.segment_bytes {
            self.rotate(events);
        }
        let lost = self.lost;
        for event in events {
            if event.seq <= self.last_seq {
                let (last, got) = (self.last_seq, event.seq);
                return self.write_out(lost).and(Err(JournalError::OutOfOrder { last, got }));
            }
            self.last_seq = event.seq;
            if self.unwritten.len() >= self.unwritten_bytes {
                let _ = self.write_out(lost); // its error comes again from the last write below
            }
            self.keep(event);
        }
        self.write_out(lost)
    }

    /// Writes what waits, and has the disk sync if a second has passed since it last did. Cheap when there is nothing to do.
    ///
    /// # Errors
    /// [`JournalError`] as long as the disk refuses.
    pub fn sync_if_due(&mut self, now: Now) -> Result<(), JournalError> {
        if self.deadline().is_none_or(|due| now.mono < due) {
            return Ok(());
        }
        self.synced = now.mono;
        let written = self.write_out(self.lost);
        if self.dirty {
            self.dirty = false;
            self.medium.sync_soon();
        }
        written
    }

    /// When [`Self::sync_if_due`] wants to be called, µs of `Now::mono`.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        (self.dirty || !self.unwritten.is_empty()).then_some(self.synced + SECOND)
    }

    /// Writes and syncs everything: an orderly stop.
    ///
    /// # Errors
    /// [`JournalError`] if something stays in memory.
    pub fn close(mut self) -> Result<(), JournalError> {
        self.write_out(self.lost)?;
        let synced = self.medium.sync_now();
        synced.map_err(|source| JournalError::Deferred { source, waiting: 0 })
    }

    fn keep(&mut self, event: &Event) {
        let before = self.unwritten.len();
        let room = before < self.unwritten_bytes;
        if room && line::write(&mut self.unwritten, event).is_ok() {
            return;
        }
        self.unwritten.truncate(before);
        self.lost += 1;
    }

    fn write_out(&mut self, lost_before: u64) -> Result<(), JournalError> {
        let mut written = 0;
        let outcome = loop {
            let rest = &self.unwritten[written..];
            if rest.is_empty() {
                break Ok(());
            }
            match self.medium.write(rest) {
                Ok(0) => break Err(io::Error::from(io::ErrorKind::WriteZero)),
                Ok(n) => written += n.min(rest.len()),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => break Err(e),
            }
        };
        self.unwritten.drain(..written);
        if self.unwritten.is_empty() {
            self.unwritten.shrink_to(ROOM);
        }
        self.in_segment += written as u64;
        self.dirty |= written > 0;
        self.failing = outcome.as_ref().err().map(ToString::to_string);
        let (lost, waiting) = (self.lost, self.unwritten.len());
        outcome.map_err(|source| {
            if lost > lost_before {
                JournalError::Lost { source, lost }
            } else {
                JournalError::Deferred { source, waiting }
            }
        })
    }

    /// A new segment that cannot be made is no harm: the present one grows on, and the next append tries again.
    fn rotate(&mut self, events: &[Event]) {
        let Some(first) = events.first() else { return };
        if self.medium.rotate(first.seq).is_ok() {
            self.in_segment = 0;
        }
    }
}

/// Segments in a directory.
#[derive(Debug)]
pub struct Folder {
    dir: PathBuf,
    file: File,
    syncer: Option<SyncSender<File>>,
}

impl Folder {
    /// Goes on in one of the segments of `dir`, or begins it.
    pub(super) fn open(dir: &Path, segment: &Path) -> io::Result<Self> {
        Ok(Self { dir: dir.to_owned(), file: append_to(segment)?, syncer: syncer() })
    }
}

impl Medium for Folder {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn rotate(&mut self, first_seq: u64) -> io::Result<()> {
        let next = append_to(&segment::path(&self.dir, first_seq))?;
        self.sync_soon();
        self.file = next;
        Ok(())
    }

    fn sync_soon(&mut self) {
        // A sync still running makes this one wait for the next second; the queue has one place.
        if let (Some(syncer), Ok(file)) = (&self.syncer, self.file.try_clone()) {
            let _ = syncer.try_send(file);
        }
    }

    fn sync_now(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }
}

fn append_to(path: &Path) -> io::Result<File> {
    let file = private::made().append(true).open(path)?;
    if let Some(dir) = path.parent() {
        File::open(dir)?.sync_all()?; // the name itself must survive a power loss
    }
    Ok(file)
}

/// The thread that waits for the disk, so that the signalling thread does not. It ends with the journal.
fn syncer() -> Option<SyncSender<File>> {
    let (sender, files) = sync_channel::<File>(1);
    let work = move || {
        for file in files {
            if let Err(error) = file.sync_data() {
                tracing::error!(%error, "the event journal could not be synced to disk");
            }
        }
    };
    let born = std::thread::Builder::new().name("journal-sync".to_owned()).spawn(work);
    born.ok().map(|_| sender)
}
