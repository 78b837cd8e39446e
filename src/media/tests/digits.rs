//! Keys: reported once, and heard by the other side in its own way.

use super::*;
use crate::audio::dtmf::Detector;
use crate::audio::{g711, tone};
use crate::patch::DigitVia;
use crate::rtp::TelephoneEvent;
use crate::rtp::telephone_event::{Presses, code};

/// The packets of one press by telephone-event, as a phone sends them.
fn press(key: char, n: u16, payload_type: u8) -> Vec<(Header, [u8; 4])> {
    let start = audio(0, n);
    (0..7u16)
        .map(|i| {
            let event =
                TelephoneEvent { event: code(key).unwrap(), end: i >= 4, volume: 10, duration: (i + 1).min(5) * 160 };
            let header = Header { marker: i == 0, payload_type, sequence: start.sequence.wrapping_add(i), ..start };
            (header, event.bytes())
        })
        .collect()
}

/// The keys in what a leg was sent as telephone-event.
fn events_heard(sent: &[Sent], payload_type: u8) -> String {
    let mut presses = Presses::default();
    sent.iter()
        .filter(|s| s.header.payload_type == payload_type)
        .filter_map(|s| {
            let event = TelephoneEvent::parse(&s.payload)?;
            presses.hear(s.header.ssrc, s.header.timestamp, event)?.key()
        })
        .collect()
}

/// The keys in the sound that a leg was sent.
fn tones_heard(sent: &[Sent]) -> String {
    let mut detector = Detector::default();
    let mut keys = String::new();
    for packet in sent.iter().filter(|s| s.header.payload_type == 8) {
        detector.feed(packet.payload.iter().map(|b| g711::alaw_decode(*b)), |k| keys.push(k));
    }
    keys
}

#[test]
fn every_key_passes_with_the_payload_type_of_each_leg_and_coherent_time() {
    let mut town = Town::new(&[Remote { telephone_event: Some(97), ..sdp(0) }, sdp(1)]);
    town.join(0, 1);
    let mut n = 0;
    for key in tone::KEYS {
        for _ in 0..3 {
            town.says(0, n, &[0xD5; 160]);
            town.pass(20);
            n += 1;
        }
        for (header, payload) in press(key, n, 97) {
            town.packet_from(0, phone(0), header, &payload);
            town.pass(20);
        }
        n += 7;
    }
    let all: String = tone::KEYS.iter().collect();
    assert_eq!(town.keys(), all);
    let heard = town.heard(1);
    assert_one_stream(&heard);
    assert_eq!(events_heard(&heard, 101), all);
    for w in heard.windows(2) {
        if w[0].header.payload_type == 8 && w[1].header.payload_type == 101 {
            assert!(w[1].header.marker);
            assert_eq!(w[1].header.timestamp.wrapping_sub(w[0].header.timestamp), 160);
        }
    }
}

#[test]
fn every_key_becomes_a_tone_where_the_listener_has_no_telephone_event() {
    for codec in [Codec::Pcma, Codec::Pcmu] {
        let mut town = Town::new(&[sdp(0), Remote { telephone_event: None, codec, ..sdp(1) }]);
        town.join(0, 1);
        let mut n = 0;
        for key in tone::KEYS {
            for (header, payload) in press(key, n, 101) {
                town.packet_from(0, phone(0), header, &payload);
                town.pass(20);
            }
            n += 7;
            for _ in 0..6 {
                town.says(0, n, &[0xD5; 160]);
                town.pass(20);
                n += 1;
            }
        }
        let mut heard = town.heard(1);
        assert_one_stream(&heard);
        for packet in &mut heard {
            assert_eq!(packet.header.payload_type, codec.number().unwrap());
            if codec == Codec::Pcmu {
                g711::ulaw_to_alaw(&mut packet.payload);
                packet.header.payload_type = 8;
            }
        }
        assert_eq!(tones_heard(&heard), tone::KEYS.iter().collect::<String>());
    }
}

#[test]
fn every_key_in_the_sound_becomes_an_event_and_is_audible_for_60_ms_at_most() {
    for offset in [0usize, 40, 80, 120] {
        let mut town = Town::new(&[Remote { telephone_event: None, ..sdp(0) }, sdp(1)]);
        town.join(0, 1);
        let mut sound = vec![0xD5; 800 + offset];
        for key in tone::KEYS {
            sound.extend(tone::key(key, 250).unwrap());
            sound.extend([0xD5; 1_200]);
        }
        for (n, frame) in (0..).zip(sound.chunks_exact(160)) {
            town.says(0, n, frame);
            town.pass(20);
        }
        let all: String = tone::KEYS.iter().collect();
        assert_eq!(town.keys(), all);
        assert!(town.events.iter().all(|e| !matches!(e, Event::Digit { via: DigitVia::TelephoneEvent, .. })));
        let heard = town.heard(1);
        assert_one_stream(&heard);
        assert_eq!(events_heard(&heard, 101), all);
        let loud = |s: &Sent| s.payload.iter().filter(|b| g711::alaw_decode(**b).abs() > 500).count();
        let audible: usize = heard.iter().filter(|s| s.header.payload_type == 8).map(loud).sum();
        assert!(audible <= 16 * 60 * 8, "{} ms a key", audible / 8 / 16);
    }
}

