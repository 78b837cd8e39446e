//! The twelve targets of the lab, each brought in by the agent's keys: four kept lines, five sub-centres, fire brigade, power, a seat.
//!
//! `TARGETS=all` lets all twelve ring without an answer, which takes six minutes; otherwise three do.

use super::support::lab::Lab;
use super::support::pause;
use super::support::sipp::{Role, Sipp};
use super::support::sound::Line;
use switchboard::fact::{Cause, Outcome, TransferResult, Way};
use switchboard::ledger::Cdr;

const CALLER: f64 = 700.0;
const AGENT: f64 = 1_100.0;
const TARGET: f64 = 1_700.0;
/// The failure tone of GB/T 3380.
const BUSY: f64 = 450.0;

/// No phone of a script takes longer: the fire brigade rings three minutes on each of its two trunks.
const LIMIT_S: u32 = 480;

/// Where a target's phone or exchange is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A seat of the exchange.
    Seat(&'static str),
    /// An exchange at 127.0.0.x.
    Exchange(u8),
}

/// What is pressed behind `*1`, and who is there.
pub type Target = (&'static str, Place);

pub const SEATS: [Target; 5] = [
    ("12348", Place::Seat("8051")),
    ("12328", Place::Seat("8055")),
    ("12320", Place::Seat("8059")),
    ("12315", Place::Seat("8063")),
    ("8002", Place::Seat("8002")),
];

const FIRE: Target = ("119", Place::Exchange(30));

pub const EXCHANGES: [Target; 7] = [
    ("12366", Place::Exchange(20)),
    ("12360", Place::Exchange(21)),
    ("12313", Place::Exchange(22)),
    ("12367", Place::Exchange(23)),
    ("12305", Place::Exchange(24)),
    FIRE,
    ("95598", Place::Exchange(40)),
];

/// A caller and an agent, who talk.
struct Talk {
    caller: Sipp,
    agent: Sipp,
}

impl Talk {
    /// Phones `n` and `n + 1` of the slot; the agent's seat is the only one that is ready at that moment.
    fn begin(lab: &Lab, n: u16, seat: &str) -> Self {
        let agent = Sipp::seat(lab, n + 1, seat, |r| r.says(AGENT).seconds(LIMIT_S));
        let uri = format!("sip:12345@{}", lab.sip());
        let caller = Role::carrier(lab, n, "called_ends", &uri).says(CALLER).seconds(LIMIT_S).start(lab);
        agent.receives("ACK", 5_000);
        caller.talks(4_000);
        agent.talks(4_000);
        let talk = Self { caller, agent };
        talk.is_as_before(4_000);
        talk
    }

    /// Caller and agent have each other and nothing else, exactly as it was said.
    fn is_as_before(&self, millis: u64) {
        self.caller.line.hears_exactly(AGENT, millis);
        self.agent.line.hears_exactly(CALLER, millis);
    }

    /// The talk of the next target: keys, ringing, answer, three voices, and away with these keys.
    fn joins(&self, lab: &Lab, number: &str, target: &Sipp, away: &str) {
        self.agent.line.presses(&format!("*1{number}"));
        target.receives("INVITE", 5_000);
        target.receives("ACK", 5_000);
        target.talks(3_000);
        all_hear_each_other(&self.caller.line, &self.agent.line, &target.line);
        self.agent.line.presses(away);
        target.receives("BYE", 4_000);
        self.is_as_before(4_000);
        let ended = lab.transfer_ends(number, 1_000);
        assert_eq!((ended.result, ended.cause), (Some(TransferResult::Joined), None), "{number}");
    }

    /// The target cannot be had: the agent is told, the caller is still there.
    fn fails(&self, lab: &Lab, number: &str, cause: Cause, millis: u64) {
        self.agent.line.presses(&format!("*1{number}"));
        let ended = lab.transfer_ends(number, millis);
        assert_eq!((ended.result, ended.cause), (Some(TransferResult::Failed), Some(cause)), "{number}");
        self.caller.line.hears_exactly(AGENT, 1_000);
        // Nothing of an earlier ringback is in a quarter of a second any more.
        pause(300);
        self.agent.line.hears_among(BUSY, 1_200);
        self.agent.line.hears_among(CALLER, 1_200);
        self.is_as_before(4_000);
    }

    fn ends_well(self) {
        // 97 is what the carrier calls telephone events: no key of a code reaches the caller.
        assert_eq!(self.caller.line.keys(97), []);
        self.caller.line.is_one_stream();
        self.agent.line.is_one_stream();
        self.caller.ends_well(4_000);
        self.agent.ends_well(4_000);
    }
}

/// The one call ends in order: one record of it, one recording.
fn ends(lab: &Lab, talk: Talk) -> Cdr {
    lab.ends_all();
    talk.ends_well();
    let cdr = lab.record();
    assert_eq!(cdr.outcome, Outcome::Connected);
    let recordings = lab.recordings();
    let wanted = format!("{}.wav", cdr.recording.as_deref().expect("it is recorded"));
    assert!(matches!(recordings.as_slice(), [one] if one.ends_with(&wanted)), "{wanted}: {recordings:?}");
    cdr
}

fn all_hear_each_other(caller: &Line, agent: &Line, target: &Line) {
    let heard = [(caller, [AGENT, TARGET]), (agent, [CALLER, TARGET]), (target, [CALLER, AGENT])];
    for (line, others) in heard {
        others.iter().for_each(|hertz| line.hears_among(*hertz, 4_000));
    }
}

/// Starts a target's phone or exchange; phone `n` of the slot.
pub fn starts(lab: &Lab, n: u16, place: Place, scenario: &'static str, role: impl FnOnce(Role) -> Role) -> Sipp {
    match place {
        Place::Seat(seat) => Sipp::seat_that(lab, n, seat, scenario, |r| role(r.endless().seconds(LIMIT_S))),
        Place::Exchange(last) => role(Role::exchange(lab, scenario, last).seconds(LIMIT_S)).start(lab),
    }
}

#[test]
fn twelve_targets_one_after_another_in_one_call() {
    let lab = Lab::start();
    let talk = Talk::begin(&lab, 0, "8001");
    let targets: Vec<_> = SEATS.into_iter().chain(EXCHANGES).collect();
    let start = |(n, (_, place)): (u16, &Target)| {
        let scenario = if matches!(place, Place::Seat(_)) { "answer" } else { "exchange" };
        starts(&lab, n, *place, scenario, |r| r.says(TARGET).millis(100))
    };
    let phones: Vec<Sipp> = (2..).zip(&targets).map(start).collect();
    for (n, ((number, _), phone)) in targets.iter().zip(&phones).enumerate() {
        // Both codes send a target away that has joined.
        talk.joins(&lab, number, phone, if n % 2 == 0 { "*3" } else { "*0" });
    }
    let cdr = ends(&lab, talk);
    let came: Vec<_> = cdr.transfers.iter().map(|t| (t.to.as_str(), t.result, t.target_left.is_some())).collect();
    let wanted: Vec<_> = targets.iter().map(|(number, _)| (*number, Some(TransferResult::Joined), true)).collect();
    assert_eq!(came, wanted);
}

/// What each of the transfers came to, by its record.
fn failed(cdrs: &[Cdr]) -> Vec<(&str, Option<TransferResult>, Option<Cause>, Way)> {
    cdrs.iter().flat_map(|cdr| &cdr.transfers).map(|t| (t.to.as_str(), t.result, t.cause, t.way)).collect()
}

/// Each in turn in one call.
fn refused(targets: &[Target], causes: impl Fn(Place) -> Cause, status: Option<&str>) {
    let lab = Lab::start();
    let talk = Talk::begin(&lab, 0, "8001");
    let mut phones = Vec::new();
    if let Some(status) = status {
        // Both ways to the fire brigade are tried.
        let second = Some(Place::Exchange(31)).filter(|_| targets.contains(&FIRE));
        let places = targets.iter().map(|(_, place)| *place).chain(second);
        phones.extend((2..).zip(places).map(|(n, place)| starts(&lab, n, place, "busy", |r| r.word("status", status))));
    }
    for (number, place) in targets {
        talk.fails(&lab, number, causes(*place), 12_000);
    }
    let wanted = targets.iter().map(|(n, p)| (*n, Some(TransferResult::Failed), Some(causes(*p)), Way::ThreeWay));
    assert_eq!(failed(&[ends(&lab, talk)]), wanted.collect::<Vec<_>>());
}

/// All at once: as many callers, with an agent each.
fn refused_at_once(targets: &[Target], cause: Cause, rings: bool) {
    let lab = Lab::start();
    // Each agent gets the caller who dials then; 8002 is a target.
    let seats = (8_003..).zip(targets).map(|(seat, _)| seat.to_string());
    let talks: Vec<_> = (0..).step_by(2).zip(seats).map(|(n, seat)| Talk::begin(&lab, n, &seat)).collect();
    let mut phones = Vec::new();
    if rings {
        let second = Some(Place::Exchange(31)).filter(|_| targets.contains(&FIRE));
        let places = targets.iter().map(|(_, place)| *place).chain(second);
        let first = talks.len() as u16 * 2;
        phones.extend((first..).zip(places).map(|(n, place)| starts(&lab, n, place, "ring_only", |r| r)));
    }
    std::thread::scope(|scope| {
        for (talk, (number, _)) in talks.iter().zip(targets) {
            scope.spawn(|| talk.fails(&lab, number, cause, u64::from(LIMIT_S) * 1_000));
        }
    });
    phones.iter().for_each(|phone| drop(phone.receives("CANCEL", 1_000)));
    lab.ends_all();
    talks.into_iter().for_each(Talk::ends_well);
    let cdrs = lab.all_records();
    assert!(cdrs.iter().all(|cdr| cdr.outcome == Outcome::Connected && cdr.transfers.len() == 1), "{cdrs:#?}");
    let (mut came, wanted) = (failed(&cdrs), targets.iter().map(|(n, _)| *n));
    let mut wanted: Vec<_> = wanted.map(|n| (n, Some(TransferResult::Failed), Some(cause), Way::ThreeWay)).collect();
    came.sort_by_key(|t| t.0);
    wanted.sort_by_key(|t| t.0);
    assert_eq!(came, wanted);
}

#[test]
fn each_seat_that_is_busy_leaves_caller_and_agent_together() {
    refused(&SEATS, |_| Cause::Busy, Some("486 Busy Here"));
}

#[test]
fn each_exchange_that_is_busy_leaves_caller_and_agent_together() {
    refused(&EXCHANGES, |_| Cause::Busy, Some("486 Busy Here"));
}

#[test]
fn each_line_without_a_phone_leaves_caller_and_agent_together() {
    // A seat that is asked for by name is absent; a group has nobody.
    let cause = |place| if place == Place::Seat("8002") { Cause::Unreachable } else { Cause::NoSeat };
    refused(&SEATS, cause, None);
}

#[test]
fn each_exchange_that_is_not_there_leaves_caller_and_agent_together() {
    refused_at_once(&EXCHANGES, Cause::Unreachable, false);
}

#[test]
fn nobody_answers_and_caller_and_agent_are_left_together() {
    let wanted = std::env::var("TARGETS").is_ok_and(|v| v == "all");
    let some = |target: &Target| wanted || ["12348", "8002", "12366"].contains(&target.0);
    let targets: Vec<Target> = SEATS.into_iter().chain(EXCHANGES).filter(some).collect();
    refused_at_once(&targets, Cause::NoAnswer, true);
}
