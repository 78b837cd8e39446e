//! What a packet of a page costs the engine: no allocation, in either direction, whatever the suite.

use crate::support::counted::counted;
use crate::support::page::{Page, Wire, comes_through, engine, port, there};
use std::net::SocketAddr;
use std::sync::Arc;
use switchboard::browser::Identity;
use switchboard::clock::{MILLI, Now};
use switchboard::patch::{Codec, Command, Epoch, Latch, Remote, Source};
use switchboard::rtp::srtp::GROWS;
use switchboard::rtp::{HEADER, Header};

const EPOCH: Epoch = Epoch(1);

fn packet(n: u32) -> Vec<u8> {
    let mut datagram = vec![0; HEADER + 160 + GROWS];
    let header = Header { marker: false, payload_type: 8, sequence: n as u16, timestamp: n.wrapping_mul(160), ssrc: 9 };
    header.write(&mut datagram[..HEADER]).unwrap();
    datagram
}

#[test]
fn a_packet_of_a_page_allocates_nothing_either_way() {
    let identity = Arc::new(Identity::new().unwrap());
    let (mut engine, mut wire) = (engine(&identity), Wire::default());
    let mut now = Now { mono: 1_000_000, wall: 1_639_533_600_000_000 };
    let Page { mut sender, .. } = comes_through(&mut engine, &mut wire, 0, now);
    engine.grow();
    let phone = SocketAddr::from(([10, 0, 0, 1], 4_000));
    let remote = Remote {
        rtp: Some(phone),
        source: Some(phone),
        rtcp: None,
        codec: Codec::Pcma,
        payload_type: 8,
        telephone_event: Some(101),
        event_clock: 8_000,
        ptime: 20,
        latch: Latch::Sdp,
        crypto: None,
        receive: true,
    };
    for command in [
        Command::Open { port: port(1), epoch: EPOCH, ssrc: 5, sequence: 1, timestamp: 1 },
        Command::Remote { port: port(1), epoch: EPOCH, remote },
        Command::Hear { port: port(0), epoch: EPOCH, source: Source::Port(port(1), EPOCH) },
        Command::Hear { port: port(1), epoch: EPOCH, source: Source::Port(port(0), EPOCH) },
    ] {
        engine.handle(command, now, &mut wire);
    }
    wire.counts_only = true;
    let mut talk = |rounds: std::ops::Range<u32>, wire: &mut Wire| {
        let said: Vec<_> = rounds
            .clone()
            .map(|n| {
                let mut sealed = packet(n);
                let length = sender.protect(&mut sealed, HEADER + 160).unwrap();
                sealed.truncate(length);
                let mut plain = packet(n);
                plain.truncate(HEADER + 160);
                (sealed, plain)
            })
            .collect();
        let (at, mut said) = (now, said);
        now = now.plus(20 * MILLI * u64::from(rounds.end - rounds.start));
        counted(|| {
            for (n, (sealed, plain)) in (0..).zip(&mut said) {
                let now = at.plus(20 * MILLI * n);
                engine.on_web(0, there(0), sealed, now, wire);
                engine.on_rtp(1, phone, plain, now, wire);
            }
        })
        .1
    };
    talk(1..50, &mut wire); // contexts and timers have their room
    let before = (wire.rtp, wire.by_web);
    let counts = talk(50..1_050, &mut wire);
    assert_eq!((wire.rtp - before.0, wire.by_web - before.1), (1_000, 1_000), "all were relayed");
    assert_eq!((counts.allocations, counts.live), (0, 0));
}

#[test]
fn a_page_that_is_through_holds_little_memory() {
    let identity = Arc::new(Identity::new().unwrap());
    let (mut engine, mut wire) = (engine(&identity), Wire::default());
    let now = Now { mono: 1_000_000, wall: 1_639_533_600_000_000 };
    for _ in 0..64 {
        engine.grow();
    }
    // The first pays for what all share.
    let mut pages: Vec<_> = (0..4).map(|index| comes_through(&mut engine, &mut wire, index, now)).collect();
    let heard =
        |engine: &mut switchboard::media::Engine, wire: &mut Wire, pages: &mut Vec<_>, range: std::ops::Range<u32>| {
            for index in range {
                let page: &mut Page = &mut pages[index as usize];
                let mut sealed = packet(index);
                let length = page.sender.protect(&mut sealed, HEADER + 160).unwrap();
                engine.on_web(index, there(index), &mut sealed[..length], now, wire);
            }
        };
    heard(&mut engine, &mut wire, &mut pages, 0..4);
    let (more, counts) = counted(|| {
        let mut more = Vec::with_capacity(40);
        for index in 4..44 {
            more.push(comes_through(&mut engine, &mut wire, index, now));
        }
        more
    });
    let ((), after) = counted(|| {
        pages.extend(more);
        heard(&mut engine, &mut wire, &mut pages, 4..44);
    });
    // What the page's own ends hold is in it too, which is nothing: their contexts stand in the list.
    let (through, talks) = (counts.live / 40, (counts.live + after.live) / 40);
    println!("{through} bytes a page until it is heard, {talks} then");
    assert!(talks <= 24 * 1_024, "{talks} bytes a page");
}

/// The corpus `dtls` of `make fuzz`: `CORPUS=fuzz/corpus/dtls cargo test --test it pages::` makes it anew.
#[test]
fn a_handshake_of_a_page_is_kept_when_a_folder_is_named() {
    let identity = Arc::new(Identity::new().unwrap());
    let now = Now { mono: 1_000_000, wall: 1_639_533_600_000_000 };
    let Page { said, .. } = comes_through(&mut engine(&identity), &mut Wire::default(), 0, now);
    assert!(said.len() >= 3, "hello, hello with a cookie, certificate and what belongs to it");
    let Ok(folder) = std::env::var("CORPUS") else { return };
    let kept = |name: &str, all: &[Vec<u8>]| {
        let framed = |d: &Vec<u8>| [&(d.len() as u16).to_be_bytes()[..], &d[..]].concat();
        std::fs::write(format!("{folder}/{name}"), all.iter().map(framed).collect::<Vec<_>>().concat()).unwrap();
    };
    kept("whole", &said);
    kept("hello", &said[..1]);
    kept("hello-twice", &[said[0].clone(), said[0].clone()]);
    kept("without-hello", &said[1..]);
    kept("last-first", &said.iter().rev().cloned().collect::<Vec<_>>());
}
