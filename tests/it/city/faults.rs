//! The watch sees what it is there for: each fault that is put into a city is told of by its rule, and shrunk to next to nothing.

use super::hall::Ears;
use super::plan::{Act, Does, Fault, Item, Plan, Trouble, What};
use super::play::{Rule, play};
use super::shrink::shrink;
use switchboard::clock::SECOND;

fn is_found(fault: Fault, rule: Rule, extra: Option<(u64, Trouble)>) {
    is_found_in(Plan::draw(3, 40, 0, 60), fault, rule, extra);
}

/// A floor with two seats at work: nearly everybody waits.
fn crowded() -> Plan {
    let mut plan = Plan::draw(3, 40, 0, 60);
    plan.scale.seats = 2;
    plan
}

fn is_misheard(ears: Ears, rule: Rule) {
    is_found_in(crowded(), Fault::Mishears(ears), rule, None);
}

fn is_found_in(plan: Plan, fault: Fault, rule: Rule, extra: Option<(u64, Trouble)>) {
    let mut plan = plan.with(20 * SECOND, Trouble::Fault(fault));
    if let Some((at, trouble)) = extra {
        plan = plan.with(at, trouble);
    }
    let Err((failure, _)) = play(&plan, false) else { panic!("{fault:?} was not seen") };
    assert_eq!(failure.rule, rule, "{fault:?}: {}", failure.text);
    let shrunk = shrink(&plan, failure);
    let mut items = shrunk.plan.items.iter();
    let kept = items.any(|i| i.what == What::Trouble(Trouble::Fault(fault)));
    assert!(kept, "{fault:?} is not in the smallest plan that fails:\n{}", shrunk.plan);
    let size = shrunk.plan.items.len();
    println!("{fault:?}: {:?}, {size} of 41 items left after {} plays: {}", rule, shrunk.tries, shrunk.failure.text);
    assert!(size <= 5, "{}", shrunk.plan);
    assert!(!shrunk.trace.is_empty() && shrunk.failure.rule == rule);
}

#[test]
fn a_port_that_stays_open_is_found() {
    is_found(Fault::LeaksPort, Rule::Ports, None);
}

#[test]
fn a_caller_in_silence_is_found() {
    is_found(Fault::Deafens, Rule::Silence, None);
}

#[test]
fn a_caller_in_another_ones_talk_is_found() {
    is_found(Fault::Crosses, Rule::Hearing, None);
}

#[test]
fn a_record_that_is_lost_is_found() {
    is_found(Fault::LosesRecord, Rule::Books, None);
}

#[test]
fn a_record_that_is_written_twice_is_found() {
    is_found(Fault::DoublesRecord, Rule::Books, None);
}

#[test]
fn a_call_that_never_ends_in_the_books_is_found() {
    is_found(Fault::SwallowsEnd, Rule::Live, None);
}

#[test]
fn an_emergency_call_that_reaches_nobody_is_found() {
    is_found(Fault::CutsEmergency, Rule::Emergency, None);
}

#[test]
fn a_seat_that_is_never_rung_is_found() {
    is_found(Fault::StopsSeat(4), Rule::Seats, None);
}

#[test]
fn a_journal_that_has_lost_its_end_is_found() {
    is_found(Fault::ForgetsAtKill, Rule::Restart, Some((30 * SECOND, Trouble::Kill(SECOND, false))));
}

#[test]
fn a_call_that_outlives_its_day_is_found() {
    is_found(Fault::StaysOn, Rule::LeftOver, None);
}

#[test]
fn a_caller_who_waits_beside_a_seat_that_is_ready_is_found() {
    is_misheard(Ears::StaysReady, Rule::Waits);
}

#[test]
fn a_caller_who_is_passed_over_is_found() {
    is_misheard(Ears::CameEarly, Rule::Rank);
}

#[test]
fn a_second_seat_that_rings_for_a_caller_is_found() {
    is_misheard(Ears::RingsTwice, Rule::Offers);
}

#[test]
fn a_seat_that_rings_too_long_is_found() {
    is_misheard(Ears::Hasty, Rule::Exits);
}

#[test]
fn a_state_that_no_fact_has_told_is_found() {
    is_found(Fault::Mishears(Ears::Misses), Rule::Persons, None);
}

#[test]
fn a_person_at_two_seats_is_found() {
    // A hall where nobody calls.
    let mut plan = Plan::draw(3, 0, 0, 60);
    let comes = What::Act(Act::Seat(1, Does::Comes, false));
    plan.items.extend((0..8).map(|n| Item { at: (21 + n) * SECOND, seed: n, what: comes }));
    is_found_in(plan, Fault::Mishears(Ears::SitsTwice), Rule::Persons, None);
}

#[test]
fn a_call_back_that_is_listed_twice_is_found() {
    is_misheard(Ears::AsksTwice, Rule::Callbacks);
}

#[test]
fn a_call_back_that_is_forgotten_is_found() {
    is_misheard(Ears::MissesEnd, Rule::Callbacks);
}

#[test]
fn persons_whom_a_start_has_forgotten_are_found() {
    let kill = Some((40 * SECOND, Trouble::Kill(SECOND, false)));
    is_found_in(crowded(), Fault::ForgetsPersons, Rule::Restart, kill);
}

#[test]
fn call_backs_that_a_start_has_forgotten_are_found() {
    let kill = Some((40 * SECOND, Trouble::Kill(SECOND, false)));
    is_found_in(crowded(), Fault::ForgetsCallbacks, Rule::Callbacks, kill);
}
