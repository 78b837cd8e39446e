//! Caller, agent and target of one cell, and what must hold of them at every moment.

use super::axes::{Cell, Kind, What, Who};
use super::table::End;
use crate::support::graph::Heard;
use crate::support::town::{Manner, Party, Town};
use crate::support::wire::{Fate, Rule};
use switchboard::clock::SECOND;
use switchboard::fact::{self, Fact, TransferResult};
use switchboard::id::LegRef;

pub const SOON: Manner = Manner::Answers(200_000);
/// The wire on which nothing overtakes anything.
pub const STEADY: u64 = 0;
/// Beyond the jitter of the wire.
pub const CROSSING: u64 = 3_000;
/// Longer than anything rings, s.
pub const PATIENCE: f64 = 300.0;

/// Caller and agent talk; the target is there to be asked.
pub struct Scene {
    pub cell: Cell,
    pub town: Town,
    pub citizen: Party,
    pub agent: Party,
    pub target: Party,
    /// The first emergency trunk's fellow.
    pub second: Option<Party>,
    /// A seat for whoever comes back to the queue.
    pub spare: Option<Party>,
    /// Whose lines are cut, and when each was last found silent.
    pub dead: Vec<(Party, u64)>,
    /// Who sends no sound, and when that was last reported.
    pub hushed: Option<(Party, u64)>,
    pub gone: bool,
}

impl Scene {
    pub fn new(cell: Cell, seed: u64) -> Self {
        let mut town = Town::new(seed);
        if seed == STEADY {
            town.steadies();
        }
        let tcp = |who| cell.what == What::FlowLost && cell.who == who;
        let seat = |town: &mut Town, who, number, manner| {
            if tcp(who) { town.seat_by_tcp(number, manner) } else { town.seat(number, manner) }
        };
        let agent = seat(&mut town, Who::Agent, "8001", SOON);
        let citizen = town.citizen("13900000001");
        if cell.what == What::Glare {
            for who in [agent, citizen] {
                town.rule(Rule::from(town.address(who), "", Fate::NoUpdate));
            }
        }
        town.runs(1.0);
        town.dials(citizen, "12345");
        assert!(town.until(10, |t| t.talk(citizen, agent)), "caller and agent never talk");
        let (target, second) = match cell.kind {
            Kind::Branch => (town.trunk(20, Manner::Rings), None),
            Kind::Power => (town.trunk(40, Manner::Rings), None),
            Kind::Fire => (town.trunk(30, Manner::Rings), Some(town.trunk(31, SOON))),
            Kind::FireSecond => {
                town.trunk(30, Manner::Refuses(503));
                (town.trunk(31, Manner::Rings), None)
            }
            Kind::Kept => (seat(&mut town, Who::Target, "8051", Manner::Rings), None),
            Kind::Seat | Kind::Hub => (seat(&mut town, Who::Target, "8002", Manner::Rings), None),
        };
        town.runs(1.0);
        Self { cell, town, citizen, agent, target, second, spare: None, dead: Vec::new(), hushed: None, gone: false }
    }

    pub fn all(&self) -> [Party; 3] {
        [self.citizen, self.agent, self.target]
    }

    pub fn party(&self) -> Party {
        match self.cell.who {
            Who::Caller => self.citizen,
            Who::Agent => self.agent,
            Who::Target => self.target,
        }
    }

    /// Lets time pass, looking at every moment at which anything changes. True if it came to hold.
    pub fn until(&mut self, seconds: f64, mut holds: impl FnMut(&Self) -> bool) -> bool {
        let end = self.town.now.mono + (seconds * 1e6) as u64;
        loop {
            self.look();
            if holds(self) {
                return true;
            }
            if self.town.now.mono >= end {
                return false;
            }
            let silent: Vec<u64> = self.silent().iter().map(|(_, since)| *since + 5 * SECOND).collect();
            let next = silent.into_iter().chain(self.town.next()).chain([end]).min().unwrap_or(end);
            self.town.runs_to(next.max(self.town.now.mono + 1));
            self.tells_of_silence();
        }
    }

    fn silent(&mut self) -> Vec<&mut (Party, u64)> {
        self.dead.iter_mut().chain(self.hushed.as_mut()).collect()
    }

    /// The media engine reports a leg without sound every 5 s.
    fn tells_of_silence(&mut self) {
        let now = self.town.now.mono;
        let due = |(who, since): &mut (Party, u64)| {
            let due = now >= *since + 5 * SECOND;
            *since = if due { now } else { *since };
            due.then_some(*who)
        };
        let due: Vec<Party> = self.silent().into_iter().filter_map(due).collect();
        for who in due {
            self.town.falls_silent(who);
        }
    }

    pub fn runs(&mut self, seconds: f64) {
        self.until(seconds, |_| false);
    }

    /// Waits for it; fails if it never comes.
    pub fn becomes(&mut self, seconds: f64, what: &str, holds: impl FnMut(&Self) -> bool) {
        assert!(self.until(seconds, holds), "it never came to: {what}");
    }

    pub fn is_dead(&self, who: Party) -> bool {
        self.dead.iter().any(|(dead, _)| *dead == who)
    }

    /// Whether the leg with this number holds us.
    pub fn holds(&self, who: Party) -> bool {
        let held = |f: &fact::Event| match f.fact {
            Fact::Held { leg, held } if self.leg_of(who) == Some(leg) => Some(held),
            _ => None,
        };
        self.town.facts.iter().rev().find_map(held).unwrap_or(false)
    }

