//! What persons and operators do on the floor of a city: they come, change seats, rest, go; take and close call-backs.

use super::plan::{Act, Dice, Does};
use super::play::{City, Failure, Rule, hub_seat};
use crate::support::town::Party;
use std::collections::BTreeMap;
use switchboard::call::Pin;
use switchboard::clock::SECOND;
use switchboard::exchange::{Answer, CallbackRow, Command, PersonSettings, SeatRow, SeatSet, Settings};
use switchboard::fact::Owed;
use switchboard::id::{AgentId, CallRef, GroupId, SeatId, SkillId};

/// Persons who have no seat of their own.
const GUESTS: std::ops::Range<u32> = 8_060..8_072;

/// Every third seat of the hub waits for a person; the others' agents come with their phones.
pub fn is_manual(n: usize) -> bool {
    n % 3 == 2
}

/// Some are trained, some serve two groups, some are asked later than others.
pub fn people(settings: &mut Settings) {
    for number in GUESTS {
        let skill = |name: &str, level| (SkillId::from(name), level);
        let person = PersonSettings {
            pin: Pin::new(&number.to_string()),
            groups: if number % 3 == 0 { ["main", "kept.12348"].map(GroupId::from).into() } else { Vec::new() },
            skills: if number % 2 == 0 { [skill("社保", 1), skill("电信", 2)].into() } else { [].into() },
            tier: u8::from(number % 4 == 3),
        };
        settings.persons.insert(AgentId::from(number.to_string()), person);
    }
}

