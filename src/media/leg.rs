//! One leg as the engine sees it: what it hears, who hears it, what has come in and gone out.

use super::conference::Mix;
use super::crossing::Crossing;
use super::ear::Ear;
use super::latch::Latch;
use super::outgoing::Outgoing;
use super::report::Reports;
use crate::audio::dtmf::Detector;
use crate::audio::{g711, tone};
use crate::patch::{Clip, Codec, Epoch, PlayId, Remote, Stats, Tone};
use crate::rtp::Statistics;
use crate::rtp::telephone_event::{Press, Presses};
use smallvec::SmallVec;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;

/// Samples of the longest packet: 60 ms.
pub const LONGEST_FRAME: usize = 480;
/// Keys that may wait to be sent on one leg.
const WAITING_KEYS: usize = 64;

/// What a leg hears, with the place it has reached.
#[derive(Debug, Default)]
pub enum Hears {
    /// Nothing.
    #[default]
    Nothing,
    /// A tone in a circle.
    Tone {
        /// Which.
        tone: Tone,
        /// Next sample.
        at: usize,
    },
    /// Clips in a row.
    Play {
        /// Its name.
        play: PlayId,
        /// The clips.
        clips: Arc<[Clip]>,
        /// Begin again at the end.
        repeat: bool,
        /// Which clip.
        clip: usize,
        /// Next sample of it.
        at: usize,
    },
    /// Another leg, by index on this thread.
    Leg(u32),
    /// Several.
    Mix(Box<Mix>),
}

/// What a step of the sound came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filled {
    /// The frame is full, more follows.
    More,
    /// The frame holds the last sample.
    Last(PlayId),
    /// There was not one sample left.
    Over(PlayId),
    /// This source is not played to a tick.
    Silent,
    /// Voices, not a sound of the engine's own.
    Mixed,
}

/// Keys on their way out on one leg; while there are any, they have the word.
#[derive(Debug, Default)]
pub struct Digits {
    /// Event codes still to be sent.
    pub queue: VecDeque<u8>,
    /// The one being sent.
    pub current: Sending,
}

/// How far the present key is.
#[derive(Debug, Default)]
pub enum Sending {
    /// None is being sent.
    #[default]
    Idle,
    /// In-band: tone, then pause; next sample of the two together.
    Tone(u8, usize),
    /// RFC 4733: the press, the timestamp of its beginning, and when the next key may begin (µs).
    Event(Press, u32, u64),
}

/// One port's leg. Closed ones are kept in their place, empty.
#[derive(Debug, Default)]
pub struct Leg {
    /// Leased now.
    pub open: bool,
    /// Which lease.
    pub epoch: Epoch,
    /// What was agreed.
    pub remote: Option<Remote>,
    /// The last RTP address that SDP named.
    pub named: Option<SocketAddr>,
    /// From where it really sends, if not from there (NAT); kept until SDP names another address.
    pub learnt: Option<SocketAddr>,
    /// Whose RTP is believed.
    pub latch: Latch,
    /// The socket is connected.
    pub connected: bool,
    /// Where RTP goes.
    pub to: Option<SocketAddr>,
    /// Where RTCP goes.
    pub rtcp_to: Option<SocketAddr>,
    /// What it hears.
    pub hears: Hears,
    /// Who hears it, by index.
    pub listeners: SmallVec<[u32; 2]>,
    /// Who hears it in a mix, by index.
    pub mixers: SmallVec<[u32; 2]>,
    /// Which recording it is in.
    pub tape: Option<u32>,
    /// What those hear of it.
    pub ear: Option<Box<Ear>>,
    /// Keys pressed on it are reported and go no further.
    pub secret: bool,
    /// The stream that it is sent.
    pub out: Outgoing,
    /// Its slot in the wheel; 0 when it is not played to.
    pub due: u64,
    /// When something was last believed from it, µs.
    pub heard_at: u64,
    /// RTP or RTCP of it has been believed in this lease.
    pub spoke: bool,
    /// Loss and jitter.
    pub heard: Statistics,
    /// RTP packets believed.
    pub received: u64,
    /// Packets dropped.
    pub refused: u64,
    /// Counts key presses by telephone-event.
    pub presses: Presses,
    /// Listens for keys in the sound, where telephone-event was not negotiated.
    pub detector: Option<Box<Detector>>,
    /// The press (SSRC and timestamp) that it was last sent as a press of our own: what is relayed of it later is left out.
    pub taken: Option<(u32, u32)>,
    /// Keys being sent.
    pub digits: Option<Box<Digits>>,
    /// RTCP.
    pub reports: Reports,
}

