//! Sessions whole: every state × everything that can come in from the wire and every verb of the user, in virtual time.

use super::{Outgoing, ReferId, ReferTo, SessionId, State};
use crate::clock::Now;
use crate::sip::endpoint::{Endpoint, Event, Output, Settings};
use crate::sip::flow::{Flow, Transport};
use crate::sip::message::Message;
use crate::sip::name::Name;
use crate::sip::wire;
use bytes::Bytes;
use std::fmt::Write as _;

pub(super) const FLOW: Flow = Flow {
    transport: Transport::Udp,
    local: std::net::SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 5070),
    peer: std::net::SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 2)), 5060),
    connection: 0,
};

/// How the session under test came to where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    Called { offer: bool, reliable: bool },
    Calling,
}

/// A session in a state, with what is needed to speak to it.
pub(super) struct Scene {
    pub(super) endpoint: Endpoint,
    pub(super) now: Now,
    pub(super) id: SessionId,
    /// Our INVITE, or theirs.
    pub(super) invite: Message,
    /// Our tag.
    pub(super) tag: String,
    /// RSeq of our last reliable 1xx.
    pub(super) rseq: u32,
    pub(super) cseq: u32,
    /// Our last request but ACK.
    pub(super) ours: Option<Message>,
    /// Their last REFER.
    pub(super) refer: Option<ReferId>,
}

pub(super) fn text(value: Option<&[u8]>) -> String {
    String::from_utf8_lossy(value.unwrap_or_default()).into_owned()
}

pub(super) fn parsed(bytes: impl Into<Vec<u8>>) -> Message {
    wire::parse(Bytes::from(bytes.into())).expect("a message")
}

impl Scene {
    pub(super) fn new(origin: Origin) -> Self {
        let settings = Settings { session_expires: 0, ..Settings::default() };
        let mut endpoint = Endpoint::new(settings, [7; 32]);
        let now = Now::default().plus(1_000_000);
        match origin {
            Origin::Called { offer, reliable } => {
                let body = if offer { "v=0\r\n" } else { "" };
                let supported = if reliable { "Supported: 100rel\r\n" } else { "" };
                let invite = parsed(format!(
                    "INVITE sip:1@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.2:5060;branch=z9hG4bKi\r\nFrom: <sip:a@b>;tag=theirs\r\n\
                     To: <sip:1@127.0.0.1>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\nContact: <sip:a@127.0.0.2:5060>\r\n{supported}Content-Length: {}\r\n\r\n{body}",
                    body.len()
                ));
                endpoint.receive(FLOW, invite.bytes().clone(), now);
                let mut admitted = None;
                while let Some(output) = endpoint.poll() {
                    if let Output::Event(Event::Request(incoming)) = output {
                        admitted = Some(*incoming);
                    }
                }
                let id = endpoint.admit(admitted.expect("a request"), false, now);
                let tag = endpoint.session(id).map(|s| s.dialog.local_tag.to_string()).unwrap_or_default();
                let mut scene = Self { endpoint, now, id, invite, tag, rseq: 0, cseq: 1, ours: None, refer: None };
                scene.drain();
                scene
            }
            Origin::Calling => {
                let outgoing = Outgoing {
                    flow: FLOW,
                    uri: Bytes::from_static(b"sip:2@127.0.0.2"),
                    from: Bytes::from_static(b"<sip:1@127.0.0.1>"),
                    to: Bytes::from_static(b"<sip:2@127.0.0.2>"),
                    sdp: Bytes::from_static(b"v=0\r\n"),
                    other_sdp: None,
                    max_forwards: 70,
                    extra: Bytes::new(),
                    credentials: None,
                    by_flow: false,
                    session_expires: 0,
                };
                let id = endpoint.connect(outgoing, now);
                let Some(Output::Send(_, bytes)) = endpoint.poll() else { panic!("an INVITE") };
                let invite = wire::parse(bytes).expect("an INVITE");
                let tag = text(invite.from_tag());
                Self { endpoint, now, id, invite, tag, rseq: 0, cseq: 0, ours: None, refer: None }
            }
        }
    }

    pub(super) fn called(&self) -> bool {
        self.invite.from_tag() == Some(b"theirs")
    }

