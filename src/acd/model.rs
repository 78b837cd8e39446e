//! A naive floor that knows only what was said aloud, and holds the real one against the two promises after every random input.
//!
//! Replay one seed with `ACD_SEED=<seed> cargo nextest run acd::model`.

use super::*;
use crate::clock::{MILLI, Now, SECOND};
use std::collections::{BTreeMap, BTreeSet};

pub(super) const SEATS: u64 = 9;
const GROUPS: [&str; 4] = ["kept.12348", "main", "night", "team"];
const SKILLS: [&str; 2] = ["social", "tax"];

pub(super) const STRATEGIES: [Strategy; 9] = [
    Strategy::LongestIdle,
    Strategy::RingAll,
    Strategy::Linear,
    Strategy::FewestSkills,
    Strategy::BestSkilled,
    Strategy::RoundRobin,
    Strategy::FewestCalls,
    Strategy::LeastTalk,
    Strategy::Random,
];

pub(super) struct Rng(pub(super) u64);

impl Rng {
    /// SplitMix64.
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    pub(super) fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
    pub(super) fn once_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
    pub(super) fn pick<T: Clone>(&mut self, from: &[T]) -> Option<T> {
        (!from.is_empty()).then(|| from[usize::try_from(self.below(from.len() as u64)).unwrap()].clone())
    }
}

pub(super) struct Call {
    pub(super) entry: Entry,
    entered: u64,
    /// What is asked for by now.
    ask: Option<(SkillId, u8)>,
    offers: BTreeSet<OfferId>,
    cooled: BTreeMap<SeatId, u64>,
}

pub(super) struct Rung {
    pub(super) call: CallRef,
    pub(super) seat: SeatId,
    group: Option<GroupId>,
    deadline: u64,
}

pub(super) struct Model {
    pub(super) floor: Floor,
    plan: Plan,
    pub(super) now: Now,
    seats: BTreeMap<SeatId, SeatState>,
    rested: BTreeMap<SeatId, u64>,
    pub(super) calls: BTreeMap<CallRef, Call>,
    pub(super) offers: BTreeMap<OfferId, Rung>,
    talks: Vec<(SeatId, CallRef)>,
    pub(super) sent_on: Vec<Entry>,
    old_offers: Vec<OfferId>,
    trace: Vec<String>,
    assigned: u32,
}

pub(super) fn random_plan(rng: &mut Rng) -> Plan {
    let mut plan = Plan::default();
    plan.settings.cool_down = (1 + rng.below(4)) * SECOND;
    plan.settings.held_limit = rng.below(2) * 20 * SECOND;
    plan.settings.no_answer_limit = u32::try_from(rng.below(2) * 3).unwrap();
    plan.settings.no_answer_rest = rng.below(2) * 20 * SECOND;
    plan.settings.long_wrap_up = 15 * SECOND;
    plan.settings.seed = rng.below(u64::MAX);
    for id in GROUPS {
        if rng.once_in(12) {
            continue;
        }
        let group = Group {
            strategy: if rng.once_in(2) { Strategy::LongestIdle } else { rng.pick(&STRATEGIES).unwrap() },
            ring_time: (3 + rng.below(9)) * SECOND,
            wrap_up: rng.below(3) * 5 * SECOND,
            weight: u32::try_from(1 + rng.below(2)).unwrap(),
            tier_delays: (0..rng.below(3)).map(|t| t * 4 * SECOND).collect(),
            skill_wait: rng.once_in(2).then(|| rng.below(3) * 5 * SECOND),
            max_wait: rng.once_in(2).then(|| rng.below(3) * 10 * SECOND),
            max_size: rng.once_in(3).then(|| usize::try_from(rng.below(4)).unwrap()),
            max_estimate: None,
            on_no_seats: rng.once_in(2),
            announce: rng.once_in(2).then_some(Announce { first: 5 * SECOND, every: 15 * SECOND }),
        };
        plan.groups.insert(GroupId::from(id), group);
    }
    for n in 0..SEATS {
        if rng.once_in(10) {
            continue;
        }
        plan.seats.insert(seat_id(n), random_position(rng));
        if rng.once_in(2) {
            plan.agents.insert(AgentId::from(format!("a{n}")), random_position(rng));
        }
    }
    plan
}

