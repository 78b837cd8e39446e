//! REFER of ours, inside a dialog, and the NOTIFYs that answer it (RFC 3515, RFC 4488).

use super::SessionId;
use super::replaces::Replaces;
use crate::clock::Now;
use crate::sip::endpoint::{Endpoint, Event, Purpose, User};
use crate::sip::flow::Flow;
use crate::sip::header::{self, Params};
use crate::sip::id::TxnId;
use crate::sip::message::Message;
use crate::sip::name::{Method, Name};
use crate::sip::uri;
use std::fmt;

/// Whom the other side is asked to call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferTo {
    /// His URI, without headers.
    pub uri: String,
    /// Attended: the dialog at his side that the new call takes the place of.
    pub replaces: Option<Replaces>,
}

impl fmt::Display for ReferTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}", self.uri)?;
        if let Some(replaces) = &self.replaces {
            write!(f, "?Replaces={}", uri::escape(&replaces.to_string()))?;
        }
        f.write_str(">")
    }
}

impl Endpoint {
    /// Asks the other side to call somebody; `silent`: without NOTIFYs. Its answer comes as [`Event::ReferAnswered`], what becomes
    /// of it as [`Event::Notified`].
    pub fn refer(&mut self, id: SessionId, to: &ReferTo, silent: bool, now: Now) {
        let Some(session) = self.session(id).filter(|s| s.stands()) else { return };
        let (flow, by) = (session.dialog.flow, session.dialog.local.clone());
        let sent = self.send_in_dialog(id, Method::Refer, Some(Purpose::Refer), now, |mut w| {
            w.header(Name::Contact, super::connect::contact(&flow)).header(Name::ReferTo, to);
            w.header_bytes(Name::ReferredBy, &by);
            if silent {
                w.header(Name::ReferSub, "false").header(Name::Supported, "norefersub");
            }
            w.end()
        });
        // The first NOTIFY may come before the 202 (RFC 3515 §2.4.4).
        if let (Some((_, seq)), Some(session), false) = (sent, self.session(id), silent) {
            session.errands().asked.push(seq);
        }
    }

    pub(super) fn refer_answered(&mut self, id: SessionId, txn: TxnId, status: u16, response: Option<&Message>) {
        let no_notify =
            response.and_then(|r| r.value(Name::ReferSub)).is_some_and(|v| v.eq_ignore_ascii_case(b"false"));
        let request = self.txn(txn).map(|t| t.bytes.clone()).and_then(|b| crate::sip::wire::parse(b).ok());
        let seq = request.and_then(|r| r.cseq().map(|c| c.number));
        if status >= 300 || no_notify {
            self.unsubscribe(id, seq);
        }
        self.event(Event::ReferAnswered { session: id, status });
    }

    fn unsubscribe(&mut self, id: SessionId, seq: Option<u32>) {
        if let Some(errands) = self.session(id).and_then(|s| s.errands.as_mut()) {
            errands.asked.retain(|asked| Some(*asked) != seq);
        }
    }

    /// A REFER of ours was sent again with credentials: its subscription goes by the new CSeq.
    pub(super) fn refer_renumbered(&mut self, id: SessionId, old: u32, new: u32) {
        if let Some(errands) = self.session(id).and_then(|s| s.errands.as_mut()) {
            errands.asked.iter_mut().filter(|asked| **asked == old).for_each(|asked| *asked = new);
        }
    }

    /// A NOTIFY inside the dialog: of a REFER of ours, or of nothing (481, RFC 6665 §4.1.3).
    pub(in crate::sip) fn notify_in(&mut self, id: SessionId, flow: Flow, message: Message, now: Now) {
        let package = message.value(Name::Event).unwrap_or_default();
        let semi = memchr::memchr(b';', package).unwrap_or(package.len());
        if !package[..semi].trim_ascii().eq_ignore_ascii_case(b"refer") {
            return self.refuse_within(flow, message, 489, b"", now);
        }
        let named = Params(package.get(semi + 1..).unwrap_or_default()).get("id").map(header::number);
        let asked = self.session(id).and_then(|s| s.errands.as_ref()).map(|e| e.asked.clone()).unwrap_or_default();
        // Without an id it is the first REFER's (RFC 3515 §2.4.6).
        let seq = match named {
            None => asked.first().copied(),
            Some(seq) => seq.filter(|seq| asked.contains(seq)),
        };
        let Some(seq) = seq else { return self.refuse_within(flow, message, 481, b"", now) };
        let Some(state) = message.value(Name::SubscriptionState) else {
            return self.refuse_within(flow, message, 400, b"", now);
        };
        let fragment = message
            .value(Name::ContentType)
            .is_some_and(|t| t.get(..15).is_some_and(|t| t.eq_ignore_ascii_case(b"message/sipfrag")));
        let Some(status) = status_of(message.body()).filter(|_| fragment) else {
            return self.refuse_within(
                flow,
                message,
                if fragment { 400 } else { 415 },
                b"Accept: message/sipfrag\r\n",
                now,
            );
        };
        let over = state.get(..10).is_some_and(|s| s.eq_ignore_ascii_case(b"terminated"));
        let txn = self.start_server(flow, message.clone(), User::Nobody);
        self.respond_plain(txn, &message, flow, 200, b"", now);
        if over {
            self.unsubscribe(id, Some(seq));
        }
        self.event(Event::Notified { session: id, status, over });
    }
}

/// The status of a `message/sipfrag` that begins with a status line (RFC 3515 §2.4.5).
fn status_of(fragment: &[u8]) -> Option<u16> {
    let digits = fragment.strip_prefix(b"SIP/2.0 ")?.get(..3)?;
    let status = header::number(digits).and_then(|n| u16::try_from(n).ok())?;
    (100..700).contains(&status).then_some(status)
}
