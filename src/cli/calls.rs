//! `calls`: live ones from the daemon, ended ones from the records.

use super::args::{Calls, Global};
use super::exit::{Done, Exit, Failure};
use super::records::{none, records, reference, unread};
use super::screen::Screen;
use super::watch::{Show, but_json, shown};
use super::{ask, orders, recording, table};
use crate::exchange::{Answer, CallRow, Command};
use crate::fact::Lang;
use crate::id::CallRef;
use crate::ledger::print;
use crate::store::{Filter, Reader};
use serde_json::json;

/// `calls`: lists, records, and orders about live ones.
pub(super) fn calls(global: &Global, command: &Calls, screen: &Screen) -> Result<Done, Failure> {
    match command {
        Calls::Ls { limit, number, since, outcome, stage, show } => {
            let (number, outcome) = (number.clone(), *outcome);
            let filter = Filter { limit: *limit, number, since: *since, outcome, ..Filter::default() };
            if show.watch {
                return shown(*show, screen, || live_now(global, &filter, stage.as_deref(), screen.lang));
            }
            list(global, &filter, stage.as_deref(), *show, screen)
        }
        Calls::Show { call } => show(global, reference(call)?, screen),
        Calls::Why { call } => why(global, reference(call)?, screen),
        Calls::Recording { call, out } => recording::recording(global, reference(call)?, out.as_deref(), screen),
        other => orders::order(global, other, screen),
    }
}

/// The live calls of a number and in a stage.
fn live(global: &Global, filter: &Filter, stage: Option<&str>) -> Result<Vec<CallRow>, Failure> {
    let Answer::Calls { mut calls } = ask::ask(global, &Command::Calls)? else { return Err(ask::strange()) };
    let of = |row: &CallRow| filter.number.as_ref().is_none_or(|number| [&row.caller, &row.dialled].contains(&number));
    calls.retain(|row| of(row) && stage.is_none_or(|stage| row.stage == stage));
    Ok(calls)
}

fn live_now(
    global: &Global,
    filter: &Filter,
    stage: Option<&str>,
    lang: Lang,
) -> Result<(String, serde_json::Value), Failure> {
    let rows = live(global, filter, stage)?;
    let none = lang.of("没有进行中的通话\n", "no live calls\n").to_owned();
    let text = if rows.is_empty() { none } else { live_table(&rows, lang) };
    Ok((text, json!({ "live": rows })))
}

fn list(global: &Global, filter: &Filter, stage: Option<&str>, show: Show, screen: &Screen) -> Result<Done, Failure> {
    but_json(show.csv, "--csv", screen)?;
    // Either may be missing, the daemon or the records; only when both are there is nothing to tell.
    let live = live(global, filter, stage);
    let ended = records(global)
        .and_then(|state| Reader::open(&state).and_then(|mut reader| reader.calls(filter)).map_err(|e| unread(&e)));
    if show.csv {
        // Of what has ended: live calls have no figures yet.
        return ended.map(|cdrs| Done::well(print::records(&cdrs), json!({ "calls": cdrs })));
    }
    let mut text = String::new();
    if let Ok(rows) = &live
        && !rows.is_empty()
    {
        text.push_str(screen.lang.of("进行中\n", "live\n"));
        text.push_str(&live_table(rows, screen.lang));
        text.push('\n');
    }
    match (&live, &ended) {
        (_, Ok(cdrs)) => text.push_str(&print::table(cdrs, screen.lang)),
        (Ok(rows), Err(failure)) => {
            if rows.is_empty() {
                text.push_str(screen.lang.of("没有进行中的通话\n", "no live calls\n"));
            }
            text.push_str(&format!("{}\n", screen.lang.of(&failure.zh, &failure.en)));
        }
        (Err(_), Err(_)) => {}
    }
    match (live, ended) {
        (live, Ok(cdrs)) => Ok(Done::well(text, json!({ "live": live.ok(), "calls": cdrs }))),
        (Ok(live), Err(_)) => Ok(Done::well(text, json!({ "live": live, "calls": null }))),
        (Err(_), Err(failure)) => Err(failure),
    }
}

