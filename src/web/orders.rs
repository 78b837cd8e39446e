//! Orders about live calls, seats, groups and call-backs; and what is asked of one of them.

use super::backend::Backend;
use super::body::{Fields, body, plain};
use super::fault::{Fault, Told, json};
use super::limits::WAIT;
use super::owned::{Owned, shown};
use super::verb::{Action, disaster, end, set, take};
use super::visitor::Visitor;
use crate::access::{Outcome, Refusal, Right, masked};
use crate::admin::{NAME, NOTE};
use crate::call::Unfit;
use crate::exchange::{Answer, Command, SeatRow, SeatSet, Verb};
use crate::fact::TransferResult;
use crate::id::{CallRef, GroupId, SeatId};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::header::{HeaderValue, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::json as object;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

pub(super) type Ref = Result<Path<String>, PathRejection>;
type Desk = State<Arc<Backend>>;

pub(super) async fn call(State(backend): Desk, visitor: Visitor, of: Ref) -> Told {
    let call = reference(of)?;
    let row = backend.call(call).await?.ok_or_else(|| Fault::unknown(call))?;
    Ok(json(StatusCode::OK, &shown(&row, &backend.views.board, &visitor)?))
}

/// Ends a call; the body may say why.
pub(super) async fn hang_up(State(backend): Desk, visitor: Visitor, of: Ref, request: Request) -> Told {
    let call = reference(of)?;
    let by = operator(request.headers())?;
    let mut fields = Fields::read(&body(request, backend.limits.arrival).await?)?;
    let why = fields.text("why", NOTE)?;
    fields.finish()?;
    reaches(&backend, &visitor, Right::HangUp, call).await?;
    let asked = backend.ask(Command::HangUp { call }).await?;
    let outcome = if matches!(asked, Answer::Done) { Outcome::Done } else { Outcome::Failed };
    // It is done, whether it can be written or not.
    let _ = backend.note_for(&visitor, &by, ("hang_up", &call.to_string(), &why), outcome);
    answered(call, "", asked)
}

pub(super) async fn order(State(backend): Desk, action: Action, visitor: Visitor, of: Ref, request: Request) -> Told {
    let call = reference(of)?;
    let wait = wait(action, request.uri().query())?;
    let by = operator(request.headers())?;
    let mut command = action.command(call, &body(request, backend.limits.arrival).await?, by)?;
    reaches(&backend, &visitor, action.right(), call).await?;
    sign(&mut command, &visitor);
    if let Command::Supervise { seat, by, why, granted, .. } = &mut command {
        may_ring(&backend, &visitor, seat)?;
        // A person's groups are those of his account, whatever seat he sits at; a program says whose seat it means.
        *granted = !visitor.who.trusted;
        // Who listens to a citizen is written down before he does.
        backend.note_for(&visitor, by, (action.word(), &call.to_string(), why), Outcome::Done)?;
    }
    if let (Command::Release { seat, .. } | Command::Digits { seat, .. }, false) = (&mut command, visitor.who.trusted) {
        // His own leg, wherever he sits, and nobody else's.
        let row = visitor.who.agent.as_ref().and_then(|agent| backend.views.board.seat_of(agent));
        *seat = Some(row.ok_or_else(|| Fault::unfit(Unfit::Nobody))?.seat.clone());
    }
    let to = if let Command::Transfer { to, .. } = &command { to.clone() } else { String::new() };
    let asked = backend.ask(command).await?;
    match (wait, &asked) {
        (Some(wait), Answer::Asked { transfer }) => ended(&backend, call, *transfer, wait).await,
        _ => answered(call, &to, asked),
    }
}

/// Whether somebody may give orders about this call. Who reaches all needs no look at it.
async fn reaches(backend: &Backend, visitor: &Visitor, right: Right, call: CallRef) -> Result<(), Fault> {
    if visitor.who.trusted {
        return Ok(());
    }
    let board = &backend.views.board;
    let row = match board.call(call) {
        Some(row) => row,
        None => Arc::from(backend.call(call).await?.ok_or_else(|| Fault::unknown(call))?),
    };
    visitor.may(right, &Owned::call(&row, board).object()).map(drop)
}

/// Whether somebody may have this seat's phone rung: his own, or one where nobody sits.
fn may_ring(backend: &Backend, visitor: &Visitor, seat: &SeatId) -> Result<(), Fault> {
    if visitor.who.trusted {
        return Ok(());
    }
    // Of a seat that is none the exchange says so.
    let Some(row) = backend.views.board.seat(seat) else { return Ok(()) };
    let own = visitor.own_seat(&backend.people).as_ref() == Some(seat);
    let his = own || row.agent.is_none() || row.agent == visitor.who.agent;
    if his { Ok(()) } else { Err(Fault::refused(Right::Seat, Refusal::Object)) }
}

/// A person orders in his own name, whatever stands in the body.
fn sign(command: &mut Command, visitor: &Visitor) {
    if let Command::Transfer { by, .. }
    | Command::Conference { by, .. }
    | Command::Supervise { by, .. }
    | Command::Release { by, .. }
    | Command::Digits { by, .. }
    | Command::Seat { by, .. }
    | Command::TakeCallback { by, .. }
    | Command::EndCallback { by, .. }
    | Command::Disaster { by, .. } = command
    {
        *by = visitor.signs(std::mem::take(by));
    }
}

/// Signs a person in at a seat, and sets the seat's state.
pub(super) async fn set_seat(State(backend): Desk, visitor: Visitor, of: Ref, request: Request) -> Told {
    let seat = SeatId::from(of.map_err(|_| Fault::unfit(Unfit::NoSeat))?.0);
    wait(Action::Plain(Verb::Hold), request.uri().query())?;
    let by = operator(request.headers())?;
    let mut command = set(seat.clone(), &body(request, backend.limits.arrival).await?, by)?;
    let row = backend.views.board.seat(&seat).ok_or_else(|| Fault::unfit(Unfit::NoSeat))?;
    may_seat(&backend, &visitor, &row, &command)?;
    sign(&mut command, &visitor);
    let (longer, others) = (is_longer(&command), row.agent.is_none() || row.agent != visitor.who.agent);
    let told = if let Command::Seat { agent, state, reason, by, .. } = &command {
        let to = agent.as_ref().map(ToString::to_string).into_iter().chain(state.map(|state| state.word().to_owned()));
        Some((by.clone(), format!("{seat} {}", to.collect::<Vec<_>>().join(" ")), reason.clone())).filter(|_| others)
    } else {
        None
    };
    match backend.ask(command).await? {
        Answer::Done => {
            if longer {
                backend.notes.extended(&row);
            }
            // What somebody does at his own seat is in the journal; what is done to another's has a who and a why here too.
            if let Some((by, of, why)) = told {
                let _ = backend.note_for(&visitor, &by, ("seat_set", &of, &why), Outcome::Done);
            }
            Ok(json(StatusCode::OK, &object!({ "done": true })))
        }
        Answer::Unfit { why } => Err(Fault::unfit(why)),
        _ => Err(Fault::strange()),
    }
}

/// An agent signs in himself, where nobody else sits, and sets where he sits; whoever supervises a seat's groups sets the seat.
fn may_seat(backend: &Backend, visitor: &Visitor, row: &SeatRow, command: &Command) -> Result<(), Fault> {
    if visitor.who.trusted {
        return Ok(());
    }
    let Command::Seat { agent, .. } = command else { return Ok(()) };
    let himself = agent.as_ref().is_none_or(|agent| Some(agent) == visitor.who.agent.as_ref());
    let sits = row.agent.is_some() && row.agent == visitor.who.agent;
    // A seat of no group is a supervisor's own, or nobody's to work at.
    let his = !row.groups.is_empty() || visitor.own_seat(&backend.people).as_ref() == Some(&row.seat);
    let signs_in = agent.is_some() && row.agent.is_none() && his;
    let mut owned = Owned::groups_of(row);
    if himself && (sits || signs_in) {
        owned.belongs(visitor.who.agent.as_ref());
    }
    visitor.may(Right::Seat, &owned.object())?;
    if is_longer(command) && backend.notes.has_extended(row) {
        let words = ("话后整理只能延长一次", "paperwork is extended once");
        return Err(Fault::new(StatusCode::CONFLICT, "conflict", words));
    }
    Ok(())
}

/// It is about paperwork that shall last longer.
fn is_longer(command: &Command) -> bool {
    matches!(command, Command::Seat { state: Some(SeatSet::WrapUp), .. })
}

pub(super) async fn set_group(State(backend): Desk, visitor: Visitor, of: Ref, request: Request) -> Told {
    let group = of.map_err(|_| Fault::no_group())?.0;
    wait(Action::Plain(Verb::Hold), request.uri().query())?;
    let by = operator(request.headers())?;
    visitor.may(Right::Group, &Owned::group(&group).object())?;
    let mut command = disaster(GroupId::from(group), &body(request, backend.limits.arrival).await?, by)?;
    sign(&mut command, &visitor);
    match backend.ask(command).await? {
        Answer::Done => Ok(json(StatusCode::OK, &object!({ "done": true }))),
        Answer::Unknown => Err(Fault::no_group()),
        _ => Err(Fault::strange()),
    }
}

pub(super) async fn why(State(backend): Desk, visitor: Visitor, of: Ref) -> Told {
    let call = reference(of)?;
    reaches(&backend, &visitor, Right::Calls, call).await?;
    match backend.ask(Command::Why { call }).await? {
        Answer::Why { why } => Ok(json(StatusCode::OK, &why)),
        Answer::Unknown => Err(Fault::unknown(call)),
        Answer::Conflict { why } => Err(Fault::conflict(why)),
        _ => Err(Fault::strange()),
    }
}

pub(super) async fn callbacks(State(backend): Desk, visitor: Visitor) -> Told {
    let Answer::Callbacks { mut callbacks } = backend.ask(Command::Callbacks).await? else {
        return Err(Fault::strange());
    };
    let board = &backend.views.board;
    callbacks.retain(|row| visitor.may(Right::Callbacks, &Owned::line(&row.group, board).object()).is_ok());
    if !visitor.who.trusted {
        callbacks.iter_mut().for_each(|row| row.number = masked(&row.number));
    }
    Ok(json(StatusCode::OK, &BTreeMap::from([("callbacks", callbacks)])))
}

/// Whose line he waited in.
async fn may_call_back(backend: &Backend, visitor: &Visitor, callback: CallRef) -> Result<(), Fault> {
    if visitor.who.trusted {
        return Ok(());
    }
    let Answer::Callbacks { callbacks } = backend.ask(Command::Callbacks).await? else { return Err(Fault::strange()) };
    let row = callbacks.iter().find(|row| row.callback == callback).ok_or_else(|| Fault::no_callback(callback))?;
    visitor.may(Right::Callbacks, &Owned::line(&row.group, &backend.views.board).object()).map(drop)
}

pub(super) async fn take_callback(State(backend): Desk, visitor: Visitor, of: Ref, request: Request) -> Told {
    let callback = reference(of)?;
    may_call_back(&backend, &visitor, callback).await?;
    wait(Action::Plain(Verb::Hold), request.uri().query())?;
    let by = operator(request.headers())?;
    let mut command = take(callback, &body(request, backend.limits.arrival).await?, by)?;
    sign(&mut command, &visitor);
    if let (Command::TakeCallback { seat, .. }, false) = (&command, visitor.who.trusted) {
        // Nobody is made to call by a colleague.
        let row = backend.views.board.seat(seat).ok_or_else(|| Fault::unfit(Unfit::NoSeat))?;
        visitor.may(Right::Seat, &Owned::seat(&row).object())?;
    }
    called_back(callback, backend.ask(command).await?)
}

pub(super) async fn end_callback(State(backend): Desk, visitor: Visitor, of: Ref, request: Request) -> Told {
    let callback = reference(of)?;
    may_call_back(&backend, &visitor, callback).await?;
    wait(Action::Plain(Verb::Hold), request.uri().query())?;
    let by = operator(request.headers())?;
    let mut command = end(callback, &body(request, backend.limits.arrival).await?, by)?;
    sign(&mut command, &visitor);
    called_back(callback, backend.ask(command).await?)
}

fn called_back(callback: CallRef, answer: Answer) -> Told {
    match answer {
        Answer::Done => Ok(json(StatusCode::OK, &object!({ "done": true }))),
        Answer::Unknown => Err(Fault::no_callback(callback)),
        Answer::Conflict { why } => Err(Fault::not_called_back(why)),
        _ => Err(Fault::strange()),
    }
}

/// One answer of the exchange as one outcome.
fn answered(call: CallRef, to: &str, answer: Answer) -> Told {
    match answer {
        Answer::Done => Ok(json(StatusCode::OK, &object!({ "done": true }))),
        Answer::Asked { transfer } => Ok(asked(call, transfer)),
        Answer::Conflict { why } => Err(Fault::conflict(why)),
        Answer::NotReachable => Err(Fault::not_reachable(to)),
        Answer::Forbidden => Err(Fault::forbidden()),
        Answer::Unknown => Err(Fault::unknown(call)),
        _ => Err(Fault::strange()),
    }
}

/// It has begun; the call's own address says what becomes of it.
fn asked(call: CallRef, transfer: u32) -> Response {
    let mut response = json(StatusCode::ACCEPTED, &object!({ "transfer": transfer, "call": call }));
    if let Ok(at) = HeaderValue::from_str(&format!("/api/v1/calls/{call}")) {
        response.headers_mut().insert(LOCATION, at);
    }
    response
}

/// Answers when the transfer has ended, or as without waiting when that takes too long.
async fn ended(backend: &Backend, call: CallRef, transfer: u32, wait: Duration) -> Told {
    match timeout(wait, backend.outcome(call, transfer)).await {
        Err(_) => Ok(asked(call, transfer)),
        Ok(outcome) => {
            let (result, cause) = outcome?;
            let mut told = object!({ "transfer": transfer, "call": call, "result": word(result) });
            if let (Some(cause), Some(told)) = (cause, told.as_object_mut()) {
                told.insert("cause".into(), object!(cause));
            }
            Ok(json(StatusCode::OK, &told))
        }
    }
}

/// A call that ended takes its transfers with it: its record has the rest.
fn word(result: Option<TransferResult>) -> serde_json::Value {
    result.map_or_else(|| object!("call_ended"), |result| object!(result))
}

pub(super) fn reference(of: Ref) -> Result<CallRef, Fault> {
    of.ok().and_then(|Path(text)| CallRef::parse(&text)).ok_or_else(|| {
        let words =
            ("通话编号应为 11 个字符，见 /api/v1/calls", "a call reference has 11 characters: see /api/v1/calls");
        Fault::malformed(StatusCode::BAD_REQUEST, "ref", words)
    })
}

/// `wait_s`, where there is something to wait for; nothing else stands in a query.
fn wait(action: Action, query: Option<&str>) -> Result<Option<Duration>, Fault> {
    let malformed = |field: &str, zh: String, en: String| {
        let field: String = field.chars().filter(|c| !c.is_control()).take(64).collect();
        Fault::malformed(StatusCode::UNPROCESSABLE_ENTITY, &field, (zh, en))
    };
    let mut wait = None;
    for pair in query.unwrap_or_default().split('&').filter(|p| !p.is_empty()) {
        match pair.split_once('=').unwrap_or((pair, "")) {
            ("wait_s", value) if action.goes_on() => {
                let seconds = value.parse().ok().filter(|s| (1..=WAIT).contains(s)).ok_or_else(|| {
                    let zh = format!("wait_s 应为 1 到 {WAIT} 的整数（秒）");
                    malformed("wait_s", zh, format!("wait_s is a whole number of seconds, 1 to {WAIT}"))
                })?;
                wait = Some(Duration::from_secs(seconds));
            }
            (other, _) => {
                return Err(malformed(other, "这里没有这个参数".into(), "there is no such parameter here".into()));
            }
        }
    }
    Ok(wait)
}

/// Who orders: a person at a backend behind some program, as that program says.
fn operator(headers: &HeaderMap) -> Result<String, Fault> {
    let Some(value) = headers.get("x-operator") else { return Ok(String::new()) };
    let text = std::str::from_utf8(value.as_bytes()).map_err(|_| {
        Fault::malformed(StatusCode::BAD_REQUEST, "X-Operator", ("X-Operator 应为 UTF-8", "X-Operator is UTF-8"))
    })?;
    plain("X-Operator", text, NAME)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_for_what_goes_on_and_within_its_range() {
        assert_eq!(wait(Action::ThreeWay, None).unwrap(), None);
        assert_eq!(wait(Action::Transfer, Some("wait_s=60")).unwrap(), Some(Duration::from_secs(60)));
        for query in ["wait_s=0", "wait_s=61", "wait_s=-1", "wait_s", "wait_s=1.5", "wait_s=99999999999999999999"] {
            assert_eq!(wait(Action::Transfer, Some(query)).unwrap_err().field.as_deref(), Some("wait_s"), "{query}");
        }
        assert_eq!(wait(Action::Transfer, Some("wiat_s=1")).unwrap_err().field.as_deref(), Some("wiat_s"));
        assert_eq!(wait(Action::Plain(Verb::Hold), Some("wait_s=1")).unwrap_err().field.as_deref(), Some("wait_s"));
    }

    #[test]
    fn an_operator_is_a_name_of_64_characters_at_most() {
        let headers = |value: &[u8]| {
            let mut headers = HeaderMap::new();
            headers.insert("x-operator", HeaderValue::from_bytes(value).unwrap());
            headers
        };
        assert_eq!(operator(&HeaderMap::new()).unwrap(), "");
        assert_eq!(operator(&headers("班长 王五".as_bytes())).unwrap(), "班长 王五");
        assert_eq!(operator(&headers("名".repeat(64).as_bytes())).unwrap().chars().count(), 64);
        assert_eq!(operator(&headers("名".repeat(65).as_bytes())).unwrap_err().field.as_deref(), Some("X-Operator"));
        assert_eq!(operator(&headers(b"\xd5\xc5")).unwrap_err().status, StatusCode::BAD_REQUEST);
    }
}
