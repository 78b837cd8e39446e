//! Trunks with several targets and trunks by name: which is tried, when the next is, and that the caller never notices.

use crate::support::city;
use crate::support::raw::{Peer, answer, sdp, text};
use crate::support::town::{Manner, Party, Town};
use crate::support::wire::{Fate, Rule, Weather};
use std::net::SocketAddr;
use switchboard::clock::SECOND;
use switchboard::exchange::{Answer, Command, Input, Outbound, Settings, TrunkRow};
use switchboard::fact::Fact;
use switchboard::id::TrunkId;
use switchboard::sip::flow::Transport;
use switchboard::sip::locate::Target;
use switchboard::sip::name::Name;

const BRANCH: &str = "branch.12366";

fn target(place: u16, last: u8) -> Target {
    let address = SocketAddr::from(([127, 0, 0, last], 5060));
    Target { place, priority: 0, weight: 0, transport: Transport::Udp, address }
}

/// The sub-centre's trunk leads to 127.0.0.20, then .25, then .26.
fn settings(change: impl Fn(&mut Outbound)) -> Settings {
    let mut settings = city::settings();
    let trunk = settings.trunks.get_mut(&TrunkId::from(BRANCH)).unwrap();
    let mut outbound =
        Outbound { targets: vec![target(0, 20), target(1, 25), target(2, 26)], silence: SECOND, ..Outbound::default() };
    change(&mut outbound);
    trunk.outbound = Some(outbound);
    settings
}

fn town(change: impl Fn(&mut Outbound)) -> Town {
    Town::with("2021-12-15T10:00", 7, Weather::FINE, settings(change))
}

fn invites_to(town: &Town, last: u8) -> usize {
    let at = SocketAddr::from(([127, 0, 0, last], 5060));
    town.sent.iter().filter(|(flow, bytes)| flow.peer == at && bytes.starts_with(b"INVITE")).count()
}

fn row(town: &mut Town) -> TrunkRow {
    let Answer::Trunks { trunks } = town.asks(Command::Trunks) else { panic!("no trunks") };
    trunks.into_iter().find(|t| t.trunk.as_str() == BRANCH).unwrap()
}

fn hear_each_other(town: &mut Town, a: Party, b: Party) {
    assert!(town.is_connected(a) && town.is_connected(b), "{}", town.trace.join("\n"));
    assert_eq!(town.the_call().stage, "talking");
}

const SOON: Manner = Manner::Answers(100_000);

#[test]
fn a_silent_target_costs_a_second_and_no_caller() {
    let mut town = town(|_| ());
    town.trunk(20, Manner::Dead);
    let second = town.trunk(25, SOON);
    let citizen = town.citizen("13900000001");
    town.dials(citizen, "12366");
    town.runs(0.9);
    assert_eq!((invites_to(&town, 25), row(&mut town).calls), (0, 1));
    town.runs(1.0);
    hear_each_other(&mut town, citizen, second);
    assert_eq!(row(&mut town).calls, 1, "one leg, however often it was sent");
    town.hangs_up(citizen);
    town.runs(1.0);
    assert_eq!(row(&mut town).calls, 0);
    // For a while it is not asked first.
    let before = invites_to(&town, 20);
    town.dials(citizen, "12366");
    town.runs(0.5);
    hear_each_other(&mut town, citizen, second);
    assert_eq!(invites_to(&town, 20), before, "it rests");
    town.hangs_up(citizen);
    town.runs(40.0);
    town.dials(citizen, "12366");
    town.runs(0.5);
    assert!(invites_to(&town, 20) > before, "it has rested");
    town.goes_home();
    assert_eq!(town.exchange.held(), (0, 0, 0));
}

#[test]
fn the_last_target_rests_too_when_it_is_silent() {
    let mut town = town(|outbound| outbound.targets.truncate(2));
    let silent = town.trunk(20, Manner::Dead);
    let second = town.trunk(25, SOON);
    let citizen = town.citizen("13900000001");
    town.dials(citizen, "12366");
    town.runs(2.0);
    hear_each_other(&mut town, citizen, second);
    town.hangs_up(citizen);
    town.runs(8.0);
    // It is tried last now, and is silent again.
    town.set_manner(second, Manner::Refuses(503));
    town.dials(citizen, "12366");
    town.runs(8.0);
    assert_eq!(invites_to(&town, 25), 2);
    town.hangs_up(citizen);
    town.set_manner(second, SOON);
    // The second one has rested by then, the silent one only if its second silence did not count.
    town.runs(22.2);
    let before = invites_to(&town, 20);
    town.dials(citizen, "12366");
    town.runs(0.5);
    hear_each_other(&mut town, citizen, second);
    assert_eq!(invites_to(&town, 20), before, "{silent:?} was asked first");
    town.goes_home();
    assert_eq!(town.exchange.held(), (0, 0, 0));
}

