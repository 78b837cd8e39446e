//! Records of ended calls: lists, one whole, its ladder, the caller's number and his earlier calls. Read from the database on threads
//! of their own, a few at a time; the exchange is asked for the ladder only.

use super::backend::Backend;
use super::body::{Fields, body};
use super::fault::{Fault, Told, json};
use super::orders::{Ref, reference};
use super::owned::{Owned, shown};
use super::paging::Page;
use super::query::Query;
use super::veil::Veil;
use super::visitor::Visitor;
use crate::access::{Object, Outcome as Deed, Right, masked};
use crate::admin::NOTE;
use crate::dialplan::Plan;
use crate::exchange::{Answer, Command, TraceRow};
use crate::fact::{Cause, Event, Lang, Outcome};
use crate::id::{AgentId, CallRef};
use crate::ledger::figures::Ended;
use crate::ledger::transfers::{Department, Departments, Fate};
use crate::ledger::{Attempt, Cdr, Traffic, Visit, words};
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
    /// Passed to this number, and what came of it; of either all where it is left out.
    transfer: Option<(Option<String>, Option<Fate>)>,
    /// How the calls ended that rang at that person.
    rang: Option<Rang>,
    /// How the visit to that group's line ended.
    visit: Option<Ended>,
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
        codes: one_of(&mut query, "codes", &[("yes", true), ("no", false)])?.unwrap_or(true),
        behind: page.behind(cursor)?,
        limit: STEP,
        ..Filter::default()
    };
    let asked = asked(&mut query)?;
    query.finish()?;
    // The first page of each search; what is looked for is written down, of a number what others are shown of it too.
    // What rang at oneself is no search.
    let own =
        asked.person.is_some() && asked.person.as_deref() == visitor.who.agent.as_ref().map(|agent| agent.as_str());
    if filter.behind.is_none() && !(own && asked.rang.is_some() && filter.number.is_none()) {
        note(&backend, &visitor, ("search", &asked.words(filter.number.as_deref()), ""))?;
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
    let facts: Vec<Value> = events
        .iter()
        .map(|event| {
            let [zh, en] = [Lang::Zh, Lang::En].map(|lang| words::sentence(&event.fact, lang));
            object!({ "at": event.at, "zh": zh, "en": en })
        })
        .collect();
    let mut told = object!(cdr);
    if let Some(told) = told.as_object_mut() {
        told.insert("masked".into(), hidden.into());
        told.insert("facts".into(), facts.into());
    }
    if hidden {
        Veil::of(&cdr).over(&mut told);
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
        visitor.may(Right::Figures, &Object { unit: &unit, ..Object::default() }).is_ok()
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
        transfer: match (query.text("transfer").filter(|to| !to.is_empty()), fate) {
            (None, None) => None,
            (to, fate) => Some((to, fate.flatten())),
        },
        rang: one_of(
            query,
            "rang",
            &[("answered", Rang::Answered), ("rang_out", Rang::Out), ("missed", Rang::Missed)],
        )?,
        visit: one_of(
            query,
            "visit",
            &[
                ("answered", Ended::Answered),
                ("overflowed", Ended::Overflowed),
                ("abandoned", Ended::Abandoned),
                ("ended", Ended::ByUs),
            ],
        )?,
    })
}

/// How a call ended that rang at a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rang {
    /// He had the caller.
    Answered,
    /// Nobody took it up.
    Out,
    /// Any way but an answer.
    Missed,
}

/// One of some words.
fn one_of<T: Copy>(query: &mut Query<'_>, name: &str, words: &[(&str, T)]) -> Result<Option<T>, Fault> {
    let all: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    let (zh, en) = (format!(" {} 之一", all.join("、")), format!("one of {}", all.join(", ")));
    query.read_as(name, (&zh, &en), |text| words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value))
}

impl Asked {
    fn fits(&self, cdr: &Cdr, plan: &Plan) -> bool {
        let is = |asked: &Option<String>, has: &dyn Fn(&str) -> bool| {
            asked.as_ref().is_none_or(|asked| if asked == "-" { has("") } else { has(asked) })
        };
        is(&self.line, &|line| cdr.dialled == line)
            && (self.group.is_none() && self.visit.is_none() || cdr.visits.iter().any(|visit| self.visited(cdr, visit)))
            && is(&self.department, &|unit| owner(cdr, plan) == unit)
            && (self.person.is_none() && self.rang.is_none() || cdr.attempts.iter().any(|attempt| self.rang(attempt)))
            && is(&self.traffic, &|word| word == if cdr.traffic == Traffic::Province { "province" } else { "city" })
            && self.transfer.as_ref().is_none_or(|(to, fate)| {
                let to_it = |of: &str| to.as_ref().is_none_or(|to| to == of);
                cdr.transfers.iter().any(|t| to_it(&t.to) && (fate.is_none() || t.fate == *fate))
            })
    }

