//! All callers of a run on one endpoint: each dials at its moment, waits, talks, presses, holds, hangs up. Pure.

use super::due::Due;
use super::order::{LegId, Order, Stream};
use super::plan::Pool;
use super::scenario::{Agent, Kind, Scenario, happens};
use super::tally::Tally;
use crate::clock::Now;
use crate::sdp::{Agreed, Direction, Local, Negotiation};
use crate::sip::dialog::{Credentials, Outgoing, SessionId};
use crate::sip::endpoint::{self, EndedBy, Endpoint, Event, FailedBy};
use crate::sip::flow::Flow;
use bytes::Bytes;
use memchr::memmem;
use rand_chacha::ChaCha8Rng;
use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;

/// A call that begins later than this after its moment is late, µs.
pub const LATE: u64 = 5_000;

/// What the callers want done.
#[derive(Debug)]
pub enum Out {
    /// Send this.
    Send(Flow, Bytes),
    /// Tell the sound.
    Sound(Order),
}

/// How the callers are set.
#[derive(Debug)]
pub struct Settings {
    /// What they do.
    pub scenario: Arc<Scenario>,
    /// By UDP, and by TCP.
    pub flows: [Flow; 2],
    /// Who they are.
    pub pool: Pool,
    /// For challenges.
    pub credentials: Option<Credentials>,
    /// The sockets of their sound, and their addresses.
    pub sockets: Vec<(u16, SocketAddr)>,
    /// How long one waits for an answer, µs.
    pub patience: u64,
}

/// The callers.
#[derive(Debug)]
pub struct Callers {
    settings: Settings,
    endpoint: Endpoint,
    dice: ChaCha8Rng,
    calls: HashMap<SessionId, Call>,
    /// Live calls by the caller's number and by their own.
    numbers: HashMap<String, SessionId>,
    ids: HashMap<u32, SessionId>,
    /// Call-IDs of which our BYE has no answer yet, and since when.
    byes: HashMap<Bytes, u64>,
    due: Due<(SessionId, Step)>,
    out: VecDeque<Out>,
    placed: u32,
    /// Counts of what is sent while timers fire: only what is sent again.
    expiring: bool,
}

#[derive(Debug)]
struct Call {
    id: u32,
    kind: usize,
    number: String,
    socket: u16,
    intended: u64,
    negotiation: Negotiation,
    progressed: bool,
    answered: bool,
    reached: bool,
    agent: Option<Agent>,
}

/// What a caller does of himself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// The talk is over.
    HangUp,
    /// Nobody has come.
    GiveUp,
    /// No answer has come in all his patience.
    NoAnswer,
    Press,
    Hold {
        for_: u64,
    },
    Resume,
}

impl Callers {
    /// Callers whose chances come from `dice`.
    #[must_use]
    pub fn new(settings: Settings, seed: [u8; 32], dice: ChaCha8Rng) -> Self {
        let endpoint = Endpoint::new(endpoint_settings(), seed);
        Self {
            settings,
            endpoint,
            dice,
            calls: HashMap::new(),
            numbers: HashMap::new(),
            ids: HashMap::new(),
            byes: HashMap::new(),
            due: Due::default(),
            out: VecDeque::new(),
            placed: 0,
            expiring: false,
        }
    }

    /// How many calls are live.
    #[must_use]
    pub fn live(&self) -> usize {
        self.calls.len()
    }

    /// Calls that are over for us, but not for the other side: BYEs that wait for their answer, and calls given up before theirs.
    #[must_use]
    pub fn ending(&self) -> usize {
        self.byes.len() + self.endpoint.live().0.saturating_sub(self.calls.len())
    }

    /// The call of the caller with this number, and what its agent shall do: told once.
    pub fn whose(&mut self, number: &str) -> Option<(u32, Option<Agent>)> {
        let call = self.numbers.get(number).and_then(|session| self.calls.get_mut(session))?;
        Some((call.id, call.agent.take()))
    }

    /// The next kind of call: a call that is not begun draws the same dice.
    pub fn draw(&mut self) -> (usize, String) {
        self.settings.scenario.draw(&mut self.dice)
    }

    /// The title of a kind.
    #[must_use]
    pub fn title(&self, kind: usize) -> &str {
        self.settings.scenario.kinds.get(kind).map_or("", |k| &k.title)
    }

