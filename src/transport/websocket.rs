//! SIP over WebSockets (RFC 7118): who may open one, and what goes over it. One message of the WebSocket is one of SIP.
//!
//! A WebSocket comes by a listener of ours (`ws:`, `wss:`), or from the web listener, which has answered the upgrade and hands the
//! connection over by an [`Entrance`]. What a page sends too fast waits in its own connection: it is read [`RATE`] messages a second,
//! after [`BURST`] at once. A page is asked every [`PING`] whether it is there, which also keeps the way through proxies open.

use super::frame::is_plausible;
use super::secured::Stream;
use super::told::{Event, Queue, Tell};
use super::{TcpLimits, Why};
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio::time::{Instant, interval_at, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::{CapacityError, Error};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::header::{
    HeaderMap, HeaderValue, ORIGIN, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use tokio_tungstenite::tungstenite::http::{StatusCode, header};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Message, Role, WebSocketConfig};

/// The subprotocol (RFC 7118 §4.1).
const PROTOCOL: HeaderValue = HeaderValue::from_static("sip");
/// Where it stands on a listener.
pub const PATH: &str = "/sip";
/// Messages a second that are read of one page.
const RATE: u32 = 40;
/// Messages that it may send at once.
const BURST: u32 = 120;
/// How often a page is asked whether it is there.
const PING: Duration = Duration::from_secs(20);
/// After so long without anything from it, it is not.
const GONE: Duration = Duration::from_secs(50);
/// A page may be slower than a phone: the agent has to allow it something first.
const FIRST: Duration = Duration::from_secs(60);
/// What a page has to read our good-bye.
const FAREWELL: Duration = Duration::from_millis(200);
/// WebSockets that may wait to be taken over.
const GUESTS: usize = 64;

/// Why no WebSocket is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// It is no request for one (RFC 6455 §4.2.1).
    NoUpgrade,
    /// The subprotocol `sip` is not asked for (RFC 7118 §4.1).
    Protocol,
    /// A page of another site (RFC 6455 §10.2).
    Origin,
    /// Nothing stands at this path.
    Path,
}

impl Refused {
    /// The status of the answer.
    #[must_use]
    pub fn status(self) -> StatusCode {
        match self {
            Self::NoUpgrade => StatusCode::UPGRADE_REQUIRED,
            Self::Protocol => StatusCode::BAD_REQUEST,
            Self::Origin => StatusCode::FORBIDDEN,
            Self::Path => StatusCode::NOT_FOUND,
        }
    }
}

/// The socket of a guest, belonging to no runtime.
#[derive(Debug)]
pub enum Held {
    /// In the clear.
    Plain(TcpStream),
    /// What stands over it, and the socket that has been lifted out of it.
    Secured(Box<Stream>, TcpStream),
}

/// A connection whose upgrade has been answered by the web listener.
#[derive(Debug)]
pub struct Guest {
    /// The socket.
    pub stream: Held,
    /// What of the WebSocket has been read of it already.
    pub read: Bytes,
    /// Where it comes from.
    pub peer: SocketAddr,
    /// Where it has come to.
    pub local: SocketAddr,
}

/// How the web listener hands WebSockets to the signalling.
#[derive(Debug, Clone)]
pub struct Entrance {
    to: mpsc::Sender<Guest>,
    origins: Arc<[String]>,
}

impl Entrance {
    /// The entrance for pages of these origins, and the end where guests come out.
    pub(super) fn new(origins: &[String]) -> (Self, mpsc::Receiver<Guest>) {
        let (to, guests) = mpsc::channel(GUESTS);
        (Self { to, origins: origins.into() }, guests)
    }

    /// What the headers of a request for a WebSocket are answered with.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn admit(&self, headers: &HeaderMap) -> Result<HeaderMap, Refused> {
        let is = |name, value: &str| words(headers, name).any(|word| word.eq_ignore_ascii_case(value));
        let key = headers.get(SEC_WEBSOCKET_KEY).filter(|_| {
            let version = headers.get(SEC_WEBSOCKET_VERSION).is_some_and(|v| v == "13");
            version && is(UPGRADE, "websocket") && is(header::CONNECTION, "upgrade")
        });
        let key = key.ok_or(Refused::NoUpgrade)?;
        may_open(headers, &self.origins)?;
        let accept = HeaderValue::from_str(&derive_accept_key(key.as_bytes())).map_err(|_| Refused::NoUpgrade)?;
        Ok(HeaderMap::from_iter([
            (header::CONNECTION, HeaderValue::from_static("upgrade")),
            (UPGRADE, HeaderValue::from_static("websocket")),
            (header::SEC_WEBSOCKET_ACCEPT, accept),
            (SEC_WEBSOCKET_PROTOCOL, PROTOCOL),
        ]))
    }

    /// Hands one over; false where too many wait.
    #[must_use]
    pub fn enter(&self, guest: Guest) -> bool {
        self.to.try_send(guest).is_ok()
    }
}

/// The words of a header that is a list.
fn words(headers: &HeaderMap, name: header::HeaderName) -> impl Iterator<Item = &str> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

