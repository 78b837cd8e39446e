//! An hour of a hall at a load, event by event: callers with patience, phones that ring out, crash and come back, persons who
//! change seats and take breaks, callers who leave their place to a call-back. The naive model holds both promises after every
//! input, for call-backs as for callers, so neither jumps over the other; in the end nobody is lost.
//!
//! Replay one seed with `HOUR_SEED=<seed>`; more of them with `HOUR_SEEDS=<n>`.

use super::model::{Confession, Model, Rng, SEATS, STRATEGIES, random_position, seat_id};
use super::*;
use crate::clock::{MILLI, SECOND};
use std::collections::{BTreeMap, BTreeSet};

const HOUR: u64 = 3_600 * SECOND;
/// Mean length of a talk, µs.
const TALK: u64 = 60 * SECOND;
/// Mean patience, µs.
const PATIENCE: u64 = 90 * SECOND;
/// As `exchange::callbacks` and `call::recall` have them: tries, until the next one, until a group is asked again, µs.
const TRIES: u32 = 3;
const EVERY: u64 = 300 * SECOND;
const AGAIN: u64 = 60 * SECOND;
/// Calls without a caller have numbers from here on.
const RECALLS: u64 = 1_000_000;
/// Seeds in each run of the tests, over all loads.
const SEEDS: u64 = 510;

#[derive(Debug, Clone)]
enum What {
    Arrives,
    GivesUp(CallRef),
    /// He asks to be called back.
    Asks(CallRef),
    /// A call without a caller takes his place.
    Stands(CallRef),
    /// The seat has answered, and the caller is called: he is there, or not.
    Fetched(SeatId, CallRef, bool),
    Rings(OfferId),
    Answers(OfferId),
    Refuses(OfferId),
    HangsUp(SeatId, CallRef),
    Crashes(SeatId),
    Comes(SeatId, AgentId),
    Rests(SeatId),
    Writes(SeatId),
}

/// What became of the callers.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Ends {
    came: u64,
    answered: u64,
    gave_up: u64,
    waiting: u64,
    asked: u64,
    reached: u64,
    unreached: u64,
    owed: u64,
}

impl Ends {
    fn and(self, other: Self) -> Self {
        Self {
            came: self.came + other.came,
            answered: self.answered + other.answered,
            gave_up: self.gave_up + other.gave_up,
            waiting: self.waiting + other.waiting,
            asked: self.asked + other.asked,
            reached: self.reached + other.reached,
            unreached: self.unreached + other.unreached,
            owed: self.owed + other.owed,
        }
    }
}

/// A caller who is to be called back.
#[derive(Debug, Clone)]
struct Owed {
    place: Entry,
    tries: u32,
    /// The call that stands in for him, and the seat that has answered it.
    call: Option<CallRef>,
    seat: Option<SeatId>,
}

struct Hour<'a> {
    model: &'a mut Model,
    rng: Rng,
    events: BTreeMap<(u64, u64), What>,
    serial: u64,
    known: BTreeSet<OfferId>,
    between: u64,
    ends: Ends,
    owed: BTreeMap<CallRef, Owed>,
    recalls: u64,
}

