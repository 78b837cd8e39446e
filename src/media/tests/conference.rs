//! Three and more: who hears whom, told by tones, and one stream a leg through every change.

use super::*;
use crate::audio::{g711, level, tone};
use crate::id::LegRef;
use crate::patch::topology::{Hears, Speaker};
use crate::patch::{Beside, Sound, Tone, Topology, Voice};
use crate::rtp::telephone_event::Presses;
use crate::rtp::{TelephoneEvent, telephone_event};
use std::collections::BTreeSet;

/// The tone of each party, Hz.
const HERTZ: [f64; 4] = [400.0, 850.0, 1_300.0, 1_900.0];
/// Its amplitude.
const LOUD: f64 = 6_000.0;

/// What the network does to a packet.
#[derive(Clone, Copy, Default)]
pub struct Way {
    pub jitter: u64,
    pub loss: u64,
}

/// Phones that speak, each its tone, over a network.
pub struct Phones {
    remotes: Vec<Remote>,
    next: Vec<(u64, u16, u32)>,
    wire: BTreeSet<(u64, u32, u16, u32)>,
    random: Random,
    pub way: Way,
    /// What each says, sample by sample.
    pub voice: fn(u32, u32) -> i16,
    /// Who is silent at present.
    pub silent: Vec<u32>,
}

impl Phones {
    pub fn new(town: &Town, remotes: &[Remote], seed: u64) -> Self {
        // They do not begin in the same instant.
        let next = (0..remotes.len() as u64).map(|i| (town.now.mono + i * 3_700, 0, 0)).collect();
        Self {
            remotes: remotes.to_vec(),
            next,
            wire: BTreeSet::new(),
            random: Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1),
            way: Way::default(),
            voice: tone_of,
            silent: Vec::new(),
        }
    }

    /// Everyone speaks for so long.
    pub fn speak(&mut self, town: &mut Town, millis: u64) {
        for _ in 0..millis {
            for (index, (remote, next)) in (0u32..).zip(self.remotes.iter().zip(&mut self.next)) {
                let samples = u32::from(remote.ptime) * 8;
                while next.0 <= town.now.mono {
                    let late = self.random.below(self.way.jitter * MILLI + 1);
                    let lost = self.random.below(100) < self.way.loss || self.silent.contains(&index);
                    if !lost {
                        self.wire.insert((next.0 + late, index, next.1, next.2));
                    }
                    *next = (next.0 + u64::from(remote.ptime) * MILLI, next.1.wrapping_add(1), next.2 + samples);
                }
            }
            while let Some((_, index, n, timestamp)) = self.wire.first().copied().filter(|p| p.0 <= town.now.mono) {
                self.wire.pop_first();
                let remote = self.remotes[index as usize];
                let payload: Vec<u8> = (timestamp..timestamp + u32::from(remote.ptime) * 8)
                    .map(|i| word(remote.codec, (self.voice)(index, i)))
                    .collect();
                let payload_type = remote.codec.number().unwrap();
                let header = Header { timestamp: timestamp + 5_000, payload_type, ..audio(index, n) };
                town.packet_from(index, phone(index), header, &payload);
            }
            town.pass(1);
        }
    }
}

fn tone_of(index: u32, i: u32) -> i16 {
    sine(HERTZ[index as usize % 4], i)
}

fn sine(hertz: f64, i: u32) -> i16 {
    ((f64::from(i) * std::f64::consts::TAU * hertz / 8_000.0).sin() * LOUD) as i16
}

fn word(codec: Codec, sample: i16) -> u8 {
    match codec {
        Codec::Pcma => g711::alaw_encode(sample),
        _ => g711::ulaw_encode(sample),
    }
}

/// The sound of what a leg was sent from a moment on.
fn sound(town: &Town, index: u32, since: u64) -> Vec<i16> {
    let expand = |s: &Sent| if s.header.payload_type == 0 { g711::ulaw_decode } else { g711::alaw_decode };
    let heard = town.wire.rtp.iter().filter(|s| s.port == index && s.at >= since && s.header.payload_type <= 8);
    heard.flat_map(|s| s.payload.iter().map(|b| expand(s)(*b)).collect::<Vec<_>>()).collect()
}

