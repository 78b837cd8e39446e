//! Browsers' legs: what a handshake costs the media thread, and a packet.

use super::line;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use switchboard::browser::Identity;
use switchboard::clock::{Clock, MILLI, Now};
use switchboard::media::Engine;
use switchboard::patch::{Command, Epoch, Source};
use switchboard::rtp::srtp::{GROWS, Sender};
use switchboard::rtp::{HEADER, Header};

#[path = "../tests/it/support/page.rs"]
mod page;

const EPOCH: Epoch = Epoch(1);

/// Prints the figures.
pub fn run() {
    println!("browser (engine alone, one thread)");
    let identity = Arc::new(Identity::new().expect("a certificate"));
    handshakes(&identity, 300);
    packets(&identity, 300_000);
}

/// Only what the media thread does is timed; the other side's half is not.
fn handshakes(identity: &Arc<Identity>, count: u32) {
    let (mut engine, mut wire) = (page::engine(identity), page::Wire::default());
    let clock = Clock::system();
    let (mut ours, mut steps) = (Duration::ZERO, Vec::new());
    for index in 0..count {
        let now = clock.now();
        while engine.ports() <= index as usize {
            engine.grow();
        }
        let name: Vec<u8> = page::port(index).name().into_iter().chain(*b"abcdefgh").collect();
        let ice = switchboard::key::Ice { user: name.try_into().expect("16 characters"), ..page::ICE };
        let open = Command::Open { port: page::port(index), epoch: EPOCH, ssrc: 1, sequence: 1, timestamp: 1 };
        engine.handle(open, now, &mut wire);
        let mut client = page::Client::new(now.mono, false);
        let remote = page::remote(client.fingerprint, ice);
        timed(&mut ours, || {
            engine.handle(Command::Remote { port: page::port(index), epoch: EPOCH, remote }, now, &mut wire);
        });
        let mut check = page::check(&ice.user, &ice.password, true);
        timed(&mut ours, || engine.on_web(index, page::there(index), &mut check, now, &mut wire));
        wire.web.clear();
        for round in 0..100 {
            let now: Now = now.plus(round * MILLI);
            for datagram in client.sent() {
                let mut datagram = datagram.to_vec();
                timed(&mut ours, || engine.on_web(index, page::there(index), &mut datagram, now, &mut wire));
            }
            loop {
                let mut step = Duration::ZERO;
                let more = timed(&mut step, || engine.shake(now, &mut wire));
                if !more {
                    break;
                }
                ours += step;
                steps.push(step);
            }
            for (_, datagram) in wire.web.drain(..).filter(|(_, d)| (20..64).contains(&d[0])) {
                client.read(&datagram, now.mono);
            }
            if client.keys.is_some() {
                break;
            }
            client.tick(now.mono);
        }
        assert!(client.keys.is_some(), "no keys");
        engine.handle(Command::Close { port: page::port(index), epoch: EPOCH }, now, &mut wire);
        wire.web.clear();
    }
    steps.sort_unstable();
    let each = ours.as_secs_f64() / f64::from(count);
    line("a handshake, our side", each * 1e3, "ms", Some(1.0));
    line("… 1,000 of them are so much of a core", each * 1e3, "cores", Some(1.0));
    let late = steps.get(steps.len() * 99 / 100).copied().unwrap_or_default();
    line("… its longest step (99 %): what a packet may wait for it", late.as_secs_f64() * 1e3, "ms", Some(5.0));
}

fn timed<T>(sum: &mut Duration, work: impl FnOnce() -> T) -> T {
    let clock = Clock::system();
    let before = clock.instant(clock.now().mono);
    let done = work();
    *sum += before.elapsed();
    done
}

/// A page speaks to another: opened, relayed, sealed.
fn packets(identity: &Arc<Identity>, count: u32) {
    let (mut engine, mut wire) = (page::engine(identity), page::Wire::default());
    let now = Now { mono: 1_000_000, wall: 1_639_533_600_000_000 };
    let page::Page { mut sender, said } = page::comes_through(&mut engine, &mut wire, 0, now);
    let _ = page::comes_through(&mut engine, &mut wire, 1, now);
    for (a, b) in [(0, 1), (1, 0)] {
        let source = Source::Port(page::port(b), EPOCH);
        engine.handle(Command::Hear { port: page::port(a), epoch: EPOCH, source }, now, &mut wire);
    }
    assert!(said.len() > 2, "a whole handshake");
    wire.counts_only = true;
    let from: SocketAddr = page::there(0);
    let mut took = Duration::ZERO;
    let mut warm = Duration::ZERO;
    relay(&mut engine, &mut wire, &mut sender, from, 1..1_001, now, &mut warm);
    relay(&mut engine, &mut wire, &mut sender, from, 1_001..count + 1_001, now, &mut took);
    line(
        "a packet from page to page, opened and sealed",
        took.as_secs_f64() / f64::from(count) * 1e9,
        "ns",
        Some(8_700.0),
    );
}

fn relay(
    engine: &mut Engine,
    wire: &mut page::Wire,
    sender: &mut Sender,
    from: SocketAddr,
    numbers: std::ops::Range<u32>,
    now: Now,
    took: &mut Duration,
) {
    let before = wire.by_web;
    let wanted = u64::from(numbers.end - numbers.start);
    for chunk in numbers.collect::<Vec<_>>().chunks(1_000) {
        let mut all: Vec<Vec<u8>> = chunk
            .iter()
            .map(|n| {
                let mut datagram = vec![0; HEADER + 160 + GROWS];
                let header = Header {
                    marker: false,
                    payload_type: 8,
                    sequence: *n as u16,
                    timestamp: n.wrapping_mul(160),
                    ssrc: 9,
                };
                header.write(&mut datagram[..HEADER]).expect("room");
                let length = sender.protect(&mut datagram, HEADER + 160).expect("room");
                datagram.truncate(length);
                datagram
            })
            .collect();
        timed(took, || {
            for (n, datagram) in chunk.iter().zip(&mut all) {
                engine.on_web(0, from, datagram, now.plus(u64::from(*n) * 20 * MILLI), wire);
            }
        });
    }
    assert_eq!(wire.by_web - before, wanted, "all were relayed");
}