pub(super) fn random_position(rng: &mut Rng) -> Position {
    let mut position = Position::default();
    for id in GROUPS {
        if rng.once_in(2) {
            let member =
                Membership { tier: u8::try_from(rng.below(3)).unwrap(), order: u32::try_from(rng.below(5)).unwrap() };
            position.groups.insert(GroupId::from(id), member);
        }
    }
    for skill in SKILLS {
        if rng.once_in(2) {
            position.skills.insert(SkillId::from(skill), u8::try_from(1 + rng.below(3)).unwrap());
        }
    }
    position
}

pub(super) fn seat_id(n: u64) -> SeatId {
    SeatId::from(format!("80{n:02}"))
}

impl Model {
    fn new(rng: &mut Rng) -> Self {
        Self::of(random_plan(rng))
    }

    /// A hall with this plan, everybody ready.
    pub(super) fn of(plan: Plan) -> Self {
        let now = Now { mono: SECOND, wall: 1_639_533_600_000_000 };
        let mut model = Self {
            floor: Floor::new(plan.clone(), now),
            plan,
            now,
            seats: BTreeMap::new(),
            rested: BTreeMap::new(),
            calls: BTreeMap::new(),
            offers: BTreeMap::new(),
            talks: Vec::new(),
            sent_on: Vec::new(),
            old_offers: Vec::new(),
            trace: Vec::new(),
            assigned: 0,
        };
        model.know_seats();
        for n in 0..SEATS {
            model.tell(Input::Register { seat: seat_id(n) });
            model.tell(Input::SignIn { seat: seat_id(n), agent: AgentId::from(format!("a{n}")) });
            model.tell(Input::Ready { seat: seat_id(n) });
        }
        model
    }

    fn know_seats(&mut self) {
        let fresh =
            SeatState { signed_in: false, reachable: false, work: Work::NotReady(Reason::SignedOut), pending: None };
        for seat in self.plan.seats.keys() {
            self.seats.entry(seat.clone()).or_insert_with(|| fresh.clone());
        }
    }

    fn eligible(&self, call: &Call, seat: &SeatId) -> bool {
        let Some(group) = self.plan.groups.get(&call.entry.group) else { return false };
        let Some(position) = self.position(seat) else { return false };
        let Some(member) = position.groups.get(&call.entry.group) else { return false };
        let waited = self.now.mono - call.entered;
        let open = match usize::from(member.tier) {
            0 => true,
            tier => group.tier_delays.get(tier - 1).is_some_and(|delay| waited >= *delay),
        };
        let level = |skill| position.skills.get(skill).copied().unwrap_or(0);
        let skilled = call.ask.as_ref().is_none_or(|(skill, least)| level(skill) >= *least);
        let cool = call.cooled.get(seat).is_some_and(|at| *at > self.now.mono);
        open && skilled && !cool
    }

    /// What is served at a seat: by who sits there, if that is a person of the plan, else by the seat.
    fn position(&self, seat: &SeatId) -> Option<Position> {
        let own = self.plan.seats.get(seat)?.clone();
        let agent = self.floor.seat(seat).and_then(|v| v.agent);
        let person = agent.and_then(|agent| self.plan.agents.get(agent)).cloned();
        Some(person.map_or(own.clone(), |p| if p.groups.is_empty() { Position { skills: p.skills, ..own } } else { p }))
    }

    fn may_ring(&self, call: &Call) -> bool {
        let all = self.plan.groups.get(&call.entry.group).is_some_and(|g| g.strategy == Strategy::RingAll);
        call.offers.is_empty() || all
    }

    fn available(&self, seat: &SeatId) -> bool {
        let ready = |s: &SeatState| s.signed_in && s.reachable && s.work == Work::Ready;
        self.seats.get(seat).is_some_and(ready) && self.rested.get(seat).is_none_or(|at| *at <= self.now.mono)
    }

