//! The moments at which a talk of two becomes a conference and one of two again: what each party hears of them.

use super::conference::{Phones, Way, apply, events_heard, legs};
use super::*;
use crate::audio::g711;
use crate::media::hears::{Crossing, Hears};
use crate::media::leg::Leg;
use crate::media::legs::Legs;
use crate::patch::{RecordingId, Tape, Topology, Voice};
use crate::rtp::{TelephoneEvent, telephone_event};

/// Longest silence on a leg's own time line, samples: from the first to the last that it was sent.
fn silence(heard: &[Sent]) -> usize {
    let first = heard[0].header.timestamp;
    let place = |s: &Sent| s.header.timestamp.wrapping_sub(first).cast_signed();
    let length = heard.iter().map(|s| place(s).max(0) as usize + s.payload.len()).max().unwrap();
    let mut line = vec![0i16; length];
    // In disorder a packet may be older than the first.
    for packet in heard.iter().filter(|s| place(s) >= 0) {
        let expand = if packet.header.payload_type == 0 { g711::ulaw_decode } else { g711::alaw_decode };
        for (sample, b) in line[place(packet) as usize..].iter_mut().zip(&packet.payload) {
            *sample = expand(*b);
        }
    }
    let quiet = |c: &[i16]| c.iter().all(|s| s.abs() < 500);
    let runs =
        line.chunks(40).fold((0, 0), |(run, most), c| if quiet(c) { (run + 1, most.max(run + 1)) } else { (0, most) });
    runs.1 * 40
}

/// How four conferences begin and end: packet times and jitter in ms, the codec of the second party.
#[derive(Debug, Clone, Copy)]
struct Case {
    ptimes: [u8; 2],
    codec: Codec,
    jitter: u64,
    seed: u64,
    recorded: bool,
}

impl Case {
    fn all() -> impl Iterator<Item = Self> {
        let codecs =
            [([20, 20], Codec::Pcma), ([30, 20], Codec::Pcmu), ([30, 30], Codec::Pcma), ([20, 30], Codec::Pcma)];
        let ways = [(0, 1), (5, 2), (15, 3), (30, 4), (30, 5), (15, 6), (0, 7)];
        codecs.into_iter().flat_map(move |(ptimes, codec)| {
            ways.into_iter().flat_map(move |(jitter, seed)| {
                [false, true].map(|recorded| Self { ptimes, codec, jitter, seed, recorded })
            })
        })
    }

    /// Begins with the talk of two; what came of it, and when it changed: into a conference or out of it.
    fn plays(self, prepare: fn(&mut Phones)) -> (Town, Vec<(u64, bool)>) {
        let with = |i: u32| Remote { ptime: *self.ptimes.get(i as usize).unwrap_or(&20), ..sdp(i) };
        let remotes = [with(0), Remote { codec: self.codec, ..with(1) }, with(2)];
        let mut town = Town::new(&remotes);
        let mut phones = Phones::new(&town, &remotes, self.seed);
        phones.way = Way { jitter: self.jitter, loss: 0 };
        prepare(&mut phones);
        if self.recorded {
            tape(&mut town);
        }
        let (two, three) = (Topology::room(&legs(2)), Topology::room(&legs(3)));
        let mut changes = Vec::new();
        for round in 0..4 {
            for (topology, into) in [(&two, false), (&three, true)] {
                apply(&mut town, topology);
                changes.push((town.now.mono, into));
                phones.speak(&mut town, 700 + self.seed * if into { 11 } else { 7 } + round * 3);
            }
        }
        changes.remove(0);
        (town, changes)
    }
}

fn about(heard: &[Sent], at: u64) -> Vec<Sent> {
    heard.iter().filter(|s| s.at.abs_diff(at) < 250 * MILLI).cloned().collect()
}

