//! `seats ls`, `groups ls --live`: the floor as it is.

use super::args::{Global, Switch, Who};
use super::ask::{ask, strange};
use super::exit::{Done, Exit, Failure};
use super::moment::clock;
use super::orders::name;
use super::screen::Screen;
use super::watch::{Show, shaped, shown};
use crate::exchange::{Answer, Command, GroupRow, LockRow, SeatRow};
use crate::fact::Lang;
use crate::id::GroupId;
use crate::live;
use serde_json::{Value, json};

/// `seats ls`: of a group, and whose state begins so.
pub(super) fn seats(
    global: &Global,
    only: (Option<&str>, Option<&str>),
    show: Show,
    screen: &Screen,
) -> Result<Done, Failure> {
    shown(show, screen, || seats_now(global, only, show, screen.lang))
}

fn seats_now(
    global: &Global,
    (group, state): (Option<&str>, Option<&str>),
    show: Show,
    lang: Lang,
) -> Result<(String, Value), Failure> {
    let Answer::Seats { mut seats } = ask(global, &Command::Seats)? else { return Err(strange()) };
    seats.retain(|row| {
        group.is_none_or(|group| row.groups.iter().any(|g| g == group))
            && state.is_none_or(|state| row.state.starts_with(state))
    });
    let heading = match lang {
        Lang::Zh => ["坐席", "工号", "坐席组", "状态", "起", "接听", "话机", "口令错误"],
        Lang::En => ["seat", "agent", "groups", "state", "since", "answered", "phone", "wrong passwords"],
    };
    let mut rows = vec![heading.map(str::to_owned)];
    rows.extend(seats.iter().map(|row| {
        let SeatRow { seat, agent, groups, state, zh, since, answered, contact, locked, .. } = row;
        let or = |text: Option<String>| text.unwrap_or_else(|| "-".into());
        [
            seat.to_string(),
            or(agent.as_ref().map(ToString::to_string)),
            groups.join(" "),
            lang.of(zh, state).to_owned(),
            clock(*since),
            answered.to_string(),
            or(contact.clone()),
            locked.iter().map(|row| wrong(row, lang)).collect::<Vec<_>>().join("; "),
        ]
    }));
    Ok((shaped(&rows, show), json!({ "seats": seats })))
}

/// `groups ls --live`.
pub(super) fn groups(global: &Global, show: Show, screen: &Screen) -> Result<Done, Failure> {
    shown(show, screen, || groups_now(global, show, screen))
}

fn groups_now(global: &Global, show: Show, screen: &Screen) -> Result<(String, Value), Failure> {
    let Answer::Groups { groups } = ask(global, &Command::Groups)? else { return Err(strange()) };
    let Answer::Seats { seats } = ask(global, &Command::Seats)? else { return Err(strange()) };
    let groups = live::groups(groups, &seats);
    let heading = match screen.lang {
        Lang::Zh => ["坐席组", "名称", "排队", "坐席", "示闲", "通话", "话后整理", "在岗", "应在岗"],
        Lang::En => ["group", "title", "waiting", "seats", "ready", "busy", "wrap-up", "at work", "least"],
    };
    let mut rows = vec![heading.map(str::to_owned)];
    rows.extend(groups.iter().map(|now| {
        let (row, seats) = (&now.row, &now.seats);
        let counts = [row.waiting, seats.seats, seats.ready, seats.busy, seats.wrap_up].map(|n| n.to_string());
        let [waiting, all, ready, busy, wrap_up] = counts;
        let (there, least) = (row.at_work.to_string(), row.least.to_string());
        [row.group.to_string(), row.title.clone(), waiting, all, ready, busy, wrap_up, there, least]
    }));
    let warned: String =
        if show.csv { String::new() } else { groups.iter().map(|now| warning(&now.row, screen)).collect() };
    Ok((format!("{}{warned}", shaped(&rows, show)), json!({ "groups": groups })))
}

/// Red lines below a list of groups, if a daemon runs: those that have too few seats at work, or are out of service.
pub(super) fn warnings(global: &Global, screen: &Screen) -> String {
    match ask(global, &Command::Groups) {
        Ok(Answer::Groups { groups }) => groups.iter().map(|row| warning(row, screen)).collect(),
        _ => String::new(),
    }
}

/// What is wrong with a group, one red line each.
fn warning(row: &GroupRow, screen: &Screen) -> String {
    let GroupRow { group, title, waiting: _, at_work, least, short, disaster } = row;
    let few = match (screen.lang, at_work) {
        (Lang::Zh, 0) => "无人在岗".to_owned(),
        (Lang::En, 0) => "nobody is at work".to_owned(),
        (Lang::Zh, there) => format!("在岗 {there} 席，应有 {least} 席"),
        (Lang::En, there) => format!("{there} seats at work of at least {least}"),
    };
    let out = screen.lang.of("应急模式", "disaster mode").to_owned();
    let lines = [short.then_some(few), disaster.then_some(out)].into_iter().flatten();
    let (red, plain) = if screen.color { ("\u{1b}[31m", "\u{1b}[0m") } else { ("", "") };
    lines.map(|text| format!("{red}✗ {group} {title}: {text}{plain}\n")).collect()
}

/// `groups disaster`.
pub(super) fn disaster(
    global: &Global,
    group: &str,
    mode: Switch,
    (reason, by): (Option<&str>, &Who),
    screen: &Screen,
) -> Result<Done, Failure> {
    let on = mode == Switch::On;
    let command = Command::Disaster {
        group: GroupId::from(group),
        on,
        by: name(by),
        reason: reason.unwrap_or_default().to_owned(),
    };
    match ask(global, &command)? {
        Answer::Done => {
            let (zh, en) = if on {
                (format!("坐席组 {group}：应急模式\n"), format!("group {group}: disaster mode\n"))
            } else {
                (format!("坐席组 {group}：恢复服务\n"), format!("group {group}: in service again\n"))
            };
            Ok(Done::well(screen.lang.of(&zh, &en).to_owned(), json!({ "group": group, "disaster": on })))
        }
        Answer::Unknown => {
            let (zh, en) = (format!("没有坐席组 {group}"), format!("there is no group {group}"));
            Err(Failure::new(Exit::Bad, zh, en))
        }
        _ => Err(strange()),
    }
}

/// Who has given wrong passwords, how many, and how much longer he is locked out.
fn wrong(row: &LockRow, lang: Lang) -> String {
    let LockRow { source, wrong, left_s } = row;
    match (lang, left_s) {
        (_, 0) => format!("{source} ×{wrong}"),
        (Lang::Zh, left) => format!("{source} ×{wrong}，锁定 {left} s"),
        (Lang::En, left) => format!("{source} ×{wrong}, locked {left} s"),
    }
}
