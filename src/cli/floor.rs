//! `seats ls`, `groups ls --live`: the floor as it is.

use super::args::Global;
use super::ask::{ask, strange};
use super::exit::{Done, Failure};
use super::moment::clock;
use super::screen::Screen;
use super::watch::{Show, shaped, shown};
use crate::exchange::{Answer, Command, LockRow, SeatRow};
use crate::fact::Lang;
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
    shown(show, screen, || groups_now(global, show, screen.lang))
}

fn groups_now(global: &Global, show: Show, lang: Lang) -> Result<(String, Value), Failure> {
    let Answer::Groups { groups } = ask(global, &Command::Groups)? else { return Err(strange()) };
    let Answer::Seats { seats } = ask(global, &Command::Seats)? else { return Err(strange()) };
    let groups = live::groups(groups, &seats);
    let heading = match lang {
        Lang::Zh => ["坐席组", "名称", "排队", "坐席", "示闲", "通话", "话后整理"],
        Lang::En => ["group", "title", "waiting", "seats", "ready", "busy", "wrap-up"],
    };
    let mut rows = vec![heading.map(str::to_owned)];
    rows.extend(groups.iter().map(|now| {
        let (row, seats) = (&now.row, &now.seats);
        let counts = [row.waiting, seats.seats, seats.ready, seats.busy, seats.wrap_up].map(|n| n.to_string());
        let [waiting, all, ready, busy, wrap_up] = counts;
        [row.group.to_string(), row.title.clone(), waiting, all, ready, busy, wrap_up]
    }));
    Ok((shaped(&rows, show), json!({ "groups": groups })))
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
