//! What every byte from outside goes through, one function a door: it may refuse, it may not panic, and what it says holds.
//!
//! libFuzzer (`fuzz/`), the kept corpora and the mutated ones of `make test` all call these same functions, so this file names
//! nothing but the crate and what the crate itself is made of.

use bytes::Bytes;
use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, LazyLock};
use switchboard::admin::Order;
use switchboard::browser::stun::{self, Check};
use switchboard::browser::{Identity, Peer};
use switchboard::clock::{MILLI, Now, SECOND};
use switchboard::dialplan::number::known_scheme;
use switchboard::dialplan::{self, Digits, Known, Numbering, Plan, Source};
use switchboard::exchange::Command;
use switchboard::fact::Lang;
use switchboard::id::CallRef;
use switchboard::key::{Fingerprint, Ice};
use switchboard::media::{Engine, Outlet};
use switchboard::patch;
use switchboard::rtp::jitter::FRAME;
use switchboard::rtp::telephone_event::{Presses, TelephoneEvent, code};
use switchboard::rtp::{Jitter, View, rtcp};
use switchboard::sdp::{Direction, Door, Local, Negotiation};
use switchboard::sip::auth::{Password, Realm, Verdict, client};
use switchboard::sip::endpoint::{Endpoint, Event, Output, Settings};
use switchboard::sip::flow::{Flow, Transport};
use switchboard::sip::header::{self, NameAddr, Via};
use switchboard::sip::message::Message;
use switchboard::sip::name::Name;
use switchboard::sip::uri::{self, Uri};
use switchboard::sip::wire;
use switchboard::transport::frame::{Frame, Framer};
use switchboard::transport::websocket::{Guest, Held};
use switchboard::transport::{self, Received, Transports};
use switchboard::web::Action;

