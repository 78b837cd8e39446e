//! The journal's files: one JSON event a line, named by their first sequence number. Reading, recovering, dropping.

use super::line::is_sound;
use crate::fact::{Event, Fact};
use crate::id::CallRef;
use memchr::{memmem, memrchr};
use serde::Deserialize;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

const ENDING: &str = "jsonl";
/// How much of a segment's end is read first to find its last line, bytes.
const WINDOW: u64 = 1 << 20;
/// Segments that are searched for how the floor stands.
const FLOOR_SEGMENTS: usize = 8;

/// One file of the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// The first event in it, or to come into it.
    pub first_seq: u64,
    /// The file.
    pub path: PathBuf,
}

/// A line that is no event of this version. The lines around it are read.
#[derive(Debug, thiserror::Error)]
#[error("{}:{line}: {why}", path.display())]
pub struct Damaged {
    /// The file.
    pub path: PathBuf,
    /// Line number, from 1.
    pub line: u64,
    /// What is wrong.
    pub why: String,
}

/// What every version of an event has.
#[derive(Deserialize)]
struct Head {
    seq: u64,
}

/// The file of a segment.
pub fn path(dir: &Path, first_seq: u64) -> PathBuf {
    dir.join(format!("{first_seq:020}.{ENDING}"))
}

/// The segments of a journal in order; other files are passed over.
pub fn list(dir: &Path) -> io::Result<Vec<Segment>> {
    let mut segments = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let ours = path.extension().is_some_and(|e| e == ENDING);
        let seq = path.file_stem().and_then(|s| s.to_str()).and_then(|s| s.parse().ok());
        if let (true, Some(first_seq)) = (ours, seq) {
            segments.push(Segment { first_seq, path });
        }
    }
    segments.sort_by_key(|s| s.first_seq);
    Ok(segments)
}

/// Where the journal goes on.
#[derive(Debug)]
pub struct Tail {
    /// The last segment.
    pub segment: Segment,
    /// Its length after the cut, bytes.
    pub len: u64,
    /// The next event's sequence number.
    pub next_seq: u64,
    /// Bytes cut off after the last whole line.
    pub cut: u64,
}

/// Cuts what a crash left behind the last whole line. `None` if there is no segment.
///
/// A line that is whole JSON with a `seq` is kept even if this version cannot read the rest: it may be newer.
pub fn recover(dir: &Path) -> io::Result<Option<Tail>> {
    let Some(segment) = list(dir)?.pop() else {
        return Ok(None);
    };
    let mut file = OpenOptions::new().read(true).write(true).open(&segment.path)?;
    let len = file.metadata()?.len();
    let mut window = WINDOW.min(len);
    let (keep, next_seq) = loop {
        if let Some(found) = last_line(&mut file, len - window)? {
            break found;
        }
        if window == len {
            break (0, segment.first_seq); // nothing whole in it
        }
        window = window.saturating_mul(8).min(len);
    };
    let cut = len - keep;
    if cut > 0 {
        file.set_len(keep)?;
    }
    Ok(Some(Tail { segment, len: keep, next_seq, cut }))
}

/// Where the last whole line that begins after `from` ends, and the number that follows its own.
fn last_line(file: &mut File, from: u64) -> io::Result<Option<(u64, u64)>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(from))?;
    file.read_to_end(&mut bytes)?;
    let mut rest = bytes.as_slice();
    while let Some(end) = memrchr(b'\n', rest) {
        let before = memrchr(b'\n', &rest[..end]);
        if before.is_none() && from > 0 {
            break; // it may begin before what was read
        }
        let start = before.map_or(0, |i| i + 1);
        if let (true, Ok(head)) = (is_sound(&rest[start..end]), serde_json::from_slice::<Head>(&rest[start..end])) {
            return Ok(Some((from + end as u64 + 1, head.seq + 1)));
        }
        rest = &rest[..start];
    }
    Ok(None)
}

/// Reads the journal in `dir` from the event `from` on. A last line still being written ends it without an error.
///
/// # Errors
/// If the directory cannot be listed; a single bad line is an item.
pub fn replay(dir: &Path, from: u64) -> io::Result<Replay> {
    let mut segments = list(dir)?;
    // The last segment that begins at or before `from`, and all after it.
    let skip = segments.partition_point(|s| s.first_seq <= from).saturating_sub(1);
    segments.drain(..skip);
    segments.reverse();
    Ok(Replay { waiting: segments, open: None, from, only: Vec::new(), begun: false })
}

/// Reads one call's events, `from..=to`.
pub fn of_call(dir: &Path, call: CallRef, from: u64, to: u64) -> io::Result<Vec<Event>> {
    let mut replay = replay(dir, from)?;
    replay.only = vec![format!("\"call\":\"{call}\"")];
    let events = replay.filter_map(Result::ok).take_while(|e| e.seq <= to);
    let mut found = Vec::new();
    for event in events {
        let last = event.seq == to;
        found.extend((event.call == Some(call)).then_some(event));
        if last {
            break;
        }
    }
    Ok(found)
}

