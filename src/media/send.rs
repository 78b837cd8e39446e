//! Packets of our own on their way out, numbered in the leg's one stream.

use super::frame::Frame;
use super::leg::Leg;
use super::outlet::Outlet;
use super::sealed;
use super::silence::{STEP, quiet};
use crate::audio::g711;
use crate::clock::Now;
use crate::patch::Codec;
use crate::rtp::{HEADER, Header};

/// Sends the frame's A-law in the leg's codec; lets the time pass where nobody listens.
pub fn audio(leg: &mut Leg, port: u32, samples: usize, frame: &mut Frame, now: Now, out: &mut impl Outlet) {
    if leg.to.is_none() {
        leg.out.skip(samples as u32, now.mono);
        return;
    }
    let codec = leg.codec();
    let header = leg.out.own(codec.payload_type(), samples as u32, now.mono);
    let payload = HEADER..HEADER + samples;
    if codec == Codec::Pcmu
        && let Some(sound) = frame.get_mut(payload.clone())
    {
        g711::alaw_to_ulaw(sound);
    }
    send(leg, port, &header, payload.end, frame, out);
}

/// Sends a packet of silence in the leg's codec, in the place of what cannot be sent.
pub fn silence(leg: &mut Leg, port: u32, frame: &mut Frame, now: Now, out: &mut impl Outlet) {
    let codec = leg.codec();
    if leg.to.is_none() {
        return;
    }
    if let Some(sound) = frame.get_mut(HEADER..HEADER + STEP) {
        sound.fill(quiet(codec));
    }
    let header = leg.out.silence(codec.payload_type(), STEP as u32, now.mono);
    send(leg, port, &header, HEADER + STEP, frame, out);
}

/// Sends the frame up to `end` under this header.
pub fn send(leg: &mut Leg, port: u32, header: &Header, end: usize, frame: &mut Frame, out: &mut impl Outlet) {
    if let (Some(to), Ok(packet)) = (leg.to, header.write_before(frame, &(HEADER..end))) {
        leg.out.packets += 1;
        leg.out.octets += (end - HEADER) as u64;
        sealed::rtp(leg.sealed.as_deref_mut(), port, to, packet, out);
    }
}
