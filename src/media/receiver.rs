//! What a leg says, made ready for those who hear it in a mix or record it: jitter buffer, decoder, concealment.
//! Each 20 ms are made once, whoever asks for them.

use super::silence::quiet;
use super::wheel::Wheel;
use crate::audio::conceal::Concealer;
use crate::audio::g711;
use crate::audio::mixer::{FRAME, Frame};
use crate::patch::Codec;
use crate::rtp::jitter::Put;
use crate::rtp::{Header, Jitter};

/// Slots of the wheel in a frame of 20 ms.
pub const SLOTS: u64 = 4;
/// Frames left out one by one after a stall of those who listen; after a longer one the buffer finds its place itself.
const CAUGHT_UP: u64 = 8;
/// Samples before a key that was found in the sound which are its beginning.
const BEFORE_KEY: u32 = 160;

/// 20 ms of one voice.
#[derive(Debug, Clone)]
pub struct Piece {
    number: u64,
    /// The speaker's timestamp of its first sample; `None` while there is nothing, or nothing yet.
    pub timestamp: Option<u32>,
    /// The sound.
    pub sound: Frame,
    /// There is none.
    pub quiet: bool,
    /// A key is sounding in it.
    pub keyed: bool,
}

/// The listening to one leg.
#[derive(Debug)]
pub struct Receiver {
    jitter: Jitter,
    conceal: Concealer,
    codec: Codec,
    /// The slot of the first frame; all later ones follow in step.
    first: Option<u64>,
    /// The frames made last, by the lowest bit of their number.
    pieces: [Piece; 2],
    /// The next to be made.
    next: u64,
    /// The first sample of a stream whose turn has not come yet.
    begins: Option<u32>,
    /// Where a key sounds, in timestamps.
    key: Option<(u32, u32)>,
}

impl Receiver {
    /// Begins to listen; `jitter_us` is what is known of the stream.
    pub fn new(codec: Codec, jitter_us: u32) -> Self {
        let piece = Piece { number: u64::MAX, timestamp: None, sound: [0; FRAME], quiet: true, keyed: false };
        Self {
            jitter: Jitter::new(quiet(codec), jitter_us),
            conceal: Concealer::default(),
            codec,
            first: None,
            pieces: [piece.clone(), piece],
            next: 0,
            begins: None,
            key: None,
        }
    }

    /// The slot that its frames are in step with.
    pub fn step(&self) -> Option<u64> {
        self.first
    }

    /// Its frames are asked for from this slot on, unless they are already.
    pub fn begin(&mut self, slot: u64) {
        self.first.get_or_insert(slot);
    }

    /// A packet of sound. `sounding`: a key is heard in it.
    pub fn hear(&mut self, header: &Header, codec: Codec, payload: &[u8], sounding: bool, now: u64) {
        if codec != self.codec {
            self.codec = codec;
            self.jitter.clear(quiet(codec));
        }
        if sounding {
            let (from, until) =
                (header.timestamp.wrapping_sub(BEFORE_KEY), header.timestamp.wrapping_add(payload.len() as u32));
            self.key = match self.key {
                Some((first, last)) if from.wrapping_sub(last).cast_signed() <= 0 => Some((first, until)),
                _ => Some((from, until)),
            };
        }
        let put = self.jitter.put(header, payload, now);
        self.begins_with(header, put);
    }

    /// A packet that stands for silence: comfort noise, an event.
    pub fn put_silence(&mut self, header: &Header, now: u64) {
        let put = self.jitter.put_silence(header, FRAME, now);
        self.begins_with(header, put);
    }

    fn begins_with(&mut self, header: &Header, put: Put) {
        if put == Put::Begins {
            self.begins = Some(header.timestamp);
        }
    }

    /// The 20 ms whose turn is at a slot. `None`: there are none so long ago.
    pub fn piece(&mut self, slot: u64) -> Option<&Piece> {
        let first = *self.first.get_or_insert(slot);
        let number = slot.checked_sub(first)? / SLOTS;
        if number >= self.next {
            let mut passed = [0; FRAME];
            for missed in self.next.max(number.saturating_sub(CAUGHT_UP))..number {
                self.jitter.take(&mut passed, Wheel::time(first + missed * SLOTS));
                self.conceal.jump();
            }
            self.make(number, Wheel::time(first + number * SLOTS));
            self.next = number + 1;
        }
        self.pieces.get((number & 1) as usize).filter(|p| p.number == number)
    }

    fn make(&mut self, number: u64, at: u64) {
        let Some(piece) = self.pieces.get_mut((number & 1) as usize) else {
            return;
        };
        let mut bytes = [0; FRAME];
        let taken = self.jitter.take(&mut bytes, at);
        (piece.number, piece.quiet, piece.keyed) = (number, false, false);
        if taken.silent && self.conceal.faded() {
            (piece.quiet, piece.sound, piece.timestamp) = (true, [0; FRAME], None);
            return;
        }
        if !taken.silent && self.begins.is_some_and(|begins| taken.timestamp.wrapping_sub(begins).cast_signed() >= 0) {
            self.begins = None;
        }
        piece.timestamp = (!taken.silent && self.begins.is_none()).then_some(taken.timestamp);
        if taken.jumped {
            self.conceal.jump();
        }
        match self.codec {
            Codec::Pcmu => g711::ulaw_decode_frame(&bytes, &mut piece.sound),
            // Opus is A-law by now; of what is not decoded there is silence.
            _ => g711::alaw_decode_frame(&bytes, &mut piece.sound),
        }
        if taken.whole() {
            self.conceal.heard(&mut piece.sound);
        } else {
            let mut rest = &mut piece.sound[..];
            for (length, there) in taken.runs() {
                let (run, after) = rest.split_at_mut(length.min(rest.len()));
                if there {
                    self.conceal.heard(run);
                } else {
                    self.conceal.missing(run);
                }
                rest = after;
            }
        }
        piece.keyed = self.key.is_some_and(|(from, until)| {
            let end = taken.timestamp.wrapping_add(FRAME as u32);
            end.wrapping_sub(from).cast_signed() > 0 && until.wrapping_sub(taken.timestamp).cast_signed() > 0
        });
    }
}
