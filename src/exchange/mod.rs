//! The exchange: one value that holds it all. SIP endpoint, registrar, floor, calls, port leases.
//!
//! One signalling thread owns one `Exchange` and gives it everything in one order, so that nothing races and nothing is
//! locked: a seat's offer against the caller's hang-up, two REGISTERs of one seat, a reload against a new call.
//! Three verbs: [`Exchange::handle`], [`Exchange::poll`], [`Exchange::deadline`]. It refuses to open sockets, read files
//! or clocks, and to draw random numbers of its own: all of it comes in by value.

mod admit;
mod callbacks;
mod callers;
mod calls;
mod changes;
mod codecs;
mod codes;
mod command;
mod dial;
mod directory;
mod due;
mod failover;
mod floor;
mod former;
mod handover;
mod identity;
mod input;
mod keepalive;
mod keys;
mod listing;
mod live_recording;
mod media;
mod meters;
mod orders;
mod overload;
mod perform;
mod persons;
mod place;
mod ports;
mod quality;
mod recording;
mod refer;
mod returning;
mod rows;
mod seats;
mod secured;
mod session;
mod settings;
mod staff;
mod standing;
mod storage;
mod summed;
mod trace;
mod trunks;

pub use crate::call::Role;
pub use changes::Change;
pub use codes::Codes;
pub use command::{Answer, Command, RtpRow, SeatSet, Secret, TraceRow, Verb};
pub use directory::{Line, directory};
pub use former::Former;
pub use input::{Input, Output};
pub use meters::{Meters, SEAT_STATES};
pub use overload::{Load, Overload};
pub use rows::{
    CallRow, CallbackRow, Came, GroupRow, LackRow, LockRow, PartyRow, RegistrationRow, RegistrationState, SeatRow,
    Status, TargetRow, TransferRow, TrunkRow, WhyRow,
};
pub use settings::{
    CallbackSettings, FloorSettings, Outbound, PersonSettings, SeatSettings, Settings, SourceRule, TrunkSettings,
};
pub use storage::Storage;

use crate::acd::Floor;
use crate::call::Snapshot;
use crate::clock::Now;
use crate::fact::{self, Fact};
use crate::id::{CallRef, SkillId};
use crate::patch;
use crate::sip::auth::Realm;
use crate::sip::endpoint::{self, Endpoint};
use crate::sip::flow::Flow;
use crate::sip::timer::Wheel;
use calls::Live;
use due::Due;
use ports::Ports;
use quality::Qualities;
use rand_chacha::ChaCha12Rng;
use rand_core::{RngCore, SeedableRng};
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

/// The exchange.
#[derive(Debug)]
pub struct Exchange {
    settings: Settings,
    endpoint: Endpoint,
    seats: seats::Seats,
    persons: persons::Persons,
    callers: callers::Callers,
    callbacks: callbacks::Callbacks,
    floor: Floor,
    /// Dialogs of a former run that are to be ended.
    farewells: VecDeque<fact::Dialog>,
    ports: Ports,
    qualities: Qualities,
    /// What any person is trained for.
    skills: BTreeSet<SkillId>,
    trunks: trunks::Trunks,
    calls: calls::Calls,
    gate: overload::Gate,
    snapshot: Arc<Snapshot>,
    wheel: Wheel<Due>,
    rng: ChaCha12Rng,
    recordings: recording::Recordings,
    returning: returning::Returning,
    failover: failover::Failover,
    trace: trace::Trace,
    changed: changes::Changed,
    /// Sequence number of the next fact.
    seq: u64,
    minted: u64,
    staff: staff::Staff,
    /// Names that the other ends of live TLS connections have proved, by connection.
    proved: HashMap<u32, Arc<[String]>>,
    /// When the whole floor is told of again, if something has changed: µs monotonic, or a fact's number.
    stands_by: (u64, u64),
    draining: bool,
    /// What drains is about to end, and takes no emergency call either.
    ending: bool,
    out: VecDeque<Output>,
}

