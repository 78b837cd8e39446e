//! Does what the four transaction machines want: bytes, timers, keys.

use super::incoming::response_flow;
use super::txn::{Machine, Txn};
use super::{Endpoint, Event, FailedBy, Purpose, Timer, User};
use crate::clock::Now;
use crate::sip::flow::Flow;
use crate::sip::id::TxnId;
use crate::sip::message::Message;
use crate::sip::name::{Method, Name};
use crate::sip::spare::give_back;
use crate::sip::transaction::key::Key;
use crate::sip::transaction::{Act, Acts, Letter, client, client_invite, server, server_invite};
use crate::sip::write::Writer;
use bytes::Bytes;
use rand_core::RngCore;

/// Ends of transactions that only linger fall on multiples of this, µs.
const TOGETHER: u64 = 500_000;

impl Endpoint {
    pub(in crate::sip) fn txn(&mut self, id: TxnId) -> Option<&mut Txn> {
        self.txns.get_mut(id.index as usize).filter(|t| t.serial == id.serial).map(Box::as_mut)
    }

    fn insert(&mut self, machine: Machine, flow: Flow, user: User) -> TxnId {
        let serial = self.next_serial();
        let index = self.txns.insert(Box::new(Txn {
            serial,
            machine,
            flow,
            user,
            bytes: Bytes::new(),
            branch: Box::from(""),
            accepted_tag: Bytes::new(),
            ended_forks: None,
            cancel: None,
            answered: 0,
            login: None,
            request: None,
            key: None,
        }));
        TxnId { index: u32::try_from(index).unwrap_or(u32::MAX), serial }
    }

    /// Sends a request in a new client transaction. `write` gets the branch.
    pub(in crate::sip) fn start_client(
        &mut self,
        flow: Flow,
        user: User,
        invite: bool,
        now: Now,
        write: impl FnOnce(&str) -> Bytes,
    ) -> TxnId {
        let reliable = flow.transport.is_reliable();
        let t = self.settings.intervals;
        let (machine, acts) = if invite {
            let (state, acts) = client_invite::begin(&t, reliable);
            (Machine::ClientInvite(state), acts)
        } else {
            let (state, acts) = client::begin(&t, reliable);
            (Machine::Client(state), acts)
        };
        let id = self.insert(machine, flow, user);
        let branch = format!("z9hG4bK{:x}.{:x}.{:016x}", id.index, id.serial, self.rng.next_u64());
        let bytes = write(&branch);
        if let Some(txn) = self.txn(id) {
            txn.branch = branch.into_boxed_str();
            txn.bytes = bytes.clone();
        }
        self.send(flow, bytes);
        self.perform(id, acts, None, now);
        id
    }

    /// Sends the CANCEL of an INVITE: same branch, own transaction (RFC 3261 §9.1).
    pub(in crate::sip) fn start_cancel(&mut self, invite: TxnId, reason: &[u8], now: Now) {
        let Some(txn) = self.txn(invite) else { return };
        let (flow, branch, request) = (txn.flow, txn.branch.clone(), txn.bytes.clone());
        let Ok(request) = crate::sip::wire::parse(request) else { return };
        let mut w = Writer::request(Method::Cancel, request.request_uri());
        w.via(&flow, &branch).copy(&request, Name::Route).header(Name::MaxForwards, 70);
        w.copy(&request, Name::From).copy(&request, Name::To).copy(&request, Name::CallId);
        if let Some(cseq) = request.cseq() {
            w.header(Name::CSeq, format_args!("{} CANCEL", cseq.number));
        }
        w.lines(reason);
        let bytes = w.end();
        let t = self.settings.intervals;
        let (state, acts) = client::begin(&t, flow.transport.is_reliable());
        let id = self.insert(Machine::Client(state), flow, User::Nobody);
        if let Some(txn) = self.txn(id) {
            txn.branch = branch;
            txn.bytes = bytes.clone();
        }
        if let Some(txn) = self.txn(invite) {
            txn.cancel = Some(id);
        }
        self.send(flow, bytes);
        self.perform(id, acts, None, now);
    }

