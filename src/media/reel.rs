//! The recordings of an engine, and where each is.

use crate::patch::RecordingId;
use crate::patch::tape::CHANNELS;
use std::collections::BTreeMap;

/// In the wheel the recordings stand beside the legs, with this bit.
pub const REEL: u32 = 1 << 31;

/// One recording.
#[derive(Debug)]
pub struct Reel {
    /// Which.
    pub id: RecordingId,
    /// Who is on which channel, by index.
    pub channels: [Option<u32>; CHANNELS],
    /// The slot of its first frame.
    pub first: u64,
    /// Its slot in the wheel.
    pub due: u64,
    /// How many frames there have been.
    pub frames: u64,
    /// Nothing is kept at present.
    pub paused: bool,
    /// Frames that were not taken and not told of.
    pub dropped: u32,
    /// The slot in which such were last told of.
    pub reported: u64,
}

/// All recordings of an engine.
#[derive(Debug, Default)]
pub struct Reels {
    /// Their places.
    pub by_id: BTreeMap<RecordingId, u32>,
    /// In their places.
    pub reels: Vec<Option<Reel>>,
}

impl Reels {
    /// One that runs, and its place.
    pub fn find(&mut self, id: RecordingId) -> Option<(u32, &mut Reel)> {
        let at = *self.by_id.get(&id)?;
        self.reels.get_mut(at as usize)?.as_mut().map(|reel| (at, reel))
    }

    /// How many run.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// A leg has ended.
    pub fn vacate(&mut self, at: u32, leg: u32) {
        if let Some(reel) = self.reels.get_mut(at as usize).and_then(Option::as_mut) {
            reel.channels.iter_mut().filter(|c| **c == Some(leg)).for_each(|c| *c = None);
        }
    }
}
