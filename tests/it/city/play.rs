//! Plays a plan: the town, its people, what goes wrong, and who watches.

use super::books::Books;
use super::hall::{Hall, Limits, Tally};
use super::people::Todo;
use super::plan::{BANKS, Dice, Fault, Mood, NETWORK, Plan, What, mix};
use super::shift;
use super::watch::Watch;
use crate::support::city;
use crate::support::town::{Manner, Party, Town};
use crate::support::wire::Weather;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use switchboard::clock::SECOND;
use switchboard::exchange::{SeatSettings, Settings};
use switchboard::fact::Outcome;
use switchboard::id::{GroupId, SeatId, TrunkId};
use switchboard::sip::auth::Password;

/// A rule that did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Which.
    pub rule: Rule,
    /// What was seen.
    pub text: String,
    /// When, µs.
    pub at: u64,
    /// After so many events.
    pub events: u64,
}

/// The rules, as the module's first lines have them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    Books,
    Live,
    Ports,
    Silence,
    Hearing,
    Emergency,
    LeftOver,
    Seats,
    Restart,
    Waits,
    Rank,
    Offers,
    Exits,
    Persons,
    Callbacks,
    /// A panic of the core, or of what it stands on.
    Panic,
}

/// What was played.
#[derive(Debug, Clone, Default)]
pub struct Report {
    pub events: u64,
    pub calls: u64,
    pub transfers: u64,
    pub restarts: u64,
    /// Most calls at a time.
    pub peak: usize,
    pub floor: Tally,
    pub outcomes: BTreeMap<Outcome, u64>,
}

/// A plan that is being played.
pub struct City<'a> {
    pub plan: &'a Plan,
    pub town: Town,
    pub books: Books,
    pub watch: Watch,
    pub hall: Hall,
    pub settings: Settings,
    /// What is to be done, by moment and in the order of its asking.
    agenda: BTreeMap<(u64, u64), Todo>,
    asked: u64,
    /// Seats of the hub, of the kept lines, all lines of the trunks.
    pub seats: Vec<Party>,
    pub kept: Vec<Party>,
    pub banks: BTreeMap<u8, Vec<Party>>,
    pub moods: BTreeMap<u8, Mood>,
    /// What each phone is called.
    pub names: BTreeMap<Party, String>,
    pub citizens: Vec<Party>,
    pub idle: std::collections::VecDeque<Party>,
    /// Of each citizen's call: how it goes on, and whether a person has answered.
    pub calls: BTreeMap<Party, (super::plan::Item, bool)>,
    /// Whose power is out, or who is on a break.
    pub away: BTreeSet<Party>,
    /// The last round: everybody answers at once and nobody does anything else.
    pub roll_call: bool,
    /// Seats that persons or operators have had a hand in, and those whose paperwork was made longer.
    pub touched: BTreeSet<SeatId>,
    pub writes: Vec<SeatId>,
    /// The next start is without these.
    pub forgets: (bool, bool),
    pub faults: BTreeSet<u8>,
    /// Somebody shall not go home, and who does not.
    pub stays: bool,
    pub stayers: Vec<Party>,
    pub report: Report,
}

impl<'a> City<'a> {
    fn new(plan: &'a Plan, keep: bool) -> Self {
        let settings = settings(plan);
        let mut town = Town::with("2021-12-15T08:00", plan.seed, Weather::FINE, settings.clone());
        town.quiet = !keep;
        town.graph.forgets = true;
        town.has_ports(plan.scale.ports);
        let mut city = Self {
            plan,
            town,
            books: Books::new(),
            watch: Watch::default(),
            hall: Hall::new(limits(&settings)),
            settings,
            agenda: BTreeMap::new(),
            asked: 0,
            seats: Vec::new(),
            kept: Vec::new(),
            banks: BTreeMap::new(),
            moods: BTreeMap::new(),
            names: BTreeMap::new(),
            citizens: Vec::new(),
            idle: Default::default(),
            calls: BTreeMap::new(),
            away: BTreeSet::new(),
            roll_call: false,
            touched: BTreeSet::new(),
            writes: Vec::new(),
            forgets: (false, false),
            faults: BTreeSet::new(),
            stays: false,
            stayers: Vec::new(),
            report: Report::default(),
        };
        city.settles();
        city
    }

