//! A browser of another hand (rtc-dtls as its client, rtc-stun as its reader), in virtual time, over a line that loses.

pub(crate) mod client;

use super::*;
use crate::key::{Fingerprint, Ice, Pair};
use client::Client;
use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};
use rtc_stun::fingerprint::FINGERPRINT;
use rtc_stun::integrity::MessageIntegrity;
use rtc_stun::message::{BINDING_SUCCESS, Getter, Message};
use rtc_stun::xoraddr::XorMappedAddress;
use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};

static OURS: LazyLock<Arc<Identity>> = LazyLock::new(|| Arc::new(Identity::new().unwrap()));

const ICE: Ice = Ice { user: *b"00000001abcdefgh", password: *b"0123456789abcdefghijklmn" };

fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn check(ice: &Ice, nominates: bool) -> Vec<u8> {
    client::check(&ice.user, &ice.password, nominates)
}

#[test]
fn the_published_check_is_read_and_believed() {
    // RFC 5769 §2.1.
    let text = "000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74002400046e0001ff\
                80290008932ff9b151263b36000600096576746a3a68367659202020000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2\
                80280004e57a3bcf";
    let bytes: Vec<u8> = (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect();
    let read = stun::Check::read(&bytes).unwrap();
    assert_eq!((read.user(), read.nominates), (&b"evtj"[..], false));
    assert!(read.knows(b"VOkJxbRl1RmTxUk/WvJxBt") && !read.knows(b"VOkJxbRl1RmTxUk/WvJxBs"));
    // The type of FINGERPRINT itself is covered by nothing: it is then an attribute that is passed over.
    for byte in (0..100).chain(104..bytes.len()) {
        let mut wrong = bytes.clone();
        wrong[byte] ^= 0x10;
        let believed = stun::Check::read(&wrong).is_some_and(|c| c.knows(b"VOkJxbRl1RmTxUk/WvJxBt"));
        assert!(!believed, "byte {byte}");
        let _ = stun::Check::read(&bytes[..byte]);
    }
}

#[test]
fn an_answer_says_where_the_check_came_from_and_is_signed() {
    let crypto = rtc_crypto::default_provider().unwrap();
    for from in ["192.0.2.7:1234", "[2001:db8::7]:65535"] {
        let mut peer = Peer::new(&OURS, ICE);
        let asked = check(&ICE, false);
        let checked = peer.check(at(from), &asked).unwrap();
        let (bytes, length) = checked.answer;
        let mut answer = Message { raw: bytes[..length].to_vec(), ..Message::default() };
        answer.decode().unwrap();
        assert_eq!((answer.typ, &answer.transaction_id.0[..]), (BINDING_SUCCESS, &asked[8..20]));
        let mut address = XorMappedAddress::default();
        address.get_from(&answer).unwrap();
        assert_eq!(SocketAddr::new(address.ip, address.port), at(from));
        FINGERPRINT.check(&answer).unwrap();
        MessageIntegrity::check(&mut answer, &ICE.password, crypto.crypto()).unwrap();
    }
}

#[test]
fn only_who_knows_the_password_speaks_and_where_it_goes_is_chosen_once() {
    let mut peer = Peer::new(&OURS, ICE);
    let wrong = Ice { password: *b"0123456789abcdefghijklmN", ..ICE };
    let other = Ice { user: *b"00000001abcdefgH", ..ICE };
    for stranger in [wrong, other] {
        assert_eq!(peer.check(at("192.0.2.9:9"), &check(&stranger, true)), None);
    }
    assert_eq!((peer.to(), peer.believes(at("192.0.2.9:9"))), (None, false));
    let went = |peer: &mut Peer, from: &str, nominates: bool| {
        let new = peer.check(at(from), &check(&ICE, nominates)).unwrap().new;
        (new, peer.to().unwrap().to_string())
    };
    assert_eq!(went(&mut peer, "192.0.2.1:1", false), (true, "192.0.2.1:1".into()));
    assert_eq!(went(&mut peer, "192.0.2.2:2", true), (true, "192.0.2.2:2".into()), "the first that is nominated");
    assert_eq!(went(&mut peer, "192.0.2.3:3", true), (true, "192.0.2.2:2".into()), "all are nominated by Chromium");
    assert_eq!(went(&mut peer, "192.0.2.1:1", true), (false, "192.0.2.2:2".into()));
    peer.heard(at("192.0.2.3:3"));
    assert_eq!(peer.to(), Some(at("192.0.2.3:3")), "whence what is authentic comes");
    // A laptop that changes its network again and again; the one in use is never forgotten.
    let mut gone = 0;
    for port in 100..200 {
        let checked = peer.check(SocketAddr::from(([192, 0, 2, 8], port)), &check(&ICE, false)).unwrap();
        gone += usize::from(checked.gone.is_some());
    }
    assert_eq!((peer.addresses().len(), gone, peer.believes(at("192.0.2.3:3"))), (8, 95, true));
}

#[test]
fn after_a_restart_of_ice_both_passwords_hold_until_the_new_one_is_used() {
    let mut peer = Peer::new(&OURS, ICE);
    let theirs = Fingerprint([1; 32]);
    assert!(peer.agreed(ICE, theirs));
    peer.check(at("192.0.2.1:1"), &check(&ICE, true)).unwrap();
    let next = Ice { user: *b"00000001ijklmnop", password: *b"9876543210abcdefghijklmn" };
    assert!(peer.agreed(next, theirs), "the same browser");
    assert!(peer.check(at("192.0.2.1:1"), &check(&ICE, true)).is_some());
    assert!(peer.check(at("198.51.100.1:7"), &check(&next, true)).is_some());
    assert_eq!(peer.to(), Some(at("198.51.100.1:7")));
    assert!(peer.check(at("192.0.2.1:1"), &check(&ICE, true)).is_none(), "it is void now");
    assert!(!peer.agreed(next, Fingerprint([2; 32])), "another browser: keys of before are void");
}

const THERE: &str = "127.0.0.1:2";

/// Both sides for 20 s over a line that loses so many of 1,000 datagrams each way; ours, theirs, and what took how long.
fn shake(seed: u64, lost: u32, gcm: bool, told: Option<Fingerprint>) -> (Option<Pair>, Client, u64) {
    let mut browser = Client::new(0, gcm);
    let mut peer = Peer::new(&OURS, ICE);
    peer.agreed(ICE, told.unwrap_or(Fingerprint(browser.fingerprint)));
    peer.check(at("127.0.0.1:9"), &check(&ICE, true)).unwrap();
    let (keys, took) = meet(&mut peer, &mut browser, seed, lost, &[]);
    (keys, browser, took)
}

/// The same of these two; `noise` comes before everything.
fn meet(peer: &mut Peer, browser: &mut Client, seed: u64, lost: u32, noise: &[&[u8]]) -> (Option<Pair>, u64) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut keys = None;
    for now in (0..20_000_000).step_by(10_000) {
        let mut back: Vec<Vec<u8>> = Vec::new();
        for datagram in noise {
            peer.handshake(datagram, now, |_, bytes| back.push(bytes.to_vec()));
        }
        for datagram in browser.sent() {
            if random.next_u32() % 1_000 >= lost {
                let got = peer.handshake(&datagram, now, |_, bytes| back.push(bytes.to_vec()));
                assert!(got.is_none() || keys.is_none(), "keys come once");
                keys = keys.or(got);
            }
        }
        peer.tick(now, |_, bytes| back.push(bytes.to_vec()));
        for datagram in back {
            if random.next_u32() % 1_000 >= lost {
                browser.read(&datagram, now);
            }
        }
        browser.tick(now);
        if keys.is_some() && browser.keys.is_some() {
            return (keys, now);
        }
    }
    (keys, 20_000_000)
}

