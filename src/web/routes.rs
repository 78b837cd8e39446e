//! The addresses, and what each does.

use super::backend::Backend;
use super::body::{BODY, PLAN};
use super::fault::{Fault, Told, json, written};
use super::figures::{figures, trend};
use super::guard::guard;
use super::metrics::metrics;
use super::orders::{self, Ref};
use super::owned::{named, seen};
use super::verb::Action;
use super::visitor::Visitor;
use super::{
    accounts, condition, desk, document, files, health, journeys, numbers, owned, phones, plan, sessions, sound,
    stream, wall,
};
use crate::exchange::{Answer, CallRow, Command};
use crate::live::Listed;
use crate::transport::websocket::PATH;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{MethodRouter, delete, get, patch, post};
use serde_json::{Value, json as object};
use std::collections::BTreeMap;
use std::sync::Arc;

type Desk = State<Arc<Backend>>;

/// All addresses. Nothing is told to a client that is not known, not even which ones there are; but whether the process serves and is
/// ready, which whoever restarts it must know, pages, which have nothing in them, how one signs in, and telephones in pages, which
/// prove themselves by SIP.
pub(super) fn router(backend: &Arc<Backend>) -> Router {
    let router = floor().merge(records()).merge(people()).merge(operators());
    let closed = from_fn_with_state(Arc::clone(backend), guard);
    router
        .fallback(async || Fault::no_such_path())
        .method_not_allowed_fallback(async || Fault::method())
        .layer(closed.clone())
        // Behind the guard: a layer stands before what was added until then.
        .route(
            "/api/v1/session",
            get(sessions::own)
                .delete(sessions::sign_out)
                .layer(closed)
                .post(sessions::sign_in)
                .fallback(async || Fault::method()),
        )
        .route("/api/v1/join/look", post(sessions::look).fallback(async || Fault::method()))
        .route("/api/v1/join", post(sessions::join).fallback(async || Fault::method()))
        .route("/healthz", get(health::alive).fallback(async || Fault::method()))
        .route("/readyz", get(health::ready).fallback(async || Fault::method()))
        // Whoever has not proved himself sends no more than others either.
        .layer(DefaultBodyLimit::max(BODY))
        .route(PATH, get(phones::open).fallback(async || Fault::method()))
        .merge(files::router())
        .with_state(Arc::clone(backend))
}

/// Longer bodies are taken where the texts of a plan come.
fn texts(method: MethodRouter<Arc<Backend>>) -> MethodRouter<Arc<Backend>> {
    method.layer(DefaultBodyLimit::max(PLAN))
}

/// What operators look after.
fn operators() -> Router<Arc<Backend>> {
    Router::new()
        .route("/api/v1/health", get(condition::health))
        .route("/api/v1/plan", get(plan::in_force))
        .route("/api/v1/plan/history", get(plan::history))
        .route("/api/v1/plan/numbers", get(numbers::numbers))
        .route("/api/v1/plan/why", get(plan::why))
        .route("/api/v1/plan/duties", get(plan::duties))
        .route("/api/v1/plan/files", get(plan::files))
        .route("/api/v1/plan/check", texts(post(plan::check)))
        .route("/api/v1/plan/compare", texts(post(plan::compare)))
        .route("/api/v1/plan/diff", texts(post(plan::compare)))
        .route("/api/v1/plan/write", texts(post(plan::write)))
        .route("/api/v1/plan/apply", post(plan::apply))
        .route("/api/v1/plan/rollback", post(plan::roll_back))
}

async fn status(State(backend): Desk) -> Told {
    match backend.ask(Command::Status).await? {
        Answer::Status(status) => Ok(json(StatusCode::OK, &status)),
        _ => Err(Fault::strange()),
    }
}

async fn calls(State(backend): Desk, visitor: Visitor) -> Response {
    let board = &backend.views.board;
    if visitor.who.trusted {
        return written(board.list(Listed::Calls));
    }
    let rows: Vec<CallRow> = board.calls().iter().filter_map(|row| seen(row, board, &visitor)).collect();
    json(StatusCode::OK, &object!({ "calls": rows }))
}

async fn seats(State(backend): Desk, visitor: Visitor) -> Response {
    let board = &backend.views.board;
    if visitor.who.trusted {
        return written(board.list(Listed::Seats));
    }
    let rows = board.seats();
    let rows: Vec<Value> = owned::seats(&rows, &visitor).map(|row| named(row, &backend, &visitor)).collect();
    json(StatusCode::OK, &object!({ "seats": rows }))
}

