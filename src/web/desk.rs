//! An agent's work place: his seat, the calls in his hands, whom he can bring in; and the telephone in his page.

use super::backend::Backend;
use super::body::{Fields, body};
use super::fault::{Fault, Told, json};
use super::feed::{self, View};
use super::notes::{Note, Page};
use super::orders::Ref;
use super::owned::{Owned, named, seen};
use super::shown::Shown;
use super::visitor::Visitor;
use super::wire::Asked;
use crate::access::{Outcome, Right};
use crate::admin::NOTE;
use crate::call::{Role, Unfit};
use crate::exchange::{Answer, CallRow, Command, PartyRow, SeatRow, Secret};
use crate::id::{AgentId, CallRef, SeatId};
use crate::ledger::figures::{Hour, Offers, Who};
use crate::live::Delta;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::http::header::HOST;
use axum::response::Response;
use serde_json::{Map, Value, json as object};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};
use tokio::time::{Instant, sleep_until};

/// How long a telephone's credential holds, s; the page asks for another one at half of it.
const CREDENTIAL: u32 = 600;
/// Longest seat, characters.
const SEAT: usize = 16;
/// Pages are told of the panel one after another: so far apart, and so many before it begins again.
const PHASE: Duration = Duration::from_millis(10);
const PHASES: u32 = 50;
/// Why a recording is paused, as a page offers it.
const PAUSES: [&str; 3] = ["支付信息", "证件号码", "其他"];

type Desk = State<Arc<Backend>>;

pub(super) async fn live(State(backend): Desk, visitor: Visitor, asked: Asked) -> Result<Response, Fault> {
    let view = Own::new(Arc::clone(&backend), visitor.clone());
    feed::open(backend, visitor, asked, view)
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
    /// Up to this number he may have been shown others, before he came again.
    before: u64,
    panel: watch::Receiver<Arc<Shown>>,
    /// The panel that he has, and when he is told of the next one.
    has: u64,
    due: Option<Instant>,
    /// His share of the second in which all are told: not all at once, beside the calls.
    phase: Duration,
    notes: broadcast::Receiver<Arc<Note>>,
    _page: Option<Page>,
}

