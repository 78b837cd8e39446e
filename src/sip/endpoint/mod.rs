//! Bytes to transactions to sessions to events, and back: the SIP stack as one value.
//!
//! Three verbs: [`Endpoint::receive`] (and the verbs of `dialog/`), [`Endpoint::poll`], [`Endpoint::deadline`] with
//! [`Endpoint::expire`]. It knows no call, no seat, no dialplan and no media; a body is bytes. It refuses to
//! create state for a request that nobody has admitted: a new request is handed up as [`Incoming`] first.

mod incoming;
mod receive;
mod transactions;

pub use incoming::{Incoming, stateless_tag};

use super::dialog::{Refer, Reference, Session};
use super::flow::Flow;
use super::id::{ReferId, SessionId, TxnId};
use super::message::Message;
use super::timer::Wheel;
use super::transaction::key::Key;
use super::transaction::{Intervals, Letter};
use crate::clock::Now;
use bytes::Bytes;
use foldhash::SharedSeed;
use foldhash::quality::SeedableRandomState;
use rand_chacha::ChaCha12Rng;
use rand_core::{RngCore, SeedableRng};
use slab::Slab;
use std::collections::{HashMap, VecDeque};
pub(super) use transactions::{Purpose, Txn, User};

/// Methods this endpoint answers, for `Allow`.
pub const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO, REFER, NOTIFY, REGISTER";
/// Extensions this endpoint understands, for `Supported` and against `Require`.
pub const SUPPORTED: [&str; 4] = ["100rel", "timer", "replaces", "norefersub"];
/// What else a request may require without being refused: read, though not offered.
pub(super) const READ: [&str; 1] = ["resource-priority"];

/// Settings of an endpoint.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Base timers.
    pub intervals: Intervals,
    /// `User-Agent` and `Server`.
    pub user_agent: String,
    /// Session interval we ask for, s (RFC 4028); 0 switches session timers off.
    pub session_expires: u32,
    /// Smallest session interval we accept, s, at least 90.
    pub min_se: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            intervals: Intervals::default(),
            user_agent: concat!("switchboard/", env!("CARGO_PKG_VERSION")).to_owned(),
            session_expires: 1800,
            min_se: 90,
        }
    }
}

/// What leaves the endpoint.
#[derive(Debug)]
pub enum Output {
    /// Bytes for the network.
    Send(Flow, Bytes),
    /// Something the user of the endpoint must know.
    Event(Event),
}

/// How an outgoing INVITE failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailedBy {
    /// A final response came.
    Response,
    /// None came (timer B).
    Timeout,
    /// The transport could not deliver.
    Transport,
}

/// How a session ended without us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndedBy {
    /// BYE from the other side.
    Bye,
    /// Our 2xx was never acknowledged, or our reliable 1xx never got its PRACK.
    NotAcknowledged,
    /// The session timer ran out, or a refresh got no answer or 481.
    Expired,
    /// The answer to a 2xx was missing or a request of ours inside the dialog timed out.
    Broken,
}

