//! Opus in Ogg (RFC 6716, RFC 7845): the one door to `ropus` and `ogg`.
//!
//! Each channel is a mono stream of its own, so that nobody's words leak into another's channel; mapping family 1 puts them
//! front left, front right, rear left, rear right: browsers play all four, mixed into two loudspeakers (family 255 names no places).
//! A packet is 60 ms of every stream, all but the last self-delimited (RFC 6716, appendix B).

use super::{Error, labels};
use crate::audio::RATE;
use crate::audio::g711::{ALAW_SILENCE, alaw_decode, alaw_encode};
use crate::audio::tracks::{Opening, fill};
use ogg::reading::{BasePacketReader, PageParser};
use ogg::{Packet, PacketWriteEndInfo, PacketWriter};
use ropus::{Application, Bitrate, Channels, DecodeMode, Signal};
use std::collections::VecDeque;
use std::io::{self, Read, Write};

/// Samples of a packet: 60 ms.
const FRAME: usize = RATE as usize * 60 / 1_000;
/// Ogg counts Opus in samples of 48 kHz.
const TICKS: u64 = 48_000 / RATE as u64;
/// Bits a second of one who speaks.
const BITRATE: u32 = 16_000;
/// 0 to 10. Speech of 8 kHz gains little from more.
const COMPLEXITY: u8 = 3;
/// Packets of a page: 3 s.
const PAGE: u64 = 50;
/// Streams of a file, as mapping family 1 knows them.
const STREAMS: u16 = 8;
/// Longest frame of a stream (RFC 6716 §3.2.1).
const LONGEST: usize = 1_275;
/// 60 ms of SILK, narrow band, mono, one frame (RFC 6716 §3.1).
const TOC: u8 = 3 << 3;
/// A frame of fewer bytes is silence, or nearly.
const SHORT: usize = 8;
/// Zeros behind a short frame.
const PADDING: usize = 8;
/// One frame, padded, of a constant rate (RFC 6716 §3.2.5).
const PADDED: u8 = 0x41;
/// One file, one stream of pages: its number says nothing.
const SERIAL: u32 = 0x5357_4244;

fn codec(what: impl std::fmt::Display) -> Error {
    Error::Codec(what.to_string())
}

/// Packs sound, A-law with the channels by turns, to its end. `each` is given what was read and says whether to go on.
/// `silent`: channels without any sound at all, which cost neither time nor room.
///
/// # Errors
/// As reading and writing fail; [`Error::Stopped`].
pub(super) fn encode(
    opening: &Opening,
    silent: &[bool],
    sound: &mut impl Read,
    to: impl Write,
    each: &mut dyn FnMut(&[u8]) -> bool,
) -> Result<(), Error> {
    let channels = usize::from(opening.channels);
    if !(1..=STREAMS).contains(&opening.channels) {
        return Err(Error::Channels(opening.channels));
    }
    let mut streams = Vec::new();
    for channel in 0..channels {
        let quiet = silent.get(channel).copied().unwrap_or(false);
        streams.push(if quiet { None } else { Some(encoder()?) });
    }
    // What the encoder adds in front, in samples of ours.
    let skip = streams.iter().flatten().next().map_or(0, |e| e.lookahead() as usize);
    let mut writer = PacketWriter::new(to);
    writer.write_packet(head(opening.channels, skip), SERIAL, PacketWriteEndInfo::EndPage, 0)?;
    writer.write_packet(tags(opening), SERIAL, PacketWriteEndInfo::EndPage, 0)?;
    let mut bytes = vec![ALAW_SILENCE; FRAME * channels];
    let (mut samples, mut ended) = (0, false);
    let mut number = 0u64;
    loop {
        let there = if ended { 0 } else { fill(sound, &mut bytes)? / channels * channels };
        let read = bytes.get(..there).unwrap_or_default();
        if !each(read) {
            return Err(Error::Stopped);
        }
        (samples, ended) = (samples + there / channels, there < bytes.len());
        bytes.iter_mut().skip(there).for_each(|byte| *byte = ALAW_SILENCE);
        let packet = packet(&mut streams, &bytes, channels)?;
        number += 1;
        let coded = number as usize * FRAME;
        let last = ended && coded >= samples + skip;
        let granule = if last { samples + skip } else { coded } as u64 * TICKS;
        let end = match number % PAGE {
            _ if last => PacketWriteEndInfo::EndStream,
            0 => PacketWriteEndInfo::EndPage,
            _ => PacketWriteEndInfo::NormalPacket,
        };
        writer.write_packet(packet, SERIAL, end, granule)?;
        if last {
            return Ok(writer.into_inner().flush()?);
        }
    }
}