    /// What left and what was reported since the last time.
    pub(super) fn drain(&mut self) -> String {
        let mut out = Vec::new();
        while let Some(output) = self.endpoint.poll() {
            match output {
                Output::Send(_, bytes) => {
                    let m = wire::parse(bytes).expect("we send what parses");
                    self.rseq = m.number(Name::RSeq).unwrap_or(self.rseq);
                    let body = match m.body() {
                        b"" => String::new(),
                        b if b.starts_with(b"SIP/2.0 ") => format!("+{}", String::from_utf8_lossy(&b[8..11])),
                        b if b.starts_with(b"Signal") => "+key".to_owned(),
                        _ => "+SDP".to_owned(),
                    };
                    if m.method().is_some_and(|m| m != crate::sip::name::Method::Ack) {
                        self.ours = Some(m.clone());
                    }
                    let method = text(m.cseq().map(|c| c.method));
                    out.push(match m.status() {
                        Some(status) => format!("{status}/{method}{body}"),
                        None => format!("{method}{body}"),
                    });
                }
                Output::Event(event) => {
                    if let Event::Refer { refer, .. } = &event {
                        self.refer = Some(*refer);
                    }
                    out.push(word(&event));
                }
            }
        }
        if out.is_empty() { "-".into() } else { out.join(" ") }
    }

    /// A request of the other side inside the dialog.
    pub(super) fn request(&mut self, method: &str, lines: &str, body: &str) {
        self.cseq += 1;
        let cseq = if matches!(method, "ACK" | "CANCEL") { 1 } else { self.cseq };
        let branch = if method == "CANCEL" { "z9hG4bKi".to_owned() } else { format!("z9hG4bK{method}{cseq}") };
        let (from, to) = if self.called() {
            ("<sip:a@b>;tag=theirs".to_owned(), format!("<sip:1@127.0.0.1>;tag={}", self.tag))
        } else {
            ("<sip:2@127.0.0.2>;tag=far".to_owned(), format!("<sip:1@127.0.0.1>;tag={}", self.tag))
        };
        let to = if method == "CANCEL" { "<sip:1@127.0.0.1>".to_owned() } else { to };
        let message = format!(
            "{method} sip:127.0.0.1:5070 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.2:5060;branch={branch}\r\nFrom: {from}\r\nTo: {to}\r\n\
             Call-ID: {}\r\nCSeq: {cseq} {method}\r\nContact: <sip:a@127.0.0.2:5060>\r\n{lines}Content-Length: {}\r\n\r\n{body}",
            text(Some(self.invite.call_id())),
            body.len()
        );
        self.endpoint.receive(FLOW, message.into(), self.now);
    }

    /// A response of the other side to our INVITE.
    pub(super) fn response(&mut self, status: u16, tag: &str, lines: &str, body: &str) {
        let tag = if tag.is_empty() { String::new() } else { format!(";tag={tag}") };
        let message = format!(
            "SIP/2.0 {status} x\r\nVia: {}\r\nFrom: {}\r\nTo: <sip:2@127.0.0.2>{tag}\r\nCall-ID: {}\r\nCSeq: {}\r\nContact: <sip:2@127.0.0.2:5060>\r\n\
             {lines}Content-Length: {}\r\n\r\n{body}",
            text(self.invite.value(Name::Via)),
            text(self.invite.value(Name::From)),
            text(Some(self.invite.call_id())),
            text(self.invite.value(Name::CSeq)),
            body.len()
        );
        self.endpoint.receive(FLOW, message.into(), self.now);
    }

    /// The other side answers our last request.
    pub(super) fn reply(&mut self, status: u16, lines: &str) {
        let ours = self.ours.take().expect("a request of ours");
        let message = format!(
            "SIP/2.0 {status} x\r\nVia: {}\r\nFrom: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {}\r\n{lines}Content-Length: 0\r\n\r\n",
            text(ours.value(Name::Via)),
            text(ours.value(Name::From)),
            text(ours.value(Name::To)),
            text(Some(ours.call_id())),
            text(ours.value(Name::CSeq)),
        );
        self.endpoint.receive(FLOW, message.into(), self.now);
    }

    /// A REFER of the other side, and what it led to; our REFER's id is kept.
    pub(super) fn refers(&mut self, lines: &str) -> String {
        self.request("REFER", &format!("Refer-To: <sip:110@127.0.0.2>\r\n{lines}"), "");
        self.drain()
    }

