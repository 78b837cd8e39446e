//! Groups, trunks and the city, key by key.

use super::change::{KeyChange, SettingChange, changed, duration, route};
use crate::calendar::{Calendar, Hours, Shifts};
use crate::dialplan::{Group, Plan, Trunk};
use std::collections::BTreeSet;

/// All that differ: the city first, then groups and trunks by name.
pub(super) fn compare(old: &Plan, new: &Plan) -> Vec<SettingChange> {
    let city = changed(city(old).into_iter().zip(city(new)).map(|((key, a), (_, b))| (key, Some(a), Some(b))));
    let mut all = Vec::new();
    push(&mut all, "city".to_owned(), city);
    let names: BTreeSet<_> = old.groups.keys().chain(new.groups.keys()).collect();
    for name in names {
        let of = |plan: &Plan| plan.groups.get(name).map(|g| group(g));
        push(&mut all, format!("group.{name}"), sides(of(old), of(new)));
    }
    let names: BTreeSet<_> = old.trunks.keys().chain(new.trunks.keys()).collect();
    for name in names {
        let of = |plan: &Plan| plan.trunks.get(name).map(|t| trunk(t));
        push(&mut all, format!("trunk.{name}"), sides(of(old), of(new)));
    }
    all
}

type Row = (&'static str, String);

fn push(all: &mut Vec<SettingChange>, address: String, keys: Vec<KeyChange>) {
    if !keys.is_empty() {
        all.push(SettingChange { address, keys });
    }
}

fn sides(old: Option<Vec<Row>>, new: Option<Vec<Row>>) -> Vec<KeyChange> {
    match (old, new) {
        (Some(old), Some(new)) => changed(old.into_iter().zip(new).map(|((key, a), (_, b))| (key, Some(a), Some(b)))),
        (Some(old), None) => changed(old.into_iter().filter(said).map(|(key, a)| (key, Some(a), None))),
        (None, Some(new)) => changed(new.into_iter().filter(said).map(|(key, b)| (key, None, Some(b)))),
        (None, None) => Vec::new(),
    }
}

fn said(row: &Row) -> bool {
    !row.1.is_empty()
}

fn city(plan: &Plan) -> Vec<Row> {
    vec![
        ("name", plan.city.name.to_string()),
        ("hub", plan.city.hub.to_string()),
        ("issued", plan.city.issued.to_string()),
        ("callers", plan.city.callers.join(" ")),
        ("numbering", format!("{:?}", plan.numbering)),
        ("timezone", format!("{:?}", plan.zone)),
    ]
}

fn group(g: &Group) -> Vec<Row> {
    let prompt = |p: &Option<crate::id::PromptId>| p.as_ref().map_or_else(String::new, ToString::to_string);
    vec![
        ("title", g.title.to_string()),
        ("hours", hours(&g.hours)),
        ("ring", duration(g.ring_ms)),
        ("wrap_up", duration(g.wrap_up_ms)),
        ("welcome", prompt(&g.welcome)),
        ("waiting", prompt(&g.waiting)),
        ("record", g.record.en().to_owned()),
        ("recording_notice", prompt(&g.recording_notice)),
        ("position_every", g.position_every_ms.map_or_else(String::new, duration)),
        ("max_wait", duration(g.max_wait_ms)),
        ("max_size", g.max_size.to_string()),
        ("weight", g.weight.to_string()),
        ("strategy", g.strategy.en().to_owned()),
        ("widen", duration(g.widen_ms)),
        ("tier_wait", duration(g.tier_wait_ms)),
        ("max_estimate", g.max_estimate_ms.map_or_else(String::new, duration)),
        ("sticky_days", g.sticky_days.map_or_else(String::new, |n| n.to_string())),
        ("repeat_within", g.repeat_within_ms.map_or_else(String::new, duration)),
        ("least_seats", g.least_seats.to_string()),
        ("shifts", shifts(&g.shifts)),
        ("callback", g.callback.to_string()),
        ("survey", g.survey.to_string()),
        ("messages", g.messages.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")),
        ("message_every", duration(g.message_every_ms)),
        ("disaster", g.disaster.as_ref().map_or_else(String::new, route)),
        ("trusted", g.trusted.to_string()),
        ("overflow", route(&g.overflow)),
    ]
}

/// The calendar's days are part of it: a holiday added is another decision.
fn hours(hours: &Hours) -> String {
    match hours {
        Hours::Always => "7x24".to_owned(),
        Hours::Workdays { calendar, from, to } => {
            format!("{}–{}{}", from.strftime("%H:%M"), to.strftime("%H:%M"), days(calendar))
        }
    }
}

fn days(calendar: &Calendar) -> String {
    let list = |days: &BTreeSet<jiff::civil::Date>| days.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    format!(", holidays {}, workdays {}", list(&calendar.holidays), list(&calendar.workdays))
}

fn shifts(shifts: &Shifts) -> String {
    let all: Vec<String> = shifts.all.iter().map(ToString::to_string).collect();
    if all.is_empty() { String::new() } else { format!("{}{}", all.join("; "), days(&shifts.calendar)) }
}

fn trunk(t: &Trunk) -> Vec<Row> {
    let spelling = |s: &crate::dialplan::Spelling| format!("{s:?}").to_lowercase();
    vec![
        ("title", t.title.to_string()),
        ("role", format!("{:?}", t.role).to_lowercase()),
        ("number_out", spelling(&t.number_out)),
        ("number_in", t.number_in.iter().map(spelling).collect::<Vec<_>>().join(" ")),
        ("province", t.province.to_string()),
        ("may_transfer", t.may_transfer.to_string()),
        ("timeout", duration(t.timeout_ms)),
        ("progress", duration(t.progress_ms)),
    ]
}
