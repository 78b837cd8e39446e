//! What a leg sends as one stream: one SSRC, sequence numbers without a seam, timestamps that follow the clock,
//! whatever it hears by turns.

use crate::rtp::Header;

/// A step ahead larger than this in a relayed stream is a restart of its numbering (RFC 3550 A.1).
const MAX_DROPOUT: u16 = 3_000;
/// A step back up to this is reordering, passed on as it is (RFC 3550 A.1).
const MAX_MISORDER: u16 = 100;

/// One leg's outgoing stream.
#[derive(Debug, Clone, Default)]
pub struct Outgoing {
    ssrc: u32,
    /// The sequence number that it began with.
    first: u16,
    /// The next sequence number.
    next: u16,
    /// The timestamp that follows the last sample sent …
    timestamp: u32,
    /// … and the moment (µs) at which it is due.
    due: u64,
    /// The next packet begins a talkspurt.
    fresh: bool,
    segment: Option<Segment>,
    /// Samples of the last packet, if it was silence that stood for something.
    silence: u32,
    /// Packets sent.
    pub packets: u64,
    /// Payload bytes sent.
    pub octets: u64,
}

/// How a relayed stream's numbers become ours, as long as it flows.
#[derive(Debug, Clone, Copy)]
struct Segment {
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    /// Highest of the source's numbers.
    highest: u16,
    /// How many numbers the segment spans: anything older belongs before it and is not ours to number.
    span: u16,
    /// How long after its arrival its sound is heard, µs: as long as what was sent before it had still to be heard.
    lead: u64,
}

impl Outgoing {
    /// A stream that begins with these numbers at `now` (µs).
    #[must_use]
    pub fn new(ssrc: u32, sequence: u16, timestamp: u32, now: u64) -> Self {
        Self { ssrc, first: sequence, next: sequence, timestamp, due: now, fresh: true, ..Self::default() }
    }

    /// Our SSRC.
    #[must_use]
    pub fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// The sequence number that it began with.
    #[must_use]
    pub fn first(&self) -> u16 {
        self.first
    }

    /// The moment (µs) at which the last sample sent has been heard.
    #[must_use]
    pub fn due(&self) -> u64 {
        self.due
    }

    /// The source's timestamp behind the last sample relayed, if relayed sound was the last that was sent.
    #[must_use]
    pub fn relayed(&self) -> Option<u32> {
        self.segment.map(|s| self.timestamp.wrapping_sub(s.timestamp))
    }

    /// What comes next is not the continuation of what was sent: a talkspurt of its own.
    pub fn turn(&mut self) {
        self.fresh = true;
        self.segment = None;
    }

    /// The timestamp that belongs to `now` (µs).
    #[must_use]
    pub fn timestamp_at(&self, now: u64) -> u32 {
        if now >= self.due {
            self.timestamp.wrapping_add(samples(now - self.due))
        } else {
            self.timestamp.wrapping_sub(samples(self.due - now))
        }
    }

    /// Numbers a packet of our own with `length` samples.
    #[inline]
    pub fn own(&mut self, payload_type: u8, length: u32, now: u64) -> Header {
        if self.fresh {
            self.catch_up(now);
        }
        let header = self.head(payload_type, self.fresh, self.timestamp);
        self.fresh = false;
        self.timestamp = self.timestamp.wrapping_add(length);
        self.due += u64::from(length) * 125;
        header
    }

    /// Numbers a packet of silence that stands for what cannot be sent: the stream goes on, no talkspurt begins.
    pub fn silence(&mut self, payload_type: u8, length: u32, now: u64) -> Header {
        if self.fresh || self.segment.is_some() {
            self.catch_up(now);
        }
        self.fresh = false;
        let header = self.head(payload_type, false, self.timestamp);
        self.timestamp = self.timestamp.wrapping_add(length);
        self.due += u64::from(length) * 125;
        self.silence = length;
        header
    }

    /// Whether such silence was the last that was sent.
    #[must_use]
    pub fn is_silence(&self) -> bool {
        self.silence > 0
    }

    /// Lets `length` samples pass unsent (the other side is not listening).
    pub fn skip(&mut self, length: u32, now: u64) {
        self.catch_up(now);
        self.timestamp = self.timestamp.wrapping_add(length);
        self.due += u64::from(length) * 125;
        self.turn();
    }

    /// The timestamp for an event that begins now and lasts `length` samples; the stream goes on after it.
    pub fn begin_event(&mut self, length: u32, now: u64) -> u32 {
        self.catch_up(now);
        let timestamp = self.timestamp;
        self.timestamp = timestamp.wrapping_add(length);
        self.due += u64::from(length) * 125;
        self.turn();
        timestamp
    }

    /// Numbers a packet of an event that began at `timestamp`.
    pub fn event(&mut self, payload_type: u8, marker: bool, timestamp: u32) -> Header {
        self.head(payload_type, marker, timestamp)
    }

    /// Numbers a relayed packet of `length` samples that begins to be heard now: gaps, doubles and order stay as
    /// they came. `None`: it is older than the place where this stream joined ours, and its number is taken.
    #[inline]
    pub fn relay(&mut self, from: &Header, payload_type: u8, length: u32, now: u64) -> Option<Header> {
        self.relay_until(from, payload_type, length, now, now + u64::from(length) * 125)
    }

    /// The same for a packet of a relayed event, whose `length` is what has already passed.
    pub fn relay_event(&mut self, from: &Header, payload_type: u8, length: u32, now: u64) -> Option<Header> {
        self.relay_until(from, payload_type, length, now, now)
    }

