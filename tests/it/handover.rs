//! Legs that change calls or phones: attended transfer by REFER with Replaces, pickup by INVITE with Replaces, a transfer of a
//! transfer, between two sub-centres, and back to 12345.

use crate::support::city;
use crate::support::scenes::{SOON, talks};
use crate::support::town::{Manner, Party, Town};
use switchboard::fact::{Fact, TransferResult, Way};

/// Whether a NOTIFY with this status has left: on the wire the BYE behind it may come first.
fn reported(town: &Town, status: u16) -> bool {
    let end = format!("\r\n\r\nSIP/2.0 {status}");
    let texts = town.sent.iter().map(|(_, bytes)| String::from_utf8_lossy(bytes));
    texts.into_iter().any(|text| text.starts_with("NOTIFY") && text.contains(&end))
}

/// The agent holds the caller, calls the target himself, and hands over; by which of his two calls differs among phones.
fn attended(number: &str, target: impl Fn(&mut Town) -> Party, by_consultation: bool) {
    let mut town = Town::new(1);
    let (citizen, seat) = talks(&mut town);
    let target = target(&mut town);
    town.runs(1.0);
    town.holds(seat, true);
    town.runs(0.5);
    let first = town.line_of(seat);
    let second = town.dials(seat, number);
    assert!(town.until(10, |t| t.talk(seat, target)), "{number}\n{}", town.trace.join("\n"));
    if by_consultation {
        town.refers_attended(seat, first, number);
    } else {
        town.takes_line(seat, first);
        town.refers_attended(seat, second, number);
    }
    assert!(town.until(5, |t| t.talk(citizen, target)), "{number} {by_consultation}\n{}", town.trace.join("\n"));
    town.runs(1.0);
    assert!(reported(&town, 200), "{number} {by_consultation}\n{}", town.trace.join("\n"));
    assert_eq!(town.transfers(), [(TransferResult::Joined, None)]);
    let moved = |f: &switchboard::fact::Event| matches!(f.fact, Fact::LegMoved { .. });
    assert_eq!(town.facts.iter().filter(|f| moved(f)).count(), 1);
    // The caller's call goes on alone, and ends as any.
    assert_eq!(town.exchange.live(), 1);
    town.hangs_up(citizen);
    town.runs(1.0);
    assert!(!town.is_connected(target));
    town.goes_home();
}

#[test]
fn an_agent_hands_over_to_whom_he_has_called_himself() {
    for by_consultation in [false, true] {
        attended("95598", |t| t.trunk(40, SOON), by_consultation);
        attended("8002", |t| t.seat("8002", SOON), by_consultation);
    }
}

#[test]
fn what_rings_still_is_handed_over_and_rings_for_the_caller() {
    let mut town = Town::new(9);
    let (citizen, seat) = talks(&mut town);
    let target = town.trunk(40, Manner::Answers(4_000_000));
    town.holds(seat, true);
    town.runs(0.5);
    let first = town.line_of(seat);
    let second = town.dials(seat, "95598");
    assert!(town.until(5, |t| t.rings(target)));
    town.takes_line(seat, first);
    town.runs(1.0);
    town.refers_attended(seat, second, "95598");
    assert!(town.until(10, |t| t.talk(citizen, target)), "{}", town.trace.join("\n"));
    assert_eq!(town.transfers(), [(TransferResult::Joined, None)]);
    assert_eq!(town.exchange.live(), 1);
    town.goes_home();
}

#[test]
fn nobody_hands_over_what_is_not_his() {
    let mut town = Town::new(2);
    let (citizen, seat) = talks(&mut town);
    let (other, third) = (town.seat("8002", SOON), town.seat("8003", SOON));
    town.runs(1.0);
    // 8002 talks to 8003 and asks for 8001's talk.
    let own = town.dials(other, "8003");
    assert!(town.until(10, |t| t.talk(other, third)));
    let theirs = town.replaces(seat);
    town.refers_replacing(other, "8001", &theirs);
    town.runs(2.0);
    assert!(town.talk(citizen, seat) && town.talk(other, third), "{}", town.trace.join("\n"));
    let _ = own;
    town.goes_home();
}

