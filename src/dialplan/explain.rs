//! Decides, and says why: one code path, with an observer that the hot path leaves empty.

use super::check::Lang;
use super::entry::{Access, Class, Entry, Origin, Route, Step};
use super::life::{Life, Merged, State};
use super::number::{Dialled, Digits, NumberError, Spelling};
use super::{Emergency, Plan};
use jiff::civil::Date;
use serde::Serialize;
use std::fmt::Write;
use std::sync::Arc;

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision<'p> {
    /// It is taken along these steps.
    Routed(Routed<'p>),
    /// There is no such number, or not yet.
    Refused(Refusal<'p>),
}

/// An entry, where it stands in its life, and its steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Routed<'p> {
    /// The entry. [`Entry::access`] says who may dial it: the caller of this function knows who is calling.
    pub entry: &'p Arc<Entry>,
    /// Its state at that moment.
    pub state: State,
    /// Its route; a call clones [`Route::steps`] and is free of the plan.
    pub route: &'p Route,
}

/// A call that leads nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal<'p> {
    /// SIP status: 404.
    pub status: u16,
    /// Q.850 cause: 1, unallocated number.
    pub q850: u8,
    /// The entry, when there is one: its cutover is still to come, or this side may not dial it.
    pub entry: Option<&'p Arc<Entry>>,
}

/// A line of `numbers ls`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NumberRow {
    /// `hotline.12333`.
    pub address: String,
    /// `12333`, or a pattern.
    pub number: String,
    /// What it is called.
    pub title: String,
    /// The department that answers for it.
    pub owner: String,
    /// Its kind.
    pub class: Class,
    /// Where it stands: `serving`, `before`, `transition:47`, `cancelled`.
    pub state: String,
    /// Of a merged number: the last day of its transition.
    pub last_day: Option<String>,
    /// Days left of the transition, today included; days until the cutover before it.
    pub days_left: Option<u32>,
    /// `file:line`; empty for the emergency layer.
    pub place: String,
}

/// Something the decision went by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// The exact-match layer in code.
    EmergencyLayer(Emergency),
    /// An entry with exactly these digits, or the pattern that matches with most fixed digits.
    Entry,
    /// No entry at all.
    NotInPlan,
    /// The trunk does not take the number in this spelling.
    SpellingNotTaken,
    /// Only seats may dial it.
    SeatsOnly,
}

/// Hears the reasons of a decision.
pub(super) trait Observe {
    fn note(&mut self, reason: Reason);
}

impl Observe for () {
    fn note(&mut self, _: Reason) {}
}

impl Observe for Vec<Reason> {
    fn note(&mut self, reason: Reason) {
        self.push(reason);
    }
}

/// The decision for a call, in this order: emergency layer, exact number, pattern; then the date.
pub(super) fn decide<'p>(plan: &'p Plan, dialled: Dialled, wall: i64, observer: &mut impl Observe) -> Decision<'p> {
    let entry = match dialled.emergency {
        Some(emergency) => {
            observer.note(Reason::EmergencyLayer(emergency));
            plan.emergency.get(emergency.index())
        }
        None => plan.table.get(dialled.digits).and_then(|index| plan.entries.get(index as usize)),
    };
    let Some(entry) = entry else {
        observer.note(Reason::NotInPlan);
        return Decision::Refused(Refusal { status: 404, q850: 1, entry: None });
    };
    if dialled.emergency.is_none() {
        observer.note(Reason::Entry);
    }
    match entry.life.at(wall) {
        (state, Some(route)) => Decision::Routed(Routed { entry, state, route }),
        (_, None) => Decision::Refused(Refusal { status: 404, q850: 1, entry: Some(entry) }),
    }
}

/// The decision as `[[expect]]` writes it: `prompt:transition/12333 > group:main`.
pub(super) fn line(decision: Decision<'_>) -> String {
    match decision {
        Decision::Routed(routed) => routed.route.steps.iter().map(word).collect::<Vec<_>>().join(" > "),
        Decision::Refused(refusal) => format!("release:{}", refusal.status),
    }
}

