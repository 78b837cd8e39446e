//! What an endpoint tells its owner, and what it gives him to send.

use super::incoming::Incoming;
use crate::sip::dialog::Refer;
use crate::sip::flow::Flow;
use crate::sip::id::{ReferId, SessionId};
use crate::sip::message::Message;
use bytes::Bytes;

/// What leaves the endpoint.
#[derive(Debug)]
pub enum Output {
    /// Bytes for the network.
    Send(Flow, Bytes),
    /// Something the user of the endpoint must know.
    Event(Event),
}

/// How an outgoing INVITE failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailedBy {
    /// A final response came.
    Response,
    /// None came (timer B).
    Timeout,
    /// The transport could not deliver.
    Transport,
}

/// How a session ended without us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndedBy {
    /// BYE from the other side.
    Bye,
    /// Our 2xx was never acknowledged, or our reliable 1xx never got its PRACK.
    NotAcknowledged,
    /// The session timer ran out, or a refresh got no answer or 481.
    Expired,
    /// The answer to a 2xx was missing or a request of ours inside the dialog timed out.
    Broken,
}

/// What happened.
#[derive(Debug)]
pub enum Event {
    /// A request outside any dialog. No transaction exists yet: admit it, refuse it, or let it go in silence.
    Request(Box<Incoming>),
    /// The caller cancelled; 487 is sent, the session is gone. `q850` from its Reason header.
    Cancelled {
        /// The session.
        session: SessionId,
        /// Q.850 cause, if said.
        q850: Option<u8>,
    },
    /// Our reliable 183 was acknowledged by PRACK: the early media path exists.
    Pracked {
        /// The session.
        session: SessionId,
        /// The answer, when our 183 made the offer.
        sdp: Option<Bytes>,
    },
    /// The ACK to our 2xx: the media path exists.
    Confirmed {
        /// The session.
        session: SessionId,
        /// The answer, when our 2xx made the offer.
        sdp: Option<Bytes>,
    },
    /// A provisional response to our INVITE.
    Progress {
        /// The session.
        session: SessionId,
        /// 100–199.
        status: u16,
        /// Early answer.
        sdp: Option<Bytes>,
    },
    /// A 2xx to our INVITE; the ACK is sent.
    Answered {
        /// The session.
        session: SessionId,
        /// The answer; `None` when an early one holds.
        sdp: Option<Bytes>,
    },
    /// Our INVITE failed; the session is gone.
    Failed {
        /// The session.
        session: SessionId,
        /// Final status; 408 on timeout, 503 on transport failure.
        status: u16,
        /// Q.850 cause, if said.
        q850: Option<u8>,
        /// What kind of failure.
        by: FailedBy,
        /// A 3xx: the first Contact's URI. Whether to call it is the owner's decision.
        moved_to: Option<Bytes>,
    },
    /// The other side offers anew (re-INVITE, UPDATE, PRACK), or asks for our offer (`None`).
    /// Answer with [`Endpoint::answer`](super::Endpoint::answer) or [`Endpoint::refuse_offer`](super::Endpoint::refuse_offer).
    Offer {
        /// The session.
        session: SessionId,
        /// The offer.
        sdp: Option<Bytes>,
    },
    /// Our own offer was answered.
    OfferAnswered {
        /// The session.
        session: SessionId,
        /// The answer.
        sdp: Bytes,
    },
    /// Our own offer was refused; the session goes on as it was.
    OfferFailed {
        /// The session.
        session: SessionId,
        /// Final status.
        status: u16,
    },
    /// A key was pressed, told by INFO; 200 is sent.
    Key {
        /// The session.
        session: SessionId,
        /// `0`–`9`, `*`, `#`, `A`–`D`.
        key: char,
        /// How long, ms, if said.
        duration: Option<u32>,
    },
    /// The other side asks us to call somebody in its place. Answer with [`Endpoint::accept_refer`](super::Endpoint::accept_refer) or
    /// [`Endpoint::decline_refer`](super::Endpoint::decline_refer) within 20 s.
    Refer {
        /// The session it came by.
        session: SessionId,
        /// Names it; it may outlive the session.
        refer: ReferId,
        /// What it asks.
        to: Box<Refer>,
    },
    /// The other side does not hear any more how its REFER goes: a NOTIFY was refused or got no answer. Nothing else changes.
    ReferUnheard {
        /// The session it came by; it may be gone.
        session: SessionId,
        /// The REFER.
        refer: ReferId,
    },
    /// A REFER of ours was answered.
    ReferAnswered {
        /// The session.
        session: SessionId,
        /// Final status; 408 on timeout, 503 on transport failure.
        status: u16,
    },
    /// How a REFER of ours goes.
    Notified {
        /// The session.
        session: SessionId,
        /// The status of the call that we asked for.
        status: u16,
        /// Nothing more will come.
        over: bool,
    },
    /// What [`Endpoint::probe`](super::Endpoint::probe) found.
    Probed {
        /// The session. Whether to end it is the owner's decision.
        session: SessionId,
        /// It answered, and knows the session.
        alive: bool,
    },
    /// The session ended without us.
    Ended {
        /// The session.
        session: SessionId,
        /// In which way.
        by: EndedBy,
        /// Q.850 cause, if said.
        q850: Option<u8>,
    },
    /// The final response to a request sent by [`Endpoint::request`](super::Endpoint::request).
    Response {
        /// The token given with the request.
        token: u64,
        /// Status; 408 on timeout, 503 on transport failure.
        status: u16,
        /// The response, if one came.
        message: Option<Box<Message>>,
    },
}