#[test]
fn a_colleague_takes_the_talk_and_one_of_another_group_does_not() {
    let mut town = Town::new(3);
    let (citizen, seat) = talks(&mut town);
    let (colleague, stranger) = (town.seat("8002", SOON), town.seat("8051", SOON));
    town.runs(1.0);
    let talk = town.replaces(seat);
    town.dials_replacing(stranger, "8001", &talk);
    town.runs(1.0);
    assert_eq!(town.failed(stranger).map(|f| f.0), Some(403));
    let outsider = town.citizen("13900000002");
    town.dials_replacing(outsider, "8001", &talk);
    town.runs(1.0);
    assert!(town.talk(citizen, seat));
    town.dials_replacing(colleague, "8001", &talk);
    assert!(town.until(5, |t| t.talk(citizen, colleague)), "{}", town.trace.join("\n"));
    assert!(town.idle(seat));
    town.hangs_up(citizen);
    town.runs(1.0);
    assert!(town.idle(colleague));
    town.goes_home();
}

#[test]
fn a_ringing_call_is_picked_up_by_a_colleague() {
    let mut town = Town::new(4);
    let seat = town.seat("8001", Manner::Rings);
    let citizen = town.citizen("13900000001");
    town.runs(1.0);
    town.dials(citizen, "12345");
    assert!(town.until(5, |t| t.rings(seat)));
    let colleague = town.seat("8002", Manner::Rings);
    town.runs(0.5);
    let ringing = town.replaces(seat);
    town.dials_replacing(colleague, "8001", &ringing);
    assert!(town.until(5, |t| t.talk(citizen, colleague)), "{}", town.trace.join("\n"));
    assert!(town.idle(seat));
    town.goes_home();
}

#[test]
fn a_transfer_is_transferred_on() {
    let mut town = Town::new(5);
    let (citizen, seat) = talks(&mut town);
    let second = town.seat("8051", SOON);
    let power = town.trunk(40, SOON);
    town.runs(1.0);
    town.presses(seat, "*112348");
    assert!(town.until(10, |t| t.is_connected(second)));
    town.runs(0.5);
    town.presses(seat, "*2");
    town.runs(0.5);
    assert!(town.talk(citizen, second), "{}", town.trace.join("\n"));
    town.presses(second, "*195598");
    assert!(town.until(10, |t| t.is_connected(power)));
    town.runs(0.5);
    town.presses(second, "*2");
    town.runs(0.5);
    assert!(town.talk(citizen, power), "{}", town.trace.join("\n"));
    assert_eq!(town.transfers().len(), 2);
    town.goes_home();
}

/// The first sub-centre may transfer: it sends the caller on to another, and back to 12345.
#[test]
fn a_sub_centre_that_may_sends_the_caller_on_and_back_to_12345() {
    for (number, back) in [("12360", false), ("12345", true)] {
        let mut town = Town::new(6);
        let (first, second) = (town.trunk(20, SOON), town.trunk(21, SOON));
        let citizen = town.citizen("13900000001");
        town.dials(citizen, "12366");
        assert!(town.until(10, |t| t.talk(citizen, first)), "{}", town.trace.join("\n"));
        let seat = town.seat("8001", SOON);
        town.runs(1.0);
        town.refers(first, number, false);
        let end = if back { seat } else { second };
        assert!(town.until(10, |t| t.talk(citizen, end)), "{number}\n{}", town.trace.join("\n"));
        town.runs(1.0);
        assert!(!town.is_connected(first));
        assert!(reported(&town, 200), "{number}\n{}", town.trace.join("\n"));
        town.goes_home();
    }
    // One that may not is refused.
    let mut town = Town::new(7);
    town.reloads(city::edited(|text| text.replace("may_transfer = true", "may_transfer = false")));
    let (first, second) = (town.trunk(20, SOON), town.trunk(21, SOON));
    let citizen = town.citizen("13900000001");
    town.dials(citizen, "12366");
    assert!(town.until(10, |t| t.talk(citizen, first)));
    town.refers(first, "12360", false);
    town.runs(2.0);
    assert!(town.talk(citizen, first) && town.idle(second) && town.transfers().is_empty());
    town.goes_home();
}

#[test]
fn a_consultation_by_the_api_keeps_the_caller_in_music_until_the_agent_swaps() {
    let mut town = Town::new(8);
    let (citizen, seat) = talks(&mut town);
    let target = town.trunk(20, SOON);
    town.transfers_to("12366", Way::Consult);
    assert!(town.until(10, |t| t.talk(seat, target)), "{}", town.trace.join("\n"));
    assert_eq!(town.hears(citizen), crate::support::graph::Heard::Prompt("music/hold".into()));
    town.presses(seat, "*2");
    town.runs(0.5);
    assert!(town.talk(citizen, target), "{}", town.trace.join("\n"));
    town.goes_home();
}
