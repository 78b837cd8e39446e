//! `GET /live`: calls, seats and groups, and then what changes. A program that is trusted sees all of it as it is; a person sees what is
//! his to see, with numbers masked.

use super::backend::Backend;
use super::fault::Fault;
use super::feed::{self, View};
use super::owned::{groups, named, seats, seen};
use super::visitor::Visitor;
use super::wire::Asked;
use crate::id::CallRef;
use crate::live::Delta;
use axum::extract::State;
use axum::response::Response;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::future::pending;
use std::sync::Arc;

pub(super) async fn live(
    State(backend): State<Arc<Backend>>,
    visitor: Visitor,
    asked: Asked,
) -> Result<Response, Fault> {
    if visitor.who.trusted {
        return feed::open(Arc::clone(&backend), visitor, asked, Whole(backend));
    }
    let view = Part { backend: Arc::clone(&backend), visitor: visitor.clone(), shown: BTreeSet::new(), before: 0 };
    feed::open(backend, visitor, asked, view)
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
    /// The calls that he has been shown.
    shown: BTreeSet<CallRef>,
    /// Up to this number he may have been shown others, before he came again.
    before: u64,
}

impl View for Part {
    fn snapshot(&mut self) -> (u64, Value) {
        let board = &self.backend.views.board;
        let seq = board.seq();
        let calls: Vec<_> = board.calls().iter().filter_map(|row| seen(row, board, &self.visitor)).collect();
        self.shown = calls.iter().map(|row| row.call).collect();
        let rows = board.seats();
        let seats: Vec<Value> =
            seats(&rows, &self.visitor).map(|row| named(row, &self.backend, &self.visitor)).collect();
        let groups = groups(board, &self.visitor);
        (seq, json!({ "snapshot": true, "seq": seq, "calls": calls, "seats": seats, "groups": groups }))
    }

    fn change(&mut self, delta: &Delta) -> Option<Arc<str>> {
        let (board, rows) = (&self.backend.views.board, &delta.rows);
        let mut document = Map::from_iter([("seq".to_owned(), json!(delta.seq))]);
        let calls: Vec<_> = rows.calls.iter().filter_map(|row| seen(row, board, &self.visitor)).collect();
        // A call that is his no more is over for him; of one that never was he does not hear.
        let gone = rows.calls.iter().filter(|row| calls.iter().all(|shown| shown.call != row.call)).map(|row| row.call);
        let over = rows.over.iter().copied().chain(gone);
        let over: Vec<_> = over.filter(|call| self.shown.remove(call) || delta.seq <= self.before).collect();
        self.shown.extend(calls.iter().map(|row| row.call));
        if !calls.is_empty() {
            document.insert("calls".into(), json!(calls));
        }
        if !over.is_empty() {
            document.insert("over".into(), json!(over));
        }
        let seats: Vec<Value> =
            seats(&rows.seats, &self.visitor).map(|row| named(row, &self.backend, &self.visitor)).collect();
        if !seats.is_empty() {
            document.insert("seats".into(), json!(seats));
        }
        if rows.groups {
            document.insert("groups".into(), groups(board, &self.visitor));
        }
        Some(Value::Object(document).to_string().into())
    }

    fn resume(&mut self) -> Vec<Arc<str>> {
        let board = &self.backend.views.board;
        self.before = board.seq();
        self.shown =
            board.calls().iter().filter_map(|row| seen(row, board, &self.visitor)).map(|row| row.call).collect();
        Vec::new()
    }

    async fn other(&mut self) -> Option<Arc<str>> {
        pending().await
    }

    fn beats(&self) -> bool {
        true
    }
}
