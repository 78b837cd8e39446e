//! A session as a value: its dialog, where it stands, and what is open between the two sides.

use super::outgoing::Outgoing;
use crate::sip::auth::client::Login;
use crate::sip::flow::Flow;
use crate::sip::header::NameAddr;
use crate::sip::id::{ReferId, TxnId};
use crate::sip::message::Message;
use crate::sip::name::{Method, Name};
use crate::sip::uri::Uri;
use crate::sip::write::Writer;
use bytes::Bytes;
use smallvec::SmallVec;
use std::collections::VecDeque;

/// Where a session stands.
///
/// ```text
///  called:  Incoming --2xx--> Answered --ACK--> Confirmed --BYE--> gone
///                \--3xx–6xx, CANCEL--> gone
///  calling: Calling --1xx--> Early --2xx, ACK--> Confirmed --BYE--> gone
///                \------\--- hang up ---> Cancelling --final response--> gone
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Called, no final response sent.
    Incoming,
    /// Called, 2xx sent, ACK awaited.
    Answered,
    /// Calling, nothing back.
    Calling,
    /// Calling, provisional response back.
    Early,
    /// Calling, given up: CANCEL is sent, or will be on the first 1xx.
    Cancelling,
    /// Both sides agree.
    Confirmed,
}

/// The dialog's identifiers and routing (RFC 3261 §12).
#[derive(Debug, Clone)]
pub struct Dialog {
    pub(in crate::sip) call_id: Bytes,
    /// Our From or To value without the tag.
    pub(in crate::sip) local: Bytes,
    pub(in crate::sip) local_tag: Box<str>,
    /// Theirs, without the tag.
    pub(in crate::sip) remote: Bytes,
    pub(in crate::sip) remote_tag: Bytes,
    pub(in crate::sip) local_seq: u32,
    pub(in crate::sip) remote_seq: Option<u32>,
    pub(in crate::sip) routes: SmallVec<[Bytes; 1]>,
    pub(in crate::sip) target: Bytes,
    pub(in crate::sip) flow: Flow,
    /// Requests follow the flow, whatever Contact says: phones behind NAT (RFC 5626).
    pub(in crate::sip) by_flow: bool,
    /// For challenges of the other side.
    pub(in crate::sip) login: Option<Box<Login>>,
}

/// Who owes what in offer/answer (RFC 3264, RFC 6337).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OfferAnswer {
    /// Nothing is open.
    Settled,
    /// The INVITE came with an offer that we have not answered.
    WeOwe,
    /// The INVITE came without an offer: ours is to be made.
    WeMayOffer,
    /// Our offer is out.
    TheyOwe,
}

/// A reliable provisional response that awaits its PRACK (RFC 3262 §3).
#[derive(Debug)]
pub(super) struct Reliable {
    pub(super) rseq: u32,
    pub(super) bytes: Bytes,
    pub(super) interval: u64,
    pub(super) since: u64,
    pub(super) with_sdp: bool,
}

/// A 2xx that awaits its ACK.
#[derive(Debug)]
pub(super) struct AwaitAck {
    pub(super) seq: u32,
    pub(super) flow: Flow,
    pub(super) bytes: Bytes,
    pub(super) interval: u64,
    pub(super) since: u64,
    pub(super) serial: u32,
}

/// One provisional response to be sent after the PRACK of the one before.
#[derive(Debug)]
pub(super) struct Provisional {
    pub(super) status: u16,
    pub(super) sdp: Option<Bytes>,
    pub(super) extra: Bytes,
}

/// An offer of ours inside the session.
#[derive(Debug, Default)]
pub(super) enum Modify {
    /// None.
    #[default]
    Idle,
    /// Sent; another one waits behind it.
    Sent(Option<Bytes>),
    /// Waits for its turn: refused with 491, or another exchange is open.
    Waiting(Bytes),
}

