//! A number's whole life as dated periods: before its cutover, in its transition, cancelled; or one that never ends.
//!
//! Each period's steps are asked of the number's [`super::life::Life`] at the period's own first moment: the hot path says the same.

use super::Plan;
use super::entry::{Class, Entry};
use super::explain::{Decision, NumberRow, decide, place, row_of};
use super::life::{Life, State};
use super::number::Dialled;
use super::phrase::{named, phrase, row, seconds};
use super::route::Route;
use super::visit::{Hop, hops};
use crate::fact::Lang;
use jiff::civil::Date;
use serde::Serialize;
use std::fmt::Write;
use std::sync::Arc;

/// One stretch of a number's life in which a call takes the same steps.
#[derive(Debug, Clone, Copy)]
pub struct Period<'p> {
    /// Its first moment, µs since the epoch; `i64::MIN` when it has none.
    pub begins: i64,
    /// The first moment after it; `i64::MAX` when it does not end.
    pub ends: i64,
    /// First day.
    pub first: Option<Date>,
    /// Last day.
    pub last: Option<Date>,
    /// Where the number stands on its first day.
    pub state: State,
    /// What a call does; `None` is 404.
    pub route: Option<&'p Route>,
}

/// The life of one number.
#[derive(Debug)]
pub struct Timeline<'p> {
    plan: &'p Plan,
    dialled: Dialled,
    entry: &'p Arc<Entry>,
    /// In order, without gaps.
    pub periods: Vec<Period<'p>>,
}

/// A timeline for a program.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the names are the document of `--json`, told on the operators' page")]
pub struct TimelineFacts {
    pub number: String,
    pub address: String,
    /// The pattern that matches, where the number has no entry of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    pub title: String,
    pub owner: String,
    pub class: Class,
    pub place: String,
    pub periods: Vec<PeriodFacts>,
}

/// An entry as `numbers ls` shows it, with its whole life.
#[derive(Debug)]
pub struct NumberLife {
    /// Where it stands at the moment of the question.
    pub row: NumberRow,
    /// In order, without gaps.
    pub periods: Vec<PeriodFacts>,
}

/// One period for a program.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the names are the document of `--json`, told on the operators' page")]
pub struct PeriodFacts {
    pub state: &'static str,
    pub from: Option<String>,
    pub last_day: Option<String>,
    pub days: Option<u32>,
    /// Whether the moment of the question is in it.
    pub now: bool,
    /// Which day of it the moment is, and how many are left, that day included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub day: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days_left: Option<u32>,
    /// 404 where there are no steps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    pub steps: Vec<Hop>,
}

impl Period<'_> {
    /// Whether a moment is in it.
    #[must_use]
    pub fn covers(&self, wall: i64) -> bool {
        self.begins <= wall && wall < self.ends
    }

    /// How many days it has, where it has both ends.
    #[must_use]
    pub fn days(&self) -> Option<u32> {
        days(self.first?, self.last?)
    }
}

/// Days from one to the other, both counted.
fn days(first: Date, last: Date) -> Option<u32> {
    u32::try_from(first.until(last).ok()?.get_days()).ok()?.checked_add(1)
}

impl Plan {
    /// A number's whole life; `None` when it is not in the plan.
    #[must_use]
    pub fn timeline(&self, dialled: Dialled) -> Option<Timeline<'_>> {
        timeline(self, dialled)
    }

    /// Every entry that fits, with its whole life, in the order of the files, emergency first; behind the one at this address, where there
    /// is one. Each is made as it is asked for: a plan may have a million.
    pub fn lives(
        &self,
        after: Option<&str>,
        wall: i64,
        fits: impl Fn(&Entry) -> bool,
    ) -> impl Iterator<Item = NumberLife> {
        let all = || self.emergency.iter().chain(self.entries.iter());
        let place = |after: &str| all().position(|entry| *entry.address == *after).map_or(usize::MAX, |n| n + 1);
        let behind = all().skip(after.map_or(0, place));
        behind.filter(move |entry| fits(entry)).map(move |entry| NumberLife {
            row: row_of(self, entry, wall),
            periods: periods(self, entry).iter().map(|p| told(self, p, wall)).collect(),
        })
    }
}

/// The life of the number; `None` when it is not in the plan.
fn timeline(plan: &Plan, dialled: Dialled) -> Option<Timeline<'_>> {
    let entry = match decide(plan, dialled, 0, &mut ()) {
        Decision::Routed(routed) => routed.entry,
        Decision::Refused(refusal) => refusal.entry?,
    };
    Some(Timeline { plan, dialled, entry, periods: periods(plan, entry) })
}

/// The periods of an entry's life.
fn periods<'p>(plan: &'p Plan, entry: &'p Entry) -> Vec<Period<'p>> {
    let turns: Vec<Date> = match &entry.life {
        Life::Kept(_) => Vec::new(),
        Life::Merged(merged) => vec![merged.window.cutover, merged.window.cancelled_from()],
    };
    let firsts = std::iter::once(None).chain(turns.iter().copied().map(Some));
    let nexts = turns.iter().copied().map(Some).chain([None]);
    let period = |(first, next): (Option<Date>, Option<Date>)| {
        let begins = first.map_or(i64::MIN, |d| plan.zone.midnight(d));
        let ends = next.map_or(i64::MAX, |d| plan.zone.midnight(d));
        let (state, route) = entry.life.at(begins);
        let last = next.and_then(|d| d.yesterday().ok());
        Period { begins, ends, first, last, state, route }
    };
    firsts.zip(nexts).map(period).collect()
}

