//! The recording of one live call: which party is on which channel of its file.

use crate::call::Recorded as Wanted;
use crate::id::LegRef;
use crate::patch::RecordingId;
use crate::patch::tape::CHANNELS;
use std::sync::Arc;

/// A call's recording.
#[derive(Debug)]
pub(super) struct LiveRecording {
    pub id: RecordingId,
    pub thread: u8,
    pub file: Arc<str>,
    /// When it began, µs monotonic.
    pub began: u64,
    pub paused: bool,
    pub channels: [Option<LegRef>; CHANNELS],
}

impl LiveRecording {
    pub fn file(&self) -> &str {
        &self.file
    }

    pub fn is_paused(&self) -> bool {
        self.paused
    }

    /// Who leaves which channel and who takes which, so that the channels are those wanted.
    pub fn changes(&mut self, wanted: &Wanted) -> Vec<(u8, Option<LegRef>)> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leg_keeps_its_channel_and_a_new_one_takes_a_free_one() {
        let mut recording = LiveRecording {
            id: RecordingId(1),
            thread: 0,
            file: "x".into(),
            began: 0,
            paused: false,
            channels: [None; CHANNELS],
        };
        let mut change = |parties: &[(u8, u32)]| {
            let parties = parties.iter().map(|(c, l)| (*c, LegRef(*l))).collect();
            let changes = recording.changes(&Wanted { paused: false, parties });
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
