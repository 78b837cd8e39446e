//! `GET /plan/numbers`: every number with its whole life, where it stands, and its calls a day.

use super::backend::Backend;
use super::fault::{Fault, Told, json};
use super::paging::Page;
use super::plan::moment_of;
use super::query::Query;
use crate::calendar::Zone;
use crate::dialplan::{Entry, NumberLife, PeriodFacts, state_word};
use crate::fact::Lang;
use crate::ledger::figures::{Book, Hour};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use serde_json::{Value, json as object};
use std::collections::HashMap;
use std::sync::Arc;

/// Days whose calls are counted, the present one as the last.
const DAYS: usize = 8;
/// Rows of a page where none is asked for: a city's lines and its other numbers.
const ROWS: usize = 500;

pub(super) async fn numbers(State(backend): State<Arc<Backend>>, request: Request) -> Told {
    let mut query = Query::read(request.uri().query());
    let wall = moment_of(&backend, &mut query)?;
    let page = Page::of(&mut query, ROWS)?;
    let filter = query.text("filter").unwrap_or_default().to_lowercase();
    query.finish()?;
    // Beside everything else: a plan may have a million numbers.
    let work = tokio::task::spawn_blocking(move || {
        let views = &backend.views;
        let (plan, sheet) = (Arc::clone(&views.plan.load().plan), views.figures.load_full());
        let calls = Calls::of(&sheet.book, views.clock.now().wall);
        let fits = |entry: &Entry| {
            let texts = [&*entry.number, &*entry.title, &*entry.owner];
            filter.is_empty() || texts.iter().any(|text| text.to_lowercase().contains(&filter))
        };
        let (found, next) = page.cut(plan.lives(page.after(), wall, fits), |life| life.row.address.clone());
        let items: Vec<Value> = found.iter().map(|life| item(life, &calls)).collect();
        object!({ "items": items, "next": next, "at": wall, "days": calls.days, "complete": sheet.complete })
    });
    Ok(json(StatusCode::OK, &work.await.map_err(|_| Fault::strange())?))
}

fn item(life: &NumberLife, calls: &Calls) -> Value {
    let row = &life.row;
    let (zh, en) = (state_word(&row.state, Lang::Zh), state_word(&row.state, Lang::En));
    object!({
        "number": row.number,
        "address": row.address,
        "title": row.title,
        "owner": row.owner,
        "class": row.class,
        "zh": row.class.zh(),
        "en": row.class.en(),
        "place": row.place,
        "state": row.state,
        "today": row.state.split(':').next(),
        "now": { "zh": zh, "en": en },
        "last_day": row.last_day,
        "days_left": row.days_left,
        "life": life.periods.iter().map(period).collect::<Vec<_>>(),
        "calls": calls.on(&row.number),
    })
}

/// One stretch; its first and its last day are in it.
fn period(period: &PeriodFacts) -> Value {
    object!({
        "what": period.state,
        "from": period.from,
        "to": period.last_day,
        "days": period.days,
        "now": period.now,
        "zh": period.heading(Lang::Zh),
        "en": period.heading(Lang::En),
        "status": period.status,
        "steps": period.steps.iter().map(|hop| hop.step.clone()).collect::<Vec<_>>(),
    })
}

/// Calls of each line on each of the last days, as the figures have them.
struct Calls {
    /// The days, `2021-12-15`, the present one as the last.
    days: Vec<String>,
    by_line: HashMap<Box<str>, [u64; DAYS]>,
}

impl Calls {
    fn of(book: &Book, wall: i64) -> Self {
        let zone: &Zone = book.zone();
        let today = zone.local(wall).date();
        let day = |back: usize| today.saturating_sub(jiff::Span::new().days(i64::try_from(back).unwrap_or(0)));
        let days: Vec<String> = (0..DAYS).rev().map(|back| day(back).to_string()).collect();
        let end = Hour::of(wall, zone).plus(1);
        let mut by_line: HashMap<Box<str>, [u64; DAYS]> = HashMap::new();
        for (hour, tally) in book.hours(end.plus(-24 * (DAYS as i64 + 1)), end) {
            let hour = hour.to_string();
            let Some(place) = days.iter().position(|day| hour.starts_with(day)) else { continue };
            for (line, counted) in &tally.lines {
                if let Some(count) = by_line.entry(line.clone()).or_default().get_mut(place) {
                    *count += counted.calls.outcomes.calls();
                }
            }
        }
        Self { days, by_line }
    }

    fn on(&self, line: &str) -> [u64; DAYS] {
        self.by_line.get(line).copied().unwrap_or_default()
    }
}
