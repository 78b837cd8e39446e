//! The TOML mirror of a dialplan: every table and key there is, each value with its place. Nothing is judged here
//! but its type; unknown keys are refused.
//!
//! It is read by hand and not by derive, because a derived reader stops at the first mistake and all are wanted.

mod lane;
mod reader;
mod syntax;

#[cfg(test)]
mod tests;

use super::Source;
use super::check::{Code, Diagnostic, Span, Text};
use super::entry::{Access, Class, Record, Role};
use super::number::Spelling;
use ecow::EcoString;
use jiff::civil::{Date, DateTime, Time};
use reader::{Context, Section};
pub(super) use reader::{Kind, Told};
use smallvec::{SmallVec, smallvec};
use std::ops::{Deref, Range};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) span: Span,
}

/// Where a call may be sent, as written: `group:main`, `trunk:carrier`, `prompt:busy`, `release:486/17`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Target {
    Group(EcoString),
    Trunk(EcoString),
    Prompt(EcoString),
    Release(u16, u8),
}

impl Target {
    pub(super) fn parse(text: &str) -> Option<Self> {
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
pub(super) struct Written {
    pub(super) cities: Vec<CityWritten>,
    pub(super) emergencies: Vec<EmergencyWritten>,
    pub(super) lines: Vec<LineWritten>,
    pub(super) groups: Vec<GroupWritten>,
    pub(super) trunks: Vec<TrunkWritten>,
    pub(super) calendars: Vec<CalendarWritten>,
    pub(super) expects: Vec<ExpectWritten>,
}

/// `[city]`
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CityWritten {
    pub(super) at: Span,
    pub(super) name: Option<At<String>>,
    pub(super) country: Option<At<String>>,
    pub(super) area: Option<At<String>>,
    pub(super) subscriber: Option<At<u32>>,
    pub(super) timezone: Option<At<String>>,
    pub(super) contexts: Vec<At<String>>,
    pub(super) issued: Option<At<Date>>,
    pub(super) callers: Vec<At<String>>,
    pub(super) deadline: Option<At<Date>>,
}

/// `[emergency]`
#[derive(Debug, PartialEq, Eq)]
pub(super) struct EmergencyWritten {
    pub(super) at: Span,
    pub(super) trunks: Vec<At<String>>,
    pub(super) progress: Option<At<u32>>,
    pub(super) unread: Vec<&'static str>,
}

/// `[hotline.N]`, `[utility.N]`, `[route.N]`
///
/// A plan may have a million of them and nearly all say no more than where they lead: that stands here, in 104 bytes and
/// without an allocation; whatever else a line says stands in its [`Details`], which it dereferences to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LineWritten {
    /// `hotline`, `utility` or `route`.
    pub(super) table: &'static str,
    pub(super) number: At<EcoString>,
    /// Of a route: where it leads.
    pub(super) to: Targets,
    details: Option<Box<Details>>,
}

/// One target is the rule.
pub(super) type Targets = SmallVec<[At<Target>; 1]>;

/// What a line says beside its number and where it leads.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Details {
    pub(super) class: Option<At<Class>>,
    pub(super) title: Option<At<String>>,
    pub(super) owner: Option<At<String>>,
    pub(super) cutover: Option<At<Date>>,
    pub(super) until: Option<At<Date>>,
    pub(super) stopped: Option<At<bool>>,
    pub(super) transition: Option<At<String>>,
    pub(super) cancelled: Option<At<String>>,
    pub(super) early: Option<At<bool>>,
    pub(super) kept: Option<At<bool>>,
    pub(super) group: Option<At<String>>,
    pub(super) trunk: Option<At<String>>,
    pub(super) ring: Option<At<u32>>,
    pub(super) skill: Option<At<String>>,
    pub(super) overflow: Vec<At<Target>>,
    pub(super) access: Option<At<Access>>,
    pub(super) feed: Option<At<bool>>,
    pub(super) knowledge: Option<At<bool>>,
    pub(super) province: Option<At<bool>>,
    /// Keys that are there, but with a value that could not be read.
    pub(super) unread: Vec<&'static str>,
}

