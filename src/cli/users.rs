//! `users ls|add|disable|reset|token`, `audit ls|prove`: who may sign in, and what has been done and seen.

pub mod args;

use super::args::Global;
use super::ask::{charge, strange};
use super::exit::{Done, Exit, Failure};
use super::moment::shown;
use super::screen::Screen;
use super::table;
use crate::access::{Change, Entry, New, Outcome};
use crate::admin::{AccountRow, Charge, Settled};
use crate::fact::Lang;
use crate::id::{AgentId, GroupId, SeatId};
use args::{Add, Audit, Users};
use serde_json::json;

/// One of its commands.
pub(super) fn users(global: &Global, words: &Users, screen: &Screen) -> Result<Done, Failure> {
    let order = match words {
        Users::Ls => Charge::List,
        Users::Add(add) => Charge::Add { new: new(add), enters: false },
        Users::Disable { name, undo } => {
            let change = Change { disabled: Some(!undo), ..Change::default() };
            Charge::Change { name: name.clone(), change }
        }
        Users::Reset { name } => Charge::Reset { name: name.clone() },
        Users::Token { name, revoke: Some(program), .. } => {
            Charge::Untoken { name: name.clone(), program: program.clone() }
        }
        Users::Token { name, note, .. } => Charge::Token { name: name.clone(), note: note.clone().unwrap_or_default() },
    };
    let lang = screen.lang;
    Ok(match charge(global, &order)? {
        Settled::Accounts(rows) => Done::well(list(&rows, lang), json!({ "accounts": rows })),
        Settled::Link { link, until } => {
            let text = match lang {
                Lang::Zh => format!("{link}\n一次有效，{} 前\n", shown(until)),
                Lang::En => format!("{link}\nused once, before {}\n", shown(until)),
            };
            Done::well(text, json!({ "link": link, "until": until }))
        }
        Settled::Token { program, token } => {
            let once = lang.of("只显示这一次", "shown this once");
            Done::well(format!("{token}\n{program} · {once}\n"), json!({ "program": program, "token": token }))
        }
        Settled::Done => Done::well(format!("{}\n", lang.of("已生效", "done")), json!({ "done": true })),
        _ => return Err(strange()),
    })
}

fn new(add: &Add) -> New {
    let Add { name, roles, title, unit, groups, agent, seat } = add;
    New {
        name: name.clone(),
        title: title.clone(),
        roles: roles.iter().copied().collect(),
        unit: unit.clone(),
        groups: groups.iter().map(|group| GroupId::from(group.as_str())).collect(),
        agent: agent.as_deref().map(AgentId::from),
        seat: seat.as_deref().map(SeatId::from),
    }
}

fn list(rows: &[AccountRow], lang: Lang) -> String {
    let heading = match lang {
        Lang::Zh => ["账号", "姓名", "角色", "单位", "工号", "状态", "上次登录", "程序"],
        Lang::En => ["account", "name", "roles", "unit", "agent", "state", "last seen", "programs"],
    };
    let state = |row: &AccountRow| match (row.disabled, row.joined, row.from.as_str()) {
        (true, ..) => lang.of("停用", "disabled"),
        (false, _, "file") => lang.of("配置文件", "file"),
        (false, true, _) => lang.of("可用", "joined"),
        (false, false, _) => lang.of("待启用", "link sent"),
    };
    let mut all = vec![heading.map(str::to_owned)];
    all.extend(rows.iter().map(|row| {
        let programs = row.programs.iter().map(|(name, note)| format!("{name} ({note})")).collect::<Vec<_>>();
        [
            row.name.clone(),
            row.title.clone(),
            row.roles.join(" "),
            row.unit.clone(),
            row.agent.clone().unwrap_or_else(|| "-".into()),
            state(row).to_owned(),
            row.last_seen.map_or_else(|| "-".into(), shown),
            programs.join(", "),
        ]
    }));
    table::aligned(&all)
}

/// `audit`.
pub(super) fn audit(global: &Global, words: &Audit, screen: &Screen) -> Result<Done, Failure> {
    let lang = screen.lang;
    let order = match words {
        Audit::Ls { who, what, limit, before } => Charge::Trail {
            before: *before,
            limit: usize::from(*limit),
            who: who.clone(),
            what: what.clone(),
            since: None,
        },
        Audit::Prove => Charge::Prove,
    };
    match charge(global, &order)? {
        Settled::Trail { entries, head } => {
            let (count, hash) = &head;
            let foot = match lang {
                Lang::Zh => format!("共 {count} 条，散列 {hash}\n"),
                Lang::En => format!("{count} entries in all, held by {hash}\n"),
            };
            Ok(Done::well(trail(&entries, lang) + &foot, json!({ "entries": entries, "head": hash, "count": count })))
        }
        Settled::Proved { entries, broken: None } => {
            let text = match lang {
                Lang::Zh => format!("{entries} 条，均与写入时一致\n"),
                Lang::En => format!("{entries} entries, all as they were written\n"),
            };
            Ok(Done::well(text, json!({ "entries": entries, "broken": null })))
        }
        Settled::Proved { broken: Some(at), .. } => {
            let zh = format!("第 {at} 条与写入时不一致，或缺失");
            Err(Failure::new(Exit::Bad, zh, format!("entry {at} is not as it was written, or is missing")))
        }
        _ => Err(strange()),
    }
}

fn trail(entries: &[Entry], lang: Lang) -> String {
    let heading = match lang {
        Lang::Zh => ["编号", "时间", "账号", "来自", "事项", "对象", "缘由", "结果"],
        Lang::En => ["number", "time", "who", "from", "what", "of", "why", "outcome"],
    };
    let outcome = |outcome: Outcome| match outcome {
        Outcome::Done => lang.of("完成", "done"),
        Outcome::Refused => lang.of("拒绝", "refused"),
        Outcome::Failed => lang.of("未成", "failed"),
    };
    let mut all = vec![heading.map(str::to_owned)];
    all.extend(entries.iter().map(|entry| {
        let deed = &entry.deed;
        let who = if deed.by.is_empty() { deed.who.clone() } else { format!("{} ({})", deed.who, deed.by) };
        let (seq, at, result) = (entry.seq.to_string(), shown(entry.at), outcome(deed.outcome).to_owned());
        [seq, at, who, deed.from.clone(), deed.what.clone(), deed.of.clone(), deed.why.clone(), result]
    }));
    table::aligned(&all)
}
