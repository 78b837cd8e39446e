//! The three verbs of an endpoint, and all that it holds.

use super::event::{Event, Output};
use super::settings::Settings;
use super::timer::Timer;
use super::txn::Txn;
use crate::clock::Now;
use crate::sip::dialog::{Reference, Session};
use crate::sip::flow::Flow;
use crate::sip::id::{SessionId, TxnId};
use crate::sip::timer::Wheel;
use crate::sip::transaction::key::Key;
use bytes::Bytes;
use foldhash::SharedSeed;
use foldhash::quality::SeedableRandomState;
use rand_chacha::ChaCha12Rng;
use rand_core::{RngCore, SeedableRng};
use slab::Slab;
use std::collections::{HashMap, VecDeque};

/// How often this endpoint gave up waiting: each is the RFC's own end of a transaction, not a fault.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GivenUp {
    /// Timers B and F: no final response to a request of ours.
    pub no_response: u32,
    /// Timer H, and its like for 2xx and reliable 1xx: no ACK or PRACK to a response of ours.
    pub no_acknowledgement: u32,
}

/// The SIP stack. One thread owns it.
#[derive(Debug)]
pub struct Endpoint {
    pub(in crate::sip) settings: Settings,
    pub(in crate::sip) rng: ChaCha12Rng,
    pub(in crate::sip) wheel: Wheel<Timer>,
    /// Boxed, as are the sessions: what a flood leaves behind of a slab is its places, not their contents.
    pub(in crate::sip) txns: Slab<Box<Txn>>,
    pub(super) keys: HashMap<Key, TxnId, SeedableRandomState>,
    pub(in crate::sip) sessions: Slab<Box<Session>>,
    /// REFERs of other sides, undecided or under way.
    pub(in crate::sip) references: Slab<Reference>,
    /// Fingerprints of the dialogs that ended last.
    pub(in crate::sip) ended: VecDeque<u64>,
    /// UAS sessions by Call-ID while their INVITE is open, to see merged requests (RFC 3261 §8.2.2.2).
    pub(in crate::sip) open_calls: HashMap<Bytes, SessionId, SeedableRandomState>,
    pub(in crate::sip) serial: u32,
    pub(in crate::sip) given_up: GivenUp,
    out: VecDeque<Output>,
    fired: Vec<Timer>,
}

impl Endpoint {
    /// An endpoint whose every random choice comes from `seed`.
    #[must_use]
    pub fn new(settings: Settings, seed: [u8; 32]) -> Self {
        let mut rng = ChaCha12Rng::from_seed(seed);
        let mut hasher = || SeedableRandomState::with_seed(rng.next_u64(), SharedSeed::global_random());
        let (keys, open_calls) = (HashMap::with_hasher(hasher()), HashMap::with_hasher(hasher()));
        Self {
            settings,
            rng,
            wheel: Wheel::default(),
            txns: Slab::new(),
            keys,
            sessions: Slab::new(),
            references: Slab::new(),
            ended: VecDeque::new(),
            open_calls,
            serial: 0,
            given_up: GivenUp::default(),
            out: VecDeque::new(),
            fired: Vec::new(),
        }
    }

    /// The next thing to do, in order.
    pub fn poll(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    /// When [`Endpoint::expire`] must be called, µs monotonic.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        self.wheel.deadline()
    }

    /// Fires what is due.
    pub fn expire(&mut self, now: Now) {
        let mut fired = std::mem::take(&mut self.fired);
        self.wheel.expire(now.mono, &mut fired);
        for timer in fired.drain(..) {
            match timer {
                Timer::Txn(id, letter) => self.txn_timer(id, letter, now),
                Timer::Ok(id, serial) => self.resend_ok(id, serial, now),
                Timer::Reliable(id, rseq) => self.resend_reliable(id, rseq, now),
                Timer::Refresh(id, serial) => self.refresh_due(id, serial, now),
                Timer::Glare(id) => self.retry_offer(id, now),
                Timer::CancelGuard(id) => self.cancel_guard(id),
                Timer::Refer(id) => self.refer_due(id, now),
                Timer::Probe(id, txn) => self.probe_due(id, txn),
            }
        }
        self.fired = fired;
    }

    /// How many sessions, with REFERs that outlive theirs, and transactions live: for leak checks and status.
    #[must_use]
    pub fn live(&self) -> (usize, usize) {
        (self.sessions.len() + self.references.iter().filter(|(_, r)| r.is_orphan()).count(), self.txns.len())
    }

    /// How often it gave up waiting since it began.
    #[must_use]
    pub fn given_up(&self) -> GivenUp {
        self.given_up
    }

    pub(in crate::sip) fn send(&mut self, flow: Flow, bytes: Bytes) {
        self.out.push_back(Output::Send(flow, bytes));
    }

    pub(in crate::sip) fn event(&mut self, event: Event) {
        self.out.push_back(Output::Event(event));
    }

    pub(in crate::sip) fn next_serial(&mut self) -> u32 {
        self.serial = self.serial.wrapping_add(1);
        self.serial
    }

    /// 64 random bits as hex.
    pub fn token(&mut self) -> String {
        format!("{:016x}", self.rng.next_u64())
    }
}
