//! `dialplan why`, `numbers` and `groups`: questions that the dialplan alone can answer.

use super::args::{Global, Why};
use super::exit::{Done, Exit, Failure};
use super::files::load;
use super::screen::Screen;
use super::watch::{Show, but_json, shaped};
use super::{moment, place, records};
use crate::calendar::Hours;
use crate::clock::Clock;
use crate::dialplan::{Decision, NumberRow, Plan, Question, Side, Trunk, seat_text, state_word};
use crate::fact::Lang;
use crate::store::{Hits, Reader};
use serde_json::{Value, json};
use std::collections::HashMap;

/// `dialplan why NUMBER …`.
pub(super) fn why(global: &Global, asked: &Why, screen: &Screen) -> Result<Done, Failure> {
    let wall = asked.at.unwrap_or_else(|| Clock::system().now().wall);
    let plan = load(&place::dialplan(global)?, wall)?;
    let number = asked.number.as_str();
    if let (Some(_), Some(seat)) = (&asked.seat, to_seat(global, &plan, number)) {
        let result =
            json!({ "dialled": number, "number": seat, "routed": true, "reason": "seat", "at": moment::shown(wall) });
        return Ok(Done::well(seat_text(&seat, screen.lang), result));
    }
    let side = match (&asked.trunk, &asked.seat) {
        (Some(name), _) => Some(Side::Trunk(Some(trunk(&plan, name)?))),
        (None, Some(_)) => Some(Side::Seat),
        (None, None) => None,
    };
    let question =
        Question { side, caller: asked.from.as_deref(), seats: asked.seats, ..Question::new(number.as_bytes(), wall) };
    let why = plan.ask(question);
    let mut result = json!(why.facts());
    result["at"] = moment::shown(wall).into();
    // The question was answered; that the number leads nowhere is the answer, and a bad one.
    let exit = if matches!(why.decision(), Some(Decision::Routed(_))) { Exit::Ok } else { Exit::Bad };
    Ok(Done { text: why.text(screen.lang), result, exit })
}

/// The seat that a seat reaches by this number before the dialplan is asked. Seats are configuration: without one none is known.
fn to_seat(global: &Global, plan: &Plan, number: &str) -> Option<String> {
    let digits = plan.normalise(number.as_bytes()).ok()?.digits.to_string();
    place::outline(global).ok()?.seats.contains_key(digits.as_str()).then_some(digits)
}

fn trunk<'p>(plan: &'p Plan, name: &str) -> Result<&'p Trunk, Failure> {
    plan.trunks().find(|t| t.id.as_str() == name).map(|t| &**t).ok_or_else(|| {
        let all = plan.trunks().map(|t| t.id.to_string()).collect::<Vec<_>>().join(" ");
        let zh = format!("计划里没有中继 {name}。有：{all}");
        Failure::new(Exit::Usage, zh, format!("the plan has no trunk {name}. There are: {all}"))
    })
}

