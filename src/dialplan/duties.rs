//! The annex of the city's plan as a check-list: what each of its rows demands, and whether this plan meets it.
//!
//! The annex is data ([`Annex::fuzhou`]; another city's is read by [`Annex::parse`]). A demand is judged by what the switchboard
//! does with calls: routes, groups, trunks, prompts, counts. What a file only declares (`feed`, `knowledge`) and nothing serves
//! is not met.

use super::Plan;
use super::check::Text;
use super::entry::{Access, Class, Entry, Role};
use super::explain::place;
use super::life::{Life, Merged};
use super::route::{Origin, Route, Step};
use super::visit::{Hop, hops};
use super::window::Window;
use crate::calendar::Hours;
use crate::id::GroupId;
use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize};
use std::sync::Arc;

/// What the annex demands of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Demand {
    /// 保留号码: anyone reaches the line under its number, without an end.
    NumberKept,
    /// 取消号码: merged by the deadline and cancelled after its transition.
    NumberCancelled,
    /// 保留座席: its own seats come first.
    SeatsKept,
    /// 保留号码，取消座席: 12345's seats answer.
    SeatsPooled,
    /// 取消号码和座席: in the transition 12345's seats answer, afterwards nobody.
    SeatsCancelled,
    /// 7×24: somebody answers at every hour.
    AllDay,
    /// 转接机制: seats of 12345 reach the line's own, and what goes unanswered there comes to 12345.
    Link,
    /// 相关运行数据实时归集.
    Feed,
    /// 共建共享知识库.
    Knowledge,
    /// 3 个月过渡期电话语音提示.
    Prompt,
    /// 同时承担省级话务: city and province are counted apart.
    Province,
}

/// A column of the check-list: the demands of which a row has one at most.
pub const COLUMNS: [(&str, &str, &[Demand]); 8] = [
    ("号码", "number", &[Demand::NumberKept, Demand::NumberCancelled]),
    ("座席", "seats", &[Demand::SeatsKept, Demand::SeatsPooled, Demand::SeatsCancelled]),
    ("7×24", "7x24", &[Demand::AllDay]),
    ("转接", "link", &[Demand::Link]),
    ("数据", "feed", &[Demand::Feed]),
    ("知识库", "knowledge", &[Demand::Knowledge]),
    ("提示音", "prompt", &[Demand::Prompt]),
    ("省级", "province", &[Demand::Province]),
];

impl Demand {
    /// In a word, Chinese and English.
    #[must_use]
    pub const fn word(self) -> (&'static str, &'static str) {
        match self {
            Self::NumberKept => ("保留号码", "number kept"),
            Self::NumberCancelled => ("取消号码", "number cancelled"),
            Self::SeatsKept => ("保留座席", "seats kept"),
            Self::SeatsPooled => ("取消座席，12345 接听", "seats pooled"),
            Self::SeatsCancelled => ("取消座席", "seats cancelled"),
            Self::AllDay => ("7×24", "7x24"),
            Self::Link => ("转接机制", "transfer link"),
            Self::Feed => ("数据实时归集", "data feed"),
            Self::Knowledge => ("共建共享知识库", "knowledge base"),
            Self::Prompt => ("过渡期语音提示", "transition prompt"),
            Self::Province => ("承担省级话务", "provincial traffic"),
        }
    }
}

/// One row of the annex.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The number.
    pub number: String,
    /// The department that answers for it.
    pub owner: String,
    /// How it is merged.
    pub class: Class,
    /// It had been merged when the plan was issued.
    #[serde(default)]
    pub stopped: bool,
    /// What is demanded.
    pub demands: Vec<Demand>,
    /// The row in its own words.
    pub text: String,
}

/// The annex.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Annex {
    /// What it is called.
    pub title: String,
    /// The day of issue.
    #[serde(deserialize_with = "date")]
    pub issued: Date,
    /// The last day for a cutover.
    #[serde(deserialize_with = "date")]
    pub deadline: Date,
    /// How long the transition prompt plays, calendar months.
    pub months: i32,
    /// The rows in order.
    #[serde(rename = "row")]
    pub rows: Vec<Row>,
}