/// Amplitude of one pitch: the mean over pieces of 100 ms, as a correction of a buffer's depth turns the phase.
fn amplitude(sound: &[i16], hertz: f64) -> f64 {
    let pieces = sound.chunks(800).filter(|c| c.len() >= 400 || sound.len() < 400);
    let (sum, n) = pieces.fold((0.0, 0), |(sum, n), piece| {
        (sum + 4.0 * level::power_at(piece, hertz).sqrt() / piece.len() as f64, n + 1)
    });
    sum / f64::from(n.max(1))
}

/// Whose tones are in what a leg was sent from a moment on, as `01`.
fn hears(town: &Town, index: u32, since: u64) -> String {
    let sound = sound(town, index, since);
    let loud = |k: &usize| amplitude(&sound, HERTZ[*k]) > LOUD / 4.0;
    (0..4).filter(loud).map(|k| k.to_string()).collect()
}

/// Tells the engine who hears whom: leg n is port n.
pub fn apply(town: &mut Town, topology: &Topology) {
    for (leg, hears) in topology.rows() {
        let source = hears.source(|leg| Some((id(leg.0), FIRST)));
        town.hear(leg.0, source);
    }
}

pub fn legs(n: u32) -> Vec<LegRef> {
    (0..n).map(LegRef).collect()
}

/// Speaks half a second for all to settle, a second to be judged by; what each of `n` hears.
fn judged(town: &mut Town, phones: &mut Phones, n: u32) -> Vec<String> {
    phones.speak(town, 500);
    let since = town.now.mono;
    phones.speak(town, 1_000);
    (0..n).map(|i| hears(town, i, since)).collect()
}

#[test]
fn three_hear_each_other_and_nobody_himself_in_every_codec_and_packet_time() {
    let with = |i, codec, ptime| Remote { codec, ptime, ..sdp(i) };
    let (a, u) = (Codec::Pcma, Codec::Pcmu);
    let cases = [
        [with(0, a, 20), with(1, a, 20), with(2, a, 20)],
        [with(0, a, 20), with(1, u, 20), with(2, a, 30)],
        [with(0, u, 60), with(1, a, 10), with(2, u, 40)],
        [with(0, u, 50), with(1, u, 30), with(2, u, 10)],
    ];
    for remotes in cases {
        let mut town = Town::new(&remotes);
        let mut phones = Phones::new(&town, &remotes, 1);
        apply(&mut town, &Topology::room(&legs(3)));
        assert_eq!(judged(&mut town, &mut phones, 3), ["12", "02", "01"]);
        for (i, remote) in (0..).zip(&remotes) {
            let heard = town.heard(i);
            assert_one_stream(&heard);
            assert!(heard.iter().all(|s| s.payload.len() == usize::from(remote.ptime) * 8));
            assert!(heard.iter().all(|s| s.header.payload_type == remote.codec.number().unwrap()));
            assert_eq!(heard.iter().filter(|s| s.header.marker).count(), 1);
            let step = u64::from(remote.ptime) * MILLI;
            assert!(heard.windows(2).all(|w| w[1].at - w[0].at == step), "at an even pace");
            // As loud as it was said, and nothing else: two tones of this amplitude.
            let samples = sound(&town, i, town.now.mono - 1_000 * MILLI);
            let others = (0..3).filter(|k| *k != i as usize).map(|k| amplitude(&samples, HERTZ[k]));
            assert!(others.into_iter().all(|a| (a / LOUD - 1.0).abs() < 0.05), "leg {i}");
            assert!((level::rms_dbfs(&samples) - 20.0 * (LOUD / 32_768.0).log10()).abs() < 0.3);
        }
    }
}