impl Exchange {
    /// An exchange whose every random choice comes from `seed`; its first fact gets the number `seq`.
    #[must_use]
    pub fn new(settings: Settings, snapshot: Arc<Snapshot>, seed: [u8; 32], seq: u64, now: Now) -> Self {
        let mut rng = ChaCha12Rng::from_seed(seed);
        let mut key = || {
            let mut key = [0u8; 32];
            rng.fill_bytes(&mut key);
            key
        };
        let (endpoint_seed, realm_key) = (key(), key());
        let realm = Realm::new(&settings.realm, realm_key).algorithms(&settings.algorithms).lifetime(settings.nonce);
        // A stream of its own: how many ports are drawn changes nothing else that is random.
        let mut draws = ChaCha12Rng::from_seed(seed);
        draws.set_stream(1);
        let mut places = ChaCha12Rng::from_seed(seed);
        places.set_stream(2);
        let gate = overload::Gate::new(settings.overload, places.next_u64());
        let mut exchange = Self {
            endpoint: Endpoint::new(settings.sip.clone(), endpoint_seed),
            seats: seats::Seats::new(realm, settings.register, settings.lockout),
            floor: Floor::new(floor::plan_of(&settings, &snapshot.plan, places.next_u64()), now),
            farewells: VecDeque::new(),
            ports: Ports::new(draws),
            qualities: Qualities::default(),
            persons: persons::Persons::default(),
            callers: callers::Callers::default(),
            callbacks: callbacks::Callbacks::default(),
            skills: settings.persons.values().flat_map(|p| p.skills.keys().cloned()).collect(),
            trunks: trunks::Trunks::new(&settings),
            calls: calls::Calls::default(),
            gate,
            wheel: Wheel::default(),
            rng,
            recordings: recording::Recordings::default(),
            returning: returning::Returning::default(),
            failover: failover::Failover::default(),
            trace: trace::Trace::new(settings.trace),
            changed: changes::Changed::default(),
            seq,
            minted: 0,
            staff: staff::Staff::default(),
            proved: HashMap::new(),
            stands_by: (now.mono.saturating_add(floor::STANDS_EVERY.0), seq.saturating_add(floor::STANDS_EVERY.1)),
            draining: false,
            ending: false,
            out: VecDeque::new(),
            settings,
            snapshot,
        };
        exchange.start_keepalive(now);
        exchange.start_staff(now);
        exchange
    }

    /// Takes one input and everything that follows from it.
    pub fn handle(&mut self, input: Input, now: Now) {
        match input {
            Input::Message(flow, bytes) => {
                self.trace.note(false, flow, &bytes, now);
                self.endpoint.receive(flow, bytes, now);
            }
            Input::Proved(flow, names) => drop(self.proved.insert(flow.connection, names)),
            Input::FlowFailed(flow) => self.flow_failed(flow, false, now),
            Input::FlowLeft(flow) => self.flow_failed(flow, true, now),
            Input::Media(event) => self.media_event(event, now),
            Input::Command { id, command } => self.command(id, command, now),
            Input::Plan(snapshot, fact) => self.put_plan(snapshot, fact, now),
            Input::Located { trunk, targets } => self.located(&trunk, &targets, now),
            Input::Sources { trunk, addresses } => self.trunks.put_sources(&trunk, &addresses),
            Input::Due => {}
        }
        self.due(now);
        self.settle(now);
    }

    /// Takes what was seen of the load: under overload new ordinary calls are refused (RFC 6357).
    pub fn observe(&mut self, load: Load, now: Now) {
        if let Some(text) = self.gate.observe(load, now) {
            self.alarm("overload", &text, now);
        }
    }