    #[inline]
    fn relay_until(&mut self, from: &Header, payload_type: u8, length: u32, now: u64, until: u64) -> Option<Header> {
        let ahead = self.segment.map(|s| (s, from.sequence.wrapping_sub(s.highest)));
        let (segment, marker) = match ahead {
            Some((s, ahead)) if s.ssrc == from.ssrc && ahead < MAX_DROPOUT => {
                let span = s.span.saturating_add(ahead).min(MAX_DROPOUT);
                (Segment { highest: from.sequence, span, ..s }, from.marker)
            }
            Some((s, ahead)) if s.ssrc == from.ssrc && ahead > u16::MAX - MAX_MISORDER => {
                let back = ahead.wrapping_neg();
                return (back <= s.span).then(|| self.renumber(s, from, payload_type, from.marker));
            }
            _ => (self.join(from, now), true),
        };
        let header = self.renumber(segment, from, payload_type, marker);
        self.segment = Some(segment);
        (self.fresh, self.silence) = (false, 0);
        self.next = header.sequence.wrapping_add(1);
        self.timestamp = header.timestamp.wrapping_add(length);
        self.due = until + segment.lead;
        Some(header)
    }

    /// Where a stream that begins to flow joins ours. Silence that stood for it ends where it begins, or each would put it off
    /// by some more; but for a sample, so that no two packets have one timestamp.
    fn join(&mut self, from: &Header, now: u64) -> Segment {
        let over = samples(self.due.saturating_sub(now)).min(self.silence.saturating_sub(1));
        self.timestamp = self.timestamp.wrapping_sub(over);
        self.due -= u64::from(over) * 125;
        self.catch_up(now);
        Segment {
            ssrc: from.ssrc,
            sequence: self.next.wrapping_sub(from.sequence),
            timestamp: self.timestamp.wrapping_sub(from.timestamp),
            highest: from.sequence,
            span: 0,
            lead: self.due.saturating_sub(now),
        }
    }

    fn renumber(&self, segment: Segment, from: &Header, payload_type: u8, marker: bool) -> Header {
        Header {
            marker,
            payload_type,
            sequence: from.sequence.wrapping_add(segment.sequence),
            timestamp: from.timestamp.wrapping_add(segment.timestamp),
            ssrc: self.ssrc,
        }
    }

    fn head(&mut self, payload_type: u8, marker: bool, timestamp: u32) -> Header {
        let header = Header { marker, payload_type, sequence: self.next, timestamp, ssrc: self.ssrc };
        self.next = self.next.wrapping_add(1);
        self.segment = None;
        self.silence = 0;
        header
    }

    /// After a silence the timestamp has moved on with the clock (RFC 3550 §5.1).
    fn catch_up(&mut self, now: u64) {
        if now > self.due {
            self.timestamp = self.timestamp.wrapping_add(samples(now - self.due));
            self.due = now;
        }
    }
}

/// µs as samples of 8 kHz; the timestamp's arithmetic is modulo 2³².
fn samples(micros: u64) -> u32 {
    (micros / 125) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000;

    fn from(sequence: u16, timestamp: u32) -> Header {
        Header { marker: false, payload_type: 8, sequence, timestamp, ssrc: 77 }
    }

    #[test]
    fn prompt_silence_relay_and_prompt_are_one_stream() {
        let mut out = Outgoing::new(1, 65_534, 1_000, 0);
        let brief = |h: Header| (h.sequence, h.timestamp, h.marker);
        assert_eq!(brief(out.own(8, 160, 0)), (65_534, 1_000, true));
        assert_eq!(brief(out.own(8, 160, 23 * MS)), (65_535, 1_160, false));
        out.turn();
        // The relay begins a second later; its own numbers do not show.
        let first = out.relay(&from(500, 9_000), 8, 160, 1_040 * MS).unwrap();
        assert_eq!(brief(first), (0, 1_320 + 8_000, true));
        assert_eq!(brief(out.relay(&from(501, 9_160), 8, 160, 1_060 * MS).unwrap()), (1, 9_480, false));
        out.turn();
        assert_eq!(brief(out.own(8, 160, 1_070 * MS)), (2, 9_640, true));
    }

    #[test]
    fn gaps_doubles_and_disorder_are_passed_on_but_never_into_numbers_already_used() {
        let mut out = Outgoing::new(1, 100, 0, 0);
        out.own(8, 160, 0);
        let mut go = |sequence: u16| {
            let header = from(sequence, u32::from(sequence) * 160);
            out.relay(&header, 8, 160, 20 * MS).map(|h| h.sequence)
        };
        assert_eq!(go(10), Some(101));
        assert_eq!(go(9), None, "100 is the prompt's");
        assert_eq!(go(13), Some(104));
        assert_eq!(go(12), Some(103));
        assert_eq!(go(13), Some(104));
        assert_eq!(go(14), Some(105));
        assert_eq!(go(40_000), Some(106), "a restart of the source is no loss of ours");
        assert_eq!(go(39_990), None);
    }

    #[test]
    fn a_long_relay_over_many_wraps_keeps_its_numbers() {
        let mut out = Outgoing::new(1, 7, 0, 0);
        for i in 0..200_000u32 {
            let sent = out.relay(&from(i as u16, i * 160), 8, 160, u64::from(i) * 20 * MS).unwrap();
            assert_eq!(sent.sequence, (i as u16).wrapping_add(7));
        }
        let late = out.relay(&from(199_998u32 as u16, 0), 8, 160, 0).unwrap();
        assert_eq!(late.sequence, (199_998u32 as u16).wrapping_add(7));
    }
}
