//! The hall under load: forty seats of the lab, 50 calls a second from SIPp, a kill in the middle. Nobody is lost, whoever has been idle
//! longest is next, and what was known of the floor is known again.
//!
//! `make test` plays ten seconds of it, `make soak` a minute (`FLOOR_SECONDS=60`).

use super::support::lab::Lab;
use super::support::sipp::{Role, Sipp};
use super::support::{pause, until};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;
use switchboard::exchange::{Answer, Command, SeatSet};
use switchboard::fact::{Event, Fact, Missed, Outcome, Target};
use switchboard::id::{CallRef, SeatId};
use switchboard::ledger::Cdr;

/// Calls a second, and seats that take them.
const RATE: u32 = 50;
const SEATS: std::ops::RangeInclusive<u32> = 8001..=8040;

fn seconds() -> u32 {
    std::env::var("FLOOR_SECONDS").ok().map_or(10, |v| v.parse().unwrap())
}

/// A daemon with room for those who wait while no seat is there.
fn hall() -> Lab {
    let roomy = |text: String, _: &std::path::Path| {
        let range = text.lines().find(|l| l.starts_with("ports")).unwrap().to_owned();
        text.replace(&range, "ports = \"22000-27999\"").replace("max_calls = 50", "max_calls = 1000")
    };
    Lab::with(super::support::lab::LAB_DAY, roomy)
}

/// Forty phones at one address, which register and then answer within 0.2 s. It is where the exchange calls them: SIPp cannot do both at
/// a time.
fn seats(lab: &Lab) -> Sipp {
    let users: Vec<String> = SEATS.map(|n| n.to_string()).collect();
    Role::registers(lab, 1, &users).start(lab).ends_well(20_000);
    let phone = Role::seats(lab, 1, "answer").millis(100).endless().rate(100).quiet().seconds(600).start(lab);
    let ready = || match lab.asks(&Command::Seats) {
        Answer::Seats { seats } => {
            let there = seats.iter().filter(|s| users.contains(&s.seat.to_string()) && s.contact.is_some()).count();
            (there == users.len()).then_some(())
        }
        other => panic!("{other:?}"),
    };
    assert!(until(10_000, ready).is_some(), "forty seats do not register: {}", lab.daemon.said());
    phone
}

