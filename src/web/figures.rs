//! `GET /figures`: the service figures by one dimension.

use super::backend::Backend;
use super::fault::{Fault, Told, json};
use super::query::{Query, wrong};
use super::visitor::Visitor;
use crate::access::{Object, Right};
use crate::dialplan::Plan;
use crate::ledger::figures::{Book, By, Figure, Hour, KEPT, Period, Report, Sheet};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use serde_json::json as object;
use std::sync::Arc;

/// Hours of a day, and of a week.
const DAY: i64 = 24;
const WEEK: i64 = 7 * DAY;
const HOUR: (&str, &str) = ("当地整点，如 2021-12-15T08:00", "a whole local hour like 2021-12-15T08:00");

pub(super) async fn figures(State(backend): State<Arc<Backend>>, visitor: Visitor, request: Request) -> Told {
    let mut query = Query::read(request.uri().query());
    let by = dimension(&mut query)?;
    let (from, to) = (query.read_as("from", HOUR, Hour::parse)?, query.read_as("to", HOUR, Hour::parse)?);
    query.finish()?;
    let views = &backend.views;
    let sheet = views.figures.load_full();
    let now = Hour::of(views.clock.now().wall, sheet.book.zone());
    let earliest = now.plus(1 - i64::try_from(KEPT).unwrap_or(0));
    let period = Period::asked(from, to, now, earliest).map_err(|bound| match bound {
        "from" => {
            let (zh, en) = ("from 早于保留的最早整点", "from is before the earliest hour that is kept,");
            wrong("from", format!("{zh} {earliest}"), format!("{en} {earliest}"))
        }
        _ => wrong("to", "to 应晚于 from".to_owned(), "to must be after from".to_owned()),
    })?;
    let plan = Arc::clone(&views.plan.load().plan);
    let report = Report { complete: sheet.complete, ..reported(&sheet.book, (by, period), &plan, &visitor)? };
    Ok(json(StatusCode::OK, &report))
}

/// `GET /figures/trend`: one row's calls in each hour of today, and of the same day a week ago.
pub(super) async fn trend(State(backend): State<Arc<Backend>>, visitor: Visitor, request: Request) -> Told {
    let mut query = Query::read(request.uri().query());
    let (by, of) = (dimension(&mut query)?, query.text("of").unwrap_or_default());
    query.finish()?;
    if by == By::Hour {
        return Err(wrong("by", "by 不能是 hour".to_owned(), "by is not hour".to_owned()));
    }
    let views = &backend.views;
    let (sheet, plan) = (views.figures.load_full(), Arc::clone(&views.plan.load().plan));
    let wall = views.clock.now().wall;
    // Beside everything else: two days of reports are made.
    let work = tokio::task::spawn_blocking(move || trend_of(&sheet, (by, &of), &plan, &visitor, wall));
    Ok(json(StatusCode::OK, &work.await.map_err(|_| Fault::strange())??))
}

fn trend_of(
    sheet: &Sheet,
    (by, of): (By, &str),
    plan: &Plan,
    visitor: &Visitor,
    wall: i64,
) -> Result<serde_json::Value, Fault> {
    let zone = sheet.book.zone();
    let now = Hour::of(wall, zone);
    let midnight = Hour::of(zone.midnight(zone.local(wall).date()), zone);
    let hours = |from: Hour, until: Hour| -> Result<Vec<u64>, Fault> {
        let each = (0..DAY).map(|hour| from.plus(hour)).take_while(|hour| *hour <= until);
        let each = each.map(|from| {
            let period = Period { from, to: from.plus(1) };
            let report = reported(&sheet.book, (by, period), plan, visitor)?;
            // The first figure of a row is how many there were.
            let counts = report.rows.iter().filter(|row| row.key == of).filter_map(|row| match row.figures.first() {
                Some((_, Figure::Count(count))) => Some(*count),
                _ => None,
            });
            Ok(counts.sum())
        });
        each.collect()
    };
    let before = midnight.plus(-WEEK);
    Ok(object!({
        "by": by.word(), "of": of, "today": hours(midnight, now)?, "same_weekday": hours(before, before.plus(DAY - 1))?,
        "date": zone.local(before.begins(zone)).date().to_string(), "complete": sheet.complete,
    }))
}

/// By what.
fn dimension(query: &mut Query<'_>) -> Result<By, Fault> {
    let words: Vec<&str> = By::ALL.iter().map(|(word, _)| *word).collect();
    let (zh, en) = (format!(" {} 之一", words.join("、")), format!("one of {}", words.join(", ")));
    let read = |text: &str| By::ALL.iter().find(|(word, _)| *word == text).map(|(_, by)| *by);
    let by = query.read_as("by", (&zh, &en), read)?;
    by.ok_or_else(|| wrong("by", format!("by 应为{zh}"), format!("by is {en}")))
}

/// What this visitor may see of it.
fn reported(book: &Book, (by, period): (By, Period), plan: &Plan, visitor: &Visitor) -> Result<Report, Fault> {
    let his = |unit: &str| visitor.may(Right::Figures, &Object { unit, ..Object::default() });
    // Whoever reaches nobody's reaches everybody's; a department has its own.
    match his("") {
        Ok(_) => Ok(Report::of(book, by, period, Some(plan))),
        Err(why) => Report::within(book, by, period, plan, |unit| his(unit).is_ok()).ok_or(why),
    }
}
