//! Reads each kind of table, key by key.

use super::reader::Section;
use super::written::{
    At, CalendarWritten, CityWritten, Details, EmergencyWritten, ExpectWritten, GroupWritten, HoursWritten,
    LineWritten, Targets, TrunkWritten,
};
use crate::dialplan::entry::{Access, Class, Record, Role, Strategy};
use crate::dialplan::number::Spelling;
use ecow::EcoString;

const SPELLINGS: [(&str, Spelling); 4] = [
    ("local", Spelling::Local),
    ("area", Spelling::Area),
    ("international", Spelling::International),
    ("international-bare", Spelling::InternationalBare),
];

pub(super) fn city(mut s: Section<'_, '_, '_, '_>) -> CityWritten {
    s.require("area", "区号，如 \"0591\"", "area code, e.g. \"0591\"");
    s.require("issued", "方案印发日期", "the day the city's plan was issued");
    let city = CityWritten {
        at: s.span(),
        name: s.text("name"),
        country: s.text("country"),
        area: s.text("area"),
        subscriber: s.count("subscriber", 5..10),
        timezone: s.text("timezone"),
        contexts: s.texts("contexts"),
        issued: s.date("issued"),
        callers: s.texts("callers"),
        deadline: s.date("deadline"),
    };
    let _ = s.finish();
    city
}

pub(super) fn emergency(mut s: Section<'_, '_, '_, '_>) -> EmergencyWritten {
    s.require("trunks", "按次序试用的中继", "its trunks in the order of trial");
    let (at, trunks, progress) = (s.span(), s.texts("trunks"), s.time_limit("progress"));
    let unread = s.finish();
    EmergencyWritten { at, trunks, progress, unread }
}

pub(super) fn line(mut s: Section<'_, '_, '_, '_>, table: &'static str, number: At<EcoString>) -> LineWritten {
    let mut to = Targets::new();
    let mut details = Details::NOTHING;
    details.title = s.text("title");
    details.owner = s.text("owner");
    let _note = s.text("note");
    details.access = s.word("access", &[("anyone", Access::Anyone), ("seats", Access::Seats)]);
    match table {
        "hotline" => {
            s.require("title", "名称", "what it is called");
            s.require("class", "归并方式", "how it is merged");
            hotline(&mut s, &mut details);
        }
        "utility" => {
            s.require("title", "名称", "what it is called");
            details.trunk = s.text("trunk");
        }
        _ => {
            s.require("to", "去向", "where it leads");
            to = s.targets("to").into();
            details.ring = s.time_limit("ring");
        }
    }
    details.unread = s.finish();
    LineWritten::new(table, number, to, details)
}

fn hotline(s: &mut Section<'_, '_, '_, '_>, line: &mut Details) {
    let classes = [Class::Hub, Class::Merged, Class::Parallel, Class::Branch].map(|c| (c.en(), c));
    line.class = s.word("class", &classes);
    line.cutover = s.date("cutover");
    line.until = s.date("until");
    line.stopped = s.flag("stopped");
    line.transition = s.text("transition");
    line.cancelled = s.text("cancelled");
    line.early = s.flag("early");
    line.kept = s.word("seats", &[("kept", true), ("pooled", false)]);
    line.group = s.text("group");
    line.trunk = s.text("trunk");
    line.ring = s.time_limit("ring");
    line.skill = s.skill("skill");
    line.overflow = s.targets("overflow");
    line.feed = s.flag("feed");
    line.knowledge = s.flag("knowledge");
    line.province = s.flag("province");
}

