//! A town in virtual time: one exchange, its phones, a wire between them. A seed replays it exactly.

mod life;
mod run;
mod seen;

use super::city::{self, EXCHANGE};
use super::graph::Graph;
use super::wire::{Datagram, Fate, Rule, Weather, Wire};
use rand_core::{RngCore, SeedableRng};
use std::collections::{BTreeSet, HashMap};
use std::net::SocketAddr;
use std::sync::Arc;
use switchboard::call::Snapshot;
use switchboard::clock::{Now, SECOND};
use switchboard::exchange::{Answer, CallRow, Command, Exchange, Input, Settings, Verb};
use switchboard::fact::{Brief, Event as Fact, Fact as F, Way};
use switchboard::patch::{DigitVia, Event as MediaEvent};
use switchboard::phone::{self, Account, Phone};
use switchboard::sip::dialog::SessionId;
use switchboard::sip::endpoint;
use switchboard::sip::flow::{Flow, Transport};

/// What a phone does by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Rings and waits to be told.
    Rings,
    /// Rings, then answers after so many µs.
    Answers(u64),
    /// Refuses with this status.
    Refuses(u16),
    /// Does not even send 100: unplugged.
    Dead,
    /// Does nothing by itself: what happens to it is told to who plays it ([`Town::told`]).
    Told,
}

/// Names a phone of the town.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Party(pub usize);

struct Set {
    phone: Phone,
    sip: SocketAddr,
    rtp: SocketAddr,
    manner: Manner,
    answer_at: Option<(u64, SessionId)>,
    call: Option<SessionId>,
    connected: bool,
    log: Vec<phone::Event>,
    incoming_from: Vec<String>,
    /// It has one line: a second call finds it busy.
    single: bool,
    /// The connection it has to the exchange; `None`: UDP.
    tcp: Option<u32>,
    /// When it is next due by itself, as the town's agenda has it.
    due: Option<u64>,
    /// It is given no other call before this moment: the far end may still have the last one.
    rests: u64,
    /// Of several that share an address: the Call-ID that it has.
    dialog: Option<(SocketAddr, bytes::Bytes)>,
}

/// How long a line rests after a call, µs: as long as a BYE may be sent again, and longer.
const REST: u64 = 45 * SECOND;

pub struct Town {
    pub now: Now,
    pub exchange: Exchange,
    pub graph: Graph,
    pub facts: Vec<Fact>,
    pub trace: Vec<String>,
    /// Every datagram that the exchange has sent, in order, whatever the wire did to it.
    pub sent: Vec<(Flow, bytes::Bytes)>,
    wire: Wire,
    sets: Vec<Set>,
    rng: rand_chacha::ChaCha12Rng,
    spies: Vec<(SocketAddr, Vec<bytes::Bytes>)>,
    answer: Option<Answer>,
    /// Which phone has an address, and which of those that share one has a Call-ID.
    places: HashMap<SocketAddr, Vec<usize>>,
    dialogs: HashMap<(SocketAddr, bytes::Bytes), usize>,
    /// Phones by when they are due.
    agenda: BTreeSet<(u64, usize)>,
    /// Nothing is kept but facts: for a long day.
    pub quiet: bool,
    /// What happened to phones that are [`Manner::Told`].
    pub told: Vec<(Party, phone::Event)>,
    /// The exchange is not there; what is sent to it is lost.
    pub down: bool,
    /// What the exchange sends does not leave any more: it dies between its journal and its sockets.
    pub dying: bool,
}

impl Town {
    /// The lab on 2021-12-15, ten in the morning, in fine weather.
    pub fn new(seed: u64) -> Self {
        Self::on("2021-12-15T10:00", seed, Weather::FINE)
    }

    pub fn on(local: &str, seed: u64, weather: Weather) -> Self {
        Self::with(local, seed, weather, city::settings())
    }

    pub fn with(local: &str, seed: u64, weather: Weather, settings: Settings) -> Self {
        let now = Now { mono: 0, wall: city::at(local) };
        let mut rng = rand_chacha::ChaCha12Rng::seed_from_u64(seed);
        let mut key = [0u8; 32];
        rng.fill_bytes(&mut key);
        let exchange = Exchange::new(settings, city::SHIPPED.clone(), key, 1, now);
        let mut town = Self {
            now,
            exchange,
            graph: Graph::default(),
            facts: Vec::new(),
            trace: Vec::new(),
            sent: Vec::new(),
            wire: Wire::new(rng.next_u64(), weather),
            sets: Vec::new(),
            rng,
            spies: Vec::new(),
            answer: None,
            places: HashMap::new(),
            dialogs: HashMap::new(),
            agenda: BTreeSet::new(),
            quiet: false,
            told: Vec::new(),
            down: false,
            dying: false,
        };
        town.exchange.handle(Input::Media(Graph::ready(64)), now);
        town
    }

