//! The side that calls: INVITE, early dialogs and forks, authentication, 2xx and ACK (RFC 3261 §13.2, §22).

use super::session::{OfferAnswer, without_tag};
use super::{Dialog, Outgoing, Session, SessionId, State};
use crate::clock::Now;
use crate::sip::auth::client::Login;
use crate::sip::endpoint::{ALLOW, Endpoint, Event, FailedBy, Purpose, SUPPORTED, Timer, User};
use crate::sip::flow::Flow;
use crate::sip::header::{self, NameAddr};
use crate::sip::id::TxnId;
use crate::sip::message::Message;
use crate::sip::name::{Method, Name};
use crate::sip::write::Writer;
use bytes::Bytes;
use smallvec::SmallVec;
use std::fmt;

/// Further 2xx of one INVITE, by To tag, that are ended with ACK and BYE.
const MAX_FORKS: usize = 32;

/// Contact of ours on a flow.
pub(super) fn contact(flow: &Flow) -> impl fmt::Display + use<> {
    let (local, transport) = (flow.local, flow.transport);
    fmt::from_fn(move |f| write!(f, "<sip:{local}{}>", transport.suffix()))
}

impl Endpoint {
    /// Sends an INVITE. Its fate comes as `Progress`, `Answered` or `Failed`.
    pub fn connect(&mut self, outgoing: Outgoing, now: Now) -> SessionId {
        let call_id = format!("{}{}@{}", self.token(), self.token(), outgoing.flow.local.ip());
        let login = outgoing.credentials.clone().map(|c| Box::new(Login::new(c)));
        let id = self.insert_session(|_, serial, local_tag| {
            let dialog = Dialog {
                call_id: call_id.into(),
                local: outgoing.from.clone(),
                local_tag,
                remote: outgoing.to.clone(),
                remote_tag: Bytes::new(),
                local_seq: 0,
                remote_seq: None,
                routes: SmallVec::new(),
                target: outgoing.uri.clone(),
                flow: outgoing.flow,
                by_flow: outgoing.by_flow,
                login,
            };
            let mut session = Session::new(serial, State::Calling, dialog);
            session.local_sdp = outgoing.sdp.clone();
            session.outgoing = Some(Box::new(outgoing));
            session
        });
        self.send_invite(id, "", now);
        id
    }

    fn send_invite(&mut self, id: SessionId, authorization: &str, now: Now) {
        let agent = self.settings.user_agent.clone();
        let min_se = self.settings.min_se;
        let Some(session) = self.session(id) else { return };
        let Some(outgoing) = session.outgoing.clone() else { return };
        // The provisional responses were those of the request before: this one may not be cancelled yet (RFC 3261 §9.1).
        session.state = State::Calling;
        session.credentials = Bytes::copy_from_slice(authorization.as_bytes());
        session.dialog.local_seq += 1;
        let (dialog, seq) = (session.dialog.clone(), session.dialog.local_seq);
        let txn = self.start_client(outgoing.flow, User::Session(id, Purpose::Invite), true, now, |branch| {
            let mut w = Writer::request(Method::Invite, &outgoing.uri);
            w.via(&outgoing.flow, branch).header(Name::MaxForwards, outgoing.max_forwards);
            w.lines(b"From: ").lines(&dialog.local).lines(b";tag=").lines(dialog.local_tag.as_bytes());
            w.lines(b"\r\nTo: ").lines(&dialog.remote).lines(b"\r\n");
            w.header_bytes(Name::CallId, &dialog.call_id).header(Name::CSeq, format_args!("{seq} INVITE"));
            w.header(Name::Contact, contact(&outgoing.flow));
            w.header(Name::Allow, ALLOW).header(Name::Supported, SUPPORTED.join(", "));
            if outgoing.session_expires > 0 {
                w.header(Name::SessionExpires, outgoing.session_expires);
                w.header(Name::MinSe, min_se.min(outgoing.session_expires));
            }
            w.lines(authorization.as_bytes()).lines(&outgoing.extra).header(Name::UserAgent, agent);
            w.body("application/sdp", &outgoing.sdp)
        });
        if let Some(session) = self.session(id) {
            session.invite = Some(txn);
            session.invite_seq = seq;
        }
    }

    /// A response to the INVITE of a session that calls.
    pub(in crate::sip) fn invite_response(&mut self, id: SessionId, txn: TxnId, response: Message, now: Now) {
        let status = response.status().unwrap_or(0);
        if self.session(id).is_none_or(|s| s.invite.is_some_and(|i| i != txn)) {
            return self.late_response(txn, &response, now);
        }
        match status {
            100 => {
                self.cancel_if_wanted(id, now);
                if self.session(id).is_some_and(|s| s.state != State::Cancelling) {
                    self.event(Event::Progress { session: id, status: 100, sdp: None });
                }
            }
            101..=199 => self.provisional_in(id, &response, now),
            200..=299 => self.success_in(id, txn, &response, now),
            _ => self.failure_in(id, &response, now),
        }
    }

