//! REGISTER from the wire: passwords, nonces, expiry, the phone that takes over, and strangers who learn nothing.

use crate::support::desk::{Desk, HOME as DESK};
use crate::support::raw::{Ask, Peer, text};
use crate::support::town::{Manner, Town};
use std::net::SocketAddr;
use switchboard::fact::Fact;
use switchboard::sip::message::Message;
use switchboard::sip::name::Name;

const SOON: Manner = Manner::Answers(1_000_000);
const OTHER_DESK: ([u8; 4], u16) = ([127, 0, 1, 2], 7000);

fn contact(message: &Message) -> String {
    text(message.value(Name::Contact))
}

fn lost(town: &Town) -> usize {
    town.facts.iter().filter(|f| matches!(f.fact, Fact::SeatLost { .. })).count()
}

#[test]
fn a_phone_registers_asks_moves_and_leaves() {
    let mut town = Town::new(1);
    let mut desk = Desk::new(&mut town, DESK, "8001", "lab-8001");
    let ok = desk.registers(&mut town, &["Expires: 600"]);
    assert_eq!(ok.status(), Some(200));
    assert!(contact(&ok).contains("<sip:13900000001@127.0.1.1:7000>;expires=600"), "{}", contact(&ok));
    town.runs(100.0);
    desk.challenges.clear();
    let asked = desk.registers(&mut town, &["Contact:"]);
    assert_eq!(asked.status(), Some(200));
    assert!(contact(&asked).ends_with(";expires=500"), "{}", contact(&asked));
    // A second phone of the seat takes over: one seat never rings at two desks.
    let mut other = Desk::new(&mut town, OTHER_DESK, "8001", "lab-8001");
    let ok = other.registers(&mut town, &["Expires: 600"]);
    assert_eq!(ok.values(Name::Contact).count(), 1);
    assert!(contact(&ok).contains("127.0.1.2:7000"));
    let citizen = town.citizen("13900000001");
    town.dials(citizen, "12345");
    town.runs(1.0);
    assert_eq!(other.peer.words(&town)[0], "INVITE");
    assert!(desk.peer.words(&town).is_empty());
    town.hangs_up(citizen);
    town.runs(40.0);
    // The old phone unregisters itself: it is not there any more, and the new one stays.
    desk.challenges.clear();
    let ok = desk.registers(&mut town, &["Expires: 0"]);
    assert_eq!(ok.status(), Some(200));
    assert!(contact(&ok).contains("127.0.1.2:7000"));
    other.challenges.clear();
    other.peer.hears(&town);
    let gone = other.registers(&mut town, &["Contact: *", "Expires: 0"]);
    assert_eq!((gone.status(), gone.value(Name::Contact)), (Some(200), None));
    assert_eq!(lost(&town), 1);
    town.runs(700.0);
    assert_eq!(lost(&town), 1, "an unregistered seat does not expire as well");
}

#[test]
fn a_registration_that_is_not_refreshed_loses_the_seat() {
    let mut town = Town::new(2);
    let mut desk = Desk::new(&mut town, DESK, "8001", "lab-8001");
    assert_eq!(desk.registers(&mut town, &["Expires: 60"]).status(), Some(200));
    town.runs(59.0);
    assert_eq!(lost(&town), 0);
    town.runs(1.5);
    assert_eq!(lost(&town), 1);
    let citizen = town.citizen("13900000001");
    town.dials(citizen, "12345");
    town.runs(5.0);
    assert!(desk.peer.words(&town).is_empty(), "no INVITE to a phone that is gone");
    town.goes_home();
}

#[test]
fn what_a_registrar_refuses() {
    let mut town = Town::new(3);
    let mut desk = Desk::new(&mut town, DESK, "8001", "lab-8001");
    let brief = desk.registers(&mut town, &["Expires: 5"]);
    assert_eq!((brief.status(), brief.number(Name::MinExpires)), (Some(423), Some(30)));
    let star = desk.registers(&mut town, &["Contact: *", "Expires: 60"]);
    assert_eq!(star.status(), Some(400));
    let credentials = desk.credentials();
    let other = Ask { to: "<sip:8002@127.0.0.1>".into(), ..desk.ask(&["Expires: 60"]).with(&credentials) };
    assert_eq!(desk.says(&mut town, &other).status(), Some(403), "another's binding");
    let required = desk.registers(&mut town, &["Expires: 60", "Require: gruu"]);
    assert_eq!((required.status(), text(required.value(Name::Unsupported))), (Some(420), "gruu".into()));
    // RFC 3261 §10.3 step 7: all of it or nothing.
    let two =
        desk.registers(&mut town, &["Contact: <sip:a@127.0.1.1:7000>;expires=60, <sip:b@127.0.1.1:7000>;expires=1"]);
    assert_eq!(two.status(), Some(423));
    let asked = desk.registers(&mut town, &["Contact:"]);
    assert_eq!((asked.status(), asked.value(Name::Contact)), (Some(200), None), "nothing was bound");
}

