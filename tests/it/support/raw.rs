//! A SIP peer written by hand: it says exactly what a test wants, when it wants.

use super::town::Town;
use std::fmt::Write as _;
use std::net::SocketAddr;
use switchboard::sip::message::Message;
use switchboard::sip::name::{Method, Name};
use switchboard::sip::wire;

/// A caller behind the carrier's trunk.
pub const CARRIER: ([u8; 4], u16) = ([127, 0, 0, 10], 7000);
/// The first emergency trunk: where 119 goes.
pub const FIRE: ([u8; 4], u16) = ([127, 0, 0, 30], 5060);

/// One address that is nobody's phone.
#[derive(Debug)]
pub struct Peer {
    pub at: SocketAddr,
    read: usize,
}

impl Peer {
    pub fn at(town: &Town, place: ([u8; 4], u16)) -> Self {
        Self { at: SocketAddr::from(place), read: town.sent.len() }
    }

    /// Sends and lets it arrive.
    pub fn says(&self, town: &mut Town, bytes: impl AsRef<[u8]>) {
        town.injects(self.at, bytes.as_ref());
        town.runs(0.01);
    }

    /// What it was sent since the last time, in the order in which it was sent: the wire may change that.
    pub fn hears(&mut self, town: &Town) -> Vec<Message> {
        let new = town.sent[self.read..].iter().filter(|(flow, _)| flow.peer == self.at);
        let new = new
            .map(|(_, b)| wire::parse(b.clone()).unwrap_or_else(|e| panic!("{e:?}: {}", String::from_utf8_lossy(b))));
        let new = new.collect();
        self.read = town.sent.len();
        new
    }

    /// The one message that has come since the last time.
    pub fn hears_one(&mut self, town: &Town) -> Message {
        let mut all = self.hears(town);
        assert_eq!(all.len(), 1, "{:?}\n{}", words(&all), town.trace.join("\n"));
        all.remove(0)
    }

    /// The start lines' methods and statuses of what has come since the last time.
    pub fn words(&mut self, town: &Town) -> Vec<String> {
        words(&self.hears(town))
    }
}

/// `INVITE`, `180 INVITE` …
pub fn words(messages: &[Message]) -> Vec<String> {
    let word = |m: &Message| match m.status() {
        Some(status) => format!("{status} {}", String::from_utf8_lossy(m.cseq().unwrap().method)),
        None => String::from_utf8_lossy(m.method_token()).into_owned(),
    };
    messages.iter().map(word).collect()
}

pub fn text(value: Option<&[u8]>) -> String {
    String::from_utf8_lossy(value.unwrap_or_default()).into_owned()
}

/// SDP of somebody at this RTP address.
pub fn sdp(ip: &str, port: u16) -> String {
    format!("v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP 8 0\r\n")
}

/// A request being written.
#[derive(Debug, Clone)]
pub struct Ask {
    pub method: &'static str,
    pub uri: String,
    pub at: SocketAddr,
    pub branch: String,
    pub from: String,
    pub to: String,
    pub call_id: String,
    pub cseq: u32,
    pub hops: u32,
    /// Further lines, each ended by CRLF.
    pub extra: String,
    pub content: &'static str,
    pub body: String,
}

impl Ask {
    /// A request outside any dialog, with an offer if it is an INVITE.
    pub fn new(method: &'static str, user: &str, at: SocketAddr) -> Self {
        let body = if method == "INVITE" { sdp(&at.ip().to_string(), 40_000) } else { String::new() };
        Self {
            method,
            uri: format!("sip:{user}@127.0.0.1:5070"),
            at,
            branch: format!("z9hG4bK-{method}-{user}-1"),
            from: format!("<sip:13900000001@{}>;tag=from1", at.ip()),
            to: format!("<sip:{user}@127.0.0.1>"),
            call_id: format!("call-{user}@{}", at.ip()),
            cseq: 1,
            hops: 70,
            extra: String::new(),
            content: "application/sdp",
            body,
        }
    }

