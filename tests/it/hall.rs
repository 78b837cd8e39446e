//! The hall at its limits: too few seats for the shift, disaster mode, messages while waiting, a call-back instead of busy, and the
//! question after a talk that the agent has ended.

use crate::support::city;
use crate::support::graph::Heard;
use crate::support::scenes::SOON;
use crate::support::town::{Manner, Party, Town};
use switchboard::exchange::{Answer, Command, GroupRow};
use switchboard::fact::{Cause, Fact, Outcome};

/// The shipped plan with these lines in the hub's group.
fn with(town: &mut Town, lines: &str) {
    town.reloads(city::edited(|text| text.replace("[group.main]\n", &format!("[group.main]\n{lines}\n"))));
}

/// The shipped plan with these lines there, and another overflow.
fn overflows(town: &mut Town, lines: &str, overflow: &str) {
    town.reloads(city::edited(|text| {
        let text = text.replace("[group.main]\n", &format!("[group.main]\n{lines}\n"));
        text.replace("overflow = [\"prompt:busy\", \"release:486\"]", &format!("overflow = {overflow}"))
    }));
}

fn main_group(town: &mut Town) -> GroupRow {
    let Answer::Groups { groups } = town.asks(Command::Groups) else { panic!("no groups") };
    groups.into_iter().find(|row| row.group.as_str() == "main").unwrap()
}

fn disaster(town: &mut Town, on: bool) -> Answer {
    town.asks(Command::Disaster { group: "main".into(), on, by: "班长".into(), reason: "停电".into() })
}

fn alarms(town: &Town) -> Vec<&str> {
    let text = |e: &switchboard::fact::Event| match &e.fact {
        Fact::Alarm { subject, text } if subject == "group main" => Some(text.clone()),
        _ => None,
    };
    let found: Vec<String> = town.facts.iter().filter_map(text).collect();
    found.into_iter().map(|text| &*text.leak()).collect()
}

fn surveyed(town: &Town) -> usize {
    town.facts.iter().filter(|e| matches!(e.fact, Fact::Surveyed { .. })).count()
}

#[test]
fn a_group_at_all_hours_with_nobody_is_told_of_after_two_minutes_and_once() {
    let mut town = Town::new(1);
    town.runs(90.0);
    assert!(alarms(&town).is_empty(), "phones come back within a minute of a start");
    town.runs(600.0);
    assert_eq!(alarms(&town), ["0 seats at work of at least 1"]);
    let row = main_group(&mut town);
    assert_eq!((row.at_work, row.least, row.short), (0, 1, true));
    town.seat("8001", SOON);
    town.runs(120.0);
    let row = main_group(&mut town);
    assert_eq!((row.at_work, row.short, alarms(&town).len()), (1, false, 1));
    town.goes_home();
}

#[test]
fn a_shift_that_begins_with_too_few_seats_raises_an_alarm_and_one_that_has_enough_none() {
    let mut town = Town::on("2021-12-15T19:55", 2, crate::support::wire::Weather::FINE);
    with(&mut town, "shifts = [\"workday 08:00-20:00 1\", \"20:00-22:00 3\", \"22:00-08:00 1\"]");
    for seat in ["8001", "8002"] {
        town.seat(seat, SOON);
    }
    town.runs(240.0);
    assert_eq!((main_group(&mut town).least, alarms(&town).len()), (1, 0));
    town.runs(240.0);
    assert_eq!((main_group(&mut town).least, alarms(&town)), (3, vec!["2 seats at work of at least 3"]));
    town.runs(7_200.0);
    let row = main_group(&mut town);
    assert_eq!((row.least, row.short, alarms(&town).len()), (1, false, 1));
    town.goes_home();
}

