//! What the tests of calls and of their machines stand on: a small plan, a journey, and acts in words.

use super::act::{About, Act, OfferResult};
use super::input::{Input, LegEvent};
use super::journey::{Caller, Journey, Snapshot};
use super::machine::{Ending, Event, Machine, Note, Out, Said, Shown, View};
use super::order::Order;
use super::party::Parties;
use super::reach::{Reachable, Try};
use crate::clock::{Now, SECOND};
use crate::dialplan::{Class, Digits, Known, Plan, Record, Source as File};
use crate::fact::{Brief, Cause, Fact, Origin, Party, Service, Supervision, Target, Way};
use crate::id::{GroupId, LegRef, OfferId, PromptId, SeatId, TrunkId};
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

pub(super) fn journey(class: Option<Class>, service: Service) -> Journey {
    Journey {
        origin: Origin::Trunk(TrunkId::from("carrier")),
        caller: Caller { number: "13900000001".into(), ..Caller::default() },
        dialled: "12345".into(),
        title: "12345".into(),
        entry: "hotline.12345".into(),
        class,
        service,
        seat_dialled: None,
        seat_code: None,
        recall: None,
        snapshot: SNAPSHOT.clone(),
        place: 0,
        placed: false,
        max_forwards: 69,
        history: Vec::new(),
        diversions: 0,
        sought: false,
        returned: false,
        came_back: None,
        answered_at: None,
        record: Record::Always,
        secure: false,
        may_ask: service == Service::Hotline,
        early_hangup: 0,
        whisper: None,
        looped: Vec::new(),
        offerless_unreliable: false,
    }
}

pub(super) fn word(act: &Act) -> String {
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
        Act::KeepPlace { group, .. } => format!("KeepPlace {group}"),
        Act::Enter { group, class, .. } => format!("Enter {group} class {class}"),
        Act::Reserve(seat) => format!("Reserve {seat}"),
        Act::Offer(offer, OfferResult::Declined(cause)) => format!("Offer {} declined {cause:?}", offer.0),
        Act::Offer(offer, result) => format!("Offer {} {result:?}", offer.0),
        Act::SeatFree(seat) => format!("SeatFree {seat}"),
        Act::SeatQuit(seat) => format!("SeatQuit {seat}"),
        Act::SeatHeld(seat, held) => format!("SeatHeld {seat} {held}"),
        Act::Seat { order, pin } => format!("Seat {order:?}{}", if pin.is_some() { " with a PIN" } else { "" }),
        Act::Ring | Act::EarlyMedia | Act::Answer | Act::Leave | Act::Over => format!("{act:?}"),
    }
}