/// The timer of one session.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Refresh {
    /// Interval in force, s; 0: none.
    pub(super) interval: u32,
    /// We refresh; else the other side does and we watch.
    pub(super) ours: bool,
    pub(super) serial: u32,
    /// When it is due, µs monotonic.
    pub(super) due: u64,
}

/// One INVITE session.
#[derive(Debug)]
pub struct Session {
    pub(in crate::sip) serial: u32,
    pub(super) state: State,
    pub(in crate::sip) dialog: Dialog,
    /// We sent the INVITE: owner of the Call-ID.
    pub(super) caller: bool,
    /// The INVITE's transaction while it has no final response.
    pub(super) invite: Option<TxnId>,
    pub(super) invite_seq: u32,
    pub(super) offer_answer: OfferAnswer,
    /// SDP of ours that is in force, repeated in the 2xx and in refreshes.
    pub(super) local_sdp: Bytes,
    /// The one before the offer of ours that is under way.
    pub(super) former_sdp: Option<Bytes>,
    pub(super) reliable: Option<Box<Reliable>>,
    pub(super) next_rseq: u32,
    /// Last RSeq seen, by early dialog.
    pub(super) early: Vec<(Bytes, u32)>,
    pub(super) queued: Vec<Provisional>,
    /// The 2xx waits for a PRACK: its extra header lines.
    pub(super) accept_after_prack: Option<Bytes>,
    pub(super) await_ack: Option<Box<AwaitAck>>,
    /// The request whose offer we have to answer, with the request for writing the response.
    pub(super) owed: Option<Box<(TxnId, Message, Flow)>>,
    pub(super) modify: Modify,
    pub(super) hang_up: Option<Bytes>,
    pub(super) refresh: Refresh,
    pub(super) peer: Abilities,
    pub(super) outgoing: Option<Box<Outgoing>>,
    pub(super) auth_tries: u8,
    /// Our credentials in the INVITE, as a header line: its ACK carries them too (RFC 3261 §13.2.2.4).
    pub(super) credentials: Bytes,
    /// The reliable 1xx that was overtaken by our 2xx: its PRACK is still answered (RFC 3262 §3).
    pub(super) late_prack: Option<u32>,
    /// What few sessions do.
    pub(super) errands: Option<Box<Errands>>,
}

/// What few sessions do beside talking: kept apart, so that the others stay small.
#[derive(Debug, Default)]
pub(super) struct Errands {
    /// The REFER of the other side that is undecided or under way.
    pub(super) refer: Option<ReferId>,
    /// The other side has sent a REFER before: later ones have an `id` (RFC 3515 §2.4.6).
    pub(super) referred: bool,
    /// CSeq of each REFER of ours whose subscription stands.
    pub(super) asked: SmallVec<[u32; 1]>,
    /// Digits to be sent by INFO, one after the other; the first is on its way.
    pub(super) keys: VecDeque<char>,
    /// The OPTIONS that asks whether the other side is alive.
    pub(super) probe: Option<TxnId>,
}

impl Session {
    /// A session that begins: called as [`State::Incoming`], or calling.
    pub(super) fn new(serial: u32, state: State, dialog: Dialog) -> Self {
        Self {
            serial,
            state,
            dialog,
            caller: state == State::Calling,
            invite: None,
            invite_seq: 0,
            offer_answer: OfferAnswer::TheyOwe,
            local_sdp: Bytes::new(),
            former_sdp: None,
            reliable: None,
            next_rseq: 1,
            early: Vec::new(),
            queued: Vec::new(),
            accept_after_prack: None,
            await_ack: None,
            owed: None,
            modify: Modify::Idle,
            hang_up: None,
            refresh: Refresh::default(),
            peer: Abilities::default(),
            outgoing: None,
            auth_tries: 0,
            credentials: Bytes::new(),
            late_prack: None,
            errands: None,
        }
    }

    pub(super) fn errands(&mut self) -> &mut Errands {
        self.errands.get_or_insert_default()
    }