    fn score(&self, call: &Call) -> (u8, i128, i64, CallRef) {
        let weight = self.plan.groups.get(&call.entry.group).map_or(1, |g| g.weight);
        let waited = i128::from(self.now.wall) - i128::from(call.entry.place);
        (call.entry.class, -waited * i128::from(weight), call.entry.place, call.entry.call)
    }

    pub(super) fn tell(&mut self, input: Input) {
        self.trace.push(format!("{} {input:?}", self.now.mono));
        self.expect(&input);
        self.floor.handle(input, self.now);
        self.drain();
        let (floor, plan) = (&self.floor, &self.plan);
        self.seats.retain(|seat, _| plan.seats.contains_key(seat) || floor.seat(seat).is_some());
        self.rested.retain(|seat, _| plan.seats.contains_key(seat));
        self.check();
    }

    /// What the input alone says about the model.
    fn expect(&mut self, input: &Input) {
        for call in self.calls.values_mut() {
            let group = self.plan.groups.get(&call.entry.group);
            // What has been taken back stays so, also where another plan takes longer.
            while let Some((skill, level)) = call.ask.clone()
                && let Some(wait) = group.and_then(|g| g.skill_wait)
                && call.entered + wait * u64::from(call.entry.level - level + 1) <= self.now.mono
            {
                call.ask = (level > 1).then(|| (skill, level - 1));
            }
        }
        match input {
            Input::SetPlan(plan) => {
                self.plan = (**plan).clone();
                self.know_seats();
                self.expect(&Input::Tick);
            }
            Input::Enter(entry) => {
                let same = self.calls.get(&entry.call).is_some_and(|c| c.entry.group == entry.group);
                if !same {
                    let call = Call {
                        entry: entry.clone(),
                        entered: self.now.mono,
                        ask: entry.skill.clone().map(|skill| (skill, entry.level)),
                        offers: BTreeSet::new(),
                        cooled: BTreeMap::new(),
                    };
                    self.calls.insert(entry.call, call);
                    self.expect(&Input::Tick);
                }
            }
            Input::Leave { call } => {
                self.calls.remove(call);
            }
            Input::Accepted { offer } => {
                if let Some(rung) = self.offers.remove(offer) {
                    self.calls.remove(&rung.call);
                    self.talks.push((rung.seat, rung.call));
                    self.assigned += 1;
                }
            }
            Input::Declined { offer, cause } => {
                if let Some(rung) = self.offers.remove(offer) {
                    self.cool(*offer, &rung);
                    if rung.group.is_some() && *cause != Cause::NoAnswer {
                        self.rested.insert(rung.seat, self.now.mono + self.plan.settings.cool_down);
                    }
                }
            }
            Input::Quit { seat, call } if self.floor.seat(seat).is_some_and(|v| v.calls.contains(call)) => {
                self.rested.insert(seat.clone(), self.now.mono + self.plan.settings.cool_down);
            }
            _ => {}
        }
    }

    fn cool(&mut self, id: OfferId, rung: &Rung) {
        if let Some(call) = self.calls.get_mut(&rung.call) {
            call.offers.remove(&id);
            call.cooled.insert(rung.seat.clone(), self.now.mono + self.plan.settings.cool_down);
        }
    }

