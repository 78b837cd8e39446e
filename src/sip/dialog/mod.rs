//! Sessions: INVITE dialogs of RFC 3261 §12–§15 with PRACK (3262), UPDATE (3311) and session timers (4028).
//!
//! One file a verb: `accept` (the side that is called), `connect` (the side that calls), `prack`, `modify`
//! (offers inside), `refresh`, `close`; `refer` (we are asked to transfer), `referrer` (we ask), `replaces`, `info` (digits),
//! `probe` (is it alive?), `challenge` (401 inside). Bodies are bytes; what they mean is decided above. Status codes of
//! the protocol (420, 422, 481, 491, 500 …) are chosen here, codes of service never.

mod accept;
mod challenge;
mod close;
mod connect;
mod info;
mod modify;
mod prack;
mod probe;
mod refer;
mod referrer;
mod refresh;
mod replaces;

pub use super::auth::client::Credentials;
pub use accept::NotAdmitted;
pub use connect::Outgoing;
pub(super) use refer::Reference;
pub use refer::{Refer, ReferId};
pub use referrer::ReferTo;
pub use replaces::Replaces;

use super::auth::client::Login;
use super::endpoint::{Endpoint, Purpose, TxnId};
use super::flow::Flow;
use super::message::Message;
use super::name::{Method, Name};
use super::spare::give_back;
use super::uri::Uri;
use super::write::Writer;
use bytes::Bytes;
use smallvec::SmallVec;

/// Names one session; a reused slot has another serial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId {
    pub(super) index: u32,
    pub(super) serial: u32,
}

/// Where a session stands.
///
/// ```text
///  called:  Incoming --2xx--> Answered --ACK--> Confirmed --BYE--> gone
///                \--3xx–6xx, CANCEL--> gone
///  calling: Calling --1xx--> Early --2xx, ACK--> Confirmed --BYE--> gone
///                \------\--- hang up ---> Cancelling --final response--> gone
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Called, no final response sent.
    Incoming,
    /// Called, 2xx sent, ACK awaited.
    Answered,
    /// Calling, nothing back.
    Calling,
    /// Calling, provisional response back.
    Early,
    /// Calling, given up: CANCEL is sent, or will be on the first 1xx.
    Cancelling,
    /// Both sides agree.
    Confirmed,
}

/// The dialog's identifiers and routing (RFC 3261 §12).
#[derive(Debug, Clone)]
pub struct Dialog {
    pub(super) call_id: Bytes,
    /// Our From or To value without the tag.
    pub(super) local: Bytes,
    pub(super) local_tag: Box<str>,
    /// Theirs, without the tag.
    pub(super) remote: Bytes,
    pub(super) remote_tag: Bytes,
    pub(super) local_seq: u32,
    pub(super) remote_seq: Option<u32>,
    pub(super) routes: SmallVec<[Bytes; 1]>,
    pub(super) target: Bytes,
    pub(super) flow: Flow,
    /// Requests follow the flow, whatever Contact says: phones behind NAT (RFC 5626).
    pub(super) by_flow: bool,
    /// For challenges of the other side.
    pub(super) login: Option<Box<Login>>,
}

/// Who owes what in offer/answer (RFC 3264, RFC 6337).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OfferAnswer {
    /// Nothing is open.
    Settled,
    /// The INVITE came with an offer that we have not answered.
    WeOwe,
    /// The INVITE came without an offer: ours is to be made.
    WeMayOffer,
    /// Our offer is out.
    TheyOwe,
}

/// A reliable provisional response that awaits its PRACK (RFC 3262 §3).
#[derive(Debug)]
pub(super) struct Reliable {
    rseq: u32,
    bytes: Bytes,
    interval: u64,
    since: u64,
    with_sdp: bool,
}

/// A 2xx that awaits its ACK.
#[derive(Debug)]
pub(super) struct AwaitAck {
    seq: u32,
    flow: Flow,
    bytes: Bytes,
    interval: u64,
    since: u64,
    serial: u32,
}

/// One provisional response to be sent after the PRACK of the one before.
#[derive(Debug)]
struct Provisional {
    status: u16,
    sdp: Option<Bytes>,
    extra: Bytes,
}

/// An offer of ours inside the session.
#[derive(Debug, Default)]
pub(super) enum Modify {
    /// None.
    #[default]
    Idle,
    /// Sent; another one waits behind it.
    Sent(Option<Bytes>),
    /// Waits for its turn: refused with 491, or another exchange is open.
    Waiting(Bytes),
}

