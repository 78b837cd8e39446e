//! A report = one row for each value of a dimension, and their sum; the same rows for JSON, CSV and paper.

use super::book::Book;
use super::calls::Calls;
use super::department::{Owners, departments};
use super::grades::Grades;
use super::group::Visits;
use super::hour::Hour;
use super::person::{Offers, Who};
use super::tally::Tally;
use crate::dialplan::Plan;
use serde::ser::{Serialize, SerializeMap, Serializer};

/// By what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The number first dialled.
    Line,
    /// The group whose queue was visited.
    Group,
    /// The department that owns the line or the group.
    Department,
    /// Who was offered the call.
    Person,
    /// City or province.
    Traffic,
    /// The local hour of t0.
    Hour,
}

impl By {
    /// All, by their word.
    pub const ALL: [(&'static str, Self); 6] = [
        ("line", Self::Line),
        ("group", Self::Group),
        ("department", Self::Department),
        ("person", Self::Person),
        ("traffic", Self::Traffic),
        ("hour", Self::Hour),
    ];

    /// Its word, also the name of the key in a row.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(_, by)| *by == self).map_or("", |(word, _)| word)
    }
}

/// Whole local hours, the last one excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// From this hour on.
    pub from: Hour,
    /// Until before this one.
    pub to: Hour,
}

impl Period {
    /// As asked, else the hour of `now` and the 23 before it.
    ///
    /// # Errors
    /// The name of the bound that does not hold: it is before `earliest`, or there is nothing between the two.
    pub fn asked(from: Option<Hour>, to: Option<Hour>, now: Hour, earliest: Hour) -> Result<Self, &'static str> {
        let to = to.unwrap_or_else(|| now.plus(1));
        let from = from.unwrap_or_else(|| to.plus(-24).max(earliest));
        if from < earliest {
            return Err("from");
        }
        if from < to { Ok(Self { from, to }) } else { Err("to") }
    }
}

/// One figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Figure {
    /// How many.
    Count(u64),
    /// A share, 0–1; `None`: of nothing.
    Rate(Option<f64>),
    /// ms; `None`: of nothing.
    Time(Option<u64>),
    /// Whether it is so.
    Flag(bool),
}

/// One value of the dimension, with its figures. A name with a dot is one of several under one head: `outcomes.busy`.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The value; empty where nobody is named, and in the sum.
    pub key: String,
    /// What it is called beside.
    pub names: Vec<(&'static str, String)>,
    /// Its figures, in order.
    pub figures: Vec<(String, Figure)>,
}

/// Rows and sum.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// By what.
    pub by: By,
    /// Of when.
    pub period: Period,
    /// Every record of the period has been read; else more is to come.
    pub complete: bool,
    /// By key.
    pub rows: Vec<Row>,
    /// All together.
    pub sum: Row,
}

impl Report {
    /// Over the hours of a period. Departments and the titles of groups are those of the plan.
    #[must_use]
    pub fn of(book: &Book, by: By, period: Period, plan: Option<&Plan>) -> Self {
        let Period { from, to } = period;
        let tally = book.tally(from, to);
        let rows = match by {
            By::Line => lines(&tally),
            By::Group => groups(&tally, plan),
            By::Department => of_departments(&tally, plan),
            By::Person => persons(&tally),
            By::Traffic => {
                let split = [("city", tally.traffic.city), ("province", tally.traffic.province)];
                split.into_iter().map(|(key, calls)| Row::of_calls(key, Vec::new(), &calls)).collect()
            }
            By::Hour => {
                let row = |(hour, tally): (Hour, &Tally)| Row::of_calls(&hour.to_string(), Vec::new(), &tally.all);
                book.hours(from, to).map(row).collect()
            }
        };
        Self { by, period, complete: true, rows, sum: sum(by, &tally) }
    }

    /// Of what some departments own alone: their lines and groups, and the sum over these. `his` says whether a department is one of
    /// them. `None` in a dimension that does not tell whose a call is.
    #[must_use]
    pub fn within(book: &Book, by: By, period: Period, plan: &Plan, his: impl Fn(&str) -> bool) -> Option<Self> {
        let mut tally = book.tally(period.from, period.to);
        let owners = Owners::of(plan, &tally);
        let owned = |owner: Option<&Box<str>>| owner.is_some_and(|owner| his(owner));
        tally.lines.retain(|_, line| owned(owners.entries.get(&line.entry)));
        tally.groups.retain(|group, _| owned(owners.groups.get(group)));
        tally.all = Calls::default();
        tally.lines.values().for_each(|line| tally.all.merge(&line.calls));
        let rows = match by {
            By::Line => lines(&tally),
            By::Group => groups(&tally, Some(plan)),
            By::Department => of_departments(&tally, Some(plan)),
            By::Person | By::Traffic | By::Hour => return None,
        };
        Some(Self { by, period, complete: true, rows, sum: sum(by, &tally) })
    }
}

