//! Strangers, thieves and broken senders.

use super::*;
use crate::patch::Stats;

fn stats(town: &mut Town, index: u32) -> Stats {
    town.close(index);
    match town.events.last() {
        Some(Event::Closed { stats, .. }) => *stats,
        other => panic!("{other:?}"),
    }
}

fn seat(index: u32) -> Remote {
    Remote { latch: Latch::SdpOr(nat().ip()), ..sdp(index) }
}

fn nat() -> SocketAddr {
    SocketAddr::from(([203, 0, 113, 9], 61_000))
}

fn stranger() -> SocketAddr {
    SocketAddr::from(([198, 51, 100, 7], 4_000))
}

#[test]
fn a_stranger_is_not_heard_before_or_after_the_lock_and_gets_nothing() {
    let mut town = Town::new(&[seat(0), sdp(1)]);
    town.join(0, 1);
    for n in 0..5 {
        town.packet_from(0, stranger(), audio(0, n), &[66; 160]);
    }
    assert!(town.wire.rtp.is_empty());
    for n in 0..10 {
        town.packet_from(0, nat(), audio(0, n), &[1; 160]);
        // The same SSRC and the next number, from elsewhere and from another port of the host.
        town.packet_from(0, stranger(), audio(0, n + 1), &[66; 160]);
        town.packet_from(0, SocketAddr::new(nat().ip(), 5_555), audio(0, n + 1), &[66; 160]);
        town.says(1, n, &[2; 160]);
        town.pass(20);
    }
    assert_eq!(town.heard(1).len(), 10);
    assert!(!town.sound(1).contains(&66));
    let to: Vec<_> = town.heard(0).iter().map(|s| s.to).collect();
    assert_eq!(to[..2], [phone(0); 2], "until it is certain, where the SDP says");
    assert!(to[2..].iter().all(|t| *t == nat()), "then where it sends from");
    assert_eq!(town.wire.connects.iter().filter(|c| c.0 == 0).collect::<Vec<_>>(), [&(0, Some(nat()))]);
    let stats = stats(&mut town, 0);
    assert_eq!((stats.received, stats.refused), (10, 25));
    assert_eq!(town.wire.connects.last(), Some(&(0, None)));
}

#[test]
fn a_trunk_is_heard_from_its_sdp_address_only_and_its_socket_is_connected_at_once() {
    let mut town = Town::new(&[sdp(0), sdp(1)]);
    town.join(0, 1);
    assert_eq!(town.wire.connects, [(0, Some(phone(0))), (1, Some(phone(1)))]);
    let other_port = SocketAddr::new(phone(0).ip(), 4_002);
    for n in 0..5 {
        town.packet_from(0, other_port, audio(0, n), &[66; 160]);
    }
    assert!(town.wire.rtp.is_empty());
    town.says(0, 0, &[1; 160]);
    assert_eq!(town.heard(1).len(), 1);
}

#[test]
fn another_ssrc_from_the_locked_address_must_prove_itself() {
    let mut town = Town::new(&[sdp(0), sdp(1)]);
    town.join(0, 1);
    for n in 0..10 {
        town.says(0, n, &[1; 160]);
        // Forged with the right address, in bursts between the living stream's packets.
        for k in 0..4 {
            let forged = Header { ssrc: 0xBAD, ..audio(0, 100 + n * 4 + k) };
            town.packet_from(0, phone(0), forged, &[66; 160]);
        }
        town.pass(20);
    }
    assert!(!town.sound(1).contains(&66));
    // The exchange beyond switches from its announcement to the called party.
    for n in 0..10 {
        let header = Header { ssrc: 0xCAFE, ..audio(0, 7_000 + n) };
        town.packet_from(0, phone(0), header, &[3; 160]);
        town.pass(20);
    }
    let heard = town.heard(1);
    assert_one_stream(&heard);
    assert_eq!(heard.iter().filter(|s| s.payload[0] == 3).count(), 8, "two packets prove it");
}

