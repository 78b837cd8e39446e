//! From one leg to those that hear it, on arrival, in the buffer that the packet came in.

use super::frame::Frame;
use super::hears::{Crossing, Hears};
use super::leg::Leg;
use super::outlet::Outlet;
use super::sealed;
use super::silence::quiet;
use super::state::State;
use crate::audio::{g711, opus};
use crate::clock::Now;
use crate::patch::{Codec, DigitVia, Event};
use crate::rtp::statistics::Order;
use crate::rtp::{HEADER, Header, TelephoneEvent, View, telephone_event};
use smallvec::SmallVec;

/// Samples of silence that stand for one packet of comfort noise.
const SILENCE: usize = 160;

/// What a packet carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Audio(Codec),
    Event(TelephoneEvent),
    Noise,
}

/// What became of a packet at one listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Passed {
    /// It was sent, or need not be: its number has been used, the listener takes nothing, its keys are being sent.
    Done,
    /// It is not for this listener.
    KeptBack,
}

/// What a listener can do with a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// Be sent it as it is; into Opus it is made at the listener's door.
    AsItIs,
    /// Be sent it in the other law of G.711.
    OtherLaw,
    /// It has had it already, before it was decoded.
    Had,
    /// Nothing: the codecs have nothing in common that is decoded here.
    Nothing,
}

/// A believed packet, as every listener gets it.
pub struct Heard<'v> {
    view: &'v View,
    kind: Kind,
    /// Keys that begin with it, as event codes.
    pressed: SmallVec<[u8; 2]>,
    /// A key found in the sound is still sounding: not for receivers that get it as an event.
    sounding: bool,
    /// Keys of this leg are for us only.
    secret: bool,
    /// The leg speaks Opus: its clock is another one.
    opus: bool,
}

impl<'v> Heard<'v> {
    /// A packet in which nothing has been found yet.
    pub fn new(view: &'v View, kind: Kind, secret: bool, opus: bool) -> Self {
        Self { view, kind, pressed: SmallVec::new(), sounding: false, secret, opus }
    }
}

impl State {
    /// Finds keys in a packet, and gives it to those who mix or record the leg.
    pub(super) fn heed(&mut self, port: u32, heard: &mut Heard<'_>, datagram: &[u8], order: Order, now: Now) {
        let Some(leg) = self.legs.get_mut(port as usize) else { return };
        listen(leg, heard, datagram, order);
        feed(leg, heard, datagram, now);
        if !heard.pressed.is_empty() {
            self.tell(port, heard);
            if !heard.secret {
                let header = &heard.view.header;
                let event = matches!(heard.kind, Kind::Event(_)).then_some((header.ssrc, header.timestamp));
                self.spread_keys(port, &heard.pressed, event);
            }
        }
    }

    fn tell(&mut self, port: u32, heard: &Heard<'_>) {
        let id = self.id(port);
        let Some(leg) = self.legs.get(port as usize) else {
            return;
        };
        let via = match heard.kind {
            Kind::Event(_) => DigitVia::TelephoneEvent,
            Kind::Audio(_) | Kind::Noise => DigitVia::InBand,
        };
        for code in &heard.pressed {
            let event = TelephoneEvent { event: *code, end: false, volume: 0, duration: 0 };
            if let Some(digit) = event.key() {
                self.events.push_back(Event::Digit { port: id, epoch: leg.epoch, digit, via });
            }
        }
    }

    /// Keys that begin on a leg go to those who hear it in a mix, each in its own way.
    /// `event`: SSRC and timestamp of a press that came as telephone-event.
    fn spread_keys(&mut self, port: u32, keys: &[u8], event: Option<(u32, u32)>) {
        let mixers = |engine: &Self, k: usize| engine.legs.get(port as usize).and_then(|l| l.mixers.get(k).copied());
        let mut k = 0;
        while let Some(to) = mixers(self, k) {
            k += 1;
            let Some(leg) = self.legs.get_mut(to as usize) else {
                continue;
            };
            let Hears::Mix(mix) = &leg.hears else {
                continue;
            };
            // Whoever is on both ways gets them relayed.
            let hears = mix.audible(port) && mix.crossing.and_then(Crossing::relayed) != Some(port);
            if hears && (event.is_some() || leg.telephone_event().is_some()) {
                leg.taken = event;
                keys.iter().for_each(|code| leg.press(*code));
            }
        }
    }