fn encoder() -> Result<ropus::Encoder, Error> {
    let bitrate = Bitrate::try_bits(BITRATE).map_err(codec)?;
    let builder = ropus::Encoder::builder(RATE, Channels::Mono, Application::Voip).bitrate(bitrate).vbr(true).dtx(true);
    builder.complexity(COMPLEXITY).signal(Signal::Voice).build().map_err(codec)
}

/// 60 ms of every stream.
fn packet(streams: &mut [Option<ropus::Encoder>], sound: &[u8], channels: usize) -> Result<Vec<u8>, Error> {
    let mut packet = Vec::new();
    let last = streams.len().saturating_sub(1);
    for (channel, stream) in streams.iter_mut().enumerate() {
        let mut coded = [0; LONGEST + 1];
        let length = match stream {
            // A frame of no bytes: the decoder goes on as it was, in silence.
            None => {
                coded[0] = TOC;
                1
            }
            Some(encoder) => {
                let samples: Vec<i16> =
                    sound.iter().skip(channel).step_by(channels).map(|byte| alaw_decode(*byte)).collect();
                encoder.encode(&samples, &mut coded).map_err(codec)?
            }
        };
        let (Some((toc, frame)), true) = (coded.get(..length).and_then(<[u8]>::split_first), coded[0] & 3 == 0) else {
            return Err(codec("the encoder gave a packet of several frames"));
        };
        if channel < last {
            put_stream(*toc, frame, &mut packet);
        } else {
            packet.push(*toc);
            packet.extend(frame);
        }
    }
    Ok(packet)
}

/// One stream, self-delimited. An encoder leaves zeros at a frame's end out, and a decoder has to put them there again; that of
/// ffmpeg reads on into the next stream instead, and makes noise of it. So zeros stand behind each frame: one within it, which is
/// too few to mean anything (RFC 6716 §4.5.1), and where so little is left that more are missing, as padding of the packet.
fn put_stream(toc: u8, frame: &[u8], to: &mut Vec<u8>) {
    let only_silk = toc >> 3 < 12;
    if only_silk && frame.len() >= SHORT {
        to.push(toc);
        put_length(frame.len() + 1, to);
        to.extend(frame);
        to.push(0);
    } else {
        to.extend([toc | 3, PADDED, PADDING as u8]);
        put_length(frame.len(), to);
        to.extend(frame);
        to.extend([0; PADDING]);
    }
}

/// A stream's TOC of one frame, the frame, and what follows.
fn take_stream(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (toc, rest) = bytes.split_first()?;
    let (padding, rest) = match toc & 3 {
        0 => (0, rest),
        3 => (PADDING, rest.strip_prefix(&[PADDED, PADDING as u8])?),
        _ => return None,
    };
    let (length, rest) = take_length(rest)?;
    let (frame, rest) = rest.split_at_checked(length)?;
    Some((toc & !3, frame, rest.get(padding..)?))
}

/// RFC 6716 §3.2.1.
fn put_length(length: usize, to: &mut Vec<u8>) {
    if length < 252 {
        to.push(length as u8);
    } else {
        let first = 252 + (length & 3);
        to.extend([first as u8, ((length - first) >> 2) as u8]);
    }
}

/// The length in front, and what follows it.
fn take_length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    match bytes {
        [first @ ..252, rest @ ..] => Some((usize::from(*first), rest)),
        [first, second, rest @ ..] => Some((usize::from(*second) * 4 + usize::from(*first), rest)),
        _ => None,
    }
}

/// RFC 7845 §5.1.
fn head(channels: u16, skip: usize) -> Vec<u8> {
    let mut head = b"OpusHead\x01".to_vec();
    head.push(channels as u8);
    head.extend(((skip as u64 * TICKS) as u16).to_le_bytes());
    head.extend(RATE.to_le_bytes());
    head.extend(0u16.to_le_bytes());
    head.extend([1, channels as u8, 0]);
    head.extend(0..channels as u8);
    head
}

/// RFC 7845 §5.2.
fn tags(opening: &Opening) -> Vec<u8> {
    let mut tags = b"OpusTags".to_vec();
    let mut text = |text: &str| {
        tags.extend((text.len() as u32).to_le_bytes());
        tags.extend(text.as_bytes());
    };
    text("ropus");
    let all = labels::all(opening);
    let count = all.len() as u32;
    let mut comments = Vec::new();
    for (name, value) in all {
        let comment = format!("{name}={value}");
        comments.extend((comment.len() as u32).to_le_bytes());
        comments.extend(comment.as_bytes());
    }
    tags.extend(count.to_le_bytes());
    tags.extend(comments);
    tags
}

