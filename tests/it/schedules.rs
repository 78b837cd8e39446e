//! Random schedules around a three-way talk: keys, REFERs, the API's orders, supervisors, holds, hang-ups, phones that die or fall
//! silent, agents who rest, go, come and change seats meanwhile, in fine weather and in a storm.
//! Whatever happens: a caller who is on the line is never in silence, nobody hears who should not, no leg outlives its call,
//! each transfer has one outcome and each call one end, nobody sits at two seats and no seat works on when all are gone. `SCHEDULE_SEED=n cargo test --test it schedules` replays one.

use crate::support::city::settings;
use crate::support::graph::Heard;
use crate::support::mirror::Mirror;
use crate::support::town::{Manner, Party, Town};
use crate::support::wire::Weather;
use rand_chacha::ChaCha12Rng;
use rand_core::{RngCore, SeedableRng};
use std::collections::BTreeSet;
use switchboard::exchange::{Answer, Command, SeatSet, Settings, Verb};
use switchboard::fact::{Brief, Fact, Supervision, Way};
use switchboard::id::{AgentId, CallRef, LegRef, SeatId};

/// Run by `make test`; `make soak` runs a hundred thousand.
const SEEDS: u64 = 2_000;

/// Seeds that once found a fault.
const FOUND: [u64; 1] = [525];

struct Play {
    town: Town,
    dice: ChaCha12Rng,
    citizen: Party,
    agents: Vec<Party>,
    targets: Vec<Party>,
    /// A supervisor's desk that serves no queue.
    chief: Party,
    gone: bool,
    /// Agents do something about their seats too.
    staffed: bool,
}

impl Play {
    fn new(seed: u64) -> Self {
        let mut dice = ChaCha12Rng::seed_from_u64(seed);
        let weather = if seed.is_multiple_of(3) { Weather::STORM } else { Weather::FINE };
        // With every other seed a seat that hangs up at once gives its caller back.
        let settings = Settings { early_hangup: seed % 2 * 5_000_000, ..settings() };
        let mut town = Town::with("2021-12-15T10:00", seed, weather, settings);
        let manners = [
            Manner::Answers(800_000),
            Manner::Answers(3_000_000),
            Manner::Rings,
            Manner::Refuses(486),
            Manner::Refuses(503),
            Manner::Refuses(603),
            Manner::Dead,
        ];
        let mut manner = || manners[dice.next_u32() as usize % manners.len()];
        let first = town.seat("8001", Manner::Answers(700_000));
        let agents = vec![first, town.seat("8002", Manner::Answers(1_500_000))];
        let targets: Vec<Party> = [20u8, 21, 30, 31, 40].iter().map(|last| town.trunk(*last, manner())).collect();
        let kept = town.seat("8051", manner());
        let chief = town.seat("8050", Manner::Answers(600_000));
        let citizen = town.citizen("13900000001");
        town.until(60, |t| t.registered(agents[0]) && t.registered(agents[1]));
        town.dials(citizen, "12345");
        town.until(90, |t| agents.iter().any(|a| t.talk(citizen, *a)));
        let targets = targets.into_iter().chain([kept]).collect();
        Self { town, dice, citizen, agents, targets, chief, gone: false, staffed: seed % 4 == 2 }
    }

    fn roll(&mut self, sides: u32) -> u32 {
        self.dice.next_u32() % sides
    }

    fn act(&mut self) {
        let (agent, target) = (self.roll(2) as usize, self.roll(6) as usize);
        if self.staffed && self.roll(4) == 0 {
            return self.seats(agent);
        }
        let (agent, target) = (self.agents[agent], self.targets[target]);
        const KEYS: [&str; 14] = [
            "*112366", "*112360", "*1119", "*1110", "*195598", "*112348", "*18002", "*2", "*3", "*4", "*0", "7", "*1",
            "*199#",
        ];
        match self.roll(28) {
            20..=22 => self.orders(),
            23 | 24 => self.supervises(),
            25 => self.town.falls_silent(agent),
            26 => self.town.falls_silent(target),
            27 if self.roll(8) == 0 => self.town.hangs_up(self.chief),
            0..=8 => {
                let keys = KEYS[self.roll(14) as usize];
                self.town.presses(agent, keys);
            }
            9 => self.refers(agent),
            10 => self.town.hangs_up(agent),
            11 => self.town.hangs_up(target),
            12 if self.town.rings(target) => self.town.answers(target),
            13 | 14 if self.town.is_connected(agent) => {
                let held = self.roll(2) == 0;
                self.town.holds(agent, held);
            }
            15 if self.roll(4) == 0 => {
                self.town.hangs_up(self.citizen);
                self.gone = true;
            }
            16 if self.roll(4) == 0 => self.town.set_manner(target, Manner::Dead),
            17 if self.roll(8) == 0 && self.town.is_connected(self.citizen) => {
                let held = self.roll(2) == 0;
                self.town.holds(self.citizen, held);
            }
            _ => {}
        }
    }

