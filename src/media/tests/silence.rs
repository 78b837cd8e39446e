//! No hole over 40 ms in what a leg is sent while the speaker's packets are kept from it, or while it changes over.

use super::conference::apply;
use super::*;
use crate::audio::{g711, tone};
use crate::id::LegRef;
use crate::patch::topology::{Hears, Speaker};
use crate::patch::{RecordingId, Tape, Tone, Topology, Voice};
use crate::rtp::TelephoneEvent;
use crate::rtp::telephone_event::code;

/// The speaker, and the one who presses keys.
const AGENT: u32 = 1;

/// A phone that sends what it is told, one packet after the other.
struct Phone {
    index: u32,
    sequence: u16,
    timestamp: u32,
    payload_type: u8,
}

impl Phone {
    fn new(index: u32) -> Self {
        Self { index, sequence: 1_000, timestamp: 5_000, payload_type: 8 }
    }

    fn send(&mut self, town: &mut Town, payload_type: u8, marker: bool, timestamp: u32, payload: &[u8]) {
        let header = Header { marker, payload_type, sequence: self.sequence, timestamp, ssrc: 0xB000 + self.index };
        self.sequence = self.sequence.wrapping_add(1);
        town.packet_from(self.index, phone(self.index), header, payload);
    }

    fn frame(&mut self, town: &mut Town, sound: &[u8]) {
        let (payload_type, timestamp) = (self.payload_type, self.timestamp);
        self.send(town, payload_type, false, timestamp, sound);
        self.timestamp = self.timestamp.wrapping_add(sound.len() as u32);
        town.pass(20);
    }

    fn speaks(&mut self, town: &mut Town, frames: usize) {
        (0..frames).for_each(|_| self.frame(town, &[0x55; 160]));
    }

    /// A key held for `held` ms, a packet of it every `step` ms; the three ends follow `ends` ms apart.
    fn presses(&mut self, town: &mut Town, key: char, held: u64, step: u64, ends: u64) {
        let begun = self.timestamp;
        let mut lasts = 0;
        while lasts < held {
            lasts += step;
            let event = TelephoneEvent {
                event: code(key).unwrap(),
                end: lasts >= held,
                volume: 10,
                duration: lasts as u16 * 8,
            };
            for n in 0..if event.end { 3 } else { 1 } {
                self.send(town, 101, lasts == step && n == 0, begun, &event.bytes());
                town.pass(if event.end { ends } else { step });
            }
        }
        self.timestamp = begun.wrapping_add((lasts + 3 * ends) as u32 * 8);
    }
}

/// The longest time between two packets that a leg was sent from `since` to `until`, ms.
fn hole(town: &Town, index: u32, since: u64, until: u64) -> u64 {
    let heard = town.heard(index);
    let mut times: Vec<u64> = heard.iter().map(|s| s.at).filter(|at| (since..until).contains(at)).collect();
    times.extend([since, until]);
    times.sort_unstable();
    times.windows(2).map(|w| w[1] - w[0]).max().unwrap() / MILLI
}

/// From `since` to now every one of these legs was sent something at least every 40 ms, in one stream.
fn whole(town: &Town, legs: &[u32], since: u64, what: &str) {
    for leg in legs {
        let hole = hole(town, *leg, since, town.now.mono);
        assert!(hole <= 40, "{what}: leg {leg} is sent nothing for {hole} ms");
        assert_one_stream(&town.heard(*leg));
    }
}

fn loud(town: &Town, index: u32, since: u64) -> usize {
    let heard = town.heard(index);
    let audio = heard.iter().filter(|s| s.at >= since && s.header.payload_type == 8);
    audio.flat_map(|s| s.payload.clone()).filter(|b| g711::alaw_decode(*b).abs() > 500).count()
}

fn secret(town: &mut Town) {
    town.command(Command::Keys { port: id(AGENT), epoch: FIRST, pass: false });
}

