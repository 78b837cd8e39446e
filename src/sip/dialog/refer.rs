//! REFER of the other side, inside a dialog (RFC 3515, 4488, 3892, 7647): what it asks, our answer, and the NOTIFYs that tell
//! how it goes.
//!
//! ```text
//!   REFER --> Asked --202--> Told --NOTIFY 200–699, answered--> gone
//!               |  \--202, Refer-Sub: false--> Silent --final status--> gone
//!               \--300–699, BYE (487)--> gone
//! ```
//!
//! One reference a dialog: a second REFER while one is undecided or under way gets 491 (RFC 3261 §21.4.27: a request is
//! pending in the same dialog); one after the other they are told apart by `id` (RFC 3515 §2.4.6). The subscription
//! outlives the session: a phone may hang up as soon as it has its 202 (RFC 5589 §6.1, RFC 5057 §4).

use super::replaces::Replaces;
use super::{Dialog, SessionId, State};
use crate::clock::{Now, SECOND};
use crate::sip::endpoint::{Endpoint, Event, Timer, TxnId, User};
use crate::sip::flow::Flow;
use crate::sip::header::NameAddr;
use crate::sip::message::Message;
use crate::sip::name::{Method, Name};
use crate::sip::uri::{self, Uri};
use crate::sip::write::{Writer, reason_phrase};
use bytes::Bytes;

/// How long the subscription of an accepted REFER lasts at most, s: longer than any target is let ring, which for an emergency
/// line is three minutes on each of its trunks.
const EXPIRES: u64 = 900;
/// How long the owner may think about a REFER, s: before its sender gives it up (timer F).
const DECIDE: u64 = 20;

/// Names one REFER; a reused slot has another serial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReferId {
    index: u32,
    serial: u32,
}

/// What a REFER asks for: an INVITE to `uri`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refer {
    /// Whom to call: a `sip:`, `sips:` or `tel:` URI without `method` and without headers.
    pub uri: Bytes,
    /// Attended: the dialog, as the new target sees it, that the new call takes the place of.
    pub replaces: Option<Replaces>,
    /// Who asks, as he says (RFC 3892): a Referred-By value to be passed on. Nothing vouches for it.
    pub referred_by: Option<Bytes>,
    /// No NOTIFYs are wanted (RFC 4488).
    pub silent: bool,
}

impl Refer {
    /// Reads a REFER request.
    ///
    /// # Errors
    /// 400 without exactly one readable Refer-To (RFC 3515 §2.4.2), 416 for a scheme that is no telephone's, 501 for
    /// another method than INVITE.
    pub fn read(message: &Message) -> Result<Self, u16> {
        let mut targets = message.elements(Name::ReferTo);
        let (Some(value), None) = (targets.next(), targets.next()) else { return Err(400) };
        let target = NameAddr::read(value).ok_or(400u16)?;
        let (bare, headers) = uri::split_headers(target.uri);
        if !Uri::is_plausible(bare) {
            return Err(400);
        }
        let tel = bare.get(..4).is_some_and(|s| s.eq_ignore_ascii_case(b"tel:"));
        if !tel && Uri::read(bare).is_none() {
            let sip = bare.get(..3).is_some_and(|s| s.eq_ignore_ascii_case(b"sip"));
            return Err(if sip { 400 } else { 416 });
        }
        let (uri, method) = uri::take_param(bare, "method");
        // Without brackets what belongs to the URI reads as the header's (RFC 3261 §20.10).
        let method = method.or(target.param("method"));
        if method.is_some_and(|m| !m.eq_ignore_ascii_case(b"INVITE")) {
            return Err(501);
        }
        let mut replaces = None;
        for (name, value) in uri::headers(headers) {
            let value = uri::unescape(value).ok_or(400u16)?;
            if name.eq_ignore_ascii_case(b"Replaces") {
                let read = Replaces::read(&value).ok_or(400u16)?;
                if replaces.replace(read).is_some() {
                    return Err(400);
                }
            }
            // Any other header would let the one who refers write our INVITE (RFC 3261 §19.1.5): left out.
        }
        let referred_by = message.value(Name::ReferredBy).filter(|v| NameAddr::read(v).is_some());
        let silent = message.value(Name::ReferSub).is_some_and(|v| {
            v.split(|&b| b == b';').next().is_some_and(|v| v.trim_ascii().eq_ignore_ascii_case(b"false"))
        });
        let referred_by = referred_by.map(Bytes::copy_from_slice);
        Ok(Self { uri: uri.into(), replaces, referred_by, silent })
    }
}

/// A REFER that has no answer yet.
#[derive(Debug)]
struct Asked {
    txn: TxnId,
    request: Box<Message>,
    flow: Flow,
    silent: bool,
}

/// Where a REFER of the other side stands.
#[derive(Debug)]
enum Stage {
    /// Its owner has not decided.
    Asked(Asked),
    /// Accepted; nobody wants to hear of it.
    Silent,
    /// Accepted, and told by NOTIFYs: one at a time, so that none overtakes another.
    Told {
        /// What the last NOTIFY said.
        last: u16,
        /// It has no answer yet.
        open: bool,
        /// What the next one is to say.
        next: Option<u16>,
        /// The last one ended the subscription.
        over: bool,
        /// It was refused as out of order, and sent again.
        again: bool,
    },
}

/// One REFER of the other side.
#[derive(Debug)]
pub(in crate::sip) struct Reference {
    serial: u32,
    session: SessionId,
    /// The dialog, once its session is gone.
    pub(super) dialog: Option<Box<Dialog>>,
    stage: Stage,
    /// Value of `Event`.
    event: Box<str>,
    /// When the subscription expires, µs monotonic.
    until: u64,
}

impl Reference {
    /// Its session is gone.
    pub(in crate::sip) fn is_orphan(&self) -> bool {
        self.dialog.is_some()
    }
}

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
