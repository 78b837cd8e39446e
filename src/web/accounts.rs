//! The administrator's and the auditor's addresses: accounts, and the trail.

use super::backend::Backend;
use super::body::{Fields, body};
use super::fault::{Fault, Told, json};
use super::query::Query;
use super::visitor::Visitor;
use crate::access::{Change, New};
use crate::admin::{AccountRow, Charge, NOTE, Settled};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use serde_json::{Value, json as object};
use std::sync::Arc;

type Desk = State<Arc<Backend>>;
type Name = Result<Path<String>, PathRejection>;

/// Rows of a page, and the most that may be asked for.
const PAGE: usize = 50;
const MOST: usize = 500;

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
    let (who, what) = (query.text("who"), query.text("what"));
    query.finish()?;
    let charge = Charge::Trail { before, limit, who, what };
    let Settled::Trail { entries, head } = settle(&backend, &visitor, charge).await? else {
        return Err(Fault::strange());
    };
    let next = entries.last().filter(|last| entries.len() == limit && last.seq > 1).map(|last| last.seq.to_string());
    Ok(json(StatusCode::OK, &object!({ "items": entries, "next": next, "head": head.1, "entries": head.0 })))
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
