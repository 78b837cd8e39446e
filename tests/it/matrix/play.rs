//! One cell played: the scene up to its step, what happens there, and what comes of it.

use super::axes::{Cell, Kind, Step, Way, What, Who};
use super::books;
use super::table::{End, Expected, expected};
use crate::support::graph::Heard;
use crate::support::town::{Manner, Party, Town};
use crate::support::wire::{Fate, Rule};
use switchboard::clock::SECOND;
use switchboard::exchange::Command;
use switchboard::fact::{self, Brief, Fact, TransferResult};
use switchboard::id::LegRef;

const SOON: Manner = Manner::Answers(200_000);
/// The wire on which nothing overtakes anything.
pub const STEADY: u64 = 0;
/// Longer than anything rings, s.
const PATIENCE: f64 = 300.0;
/// Beyond the jitter of the wire.
const CROSSING: u64 = 3_000;

/// Caller and agent talk; the target is there to be asked.
pub struct Scene {
    pub cell: Cell,
    pub town: Town,
    pub citizen: Party,
    pub agent: Party,
    pub target: Party,
    /// The first emergency trunk's fellow.
    second: Option<Party>,
    /// A seat for whoever comes back to the queue.
    pub spare: Option<Party>,
    /// Whose lines are cut, and when each was last found silent.
    dead: Vec<(Party, u64)>,
    gone: bool,
}

impl Scene {
    fn new(cell: Cell, seed: u64) -> Self {
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
        Self { cell, town, citizen, agent, target, second, spare: None, dead: Vec::new(), gone: false }
    }

    pub fn all(&self) -> [Party; 3] {
        [self.citizen, self.agent, self.target]
    }

    fn party(&self) -> Party {
        match self.cell.who {
            Who::Caller => self.citizen,
            Who::Agent => self.agent,
            Who::Target => self.target,
        }
    }

    /// Lets time pass, looking at every moment at which anything changes. True if it came to hold.
    fn until(&mut self, seconds: f64, mut holds: impl FnMut(&Self) -> bool) -> bool {
        let end = self.town.now.mono + (seconds * 1e6) as u64;
        loop {
            self.look();
            if holds(self) {
                return true;
            }
            if self.town.now.mono >= end {
                return false;
            }
            let silent = self.dead.iter().map(|(_, since)| since + 5 * SECOND);
            let next = silent.chain(self.town.next()).chain([end]).min().unwrap_or(end);
            self.town.runs_to(next.max(self.town.now.mono + 1));
            for i in 0..self.dead.len() {
                let (who, since) = self.dead[i];
                if self.town.now.mono >= since + 5 * SECOND {
                    self.dead[i].1 = self.town.now.mono;
                    self.town.falls_silent(who);
                }
            }
        }
    }

    fn runs(&mut self, seconds: f64) {
        self.until(seconds, |_| false);
    }

    fn is_dead(&self, who: Party) -> bool {
        self.dead.iter().any(|(dead, _)| *dead == who)
    }

