//! INVITE with Replaces (RFC 3891): which session of ours a new call takes the place of. Who may do so is decided above.

use super::replaces::{Replaces, word};
use super::{Dialog, NotAdmitted, SessionId, State};
use crate::sip::endpoint::{Endpoint, Incoming};
use crate::sip::name::{Method, Name};
use std::hash::BuildHasher;

/// How many ended dialogs are remembered, so that a Replaces that comes too late is told from one that is wrong.
const REMEMBERED: usize = 1024;

impl Incoming {
    /// The dialog that this INVITE wants to replace, as it stands there.
    ///
    /// # Errors
    /// 400: it stands there twice, unreadable, beside Join, or in another request than INVITE (RFC 3891 §3).
    pub fn replaces(&self) -> Result<Option<Replaces>, NotAdmitted> {
        let mut values = self.message.elements(Name::Replaces);
        let Some(first) = values.next() else { return Ok(None) };
        let invite = self.message.method() == Some(Method::Invite);
        let alone = values.next().is_none() && self.message.value(Name::Join).is_none();
        match Replaces::read(first).filter(|_| alone && invite) {
            Some(replaces) => Ok(Some(replaces)),
            None => Err(NotAdmitted { status: 400, extra: String::new() }),
        }
    }
}

impl Endpoint {
    /// The session that an INVITE wants to replace, if it wants that. Whether it may is the caller's decision (403);
    /// one who admits it hangs the replaced session up as soon as the new one is accepted (RFC 3891 §3).
    ///
    /// # Errors
    /// 400: see [`Incoming::replaces`]. 481: no such session, or one that calls us and is not answered. 486: it is answered, and
    /// the INVITE wants it only before. 603: it is over.
    pub fn replaced(&self, incoming: &Incoming) -> Result<Option<SessionId>, NotAdmitted> {
        let Some(wanted) = incoming.replaces()? else { return Ok(None) };
        let refuse = |status| Err(NotAdmitted { status, extra: String::new() });
        let Some(id) = self.named(&wanted) else {
            return refuse(if self.has_ended(&wanted) { 603 } else { 481 });
        };
        let Some(session) = self.sessions.get(id.index as usize) else { return refuse(481) };
        match session.state {
            State::Cancelling => refuse(603),
            State::Incoming | State::Calling => refuse(481),
            State::Early => Ok(Some(id)),
            State::Answered | State::Confirmed if session.hang_up.is_some() => refuse(603),
            State::Answered | State::Confirmed if wanted.early_only => refuse(486),
            State::Answered | State::Confirmed => Ok(Some(id)),
        }
    }

    /// What another party has to say in order to replace this session at its far end; `None` while there is no far tag.
    #[must_use]
    pub fn replaces_of(&self, id: SessionId) -> Option<Replaces> {
        let dialog = self.sessions.get(id.index as usize).filter(|s| s.serial == id.serial).map(|s| &s.dialog)?;
        Some(Replaces {
            call_id: word(&dialog.call_id)?,
            to_tag: word(&dialog.remote_tag)?,
            from_tag: dialog.local_tag.clone(),
            early_only: false,
        })
    }

    /// The session of ours that a Replaces value names, in whatever state: also for one that stands in a REFER, when the call
    /// it names goes through us. Our tag names the slot; then Call-ID and both tags must match.
    #[must_use]
    pub fn named(&self, wanted: &Replaces) -> Option<SessionId> {
        let index = u32::from_str_radix(wanted.to_tag.split('.').next()?, 16).ok()?;
        let session = self.sessions.get(index as usize)?;
        let dialog = &session.dialog;
        // RFC 3891 §6.1: a tag `0` is also that of a peer which has none.
        let theirs = dialog.remote_tag == wanted.from_tag.as_bytes()
            || (dialog.remote_tag.is_empty() && &*wanted.from_tag == "0" && session.state != State::Calling);
        let same = *dialog.local_tag == *wanted.to_tag && dialog.call_id == wanted.call_id.as_bytes() && theirs;
        same.then_some(SessionId { index, serial: session.serial })
    }

    pub(super) fn remember_ended(&mut self, dialog: &Dialog) {
        let print = self.fingerprint(&dialog.call_id, dialog.local_tag.as_bytes(), &dialog.remote_tag);
        if self.ended.len() == REMEMBERED {
            self.ended.pop_front();
        }
        self.ended.push_back(print);
    }

    fn has_ended(&self, wanted: &Replaces) -> bool {
        let (to, from) = (wanted.to_tag.as_bytes(), wanted.from_tag.as_bytes());
        let print = self.fingerprint(wanted.call_id.as_bytes(), to, from);
        self.ended.contains(&print)
    }

    fn fingerprint(&self, call_id: &[u8], local_tag: &[u8], remote_tag: &[u8]) -> u64 {
        self.open_calls.hasher().hash_one((call_id, local_tag, remote_tag))
    }
}
