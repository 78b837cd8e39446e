//! A recording as it lies on the disk: who is on which channel, and when.

use super::sound::is_tone;
use std::path::Path;
use switchboard::audio::tracks::{HEAD, Sheet};
use switchboard::audio::{g711, level};

/// 100 ms.
const PIECE: usize = 800;

/// A recording, read to its end.
#[derive(Debug)]
pub struct Tape {
    pub sheet: Sheet,
    channels: Vec<Vec<i16>>,
}

/// What is on a channel in a tenth of a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece {
    Silent,
    /// One tone and nothing else, Hz.
    Tone(u32),
    /// Anything else: a tone that begins or ends, or two.
    Other,
}

impl Tape {
    pub fn read(path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let sheet = Sheet::read(&mut std::io::Cursor::new(&bytes)).unwrap();
        let count = sheet.channels.len();
        let one = |c: usize| bytes[HEAD..].iter().skip(c).step_by(count).map(|b| g711::alaw_decode(*b)).collect();
        Self { channels: (0..count).map(one).collect(), sheet }
    }

    /// A channel by tenths of a second.
    pub fn pieces(&self, channel: usize, tones: &[f64]) -> Vec<Piece> {
        let piece = |samples: &[i16]| {
            if level::rms_dbfs(samples) < -60.0 {
                return Piece::Silent;
            }
            tones.iter().find(|f| is_tone(samples, **f)).map_or(Piece::Other, |f| Piece::Tone(*f as u32))
        };
        self.channels[channel].chunks_exact(PIECE).map(piece).collect()
    }

    /// On this channel there is, from and to these ms, this tone and nothing else, and before and after that nothing; but for
    /// half a second at either edge. At most `breaks` tenths of it may be something else: this machine is busy.
    pub fn has(&self, channel: usize, hertz: f64, from: u64, to: u64, breaks: usize) {
        let pieces = self.pieces(channel, &[hertz]);
        let (from, to) = ((from / 100) as usize, (to / 100) as usize);
        let near = |at: usize, edge: usize| at.abs_diff(edge) <= 5;
        let mut broken = Vec::new();
        for (at, piece) in pieces.iter().enumerate().filter(|(at, _)| !near(*at, from) && !near(*at, to)) {
            let wanted = if (from..to).contains(&at) { Piece::Tone(hertz as u32) } else { Piece::Silent };
            if *piece != wanted {
                assert!(wanted != Piece::Silent, "channel {channel} has {piece:?} at {at}00 ms");
                broken.push(at);
            }
        }
        assert!(to >= from + 10, "{from}00 to {to}00 ms says nothing");
        assert!(
            broken.len() <= breaks,
            "channel {channel}, {hertz} Hz {from}00-{to}00 ms: not at {broken:?} of {pieces:?}"
        );
    }

    /// Nothing at all is on this channel.
    pub fn is_silent(&self, channel: usize) {
        let pieces = self.pieces(channel, &[]);
        assert!(pieces.iter().all(|p| *p == Piece::Silent), "channel {channel}: {pieces:?}");
    }
}