    pub fn with(mut self, line: &str) -> Self {
        let _ = write!(self.extra, "{line}\r\n");
        self
    }

    pub fn without_offer(mut self) -> Self {
        self.body.clear();
        self
    }

    pub fn offering(mut self, body: String) -> Self {
        self.body = body;
        self
    }

    /// A further request inside the dialog that `response` made; `step` tells its CSeq and branch apart.
    pub fn within(&self, method: &'static str, response: &Message, step: u32) -> Self {
        let uri = response.contact().map_or_else(|| self.uri.clone(), |c| text(Some(c.uri)));
        Self {
            method,
            uri,
            branch: format!("{}-{method}-{step}", self.branch),
            to: text(response.value(Name::To)),
            cseq: self.cseq + step,
            extra: String::new(),
            body: String::new(),
            ..self.clone()
        }
    }

    /// The ACK of a 2xx.
    pub fn ack(&self, response: &Message) -> Self {
        let mut ack = self.within("ACK", response, 0);
        ack.branch = format!("{}-ack-{}", self.branch, self.cseq);
        ack
    }

    /// The CANCEL of this INVITE, or the ACK of its refusal: the same branch.
    pub fn same_branch(&self, method: &'static str, to: Option<&Message>) -> Self {
        let to = to.map_or_else(|| self.to.clone(), |m| text(m.value(Name::To)));
        Self { method, to, extra: String::new(), body: String::new(), ..self.clone() }
    }
}

impl AsRef<Ask> for Ask {
    fn as_ref(&self) -> &Ask {
        self
    }
}

impl Ask {
    pub fn write(&self) -> Vec<u8> {
        let Self { method, uri, at, branch, from, to, call_id, cseq, hops, extra, content, body } = self;
        let mut out = format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {at};branch={branch};rport\r\nMax-Forwards: {hops}\r\n\
             From: {from}\r\nTo: {to}\r\nCall-ID: {call_id}\r\nCSeq: {cseq} {method}\r\n"
        );
        if !extra.contains("Contact:") && *method != "CANCEL" && *method != "ACK" {
            let _ = write!(out, "Contact: <sip:13900000001@{at}>\r\n");
        }
        out.push_str(extra);
        if !body.is_empty() {
            let _ = write!(out, "Content-Type: {content}\r\n");
        }
        let _ = write!(out, "Content-Length: {}\r\n\r\n{body}", body.len());
        out.into_bytes()
    }
}

/// A response to a request of the exchange.
pub fn answer(request: &Message, at: SocketAddr, status: u16, tag: &str, extra: &str, body: &str) -> Vec<u8> {
    let mut out = format!("SIP/2.0 {status} x\r\n");
    for via in request.values(Name::Via) {
        let _ = write!(out, "Via: {}\r\n", String::from_utf8_lossy(via));
    }
    let to = text(request.value(Name::To));
    let tag = if tag.is_empty() || to.contains(";tag=") { String::new() } else { format!(";tag={tag}") };
    let _ = write!(
        out,
        "From: {}\r\nTo: {to}{tag}\r\nCall-ID: {}\r\nCSeq: {}\r\n",
        text(request.value(Name::From)),
        text(request.value(Name::CallId)),
        text(request.value(Name::CSeq))
    );
    if matches!(request.method(), Some(Method::Invite | Method::Update)) && status > 100 && !extra.contains("Contact:")
    {
        let _ = write!(out, "Contact: <sip:far@{at}>\r\n");
    }
    out.push_str(extra);
    if !body.is_empty() {
        out.push_str("Content-Type: application/sdp\r\n");
    }
    let _ = write!(out, "Content-Length: {}\r\n\r\n{body}", body.len());
    out.into_bytes()
}

/// The branch of the topmost Via.
pub fn branch(message: &Message) -> String {
    text(message.via().map(|v| v.branch()))
}
