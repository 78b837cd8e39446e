//! The call whole: each stage × everything it can be told, and what it then wants.

use super::{Act, Call, Caller, Input, Journey, LegEvent, OfferResult, Order, Reachable, Script, Snapshot, Try};
use crate::clock::{Now, SECOND};
use crate::dialplan::{Class, Digits, Known, Plan, Source as File, Step};
use crate::fact::{Brief, Cause, Fact, Origin, Service, Supervision, Way};
use crate::id::{CallRef, GroupId, LegRef, OfferId, PromptId, SeatId, TrunkId};
use crate::patch::topology::Hears;
use crate::patch::{Clip, PlayId, Source};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};

const PLAN: &str = r#"
[city]
name = "福州市"
country = "86"
area = "0591"
subscriber = 8
timezone = "Asia/Shanghai"
issued = 2021-11-08
deadline = 2021-11-30

[hotline.12345]
title = "12345"
owner = "12345"
class = "hub"
group = "main"

[group.main]
title = "12345 坐席"
hours = "7x24"
ring = "8s"
wrap_up = "30s"
welcome = "waiting"
waiting = "music/hold"
position_every = "30s"
max_wait = "10m"
max_size = 500
overflow = ["prompt:busy", "release:486"]
trusted = true

[group.county]
title = "县级坐席"
hours = { calendar = "cn", from = 08:30, to = 17:30 }
overflow = "group:main"

[calendar.cn]

[emergency]
trunks = ["emergency-1", "emergency-2"]
progress = "2s"

[trunk.emergency-1]
title = "一"
role = "emergency"

[trunk.emergency-2]
title = "二"
role = "emergency"
"#;

static SNAPSHOT: LazyLock<Arc<Snapshot>> = LazyLock::new(|| {
    let file = File { file: "city.toml".into(), text: PLAN.into() };
    let (plan, _) = Plan::load(&[file], &Known::default()).unwrap_or_else(|e| panic!("{e:#?}"));
    let clip = |name: &str| {
        let id = PromptId::from(name);
        (id.clone(), Clip { name: id, alaw: vec![0xd5; 8000].into() })
    };
    let prompts: BTreeMap<_, _> = ["cancelled", "waiting", "busy", "music/hold"].map(clip).into();
    Arc::new(Snapshot { plan: Arc::new(plan), prompts })
});

fn journey(class: Option<Class>, service: Service) -> Journey {
    Journey {
        origin: Origin::Trunk(TrunkId::from("carrier")),
        caller: Caller { number: "13900000001".into(), ..Caller::default() },
        dialled: "12345".into(),
        title: "12345".into(),
        entry: "hotline.12345".into(),
        class,
        service,
        seat_dialled: None,
        snapshot: SNAPSHOT.clone(),
        place: 0,
        max_forwards: 69,
        history: Vec::new(),
        diversions: 0,
        sought: false,
        returned: false,
        came_back: None,
        answered_at: None,
        record: crate::dialplan::Record::Always,
        whisper: None,
        looped: Vec::new(),
        offerless_unreliable: false,
    }
}

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

