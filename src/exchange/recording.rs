//! Recordings: what a call wants recorded, made of media commands. One file a caller's journey; a party keeps its channel for as
//! long as its leg lives, so that nobody's words change channels in the middle.

use super::{Exchange, Live};
use crate::call::Recorded as Wanted;
use crate::clock::{Now, SECOND};
use crate::fact::{Archived, Fact};
use crate::id::{CallRef, LegRef};
use crate::patch::tape::CHANNELS;
use crate::patch::{Command, Recorded, RecordingId, Tape};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Trouble with recordings is told at most so often, µs.
const TOLD_EVERY: u64 = 10 * SECOND;

/// The room that recordings take, as who keeps them has counted it last.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Storage {
    /// Every recording that has ended has been counted since the start.
    pub counted: bool,
    /// So many.
    pub files: u64,
    /// Their length.
    pub bytes: u64,
    /// Of these, how many wait to be packed.
    pub unpacked: u64,
    /// How long they may be; `None`: as long as the disk has room.
    pub quota: Option<u64>,
    /// Bytes free on their disk.
    pub free: u64,
    /// With less than that no further recording begins.
    pub min_free: u64,
    /// No further recording begins: quota or disk are full.
    pub refused: bool,
}

/// A call's recording.
#[derive(Debug)]
pub(super) struct Taping {
    id: RecordingId,
    thread: u8,
    file: Arc<str>,
    /// When it began, µs monotonic.
    began: u64,
    paused: bool,
    channels: [Option<LegRef>; CHANNELS],
}

impl Taping {
    pub fn file(&self) -> &str {
        &self.file
    }

    pub fn is_paused(&self) -> bool {
        self.paused
    }

    /// Who leaves which channel and who takes which, so that the channels are those wanted.
    fn changes(&mut self, wanted: &Wanted) -> Vec<(u8, Option<LegRef>)> {
        let mut changes = Vec::new();
        for (channel, slot) in (0u8..).zip(&mut self.channels) {
            if slot.is_some_and(|leg| wanted.parties.iter().all(|(_, l)| *l != leg)) {
                *slot = None;
                changes.push((channel, None));
            }
        }
        for (channel, leg) in &wanted.parties {
            if self.channels.contains(&Some(*leg)) {
                continue;
            }
            let own = usize::from(*channel);
            let free = std::iter::once(own).chain(1..CHANNELS).find(|c| self.channels.get(*c) == Some(&None));
            if let Some(slot) = free.and_then(|c| self.channels.get_mut(c)) {
                *slot = Some(*leg);
                changes.push((free.unwrap_or(own) as u8, Some(*leg)));
            }
        }
        changes
    }
}

/// Recordings whose files are being written.
#[derive(Debug, Default)]
pub(super) struct Tapes {
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

impl Exchange {
    /// Brings the call's recording in line with what it wants.
    pub(super) fn retape(&mut self, id: CallRef, now: Now) {
        let Some(live) = self.calls.get(&id) else { return };
        let Some(wanted) = live.call.recorded() else { return };
        if live.taping.is_none() {
            self.begin_tape(id, now);
        }
        let Some(live) = self.calls.get_mut(&id) else { return };
        let Live { taping: Some(taping), legs, .. } = &mut **live else { return };
        let (thread, recording) = (taping.thread, taping.id);
        let mut tapes = Vec::new();
        for (channel, leg) in taping.changes(&wanted) {
            let lease = leg.and_then(|leg| legs.iter().find(|l| l.leg == leg)).map(|l| l.lease);
            tapes.push(match lease {
                Some(lease) => Tape::Channel { channel, port: lease.port, epoch: lease.epoch },
                None => Tape::Vacate { channel },
            });
        }
        if taping.paused != wanted.paused {
            taping.paused = wanted.paused;
            tapes.push(if wanted.paused { Tape::Pause } else { Tape::Resume });
        }
        for tape in tapes {
            self.media(Command::Record { thread, recording, tape });
        }
    }

