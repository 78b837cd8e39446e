//! `GET /figures`: the service figures by one dimension.

use super::backend::Backend;
use super::fault::{Told, json};
use super::query::{Query, wrong};
use super::visitor::Visitor;
use crate::access::{Object, Right};
use crate::ledger::figures::{By, Hour, KEPT, Period, Report};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use std::sync::Arc;

const HOUR: (&str, &str) = ("当地整点，如 2021-12-15T08:00", "a whole local hour like 2021-12-15T08:00");

pub(super) async fn figures(State(backend): State<Arc<Backend>>, visitor: Visitor, request: Request) -> Told {
    let mut query = Query::read(request.uri().query());
    let words: Vec<&str> = By::ALL.iter().map(|(word, _)| *word).collect();
    let (zh, en) = (format!(" {} 之一", words.join("、")), format!("one of {}", words.join(", ")));
    let read = |text: &str| By::ALL.iter().find(|(word, _)| *word == text).map(|(_, by)| *by);
    let by = query.read_as("by", (&zh, &en), read)?;
    let by = by.ok_or_else(|| wrong("by", format!("by 应为{zh}"), format!("by is {en}")))?;
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
    let his = |unit: &str| visitor.may(Right::Figures, &Object { unit, ..Object::default() });
    // Whoever reaches nobody's reaches everybody's; a department has its own.
    let report = match his("") {
        Ok(_) => Report::of(&sheet.book, by, period, Some(&plan)),
        Err(why) => Report::within(&sheet.book, by, period, &plan, |unit| his(unit).is_ok()).ok_or(why)?,
    };
    let report = Report { complete: sheet.complete, ..report };
    Ok(json(StatusCode::OK, &report))
}
