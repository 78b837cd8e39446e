//! One group at work: its line, its ready seats, and what is known about its pace.

use super::line::{Ask, Rank, Score, Waiting};
use super::pace::{Pace, Staff};
use super::plan::{Group, Membership, Position, Strategy};
use super::seat::{Rest, Seat};
use crate::id::{CallRef, SeatId};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Bound;

/// A ready seat's turn: two numbers by the group's strategy, then the seat.
type Turn = (u64, u64, SeatId);

/// Calls that ask for one level of a skill (or for none) and seats of one tier that have it: both sides look here and nowhere
/// else, so each finds the other in O(log n).
#[derive(Debug, Default)]
struct Lane {
    waiting: BTreeSet<Rank>,
    ready: BTreeSet<Turn>,
}

#[derive(Debug, Default)]
pub(super) struct Queue {
    pub plan: Group,
    /// No longer in the plan: lives until its last offer is decided.
    pub closed: bool,
    lanes: BTreeMap<(Ask, u8), Lane>,
    /// All its calls in order, those included for which a seat rings.
    line: VecDeque<Rank>,
    /// Calls for which a seat rings.
    pub ringing: usize,
    /// Reachable seats signed in.
    pub present: usize,
    /// Of these, the ones not on a break.
    at_work: u64,
    /// The same, each seat counted by its share, in 1/1000.
    share: u64,
    pace: Pace,
    /// Where the search for a seat begins, for strategies that do not always begin with the first.
    pivot: Option<Turn>,
}

impl Queue {
    pub(super) fn new(plan: Group) -> Self {
        Self { plan, ..Self::default() }
    }

    /// Forgets calls' lanes and seats; the line and what is known about the pace stay.
    pub(super) fn clear(&mut self) {
        self.lanes.clear();
        (self.present, self.at_work, self.share) = (0, 0, 0);
    }

    pub(super) fn len(&self) -> usize {
        self.line.len()
    }

    /// Calls for which no seat rings.
    pub(super) fn unserved(&self) -> usize {
        self.line.len().saturating_sub(self.ringing)
    }