    fn drain(&mut self) {
        let mut reserved_from = None;
        while let Some(output) = self.floor.poll() {
            self.trace.push(format!("    {output:?}"));
            match output {
                Output::SeatChanged { seat, from, to, .. } => {
                    if to.work == Work::Reserved && from.work != Work::Reserved {
                        reserved_from = Some((seat.clone(), self.available(&seat)));
                    }
                    let before = self.seats.insert(seat.clone(), to);
                    assert_eq!(before, Some(from), "states of {seat} follow each other");
                }
                Output::Offer { id, call, seat, group, deadline } => {
                    assert_eq!(
                        reserved_from.take(),
                        Some((seat.clone(), true)),
                        "a ready seat was reserved for the offer"
                    );
                    self.offered(id, Rung { call, seat, group: Some(group), deadline });
                }
                Output::Withdraw { id, call, seat, cause } => {
                    let rung = self.offers.remove(&id).expect("a withdrawn offer was out");
                    assert_eq!((rung.call, &rung.seat), (call, &seat));
                    self.old_offers.push(id);
                    if cause == Cause::NoAnswer {
                        assert!(rung.deadline <= self.now.mono, "it rang its time");
                        self.cool(id, &rung);
                    } else if let Some(call) = self.calls.get_mut(&call) {
                        call.offers.remove(&id);
                    }
                }
                Output::Overflow { call, group, place, why } => {
                    let waiting = self.calls.remove(&call).expect("an overflowed call waited");
                    assert_eq!((&waiting.entry.group, waiting.entry.place), (&group, place));
                    assert!(waiting.offers.is_empty(), "its offers were withdrawn before: {why:?}");
                    self.sent_on.push(waiting.entry);
                }
                Output::Position { call, position, .. } => {
                    let mine = &self.calls[&call];
                    let rank = |c: &Call| (c.entry.class, c.entry.place, c.entry.call);
                    let ahead =
                        self.calls.values().filter(|c| c.entry.group == mine.entry.group && rank(c) < rank(mine));
                    assert_eq!(position as usize, ahead.count() + 1);
                }
                Output::Queued { call, .. } => assert!(self.calls.contains_key(&call)),
                Output::HoldExpired { seat, .. } => assert_eq!(self.seats[&seat].work, Work::Talking),
            }
        }
    }

    /// Second promise, and one offer at a time.
    fn offered(&mut self, id: OfferId, rung: Rung) {
        let call = self.calls.get(&rung.call).expect("the call waits");
        assert!(self.may_ring(call), "one outstanding offer unless ring-all");
        assert!(
            self.eligible(call, &rung.seat),
            "offered to an eligible seat: {:?} {:?}",
            self.plan.groups.get(&call.entry.group),
            self.position(&rung.seat)
        );
        assert!(self.offers.values().all(|o| o.seat != rung.seat), "one offer a seat");
        assert!(rung.deadline > self.now.mono);
        for other in self.calls.values().filter(|c| self.may_ring(c) && self.eligible(c, &rung.seat)) {
            assert!(self.score(call) <= self.score(other), "{} stood before {}", other.entry.call, call.entry.call);
        }
        self.check_turn(call, &rung.seat);
        if let Some(call) = self.calls.get_mut(&rung.call) {
            call.offers.insert(id);
        }
        self.offers.insert(id, rung);
    }

    /// Nobody who has never had the call and whose turn is earlier was passed over.
    fn check_turn(&self, call: &Call, chosen: &SeatId) {
        let group = &call.entry.group;
        let sticky = call.entry.sticky.as_ref().and_then(|agent| self.floor.seat_of(agent)) == Some(chosen);
        if sticky && call.cooled.is_empty() {
            return;
        }
        let turn = |seat: &SeatId| {
            let position = self.position(seat).unwrap();
            let view = self.floor.seat(seat).unwrap();
            let idle = view.idle_since;
            let skills = position.skills.len() as u64;
            let member = position.groups[group];
            let order = match self.plan.groups[group].strategy {
                Strategy::LongestIdle => (idle, skills),
                Strategy::Linear => (u64::from(member.order), idle),
                Strategy::FewestSkills => (skills, idle),
                Strategy::BestSkilled => {
                    let level = call.ask.as_ref().map_or(0, |(skill, _)| position.skills[skill]);
                    (255 - u64::from(level), idle)
                }
                Strategy::FewestCalls => (view.answered, idle),
                Strategy::LeastTalk => (view.talked, idle),
                Strategy::RingAll | Strategy::RoundRobin | Strategy::Random => (0, 0),
            };
            (member.tier, order)
        };
        let others = self.plan.seats.keys().filter(|s| self.available(s) && self.eligible(call, s));
        for other in others.filter(|s| !call.cooled.contains_key(*s)) {
            assert!(turn(chosen) <= turn(other), "{other} was before {chosen}");
        }
    }