/// What happened.
#[derive(Debug)]
pub enum Event {
    /// A request outside any dialog. No transaction exists yet: admit it, refuse it, or let it go in silence.
    Request(Box<Incoming>),
    /// The caller cancelled; 487 is sent, the session is gone. `q850` from its Reason header.
    Cancelled {
        /// The session.
        session: SessionId,
        /// Q.850 cause, if said.
        q850: Option<u8>,
    },
    /// Our reliable 183 was acknowledged by PRACK: the early media path exists.
    Pracked {
        /// The session.
        session: SessionId,
        /// The answer, when our 183 made the offer.
        sdp: Option<Bytes>,
    },
    /// The ACK to our 2xx: the media path exists.
    Confirmed {
        /// The session.
        session: SessionId,
        /// The answer, when our 2xx made the offer.
        sdp: Option<Bytes>,
    },
    /// A provisional response to our INVITE.
    Progress {
        /// The session.
        session: SessionId,
        /// 100–199.
        status: u16,
        /// Early answer.
        sdp: Option<Bytes>,
    },
    /// A 2xx to our INVITE; the ACK is sent.
    Answered {
        /// The session.
        session: SessionId,
        /// The answer; `None` when an early one holds.
        sdp: Option<Bytes>,
    },
    /// Our INVITE failed; the session is gone.
    Failed {
        /// The session.
        session: SessionId,
        /// Final status; 408 on timeout, 503 on transport failure.
        status: u16,
        /// Q.850 cause, if said.
        q850: Option<u8>,
        /// What kind of failure.
        by: FailedBy,
        /// A 3xx: the first Contact's URI. Whether to call it is the owner's decision.
        moved_to: Option<Bytes>,
    },
    /// The other side offers anew (re-INVITE, UPDATE, PRACK), or asks for our offer (`None`).
    /// Answer with [`Endpoint::answer`] or [`Endpoint::refuse_offer`].
    Offer {
        /// The session.
        session: SessionId,
        /// The offer.
        sdp: Option<Bytes>,
    },
    /// Our own offer was answered.
    OfferAnswered {
        /// The session.
        session: SessionId,
        /// The answer.
        sdp: Bytes,
    },
    /// Our own offer was refused; the session goes on as it was.
    OfferFailed {
        /// The session.
        session: SessionId,
        /// Final status.
        status: u16,
    },
    /// A key was pressed, told by INFO; 200 is sent.
    Key {
        /// The session.
        session: SessionId,
        /// `0`–`9`, `*`, `#`, `A`–`D`.
        key: char,
        /// How long, ms, if said.
        duration: Option<u32>,
    },
    /// The other side asks us to call somebody in its place. Answer with [`Endpoint::accept_refer`] or
    /// [`Endpoint::decline_refer`] within 20 s.
    Refer {
        /// The session it came by.
        session: SessionId,
        /// Names it; it may outlive the session.
        refer: ReferId,
        /// What it asks.
        to: Box<Refer>,
    },
    /// The other side does not hear any more how its REFER goes: a NOTIFY was refused or got no answer. Nothing else changes.
    ReferUnheard {
        /// The session it came by; it may be gone.
        session: SessionId,
        /// The REFER.
        refer: ReferId,
    },
    /// A REFER of ours was answered.
    ReferAnswered {
        /// The session.
        session: SessionId,
        /// Final status; 408 on timeout, 503 on transport failure.
        status: u16,
    },
    /// How a REFER of ours goes.
    Notified {
        /// The session.
        session: SessionId,
        /// The status of the call that we asked for.
        status: u16,
        /// Nothing more will come.
        over: bool,
    },
    /// What [`Endpoint::probe`] found.
    Probed {
        /// The session. Whether to end it is the owner's decision.
        session: SessionId,
        /// It answered, and knows the session.
        alive: bool,
    },
    /// The session ended without us.
    Ended {
        /// The session.
        session: SessionId,
        /// In which way.
        by: EndedBy,
        /// Q.850 cause, if said.
        q850: Option<u8>,
    },
    /// The final response to a request sent by [`Endpoint::request`].
    Response {
        /// The token given with the request.
        token: u64,
        /// Status; 408 on timeout, 503 on transport failure.
        status: u16,
        /// The response, if one came.
        message: Option<Box<Message>>,
    },
}

/// What the wheel carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Timer {
    Txn(TxnId, Letter),
    /// Retransmit the 2xx whose ACK is awaited.
    Ok(SessionId, u32),
    /// Retransmit the reliable provisional response with this RSeq.
    Reliable(SessionId, u32),
    /// Refresh the session, or give it up.
    Refresh(SessionId, u32),
    /// Try a re-offer again after 491.
    Glare(SessionId),
    /// A cancelled INVITE that never got its final response.
    CancelGuard(SessionId),
    /// The subscription of a REFER ends, or nobody has decided about it.
    Refer(ReferId),
    /// An OPTIONS that asks whether a session lives has no answer.
    Probe(SessionId, TxnId),
}

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
    pub(super) settings: Settings,
    pub(super) rng: ChaCha12Rng,
    pub(super) wheel: Wheel<Timer>,
    pub(super) txns: Slab<Txn>,
    keys: HashMap<Key, TxnId, SeedableRandomState>,
    pub(super) sessions: Slab<Session>,
    /// REFERs of other sides, undecided or under way.
    pub(super) references: Slab<Reference>,
    /// Fingerprints of the dialogs that ended last.
    pub(super) ended: VecDeque<u64>,
    /// UAS sessions by Call-ID while their INVITE is open, to see merged requests (RFC 3261 §8.2.2.2).
    pub(super) open_calls: HashMap<Bytes, SessionId, SeedableRandomState>,
    pub(super) serial: u32,
    pub(super) given_up: GivenUp,
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

    pub(super) fn send(&mut self, flow: Flow, bytes: Bytes) {
        self.out.push_back(Output::Send(flow, bytes));
    }

    pub(super) fn event(&mut self, event: Event) {
        self.out.push_back(Output::Event(event));
    }

    pub(super) fn next_serial(&mut self) -> u32 {
        self.serial = self.serial.wrapping_add(1);
        self.serial
    }

    /// 64 random bits as hex.
    pub fn token(&mut self) -> String {
        format!("{:016x}", self.rng.next_u64())
    }
}
