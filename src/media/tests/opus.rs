//! Legs of Opus beside others, and codecs that only go through.

use super::*;
use crate::audio::g711::{alaw_decode, alaw_encode, ulaw_encode};
use crate::audio::level;
use crate::audio::opus::{Decoder, Encoder, LONGEST, samples};
use crate::patch::{Voice, tape};
use crate::rtp::TelephoneEvent;
use crate::rtp::rtcp;

const NUMBER: u8 = 111;
const TONE: f64 = 700.0;

fn opus(index: u32) -> Remote {
    Remote { codec: Codec::Opus, payload_type: NUMBER, telephone_event: Some(110), event_clock: 48_000, ..sdp(index) }
}

fn tone(hertz: f64, n: usize) -> Vec<i16> {
    let at = |i: usize| (std::f64::consts::TAU * hertz * i as f64 / 8_000.0).sin() * 8_000.0;
    (n * 160..n * 160 + 160).map(|i| at(i) as i16).collect()
}

/// A browser's encoder; its packets begin at an odd moment of its clock.
struct Browser(Encoder);

impl Browser {
    fn new() -> Self {
        Self(Encoder::new().unwrap())
    }

    fn packet(&mut self, index: u32, n: u16, hertz: f64) -> (Header, Vec<u8>) {
        let mut bytes = vec![0; 480];
        let length = self.0.encode(&tone(hertz, n.into()), &mut bytes).unwrap();
        bytes.truncate(length);
        let header = Header {
            payload_type: NUMBER,
            timestamp: (u32::MAX - 5_000).wrapping_add(u32::from(n) * 960),
            ..audio(index, n)
        };
        (header, bytes)
    }
}

/// What a browser hears of what it was sent: 8 kHz.
fn decoded(sent: &[Sent]) -> Vec<i16> {
    let mut decoder = Decoder::new().unwrap();
    let mut all = Vec::new();
    for packet in sent.iter().filter(|s| s.header.payload_type == NUMBER) {
        let mut sound = [0; LONGEST];
        let length = decoder.decode(&packet.payload, &mut sound).expect("Opus");
        assert_eq!(samples(&packet.payload), Some(length as u32));
        all.extend(&sound[..length]);
    }
    all
}

fn expand(bytes: &[u8]) -> Vec<i16> {
    bytes.iter().map(|byte| alaw_decode(*byte)).collect()
}

fn is_tone(sound: &[i16], hertz: f64) {
    let middle = &sound[sound.len() / 4..];
    let (pitch, loud) = (level::dominant_frequency(middle).unwrap_or(0.0), level::rms_dbfs(middle));
    let wanted = level::rms_dbfs(&tone(hertz, 0));
    assert!((pitch - hertz).abs() < 8.0 && (loud - wanted).abs() < 2.5, "{pitch} Hz, {loud:.1} dBFS, not {wanted:.1}");
}

#[test]
fn a_browser_and_a_phone_of_either_law_hear_each_other() {
    for (codec, compress) in [(Codec::Pcma, alaw_encode as fn(i16) -> u8), (Codec::Pcmu, ulaw_encode)] {
        let mut town = Town::new(&[opus(0), Remote { codec, ..sdp(1) }]);
        town.join(0, 1);
        let mut browser = Browser::new();
        for n in 0..100 {
            let (header, payload) = browser.packet(0, n, TONE);
            town.packet_from(0, phone(0), header, &payload);
            let said: Vec<u8> = tone(1_100.0, n.into()).into_iter().map(compress).collect();
            let number = codec.number().unwrap();
            town.packet_from(1, phone(1), Header { payload_type: number, ..audio(1, n) }, &said);
            town.pass(20);
        }
        let (to_browser, to_phone) = (town.heard(0), town.heard(1));
        assert_eq!((to_browser.len(), to_phone.len()), (100, 100));
        assert_one_stream(&to_phone);
        let step = |w: &[Sent]| w[1].header.timestamp.wrapping_sub(w[0].header.timestamp);
        assert!(to_phone.windows(2).all(|w| step(w) == 160) && to_browser.windows(2).all(|w| step(w) == 960));
        assert!(to_browser.windows(2).all(|w| w[1].header.sequence == w[0].header.sequence.wrapping_add(1)));
        is_tone(&decoded(&to_browser), 1_100.0);
        let heard = town.sound(1);
        let heard = if codec == Codec::Pcma {
            expand(&heard)
        } else {
            heard.iter().map(|b| crate::audio::g711::ulaw_decode(*b)).collect()
        };
        is_tone(&heard, TONE);
        town.close(0);
        let Some(Event::Closed { stats, .. }) = town.events.last() else { panic!() };
        assert_eq!((stats.received, stats.lost, stats.jitter_us < 1_000), (100, 0, true), "in its own clock");
    }
}