    pub(super) fn calls(&self) -> impl Iterator<Item = CallRef> + '_ {
        self.line.iter().map(|rank| rank.call)
    }

    pub(super) fn join(&mut self, rank: Rank) {
        if let Err(at) = self.line.binary_search(&rank) {
            self.line.insert(at, rank);
        }
    }

    pub(super) fn part(&mut self, rank: Rank) {
        if let Ok(at) = self.line.binary_search(&rank) {
            self.line.remove(at);
        }
    }

    /// 1 for the head of the line.
    pub(super) fn position(&self, rank: Rank) -> u32 {
        let (Ok(at) | Err(at)) = self.line.binary_search(&rank);
        u32::try_from(at).unwrap_or(u32::MAX).saturating_add(1)
    }

    pub(super) fn enqueue(&mut self, rank: Rank, ask: &Ask, tiers: std::ops::RangeInclusive<u8>) {
        for tier in tiers {
            self.lanes.entry((ask.clone(), tier)).or_default().waiting.insert(rank);
        }
    }

    pub(super) fn dequeue(&mut self, rank: Rank, ask: &Ask, top: u8) {
        for tier in 0..=top {
            self.in_lane((ask.clone(), tier), |lane| {
                lane.waiting.remove(&rank);
            });
        }
    }

    /// Counts a seat in (`true`) or out, and puts it where calls find it if it is available.
    pub(super) fn count(&mut self, id: &SeatId, seat: &Seat, member: Membership, enter: bool) {
        let sign = |n: u64, by: u64| if enter { n + by } else { n.saturating_sub(by) };
        if self.closed || !seat.present() {
            return;
        }
        self.present = if enter { self.present + 1 } else { self.present.saturating_sub(1) };
        if seat.at_work() {
            self.at_work = sign(self.at_work, 1);
            self.share = sign(self.share, 1000 / seat.position.groups.len().max(1) as u64);
        }
        if !seat.available() {
            return;
        }
        for key in lane_keys(&seat.position, member.tier) {
            let turn = self.turn(id, seat, member, &key.0);
            if enter {
                self.lanes.entry(key).or_default().ready.insert(turn);
            } else {
                self.in_lane(key, |lane| {
                    lane.ready.remove(&turn);
                });
            }
        }
    }

    fn in_lane(&mut self, key: (Ask, u8), act: impl FnOnce(&mut Lane)) {
        if let std::collections::btree_map::Entry::Occupied(mut lane) = self.lanes.entry(key) {
            act(lane.get_mut());
            if lane.get().waiting.is_empty() && lane.get().ready.is_empty() {
                lane.remove();
            }
        }
    }

    fn turn(&self, id: &SeatId, seat: &Seat, member: Membership, ask: &Ask) -> Turn {
        let skills = seat.position.skills.len() as u64;
        let level = ask.as_ref().and_then(|(skill, _)| seat.position.skills.get(skill)).copied().unwrap_or(0);
        let order = u64::from(member.order);
        match self.plan.strategy {
            Strategy::LongestIdle | Strategy::RingAll => (seat.idle_since, skills, id.clone()),
            Strategy::Linear => (order, seat.idle_since, id.clone()),
            Strategy::FewestSkills => (skills, seat.idle_since, id.clone()),
            Strategy::BestSkilled => (u64::from(u8::MAX - level), seat.idle_since, id.clone()),
            Strategy::RoundRobin => (order, 0, id.clone()),
            Strategy::FewestCalls => (seat.answered, seat.idle_since, id.clone()),
            Strategy::LeastTalk => (seat.talked, seat.idle_since, id.clone()),
            Strategy::Random => (seat.draw, 0, id.clone()),
        }
    }

    /// The seat's turn for this call, among those that may have it.
    pub(super) fn turn_for(&self, id: &SeatId, seat: &Seat, member: Membership, call: &Waiting) -> (u64, u64, SeatId) {
        self.turn(id, seat, member, &call.ask())
    }

    /// The first call in line that this seat may take by membership, skill and tier and that `passes`.
    pub(super) fn first_call(
        &self,
        position: &Position,
        tier: u8,
        wall: i64,
        passes: impl Fn(CallRef) -> bool,
    ) -> Option<Score> {
        lane_keys(position, tier)
            .filter_map(|key| self.lanes.get(&key)?.waiting.iter().find(|rank| passes(rank.call)))
            .min()
            .map(|rank| rank.score(self.plan.weight, wall))
    }

    /// The ready seats that may take a call that asks for this, tier by tier, each tier in the order of the strategy.
    pub(super) fn ready(&self, ask: &Ask, top: u8) -> impl Iterator<Item = &SeatId> + '_ {
        let ask = ask.clone();
        (0..=top).filter_map(move |tier| self.lanes.get(&(ask.clone(), tier))).flat_map(|lane| {
            let (after, before) = match &self.pivot {
                Some(pivot) => (Bound::Excluded(pivot), Some(Bound::Included(pivot))),
                None => (Bound::Unbounded, None),
            };
            let first = lane.ready.range((after, Bound::Unbounded));
            let rest = before.map(|before| lane.ready.range((Bound::Unbounded, before)));
            first.chain(rest.into_iter().flatten()).map(|turn| &turn.2)
        })
    }

    /// The tier that opens after `tier`, and how long after entering. A group has at most 256.
    pub(super) fn next_tier(&self, tier: u8) -> Option<(u8, u64)> {
        let delay = self.plan.tier_delays.get(usize::from(tier))?;
        Some((tier.checked_add(1)?, *delay))
    }

    /// A call of this group kept its seat busy for so long, µs.
    pub(super) fn handled(&mut self, micros: u64) {
        self.pace.handled(micros);
    }

    /// Who serves it.
    pub(super) fn staff(&self) -> Staff {
        Staff { whole: self.at_work, share: self.share }
    }

    /// Between which bounds eight of ten callers wait at this position, s.
    pub(super) fn likely_wait(&self, position: u32) -> Option<(u32, u32)> {
        self.pace.likely_wait(position, self.staff())
    }

    /// The seat has been offered a call: the next one is another's turn. `draw` is a random number.
    pub(super) fn pass_turn(&mut self, id: &SeatId, member: Membership, draw: u64) {
        self.pivot = match self.plan.strategy {
            Strategy::RoundRobin => Some((u64::from(member.order), 0, id.clone())),
            Strategy::Random => Some((draw, 0, SeatId::from(""))),
            _ => None,
        };
    }
}

/// Where a seat looks for calls: those that ask for nothing, and for each of its skills those that ask for its level or less.
fn lane_keys(position: &Position, tier: u8) -> impl Iterator<Item = (Ask, u8)> + '_ {
    let levels = position.skills.iter().flat_map(|(skill, top)| (1..=*top).map(move |level| (skill.clone(), level)));
    std::iter::once((None, tier)).chain(levels.map(move |ask| (Some(ask), tier)))
}

impl Seat {
    /// Signed in and reachable.
    pub(super) fn present(&self) -> bool {
        self.agent.is_some() && self.reachable && !self.retired
    }

    /// Present and not on a break.
    pub(super) fn at_work(&self) -> bool {
        self.present() && !matches!(self.rest(), Some(Rest::NotReady(_)))
    }

    /// May be offered a call now.
    pub(super) fn available(&self) -> bool {
        self.present() && !self.resting && matches!(self.rest(), Some(Rest::Ready))
    }
}
