//! Keys as RTP events (RFC 4733 §2.3): the four bytes, the one who sends a press, the one who counts presses.

/// The keys by event code 0–15 (RFC 4733 §3.2).
const KEYS: &[u8; 16] = b"0123456789*#ABCD";
/// How many times the packet that ends an event is sent (§2.5.1.4).
const ENDS: u8 = 3;

/// One telephone-event payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TelephoneEvent {
    /// Event code; 0–15 are keys.
    pub event: u8,
    /// The event has ended.
    pub end: bool,
    /// Power, −dBm0, 0–63.
    pub volume: u8,
    /// Duration so far, 1/8000 s.
    pub duration: u16,
}

impl TelephoneEvent {
    /// Reads a payload; `None` if it is shorter than four bytes.
    #[must_use]
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let &[event, flags, high, low, ..] = payload else {
            return None;
        };
        Some(Self { event, end: flags & 0x80 != 0, volume: flags & 0x3F, duration: u16::from_be_bytes([high, low]) })
    }

    /// The four bytes.
    #[must_use]
    pub fn bytes(self) -> [u8; 4] {
        let [high, low] = self.duration.to_be_bytes();
        [self.event, (u8::from(self.end) << 7) | (self.volume & 0x3F), high, low]
    }

    /// The key, if the event is one.
    #[must_use]
    pub fn key(self) -> Option<char> {
        KEYS.get(usize::from(self.event)).map(|k| char::from(*k))
    }
}

/// The event code of a key, small letters too. `None`: not a key.
#[must_use]
pub fn code(key: char) -> Option<u8> {
    let key = key.to_ascii_uppercase();
    KEYS.iter().position(|k| char::from(*k) == key).and_then(|p| u8::try_from(p).ok())
}

/// One press on its way out: the first packet with the marker, updates, then the end three times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Press {
    event: u8,
    total: u16,
    sent: u16,
    ends: u8,
}

impl Press {
    /// A press of `total` samples.
    #[must_use]
    pub fn new(event: u8, total: u16) -> Self {
        Self { event, total, sent: 0, ends: 0 }
    }

    /// The next packet, `step` samples after the former, and whether it takes the marker. `None`: all are sent.
    pub fn next(&mut self, step: u16) -> Option<(bool, TelephoneEvent)> {
        if self.ends == ENDS {
            return None;
        }
        let first = self.sent == 0;
        self.sent = self.sent.saturating_add(step).min(self.total);
        let end = self.sent == self.total;
        self.ends += u8::from(end);
        let event = TelephoneEvent { event: self.event, end, volume: 10, duration: self.sent };
        Some((first, event))
    }
}

/// Counts the presses in one stream: each once, whatever is lost, doubled or late.
///
/// All packets of an event carry the timestamp of its beginning (§2.5.1.2), so a new timestamp is a new press;
/// an older one is a straggler. A press over 8 s goes on under a new timestamp exactly one full duration
/// later (§2.5.1.3): the same press.
#[derive(Debug, Clone, Default)]
pub struct Presses {
    last: Option<Last>,
}

#[derive(Debug, Clone, Copy)]
struct Last {
    ssrc: u32,
    timestamp: u32,
    event: u8,
    ended: bool,
}

impl Presses {
    /// Takes one packet; the event if this is the first that is seen of a press.
    pub fn hear(&mut self, ssrc: u32, timestamp: u32, event: TelephoneEvent) -> Option<TelephoneEvent> {
        self.hear_slowed(ssrc, timestamp, event, 1)
    }

