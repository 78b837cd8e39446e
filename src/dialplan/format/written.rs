//! What a dialplan may say: every table and key there is, each value with its place. Nothing is judged here but its type.

use crate::calendar::Shift;
use crate::dialplan::check::Span;
use crate::dialplan::entry::{Access, Class, Record, Role, Strategy};
use crate::dialplan::number::Spelling;
use ecow::EcoString;
use jiff::civil::{Date, DateTime, Time};
use smallvec::{SmallVec, smallvec};
use std::ops::Deref;

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::dialplan) struct At<T> {
    pub(in crate::dialplan) value: T,
    pub(in crate::dialplan) span: Span,
}

/// Where a call may be sent, as written: `group:main`, `trunk:carrier`, `prompt:busy`, `release:486/17`, `callback`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::dialplan) enum Target {
    Group(EcoString),
    Trunk(EcoString),
    Prompt(EcoString),
    Release(u16, u8),
    CallBack,
}

impl Target {
    pub(in crate::dialplan) fn parse(text: &str) -> Option<Self> {
        if text.trim() == "callback" {
            return Some(Self::CallBack);
        }
        let (kind, name) = text.split_once(':')?;
        let name = name.trim();
        match kind.trim() {
            _ if name.is_empty() => None,
            "group" => Some(Self::Group(name.into())),
            "trunk" => Some(Self::Trunk(name.into())),
            "prompt" => Some(Self::Prompt(name.into())),
            "release" => release(name),
            _ => None,
        }
    }
}

/// `486` or `486/17`; without a cause the one RFC 3398 §8.2.6.1 pairs with the status.
fn release(text: &str) -> Option<Target> {
    let (status, cause) = match text.split_once('/') {
        Some((status, cause)) => (status, Some(cause.parse::<u8>().ok().filter(|c| (1..=127).contains(c))?)),
        None => (text, None),
    };
    let status = status.parse::<u16>().ok().filter(|s| (400..=699).contains(s))?;
    Some(Target::Release(status, cause.unwrap_or_else(|| q850_of(status))))
}

fn q850_of(status: u16) -> u8 {
    match status {
        403 | 603 => 21,
        404 | 604 => 1,
        408 => 102,
        410 => 22,
        480 => 18,
        484 => 28,
        486 | 600 => 17,
        503 => 42,
        _ => 31,
    }
}

/// All files of a plan, as written.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::dialplan) struct Written {
    pub(in crate::dialplan) cities: Vec<CityWritten>,
    pub(in crate::dialplan) emergencies: Vec<EmergencyWritten>,
    pub(in crate::dialplan) lines: Vec<LineWritten>,
    pub(in crate::dialplan) groups: Vec<GroupWritten>,
    pub(in crate::dialplan) trunks: Vec<TrunkWritten>,
    pub(in crate::dialplan) calendars: Vec<CalendarWritten>,
    pub(in crate::dialplan) expects: Vec<ExpectWritten>,
}

/// `[city]`
#[derive(Debug, PartialEq, Eq)]
pub(in crate::dialplan) struct CityWritten {
    pub(in crate::dialplan) at: Span,
    pub(in crate::dialplan) name: Option<At<String>>,
    pub(in crate::dialplan) country: Option<At<String>>,
    pub(in crate::dialplan) area: Option<At<String>>,
    pub(in crate::dialplan) subscriber: Option<At<u32>>,
    pub(in crate::dialplan) timezone: Option<At<String>>,
    pub(in crate::dialplan) contexts: Vec<At<String>>,
    pub(in crate::dialplan) issued: Option<At<Date>>,
    pub(in crate::dialplan) callers: Vec<At<String>>,
    pub(in crate::dialplan) deadline: Option<At<Date>>,
}

/// `[emergency]`
#[derive(Debug, PartialEq, Eq)]
pub(in crate::dialplan) struct EmergencyWritten {
    pub(in crate::dialplan) at: Span,
    pub(in crate::dialplan) trunks: Vec<At<String>>,
    pub(in crate::dialplan) progress: Option<At<u32>>,
    pub(in crate::dialplan) unread: Vec<&'static str>,
}

