//! What a recording holds, read back: its length, its pauses, and how loud each channel is.

use super::{Cue, Error, HEAD, Opening, cues, read_head, there};
use crate::audio::g711::{ALAW_SILENCE, alaw_decode};
use crate::audio::{PER_MILLI, RATE};
use std::io::{Read, Seek, SeekFrom};

/// Samples of one frame, 20 ms.
const FRAME: u32 = RATE / 50;
/// A frame softer than this is silence, dB relative to full scale: comfort noise and line hum.
const SILENT_DBFS: f64 = -50.0;

/// What a recording holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Sheet {
    /// Samples a channel.
    pub samples: u32,
    /// Nothing was kept between these samples; the end is the recording's where a pause has none.
    pub pauses: Vec<(u32, u32)>,
    /// Each channel.
    pub channels: Vec<Loudness>,
}

/// How loud a channel is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Loudness {
    /// How long there is sound on it, ms, in frames of 20 ms.
    pub sounding_ms: u64,
    /// Root mean square over those, dB relative to a full-scale square wave; −∞ without any.
    pub level_dbfs: f64,
    /// The loudest sample, in the same unit; −∞ for nothing.
    pub peak_dbfs: f64,
}

impl Sheet {
    /// Reads a recording to its end. It may be under way: what is there at the beginning counts.
    ///
    /// # Errors
    /// [`Error::Foreign`] for any other file, [`Error::System`] as reading fails.
    pub fn read(file: &mut (impl Read + Seek)) -> Result<Self, Error> {
        let (head, channels) = read_head(file)?;
        let bytes = u64::from(there(file, channels)?) * u64::from(channels);
        file.seek(SeekFrom::Start(HEAD as u64))?;
        let opening = Opening { channels: channels as u16, cues: cues(&head) };
        Ok(Self::gather(&opening, &mut file.take(bytes))?)
    }

    /// Reads sound to its end, A-law, the channels by turns; a sample that not every channel has is left out.
    ///
    /// # Errors
    /// As reading fails.
    pub fn gather(opening: &Opening, sound: &mut impl Read) -> std::io::Result<Self> {
        let channels = usize::from(opening.channels);
        let mut meters = vec![Meter::default(); channels];
        let mut piece = vec![ALAW_SILENCE; FRAME as usize * channels];
        let mut samples = 0u32;
        loop {
            let there = fill(sound, &mut piece)?;
            let here = there / channels.max(1);
            let bytes = piece.get(..here * channels).unwrap_or_default();
            for (channel, meter) in meters.iter_mut().enumerate() {
                meter.frame(bytes.iter().skip(channel).step_by(channels));
            }
            samples = samples.saturating_add(here as u32);
            if there < piece.len() {
                break;
            }
        }
        let channels = meters.iter().map(Meter::read).collect();
        Ok(Self { samples, pauses: pauses(&opening.cues, samples), channels })
    }

    /// Its length, ms.
    #[must_use]
    pub fn millis(&self) -> u64 {
        u64::from(self.samples / PER_MILLI)
    }
}