    /// Another plan comes into force.
    pub fn reloads(&mut self, snapshot: Arc<Snapshot>) {
        let plan = snapshot.plan.version().to_owned();
        let how = switchboard::fact::How::Reload;
        let fact =
            switchboard::fact::Fact::PlanLoaded { plan, how, author: String::new(), uid: None, note: String::new() };
        self.exchange.handle(Input::Plan(snapshot, fact), self.now);
        self.drain_exchange();
    }

    fn set(&mut self, user: &str, password: Option<String>, sip: SocketAddr, manner: Manner) -> Party {
        let rtp = SocketAddr::new(sip.ip(), 30_000 + u16::try_from(self.sets.len()).unwrap() * 2);
        let flow = Flow { transport: Transport::Udp, local: sip, peer: EXCHANGE, connection: 0 };
        let account = Account { user: user.into(), password, flow, rtp, expires: 600 };
        let mut key = [0u8; 32];
        self.rng.fill_bytes(&mut key);
        let phone = Phone::new(account, endpoint::Settings::default(), key);
        self.sets.push(Set {
            phone,
            sip,
            rtp,
            manner,
            answer_at: None,
            call: None,
            connected: false,
            log: Vec::new(),
            incoming_from: Vec::new(),
            single: false,
            tcp: None,
            due: None,
            rests: 0,
            dialog: None,
        });
        self.places.entry(sip).or_default().push(self.sets.len() - 1);
        Party(self.sets.len() - 1)
    }

    /// How the exchange reaches this address.
    fn flow_to(&self, peer: SocketAddr) -> Flow {
        let first = self.places.get(&peer).and_then(|all| all.first());
        let tcp = first.and_then(|i| self.sets[*i].tcp);
        let transport = if tcp.is_some() { Transport::Tcp } else { Transport::Udp };
        Flow { transport, local: EXCHANGE, peer, connection: tcp.unwrap_or(0) }
    }

    /// A seat's phone with a TCP connection; it registers by itself.
    pub fn seat_by_tcp(&mut self, number: &str, manner: Manner) -> Party {
        let connection = u32::try_from(self.sets.len()).unwrap() + 1;
        let sip = SocketAddr::from(([127, 0, 1, 1], 6000 + u16::try_from(self.sets.len()).unwrap()));
        let party = self.set(number, Some(format!("lab-{number}")), sip, manner);
        let set = &mut self.sets[party.0];
        set.tcp = Some(connection);
        let flow = Flow { transport: Transport::Tcp, local: sip, peer: EXCHANGE, connection };
        let password = Some(format!("lab-{number}"));
        let account = Account { user: number.into(), password, flow, rtp: set.rtp, expires: 600 };
        let mut key = [0u8; 32];
        self.rng.fill_bytes(&mut key);
        let set = &mut self.sets[party.0];
        set.phone = Phone::new(account, endpoint::Settings::default(), key);
        set.phone.register(self.now);
        self.drain_phone(party.0);
        party
    }

    /// A caller behind the carrier.
    pub fn citizen(&mut self, number: &str) -> Party {
        let port = 6000 + u16::try_from(self.sets.len()).unwrap();
        self.set(number, None, SocketAddr::from(([127, 0, 0, 10], port)), Manner::Rings)
    }

    /// Somebody whose address is no trunk's.
    pub fn stranger(&mut self, number: &str) -> Party {
        let port = 6000 + u16::try_from(self.sets.len()).unwrap();
        self.set(number, None, SocketAddr::from(([127, 0, 9, 9], port)), Manner::Rings)
    }

    /// A seat's phone; it registers by itself.
    pub fn seat(&mut self, number: &str, manner: Manner) -> Party {
        let port = 6000 + u16::try_from(self.sets.len()).unwrap();
        let party = self.set(number, Some(format!("lab-{number}")), SocketAddr::from(([127, 0, 1, 1], port)), manner);
        let now = self.now;
        self.sets[party.0].phone.register(now);
        self.drain_phone(party.0);
        party
    }

    /// The exchange at the far end of a trunk: 127.0.0.`last`:5060.
    pub fn trunk(&mut self, last: u8, manner: Manner) -> Party {
        self.set("exchange", None, SocketAddr::from(([127, 0, 0, last], 5060)), manner)
    }

    pub fn dials(&mut self, who: Party, number: &str) -> SessionId {
        self.dials_uri(who, &format!("sip:{number}@127.0.0.1:5070"), b"")
    }

