//! One key, three real parties: who hears whom at each stage, by tones of three frequencies.

use super::support::lab::Lab;
use super::support::sipp::{Role, Sipp};
use switchboard::fact::{Fact, Outcome, TransferResult, Way};

const CALLER: f64 = 700.0;
const AGENT: f64 = 1_100.0;
const TARGET: f64 = 1_700.0;

fn transfers(lab: &Lab, cdr: &switchboard::ledger::Cdr) -> Vec<TransferResult> {
    let result = |f: switchboard::fact::Event| match f.fact {
        Fact::TransferEnded { result, .. } => Some(result),
        _ => None,
    };
    lab.facts(cdr).into_iter().filter_map(result).collect()
}

/// Two talk, three talk, two talk: a mix in between, payload exact before and after.
fn joined_and_left(number: &str, last: u8) {
    let lab = Lab::start();
    let seat = Sipp::seat_that(&lab, 1, "8001", "answer", |r| r.says(AGENT));
    let target = Role::exchange(&lab, "exchange", last).says(TARGET).millis(700).start(&lab);
    let caller = Role::dials(&lab, 0, "12345").says(CALLER).millis(9_000).start(&lab);
    seat.receives("ACK", 4_000);
    caller.talks(4_000);
    seat.talks(4_000);
    caller.line.hears(AGENT, 4_000);
    seat.line.hears(CALLER, 4_000);
    lab.transfer(number, Way::ThreeWay);
    target.receives("INVITE", 4_000);
    // While it rings nothing changes for the caller.
    caller.line.hears(AGENT, 1_000);
    target.receives("ACK", 4_000);
    target.talks(3_000);
    for (line, both) in
        [(&caller.line, [AGENT, TARGET]), (&seat.line, [CALLER, TARGET]), (&target.line, [CALLER, AGENT])]
    {
        both.iter().for_each(|hertz| line.hears_among(*hertz, 4_000));
    }
    lab.leave();
    seat.receives("BYE", 4_000);
    caller.line.hears(TARGET, 4_000);
    target.line.hears(CALLER, 4_000);
    caller.ends_well(20_000);
    target.receives("BYE", 4_000);
    let cdr = lab.record();
    assert_eq!(cdr.outcome, Outcome::Connected);
    assert_eq!(transfers(&lab, &cdr), [TransferResult::Joined]);
}

#[test]
fn a_sub_centre_joins_and_the_agent_leaves() {
    joined_and_left("12366", 20);
}

#[test]
fn the_fire_brigade_joins_and_the_agent_leaves() {
    joined_and_left("119", 30);
}

#[test]
fn a_busy_department_leaves_caller_and_agent_together() {
    let lab = Lab::start();
    let seat = Sipp::seat_that(&lab, 1, "8001", "answer", |r| r.says(AGENT));
    let caller = Role::dials(&lab, 0, "12345").says(CALLER).millis(6_000).start(&lab);
    seat.receives("ACK", 4_000);
    caller.talks(4_000);
    seat.talks(4_000);
    caller.line.hears(AGENT, 4_000);
    // Nobody listens at the sub-centre's address.
    lab.transfer("12366", Way::ThreeWay);
    caller.line.hears(AGENT, 2_000);
    seat.line.hears(CALLER, 6_000);
    caller.ends_well(12_000);
    seat.receives("BYE", 4_000);
    let cdr = lab.record();
    assert_eq!((cdr.outcome, transfers(&lab, &cdr)), (Outcome::Connected, vec![TransferResult::Failed]));
}