/// How phones press keys: how long, a packet every so many ms, the ends so many ms apart.
const PRESSES: [(u64, u64, u64); 5] = [(100, 20, 20), (100, 50, 0), (60, 20, 0), (250, 50, 50), (3_000, 50, 20)];

#[test]
fn a_key_that_is_swallowed_leaves_every_listener_a_whole_stream() {
    let plain = Remote { telephone_event: None, ..sdp(0) };
    let others = [sdp(0), Remote { codec: Codec::Pcmu, ..sdp(0) }, Remote { ptime: 40, ..sdp(0) }, plain];
    for ((held, step, ends), caller, recorded) in
        PRESSES.into_iter().flat_map(|p| others.into_iter().flat_map(move |o| [false, true].map(|r| (p, o, r))))
    {
        // 2 listens to both by a mix, 3 to the agent alone by the relay.
        let mut town = Town::new(&[caller, sdp(1), sdp(2), sdp(3)]);
        town.join(0, AGENT);
        town.hear(3, Source::Port(id(AGENT), FIRST));
        let voices = [0, AGENT].map(|leg| Voice::new(id(leg), FIRST));
        town.hear(2, Source::Mix { voices: voices.into(), beside: None });
        if recorded {
            let mut tape = |tape| town.command(Command::Record { thread: 0, recording: RecordingId(1), tape });
            tape(Tape::Begin { file: "a".into() });
            tape(Tape::Channel { channel: 1, port: id(AGENT), epoch: FIRST });
        }
        secret(&mut town);
        let mut agent = Phone::new(AGENT);
        agent.speaks(&mut town, 10);
        let since = town.now.mono;
        for key in ['*', '2', '9'] {
            agent.presses(&mut town, key, held, step, ends);
            agent.speaks(&mut town, 4);
        }
        whole(&town, &[0, 2, 3], since, &format!("{held} ms, every {step} ms, ends {ends} ms, {caller:?}"));
        assert!(town.heard(0).iter().all(|s| s.header.payload_type != 101), "not one packet of a key");
        assert_eq!(town.keys(), "*29");
        // Once the agent speaks again his packets come through at once and untouched.
        let sent = town.wire.rtp.len();
        agent.speaks(&mut town, 1);
        let said = town.wire.rtp[sent..].iter().find(|s| s.port == 3).unwrap();
        assert_eq!((said.payload.as_slice(), said.at), ([0x55; 160].as_slice(), town.now.mono - 20 * MILLI));
    }
}

#[test]
fn a_key_in_the_sound_that_is_not_for_a_listener_is_silence_however_long_it_sounds() {
    // Kept secret; and turned into an event for whoever knows events, which is over long before the key is.
    for hidden in [true, false] {
        let mut town = Town::new(&[sdp(0), Remote { telephone_event: None, ..sdp(1) }]);
        town.join(0, AGENT);
        if hidden {
            secret(&mut town);
        }
        let mut agent = Phone::new(AGENT);
        agent.speaks(&mut town, 10);
        let since = town.now.mono;
        for frame in tone::key('5', 2_000).unwrap().chunks_exact(160) {
            agent.frame(&mut town, frame);
        }
        (0..10).for_each(|_| agent.frame(&mut town, &[g711::ALAW_SILENCE; 160]));
        whole(&town, &[0], since, "a key in the sound");
        assert!(loud(&town, 0, since) <= 60 * 8, "it is audible for 60 ms at most");
    }
}

#[test]
fn a_key_that_is_held_is_silence_for_whoever_got_it_in_its_own_way() {
    // As a tone, because this listener knows no events; or anew, because other keys were being sent to it.
    for (telephone_event, busy) in [(None, false), (Some(101), true)] {
        let mut town = Town::new(&[Remote { telephone_event, ..sdp(0) }, sdp(1)]);
        town.join(0, AGENT);
        let mut agent = Phone::new(AGENT);
        agent.speaks(&mut town, 10);
        let since = town.now.mono;
        if busy {
            town.digits(0, "7");
        }
        agent.presses(&mut town, '5', 2_500, 50, 20);
        agent.speaks(&mut town, 10);
        whole(&town, &[0], since, "a key that is held");
    }
}

