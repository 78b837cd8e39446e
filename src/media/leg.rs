//! One leg as the engine sees it: what it hears, who hears it, what has come in and gone out.

use super::frame::Frame;
use super::hears::{Crossing, Hears};
use super::latch::Latch;
use super::opus::{FAST, Opus};
use super::outgoing::Outgoing;
use super::outlet::Outlet;
use super::receiver::Receiver;
use super::sealed::Sealed;
use super::silence::{FLOWS, LATE, LONGEST};
use crate::audio::dtmf::Detector;
use crate::browser::Peer;
use crate::clock::Now;
use crate::patch::{Codec, Epoch, Packet, Remote, Reported, Stats};
use crate::rtp::telephone_event::{Press, Presses};
use crate::rtp::{HEADER, Header, Statistics, TelephoneEvent};
use smallvec::SmallVec;
use std::collections::VecDeque;
use std::net::SocketAddr;

/// Keys that may wait to be sent on one leg.
const WAITING_KEYS: usize = 64;

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

/// What RTCP remembers of a leg.
#[derive(Debug, Default)]
pub struct Reports {
    /// The name of its source (RFC 7022).
    pub cname: [u8; 16],
    /// Its timers run.
    pub running: bool,
    /// Middle of the NTP time of the other side's last SR, and when it came (µs).
    pub last_sr: Option<(u32, u64)>,
    /// Packets sent at the last report and at the one before.
    pub at_report: [u64; 2],
    /// We have shown ourselves by RTP or RTCP, so we owe a BYE (§6.3.7).
    pub shown: bool,
    /// What the other side has last said of our stream.
    pub theirs: Option<Reported>,
}

impl Reports {
    /// With a random CNAME (RFC 7022).
    pub fn new(random: u64) -> Self {
        let mut cname = [0; 16];
        for (i, c) in cname.iter_mut().enumerate() {
            let nibble = ((random >> (4 * i)) & 0xF) as u8;
            *c = if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 };
        }
        Self { cname, ..Self::default() }
    }
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
    /// Its packets are sealed and opened by these; `None`: they go in the clear.
    pub sealed: Option<Box<Sealed>>,
    /// It speaks Opus.
    pub opus: Option<Box<Opus>>,
    /// It is a browser's.
    pub web: Option<Box<Peer>>,
    /// Its keys are on their way: what it shall hear waits for them, so that no prompt begins unheard.
    pub unkeyed: bool,
    /// What it hears.
    pub hears: Hears,
    /// Who hears it, by index.
    pub listeners: SmallVec<[u32; 2]>,
    /// Who hears it in a mix, by index.
    pub mixers: SmallVec<[u32; 2]>,
    /// Which recording it is in.
    pub tape: Option<u32>,
    /// What those hear of it.
    pub receiver: Option<Box<Receiver>>,
    /// Keys pressed on it are reported and go no further.
    pub secret: bool,
    /// The stream that it is sent.
    pub out: Outgoing,
    /// Silence stands for what it hears until then, µs.
    pub silent_until: u64,
    /// Its slot in the wheel; 0 when it is not played to.
    pub due: u64,
    /// Its packets are told until then, µs.
    pub watched: u64,
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
            reported: self.reports.theirs,
        }
    }

    /// Codec of the leg.
    #[inline]
    pub fn codec(&self) -> Codec {
        self.remote.as_ref().map_or(Codec::Pcma, |r| r.codec)
    }

    /// Tells of a packet, if somebody watches the leg.
    #[inline]
    pub fn seen(&self, port: u32, sent: bool, peer: SocketAddr, packet: &[u8], now: Now, out: &mut impl Outlet) {
        if now.mono < self.watched
            && let Some(header) = packet.first_chunk()
        {
            let length = u16::try_from(packet.len() - header.len()).unwrap_or(u16::MAX);
            out.seen(port, self.epoch, Packet { at: now.wall, sent, peer, header: *header, length });
        }
    }

    /// Payload type of the leg's codec.
    #[inline]
    pub fn payload_type(&self) -> u8 {
        self.codec().number().or(self.remote.as_ref().map(|r| r.payload_type)).unwrap_or(8)
    }

    /// A header of the leg's stream as it is written: Opus' clock runs faster.
    #[inline]
    pub fn stamped(&self, header: Header) -> Header {
        match self.opus {
            Some(_) => Header { timestamp: header.timestamp.wrapping_mul(FAST), ..header },
            None => header,
        }
    }

    /// Makes what the leg speaks of so many samples of A-law or µ-law in the frame; where it ends.
    pub fn coded(&mut self, samples: usize, frame: &mut Frame) -> Option<usize> {
        match &mut self.opus {
            Some(opus) => opus.encode_alaw(samples, frame),
            None => Some(HEADER + samples),
        }
    }

    /// How many times as fast as ours the clock of the leg's events is.
    pub fn event_times(&self) -> u32 {
        self.remote.as_ref().map_or(1, |r| r.event_clock / 8_000).max(1)
    }

    /// The bytes of an event of ours on the leg, whose clock may be another one.
    pub fn event_bytes(&self, event: TelephoneEvent) -> [u8; 4] {
        let duration = u16::try_from(u32::from(event.duration) * self.event_times()).unwrap_or(u16::MAX);
        TelephoneEvent { duration, ..event }.bytes()
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
        self.remote.is_some() && !self.unkeyed && (sound || self.digits.is_some() || self.silent_until > 0)
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

    /// Someone mixes or records what this leg says.
    pub fn open_receiver(&mut self) {
        if self.receiver.is_none() {
            self.receiver = Some(Box::new(Receiver::new(self.codec(), self.heard.jitter_us())));
        }
    }

    /// Nobody does any more.
    pub fn close_receiver(&mut self) {
        if self.mixers.is_empty() && self.tape.is_none() {
            self.receiver = None;
        }
    }

    /// Whom it was relayed has ended. A mix that it was on its way into it hears without that voice.
    pub fn speaker_gone(&mut self, now: u64) {
        self.hears = match std::mem::take(&mut self.hears) {
            Hears::Mix(mut mix) if mix.crossing.is_some_and(Crossing::arrives) => {
                mix.crossing = None;
                Hears::Mix(mix)
            }
            _ => Hears::Nothing,
        };
        self.out.turn();
        if matches!(self.hears, Hears::Nothing) {
            self.carry_on(now);
        }
    }

    /// If its stream flows, it goes on with silence until something comes.
    pub fn carry_on(&mut self, now: u64) -> bool {
        let flows = self.to.is_some() && self.out.packets > 0 && now <= self.out.due() + FLOWS;
        if flows {
            self.silent_until = now + LONGEST;
        }
        flows
    }

    /// Something authentic of a browser has come from there: that is where it is.
    #[inline]
    pub fn heard_from(&mut self, from: SocketAddr) {
        if let Some(peer) = &mut self.web {
            peer.heard(from);
            if self.rtcp_to != Some(from) {
                self.rtcp_to = Some(from);
                self.to = self.to.and(Some(from));
            }
        }
    }

    /// When it is to be sent silence next, µs: at once after silence, after sound when what follows it is late. `None`: it is not.
    pub fn silence_due(&self, now: u64) -> Option<u64> {
        let stands = now < self.silent_until && matches!(self.hears, Hears::Leg(_) | Hears::Nothing);
        stands.then(|| self.out.due() + if self.out.is_silence() { 0 } else { LATE })
    }
}

/// RTCP's address beside an RTP address (RFC 3550 §11).
pub fn beside(rtp: SocketAddr) -> SocketAddr {
    SocketAddr::new(rtp.ip(), rtp.port().saturating_add(1))
}