    /// Makes a server transaction for a request.
    pub(in crate::sip) fn start_server(&mut self, flow: Flow, message: Message, user: User) -> TxnId {
        let invite = message.method() == Some(Method::Invite);
        let machine = if invite {
            Machine::ServerInvite(server_invite::State::Proceeding)
        } else {
            Machine::Server(server::State::Trying)
        };
        let key = Key::of(&message, message.method().unwrap_or(Method::Other));
        let id = self.insert(machine, response_flow(flow, &message), user);
        if let Some(key) = &key {
            self.keys.insert(key.clone(), id);
        }
        if let Some(txn) = self.txn(id) {
            txn.key = key;
            txn.request = Some(Box::new(message));
        }
        id
    }

    pub(in crate::sip) fn find_server(&self, key: &Key) -> Option<TxnId> {
        self.keys.get(key).copied()
    }

    /// Sends a response in a server transaction.
    pub(in crate::sip) fn respond(&mut self, id: TxnId, status: u16, bytes: Bytes, now: Now) {
        let t = self.settings.intervals;
        let Some(txn) = self.txn(id) else { return };
        let reliable = txn.flow.transport.is_reliable();
        let (before_final, acts) = match &mut txn.machine {
            Machine::ServerInvite(state) => {
                let input = match status {
                    100..=199 => server_invite::Input::Provisional,
                    200..=299 => server_invite::Input::Success,
                    _ => server_invite::Input::Failure,
                };
                let (next, acts) = server_invite::step(*state, input, &t, reliable);
                *state = next;
                (status < 200, acts)
            }
            Machine::Server(state) => {
                let input = if status < 200 { server::Input::Provisional } else { server::Input::Final };
                let (next, acts) = server::step(*state, input, &t, reliable);
                *state = next;
                (status < 200, acts)
            }
            Machine::ClientInvite(_) | Machine::Client(_) => return,
        };
        if acts.contains(&Act::Send) {
            txn.bytes = bytes;
            if !before_final {
                txn.request = None;
            }
        }
        self.perform(id, acts, None, now);
        if let Some(txn) = self.txn(id)
            && matches!(txn.machine, Machine::ServerInvite(server_invite::State::Accepted))
        {
            // The session repeats its 2xx itself, and only until the ACK (RFC 6026 §7.1).
            txn.bytes = Bytes::new();
        }
    }

    /// A request that belongs to a server transaction came again, or its ACK.
    pub(super) fn server_input(&mut self, id: TxnId, ack: bool, now: Now) {
        let t = self.settings.intervals;
        let Some(txn) = self.txn(id) else { return };
        let reliable = txn.flow.transport.is_reliable();
        let acts = match &mut txn.machine {
            Machine::ServerInvite(state) => {
                let input = if ack { server_invite::Input::Ack } else { server_invite::Input::Invite };
                let (next, acts) = server_invite::step(*state, input, &t, reliable);
                *state = next;
                acts
            }
            Machine::Server(state) => {
                let (next, acts) = server::step(*state, server::Input::Request, &t, reliable);
                *state = next;
                acts
            }
            Machine::ClientInvite(_) | Machine::Client(_) => return,
        };
        self.perform(id, acts, None, now);
    }

    /// A response for a client transaction.
    pub(super) fn client_input(&mut self, response: Message, now: Now) {
        let Some(id) = self.client_of(&response) else { return };
        let t = self.settings.intervals;
        let status = response.status().unwrap_or(0);
        let Some(txn) = self.txn(id) else { return };
        let reliable = txn.flow.transport.is_reliable();
        let acts = match &mut txn.machine {
            Machine::ClientInvite(state) => {
                let input = match status {
                    100..=199 => client_invite::Input::Provisional,
                    200..=299 => client_invite::Input::Success,
                    _ => client_invite::Input::Failure,
                };
                let (next, acts) = client_invite::step(*state, input, &t, reliable);
                *state = next;
                acts
            }
            Machine::Client(state) => {
                let input = if status < 200 { client::Input::Provisional } else { client::Input::Final };
                let (next, acts) = client::step(*state, input, &t, reliable);
                *state = next;
                acts
            }
            Machine::ServerInvite(_) | Machine::Server(_) => return,
        };
        self.perform(id, acts, Some(response), now);
    }