impl Own {
    fn new(backend: Arc<Backend>, visitor: Visitor) -> Self {
        let (panel, notes) = (backend.panel.subscribe(), backend.notes.subscribe());
        let agent = visitor.who.agent.clone();
        let _page = agent.as_ref().map(|agent| backend.notes.opens(agent));
        let phase = PHASE * (backend.notes.turn() % PHASES);
        let (has, due) = (0, None);
        Self {
            backend,
            visitor,
            agent,
            seat: None,
            shown: BTreeSet::new(),
            before: 0,
            panel,
            has,
            due,
            phase,
            notes,
            _page,
        }
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

    /// All of the panel: from here on he is told what changes.
    fn whole_panel(&mut self) -> Arc<str> {
        let shown = Arc::clone(&self.panel.borrow_and_update());
        (self.has, self.due) = (shown.number, None);
        Arc::clone(&shown.whole)
    }

    /// What has changed since the panel that he has; all, where he has missed one.
    fn next_panel(&mut self) -> Arc<str> {
        let shown = Arc::clone(&self.panel.borrow_and_update());
        let text = if shown.number == self.has + 1 { &shown.changed } else { &shown.whole };
        self.has = shown.number;
        Arc::clone(text)
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
        let row = row.as_ref().map(|row| named(row, &self.backend, &self.visitor));
        let shown = self.whole_panel();
        let panel: Value = serde_json::from_str(&shown).unwrap_or(Value::Null);
        let panel = panel.get("panel").cloned().unwrap_or(Value::Null);
        let mut document =
            object!({ "snapshot": true, "seq": seq, "me": me, "seat": row, "calls": calls, "panel": panel });
        let words = self.backend.notes.waiting(self.agent.as_ref());
        if let (Some(document), Value::Object(holder)) = (document.as_object_mut(), self.holder()) {
            document.extend(holder);
            document.insert("messages".into(), words.into());
        }
        (seq, document)
    }

    fn resume(&mut self) -> Vec<Arc<str>> {
        self.sit();
        self.calls();
        self.before = self.backend.views.board.seq();
        let panel = self.whole_panel();
        let words = object!({ "messages": self.backend.notes.waiting(self.agent.as_ref()) });
        vec![panel, self.holder().to_string().into(), words.to_string().into()]
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
            document.insert("seat".into(), object!(his.as_ref().map(|row| named(row, &self.backend, &self.visitor))));
        }
        let before = std::mem::take(&mut self.shown);
        let calls = if moved { self.calls() } else { rows.calls.iter().filter_map(|row| self.own(row)).collect() };
        let here: BTreeSet<CallRef> = calls.iter().map(|row| row.call).collect();
        let told = |call: &CallRef| moved || rows.over.contains(call) || rows.calls.iter().any(|row| row.call == *call);
        let mut over: Vec<CallRef> = before.iter().filter(|call| told(call) && !here.contains(call)).copied().collect();
        if delta.seq <= self.before {
            // He may have had them before: of one that is over, or no more his, he hears whether or not.
            let others = rows.calls.iter().map(|row| row.call).filter(|call| !here.contains(call));
            over.extend(rows.over.iter().copied().chain(others).filter(|call| !before.contains(call)));
        }
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
        let due = self.due;
        tokio::select! {
            changed = self.panel.changed(), if due.is_none() => {
                if changed.is_err() {
                    return std::future::pending().await;
                }
                self.due = Some(Instant::now() + self.phase);
                None
            }
            () = async { sleep_until(due.unwrap_or_else(Instant::now)).await }, if due.is_some() => {
                self.due = None;
                Some(self.next_panel())
            }
            note = self.notes.recv() => match note {
                Ok(note) => (self.seat.as_ref() == Some(&note.seat)).then(|| Arc::clone(&note.text)),
                // What was missed is who has the telephone now, and what was said to him.
                Err(RecvError::Lagged(_)) => {
                    let mut told = self.holder();
                    if let Some(told) = told.as_object_mut() {
                        told.insert("messages".into(), self.backend.notes.waiting(self.agent.as_ref()).into());
                    }
                    Some(told.to_string().into())
                }
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
    // A word to an empty chair is none.
    let agent = row.agent.as_ref().ok_or_else(|| Fault::unfit(Unfit::Nobody))?;
    backend.note(&visitor, ("message", seat.as_str(), &*text), Outcome::Done)?;
    let delivered = backend.notes.tell(&seat, agent, told);
    Ok(json(StatusCode::OK, &object!({ "done": true, "delivered": delivered })))
}

/// `POST /desk/messages/{id}/seen`: he has read a word that was said to him.
pub(super) async fn seen_word(State(backend): Desk, visitor: Visitor, of: Result<Path<u64>, PathRejection>) -> Told {
    if let (Ok(Path(id)), Some(agent)) = (of, &visitor.who.agent) {
        backend.notes.put_away(agent, id);
    }
    Ok(json(StatusCode::OK, &object!({ "done": true })))
}

/// `GET /desk/day`: what an agent has done since midnight, by the book of ended calls.
pub(super) async fn day(State(backend): Desk, visitor: Visitor) -> Told {
    let sheet = backend.views.figures.load_full();
    let (zone, wall) = (sheet.book.zone(), backend.views.clock.now().wall);
    let midnight = Hour::of(zone.midnight(zone.local(wall).date()), zone);
    let mut sum = Offers::default();
    if let Some(agent) = visitor.who.agent.clone().map(Who::Person) {
        let his = sheet.book.hours(midnight, Hour::of(wall, zone).plus(1));
        his.filter_map(|(_, tally)| tally.persons.get(&agent)).for_each(|offers| sum.merge(offers));
    }
    let told = object!({
        "complete": sheet.complete, "offered": sum.offered, "answered": sum.answered, "rang_out": sum.rang_out,
        "talk_s": sum.talk / 1_000_000, "longest_s": sum.longest / 1_000_000,
    });
    Ok(json(StatusCode::OK, &told))
}

/// A credential for the telephone in a page. Whoever asks last has the seat's telephone; the others are told.
pub(super) async fn phone(State(backend): Desk, visitor: Visitor, request: Request) -> Told {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    // A port stands behind the address; an address of IPv6 has colons of its own.
    let port = host.rfind(':').filter(|at| host.rfind(']').is_none_or(|end| end < *at));
    let domain = port.map_or(host, |at| host.split_at(at).0).to_owned();
    let mut fields = Fields::read(&body(request, backend.limits.arrival).await?)?;
    let (seat, holder) = (SeatId::from(fields.required("seat", SEAT)?), fields.text("holder", SEAT)?);
    fields.finish()?;
    let row = backend.views.board.seat(&seat).ok_or_else(|| Fault::unfit(Unfit::NoSeat))?;
    // At a seat of no group nobody works: whoever stands there is the seat itself.
    let nobody = row.agent.is_none() || row.agent == visitor.who.agent || row.groups.is_empty();
    let own = nobody && visitor.own_seat(&backend.people).is_some_and(|own| own == seat);
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
    if let Some((_, session)) = visitor.session() {
        backend.lends(&session.account, &seat);
    }
    let holder = backend.notes.held(&seat, holder.parse().ok());
    Ok(json(
        StatusCode::OK,
        &object!({
            "user": seat, "password": password, "domain": domain, "realm": backend.views.house.realm, "ws": "/sip",
            "expires_s": CREDENTIAL, "holder": holder, "auto_answer": false,
        }),
    ))
}
