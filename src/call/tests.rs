//! The call whole: each stage × everything it can be told, and what it then wants.

use super::stand::{self, journey, word};
use super::{Act, Call, Input, LegEvent, Order, Reachable, Script};
use crate::clock::{Now, SECOND};
use crate::dialplan::{Class, Digits, Step};
use crate::fact::{Brief, Cause, Fact, Origin, Service, Supervision, Way};
use crate::id::{CallRef, GroupId, LegRef, OfferId, PromptId, SeatId, TrunkId};
use crate::patch::PlayId;
use std::fmt::Write as _;
use std::sync::Arc;

fn prompt(early: bool) -> Step {
    Step::Prompt { prompt: PromptId::from("cancelled"), early }
}

fn queue() -> Step {
    Step::Queue { group: GroupId::from("main"), skill: None }
}

fn trunks() -> Step {
    let trunks = [TrunkId::from("emergency-1"), TrunkId::from("emergency-2")].into();
    Step::Trunk { trunks, number: Digits::parse("119").unwrap(), progress_ms: 2000, timeout_ms: 30_000 }
}

const RELEASE: Step = Step::Release { status: 410, q850: 22 };

fn call(class: Class, service: Service, steps: Vec<Step>) -> Call {
    Call::new(CallRef(1), journey(Some(class), service), Script::new(steps.into()))
}

fn drain(call: &mut Call) -> String {
    let acts: Vec<String> = std::iter::from_fn(|| call.poll()).map(|act| word(&act)).collect();
    if acts.is_empty() { "-".into() } else { acts.join("; ") }
}

type Reach = fn() -> (Call, Now);

fn begun(mut call: Call, inputs: &[Input]) -> (Call, Now) {
    let now = Now::default().plus(SECOND);
    call.handle(Input::Begin, now);
    if let Some(group) = call.group().cloned() {
        call.handle(Input::Queued(group), now);
    }
    for input in inputs {
        call.handle(input.clone(), now);
    }
    drain(&mut call);
    (call, now)
}

fn leg(n: u32, event: LegEvent) -> Input {
    Input::Leg(LegRef(n), event)
}

fn offered(n: u64, seat: &str) -> Input {
    Input::Offered { offer: OfferId(n), seat: SeatId::from(seat) }
}

fn to_seat() -> Call {
    let mut journey = journey(None, Service::Internal);
    journey.origin = Origin::Seat(SeatId::from("8001"));
    journey.seat_dialled = Some(SeatId::from("8002"));
    Call::new(CallRef(1), journey, Script::new(Arc::from([])))
}

fn kept() -> Call {
    let ring = Step::Ring { group: GroupId::from("kept"), timeout_ms: 10_000 };
    call(Class::Hub, Service::Hotline, vec![ring, queue()])
}

/// How each stage is reached.
const STAGES: [(&str, Reach); 24] = [
    ("announcing a cancelled number", || begun(call(Class::Hub, Service::Cancelled, vec![prompt(true), RELEASE]), &[])),
    ("announcing, then the queue", || begun(call(Class::Hub, Service::Hotline, vec![prompt(true), queue()]), &[])),
    ("queueing, nobody free", || begun(call(Class::Hub, Service::Hotline, vec![queue()]), &[])),
    ("queueing, a seat is offered", || begun(call(Class::Hub, Service::Hotline, vec![queue()]), &[offered(7, "8001")])),
    ("queueing, two seats ring", || {
        let ringing = [offered(7, "8001"), offered(8, "8002"), leg(1, LegEvent::Ringing), leg(2, LegEvent::Ringing)];
        begun(call(Class::Hub, Service::Hotline, vec![queue()]), &ringing)
    }),
    ("kept seats, one rings", || begun(kept(), &[offered(7, "8051"), leg(1, LegEvent::Ringing)])),
    ("emergency, first trunk asked", || {
        begun(call(Class::Emergency, Service::Emergency, vec![trunks(), RELEASE]), &[])
    }),
    ("branch, first trunk asked", || begun(call(Class::Hub, Service::Hotline, vec![trunks(), RELEASE]), &[])),
    ("branch, early media", || {
        begun(call(Class::Hub, Service::Hotline, vec![trunks(), RELEASE]), &[leg(1, LegEvent::EarlyMedia)])
    }),
    ("seat to seat, asked for", || begun(to_seat(), &[])),
    ("seat to seat, rings", || {
        begun(to_seat(), &[Input::Reserved("8002".into(), Ok(OfferId(7))), leg(1, LegEvent::Ringing)])
    }),
    ("talking with a seat", || {
        begun(call(Class::Hub, Service::Hotline, vec![queue()]), &[offered(7, "8001"), leg(1, LegEvent::Answered)])
    }),
    ("talking with a trunk, held", || {
        let held = [leg(1, LegEvent::Answered), leg(1, LegEvent::Held(true))];
        begun(call(Class::Hub, Service::Hotline, vec![trunks(), RELEASE]), &held)
    }),
    ("three-way, a line rings", || ordered(line(false), Way::ThreeWay, &[leg(2, LegEvent::Ringing)])),
    ("three-way, a line has joined", || ordered(line(false), Way::ThreeWay, &[leg(2, LegEvent::Answered)])),
    ("three-way, a group is asked", || ordered(stand::people(), Way::ThreeWay, &[])),
    ("three-way, a seat of a group rings", || ordered(stand::people(), Way::ThreeWay, &[offered(9, "8003")])),
    ("three-way, an emergency line has joined", || ordered(line(true), Way::ThreeWay, &[leg(2, LegEvent::Answered)])),
    ("an emergency line rings, the agent has gone", || {
        ordered(line(true), Way::ThreeWay, &[leg(2, LegEvent::Ringing), leg(1, LegEvent::Ended { cause: Cause::Lost })])
    }),
    ("an emergency line rings, another seat too", || {
        let gone = leg(1, LegEvent::Ended { cause: Cause::Lost });
        ordered(line(true), Way::ThreeWay, &[leg(2, LegEvent::Ringing), gone, offered(9, "8003")])
    }),
    ("blind, a line rings", || ordered(line(false), Way::Blind, &[leg(2, LegEvent::Ringing)])),
    ("blind, back to the agent", || {
        let busy = leg(2, LegEvent::Failed { cause: Cause::Busy, status: Some(486) });
        ordered(line(false), Way::Blind, &[busy, Input::Reserved("8001".into(), Ok(OfferId(9)))])
    }),
    ("a supervisor listens", || {
        let (mut call, now) = talking();
        let (mode, who, why) = (Supervision::Listen, "chief".into(), "why".into());
        call.supervise(&Order::Supervise { seat: "8049".into(), mode, who, why }, now).unwrap();
        call.handle(Input::Reserved("8049".into(), Ok(OfferId(9))), now);
        call.handle(leg(2, LegEvent::Answered), now);
        drain(&mut call);
        (call, now)
    }),
    ("over", || begun(call(Class::Hub, Service::Hotline, vec![RELEASE]), &[])),
];

