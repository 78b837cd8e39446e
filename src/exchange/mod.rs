//! The exchange: one value that holds it all. SIP endpoint, registrar, floor, calls, port leases.
//!
//! One signalling thread owns one `Exchange` and gives it everything in one order, so that nothing races and nothing is
//! locked: a seat's offer against the caller's hang-up, two REGISTERs of one seat, a reload against a new call.
//! Three verbs: [`Exchange::handle`], [`Exchange::poll`], [`Exchange::deadline`]. It refuses to open sockets, read files
//! or clocks, and to draw random numbers of its own: all of it comes in by value.

mod admit;
mod command;
mod dial;
mod directory;
mod floor;
mod handover;
mod identity;
mod keys;
mod media;
mod perform;
mod place;
mod ports;
mod recording;
mod refer;
mod register;
mod rows;
mod session;
mod settings;
mod trunks;

pub use crate::call::Role;
pub use command::{Answer, Command, Verb};
pub use keys::Codes;
pub use rows::{CallRow, PartyRow, SeatRow, Status, TransferRow, TrunkRow};
pub use settings::{SeatSettings, Settings, SourceRule, TrunkSettings};

use crate::acd::Floor;
use crate::call::{Call, Leg, Snapshot};
use crate::clock::Now;
use crate::fact::{self, Fact};
use crate::id::{CallRef, LegRef};
use crate::patch;
use crate::sip::auth::Realm;
use crate::sip::dialog::SessionId;
use crate::sip::endpoint::{self, Endpoint};
use crate::sip::flow::Flow;
use crate::sip::registrar::Registrar;
use crate::sip::timer::Wheel;
use bytes::Bytes;
use ports::Ports;
use rand_chacha::ChaCha12Rng;
use rand_core::{RngCore, SeedableRng};
use smallvec::SmallVec;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// What the exchange is given.
#[derive(Debug)]
pub enum Input {
    /// A SIP message, framed.
    Message(Flow, Bytes),
    /// A connection is lost, or a message could not be delivered by this flow.
    FlowFailed(Flow),
    /// From a media thread.
    Media(patch::Event),
    /// From an operator.
    Command {
        /// Comes back with the answer.
        id: u64,
        /// What is asked.
        command: Command,
    },
    /// A plan and its prompts are put in force; live calls keep theirs. With it comes the fact that says who did it and why.
    Plan(Arc<Snapshot>, Fact),
    /// [`Exchange::deadline`] has come.
    Due,
}

/// What the exchange wants done, in this order: facts are written before the datagrams they explain leave.
#[derive(Debug)]
pub enum Output {
    /// Write this down.
    Fact(fact::Event),
    /// Send this.
    Send(Flow, Bytes),
    /// For the media thread that owns the port.
    Media(patch::Command),
    /// The answer to a command.
    Answer {
        /// Of the command.
        id: u64,
        /// What is answered.
        answer: Answer,
    },
}

/// What the exchange's own wheel carries.
#[derive(Debug, Clone, Copy)]
enum Due {
    Call(CallRef, u32),
    Trunk(u32),
    Register(u32),
    Keys(CallRef, LegRef, u32),
}

/// A live call with its legs on the wire.
#[derive(Debug)]
struct Live {
    call: Call,
    legs: SmallVec<[Leg; 2]>,
    /// Of the timer that is set for the call's deadline, and that deadline.
    timer: (u32, Option<u64>),
    /// What its agent has pressed of a feature code.
    pressed: keys::Pressed,
    /// REFERs that its transfers came by.
    refers: refer::Refers,
    /// The transfers so far, as facts have told them.
    transfers: Vec<TransferRow>,
    /// Its recording, once it has begun.
    taping: Option<recording::Taping>,
}

impl Live {
    fn leg(&mut self, leg: LegRef) -> Option<&mut Leg> {
        self.legs.iter_mut().find(|l| l.leg == leg)
    }
}

/// Refusals of strangers not yet written down: one fact stands for many.
#[derive(Debug, Default)]
struct Strangers {
    count: u32,
    last: Option<std::net::IpAddr>,
    written_at: u64,
}