#[test]
fn listen_whisper_and_barge_are_heard_by_whom_they_shall_and_the_pair_stays_relayed() {
    let remotes: Vec<Remote> = (0..3).map(sdp).collect();
    let mut town = Town::new(&remotes);
    let mut phones = Phones::new(&town, &remotes, 2);
    let (caller, agent, chief) = (LegRef(0), LegRef(1), LegRef(2));
    let pair = Topology::pair(caller, agent);
    let stages = [
        (pair.clone(), ["1", "0", ""]),
        (pair.clone().listened(chief), ["1", "0", "01"]),
        (pair.clone().whispered(chief, agent), ["1", "02", "01"]),
        (pair.clone().barged(chief), ["12", "02", "01"]),
        (pair.clone().listened(chief), ["1", "0", "01"]),
    ];
    for (topology, expected) in stages {
        apply(&mut town, &topology);
        assert_eq!(judged(&mut town, &mut phones, 3), expected, "{topology:?}");
    }
    (0..3).for_each(|i| assert_one_stream(&town.heard(i)));
    let last: Vec<u8> = town.heard(0).last().unwrap().payload.clone();
    let said = (0..u32::MAX / 160).map(|n| (n * 160..(n + 1) * 160).map(|i| word(Codec::Pcma, sine(HERTZ[1], i))));
    assert!(said.take(1_000).any(|p| p.collect::<Vec<_>>() == last), "the caller gets the agent's payload as it is");
}

#[test]
fn from_relay_to_mix_and_back_is_one_stream_and_hardly_a_gap() {
    let remotes: Vec<Remote> = (0..3).map(sdp).collect();
    let (two, three) = (Topology::room(&legs(2)), Topology::room(&legs(3)));
    for seed in 1..=8 {
        let mut town = Town::new(&remotes);
        let mut phones = Phones::new(&town, &remotes, seed);
        for round in 0..4 {
            apply(&mut town, &two);
            town.hear(2, Source::Nothing);
            phones.speak(&mut town, 400 + seed * 7 + round * 3);
            apply(&mut town, &three);
            phones.speak(&mut town, 400 + seed * 11 + round);
        }
        for i in 0..2 {
            let heard = town.heard(i);
            assert_one_stream(&heard);
            assert!(heard.windows(2).all(|w| w[1].at - w[0].at <= 60 * MILLI), "seed {seed}: packets hardly pause");
            assert!(heard.iter().filter(|s| s.header.marker).count() <= 8, "one marker a change at most");
            // On the listener's time line the other one is never away for more than 40 ms.
            let first = heard[0].header.timestamp;
            let length = heard.last().unwrap().header.timestamp.wrapping_sub(first) as usize + 160;
            let mut line = vec![0i16; length];
            for packet in &heard {
                let at = packet.header.timestamp.wrapping_sub(first) as usize;
                for (sample, b) in line[at..].iter_mut().zip(&packet.payload) {
                    *sample = g711::alaw_decode(*b);
                }
            }
            let other = HERTZ[1 - i as usize];
            let away = line.chunks(40).map(|c| c.iter().map(|s| i32::from(*s).abs()).max().unwrap() < 500);
            let longest =
                away.fold((0, 0), |(run, most), quiet| if quiet { (run + 1, most.max(run + 1)) } else { (0, most) }).1;
            assert!(longest * 5 <= 40, "seed {seed}, leg {i}: {} ms of silence", longest * 5);
            let loud = line.chunks_exact(400).filter(|c| amplitude(c, other) > LOUD * 0.8).count();
            assert!(loud * 100 > line.len() / 400 * 85, "{loud} of {}", line.len() / 400);
        }
    }
}

#[test]
fn under_loss_jitter_and_disorder_the_stream_keeps_its_numbers_and_the_voices_are_heard() {
    for seed in 1..=6 {
        let remotes: Vec<Remote> =
            (0..3).map(|i| Remote { codec: if i == 1 { Codec::Pcmu } else { Codec::Pcma }, ..sdp(i) }).collect();
        let mut town = Town::new(&remotes);
        let mut phones = Phones::new(&town, &remotes, seed);
        phones.way = Way { jitter: 40, loss: 5 };
        apply(&mut town, &Topology::room(&legs(2)));
        phones.speak(&mut town, 1_000);
        apply(&mut town, &Topology::room(&legs(3)));
        let mixed = town.now.mono + 260 * MILLI;
        phones.speak(&mut town, 2_000);
        let since = town.now.mono;
        phones.speak(&mut town, 2_000);
        assert_eq!((0..3).map(|i| hears(&town, i, since)).collect::<Vec<_>>(), ["12", "02", "01"], "seed {seed}");
        let until = town.now.mono;
        apply(&mut town, &Topology::room(&legs(2)));
        phones.speak(&mut town, 1_000);
        for i in 0..2 {
            let heard = town.heard(i);
            assert!(heard.iter().all(|s| s.header.ssrc == 0xA000 + i));
            let mut numbers: Vec<_> = heard.iter().map(|s| s.header.sequence.wrapping_sub(65_530)).collect();
            numbers.sort_unstable();
            assert!(numbers.windows(2).all(|w| w[0] != w[1]), "seed {seed}: no number twice");
            let mix: Vec<Sent> = heard.into_iter().filter(|s| s.at >= mixed && s.at < until).collect();
            assert_one_stream(&mix);
            assert!(mix.windows(2).all(|w| w[1].at - w[0].at == 20 * MILLI));
            // What is lost or late is made: next to nothing of two seconds is silent.
            let samples = sound(&town, i, since);
            let silent = samples.chunks(80).filter(|c| c.iter().all(|s| s.abs() < 300)).count();
            assert!(silent <= samples.len() / 80 / 25, "seed {seed}: {silent} of {}", samples.len() / 80);
        }
    }
}

