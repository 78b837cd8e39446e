//! Reads one TOML table key by key, and goes on after a mistake: a derived deserialiser stops at the first.
//!
//! A key that was never asked for is unknown; a value of another type is reported where it stands.

use super::syntax;
use super::written::{At, Target};
use crate::calendar::Shift;
use crate::dialplan::check::{Code, Diagnostic, Mistakes, Span, Text};
use crate::dialplan::nearest::did_you_mean;
use jiff::civil::{Date, DateTime, Time};
use std::collections::BTreeSet;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use toml::value::{Date as TomlDate, Datetime as TomlDatetime, Time as TomlTime};

/// What reading one file shares: where it is, what its syntax errors already covered, and the mistakes found.
pub(super) struct Context<'d> {
    pub(super) file: u16,
    /// Where in the file the text begins that is being read: places are counted from there.
    pub(super) base: usize,
    /// Spans of syntax errors, in order and apart from each other: a value there is passed over, it has been reported.
    pub(super) broken: Vec<Range<usize>>,
    pub(super) mistakes: &'d mut Mistakes,
    /// What the readers ask for, when they are run to tell it; `None` when a plan is read.
    pub(super) told: Option<Vec<Told>>,
}

/// What a reader asks of a key, in its own words: the schema is made of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::dialplan) struct Told {
    /// `city`, `hotline`, `group.hours` …
    pub(in crate::dialplan) table: String,
    pub(in crate::dialplan) key: &'static str,
    pub(in crate::dialplan) kind: Kind,
}

/// The form of a value, or that there must be one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::dialplan) enum Kind {
    /// The key must be there.
    Required,
    Text,
    Texts,
    Flag,
    /// From, to, both included.
    Count(u32, u32),
    /// Whether nought is one.
    Duration {
        zero: bool,
    },
    Date,
    Dates,
    Moments,
    Time,
    Targets,
    Shifts,
    /// One of these.
    Word(Vec<String>),
    /// Some of these.
    Words(Vec<String>),
    /// A table of its own, told as `table.key`.
    Table,
}

impl Context<'_> {
    pub(super) fn span(&self, range: Range<usize>) -> Span {
        Span::new(self.file, self.base + range.start..self.base + range.end)
    }

    pub(super) fn is_broken(&self, range: &Range<usize>) -> bool {
        let first = self.broken.partition_point(|b| b.end < range.start);
        self.broken.get(first).is_some_and(|b| b.start <= range.end)
    }

    pub(super) fn unknown(&mut self, range: Range<usize>, key: &str, address: &str, known: &[&str]) {
        if self.is_broken(&range) {
            return;
        }
        let span = self.span(range);
        let (zh, en) = if address.is_empty() {
            (format!("没有 `{key}` 这种表"), format!("there is no table `{key}`"))
        } else {
            (format!("`{address}` 里没有 `{key}` 这个键"), format!("`{address}` has no key `{key}`"))
        };
        let mut mistake = Diagnostic::new(Code::UnknownKey, Text::new(zh, en)).at(span, "不认识", "unknown");
        mistake = match did_you_mean(key, known.iter().copied()) {
            Some(near) => mistake.help(format!("是不是 `{near}`？"), format!("did you mean `{near}`?")),
            None => {
                mistake.help(format!("可用的键：{}", known.join("、")), format!("known keys: {}", known.join(", ")))
            }
        };
        self.mistakes.push(mistake);
    }

    pub(super) fn wrong(&mut self, range: Range<usize>, zh: &str, en: &str) {
        if !self.is_broken(&range) {
            self.mistakes.push(self.expected(range, zh, en));
        }
    }

    fn expected(&self, range: Range<usize>, zh: &str, en: &str) -> Diagnostic {
        let title = Text::new(format!("这里要写{zh}"), format!("expected {en}"));
        Diagnostic::new(Code::WrongValue, title).at(self.span(range), "这个值不对", "not this value")
    }

    /// The same for a value that is there: where it is text in full-width characters, that is said.
    pub(super) fn unreadable(&mut self, value: &Spanned<DeValue<'_>>, (zh, en): (&str, &str)) {
        if self.is_broken(&value.span()) {
            return;
        }
        let mistake = self.expected(value.span(), zh, en);
        self.mistakes.push(match text(value.get_ref()).and_then(|t| syntax::narrowed(&t)) {
            Some(narrow) => mistake.help(
                format!("用了全角字符，改成半角：\"{narrow}\""),
                format!("full-width characters: write \"{narrow}\""),
            ),
            None => mistake,
        });
    }
}

