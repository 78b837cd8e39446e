//! The floor's settings: groups, memberships, limits. All times in µs.

use crate::clock::{MILLI, SECOND};
use crate::id::{AgentId, GroupId, SeatId, SkillId};
use std::collections::BTreeMap;

/// Everything the floor is told ahead; replaced whole by [`super::Input::SetPlan`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// What holds for the whole floor.
    pub settings: Settings,
    /// The groups, each with one queue.
    pub groups: BTreeMap<GroupId, Group>,
    /// The seats. A seat in no group can still be dialled directly.
    pub seats: BTreeMap<SeatId, Position>,
    /// Persons: what each serves, wherever he sits, or, without groups, his skills in the groups of his seat. Who is not named here
    /// serves what his seat does.
    pub agents: BTreeMap<AgentId, Position>,
}

/// What holds for the whole floor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// How long a seat that did not take a call is not offered the same call again, and a seat that refused one is offered
    /// nothing at all. At least 100 ms, so that a phone on do-not-disturb cannot keep the floor spinning.
    pub cool_down: u64,
    /// How long a directly dialled seat may stay reserved or ringing.
    pub direct_limit: u64,
    /// How long a seat may hold all its calls; 0 is without limit.
    pub held_limit: u64,
    /// After so many calls in a row rung out, the seat is set not ready; 0 is never.
    pub no_answer_limit: u32,
    /// How long that lasts at most, µs; 0: until its agent says that he is there. A call that he makes or answers says so too.
    pub no_answer_rest: u64,
    /// What [`super::Input::WrapUp`] asks for, µs; at least 1 s.
    pub long_wrap_up: u64,
    /// For [`Strategy::Random`].
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            cool_down: 2 * SECOND,
            direct_limit: 180 * SECOND,
            held_limit: 0,
            no_answer_limit: 0,
            no_answer_rest: 0,
            long_wrap_up: 120 * SECOND,
            seed: 0,
        }
    }
}

impl Settings {
    pub(super) fn cool_down(&self) -> u64 {
        self.cool_down.max(100 * MILLI)
    }
}

/// Which of the ready seats gets the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strategy {
    /// The one whose last talk ended longest ago; of equals the one with fewest skills.
    #[default]
    LongestIdle,
    /// All of them; the first to answer has it.
    RingAll,
    /// The first in the group's order.
    Linear,
    /// The one with fewest skills, so that specialists stay free; of equals the longest idle.
    FewestSkills,
    /// The one who is best at what the call asks for, by his level; of equals the longest idle.
    BestSkilled,
    /// In turn: whoever comes in the group's order after the one who was offered a call last.
    RoundRobin,
    /// The one who has answered fewest of the floor's calls since he signed in; of equals the longest idle.
    FewestCalls,
    /// The one who has talked least since he signed in; of equals the longest idle.
    LeastTalk,
    /// Any, each as likely as the others.
    Random,
}

/// When the caller is told the position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Announce {
    /// First so long after entering, µs.
    pub first: u64,
    /// Then again every so often, µs; at least 1 s.
    pub every: u64,
}

/// A group of seats with a queue in front.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Which seat is offered the call.
    pub strategy: Strategy,
    /// How long one seat rings, µs; at least 1 s.
    pub ring_time: u64,
    /// Paperwork after a call of this group, µs; 0 is none.
    pub wrap_up: u64,
    /// How fast waiting counts in this queue against others that share its seats: a call of weight 2 that waited 10 s goes before
    /// one of weight 1 that waited 19 s. With equal weights the lower place goes first.
    pub weight: u32,
    /// Delay after which tier 1, 2 … may be offered a call, µs from entering the group; tier 0 at once. Must not decrease.
    pub tier_delays: Vec<u64>,
    /// After so long the level of the skill that is asked for falls by one, and again after as long, µs; below level 1 the skill
    /// is no longer asked for. `None` is never.
    pub skill_wait: Option<u64>,
    /// After so long the call overflows even while a seat rings, µs from entering the group; `None` is never.
    pub max_wait: Option<u64>,
    /// So many calls may stand in line without a seat ringing for them; one more overflows on entering. `None` is no limit.
    pub max_size: Option<usize>,
    /// A call overflows on entering where the longest likely wait is longer than that, µs. `None` is never.
    pub max_estimate: Option<u64>,
    /// Overflow at once while no reachable seat of the group is signed in.
    pub on_no_seats: bool,
    /// When the caller is told the position; `None` is never.
    pub announce: Option<Announce>,
}

impl Default for Group {
    fn default() -> Self {
        Self {
            strategy: Strategy::LongestIdle,
            ring_time: 8 * SECOND,
            wrap_up: 0,
            weight: 1,
            tier_delays: Vec::new(),
            skill_wait: None,
            max_wait: None,
            max_size: None,
            max_estimate: None,
            on_no_seats: false,
            announce: None,
        }
    }
}

impl Group {
    pub(super) fn ring_time(&self) -> u64 {
        self.ring_time.max(SECOND)
    }
}

/// A seat's place on the floor: its groups and what it can do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Position {
    /// The groups it serves.
    pub groups: BTreeMap<GroupId, Membership>,
    /// Its skills, each with its level, 1 to [`LEVELS`].
    pub skills: BTreeMap<SkillId, u8>,
}

/// The highest level of a skill.
pub const LEVELS: u8 = 5;

/// How a seat serves one group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Membership {
    /// 0 serves at once, higher tiers after the group's delays.
    pub tier: u8,
    /// Position in the group's order, for [`Strategy::Linear`].
    pub order: u32,
}
