//! One recording a caller's journey: who is on which channel, through every move; begun, paused and ended when it should be.

use crate::support::city;
use crate::support::graph::Heard;
use crate::support::scenes::{SOON, talks};
use crate::support::town::{Manner, Town};
use switchboard::call::Conflict;
use switchboard::exchange::{Answer, Command, Input, Storage, Verb};
use switchboard::fact::Fact;
use switchboard::patch::{Event, Recorded, RecordingId};

#[test]
fn one_file_a_journey_through_a_three_way_talk_and_a_return_to_the_queue() {
    let mut town = Town::new(1);
    let (citizen, seat) = talks(&mut town);
    let (target, other) = (town.trunk(20, SOON), town.seat("8002", SOON));
    town.runs(1.0);
    town.presses(seat, "*112366");
    assert!(town.until(10, |t| t.is_connected(target)));
    town.runs(1.0);
    town.presses(seat, "*2");
    town.runs(1.0);
    town.falls_silent(target);
    town.set_manner(target, Manner::Dead);
    town.set_manner(seat, Manner::Refuses(480));
    town.falls_silent(target);
    assert!(town.until(20, |t| t.talk(citizen, other)), "{}", town.trace.join("\n"));
    town.hangs_up(citizen);
    town.runs(1.0);
    let parties = [citizen, seat, target, other].map(|p| town.rtp(p));
    let tapes = &town.graph.tapes;
    assert_eq!(tapes.len(), 1);
    assert!(tapes[0].ended && tapes[0].file.starts_with("20211215/"), "{tapes:?}");
    assert_eq!(tapes[0].heard, [(0, parties[0]), (1, parties[1]), (2, parties[2]), (1, parties[3])]);
    let facts: Vec<_> = town.facts.iter().map(|f| &f.fact).collect();
    let started = facts.iter().filter(|f| matches!(f, Fact::RecordingStarted { .. })).count();
    let ended = facts.iter().position(|f| matches!(f, Fact::RecordingEnded { ms } if *ms > 3_000));
    let over = facts.iter().position(|f| matches!(f, Fact::CallEnded { .. }));
    assert!(started == 1 && ended.is_some() && ended < over, "the record knows of it");
    town.goes_home();
}

#[test]
fn a_pause_is_said_once_and_ends() {
    let mut town = Town::new(2);
    let (citizen, _seat) = talks(&mut town);
    assert_eq!(town.orders(Verb::Continue), Answer::Conflict { why: Conflict::Already });
    assert_eq!(town.orders(Verb::Pause), Answer::Done);
    assert!(town.graph.tapes[0].paused && town.the_call().recording_paused);
    assert_eq!(town.orders(Verb::Pause), Answer::Conflict { why: Conflict::Already });
    assert_eq!(town.orders(Verb::Record), Answer::Conflict { why: Conflict::Already });
    assert_eq!(town.orders(Verb::Continue), Answer::Done);
    assert!(!town.graph.tapes[0].paused);
    let told = town.facts.iter().filter_map(|f| match &f.fact {
        Fact::RecordingPaused { paused, ordered_by, why } => Some((*paused, ordered_by.as_str(), why.as_str())),
        _ => None,
    });
    assert_eq!(told.collect::<Vec<_>>(), [(true, "duty", "test"), (false, "duty", "test")]);
    town.hangs_up(citizen);
    town.goes_home();
}

fn with_record(word: &str) -> impl Fn(&str) -> String {
    let line = format!("[group.main]\nrecord = \"{word}\"");
    move |text: &str| text.replace("[group.main]", &line)
}

#[test]
fn a_group_is_recorded_always_never_or_on_demand() {
    let mut town = Town::new(3);
    town.reloads(city::edited(with_record("never")));
    talks(&mut town);
    assert!(town.graph.tapes.is_empty());
    assert_eq!(town.orders(Verb::Record), Answer::Conflict { why: Conflict::NotRecorded });
    assert_eq!(town.orders(Verb::Pause), Answer::Conflict { why: Conflict::NotRecorded });
    town.goes_home();

    let mut town = Town::new(4);
    town.reloads(city::edited(with_record("on-demand")));
    talks(&mut town);
    town.runs(1.0);
    assert!(town.graph.tapes.is_empty());
    assert_eq!(town.orders(Verb::Record), Answer::Done);
    assert_eq!(town.graph.tapes.len(), 1);
    town.goes_home();
}

#[test]
fn an_attended_transfer_keeps_the_callers_recording_and_ends_the_consultations() {
    let mut town = Town::new(5);
    let (citizen, seat) = talks(&mut town);
    let target = town.trunk(40, SOON);
    town.holds(seat, true);
    let first = town.line_of(seat);
    town.dials(seat, "95598");
    assert!(town.until(10, |t| t.talk(seat, target)), "{}", town.trace.join("\n"));
    town.refers_attended(seat, first, "95598");
    assert!(town.until(5, |t| t.talk(citizen, target)), "{}", town.trace.join("\n"));
    town.hangs_up(citizen);
    town.runs(1.0);
    let rtp = [citizen, target].map(|p| town.rtp(p));
    assert_eq!(town.graph.tapes.len(), 2);
    assert!(town.graph.tapes.iter().all(|t| t.ended));
    let callers = &town.graph.tapes[0].heard;
    assert_eq!((callers[0], *callers.last().unwrap()), ((0, rtp[0]), (1, rtp[1])));
    town.goes_home();
}

