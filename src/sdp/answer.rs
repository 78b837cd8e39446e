//! What of one received `m=` section can be taken: the rules of RFC 3264 §5–§8 for a single stream.

use super::body::{Address, Map, Stream};
use super::{Agreed, Direction, PTIME, Refused};
use crate::codec::Codec;
use crate::key::{Fingerprint, Master, Policy};
use std::net::{IpAddr, SocketAddr};

/// Packet times that the media side sends, ms.
const PTIMES: (u32, u32) = (10, 60);

/// Where a stream wants its media and whence it sends.
struct Place {
    rtp: Option<SocketAddr>,
    rtcp: Option<SocketAddr>,
    direction: Direction,
}

/// Whether the transport is one we speak. AVPF is AVP with more RTCP timing (RFC 4585 §4); sending none of its
/// feedback is within its rules.
pub fn profile(stream: &Stream) -> Result<(), Refused> {
    let plain = ["RTP/AVP", "RTP/AVPF"].iter().any(|p| stream.proto.eq_ignore_ascii_case(p));
    (plain || is_secure(stream)).then_some(()).ok_or(Refused::Profile)
}

/// Whether the stream's profile is that of SRTP (RFC 3711 §12, RFC 5124).
pub fn is_secure(stream: &Stream) -> bool {
    ["RTP/SAVP", "RTP/SAVPF"].iter().any(|p| stream.proto.eq_ignore_ascii_case(p))
}

/// Whether the stream is a browser's (RFC 5764 §9, RFC 8834 §4.2): its keys are made by DTLS.
pub fn is_web(stream: &Stream) -> bool {
    ["UDP/TLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP"].iter().any(|p| stream.proto.eq_ignore_ascii_case(p))
}

/// The certificate of a browser whose stream we can take.
///
/// # Errors
/// [`Refused::Browser`].
pub fn certificate(stream: &Stream) -> Result<Fingerprint, Refused> {
    let fit = stream.muxed && !stream.waits;
    stream.fingerprint.filter(|_| fit).ok_or(Refused::Browser)
}

/// The key of the other side that is used, with the tag of its line. A plain profile may bring keys too: many phones offer so what they
/// would rather have.
///
/// # Errors
/// [`Refused::Profile`] where SRTP is not to be used at all, [`Refused::Insecure`] where it must be and cannot.
pub fn key(stream: &Stream, policy: Policy) -> Result<Option<(u32, Master)>, Refused> {
    match (policy, is_secure(stream), stream.crypto.first()) {
        (Policy::Off, true, _) => Err(Refused::Profile),
        (Policy::Off, false, _) | (Policy::Offered, false, None) => Ok(None),
        (Policy::Offered | Policy::Required, _, Some(key)) => Ok(Some(*key)),
        (_, true, None) | (Policy::Required, false, None) => Err(Refused::Insecure),
    }
}

/// Weighs a stream of an offer or of an answer; `wanted` ranks the codecs that we take.
///
/// # Errors
/// [`Refused::NoAudio`] for port 0, [`Refused::Profile`], [`Refused::NoCommonCodec`], [`Refused::Address`].
pub fn weigh(stream: &Stream, ours: IpAddr, wanted: &[Codec]) -> Result<Agreed, Refused> {
    if stream.port == 0 {
        return Err(Refused::NoAudio);
    }
    if !is_web(stream) {
        profile(stream)?;
    }
    let number = |codec: &Codec| Some((*codec, number(stream, *codec)?));
    let (codec, payload_type) = wanted.iter().find_map(number).ok_or(Refused::NoCommonCodec)?;
    let events = telephone_event(stream, codec);
    let place = place(stream, ours)?;
    Ok(Agreed {
        codec,
        payload_type,
        telephone_event: events.map(|(pt, _)| pt),
        event_clock: events.map_or(8_000, |(_, clock)| clock),
        remote_rtp: place.rtp.filter(|_| place.direction.receives()),
        remote_rtcp: place.rtcp,
        remote_source: place.rtp,
        crypto: None,
        ptime: ptime(stream),
        direction: place.direction.reversed(),
        remote_direction: place.direction,
    })
}

/// The number under which a stream lists this codec.
pub fn number(stream: &Stream, codec: Codec) -> Option<u8> {
    stream.payload_types().find(|&pt| codec_of(stream, pt) == Some(codec))
}

/// The codec of a payload type. Static numbers need no rtpmap (RFC 3551 §6); one that says something else takes the number away. Those that
/// have a static number are taken under it only.
pub fn codec_of(stream: &Stream, payload_type: u8) -> Option<Codec> {
    let fixed = Codec::ALL.into_iter().find(|codec| codec.number() == Some(payload_type));
    let Some(map) = stream.map(payload_type) else { return fixed };
    let codec = Codec::of(&map.encoding).filter(|codec| map.rate == codec.clock())?;
    // Phones that say only one channel of Opus mean the same (RFC 7587 §7 has no other).
    let channels = map.channels == codec.channels() || codec == Codec::Opus && map.channels == 1;
    (channels && (Some(codec) == fixed || codec.number().is_none() && fixed.is_none())).then_some(codec)
}

/// telephone-event under any dynamic number that the `m=` line lists (RFC 4733 §2.1; ranges of RFC 3551 §6), with its clock: that of the
/// codec, else 8,000.
pub fn telephone_event(stream: &Stream, codec: Codec) -> Option<(u8, u32)> {
    let of = |clock: u32| {
        let is = move |m: &Map| m.encoding.eq_ignore_ascii_case("telephone-event") && m.rate == clock;
        let dynamic = |pt: &u8| matches!(pt, 35..=71 | 77..=127);
        let found = stream.payload_types().filter(dynamic).find(|&pt| stream.map(pt).is_some_and(is));
        found.map(|pt| (pt, clock))
    };
    of(codec.clock()).or_else(|| of(8_000))
}

/// The packet time asked for, brought into our range and under `a=maxptime`.
pub fn ptime(stream: &Stream) -> u8 {
    let asked = stream.ptime.filter(|&p| p != 0).unwrap_or(u32::from(PTIME));
    let most = stream.maxptime.filter(|&p| p != 0).unwrap_or(PTIMES.1);
    let taken = asked.min(most).clamp(PTIMES.0, PTIMES.1);
    u8::try_from(taken).unwrap_or(PTIME)
}

fn place(stream: &Stream, ours: IpAddr) -> Result<Place, Refused> {
    if is_web(stream) {
        // Port 9 of no address (RFC 8839 §4.2.1): where it is shows by its checks.
        let nowhere = if ours.is_ipv4() { IpAddr::from([0; 4]) } else { IpAddr::from([0u16; 8]) };
        return Ok(Place { rtp: Some(SocketAddr::new(nowhere, 9)), rtcp: None, direction: stream.direction });
    }
    let ip = match stream.address {
        // Hold as RFC 2543 had it: nothing may be sent there, whatever the direction says (RFC 3264 §8.4).
        Address::Nowhere => {
            let direction = Direction::of(stream.direction.sends(), false);
            return Ok(Place { rtp: None, rtcp: None, direction });
        }
        Address::Unicast(ip) if ip.is_ipv4() == ours.is_ipv4() => ip,
        Address::Unicast(_) | Address::Unusable => return Err(Refused::Address),
    };
    let rtcp = stream.rtcp.map(|(port, named)| {
        let at = named.filter(|n| n.is_ipv4() == ours.is_ipv4()).unwrap_or(ip);
        SocketAddr::new(at, port)
    });
    let rtp = Some(SocketAddr::new(ip, stream.port));
    Ok(Place { rtp, rtcp, direction: stream.direction })
}
