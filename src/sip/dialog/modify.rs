//! Offers inside a session: re-INVITE and UPDATE, theirs and ours, and glare (RFC 3261 §14, RFC 3311).

use super::session::{Modify, OfferAnswer};
use super::{Session, SessionId, State};
use crate::clock::Now;
use crate::sip::endpoint::{ALLOW, EndedBy, Endpoint, Event, Purpose, SUPPORTED, Timer, User};
use crate::sip::flow::Flow;
use crate::sip::id::TxnId;
use crate::sip::message::Message;
use crate::sip::name::{Method, Name};
use crate::sip::write::Writer;
use bytes::Bytes;
use rand_core::RngCore;

impl Endpoint {
    /// A re-INVITE or UPDATE of the other side.
    pub(in crate::sip) fn offer_in(&mut self, id: SessionId, flow: Flow, message: Message, now: Now) {
        let invite = message.method() == Some(Method::Invite);
        let sdp = message.sdp();
        if invite {
            self.acknowledged_by_next(id);
        }
        let Some(session) = self.session(id) else { return };
        if let Some((status, extra)) = offer_conflict(session, invite, sdp.is_some()) {
            return self.refuse_within(flow, message, status, extra, now);
        }
        if let Some(lines) = self.interval_too_small(&message) {
            return self.refuse_within(flow, message, 422, lines.as_bytes(), now);
        }
        let Some(session) = self.session(id) else { return };
        session.peer.learn(&message);
        session.dialog.retarget(&message, flow);
        let txn = self.start_server(flow, message.clone(), User::Nobody);
        if invite {
            let trying = Writer::answer(&message, 100, None, flow.peer).end();
            self.respond(txn, 100, trying, now);
        }
        if !invite && sdp.is_none() {
            // An UPDATE without an offer only refreshes (RFC 4028 §7.4).
            let lines = self.refreshed_by_peer(id, &message, now);
            let mut w = Writer::answer(&message, 200, None, flow.peer);
            w.header(Name::Contact, super::connect::contact(&flow)).lines(lines.as_bytes());
            return self.respond(txn, 200, w.end(), now);
        }
        if let Some(session) = self.session(id) {
            session.owed = Some(Box::new((txn, message, flow)));
        }
        self.event(Event::Offer { session: id, sdp });
    }

    /// Answers the offer that [`Event::Offer`] reported, or makes ours where it brought none.
    pub fn answer(&mut self, id: SessionId, sdp: Bytes, now: Now) {
        let Some(session) = self.session(id) else { return };
        let Some((txn, request, flow)) = session.owed.take().map(|owed| *owed) else { return };
        session.local_sdp = sdp.clone();
        // What waits was written before this: whoever wants it yet says it anew.
        if matches!(session.modify, Modify::Waiting(_)) {
            session.modify = Modify::Idle;
        }
        let invite = request.method() == Some(Method::Invite);
        if invite && request.sdp().is_none() {
            session.offer_answer = OfferAnswer::TheyOwe;
        }
        let lines = if request.method() == Some(Method::Prack) {
            String::new()
        } else {
            self.refreshed_by_peer(id, &request, now)
        };
        let mut w = Writer::answer(&request, 200, None, flow.peer);
        w.header(Name::Contact, super::connect::contact(&flow));
        // RFC 3261 §13.3.1.4: a 2xx to INVITE says what we can, inside a dialog too.
        w.header(Name::Allow, ALLOW).header(Name::Supported, SUPPORTED.join(", ")).lines(lines.as_bytes());
        let bytes = w.body("application/sdp", &sdp);
        if invite {
            let seq = request.cseq().map_or(0, |c| c.number);
            self.await_ack(id, txn, seq, bytes.clone(), now);
        }
        self.respond(txn, 200, bytes, now);
        if request.method() == Some(Method::Prack) {
            self.after_prack(id, now);
        }
    }

    /// Refuses the offer that [`Event::Offer`] reported; the session goes on as it was (RFC 3261 §14.2).
    pub fn refuse_offer(&mut self, id: SessionId, status: u16, now: Now) {
        let Some((txn, request, flow)) = self.session(id).and_then(|s| s.owed.take()).map(|owed| *owed) else { return };
        self.respond_plain(txn, &request, flow, status, b"", now);
        if request.method() == Some(Method::Prack) {
            self.after_prack(id, now);
        }
    }