/// One table being read.
pub(super) struct Section<'r, 'c, 'd, 'i> {
    pub(super) context: &'c mut Context<'d>,
    pub(super) address: String,
    /// The key that names the table.
    pub(super) key: Range<usize>,
    table: &'r DeTable<'i>,
    asked: Vec<&'static str>,
    /// Keys that are there with a value that could not be read: nothing may call them missing.
    unread: Vec<&'static str>,
}

impl<'r, 'c, 'd, 'i> Section<'r, 'c, 'd, 'i> {
    pub(super) fn new(
        context: &'c mut Context<'d>,
        address: String,
        key: Range<usize>,
        table: &'r DeTable<'i>,
    ) -> Self {
        Self { context, address, key, table, asked: Vec::new(), unread: Vec::new() }
    }

    /// The span of the table's own name.
    pub(super) fn span(&self) -> Span {
        self.context.span(self.key.clone())
    }

    /// Reports every key that nobody asked for; returns those whose value could not be read.
    pub(super) fn finish(self) -> Vec<&'static str> {
        let Self { context, address, table, asked, unread, .. } = self;
        if table.keys().all(|k| asked.contains(&k.get_ref().as_ref())) {
            return unread;
        }
        let asked: Vec<&str> = asked.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
        for (key, _) in table.iter().filter(|(k, _)| !asked.contains(&k.get_ref().as_ref())) {
            context.unknown(key.span(), key.get_ref(), &address, &asked);
        }
        unread
    }

    /// Tells what is asked of a key, if somebody listens.
    fn tell(&mut self, key: &'static str, kind: impl FnOnce() -> Kind) {
        if let Some(told) = &mut self.context.told {
            let one = Told { table: self.address.clone(), key, kind: kind() };
            if !told.contains(&one) {
                told.push(one);
            }
        }
    }

    /// Whether the key is not there: then nothing need be put together to say what it should have been.
    fn lacks(&mut self, key: &'static str) -> bool {
        self.asked.push(key);
        !self.table.contains_key(key)
    }

    fn raw(&mut self, key: &'static str) -> Option<&'r Spanned<DeValue<'i>>> {
        self.asked.push(key);
        let value = self.table.get(key)?;
        if self.context.is_broken(&value.span()) {
            self.unread.push(key);
            return None;
        }
        Some(value)
    }

    /// Reports the key when it is absent.
    pub(super) fn require(&mut self, key: &'static str, zh: &str, en: &str) {
        self.tell(key, || Kind::Required);
        if self.table.get(key).is_some() {
            return;
        }
        let address = &self.address;
        let title = Text::new(format!("`{address}` 缺少 `{key}`（{zh}）"), format!("`{address}` lacks `{key}` ({en})"));
        let span = self.span();
        let mistake =
            Diagnostic::new(Code::MissingKey, title).at(span, format!("缺少 `{key}`"), format!("`{key}` is missing"));
        self.context.mistakes.push(mistake);
    }

    fn read<T>(
        &mut self,
        key: &'static str,
        expected: (&str, &str),
        convert: impl FnOnce(&DeValue<'i>) -> Option<T>,
    ) -> Option<At<T>> {
        let value = self.raw(key)?;
        let found = convert(value.get_ref());
        if found.is_none() {
            self.unread.push(key);
            self.context.unreadable(value, expected);
        }
        found.map(|v| At { value: v, span: self.context.span(value.span()) })
    }

    pub(super) fn text(&mut self, key: &'static str) -> Option<At<String>> {
        self.tell(key, || Kind::Text);
        self.read(key, ("加引号的文字", "a quoted string"), text)
    }

    /// A skill, perhaps with a level from 1 to 5 behind a colon.
    pub(super) fn skill(&mut self, key: &'static str) -> Option<At<String>> {
        self.tell(key, || Kind::Text);
        self.read(
            key,
            ("技能，如 \"英语\" 或 \"英语:3\"（1 到 5 级）", "a skill such as \"英语\" or \"英语:3\", levels 1 to 5"),
            |v| {
                let skill = text(v)?;
                let (name, level) = skill.split_once(':').unwrap_or((&skill, "1"));
                let level: u8 = level.trim().parse().ok()?;
                ((1..=5).contains(&level) && !name.trim().is_empty()).then_some(skill)
            },
        )
    }

    pub(super) fn flag(&mut self, key: &'static str) -> Option<At<bool>> {
        self.tell(key, || Kind::Flag);
        self.read(key, (" true 或 false", "true or false"), |v| match v {
            DeValue::Boolean(b) => Some(*b),
            _ => None,
        })
    }

    pub(super) fn count(&mut self, key: &'static str, range: Range<u32>) -> Option<At<u32>> {
        self.tell(key, || Kind::Count(range.start, range.end.saturating_sub(1)));
        let (low, high) = (range.start, range.end.saturating_sub(1));
        let expected = (format!(" {low} 到 {high} 的整数"), format!("a whole number from {low} to {high}"));
        self.read(key, (&expected.0, &expected.1), |v| match v {
            DeValue::Integer(n) => u32::from_str_radix(n.as_str(), n.radix()).ok().filter(|n| range.contains(n)),
            _ => None,
        })
    }

    /// A duration as text, `"8s"`, `"500ms"`, `"10m"`, in ms; nought is one.
    pub(super) fn duration(&mut self, key: &'static str) -> Option<At<u32>> {
        self.tell(key, || Kind::Duration { zero: true });
        let expected = ("时长，如 \"8s\"、\"500ms\"、\"10m\"", "a duration such as \"8s\", \"500ms\" or \"10m\"");
        self.read(key, expected, |v| duration(&text(v)?))
    }

    /// A duration that is longer than nought: a phone that rings for no time is never answered.
    pub(super) fn time_limit(&mut self, key: &'static str) -> Option<At<u32>> {
        self.tell(key, || Kind::Duration { zero: false });
        let expected = (
            "大于零的时长，如 \"8s\"、\"500ms\"、\"10m\"",
            "a duration above nought such as \"8s\", \"500ms\" or \"10m\"",
        );
        self.read(key, expected, |v| duration(&text(v)?).filter(|ms| *ms > 0))
    }

    pub(super) fn date(&mut self, key: &'static str) -> Option<At<Date>> {
        self.tell(key, || Kind::Date);
        self.read(key, ("日期，如 2021-11-30，不加引号", "a date such as 2021-11-30, without quotes"), date)
    }

    /// One date and time, or a list of them.
    pub(super) fn moments(&mut self, key: &'static str) -> Vec<At<DateTime>> {
        self.tell(key, || Kind::Moments);
        self.list(key, ("本地日期时间，如 2022-01-15T03:00", "a local date and time such as 2022-01-15T03:00"), moment)
    }

    pub(super) fn dates(&mut self, key: &'static str) -> Vec<At<Date>> {
        self.tell(key, || Kind::Dates);
        self.list(key, ("日期，如 2021-11-30，不加引号", "a date such as 2021-11-30, without quotes"), date)
    }

    pub(super) fn texts(&mut self, key: &'static str) -> Vec<At<String>> {
        self.tell(key, || Kind::Texts);
        self.list(key, ("加引号的文字，或它们的列表", "a quoted string or a list of them"), text)
    }

    /// Shifts, each in one string.
    pub(super) fn shifts(&mut self, key: &'static str) -> Vec<At<Shift>> {
        self.tell(key, || Kind::Shifts);
        let expected = (
            "班次，如 \"08:00-20:00 20\"、\"workday 08:00-20:00 20\"、\"dayoff 20:00-08:00 4\"",
            "a shift such as \"08:00-20:00 20\", \"workday 08:00-20:00 20\" or \"dayoff 20:00-08:00 4\"",
        );
        self.list(key, expected, |v| Shift::parse(&text(v)?))
    }

    pub(super) fn targets(&mut self, key: &'static str) -> Vec<At<Target>> {
        self.tell(key, || Kind::Targets);
        let expected = (
            "去向：\"group:组\"、\"trunk:中继\"、\"prompt:提示音\"、\"callback\"、\"release:486\"",
            "a target: \"group:NAME\", \"trunk:NAME\", \"prompt:NAME\", \"callback\" or \"release:486\"",
        );
        self.list(key, expected, |v| Target::parse(&text(v)?))
    }

    /// One of a closed list of words.
    pub(super) fn word<T: Copy>(&mut self, key: &'static str, words: &[(&str, T)]) -> Option<At<T>> {
        self.tell(key, || Kind::Word(words.iter().map(|(w, _)| (*w).to_owned()).collect()));
        if self.lacks(key) {
            return None;
        }
        let all: Vec<String> = words.iter().map(|(w, _)| format!("\"{w}\"")).collect();
        let (zh, en) = (all.join("、"), all.join(", "));
        let find = |v: &DeValue<'i>| {
            let word = text(v)?;
            words.iter().find(|(w, _)| *w == word).map(|(_, t)| *t)
        };
        self.read(key, (&zh, &format!("one of {en}")), find)
    }

    /// `"7x24"`; a table of working hours is read apart.
    pub(super) fn hours(&mut self) -> Option<At<()>> {
        self.tell("hours", || Kind::Word(vec!["7x24".to_owned()]));
        let expected = (
            " \"7x24\" 或 { calendar = \"…\", from = 08:30, to = 17:30 }",
            "\"7x24\" or { calendar = \"…\", from = 08:30, to = 17:30 }",
        );
        self.read("hours", expected, |v| text(v).filter(|t| t == "7x24").map(|_| ()))
    }

    pub(super) fn words<T: Copy>(&mut self, key: &'static str, words: &[(&str, T)]) -> Vec<At<T>> {
        self.tell(key, || Kind::Words(words.iter().map(|(w, _)| (*w).to_owned()).collect()));
        let all: Vec<String> = words.iter().map(|(w, _)| format!("\"{w}\"")).collect();
        let (zh, en) = (all.join("、"), all.join(", "));
        self.list(key, (&zh, &format!("some of {en}")), |v| {
            let word = text(v)?;
            words.iter().find(|(w, _)| *w == word).map(|(_, t)| *t)
        })
    }

    /// A table inside this one, with the span of its key.
    pub(super) fn table(&mut self, key: &'static str) -> Option<(Range<usize>, &'r DeTable<'i>)> {
        self.tell(key, || Kind::Table);
        let value = self.raw(key)?;
        match value.get_ref() {
            DeValue::Table(table) => Some((value.span(), table)),
            _ => None,
        }
    }

    fn list<T>(
        &mut self,
        key: &'static str,
        expected: (&str, &str),
        convert: impl Fn(&DeValue<'i>) -> Option<T>,
    ) -> Vec<At<T>> {
        let Some(value) = self.raw_list(key) else { return Vec::new() };
        let items = match value.get_ref() {
            DeValue::Array(array) => array.iter().collect::<Vec<_>>(),
            _ => vec![value],
        };
        let mut found = Vec::new();
        for item in items {
            if self.context.is_broken(&item.span()) {
                self.unread.push(key);
                continue;
            }
            match convert(item.get_ref()) {
                Some(v) => found.push(At { value: v, span: self.context.span(item.span()) }),
                None => {
                    self.unread.push(key);
                    self.context.unreadable(item, expected);
                }
            }
        }
        found
    }

    /// Where an empty list stands as this key's value.
    pub(super) fn empty_list(&self, key: &str) -> Option<Span> {
        let value = self.table.get(key)?;
        matches!(value.get_ref(), DeValue::Array(items) if items.is_empty()).then(|| self.context.span(value.span()))
    }

    /// A list may be broken in one item and whole in the others.
    fn raw_list(&mut self, key: &'static str) -> Option<&'r Spanned<DeValue<'i>>> {
        self.asked.push(key);
        self.table.get(key)
    }
}

