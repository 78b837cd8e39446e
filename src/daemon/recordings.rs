//! The thread that looks after recordings: mends what a crash has cut, packs what has ended, watches the room they take, removes what
//! is past its time.
//!
//! ```text
//!   recorder ─Ended─▶ exchange ─finished_recording─▶ here: pack, prove, name ─Word::Archived─▶ record ─done─▶ the WAV goes
//! ```
//! It has the lowest priority, never waits for a call and no call for it; the recorder writes beside it. One recording at a time is
//! packed. A kill at any moment loses nothing: the WAV goes last, when the journal has the hash of what stands in its place; the
//! next start finds every WAV of former runs and packs it. What cannot be packed stays a WAV.

mod mark;
mod room;

use super::Error;
use crate::calendar::Zone;
use crate::clock::{Clock, SECOND};
use crate::config::{Config, Recording};
use crate::exchange::Storage;
use crate::fact::Archived;
use crate::id::CallRef;
use crate::media::archive::{self, Archive, Former, Kind, Packed, Removed, pack};
use jiff::Span;
use jiff::civil::Date;
use room::{Change, Room};
use std::collections::{BTreeSet, VecDeque};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};
use tokio::sync::mpsc;

/// How often the archive is told that all is well: after a crash the files of the last such time are looked at.
const WATCH: u64 = 300 * SECOND;
/// Time between two removals of old recordings.
const EXPIRE: u64 = 3_600 * SECOND;
/// How often the disk is asked for its room.
const LOOK: u64 = 5 * SECOND;
/// Recordings that have ended and may wait here, and as many again on their way. More are left to the next start.
const WAITING: usize = 65_536;
/// Words that may wait for the signalling thread.
const WORDS: usize = 64;
/// The signalling thread writes a fact within milliseconds; a stopping one never.
const TAKE: u64 = 10 * SECOND;
/// After a full disk packing rests.
const REST: u64 = 60 * SECOND;
/// Trouble with packing is told at most so often.
const TOLD_EVERY: u64 = 3_600 * SECOND;
/// The lowest priority that there is.
const NICE: i32 = 19;

/// A recording that has ended: its call, and its name below the folder without `.wav`.
type Job = (CallRef, Arc<str>);

/// What the signalling thread is told.
#[derive(Debug)]
pub(super) enum Word {
    /// A recording is kept so. `done` is answered once the journal has it.
    Archived {
        /// Whose.
        call: CallRef,
        /// Its file.
        archived: Archived,
        /// Waits for the journal.
        done: SyncSender<()>,
    },
    /// Worth a look at once.
    Alarm(String),
    /// How the room stands.
    Storage(Storage),
}

/// What the keeper goes by.
#[derive(Debug)]
pub(super) struct Settings {
    /// The folder of recordings.
    pub folder: PathBuf,
    /// How recordings are kept.
    pub recording: Recording,
    /// How long; `None` removes none: a daemon whose clock was set by hand (`--as-of`) must not take what is real for old.
    pub keep_days: Option<u32>,
    /// The daemon's clock.
    pub clock: Clock,
}

/// The running thread; dropping it ends it.
#[derive(Debug)]
pub(super) struct Keeper {
    jobs: Option<SyncSender<Job>>,
    going: Arc<AtomicBool>,
    full: AtomicBool,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Starts for a daemon's configuration, before anything is recorded.
    ///
    /// # Errors
    /// As [`Keeper::start`].
    pub(super) fn of(
        config: &Config,
        state: &Path,
        as_of: Option<i64>,
        clock: Clock,
    ) -> Result<(Self, mpsc::Receiver<Word>), Error> {
        let recording = config.recording.clone();
        let keep_days = as_of.is_none().then_some(recording.keep_days);
        Self::start(Settings { folder: recording.folder(state), recording, keep_days, clock })
    }

