//! The side that is called: from an admitted INVITE to its final response and ACK (RFC 3261 §13.3).

use super::session::{AwaitAck, OfferAnswer, Provisional, Reliable, without_tag};
use super::{Dialog, Session, SessionId, State};
use crate::clock::Now;
use crate::sip::endpoint::{ALLOW, EndedBy, Endpoint, Event, Incoming, Purpose, SUPPORTED, Timer, User};
use crate::sip::id::TxnId;
use crate::sip::message::Message;
use crate::sip::name::Name;
use crate::sip::uri::Uri;
use crate::sip::write::Writer;
use bytes::Bytes;
use smallvec::SmallVec;

/// Why an INVITE cannot be admitted, with the status the protocol wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAdmitted {
    /// 406, 420, 422, 482 …
    pub status: u16,
    /// Header lines for the response.
    pub extra: String,
}

/// Whether SDP is among what the caller accepts; nothing said means it is (RFC 3261 §20.1).
fn takes_sdp(invite: &Message) -> bool {
    let sdp = |range: &[u8]| {
        let range = range.split(|&b| b == b';').next().unwrap_or_default().trim_ascii();
        ["application/sdp", "application/*", "*/*"].iter().any(|t| range.eq_ignore_ascii_case(t.as_bytes()))
    };
    let mut accepted = invite.elements(Name::Accept).peekable();
    accepted.peek().is_none() || accepted.any(sdp)
}

impl Endpoint {
    /// Whether the protocol itself forbids this INVITE: 400, 406, 420, 422, 482.
    ///
    /// # Errors
    /// [`NotAdmitted`] with what to answer.
    pub fn admissible(&self, incoming: &Incoming) -> Result<(), NotAdmitted> {
        let m = &incoming.message;
        let refuse = |status, extra: String| Err(NotAdmitted { status, extra });
        if let Some(extra) = incoming.unsupported() {
            return refuse(420, extra);
        }
        // A From without a tag is taken: RFC 2543 peers sent none (RFC 3261 §12.1.1).
        // It becomes the request-URI of our own requests.
        if !m.contact().is_some_and(|contact| Uri::is_plausible(contact.uri)) {
            return refuse(400, String::new());
        }
        if !takes_sdp(m) {
            // The answer would be SDP, and nothing else (RFC 3261 §21.4.7).
            return refuse(406, String::new());
        }
        if let Some(extra) = self.interval_too_small(m) {
            return refuse(422, extra);
        }
        // RFC 4412 §4.6.2: required, and none of it known; not required, it is left aside.
        if m.lists(Name::Require, "resource-priority")
            && !m.elements(Name::ResourcePriority).any(crate::sip::lines::is_known_priority)
        {
            return refuse(417, crate::sip::lines::known_priorities());
        }
        let merged = self.open_calls.get(m.call_id()).and_then(|id| self.sessions.get(id.index as usize));
        if merged.is_some_and(|s| {
            !s.caller
                && s.dialog.remote_tag == m.from_tag().unwrap_or_default()
                && m.cseq().is_some_and(|c| c.number == s.invite_seq)
        }) {
            // RFC 3261 §8.2.2.2: the same request by another path.
            return refuse(482, String::new());
        }
        Ok(())
    }

