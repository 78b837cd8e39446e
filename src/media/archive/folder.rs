//! The folder of recordings between calls: what a crash cut is put right, what is past its time goes.
//!
//! ```text
//!   20211215/5bhd7pq5c01.wav     one file a call, below the day it began on; packed it has another ending
//!   .watched                     its time stamp: until then every file was whole, or was being written
//!   .begun                       its time stamp: what is younger is the running daemon's own
//! ```
//! A year of a city is millions of files, so nobody may look at each of them at a start. The recorder writes each of its
//! files every 0.8 s: what a crash has cut is younger than the last time that a running daemon touched the mark, less a
//! margin. Folders in which nothing was made for days are not even opened. A pause writes nothing, but is written whole before.

use super::form::{Form, PART};
use crate::audio::tracks;
use crate::media::{private, recorder};
use jiff::civil::Date;
use std::fs::{self, DirEntry, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

const MARK: &str = ".watched";
const BEGIN: &str = ".begun";
/// How much older than the mark a file may be and still be looked at.
const MARGIN: Duration = Duration::from_secs(120);
/// No call is longer: in a folder where no file was made for so long before the mark, none was being written.
const LONGEST: Duration = Duration::from_secs(3 * 24 * 3_600);

/// A folder of recordings.
#[derive(Debug, Clone)]
pub struct Archive {
    folder: PathBuf,
}

/// What the runs before this one have left.
#[derive(Debug, Clone)]
pub struct Former {
    archive: Archive,
    /// The mark they left.
    mark: Option<SystemTime>,
    /// From here on files are this run's own, and being written.
    until: SystemTime,
}

/// A recording that lies in the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// As facts and records name it: `20211215/5bhd7pq5c01`.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// What it is.
    pub form: Form,
    /// Its length, bytes.
    pub bytes: u64,
    /// When it was last written.
    pub written: Option<SystemTime>,
}

/// What was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Removed {
    /// Files.
    pub files: u64,
    /// Their length, bytes.
    pub bytes: u64,
}

/// What [`Former::mend`] found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mended {
    /// Files whose head was read.
    pub looked: u64,
    /// Files that a crash had cut, with their length now, ms.
    pub repaired: Vec<(PathBuf, u64)>,
    /// Files that could not be read or written, and why.
    pub failed: Vec<(PathBuf, String)>,
}

impl Archive {
    /// The archive in a folder, which need not be there yet.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// The file of a recording, as facts and records name it: below the folder, without `.wav`.
    ///
    /// # Errors
    /// The name cannot be a recording's.
    pub fn file(&self, recording: &str) -> io::Result<PathBuf> {
        recorder::path(&self.folder, recording)
    }

    /// The files of a recording that are there: more than one only while it is being packed, or after a crash then.
    ///
    /// # Errors
    /// The name cannot be a recording's.
    pub fn files(&self, recording: &str) -> io::Result<Vec<PathBuf>> {
        let wav = self.file(recording)?;
        Ok(Form::ALL.iter().map(|(form, _)| form.beside(&wav)).filter(|path| path.exists()).collect())
    }

    /// The file of a recording: the one that its record names, where it is there, else the recording in any form.
    ///
    /// # Errors
    /// As [`Self::files`].
    pub fn find(&self, recording: &str, archived: Option<&str>) -> io::Result<Option<PathBuf>> {
        let (mut files, kept) = (self.files(recording)?, archived.map(|file| self.folder.join(file)));
        let place = files.iter().position(|file| Some(file) == kept.as_ref()).unwrap_or(0);
        Ok((place < files.len()).then(|| files.swap_remove(place)))
    }

    /// Takes the rights of others at the folder away; true if they had one.
    ///
    /// # Errors
    /// As the system says.
    pub fn close(&self) -> io::Result<bool> {
        private::close(&self.folder)
    }

