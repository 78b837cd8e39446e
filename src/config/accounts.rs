//! `[[accounts]]`: accounts of a laboratory, many at a time; `[web]`: what holds for all accounts and pages.
//!
//! Persons' accounts are made by `switchboard users add` and kept in the store. A file may have them, with their passwords, only where
//! nobody but this machine can come: every listener is on loopback.

use super::reader::{Document, Found, Table};
use super::seats::{named, numbers};
use super::sections::{Admin, Sip};
use crate::access::{Account, Role};
use crate::id::{AgentId, SeatId};
use std::collections::{BTreeMap, BTreeSet};
use toml::Spanned;
use toml::de::DeValue;

/// Most accounts in one configuration.
const MOST: usize = 10_000;

/// `[web]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Web {
    /// The roles that demand a second factor.
    pub second_factor: BTreeSet<Role>,
    /// Pages that follow what changes, at a time.
    pub feeds: usize,
    /// Connections at a time that are not feeds or telephones; the next wait.
    pub connections: usize,
    /// Of these, of one address.
    pub per_source: usize,
    /// Where pages are reached from outside, `https://hub.example`: what one-time links begin with.
    pub url: Option<String>,
    /// The web listener speaks TLS, by the certificates of `[tls]`.
    pub tls: bool,
}

impl Web {
    pub(super) fn read(table: Table<'_, '_>) -> Self {
        let usual = || Role::ALL.into_iter().filter(|role| role.wants_second()).collect();
        let web = Self {
            second_factor: roles(&table, "second_factor").unwrap_or_else(usual),
            feeds: table.number_or("feeds", 1..=20_000, 2_000),
            connections: table.number_or("connections", 16..=16_384, 4_096),
            per_source: table.number_or("per_source", 1..=16_384, 1_024),
            url: table.text("url").map(|(url, _)| url.trim_end_matches('/').to_owned()),
            tls: table.flag("tls", false),
        };
        table.finish();
        web
    }
}

impl Web {
    /// The host in [`Self::url`].
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        let authority = self.url.as_deref()?.split_once("://")?.1.split('/').next()?;
        let host = match authority.strip_prefix('[') {
            Some(rest) => rest.split(']').next(),
            None => authority.split(':').next(),
        };
        host.filter(|host| !host.is_empty())
    }
}

/// Every account of the file.
pub(super) fn read(
    document: &Document<'_>,
    value: Option<&Spanned<DeValue<'_>>>,
    (sip, admin): (&Sip, &Admin),
) -> BTreeMap<String, Account> {
    let mut all = BTreeMap::new();
    let Some(value) = value else { return all };
    let Some(tables) = value.get_ref().as_array() else {
        document.error(value.span(), "账号应写作 [[accounts]]", "accounts are written as [[accounts]]");
        return all;
    };
    let loopback = admin.http.as_ref().is_none_or(|http| http.listen.ip().is_loopback());
    if !(sip.only_loopback() && loopback) {
        let zh = "[[accounts]] 只许仅监听 127.0.0.1 的实验配置使用：请用 switchboard users add";
        let en = "[[accounts]] is for a loopback lab alone: make accounts by switchboard users add";
        document.error(value.span(), zh, en);
    }
    for value in tables.iter() {
        let table = Table::new(document, "[[accounts]]", Some(value));
        block(&table, &mut all);
        table.finish();
    }
    all
}

/// One `[[accounts]]` table: one account, or one for each number.
fn block(table: &Table<'_, '_>, all: &mut BTreeMap<String, Account>) {
    let document = table.document;
    let (Some((name, span)), Some((password, _))) = (required(table, "name"), required(table, "password")) else {
        return;
    };
    let roles = roles(table, "roles").unwrap_or_default();
    if roles.is_empty() {
        table.missing("roles，例如 roles = [\"agent\"]", "roles, e.g. roles = [\"agent\"]");
    }
    let text = |key| table.text(key).map(|(text, _)| text.to_owned()).unwrap_or_default();
    let (title, unit, seat) = (text("title"), text("unit"), table.text("seat").map(|(seat, _)| SeatId::from(seat)));
    let groups = named(table, "groups").into_iter().map(|(group, _)| group).collect::<BTreeSet<_>>();
    let given = table.value("numbers").is_some().then(|| numbers(table, ("工号", "work number"), MOST));
    let each: Vec<Option<String>> = match given {
        Some(numbers) => numbers.into_iter().map(|(number, _)| Some(number)).collect(),
        None => vec![None],
    };
    for number in each {
        let filled = |text: &str| text.replace("{number}", number.as_deref().unwrap_or_default());
        let called = filled(name);
        let mut account = Account::written(&password.replace("{name}", &called));
        (account.title, account.roles, account.unit) = (filled(&title), roles.clone(), unit.clone());
        (account.groups, account.seat) = (groups.clone(), seat.clone());
        account.agent = number.as_deref().map(AgentId::from);
        if all.len() >= MOST || all.insert(called.clone(), account).is_some() {
            let zh = format!("账号 {called} 重复，或超过 {MOST} 个");
            document.error(
                span.clone(),
                zh,
                format!("account {called} stands here twice, or there are more than {MOST}"),
            );
            return;
        }
    }
}

fn required<'d>(table: &Table<'d, '_>, key: &'static str) -> Option<Found<&'d str>> {
    let found = table.text(key);
    if found.is_none() {
        table.missing(key, key);
    }
    found
}

fn roles(table: &Table<'_, '_>, key: &'static str) -> Option<BTreeSet<Role>> {
    let mut all = BTreeSet::new();
    for (text, span) in table.texts(key)? {
        match text.parse() {
            Ok(role) => _ = all.insert(role),
            Err(()) => {
                let words = Role::ALL.map(Role::word).join(", ");
                let zh = format!("\"{text}\" 不是角色：应为 {words} 之一");
                table.document.error(span, zh, format!("\"{text}\" is no role: one of {words}"));
            }
        }
    }
    Some(all)
}
