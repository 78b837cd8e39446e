//! What people do: citizens who call, wait, talk and give up; agents who answer, hold, transfer and hang up; departments.

use super::plan::{CallPlan, Dice, Item, Mood, What, mix};
use super::play::{City, Failure};
use crate::support::town::Party;
use switchboard::clock::SECOND;
use switchboard::phone::Event as E;
use switchboard::sip::dialog::SessionId;

/// Something that is to be done.
#[derive(Debug, Clone)]
pub enum Todo {
    /// The plan's item.
    Item(usize),
    /// Sound arrives or does not; what waits for the disk is tried again.
    Pulse,
    Answers(Party, SessionId),
    /// The call of this line ends by this side.
    HangsUp(Party, SessionId),
    /// A citizen has waited long enough, if no person has answered.
    GivesUp(Party, SessionId),
    Presses(Party, SessionId, &'static str),
    Refers(Party, SessionId, &'static str),
    Holds(Party, SessionId, bool),
    Registers(Party),
    /// What went wrong is well again.
    Over(super::plan::Trouble),
    Starts,
}

/// Numbers that agents bring in by a key or by REFER.
const TARGETS: [&str; 6] = ["12366", "12360", "119", "95598", "12313", "12348"];
const KEYS: [&str; 6] = ["*112366#", "*112360#", "*1119#", "*195598#", "*112313#", "*112348#"];

impl City<'_> {
    pub fn does(&mut self, todo: Todo) -> Result<(), Failure> {
        let in_hand = |city: &Self, who: Party, call| city.town.call_of(who) == Some(call);
        match todo {
            Todo::Item(n) => {
                let item = self.plan.items[n];
                match item.what {
                    What::Call(call) => self.calls_somebody(item, call),
                    What::Act(act) => self.acts(act, item.seed),
                    What::Trouble(trouble) => return self.goes_wrong(trouble, item.seed),
                }
            }
            Todo::Pulse => return self.pulse(),
            Todo::Answers(who, call) if in_hand(self, who, call) => self.town.plays(who, |p, now| p.answer(call, now)),
            Todo::HangsUp(who, call) if in_hand(self, who, call) => self.lets_go(who),
            Todo::GivesUp(who, call) if in_hand(self, who, call) && !self.is_served(who) => self.lets_go(who),
            Todo::Presses(who, call, keys) if in_hand(self, who, call) => self.town.presses(who, keys),
            Todo::Refers(who, call, to) if in_hand(self, who, call) => self.town.refers(who, to, false),
            Todo::Holds(who, call, held) if in_hand(self, who, call) => {
                self.town.holds(who, held);
                self.watch.holds(who, held);
            }
            Todo::Registers(who) if !self.away.contains(&who) => self.town.plays(who, |p, now| p.register(now)),
            Todo::Over(trouble) => self.is_over(trouble),
            Todo::Starts => return self.starts(),
            _ => {}
        }
        Ok(())
    }

    /// A person has answered this citizen.
    fn is_served(&self, who: Party) -> bool {
        self.calls.get(&who).is_some_and(|(_, served)| *served)
    }

    fn lets_go(&mut self, who: Party) {
        if !self.stayers.contains(&who) {
            self.town.hangs_up(who);
            self.is_idle(who);
        }
    }

    /// A citizen may call again.
    fn is_idle(&mut self, who: Party) {
        if self.calls.remove(&who).is_some() {
            self.idle.push_back(who);
        }
    }

    /// A citizen who has no call makes one; there is always another citizen.
    pub fn calls_somebody(&mut self, item: Item, call: CallPlan) {
        let rested = self.idle.iter().position(|who| self.town.is_free(*who));
        let citizen = match rested.and_then(|n| self.idle.remove(n)) {
            Some(citizen) => citizen,
            None => {
                let number = format!("139{:08}", self.citizens.len() + 1);
                let citizen = self.town.told_citizen(&number);
                self.names.insert(citizen, number);
                self.citizens.push(citizen);
                self.watch.citizens.insert(citizen);
                citizen
            }
        };
        self.calls.insert(citizen, (item, false));
        self.watch.calls(citizen);
        let session = self.town.dials(citizen, call.number);
        self.later(call.patience, Todo::GivesUp(citizen, session));
        let dice = &mut Dice::new(mix(item.seed, 41));
        if dice.below(3) == 0 && !self.roll_call {
            // He would rather be called back, or thinks better of it.
            let asks = dice.between(9_000, 40_000);
            let confirms = asks + dice.between(500, 12_000);
            self.later(asks, Todo::Presses(citizen, session, "1"));
            let key = if dice.below(6) == 0 { "0" } else { "1" };
            self.later(confirms, Todo::Presses(citizen, session, key));
        }
        // Whatever comes of it: nobody stays on the line for ever.
        self.later(call.patience + call.talk + 300 * SECOND, Todo::HangsUp(citizen, session));
    }

    /// What phones have told since the last event.
    pub fn hears_of_phones(&mut self) {
        for (who, event) in std::mem::take(&mut self.town.told) {
            match event {
                E::Incoming { call, from } => self.rings(who, call, &from),
                E::Connected { call } => {
                    self.watch.begins(&self.town, who);
                    self.is_connected(who, call);
                }
                E::Ended { .. } | E::Failed { .. } if self.town.call_of(who).is_none() => self.is_idle(who),
                _ => {}
            }
        }
    }

    fn rings(&mut self, who: Party, call: SessionId, from: &str) {
        if self.town.call_of(who) != Some(call) {
            // The line is taken.
            return self.town.plays(who, |p, now| p.reject(call, 486, now));
        }
        let caller = self.citizen_of(from).and_then(|c| self.calls.get(&c)).map_or(7, |(item, _)| item.seed);
        let dice = &mut self.dice(who, caller);
        if self.watch.citizens.contains(&who) {
            self.watch.calls(who);
        }
        let bank = self.banks.iter().find(|(_, lines)| lines.contains(&who)).map(|(last, _)| *last);
        let mood = match bank {
            Some(super::plan::NETWORK) => at_home(&mut self.dice(who, self.town.now.mono)),
            Some(last) => self.moods.get(&last).copied().unwrap_or(Mood::Answers),
            None => agents_mood(dice),
        };
        let mood = if self.roll_call { Mood::Answers } else { mood };
        match mood {
            Mood::Refuses(status) => self.town.rejects(who, status),
            Mood::Rings => self.town.plays(who, |p, now| p.ring(call, now)),
            Mood::Answers => {
                self.town.plays(who, |p, now| p.ring(call, now));
                let after = if self.roll_call { SECOND / 2 } else { dice.between(200, 4_000) };
                self.later(after, Todo::Answers(who, call));
            }
        }
    }

    /// Whose number a From value has.
    fn citizen_of(&self, from: &str) -> Option<Party> {
        let number = from.split("sip:").nth(1)?.split('@').next()?;
        let index: usize = number.strip_prefix("139")?.parse().ok()?;
        self.citizens.get(index.checked_sub(1)?).copied()
    }

    /// A call stands. What follows is decided by whoever was called: how long, by whom it ends, what is done meanwhile.
    fn is_connected(&mut self, who: Party, call: SessionId) {
        if self.calls.contains_key(&who) || self.town.call_of(who) != Some(call) {
            return;
        }
        let partner = self.serves(who);
        let (seed, talk) = match partner.and_then(|c| self.calls.get_mut(&c)) {
            Some((item, served)) => {
                *served = true;
                let What::Call(planned) = item.what else { return };
                (item.seed, planned.talk)
            }
            None => (mix(who.0 as u64, self.town.now.mono), Dice::new(self.town.now.mono).about(20.0)),
        };
        let dice = &mut Dice::new(mix(seed, who.0 as u64));
        let by_citizen = partner.zip(partner.and_then(|c| self.town.call_of(c))).filter(|_| dice.below(2) == 0);
        match by_citizen {
            Some((citizen, session)) => {
                self.later(talk, Todo::HangsUp(citizen, session));
                self.later(talk + 90 * SECOND, Todo::HangsUp(who, call));
            }
            None => self.later(talk, Todo::HangsUp(who, call)),
        }
        if (self.seats.contains(&who) || self.kept.contains(&who)) && !self.roll_call {
            self.works(who, call, dice, talk);
        }
    }

    /// The citizen whom this phone hears.
    fn serves(&self, who: Party) -> Option<Party> {
        use crate::support::graph::Heard;
        match self.town.hears(who) {
            Heard::Party(rtp) => self.town.at_rtp(rtp).filter(|p| self.calls.contains_key(p)),
            Heard::Mix(all) => all.into_iter().filter_map(|r| self.town.at_rtp(r)).find(|p| self.calls.contains_key(p)),
            _ => None,
        }
    }

    /// What an agent does while he talks.
    fn works(&mut self, who: Party, call: SessionId, dice: &mut Dice, talk: u64) {
        let when = talk / 4 + dice.below(talk / 2);
        match dice.below(10) {
            0 => self.later(when, Todo::Presses(who, call, KEYS[dice.below(6) as usize])),
            1 => {
                self.later(when, Todo::Presses(who, call, KEYS[dice.below(6) as usize]));
                let then = ["*2", "*3", "*4", "*0", "7"][dice.below(5) as usize];
                let pause = dice.between(100, 12_000);
                self.later(when + pause, Todo::Presses(who, call, then));
            }
            2 => self.later(when, Todo::Refers(who, call, TARGETS[dice.below(6) as usize])),
            3 => {
                self.later(when, Todo::Holds(who, call, true));
                let pause = dice.between(100, 12_000);
                self.later(when + pause, Todo::Holds(who, call, false));
            }
            4 => {
                if let Some((citizen, session)) = self.serves(who).and_then(|c| self.town.call_of(c).map(|s| (c, s))) {
                    self.later(when, Todo::Holds(citizen, session, true));
                    let pause = dice.between(100, 12_000);
                    self.later(when + pause, Todo::Holds(citizen, session, false));
                }
            }
            _ => {}
        }
    }
}

/// Who is called back is there mostly.
fn at_home(dice: &mut Dice) -> Mood {
    match dice.below(8) {
        0 => Mood::Refuses([486, 480, 603][dice.below(3) as usize]),
        1 => Mood::Rings,
        _ => Mood::Answers,
    }
}

fn agents_mood(dice: &mut Dice) -> Mood {
    match dice.below(20) {
        0 => Mood::Rings,
        1 => Mood::Refuses([486, 480, 603][dice.below(3) as usize]),
        _ => Mood::Answers,
    }
}
