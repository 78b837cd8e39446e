//! What a test caller hears: RTP laid on one line of time, then described in pieces, and compared with a prompt. Pure.

use crate::audio::g711::{self, ALAW_SILENCE};
use crate::audio::{RATE, level};
use crate::rtp::Header;
use crate::sdp::{PCMA, PCMU};
use serde::Serialize;

/// Described in pieces of so many samples: 100 ms.
const BLOCK: usize = 800;
/// Coverage is known by so many samples: 10 ms.
const CELL: usize = 80;
/// A stream further from its arrival than this begins anew, samples.
const ASTRAY: i64 = 4000;
/// Softer than this is silence, dBFS.
const SILENCE: f64 = -50.0;
/// Pauses up to this belong to speech, blocks.
const BREATH: usize = 5;
/// Pitches that differ less are one tone, Hz.
const SAME_PITCH: f64 = 15.0;

/// What was heard, from the first packet on.
#[derive(Debug)]
pub struct Hearing {
    alaw: Vec<u8>,
    covered: Vec<bool>,
    stream: Option<Stream>,
    /// Longest that is kept, samples.
    most: usize,
    /// Packets taken.
    pub packets: u64,
    /// Streams (SSRCs) heard.
    pub streams: u32,
    /// µs monotonic of the first packet.
    pub first: Option<u64>,
}

#[derive(Debug, Clone, Copy)]
struct Stream {
    ssrc: u32,
    timestamp: u32,
    /// Where that timestamp lies, samples from the first packet.
    at: i64,
}

/// A piece of what was heard.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Piece {
    /// Begin, ms after the first packet.
    pub from_ms: u64,
    /// End.
    pub to_ms: u64,
    /// What it is.
    pub kind: Kind,
    /// Hz of a tone.
    pub hertz: Option<f64>,
    /// Level, dBFS; `None` for digital silence and gaps.
    pub dbfs: Option<f64>,
}

/// What a piece is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// No packets.
    Gap,
    /// Packets without sound.
    Silence,
    /// One steady pitch.
    Tone,
    /// Anything else that sounds.
    Voice,
}

/// A prompt found in what was heard.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Found {
    /// Begin, ms after the first packet; negative if its beginning is missing.
    pub from_ms: i64,
    /// Share of it that was heard as it is, 0 to 1.
    pub share: f64,
}

impl Hearing {
    /// Keeps at most so many seconds.
    #[must_use]
    pub fn new(seconds: u32) -> Self {
        let most = seconds as usize * RATE as usize;
        Self { alaw: Vec::new(), covered: Vec::new(), stream: None, most, packets: 0, streams: 0, first: None }
    }

    /// Takes a packet that arrived at `now`, µs monotonic. Other payloads than G.711 are passed over.
    pub fn hear(&mut self, header: Header, payload: &[u8], now: u64) {
        if header.payload_type != PCMA && header.payload_type != PCMU || payload.is_empty() {
            return;
        }
        self.packets += 1;
        let first = *self.first.get_or_insert(now);
        let arrival = ((now - first) / 125) as i64;
        let expected = self.stream.filter(|s| s.ssrc == header.ssrc).map(|s| {
            let ahead = header.timestamp.wrapping_sub(s.timestamp).cast_signed();
            s.at + i64::from(ahead)
        });
        if self.stream.is_none_or(|s| s.ssrc != header.ssrc) {
            self.streams += 1;
        }
        let at = expected.filter(|at| (at - arrival).abs() <= ASTRAY).unwrap_or(arrival);
        self.stream = Some(Stream { ssrc: header.ssrc, timestamp: header.timestamp, at });
        let Some(start) = usize::try_from(at).ok().filter(|s| s + payload.len() <= self.most) else { return };
        let end = start + payload.len();
        if self.alaw.len() < end {
            self.alaw.resize(end, ALAW_SILENCE);
            self.covered.resize(end.div_ceil(CELL), false);
        }
        let place = self.alaw.get_mut(start..end).unwrap_or_default();
        place.copy_from_slice(payload);
        if header.payload_type == PCMU {
            g711::ulaw_to_alaw(place);
        }
        let cells = self.covered.get_mut(start / CELL..end.div_ceil(CELL)).unwrap_or_default();
        cells.fill(true);
    }