    /// Whether the leg with this number holds us.
    fn holds(&self, who: Party) -> bool {
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
            Fact::LegTried { leg, target: fact::Target::Seat(seat) } if users.contains(&seat.as_str()) => Some(*leg),
            Fact::LegTried { leg, target: fact::Target::Trunk { .. } } if who == self.target => Some(*leg),
            _ => None,
        })
    }

    /// The seat at whose phone it is; empty: a trunk's.
    fn number_of(&self, who: Party) -> &'static str {
        match self.cell.kind {
            _ if who == self.agent && self.cell.what != What::ByeHelped => "8001",
            Kind::Kept if who == self.target && self.cell.what != What::OneOfTwo => "8051",
            Kind::Seat | Kind::Hub if who == self.target && self.cell.what != What::OneOfTwo => "8002",
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

    /// The agent asks.
    fn asks(&mut self) {
        let number = self.cell.kind.number();
        match self.cell.way {
            Way::Key => self.town.presses(self.agent, &format!("*1{number}")),
            Way::Refer => self.town.refers(self.agent, number, false),
            Way::Consult => {
                let call = self.town.facts.iter().rev().find_map(|f| f.call).expect("a call");
                let way = fact::Way::Consult;
                let (brief, by) = (Brief::default(), String::new());
                self.town.commands(Command::Transfer { call, to: number.into(), way, brief, by });
            }
        }
        let asked = |s: &Self| s.town.facts.iter().any(|f| matches!(f.fact, Fact::TransferAsked { .. }));
        // No time passes but the REFER's own.
        let end = self.town.now.mono + 10 * SECOND;
        while !asked(self) {
            assert!(self.town.now.mono < end, "nobody has been asked for");
            self.town.until(10, |t| t.facts.iter().any(|f| matches!(f.fact, Fact::TransferAsked { .. })));
        }
    }

    fn becomes(&mut self, seconds: f64, what: &str, holds: impl FnMut(&Self) -> bool) {
        assert!(self.until(seconds, holds), "it never came to: {what}");
    }

    fn rings(&mut self) {
        self.becomes(10.0, "the target rings", |s| s.town.rings(s.target));
        self.runs(1.0);
        let (mut caller, mut agent) = (vec![self.agent], vec![self.citizen]);
        if self.cell.consults() {
            (caller, agent) = (Vec::new(), Vec::new());
            assert_eq!(
                self.town.hears(self.citizen),
                Heard::Prompt("music/hold".into()),
                "the caller of a consultation"
            );
        }
        let beside = if self.cell.step == Step::Early {
            agent.push(self.target);
            None
        } else {
            Some("Ringback".to_owned())
        };
        let all = self.all();
        assert_eq!(self.town.hears_of(self.citizen, &all), caller, "whom the caller hears while it rings");
        assert_eq!(self.town.hears_of(self.agent, &all), agent, "whom the agent hears while it rings");
        assert_eq!(self.town.beside(self.agent), beside, "what the agent hears while it rings");
    }

    fn joins(&mut self) {
        self.town.answers(self.target);
        let end = if self.cell.leaves_on_answer() {
            End::CallerTarget
        } else if self.cell.consults() {
            End::Consulting
        } else {
            End::Three
        };
        self.becomes(5.0, "joined", |s| s.is_at(end));
    }

    fn leaves(&mut self) {
        if !self.cell.leaves_on_answer() {
            self.town.presses(self.agent, "*2");
        }
        self.becomes(5.0, "the agent has left", |s| s.is_at(End::CallerTarget));
    }

    /// Up to the step.
    fn reaches(&mut self) {
        let target = self.town.address(self.target);
        if self.cell.step == Step::Early {
            self.town.rule(Rule::from(target, "SIP/2.0 180", Fate::Early(self.town.rtp(self.target))));
        }
        if self.cell.what == What::Glare {
            self.town.rule(Rule::from(target, "", Fate::NoUpdate));
        }
        self.asks();
        if self.cell.step == Step::Asked {
            return;
        }
        self.rings();
        match self.cell.step {
            Step::Before => {
                self.town.rule(Rule::from(target, "SIP/2.0 200", Fate::Late(CROSSING)).once());
                self.town.answers(self.target);
            }
            Step::Behind => {
                self.town.answers(self.target);
                let keys = matches!(self.cell.what, What::Cancel | What::Leave);
                if keys || self.cell.who == Who::Target {
                    self.town.runs(0.002);
                } else {
                    let party = self.town.address(self.party());
                    self.town.rule(Rule::from(party, "", Fate::Late(CROSSING)).once());
                }
            }
            Step::Joined => self.joins(),
            Step::Left => {
                self.joins();
                self.runs(1.0);
                self.leaves();
            }
            Step::Asked | Step::Ringing | Step::Early | Step::Whole => {}
        }
        if matches!(self.cell.step, Step::Joined | Step::Left) {
            self.runs(1.0);
        }
    }

    fn hangs_up(&mut self, who: Party) {
        self.gone |= who == self.citizen;
        self.town.hangs_up(who);
    }

    fn dies(&mut self, who: Party) {
        self.town.cuts(who);
        self.dead.push((who, self.town.now.mono));
    }

    /// What happens in this cell. Whether the target still answers afterwards, and after how long.
    fn happens(&mut self) -> Option<f64> {
        let who = self.party();
        match self.cell.what {
            What::Bye => {
                self.hangs_up(who);
                return (self.cell.who != Who::Target).then_some(2.0);
            }
            What::Overtaken => {
                let agent = self.town.address(self.agent);
                self.town.rule(Rule::to(agent, "BYE ", Fate::Late(CROSSING)).once());
                self.hangs_up(who);
            }
            What::ByeRefused => {
                self.hangs_up(who);
                self.becomes(5.0, "it rings at the target", |s| s.town.rings(s.target) || s.cell.step == Step::Before);
                self.runs(1.0);
                self.town.rejects(self.target, 486);
                return None;
            }
            What::ByeBye => {
                self.hangs_up(who);
                self.runs(1.0);
                self.hangs_up(if who == self.agent { self.citizen } else { self.agent });
                return None;
            }
            What::ByeHelped => self.helped(),
            What::Again => {
                self.town.presses(self.agent, "*112360");
                self.runs(1.0);
                self.asks_by_refer();
            }
            What::OneOfTwo => {
                let number = if self.cell.kind == Kind::Kept { "8052" } else { "8003" };
                let colleague = self.town.seat(number, SOON);
                self.runs(0.5);
                self.town.rejects(who, 486);
                self.town.set_manner(who, Manner::Refuses(486));
                self.target = colleague;
                return None;
            }
            What::Dies => self.dies(who),
            What::DiesLong => {
                self.dies(who);
                return Some(15.0);
            }
            What::FlowLost => {
                self.dies(who);
                self.town.is_unreachable(who);
            }
            What::Cancel => self.town.presses(self.agent, "*3"),
            What::Leave => self.town.presses(self.agent, "*2"),
            What::Back => self.town.presses(self.agent, "*0"),
            What::Swap => self.swaps(),
            What::Hold => self.town.holds(who, true),
            What::Glare => self.glares(who),
            What::Refuses(status) => {
                if self.cell.step == Step::Asked {
                    self.town.set_manner(who, Manner::Refuses(status));
                } else {
                    self.town.rejects(who, status);
                }
                return None;
            }
            What::Mute => {
                self.town.set_manner(who, Manner::Dead);
                return None;
            }
            What::Unreachable => {
                self.town.set_manner(who, Manner::Dead);
                self.town.is_unreachable(who);
                return None;
            }
            What::NoAnswer => return None,
            What::Late => {
                let at = self.town.address(who);
                let read = self.town.sent.len();
                let given_up = |t: &Town| t.sent[read..].iter().any(|(f, b)| f.peer == at && b.starts_with(b"CANCEL"));
                self.becomes(PATIENCE, "given up", |s| given_up(&s.town));
                // The answer had left before the CANCEL came: the wire has it.
                if self.town.rings(who) {
                    self.town.answers(who);
                }
                return None;
            }
            What::Storm | What::Slow | What::FirstLost | What::AckLost | What::NoAck => {}
        }
        Some(2.0)
    }

    /// His phone's transfer key, while somebody is being brought in: refused, whoever asked first.
    fn asks_by_refer(&mut self) {
        self.town.refers(self.agent, "12360", false);
        self.runs(0.5);
        let asked = |f: &&fact::Event| matches!(f.fact, Fact::TransferAsked { .. });
        assert_eq!(self.town.facts.iter().filter(asked).count(), 1, "only one is brought in at a time");
    }

    /// Another agent takes care of the caller while the emergency line rings.
    fn helped(&mut self) {
        let spare = self.town.seat("8003", SOON);
        self.runs(0.5);
        self.hangs_up(self.agent);
        self.becomes(5.0, "the caller talks to the free seat", |s| s.town.talk(s.citizen, spare));
        self.agent = spare;
    }

    fn swaps(&mut self) {
        self.town.presses(self.agent, "*4");
        self.runs(1.0);
        let with_caller = self.cell.consults();
        let (one, other) = if with_caller { (self.citizen, self.target) } else { (self.target, self.citizen) };
        assert!(self.town.talk(self.agent, one), "the agent talks to the one");
        assert!(self.town.hears_of(other, &self.all()).is_empty(), "and the other hears neither");
        self.town.presses(self.agent, "*4");
        self.runs(1.0);
        assert!(self.town.talk(self.agent, other), "then to the other");
        // Back to where it began, as far as keys lead there.
        self.town.presses(self.agent, "*2");
    }

    /// Holds us in the instant in which our refresh is under way.
    fn glares(&mut self, who: Party) {
        let at = self.town.address(who);
        let read = self.town.sent.len();
        let found = |t: &Town| t.sent[read..].iter().any(|(f, b)| f.peer == at && b.starts_with(b"INVITE"));
        assert!(self.town.until(1_000, found), "no re-INVITE of ours to cross");
        self.town.holds(who, true);
        self.runs(20.0);
        let refused = self.town.trace.iter().filter(|l| l.contains("SIP/2.0 491")).count();
        assert!(refused >= 1, "the two re-INVITEs did not cross");
        assert!(self.holds(who), "the hold came in the end");
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

    fn ends(&mut self, wanted: &Expected) {
        if wanted.second {
            self.target = self.second.expect("a second trunk");
        }
        if wanted.end == End::Served {
            self.spare = Some(self.town.seat("8003", SOON));
        }
        // Once it is served the caller may be back with the very seat that was the target.
        if wanted.end == End::Served && !self.cell.kind.is_trunk() && !self.is_dead(self.target) {
            self.town.set_manner(self.target, SOON);
        }
        let end = wanted.end;
        self.becomes(PATIENCE, &format!("{end:?}"), |s| s.is_at(end));
        for _ in 0..4 {
            self.runs(1.0);
            assert!(self.is_at(end), "it did not stay at {end:?}");
        }
        assert_eq!(self.town.transfers(), wanted.transfers, "what the transfer came to");
        let alarm = self.town.facts.iter().any(|f| matches!(f.fact, Fact::Alarm { .. }));
        assert_eq!(alarm, wanted.alarm, "an alarm");
    }

    /// Everything under a wire that is bad for one of them, from the order to the end.
    fn whole(&mut self) {
        let at = self.town.address(self.party());
        match self.cell.what {
            What::Storm => self.both_ways(Fate::Thrice),
            What::Slow => self.both_ways(Fate::Late(SECOND)),
            What::FirstLost => self.both_ways(Fate::FirstLost),
            What::AckLost => self.town.rule(Rule::to(at, "ACK ", Fate::Lost).once()),
            _ => self.town.rule(Rule::to(at, "ACK ", Fate::Lost)),
        }
        self.asks();
        self.becomes(10.0, "the target rings", |s| s.town.rings(s.target));
        self.runs(2.0);
        self.joins();
        self.runs(3.0);
        if self.cell.what == What::NoAck {
            return;
        }
        self.leaves();
        self.runs(5.0);
        self.hangs_up(self.citizen);
    }

    fn both_ways(&mut self, fate: Fate) {
        let at = self.town.address(self.party());
        self.town.rule(Rule::from(at, "", fate));
        self.town.rule(Rule::to(at, "", fate));
    }

    fn plays(&mut self) {
        let wanted = expected(&self.cell);
        if self.cell.step == Step::Whole {
            self.whole();
        } else {
            self.reaches();
            let after = self.happens();
            if wanted.end == End::Served && self.spare.is_none() {
                self.runs(0.5);
            }
            if let Some(after) = after {
                self.until(after, |_| false);
                if self.town.rings(self.target) && !self.is_dead(self.target) {
                    self.town.answers(self.target);
                }
            }
            if matches!(self.cell.what, What::Hold | What::Glare) {
                self.runs(3.0);
                if !self.town.idle(self.party()) {
                    self.town.holds(self.party(), false);
                }
            }
        }
        self.ends(&wanted);
        self.reported(&wanted);
        self.town.forget_rules();
        for (who, _) in self.dead.clone() {
            self.dies(who);
        }
        books::close(self);
    }

    /// A phone that asked by REFER, and is still in the call or was until we took it out, is told how that ended.
    fn reported(&self, wanted: &Expected) {
        let here = matches!(self.cell.what, What::Refuses(_) | What::Hold | What::NoAnswer | What::Mute | What::Cancel);
        if self.cell.way != Way::Refer || !here {
            return;
        }
        let status = match wanted.transfers[0] {
            (TransferResult::Joined, _) => 200,
            (TransferResult::Failed, Some(cause)) => switchboard::call::cause::to_sip(cause).0,
            _ => 487,
        };
        let at = self.town.address(self.agent);
        let told = self.town.sent.iter().rev().find(|(f, b)| f.peer == at && b.starts_with(b"NOTIFY"));
        let told = told.map(|(_, b)| String::from_utf8_lossy(b).into_owned()).unwrap_or_default();
        assert!(told.contains(&format!("\r\n\r\nSIP/2.0 {status} ")), "the last NOTIFY says {told}, not {status}");
    }
}

/// Plays one cell and gives its facts; panics with the reason if anything in it is not as it must be.
pub fn play(cell: Cell, seed: u64) -> Vec<fact::Event> {
    let mut scene = Scene::new(cell, seed);
    let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| scene.plays()));
    if let Err(why) = ended {
        let why = why.downcast_ref::<String>().cloned().or_else(|| why.downcast_ref::<&str>().map(|s| (*s).to_owned()));
        let heard: Vec<_> = scene.all().map(|p| (scene.town.hears(p), scene.town.has_call(p))).into();
        let trace = scene.town.trace.join("\n");
        panic!(
            "{trace}\n  at {} ms, hear: {heard:?}\n  transfers {:?}\n{}",
            scene.town.now.mono / 1000,
            scene.town.transfers(),
            why.unwrap_or_default()
        );
    }
    scene.town.facts
}
