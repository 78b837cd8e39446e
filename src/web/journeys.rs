//! Records of ended calls: lists, one whole, its ladder, the caller's number and his earlier calls. Read from the database on threads
//! of their own, a few at a time; the exchange is asked for the ladder only.

use super::backend::Backend;
use super::body::{Fields, body};
use super::fault::{Fault, Told, json};
use super::orders::{Ref, reference};
use super::owned::{Owned, shown};
use super::paging::Page;
use super::query::Query;
use super::visitor::Visitor;
use crate::access::{Outcome as Ended, Right, masked};
use crate::admin::NOTE;
use crate::dialplan::Plan;
use crate::exchange::{Answer, Command, TraceRow};
use crate::fact::{Event, Lang, Outcome};
use crate::id::CallRef;
use crate::ledger::transfers::{Department, Departments, Fate};
use crate::ledger::{Cdr, Traffic, words};
use crate::store::{self, Filter, Reader};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use serde_json::{Value, json as object};
use std::sync::Arc;

type Desk = State<Arc<Backend>>;

/// Records that are read at a time, and at most for one page: what is behind is the next page's.
const STEP: u32 = 200;
const READ: usize = 20_000;
/// Earlier calls of a caller that are shown.
const EARLIER: usize = 20;
/// How far back they are looked for, µs: half a year.
const BACK: i64 = 183 * 86_400 * 1_000_000;

/// What is asked for beside what the database filters itself.
#[derive(Debug, Default)]
struct Asked {
    line: Option<String>,
    group: Option<String>,
    department: Option<String>,
    person: Option<String>,
    traffic: Option<String>,
    transfer: Option<(String, Option<Fate>)>,
}

pub(super) async fn list(State(backend): Desk, visitor: Visitor, request: Request) -> Told {
    let plan = Arc::clone(&backend.views.plan.load().plan);
    let mut query = Query::read(request.uri().query());
    let page = Page::read(&mut query)?;
    let filter = Filter {
        since: query.moment("since", plan.zone())?,
        until: query.moment("until", plan.zone())?,
        number: query.text("number").map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()),
        outcome: outcome(&mut query)?,
        behind: page.behind(cursor)?,
        limit: STEP,
        ..Filter::default()
    };
    let asked = asked(&mut query)?;
    query.finish()?;
    if let Some(number) = filter.number.as_deref().filter(|number| looks_for_someone(number, &visitor)) {
        let of = masked(number);
        note(&backend, &visitor, ("search", &of, ""))?;
    }
    let (seeker, book) = (visitor.clone(), Arc::clone(&plan));
    let fits = move |cdr: &Cdr| asked.fits(cdr, &book) && may(&seeker, &book, cdr, Right::Journeys).is_ok();
    let (found, next) = read(&backend, move |reader| gather(reader, filter, page.limit, fits)).await?;
    let rows: Vec<Value> = found.iter().map(|cdr| row(cdr, hides(&visitor, &plan, cdr))).collect();
    Ok(json(StatusCode::OK, &object!({ "items": rows, "next": next })))
}

/// Records that fit, and where the next page begins.
fn gather(
    reader: &mut Reader,
    mut filter: Filter,
    limit: usize,
    fits: impl Fn(&Cdr) -> bool,
) -> Result<(Vec<Cdr>, Option<String>), store::Error> {
    // A reference is a number too that somebody looks for.
    if let Some(call) = filter.number.as_deref().and_then(CallRef::parse) {
        return Ok((reader.record(call)?.into_iter().filter(fits).collect(), None));
    }
    let (mut found, mut seen) = (Vec::new(), 0);
    loop {
        let page = reader.calls(&filter)?;
        let last = page.last().map(|cdr| (cdr.t0, cdr.seq));
        let whole = page.len() == usize::try_from(STEP).unwrap_or(0);
        for cdr in page {
            seen += 1;
            let at = (cdr.t0, cdr.seq);
            if fits(&cdr) {
                found.push(cdr);
            }
            if found.len() == limit || seen == READ {
                return Ok((found, Some(format!("{}.{}", at.0, at.1))));
            }
        }
        match last.filter(|_| whole) {
            Some(last) => filter.behind = Some(last),
            None => return Ok((found, None)),
        }
    }
}