    /// Finds the transaction of a response: index and serial stand in our branch, which is then compared whole.
    fn client_of(&mut self, response: &Message) -> Option<TxnId> {
        let via = response.via()?;
        let branch = std::str::from_utf8(via.branch()).ok()?;
        let mut parts = branch.strip_prefix("z9hG4bK")?.split('.');
        let index = u32::from_str_radix(parts.next()?, 16).ok()?;
        let serial = u32::from_str_radix(parts.next()?, 16).ok()?;
        let id = TxnId { index, serial };
        let method = response.cseq()?.known_method();
        let txn = self.txn(id).filter(|t| &*t.branch == branch)?;
        if method == Method::Cancel { txn.cancel } else { Some(id) }
    }

    pub(super) fn txn_timer(&mut self, id: TxnId, letter: Letter, now: Now) {
        let t = self.settings.intervals;
        let Some(txn) = self.txn(id) else { return };
        let reliable = txn.flow.transport.is_reliable();
        let acts = match &mut txn.machine {
            Machine::ClientInvite(state) => {
                let (next, acts) = client_invite::step(*state, client_invite::Input::Timer(letter), &t, reliable);
                *state = next;
                acts
            }
            Machine::Client(state) => {
                let (next, acts) = client::step(*state, client::Input::Timer(letter), &t, reliable);
                *state = next;
                acts
            }
            Machine::ServerInvite(state) => {
                let (next, acts) = server_invite::step(*state, server_invite::Input::Timer(letter), &t, reliable);
                *state = next;
                acts
            }
            Machine::Server(state) => {
                let (next, acts) = server::step(*state, server::Input::Timer(letter), &t, reliable);
                *state = next;
                acts
            }
        };
        self.perform(id, acts, None, now);
    }

    /// A flow cannot deliver any more (connection refused or lost): its client transactions fail at once.
    pub fn flow_failed(&mut self, flow: Flow, now: Now) {
        let same = |f: &Flow| f.transport == flow.transport && f.peer == flow.peer;
        let ids: Vec<TxnId> = self
            .txns
            .iter()
            .filter(|(_, t)| same(&t.flow))
            .map(|(i, t)| TxnId { index: u32::try_from(i).unwrap_or(u32::MAX), serial: t.serial })
            .collect();
        let t = self.settings.intervals;
        for id in ids {
            let Some(txn) = self.txn(id) else { continue };
            let acts = match &mut txn.machine {
                Machine::ClientInvite(state) => {
                    let (next, acts) = client_invite::step(*state, client_invite::Input::TransportError, &t, true);
                    *state = next;
                    acts
                }
                Machine::Client(state) => {
                    let (next, acts) = client::step(*state, client::Input::TransportError, &t, true);
                    *state = next;
                    acts
                }
                // A response that cannot be delivered is found out by timer H, or by the caller's own timers.
                Machine::ServerInvite(_) | Machine::Server(_) => Acts::new(),
            };
            self.perform(id, acts, None, now);
        }
    }

