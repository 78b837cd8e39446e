//! Agents as persons: they sign in by keys and by order, at one seat at a time.

use crate::support::city;
use crate::support::scenes::SOON;
use crate::support::town::{Party, Town};
use crate::support::wire::Weather;
use switchboard::call::{Pin, Unfit};
use switchboard::exchange::{Answer, Command, PersonSettings, SeatRow, SeatSet};
use switchboard::fact::Fact;
use switchboard::id::{AgentId, GroupId};

/// A town where seats 8041 to 8043 wait for persons.
fn town(seed: u64) -> Town {
    let mut settings = city::settings();
    for number in ["8041", "8042", "8043"] {
        settings.seats.get_mut(number).unwrap().sign_in_on_register = false;
    }
    settings.floor.no_answer_rest = 60_000_000;
    let skilled = PersonSettings {
        pin: Pin::new("1234"),
        groups: vec![GroupId::from("kept.12348")],
        ..PersonSettings::default()
    };
    settings.persons.insert(AgentId::from("7001"), skilled);
    Town::with("2021-12-15T10:00", seed, Weather::default(), settings)
}

fn row(town: &mut Town, seat: &str) -> SeatRow {
    let Answer::Seats { seats } = town.asks(Command::Seats) else { panic!("no seats") };
    seats.into_iter().find(|row| row.seat.as_str() == seat).unwrap()
}

#[track_caller]
fn stands(town: &mut Town, seat: &str, agent: Option<&str>, state: &str) {
    let row = row(town, seat);
    let found = (row.agent.as_ref().map(AgentId::as_str), row.state.as_str());
    assert_eq!(found, (agent, state), "{seat}\n{}", town.trace.join("\n"));
}

/// Dials a code, presses keys a second later, and lets its outcome be said.
fn codes(town: &mut Town, phone: Party, code: &str, keys: &[&str]) {
    town.dials(phone, code);
    town.runs(1.0);
    for keys in keys {
        town.presses(phone, keys);
        town.runs(0.5);
    }
    town.runs(6.0);
    assert!(!town.is_connected(phone), "the switch ends the call: {}", town.trace.join("\n"));
}

fn set(town: &mut Town, seat: &str, agent: Option<&str>, state: Option<SeatSet>, reason: &str) -> Answer {
    let (seat, agent, by) = (seat.into(), agent.map(Into::into), "王班长".into());
    town.asks(Command::Seat { seat, agent, state, reason: reason.into(), by })
}

#[test]
fn an_agent_signs_in_by_keys_takes_a_call_rests_and_goes() {
    let mut town = town(1);
    let phone = town.seat("8041", SOON);
    town.runs(1.0);
    stands(&mut town, "8041", None, "not_ready:signed_out");
    codes(&mut town, phone, "*71", &["8041#", "8041#"]);
    stands(&mut town, "8041", Some("8041"), "not_ready:signed_in");
    codes(&mut town, phone, "*72", &[]);
    stands(&mut town, "8041", Some("8041"), "ready");

    let citizen = town.citizen("13900000001");
    town.dials(citizen, "12345");
    town.runs(5.0);
    assert!(town.talk(citizen, phone), "{}", town.trace.join("\n"));
    let who = |event: &switchboard::fact::Event| match &event.fact {
        Fact::LegTried { agent, .. } => Some(agent.clone()),
        _ => None,
    };
    assert_eq!(town.facts.iter().find_map(who), Some(Some("8041".into())), "the record knows the person");
    // A break with a reason, for the end of the talk; the caller hears nothing of it.
    town.presses(phone, "*732");
    town.runs(1.0);
    stands(&mut town, "8041", Some("8041"), "talking>用餐");
    assert_eq!(town.keys_heard(citizen), "");
    town.hangs_up(citizen);
    town.runs(1.0);
    stands(&mut town, "8041", Some("8041"), "not_ready:用餐");
    codes(&mut town, phone, "*70", &[]);
    stands(&mut town, "8041", None, "not_ready:signed_out");
    town.goes_home();
}