    /// All of it as A-law.
    #[must_use]
    pub fn alaw(&self) -> &[u8] {
        &self.alaw
    }

    /// Level of all of it, dBFS; `None` for nothing or digital silence.
    #[must_use]
    pub fn dbfs(&self) -> Option<f64> {
        finite(level::rms_dbfs(&self.samples()))
    }

    fn samples(&self) -> Vec<i16> {
        self.alaw.iter().map(|b| g711::alaw_decode(*b)).collect()
    }

    /// What was heard, piece by piece.
    #[must_use]
    pub fn pieces(&self) -> Vec<Piece> {
        let samples = self.samples();
        let mut blocks: Vec<(Kind, f64)> = samples
            .chunks(BLOCK)
            .enumerate()
            .map(|(i, block)| {
                let cells = self.covered.get(i * BLOCK / CELL..).unwrap_or_default();
                let cells = &cells[..cells.len().min(block.len().div_ceil(CELL))];
                let there = cells.iter().filter(|c| **c).count();
                if there * 2 < cells.len() { (Kind::Gap, 0.0) } else { classify(block) }
            })
            .collect();
        join(&mut blocks);
        let mut pieces = Vec::new();
        let mut start = 0;
        while let Some((kind, pitch)) = blocks.get(start).copied() {
            let alike = |b: &&(Kind, f64)| b.0 == kind && (b.1 - pitch).abs() <= SAME_PITCH;
            let run = blocks.iter().skip(start).take_while(alike).count().max(1);
            let (from, to) = (start * BLOCK, ((start + run) * BLOCK).min(samples.len()));
            let sound = samples.get(from..to).unwrap_or_default();
            pieces.push(Piece {
                from_ms: (from / 8) as u64,
                to_ms: (to / 8) as u64,
                kind,
                hertz: (kind == Kind::Tone).then(|| level::dominant_frequency(sound)).flatten(),
                dbfs: finite(level::rms_dbfs(sound)).filter(|_| kind != Kind::Gap),
            });
            start += run;
        }
        pieces
    }

    /// Looks for a prompt: where it begins, and how much of it was heard sample for sample (up to coding).
    #[must_use]
    pub fn find(&self, prompt: &[u8]) -> Option<Found> {
        let heard = self.samples();
        let wanted: Vec<i16> = prompt.iter().map(|b| g711::alaw_decode(*b)).collect();
        // The loudest 100 ms of a second is the least likely to be mistaken; where that was lost, the next second's.
        let energy = |part: &[i16]| part.iter().map(|s| i64::from(*s).pow(2)).sum::<i64>();
        let offset = wanted.chunks(RATE as usize).take(6).enumerate().find_map(|(second, part)| {
            let (block, key) = part.chunks_exact(BLOCK).enumerate().max_by_key(|(_, part)| energy(part))?;
            let (at, _) = best(&heard, key).filter(|(_, score)| *score >= 0.9)?;
            Some(at as i64 - (second * RATE as usize + block * BLOCK) as i64)
        })?;
        let (mut same, mut all) = (0usize, 0usize);
        for (i, part) in wanted.chunks_exact(CELL * 2).enumerate() {
            // Silence proves nothing: only what sounds counts.
            if level::rms_dbfs(part) < SILENCE {
                continue;
            }
            all += 1;
            let from = usize::try_from(offset + (i * CELL * 2) as i64).ok();
            let there = from.and_then(|f| heard.get(f..f + part.len()));
            same += usize::from(there.is_some_and(|there| likeness(there, part) > 0.9));
        }
        Some(Found { from_ms: offset / 8, share: same as f64 / all.max(1) as f64 })
    }
}

