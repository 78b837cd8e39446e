//! An adaptive jitter buffer for payloads of one byte a sample (RFC 3551 §4.5.14), by timestamp and sequence number.
//!
//! ```text
//!             put ──▶ ┌──────────────────────────────┐
//!   past, silent ◀────┤ next        held         end │      one byte and one bit a sample, 256 ms in all
//!             take ◀──┴──────────────────────────────┘
//! ```
//!
//! Packets of any length lie in a ring by their timestamp; a frame of 20 ms is taken at the listener's pace. How deep the
//! ring is played — the time between a sample's earliest possible arrival and its turn — follows what 98 % of the packets
//! need, between 25 and 120 ms. It is changed by leaving out or waiting 10 ms, and for nothing between talkspurts; so is
//! what a sender's clock is fast or slow. Memory is fixed: nothing is allocated.

use super::Header;

/// Samples the ring holds: 256 ms.
const SIZE: usize = 2_048;
/// Samples that may lie ahead: waiting needs some of the ring behind.
const ROOM: i32 = 1_728;
/// Samples of a frame taken: 20 ms.
pub const FRAME: usize = 160;
/// Longest payload taken in one packet: 120 ms; the rest of a longer one is left out.
const LONGEST: usize = 960;
/// Least and greatest depth, samples: 25 and 120 ms.
const DEPTH: (u32, u32) = (200, 960);
/// A stream is begun no deeper than this: words come soon, and the rest is made by waiting where it is not heard.
const FIRST: u32 = 320;
/// A jump of the timestamp against the clock beyond this is a new numbering: 1 s.
const RESTART: u32 = 8_000;
/// A step of the depth: 10 ms.
const STEP: u32 = 80;
/// So much shallower or deeper than wanted is left as it is, samples.
const SLACK: (i32, i32) = (20, 120);
/// Width of a bin of delays: 5 ms.
const BIN: u32 = 40;
/// Packets in a row, and time between the first and the last (samples), that prove that all packets come late now.
const ALL_LATE: (u8, u32) = (3, 400);
/// Frames between two corrections of the depth.
const PATIENCE: u8 = 10;
/// Empty frames after which the next sound is a talkspurt of its own.
const PAUSE: u16 = 2;
/// Empty frames after which there is nothing to conceal any more: 60 ms.
const SILENCE: u16 = 3;

/// What became of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It waits for its turn.
    Taken,
    /// Its turn is over.
    Late,
    /// It was there already, or holds nothing.
    Double,
    /// A stream begins with it, or begins again.
    Begins,
}

/// What a frame consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Taken {
    /// One bit a sample, lowest first: it is there. The others are to be concealed.
    present: [u64; 3],
    /// Timestamp of the first sample.
    pub timestamp: u32,
    /// Time has been left out before this frame.
    pub jumped: bool,
    /// Nothing has been there for so long that this is silence, not loss.
    pub silent: bool,
}

impl Taken {
    /// Passages of the frame in turn: how long, and whether they are there.
    pub fn runs(&self) -> impl Iterator<Item = (usize, bool)> {
        let mut at = 0;
        std::iter::from_fn(move || {
            let present = self.has(at)?;
            let from = at;
            while self.has(at) == Some(present) {
                at += if at.is_multiple_of(64) && at + 64 <= FRAME && self.word(at) { 64 } else { 1 };
            }
            Some((at - from, present))
        })
    }

    /// Whether the whole frame is there.
    #[must_use]
    pub fn whole(&self) -> bool {
        self.present == [u64::MAX, u64::MAX, u64::from(u32::MAX)]
    }

    fn has(&self, at: usize) -> Option<bool> {
        (at < FRAME).then(|| self.present[at / 64] >> (at % 64) & 1 == 1)
    }

    /// 64 samples that are all alike.
    fn word(&self, at: usize) -> bool {
        matches!(self.present[at / 64], 0 | u64::MAX)
    }
}

/// Where a stream is.
#[derive(Debug, Clone, Copy)]
struct Stream {
    ssrc: u32,
    /// Highest number.
    sequence: u16,
    /// Timestamp of the next sample to be taken.
    next: u32,
    /// Timestamp behind the newest sample.
    end: u32,
    /// `next` has been set by the clock.
    begun: bool,
    /// It was begun once before.
    again: bool,
    /// Empty frames in a row.
    empty: u16,
    /// Late packets in a row, and when the first of them came.
    late: (u8, u32),
    /// Frames until the depth may be corrected.
    patience: u8,
}