    fn begin_tape(&mut self, id: CallRef, now: Now) {
        let Some(thread) = self.calls.get(&id).and_then(|l| l.legs.first()).map(|l| l.lease.port.thread) else {
            return;
        };
        if self.tapes.storage.as_ref().is_some_and(|storage| storage.refused) {
            return;
        }
        self.tapes.last += 1;
        let recording = RecordingId(self.tapes.last);
        let day = self.snapshot.plan.zone().local(now.wall).date();
        let file: Arc<str> = format!("{:04}{:02}{:02}/{id}", day.year(), day.month(), day.day()).into();
        self.tapes.calls.insert(recording, (id, Arc::clone(&file)));
        self.media(Command::Record { thread, recording, tape: Tape::Begin { file: Arc::clone(&file) } });
        self.fact(Some(id), Fact::RecordingStarted { file: file.to_string() }, now);
        if let Some(live) = self.calls.get_mut(&id) {
            live.taping = Some(Taping {
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
    pub(super) fn untape(&mut self, id: CallRef, now: Now) {
        let Some(taping) = self.calls.get_mut(&id).and_then(|l| l.taping.take()) else { return };
        self.media(Command::Record { thread: taping.thread, recording: taping.id, tape: Tape::End });
        self.fact(Some(id), Fact::RecordingEnded { ms: now.mono.saturating_sub(taping.began) / 1000 }, now);
    }

    /// Word from the recorder.
    pub(super) fn recording_event(&mut self, recording: RecordingId, what: &Recorded, now: Now) {
        let call = self.tapes.calls.get(&recording).map(|(call, _)| *call);
        match what {
            Recorded::Dropped { frames } => {
                self.tapes.dropped += u64::from(*frames);
                self.tell_of_tapes("the recorder does not keep up", now);
            }
            Recorded::Failed { full, why } => {
                tracing::warn!(?call, %why, "a recording is not written");
                self.tapes.failed += 1;
                let text = if *full { format!("the disk is full: {why}") } else { format!("not written: {why}") };
                self.tell_of_tapes(&text, now);
            }
            Recorded::Again => tracing::info!(?call, "the recording is written again"),
            Recorded::Ended { .. } => {
                let finished = self.tapes.calls.remove(&recording);
                self.tapes.finished.extend(finished);
            }
        }
    }
}

impl Exchange {
    /// The next recording whose file is finished: its call and its name below the folder of recordings, without `.wav`.
    pub fn finished_recording(&mut self) -> Option<(CallRef, Arc<str>)> {
        self.tapes.finished.pop_front()
    }

    /// How the room for recordings stands: where it is refused no further one begins, and the calls go on without.
    pub fn stored(&mut self, storage: Storage) {
        self.tapes.storage = Some(storage);
    }

    pub(super) fn storage(&self) -> Option<Storage> {
        self.tapes.storage.clone()
    }

    /// Writes what became of a call's recording after the call.
    pub fn archived(&mut self, call: CallRef, archived: Archived, now: Now) {
        self.fact(Some(call), Fact::RecordingArchived { archived }, now);
    }

    /// One alarm stands for all of ten seconds: thousands of calls meet the same full disk at once.
    fn tell_of_tapes(&mut self, why: &str, now: Now) {
        if self.tapes.told_at.is_some_and(|at| now.mono < at + TOLD_EVERY) {
            return;
        }
        let (dropped, failed) = (std::mem::take(&mut self.tapes.dropped), std::mem::take(&mut self.tapes.failed));
        self.tapes.told_at = Some(now.mono);
        let text = format!("{why}; {failed} recordings failed, {} ms of sound were not kept", dropped * 20);
        self.alarm("recording", &text, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leg_keeps_its_channel_and_a_new_one_takes_a_free_one() {
        let mut taping = Taping {
            id: RecordingId(1),
            thread: 0,
            file: "x".into(),
            began: 0,
            paused: false,
            channels: [None; CHANNELS],
        };
        let mut change = |parties: &[(u8, u32)]| {
            let parties = parties.iter().map(|(c, l)| (*c, LegRef(*l))).collect();
            let changes = taping.changes(&Wanted { paused: false, parties });
            changes.into_iter().map(|(c, l)| (c, l.map(|l| l.0))).collect::<Vec<_>>()
        };
        assert_eq!(change(&[(0, 0), (1, 1)]), [(0, Some(0)), (1, Some(1))]);
        assert_eq!(change(&[(0, 0), (1, 1), (2, 2)]), [(2, Some(2))]);
        assert_eq!(change(&[(0, 0), (1, 2)]), [(1, None)], "who takes the agent's place stays where he is");
        assert_eq!(change(&[(0, 0), (1, 2), (2, 3)]), [(1, Some(3))], "the next third takes the channel that is free");
        assert_eq!(change(&[(1, 2), (2, 3)]), [(0, None)], "the caller's channel is nobody else's");
        assert_eq!(change(&[(1, 2), (2, 3), (3, 4)]), [(3, Some(4))]);
    }
}
