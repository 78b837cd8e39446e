//! A telephone as a value: registers, dials, answers, holds, hangs up. Signalling only; what it says and hears is its user's.
//!
//! The robots of `demo`, the caller of `switchboard call` and every phone of the tests are this one; each gives it datagrams
//! and time and carries out what it wants. It refuses to be an exchange: one account, one server. `transfer`: what it does
//! to move a call elsewhere.

mod event;
mod transfer;

pub use event::{Event, Output};

use crate::clock::{Now, SECOND};
use crate::sdp::{Direction, Local, Negotiation};
use crate::sip::auth::client::Login;
use crate::sip::dialog::{Credentials, Outgoing, SessionId};
use crate::sip::endpoint::{self, EndedBy, Endpoint, FailedBy, Incoming};
use crate::sip::flow::Flow;
use crate::sip::message::Message;
use crate::sip::name::{Method, Name};
use bytes::Bytes;
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

/// Who the phone is.
#[derive(Debug, Clone)]
pub struct Account {
    /// User part: the seat's number, or a caller's.
    pub user: String,
    /// Password for challenges; `None`: it has none (a carrier's caller).
    pub password: Option<String>,
    /// From us to the server.
    pub flow: Flow,
    /// Where its RTP is received: goes into SDP.
    pub rtp: SocketAddr,
    /// How long a registration is asked for, s.
    pub expires: u32,
}

/// Whether this can be a number as a person dials it or shows it: 1 to 64 letters, digits and `+-_.*#`.
#[must_use]
pub fn is_number(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "+-_.*#".contains(c);
    !text.is_empty() && text.len() <= 64 && text.chars().all(fits)
}

const REGISTER: u64 = 1;

/// A telephone.
#[derive(Debug)]
pub struct Phone {
    account: Account,
    endpoint: Endpoint,
    calls: BTreeMap<SessionId, Negotiation>,
    registering: Registering,
    out: VecDeque<Output>,
}

#[derive(Debug, Default)]
struct Registering {
    call_id: String,
    tag: String,
    cseq: u32,
    tries: u8,
    login: Option<Login>,
    /// When to register anew, µs monotonic.
    again: Option<u64>,
    expires: u32,
}

impl Account {
    fn credentials(&self) -> Option<Credentials> {
        self.password.clone().map(|password| Credentials { user: self.user.clone(), password })
    }
}

impl Phone {
    /// A phone whose random choices come from `seed`.
    #[must_use]
    pub fn new(account: Account, settings: endpoint::Settings, seed: [u8; 32]) -> Self {
        let mut endpoint = Endpoint::new(settings, seed);
        let login = account.credentials().map(Login::new);
        let registering =
            Registering { call_id: endpoint.token(), tag: endpoint.token(), login, ..Registering::default() };
        Self { account, endpoint, calls: BTreeMap::new(), registering, out: VecDeque::new() }
    }

    /// Registers, and keeps the registration alive.
    pub fn register(&mut self, now: Now) {
        self.registering.expires = self.account.expires;
        self.registering.tries = 0;
        self.send_register("", now);
    }

    /// Gives the registration up.
    pub fn unregister(&mut self, now: Now) {
        self.registering.expires = 0;
        self.registering.tries = 0;
        self.registering.again = None;
        self.send_register("", now);
    }

    /// Calls `uri`; `extra` are ready header lines.
    pub fn dial(&mut self, uri: &str, extra: &[u8], now: Now) -> SessionId {
        let mut negotiation = self.negotiation();
        let sdp = negotiation.offer(Direction::SendRecv);
        let (user, host) = (&self.account.user, self.account.flow.local.ip());
        let outgoing = Outgoing {
            flow: self.account.flow,
            uri: uri.to_owned().into(),
            from: format!("<sip:{user}@{host}>").into(),
            to: format!("<{uri}>").into(),
            sdp,
            other_sdp: None,
            max_forwards: 70,
            extra: Bytes::copy_from_slice(extra),
            credentials: self.account.credentials(),
            by_flow: true,
            session_expires: 1800,
        };
        let call = self.endpoint.connect(outgoing, now);
        self.calls.insert(call, negotiation);
        self.settle(now);
        call
    }

    /// 180 to an incoming call.
    pub fn ring(&mut self, call: SessionId, now: Now) {
        self.endpoint.progress(call, 180, None, b"", now);
        self.settle(now);
    }

    /// 200 to an incoming call.
    pub fn answer(&mut self, call: SessionId, now: Now) {
        let Some(offer) = self.endpoint.invite_of(call).and_then(Message::sdp) else {
            let Some(negotiation) = self.calls.get_mut(&call) else { return };
            let sdp = negotiation.offer(Direction::SendRecv);
            self.endpoint.accept(call, Some(sdp), b"", now);
            return self.settle(now);
        };
        let Some(negotiation) = self.calls.get_mut(&call) else { return };
        match negotiation.answer(&offer, None) {
            Ok((sdp, agreed)) => {
                self.endpoint.accept(call, Some(sdp), b"", now);
                self.out.push_back(Output::Event(Event::Media { call, agreed: Box::new(agreed) }));
            }
            Err(_) => self.endpoint.reject(call, 488, b"", now),
        }
        self.settle(now);
    }

