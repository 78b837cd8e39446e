//! What is said to one seat's pages beside what changes on the floor: who has its telephone, and a word of the supervisor.

use crate::exchange::SeatRow;
use crate::id::{AgentId, SeatId};
use dashmap::DashMap;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::broadcast;

/// Notes that wait for a page; of more it is told the state alone.
const WAITING: usize = 256;

/// Words that wait for one person; of more the oldest goes.
const KEPT: usize = 5;

/// One.
#[derive(Debug)]
pub(super) struct Note {
    /// To whom.
    pub seat: SeatId,
    /// As it is sent.
    pub text: Arc<str>,
}

/// All of them.
#[derive(Debug)]
pub(super) struct Notes {
    to: broadcast::Sender<Arc<Note>>,
    /// Which page has the telephone of a seat.
    holders: DashMap<SeatId, u64>,
    last: AtomicU64,
    come: AtomicU64,
    /// Paperwork that has been extended: of each seat since when it is at it.
    extended: DashMap<SeatId, i64>,
    /// Words of supervisors that a person has not put away yet, the latest last.
    words: DashMap<AgentId, VecDeque<(u64, Value)>>,
    /// Pages that each person has open.
    pages: Arc<DashMap<AgentId, usize>>,
}

/// A person's page is open; dropping it closes it.
#[derive(Debug)]
pub(super) struct Page {
    pages: Arc<DashMap<AgentId, usize>>,
    agent: AgentId,
}

impl Drop for Page {
    fn drop(&mut self) {
        if let Some(mut count) = self.pages.get_mut(&self.agent) {
            *count = count.saturating_sub(1);
        }
        self.pages.remove_if(&self.agent, |_, count| *count == 0);
    }
}

impl Default for Notes {
    fn default() -> Self {
        Self {
            to: broadcast::Sender::new(WAITING),
            holders: DashMap::new(),
            last: AtomicU64::new(0),
            come: AtomicU64::new(0),
            extended: DashMap::new(),
            words: DashMap::new(),
            pages: Arc::default(),
        }
    }
}

impl Notes {
    /// Counts the pages that come.
    pub fn turn(&self) -> u32 {
        u32::try_from(self.come.fetch_add(1, Ordering::Relaxed) % u64::from(u32::MAX)).unwrap_or(0)
    }

    /// What comes from here on.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Note>> {
        self.to.subscribe()
    }

    /// Which page has the telephone of a seat.
    pub fn holder(&self, seat: &SeatId) -> Option<u64> {
        self.holders.get(seat).map(|holder| *holder)
    }

    /// A page takes the telephone, or keeps it if it has it: then it is the one that it was.
    pub fn held(&self, seat: &SeatId, was: Option<u64>) -> u64 {
        if let Some(holder) = self.holder(seat).filter(|holder| was == Some(*holder)) {
            return holder;
        }
        let holder = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        self.holders.insert(seat.clone(), holder);
        self.say(seat, &json!({ "holder": holder }));
        holder
    }

    /// The paperwork that a seat is at has been extended, which may be once.
    pub fn extended(&self, row: &SeatRow) {
        if row.work() == "wrap_up" {
            self.extended.insert(row.seat.clone(), row.since);
        }
    }

    /// It has been.
    pub fn has_extended(&self, row: &SeatRow) -> bool {
        row.work() == "wrap_up" && self.extended.get(&row.seat).is_some_and(|since| *since == row.since)
    }

    /// A page of this person's is open as long as what is given is held.
    pub fn opens(&self, agent: &AgentId) -> Page {
        *self.pages.entry(agent.clone()).or_default() += 1;
        Page { pages: Arc::clone(&self.pages), agent: agent.clone() }
    }

    /// A word to whoever sits at a seat: it waits until he puts it away. Whether a page of his is open.
    pub fn tell(&self, seat: &SeatId, agent: &AgentId, mut word: Value) -> bool {
        let id = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        if let Some(word) = word.as_object_mut() {
            word.insert("id".into(), id.into());
        }
        {
            let mut his = self.words.entry(agent.clone()).or_default();
            if his.len() >= KEPT {
                his.pop_front();
            }
            his.push_back((id, word.clone()));
        }
        self.say(seat, &json!({ "message": word }));
        self.pages.get(agent).is_some_and(|pages| *pages > 0)
    }

    /// What he has not put away yet.
    pub fn waiting(&self, agent: Option<&AgentId>) -> Vec<Value> {
        let his = agent.and_then(|agent| self.words.get(agent));
        his.map(|his| his.iter().map(|(_, word)| word.clone()).collect()).unwrap_or_default()
    }

    /// He has read it.
    pub fn put_away(&self, agent: &AgentId, id: u64) {
        if let Some(mut his) = self.words.get_mut(agent) {
            his.retain(|(of, _)| *of != id);
        }
        self.words.remove_if(agent, |_, his| his.is_empty());
    }

    /// Says something to the pages of a seat.
    pub fn say(&self, seat: &SeatId, what: &Value) {
        // Nobody may be there.
        let _ = self.to.send(Arc::new(Note { seat: seat.clone(), text: what.to_string().into() }));
    }
}
