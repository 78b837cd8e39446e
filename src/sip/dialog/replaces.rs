//! INVITE with Replaces (RFC 3891): which session of ours a new call takes the place of. Who may do so is decided above.

use super::{Dialog, NotAdmitted, SessionId, State};
use crate::sip::endpoint::{Endpoint, Incoming};
use crate::sip::header::Params;
use crate::sip::name::{Method, Name};
use std::fmt;
use std::hash::BuildHasher;

/// How many ended dialogs are remembered, so that a Replaces that comes too late is told from one that is wrong.
const REMEMBERED: usize = 1024;

/// A Replaces value: a dialog, as its receiver sees it (RFC 3891 §6.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaces {
    /// Call-ID.
    pub call_id: Box<str>,
    /// The tag of the receiver's side.
    pub to_tag: Box<str>,
    /// The tag of the other side.
    pub from_tag: Box<str>,
    /// Only while the dialog is early.
    pub early_only: bool,
}

impl Replaces {
    /// Reads a value; `None` unless it has a Call-ID and each tag once.
    #[must_use]
    pub fn read(value: &[u8]) -> Option<Self> {
        let semi = memchr::memchr(b';', value)?;
        let (mut to_tag, mut from_tag, mut early_only) = (None, None, false);
        for (name, value) in Params(value.get(semi + 1..)?).iter() {
            let slot = match name.to_ascii_lowercase().as_slice() {
                b"to-tag" => &mut to_tag,
                b"from-tag" => &mut from_tag,
                b"early-only" => {
                    early_only = true;
                    continue;
                }
                _ => continue,
            };
            if slot.replace(word(value?)?).is_some() {
                return None;
            }
        }
        Some(Self { call_id: word(value[..semi].trim_ascii())?, to_tag: to_tag?, from_tag: from_tag?, early_only })
    }
}

impl fmt::Display for Replaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{};to-tag={};from-tag={}", self.call_id, self.to_tag, self.from_tag)?;
        if self.early_only { f.write_str(";early-only") } else { Ok(()) }
    }
}

/// A Call-ID or tag: printable, and nothing that would end it where it is written again.
fn word(text: &[u8]) -> Option<Box<str>> {
    let fine = !text.is_empty() && text.iter().all(|b| b.is_ascii_graphic() && !matches!(b, b';' | b','));
    std::str::from_utf8(text).ok().filter(|_| fine).map(Box::from)
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_rfc_3891_are_read_and_written_back() {
        for text in [
            "98732@sip.example.com;from-tag=r33th4x0r;to-tag=ff87ff",
            "12adf2f34456gs5;to-tag=12345;from-tag=54321",
            "87134@171.161.34.23;to-tag=24796;from-tag=0",
            "425928@bobster.example.org;to-tag=7743;from-tag=6472;early-only",
        ] {
            let read = Replaces::read(text.as_bytes()).unwrap();
            assert_eq!(Replaces::read(read.to_string().as_bytes()), Some(read), "{text}");
        }
        let read = Replaces::read(b"a@b ; TO-tag = 1 ;x=y; from-tag=2;early-only").unwrap();
        assert_eq!((&*read.call_id, &*read.to_tag, &*read.from_tag, read.early_only), ("a@b", "1", "2", true));
    }

    #[test]
    fn what_is_no_dialog_is_not_read() {
        for text in [
            "",
            "a@b",
            "a@b;to-tag=1",
            "a@b;from-tag=1",
            "a@b;to-tag=1;to-tag=1;from-tag=2",
            ";to-tag=1;from-tag=2",
            "a b;to-tag=1;from-tag=2",
            "a\r\nX: y;to-tag=1;from-tag=2",
            "a@b;to-tag;from-tag=2",
            "a@b;to-tag=;from-tag=2",
        ] {
            assert_eq!(Replaces::read(text.as_bytes()), None, "{text}");
        }
    }
}