fn sum(by: By, tally: &Tally) -> Row {
    match by {
        By::Line | By::Traffic | By::Hour => Row::of_calls("", Vec::new(), &tally.all),
        By::Group => Row { key: String::new(), names: Vec::new(), figures: of_visits("", &visits(tally)) },
        By::Department => {
            let mut row = Row::of_calls("", Vec::new(), &tally.all);
            row.figures.extend(of_visits("visits.", &visits(tally)));
            row
        }
        By::Person => {
            let mut all = Offers::default();
            tally.persons.values().for_each(|offers| all.merge(offers));
            Row { key: String::new(), names: Vec::new(), figures: of_offers(&all) }
        }
    }
}

fn visits(tally: &Tally) -> Visits {
    let mut all = Visits::default();
    tally.groups.values().for_each(|visits| all.merge(visits));
    all
}

fn lines(tally: &Tally) -> Vec<Row> {
    let mut rows = Vec::with_capacity(tally.lines.len());
    for (number, line) in &tally.lines {
        let names = vec![("title", line.title.to_string()), ("entry", line.entry.to_string())];
        rows.push(Row::of_calls(number, names, &line.calls));
    }
    rows
}

fn groups(tally: &Tally, plan: Option<&Plan>) -> Vec<Row> {
    let row = |(group, visits): (&crate::id::GroupId, &Visits)| {
        let title = plan.and_then(|plan| plan.group(group)).map_or_else(String::new, |g| g.title.to_string());
        Row { key: group.to_string(), names: vec![("title", title)], figures: of_visits("", visits) }
    };
    tally.groups.iter().map(row).collect()
}

fn of_departments(tally: &Tally, plan: Option<&Plan>) -> Vec<Row> {
    let owners = plan.map_or_else(Owners::default, |plan| Owners::of(plan, tally));
    let found = departments(tally, &owners);
    let row = |(name, department): (Box<str>, super::department::Department)| {
        let mut row = Row::of_calls(&name, vec![("lines", department.lines.join(" "))], &department.calls);
        row.figures.extend(of_visits("visits.", &department.visits));
        row
    };
    found.into_iter().map(row).collect()
}

fn persons(tally: &Tally) -> Vec<Row> {
    let row = |(who, offers): (&Who, &Offers)| {
        let (key, seat) = match who {
            Who::Person(agent) => (agent.to_string(), String::new()),
            Who::Seat(seat) => (String::new(), seat.to_string()),
            Who::Other => (super::line::OTHER.to_owned(), String::new()),
        };
        Row { key, names: vec![("seat", seat)], figures: of_offers(offers) }
    };
    tally.persons.iter().map(row).collect()
}

impl Row {
    fn of_calls(key: &str, names: Vec<(&'static str, String)>, calls: &Calls) -> Self {
        let Calls { outcomes, level, answers, abandoned, talk, transfers, grades } = calls;
        let mut figures = vec![
            ("calls".to_owned(), Figure::Count(outcomes.calls())),
            ("offered".to_owned(), Figure::Count(level.offered)),
            ("connected".to_owned(), Figure::Count(level.connected)),
            ("connect_rate".to_owned(), Figure::Rate(level.connect_rate())),
            ("answer_15s".to_owned(), Figure::Rate(level.answer_15s())),
            ("connect_rate_without_short".to_owned(), Figure::Rate(level.connect_rate_without_short())),
            ("answer_15s_without_short".to_owned(), Figure::Rate(level.answer_15s_without_short())),
            ("connect_rate_from_t0".to_owned(), Figure::Rate(level.connect_rate_from_t0())),
            ("answer_15s_from_t0".to_owned(), Figure::Rate(level.answer_15s_from_t0())),
            ("few".to_owned(), Figure::Flag(level.few())),
            ("abandoned".to_owned(), Figure::Count(*abandoned)),
            ("abandon_rate".to_owned(), share(*abandoned, level.offered)),
            ("speed_of_answer_ms".to_owned(), mean(answers.waited, level.connected)),
            ("longest_wait_ms".to_owned(), Figure::Time(Some(answers.longest / 1_000))),
            ("talk_ms".to_owned(), Figure::Time(Some(talk / 1_000))),
            ("mean_talk_ms".to_owned(), mean(*talk, level.connected)),
            ("transfers".to_owned(), Figure::Count(transfers.asked)),
            ("transfers_joined".to_owned(), Figure::Count(transfers.joined)),
        ];
        figures.extend(of_grades("", grades));
        figures.extend(outcomes.iter().map(|(o, n)| (format!("outcomes.{}", o.word()), Figure::Count(n))));
        Self { key: key.to_owned(), names, figures }
    }
}

fn of_visits(head: &str, visits: &Visits) -> Vec<(String, Figure)> {
    let mut figures = vec![("visits", Figure::Count(visits.visits))];
    figures.extend(visits.by_end().map(|(end, count)| (end, Figure::Count(count))));
    figures.extend([
        ("answer_rate", share(visits.answered, visits.visits)),
        ("answer_15s", share(visits.in_15s, visits.visits)),
        ("abandon_rate", share(visits.abandoned, visits.visits)),
        ("speed_of_answer_ms", mean(visits.waited, visits.answered)),
        ("longest_wait_ms", Figure::Time(Some(visits.longest / 1_000))),
        ("talk_ms", Figure::Time(Some(visits.talk / 1_000))),
        ("mean_talk_ms", mean(visits.talk, visits.answered)),
    ]);
    let named = figures.into_iter().map(|(name, figure)| (format!("{head}{name}"), figure));
    named.chain(of_grades(head, &visits.grades)).collect()
}

fn of_grades<'g>(head: &'g str, grades: &Grades) -> impl Iterator<Item = (String, Figure)> + use<'g> {
    let Grades { graded, solved, unsolved } = *grades;
    let [worst, bad, fair, good, best] = graded.map(Figure::Count);
    let figures = [
        ("surveyed", Figure::Count(grades.all())),
        ("satisfied", Figure::Count(grades.satisfied())),
        ("satisfaction", share(grades.satisfied(), grades.all())),
        ("solved", Figure::Count(solved)),
        ("unsolved", Figure::Count(unsolved)),
        ("solved_rate", share(solved, solved + unsolved)),
        ("grade_5", best),
        ("grade_4", good),
        ("grade_3", fair),
        ("grade_2", bad),
        ("grade_1", worst),
    ];
    figures.into_iter().map(move |(name, figure)| (format!("{head}{name}"), figure))
}

