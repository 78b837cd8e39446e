//! A phone's own means: keys of a baresip, its transfer (REFER), SIPp's REFER with every NOTIFY.
//!
//! baresip 1.0, the one of Debian, knows no attended transfer (its `menu` has `transfer` alone).

use super::support::baresip::Baresip;
use super::support::lab::Lab;
use super::support::pause;
use super::support::sipp::{Role, Sipp, header};
use switchboard::fact::{Outcome, TransferResult, Way};
use switchboard::ledger::Cdr;

const CALLER: f64 = 700.0;
const AGENT: f64 = 1_100.0;
const TARGET: f64 = 1_700.0;

fn caller(lab: &Lab) -> Sipp {
    let uri = format!("sip:12345@{}", lab.sip());
    let caller = Role::carrier(lab, 0, "called_ends", &uri).says(CALLER).start(lab);
    caller.talks(6_000);
    caller.line.hears(AGENT, 5_000);
    caller
}

fn target(lab: &Lab) -> Sipp {
    Role::exchange(lab, "exchange", 20).says(TARGET).millis(700).start(lab)
}

/// The one transfer joined, in this way; the agent left it to the others.
fn is_joined(cdr: &Cdr, way: Way) {
    let [transfer] = cdr.transfers.as_slice() else { panic!("{cdr:#?}") };
    assert_eq!((transfer.to.as_str(), transfer.way, transfer.result), ("12366", way, Some(TransferResult::Joined)));
    assert!(transfer.agent_left.is_some(), "{transfer:#?}");
    assert_eq!(cdr.outcome, Outcome::Connected);
}

fn presses(phone: &mut Baresip, keys: &str) {
    for key in keys.chars() {
        phone.command("sndcode", &key.to_string());
        pause(300);
    }
}

#[test]
fn a_baresip_agent_brings_a_sub_centre_in_by_keys_and_leaves_by_keys() {
    let lab = Lab::start();
    let mut agent = Baresip::seat(&lab, 1, "8001", AGENT);
    let target = target(&lab);
    let caller = caller(&lab);
    presses(&mut agent, "*112366");
    target.receives("INVITE sip:12366@", 4_000);
    target.receives("ACK", 4_000);
    target.talks(3_000);
    for (line, both) in [(&caller.line, [AGENT, TARGET]), (&target.line, [CALLER, AGENT])] {
        both.iter().for_each(|hertz| line.hears_among(*hertz, 4_000));
    }
    pause(1_500);
    presses(&mut agent, "*2");
    agent.has("CALL_CLOSED", 4_000);
    caller.line.hears_exactly(TARGET, 4_000);
    target.line.hears_exactly(CALLER, 4_000);
    // None of the agent's keys went to the caller.
    assert!(caller.line.keys(97).is_empty(), "{:?}", caller.line.keys(97));
    lab.ends_all();
    caller.ends_well(4_000);
    is_joined(&lab.record(), Way::ThreeWay);
    // The agent heard both at once for a second and more.
    let heard = agent.heard();
    let share = |f: f64| heard.chunks_exact(800).filter(|c| super::support::sound::share(c, f) > 0.05).count();
    assert!(share(CALLER) >= 20 && share(TARGET) >= 10, "{} and {} tenths", share(CALLER), share(TARGET));
}

/// Caller, agent and department are all baresip: legal aid (12348) with its kept seat.
#[test]
fn three_baresips_talk_and_the_agent_leaves() {
    let lab = Lab::with_citizen(3);
    let mut agent = Baresip::seat(&lab, 1, "8001", AGENT);
    let department = Baresip::seat(&lab, 2, "8051", TARGET);
    let mut caller = Baresip::citizen(&lab, 3, "13900000001", CALLER);
    caller.command("dial", &format!("sip:12345@{}", lab.sip()));
    caller.has("CALL_ESTABLISHED", 6_000);
    agent.has("CALL_ESTABLISHED", 4_000);
    pause(1_500);
    presses(&mut agent, "*112348");
    department.has("CALL_ESTABLISHED", 6_000);
    pause(2_500);
    presses(&mut agent, "*2");
    agent.has("CALL_CLOSED", 4_000);
    pause(2_000);
    lab.ends_all();
    caller.has("CALL_CLOSED", 4_000);
    department.has("CALL_CLOSED", 4_000);
    let tenths = |phone: &Baresip, f: f64| {
        phone.heard().chunks_exact(800).filter(|c| super::support::sound::share(c, f) > 0.05).count()
    };
    let heard = [&caller, &agent, &department].map(|phone| [CALLER, AGENT, TARGET].map(|f| tenths(phone, f)));
    let [citizen, seat, kept] = heard;
    assert!(citizen[0] <= 2 && citizen[1] >= 35 && citizen[2] >= 35, "{heard:?}");
    assert!(seat[0] >= 35 && seat[1] <= 2 && seat[2] >= 15, "{heard:?}");
    assert!(kept[0] >= 35 && kept[1] >= 15 && kept[2] <= 2, "{heard:?}");
    let cdr = lab.record();
    let [transfer] = cdr.transfers.as_slice() else { panic!("{cdr:#?}") };
    assert_eq!((transfer.to.as_str(), transfer.result), ("12348", Some(TransferResult::Joined)));
}

#[test]
fn the_transfer_key_of_a_baresip_hands_the_caller_over_on_the_answer() {
    let lab = Lab::start();
    let mut agent = Baresip::seat(&lab, 1, "8001", AGENT);
    let target = target(&lab);
    let caller = caller(&lab);
    agent.command("transfer", &format!("sip:12366@{}", lab.sip()));
    target.receives("ACK", 5_000);
    target.talks(3_000);
    agent.has("CALL_CLOSED", 4_000);
    caller.line.hears_exactly(TARGET, 4_000);
    target.line.hears_exactly(CALLER, 4_000);
    lab.ends_all();
    caller.ends_well(4_000);
    is_joined(&lab.record(), Way::OnAnswer);
}

#[test]
fn a_refer_is_accepted_reported_on_and_ends_with_200() {
    let lab = Lab::start();
    let agent = Sipp::seat_that(&lab, 1, "8001", "refer", |r| r.says(AGENT).millis(1_500).word("to", "12366"));
    let target = target(&lab);
    let uri = format!("sip:12345@{}", lab.sip());
    let caller = Role::carrier(&lab, 0, "called_ends", &uri).says(CALLER).start(&lab);
    agent.receives("ACK", 4_000);
    caller.talks(4_000);
    agent.talks(4_000);
    caller.line.hears(AGENT, 3_000);
    target.receives("ACK", 6_000);
    target.talks(3_000);
    caller.line.hears_exactly(TARGET, 4_000);
    target.line.hears_exactly(CALLER, 4_000);
    let agent = agent.ends_well(4_000);
    let notify: Vec<_> = agent.messages.iter().filter(|m| m.starts_with("<NOTIFY")).collect();
    let last = notify.last().expect("a NOTIFY");
    assert!(header(last, "Event").starts_with("refer") && header(last, "Subscription-State").starts_with("terminated"));
    assert!(last.contains("SIP/2.0 200"), "{last}");
    assert!(notify[0].contains("SIP/2.0 100"), "{notify:#?}");
    lab.ends_all();
    caller.ends_well(4_000);
    is_joined(&lab.record(), Way::OnAnswer);
}