#[test]
fn the_pause_between_two_keys_of_our_own_is_silence_in_relay_and_mix() {
    let mixed = Topology::room(&[LegRef(0), LegRef(1), LegRef(2)]);
    for topology in [Topology::room(&[LegRef(0), LegRef(1)]), mixed] {
        let mut town = Town::new(&[sdp(0), sdp(1), sdp(2)]);
        let mut agent = Phone::new(AGENT);
        apply(&mut town, &topology);
        agent.speaks(&mut town, 20);
        let since = town.now.mono;
        town.digits(0, "12#");
        agent.speaks(&mut town, 40);
        let hole = hole(&town, 0, since, town.now.mono);
        assert!(hole <= 30, "{hole} ms: nothing is left for a network to make worse");
        assert_one_stream(&town.heard(0));
    }
}

#[test]
fn another_payload_type_a_cut_event_and_a_new_ssrc_of_the_speaker_are_silence() {
    let mut town = Town::new(&[sdp(0), sdp(1)]);
    town.join(0, AGENT);
    let mut agent = Phone::new(AGENT);
    agent.speaks(&mut town, 10);
    for (what, payload_type, payload) in
        [("G.722", 9, &[0x55; 160][..]), ("another event", 96, &[1, 10, 0, 160]), ("cut", 101, &[1])]
    {
        let since = town.now.mono;
        for _ in 0..20 {
            let timestamp = agent.timestamp;
            agent.send(&mut town, payload_type, false, timestamp, payload);
            agent.timestamp += 160;
            town.pass(20);
        }
        agent.speaks(&mut town, 5);
        whole(&town, &[0], since, what);
    }
    // An exchange goes from its announcement to the person: the new SSRC is tried first.
    let since = town.now.mono;
    for n in 0..20u16 {
        let header = Header { marker: n == 0, payload_type: 8, sequence: n, timestamp: u32::from(n) * 160, ssrc: 7 };
        town.packet_from(AGENT, phone(AGENT), header, &[0x66; 160]);
        town.pass(20);
    }
    whole(&town, &[0], since, "a new SSRC");
    assert_eq!(town.heard(0).last().unwrap().payload, [0x66; 160]);
    // A stranger's packets are no reason for anything.
    town.pass(1_000);
    let before = town.heard(0).len();
    for n in 0..20u16 {
        let header = Header { marker: false, payload_type: 8, sequence: n, timestamp: 0, ssrc: 9 };
        town.packet_from(AGENT, phone(3), header, &[0x66; 160]);
        town.pass(20);
    }
    assert_eq!(town.heard(0).len(), before);
}

#[test]
fn whoever_is_given_another_source_is_sent_silence_until_its_first_packet() {
    let sources: [(&str, Source); 4] = [
        ("music", play(1, &[clip("music", 8_000)], true)),
        ("ringback", Source::Tone(Tone::Ringback)),
        ("another leg", Source::Port(id(2), FIRST)),
        ("a mix", Source::Mix { voices: [Voice::new(id(2), FIRST)].into(), beside: None }),
    ];
    for (what, former) in sources {
        let mut town = Town::new(&[sdp(0), sdp(1), sdp(2)]);
        let (mut agent, mut other) = (Phone::new(AGENT), Phone::new(2));
        town.hear(0, former);
        other.speaks(&mut town, 30);
        let since = town.now.mono;
        town.join(0, AGENT);
        // The phone that has just been answered takes its time.
        town.pass(150);
        agent.speaks(&mut town, 10);
        whole(&town, &[0], since, what);
        let markers = town.heard(0).iter().filter(|s| s.at >= since && s.header.marker).count();
        assert_eq!(markers, 1, "{what}: silence is no talkspurt, the first word is");
    }
}

