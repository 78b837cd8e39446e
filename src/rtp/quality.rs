//! How a stream sounds to whoever hears it, by the E-model (ITU-T G.107) from what can be counted: loss, jitter, and the way there and back.
//!
//! The rating is R = 93.2 − Id − Ie,eff, with the defaults of G.107 for everything else. Loss counts as random (BurstR = 1); G.711 has
//! Ie = 0 and, concealed, Bpl = 25.1 (G.113 Appendix I). What is not known, as the far side's buffer, is taken as twice the jitter.

/// Robustness of G.711 with concealment against loss (G.113 Appendix I).
const BPL: f64 = 25.1;
/// Packet time that the sound waits for before it can be sent, ms.
const PACKET: f64 = 20.0;

/// What is known of one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Carried {
    /// Packets that came.
    pub received: u64,
    /// Packets that should have come and did not.
    pub lost: u64,
    /// Interarrival jitter, µs.
    pub jitter_us: u32,
    /// There and back, µs, if it is known.
    pub round_trip_us: Option<u32>,
}

impl Carried {
    /// The rating R, 0 to 93.2. `None`: nothing came.
    #[must_use]
    pub fn rating(&self) -> Option<f64> {
        let expected = self.received + self.lost;
        if self.received == 0 {
            return None;
        }
        let loss = self.lost as f64 * 100.0 / expected as f64;
        let impairment = 95.0 * loss / (loss + BPL);
        let way = self.round_trip_us.map_or(0.0, |us| f64::from(us) / 2_000.0);
        let delay = way + PACKET + 2.0 * f64::from(self.jitter_us) / 1_000.0;
        // The delay's share in its usual short form, which follows G.107's curve to half a point up to 400 ms.
        let late = 0.024 * delay + if delay > 177.3 { 0.11 * (delay - 177.3) } else { 0.0 };
        Some((93.2 - late - impairment).clamp(0.0, 93.2))
    }

    /// The mean opinion that listeners would have of it, in hundredths: 100 to 441 (G.107 Annex B). `None`: nothing came.
    #[must_use]
    pub fn mos(&self) -> Option<u16> {
        let r = self.rating()?;
        let mos = 1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7e-6;
        Some((mos.max(1.0) * 100.0).round() as u16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mos(received: u64, lost: u64, jitter_us: u32, round_trip_ms: u32) -> Option<u16> {
        let round_trip_us = (round_trip_ms > 0).then_some(round_trip_ms * 1_000);
        Carried { received, lost, jitter_us, round_trip_us }.mos()
    }

    #[test]
    fn a_clean_line_is_as_good_as_g_711_can_be_and_worse_with_loss_jitter_and_delay() {
        assert_eq!(mos(0, 0, 0, 0), None);
        assert_eq!(mos(0, 50, 0, 0), None, "nothing was heard of which anybody could have an opinion");
        // R = 93.2 - 0.48; G.107 has 4.41 for R = 93.2.
        assert_eq!(mos(1_000, 0, 0, 0), Some(440));
        // Ie,eff is 3.64, 15.8 and 42.1: R is 89.1, 76.9 and 50.6 (G.107 Annex B: 90 is 4.34, 80 is 4.03, 50 is 2.58).
        assert_eq!(mos(990, 10, 0, 0), Some(432));
        assert_eq!(mos(950, 50, 0, 0), Some(390));
        assert_eq!(mos(800, 200, 0, 0), Some(261));
        // 300 ms each way: Id is 23.4, R 69.8 (70 is 3.60).
        assert_eq!(mos(1_000, 0, 0, 600), Some(359));
        assert_eq!(mos(1_000, 0, 60_000, 0), Some(434));
        assert_eq!(mos(1, 100_000, 1_000_000, 5_000), Some(100), "never below 1");
    }
}