/// A door: its name, which is also its corpus's and its fuzz target's, and what is done with the bytes.
pub type Target = (&'static str, fn(&[u8]));

/// All doors.
pub const TARGETS: [Target; 13] = [
    ("framing", framing),
    ("message", message),
    ("uri", uri_and_number),
    ("endpoint", endpoint),
    ("sdp", sdp),
    ("rtp", rtp),
    ("telephone_event", telephone_event),
    ("digest", digest),
    ("dialplan", dialplan_file),
    ("api", api),
    ("stun", stun),
    ("dtls", dtls),
    ("websocket", websocket),
];

/// A check for user `00000001abcdefgh` with password `0123456789abcdefghijklmn`, as rtc-stun has written it.
const CHECK: &[u8] = include_bytes!("../../../fuzz/corpus/stun/ours");

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// 2021-12-15 10:00 in Fuzhou.
const WALL: i64 = 1_639_533_600_000_000;

/// The longest message of the framing door.
const LIMIT: usize = 4096;

/// What a stream gives in pieces of `step` bytes, and whether it is broken off.
fn frames(stream: &[u8], step: usize) -> (Vec<Frame>, bool) {
    let mut framer = Framer::new(LIMIT);
    let mut out = Vec::new();
    for piece in stream.chunks(step.max(1)) {
        framer.push(piece);
        while let Some(frame) = framer.poll() {
            match frame {
                Ok(frame) => out.push(frame),
                Err(error) => {
                    assert_eq!(framer.poll(), Some(Err(error)), "an error is for good");
                    return (out, true);
                }
            }
        }
    }
    (out, false)
}

/// A stream over TCP: the first byte says how it is cut.
pub fn framing(data: &[u8]) {
    let Some((step, stream)) = data.split_first() else { return };
    let whole = frames(stream, stream.len());
    assert_eq!(whole, frames(stream, usize::from(*step)), "cutting changes nothing");
    let total: usize = whole.0.iter().map(|f| if let Frame::Message(m) = f { m.len() } else { 4 }).sum();
    assert!(total <= stream.len(), "nothing is made up");
    for frame in whole.0 {
        let Frame::Message(bytes) = frame else { continue };
        assert!(bytes.len() <= LIMIT);
        // Both readers of Content-Length agree on where a message ends.
        if let Ok(message) = wire::parse(bytes.clone()) {
            // A head of bare line feeds ends earlier for the one than for the other.
            let head = message.body().as_ptr() as usize - message.bytes().as_ptr() as usize;
            let crlf = message.bytes().get(..head).is_some_and(|h| h.ends_with(b"\r\n\r\n"));
            assert!(!crlf || message.bytes().ends_with(message.body()), "the body ends with the frame");
        }
    }
}

const NAMES: [Name; 14] = [
    Name::Via,
    Name::From,
    Name::To,
    Name::CallId,
    Name::CSeq,
    Name::Contact,
    Name::Route,
    Name::RecordRoute,
    Name::ContentLength,
    Name::ContentType,
    Name::MaxForwards,
    Name::Reason,
    Name::SessionExpires,
    Name::RAck,
];

/// Every reader of a message that was indexed.
fn read(message: &Message) {
    for name in NAMES {
        for value in message.values(name) {
            assert!(!value.contains(&b'\n'), "a value stands on one line");
            let _ = (NameAddr::read(value), Via::read(value), header::rack(value), header::host_port(value));
        }
        for element in message.elements(name) {
            assert!(element.len() <= message.bytes().len());
        }
        let _ = (message.number(name), message.value(name), message.lists(name, "100rel"));
    }
    let _ = (message.cseq().map(|c| c.known_method()), message.from_tag(), message.to_tag(), message.contact());
    let _ = (message.other("x"), header::q850(message.values(Name::Reason)));
    assert!(message.body().len() <= message.bytes().len());
    if let Some(sdp) = message.sdp() {
        assert!(sdp.len() <= message.body().len());
    }
}

/// One datagram: the index of its headers.
pub fn message(data: &[u8]) {
    match wire::parse(Bytes::copy_from_slice(data)) {
        Ok(message) => {
            assert!(message.via().is_some() && message.cseq().is_some() && !message.call_id().is_empty());
            assert!(message.from().is_some() && message.to().is_some());
            assert_ne!(message.method().is_some(), message.status().is_some(), "a request or a response");
            read(&message);
            let stray = |name: &Name| message.values(*name).any(|value| value.contains(&b'\r'));
            assert!(!NAMES.iter().any(stray), "no end of a line inside one");
            let again = wire::parse(message.bytes().clone()).expect("what was read once is read again");
            assert_eq!(again.body(), message.body());
            assert_eq!(again.call_id(), message.call_id());
        }
        Err(broken) => {
            assert!(broken.error.status().is_none_or(|s| matches!(s, 400 | 505 | 513)));
            if let Some(message) = broken.message {
                read(&message);
            }
        }
    }
}

/// A request-URI: its parts, and the number in it.
pub fn uri_and_number(data: &[u8]) {
    if let Some(read) = Uri::read(data) {
        // One that says a parameter twice is no URI, and equals nothing.
        let mut names: Vec<Vec<u8>> = read.params.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
        let many = names.len();
        names.sort();
        names.dedup();
        assert!(read.is_same(&read) || names.len() < many, "a URI equals itself");
    }
    let (head, headers) = uri::split_headers(data);
    assert!(head.len() + headers.len() <= data.len());
    assert!(uri::headers(headers).count() <= data.len() + 1);
    let (rest, value) = uri::take_param(data, "tag");
    assert!(value.map_or(0, <[u8]>::len) + rest.len() <= data.len() + 1);
    if let Some(plain) = uri::unescape(data) {
        assert!(plain.len() <= data.len());
    }
    if let Ok(text) = std::str::from_utf8(data) {
        let plain = (!data.iter().any(u8::is_ascii_control)).then_some(data);
        assert_eq!(uri::unescape(uri::escape(text).as_bytes()).as_deref(), plain, "escaped and back");
    }
    let _ = (uri::ip(data), Uri::is_plausible(data), Uri::has_headers(data), known_scheme(data));
    let digits = |text| Digits::parse(text).expect("digits");
    let city = Numbering::new(digits("86"), digits("591"), 8, Box::new(["fuzhou.example".into()])).expect("a city");
    match city.normalise(data) {
        Ok(dialled) => {
            // What a number has become is written with digits only, and is the same number when it is dialled.
            let text = dialled.digits.to_string();
            assert!(!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b"*#".contains(&b)), "{text}");
        }
        Err(error) => assert!((400..700).contains(&error.status(data))),
    }
}