fn date<'de, D: Deserializer<'de>>(from: D) -> Result<Date, D::Error> {
    let written = toml::value::Datetime::deserialize(from)?;
    written.to_string().parse().map_err(serde::de::Error::custom)
}

impl Annex {
    /// Fuzhou's, 32 rows.
    ///
    /// # Errors
    /// Never for the file this is built with: a test reads it.
    pub fn fuzhou() -> Result<Self, toml::de::Error> {
        Self::parse(include_str!("annex.toml"))
    }

    /// Reads an annex.
    ///
    /// # Errors
    /// What is wrong with the text, with line and column.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }
}

/// Whether one demand is met, and by what.
#[derive(Debug, Clone, Serialize)]
pub struct Verdict {
    /// The demand.
    pub demand: Demand,
    /// The running system does it.
    pub met: bool,
    /// The plan declares it, and nothing serves it.
    pub declared: bool,
    /// What meets or fails it.
    pub because: Text,
    /// Where that is written, `file:line`; empty where nothing is.
    pub place: String,
}

/// One row judged.
#[derive(Debug, Clone, Serialize)]
pub struct Duty {
    /// The number.
    pub number: String,
    /// The department, by the annex.
    pub owner: String,
    /// How it is merged, by the annex.
    pub class: Class,
    /// Where it stands at the moment; absent when the plan lacks it.
    pub state: Option<String>,
    /// Where it is defined, `file:line`; absent when the plan lacks it.
    pub place: Option<String>,
    /// The demands in the order of [`COLUMNS`].
    pub verdicts: Vec<Verdict>,
    /// The row in its own words.
    pub text: String,
}

/// The annex held against a plan.
#[derive(Debug, Clone, Serialize)]
pub struct Duties {
    /// What the annex is called.
    pub annex: String,
    /// The rows.
    pub rows: Vec<Duty>,
    /// Numbers of the plan of which the annex says nothing; hub and emergency left out.
    pub beyond: Vec<String>,
    /// Departments that the plan names otherwise: number, the annex's, the plan's.
    pub owners: Vec<(String, String, String)>,
}

/// How many demands there are, and what became of them. What is neither met nor declared is not met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sum {
    /// All of them.
    pub demands: usize,
    /// Met.
    pub met: usize,
    /// Declared, not served.
    pub declared: usize,
}

impl Duties {
    /// How many demands there are, how many are met, and how many are only declared.
    #[must_use]
    pub fn sum(&self) -> Sum {
        let count =
            |wanted: fn(&Verdict) -> bool| self.rows.iter().flat_map(|r| &r.verdicts).filter(|v| wanted(v)).count();
        Sum { demands: count(|_| true), met: count(|v| v.met), declared: count(|v| v.declared) }
    }
}

impl Plan {
    /// Whether this plan meets what the annex of the city's plan demands; `wall` (µs since the epoch) says where each
    /// number stands.
    #[must_use]
    pub fn duties(&self, annex: &Annex, wall: i64) -> Duties {
        duties(self, annex, wall)
    }
}

/// Holds the plan against the annex; `wall` (µs since the epoch) says the state of each number and judges nothing.
fn duties(plan: &Plan, annex: &Annex, wall: i64) -> Duties {
    let entry_of = |number: &str| plan.entries.iter().find(|e| *e.number == *number);
    let owner = |row: &Row| {
        let entry = entry_of(&row.number).filter(|e| *e.owner != row.owner)?;
        Some((row.number.clone(), row.owner.clone(), entry.owner.to_string()))
    };
    let judge = |row: &Row| {
        let entry = entry_of(&row.number);
        let mut demands = row.demands.clone();
        demands.sort_unstable();
        Duty {
            number: row.number.clone(),
            owner: row.owner.clone(),
            class: row.class,
            state: entry.map(|e| e.life.at(wall).0.to_string()),
            place: entry.map(|e| plan.place(e.at)),
            verdicts: demands.into_iter().map(|d| verdict(plan, annex, row, entry, d, wall)).collect(),
            text: row.text.clone(),
        }
    };
    let known = |entry: &&Arc<Entry>| {
        !matches!(entry.class, Class::Hub | Class::Emergency) && annex.rows.iter().all(|r| *r.number != *entry.number)
    };
    Duties {
        annex: annex.title.clone(),
        rows: annex.rows.iter().map(judge).collect(),
        beyond: plan.entries.iter().filter(known).map(|e| e.address.to_string()).collect(),
        owners: annex.rows.iter().filter_map(owner).collect(),
    }
}

