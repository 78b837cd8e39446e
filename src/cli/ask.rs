//! `status`, `trunks ls`: questions to the running daemon.

use super::args::Global;
use super::exit::{Done, Exit, Failure};
use super::screen::Screen;
use super::watch::{Show, shown};
use super::{place, table};
use crate::admin::{self, Charge, Error, Order, Outcome, Refusal, Settled};
use crate::exchange::{Answer, Command, RegistrationRow, RegistrationState, Status, Storage, TargetRow, TrunkRow};
use crate::fact::Lang;
use serde_json::{Value, json};
use std::path::Path;

/// Asks the daemon: the first of the places where one may be that has one.
pub(super) fn ask(global: &Global, command: &Command) -> Result<Answer, Failure> {
    first(global, |socket| admin::ask(socket, command))
}

/// Gives the daemon an order about its dialplan.
pub(super) fn order(global: &Global, order: &Order) -> Result<Outcome, Failure> {
    first(global, |socket| admin::order(socket, order.clone()))
}

/// Gives the daemon an order about its accounts; what it refuses is a failure.
pub(super) fn charge(global: &Global, charge: &Charge) -> Result<Settled, Failure> {
    match first(global, |socket| admin::charge(socket, charge.clone()))? {
        Settled::Refused { zh, en, .. } => Err(Failure::new(Exit::Bad, zh, en)),
        settled => Ok(settled),
    }
}

fn first<T>(global: &Global, ask: impl Fn(&Path) -> Result<T, Error>) -> Result<T, Failure> {
    let sockets = place::sockets(global)?;
    let mut last = None;
    for socket in &sockets {
        match ask(socket) {
            Ok(answer) => return Ok(answer),
            // The first place is the likeliest: its sentence is told.
            Err(error @ Error::Unreachable { .. }) => last = last.or(Some(error)),
            Err(error) => return Err(refused(&error)),
        }
    }
    Err(last.as_ref().map_or_else(
        || {
            let zh = "不知道交换机在哪里：请用 --config、--state 或 --socket 指明";
            Failure::new(
                Exit::Unreachable,
                zh,
                "where the switchboard is is not known: name it by --config, --state or --socket",
            )
        },
        refused,
    ))
}

/// Why there is no answer, with its code.
pub(super) fn refused(error: &Error) -> Failure {
    let en = error.to_string();
    let (exit, zh) = match error {
        Error::Unreachable { path, .. } => (Exit::Unreachable, format!("交换机没有运行：{} 无人应答", path.display())),
        Error::Denied { path } => (Exit::Forbidden, format!("无权打开 {}", path.display())),
        Error::Silent { path } => (Exit::Busy, format!("{} 的交换机没有回答，稍后再试", path.display())),
        Error::Refused(Refusal::Busy) => (Exit::Busy, "交换机忙，稍后再试".to_owned()),
        Error::Refused(Refusal::Stopping) => (Exit::Unreachable, "交换机正在停止".to_owned()),
        Error::Refused(Refusal::Malformed) => (Exit::Bad, "交换机不认识这个命令：版本不同？".to_owned()),
        Error::Garbled { path, .. } => (Exit::Bad, format!("看不懂 {} 的回答：版本不同？", path.display())),
    };
    Failure::new(exit, zh, en)
}

/// An answer to another question than ours.
pub(super) fn strange() -> Failure {
    Failure::new(Exit::Bad, "交换机答非所问：版本不同？", "the switchboard answered another question: another version?")
}

/// `status`.
pub(super) fn status(global: &Global, watch: bool, screen: &Screen) -> Result<Done, Failure> {
    shown(Show { watch, csv: false }, screen, || stands(global, screen))
}

/// How the switchboard stands: for a person, and as a document.
fn stands(global: &Global, screen: &Screen) -> Result<(String, Value), Failure> {
    let Answer::Status(status) = ask(global, &Command::Status)? else { return Err(strange()) };
    let Status {
        version,
        plan,
        calls,
        waiting,
        seats_registered,
        seats_ready,
        seats,
        ports,
        trunks_down,
        draining,
        shed_permille,
        shed,
        state,
    } = &status;
    let shed = match (screen.lang, *shed) {
        (_, 0) => String::new(),
        (Lang::Zh, shed) => format!("过载  启动以来拒接 {shed} 个来电，目前 {shed_permille}‰\n"),
        (Lang::En, shed) => format!("load    {shed} calls refused since the start, now {shed_permille} of 1000\n"),
    };
    let storage = storage(global);
    let recordings = storage.as_ref().map_or_else(String::new, |storage| room(storage, screen.lang));
    let down = trunks_down.iter().map(|t| t.as_str()).collect::<Vec<_>>().join(" ");
    let text = match screen.lang {
        Lang::Zh => format!(
            "switchboard {version}{}\n计划  {plan}\n通话  {calls}，其中排队 {waiting}\n\
             坐席  {seats} 个，话机在线 {seats_registered}，示闲 {seats_ready}\n端口  {} / {}\n中继  {}\n记录  {state}\n{shed}{recordings}",
            if *draining { " · 正在停止，不接新来电" } else { "" },
            ports.0,
            ports.1,
            if down.is_empty() { "无故障".to_owned() } else { format!("不应答：{down}") },
        ),
        Lang::En => format!(
            "switchboard {version}{}\nplan    {plan}\ncalls   {calls}, {waiting} of them waiting\n\
             seats   {seats}, {seats_registered} with a phone, {seats_ready} ready\nports   {} / {}\ntrunks  {}\nrecords {state}\n{shed}{recordings}",
            if *draining { " · draining: no new calls" } else { "" },
            ports.0,
            ports.1,
            if down.is_empty() { "none down".to_owned() } else { format!("not answering: {down}") },
        ),
    };
    let mut result = json!(status);
    result["recordings"] = json!(storage);
    Ok((text, result))
}