impl City<'_> {
    /// Whatever comes of it.
    pub fn acts(&mut self, act: Act, seed: u64) {
        if self.town.down {
            return;
        }
        match act {
            Act::Seat(n, does, by_code) => self.does_at(n, does, by_code, &mut Dice::new(seed)),
            Act::Takes(nth, n) => {
                let (rows, seat) = (self.callbacks(), self.seat_id(n));
                if let Some(row) = rows.get(nth as usize % rows.len().max(1)) {
                    self.town.asks(Command::TakeCallback { callback: row.callback, seat, by: "duty".into() });
                }
            }
            Act::Closes(nth) => {
                let rows = self.callbacks();
                if let Some(row) = rows.get(nth as usize % rows.len().max(1)) {
                    self.town.asks(closed(row.callback));
                }
            }
        }
    }

    fn does_at(&mut self, n: usize, does: Does, by_code: bool, dice: &mut Dice) {
        let phone = self.seats[n % self.seats.len()];
        let seat = self.seat_id(n);
        self.touched.insert(seat.clone());
        let person = match dice.below(3) {
            0 => self.seat_id(dice.below(1_000) as usize).to_string(),
            1 => seat.to_string(),
            _ => (u64::from(GUESTS.start) + dice.below(12)).to_string(),
        };
        // Who sat at a seat of his own is missed there.
        if does == Does::Comes {
            self.touched.insert(SeatId::from(person.as_str()));
        }
        if by_code {
            let pin = if dice.below(8) == 0 { "1" } else { &person };
            let code = match does {
                Does::Comes => format!("*71*{person}*{pin}"),
                Does::Ready => "*72".to_owned(),
                Does::Rests(0) => "*73#".to_owned(),
                Does::Rests(key) => format!("*73{key}"),
                Does::Writes => "*74".to_owned(),
                Does::Goes => "*70".to_owned(),
            };
            return self.codes(phone, &code, does == Does::Comes);
        }
        let (agent, state) = match does {
            Does::Comes => (Some(person.as_str().into()), Some(SeatSet::Ready).filter(|_| dice.below(4) > 0)),
            Does::Ready => (None, Some(SeatSet::Ready)),
            Does::Rests(_) => (None, Some(SeatSet::Break)),
            Does::Writes => (None, Some(SeatSet::WrapUp)),
            Does::Goes => (None, Some(SeatSet::Out)),
        };
        let reason = if does == Does::Rests(3) { "会议" } else { "" }.to_owned();
        let done = self.town.asks(Command::Seat { seat: seat.clone(), agent, state, reason, by: "duty".into() });
        if done == Answer::Done && does == Does::Writes {
            self.writes.push(seat);
        }
    }

    /// An idle phone dials it; in a talk keys say it, but who somebody is.
    fn codes(&mut self, phone: Party, code: &str, dialled: bool) {
        if self.away.contains(&phone) {
        } else if self.town.is_free(phone) {
            self.town.dials(phone, code);
        } else if self.town.is_connected(phone) && !dialled {
            self.town.presses(phone, code);
        }
    }

    fn seat_id(&self, n: usize) -> SeatId {
        SeatId::from(hub_seat(n % self.seats.len()))
    }

    pub fn callbacks(&mut self) -> Vec<CallbackRow> {
        match self.town.asks(Command::Callbacks) {
            Answer::Callbacks { callbacks } => callbacks,
            other => unreachable!("asked for call-backs: {other:?}"),
        }
    }

    pub fn seat_rows(&mut self) -> Vec<SeatRow> {
        match self.town.asks(Command::Seats) {
            Answer::Seats { seats } => seats,
            other => unreachable!("asked for seats: {other:?}"),
        }
    }

    /// Each seat has its own agent again, who is ready: those alone that nobody has had a hand in come back by themselves.
    pub fn musters(&mut self) -> Result<(), Failure> {
        let manual = (0..self.seats.len()).filter(|n| is_manual(*n)).map(hub_seat).map(SeatId::from);
        let known: Vec<SeatId> = self.names.values().map(|name| SeatId::from(name.as_str())).collect();
        self.touched.extend(manual);
        for seat in std::mem::take(&mut self.touched).into_iter().filter(|seat| known.contains(seat)) {
            let agent = Some(AgentId::from(seat.as_str()));
            let order = Command::Seat {
                seat: seat.clone(),
                agent,
                state: Some(SeatSet::Ready),
                reason: String::new(),
                by: "duty".into(),
            };
            let answer = self.town.asks(order);
            if answer != Answer::Done {
                return Err(self.fails(Rule::Persons, format!("nobody can sign in at {seat}: {answer:?}")));
            }
        }
        Ok(())
    }

    /// Nobody is called back any more.
    pub fn calls_nobody_back(&mut self) -> Result<(), Failure> {
        for row in self.callbacks() {
            let order = row.call.map_or_else(|| closed(row.callback), |call| Command::HangUp { call });
            self.town.asks(order);
        }
        self.goes_on(self.town.now.mono + 10 * SECOND)?;
        for row in self.callbacks() {
            let answer = self.town.asks(closed(row.callback));
            if answer != Answer::Done {
                return Err(self.fails(Rule::Callbacks, format!("{row:?} cannot be closed: {answer:?}")));
            }
        }
        Ok(())
    }

    /// What the facts of a round say about the floor, and what the exchange says when it is asked about that.
    pub fn looks_at_the_floor(&mut self) -> Result<(), Failure> {
        let now = self.town.now.mono;
        let waits = self.hall.rests(now).map_err(|(rule, text)| self.fails(rule, text))?;
        for assigned in std::mem::take(&mut self.hall.assigned) {
            for other in &assigned.before {
                let Answer::Why { why } = self.town.asks(Command::Why { call: *other }) else { continue };
                let row = why.seats.iter().find(|row| row.seat == assigned.seat);
                let rings = why.seats.first().is_some_and(|row| row.en == "rings for it");
                if !rings && row.is_some_and(|row| row.en == "in a call or at paperwork") {
                    let text = format!("{} has {}, for whom {other} waits: {why:?}", assigned.call, assigned.seat);
                    return Err(self.fails(Rule::Rank, text));
                }
            }
        }
        for call in waits {
            let Answer::Why { why } = self.town.asks(Command::Why { call }) else { continue };
            if why.seats.first().is_some_and(|row| row.en == "rings for it") {
                continue;
            }
            let free = |en: &str| en == "in a call or at paperwork";
            if let Some(row) = why.seats.iter().find(|row| free(&row.en) && self.hall.is_ready(&row.seat)) {
                let text = format!("{call} waits and {} is ready: {why:?}", row.seat);
                return Err(self.fails(Rule::Waits, text));
            }
        }
        Ok(())
    }

    /// Facts and lists say the same, and no state has lasted too long.
    pub fn compares_the_floor(&mut self) -> Result<(), Failure> {
        self.takes_facts()?;
        let now = self.town.now.mono;
        for seat in std::mem::take(&mut self.writes) {
            self.hall.writes_on(&seat, now);
        }
        let (rows, callbacks) = (self.seat_rows(), self.callbacks());
        self.hall.compares(&rows, &callbacks, now).map_err(|(rule, text)| self.fails(rule, text))
    }

    /// The former run's floor is there again: persons at their seats, call-backs, and those whose calls it has cut off.
    pub fn stands_again(&mut self, sat: BTreeMap<SeatId, (AgentId, String)>, owed: &[Owed]) -> Result<(), Failure> {
        let rows = self.seat_rows();
        for (seat, (agent, state)) in sat {
            let expected = super::hall::restored(&agent, &state);
            let found = rows.iter().find(|row| row.seat == seat).map(|row| (row.agent.clone(), row.state.clone()));
            if found.as_ref() != Some(&expected) {
                let text = format!("{seat} was {agent} {state} and is {found:?}, not {expected:?}");
                return Err(self.fails(Rule::Restart, text));
            }
        }
        let told = |row: &CallbackRow| (row.callback, row.number.clone(), row.why, row.tries);
        let mut told: Vec<_> = self.callbacks().iter().map(told).collect();
        told.sort_unstable();
        let mut left: Vec<_> = owed.iter().map(|o| (o.callback, o.number.clone(), o.why, o.tries)).collect();
        left.sort_unstable();
        if told != left {
            return Err(self.fails(Rule::Restart, format!("owed were {left:?}, after the start {told:?}")));
        }
        Ok(())
    }
}

fn closed(callback: CallRef) -> Command {
    Command::EndCallback { callback, by: "duty".into(), note: "the plan".into() }
}
