//! `report`: figures over the records of ended calls.

use super::args::Global;
use super::exit::{Done, Exit, Failure};
use super::moment;
use super::records::{records, unread};
use super::screen::Screen;
use crate::ledger::print;
use crate::ledger::transfers::{Department, Departments};
use crate::store::Reader;
use serde_json::{Value, json};

/// `report transfers`: by department. A lost caller is a bad result.
pub(super) fn transfers(
    global: &Global,
    since: Option<i64>,
    until: Option<i64>,
    screen: &Screen,
) -> Result<Done, Failure> {
    if let (Some(since), Some(until)) = (since, until)
        && since >= until
    {
        let (since, until) = (moment::shown(since), moment::shown(until));
        return Err(Failure::new(
            Exit::Usage,
            format!("--since {since} 应早于 --until {until}"),
            format!("--since {since} must be before --until {until}"),
        ));
    }
    let state = records(global)?;
    let mut departments = Departments::default();
    let (from, to) = (since.unwrap_or(i64::MIN), until.unwrap_or(i64::MAX));
    Reader::open(&state)
        .and_then(|mut reader| reader.transfers(from, to, |transfer| departments.add(&transfer)))
        .map_err(|e| unread(&e))?;
    let result = json!({
        "since": since.map(moment::shown),
        "until": until.map(moment::shown),
        "departments": departments.iter().map(document).collect::<Vec<_>>(),
        "total": document(departments.total()),
    });
    let exit = if departments.total().lost == 0 { Exit::Ok } else { Exit::Bad };
    Ok(Done { text: print::departments(&departments, screen.lang), result, exit })
}

fn document(d: &Department) -> Value {
    json!({
        "number": d.number,
        "title": d.title,
        "asked": d.asked,
        "answered": d.answered,
        "answered_in_15s": d.in_15s,
        "rang": d.rang,
        "mean_ring_ms": d.mean_ring_ms(),
        "returned": d.returned,
        "causes": d.causes,
        "caller_gone": d.caller_gone,
        "lost": d.lost,
    })
}