#[test]
fn between_two_browsers_a_packet_goes_on_as_it_came() {
    let mut town = Town::new(&[opus(0), Remote { payload_type: 96, ..opus(1) }]);
    town.join(0, 1);
    let mut browser = Browser::new();
    let mut said = Vec::new();
    for n in 0..50 {
        let (header, payload) = browser.packet(0, n, TONE);
        town.packet_from(0, phone(0), header, &payload);
        said.push(payload);
        town.pass(20);
    }
    let heard = town.heard(1);
    assert_eq!(heard.iter().map(|s| s.payload.clone()).collect::<Vec<_>>(), said);
    assert!(heard.iter().all(|s| s.header.payload_type == 96), "under the number that it has there");
    let step = |w: &[Sent]| w[1].header.timestamp.wrapping_sub(w[0].header.timestamp);
    assert!(heard.windows(2).all(|w| step(w) == 960));
}

#[test]
fn a_browser_hears_what_is_played_and_keys_go_both_ways_in_the_clock_of_each_side() {
    let mut town = Town::new(&[opus(0), sdp(1)]);
    town.hear(
        0,
        play(
            1,
            &[Clip { name: "t".into(), alaw: (0..50).flat_map(|n| tone(TONE, n)).map(alaw_encode).collect() }],
            false,
        ),
    );
    town.pass(1_100);
    is_tone(&decoded(&town.heard(0)), TONE);
    assert!(town.events.iter().any(|e| matches!(e, Event::PlayFinished { .. })));
    town.join(0, 1);
    town.wire.rtp.clear();
    let mut browser = Browser::new();
    let mut n = 0;
    let mut speak = |town: &mut Town, count: u16| {
        for _ in 0..count {
            let (header, payload) = browser.packet(0, n, TONE);
            town.packet_from(0, phone(0), header, &payload);
            town.says(1, n, &[0xD5; 160]);
            n += 1;
            town.pass(20);
        }
    };
    speak(&mut town, 10);
    // The page presses 5: durations of 48 kHz.
    for (step, end) in [(960, false), (1_920, false), (2_880, true), (2_880, true), (2_880, true)] {
        let event = TelephoneEvent { event: 5, end, volume: 10, duration: step };
        let header = Header { payload_type: 110, timestamp: 77_000, ssrc: 0xB000, ..audio(0, 200 + step / 960) };
        town.packet_from(0, phone(0), header, &event.bytes());
        town.pass(20);
    }
    town.pass(300);
    assert_eq!(town.keys(), "5");
    let events = |town: &Town, index: u32, number: u8| {
        let all = town.heard(index).into_iter().filter(|s| s.header.payload_type == number);
        all.map(|s| TelephoneEvent::parse(&s.payload).unwrap()).collect::<Vec<_>>()
    };
    let to_phone = events(&town, 1, 101);
    assert_eq!(to_phone.iter().map(|e| e.event).max(), Some(5));
    assert!(to_phone.iter().all(|e| e.duration <= 2_000 && e.duration.is_multiple_of(160)), "{to_phone:?}");
    // And the phone presses 7.
    for (duration, end) in [(160, false), (320, false), (480, true)] {
        let event = TelephoneEvent { event: 7, end, volume: 10, duration };
        let header = Header { payload_type: 101, timestamp: 9_000_000, ..audio(1, 400 + duration / 160) };
        town.packet_from(1, phone(1), header, &event.bytes());
        town.pass(20);
    }
    town.pass(300);
    let to_page = events(&town, 0, 110);
    assert!(
        !to_page.is_empty() && to_page.iter().all(|e| e.event == 7 && e.duration.is_multiple_of(960)),
        "{to_page:?}"
    );
}