pub(super) async fn one(State(backend): Desk, visitor: Visitor, of: Ref) -> Told {
    let (cdr, events) = whole(&backend, reference(of)?).await?;
    let plan = Arc::clone(&backend.views.plan.load().plan);
    may(&visitor, &plan, &cdr, Right::Journeys)?;
    let hidden = hides(&visitor, &plan, &cdr);
    note(&backend, &visitor, ("journey", &cdr.call.to_string(), ""))?;
    let text = |text: String| if hidden { text.replace(&*cdr.caller, &masked(&cdr.caller)) } else { text };
    let facts: Vec<Value> = events
        .iter()
        .map(|event| {
            let [zh, en] = [Lang::Zh, Lang::En].map(|lang| words::sentence(&event.fact, lang));
            let (zh, en) = if cdr.caller.is_empty() { (zh, en) } else { (text(zh), text(en)) };
            object!({ "at": event.at, "zh": zh, "en": en })
        })
        .collect();
    let mut told = object!(if hidden { without_numbers(&cdr) } else { cdr });
    if let Some(told) = told.as_object_mut() {
        told.insert("masked".into(), hidden.into());
        told.insert("facts".into(), facts.into());
    }
    Ok(json(StatusCode::OK, &told))
}

/// The whole number, to somebody who says why: it is written down before it is shown.
pub(super) async fn unmask(State(backend): Desk, visitor: Visitor, of: Ref, request: Request) -> Told {
    let call = reference(of)?;
    let mut fields = Fields::read(&body(request, backend.limits.arrival).await?)?;
    let why = fields.required("why", NOTE)?;
    fields.finish()?;
    let caller = match backend.views.board.call(call) {
        Some(row) => {
            visitor.may(Right::Unmask, &Owned::call(&row, &backend.views.board).object())?;
            row.caller.clone()
        }
        None => {
            let (cdr, _) = whole(&backend, call).await?;
            may(&visitor, &backend.views.plan.load().plan, &cdr, Right::Unmask)?;
            cdr.caller
        }
    };
    note(&backend, &visitor, ("unmask", &call.to_string(), &why))?;
    Ok(json(StatusCode::OK, &object!({ "caller": caller })))
}

/// Earlier calls of the caller of a live call: whoever has him before him may know that he has called.
pub(super) async fn earlier(State(backend): Desk, visitor: Visitor, of: Ref) -> Told {
    let call = reference(of)?;
    let row = backend.call(call).await?.ok_or_else(|| Fault::unknown(call))?;
    let seen = shown(&row, &backend.views.board, &visitor)?;
    let since = Some(backend.views.clock.now().wall.saturating_sub(BACK));
    let (number, limit) = (Some(row.caller.clone()), STEP);
    let filter = Filter { since, number, limit, ..Filter::default() };
    let his = move |cdr: &Cdr| cdr.caller == row.caller && cdr.call != call;
    let found = match seen.caller.is_empty() {
        true => Vec::new(),
        false => read(&backend, move |reader| gather(reader, filter, EARLIER, his)).await?.0,
    };
    let rows: Vec<Value> = found.iter().map(|cdr| self::row(cdr, seen.masked)).collect();
    Ok(json(StatusCode::OK, &object!({ "items": rows, "next": null })))
}

/// The signalling of a call: who said what to whom, its first line without what is in it.
pub(super) async fn ladder(State(backend): Desk, visitor: Visitor, of: Ref) -> Told {
    let call = reference(of)?;
    let plan = Arc::clone(&backend.views.plan.load().plan);
    let ended = whole(&backend, call).await.ok();
    match &ended {
        Some((cdr, _)) => may(&visitor, &plan, cdr, Right::Ladder)?,
        None => {
            let row = backend.views.board.call(call).ok_or_else(|| Fault::unknown(call))?;
            visitor.may(Right::Ladder, &Owned::call(&row, &backend.views.board).object()).map(drop)?;
        }
    }
    note(&backend, &visitor, ("ladder", &call.to_string(), ""))?;
    let trace = Command::Trace { what: Some(call.to_string()), after: 0, rtp: false };
    let Answer::Trace { messages, on, .. } = backend.ask(trace).await? else { return Err(Fault::strange()) };
    let mut parties: Vec<String> = Vec::new();
    let rungs: Vec<Value> = messages
        .iter()
        .map(|row| {
            let peer = row.peer.to_string();
            if !parties.contains(&peer) {
                parties.push(peer.clone());
            }
            let (from, to) = if row.sent { ("switchboard", &*peer) } else { (&*peer, "switchboard") };
            object!({ "at": row.at, "from": from, "to": to, "line": line(row), "transport": row.transport })
        })
        .collect();
    let us = std::iter::once(object!({ "id": "switchboard", "title": "switchboard" }));
    let parties: Vec<Value> = us.chain(parties.iter().map(|id| object!({ "id": id, "title": id }))).collect();
    Ok(json(StatusCode::OK, &object!({ "messages": rungs, "parties": parties, "kept": on })))
}