    /// A caller dials, `intended` µs being his moment.
    pub fn dial(&mut self, (kind, dialled): (usize, String), intended: u64, now: Now, tally: &mut Tally) {
        let scenario = Arc::clone(&self.settings.scenario);
        let Some(what) = scenario.kinds.get(kind) else { return };
        tally.begin(&what.title, now.mono.saturating_sub(intended) > LATE);
        let id = self.placed;
        self.placed += 1;
        let number = self.settings.pool.number(u64::from(id));
        let sockets = self.settings.sockets.len().max(1);
        let Some(&(socket, rtp)) = self.settings.sockets.get(id as usize % sockets) else { return };
        let mut negotiation =
            Negotiation::new(Local { address: rtp.ip(), port: rtp.port(), session_id: u64::from(id) + 1 });
        let [udp, tcp] = self.settings.flows;
        let flow = if happens(what.tcp, &mut self.dice) { tcp } else { udp };
        let uri = format!("sip:{dialled}@{}", flow.peer);
        let outgoing = Outgoing {
            flow,
            uri: Bytes::from(uri.clone()),
            from: format!("<sip:{number}@{}>", flow.local.ip()).into(),
            to: format!("<{uri}>").into(),
            sdp: negotiation.offer(Direction::SendRecv),
            other_sdp: None,
            max_forwards: 70,
            extra: Bytes::new(),
            credentials: self.settings.credentials.clone(),
            by_flow: true,
            session_expires: 1800,
        };
        let session = self.endpoint.connect(outgoing, now);
        let agent = what.agent.as_ref().filter(|(share, _)| happens(*share, &mut self.dice)).map(|(_, a)| a.clone());
        self.numbers.insert(number.clone(), session);
        self.ids.insert(id, session);
        let (progressed, answered, reached) = Default::default();
        let call = Call { id, kind, number, socket, intended, negotiation, progressed, answered, reached, agent };
        self.calls.insert(session, call);
        self.due.set(now.mono + self.settings.patience, (session, Step::NoAnswer));
        if let Some((_, after)) = what.gives_up.filter(|(share, _)| happens(*share, &mut self.dice)) {
            self.due.set(now.mono + after.draw(&mut self.dice), (session, Step::GiveUp));
        }
        self.settle(now, tally);
    }

    /// The caller of this call hears a person.
    pub fn reached(&mut self, id: u32, at: u64, tally: &mut Tally) {
        let call = self.ids.get(&id).and_then(|session| self.calls.get_mut(session));
        if let Some(call) = call.filter(|call| !call.reached) {
            call.reached = true;
            tally.person.add(at.saturating_sub(call.intended));
        }
    }

    /// One message from the network.
    pub fn receive(&mut self, flow: Flow, bytes: Bytes, now: Now, tally: &mut Tally) {
        if let Some(since) = answered_bye(&bytes).and_then(|call| self.byes.remove(call)) {
            tally.byes_answered += 1;
            tally.bye.add(now.mono.saturating_sub(since));
        }
        self.endpoint.receive(flow, bytes, now);
        self.settle(now, tally);
    }

    /// A connection is lost, or nobody listens.
    pub fn flow_failed(&mut self, flow: Flow, now: Now, tally: &mut Tally) {
        self.endpoint.flow_failed(flow, now);
        self.settle(now, tally);
    }

    /// Does what is due.
    pub fn expire(&mut self, now: Now, tally: &mut Tally) {
        if self.endpoint.deadline().is_some_and(|at| at <= now.mono) {
            self.expiring = true;
            self.endpoint.expire(now);
            self.settle(now, tally);
            self.expiring = false;
        }
        while let Some((session, step)) = self.due.take(now.mono) {
            self.step(session, step, now, tally);
        }
    }

