//! 110, 119, 120, 122: their trunks in order, never a queue; what only looks like one of them is none.

use super::support::lab::Lab;
use super::support::sipp::{Role, Sipp, header};
use std::net::UdpSocket;
use switchboard::fact::{Outcome, Service, Target};

fn trunk(name: &str, number: &str) -> Target {
    Target::Trunk { trunk: name.into(), number: number.into() }
}

#[test]
fn the_first_emergency_trunk_gets_119() {
    let lab = Lab::start();
    let first = Role::exchange(&lab, "exchange", 30).says(1_100.0).start(&lab);
    let second = Role::exchange(&lab, "exchange", 31).start(&lab);
    let seat = Sipp::seat(&lab, 1, "8001", |r| r);
    let caller = Role::dials(&lab, 0, "119").says(700.0).millis(2_500).start(&lab);
    let invite = first.receives("INVITE", 3_000);
    assert!(invite.starts_with("<INVITE sip:119@"), "{invite}");
    assert!(header(&invite, "P-Asserted-Identity").contains("13900000001"), "{invite}");
    first.receives("ACK", 3_000);
    first.talks(3_000);
    caller.talks(3_000);
    caller.line.hears(1_100.0, 3_000);
    first.line.hears(700.0, 3_000);
    caller.ends_well(8_000);
    first.receives("BYE", 3_000);
    assert!(!second.log().iter().any(|m| m.starts_with("<INVITE")), "the second trunk was called too");
    assert_eq!(seat.log(), Vec::<String>::new(), "a seat was disturbed");
    let cdr = lab.record();
    assert_eq!((cdr.outcome, cdr.service), (Outcome::Connected, Some(Service::Emergency)));
    assert_eq!(cdr.answered_by, Some(trunk("emergency-1", "119")));
    assert!(cdr.visits.is_empty(), "an emergency call waits in no queue");
}

/// Product §5.9: no 1xx in 2 s, the next trunk.
#[test]
fn a_dead_first_trunk_leaves_119_to_the_second_within_seconds() {
    let lab = Lab::start();
    // Takes everything and says nothing: worse than a closed port, which would be noticed at once.
    let _dead = UdpSocket::bind(("127.0.0.30", lab.slot.trunks())).unwrap();
    let second = Role::exchange(&lab, "exchange", 31).says(1_100.0).start(&lab);
    super::support::pause(300);
    let caller = Role::dials(&lab, 0, "119").says(700.0).millis(2_000).start(&lab);
    second.receives("INVITE", 5_000);
    second.receives("ACK", 3_000);
    second.talks(3_000);
    caller.talks(3_000);
    caller.line.hears(1_100.0, 3_000);
    caller.ends_well(10_000);
    let cdr = lab.record();
    assert_eq!(cdr.answered_by, Some(trunk("emergency-2", "119")));
    let tried: Vec<_> = cdr.attempts.iter().map(|a| a.target.clone()).collect();
    assert_eq!(tried, [trunk("emergency-1", "119"), trunk("emergency-2", "119")]);
    assert!(cdr.attempts[0].cause.is_some(), "the record says why the first trunk failed: {cdr:#?}");
    let waited = (cdr.attempts[1].at - cdr.t0) / 1_000;
    assert!((1_800..3_000).contains(&waited), "the second trunk was tried after {waited} ms");
}

#[test]
fn a_closed_first_trunk_costs_no_more_than_that_either() {
    let lab = Lab::start();
    let second = Role::exchange(&lab, "exchange", 31).says(1_100.0).start(&lab);
    super::support::pause(300);
    let caller = Role::dials(&lab, 0, "110").says(700.0).millis(1_500).start(&lab);
    second.receives("INVITE", 4_000);
    caller.ends_well(8_000);
    let cdr = lab.record();
    assert_eq!(cdr.answered_by, Some(trunk("emergency-2", "110")));
    assert!(cdr.attempts[1].at - cdr.t0 < 3_000_000);
}

#[test]
fn a_96119_is_no_119() {
    let lab = Lab::start();
    let first = Role::exchange(&lab, "exchange", 30).start(&lab);
    let second = Role::exchange(&lab, "exchange", 31).start(&lab);
    let seat = Sipp::seat(&lab, 1, "8001", |r| r.says(1_100.0));
    let caller = Role::dials(&lab, 0, "96119").says(700.0).millis(2_000).start(&lab);
    caller.talks(3_000);
    seat.receives("INVITE", 15_000);
    seat.talks(3_000);
    caller.line.hears(1_100.0, 3_000);
    caller.ends_well(10_000);
    seat.ends_well(3_000);
    for trunk in [first, second] {
        assert!(!trunk.log().iter().any(|m| m.starts_with("<INVITE")), "an emergency trunk was called");
    }
    let cdr = lab.record();
    assert_eq!((cdr.service, cdr.entry.as_deref()), (Some(Service::Hotline), Some("hotline.96119")));
    assert_eq!(cdr.answered_by, Some(Target::Seat("8001".into())));
}

/// It ends like 110 and 11012 begins like it: neither is.
#[test]
fn a_number_that_only_begins_with_110_is_refused() {
    let lab = Lab::start();
    let first = Role::exchange(&lab, "exchange", 30).start(&lab);
    let caller = Role::carrier(&lab, 0, "refused", &format!("sip:11012@{}", lab.sip()));
    caller.word("status", "404").start(&lab).ends_well(8_000);
    assert!(!first.log().iter().any(|m| m.starts_with("<INVITE")), "the emergency trunk was called");
    assert_eq!(lab.record().outcome, Outcome::Refused);
}