fn finite(db: f64) -> Option<f64> {
    db.is_finite().then(|| (db * 10.0).round() / 10.0)
}

fn classify(block: &[i16]) -> (Kind, f64) {
    if level::rms_dbfs(block) < SILENCE {
        return (Kind::Silence, 0.0);
    }
    // Coarse first: the window's main lobe is ±20 Hz wide at 100 ms.
    let strongest = |pitches: &mut dyn Iterator<Item = u32>| {
        let powers = pitches.map(|f| (f64::from(f), level::power_at(block, f64::from(f))));
        powers.max_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((0.0, 0.0))
    };
    let (coarse, _) = strongest(&mut (50..3950).step_by(10));
    let (pitch, power) = strongest(&mut ((coarse as u32).saturating_sub(9)..coarse as u32 + 10));
    let n = block.len() as f64;
    let square = block.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / n;
    // A pure sine of amplitude a under a Hann window gives (a·n/4)² at its pitch, and a²/2 as mean square.
    let purity = power / (n * n / 16.0) / (2.0 * square);
    if purity > 0.85 { (Kind::Tone, pitch) } else { (Kind::Voice, 0.0) }
}

/// Pauses and single pure vowels inside speech are speech; the ragged end of a tone is the tone.
fn join(blocks: &mut [(Kind, f64)]) {
    let runs = |blocks: &[(Kind, f64)]| {
        let mut runs: Vec<(usize, usize)> = Vec::new();
        for (i, block) in blocks.iter().enumerate() {
            match runs.last_mut() {
                Some((from, length))
                    if blocks[*from].0 == block.0 && (blocks[*from].1 - block.1).abs() <= SAME_PITCH =>
                {
                    *length += 1;
                }
                _ => runs.push((i, 1)),
            }
        }
        runs
    };
    for most in [(Kind::Voice, 1, Kind::Tone), (Kind::Tone, 2, Kind::Voice), (Kind::Silence, BREATH, Kind::Voice)] {
        let (kind, longest, host) = most;
        let found = runs(blocks);
        for (i, (from, length)) in found.iter().copied().enumerate() {
            let beside = |j: Option<usize>| j.and_then(|j| found.get(j)).map(|(f, _)| blocks[*f]);
            let (before, after) = (beside(i.checked_sub(1)), beside(Some(i + 1)));
            let fits = |b: Option<(Kind, f64)>| b.filter(|b| b.0 == host);
            // A breath has speech on both sides; a ragged edge touches its tone on one.
            let host_block = match kind {
                Kind::Voice => fits(before).or(fits(after)),
                Kind::Silence => fits(before).and(fits(after)),
                _ => fits(before).or(fits(after)),
            };
            if let Some(block) = host_block.filter(|_| blocks[from].0 == kind && length <= longest) {
                blocks[from..from + length].fill(block);
            }
        }
    }
}

/// Where `key` is heard best, and how alike it is there.
fn best(heard: &[i16], key: &[i16]) -> Option<(usize, f64)> {
    // A look at every other sample first, then at all of them in the likeliest places.
    let sparse: Vec<i16> = key.iter().copied().step_by(2).collect();
    let mut likely: Vec<(usize, f64)> = (0..heard.len().checked_sub(key.len())? + 1)
        .map(|at| {
            let there = heard.get(at..at + key.len()).unwrap_or_default();
            (at, correlate(there.iter().copied().step_by(2), &sparse))
        })
        .filter(|(_, score)| *score > 0.5)
        .collect();
    likely.sort_by(|a, b| b.1.total_cmp(&a.1));
    likely.truncate(64);
    let exact = |(at, _): &(usize, f64)| heard.get(*at..at + key.len()).map(|there| (*at, likeness(there, key)));
    likely.iter().filter_map(exact).max_by(|a, b| a.1.total_cmp(&b.1))
}

fn likeness(a: &[i16], b: &[i16]) -> f64 {
    correlate(a.iter().copied(), b)
}