/// Of every way in and out of a conference: at most 40 ms that nobody speaks in, and no number twice.
#[test]
fn a_change_is_hardly_a_silence_whatever_the_packet_time_the_codec_and_the_jitter() {
    let mut worst = std::collections::BTreeMap::new();
    for case in Case::all() {
        let (town, changes) = case.plays(|_| ());
        for i in 0..2 {
            let heard = town.heard(i);
            let mut numbers: Vec<_> = heard.iter().map(|s| s.header.sequence.wrapping_sub(65_530)).collect();
            numbers.sort_unstable();
            assert!(numbers.windows(2).all(|w| w[0] != w[1]), "{case:?}: a number twice");
            for (at, into) in &changes {
                let samples = silence(&about(&heard, *at));
                let most: &mut usize =
                    worst.entry((case.recorded, *into, case.ptimes[i as usize], case.jitter)).or_default();
                *most = samples.max(*most);
            }
        }
    }
    println!("{worst:?}");
    assert!(
        worst.values().all(|samples| *samples <= 320),
        "samples by whether it is recorded, begins, packet time and jitter: {worst:?}"
    );
}

/// A noise in which every passage is known.
fn noise(_: u32, i: u32) -> i16 {
    let mut x = i.wrapping_mul(0x9E37_79B9) ^ 0x5bd1_e995;
    x ^= x >> 15;
    x = x.wrapping_mul(0x85EB_CA6B);
    x ^= x >> 13;
    (x % 16_000) as i16 - 8_000
}

/// Of what is said at a change, samples: the longest passage heard twice, the longest not heard.
fn words(heard: &[Sent], source: &std::collections::HashMap<Vec<u8>, usize>) -> (usize, usize) {
    let first = heard[0].header.timestamp;
    let mut line = std::collections::BTreeMap::new();
    for packet in heard {
        let place = packet.header.timestamp.wrapping_sub(first).cast_signed();
        (0..).zip(&packet.payload).for_each(|(k, b)| {
            line.insert(place + k, *b);
        });
    }
    let line: Vec<u8> = line.into_values().collect();
    let mut times = std::collections::BTreeMap::<usize, u8>::new();
    for place in line.windows(8).filter_map(|w| source.get(w)) {
        *times.entry(*place).or_default() += 1;
    }
    let twice =
        times.values().fold((0, 0), |(run, most), n| if *n > 1 { (run + 1, most.max(run + 1)) } else { (0, most) });
    let places: Vec<usize> = times.into_keys().collect();
    (twice.1, places.windows(2).map(|w| w[1] - w[0] - 1).max().unwrap())
}

/// The mix is later than the relay by its buffer: that much is heard again at its beginning, and left out at its end.
#[test]
fn hardly_a_word_is_heard_twice_or_lost_at_a_change() {
    let said: Vec<u8> = (0..100_000).map(|i| g711::alaw_encode(noise(1, i))).collect();
    let source = said.windows(8).enumerate().map(|(place, w)| (w.to_vec(), place)).collect();
    let mut worst = std::collections::BTreeMap::new();
    for case in Case::all().filter(|c| c.codec == Codec::Pcma) {
        let (town, changes) = case.plays(|phones| {
            phones.voice = noise;
            phones.silent = vec![0, 2];
        });
        for (at, into) in changes {
            let (twice, lost) = words(&about(&town.heard(0), at), &source);
            let most: &mut (usize, usize) = worst.entry((case.recorded, into, case.ptimes, case.jitter)).or_default();
            *most = (most.0.max(twice), most.1.max(lost));
        }
    }
    println!("{worst:?}");
    for (case, (twice, lost)) in &worst {
        assert!(*twice <= 320, "{case:?}: {twice} samples twice");
        assert!(*lost <= if case.3 < 30 { 440 } else { 560 }, "{case:?}: {lost} samples lost");
    }
}

