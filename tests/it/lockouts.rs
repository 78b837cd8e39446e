//! Wrong passwords in a row: slowed and locked by seat and source, and nobody is locked out by somebody else.

use crate::support::desk::{Desk, HOME, THIEF};
use crate::support::raw::Ask;
use crate::support::town::Town;
use switchboard::exchange::{Answer, Command, LockRow};
use switchboard::fact::Fact;

const LINES: &[&str] = &["Expires: 600"];

fn locks(town: &Town) -> Vec<(String, u32, u32)> {
    let lock = |f: &switchboard::fact::Event| match &f.fact {
        Fact::SeatLocked { source, wrong, seconds, .. } => Some((source.clone(), *wrong, *seconds)),
        _ => None,
    };
    town.facts.iter().filter_map(lock).collect()
}

fn alarms(town: &Town) -> usize {
    town.facts.iter().filter(|f| matches!(&f.fact, Fact::Alarm { subject, .. } if subject == "seat 8001")).count()
}

fn held(town: &mut Town) -> Vec<LockRow> {
    let Answer::Seats { seats } = town.asks(Command::Seats) else { panic!("no seats") };
    seats.into_iter().find(|row| row.seat.as_str() == "8001").expect("the seat").locked
}

/// Guesses so often, each time a password of its own; every answer is the same 401.
fn guesses(town: &mut Town, place: ([u8; 4], u16), many: u32) {
    for n in 0..many {
        let mut thief = Desk::new(town, place, "8001", format!("guess-{place:?}-{n}"));
        assert_eq!(thief.registers(town, LINES).status(), Some(401));
    }
}

#[test]
fn twenty_five_wrong_passwords_lock_their_source_and_nobody_else() {
    let mut town = Town::new(1);
    let mut home = Desk::new(&mut town, HOME, "8001", "lab-8001");
    assert_eq!(home.registers(&mut town, LINES).status(), Some(200));
    guesses(&mut town, THIEF, 25);
    assert_eq!(locks(&town), [("127.0.9.9".to_owned(), 5, 30)], "the other twenty were not looked at");
    assert_eq!(alarms(&town), 1);
    // Now the thief has the password: he may not know.
    let mut thief = Desk::new(&mut town, THIEF, "8001", "lab-8001");
    let no = thief.registers(&mut town, LINES);
    assert_eq!(no.status(), Some(401), "locked out");
    assert_eq!(no.values(switchboard::sip::name::Name::WwwAuthenticate).filter(|v| v.ends_with(b"true")).count(), 0);
    let row = held(&mut town).remove(0);
    assert_eq!((row.source.as_str(), row.wrong), ("127.0.9.9", 5));
    assert!((25..=30).contains(&row.left_s), "{row:?}");
    // The seat's own phone goes on, and so do another seat at the thief's address and another phone elsewhere.
    home.challenges.clear();
    assert_eq!(home.registers(&mut town, LINES).status(), Some(200));
    let mut other = Desk::new(&mut town, THIEF, "8002", "lab-8002");
    assert_eq!(other.registers(&mut town, LINES).status(), Some(200));
    let mut elsewhere = Desk::new(&mut town, ([127, 0, 9, 10], 5060), "8001", "lab-8001");
    assert_eq!(elsewhere.registers(&mut town, LINES).status(), Some(200));
    // When the time is over, one more wrong one locks for twice as long.
    town.runs(30.0);
    guesses(&mut town, ([127, 0, 9, 9], 6001), 1);
    assert_eq!(locks(&town).last().map(|l| (l.1, l.2)), Some((6, 60)));
    assert_eq!(alarms(&town), 1, "one alarm a source");
    town.runs(60.0);
    let mut late = Desk::new(&mut town, ([127, 0, 9, 9], 6001), "8001", "lab-8001");
    assert_eq!(late.registers(&mut town, LINES).status(), Some(200), "who knows it may come in again");
    assert!(held(&mut town).is_empty(), "and is forgiven");
}