    /// Starts.
    ///
    /// # Errors
    /// The folder cannot be made or written to, its recordings need another key, or the thread cannot be started.
    pub(super) fn start(settings: Settings) -> Result<(Self, mpsc::Receiver<Word>), Error> {
        let at = settings.folder.display().to_string();
        let failed = |e| Error::Machine(at.clone(), e);
        let archive = Archive::new(&settings.folder);
        let former = archive.former().map_err(failed)?;
        if archive.close().map_err(failed)? {
            tracing::info!(folder = at, "others could look into the folder of recordings; now only its owner can");
        }
        let lock = lock(&settings.folder).map_err(failed)?;
        mark::check(&settings.folder, &settings.recording.keys)?;
        let (jobs, inbox) = sync_channel(WAITING);
        let (tell, words) = mpsc::channel(WORDS);
        let going = Arc::new(AtomicBool::new(true));
        let now = settings.clock.now().mono;
        let mut work = Work {
            archive,
            room: Room::new(&settings.recording),
            settings,
            tell,
            inbox,
            going: Arc::clone(&going),
            waiting: VecDeque::new(),
            mended: BTreeSet::new(),
            left: false,
            behind: false,
            rest_until: now,
            look_at: now,
            trouble: Trouble::default(),
            _lock: lock,
        };
        // Before the first call: a full disk is known then.
        work.look();
        let run = move || work.run(&former);
        let thread = std::thread::Builder::new().name("recordings".to_owned()).spawn(run).map_err(failed)?;
        Ok((Self { jobs: Some(jobs), going, full: AtomicBool::new(false), thread: Some(thread) }, words))
    }

    /// A recording's file is finished. Never blocks: what does not fit is packed after the next start.
    pub(super) fn pack(&self, job: Job) {
        let Some(jobs) = &self.jobs else { return };
        match jobs.try_send(job) {
            Ok(()) => self.full.store(false, Ordering::Relaxed),
            Err(TrySendError::Full(_)) => {
                if !self.full.swap(true, Ordering::Relaxed) {
                    tracing::warn!(
                        waiting = WAITING,
                        "packing is far behind: further recordings stay WAV until the next start"
                    );
                }
            }
            Err(TrySendError::Disconnected(_)) => tracing::error!("the keeper of recordings has ended"),
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.going.store(false, Ordering::Relaxed);
        self.jobs = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the keeper of recordings ended by a panic");
        }
    }
}

/// What the thread owns.
struct Work {
    archive: Archive,
    settings: Settings,
    room: Room,
    tell: mpsc::Sender<Word>,
    inbox: Receiver<Job>,
    going: Arc<AtomicBool>,
    waiting: VecDeque<Job>,
    /// What a crash had cut and is whole now: just written to, and of a former run all the same.
    mended: BTreeSet<PathBuf>,
    /// Former runs have left more than may wait here.
    left: bool,
    /// More have ended than may wait here: told once.
    behind: bool,
    /// Nothing is packed before.
    rest_until: u64,
    look_at: u64,
    trouble: Trouble,
    /// Held as long as anything is packed or removed here.
    _lock: File,
}

/// What could not be packed since it was told last.
#[derive(Debug, Default)]
struct Trouble {
    failed: u64,
    /// µs monotonic.
    told: Option<u64>,
}

impl Work {
    fn run(mut self, former: &Former) {
        if let Err(error) = lowest_priority() {
            tracing::warn!(%error, "packing recordings has no lower priority than calls");
        }
        // Where nothing could be looked at the mark stays as it was: the next start looks again.
        let well = self.mend(former);
        self.survey(former.until());
        let (mut watch_at, mut expire_at) = (self.mono(), self.mono());
        while self.is_going() {
            let now = self.mono();
            if now >= watch_at {
                watch_at = now + WATCH;
                if well && let Err(error) = self.archive.watch() {
                    tracing::warn!(%error, "the folder of recordings cannot be marked: the next start looks at more files");
                }
            }
            if now >= expire_at {
                expire_at = now + EXPIRE;
                self.expire();
            }
            self.look_if_due();
            if self.left && self.waiting.is_empty() {
                self.survey(former.until());
            }
            if !self.next() {
                return;
            }
        }
    }

    /// Packs one that waits, or waits for one; false when there will be none.
    fn next(&mut self) -> bool {
        let rests = self.mono() < self.rest_until;
        let job = if rests || self.waiting.is_empty() {
            match self.inbox.recv_timeout(Duration::from_micros(LOOK)) {
                Ok(job) => self.enqueue(job),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return false,
            }
            None
        } else {
            self.waiting.pop_front()
        };
        while self.waiting.len() < WAITING
            && let Ok(job) = self.inbox.try_recv()
        {
            self.enqueue(job);
        }
        if let Some(job) = job {
            self.pack(job);
        }
        self.room.wait(self.waiting.len());
        if self.waiting.is_empty() {
            self.look();
        }
        true
    }

    fn enqueue(&mut self, job: Job) {
        let bytes = self.archive.file(&job.1).and_then(std::fs::metadata).map_or(0, |about| about.len());
        self.room.add(bytes);
        if self.waiting.len() < WAITING {
            self.behind = false;
            self.waiting.push_back(job);
        } else if !std::mem::replace(&mut self.behind, true) {
            tracing::warn!(
                waiting = WAITING,
                "packing is far behind: further recordings stay WAV until the next start"
            );
        }
    }