    pub(super) fn accept(&mut self) -> String {
        let refer = self.refer.expect("a REFER");
        self.endpoint.accept_refer(refer, self.now);
        self.drain()
    }

    pub(super) fn report(&mut self, status: u16) -> String {
        let refer = self.refer.expect("a REFER");
        self.endpoint.report_refer(refer, status, self.now);
        self.drain()
    }

    /// An INVITE of a third party that wants to take the place of this session.
    pub(super) fn replacing(&mut self, lines: &str) {
        let session = self.endpoint.session(self.id).map(|s| s.dialog.clone());
        let (call_id, local, remote) = match session {
            Some(d) => (text(Some(&d.call_id)), d.local_tag.to_string(), text(Some(&d.remote_tag))),
            None => (text(Some(self.invite.call_id())), self.tag.clone(), "far".to_owned()),
        };
        let invite = parsed(format!(
            "INVITE sip:1@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.2:5060;branch=z9hG4bKr\r\nFrom: <sip:z@b>;tag=third\r\nTo: <sip:1@127.0.0.1>\r\n\
             Call-ID: other\r\nCSeq: 1 INVITE\r\nContact: <sip:z@127.0.0.2:5060>\r\nReplaces: {call_id};to-tag={local};from-tag={remote}{lines}\r\n\
             Content-Length: 0\r\n\r\n"
        ));
        let incoming = crate::sip::endpoint::Incoming { flow: FLOW, message: invite };
        match self.endpoint.replaced(&incoming) {
            Ok(found) => {
                assert_eq!(found, Some(self.id));
                self.endpoint.refuse(&incoming, 200, b"");
            }
            Err(no) => self.endpoint.refuse(&incoming, no.status, b""),
        }
    }

    /// Lets time pass, doing what is due.
    pub(super) fn wait(&mut self, seconds: u64) {
        let until = self.now.plus(seconds * 1_000_000);
        while let Some(at) = self.endpoint.deadline().filter(|at| *at <= until.mono) {
            self.now = self.now.plus(at.saturating_sub(self.now.mono));
            self.endpoint.expire(self.now);
        }
        self.now = until;
    }
}

fn word(event: &Event) -> String {
    let with = |name: &str, sdp: &Option<Bytes>| format!("[{name}{}]", if sdp.is_some() { "+SDP" } else { "" });
    match event {
        Event::Request(_) => "[Request]".into(),
        Event::Cancelled { .. } => "[Cancelled]".into(),
        Event::Pracked { sdp, .. } => with("Pracked", sdp),
        Event::Confirmed { sdp, .. } => with("Confirmed", sdp),
        Event::Progress { status, sdp, .. } => with(&format!("Progress {status}"), sdp),
        Event::Answered { sdp, .. } => with("Answered", sdp),
        Event::Failed { status, by, .. } => format!("[Failed {status} {by:?}]"),
        Event::Offer { sdp, .. } => with("Offer", sdp),
        Event::OfferAnswered { .. } => "[OfferAnswered]".into(),
        Event::OfferFailed { status, .. } => format!("[OfferFailed {status}]"),
        Event::Key { key, .. } => format!("[Key {key}]"),
        Event::Refer { .. } => "[Refer]".into(),
        Event::ReferUnheard { .. } => "[ReferUnheard]".into(),
        Event::ReferAnswered { status, .. } => format!("[ReferAnswered {status}]"),
        Event::Notified { status, over, .. } => format!("[Notified {status}{}]", if *over { " over" } else { "" }),
        Event::Probed { alive, .. } => format!("[Probed {}]", if *alive { "alive" } else { "dead" }),
        Event::Ended { by, .. } => format!("[Ended {by:?}]"),
        Event::Response { status, .. } => format!("[Response {status}]"),
    }
}

type Step = fn(&mut Scene);

pub(super) const SDP: &str = "v=0\r\n";

fn sdp() -> Option<Bytes> {
    Some(Bytes::from_static(SDP.as_bytes()))
}

