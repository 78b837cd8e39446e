//! Two sets of books of a city: what the exchange has told, and what has reached the disk.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::io;
use std::rc::Rc;
use switchboard::fact::{Cause, Dialog, Event, Fact, Missed, Origin, Outcome, Owed, Party, Service};
use switchboard::id::CallRef;
use switchboard::ledger::{self, Cdr};
use switchboard::store::{Journal, Medium, Settings};

/// The disk as the journal sees it, and what a start would read from it.
#[derive(Debug, Default)]
pub struct Platter {
    /// Bytes that it takes yet, when it is full.
    pub room: Option<usize>,
    /// Behind the last whole line.
    torn: Vec<u8>,
    fold: ledger::Fold,
    last: u64,
    /// What is written about persons and call-backs.
    floor: Vec<Event>,
    /// And about SIP dialogs.
    dialogs: Vec<Event>,
    /// The record of each call that has ended.
    pub records: HashMap<CallRef, Outcome>,
    /// What is wrong with what was written.
    pub wrong: Option<String>,
    /// The next line that ends a call: not kept, or kept twice.
    pub loses: bool,
    pub doubles: bool,
    /// At the next kill everything behind here is gone.
    pub remembers: Option<(ledger::Fold, u64, HashMap<CallRef, Outcome>, usize)>,
}

impl Platter {
    fn line(&mut self, line: &[u8]) {
        let event: Event = match serde_json::from_slice(line) {
            Ok(event) => event,
            Err(e) => return self.complain(format!("a line of the journal cannot be read back: {e}")),
        };
        let ends = matches!(event.fact, Fact::CallEnded { .. });
        if ends && std::mem::take(&mut self.loses) {
            self.last = event.seq;
            return;
        }
        self.take(&event);
        if ends && std::mem::take(&mut self.doubles) {
            self.take(&event);
        }
    }

    fn take(&mut self, event: &Event) {
        if event.seq != self.last + 1 {
            self.complain(format!("event {} follows event {} in the journal", event.seq, self.last));
        }
        self.last = event.seq;
        let of_floor = matches!(
            event.fact,
            Fact::SeatState { .. }
                | Fact::FloorStands { .. }
                | Fact::CallbackAsked { .. }
                | Fact::CallbackBegun { .. }
                | Fact::CallbackTried { .. }
                | Fact::CallbackEnded { .. }
        );
        if of_floor {
            self.floor.push(event.clone());
        }
        let of_dialogs = matches!(
            event.fact,
            Fact::DialogStands { .. } | Fact::LegEnded { .. } | Fact::PartyLeft { .. } | Fact::CallEnded { .. }
        );
        if of_dialogs {
            self.dialogs.push(event.clone());
        }
        let Some(cdr) = self.fold.apply(event) else { return };
        if self.records.insert(cdr.call, cdr.outcome).is_some() {
            self.complain(format!("call {} has two records", cdr.call));
        }
    }

    fn complain(&mut self, what: String) {
        self.wrong.get_or_insert(what);
    }
}

/// [`Platter`] as the journal's medium.
#[derive(Debug, Clone, Default)]
pub struct Disk(pub Rc<RefCell<Platter>>);

impl Medium for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut platter = self.0.borrow_mut();
        let room = platter.room.unwrap_or(usize::MAX).min(bytes.len());
        if room == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        platter.room = platter.room.map(|left| left - room);
        let mut whole = std::mem::take(&mut platter.torn);
        whole.extend(&bytes[..room]);
        let mut rest = whole.as_slice();
        while let Some(end) = memchr::memchr(b'\n', rest) {
            platter.line(&rest[..end]);
            rest = &rest[end + 1..];
        }
        platter.torn = rest.to_vec();
        Ok(room)
    }

    fn rotate(&mut self, _first_seq: u64) -> io::Result<()> {
        Ok(())
    }

    fn sync_soon(&mut self) {}

    fn sync_now(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A call that lives, by what was told.
#[derive(Debug, Clone, Default)]
struct Live {
    emergency: bool,
    tried: BTreeSet<String>,
    answered: bool,
    transfers: (u32, u32),
}

/// The books.
#[derive(Debug)]
pub struct Books {
    pub disk: Disk,
    journal: Option<Journal<Disk>>,
    live: BTreeMap<CallRef, Live>,
    ended: HashMap<CallRef, Outcome>,
    last: u64,
    pub transfers: u64,
    /// The next end that is told is not heard.
    pub swallows: bool,
    /// The moment, µs of the town, until which the wire is bad enough for an emergency call to fail.
    pub rough: u64,
}

/// What of the former run is known at a start.
pub struct Start {
    /// The number of the first fact.
    pub seq: u64,
    /// Calls that lived at the kill.
    pub crashed: usize,
    /// Their records as they were then.
    pub cut_off: Vec<Cdr>,
    /// Dialogs that the other sides hold still.
    pub dialogs: VecDeque<Dialog>,
    /// Which of them carried a call-back out, or had left their place to one.
    recalls: BTreeSet<CallRef>,
}

impl Start {
    /// Callers of hotlines who were cut off and are on no list yet, as they should be on one now.
    pub fn interrupted(&self) -> impl Iterator<Item = Owed> + '_ {
        let missed = self.cut_off.iter().filter(|cdr| {
            let hotline = cdr.service == Some(Service::Hotline) && matches!(cdr.origin, Origin::Trunk(_));
            hotline && !self.recalls.contains(&cdr.call)
        });
        missed.map(|cdr| Owed {
            callback: cdr.call,
            number: cdr.caller.clone(),
            trunk: "carrier".into(),
            dialled: cdr.dialled.clone(),
            group: "main".into(),
            skill: None,
            place: cdr.t0,
            why: Missed::Interrupted,
            tries: 0,
        })
    }
}

