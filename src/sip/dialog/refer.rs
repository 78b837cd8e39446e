//! REFER of the other side, inside a dialog (RFC 3515, 4488, 3892, 7647): what it asks, our answer, and the NOTIFYs that tell
//! how it goes.
//!
//! One reference a dialog: a second REFER while one is undecided or under way gets 491 (RFC 3261 §21.4.27: a request is
//! pending in the same dialog); one after the other they are told apart by `id` (RFC 3515 §2.4.6). The subscription
//! outlives the session: a phone may hang up as soon as it has its 202 (RFC 5589 §6.1, RFC 5057 §4).

use super::reference::{Asked, Refer, Reference, Stage};
use super::{Dialog, ReferId, SessionId, State};
use crate::clock::{Now, SECOND};
use crate::sip::endpoint::{Endpoint, Event, Timer, User};
use crate::sip::flow::Flow;
use crate::sip::message::Message;
use crate::sip::name::{Method, Name};
use crate::sip::write::{Writer, reason_phrase};

/// How long the subscription of an accepted REFER lasts at most, s: longer than any target is let ring, which for an emergency
/// line is three minutes on each of its trunks.
const EXPIRES: u64 = 900;
/// How long the owner may think about a REFER, s: before its sender gives it up (timer F).
const DECIDE: u64 = 20;

impl Endpoint {
    fn reference(&mut self, id: ReferId) -> Option<&mut Reference> {
        self.references.get_mut(id.index as usize).filter(|r| r.serial == id.serial)
    }

    /// The dialog of a reference: its session's, or what is left of it.
    pub(super) fn dialog_of_reference(&mut self, id: ReferId) -> Option<&mut Dialog> {
        let reference = self.references.get_mut(id.index as usize).filter(|r| r.serial == id.serial)?;
        match &mut reference.dialog {
            Some(dialog) => Some(dialog),
            None => {
                let (index, serial) = (reference.session.index, reference.session.serial);
                self.sessions.get_mut(index as usize).filter(|s| s.serial == serial).map(|s| &mut s.dialog)
            }
        }
    }

    /// A REFER of the other side.
    pub(in crate::sip) fn refer_in(&mut self, id: SessionId, flow: Flow, message: Message, now: Now) {
        let Some(session) = self.session(id) else { return };
        if session.state == State::Cancelling || session.hang_up.is_some() {
            return self.refuse_within(flow, message, 481, b"", now);
        }
        // Before the call stands the INVITE is the pending request; a transfer needs somebody to transfer.
        if !session.stands() || session.errands.as_ref().is_some_and(|e| e.refer.is_some()) {
            return self.refuse_within(flow, message, 491, b"", now);
        }
        let to = match Refer::read(&message) {
            Ok(to) => to,
            Err(status) => return self.refuse_within(flow, message, status, b"", now),
        };
        let first = !std::mem::replace(&mut session.errands().referred, true);
        let event = match message.cseq() {
            Some(cseq) if !first => format!("refer;id={}", cseq.number),
            _ => "refer".to_owned(),
        };
        let txn = self.start_server(flow, message.clone(), User::Nobody);
        let serial = self.next_serial();
        let until = now.mono + DECIDE * SECOND;
        let stage = Stage::Asked(Asked { txn, request: Box::new(message), flow, silent: to.silent });
        let reference = Reference { serial, session: id, dialog: None, stage, event: event.into(), until };
        let index = u32::try_from(self.references.insert(reference)).unwrap_or(u32::MAX);
        let refer = ReferId { index, serial };
        if let Some(session) = self.session(id) {
            session.errands().refer = Some(refer);
        }
        self.wheel.set(until, Timer::Refer(refer));
        self.event(Event::Refer { session: id, refer, to: Box::new(to) });
    }

    /// Refuses the REFER that [`Event::Refer`] reported, with a final status 300–699.
    pub fn decline_refer(&mut self, id: ReferId, status: u16, now: Now) {
        let Some((Asked { txn, request, flow, .. }, _)) = self.decide(id) else { return };
        self.respond_plain(txn, &request, flow, status, b"", now);
        self.drop_reference(id);
    }

    /// Takes out what was asked, once; [`Stage::Silent`] stands in its place.
    fn decide(&mut self, id: ReferId) -> Option<(Asked, &mut Reference)> {
        let reference = self.reference(id)?;
        match std::mem::replace(&mut reference.stage, Stage::Silent) {
            Stage::Asked(asked) => Some((asked, reference)),
            decided => {
                reference.stage = decided;
                None
            }
        }
    }

    /// Accepts the REFER that [`Event::Refer`] reported: 202, and `100 Trying` by NOTIFY unless none are wanted. From then on
    /// its owner says by [`Endpoint::report_refer`] how it goes, in any case up to a final status.
    pub fn accept_refer(&mut self, id: ReferId, now: Now) {
        let Some((Asked { txn, request, flow, silent }, reference)) = self.decide(id) else { return };
        reference.until = now.mono + EXPIRES * SECOND;
        if !silent {
            reference.stage = Stage::Told { last: 100, open: false, next: None, over: false, again: false };
        }
        let until = reference.until;
        self.wheel.set(until, Timer::Refer(id));
        let mut w = Writer::answer(&request, 202, None, flow.peer);
        w.header(Name::Contact, super::connect::contact(&flow));
        if silent {
            w.header(Name::ReferSub, "false");
        }
        self.respond(txn, 202, w.end(), now);
        if !silent {
            self.notify(id, 100, now);
        }
    }