/// The sum of a figure over the rows of `GET /figures?by=line`.
fn figures(lab: &Lab) -> serde_json::Value {
    let mut stream = TcpStream::connect(("127.0.0.1", lab.slot.http())).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let ask =
        "GET /api/v1/figures?by=line HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer lab\r\nConnection: close\r\n\r\n";
    stream.write_all(ask.as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let body = text.split_once("\r\n\r\n").unwrap().1;
    let body = &body[body.find('{').unwrap()..=body.rfind('}').unwrap()];
    serde_json::from_str(body).unwrap_or_else(|e| panic!("{e}: {text}"))
}

/// Each seat that was given a call had been idle for as long as any other that was ready; how many calls were given.
fn longest_idle_first(events: &[Event]) -> usize {
    // Since when each seat has been idle (µs), for those that are ready; kept while one rings, anew when its talk ends.
    let mut ready: BTreeMap<SeatId, i64> = BTreeMap::new();
    let mut idle: BTreeMap<SeatId, i64> = BTreeMap::new();
    let mut given = 0;
    for event in events {
        match &event.fact {
            Fact::DaemonStarted { .. } => {
                ready.clear();
                idle.clear();
            }
            Fact::SeatState { seat, from, to, .. } => {
                if from.starts_with("talking") || from.starts_with("held") || !idle.contains_key(seat) {
                    idle.insert(seat.clone(), event.at);
                }
                if to == "ready" {
                    ready.insert(seat.clone(), idle[seat]);
                    continue;
                }
                let Some(since) = ready.remove(seat) else { continue };
                if to.starts_with("reserved") || to.starts_with("ringing") {
                    let longer: Vec<_> = ready.iter().filter(|(_, other)| **other < since).collect();
                    assert!(longer.is_empty(), "{seat}, idle since {since}, was given a call before {longer:?}");
                    given += 1;
                }
            }
            _ => {}
        }
    }
    given
}

fn by_call(records: &[Cdr]) -> BTreeMap<CallRef, Vec<&Cdr>> {
    let mut all: BTreeMap<CallRef, Vec<&Cdr>> = BTreeMap::new();
    records.iter().for_each(|cdr| all.entry(cdr.call).or_default().push(cdr));
    all
}

/// Every call that was offered has one record.
fn nobody_is_lost(events: &[Event], records: &[Cdr]) {
    let offered: BTreeSet<CallRef> =
        events.iter().filter(|e| matches!(e.fact, Fact::CallOffered { .. })).filter_map(|e| e.call).collect();
    let all = by_call(records);
    let twice: Vec<_> = all.iter().filter(|(_, own)| own.len() != 1).map(|(call, _)| call).collect();
    assert!(twice.is_empty(), "more than one record: {twice:?}");
    assert_eq!(all.keys().copied().collect::<BTreeSet<_>>(), offered);
    let sum: BTreeMap<Outcome, usize> = records.iter().fold(BTreeMap::new(), |mut sum, cdr| {
        *sum.entry(cdr.outcome).or_default() += 1;
        sum
    });
    println!("{} calls: {sum:?}", records.len());
}

#[test]
fn forty_seats_take_fifty_calls_a_second_in_the_order_of_their_idleness() {
    let lab = hall();
    let _phones = seats(&lab);
    let calls = RATE * seconds();
    let caller = Role::dials(&lab, 0, "12345").calling_from("1390000[call_number]").millis(500);
    caller
        .rate(RATE)
        .calls(calls)
        .quiet()
        .seconds(seconds() + 60)
        .start(&lab)
        .ends_well(1_000 * u64::from(seconds() + 60));
    let records = lab.all_records();
    let events = lab.journal();
    nobody_is_lost(&events, &records);
    assert_eq!(records.len(), calls as usize);
    // A machine that is busy with other tests may keep one or the other waiting for longer than he talks.
    let connected = records.iter().filter(|cdr| cdr.outcome == Outcome::Connected).count();
    assert!(records.iter().all(|cdr| matches!(cdr.outcome, Outcome::Connected | Outcome::Abandoned)));
    assert!(connected * 100 >= records.len() * 95, "{connected} of {} were answered", records.len());
    let given = longest_idle_first(&events);
    assert!(given >= connected, "{given}");
    println!("{connected} connected, {given} offers, each to whoever had been idle longest");
}

#[test]
fn a_kill_in_the_middle_loses_neither_callers_nor_persons_nor_call_backs_nor_figures() {
    let mut lab = hall();
    // A caller who gives up before a seat is there, and a person at a desk whose phone is not.
    Role::dials(&lab, 3, "12345").calling_from("13911111111").millis(300).start(&lab).ends_well(8_000);
    let sits = Command::Seat {
        seat: "8041".into(),
        agent: Some("8041".into()),
        state: Some(SeatSet::Break),
        reason: "用餐".into(),
        by: "test".into(),
    };
    assert_eq!(lab.asks(&sits), Answer::Done);
    let phones = seats(&lab);
    let calls = RATE * seconds();
    let caller = Role::dials(&lab, 0, "12345").calling_from("1390000[call_number]").millis(500).rate(RATE).calls(calls);
    let mut caller = caller.seconds(seconds() + 90).start(&lab);
    pause(500 * u64::from(seconds()));
    let before = figures(&lab)["sum"]["calls"].as_u64().unwrap();
    lab.crash_and_start();
    assert_eq!(lab.seat("8041").agent, Some("8041".into()));
    assert!(lab.seat("8041").state.starts_with("not_ready:用餐"), "{}", lab.seat("8041").state);
    let owed = lab.callbacks();
    assert!(owed.iter().any(|row| row.number == "13911111111" && row.why == Missed::Abandoned), "{owed:?}");
    drop(phones);
    let _phones = seats(&lab);
    caller.ends(1_000 * u64::from(seconds() + 90));
    let finished = caller.byes_answered();
    drop(caller);
    let records = lab.all_records();
    let events = lab.journal();
    nobody_is_lost(&events, &records);
    let outcome: BTreeMap<&str, Outcome> = records.iter().map(|cdr| (cdr.call_id.as_str(), cdr.outcome)).collect();
    let unsaid: Vec<_> = finished
        .iter()
        .filter(|id| !matches!(outcome.get(id.as_str()), Some(Outcome::Connected | Outcome::Abandoned)))
        .collect();
    assert!(unsaid.is_empty(), "their BYE was answered, and they have no record of it: {unsaid:?}");
    // Calls that lived at the kill: those whose first facts are of the run before and whose end is of the next.
    let started = events.iter().filter(|e| matches!(e.fact, Fact::DaemonStarted { .. })).map(|e| e.seq);
    let anew = started.max().unwrap();
    let ended = |cdr: &&Cdr| events.iter().any(|e| e.call == Some(cdr.call) && e.seq < anew && is_natural_end(e));
    let lived: Vec<&Cdr> = records.iter().filter(|cdr| cdr.first_seq < anew).filter(|cdr| !ended(cdr)).collect();
    let interrupted = records.iter().filter(|cdr| cdr.outcome == Outcome::Interrupted).count();
    assert_eq!(interrupted, lived.len());
    assert!(interrupted > 3, "only {interrupted} calls lived at the kill");
    // Whoever was cut off is to be called back, in the order in which they came.
    let owed = lab.callbacks().iter().filter(|row| row.why == Missed::Interrupted).count();
    assert_eq!(owed, interrupted);
    longest_idle_first(&events);
    // The figures of before are there, and those of after beside them.
    let all = until(5_000, || {
        let sum = figures(&lab)["sum"]["calls"].as_u64().unwrap();
        (sum == records.len() as u64).then_some(sum)
    });
    assert!(all.is_some_and(|all| all > before && before > 0), "{before} before, {all:?} of {} after", records.len());
    let by_seat = records.iter().filter(|cdr| matches!(&cdr.answered_by, Some(Target::Seat(_)))).count();
    println!("{} finished, {interrupted} interrupted, {by_seat} answered by seats", finished.len());
}

/// The end of a call that the run in which it stands has written: an interrupted call's is written by the next.
fn is_natural_end(event: &Event) -> bool {
    matches!(&event.fact, Fact::CallEnded { outcome, .. } if *outcome != Outcome::Interrupted)
}