/// `sip` must be asked for, and a page must be one of ours: browsers say whose it is, programs say nothing.
fn may_open(headers: &HeaderMap, origins: &[String]) -> Result<(), Refused> {
    if !words(headers, SEC_WEBSOCKET_PROTOCOL).any(|word| word == PROTOCOL) {
        return Err(Refused::Protocol);
    }
    let Some(origin) = headers.get(ORIGIN) else { return Ok(()) };
    let origin = origin.to_str().map_err(|_| Refused::Origin)?;
    let named = origins.iter().any(|ours| ours == "*" || ours.eq_ignore_ascii_case(origin));
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).map(name_of);
    let same = origin.split_once("://").map(|(_, authority)| name_of(authority));
    if named || (same.is_some() && same == host) { Ok(()) } else { Err(Refused::Origin) }
}

/// The host of an authority, without its port.
fn name_of(authority: &str) -> String {
    let bare = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => authority,
    };
    bare.to_ascii_lowercase()
}

/// How WebSockets are read: bounded, and with little memory while nothing comes.
fn bounds(limits: &TcpLimits) -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(4 << 10)
        .write_buffer_size(0)
        .max_write_buffer_size(limits.queue.max(1))
        .max_message_size(Some(limits.message))
        .max_frame_size(Some(limits.message))
}

/// The server's side of an upgrade on a listener of ours.
pub(super) async fn accept<S>(stream: S, origins: &[String], limits: &TcpLimits) -> Result<WebSocketStream<S>, Why>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    #[expect(clippy::result_large_err, reason = "the crate wants it so")]
    let answer = |request: &Request, mut response: Response| -> Result<Response, ErrorResponse> {
        let path = request.uri().path();
        let checked = if path == PATH || path == "/" { Ok(()) } else { Err(Refused::Path) };
        if let Err(refused) = checked.and_then(|()| may_open(request.headers(), origins)) {
            let mut no = ErrorResponse::new(None);
            *no.status_mut() = refused.status();
            return Err(no);
        }
        response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, PROTOCOL);
        Ok(response)
    };
    let upgraded = tokio_tungstenite::accept_hdr_async_with_config(stream, answer, Some(bounds(limits)));
    match timeout(limits.stuck, upgraded).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(Why::Handshake(error.to_string().into())),
        Err(_) => Err(Why::Slow),
    }
}

/// A WebSocket whose upgrade has been answered.
pub(super) async fn taken_over<S>(stream: S, read: Bytes, limits: &TcpLimits) -> WebSocketStream<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    WebSocketStream::from_partially_read(stream, read.into(), Role::Server, Some(bounds(limits))).await
}

/// How many messages may still be read at once.
struct Pace {
    left: u32,
    at: Instant,
}

impl Pace {
    /// When the next message may be read; `None`: at once.
    fn opens(&mut self, now: Instant) -> Option<Instant> {
        let each = Duration::from_secs(1) / RATE;
        let more = u32::try_from((now - self.at).as_micros() / each.as_micros()).unwrap_or(u32::MAX);
        if more > 0 {
            (self.left, self.at) = (self.left.saturating_add(more).min(BURST), now);
        }
        (self.left == 0).then(|| self.at + each)
    }
}

/// Reads and writes until one side ends it.
pub(super) async fn converse<S>(mut socket: WebSocketStream<S>, limits: TcpLimits, mut queue: Queue, tell: &Tell) -> Why
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let begun = Instant::now();
    let (mut heard, mut first) = (begun, Some(begun + FIRST));
    let mut alive = interval_at(begun + PING, PING);
    let mut pace = Pace { left: BURST, at: begun };
    loop {
        let wait = pace.opens(Instant::now());
        let more = tokio::select! {
            said = socket.next(), if wait.is_none() => match said {
                None => Err(Why::Peer),
                Some(said) => {
                    heard = Instant::now();
                    pace.left -= 1;
                    hear(said, &mut first, &mut socket, limits.stuck, tell).await
                }
            },
            bytes = queue.receiver.recv() => match bytes {
                None => Err(Why::Peer),
                Some(bytes) => {
                    let length = bytes.len();
                    let sent = send(&mut socket, message(bytes), limits.stuck).await;
                    queue.waiting.fetch_sub(length, Relaxed);
                    sent
                }
            },
            () = sleep_until(wait.unwrap_or(begun)), if wait.is_some() => Ok(()),
            _ = alive.tick() => {
                // What waits unread for its turn counts as heard.
                if heard.elapsed() > GONE && wait.is_none() {
                    Err(Why::Idle)
                } else {
                    send(&mut socket, Message::Ping(Bytes::new()), limits.stuck).await
                }
            }
            () = sleep_until(first.unwrap_or(begun)), if first.is_some() => Err(Why::Slow),
        };
        if let Err(why) = more {
            farewell(socket, &why).await;
            return why;
        }
    }
}

/// What SIP says is text, as a rule (RFC 7118 §5.1).
fn message(bytes: Bytes) -> Message {
    match bytes.clone().try_into() {
        Ok(text) => Message::Text(text),
        Err(_) => Message::Binary(bytes),
    }
}