    /// Phones come, what is planned stands in the agenda.
    fn settles(&mut self) {
        for last in BANKS {
            let lines = self.town.told_lines(last, self.plan.scale.lines);
            self.banks.insert(last, lines);
        }
        let network = self.town.told_lines(NETWORK, self.plan.scale.lines);
        self.watch.citizens.extend(&network);
        self.banks.insert(NETWORK, network);
        let hub: Vec<String> = (0..self.plan.scale.seats).map(hub_seat).collect();
        let kept: Vec<String> = (8051..=8058).map(|n: u32| n.to_string()).collect();
        for (n, name) in hub.iter().chain(&kept).enumerate() {
            let seat = self.town.seat(name, Manner::Told);
            self.names.insert(seat, name.clone());
            if n < hub.len() { self.seats.push(seat) } else { self.kept.push(seat) }
        }
        for (n, item) in self.plan.items.iter().enumerate() {
            self.asked += 1;
            self.agenda.insert((item.at, self.asked), Todo::Item(n));
        }
        self.later(0, Todo::Pulse);
    }

    /// To be done so many µs from now.
    pub fn later(&mut self, micros: u64, todo: Todo) {
        self.asked += 1;
        self.agenda.insert((self.town.now.mono + micros, self.asked), todo);
    }

    pub fn fails(&self, rule: Rule, text: impl Into<String>) -> Failure {
        Failure { rule, text: text.into(), at: self.town.now.mono, events: self.report.events }
    }

    /// Lets everything happen up to this moment, and looks after each event.
    pub fn goes_on(&mut self, until: u64) -> Result<(), Failure> {
        loop {
            let town = self.town.next().unwrap_or(u64::MAX);
            let todo = self.agenda.keys().next().map_or(u64::MAX, |(at, _)| *at);
            let at = town.min(todo);
            if at > until {
                self.town.runs_to(until);
                return Ok(());
            }
            if todo <= town {
                self.town.runs_to(todo);
                if let Some((_, todo)) = self.agenda.pop_first() {
                    self.does(todo)?;
                }
            } else {
                self.town.runs_to(at.max(self.town.now.mono));
            }
            self.report.events += 1;
            self.hears_of_phones();
            self.looks()?;
        }
    }

    /// What was told since is written, and held against what is known.
    pub fn takes_facts(&mut self) -> Result<(), Failure> {
        let now = self.town.now.mono;
        let facts = std::mem::take(&mut self.town.facts);
        self.books.take(&facts, now).map_err(|text| {
            let rule = if text.starts_with("119") { Rule::Emergency } else { Rule::Books };
            self.fails(rule, text)
        })?;
        for event in &facts {
            self.hall.take(event, now).map_err(|(rule, text)| self.fails(rule, text))?;
        }
        Ok(())
    }

    /// Everything that must hold after each event.
    pub fn looks(&mut self) -> Result<(), Failure> {
        self.takes_facts()?;
        if self.town.down {
            return Ok(());
        }
        self.looks_at_the_floor()?;
        let live = self.town.exchange.live();
        self.report.peak = self.report.peak.max(live);
        if live != self.books.live() {
            let text = format!("{live} calls live, by the books {}", self.books.live());
            return Err(self.fails(Rule::Live, text));
        }
        let (leased, open) = (self.town.exchange.held().2, self.town.graph.open());
        if leased != open {
            return Err(self.fails(Rule::Ports, format!("{leased} ports are leased, {open} are open")));
        }
        if std::mem::take(&mut self.town.graph.changed) {
            self.watches()?;
        }
        Ok(())
    }

    pub fn watches(&mut self) -> Result<(), Failure> {
        let seen = self.watch.looks(&self.town);
        seen.map_err(|(rule, text)| self.fails(rule, text))
    }

    /// Nobody is on the line: nothing may be left of anything.
    fn is_silent(&mut self) -> Result<(), Failure> {
        let (sessions, transactions, ports) = self.town.exchange.held();
        let ours = (self.town.exchange.live(), sessions, transactions, ports, self.town.graph.open());
        if ours != (0, 0, 0, 0, 0) {
            let text = format!("(calls, sessions, transactions, leases, open ports) are {ours:?} when all are at home");
            return Err(self.fails(Rule::LeftOver, text));
        }
        if !self.town.graph.tapes.is_empty() {
            return Err(self.fails(Rule::LeftOver, "a recording goes on when all are at home"));
        }
        self.hall.is_silent().map_err(|(rule, text)| self.fails(rule, text))?;
        let theirs = self.town.held_by_phones();
        if theirs != (0, 0) {
            let text = format!("(sessions, calls) at phones are {theirs:?} when all are at home");
            return Err(self.fails(Rule::LeftOver, text));
        }
        Ok(())
    }