/// Between two messages of one conversation.
pub const NEXT: &[u8] = b"\n---\n";

/// The SIP stack: messages one after the other, parted by [`NEXT`]; `{tag}` stands for the tag that it has chosen.
pub fn endpoint(data: &[u8]) {
    let mut stack = Endpoint::new(Settings::default(), [7; 32]);
    let mut now = Now { mono: SECOND, wall: WALL };
    let peer = SocketAddr::new(HERE, 7000);
    let (mut tag, mut step, mut pieces) = (Vec::new(), 0u8, 0);
    let mut rest = data;
    while pieces < 16 && !rest.is_empty() {
        let (piece, after) = match rest.windows(NEXT.len()).position(|w| w == NEXT) {
            Some(at) => (&rest[..at], &rest[at + NEXT.len()..]),
            None => (rest, &rest[rest.len()..]),
        };
        (rest, pieces) = (after, pieces + 1);
        let tcp = piece.len() % 5 == 4;
        let flow = Flow {
            transport: if tcp { Transport::Tcp } else { Transport::Udp },
            local: SocketAddr::new(HERE, 5070),
            peer,
            connection: u32::from(tcp),
        };
        stack.receive(flow, replaced(piece, b"{tag}", &tag).into(), now);
        drain(&mut stack, &mut tag, &mut step, now);
        now = now.plus(40 * MILLI);
    }
    // Nothing lives for ever: the longest is a session whose refresh nobody answers.
    for _ in 0..4000 {
        let Some(at) = stack.deadline().filter(|at| *at < 4000 * SECOND) else { break };
        now = Now { mono: at.max(now.mono), ..now };
        stack.expire(now);
        drain(&mut stack, &mut tag, &mut step, now);
    }
    assert_eq!(stack.live(), (0, 0), "sessions, transactions");
}

fn replaced(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + to.len());
    let mut rest = text;
    while let Some(at) = rest.windows(from.len()).position(|w| w == from) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(to);
        rest = &rest[at + from.len()..];
    }
    out.extend_from_slice(rest);
    out
}

const ANSWER: &[u8] =
    b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 20000 RTP/AVP 8\r\n";

/// What comes out: bytes must be SIP, requests are admitted, refused and ignored in turn.
fn drain(stack: &mut Endpoint, tag: &mut Vec<u8>, step: &mut u8, now: Now) {
    while let Some(output) = stack.poll() {
        match output {
            Output::Send(_, bytes) => {
                assert!(bytes.len() <= 2 * wire::MAX_MESSAGE, "an answer has a bound");
                let sent = match wire::parse(bytes) {
                    Ok(sent) => sent,
                    // A refusal repeats what was malformed.
                    Err(broken) => *broken.message.expect("what is sent has a start line"),
                };
                if let Some(said) = sent.to_tag().filter(|_| sent.status().is_some()) {
                    *tag = said.to_vec();
                }
            }
            Output::Event(Event::Request(incoming)) => {
                *step = step.wrapping_add(1);
                let invite = incoming.message.method_token() == b"INVITE";
                if !invite || stack.admissible(&incoming).is_err() {
                    stack.refuse(&incoming, 404, b"");
                } else if step.is_multiple_of(3) {
                    stack.refuse(&incoming, 503, b"");
                } else {
                    let id = stack.admit(*incoming, false, now);
                    stack.progress(id, 180, None, b"", now);
                    if *step % 3 == 1 {
                        stack.accept(id, Some(Bytes::from_static(ANSWER)), b"", now);
                    } else {
                        stack.reject(id, 486, b"", now);
                    }
                }
            }
            Output::Event(Event::Confirmed { session, .. }) => stack.hang_up(session, b"", now),
            Output::Event(Event::Offer { session, .. }) => stack.answer(session, Bytes::from_static(ANSWER), now),
            Output::Event(_) => {}
        }
    }
}