#[test]
fn in_disaster_mode_who_waits_and_who_comes_goes_where_the_plan_says_until_it_is_over() {
    let mut town = Town::new(3);
    with(&mut town, "disaster = [\"prompt:no-seat\", \"release:480/19\"]");
    let waits = town.citizen("13900000001");
    town.dials(waits, "12345");
    town.runs(2.0);
    assert!(town.is_connected(waits));
    assert_eq!(disaster(&mut town, true), Answer::Done);
    assert_eq!(town.hears(waits), Heard::Prompt("no-seat".into()));
    town.runs(20.0);
    assert!(!town.is_connected(waits));
    // A seat that is there is not asked.
    let seat = town.seat("8001", SOON);
    town.runs(1.0);
    let comes = town.citizen("13900000002");
    town.dials(comes, "12345");
    town.runs(1.0);
    assert!(!town.rings(seat));
    assert_eq!(town.hears(comes), Heard::Prompt("no-seat".into()));
    town.runs(20.0);
    assert_eq!(town.outcomes(), [Outcome::NoAnswer, Outcome::NoAnswer]);
    assert!(main_group(&mut town).disaster);
    let unknown = Command::Disaster { group: "nobody".into(), on: true, by: String::new(), reason: String::new() };
    assert_eq!(town.asks(unknown), Answer::Unknown);
    // Twice is once; then it is over.
    assert_eq!((disaster(&mut town, true), disaster(&mut town, false)), (Answer::Done, Answer::Done));
    let told = |e: &switchboard::fact::Event| matches!(e.fact, Fact::DisasterMode { .. });
    assert_eq!(town.facts.iter().filter(|e| told(e)).count(), 2);
    town.dials(comes, "12345");
    assert!(town.until(10, |t| t.talk(comes, seat)), "{}", town.trace.join("\n"));
    town.goes_home();
}

#[test]
fn a_talk_goes_on_in_disaster_mode_and_without_a_place_to_go_the_overflow_is_taken() {
    let mut town = Town::new(4);
    let (citizen, seat) = crate::support::scenes::talks(&mut town);
    assert_eq!(disaster(&mut town, true), Answer::Done);
    town.runs(2.0);
    assert!(town.talk(citizen, seat));
    let comes = town.citizen("13900000002");
    town.dials(comes, "12345");
    town.runs(1.0);
    assert_eq!(town.hears(comes), Heard::Prompt("busy".into()));
    let overflowed = |e: &switchboard::fact::Event| matches!(e.fact, Fact::Overflowed { why: Cause::Disaster, .. });
    assert_eq!(town.facts.iter().filter(|e| overflowed(e)).count(), 1);
    town.goes_home();
}

#[test]
fn messages_are_said_in_turn_while_a_caller_waits_and_stop_for_a_seat() {
    let mut town = Town::new(5);
    overflows(
        &mut town,
        "messages = [\"no-seat\", \"return-to-hub\"]\nmessage_every = \"40s\"",
        "[\"prompt:busy\", \"release:486\"]",
    );
    let citizen = town.citizen("13900000001");
    town.dials(citizen, "12345");
    town.runs(200.0);
    let said: Vec<String> = town.was_played(citizen).iter().map(|p| (*p).to_string()).collect();
    let messages: Vec<&str> =
        said.iter().map(String::as_str).filter(|p| ["no-seat", "return-to-hub"].contains(p)).collect();
    assert_eq!(
        messages.iter().take(3).copied().collect::<Vec<_>>(),
        ["no-seat", "return-to-hub", "no-seat"],
        "{said:?}"
    );
    assert!((3..=4).contains(&messages.len()), "one every 40 s: {said:?}");
    let seat = town.seat("8001", SOON);
    assert!(town.until(10, |t| t.talk(citizen, seat)), "{}", town.trace.join("\n"));
    town.goes_home();
}

/// A citizen who finds the line full is offered to be called back.
fn finds_it_full(town: &mut Town, number: &str) -> Party {
    overflows(town, "", "[\"callback\", \"prompt:busy\", \"release:486\"]");
    let reloaded = |text: &str| {
        let text = text.replace("max_size = 500", "max_size = 1");
        text.replace(
            "overflow = [\"prompt:busy\", \"release:486\"]",
            "overflow = [\"callback\", \"prompt:busy\", \"release:486\"]",
        )
    };
    town.reloads(city::edited(reloaded));
    let first = town.citizen("13900000009");
    town.dials(first, "12345");
    town.runs(1.0);
    let citizen = town.citizen(number);
    town.dials(citizen, "12345");
    town.runs(1.0);
    assert_eq!(town.hears(citizen), Heard::Prompt("callback/offer".into()), "{}", town.trace.join("\n"));
    citizen
}