#[test]
fn a_mixed_sample_waits_for_its_buffer_and_no_longer() {
    let remotes: Vec<Remote> = (0..3).map(sdp).collect();
    let mut town = Town::new(&remotes);
    apply(&mut town, &Topology::room(&legs(3)));
    let mut waits = Vec::new();
    for n in 0..400u16 {
        let loud = n % 10 == 9;
        for i in 0..3 {
            let payload = [if loud && i == 0 { word(Codec::Pcma, 12_000) } else { 0xD5 }; 160];
            town.says(i, n, &payload);
            if i == 0 && loud {
                waits.push(town.now.mono);
            }
            town.pass(3);
        }
        town.pass(11);
    }
    town.pass(200);
    let mut delays = Vec::new();
    for said in waits {
        // The time at which the first loud sample leaves, by its place in the packet.
        let left = town.heard(1).into_iter().filter(|s| s.at >= said).find_map(|s| {
            let at = s.payload.iter().position(|b| g711::alaw_decode(*b) > 6_000)?;
            Some(s.at + at as u64 * 125)
        });
        delays.push((left.unwrap() - said) / MILLI);
    }
    let mean = delays.iter().sum::<u64>() / delays.len() as u64;
    // The buffer is 25 ms deep here; the relay would take 0.
    assert!(mean <= 25 + 20 && delays.iter().all(|d| *d <= 25 + 40), "{delays:?}");
}

#[test]
fn who_holds_hears_nothing_and_says_nothing_and_the_others_go_on() {
    let remotes: Vec<Remote> = (0..3).map(sdp).collect();
    let mut town = Town::new(&remotes);
    let mut phones = Phones::new(&town, &remotes, 4);
    apply(&mut town, &Topology::room(&legs(3)));
    assert_eq!(judged(&mut town, &mut phones, 3), ["12", "02", "01"]);
    town.remote(1, Remote { rtp: None, receive: false, ..sdp(1) });
    let before = town.heard(1).len();
    assert_eq!(judged(&mut town, &mut phones, 3), ["2", "", "0"]);
    assert_eq!(town.heard(1).len(), before);
    town.remote(1, sdp(1));
    assert_eq!(judged(&mut town, &mut phones, 3), ["12", "02", "01"]);
    town.close(2);
    assert_eq!(judged(&mut town, &mut phones, 2), ["1", "0"]);
    (0..3).for_each(|i| assert_one_stream(&town.heard(i)));
}

#[test]
fn gain_and_mute_are_each_listeners_own_and_change_without_a_seam() {
    let remotes: Vec<Remote> = (0..3).map(sdp).collect();
    let mut town = Town::new(&remotes);
    let mut phones = Phones::new(&town, &remotes, 5);
    let mut topology = Topology::room(&legs(3));
    apply(&mut town, &topology);
    phones.speak(&mut town, 500);
    topology.add(LegRef(0), Speaker { gain_db: -12, ..Speaker::new(LegRef(1)) });
    topology.add(LegRef(2), Speaker { mute: true, ..Speaker::new(LegRef(1)) });
    apply(&mut town, &topology);
    assert_eq!(judged(&mut town, &mut phones, 3), ["12", "02", "0"]);
    let soft = amplitude(&sound(&town, 0, town.now.mono - 800 * MILLI), HERTZ[1]);
    assert!((soft / LOUD - 0.251).abs() < 0.02, "{soft}");
    for i in 0..3 {
        assert_one_stream(&town.heard(i));
        assert_eq!(town.heard(i).iter().filter(|s| s.header.marker).count(), 1);
    }
}

