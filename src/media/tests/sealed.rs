//! Encrypted legs: what is sealed on the wire, and that what cannot be opened is heard by nobody.

use super::*;
use crate::key::{Crypto, Master, Pair, Suite};
use crate::rtp::srtp::{GROWS, Listener, Sender};

fn master(suite: Suite, fill: u8) -> Master {
    Master::new(suite, &vec![fill; suite.length()]).unwrap()
}

/// The agreement of the leg, and the phone's own ends of it.
fn phone_of(suite: Suite, fill: u8) -> (Pair, Sender, Listener) {
    let (ours, theirs) = (master(suite, fill), master(suite, fill + 100));
    (Pair { ours, theirs }, Sender::new(&theirs), Listener::new(&ours))
}

fn seals(sender: &mut Sender, n: u16, payload: &[u8]) -> Vec<u8> {
    let mut datagram = vec![0; HEADER];
    audio(0, n).write(&mut datagram).unwrap();
    datagram.extend(payload);
    let length = datagram.len();
    datagram.resize(length + GROWS, 0);
    let length = sender.protect(&mut datagram, length).unwrap();
    datagram.truncate(length);
    datagram
}

fn opens(listener: &mut Listener, sent: &Sent) -> Option<Vec<u8>> {
    let mut datagram = vec![0; HEADER];
    sent.header.write(&mut datagram).unwrap();
    datagram.extend(&sent.payload);
    let length = listener.open(&mut datagram)?;
    Some(datagram[HEADER..length].to_vec())
}

#[test]
fn one_side_is_encrypted_and_the_other_plain_and_both_hear_each_other_byte_for_byte() {
    for suite in Suite::ALL {
        let (pair, mut sender, mut listener) = phone_of(suite, 1);
        let mut town = Town::new(&[Remote { crypto: Some(Crypto::Keys(pair)), ..sdp(0) }, sdp(1)]);
        town.join(0, 1);
        for n in 0..50u16 {
            let payload = [n as u8; 160];
            town.datagram(0, phone(0), &mut seals(&mut sender, n, &payload));
            let sent = town.wire.rtp.last().unwrap();
            assert_eq!((sent.port, sent.at, &sent.payload[..]), (1, town.now.mono, &payload[..]), "{suite:?}");
            let back = [!(n as u8); 160];
            town.says(1, n, &back);
            let sent = town.wire.rtp.last().unwrap().clone();
            assert_ne!(sent.payload[..160], back, "{suite:?}: it goes in the clear");
            assert_eq!(opens(&mut listener, &sent).as_deref(), Some(&back[..]), "{suite:?}");
            town.pass(20);
        }
        // Reports too.
        town.pass(20_000);
        let report = town.wire.rtcp.iter().find(|r| r.1 == 0).expect("20 s have a report").3.clone();
        assert!(listener.open_rtcp(&mut report.clone()).is_some());
        town.close(0);
    }
}

#[test]
fn replays_and_what_is_not_sealed_are_refused_and_counted_and_move_nothing() {
    let (pair, mut sender, _) = phone_of(Suite::Cm80, 1);
    let latch = Latch::SdpOr("10.9.9.9".parse().unwrap());
    let mut town = Town::new(&[Remote { crypto: Some(Crypto::Keys(pair)), latch, ..sdp(0) }, sdp(1)]);
    town.join(0, 1);
    let first = seals(&mut sender, 0, &[1; 160]);
    town.datagram(0, phone(0), &mut first.clone());
    assert_eq!(town.heard(1).len(), 1);
    town.datagram(0, phone(0), &mut first.clone());
    town.says(0, 2, &[2; 160]);
    let stranger = SocketAddr::from(([10, 9, 9, 9], 4_000));
    town.packet_from(0, stranger, audio(0, 3), &[3; 160]);
    town.datagram(0, phone(0), &mut [0x80; 5]);
    assert_eq!(town.heard(1).len(), 1, "a replay, two in the clear, and a stub");
    town.datagram(0, phone(0), &mut seals(&mut sender, 4, &[4; 160]));
    assert_eq!(town.heard(1).len(), 2);
    town.close(0);
    let Some(Event::Closed { stats, .. }) = town.events.last() else { panic!() };
    assert_eq!((stats.received, stats.refused), (2, 4));
}

#[test]
fn the_same_keys_go_on_at_a_refresh_and_new_ones_take_over_at_a_new_agreement() {
    let (pair, mut sender, _) = phone_of(Suite::Gcm, 1);
    let mut town = Town::new(&[Remote { crypto: Some(Crypto::Keys(pair)), ..sdp(0) }, sdp(1)]);
    town.join(0, 1);
    let first = seals(&mut sender, 0, &[1; 160]);
    town.datagram(0, phone(0), &mut first.clone());
    town.remote(0, Remote { crypto: Some(Crypto::Keys(pair)), ..sdp(0) });
    town.datagram(0, phone(0), &mut first.clone());
    assert_eq!(town.heard(1).len(), 1, "a replay stays one");
    let (next, mut new_sender, _) = phone_of(Suite::Cm32, 50);
    town.remote(0, Remote { crypto: Some(Crypto::Keys(next)), ..sdp(0) });
    town.datagram(0, phone(0), &mut seals(&mut sender, 1, &[2; 160]));
    assert_eq!(town.heard(1).len(), 1, "the former key is over");
    town.datagram(0, phone(0), &mut seals(&mut new_sender, 2, &[3; 160]));
    assert_eq!(town.heard(1).len(), 2);
    // The port's next leg has nothing of it.
    town.close(0);
    town.open(0, Epoch(2));
    town.command(Command::Remote { port: id(0), epoch: Epoch(2), remote: sdp(0) });
    town.command(Command::Hear { port: id(1), epoch: FIRST, source: Source::Port(id(0), Epoch(2)) });
    town.says(0, 0, &[5; 160]);
    assert_eq!(town.heard(1).last().unwrap().payload, [5; 160]);
}