fn live_table(rows: &[CallRow], lang: Lang) -> String {
    let heading = match lang {
        Lang::Zh => ["编号", "主叫", "被叫", "阶段", "对方"],
        Lang::En => ["call", "caller", "dialled", "stage", "with"],
    };
    let mut all = vec![heading.map(str::to_owned)];
    all.extend(rows.iter().map(|row| {
        let stage = match row.stage.as_str() {
            "announcing" => lang.of("放音", "announcing"),
            "queueing" => lang.of("排队", "queueing"),
            "ringing" => lang.of("振铃", "ringing"),
            "talking" => lang.of("通话", "talking"),
            other => other,
        };
        [row.call.to_string(), row.caller.clone(), row.dialled.clone(), stage.to_owned(), row.with.join(" ")]
    }));
    table::aligned(&all)
}

/// A call that has not ended has no record yet: what it is now.
fn going_on(global: &Global, call: CallRef, screen: &Screen) -> Result<Done, Failure> {
    let Ok(Answer::Call { call: row }) = ask::ask(global, &Command::Call { call }) else { return Err(none(call)) };
    let heading = match screen.lang {
        Lang::Zh => ["方", "角色", "接通", "保持", "静音", "加密"],
        Lang::En => ["party", "role", "answered", "held", "muted", "secure"],
    };
    let mut parties = vec![heading.map(str::to_owned)];
    parties.extend(row.parties.iter().map(|party| {
        let mark = |yes: bool| if yes { "✓" } else { "-" }.to_owned();
        let role = serde_json::to_value(party.role).unwrap_or_default();
        let role = role.as_str().unwrap_or_default().to_owned();
        let lock = if party.secure { "🔒" } else { "-" }.to_owned();
        [party.who.clone(), role, mark(party.answered), mark(party.held), mark(party.muted), lock]
    }));
    let text = format!("{}\n{}", live_table(std::slice::from_ref(&*row), screen.lang), table::aligned(&parties));
    Ok(Done::well(text, json!({ "live": row })))
}

/// `calls why`.
fn why(global: &Global, call: CallRef, screen: &Screen) -> Result<Done, Failure> {
    let why = match ask::ask(global, &Command::Why { call })? {
        Answer::Why { why } => why,
        Answer::Unknown => return Err(none(call)),
        Answer::Conflict { .. } => {
            return Err(Failure::new(Exit::Bad, "此来电没有在排队", "this call waits in no line"));
        }
        _ => return Err(ask::strange()),
    };
    let skill = why.skill.as_ref().map_or_else(String::new, |skill| {
        format!(" · {} {skill}:{}", screen.lang.of("技能", "skill"), why.level.unwrap_or(1))
    });
    let likely = why.likely_ms.map_or_else(String::new, |(low, high)| {
        format!(" · {} {}–{} s", screen.lang.of("预计", "likely"), low / 1000, high.div_ceil(1000))
    });
    let head = match screen.lang {
        Lang::Zh => format!("坐席组 {}，第 {} 位{skill}{likely}\n", why.group, why.position),
        Lang::En => format!("group {}, position {}{skill}{likely}\n", why.group, why.position),
    };
    let heading = match screen.lang {
        Lang::Zh => ["坐席", "工号", "为何未接"],
        Lang::En => ["seat", "agent", "why not"],
    };
    let mut rows = vec![heading.map(str::to_owned)];
    rows.extend(why.seats.iter().map(|row| {
        let agent = row.agent.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
        [row.seat.to_string(), agent, screen.lang.of(&row.zh, &row.en).to_owned()]
    }));
    Ok(Done::well(format!("{head}{}", table::aligned(&rows)), json!({ "why": why })))
}

fn show(global: &Global, call: CallRef, screen: &Screen) -> Result<Done, Failure> {
    let state = records(global)?;
    let found = Reader::open(&state).and_then(|mut reader| reader.call(call)).map_err(|e| unread(&e))?;
    let Some((cdr, events)) = found else { return going_on(global, call, screen) };
    let proof = recording::prove(global, &state, &cdr);
    let mut text = print::show(&cdr, &events, screen.lang);
    let mut result = json!({ "call": cdr, "events": events });
    let Some(proof) = proof else { return Ok(Done::well(text, result)) };
    text.push_str(&format!("\n{}\n", proof.sentence(screen.lang)));
    result["recording"] = proof.document();
    Ok(Done { text, result, exit: proof.exit() })
}