/// How each state is reached.
const STATES: [(&str, Origin, Step); 13] = [
    ("Incoming", Origin::Called { offer: true, reliable: false }, |_| {}),
    ("Incoming, no offer", Origin::Called { offer: false, reliable: false }, |_| {}),
    ("Incoming, 183 awaits PRACK", Origin::Called { offer: true, reliable: true }, |s| {
        s.endpoint.progress(s.id, 183, sdp(), b"", s.now);
    }),
    ("Incoming, our offer awaits PRACK", Origin::Called { offer: false, reliable: true }, |s| {
        s.endpoint.progress(s.id, 183, sdp(), b"", s.now);
    }),
    ("Incoming, 200 behind the PRACK", Origin::Called { offer: true, reliable: true }, |s| {
        s.endpoint.progress(s.id, 183, sdp(), b"", s.now);
        s.endpoint.accept(s.id, None, b"", s.now);
    }),
    ("Answered", Origin::Called { offer: true, reliable: false }, |s| s.endpoint.accept(s.id, sdp(), b"", s.now)),
    ("Answered, our offer", Origin::Called { offer: false, reliable: false }, |s| {
        s.endpoint.accept(s.id, sdp(), b"", s.now)
    }),
    ("Calling", Origin::Calling, |_| {}),
    ("Early", Origin::Calling, |s| s.response(180, "far", "", "")),
    ("Cancelling", Origin::Calling, |s| {
        s.response(180, "far", "", "");
        s.endpoint.hang_up(s.id, b"", s.now);
    }),
    ("Confirmed", Origin::Calling, |s| s.response(200, "far", "", SDP)),
    ("Confirmed, their offer open", Origin::Calling, |s| {
        s.response(200, "far", "", SDP);
        s.request("INVITE", "", SDP);
    }),
    ("Confirmed, our offer open", Origin::Calling, |s| {
        s.response(200, "far", "", SDP);
        s.endpoint.offer(s.id, Bytes::from_static(SDP.as_bytes()), s.now);
    }),
];

/// Verbs of the user, requests and responses of the other side, time.
const INPUTS: [(&str, Step); 50] = [
    ("progress 180", |s| s.endpoint.progress(s.id, 180, None, b"", s.now)),
    ("progress 183+SDP", |s| s.endpoint.progress(s.id, 183, sdp(), b"", s.now)),
    ("accept", |s| s.endpoint.accept(s.id, sdp(), b"", s.now)),
    ("reject 486", |s| s.endpoint.reject(s.id, 486, b"", s.now)),
    ("hang_up", |s| s.endpoint.hang_up(s.id, b"", s.now)),
    ("offer", |s| s.endpoint.offer(s.id, Bytes::from_static(SDP.as_bytes()), s.now)),
    ("answer", |s| s.endpoint.answer(s.id, Bytes::from_static(SDP.as_bytes()), s.now)),
    ("refuse_offer 488", |s| s.endpoint.refuse_offer(s.id, 488, s.now)),
    ("INVITE again", |s| s.endpoint.receive(FLOW, s.invite.bytes().clone(), s.now)),
    ("CANCEL", |s| s.request("CANCEL", "", "")),
    ("ACK", |s| s.request("ACK", "", "")),
    ("ACK+SDP", |s| s.request("ACK", "", SDP)),
    ("BYE", |s| s.request("BYE", "", "")),
    ("re-INVITE+SDP", |s| s.request("INVITE", "", SDP)),
    ("re-INVITE", |s| s.request("INVITE", "", "")),
    ("UPDATE+SDP", |s| s.request("UPDATE", "", SDP)),
    ("UPDATE", |s| s.request("UPDATE", "", "")),
    ("PRACK", |s| s.request("PRACK", &format!("RAck: {} 1 INVITE\r\n", s.rseq), "")),
    ("PRACK+SDP", |s| s.request("PRACK", &format!("RAck: {} 1 INVITE\r\n", s.rseq), SDP)),
    ("PRACK of another", |s| s.request("PRACK", &format!("RAck: {} 1 INVITE\r\n", s.rseq + 7), "")),
    ("INFO", |s| s.request("INFO", "", "")),
    ("INFO, a key", |s| s.request("INFO", "Content-Type: application/dtmf-relay\r\n", "Signal=5\r\nDuration=160\r\n")),
    ("INFO, unknown", |s| s.request("INFO", "Content-Type: text/x\r\n", "x")),
    ("INFO, package", |s| s.request("INFO", "Info-Package: x\r\n", "")),
    ("REFER to nobody", |s| s.request("REFER", "", "")),
    ("REFER", |s| s.request("REFER", "Refer-To: <sip:110@127.0.0.2>\r\n", "")),
    ("REFER, accepted", |s| {
        if s.refers("").contains("[Refer]") {
            s.endpoint.accept_refer(s.refer.expect("a REFER"), s.now);
        }
    }),
    ("REFER, then BYE", |s| {
        if s.refers("").contains("[Refer]") {
            s.request("BYE", "", "");
        }
    }),
    ("NOTIFY", |s| {
        let lines = "Event: refer\r\nSubscription-State: active\r\nContent-Type: message/sipfrag\r\n";
        s.request("NOTIFY", lines, "SIP/2.0 100 Trying\r\n");
    }),
    ("NOTIFY of presence", |s| s.request("NOTIFY", "Event: presence\r\n", "")),
    ("SUBSCRIBE", |s| s.request("SUBSCRIBE", "Event: refer\r\n", "")),
    ("OPTIONS", |s| s.request("OPTIONS", "", "")),
    ("Replaces inside", |s| s.request("INVITE", "Replaces: a;to-tag=1;from-tag=2\r\n", SDP)),
    ("INVITE replaces", |s| s.replacing("")),
    ("INVITE replaces early", |s| s.replacing(";early-only")),
    ("refer", |s| {
        let to = ReferTo { uri: "sip:110@127.0.0.2".into(), replaces: s.endpoint.replaces_of(s.id) };
        s.endpoint.refer(s.id, &to, false, s.now);
    }),
    ("info_digits", |s| s.endpoint.info_digits(s.id, "5", s.now)),
    ("probe", |s| s.endpoint.probe(s.id, s.now)),
    ("probe, 5 s pass", |s| {
        s.endpoint.probe(s.id, s.now);
        s.wait(5);
    }),
    ("CSeq too low", |s| {
        s.cseq = s.cseq.saturating_sub(1);
        s.cseq = if s.called() { 0 } else { s.cseq };
        s.request("INFO", "", "");
    }),
    ("100", |s| s.response(100, "", "", "")),
    ("180", |s| s.response(180, "far", "", "")),
    ("183+SDP reliable", |s| s.response(183, "far", "Require: 100rel\r\nRSeq: 5\r\n", SDP)),
    ("200+SDP", |s| s.response(200, "far", "", SDP)),
    ("200+SDP of a fork", |s| s.response(200, "fork", "", SDP)),
    ("401", |s| s.response(401, "far", "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\r\n", "")),
    ("486", |s| s.response(486, "far", "", "")),
    ("487", |s| s.response(487, "far", "", "")),
    ("transport fails", |s| s.endpoint.flow_failed(FLOW, s.now)),
    ("33 s pass", |s| s.wait(33)),
];

