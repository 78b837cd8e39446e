//! The table of every seat state × input.

use super::tests::{Room, group, plan, s, short};
use super::*;
use crate::clock::{Now, SECOND};
use std::fmt::Write as _;

/// A state's name and the inputs that lead to it from signed out and lost.
type Row = (&'static str, &'static [&'static str]);

/// Each state of seat 8001 and how it gets there; call 1 is a queue's, call 2 the seat's own, call 3 dialled to it directly.
const STATES: [Row; 21] = [
    ("signed out, lost", &[]),
    ("signed out", &["register"]),
    ("signed in", &["register", "sign in"]),
    ("on a break", &["register", "sign in", "break"]),
    ("ready", &["register", "sign in", "ready"]),
    ("ready, lost", &["register", "sign in", "ready", "lost"]),
    ("reserved", &["register", "sign in", "ready", "enter 1"]),
    ("reserved, break pending", &["register", "sign in", "ready", "enter 1", "break"]),
    ("ringing", &["register", "sign in", "ready", "enter 1", "ringing"]),
    ("ringing, break pending", &["register", "sign in", "ready", "enter 1", "ringing", "break"]),
    ("reserved directly on a break", &["register", "sign in", "break", "reserve 3"]),
    ("ringing directly, signed out", &["register", "reserve 3", "ringing"]),
    ("talking", &["register", "sign in", "ready", "enter 1", "accepted"]),
    ("talking, lost", &["register", "sign in", "ready", "enter 1", "accepted", "lost"]),
    ("talking, break pending", &["register", "sign in", "ready", "enter 1", "accepted", "break"]),
    ("talking, sign-out pending", &["register", "sign in", "ready", "enter 1", "accepted", "sign out"]),
    ("talking directly, signed out", &["register", "reserve 3", "accepted"]),
    ("held", &["register", "sign in", "ready", "enter 1", "accepted", "hold 1"]),
    ("held, break pending", &["register", "sign in", "ready", "enter 1", "accepted", "hold 1", "break"]),
    ("wrap-up", &["register", "sign in", "ready", "enter 1", "accepted", "end 1"]),
    ("wrap-up, break pending", &["register", "sign in", "ready", "enter 1", "accepted", "break", "end 1"]),
];

const INPUTS: [&str; 22] = [
    "register",
    "lost",
    "sign in",
    "sign in another",
    "sign out",
    "ready",
    "break",
    "wrap up",
    "enter 1",
    "leave 1",
    "reserve 3",
    "ringing",
    "accepted",
    "declined",
    "dial 2",
    "hold 1",
    "take back 1",
    "end 1",
    "end 3",
    "leaves the plan",
    "8 s pass",
    "30 s pass",
];

fn say(room: &mut Room, word: &str) {
    let seat = s("8001");
    let offer = room.floor.seat(&seat).and_then(|v| v.offer).unwrap_or(OfferId(u64::MAX));
    let input = match word {
        "register" => Input::Register { seat },
        "lost" => Input::Lost { seat, cause: Cause::Lost },
        "sign in" => Input::SignIn { seat, agent: AgentId::from("li") },
        "sign in another" => Input::SignIn { seat, agent: AgentId::from("wang") },
        "sign out" => Input::SignOut { seat },
        "ready" => Input::Ready { seat },
        "break" => Input::NotReady { seat, reason: Reason::Break },
        "wrap up" => Input::WrapUp { seat },
        "enter 1" => return room.enters(1, "main"),
        "leave 1" => Input::Leave { call: CallRef(1) },
        "reserve 3" => {
            let _answer = room.floor.reserve(&seat, CallRef(3), room.now);
            Input::Tick
        }
        "ringing" => Input::Ringing { offer },
        "accepted" => Input::Accepted { offer },
        "declined" => Input::Declined { offer, cause: Cause::Busy },
        "dial 2" => Input::Occupy { seat, call: CallRef(2) },
        "hold 1" => Input::Held { seat, call: CallRef(1), held: true },
        "take back 1" => Input::Held { seat, call: CallRef(1), held: false },
        "end 1" => Input::TalkEnded { seat, call: CallRef(1) },
        "end 3" => Input::TalkEnded { seat, call: CallRef(3) },
        "leaves the plan" => Input::SetPlan(Box::new(one_seat(&[]))),
        "8 s pass" => return room.passes(8),
        "30 s pass" => return room.passes(30),
        other => panic!("no such word: {other}"),
    };
    room.tell(input);
}

fn one_seat(seats: &[&str]) -> Plan {
    let mut plan = plan(&[("main", group(|g| g.wrap_up = 20 * SECOND))], seats);
    plan.settings.held_limit = 15 * SECOND;
    plan
}

#[test]
fn every_seat_state_has_an_answer_to_every_input() {
    let mut table = String::new();
    for (name, path) in STATES {
        let mut state = String::new();
        let mut lines = String::new();
        for word in INPUTS {
            let now = Now { mono: SECOND, wall: 1_639_533_600_000_000 };
            let mut room = Room { floor: Floor::new(one_seat(&["8001"]), now), now, outputs: Vec::new() };
            path.iter().for_each(|step| say(&mut room, step));
            state = room.state("8001");
            let before = room.floor.counts();
            room.outputs.clear();
            say(&mut room, word);
            let after = room.floor.counts();
            let mut said: Vec<_> = room.outputs.iter().map(short).collect();
            said.extend((after.refused > before.refused).then(|| "refused".to_owned()));
            said.extend((after.stale > before.stale).then(|| "stale".to_owned()));
            writeln!(lines, "  {word:<16} {:<24} {}", room.state("8001"), said.join(" | ")).unwrap();
        }
        writeln!(table, "{name} = {state}\n{lines}").unwrap();
    }
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| insta::assert_snapshot!("seat_table", table));
}