#[test]
fn a_browser_is_mixed_and_recorded_like_anybody_else() {
    let mut town = Town::new(&[opus(0), sdp(1), sdp(2)]);
    for me in 0..3 {
        let voices = (0..3).filter(|other| *other != me).map(|other| Voice::new(id(other), FIRST)).collect();
        town.hear(me, Source::Mix { voices, beside: None });
    }
    let recording = crate::patch::RecordingId(1);
    for tape in [tape::Tape::Begin { file: "x".into() }, tape::Tape::Channel { channel: 0, port: id(0), epoch: FIRST }]
    {
        town.command(Command::Record { thread: 0, recording, tape });
    }
    let mut browser = Browser::new();
    for n in 0..100 {
        let (header, payload) = browser.packet(0, n, TONE);
        town.packet_from(0, phone(0), header, &payload);
        let said: Vec<u8> = tone(1_100.0, n.into()).into_iter().map(alaw_encode).collect();
        town.says(1, n, &said);
        town.pass(20);
    }
    let both = |sound: &[i16]| {
        let middle = &sound[sound.len() / 3..];
        [TONE, 1_100.0].map(|hertz| level::power_at(middle, hertz) > 100.0 * level::power_at(middle, 1_900.0))
    };
    assert_eq!(both(&expand(&town.sound(2))), [true, true], "the third hears both");
    assert_eq!(both(&decoded(&town.heard(0))), [false, true], "the page hears the phone and not itself");
    let taped = town.wire.takes.iter().filter(|t| format!("{t:?}").starts_with("Frame")).count();
    assert!(taped > 50, "{taped} frames on the tape");
}

#[test]
fn one_lost_packet_of_a_browser_is_heard_from_the_next() {
    let mut town = Town::new(&[opus(0), sdp(1)]);
    town.join(0, 1);
    let mut browser = Browser::new();
    for n in 0..100 {
        let (header, payload) = browser.packet(0, n, TONE);
        if n % 10 != 7 {
            town.packet_from(0, phone(0), header, &payload);
        }
        town.pass(20);
    }
    let heard = town.heard(1);
    assert_eq!(heard.len(), 100, "none is missing");
    assert_one_stream(&heard);
    is_tone(&expand(&town.sound(1)), TONE);
    let repaired: Vec<i16> = (0..10).flat_map(|n| expand(&heard[n * 10 + 7].payload)).collect();
    let loud = level::rms_dbfs(&repaired[160..]);
    assert!(loud > level::rms_dbfs(&tone(TONE, 0)) - 6.0, "{loud} dBFS");
}

#[test]
fn what_is_not_decoded_goes_through_untouched_and_nobody_else_hears_of_it() {
    for (codec, number, bytes, length) in
        [(Codec::G722, 9, 160, 160), (Codec::G729, 18, 20, 160), (Codec::Ilbc, 97, 38, 160), (Codec::Ilbc, 97, 50, 240)]
    {
        let of = |index| Remote { codec, payload_type: number, ..sdp(index) };
        let mut town = Town::new(&[of(0), of(1), sdp(2), opus(3)]);
        town.join(0, 1);
        for listener in [2, 3] {
            town.hear(listener, Source::Port(id(0), FIRST));
        }
        let mut said = Vec::new();
        for n in 0..20u16 {
            let payload: Vec<u8> = (0..bytes).map(|i| (i as u16 * 7 + n) as u8).collect();
            let timestamp = 5_000 + u32::from(n) * length;
            town.packet_from(0, phone(0), Header { payload_type: number, timestamp, ..audio(0, n) }, &payload);
            said.push(payload);
            town.pass(20);
        }
        // G.711 among it is not what was agreed.
        town.says(0, 50, &[1; 160]);
        let heard = town.heard(1);
        assert_eq!(heard.iter().map(|s| s.payload.clone()).collect::<Vec<_>>(), said, "{codec}");
        assert!(heard.iter().all(|s| s.header.payload_type == number), "{codec}");
        let step = |w: &[Sent]| w[1].header.timestamp.wrapping_sub(w[0].header.timestamp);
        assert!(heard.windows(2).all(|w| step(w) == length), "{codec}");
        assert!(town.heard(2).is_empty() && town.heard(3).is_empty(), "{codec}: it is no sound of theirs");
        // Nothing can be said in it: what is played goes by.
        town.wire.rtp.clear();
        town.hear(1, play(2, &[clip("a", 1_600)], false));
        town.pass(400);
        assert!(town.heard(1).is_empty());
        assert!(
            town.events.iter().any(|e| matches!(e, Event::PlayFinished { .. })),
            "{codec}: it has an end all the same"
        );
    }
}

