//! `GET /live`: calls, seats and groups, and then what changes. A program that is trusted sees all of it as it is; a person sees what is
//! his to see, with numbers masked.

use super::backend::Backend;
use super::fault::Fault;
use super::feed::{self, View};
use super::owned::{named, seen};
use super::visitor::Visitor;
use crate::live::Delta;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use serde_json::{Map, Value, json};
use std::future::pending;
use std::sync::Arc;

pub(super) async fn live(
    State(backend): State<Arc<Backend>>,
    visitor: Visitor,
    RawQuery(query): RawQuery,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Fault> {
    if visitor.who.trusted {
        return feed::open(Arc::clone(&backend), visitor, query.as_deref(), upgrade, Whole(backend));
    }
    let view = Part { backend: Arc::clone(&backend), visitor: visitor.clone() };
    feed::open(backend, visitor, query.as_deref(), upgrade, view)
}

/// Everything, as it is written down once for all.
struct Whole(Arc<Backend>);

impl View for Whole {
    fn snapshot(&mut self) -> (u64, Value) {
        self.0.views.board.snapshot()
    }

    fn change(&mut self, delta: &Delta) -> Option<Arc<str>> {
        Some(Arc::clone(&delta.json))
    }

    async fn other(&mut self) -> Option<Arc<str>> {
        pending().await
    }

    fn beats(&self) -> bool {
        false
    }
}

/// What a person may see of it.
struct Part {
    backend: Arc<Backend>,
    visitor: Visitor,
}

impl View for Part {
    fn snapshot(&mut self) -> (u64, Value) {
        let board = &self.backend.views.board;
        let seq = board.seq();
        let calls: Vec<_> = board.calls().iter().filter_map(|row| seen(row, board, &self.visitor)).collect();
        let seats: Vec<Value> = board.seats().iter().map(|row| named(row, &self.backend)).collect();
        let groups = board.groups();
        (seq, json!({ "snapshot": true, "seq": seq, "calls": calls, "seats": seats, "groups": *groups }))
    }

    fn change(&mut self, delta: &Delta) -> Option<Arc<str>> {
        let (board, rows) = (&self.backend.views.board, &delta.rows);
        let mut document = Map::from_iter([("seq".to_owned(), json!(delta.seq))]);
        let calls: Vec<_> = rows.calls.iter().filter_map(|row| seen(row, board, &self.visitor)).collect();
        // A call that is his no more is over for him.
        let gone = rows.calls.iter().filter(|row| calls.iter().all(|shown| shown.call != row.call)).map(|row| row.call);
        let over: Vec<_> = rows.over.iter().copied().chain(gone).collect();
        if !calls.is_empty() {
            document.insert("calls".into(), json!(calls));
        }
        if !over.is_empty() {
            document.insert("over".into(), json!(over));
        }
        if !rows.seats.is_empty() {
            let seats: Vec<Value> = rows.seats.iter().map(|row| named(row, &self.backend)).collect();
            document.insert("seats".into(), json!(seats));
        }
        if rows.groups {
            document.insert("groups".into(), json!(*board.groups()));
        }
        Some(Value::Object(document).to_string().into())
    }

    async fn other(&mut self) -> Option<Arc<str>> {
        pending().await
    }

    fn beats(&self) -> bool {
        true
    }
}