#[test]
fn a_reminder_and_a_clip_are_heard_beside_the_voices_and_the_clip_ends() {
    let remotes: Vec<Remote> = (0..3).map(sdp).collect();
    let mut town = Town::new(&remotes);
    let mut phones = Phones::new(&town, &remotes, 6);
    let mut topology = Topology::room(&legs(2));
    topology.beside(LegRef(0), Some(Beside { sound: Sound::Tone(Tone::Reminder), gain_db: 0 }));
    apply(&mut town, &topology);
    phones.speak(&mut town, 400);
    let samples = sound(&town, 0, town.now.mono - 300 * MILLI);
    let reminder = amplitude(&samples, tone::REMINDER_HERTZ);
    assert!((1_900.0..2_700.0).contains(&reminder), "−20 dBm0: {reminder}");
    assert!(amplitude(&samples, HERTZ[1]) > LOUD * 0.9);
    // A third joins: the tone goes on where it was, 9.6 s of silence.
    let mut room = Topology::room(&legs(3));
    room.beside(LegRef(0), Some(Beside { sound: Sound::Tone(Tone::Reminder), gain_db: 0 }));
    apply(&mut town, &room);
    let since = town.now.mono + 100 * MILLI;
    phones.speak(&mut town, 1_500);
    assert!(amplitude(&sound(&town, 0, since), tone::REMINDER_HERTZ) < 50.0);
    let whisper: Vec<u8> = (0..4_000).map(|i| word(Codec::Pcma, sine(3_000.0, i))).collect();
    let clips: Arc<[Clip]> = [Clip { name: "whisper".into(), alaw: whisper.into() }].into();
    let sound_of = Sound::Clips { play: PlayId(7), clips, repeat: false };
    room.beside(LegRef(1), Some(Beside { sound: sound_of, gain_db: -6 }));
    apply(&mut town, &room);
    let since = town.now.mono;
    phones.speak(&mut town, 2_000);
    assert_eq!(hears(&town, 1, since), "02");
    let half = amplitude(&sound(&town, 1, since)[400..4_000], 3_000.0);
    assert!((half / LOUD - 0.5).abs() < 0.05, "{half}");
    let finished = Event::PlayFinished { port: id(1), epoch: FIRST, play: PlayId(7) };
    assert_eq!(town.events.iter().filter(|e| **e == finished).count(), 1);
    let after = amplitude(&sound(&town, 1, since + 1_000 * MILLI), 3_000.0);
    assert!(after < 50.0);
}

fn press(town: &mut Town, phones: &mut Phones, from: u32, key: char) {
    let event = telephone_event::code(key).unwrap();
    phones.silent = vec![from];
    let (_, n, timestamp) = phones.next[from as usize];
    for i in 0..8u16 {
        let event = TelephoneEvent { event, end: i >= 5, volume: 10, duration: (i + 1).min(6) * 160 };
        let sequence = 1_000 + n + i;
        let header =
            Header { marker: i == 0, payload_type: 101, sequence, timestamp: timestamp + 5_000, ..audio(from, 0) };
        town.packet_from(from, phone(from), header, &event.bytes());
        phones.speak(town, 20);
    }
    phones.silent.clear();
}

pub fn events_heard(town: &Town, index: u32) -> String {
    let mut presses = Presses::default();
    let heard = town.heard(index).into_iter().filter(|s| s.header.payload_type == 101);
    heard.filter_map(|s| presses.hear(1, s.header.timestamp, TelephoneEvent::parse(&s.payload)?)?.key()).collect()
}

