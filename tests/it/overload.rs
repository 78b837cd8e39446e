//! No room, or no time: what callers hear who cannot be taken, who is taken all the same, and who is not listened to.

use crate::support::city::settings;
use crate::support::raw::{Ask, CARRIER, Peer};
use crate::support::town::{Manner, Party, Town};
use crate::support::wire::Weather;
use switchboard::exchange::{Command, Load, Overload, Settings};
use switchboard::fact::{Cause, Fact, Outcome};
use switchboard::ledger::service_level::offered;
use switchboard::ledger::{self, Fold};

const OPEN: &str = "2021-12-15T10:00";
const SOON: Manner = Manner::Answers(500_000);

/// A town with room for twenty calls, all taken by people who wait.
fn full() -> Town {
    let mut town = Town::with(OPEN, 5, Weather::FINE, Settings { max_calls: 20, ..settings() });
    for n in 0..20 {
        let citizen = town.citizen(&format!("139000001{n:02}"));
        town.dials(citizen, "12345");
    }
    town.runs(1.0);
    assert_eq!(town.exchange.live(), 20);
    town
}

fn dials(town: &mut Town, n: u32, number: &str) -> Party {
    let citizen = town.citizen(&format!("139000002{n:02}"));
    town.dials(citizen, number);
    citizen
}

#[test]
fn a_few_beyond_the_last_place_hear_why_and_the_others_get_their_503_at_once() {
    let mut town = full();
    let all: Vec<_> = (0..4).map(|n| dials(&mut town, n, "12345")).collect();
    town.runs(1.0);
    let (at_once, told): (Vec<_>, Vec<_>) = all.into_iter().partition(|c| town.failed(*c).is_some());
    assert_eq!((at_once.len(), told.len()), (2, 2));
    for citizen in at_once {
        assert_eq!(town.failed(citizen), Some((503, Some(42))));
        assert!(town.was_played(citizen).is_empty(), "{:?}", town.was_played(citizen));
    }
    assert!(told.iter().all(|c| !town.is_connected(*c)), "told in early media");
    assert!(town.until(30, |t| told.iter().all(|c| t.failed(*c).is_some())), "{}", town.trace.join("\n"));
    for citizen in told {
        assert_eq!(town.failed(citizen), Some((503, Some(42))));
        assert_eq!(town.was_played(citizen), ["busy"]);
    }
    let shed = town.facts.iter().filter(|e| {
        matches!(e.fact, Fact::CallEnded { outcome: Outcome::Shed, cause: Cause::Shed, status: Some(503), .. })
    });
    assert_eq!(shed.count(), 4, "each of the four has its record");
    let mut books = Fold::new(ledger::Settings::default());
    let records = town.facts.iter().filter_map(|e| books.apply(e)).filter(|cdr| cdr.outcome == Outcome::Shed);
    let lines: Vec<_> = records.map(|cdr| (cdr.entry.clone(), offered(&cdr))).collect();
    assert_eq!(lines, vec![(Some("hotline.12345".to_owned()), true); 4], "we failed them: they count for their line");
    assert_eq!(town.exchange.live(), 20);
}

#[test]
fn an_emergency_call_finds_a_place_where_there_is_none() {
    let mut town = full();
    let fire = town.trunk(30, SOON);
    let citizen = dials(&mut town, 0, "119");
    town.runs(2.0);
    assert!(town.is_connected(citizen) && town.is_connected(fire), "{}", town.trace.join("\n"));
}

/// What has waited for half a second, for so long.
fn overloaded(town: &mut Town) {
    for _ in 0..100 {
        town.runs(0.02);
        town.exchange.observe(Load { waited: 500_000, late: 0, busy: 1_000 }, town.now);
    }
}

