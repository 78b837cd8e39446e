//! The floor against the theory of queues: waits to the microsecond by Kiefer and Wolfowitz, means by Erlang's formulas, and the
//! range that callers are told against what they then wait.
//!
//! `THEORY=long` takes the many calls that narrow intervals need.

use super::model::Rng;
use super::*;
use crate::clock::{MILLI, Now, SECOND};
use std::collections::{BTreeMap, BTreeSet};

impl Rng {
    /// An exponential length with this mean, µs, at least 1.
    fn exponential(&mut self, mean: f64) -> u64 {
        let uniform = (self.next() >> 11) as f64 / (1u64 << 53) as f64;
        ((-(1.0 - uniform).ln() * mean) as u64).max(1)
    }
}

#[derive(Debug, Clone, Copy)]
struct Caller {
    at: u64,
    talk: u64,
    patience: u64,
}

/// What a caller met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Met {
    /// A seat, after so long, µs.
    Seat(u64),
    /// Nobody: he gave up.
    Nobody,
}

/// What a caller was told first: position, range in ms.
type Told = (u32, Option<(u32, u32)>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    TalkEnds(usize),
    GivesUp(usize),
    Comes(usize),
}

/// A hall of `seats` whose phones answer at once and rest for nothing.
struct Hall<'a> {
    floor: Floor,
    now: Now,
    callers: &'a [Caller],
    agenda: BTreeSet<(u64, Event)>,
    seats: BTreeMap<CallRef, SeatId>,
    met: Vec<Option<Met>>,
    told: Vec<Option<Told>>,
}

impl<'a> Hall<'a> {
    fn new(seats: usize, callers: &'a [Caller]) -> Self {
        let announce = Some(Announce { first: 0, every: 3_600 * SECOND });
        let mut plan = Plan::default();
        plan.groups.insert("main".into(), Group { announce, ..Group::default() });
        let groups: BTreeMap<GroupId, Membership> = [(GroupId::from("main"), Membership::default())].into();
        for n in 0..seats {
            let position = Position { groups: groups.clone(), ..Position::default() };
            plan.seats.insert(SeatId::from(format!("{n:04}")), position);
        }
        let now = Now { mono: 0, wall: 1_639_533_600_000_000 };
        let mut floor = Floor::new(plan.clone(), now);
        for (n, seat) in plan.seats.keys().enumerate() {
            floor.handle(Input::Register { seat: seat.clone() }, now);
            floor.handle(Input::SignIn { seat: seat.clone(), agent: AgentId::from(format!("a{n}")) }, now);
            floor.handle(Input::Ready { seat: seat.clone() }, now);
        }
        let agenda = callers.iter().enumerate().map(|(n, c)| (c.at, Event::Comes(n))).collect();
        let (met, told) = (vec![None; callers.len()], vec![None; callers.len()]);
        Self { floor, now, callers, agenda, seats: BTreeMap::new(), met, told }
    }

    fn tell(&mut self, input: Input) {
        self.floor.handle(input, self.now);
        while let Some(output) = self.floor.poll() {
            match output {
                Output::Offer { id, call, seat, .. } => {
                    let n = usize::try_from(call.0).unwrap();
                    let caller = self.callers[n];
                    self.met[n] = Some(Met::Seat(self.now.mono - caller.at));
                    self.agenda.remove(&(caller.at.saturating_add(caller.patience), Event::GivesUp(n)));
                    self.agenda.insert((self.now.mono + caller.talk, Event::TalkEnds(n)));
                    self.seats.insert(call, seat);
                    self.floor.handle(Input::Accepted { offer: id }, self.now);
                }
                Output::Position { call, position, wait, .. } => {
                    self.told[usize::try_from(call.0).unwrap()].get_or_insert((position, wait));
                }
                _ => {}
            }
        }
    }

