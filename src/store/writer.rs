//! The thread that folds facts into records and books them: the signalling thread hands over and goes on.
//!
//! A full queue is no loss: what does not fit is left out, and the gap in the sequence numbers has this thread read it
//! from the journal. A database that refuses is no loss either: records wait, and beyond a bound the books are rebuilt
//! from the journal when it answers again.

use super::batch::{Batch, Kept};
use super::figures::{Figures, Shown};
use super::layout::{database_file, journal_dir};
use super::{Database, Error, Position, Recovered, Settings, damage, segment};
use crate::fact::{Event, Fact, Quality};
use crate::id::CallRef;
use crate::ledger::figures::Sheet;
use crate::ledger::{self, Cdr, Fold};
use arc_swap::ArcSwap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

/// Batches that may wait for the thread: ten seconds of them, or 130,000 events of a flood. What is more is read from the journal.
const QUEUE: usize = 128;
/// Records that make a transaction worth its while at once.
const BATCH: usize = 1_000;
/// Records that may wait while the database refuses; with more the books are rebuilt from the journal later.
const PENDING: usize = 50_000;
/// A record waits this long for company, µs of event time and in the absence of events.
const LINGER: i64 = 100_000;
/// A database that refused is asked again after this, µs.
const RETRY: i64 = 1_000_000;
/// How often what is past its retention is removed, µs.
const PRUNE: i64 = 3_600 * 1_000_000;
/// µs in a day.
const DAY: i64 = 24 * 3_600 * 1_000_000;

enum Message {
    Events(Vec<Event>),
    Restore(SyncSender<Result<Recovered, Error>>),
    Crashed(u64, SyncSender<Vec<Event>>),
    Flush(SyncSender<Result<(), Error>>),
    Live(SyncSender<Vec<Cdr>>),
}

/// How far the thread is, as it tells others.
#[derive(Debug, Default)]
struct Progress {
    folded: AtomicU64,
    waiting: AtomicU64,
}

/// How far the records are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lag {
    /// The last event that is folded.
    pub folded: u64,
    /// Records that wait for the database.
    pub waiting: u64,
}

/// The signalling thread's end. Dropping it books what is pending and ends the thread.
#[derive(Debug)]
pub struct Writer {
    queue: Option<SyncSender<Message>>,
    thread: Option<JoinHandle<()>>,
    /// The last event of the last batch that found the queue full.
    left_out: Arc<AtomicU64>,
    failing: Arc<Mutex<Option<String>>>,
    figures: Shown,
    progress: Arc<Progress>,
    /// Held as long as the store is written.
    _lock: File,
}

impl Writer {
    /// Opens the database in a new thread; gives how far it is folded. [`Self::restore`] comes next.
    ///
    /// # Errors
    /// [`Error`].
    pub(super) fn start(
        dir: &Path,
        lock: File,
        settings: &Settings,
        books: ledger::Settings,
    ) -> Result<(Self, Position), Error> {
        let (queue, messages) = sync_channel(QUEUE);
        let (opened, reply) = sync_channel(1);
        let (left_out, failing) = (Arc::default(), Arc::default());
        let (path, journal) = (database_file(dir), journal_dir(dir));
        let figures: Shown = Arc::new(ArcSwap::from_pointee(Sheet::new(books.zone.clone())));
        let progress = Arc::new(Progress::default());
        let shared = (Arc::clone(&left_out), Arc::clone(&failing), Arc::clone(&figures), Arc::clone(&progress));
        let settings = settings.clone();
        let work = move || match Bookkeeper::open(&path, journal, settings, books, shared) {
            Ok(mut keeper) => {
                let _ = opened.send(Ok(keeper.booked));
                keeper.run(&messages);
            }
            Err(error) => {
                let _ = opened.send(Err(error));
            }
        };
        let thread = std::thread::Builder::new().name("records".to_owned()).spawn(work);
        let thread = thread.map_err(|source| Error::File { path: dir.to_owned(), source })?;
        let position = reply.recv().map_err(|_| Error::Stopped)??;
        Ok((
            Self { queue: Some(queue), thread: Some(thread), left_out, failing, figures, progress, _lock: lock },
            position,
        ))
    }

    /// Folds what the journal holds beyond the database's position.
    pub(super) fn restore(&self) -> Result<Recovered, Error> {
        self.ask(Message::Restore)?
    }

    /// The ends that calls of the former run are owed.
    pub(super) fn crashed(&self, next_seq: u64) -> Result<Vec<Event>, Error> {
        self.ask(|reply| Message::Crashed(next_seq, reply))
    }