/// Reads until the piece is full or there is no more; gives how much there was.
///
/// # Errors
/// As reading fails.
pub fn fill(sound: &mut impl Read, piece: &mut [u8]) -> std::io::Result<usize> {
    let mut full = 0;
    while let Some(rest) = piece.get_mut(full..).filter(|rest| !rest.is_empty()) {
        match sound.read(rest) {
            Ok(0) => break,
            Ok(more) => full += more,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(full)
}

/// Counts one channel.
#[derive(Debug, Clone, Default)]
struct Meter {
    samples: u64,
    energy: f64,
    peak: u16,
}

impl Meter {
    fn frame<'s>(&mut self, sound: impl Iterator<Item = &'s u8>) {
        let (mut count, mut energy, mut peak) = (0u32, 0.0, 0);
        for byte in sound {
            let sample = alaw_decode(*byte);
            (count, peak) = (count + 1, sample.unsigned_abs().max(peak));
            energy += f64::from(sample).powi(2);
        }
        self.peak = self.peak.max(peak);
        if count > 0 && dbfs(energy / f64::from(count)) > SILENT_DBFS {
            (self.samples, self.energy) = (self.samples + u64::from(count), self.energy + energy);
        }
    }

    fn read(&self) -> Loudness {
        #[expect(clippy::cast_precision_loss, reason = "samples of a recording are far below 2^52")]
        let mean = if self.samples == 0 { 0.0 } else { self.energy / self.samples as f64 };
        Loudness {
            sounding_ms: self.samples / u64::from(PER_MILLI),
            level_dbfs: dbfs(mean),
            // A-law's silence is ±8 of 32,768: no peak.
            peak_dbfs: if self.peak <= 8 { f64::NEG_INFINITY } else { dbfs(f64::from(self.peak).powi(2)) },
        }
    }
}

/// A mean square in dB relative to full scale.
fn dbfs(square: f64) -> f64 {
    10.0 * (square / 32_768f64.powi(2)).log10()
}

/// The pauses that the cues mark. What follows a pause that ends nowhere was never kept.
fn pauses(cues: &[Cue], samples: u32) -> Vec<(u32, u32)> {
    let (mut all, mut since) = (Vec::new(), None);
    for cue in cues {
        match (cue.label, since) {
            ("paused", None) => since = Some(cue.at),
            ("resumed", Some(from)) => {
                all.push((from, cue.at));
                since = None;
            }
            _ => {}
        }
    }
    all.extend(since.map(|from| (from, samples.max(from))));
    all
}

#[cfg(test)]
mod tests {
    use super::super::CUES;
    use super::super::head;
    use super::*;
    use crate::audio::g711::alaw_encode;
    use std::io::Cursor;

    /// A file of these channels, each a square wave of a height for so many samples from a place on.
    fn file(samples: u32, cues: &[Cue], channels: &[(i16, u32, u32)]) -> Cursor<Vec<u8>> {
        let mut file = head(channels.len() as u16, samples, cues);
        for at in 0..samples {
            for (height, from, long) in channels {
                let sounds = (*from..from + long).contains(&at);
                file.push(if sounds { alaw_encode(*height) } else { ALAW_SILENCE });
            }
        }
        Cursor::new(file)
    }

    #[test]
    fn each_channel_says_how_long_and_how_loud_it_sounds() {
        let mut file = file(16_000, &[], &[(8_000, 0, 8_000), (800, 4_000, 1_600), (60, 0, 16_000), (0, 0, 0)]);
        let sheet = Sheet::read(&mut file).unwrap();
        assert_eq!((sheet.samples, sheet.millis(), sheet.pauses.len()), (16_000, 2_000, 0));
        let sounding: Vec<u64> = sheet.channels.iter().map(|c| c.sounding_ms).collect();
        assert_eq!(sounding, [1_000, 200, 0, 0], "the third hums at −55 dB");
        let level = |n: usize| sheet.channels[n].level_dbfs;
        assert!((level(0) + 12.25).abs() < 0.3 && (level(1) + 32.25).abs() < 0.3, "{sheet:?}");
        assert!((sheet.channels[0].peak_dbfs - level(0)).abs() < 0.1);
        assert_eq!((level(3), sheet.channels[3].peak_dbfs), (f64::NEG_INFINITY, f64::NEG_INFINITY));
    }

    #[test]
    fn pauses_are_read_from_the_cues() {
        let cue = |at, label| Cue { at, label };
        for (cues, pauses) in [
            (vec![], vec![]),
            (vec![cue(160, "paused"), cue(480, "resumed")], vec![(160, 480)]),
            (vec![cue(160, "paused"), cue(480, "resumed"), cue(800, "paused")], vec![(160, 480), (800, 1_600)]),
            (vec![cue(160, "resumed"), cue(320, "paused"), cue(480, "paused"), cue(640, "resumed")], vec![(320, 640)]),
        ] {
            let sheet = Sheet::read(&mut file(1_600, &cues, &[(0, 0, 0); 4])).unwrap();
            assert_eq!(sheet.pauses, pauses);
        }
        let many: Vec<Cue> = (0..200).map(|n| cue(n * 8, if n % 2 == 0 { "paused" } else { "resumed" })).collect();
        assert_eq!(Sheet::read(&mut file(1_600, &many, &[(0, 0, 0); 4])).unwrap().pauses.len(), CUES / 2);
    }

    #[test]
    fn a_file_that_was_cut_or_is_under_way_is_read_as_far_as_it_goes() {
        let mut cut = file(1_600, &[], &[(8_000, 0, 1_600), (0, 0, 0)]).into_inner();
        cut.truncate(HEAD + 801);
        let sheet = Sheet::read(&mut Cursor::new(cut.clone())).unwrap();
        assert_eq!((sheet.samples, sheet.channels[0].sounding_ms), (400, 50));
        assert!(super::super::is_cut(&mut Cursor::new(cut)).unwrap());
        assert!(!super::super::is_cut(&mut file(7, &[], &[(0, 0, 0)])).unwrap());
        assert!(matches!(Sheet::read(&mut Cursor::new(b"RIFF".to_vec())), Err(Error::Foreign)));
    }

    #[test]
    fn no_head_however_damaged_stops_the_reader() {
        let cues = [Cue { at: 8, label: "paused" }, Cue { at: 16, label: "resumed" }];
        let whole = file(160, &cues, &[(0, 0, 0); 4]).into_inner();
        for at in 36..400 {
            for byte in [0, 1, 0x7f, 0xff] {
                let mut damaged = whole.clone();
                damaged[at] = byte;
                let _ = Sheet::read(&mut Cursor::new(damaged));
            }
        }
    }
}