/// `numbers ls [--at TIME]`.
pub(super) fn numbers(global: &Global, at: Option<i64>, screen: &Screen) -> Result<Done, Failure> {
    let wall = at.unwrap_or_else(|| Clock::system().now().wall);
    let plan = load(&place::dialplan(global)?, wall)?;
    let rows = plan.numbers(wall);
    let lang = screen.lang;
    let hits = hits(global, wall);
    let heading = match lang {
        Lang::Zh => ["号码", "名称", "类别", "状态", "过渡期末日", "剩余天数", "24 小时来电", "出处"],
        Lang::En => ["number", "title", "class", "state", "last day", "days left", "calls in 24 h", "place"],
    };
    let sums = hits.as_ref().ok().map(|hits| by_row(hits));
    let count = |row: &NumberRow| {
        let key = if row.number.contains('x') { &row.address } else { &row.number };
        Some(sums.as_ref()?.get(key.as_str()).copied().unwrap_or(0))
    };
    let counted: Vec<Option<u64>> = rows.iter().map(count).collect();
    let line = |(row, calls): (&NumberRow, &Option<u64>)| {
        let class = if lang == Lang::Zh { row.class.zh() } else { row.class.en() };
        [
            row.number.clone(),
            row.title.clone(),
            class.to_owned(),
            state_word(&row.state, lang),
            row.last_day.clone().unwrap_or_default(),
            row.days_left.map_or_else(String::new, |d| d.to_string()),
            calls.map_or_else(|| "-".to_owned(), |n| n.to_string()),
            row.place.clone(),
        ]
    };
    let mut table = vec![heading.map(str::to_owned)];
    table.extend(rows.iter().zip(&counted).map(line));
    let mut text = super::table::aligned(&table);
    if let Err(failure) = &hits {
        text.push_str(&format!(
            "{}{}\n",
            lang.of("没有来电数：", "no counts of calls: "),
            lang.of(&failure.zh, &failure.en)
        ));
    }
    let rows: Vec<Value> = rows.iter().zip(&counted).map(with_calls).collect();
    let records = hits.as_ref().map_or_else(|f| json!({ "zh": f.zh, "en": f.en }), |_| Value::Null);
    let result = json!({ "at": moment::shown(wall), "calls_since": moment::shown(wall - DAY), "no_calls": records, "numbers": rows });
    Ok(Done::well(text, result))
}

/// µs.
const DAY: i64 = 86_400_000_000;

/// Calls of the 24 h before a moment, by the number first dialled.
fn hits(global: &Global, wall: i64) -> Result<Vec<Hits>, Failure> {
    let state = records::records(global)?;
    let read = Reader::open(&state).and_then(|mut reader| reader.hits(wall.saturating_sub(DAY), wall));
    read.map_err(|e| records::unread(&e))
}

/// Calls by what a row counts by: a number by its digits, a pattern by its entry.
fn by_row(hits: &[Hits]) -> HashMap<&str, u64> {
    let mut sums = HashMap::new();
    for hit in hits {
        *sums.entry(hit.dialled.as_str()).or_default() += hit.calls;
        // An entry has a dot and a number has none: the two never meet.
        *sums.entry(hit.entry.as_str()).or_default() += hit.calls;
    }
    sums
}

fn with_calls((row, calls): (&NumberRow, &Option<u64>)) -> Value {
    let mut value = json!(row);
    value["calls"] = json!(calls);
    value
}

/// `groups ls`.
pub(super) fn groups(global: &Global, show: Show, screen: &Screen) -> Result<Done, Failure> {
    but_json(show.csv, "--csv", screen)?;
    let wall = Clock::system().now().wall;
    let plan = load(&place::dialplan(global)?, wall)?;
    let lang = screen.lang;
    let heading = match lang {
        Lang::Zh => ["坐席组", "名称", "时间", "振铃", "话后", "最长等待", "最大排队", "出处"],
        Lang::En => ["group", "title", "hours", "ring", "wrap-up", "max wait", "max size", "place"],
    };
    let mut table = vec![heading.map(str::to_owned)];
    let mut result = Vec::new();
    for group in plan.groups() {
        let all_day = matches!(group.hours, Hours::Always);
        let seconds = |ms: u32| format!("{} s", f64::from(ms) / 1000.0);
        let place = plan.place(group.at);
        table.push([
            group.id.to_string(),
            group.title.to_string(),
            if all_day { "7x24".into() } else { lang.of("按日历", "by calendar").into() },
            seconds(group.ring_ms),
            seconds(group.wrap_up_ms),
            seconds(group.max_wait_ms),
            group.max_size.to_string(),
            place.clone(),
        ]);
        result.push(json!({
            "group": group.id, "title": group.title, "all_day": all_day, "open": plan.is_open(group, wall),
            "ring_ms": group.ring_ms, "wrap_up_ms": group.wrap_up_ms, "max_wait_ms": group.max_wait_ms,
            "max_size": group.max_size, "place": place,
        }));
    }
    let warnings = if show.csv || screen.json { String::new() } else { super::floor::warnings(global, screen) };
    Ok(Done::well(format!("{}{warnings}", shaped(&table, show)), json!({ "groups": result })))
}
