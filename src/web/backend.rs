//! What the handlers share: the token, the way to the exchange, and what is shown without asking it.

use super::alarms::Alarms;
use super::fault::Fault;
use super::limits::Limits;
use super::notes::Notes;
use super::people::People;
use super::room::Room;
use super::share::Shares;
use super::shown::Shown;
use super::views::Views;
use super::visitor::Visitor;
use crate::access::{Deed, Outcome, Secret};
use crate::admin::{Ask, put};
use crate::clock::machine_wall;
use crate::exchange::{Answer, CallRow, Command};
use crate::fact::{Cause, TransferResult};
use crate::id::{CallRef, SeatId};
use arc_swap::ArcSwap;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::timeout;

/// Records and recordings that are read at a time: the disk is the calls' first.
const READERS: usize = 2;
/// Recordings that are sent at a time: each lies in memory meanwhile.
const PLAYERS: usize = 16;
/// How often a call is looked at while somebody waits for its transfer, if nothing is told of it.
const INTERVAL: Duration = Duration::from_secs(1);

pub(super) struct Backend {
    token: Secret,
    asks: mpsc::Sender<Ask>,
    pub(super) limits: Limits,
    /// Places of those who follow the stream of changes.
    pub(super) watchers: Arc<Semaphore>,
    pub(super) views: Views,
    /// Accounts, sessions, the trail.
    pub(super) people: Arc<People>,
    /// Records and recordings that are read at a time.
    pub(super) readers: Semaphore,
    /// Recordings that are sent at a time.
    pub(super) players: Arc<Semaphore>,
    /// Who hears which call, why, and since when, µs monotonic.
    pub(super) hearings: Mutex<BTreeMap<(String, CallRef, String), u64>>,
    /// Streams of changes that each person follows.
    pub(super) followed: Shares,
    /// Recordings that are sent to each person.
    pub(super) heard: Shares,
    /// For which account each seat's telephone was lent last.
    pub(super) lent: Mutex<BTreeMap<SeatId, String>>,
    /// What somebody must see to.
    pub(super) alarms: Alarms,
    /// How much room there is on the disks.
    pub(super) room: ArcSwap<Room>,
    /// What is said to a seat's pages.
    pub(super) notes: Notes,
    /// The one-key panel as it is sent.
    pub(super) panel: watch::Sender<Arc<Shown>>,
    /// When the API began, µs since the epoch by this machine's clock.
    pub(super) started: i64,
}

impl Backend {
    pub(super) fn new(token: &str, asks: mpsc::Sender<Ask>, views: Views, people: Arc<People>, limits: Limits) -> Self {
        let token = Secret::of(token.as_bytes());
        let watchers = Arc::new(Semaphore::new(limits.watchers));
        let panel = watch::Sender::default();
        let (notes, started) = (Notes::default(), machine_wall());
        let (readers, players) = (Semaphore::new(READERS), Arc::new(Semaphore::new(PLAYERS)));
        let (hearings, lent) = (Mutex::default(), Mutex::default());
        let (followed, heard) = (Shares::default(), Shares::default());
        let (alarms, room) = (Alarms::open(&views.house.state), ArcSwap::default());
        Self {
            token,
            asks,
            limits,
            watchers,
            views,
            people,
            alarms,
            room,
            readers,
            players,
            hearings,
            followed,
            heard,
            lent,
            notes,
            panel,
            started,
        }
    }

    /// Whether this is the token, in a time that does not depend on where they differ.
    pub(super) fn knows(&self, token: &[u8]) -> bool {
        self.token.is(token)
    }

    /// Orders that wait for the exchange and for the planner, each with the most that may.
    pub(super) fn waiting(&self) -> ((u64, u64), (u64, u64)) {
        fn of<T>(queue: &mpsc::Sender<T>) -> (u64, u64) {
            let most = queue.max_capacity();
            ((most - queue.capacity()) as u64, most as u64)
        }
        (of(&self.asks), self.views.planner.as_ref().map_or((0, 0), of))
    }