/// What tells how the floor stands: the last [`Fact::FloorStands`] and what has changed since. Older segments are looked into only where a
/// newer one has none, and not without end.
pub fn of_floor(dir: &Path) -> io::Result<Vec<Event>> {
    let words = [
        "floor_stands",
        "seat_state",
        "callback_asked",
        "callback_begun",
        "callback_tried",
        "callback_ended",
        "disaster_mode",
    ];
    let mut found: Vec<Event> = Vec::new();
    for segment in list(dir)?.into_iter().rev().take(FLOOR_SEGMENTS) {
        let (from, only) = (segment.first_seq, words.map(|word| format!("\"what\":\"{word}\"")).to_vec());
        let replay = Replay { waiting: vec![segment], open: None, from, only, begun: false };
        let mut events: Vec<Event> = replay.filter_map(Result::ok).collect();
        let last = events.iter().rposition(|e| matches!(e.fact, Fact::FloorStands { .. }));
        if let Some(at) = last {
            events.drain(..at);
        }
        events.append(&mut found);
        found = events;
        if last.is_some() {
            break;
        }
    }
    Ok(found)
}

/// What tells which dialogs stood at the journal's end, of calls whose first event is `from` or later.
pub fn of_dialogs(dir: &Path, from: u64) -> io::Result<Vec<Event>> {
    let mut replay = replay(dir, from)?;
    let words = ["dialog_stands", "leg_ended", "party_left", "call_ended"];
    replay.only = words.map(|word| format!("\"what\":\"{word}\"")).to_vec();
    Ok(replay.filter_map(Result::ok).collect())
}

/// Events in order, see [`replay`].
#[derive(Debug)]
pub struct Replay {
    waiting: Vec<Segment>,
    open: Option<Open>,
    from: u64,
    /// Lines with none of these texts are passed over unread; none: every line is read.
    only: Vec<String>,
    /// The first line at or behind `from` has been read.
    begun: bool,
}

#[derive(Debug)]
struct Open {
    path: PathBuf,
    file: BufReader<File>,
    line: u64,
}

impl Iterator for Replay {
    type Item = Result<Event, Damaged>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut line = Vec::new();
        loop {
            if self.open.is_none() {
                let segment = self.waiting.pop()?;
                match File::open(&segment.path) {
                    Ok(file) => {
                        let file = BufReader::with_capacity(1 << 16, file);
                        self.open = Some(Open { path: segment.path, file, line: 0 });
                    }
                    Err(e) => return Some(Err(damaged(&segment.path, 0, &e))),
                }
            }
            let open = self.open.as_mut()?;
            line.clear();
            open.line += 1;
            let read = open.file.read_until(b'\n', &mut line);
            if let Err(e) = read {
                let found = damaged(&open.path, open.line, &e);
                self.open = None;
                return Some(Err(found));
            }
            if line.pop() != Some(b'\n') {
                // End of the file, or a line that is being written, or that a full disk cut short.
                self.open = None;
                continue;
            }
            if !self.only.is_empty() && !self.only.iter().any(|t| memmem::find(&line, t.as_bytes()).is_some()) {
                continue;
            }
            // Once there is no going back, a number that is too low is one that has changed.
            if !self.begun && seq_of(&line).is_some_and(|seq| seq < self.from) {
                continue;
            }
            if !is_sound(&line) {
                return Some(Err(damaged(
                    &open.path,
                    open.line,
                    &"its checksum does not fit: it has changed on the disk",
                )));
            }
            self.begun = true;
            match serde_json::from_slice::<Event>(&line) {
                Ok(event) if event.seq < self.from => {}
                Ok(event) => return Some(Ok(event)),
                Err(e) => return Some(Err(damaged(&open.path, open.line, &e))),
            }
        }
    }
}

/// The sequence number, read without the rest: this program writes it near the front.
fn seq_of(line: &[u8]) -> Option<u64> {
    let head = &line[..line.len().min(48)];
    let at = memmem::find(head, b"\"seq\":")? + 6;
    let digits = head[at..].split(|b| !b.is_ascii_digit()).next()?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn damaged(path: &Path, line: u64, why: &dyn std::fmt::Display) -> Damaged {
    Damaged { path: path.to_owned(), line, why: why.to_string() }
}

/// Removes segments whose events are all before `seq` and older than `before` (µs since the epoch). The last segment
/// always stays. Gives how many went.
pub fn drop_before(dir: &Path, seq: u64, before: i64) -> io::Result<usize> {
    let segments = list(dir)?;
    let mut dropped = 0;
    for pair in segments.windows(2) {
        let [old, next] = pair else { break };
        let first = replay(dir, next.first_seq)?.find_map(Result::ok);
        let young = first.is_none_or(|event| event.at >= before);
        if next.first_seq > seq || young {
            break;
        }
        fs::remove_file(&old.path)?;
        dropped += 1;
    }
    Ok(dropped)
}