fn target_word(target: &Target) -> String {
    match target {
        Target::Seat(seat) => seat.to_string(),
        Target::Trunk { trunk, number } => format!("{trunk}/{number}"),
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

/// A machine's surroundings without a call.
pub(super) struct Stand {
    pub(super) journey: Journey,
    pub(super) parties: Parties,
    pub(super) served: Option<GroupId>,
    pub(super) now: Now,
    said: Said,
}

/// What a machine is told, by value.
pub(super) enum Told {
    Begin,
    Input(Input),
    Order(Order),
    Event(Event<'static>),
    /// An input, and so many seconds have passed.
    Later(u64),
}

impl Stand {
    pub(super) fn new() -> Self {
        Self {
            journey: journey(Some(Class::Hub), Service::Hotline),
            parties: Parties::new(),
            served: None,
            now: Now::default().plus(SECOND),
            said: Said::new(),
        }
    }

    /// Caller and seat 8001, leg 1, talk.
    pub(super) fn talking() -> Self {
        let mut stand = Self { served: Some("main".into()), ..Self::new() };
        stand.said.shown = Shown::Answered;
        let leg = stand.said.next_leg();
        let target = Target::Seat("8001".into());
        for act in [
            Act::Answer,
            Act::Dial { leg, target, about: About::Service },
            Act::Fact(Fact::LegAnswered { leg }),
            Act::Fact(Fact::Connected { leg }),
        ] {
            stand.parties.fold(&act, stand.now);
            stand.journey.fold(&act, stand.now);
        }
        stand
    }

    /// The agent's leg has gone.
    pub(super) fn without_agent(mut self) -> Self {
        self.parties.remove(LegRef(1));
        self
    }

    /// The caller's leg has gone.
    pub(super) fn without_caller(mut self) -> Self {
        self.parties.remove(LegRef(0));
        self
    }

    /// Tells the machine; what it says and what that means, in words.
    pub(super) fn tell(&mut self, machine: &mut dyn Machine, told: &Told) -> String {
        if let Told::Later(seconds) = told {
            self.now = self.now.plus(seconds * SECOND);
        }
        let by = "";
        let event = match told {
            Told::Begin => Event::Begin,
            Told::Input(input) => Event::Told(input),
            Told::Order(order) => Event::Order(LegRef(1), order, by),
            Told::Event(event) => *event,
            Told::Later(_) => Event::Told(&Input::Due),
        };
        let view = View { journey: &self.journey, parties: &self.parties, served: self.served.as_ref() };
        let mut out = Out::new(&mut self.said);
        let flow = machine.handle(&view, &event, self.now, &mut out);
        let notes = out.finish();
        let acts = std::mem::take(&mut self.said.acts);
        for act in &acts {
            self.parties.fold(act, self.now);
            self.journey.fold(act, self.now);
        }
        let mut words: Vec<String> = acts.iter().map(word).collect();
        for note in notes {
            if let Note::Gone(leg) = note {
                self.parties.remove(leg);
            }
            words.push(format!("({note:?})"));
        }
        words.push(format!("{flow:?}"));
        words.join("; ")
    }
}

/// How a machine gets into a state.
pub(super) type State = (&'static str, fn() -> (Stand, Box<dyn Machine>));

/// Each state × everything that can be told.
pub(super) fn table(states: &[State]) -> String {
    let told = everything();
    let mut table = String::new();
    for (name, reach) in states {
        let _ = writeln!(table, "== {name} ==");
        let mut silent = Vec::new();
        for (what, told) in &told {
            let (mut stand, mut machine) = reach();
            let said = stand.tell(machine.as_mut(), told);
            if matches!(said.as_str(), "Stay" | "Pass") {
                silent.push(*what);
            } else {
                let _ = writeln!(table, "{what:22} {said}");
            }
        }
        let _ = writeln!(table, "ignored: {}", silent.join(", "));
    }
    table
}

/// A machine after these.
pub(super) fn after(mut stand: Stand, machine: impl Machine + 'static, told: &[Told]) -> (Stand, Box<dyn Machine>) {
    let mut machine: Box<dyn Machine> = Box::new(machine);
    for told in told {
        stand.tell(machine.as_mut(), told);
    }
    (stand, machine)
}

pub(super) fn leg(n: u32, event: LegEvent) -> Told {
    Told::Input(Input::Leg(LegRef(n), event))
}

pub(super) fn offered(n: u64, seat: &str) -> Told {
    Told::Input(Input::Offered { offer: OfferId(n), seat: SeatId::from(seat) })
}

pub(super) fn reserved(seat: &str, n: u64) -> Told {
    Told::Input(Input::Reserved(SeatId::from(seat), Ok(OfferId(n))))
}

/// A line of two trunks, an emergency line of as many, or a group.
pub(super) fn line(number: &str, emergency: bool) -> Arc<Reachable> {
    let digits = Digits::parse(number).unwrap();
    let trunk = |n: u32| Try::Trunk {
        trunk: TrunkId::from(format!("emergency-{n}")),
        number: digits,
        progress: 2 * SECOND,
        timeout: 20 * SECOND,
    };
    let tries = vec![trunk(1), trunk(2)];
    Arc::new(Reachable { number: number.into(), title: "line".into(), emergency, tries })
}

/// See [`line`].
pub(super) fn people() -> Arc<Reachable> {
    let tries = vec![Try::Group { group: "main".into(), timeout: 20 * SECOND }];
    Arc::new(Reachable { number: "12345".into(), title: "people".into(), emergency: false, tries })
}

pub(super) fn reach(to: Arc<Reachable>, way: Way) -> Told {
    Told::Order(Order::Reach(to, way, Brief::default()))
}

pub(super) fn supervise(seat: &str, mode: Supervision) -> Told {
    Told::Order(Order::Supervise { seat: seat.into(), mode, who: "chief".into(), why: "why".into() })
}

/// Everything that a machine can be told.
pub(super) fn everything() -> Vec<(&'static str, Told)> {
    let mut all = from_outside();
    all.extend(from_the_call());
    all
}

fn from_outside() -> Vec<(&'static str, Told)> {
    let failed = |cause, status| LegEvent::Failed { cause, status };
    let ended = |cause| LegEvent::Ended { cause };
    let withdrawn = |n| Told::Input(Input::Withdrawn { offer: OfferId(n), cause: Cause::NoAnswer });
    vec![
        ("begin", Told::Begin),
        ("leg 1 tries", leg(1, LegEvent::Trying)),
        ("leg 1 rings", leg(1, LegEvent::Ringing)),
        ("leg 1 early", leg(1, LegEvent::EarlyMedia)),
        ("leg 1 answers", leg(1, LegEvent::Answered)),
        ("leg 1 busy", leg(1, failed(Cause::Busy, Some(486)))),
        ("leg 1 congested", leg(1, failed(Cause::Congestion, Some(503)))),
        ("leg 1 ends", leg(1, ended(Cause::Normal))),
        ("leg 1 is lost", leg(1, ended(Cause::Lost))),
        ("leg 2 rings", leg(2, LegEvent::Ringing)),
        ("leg 2 early", leg(2, LegEvent::EarlyMedia)),
        ("leg 2 answers", leg(2, LegEvent::Answered)),
        ("leg 2 busy", leg(2, failed(Cause::Busy, Some(486)))),
        ("leg 2 congested", leg(2, failed(Cause::Congestion, Some(503)))),
        ("leg 2 ends", leg(2, ended(Cause::Normal))),
        ("leg 9 answers", leg(9, LegEvent::Answered)),
        ("play 1 of leg 0 ends", Told::Input(Input::PlayFinished(LegRef(0), PlayId(1)))),
        ("play 1 of leg 2 ends", Told::Input(Input::PlayFinished(LegRef(2), PlayId(1)))),
        ("play 9 of leg 0 ends", Told::Input(Input::PlayFinished(LegRef(0), PlayId(9)))),
        ("queued", Told::Input(Input::Queued("main".into()))),
        ("8003 is offered", offered(9, "8003")),
        ("offer 7 withdrawn", withdrawn(7)),
        ("offer 9 withdrawn", withdrawn(9)),
        ("overflowed", Told::Input(Input::Overflowed { group: "main".into(), cause: Cause::WaitedLong, place: 0 })),
        ("position 3", Told::Input(Input::Position { position: 3, wait: None })),
        ("8001 reserved", reserved("8001", 9)),
        ("8001 busy", Told::Input(Input::Reserved("8001".into(), Err(Cause::Busy)))),
        ("8049 reserved", reserved("8049", 9)),
        ("8049 busy", Told::Input(Input::Reserved("8049".into(), Err(Cause::Busy)))),
        ("refused", Told::Input(Input::Refused)),
        ("key 1 of leg 0", Told::Input(Input::Key(LegRef(0), '1'))),
        ("key # of leg 0", Told::Input(Input::Key(LegRef(0), '#'))),
        ("seat order done", Told::Input(Input::SeatOrdered(Ok(())))),
        ("2 s later", Told::Later(2)),
        ("30 s later", Told::Later(30)),
        ("60 s later", Told::Later(60)),
    ]
}

fn from_the_call() -> Vec<(&'static str, Told)> {
    const BY_SWITCH: &Ending = &Ending { by: Party::Switch, cause: Cause::Shed, caller_left: false };
    const BY_CALLER: &Ending = &Ending { by: Party::Caller, cause: Cause::Normal, caller_left: true };
    let (order, event) = (Told::Order, Told::Event);
    vec![
        ("order reach", reach(line("12366", false), Way::ThreeWay)),
        ("order leave", order(Order::Leave)),
        ("order cancel", order(Order::Cancel)),
        ("order swap", order(Order::Swap)),
        ("order together", order(Order::Together)),
        ("order back", order(Order::Back)),
        ("order record", order(Order::Record)),
        ("order pause", order(Order::Pause(true, "card".into()))),
        ("order continue", order(Order::Pause(false, String::new()))),
        ("8049 listens", supervise("8049", Supervision::Listen)),
        ("8049 barges", supervise("8049", Supervision::Barge)),
        ("8049 takes over", supervise("8049", Supervision::TakeOver)),
        ("8048 listens", supervise("8048", Supervision::Listen)),
        ("dismiss", order(Order::Dismiss)),
        ("agent left", event(Event::AgentLeft)),
        ("somebody connected", event(Event::Connected)),
        ("leg 2 replaced", event(Event::Replaced(LegRef(2), LegRef(7)))),
        ("missed", event(Event::Missed(Cause::Busy))),
        ("picked up", event(Event::PickedUp)),
        ("served, never", event(Event::Served(Record::Never))),
        ("served, on demand", event(Event::Served(Record::OnDemand))),
        ("requeued", event(Event::Requeued)),
        ("caller left", event(Event::CallerLeft(Cause::Normal))),
        ("the switch ends it", event(Event::End(BY_SWITCH))),
        ("the caller ended it", event(Event::End(BY_CALLER))),
    ]
}
