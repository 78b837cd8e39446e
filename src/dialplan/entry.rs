//! What the checked dialplan is made of: entries with their steps, groups and trunks.
//!
//! Everything here has passed the checks; nothing here reads text.

use super::digits::Digits;
use super::life::Life;
use super::number::Spelling;
use super::route::{Origin, Route, Step};
use crate::calendar::{Calendar, Hours, Shifts};
use crate::id::{GroupId, PromptId, TrunkId};
use ecow::EcoString;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// How many overflows from group to group one call may take before it is released: the check of the plan finds loops, this
/// one holds even if it did not.
pub const MAX_OVERFLOWS: u8 = 8;

/// What kind of number an entry is (product §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// 12345 itself.
    Hub,
    /// 整体并入: cancelled after its transition.
    Merged,
    /// 双号并行: the number is kept.
    Parallel,
    /// 设分中心: a sub-centre with its own seats.
    Branch,
    /// 110, 119, 120, 122.
    Emergency,
    /// Water, power, gas.
    Utility,
    /// Any other number the operator routes.
    Route,
}

impl Class {
    /// The plan's own words for it.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Hub => "总台",
            Self::Merged => "整体并入",
            Self::Parallel => "双号并行",
            Self::Branch => "设分中心",
            Self::Emergency => "紧急号码",
            Self::Utility => "公用事业",
            Self::Route => "其他路由",
        }
    }

    /// The same in English; also the word in TOML.
    #[must_use]
    pub const fn en(self) -> &'static str {
        match self {
            Self::Hub => "hub",
            Self::Merged => "merged",
            Self::Parallel => "parallel",
            Self::Branch => "branch",
            Self::Emergency => "emergency",
            Self::Utility => "utility",
            Self::Route => "route",
        }
    }
}

/// Who may dial a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Callers from trunks, and seats.
    Anyone,
    /// Signed-in seats only; a trunk's caller gets 404 as if there were no such number.
    Seats,
}

/// One number, or pattern of numbers, of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its address everywhere: `hotline.12333`.
    pub address: EcoString,
    /// The digits, or the pattern as written.
    pub number: EcoString,
    /// What it is called on screens.
    pub title: EcoString,
    /// The department that answers for it; empty when nobody is named.
    pub owner: EcoString,
    /// Its kind.
    pub class: Class,
    /// Parallel and branch lines: the department's own seats are kept.
    pub kept: bool,
    /// Who may dial it.
    pub access: Access,
    /// 相关运行数据实时归集: its call data flows to 12345 in real time.
    pub feed: bool,
    /// 共建共享知识库.
    pub knowledge: bool,
    /// Carries the province's traffic too: 12333 and 12393.
    pub province: bool,
    /// Routes by date.
    pub life: Life,
    /// Where it is defined.
    pub at: Origin,
}

/// Whether talks are recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Record {
    /// From the answer to the end.
    #[default]
    Always,
    /// Not at all, whoever orders it.
    Never,
    /// From the moment the agent or his supervisor orders it.
    OnDemand,
}

impl Record {
    /// Every word of TOML.
    pub const ALL: [Self; 3] = [Self::Always, Self::Never, Self::OnDemand];

    /// The word in TOML.
    #[must_use]
    pub const fn en(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::Never => "never",
            Self::OnDemand => "on-demand",
        }
    }
}

/// Which free seat is offered a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// The one whose last talk ended longest ago.
    #[default]
    LongestIdle,
    /// In turn.
    RoundRobin,
    /// The one with fewest answered calls since he signed in.
    FewestCalls,
    /// The one who has talked least since he signed in.
    LeastTalk,
    /// Any.
    Random,
    /// All; the first to answer has it.
    RingAll,
    /// The first in order.
    Linear,
    /// The one with fewest skills, so that specialists stay free.
    FewestSkills,
    /// The one who is best at what the line asks for.
    BestSkilled,
}

impl Strategy {
    /// Every word of TOML.
    pub const ALL: [Self; 9] = [
        Self::LongestIdle,
        Self::RoundRobin,
        Self::FewestCalls,
        Self::LeastTalk,
        Self::Random,
        Self::RingAll,
        Self::Linear,
        Self::FewestSkills,
        Self::BestSkilled,
    ];

    /// The word in TOML.
    #[must_use]
    pub const fn en(self) -> &'static str {
        match self {
            Self::LongestIdle => "longest-idle",
            Self::RoundRobin => "round-robin",
            Self::FewestCalls => "fewest-calls",
            Self::LeastTalk => "least-talk",
            Self::Random => "random",
            Self::RingAll => "ring-all",
            Self::Linear => "linear",
            Self::FewestSkills => "fewest-skills",
            Self::BestSkilled => "best-skilled",
        }
    }

    /// The word for operators.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        match self {
            Self::LongestIdle => "最长空闲",
            Self::RoundRobin => "轮流",
            Self::FewestCalls => "接听最少",
            Self::LeastTalk => "通话最短",
            Self::Random => "随机",
            Self::RingAll => "同振",
            Self::Linear => "顺序",
            Self::FewestSkills => "技能最少",
            Self::BestSkilled => "技能最强",
        }
    }
}

