//! The recorder: one thread that writes every recording, so that no media thread ever waits for a disk.
//!
//! ```text
//!   engine ──20 ms──▶ ring (bounded) ──▶ recorder ──0.4 s──▶ file: head (rewritten) + sound
//! ```
//!
//! What does not fit into the ring is dropped and counted by the engine; in the file it is silence, so that the time line
//! of all channels stays true. Every 0.4 s the sound and then the head with its sizes and cues are written: after
//! `kill -9` a file is whole up to the last second. It is not synced: a power failure may cost what the kernel had not written.

use super::private;
use super::tell::Tell;
use super::unwritten::{BYTES, Unwritten};
use crate::audio::mixer::FRAME;
use crate::audio::tracks::{self, CUES, Cue, HEAD};
use crate::patch::tape::CHANNELS;
use crate::patch::{Event, Recorded, RecordingId, Take};
use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// Takes that may wait for the recorder: a second of 80 recordings, 80 ms of a thousand.
const RING: usize = 4_096;
/// Commands that may wait beside a full ring; they are never dropped before.
const WAITING: usize = 4_096;
/// How long the recorder lets takes gather. It does not wait in the ring, so that no media thread has to wake it.
const GATHER: Duration = Duration::from_millis(40);
/// Frames between two writings: as few as the system calls allow, because a thousand recordings wait in memory meanwhile.
const WRITE: u64 = 20;
/// Frames between two attempts after one has failed.
const RETRY: u64 = 40;
/// Silence is written in pieces of so many frames.
const PIECE: u64 = 256;

/// The engine's end of the ring.
#[derive(Debug, Clone)]
pub struct Tap {
    ring: SyncSender<Take>,
    waiting: VecDeque<Take>,
}

impl Tap {
    /// Puts a take into the ring. False: there was no room and it is gone; only frames ever are.
    pub fn put(&mut self, take: Take) -> bool {
        self.again();
        let refused = if self.waiting.is_empty() { self.ring.try_send(take) } else { Err(TrySendError::Full(take)) };
        match refused {
            Ok(()) => true,
            Err(TrySendError::Full(Take::Frame(..)) | TrySendError::Disconnected(_)) => false,
            Err(TrySendError::Full(command)) => {
                let room = self.waiting.len() < WAITING;
                if room {
                    self.waiting.push_back(command);
                }
                room
            }
        }
    }

    /// Puts what had to wait.
    pub fn again(&mut self) {
        while let Some(take) = self.waiting.pop_front() {
            if let Err(TrySendError::Full(take)) = self.ring.try_send(take) {
                self.waiting.push_front(take);
                return;
            }
        }
    }
}

/// The running recorder. It ends, all files finished, when every [`Tap`] is gone; dropping it waits for that.
#[derive(Debug)]
pub struct Recorder {
    thread: Option<JoinHandle<()>>,
}

impl Drop for Recorder {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the recorder ended by a panic");
        }
    }
}

/// Starts the recorder for a folder, which is made if it is not there.
///
/// # Errors
/// The folder cannot be made, or the thread not started.
pub fn spawn(folder: &Path, tell: Tell) -> io::Result<(Tap, Recorder)> {
    private::folder(folder)?;
    let (ring, takes) = sync_channel(RING);
    let mut desk = Desk { folder: folder.to_owned(), open: create, tell, reels: BTreeMap::new(), page: Vec::new() };
    let thread = std::thread::Builder::new().name("recorder".into()).spawn(move || desk.run(&takes))?;
    Ok((Tap { ring, waiting: VecDeque::new() }, Recorder { thread: Some(thread) }))
}

/// Makes a file that was not there, and the folders above it: their owner's alone.
fn create(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        private::folder(folder)?;
    }
    private::file(path)
}

/// What the thread owns.
struct Desk {
    folder: PathBuf,
    open: fn(&Path) -> io::Result<File>,
    tell: Tell,
    reels: BTreeMap<RecordingId, Reel>,
    /// What is being written, of one after the other.
    page: Vec<u8>,
}

