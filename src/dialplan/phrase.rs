//! The sentences of `dialplan why` and `dialplan timeline`, in both languages.

use super::Plan;
use super::digits::Digits;
use super::entry::{Access, Class, Entry, Trunk};
use super::explain::{Reason, Refusal};
use super::life::{Life, Merged, State};
use super::number::{NumberError, Spelling};
use super::route::Step;
use super::visit::{Meets, Visit};
use crate::fact::Lang;
use std::fmt::Write;

/// A number with what it is called, if it is called anything.
pub(super) fn named(digits: &str, entry: &Entry) -> String {
    format!("{digits} {}", entry.title).trim_end().to_owned()
}

/// Where a number stands, [`State`] as facts carry it, in words: `transition:47` is 过渡期第 47 天.
#[must_use]
pub fn state_word(state: &str, lang: Lang) -> String {
    let (word, day) = state.split_once(':').unwrap_or((state, ""));
    match word {
        "serving" => lang.of("在用", "serving").to_owned(),
        "before" => lang.of("归并前", "before its cutover").to_owned(),
        "cancelled" => lang.of("已取消", "cancelled").to_owned(),
        "transition" if lang == Lang::Zh => format!("过渡期第 {day} 天"),
        "transition" => format!("transition, day {day}"),
        other => other.to_owned(),
    }
}

/// What a seat is told that dials another seat: no dialplan is asked.
#[must_use]
pub fn seat_text(seat: &str, lang: Lang) -> String {
    match lang {
        Lang::Zh => format!("{seat} 是坐席：直接振铃，不经号码计划\n"),
        Lang::En => format!("{seat} is a seat: it rings, whatever the dialplan says\n"),
    }
}

/// One line: a text, and where it is written in a column of its own.
pub(super) fn row(out: &mut String, indent: usize, text: &str, place: &str) {
    let line = format!("{}{text}", " ".repeat(indent));
    let pad = if place.is_empty() { 0 } else { 45usize.saturating_sub(width(&line)).max(1) };
    let _ = writeln!(out, "{line}{}{place}", " ".repeat(pad));
}

pub(super) fn takes(trunk: &Trunk, lang: Lang) -> String {
    let zh = lang == Lang::Zh;
    if trunk.number_in.is_empty() {
        return if zh { "收各种写法" } else { "takes every spelling" }.to_owned();
    }
    let forms: Vec<&str> = trunk.number_in.iter().map(|s| spelling(*s, lang)).collect();
    if zh { format!("只收{}", forms.join("、")) } else { format!("takes only {}", forms.join(", ")) }
}

/// What the caller meets at a group.
pub(super) fn met(visit: &Visit, rings: bool, lang: Lang) -> String {
    let (ring, wait, size) = (seconds(visit.ring_ms), seconds(visit.max_wait_ms), visit.max_size);
    let seats = visit.seats.unwrap_or_default();
    let zh = lang == Lang::Zh;
    let on = match (rings, zh) {
        (true, true) => "走下一步",
        (true, false) => "the next step",
        (false, true) => "溢出",
        (false, false) => "overflow",
    };
    match (visit.meets, zh) {
        (Meets::Closed, true) => format!("不在服务时间（{}）：立即{on}", visit.hours),
        (Meets::Closed, false) => format!("closed ({}): {on} at once", visit.hours),
        (Meets::Nobody, true) => format!("无人签入：立即{on}"),
        (Meets::Nobody, false) => format!("nobody signed in: {on} at once"),
        (Meets::Waits, true) => format!("无人签入：等候；满 {wait} 秒，或已有 {size} 人等候，{on}"),
        (Meets::Waits, false) => format!("nobody signed in: waits; after {wait} s, or when {size} wait already, {on}"),
        (Meets::Seats, true) => {
            format!("{seats} 个坐席：每个振铃 {ring} 秒，都忙就等候；满 {wait} 秒，或已有 {size} 人等候，{on}")
        }
        (Meets::Seats, false) => format!(
            "{seats} seats: each rings {ring} s, all busy waits; after {wait} s, or when {size} wait already, {on}"
        ),
    }
}

pub(super) fn no_number(shown: &str, error: NumberError, status: u16, lang: Lang) -> String {
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

pub(super) fn spelling(spelling: Spelling, lang: Lang) -> &'static str {
    let (zh, en) = match spelling {
        Spelling::Local => ("本地写法", "local form"),
        Spelling::Area => ("带区号", "with area code"),
        Spelling::International => ("国际写法", "international form"),
        Spelling::InternationalBare => ("国际写法，无 +", "international form without +"),
        Spelling::Service => ("服务 URN", "service URN"),
    };
    if lang == Lang::Zh { zh } else { en }
}