#[test]
fn an_overloaded_target_sends_the_call_on_at_once() {
    let mut town = town(|_| ());
    town.trunk(20, Manner::Refuses(503));
    town.trunk(25, Manner::Refuses(503));
    let third = town.trunk(26, SOON);
    let citizen = town.citizen("13900000001");
    town.dials(citizen, "12366");
    town.runs(0.5);
    hear_each_other(&mut town, citizen, third);
    assert_eq!((invites_to(&town, 20), invites_to(&town, 25), invites_to(&town, 26)), (1, 1, 1));
    let failed = town.facts.iter().filter(|f| matches!(f.fact, Fact::LegFailed { .. })).count();
    assert_eq!(failed, 0, "the call sees one leg");
    town.goes_home();
    assert_eq!(town.exchange.held(), (0, 0, 0));
}

#[test]
fn an_answer_is_an_answer_and_is_not_asked_for_twice() {
    for status in [404, 480, 486, 500, 603] {
        let mut town = town(|_| ());
        town.trunk(20, Manner::Refuses(status));
        town.trunk(25, SOON);
        let citizen = town.citizen("13900000001");
        town.dials(citizen, "12366");
        town.runs(3.0);
        assert_eq!((invites_to(&town, 20), invites_to(&town, 25)), (1, 0), "{status}");
        town.goes_home();
        assert_eq!(town.exchange.held(), (0, 0, 0), "{status}");
    }
}

#[test]
fn a_target_that_rings_is_waited_for() {
    let mut town = town(|_| ());
    let first = town.trunk(20, Manner::Rings);
    town.trunk(25, SOON);
    let citizen = town.citizen("13900000001");
    town.dials(citizen, "12366");
    town.runs(4.0);
    assert_eq!((invites_to(&town, 20), invites_to(&town, 25)), (1, 0), "180 has come");
    // It has rung: a 503 after that is its answer.
    town.rejects(first, 503);
    town.runs(1.0);
    assert_eq!(invites_to(&town, 25), 0);
    town.goes_home();
}

#[test]
fn a_target_that_only_tries_may_be_slow_but_not_refuse_for_overload() {
    let mut town = town(|_| ());
    let mut first = Peer::at(&town, ([127, 0, 0, 20], 5060));
    let second = town.trunk(25, SOON);
    let citizen = town.citizen("13900000001");
    town.dials(citizen, "12366");
    town.runs(0.1);
    let invite = first.hears(&town).remove(0);
    first.says(&mut town, answer(&invite, first.at, 100, "", "", ""));
    town.runs(3.0);
    assert_eq!(invites_to(&town, 25), 0, "100 has come: it lives");
    first.says(&mut town, answer(&invite, first.at, 503, "t", "", ""));
    town.runs(0.5);
    hear_each_other(&mut town, citizen, second);
    town.goes_home();
    assert_eq!(town.exchange.held(), (0, 0, 0));
}

#[test]
fn who_answers_after_it_was_given_up_is_let_go() {
    let mut town = town(|_| ());
    let mut first = Peer::at(&town, ([127, 0, 0, 20], 5060));
    let second = town.trunk(25, SOON);
    let citizen = town.citizen("13900000001");
    town.dials(citizen, "12366");
    town.runs(1.5);
    hear_each_other(&mut town, citizen, second);
    let invite = first.hears(&town).remove(0);
    let ok = answer(&invite, first.at, 200, "late", "", &sdp("127.0.0.20", 4000));
    first.says(&mut town, ok);
    town.runs(0.1);
    let words = first.words(&town);
    assert!(words.contains(&"ACK".to_owned()) && words.contains(&"BYE".to_owned()), "{words:?}");
    hear_each_other(&mut town, citizen, second);
    // And one that rings late is cancelled.
    town.hangs_up(citizen);
    town.runs(60.0);
    town.dials(citizen, "12366");
    town.runs(1.5);
    let invite = first.hears(&town).into_iter().rev().find(|m| m.method_token() == b"INVITE").unwrap();
    first.says(&mut town, answer(&invite, first.at, 180, "late2", "", ""));
    assert_eq!(first.words(&town), ["CANCEL"]);
    town.goes_home();
}