impl Desk {
    fn run(&mut self, takes: &Receiver<Take>) {
        loop {
            // With no recording there is nothing to gather: the first take wakes the thread.
            let first = if self.reels.is_empty() {
                takes.recv().map_err(|_| TryRecvError::Disconnected)
            } else {
                takes.try_recv()
            };
            match first {
                Ok(take) => {
                    self.take(take);
                    takes.try_iter().for_each(|take| self.take(take));
                }
                Err(TryRecvError::Empty) => std::thread::sleep(GATHER),
                Err(TryRecvError::Disconnected) => break,
            }
        }
        let open: Vec<_> = self.reels.iter().map(|(id, reel)| (*id, reel.next)).collect();
        open.into_iter().for_each(|(id, frames)| self.take(Take::End(id, frames)));
    }

    fn take(&mut self, take: Take) {
        match take {
            Take::Begin(id, file) => {
                let made = path(&self.folder, &file).and_then(|path| (self.open)(&path));
                match made {
                    Ok(file) => {
                        let mut reel = Reel::new(file);
                        let written = reel.write(&mut self.page);
                        self.reels.insert(id, reel);
                        self.judge(id, written, 0);
                    }
                    Err(why) => self.say(id, failed(&why)),
                }
            }
            Take::Frame(id, number, sound) => {
                if let Some(reel) = self.reels.get_mut(&id)
                    && number >= reel.retry
                {
                    let written = reel.add(number, &sound, &mut self.page);
                    self.judge(id, written, number);
                }
            }
            Take::Pause(id, number, begins) => {
                if let Some(reel) = self.reels.get_mut(&id) {
                    let at = u32::try_from(number * FRAME as u64).unwrap_or(u32::MAX);
                    if reel.cues.len() < CUES {
                        reel.cues.push(Cue { at, label: if begins { "paused" } else { "resumed" } });
                    }
                    let written = reel.fill(number, &mut self.page).and_then(|()| reel.write(&mut self.page));
                    self.judge(id, written, number);
                }
            }
            Take::End(id, frames) => {
                let Some(mut reel) = self.reels.remove(&id) else {
                    return;
                };
                match reel.fill(frames, &mut self.page).and_then(|()| reel.write(&mut self.page)) {
                    Ok(()) => self.say(id, Recorded::Ended { frames: reel.written }),
                    Err(why) => {
                        self.say(id, failed(&why));
                        self.say(id, Recorded::Ended { frames: reel.written });
                    }
                }
            }
        }
    }

    /// After an attempt to write at a frame.
    fn judge(&mut self, id: RecordingId, written: io::Result<()>, number: u64) {
        let Some(reel) = self.reels.get_mut(&id) else {
            return;
        };
        let word = match written {
            Ok(()) if reel.failing && reel.proven => {
                reel.failing = false;
                Recorded::Again
            }
            Ok(()) => return,
            Err(why) => {
                reel.drop_unwritten(number + RETRY);
                if std::mem::replace(&mut reel.failing, true) {
                    return;
                }
                failed(&why)
            }
        };
        self.say(id, word);
    }

    fn say(&self, recording: RecordingId, what: Recorded) {
        (self.tell)(Event::Recording { recording, what });
    }
}