/// A session description, as an offer and as an answer.
pub fn sdp(data: &[u8]) {
    let local = Local { address: HERE, port: 20_000, session_id: 7 };
    let mut leg = Negotiation::new(local);
    if let Ok((answer, agreed)) = leg.answer(data, None) {
        assert!(answer.len() <= 64 << 10, "an answer has a bound");
        let said = sdp_types::Session::parse(&answer).expect("our answer is SDP");
        assert!(!said.medias.is_empty(), "an answer repeats each stream");
        assert!((10..=60).contains(&agreed.ptime) && leg.agreed() == Some(&agreed));
        // The same offer again changes nothing.
        let (again, same) = leg.answer(data, None).expect("taken once, taken again");
        assert_eq!((again, same), (answer, agreed));
        assert!(sdp_types::Session::parse(&leg.offer(Direction::SendRecv)).is_ok());
    }
    // The other side may be a browser.
    let door = Door { at: SocketAddr::new(HERE, 19_999), ours: Fingerprint([1; 32]), user: *b"00000001" };
    let mut leg = Negotiation::new(local).with_door(door, [3; 32], false);
    if let Ok((answer, agreed)) = leg.answer(data, None) {
        let said = sdp_types::Session::parse(&answer).expect("our answer is SDP");
        assert!(!said.medias.is_empty() && leg.agreed() == Some(&agreed) && answer.len() <= 64 << 10);
        assert_eq!(leg.answer(data, None).expect("taken once, taken again"), (answer, agreed));
    }
    let mut leg = Negotiation::new(local).with_door(door, [3; 32], true);
    let _ = leg.offer(Direction::SendRecv);
    let _ = leg.take_answer(data);
    let mut leg = Negotiation::new(local);
    let _ = leg.offer(Direction::SendRecv);
    if let Ok(agreed) = leg.take_answer(data) {
        assert_eq!(leg.take_answer(data), Ok(agreed), "183 and 200 may say the same");
        assert!(sdp_types::Session::parse(&leg.offer(Direction::SendRecv)).is_ok());
    }
}

/// A datagram at the port of all browsers that may be a check.
pub fn stun(data: &[u8]) {
    let Some(check) = Check::read(data) else { return };
    assert!(data.len() <= stun::LONGEST && check.user().len() <= data.len());
    let _ = check.knows(b"VOkJxbRl1RmTxUk/WvJxBt");
    for from in [SocketAddr::new(HERE, 4_000), SocketAddr::from(([0u16; 8], 65_535))] {
        let (bytes, length) = check.answer(from, b"VOkJxbRl1RmTxUk/WvJxBt");
        assert!(length <= bytes.len() && bytes.get(4..20) == data.get(4..20), "the answer is to this check");
        assert!(Check::read(&bytes[..length]).is_none(), "an answer is no check: nothing can be sent to and fro");
    }
}

