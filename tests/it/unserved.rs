//! Who cannot be served for now: no place in the queue, no answer by the switch; a seat that hangs up right after its answer has
//! served nobody.

use crate::support::city::{edited, settings};
use crate::support::graph::Heard;
use crate::support::town::{Manner, Party, Town};
use crate::support::wire::Weather;
use switchboard::exchange::{Command, Settings};
use switchboard::fact::{Cause, Fact, Outcome, Party as Side};

const SOON: Manner = Manner::Answers(1_000_000);
const OPEN: &str = "2021-12-15T10:00";

/// The final status, with its Q.850 cause.
type Refusal = Option<(u16, Option<u8>)>;

/// How a caller fares who dials `number` in a plan with `more` in it, while `before` others wait for 12345.
fn turned_away(more: &str, number: &str, before: usize) -> (Town, Vec<String>, Refusal) {
    let mut town = Town::on(OPEN, 31, Weather::FINE);
    let more = more.to_owned();
    town.reloads(edited(|text| {
        let text = text.replace("max_size = 500", "max_size = 1");
        if text.contains("[group.main]") { format!("{text}\n{more}") } else { text }
    }));
    for n in 0..before {
        let other = town.citizen(&format!("1390000000{n}"));
        town.dials(other, "12345");
        town.runs(0.5);
        assert!(town.is_connected(other), "who has a place in the queue is answered");
    }
    let citizen = town.citizen("13900000009");
    town.dials(citizen, number);
    town.runs(1.0);
    assert!(!town.is_connected(citizen), "a 200 for somebody who is turned away\n{}", town.trace.join("\n"));
    assert!(town.until(60, |t| t.failed(citizen).is_some() || t.is_connected(citizen)), "{}", town.trace.join("\n"));
    let played = town.was_played(citizen).into_iter().map(str::to_owned).collect();
    let failed = town.failed(citizen);
    (town, played, failed)
}

#[test]
fn the_one_too_many_hears_the_announcement_as_early_media_and_gets_the_plans_status() {
    let (town, played, failed) = turned_away("", "12345", 1);
    assert_eq!((played, failed), (vec!["busy".to_owned()], Some((486, Some(17)))));
    let answered = town.facts.iter().filter(|f| f.fact == Fact::SwitchAnswered).count();
    assert_eq!(answered, 1, "only the one who waits");
}

#[test]
fn a_closed_group_turns_away_before_the_answer() {
    let closed = "[group.extra]\ntitle = \"extra\"\nhours = { calendar = \"cn\", from = 20:00, to = 21:00 }\n\
                  overflow = [\"prompt:out-of-service\", \"release:480\"]\n[route]\n96000 = \"group:extra\"\n";
    let (_, played, failed) = turned_away(closed, "96000", 0);
    assert_eq!((played, failed.map(|f| f.0)), (vec!["out-of-service".to_owned()], Some(480)));
}

#[test]
fn without_seats_the_announcement_on_the_way_to_others_is_no_answer_either() {
    let mut town = Town::on(OPEN, 32, Weather::FINE);
    let more = "[group.extra]\ntitle = \"extra\"\nhours = \"7x24\"\noverflow = [\"prompt:no-seat\", \"group:main\"]\n\
                [route]\n96000 = \"group:extra\"\n";
    town.reloads(edited(|t| if t.contains("[group.main]") { format!("{t}\n{more}") } else { t.to_owned() }));
    let seat = town.seat("8001", SOON);
    let citizen = town.citizen("13900000001");
    town.runs(1.0);
    town.dials(citizen, "96000");
    town.runs(1.0);
    assert_eq!(town.hears(citizen), Heard::Prompt("no-seat".into()));
    assert!(!town.is_connected(citizen));
    assert!(town.until(30, |t| t.talk(citizen, seat)), "{}", town.trace.join("\n"));
    town.goes_home();
}

/// Seat 8001 and a citizen talk.
fn talking(settings: Settings) -> (Town, Party, Party) {
    let mut town = Town::with(OPEN, 33, Weather::FINE, settings);
    let seat = town.seat("8001", Manner::Answers(100_000));
    let citizen = town.citizen("13900000001");
    town.runs(1.0);
    town.dials(citizen, "12345");
    assert!(town.until(20, |t| t.talk(citizen, seat)), "{}", town.trace.join("\n"));
    (town, citizen, seat)
}

#[test]
fn a_seat_that_hangs_up_right_after_its_answer_gives_the_caller_back() {
    for (what, by_death) in [("hangs up", false), ("dies", true)] {
        let (mut town, citizen, seat) = talking(Settings { early_hangup: 5_000_000, ..settings() });
        town.runs(0.15);
        town.set_manner(seat, Manner::Rings);
        if by_death {
            town.cuts(seat);
            town.falls_silent(seat);
            assert!(town.until(30, |t| !t.talk(citizen, seat)));
        } else {
            town.hangs_up(seat);
            town.runs(0.2);
        }
        assert!(town.is_connected(citizen), "the seat {what}: the caller is hung up on\n{}", town.trace.join("\n"));
        assert_eq!(town.hears(citizen), Heard::Prompt("music/hold".into()), "the seat {what}");
        let ended = town.facts.iter().find_map(|f| match &f.fact {
            Fact::LegEnded { by, cause, .. } => Some((*by, *cause)),
            _ => None,
        });
        let cause = if by_death { Cause::Lost } else { Cause::Normal };
        assert_eq!(ended, Some((Side::Callee, cause)), "the record says who ended it");
        let back = town.facts.iter().any(|f| f.fact == Fact::Returned { seat: None, cause });
        assert!(back, "and that the caller was given back");
        let next = town.seat("8002", SOON);
        assert!(town.until(20, |t| t.talk(citizen, next)), "{}", town.trace.join("\n"));
        town.hangs_up(citizen);
        town.runs(1.0);
        assert_eq!(town.outcomes(), [Outcome::Connected]);
    }
}

#[test]
fn a_seat_that_hangs_up_later_ends_the_call() {
    for (limit, after, goes_on) in [(5_000_000, 4.0, true), (5_000_000, 6.0, false), (0, 0.15, false)] {
        let (mut town, citizen, seat) = talking(Settings { early_hangup: limit, ..settings() });
        town.runs(after);
        town.hangs_up(seat);
        town.runs(1.0);
        assert_eq!(town.is_connected(citizen), goes_on, "limit {limit} µs, after {after} s");
    }
}

#[test]
fn a_colleague_who_hangs_up_at_once_and_an_operators_order_end_the_call() {
    let mut town = Town::with(OPEN, 34, Weather::FINE, Settings { early_hangup: 5_000_000, ..settings() });
    let (a, b) = (town.seat("8001", SOON), town.seat("8002", SOON));
    town.runs(1.0);
    town.dials(a, "8002");
    assert!(town.until(20, |t| t.talk(a, b)));
    town.hangs_up(b);
    town.runs(1.0);
    assert!(!town.is_connected(a), "seat to seat there is no queue to go back to");

    let (mut town, citizen, _) = talking(Settings { early_hangup: 5_000_000, ..settings() });
    let call = town.the_call().call;
    town.asks(Command::HangUp { call });
    town.runs(1.0);
    assert!(!town.is_connected(citizen));
}