    /// Admits an INVITE: a transaction and a session are made, 100 is sent. `by_flow`: requests of ours follow the
    /// flow and not the Contact (phones behind NAT).
    pub fn admit(&mut self, incoming: Incoming, by_flow: bool, now: Now) -> SessionId {
        let Incoming { flow, message } = incoming;
        // Copied, as all that a session keeps: a slice would keep the whole INVITE as long as the call.
        let call_id = Bytes::copy_from_slice(message.call_id());
        let offer_answer = if message.sdp().is_some() { OfferAnswer::WeOwe } else { OfferAnswer::WeMayOffer };
        let seq = message.cseq().map_or(0, |c| c.number);
        let mut routes: SmallVec<[Bytes; 1]> = SmallVec::new();
        routes.extend(message.elements(Name::RecordRoute).map(Bytes::copy_from_slice));
        let id = self.insert_session(|endpoint, serial, local_tag| {
            let mut dialog = Dialog {
                call_id: call_id.clone(),
                local: without_tag(message.value(Name::To).unwrap_or_default()),
                local_tag,
                remote: without_tag(message.value(Name::From).unwrap_or_default()),
                remote_tag: Bytes::copy_from_slice(message.from_tag().unwrap_or_default()),
                local_seq: 0,
                remote_seq: Some(seq),
                routes,
                target: Bytes::new(),
                flow,
                by_flow,
                login: None,
            };
            dialog.retarget(&message, flow);
            let mut session = Session::new(serial, State::Incoming, dialog);
            session.invite_seq = seq;
            session.offer_answer = offer_answer;
            session.next_rseq = 1 + (endpoint.next_serial() & 0xffff);
            session.peer.learn(&message);
            session
        });
        let trying = Writer::answer(&message, 100, None, flow.peer).end();
        self.open_calls.insert(call_id, id);
        let txn = self.start_server(flow, message, User::Session(id, Purpose::Invite));
        self.respond(txn, 100, trying, now);
        if let Some(session) = self.session(id) {
            session.invite = Some(txn);
        }
        id
    }

    /// The INVITE of a session that has no final response yet.
    #[must_use]
    pub fn invite_of(&self, id: SessionId) -> Option<&Message> {
        let session = self.sessions.get(id.index as usize).filter(|s| s.serial == id.serial)?;
        let txn = session.invite?;
        self.txns.get(txn.index as usize)?.request.as_deref()
    }

    /// Whether a 183 with SDP will be acknowledged by PRACK before media flows.
    #[must_use]
    pub fn is_reliable(&self, id: SessionId) -> bool {
        self.sessions.get(id.index as usize).is_some_and(|s| s.serial == id.serial && s.peer.reliable)
    }

    /// Sends a provisional response (101–199), reliably where it carries SDP and the caller supports it, or always when
    /// the caller requires it (RFC 3262). One at a time: a further one waits for the PRACK.
    pub fn progress(&mut self, id: SessionId, status: u16, sdp: Option<Bytes>, extra: &[u8], now: Now) {
        let Some(session) = self.session(id) else { return };
        if session.state != State::Incoming || session.accept_after_prack.is_some() {
            return;
        }
        let extra = Bytes::copy_from_slice(extra);
        if session.reliable.is_some() {
            session.queued.push(Provisional { status, sdp, extra });
            return;
        }
        self.send_progress(id, status, sdp, &extra, now);
    }

    pub(super) fn send_progress(&mut self, id: SessionId, status: u16, sdp: Option<Bytes>, extra: &[u8], now: Now) {
        let Some(session) = self.session(id) else { return };
        let Some(txn) = session.invite else { return };
        if let Some(sdp) = &sdp {
            session.local_sdp = sdp.clone();
            session.offer_answer = match session.offer_answer {
                OfferAnswer::WeMayOffer => OfferAnswer::TheyOwe,
                OfferAnswer::WeOwe => OfferAnswer::Settled,
                other => other,
            };
        }
        let reliable = session.peer.reliable_required || (session.peer.reliable && sdp.is_some());
        let rseq = session.next_rseq;
        if reliable {
            session.next_rseq += 1;
        }
        let Some(mut w) = self.session_answer(id, status) else { return };
        w.lines(extra);
        if reliable {
            w.lines(b"Require: 100rel\r\n").header(Name::RSeq, rseq);
        }
        let with_sdp = sdp.is_some();
        let bytes = w.body("application/sdp", &sdp.unwrap_or_default());
        if reliable {
            let t1 = self.settings.intervals.t1;
            if let Some(session) = self.session(id) {
                session.reliable =
                    Some(Box::new(Reliable { rseq, bytes: bytes.clone(), interval: t1, since: now.mono, with_sdp }));
            }
            self.wheel.set(now.mono + t1, Timer::Reliable(id, rseq));
        }
        self.respond(txn, status, bytes, now);
    }