    /// A packet of a speaker is nothing for this listener.
    fn keep_back(&mut self, listener: u32, now: Now, out: &mut impl Outlet) {
        let Some(leg) = self.legs.get_mut(listener as usize) else {
            return;
        };
        if leg.carry_on(now.mono) {
            self.start(listener, now, out);
        } else {
            leg.out.turn();
        }
    }

    /// A packet of a speaker is for nobody.
    pub(super) fn keep_from_all(&mut self, speaker: u32, now: Now, out: &mut impl Outlet) {
        let mut k = 0;
        while let Some(to) = self.legs.get(speaker as usize).and_then(|l| l.listeners.get(k).copied()) {
            k += 1;
            self.keep_back(to, now, out);
        }
    }

    /// Gives the packet to every listener: first to those of the same codec, then, once transcoded, to those of the other law.
    pub(super) fn spread(
        &mut self,
        port: u32,
        heard: &Heard<'_>,
        datagram: &mut [u8],
        now: Now,
        out: &mut impl Outlet,
    ) {
        if !self.give(port, heard, datagram, Takes::AsItIs, now, out) {
            return;
        }
        let payload = datagram.get_mut(heard.view.payload.clone()).unwrap_or(&mut []);
        match heard.kind {
            Kind::Audio(Codec::Pcma) => g711::alaw_to_ulaw(payload),
            Kind::Audio(Codec::Pcmu) => g711::ulaw_to_alaw(payload),
            Kind::Audio(_) | Kind::Event(_) | Kind::Noise => {}
        }
        self.give(port, heard, datagram, Takes::OtherLaw, now, out);
        let mut k = 0;
        while let Some(to) = self.legs.get(port as usize).and_then(|l| l.listeners.get(k).copied()) {
            k += 1;
            if self.takes(to, heard) == Takes::Nothing {
                self.keep_back(to, now, out);
            }
        }
    }

    /// Gives the packet to the listeners that take it so; whether there are others.
    pub(super) fn give(
        &mut self,
        port: u32,
        heard: &Heard<'_>,
        datagram: &mut [u8],
        takes: Takes,
        now: Now,
        out: &mut impl Outlet,
    ) -> bool {
        let (mut others, mut k) = (false, 0);
        while let Some(to) = self.legs.get(port as usize).and_then(|l| l.listeners.get(k).copied()) {
            k += 1;
            if self.takes(to, heard) == takes {
                self.carry(to, heard, datagram, now, out);
            } else {
                others = true;
            }
        }
        others
    }

    #[inline]
    fn takes(&self, to: u32, heard: &Heard<'_>) -> Takes {
        let (Kind::Audio(said), Some(leg)) = (heard.kind, self.legs.get(to as usize)) else { return Takes::AsItIs };
        match (said, leg.codec()) {
            (Codec::Pcma | Codec::Pcmu, Codec::Opus) if heard.opus => Takes::Had,
            (said, speaks) if said == speaks => Takes::AsItIs,
            (Codec::Pcma | Codec::Pcmu, Codec::Opus) => Takes::AsItIs,
            (said, speaks) if said.is_g711() && speaks.is_g711() => Takes::OtherLaw,
            _ => Takes::Nothing,
        }
    }