/// Whether a demand is met, because of what, and where that is written.
struct Finding {
    standing: Standing,
    because: Text,
    at: Origin,
}

enum Standing {
    Met,
    /// Declared, not served.
    Declared,
    NotMet,
}

/// Done, or not.
fn found(met: bool, because: Text, at: Origin) -> Finding {
    Finding { standing: if met { Standing::Met } else { Standing::NotMet }, because, at }
}

fn verdict(plan: &Plan, annex: &Annex, row: &Row, entry: Option<&Arc<Entry>>, demand: Demand, wall: i64) -> Verdict {
    let Some(entry) = entry else {
        let because = Text::new("计划里没有这个号码", "the plan has no such number");
        return Verdict { demand, met: false, declared: false, because, place: String::new() };
    };
    let Finding { standing, because, at } = match demand {
        Demand::NumberKept => number_kept(entry),
        Demand::NumberCancelled => number_cancelled(annex, row, entry),
        Demand::SeatsKept => seats_kept(plan, entry),
        Demand::SeatsPooled | Demand::SeatsCancelled => answered_by_hub(plan, entry, demand),
        Demand::AllDay => all_day(plan, entry, wall),
        Demand::Link => link(plan, entry),
        Demand::Feed => unserved(entry, entry.feed, "feed", ("数据归集", "data feed")),
        Demand::Knowledge => unserved(entry, entry.knowledge, "knowledge", ("知识库", "knowledge base")),
        Demand::Province => counted_apart(plan, entry),
        Demand::Prompt => prompt(annex, entry),
    };
    let (met, declared) = (matches!(standing, Standing::Met), matches!(standing, Standing::Declared));
    Verdict { demand, met, declared, because, place: place(plan, at) }
}

fn number_kept(entry: &Entry) -> Finding {
    match (&entry.life, entry.access) {
        (Life::Merged(_), _) => {
            found(false, Text::new("写成了整体并入，号码会取消", "it is merged: the number ends"), entry.at)
        }
        (Life::Kept(_), Access::Seats) => found(false, Text::new("只限坐席拨打", "only seats may dial it"), entry.at),
        (Life::Kept(_), Access::Anyone) => found(true, Text::new("一直在用", "in service without an end"), entry.at),
    }
}

fn number_cancelled(annex: &Annex, row: &Row, entry: &Entry) -> Finding {
    let Life::Merged(merged) = &entry.life else {
        return found(
            false,
            Text::new("没有写成整体并入，号码不会取消", "it is not merged: the number stays"),
            entry.at,
        );
    };
    let (cutover, at) = (merged.window.cutover, from(merged).unwrap_or(entry.at));
    let limit = if row.stopped { annex.issued } else { annex.deadline };
    let because = match (merged.assumed, cutover <= limit) {
        (true, _) => Text::new("印发前已停止", "stopped before the plan was issued"),
        (false, true) => {
            let from = merged.window.cancelled_from();
            Text::new(format!("{cutover} 归并，{from} 起取消"), format!("merged on {cutover}, cancelled from {from}"))
        }
        (false, false) => {
            Text::new(format!("{cutover} 才归并，晚于 {limit}"), format!("merged on {cutover} only, after {limit}"))
        }
    };
    found(cutover <= limit, because, at)
}

/// Where its end is written: the cutover, or that it had stopped.
fn from(merged: &Merged) -> Option<Origin> {
    merged.cancelled.origins.last().copied()
}

fn kept(entry: &Entry) -> Option<&Route> {
    match &entry.life {
        Life::Kept(route) => Some(route),
        Life::Merged(_) => None,
    }
}

