//! Who may look in: somebody of each role, by a link that signs him in, once. Accounts are made by the door that `users add` has.
//!
//! Each link has a host name of its own, which browsers lead to this machine by themselves (RFC 6761 §6.3): cookies are kept by host, so
//! one browser holds all of them side by side.

use crate::access::{New, Role};
use crate::admin::{self, Charge, Settled};
use crate::fact::Lang;
use crate::id::{AgentId, SeatId};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;

/// Persons of agents' pages; their seats have the same numbers.
pub const AGENTS: [&str; 2] = ["8004", "8005"];
/// The supervisor's seat.
pub const SUPERVISOR: &str = "8009";

/// Somebody who may look in.
#[derive(Debug)]
struct Guest {
    account: &'static str,
    title: &'static str,
    role: Role,
    unit: &'static str,
    agent: Option<&'static str>,
    seat: Option<&'static str>,
    /// What there is to be seen: Chinese, English.
    sees: (&'static str, &'static str),
}

impl Guest {
    const fn of(account: &'static str, title: &'static str, role: Role, sees: (&'static str, &'static str)) -> Self {
        Self { account, title, role, unit: "", agent: None, seat: None, sees }
    }

    const fn agent(number: &'static str, title: &'static str) -> Self {
        let sees = ("签入、示闲，在浏览器里接电话、一键转接", "sign in, answer in the browser, transfer by one key");
        Self { agent: Some(number), seat: Some(number), ..Self::of(number, title, Role::Agent, sees) }
    }
}

/// Everybody, in the order in which they are told.
const ALL: [Guest; 8] = {
    let [first, second] = AGENTS;
    let hall = (
        "大厅、大屏；在“坐席”签入后可监听、插话",
        "the hall, the wallboard; listens, barges in once he sits at “Desk”",
    );
    let wires = ("号码、计划、通话的信令梯形图、健康", "numbers, plan, the ladder of each call, health");
    let trail = ("谁登录过，看过、听过、改过什么", "who has signed in, seen, heard and changed what");
    let own = ("转到本单位的通话", "what was transferred to this department");
    [
        Guest::agent(first, "陈雨"),
        Guest::agent(second, "林舟"),
        Guest {
            agent: Some(SUPERVISOR), seat: Some(SUPERVISOR), ..Guest::of("super", "黄静", Role::Supervisor, hall)
        },
        Guest::of("ops", "郑凯", Role::Operator, wires),
        Guest::of("manager", "吴敏", Role::Manager, ("统计、各单位的转接；大屏", "figures, transfers; the wallboard")),
        Guest { unit: "市税务局", ..Guest::of("dept", "市税务局", Role::Department, own) },
        Guest::of("auditor", "何平", Role::Auditor, trail),
        Guest::of("admin", "方明", Role::Admin, ("账号与权限", "accounts and rights")),
    ]
};

/// A way in.
#[derive(Debug)]
pub struct Link {
    guest: &'static Guest,
    url: String,
}

impl Link {
    fn document(&self) -> Value {
        let Self { guest, url } = self;
        json!({
            "role": guest.role, "account": guest.account, "title": guest.title, "seat": guest.seat, "page": guest.role.home(),
            "link": url,
        })
    }

    /// In a list: whose it is, what he sees, and the link on a line of its own, where a terminal makes it one click.
    fn line(&self, lang: Lang) -> String {
        let Self { guest, url } = self;
        let (role, sees) = (lang.of(guest.role.zh(), guest.role.word()), lang.of(guest.sees.0, guest.sees.1));
        let seat = guest.seat.map(|seat| format!(" {seat}")).unwrap_or_default();
        format!("  {role}{seat} · {sees}\n  {url}\n")
    }
}

/// What robots are called: nobody in particular.
const FAMILIES: [&str; 19] =
    ["王", "李", "张", "刘", "林", "黄", "吴", "周", "徐", "孙", "马", "朱", "胡", "郭", "何", "高", "罗", "郑", "梁"];
const GIVEN: [&str; 16] =
    ["芳", "敏", "静怡", "磊", "洋", "艳", "杰", "娟", "晓燕", "涛", "明", "玲", "志强", "雪", "建国", "佳"];

/// Gives the robots' persons names, which pages show beside their numbers; they have agreed to secrecy, as all who work. Blocks.
pub fn name(socket: &Path, persons: &[String]) {
    let families = FAMILIES.iter().cycle();
    for ((person, family), given) in persons.iter().zip(families).zip(GIVEN.iter().cycle()) {
        let new = New {
            name: person.clone(),
            title: format!("{family}{given}"),
            roles: BTreeSet::from([Role::Agent]),
            agent: Some(AgentId::from(person.as_str())),
            ..New::default()
        };
        if let Err(error) = admin::charge(socket, Charge::Add { new, enters: true }) {
            return tracing::debug!(%error, "a robot has no name");
        }
    }
}

/// Makes the accounts, by the daemon's socket; each link leads to its listener at `at`. Blocks.
pub fn invite(socket: &Path, at: SocketAddr) -> Vec<Link> {
    let invited = |guest: &'static Guest| {
        let Guest { account, title, role, unit, agent, seat, .. } = guest;
        let new = New {
            name: (*account).to_owned(),
            title: (*title).to_owned(),
            roles: BTreeSet::from([*role]),
            unit: (*unit).to_owned(),
            groups: BTreeSet::new(),
            agent: agent.map(AgentId::from),
            seat: seat.map(SeatId::from),
        };
        let told = match admin::charge(socket, Charge::Add { new, enters: true }) {
            Ok(Settled::Link { link, .. }) => Ok(link),
            Ok(other) => Err(format!("{other:?}")),
            Err(error) => Err(error.to_string()),
        };
        told.inspect_err(|why| tracing::error!(account, why, "no link")).ok().and_then(|link| {
            let (_, secret) = link.split_once('#')?;
            Some(Link { guest, url: format!("http://{account}.localhost:{}/join#{secret}", at.port()) })
        })
    };
    ALL.iter().filter_map(invited).collect()
}

/// As a document.
#[must_use]
pub fn document(links: &[Link]) -> Value {
    links.iter().map(Link::document).collect()
}

/// For a person.
#[must_use]
pub fn text(links: &[Link], lang: Lang) -> String {
    if links.is_empty() {
        return String::new();
    }
    let head = lang.of(
        "点一个链接就登录，不用密码；每个链接只能用一次，几个角色可以在同一个浏览器里并排打开（Chrome、Edge、Firefox）：",
        "One click signs in, without a password; each link works once, and one browser holds several side by side (Chrome, Edge, Firefox):",
    );
    let lines: String = links.iter().map(|link| link.line(lang)).collect();
    format!("{head}\n\n{lines}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_of_each_role_is_invited_and_each_has_an_account_and_a_host_of_his_own() {
        let roles: BTreeSet<Role> = ALL.iter().map(|guest| guest.role).collect();
        assert_eq!(roles, BTreeSet::from(Role::ALL));
        let names: BTreeSet<&str> = ALL.iter().map(|guest| guest.account).collect();
        assert_eq!(names.len(), ALL.len());
        assert!(names.iter().all(|name| name.bytes().all(|b| b.is_ascii_alphanumeric())), "{names:?}");
    }
}
