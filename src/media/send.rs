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

/// Sends the frame's A-law in the leg's codec; lets the time pass where nobody listens, or nothing can be said.
pub fn audio(leg: &mut Leg, port: u32, samples: usize, frame: &mut Frame, now: Now, out: &mut impl Outlet) {
    let codec = leg.codec();
    if leg.to.is_none() || !codec.is_decoded() {
        leg.out.skip(samples as u32, now.mono);
        return;
    }
    let header = leg.out.own(leg.payload_type(), samples as u32, now.mono);
    let payload = HEADER..HEADER + samples;
    if codec == Codec::Pcmu
        && let Some(sound) = frame.get_mut(payload.clone())
    {
        g711::alaw_to_ulaw(sound);
    }
    if let Some(end) = leg.coded(samples, frame) {
        send(leg, port, &header, end, frame, now, out);
    }
}

/// Sends this sound in the leg's codec; lets the time pass where nobody listens, or nothing can be said.
pub fn sound(leg: &mut Leg, port: u32, sound: &[i16], frame: &mut Frame, now: Now, out: &mut impl Outlet) {
    let (length, codec) = (sound.len(), leg.codec());
    if leg.to.is_none() || !codec.is_decoded() {
        leg.out.skip(length as u32, now.mono);
        return;
    }
    let header = leg.out.own(leg.payload_type(), length as u32, now.mono);
    if let Some(opus) = &mut leg.opus {
        if let Some(end) = opus.encode(sound, frame) {
            send(leg, port, &header, end, frame, now, out);
        }
        return;
    }
    if let Some(payload) = frame.get_mut(HEADER..HEADER + length) {
        match codec {
            Codec::Pcmu => g711::ulaw_encode_frame(sound, payload),
            _ => g711::alaw_encode_frame(sound, payload),
        }
    }
    send(leg, port, &header, HEADER + length, frame, now, out);
}

/// Sends a packet of silence in the leg's codec, in the place of what cannot be sent.
pub fn silence(leg: &mut Leg, port: u32, frame: &mut Frame, now: Now, out: &mut impl Outlet) {
    let codec = leg.codec();
    if leg.to.is_none() || !codec.is_decoded() {
        return;
    }
    if let Some(sound) = frame.get_mut(HEADER..HEADER + STEP) {
        sound.fill(quiet(codec));
    }
    let header = leg.out.silence(leg.payload_type(), STEP as u32, now.mono);
    if let Some(end) = leg.coded(STEP, frame) {
        send(leg, port, &header, end, frame, now, out);
    }
}

/// Sends the frame up to `end` under this header.
pub fn send(leg: &mut Leg, port: u32, header: &Header, end: usize, frame: &mut Frame, now: Now, out: &mut impl Outlet) {
    let header = leg.stamped(*header);
    if let (Some(to), Ok(packet)) = (leg.to, header.write_before(frame, &(HEADER..end))) {
        leg.out.packets += 1;
        leg.out.octets += (end - HEADER) as u64;
        leg.seen(port, true, to, packet, now, out);
        sealed::rtp(leg.sealed.as_deref_mut(), port, to, packet, out);
    }
}
