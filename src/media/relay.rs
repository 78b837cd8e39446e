//! From one leg to those that hear it, on arrival, in the buffer that the packet came in.

use super::frame::Frame;
use super::hears::{Crossing, Hears};
use super::latch::Verdict;
use super::leg::{Leg, beside};
use super::outlet::Outlet;
use super::sealed;
use super::silence::quiet;
use super::state::State;
use crate::audio::g711;
use crate::clock::Now;
use crate::patch::{Codec, DigitVia, Event};
use crate::rtp::statistics::Order;
use crate::rtp::{HEADER, Header, TelephoneEvent, View, telephone_event};
use smallvec::SmallVec;
use std::net::SocketAddr;

/// Comfort noise (RFC 3389): heard as silence, negotiated or not.
const NOISE: u8 = 13;
/// Samples of silence that stand for one packet of comfort noise.
const SILENCE: usize = 160;

/// What a packet carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
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

/// A believed packet, as every listener gets it.
struct Heard<'v> {
    view: &'v View,
    kind: Kind,
    /// Keys that begin with it, as event codes.
    pressed: SmallVec<[u8; 2]>,
    /// A key found in the sound is still sounding: not for receivers that get it as an event.
    sounding: bool,
    /// Keys of this leg are for us only.
    secret: bool,
}

