//! What comes to a leg: believed or not, counted, and made ready for those who hear it.
//!
//! Between two legs of Opus a packet goes on as it came; for all others, and for recordings, mixes and keys, it becomes A-law at the door.
//! Inside, time runs in samples of 8 kHz for every leg.

use super::latch::Verdict;
use super::leg::{Leg, beside};
use super::opus::Decoded;
use super::outlet::Outlet;
use super::relay::{Heard, Kind, Takes};
use super::state::State;
use crate::audio::opus::LONGEST;
use crate::clock::Now;
use crate::codec::Codec;
use crate::rtp::statistics::Order;
use crate::rtp::{HEADER, TelephoneEvent, View};
use std::net::SocketAddr;

/// Comfort noise (RFC 3389): heard as silence, negotiated or not.
const NOISE: u8 = 13;

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
        let Some((mut view, kind)) = admit(leg, port, from, datagram, now, out) else {
            leg.refused += 1;
            if leg.latch.locked_on(from) {
                self.keep_from_all(port, now, out);
            }
            return;
        };
        leg.seen(port, false, from, datagram, now, out);
        if let Some(opus) = &mut leg.opus {
            view.header.timestamp = opus.slow(view.header.timestamp);
        }
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
        if kind == Kind::Audio(Codec::Opus) {
            return self.on_opus(port, &view, datagram, order, now, out);
        }
        let mut heard = Heard::new(&view, kind, leg.secret, leg.opus.is_some());
        self.heed(port, &mut heard, datagram, order, now);
        self.spread(port, &heard, datagram, now, out);
    }

    /// A packet of Opus is believed and counted.
    pub(super) fn on_opus(
        &mut self,
        port: u32,
        view: &View,
        datagram: &mut [u8],
        order: Order,
        now: Now,
        out: &mut impl Outlet,
    ) {
        let secret = self.legs.get(port as usize).is_some_and(|leg| leg.secret);
        let heard = Heard::new(view, Kind::Audio(Codec::Opus), secret, true);
        let others = self.give(port, &heard, datagram, Takes::AsItIs, now, out);
        let Some(leg) = self.legs.get_mut(port as usize) else { return };
        let Some(opus) = &mut leg.opus else { return };
        if !others && leg.receiver.is_none() && leg.detector.is_none() {
            return opus.rest();
        }
        if order == Order::Late {
            // Its place has been heard as a gap, or repaired; a decoder cannot go back.
            return;
        }
        let payload = datagram.get(view.payload.clone()).unwrap_or(&[]);
        let (mut lost, mut packet) = ([0; HEADER + LONGEST], [0; HEADER + LONGEST]);
        let Some((repaired, decoded)) = opus.decode(&view.header, payload, now.mono, &mut lost, &mut packet) else {
            leg.refused += 1;
            return;
        };
        for (view, buffer) in [(repaired, &mut lost), (Some(decoded), &mut packet)] {
            if let Some(view) = view {
                self.heard_decoded(port, &view, buffer, order, now, out);
            }
        }
    }

    fn heard_decoded(
        &mut self,
        port: u32,
        view: &View,
        packet: &mut Decoded,
        order: Order,
        now: Now,
        out: &mut impl Outlet,
    ) {
        let Some(leg) = self.legs.get_mut(port as usize) else { return };
        let mut heard = Heard::new(view, Kind::Audio(Codec::Pcma), leg.secret, true);
        self.heed(port, &mut heard, packet, order, now);
        self.spread(port, &heard, packet, now, out);
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
    let codec = leg.codec();
    let kind = match view.header.payload_type {
        8 if codec.is_g711() => Kind::Audio(Codec::Pcma),
        0 if codec.is_g711() => Kind::Audio(Codec::Pcmu),
        NOISE => Kind::Noise,
        other if !codec.is_g711() && leg.payload_type() == other => Kind::Audio(codec),
        other if leg.telephone_event() == Some(other) => {
            let event = TelephoneEvent::parse(datagram.get(view.payload.clone())?)?;
            let times = u16::try_from(leg.event_times()).unwrap_or(1);
            Kind::Event(TelephoneEvent { duration: event.duration / times, ..event })
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