    /// Gives every recording, the latest day's first, and removes what a crash has left half made. `each` says whether to go on.
    ///
    /// # Errors
    /// The folder cannot be listed.
    pub fn survey(&self, mut each: impl FnMut(Found) -> bool) -> io::Result<()> {
        let mut days = self.days()?;
        days.sort_by_key(|day| std::cmp::Reverse(day.file_name()));
        for day in days {
            // A day may have gone meanwhile.
            for file in fs::read_dir(day.path()).into_iter().flatten().filter_map(Result::ok) {
                let path = file.path();
                if path.as_os_str().as_encoded_bytes().ends_with(PART.as_bytes()) {
                    let _ = fs::remove_file(&path);
                    continue;
                }
                let (Some((form, stem)), Ok(about)) = (Form::of(&path), file.metadata()) else { continue };
                let name = format!("{}/{stem}", day.file_name().to_string_lossy());
                if !each(Found { name, form, bytes: about.len(), written: about.modified().ok(), path }) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Removes the oldest day's recordings, but none of the day `kept` or later, until `enough` of them have gone.
    ///
    /// # Errors
    /// As [`Archive::expire`].
    pub fn remove_oldest(&self, kept: Date, mut enough: impl FnMut(&Removed) -> bool) -> io::Result<Removed> {
        let mut days: Vec<_> = self.days()?.into_iter().filter(|day| date(day).is_some_and(|d| d < kept)).collect();
        days.sort_by_key(DirEntry::file_name);
        let mut removed = Removed::default();
        for day in days {
            if enough(&removed) {
                break;
            }
            clear(&day, &mut removed, &mut |removed| !enough(removed))?;
        }
        Ok(removed)
    }

    /// Says that every file is whole now, or is being written: to be said every few minutes, for the next start.
    ///
    /// # Errors
    /// As the system says.
    pub fn watch(&self) -> io::Result<()> {
        touch(&self.folder, MARK).map(|_| ())
    }

    /// What the runs before this one have left: to be asked before anything is recorded. The folder is made if it is not
    /// there. Takes no time; [`Former::mend`] does.
    ///
    /// # Errors
    /// As the system says.
    pub fn former(&self) -> io::Result<Former> {
        let mark = fs::metadata(self.folder.join(MARK)).and_then(|m| m.modified()).ok();
        Ok(Former { archive: self.clone(), mark, until: touch(&self.folder, BEGIN)? })
    }

    /// Removes the recordings of every day before `first`. `go_on` is asked between two.
    ///
    /// Only what bears a day's name is touched, and in it only recordings: what somebody else has put there stays.
    ///
    /// # Errors
    /// The folder cannot be listed, or a file not removed; the others are tried first.
    pub fn expire(&self, first: Date, go_on: impl Fn() -> bool) -> io::Result<Removed> {
        let (mut removed, mut trouble) = (Removed::default(), None);
        if !self.folder.is_dir() {
            return Ok(removed);
        }
        for day in self.days()? {
            if date(&day).is_none_or(|date| date >= first) {
                continue;
            }
            if let Err(why) = clear(&day, &mut removed, &mut |_| go_on()) {
                trouble = Some(why);
            }
        }
        trouble.map_or(Ok(removed), Err)
    }

    /// The folders of days. A symbolic link is not followed out of the archive.
    fn days(&self) -> io::Result<Vec<DirEntry>> {
        let ours = |entry: &DirEntry| entry.file_type().is_ok_and(|t| t.is_dir()) && date(entry).is_some();
        Ok(fs::read_dir(&self.folder)?.filter_map(Result::ok).filter(ours).collect())
    }
}

/// Removes a day's recordings, one after another as long as `go_on` says so, and its folder when nothing else is in it.
fn clear(day: &DirEntry, removed: &mut Removed, go_on: &mut dyn FnMut(&Removed) -> bool) -> io::Result<()> {
    let mut trouble = None;
    for file in fs::read_dir(day.path())?.filter_map(Result::ok) {
        if Form::of(&file.path()).is_none() {
            continue;
        }
        if !go_on(removed) {
            return Ok(());
        }
        let bytes = file.metadata().map_or(0, |about| about.len());
        match fs::remove_file(file.path()) {
            Ok(()) => *removed = Removed { files: removed.files + 1, bytes: removed.bytes + bytes },
            Err(why) => trouble = Some(why),
        }
    }
    // Something else is in it: then it stays, and is nobody's mistake.
    let _ = fs::remove_dir(day.path());
    trouble.map_or(Ok(()), Err)
}

impl Former {
    /// From here on files are this run's own.
    #[must_use]
    pub fn until(&self) -> SystemTime {
        self.until
    }

    /// Puts right every file that a crash has cut, while others are being recorded. `go_on` is asked between two.
    ///
    /// # Errors
    /// The folder cannot be listed. A file that cannot be mended is told in [`Mended::failed`].
    pub fn mend(&self, go_on: impl Fn() -> bool) -> io::Result<Mended> {
        let mut mended = Mended::default();
        let before = |age: Duration| self.mark.and_then(|at| at.checked_sub(age));
        for day in self.archive.days()? {
            if stamp(&day).zip(before(LONGEST)).is_some_and(|(made, least)| made < least) {
                continue;
            }
            for file in fs::read_dir(day.path())?.filter_map(Result::ok) {
                if !go_on() {
                    return Ok(mended);
                }
                let made = stamp(&file);
                let old = made.zip(before(MARGIN)).is_some_and(|(made, least)| made < least);
                let ours = made.is_some_and(|made| made >= self.until);
                if is_wav(&file.path()) && !old && !ours {
                    mended.look(file.path());
                }
            }
        }
        Ok(mended)
    }
}

impl Mended {
    fn look(&mut self, path: PathBuf) {
        self.looked += 1;
        let repaired = || -> Result<Option<u64>, tracks::Error> {
            if !tracks::is_cut(&mut File::open(&path)?)? {
                return Ok(None);
            }
            let mut file = OpenOptions::new().read(true).write(true).open(&path)?;
            tracks::repair(&mut file).map(|samples| Some(u64::from(samples / crate::audio::PER_MILLI)))
        };
        match repaired() {
            Ok(None) => {}
            Ok(Some(ms)) => self.repaired.push((path, ms)),
            Err(why) => self.failed.push((path, why.to_string())),
        }
    }
}

/// Makes an empty file, or gives the one that is there the present time; gives that time as the file system has it.
fn touch(folder: &Path, name: &str) -> io::Result<SystemTime> {
    private::folder(folder)?;
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(folder.join(name))?;
    // Its length stays 0: opening alone does not move the time stamp.
    rustix::fs::futimens(&file, &NOW)?;
    file.metadata()?.modified()
}

/// When it was last written; a file without a time stamp is looked at.
fn stamp(entry: &DirEntry) -> Option<SystemTime> {
    entry.metadata().and_then(|m| m.modified()).ok()
}

const NOW: rustix::fs::Timestamps = rustix::fs::Timestamps {
    last_access: rustix::fs::Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_NOW },
    last_modification: rustix::fs::Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_NOW },
};

fn is_wav(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "wav")
}

