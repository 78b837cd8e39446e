//! Moving a call elsewhere: REFER blind and attended, Replaces, keys by INFO.

use super::Phone;
use super::event::{Event, Output};
use crate::clock::Now;
use crate::sip::dialog::{Refer, ReferId, ReferTo, Replaces, SessionId};
use crate::sip::lines::Lines;

impl Phone {
    /// Blind transfer: asks the other side of `call` to call `uri`. `silent`: without NOTIFYs (RFC 4488).
    pub fn refer(&mut self, call: SessionId, uri: &str, silent: bool, now: Now) {
        self.endpoint.refer(call, &ReferTo { uri: uri.to_owned(), replaces: None }, silent, now);
        self.settle(now);
    }

    /// Attended transfer: asks the other side of `call` to call `uri` in the place of our call `other` with it. False
    /// while `other` has no far end.
    pub fn refer_to_other(&mut self, call: SessionId, other: SessionId, uri: &str, silent: bool, now: Now) -> bool {
        let Some(replaces) = self.endpoint.replaces_of(other) else { return false };
        self.endpoint.refer(call, &ReferTo { uri: uri.to_owned(), replaces: Some(replaces) }, silent, now);
        self.settle(now);
        true
    }

    /// The same in the place of a call that need not be ours: whether it may, the other side decides.
    pub fn refer_replacing(&mut self, call: SessionId, uri: &str, replaces: Replaces, now: Now) {
        self.endpoint.refer(call, &ReferTo { uri: uri.to_owned(), replaces: Some(replaces) }, false, now);
        self.settle(now);
    }

    /// What another phone has to say in order to take this call from us.
    #[must_use]
    pub fn replaces(&self, call: SessionId) -> Option<Replaces> {
        self.endpoint.replaces_of(call)
    }

    /// Calls `uri` in the place of another call there.
    pub fn dial_replacing(&mut self, uri: &str, replaces: &Replaces, now: Now) -> SessionId {
        let mut lines = Lines::new();
        lines.replaces(replaces);
        self.dial(uri, lines.as_bytes(), now)
    }

    /// Presses keys, told by INFO.
    pub fn keys(&mut self, call: SessionId, keys: &str, now: Now) {
        self.endpoint.info_digits(call, keys, now);
        self.settle(now);
    }

    /// A call that takes the place of one of ours: answered as that one was, which then ends (RFC 3891 §3).
    pub(super) fn replace(&mut self, call: SessionId, replaced: SessionId, now: Now) {
        self.out.push_back(Output::Event(Event::Replacing { call, replaced }));
        self.answer(call, now);
        if self.endpoint.is_live(call) {
            self.hang_up(replaced, now);
        }
    }

    /// This phone is never transferred: its exchange keeps it and moves the other legs.
    pub(super) fn referred(&mut self, call: SessionId, refer: ReferId, to: &Refer, now: Now) {
        let to = String::from_utf8_lossy(&to.uri).into_owned();
        self.out.push_back(Output::Event(Event::Refer { call, to }));
        self.endpoint.decline_refer(refer, 603, now);
    }
}