/// Datagrams of one who has passed a check, each behind two bytes of its length, on the way to keys.
pub fn dtls(data: &[u8]) {
    static IDENTITY: LazyLock<Arc<Identity>> = LazyLock::new(|| Arc::new(Identity::new().expect("a certificate")));
    let from = SocketAddr::new(HERE, 1);
    let ice = Ice { user: *b"00000001abcdefgh", password: *b"0123456789abcdefghijklmn" };
    let mut peer = Peer::new(&IDENTITY, ice);
    let _ = peer.agreed(ice, Fingerprint([7; 32]));
    assert!(peer.check(from, CHECK).is_some(), "it knows the password");
    let (mut rest, mut now, mut sent) = (data, 1_000_000u64, 0);
    while let [high, low, tail @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(tail.len());
        let (datagram, after) = tail.split_at(length);
        assert!(
            peer.handshake(datagram, now, |_, _| sent += 1).is_none(),
            "nobody has a certificate with this fingerprint"
        );
        now += 60_000;
        peer.tick(now, |_, _| sent += 1);
        rest = after;
        if now > 4_000_000 {
            break;
        }
    }
    assert!(sent <= 2_000, "{sent} datagrams for {} bytes", data.len());
}

thread_local! {
    /// Sockets that stand for all inputs of a thread: to begin and to end them takes longer than an input.
    static SOCKETS: RefCell<(tokio::runtime::Runtime, Option<Transports>)> = RefCell::new((
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime"),
        None,
    ));
}

/// What a page sends after its upgrade: a WebSocket's bytes, on a real connection.
pub fn websocket(data: &[u8]) {
    SOCKETS.with_borrow_mut(|(runtime, kept)| runtime.block_on(page(data, kept)));
}

async fn page(data: &[u8], kept: &mut Option<Transports>) {
    let web = SocketAddr::new(HERE, 0);
    let settings = transport::Settings { web: Some(web), ..transport::Settings::new(Vec::new()) };
    let transports = kept.get_or_insert_with(|| Transports::bind(&settings).expect("no address is asked for"));
    let listener = std::net::TcpListener::bind(web).expect("loopback");
    let page = std::net::TcpStream::connect(listener.local_addr().expect("bound")).expect("loopback");
    let (stream, peer) = listener.accept().expect("it has connected");
    stream.set_nonblocking(true).expect("a socket");
    page.shutdown(std::net::Shutdown::Write).expect("a socket");
    let local = stream.local_addr().expect("bound");
    let guest = Guest { stream: Held::Plain(stream), read: Bytes::copy_from_slice(data), peer, local };
    assert!(transports.entrance().enter(guest));
    let mut got = Vec::new();
    let ended = async {
        loop {
            transports.recv(&mut got).await;
            for one in got.drain(..) {
                match one {
                    Received::Message { flow, bytes } => {
                        assert!(flow.transport == Transport::Ws && !bytes.is_empty());
                    }
                    Received::Closed { .. } => return,
                    _ => {}
                }
            }
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), ended).await.expect("its end is told");
}

/// Counts what leaves the media engine, and holds it to be well formed.
#[derive(Default)]
struct Sockets {
    packets: usize,
}

impl Outlet for Sockets {
    fn rtp(&mut self, _: u32, _: SocketAddr, packet: &[u8]) {
        let view = View::parse(packet).expect("what is sent is RTP");
        assert_eq!(view.payload.start, switchboard::rtp::HEADER, "no CSRC, no extension");
        self.packets += 1;
    }

    fn rtcp(&mut self, _: u32, _: SocketAddr, packet: &[u8]) {
        assert_eq!(rtcp::parse(packet, |_| ()), Ok(()), "what is sent is RTCP");
    }

    fn connect(&mut self, _: u32, _: Option<SocketAddr>) {}
}

