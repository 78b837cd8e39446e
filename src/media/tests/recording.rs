//! The engine's side of recordings: which leg on which channel, one time line, the relay untouched.

use super::conference::Phones;
use super::*;
use crate::audio::{g711, level};
use crate::patch::tape::CHANNELS;
use crate::patch::{Recorded, RecordingId, Take, Tape};

const ID: RecordingId = RecordingId(9);

fn record(town: &mut Town, tape: Tape) {
    town.command(Command::Record { thread: 0, recording: ID, tape });
}

fn channel(channel: u8, index: u32) -> Tape {
    Tape::Channel { channel, port: id(index), epoch: FIRST }
}

/// The pitch on each channel in a range of frames, to 10 Hz; 0 for silence.
fn pitches(town: &Town, frames: std::ops::Range<u64>) -> [u32; CHANNELS] {
    let mut sound = [const { Vec::new() }; CHANNELS];
    for take in &town.wire.takes {
        if let Take::Frame(ID, number, channels) = take
            && frames.contains(number)
        {
            for (to, from) in sound.iter_mut().zip(channels) {
                to.extend(from.iter().map(|b| g711::alaw_decode(*b)));
            }
        }
    }
    sound.map(|s| level::dominant_frequency(&s).map_or(0, |f| (f / 10.0).round() as u32 * 10))
}

#[test]
fn a_relayed_pair_is_recorded_a_channel_each_and_the_relay_does_not_know() {
    let remotes: Vec<Remote> = (0..3).map(sdp).collect();
    let run = |recorded: bool| {
        let mut town = Town::new(&remotes);
        let mut phones = Phones::new(&town, &remotes, 1);
        town.join(0, 1);
        if recorded {
            record(&mut town, Tape::Begin { file: "a".into() });
            record(&mut town, channel(0, 0));
            record(&mut town, channel(1, 1));
        }
        phones.speak(&mut town, 1_000);
        town
    };
    let (town, plain) = (run(true), run(false));
    assert_eq!(town.wire.rtp, plain.wire.rtp, "not a byte or a microsecond differs");
    assert!(plain.wire.takes.is_empty());
    assert_eq!(town.wire.takes[0], Take::Begin(ID, "a".into()));
    let numbers: Vec<u64> =
        town.wire.takes.iter().filter_map(|t| if let Take::Frame(ID, n, _) = t { Some(*n) } else { None }).collect();
    assert!((49..=50).contains(&numbers.len()) && numbers.iter().enumerate().all(|(i, n)| i as u64 == *n));
    assert_eq!(pitches(&town, 5..49), [400, 850, 0, 0]);
}

#[test]
fn a_journey_keeps_its_file_through_every_move_and_a_pause_is_silence_in_its_time() {
    let remotes: Vec<Remote> = (0..4).map(sdp).collect();
    let mut town = Town::new(&remotes);
    let mut phones = Phones::new(&town, &remotes, 2);
    let frames = |town: &Town| (town.now.mono - 1_000_000) / 20_000;
    record(&mut town, Tape::Begin { file: "a".into() });
    record(&mut town, channel(0, 0));
    record(&mut town, channel(1, 1));
    town.join(0, 1);
    phones.speak(&mut town, 500);
    // A third joins; the mix is heard and recorded from the same receivers.
    record(&mut town, channel(2, 2));
    let voices = |of: [u32; 2]| {
        let voices = of.map(|i| crate::patch::Voice::new(id(i), FIRST));
        Source::Mix { voices: voices.into(), beside: None }
    };
    town.hear(0, voices([1, 2]));
    town.hear(1, voices([0, 2]));
    town.hear(2, voices([0, 1]));
    let three = frames(&town);
    phones.speak(&mut town, 500);
    // The seat leaves, another one comes on the same channel.
    town.close(1);
    record(&mut town, channel(1, 3));
    town.join(0, 3);
    let other = frames(&town);
    phones.speak(&mut town, 500);
    record(&mut town, Tape::Pause);
    record(&mut town, Tape::Pause);
    let paused = frames(&town);
    phones.speak(&mut town, 500);
    record(&mut town, Tape::Resume);
    let resumed = frames(&town);
    phones.speak(&mut town, 500);
    record(&mut town, Tape::Vacate { channel: 2 });
    record(&mut town, Tape::End);
    let end = frames(&town);
    record(&mut town, Tape::Pause);
    phones.speak(&mut town, 100);
    assert_eq!(pitches(&town, 5..three), [400, 850, 0, 0]);
    assert_eq!(pitches(&town, three + 5..other), [400, 850, 1_300, 0]);
    assert_eq!(pitches(&town, other + 5..paused), [400, 1_900, 1_300, 0]);
    assert_eq!(pitches(&town, paused + 2..resumed - 2), [0; 4]);
    assert_eq!(pitches(&town, resumed + 2..end), [400, 1_900, 1_300, 0]);
    let marks: Vec<_> = town.wire.takes.iter().filter(|t| !matches!(t, Take::Frame(..))).collect();
    let [Take::Begin(..), Take::Pause(_, a, true), Take::Pause(_, b, false), Take::End(_, c)] = marks.as_slice() else {
        panic!("{marks:?}")
    };
    assert!(a.abs_diff(paused) <= 1 && b.abs_diff(resumed) <= 1 && c.abs_diff(end) <= 1, "{marks:?}");
    assert_eq!(town.engine.recordings(), 0);
    assert!(town.engine.state.legs.iter().all(|l| l.tape.is_none() && (l.receiver.is_none() || !l.mixers.is_empty())));
}

#[test]
fn what_is_not_taken_is_counted_and_told_at_most_once_a_second() {
    let mut town = Town::new(&[sdp(0)]);
    record(&mut town, Tape::Begin { file: "a".into() });
    town.wire.full = true;
    town.pass(3_000);
    record(&mut town, Tape::End);
    let dropped: Vec<u32> = town
        .events
        .iter()
        .filter_map(|e| match e {
            Event::Recording { recording: ID, what: Recorded::Dropped { frames } } => Some(*frames),
            _ => None,
        })
        .collect();
    assert!(dropped.len() <= 5 && (148..=151).contains(&dropped.iter().sum::<u32>()), "{dropped:?}");
    record(&mut town, Tape::Begin { file: "b".into() });
    let failed = |e: &&Event| matches!(e, Event::Recording { what: Recorded::Failed { .. }, .. });
    assert_eq!(town.events.iter().filter(failed).count(), 1, "no recorder");
    assert_eq!(town.engine.recordings(), 0);
}