    pub fn dials_uri(&mut self, who: Party, uri: &str, extra: &[u8]) -> SessionId {
        let now = self.now;
        let call = self.sets[who.0].phone.dial(uri, extra, now);
        self.sets[who.0].call = Some(call);
        self.drain_phone(who.0);
        call
    }

    pub fn answers(&mut self, who: Party) {
        let now = self.now;
        let call = self.sets[who.0].call.expect("nobody calls this phone");
        self.sets[who.0].phone.answer(call, now);
        self.drain_phone(who.0);
    }

    pub fn hangs_up(&mut self, who: Party) {
        let now = self.now;
        if let Some(call) = self.sets[who.0].call.take() {
            self.sets[who.0].connected = false;
            self.sets[who.0].rests = now.mono + REST;
            self.sets[who.0].phone.hang_up(call, now);
            self.drain_phone(who.0);
        }
    }

    pub fn holds(&mut self, who: Party, held: bool) {
        let now = self.now;
        let call = self.sets[who.0].call.expect("no call to hold");
        self.sets[who.0].phone.hold(call, held, now);
        self.drain_phone(who.0);
    }

    /// Asks, inside the phone's call, that this number be called in its place.
    pub fn refers(&mut self, who: Party, number: &str, silent: bool) {
        let now = self.now;
        let call = self.sets[who.0].call.expect("no call to transfer");
        self.sets[who.0].phone.refer(call, &format!("sip:{number}@127.0.0.1:5070"), silent, now);
        self.drain_phone(who.0);
    }

    /// The same for an attended transfer: in the place of the phone's call `other`.
    pub fn refers_attended(&mut self, who: Party, other: SessionId, number: &str) {
        let now = self.now;
        let call = self.sets[who.0].call.expect("no call to transfer");
        let uri = format!("sip:{number}@127.0.0.1:5070");
        assert!(self.sets[who.0].phone.refer_to_other(call, other, &uri, false, now), "the other call has no far end");
        self.drain_phone(who.0);
    }

    /// The same in the place of somebody else's call.
    pub fn refers_replacing(&mut self, who: Party, number: &str, replaces: &switchboard::sip::dialog::Replaces) {
        let now = self.now;
        let call = self.sets[who.0].call.expect("no call to transfer");
        let uri = format!("sip:{number}@127.0.0.1:5070");
        self.sets[who.0].phone.refer_replacing(call, &uri, replaces.clone(), now);
        self.drain_phone(who.0);
    }

    /// The call that the phone has in hand.
    pub fn line_of(&self, who: Party) -> SessionId {
        self.sets[who.0].call.expect("no call")
    }

    /// Another of its calls is in hand again.
    pub fn takes_line(&mut self, who: Party, call: SessionId) {
        self.sets[who.0].call = Some(call);
    }

    /// What another phone says in order to take this one's call.
    pub fn replaces(&self, who: Party) -> switchboard::sip::dialog::Replaces {
        let set = &self.sets[who.0];
        set.call.and_then(|call| set.phone.replaces(call)).expect("no call to take")
    }

    /// Calls in order to take somebody's call.
    pub fn dials_replacing(
        &mut self,
        who: Party,
        number: &str,
        replaces: &switchboard::sip::dialog::Replaces,
    ) -> SessionId {
        let now = self.now;
        let call = self.sets[who.0].phone.dial_replacing(&format!("sip:{number}@127.0.0.1:5070"), replaces, now);
        self.sets[who.0].call = Some(call);
        self.drain_phone(who.0);
        call
    }

    /// Presses keys, told by INFO.
    pub fn informs(&mut self, who: Party, keys: &str) {
        let now = self.now;
        let call = self.sets[who.0].call.expect("no call");
        self.sets[who.0].phone.keys(call, keys, now);
        self.drain_phone(who.0);
    }

    /// What an operator asks, and the answer.
    pub fn asks(&mut self, command: Command) -> Answer {
        self.answer = None;
        self.exchange.handle(Input::Command { id: 1, command }, self.now);
        self.drain_exchange();
        self.answer.take().expect("an answer at once")
    }

    /// The one live call.
    pub fn the_call(&mut self) -> CallRow {
        match self.asks(Command::Calls) {
            Answer::Calls { mut calls } if calls.len() == 1 => calls.remove(0),
            other => panic!("{other:?}"),
        }
    }

    /// An order to the one live call by the API.
    pub fn orders(&mut self, verb: Verb) -> Answer {
        let call = self.the_call().call;
        self.asks(Command::Conference { call, verb, by: "duty".into(), why: "test".into() })
    }