/// `[hotline.N]`, `[utility.N]`, `[route.N]`
///
/// A plan may have a million of them and nearly all say no more than where they lead: that stands here, in 104 bytes and
/// without an allocation; whatever else a line says stands in its [`Details`], which it dereferences to.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::dialplan) struct LineWritten {
    /// `hotline`, `utility` or `route`.
    pub(in crate::dialplan) table: &'static str,
    pub(in crate::dialplan) number: At<EcoString>,
    /// Of a route: where it leads.
    pub(in crate::dialplan) to: Targets,
    details: Option<Box<Details>>,
}

/// One target is the rule.
pub(in crate::dialplan) type Targets = SmallVec<[At<Target>; 1]>;

/// What a line says beside its number and where it leads.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::dialplan) struct Details {
    pub(in crate::dialplan) class: Option<At<Class>>,
    pub(in crate::dialplan) title: Option<At<String>>,
    pub(in crate::dialplan) owner: Option<At<String>>,
    pub(in crate::dialplan) cutover: Option<At<Date>>,
    pub(in crate::dialplan) until: Option<At<Date>>,
    pub(in crate::dialplan) stopped: Option<At<bool>>,
    pub(in crate::dialplan) transition: Option<At<String>>,
    pub(in crate::dialplan) cancelled: Option<At<String>>,
    pub(in crate::dialplan) early: Option<At<bool>>,
    pub(in crate::dialplan) kept: Option<At<bool>>,
    pub(in crate::dialplan) group: Option<At<String>>,
    pub(in crate::dialplan) trunk: Option<At<String>>,
    pub(in crate::dialplan) ring: Option<At<u32>>,
    pub(in crate::dialplan) skill: Option<At<String>>,
    pub(in crate::dialplan) overflow: Vec<At<Target>>,
    pub(in crate::dialplan) access: Option<At<Access>>,
    pub(in crate::dialplan) feed: Option<At<bool>>,
    pub(in crate::dialplan) knowledge: Option<At<bool>>,
    pub(in crate::dialplan) province: Option<At<bool>>,
    /// Keys that are there, but with a value that could not be read.
    pub(in crate::dialplan) unread: Vec<&'static str>,
}

static NOTHING: Details = Details::NOTHING;

impl Details {
    pub(super) const NOTHING: Self = Self {
        class: None,
        title: None,
        owner: None,
        cutover: None,
        until: None,
        stopped: None,
        transition: None,
        cancelled: None,
        early: None,
        kept: None,
        group: None,
        trunk: None,
        ring: None,
        skill: None,
        overflow: Vec::new(),
        access: None,
        feed: None,
        knowledge: None,
        province: None,
        unread: Vec::new(),
    };
}

impl Deref for LineWritten {
    type Target = Details;

    fn deref(&self) -> &Details {
        self.details.as_deref().unwrap_or(&NOTHING)
    }
}

