//! The administrator's and the auditor's addresses: accounts, and the trail.

use super::backend::Backend;
use super::body::{Fields, body, plain};
use super::fault::{Fault, Told, json};
use super::query::Query;
use super::visitor::Visitor;
use crate::access::{Change, New, Outcome};
use crate::admin::{AccountRow, Charge, NOTE, Settled};
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue};
use axum::response::Response;
use serde_json::{Value, json as object};
use std::sync::Arc;

type Desk = State<Arc<Backend>>;
type Name = Result<Path<String>, PathRejection>;

/// Rows of a page, and the most that may be asked for.
const PAGE: usize = 50;
const MOST: usize = 500;
/// Entries of an export.
const EXPORTED: usize = 100_000;

/// One page of a list: how many at most, and behind which.
pub(super) fn page(query: &mut Query<'_>) -> Result<(usize, Option<String>), Fault> {
    let limit = page_of(query, PAGE)?;
    Ok((limit, query.take("after").map(str::to_owned)))
}

/// How many rows are asked for; `usual`, where nothing is said.
pub(super) fn page_of(query: &mut Query<'_>, usual: usize) -> Result<usize, Fault> {
    let (zh, en) = (format!(" 1 到 {MOST} 的整数"), format!("a whole number, 1 to {MOST}"));
    let limit = query.read_as("limit", (&zh, &en), |text| text.parse().ok().filter(|n| (1..=MOST).contains(n)))?;
    Ok(limit.unwrap_or(usual))
}

pub(super) async fn list(State(backend): Desk, visitor: Visitor, request: Request) -> Told {
    let mut query = Query::read(request.uri().query());
    let (limit, after) = page(&mut query)?;
    let filter = query.text("filter").unwrap_or_default().to_lowercase();
    query.finish()?;
    let Settled::Accounts(rows) = settle(&backend, &visitor, Charge::List).await? else { return Err(Fault::strange()) };
    let fits = |row: &AccountRow| {
        after.as_ref().is_none_or(|after| row.name > *after)
            && (row.name.to_lowercase().contains(&filter)
                || row.title.to_lowercase().contains(&filter)
                || row.roles.contains(&filter))
    };
    let mut found: Vec<AccountRow> = rows.into_iter().filter(fits).take(limit + 1).collect();
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|row| row.name.clone());
    Ok(json(StatusCode::OK, &object!({ "items": found, "next": next })))
}

pub(super) async fn add(State(backend): Desk, visitor: Visitor, request: Request) -> Told {
    let fields = Fields::read(&body(request, backend.limits.arrival).await?)?;
    let new: New = fields.one_role()?.rest()?;
    answered(settle(&backend, &visitor, Charge::Add { new, enters: false }).await?)
}

pub(super) async fn change(State(backend): Desk, visitor: Visitor, of: Name, request: Request) -> Told {
    let name = named(of)?;
    let change: Change = Fields::read(&body(request, backend.limits.arrival).await?)?.rest()?;
    answered(settle(&backend, &visitor, Charge::Change { name, change }).await?)
}

pub(super) async fn reset(State(backend): Desk, visitor: Visitor, of: Name) -> Told {
    answered(settle(&backend, &visitor, Charge::Reset { name: named(of)? }).await?)
}

pub(super) async fn token(State(backend): Desk, visitor: Visitor, of: Name, request: Request) -> Told {
    let name = named(of)?;
    let mut fields = Fields::read(&body(request, backend.limits.arrival).await?)?;
    let note = fields.required("note", NOTE)?;
    fields.finish()?;
    answered(settle(&backend, &visitor, Charge::Token { name, note }).await?)
}

pub(super) async fn untoken(
    State(backend): Desk,
    visitor: Visitor,
    of: Result<Path<(String, String)>, PathRejection>,
) -> Told {
    let Path((name, program)) = of.map_err(|_| Fault::account(crate::access::Mistake::Unknown))?;
    answered(settle(&backend, &visitor, Charge::Untoken { name, program }).await?)
}

pub(super) async fn audit(State(backend): Desk, visitor: Visitor, request: Request) -> Told {
    let mut query = Query::read(request.uri().query());
    let (limit, after) = page(&mut query)?;
    let before = match after.map(|after| after.parse()) {
        None => None,
        Some(Ok(before)) => Some(before),
        Some(Err(_)) => {
            let (zh, en) = ("after 应为上一页的 next", "after is the last page's next");
            return Err(super::query::wrong("after", zh.to_owned(), en.to_owned()));
        }
    };
    let asked = Trail::read(&backend, &mut query)?;
    query.finish()?;
    let charge = asked.charge(before, limit);
    let Settled::Trail { entries, head } = settle(&backend, &visitor, charge).await? else {
        return Err(Fault::strange());
    };
    let next = entries.last().filter(|last| entries.len() == limit && last.seq > 1).map(|last| last.seq.to_string());
    Ok(json(StatusCode::OK, &object!({ "items": entries, "next": next, "head": head.1, "entries": head.0 })))
}

