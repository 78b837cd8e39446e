//! The operating floor of a city as its facts tell it: who sits where, who waits, who is to be called back.
//!
//! It knows nothing of the floor's own indexes. What facts cannot say, whether a seat may serve a caller, is asked by `calls why`
//! as an operator would (`shift.rs`).

use super::play::Rule;
use std::collections::{BTreeMap, BTreeSet};
use switchboard::clock::SECOND;
use switchboard::exchange::{CallbackRow, SeatRow};
use switchboard::fact::{Event, Fact, Missed, Outcome, Owed, Recovered, Sat, Target};
use switchboard::id::{AgentId, CallRef, GroupId, LegRef, SeatId};

/// A seat that did not take a call is not asked for it again for so long, µs; a little more, for what is told later than it is done.
const COOL: u64 = 3 * SECOND;

/// How long a seat may be in each state at most, µs.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Rung for a caller who waits.
    pub ring: u64,
    /// Rung because somebody has dialled it.
    pub direct: u64,
    pub held: u64,
    pub wrap_up: u64,
    /// Not ready because calls rang out.
    pub no_answer: u64,
    pub tries: u32,
}

/// A fault of the watch's own ears, to see that it tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ears {
    /// The next seat that is taken is believed to be ready still.
    StaysReady,
    /// The next person is believed to sit where somebody sits already who sits elsewhere.
    SitsTwice,
    /// The next change of a seat is not heard.
    Misses,
    /// The next seat that rings for a caller is heard twice.
    RingsTwice,
    /// The next who waits behind others is believed to have come an hour ago.
    CameEarly,
    /// The next call-back is heard twice.
    AsksTwice,
    /// The end of the next call-back is not heard.
    MissesEnd,
    /// Rings for a tenth of a second are long.
    Hasty,
}

#[derive(Debug, Clone)]
struct Seat {
    agent: Option<AgentId>,
    state: String,
    since: u64,
}

/// A call that was offered and has no end.
#[derive(Debug, Clone, Default)]
struct Known {
    /// The first entry into a line; until then the INVITE.
    place: i64,
    placed: bool,
    number: String,
    /// A person has answered, or he came back: his rank may be a better one.
    served: bool,
}

/// A call in a line.
#[derive(Debug, Clone)]
struct Waiting {
    group: GroupId,
    rung: BTreeMap<LegRef, SeatId>,
    cooled: BTreeMap<SeatId, u64>,
}

#[derive(Debug, Clone)]
struct Recalled {
    owed: Owed,
    reached: bool,
    call: Option<CallRef>,
}

/// A seat that was rung for a caller, and who stood before him.
#[derive(Debug, Clone)]
pub struct Assigned {
    pub call: CallRef,
    pub seat: SeatId,
    pub before: Vec<CallRef>,
}

/// The floor as it is told.
#[derive(Debug)]
pub struct Hall {
    pub limits: Limits,
    pub ears: Option<Ears>,
    /// Of this round: to be looked into.
    pub assigned: Vec<Assigned>,
    /// What was done on it, for the city's report.
    pub tally: Tally,
    seats: BTreeMap<SeatId, Seat>,
    calls: BTreeMap<CallRef, Known>,
    line: BTreeMap<CallRef, Waiting>,
    /// Numbers whose callers have given up: they are served earlier when they call again.
    gave_up: BTreeSet<String>,
    callbacks: BTreeMap<CallRef, Recalled>,
    running: BTreeMap<CallRef, CallRef>,
    over: BTreeSet<CallRef>,
    /// Somebody may have sat down at a second seat.
    moved: bool,
    /// A seat or a line is not as it was when this was last asked.
    stirred: bool,
}

/// How much of it there was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Changes of persons at seats.
    pub persons: u64,
    pub asked: u64,
    pub recalls: u64,
    pub reached: u64,
    /// Callers who were held against those before them.
    pub ranked: u64,
}

impl Tally {
    pub fn and(self, other: Self) -> Self {
        Self {
            persons: self.persons + other.persons,
            asked: self.asked + other.asked,
            recalls: self.recalls + other.recalls,
            reached: self.reached + other.reached,
            ranked: self.ranked + other.ranked,
        }
    }
}