#[test]
fn a_wrong_pin_signs_nobody_in_and_the_pin_stands_nowhere() {
    let mut town = town(2);
    let phone = town.seat("8041", SOON);
    town.runs(1.0);
    codes(&mut town, phone, "*71", &["8041#", "999988#"]);
    stands(&mut town, "8041", None, "not_ready:signed_out");
    codes(&mut town, phone, "*71*7001*1234", &[]);
    stands(&mut town, "8041", Some("7001"), "not_ready:signed_in");
    for event in &town.facts {
        let written = serde_json::to_string(event).unwrap();
        assert!(!written.contains("1234") || !written.contains("*71"), "{written}");
    }
    // Nobody presses a key for 15 s: the call ends by itself.
    town.dials(phone, "*71");
    town.runs(25.0);
    assert!(!town.is_connected(phone));
    town.goes_home();
}

#[test]
fn a_person_serves_his_own_groups_and_sits_at_one_seat() {
    let mut town = town(3);
    let (one, two) = (town.seat("8041", SOON), town.seat("8042", SOON));
    town.runs(1.0);
    codes(&mut town, one, "*71*7001*1234", &[]);
    assert_eq!(row(&mut town, "8041").groups, ["kept.12348"], "not those of the seat");
    codes(&mut town, two, "*71*7001*1234", &[]);
    stands(&mut town, "8041", None, "not_ready:signed_out");
    stands(&mut town, "8042", Some("7001"), "not_ready:signed_in");
    assert_eq!(row(&mut town, "8041").groups, ["main"], "the seat's own again");
    // Who comes to a seat where somebody has forgotten to sign out takes it.
    codes(&mut town, two, "*71*8042*8042", &[]);
    stands(&mut town, "8042", Some("8042"), "not_ready:signed_in");
    town.goes_home();
}

#[test]
fn who_talks_cannot_be_signed_in_elsewhere_and_a_transfer_changes_no_login() {
    let mut town = town(4);
    let _target = town.trunk(20, SOON);
    let (one, two) = (town.seat("8041", SOON), town.seat("8042", SOON));
    town.runs(1.0);
    assert_eq!(set(&mut town, "8041", Some("8041"), Some(SeatSet::Ready), ""), Answer::Done);
    let citizen = town.citizen("13900000001");
    town.dials(citizen, "12345");
    town.runs(5.0);
    assert!(town.talk(citizen, one));
    codes(&mut town, two, "*71*8041*8041", &[]);
    stands(&mut town, "8042", None, "not_ready:signed_out");
    assert_eq!(set(&mut town, "8042", Some("8041"), None, ""), Answer::Unfit { why: Unfit::Elsewhere });
    assert_eq!(set(&mut town, "8041", Some("8043"), None, ""), Answer::Unfit { why: Unfit::Taken });
    town.presses(one, "*112366");
    town.runs(8.0);
    town.presses(one, "*2");
    town.runs(2.0);
    stands(&mut town, "8041", Some("8041"), "ready");
    town.goes_home();
}