#[test]
fn nobody_there_is_told_as_one_trunk_that_cannot_be_reached() {
    let mut town = town(|_| ());
    for last in [20, 25, 26] {
        town.trunk(last, Manner::Dead);
    }
    let seat = town.seat("8001", SOON);
    let citizen = town.citizen("13900000001");
    town.dials(citizen, "12366");
    town.runs(10.0);
    for last in [20, 25, 26] {
        assert!(invites_to(&town, last) > 0, "{last} was tried");
    }
    // Product: a sub-centre that cannot be had overflows to the hub.
    assert!(town.is_connected(seat), "{}", town.trace.join("\n"));
    town.goes_home();
    assert_eq!(town.exchange.held(), (0, 0, 0));
}

#[test]
fn nothing_at_an_address_sends_the_call_on_at_once() {
    let mut town = town(|_| ());
    let first = town.trunk(20, Manner::Dead);
    let second = town.trunk(25, SOON);
    let citizen = town.citizen("13900000001");
    town.dials(citizen, "12366");
    town.runs(0.05);
    town.is_unreachable(first);
    town.runs(0.4);
    hear_each_other(&mut town, citizen, second);
    town.goes_home();
    assert_eq!(town.exchange.held(), (0, 0, 0));
}

#[test]
fn a_caller_who_hangs_up_between_two_targets_leaves_nothing() {
    for at in [0.05, 0.95, 1.0, 1.05, 1.95, 2.5] {
        let mut town = town(|_| ());
        town.trunk(20, Manner::Dead);
        town.trunk(25, Manner::Dead);
        town.trunk(26, Manner::Rings);
        let citizen = town.citizen("13900000001");
        town.dials(citizen, "12366");
        town.runs(at);
        town.goes_home();
        assert_eq!(town.exchange.held(), (0, 0, 0), "{at}");
        assert_eq!(row(&mut town).calls, 0, "{at}");
    }
}

#[test]
fn options_are_asked_of_each_target_and_one_that_answers_is_enough() {
    let mut settings = settings(|_| ());
    settings.trunks.get_mut(&TrunkId::from(BRANCH)).unwrap().options = 20 * SECOND;
    let mut town = Town::with("2021-12-15T10:00", 7, Weather::FINE, settings);
    let first = town.trunk(20, Manner::Dead);
    let second = town.trunk(25, SOON);
    town.trunk(26, Manner::Dead);
    town.runs(40.0);
    let up: Vec<bool> = row(&mut town).targets.iter().map(|t| t.up).collect();
    assert_eq!((up, row(&mut town).up), (vec![false, true, false], true));
    assert!(!town.facts.iter().any(|f| matches!(f.fact, Fact::TrunkDown { .. })));
    let citizen = town.citizen("13900000001");
    town.dials(citizen, "12366");
    town.runs(0.5);
    hear_each_other(&mut town, citizen, second);
    assert_eq!(invites_to(&town, 20), 0, "who answers comes first");
    town.hangs_up(citizen);
    town.runs(1.0);
    town.cuts(second);
    town.runs(60.0);
    assert!(!row(&mut town).up);
    let down = |f: &&switchboard::fact::Event| matches!(&f.fact, Fact::TrunkDown { trunk } if trunk.as_str() == BRANCH);
    assert_eq!(town.facts.iter().filter(down).count(), 1);
    let _ = first;
}

#[test]
fn a_name_stands_in_the_uri_and_its_addresses_may_change() {
    let mut town = town(|outbound| {
        outbound.targets.clear();
        outbound.hosts = vec![Some("sip.branch.example".into())];
        outbound.routes = vec!["sip:proxy.example;lr".into()];
        outbound.shown = "sip.branch.example".into();
    });
    let first = town.trunk(20, SOON);
    let second = town.trunk(25, SOON);
    let citizen = town.citizen("13900000001");
    // Nothing is known of it yet: it is a trunk that cannot be reached.
    assert!(!row(&mut town).up && row(&mut town).targets.is_empty());
    let now = town.now;
    let found = |targets: Vec<Target>| Input::Located { trunk: BRANCH.into(), targets };
    town.exchange.handle(found(vec![target(0, 20)]), now);
    assert!(row(&mut town).up);
    town.dials(citizen, "12366");
    town.runs(0.5);
    hear_each_other(&mut town, citizen, first);
    let sent =
        town.sent.iter().find(|(flow, b)| flow.peer.ip().to_string() == "127.0.0.20" && b.starts_with(b"INVITE"));
    let invite = switchboard::sip::wire::parse(sent.unwrap().1.clone()).unwrap();
    assert!(invite.request_uri().ends_with(b"@sip.branch.example"), "{}", text(Some(invite.request_uri())));
    assert!(text(invite.value(Name::To)).contains("@sip.branch.example>"));
    assert_eq!(text(invite.value(Name::Route)), "<sip:proxy.example;lr>");
    // A call that stands is not touched when the name leads elsewhere; the next one follows.
    let now = town.now;
    town.exchange.handle(found(vec![target(0, 25)]), now);
    town.runs(5.0);
    hear_each_other(&mut town, citizen, first);
    let other = town.citizen("13900000002");
    town.dials(other, "12366");
    town.runs(0.5);
    assert!(town.is_connected(other) && town.is_connected(second));
    town.goes_home();
    assert_eq!(town.exchange.held(), (0, 0, 0));
}