pub(super) fn group(mut s: Section<'_, '_, '_, '_>, name: At<String>) -> GroupWritten {
    s.require("title", "名称", "what it is called");
    s.require("hours", "服务时间，如 \"7x24\"", "its hours, e.g. \"7x24\"");
    let hours = hours(&mut s);
    let mut group = GroupWritten {
        name,
        title: s.text("title"),
        hours,
        ring: s.time_limit("ring"),
        wrap_up: s.duration("wrap_up"),
        welcome: s.text("welcome"),
        waiting: s.text("waiting"),
        record: s.word("record", &Record::ALL.map(|r| (r.en(), r))),
        recording_notice: s.text("recording_notice"),
        position_every: s.time_limit("position_every"),
        max_wait: s.duration("max_wait"),
        max_size: s.count("max_size", 1..1_000_001),
        weight: s.count("weight", 1..101),
        strategy: s.word("strategy", &Strategy::ALL.map(|r| (r.en(), r))),
        widen: s.time_limit("widen"),
        tier_wait: s.time_limit("tier_wait"),
        max_estimate: s.time_limit("max_estimate"),
        sticky_days: s.count("sticky_days", 1..366),
        repeat_within: s.time_limit("repeat_within"),
        least_seats: s.count("least_seats", 1..10_001),
        shifts: s.shifts("shifts"),
        shift_calendar: s.text("shift_calendar"),
        callback: s.flag("callback"),
        survey: s.flag("survey"),
        messages: s.texts("messages"),
        message_every: s.time_limit("message_every"),
        disaster: s.targets("disaster"),
        trusted: s.flag("trusted"),
        overflow: s.targets("overflow"),
        unread: Vec::new(),
    };
    group.unread = s.finish();
    group
}

fn hours(s: &mut Section<'_, '_, '_, '_>) -> Option<At<HoursWritten>> {
    let Some((range, table)) = s.table("hours") else {
        let always = s.hours()?;
        return Some(At { value: HoursWritten::Always, span: always.span });
    };
    let span = s.context.span(range.clone());
    let mut inner = Section::new(s.context, format!("{}.hours", s.address), range, table);
    for key in ["calendar", "from", "to"] {
        inner.require(key, "工作时间要日历和起止时刻", "working hours need a calendar and two times of day");
    }
    let (calendar, from, to) = (inner.text("calendar"), inner.time("from"), inner.time("to"));
    let _ = inner.finish();
    let (calendar, from, to) = (calendar?, from?.value, to?.value);
    Some(At { value: HoursWritten::Workdays { calendar, from, to }, span })
}

pub(super) fn trunk(mut s: Section<'_, '_, '_, '_>, name: At<String>) -> TrunkWritten {
    s.require("title", "名称", "what it is called");
    s.require("role", "用途", "what it is for");
    let roles = [
        ("carrier", Role::Carrier),
        ("branch", Role::Branch),
        ("department", Role::Department),
        ("emergency", Role::Emergency),
        ("utility", Role::Utility),
    ];
    let trunk = TrunkWritten {
        name,
        title: s.text("title"),
        role: s.word("role", &roles),
        number_out: s.word("number_out", &SPELLINGS),
        number_in: s.words("number_in", &SPELLINGS),
        province: s.flag("province"),
        may_transfer: s.flag("may_transfer"),
        timeout: s.time_limit("timeout"),
        progress: s.time_limit("progress"),
    };
    let _ = s.finish();
    trunk
}

pub(super) fn calendar(mut s: Section<'_, '_, '_, '_>, name: At<String>) -> CalendarWritten {
    let _note = s.text("note");
    let calendar = CalendarWritten { name, holidays: s.dates("holidays"), workdays: s.dates("workdays") };
    let _ = s.finish();
    calendar
}

pub(super) fn expect(mut s: Section<'_, '_, '_, '_>) -> ExpectWritten {
    for key in ["dial", "at", "to"] {
        s.require(
            key,
            "每条预期要写明拨号、时间和去向",
            "an expectation says what is dialled, when, and where it goes",
        );
    }
    let _note = s.text("note");
    let never = s.empty_list("at");
    let expect = ExpectWritten { dial: s.text("dial"), at: s.moments("at"), to: s.text("to"), never };
    let _ = s.finish();
    expect
}