    /// When [`Self::expire`] must be called, µs.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        self.endpoint.deadline().into_iter().chain(self.due.deadline()).min()
    }

    /// The next thing to do.
    pub fn poll(&mut self) -> Option<Out> {
        self.out.pop_front()
    }

    /// Everybody hangs up.
    pub fn hang_up_all(&mut self, now: Now, tally: &mut Tally) {
        let all: Vec<SessionId> = self.calls.keys().copied().collect();
        for session in all {
            self.hang_up(session, Step::GiveUp, now, tally);
        }
        self.settle(now, tally);
    }

    fn step(&mut self, session: SessionId, step: Step, now: Now, tally: &mut Tally) {
        let Some(call) = self.calls.get_mut(&session) else { return };
        match step {
            Step::GiveUp if call.reached => {}
            Step::NoAnswer if call.answered => {}
            Step::HangUp | Step::GiveUp | Step::NoAnswer => self.hang_up(session, step, now, tally),
            Step::Press => {
                let keys = self.settings.scenario.kinds.get(call.kind).and_then(|k| k.keys.clone());
                if let Some((_, keys)) = keys {
                    self.out.push_back(Out::Sound(Order::Press { leg: leg(call.id), keys }));
                }
            }
            Step::Hold { for_ } => {
                let offer = call.negotiation.offer(Direction::SendOnly);
                self.endpoint.offer(session, offer, now);
                self.due.set(now.mono + for_, (session, Step::Resume));
            }
            Step::Resume => {
                let offer = call.negotiation.offer(Direction::SendRecv);
                self.endpoint.offer(session, offer, now);
            }
        }
        self.settle(now, tally);
    }

    /// Hangs up, by BYE or CANCEL. It is over for us: of a call that is given up the endpoint tells nothing more.
    fn hang_up(&mut self, session: SessionId, why: Step, now: Now, tally: &mut Tally) {
        let Some(call) = self.remove(session) else { return };
        let gave_up = why == Step::GiveUp;
        tally.abandoned += u64::from(gave_up);
        if call.answered {
            if let Some(call) = self.endpoint.call_id(session) {
                self.byes.insert(call, now.mono);
                tally.byes += 1;
            }
        } else if gave_up {
            tally.as_expected += 1;
        } else {
            tally.timeouts += 1;
            let title = self.title(call.kind).to_owned();
            tally.fail(&title);
        }
        self.endpoint.hang_up(session, b"", now);
    }

    fn remove(&mut self, session: SessionId) -> Option<Call> {
        let call = self.calls.remove(&session)?;
        self.ids.remove(&call.id);
        if self.numbers.get(&call.number) == Some(&session) {
            self.numbers.remove(&call.number);
        }
        self.out.push_back(Out::Sound(Order::Close { leg: leg(call.id) }));
        Some(call)
    }

    fn settle(&mut self, now: Now, tally: &mut Tally) {
        while let Some(output) = self.endpoint.poll() {
            match output {
                endpoint::Output::Send(flow, bytes) => {
                    tally.retransmissions += u64::from(self.expiring);
                    self.out.push_back(Out::Send(flow, bytes));
                }
                endpoint::Output::Event(event) => self.happened(event, now, tally),
            }
        }
    }

    fn happened(&mut self, event: Event, now: Now, tally: &mut Tally) {
        match event {
            Event::Progress { session, status, sdp } => {
                if let Some(call) = self.calls.get_mut(&session).filter(|c| status > 100 && !c.progressed) {
                    call.progressed = true;
                    tally.post_dial.add(now.mono.saturating_sub(call.intended));
                }
                self.agree(session, sdp.as_deref());
            }
            Event::Answered { session, sdp } => self.answered(session, sdp.as_deref(), now, tally),
            Event::OfferAnswered { session, sdp } => self.agree(session, Some(&sdp)),
            Event::Failed { session, status, by, .. } => self.failed(session, status, by, tally),
            Event::Ended { session, by, .. } => {
                if let Some(call) = self.remove(session) {
                    if by == EndedBy::Bye {
                        tally.ended_there += 1;
                    } else {
                        tally.broken += 1;
                        let title = self.title(call.kind).to_owned();
                        tally.fail(&title);
                    }
                }
            }
            Event::Offer { session, sdp } => self.offered(session, sdp, now),
            Event::Request(incoming) => {
                let status = if incoming.message.method_token() == b"OPTIONS" { 200 } else { 501 };
                self.endpoint.refuse(&incoming, status, b"");
            }
            Event::Refer { refer, .. } => self.endpoint.decline_refer(refer, 603, now),
            Event::Cancelled { .. }
            | Event::Pracked { .. }
            | Event::Confirmed { .. }
            | Event::OfferFailed { .. }
            | Event::Key { .. }
            | Event::ReferUnheard { .. }
            | Event::ReferAnswered { .. }
            | Event::Notified { .. }
            | Event::Probed { .. }
            | Event::Response { .. } => {}
        }
    }

    fn answered(&mut self, session: SessionId, sdp: Option<&[u8]>, now: Now, tally: &mut Tally) {
        let scenario = Arc::clone(&self.settings.scenario);
        let Some(call) = self.calls.get_mut(&session) else { return };
        let Some(kind) = scenario.kinds.get(call.kind) else { return };
        let after = now.mono.saturating_sub(call.intended);
        let leg = leg(call.id);
        call.answered = true;
        if !call.progressed {
            call.progressed = true;
            tally.post_dial.add(after);
        }
        tally.answer(&kind.title, 200, after);
        self.agree(session, sdp);
        self.out.push_back(Out::Sound(Order::Answered { leg, at: now.mono }));
        self.script(session, kind, now);
    }

    /// What this caller will do in his talk.
    fn script(&mut self, session: SessionId, kind: &Kind, now: Now) {
        let talk = kind.talk.draw(&mut self.dice);
        self.due.set(now.mono + talk, (session, Step::HangUp));
        if let Some((after, _)) = &kind.keys {
            self.due.set(now.mono + after.draw(&mut self.dice), (session, Step::Press));
        }
        if let Some((share, after, length)) = &kind.hold
            && happens(*share, &mut self.dice)
        {
            let for_ = length.draw(&mut self.dice);
            self.due.set(now.mono + after.draw(&mut self.dice), (session, Step::Hold { for_ }));
        }
    }

    fn failed(&mut self, session: SessionId, status: u16, by: FailedBy, tally: &mut Tally) {
        let Some(call) = self.remove(session) else { return };
        if by == FailedBy::Response {
            *tally.status.entry(status).or_default() += 1;
        } else if by == FailedBy::Timeout {
            tally.timeouts += 1;
        }
        let Some(kind) = self.settings.scenario.kinds.get(call.kind) else { return };
        if by == FailedBy::Response && kind.expect.contains(&status) {
            tally.as_expected += 1;
        } else {
            tally.fail(&kind.title);
        }
    }

    fn offered(&mut self, session: SessionId, sdp: Option<Bytes>, now: Now) {
        let Some(call) = self.calls.get_mut(&session) else { return };
        match sdp.map(|sdp| call.negotiation.answer(&sdp, None)) {
            Some(Ok((answer, agreed))) => {
                self.endpoint.answer(session, answer, now);
                self.tell(session, &agreed);
            }
            Some(Err(_)) => self.endpoint.refuse_offer(session, 488, now),
            None => {
                let offer = call.negotiation.offer(Direction::SendRecv);
                self.endpoint.answer(session, offer, now);
            }
        }
    }

    fn agree(&mut self, session: SessionId, sdp: Option<&[u8]>) {
        let Some(call) = self.calls.get_mut(&session) else { return };
        if let Some(Ok(agreed)) = sdp.map(|sdp| call.negotiation.take_answer(sdp)) {
            self.tell(session, &agreed);
        }
    }

    fn tell(&mut self, session: SessionId, agreed: &Agreed) {
        let Some(call) = self.calls.get(&session) else { return };
        let stream = stream(leg(call.id), call.socket, (Some(call.id), 0), agreed);
        self.out.push_back(Out::Sound(Order::Agree(Box::new(stream))));
    }
}