/// `[group.NAME]`
#[derive(Debug, PartialEq, Eq)]
pub(in crate::dialplan) struct GroupWritten {
    pub(in crate::dialplan) name: At<String>,
    pub(in crate::dialplan) title: Option<At<String>>,
    /// `None` when written wrongly or not at all.
    pub(in crate::dialplan) hours: Option<At<HoursWritten>>,
    pub(in crate::dialplan) ring: Option<At<u32>>,
    pub(in crate::dialplan) wrap_up: Option<At<u32>>,
    pub(in crate::dialplan) welcome: Option<At<String>>,
    pub(in crate::dialplan) waiting: Option<At<String>>,
    pub(in crate::dialplan) record: Option<At<Record>>,
    pub(in crate::dialplan) recording_notice: Option<At<String>>,
    pub(in crate::dialplan) position_every: Option<At<u32>>,
    pub(in crate::dialplan) max_wait: Option<At<u32>>,
    pub(in crate::dialplan) max_size: Option<At<u32>>,
    pub(in crate::dialplan) weight: Option<At<u32>>,
    pub(in crate::dialplan) strategy: Option<At<Strategy>>,
    pub(in crate::dialplan) widen: Option<At<u32>>,
    pub(in crate::dialplan) tier_wait: Option<At<u32>>,
    pub(in crate::dialplan) max_estimate: Option<At<u32>>,
    pub(in crate::dialplan) sticky_days: Option<At<u32>>,
    pub(in crate::dialplan) repeat_within: Option<At<u32>>,
    pub(in crate::dialplan) least_seats: Option<At<u32>>,
    pub(in crate::dialplan) shifts: Vec<At<Shift>>,
    pub(in crate::dialplan) shift_calendar: Option<At<String>>,
    pub(in crate::dialplan) callback: Option<At<bool>>,
    pub(in crate::dialplan) survey: Option<At<bool>>,
    pub(in crate::dialplan) messages: Vec<At<String>>,
    pub(in crate::dialplan) message_every: Option<At<u32>>,
    pub(in crate::dialplan) disaster: Vec<At<Target>>,
    pub(in crate::dialplan) trusted: Option<At<bool>>,
    pub(in crate::dialplan) overflow: Vec<At<Target>>,
    /// Keys that are there, but with a value that could not be read.
    pub(in crate::dialplan) unread: Vec<&'static str>,
}

/// `hours = "7x24"` or `hours = { calendar = "…", from = 08:30, to = 17:30 }`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::dialplan) enum HoursWritten {
    Always,
    Workdays { calendar: At<String>, from: Time, to: Time },
}

/// `[trunk.NAME]`
#[derive(Debug, PartialEq, Eq)]
pub(in crate::dialplan) struct TrunkWritten {
    pub(in crate::dialplan) name: At<String>,
    pub(in crate::dialplan) title: Option<At<String>>,
    pub(in crate::dialplan) role: Option<At<Role>>,
    pub(in crate::dialplan) number_out: Option<At<Spelling>>,
    pub(in crate::dialplan) number_in: Vec<At<Spelling>>,
    pub(in crate::dialplan) province: Option<At<bool>>,
    pub(in crate::dialplan) may_transfer: Option<At<bool>>,
    pub(in crate::dialplan) timeout: Option<At<u32>>,
    pub(in crate::dialplan) progress: Option<At<u32>>,
}

/// `[calendar.NAME]`
#[derive(Debug, PartialEq, Eq)]
pub(in crate::dialplan) struct CalendarWritten {
    pub(in crate::dialplan) name: At<String>,
    pub(in crate::dialplan) holidays: Vec<At<Date>>,
    pub(in crate::dialplan) workdays: Vec<At<Date>>,
}

/// `[[expect]]`
#[derive(Debug, PartialEq, Eq)]
pub(in crate::dialplan) struct ExpectWritten {
    pub(in crate::dialplan) dial: Option<At<String>>,
    pub(in crate::dialplan) at: Vec<At<DateTime>>,
    pub(in crate::dialplan) to: Option<At<String>>,
    /// `at = []`: where that stands.
    pub(in crate::dialplan) never: Option<Span>,
}

impl LineWritten {
    /// Whether the key is there, readable or not.
    pub(in crate::dialplan) fn has(&self, key: &str) -> bool {
        let read = match key {
            "cutover" => self.cutover.is_some(),
            "seats" => self.kept.is_some(),
            "group" => self.group.is_some(),
            "trunk" => self.trunk.is_some(),
            "class" => self.class.is_some(),
            _ => false,
        };
        read || self.unread.contains(&key)
    }

    /// What is said of it beside where it leads is kept only where there is something.
    pub(super) fn new(table: &'static str, number: At<EcoString>, to: Targets, details: Details) -> Self {
        Self { table, number, to, details: (details != NOTHING).then(|| Box::new(details)) }
    }

    /// `route."96xxx" = "group:main"`.
    pub(super) fn leading(number: At<EcoString>, to: At<Target>) -> Self {
        Self { table: "route", number, to: smallvec![to], details: None }
    }
}