fn text(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(s) => Some(s.to_string()),
        _ => None,
    }
}

fn duration(text: &str) -> Option<u32> {
    let unit_at = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(unit_at)?;
    let factor = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    number.parse::<u32>().ok()?.checked_mul(factor)
}

fn date(value: &DeValue<'_>) -> Option<Date> {
    match value {
        DeValue::Datetime(TomlDatetime { date: Some(date), time: None, offset: None }) => civil_date(date),
        _ => None,
    }
}

fn moment(value: &DeValue<'_>) -> Option<DateTime> {
    match value {
        DeValue::Datetime(TomlDatetime { date: Some(date), time: Some(time), offset: None }) => {
            Some(civil_date(date)?.to_datetime(civil_time(time)?))
        }
        _ => None,
    }
}

fn civil_date(date: &TomlDate) -> Option<Date> {
    Date::new(i16::try_from(date.year).ok()?, i8::try_from(date.month).ok()?, i8::try_from(date.day).ok()?).ok()
}

fn civil_time(time: &TomlTime) -> Option<Time> {
    let small = |n: u8| i8::try_from(n).ok();
    let nano = i32::try_from(time.nanosecond.unwrap_or(0)).ok()?;
    Time::new(small(time.hour)?, small(time.minute)?, small(time.second.unwrap_or(0))?, nano).ok()
}

/// A local time of day as TOML writes it, `08:30`.
pub(super) fn time_of_day(value: &DeValue<'_>) -> Option<Time> {
    match value {
        DeValue::Datetime(TomlDatetime { date: None, time: Some(time), offset: None }) => civil_time(time),
        _ => None,
    }
}

impl Section<'_, '_, '_, '_> {
    pub(super) fn time(&mut self, key: &'static str) -> Option<At<Time>> {
        self.tell(key, || Kind::Time);
        self.read(key, ("时刻，如 08:30，不加引号", "a time of day such as 08:30, without quotes"), time_of_day)
    }
}