    /// The citizen's call, if it lives.
    fn call(&mut self) -> Option<CallRef> {
        let Answer::Calls { calls } = self.town.asks(Command::Calls) else { return None };
        calls.iter().find(|c| c.dialled == "12345").map(|c| c.call)
    }

    /// By the API: whatever comes of it.
    fn orders(&mut self) {
        let Some(call) = self.call() else { return };
        let (by, why) = ("duty".to_owned(), "dice".to_owned());
        if self.roll(2) == 0 {
            let to = ["12366", "12360", "119", "95598", "12348", "8002", "12345"][self.roll(7) as usize].to_owned();
            let way = [Way::ThreeWay, Way::OnAnswer, Way::Consult, Way::Blind][self.roll(4) as usize];
            self.town.asks(Command::Transfer { call, to, way, brief: Brief::default(), by });
        } else {
            const VERBS: [Verb; 11] = [
                Verb::Leave,
                Verb::Cancel,
                Verb::Swap,
                Verb::Back,
                Verb::Hold,
                Verb::Resume,
                Verb::Mute,
                Verb::Unmute,
                Verb::Pause,
                Verb::Continue,
                Verb::Dismiss,
            ];
            let verb = VERBS[self.roll(11) as usize];
            self.town.asks(Command::Conference { call, verb, by, why });
        }
    }

    /// By keys in the talk, by a code that an idle phone dials, or by order.
    fn seats(&mut self, agent: usize) {
        let (phone, seat) = (self.agents[agent], ["8001", "8002"][agent]);
        const KEYS: [&str; 7] = ["*70", "*72", "*73#", "*732", "*74", "*8", "*71*8001*8001"];
        let keys = KEYS[self.roll(7) as usize];
        if self.town.is_connected(phone) {
            return self.town.presses(phone, keys);
        }
        if self.town.idle(phone) && self.roll(2) == 0 {
            self.town.dials(phone, keys);
            return;
        }
        let person = [None, Some("8001"), Some("8002"), Some("8041")][self.roll(4) as usize].map(AgentId::from);
        let state = SeatSet::ALL.get(self.roll(5) as usize).copied();
        let (seat, by) = (SeatId::from(seat), "duty".to_owned());
        self.town.asks(Command::Seat { seat, agent: person, state, reason: String::new(), by });
        self.nobody_sits_twice();
    }

    fn nobody_sits_twice(&mut self) {
        let Answer::Seats { seats } = self.town.asks(Command::Seats) else { panic!("asked for seats") };
        let mut agents: Vec<_> = seats.iter().filter_map(|row| row.agent.as_ref()).collect();
        agents.sort();
        assert!(agents.windows(2).all(|pair| pair[0] != pair[1]), "{seats:?}\n{}", self.town.trace.join("\n"));
    }

    fn supervises(&mut self) {
        let Some(call) = self.call() else { return };
        let modes = [Supervision::Listen, Supervision::Whisper, Supervision::Barge, Supervision::TakeOver];
        let mode = modes[self.roll(4) as usize];
        let (by, why) = ("monitor".to_owned(), "dice".to_owned());
        self.town.asks(Command::Supervise { call, seat: "8050".into(), mode, by, why, granted: false });
    }

    fn refers(&mut self, agent: Party) {
        if !self.town.idle(agent) && self.town.is_connected(agent) {
            let number = ["12366", "12360", "110", "95598"][self.roll(4) as usize];
            let silent = self.roll(2) == 0;
            self.town.refers(agent, number, silent);
        }
    }

