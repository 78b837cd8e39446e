//! The addresses of the API, and what each does.

use super::backend::Backend;
use super::body::plain;
use super::fault::{Fault, Told, json, written};
use super::figures::figures;
use super::health;
use super::limits::WAIT;
use super::metrics::metrics;
use super::phones;
use super::stream;
use super::verb::{Action, disaster, end, set, take};
use crate::admin::NAME;
use crate::call::Unfit;
use crate::exchange::{Answer, Command, Verb};
use crate::fact::TransferResult;
use crate::id::{CallRef, GroupId, SeatId};
use crate::live::Listed;
use crate::transport::websocket::PATH;
use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{DefaultBodyLimit, FromRequest, Path, Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::json as object;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// Longest body, bytes.
const BODY: usize = 16 << 10;

type Ref = Result<Path<String>, PathRejection>;

/// All addresses. Nothing is told to a client that does not know the token, not even which ones there are; but whether the process
/// serves and is ready, which whoever restarts it must know, and telephones in pages, which prove themselves by SIP.
pub(super) fn router(backend: &Arc<Backend>) -> Router {
    let mut router = Router::new()
        .route("/api/v1/status", get(status))
        .route("/api/v1/calls", get(calls))
        .route("/api/v1/calls/{ref}", get(call).delete(hang_up))
        .route("/api/v1/calls/{ref}/why", get(why))
        .route("/api/v1/seats", get(seats))
        .route("/api/v1/seats/{seat}", post(set_seat))
        .route("/api/v1/callbacks", get(callbacks))
        .route("/api/v1/callbacks/{ref}/take", post(take_callback))
        .route("/api/v1/callbacks/{ref}/done", post(end_callback))
        .route("/api/v1/groups", get(groups))
        .route("/api/v1/groups/{group}", post(set_group))
        .route("/api/v1/trunks", get(trunks))
        .route("/api/v1/live", get(stream::live))
        .route("/api/v1/figures", get(figures))
        .route("/metrics", get(metrics));
    for (word, action) in Action::ALL {
        let order = move |backend: State<Arc<Backend>>, of: Ref, request: Request| order(backend, action, of, request);
        router = router.route(&format!("/api/v1/calls/{{ref}}/{word}"), post(order));
    }
    router
        .fallback(async || Fault::no_such_path())
        .method_not_allowed_fallback(async || Fault::method())
        .layer(DefaultBodyLimit::max(BODY))
        .layer(from_fn_with_state(Arc::clone(backend), guard))
        // Behind the guard: a layer stands before what was added until then.
        .route("/healthz", get(health::alive).fallback(async || Fault::method()))
        .route("/readyz", get(health::ready).fallback(async || Fault::method()))
        .route(PATH, get(phones::open).fallback(async || Fault::method()))
        .with_state(Arc::clone(backend))
}

/// Bearer token, RFC 6750 §2.1; the scheme's case is free (RFC 9110 §11.1).
async fn guard(State(backend): State<Arc<Backend>>, request: Request, next: Next) -> Response {
    let shown = request.headers().get(AUTHORIZATION).and_then(|value| {
        let (scheme, token) = value.as_bytes().split_at_checked(7)?;
        scheme.eq_ignore_ascii_case(b"bearer ").then(|| token.trim_ascii())
    });
    if shown.is_some_and(|token| backend.knows(token)) {
        next.run(request).await
    } else {
        tracing::debug!(path = request.uri().path(), "an API request without the token");
        Fault::unauthorized().into_response()
    }
}

async fn status(State(backend): State<Arc<Backend>>) -> Told {
    match backend.ask(Command::Status).await? {
        Answer::Status(status) => Ok(json(StatusCode::OK, &status)),
        _ => Err(Fault::strange()),
    }
}

async fn calls(State(backend): State<Arc<Backend>>) -> Response {
    written(backend.views.board.list(Listed::Calls))
}

async fn seats(State(backend): State<Arc<Backend>>) -> Response {
    written(backend.views.board.list(Listed::Seats))
}

async fn groups(State(backend): State<Arc<Backend>>) -> Response {
    written(backend.views.board.list(Listed::Groups))
}

async fn trunks(State(backend): State<Arc<Backend>>) -> Told {
    match backend.ask(Command::Trunks).await? {
        Answer::Trunks { trunks } => Ok(json(StatusCode::OK, &BTreeMap::from([("trunks", trunks)]))),
        _ => Err(Fault::strange()),
    }
}

async fn call(State(backend): State<Arc<Backend>>, of: Ref) -> Told {
    let call = reference(of)?;
    let row = backend.call(call).await?.ok_or_else(|| Fault::unknown(call))?;
    Ok(json(StatusCode::OK, &row))
}

async fn hang_up(State(backend): State<Arc<Backend>>, of: Ref) -> Told {
    let call = reference(of)?;
    answered(call, "", backend.ask(Command::HangUp { call }).await?)
}

async fn order(State(backend): State<Arc<Backend>>, action: Action, of: Ref, request: Request) -> Told {
    let call = reference(of)?;
    let wait = wait(action, request.uri().query())?;
    let by = operator(request.headers())?;
    let command = action.command(call, &body(request, backend.limits.arrival).await?, by)?;
    let to = if let Command::Transfer { to, .. } = &command { to.clone() } else { String::new() };
    let asked = backend.ask(command).await?;
    match (wait, &asked) {
        (Some(wait), Answer::Asked { transfer }) => ended(&backend, call, *transfer, wait).await,
        _ => answered(call, &to, asked),
    }
}

/// Signs a person in at a seat, and sets the seat's state.
async fn set_seat(State(backend): State<Arc<Backend>>, of: Ref, request: Request) -> Told {
    let seat = of.map_err(|_| Fault::unfit(Unfit::NoSeat))?.0;
    wait(Action::Plain(Verb::Hold), request.uri().query())?;
    let by = operator(request.headers())?;
    let command = set(SeatId::from(seat), &body(request, backend.limits.arrival).await?, by)?;
    match backend.ask(command).await? {
        Answer::Done => Ok(json(StatusCode::OK, &object!({ "done": true }))),
        Answer::Unfit { why } => Err(Fault::unfit(why)),
        _ => Err(Fault::strange()),
    }
}

async fn set_group(State(backend): State<Arc<Backend>>, of: Ref, request: Request) -> Told {
    let group = of.map_err(|_| Fault::no_group())?.0;
    wait(Action::Plain(Verb::Hold), request.uri().query())?;
    let by = operator(request.headers())?;
    let command = disaster(GroupId::from(group), &body(request, backend.limits.arrival).await?, by)?;
    match backend.ask(command).await? {
        Answer::Done => Ok(json(StatusCode::OK, &object!({ "done": true }))),
        Answer::Unknown => Err(Fault::no_group()),
        _ => Err(Fault::strange()),
    }
}

async fn why(State(backend): State<Arc<Backend>>, of: Ref) -> Told {
    let call = reference(of)?;
    match backend.ask(Command::Why { call }).await? {
        Answer::Why { why } => Ok(json(StatusCode::OK, &why)),
        Answer::Unknown => Err(Fault::unknown(call)),
        Answer::Conflict { why } => Err(Fault::conflict(why)),
        _ => Err(Fault::strange()),
    }
}

async fn callbacks(State(backend): State<Arc<Backend>>) -> Told {
    match backend.ask(Command::Callbacks).await? {
        Answer::Callbacks { callbacks } => Ok(json(StatusCode::OK, &BTreeMap::from([("callbacks", callbacks)]))),
        _ => Err(Fault::strange()),
    }
}

async fn take_callback(State(backend): State<Arc<Backend>>, of: Ref, request: Request) -> Told {
    let callback = reference(of)?;
    wait(Action::Plain(Verb::Hold), request.uri().query())?;
    let by = operator(request.headers())?;
    let command = take(callback, &body(request, backend.limits.arrival).await?, by)?;
    called_back(callback, backend.ask(command).await?)
}

async fn end_callback(State(backend): State<Arc<Backend>>, of: Ref, request: Request) -> Told {
    let callback = reference(of)?;
    wait(Action::Plain(Verb::Hold), request.uri().query())?;
    let by = operator(request.headers())?;
    let command = end(callback, &body(request, backend.limits.arrival).await?, by)?;
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

fn reference(of: Ref) -> Result<CallRef, Fault> {
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

/// The body, in time and within its limit.
async fn body(request: Request, arrival: Duration) -> Result<Bytes, Fault> {
    let kind = request.headers().get(CONTENT_TYPE).cloned();
    let body = timeout(arrival, Bytes::from_request(request, &())).await.map_err(|_| Fault::slow())?;
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Fault::too_large(BODY),
        _ => Fault::malformed(StatusCode::BAD_REQUEST, "body", ("请求体没有传完", "the body broke off")),
    })?;
    if !body.is_empty() && !kind.is_some_and(|kind| is_json(&kind)) {
        return Err(Fault::media_type());
    }
    Ok(body)
}

/// `application/json`, whatever its parameters (RFC 8259 §11 has none).
fn is_json(kind: &HeaderValue) -> bool {
    let essence = kind.as_bytes().split(|b| *b == b';').next().unwrap_or_default();
    essence.trim_ascii().eq_ignore_ascii_case(b"application/json")
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
    fn json_is_told_by_its_type_alone() {
        for kind in ["application/json", "Application/JSON; charset=utf-8", "application/json;"] {
            assert!(is_json(&HeaderValue::from_static(kind)), "{kind}");
        }
        for kind in ["", "text/json", "application/jsonp", "application/x-www-form-urlencoded"] {
            assert!(!is_json(&HeaderValue::from_static(kind)), "{kind}");
        }
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