/// Of every endpoint of a flood: it says who it is.
#[must_use]
pub fn endpoint_settings() -> endpoint::Settings {
    let user_agent = concat!("switchboard-flood/", env!("CARGO_PKG_VERSION")).to_owned();
    endpoint::Settings { user_agent, ..endpoint::Settings::default() }
}

/// The leg of a caller.
fn leg(call: u32) -> LegId {
    call.wrapping_mul(2)
}

/// How a leg's sound goes after this agreement.
#[must_use]
pub fn stream(leg: LegId, socket: u16, (call, side): (Option<u32>, u8), agreed: &Agreed) -> Stream {
    Stream {
        leg,
        socket,
        call,
        side,
        payload_type: agreed.payload_type,
        telephone_event: agreed.telephone_event,
        to: agreed.remote_rtp.filter(|_| agreed.direction.sends()),
        from: agreed.remote_source.or(agreed.remote_rtp),
    }
}

/// The Call-ID of a final answer to a BYE; a header in its short form is not looked for.
fn answered_bye(bytes: &[u8]) -> Option<&[u8]> {
    let status = bytes.strip_prefix(b"SIP/2.0 ")?;
    if !(b'2'..=b'6').contains(status.first()?) {
        return None;
    }
    let value = |name: &[u8]| {
        let rest = bytes.get(memmem::find(bytes, name)? + name.len()..)?;
        Some(rest.get(..memchr::memchr(b'\r', rest)?)?.trim_ascii())
    };
    value(b"\r\nCSeq:")?.ends_with(b" BYE").then(|| value(b"\r\nCall-ID:")).flatten()
}

#[cfg(test)]
mod tests;