#[test]
fn a_call_nobody_answers_is_not_recorded() {
    let mut town = Town::new(6);
    let _seat = town.seat("8001", Manner::Rings);
    let citizen = town.citizen("13900000001");
    town.runs(1.0);
    town.dials(citizen, "12345");
    town.runs(3.0);
    town.hangs_up(citizen);
    town.runs(1.0);
    assert!(town.graph.tapes.is_empty());
    // A call by trunk and trunk is, as the configuration says for calls of no group.
    let _fire = town.trunk(30, SOON);
    town.dials(citizen, "119");
    town.runs(3.0);
    town.hangs_up(citizen);
    town.runs(1.0);
    assert_eq!(town.graph.tapes.len(), 1);
    town.goes_home();
}

#[test]
fn the_notice_is_said_while_a_seat_rings_and_never_on_an_emergency_call() {
    let notice = |text: &str| text.replace("[group.main]", "[group.main]\nrecording_notice = \"recording-notice\"");
    let mut town = Town::new(7);
    town.reloads(city::edited(notice));
    let seat = town.seat("8001", Manner::Answers(2_000_000));
    let _fire = town.trunk(30, SOON);
    let citizen = town.citizen("13900000001");
    town.runs(1.0);
    town.dials(citizen, "12345");
    town.runs(1.0);
    assert!(town.rings(seat));
    assert_eq!(town.hears(citizen), Heard::Prompt("recording-notice".into()));
    assert!(town.until(10, |t| t.talk(citizen, seat)), "{}", town.trace.join("\n"));
    town.hangs_up(citizen);
    town.runs(1.0);
    town.dials(citizen, "119");
    town.runs(3.0);
    town.hangs_up(citizen);
    town.runs(1.0);
    assert_eq!(town.was_played(citizen).iter().filter(|p| **p == "recording-notice").count(), 1);
    // Said to its end where nobody answers sooner; then it is heard ringing.
    town.set_manner(seat, Manner::Rings);
    town.dials(citizen, "12345");
    assert!(town.until(30, |t| t.hears(citizen) == Heard::Tone("Ringback".into())), "{}", town.trace.join("\n"));
    town.goes_home();
}

#[test]
fn a_full_disk_is_one_alarm_and_no_calls_end() {
    let mut town = Town::new(8);
    let (citizen, seat) = talks(&mut town);
    for n in 0..50 {
        let what = match n % 2 {
            0 => Recorded::Failed { full: true, why: "no space left".into() },
            _ => Recorded::Dropped { frames: 5 },
        };
        let event = Event::Recording { recording: RecordingId(1), what };
        town.exchange.handle(Input::Media(event), town.now);
        town.drain_exchange();
        town.runs(0.1);
    }
    let alarms = town.facts.iter().filter_map(|f| match &f.fact {
        Fact::Alarm { subject, text } if subject == "recording" => Some(text.clone()),
        _ => None,
    });
    assert_eq!(alarms.collect::<Vec<_>>().len(), 1);
    town.runs(10.0);
    let event = Event::Recording { recording: RecordingId(1), what: Recorded::Dropped { frames: 5 } };
    town.exchange.handle(Input::Media(event), town.now);
    town.drain_exchange();
    let last = town.facts.iter().rev().find_map(|f| match &f.fact {
        Fact::Alarm { text, .. } => Some(text.clone()),
        _ => None,
    });
    assert!(last.is_some_and(|t| t.contains("24 recordings") && t.contains("2600 ms")));
    assert!(town.talk(citizen, seat));
    town.goes_home();
}

#[test]
fn without_room_no_further_recording_begins_and_the_calls_go_on() {
    let mut town = Town::new(31);
    let room = |refused| Storage { refused, ..Storage::default() };
    town.exchange.stored(room(true));
    let (citizen, seat) = talks(&mut town);
    assert!(town.talk(citizen, seat) && town.graph.tapes.is_empty());
    assert_eq!(town.the_call().recording, None);
    assert_eq!(town.asks(Command::Recordings), Answer::Recordings { storage: Some(room(true)) });
    town.hangs_up(citizen);
    town.runs(1.0);
    assert!(!town.facts.iter().any(|f| matches!(f.fact, Fact::RecordingStarted { .. })));
    town.exchange.stored(room(false));
    town.dials(citizen, "12345");
    assert!(town.until(20, |t| t.talk(citizen, seat)));
    assert_eq!(town.graph.tapes.len(), 1);
    town.hangs_up(citizen);
    town.goes_home();
}