#[test]
fn where_neither_side_has_telephone_event_the_tone_passes_and_is_reported() {
    let plain = |i| Remote { telephone_event: None, ..sdp(i) };
    let mut town = Town::new(&[plain(0), plain(1)]);
    town.join(0, 1);
    let sound = tone::key('7', 200).unwrap();
    for (n, frame) in (0..).zip(sound.chunks_exact(160)) {
        town.says(0, n, frame);
        town.pass(20);
    }
    assert_eq!((town.keys().as_str(), town.sound(1)), ("7", sound));
}

#[test]
fn a_key_counts_once_under_loss_disorder_and_doubles() {
    for seed in 1..=300u64 {
        let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let mut town = Town::new(&[sdp(0), Remote { telephone_event: Some(96), ..sdp(1) }]);
        town.join(0, 1);
        let (mut n, mut expected) = (0u16, String::new());
        for _ in 0..8 {
            let key = tone::KEYS[random.below(16) as usize];
            town.says(0, n, &[0xD5; 160]);
            n += 1;
            let mut packets = press(key, n, 101);
            n += 7;
            packets.retain(|_| random.below(3) > 0);
            for i in 0..packets.len() {
                if random.below(4) == 0 {
                    packets.push(packets[i]);
                }
                let j = random.below(packets.len() as u64) as usize;
                packets.swap(i, j);
            }
            if !packets.is_empty() {
                expected.push(key);
            }
            for (header, payload) in packets {
                town.packet_from(0, phone(0), header, &payload);
                town.pass(20);
            }
            town.pass(60);
        }
        assert_eq!(town.keys(), expected, "seed {seed}");
        let mut sent = town.heard(1);
        sent.sort_by_key(|s| s.header.timestamp.wrapping_add(1_000));
        assert_eq!(events_heard(&sent, 96), expected, "seed {seed}: what the other side got");
    }
}

#[test]
fn digits_are_sent_by_event_or_by_tone_and_pause_the_prompt() {
    for telephone_event in [Some(100), None] {
        let mut town = Town::new(&[Remote { telephone_event, ..sdp(0) }]);
        town.hear(0, play(4, &[clip("x", 1_600)], false));
        town.pass(50);
        town.digits(0, "12#d*");
        town.pass(2_000);
        let heard = town.heard(0);
        assert_one_stream(&heard);
        if telephone_event.is_some() {
            assert_eq!(events_heard(&heard, 100), "12#D*");
            let ends = heard.iter().filter(|s| s.header.payload_type == 100 && s.payload[1] & 0x80 != 0);
            assert_eq!(ends.count(), 15);
            let starts: Vec<u64> =
                heard.iter().filter(|s| s.header.payload_type == 100 && s.header.marker).map(|s| s.at).collect();
            assert!(starts.windows(2).all(|w| w[1] - w[0] == 160 * MILLI), "{starts:?}");
            let sound: Vec<u8> =
                heard.iter().filter(|s| s.header.payload_type == 8).flat_map(|s| s.payload.clone()).collect();
            assert_eq!(sound, clip("x", 1_600).alaw.to_vec(), "not a sample of the prompt is lost");
        } else {
            assert_eq!(tones_heard(&heard), "12#D*");
        }
        assert!(town.events.contains(&Event::PlayFinished { port: id(0), epoch: FIRST, play: PlayId(4) }));
    }
}

#[test]
fn digits_over_a_relay_leave_one_stream_and_too_many_are_counted() {
    let mut town = Town::new(&[sdp(0), sdp(1)]);
    town.join(0, 1);
    for n in 0..100 {
        if n == 20 {
            town.digits(0, "59");
        }
        town.says(1, n, &[0xD5; 160]);
        town.pass(20);
    }
    let heard = town.heard(0);
    assert_one_stream(&heard);
    assert_eq!(events_heard(&heard, 101), "59");
    assert!(heard.len() > 90 && heard.last().unwrap().header.payload_type == 8);
    town.digits(0, &"1".repeat(200));
    town.close(0);
    let Some(Event::Closed { stats, .. }) = town.events.last() else { panic!() };
    assert_eq!(stats.refused, 200 - 64);
}