    #[inline]
    fn carry(&mut self, to: u32, heard: &Heard<'_>, datagram: &mut [u8], now: Now, out: &mut impl Outlet) {
        self.come_out(to);
        let Some(leg) = self.legs.get_mut(to as usize) else {
            return;
        };
        if !heard.pressed.is_empty() && !heard.secret && convert(leg, heard) {
            self.start(to, now, out);
        }
        let Some(leg) = self.legs.get_mut(to as usize) else {
            return;
        };
        if pass(leg, to, heard, datagram, &mut self.frame, now, out) == Passed::KeptBack {
            self.keep_back(to, now, out);
        }
    }
}

/// Finds keys that begin with the packet.
fn listen(leg: &mut Leg, heard: &mut Heard<'_>, datagram: &[u8], order: Order) {
    let header = &heard.view.header;
    match heard.kind {
        Kind::Event(event) => {
            // In the clock of this leg's events, which a browser's may have six times as fast.
            let times = leg.event_times();
            let begins = leg.presses.hear_slowed(header.ssrc, header.timestamp, event, times);
            heard.pressed.extend(begins.filter(|e| e.key().is_some()).map(|e| e.event));
        }
        Kind::Audio(codec) => {
            if let Some(detector) = leg.detector.as_mut().filter(|_| order != Order::Late) {
                let payload = datagram.get(heard.view.payload.clone()).unwrap_or(&[]);
                let expand = match codec {
                    Codec::Pcma => g711::alaw_decode,
                    Codec::Pcmu => g711::ulaw_decode,
                    // Nothing is found in what is not decoded; Opus is A-law by now.
                    _ => return,
                };
                let before = detector.sounding();
                let pressed = &mut heard.pressed;
                detector.feed(payload.iter().map(|b| expand(*b)), |key| pressed.extend(telephone_event::code(key)));
                heard.sounding = before || detector.sounding();
            }
        }
        Kind::Noise => {}
    }
}

/// Those who mix or record the leg hear the packet too, in their own time.
#[inline]
fn feed(leg: &mut Leg, heard: &Heard<'_>, datagram: &[u8], now: Now) {
    let Some(receiver) = &mut leg.receiver else {
        return;
    };
    let header = &heard.view.header;
    match heard.kind {
        Kind::Audio(codec) if !codec.is_decoded() => receiver.put_silence(header, now.mono),
        Kind::Audio(codec) => {
            let payload = datagram.get(heard.view.payload.clone()).unwrap_or(&[]);
            receiver.hear(header, codec, payload, heard.sounding, now.mono);
        }
        Kind::Noise => receiver.put_silence(header, now.mono),
        // While a key is held, its packets carry the time of its beginning; the voice is silent up to now.
        Kind::Event(event) => {
            let passed = u32::from(event.duration).saturating_sub(SILENCE as u32);
            receiver.put_silence(&Header { timestamp: header.timestamp.wrapping_add(passed), ..*header }, now.mono);
        }
    }
}

/// Keys that this listener cannot get as they came are put to be sent in its own way.
fn convert(leg: &mut Leg, heard: &Heard<'_>) -> bool {
    let events = leg.telephone_event().is_some();
    let turn = match heard.kind {
        // Where one side's clock is Opus', the press is made anew: its timestamps and durations are of the other clock.
        Kind::Event(_) => !events || leg.digits.is_some() || heard.opus || leg.opus.is_some(),
        Kind::Audio(_) | Kind::Noise => events,
    };
    if turn {
        heard.pressed.iter().for_each(|code| leg.press(*code));
        leg.taken =
            matches!(heard.kind, Kind::Event(_)).then_some((heard.view.header.ssrc, heard.view.header.timestamp));
    }
    turn
}