#[test]
fn a_third_joins_while_the_agent_presses_the_key_for_it() {
    for later in 0..8 {
        let mut town = Town::new(&[sdp(0), sdp(1), sdp(2)]);
        let mut agent = Phone::new(AGENT);
        apply(&mut town, &Topology::room(&[LegRef(0), LegRef(1)]));
        secret(&mut town);
        agent.speaks(&mut town, 10);
        let since = town.now.mono;
        agent.presses(&mut town, '2', 100, 20, 0);
        town.pass(later * 5);
        apply(&mut town, &Topology::room(&[LegRef(0), LegRef(1), LegRef(2)]));
        agent.presses(&mut town, '#', 200, 20, 20);
        apply(&mut town, &Topology::room(&[LegRef(0), LegRef(1)]));
        agent.presses(&mut town, '9', 200, 20, 20);
        agent.speaks(&mut town, 10);
        whole(&town, &[0], since, "a third joins and leaves");
    }
}

#[test]
fn whoever_hears_nobody_for_a_while_is_sent_silence() {
    // Muted, or nobody at all: a mix, which is always sent.
    let mut town = Town::new(&[sdp(0), sdp(1)]);
    let mut agent = Phone::new(AGENT);
    town.join(0, AGENT);
    agent.speaks(&mut town, 10);
    let since = town.now.mono;
    let muted = [Speaker { mute: true, ..Speaker::new(LegRef(1)) }];
    for speakers in [muted.into_iter().collect(), Default::default()] {
        let source = Hears::Mix { speakers, beside: None }.source(|leg| Some((id(leg.0), FIRST)));
        town.hear(0, source);
        agent.speaks(&mut town, 20);
        assert_eq!(loud(&town, 0, since), 0);
    }
    town.join(0, AGENT);
    agent.speaks(&mut town, 10);
    whole(&town, &[0], since, "muted");
    // The speaker's leg ends and the next word of what is heard comes a moment later.
    let since = town.now.mono;
    town.close(AGENT);
    town.pass(90);
    town.hear(0, play(1, &[clip("music", 8_000)], true));
    town.pass(500);
    whole(&town, &[0], since, "the speaker is gone");
}

#[test]
fn a_pause_of_the_speakers_own_is_passed_on_and_silence_ends_with_its_reason() {
    let mut town = Town::new(&[sdp(0), sdp(1)]);
    town.join(0, AGENT);
    secret(&mut town);
    let mut agent = Phone::new(AGENT);
    // Voice activity detection: not a packet is made up.
    agent.speaks(&mut town, 10);
    let before = town.heard(0).len();
    town.pass(2_000);
    assert_eq!(town.heard(0).len(), before);
    // A key into the pause breaks nothing off, so there is nothing to carry on.
    agent.presses(&mut town, '2', 100, 20, 20);
    town.pass(500);
    assert_eq!(town.heard(0).len(), before);
    // A key at the end of a sentence: silence ends 200 ms after it.
    agent.speaks(&mut town, 10);
    agent.presses(&mut town, '2', 100, 20, 20);
    let pressed = town.now.mono;
    town.pass(2_000);
    let until = town.heard(0).last().unwrap().at + 20 * MILLI;
    let went_on = until.saturating_sub(pressed);
    assert!((150 * MILLI..=220 * MILLI).contains(&went_on), "it went on for {went_on} µs");
    // What is held or closed is sent nothing.
    agent.speaks(&mut town, 10);
    agent.presses(&mut town, '2', 60, 20, 0);
    town.remote(0, Remote { rtp: None, ..sdp(0) });
    let before = town.heard(0).len();
    town.pass(500);
    town.remote(0, sdp(0));
    agent.speaks(&mut town, 10);
    agent.presses(&mut town, '2', 60, 20, 0);
    town.hear(0, Source::Nothing);
    let there = town.heard(0).len();
    town.pass(500);
    assert_eq!((town.heard(0).len(), town.engine.open()), (there, 2));
    assert!(there >= before + 10);
    town.close(0);
    town.pass(500);
    assert_eq!(town.heard(0).len(), there);
}