fn state(scene: &Scene) -> String {
    match scene.endpoint.state(scene.id) {
        Some(State::Cancelling) => "Cancelling".into(),
        Some(state) => format!("{state:?}"),
        None => "gone".into(),
    }
}

#[test]
fn every_state_meets_every_input() {
    let mut table = String::new();
    for (name, origin, reach) in STATES {
        let _ = writeln!(table, "== {name} ==");
        for (input, step) in INPUTS {
            let mut scene = Scene::new(origin);
            reach(&mut scene);
            scene.drain();
            let before = state(&scene);
            step(&mut scene);
            let (after, done) = (state(&scene), scene.drain());
            if after == before && done == "-" {
                let _ = writeln!(table, "{input:18} ignored");
            } else {
                let change = if after == before { "=".to_owned() } else { format!("-> {after}") };
                let _ = writeln!(table, "{input:18} {change:13} {done}");
            }
        }
    }
    insta::assert_snapshot!(table);
}

/// Whatever happened, time empties the endpoint: nobody waits for ever (sessions that stand are hung up first).
#[test]
fn after_every_input_the_endpoint_empties() {
    for (name, origin, reach) in STATES {
        for (input, step) in INPUTS {
            let mut scene = Scene::new(origin);
            reach(&mut scene);
            step(&mut scene);
            scene.endpoint.hang_up(scene.id, b"", scene.now);
            scene.wait(200);
            // A session that is called and is never answered ends with its call, which lives above.
            assert_eq!(scene.endpoint.live(), (0, 0), "{name}, {input}");
        }
    }
}