    /// Answers the call: 2xx with `sdp`, or with the SDP of the 183 repeated when `None`. Waits for the PRACK of an
    /// SDP-bearing 183 first (RFC 3262 §3).
    pub fn accept(&mut self, id: SessionId, sdp: Option<Bytes>, extra: &[u8], now: Now) {
        let Some(session) = self.session(id) else { return };
        if session.state != State::Incoming {
            return;
        }
        if let Some(sdp) = sdp {
            session.local_sdp = sdp;
        }
        if session.reliable.as_ref().is_some_and(|r| r.with_sdp) {
            session.accept_after_prack = Some(Bytes::copy_from_slice(extra));
            session.queued.clear();
            return;
        }
        self.send_accept(id, extra, now);
    }

    pub(super) fn send_accept(&mut self, id: SessionId, extra: &[u8], now: Now) {
        let timer_lines = self.session_timer_lines(id);
        let Some(session) = self.session(id) else { return };
        let Some(txn) = session.invite.take() else { return };
        session.late_prack = session.reliable.take().map(|r| r.rseq);
        session.queued.clear();
        session.state = State::Answered;
        session.offer_answer = match session.offer_answer {
            OfferAnswer::WeMayOffer => OfferAnswer::TheyOwe,
            OfferAnswer::WeOwe | OfferAnswer::Settled => OfferAnswer::Settled,
            OfferAnswer::TheyOwe => OfferAnswer::TheyOwe,
        };
        let (seq, sdp) = (session.invite_seq, session.local_sdp.clone());
        session.invite = Some(txn);
        let Some(mut w) = self.session_answer(id, 200) else { return };
        w.header(Name::Allow, ALLOW).header(Name::Supported, SUPPORTED.join(", "));
        w.lines(timer_lines.as_bytes()).lines(extra);
        let bytes = w.body("application/sdp", &sdp);
        if let Some(session) = self.session(id) {
            session.invite = None;
        }
        self.await_ack(id, txn, seq, bytes.clone(), now);
        self.respond(txn, 200, bytes, now);
        self.start_refresh(id, now);
    }

    /// Keeps a 2xx to be sent again until its ACK comes (RFC 3261 §13.3.1.4).
    pub(super) fn await_ack(&mut self, id: SessionId, txn: TxnId, seq: u32, bytes: Bytes, now: Now) {
        let t1 = self.settings.intervals.t1;
        let serial = self.next_serial();
        let Some(flow) = self.txn(txn).map(|t| t.flow) else { return };
        if let Some(session) = self.session(id) {
            session.await_ack = Some(Box::new(AwaitAck { seq, flow, bytes, interval: t1, since: now.mono, serial }));
        }
        self.wheel.set(now.mono + t1, Timer::Ok(id, serial));
    }

    pub(in crate::sip) fn resend_ok(&mut self, id: SessionId, serial: u32, now: Now) {
        let t = self.settings.intervals;
        let Some(session) = self.session(id) else { return };
        let Some(wait) = session.await_ack.as_mut().filter(|w| w.serial == serial) else { return };
        if now.mono >= wait.since + t.patience() {
            session.await_ack = None;
            return self.never_acknowledged(id, now);
        }
        wait.interval = (wait.interval * 2).min(t.t2);
        let (flow, bytes, next) = (wait.flow, wait.bytes.clone(), wait.interval);
        let next = (now.mono + next).min(wait.since + t.patience());
        self.wheel.set(next, Timer::Ok(id, serial));
        self.send(flow, bytes);
    }