    /// Hands over events that the journal has taken. Never blocks.
    pub fn send(&self, events: Vec<Event>) {
        let (Some(queue), Some(last)) = (&self.queue, events.last()) else {
            return;
        };
        let last = last.seq;
        match queue.try_send(Message::Events(events)) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => self.left_out.store(last, Ordering::Release),
            Err(TrySendError::Disconnected(_)) => self.complain("the record writer has stopped"),
        }
    }

    /// Waits until everything handed over is booked.
    ///
    /// # Errors
    /// [`Error`] if the database refuses; the records keep waiting.
    pub fn flush(&self) -> Result<(), Error> {
        self.ask(Message::Flush)?
    }

    /// The records so far of the calls that are live in what was handed over, oldest first.
    ///
    /// # Errors
    /// [`Error::Stopped`].
    pub fn live(&self) -> Result<Vec<Cdr>, Error> {
        self.ask(Message::Live)
    }

    /// The figures over ended calls, for any thread; they follow within a tenth of a second.
    #[must_use]
    pub fn figures(&self) -> Shown {
        Arc::clone(&self.figures)
    }

    /// How far the records are.
    #[must_use]
    pub fn lag(&self) -> Lag {
        let Progress { folded, waiting } = &*self.progress;
        Lag { folded: folded.load(Ordering::Relaxed), waiting: waiting.load(Ordering::Relaxed) }
    }

    /// What the database said, while it refuses: an alarm is due.
    #[must_use]
    pub fn failing(&self) -> Option<String> {
        self.failing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn complain(&self, what: &str) {
        *self.failing.lock().unwrap_or_else(PoisonError::into_inner) = Some(what.to_owned());
    }

    fn ask<T>(&self, message: impl FnOnce(SyncSender<T>) -> Message) -> Result<T, Error> {
        let (sender, reply) = sync_channel(1);
        let queue = self.queue.as_ref().ok_or(Error::Stopped)?;
        queue.send(message(sender)).map_err(|_| Error::Stopped)?;
        reply.recv().map_err(|_| Error::Stopped)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What runs in the thread.
struct Bookkeeper {
    runtime: Runtime,
    database: Option<Database>,
    path: PathBuf,
    journal: PathBuf,
    settings: Settings,
    books: ledger::Settings,
    fold: Fold,
    /// The database's position.
    booked: Position,
    /// The last event folded here.
    seen: u64,
    /// What waits to be booked.
    pending: Batch,
    /// The books here are incomplete and must be rebuilt from the journal.
    behind: bool,
    /// The database was damaged and has been begun anew since anybody asked.
    rebuilt: bool,
    /// Whoever opened the store has been answered: what can wait may be done now.
    opened: bool,
    /// Event time: the newest event, the first pending record, the last failure, the last pruning.
    now: i64,
    pending_since: i64,
    failed_at: Option<i64>,
    pruned_at: i64,
    /// The last event of the last batch that found the queue full.
    left_out: Arc<AtomicU64>,
    failing: Arc<Mutex<Option<String>>>,
    figures: Figures,
    progress: Arc<Progress>,
}

type Shared = (Arc<AtomicU64>, Arc<Mutex<Option<String>>>, Shown, Arc<Progress>);

impl Bookkeeper {
    fn open(
        path: &Path,
        journal: PathBuf,
        settings: Settings,
        books: ledger::Settings,
        (left_out, failing, shown, progress): Shared,
    ) -> Result<Self, Error> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|source| Error::File { path: path.to_owned(), source })?;
        let (database, booked, rebuilt) = runtime.block_on(damage::open(path))?;
        Ok(Self {
            runtime,
            database: Some(database),
            path: path.to_owned(),
            journal,
            settings,
            fold: Fold::new(books.clone()),
            figures: Figures::new(&books.zone, booked.folded, shown),
            books,
            booked,
            seen: booked.resume.saturating_sub(1),
            pending: Batch::default(),
            behind: false,
            rebuilt,
            opened: false,
            now: 0,
            pending_since: 0,
            failed_at: None,
            pruned_at: 0,
            left_out,
            failing,
            progress,
        })
    }

    fn run(&mut self, messages: &Receiver<Message>) {
        let linger = Duration::from_micros(LINGER.unsigned_abs());
        let retry = Duration::from_micros(RETRY.unsigned_abs());
        loop {
            let wait = if self.failed_at.is_some() { retry } else { linger };
            self.show();
            if self.reads_back() {
                match messages.try_recv() {
                    Ok(message) => self.obey(message),
                    Err(TryRecvError::Empty) => self.read_back(),
                    Err(TryRecvError::Disconnected) => return self.finish(),
                }
                continue;
            }
            let message = if self.waiting() == 0 && !self.behind && !self.missed() {
                messages.recv().map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                messages.recv_timeout(wait)
            };
            match message {
                Ok(message) => self.obey(message),
                Err(RecvTimeoutError::Timeout) => {
                    self.fetch_missed();
                    let _ = self.commit(); // its error is in `failing`, and it is tried again
                }
                Err(RecvTimeoutError::Disconnected) => return self.finish(),
            }
        }
    }

    fn obey(&mut self, message: Message) {
        match message {
            Message::Events(events) => self.take(events),
            // Whoever asked may be gone by now.
            Message::Restore(reply) => drop(reply.send(self.restore(true))),
            Message::Crashed(next_seq, reply) => drop(reply.send(self.fold.close_interrupted(self.now, next_seq))),
            Message::Live(reply) => drop(reply.send(self.fold.live().cloned().collect())),
            Message::Flush(reply) => {
                self.fetch_missed();
                let done = self.commit();
                self.show();
                self.opened = true;
                let _ = reply.send(done);
            }
        }
    }

    fn reads_back(&self) -> bool {
        self.opened && self.database.is_some() && self.figures.back().is_some()
    }

    /// Tells others how far this is, and what came of it.
    fn show(&mut self) {
        self.figures.show();
        self.progress.folded.store(self.seen, Ordering::Relaxed);
        self.progress.waiting.store(self.waiting() as u64, Ordering::Relaxed);
    }

    /// A page of the records of earlier runs, for the figures; nobody waits for it.
    fn read_back(&mut self) {
        let (Some(database), Some(behind)) = (&mut self.database, self.figures.back()) else { return };
        match self.runtime.block_on(database.page(i64::MIN, i64::MAX, behind)) {
            Ok(page) => self.figures.read_back(&page),
            Err(error) => {
                tracing::warn!(%error, "the figures lack what earlier runs have recorded");
                self.figures.give_up();
            }
        }
        if self.waiting() > 0 && self.failed_at.is_none() {
            let _ = self.commit(); // its error is in `failing`, and it is tried again
        }
    }

    fn take(&mut self, events: Vec<Event>) {
        if self.behind {
            self.now = events.last().map_or(self.now, |e| e.at);
        } else {
            if let Some(first) = events.first().filter(|e| e.seq > self.seen + 1) {
                self.catch_up(first.seq);
            }
            for event in &events {
                self.fold(event);
            }
        }
        let full = self.waiting() >= BATCH;
        let due = self.waiting() > 0 && self.now.abs_diff(self.pending_since) >= LINGER.unsigned_abs();
        let waits = self.failed_at.is_some_and(|at| self.now.abs_diff(at) < RETRY.unsigned_abs());
        if (full || due || self.behind) && !waits {
            let _ = self.commit(); // its error is in `failing`, and it is tried again
        }
        if self.waiting() > PENDING {
            (self.behind, self.pending, self.fold) = (true, Batch::default(), Fold::default());
        }
    }

    fn waiting(&self) -> usize {
        self.pending.len()
    }

    fn fold(&mut self, event: &Event) {
        if event.seq <= self.seen {
            return;
        }
        (self.seen, self.now) = (event.seq, event.at);
        // What is folded again to know the live calls has its records already.
        let cdr =
            self.fold.apply(event).inspect(|cdr| self.figures.count(cdr)).filter(|cdr| cdr.seq > self.booked.folded);
        let idle = self.waiting() == 0;
        self.pending.cdrs.extend(cdr);
        match (&event.fact, event.call) {
            (Fact::RecordingArchived { archived }, Some(call)) if event.seq > self.booked.folded => {
                self.pending.kept.push(Kept { seq: event.seq, call, archived: archived.clone() });
            }
            (Fact::MediaCarried { legs }, Some(call)) if event.seq > self.booked.folded => self.carried(call, legs),
            _ => {}
        }
        if idle && self.waiting() > 0 {
            self.pending_since = self.now;
        }
    }

    /// A call's media is told right after its end, so that its record still waits here; if not, that is written anew.
    fn carried(&mut self, call: CallRef, legs: &[Quality]) {
        match self.pending.cdrs.iter_mut().rev().find(|cdr| cdr.call == call) {
            Some(cdr) => cdr.media = legs.to_vec(),
            None => self.pending.media.push((call, legs.to_vec())),
        }
    }

    /// Reads from the journal what did not fit into the queue: all that comes before the event `until`.
    fn catch_up(&mut self, until: u64) {
        let found = segment::replay(&self.journal, self.seen + 1);
        let Ok(replay) = found.inspect_err(|error| tracing::error!(%error, "the event journal cannot be read")) else {
            return;
        };
        for event in replay.filter_map(Result::ok).take_while(|e| e.seq < until) {
            self.fold(&event);
        }
    }

    /// Whether a batch found the queue full that this thread has not read from the journal yet.
    fn missed(&self) -> bool {
        self.left_out.load(Ordering::Acquire) > self.seen
    }

    /// Only when the queue is empty: what is in it comes before what was left out.
    fn fetch_missed(&mut self) {
        if self.missed() && !self.behind {
            let last = self.left_out.load(Ordering::Acquire);
            self.catch_up(last + 1);
            self.seen = self.seen.max(last); // what the journal lost is not asked for for ever
        }
    }

    /// Rebuilds the books from the database's position and the journal, booking as it goes; `patient`: what cannot be booked may wait.
    fn restore(&mut self, patient: bool) -> Result<Recovered, Error> {
        let mut most = BATCH;
        self.seen = self.booked.resume.saturating_sub(1);
        (self.fold, self.pending) = (Fold::new(self.books.clone()), Batch::default());
        let replay = segment::replay(&self.journal, self.booked.resume);
        let replay = replay.map_err(|source| Error::File { path: self.journal.clone(), source })?;
        let mut recovered = Recovered { rebuilt: std::mem::take(&mut self.rebuilt), ..Recovered::default() };
        for found in replay {
            match found {
                Ok(event) => {
                    recovered.replayed += 1;
                    self.fold(&event);
                }
                Err(damaged) => {
                    recovered.damaged += 1;
                    tracing::warn!(%damaged, "a line of the event journal cannot be read and is passed over");
                }
            }
            if self.waiting() >= most {
                match self.book() {
                    Err(error) if !patient || most > BATCH || error.is_damage() => return Err(error),
                    // A database that refuses for the present is no reason not to start, as long as there is room to wait.
                    Err(_) => most = PENDING,
                    Ok(()) => {}
                }
            }
        }
        self.seen = self.seen.max(self.booked.folded);
        self.behind = false;
        Ok(recovered)
    }

    fn commit(&mut self) -> Result<(), Error> {
        let mut outcome = if self.behind { self.restore(false).and_then(|_| self.book()) } else { self.book() };
        if let Some(error) = outcome.as_ref().err().filter(|e| e.is_damage()) {
            outcome = Self::begin_anew(&self.runtime, &mut self.database, &self.path, error).and_then(|()| {
                self.booked = Position::default();
                self.figures.begin_anew();
                self.restore(false).and_then(|_| self.book())
            });
        }
        if let Some(database) = self.database.take_if(|_| outcome.is_err()) {
            // What a full disk leaves of a transaction stays open, and nobody would see what is booked in it: another connection.
            let _ = self.runtime.block_on(database.close());
        }
        self.failed_at = outcome.is_err().then_some(self.now);
        let said = outcome.as_ref().err().map(ToString::to_string);
        let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Some(error), true) = (&said, *failing != said) {
            tracing::error!(error, "call records cannot be booked; they wait");
        }
        *failing = said;
        drop(failing);
        if outcome.is_ok() && self.now - self.pruned_at >= PRUNE {
            self.prune();
        }
        outcome
    }

    /// Another database in the place of one that is damaged.
    fn begin_anew(runtime: &Runtime, database: &mut Option<Database>, path: &Path, why: &Error) -> Result<(), Error> {
        if let Some(damaged) = database.take() {
            let _ = runtime.block_on(damaged.close()); // it is damaged: what it says is known
        }
        damage::set_aside(path, why)?;
        *database = Some(runtime.block_on(Database::open(path))?);
        Ok(())
    }

    /// One transaction: the pending records and how far the fold is.
    fn book(&mut self) -> Result<(), Error> {
        let folded = self.seen.max(self.booked.folded);
        let resume = self.fold.oldest_live_seq().unwrap_or(folded + 1);
        let position = Position { folded, resume };
        if position == self.booked {
            return Ok(());
        }
        let database = match &mut self.database {
            Some(database) => database,
            none => none.insert(self.runtime.block_on(Database::again(&self.path))?),
        };
        self.runtime.block_on(database.book(&self.pending, position))?;
        self.pending.clear(2 * BATCH);
        self.booked = position;
        Ok(())
    }

    fn prune(&mut self) {
        self.pruned_at = self.now;
        let records = self.now - i64::from(self.settings.record_days) * DAY;
        if let Some(database) = &mut self.database
            && let Err(error) = self.runtime.block_on(database.prune(records))
        {
            tracing::warn!(%error, "old call records cannot be removed");
        }
        let events = self.now - i64::from(self.settings.journal_days) * DAY;
        if let Err(error) = segment::drop_before(&self.journal, self.booked.resume, events) {
            tracing::warn!(%error, "old journal segments cannot be removed");
        }
    }

    fn finish(&mut self) {
        self.fetch_missed();
        let _ = self.commit(); // what is not booked now is booked by the next start
        if let Some(database) = self.database.take()
            && let Err(error) = self.runtime.block_on(database.close())
        {
            tracing::error!(%error, "the call records were not closed in order");
        }
    }
}
