//! Opus (RFC 6716) in packets of RTP, one channel, heard and said at 8 kHz: decoders and encoders take that rate as it is.
//!
//! What is said in it comes from G.711 or goes there, so nothing is lost by the rate; two legs of Opus are not decoded at all.

use super::RATE;
use ropus::{Application, Bitrate, Channels, DecodeMode, InbandFec, Signal};
use std::fmt;

/// Samples of the longest packet: 120 ms (RFC 6716 §2.1.4).
pub const LONGEST: usize = RATE as usize * 120 / 1_000;
/// Bits a second of what we say, those that repair a loss among them.
const BITRATE: u32 = 24_000;
/// 0 to 10. Speech of 8 kHz gains little from more.
const COMPLEXITY: u8 = 5;
/// The loss that repair is made for, %.
const LOSS: u8 = 5;
/// Samples of 10 ms.
const TEN: usize = RATE as usize / 100;
/// Most frames of one packet here: 60 ms in tens.
const FRAMES: usize = 6;

/// What comes in.
pub struct Decoder(ropus::Decoder);

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Decoder")
    }
}

impl Decoder {
    /// A stream that begins. `None` only where there is no memory.
    #[must_use]
    pub fn new() -> Option<Self> {
        ropus::Decoder::new(RATE, Channels::Mono).ok().map(Self)
    }

    /// The sound of a packet, at the beginning of `sound`; how many samples. `None`: it is none of Opus.
    pub fn decode(&mut self, packet: &[u8], sound: &mut [i16; LONGEST]) -> Option<usize> {
        self.0.decode(packet, sound, DecodeMode::Normal).ok().filter(|length| (1..=LONGEST).contains(length))
    }

    /// The sound of the packet before this one, which was lost, from what this one says of it: so many samples. The packet itself is to
    /// be decoded after that.
    pub fn repair(&mut self, packet: &[u8], sound: &mut [i16]) -> Option<usize> {
        self.0.decode(packet, sound, DecodeMode::Fec).ok().filter(|length| *length == sound.len())
    }
}

/// What goes out.
pub struct Encoder(ropus::Encoder);

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Encoder")
    }
}

impl Encoder {
    /// A stream that begins. `None` only where there is no memory.
    #[must_use]
    pub fn new() -> Option<Self> {
        let builder = ropus::Encoder::builder(RATE, Channels::Mono, Application::Voip);
        let builder = builder.bitrate(Bitrate::try_bits(BITRATE).ok()?).complexity(COMPLEXITY).signal(Signal::Voice);
        builder.inband_fec(InbandFec::Enabled).packet_loss_perc(LOSS).build().ok().map(Self)
    }

    /// A packet of this sound, whole tens of ms up to 60, at the beginning of `packet`; how many bytes. `None`: of another length.
    pub fn encode(&mut self, sound: &[i16], packet: &mut [u8]) -> Option<usize> {
        match sound.len() / TEN {
            // Lengths that a frame has.
            1 | 2 | 4 | 6 if sound.len().is_multiple_of(TEN) => self.0.encode(sound, packet).ok(),
            3 | 5 if sound.len().is_multiple_of(TEN) => self.frames(sound, packet),
            _ => None,
        }
    }

    /// Frames of 10 ms in one packet (RFC 6716 §3.2.5, of different lengths).
    fn frames(&mut self, sound: &[i16], packet: &mut [u8]) -> Option<usize> {
        let mut coded = [[0; 256]; FRAMES];
        let mut lengths = [0; FRAMES];
        let count = sound.len() / TEN;
        for ((piece, frame), length) in sound.chunks(TEN).zip(&mut coded).zip(&mut lengths) {
            *length = self.0.encode(piece, frame).ok().filter(|length| *length > 0)?;
        }
        // A byte in front of each says what it is; in one packet all are of one kind, one frame each.
        let toc = coded[0][0];
        if toc & 3 != 0 || coded.iter().take(count).any(|frame| frame[0] != toc) {
            return None;
        }
        let mut out = packet.iter_mut();
        let mut length = 0;
        let mut put = |byte: u8| {
            length += 1;
            out.next().map(|to| *to = byte)
        };
        put(toc | 3)?;
        put(0x80 | u8::try_from(count).ok()?)?;
        for bytes in lengths.iter().take(count - 1).map(|length| length - 1) {
            // §3.2.1: up to 251 as it is; no frame here is longer than two bytes can say.
            match u8::try_from(bytes).ok().filter(|bytes| *bytes < 252) {
                Some(byte) => put(byte)?,
                None => {
                    let first = 252 + (bytes & 3);
                    put(u8::try_from(first).ok()?)?;
                    put(u8::try_from((bytes - first) / 4).ok()?)?;
                }
            }
        }
        for (frame, length) in coded.iter().zip(lengths).take(count) {
            frame.get(1..length)?.iter().try_for_each(|byte| put(*byte))?;
        }
        Some(length)
    }
}