    /// Writes into the trail what somebody does: what, of what, why.
    ///
    /// # Errors
    /// 507: it cannot be written, and what would be shown must not be.
    pub(super) fn note(&self, visitor: &Visitor, told: (&str, &str, &str), outcome: Outcome) -> Result<(), Fault> {
        let noted = self.people.noted(&visitor.who, &visitor.from.to_string(), told, outcome);
        noted.map_err(|_| Fault::unwritten())
    }

    /// The same of a program that says for whom it acts.
    ///
    /// # Errors
    /// As [`Self::note`].
    pub(super) fn note_for(
        &self,
        visitor: &Visitor,
        by: &str,
        (what, of, why): (&str, &str, &str),
        outcome: Outcome,
    ) -> Result<(), Fault> {
        let who = visitor.who.name.clone();
        let by = if visitor.who.trusted { by.to_owned() } else { String::new() };
        let (from, [what, of, why]) = (visitor.from.to_string(), [what, of, why].map(str::to_owned));
        self.people.note(Deed { who, by, from, what, of, why, outcome }).map_err(|_| Fault::unwritten())
    }

    /// Waits until the exchange takes no questions any more.
    pub(super) async fn stopped(&self) {
        self.asks.closed().await;
    }

    /// One question to the exchange.
    ///
    /// # Errors
    /// 503 when it does not answer in time, or stops.
    pub(super) async fn ask(&self, command: Command) -> Result<Answer, Fault> {
        put(command, &self.asks, self.limits.patience).await.map_err(Fault::from)
    }

    /// A page has a seat's telephone, for this account.
    pub(super) fn lends(&self, account: &str, seat: &SeatId) {
        let mut lent = self.lent.lock().unwrap_or_else(PoisonError::into_inner);
        lent.insert(seat.clone(), account.to_owned());
    }

    /// The telephones of pages by whose account nobody is signed in any more are taken back: now, or within a second of the session's end.
    pub(super) async fn takes_back(&self) {
        let gone: Vec<SeatId> = {
            let mut lent = self.lent.lock().unwrap_or_else(PoisonError::into_inner);
            let gone = lent.iter().filter(|(_, account)| !self.people.is_in(account)).map(|(seat, _)| seat.clone());
            let gone: Vec<SeatId> = gone.collect();
            gone.iter().for_each(|seat| _ = lent.remove(seat));
            gone
        };
        for seat in gone {
            let _ = self.ask(Command::TakeBack { seat }).await;
        }
    }

    /// A live call as it is now; nothing when there is none of that name.
    ///
    /// # Errors
    /// As [`Backend::ask`].
    pub(super) async fn call(&self, call: CallRef) -> Result<Option<Box<CallRow>>, Fault> {
        match self.ask(Command::Call { call }).await? {
            Answer::Call { call } => Ok(Some(call)),
            Answer::Unknown => Ok(None),
            _ => Err(Fault::strange()),
        }
    }

    /// Waits for the end of a transfer: what came of it and why; nothing when the call itself has ended.
    ///
    /// # Errors
    /// As [`Backend::ask`].
    pub(super) async fn outcome(
        &self,
        call: CallRef,
        transfer: u32,
    ) -> Result<(Option<TransferResult>, Option<Cause>), Fault> {
        let mut changes = self.views.board.changes();
        loop {
            let shown = self.views.board.call(call);
            // Not shown: it is over, or so young that nobody has been told of it.
            let asked = if shown.is_none() { self.call(call).await? } else { None };
            let Some(row) = shown.as_deref().or(asked.as_deref()) else { return Ok((None, None)) };
            let row = row.transfers.iter().find(|row| row.transfer == transfer);
            if let Some(row) = row.filter(|row| row.result.is_some()) {
                return Ok((row.result, row.cause));
            }
            // The limit of time is for whom nobody tells any more.
            let _ = timeout(INTERVAL, changes.changed()).await;
        }
    }
}