impl Hour<'_> {
    /// An exponential length with this mean, µs; from a fixed table, so that every machine draws the same.
    fn exponential(&mut self, mean: u64) -> u64 {
        // −ln(1 − (k + ½)/16), in thousandths.
        const QUANTILES: [u64; 16] =
            [32, 98, 170, 247, 330, 421, 521, 632, 757, 898, 1063, 1260, 1505, 1827, 2303, 3466];
        let k = usize::try_from(self.rng.below(16)).unwrap();
        let mean_of_table = QUANTILES.iter().sum::<u64>() / 16;
        QUANTILES[k] * mean / mean_of_table + self.rng.below(SECOND)
    }

    fn after(&mut self, delay: u64, what: What) {
        self.serial += 1;
        self.events.insert((self.model.now.mono + delay, self.serial), what);
    }

    /// What phones do about offers that are new.
    fn look(&mut self) {
        let fresh: Vec<OfferId> = self.model.offers.keys().copied().filter(|id| self.known.insert(*id)).collect();
        for id in fresh {
            let answer = 500 * MILLI + self.rng.below(4 * SECOND);
            match self.rng.below(20) {
                0 => self.after(SECOND, What::Refuses(id)),
                1 | 2 => self.after(200 * MILLI, What::Rings(id)),
                _ => {
                    self.after(200 * MILLI, What::Rings(id));
                    self.after(answer, What::Answers(id));
                }
            }
        }
        // A caller who overflows comes back to the hub with his place; a call-back asks its own group again.
        while let Some(mut entry) = self.model.sent_on.pop() {
            match self.owed_by(entry.call) {
                Some((id, owed)) => {
                    owed.call = None;
                    self.after(AGAIN, What::Stands(id));
                }
                None => {
                    entry.group = GroupId::from("main");
                    self.model.tell(Input::Enter(entry));
                }
            }
        }
        self.each_has_a_seat_of_its_own();
    }

    /// Who is called back by this call.
    fn owed_by(&mut self, call: CallRef) -> Option<(CallRef, &mut Owed)> {
        self.owed.iter_mut().find(|(_, owed)| owed.call == Some(call)).map(|(id, owed)| (*id, owed))
    }

    /// No more call-backs are at work than seats that were free for them.
    fn each_has_a_seat_of_its_own(&self) {
        let mut taken = BTreeSet::new();
        for owed in self.owed.values() {
            let Some(call) = owed.call else { continue };
            let rung = self.model.offers.values().filter(|rung| rung.call == call).map(|rung| &rung.seat);
            let seats: Vec<&SeatId> = rung.chain(&owed.seat).collect();
            assert!(seats.len() < 2 || owed.seat.is_none(), "{call} has a seat and rings others");
            for seat in seats {
                assert!(taken.insert(seat), "{seat} works for two call-backs");
                let at = self.model.floor.seat(seat).expect("a seat of the hall");
                let busy = matches!(at.state.work, Work::Reserved | Work::Ringing | Work::Talking | Work::Held);
                assert!(busy, "{seat} is {:?} and works for {call}", at.state);
            }
        }
    }

    /// His place is left to a call without a caller, if no seat rings for him.
    fn asks(&mut self, call: CallRef) {
        let rings = self.model.offers.values().any(|rung| rung.call == call);
        let Some(place) = self.model.calls.get(&call).filter(|_| !rings).map(|c| c.entry.clone()) else {
            return self.after(5 * SECOND, What::GivesUp(call));
        };
        self.model.tell(Input::Leave { call });
        self.ends.asked += 1;
        self.owed.insert(call, Owed { place, tries: 0, call: None, seat: None });
        self.stands(call);
    }

    fn stands(&mut self, id: CallRef) {
        let Some(owed) = self.owed.get_mut(&id).filter(|owed| owed.call.is_none()) else { return };
        self.recalls += 1;
        let call = CallRef(RECALLS + self.recalls);
        owed.call = Some(call);
        let entry = Entry { call, sticky: None, ..owed.place.clone() };
        self.model.tell(Input::Enter(entry));
    }

    /// The agent is there: the caller is called.
    fn answered_by(&mut self, seat: SeatId, call: CallRef) {
        let reached = self.rng.below(10) < 7;
        let rings = SECOND + self.rng.below(20 * SECOND);
        if let Some((_, owed)) = self.owed_by(call) {
            owed.seat = Some(seat.clone());
        }
        self.after(rings, What::Fetched(seat, call, reached));
    }

    fn fetched(&mut self, seat: SeatId, call: CallRef, reached: bool) {
        let Some((id, owed)) = self.owed_by(call) else { return };
        (owed.call, owed.seat, owed.tries) = (None, None, owed.tries + 1);
        let over = reached || owed.tries >= TRIES;
        if over {
            self.owed.remove(&id);
            *(if reached { &mut self.ends.reached } else { &mut self.ends.unreached }) += 1;
        } else {
            self.after(EVERY, What::Stands(id));
        }
        let talk = if reached { self.exponential(TALK) } else { 0 };
        self.after(talk, What::HangsUp(seat, call));
    }

    fn happens(&mut self, what: What) {
        match what {
            What::Arrives => self.arrives(),
            What::GivesUp(call) if self.model.calls.contains_key(&call) => {
                self.model.tell(Input::Leave { call });
                self.ends.gave_up += 1;
            }
            What::GivesUp(_) => {}
            What::Asks(call) => self.asks(call),
            What::Stands(id) => self.stands(id),
            What::Fetched(seat, call, reached) => self.fetched(seat, call, reached),
            What::Rings(offer) => self.model.tell(Input::Ringing { offer }),
            What::Answers(offer) => {
                let rung = self.model.offers.get(&offer).map(|rung| (rung.seat.clone(), rung.call));
                self.model.tell(Input::Accepted { offer });
                match rung {
                    Some((seat, call)) if call.0 > RECALLS => self.answered_by(seat, call),
                    Some((seat, call)) => {
                        self.ends.answered += 1;
                        let talk = self.exponential(TALK);
                        self.after(talk, What::HangsUp(seat, call));
                    }
                    None => {}
                }
            }
            What::Refuses(offer) => self.model.tell(Input::Declined { offer, cause: Cause::Busy }),
            What::HangsUp(seat, call) => self.model.tell(Input::TalkEnded { seat, call }),
            What::Crashes(seat) => {
                self.model.tell(Input::Lost { seat: seat.clone(), cause: Cause::Lost });
                let agent = AgentId::from(format!("a{}", self.rng.below(SEATS)));
                let away = self.exponential(60 * SECOND);
                self.after(away, What::Comes(seat, agent));
            }
            What::Comes(seat, agent) => {
                self.model.tell(Input::Register { seat: seat.clone() });
                self.model.tell(Input::SignIn { seat: seat.clone(), agent });
                self.model.tell(Input::Ready { seat });
            }
            What::Rests(seat) => {
                self.model.tell(Input::NotReady { seat: seat.clone(), reason: Reason::Break });
                let agent = self.model.floor.seat(&seat).and_then(|v| v.agent).cloned();
                let rest = self.exponential(60 * SECOND);
                self.after(rest, What::Comes(seat, agent.unwrap_or_else(|| "a0".into())));
            }
            What::Writes(seat) => self.model.tell(Input::WrapUp { seat }),
        }
        self.look();
    }

    fn arrives(&mut self) {
        let between = self.between;
        let next = self.exponential(between);
        if self.model.now.mono + next < HOUR {
            self.after(next, What::Arrives);
        }
        self.ends.came += 1;
        let call = CallRef(self.ends.came);
        let entry = Entry {
            call,
            group: GroupId::from(if self.rng.once_in(4) { "team" } else { "main" }),
            class: u8::try_from(1 - self.rng.below(8) / 7).unwrap(),
            place: self.model.now.wall,
            skill: self.rng.once_in(4).then(|| SkillId::from("tax")),
            level: u8::try_from(1 + self.rng.below(3)).unwrap(),
            sticky: self.rng.once_in(6).then(|| AgentId::from(format!("a{}", self.rng.below(SEATS)))),
        };
        self.model.tell(Input::Enter(entry));
        let patience = self.exponential(PATIENCE);
        let asks = self.rng.once_in(3);
        self.after(patience, if asks { What::Asks(call) } else { What::GivesUp(call) });
        let seat = seat_id(self.rng.below(SEATS));
        match self.rng.below(40) {
            0 => self.happens(What::Crashes(seat)),
            1 => self.happens(What::Rests(seat)),
            2 => self.happens(What::Writes(seat)),
            3 => {
                let agent = AgentId::from(format!("a{}", self.rng.below(SEATS)));
                self.happens(What::Comes(seat, agent));
            }
            _ => {}
        }
    }
}

