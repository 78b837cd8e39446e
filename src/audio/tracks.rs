//! A recording as a file: WAV, A-law, 8 kHz, several channels, one a party.
//!
//! The head is always [`HEAD`] bytes long: sizes, cues, then padding up to the sound. So it can be written again and again
//! while the sound grows behind it, with every cue so far, and a file that was cut off is put right by [`repair`].

mod cues;
mod sheet;

pub use cues::{CUES, Cue, HEAD, cues};
pub use sheet::{Loudness, Sheet, fill};

use super::RATE;
use std::io::{Read, Seek, SeekFrom, Write};

/// Where the number of samples stands.
const FACT: u64 = 46;

/// What stands before the sound of a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// Channels, 1 to 64.
    pub channels: u16,
    /// Its cues, in order.
    pub cues: Vec<Cue>,
}

impl Opening {
    /// Reads the head of a file; its sound follows: A-law, the channels by turns.
    ///
    /// # Errors
    /// [`Error::Foreign`] for any other file, [`Error::System`] as reading fails.
    pub fn read(file: &mut impl Read) -> Result<Self, Error> {
        let (head, channels) = take_head(file)?;
        Ok(Self { channels: channels as u16, cues: cues(&head) })
    }
}

/// Why a file is left as it is.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not one of ours.
    #[error("not a recording of this switchboard")]
    Foreign,
    /// The system refused.
    #[error(transparent)]
    System(#[from] std::io::Error),
}

/// The head of a file of so many samples a channel.
#[must_use]
pub fn head(channels: u16, samples: u32, cues: &[Cue]) -> Vec<u8> {
    let data = samples.saturating_mul(u32::from(channels));
    let mut head = Vec::with_capacity(HEAD);
    let chunk = |head: &mut Vec<u8>, name: &[u8; 4], body: &[u8]| {
        head.extend(name);
        head.extend((body.len() as u32).to_le_bytes());
        head.extend(body);
    };
    head.extend(b"RIFF");
    head.extend((data.saturating_add(HEAD as u32 - 8)).to_le_bytes());
    head.extend(b"WAVE");
    let mut format = Vec::with_capacity(18);
    format.extend(6u16.to_le_bytes());
    format.extend(channels.to_le_bytes());
    format.extend(RATE.to_le_bytes());
    format.extend((RATE * u32::from(channels)).to_le_bytes());
    format.extend(channels.to_le_bytes());
    format.extend(8u16.to_le_bytes());
    format.extend(0u16.to_le_bytes());
    chunk(&mut head, b"fmt ", &format);
    chunk(&mut head, b"fact", &samples.to_le_bytes());
    let cues = cues.get(..CUES).unwrap_or(cues);
    if !cues.is_empty() {
        let (points, labels) = cue_chunks(cues);
        chunk(&mut head, b"cue ", &points);
        chunk(&mut head, b"LIST", &labels);
    }
    let padding = HEAD.saturating_sub(head.len() + 16);
    chunk(&mut head, b"JUNK", &vec![0; padding]);
    head.extend(b"data");
    head.extend(data.to_le_bytes());
    head
}

fn cue_chunks(cues: &[Cue]) -> (Vec<u8>, Vec<u8>) {
    let mut points = (cues.len() as u32).to_le_bytes().to_vec();
    let mut labels = b"adtl".to_vec();
    for (id, cue) in (1u32..).zip(cues) {
        points.extend(id.to_le_bytes());
        points.extend(cue.at.to_le_bytes());
        points.extend(b"data");
        points.extend([0; 8]);
        points.extend(cue.at.to_le_bytes());
        let mut text: Vec<u8> = cue.label.bytes().take(11).collect();
        text.resize((text.len() + 1).next_multiple_of(2), 0);
        labels.extend(b"labl");
        labels.extend((text.len() as u32 + 4).to_le_bytes());
        labels.extend(id.to_le_bytes());
        labels.extend(text);
    }
    (points, labels)
}

/// Makes the sizes in the head agree with what is there, after a crash; the samples a channel. A file that is in order
/// is not written to.
///
/// # Errors
/// [`Error::Foreign`] for any other file, [`Error::System`] as reading or writing fails.
pub fn repair(file: &mut (impl Read + Write + Seek)) -> Result<u32, Error> {
    let (head, channels) = read_head(file)?;
    let samples = there(file, channels)?;
    if sizes(&head) != sizes_of(channels, samples) {
        let (riff, _, data) = sizes_of(channels, samples);
        for (at, size) in [(4, riff), (FACT, samples), (HEAD as u64 - 4, data)] {
            file.seek(SeekFrom::Start(at))?;
            file.write_all(&size.to_le_bytes())?;
        }
    }
    Ok(samples)
}

/// Whether [`repair`] would write to the file.
///
/// # Errors
/// As [`repair`].
pub fn is_cut(file: &mut (impl Read + Seek)) -> Result<bool, Error> {
    let (head, channels) = read_head(file)?;
    Ok(sizes(&head) != sizes_of(channels, there(file, channels)?))
}