#[test]
fn noise_from_an_address_that_is_believed_ends_no_handshake() {
    let mut browser = Client::new(0, false);
    let mut peer = Peer::new(&OURS, ICE);
    peer.agreed(ICE, Fingerprint(browser.fingerprint));
    peer.check(at("127.0.0.1:9"), &check(&ICE, true)).unwrap();
    // A record that is cut off, one of no kind, one of nothing, a change of ciphers that has nothing to change to.
    let noise: [&[u8]; 5] = [
        &[22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 9, 0, 200, 1, 2],
        &[60, 254, 253, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 1, 2],
        &[23, 254, 253, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 1, 2],
        &[20, 1],
        &[22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 9, 0, 3, 99, 1, 2],
    ];
    let (keys, took) = meet(&mut peer, &mut browser, 1, 0, &noise);
    assert!(keys.is_some() && browser.keys.is_some() && took < 1_000_000, "{took}");
}

#[test]
fn who_begins_anew_under_the_same_certificate_gets_other_keys() {
    let crypto = rtc_crypto::default_provider().unwrap();
    let certificate =
        rtc_dtls::crypto::Certificate::generate_self_signed(vec!["browser".to_owned()], crypto.crypto()).unwrap();
    let mut first = Client::with(0, false, certificate.clone());
    let mut peer = Peer::new(&OURS, ICE);
    peer.agreed(ICE, Fingerprint(first.fingerprint));
    peer.check(at("127.0.0.1:9"), &check(&ICE, true)).unwrap();
    let before = meet(&mut peer, &mut first, 1, 0, &[]).0.unwrap();
    peer.heard(at("127.0.0.1:9"));
    let mut second = Client::with(0, false, certificate);
    let after = meet(&mut peer, &mut second, 2, 0, &[]).0.unwrap();
    assert_ne!(before.theirs.bytes(), after.theirs.bytes());
    assert_eq!(after.theirs.bytes(), &second.masters().unwrap()[0][..]);
}