#[test]
fn keys_of_one_go_to_the_others_as_events_and_to_nobody_who_shall_not_hear_them() {
    let remotes: Vec<Remote> = (0..3).map(sdp).collect();
    let mut town = Town::new(&remotes);
    let mut phones = Phones::new(&town, &remotes, 7);
    let mut topology = Topology::room(&legs(3));
    topology.add(LegRef(0), Speaker { digits: false, ..Speaker::new(LegRef(1)) });
    apply(&mut town, &topology);
    phones.speak(&mut town, 300);
    press(&mut town, &mut phones, 1, '5');
    phones.speak(&mut town, 300);
    assert_eq!(
        (town.keys().as_str(), events_heard(&town, 0).as_str(), events_heard(&town, 2).as_str()),
        ("5", "", "5")
    );
    assert!(sound(&town, 0, 0).len() / 8 > 700, "the others' voices go on");
    // A seat's keys are for the switch only, mixed or relayed.
    town.command(Command::Keys { port: id(1), epoch: FIRST, pass: false });
    press(&mut town, &mut phones, 1, '*');
    apply(&mut town, &Topology::pair(LegRef(0), LegRef(1)));
    phones.speak(&mut town, 300);
    press(&mut town, &mut phones, 1, '1');
    phones.speak(&mut town, 300);
    assert_eq!(
        (town.keys().as_str(), events_heard(&town, 0).as_str(), events_heard(&town, 2).as_str()),
        ("5*1", "", "5")
    );
    town.command(Command::Keys { port: id(1), epoch: FIRST, pass: true });
    press(&mut town, &mut phones, 1, '2');
    phones.speak(&mut town, 300);
    assert_eq!(events_heard(&town, 0), "2");
    (0..3).for_each(|i| assert_one_stream(&town.heard(i)));
}

#[test]
fn a_key_in_the_sound_that_shall_not_be_heard_is_audible_for_60_ms_at_most_mixed_or_relayed() {
    for mixed in [true, false] {
        let plain = |i| Remote { telephone_event: None, ..sdp(i) };
        let mut town = Town::new(&[plain(0), plain(1), plain(2)]);
        if mixed {
            let voices = [Voice { digits: false, ..Voice::new(id(1), FIRST) }, Voice::new(id(2), FIRST)];
            town.hear(0, Source::Mix { voices: voices.into(), beside: None });
            town.hear(2, Source::Mix { voices: [Voice::new(id(1), FIRST)].into(), beside: None });
        } else {
            town.command(Command::Keys { port: id(1), epoch: FIRST, pass: false });
            town.hear(0, Source::Port(id(1), FIRST));
        }
        let mut said = vec![0xD5; 1_640];
        for key in tone::KEYS {
            said.extend(tone::key(key, 200).unwrap());
            said.extend([0xD5; 1_600]);
        }
        for (n, frame) in (0..).zip(said.chunks_exact(160)) {
            town.says(1, n, frame);
            town.pass(20);
        }
        town.pass(200);
        assert_eq!(town.keys(), tone::KEYS.iter().collect::<String>());
        let loud = |i| sound(&town, i, 0).iter().filter(|s| s.abs() > 500).count() / 8 / 16;
        assert!(loud(0) <= 60, "mixed {mixed}: {} ms a key", loud(0));
        if mixed {
            assert!(loud(2) > 100, "who may hear it, hears it: {} ms", loud(2));
        }
    }
}

#[test]
fn comfort_noise_is_silence_in_a_mix_too() {
    let mut town = Town::new(&[sdp(0), sdp(1), sdp(2)]);
    apply(&mut town, &Topology::room(&legs(3)));
    for n in 0..50u16 {
        if n < 10 {
            town.says(0, n, &[word(Codec::Pcma, 9_000); 160]);
        } else if n == 10 {
            town.packet_from(0, phone(0), Header { payload_type: 13, ..audio(0, n) }, &[70]);
        }
        town.pass(20);
    }
    let samples = sound(&town, 1, 0);
    let last = samples.iter().rposition(|s| s.abs() > 100).unwrap();
    let first = samples.iter().position(|s| s.abs() > 100).unwrap();
    assert!((last - first) / 8 <= 210, "{} ms", (last - first) / 8);
    assert_one_stream(&town.heard(1));
}