#[test]
fn a_supervisor_sets_seats_and_is_told_why_not() {
    let mut town = town(5);
    let _phone = town.seat("8041", SOON);
    town.runs(1.0);
    let unfit = |why| Answer::Unfit { why };
    assert_eq!(set(&mut town, "8041", None, Some(SeatSet::Ready), ""), unfit(Unfit::Nobody));
    assert_eq!(set(&mut town, "8041", Some("6666"), None, ""), unfit(Unfit::NotHim));
    assert_eq!(set(&mut town, "6666", Some("8041"), None, ""), unfit(Unfit::NoSeat));
    assert_eq!(set(&mut town, "8041", Some("8041"), Some(SeatSet::Ready), ""), Answer::Done);
    stands(&mut town, "8041", Some("8041"), "ready");
    assert_eq!(set(&mut town, "8041", None, Some(SeatSet::Break), "培训"), Answer::Done);
    stands(&mut town, "8041", Some("8041"), "not_ready:培训");
    assert_eq!(set(&mut town, "8041", None, Some(SeatSet::WrapUp), ""), unfit(Unfit::NotNow));
    assert_eq!(set(&mut town, "8041", None, Some(SeatSet::Ready), ""), Answer::Done);
    assert_eq!(set(&mut town, "8041", None, Some(SeatSet::WrapUp), ""), Answer::Done);
    stands(&mut town, "8041", Some("8041"), "wrap_up");
    town.runs(121.0);
    stands(&mut town, "8041", Some("8041"), "ready");
    assert_eq!(set(&mut town, "8041", Some("8042"), Some(SeatSet::Out), ""), unfit(Unfit::Nobody));
    assert_eq!(set(&mut town, "8041", None, Some(SeatSet::Out), ""), Answer::Done);
    stands(&mut town, "8041", None, "not_ready:signed_out");
    let ordered =
        town.facts.iter().filter(|e| matches!(&e.fact, Fact::SeatOrdered { by, .. } if by == "王班长")).count();
    assert_eq!(ordered, 5, "what was done, and by whom, is on record");
    town.goes_home();
}

#[test]
fn who_has_signed_out_is_not_signed_in_by_his_phone_renewing_its_registration() {
    let mut town = Town::new(6);
    let phone = town.seat("8001", SOON);
    town.runs(1.0);
    stands(&mut town, "8001", Some("8001"), "ready");
    codes(&mut town, phone, "*70", &[]);
    stands(&mut town, "8001", None, "not_ready:signed_out");
    // It renews every ten minutes.
    town.runs(1300.0);
    stands(&mut town, "8001", None, "not_ready:signed_out");
    town.goes_home();
}

#[test]
fn a_seat_where_calls_ring_out_is_not_ready_until_it_gives_a_sign() {
    let mut town = town(7);
    let silent = town.seat("8041", crate::support::town::Manner::Rings);
    town.runs(1.0);
    assert_eq!(set(&mut town, "8041", Some("8041"), Some(SeatSet::Ready), ""), Answer::Done);
    let citizen = town.citizen("13900000001");
    town.dials(citizen, "12345");
    // Three times 5 s of ringing, and 2 s between them.
    town.runs(25.0);
    stands(&mut town, "8041", Some("8041"), "not_ready:no_answer");
    assert!(town.is_connected(citizen), "the caller has his place and his music");
    town.runs(58.0);
    let state = row(&mut town, "8041").state;
    assert!(matches!(state.as_str(), "ringing" | "reserved" | "ready"), "he is tried again after a while: {state}");
    town.runs(20.0);
    stands(&mut town, "8041", Some("8041"), "not_ready:no_answer");
    // A call that he makes says that he is there.
    codes(&mut town, silent, "*74", &[]);
    let state = row(&mut town, "8041").state;
    assert!(matches!(state.as_str(), "wrap_up" | "ringing" | "reserved"), "{state}");
    town.goes_home();
}

#[test]
fn too_few_at_work_are_told_once_until_there_are_enough_again() {
    let mut town = town(8);
    town.reloads(city::edited(|text| text.replace("[group.main]\n", "[group.main]\nleast_seats = 2\n")));
    let alarms = |town: &Town| {
        let told =
            |e: &&switchboard::fact::Event| matches!(&e.fact, Fact::Alarm { subject, .. } if subject == "group main");
        town.facts.iter().filter(told).count()
    };
    let phones: Vec<Party> = ["8041", "8042", "8043"].into_iter().map(|seat| town.seat(seat, SOON)).collect();
    town.runs(1.0);
    for seat in ["8041", "8042"] {
        assert_eq!(set(&mut town, seat, Some(seat), Some(SeatSet::Ready), ""), Answer::Done);
    }
    assert_eq!(alarms(&town), 0, "they come one after the other");
    assert_eq!(set(&mut town, "8041", None, Some(SeatSet::Break), ""), Answer::Done);
    assert_eq!(set(&mut town, "8042", None, Some(SeatSet::Out), ""), Answer::Done);
    assert_eq!(alarms(&town), 1);
    assert_eq!(set(&mut town, "8042", Some("8042"), Some(SeatSet::Ready), ""), Answer::Done);
    assert_eq!(set(&mut town, "8043", Some("8043"), Some(SeatSet::Ready), ""), Answer::Done);
    assert_eq!(set(&mut town, "8043", None, Some(SeatSet::Out), ""), Answer::Done);
    assert_eq!(alarms(&town), 2, "{}", phones.len());
    town.goes_home();
}