    /// µs monotonic.
    fn mono(&self) -> u64 {
        self.settings.clock.now().mono
    }

    fn is_going(&self) -> bool {
        self.going.load(Ordering::Relaxed)
    }

    fn mend(&mut self, former: &Former) -> bool {
        match former.mend(|| self.is_going()) {
            Ok(mended) => {
                for (file, ms) in &mended.repaired {
                    let file = file.display();
                    tracing::warn!(%file, ms, "a recording was cut by the end of the last run; what there was is whole now");
                }
                for (file, why) in &mended.failed {
                    tracing::warn!(file = %file.display(), why, "a recording cannot be looked at");
                }
                tracing::debug!(looked = mended.looked, "recordings of the last run");
                self.mended = mended.repaired.into_iter().map(|(file, _)| file).collect();
                self.is_going()
            }
            Err(error) => {
                tracing::error!(%error, "the recordings of the last run cannot be looked at");
                false
            }
        }
    }

    /// Counts what there is, and finds what former runs have left to be packed. Only what bears a call's name is packed: what
    /// somebody else has put there stays as it is.
    fn survey(&mut self, until: SystemTime) {
        let first = !self.room.storage().counted;
        let plain = self.settings.recording.archive == Kind::Wav && self.settings.recording.keys.sealing.is_none();
        self.left = false;
        let archive = self.archive.clone();
        let surveyed = archive.survey(|found| {
            let mended = self.mended.contains(&found.path);
            let former = mended || found.written.is_some_and(|at| at < until);
            if first && former {
                self.room.add(found.bytes);
            }
            let call = found.name.split_once('/').and_then(|(_, call)| CallRef::parse(call));
            let wav = found.form.kind == Kind::Wav && !found.form.sealed;
            let due = former && wav && (mended || !plain);
            if let (true, Some(call)) = (due, call) {
                if self.waiting.len() < WAITING {
                    self.waiting.push_back((call, found.name.into()));
                } else {
                    self.left = true;
                }
            }
            self.look_if_due();
            self.is_going()
        });
        self.mended.clear();
        match surveyed {
            Ok(()) => self.room.counted(),
            Err(error) => tracing::error!(%error, "the recordings cannot be counted"),
        }
        if !self.waiting.is_empty() {
            tracing::info!(recordings = self.waiting.len(), "recordings of former runs are packed now");
        }
        self.room.wait(self.waiting.len());
        self.look();
    }

    fn pack(&mut self, (call, name): Job) {
        let Ok(wav) = self.archive.file(&name) else { return };
        let length = |path: &Path| std::fs::metadata(path).map_or(0, |about| about.len());
        let before: Vec<_> =
            self.archive.files(&name).unwrap_or_default().into_iter().map(|f| (length(&f), f)).collect();
        if !before.iter().any(|(_, path)| *path == wav) {
            return tracing::debug!(%call, "a recording has gone before it was packed");
        }
        let Recording { archive: kind, keys, .. } = self.settings.recording.clone();
        let packed = pack(&wav, kind, keys.sealing.as_ref(), &mut || {
            self.look_if_due();
            self.is_going()
        });
        match packed {
            Ok(packed) => {
                // A former run may have packed it and not come to remove the WAV.
                if let Some((bytes, _)) = before.iter().find(|(_, path)| *path == packed.path) {
                    self.room.remove(Removed { files: 1, bytes: *bytes });
                }
                self.room.add(packed.bytes);
                // Without a word from the journal both stay: the next start packs it again.
                if self.is_written(call, &name, &packed) {
                    self.remove_others(&before, &packed);
                    tracing::debug!(%call, bytes = packed.bytes, "a recording is packed");
                }
            }
            Err(archive::Error::Stopped) => {}
            Err(error) if error.is_full() => {
                self.waiting.push_front((call, name));
                self.rest_until = self.mono() + REST;
                self.failed(&wav, &error);
            }
            Err(error) => self.failed(&wav, &error),
        }
    }