fn word(act: &Act) -> String {
    match act {
        Act::Fact(fact) => fact_word(fact),
        Act::Topology(topology) => {
            let rows = topology.rows().map(|(leg, hears)| {
                let what = match hears {
                    Hears::Leg(other) => format!("leg {}", other.0),
                    Hears::Source(Source::Nothing) => "nothing".into(),
                    Hears::Source(Source::Tone(tone)) => format!("{tone:?}"),
                    Hears::Source(Source::Play { clips, repeat, .. }) => {
                        format!("{}{}", clips[0].name, if *repeat { " again and again" } else { "" })
                    }
                    Hears::Mix { speakers, .. } => {
                        let names: Vec<_> = speakers.iter().map(|s| format!("leg {}", s.leg.0)).collect();
                        names.join(" and ")
                    }
                    Hears::Source(Source::Port(..) | Source::Mix { .. }) => "a port".into(),
                };
                format!("{} hears {what}", leg.0)
            });
            format!("patch({})", rows.collect::<Vec<_>>().join(", "))
        }
        Act::Reject { status, q850 } => format!("Reject {status}/{q850}"),
        Act::Dial { leg, target, .. } => format!("Dial {} {}", leg.0, target_word(target)),
        Act::HangUp { leg, cause } => format!("HangUp {} {cause:?}", leg.0),
        Act::Enter { group, class, .. } => format!("Enter {group} class {class}"),
        Act::Reserve(seat) => format!("Reserve {seat}"),
        Act::Offer(offer, OfferResult::Declined(cause)) => format!("Offer {} declined {cause:?}", offer.0),
        Act::Offer(offer, result) => format!("Offer {} {result:?}", offer.0),
        Act::SeatFree(seat) => format!("SeatFree {seat}"),
        Act::SeatHeld(seat, held) => format!("SeatHeld {seat} {held}"),
        Act::Ring | Act::EarlyMedia | Act::Answer | Act::Leave | Act::Over => format!("{act:?}"),
    }
}

fn target_word(target: &crate::fact::Target) -> String {
    match target {
        crate::fact::Target::Seat(seat) => seat.to_string(),
        crate::fact::Target::Trunk { trunk, number } => format!("{trunk}/{number}"),
    }
}

fn fact_word(fact: &Fact) -> String {
    match fact {
        Fact::CallEnded { outcome, by, cause, status } => {
            let status = status.map_or(String::new(), |s| format!(" {s}"));
            format!("<{outcome:?} by {by:?}, {cause:?}{status}>")
        }
        Fact::LegFailed { leg, cause, status } => {
            let status = status.map_or(String::new(), |s| format!(" {s}"));
            format!("<leg {} failed {cause:?}{status}>", leg.0)
        }
        Fact::LegEnded { leg, by, cause } => format!("<leg {} ended by {by:?}, {cause:?}>", leg.0),
        other => {
            let text = format!("{other:?}");
            format!("<{}>", text.split([' ', '{', '(']).next().unwrap_or_default())
        }
    }
}

fn drain(call: &mut Call) -> String {
    let acts: Vec<String> = std::iter::from_fn(|| call.poll()).map(|act| word(&act)).collect();
    if acts.is_empty() { "-".into() } else { acts.join("; ") }
}

type Reach = fn() -> (Call, Now);

fn begun(mut call: Call, inputs: &[Input]) -> (Call, Now) {
    let now = Now::default().plus(SECOND);
    call.handle(Input::Begin, now);
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
    ("three-way, a group is asked", || ordered(people(), Way::ThreeWay, &[])),
    ("three-way, a seat of a group rings", || ordered(people(), Way::ThreeWay, &[offered(9, "8003")])),
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
        call.supervise(&"8049".into(), Supervision::Listen, "chief", "why").unwrap();
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

fn line(emergency: bool) -> Reachable {
    let number = Digits::parse(if emergency { "119" } else { "12366" }).unwrap();
    let trunk = |n: u32| Try::Trunk {
        trunk: TrunkId::from(format!("emergency-{n}")),
        number,
        progress: 2 * SECOND,
        timeout: 20 * SECOND,
    };
    Reachable { number: number.to_string(), title: "line".into(), emergency, tries: vec![trunk(1), trunk(2)] }
}

fn people() -> Reachable {
    let tries = vec![Try::Group { group: "main".into(), timeout: 20 * SECOND }];
    Reachable { number: "12345".into(), title: "people".into(), emergency: false, tries }
}

/// The agent of a talk has brought somebody in, or tried to.
fn ordered(to: Reachable, way: Way, inputs: &[Input]) -> (Call, Now) {
    let (mut call, now) = talking();
    call.order(LegRef(1), Order::Reach(Arc::new(to), way, Brief::default()), "", now).unwrap();
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
