//! What can be known of a stream from its headers: loss and jitter (RFC 3550 A.1, A.3, A.8).

use super::rtcp::ReportBlock;

/// A step ahead larger than this is a restart, not a loss (A.1).
const MAX_DROPOUT: u16 = 3_000;
/// A step back up to this is reordering (A.1).
const MAX_MISORDER: u16 = 100;

/// How a packet stands to those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The next, or ahead of a gap.
    Newer,
    /// Late, or a double.
    Late,
    /// The numbering has jumped: counting begins again.
    Restart,
}

/// Counts one leg's incoming stream; a change of SSRC begins a new count and keeps the sums.
#[derive(Debug, Clone, Default)]
pub struct Statistics {
    ssrc: Option<u32>,
    base: u32,
    highest: u32,
    received: u32,
    expected_prior: u32,
    received_prior: u32,
    transit: Option<u32>,
    /// Sixteen times the jitter, as in A.8.
    jitter: u32,
    lost_before: u64,
}

impl Statistics {
    /// Takes a packet. `arrival` is in timestamp units (1/8000 s); `timed` is false for packets whose timestamp does
    /// not follow the clock (telephone-event: RFC 4733 §2.5.1.2) and which say nothing about jitter.
    #[inline]
    pub fn hear(&mut self, ssrc: u32, sequence: u16, timestamp: u32, arrival: u32, timed: bool) -> Order {
        let order = self.count(ssrc, sequence);
        if timed {
            let transit = arrival.wrapping_sub(timestamp);
            if let (Some(before), Order::Newer | Order::Late) = (self.transit, order) {
                let d = transit.wrapping_sub(before).cast_signed().unsigned_abs();
                self.jitter = self.jitter.wrapping_add(d).wrapping_sub((self.jitter + 8) >> 4);
            }
            self.transit = Some(transit);
        }
        order
    }

    fn count(&mut self, ssrc: u32, sequence: u16) -> Order {
        let ahead = sequence.wrapping_sub(self.highest as u16);
        if self.ssrc != Some(ssrc) {
            self.restart(ssrc, sequence);
            return Order::Restart;
        }
        if ahead != 0 && ahead < MAX_DROPOUT {
            self.highest = self.highest.wrapping_add(u32::from(ahead));
            self.received = self.received.wrapping_add(1);
            Order::Newer
        } else if ahead == 0 || ahead > u16::MAX - MAX_MISORDER {
            self.received = self.received.wrapping_add(1);
            Order::Late
        } else {
            self.restart(ssrc, sequence);
            Order::Restart
        }
    }

    fn restart(&mut self, ssrc: u32, sequence: u16) {
        *self = Self {
            ssrc: Some(ssrc),
            base: u32::from(sequence),
            highest: u32::from(sequence),
            received: 1,
            lost_before: self.lost(),
            ..Self::default()
        };
    }

    /// Packets missing over the whole lease. Doubles can hide a loss, as in A.3.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost_before + u64::try_from(self.lost_now()).unwrap_or(0)
    }

    /// Interarrival jitter, µs.
    #[must_use]
    pub fn jitter_us(&self) -> u32 {
        (self.jitter >> 4).saturating_mul(125)
    }

    /// The report block about this stream, and a new interval for the fraction lost (A.3). `None`: nothing heard yet.
    pub fn report(&mut self, last_sr: u32, since_sr: u32) -> Option<ReportBlock> {
        let ssrc = self.ssrc?;
        let expected = self.expected();
        let interval = expected.wrapping_sub(self.expected_prior);
        let got = self.received.wrapping_sub(self.received_prior);
        self.expected_prior = expected;
        self.received_prior = self.received;
        let missing = i64::from(interval) - i64::from(got);
        let fraction = if interval == 0 || missing <= 0 { 0 } else { (missing << 8) / i64::from(interval) };
        Some(ReportBlock {
            ssrc,
            fraction: u8::try_from(fraction).unwrap_or(u8::MAX),
            lost: i32::try_from(self.lost_now().clamp(-0x80_0000, 0x7F_FFFF)).unwrap_or(0),
            highest: self.highest,
            jitter: self.jitter >> 4,
            last_sr,
            since_sr,
        })
    }

    fn expected(&self) -> u32 {
        match self.ssrc {
            Some(_) => self.highest.wrapping_sub(self.base).wrapping_add(1),
            None => 0,
        }
    }

    fn lost_now(&self) -> i64 {
        i64::from(self.expected()) - i64::from(self.received)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loss_is_counted_over_a_wrap_and_filled_by_late_packets() {
        let mut s = Statistics::default();
        let mut order = Vec::new();
        for sequence in [65_533u16, 65_534, 1, 0, 1, 4] {
            order.push(s.hear(9, sequence, 0, 0, false));
        }
        use Order::{Late, Newer, Restart};
        assert_eq!(order, [Restart, Newer, Newer, Late, Late, Newer]);
        // 65533..=4 are 8 packets; 65535, 2 and 3 never came; one double hides one of them.
        assert_eq!(s.lost(), 2);
        let block = s.report(1, 2).unwrap();
        assert_eq!((block.highest, block.lost), (65_540, 2));
        assert_eq!(block.fraction, 64, "2 of 8 in 1/256");
        assert_eq!(s.report(1, 2).unwrap().fraction, 0, "a new interval");
    }

    #[test]
    fn a_new_ssrc_or_a_jump_begins_again_and_keeps_the_sum() {
        let mut s = Statistics::default();
        for sequence in [10, 12] {
            s.hear(1, sequence, 0, 0, false);
        }
        assert_eq!(s.hear(2, 500, 0, 0, false), Order::Restart);
        assert_eq!(s.hear(2, 20_000, 0, 0, false), Order::Restart);
        assert_eq!(s.hear(2, 20_002, 0, 0, false), Order::Newer);
        assert_eq!(s.lost(), 2);
    }

    #[test]
    fn jitter_follows_the_formula_of_a_8() {
        let mut s = Statistics::default();
        let mut expected = 0f64;
        let mut before: Option<f64> = None;
        for i in 0..2_000u32 {
            let wobble = (i * 7_919) % 80;
            let (timestamp, arrival) = (i * 160, i * 160 + wobble);
            s.hear(1, i as u16, timestamp, arrival, true);
            let transit = f64::from(wobble);
            if let Some(b) = before {
                expected += ((transit - b).abs() - expected) / 16.0;
            }
            before = Some(transit);
        }
        let ours = f64::from(s.jitter_us()) / 125.0;
        assert!((ours - expected).abs() <= 1.5, "{ours} against {expected}");
    }
}