fn talking() -> (Call, Now) {
    begun(call(Class::Hub, Service::Hotline, vec![queue()]), &[offered(7, "8001"), leg(1, LegEvent::Answered)])
}

fn line(emergency: bool) -> Arc<Reachable> {
    stand::line(if emergency { "119" } else { "12366" }, emergency)
}

/// The agent of a talk has brought somebody in, or tried to.
fn ordered(to: Arc<Reachable>, way: Way, inputs: &[Input]) -> (Call, Now) {
    let (mut call, now) = talking();
    call.order(LegRef(1), Order::Reach(to, way, Brief::default()), "", now).unwrap();
    for input in inputs {
        call.handle(input.clone(), now);
    }
    drain(&mut call);
    (call, now)
}

fn inputs() -> Vec<(&'static str, Input)> {
    let failed = |cause, status| LegEvent::Failed { cause, status };
    vec![
        ("caller gone", leg(0, LegEvent::Ended { cause: Cause::CallerGone })),
        ("caller hangs up", leg(0, LegEvent::Ended { cause: Cause::Normal })),
        ("caller lost", leg(0, LegEvent::Ended { cause: Cause::Lost })),
        ("caller holds", leg(0, LegEvent::Held(true))),
        ("leg 1 tries", leg(1, LegEvent::Trying)),
        ("leg 1 rings", leg(1, LegEvent::Ringing)),
        ("leg 1 early", leg(1, LegEvent::EarlyMedia)),
        ("leg 1 answers", leg(1, LegEvent::Answered)),
        ("leg 1 busy", leg(1, failed(Cause::Busy, Some(486)))),
        ("leg 1 congested", leg(1, failed(Cause::Congestion, Some(503)))),
        ("leg 1 silent", leg(1, failed(Cause::Unreachable, None))),
        ("leg 1 ends", leg(1, LegEvent::Ended { cause: Cause::Normal })),
        ("leg 1 is lost", leg(1, LegEvent::Ended { cause: Cause::Lost })),
        ("leg 1 holds", leg(1, LegEvent::Held(true))),
        ("leg 1 takes back", leg(1, LegEvent::Held(false))),
        ("leg 2 rings", leg(2, LegEvent::Ringing)),
        ("leg 2 early", leg(2, LegEvent::EarlyMedia)),
        ("leg 2 answers", leg(2, LegEvent::Answered)),
        ("leg 2 busy", leg(2, failed(Cause::Busy, Some(486)))),
        ("leg 2 congested", leg(2, failed(Cause::Congestion, Some(503)))),
        ("leg 2 ends", leg(2, LegEvent::Ended { cause: Cause::Normal })),
        ("leg 2 is lost", leg(2, LegEvent::Ended { cause: Cause::Lost })),
        ("leg 3 answers", leg(3, LegEvent::Answered)),
        ("leg 3 busy", leg(3, failed(Cause::Busy, Some(486)))),
        ("leg 9 answers", leg(9, LegEvent::Answered)),
        ("prompt 1 ends", Input::PlayFinished(LegRef(0), PlayId(1))),
        ("prompt 9 ends", Input::PlayFinished(LegRef(0), PlayId(9))),
        ("queued", Input::Queued("main".into())),
        ("8003 is offered", offered(9, "8003")),
        ("offer 7 withdrawn", Input::Withdrawn { offer: OfferId(7), cause: Cause::NoAnswer }),
        ("offer 9 withdrawn", Input::Withdrawn { offer: OfferId(9), cause: Cause::NoAnswer }),
        ("offer 99 withdrawn", Input::Withdrawn { offer: OfferId(99), cause: Cause::NoAnswer }),
        ("waited long", Input::Overflowed { group: "main".into(), cause: Cause::WaitedLong, place: 0 }),
        ("waited long, kept", Input::Overflowed { group: "kept.12348".into(), cause: Cause::WaitedLong, place: 0 }),
        ("no seat", Input::Overflowed { group: "main".into(), cause: Cause::NoSeat, place: 0 }),
        ("no seat, kept", Input::Overflowed { group: "kept.12348".into(), cause: Cause::NoSeat, place: 0 }),
        ("position 3", Input::Position { position: 3, wait: None }),
        ("reserved", Input::Reserved("8002".into(), Ok(OfferId(11)))),
        ("seat busy", Input::Reserved("8002".into(), Err(Cause::Busy))),
        ("an order cannot be read", Input::Refused),
        ("2 s later", Input::Due),
        ("30 s later", Input::Due),
        ("operator ends it", Input::HangUp(Cause::Normal)),
        ("drained", Input::HangUp(Cause::Shed)),
    ]
}