/// Three legs: two relayed to each other, the third hears the mix of both.
fn room(now: Now, out: &mut Sockets) -> Engine {
    let mut engine = Engine::new(0, 7);
    let (port, epoch) = (|index| patch::PortId { thread: 0, index }, patch::Epoch(1));
    for index in 0..3 {
        engine.grow();
        engine.handle(
            patch::Command::Open { port: port(index), epoch, ssrc: index, sequence: 0, timestamp: 0 },
            now,
            out,
        );
        let rtp = Some(SocketAddr::new(HERE, 4000));
        let codec = [patch::Codec::Pcma, patch::Codec::Pcmu, patch::Codec::Opus][index as usize];
        let (telephone_event, event_clock, payload_type) = (Some(101), codec.clock(), 111);
        let (crypto, rtcp, source, ptime, receive, latch) = (None, None, rtp, 20, true, patch::Latch::Sdp);
        #[rustfmt::skip]
        let remote = patch::Remote {
            crypto, rtp, source, rtcp, codec, payload_type, telephone_event, event_clock, ptime, latch, receive,
        };
        engine.handle(patch::Command::Remote { port: port(index), epoch, remote }, now, out);
    }
    let voices = [0, 1].map(|index| patch::Voice::new(port(index), epoch));
    for (index, source) in [
        (0, patch::Source::Port(port(1), epoch)),
        (1, patch::Source::Port(port(0), epoch)),
        (2, patch::Source::Mix { voices: voices.into(), beside: None }),
    ] {
        engine.handle(patch::Command::Hear { port: port(index), epoch, source }, now, out);
    }
    engine
}

/// Datagrams at the media ports, each behind one byte of where it goes and one of its length.
pub fn rtp(data: &[u8]) {
    if let Ok(view) = View::parse(data) {
        assert!(view.payload.end <= data.len());
        let mut copy = data.to_vec();
        let written = view.header.write_before(&mut copy, &view.payload).expect("room for a header").to_vec();
        let again = View::parse(&written).expect("written, read");
        assert_eq!(again.header, view.header);
        assert_eq!(written.get(again.payload), data.get(view.payload));
    }
    let mut parts = 0;
    let read = rtcp::parse(data, |_| parts += 1);
    assert!(parts <= data.len() && (read.is_ok() || parts == 0), "nothing is told of what is malformed");

    let (mut out, mut now) = (Sockets::default(), Now { mono: SECOND, wall: WALL });
    let mut engine = room(now, &mut out);
    let mut jitter = Jitter::new(0xd5, 0);
    let (mut rest, mut received) = (data, 0);
    while let [to, length, after @ ..] = rest {
        let (datagram, after) = after.split_at(usize::from(*length).min(after.len()));
        (rest, received) = (after, received + 1);
        let from = SocketAddr::new(HERE, 4000 + u16::from(*to & 1));
        if to & 8 == 0 {
            if let Ok(view) = View::parse(datagram)
                && let Some(payload) = datagram.get(view.payload)
            {
                let _ = jitter.put(&view.header, payload, now.mono);
            }
            engine.on_rtp(u32::from(to >> 4), from, &mut datagram.to_vec(), now, &mut out);
        } else {
            engine.on_rtcp(u32::from(to >> 4), from, datagram, now);
        }
        if to & 4 != 0 {
            now = now.plus(20 * MILLI);
            let _ = jitter.take(&mut [0; FRAME], now.mono);
            engine.tick(now, &mut out);
        }
        while engine.poll().is_some() {}
    }
    assert!(jitter.held() <= 8000, "the buffer has a bound");
    // A packet goes to one listener at most, beside what a tick sends: three frames and what was late.
    assert!(out.packets <= 64 * (received + 1), "{} packets for {received}", out.packets);
}

/// Telephone-events of one stream: nine bytes each, source, timestamp and payload.
pub fn telephone_event(data: &[u8]) {
    let mut presses = Presses::default();
    let (mut heard, mut packets) = (0, 0);
    for packet in data.chunks(9) {
        let Some((&ssrc, rest)) = packet.split_first() else { continue };
        let Some((at, payload)) = rest.split_first_chunk::<4>() else { continue };
        let Some(event) = TelephoneEvent::parse(payload) else {
            assert!(payload.len() < 4, "four bytes are an event");
            continue;
        };
        assert_eq!(TelephoneEvent::parse(&event.bytes()), Some(event), "written, read");
        assert_eq!(event.key().and_then(code), event.key().map(|_| event.event));
        packets += 1;
        let at = u32::from_be_bytes(*at);
        heard += usize::from(presses.hear(u32::from(ssrc & 1), at, event).is_some());
        assert_eq!(presses.hear(u32::from(ssrc & 1), at, event), None, "each press counts once");
    }
    assert!(heard <= packets);
}