/// The line's own seats, if they come first: a group that rings, or an exchange of its own.
fn own(plan: &Plan, route: &Route) -> Option<(Text, Origin)> {
    let at = route.origins.first().copied().unwrap_or_default();
    match route.steps.first()? {
        Step::Ring { group, .. } => {
            Some((Text::new(format!("坐席组 {group} 先振铃"), format!("group {group} rings first")), at))
        }
        Step::Trunk { trunks, .. } => {
            let own = |role| matches!(role, Role::Branch | Role::Department);
            let trunk = trunks.first().filter(|t| plan.trunk(t).is_some_and(|t| own(t.role)))?;
            Some((Text::new(format!("先走中继 {trunk}"), format!("trunk {trunk} comes first")), at))
        }
        Step::Prompt { .. } | Step::Queue { .. } | Step::CallBack { .. } | Step::Release { .. } => None,
    }
}

fn seats_kept(plan: &Plan, entry: &Entry) -> Finding {
    match kept(entry).and_then(|route| own(plan, route)) {
        Some((because, at)) => found(true, because, at),
        None => found(false, Text::new("没有自己的坐席组或中继", "it has no group or trunk of its own"), entry.at),
    }
}

/// The group of the hub's queue.
fn hub(plan: &Plan) -> Option<GroupId> {
    let entry = plan.entries.iter().find(|e| e.class == Class::Hub)?;
    match kept(entry)?.steps.last()? {
        Step::Queue { group, .. } => Some(group.clone()),
        _ => None,
    }
}

/// Where a route waits in the hub's queue.
fn at_hub(plan: &Plan, route: &Route) -> Option<Origin> {
    let hub = hub(plan)?;
    let mut steps = route.steps.iter().zip(route.origins.iter());
    steps.find(|(step, _)| matches!(step, Step::Queue { group, .. } if *group == hub)).map(|(_, at)| *at)
}

fn answered_by_hub(plan: &Plan, entry: &Entry, demand: Demand) -> Finding {
    let route = match (&entry.life, demand) {
        (Life::Kept(route), Demand::SeatsPooled) => route,
        (Life::Merged(merged), Demand::SeatsCancelled) => &merged.transition,
        (Life::Kept(_), _) => {
            return found(false, Text::new("没有写成整体并入，座席仍在", "it is not merged: seats stay"), entry.at);
        }
        (Life::Merged(_), _) => return found(false, Text::new("写成了整体并入", "it is merged"), entry.at),
    };
    if let Some((own, at)) = own(plan, route) {
        return found(false, Text::new(format!("{}，座席没有取消", own.zh), format!("{}: seats stay", own.en)), at);
    }
    match at_hub(plan, route) {
        Some(at) => found(true, Text::new("12345 座席接听", "12345's seats answer"), at),
        None => found(false, Text::new("没有进入 12345 的队列", "it does not lead to 12345's queue"), entry.at),
    }
}

/// Somebody is there at every hour: its own group, or where its exchange leaves off the group that takes over.
fn all_day(plan: &Plan, entry: &Entry, wall: i64) -> Finding {
    let Some(route) = kept(entry) else {
        return found(false, Text::new("写成了整体并入", "it is merged"), entry.at);
    };
    let mut groups = Vec::new();
    groups_of(&hops(plan, route, wall, None), &mut groups);
    let group = |id: &GroupId| plan.group(id).filter(|g| matches!(g.hours, Hours::Always));
    if let Some(Step::Ring { group: own, .. }) = route.steps.first()
        && group(own).is_none()
    {
        return found(
            false,
            Text::new(format!("坐席组 {own} 不是 7×24"), format!("group {own} is not 7x24")),
            entry.at,
        );
    }
    match groups.iter().find_map(group) {
        Some(group) => {
            let id = &group.id;
            found(true, Text::new(format!("坐席组 {id} 7×24"), format!("group {id} is 7x24")), group.at)
        }
        None => {
            found(false, Text::new("没有 7×24 的坐席组接听或接替", "no group on its way is staffed 7x24"), entry.at)
        }
    }
}