fn word(step: &Step) -> String {
    match step {
        Step::Prompt { prompt, .. } => format!("prompt:{prompt}"),
        Step::Ring { group, .. } | Step::Queue { group, .. } => format!("group:{group}"),
        Step::Trunk { trunks, .. } => trunks.iter().map(|t| format!("trunk:{t}")).collect::<Vec<_>>().join(" > "),
        Step::Release { status, .. } => format!("release:{status}"),
    }
}

/// What `dialplan why` prints.
pub(super) fn why(plan: &Plan, uri: &[u8], wall: i64, lang: Lang) -> String {
    let shown = String::from_utf8_lossy(uri);
    let dialled = match plan.normalise(uri) {
        Ok(dialled) => dialled,
        Err(error) => return no_number(&shown, error, lang),
    };
    let mut out = String::new();
    let digits = dialled.digits.to_string();
    if shown != digits {
        let _ = writeln!(out, "{shown} → {digits}（{}）", spelling(dialled.spelling, lang));
    }
    let mut reasons = Vec::new();
    match decide(plan, dialled, wall, &mut reasons) {
        Decision::Routed(routed) => routed_text(&mut out, plan, &digits, &reasons, routed, wall, lang),
        Decision::Refused(refusal) => refused_text(&mut out, plan, &digits, refusal, lang),
    }
    out
}

fn no_number(shown: &str, error: NumberError, lang: Lang) -> String {
    let status = if error == NumberError::Empty { 484 } else { 404 };
    match lang {
        Lang::En => format!("{shown} is no number: {error}: {status}\n"),
        Lang::Zh => {
            let reason = match error {
                NumberError::Empty => "没有数字".to_owned(),
                NumberError::NotADigit { byte, at } => format!("第 {} 字节 0x{byte:02x} 不是数字", at + 1),
                NumberError::TooLong => "超过 16 位".to_owned(),
                NumberError::UnknownService => "不提供这种服务".to_owned(),
                NumberError::UnknownContext => "phone-context 不属于本市".to_owned(),
            };
            format!("{shown} 不是号码：{reason}：{status}\n")
        }
    }
}

fn spelling(spelling: Spelling, lang: Lang) -> &'static str {
    let (zh, en) = match spelling {
        Spelling::Local => ("本地写法", "local form"),
        Spelling::Area => ("带区号", "with area code"),
        Spelling::International => ("国际写法", "international form"),
        Spelling::InternationalBare => ("国际写法，无 +", "international form without +"),
        Spelling::Service => ("服务 URN", "service URN"),
    };
    if lang == Lang::Zh { zh } else { en }
}

fn routed_text(
    out: &mut String,
    plan: &Plan,
    digits: &str,
    reasons: &[Reason],
    routed: Routed<'_>,
    wall: i64,
    lang: Lang,
) {
    let entry = routed.entry;
    let class = if lang == Lang::Zh { entry.class.zh() } else { entry.class.en() };
    let by = reasons.iter().filter_map(|r| reason(*r, entry, lang)).collect::<String>();
    let _ = writeln!(out, "{digits} {} · {class}{by}{}", entry.title, state(entry, routed.state, lang));
    for (i, (step, origin)) in routed.route.steps.iter().zip(routed.route.origins.iter()).enumerate() {
        let text = phrase(plan, step, wall, lang);
        let pad = " ".repeat(41usize.saturating_sub(width(&text)).max(1));
        let _ = writeln!(out, "  {} {text}{pad}{}", i + 1, place(plan, *origin));
    }
    if let Life::Merged(merged) = &entry.life {
        later(out, merged, routed.state, lang);
    }
}

fn place(plan: &Plan, origin: Origin) -> String {
    if origin.line == 0 { String::new() } else { plan.place(origin) }
}

fn reason(reason: Reason, entry: &Entry, lang: Lang) -> Option<String> {
    match (reason, lang) {
        (Reason::EmergencyLayer(_), Lang::Zh) => Some(" · 代码内精确匹配，先于一切号码".to_owned()),
        (Reason::EmergencyLayer(_), Lang::En) => Some(" · exact match in code, ahead of every entry".to_owned()),
        (Reason::Entry, _) if !entry.number.contains('x') => None,
        (Reason::Entry, Lang::Zh) => Some(format!(" · 匹配模式 {}", entry.number)),
        (Reason::Entry, Lang::En) => Some(format!(" · matches pattern {}", entry.number)),
        (Reason::NotInPlan | Reason::SpellingNotTaken | Reason::SeatsOnly, _) => None,
    }
}

