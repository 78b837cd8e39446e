//! A waiting call and where it stands.

use super::Entry;
use super::plan::LEVELS;
use crate::id::{CallRef, SeatId, SkillId};
use std::collections::BTreeMap;

/// Order within one queue, lower first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    pub class: u8,
    pub place: i64,
    pub call: CallRef,
}

/// Order between queues at one moment, lower first; within one queue, and between queues of equal weight, the order of [`Rank`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Score {
    class: u8,
    /// Minus the weighted wait, µs.
    advantage: i128,
    place: i64,
    pub call: CallRef,
}

impl Rank {
    pub(super) fn score(self, weight: u32, wall: i64) -> Score {
        let waited = i128::from(wall) - i128::from(self.place);
        Score { class: self.class, advantage: -waited * i128::from(weight.max(1)), place: self.place, call: self.call }
    }
}

/// What became of a call at one seat.
#[derive(Debug, Clone, Copy)]
struct Tried {
    round: u32,
    cooled: u64,
}

#[derive(Debug)]
pub(super) struct Waiting {
    pub entry: Entry,
    /// When it entered this group, mono µs.
    pub entered: u64,
    /// Tiers up to this one may be offered it.
    pub tier: u8,
    /// It stands in the lanes, where a seat that becomes ready finds it.
    pub enqueued: bool,
    /// Offers that ring for it now: one at most unless the group rings all.
    pub offers: u32,
    /// Seats that did not take it since it entered this group.
    tried: BTreeMap<SeatId, Tried>,
    /// A seat is offered the call again only when no fresh one is left; then a new round begins.
    round: u32,
    /// The level of the skill that it came with.
    pub asked: u8,
    /// What the caller was told last.
    pub told: Option<Told>,
}

/// A position and a longest likely wait, as a caller was told them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told {
    pub position: u32,
    /// Seats at work.
    pub seats: u64,
    /// Until when he would wait at most, mono µs.
    pub until: u64,
}

/// What is asked of a seat: a skill and the level of it, or nothing.
pub(super) type Ask = Option<(SkillId, u8)>;

impl Waiting {
    pub(super) fn new(mut entry: Entry, mono: u64) -> Self {
        entry.level = entry.level.clamp(1, LEVELS);
        let asked = entry.level;
        Self {
            entry,
            asked,
            entered: mono,
            tier: 0,
            enqueued: false,
            offers: 0,
            tried: BTreeMap::new(),
            round: 0,
            told: None,
        }
    }

    pub(super) fn ask(&self) -> Ask {
        self.entry.skill.clone().map(|skill| (skill, self.entry.level))
    }

    /// Asks for less: the next lower level, below the lowest for nothing.
    pub(super) fn widen(&mut self) {
        if self.entry.level > 1 {
            self.entry.level -= 1;
        } else {
            self.entry.skill = None;
        }
    }

    /// Whether a seat of these skills is good enough.
    pub(super) fn is_met_by(&self, skills: &BTreeMap<SkillId, u8>) -> bool {
        let level = |skill| skills.get(skill).copied().unwrap_or(0);
        self.entry.skill.as_ref().is_none_or(|skill| level(skill) >= self.entry.level)
    }

    /// Nobody has been offered it since it entered this group.
    pub(super) fn is_new(&self) -> bool {
        self.tried.is_empty() && self.offers == 0
    }

    pub(super) fn rank(&self) -> Rank {
        Rank { class: self.entry.class, place: self.entry.place, call: self.entry.call }
    }

    /// Whether the seat is fresh to the call in this round; `None` while it cools down.
    pub(super) fn fresh(&self, seat: &SeatId, mono: u64) -> Option<bool> {
        match self.tried.get(seat) {
            None => Some(true),
            Some(tried) if tried.cooled <= mono => Some(tried.round < self.round),
            Some(_) => None,
        }
    }

    /// The seat is offered the call; if it had its turn in this round, all seats had and the next round begins.
    pub(super) fn turn_of(&mut self, seat: &SeatId) {
        if self.tried.get(seat).is_some_and(|tried| tried.round == self.round) {
            self.round = self.round.saturating_add(1);
        }
    }

    pub(super) fn not_taken(&mut self, seat: SeatId, cooled: u64) {
        self.tried.insert(seat, Tried { round: self.round, cooled });
    }

    /// When the next seat has cooled down, after `mono`.
    pub(super) fn next_cooled(&self, mono: u64) -> Option<u64> {
        self.tried.values().map(|t| t.cooled).filter(|&at| at > mono).min()
    }
}