/// How departments have taken what was passed to them.
pub(super) async fn transfers(State(backend): Desk, visitor: Visitor, request: Request) -> Told {
    let plan = Arc::clone(&backend.views.plan.load().plan);
    let mut query = Query::read(request.uri().query());
    let (from, to) = (query.moment("from", plan.zone())?, query.moment("to", plan.zone())?);
    query.finish()?;
    let now = backend.views.clock.now().wall;
    let (since, until) = (from.unwrap_or(now - 86_400_000_000), to.unwrap_or(now));
    let owner = move |number: &str| plan.entries().find(|e| e.number == number).map(|e| e.owner.to_string());
    let mine = move |number: &str| {
        let unit = owner(number).unwrap_or_default();
        visitor.may(Right::Figures, &crate::access::Object { unit: &unit, ..Default::default() }).is_ok()
    };
    let found = read(&backend, move |reader| {
        let mut departments = Departments::default();
        let each = |transfer: crate::ledger::transfers::Transfer| {
            if mine(&transfer.to) {
                departments.add(&transfer);
            }
        };
        reader.transfers(since, until, each)?;
        Ok(departments)
    })
    .await?;
    let rows: Vec<Value> = found.iter().map(department).collect();
    let told =
        object!({ "from": since, "to": until, "complete": true, "rows": rows, "sum": department(found.total()) });
    Ok(json(StatusCode::OK, &told))
}

fn department(d: &Department) -> Value {
    object!({
        "number": d.number, "title": d.title, "asked": d.asked, "answered": d.answered, "in_15s": d.in_15s, "rang": d.rang,
        "mean_ring_ms": d.mean_ring_ms(), "returned": d.returned, "causes": d.causes, "caller_gone": d.caller_gone,
        "lost": d.lost,
    })
}

/// The first line of a message; the number in an address is not the operator's business.
fn line(row: &TraceRow) -> String {
    let first = row.text.lines().next().unwrap_or_default();
    let digits = |c: char| c.is_ascii_digit() || c == '+';
    let mut words: Vec<String> = first.split(' ').map(str::to_owned).collect();
    for word in &mut words {
        let Some((scheme, rest)) = word.split_once(':').filter(|(s, _)| matches!(*s, "sip" | "sips" | "tel")) else {
            continue;
        };
        let end = rest.find(|c| !digits(c)).unwrap_or(rest.len());
        let (number, tail) = rest.split_at(end);
        // Of 12345 and its like everybody may know.
        let shown = if number.len() > 6 { masked(number) } else { number.to_owned() };
        *word = format!("{scheme}:{shown}{tail}");
    }
    words.join(" ")
}

fn outcome(query: &mut Query<'_>) -> Result<Option<Outcome>, Fault> {
    let all = Outcome::ALL.map(Outcome::word).join(", ");
    let read = |text: &str| Outcome::ALL.into_iter().find(|outcome| outcome.word() == text);
    query.read_as("outcome", (&format!(" {all} 之一"), &format!("one of {all}")), read)
}

/// Where a page ended: t0 and the place in the stream.
fn cursor(after: &str) -> Option<(i64, u64)> {
    let (t0, seq) = after.split_once('.')?;
    Some((t0.parse().ok()?, seq.parse().ok()?))
}

fn asked(query: &mut Query<'_>) -> Result<Asked, Fault> {
    let fates = [
        ("joined", Fate::Joined),
        ("returned", Fate::Returned),
        ("caller_gone", Fate::CallerGone),
        ("lost", Fate::Lost),
    ];
    let fate = query.read_as(
        "transfer_fate",
        (" any、joined、returned、caller_gone、lost 之一", "any, joined, returned, caller_gone or lost"),
        |text| {
            if text == "any" {
                Some(None)
            } else {
                fates.iter().find(|(word, _)| *word == text).map(|(_, fate)| Some(*fate))
            }
        },
    )?;
    Ok(Asked {
        line: query.text("line"),
        group: query.text("group"),
        department: query.text("department"),
        person: query.text("person"),
        traffic: query.text("traffic"),
        transfer: query.text("transfer").map(|to| (to, fate.flatten())),
    })
}

impl Asked {
    fn fits(&self, cdr: &Cdr, plan: &Plan) -> bool {
        let is = |asked: &Option<String>, has: &dyn Fn(&str) -> bool| {
            asked.as_ref().is_none_or(|asked| if asked == "-" { has("") } else { has(asked) })
        };
        is(&self.line, &|line| cdr.dialled == line)
            && is(&self.group, &|group| cdr.visits.iter().any(|visit| visit.group.as_str() == group))
            && is(&self.department, &|unit| owner(cdr, plan) == unit)
            && is(&self.person, &|agent| {
                cdr.attempts.iter().any(|a| a.agent.as_ref().map_or("", |a| a.as_str()) == agent)
            })
            && is(&self.traffic, &|word| word == if cdr.traffic == Traffic::Province { "province" } else { "city" })
            && self.transfer.as_ref().is_none_or(|(to, fate)| {
                cdr.transfers.iter().any(|t| t.to == *to && (fate.is_none() || t.fate == *fate))
            })
    }
}

