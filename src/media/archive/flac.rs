//! FLAC: the one door to `flac-codec`. A-law's samples in 16 bits lose nothing, and come back as the same bytes.

use super::{Error, labels};
use crate::audio::RATE;
use crate::audio::g711::{alaw_decode, alaw_encode};
use crate::audio::tracks::{Opening, fill};
use flac_codec::decode::FlacSampleReader;
use flac_codec::encode::{FlacSampleWriter, Options};
use flac_codec::metadata::VorbisComment;
use std::io::{self, Read, Seek, Write};

/// Samples a block: half a second. Larger ones save 1 % and cost as much time.
const BLOCK: u16 = 4_096;
/// FLAC has no more channels.
const CHANNELS: u16 = 8;

/// Packs sound, A-law with the channels by turns, to its end. `each` is given what was read and says whether to go on.
///
/// Fixed predictors: linear prediction of a higher order costs twice the time and saves 4 % of sound that was A-law before.
///
/// # Errors
/// As reading and writing fail; [`Error::Stopped`].
pub(super) fn encode(
    opening: &Opening,
    sound: &mut impl Read,
    to: impl Write + Seek,
    each: &mut dyn FnMut(&[u8]) -> bool,
) -> Result<(), Error> {
    if opening.channels > CHANNELS {
        return Err(Error::Channels(opening.channels));
    }
    let options = Options::fast().block_size(BLOCK).map_err(|e| Error::Codec(format!("{e:?}")))?;
    let options = labels::all(opening).iter().fold(options, |options, (name, value)| options.tag(name, value));
    let mut writer = FlacSampleWriter::new(to, options.no_padding(), RATE, 16, opening.channels as u8, None)
        .map_err(io::Error::from)?;
    let channels = usize::from(opening.channels);
    let mut bytes = vec![0; usize::from(BLOCK) * channels];
    let mut samples = Vec::with_capacity(bytes.len());
    loop {
        let there = fill(sound, &mut bytes)?;
        let whole = bytes.get(..there / channels * channels).unwrap_or_default();
        if !each(whole) {
            return Err(Error::Stopped);
        }
        samples.clear();
        samples.extend(whole.iter().map(|byte| i32::from(alaw_decode(*byte))));
        writer.write(&samples).map_err(io::Error::from)?;
        if there < bytes.len() {
            return Ok(writer.finalize().map_err(io::Error::from)?);
        }
    }
}

/// The sound of a FLAC file as it was before: A-law, the channels by turns.
pub(super) struct Decoder<R: Read> {
    reader: FlacSampleReader<R>,
}

impl<R: Read> Decoder<R> {
    /// # Errors
    /// [`Error::Foreign`] for a file that this switchboard has not made, or as reading fails.
    pub fn new(from: R) -> Result<(Opening, Self), Error> {
        let reader = FlacSampleReader::new(from).map_err(|e| Error::foreign(e.into()))?;
        let comment = reader.metadata().get::<VorbisComment>();
        let value = |name: &str| comment.and_then(|c| c.get(name)).map(ToOwned::to_owned);
        let info = reader.metadata().streaminfo();
        if info.sample_rate != RATE || u32::from(info.bits_per_sample) != 16 {
            return Err(Error::Foreign);
        }
        let opening = Opening { channels: u16::from(info.channels.get()), cues: labels::cues(value) };
        Ok((opening, Self { reader }))
    }
}

impl<R: Read> Read for Decoder<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let samples = self.reader.fill_buf()?;
        let here = samples.len().min(to.len());
        #[expect(clippy::cast_possible_truncation, reason = "the file has 16 bits a sample")]
        to.iter_mut().zip(samples).for_each(|(byte, sample)| *byte = alaw_encode(*sample as i16));
        self.reader.consume(here);
        Ok(here)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::tracks::Cue;
    use std::io::Cursor;

    fn pack(opening: &Opening, sound: &[u8]) -> Vec<u8> {
        let mut packed = Cursor::new(Vec::new());
        encode(opening, &mut &*sound, &mut packed, &mut |_| true).unwrap();
        packed.into_inner()
    }

    #[test]
    fn every_byte_comes_back_and_so_do_channels_and_cues() {
        let cues =
            vec![Cue { at: 160, label: "paused" }, Cue { at: 480, label: "resumed" }, Cue { at: 800, label: "paused" }];
        for (channels, samples) in [(4u16, 1usize), (4, 15), (1, 256), (2, 4_096), (4, 4_097), (4, 20_000), (8, 100)] {
            let opening = Opening { channels, cues: cues.clone() };
            // All 256 bytes of A-law, on every channel.
            let sound: Vec<u8> = (0..samples * usize::from(channels)).map(|n| (n * 37 % 256) as u8).collect();
            let packed = pack(&opening, &sound);
            let (read, mut decoder) = Decoder::new(&*packed).unwrap();
            let mut back = Vec::new();
            decoder.read_to_end(&mut back).unwrap();
            assert_eq!((read, back), (opening, sound), "{channels} channels, {samples} samples");
        }
    }

    #[test]
    fn silence_is_nearly_free() {
        let hour = vec![0xD5; 4 * 8_000 * 60];
        let packed = pack(&Opening { channels: 4, cues: Vec::new() }, &hour);
        assert!(packed.len() < 4_000, "{} bytes a minute", packed.len());
    }

    #[test]
    fn what_is_cut_or_changed_is_not_read_as_if_it_were_whole() {
        let sound: Vec<u8> = (0..80_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        let packed = pack(&Opening { channels: 4, cues: Vec::new() }, &sound);
        let read = |file: &[u8]| -> Result<Vec<u8>, Error> {
            let mut back = Vec::new();
            Decoder::new(file)?.1.read_to_end(&mut back)?;
            Ok(back)
        };
        assert!(read(&packed[..packed.len() / 2]).is_err());
        let mut changed = packed.clone();
        changed[packed.len() / 2] ^= 1;
        assert!(read(&changed).is_err());
        for foreign in [&b"RIFF"[..], b"fLaC", b""] {
            assert!(read(foreign).is_err());
        }
    }
}