    /// A final refusal of an incoming call.
    pub fn reject(&mut self, call: SessionId, status: u16, now: Now) {
        self.endpoint.reject(call, status, b"", now);
        self.calls.remove(&call);
        self.settle(now);
    }

    /// Ends a call in whatever state.
    pub fn hang_up(&mut self, call: SessionId, now: Now) {
        self.endpoint.hang_up(call, b"", now);
        self.calls.remove(&call);
        self.settle(now);
    }

    /// Puts the other side on hold, or takes it back, by re-INVITE.
    pub fn hold(&mut self, call: SessionId, held: bool, now: Now) {
        let Some(negotiation) = self.calls.get_mut(&call) else { return };
        let sdp = negotiation.offer(if held { Direction::SendOnly } else { Direction::SendRecv });
        self.endpoint.offer(call, sdp, now);
        self.settle(now);
    }

    /// Calls that are not over.
    pub fn calls(&self) -> impl Iterator<Item = SessionId> + '_ {
        self.calls.keys().copied()
    }

    /// Sessions and transactions that are still held: for leak checks.
    #[must_use]
    pub fn held(&self) -> (usize, usize) {
        self.endpoint.live()
    }

    /// How often the phone gave up waiting for a message.
    #[must_use]
    pub fn given_up(&self) -> endpoint::GivenUp {
        self.endpoint.given_up()
    }

    /// One message from the network.
    pub fn receive(&mut self, flow: Flow, bytes: Bytes, now: Now) {
        self.endpoint.receive(flow, bytes, now);
        self.settle(now);
    }

    /// Fires what is due.
    pub fn expire(&mut self, now: Now) {
        self.endpoint.expire(now);
        if self.registering.again.is_some_and(|at| at <= now.mono) {
            self.registering.again = None;
            self.registering.tries = 0;
            self.send_register("", now);
        }
        self.settle(now);
    }

    /// When [`Phone::expire`] must be called, µs monotonic.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        self.endpoint.deadline().into_iter().chain(self.registering.again).min()
    }

    /// The next thing to do.
    pub fn poll(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    fn negotiation(&mut self) -> Negotiation {
        let token = u64::from_str_radix(&self.endpoint.token(), 16).unwrap_or(1) >> 1;
        Negotiation::new(Local { address: self.account.rtp.ip(), port: self.account.rtp.port(), session_id: token })
    }

    fn send_register(&mut self, authorization: &str, now: Now) {
        self.registering.cseq += 1;
        let (flow, user) = (self.account.flow, self.account.user.clone());
        let Registering { call_id, tag, cseq, expires, .. } = &self.registering;
        let (call_id, tag, cseq, expires) = (call_id.clone(), tag.clone(), *cseq, *expires);
        let uri = format!("sip:{}", flow.peer);
        self.endpoint.request(flow, REGISTER, now, Method::Register, uri.as_bytes(), |mut w| {
            w.header(Name::MaxForwards, 70);
            w.header(Name::From, format_args!("<sip:{user}@{}>;tag={tag}", flow.peer.ip()));
            w.header(Name::To, format_args!("<sip:{user}@{}>", flow.peer.ip()));
            w.header(Name::CallId, &call_id).header(Name::CSeq, format_args!("{cseq} REGISTER"));
            w.header(Name::Contact, format_args!("<sip:{user}@{}>", flow.local));
            w.header(Name::Expires, expires).lines(authorization.as_bytes());
            w.end()
        });
        self.settle(now);
    }

    fn registered(&mut self, status: u16, message: Option<&Message>, now: Now) {
        let (uri, cnonce) = (format!("sip:{}", self.account.flow.peer), self.endpoint.token());
        let Registering { login, tries, .. } = &mut self.registering;
        let line = login.as_mut().zip(message);
        if let Some(line) = line.and_then(|(l, m)| l.line(m, Method::Register, uri.as_bytes(), &cnonce, tries)) {
            return self.send_register(&line, now);
        }
        if (200..300).contains(&status) {
            if self.registering.expires > 0 {
                self.registering.again = Some(now.mono + u64::from(self.registering.expires) * SECOND / 2);
            }
            self.out.push_back(Output::Event(Event::Registered));
        } else {
            // Tried again soon: a seat without its phone answers nobody.
            self.registering.again = Some(now.mono + 10 * SECOND);
            self.out.push_back(Output::Event(Event::RegisterFailed { status }));
        }
    }

    fn settle(&mut self, now: Now) {
        while let Some(output) = self.endpoint.poll() {
            match output {
                endpoint::Output::Send(flow, bytes) => self.out.push_back(Output::Send(flow, bytes)),
                endpoint::Output::Event(event) => self.happened(event, now),
            }
        }
    }

    fn happened(&mut self, event: endpoint::Event, now: Now) {
        use endpoint::Event as E;
        match event {
            E::Request(incoming) => self.request(*incoming, now),
            E::Response { status, message, .. } => self.registered(status, message.as_deref(), now),
            E::Cancelled { session, q850 } => self.over(session, |call| Event::Ended { call, q850, timeout: false }),
            E::Pracked { session, sdp } => self.answered(session, sdp),
            E::Confirmed { session, sdp } => {
                self.answered(session, sdp);
                self.out.push_back(Output::Event(Event::Connected { call: session }));
            }
            E::Progress { session, status, sdp } => {
                self.answered(session, sdp);
                self.out.push_back(Output::Event(Event::Progress { call: session, status }));
            }
            E::Answered { session, sdp } => {
                self.answered(session, sdp);
                self.out.push_back(Output::Event(Event::Connected { call: session }));
            }
            E::Failed { session, status, q850, by, moved_to: _ } => {
                let timeout = by != FailedBy::Response;
                self.over(session, |call| Event::Failed { call, status, q850, timeout });
            }
            E::Offer { session, sdp } => self.reoffered(session, sdp, now),
            E::OfferAnswered { session, sdp } => self.answered(session, Some(sdp)),
            E::OfferFailed { .. } | E::ReferUnheard { .. } | E::Probed { .. } => {}
            E::Key { session, key, duration: _ } => {
                self.out.push_back(Output::Event(Event::Key { call: session, key }))
            }
            E::Refer { session, refer, to } => self.referred(session, refer, &to, now),
            E::ReferAnswered { session, status } => {
                self.out.push_back(Output::Event(Event::Referred { call: session, status }));
            }
            E::Notified { session, status, over } => {
                self.out.push_back(Output::Event(Event::Notified { call: session, status, over }));
            }
            E::Ended { session, by, q850 } => {
                let timeout = by != EndedBy::Bye;
                self.over(session, |call| Event::Ended { call, q850, timeout });
            }
        }
    }

    fn over(&mut self, call: SessionId, event: impl FnOnce(SessionId) -> Event) {
        if self.calls.remove(&call).is_some() {
            self.out.push_back(Output::Event(event(call)));
        }
    }

    fn answered(&mut self, call: SessionId, sdp: Option<Bytes>) {
        let (Some(sdp), Some(negotiation)) = (sdp, self.calls.get_mut(&call)) else { return };
        if let Ok(agreed) = negotiation.take_answer(&sdp) {
            self.out.push_back(Output::Event(Event::Media { call, agreed: Box::new(agreed) }));
        }
    }

    fn reoffered(&mut self, call: SessionId, sdp: Option<Bytes>, now: Now) {
        let Some(negotiation) = self.calls.get_mut(&call) else { return };
        match sdp.map(|sdp| negotiation.answer(&sdp, None)) {
            Some(Ok((answer, agreed))) => {
                self.endpoint.answer(call, answer, now);
                self.out.push_back(Output::Event(Event::Media { call, agreed: Box::new(agreed) }));
            }
            Some(Err(_)) => self.endpoint.refuse_offer(call, 488, now),
            None => {
                let offer = negotiation.offer(Direction::SendRecv);
                self.endpoint.answer(call, offer, now);
            }
        }
    }

    fn called(&mut self, incoming: Incoming, now: Now) {
        let replaced = match self.endpoint.replaced(&incoming) {
            Ok(replaced) => replaced,
            Err(no) => return self.endpoint.refuse(&incoming, no.status, no.extra.as_bytes()),
        };
        let from = incoming.message.value(Name::From).unwrap_or_default();
        let from = String::from_utf8_lossy(from).into_owned();
        let negotiation = self.negotiation();
        let call = self.endpoint.admit(incoming, true, now);
        if let Some(credentials) = self.account.credentials() {
            self.endpoint.set_credentials(call, credentials);
        }
        self.calls.insert(call, negotiation);
        match replaced {
            Some(replaced) => self.replace(call, replaced, now),
            None => self.out.push_back(Output::Event(Event::Incoming { call, from })),
        }
    }

    fn request(&mut self, incoming: Incoming, now: Now) {
        match incoming.message.method() {
            Some(Method::Invite) => match self.endpoint.admissible(&incoming) {
                Ok(()) => self.called(incoming, now),
                Err(no) => self.endpoint.refuse(&incoming, no.status, no.extra.as_bytes()),
            },
            Some(Method::Options) => self.endpoint.refuse(&incoming, 200, b""),
            Some(Method::Register) => self.endpoint.refuse(&incoming, 501, b""),
            _ => self.endpoint.refuse(&incoming, 405, b""),
        }
    }
}