/// Whose line was dialled.
fn owner(cdr: &Cdr, plan: &Plan) -> String {
    let entry = cdr.entry.as_ref().and_then(|address| plan.entries().find(|e| *e.address == **address));
    entry.map(|entry| entry.owner.to_string()).unwrap_or_default()
}

/// Whether he may do this with the record.
///
/// # Errors
/// 403.
pub(super) fn may(visitor: &Visitor, plan: &Plan, cdr: &Cdr, right: Right) -> Result<(), Fault> {
    look(visitor, plan, cdr, right).map(drop)
}

fn hides(visitor: &Visitor, plan: &Plan, cdr: &Cdr) -> bool {
    look(visitor, plan, cdr, Right::Journeys).unwrap_or(true)
}

fn look(visitor: &Visitor, plan: &Plan, cdr: &Cdr, right: Right) -> Result<bool, Fault> {
    let agents: Vec<_> = cdr.attempts.iter().filter(|a| a.answered.is_some()).filter_map(|a| a.agent.clone()).collect();
    let groups: Vec<_> = cdr.visits.iter().map(|visit| visit.group.clone()).collect();
    let unit = owner(cdr, plan);
    let free = groups.is_empty();
    visitor.may(
        right,
        &crate::access::Object { agents: &agents, groups: &groups, unit: &unit, free, ..Default::default() },
    )
}

/// Whoever searches for a citizen's number looks at his data; for one of ours he does not.
fn looks_for_someone(number: &str, visitor: &Visitor) -> bool {
    !visitor.who.trusted && number.len() > 6
}

/// Writes down what is shown of a citizen; programs that act for others write it down themselves.
pub(super) fn note(backend: &Backend, visitor: &Visitor, what: (&str, &str, &str)) -> Result<(), Fault> {
    if visitor.who.trusted {
        return Ok(());
    }
    backend.note(visitor, what, Ended::Done)
}

fn without_numbers(cdr: &Cdr) -> Cdr {
    let mut cdr = cdr.clone();
    cdr.caller = masked(&cdr.caller);
    cdr
}

/// A record in a line.
fn row(cdr: &Cdr, hidden: bool) -> Value {
    let caller = if hidden { masked(&cdr.caller) } else { cdr.caller.clone() };
    let ms = |from: i64, to: i64| u64::try_from(to.saturating_sub(from) / 1_000).unwrap_or(0);
    let answered = cdr.answered_by.as_ref().map(|target| words::target(target, Lang::Zh));
    let agent = cdr.attempts.iter().find(|a| a.connected.is_some()).and_then(|a| a.agent.clone());
    object!({
        "ref": cdr.call, "began": cdr.t0, "ended": cdr.end, "dialled": cdr.dialled, "title": cdr.title, "caller": caller,
        "masked": hidden, "outcome": cdr.outcome.word(), "zh": words::outcome(cdr.outcome, Lang::Zh),
        "en": words::outcome(cdr.outcome, Lang::En), "answered_by": answered, "agent": agent,
        "wait_ms": cdr.t1.map(|t1| ms(t1, cdr.t2.unwrap_or(cdr.end))), "talk_ms": cdr.t2.map(|t2| ms(t2, cdr.end)),
        "group": cdr.visits.last().map(|visit| visit.group.clone()), "recorded": cdr.recording.is_some(),
        "transfers": cdr.transfers.len(), "grade": cdr.grade,
    })
}

/// A record with its facts.
///
/// # Errors
/// 404.
pub(super) async fn whole(backend: &Arc<Backend>, call: CallRef) -> Result<(Cdr, Vec<Event>), Fault> {
    read(backend, move |reader| reader.call(call)).await?.ok_or_else(|| Fault::no_record(call))
}

/// Reads the records beside everything else.
///
/// # Errors
/// 503 where they cannot be read.
pub(super) async fn read<T: Send + 'static>(
    backend: &Arc<Backend>,
    work: impl FnOnce(&mut Reader) -> Result<T, store::Error> + Send + 'static,
) -> Result<T, Fault> {
    let _place = backend.readers.acquire().await.map_err(|_| Fault::strange())?;
    let state = backend.views.house.state.clone();
    let done = tokio::task::spawn_blocking(move || work(&mut Reader::open(&state)?)).await;
    done.map_err(|_| Fault::strange())?.map_err(|error| {
        tracing::warn!(%error, "records cannot be read for a page");
        Fault::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "unreadable",
            ("记录暂时无法读取", "the records cannot be read now"),
        )
    })
}