#[test]
fn invites_count_as_registers_do() {
    let mut town = Town::new(2);
    for n in 0..5 {
        let mut thief = Desk::new(&mut town, THIEF, "8001", format!("guess-{n}"));
        assert_eq!(thief.invites(&mut town, "12345").status(), Some(401));
    }
    assert_eq!(locks(&town).len(), 1);
    for (place, status) in [(THIEF, Some(401)), (HOME, Some(100))] {
        let mut phone = Desk::new(&mut town, place, "8001", "lab-8001");
        assert_eq!(phone.invites(&mut town, "12345").status(), status);
    }
}

/// Nobody is locked out by what he did not say: copies, answers to old nonces and to those of others, replays.
#[test]
fn only_an_answer_to_a_nonce_of_ones_own_counts() {
    let mut town = Town::new(3);
    let mut wrong = Desk::new(&mut town, HOME, "8001", "wrong");
    wrong.registers(&mut town, LINES);
    let credentials = wrong.credentials();
    // The same answer, sent again and again because ours is lost.
    for _ in 0..30 {
        let ask = wrong.ask(LINES).with(&credentials);
        wrong.says(&mut town, &ask);
    }
    assert_eq!(held(&mut town)[0].wrong, 2);
    // Overheard nonces of the phone, answered wrongly from its neighbour's address and later from its own.
    let mut neighbour = Desk::new(&mut town, ([127, 0, 1, 2], 7000), "8001", "guess");
    for n in 0..30 {
        neighbour.challenges = wrong.challenges.clone();
        neighbour.password = format!("guess-{n}");
        let credentials = neighbour.credentials();
        let ask: Ask = neighbour.ask(LINES).with(&credentials);
        assert_eq!(neighbour.says(&mut town, &ask).status(), Some(401));
    }
    let old = wrong.challenges.clone();
    town.runs(61.0);
    for n in 0..30 {
        wrong.challenges = old.clone();
        wrong.password = format!("late-{n}");
        let credentials = wrong.credentials();
        let ask = wrong.ask(LINES).with(&credentials);
        wrong.says(&mut town, &ask);
    }
    let held = held(&mut town);
    assert_eq!((held.len(), held[0].wrong), (1, 2), "{held:?}");
    assert!(locks(&town).is_empty());
}

/// Several phones behind one address: a wrong one does not keep the right one out, nor lift its own lock by it.
#[test]
fn behind_one_nat_the_registered_phone_goes_on() {
    let mut town = Town::new(4);
    let mut home = Desk::new(&mut town, HOME, "8001", "lab-8001");
    assert_eq!(home.registers(&mut town, LINES).status(), Some(200));
    let beside = ([127, 0, 1, 1], 7200);
    guesses(&mut town, beside, 8);
    assert!(!locks(&town).is_empty());
    // Another phone of the seat there, and many more guesses by the dozen.
    let mut second = Desk::new(&mut town, ([127, 0, 1, 1], 7100), "8001", "lab-8001");
    assert_eq!(second.invites(&mut town, "12345").status(), Some(100));
    guesses(&mut town, beside, 100);
    assert!(held(&mut town)[0].wrong < 50, "slowed");
    home.challenges.clear();
    assert_eq!(home.registers(&mut town, LINES).status(), Some(200));
    assert_eq!(home.invites(&mut town, "12345").status(), Some(100));
    assert_eq!(held(&mut town).len(), 1);
    // It starts anew, with another port of the NAT: in after a moment.
    let mut anew = Desk::new(&mut town, ([127, 0, 1, 1], 7300), "8001", "lab-8001");
    town.runs(4.0);
    assert_eq!(anew.registers(&mut town, LINES).status(), Some(200));
}

#[test]
fn a_user_that_does_not_exist_is_answered_alike_and_not_remembered() {
    let mut town = Town::new(5);
    for n in 0..30 {
        let mut thief = Desk::new(&mut town, THIEF, "8777", format!("guess-{n}"));
        assert_eq!(thief.registers(&mut town, LINES).status(), Some(401));
    }
    assert!(locks(&town).is_empty());
    let Answer::Seats { seats } = town.asks(Command::Seats) else { panic!("no seats") };
    assert!(seats.iter().all(|row| row.locked.is_empty()));
}