/// What of the trail is asked for.
struct Trail {
    who: Option<String>,
    what: Option<String>,
    since: Option<i64>,
}

impl Trail {
    fn read(backend: &Backend, query: &mut Query<'_>) -> Result<Self, Fault> {
        let plan = Arc::clone(&backend.views.plan.load().plan);
        let moment = |text: &str| text.parse().ok().or_else(|| plan.zone().read(text));
        let since =
            query.read_as("since", ("本地时间，如 2021-12-15T08:00", "a local time like 2021-12-15T08:00"), moment)?;
        let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
        Ok(Self { who: filled(query.text("who")), what: filled(query.text("what")), since })
    }

    fn charge(self, before: Option<u64>, limit: usize) -> Charge {
        let Self { who, what, since } = self;
        Charge::Trail { before, limit, who, what, since }
    }
}

/// The trail as a table for a spreadsheet, with whoever took it out and why on its first line.
pub(super) async fn export(State(backend): Desk, visitor: Visitor, request: Request) -> Told {
    let mut query = Query::read(request.uri().query());
    let why = query.text("why").unwrap_or_default();
    let asked = Trail::read(&backend, &mut query)?;
    query.finish()?;
    let why = plain("why", &why, NOTE)?;
    if why.is_empty() {
        return Err(super::query::wrong("why", "导出须写明缘由".to_owned(), "an export needs a reason".to_owned()));
    }
    let told = ("audit_export", "", &*why);
    let noted = backend.people.noted(&visitor.who, &visitor.from.to_string(), told, Outcome::Done);
    noted.map_err(|_| Fault::unwritten())?;
    let settled = settle(&backend, &visitor, asked.charge(None, EXPORTED)).await?;
    let Settled::Trail { entries, head } = settled else { return Err(Fault::strange()) };
    let zone = backend.views.plan.load().plan.zone().clone();
    let at = |wall: i64| zone.local(wall).strftime("%Y-%m-%d %H:%M:%S").to_string();
    let now = at(backend.views.clock.now().wall);
    let mark =
        format!("导出 exported by {} ({}) {now} · {why} · {} · {}", visitor.who.name, visitor.from, head.0, head.1);
    // A byte-order mark, so that spreadsheets read the Chinese.
    let mut text = format!("\u{feff}{}\r\nseq,at,who,by,from,what,of,why,outcome,hash\r\n", cell(&mark));
    for entry in &entries {
        let deed = &entry.deed;
        let outcome = object!(deed.outcome);
        let cells = [
            entry.seq.to_string(),
            at(entry.at),
            deed.who.clone(),
            deed.by.clone(),
            deed.from.clone(),
            deed.what.clone(),
            deed.of.clone(),
            deed.why.clone(),
            outcome.as_str().unwrap_or_default().to_owned(),
            entry.hash.clone(),
        ];
        text += &cells.map(|text| cell(&text)).join(",");
        text += "\r\n";
    }
    let mut response = Response::new(Body::from(text));
    let head = response.headers_mut();
    head.insert(CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    head.insert(CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"audit.csv\""));
    head.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// A cell of a table (RFC 4180); what a spreadsheet would take for a formula is none.
fn cell(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

fn named(of: Name) -> Result<String, Fault> {
    of.map(|Path(name)| name).map_err(|_| Fault::account(crate::access::Mistake::Unknown))
}

/// Beside everything else: files are written.
async fn settle(backend: &Arc<Backend>, visitor: &Visitor, charge: Charge) -> Result<Settled, Fault> {
    let (people, who, from) = (Arc::clone(&backend.people), visitor.who.name.clone(), visitor.from.to_string());
    let settled = tokio::task::spawn_blocking(move || people.settle(charge, &who, &from)).await;
    match settled.map_err(|_| Fault::strange())? {
        Settled::Refused { error, zh, en } => Err(Fault::settled(&error, zh, en)),
        settled => Ok(settled),
    }
}

fn answered(settled: Settled) -> Told {
    let told: Value = match settled {
        Settled::Link { link, until } => object!({ "link": link, "until": until }),
        Settled::Token { program, token } => object!({ "program": program, "token": token }),
        _ => object!({ "done": true }),
    };
    Ok(json(StatusCode::OK, &told))
}