impl Leg {
    /// What the lease carried.
    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats {
            received: self.received,
            sent: self.out.packets,
            lost: self.heard.lost(),
            jitter_us: self.heard.jitter_us(),
            refused: self.refused,
            reported_lost: self.reports.lost,
        }
    }

    /// Codec of the leg.
    #[inline]
    pub fn codec(&self) -> Codec {
        self.remote.as_ref().map_or(Codec::Pcma, |r| r.codec)
    }

    /// Payload type of telephone-event on the leg.
    #[inline]
    pub fn telephone_event(&self) -> Option<u8> {
        self.remote.as_ref().and_then(|r| r.telephone_event)
    }

    /// Packet time towards the other side: whole tens of ms, 10–60.
    pub fn ptime(&self) -> usize {
        self.remote.as_ref().map_or(20, |r| usize::from(r.ptime / 10).clamp(1, 6) * 10)
    }

    /// Whether there is anything to be sent on the tick, and someone agreed to get it.
    pub fn plays(&self) -> bool {
        let sound = matches!(self.hears, Hears::Tone { .. } | Hears::Play { .. } | Hears::Mix(_));
        self.remote.is_some() && (sound || self.digits.is_some())
    }

    /// Whether it is on its way into a mix.
    pub fn crosses(&self) -> bool {
        matches!(&self.hears, Hears::Mix(mix) if mix.crossing.is_some_and(Crossing::arrives))
    }

    /// Puts a key at the end of those to be sent; counted as refused when too many wait.
    pub fn press(&mut self, code: u8) {
        let digits = self.digits.get_or_insert_default();
        if digits.queue.len() < WAITING_KEYS {
            digits.queue.push_back(code);
        } else {
            self.refused += 1;
        }
    }
}

/// The sounds of the engine itself, made once.
#[derive(Debug)]
pub struct Sounds {
    ringback: Vec<u8>,
    busy: Vec<u8>,
    congestion: Vec<u8>,
    reminder: Vec<u8>,
    keys: Vec<Vec<u8>>,
}

/// How long a key sounds, ms.
pub const KEY: u32 = 100;
/// How long the pause after it is, ms.
pub const PAUSE: u32 = 60;

impl Default for Sounds {
    fn default() -> Self {
        let keys = tone::KEYS.iter().filter_map(|k| {
            let mut sound = tone::key(*k, KEY)?;
            sound.resize(((KEY + PAUSE) * 8) as usize, g711::ALAW_SILENCE);
            Some(sound)
        });
        Self {
            ringback: tone::cadence(tone::RINGBACK),
            busy: tone::cadence(tone::BUSY),
            congestion: tone::cadence(tone::CONGESTION),
            reminder: tone::reminder(),
            keys: keys.collect(),
        }
    }
}

impl Sounds {
    fn tone(&self, tone: Tone) -> &[u8] {
        match tone {
            Tone::Ringback => &self.ringback,
            Tone::Busy => &self.busy,
            Tone::Congestion => &self.congestion,
            Tone::Reminder => &self.reminder,
        }
    }

    /// Fills a frame with a key's sound from sample `at` on; true while more follows.
    pub fn key(&self, code: u8, at: usize, frame: &mut [u8]) -> bool {
        let sound = self.keys.get(usize::from(code)).map_or(&[][..], Vec::as_slice);
        let rest = sound.get(at..).unwrap_or(&[]);
        let n = rest.len().min(frame.len());
        let (head, tail) = frame.split_at_mut(n);
        head.copy_from_slice(&rest[..n]);
        tail.fill(g711::ALAW_SILENCE);
        rest.len() > n
    }

    /// Fills a frame with A-law from what is heard and moves its place on.
    pub fn fill(&self, hears: &mut Hears, frame: &mut [u8]) -> Filled {
        match hears {
            Hears::Nothing | Hears::Leg(_) => Filled::Silent,
            Hears::Mix(_) => Filled::Mixed,
            Hears::Tone { tone, at } => {
                let circle = self.tone(*tone);
                let mut done = 0;
                while done < frame.len() {
                    let rest = circle.get(*at..).unwrap_or(&[]);
                    let n = rest.len().min(frame.len() - done);
                    frame[done..done + n].copy_from_slice(&rest[..n]);
                    done += n;
                    *at = if *at + n >= circle.len() { 0 } else { *at + n };
                }
                Filled::More
            }
            Hears::Play { play, clips, repeat, clip, at } => {
                let filled = fill_from(clips, *repeat, (clip, at), frame);
                frame[filled..].fill(g711::ALAW_SILENCE);
                let over = !*repeat && *clip >= clips.len();
                match (filled, over) {
                    (0, _) => Filled::Over(*play),
                    (_, true) => Filled::Last(*play),
                    (_, false) => Filled::More,
                }
            }
        }
    }
}

/// Copies clips one after the other without a gap; how much of the frame has sound in it. Afterwards the place is
/// never at the end of a clip, so that the last frame is known as such.
fn fill_from(clips: &[Clip], repeat: bool, place: (&mut usize, &mut usize), frame: &mut [u8]) -> usize {
    let (clip, at) = place;
    let mut done = 0;
    let mut empty = 0;
    loop {
        let Some(sound) = clips.get(*clip) else {
            if !repeat || clips.is_empty() {
                return done;
            }
            *clip = 0;
            continue;
        };
        let rest = sound.alaw.get(*at..).unwrap_or(&[]);
        if rest.is_empty() {
            (*clip, *at) = (*clip + 1, 0);
            empty += 1;
            if empty > 2 * clips.len() + 2 {
                return done;
            }
            continue;
        }
        if done == frame.len() {
            return done;
        }
        empty = 0;
        let n = rest.len().min(frame.len() - done);
        frame[done..done + n].copy_from_slice(&rest[..n]);
        done += n;
        *at += n;
    }
}
