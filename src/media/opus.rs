//! Opus of one leg: what it says becomes A-law, what it is sent is made of it, and its clock becomes ours.

use super::frame::Frame;
use crate::audio::g711::{alaw_decode_frame, alaw_encode_frame};
use crate::audio::opus::{Decoder, Encoder, LONGEST, samples};
use crate::clock::MILLI;
use crate::codec::Codec;
use crate::rtp::{HEADER, Header, View};

/// Ticks of Opus' clock in a sample of ours.
pub const FAST: u32 = Codec::Opus.clock() / 8_000;

/// A packet of A-law, with room for its header.
pub type Decoded = [u8; HEADER + LONGEST];

/// Both directions of one leg.
#[derive(Debug)]
pub struct Opus {
    decoder: Decoder,
    encoder: Encoder,
    /// A moment in its clock, and in ours.
    known: Option<(u32, u32)>,
    /// The last sequence number that was decoded.
    decoded: Option<u16>,
    /// Until when what was decoded sounds, µs: nobody can say more than time passes.
    sounds: u64,
}

/// So far ahead of the clock what comes may sound, µs: what a network holds back and lets go at once.
const AHEAD: u64 = 500 * MILLI;

impl Opus {
    /// Streams that begin.
    pub fn new() -> Option<Box<Self>> {
        Some(Box::new(Self {
            decoder: Decoder::new()?,
            encoder: Encoder::new()?,
            known: None,
            decoded: None,
            sounds: 0,
        }))
    }

    /// Its timestamp in our clock.
    pub fn slow(&mut self, timestamp: u32) -> u32 {
        let (fast, slow) = *self.known.get_or_insert((timestamp, timestamp / FAST));
        let steps = timestamp.wrapping_sub(fast).cast_signed() / FAST.cast_signed();
        let now = slow.wrapping_add_signed(steps);
        if steps > 0 {
            self.known = Some((fast.wrapping_add(steps.cast_unsigned() * FAST), now));
        }
        now
    }

    /// Nobody wants what it says decoded: whoever does later begins anew.
    pub fn rest(&mut self) {
        self.decoded = None;
    }

    /// A packet as A-law, and the one before it if that was lost and this one says what it was. `None`: it is no Opus, or more than can be.
    pub fn decode(
        &mut self,
        header: &Header,
        payload: &[u8],
        now: u64,
        lost: &mut Decoded,
        packet: &mut Decoded,
    ) -> Option<(Option<View>, View)> {
        let one_lost = self.decoded.is_some_and(|last| header.sequence.wrapping_sub(last) == 2);
        let length = samples(payload)?;
        if self.sounds > now + AHEAD {
            return None;
        }
        self.sounds = self.sounds.max(now) + u64::from(length) * 125;
        let header = Header { payload_type: 8, ..*header };
        let mut sound = [0; LONGEST];
        let repaired = match sound.get_mut(..length as usize) {
            Some(room) if one_lost => self.decoder.repair(payload, room).map(|length| {
                let before = (header.sequence.wrapping_sub(1), header.timestamp.wrapping_sub(length as u32));
                let header = Header { marker: false, sequence: before.0, timestamp: before.1, ..header };
                alaw(&header, room, lost)
            }),
            _ => None,
        };
        let length = self.decoder.decode(payload, &mut sound)?;
        self.decoded = Some(header.sequence);
        Some((repaired, alaw(&header, sound.get(..length)?, packet)))
    }

    /// Puts this sound into the frame as a packet; where it ends.
    pub fn encode(&mut self, sound: &[i16], frame: &mut Frame) -> Option<usize> {
        self.encoder.encode(sound, frame.get_mut(HEADER..)?).map(|length| HEADER + length)
    }

    /// Makes Opus of so many samples of A-law in the frame, behind the place of the header; where it ends.
    pub fn encode_alaw(&mut self, samples: usize, frame: &mut Frame) -> Option<usize> {
        let mut sound = [0; LONGEST];
        let sound = sound.get_mut(..samples)?;
        alaw_decode_frame(frame.get(HEADER..HEADER + samples)?, sound);
        self.encode(sound, frame)
    }
}

fn alaw(header: &Header, sound: &[i16], to: &mut Decoded) -> View {
    let payload = HEADER..HEADER + sound.len();
    if let Some(room) = to.get_mut(payload.clone()) {
        alaw_encode_frame(sound, room);
    }
    View { header: *header, payload }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_one_for_all_across_the_wrap_of_either_clock() {
        let mut opus = Opus::new().unwrap();
        let first = u32::MAX - 960 * 3 + 1;
        let began = opus.slow(first);
        for n in 1..20u32 {
            let fast = first.wrapping_add(n * 960);
            assert_eq!(opus.slow(fast), began.wrapping_add(n * 160), "{n}");
            // A late one is in its place.
            assert_eq!(opus.slow(fast.wrapping_sub(960)), began.wrapping_add((n - 1) * 160));
        }
    }
}