static NOTHING: Details = Details::NOTHING;

impl Details {
    const NOTHING: Self = Self {
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
pub(super) struct GroupWritten {
    pub(super) name: At<String>,
    pub(super) title: Option<At<String>>,
    /// `None` when written wrongly or not at all.
    pub(super) hours: Option<At<HoursWritten>>,
    pub(super) ring: Option<At<u32>>,
    pub(super) wrap_up: Option<At<u32>>,
    pub(super) welcome: Option<At<String>>,
    pub(super) waiting: Option<At<String>>,
    pub(super) record: Option<At<Record>>,
    pub(super) recording_notice: Option<At<String>>,
    pub(super) position_every: Option<At<u32>>,
    pub(super) max_wait: Option<At<u32>>,
    pub(super) max_size: Option<At<u32>>,
    pub(super) weight: Option<At<u32>>,
    pub(super) trusted: Option<At<bool>>,
    pub(super) overflow: Vec<At<Target>>,
    /// Keys that are there, but with a value that could not be read.
    pub(super) unread: Vec<&'static str>,
}

/// `hours = "7x24"` or `hours = { calendar = "…", from = 08:30, to = 17:30 }`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum HoursWritten {
    Always,
    Workdays { calendar: At<String>, from: Time, to: Time },
}

/// `[trunk.NAME]`
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TrunkWritten {
    pub(super) name: At<String>,
    pub(super) title: Option<At<String>>,
    pub(super) role: Option<At<Role>>,
    pub(super) number_out: Option<At<Spelling>>,
    pub(super) number_in: Vec<At<Spelling>>,
    pub(super) province: Option<At<bool>>,
    pub(super) may_transfer: Option<At<bool>>,
    pub(super) timeout: Option<At<u32>>,
    pub(super) progress: Option<At<u32>>,
}

/// `[calendar.NAME]`
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CalendarWritten {
    pub(super) name: At<String>,
    pub(super) holidays: Vec<At<Date>>,
    pub(super) workdays: Vec<At<Date>>,
}

/// `[[expect]]`
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ExpectWritten {
    pub(super) dial: Option<At<String>>,
    pub(super) at: Vec<At<DateTime>>,
    pub(super) to: Option<At<String>>,
    /// `at = []`: where that stands.
    pub(super) never: Option<Span>,
}

const TABLES: [&str; 9] = ["city", "emergency", "hotline", "utility", "route", "group", "trunk", "calendar", "expect"];
const SPELLINGS: [(&str, Spelling); 4] = [
    ("local", Spelling::Local),
    ("area", Spelling::Area),
    ("international", Spelling::International),
    ("international-bare", Spelling::InternationalBare),
];

/// Reads all files; mistakes of syntax, type and unknown keys go to `mistakes`.
pub(super) fn read(sources: &[Source], mistakes: &mut Vec<Diagnostic>) -> Written {
    let mut written = Written::default();
    for (index, source) in sources.iter().enumerate() {
        let file = u16::try_from(index).unwrap_or(u16::MAX);
        let quick = source.text.len() >= LARGE && lane::read(file, &source.text, &mut written, mistakes);
        if !quick {
            whole(file, &source.text, &mut written, mistakes);
        }
    }
    written
}

/// The mistakes of syntax of one file alone, as its first.
pub(super) fn syntax(source: &Source) -> Vec<Diagnostic> {
    let (_, errors) = DeTable::parse_recoverable(&source.text);
    let mut mistakes = Vec::new();
    let _covered = syntax::report(0, &source.text, &errors, &mut mistakes);
    mistakes
}

/// What every reader asks for, told by the readers themselves over empty tables.
pub(super) fn told() -> Vec<Told> {
    let mut mistakes = Vec::new();
    let mut context = Context { file: 0, broken: Vec::new(), base: 0, mistakes: &mut mistakes, told: Some(Vec::new()) };
    let (empty, _) = DeTable::parse_recoverable("");
    let (with_hours, _) = DeTable::parse_recoverable("hours = {}");
    let name = || At { value: String::new(), span: Span::default() };
    for kind in TABLES {
        let section = Section::new(&mut context, kind.to_owned(), 0..0, empty.get_ref());
        match kind {
            "city" => drop(city(section)),
            "emergency" => drop(emergency(section)),
            "expect" => drop(expect(section)),
            "group" => {
                drop(group(section, name()));
                let again = Section::new(&mut context, kind.to_owned(), 0..0, with_hours.get_ref());
                drop(group(again, name()));
            }
            "trunk" => drop(trunk(section, name())),
            "calendar" => drop(calendar(section, name())),
            _ => drop(line(section, kind, At { value: EcoString::new(), span: Span::default() })),
        }
    }
    context.told.unwrap_or_default()
}

/// Text in full-width characters, written in ASCII; `None` when there are none in it.
pub(super) fn narrowed(text: &str) -> Option<String> {
    syntax::narrowed(text)
}

/// From this size on, in bytes, a file goes by [`lane`]: a smaller one is read faster than anybody notices.
const LARGE: usize = 256 * 1024;

/// Reads one file as one tree, whatever it holds.
fn whole(file: u16, text: &str, written: &mut Written, mistakes: &mut Vec<Diagnostic>) {
    let (root, errors) = DeTable::parse_recoverable(text);
    let broken = syntax::report(file, text, &errors, mistakes);
    let mut context = Context { file, base: 0, broken, mistakes, told: None };
    in_order(root.get_ref()).into_iter().for_each(|(key, value)| table(&mut context, written, key, value));
}

type Pair<'r, 'i> = (&'r Spanned<std::borrow::Cow<'i, str>>, &'r Spanned<DeValue<'i>>);

/// The pairs of a table in the order of the file.
fn in_order<'r, 'i>(table: &'r DeTable<'i>) -> Vec<Pair<'r, 'i>> {
    let mut pairs: Vec<_> = table.iter().collect();
    pairs.sort_by_key(|(key, _)| key.span().start);
    pairs
}

fn table(
    context: &mut Context<'_>,
    written: &mut Written,
    key: &Spanned<std::borrow::Cow<'_, str>>,
    value: &Spanned<DeValue<'_>>,
) {
    let name = key.get_ref().as_ref();
    let Some(known) = TABLES.into_iter().find(|t| *t == name) else {
        return context.unknown(key.span(), name, "", &TABLES);
    };
    match (known, value.get_ref()) {
        ("city", DeValue::Table(t)) => written.cities.push(city(Section::new(context, name.to_owned(), key.span(), t))),
        ("emergency", DeValue::Table(t)) => {
            written.emergencies.push(emergency(Section::new(context, name.to_owned(), key.span(), t)));
        }
        ("expect", DeValue::Array(items)) => {
            for item in items.iter() {
                match item.get_ref() {
                    DeValue::Table(t) => {
                        written.expects.push(expect(Section::new(context, name.to_owned(), item.span(), t)));
                    }
                    _ => context.wrong(item.span(), "一张表", "a table"),
                }
            }
        }
        (_, DeValue::Table(t)) => in_order(t).into_iter().for_each(|(k, v)| named(context, written, known, k, v)),
        ("expect", _) => context.wrong(key.span(), " [[expect]]，双方括号", "[[expect]] with double brackets"),
        _ => context.wrong(key.span(), "一张表", "a table"),
    }
}

/// One `[kind.NAME]`.
fn named(
    context: &mut Context<'_>,
    written: &mut Written,
    kind: &'static str,
    key: &Spanned<std::borrow::Cow<'_, str>>,
    value: &Spanned<DeValue<'_>>,
) {
    let span = context.span(key.span());
    let t = match value.get_ref() {
        DeValue::Table(t) => t,
        DeValue::String(_) if kind == "route" && context.is_broken(&key.span()) => return,
        DeValue::String(text) if kind == "route" => {
            match Target::parse(text) {
                Some(target) => {
                    let to = At { value: target, span: context.span(value.span()) };
                    let number = At { value: key.get_ref().as_ref().into(), span };
                    written.lines.push(LineWritten::leading(number, to));
                }
                None => context.unreadable(value, ("去向，如 \"group:main\"", "a target such as \"group:main\"")),
            }
            return;
        }
        _ => return context.wrong(value.span(), "一张表", "a table"),
    };
    let address = format!("{kind}.{}", key.get_ref());
    if let Some(deeper) = nested(kind, t) {
        return unquoted(context, &address, key.span(), deeper);
    }
    let section = Section::new(context, address, key.span(), t);
    let name = At { value: key.get_ref().to_string(), span };
    match kind {
        "group" => written.groups.push(group(section, name)),
        "trunk" => written.trunks.push(trunk(section, name)),
        "calendar" => written.calendars.push(calendar(section, name)),
        _ => written.lines.push(line(section, kind, At { value: name.value.into(), span })),
    }
}

/// `[trunk.branch.12366]` written without quotes: a table whose only content are tables.
fn nested<'r>(kind: &str, table: &'r DeTable<'_>) -> Option<&'r str> {
    let only_tables = !table.is_empty() && table.iter().all(|(_, v)| matches!(v.get_ref(), DeValue::Table(_)));
    let first = table.iter().next().map(|(k, _)| k.get_ref().as_ref());
    first.filter(|k| only_tables && *k != "hours" && kind != "expect")
}

fn unquoted(context: &mut Context<'_>, address: &str, key: Range<usize>, deeper: &str) {
    let (kind, name) = address.split_once('.').unwrap_or((address, ""));
    let span = context.span(key);
    let title = Text::new(
        format!("名字里的点要加引号：`{address}.{deeper}`"),
        format!("a name with a dot needs quotes: `{address}.{deeper}`"),
    );
    let help = format!("[{kind}.\"{name}.{deeper}\"]");
    let mistake = Diagnostic::new(Code::UnknownKey, title)
        .at(span, "TOML 把它读成了两层表", "TOML reads this as two tables, one in the other")
        .help(format!("写成 {help}"), format!("write {help}"));
    context.mistakes.push(mistake);
}

fn city(mut s: Section<'_, '_, '_, '_>) -> CityWritten {
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

fn emergency(mut s: Section<'_, '_, '_, '_>) -> EmergencyWritten {
    s.require("trunks", "按次序试用的中继", "its trunks in the order of trial");
    let (at, trunks, progress) = (s.span(), s.texts("trunks"), s.time_limit("progress"));
    let unread = s.finish();
    EmergencyWritten { at, trunks, progress, unread }
}

fn line(mut s: Section<'_, '_, '_, '_>, table: &'static str, number: At<EcoString>) -> LineWritten {
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
    LineWritten { table, number, to, details: (details != NOTHING).then(|| Box::new(details)) }
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
    line.skill = s.text("skill");
    line.overflow = s.targets("overflow");
    line.feed = s.flag("feed");
    line.knowledge = s.flag("knowledge");
    line.province = s.flag("province");
}

fn group(mut s: Section<'_, '_, '_, '_>, name: At<String>) -> GroupWritten {
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

fn trunk(mut s: Section<'_, '_, '_, '_>, name: At<String>) -> TrunkWritten {
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

fn calendar(mut s: Section<'_, '_, '_, '_>, name: At<String>) -> CalendarWritten {
    let _note = s.text("note");
    let calendar = CalendarWritten { name, holidays: s.dates("holidays"), workdays: s.dates("workdays") };
    let _ = s.finish();
    calendar
}

fn expect(mut s: Section<'_, '_, '_, '_>) -> ExpectWritten {
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

impl LineWritten {
    /// Whether the key is there, readable or not.
    pub(super) fn has(&self, key: &str) -> bool {
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

    /// `route."96xxx" = "group:main"`.
    fn leading(number: At<EcoString>, to: At<Target>) -> Self {
        Self { table: "route", number, to: smallvec![to], details: None }
    }
}