/// Normalised correlation, −1 to 1.
fn correlate(a: impl Iterator<Item = i16>, b: &[i16]) -> f64 {
    let (mut ab, mut aa, mut bb) = (0i64, 0i64, 0i64);
    for (x, y) in a.zip(b) {
        let (x, y) = (i64::from(x), i64::from(*y));
        ab += x * y;
        aa += x * x;
        bb += y * y;
    }
    ab as f64 / ((aa as f64) * (bb as f64)).sqrt().max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::tone;

    fn packet(hearing: &mut Hearing, i: u32, ssrc: u32, payload: &[u8]) {
        let header = Header { marker: false, payload_type: PCMA, sequence: i as u16, timestamp: i * 160, ssrc };
        hearing.hear(header, payload, 1_000_000 + u64::from(i) * 20_000);
    }

    fn hear(sound: &[u8], lost: std::ops::Range<u32>) -> Hearing {
        let mut hearing = Hearing::new(60);
        for (i, payload) in (0u32..).zip(sound.chunks(160)).filter(|(i, _)| !lost.contains(i)) {
            packet(&mut hearing, i, 7, payload);
        }
        hearing
    }

    fn told(hearing: &Hearing) -> Vec<(u64, u64, Kind, Option<f64>)> {
        hearing.pieces().into_iter().map(|p| (p.from_ms, p.to_ms, p.kind, p.hertz)).collect()
    }

    /// Noise that is no tone, from a fixed seed.
    fn noise(samples: usize) -> Vec<u8> {
        let mut state = 1u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            g711::alaw_encode((state >> 18) as i16 - 8192)
        };
        (0..samples).map(|_| next()).collect()
    }

    #[test]
    fn ringback_is_a_second_of_450_hz_and_four_of_silence() {
        let hearing = hear(&tone::cadence(tone::RINGBACK), 0..0);
        assert_eq!(told(&hearing), [(0, 1000, Kind::Tone, Some(450.0)), (1000, 5000, Kind::Silence, None)]);
    }

    #[test]
    fn a_hole_is_told_and_lies_where_it_was() {
        let hearing = hear(&noise(16_000), 40..60);
        let pieces = told(&hearing);
        assert_eq!(
            pieces,
            [(0, 800, Kind::Voice, None), (800, 1200, Kind::Gap, None), (1200, 2000, Kind::Voice, None)]
        );
    }

    #[test]
    fn another_stream_goes_on_at_its_arrival() {
        let mut hearing = Hearing::new(60);
        for i in 0..10 {
            packet(&mut hearing, i, 1, &noise(160));
        }
        let header = Header { marker: true, payload_type: PCMA, sequence: 9, timestamp: 0xFFFF_0000, ssrc: 2 };
        hearing.hear(header, &noise(160), 1_000_000 + 500_000);
        assert_eq!((hearing.streams, hearing.alaw().len()), (2, 4000 + 160));
    }

    #[test]
    fn a_prompt_is_found_where_it_begins_and_its_share_is_told() {
        let prompt = noise(16_000);
        let mut sound = tone::cadence(tone::BUSY);
        let begin = sound.len() as i64 / 8;
        sound.extend(&prompt);
        sound.extend(tone::cadence(tone::BUSY));
        assert_eq!(hear(&sound, 0..0).find(&prompt), Some(Found { from_ms: begin, share: 1.0 }));
        let cut = hear(&sound, 35..60).find(&prompt).unwrap();
        assert!(cut.from_ms == begin && (0.70..0.80).contains(&cut.share), "{cut:?}");
        assert_eq!(hear(&tone::cadence(tone::RINGBACK), 0..0).find(&prompt), None);
    }

    #[test]
    fn a_stranger_cannot_fill_the_memory() {
        let mut hearing = Hearing::new(1);
        for ssrc in 0..100 {
            let header = Header { marker: false, payload_type: 8, sequence: 0, timestamp: 0, ssrc };
            hearing.hear(header, &[0; 160], u64::from(ssrc) * 60_000_000);
        }
        assert!(hearing.alaw().len() <= 8000);
    }
}
