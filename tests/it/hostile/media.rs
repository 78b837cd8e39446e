//! Published shapes at the media ports: two legs talk by the real engine, somebody sends what brought others down, and the talk
//! goes on without a gap, nobody else hears or is heard, and nothing goes to who sent it.

use std::net::SocketAddr;
use switchboard::clock::{MILLI, Now, SECOND};
use switchboard::media::{Engine, Outlet};
use switchboard::patch::{Codec, Command, Epoch, Event, Latch, PortId, Remote, Source};
use switchboard::rtp::{HEADER, Header, View};

/// Where the phone of a leg is.
fn phone(index: u32) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 10 + index as u8], 4000))
}

const STRANGER: ([u8; 4], u16) = ([198, 51, 100, 7], 4000);

/// What left: port, address, packet.
#[derive(Default)]
struct Wire(Vec<(u32, SocketAddr, Vec<u8>)>);

impl Outlet for Wire {
    fn rtp(&mut self, port: u32, to: SocketAddr, packet: &[u8]) {
        self.0.push((port, to, packet.to_vec()));
    }

    fn rtcp(&mut self, port: u32, to: SocketAddr, packet: &[u8]) {
        self.0.push((port, to, packet.to_vec()));
    }

    fn connect(&mut self, _: u32, _: Option<SocketAddr>) {}
}

fn talk(latch: Latch, now: Now, out: &mut Wire) -> Engine {
    let mut engine = Engine::new(0, 7);
    let (port, epoch) = (|index| PortId { thread: 0, index }, Epoch(1));
    for index in 0..2 {
        engine.grow();
        engine.handle(
            Command::Open { port: port(index), epoch, ssrc: 0xA0 + index, sequence: 0, timestamp: 0 },
            now,
            out,
        );
        let rtp = Some(phone(index));
        let (codec, telephone_event) = (Codec::Pcma, Some(101));
        let remote = Remote {
            rtp,
            source: rtp,
            rtcp: None,
            codec,
            payload_type: 8,
            telephone_event,
            event_clock: 8_000,
            ptime: 20,
            latch,
            crypto: None,
            receive: true,
        };
        engine.handle(Command::Remote { port: port(index), epoch, remote }, now, out);
    }
    for (a, b) in [(0, 1), (1, 0)] {
        engine.handle(Command::Hear { port: port(a), epoch, source: Source::Port(port(b), epoch) }, now, out);
    }
    engine
}

fn packet(n: u16, payload: u8) -> Vec<u8> {
    let header = Header { marker: n == 0, payload_type: 8, sequence: n, timestamp: u32::from(n) * 160, ssrc: 0x51 };
    let mut bytes = vec![0; HEADER];
    header.write(&mut bytes).unwrap();
    bytes.extend([payload; 160]);
    bytes
}

/// The first bytes of a packet changed.
fn edited(at: usize, byte: u8, mut packet: Vec<u8>) -> Vec<u8> {
    packet[at] = byte;
    packet
}

