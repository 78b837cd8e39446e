//! Dialogs that have outlived the run that made them: told of while they stand, ended by the next run (RFC 3261 §15.1.1).

use super::SessionId;
use crate::clock::Now;
use crate::fact;
use crate::sip::endpoint::Endpoint;
use crate::sip::flow::Flow;
use crate::sip::name::{Method, Name};

/// How far our CSeq may have come since the dialog was told of: requests of one dialog are few, and the other side refuses
/// only what is lower than it has seen (RFC 3261 §12.2.2).
const SINCE: u32 = 65_536;

impl Endpoint {
    /// What a later run must know of the session's dialog to end it. `None` where it is gone, or holds what is no text.
    #[must_use]
    pub fn dialog_of(&self, id: SessionId) -> Option<fact::Dialog> {
        let session = self.sessions.get(id.index as usize).filter(|s| s.serial == id.serial)?;
        let dialog = &session.dialog;
        let text = |bytes: &[u8]| std::str::from_utf8(bytes).ok().map(str::to_owned);
        let (local, remote) = (text(&dialog.local)?, text(&dialog.remote)?);
        let remote_tag = text(&dialog.remote_tag)?;
        Some(fact::Dialog {
            call_id: text(&dialog.call_id)?,
            from: format!("{local};tag={}", dialog.local_tag),
            to: if remote_tag.is_empty() { remote } else { format!("{remote};tag={remote_tag}") },
            target: text(&dialog.target)?,
            routes: dialog.routes.iter().map(|route| text(route)).collect::<Option<_>>()?,
            cseq: dialog.local_seq,
            transport: dialog.flow.transport.token().to_owned(),
            peer: dialog.flow.peer,
        })
    }

    /// Ends a dialog of a former run by a BYE on this flow, with ready header lines (RFC 3326). The answer comes as
    /// [`Event::Response`](super::super::endpoint::Event::Response) with `token`; whatever it is, the dialog is over.
    pub fn end_outlived(&mut self, dialog: &fact::Dialog, flow: Flow, token: u64, reason: &[u8], now: Now) {
        let seq = dialog.cseq.saturating_add(SINCE).min(i32::MAX as u32);
        self.request(flow, token, now, Method::Bye, dialog.target.as_bytes(), |mut w| {
            for route in &dialog.routes {
                w.header(Name::Route, route);
            }
            w.header(Name::MaxForwards, 70);
            w.header(Name::From, &dialog.from).header(Name::To, &dialog.to);
            w.header(Name::CallId, &dialog.call_id);
            w.header(Name::CSeq, format_args!("{seq} BYE")).lines(reason);
            w.end()
        });
    }
}
