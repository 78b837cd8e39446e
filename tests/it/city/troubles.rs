//! What goes wrong in a city, and how it is well again.

use super::books::Start;
use super::people::Todo;
use super::plan::{Dice, Trouble};
use super::play::{City, Failure, Rule};
use crate::support::city::{SHIPPED, edited};
use crate::support::town::Party;
use crate::support::wire::Weather;
use std::sync::{Arc, LazyLock};
use switchboard::call::Snapshot;
use switchboard::clock::SECOND;
use switchboard::exchange::{Answer, Command, Former, Input};
use switchboard::fact::{Brief, Owed, Sat, Supervision, Way};
use switchboard::ledger::Standing;
use switchboard::patch::Event as MediaEvent;

/// How often sound is looked for, µs.
const PULSE: u64 = 2_500_000;

/// Plans that come into force by the day: the shipped one, one with other times, one whose merged numbers are cancelled.
static PLANS: LazyLock<[Arc<Snapshot>; 3]> = LazyLock::new(|| {
    [
        SHIPPED.clone(),
        edited(|t| t.replace("max_wait = \"10m\"", "max_wait = \"5m\"")),
        edited(|t| t.replace("cutover = 2021-11-30", "cutover = 2021-08-01")),
    ]
});

impl City<'_> {
    pub fn goes_wrong(&mut self, trouble: Trouble, seed: u64) -> Result<(), Failure> {
        match trouble {
            Trouble::Storm(length) => {
                self.town.weather(Weather::STORM);
                self.rough_for(length);
                self.later(length, Todo::Over(trouble));
            }
            Trouble::Partition(last, length) => {
                // One emergency trunk at a time: what happens without both is another story.
                if !(matches!(last, 30 | 31) && self.emergency_is_hurt()) {
                    self.town.cuts_host([127, 0, 0, last].into(), true);
                    self.faults.insert(last);
                    self.later(length, Todo::Over(trouble));
                    if last == 10 {
                        self.rough_for(length);
                    }
                }
            }
            Trouble::Cut(n, length) => {
                let seat = self.seat(n);
                self.town.cuts_line(seat, true);
                self.later(length, Todo::Over(trouble));
            }
            Trouble::PowerLoss(n, length) => {
                let seat = self.seat(n);
                self.town.cuts_line(seat, true);
                self.away.insert(seat);
                let name = self.names[&seat].clone();
                self.town.reboots(seat, &name, false);
                self.later(length, Todo::Over(trouble));
            }
            Trouble::Break(n, length) => {
                let seat = self.seat(n);
                if self.away.insert(seat) {
                    self.town.plays(seat, |p, now| p.unregister(now));
                    self.later(length, Todo::Over(trouble));
                }
            }
            Trouble::OneWay(n, length) => {
                self.watch.mute.insert(self.seat(n));
                self.later(length, Todo::Over(trouble));
            }
            Trouble::Bank(last, mood, length) => {
                if !(matches!(last, 30 | 31) && self.emergency_is_hurt()) {
                    self.moods.insert(last, mood);
                    self.later(length, Todo::Over(trouble));
                }
            }
            Trouble::Reload(n) if !self.town.down => self.town.reloads(PLANS[n].clone()),
            Trouble::Kill(length, between) if !self.town.down => return self.is_killed(length, between),
            Trouble::Full(length) => {
                self.books.disk.0.borrow_mut().room = Some((seed % 300) as usize);
                self.later(length, Todo::Over(trouble));
            }
            Trouble::Clock(seconds) => self.town.now.wall += seconds * 1_000_000,
            Trouble::Order(nth) if !self.town.down => self.orders(nth, seed),
            Trouble::Fault(fault) => self.is_faulty(fault),
            Trouble::Reload(_) | Trouble::Kill(..) | Trouble::Order(_) => {}
        }
        Ok(())
    }

    pub fn is_over(&mut self, trouble: Trouble) {
        match trouble {
            Trouble::Storm(_) => self.town.weather(Weather::FINE),
            Trouble::Partition(last, _) => {
                self.town.cuts_host([127, 0, 0, last].into(), false);
                self.faults.remove(&last);
            }
            Trouble::Cut(n, _) => {
                let seat = self.seat(n);
                if !self.away.contains(&seat) {
                    self.town.cuts_line(seat, false);
                }
            }
            Trouble::PowerLoss(n, _) => {
                let seat = self.seat(n);
                if self.away.remove(&seat) {
                    self.town.cuts_line(seat, false);
                    let name = self.names[&seat].clone();
                    self.town.reboots(seat, &name, true);
                }
            }
            Trouble::Break(n, _) => {
                let seat = self.seat(n);
                if self.away.remove(&seat) {
                    self.town.plays(seat, |p, now| p.register(now));
                }
            }
            Trouble::OneWay(n, _) => {
                let seat = self.seat(n);
                self.watch.mute.remove(&seat);
            }
            Trouble::Bank(last, ..) => {
                self.moods.remove(&last);
            }
            Trouble::Full(_) => self.books.disk.0.borrow_mut().room = None,
            _ => {}
        }
    }

    fn seat(&self, n: usize) -> Party {
        self.seats[n % self.seats.len()]
    }

    fn rough_for(&mut self, length: u64) {
        self.books.rough = self.books.rough.max(self.town.now.mono + length + 70 * SECOND);
    }

    fn emergency_is_hurt(&self) -> bool {
        [30, 31].iter().any(|last| self.faults.contains(last) || self.moods.contains_key(last))
    }

    /// Everything that went wrong is well again, and the phones have registered.
    pub fn is_well(&mut self) -> Result<(), Failure> {
        self.town.weather(Weather::FINE);
        self.books.disk.0.borrow_mut().room = None;
        self.moods.clear();
        self.faults.clear();
        self.watch.mute.clear();
        for last in super::plan::BANKS.into_iter().chain([10]) {
            self.town.cuts_host([127, 0, 0, last].into(), false);
        }
        if self.town.down {
            self.starts()?;
        }
        let seats: Vec<Party> = self.seats.iter().chain(&self.kept).copied().collect();
        for seat in seats {
            self.town.cuts_line(seat, false);
            self.away.remove(&seat);
            self.town.plays(seat, |p, now| p.register(now));
        }
        Ok(())
    }

    /// The exchange dies, perhaps between what it writes and what it sends: the next message to it is its last.
    fn is_killed(&mut self, length: u64, between: bool) -> Result<(), Failure> {
        if between {
            self.town.dying = true;
            let next = self.town.next().unwrap_or(self.town.now.mono);
            self.town.runs_to(next.max(self.town.now.mono));
            self.hears_of_phones();
            self.takes_facts()?;
        }
        self.town.kills();
        if self.books.kill().map_err(|text| self.fails(Rule::Restart, text))? {
            let known = self.books.of_floor();
            self.hall.forgets(&known).map_err(|(rule, text)| self.fails(rule, text))?;
        }
        self.watch.forgets();
        self.rough_for(length);
        // Nobody hears anything any more: they hang up.
        let all: Vec<Party> = self.everybody().collect();
        for who in all {
            if let Some(call) = self.town.call_of(who) {
                let after = self.dice(who, 3).between(1_000, 9_000);
                self.watch.orphans.insert(who);
                self.later(after, Todo::HangsUp(who, call));
            }
        }
        self.later(length, Todo::Starts);
        Ok(())
    }

    pub fn starts(&mut self) -> Result<(), Failure> {
        if !self.town.down {
            return Ok(());
        }
        // Who starts it has made room.
        self.books.disk.0.borrow_mut().room = None;
        let lived = self.books.live();
        let start = self.books.start(self.town.now.wall);
        if start.crashed != lived {
            let text = format!("{lived} calls lived at the kill, {} were closed at the start", start.crashed);
            return Err(self.fails(Rule::Restart, text));
        }
        let (snapshot, settings) = (self.town.exchange.snapshot().clone(), self.settings.clone());
        self.town.starts(settings, snapshot, start.seq, self.plan.scale.ports);
        self.report.restarts += 1;
        self.restores(&start)?;
        let seats: Vec<Party> = self.seats.iter().chain(&self.kept).copied().collect();
        for seat in seats {
            let after = self.dice(seat, 4).between(100, 40_000);
            self.later(after, Todo::Registers(seat));
        }
        Ok(())
    }

    /// What the former run has left is given to the new one, as `daemon::run` does.
    fn restores(&mut self, start: &Start) -> Result<(), Failure> {
        let standing = Standing::of(&self.books.of_floor());
        let (persons, callbacks) = std::mem::take(&mut self.forgets);
        let sat: Vec<Sat> = standing.seats().filter(|_| !persons).collect();
        let owed: Vec<Owed> = standing.callbacks().filter(|_| !callbacks).cloned().collect();
        let hub = self.town.exchange.snapshot().plan.hub_group().cloned();
        let cut_off = switchboard::daemon::cut_off(hub.as_ref(), &start.cut_off, &owed);
        let expected = self.hall.owed().cloned().chain(start.interrupted()).collect::<Vec<_>>();
        let before = self.hall.dies();
        // Every phone that is in a call is told that it is over.
        let dialogs = start.dialogs.clone();
        let former = Former { seats: sat, callbacks: owed, disaster: Vec::new(), cut_off, dialogs };
        self.town.exchange.restore(former, self.town.now);
        self.town.drain_exchange();
        self.takes_facts()?;
        self.stands_again(before, &expected)
    }

    /// An operator orders something about some call, whatever comes of it.
    fn orders(&mut self, nth: u64, seed: u64) {
        let Answer::Calls { calls } = self.town.asks(Command::Calls) else { return };
        let Some(row) = calls.get(nth as usize % calls.len().max(1)) else { return };
        let (call, by, dice) = (row.call, "duty".to_owned(), &mut Dice::new(seed));
        let command = match dice.below(4) {
            0 => Command::HangUp { call },
            1 => {
                let modes = [Supervision::Listen, Supervision::Whisper, Supervision::Barge, Supervision::TakeOver];
                let mode = modes[dice.below(4) as usize];
                Command::Supervise { call, seat: "8001".into(), mode, by, why: "the plan".into(), granted: false }
            }
            _ => {
                let to = ["12366", "12360", "119", "95598"][dice.below(4) as usize].to_owned();
                let way = [Way::ThreeWay, Way::OnAnswer, Way::Consult, Way::Blind][dice.below(4) as usize];
                Command::Transfer { call, to, way, brief: Brief::default(), by }
            }
        };
        self.town.asks(command);
    }

    /// Sound arrives from who is on the line. Whose does not arrive for 5 s, of him the media engine tells.
    pub fn pulse(&mut self) -> Result<(), Failure> {
        self.later(PULSE, Todo::Pulse);
        self.books.sync(self.town.now);
        if self.town.down {
            return Ok(());
        }
        for (port, epoch, spoke) in self.watch.listens(&self.town) {
            self.town.exchange.handle(Input::Media(MediaEvent::Silent { port, epoch, spoke }), self.town.now);
            self.town.drain_exchange();
        }
        self.compares_the_floor()?;
        self.watches()
    }
}
