//! The rows as they are, in sharded maps. One thread writes them; any number reads.

use super::delta::{Delta, Resumed, Ring, Rows};
use super::group::{GroupNow, Groups};
use crate::exchange::{CallRow, Change, SeatRow};
use crate::id::{AgentId, CallRef, SeatId};
use arc_swap::{ArcSwap, ArcSwapOption};
use bytes::Bytes;
use dashmap::DashMap;
use serde_json::{Map, Value, json};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// What can be listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    /// `{"calls":[…]}`, oldest first.
    Calls,
    /// `{"seats":[…]}`, by name.
    Seats,
    /// `{"groups":[…]}`, by name.
    Groups,
}

/// A list as it is sent, and the number of the last change in it.
type Body = ArcSwapOption<(u64, Bytes)>;

/// Everything that is shown.
#[derive(Debug)]
pub struct Board {
    calls: DashMap<CallRef, Arc<CallRow>>,
    seats: DashMap<SeatId, Arc<SeatRow>>,
    /// Where each person was signed in last.
    agents: DashMap<AgentId, SeatId>,
    groups: ArcSwap<Vec<GroupNow>>,
    ring: Mutex<Ring>,
    /// The number of the last change that the maps have.
    seq: watch::Sender<u64>,
    bodies: [Body; 3],
}

impl Default for Board {
    fn default() -> Self {
        Self {
            calls: DashMap::new(),
            seats: DashMap::new(),
            agents: DashMap::new(),
            groups: ArcSwap::default(),
            ring: Mutex::default(),
            seq: watch::Sender::new(0),
            bodies: Default::default(),
        }
    }
}

impl Board {
    /// A live call.
    #[must_use]
    pub fn call(&self, call: CallRef) -> Option<Arc<CallRow>> {
        self.calls.get(&call).map(|row| Arc::clone(&row))
    }

    /// The live calls, oldest first.
    #[must_use]
    pub fn calls(&self) -> Vec<Arc<CallRow>> {
        let mut rows: Vec<_> = self.calls.iter().map(|row| Arc::clone(&row)).collect();
        rows.sort_unstable_by_key(|row| row.call);
        rows
    }

    /// The seats, by name.
    #[must_use]
    pub fn seats(&self) -> Vec<Arc<SeatRow>> {
        let mut rows: Vec<_> = self.seats.iter().map(|row| Arc::clone(&row)).collect();
        rows.sort_unstable_by(|a, b| a.seat.cmp(&b.seat));
        rows
    }

    /// One seat.
    #[must_use]
    pub fn seat(&self, seat: &SeatId) -> Option<Arc<SeatRow>> {
        self.seats.get(seat).map(|row| Arc::clone(&row))
    }

    /// Where a person is signed in.
    #[must_use]
    pub fn seat_of(&self, agent: &AgentId) -> Option<Arc<SeatRow>> {
        let seat = self.agents.get(agent).map(|seat| seat.clone())?;
        self.seat(&seat).filter(|row| row.agent.as_ref() == Some(agent))
    }

    /// The groups, by name.
    #[must_use]
    pub fn groups(&self) -> Arc<Vec<GroupNow>> {
        self.groups.load_full()
    }

    /// A list as JSON. It is written once for all who ask until something changes.
    #[must_use]
    pub fn list(&self, what: Listed) -> Bytes {
        let kept = match what {
            Listed::Calls => &self.bodies[0],
            Listed::Seats => &self.bodies[1],
            Listed::Groups => &self.bodies[2],
        };
        // First the number, then the rows: they may be newer than it says, never older.
        let seq = self.seq();
        if let Some(body) = kept.load_full().filter(|body| body.0 == seq) {
            return body.1.clone();
        }
        let document = match what {
            Listed::Calls => json!({ "calls": self.calls() }),
            Listed::Seats => json!({ "seats": self.seats() }),
            Listed::Groups => json!({ "groups": *self.groups() }),
        };
        let body = Bytes::from(document.to_string());
        kept.store(Some(Arc::new((seq, body.clone()))));
        body
    }

    /// Everything, with the number behind which changes go on.
    #[must_use]
    pub fn snapshot(&self) -> (u64, Value) {
        let seq = self.seq();
        let document = json!({
            "snapshot": true,
            "seq": seq,
            "calls": self.calls(),
            "seats": self.seats(),
            "groups": *self.groups(),
        });
        (seq, document)
    }

    /// The number of the last change.
    #[must_use]
    pub fn seq(&self) -> u64 {
        *self.seq.borrow()
    }

    /// Wakes at each change.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.seq.subscribe()
    }

    /// The changes after a number.
    #[must_use]
    pub fn after(&self, seq: u64) -> Resumed {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner).after(seq)
    }

    /// Takes changes in. One thread does, with the groups that are its own.
    pub(super) fn take(&self, changes: Vec<Change>, groups: &mut Groups) {
        let mut told = Rows::default();
        for change in changes {
            match change {
                Change::Call(row) => self.call_is(*row, &mut told),
                Change::Over(call) => self.call_is_over(call, &mut told),
                Change::Calls(rows) => {
                    let over: Vec<CallRef> = self.calls.iter().map(|row| row.call).collect();
                    for call in over.into_iter().filter(|call| rows.iter().all(|row| row.call != *call)) {
                        self.call_is_over(call, &mut told);
                    }
                    rows.into_iter().for_each(|row| self.call_is(row, &mut told));
                }
                Change::Seat(row) => {
                    let before = self.seats.get(&row.seat).map(|before| Arc::clone(&before));
                    if before.as_deref() != Some(&*row) {
                        told.groups |= groups.seat(before.as_deref(), &row);
                        let row = Arc::new(*row);
                        told.seats.push(Arc::clone(&row));
                        if let Some(agent) = &row.agent {
                            self.agents.insert(agent.clone(), row.seat.clone());
                        }
                        self.seats.insert(row.seat.clone(), row);
                    }
                }
                Change::Groups(rows) => {
                    groups.set(rows);
                    told.groups = true;
                }
            }
        }
        if told.groups {
            let list = groups.list();
            told.groups = list != **self.groups.load();
            self.groups.store(Arc::new(list));
        }
        self.tell(told);
    }

    fn call_is(&self, row: CallRow, told: &mut Rows) {
        if self.calls.get(&row.call).is_none_or(|before| **before != row) {
            let row = Arc::new(row);
            told.calls.push(Arc::clone(&row));
            self.calls.insert(row.call, row);
        }
    }

    fn call_is_over(&self, call: CallRef, told: &mut Rows) {
        if self.calls.remove(&call).is_some() {
            told.over.push(call);
        }
    }

    /// Writes them down under the next number, and wakes whoever waits.
    fn tell(&self, told: Rows) {
        let mut document = Map::new();
        let lists = [
            ("calls", told.calls.is_empty(), json!(told.calls)),
            ("over", told.over.is_empty(), json!(told.over)),
            ("seats", told.seats.is_empty(), json!(told.seats)),
        ];
        for (name, _, rows) in lists.into_iter().filter(|(_, empty, _)| !empty) {
            document.insert(name.into(), rows);
        }
        if told.groups {
            document.insert("groups".into(), json!(*self.groups()));
        }
        if document.is_empty() {
            return;
        }
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let seq = ring.next();
        document.insert("seq".into(), seq.into());
        ring.push(Delta { seq, rows: Arc::new(told), json: Value::Object(document).to_string().into() });
        drop(ring);
        self.seq.send_replace(seq);
    }
}