fn groups_of(hops: &[Hop], found: &mut Vec<GroupId>) {
    for visit in hops.iter().filter_map(|h| h.visit.as_ref()) {
        found.push(visit.group.clone());
        groups_of(&visit.overflow, found);
    }
}

fn link(plan: &Plan, entry: &Entry) -> Finding {
    let own = kept(entry).and_then(|route| Some((own(plan, route)?, at_hub(plan, route))));
    match own {
        None => {
            found(false, Text::new("没有可以转接的坐席组或中继", "there is no group or trunk to transfer to"), entry.at)
        }
        Some(((own, _), Some(at))) => {
            found(true, Text::new(format!("{}，无人接听转 12345", own.zh), format!("{}, then 12345", own.en)), at)
        }
        Some(((own, at), None)) => {
            found(false, Text::new(format!("{}，但不转回 12345", own.zh), format!("{}, but not 12345", own.en)), at)
        }
    }
}

/// A key that the annex demands is missing.
fn lacks(entry: &Entry, key: &str) -> Finding {
    found(false, Text::new(format!("没有写 {key} = true"), format!("{key} = true is missing")), entry.at)
}

/// What the switchboard has nothing for: the plan can say no more than that it is due.
fn unserved(entry: &Entry, said: bool, key: &str, (zh, en): (&str, &str)) -> Finding {
    if !said {
        return lacks(entry, key);
    }
    let because = Text::new(
        format!("已声明，未提供：写了 {key} = true，但交换机没有{zh}"),
        format!("declared, not served: {key} = true, but the switchboard has no {en}"),
    );
    Finding { standing: Standing::Declared, because, at: entry.at }
}

/// City and province are told apart by trunks of the province and by the city's number ranges: without either every call is the
/// city's, whatever the line says.
fn counted_apart(plan: &Plan, entry: &Entry) -> Finding {
    if !entry.province {
        return lacks(entry, "province");
    }
    if let Some(trunk) = plan.trunks().find(|t| t.province) {
        let id = &trunk.id;
        let because = Text::new(
            format!("中继 {id} 的来电计入全省"),
            format!("calls of trunk {id} are counted as the province's"),
        );
        return found(true, because, entry.at);
    }
    if !plan.city().callers.is_empty() {
        let because = Text::new("按 [city] callers 号段分计", "told apart by the ranges of [city] callers");
        return found(true, because, entry.at);
    }
    let because = Text::new(
        "已声明，未提供：没有 province = true 的中继，也没有 [city] callers，来电都计入本市",
        "declared, not served: no trunk has province = true and [city] has no callers, so every call is the city's",
    );
    Finding { standing: Standing::Declared, because, at: entry.at }
}

fn prompt(annex: &Annex, entry: &Entry) -> Finding {
    let Life::Merged(merged) = &entry.life else {
        return found(false, Text::new("没有写成整体并入，没有过渡期", "it is not merged: no transition"), entry.at);
    };
    let window = &merged.window;
    let (due, at) = (Window::last_day(window.cutover, annex.months), from(merged).unwrap_or(entry.at));
    match merged.transition.steps.first() {
        Some(Step::Prompt { prompt, .. }) if window.last >= due => {
            let (cutover, last) = (window.cutover, window.last);
            let at = merged.transition.origins.first().copied().unwrap_or(at);
            let text = if merged.assumed {
                Text::new("印发前已满", "over before the plan was issued")
            } else {
                Text::new(format!("{prompt}.wav，{cutover} 至 {last}"), format!("{prompt}.wav, {cutover} to {last}"))
            };
            found(true, text, at)
        }
        Some(Step::Prompt { .. }) => {
            let (last, months) = (window.last, annex.months);
            let text = Text::new(
                format!("{last} 就结束，{months} 个月应到 {due}"),
                format!("it ends on {last}; {months} months end on {due}"),
            );
            found(false, text, at)
        }
        _ => found(false, Text::new("过渡期没有提示音", "no prompt in its transition"), at),
    }
}