async fn groups(State(backend): Desk, visitor: Visitor) -> Response {
    let board = &backend.views.board;
    if visitor.who.trusted {
        return written(board.list(Listed::Groups));
    }
    json(StatusCode::OK, &object!({ "groups": owned::groups(board, &visitor) }))
}

async fn trunks(State(backend): Desk) -> Told {
    match backend.ask(Command::Trunks).await? {
        Answer::Trunks { trunks } => {
            let trunks = condition::titled(&trunks, &backend.views.plan.load().plan);
            Ok(json(StatusCode::OK, &BTreeMap::from([("trunks", trunks)])))
        }
        _ => Err(Fault::strange()),
    }
}

/// The floor as it is, and orders about it.
fn floor() -> Router<Arc<Backend>> {
    let mut router = Router::new()
        .route("/api/v1/status", get(status))
        .route("/api/v1/calls", get(calls))
        .route("/api/v1/calls/{ref}", get(orders::call).delete(orders::hang_up))
        .route("/api/v1/calls/{ref}/why", get(orders::why))
        .route("/api/v1/seats", get(seats))
        .route("/api/v1/seats/{seat}", post(orders::set_seat))
        .route("/api/v1/callbacks", get(orders::callbacks))
        .route("/api/v1/callbacks/{ref}/take", post(orders::take_callback))
        .route("/api/v1/callbacks/{ref}/done", post(orders::end_callback))
        .route("/api/v1/groups", get(groups))
        .route("/api/v1/groups/{group}", post(orders::set_group))
        .route("/api/v1/trunks", get(trunks))
        .route("/api/v1/live", get(stream::live))
        .route("/api/v1/seats/{seat}/message", post(desk::message));
    for (word, action) in Action::ALL {
        let order = move |backend: Desk, visitor: Visitor, of: Ref, request: Request| {
            orders::order(backend, action, visitor, of, request)
        };
        router = router.route(&format!("/api/v1/calls/{{ref}}/{word}"), post(order));
    }
    router
}

/// What has been: records, figures, alarms.
fn records() -> Router<Arc<Backend>> {
    Router::new()
        .route("/api/v1/figures", get(figures))
        .route("/api/v1/figures/transfers", get(journeys::transfers))
        .route("/api/v1/figures/trend", get(trend))
        .route("/api/v1/calls/{ref}/earlier", get(journeys::earlier))
        .route("/api/v1/journeys", get(journeys::list))
        .route("/api/v1/journeys/{ref}", get(journeys::one))
        .route("/api/v1/journeys/{ref}/unmask", post(journeys::unmask))
        .route("/api/v1/journeys/{ref}/ladder", get(journeys::ladder))
        .route("/api/v1/journeys/{ref}/recording", get(sound::recording))
        .route("/api/v1/journeys/{ref}/waveform", get(sound::waveform))
        .route("/api/v1/alarms", get(wall::alarms))
        .route("/api/v1/alarms/{id}/acknowledge", post(wall::acknowledge))
        .route("/api/v1/wall", get(wall::wall))
        .route("/metrics", get(metrics))
}

/// Who people are, what they work with, and what they have done.
fn people() -> Router<Arc<Backend>> {
    Router::new()
        .route("/api/v1/desk/live", get(desk::live))
        .route("/api/v1/desk/words", get(desk::words))
        .route("/api/v1/desk/day", get(desk::day))
        .route("/api/v1/desk/messages/{id}/seen", post(desk::seen_word))
        .route("/api/v1/phone", post(desk::phone))
        .route("/api/v1/session/password", post(sessions::password))
        .route("/api/v1/session/lang", post(sessions::lang))
        .route("/api/v1/session/secrecy", post(sessions::secrecy))
        .route("/api/v1/session/second", get(sessions::second).post(sessions::take_second))
        .route("/api/v1/session/second/off", post(sessions::drop_second))
        .route("/api/v1/accounts", get(accounts::list).post(accounts::add))
        .route("/api/v1/accounts/{name}", patch(accounts::change))
        .route("/api/v1/accounts/{name}/reset", post(accounts::reset))
        .route("/api/v1/accounts/{name}/token", post(accounts::token))
        .route("/api/v1/accounts/{name}/tokens/{program}", delete(accounts::untoken))
        .route("/api/v1/audit", get(accounts::audit))
        .route("/api/v1/audit/export", get(accounts::export))
        .route("/api/v1/openapi.json", get(document::openapi))
}