fn failed(why: &io::Error) -> Recorded {
    let full = matches!(why.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
    Recorded::Failed { full, why: why.to_string().into() }
}

/// Where a recording lies; nothing outside the folder.
pub(super) fn path(folder: &Path, file: &str) -> io::Result<PathBuf> {
    let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let sound = |part: &str| !part.is_empty() && !part.starts_with('.') && part.chars().all(letter);
    if !file.split('/').all(sound) || file.len() > 200 {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{file:?} cannot name a recording")));
    }
    Ok(folder.join(format!("{file}.wav")))
}

/// One file.
struct Reel {
    file: File,
    /// Frames that are not written yet.
    unwritten: Unwritten,
    /// Frames on the disk.
    written: u64,
    /// The next frame; those between are in `unwritten`.
    next: u64,
    cues: Vec<Cue>,
    /// Frames before this one are not tried.
    retry: u64,
    failing: bool,
    /// The last writing reached the disk.
    proven: bool,
}

impl Reel {
    fn new(file: File) -> Self {
        let unwritten = Unwritten::default();
        Self { file, unwritten, written: 0, next: 0, cues: Vec::new(), retry: 0, failing: false, proven: false }
    }

    fn add(&mut self, number: u64, channels: &[[u8; FRAME]; CHANNELS], page: &mut Vec<u8>) -> io::Result<()> {
        if number < self.next {
            return Ok(());
        }
        self.fill(number, page)?;
        self.unwritten.push(channels);
        self.next = number + 1;
        if self.next - self.written >= WRITE { self.write(page) } else { Ok(()) }
    }

    /// Silence up to a frame.
    fn fill(&mut self, number: u64, page: &mut Vec<u8>) -> io::Result<()> {
        while self.next < number {
            let frames = (number - self.next).min(PIECE);
            self.unwritten.push_silence(frames as usize);
            self.next += frames;
            if self.unwritten.frames() as u64 >= PIECE {
                self.write(page)?;
            }
        }
        Ok(())
    }

    /// Writes what there is, then the head that says so.
    fn write(&mut self, page: &mut Vec<u8>) -> io::Result<()> {
        self.proven = false;
        self.unwritten.interleave(page);
        self.file.write_all_at(page, HEAD as u64 + self.written * BYTES as u64)?;
        let samples = u32::try_from(self.next * FRAME as u64).unwrap_or(u32::MAX);
        self.file.write_all_at(&tracks::head(CHANNELS as u16, samples, &self.cues), 0)?;
        self.written = self.next;
        self.unwritten.clear();
        self.proven = true;
        Ok(())
    }

    /// Gives up what could not be written: it will be silence.
    fn drop_unwritten(&mut self, retry: u64) {
        self.unwritten.clear();
        self.next = self.written;
        self.retry = retry;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::g711::ALAW_SILENCE;
    use std::fs::OpenOptions;
    use std::sync::{Arc, Mutex};

    const ID: RecordingId = RecordingId(7);

    /// A folder of its own for each test.
    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("switchboard-recorder-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        folder
    }

    type Said = Arc<Mutex<Vec<Recorded>>>;

    fn ear() -> (Tell, Said) {
        let said = Said::default();
        let to = said.clone();
        let tell: Tell = Arc::new(move |event| {
            if let Event::Recording { recording: ID, what } = event {
                to.lock().unwrap().push(what);
            }
        });
        (tell, said)
    }

    fn frame(number: u64, byte: u8) -> Take {
        Take::Frame(ID, number, [[byte; FRAME], [byte + 1; FRAME], [ALAW_SILENCE; FRAME], [byte + 3; FRAME]])
    }

    /// The first sample of each frame on each channel, as the file has it; its head must agree with its length.
    fn frames(path: &Path) -> Vec<[u8; CHANNELS]> {
        let file = std::fs::read(path).unwrap();
        assert_eq!(u32::from_le_bytes(file[HEAD - 4..HEAD].try_into().unwrap()) as usize, file.len() - HEAD);
        file[HEAD..].chunks(BYTES).map(|f| [f[0], f[1], f[2], f[3]]).collect()
    }

    #[test]
    fn a_recording_is_a_file_with_a_channel_a_party_gaps_as_silence_and_cues_at_a_pause() {
        let folder = folder("whole");
        let (tell, said) = ear();
        let (mut tap, recorder) = spawn(&folder, tell).unwrap();
        assert!(tap.put(Take::Begin(ID, "2021/12/first".into())));
        for number in (0..100).filter(|n| !(30..40).contains(n)) {
            assert!(tap.put(frame(number, 10)));
        }
        tap.put(Take::Pause(ID, 100, true));
        tap.put(Take::Pause(ID, 150, false));
        tap.put(frame(150, 20));
        tap.put(Take::End(ID, 160));
        drop(tap);
        drop(recorder);
        assert_eq!(*said.lock().unwrap(), [Recorded::Ended { frames: 160 }]);
        let path = folder.join("2021/12/first.wav");
        let silence = [ALAW_SILENCE; 4];
        let expected: Vec<_> = (0..160)
            .map(|n| match n {
                30..40 | 100..150 | 151.. => silence,
                150 => [20, 21, ALAW_SILENCE, 23],
                _ => [10, 11, ALAW_SILENCE, 13],
            })
            .collect();
        assert_eq!(frames(&path), expected);
        let cue = |frames: u32, label| Cue { at: frames * 160, label };
        let head = tracks::head(4, 160 * 160, &[cue(100, "paused"), cue(150, "resumed")]);
        assert_eq!(std::fs::read(&path).unwrap()[..HEAD], head);
        let _ = std::fs::remove_dir_all(folder);
    }

    #[test]
    fn what_was_said_a_second_ago_is_on_the_disk_and_the_file_in_order() {
        let folder = folder("crash");
        std::fs::create_dir_all(&folder).unwrap();
        let mut desk =
            Desk { folder: folder.clone(), open: create, tell: ear().0, reels: BTreeMap::new(), page: Vec::new() };
        desk.take(Take::Begin(ID, "x".into()));
        for number in 0..1_000 {
            desk.take(frame(number, 1));
            // As if killed now: whatever is in the file is whole.
            if number % 97 == 0 {
                let there = frames(&folder.join("x.wav")).len() as u64;
                assert!(there + 50 > number, "{there} of {number} frames");
            }
        }
        // Killed between the sound and the head.
        let path = folder.join("x.wav");
        let file = OpenOptions::new().read(true).write(true).open(&path).unwrap();
        file.write_all_at(&[1; 10 * BYTES], HEAD as u64 + 1_000 * BYTES as u64).unwrap();
        assert_eq!(tracks::repair(&mut &file).unwrap(), 1_010 * 160);
        assert_eq!(frames(&path).len(), 1_010);
        let _ = std::fs::remove_dir_all(folder);
    }

    #[test]
    fn a_full_disk_is_said_once_and_the_time_line_stays_true_when_there_is_room_again() {
        let folder = folder("full");
        std::fs::create_dir_all(&folder).unwrap();
        let (tell, said) = ear();
        // A device that is always full.
        let full = |_: &Path| OpenOptions::new().write(true).open("/dev/full");
        let mut desk = Desk { folder: folder.clone(), open: full, tell, reels: BTreeMap::new(), page: Vec::new() };
        desk.take(Take::Begin(ID, "x".into()));
        (0..500).for_each(|number| desk.take(frame(number, 1)));
        let first = said.lock().unwrap().clone();
        assert!(matches!(first.as_slice(), [Recorded::Failed { full: true, .. }]), "{first:?}");
        assert!(desk.reels[&ID].unwritten.frames() as u64 <= PIECE, "nothing piles up");
        // There is room again: the next attempt succeeds.
        desk.reels.get_mut(&ID).unwrap().file = create(&folder.join("x.wav")).unwrap();
        (500..600).for_each(|number| desk.take(frame(number, 1)));
        desk.take(Take::End(ID, 600));
        assert_eq!(said.lock().unwrap()[1..], [Recorded::Again, Recorded::Ended { frames: 600 }]);
        let there = frames(&folder.join("x.wav"));
        assert_eq!((there.len(), there[0], there[599]), (600, [ALAW_SILENCE; 4], [1, 2, ALAW_SILENCE, 4]));
        let _ = std::fs::remove_dir_all(folder);
    }

    #[test]
    fn nothing_is_written_over_or_outside_and_the_reason_is_said() {
        let folder = folder("names");
        let (tell, said) = ear();
        let (mut tap, recorder) = spawn(&folder, tell).unwrap();
        std::fs::write(folder.join("taken.wav"), b"old").unwrap();
        let names = ["../x", "/etc/x", "a//b", "", ".x", "a/.ssh", "汉", "a b", "taken"];
        for name in names {
            tap.put(Take::Begin(ID, name.into()));
        }
        drop(tap);
        drop(recorder);
        let said = said.lock().unwrap();
        assert_eq!(said.len(), names.len());
        assert!(said.iter().all(|s| matches!(s, Recorded::Failed { full: false, .. })));
        assert_eq!(std::fs::read(folder.join("taken.wav")).unwrap(), b"old");
        let _ = std::fs::remove_dir_all(folder);
    }

    #[test]
    fn a_full_ring_drops_frames_and_never_a_command() {
        let (ring, takes) = sync_channel(2);
        let mut tap = Tap { ring, waiting: VecDeque::new() };
        assert!(tap.put(Take::Begin(ID, "x".into())) && tap.put(frame(0, 1)));
        assert!(!tap.put(frame(1, 1)));
        assert!(tap.put(Take::Pause(ID, 2, true)) && tap.put(Take::End(ID, 3)));
        assert!(!tap.put(frame(2, 1)), "nothing overtakes a command");
        let mut got: Vec<Take> = takes.try_iter().collect();
        tap.again();
        got.extend(takes.try_iter());
        assert_eq!(got.len(), 4);
        assert_eq!(got[2..], [Take::Pause(ID, 2, true), Take::End(ID, 3)]);
    }
}
