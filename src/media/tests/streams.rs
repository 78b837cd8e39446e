//! What a leg hears: whole, in order, one stream.

use super::*;
use crate::audio::{g711, level, tone};
use crate::patch::Tone;

#[test]
fn two_parties_hear_each_other_byte_for_byte_at_once() {
    let mut town = Town::new(&[sdp(0), sdp(1)]);
    town.join(0, 1);
    for n in 0..50u16 {
        let payload = [n as u8; 160];
        town.says(0, n, &payload);
        let sent = town.wire.rtp.last().unwrap().clone();
        assert_eq!((sent.port, sent.to, sent.at), (1, phone(1), town.now.mono));
        assert_eq!(sent.payload, payload);
        town.says(1, n, &[!(n as u8); 160]);
        assert_eq!(town.wire.rtp.last().unwrap().payload, [!(n as u8); 160]);
        town.pass(20);
    }
    for leg in [0, 1] {
        let heard = town.heard(leg);
        assert_one_stream(&heard);
        assert_eq!(heard.len(), 50);
        assert!(heard[0].header.marker && heard[1..].iter().all(|s| !s.header.marker));
        assert_eq!((heard[0].header.ssrc, heard[0].header.sequence), (0xA000 + leg, 65_530));
        let steps = heard.windows(2).map(|w| w[1].header.timestamp.wrapping_sub(w[0].header.timestamp));
        assert!(steps.into_iter().all(|s| s == 160));
    }
}

#[test]
fn loss_and_disorder_are_passed_on_as_they_are() {
    let mut town = Town::new(&[sdp(0), sdp(1)]);
    town.join(0, 1);
    let order = [0u16, 1, 2, 5, 4, 5, 6, 9, 7];
    for n in order {
        town.says(0, n, &[n as u8; 160]);
        town.pass(20);
    }
    let heard = town.heard(1);
    let numbers: Vec<_> = heard.iter().map(|s| s.header.sequence.wrapping_sub(65_530)).collect();
    assert_eq!(numbers, order);
    let first = heard[0].header.timestamp;
    assert!(heard.iter().zip(order).all(|(s, n)| s.header.timestamp.wrapping_sub(first) == u32::from(n) * 160));
    town.close(0);
    let Some(Event::Closed { stats, .. }) = town.events.last() else { panic!() };
    // 3 and 8 are missing, and the double of 5 hides one of them (RFC 3550 A.3).
    assert_eq!((stats.received, stats.lost, stats.refused), (9, 1, 0));
}

#[test]
fn a_prompt_is_whole_from_its_first_sample_to_its_last_at_every_packet_time() {
    for ptime in [10u8, 20, 30, 40, 60, 25, 5, 200] {
        let taken = usize::from((ptime / 10).clamp(1, 6)) * 80;
        for lengths in [[1_000, 613], [160, 160], [1, 0], [4_799, 1]] {
            let mut town = Town::new(&[Remote { ptime, ..sdp(0) }]);
            let clips = [clip("a", lengths[0]), clip("b", lengths[1])];
            town.hear(0, play(9, &clips, false));
            assert_eq!(town.wire.rtp.len(), 1, "the first packet does not wait for a tick");
            town.pass(2_000);
            let mut whole = [clips[0].alaw.to_vec(), clips[1].alaw.to_vec()].concat();
            let packets = whole.len().div_ceil(taken);
            whole.resize(packets * taken, g711::ALAW_SILENCE);
            assert_eq!(town.sound(0), whole, "ptime {ptime}, {lengths:?}");
            let heard = town.heard(0);
            assert_one_stream(&heard);
            let finished = Event::PlayFinished { port: id(0), epoch: FIRST, play: PlayId(9) };
            assert_eq!(town.events, [finished]);
            let step = (taken / 8) as u64 * MILLI;
            for (n, pair) in heard.windows(2).enumerate() {
                let slack = if n == 0 { 5 * MILLI } else { 0 };
                let gap = pair[1].at - pair[0].at;
                assert!((step..=step + slack).contains(&gap), "{gap}");
                assert!(!pair[1].header.marker);
            }
        }
    }
}