#[test]
fn new_sdp_arms_the_latch_again() {
    let mut town = Town::new(&[seat(0), sdp(1)]);
    town.join(0, 1);
    for n in 0..5 {
        town.packet_from(0, nat(), audio(0, n), &[1; 160]);
    }
    let moved = SocketAddr::new(nat().ip(), 61_444);
    town.packet_from(0, moved, audio(0, 5), &[2; 160]);
    assert_eq!(town.heard(1).len(), 5);
    town.remote(0, seat(0));
    assert_eq!(town.wire.connects.last(), Some(&(0, None)), "the socket hears everyone again");
    for n in 0..4 {
        town.packet_from(0, moved, Header { ssrc: 9, ..audio(0, n) }, &[2; 160]);
    }
    assert_eq!(town.heard(1).len(), 9);
    assert_eq!(town.wire.connects.last(), Some(&(0, Some(moved))));
}

#[test]
fn a_refresh_or_a_hold_does_not_send_a_phone_behind_nat_back_to_its_private_address() {
    let mut town = Town::new(&[seat(0), sdp(1)]);
    town.join(0, 1);
    for n in 0..3 {
        town.packet_from(0, nat(), audio(0, n), &[1; 160]);
    }
    town.remote(0, seat(0));
    town.says(1, 0, &[2; 160]);
    town.remote(0, Remote { rtp: None, ..seat(0) });
    town.says(1, 1, &[2; 160]);
    town.remote(0, seat(0));
    town.says(1, 2, &[2; 160]);
    let elsewhere = SocketAddr::from(([10, 9, 9, 9], 4_000));
    town.remote(0, Remote { rtp: Some(elsewhere), source: Some(elsewhere), ..seat(0) });
    town.says(1, 3, &[2; 160]);
    let to: Vec<_> = town.heard(0).iter().map(|s| s.to).collect();
    assert_eq!(to, [nat(), nat(), elsewhere]);
}

#[test]
fn packets_that_were_not_agreed_are_counted_and_dropped() {
    let mut town = Town::new(&[sdp(0), sdp(1)]);
    town.join(0, 1);
    for payload_type in [3, 9, 18, 72, 76, 96, 127] {
        town.packet_from(0, phone(0), Header { payload_type, ..audio(0, 0) }, &[1; 160]);
    }
    town.packet_from(0, phone(0), Header { payload_type: 101, ..audio(0, 0) }, &[1, 2, 3]);
    assert!(town.wire.rtp.is_empty());
    assert_eq!(stats(&mut town, 0).refused, 8);
}

#[test]
fn no_bytes_whatever_make_it_panic_or_send_nonsense() {
    for seed in 1..=200u64 {
        let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let mut town = Town::new(&[sdp(0), Remote { codec: Codec::Pcmu, telephone_event: None, ..sdp(1) }, seat(2)]);
        town.join(0, 1);
        town.hear(2, Source::Port(id(0), FIRST));
        for n in 0..200u16 {
            let index = random.below(3) as u32;
            let mut datagram = vec![0; HEADER];
            let payload_type = [8, 0, 101, 13, 72][random.below(5) as usize];
            Header { payload_type, ..audio(index, n) }.write(&mut datagram).unwrap();
            let length = random.below(300);
            datagram.extend((0..length).map(|_| random.below(256) as u8));
            for _ in 0..random.below(6) {
                let at = random.below(datagram.len() as u64) as usize;
                datagram[at] = random.below(256) as u8;
            }
            datagram.truncate(random.below(datagram.len() as u64 * 2) as usize);
            let from = [phone(index), nat(), stranger()][random.below(3) as usize];
            if random.below(4) == 0 {
                town.engine.on_rtcp(index, from, &datagram, town.now);
            } else {
                // `Wire` checks that each packet sent is well formed.
                town.datagram(index, from, &mut datagram);
            }
            town.pass(random.below(30));
        }
        for index in 0..3 {
            let s = stats(&mut town, index);
            assert!(s.received + s.refused <= 200, "seed {seed}: {s:?}");
        }
        let same = |e: &Event| matches!(e, Event::Closed { .. });
        assert_eq!(town.events.iter().filter(|e| same(e)).count(), 3, "seed {seed}");
    }
}

#[test]
fn the_same_inputs_give_the_same_outputs() {
    let run = || {
        let mut town = Town::new(&[sdp(0), seat(1)]);
        town.join(0, 1);
        for n in 0..200 {
            town.says(0, n, &[n as u8; 160]);
            town.packet_from(1, nat(), audio(1, n), &[9; 160]);
            town.pass(100);
        }
        (town.wire.rtp, town.wire.rtcp, town.events)
    };
    assert_eq!(run(), run());
}
