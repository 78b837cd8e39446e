//! `dialplan why`, `numbers` and `groups`: questions that the dialplan alone can answer.

use super::args::Global;
use super::exit::{Done, Exit, Failure};
use super::{Screen, check, moment, place, run};
use crate::clock::Clock;
use crate::daemon;
use crate::dialplan::{Decision, Known, Lang, NumberRow, Plan, Source, Step, calendar};
use crate::ledger;
use serde_json::{Value, json};
use std::path::Path;

/// The same language for the dialplan's texts.
pub(super) fn tongue(lang: ledger::Lang) -> Lang {
    match lang {
        ledger::Lang::Zh => Lang::Zh,
        ledger::Lang::En => Lang::En,
    }
}

/// The files of a plan, and what its folder alone can tell of the rest.
pub(super) fn gather(folder: &Path, wall: i64) -> Result<(Vec<Source>, Known), Failure> {
    let sources = daemon::sources(folder).map_err(|e| unreadable(folder, &e))?;
    if sources.is_empty() {
        let at = folder.display();
        let (zh, en) = (format!("{at} 中没有 .toml 文件"), format!("there is no .toml file in {at}"));
        return Err(Failure::new(Exit::Config, zh, en));
    }
    let prompts = folder.join("prompts");
    let files = if prompts.is_dir() {
        daemon::prompt_files(&prompts).map_err(|e| unreadable(&prompts, &e))?
    } else {
        std::collections::BTreeMap::new()
    };
    let known = Known { prompts: Some(files.into_keys().collect()), wall: Some(wall), ..Known::default() };
    Ok((sources, known))
}

pub(super) fn load(folder: &Path, wall: i64) -> Result<Plan, Failure> {
    let (sources, known) = gather(folder, wall)?;
    let loaded = Plan::load(&sources, &known);
    loaded.map(|(plan, _)| plan).map_err(|mistakes| check::wrong(&mistakes, &sources))
}

pub(super) fn unreadable(path: &Path, error: &daemon::Error) -> Failure {
    let mut failure = run::refused(error);
    failure.exit = Exit::Config as u8;
    failure.zh = format!("无法读取拨号计划目录 {}：{}", path.display(), failure.zh);
    failure.en = format!("the dialplan folder {} cannot be read: {}", path.display(), failure.en);
    failure
}

/// `dialplan why NUMBER [--at TIME]`.
pub(super) fn why(global: &Global, number: &str, at: Option<i64>, screen: &Screen) -> Result<Done, Failure> {
    let wall = at.unwrap_or_else(|| Clock::system().now().wall);
    let plan = load(&place::dialplan(global)?, wall)?;
    let text = plan.why(number.as_bytes(), wall, tongue(screen.lang));
    let decision = plan.normalise(number.as_bytes()).ok().map(|d| (d, plan.decide(d, wall)));
    let (result, routed) = match decision {
        Some((dialled, Decision::Routed(routed))) => {
            let steps = routed.route.steps.iter().zip(routed.route.origins.iter());
            let steps: Vec<Value> = steps
                .map(|(step, origin)| json!({ "step": word(step), "place": if origin.line == 0 { String::new() } else { plan.place(*origin) } }))
                .collect();
            let entry = routed.entry;
            let result = json!({
                "dialled": number, "number": dialled.digits.to_string(), "routed": true, "address": entry.address,
                "title": entry.title, "owner": entry.owner, "class": entry.class,
                "state": state(&plan, entry.number.as_ref(), wall), "steps": steps, "at": moment::shown(wall),
            });
            (result, true)
        }
        Some((dialled, Decision::Refused(refusal))) => {
            let number_as = dialled.digits.to_string();
            let result = json!({
                "dialled": number, "number": number_as, "routed": false, "status": refusal.status,
                "q850": refusal.q850, "at": moment::shown(wall),
            });
            (result, false)
        }
        None => (json!({ "dialled": number, "routed": false, "status": 404, "at": moment::shown(wall) }), false),
    };
    // The question was answered; that the number leads nowhere is the answer, and a bad one.
    Ok(Done { text, result, exit: if routed { Exit::Ok } else { Exit::Bad } })
}

