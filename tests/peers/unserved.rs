//! A seat's phone that answers and hangs up at once has served nobody: the caller stays, hears music, and gets the next seat.

use super::support::baresip::Baresip;
use super::support::lab::Lab;
use super::support::sipp::{Role, Sipp};
use super::support::{pause, until};
use switchboard::fact::{Cause, Fact, Outcome, Party, Target};

const CALLER: f64 = 700.0;
const NEXT: f64 = 1_100.0;

/// The next seat: it rings a while, and its phone has been idle for less long than the first one's.
fn next_seat(lab: &Lab) -> Sipp {
    Sipp::seat(lab, 2, "8002", |r| r.says(NEXT).millis(2_000))
}

/// The next seat answers, both talk, the caller ends it; what the record says of the first one.
fn goes_on(lab: &Lab, caller: Sipp, next: Sipp) {
    let calls = until(3_000, || lab.calls().into_iter().find(|c| c.stage == "queueing"));
    assert!(calls.is_some(), "the caller waits again: {:?}", lab.calls());
    let from = super::support::now();
    pause(600);
    let heard = caller.line.packets().iter().filter(|p| p.at >= from).count();
    assert!(heard > 20, "{heard} packets in 600 ms: music while he waits");
    next.talks(6_000);
    caller.line.hears(NEXT, 4_000);
    next.line.hears(CALLER, 4_000);
    caller.ends_well(20_000);
    let cdr = lab.record();
    assert_eq!(cdr.outcome, Outcome::Connected, "{cdr:#?}");
    assert_eq!(cdr.by, Party::Caller, "{cdr:#?}");
    let first = &cdr.attempts[0];
    assert_eq!((&first.target, first.cause), (&Target::Seat("8001".into()), Some(Cause::Normal)), "{cdr:#?}");
    let facts = lab.facts(&cdr);
    let ended = facts.iter().any(|f| matches!(&f.fact, Fact::LegEnded { by: Party::Callee, cause: Cause::Normal, .. }));
    let back = facts.iter().any(|f| matches!(&f.fact, Fact::Returned { seat: None, cause: Cause::Normal }));
    assert!(ended && back, "{facts:#?}");
}

#[test]
fn a_sipp_seat_that_hangs_up_after_150_ms_gives_the_caller_back() {
    let lab = Lab::start();
    let seat = Sipp::seat_that(&lab, 1, "8001", "answer_and_leave", |r| r.millis(200).word("talk", "150"));
    let next = next_seat(&lab);
    let caller = Role::dials(&lab, 0, "12345").says(CALLER).millis(9_000).start(&lab);
    caller.talks(6_000);
    seat.ends_well(6_000);
    goes_on(&lab, caller, next);
}

#[test]
fn a_baresip_seat_that_hangs_up_after_its_answer_gives_the_caller_back() {
    let lab = Lab::start();
    let mut seat = Baresip::seat(&lab, 1, "8001", 900.0);
    lab.has_seat("8001");
    let next = next_seat(&lab);
    let caller = Role::dials(&lab, 0, "12345").says(CALLER).millis(9_000).start(&lab);
    seat.has("CALL_ESTABLISHED", 6_000);
    caller.talks(3_000);
    pause(300);
    seat.command("hangup", "");
    goes_on(&lab, caller, next);
}