    /// First promise, and that both know the same.
    fn check(&self) {
        for call in self.calls.values().filter(|c| self.may_ring(c)) {
            for seat in self.plan.seats.keys() {
                assert!(
                    !(self.available(seat) && self.eligible(call, seat)),
                    "{} waits while {seat} is ready",
                    call.entry.call
                );
            }
        }
        for (id, rung) in &self.offers {
            assert!(self.floor.is_live(*id) && rung.deadline > self.now.mono);
            if rung.group.is_some() {
                assert!(self.calls[&rung.call].offers.contains(id));
            }
        }
        for group in GROUPS.map(GroupId::from) {
            let mut line: Vec<_> = self.calls.values().filter(|c| c.entry.group == group).collect();
            line.sort_by_key(|c| (c.entry.class, c.entry.place, c.entry.call));
            assert!(self.floor.waiting(&group).eq(line.iter().map(|c| c.entry.call)), "the line of {group}");
            let serves = |(seat, state): (&SeatId, &SeatState)| {
                let member = self.position(seat).is_some_and(|p| p.groups.contains_key(&group));
                member && state.signed_in && state.reachable
            };
            let deserted = match self.plan.groups.get(&group) {
                None => true,
                Some(plan) => plan.on_no_seats && !self.seats.iter().any(serves),
            };
            assert!(!deserted || line.iter().all(|c| !c.offers.is_empty()), "nobody waits where nobody can come");
        }
        for (seat, view) in self.floor.seats() {
            assert_eq!(self.seats.get(seat), Some(&view.state));
        }
        assert!(
            self.floor.deadline().is_none_or(|at| at > self.now.mono),
            "nothing stays due: {:?}",
            self.floor.timers
        );
    }

    fn pass(&mut self, micros: u64) {
        self.now = self.now.plus(micros);
        self.tell(Input::Tick);
    }

    fn step(&mut self, rng: &mut Rng, fresh: &mut u64) {
        match rng.below(4) {
            0 => self.pass(rng.below(4 * SECOND)),
            1 => {
                let due = self.floor.deadline().map_or(MILLI, |at| at - self.now.mono);
                self.pass(due.min(10 * SECOND));
            }
            _ => {}
        }
        let seat = seat_id(rng.below(SEATS));
        let offers: Vec<_> = self.offers.keys().copied().collect();
        let calls: Vec<_> = self.calls.keys().copied().collect();
        let offer = if rng.once_in(10) { rng.pick(&self.old_offers) } else { rng.pick(&offers) };
        let talk = rng.pick(&self.talks);
        let causes = [Cause::Busy, Cause::Rejected, Cause::Unreachable, Cause::NoAnswer];
        let input = match rng.below(40) {
            0..=8 => Some(Input::Enter(self.random_entry(rng, fresh))),
            9..=11 => rng.pick(&calls).map(|call| Input::Leave { call }),
            12..=14 => offer.map(|offer| Input::Ringing { offer }),
            15..=20 => offer.map(|offer| Input::Accepted { offer }),
            21..=22 => offer.map(|offer| Input::Declined { offer, cause: rng.pick(&causes).unwrap() }),
            23..=26 => talk.map(|(seat, call)| Input::TalkEnded { seat, call }),
            27 => talk.map(|(seat, call)| Input::Quit { seat, call }),
            28 => talk.map(|(seat, call)| Input::Held { seat, call, held: rng.once_in(2) }),
            29 if rng.once_in(2) => Some(Input::Lost { seat, cause: Cause::Lost }),
            30 if rng.once_in(2) => Some(Input::SignOut { seat }),
            29..=30 => Some(Input::Register { seat }),
            31 => Some(Input::SignIn { seat, agent: AgentId::from(format!("a{}", rng.below(SEATS))) }),
            32..=33 => {
                self.tell(Input::Register { seat: seat.clone() });
                let agent = AgentId::from(format!("a{seat}"));
                Some(Input::SignIn { seat, agent })
            }
            34..=36 => Some(Input::Ready { seat }),
            37 if rng.once_in(2) => Some(Input::WrapUp { seat }),
            37 => Some(Input::NotReady { seat, reason: Reason::Break }),
            38 => self.direct(rng, seat, fresh),
            _ => rng.once_in(6).then(|| Input::SetPlan(Box::new(random_plan(rng)))),
        };
        if let Some(input) = input {
            self.tell(input);
        }
    }