    /// A transfer of the one live call by the API.
    pub fn transfers_to(&mut self, to: &str, way: Way) -> Answer {
        let call = self.the_call().call;
        let brief = Brief { reason: "煤气泄漏".into(), location: "五四路 1 号".into() };
        self.asks(Command::Transfer { call, to: to.into(), way, brief, by: "duty".into() })
    }

    /// Refuses the call that rings there.
    pub fn rejects(&mut self, who: Party, status: u16) {
        let now = self.now;
        let call = self.sets[who.0].call.take().expect("nobody calls this phone");
        self.sets[who.0].phone.reject(call, status, now);
        self.drain_phone(who.0);
    }

    /// Where its SIP is sent from and to.
    pub fn address(&self, who: Party) -> SocketAddr {
        self.sets[who.0].sip
    }

    /// From now on the wire does this.
    pub fn rule(&mut self, rule: Rule) {
        self.wire.rule(rule);
    }

    /// From now on all datagrams take equally long.
    pub fn steadies(&mut self) {
        self.wire.steady();
    }

    /// The wire is as it was.
    pub fn forget_rules(&mut self) {
        self.wire.forget_rules();
    }

    /// Its line is cut: nothing arrives any more and nothing leaves.
    pub fn cuts(&mut self, who: Party) {
        let at = self.address(who);
        self.sets[who.0].manner = Manner::Dead;
        self.wire.rule(Rule::from(at, "", Fate::Lost));
        self.wire.rule(Rule::to(at, "", Fate::Lost));
    }

    /// The media engine has had no RTP and no RTCP from this party for 5 s, and never had any.
    pub fn says_nothing(&mut self, who: Party) {
        let Some((port, epoch)) = self.graph.port(self.sets[who.0].rtp) else { return };
        self.exchange.handle(Input::Media(MediaEvent::Silent { port, epoch, spoke: false }), self.now);
        self.drain_exchange();
    }

    /// The media engine has had no RTP and no RTCP from this party for 5 s, after it had some.
    pub fn falls_silent(&mut self, who: Party) {
        let Some((port, epoch)) = self.graph.port(self.sets[who.0].rtp) else { return };
        self.exchange.handle(Input::Media(MediaEvent::Silent { port, epoch, spoke: true }), self.now);
        self.drain_exchange();
    }

    /// The network says that nobody listens at its address (ICMP port unreachable), or that its connection is lost.
    pub fn is_unreachable(&mut self, who: Party) {
        let flow = self.flow_to(self.sets[who.0].sip);
        self.exchange.handle(Input::FlowFailed(flow), self.now);
        self.drain_exchange();
    }

    /// Raw bytes from an address of nobody's; what comes back is kept for [`Town::spied`].
    pub fn injects(&mut self, from: SocketAddr, bytes: &[u8]) {
        if !self.spies.iter().any(|(a, _)| *a == from) {
            self.spies.push((from, Vec::new()));
        }
        let datagram = Datagram { from, to: EXCHANGE, bytes: bytes::Bytes::copy_from_slice(bytes) };
        self.wire.send(datagram, self.now.mono);
    }

    /// What an address of nobody's was sent.
    pub fn spied(&self, at: SocketAddr) -> Vec<String> {
        let found = self.spies.iter().find(|(a, _)| *a == at);
        found.map_or_else(Vec::new, |(_, got)| got.iter().map(|b| String::from_utf8_lossy(b).into_owned()).collect())
    }

    /// Keys on this phone's pad, as the media engine tells of them.
    pub fn presses(&mut self, who: Party, keys: &str) {
        let Some((port, epoch)) = self.graph.port(self.sets[who.0].rtp) else { return };
        for digit in keys.chars() {
            let event = MediaEvent::Digit { port, epoch, digit, via: DigitVia::TelephoneEvent };
            self.exchange.handle(Input::Media(event), self.now);
            self.drain_exchange();
        }
    }

    /// Everybody hangs up; after the longest timer of the RFC nothing may be left.
    pub fn goes_home(&mut self) {
        for i in 0..self.sets.len() {
            self.hangs_up(Party(i));
        }
        self.runs(120.0);
        assert_eq!(self.exchange.live(), 0, "calls outlive their callers");
        let (sessions, _, ports) = self.exchange.held();
        let held = (sessions, ports, self.graph.open());
        assert_eq!(held, (0, 0, 0), "sessions, leases, open ports\n{}", self.trace.join("\n"));
        assert!(self.graph.tapes.iter().all(|t| t.ended), "a recording goes on: {:#?}", self.graph.tapes);
        let offered = self.facts.iter().filter(|f| matches!(f.fact, F::CallOffered { .. })).count();
        assert_eq!(self.outcomes().len(), offered, "one CallEnded for each CallOffered");
    }
}
