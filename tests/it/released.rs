//! A phone beside a page: the page ends its leg, declines for it, and says who has passed a call on.

use crate::support::scenes::{SOON, talks};
use crate::support::town::{Manner, Town};
use switchboard::exchange::{Answer, Command};
use switchboard::fact::{Cause, Fact, Party, Way};

#[test]
fn what_a_page_ends_is_ended_as_if_the_phone_had_hung_up() {
    let mut town = Town::new(1);
    let (citizen, seat) = talks(&mut town);
    let call = town.the_call().call;
    assert!(town.talk(citizen, seat));
    let by = "8001".to_owned();
    let somebody = Command::Release { call, seat: Some("8002".into()), by: by.clone() };
    assert!(matches!(town.asks(somebody), Answer::Conflict { .. }), "no leg of his is in it");
    // Keys that the page presses go to the caller, and are no codes of the exchange's.
    let keys = Command::Digits { call, seat: Some("8001".into()), digits: "*1".into(), by: by.clone() };
    assert_eq!(town.asks(keys), Answer::Done);
    town.runs(3.0);
    assert_eq!(town.the_call().transfers, []);
    assert!(town.talk(citizen, seat));
    assert_eq!(town.asks(Command::Release { call, seat: Some("8001".into()), by }), Answer::Done);
    town.runs(2.0);
    assert!(!town.is_connected(citizen) && !town.is_connected(seat));
    let ended = town.facts.iter().find_map(|fact| match &fact.fact {
        Fact::CallEnded { by, cause, .. } => Some((*by, *cause)),
        _ => None,
    });
    assert_eq!(ended, Some((Party::Callee, Cause::Normal)), "as when he lays down the receiver");
}

#[test]
fn what_a_page_declines_rings_on_elsewhere() {
    let mut town = Town::new(2);
    let first = town.seat("8001", Manner::Rings);
    let citizen = town.citizen("13900000001");
    town.runs(1.0);
    town.dials(citizen, "12345");
    town.runs(1.0);
    let row = town.the_call();
    assert_eq!(row.with, ["8001"]);
    let second = town.seat("8002", SOON);
    town.runs(1.0);
    let asked = Command::Release { call: row.call, seat: Some("8001".into()), by: String::new() };
    assert_eq!(town.asks(asked), Answer::Done);
    town.runs(5.0);
    assert!(town.talk(citizen, second), "{:?}", town.the_call());
    assert!(!town.is_connected(first));
}

#[test]
fn whoever_is_rung_for_another_is_told_who_passes_the_call_on_and_why() {
    let mut town = Town::new(3);
    let (citizen, _) = talks(&mut town);
    let colleague = town.seat("8002", Manner::Rings);
    town.runs(1.0);
    assert_eq!(town.the_call().came, None);
    assert!(matches!(town.transfers_to("8002", Way::ThreeWay), Answer::Asked { .. }));
    town.runs(1.0);
    let came = town.the_call().came.unwrap();
    assert_eq!((&*came.why, &*came.from, &*came.seen), ("transfer", "8001", "煤气泄漏"));
    town.answers(colleague);
    town.runs(1.0);
    assert_eq!(town.the_call().came, None, "he is there now");
    assert!(town.is_connected(colleague) && town.is_connected(citizen));
}