#[test]
fn no_published_shape_disturbs_a_talk() {
    let stun: Vec<u8> = [&b"\x00\x01\xff\xff\x21\x12\xa4\x42abcdefghijkl"[..], b"\x00\x06\xff\xfe"].concat();
    let hello = b"\x16\xfe\xff\x00\x00\x00\x00\x00\x00\x00\x00\x00\x40\x01\x00\x00\x34".to_vec();
    let report = |count: u8, kind: u8, words: u16| [&[0x80 | count, kind][..], &words.to_be_bytes(), &[0; 4]].concat();
    let rtp: [(&str, &str, Vec<u8>); 6] = [
        ("CVE-2022-21722", "PJSIP: fifteen CSRCs that are not there", edited(0, 0x8f, packet(9, 66))[..14].to_vec()),
        (
            "CVE-2022-21722",
            "PJSIP: an extension longer than its packet",
            [&edited(0, 0x90, packet(9, 66))[..12], b"\xbe\xde\xff\xff"].concat(),
        ),
        ("CVE-2022-39244", "PJSIP: padding longer than the payload", edited(171, 255, edited(0, 0xa0, packet(9, 66)))),
        ("CVE-2023-22741", "sofia-sip: a STUN attribute longer than the message", stun),
        ("CVE-2023-51443", "FreeSWITCH: a DTLS hello at the port of a call", hello),
        ("CVE-2022-21722", "PJSIP: an event of no bytes", edited(1, 101, packet(9, 66))[..12].to_vec()),
    ];
    let rtcp: [(&str, &str, Vec<u8>); 3] = [
        ("CVE-2022-21722", "PJSIP: 31 report blocks that are not there", report(31, 200, 1)),
        ("CVE-2022-21722", "PJSIP: a report longer than its datagram", report(0, 201, 0xffff)),
        ("CVE-2022-24786", "PJSIP: feedback that is cut off", [report(0, 201, 1), vec![0x83, 206, 0, 9]].concat()),
    ];
    let all = rtp.into_iter().map(|r| (r, false)).chain(rtcp.into_iter().map(|r| (r, true)));
    for ((id, shape, bytes), control) in all {
        for from in [phone(0), SocketAddr::from(STRANGER)] {
            let (mut out, mut now) = (Wire::default(), Now { mono: SECOND, wall: 0 });
            let mut engine = talk(Latch::Sdp, now, &mut out);
            for n in 0..20 {
                engine.on_rtp(0, phone(0), &mut packet(n, 1), now, &mut out);
                engine.on_rtp(1, phone(1), &mut packet(n, 2), now, &mut out);
                if control {
                    engine.on_rtcp(0, from, &bytes, now);
                } else {
                    engine.on_rtp(0, from, &mut bytes.clone(), now, &mut out);
                }
                now = now.plus(20 * MILLI);
                engine.tick(now, &mut out);
            }
            let heard: Vec<View> = out
                .0
                .iter()
                .filter(|(port, ..)| *port == 1)
                .filter_map(|(_, _, p)| View::parse(p).ok())
                .filter(|v| v.header.payload_type == 8)
                .collect();
            assert_eq!(heard.len(), 20, "{id}, {shape}, from {from}");
            assert!(
                heard.windows(2).all(|w| w[1].header.sequence == w[0].header.sequence.wrapping_add(1)),
                "{id}, {shape}: a gap"
            );
            assert!(
                out.0.iter().all(|(_, to, p)| to.ip() != SocketAddr::from(STRANGER).ip() && !p[HEADER..].contains(&66)),
                "{id}, {shape}: something reached somebody"
            );
            assert!(
                std::iter::from_fn(|| engine.poll()).all(|e| !matches!(e, Event::Closed { .. })),
                "{id}, {shape}: the leg has ended"
            );
        }
    }
}

/// CVE-2017-14099 (Asterisk), CVE-2025-53399 (rtpengine): who sends first to a port steals the sound of its call, or is heard in
/// it. Also where a phone is behind NAT and its port is not known yet.
#[test]
fn nobody_steals_or_joins_a_talk_by_sending_to_its_ports() {
    let behind = SocketAddr::new(phone(0).ip(), 50_000);
    for (latch, speaker) in [(Latch::Sdp, phone(0)), (Latch::SdpOr(behind.ip()), behind)] {
        let (mut out, mut now) = (Wire::default(), Now { mono: SECOND, wall: 0 });
        let mut engine = talk(latch, now, &mut out);
        for n in 0..200 {
            // He knows the SSRC and is always a little ahead.
            engine.on_rtp(0, STRANGER.into(), &mut packet(n + 1, 66), now, &mut out);
            if n >= 50 {
                engine.on_rtp(0, speaker, &mut packet(n, 1), now, &mut out);
            }
            engine.on_rtp(1, phone(1), &mut packet(n, 2), now, &mut out);
            now = now.plus(20 * MILLI);
            engine.tick(now, &mut out);
        }
        assert!(out.0.iter().all(|(_, to, _)| to.ip() != SocketAddr::from(STRANGER).ip()), "bled to a stranger");
        assert!(out.0.iter().all(|(_, _, p)| !p[HEADER..].contains(&66)), "a stranger was heard");
        let heard = out.0.iter().filter(|(port, _, p)| *port == 1 && p.len() == HEADER + 160).count();
        assert!(heard >= 140, "the one who belongs there was heard: {heard}");
    }
}