impl Books {
    pub fn new() -> Self {
        let disk = Disk::default();
        let journal = Some(Journal::new(disk.clone(), &Settings::default(), 1, 0));
        Self {
            disk,
            journal,
            live: BTreeMap::new(),
            ended: HashMap::new(),
            last: 0,
            transfers: 0,
            swallows: false,
            rough: 0,
        }
    }

    /// Calls that live, by what was told.
    pub fn live(&self) -> usize {
        self.live.len()
    }

    /// Takes the facts of a round: told first, then written.
    pub fn take(&mut self, facts: &[Event], now: u64) -> Result<(), String> {
        for event in facts {
            if event.seq != self.last + 1 {
                return Err(format!("fact {} follows fact {}", event.seq, self.last));
            }
            self.last = event.seq;
            self.note(event, now)?;
        }
        if let Some(journal) = &mut self.journal {
            // That the disk is full is part of the plan; what waits goes out later.
            let _ = journal.append(facts);
        }
        match self.disk.0.borrow_mut().wrong.take() {
            Some(wrong) => Err(wrong),
            None => Ok(()),
        }
    }

    /// A second has passed: what waits is tried again.
    pub fn sync(&mut self, now: switchboard::clock::Now) {
        if let Some(journal) = &mut self.journal {
            let _ = journal.sync_if_due(now);
        }
    }

    fn note(&mut self, event: &Event, now: u64) -> Result<(), String> {
        let Some(call) = event.call else { return Ok(()) };
        if let Fact::CallOffered { .. } = &event.fact {
            let known = self.ended.contains_key(&call) || self.live.insert(call, Live::default()).is_some();
            return if known { Err(format!("call {call} is offered twice")) } else { Ok(()) };
        }
        let ended = self.ended.contains_key(&call);
        let Some(live) = self.live.get_mut(&call) else {
            return match &event.fact {
                Fact::CallEnded { .. } if ended => Err(format!("call {call} has two ends")),
                Fact::RecordingEnded { .. } | Fact::RecordingArchived { .. } if ended => Ok(()),
                // A start tells who was cut off.
                Fact::CallbackAsked { .. } if ended => Ok(()),
                fact => Err(format!("{fact:?} of call {call}, which does not live")),
            };
        };
        match &event.fact {
            Fact::CallRouted { service, .. } => live.emergency = *service == Service::Emergency,
            Fact::LegTried { target: switchboard::fact::Target::Trunk { trunk, .. }, .. } => {
                live.tried.insert(trunk.to_string());
            }
            Fact::LegAnswered { .. } => live.answered = true,
            Fact::TransferAsked { .. } => {
                (live.transfers.0, self.transfers) = (live.transfers.0 + 1, self.transfers + 1)
            }
            Fact::TransferEnded { .. } => live.transfers.1 += 1,
            Fact::CallEnded { outcome, by, cause, .. } => {
                if std::mem::take(&mut self.swallows) {
                    return Ok(());
                }
                let live = self.live.remove(&call).unwrap_or_default();
                self.ended.insert(call, *outcome);
                // An operator has hung it up.
                let ordered = *by == Party::Switch && *cause == Cause::Normal;
                let served = live.answered || ordered || *by == Party::Caller || *outcome == Outcome::Connected;
                return well_ended(call, &live, (*outcome, served), now < self.rough);
            }
            _ => {}
        }
        Ok(())
    }

