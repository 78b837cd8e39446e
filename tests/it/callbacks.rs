//! Callers who are called back: by key, in their place; agent first, then the caller.

use crate::support::city;
use crate::support::scenes::SOON;
use crate::support::town::{Manner, Party, Town};
use crate::support::wire::Weather;
use std::net::SocketAddr;
use switchboard::call::Conflict;
use switchboard::exchange::{Answer, CallbackRow, Command};
use switchboard::fact::{Cause, Fact, Missed, Outcome, Recovered};
use switchboard::id::CallRef;

/// A town whose carrier takes calls too: the citizens' telephone network is at 127.0.0.10:5060.
fn town(local: &str, seed: u64, network: Manner) -> (Town, Party) {
    let mut settings = city::settings();
    let carrier = settings.trunks.get_mut("carrier").unwrap();
    let at = "127.0.0.10:5060".parse().unwrap();
    carrier.outbound = Some(switchboard::exchange::Outbound::to(switchboard::sip::flow::Transport::Udp, at));
    let mut town = Town::with(local, seed, Weather::default(), settings);
    let network = town.trunk(10, network);
    (town, network)
}

fn list(town: &mut Town) -> Vec<CallbackRow> {
    let Answer::Callbacks { callbacks } = town.asks(Command::Callbacks) else { panic!("no list") };
    callbacks
}

fn ended(town: &Town) -> Vec<Recovered> {
    let outcome = |event: &switchboard::fact::Event| match &event.fact {
        Fact::CallbackEnded { outcome, .. } => Some(*outcome),
        _ => None,
    };
    town.facts.iter().filter_map(outcome).collect()
}

/// A citizen waits while nobody is there, and asks by key to be called back.
fn asks(town: &mut Town, number: &str) -> Party {
    let citizen = town.citizen(number);
    town.dials(citizen, "12345");
    town.runs(12.0);
    town.presses(citizen, "1");
    town.runs(10.0);
    assert!(town.is_connected(citizen), "he hears his number and confirms: {}", town.trace.join("\n"));
    town.presses(citizen, "1");
    town.runs(8.0);
    assert!(!town.is_connected(citizen), "he hears that it is taken, and the call ends: {}", town.trace.join("\n"));
    citizen
}

#[test]
fn who_asks_by_key_is_called_back_when_a_seat_is_free_agent_first() {
    let (mut town, network) = town("2021-12-15T10:00", 1, SOON);
    asks(&mut town, "13900000001");
    assert_eq!(town.outcomes(), [Outcome::Callback]);
    let rows = list(&mut town);
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].number.as_str(), rows[0].why, rows[0].tries), ("13900000001", Missed::Asked, 0));
    let seat = town.seat("8001", SOON);
    assert!(town.until(10, |t| t.talk(network, seat)), "{}", town.trace.join("\n"));
    // He sees whom he had called, and nothing of others.
    let invite = town.sent.iter().rev().find(|(flow, bytes)| {
        flow.peer == "127.0.0.10:5060".parse::<SocketAddr>().unwrap() && bytes.starts_with(b"INVITE sip:13900000001@")
    });
    let invite = String::from_utf8_lossy(&invite.expect("he was called").1).into_owned();
    assert!(invite.contains("P-Asserted-Identity: <sip:12345@"), "{invite}");
    assert!(!invite.contains("History-Info") && !invite.contains("Diversion"), "{invite}");
    town.hangs_up(network);
    town.runs(2.0);
    assert!(!town.is_connected(seat));
    assert_eq!((list(&mut town), ended(&town)), (Vec::new(), vec![Recovered::Reached]));
    assert_eq!(town.outcomes(), [Outcome::Callback, Outcome::Connected]);
    town.goes_home();
}

#[test]
fn he_keeps_his_place_and_jumps_over_nobody() {
    let (mut town, network) = town("2021-12-15T10:00", 2, SOON);
    let first = town.citizen("13900000001");
    town.dials(first, "12345");
    town.runs(1.0);
    asks(&mut town, "13900000002");
    let last = town.citizen("13900000003");
    town.dials(last, "12345");
    town.runs(1.0);
    let seat = town.seat("8001", SOON);
    assert!(town.until(10, |t| t.talk(first, seat)), "who came before him goes before him");
    town.hangs_up(first);
    assert!(town.until(10, |t| t.talk(network, seat)), "{}", town.trace.join("\n"));
    assert!(!town.talk(last, seat));
    town.hangs_up(network);
    assert!(town.until(10, |t| t.talk(last, seat)), "{}", town.trace.join("\n"));
    town.goes_home();
}