    fn runs(mut self) -> (Vec<Met>, Vec<Option<Told>>) {
        while let Some((at, event)) = self.agenda.pop_first() {
            self.now = self.now.plus(at - self.now.mono);
            match event {
                Event::Comes(n) => {
                    let (call, patience) = (CallRef(n as u64), self.callers[n].patience);
                    if patience < u64::MAX {
                        self.agenda.insert((at + patience, Event::GivesUp(n)));
                    }
                    let place = self.now.wall;
                    let (skill, sticky) = (None, None);
                    self.tell(Input::Enter(Entry {
                        call,
                        group: "main".into(),
                        class: 1,
                        place,
                        skill,
                        level: 1,
                        sticky,
                    }));
                }
                Event::GivesUp(n) => {
                    self.met[n] = Some(Met::Nobody);
                    self.tell(Input::Leave { call: CallRef(n as u64) });
                }
                Event::TalkEnds(n) => {
                    let call = CallRef(n as u64);
                    let seat = self.seats.remove(&call).unwrap();
                    self.tell(Input::TalkEnded { seat, call });
                }
            }
        }
        (self.met.into_iter().map(|met| met.unwrap()).collect(), self.told)
    }
}

fn callers(rng: &mut Rng, calls: usize, between: f64, talk: f64, patience: Option<f64>) -> Vec<Caller> {
    let mut at = 0;
    let mut one = || {
        at += rng.exponential(between);
        let talk = rng.exponential(talk);
        Caller { at, talk, patience: patience.map_or(u64::MAX, |mean| rng.exponential(mean)) }
    };
    (0..calls).map(|_| one()).collect()
}

/// The recursion: what work is left at each server when a caller comes; he takes the one with least, unless that is more than his
/// patience (Kiefer and Wolfowitz 1955, with patience as Baccelli and others 1984).
fn kiefer_wolfowitz(seats: usize, callers: &[Caller]) -> Vec<Met> {
    let (mut work, mut last) = (vec![0u64; seats], 0);
    let one = |caller: &Caller| {
        work.iter_mut().for_each(|left| *left = left.saturating_sub(caller.at - last));
        last = caller.at;
        let wait = work[0];
        if wait > caller.patience {
            return Met::Nobody;
        }
        work[0] += caller.talk;
        work.sort_unstable();
        Met::Seat(wait)
    };
    callers.iter().map(one).collect()
}

#[test]
fn every_callers_wait_is_that_of_kiefer_and_wolfowitz_to_the_microsecond() {
    for (seed, seats, load, patience) in
        [(1, 1, 0.9, None), (2, 7, 0.97, None), (3, 40, 1.1, None), (4, 5, 1.3, Some(0.5)), (5, 20, 0.95, Some(2.0))]
    {
        let mut rng = Rng(seed);
        let talk = 100.0 * SECOND as f64;
        let all = callers(&mut rng, 3_000, talk / (seats as f64 * load), talk, patience.map(|p| p * talk));
        let (met, _) = Hall::new(seats, &all).runs();
        let theory = kiefer_wolfowitz(seats, &all);
        let waited = theory.iter().filter(|met| matches!(met, Met::Seat(wait) if *wait > 0)).count();
        assert!(waited > 300, "seed {seed}: {waited} waited");
        if patience.is_some() {
            assert!(theory.contains(&Met::Nobody));
        }
        for (n, (real, expected)) in met.iter().zip(&theory).enumerate() {
            assert_eq!(real, expected, "seed {seed}, caller {n}");
        }
    }
}

/// Mean, and half of the 99 % interval by 30 batch means (Student's t, 29 degrees of freedom: 2.756).
fn batch_means(values: &[f64]) -> (f64, f64) {
    let means: Vec<f64> =
        values.chunks(values.len() / 30).take(30).map(|b| b.iter().sum::<f64>() / b.len() as f64).collect();
    let mean = means.iter().sum::<f64>() / 30.0;
    let variance = means.iter().map(|m| (m - mean) * (m - mean)).sum::<f64>() / 29.0;
    (mean, 2.756 * (variance / 30.0).sqrt())
}

fn is_long() -> bool {
    std::env::var("THEORY").is_ok_and(|word| word == "long")
}

/// Erlang C: mean wait, in mean talks, of `seats` at `load`.
fn erlang_c(seats: usize, load: f64) -> f64 {
    let offered = seats as f64 * load;
    let blocked = (1..=seats).fold(1.0, |b, n| offered * b / (n as f64 + offered * b));
    blocked / (1.0 - load * (1.0 - blocked)) / (seats as f64 * (1.0 - load))
}

