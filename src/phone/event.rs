//! What a phone wants done, and what happens on it.

use crate::sdp::Agreed;
use crate::sip::dialog::SessionId;
use crate::sip::flow::Flow;
use bytes::Bytes;

/// What the phone wants done, or reports.
#[derive(Debug)]
pub enum Output {
    /// Send this.
    Send(Flow, Bytes),
    /// This happened.
    Event(Event),
}

/// What happened on the phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The registration stands.
    Registered,
    /// It was refused.
    RegisterFailed {
        /// Final status.
        status: u16,
    },
    /// Somebody calls. 180 is sent by [`Phone::ring`], 200 by [`Phone::answer`].
    Incoming {
        /// The call.
        call: SessionId,
        /// From value as it came.
        from: String,
    },
    /// A provisional response.
    Progress {
        /// The call.
        call: SessionId,
        /// Its status.
        status: u16,
    },
    /// Media is agreed, early or late, or has changed.
    Media {
        /// The call.
        call: SessionId,
        /// What was agreed.
        agreed: Box<Agreed>,
    },
    /// Both sides agree: 2xx and ACK.
    Connected {
        /// The call.
        call: SessionId,
    },
    /// The call failed.
    Failed {
        /// The call.
        call: SessionId,
        /// Final status.
        status: u16,
        /// Q.850 cause, if said.
        q850: Option<u8>,
        /// No answer at all came.
        timeout: bool,
    },
    /// The other side ended it, or gave up before the answer.
    Ended {
        /// The call.
        call: SessionId,
        /// Q.850 cause, if said.
        q850: Option<u8>,
        /// It ended because messages were lost for too long.
        timeout: bool,
    },
    /// A call that comes in takes the place of another (Replaces): it is answered at once and the other is hung up.
    Replacing {
        /// The new call.
        call: SessionId,
        /// The one that goes.
        replaced: SessionId,
    },
    /// The other side asks for a transfer; it is refused: 603.
    Refer {
        /// The call.
        call: SessionId,
        /// Whom it names.
        to: String,
    },
    /// Our own REFER was answered.
    Referred {
        /// The call.
        call: SessionId,
        /// Final status.
        status: u16,
    },
    /// How our own REFER goes, by NOTIFY.
    Notified {
        /// The call.
        call: SessionId,
        /// The status of the call that was asked for.
        status: u16,
        /// Nothing more will come.
        over: bool,
    },
    /// A key by INFO.
    Key {
        /// The call.
        call: SessionId,
        /// Which.
        key: char,
    },
}
