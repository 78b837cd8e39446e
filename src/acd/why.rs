//! Why a call waits: where it stands, and what keeps each seat of its group from having it.

use super::floor::Floor;
use super::group::Queue;
use super::line::Waiting;
use super::seat::Seat;
use super::shown::Work;
use crate::clock::Now;
use crate::id::{CallRef, GroupId, SeatId, SkillId};

/// Why a call waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Why {
    /// The group whose line it stands in.
    pub group: GroupId,
    /// 1 is the head.
    pub position: u32,
    /// What it asks for at present.
    pub asks: Option<(SkillId, u8)>,
    /// Tiers up to this one may have it.
    pub tier: u8,
    /// Between which bounds eight of ten would wait, ms.
    pub likely: Option<(u32, u32)>,
    /// The seats of the group in the order in which they would be asked, those first that lack least.
    pub seats: Vec<(SeatId, Lacks)>,
}

/// What keeps a seat from having the call.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lacks {
    /// Nothing: it is rung for the call.
    Nothing,
    /// It is in a call, or at its paperwork: it would be asked once it is free.
    Busy,
    /// It did not take this call, or another one, a moment ago.
    Rests,
    /// Its tier is not open to the call yet.
    Tier,
    /// Its agent is not trained for it.
    Skill,
    /// Its agent is not ready.
    Away,
    /// Its phone cannot be reached.
    Lost,
    /// Nobody is signed in.
    SignedOut,
}

impl Floor {
    /// Why this call waits; `None` where it does not. Walks the seats of the group: for somebody who asks.
    #[must_use]
    pub fn why(&self, call: CallRef, now: Now) -> Option<Why> {
        let waiting = self.calls.get(&call)?;
        let group = &waiting.entry.group;
        let queue = self.groups.get(group)?;
        let position = queue.position(waiting.rank());
        let mut seats: Vec<_> = self
            .seats
            .iter()
            .filter_map(|(id, seat)| {
                let member = seat.position.groups.get(group)?;
                let lacks = self.lacks(waiting, id, seat, member.tier, now);
                Some((lacks, member.tier, queue.turn_for(id, seat, *member, waiting), id.clone()))
            })
            .collect();
        seats.sort();
        Some(Why {
            group: group.clone(),
            position,
            asks: waiting.ask(),
            tier: waiting.tier,
            likely: Queue::likely_wait(queue, position),
            seats: seats.into_iter().map(|(lacks, _, _, id)| (id, lacks)).collect(),
        })
    }

    fn lacks(&self, waiting: &Waiting, id: &SeatId, seat: &Seat, tier: u8, now: Now) -> Lacks {
        let rings = seat.offer().and_then(|offer| self.offers.get(&offer));
        let work = seat.shown().work;
        match work {
            _ if rings.is_some_and(|offer| offer.call == waiting.entry.call) => Lacks::Nothing,
            _ if seat.agent.is_none() => Lacks::SignedOut,
            _ if !seat.reachable => Lacks::Lost,
            Work::NotReady(_) => Lacks::Away,
            _ if !waiting.is_met_by(&seat.position.skills) => Lacks::Skill,
            _ if tier > waiting.tier => Lacks::Tier,
            Work::Ready if seat.resting || waiting.fresh(id, now.mono).is_none() => Lacks::Rests,
            _ => Lacks::Busy,
        }
    }
}

impl Lacks {
    /// In a word, Chinese and English.
    #[must_use]
    pub const fn words(&self) -> (&'static str, &'static str) {
        match self {
            Self::Nothing => ("正在振铃", "rings for it"),
            Self::Busy => ("通话或整理中", "in a call or at paperwork"),
            Self::Rests => ("刚才未接，稍后", "did not take it a moment ago"),
            Self::Tier => ("梯队未到", "its tier is asked later"),
            Self::Skill => ("技能不符", "not trained for it"),
            Self::Away => ("示忙", "not ready"),
            Self::Lost => ("掉线", "phone lost"),
            Self::SignedOut => ("未签入", "nobody signed in"),
        }
    }
}