#[test]
fn a_prompt_waits_for_the_sdp_and_then_loses_nothing() {
    let mut town = Town::new(&[]);
    town.engine.grow();
    town.open(0, FIRST);
    town.hear(0, play(1, &[clip("a", 320)], false));
    town.pass(3_000);
    assert!(town.wire.rtp.is_empty() && town.events.is_empty());
    town.remote(0, sdp(0));
    town.pass(100);
    assert_eq!(town.sound(0), clip("a", 320).alaw.to_vec());
}

#[test]
fn prompt_ringback_relay_and_music_are_one_stream() {
    let mut town = Town::new(&[sdp(0), sdp(1)]);
    town.hear(0, play(1, &[clip("welcome", 3_333)], false));
    town.pass(450);
    town.hear(0, Source::Tone(Tone::Ringback));
    town.pass(1_507);
    town.join(0, 1);
    for n in 0..40 {
        town.says(1, n, &[0x55; 160]);
        town.pass(20);
    }
    town.hear(0, play(2, &[clip("music", 500), clip("more", 77)], true));
    town.pass(3_000);
    town.hear(0, Source::Nothing);
    town.pass(333);
    let before = town.heard(0).len();
    town.hear(0, Source::Tone(Tone::Busy));
    town.pass(1_000);
    let heard = town.heard(0);
    assert_one_stream(&heard);
    assert_eq!(heard.iter().filter(|s| s.header.marker).count(), 5, "one for each talkspurt");
    assert!(heard[before].header.marker);
    let silence = heard[before].header.timestamp.wrapping_sub(heard[before - 1].header.timestamp);
    assert!((2_600..3_000).contains(&silence), "the clock ran on: {silence}");
    // The first prompt is whole, and the music goes round without a seam.
    let first: Vec<u8> = heard.iter().take(21).flat_map(|s| s.payload.clone()).collect();
    assert_eq!(first[..3_333], clip("", 3_333).alaw[..]);
    let music = heard.iter().position(|s| s.payload[..10] == clip("", 10).alaw[..] && s.at > 2_000_000).unwrap();
    let sound: Vec<u8> = heard[music..before].iter().flat_map(|s| s.payload.clone()).collect();
    let round = [clip("", 500).alaw.to_vec(), clip("", 77).alaw.to_vec()].concat();
    assert!(sound.iter().zip(round.iter().cycle()).all(|(a, b)| a == b));
    assert!(!town.events.iter().any(|e| matches!(e, Event::PlayFinished { play: PlayId(2), .. })));
}

#[test]
fn the_tones_are_heard_as_they_are_made_in_both_codecs() {
    for codec in [Codec::Pcma, Codec::Pcmu] {
        let mut town = Town::new(&[Remote { codec, ..sdp(0) }]);
        town.hear(0, Source::Tone(Tone::Congestion));
        town.pass(1_500);
        let sound = town.sound(0);
        assert!(town.heard(0).iter().all(|s| s.header.payload_type == codec.number().unwrap()));
        let expand = if codec == Codec::Pcma { g711::alaw_decode } else { g711::ulaw_decode };
        let heard: Vec<i16> = sound.iter().map(|b| expand(*b)).collect();
        let pitch = level::dominant_frequency(&heard[..5_600]).unwrap();
        assert!((pitch - 450.0).abs() <= 1.0);
        assert!(heard[5_600..11_200].iter().all(|s| s.abs() <= 8));
        if codec == Codec::Pcma {
            assert_eq!(sound[..11_200], tone::cadence(tone::CONGESTION));
        }
    }
}

#[test]
fn different_codecs_are_turned_into_each_other() {
    let mut town = Town::new(&[sdp(0), Remote { codec: Codec::Pcmu, ..sdp(1) }, sdp(2)]);
    town.join(0, 1);
    town.hear(2, Source::Port(id(0), FIRST));
    let alaw: Vec<u8> = (0..=255).collect();
    town.says(0, 0, &alaw);
    let mut ulaw = alaw.clone();
    g711::alaw_to_ulaw(&mut ulaw);
    assert_eq!((town.heard(1)[0].header.payload_type, town.sound(1)), (0, ulaw.clone()));
    assert_eq!((town.heard(2)[0].header.payload_type, town.sound(2)), (8, alaw), "a listener of the same codec");
    let header = Header { payload_type: 0, ..audio(1, 0) };
    town.packet_from(1, phone(1), header, &ulaw);
    let mut back = ulaw;
    g711::ulaw_to_alaw(&mut back);
    assert_eq!((town.heard(0)[0].header.payload_type, town.sound(0)), (8, back));
}

