//! What a carrier gets: every spelling of 12345, a person with sound both ways, refusals; by UDP and by TCP.

use super::support::lab::Lab;
use super::support::sipp::{Role, Sipp};
use switchboard::fact::{Origin, Outcome, Target};
use switchboard::ledger::Cdr;

/// Both hear each other, and nobody himself.
fn talk(caller: &Sipp, seat: &Sipp, tones: (f64, f64)) {
    caller.talks(6_000);
    seat.talks(6_000);
    caller.line.hears(tones.1, 6_000);
    seat.line.hears(tones.0, 6_000);
}

fn answered_by_seat(cdr: &Cdr, dialled: &str, seat: &str) {
    assert_eq!(cdr.outcome, Outcome::Connected, "{cdr:#?}");
    assert_eq!(cdr.dialled, dialled);
    assert_eq!(cdr.origin, Origin::Trunk("carrier".into()));
    assert_eq!(cdr.answered_by, Some(Target::Seat(seat.into())));
    assert!(cdr.t2.is_some());
}

#[test]
fn a_caller_of_12345_and_a_registered_seat_hear_each_other() {
    let lab = Lab::start();
    let seat = Sipp::seat(&lab, 1, "8001", |r| r.says(1_100.0).millis(800));
    let caller = Role::dials(&lab, 0, "12345").says(700.0).millis(4_000).start(&lab);
    talk(&caller, &seat, (700.0, 1_100.0));
    let caller = caller.ends_well(10_000);
    seat.ends_well(3_000);
    caller.line.is_one_stream();
    answered_by_seat(&lab.record(), "12345", "8001");
    assert_eq!(lab.live(), 0);
}

#[test]
fn by_tcp_the_carrier_reaches_a_seat_all_the_same() {
    let lab = Lab::start();
    let seat = Sipp::seat(&lab, 1, "8002", |r| r.says(1_100.0));
    let caller = Role::dials(&lab, 0, "12345").tcp().says(700.0).millis(3_000).start(&lab);
    talk(&caller, &seat, (700.0, 1_100.0));
    let caller = caller.ends_well(10_000);
    seat.ends_well(3_000);
    let via = super::support::sipp::header(caller.received("SIP/2.0 200"), "Via");
    assert!(via.starts_with("SIP/2.0/TCP"), "{via}");
    answered_by_seat(&lab.record(), "12345", "8002");
}

/// Product §2: normalised first, then matched exactly.
#[test]
fn each_spelling_of_12345_is_12345() {
    let lab = Lab::start();
    let at = lab.sip();
    let spellings = [
        format!("sip:059112345@{at}"),
        format!("sip:+8659112345@{at}"),
        format!("sip:8659112345@{at};user=phone"),
        "tel:12345;phone-context=+86591".to_owned(),
        "tel:+86-591-12345".to_owned(),
        format!("sip:%2B8659112345@{at}"),
    ];
    for (n, uri) in (0..).zip(&spellings) {
        let seat = Sipp::seat(&lab, 1, "8003", |r| r.says(1_100.0));
        let caller = Role::carrier(&lab, 2 + n, "call", uri).says(700.0).millis(600).start(&lab);
        caller.talks(6_000);
        caller.ends_well(8_000);
        seat.ends_well(3_000);
        let records = lab.records(usize::from(n) + 1);
        answered_by_seat(&records[0], "12345", "8003");
        assert_eq!(records[0].entry.as_deref(), Some("hotline.12345"), "{uri}");
    }
}

/// Nothing but the directory can be dialled: no toll fraud, also not by the carrier.
#[test]
fn an_outside_number_is_refused_in_every_spelling() {
    let lab = Lab::start();
    let at = lab.sip();
    let outside = [
        (format!("sip:13800138000@{at}"), "404"),
        (format!("sip:+8613800138000@{at}"), "404"),
        ("tel:+86-138-0013-8000".to_owned(), "404"),
        (format!("sip:059212345@{at}"), "404"),
        (format!("sip:013800138000@{at}"), "404"),
        (format!("sip:12346@{at}"), "404"),
    ];
    for (n, (uri, status)) in (0..).zip(&outside) {
        let caller = Role::carrier(&lab, n, "refused", uri).word("status", status).start(&lab).ends_well(8_000);
        assert!(!caller.has("SIP/2.0 18"), "{uri} gave progress");
        assert!(caller.line.packets().is_empty(), "{uri} gave sound");
        let records = lab.records(usize::from(n) + 1);
        assert_eq!(records[0].outcome, Outcome::Refused, "{uri}");
        assert!(records[0].attempts.is_empty(), "{uri}");
    }
}

/// Interconnect, "Strangers": one stateless 401 of at most 1.5 times the request, the same for every number, and no record.
#[test]
fn a_stranger_gets_a_challenge_whatever_he_dials() {
    let lab = Lab::start();
    let first = Role::exchange(&lab, "exchange", 30).start(&lab);
    for (n, number) in (0..).zip(["12345", "13800138000", "8001", "119"]) {
        let uri = format!("sip:{number}@{}", lab.sip());
        let stranger = Role::carrier(&lab, n, "refused", &uri).from([127, 0, 0, 99]).word("status", "401");
        let stranger = stranger.start(&lab).ends_well(8_000);
        let (asked, answer) = (stranger.messages[0].len(), stranger.received("SIP/2.0 401").len());
        assert!(answer * 2 <= asked * 3, "{answer} bytes to {asked}");
        assert!(!stranger.has("SIP/2.0 1"), "a stranger got a provisional response");
    }
    assert!(!first.log().iter().any(|m| m.starts_with("<INVITE")), "a stranger reached the emergency trunk");
    lab.records(0);
}