type Told = Result<(), (Rule, String)>;

impl Hall {
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            ears: None,
            assigned: Vec::new(),
            tally: Tally::default(),
            seats: BTreeMap::new(),
            calls: BTreeMap::new(),
            line: BTreeMap::new(),
            gave_up: BTreeSet::new(),
            callbacks: BTreeMap::new(),
            running: BTreeMap::new(),
            over: BTreeSet::new(),
            moved: false,
            stirred: false,
        }
    }

    fn mishears(&mut self, fault: Ears) -> bool {
        let now = self.ears == Some(fault);
        if now {
            self.ears = None;
        }
        now
    }

    /// Takes a fact, told at this moment, µs.
    pub fn take(&mut self, event: &Event, now: u64) -> Told {
        self.stirred |= matches!(event.fact, Fact::SeatState { .. } | Fact::Queued { .. } | Fact::LegFailed { .. });
        match &event.fact {
            Fact::SeatState { seat, agent, to, .. } => {
                self.changes(seat, agent.as_ref(), to, now);
                Ok(())
            }
            Fact::FloorStands { seats, callbacks, disaster: _ } => self.stands(seats, callbacks),
            Fact::CallbackAsked { callback } => self.is_asked(event.call, callback),
            Fact::CallbackEnded { callback, outcome, .. } => self.is_done(*callback, *outcome),
            _ => event.call.map_or(Ok(()), |call| self.call(call, event, now)),
        }
    }

    fn changes(&mut self, seat: &SeatId, agent: Option<&AgentId>, to: &str, now: u64) {
        if self.mishears(Ears::Misses) {
            return;
        }
        let taken = to.starts_with("reserved") || to.starts_with("talking");
        let was = self.seats.get(seat);
        if was.is_some_and(|s| s.state == "ready") && taken && self.mishears(Ears::StaysReady) {
            return;
        }
        let mut agent = agent.filter(|_| !to.starts_with("not_ready:signed_out")).cloned();
        let was = self.seats.get(seat).and_then(|s| s.agent.clone());
        if agent.is_some() && agent != was {
            (self.moved, self.tally.persons) = (true, self.tally.persons + 1);
            let other = self.seats.iter().find(|(id, s)| *id != seat && s.agent.is_some());
            if let Some(other) = other.and_then(|(_, s)| s.agent.clone())
                && self.mishears(Ears::SitsTwice)
            {
                agent = Some(other);
            }
        }
        self.seats.insert(seat.clone(), Seat { agent, state: to.to_owned(), since: now });
    }

    /// A full account is what its facts have told.
    fn stands(&self, seats: &[Sat], callbacks: &[Owed]) -> Told {
        let told = |sat: &Sat| (sat.seat.clone(), (sat.agent.clone(), sat.state.clone()));
        let told: BTreeMap<_, _> = seats.iter().map(told).collect();
        let mine: BTreeMap<_, _> = self.sat().collect();
        if told != mine {
            return Err((Rule::Persons, format!("the account has {told:?}, the facts before it {mine:?}")));
        }
        let (told, mine): (Vec<_>, Vec<_>) = (callbacks.iter().collect(), self.owed().collect());
        if told != mine {
            return Err((Rule::Callbacks, format!("the account has {told:?}, the facts before it {mine:?}")));
        }
        Ok(())
    }

    /// Who sits where, and the seat's state.
    pub fn sat(&self) -> impl Iterator<Item = (SeatId, (AgentId, String))> + '_ {
        self.seats.iter().filter_map(|(id, s)| Some((id.clone(), (s.agent.clone()?, s.state.clone()))))
    }

    /// Who is to be called back.
    pub fn owed(&self) -> impl Iterator<Item = &Owed> {
        self.callbacks.values().map(|c| &c.owed)
    }

    fn is_asked(&mut self, call: Option<CallRef>, owed: &Owed) -> Told {
        let id = owed.callback;
        let twice = self.callbacks.contains_key(&id) || self.over.contains(&id) || self.mishears(Ears::AsksTwice);
        let another = self.running.contains_key(&id);
        if call != Some(id) || twice || another {
            return Err((Rule::Callbacks, format!("{owed:?} is asked for by {call:?}, and is there already")));
        }
        if owed.why == Missed::Asked {
            self.line.remove(&id);
            self.tally.asked += 1;
        }
        self.callbacks.insert(id, Recalled { owed: owed.clone(), reached: false, call: None });
        Ok(())
    }

    fn is_done(&mut self, id: CallRef, outcome: Recovered) -> Told {
        if self.mishears(Ears::MissesEnd) {
            return Ok(());
        }
        let Some(Recalled { owed, reached, .. }) = self.callbacks.remove(&id) else {
            return Err((Rule::Callbacks, format!("call-back {id} has an end ({outcome:?}) and is on no list")));
        };
        self.over.insert(id);
        self.tally.reached += u64::from(reached);
        let holds = match outcome {
            Recovered::Reached => reached,
            Recovered::Unreached => !reached && owed.tries >= self.limits.tries,
            Recovered::Closed | Recovered::Expired => true,
        };
        if holds {
            Ok(())
        } else {
            Err((Rule::Callbacks, format!("{owed:?} ended as {outcome:?}, reached: {reached}")))
        }
    }

    fn call(&mut self, call: CallRef, event: &Event, now: u64) -> Told {
        match &event.fact {
            Fact::CallOffered { caller, .. } => {
                self.calls.insert(call, Known { place: event.at, number: caller.clone(), ..Known::default() });
            }
            Fact::CallbackBegun { callback, .. } => return self.begins(call, *callback),
            Fact::CallbackTried { reached, .. } => return self.is_tried(call, *reached),
            Fact::Queued { group } => {
                let waiting = Waiting { group: group.clone(), rung: BTreeMap::new(), cooled: BTreeMap::new() };
                let known = self.calls.entry(call).or_default();
                if !std::mem::replace(&mut known.placed, true) {
                    known.place = event.at;
                }
                let others = self.line.values().any(|w| w.group == *group && w.rung.is_empty());
                if others && self.mishears(Ears::CameEarly) {
                    self.calls.entry(call).or_default().place -= 3_600_000_000;
                }
                self.line.insert(call, waiting);
            }
            Fact::LegTried { leg, target: Target::Seat(seat), .. } => return self.is_rung(call, *leg, seat),
            Fact::LegFailed { leg, .. } => {
                if let Some(waiting) = self.line.get_mut(&call)
                    && let Some(seat) = waiting.rung.remove(leg)
                {
                    waiting.cooled.insert(seat, now + COOL);
                }
            }
            Fact::LegAnswered { leg } => {
                if self.line.get(&call).is_some_and(|w| w.rung.contains_key(leg)) {
                    self.line.remove(&call);
                }
                self.calls.entry(call).or_default().served = true;
            }
            Fact::Returned { .. } => {
                self.line.remove(&call);
                self.calls.entry(call).or_default().served = true;
            }
            // Whom a transfer was to find in a group is not looked for any more.
            Fact::Overflowed { .. } | Fact::TransferEnded { .. } => {
                self.line.remove(&call);
            }
            Fact::CallEnded { outcome, .. } => self.ends(call, *outcome),
            _ => {}
        }
        Ok(())
    }

    fn begins(&mut self, call: CallRef, id: CallRef) -> Told {
        let Some(callback) = self.callbacks.get_mut(&id) else {
            return Err((Rule::Callbacks, format!("{call} carries {id} out, which is on no list")));
        };
        if let Some(other) = callback.call.replace(call) {
            return Err((Rule::Callbacks, format!("{call} carries {id} out, and so does {other}")));
        }
        let place = callback.owed.place;
        let known = self.calls.entry(call).or_default();
        (known.place, known.placed) = (place, true);
        self.running.insert(call, id);
        self.tally.recalls += 1;
        Ok(())
    }

    fn is_tried(&mut self, call: CallRef, reached: bool) -> Told {
        let callback = self.running.get(&call).and_then(|id| self.callbacks.get_mut(id));
        let Some(callback) = callback.filter(|c| !c.reached) else {
            return Err((Rule::Callbacks, format!("{call} has tried to reach nobody who is to be called")));
        };
        callback.owed.tries += 1;
        callback.reached = reached;
        Ok(())
    }

    fn ends(&mut self, call: CallRef, outcome: Outcome) {
        self.line.remove(&call);
        let known = self.calls.remove(&call).unwrap_or_default();
        if outcome == Outcome::Abandoned {
            self.gave_up.insert(known.number);
        }
        if let Some(callback) = self.running.remove(&call).and_then(|id| self.callbacks.get_mut(&id)) {
            callback.call = None;
        }
    }

    /// A seat is rung: one at a time for who waits, and nobody stands before him who could have it.
    fn is_rung(&mut self, call: CallRef, leg: LegRef, seat: &SeatId) -> Told {
        let twice = self.line.contains_key(&call) && self.mishears(Ears::RingsTwice);
        let Some(waiting) = self.line.get_mut(&call) else { return Ok(()) };
        if twice || !waiting.rung.is_empty() {
            let others: Vec<_> = waiting.rung.values().map(SeatId::as_str).collect();
            return Err((Rule::Offers, format!("{seat} is rung for {call}, and so are {others:?}")));
        }
        let group = waiting.group.clone();
        waiting.rung.insert(leg, seat.clone());
        // Whose rank may be a better one passes over others rightly.
        let Some(mine) = self.calls.get(&call).filter(|c| !c.served && !self.gave_up.contains(&c.number)) else {
            return Ok(());
        };
        let earlier = |other: &CallRef| self.calls.get(other).is_some_and(|o| (o.place, *other) < (mine.place, call));
        let stands = |(other, w): &(&CallRef, &Waiting)| w.group == group && w.rung.is_empty() && earlier(other);
        let before: Vec<CallRef> = self
            .line
            .iter()
            .filter(stands)
            .filter(|(_, w)| !w.cooled.contains_key(seat))
            .map(|(other, _)| *other)
            .collect();
        self.tally.ranked += 1;
        if !before.is_empty() {
            self.assigned.push(Assigned { call, seat: seat.clone(), before });
        }
        Ok(())
    }

    /// When a round is over: nobody sits at two seats; and who waits while somebody is ready, to be asked about.
    pub fn rests(&mut self, now: u64) -> Result<Vec<CallRef>, (Rule, String)> {
        if std::mem::take(&mut self.moved) {
            let mut found: BTreeMap<&AgentId, &SeatId> = BTreeMap::new();
            for (id, seat) in &self.seats {
                if let Some(agent) = &seat.agent
                    && let Some(other) = found.insert(agent, id)
                {
                    return Err((Rule::Persons, format!("{agent} sits at {other} and at {id}")));
                }
            }
        }
        self.line.values_mut().for_each(|w| w.cooled.retain(|_, until| *until > now));
        if !std::mem::take(&mut self.stirred) || !self.seats.values().any(|s| s.state == "ready") {
            return Ok(Vec::new());
        }
        Ok(self.line.iter().filter(|(_, w)| w.rung.is_empty()).map(|(call, _)| *call).collect())
    }

    /// Whether a seat may be had, as far as facts tell.
    pub fn is_ready(&self, seat: &SeatId) -> bool {
        self.seats.get(seat).is_some_and(|s| s.state == "ready")
    }

    /// Paperwork that is made longer by an order.
    pub fn writes_on(&mut self, seat: &SeatId, now: u64) {
        if let Some(seat) = self.seats.get_mut(seat).filter(|s| s.state.starts_with("wrap_up")) {
            seat.since = now;
        }
    }

    /// No seat is past the exit of its state, and the lists of operators are what was told.
    pub fn compares(&mut self, rows: &[SeatRow], callbacks: &[CallbackRow], now: u64) -> Told {
        // A caller may be served by more seats after a while: what no fact tells is looked at now and then.
        self.stirred = true;
        if self.mishears(Ears::Hasty) {
            self.limits.ring = SECOND / 10;
        }
        for row in rows {
            let mine = self.seats.get(&row.seat);
            let (agent, state) = mine.map_or((None, "not_ready:signed_out+lost"), |s| (s.agent.as_ref(), &*s.state));
            if (agent, state) != (row.agent.as_ref(), &row.state) {
                let text = format!(
                    "{} is {agent:?} {state} by its facts, {:?} {} in the list",
                    row.seat, row.agent, row.state
                );
                return Err((Rule::Persons, text));
            }
        }
        for (id, seat) in &self.seats {
            let length = now.saturating_sub(seat.since);
            let limit = self.limit(id, &seat.state);
            if limit.is_some_and(|limit| length > limit + SECOND) {
                let text = format!("{id} has been {} for {:.3} s", seat.state, length as f64 / 1e6);
                return Err((Rule::Exits, text));
            }
        }
        let told = |row: &CallbackRow| (row.callback, row.number.clone(), row.why, row.tries, row.call);
        let mut told: Vec<_> = callbacks.iter().map(told).collect();
        told.sort_unstable();
        let mine = |c: &Recalled| (c.owed.callback, c.owed.number.clone(), c.owed.why, c.owed.tries, c.call);
        let mine: Vec<_> = self.callbacks.values().map(mine).collect();
        if told != mine {
            return Err((Rule::Callbacks, format!("to be called back are {told:?}, by the facts {mine:?}")));
        }
        Ok(())
    }

    fn limit(&self, id: &SeatId, state: &str) -> Option<u64> {
        let work = state.split(['+', '>']).next().unwrap_or_default();
        match work {
            "reserved" | "ringing" if self.line.values().any(|w| w.rung.values().any(|s| s == id)) => {
                Some(self.limits.ring)
            }
            "reserved" | "ringing" => Some(self.limits.direct),
            "held" => Some(self.limits.held).filter(|limit| *limit > 0),
            "wrap_up" => Some(self.limits.wrap_up),
            "not_ready:no_answer" => Some(self.limits.no_answer),
            _ => None,
        }
    }

    /// All are at home: no seat does anything for anybody.
    pub fn is_silent(&self) -> Told {
        let works = |s: &Seat| ["reserved", "ringing", "talking", "held"].iter().any(|w| s.state.starts_with(w));
        match self.seats.iter().find(|(_, s)| works(s)) {
            Some((id, s)) => Err((Rule::LeftOver, format!("{id} is {} when all are at home", s.state))),
            None if !self.line.is_empty() => Err((Rule::LeftOver, format!("in lines are {:?}", self.line.keys()))),
            None => Ok(()),
        }
    }

    /// What was told is lost behind here: these facts are all that is known.
    pub fn forgets(&mut self, known: &[Event]) -> Told {
        let fresh = Self { gave_up: std::mem::take(&mut self.gave_up), tally: self.tally, ..Self::new(self.limits) };
        *self = Self { ears: self.ears, ..fresh };
        for event in known {
            // That the call before it has died with its exchange is no fact of the floor.
            if let Fact::CallbackBegun { callback, .. } = &event.fact
                && let Some(callback) = self.callbacks.get_mut(callback)
            {
                (callback.call, callback.reached) = (None, false);
            }
            self.take(event, 0)?;
        }
        Ok(())
    }

    /// The exchange has died: who sat where and who was owed is known still, of calls nothing.
    pub fn dies(&mut self) -> BTreeMap<SeatId, (AgentId, String)> {
        let sat = self.sat().collect();
        self.seats.clear();
        self.calls.clear();
        self.line.clear();
        self.assigned.clear();
        self.running.clear();
        self.callbacks.values_mut().for_each(|c| (c.call, c.reached) = (None, false));
        sat
    }
}

/// How a seat stands after a start that was left so.
pub fn restored(agent: &AgentId, state: &str) -> (Option<AgentId>, String) {
    let (work, pending) = state.split_once('>').unwrap_or((state, ""));
    let work = work.split('+').next().unwrap_or_default();
    let agent = Some(agent.clone());
    match (work.strip_prefix("not_ready:"), pending) {
        (_, "signed_out") => (None, "not_ready:signed_out+lost".to_owned()),
        (None | Some("no_answer"), "") => (agent, "ready+lost".to_owned()),
        (Some("no_answer"), word) | (Some(word), _) | (None, word) => (agent, format!("not_ready:{word}+lost")),
    }
}