    fn leg_of(&self, who: Party) -> Option<LegRef> {
        if who == self.citizen {
            return Some(LegRef(0));
        }
        let users: &[&str] = if who == self.agent { &["8001"] } else { &["8002", "8051"] };
        self.town.facts.iter().rev().find_map(|f| match &f.fact {
            Fact::LegTried { leg, target: fact::Target::Seat(seat), .. } if users.contains(&seat.as_str()) => {
                Some(*leg)
            }
            Fact::LegTried { leg, target: fact::Target::Trunk { .. }, .. } if who == self.target => Some(*leg),
            _ => None,
        })
    }

    /// The seat at whose phone it is; empty: a trunk's.
    fn number_of(&self, who: Party) -> &'static str {
        let other = matches!(self.cell.what, What::OneOfTwo | What::Onward);
        match self.cell.kind {
            _ if who == self.agent && self.cell.what != What::ByeHelped => "8001",
            Kind::Kept if who == self.target && !other => "8051",
            Kind::Seat | Kind::Hub if who == self.target && !other => "8002",
            _ => "",
        }
    }

    /// What the floor last said of a seat.
    fn state_of(&self, number: &str) -> &str {
        let states = self.town.facts.iter().rev().filter_map(|f| match &f.fact {
            Fact::SeatState { seat, to, .. } => Some((seat.as_str(), to.as_str())),
            _ => None,
        });
        states.into_iter().find(|(seat, _)| *seat == number).map(|(_, state)| state).unwrap_or_default()
    }

    /// Nothing in the ear.
    fn in_silence(&self, who: Party) -> bool {
        match self.town.hears(who) {
            Heard::Nothing => true,
            Heard::Mix(voices) => voices.is_empty() && self.town.beside(who).is_none(),
            Heard::Tone(_) | Heard::Prompt(_) | Heard::Party(_) => false,
        }
    }

    /// What must hold at every moment.
    fn look(&self) {
        let town = &self.town;
        for who in self.all() {
            let on_the_line = town.is_connected(who) && town.has_call(who) && !self.is_dead(who);
            if on_the_line && self.in_silence(who) && !self.holds(who) {
                panic!("{who:?} is on the line and in silence");
            }
        }
        for (who, seat) in [(self.agent, self.number_of(self.agent)), (self.target, self.number_of(self.target))] {
            let busy = ["talking", "held"].iter().any(|state| self.state_of(seat).starts_with(state));
            if !seat.is_empty() && town.talk(self.citizen, who) {
                assert!(busy, "seat {seat} talks and is {}", self.state_of(seat));
            }
            let free = self.state_of(seat).starts_with("ready");
            assert!(!free || !town.has_call(who), "seat {seat} is free and has a leg");
            assert!(!busy || town.exchange.live() > 0, "seat {seat} is taken by no call");
        }
        if !self.gone && !self.is_dead(self.citizen) && town.exchange.live() > 0 {
            assert!(
                town.has_call(self.citizen) || self.holds(self.citizen),
                "the caller has lost his leg and his call lives"
            );
        }
        let [citizen, agent, target] = self.all();
        let answered = || town.transfers().iter().any(|(result, _)| *result == TransferResult::Joined);
        // Back in the queue the caller may come to the very seat that had been asked for.
        let again = || !self.cell.kind.is_trunk() && self.agent_has_gone();
        if !town.hears_of(target, &[citizen, agent]).is_empty() {
            assert!(answered() || again(), "the target hears somebody before it has answered");
        }
        // Its early sound is for whoever waits for it: the agent, or, when he has gone, the caller.
        if !town.hears_of(citizen, &[target]).is_empty() {
            assert!(answered() || self.agent_has_gone(), "the caller hears the target before it has answered");
        }
    }

    fn agent_has_gone(&self) -> bool {
        let gone = |f: &fact::Event| {
            matches!(f.fact, Fact::LegEnded { leg: LegRef(1), .. } | Fact::PartyLeft { leg: LegRef(1), .. })
        };
        self.town.facts.iter().any(gone)
    }

    /// Whether they stand so.
    pub fn is_at(&self, end: End) -> bool {
        let (town, [citizen, agent, target]) = (&self.town, self.all());
        let all = self.all();
        let others = |me: Party| -> Vec<Party> { all.into_iter().filter(|p| *p != me).collect() };
        let out = |who: Party| !town.has_call(who) && (self.is_dead(who) || town.idle(who));
        match end {
            End::Three => all.iter().all(|me| town.hears_of(*me, &all) == others(*me)),
            End::Consulting => town.talk(agent, target) && town.hears(citizen) == Heard::Prompt("music/hold".into()),
            End::CallerAgent => town.talk(citizen, agent) && out(target),
            End::CallerTarget => town.talk(citizen, target) && out(agent),
            End::AgentTarget => town.talk(agent, target) && out(citizen),
            End::Served => {
                let seats = [Some(self.agent), Some(self.target), self.spare].into_iter().flatten();
                seats.into_iter().any(|seat| !self.is_dead(seat) && town.talk(citizen, seat))
            }
            End::Over => town.exchange.live() == 0 && all.into_iter().all(out),
        }
    }
}