#[test]
fn wrong_passwords_stale_and_used_nonces_are_challenged_again() {
    let mut town = Town::new(4);
    let mut wrong = Desk::new(&mut town, DESK, "8001", "lab-8002");
    let no = wrong.registers(&mut town, &["Expires: 600"]);
    assert_eq!(no.status(), Some(401));
    assert!(!text(no.value(Name::WwwAuthenticate)).contains("stale"), "a wrong password is not told from anything");

    let mut desk = Desk::new(&mut town, OTHER_DESK, "8001", "lab-8001");
    let ask = desk.ask(&["Expires: 600"]);
    desk.says(&mut town, &ask);
    town.runs(61.0);
    let credentials = desk.credentials();
    let ask = desk.ask(&["Expires: 600"]).with(&credentials);
    let stale = desk.says(&mut town, &ask);
    assert_eq!(stale.status(), Some(401));
    assert!(text(stale.value(Name::WwwAuthenticate)).contains("stale=true"));
    // At once with the new nonce.
    let credentials = desk.credentials();
    let good = desk.ask(&["Expires: 600"]).with(&credentials);
    assert_eq!(desk.says(&mut town, &good).status(), Some(200));
    // Somebody has heard it and says it again, as a new request.
    let replayed = Ask { branch: "z9hG4bK-replay".into(), call_id: "replay".into(), ..good.clone() };
    let no = desk.says(&mut town, &replayed);
    assert_eq!(no.status(), Some(401));
    let from_elsewhere = Peer::at(&town, ([127, 0, 9, 9], 5060));
    from_elsewhere.says(&mut town, replayed.write());
    let bound = town.facts.iter().filter(|f| matches!(f.fact, Fact::SeatRegistered { .. })).count();
    assert_eq!(bound, 1);
    // A copy of the good one is a retransmission: the same 200.
    assert_eq!(desk.says(&mut town, &good).status(), Some(200));
}

/// One 401, the same for every user, number and method; no CDR, no state (interconnect, "Strangers").
#[test]
fn a_stranger_cannot_tell_users_apart() {
    let mut town = Town::new(5);
    let _seat = town.seat("8001", SOON);
    town.runs(1.0);
    let mut shapes = std::collections::BTreeSet::new();
    for method in ["INVITE", "REGISTER", "OPTIONS", "SUBSCRIBE", "MESSAGE"] {
        for user in ["8001", "8777", "8555", "abcd"] {
            let mut peer = Peer::at(&town, ([127, 0, 9, 9], 5060));
            peer.hears(&town);
            let mut ask = Ask::new(method, user, peer.at);
            ask.call_id = format!("{method}-{user}");
            ask.body.clear();
            let request = ask.write();
            town.injects(peer.at, &request);
            town.runs(40.0);
            let no = peer.hears_one(&town);
            assert_eq!(no.status(), Some(401));
            assert!(no.bytes().len() * 2 <= request.len() * 3, "{} for {}", no.bytes().len(), request.len());
            let mut shape = String::from_utf8_lossy(no.bytes()).replace(method, "M").replace(user, "U");
            for value in no.values(Name::WwwAuthenticate) {
                let value = String::from_utf8_lossy(value);
                let nonce = value.split("nonce=\"").nth(1).unwrap().split('"').next().unwrap();
                shape = shape.replace(nonce, "N");
            }
            let tag = text(no.to_tag());
            shapes.insert(shape.replace(&tag, "T"));
        }
    }
    let shapes: std::collections::BTreeSet<_> = shapes.iter().map(|s| s.replace("REGISTER", "M")).collect();
    assert_eq!(shapes.len(), 1, "{shapes:#?}");
    // A known user with a wrong password and an unknown one: the same again.
    let at = SocketAddr::from(([127, 0, 9, 9], 5060));
    let mut answers = Vec::new();
    for user in ["8001", "8777"] {
        let mut desk = Desk::new(&mut town, ([127, 0, 9, 9], 5060), user, "guess");
        desk.peer.hears(&town);
        desk.peer.at = at;
        let no = desk.registers(&mut town, &[]);
        answers.push((no.status(), no.values(Name::WwwAuthenticate).count(), no.bytes().len()));
    }
    assert_eq!(answers[0], answers[1]);
    assert!(!town.facts.iter().any(|f| matches!(f.fact, Fact::CallOffered { .. })));
    assert_eq!(town.exchange.held().0, 0);
}

/// A phone that is told to answer, and a stranger whose phone has no password: the one is reached, the other learns nothing.
#[test]
fn a_seat_answers_and_a_stranger_gets_nowhere() {
    let mut town = Town::new(6);
    let seat = town.seat("8001", Manner::Rings);
    let (citizen, stranger) = (town.citizen("13900000001"), town.stranger("13900000002"));
    town.runs(1.0);
    town.dials(stranger, "12345");
    town.runs(1.0);
    assert_eq!(town.failed(stranger), Some((401, None)));
    town.dials(citizen, "12345");
    town.runs(1.0);
    town.answers(seat);
    town.runs(1.0);
    assert!(town.talk(citizen, seat), "{}", town.trace.join("\n"));
    town.goes_home();
}