fn state(entry: &Entry, state: State, lang: Lang) -> String {
    let last = entry.life.window().map(|w| w.last.to_string()).unwrap_or_default();
    match (state, lang) {
        (State::Serving, _) => kept(entry, lang),
        (State::Transition { day, .. }, Lang::Zh) => format!(" · 过渡期第 {day} 天（{last} 止）"),
        (State::Transition { day, of }, Lang::En) => format!(" · day {day} of {of} of the transition (until {last})"),
        (State::Before, Lang::Zh) => " · 归并前".to_owned(),
        (State::Before, Lang::En) => " · before its cutover".to_owned(),
        (State::Cancelled, _) => cancelled(entry, lang),
    }
}

fn kept(entry: &Entry, lang: Lang) -> String {
    let text = match (entry.class, entry.kept, lang) {
        (Class::Parallel, true, Lang::Zh) => " · 保留座席",
        (Class::Parallel, true, Lang::En) => " · seats kept",
        (Class::Parallel, false, Lang::Zh) => " · 取消座席，由 12345 接听",
        (Class::Parallel, false, Lang::En) => " · seats pooled, 12345 answers",
        (_, _, Lang::Zh) if entry.access == Access::Seats => " · 只限坐席拨打",
        (_, _, Lang::En) if entry.access == Access::Seats => " · dialled by seats only",
        _ => "",
    };
    text.to_owned()
}

fn cancelled(entry: &Entry, lang: Lang) -> String {
    let Life::Merged(merged) = &entry.life else { return String::new() };
    let from = merged.window.cancelled_from();
    match (merged.assumed, lang) {
        (false, Lang::Zh) => format!(" · {from} 起已取消"),
        (false, Lang::En) => format!(" · cancelled since {from}"),
        (true, Lang::Zh) => " · 方案印发前已停止，已取消".to_owned(),
        (true, Lang::En) => " · stopped before the plan was issued, cancelled".to_owned(),
    }
}

fn later(out: &mut String, merged: &Merged, state: State, lang: Lang) {
    let _ = match (state, lang) {
        (State::Before, Lang::Zh) => writeln!(out, "  {} 起：过渡期，放提示音后转 12345", merged.window.cutover),
        (State::Before, Lang::En) => {
            writeln!(out, "  from {}: transition, the prompt and then 12345", merged.window.cutover)
        }
        (State::Transition { .. }, Lang::Zh) => {
            writeln!(out, "  {} 起：播“号码已取消，请拨 12345”，410 + Q.850 cause 22", merged.window.cancelled_from())
        }
        (State::Transition { .. }, Lang::En) => writeln!(
            out,
            "  from {}: \"this number is cancelled, dial 12345\", 410 + Q.850 cause 22",
            merged.window.cancelled_from()
        ),
        (State::Cancelled, Lang::Zh) => writeln!(out, "  已经取消的热线号码不再恢复（方案二（一））"),
        (State::Cancelled, Lang::En) => writeln!(out, "  a cancelled number is never restored (plan, part 2 (1))"),
        (State::Serving, _) => Ok(()),
    };
}

fn refused_text(out: &mut String, plan: &Plan, digits: &str, refusal: Refusal<'_>, lang: Lang) {
    let Refusal { status, q850, entry } = refusal;
    let Some(entry) = entry else {
        let _ = match lang {
            Lang::Zh => writeln!(out, "{digits} 不在号码计划中：{status} + Q.850 cause {q850}"),
            Lang::En => writeln!(out, "{digits} is not in the plan: {status} + Q.850 cause {q850}"),
        };
        return;
    };
    let at = plan.place(entry.at);
    let _ = match lang {
        Lang::Zh => writeln!(
            out,
            "{digits} {} · {} · 归并前，本条没有写去向：{status} + Q.850 cause {q850}  {at}",
            entry.title,
            entry.class.zh()
        ),
        Lang::En => writeln!(
            out,
            "{digits} {} · {} · before its cutover, no group or trunk given: {status} + Q.850 cause {q850}  {at}",
            entry.title,
            entry.class.en()
        ),
    };
    if let Life::Merged(merged) = &entry.life {
        later(out, merged, State::Before, lang);
    }
}