fn state(plan: &Plan, number: &str, wall: i64) -> Option<String> {
    plan.numbers(wall).into_iter().find(|row| row.number == number).map(|row| row.state)
}

fn word(step: &Step) -> String {
    match step {
        Step::Prompt { prompt, .. } => format!("prompt:{prompt}"),
        Step::Ring { group, .. } | Step::Queue { group, .. } => format!("group:{group}"),
        Step::Trunk { trunks, .. } => trunks.iter().map(|t| format!("trunk:{t}")).collect::<Vec<_>>().join(" > "),
        Step::Release { status, .. } => format!("release:{status}"),
    }
}

/// `numbers ls [--at TIME]`.
pub(super) fn numbers(global: &Global, at: Option<i64>, screen: &Screen) -> Result<Done, Failure> {
    let wall = at.unwrap_or_else(|| Clock::system().now().wall);
    let plan = load(&place::dialplan(global)?, wall)?;
    let rows = plan.numbers(wall);
    let lang = screen.lang;
    let heading = match lang {
        ledger::Lang::Zh => ["号码", "名称", "类别", "状态", "过渡期末日", "剩余天数", "出处"],
        ledger::Lang::En => ["number", "title", "class", "state", "last day", "days left", "place"],
    };
    let line = |row: &NumberRow| {
        let class = if lang == ledger::Lang::Zh { row.class.zh() } else { row.class.en() };
        [
            row.number.clone(),
            row.title.clone(),
            class.to_owned(),
            state_word(&row.state, lang),
            row.last_day.clone().unwrap_or_default(),
            row.days_left.map_or_else(String::new, |d| d.to_string()),
            row.place.clone(),
        ]
    };
    let mut table = vec![heading.map(str::to_owned)];
    table.extend(rows.iter().map(line));
    Ok(Done::well(super::table::aligned(&table), json!({ "at": moment::shown(wall), "numbers": rows })))
}

fn state_word(state: &str, lang: ledger::Lang) -> String {
    let (word, day) = state.split_once(':').unwrap_or((state, ""));
    match word {
        "serving" => lang.of("在用", "serving").to_owned(),
        "before" => lang.of("归并前", "before its cutover").to_owned(),
        "cancelled" => lang.of("已取消", "cancelled").to_owned(),
        "transition" if lang == ledger::Lang::Zh => format!("过渡期第 {day} 天"),
        "transition" => format!("transition, day {day}"),
        other => other.to_owned(),
    }
}

/// `groups ls`.
pub(super) fn groups(global: &Global, screen: &Screen) -> Result<Done, Failure> {
    let wall = Clock::system().now().wall;
    let plan = load(&place::dialplan(global)?, wall)?;
    let lang = screen.lang;
    let heading = match lang {
        ledger::Lang::Zh => ["坐席组", "名称", "时间", "振铃", "话后", "最长等待", "最大排队", "出处"],
        ledger::Lang::En => ["group", "title", "hours", "ring", "wrap-up", "max wait", "max size", "place"],
    };
    let mut table = vec![heading.map(str::to_owned)];
    let mut result = Vec::new();
    for group in plan.groups() {
        let all_day = matches!(group.hours, calendar::Hours::Always);
        let seconds = |ms: u32| format!("{} s", f64::from(ms) / 1000.0);
        let place = plan.place(group.at);
        table.push([
            group.id.to_string(),
            group.title.to_string(),
            if all_day { "7x24".into() } else { lang.of("按日历", "by calendar").into() },
            seconds(group.ring_ms),
            seconds(group.wrap_up_ms),
            seconds(group.max_wait_ms),
            group.max_size.to_string(),
            place.clone(),
        ]);
        result.push(json!({
            "group": group.id, "title": group.title, "all_day": all_day, "open": plan.is_open(group, wall),
            "ring_ms": group.ring_ms, "wrap_up_ms": group.wrap_up_ms, "max_wait_ms": group.max_wait_ms,
            "max_size": group.max_size, "place": place,
        }));
    }
    Ok(Done::well(super::table::aligned(&table), json!({ "groups": result })))
}
