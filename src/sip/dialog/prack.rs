//! Reliable provisional responses, both sides (RFC 3262).

use super::SessionId;
use super::session::OfferAnswer;
use crate::clock::Now;
use crate::sip::endpoint::{EndedBy, Endpoint, Event, Purpose, Timer, User};
use crate::sip::flow::Flow;
use crate::sip::header;
use crate::sip::message::Message;
use crate::sip::name::{Method, Name};

/// Early dialogs of one INVITE whose reliable 1xx are acknowledged: no carrier rings more branches, and each has a transaction.
const MAX_EARLY: usize = 32;

impl Endpoint {
    /// Acknowledges a reliable 1xx. False when it is a copy or out of order (RFC 3262 §4), or of one branch too many: it is dropped.
    pub(super) fn prack(&mut self, id: SessionId, response: &Message, rseq: u32, now: Now) -> bool {
        let Some(tag) = response.to_tag() else { return false };
        let Some(session) = self.session(id) else { return false };
        let room = session.early.len() < MAX_EARLY;
        match session.early.iter_mut().find(|(t, _)| t == tag) {
            Some((_, last)) if rseq != last.wrapping_add(1) => return false,
            Some((_, last)) => *last = rseq,
            None if !room => return false,
            None => session.early.push((bytes::Bytes::copy_from_slice(tag), rseq)),
        }
        let seq = session.invite_seq;
        self.send_in_dialog(id, Method::Prack, Some(Purpose::Minor), now, |mut w| {
            w.header(Name::RAck, format_args!("{rseq} {seq} INVITE"));
            w.end()
        });
        true
    }

    /// The PRACK of a response of ours.
    pub(in crate::sip) fn prack_in(&mut self, id: SessionId, flow: Flow, message: Message, now: Now) {
        let rack = message.value(Name::RAck).and_then(header::rack);
        let Some(session) = self.session(id) else { return };
        let seq = session.invite_seq;
        if let Some(late) = session.late_prack.take_if(|late| rack == Some((*late, seq, Method::Invite))) {
            tracing::trace!(rseq = late, "PRACK after the 2xx");
            let txn = self.start_server(flow, message.clone(), User::Nobody);
            return self.respond_plain(txn, &message, flow, 200, b"", now);
        }
        let matching = session.reliable.take_if(|r| rack == Some((r.rseq, seq, Method::Invite)));
        let Some(reliable) = matching else {
            return self.refuse_within(flow, message, 481, b"", now);
        };
        let they_owed = session.offer_answer == OfferAnswer::TheyOwe && reliable.with_sdp;
        let sdp = message.sdp();
        if they_owed {
            session.offer_answer = OfferAnswer::Settled;
        }
        let txn = self.start_server(flow, message.clone(), User::Nobody);
        let offer = if they_owed { None } else { sdp.clone() };
        let offers = offer.is_some();
        if let Some(offer) = offer {
            // A new offer in the PRACK: its 200 carries the answer (RFC 3262 §5).
            if let Some(session) = self.session(id) {
                session.owed = Some(Box::new((txn, message, flow)));
            }
            self.event(Event::Offer { session: id, sdp: Some(offer) });
        } else {
            self.respond_plain(txn, &message, flow, 200, b"", now);
        }
        if they_owed && sdp.is_none() {
            // Our offer in the 183 was never answered (RFC 3262 §5).
            self.reject(id, 488, b"Reason: SIP;cause=488;text=\"no answer in PRACK\"\r\n", now);
            return self.event(Event::Ended { session: id, by: EndedBy::Broken, q850: None });
        }
        if reliable.with_sdp {
            self.event(Event::Pracked { session: id, sdp: if they_owed { sdp } else { None } });
        }
        if !offers {
            self.after_prack(id, now);
        }
    }

    /// What waited for the PRACK goes on; behind its 200 where it brought an offer.
    pub(super) fn after_prack(&mut self, id: SessionId, now: Now) {
        let Some(session) = self.session(id) else { return };
        if let Some(extra) = session.accept_after_prack.take() {
            return self.send_accept(id, &extra, now);
        }
        while let Some(session) = self.session(id) {
            if session.reliable.is_some() || session.queued.is_empty() {
                return;
            }
            let next = session.queued.remove(0);
            self.send_progress(id, next.status, next.sdp, &next.extra, now);
        }
    }

    pub(in crate::sip) fn resend_reliable(&mut self, id: SessionId, rseq: u32, now: Now) {
        let patience = self.settings.intervals.patience();
        let Some(session) = self.session(id) else { return };
        let Some(txn) = session.invite else { return };
        let Some(reliable) = session.reliable.as_mut().filter(|r| r.rseq == rseq) else { return };
        if now.mono >= reliable.since + patience {
            self.given_up.no_acknowledgement += 1;
            // RFC 3262 §3: the original request is refused with a 5xx.
            self.reject(id, 504, b"Reason: SIP;cause=504;text=\"PRACK missing\"\r\n", now);
            return self.event(Event::Ended { session: id, by: EndedBy::NotAcknowledged, q850: None });
        }
        reliable.interval *= 2;
        let (bytes, next) = (reliable.bytes.clone(), (now.mono + reliable.interval).min(reliable.since + patience));
        self.wheel.set(next, Timer::Reliable(id, rseq));
        if let Some(flow) = self.txn(txn).map(|t| t.flow) {
            self.send(flow, bytes);
        }
    }
}
