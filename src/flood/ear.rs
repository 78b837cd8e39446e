//! What one leg hears: loss, holes, jitter, whose sound it is, how loud. Pure.

use super::frame::Mark;
use crate::audio::g711;
use crate::rtp::Header;
use crate::sdp::PCMU;

/// A pause between two packets that a listener notices, µs.
pub const HOLE: u64 = 40_000;
/// Unmarked frames whose level is taken, of each leg: enough for a prompt's beginning, and cheap.
const WEIGHED: u64 = 100;

/// Counts of what was heard, by one leg or by all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// RTP packets with sound.
    pub packets: u64,
    /// Never came, by the sequence numbers.
    pub lost: u64,
    /// Came twice, or after a later one.
    pub late: u64,
    /// Pauses of more than 40 ms.
    pub holes: u64,
    /// Frames of our own other side.
    pub marked: u64,
    /// Frames of another call, or our own echo.
    pub wrong: u64,
    /// Other sound: prompts, tones, music, mixes.
    pub other: u64,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, more: Self) {
        self.packets += more.packets;
        self.lost += more.lost;
        self.late += more.late;
        self.holes += more.holes;
        self.marked += more.marked;
        self.wrong += more.wrong;
        self.other += more.other;
    }
}

/// The ear of one leg.
#[derive(Debug, Default)]
pub struct Ear {
    counts: Counts,
    stream: Option<Stream>,
    /// Arrival of the first packet and of the newest, µs.
    first: Option<u64>,
    newest: u64,
    /// RFC 3550 §6.4.1, samples × 16.
    jitter: u64,
    transit: Option<i64>,
    /// Sum of squares of what was weighed, and of how many samples.
    energy: f64,
    weighed: u64,
}

#[derive(Debug, Clone, Copy)]
struct Stream {
    ssrc: u32,
    /// Lowest and highest extended sequence number, and packets that count.
    lowest: i64,
    highest: i64,
    received: i64,
}

/// What a packet was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// The other side of the call, and how long it was under way, µs.
    Other {
        /// From its sender to here, µs.
        delay: u32,
    },
    /// Another call's, or the leg's own.
    Wrong,
    /// Sound without a mark.
    Unmarked,
}

impl Ear {
    /// One packet of sound at `now`, µs. `call` and `side` are the leg's own; a call of `None` is not known yet.
    pub fn hear(&mut self, header: &Header, payload: &[u8], (call, side): (Option<u32>, u8), now: u64) -> Heard {
        if self.first.is_some() && now.saturating_sub(self.newest) > HOLE {
            self.counts.holes += 1;
        }
        self.first.get_or_insert(now);
        self.newest = now;
        self.counts.packets += 1;
        self.order(header);
        self.jitter(header, now);
        match Mark::read(payload) {
            Some(mark) if call.is_none_or(|call| call == mark.call) && mark.side != side => {
                self.counts.marked += 1;
                Heard::Other { delay: (now as u32).wrapping_sub(mark.at) }
            }
            Some(_) => {
                self.counts.wrong += 1;
                Heard::Wrong
            }
            None => {
                self.counts.other += 1;
                self.weigh(payload, header.payload_type == PCMU);
                Heard::Unmarked
            }
        }
    }

    /// A pause is over that was no hole: the far end has been asked to be silent.
    pub fn excuse(&mut self, now: u64) {
        if self.first.is_some() {
            self.newest = now;
        }
        self.transit = None;
    }

    fn order(&mut self, header: &Header) {
        let sequence = i64::from(header.sequence);
        let Some(stream) = self.stream.as_mut().filter(|s| s.ssrc == header.ssrc) else {
            self.close();
            self.transit = None;
            self.stream = Some(Stream { ssrc: header.ssrc, lowest: sequence, highest: sequence, received: 1 });
            return;
        };
        // The distance to the highest, in the way that is shorter.
        let step = i64::from(header.sequence.wrapping_sub(stream.highest as u16) as i16);
        if step > 0 {
            stream.highest += step;
            stream.received += 1;
        } else {
            self.counts.late += 1;
            if step < 0 && stream.highest + step >= stream.lowest {
                stream.received += 1;
            }
        }
    }

    /// Books the loss of the stream so far.
    fn close(&mut self) {
        if let Some(stream) = self.stream.take() {
            let expected = stream.highest - stream.lowest + 1;
            self.counts.lost += u64::try_from(expected - stream.received).unwrap_or(0);
        }
    }