fn phrase(plan: &Plan, step: &Step, wall: i64, lang: Lang) -> String {
    let zh = lang == Lang::Zh;
    match step {
        Step::Prompt { prompt, early: true } if zh => format!("放提示音 {prompt}.wav"),
        Step::Prompt { prompt, early: false } if zh => format!("接通后放提示音 {prompt}.wav"),
        Step::Prompt { prompt, early: true } => format!("play {prompt}.wav"),
        Step::Prompt { prompt, early: false } => format!("answer, then play {prompt}.wav"),
        Step::Ring { group, timeout_ms } if zh => {
            format!("振铃保留座席 {group}，{} 秒{}", seconds(*timeout_ms), closed(plan, group, wall, lang))
        }
        Step::Ring { group, timeout_ms } => {
            format!("ring the kept seats {group}, {} s{}", seconds(*timeout_ms), closed(plan, group, wall, lang))
        }
        Step::Queue { group, skill } => {
            let skill = skill.as_ref().map(|s| if zh { format!("，技能 {s}") } else { format!(", skill {s}") });
            let enter = if zh { "进入坐席组" } else { "enter group" };
            format!("{enter} {group}{}{}", skill.unwrap_or_default(), closed(plan, group, wall, lang))
        }
        Step::Trunk { trunks, number, timeout_ms, .. } => {
            let names = trunks.iter().map(ToString::to_string).collect::<Vec<_>>();
            let limit = seconds(*timeout_ms);
            if zh {
                format!("走中继 {} 拨 {}，{limit} 秒", names.join("、"), dialled(*number, "原号码"))
            } else {
                let number = dialled(*number, "the number dialled");
                format!("over trunk {} dial {number}, {limit} s", names.join(", "))
            }
        }
        Step::Release { status, q850 } if zh => format!("释放：{status} + Q.850 cause {q850}"),
        Step::Release { status, q850 } => format!("release: {status} + Q.850 cause {q850}"),
    }
}

fn dialled(number: Digits, itself: &str) -> String {
    if number == Digits::EMPTY { itself.to_owned() } else { number.to_string() }
}

fn closed(plan: &Plan, group: &crate::id::GroupId, wall: i64, lang: Lang) -> &'static str {
    match (plan.group(group).is_none_or(|g| plan.is_open(g, wall)), lang) {
        (true, _) => "",
        (false, Lang::Zh) => "（此刻不在服务时间）",
        (false, Lang::En) => " (closed at this hour)",
    }
}

fn seconds(ms: u32) -> String {
    if ms.is_multiple_of(1000) { (ms / 1000).to_string() } else { format!("{}.{:03}", ms / 1000, ms % 1000) }
}

/// Columns on a terminal: East Asian wide characters take two.
fn width(text: &str) -> usize {
    text.chars().map(|c| if matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{ffdc}') { 2 } else { 1 }).sum()
}

/// All numbers at a moment.
pub(super) fn numbers(plan: &Plan, wall: i64) -> Vec<NumberRow> {
    let today = plan.zone.local(wall).date();
    plan.emergency.iter().chain(plan.entries.iter()).map(|entry| row(plan, entry, wall, today)).collect()
}

fn row(plan: &Plan, entry: &Entry, wall: i64, today: Date) -> NumberRow {
    let (state, _) = entry.life.at(wall);
    let window = entry.life.window();
    let days_left = match state {
        State::Transition { day, of } => Some(u32::from(of - day) + 1),
        State::Before => window.and_then(|w| today.until(w.cutover).ok()?.get_days().try_into().ok()),
        State::Serving | State::Cancelled => None,
    };
    NumberRow {
        address: entry.address.to_string(),
        number: entry.number.to_string(),
        title: entry.title.to_string(),
        owner: entry.owner.to_string(),
        class: entry.class,
        state: state.to_string(),
        last_day: window.map(|w| w.last.to_string()),
        days_left,
        place: place(plan, entry.at),
    }
}