/// One INVITE session.
#[derive(Debug)]
pub struct Session {
    pub(super) serial: u32,
    state: State,
    pub(super) dialog: Dialog,
    /// We sent the INVITE: owner of the Call-ID.
    caller: bool,
    /// The INVITE's transaction while it has no final response.
    invite: Option<TxnId>,
    invite_seq: u32,
    offer_answer: OfferAnswer,
    /// SDP of ours that is in force, repeated in the 2xx and in refreshes.
    local_sdp: Bytes,
    reliable: Option<Reliable>,
    next_rseq: u32,
    /// Last RSeq seen, by early dialog.
    early: SmallVec<[(Bytes, u32); 1]>,
    queued: Vec<Provisional>,
    /// The 2xx waits for a PRACK: its extra header lines.
    accept_after_prack: Option<Bytes>,
    await_ack: Option<AwaitAck>,
    /// The request whose offer we have to answer, with the request for writing the response.
    owed: Option<(TxnId, Box<Message>, Flow)>,
    modify: Modify,
    hang_up: Option<Bytes>,
    refresh: refresh::Refresh,
    peer: Abilities,
    outgoing: Option<Box<Outgoing>>,
    auth_tries: u8,
    /// Our credentials in the INVITE, as a header line: its ACK carries them too (RFC 3261 §13.2.2.4).
    credentials: Bytes,
    /// The reliable 1xx that was overtaken by our 2xx: its PRACK is still answered (RFC 3262 §3).
    late_prack: Option<u32>,
    /// What few sessions do.
    errands: Option<Box<Errands>>,
}

/// What few sessions do beside talking: kept apart, so that the others stay small.
#[derive(Debug, Default)]
struct Errands {
    /// The REFER of the other side that is undecided or under way.
    refer: Option<ReferId>,
    /// The other side has sent a REFER before: later ones have an `id` (RFC 3515 §2.4.6).
    referred: bool,
    /// CSeq of each REFER of ours whose subscription stands.
    asked: SmallVec<[u32; 1]>,
    /// Digits to be sent by INFO, one after the other; the first is on its way.
    keys: std::collections::VecDeque<char>,
    /// The OPTIONS that asks whether the other side is alive.
    probe: Option<TxnId>,
}

impl Session {
    /// A session that begins: called as [`State::Incoming`], or calling.
    fn new(serial: u32, state: State, dialog: Dialog) -> Self {
        Self {
            serial,
            state,
            dialog,
            caller: state == State::Calling,
            invite: None,
            invite_seq: 0,
            offer_answer: OfferAnswer::TheyOwe,
            local_sdp: Bytes::new(),
            reliable: None,
            next_rseq: 1,
            early: SmallVec::new(),
            queued: Vec::new(),
            accept_after_prack: None,
            await_ack: None,
            owed: None,
            modify: Modify::Idle,
            hang_up: None,
            refresh: refresh::Refresh::default(),
            peer: Abilities::default(),
            outgoing: None,
            auth_tries: 0,
            credentials: Bytes::new(),
            late_prack: None,
            errands: None,
        }
    }

    fn errands(&mut self) -> &mut Errands {
        self.errands.get_or_insert_default()
    }

    /// Whether both sides hold the session: the other side has our 2xx, or we have his.
    fn stands(&self) -> bool {
        matches!(self.state, State::Confirmed | State::Answered) && self.hang_up.is_none()
    }
}

/// What the other side says it can do.
#[derive(Debug, Clone, Copy, Default)]
struct Abilities {
    update: bool,
    reliable: bool,
    reliable_required: bool,
    timer: bool,
}

impl Abilities {
    fn learn(&mut self, message: &Message) {
        if message.value(Name::Allow).is_some() {
            self.update = message.lists(Name::Allow, "UPDATE");
        }
        self.reliable_required = message.lists(Name::Require, "100rel");
        self.reliable = self.reliable_required || message.lists(Name::Supported, "100rel");
        self.timer |= message.lists(Name::Supported, "timer") || message.lists(Name::Require, "timer");
    }
}

impl Dialog {
    /// Starts a request inside the dialog: start line, Via, routes, Max-Forwards, From, To, Call-ID, CSeq.
    pub(super) fn write(&self, method: Method, seq: u32, branch: &str) -> Writer {
        let mut w = Writer::request(method, &self.target);
        w.via(&self.flow, branch);
        for route in &self.routes {
            w.header_bytes(Name::Route, route);
        }
        w.header(Name::MaxForwards, 70);
        w.lines(b"From: ").lines(&self.local).lines(b";tag=").lines(self.local_tag.as_bytes()).lines(b"\r\n");
        w.lines(b"To: ").lines(&self.remote);
        if !self.remote_tag.is_empty() {
            w.lines(b";tag=").lines(&self.remote_tag);
        }
        w.lines(b"\r\n").header_bytes(Name::CallId, &self.call_id);
        w.header(Name::CSeq, format_args!("{seq} {}", method.token()));
        w
    }

    /// Takes the remote target from a Contact, and with it the next hop (RFC 3261 §12.2).
    fn retarget(&mut self, message: &Message, flow: Flow) {
        if let Some(contact) = message.contact() {
            self.target = Bytes::copy_from_slice(contact.uri);
        }
        self.follow(flow);
    }