    /// What the disk has about persons and call-backs.
    pub fn of_floor(&self) -> Vec<Event> {
        self.disk.0.borrow().floor.clone()
    }

    /// How calls have ended.
    pub fn outcomes(&self) -> BTreeMap<Outcome, u64> {
        let mut outcomes = BTreeMap::new();
        self.ended.values().for_each(|outcome| *outcomes.entry(*outcome).or_default() += 1);
        outcomes
    }

    /// The exchange is killed. What the journal has not written is gone; true if something was.
    pub fn kill(&mut self) -> Result<bool, String> {
        let waiting = self.journal.take().is_some_and(|j| j.health().waiting > 0 || j.health().lost > 0);
        let mut platter = self.disk.0.borrow_mut();
        platter.torn.clear();
        if let Some((fold, last, records, floor)) = platter.remembers.take() {
            (platter.fold, platter.last, platter.records) = (fold, last, records);
            platter.floor.truncate(floor);
            platter.dialogs.retain(|event| event.seq <= last);
        }
        let lives: Vec<CallRef> = platter.fold.live().map(|c| c.call).collect();
        if waiting {
            // The disk was full: what is on it is all that is known, and it is a beginning of what was told.
            self.live.retain(|call, _| lives.contains(call));
            for call in &lives {
                self.live.entry(*call).or_default();
                self.ended.remove(call);
            }
            let records = &platter.records;
            self.ended.retain(|call, _| records.contains_key(call));
            self.last = platter.last;
        }
        if platter.last != self.last {
            return Err(format!("{} facts were told, the journal has {}", self.last, platter.last));
        }
        if !self.live.keys().eq(lives.iter()) {
            let (told, kept) = (self.live.len(), lives.len());
            return Err(format!("{told} calls lived at the kill, by the journal {kept}"));
        }
        Ok(waiting)
    }

    /// Starts again from what the disk has: calls that lived are closed as crashed.
    pub fn start(&mut self, wall: i64) -> Start {
        let next = self.disk.0.borrow().last + 1;
        let cut_off = self.disk.0.borrow().fold.live().cloned().collect();
        let recalls = self.disk.0.borrow().floor.iter().filter_map(|event| event.call).collect();
        let dialogs = ledger::dialogs::standing(&self.disk.0.borrow().dialogs).into();
        let crashed = self.disk.0.borrow().fold.close_interrupted(wall, next);
        let mut journal = Journal::new(self.disk.clone(), &Settings::default(), next, 0);
        let _ = journal.append(&crashed);
        for event in &crashed {
            self.last = event.seq;
            if let Some(call) = event.call {
                self.live.remove(&call);
                self.ended.insert(call, Outcome::Interrupted);
            }
        }
        let seq = journal.next_seq();
        self.journal = Some(journal);
        Start { seq, crashed: crashed.len(), cut_off, dialogs, recalls }
    }

    /// Nobody calls any more: each call that was told of has one record, and it says what was told.
    pub fn close(&self) -> Result<u64, String> {
        let platter = self.disk.0.borrow();
        if let Some(call) = self.live.keys().next() {
            return Err(format!("call {call} never ended"));
        }
        if let Some((call, told)) = self.ended.iter().find(|(call, told)| platter.records.get(call) != Some(told)) {
            return Err(format!("call {call} ended as {told:?}, its record says {:?}", platter.records.get(call)));
        }
        if platter.records.len() != self.ended.len() || platter.fold.live().next().is_some() {
            return Err(format!("{} calls ended, there are {} records", self.ended.len(), platter.records.len()));
        }
        Ok(self.ended.len() as u64)
    }

    /// From here on the disk only seems to keep what it is given, until the next kill.
    pub fn forget_at_kill(&mut self) {
        let mut platter = self.disk.0.borrow_mut();
        platter.remembers = Some((platter.fold.clone(), platter.last, platter.records.clone(), platter.floor.len()));
    }
}

fn well_ended(call: CallRef, live: &Live, (outcome, served): (Outcome, bool), rough: bool) -> Result<(), String> {
    if live.transfers.0 != live.transfers.1 {
        return Err(format!(
            "call {call} has {} transfers and {} outcomes of them",
            live.transfers.0, live.transfers.1
        ));
    }
    if live.emergency && !served {
        let both = live.tried.len() >= 2;
        if !both || !rough {
            return Err(format!("119: emergency call {call} ended as {outcome:?} after {:?}", live.tried));
        }
    }
    Ok(())
}