    /// The next thing to do.
    pub fn poll(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    /// When [`Input::Due`] is due, µs monotonic.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        let parts = [
            self.endpoint.deadline(),
            self.floor.deadline(),
            self.wheel.deadline(),
            self.seats.deadline(),
            self.gate.deadline(),
        ];
        parts.into_iter().flatten().min()
    }

    /// How many calls live.
    #[must_use]
    pub fn live(&self) -> usize {
        self.calls.len()
    }

    /// Sessions, transactions and leased ports: for leak checks.
    #[must_use]
    pub fn held(&self) -> (usize, usize, usize) {
        let (sessions, transactions) = self.endpoint.live();
        (sessions, transactions, self.ports.leased())
    }

    /// How often the SIP stack gave up waiting.
    #[must_use]
    pub fn given_up(&self) -> endpoint::GivenUp {
        self.endpoint.given_up()
    }

    /// The plan in force.
    #[must_use]
    pub fn snapshot(&self) -> &Arc<Snapshot> {
        &self.snapshot
    }

    fn due(&mut self, now: Now) {
        if self.endpoint.deadline().is_some_and(|at| at <= now.mono) {
            self.endpoint.expire(now);
        }
        let mut fired = Vec::new();
        if self.wheel.deadline().is_some_and(|at| at <= now.mono) {
            self.wheel.expire(now.mono, &mut fired);
        }
        for due in fired {
            match due {
                Due::Call(call, serial) => {
                    if let Some(live) = self.calls.get_mut(&call)
                        && live.timer.0 == serial
                    {
                        live.timer.1 = None;
                        self.tell(call, crate::call::Input::Due, now);
                    }
                }
                Due::Ping(index) => self.ping(index, now),
                Due::Register(index, serial) => self.register_due(index, serial, now),
                Due::Keys(call, leg, serial) => self.keys_due(call, leg, serial, now),
                Due::Return(call, leg, serial) => self.return_due(call, leg, serial, now),
                Due::RingAgain(call, leg, serial) => self.ring_again_due(call, leg, serial, now),
                Due::Silence(call, leg, serial) => self.target_silent(call, leg, serial, now),
                Due::Recall(callback) => self.recall_due(callback, now),
                Due::Farewell => self.farewell(now),
                Due::Staff => self.staff_due(now),
            }
        }
        for seat in self.seats.expire(now) {
            self.seat_lost(&seat, fact::Cause::Timeout, now);
        }
        if self.floor.deadline().is_some_and(|at| at <= now.mono) {
            self.floor.handle(crate::acd::Input::Tick, now);
        }
        for fact in [self.seats.strangers(now), self.gate.written(now)].into_iter().flatten() {
            self.fact(None, fact, now);
        }
    }

    /// Drains what the parts have to say until all are silent: SIP first, then the floor.
    fn settle(&mut self, now: Now) {
        loop {
            if let Some(output) = self.endpoint.poll() {
                match output {
                    endpoint::Output::Send(flow, bytes) => {
                        self.trace.note(true, flow, &bytes, now);
                        self.out.push_back(Output::Send(flow, bytes));
                    }
                    endpoint::Output::Event(event) => self.sip_event(event, now),
                }
            } else if let Some(output) = self.floor.poll() {
                self.floor_output(output, now);
            } else {
                return;
            }
        }
    }

    fn fact(&mut self, call: Option<CallRef>, fact: Fact, now: Now) {
        let of_floor = matches!(
            fact,
            Fact::SeatState { .. }
                | Fact::CallbackAsked { .. }
                | Fact::CallbackEnded { .. }
                | Fact::DisasterMode { .. }
        );
        if let Some(live) = call.and_then(|call| self.calls.get_mut(&call)) {
            let live = &mut **live;
            live.standing.fold(&fact, &live.call, now.wall);
        }
        let event = fact::Event { v: fact::SCHEMA, seq: self.seq, at: now.wall, call, fact };
        self.seq += 1;
        self.out.push_back(Output::Fact(event));
        if of_floor && (now.mono >= self.stands_by.0 || self.seq >= self.stands_by.1) {
            self.tell_standing(now);
        }
    }

    /// Writes a fact that belongs to no call, e.g. that the daemon started.
    pub fn note(&mut self, fact: Fact, now: Now) {
        self.fact(None, fact, now);
    }

    fn media(&mut self, command: patch::Command) {
        self.out.push_back(Output::Media(command));
    }

    fn mint(&mut self, now: Now) -> CallRef {
        loop {
            self.minted += 1;
            let call = CallRef::mint(now.wall, self.minted);
            if !self.calls.contains_key(&call) {
                return call;
            }
        }
    }

    fn put_plan(&mut self, snapshot: Arc<Snapshot>, fact: Fact, now: Now) {
        let plan = floor::plan_of(&self.settings, &snapshot.plan, now.mono);
        self.floor.handle(crate::acd::Input::SetPlan(Box::new(plan)), now);
        self.snapshot = snapshot;
        self.fact(None, fact, now);
    }

    fn flow_failed(&mut self, flow: Flow, left: bool, now: Now) {
        self.endpoint.flow_failed(flow, now);
        self.proved.remove(&flow.connection);
        if flow.transport.is_reliable() {
            for seat in self.seats.flow_lost(&flow) {
                self.seat_lost(&seat, fact::Cause::Lost, now);
            }
            // Whoever talked over it is gone, or will be if he does not come back (product §5, "dead means").
            for session in self.endpoint.sessions_on(&flow) {
                if !self.flow_gone(session, left, now) {
                    self.session_lost(session, now);
                }
            }
        }
    }

    fn random(&mut self) -> u64 {
        self.rng.next_u64()
    }
}
