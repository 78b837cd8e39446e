//! The twelve targets of the lab, each brought in by the agent's keys: four kept lines, five sub-centres, fire brigade, power, a seat.
//!
//! `TARGETS=all` lets all twelve ring without an answer; otherwise three do.

use super::support::lab::Lab;
use super::support::pause;
use super::support::sipp::{Role, Sipp};
use super::support::sound::Line;
use switchboard::exchange::TransferRow;
use switchboard::fact::{Cause, Outcome, TransferResult, Way};
use switchboard::ledger::Cdr;

const CALLER: f64 = 700.0;
const AGENT: f64 = 1_100.0;
const TARGET: f64 = 1_700.0;
/// The failure tone of GB/T 3380.
const BUSY: f64 = 450.0;

/// Where a target's phone or exchange is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// A seat of the exchange.
    Seat(&'static str),
    /// An exchange at 127.0.0.x.
    Exchange(u8),
}

/// What is pressed behind `*1`, and who is there.
type Target = (&'static str, Place);

const SEATS: [Target; 5] = [
    ("12348", Place::Seat("8051")),
    ("12328", Place::Seat("8055")),
    ("12320", Place::Seat("8059")),
    ("12315", Place::Seat("8063")),
    ("8002", Place::Seat("8002")),
];

const EXCHANGES: [Target; 7] = [
    ("12366", Place::Exchange(20)),
    ("12360", Place::Exchange(21)),
    ("12313", Place::Exchange(22)),
    ("12367", Place::Exchange(23)),
    ("12305", Place::Exchange(24)),
    ("119", Place::Exchange(30)),
    ("95598", Place::Exchange(40)),
];

/// A caller and seat 8001, who talk.
struct Talk {
    lab: Lab,
    caller: Sipp,
    agent: Sipp,
}

impl Talk {
    fn begin() -> Self {
        let lab = Lab::start();
        let (caller, agent) = talks(&lab, 0, 1, "8001");
        Self { lab, caller, agent }
    }

    /// Caller and agent have each other and nothing else, exactly as it was said.
    fn is_as_before(&self, millis: u64) {
        self.caller.line.hears_exactly(AGENT, millis);
        self.agent.line.hears_exactly(CALLER, millis);
    }

    /// The talk of the next target: keys, ringing, answer, three voices, and away with these keys.
    fn joins(&self, transfer: u32, number: &str, target: &Sipp, away: &str) {
        self.agent.line.presses(&format!("*1{number}"));
        target.receives("INVITE", 5_000);
        target.receives("ACK", 5_000);
        target.talks(3_000);
        all_hear_each_other(&self.caller.line, &self.agent.line, &target.line);
        self.agent.line.presses(away);
        target.receives("BYE", 4_000);
        self.is_as_before(4_000);
        let ended = self.lab.transfer_ends(transfer, 1_000);
        assert_eq!((ended.to.as_str(), ended.result, ended.cause), (number, Some(TransferResult::Joined), None));
    }

    /// The transfer of this number within the call fails: the agent is told, the caller is still there.
    fn fails(&self, transfer: u32, number: &str, millis: u64) -> TransferRow {
        self.agent.line.presses(&format!("*1{number}"));
        let ended = self.lab.transfer_ends(transfer, millis);
        self.caller.line.hears_exactly(AGENT, 1_000);
        // Nothing of an earlier ringback is in a quarter of a second any more.
        pause(300);
        self.agent.line.hears_among(BUSY, 1_200);
        self.agent.line.hears_among(CALLER, 1_200);
        self.is_as_before(4_000);
        assert_eq!((ended.to.as_str(), ended.way), (number, Way::ThreeWay));
        ended
    }

    /// The call ends in order: one record of it, one recording.
    fn ends(self) -> Cdr {
        self.lab.ends_all();
        self.caller.ends_well(4_000);
        self.agent.ends_well(4_000);
        let cdr = self.lab.record();
        assert_eq!(cdr.outcome, Outcome::Connected);
        let recordings = self.lab.recordings();
        let wanted = format!("{}.wav", cdr.recording.as_deref().expect("it is recorded"));
        assert!(matches!(recordings.as_slice(), [one] if one.ends_with(&wanted)), "{wanted}: {recordings:?}");
        cdr
    }
}

/// A caller and a seat's phone that have each other; the only seat that is ready at that moment.
fn talks(lab: &Lab, caller: u16, agent: u16, seat: &str) -> (Sipp, Sipp) {
    let agent = Sipp::seat(lab, agent, seat, |r| r.says(AGENT).seconds(280));
    let uri = format!("sip:12345@{}", lab.sip());
    let caller = Role::carrier(lab, caller, "called_ends", &uri).says(CALLER).seconds(280).start(lab);
    agent.receives("ACK", 5_000);
    caller.talks(4_000);
    agent.talks(4_000);
    caller.line.hears_exactly(AGENT, 4_000);
    agent.line.hears_exactly(CALLER, 4_000);
    (caller, agent)
}

fn all_hear_each_other(caller: &Line, agent: &Line, target: &Line) {
    let heard = [(caller, [AGENT, TARGET]), (agent, [CALLER, TARGET]), (target, [CALLER, AGENT])];
    for (line, others) in heard {
        others.iter().for_each(|hertz| line.hears_among(*hertz, 4_000));
    }
}

/// Starts a target's phone or exchange; phone `n` of the slot.
fn starts(lab: &Lab, n: u16, place: Place, scenario: &'static str, role: impl FnOnce(Role) -> Role) -> Sipp {
    match place {
        Place::Seat(seat) => Sipp::seat_that(lab, n, seat, scenario, |r| role(r.endless().seconds(280))),
        Place::Exchange(last) => role(Role::exchange(lab, scenario, last).seconds(280)).start(lab),
    }
}

#[test]
fn twelve_targets_one_after_another_in_one_call() {
    let talk = Talk::begin();
    let targets: Vec<_> = SEATS.into_iter().chain(EXCHANGES).collect();
    let start = |(n, (_, place)): (u16, &Target)| {
        let scenario = if matches!(place, Place::Seat(_)) { "answer" } else { "exchange" };
        starts(&talk.lab, n, *place, scenario, |r| r.says(TARGET).millis(100))
    };
    let phones: Vec<Sipp> = (2..).zip(&targets).map(start).collect();
    for (transfer, ((number, _), phone)) in (1..).zip(targets.iter().zip(&phones)) {
        // Both codes send a target away that has joined.
        talk.joins(transfer, number, phone, if transfer % 2 == 0 { "*0" } else { "*3" });
    }
    talk.caller.line.is_one_stream();
    talk.agent.line.is_one_stream();
    let cdr = talk.ends();
    let came: Vec<_> = cdr.transfers.iter().map(|t| (t.to.as_str(), t.result, t.target_left.is_some())).collect();
    let wanted: Vec<_> = targets.iter().map(|(number, _)| (*number, Some(TransferResult::Joined), true)).collect();
    assert_eq!(came, wanted);
}

fn refused(targets: &[Target], causes: impl Fn(Place) -> Cause, scenario: Option<&'static str>) {
    let talk = Talk::begin();
    let mut phones = Vec::new();
    for (n, (_, place)) in (2..).zip(targets).filter(|_| scenario.is_some()) {
        phones.push(starts(&talk.lab, n, *place, "busy", |r| r.word("status", scenario.unwrap_or_default())));
        if *place == Place::Exchange(30) {
            // Both ways to the fire brigade are tried.
            let second = Place::Exchange(31);
            phones.push(starts(&talk.lab, n, second, "busy", |r| r.word("status", scenario.unwrap_or_default())));
        }
    }
    for (transfer, (number, place)) in (1..).zip(targets) {
        let ended = talk.fails(transfer, number, 12_000);
        assert_eq!((ended.result, ended.cause), (Some(TransferResult::Failed), Some(causes(*place))), "{number}");
    }
    let cdr = talk.ends();
    let came: Vec<_> = cdr.transfers.iter().map(|t| (t.to.as_str(), t.result, t.cause)).collect();
    let failed = Some(TransferResult::Failed);
    let wanted: Vec<_> = targets.iter().map(|(number, place)| (*number, failed, Some(causes(*place)))).collect();
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
    refused(&EXCHANGES, |_| Cause::Unreachable, None);
}

/// All at once: as many callers with an agent each, whose targets ring and ring.
#[test]
fn nobody_answers_and_caller_and_agent_are_left_together() {
    let all = SEATS.into_iter().chain(EXCHANGES);
    let some = ["12348", "8002", "12366"];
    let wanted = std::env::var("TARGETS").is_ok_and(|v| v == "all");
    let targets: Vec<Target> = all.filter(|(number, _)| wanted || some.contains(number)).collect();
    let lab = Lab::start();
    // Agents first, one after another, so that each gets the caller who dials then; 8002 is a target.
    let agents = (8_003..).zip(&targets).map(|(seat, _)| seat.to_string());
    let talks: Vec<_> = (0..).step_by(2).zip(agents).map(|(n, seat)| talks(&lab, n, n + 1, &seat)).collect();
    let n = talks.len() as u16 * 2;
    let mut phones: Vec<_> =
        (n..).zip(&targets).map(|(n, (_, place))| starts(&lab, n, *place, "ring_only", |r| r)).collect();
    if wanted {
        phones.push(starts(&lab, 28, Place::Exchange(31), "ring_only", |r| r));
    }
    for ((_, agent), (number, _)) in talks.iter().zip(&targets) {
        agent.line.presses(&format!("*1{number}"));
    }
    for phone in &phones {
        phone.receives("CANCEL", 130_000);
    }
    let ended = |row: &TransferRow| row.result.map(|result| (row.to.clone(), result, row.cause));
    let rows = || lab.calls().iter().filter_map(|c| c.transfers.first().and_then(ended)).collect::<Vec<_>>();
    let all = super::support::until(30_000, || Some(rows()).filter(|r| r.len() == targets.len()));
    let failed = |number: &str| (number.to_owned(), TransferResult::Failed, Some(Cause::NoAnswer));
    let wanted: Vec<_> = targets.iter().map(|(number, _)| failed(number)).collect();
    assert_eq!(all.unwrap_or_else(rows), wanted);
    for (caller, agent) in &talks {
        caller.line.hears_exactly(AGENT, 4_000);
        agent.line.hears_exactly(CALLER, 4_000);
    }
    lab.ends_all();
    for (caller, agent) in talks {
        caller.ends_well(4_000);
        agent.ends_well(4_000);
    }
    assert_eq!(lab.all_records().len(), targets.len());
}