async fn hear<S>(
    said: Result<Message, Error>,
    first: &mut Option<Instant>,
    socket: &mut WebSocketStream<S>,
    stuck: Duration,
    tell: &Tell,
) -> Result<(), Why>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let bytes = match said {
        Ok(Message::Text(text)) => Bytes::from(text),
        Ok(Message::Binary(bytes)) => bytes,
        Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => return Ok(()),
        Ok(Message::Close(Some(frame))) if frame.code == CloseCode::Away => return Err(Why::Left),
        Ok(Message::Close(_)) => return Err(Why::Peer),
        Err(Error::Capacity(CapacityError::MessageTooLong { .. })) => return Err(Why::TooLong),
        Err(Error::Utf8(_) | Error::Protocol(_)) => return Err(Why::Unframed),
        Err(_) => return Err(Why::Peer),
    };
    // Keep-alive of those that cannot send a ping (RFC 5626 §4.4.1).
    if bytes.iter().all(|b| matches!(b, b'\r' | b'\n')) {
        return match &bytes[..] {
            b"\r\n\r\n" => send(socket, Message::Text("\r\n".into()), stuck).await,
            _ => Ok(()),
        };
    }
    if !is_plausible(&bytes) {
        return Err(Why::Unframed);
    }
    *first = None;
    if tell.event(Event::Message(bytes)).await { Ok(()) } else { Err(Why::Peer) }
}

async fn send<S>(socket: &mut WebSocketStream<S>, message: Message, stuck: Duration) -> Result<(), Why>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match timeout(stuck, socket.send(message)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(Why::Peer),
        Err(_) => Err(Why::Stuck),
    }
}

/// Says why it ends (RFC 6455 §7.4.1), to whoever still reads.
async fn farewell<S>(mut socket: WebSocketStream<S>, why: &Why)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (code, reason) = match why {
        Why::Unframed => (CloseCode::Invalid, "this is not SIP"),
        Why::TooLong => (CloseCode::Size, "the message is too long"),
        Why::Slow => (CloseCode::Policy, "no SIP has come"),
        Why::Idle => (CloseCode::Away, "nothing is heard from you"),
        Why::Peer => (CloseCode::Away, "good-bye"),
        _ => return,
    };
    let frame = CloseFrame { code, reason: reason.into() };
    let _ = timeout(FAREWELL, socket.close(Some(frame))).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(all: &[(&'static str, &str)]) -> HeaderMap {
        all.iter().map(|(n, v)| (n.parse().unwrap(), v.parse().unwrap())).collect()
    }

    fn asked(protocol: &str, origin: Option<&str>, host: &str, ours: &[&str]) -> Result<(), Refused> {
        let mut all = vec![
            ("host", host),
            ("upgrade", "WebSocket"),
            ("connection", "keep-alive, Upgrade"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("sec-websocket-protocol", protocol),
        ];
        all.extend(origin.map(|origin| ("origin", origin)));
        let ours: Vec<String> = ours.iter().map(|s| (*s).to_owned()).collect();
        let (entrance, _guests) = Entrance::new(&ours);
        entrance.admit(&headers(&all)).map(|answer| {
            // RFC 6455 §1.3.
            assert_eq!(answer["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
            assert_eq!(answer["sec-websocket-protocol"], "sip");
        })
    }

    #[test]
    fn pages_of_other_sites_and_other_protocols_are_refused() {
        let own = Some("https://hub.example");
        for (origin, host, ours, may) in [
            (None, "hub.example", &[][..], true),
            (own, "hub.example", &[], true),
            (own, "HUB.example:8443", &[], true),
            (Some("http://[::1]:8099"), "[::1]:8080", &[], true),
            (own, "other.example", &[], false),
            (own, "other.example", &["https://hub.example"], true),
            (Some("https://hub.example.evil"), "hub.example", &[], false),
            (Some("null"), "hub.example", &[], false),
            (Some("null"), "null", &[], false),
            (Some("null"), "hub.example", &["null"], true),
            (Some("https://evil"), "hub.example", &["*"], true),
        ] {
            let told = asked("sip", origin, host, ours);
            assert_eq!(told, if may { Ok(()) } else { Err(Refused::Origin) }, "{origin:?} at {host}");
        }
        assert_eq!(asked("chat, sip", own, "hub.example", &[]), Ok(()));
        assert_eq!(asked("chat", own, "hub.example", &[]), Err(Refused::Protocol));
        let (entrance, _guests) = Entrance::new(&[]);
        assert_eq!(entrance.admit(&headers(&[("host", "x")])), Err(Refused::NoUpgrade));
    }

    #[test]
    fn a_page_has_a_burst_and_then_its_pace() {
        let begun = Instant::now();
        let (mut pace, mut now, mut read) = (Pace { left: BURST, at: begun }, begun, 0);
        while now < begun + Duration::from_secs(10) {
            match pace.opens(now) {
                None => {
                    pace.left -= 1;
                    read += 1;
                }
                Some(at) => now = at,
            }
        }
        assert!((BURST + 9 * RATE..=BURST + 11 * RATE).contains(&read), "{read}");
    }
}
