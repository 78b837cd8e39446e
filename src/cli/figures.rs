//! `report figures`: service figures over the records of ended calls, by the same folds as the API's.

pub(super) mod args;

use super::args::Global;
use super::exit::{Done, Exit, Failure};
use super::files::load;
use super::records::{records, unread};
use super::screen::Screen;
use super::watch::but_json;
use super::{moment, place};
use crate::calendar::Zone;
use crate::clock::Clock;
use crate::fact::Lang;
use crate::ledger::figures::{Book, Hour, Period, Report};
use crate::ledger::print;
use crate::store::{Filter, Reader};
use args::{By, Figures};
use serde_json::json;

/// Longest period, hours: a year.
const LONGEST: i64 = 366 * 24;

/// `report figures`.
pub(super) fn figures(global: &Global, asked: &Figures, screen: &Screen) -> Result<Done, Failure> {
    report(global, asked, screen, print::figures)
}

/// `report survey`.
pub(super) fn survey(global: &Global, asked: &Figures, screen: &Screen) -> Result<Done, Failure> {
    report(global, asked, screen, print::survey)
}

fn report(
    global: &Global,
    asked: &Figures,
    screen: &Screen,
    shown: fn(&Report, Lang) -> String,
) -> Result<Done, Failure> {
    but_json(asked.csv, "--csv", screen)?;
    let state = records(global)?;
    let mut reader = Reader::open(&state).map_err(|e| unread(&e))?;
    let latest = reader.calls(&Filter { limit: 1, ..Filter::default() }).map_err(|e| unread(&e))?;
    // The daemon's clock may be another than this one (`--as-of`): the latest call tells it.
    let wall = latest.first().map_or_else(|| Clock::system().now().wall, |cdr| cdr.t0);
    let plan = place::dialplan(global).and_then(|folder| load(&folder, wall));
    let plan = match (plan, asked.by) {
        (Ok(plan), _) => Some(plan),
        // Whose the lines are stands nowhere else.
        (Err(failure), By::Department) => return Err(failure),
        (Err(_), _) => None,
    };
    let zone = plan.as_ref().map_or_else(moment::zone, |plan| plan.zone().clone());
    let period = period(asked, wall, &zone)?;
    let mut book = Book::new(zone.clone(), usize::try_from(LONGEST).unwrap_or(usize::MAX));
    let (from, to) = (period.from.begins(&zone), period.to.begins(&zone));
    reader.each(from, to, |cdr| book.add(&cdr)).map_err(|e| unread(&e))?;
    let report = Report::of(&book, asked.by.into(), period, plan.as_ref());
    let text = if asked.csv { print::figures_csv(&report) } else { shown(&report, screen.lang) };
    Ok(Done::well(text, json!(report)))
}

fn period(asked: &Figures, wall: i64, zone: &Zone) -> Result<Period, Failure> {
    let now = Hour::of(wall, zone);
    let to = asked.to.unwrap_or_else(|| asked.from.map_or(now, |from| from.max(now)).plus(1));
    Period::asked(asked.from, Some(to), now, to.plus(-LONGEST)).map_err(|bound| {
        let (zh, en) = match bound {
            "from" => ("--from 与 --to 相距超过一年".to_owned(), "--from is more than a year before --to".to_owned()),
            _ => (format!("--to {to} 应晚于 --from"), format!("--to {to} must be after --from")),
        };
        Failure::new(Exit::Usage, zh, en)
    })
}