/// A hall whose hub takes everybody, with a team beside it that overflows there.
fn hall(rng: &mut Rng) -> Plan {
    let main = Group {
        strategy: rng.pick(&STRATEGIES).unwrap(),
        wrap_up: rng.below(2) * 5 * SECOND,
        skill_wait: Some(5 * SECOND),
        ..Group::default()
    };
    let team = Group {
        strategy: rng.pick(&STRATEGIES).unwrap(),
        max_wait: Some(20 * SECOND),
        max_size: Some(4),
        on_no_seats: true,
        weight: 2,
        tier_delays: vec![5 * SECOND],
        skill_wait: Some(5 * SECOND),
        ..Group::default()
    };
    let groups = [(GroupId::from("main"), main), (GroupId::from("team"), team)].into();
    let mut plan = Plan { groups, ..Plan::default() };
    plan.settings.no_answer_limit = 3;
    plan.settings.no_answer_rest = 60 * SECOND;
    plan.settings.long_wrap_up = 20 * SECOND;
    for n in 0..SEATS {
        let mut position = random_position(rng);
        position.groups.retain(|group, _| group.as_str() == "team");
        position.groups.insert(GroupId::from("main"), Membership::default());
        plan.seats.insert(seat_id(n), position.clone());
        if rng.once_in(3) {
            plan.agents.insert(AgentId::from(format!("a{n}")), position);
        }
    }
    plan
}