/// The buffer of one stream after another.
#[derive(Debug, Clone)]
pub struct Jitter {
    ring: [u8; SIZE],
    present: [u64; SIZE / 64],
    silence: u8,
    stream: Option<Stream>,
    delays: Delays,
    /// Packets that came too late.
    pub late: u64,
}

impl Jitter {
    /// An empty buffer. `silence` is the byte that is none; `jitter_us` what is already known of the stream's
    /// interarrival jitter (RFC 3550 A.8), 0 if nothing.
    #[must_use]
    pub fn new(silence: u8, jitter_us: u32) -> Self {
        Self {
            ring: [silence; SIZE],
            present: [0; SIZE / 64],
            silence,
            stream: None,
            delays: Delays::expecting(jitter_us),
            late: 0,
        }
    }

    /// Forgets what is held; `silence` may be another.
    pub fn clear(&mut self, silence: u8) {
        self.silence = silence;
        self.stream = None;
        self.present = [0; SIZE / 64];
    }

    /// How deep the buffer is played, samples.
    #[must_use]
    pub fn depth(&self) -> u32 {
        self.delays.depth()
    }

    /// Samples between the next to be taken and the newest.
    #[must_use]
    pub fn held(&self) -> usize {
        self.stream.map_or(0, |s| s.end.wrapping_sub(s.next).cast_signed().max(0) as usize)
    }

    /// A packet has come at `now` (µs).
    pub fn put(&mut self, header: &Header, payload: &[u8], now: u64) -> Put {
        let payload = payload.get(..LONGEST).unwrap_or(payload);
        if payload.is_empty() {
            return Put::Double;
        }
        self.add(header, payload.len(), now, Some(payload))
    }

    /// A packet has come that stands for so many samples of silence: comfort noise, an event.
    pub fn put_silence(&mut self, header: &Header, length: usize, now: u64) -> Put {
        self.add(header, length.clamp(1, LONGEST), now, None)
    }

    fn add(&mut self, header: &Header, length: usize, now: u64, payload: Option<&[u8]>) -> Put {
        let clock = samples(now);
        let transit = clock.wrapping_sub(header.timestamp);
        let known = self.stream.filter(|s| s.ssrc == header.ssrc && self.delays.off(transit).unsigned_abs() < RESTART);
        let Some(mut s) = known else {
            return self.begin(header, length, clock, payload);
        };
        let ahead = header.sequence.wrapping_sub(s.sequence).cast_signed();
        // An event's timestamp is that of its beginning and says nothing about its way.
        if payload.is_some() {
            self.delays.hear(transit);
        }
        let mut offset = header.timestamp.wrapping_sub(s.next).cast_signed();
        if offset + length as i32 <= 0 {
            self.late += 1;
            if ahead > 0 && payload.is_some() {
                s.sequence = header.sequence;
                s.late = if s.late.0 == 0 { (1, clock) } else { (s.late.0.saturating_add(1), s.late.1) };
                if s.late.0 >= ALL_LATE.0 && clock.wrapping_sub(s.late.1) >= ALL_LATE.1 {
                    return self.begin(header, length, clock, payload);
                }
            }
            self.stream = Some(s);
            return Put::Late;
        }
        if offset + length as i32 > ROOM {
            return self.begin(header, length, clock, payload);
        }
        let dry = s.end.wrapping_sub(s.next).cast_signed() <= 0;
        if s.empty >= PAUSE && s.begun && dry && ahead > 0 && offset >= 0 {
            // A talkspurt after a pause: its depth is chosen anew, which nobody hears.
            s.begun = false;
            s.next = header.timestamp;
            offset = 0;
        }
        if ahead == 1 {
            self.pause(&s, header.timestamp);
        }
        s.late.0 = 0;
        let skipped = (-offset).max(0) as usize;
        let (from, length) = (header.timestamp.wrapping_add(skipped as u32), length - skipped);
        let end = from.wrapping_add(length as u32);
        if ahead > 0 {
            s.sequence = header.sequence;
        }
        if end.wrapping_sub(s.end).cast_signed() > 0 {
            s.end = end;
        }
        self.stream = Some(s);
        if self.all(from, length) {
            return Put::Double;
        }
        self.write(from, length, payload.and_then(|p| p.get(skipped..)));
        Put::Taken
    }

