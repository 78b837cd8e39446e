//! What is on the tape: each party on its own channel for as long as it was there, a pause, and what a crash leaves.

use super::support::lab::Lab;
use super::support::sipp::{Role, Sipp};
use super::support::tape::{Piece, Tape};
use super::support::{now, pause, until};
use switchboard::audio::tracks;
use switchboard::exchange::Verb;
use switchboard::fact::{Event, Fact, Outcome, Way};

const CALLER: f64 = 700.0;
const AGENT: f64 = 1_100.0;
const TARGET: f64 = 1_700.0;

/// Caller, agent and the sub-centre 12366 in a talk of three.
fn three(lab: &Lab) -> [Sipp; 3] {
    let agent = Sipp::seat(lab, 1, "8001", |r| r.says(AGENT));
    let target = Role::exchange(lab, "exchange", 20).says(TARGET).millis(1_500).start(lab);
    let uri = format!("sip:12345@{}", lab.sip());
    let caller = Role::carrier(lab, 0, "called_ends", &uri).says(CALLER).start(lab);
    agent.receives("ACK", 4_000);
    caller.talks(4_000);
    agent.talks(4_000);
    caller.line.hears(AGENT, 4_000);
    lab.transfer("12366", Way::ThreeWay);
    target.receives("ACK", 5_000);
    target.talks(3_000);
    caller.line.hears_among(TARGET, 4_000);
    [caller, agent, target]
}

/// When the first fact of this kind was, ms from the beginning of the recording.
fn at(facts: &[Event], is: impl Fn(&Fact) -> bool) -> u64 {
    let began = facts.iter().find(|e| matches!(e.fact, Fact::RecordingStarted { .. })).expect("a recording");
    let found = facts.iter().find(|e| is(&e.fact)).expect("such a fact");
    ((found.at - began.at) / 1_000) as u64
}

#[test]
fn each_party_is_on_its_own_channel_as_long_as_it_is_there() {
    let lab = Lab::start();
    let [caller, agent, target] = three(&lab);
    pause(1_500);
    lab.leave();
    agent.receives("BYE", 4_000);
    caller.line.hears(TARGET, 4_000);
    pause(1_500);
    lab.ends_all();
    caller.ends_well(4_000);
    target.receives("BYE", 4_000);
    let cdr = lab.record();
    let facts = lab.facts(&cdr);
    let joined = at(&facts, |f| matches!(f, Fact::TransferEnded { .. }));
    let left = at(&facts, |f| matches!(f, Fact::PartyLeft { .. }));
    let over = cdr.recorded_ms.unwrap();
    let tape = Tape::read(&lab.recordings()[0]);
    assert!(tape.sheet.millis().abs_diff(over) <= 300, "{} ms on the tape, {over} in the record", tape.sheet.millis());
    assert!(tape.sheet.pauses.is_empty());
    tape.has(0, CALLER, 0, over, 1);
    tape.has(1, AGENT, 0, left, 1);
    tape.has(2, TARGET, joined, over, 1);
    tape.is_silent(3);
}

#[test]
fn nothing_is_kept_of_a_pause_and_cues_mark_it() {
    let lab = Lab::start();
    let [caller, agent, target] = three(&lab);
    pause(1_000);
    lab.orders(Verb::Pause);
    pause(2_500);
    // They talk on all the same.
    caller.line.hears_among(TARGET, 500);
    lab.orders(Verb::Continue);
    pause(2_000);
    lab.ends_all();
    caller.ends_well(4_000);
    agent.ends_well(4_000);
    target.receives("BYE", 4_000);
    let cdr = lab.record();
    let facts = lab.facts(&cdr);
    let joined = at(&facts, |f| matches!(f, Fact::TransferEnded { .. }));
    let from = at(&facts, |f| matches!(f, Fact::RecordingPaused { paused: true, .. }));
    let to = at(&facts, |f| matches!(f, Fact::RecordingPaused { paused: false, .. }));
    let tape = Tape::read(&lab.recordings()[0]);
    let cues = tape.sheet.pauses.iter().map(|(a, b)| (u64::from(a / 8), u64::from(b / 8)));
    let cues: Vec<_> = cues.collect();
    let near = |(a, b): &(u64, u64)| a.abs_diff(from) <= 200 && b.abs_diff(to) <= 200;
    assert!(matches!(cues.as_slice(), [one] if near(one)), "{cues:?}, not {from}-{to} ms");
    assert!(cdr.recording_paused_ms.abs_diff(to - from) <= 1, "{} ms", cdr.recording_paused_ms);
    for (channel, hertz, since) in [(0, CALLER, 0), (1, AGENT, 0), (2, TARGET, joined)] {
        let pieces = tape.pieces(channel, &[hertz]);
        let said = |from: u64, to: u64| &pieces[(from / 100) as usize..(to / 100) as usize];
        // Not one sample within the cues, to the tenth that is wholly there.
        let paused = said(cues[0].0 + 99, cues[0].1);
        assert!(paused.iter().all(|p| *p == Piece::Silent), "channel {channel}: {paused:?}");
        for talk in [said(since + 500, cues[0].0), said(cues[0].1 + 300, cdr.recorded_ms.unwrap() - 300)] {
            let other = talk.iter().filter(|p| **p != Piece::Tone(hertz as u32)).count();
            assert!(talk.len() >= 5 && other <= 1, "channel {channel}: {talk:?}");
        }
    }
}

#[test]
fn a_recording_that_the_daemons_death_cut_off_plays_to_within_a_second_of_it() {
    let mut lab = Lab::start();
    let [caller, agent, target] = three(&lab);
    let began = now();
    let kept = Tape::read(&lab.recordings()[0]).sheet.millis();
    pause(3_300);
    lab.crash_and_start();
    // Before the new daemon was ready the old one had been dead for a while: what it must have kept is counted from its last word.
    let died = [&caller, &agent, &target].into_iter().filter_map(|p| p.line.packets().last().map(|l| l.at)).max();
    let talked = (died.unwrap() - began) / 1_000;
    drop((caller, agent, target));
    let cdr = lab.record();
    assert_eq!(cdr.outcome, Outcome::Interrupted);
    let path = &lab.recordings()[0];
    assert!(path.ends_with(format!("{}.wav", cdr.recording.as_deref().unwrap())));
    let whole = || !tracks::is_cut(&mut std::fs::File::open(path).unwrap()).unwrap();
    assert!(until(5_000, || whole().then_some(())).is_some(), "{} is not mended", path.display());
    let tape = Tape::read(path);
    let more = tape.sheet.millis() - kept;
    println!("{talked} ms of talk before the death, {more} ms on the tape");
    assert!(more + 1_000 >= talked, "{talked} ms of talk before the death, {more} ms on the tape");
    for (channel, hertz) in [(0, CALLER), (1, AGENT), (2, TARGET)] {
        let pieces = tape.pieces(channel, &[hertz]);
        let last = &pieces[pieces.len() - 20..];
        let other = last.iter().filter(|p| **p != Piece::Tone(hertz as u32)).count();
        assert!(other <= 1, "channel {channel}: {last:?}");
    }
    assert!(lab.facts(&cdr).iter().any(|e| matches!(e.fact, Fact::CallEnded { .. })));
}