    fn never_acknowledged(&mut self, id: SessionId, now: Now) {
        self.given_up.no_acknowledgement += 1;
        if let Some(session) = self.session(id) {
            session.state = State::Confirmed;
            let told = session.hang_up.is_some();
            self.hang_up(id, b"Reason: SIP;cause=408;text=\"ACK missing\"\r\n", now);
            if !told {
                self.event(Event::Ended { session: id, by: EndedBy::NotAcknowledged, q850: None });
            }
        }
    }

    /// The ACK of a 2xx of ours.
    pub(in crate::sip) fn ack_in(&mut self, message: &Message, now: Now) {
        let Some(id) = self.session_of(message) else { return };
        let Some(cseq) = message.cseq().map(|c| c.number) else { return };
        let Some(session) = self.session(id) else { return };
        if session.await_ack.as_ref().is_none_or(|w| w.seq != cseq) {
            return;
        }
        session.await_ack = None;
        let first = session.state == State::Answered;
        session.state = State::Confirmed;
        let owed = std::mem::replace(&mut session.offer_answer, OfferAnswer::Settled) == OfferAnswer::TheyOwe;
        let sdp = if owed { message.sdp() } else { None };
        if let Some(reason) = session.hang_up.take() {
            return self.hang_up(id, &reason, now);
        }
        if owed && sdp.is_none() {
            // Our offer in the 2xx was never answered (RFC 3261 §13.2.2.4).
            self.hang_up(id, b"Reason: SIP;cause=488;text=\"no answer in ACK\"\r\n", now);
            return self.event(Event::Ended { session: id, by: EndedBy::Broken, q850: None });
        }
        match (first, sdp) {
            (true, sdp) => self.event(Event::Confirmed { session: id, sdp }),
            (false, Some(sdp)) => self.event(Event::OfferAnswered { session: id, sdp }),
            (false, None) => {}
        }
    }

    /// A further INVITE inside the dialog: its sender has our 2xx, or it could not begin another (RFC 3261 §14.1). The ACK was
    /// lost on the way and is taken as given, unless it owed us an answer.
    pub(super) fn acknowledged_by_next(&mut self, id: SessionId) {
        let Some(session) = self.session(id) else { return };
        if session.await_ack.is_none() || session.offer_answer != OfferAnswer::Settled || session.hang_up.is_some() {
            return;
        }
        session.await_ack = None;
        if session.state == State::Answered {
            session.state = State::Confirmed;
            self.event(Event::Confirmed { session: id, sdp: None });
        }
    }

    /// Refuses the call with a final status 300–699.
    pub fn reject(&mut self, id: SessionId, status: u16, extra: &[u8], now: Now) {
        let Some(session) = self.session(id) else { return };
        if session.state != State::Incoming {
            return;
        }
        let Some(txn) = session.invite else { return };
        self.refuse_offer(id, 487, now);
        if let Some(mut w) = self.session_answer(id, status) {
            w.lines(extra);
            self.respond(txn, status, w.end(), now);
        }
        self.drop_session(id);
    }

    /// The caller's CANCEL (RFC 3261 §9.2).
    pub(in crate::sip) fn cancelled(&mut self, id: SessionId, q850: Option<u8>, now: Now) {
        if self.session(id).is_some_and(|s| s.state == State::Incoming) {
            self.reject(id, 487, b"", now);
            self.event(Event::Cancelled { session: id, q850 });
        }
    }

    /// Starts a response to the session's INVITE with our tag, Contact and Record-Route.
    fn session_answer(&mut self, id: SessionId, status: u16) -> Option<Writer> {
        let session = self.session(id)?;
        let (txn, tag, source) = (session.invite?, session.dialog.local_tag.clone(), session.dialog.flow);
        let agent = self.settings.user_agent.clone();
        let txn = self.txn(txn)?;
        let flow = txn.flow;
        let request = txn.request.as_deref()?;
        let mut w = Writer::answer(request, status, Some(&tag), flow.peer);
        if status < 300 {
            w.copy(request, Name::RecordRoute).header(Name::Contact, super::connect::contact(&source));
        }
        w.header(Name::Server, agent);
        Some(w)
    }
}
