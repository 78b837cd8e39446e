//! Calls that go round are stopped by evidence; a number that many show is not taken for one person.

use crate::support::city;
use crate::support::raw::{Ask, CARRIER, Peer, answer, sdp, text};
use crate::support::town::{Manner, Party, Town};
use crate::support::wire::Weather;
use std::net::SocketAddr;
use switchboard::exchange::{Answer, CallRow, Command};
use switchboard::fact::{Fact, Target};
use switchboard::sip::message::Message;
use switchboard::sip::name::Name;

const COMPANY: &str = "059187654321";
/// The exchange of 12366.
const TAX: ([u8; 4], u16) = ([127, 0, 0, 20], 5060);
const SOON: Manner = Manner::Answers(500_000);

fn calls(town: &mut Town) -> Vec<CallRow> {
    let Answer::Calls { calls } = town.asks(Command::Calls) else { panic!("no calls") };
    calls
}

/// Where each call has come to, oldest first.
fn places(town: &mut Town) -> Vec<String> {
    calls(town).iter().map(|row| if row.with.is_empty() { row.stage.clone() } else { row.with.join(" ") }).collect()
}

fn tried(town: &Town, name: &str) -> usize {
    let to =
        |f: &Fact| matches!(f, Fact::LegTried { target: Target::Trunk { trunk, .. }, .. } if trunk.as_str() == name);
    town.facts.iter().filter(|f| to(&f.fact)).count()
}

fn dial(town: &mut Town, from: &str, number: &str) -> Party {
    let who = town.citizen(from);
    town.dials(who, number);
    town.runs(2.0);
    who
}

#[test]
fn two_employees_who_show_one_number_both_reach_12366() {
    let mut town = Town::new(1);
    let _tax = town.trunk(20, SOON);
    dial(&mut town, COMPANY, "12366");
    dial(&mut town, COMPANY, "12366");
    let both = calls(&mut town);
    assert_eq!(both.iter().map(|c| c.with.join(" ")).collect::<Vec<_>>(), ["branch.12366/12366", "branch.12366/12366"]);
    assert!(both.iter().all(|c| c.stage == "talking"), "{both:#?}");
    town.goes_home();
}

/// Without any evidence a fourth leg of one number, however it is written, is taken for a loop: 12345's queue.
#[test]
fn more_legs_than_allowed_are_taken_for_a_loop() {
    for (allowed, reached) in [(3, 3), (1, 1), (5, 5)] {
        let mut settings = city::settings();
        settings.legs_per_caller = allowed;
        let mut town = Town::with("2021-12-15T10:00", 2, Weather::FINE, settings);
        let _tax = town.trunk(20, SOON);
        let all: Vec<Party> = [COMPANY, "+8659187654321", COMPANY, "59187654321", COMPANY, COMPANY]
            .into_iter()
            .map(|number| dial(&mut town, number, "12366"))
            .collect();
        let places = places(&mut town);
        assert_eq!(places.iter().filter(|p| *p == "branch.12366/12366").count(), reached, "{places:?}");
        assert!(places[reached..].iter().all(|p| p == "queueing"), "{places:?}");
        // Another company is not its concern; and when one hangs up, there is room again.
        dial(&mut town, "059187654322", "12366");
        assert_eq!(tried(&town, "branch.12366"), reached + 1);
        town.hangs_up(all[0]);
        town.runs(1.0);
        dial(&mut town, COMPANY, "12366");
        assert_eq!(tried(&town, "branch.12366"), reached + 2);
        town.goes_home();
    }
}

/// A house burns: everybody in it calls, and all show its one number.
#[test]
fn emergency_calls_of_one_number_are_never_counted() {
    let mut town = Town::new(3);
    let _fire = town.trunk(30, SOON);
    for _ in 0..6 {
        dial(&mut town, COMPANY, "119");
    }
    assert_eq!(places(&mut town), vec!["emergency-1/119"; 6]);
    town.goes_home();
}

#[test]
fn callers_without_a_number_are_not_one_caller() {
    let mut town = Town::new(4);
    let _tax = town.trunk(20, SOON);
    for n in 0..5 {
        let peer = Peer::at(&town, ([127, 0, 0, 10], 7000 + n));
        let mut ask = Ask::new("INVITE", "12366", peer.at);
        ask.from = format!("\"Anonymous\" <sip:anonymous@anonymous.invalid>;tag=a{n}");
        (ask.branch, ask.call_id) = (format!("z9hG4bK-a{n}"), format!("anonymous-{n}"));
        peer.says(&mut town, ask.write());
        town.runs(2.0);
    }
    assert_eq!(tried(&town, "branch.12366"), 5);
}