impl State {
    /// A datagram has come to a port's RTP socket. It is changed in place; what is to be sent goes to `out` at once.
    pub(super) fn on_rtp(&mut self, port: u32, from: SocketAddr, datagram: &mut [u8], now: Now, out: &mut impl Outlet) {
        let Some(leg) = self.legs.get_mut(port as usize).filter(|l| l.open) else {
            return;
        };
        let opened = match &mut leg.sealed {
            Some(sealed) => sealed.open(datagram),
            None => Some(datagram),
        };
        let Some(datagram) = opened else {
            leg.refused += 1;
            return;
        };
        let Some((view, kind)) = admit(leg, port, from, datagram, now, out) else {
            leg.refused += 1;
            if leg.latch.locked_on(from) {
                self.keep_from_all(port, now, out);
            }
            return;
        };
        let header = view.header;
        let order = leg.heard.hear(
            header.ssrc,
            header.sequence,
            header.timestamp,
            (now.mono / 125) as u32,
            matches!(kind, Kind::Audio(_)),
        );
        leg.received += 1;
        (leg.heard_at, leg.spoke) = (now.mono, true);
        let mut heard = Heard { view: &view, kind, pressed: SmallVec::new(), sounding: false, secret: leg.secret };
        listen(leg, &mut heard, datagram, order);
        feed(leg, &heard, datagram, now);
        if !heard.pressed.is_empty() {
            self.tell(port, &heard);
            if !heard.secret {
                let event = matches!(kind, Kind::Event(_)).then_some((header.ssrc, header.timestamp));
                self.spread_keys(port, &heard.pressed, event);
            }
        }
        self.spread(port, &heard, datagram, now, out);
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
    fn keep_from_all(&mut self, speaker: u32, now: Now, out: &mut impl Outlet) {
        let mut k = 0;
        while let Some(to) = self.legs.get(speaker as usize).and_then(|l| l.listeners.get(k).copied()) {
            k += 1;
            self.keep_back(to, now, out);
        }
    }

    /// Gives the packet to every listener: first to those of the same codec, then, once transcoded, to the others.
    fn spread(&mut self, port: u32, heard: &Heard<'_>, datagram: &mut [u8], now: Now, out: &mut impl Outlet) {
        let listener =
            |engine: &Self, k: usize| engine.legs.get(port as usize).and_then(|l| l.listeners.get(k).copied());
        let mut others = false;
        let mut k = 0;
        while let Some(to) = listener(self, k) {
            k += 1;
            if self.same_codec(to, heard.kind) {
                self.carry(to, heard, datagram, now, out);
            } else {
                others = true;
            }
        }
        if !others {
            return;
        }
        let payload = datagram.get_mut(heard.view.payload.clone()).unwrap_or(&mut []);
        match heard.kind {
            Kind::Audio(Codec::Pcma) => g711::alaw_to_ulaw(payload),
            Kind::Audio(Codec::Pcmu) => g711::ulaw_to_alaw(payload),
            Kind::Event(_) | Kind::Noise => {}
        }
        k = 0;
        while let Some(to) = listener(self, k) {
            k += 1;
            if !self.same_codec(to, heard.kind) {
                self.carry(to, heard, datagram, now, out);
            }
        }
    }

    #[inline]
    fn same_codec(&self, to: u32, kind: Kind) -> bool {
        match kind {
            Kind::Audio(codec) => self.legs.get(to as usize).is_none_or(|l| l.codec() == codec),
            Kind::Event(_) | Kind::Noise => true,
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

/// Whether the packet is well formed, of a type that was agreed, and from whom it should be.
#[inline]
fn admit(
    leg: &mut Leg,
    port: u32,
    from: SocketAddr,
    datagram: &[u8],
    now: Now,
    out: &mut impl Outlet,
) -> Option<(View, Kind)> {
    let view = View::parse(datagram).ok()?;
    let kind = match view.header.payload_type {
        8 => Kind::Audio(Codec::Pcma),
        0 => Kind::Audio(Codec::Pcmu),
        NOISE => Kind::Noise,
        other if leg.telephone_event() == Some(other) => {
            Kind::Event(TelephoneEvent::parse(datagram.get(view.payload.clone())?)?)
        }
        _ => return None,
    };
    if leg.web.is_some() {
        leg.heard_from(from);
        return Some((view, kind));
    }
    match leg.latch.hear(from, view.header.ssrc, view.header.sequence, now.mono) {
        Verdict::Refused => return None,
        Verdict::Believed => {}
        Verdict::Locks => lock(leg, port, from, out),
    }
    Some((view, kind))
}

/// The source is certain: we send to where it sends from (RFC 4961), and the kernel keeps all others out.
fn lock(leg: &mut Leg, port: u32, from: SocketAddr, out: &mut impl Outlet) {
    if leg.named != Some(from) {
        if leg.learnt != Some(from) && leg.remote.as_ref().is_some_and(|r| r.rtcp.is_none()) {
            leg.rtcp_to = Some(beside(from));
        }
        leg.learnt = Some(from);
    } else {
        leg.learnt = None;
    }
    leg.to = leg.to.and(Some(from));
    if !leg.connected {
        leg.connected = true;
        out.connect(port, Some(from));
    }
}

/// Finds keys that begin with the packet.
fn listen(leg: &mut Leg, heard: &mut Heard<'_>, datagram: &[u8], order: Order) {
    let header = &heard.view.header;
    match heard.kind {
        Kind::Event(event) => {
            let begins = leg.presses.hear(header.ssrc, header.timestamp, event);
            heard.pressed.extend(begins.filter(|e| e.key().is_some()).map(|e| e.event));
        }
        Kind::Audio(codec) => {
            if let Some(detector) = leg.detector.as_mut().filter(|_| order != Order::Late) {
                let payload = datagram.get(heard.view.payload.clone()).unwrap_or(&[]);
                let expand = match codec {
                    Codec::Pcma => g711::alaw_decode,
                    Codec::Pcmu => g711::ulaw_decode,
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
        Kind::Event(_) => !events || leg.digits.is_some(),
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
    let codec = leg.codec().payload_type();
    let packet = match (heard.kind, leg.telephone_event()) {
        (Kind::Audio(_), _) if heard.sounding && heard.secret => None,
        (Kind::Audio(_), Some(_)) if heard.sounding => None,
        (Kind::Audio(_), _) => leg
            .out
            .relay(from, codec, payload.len() as u32, now.mono)
            .and_then(|h| h.write_before(datagram, payload).ok()),
        // A key that is held since before this leg heard it relayed has been sent to it already.
        (Kind::Event(_), _) if leg.taken == Some((from.ssrc, from.timestamp)) => None,
        (Kind::Event(event), Some(telephone_event)) if !heard.secret => leg
            .out
            .relay_event(from, telephone_event, u32::from(event.duration), now.mono)
            .and_then(|h| h.write_before(datagram, payload).ok()),
        (Kind::Event(_), _) => None,
        (Kind::Noise, _) => {
            let place = HEADER..HEADER + SILENCE;
            if let Some(sound) = frame.get_mut(place.clone()) {
                sound.fill(quiet(leg.codec()));
            }
            leg.out.relay(from, codec, SILENCE as u32, now.mono).and_then(|h| h.write_before(frame, &place).ok())
        }
    };
    match packet {
        Some(packet) => {
            leg.out.packets += 1;
            leg.out.octets += (packet.len() - HEADER) as u64;
            leg.silent_until = 0;
            sealed::rtp(leg.sealed.as_deref_mut(), port, to, packet, out);
            Passed::Done
        }
        None if matches!(heard.kind, Kind::Audio(_)) && !heard.sounding => Passed::Done,
        None => Passed::KeptBack,
    }
}