/// Sends the packet on to one listener.
#[inline]
fn pass(
    leg: &mut Leg,
    port: u32,
    heard: &Heard<'_>,
    datagram: &mut [u8],
    frame: &mut Frame,
    now: Now,
    out: &mut impl Outlet,
) -> Passed {
    let Some(to) = leg.to.filter(|_| leg.digits.is_none()) else {
        leg.out.turn();
        return Passed::Done;
    };
    let (from, payload) = (&heard.view.header, &heard.view.payload);
    let codec = leg.payload_type();
    let packet = match (heard.kind, leg.telephone_event()) {
        (Kind::Audio(_), _) if heard.sounding && heard.secret => None,
        (Kind::Audio(_), Some(_)) if heard.sounding => None,
        (Kind::Audio(said), _) if said.is_g711() && leg.opus.is_some() => {
            into_opus(leg, said, heard, datagram, frame, now)
        }
        (Kind::Audio(said), _) => {
            let length = samples(said, datagram.get(payload.clone()).unwrap_or(&[]));
            let header = leg.out.relay(from, codec, length, now.mono).map(|header| leg.stamped(header));
            header.and_then(|h| h.write_before(datagram, payload).ok())
        }
        // A key that is held since before this leg heard it relayed has been sent to it already.
        (Kind::Event(_), _) if leg.taken == Some((from.ssrc, from.timestamp)) => None,
        (Kind::Event(event), Some(telephone_event)) if !heard.secret => leg
            .out
            .relay_event(from, telephone_event, u32::from(event.duration), now.mono)
            .and_then(|h| h.write_before(datagram, payload).ok()),
        (Kind::Event(_), _) => None,
        (Kind::Noise, _) => silence_for(leg, from, frame, now),
    };
    match packet {
        Some(packet) => {
            leg.out.packets += 1;
            leg.out.octets += (packet.len() - HEADER) as u64;
            leg.silent_until = 0;
            leg.seen(port, true, to, packet, now, out);
            sealed::rtp(leg.sealed.as_deref_mut(), port, to, packet, out);
            Passed::Done
        }
        None if matches!(heard.kind, Kind::Audio(_)) && !heard.sounding => Passed::Done,
        None => Passed::KeptBack,
    }
}

/// Sound of G.711 as Opus, under the number that the relay gives it.
fn into_opus<'f>(
    leg: &mut Leg,
    law: Codec,
    heard: &Heard<'_>,
    datagram: &[u8],
    frame: &'f mut Frame,
    now: Now,
) -> Option<&'f [u8]> {
    let payload = datagram.get(heard.view.payload.clone()).unwrap_or(&[]);
    let header = leg.out.relay(&heard.view.header, leg.payload_type(), payload.len() as u32, now.mono)?;
    let room = frame.get_mut(HEADER..HEADER + payload.len())?;
    room.copy_from_slice(payload);
    if law == Codec::Pcmu {
        g711::ulaw_to_alaw(room);
    }
    let end = leg.coded(payload.len(), frame)?;
    leg.stamped(header).write_before(frame, &(HEADER..end)).ok()
}

/// Silence in the place of comfort noise. What we cannot say anything in is left without.
fn silence_for<'f>(leg: &mut Leg, from: &Header, frame: &'f mut Frame, now: Now) -> Option<&'f [u8]> {
    let codec = leg.codec();
    if !codec.is_decoded() {
        return None;
    }
    frame.get_mut(HEADER..HEADER + SILENCE)?.fill(quiet(codec));
    let header = leg.out.relay(from, leg.payload_type(), SILENCE as u32, now.mono)?;
    let end = leg.coded(SILENCE, frame)?;
    leg.stamped(header).write_before(frame, &(HEADER..end)).ok()
}

/// How long a packet sounds, in samples of 8 kHz.
#[inline]
fn samples(codec: Codec, payload: &[u8]) -> u32 {
    let length = payload.len() as u32;
    match codec {
        Codec::Pcma | Codec::Pcmu | Codec::G722 => length,
        Codec::Opus => opus::samples(payload).unwrap_or(SILENCE as u32),
        // Frames of 10 ms, 10 bytes each; two more are the beginning of a pause (Annex B).
        Codec::G729 => length.div_ceil(10) * 80,
        // Frames of 30 ms in 50 bytes, or of 20 ms in 38 (RFC 3952 §3).
        Codec::Ilbc if length.is_multiple_of(50) => length / 50 * 240,
        Codec::Ilbc => length / 38 * 160,
    }
}