/// Erlang A: mean time in the queue, in mean talks, of those who are answered or give up, with patience of that mean.
fn erlang_a(seats: usize, load: f64, patience: f64) -> f64 {
    let offered = seats as f64 * load;
    let (mut weight, mut total, mut queued) = (1.0, 1.0, 0.0);
    for n in 1..seats * 40 {
        let beyond = n.saturating_sub(seats) as f64;
        weight *= offered / (n.min(seats) as f64 + beyond / patience);
        (total, queued) = (total + weight, queued + weight * beyond);
    }
    queued / total / offered
}

#[test]
fn mean_waits_are_those_of_erlang_c_and_erlang_a() {
    let (calls, narrow) = if is_long() { (12_000_000, 0.03) } else { (60_000, 0.5) };
    for (seed, seats, load, patience) in [(11, 10, 0.8, None), (12, 10, 1.1, Some(1.0))] {
        let mut rng = Rng(seed);
        let talk = 100.0 * SECOND as f64;
        let all = callers(&mut rng, calls, talk / (seats as f64 * load), talk, patience.map(|p| p * talk));
        let (met, _) = Hall::new(seats, &all).runs();
        let waits: Vec<f64> = met
            .iter()
            .zip(&all)
            .map(|(met, caller)| match met {
                Met::Seat(wait) => *wait as f64 / talk,
                Met::Nobody => caller.patience as f64 / talk,
            })
            .collect();
        let (mean, half) = batch_means(&waits[calls / 100..]);
        let theory = patience.map_or_else(|| erlang_c(seats, load), |p| erlang_a(seats, load, p));
        println!("{seats} seats, load {load}, patience {patience:?}: {mean:.4} ± {half:.4}, theory {theory:.4}");
        assert!((mean - theory).abs() <= half, "seed {seed}: {mean} ± {half} against {theory}");
        assert!(half <= narrow * mean, "seed {seed}: ± {half} of {mean}");
    }
}

/// The `share` quantile of the time to the `k`-th of events that come once a second.
fn erlang_quantile(k: u32, share: f64) -> f64 {
    // P(fewer than k events by x) = sum of the first k terms of Poisson.
    let below = |x: f64| {
        let mut term = (-x).exp();
        (1..k).fold(term, |sum, n| {
            term *= x / f64::from(n);
            sum + term
        })
    };
    let (mut low, mut high) = (0.0, f64::from(k) * 4.0 + 20.0);
    for _ in 0..80 {
        let middle = (low + high) / 2.0;
        if 1.0 - below(middle) < share { low = middle } else { high = middle }
    }
    low
}

const BANDS: [(u32, u32); 5] = [(1, 1), (2, 4), (5, 9), (10, 24), (25, 200)];

#[test]
fn eight_of_ten_callers_wait_as_long_as_they_were_told_whatever_their_position() {
    let (calls, off) = if is_long() { (1_500_000, 0.03) } else { (120_000, 0.05) };
    let (seats, talk) = (20, 100.0 * SECOND as f64);
    let all = callers(&mut Rng(21), calls, talk / (seats as f64 * 0.97), talk, None);
    let (met, told) = Hall::new(seats, &all).runs();
    let a_second = talk / SECOND as f64 / seats as f64;
    for (from, to) in BANDS {
        let (mut within, mut all, mut width, mut erlangs) = (0.0, 0.0, 0.0, 0.0);
        for (met, told) in met.iter().zip(&told) {
            let (Met::Seat(wait), Some((position, Some((low, high))))) = (met, told) else { continue };
            // Who found a free seat had no wait to be told of.
            if *wait == 0 || !(from..=to).contains(position) {
                continue;
            }
            let wait = wait / MILLI;
            all += 1.0;
            within += f64::from(u8::from((u64::from(*low)..=u64::from(*high)).contains(&wait)));
            width += f64::from(high - low) / 1000.0;
            erlangs += (erlang_quantile(*position, 0.9) - erlang_quantile(*position, 0.1)) * a_second;
        }
        let (share, wider) = (within / all, width / erlangs);
        println!("position {from} to {to}: {share:.3} of {all} within, {wider:.3} times as wide as Erlang's");
        assert!(all > 1_000.0, "{from} to {to}: {all}");
        assert!((share - 0.8).abs() <= off, "{from} to {to}: {share}");
        assert!(wider <= 1.25, "{from} to {to}: {wider}");
    }
}