/// Every comment of `OpusTags`.
fn comments(mut tags: &[u8]) -> Option<Vec<String>> {
    let word = |tags: &mut &[u8]| {
        let (word, rest) = tags.split_first_chunk::<4>()?;
        *tags = rest;
        Some(u32::from_le_bytes(*word) as usize)
    };
    tags = tags.strip_prefix(b"OpusTags")?;
    let vendor = word(&mut tags)?;
    tags = tags.get(vendor..)?;
    let count = word(&mut tags)?;
    let mut all = Vec::new();
    for _ in 0..count.min(64) {
        let length = word(&mut tags)?;
        let (text, rest) = tags.split_at_checked(length)?;
        all.push(String::from_utf8_lossy(text).into_owned());
        tags = rest;
    }
    Some(all)
}

/// Reads packets out of pages, of a file that need not be one that can be wound.
struct Pages<R: Read> {
    from: R,
    packets: BasePacketReader,
    ended: bool,
}

impl<R: Read> Pages<R> {
    fn next(&mut self) -> io::Result<Option<Packet>> {
        let bad = |e: ogg::reading::OggReadError| io::Error::new(io::ErrorKind::InvalidData, format!("{e:?}"));
        loop {
            if let Some(packet) = self.packets.read_packet() {
                self.ended |= packet.last_in_stream();
                return Ok(Some(packet));
            }
            let mut head = [0; 27];
            let there = fill(&mut self.from, &mut head)?;
            if there == 0 {
                // Without its last packet a file was cut off between two pages.
                return if self.ended { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
            }
            if there < head.len() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let (mut page, segments) = PageParser::new(head).map_err(bad)?;
            let mut table = vec![0; segments];
            self.from.read_exact(&mut table)?;
            let mut body = vec![0; page.parse_segments(table)];
            self.from.read_exact(&mut body)?;
            let page = page.parse_packet_data(body).map_err(bad)?;
            self.packets.push_page(page).map_err(bad)?;
        }
    }
}

/// The sound of an Opus file: A-law, the channels by turns.
pub(super) struct Decoder<R: Read> {
    pages: Pages<R>,
    streams: Vec<ropus::Decoder>,
    /// Samples in front that are not the recording's.
    skip: usize,
    /// Samples given, the ones in front included.
    done: u64,
    ready: VecDeque<u8>,
}

impl<R: Read> Decoder<R> {
    /// # Errors
    /// [`Error::Foreign`] for a file that this switchboard has not made, or as reading fails.
    pub fn new(from: R) -> Result<(Opening, Self), Error> {
        let mut pages = Pages { from, packets: BasePacketReader::new(), ended: false };
        let mut packet = || pages.next().map_err(Error::foreign)?.ok_or(Error::Foreign);
        let (head, tags) = (packet()?.data, packet()?.data);
        let comments = comments(&tags).ok_or(Error::Foreign)?;
        let value = |name: &str| {
            comments.iter().find_map(|c| c.split_once('=').filter(|(n, _)| *n == name).map(|(_, v)| v.to_owned()))
        };
        let [b'O', b'p', b'u', b's', b'H', b'e', b'a', b'd', 1, channels @ 1..=8, low, high, ..] = *head else {
            return Err(Error::Foreign);
        };
        let skip = u16::from_le_bytes([low, high]);
        if head.get(18..21) != Some(&[1, channels, 0][..]) {
            return Err(Error::Foreign);
        }
        let opening = Opening { channels: u16::from(channels), cues: labels::cues(value) };
        let stream = |_| ropus::Decoder::new(RATE, Channels::Mono).map_err(codec);
        let streams = (0..channels).map(stream).collect::<Result<_, _>>()?;
        let skip = (u64::from(skip) / TICKS) as usize;
        Ok((opening, Self { pages, streams, skip, done: 0, ready: VecDeque::new() }))
    }