    fn random_entry(&mut self, rng: &mut Rng, fresh: &mut u64) -> Entry {
        if rng.once_in(3)
            && let Some(mut entry) = self.sent_on.pop()
        {
            entry.group = GroupId::from("main");
            return entry;
        }
        *fresh += 1;
        Entry {
            call: CallRef(*fresh),
            group: GroupId::from(rng.pick(&GROUPS).unwrap()),
            class: u8::try_from(rng.below(5) / 4).unwrap(),
            place: self.now.wall - i64::try_from(rng.below(3) * SECOND).unwrap(),
            skill: rng.once_in(3).then(|| SkillId::from(rng.pick(&SKILLS).unwrap())),
            level: u8::try_from(1 + rng.below(3)).unwrap(),
            sticky: rng.once_in(4).then(|| AgentId::from(format!("a{}", rng.below(SEATS)))),
        }
    }

    /// A call that is dialled directly, or that the seat makes itself.
    fn direct(&mut self, rng: &mut Rng, seat: SeatId, fresh: &mut u64) -> Option<Input> {
        *fresh += 1;
        let call = CallRef(*fresh);
        if rng.once_in(2) {
            if self.plan.seats.contains_key(&seat) {
                self.talks.push((seat.clone(), call));
            }
            return Some(Input::Occupy { seat, call });
        }
        let before = self.seats.get(&seat).cloned();
        let reserved = self.floor.reserve(&seat, call, self.now);
        self.trace.push(format!("{} reserve {seat} {call} = {reserved:?}", self.now.mono));
        if let Ok(id) = reserved {
            let free = matches!(before.map(|s| s.work), Some(Work::Ready | Work::NotReady(_) | Work::WrapUp));
            assert!(free, "only a seat between calls can be reserved");
            let deadline = self.now.mono + self.plan.settings.direct_limit;
            self.offers.insert(id, Rung { call, seat, group: None, deadline });
        }
        self.drain();
        self.check();
        None
    }
}

/// Prints how to replay when a step fails.
pub(super) struct Confession<'a>(pub(super) u64, pub(super) &'a mut Model);

impl Drop for Confession<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let from = self.1.trace.len().saturating_sub(40);
            eprintln!("replay with ACD_SEED={}; the end of its trace:\n{}", self.0, self.1.trace[from..].join("\n"));
        }
    }
}

fn run(seed: u64, steps: u32) -> u32 {
    let mut rng = Rng(seed);
    let mut model = Model::new(&mut rng);
    let confession = Confession(seed, &mut model);
    let mut fresh = 0;
    for _ in 0..steps {
        confession.1.step(&mut rng, &mut fresh);
    }
    confession.1.assigned
}

#[test]
fn no_caller_waits_beside_a_ready_seat_and_nobody_is_passed_over() {
    if let Ok(seed) = std::env::var("ACD_SEED") {
        run(seed.parse().unwrap(), 400);
        return;
    }
    let seeds = 1..=300;
    let assigned: u32 = seeds.map(|seed| run(seed, 400)).sum();
    assert!(assigned > 3_000, "the floor was busy: {assigned} calls answered");
}

#[test]
fn the_same_seed_tells_the_same_story() {
    let story = || {
        let mut rng = Rng(7);
        let mut model = Model::new(&mut rng);
        let mut fresh = 0;
        (0..300).for_each(|_| model.step(&mut rng, &mut fresh));
        model.trace
    };
    assert_eq!(story(), story());
}
