//! The wallboard and the alarms: the big figures beside their targets, in one answer. Over ended calls they are those of the book (`figures`), of what
//! is now those of the board; nothing is counted here for itself.

use super::alarms::Seen;
use super::backend::Backend;
use super::body::{Fields, body};
use super::fault::{Fault, Told, json};
use super::paging::Page;
use super::query::Query;
use super::visitor::Visitor;
use crate::access::Outcome;
use crate::admin::NOTE;
use crate::exchange::{CallRow, SeatRow};
use crate::fact;
use crate::ledger::figures::{Book, Calls, Hour, Outcomes};
use crate::ledger::service_level::Figures;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json as object};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Answered within 15 s, and connect rate over any 24 hours (GB/T 33358-2016); the longest that somebody should wait, s.
const TARGETS: (f64, f64, u32) = (0.90, 0.95, 60);
/// Hours of a day, and of a week.
const DAY: i64 = 24;
const WEEK: i64 = 7 * DAY;

pub(super) async fn wall(State(backend): State<Arc<Backend>>) -> Response {
    let views = &backend.views;
    let (sheet, wall) = (views.figures.load_full(), views.clock.now().wall);
    let (calls, seats) = (views.board.calls(), views.board.seats());
    let waits: Vec<&Arc<CallRow>> = calls.iter().filter(|call| call.stage == "queueing").collect();
    let first = waits.iter().map(|call| call.placed.unwrap_or(call.since)).min();
    let longest = first.map_or(0, |first| wall.saturating_sub(first).max(0) / 1_000_000);
    let mut document = object!({
        "now": wall,
        "waiting": waits.len(),
        "longest_wait_s": longest,
        "talking": calls.iter().filter(|call| call.stage == "talking").count(),
        "calls": calls.len(),
        "seats": states(&seats),
        "targets": { "within_15s": TARGETS.0, "connect_rate": TARGETS.1, "longest_wait_s": TARGETS.2 },
        "alarms": backend.alarms.open_ones(),
        "complete": sheet.complete,
    });
    if let (Some(document), Value::Object(figures)) = (document.as_object_mut(), figures(&sheet.book, wall)) {
        document.extend(figures);
    }
    json(StatusCode::OK, &document)
}

/// Seats by what they do, in the wallboard's words.
fn states(rows: &[Arc<SeatRow>]) -> BTreeMap<&'static str, u32> {
    let words = ["ready", "talking", "ringing", "wrap_up", "break", "lost", "out"];
    let mut all: BTreeMap<&str, u32> = words.into_iter().map(|word| (word, 0)).collect();
    for row in rows {
        let word = match row.work() {
            _ if row.agent.is_none() => "out",
            _ if row.is_lost() => "lost",
            "ready" => "ready",
            "talking" | "held" => "talking",
            "reserved" | "ringing" => "ringing",
            "wrap_up" => "wrap_up",
            _ => "break",
        };
        *all.entry(word).or_default() += 1;
    }
    all
}

/// Today, the last 24 hours, and the hours of today beside those of the same day a week ago.
fn figures(book: &Book, wall: i64) -> Value {
    let zone = book.zone();
    let now = Hour::of(wall, zone);
    let midnight = Hour::of(zone.midnight(zone.local(wall).date()), zone);
    let today = calls(book, midnight, now.plus(1));
    let rolling = level(book, now.plus(1 - DAY), now.plus(1));
    // The figure as it stood at the end of each of the last 24 hours: the worst of them is what is judged.
    let past = (0..DAY).map(|ago| (now.plus(-ago), level(book, now.plus(1 - ago - DAY), now.plus(1 - ago))));
    let rated = past.filter_map(|(hour, level)| Some((level.answer_15s()?, hour, level.connect_rate()?)));
    let (mut least, mut least_rate) = (None::<(f64, Hour)>, None::<f64>);
    for (in_time, hour, connected) in rated {
        if least.is_none_or(|(least, _)| in_time < least) {
            least = Some((in_time, hour));
        }
        least_rate = Some(least_rate.map_or(connected, |least| least.min(connected)));
    }
    let each = |from: Hour, hours: i64| -> Vec<u64> {
        let counts: BTreeMap<Hour, u64> =
            book.hours(from, from.plus(hours)).map(|(h, t)| (h, came(&t.all.outcomes))).collect();
        (0..hours).map(|n| counts.get(&from.plus(n)).copied().unwrap_or(0)).collect()
    };
    let passed = (0..DAY).find(|n| midnight.plus(*n) == now).unwrap_or(0) + 1;
    let before = midnight.plus(-WEEK);
    object!({
        "today": {
            "calls": came(&today.outcomes), "answered": today.level.connected, "abandoned": today.abandoned,
            "connect_rate": today.level.connect_rate(), "within_15s": today.level.answer_15s(),
        },
        "rolling": {
            "within_15s": rolling.answer_15s(), "connect_rate": rolling.connect_rate(),
            "minimum": least.map(|(least, _)| least), "minimum_at": least.map(|(_, hour)| hour.begins(zone)),
            "connect_rate_minimum": least_rate, "few": rolling.few(),
        },
        "trend": {
            "today": each(midnight, passed), "same_weekday": each(before, DAY),
            "date": zone.local(before.begins(zone)).date().to_string(),
        },
    })
}

/// Calls of people: a code that an agent's phone has dialled is none.
fn came(outcomes: &Outcomes) -> u64 {
    outcomes.iter().filter(|(outcome, _)| *outcome != fact::Outcome::Served).map(|(_, calls)| calls).sum()
}

/// All calls of these hours, by nothing else.
fn calls(book: &Book, from: Hour, to: Hour) -> Calls {
    let mut sum = Calls::default();
    book.hours(from, to).for_each(|(_, tally)| sum.merge(&tally.all));
    sum
}

fn level(book: &Book, from: Hour, to: Hour) -> Figures {
    let mut sum = Figures::default();
    book.hours(from, to).for_each(|(_, tally)| sum.merge(&tally.all.level));
    sum
}

type Desk = State<Arc<Backend>>;

/// Alarms, the latest first.
pub(super) async fn alarms(State(backend): Desk, request: Request) -> Told {
    let mut query = Query::read(request.uri().query());
    let page = Page::read(&mut query)?;
    query.finish()?;
    let items = backend.alarms.page(page.before()?.unwrap_or(u64::MAX), page.limit);
    let next = page.next(&items, |last| last.id);
    Ok(json(StatusCode::OK, &object!({ "items": items, "next": next })))
}

pub(super) async fn acknowledge(
    State(backend): Desk,
    visitor: Visitor,
    of: Result<Path<u64>, PathRejection>,
    request: Request,
) -> Told {
    let unknown = || Fault::new(StatusCode::NOT_FOUND, "unknown_alarm", ("没有这条告警", "there is no such alarm"));
    let Path(id) = of.map_err(|_| unknown())?;
    let mut fields = Fields::read(&body(request, backend.limits.arrival).await?)?;
    let note = fields.text("note", NOTE)?;
    fields.finish()?;
    let seen = Seen { by: visitor.who.title.clone(), at: backend.views.clock.now().wall, note: note.clone() };
    let subject = backend.alarms.acknowledge(id, seen).ok_or_else(unknown)?;
    // It has been seen to, whether that can be written or not.
    let _ = backend.note(&visitor, ("acknowledge", &subject, &note), Outcome::Done);
    Ok(json(StatusCode::OK, &object!({ "done": true })))
}
