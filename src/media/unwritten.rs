//! Frames of a recording that are not on the disk yet, without their silence.
//!
//! Of four channels two are silent nearly always, and of two who talk mostly one: so only what sounds is kept, in small blocks
//! that are given back when it is written. Beside it stands a byte a frame that says whose sound there is.

use crate::audio::g711::ALAW_SILENCE;
use crate::audio::mixer::FRAME;
use crate::patch::tape::CHANNELS;

/// Bytes of one frame of all channels in the file.
pub const BYTES: usize = FRAME * CHANNELS;
/// Frames of one channel in a block: what is allocated at a time.
const BLOCK: usize = 8;

type Sound = [u8; FRAME];

/// The frames, in order.
#[derive(Debug, Default)]
pub struct Unwritten {
    /// For each frame one bit a channel, the lowest the first: it sounds.
    sounding: Vec<u8>,
    /// What sounds, frame by frame and channel by channel.
    #[expect(clippy::vec_box, reason = "it grows by one block, not to twice its size, and nothing in it is moved")]
    blocks: Vec<Box<[Sound; BLOCK]>>,
    /// How many are in use.
    used: usize,
}

impl Unwritten {
    /// One frame of all channels.
    pub fn push(&mut self, channels: &[Sound; CHANNELS]) {
        let mut mask = 0;
        for (channel, sound) in channels.iter().enumerate() {
            if *sound == [ALAW_SILENCE; FRAME] {
                continue;
            }
            mask |= 1 << channel;
            if self.used == self.blocks.len() * BLOCK {
                self.blocks.push(Box::new([[0; FRAME]; BLOCK]));
            }
            if let Some(place) = self.blocks.last_mut().and_then(|block| block.get_mut(self.used % BLOCK)) {
                *place = *sound;
                self.used += 1;
            }
        }
        self.sounding.push(mask);
    }

    /// So many frames in which nobody is heard.
    pub fn push_silence(&mut self, frames: usize) {
        self.sounding.resize(self.sounding.len() + frames, 0);
    }

    /// How many frames there are.
    pub fn frames(&self) -> usize {
        self.sounding.len()
    }

    /// The frames as they stand in the file, all channels by turns, in the place of what `into` held.
    pub fn interleave(&self, into: &mut Vec<u8>) {
        into.clear();
        into.resize(self.sounding.len() * BYTES, ALAW_SILENCE);
        let mut sounds = self.blocks.iter().flat_map(|block| block.iter());
        for (frame, mask) in into.chunks_exact_mut(BYTES).zip(&self.sounding) {
            for channel in (0..CHANNELS).filter(|channel| mask & (1 << channel) != 0) {
                let places = frame.iter_mut().skip(channel).step_by(CHANNELS);
                if let Some(sound) = sounds.next() {
                    places.zip(sound).for_each(|(to, from)| *to = *from);
                }
            }
        }
    }

    /// Forgets all frames and gives their memory back.
    pub fn clear(&mut self) {
        self.sounding.clear();
        self.sounding.shrink_to(64);
        self.blocks = Vec::new();
        self.used = 0;
    }

    /// Bytes that it holds.
    #[cfg(test)]
    pub fn held(&self) -> usize {
        self.sounding.capacity() + self.blocks.len() * BLOCK * FRAME
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_what_was_said_and_silence_takes_no_room() {
        let mut kept = Unwritten::default();
        let mut expected = Vec::new();
        for n in 0..40u8 {
            let mut frame = [[ALAW_SILENCE; FRAME]; CHANNELS];
            for (channel, sound) in frame.iter_mut().enumerate() {
                if n >> channel & 1 == 1 {
                    *sound = std::array::from_fn(|i| (i as u8).wrapping_mul(3) ^ n);
                }
            }
            kept.push(&frame);
            expected.extend((0..FRAME).flat_map(|i| frame.map(|sound| sound[i])));
        }
        kept.push_silence(3);
        expected.resize(expected.len() + 3 * BYTES, ALAW_SILENCE);
        let mut written = vec![1; 7];
        kept.interleave(&mut written);
        assert_eq!((kept.frames(), written == expected), (43, true));
        kept.clear();
        kept.interleave(&mut written);
        assert!(written.is_empty() && kept.held() <= 64);
        (0..20).for_each(|_| kept.push(&[[ALAW_SILENCE; FRAME]; CHANNELS]));
        assert!(kept.held() <= 64, "{} bytes of silence", kept.held());
        // 0.4 s of two who both talk all the time: 6.4 kB, and less than a block more.
        kept.clear();
        let both = [[1; FRAME], [2; FRAME], [ALAW_SILENCE; FRAME], [ALAW_SILENCE; FRAME]];
        (0..20).for_each(|_| kept.push(&both));
        assert!(kept.held() < 40 * FRAME + BLOCK * FRAME + 64, "{} bytes", kept.held());
    }
}