    fn provisional_in(&mut self, id: SessionId, response: &Message, now: Now) {
        let Some(session) = self.session(id) else { return };
        if session.state == State::Calling {
            session.state = State::Early;
        }
        session.peer.learn(response);
        if session.state == State::Cancelling {
            return self.cancel_if_wanted(id, now);
        }
        if let Some(tag) = response.to_tag() {
            session.dialog.remote_tag = Bytes::copy_from_slice(tag);
            session.take_routes(response);
        }
        let rseq = response.number(Name::RSeq).filter(|_| response.lists(Name::Require, "100rel"));
        if let Some(rseq) = rseq
            && !self.prack(id, response, rseq, now)
        {
            return;
        }
        let (status, sdp) = (response.status().unwrap_or(180), response.sdp());
        if rseq.is_some()
            && sdp.is_some()
            && let Some(session) = self.session(id)
        {
            // A reliable answer completes the exchange: either side may offer anew (RFC 3262 §5, RFC 3311 §5.1).
            session.offer_answer = OfferAnswer::Settled;
        }
        self.event(Event::Progress { session: id, status, sdp });
    }

    fn success_in(&mut self, id: SessionId, txn: TxnId, response: &Message, now: Now) {
        let Some(session) = self.session(id) else { return };
        let tag = Bytes::copy_from_slice(response.to_tag().unwrap_or_default());
        if session.state == State::Confirmed {
            return self.late_response(txn, response, now);
        }
        let cancelled = session.state == State::Cancelling;
        session.state = State::Confirmed;
        session.invite = None;
        session.outgoing = None;
        session.dialog.remote_tag = tag.clone();
        session.offer_answer = OfferAnswer::Settled;
        session.take_routes(response);
        session.peer.learn(response);
        let (dialog, seq, credentials) = (session.dialog.clone(), session.invite_seq, session.credentials.clone());
        let flow = dialog.flow;
        let branch = format!("z9hG4bKa{}", self.token());
        let mut w = dialog.write(Method::Ack, seq, &branch);
        w.lines(&credentials);
        let ack = w.end();
        // The transaction keeps the ACK: each copy of the 2xx gets it again (RFC 3261 §13.2.2.4, RFC 6026).
        if let Some(txn) = self.txn(txn) {
            txn.bytes = ack.clone();
            txn.flow = flow;
            txn.accepted_tag = tag;
            txn.user = User::Nobody;
        }
        self.send(flow, ack);
        if cancelled {
            return self.hang_up(id, b"", now);
        }
        self.learn_refresh(id, response, now);
        self.event(Event::Answered { session: id, sdp: response.sdp() });
    }

    /// A 2xx after the session was confirmed or is gone: the same again gets its ACK, a fork's gets ACK and BYE.
    pub(in crate::sip) fn late_response(&mut self, txn: TxnId, response: &Message, now: Now) {
        let invite = response.cseq().is_some_and(|c| c.known_method() == Method::Invite);
        if !invite || !(200..300).contains(&response.status().unwrap_or(0)) {
            return;
        }
        let Some(held) = self.txn(txn) else { return };
        let (flow, bytes) = (held.flow, held.bytes.clone());
        let tag = response.to_tag().unwrap_or_default();
        if held.accepted_tag == tag {
            return self.send(flow, bytes);
        }
        let known = held.ended_forks.iter().flat_map(|tags| tags.iter()).any(|t| t == tag);
        if !known && held.ended_forks.as_ref().is_some_and(|tags| tags.len() >= MAX_FORKS) {
            // No fork has so many: whoever sends them gets nothing.
            return;
        }
        if !known {
            held.ended_forks.get_or_insert_default().push(Bytes::copy_from_slice(tag));
        }
        self.end_fork(flow, response, !known, now);
    }

    /// ACK, then once BYE, for a dialog that nobody wants (RFC 3261 §13.2.2.4 last paragraph).
    fn end_fork(&mut self, flow: Flow, response: &Message, bye: bool, now: Now) {
        let Some(seq) = response.cseq().map(|c| c.number) else { return };
        let mut dialog = Dialog {
            call_id: Bytes::copy_from_slice(response.call_id()),
            local: without_tag(response.value(Name::From).unwrap_or_default()),
            local_tag: String::from_utf8_lossy(response.from_tag().unwrap_or_default()).into(),
            remote: without_tag(response.value(Name::To).unwrap_or_default()),
            remote_tag: Bytes::copy_from_slice(response.to_tag().unwrap_or_default()),
            local_seq: seq,
            remote_seq: None,
            routes: response.elements(Name::RecordRoute).map(Bytes::copy_from_slice).collect(),
            target: Bytes::new(),
            flow,
            by_flow: false,
            login: None,
        };
        dialog.routes.reverse();
        dialog.retarget(response, flow);
        let ack_branch = format!("z9hG4bKa{}", self.token());
        self.send(dialog.flow, dialog.write(Method::Ack, seq, &ack_branch).end());
        if bye {
            self.start_client(dialog.flow, User::Nobody, false, now, |branch| {
                dialog.write(Method::Bye, seq + 1, branch).end()
            });
        }
    }

