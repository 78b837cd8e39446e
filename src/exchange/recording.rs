//! Recordings: what a call wants recorded, made of media commands. One file a caller's journey; a party keeps its channel for as
//! long as its leg lives, so that nobody's words change channels in the middle.

use super::live_recording::LiveRecording;
use super::storage::Storage;
use super::{Exchange, Live};
use crate::clock::{Now, SECOND};
use crate::fact::{Archived, Fact};
use crate::id::{CallRef, LegRef};
use crate::patch::tape::CHANNELS;
use crate::patch::{Command, Recorded, RecordingId, Tape};
use smallvec::SmallVec;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Trouble with recordings is told at most so often, µs.
const TOLD_EVERY: u64 = 10 * SECOND;

/// Recordings whose end the recorder owes. One whose file could not be made has none, so that of more the oldest is given up: it is
/// packed after the next start.
const MOST: usize = 65_536;

/// Recordings whose files are being written.
#[derive(Debug, Default)]
pub(super) struct Recordings {
    last: u64,
    calls: BTreeMap<RecordingId, (CallRef, Arc<str>)>,
    /// Whose files are finished, for who keeps them.
    finished: VecDeque<(CallRef, Arc<str>)>,
    /// The room that they take; `None` until somebody has looked.
    storage: Option<Storage>,
    /// Frames and recordings that are not kept and that nobody was told of yet, and when somebody was.
    dropped: u64,
    failed: u64,
    told_at: Option<u64>,
}

impl Recordings {
    fn begin(&mut self, call: CallRef, file: &Arc<str>) -> RecordingId {
        self.last += 1;
        if self.calls.len() >= MOST {
            self.calls.pop_first();
        }
        self.calls.insert(RecordingId(self.last), (call, Arc::clone(file)));
        RecordingId(self.last)
    }
}

impl Exchange {
    /// Brings the call's recording in line with what it wants.
    pub(super) fn update_recording(&mut self, id: CallRef, now: Now) {
        let Some(live) = self.calls.get(&id) else { return };
        let Some(wanted) = live.call.recorded() else { return };
        if live.recording.is_none() {
            self.begin_recording(id, now);
        }
        let Some(live) = self.calls.get_mut(&id) else { return };
        let Live { recording: Some(kept), legs, .. } = &mut **live else { return };
        let (thread, recording) = (kept.thread, kept.id);
        let mut tapes = Vec::new();
        let mut taped: SmallVec<[LegRef; 2]> = SmallVec::new();
        for (channel, leg) in kept.changes(&wanted) {
            taped.extend(leg);
            let lease = leg.and_then(|leg| legs.iter().find(|l| l.leg == leg)).map(|l| l.lease);
            tapes.push(match lease {
                Some(lease) => Tape::Channel { channel, port: lease.port, epoch: lease.epoch },
                None => Tape::Vacate { channel },
            });
        }
        if kept.paused != wanted.paused {
            kept.paused = wanted.paused;
            tapes.push(if wanted.paused { Tape::Pause } else { Tape::Resume });
        }
        for tape in tapes {
            self.media(Command::Record { thread, recording, tape });
        }
        let through =
            |leg: &LegRef| self.calls.get_mut(&id).and_then(|live| live.leg(*leg)).is_some_and(|l| l.is_through());
        if taped.iter().any(through) {
            self.decode(id, now);
        }
    }

    fn begin_recording(&mut self, id: CallRef, now: Now) {
        let Some(thread) = self.calls.get(&id).and_then(|l| l.legs.first()).map(|l| l.lease.port.thread) else {
            return;
        };
        if self.recordings.storage.as_ref().is_some_and(|storage| storage.refused) {
            return;
        }
        let day = self.snapshot.plan.zone().local(now.wall).date();
        let file: Arc<str> = format!("{:04}{:02}{:02}/{id}", day.year(), day.month(), day.day()).into();
        let recording = self.recordings.begin(id, &file);
        self.media(Command::Record { thread, recording, tape: Tape::Begin { file: Arc::clone(&file) } });
        self.fact(Some(id), Fact::RecordingStarted { file: file.to_string() }, now);
        if let Some(live) = self.calls.get_mut(&id) {
            live.recording = Some(LiveRecording {
                id: recording,
                thread,
                file,
                began: now.mono,
                paused: false,
                channels: [None; CHANNELS],
            });
        }
    }

    /// The call is over: so is its recording.
    pub(super) fn end_recording(&mut self, id: CallRef, now: Now) {
        let Some(recording) = self.calls.get_mut(&id).and_then(|l| l.recording.take()) else { return };
        self.media(Command::Record { thread: recording.thread, recording: recording.id, tape: Tape::End });
        self.fact(Some(id), Fact::RecordingEnded { ms: now.mono.saturating_sub(recording.began) / 1000 }, now);
    }

    /// Word from the recorder.
    pub(super) fn recording_event(&mut self, recording: RecordingId, what: &Recorded, now: Now) {
        let call = self.recordings.calls.get(&recording).map(|(call, _)| *call);
        match what {
            Recorded::Dropped { frames } => {
                self.recordings.dropped += u64::from(*frames);
                self.tell_of_recordings("the recorder does not keep up", now);
            }
            Recorded::Failed { full, why } => {
                tracing::warn!(?call, %why, "a recording is not written");
                self.recordings.failed += 1;
                let text = if *full { format!("the disk is full: {why}") } else { format!("not written: {why}") };
                self.tell_of_recordings(&text, now);
            }
            Recorded::Again => tracing::info!(?call, "the recording is written again"),
            Recorded::Ended { .. } => {
                let finished = self.recordings.calls.remove(&recording);
                self.recordings.finished.extend(finished);
            }
        }
    }
}

impl Exchange {
    /// The next recording whose file is finished: its call and its name below the folder of recordings, without `.wav`.
    pub fn finished_recording(&mut self) -> Option<(CallRef, Arc<str>)> {
        self.recordings.finished.pop_front()
    }

    /// How the room for recordings stands: where it is refused no further one begins, and the calls go on without.
    pub fn stored(&mut self, storage: Storage) {
        self.recordings.storage = Some(storage);
    }

    pub(super) fn storage(&self) -> Option<Storage> {
        self.recordings.storage.clone()
    }

    /// Writes what became of a call's recording after the call.
    pub fn archived(&mut self, call: CallRef, archived: Archived, now: Now) {
        self.fact(Some(call), Fact::RecordingArchived { archived }, now);
    }

    /// One alarm stands for all of ten seconds: thousands of calls meet the same full disk at once.
    fn tell_of_recordings(&mut self, why: &str, now: Now) {
        if self.recordings.told_at.is_some_and(|at| now.mono < at + TOLD_EVERY) {
            return;
        }
        let (dropped, failed) =
            (std::mem::take(&mut self.recordings.dropped), std::mem::take(&mut self.recordings.failed));
        self.recordings.told_at = Some(now.mono);
        let text = format!("{why}; {failed} recordings failed, {} ms of sound were not kept", dropped * 20);
        self.alarm("recording", &text, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recordings_that_never_end_are_given_up_oldest_first() {
        let (mut recordings, file) = (Recordings::default(), Arc::from("20211216/x"));
        let ids: Vec<_> = (0..MOST as u64 + 3).map(|n| recordings.begin(CallRef(n), &file)).collect();
        assert_eq!(recordings.calls.len(), MOST);
        assert_eq!(recordings.calls.keys().next(), Some(&ids[3]));
        assert_eq!(recordings.calls.keys().next_back(), ids.last());
    }
}