/// The day that a folder is named by, `20211215`.
fn date(entry: &DirEntry) -> Option<Date> {
    let name = entry.file_name();
    let name = name.to_str().filter(|n| n.len() == 8 && n.bytes().all(|b| b.is_ascii_digit()))?;
    let (year, month, day) = (name.get(..4)?, name.get(4..6)?, name.get(6..)?);
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::tracks::{HEAD, head};
    use jiff::civil::date;
    use std::cell::Cell;

    struct Folder(PathBuf);

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("switchboard-archive-{}-{name}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn archive(&self) -> Archive {
            Archive::new(&self.0)
        }

        /// A recording whose head tells of `told` samples while `there` are, last written `age` seconds before now.
        fn file(&self, name: &str, told: u32, there: usize, age: u64) -> PathBuf {
            let path = self.0.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let mut sound = head(4, told, &[]);
            sound.extend(vec![0xD5; there * 4]);
            fs::write(&path, sound).unwrap();
            self.age(name, age);
            path
        }

        fn age(&self, name: &str, age: u64) {
            let file = File::open(self.0.join(name)).unwrap();
            let now = file.metadata().unwrap().modified().unwrap();
            file.set_modified(now - Duration::from_secs(age)).unwrap();
        }
    }

    #[test]
    fn what_a_crash_has_cut_is_put_right_and_the_rest_is_not_written_to() {
        let folder = Folder::new("mend");
        let cut = folder.file("20211215/a.wav", 6_400, 8_000, 1);
        let whole = folder.file("20211215/b.wav", 8_000, 8_000, 50);
        for (name, text) in [("d.wav", "something else"), ("note.txt", "of whoever listened")] {
            fs::write(folder.0.join("20211215").join(name), text).unwrap();
            folder.age(&format!("20211215/{name}"), 1);
        }
        folder.file("elsewhere/e.wav", 0, 100, 1);
        let before = fs::metadata(&whole).unwrap().modified().unwrap();
        let former = folder.archive().former().unwrap();
        // What this run writes is its own: between two writings its head is behind, too.
        let busy = folder.file("20211216/c.wav", 100, 200, 0);
        let mended = former.mend(|| true).unwrap();
        assert!(tracks::is_cut(&mut File::open(busy).unwrap()).unwrap());
        assert_eq!((mended.looked, mended.repaired.as_slice()), (3, &[(cut.clone(), 1_000)][..]));
        assert_eq!(mended.failed.iter().map(|(p, _)| p.file_name().unwrap()).collect::<Vec<_>>(), ["d.wav"]);
        assert!(!tracks::is_cut(&mut File::open(&cut).unwrap()).unwrap());
        assert_eq!(fs::metadata(&whole).unwrap().modified().unwrap(), before);
        assert_eq!(fs::metadata(&cut).unwrap().len(), HEAD as u64 + 32_000, "no sound is lost");
        assert_eq!(former.mend(|| true).unwrap().repaired, []);
        let stopped = folder.archive().former().unwrap().mend(|| false).unwrap();
        assert_eq!(stopped.looked, 0);
    }

    #[test]
    fn only_what_is_younger_than_the_mark_is_looked_at() {
        let folder = Folder::new("mark");
        let archive = folder.archive();
        for (day, name, age) in
            [("20211213", "a", 500_000), ("20211214", "b", 600), ("20211214", "c", 60), ("20211215", "d", 1)]
        {
            folder.file(&format!("{day}/{name}.wav"), 1, 2, age);
        }
        archive.watch().unwrap();
        // Nothing was made in the first folder for days; in the second a file is still cut from long ago.
        folder.age("20211213", 500_000);
        let repaired = archive.former().unwrap().mend(|| true).unwrap();
        assert_eq!(repaired.looked, 2, "{repaired:?}");
        let names: std::collections::BTreeSet<_> =
            repaired.repaired.iter().map(|(p, _)| p.file_name().unwrap().to_owned()).collect();
        assert_eq!(names.into_iter().collect::<Vec<_>>(), ["c.wav", "d.wav"]);
        // Without a mark everything is.
        fs::remove_file(folder.0.join(MARK)).unwrap();
        folder.age("20211214/c.wav", 1);
        folder.age("20211215/d.wav", 1);
        let all = archive.former().unwrap().mend(|| true).unwrap();
        assert_eq!((all.looked, all.repaired.len()), (4, 2));
        // The mark moves although nothing is written into it.
        archive.watch().unwrap();
        folder.age(MARK, 5_000);
        let stamp = || fs::metadata(folder.0.join(MARK)).unwrap().modified().unwrap();
        let old = stamp();
        archive.watch().unwrap();
        assert!(stamp() > old + Duration::from_secs(4_000));
    }

    #[test]
    fn days_past_their_time_go_and_nothing_else_does() {
        let folder = Folder::new("expire");
        let archive = folder.archive();
        for name in
            ["20211213/a.wav", "20211214/b.wav", "20211214/c.wav", "20211215/d.wav", "20211399/e.wav", "2021121/f.wav"]
        {
            folder.file(name, 0, 0, 0);
        }
        fs::write(folder.0.join("20211214/case-7.txt"), "kept for the court").unwrap();
        fs::write(folder.0.join("20211212"), "no folder").unwrap();
        let asked = Cell::new(0);
        let stop = || {
            asked.set(asked.get() + 1);
            asked.get() < 2
        };
        assert_eq!(archive.expire(date(2021, 12, 15), stop).unwrap().files, 1, "told to stop after the first");
        assert_eq!(archive.expire(date(2021, 12, 15), || true).unwrap().files, 2);
        let left = |name: &str| folder.0.join(name).exists();
        assert!(!left("20211213") && !left("20211214/b.wav") && !left("20211214/c.wav"));
        for kept in ["20211214/case-7.txt", "20211215/d.wav", "20211399/e.wav", "2021121/f.wav", "20211212"] {
            assert!(left(kept), "{kept}");
        }
        assert_eq!(
            Archive::new(folder.0.join("none")).expire(date(2021, 12, 15), || true).unwrap(),
            Removed::default()
        );
    }

    #[test]
    fn every_form_is_counted_and_goes_when_its_time_is_over_and_what_is_half_made_goes_at_once() {
        let folder = Folder::new("forms");
        let archive = folder.archive();
        for (number, (_, ending)) in Form::ALL.into_iter().enumerate() {
            for day in ["20211213", "20211214", "20211215"] {
                fs::create_dir_all(folder.0.join(day)).unwrap();
                fs::write(folder.0.join(format!("{day}/{number}{ending}")), vec![0; 10]).unwrap();
            }
        }
        fs::write(folder.0.join("20211214/1.flac.part"), "half").unwrap();
        fs::write(folder.0.join("20211214/case-7.txt"), "kept for the court").unwrap();
        let mut found = Vec::new();
        archive
            .survey(|one| {
                found.push((one.name, one.form, one.bytes));
                true
            })
            .unwrap();
        let forms: std::collections::HashSet<_> = found.iter().map(|(_, form, _)| form.ending()).collect();
        assert_eq!((found.len(), forms.len(), found.iter().map(|f| f.2).sum::<u64>()), (18, 6, 180));
        assert!(found[0].0.starts_with("20211215/") && !folder.0.join("20211214/1.flac.part").exists());
        assert_eq!(archive.files("20211214/1").unwrap(), [folder.0.join("20211214/1.flac")]);
        assert_eq!(archive.expire(date(2021, 12, 14), || true).unwrap(), Removed { files: 6, bytes: 60 });
        // The oldest go, one after another, until that is enough; today's never.
        let two = archive.remove_oldest(date(2021, 12, 15), |removed| removed.bytes >= 20).unwrap();
        assert_eq!(two, Removed { files: 2, bytes: 20 });
        assert_eq!(archive.remove_oldest(date(2021, 12, 15), |_| false).unwrap(), Removed { files: 4, bytes: 40 });
        assert!(folder.0.join("20211214/case-7.txt").exists() && folder.0.join("20211215/0.wav").exists());
    }

    #[test]
    fn a_recording_lies_in_the_archive_whatever_it_is_called() {
        let archive = Archive::new("/r");
        assert_eq!(archive.file("20211215/5bhd7pq5c01").unwrap(), Path::new("/r/20211215/5bhd7pq5c01.wav"));
        for wrong in ["../x", "20211215/../../x", "/etc/passwd", "a//b", ""] {
            assert!(archive.file(wrong).is_err(), "{wrong}");
        }
    }
}
