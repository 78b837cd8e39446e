//! The operating floor: a decision with 5,000 seats and 10,000 waiting calls takes 5 µs at most.

use crate::line;
use std::collections::BTreeMap;
use std::time::Instant;
use switchboard::acd::{Floor, Group, Input, Membership, Output, Plan, Position, Strategy};
use switchboard::clock::Now;
use switchboard::id::{AgentId, CallRef, GroupId, OfferId, SeatId, SkillId};

const SEATS: u64 = 5_000;
const WAITING: u64 = 10_000;
const DECISIONS: u64 = 100_000;
/// µs.
const BUDGET: f64 = 5.0;

struct Hall {
    floor: Floor,
    now: Now,
    calls: u64,
    /// Who talks with whom, oldest first.
    talks: std::collections::VecDeque<(SeatId, CallRef)>,
}

impl Hall {
    fn new(strategy: Strategy) -> Self {
        let mut plan = Plan::default();
        plan.groups.insert("main".into(), Group { strategy, ..Group::default() });
        let groups: BTreeMap<GroupId, Membership> = [(GroupId::from("main"), Membership::default())].into();
        for n in 0..SEATS {
            // Every fourth seat is trained, at five levels in turn.
            let level = u8::try_from(1 + n / 4 % 5).unwrap();
            let skills = if n % 4 == 0 { [(SkillId::from("tax"), level)].into() } else { BTreeMap::new() };
            plan.seats.insert(SeatId::from(format!("{n:05}")), Position { groups: groups.clone(), skills });
        }
        let now = Now { mono: 0, wall: 1_639_533_600_000_000 };
        let mut floor = Floor::new(plan.clone(), now);
        for (n, seat) in plan.seats.keys().enumerate() {
            let agent = AgentId::from(format!("a{n}"));
            for input in [
                Input::Register { seat: seat.clone() },
                Input::SignIn { seat: seat.clone(), agent },
                Input::Ready { seat: seat.clone() },
            ] {
                floor.handle(input, now);
            }
        }
        while floor.poll().is_some() {}
        Self { floor, now, calls: 0, talks: std::collections::VecDeque::new() }
    }

    fn enters(&mut self) -> Option<(OfferId, CallRef, SeatId)> {
        self.calls += 1;
        self.now = self.now.plus(10);
        let skill = self.calls.is_multiple_of(8).then(|| SkillId::from("tax"));
        let (call, group, place) = (CallRef(self.calls), GroupId::from("main"), self.now.wall);
        let level = u8::try_from(1 + self.calls % 3).unwrap();
        self.floor.handle(
            Input::Enter(switchboard::acd::Entry { call, group, class: 2, place, skill, level, sticky: None }),
            self.now,
        );
        self.offer()
    }

    fn offer(&mut self) -> Option<(OfferId, CallRef, SeatId)> {
        let mut found = None;
        while let Some(output) = self.floor.poll() {
            if let Output::Offer { id, call, seat, .. } = output {
                found = Some((id, call, seat));
            }
        }
        found
    }

    fn accepts(&mut self, (offer, call, seat): (OfferId, CallRef, SeatId)) {
        self.floor.handle(Input::Accepted { offer }, self.now);
        self.talks.push_back((seat, call));
        while self.floor.poll().is_some() {}
    }
}

#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
pub fn run() {
    for (name, strategy) in [
        ("longest idle", Strategy::LongestIdle),
        ("round robin", Strategy::RoundRobin),
        ("best skilled", Strategy::BestSkilled),
        ("random", Strategy::Random),
    ] {
        let mut hall = Hall::new(strategy);
        // Calls come to free seats until all talk, then the line grows.
        let began = Instant::now();
        for _ in 0..SEATS {
            if let Some(offer) = hall.enters() {
                hall.accepts(offer);
            }
        }
        let free = began.elapsed();
        for _ in 0..WAITING {
            if let Some(offer) = hall.enters() {
                hall.accepts(offer);
            }
        }
        let mut decided = 0u64;
        let mut spent = std::time::Duration::ZERO;
        for _ in 0..DECISIONS {
            let Some((seat, call)) = hall.talks.pop_front() else { break };
            hall.now = hall.now.plus(1_000);
            let began = Instant::now();
            hall.floor.handle(Input::TalkEnded { seat, call }, hall.now);
            let offer = hall.offer();
            spent += began.elapsed();
            if let Some(offer) = offer {
                decided += 1;
                hall.accepts(offer);
            }
            // Another one comes, so that as many wait.
            if let Some(offer) = hall.enters() {
                hall.accepts(offer);
            }
        }
        let micros = |d: std::time::Duration, n: u64| d.as_secs_f64() * 1e6 / n as f64;
        let what = format!("{name}: a seat is free, 10,000 wait: who gets it");
        if decided < DECISIONS / 2 {
            crate::no_figure(&what, "too few decisions");
            continue;
        }
        line(&what, micros(spent, DECISIONS), "µs", Some(BUDGET));
        line(&format!("{name}: a call comes to 5,000 free seats, offer and answer"), micros(free, SEATS), "µs", None);
    }
}