#[test]
fn zero_stays_and_a_seat_that_comes_is_answered() {
    let (mut town, _network) = town("2021-12-15T10:00", 3, SOON);
    let citizen = town.citizen("13900000001");
    town.dials(citizen, "12345");
    town.runs(12.0);
    town.presses(citizen, "1");
    town.runs(2.0);
    town.presses(citizen, "0");
    town.runs(2.0);
    town.presses(citizen, "1");
    town.runs(2.0);
    let seat = town.seat("8001", SOON);
    assert!(town.until(10, |t| t.talk(citizen, seat)), "{}", town.trace.join("\n"));
    town.presses(citizen, "1");
    town.runs(1.0);
    assert!(town.talk(citizen, seat) && list(&mut town).is_empty(), "in a talk keys mean nothing");
    town.goes_home();
}

#[test]
fn who_cannot_be_reached_is_tried_three_times_and_the_agent_is_let_go_each_time() {
    let (mut town, _network) = town("2021-12-15T10:00", 4, Manner::Refuses(486));
    asks(&mut town, "13900000001");
    let seat = town.seat("8001", SOON);
    town.runs(10.0);
    assert!(!town.is_connected(seat));
    let rows = list(&mut town);
    assert_eq!((rows[0].tries, rows[0].last, rows[0].call), (1, Some(Cause::Busy), None));
    town.runs(1300.0);
    assert_eq!((list(&mut town), ended(&town)), (Vec::new(), vec![Recovered::Unreached]));
    assert_eq!(town.outcomes(), [Outcome::Callback, Outcome::Busy, Outcome::Busy, Outcome::Busy]);
    town.goes_home();
}

#[test]
fn nobody_is_called_at_night() {
    let (mut town, network) = town("2021-12-15T21:00", 5, SOON);
    asks(&mut town, "13900000001");
    let other = town.seat("8001", SOON);
    town.runs(3600.0);
    assert!(!town.talk(network, other) && list(&mut town).len() == 1, "{}", town.trace.join("\n"));
    town.runs(10.0 * 3600.0 + 120.0);
    assert!(town.talk(network, other), "at eight he is");
    town.goes_home();
}

#[test]
fn who_waits_in_the_line_when_the_night_begins_is_called_in_the_morning() {
    let (mut town, network) = town("2021-12-15T20:59", 7, SOON);
    asks(&mut town, "13900000001");
    assert!(list(&mut town)[0].call.is_some(), "he stands in the line");
    town.runs(60.0);
    assert_eq!(list(&mut town)[0].call, None);
    let seat = town.seat("8001", SOON);
    town.runs(3600.0);
    assert!(!town.talk(network, seat), "{}", town.trace.join("\n"));
    town.runs(10.0 * 3600.0 + 120.0);
    assert!(town.talk(network, seat), "{}", town.trace.join("\n"));
    town.goes_home();
}

#[test]
fn who_gave_up_is_on_the_list_and_is_called_by_whoever_takes_it() {
    let (mut town, network) = town("2021-12-15T10:00", 6, SOON);
    let citizen = town.citizen("13900000001");
    town.dials(citizen, "12345");
    town.runs(8.0);
    town.hangs_up(citizen);
    town.runs(1.0);
    let seat = town.seat("8058", SOON);
    town.runs(60.0);
    let rows = list(&mut town);
    assert_eq!((rows.len(), rows[0].why), (1, Missed::Abandoned));
    let callback = rows[0].callback;
    let take = |seat: &str| Command::TakeCallback { callback, seat: seat.into(), by: String::new() };
    let conflict = |why| Answer::Conflict { why };
    assert_eq!(town.asks(take("8001")), conflict(Conflict::SeatBusy), "nobody's phone is there");
    let unknown = Command::TakeCallback { callback: CallRef(1), seat: "8058".into(), by: String::new() };
    assert_eq!(town.asks(unknown), Answer::Unknown);
    assert_eq!(town.asks(take("8058")), Answer::Done);
    assert_eq!(town.asks(take("8058")), conflict(Conflict::Already));
    assert!(town.until(10, |t| t.talk(network, seat)), "{}", town.trace.join("\n"));
    town.hangs_up(seat);
    town.runs(2.0);
    assert_eq!(ended(&town), [Recovered::Reached]);
    let end = Command::EndCallback { callback, by: "王五".into(), note: "已办".into() };
    assert_eq!(town.asks(end), Answer::Unknown, "it is done already");
    town.goes_home();
}