    /// Decodes a packet; false at the end.
    fn more(&mut self) -> io::Result<bool> {
        let bad = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
        let Some(packet) = self.pages.next()? else { return Ok(false) };
        let (mut rest, last) = (&packet.data[..], self.streams.len() - 1);
        let mut channels = Vec::with_capacity(self.streams.len());
        for (channel, stream) in self.streams.iter_mut().enumerate() {
            let one = if channel < last {
                take_stream(rest)
            } else {
                rest.split_first().map(|(toc, frame)| (*toc, frame, &[][..]))
            };
            let (toc, frame, after) = one.ok_or_else(|| bad("a packet is cut off"))?;
            let mut samples = vec![0i16; FRAME];
            let one = [&[toc][..], frame].concat();
            let count = stream.decode(&one, &mut samples, DecodeMode::Normal).map_err(|e| bad(&e.to_string()))?;
            if count != FRAME {
                return Err(bad("a frame is not of 60 ms"));
            }
            channels.push(samples);
            rest = after;
        }
        let begin = self.skip.saturating_sub(self.done as usize).min(FRAME);
        let total = if packet.last_in_stream() { packet.absgp_page() / TICKS } else { u64::MAX };
        let end = total.saturating_sub(self.done).min(FRAME as u64) as usize;
        for at in begin..end {
            self.ready.extend(channels.iter().filter_map(|c| c.get(at)).map(|sample| alaw_encode(*sample)));
        }
        self.done += FRAME as u64;
        Ok(true)
    }
}

impl<R: Read> Read for Decoder<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        while self.ready.is_empty() {
            if !self.more()? {
                return Ok(0);
            }
        }
        self.ready.read(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::tracks::{Cue, Sheet};

    fn pack(opening: &Opening, silent: &[bool], sound: &[u8]) -> Vec<u8> {
        let mut packed = Vec::new();
        encode(opening, silent, &mut &*sound, &mut packed, &mut |_| true).unwrap();
        packed
    }

    fn unpack(packed: &[u8]) -> Result<(Opening, Vec<u8>), Error> {
        let (opening, mut decoder) = Decoder::new(packed)?;
        let mut back = Vec::new();
        decoder.read_to_end(&mut back)?;
        Ok((opening, back))
    }

    /// Tones of these heights in Hz, one a channel, 0 for none.
    fn tones(heights: &[f64], samples: usize) -> Vec<u8> {
        let one = |at: usize, hertz: f64| {
            let turn = at as f64 * hertz * std::f64::consts::TAU / f64::from(RATE);
            if hertz == 0.0 { ALAW_SILENCE } else { alaw_encode((turn.sin() * 8_000.0) as i16) }
        };
        (0..samples).flat_map(|at| heights.iter().map(move |hertz| one(at, *hertz))).collect()
    }

    #[test]
    fn each_channel_comes_back_alone_with_its_length_and_the_cues() {
        let opening = Opening { channels: 4, cues: vec![Cue { at: 8_000, label: "paused" }] };
        for samples in [0, 1, FRAME - 53, FRAME, 20_011] {
            let sound = tones(&[700.0, 0.0, 1_100.0, 0.0], samples);
            // The last is silent, and nobody said so.
            let packed = pack(&opening, &[false, true, false, false], &sound);
            let (read, back) = unpack(&packed).unwrap();
            assert_eq!((&read, back.len()), (&opening, sound.len()), "{samples} samples");
            if samples < RATE as usize {
                continue;
            }
            let sheet = Sheet::gather(&read, &mut &*back).unwrap();
            let levels: Vec<f64> = sheet.channels.iter().map(|c| c.level_dbfs).collect();
            assert!((levels[0] + 15.3).abs() < 2.0 && (levels[2] + 15.3).abs() < 2.0, "{levels:?}");
            assert_eq!((levels[1], levels[3]), (f64::NEG_INFINITY, f64::NEG_INFINITY));
        }
    }

    #[test]
    fn it_begins_when_the_sound_does() {
        let mut sound = tones(&[0.0; 2], 16_000);
        let click = tones(&[900.0, 900.0], 4_000);
        sound.splice(16_000..24_000, click);
        let (_, back) = unpack(&pack(&Opening { channels: 2, cues: vec![] }, &[], &sound)).unwrap();
        let loud = |bytes: &[u8]| bytes.iter().step_by(2).position(|b| alaw_decode(*b).unsigned_abs() > 2_000).unwrap();
        assert!(loud(&back).abs_diff(loud(&sound)) <= 16, "{} {}", loud(&back), loud(&sound));
    }

    #[test]
    fn silence_is_nearly_free() {
        let minute = vec![ALAW_SILENCE; 4 * 8_000 * 60];
        let packed = pack(&Opening { channels: 4, cues: Vec::new() }, &[false; 4], &minute);
        assert!(packed.len() < 60_000, "{} bytes a minute", packed.len());
        let told = pack(&Opening { channels: 4, cues: Vec::new() }, &[true; 4], &minute);
        assert!(told.len() < 50_000, "{} bytes a minute", told.len());
    }

    #[test]
    fn lengths_of_every_size_are_read_as_they_were_written() {
        for length in 0..=LONGEST {
            let mut bytes = Vec::new();
            put_length(length, &mut bytes);
            bytes.push(7);
            assert_eq!(take_length(&bytes), Some((length, &[7][..])), "{length}");
        }
        assert!(take_length(&[]).is_none() && take_length(&[252]).is_none());
    }

    #[test]
    fn what_is_cut_or_changed_is_not_read_as_if_it_were_whole() {
        let packed = pack(&Opening { channels: 2, cues: vec![] }, &[], &tones(&[700.0, 900.0], 40_000));
        let mut changed = packed.clone();
        changed[packed.len() / 2] ^= 1;
        assert!(unpack(&changed).is_err());
        for cut in (0..packed.len()).step_by(61).chain([packed.len() - 1]) {
            assert!(unpack(&packed[..cut]).is_err(), "{cut} of {} bytes", packed.len());
        }
    }
}