#[test]
fn comfort_noise_is_heard_as_silence_without_negotiation() {
    let mut town = Town::new(&[sdp(0), Remote { codec: Codec::Pcmu, ..sdp(1) }]);
    town.join(0, 1);
    town.says(0, 0, &[1; 160]);
    town.pass(20);
    town.packet_from(0, phone(0), Header { payload_type: 13, ..audio(0, 1) }, &[70]);
    town.pass(180);
    town.packet_from(0, phone(0), Header { sequence: 1_002, ..audio(0, 10) }, &[1; 160]);
    let heard = town.heard(1);
    assert_one_stream(&heard);
    assert_eq!((heard[1].header.payload_type, heard[1].payload.as_slice()), (0, &[g711::ULAW_SILENCE; 160][..]));
    assert_eq!(heard.len(), 3);
}

#[test]
fn a_held_leg_is_sent_nothing_and_its_time_goes_on() {
    let mut town = Town::new(&[sdp(0), sdp(1)]);
    town.join(0, 1);
    town.says(1, 0, &[1; 160]);
    town.remote(0, Remote { rtp: None, receive: false, ..sdp(0) });
    town.pass(20);
    town.says(1, 1, &[2; 160]);
    assert_eq!(town.heard(0).len(), 1);
    town.says(0, 0, &[3; 160]);
    assert!(town.heard(1).is_empty(), "a holder that does not send is not heard either");
    // A prompt to a holder ends in its time though nobody hears it.
    town.hear(0, play(3, &[clip("x", 1_600)], false));
    town.pass(300);
    assert!(town.events.contains(&Event::PlayFinished { port: id(0), epoch: FIRST, play: PlayId(3) }));
    assert_eq!(town.heard(0).len(), 1);
    town.join(0, 1);
    town.remote(0, sdp(0));
    town.says(1, 17, &[4; 160]);
    let heard = town.heard(0);
    assert_one_stream(&heard);
    assert_eq!((heard.len(), heard[1].header.marker), (2, true));
    assert_eq!(heard[1].header.timestamp.wrapping_sub(heard[0].header.timestamp), 320 * 8);
}

#[test]
fn music_that_nobody_hears_goes_by_in_its_time_and_is_heard_at_once_when_the_hold_ends() {
    let mut town = Town::new(&[sdp(0), sdp(1)]);
    town.hear(0, play(3, &[clip("x", 80_000)], true));
    town.pass(100);
    let before = town.heard(0).len();
    town.remote(0, Remote { rtp: None, receive: false, ..sdp(0) });
    town.pass(1_030);
    assert_eq!(town.heard(0).len(), before, "a holder is sent nothing");
    town.remote(0, sdp(0));
    town.pass(200);
    let heard = town.heard(0);
    assert_one_stream(&heard);
    let fresh = heard.len() - before;
    assert!((5..=10).contains(&fresh), "{fresh} packets in 200 ms: the gap is 100 ms at most");
    assert!(heard[before].header.marker);
    // The place in the music and the time of the stream go on together.
    let passed = heard[before].header.timestamp.wrapping_sub(heard[before - 1].header.timestamp);
    assert!((1_000 * 8..=1_140 * 8).contains(&passed), "{passed}");
}

#[test]
fn commands_for_an_ended_lease_do_nothing() {
    let mut town = Town::new(&[sdp(0), sdp(1)]);
    town.join(0, 1);
    town.close(0);
    assert!(matches!(town.events.last(), Some(Event::Closed { port, epoch: FIRST, .. }) if *port == id(0)));
    town.says(1, 0, &[1; 160]);
    town.open(0, Epoch(2));
    town.hear(0, Source::Tone(Tone::Busy));
    town.remote(0, sdp(0));
    town.close(0);
    town.says(0, 0, &[1; 160]);
    town.pass(1_000);
    assert!(town.wire.rtp.is_empty(), "{:?}", town.wire.rtp);
    assert_eq!(town.engine.open(), 2);
    let far = PortId { thread: 3, index: 0 };
    town.command(Command::Close { port: far, epoch: Epoch(2) });
    town.command(Command::Close { port: id(77), epoch: FIRST });
    assert_eq!(town.engine.open(), 2);
}