#[test]
fn who_finds_the_line_full_may_be_called_back_instead_of_hearing_busy() {
    let mut town = Town::new(6);
    let citizen = finds_it_full(&mut town, "13900000001");
    town.presses(citizen, "1");
    town.runs(12.0);
    assert!(town.is_connected(citizen), "he has not confirmed: {}", town.trace.join("\n"));
    town.presses(citizen, "1");
    town.runs(9.0);
    assert!(!town.is_connected(citizen), "{}", town.trace.join("\n"));
    let Answer::Callbacks { callbacks } = town.asks(Command::Callbacks) else { panic!("no list") };
    assert_eq!(
        (callbacks.len(), callbacks[0].number.as_str(), callbacks[0].group.as_str()),
        (1, "13900000001", "main")
    );
    assert_eq!(town.outcomes(), [Outcome::Callback]);
    // Not home: the call that keeps his place stands in the line.
    assert!(callbacks[0].call.is_some());
}

#[test]
fn who_does_not_want_to_be_called_back_goes_on_at_once_and_who_says_nothing_in_time() {
    let mut town = Town::new(7);
    let citizen = finds_it_full(&mut town, "13900000001");
    town.presses(citizen, "0");
    town.runs(0.5);
    assert_eq!(town.hears(citizen), Heard::Prompt("busy".into()));
    town.runs(20.0);
    assert!(!town.is_connected(citizen));
    town.dials(citizen, "12345");
    town.runs(35.0);
    assert!(!town.is_connected(citizen), "{}", town.trace.join("\n"));
    let Answer::Callbacks { callbacks } = town.asks(Command::Callbacks) else { panic!("no list") };
    assert!(callbacks.iter().all(|row| row.why != switchboard::fact::Missed::Asked), "{callbacks:?}");
    // A caller without a number is offered nothing.
    let nobody = town.citizen("1");
    town.dials(nobody, "12345");
    town.runs(1.0);
    assert_eq!(town.hears(nobody), Heard::Prompt("busy".into()));
    town.goes_home();
}

#[test]
fn the_caller_is_asked_when_the_agent_hangs_up_first_but_not_twice_a_day() {
    let mut town = Town::new(8);
    with(&mut town, "survey = true");
    let (citizen, seat) = crate::support::scenes::talks(&mut town);
    town.hangs_up(seat);
    town.runs(1.0);
    assert!(town.is_connected(citizen) && !town.is_connected(seat));
    assert_eq!(town.hears(citizen), Heard::Prompt("survey/ask".into()));
    town.presses(citizen, "5");
    town.runs(8.0);
    town.presses(citizen, "2");
    town.runs(5.0);
    assert!(!town.is_connected(citizen), "{}", town.trace.join("\n"));
    assert_eq!((surveyed(&town), town.outcomes()), (1, vec![Outcome::Connected]));
    let ended = town.facts.iter().rev().find_map(|e| match e.fact {
        Fact::CallEnded { by, cause, .. } => Some((by, cause)),
        _ => None,
    });
    assert_eq!(ended, Some((switchboard::fact::Party::Callee, Cause::Normal)));
    town.dials(citizen, "12345");
    assert!(town.until(10, |t| t.talk(citizen, seat)));
    town.hangs_up(seat);
    town.runs(1.0);
    assert!(!town.is_connected(citizen), "he has been asked today: {}", town.trace.join("\n"));
    // The caller hangs up first: nobody is there to be asked.
    town.dials(citizen, "12345");
    assert!(town.until(10, |t| t.talk(citizen, seat)));
    town.hangs_up(citizen);
    town.runs(1.0);
    assert!(!town.is_connected(seat));
    town.goes_home();
}

#[test]
fn nobody_is_asked_after_an_emergency_in_the_same_call() {
    let mut town = Town::new(9);
    with(&mut town, "survey = true");
    let _police = town.trunk(30, Manner::Refuses(486));
    let _other = town.trunk(31, Manner::Refuses(486));
    let (citizen, seat) = crate::support::scenes::talks(&mut town);
    assert!(matches!(town.transfers_to("110", switchboard::fact::Way::ThreeWay), Answer::Asked { .. } | Answer::Done));
    town.runs(10.0);
    assert!(town.talk(citizen, seat), "{}", town.trace.join("\n"));
    town.hangs_up(seat);
    town.runs(1.0);
    assert!(!town.is_connected(citizen), "{}", town.trace.join("\n"));
    assert_eq!(surveyed(&town), 0);
    town.goes_home();
}
