//! Phones that go and come back in the middle of a talk: nobody who called is lost by it.

use crate::support::city;
use crate::support::scenes::{SOON, talks};
use crate::support::town::{Manner, Party, Town};
use crate::support::wire::Weather;
use switchboard::fact::{Fact, Outcome, Party as By, TransferResult, Way};

/// A town whose seats are waited for.
pub(super) fn town(seed: u64) -> Town {
    let mut settings = city::settings();
    settings.return_wait = 15_000_000;
    Town::with("2021-12-15T10:00", seed, Weather::default(), settings)
}

/// The facts about phones that have gone and come back, as they follow each other.
pub(super) fn away(town: &Town) -> Vec<bool> {
    let away = |event: &switchboard::fact::Event| match event.fact {
        Fact::LegAway { away, .. } => Some(away),
        _ => None,
    };
    town.facts.iter().filter_map(away).collect()
}

/// The phone has lost its power and is on again; that nothing is heard of it shows that it is another.
fn starts_again(town: &mut Town, seat: Party, number: &str) {
    town.reboots(seat, number, true);
    town.falls_silent(seat);
    town.runs(0.3);
}

#[test]
fn a_phone_that_starts_again_is_rung_and_the_talk_goes_on_where_it_was() {
    let mut town = town(1);
    let (citizen, seat) = talks(&mut town);
    let call = town.the_call().call;
    starts_again(&mut town, seat, "8001");
    assert!(!town.talk(citizen, seat));
    assert_eq!(town.was_played(citizen).iter().rev().take(2).collect::<Vec<_>>(), [&"music/hold", &"moment"]);
    assert!(town.until(5, |t| t.talk(citizen, seat)), "{}", town.trace.join("\n"));
    let invite = town.sent.iter().rev().map(|(_, b)| String::from_utf8_lossy(b)).find(|t| t.starts_with("INVITE"));
    let invite = invite.unwrap().into_owned();
    for line in ["Answer-Mode: Auto", "answer-after=0", "info=alert-autoanswer"] {
        assert!(invite.contains(line), "{invite}");
    }
    assert_eq!((away(&town), town.the_call().call, town.exchange.live()), (vec![true, false], call, 1));
    town.hangs_up(citizen);
    town.runs(1.0);
    assert!(town.idle(seat));
    assert_eq!(town.outcomes(), [Outcome::Connected]);
    town.goes_home();
}

#[test]
fn whoever_was_brought_in_meanwhile_talks_to_the_caller_and_all_three_are_together_again() {
    let mut town = town(2);
    let (citizen, seat) = talks(&mut town);
    let police = town.trunk(30, SOON);
    town.transfers_to("110", Way::ThreeWay);
    assert!(town.until(8, |t| t.hears_of(citizen, &[seat, police]).len() == 2), "{}", town.trace.join("\n"));
    starts_again(&mut town, seat, "8001");
    assert!(town.talk(citizen, police), "{}", town.trace.join("\n"));
    assert!(town.until(5, |t| t.hears_of(seat, &[citizen, police]).len() == 2), "{}", town.trace.join("\n"));
    assert_eq!(town.hears_of(citizen, &[seat, police]).len(), 2);
    assert_eq!((town.transfers(), away(&town)), (vec![(TransferResult::Joined, None)], vec![true, false]));
    town.goes_home();
}

#[test]
fn who_does_not_come_back_in_time_has_lost_his_caller_to_the_next_seat() {
    let mut town = town(3);
    let (citizen, seat) = talks(&mut town);
    let other = town.seat("8002", SOON);
    town.runs(1.0);
    town.cuts(seat);
    town.falls_silent(seat);
    town.runs(5.0); // it does not answer OPTIONS
    assert_eq!(away(&town), [true]);
    town.runs(14.0);
    assert!(town.idle(other), "he is waited for");
    assert!(town.until(4, |t| t.talk(citizen, other)), "{}", town.trace.join("\n"));
    let lost = town.facts.iter().filter(|f| matches!(f.fact, Fact::LegEnded { by: By::Callee, .. })).count();
    assert_eq!((lost, town.exchange.live()), (1, 1));
    town.hangs_up(citizen);
    town.runs(1.0);
    assert_eq!(town.outcomes(), [Outcome::Connected]);
}

#[test]
fn a_caller_who_hangs_up_meanwhile_leaves_nothing_behind() {
    let mut town = town(4);
    let (citizen, seat) = talks(&mut town);
    town.set_manner(seat, Manner::Rings);
    starts_again(&mut town, seat, "8001");
    assert!(town.until(3, |t| t.rings(seat)));
    town.hangs_up(citizen);
    town.runs(2.0);
    assert!(town.idle(seat), "{}", town.trace.join("\n"));
    assert_eq!((town.exchange.live(), town.outcomes()), (0, vec![Outcome::Connected]));
    town.goes_home();
}

#[test]
fn an_agent_who_declines_gives_his_caller_to_the_next_at_once() {
    let mut town = town(5);
    let (citizen, seat) = talks(&mut town);
    let other = town.seat("8002", SOON);
    town.runs(1.0);
    town.set_manner(seat, Manner::Rings);
    starts_again(&mut town, seat, "8001");
    assert!(town.until(3, |t| t.rings(seat)));
    town.rejects(seat, 603);
    assert!(town.until(4, |t| t.talk(citizen, other)), "{}", town.trace.join("\n"));
    town.goes_home();
}