/// Credentials at our server and challenges at our client: never let in, never a line more than one.
pub fn digest(data: &[u8]) {
    let mut realm = Realm::new("12345", [7; 32]);
    let now = Now { mono: SECOND, wall: WALL };
    let secret = |_: &str| Some(Password::Plain("lab-8001".into()));
    for line in data.split(|b| *b == b'\n') {
        let verdict = realm.verify(line, b"REGISTER", HERE, now, secret);
        assert!(!matches!(verdict, Verdict::Ok { .. }), "let in without a nonce of ours");
    }
    let challenges: Vec<&[u8]> = data.split(|b| *b == b'\n').collect();
    let password = Password::Plain("secret-of-the-trunk".into());
    let from = client::From { user: "8001", password: &password };
    let answer = client::answer(&challenges, &from, b"INVITE", "sip:12345@h", "c0", &mut client::Nonces::default());
    if let Some(answer) = answer {
        assert!(!answer.contains('\n'), "one line");
        assert!(!answer.contains("secret-of-the-trunk"), "the password stays here");
    }
    let _ = client::stale(&challenges);
}

/// A file of the dialplan: all its mistakes, or a plan that decides.
pub fn dialplan_file(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let source = Source { file: "10-lines.toml".into(), text: text.into() };
    let sources = [source];
    let known = Known { wall: Some(WALL), ..Known::default() };
    match Plan::load(&sources, &known) {
        Ok((plan, _)) => {
            for number in [&b"12345"[..], b"119", b"12333", b"+8659112345", b"13900000001"] {
                if let Ok(dialled) = plan.normalise(number) {
                    let _ = plan.decide(dialled, WALL);
                }
            }
            let _ = (plan.numbers(WALL), plan.cancelled(WALL));
        }
        Err(mistakes) => {
            assert!(!mistakes.is_empty(), "who refuses says why");
            let shown = dialplan::render(&mistakes, &sources, Lang::En, false);
            assert!(!shown.is_empty());
            let _ = dialplan::sarif(&mistakes, &sources, Lang::Zh);
        }
    }
    let [source] = sources;
    if let Ok(formatted) = dialplan::fmt::formatted(&source) {
        let again = Source { file: source.file, text: formatted.as_str().into() };
        assert_eq!(dialplan::fmt::formatted(&again).ok().as_deref(), Some(formatted.as_str()), "formatted for good");
    }
}

/// The body of an order: the first byte says which, the rest is JSON. The same bytes are a line at the operators' socket.
pub fn api(data: &[u8]) {
    let Some((which, body)) = data.split_first() else { return };
    let (word, action) = Action::ALL[usize::from(*which) % Action::ALL.len()];
    match action.command(CallRef(7), body, String::new()) {
        Ok(command) => {
            let line = serde_json::to_string(&command).expect("an order is JSON");
            assert!(!line.contains('\n'), "an order is one line");
            let again: Command = serde_json::from_str(&line).expect("written, read");
            assert_eq!(again, command, "{word}");
        }
        Err(fault) => {
            let told = serde_json::to_string(&fault).expect("a refusal is JSON");
            assert!(told.len() < 2048, "a refusal repeats little: {told}");
        }
    }
    if let Ok(command) = serde_json::from_slice::<Command>(body) {
        let _ = serde_json::to_string(&command).expect("an order is JSON");
    }
    if let Ok(order) = serde_json::from_slice::<Order>(body) {
        let _ = serde_json::to_string(&order).expect("an order is JSON");
    }
}