/// An offer made while another one is under way is neither sent across it nor lost (RFC 3261 §14.1).
#[test]
fn a_second_offer_waits_for_the_first() {
    for (status, body) in [(200, SDP), (488, ""), (491, "")] {
        let mut scene = Scene::new(Origin::Calling);
        scene.response(200, "far", "", SDP);
        scene.drain();
        scene.endpoint.offer(scene.id, Bytes::from_static(b"v=0\r\n"), scene.now);
        let Some(Output::Send(_, first)) = scene.endpoint.poll() else { panic!("a re-INVITE") };
        scene.endpoint.offer(scene.id, Bytes::from_static(b"v=0\r\ns=second\r\n"), scene.now);
        assert_eq!(scene.drain(), "-");
        scene.invite = wire::parse(first).expect("a re-INVITE");
        scene.response(status, "far", "", body);
        scene.drain();
        let mut second = Vec::new();
        let until = scene.now.plus(5_000_000);
        while let Some(at) = scene.endpoint.deadline().filter(|at| *at <= until.mono) {
            scene.now = scene.now.plus(at.saturating_sub(scene.now.mono));
            scene.endpoint.expire(scene.now);
            while let Some(output) = scene.endpoint.poll() {
                if let Output::Send(_, bytes) = output {
                    second.push(wire::parse(bytes).expect("a message"));
                }
            }
        }
        let second = second.iter().find(|m| m.cseq().is_some_and(|c| c.method == b"INVITE" && c.number == 3));
        assert_eq!(second.map(Message::body), Some(&b"v=0\r\ns=second\r\n"[..]), "after {status}");
    }
}

/// A slice of a datagram keeps all of it: a session that stands has copied what it needs.
#[test]
fn a_session_that_stands_keeps_no_datagram() {
    let Scene { mut endpoint, id, now, invite, .. } = Scene::new(Origin::Called { offer: true, reliable: false });
    let theirs = invite.bytes().clone();
    drop(invite);
    endpoint.accept(id, Some(Bytes::from_static(b"v=0\r\n")), b"", now);
    while endpoint.poll().is_some() {}
    assert!(theirs.is_unique(), "their INVITE is kept");

    let mut calling = Scene::new(Origin::Calling);
    let (branch, call_id) = (text(calling.invite.value(Name::Via)), text(calling.invite.value(Name::CallId)));
    let (from, cseq) = (text(calling.invite.value(Name::From)), text(calling.invite.value(Name::CSeq)));
    let answer = Bytes::from(format!(
        "SIP/2.0 200 OK\r\nVia: {branch}\r\nFrom: {from}\r\nTo: <sip:2@127.0.0.2>;tag=far\r\nCall-ID: {call_id}\r\nCSeq: {cseq}\r\n\
         Contact: <sip:2@127.0.0.2:5060>\r\nContent-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n"
    ));
    let now = calling.now;
    calling.endpoint.receive(FLOW, answer.clone(), now);
    calling.drain();
    assert_eq!(calling.endpoint.live(), (1, 1));
    assert!(answer.is_unique(), "the answer to our INVITE is kept");
}

#[test]
fn a_far_side_that_forks_without_end_makes_nothing_grow() {
    let mut scene = Scene::new(Origin::Calling);
    for branch in 0..1_000 {
        scene.response(180, &format!("t{branch}"), "Require: 100rel\r\nRSeq: 1\r\n", "");
    }
    scene.drain();
    assert_eq!(scene.endpoint.session(scene.id).map(|s| s.early.len()), Some(32));
    assert_eq!(scene.endpoint.live(), (1, 1 + 32), "the INVITE and a PRACK for each branch");
    for branch in 0..1_000 {
        scene.response(200, &format!("t{branch}"), "", "");
    }
    scene.drain();
    assert_eq!(scene.endpoint.live(), (1, 1 + 32 + 32), "and a BYE for each that nobody wants");
}

#[test]
fn requests_in_a_dialog_without_end_stop_at_the_bound_and_the_call_can_still_end() {
    let mut scene = Scene::new(Origin::Called { offer: true, reliable: false });
    scene.endpoint.accept(scene.id, Some(Bytes::from_static(b"v=0\r\n")), b"", scene.now);
    scene.request("ACK", "", "");
    scene.endpoint.settings.transactions = 100;
    for _ in 0..1_000 {
        scene.request("INFO", "", "");
    }
    scene.drain();
    assert_eq!(scene.endpoint.live(), (1, 100));
    scene.request("BYE", "", "");
    assert!(scene.drain().contains("200/BYE"));
    assert_eq!(scene.endpoint.live().0, 0);
}