    /// The sender was silent on purpose: the numbers follow each other, the time does not.
    fn pause(&mut self, s: &Stream, until: u32) {
        let from = if s.end.wrapping_sub(s.next).cast_signed() > 0 { s.end } else { s.next };
        let length = until.wrapping_sub(from).cast_signed();
        if (1..SIZE as i32).contains(&length) {
            self.write(from, length as usize, None);
        }
    }

    fn begin(&mut self, header: &Header, length: usize, clock: u32, payload: Option<&[u8]>) -> Put {
        let again = self.stream.is_some();
        self.present = [0; SIZE / 64];
        self.delays.rebase(clock.wrapping_sub(header.timestamp));
        self.stream = Some(Stream {
            ssrc: header.ssrc,
            sequence: header.sequence,
            next: header.timestamp,
            end: header.timestamp.wrapping_add(length as u32),
            begun: false,
            again,
            empty: 0,
            late: (0, 0),
            patience: 0,
        });
        self.write(header.timestamp, length, payload);
        Put::Begins
    }

    /// The next 20 ms, whose turn is at `now` (µs). Where nothing has come, `out` means nothing.
    pub fn take(&mut self, out: &mut [u8; FRAME], now: u64) -> Taken {
        let Some(mut s) = self.stream else {
            return Taken { silent: true, ..Taken::default() };
        };
        let clock = samples(now);
        let depth = self.delays.depth();
        if !s.begun {
            self.align(&mut s, clock, depth);
        }
        let deep = clock.wrapping_sub(self.delays.base()).wrapping_sub(s.next).cast_signed();
        let held = s.end.wrapping_sub(s.next).cast_signed();
        let depth = depth.cast_signed();
        let mut taken = Taken::default();
        s.patience = s.patience.saturating_sub(1);
        let ready = s.patience == 0;
        let far = deep > depth + DEPTH.1.cast_signed();
        if deep.saturating_add(SLACK.0) < depth && (ready || held <= 0) && s.empty < SILENCE {
            // What lies before `next` has been forgotten: 10 ms are missing before it goes on.
            s.next = s.next.wrapping_sub(STEP);
            s.patience = PATIENCE;
        } else if held > 0 && (far || (ready && deep > depth + SLACK.1)) {
            let left_out = if far { deep - depth } else { STEP.cast_signed() };
            self.forget(s.next, (left_out as usize).min(SIZE));
            s.next = s.next.wrapping_add(left_out as u32);
            s.patience = PATIENCE;
            taken.jumped = true;
        }
        taken.timestamp = s.next;
        self.read(s.next, out, &mut taken.present);
        self.forget(s.next, FRAME);
        s.next = s.next.wrapping_add(FRAME as u32);
        s.empty = if taken.present == [0; 3] { s.empty.saturating_add(1) } else { 0 };
        taken.silent = s.empty > SILENCE;
        self.stream = Some(s);
        taken
    }

    /// A talkspurt begins: its first sample is played exactly as deep as is wanted.
    fn align(&mut self, s: &mut Stream, clock: u32, depth: u32) {
        let depth = if s.again { depth } else { depth.min(FIRST) };
        let next = clock.wrapping_sub(self.delays.base()).wrapping_sub(depth);
        let early = s.next.wrapping_sub(next).cast_signed();
        if (0..ROOM).contains(&early) {
            self.write(next, early as usize, None);
            s.next = next;
        }
        // What has come already is not cut off; if it lies too deep, that is corrected as ever.
        (s.begun, s.again, s.empty) = (true, true, 0);
    }

    fn write(&mut self, from: u32, length: usize, payload: Option<&[u8]>) {
        let start = from as usize % SIZE;
        let first = length.min(SIZE - start);
        match payload {
            Some(payload) => {
                self.ring[start..start + first].copy_from_slice(&payload[..first]);
                self.ring[..length - first].copy_from_slice(&payload[first..length]);
            }
            None => {
                self.ring[start..start + first].fill(self.silence);
                self.ring[..length - first].fill(self.silence);
            }
        }
        words(from, length, |word, mask| self.present[word] |= mask);
    }

