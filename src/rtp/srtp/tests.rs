//! The vectors of both RFCs, and what must never be opened.

use super::*;

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn master(suite: Suite) -> Master {
    let bytes: Vec<u8> = (0..suite.length() as u8).map(|b| b.wrapping_mul(37)).collect();
    Master::new(suite, &bytes).unwrap()
}

fn packet(sequence: u16, ssrc: u32, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x80, 8];
    packet.extend(sequence.to_be_bytes());
    packet.extend([0, 0, 0, 160]);
    packet.extend(ssrc.to_be_bytes());
    packet.extend(payload);
    packet
}

fn protected(sender: &mut Sender, packet: &[u8]) -> Vec<u8> {
    let mut room = packet.to_vec();
    room.resize(packet.len() + GROWS, 0);
    let length = sender.protect(&mut room, packet.len()).unwrap();
    room.truncate(length);
    room
}

fn opened(listener: &mut Listener, packet: &[u8]) -> Option<Vec<u8>> {
    let mut packet = packet.to_vec();
    let length = listener.open(&mut packet)?;
    packet.truncate(length);
    Some(packet)
}

/// RFC 3711, appendix B.3.
#[test]
fn session_keys_are_those_of_the_rfc() {
    let mut bytes = hex("E1F97A0D3E018BE0D64FA32C06DE4139");
    bytes.extend(hex("0EC675AD498AFEEBB6960B3AABE6"));
    let master = Master::new(Suite::Cm80, &bytes).unwrap();
    let (mut key, mut salt, mut auth) = ([0; 16], [0; 14], [0; 20]);
    derive(&master, 0, &mut key);
    derive(&master, 2, &mut salt);
    derive(&master, 1, &mut auth);
    assert_eq!(key.as_slice(), hex("C61E7A93744F39EE10734AFE3FF7A087"));
    assert_eq!(salt.as_slice(), hex("30CBBC08863D8C85D49DB34A9AE1"));
    assert_eq!(auth.as_slice(), hex("CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4"));
}

/// RFC 3711, appendix B.2.
#[test]
fn the_keystream_is_that_of_the_rfc() {
    let cipher = Aes128::new(GenericArray::from_slice(&hex("2B7E151628AED2A6ABF7158809CF4F3C")));
    let mut iv = [0; 16];
    iv[..14].copy_from_slice(&hex("F0F1F2F3F4F5F6F7F8F9FAFBFCFD"));
    let mut stream = [0; 48];
    counter_mode(&cipher, iv, &mut stream);
    let wanted = "E03EAD0935C95E80E166B16DD92B4EB4 D23513162B02D0F72A43A2FE4A5F97AB 41E95B3BB0A2E8DD477901E4FCA894C0";
    assert_eq!(stream.as_slice(), hex(wanted));
}

/// RFC 7714, §16.1.1: session key and salt are given there, so that no key is derived.
#[test]
fn an_aead_packet_is_that_of_the_rfc() {
    let mut room = hex(
        "8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976 69736120 696e2070 61727465 73207472 6573",
    );
    let salt: [u8; 12] = hex("51756964 2070726f 2071756f").try_into().unwrap();
    let key = hex("000102030405060708090a0b0c0d0e0f");
    let cipher = Aes128Gcm::new(GenericArray::from_slice(&key));
    let keys = Keys::Gcm { cipher, salt };
    let mut sender = Sender { rtp: keys.clone(), rtcp: keys, furthest: None, index: 0 };
    let length = room.len();
    room.resize(length + GROWS, 0);
    let grown = sender.protect(&mut room, length).unwrap();
    let wanted = "8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f 42a5f47a 51c7d19b 36de3adf 8833 899d7f27 beb16a91 52cf765e e4390cce";
    assert_eq!(room[..grown], hex(wanted));
}

#[test]
fn what_one_side_protects_the_other_opens_once() {
    for suite in Suite::ALL {
        let (mut sender, mut listener) = (Sender::new(&master(suite)), Listener::new(&master(suite)));
        for n in 0..300u16 {
            let plain = packet(n, 7, &[n as u8; 160]);
            let sent = protected(&mut sender, &plain);
            assert_ne!(sent[12..20], plain[12..20], "{suite:?}: it can be read");
            assert_eq!(opened(&mut listener, &sent).as_deref(), Some(&plain[..]), "{suite:?} {n}");
            assert_eq!(opened(&mut listener, &sent), None, "{suite:?}: a replay");
        }
    }
}