#[test]
fn under_overload_ordinary_calls_are_refused_and_emergency_calls_talks_and_phones_are_not() {
    let overload = Overload { sure: 1, ..Overload::default() };
    let mut town = Town::with(OPEN, 6, Weather::FINE, Settings { overload, ..settings() });
    town.trunk(20, SOON);
    town.trunk(30, SOON);
    let before = dials(&mut town, 0, "12366");
    town.runs(2.0);
    assert!(town.is_connected(before));
    overloaded(&mut town);
    let ordinary: Vec<_> = (1..21).map(|n| dials(&mut town, n, "12366")).collect();
    let emergency: Vec<_> = (21..26).map(|n| dials(&mut town, n, "119")).collect();
    town.seat("8001", SOON);
    town.runs(2.0);
    let refused = ordinary.iter().filter(|c| town.failed(**c) == Some((503, Some(42)))).count();
    assert!((17..=19).contains(&refused), "{refused} of 20 were refused");
    assert!(emergency.iter().all(|c| town.failed(*c) != Some((503, Some(42)))), "{}", town.trace.join("\n"));
    assert!(emergency.iter().any(|c| town.is_connected(*c)), "{}", town.trace.join("\n"));
    town.hangs_up(before);
    town.runs(1.0);
    assert!(!town.is_connected(before), "a BYE is never refused");
    let alarms = town.facts.iter().filter(|e| matches!(&e.fact, Fact::Alarm { subject, .. } if subject == "overload"));
    assert_eq!(alarms.count(), 1);
}

#[test]
fn under_overload_strangers_get_silence_and_when_it_is_over_an_answer() {
    let mut town = Town::new(7);
    let mut stranger = Peer::at(&town, ([127, 0, 9, 9], 5060));
    let asks = |town: &mut Town, stranger: &mut Peer, n: u32| {
        let ask = Ask::new("REGISTER", "8001", stranger.at).with(&format!("X-Count: {n}"));
        stranger.says(town, ask.write());
        town.runs(0.1);
        stranger.words(town)
    };
    assert_eq!(asks(&mut town, &mut stranger, 0).len(), 1, "one 401");
    overloaded(&mut town);
    assert!(asks(&mut town, &mut stranger, 1).is_empty());
    for _ in 0..300 {
        town.runs(0.02);
        town.exchange.observe(Load::default(), town.now);
    }
    assert_eq!(asks(&mut town, &mut stranger, 2).len(), 1, "one 401 again");
}

#[test]
fn an_exchange_that_drains_takes_emergency_calls_until_its_end_has_come_and_then_nobody() {
    let mut town = Town::new(8);
    let fire = town.trunk(30, SOON);
    let mut carrier = Peer::at(&town, CARRIER);
    let mut asked = |town: &mut Town, n: u32| {
        let ask = Ask::new("OPTIONS", "12345", carrier.at).with(&format!("X-Count: {n}"));
        carrier.says(town, ask.write());
        town.runs(0.1);
        carrier.words(town)
    };
    town.asks(Command::Drain);
    let ordinary = dials(&mut town, 0, "12345");
    let emergency = dials(&mut town, 1, "119");
    town.runs(2.0);
    assert_eq!(town.failed(ordinary), Some((503, Some(42))));
    assert!(town.is_connected(emergency) && town.is_connected(fire), "{}", town.trace.join("\n"));
    assert_eq!(asked(&mut town, 0), ["200 OPTIONS"], "emergency calls may come");
    town.asks(Command::EndAll);
    town.runs(0.1);
    // The process ends within a second: whoever is taken now would be cut, and the carrier has another place to go.
    let late = dials(&mut town, 2, "119");
    town.runs(0.1);
    assert_eq!(town.failed(late), Some((503, Some(42))), "{}", town.trace.join("\n"));
    assert_eq!(asked(&mut town, 1), ["503 OPTIONS"], "nothing may come any more");
    let shed = town.facts.iter().filter(|e| matches!(e.fact, Fact::CallEnded { outcome: Outcome::Shed, .. }));
    assert_eq!(shed.count(), 2, "each has its record");
    town.goes_home();
    assert_eq!(town.exchange.held(), (0, 0, 0));
}