fn of_offers(offers: &Offers) -> Vec<(String, Figure)> {
    let figures = [
        ("offered", Figure::Count(offers.offered)),
        ("answered", Figure::Count(offers.answered)),
        ("rang_out", Figure::Count(offers.rang_out)),
        ("failed", Figure::Count(offers.failed)),
        ("answer_rate", share(offers.answered, offers.offered)),
        ("mean_ring_ms", mean(offers.rang, offers.answered)),
        ("talk_ms", Figure::Time(Some(offers.talk / 1_000))),
        ("mean_talk_ms", mean(offers.talk, offers.answered)),
        ("longest_talk_ms", Figure::Time(Some(offers.longest / 1_000))),
        ("hung_up", Figure::Count(offers.hung_up)),
        ("caller_hung_up", Figure::Count(offers.caller_hung_up)),
    ];
    let named = figures.into_iter().map(|(name, figure)| (name.to_owned(), figure));
    named.chain(of_grades("", &offers.grades)).collect()
}

#[expect(clippy::cast_precision_loss, reason = "counts of calls are far below 2^52")]
fn share(part: u64, whole: u64) -> Figure {
    Figure::Rate((whole != 0).then(|| part as f64 / whole as f64))
}

fn mean(micros: u64, of: u64) -> Figure {
    Figure::Time(micros.checked_div(of).map(|mean| mean / 1_000))
}

impl Serialize for Figure {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Count(count) => count.serialize(to),
            Self::Rate(rate) => rate.serialize(to),
            Self::Time(ms) => ms.serialize(to),
            Self::Flag(flag) => flag.serialize(to),
        }
    }
}

/// The figures under one head.
struct Under<'r>(&'r str, &'r [(String, Figure)]);

impl Serialize for Under<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        for (name, figure) in self.1 {
            if let Some(name) = name.strip_prefix(self.0).and_then(|n| n.strip_prefix('.')) {
                map.serialize_entry(name, figure)?;
            }
        }
        map.end()
    }
}

/// A row with the name of its key; the sum has none.
struct Keyed<'r>(Option<By>, &'r Row);

impl Serialize for Keyed<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let Self(by, row) = self;
        let mut map = to.serialize_map(None)?;
        if let Some(by) = by {
            map.serialize_entry(by.word(), &Some(&row.key).filter(|key| !key.is_empty()))?;
        }
        for (name, text) in &row.names {
            map.serialize_entry(name, &Some(text).filter(|text| !text.is_empty()))?;
        }
        let mut heads: Vec<&str> = Vec::new();
        for (name, figure) in &row.figures {
            match name.split_once('.') {
                None => map.serialize_entry(name, figure)?,
                Some((head, _)) if heads.contains(&head) => {}
                Some((head, _)) => {
                    heads.push(head);
                    map.serialize_entry(head, &Under(head, &row.figures))?;
                }
            }
        }
        map.end()
    }
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("by", self.by.word())?;
        map.serialize_entry("from", &self.period.from.to_string())?;
        map.serialize_entry("to", &self.period.to.to_string())?;
        map.serialize_entry("complete", &self.complete)?;
        let rows: Vec<Keyed<'_>> = self.rows.iter().map(|row| Keyed(Some(self.by), row)).collect();
        map.serialize_entry("rows", &rows)?;
        map.serialize_entry("sum", &Keyed(None, &self.sum))?;
        map.end()
    }
}