    fn perform(&mut self, id: TxnId, acts: Acts, response: Option<Message>, now: Now) {
        let mut response = response;
        for act in acts {
            match act {
                Act::Resend | Act::Send => {
                    if let Some((flow, bytes)) = self.txn(id).map(|t| (t.flow, t.bytes.clone()))
                        && !bytes.is_empty()
                    {
                        self.send(flow, bytes);
                    }
                }
                Act::Ack => self.ack_failure(id, response.as_ref()),
                Act::Start(letter, after) => {
                    let due = now.mono + after;
                    // Many end together: each would wake the thread for nothing but its own end.
                    let late = if letter.lingers() && after > TOGETHER { due.next_multiple_of(TOGETHER) } else { due };
                    self.wheel.set(late, Timer::Txn(id, letter));
                }
                Act::Pass => {
                    if let Some(response) = response.take() {
                        self.pass_response(id, response, now);
                    }
                }
                Act::TimedOut => {
                    self.given_up.no_response += 1;
                    self.pass_failure(id, FailedBy::Timeout, now);
                }
                Act::Unreachable => self.pass_failure(id, FailedBy::Transport, now),
                Act::NotAcknowledged => self.given_up.no_acknowledgement += 1,
                Act::End => self.forget(id),
            }
        }
    }

    /// ACK of a final response other than 2xx: same branch, hop by hop (RFC 3261 §17.1.1.3).
    fn ack_failure(&mut self, id: TxnId, response: Option<&Message>) {
        let (Some(response), Some(txn)) = (response, self.txn(id)) else { return };
        let (flow, branch, request) = (txn.flow, txn.branch.clone(), txn.bytes.clone());
        let Ok(request) = crate::sip::wire::parse(request) else { return };
        let mut w = Writer::request(Method::Ack, request.request_uri());
        w.via(&flow, &branch).copy(&request, Name::Route).header(Name::MaxForwards, 70);
        w.copy(&request, Name::From).copy(response, Name::To).copy(&request, Name::CallId);
        if let Some(cseq) = request.cseq() {
            w.header(Name::CSeq, format_args!("{} ACK", cseq.number));
        }
        self.send(flow, w.end());
    }

    fn pass_response(&mut self, id: TxnId, response: Message, now: Now) {
        let Some(user) = self.txn(id).map(|t| t.user) else { return };
        let status = response.status().unwrap_or(0);
        let inside = !matches!(user, User::Token(_) | User::Session(_, Purpose::Invite));
        if inside && matches!(status, 401 | 407) && self.answer_challenge(id, &response, now) {
            return;
        }
        match user {
            User::Nobody => self.late_response(id, &response, now),
            User::Reference(refer) => self.notified(refer, status, now),
            User::Session(session, Purpose::Invite) => self.invite_response(session, id, response, now),
            User::Session(session, purpose) => self.modify_response(session, id, purpose, &response, now),
            User::Token(token) if status >= 200 => {
                self.event(Event::Response { token, status, message: Some(Box::new(response)) });
            }
            User::Token(_) => {}
        }
    }

    fn pass_failure(&mut self, id: TxnId, by: FailedBy, now: Now) {
        let Some(user) = self.txn(id).map(|t| t.user) else { return };
        let status = if by == FailedBy::Timeout { 408 } else { 503 };
        match user {
            User::Nobody => {}
            User::Session(session, Purpose::Invite) => self.invite_failed(session, status, None, by),
            User::Session(session, purpose) => self.unanswered(session, id, purpose, status, now),
            User::Reference(refer) => self.notified(refer, status, now),
            User::Token(token) => self.event(Event::Response { token, status, message: None }),
        }
    }

    pub(in crate::sip) fn forget(&mut self, id: TxnId) {
        if self.txn(id).is_none() {
            return;
        }
        let txn = self.txns.remove(id.index as usize);
        if let Some(key) = txn.key {
            self.keys.remove(&key);
            give_back(&mut self.keys);
        }
    }

    /// Sends a request outside any dialog (OPTIONS, REGISTER); the result comes as [`Event::Response`] with `token`.
    /// `write` puts everything after the Via.
    pub fn request(
        &mut self,
        flow: Flow,
        token: u64,
        now: Now,
        method: Method,
        uri: &[u8],
        write: impl FnOnce(Writer) -> Bytes,
    ) {
        self.start_client(flow, User::Token(token), false, now, |branch| {
            let mut w = Writer::request(method, uri);
            w.via(&flow, branch);
            write(w)
        });
    }
}