    fn read(&self, from: u32, out: &mut [u8; FRAME], present: &mut [u64; 3]) {
        let start = from as usize % SIZE;
        let first = FRAME.min(SIZE - start);
        out[..first].copy_from_slice(&self.ring[start..start + first]);
        out[first..].copy_from_slice(&self.ring[..FRAME - first]);
        let (word, bit) = (start / 64, start % 64);
        for (i, bits) in present.iter_mut().enumerate() {
            let low = self.present[(word + i) % (SIZE / 64)] >> bit;
            let high = self.present[(word + i + 1) % (SIZE / 64)].checked_shl(64 - bit as u32).unwrap_or(0);
            *bits = low | high;
        }
        present[2] &= u64::from(u32::MAX);
    }

    fn forget(&mut self, from: u32, length: usize) {
        words(from, length, |word, mask| self.present[word] &= !mask);
    }

    fn all(&self, from: u32, length: usize) -> bool {
        let mut all = true;
        words(from, length, |word, mask| all &= self.present[word] & mask == mask);
        all
    }
}

/// Every word of the bits from `from` on, with those of its bits that are meant.
fn words(from: u32, length: usize, mut each: impl FnMut(usize, u64)) {
    let (mut at, mut left) = (from as usize % SIZE, length.min(SIZE));
    while left > 0 {
        let bit = at % 64;
        let n = (64 - bit).min(left);
        let mask = if n == 64 { u64::MAX } else { ((1 << n) - 1) << bit };
        each(at / 64, mask);
        at = (at + n) % SIZE;
        left -= n;
    }
}

/// µs as samples of 8 kHz.
fn samples(micros: u64) -> u32 {
    (micros / 125) as u32
}

/// How much longer than the quickest the packets are under way.
#[derive(Debug, Clone, Copy, Default)]
struct Delays {
    /// Shortest way of the present and of the former window (arrival − timestamp).
    shortest: (u32, u32),
    /// Packets in the present window.
    count: u8,
    /// Packets by what they took longer, 5 ms a bin, the newer the heavier.
    bins: [u16; 24],
    total: u16,
}

/// Weight of a packet; all weights are halved at [`HEAVY`], so that old ones are forgotten.
const WEIGHT: u16 = 4;
const HEAVY: u16 = 1_024;
/// Packets in a window of the shortest way: 2.5 s, in which a clock 100 ppm off moves by a quarter of a millisecond.
const WINDOW: u8 = 128;

impl Delays {
    fn expecting(jitter_us: u32) -> Self {
        let mut delays = Self::default();
        if jitter_us > 0 {
            // Of evenly spread delays the mean difference is a third of the spread.
            delays.weigh(jitter_us.saturating_mul(3) / 125);
        }
        delays
    }

    fn base(&self) -> u32 {
        let (now, before) = self.shortest;
        if now.wrapping_sub(before).cast_signed() < 0 { now } else { before }
    }

    fn off(&self, transit: u32) -> i32 {
        transit.wrapping_sub(self.base()).cast_signed()
    }

    fn rebase(&mut self, transit: u32) {
        self.shortest = (transit, transit);
        self.count = 0;
    }

    fn hear(&mut self, transit: u32) {
        if transit.wrapping_sub(self.shortest.0).cast_signed() < 0 {
            self.shortest.0 = transit;
        }
        self.count += 1;
        if self.count == WINDOW {
            self.shortest = (transit, self.shortest.0);
            self.count = 0;
        }
        self.weigh(self.off(transit).max(0) as u32);
    }

    fn weigh(&mut self, longer: u32) {
        if self.total >= HEAVY {
            self.bins.iter_mut().for_each(|b| *b /= 2);
            self.total = self.bins.iter().sum();
        }
        if let Some(bin) = self.bins.get_mut((longer / BIN).min(23) as usize) {
            *bin += WEIGHT;
            self.total += WEIGHT;
        }
    }

    /// What 98 % of the packets need, and 20 ms for those that begin within a frame.
    fn depth(&self) -> u32 {
        let mut tail = 0;
        let slow = self.bins.iter().rposition(|weight| {
            tail += *weight;
            tail > self.total / 50
        });
        ((slow.unwrap_or(0) as u32 + 1) * BIN + FRAME as u32).clamp(DEPTH.0, DEPTH.1)
    }
}

#[cfg(test)]
mod tests;