    /// Tells the one who referred how it goes: the status of the new call. 100–199 while it is under way; a final one ends the
    /// matter, and the reference is gone. May be said after the session has ended.
    pub fn report_refer(&mut self, id: ReferId, status: u16, now: Now) {
        let Some(reference) = self.reference(id) else { return };
        match &mut reference.stage {
            // It has to be accepted first.
            Stage::Asked(_) => return,
            Stage::Silent if status >= 200 => self.drop_reference(id),
            Stage::Silent => {}
            // A final status is the last word.
            Stage::Told { over: true, .. } | Stage::Told { next: Some(200..), .. } => {}
            Stage::Told { open: true, next, .. } => *next = Some(status),
            Stage::Told { open: false, .. } => self.notify(id, status, now),
        }
        if status >= 200 {
            self.release_session_of(id);
        }
    }

    /// What waits for the answer to an earlier NOTIFY is sent now.
    pub(super) fn flush_reports(&mut self, session: SessionId, now: Now) {
        let waiting = |(index, r): (usize, &Reference)| match &r.stage {
            Stage::Told { next: Some(next), .. } if r.session == session => {
                Some((ReferId { index: u32::try_from(index).ok()?, serial: r.serial }, *next))
            }
            _ => None,
        };
        let waiting: Vec<_> = self.references.iter().filter_map(waiting).collect();
        for (refer, status) in waiting {
            self.notify(refer, status, now);
        }
    }

    /// The session takes another REFER.
    fn release_session_of(&mut self, id: ReferId) {
        let Some(session) = self.reference(id).map(|r| r.session) else { return };
        if let Some(errands) = self.session(session).and_then(|s| s.errands.as_mut()) {
            errands.refer.take_if(|r| *r == id);
        }
    }

    fn notify(&mut self, id: ReferId, status: u16, now: Now) {
        let Some(reference) = self.reference(id) else { return };
        let left = reference.until.saturating_sub(now.mono) / SECOND;
        let event = reference.event.clone();
        let Stage::Told { last, open, next, over, .. } = &mut reference.stage else { return };
        (*last, *open, *next, *over) = (status, true, None, status >= 200 || left == 0);
        let state = match (status >= 200, left) {
            (true, _) => "terminated;reason=noresource".to_owned(),
            (false, 0) => "terminated;reason=timeout".to_owned(),
            (false, left) => format!("active;expires={left}"),
        };
        let Some(dialog) = self.dialog_of_reference(id) else { return self.drop_reference(id) };
        dialog.local_seq += 1;
        let (dialog, seq) = (dialog.clone(), dialog.local_seq);
        let fragment = format!("SIP/2.0 {status} {}\r\n", reason_phrase(status));
        self.start_client(dialog.flow, User::Reference(id), false, now, |branch| {
            let mut w = dialog.write(Method::Notify, seq, branch);
            w.header(Name::Contact, super::connect::contact(&dialog.flow));
            w.header(Name::Event, event).header(Name::SubscriptionState, state);
            w.body("message/sipfrag;version=2.0", fragment.as_bytes())
        });
    }

    /// The answer to a NOTIFY of ours; 408 and 503 when there was none. Its failure ends the subscription, not the call.
    pub(in crate::sip) fn notified(&mut self, id: ReferId, status: u16, now: Now) {
        let Some(reference) = self.reference(id) else { return };
        let session = reference.session;
        let Stage::Told { last, open, next, over, again } = &mut reference.stage else { return };
        match status {
            100..=199 => {}
            200..=299 if *over => self.drop_reference(id),
            200..=299 => {
                (*open, *again) = (false, false);
                if let Some(next) = *next {
                    self.notify(id, next, now);
                }
            }
            // Another request of ours overtook it (RFC 3261 §12.2.2): once more, with a higher CSeq.
            500 if !*again => {
                *again = true;
                let status = next.unwrap_or(*last);
                self.notify(id, status, now);
            }
            _ => {
                let told = *over;
                self.drop_reference(id);
                if !told {
                    self.event(Event::ReferUnheard { session, refer: id });
                }
            }
        }
    }

    /// A subscription has come to its end, or nobody has decided.
    pub(in crate::sip) fn refer_due(&mut self, id: ReferId, now: Now) {
        let Some(reference) = self.reference(id).filter(|r| r.until <= now.mono) else { return };
        match &reference.stage {
            Stage::Asked(_) => self.decline_refer(id, 480, now),
            Stage::Silent => self.drop_reference(id),
            Stage::Told { over: true, .. } => {}
            Stage::Told { last, next, .. } => {
                let status = next.unwrap_or(*last);
                self.notify(id, status, now);
            }
        }
    }

    /// The session ends: a REFER that nobody has decided gets 487 (RFC 3261 §15.1.2).
    pub(super) fn refuse_refer(&mut self, id: SessionId, now: Now) {
        let asked = self.session(id).and_then(|s| s.errands.as_ref()).and_then(|e| e.refer);
        if let Some(refer) = asked {
            self.decline_refer(refer, 487, now);
        }
    }

    /// The session is gone: what is told of its REFERs goes on by its dialog.
    pub(super) fn bereave(&mut self, id: SessionId, dialog: &Dialog) {
        if self.references.is_empty() {
            return;
        }
        let mut undecided = Vec::new();
        for (_, reference) in self.references.iter_mut().filter(|(_, r)| r.session == id) {
            match &reference.stage {
                Stage::Asked(Asked { txn, .. }) => undecided.push((*txn, reference.serial)),
                Stage::Silent | Stage::Told { .. } => reference.dialog = Some(Box::new(dialog.clone())),
            }
        }
        for (txn, serial) in undecided {
            // Its copies get 481 like those of any request in a dialog that is gone.
            self.forget(txn);
            self.references.retain(|_, r| r.serial != serial);
        }
    }

    fn drop_reference(&mut self, id: ReferId) {
        self.release_session_of(id);
        if self.reference(id).is_some() {
            self.references.remove(id.index as usize);
        }
    }
}