/// The room that recordings take; `None` where the daemon does not say.
pub(super) fn storage(global: &Global) -> Option<Storage> {
    match ask(global, &Command::Recordings) {
        Ok(Answer::Recordings { storage }) => storage,
        _ => None,
    }
}

/// The room that recordings take, in a line.
pub(super) fn room(storage: &Storage, lang: Lang) -> String {
    let Storage { counted, files, bytes, unpacked, quota, free, min_free, refused } = storage;
    let mb = |bytes: &u64| bytes / 1_000_000;
    let quota = quota.map_or_else(String::new, |quota| format!(" / {} MB", mb(&quota)));
    match lang {
        Lang::Zh => format!(
            "录音  {files} 个，{} MB{quota}{}，待归档 {unpacked}，磁盘剩余 {} MB（下限 {} MB）{}\n",
            mb(bytes),
            if *counted { "" } else { "（统计中）" },
            mb(free),
            mb(min_free),
            if *refused { " · 空间不足，不再开始新的录音" } else { "" },
        ),
        Lang::En => format!(
            "audio   {files} recordings, {} MB{quota}{}, {unpacked} to be packed, {} MB free on their disk (at least {} MB){}\n",
            mb(bytes),
            if *counted { "" } else { " (being counted)" },
            mb(free),
            mb(min_free),
            if *refused { " · FULL: no further recording begins" } else { "" },
        ),
    }
}

/// `trunks ls`.
pub(super) fn trunks(global: &Global, screen: &Screen) -> Result<Done, Failure> {
    let Answer::Trunks { trunks } = ask(global, &Command::Trunks)? else { return Err(strange()) };
    let heading = match screen.lang {
        Lang::Zh => ["中继", "去往", "状态", "通话", "注册"],
        Lang::En => ["trunk", "to", "state", "calls", "registration"],
    };
    let mut rows = vec![heading.map(str::to_owned)];
    rows.extend(trunks.iter().map(|TrunkRow { trunk, outbound, targets, up, calls, registration }| {
        let state = if *up { screen.lang.of("正常", "up") } else { screen.lang.of("不应答", "down") };
        let registration = registration.as_ref().map_or_else(|| "-".into(), |r| registered(r, screen.lang));
        let outbound = outbound.as_ref().map_or_else(|| "-".into(), |to| leads(to, targets, screen.lang));
        [trunk.to_string(), outbound, state.to_owned(), calls.to_string(), registration]
    }));
    Ok(Done::well(table::aligned(&rows), json!({ "trunks": trunks })))
}

/// Where calls go: as it is written, and the addresses where they say more.
fn leads(written: &str, targets: &[TargetRow], lang: Lang) -> String {
    let one = |target: &TargetRow| {
        let down = if target.up { "" } else { lang.of("（不应答）", " (down)") };
        format!("{}{down}", target.address)
    };
    match targets {
        [] => format!("{written}{}", lang.of("（地址未知）", " (address unknown)")),
        [only] if only.address.to_string() == written => written.to_owned(),
        all => {
            let all = all.iter().map(one).collect::<Vec<_>>().join(", ");
            if all == written { all } else { format!("{written} → {all}") }
        }
    }
}

/// How a registration stands, how long it holds and when it is tried again.
fn registered(row: &RegistrationRow, lang: Lang) -> String {
    let word = match row.state {
        RegistrationState::Registered => lang.of("已注册", "registered"),
        RegistrationState::Failing => lang.of("续期失败", "not renewed"),
        RegistrationState::Asking => lang.of("正在注册", "asking"),
        RegistrationState::Silent => lang.of("无应答", "no answer"),
        RegistrationState::Refused => lang.of("被拒", "refused"),
    };
    let status = row.status.map(|status| format!(" {status}")).unwrap_or_default();
    let left = row.left_s.map(|s| format!(" {s} s")).unwrap_or_default();
    let next = row.next_s.filter(|_| row.state != RegistrationState::Registered);
    let next =
        next.map(|s| lang.of("，{} s 后重试", ", again in {} s").replace("{}", &s.to_string())).unwrap_or_default();
    format!("{word}{status}{left}{next}")
}