pub(super) fn reason(reason: Reason, entry: &Entry, lang: Lang) -> Option<String> {
    match (reason, lang) {
        (Reason::EmergencyLayer(_), Lang::Zh) => Some(" · 代码内精确匹配，先于一切号码".to_owned()),
        (Reason::EmergencyLayer(_), Lang::En) => Some(" · exact match in code, ahead of every entry".to_owned()),
        (Reason::Entry, _) if !entry.number.contains('x') => None,
        (Reason::Entry, Lang::Zh) => Some(format!(" · 匹配模式 {}", entry.number)),
        (Reason::Entry, Lang::En) => Some(format!(" · matches pattern {}", entry.number)),
        (Reason::NotInPlan | Reason::SpellingNotTaken | Reason::SeatsOnly, _) => None,
    }
}

pub(super) fn state(entry: &Entry, state: State, lang: Lang) -> String {
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

pub(super) fn kept(entry: &Entry, lang: Lang) -> String {
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

pub(super) fn cancelled(entry: &Entry, lang: Lang) -> String {
    let Life::Merged(merged) = &entry.life else { return String::new() };
    let from = merged.window.cancelled_from();
    match (merged.assumed, lang) {
        (false, Lang::Zh) => format!(" · {from} 起已取消"),
        (false, Lang::En) => format!(" · cancelled since {from}"),
        (true, Lang::Zh) => " · 方案印发前已停止，已取消".to_owned(),
        (true, Lang::En) => " · stopped before the plan was issued, cancelled".to_owned(),
    }
}

pub(super) fn later(out: &mut String, merged: &Merged, state: State, lang: Lang) {
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

pub(super) fn refused_text(
    out: &mut String,
    plan: &Plan,
    digits: &str,
    refusal: Refusal<'_>,
    seats_only: bool,
    lang: Lang,
) {
    let Refusal { status, q850, entry } = refusal;
    let Some(entry) = entry else {
        let _ = match lang {
            Lang::Zh => writeln!(out, "{digits} 不在号码计划中：{status} + Q.850 cause {q850}"),
            Lang::En => writeln!(out, "{digits} is not in the plan: {status} + Q.850 cause {q850}"),
        };
        return;
    };
    let at = plan.place(entry.at);
    let class = if lang == Lang::Zh { entry.class.zh() } else { entry.class.en() };
    let why = match (seats_only, lang) {
        (true, Lang::Zh) => "只限坐席拨打",
        (true, Lang::En) => "dialled by seats only",
        (false, Lang::Zh) => "归并前，本条没有写去向",
        (false, Lang::En) => "before its cutover, no group or trunk given",
    };
    let colon = if lang == Lang::Zh { "：" } else { ": " };
    let _ = writeln!(out, "{} · {class} · {why}{colon}{status} + Q.850 cause {q850}  {at}", named(digits, entry));
    if let (Life::Merged(merged), false) = (&entry.life, seats_only) {
        later(out, merged, State::Before, lang);
    }
}

pub(super) fn phrase(plan: &Plan, step: &Step, wall: i64, lang: Lang) -> String {
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
        Step::CallBack { group } if zh => format!("按 1 预约回电，位次在坐席组 {group}"),
        Step::CallBack { group } => format!("key 1 asks for a call-back, with a place in group {group}"),
        Step::Release { status, q850 } if zh => format!("释放：{status} + Q.850 cause {q850}"),
        Step::Release { status, q850 } => format!("release: {status} + Q.850 cause {q850}"),
    }
}

pub(super) fn dialled(number: Digits, itself: &str) -> String {
    if number == Digits::EMPTY { itself.to_owned() } else { number.to_string() }
}

pub(super) fn closed(plan: &Plan, group: &crate::id::GroupId, wall: i64, lang: Lang) -> &'static str {
    match (plan.group(group).is_none_or(|g| plan.is_open(g, wall)), lang) {
        (true, _) => "",
        (false, Lang::Zh) => "（此刻不在服务时间）",
        (false, Lang::En) => " (closed at this hour)",
    }
}

pub(super) fn seconds(ms: u32) -> String {
    if ms.is_multiple_of(1000) { (ms / 1000).to_string() } else { format!("{}.{:03}", ms / 1000, ms % 1000) }
}

/// Columns on a terminal: East Asian wide characters take two.
pub(super) fn width(text: &str) -> usize {
    text.chars().map(|c| if matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{ffdc}') { 2 } else { 1 }).sum()
}