#[test]
fn once_back_in_the_relay_each_packet_is_heard_once_and_as_it_was_said_in_both_directions() {
    for (codec, samples) in [(Codec::Pcma, 160u32), (Codec::Pcma, 240), (Codec::Pcmu, 160), (Codec::Pcmu, 240)] {
        let ptime = (samples / 8) as u8;
        let with = |i| Remote { ptime, ..sdp(i) };
        let mut town = Town::new(&[with(0), Remote { codec, ..with(1) }, with(2)]);
        let says = |town: &mut Town, i: u32, n: u16| {
            let codec = if i == 1 { codec } else { Codec::Pcma };
            let payload: Vec<u8> =
                (0..samples).map(|k| (k.wrapping_mul(7) + u32::from(n) * 31 + i * 101) as u8).collect();
            let timestamp = 5_000 + u32::from(n) * samples;
            let header = Header { payload_type: codec.number().unwrap(), timestamp, ..audio(i, n) };
            town.packet_from(i, phone(i), header, &payload);
            payload
        };
        for part in 0..4u16 {
            for (n, three) in [(0, true), (1, false)] {
                apply(&mut town, &Topology::room(&legs(if three { 3 } else { 2 })));
                let since = town.wire.rtp.len();
                let mut said = [Vec::new(), Vec::new()];
                for k in 0..20 {
                    let number = part * 40 + n * 20 + k;
                    for i in 0..3 {
                        let payload = says(&mut town, i, number);
                        if i < 2 {
                            said[1 - i as usize].push(payload);
                        }
                        town.pass(5 + u64::from(part % 2));
                    }
                    town.pass(u64::from(ptime) - 3 * (5 + u64::from(part % 2)));
                }
                if three {
                    continue;
                }
                for (i, mut said) in (0..).zip(said) {
                    said.iter_mut().filter(|_| codec == Codec::Pcmu).for_each(|payload| match i {
                        0 => g711::ulaw_to_alaw(payload),
                        _ => g711::alaw_to_ulaw(payload),
                    });
                    let heard: Vec<Sent> = town.wire.rtp[since..].iter().filter(|s| s.port == i).cloned().collect();
                    // Until the first packet comes, the mix goes on.
                    let (mixed, heard) = heard.split_at(heard.len() - said.len());
                    assert!(mixed.len() <= 2, "leg {i}, {codec:?}, {ptime} ms: {} of the mix", mixed.len());
                    assert!(heard[1..].iter().all(|s| !s.header.marker));
                    let heard: Vec<_> = heard.iter().map(|s| s.payload.clone()).collect();
                    assert_eq!(heard, said, "leg {i}, {codec:?}, {ptime} ms: nothing of the mix comes after");
                }
            }
        }
        (0..2).for_each(|i| assert_one_stream(&town.heard(i)));
    }
}

/// Whoever is on both ways is so with one voice: a third one is gone with the command, and comes with the mix.
#[test]
fn out_of_a_conference_nobody_hears_the_third_party_for_one_packet_more() {
    for (ptime, recorded) in [(20, false), (20, true), (30, false), (10, true)] {
        for moment in 0..25 {
            let remotes = [Remote { ptime, ..sdp(0) }, sdp(1), sdp(2)];
            let mut town = Town::new(&remotes);
            let mut phones = Phones::new(&town, &remotes, moment + 1);
            phones.silent = vec![0, 1];
            if recorded {
                tape(&mut town);
            }
            apply(&mut town, &Topology::room(&legs(2)));
            phones.speak(&mut town, 300);
            apply(&mut town, &Topology::room(&legs(3)));
            phones.speak(&mut town, 400 + moment);
            assert!(town.sound(0).iter().any(|b| g711::alaw_decode(*b).abs() > 3_000));
            apply(&mut town, &Topology::room(&legs(2)));
            let since = town.wire.rtp.len();
            phones.speak(&mut town, 400);
            let after = town.wire.rtp[since..].iter().filter(|s| s.port < 2);
            // Half a frame, and of a packet of 30 ms all but its end, had been mixed when it was still a conference.
            let loud = after.flat_map(|s| &s.payload).filter(|b| g711::alaw_decode(**b).abs() > 500).count();
            assert!(loud <= [0, 80, 0, 239][usize::from(ptime / 10)], "{ptime} ms, moment {moment}: {loud} samples");
            assert!(!town.engine.state.legs.iter().any(Leg::crosses));
        }
    }
}