    /// Whether [`Self::offer`] goes out at once, and no other is under way.
    #[must_use]
    pub fn is_settled(&self, id: SessionId) -> bool {
        self.sessions.get(id.index as usize).filter(|s| s.serial == id.serial).is_some_and(|session| {
            let free = session.state == State::Confirmed && session.owed.is_none() && session.await_ack.is_none();
            free && matches!(session.modify, Modify::Idle)
        })
    }

    /// Offers anew: re-INVITE once the session is confirmed. While another exchange is open it waits its turn.
    pub fn offer(&mut self, id: SessionId, sdp: Bytes, now: Now) {
        let Some(session) = self.session(id) else { return };
        let free = session.state == State::Confirmed && session.owed.is_none() && session.await_ack.is_none();
        match (&session.modify, free) {
            (Modify::Idle, true) => self.send_offer(id, sdp, Purpose::Offer, now),
            // No second INVITE while one is under way (RFC 3261 §14.1).
            (Modify::Sent(_), _) => session.modify = Modify::Sent(Some(sdp)),
            (Modify::Idle | Modify::Waiting(_), _) => {
                session.modify = Modify::Waiting(sdp);
                self.wheel.set(now.mono + 500_000, Timer::Glare(id));
            }
        }
    }

    pub(super) fn send_offer(&mut self, id: SessionId, sdp: Bytes, purpose: Purpose, now: Now) {
        let lines = self.refresh_request_lines(id);
        let Some(session) = self.session(id) else { return };
        session.modify = Modify::Sent(None);
        session.credentials = Bytes::new();
        session.former_sdp = Some(std::mem::replace(&mut session.local_sdp, sdp.clone()));
        session.offer_answer = OfferAnswer::TheyOwe;
        let flow = session.dialog.flow;
        let sent = self.send_in_dialog(id, Method::Invite, Some(purpose), now, |mut w| {
            w.header(Name::Contact, super::connect::contact(&flow));
            w.header(Name::Supported, SUPPORTED.join(", ")).lines(lines.as_bytes());
            w.body("application/sdp", &sdp)
        });
        if let (Some((_, seq)), Some(session)) = (sent, self.session(id)) {
            session.invite_seq = seq;
        }
    }

    pub(in crate::sip) fn retry_offer(&mut self, id: SessionId, now: Now) {
        let Some(session) = self.session(id) else { return };
        let free = session.state == State::Confirmed && session.owed.is_none() && session.await_ack.is_none();
        match std::mem::take(&mut session.modify) {
            Modify::Waiting(sdp) if free => self.send_offer(id, sdp, Purpose::Offer, now),
            Modify::Waiting(sdp) => {
                session.modify = Modify::Waiting(sdp);
                self.wheel.set(now.mono + 500_000, Timer::Glare(id));
            }
            other => session.modify = other,
        }
    }

    /// The response to a request of ours inside the session.
    pub(in crate::sip) fn modify_response(
        &mut self,
        id: SessionId,
        txn: TxnId,
        purpose: Purpose,
        response: &Message,
        now: Now,
    ) {
        let status = response.status().unwrap_or(500);
        if status < 200 {
            return;
        }
        let success = status < 300;
        let invite = response.cseq().is_some_and(|c| c.known_method() == Method::Invite);
        if success && invite {
            self.ack_modify(id, txn, response);
        }
        if matches!(status, 408 | 481) && matches!(purpose, Purpose::Offer | Purpose::Refresh) {
            return self.modify_failed(id, purpose, now);
        }
        match purpose {
            Purpose::Minor | Purpose::Invite | Purpose::Key if status == 481 => {
                self.modify_failed(id, Purpose::Refresh, now);
            }
            Purpose::Minor | Purpose::Invite => {}
            Purpose::Key => self.key_answered(id, status, now),
            Purpose::Refer => self.refer_answered(id, txn, status, Some(response)),
            Purpose::Probe => self.probe_answered(id, status),
            Purpose::Refresh => {
                self.settle(id, now);
                if success {
                    self.learn_refresh(id, response, now);
                }
            }
            Purpose::Offer if success => {
                self.settle(id, now);
                self.learn_refresh(id, response, now);
                if let Some(session) = self.session(id) {
                    let flow = session.dialog.flow;
                    session.dialog.retarget(response, flow);
                }
                match response.sdp() {
                    Some(sdp) => self.event(Event::OfferAnswered { session: id, sdp }),
                    None => self.event(Event::OfferFailed { session: id, status: 500 }),
                }
            }
            Purpose::Offer if status == 491 => self.after_glare(id, now),
            Purpose::Offer => {
                if let Some(session) = self.session(id)
                    && let Some(before) = session.former_sdp.take()
                {
                    session.local_sdp = before;
                }
                self.settle(id, now);
                self.event(Event::OfferFailed { session: id, status });
            }
        }
    }