    /// The same where the clock of its events is so many times as fast as that of these timestamps, which are rounded down.
    pub fn hear_slowed(
        &mut self,
        ssrc: u32,
        timestamp: u32,
        event: TelephoneEvent,
        times: u32,
    ) -> Option<TelephoneEvent> {
        let now = Last { ssrc, timestamp, event: event.event, ended: event.end };
        let Some(last) = self.last.as_mut().filter(|l| l.ssrc == ssrc) else {
            self.last = Some(now);
            return Some(event);
        };
        let ahead = timestamp.wrapping_sub(last.timestamp);
        if ahead == 0 {
            last.ended |= event.end;
            return None;
        }
        if ahead.cast_signed() < 0 {
            return None;
        }
        let longest = u32::from(u16::MAX);
        let goes_on =
            !last.ended && last.event == event.event && (longest / times..=longest.div_ceil(times)).contains(&ahead);
        self.last = Some(now);
        (!goes_on).then_some(event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_four_bytes_are_those_of_the_rfc() {
        let event = TelephoneEvent { event: 11, end: true, volume: 10, duration: 800 };
        assert_eq!(event.bytes(), [11, 0x8A, 3, 32]);
        assert_eq!(TelephoneEvent::parse(&event.bytes()), Some(event));
        assert_eq!(event.key(), Some('#'));
        assert_eq!(TelephoneEvent::parse(&[1, 2, 3]), None);
        assert_eq!(code('d'), Some(15));
        assert_eq!(code('x'), None);
        let flash = TelephoneEvent { event: 16, ..event };
        assert_eq!(flash.key(), None);
    }

    #[test]
    fn a_press_of_100_ms_is_four_updates_and_three_ends() {
        let mut press = Press::new(5, 800);
        let sent: Vec<_> =
            std::iter::from_fn(|| press.next(160)).map(|(marker, e)| (marker, e.end, e.duration)).collect();
        let end = (false, true, 800);
        assert_eq!(
            sent,
            [(true, false, 160), (false, false, 320), (false, false, 480), (false, false, 640), end, end, end]
        );
    }

    #[test]
    fn a_press_counts_once_under_loss_reordering_and_doubled_ends() {
        let event = |duration, end| TelephoneEvent { event: 1, end, volume: 10, duration };
        let mut presses = Presses::default();
        // The first packets are lost; an update is the first seen.
        assert!(presses.hear(7, 1_000, event(480, false)).is_some());
        for (duration, end) in [(320, false), (800, true), (640, false), (800, true), (800, true)] {
            assert!(presses.hear(7, 1_000, event(duration, end)).is_none());
        }
        // The next press of the same key, then a straggler of the first.
        assert!(presses.hear(7, 3_000, event(160, false)).is_some());
        assert!(presses.hear(7, 1_000, event(800, true)).is_none());
        // Only the end arrives of the third one; timestamps wrap.
        assert!(presses.hear(7, 3_000u32.wrapping_add(0x7000_0000), event(800, true)).is_some());
        // Another source counts anew.
        assert!(presses.hear(8, 5, event(160, false)).is_some());
    }

    #[test]
    fn a_press_longer_than_eight_seconds_is_still_one() {
        let event = |duration, end| TelephoneEvent { event: 9, end, volume: 10, duration };
        let mut presses = Presses::default();
        assert!(presses.hear(1, 100, event(65_535, false)).is_some());
        assert!(presses.hear(1, 100 + 65_535, event(160, false)).is_none());
        assert!(presses.hear(1, 100 + 65_535, event(800, true)).is_none());
        assert!(presses.hear(1, 100 + 2 * 65_535, event(160, false)).is_some(), "it had ended");
        let mut presses = Presses::default();
        assert!(presses.hear(1, 100, event(65_535, false)).is_some());
        assert!(
            presses.hear(1, 100 + 65_534, event(160, false)).is_some(),
            "exactly one full duration, or another press"
        );
        // Beside Opus that clock is six times as fast, and its timestamps are made ours.
        let mut presses = Presses::default();
        assert!(presses.hear_slowed(1, 100, event(10_922, false), 6).is_some());
        assert!(presses.hear_slowed(1, 100 + 10_923, event(160, false), 6).is_none());
    }
}