    /// All hang up; 150 s are longer than any timer of the RFC.
    fn all_go_home(&mut self) -> Result<(), Failure> {
        let all: Vec<Party> = self.everybody().filter(|who| self.town.call_of(*who).is_some()).collect();
        // Who stays on, and whom he talks with, where somebody does.
        let pair = |who: &&Party| all.iter().find(|other| self.town.talk(**who, **other)).map(|other| [**who, *other]);
        let stay = all.iter().filter(|_| self.stays).find_map(|who| pair(&who)).map_or_else(Vec::new, Vec::from);
        self.stays &= stay.is_empty();
        for who in all.iter().filter(|who| !stay.contains(who)) {
            self.town.hangs_up(*who);
        }
        self.stayers = stay;
        // Who registers now does so again in five minutes only: no REGISTER is on its way when it is silent.
        for seat in self.seats.iter().chain(&self.kept).copied().collect::<Vec<_>>() {
            self.town.plays(seat, |p, now| p.register(now));
        }
        self.calls_nobody_back()?;
        self.goes_on(self.town.now.mono + 150 * SECOND)?;
        self.is_silent()
    }

    pub fn everybody(&self) -> impl Iterator<Item = Party> + '_ {
        let lines = self.banks.values().flatten();
        self.citizens.iter().chain(&self.seats).chain(&self.kept).chain(lines).copied()
    }

    /// Everything is well again, and every seat is rung once.
    fn calls_the_roll(&mut self) -> Result<(), Failure> {
        self.roll_call = true;
        self.musters()?;
        let began = self.town.now.mono;
        let seats = self.seats.len();
        let numbers = (0..seats).map(|_| "12345").chain((0..8).map(|n| if n < 4 { "12348" } else { "12328" }));
        for (n, number) in numbers.enumerate() {
            let call = super::plan::CallPlan { number, patience: 100 * SECOND, talk: 100 * SECOND };
            let seed = mix(self.plan.seed, 77 + n as u64);
            let item = super::plan::Item { at: began, seed, what: What::Call(call) };
            self.calls_somebody(item, call);
            self.goes_on(self.town.now.mono + 50_000)?;
        }
        self.goes_on(self.town.now.mono + 40 * SECOND)?;
        let reached = |s: &&Party| !self.town.is_connected(**s);
        let missed: Vec<&str> =
            self.seats.iter().chain(&self.kept).filter(reached).map(|s| self.names[s].as_str()).collect();
        if !missed.is_empty() {
            let rows = self.town.asks(switchboard::exchange::Command::Seats);
            let switchboard::exchange::Answer::Seats { seats } = rows else { unreachable!("asked for seats") };
            let state = |name: &&str| seats.iter().find(|r| r.seat.as_str() == *name).map(|r| r.state.clone());
            let said: Vec<_> = missed.iter().map(|name| (name, state(name))).collect();
            return Err(self.fails(Rule::Seats, format!("callers wait and these seats are not rung: {said:?}")));
        }
        Ok(())
    }

    fn plays(&mut self) -> Result<Report, Failure> {
        self.goes_on(self.plan.end)?;
        self.is_well()?;
        self.all_go_home()?;
        self.calls_the_roll()?;
        self.all_go_home()?;
        let calls = self.books.close().map_err(|text| self.fails(Rule::Books, text))?;
        let outcomes = self.books.outcomes();
        if outcomes.values().sum::<u64>() != calls {
            return Err(self.fails(Rule::Books, format!("{calls} calls have the outcomes {outcomes:?}")));
        }
        let (transfers, floor) = (self.books.transfers, self.hall.tally);
        Ok(Report { calls, outcomes, transfers, floor, ..self.report.clone() })
    }
}