#[test]
fn the_caller_is_asked_how_he_was_served_when_the_agent_hands_him_over_once_a_day() {
    let mut town = Town::new(9);
    let seat = town.seat("8001", SOON);
    let citizen = town.citizen("13900000001");
    town.runs(1.0);
    let surveyed = |town: &Town| {
        let told = |e: &switchboard::fact::Event| match &e.fact {
            Fact::Surveyed { grade, solved } => Some((*grade, *solved)),
            _ => None,
        };
        town.facts.iter().filter_map(told).collect::<Vec<_>>()
    };
    town.dials(citizen, "12345");
    assert!(town.until(10, |t| t.talk(citizen, seat)));
    town.presses(seat, "*8");
    town.runs(1.0);
    assert!(!town.is_connected(seat) && town.is_connected(citizen), "{}", town.trace.join("\n"));
    stands(&mut town, "8001", Some("8001"), "ready");
    town.presses(citizen, "7");
    town.runs(2.0);
    town.presses(citizen, "4");
    town.runs(8.0);
    town.presses(citizen, "1");
    town.runs(5.0);
    assert!(!town.is_connected(citizen), "{}", town.trace.join("\n"));
    assert_eq!(surveyed(&town), [(4, Some(true))]);
    // The same day he is not asked again: the agent hears that, and the talk goes on.
    town.runs(60.0);
    town.dials(citizen, "12345");
    assert!(town.until(10, |t| t.talk(citizen, seat)));
    town.presses(seat, "*8");
    town.runs(1.0);
    assert!(town.is_connected(seat) && town.is_connected(citizen));
    // Another one says nothing: he is let go.
    town.hangs_up(seat);
    town.runs(2.0);
    let other = town.citizen("13900000002");
    town.dials(other, "12345");
    assert!(town.until(10, |t| t.talk(other, seat)));
    town.presses(seat, "*8");
    town.runs(25.0);
    assert!(!town.is_connected(other));
    assert_eq!(surveyed(&town).len(), 1);
    town.goes_home();
}

#[test]
fn why_a_caller_waits_is_told_seat_by_seat() {
    let mut town = town(10);
    let busy = town.seat("8041", SOON);
    town.runs(1.0);
    assert_eq!(set(&mut town, "8041", Some("8041"), Some(SeatSet::Ready), ""), Answer::Done);
    let first = town.citizen("13900000001");
    town.dials(first, "12345");
    assert!(town.until(10, |t| t.talk(first, busy)));
    let call = town.the_call().call;
    assert!(matches!(town.asks(Command::Why { call }), Answer::Conflict { .. }), "it waits for nobody");
    let second = town.citizen("13900000002");
    town.dials(second, "12345");
    town.runs(1.0);
    let Answer::Calls { calls } = town.asks(Command::Calls) else { panic!("no calls") };
    let waits = calls.iter().find(|row| row.caller == "13900000002").unwrap().call;
    let Answer::Why { why } = town.asks(Command::Why { call: waits }) else { panic!("no answer") };
    assert_eq!((why.group.as_str(), why.position), ("main", 1));
    assert_eq!((why.seats[0].seat.as_str(), why.seats[0].en.as_str()), ("8041", "in a call or at paperwork"));
    assert!(why.seats.iter().skip(1).all(|row| row.en == "nobody signed in"), "{:?}", why.seats);
    town.goes_home();
}