#[test]
fn a_phone_that_starts_again_while_it_rings_is_rung_again() {
    let mut town = town(9);
    let (citizen, seat) = talks(&mut town);
    town.set_manner(seat, Manner::Rings);
    starts_again(&mut town, seat, "8001");
    assert!(town.until(3, |t| t.rings(seat)));
    town.set_manner(seat, SOON);
    town.reboots(seat, "8001", true);
    assert!(town.until(5, |t| t.talk(citizen, seat)), "{}", town.trace.join("\n"));
    town.hangs_up(citizen);
    town.runs(1.0);
    assert!(town.idle(seat));
    town.goes_home();
}

#[test]
fn a_target_that_starts_again_while_it_is_told_what_it_is_about_is_told_again_and_joins() {
    let settings = switchboard::exchange::Settings {
        return_wait: 15_000_000,
        whisper: Some("recording-notice".into()),
        ..city::settings()
    };
    let mut town = Town::with("2021-12-15T10:00", 10, Weather::default(), settings);
    let (citizen, seat) = talks(&mut town);
    let target = town.seat("8012", SOON);
    town.runs(1.0);
    town.transfers_to("8012", Way::ThreeWay);
    assert!(town.until(8, |t| t.was_played(target).contains(&"recording-notice")), "{}", town.trace.join("\n"));
    town.reboots(target, "8012", false);
    town.falls_silent(target);
    town.reboots(target, "8012", true);
    assert!(town.until(20, |t| t.hears_of(target, &[citizen, seat]).len() == 2), "{}", town.trace.join("\n"));
    assert_eq!(away(&town), [true, false]);
    town.goes_home();
}

#[test]
fn a_session_that_runs_out_is_a_phone_that_has_gone() {
    let mut town = town(11);
    let (citizen, seat) = talks(&mut town);
    town.cuts_line(seat, true);
    assert!(town.until(2_000, |t| away(t) == [true]), "{:?}", town.outcomes());
    town.cuts_line(seat, false);
    town.reboots(seat, "8001", true);
    assert!(town.until(5, |t| t.talk(citizen, seat)));
    town.hangs_up(citizen);
    town.runs(20.0);
    assert_eq!((town.exchange.live(), town.outcomes()), (0, vec![Outcome::Connected]));
    town.goes_home();
}

#[test]
fn who_was_handed_over_while_his_connection_was_lost_is_awaited_in_the_call_that_he_came_to() {
    let mut town = town(12);
    let (citizen, seat) = talks(&mut town);
    let target = town.seat_by_tcp("8002", SOON);
    town.runs(1.0);
    town.holds(seat, true);
    town.runs(0.5);
    let first = town.line_of(seat);
    let second = town.dials(seat, "8002");
    assert!(town.until(10, |t| t.talk(seat, target)), "{}", town.trace.join("\n"));
    town.is_unreachable(target);
    town.takes_line(seat, first);
    town.refers_attended(seat, second, "8002");
    assert!(town.until(5, |t| t.talk(citizen, target) && t.exchange.live() == 1), "{}", town.trace.join("\n"));
    assert!(away(&town).is_empty());
    town.falls_silent(target);
    assert_eq!(away(&town), [true]);
    town.reboots(target, "8002", true);
    assert!(town.until(6, |t| t.talk(citizen, target)), "{}", town.trace.join("\n"));
    town.runs(20.0);
    assert!(town.talk(citizen, target) && away(&town) == [true, false]);
    town.goes_home();
}

#[test]
fn a_caller_on_hold_stays_on_hold_until_he_is_taken_back() {
    let mut town = town(6);
    let (citizen, seat) = talks(&mut town);
    town.holds(seat, true);
    town.runs(1.0);
    // Nobody misses his voice: that he registers anew shows it.
    town.reboots(seat, "8001", true);
    town.runs(4.0);
    assert_eq!(away(&town), [true, false]);
    assert!(!town.talk(citizen, seat), "he was on hold");
    town.holds(seat, true);
    town.runs(0.5);
    town.holds(seat, false);
    assert!(town.until(2, |t| t.talk(citizen, seat)), "{}", town.trace.join("\n"));
    town.goes_home();
}

#[test]
fn a_connection_that_is_lost_ends_nothing_as_long_as_he_is_heard() {
    let mut town = town(7);
    let seat = town.seat_by_tcp("8001", SOON);
    let citizen = town.citizen("13900000001");
    town.runs(1.0);
    town.dials(citizen, "12345");
    assert!(town.until(10, |t| t.talk(citizen, seat)), "{}", town.trace.join("\n"));
    town.is_unreachable(seat);
    town.runs(3.0);
    assert!(town.talk(citizen, seat) && away(&town).is_empty(), "{}", town.trace.join("\n"));
    // Nothing is heard of him: music. The phone starts again, by another way.
    town.falls_silent(seat);
    assert_eq!((town.talk(citizen, seat), away(&town)), (false, vec![true]));
    town.reboots(seat, "8001", true);
    assert!(town.until(6, |t| t.talk(citizen, seat)), "{}", town.trace.join("\n"));
    assert_eq!(away(&town), [true, false]);
    town.goes_home();
}

#[test]
fn where_nobody_is_waited_for_the_next_seat_comes_at_once() {
    let mut town = Town::new(8);
    let (citizen, seat) = talks(&mut town);
    let other = town.seat("8002", SOON);
    town.runs(1.0);
    starts_again(&mut town, seat, "8001");
    assert!(town.until(3, |t| t.talk(citizen, other)), "{}", town.trace.join("\n"));
    assert!(away(&town).is_empty());
    town.goes_home();
}