#[test]
fn reports_are_in_the_clock_of_the_codec() {
    let mut town = Town::new(&[opus(0), sdp(1)]);
    town.join(0, 1);
    let mut browser = Browser::new();
    for n in 0..400 {
        let (header, payload) = browser.packet(0, n, TONE);
        town.packet_from(0, phone(0), header, &payload);
        town.says(1, n, &[0xD5; 160]);
        // 15 and 25 ms by turns: a jitter of 5 ms.
        town.pass(if n % 2 == 0 { 15 } else { 25 });
    }
    let (at, .., bytes) = town.wire.rtcp.iter().rev().find(|r| r.1 == 0).expect("a report");
    let (mut jitter, mut stamp) = (0, None);
    rtcp::parse(bytes, |part| match part {
        rtcp::Packet::Block(block) => jitter = block.jitter,
        rtcp::Packet::Sender { report, .. } => stamp = Some(report.timestamp),
        rtcp::Packet::Bye { .. } => {}
    })
    .unwrap();
    assert!((200..=250).contains(&jitter), "{jitter} of 48 kHz");
    let before = town.heard(0).into_iter().rfind(|s| s.at <= *at).unwrap();
    let ahead = stamp.unwrap().wrapping_sub(before.header.timestamp).cast_signed();
    assert!(ahead.abs() <= 2 * 960, "{ahead} ticks behind the last packet");
}

#[test]
fn a_key_that_a_page_holds_for_two_seconds_is_one_key_and_the_voice_goes_on_after_it() {
    let mut town = Town::new(&[opus(0), sdp(1), sdp(2)]);
    for me in 1..3 {
        let voices = vec![Voice::new(id(0), FIRST)];
        town.hear(me, Source::Mix { voices: voices.into(), beside: None });
    }
    let mut browser = Browser::new();
    for n in 0..50 {
        let (header, payload) = browser.packet(0, n, TONE);
        town.packet_from(0, phone(0), header, &payload);
        town.pass(20);
    }
    // 100 packets: the first stretch is 65,535 ticks long and goes on under a timestamp as much later (RFC 4733 §2.5.1.3).
    let began = (u32::MAX - 5_000).wrapping_add(50 * 960);
    for n in 0..100u32 {
        let passed = (n + 1) * 960;
        let (from, duration) = if passed <= 65_535 { (0, passed) } else { (65_535, passed - 65_535) };
        let event = TelephoneEvent { event: 5, end: n == 99, volume: 10, duration: duration as u16 };
        let timestamp = began.wrapping_add(from);
        let header = Header { payload_type: 110, timestamp, marker: n == 0, ..audio(0, 50 + n as u16) };
        town.packet_from(0, phone(0), header, &event.bytes());
        town.pass(20);
    }
    assert_eq!(town.keys(), "5");
    let after = town.heard(1).len();
    for n in 150..200 {
        let (header, payload) = browser.packet(0, n, TONE);
        town.packet_from(0, phone(0), header, &payload);
        town.pass(20);
    }
    let heard: Vec<i16> = town.heard(1)[after..].iter().flat_map(|s| expand(&s.payload)).collect();
    let loud = heard.chunks(160).filter(|piece| level::rms_dbfs(piece) > -30.0).count();
    assert!(loud >= 42, "{loud} of 50 pieces of the voice after the key");
}

#[test]
fn nobody_can_say_more_than_time_passes() {
    let mut town = Town::new(&[opus(0), sdp(1)]);
    town.join(0, 1);
    let mut browser = Browser::new();
    for n in 0..500 {
        let (header, payload) = browser.packet(0, n, TONE);
        town.packet_from(0, phone(0), header, &payload);
    }
    let heard = town.heard(1).len();
    assert!((20..=30).contains(&heard), "{heard} packets of 20 ms in no time");
    town.pass(1_000);
    let (header, payload) = browser.packet(0, 500, TONE);
    town.packet_from(0, phone(0), header, &payload);
    assert!(town.heard(1).len() > heard, "and goes on when time has passed");
}