/// A group of seats with its queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its name; `group.<id>` is the address.
    pub id: GroupId,
    /// What it is called on screens.
    pub title: Box<str>,
    /// When it is staffed; outside these hours it is as if nobody were signed in ([`super::Plan::is_open`]).
    pub hours: Hours,
    /// How long one seat rings before the next is tried, ms.
    pub ring_ms: u32,
    /// After a talk a seat rests so long, ms.
    pub wrap_up_ms: u32,
    /// Played once when the caller enters the queue.
    pub welcome: Option<PromptId>,
    /// Music or announcement repeated while waiting; ringback when absent.
    pub waiting: Option<PromptId>,
    /// Whether talks with its seats are recorded.
    pub record: Record,
    /// Said to the caller once before a recording begins; never to a caller of 110, 119, 120 or 122.
    pub recording_notice: Option<PromptId>,
    /// Position in the line and likely wait are said every so long, ms; never when absent.
    pub position_every_ms: Option<u32>,
    /// Overflow after waiting so long, ms.
    pub max_wait_ms: u32,
    /// Overflow at once when so many wait already.
    pub max_size: u32,
    /// Share among queues that want the same seats, 1 to 100.
    pub weight: u32,
    /// Which free seat is offered a call.
    pub strategy: Strategy,
    /// The level of a skill that a line asks for falls by one each so long, ms; below 1 anybody may answer.
    pub widen_ms: u32,
    /// Each higher tier of agents is asked so much later, ms.
    pub tier_wait_ms: u32,
    /// Overflow on entering when eight of ten would wait longer than that, ms; never when absent.
    pub max_estimate_ms: Option<u32>,
    /// A caller gets the agent he talked with in so many days, if he is free.
    pub sticky_days: Option<u32>,
    /// Who gave up and calls again so soon, ms, goes before those who have not called yet.
    pub repeat_within_ms: Option<u32>,
    /// Fewer seats than that at work in its hours: an alarm.
    pub least_seats: u32,
    /// Seats that must be at work by shift, in its hours; where no shift holds, `least_seats`.
    pub shifts: Shifts,
    /// A caller who waits may ask by key to be called back.
    pub callback: bool,
    /// The caller is asked how he was served when the agent hangs up first.
    pub survey: bool,
    /// Said in turn to who waits.
    pub messages: Box<[PromptId]>,
    /// One of them every so long, ms.
    pub message_every_ms: u32,
    /// What follows instead of the queue while the group is in disaster mode; `None`: its overflow. Ends as that does.
    pub disaster: Option<Route>,
    /// Seats see the caller's number even where the caller asked for privacy.
    pub trusted: bool,
    /// What follows `max_wait`, `max_size`, nobody signed in, or closed hours. Ends in a queue or a release.
    pub overflow: Route,
    /// Where it is defined.
    pub at: Origin,
}

impl Group {
    /// Whether somebody else may answer when nobody of this group is signed in: then callers overflow at once. Where nobody
    /// could, callers wait: after a restart the phones come back within a minute, and a caller who is released has got no help.
    #[must_use]
    pub fn leads_to_people(&self) -> bool {
        let nobody = |s: &Step| matches!(s, Step::Prompt { .. } | Step::Release { .. } | Step::CallBack { .. });
        !self.overflow.steps.iter().all(nobody)
    }
}

/// What a trunk is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// To and from the public network.
    Carrier,
    /// A sub-centre's exchange (分中心).
    Branch,
    /// A department's exchange with the kept seats of a parallel line.
    Department,
    /// 110, 119, 120, 122.
    Emergency,
    /// Water, power, gas.
    Utility,
}

/// What a trunk means to the plan. Its address and password are configuration, not plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trunk {
    /// Its name; `trunk.<id>` is the address.
    pub id: TrunkId,
    /// What it is called on screens.
    pub title: Box<str>,
    /// What it is for.
    pub role: Role,
    /// How this side wants a called number written.
    pub number_out: Spelling,
    /// The spellings of a called number that are taken from it; all when empty.
    pub number_in: Box<[Spelling]>,
    /// Calls from it count as the province's (12333, 12393).
    pub province: bool,
    /// REFER from it is allowed.
    pub may_transfer: bool,
    /// Without an answer for so long, ms: give up.
    pub timeout_ms: u32,
    /// Without any 1xx for so long, ms: the next trunk.
    pub progress_ms: u32,
    /// Where it is defined.
    pub at: Origin,
}

impl Trunk {
    /// Whether a called number in this spelling is taken from this trunk. A service URN always is.
    #[must_use]
    pub fn takes(&self, spelling: Spelling) -> bool {
        self.number_in.is_empty() || spelling == Spelling::Service || self.number_in.contains(&spelling)
    }
}

/// The city of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct City {
    /// Its name.
    pub name: Box<str>,
    /// Calendars by name.
    pub calendars: std::collections::BTreeMap<Box<str>, Arc<Calendar>>,
    /// The hub's number.
    pub hub: Digits,
    /// Day of issue of the city's plan.
    pub issued: jiff::civil::Date,
    /// The city's number ranges (号段) as leading digits of callers; empty: callers are not told apart ([`super::segment`]).
    pub callers: Box<[Box<str>]>,
}