/// A seat whose number is written as a caller's is somebody else.
#[test]
fn a_seat_and_a_number_that_are_written_alike_are_two() {
    let mut settings = city::settings();
    settings.legs_per_caller = 1;
    let mut town = Town::with("2021-12-15T10:00", 5, Weather::FINE, settings);
    let _tax = town.trunk(20, SOON);
    let seat = town.seat("8001", Manner::Rings);
    town.runs(1.0);
    dial(&mut town, "8001", "12366");
    town.dials(seat, "12366");
    town.runs(2.0);
    assert_eq!(tried(&town, "branch.12366"), 2, "{}", town.trace.join("\n"));
    town.goes_home();
}

/// 12366's exchange takes our INVITE; the call comes back from the carrier with what `lines` makes of it.
fn comes_back(seed: u64, number: &str, back: impl Fn(&Message, Ask) -> Ask) -> Town {
    let mut town = Town::new(seed);
    let mut tax = Peer::at(&town, TAX);
    town.injects(tax.at, b"\r\n\r\n");
    let first = town.citizen(number);
    town.dials(first, "12366");
    town.runs(0.3);
    let invite = tax.hears(&town).into_iter().find(|m| m.method_token() == b"INVITE").expect("an INVITE to 12366");
    tax.says(&mut town, answer(&invite, tax.at, 183, "t", "", &sdp("127.0.0.20", 40_000)));
    let carrier = Peer::at(&town, CARRIER);
    let mut ask = Ask::new("INVITE", "12366", carrier.at);
    // Another number than the first call's: only evidence can tell.
    ask.from = "<sip:13911111111@127.0.0.10>;tag=back".into();
    carrier.says(&mut town, back(&invite, ask).write());
    town.runs(0.5);
    town
}

fn lines(invite: &Message, name: Name) -> Vec<String> {
    invite.values(name).map(|v| format!("{}: {}", name.token(), text(Some(v)))).collect()
}

#[test]
fn a_call_that_comes_back_is_known_by_what_we_wrote_into_it() {
    type Back = fn(&Message, Ask) -> Ask;
    let cases: [(&str, Back); 3] = [
        ("History-Info", |invite, ask| lines(invite, Name::HistoryInfo).iter().fold(ask, |ask, line| ask.with(line))),
        ("Diversion", |invite, ask| lines(invite, Name::Diversion).iter().fold(ask, |ask, line| ask.with(line))),
        ("Call-ID", |invite, ask| Ask { call_id: text(Some(invite.call_id())), ..ask }),
    ];
    for (seed, (name, back)) in (10..).zip(cases) {
        let mut town = comes_back(seed, COMPANY, back);
        assert_eq!(places(&mut town), ["branch.12366/12366", "queueing"], "{name}\n{}", town.trace.join("\n"));
        assert_eq!(tried(&town, "branch.12366"), 1, "{name}");
    }
    let mut town = comes_back(20, COMPANY, |_, ask| ask);
    assert_eq!(
        places(&mut town),
        ["branch.12366/12366", "branch.12366/12366"],
        "without any of it, it is a call like any"
    );
    // The parameters are taken off on the way, and the caller is the same: we and 12366 stand in its history.
    let mut town = comes_back(21, "13911111111", |invite, ask| {
        let bare = |line: &String| line.split(";swb").next().unwrap_or_default().to_owned();
        lines(invite, Name::HistoryInfo).iter().map(bare).fold(ask, |ask, line| ask.with(&line))
    });
    assert_eq!(places(&mut town), ["branch.12366/12366", "queueing"]);
}

/// A mark that is forged, or that of a call which is over, means nothing.
#[test]
fn marks_are_ours_and_live_or_nothing() {
    let mut town = comes_back(30, COMPANY, |_, ask| {
        ask.with("History-Info: <sip:12366@127.0.0.20:5060>;index=1;swb=0123456789abcdef")
    });
    assert_eq!(tried(&town, "branch.12366"), 2);
    let old: Vec<String> = {
        let sent = town
            .sent
            .iter()
            .find(|(f, b)| f.peer == SocketAddr::from(TAX) && b.starts_with(b"INVITE"))
            .unwrap()
            .1
            .clone();
        lines(&switchboard::sip::wire::parse(sent).unwrap(), Name::HistoryInfo)
    };
    let first = calls(&mut town)[0].call;
    town.asks(Command::HangUp { call: first });
    town.runs(1.0);
    let carrier = Peer::at(&town, CARRIER);
    let mut ask = Ask::new("INVITE", "12366", carrier.at);
    (ask.branch, ask.call_id) = ("z9hG4bK-late".into(), "late".into());
    let ask = old.iter().fold(ask, |ask, line| ask.with(line));
    carrier.says(&mut town, ask.write());
    town.runs(0.5);
    assert_eq!(tried(&town, "branch.12366"), 3);
}