impl Timeline<'_> {
    /// The pattern that matches, where the number has no entry of its own: others share its fate.
    #[must_use]
    pub fn pattern(&self) -> Option<&str> {
        Some(&*self.entry.number).filter(|n| n.contains('x'))
    }

    /// For a program; `wall` is the moment to mark, µs since the epoch.
    #[must_use]
    pub fn facts(&self, wall: i64) -> TimelineFacts {
        let entry = self.entry;
        TimelineFacts {
            number: self.dialled.digits.to_string(),
            address: entry.address.to_string(),
            pattern: self.pattern().map(str::to_owned),
            title: entry.title.to_string(),
            owner: entry.owner.to_string(),
            class: entry.class,
            place: place(self.plan, entry.at),
            periods: self.periods.iter().map(|p| told(self.plan, p, wall)).collect(),
        }
    }

    /// For a person; the period of the moment `wall` (µs since the epoch) is marked.
    #[must_use]
    pub fn text(&self, wall: i64, lang: Lang) -> String {
        let (entry, zh) = (self.entry, lang == Lang::Zh);
        let class = if zh { entry.class.zh() } else { entry.class.en() };
        let mut out = String::new();
        row(
            &mut out,
            0,
            &format!("{} · {class}", named(&self.dialled.digits.to_string(), entry)),
            &place(self.plan, entry.at),
        );
        for period in &self.periods {
            let facts = told(self.plan, period, wall);
            let mark = if facts.now { "▶ " } else { "  " };
            let _ = writeln!(out, "{mark}{}", facts.heading(lang));
            match period.route {
                None => {
                    let text =
                        if zh { "404 + Q.850 cause 1：没有写去向" } else { "404 + Q.850 cause 1: leads nowhere" };
                    row(&mut out, 4, text, "");
                }
                Some(route) => self.steps(&mut out, &hops(self.plan, route, wall, None), wall, lang),
            }
        }
        out
    }

    /// Steps, and the hours of each group on the way.
    fn steps(&self, out: &mut String, hops: &[Hop], wall: i64, lang: Lang) {
        let zh = lang == Lang::Zh;
        for (i, hop) in hops.iter().enumerate() {
            row(out, 4, &format!("{} {}", i + 1, phrase(self.plan, &hop.of, wall, lang)), &hop.place);
            let Some(visit) = hop.visit.as_ref().filter(|_| self.entry.life.window().is_none()) else { continue };
            let (hours, wait) = (&visit.hours, seconds(visit.max_wait_ms));
            let text = if zh {
                format!("服务时间 {hours}，最多等候 {wait} 秒")
            } else {
                format!("hours {hours}, waits {wait} s at most")
            };
            row(out, 6, &text, &visit.place);
        }
    }
}

/// A period for a program; `wall` is the moment to mark.
fn told(plan: &Plan, period: &Period<'_>, wall: i64) -> PeriodFacts {
    let today = plan.zone.local(wall).date();
    let now = period.covers(wall);
    let steps = |route: &Route| hops(plan, route, wall, None);
    PeriodFacts {
        state: word(period.state),
        from: period.first.map(|d| d.to_string()),
        last_day: period.last.map(|d| d.to_string()),
        days: period.days(),
        now,
        day: period.first.filter(|_| now).and_then(|first| days(first, today)),
        days_left: period.last.filter(|_| now).and_then(|last| days(today, last)),
        status: if period.route.is_none() { Some(404) } else { None },
        steps: period.route.map_or_else(Vec::new, steps),
    }
}

fn word(state: State) -> &'static str {
    match state {
        State::Serving => "serving",
        State::Before => "before",
        State::Transition { .. } => "transition",
        State::Cancelled => "cancelled",
    }
}

impl PeriodFacts {
    /// What it is, from when to when, and where in it the moment of the question is.
    #[must_use]
    pub fn heading(&self, lang: Lang) -> String {
        let period = self;
        let zh = lang == Lang::Zh;
        let (from, last) = (period.from.as_deref().unwrap_or_default(), period.last_day.as_deref().unwrap_or_default());
        let name = match (period.state, zh) {
            ("before", true) => "归并前",
            ("before", false) => "before its cutover",
            ("transition", true) => "过渡期",
            ("transition", false) => "transition",
            ("cancelled", true) => "已取消，不再恢复",
            ("cancelled", false) => "cancelled, never restored",
            (_, true) => "在用，没有期限",
            (_, false) => "in service, without an end",
        };
        let mut text = match (from.is_empty(), last.is_empty(), zh) {
            (true, true, _) => name.to_owned(),
            (true, false, true) => format!("{last} 止 · {name}"),
            (true, false, false) => format!("until {last} · {name}"),
            (false, true, true) => format!("{from} 起 · {name}"),
            (false, true, false) => format!("from {from} · {name}"),
            (false, false, _) => format!("{from} – {last} · {name}"),
        };
        if let Some(days) = period.days {
            let _ = if zh { write!(text, "，{days} 天") } else { write!(text, ", {days} days") };
        }
        match (period.now, period.day, period.days_left) {
            (false, ..) => {}
            (true, Some(day), Some(left)) if zh => _ = write!(text, " · 此刻第 {day} 天，剩 {left} 天"),
            (true, Some(day), Some(left)) => _ = write!(text, " · now day {day}, {left} left"),
            (true, None, Some(left)) if zh => _ = write!(text, " · 此刻，剩 {left} 天"),
            (true, None, Some(left)) => _ = write!(text, " · now, {left} days left"),
            (true, ..) if zh => text.push_str(" · 此刻"),
            (true, ..) => text.push_str(" · now"),
        }
        text
    }
}
