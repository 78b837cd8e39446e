//! Telephones in pages of a real browser: JsSIP over WebSockets, ICE and DTLS-SRTP against the daemon, SIPp on the other side.

use super::support::baresip::Baresip;
use super::support::chromium::{Account, Chromium};
use super::support::lab::Lab;
use super::support::sipp::Role;
use super::support::until;
use switchboard::fact::{Outcome, Target};

#[test]
fn a_page_is_called_and_calls_and_both_sides_hear_each_other() {
    let lab = Lab::start();
    let browser = Chromium::start(&lab);
    let page = browser.phone(&lab, &Account::new("8060", 1_100.0));
    assert!(lab.seat("8060").contact.is_some());
    // 12320's kept seats are 8059 to 8062: it is offered the call.
    let caller = Role::dials(&lab, 0, "12320").says(700.0).millis(6_000).start(&lab);
    page.is("log.some(entry => entry.what[0] === 'confirmed')", 8_000);
    caller.talks(3_000);
    page.hears(700.0, 4_000);
    caller.line.hears(1_100.0, 4_000);
    let calls = lab.calls();
    let locks: Vec<_> = calls[0].parties.iter().map(|party| (party.who.clone(), party.secure)).collect();
    assert_eq!(locks, [("13900000001".to_owned(), false), ("8060".to_owned(), true)]);
    // From the moment at which the page has both descriptions: a page that answers has asked for its microphone before.
    let connected =
        page.noted(&["connection", "connected"]).unwrap() - page.noted(&["connection", "connecting"]).unwrap();
    assert!(connected < 2_000.0, "{connected} ms");
    let statistics = page.value("statistics()");
    assert_eq!(statistics["lost"], 0, "{statistics}");
    assert!(statistics["srtp"].as_str().is_some_and(|cipher| !cipher.is_empty()), "{statistics}");
    caller.ends_well(10_000);
    page.is("log.some(entry => entry.what[0] === 'ended')", 4_000);
    // And it calls: a desk phone, plain RTP.
    let other = Baresip::seat(&lab, 2, "8002", 900.0);
    page.dials("8002");
    other.has("CALL_ESTABLISHED", 8_000);
    page.hears(900.0, 6_000);
    page.value("session.terminate()");
    let records = lab.records(2);
    assert!(records.iter().all(|cdr| cdr.outcome == Outcome::Connected), "{records:#?}");
    assert_eq!(records[1].answered_by, Some(Target::Seat("8060".into())));
    assert!(super::secure::tenths(&other, 1_100.0) >= 10, "the desk phone did not hear the page");
}

#[test]
fn two_pages_talk_and_keys_of_a_page_bring_in_the_emergency_line() {
    let lab = Lab::start();
    let police = Role::exchange(&lab, "exchange", 30).says(500.0).millis(300).start(&lab);
    let browser = Chromium::start(&lab);
    let page = browser.phone(&lab, &Account::new("8060", 1_100.0));
    let caller = Role::dials(&lab, 0, "12320").says(700.0).millis(14_000).start(&lab);
    page.is("log.some(entry => entry.what[0] === 'confirmed')", 8_000);
    caller.talks(3_000);
    page.hears(700.0, 4_000);
    page.presses("*1110");
    let brought = until(8_000, || lab.calls().iter().any(|call| call.parties.len() == 3).then_some(()));
    assert!(brought.is_some(), "{:#?}", lab.calls());
    police.talks(4_000);
    page.hears(500.0, 6_000);
    page.hears(700.0, 4_000);
    caller.line.hears_among(1_100.0, 4_000);
    drop(police);
    let _ = caller;
    lab.ends_all();
}