    /// Chooses the flow of requests: the first route or the target when it is an address, else where the peer spoke from.
    fn follow(&mut self, flow: Flow) {
        let hop =
            self.routes.first().and_then(|r| super::header::NameAddr::read(r)).map_or(&self.target[..], |r| r.uri);
        match Uri::read(hop).and_then(|u| u.address()) {
            Some(address) if !self.by_flow && address.is_ipv4() == flow.local.is_ipv4() && address != flow.peer => {
                self.flow = Flow { peer: address, connection: 0, ..flow };
            }
            _ => self.flow = flow,
        }
    }
}

impl Endpoint {
    /// The Call-ID of a session, while it lives.
    #[must_use]
    pub fn call_id(&self, id: SessionId) -> Option<Bytes> {
        let session = self.sessions.get(id.index as usize).filter(|s| s.serial == id.serial)?;
        Some(session.dialog.call_id.clone())
    }
}

/// A From, To or Contact value without its `tag` parameter.
fn without_tag(value: &[u8]) -> Bytes {
    let Some(address) = super::header::NameAddr::read(value) else { return Bytes::copy_from_slice(value) };
    let mut out = Vec::with_capacity(value.len() + 2);
    if !address.display.is_empty() {
        out.push(b'"');
        out.extend_from_slice(address.display);
        out.extend_from_slice(b"\" ");
    }
    out.push(b'<');
    out.extend_from_slice(address.uri);
    out.push(b'>');
    for (name, param) in address.params.iter() {
        if !name.eq_ignore_ascii_case(b"tag") {
            out.push(b';');
            out.extend_from_slice(name);
            if let Some(param) = param {
                out.push(b'=');
                out.extend_from_slice(param);
            }
        }
    }
    out.into()
}

impl Endpoint {
    pub(super) fn session(&mut self, id: SessionId) -> Option<&mut Session> {
        self.sessions.get_mut(id.index as usize).filter(|s| s.serial == id.serial).map(Box::as_mut)
    }

    /// Whether the session still exists.
    #[must_use]
    pub fn is_live(&self, id: SessionId) -> bool {
        self.sessions.get(id.index as usize).is_some_and(|s| s.serial == id.serial)
    }

    /// Where the session stands; `None` when it is gone.
    #[must_use]
    pub fn state(&self, id: SessionId) -> Option<State> {
        self.sessions.get(id.index as usize).filter(|s| s.serial == id.serial).map(|s| s.state)
    }

    /// Call-ID of a session.
    #[must_use]
    pub fn call_id_of(&self, id: SessionId) -> Option<&[u8]> {
        self.sessions.get(id.index as usize).filter(|s| s.serial == id.serial).map(|s| &s.dialog.call_id[..])
    }

    pub(super) fn drop_session(&mut self, id: SessionId) {
        if self.session(id).is_none() {
            return;
        }
        let session = self.sessions.remove(id.index as usize);
        if let Some((txn, ..)) = session.owed {
            // An offer that nobody will answer any more: its copies get 481, and no transaction waits for ever.
            self.forget(txn);
        }
        if self.open_calls.get(&session.dialog.call_id) == Some(&id) {
            self.open_calls.remove(&session.dialog.call_id);
            give_back(&mut self.open_calls);
        }
        self.remember_ended(&session.dialog);
        self.bereave(id, &session.dialog);
    }

    /// A new slot: its index is part of our tag.
    fn insert_session(&mut self, make: impl FnOnce(&mut Self, u32, Box<str>) -> Session) -> SessionId {
        let serial = self.next_serial();
        let random = self.token();
        let index = u32::try_from(self.sessions.vacant_key()).unwrap_or(u32::MAX);
        let tag = format!("{index:x}.{random}").into_boxed_str();
        let session = make(self, serial, tag);
        self.sessions.insert(Box::new(session));
        SessionId { index, serial }
    }

    /// Sends a request of ours inside the dialog. `write` adds headers and body.
    fn send_in_dialog(
        &mut self,
        id: SessionId,
        method: Method,
        purpose: Option<Purpose>,
        now: crate::clock::Now,
        write: impl FnOnce(Writer) -> Bytes,
    ) -> Option<(TxnId, u32)> {
        let session = self.session(id)?;
        session.dialog.local_seq += 1;
        let (seq, flow) = (session.dialog.local_seq, session.dialog.flow);
        let user = purpose.map_or(super::endpoint::User::Nobody, |p| super::endpoint::User::Session(id, p));
        // A copy, because making the transaction needs the endpoint whole; its long parts share their bytes.
        let dialog = session.dialog.clone();
        let txn = self
            .start_client(flow, user, method == Method::Invite, now, |branch| write(dialog.write(method, seq, branch)));
        Some((txn, seq))
    }
}

#[cfg(test)]
mod stories;
#[cfg(test)]
mod tests;
