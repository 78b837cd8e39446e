//! The administrator's and the auditor's addresses: accounts, and the trail.

use super::backend::Backend;
use super::body::{Fields, body, plain};
use super::fault::{Fault, Told, json};
use super::paging::Page;
use super::query::Query;
use super::visitor::Visitor;
use crate::access::{Change, New, Outcome};
use crate::admin::{AccountRow, Charge, NOTE, Settled};
use crate::exchange::{Command, SeatSet};
use crate::ledger::print::record;
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

/// Entries of an export.
const EXPORTED: usize = 100_000;

pub(super) async fn list(State(backend): Desk, visitor: Visitor, request: Request) -> Told {
    let mut query = Query::read(request.uri().query());
    let page = Page::read(&mut query)?;
    let filter = query.text("filter").unwrap_or_default().to_lowercase();
    query.finish()?;
    let Settled::Accounts(rows) = settle(&backend, &visitor, Charge::List).await? else { return Err(Fault::strange()) };
    let fits = |row: &AccountRow| {
        page.after().is_none_or(|after| *row.name > *after)
            && (row.name.to_lowercase().contains(&filter)
                || row.title.to_lowercase().contains(&filter)
                || row.roles.contains(&filter))
    };
    let (found, next) = page.cut(rows.into_iter().filter(fits), |row| row.name.clone());
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
    let gone = change.disabled == Some(true);
    let settled = settle(&backend, &visitor, Charge::Change { name: name.clone(), change }).await?;
    backend.takes_back().await;
    if gone {
        leaves(&backend, &visitor, &name).await;
    }
    answered(settled)
}

/// Whoever signs in no more sits nowhere any more: his seat gets no further calls.
async fn leaves(backend: &Backend, visitor: &Visitor, name: &str) {
    let agent = backend.people.account(name).and_then(|account| account.agent);
    let Some(row) = agent.and_then(|agent| backend.views.board.seat_of(&agent)) else { return };
    let (state, reason) = (Some(SeatSet::Out), "账号停用".to_owned());
    let order = Command::Seat { seat: row.seat.clone(), agent: None, state, reason, by: visitor.who.name.clone() };
    if backend.ask(order).await.is_err() {
        tracing::warn!(seat = %row.seat, "the seat of an account that is disabled could not be signed out");
    }
}

pub(super) async fn reset(State(backend): Desk, visitor: Visitor, of: Name) -> Told {
    let name = named(of)?;
    let settled = settle(&backend, &visitor, Charge::Reset { name }).await?;
    backend.takes_back().await;
    answered(settled)
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
    let page = Page::read(&mut query)?;
    let before = page.before()?;
    let asked = Trail::read(&backend, &mut query)?;
    query.finish()?;
    let charge = asked.charge(before, page.limit);
    let Settled::Trail { entries, head } = settle(&backend, &visitor, charge).await? else {
        return Err(Fault::strange());
    };
    let next = page.next(&entries, |last| last.seq);
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
        let since = query.moment("since", backend.views.plan.load().plan.zone())?;
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
    backend.note(&visitor, ("audit_export", "", &why), Outcome::Done)?;
    let settled = settle(&backend, &visitor, asked.charge(None, EXPORTED)).await?;
    let Settled::Trail { entries, head } = settled else { return Err(Fault::strange()) };
    let zone = backend.views.plan.load().plan.zone().clone();
    let at = |wall: i64| zone.local(wall).strftime("%Y-%m-%d %H:%M:%S").to_string();
    let now = at(backend.views.clock.now().wall);
    let mark =
        format!("导出 exported by {} ({}) {now} · {why} · {} · {}", visitor.who.name, visitor.from, head.0, head.1);
    // A byte-order mark, so that spreadsheets read the Chinese.
    let mut text = format!("\u{feff}{}", record(&[mark]));
    text += &record(&["seq", "at", "who", "by", "from", "what", "of", "why", "outcome", "hash"]);
    for entry in &entries {
        let deed = &entry.deed;
        let outcome = object!(deed.outcome);
        text += &record(&[
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
        ]);
    }
    let mut response = Response::new(Body::from(text));
    let head = response.headers_mut();
    head.insert(CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    head.insert(CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"audit.csv\""));
    head.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
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