#[test]
fn late_ones_come_once_within_the_window_and_never_behind_it() {
    let (mut sender, mut listener) = (Sender::new(&master(Suite::Cm80)), Listener::new(&master(Suite::Cm80)));
    let sent: Vec<Vec<u8>> = (0..200u16).map(|n| protected(&mut sender, &packet(n, 7, &[1; 20]))).collect();
    assert!(opened(&mut listener, &sent[100]).is_some());
    for late in [99, 60, 40, 37] {
        assert!(opened(&mut listener, &sent[late]).is_some(), "{late}");
        assert!(opened(&mut listener, &sent[late]).is_none(), "{late} again");
    }
    assert!(opened(&mut listener, &sent[36]).is_none(), "64 behind");
    assert!(opened(&mut listener, &sent[199]).is_some());
    assert!(opened(&mut listener, &sent[101]).is_none());
}

#[test]
fn sequence_numbers_go_round_on_both_sides_and_a_loss_around_it_does_no_harm() {
    for suite in Suite::ALL {
        let (mut sender, mut listener) = (Sender::new(&master(suite)), Listener::new(&master(suite)));
        for n in 65_000..200_000u32 {
            let plain = packet(n as u16, 7, &n.to_be_bytes());
            let sent = protected(&mut sender, &plain);
            // Those around the change are lost.
            if n % 65_536 < 20 || n % 65_536 > 65_500 || n % 7 != 0 {
                continue;
            }
            assert_eq!(opened(&mut listener, &sent), Some(plain), "{suite:?} {n}");
        }
    }
}

#[test]
fn what_is_relayed_late_where_the_numbers_go_round_harms_nobody() {
    for suite in Suite::ALL {
        let (mut sender, mut listener) = (Sender::new(&master(suite)), Listener::new(&master(suite)));
        for n in [65_533, 65_534, 0, 65_535, 2, 1, 3u16] {
            let plain = packet(n, 7, &[1; 20]);
            let sent = protected(&mut sender, &plain);
            assert_eq!(opened(&mut listener, &sent), Some(plain), "{suite:?} {n}");
        }
        let mut early = packet(0, 7, &[1; 20]);
        early.resize(200, 0);
        let mut fresh = Sender::new(&master(suite));
        protected(&mut fresh, &packet(2, 7, &[1; 20]));
        assert!(fresh.protect(&mut early, 32).is_some(), "two before, and numbers are left");
        early = packet(65_535, 7, &[1; 20]);
        early.resize(200, 0);
        assert_eq!(fresh.protect(&mut early, 32), None, "before the first of all");
        assert!(opened(&mut Listener::new(&master(suite)), &protected(&mut fresh, &packet(3, 7, &[1; 20]))).is_some());
    }
}

#[test]
fn any_changed_bit_is_found_and_changes_nothing_for_what_comes() {
    for suite in Suite::ALL {
        let (mut sender, mut listener) = (Sender::new(&master(suite)), Listener::new(&master(suite)));
        let sent = protected(&mut sender, &packet(5, 7, &[9; 40]));
        for bit in 0..sent.len() * 8 {
            let mut forged = sent.clone();
            forged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(opened(&mut listener, &forged), None, "{suite:?}, bit {bit}");
        }
        assert!(opened(&mut listener, &sent).is_some());
        for length in 0..sent.len() {
            assert_eq!(opened(&mut listener, &sent[..length]), None);
        }
    }
}

#[test]
fn reports_are_sealed_too_and_what_is_not_is_refused() {
    for suite in Suite::ALL {
        let (mut sender, mut listener) = (Sender::new(&master(suite)), Listener::new(&master(suite)));
        let plain: Vec<u8> = [0x80, 201, 0, 1, 0, 0, 0, 9].into_iter().chain([3; 24]).collect();
        for _ in 0..3 {
            let mut room = plain.clone();
            room.resize(plain.len() + GROWS, 0);
            let length = sender.protect_rtcp(&mut room, plain.len()).unwrap();
            let sent = room[..length].to_vec();
            assert_eq!(sent[..8], plain[..8]);
            assert_ne!(sent[8..32], plain[8..32]);
            let mut came = sent.clone();
            let opened = listener.open_rtcp(&mut came).unwrap();
            assert_eq!(came[..opened], plain);
            assert!(listener.open_rtcp(&mut sent.clone()).is_none(), "a replay");
            for bit in 0..sent.len() * 8 {
                let mut forged = sent.clone();
                forged[bit / 8] ^= 1 << (bit % 8);
                assert!(listener.open_rtcp(&mut forged).is_none(), "{suite:?}, bit {bit}");
            }
        }
        assert!(listener.open_rtcp(&mut plain.clone()).is_none());
    }
}

#[test]
fn contexts_show_nothing_of_their_keys() {
    let key = master(Suite::Cm80);
    assert_eq!(format!("{:?} {:?}", Sender::new(&key), Listener::new(&key)), "Sender(…) Listener(…)");
}