#[test]
fn whoever_a_name_leads_to_speaks_as_its_trunk() {
    let mut town = Town::new(3);
    let stranger = town.stranger("13900000009");
    let seat = town.seat("8001", SOON);
    let now = town.now;
    town.runs(1.0);
    town.dials(stranger, "12345");
    town.runs(2.0);
    assert!(!town.is_connected(seat), "nobody's address");
    let sources = |addresses: Vec<&str>| Input::Sources {
        trunk: "carrier".into(),
        addresses: addresses.into_iter().map(|a| (a.parse().unwrap(), None)).collect(),
    };
    town.exchange.handle(sources(vec!["127.0.9.9", "127.0.9.8"]), now);
    town.dials(stranger, "12345");
    town.runs(2.0);
    assert!(town.is_connected(seat), "{}", town.trace.join("\n"));
    town.hangs_up(stranger);
    town.runs(40.0);
    let now = town.now;
    town.exchange.handle(sources(vec!["127.0.9.8"]), now);
    town.dials(stranger, "12345");
    town.runs(2.0);
    assert!(!town.is_connected(seat), "it leads there no more");
}

#[test]
fn a_registration_goes_to_the_next_target_and_follows_the_name() {
    let mut settings = settings(|outbound| outbound.hosts = vec![Some("sip.branch.example".into()); 3]);
    let trunk = settings.trunks.get_mut(&TrunkId::from(BRANCH)).unwrap();
    trunk.register = true;
    trunk.credentials = Some(switchboard::sip::dialog::Credentials { user: "hub".into(), password: "secret".into() });
    let mut town = Town::with("2021-12-15T10:00", 7, Weather::FINE, settings);
    let mut second = Peer::at(&town, ([127, 0, 0, 25], 5060));
    town.rule(Rule::to(SocketAddr::from(([127, 0, 0, 20], 5060)), "", Fate::Lost));
    town.runs(33.0);
    let register = second.hears(&town).remove(0);
    assert_eq!(text(Some(register.request_uri())), "sip:sip.branch.example");
    assert!(text(register.value(Name::From)).starts_with("<sip:hub@sip.branch.example>"));
    let contact = text(register.value(Name::Contact));
    let ok = answer(&register, second.at, 200, "r", &format!("Contact: {contact};expires=600\r\n"), "");
    second.says(&mut town, ok);
    let state = row(&mut town).registration.unwrap().state;
    assert_eq!(state, switchboard::exchange::RegistrationState::Registered);
    // The name leads elsewhere: the next one goes there.
    let mut third = Peer::at(&town, ([127, 0, 0, 26], 5060));
    let now = town.now;
    town.exchange.handle(Input::Located { trunk: BRANCH.into(), targets: vec![target(0, 26)] }, now);
    town.runs(301.0);
    assert_eq!(third.words(&town).first().map(String::as_str), Some("REGISTER"));
}

/// The sub-centre's trunk registers with these targets, under names of their own.
fn registering(targets: Vec<Target>) -> Town {
    let mut settings = settings(|outbound| {
        outbound.hosts = (0..targets.len()).map(|n| Some(format!("sip{n}.branch.example").into())).collect();
        outbound.targets.clone_from(&targets);
    });
    let trunk = settings.trunks.get_mut(&TrunkId::from(BRANCH)).unwrap();
    trunk.register = true;
    trunk.credentials = Some(switchboard::sip::dialog::Credentials { user: "hub".into(), password: "secret".into() });
    Town::with("2021-12-15T10:00", 7, Weather::FINE, settings)
}

fn registers_to(town: &Town, last: u8) -> Vec<String> {
    let at = SocketAddr::from(([127, 0, 0, last], 5060));
    let to_it = town.sent.iter().filter(|(flow, bytes)| flow.peer == at && bytes.starts_with(b"REGISTER"));
    to_it.map(|(_, bytes)| String::from_utf8_lossy(bytes).lines().next().unwrap().to_owned()).collect()
}