    /// What is asked for, for the trail.
    fn words(&self, number: Option<&str>) -> String {
        let number = number.map(|number| if number.len() > 6 { masked(number) } else { number.to_owned() });
        let transfer = self.transfer.as_ref().map(|(to, _)| to.clone().unwrap_or_else(|| "*".to_owned()));
        let all = [
            ("number", &number),
            ("line", &self.line),
            ("group", &self.group),
            ("department", &self.department),
            ("person", &self.person),
            ("traffic", &self.traffic),
            ("transfer", &transfer),
        ];
        let said: Vec<_> =
            all.into_iter().filter_map(|(name, value)| Some(format!("{name}={}", value.as_ref()?))).collect();
        // As long as a name in a query may be, this may not.
        said.join(" ").chars().filter(|c| !c.is_control()).take(200).collect()
    }

    /// Whether a leg is one of the person's, and ended so.
    fn rang(&self, attempt: &Attempt) -> bool {
        let agent = attempt.agent.as_ref().map_or("", |agent| agent.as_str());
        let person = self.person.as_deref().map(|person| if person == "-" { "" } else { person });
        let ended = match (attempt.connected, attempt.cause) {
            (Some(_), _) => Rang::Answered,
            (None, Some(Cause::NoAnswer)) => Rang::Out,
            (None, _) => Rang::Missed,
        };
        // What has rung out was missed too.
        let so = |rang| rang == ended || rang == Rang::Missed && ended == Rang::Out;
        person.is_none_or(|person| person == agent) && self.rang.is_none_or(so)
    }

    /// Whether a visit is one to the group's line, and ended so.
    fn visited(&self, cdr: &Cdr, visit: &Visit) -> bool {
        let group = self.group.as_deref().map(|group| if group == "-" { "" } else { group });
        group.is_none_or(|group| visit.group.as_str() == group)
            && self.visit.is_none_or(|ended| Ended::of(cdr, visit) == ended)
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
    // Whoever has had the caller may know all of it; at whom it only rang, that it did: his number stays hidden.
    let [had, rang]: [Vec<_>; 2] = [true, false].map(|had| {
        let legs = cdr.attempts.iter().filter(|a| a.answered.is_some() == had);
        legs.filter_map(|a| a.agent.clone()).collect()
    });
    let groups: Vec<_> = cdr.visits.iter().map(|visit| visit.group.clone()).collect();
    let free = groups.is_empty();
    let asks = |agents: &[AgentId], unit: &str| {
        visitor.may(right, &Object { agents, groups: &groups, unit, free, ..Object::default() })
    };
    let first = asks(&had, &owner(cdr, plan));
    if first.is_ok() {
        return first;
    }
    // A department answers for what was passed to it too.
    let passed = cdr.transfers.iter().filter_map(|transfer| plan.entries().find(|e| e.number == transfer.to));
    if let Some(masks) = passed.filter_map(|entry| asks(&had, &entry.owner).ok()).next() {
        return Ok(masks);
    }
    if right == Right::Journeys && asks(&rang, "").is_ok() {
        return Ok(true);
    }
    first
}

/// Writes down what is shown of a citizen; programs that act for others write it down themselves.
pub(super) fn note(backend: &Backend, visitor: &Visitor, what: (&str, &str, &str)) -> Result<(), Fault> {
    if visitor.who.trusted {
        return Ok(());
    }
    backend.note(visitor, what, Deed::Done)
}

/// A record in a line.
fn row(cdr: &Cdr, hidden: bool) -> Value {
    let ms = |from: i64, to: i64| u64::try_from(to.saturating_sub(from) / 1_000).unwrap_or(0);
    let [answered, answered_en] =
        [Lang::Zh, Lang::En].map(|lang| cdr.answered_by.as_ref().map(|target| words::target(target, lang)));
    let agent = cdr.attempts.iter().find(|a| a.connected.is_some()).and_then(|a| a.agent.clone());
    let mut row = object!({
        "ref": cdr.call, "began": cdr.t0, "ended": cdr.end, "dialled": cdr.dialled, "title": cdr.title, "caller": cdr.caller,
        "masked": hidden, "outcome": cdr.outcome.word(), "zh": words::outcome(cdr.outcome, Lang::Zh),
        "en": words::outcome(cdr.outcome, Lang::En), "answered_by": answered, "answered_by_en": answered_en, "agent": agent,
        "wait_ms": cdr.t1.map(|t1| ms(t1, cdr.t2.unwrap_or(cdr.end))), "talk_ms": cdr.t2.map(|t2| ms(t2, cdr.end)),
        "group": cdr.visits.last().map(|visit| visit.group.clone()), "recorded": cdr.recording.is_some(),
        "transfers": cdr.transfers.len(), "grade": cdr.grade,
    });
    if hidden {
        Veil::of(cdr).over(&mut row);
    }
    row
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