/// The head of one of our files, and its channels.
fn read_head(file: &mut (impl Read + Seek)) -> Result<([u8; HEAD], u32), Error> {
    file.rewind()?;
    take_head(file)
}

fn take_head(file: &mut impl Read) -> Result<([u8; HEAD], u32), Error> {
    let mut head = [0; HEAD];
    file.read_exact(&mut head).map_err(|e| match e.kind() {
        std::io::ErrorKind::UnexpectedEof => Error::Foreign,
        _ => Error::System(e),
    })?;
    let channels = u32::from(u16::from_le_bytes([head[22], head[23]]));
    let ours = head.starts_with(b"RIFF")
        && head[8..16] == *b"WAVEfmt "
        && head[20..22] == [6, 0]
        && (1..=64).contains(&channels)
        && head[38..42] == *b"fact"
        && head[HEAD - 8..HEAD - 4] == *b"data";
    if ours { Ok((head, channels)) } else { Err(Error::Foreign) }
}

/// The samples a channel that are there, whatever the head says.
fn there(file: &mut impl Seek, channels: u32) -> Result<u32, Error> {
    let bytes = file.seek(SeekFrom::End(0))?.saturating_sub(HEAD as u64);
    Ok(u32::try_from(bytes / u64::from(channels)).unwrap_or(u32::MAX / channels))
}

/// What the head says: the length of the whole, samples, bytes of sound.
fn sizes(head: &[u8; HEAD]) -> (u32, u32, u32) {
    let word = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    (word(4), word(46), word(HEAD - 4))
}

/// What it must say.
fn sizes_of(channels: u32, samples: u32) -> (u32, u32, u32) {
    let data = samples.saturating_mul(channels);
    (data.saturating_add(HEAD as u32 - 8), samples, data)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    /// The chunks of a file: name and body.
    fn chunks(file: &[u8]) -> Vec<(String, Vec<u8>)> {
        let length = u32::from_le_bytes(file[4..8].try_into().unwrap()) as usize;
        assert_eq!((&file[..4], &file[8..12], length + 8), (&b"RIFF"[..], &b"WAVE"[..], file.len()));
        let (mut at, mut found) = (12, Vec::new());
        while at < file.len() {
            let length = u32::from_le_bytes(file[at + 4..at + 8].try_into().unwrap()) as usize;
            assert!(at + 8 + length <= file.len() && length.is_multiple_of(2));
            let name = String::from_utf8(file[at..at + 4].to_vec()).unwrap();
            found.push((name, file[at + 8..at + 8 + length].to_vec()));
            at += 8 + length;
        }
        found
    }

    #[test]
    fn the_head_is_one_page_whatever_is_in_it() {
        let cue = |at| Cue { at, label: "paused" };
        for cues in [0, 1, 2, CUES, CUES + 9] {
            let marks: Vec<Cue> = (0..cues as u32).map(|i| cue(i * 800)).collect();
            let mut file = head(4, 100, &marks);
            assert_eq!(file.len(), HEAD);
            file.extend([0xD5; 400]);
            let chunks = chunks(&file);
            let names: Vec<_> = chunks.iter().map(|c| c.0.as_str()).collect();
            if cues == 0 {
                assert_eq!(names, ["fmt ", "fact", "JUNK", "data"]);
            } else {
                assert_eq!(names, ["fmt ", "fact", "cue ", "LIST", "JUNK", "data"]);
                assert_eq!(chunks[2].1[..4], (cues.min(CUES) as u32).to_le_bytes());
            }
            assert_eq!(chunks[1].1, 100u32.to_le_bytes());
            assert_eq!(chunks.last().unwrap().1.len(), 400);
            // A-law, 4 channels, 8000 Hz, 32000 bytes a second, 4 a sample, 8 bits.
            assert_eq!(chunks[0].1, [6, 0, 4, 0, 64, 31, 0, 0, 0, 125, 0, 0, 4, 0, 8, 0, 0, 0]);
        }
    }

    #[test]
    fn a_file_cut_off_anywhere_is_put_right_and_one_in_order_is_left() {
        for (told, there, samples) in [(0, 403, 100), (50, 400, 100), (100, 400, 100), (100, 7, 1), (9, 0, 0)] {
            let mut file = head(4, told, &[Cue { at: 1, label: "paused" }]);
            file.extend(vec![0xD5; there]);
            let mut file = Cursor::new(file);
            assert_eq!(repair(&mut file).unwrap(), samples);
            let mut whole = file.into_inner();
            whole.truncate(HEAD + samples as usize * 4);
            assert_eq!(chunks(&whole).last().unwrap().1.len(), samples as usize * 4);
            assert_eq!(whole[..HEAD], head(4, samples, &[Cue { at: 1, label: "paused" }]));
        }
        assert!(matches!(repair(&mut Cursor::new(vec![0; HEAD])), Err(Error::Foreign)));
        assert!(matches!(repair(&mut Cursor::new(b"RIFF".to_vec())), Err(Error::Foreign)));
    }
}
