//! An agent's work place: his seat, the calls in his hands, whom he can bring in; and the telephone in his page.

use super::backend::Backend;
use super::body::{Fields, body};
use super::fault::{Fault, Told, json};
use super::feed::{self, View};
use super::notes::Note;
use super::orders::Ref;
use super::owned::{Owned, named, seen};
use super::visitor::Visitor;
use crate::access::{Outcome, Right};
use crate::admin::NOTE;
use crate::call::{Role, Unfit};
use crate::exchange::{Answer, CallRow, Command, PartyRow, SeatRow, Secret};
use crate::id::{AgentId, CallRef, SeatId};
use crate::live::Delta;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{RawQuery, Request, State};
use axum::http::StatusCode;
use axum::http::header::HOST;
use axum::response::Response;
use serde_json::{Map, Value, json as object};
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};

/// How long a telephone's credential holds, s; the page asks for another one at half of it.
const CREDENTIAL: u32 = 600;
/// Longest seat, characters.
const SEAT: usize = 16;
/// Why a recording is paused, as a page offers it.
const PAUSES: [&str; 3] = ["支付信息", "证件号码", "其他"];

type Desk = State<Arc<Backend>>;

pub(super) async fn live(
    State(backend): Desk,
    visitor: Visitor,
    RawQuery(query): RawQuery,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Fault> {
    let view = Own::new(Arc::clone(&backend), visitor.clone());
    feed::open(backend, visitor, query.as_deref(), upgrade, view)
}

/// What an agent follows.
struct Own {
    backend: Arc<Backend>,
    visitor: Visitor,
    agent: Option<AgentId>,
    /// Where he sits.
    seat: Option<SeatId>,
    /// The calls that he has been shown.
    shown: BTreeSet<CallRef>,
    panel: watch::Receiver<Arc<str>>,
    notes: broadcast::Receiver<Arc<Note>>,
}

impl Own {
    fn new(backend: Arc<Backend>, visitor: Visitor) -> Self {
        let (panel, notes) = (backend.panel.subscribe(), backend.notes.subscribe());
        let agent = visitor.who.agent.clone();
        Self { backend, visitor, agent, seat: None, shown: BTreeSet::new(), panel, notes }
    }

    /// His calls, as he sees them.
    fn calls(&mut self) -> Vec<CallRow> {
        let board = Arc::clone(&self.backend.views.board);
        let rows: Vec<CallRow> = board.calls().iter().filter_map(|row| self.own(row)).collect();
        self.shown = rows.iter().map(|row| row.call).collect();
        rows
    }

    fn own(&self, row: &CallRow) -> Option<CallRow> {
        let seat = self.seat.as_ref()?;
        let in_it = |party: &PartyRow| party.role != Role::Caller && party.who == seat.as_str();
        (row.from_seat.as_ref() == Some(seat) || row.parties.iter().any(in_it)).then_some(())?;
        seen(row, &self.backend.views.board, &self.visitor)
    }

    /// Looks where he sits.
    fn sit(&mut self) -> Option<Arc<SeatRow>> {
        let row = self.agent.as_ref().and_then(|agent| self.backend.views.board.seat_of(agent));
        self.seat = row.as_ref().map(|row| row.seat.clone());
        row
    }

    fn holder(&self) -> Value {
        object!({ "holder": self.seat.as_ref().and_then(|seat| self.backend.notes.holder(seat)) })
    }
}

impl View for Own {
    fn snapshot(&mut self) -> (u64, Value) {
        let seq = self.backend.views.board.seq();
        let row = self.sit();
        let who = &self.visitor.who;
        let me = object!({ "account": who.name, "agent": who.agent, "title": who.title });
        let calls = self.calls();
        let row = row.as_ref().map(|row| named(row, &self.backend));
        let panel: Value = serde_json::from_str(&self.panel.borrow_and_update()).unwrap_or(Value::Null);
        let panel = panel.get("panel").cloned().unwrap_or(Value::Null);
        let mut document =
            object!({ "snapshot": true, "seq": seq, "me": me, "seat": row, "calls": calls, "panel": panel });
        if let (Some(document), Value::Object(holder)) = (document.as_object_mut(), self.holder()) {
            document.extend(holder);
        }
        (seq, document)
    }

    fn resume(&mut self) -> Vec<Arc<str>> {
        self.sit();
        self.calls();
        let panel = self.panel.borrow_and_update().clone();
        vec![panel, self.holder().to_string().into()]
    }

    fn change(&mut self, delta: &Delta) -> Option<Arc<str>> {
        let rows = Arc::clone(&delta.rows);
        let mut document = Map::new();
        let mine = |row: &&Arc<SeatRow>| row.agent.is_some() && row.agent == self.agent;
        let his = rows.seats.iter().rev().find(mine).cloned();
        let left = self.seat.as_ref().is_some_and(|seat| rows.seats.iter().any(|row| row.seat == *seat));
        let moved = match &his {
            Some(row) => self.seat.as_ref() != Some(&row.seat),
            None => left,
        };
        if his.is_some() || left {
            self.seat = his.as_ref().map(|row| row.seat.clone());
            document.insert("seat".into(), object!(his.as_ref().map(|row| named(row, &self.backend))));
        }
        let before = std::mem::take(&mut self.shown);
        let calls = if moved { self.calls() } else { rows.calls.iter().filter_map(|row| self.own(row)).collect() };
        let here: BTreeSet<CallRef> = calls.iter().map(|row| row.call).collect();
        let told = |call: &CallRef| moved || rows.over.contains(call) || rows.calls.iter().any(|row| row.call == *call);
        let over: Vec<CallRef> = before.iter().filter(|call| told(call) && !here.contains(call)).copied().collect();
        self.shown = before.into_iter().filter(|call| !over.contains(call)).chain(here).collect();
        if !calls.is_empty() {
            document.insert("calls".into(), object!(calls));
        }
        if !over.is_empty() {
            document.insert("over".into(), object!(over));
        }
        if moved && let Value::Object(holder) = self.holder() {
            document.extend(holder);
        }
        if document.is_empty() {
            return None;
        }
        document.insert("seq".into(), object!(delta.seq));
        Some(Value::Object(document).to_string().into())
    }

    async fn other(&mut self) -> Option<Arc<str>> {
        tokio::select! {
            changed = self.panel.changed() => {
                if changed.is_err() {
                    return std::future::pending().await;
                }
                Some(self.panel.borrow_and_update().clone())
            }
            note = self.notes.recv() => match note {
                Ok(note) => (self.seat.as_ref() == Some(&note.seat)).then(|| Arc::clone(&note.text)),
                // What was missed is who has the telephone now.
                Err(RecvError::Lagged(_)) => Some(self.holder().to_string().into()),
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
    }

    fn beats(&self) -> bool {
        true
    }
}

/// What a page offers: words, and the seats that are free to be signed in to.
pub(super) async fn words(State(backend): Desk, visitor: Visitor) -> Response {
    let own = visitor.own_seat(&backend.people);
    let his = |row: &SeatRow| !row.groups.is_empty() || own.as_ref() == Some(&row.seat);
    let free = |row: &&Arc<SeatRow>| his(row) && (row.agent.is_none() || row.agent == visitor.who.agent);
    let seats: Vec<SeatId> = backend.views.board.seats().iter().filter(free).map(|row| row.seat.clone()).collect();
    let breaks = &backend.views.house.breaks;
    json(StatusCode::OK, &object!({ "breaks": breaks, "record_pauses": PAUSES, "seats": seats }))
}

/// A word of the supervisor to whoever sits there.
pub(super) async fn message(State(backend): Desk, visitor: Visitor, of: Ref, request: Request) -> Told {
    let seat = SeatId::from(of.map_err(|_| Fault::unfit(Unfit::NoSeat))?.0);
    let row = backend.views.board.seat(&seat).ok_or_else(|| Fault::unfit(Unfit::NoSeat))?;
    visitor.may(Right::Message, &Owned::seat(&row).object())?;
    let mut fields = Fields::read(&body(request, backend.limits.arrival).await?)?;
    let text = fields.required("text", NOTE)?;
    fields.finish()?;
    let at = backend.views.clock.now().wall;
    let told = object!({ "from": visitor.who.title, "text": text, "at": at });
    backend.notes.say(&seat, &object!({ "message": told }));
    let noted = ("message", seat.as_str(), &*text);
    backend.note(&visitor, noted, Outcome::Done)?;
    Ok(json(StatusCode::OK, &object!({ "done": true })))
}

/// A credential for the telephone in a page. Whoever asks last has the seat's telephone; the others are told.
pub(super) async fn phone(State(backend): Desk, visitor: Visitor, request: Request) -> Told {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let domain = host.rsplit_once(':').map_or(host, |(name, _)| name).to_owned();
    let mut fields = Fields::read(&body(request, backend.limits.arrival).await?)?;
    let (seat, holder) = (SeatId::from(fields.required("seat", SEAT)?), fields.text("holder", SEAT)?);
    fields.finish()?;
    let row = backend.views.board.seat(&seat).ok_or_else(|| Fault::unfit(Unfit::NoSeat))?;
    let own = visitor.own_seat(&backend.people).is_some_and(|own| own == seat);
    // A seat of no group is a supervisor's, or nobody's to work at.
    let free = row.agent.is_none() && !row.groups.is_empty() && visitor.who.agent.is_some();
    let mut owned = Owned::seat(&row);
    if own || free {
        owned.belongs(visitor.who.agent.as_ref());
    }
    if !(own || visitor.who.trusted) {
        visitor.may(Right::Phone, &owned.object())?;
    }
    let password = super::people::secret();
    let lend = Command::Lend { seat: seat.clone(), password: Secret(password.clone()), seconds: CREDENTIAL };
    let Answer::Done = backend.ask(lend).await? else { return Err(Fault::unfit(Unfit::NoSeat)) };
    let holder = backend.notes.held(&seat, holder.parse().ok());
    Ok(json(
        StatusCode::OK,
        &object!({
            "user": seat, "password": password, "domain": domain, "realm": backend.views.house.realm, "ws": "/sip",
            "expires_s": CREDENTIAL, "holder": holder, "auto_answer": false,
        }),
    ))
}