#[test]
fn an_attempt_to_register_asks_each_target_once_and_then_waits_and_says_so() {
    // One address under two names, that is overloaded: no storm.
    let mut town = registering(vec![target(0, 20), target(1, 20)]);
    let mut registrar = Peer::at(&town, ([127, 0, 0, 20], 5060));
    for _ in 0..20 {
        town.runs(0.3);
        for register in registrar.hears(&town) {
            registrar.says(&mut town, answer(&register, registrar.at, 503, "r", "", ""));
        }
    }
    assert_eq!(registers_to(&town, 20).len(), 1);
    // Two that are silent: both are asked, each by its own name, then there is an alarm and a pause.
    let mut town = registering(vec![target(0, 20), target(1, 25)]);
    town.runs(70.0);
    assert!(registers_to(&town, 20).iter().all(|line| line.starts_with("REGISTER sip:sip0.branch.example ")));
    let second = registers_to(&town, 25);
    assert!(!second.is_empty() && second.iter().all(|line| line.starts_with("REGISTER sip:sip1.branch.example ")));
    let alarm =
        |f: &&switchboard::fact::Event| matches!(&f.fact, Fact::Alarm { text, .. } if text.contains("registration"));
    assert_eq!(town.facts.iter().filter(alarm).count(), 1);
    let asked = registers_to(&town, 20).len() + second.len();
    town.runs(10.0);
    assert_eq!(registers_to(&town, 20).len() + registers_to(&town, 25).len(), asked, "it waits");
    // The name leads elsewhere: asked there at once, whatever the wait was.
    let now = town.now;
    town.exchange.handle(Input::Located { trunk: BRANCH.into(), targets: vec![target(0, 26)] }, now);
    town.runs(0.1);
    // What is asked of it lets what it has to say out.
    assert!(row(&mut town).registration.is_some());
    assert_eq!(registers_to(&town, 26).len(), 1);
}

#[test]
fn each_outbound_proxy_finds_itself_in_the_route() {
    let mut town = town(|outbound| {
        outbound.hosts = vec![Some("branch.example".into()); 3];
        outbound.routes = ["p0", "p1", "p2"].map(|p| format!("sip:{p};lr").into()).to_vec();
    });
    town.trunk(20, Manner::Refuses(503));
    let second = town.trunk(25, SOON);
    let citizen = town.citizen("13900000001");
    town.dials(citizen, "12366");
    town.runs(0.5);
    hear_each_other(&mut town, citizen, second);
    for (last, route) in [(20, "<sip:p0;lr>"), (25, "<sip:p1;lr>")] {
        let at = SocketAddr::from(([127, 0, 0, last], 5060));
        let invite = town.sent.iter().find(|(flow, b)| flow.peer == at && b.starts_with(b"INVITE")).unwrap();
        let invite = switchboard::sip::wire::parse(invite.1.clone()).unwrap();
        let routes: Vec<String> = invite.values(Name::Route).map(|v| text(Some(v))).collect();
        assert_eq!(routes, [route]);
    }
    town.goes_home();
}

#[test]
fn a_second_target_that_is_silent_after_a_503_holds_nobody_for_long() {
    let mut town = town(|outbound| outbound.targets.truncate(2));
    let mut first = Peer::at(&town, ([127, 0, 0, 20], 5060));
    town.trunk(25, Manner::Dead);
    let seat = town.seat("8001", SOON);
    let citizen = town.citizen("13900000001");
    town.dials(citizen, "12366");
    town.runs(0.1);
    let invite = first.hears(&town).remove(0);
    first.says(&mut town, answer(&invite, first.at, 100, "", "", ""));
    first.says(&mut town, answer(&invite, first.at, 503, "t", "", ""));
    town.runs(7.0);
    assert!(town.is_connected(seat), "the clocks begin anew with each target: {}", town.trace.join("\n"));
    town.goes_home();
    assert_eq!(town.exchange.held(), (0, 0, 0));
}

#[test]
fn a_target_without_media_of_its_family_is_passed_over() {
    let six = Target { address: "[::1]:5060".parse().unwrap(), ..target(0, 20) };
    let mut settings = settings(|outbound| outbound.targets = vec![six, target(1, 25)]);
    settings.listen.push((Transport::Udp, "[::1]:5070".parse().unwrap()));
    let mut town = Town::with("2021-12-15T10:00", 7, Weather::FINE, settings);
    let second = town.trunk(25, SOON);
    let citizen = town.citizen("13900000001");
    town.dials(citizen, "12366");
    town.runs(0.5);
    hear_each_other(&mut town, citizen, second);
    town.goes_home();
}