/// `load` in hundredths.
fn hour(seed: u64, load: u64) -> Ends {
    let mut rng = Rng(seed);
    let mut model = Model::of(hall(&mut rng));
    let confession = Confession(seed, &mut model);
    let between = TALK * 100 / (SEATS * load);
    let (events, known) = (BTreeMap::new(), BTreeSet::new());
    let (ends, owed) = (Ends::default(), BTreeMap::new());
    let mut hour = Hour { model: confession.1, rng, events, serial: 0, known, between, ends, owed, recalls: 0 };
    hour.after(SECOND, What::Arrives);
    while let Some((&(at, _), _)) = hour.events.first_key_value() {
        let due = hour.model.floor.deadline().filter(|due| *due <= at);
        let now = hour.model.now;
        hour.model.now = now.plus(due.unwrap_or(at).saturating_sub(now.mono));
        if due.is_some() {
            hour.model.tell(Input::Tick);
            hour.look();
        } else if let Some((_, what)) = hour.events.pop_first() {
            hour.happens(what);
        }
        if hour.model.now.mono > HOUR + 600 * SECOND {
            break;
        }
    }
    hour.ends.waiting = hour.model.calls.keys().filter(|call| call.0 < RECALLS).count() as u64;
    hour.ends.owed = hour.owed.len() as u64;
    hour.ends
}

#[test]
fn in_an_hour_at_each_load_nobody_is_lost_and_nobody_is_passed_over() {
    let number = |name: &str| std::env::var(name).ok().and_then(|n| n.parse::<u64>().ok());
    let seeds = match number("HOUR_SEED") {
        Some(seed) => seed..=seed,
        None => 1..=number("HOUR_SEEDS").unwrap_or(SEEDS),
    };
    let mut all = Ends::default();
    for seed in seeds {
        let load = [85, 97, 115][usize::try_from(seed % 3).unwrap()];
        let ends = hour(seed, load);
        let callers = ends.answered + ends.gave_up + ends.waiting + ends.asked;
        let recalled = ends.reached + ends.unreached + ends.owed;
        assert_eq!((ends.came, ends.asked), (callers, recalled), "HOUR_SEED={seed}, load {load}: {ends:?}");
        assert!(ends.came > 300, "HOUR_SEED={seed}: {ends:?}");
        all = all.and(ends);
    }
    println!("{all:?}");
    assert!(all.answered > all.came / 2, "{all:?}");
    assert!(all.asked > all.came / 50 && all.reached > all.asked / 2, "{all:?}");
}