    /// Everything that must hold at any moment.
    fn look(&self, told: &str) {
        let town = &self.town;
        let everyone: Vec<Party> = self.agents.iter().chain(&self.targets).copied().chain([self.chief]).collect();
        // Who holds us hears nothing by his own will.
        let held = |f: &switchboard::fact::Event| match f.fact {
            Fact::Held { leg: LegRef(0), held } => Some(held),
            _ => None,
        };
        let holds = town.facts.iter().rev().find_map(held).unwrap_or(false);
        // A code that a seat dials is a call too; his own was the first.
        let his = town.facts.iter().find(|f| matches!(f.fact, Fact::CallOffered { .. })).and_then(|f| f.call);
        let over = town.facts.iter().any(|f| f.call == his && matches!(f.fact, Fact::CallEnded { .. }));
        if town.is_connected(self.citizen) && !self.gone && !holds && !over {
            assert_ne!(town.hears(self.citizen), Heard::Nothing, "{told}: silence\n{}", town.trace.join("\n"));
        }
        // The supervisor is heard by the citizen only when he chose so.
        let chose = |f: &switchboard::fact::Event| match f.fact {
            Fact::Supervised { mode, .. } => Some(mode),
            _ => None,
        };
        let mode = town.facts.iter().rev().find_map(chose);
        if !town.hears_of(self.citizen, &[self.chief]).is_empty() {
            let aloud = matches!(mode, Some(Supervision::Barge | Supervision::TakeOver));
            assert!(aloud, "{told}: heard {mode:?}\n{}", town.trace.join("\n"));
        }
        // Whoever hears the citizen has answered, and serves him; nobody hears a phone that is not in a call.
        for who in &everyone {
            if town.hears_of(*who, &[self.citizen]).is_empty() {
                continue;
            }
            assert!(
                town.has_call(*who),
                "{told}: somebody hears the citizen who is in no call\n{}",
                town.trace.join("\n")
            );
        }
    }

    fn end(mut self, told: &str) {
        for who in
            self.targets.iter().chain(&self.agents).copied().chain([self.citizen, self.chief]).collect::<Vec<_>>()
        {
            self.town.set_manner(who, Manner::Refuses(480));
        }
        self.town.goes_home();
        self.nobody_sits_twice();
        let Answer::Seats { seats } = self.town.asks(Command::Seats) else { panic!("asked for seats") };
        let works = |state: &str| ["reserved", "ringing", "talking", "held"].iter().any(|word| state.starts_with(word));
        let left: Vec<_> = seats.iter().filter(|row| works(&row.state)).map(|row| (&row.seat, &row.state)).collect();
        assert!(left.is_empty(), "{told}: {left:?}\n{}", self.town.trace.join("\n"));
        let count = |what: fn(&Fact) -> bool| self.town.facts.iter().filter(|f| what(&f.fact)).count();
        let asked = count(|f| matches!(f, Fact::TransferAsked { .. }));
        let ended = count(|f| matches!(f, Fact::TransferEnded { .. }));
        assert_eq!(asked, ended, "{told}: outcomes of transfers\n{}", self.town.trace.join("\n"));
        // One recording for each call in which anybody answered, and none for another.
        let talked = self.town.facts.iter().filter(|f| matches!(f.fact, Fact::Connected { .. }));
        let talked: BTreeSet<_> = talked.map(|f| f.call).collect();
        assert_eq!(self.town.graph.tapes.len(), talked.len(), "{told}: recordings\n{}", self.town.trace.join("\n"));
    }
}

fn play(seed: u64) -> usize {
    let told = format!("SCHEDULE_SEED={seed}");
    let mut play = Play::new(seed);
    // With some: what is told of changes is what is.
    let mut mirror = seed.is_multiple_of(10).then(Mirror::default);
    for _ in 0..12 + play.roll(12) {
        play.act();
        for _ in 0..=play.roll(20) {
            play.town.runs(0.05);
            play.look(&told);
            if let Some(mirror) = &mut mirror {
                mirror.looks(&mut play.town, &told);
            }
        }
    }
    let transfers = play.town.transfers().len();
    play.end(&told);
    transfers
}

#[test]
fn random_schedules_lose_nobody() {
    if let Ok(seed) = std::env::var("SCHEDULE_SEED") {
        println!("{} transfers", play(seed.parse().unwrap()));
        return;
    }
    let number = |name: &str, usual: u64| std::env::var(name).ok().map_or(usual, |v| v.parse().unwrap());
    let (seeds, start) = (number("SCHEDULE_SEEDS", SEEDS), number("SCHEDULE_START", 1));
    let transfers: usize = FOUND.into_iter().chain(start..start + seeds).map(play).sum();
    assert!(transfers as u64 > seeds / 2, "{transfers} transfers in {seeds} schedules");
    println!("{seeds} schedules, {transfers} transfers");
}