#[test]
fn a_room_of_32_hears_itself_and_every_frame_is_made_once() {
    let remotes: Vec<Remote> = (0..32).map(sdp).collect();
    let mut town = Town::new(&remotes);
    let mut phones = Phones::new(&town, &remotes, 9);
    phones.silent = (4..32).collect();
    apply(&mut town, &Topology::room(&legs(32)));
    phones.speak(&mut town, 500);
    let since = town.now.mono;
    phones.speak(&mut town, 500);
    for i in 0..32 {
        let others: String = (0..4).filter(|k| *k != i).map(|k: u32| k.to_string()).collect();
        assert_eq!(hears(&town, i, since), others, "leg {i}");
    }
    let slots: BTreeSet<u64> = town.wire.rtp.iter().filter(|s| s.at >= since).map(|s| s.at % (20 * MILLI)).collect();
    assert_eq!(slots.len(), 1, "all in step");
}

#[test]
fn voices_of_ended_leases_of_other_threads_and_of_oneself_are_silent() {
    let remotes: Vec<Remote> = (0..2).map(sdp).collect();
    let mut town = Town::new(&remotes);
    let mut phones = Phones::new(&town, &remotes, 10);
    let far = PortId { thread: 3, index: 1 };
    let voices =
        [Voice::new(id(0), FIRST), Voice::new(id(1), Epoch(9)), Voice::new(far, FIRST), Voice::new(id(77), FIRST)];
    town.hear(0, Source::Mix { voices: voices.into(), beside: None });
    assert_eq!(judged(&mut town, &mut phones, 2), ["", ""]);
    assert!(town.heard(0).len() > 60, "silence is sent");
    assert_eq!(Hears::Leg(LegRef(1)).speakers().len(), 1);
}

#[test]
fn no_packets_whatever_make_a_mix_panic_or_grow() {
    for seed in 1..=60u64 {
        let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let remotes = [sdp(0), Remote { codec: Codec::Pcmu, telephone_event: None, ptime: 30, ..sdp(1) }, sdp(2)];
        let mut town = Town::new(&remotes);
        let (two, three) = (Topology::room(&legs(2)), Topology::room(&legs(3)));
        for n in 0..300u16 {
            match random.below(40) {
                0 => apply(&mut town, &two),
                1 | 2 => apply(&mut town, &three),
                3 => town.hear(random.below(3) as u32, Source::Tone(Tone::Busy)),
                4 => town.remote(1, Remote { rtp: None, ..remotes[1] }),
                5 => town.remote(1, remotes[1]),
                6 => town.digits(random.below(3) as u32, "12"),
                7 if n > 250 => {
                    town.close(2);
                    town.open(2, FIRST);
                    town.remote(2, sdp(2));
                }
                _ => {}
            }
            let index = random.below(3) as u32;
            let mut datagram = vec![0; HEADER];
            let payload_type = [8, 0, 101, 13, 8][random.below(5) as usize];
            let wild = random.below(5) == 0;
            let header = Header {
                payload_type,
                timestamp: if wild { random.below(1 << 32) as u32 } else { audio(index, n).timestamp },
                sequence: if wild { random.below(1 << 16) as u16 } else { n },
                ..audio(index, n)
            };
            header.write(&mut datagram).unwrap();
            let length = random.below(1_400);
            datagram.extend((0..length).map(|_| random.below(256) as u8));
            // `Wire` checks that each packet sent is well formed.
            town.datagram(index, phone(index), &mut datagram);
            town.pass(random.below(30));
        }
        for index in 0..3 {
            let heard = town.heard(index);
            assert!(heard.iter().all(|s| s.header.ssrc == 0xA000 + index), "seed {seed}");
        }
    }
}

#[test]
fn a_lease_that_ends_leaves_nothing_behind() {
    let mut town = Town::new(&[sdp(0), sdp(1), sdp(2)]);
    for _ in 0..3 {
        apply(&mut town, &Topology::room(&legs(3)));
        town.says(0, 1, &[1; 160]);
        town.pass(100);
        assert!(town.engine.state.legs.iter().all(|l| l.receiver.is_some() && l.mixers.len() == 2));
        apply(&mut town, &Topology::pair(LegRef(0), LegRef(1)));
        town.hear(2, Source::Nothing);
        town.pass(220);
        assert!(town.engine.state.legs.iter().all(|l| l.receiver.is_none() && l.mixers.is_empty()));
    }
    apply(&mut town, &Topology::room(&legs(3)));
    (0..3).for_each(|i| town.close(i));
    assert!(town.engine.state.legs.iter().all(|l| l.receiver.is_none() && l.mixers.is_empty()));
}