/// Changes upon changes, many before the former is over, with leases that end: the lists agree with what each hears.
#[test]
fn however_fast_the_changes_follow_each_other_everyone_is_where_he_belongs() {
    for seed in 1..=40u64 {
        println!("seed {seed}");
        let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        let remotes: Vec<Remote> = (0..4).map(|i| Remote { ptime: [20, 30, 20, 10][i as usize], ..sdp(i) }).collect();
        let mut town = Town::new(&remotes);
        let mut phones = Phones::new(&town, &remotes, seed);
        phones.way = Way { jitter: random.below(40), loss: random.below(8) };
        if random.below(2) == 0 {
            tape(&mut town);
        }
        for _ in 0..120 {
            let (me, other) = (random.below(4) as u32, random.below(4) as u32);
            match random.below(14) {
                0 => {
                    town.close(me);
                    town.open(me, FIRST);
                    town.remote(me, remotes[me as usize]);
                }
                1 => town.hear(me, Source::Nothing),
                2 => phones.silent = vec![me],
                3 => town.digits(me, "5"),
                4..8 => town.hear(me, Source::Port(id(other), FIRST)),
                8..12 => {
                    let mut voices: Vec<Voice> =
                        (0..4).filter(|v| *v != me).map(|v| Voice::new(id(v), FIRST)).collect();
                    voices.retain(|_| random.below(4) > 0);
                    voices.iter_mut().for_each(|v| v.mute = random.below(6) == 0);
                    town.hear(me, Source::Mix { voices: voices.into(), beside: None });
                }
                _ => apply(&mut town, &Topology::room(&legs(2 + random.below(3) as u32))),
            }
            agrees(&town.engine.state.legs);
            phones.speak(&mut town, random.below(90));
            agrees(&town.engine.state.legs);
        }
        (0..4).for_each(|i| town.hear(i, Source::Nothing));
        assert!(town.engine.state.legs.iter().all(|l| l.listeners.is_empty() && l.mixers.is_empty()));
        apply(&mut town, &Topology::room(&legs(4)));
        phones.speak(&mut town, 400);
        assert!(!town.engine.state.legs.iter().any(Leg::crosses), "none stays between");
    }
}

fn agrees(all: &Legs) {
    let count = |list: &[u32], index: u32| list.iter().filter(|l| **l == index).count();
    for (index, leg) in (0..).zip(all.iter()) {
        for (speaker, other) in (0..).zip(all.iter()) {
            let (relayed, mixed) = match &leg.hears {
                Hears::Leg(from) => (*from == speaker, false),
                Hears::Mix(mix) => (
                    mix.crossing.and_then(Crossing::relayed) == Some(speaker),
                    mix.voices.iter().any(|v| v.leg == speaker),
                ),
                _ => (false, false),
            };
            assert_eq!(count(&other.listeners, index), usize::from(relayed), "{index} hears {speaker} relayed");
            assert_eq!(count(&other.mixers, index), usize::from(mixed), "{index} hears {speaker} mixed");
        }
        assert_eq!(leg.receiver.is_some(), !leg.mixers.is_empty() || leg.tape.is_some());
    }
}

/// All are recorded from now on.
fn tape(town: &mut Town) {
    let record = |town: &mut Town, tape| town.command(Command::Record { thread: 0, recording: RecordingId(1), tape });
    record(town, Tape::Begin { file: "a".into() });
    (0..3).for_each(|i| record(town, Tape::Channel { channel: i as u8, port: id(i), epoch: FIRST }));
}

/// A key that is held for 600 ms while the conference begins, or ends; it begins up to 180 ms after the change, too.

#[test]
fn a_key_held_through_a_change_is_one_key() {
    let (two, three) = (Topology::room(&legs(2)), Topology::room(&legs(3)));
    for (from, to) in [(&two, &three), (&three, &two)] {
        for changed in [-9i32, -6, -4, -3, -2, -1, 0, 1, 2, 5, 9, 15, 29, 30, 31] {
            let mut town = Town::new(&[sdp(0), sdp(1), sdp(2)]);
            apply(&mut town, from);
            for n in 0..20 {
                if i32::from(n) - 20 == changed {
                    apply(&mut town, to);
                }
                (0..3).for_each(|i| town.says(i, n, &[0x55; 160]));
                town.pass(20);
            }
            let code = telephone_event::code('7').unwrap();
            for k in 0..33u16 {
                if i32::from(k) == changed {
                    apply(&mut town, to);
                }
                let event = TelephoneEvent { event: code, end: k >= 30, volume: 10, duration: (k + 1).min(31) * 160 };
                let header = Header { payload_type: 101, marker: k == 0, sequence: 1_020 + k, ..audio(1, 20) };
                town.packet_from(1, phone(1), header, &event.bytes());
                town.says(0, 20 + k, &[0x55; 160]);
                town.pass(20);
            }
            for n in 53..80 {
                (0..2).for_each(|i| town.says(i, n, &[0x55; 160]));
                town.pass(20);
            }
            let entered = std::ptr::eq(from, &two);
            assert_eq!(
                (town.keys().as_str(), events_heard(&town, 0).as_str()),
                ("7", "7"),
                "{changed}, enters {entered}"
            );
        }
    }
}