    /// Tells the record of it; true once the journal has it.
    fn is_written(&self, call: CallRef, name: &str, packed: &Packed) -> bool {
        let ending = packed.path.file_name().and_then(|f| f.to_str()).and_then(|f| f.split_once('.'));
        let archived = Archived {
            file: format!("{name}.{}", ending.map_or("wav", |(_, ending)| ending)),
            bytes: packed.bytes,
            sha256: packed.sha256.clone(),
            sound_sha256: packed.sound.clone(),
            key: packed.key.clone(),
        };
        let (done, written) = sync_channel(1);
        if self.tell.blocking_send(Word::Archived { call, archived, done }).is_err() {
            return false;
        }
        let until = self.mono() + TAKE;
        while self.is_going() && self.mono() < until {
            match written.recv_timeout(Duration::from_micros(TAKE / 100)) {
                Ok(()) => return true,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
        false
    }

    /// The WAV, and whatever other form of it an earlier configuration has left.
    fn remove_others(&mut self, before: &[(u64, PathBuf)], packed: &Packed) {
        for (bytes, path) in before.iter().filter(|(_, path)| *path != packed.path) {
            match std::fs::remove_file(path) {
                Ok(()) => self.room.remove(Removed { files: 1, bytes: *bytes }),
                Err(error) => {
                    tracing::warn!(file = %path.display(), %error, "a packed recording's original cannot be removed")
                }
            }
        }
    }

    /// One alarm stands for all of an hour: thousands of recordings may meet the same trouble.
    fn failed(&mut self, wav: &Path, error: &archive::Error) {
        tracing::debug!(file = %wav.display(), %error, "a recording cannot be packed");
        self.trouble.failed += 1;
        let now = self.mono();
        if self.trouble.told.is_some_and(|at| now < at + TOLD_EVERY) {
            return;
        }
        let count = std::mem::take(&mut self.trouble.failed);
        self.trouble.told = Some(now);
        self.alarm(format!("{count} recordings could not be packed and stay WAV, last {}: {error}", wav.display()));
    }

    fn alarm(&self, text: String) {
        tracing::error!("{text}");
        // Where the signalling thread is that far behind the log has it.
        let _ = self.tell.try_send(Word::Alarm(text));
    }

    fn look_if_due(&mut self) {
        if self.mono() >= self.look_at {
            self.look();
        }
    }

    /// How much room there is, and what that means.
    fn look(&mut self) {
        self.look_at = self.mono() + LOOK;
        let free = match rustix::fs::statvfs(&self.settings.folder) {
            Ok(disk) => disk.f_bavail.saturating_mul(disk.f_frsize),
            Err(error) => return tracing::warn!(%error, "the room for recordings is not known"),
        };
        match self.room.look(free) {
            Some(Change::Fuller(text)) => self.alarm(text),
            Some(Change::Emptier) => tracing::info!(free, "there is room for recordings again"),
            None => {}
        }
        if self.room.is_to_be_made() {
            self.make_room();
        }
        // A later one follows where this finds no place.
        let _ = self.tell.try_send(Word::Storage(self.room.storage()));
    }

    /// The oldest days go before their time, as the configuration has it; never today's.
    fn make_room(&mut self) {
        let Some(today) = self.settings.keep_days.and_then(|_| first_kept(self.settings.clock.now().wall, 0)) else {
            return;
        };
        match self.archive.remove_oldest(today, |removed| self.room.is_enough(removed) || !self.is_going()) {
            Ok(removed) if removed.files > 0 => {
                self.room.remove(removed);
                self.alarm(format!(
                    "{} of the oldest recordings, {} MB, were removed before their time to make room",
                    removed.files,
                    removed.bytes / 1_000_000
                ));
                self.look_at = self.mono();
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "old recordings cannot be removed"),
        }
    }

    fn expire(&mut self) {
        let Some(first) = self.settings.keep_days.and_then(|days| first_kept(self.settings.clock.now().wall, days))
        else {
            return;
        };
        match self.archive.expire(first, || self.is_going()) {
            Ok(removed) if removed.files == 0 => {}
            Ok(removed) => {
                self.room.remove(removed);
                tracing::info!(removed = removed.files, before = %first, "recordings past their time were removed");
            }
            Err(error) => tracing::warn!(%error, "old recordings cannot be removed"),
        }
    }
}

/// One switchboard a folder: what another one records here would be taken for a former run's.
fn lock(folder: &Path) -> io::Result<File> {
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(folder.join(".lock"))?;
    match rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(rustix::io::Errno::WOULDBLOCK) => {
            Err(io::Error::new(io::ErrorKind::AddrInUse, "another switchboard keeps its recordings here"))
        }
        Err(errno) => Err(errno.into()),
    }
}

/// Of this thread alone: Linux has a priority for each.
fn lowest_priority() -> rustix::io::Result<()> {
    rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICE)
}

/// The first day whose recordings are kept.
fn first_kept(wall: i64, keep_days: u32) -> Option<Date> {
    let zone = Zone::named("Asia/Shanghai").unwrap_or_else(Zone::utc);
    let kept = Span::new().try_days(keep_days).ok()?;
    zone.local(wall).date().checked_sub(kept).ok()
}

#[cfg(test)]
mod tests;