    fn jitter(&mut self, header: &Header, now: u64) {
        let arrival = (now * 8 / 1000) as i64;
        let transit = arrival - i64::from(header.timestamp);
        if let Some(before) = self.transit.replace(transit) {
            let change = (transit - before).unsigned_abs();
            // A timestamp that wraps or begins anew says nothing of the network.
            if change < 80_000 {
                self.jitter = self.jitter + change - (self.jitter + 8) / 16;
            }
        }
    }

    fn weigh(&mut self, payload: &[u8], ulaw: bool) {
        if self.counts.other > WEIGHED {
            return;
        }
        let decode = if ulaw { g711::ulaw_decode } else { g711::alaw_decode };
        self.energy += payload.iter().map(|b| f64::from(decode(*b)).powi(2)).sum::<f64>();
        self.weighed += payload.len() as u64;
    }

    /// Pauses so far.
    #[must_use]
    pub fn holes(&self) -> u64 {
        self.counts.holes
    }

    /// When the first packet came, µs.
    #[must_use]
    pub fn first(&self) -> Option<u64> {
        self.first
    }

    /// When the newest came, µs.
    #[must_use]
    pub fn newest(&self) -> u64 {
        self.newest
    }

    /// Jitter, µs.
    #[must_use]
    pub fn jitter_us(&self) -> u64 {
        self.jitter / 16 * 125
    }

    /// Level of the first two seconds without a mark, dB below full scale; `None`: there was none, or nothing but silence.
    #[must_use]
    pub fn dbfs(&self) -> Option<f64> {
        let power = self.energy / self.weighed.max(1) as f64 / 32_768f64.powi(2);
        (self.weighed > 0 && power > 0.0).then(|| 10.0 * power.log10())
    }

    /// All that was heard until now.
    #[must_use]
    pub fn counts(&mut self) -> Counts {
        self.close();
        self.counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flood::frame::SAMPLES;

    fn header(sequence: u16) -> Header {
        let timestamp = u32::from(sequence).wrapping_mul(160);
        Header { marker: false, payload_type: 8, sequence, timestamp, ssrc: 7 }
    }

    fn frame(call: u32, side: u8, at: u64) -> [u8; SAMPLES] {
        let mut frame = [0xD5; SAMPLES];
        Mark { call, side, at: at as u32 }.write(&mut frame);
        frame
    }

    #[test]
    fn loss_order_and_doubles_are_counted_over_the_wrap() {
        let mut ear = Ear::default();
        // 3 lost, of which one comes late; one comes twice.
        for sequence in [65_530, 65_531, 65_534, 65_535, 0, 1, 1, 65_532, 3] {
            ear.hear(&header(sequence), &frame(1, 1, 0), (Some(1), 0), 0);
        }
        let counts = ear.counts();
        assert_eq!((counts.packets, counts.lost, counts.late), (9, 2, 2));
    }

    #[test]
    fn a_pause_is_a_hole_unless_it_was_asked_for() {
        let mut ear = Ear::default();
        for (n, at) in [0u64, 20, 40, 81, 100].into_iter().enumerate() {
            ear.hear(&header(n as u16), &frame(1, 1, at), (Some(1), 0), at * 1000);
        }
        ear.excuse(5_000_000);
        ear.hear(&header(5), &frame(1, 1, 0), (Some(1), 0), 5_020_000);
        assert_eq!(ear.counts().holes, 1);
        assert_eq!(ear.first(), Some(0));
    }

    #[test]
    fn whose_sound_it_is() {
        let mut ear = Ear::default();
        let mut hear = |mark: [u8; SAMPLES]| ear.hear(&header(1), &mark, (Some(5), 0), 1_500);
        assert_eq!(hear(frame(5, 1, 1_000)), Heard::Other { delay: 500 });
        assert_eq!(hear(frame(6, 1, 0)), Heard::Wrong, "another call's");
        assert_eq!(hear(frame(5, 0, 0)), Heard::Wrong, "its own echo");
        assert_eq!(hear([0x2A; SAMPLES]), Heard::Unmarked);
        let counts = ear.counts();
        assert_eq!((counts.marked, counts.wrong, counts.other), (1, 2, 1));
        assert!(ear.dbfs().unwrap() > -10.0);
    }
}