/// Plays a plan to its end, or to the first rule that does not hold. With `keep` the trace of a failure comes with it.
pub fn play(plan: &Plan, keep: bool) -> Result<Report, (Failure, Vec<String>)> {
    let mut city = City::new(plan, keep);
    let played = catch_unwind(AssertUnwindSafe(|| city.plays()));
    let failure = match played {
        Ok(Ok(report)) => return Ok(report),
        Ok(Err(failure)) => failure,
        Err(panic) => {
            let said = panic.downcast_ref::<String>().cloned();
            let said = said.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
            city.fails(Rule::Panic, said.unwrap_or_default())
        }
    };
    Err((failure, std::mem::take(&mut city.town.trace)))
}

/// The name of the hub's seat `n`: those of the lab first.
pub fn hub_seat(n: usize) -> String {
    (if n < 49 { 8_001 + n } else { 8_101 + n - 49 }).to_string()
}

/// The lab's, with as many seats and as much room as this city has.
fn settings(plan: &Plan) -> Settings {
    let mut settings = city::settings();
    settings.max_calls = 20_000;
    // With every other seed a seat that hangs up at once gives its caller back.
    settings.early_hangup = plan.seed % 2 * 5 * SECOND;
    settings.ring_time = Some(8 * SECOND);
    let (main, odd) = (GroupId::from("main"), plan.seed % 2);
    // With every other seed agents have paperwork after each talk, and may not hold for ever.
    settings.wrap_up = Some(odd * 4 * SECOND);
    settings.floor.hold_limit = odd * 8 * SECOND;
    let carrier = settings.trunks.get_mut(&TrunkId::from("carrier")).expect("the lab's");
    let network = std::net::SocketAddr::from(([127, 0, 0, NETWORK], 5060));
    carrier.outbound = Some(switchboard::exchange::Outbound::to(switchboard::sip::flow::Transport::Udp, network));
    settings.callbacks.every = 60 * SECOND;
    shift::people(&mut settings);
    settings.seats.retain(|_, s| !s.groups.contains(&main) && !s.groups.is_empty());
    for (n, name) in (0..plan.scale.seats).map(hub_seat).enumerate() {
        let seat = SeatSettings {
            groups: vec![main.clone()],
            supervises: if name == "8001" { [main.clone()].into() } else { BTreeSet::new() },
            password: Password::Plain(format!("lab-{name}")),
            sign_in_on_register: !shift::is_manual(n),
            srtp: switchboard::key::Srtp::default(),
            codecs: None,
        };
        settings.seats.insert(SeatId::from(name), seat);
    }
    settings
}

/// How long a seat may be in each state, by its configuration.
fn limits(settings: &Settings) -> Limits {
    let floor = settings.floor;
    Limits {
        ring: settings.ring_time.expect("set above"),
        direct: 180 * SECOND,
        held: floor.hold_limit,
        wrap_up: floor.long_wrap_up.max(settings.wrap_up.unwrap_or(0)),
        no_answer: floor.no_answer_rest,
        tries: settings.callbacks.tries,
    }
}

impl City<'_> {
    /// Dice for something that this party does now.
    pub fn dice(&self, who: Party, what: u64) -> Dice {
        Dice::new(mix(mix(self.plan.seed, who.0 as u64), what))
    }

    pub fn is_faulty(&mut self, fault: Fault) {
        match fault {
            Fault::LeaksPort => self.town.graph.fault = Some(crate::support::graph::Fault::Leaks),
            Fault::Deafens => self.town.graph.fault = Some(crate::support::graph::Fault::Deafens),
            Fault::Crosses => self.town.graph.fault = Some(crate::support::graph::Fault::Crosses),
            Fault::LosesRecord => self.books.disk.0.borrow_mut().loses = true,
            Fault::DoublesRecord => self.books.disk.0.borrow_mut().doubles = true,
            Fault::SwallowsEnd => self.books.swallows = true,
            Fault::CutsEmergency => {
                for last in [30, 31] {
                    self.town.cuts_host([127, 0, 0, last].into(), true);
                }
            }
            Fault::StopsSeat(n) => {
                let at = self.town.address(self.seats[n % self.seats.len()]);
                self.town.rule(crate::support::wire::Rule::to(at, "INVITE", crate::support::wire::Fate::Lost));
            }
            Fault::ForgetsAtKill => self.books.forget_at_kill(),
            Fault::StaysOn => self.stays = true,
            Fault::Mishears(ears) => self.hall.ears = Some(ears),
            Fault::ForgetsPersons => self.forgets.0 = true,
            Fault::ForgetsCallbacks => self.forgets.1 = true,
        }
    }
}