    /// Whether both sides hold the session: the other side has our 2xx, or we have his.
    pub(super) fn stands(&self) -> bool {
        matches!(self.state, State::Confirmed | State::Answered) && self.hang_up.is_none()
    }

    /// Route set and remote target of a response that makes a dialog (RFC 3261 §12.1.2).
    pub(super) fn take_routes(&mut self, response: &Message) {
        self.dialog.routes = response.elements(Name::RecordRoute).map(Bytes::copy_from_slice).collect();
        self.dialog.routes.reverse();
        let flow = self.dialog.flow;
        self.dialog.retarget(response, flow);
    }
}

/// What the other side says it can do.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Abilities {
    pub(super) update: bool,
    pub(super) reliable: bool,
    pub(super) reliable_required: bool,
    pub(super) timer: bool,
}

impl Abilities {
    pub(super) fn learn(&mut self, message: &Message) {
        if message.value(Name::Allow).is_some() {
            self.update = message.lists(Name::Allow, "UPDATE");
        }
        self.reliable_required = message.lists(Name::Require, "100rel");
        self.reliable = self.reliable_required || message.lists(Name::Supported, "100rel");
        self.timer |= message.lists(Name::Supported, "timer") || message.lists(Name::Require, "timer");
    }
}

impl Dialog {
    /// Starts a request inside the dialog: start line, Via, routes, Max-Forwards, From, To, Call-ID, CSeq.
    pub(in crate::sip) fn write(&self, method: Method, seq: u32, branch: &str) -> Writer {
        let mut w = Writer::request(method, &self.target);
        w.via(&self.flow, branch);
        for route in &self.routes {
            w.header_bytes(Name::Route, route);
        }
        w.header(Name::MaxForwards, 70);
        w.lines(b"From: ").lines(&self.local).lines(b";tag=").lines(self.local_tag.as_bytes()).lines(b"\r\n");
        w.lines(b"To: ").lines(&self.remote);
        if !self.remote_tag.is_empty() {
            w.lines(b";tag=").lines(&self.remote_tag);
        }
        w.lines(b"\r\n").header_bytes(Name::CallId, &self.call_id);
        w.header(Name::CSeq, format_args!("{seq} {}", method.token()));
        w
    }

    /// Takes the remote target from a Contact, and with it the next hop (RFC 3261 §12.2).
    pub(super) fn retarget(&mut self, message: &Message, flow: Flow) {
        if let Some(contact) = message.contact().filter(|contact| Uri::is_plausible(contact.uri)) {
            self.target = Bytes::copy_from_slice(contact.uri);
        }
        self.follow(flow);
    }

    /// Chooses the flow of requests: the first route or the target when it is an address, else where the peer spoke from.
    fn follow(&mut self, flow: Flow) {
        let hop = self.routes.first().and_then(|r| NameAddr::read(r)).map_or(&self.target[..], |r| r.uri);
        match Uri::read(hop).and_then(|u| u.address()) {
            Some(address) if !self.by_flow && address.is_ipv4() == flow.local.is_ipv4() && address != flow.peer => {
                self.flow = Flow { peer: address, connection: 0, ..flow };
            }
            _ => self.flow = flow,
        }
    }
}

/// A From, To or Contact value without its `tag` parameter.
pub(super) fn without_tag(value: &[u8]) -> Bytes {
    let Some(address) = NameAddr::read(value) else { return Bytes::copy_from_slice(value) };
    let mut out = Vec::with_capacity(value.len() + 2);
    if !address.display.is_empty() {
        out.push(b'"');
        out.extend_from_slice(address.display);
        out.extend_from_slice(b"\" ");
    }
    out.push(b'<');
    out.extend_from_slice(address.uri);
    out.push(b'>');
    for (name, param) in address.params.iter() {
        if !name.eq_ignore_ascii_case(b"tag") {
            out.push(b';');
            out.extend_from_slice(name);
            if let Some(param) = param {
                out.push(b'=');
                out.extend_from_slice(param);
            }
        }
    }
    out.into()
}
