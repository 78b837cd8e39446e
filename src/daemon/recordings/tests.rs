//! The keeper over a folder: what it packs, what it leaves, what it says.

use super::*;
use crate::audio::tracks::{Sheet, head, is_cut};
use crate::config::WhenFull;
use crate::dialplan::Record;
use crate::media::archive::{Key, Keys, Sound, hash};
use std::fs::{self, File};

/// 2021-12-15 10:00 in Shanghai.
const TEN: i64 = 1_639_533_600_000_000;
const CALLS: [&str; 2] = ["5bhd7pq5c01", "5bhd7pq5c02"];

struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("switchboard-keeper-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// A recording of so many samples whose head tells of `told`, as a former run has left it.
    fn wav(&self, name: &str, told: u32, samples: usize) -> PathBuf {
        let path = self.0.join(format!("{name}.wav"));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let sound: Vec<u8> = (0..samples * 4).map(|n| if n % 4 < 2 { (n / 3) as u8 } else { 0xD5 }).collect();
        fs::write(&path, [head(4, told, &[]), sound].concat()).unwrap();
        let file = File::open(&path).unwrap();
        file.set_modified(file.metadata().unwrap().modified().unwrap() - Duration::from_secs(1)).unwrap();
        path
    }

    fn settings(&self, keep_days: Option<u32>) -> Settings {
        let recording = Recording {
            folder: None,
            default: Record::Always,
            keep_days: 1,
            archive: Kind::Flac,
            keys: Keys::default(),
            quota: None,
            min_free: 0,
            when_full: WhenFull::Stop,
        };
        Settings { folder: self.0.clone(), recording, keep_days, clock: Clock::as_of(TEN) }
    }

    fn names(&self) -> Vec<String> {
        let days = fs::read_dir(&self.0).unwrap().flatten().filter(|day| day.path().is_dir());
        let files = days.flat_map(|day| fs::read_dir(day.path()).unwrap().flatten());
        let mut names: Vec<_> = files.map(|file| file.file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// A keeper, with what it says; facts are written at once unless `writes` is false.
struct Run {
    keeper: Option<Keeper>,
    words: mpsc::Receiver<Word>,
    writes: bool,
    archived: Vec<(String, Archived)>,
    alarms: Vec<String>,
    storage: Storage,
}

impl Run {
    fn start(settings: Settings) -> Self {
        let (keeper, words) = Keeper::start(settings).unwrap();
        let storage = Storage::default();
        Self { keeper: Some(keeper), words, writes: true, archived: Vec::new(), alarms: Vec::new(), storage }
    }

    fn take(&mut self) {
        while let Ok(word) = self.words.try_recv() {
            match word {
                Word::Archived { call, archived, done } => {
                    self.archived.push((call.to_string(), archived));
                    if self.writes {
                        done.send(()).unwrap();
                    }
                }
                Word::Alarm(text) => self.alarms.push(text),
                Word::Storage(storage) => self.storage = storage,
            }
        }
    }

    /// The thread is given its time, not a number of s.
    fn until(&mut self, done: impl Fn(&Self) -> bool) {
        let mut left = 12_000;
        while !done(self) {
            left -= 1;
            assert!(left > 0, "{:?} {:?} {:?}", self.archived, self.alarms, self.storage);
            std::thread::sleep(Duration::from_millis(5));
            self.take();
        }
    }
}

#[test]
fn a_day_is_kept_as_long_as_the_configuration_says() {
    let first = |days| first_kept(TEN, days).map(|d| d.to_string());
    assert_eq!([first(1), first(30)].map(Option::unwrap), ["2021-12-14", "2021-11-15"]);
    assert_eq!(first(1_096).unwrap(), "2018-12-15");
    assert_eq!(first(u32::MAX), None, "more than there are days");
}

#[test]
fn the_thread_mends_removes_and_ends() {
    for (keep_days, left) in [(Some(1), false), (None, true)] {
        let folder = Folder::new(&format!("mends-{left}"));
        folder.wav("20211201/old", 0, 0);
        let cut = folder.wav("20211214/cut", 0, 1_000);
        let mut run = Run::start(folder.settings(keep_days));
        // The mark comes after the mending, the removal after the mark.
        let at = folder.0.clone();
        run.until(|_| {
            let mended = !is_cut(&mut File::open(&cut).unwrap()).unwrap();
            mended && at.join(".watched").exists() && (left || !at.join("20211201").exists())
        });
        drop(run.keeper.take());
        assert_eq!(folder.0.join("20211201/old.wav").exists(), left);
    }
}

#[test]
fn what_former_runs_left_is_packed_and_the_wav_goes_when_the_record_knows() {
    let folder = Folder::new("packs");
    // Cut by a crash; and packed when the crash came, before its record knew.
    let cut = folder.wav(&format!("20211214/{}", CALLS[0]), 0, 20_000);
    let sound = fs::read(&cut).unwrap()[crate::audio::tracks::HEAD..].to_vec();
    folder.wav(&format!("20211214/{}", CALLS[1]), 5_000, 5_000);
    fs::write(folder.0.join(format!("20211214/{}.flac", CALLS[1])), "half").unwrap();
    fs::write(folder.0.join(format!("20211214/{}.flac.part", CALLS[0])), "half").unwrap();
    folder.wav("20211214/interview", 5_000, 5_000);
    let mut run = Run::start(folder.settings(None));
    run.writes = false;
    run.until(|run| run.archived.len() == 2);
    let both = ["5bhd7pq5c01.flac", "5bhd7pq5c01.wav", "5bhd7pq5c02.flac", "5bhd7pq5c02.wav", "interview.wav"];
    assert_eq!(folder.names(), both, "no word from the journal: nothing goes");
    drop(run);

    let mut run = Run::start(folder.settings(None));
    run.until(|run| run.storage.unpacked == 0 && run.storage.counted && run.archived.len() == 2);
    assert_eq!(folder.names(), ["5bhd7pq5c01.flac", "5bhd7pq5c02.flac", "interview.wav"]);
    assert!(run.alarms.is_empty(), "{:?}", run.alarms);
    let (_, archived) = run.archived.iter().find(|(call, _)| call == CALLS[0]).unwrap();
    let path = folder.0.join(&archived.file);
    let (sha256, bytes) = hash(&path, &mut || true).unwrap();
    assert_eq!((&archived.sha256, archived.bytes), (&sha256, bytes));
    let mut read = Vec::new();
    io::Read::read_to_end(&mut Sound::open(&path, &Keys::default()).unwrap(), &mut read).unwrap();
    assert!(read == sound, "every sample of the call that the crash cut");
    let total: u64 =
        folder.names().iter().map(|n| fs::metadata(folder.0.join("20211214").join(n)).unwrap().len()).sum();
    assert_eq!((run.storage.files, run.storage.bytes), (3, total), "the sum runs along");
}

#[test]
fn a_recording_that_has_just_ended_is_packed_and_one_that_cannot_be_stays_with_one_alarm() {
    let folder = Folder::new("ended");
    let mut run = Run::start(folder.settings(None));
    run.until(|run| run.storage.counted);
    let job = |call: &str| (CallRef::parse(call).unwrap(), Arc::from(format!("20211215/{call}")));
    for at in 3..6 {
        let bad = folder.wav(&format!("20211215/5bhd7pq5c0{at}"), 0, 0);
        fs::write(&bad, "no sound").unwrap();
        run.keeper.as_ref().unwrap().pack(job(&format!("5bhd7pq5c0{at}")));
    }
    folder.wav(&format!("20211215/{}", CALLS[0]), 8_000, 8_000);
    run.keeper.as_ref().unwrap().pack(job(CALLS[0]));
    run.until(|run| run.archived.len() == 1 && run.storage.unpacked == 0 && run.storage.files == 4);
    assert_eq!(folder.names(), ["5bhd7pq5c01.flac", "5bhd7pq5c03.wav", "5bhd7pq5c04.wav", "5bhd7pq5c05.wav"]);
    assert_eq!(run.alarms.len(), 1, "{:?}", run.alarms);
    assert_eq!(fs::read(folder.0.join("20211215/5bhd7pq5c03.wav")).unwrap(), b"no sound");
}

#[test]
fn with_a_key_what_ends_is_sealed_and_without_packing_a_wav_is_only_hashed() {
    let folder = Folder::new("sealed");
    let key = Key::parse(&"7".repeat(64)).unwrap();
    for (archive, sealing, file) in [
        (Kind::Opus, Some(key.clone()), "5bhd7pq5c01.opus.sealed"),
        (Kind::Wav, Some(key.clone()), "5bhd7pq5c01.wav.sealed"),
        (Kind::Wav, None, "5bhd7pq5c01.wav"),
    ] {
        let _ = fs::remove_dir_all(folder.0.join("20211215"));
        let mut settings = folder.settings(None);
        settings.recording.archive = archive;
        settings.recording.keys.sealing = sealing.clone();
        let mut run = Run::start(settings);
        run.until(|run| run.storage.counted);
        let wav = folder.wav(&format!("20211215/{}", CALLS[0]), 8_000, 8_000);
        let sheet = Sheet::read(&mut File::open(&wav).unwrap()).unwrap();
        run.keeper.as_ref().unwrap().pack((CallRef::parse(CALLS[0]).unwrap(), format!("20211215/{}", CALLS[0]).into()));
        run.until(|run| !run.archived.is_empty() && run.storage.files == 1 && run.storage.unpacked == 0);
        drop(run.keeper.take());
        assert_eq!(folder.names(), [file]);
        let archived = &run.archived[0].1;
        assert_eq!(archived.file, format!("20211215/{file}"));
        assert_eq!(archived.key, sealing.as_ref().map(|key| key.id().to_string()));
        assert_eq!(archived.sound_sha256.is_some(), archive == Kind::Wav);
        let keys = Keys { sealing: None, opening: sealing.into_iter().collect() };
        let read = Sound::open(&folder.0.join(&archived.file), &keys).unwrap().sheet().unwrap();
        assert_eq!((read.samples, read.channels.len()), (sheet.samples, 4));
    }
    assert!(folder.0.join(".key").exists());
    let run = Run::start(folder.settings(None));
    assert!(Keeper::start(folder.settings(None)).is_err_and(|e| e.exit_code() == 75), "one switchboard a folder");
    drop(run);
    let mut settings = folder.settings(None);
    settings.recording.keys.sealing = Key::parse(&"8".repeat(64));
    assert!(matches!(Keeper::start(settings), Err(Error::Key { .. })));
}

#[test]
fn a_disk_without_room_refuses_further_recordings_from_the_first_moment() {
    let folder = Folder::new("full");
    let mut settings = folder.settings(None);
    settings.recording.min_free = u64::MAX;
    let mut run = Run::start(settings);
    run.take();
    assert!(run.storage.refused, "before the first call");
    assert!(matches!(run.alarms.as_slice(), [one] if one.contains("no further recording begins")), "{:?}", run.alarms);
}

#[test]
fn the_oldest_go_before_their_time_only_where_the_configuration_says_so() {
    for (when_full, left) in [
        (WhenFull::Stop, vec!["5bhd7pq5c01.flac", "5bhd7pq5c02.flac", "5bhd7pq5c03.flac"]),
        (WhenFull::RemoveOldest, vec!["5bhd7pq5c02.flac", "5bhd7pq5c03.flac"]),
    ] {
        let folder = Folder::new(&format!("quota-{when_full:?}"));
        for (day, call) in [("20211201", "5bhd7pq5c01"), ("20211202", "5bhd7pq5c02"), ("20211215", "5bhd7pq5c03")] {
            fs::create_dir_all(folder.0.join(day)).unwrap();
            let path = folder.0.join(format!("{day}/{call}.flac"));
            fs::write(&path, vec![0; 1_000]).unwrap();
            let file = File::open(&path).unwrap();
            file.set_modified(file.metadata().unwrap().modified().unwrap() - Duration::from_secs(1)).unwrap();
        }
        let mut settings = folder.settings(Some(36_500));
        (settings.recording.quota, settings.recording.when_full) = (Some(3_000), when_full);
        let mut run = Run::start(settings);
        let files = left.len() as u64;
        run.until(|run| run.storage.counted && run.storage.files == files && run.storage.refused == (files == 3));
        assert_eq!(folder.names(), left);
        assert_eq!(run.alarms.len(), 4 - left.len(), "{:?}", run.alarms);
    }
}