/// The exchange.
#[derive(Debug)]
pub struct Exchange {
    settings: Settings,
    endpoint: Endpoint,
    realm: Realm,
    registrar: Registrar,
    floor: Floor,
    ports: Ports,
    trunks: Vec<trunks::TrunkState>,
    /// Boxed: the tree moves its entries about.
    calls: BTreeMap<CallRef, Box<Live>>,
    sessions: BTreeMap<SessionId, (CallRef, LegRef)>,
    snapshot: Arc<Snapshot>,
    wheel: Wheel<Due>,
    rng: ChaCha12Rng,
    strangers: Strangers,
    tapes: recording::Tapes,
    /// Sequence number of the next fact.
    seq: u64,
    minted: u64,
    draining: bool,
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
        // A stream of its own: how many ports are drawn changes nothing else that is random.
        let mut draws = ChaCha12Rng::from_seed(seed);
        draws.set_stream(1);
        let mut exchange = Self {
            endpoint: Endpoint::new(settings.sip.clone(), endpoint_seed),
            realm: Realm::new(&settings.realm, realm_key).algorithms(&settings.algorithms).lifetime(settings.nonce),
            registrar: Registrar::new(settings.register),
            floor: Floor::new(floor::plan_of(&settings, &snapshot.plan), now),
            ports: Ports::new(draws),
            trunks: trunks::states(&settings),
            calls: BTreeMap::new(),
            sessions: BTreeMap::new(),
            wheel: Wheel::default(),
            rng,
            strangers: Strangers::default(),
            tapes: recording::Tapes::default(),
            seq,
            minted: 0,
            draining: false,
            out: VecDeque::new(),
            settings,
            snapshot,
        };
        exchange.start_pings(now);
        exchange.start_registrations(now);
        exchange
    }

    /// Takes one input and everything that follows from it.
    pub fn handle(&mut self, input: Input, now: Now) {
        match input {
            Input::Message(flow, bytes) => self.endpoint.receive(flow, bytes, now),
            Input::FlowFailed(flow) => self.flow_failed(flow, now),
            Input::Media(event) => self.media_event(event, now),
            Input::Command { id, command } => self.command(id, command, now),
            Input::Plan(snapshot, fact) => self.put_plan(snapshot, fact, now),
            Input::Due => {}
        }
        self.due(now);
        self.settle(now);
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
            self.registrar.deadline(),
            self.strangers_due(),
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
                Due::Trunk(index) => self.ping(index, now),
                Due::Register(index) => self.register_at(index, now),
                Due::Keys(call, leg, serial) => self.keys_due(call, leg, serial, now),
            }
        }
        for seat in self.registrar.expire(now) {
            self.seat_lost(&seat, fact::Cause::Timeout, now);
        }
        if self.floor.deadline().is_some_and(|at| at <= now.mono) {
            self.floor.handle(crate::acd::Input::Tick, now);
        }
        self.write_strangers(now);
    }

    /// Drains what the parts have to say until all are silent: SIP first, then the floor.
    fn settle(&mut self, now: Now) {
        loop {
            if let Some(output) = self.endpoint.poll() {
                match output {
                    endpoint::Output::Send(flow, bytes) => self.out.push_back(Output::Send(flow, bytes)),
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
        let event = fact::Event { v: fact::SCHEMA, seq: self.seq, at: now.wall, call, fact };
        self.seq += 1;
        self.out.push_back(Output::Fact(event));
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
        let plan = floor::plan_of(&self.settings, &snapshot.plan);
        self.floor.handle(crate::acd::Input::SetPlan(Box::new(plan)), now);
        self.snapshot = snapshot;
        self.fact(None, fact, now);
    }

    fn flow_failed(&mut self, flow: Flow, now: Now) {
        self.endpoint.flow_failed(flow, now);
        if flow.transport.is_reliable() {
            for seat in self.registrar.flow_lost(&flow) {
                self.seat_lost(&seat, fact::Cause::Lost, now);
            }
            // Whoever talked over it is gone (product §5, "dead means").
            for session in self.endpoint.sessions_on(&flow) {
                self.session_lost(session, now);
            }
        }
    }

    fn random(&mut self) -> u64 {
        self.rng.next_u64()
    }
}
