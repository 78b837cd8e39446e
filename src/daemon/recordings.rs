//! The thread that looks after recordings: mends what a crash has cut, removes what is past its time.
//!
//! It never waits for anybody and nobody for it; the recorder writes beside it.

use super::Error;
use crate::calendar::Zone;
use crate::clock::Clock;
use crate::media::archive::{Archive, Former};
use jiff::Span;
use jiff::civil::Date;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// How often the archive is told that all is well: after a crash the files of the last such time are looked at.
const WATCH: Duration = Duration::from_secs(300);
/// How many of these pass between two removals of old recordings.
const EXPIRE: u32 = 12;

/// The running thread; dropping it ends it.
#[derive(Debug)]
pub(super) struct Keeper {
    stop: Option<Sender<()>>,
    going: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Starts for a folder of recordings, before anything is recorded.
    ///
    /// `keep_days`: how long recordings are kept; `None` removes none: a daemon whose clock was set by hand (`--as-of`) must not
    /// take what is real for old.
    ///
    /// # Errors
    /// The folder cannot be made or written to, or the thread not started.
    pub(super) fn start(folder: &Path, keep_days: Option<u32>, clock: Clock) -> Result<Self, Error> {
        let failed = |e| Error::Machine(folder.display().to_string(), e);
        let archive = Archive::new(folder);
        let former = archive.former().map_err(failed)?;
        let (stop, stopped) = channel();
        let going = Arc::new(AtomicBool::new(true));
        let work = Work { archive, keep_days, clock, going: Arc::clone(&going) };
        let run = move || work.run(&former, &stopped);
        let thread = std::thread::Builder::new().name("recordings".to_owned()).spawn(run).map_err(failed)?;
        Ok(Self { stop: Some(stop), going, thread: Some(thread) })
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.going.store(false, Ordering::Relaxed);
        self.stop = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the keeper of recordings ended by a panic");
        }
    }
}

struct Work {
    archive: Archive,
    keep_days: Option<u32>,
    clock: Clock,
    going: Arc<AtomicBool>,
}

impl Work {
    fn run(&self, former: &Former, stopped: &Receiver<()>) {
        // Where nothing could be looked at the mark stays as it was: the next start looks again.
        let well = self.mend(former);
        let mut rounds = 0;
        loop {
            if well && let Err(error) = self.archive.watch() {
                tracing::warn!(%error, "the folder of recordings cannot be marked: the next start looks at more files");
            }
            if rounds % EXPIRE == 0 {
                self.expire();
            }
            rounds += 1;
            if stopped.recv_timeout(WATCH) != Err(RecvTimeoutError::Timeout) {
                return;
            }
        }
    }

    fn is_going(&self) -> bool {
        self.going.load(Ordering::Relaxed)
    }

    fn mend(&self, former: &Former) -> bool {
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
                self.is_going()
            }
            Err(error) => {
                tracing::error!(%error, "the recordings of the last run cannot be looked at");
                false
            }
        }
    }

    fn expire(&self) {
        let Some(first) = self.keep_days.and_then(|days| first_kept(self.clock.now().wall, days)) else { return };
        match self.archive.expire(first, || self.is_going()) {
            Ok(0) => {}
            Ok(removed) => tracing::info!(removed, before = %first, "recordings past their time were removed"),
            Err(error) => tracing::warn!(%error, "old recordings cannot be removed"),
        }
    }
}

/// The first day whose recordings are kept.
fn first_kept(wall: i64, keep_days: u32) -> Option<Date> {
    let zone = Zone::named("Asia/Shanghai").unwrap_or_else(Zone::utc);
    let kept = Span::new().try_days(keep_days).ok()?;
    zone.local(wall).date().checked_sub(kept).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::tracks::head;
    use std::fs;

    #[test]
    fn a_day_is_kept_as_long_as_the_configuration_says() {
        let ten = 1_639_533_600_000_000; // 2021-12-15 10:00 in Shanghai
        let first = |days| first_kept(ten, days).map(|d| d.to_string());
        assert_eq!([first(1), first(30)].map(Option::unwrap), ["2021-12-14", "2021-11-15"]);
        assert_eq!(first(1_096).unwrap(), "2018-12-15");
        assert_eq!(first(u32::MAX), None, "more than there are days");
    }

    #[test]
    fn the_thread_mends_removes_and_ends() {
        for (keep_days, left) in [(Some(1), false), (None, true)] {
            let folder = std::env::temp_dir().join(format!("switchboard-keeper-{}-{left}", std::process::id()));
            let _ = fs::remove_dir_all(&folder);
            for day in ["20211201", "20211214"] {
                fs::create_dir_all(folder.join(day)).unwrap();
            }
            fs::write(folder.join("20211201/old.wav"), head(4, 0, &[])).unwrap();
            let cut = folder.join("20211214/cut.wav");
            fs::write(&cut, [head(4, 0, &[]), vec![0xD5; 4_000]].concat()).unwrap();
            let file = fs::File::open(&cut).unwrap();
            file.set_modified(file.metadata().unwrap().modified().unwrap() - Duration::from_secs(1)).unwrap();
            let keeper = Keeper::start(&folder, keep_days, Clock::as_of(1_639_533_600_000_000)).unwrap();
            // The mark comes after the mending, the removal after the mark: the thread is given its time, not a number of s.
            let done = || {
                let mended = !crate::audio::tracks::is_cut(&mut fs::File::open(&cut).unwrap()).unwrap();
                mended && folder.join(".watched").exists() && (left || !folder.join("20211201").exists())
            };
            while !done() {
                std::thread::sleep(Duration::from_millis(5));
            }
            drop(keeper);
            assert_eq!(folder.join("20211201/old.wav").exists(), left);
            let _ = fs::remove_dir_all(&folder);
        }
    }
}
