//! WAV in and out: 8 kHz, mono, 16 bits a sample in the file; A-law in memory.
//!
//! The one door to `hound`. Nothing is resampled or mixed down: a prompt of another format is refused with a
//! sentence that says what it is and what it must be.

use super::{RATE, g711};
use std::io::{Read, Seek, Write};

/// What is wrong with a WAV.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No RIFF/WAVE, or cut off.
    #[error("not a readable WAV file ({0}); it must be 8000 Hz, mono, 16-bit PCM")]
    Unreadable(String),
    /// A WAV of another kind.
    #[error("the WAV is {rate} Hz, {channels} channel(s), {bits}-bit {kind}; it must be 8000 Hz, mono, 16-bit PCM")]
    Format {
        /// Samples a second.
        rate: u32,
        /// Channels.
        channels: u16,
        /// Bits a sample.
        bits: u16,
        /// `integer` or `float`.
        kind: &'static str,
    },
    /// Not one sample.
    #[error("the WAV holds no sound")]
    Empty,
    /// The writer failed.
    #[error("cannot write the WAV: {0}")]
    Write(String),
}

impl Error {
    /// The same sentence in Chinese.
    #[must_use]
    pub fn chinese(&self) -> String {
        match self {
            Self::Unreadable(why) => format!("不是可读的 WAV 文件({why});要求 8000 Hz、单声道、16 位 PCM"),
            Self::Format { rate, channels, bits, kind } => {
                let kind = if *kind == "float" { "浮点" } else { "整数" };
                format!("该 WAV 为 {rate} Hz、{channels} 声道、{bits} 位{kind};要求 8000 Hz、单声道、16 位 PCM")
            }
            Self::Empty => "该 WAV 没有声音数据".to_owned(),
            Self::Write(why) => format!("无法写入 WAV:{why}"),
        }
    }
}

/// Reads a WAV as A-law.
///
/// # Errors
/// [`Error`] unless it is a whole WAV of 8 kHz, mono, 16-bit PCM with at least one sample.
pub fn read(from: impl Read) -> Result<Vec<u8>, Error> {
    let unreadable = |e: hound::Error| Error::Unreadable(e.to_string());
    let mut reader = hound::WavReader::new(from).map_err(unreadable)?;
    let spec = reader.spec();
    let integer = spec.sample_format == hound::SampleFormat::Int;
    if spec.sample_rate != RATE || spec.channels != 1 || spec.bits_per_sample != 16 || !integer {
        return Err(Error::Format {
            rate: spec.sample_rate,
            channels: spec.channels,
            bits: spec.bits_per_sample,
            kind: if integer { "integer" } else { "float" },
        });
    }
    let alaw = reader
        .samples::<i16>()
        .map(|s| s.map(g711::alaw_encode))
        .collect::<Result<Vec<u8>, _>>()
        .map_err(unreadable)?;
    if alaw.is_empty() { Err(Error::Empty) } else { Ok(alaw) }
}

/// Writes A-law as a WAV of 8 kHz, mono, 16-bit PCM.
///
/// # Errors
/// [`Error::Write`] with what the writer said.
pub fn write(to: impl Write + Seek, alaw: &[u8]) -> Result<(), Error> {
    let failed = |e: hound::Error| Error::Write(e.to_string());
    let spec =
        hound::WavSpec { channels: 1, sample_rate: RATE, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
    let mut writer = hound::WavWriter::new(to, spec).map_err(failed)?;
    for byte in alaw {
        writer.write_sample(g711::alaw_decode(*byte)).map_err(failed)?;
    }
    writer.finalize().map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn wav(rate: u32, channels: u16, samples: &[i16]) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        let spec = hound::WavSpec {
            channels,
            sample_rate: rate,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
        samples.iter().for_each(|s| writer.write_sample(*s).unwrap());
        writer.finalize().unwrap();
        bytes.into_inner()
    }

    #[test]
    fn what_is_written_reads_back_byte_for_byte() {
        let alaw: Vec<u8> = (0..=255).cycle().take(1_000).collect();
        let mut bytes = Cursor::new(Vec::new());
        write(&mut bytes, &alaw).unwrap();
        assert_eq!(read(bytes.get_ref().as_slice()).unwrap(), alaw);
    }

    #[test]
    fn each_mistake_has_its_sentence() {
        let say = |bytes: &[u8]| read(bytes).unwrap_err().to_string();
        let must = "it must be 8000 Hz, mono, 16-bit PCM";
        assert_eq!(say(&wav(44_100, 2, &[0; 4])), format!("the WAV is 44100 Hz, 2 channel(s), 16-bit integer; {must}"));
        assert_eq!(say(&wav(8_000, 1, &[])), "the WAV holds no sound");
        assert!(say(b"ID3 an mp3").ends_with(must));
        let whole = wav(8_000, 1, &[1; 100]);
        assert!(say(&whole[..100]).starts_with("not a readable WAV file"));
        assert!(read(&wav(16_000, 1, &[1])[..]).unwrap_err().chinese().contains("16000 Hz"));
    }
}