    /// Our offer is settled in either way; the one that waited behind it has its turn.
    fn settle(&mut self, id: SessionId, now: Now) {
        let Some(session) = self.session(id) else { return };
        session.offer_answer = OfferAnswer::Settled;
        if let Modify::Sent(Some(next)) = std::mem::take(&mut session.modify) {
            session.modify = Modify::Waiting(next);
            self.wheel.set(now.mono, Timer::Glare(id));
        }
    }

    /// 491: the owner of the Call-ID waits 2.1–4 s, the other side 0–2 s (RFC 3261 §14.1).
    fn after_glare(&mut self, id: SessionId, now: Now) {
        let random = u64::from(self.rng.next_u32());
        let Some(session) = self.session(id) else { return };
        let next = match std::mem::take(&mut session.modify) {
            Modify::Sent(Some(next)) => next,
            Modify::Idle | Modify::Sent(None) | Modify::Waiting(_) => session.local_sdp.clone(),
        };
        session.modify = Modify::Waiting(next);
        session.offer_answer = OfferAnswer::Settled;
        let wait = if session.caller { 2_100_000 + random % 1_900_000 } else { random % 2_000_000 };
        self.wheel.set(now.mono + wait, Timer::Glare(id));
    }

    fn ack_modify(&mut self, id: SessionId, txn: TxnId, response: &Message) {
        let Some(seq) = response.cseq().map(|c| c.number) else { return };
        let branch = format!("z9hG4bKa{}", self.token());
        let Some(session) = self.session(id) else { return };
        let mut w = session.dialog.write(Method::Ack, seq, &branch);
        w.lines(&session.credentials);
        let (flow, ack) = (session.dialog.flow, w.end());
        let tag = session.dialog.remote_tag.clone();
        if let Some(txn) = self.txn(txn) {
            txn.bytes = ack.clone();
            txn.flow = flow;
            txn.accepted_tag = tag;
            txn.user = User::Nobody;
        }
        self.send(flow, ack);
    }

    /// A request inside the session got no answer: `status` says how.
    pub(in crate::sip) fn unanswered(&mut self, id: SessionId, txn: TxnId, purpose: Purpose, status: u16, now: Now) {
        match purpose {
            Purpose::Offer | Purpose::Refresh => self.modify_failed(id, purpose, now),
            Purpose::Minor | Purpose::Invite => {}
            Purpose::Key => self.key_answered(id, status, now),
            Purpose::Refer => self.refer_answered(id, txn, status, None),
            Purpose::Probe => self.probed(id, false),
        }
    }

    /// A request inside the session got no answer, or 408 or 481: the session is over (RFC 3261 §12.2.1.2).
    fn modify_failed(&mut self, id: SessionId, purpose: Purpose, now: Now) {
        if self.session(id).is_none() {
            return;
        }
        let by = if purpose == Purpose::Refresh { EndedBy::Expired } else { EndedBy::Broken };
        self.hang_up(id, b"Reason: SIP;cause=408;text=\"no answer inside the session\"\r\n", now);
        self.event(Event::Ended { session: id, by, q850: None });
    }
}

/// Whether an offer of the other side meets one that is open (RFC 3261 §14.2, RFC 3311 §5.2).
fn offer_conflict(session: &Session, invite: bool, has_offer: bool) -> Option<(u16, &'static [u8])> {
    const LATER: &[u8] = b"Retry-After: 1\r\n";
    if invite && session.caller && matches!(session.state, State::Calling | State::Early | State::Cancelling) {
        return Some((491, b""));
    }
    if invite && session.state != State::Confirmed {
        return Some((500, LATER));
    }
    if session.owed.is_some() || (invite && session.await_ack.is_some()) {
        return Some((500, LATER));
    }
    if !has_offer && !invite {
        return None;
    }
    match (&session.modify, session.offer_answer) {
        (Modify::Sent(_), _) | (_, OfferAnswer::TheyOwe) => Some((491, b"")),
        (_, OfferAnswer::WeOwe | OfferAnswer::WeMayOffer) => Some((500, LATER)),
        (_, OfferAnswer::Settled) => None,
    }
}