/// How long a packet sounds, in samples of 8 kHz (RFC 6716 §3.1, §3.2). `None`: it is none of Opus.
#[must_use]
pub fn samples(packet: &[u8]) -> Option<u32> {
    let toc = *packet.first()?;
    let frame = match toc >> 3 {
        config @ 0..=11 => [80, 160, 320, 480][usize::from(config & 3)],
        config @ 12..=15 => [80, 160][usize::from(config & 1)],
        config => [20, 40, 80, 160][usize::from(config & 3)],
    };
    let frames = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u32::from(*packet.get(1)? & 0x3F),
    };
    Some(frame * frames).filter(|samples| (1..=LONGEST as u32).contains(samples))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::level;

    fn tone(from: usize, samples: usize) -> Vec<i16> {
        let at = |i: usize| (std::f64::consts::TAU * 700.0 * (from + i) as f64 / 8_000.0).sin() * 8_000.0;
        (0..samples).map(|i| at(i) as i16).collect()
    }

    #[test]
    fn sound_of_every_packet_time_comes_back_as_long_as_it_was_and_in_its_pitch() {
        for length in [80, 160, 240, 320, 400, 480] {
            let (mut encoder, mut decoder) = (Encoder::new().unwrap(), Decoder::new().unwrap());
            let mut heard = Vec::new();
            for n in 0..8_000 / length {
                let (mut packet, mut sound) = ([0; 480], [0; LONGEST]);
                let bytes = encoder.encode(&tone(n * length, length), &mut packet).unwrap();
                assert_eq!(samples(&packet[..bytes]), Some(length as u32), "{length}: {:02x?}", &packet[..4]);
                let got = decoder.decode(&packet[..bytes], &mut sound).unwrap();
                assert_eq!(got, length);
                heard.extend(&sound[..got]);
            }
            let middle = &heard[heard.len() / 4..];
            let (pitch, loud) = (level::dominant_frequency(middle).unwrap(), level::rms_dbfs(middle));
            assert!((pitch - 700.0).abs() < 8.0, "{length}: {pitch} Hz");
            assert!((loud - level::rms_dbfs(&tone(0, 8_000))).abs() < 2.0, "{length}: {loud} dBFS");
        }
        let mut encoder = Encoder::new().unwrap();
        for length in [0, 79, 161, 560] {
            assert_eq!(encoder.encode(&tone(0, length), &mut [0; 480]), None, "{length}");
        }
    }

    #[test]
    fn a_lost_packet_is_heard_from_the_next_one() {
        let (mut encoder, mut decoder) = (Encoder::new().unwrap(), Decoder::new().unwrap());
        let mut repaired = Vec::new();
        for n in 0..100 {
            let (mut packet, mut sound) = ([0; 480], [0; LONGEST]);
            let bytes = encoder.encode(&tone(n * 160, 160), &mut packet).unwrap();
            match n % 10 {
                8 => continue,
                9 => {
                    let mut lost = [0; 160];
                    assert_eq!(decoder.repair(&packet[..bytes], &mut lost), Some(160));
                    repaired.extend(lost);
                }
                _ => {}
            }
            decoder.decode(&packet[..bytes], &mut sound).unwrap();
        }
        let loud = level::rms_dbfs(&repaired);
        assert!(loud > level::rms_dbfs(&tone(0, 8_000)) - 6.0, "{loud} dBFS");
    }

    #[test]
    fn whatever_comes_is_decoded_or_refused() {
        let mut decoder = Decoder::new().unwrap();
        let mut sound = [0; LONGEST];
        for first in 0..=255u8 {
            for rest in [&[][..], &[0], &[0xFF; 7], &[0x3F; 60], &[0x81, 2, 3, 4]] {
                let packet = [&[first][..], rest].concat();
                let got = decoder.decode(&packet, &mut sound);
                assert!(got.is_none_or(|length| length <= LONGEST));
                let _ = (samples(&packet), decoder.repair(&packet, &mut [0; 160]));
            }
        }
        assert_eq!((samples(&[]), samples(&[3])), (None, None));
    }
}