#[test]
fn a_handshake_gives_both_sides_the_same_keys() {
    for gcm in [false, true] {
        let (keys, browser, took) = shake(1, 0, gcm, None);
        let (keys, [theirs, ours]) = (keys.unwrap(), browser.masters().unwrap());
        assert_eq!((keys.theirs.bytes(), keys.ours.bytes()), (&theirs[..], &ours[..]));
        assert!(took < 100_000, "{took} µs of the line's time");
    }
}

#[test]
fn handshakes_come_through_a_line_that_loses() {
    // rtc-dtls 0.21.1 alone hangs for ever in one of thirty at 2 % loss.
    for (lost, seeds) in [(20, 0..60), (300, 0..20)] {
        for seed in seeds {
            let (keys, browser, _) = shake(seed, lost, false, None);
            assert!(keys.is_some() && browser.keys.is_some(), "seed {seed}, {lost} of 1000 lost");
        }
    }
}

#[test]
fn a_certificate_with_another_fingerprint_is_refused_and_nothing_loops() {
    let (keys, browser, _) = shake(3, 0, false, Some(Fingerprint([7; 32])));
    assert!(keys.is_none() && browser.keys.is_none());
}

#[test]
fn what_comes_before_the_fingerprint_is_kept_and_nothing_is_believed_before_a_check() {
    let mut browser = Client::new(0, false);
    let hello = browser.sent().remove(0);
    let mut peer = Peer::new(&OURS, ICE);
    assert!(!peer.believes(at(THERE)));
    let mut sent = 0;
    assert_eq!(peer.handshake(&hello, 0, |_, _| sent += 1), None, "nobody has passed a check");
    peer.check(at(THERE), &check(&ICE, true)).unwrap();
    assert_eq!((peer.handshake(&hello, 0, |_, _| sent += 1), sent), (None, 0));
    peer.agreed(ICE, Fingerprint(browser.fingerprint));
    let kept = peer.early().unwrap();
    assert_eq!(&kept[..], &hello[..]);
    peer.handshake(&kept, 0, |_, _| sent += 1);
    assert!(sent > 0);
}

#[test]
fn datagrams_are_told_apart_by_their_first_byte() {
    for (bytes, kind) in [
        (&[0u8, 1][..], Kind::Stun),
        (&[22, 254], Kind::Dtls),
        (&[0x80, 8], Kind::Media { rtcp: false }),
        (&[0x80, 0x88], Kind::Media { rtcp: false }),
        (&[0x80, 200], Kind::Media { rtcp: true }),
        (&[0x80], Kind::Other),
        (&[64, 0], Kind::Other),
        (&[], Kind::Other),
    ] {
        assert_eq!(Kind::of(bytes), kind, "{bytes:?}");
    }
}