#[test]
fn every_stage_meets_every_input() {
    let mut table = String::new();
    for (name, reach) in STAGES {
        let (before, _) = reach();
        let _ = writeln!(table, "== {name} ({}) ==", before.stage());
        let mut silent = Vec::new();
        for (what, input) in inputs() {
            let (mut call, now) = reach();
            let later = match what {
                "2 s later" => 2 * SECOND,
                "30 s later" => 30 * SECOND,
                _ => 0,
            };
            call.handle(input, now.plus(later));
            let (stage, done) = (call.stage(), drain(&mut call));
            if stage == before.stage() && done == "-" {
                silent.push(what);
            } else {
                let _ = writeln!(table, "{what:18} -> {stage:10} {done}");
            }
        }
        let _ = writeln!(table, "ignored: {}", silent.join(", "));
    }
    insta::assert_snapshot!(table);
}

/// Whatever a call is told, in whatever order: one `CallEnded` at the end, every leg let go, nothing after it.
#[test]
fn a_call_ends_once_and_lets_everything_go() {
    for (name, reach) in STAGES {
        for (first, a) in inputs() {
            for (second, b) in inputs() {
                let (mut call, now) = reach();
                let over_before = call.stage() == "over";
                let at = |what: &str| if what == "30 s later" { now.plus(30 * SECOND) } else { now };
                call.handle(a.clone(), at(first));
                call.handle(b, at(second));
                call.handle(Input::HangUp(Cause::Normal), now);
                let acts: Vec<Act> = std::iter::from_fn(|| call.poll()).collect();
                let ended = acts.iter().filter(|a| matches!(a, Act::Fact(Fact::CallEnded { .. }))).count();
                assert_eq!(ended, usize::from(!over_before), "{name}, {first}, {second}: {acts:?}");
                assert!(call.members().is_empty(), "{name}, {first}, {second}: {acts:?}");
                assert_eq!(call.stage(), "over");
                // Whom it dialled it hangs up, or he was gone by himself.
                for act in &acts {
                    let Act::Dial { leg, .. } = act else { continue };
                    let gone = acts.iter().any(|a| match a {
                        Act::HangUp { leg: l, .. } => l == leg,
                        Act::Fact(
                            Fact::LegFailed { leg: l, .. }
                            | Fact::LegEnded { leg: l, .. }
                            | Fact::PartyLeft { leg: l, .. },
                        ) => l == leg,
                        _ => false,
                    });
                    assert!(gone, "{name}, {first}, {second}: leg {} is forgotten: {acts:?}", leg.0);
                }
            }
        }
    }
}

#[test]
fn a_group_rings_in_its_hours_and_is_passed_over_outside_them() {
    let entered = |wall: i64| {
        let ring = Step::Ring { group: GroupId::from("county"), timeout_ms: 10_000 };
        let mut call = call(Class::Parallel, Service::Hotline, vec![ring, queue()]);
        call.handle(Input::Begin, Now { mono: 0, wall });
        let entered = std::iter::from_fn(|| call.poll()).find_map(|act| match act {
            Act::Enter { group, .. } => Some(group.to_string()),
            _ => None,
        });
        entered.unwrap_or_default()
    };
    // A Wednesday in Fuzhou, 10:00 and 20:00.
    let (ten, hour) = (1_639_533_600_000_000, 3_600_000_000);
    assert_eq!([entered(ten), entered(ten + 10 * hour)], ["county", "main"]);
}