    fn failure_in(&mut self, id: SessionId, response: &Message, now: Now) {
        let status = response.status().unwrap_or(500);
        let cancelled = self.session(id).is_some_and(|s| s.state == State::Cancelling);
        if !cancelled && matches!(status, 401 | 407) && self.authenticate(id, response, now) {
            return;
        }
        if !cancelled && status == 422 && self.widen_interval(id, response, now) {
            return;
        }
        if !cancelled && matches!(status, 415 | 488 | 606) && self.offer_otherwise(id, now) {
            return;
        }
        let q850 = header::q850(response.values(Name::Reason));
        let contact =
            || NameAddr::read(response.elements(Name::Contact).next()?).map(|a| Bytes::copy_from_slice(a.uri));
        let moved_to = (300..400).contains(&status).then(contact).flatten();
        self.invite_ended(id, status, q850, FailedBy::Response, moved_to);
    }

    fn authenticate(&mut self, id: SessionId, response: &Message, now: Now) -> bool {
        let cnonce = self.token();
        let Some(session) = self.session(id) else { return false };
        let Some(uri) = session.outgoing.as_ref().map(|o| o.uri.clone()) else { return false };
        let (login, tries) = (session.dialog.login.as_mut(), &mut session.auth_tries);
        let line = login.and_then(|l| l.line(response, Method::Invite, &uri, &cnonce, tries));
        let Some(line) = line else { return false };
        self.send_invite(id, &line, now);
        true
    }

    /// 422: again with the interval the other side wants (RFC 4028 §7.3).
    fn widen_interval(&mut self, id: SessionId, response: &Message, now: Now) -> bool {
        let Some(min) = response.number(Name::MinSe) else { return false };
        let Some(outgoing) = self.session(id).and_then(|s| s.outgoing.as_mut()) else { return false };
        if outgoing.session_expires == 0 || min <= outgoing.session_expires || min > 86_400 {
            return false;
        }
        outgoing.session_expires = min;
        self.send_invite(id, "", now);
        true
    }

    /// The other offer, if there is one that has not been sent.
    fn offer_otherwise(&mut self, id: SessionId, now: Now) -> bool {
        let Some(session) = self.session(id) else { return false };
        let Some(outgoing) = session.outgoing.as_mut() else { return false };
        let Some(other) = outgoing.other_sdp.take() else { return false };
        outgoing.sdp = other.clone();
        session.local_sdp = other;
        self.send_invite(id, "", now);
        true
    }

    pub(in crate::sip) fn invite_failed(&mut self, id: SessionId, status: u16, q850: Option<u8>, by: FailedBy) {
        self.invite_ended(id, status, q850, by, None);
    }

    fn invite_ended(&mut self, id: SessionId, status: u16, q850: Option<u8>, by: FailedBy, moved_to: Option<Bytes>) {
        let Some(session) = self.session(id) else { return };
        let told = session.state == State::Cancelling;
        self.drop_session(id);
        if !told {
            self.event(Event::Failed { session: id, status, q850, by, moved_to });
        }
    }

    /// CANCEL only after a provisional response (RFC 3261 §9.1).
    pub(super) fn cancel_if_wanted(&mut self, id: SessionId, now: Now) {
        let guard = self.settings.intervals.patience();
        let Some(session) = self.session(id) else { return };
        if session.state == State::Calling {
            session.state = State::Early;
        }
        if session.state != State::Cancelling {
            return;
        }
        let Some(reason) = session.hang_up.take() else { return };
        if let Some(txn) = session.invite {
            self.start_cancel(txn, &reason, now);
            self.wheel.set(now.mono + guard, Timer::CancelGuard(id));
        }
    }

    /// A cancelled INVITE without a final response for 64 × T1 is taken as ended (RFC 3261 §9.1).
    pub(in crate::sip) fn cancel_guard(&mut self, id: SessionId) {
        if let Some(session) = self.session(id)
            && session.state == State::Cancelling
        {
            let invite = session.invite;
            self.drop_session(id);
            if let Some(invite) = invite {
                self.forget(invite);
            }
        }
    }
}
