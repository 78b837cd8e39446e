//! The two ways in which a stream of changes travels: a WebSocket (RFC 6455), or server-sent events (the HTML standard, §9.2), which a
//! program has with any HTTP client and which pass where a proxy knows no WebSockets. A reader of the second kind cannot say anything.

use super::fault::Fault;
use super::query::Query;
use axum::body::{Body, Bytes};
use axum::extract::FromRequestParts;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream::unfold;
use serde_json::json;
use std::convert::Infallible;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// Longest message that a reader may send, bytes.
const HEARD: usize = 1_024;
/// How soon a reader of events comes again when his stream breaks, ms.
const RETRY: u32 = 1_000;
/// The code of an end after which a reader begins anew.
pub(super) const ANEW: u16 = 4409;
/// With what he goes on then.
const LAST: &str = "last-event-id";

/// What a reader asks for: behind which number he goes on, and how he reads.
pub(super) struct Asked {
    pub since: Option<u64>,
    pub way: Way,
}

/// How somebody reads.
pub(super) enum Way {
    Socket(WebSocketUpgrade),
    Events,
}

/// As long as this is held, a stream of events goes on; the connection that carries it knows it by its weak twin.
#[derive(Debug, Clone)]
pub(super) struct Ongoing(pub Weak<()>);

/// Why a message did not get through.
pub(super) enum Broken {
    /// The reader is gone.
    Gone,
    /// He does not read.
    Slow,
}

/// One reader's end of it.
pub(super) trait Wire: Send {
    /// A message; behind `seq` its reader goes on.
    fn say(&mut self, text: &str, seq: u64) -> impl Future<Output = Result<(), Broken>> + Send;

    /// Whether he is there.
    fn probe(&mut self) -> impl Future<Output = Result<(), Broken>> + Send;

    /// Waits for what he says, whatever it is; `None`: he is gone.
    fn heard(&mut self) -> impl Future<Output = Option<()>> + Send;

    /// The last word: a WebSocket's code (RFC 6455 §7.4.1) and why.
    fn end(self, code: u16, why: &'static str) -> impl Future<Output = ()> + Send;
}

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = Fault;

    /// 422 for a query, 426 where neither a WebSocket nor events are asked for.
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Fault> {
        let mut query = Query::read(parts.uri.query());
        let number = ("上次收到的 seq", "the last seq that was received");
        let since = query.read_as("since", number, |text| text.parse::<u64>().ok())?;
        query.finish()?;
        if let Ok(upgrade) = WebSocketUpgrade::from_request_parts(parts, state).await {
            return Ok(Self { since, way: Way::Socket(upgrade) });
        }
        if !wants_events(&parts.headers) {
            let words = (
                "这个地址是 WebSocket（RFC 6455），或 Accept: text/event-stream 的事件流",
                "this address is a WebSocket (RFC 6455), or a stream of events for Accept: text/event-stream",
            );
            return Err(Fault::new(StatusCode::UPGRADE_REQUIRED, "upgrade_required", words));
        }
        // A reader that comes again asks the address that it was given first, and says in a header what it has.
        let last = parts.headers.get(LAST).filter(|value| !value.is_empty());
        let last = last.map(|value| value.to_str().ok().and_then(|text| text.trim().parse().ok()));
        if last == Some(None) {
            let words = ("应为上次收到的 id".to_owned(), "is the last id that was received".to_owned());
            return Err(Fault::malformed(StatusCode::UNPROCESSABLE_ENTITY, LAST, words));
        }
        Ok(Self { since: last.flatten().or(since), way: Way::Events })
    }
}

fn wants_events(headers: &HeaderMap) -> bool {
    let all = headers.get_all(ACCEPT).into_iter().filter_map(|value| value.to_str().ok());
    let mut kinds =
        all.flat_map(|value| value.split(',')).map(|kind| kind.split(';').next().unwrap_or_default().trim());
    kinds.any(|kind| kind.eq_ignore_ascii_case("text/event-stream"))
}

/// Limits what a reader may say before he is read at all.
pub(super) fn upgraded(upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
    upgrade.max_message_size(HEARD).max_frame_size(HEARD).write_buffer_size(0)
}

/// A WebSocket, and how long its reader may take for a message.
pub(super) struct Socket(pub WebSocket, pub Duration);

impl Socket {
    async fn send(&mut self, message: Message) -> Result<(), Broken> {
        let sent = timeout(self.1, self.0.send(message)).await.map_err(|_| Broken::Slow)?;
        sent.map_err(|_| Broken::Gone)
    }
}

impl Wire for Socket {
    async fn say(&mut self, text: &str, _: u64) -> Result<(), Broken> {
        self.send(Message::Text(text.into())).await
    }

    async fn probe(&mut self) -> Result<(), Broken> {
        self.send(Message::Ping(Bytes::new())).await
    }

    async fn heard(&mut self) -> Option<()> {
        match self.0.recv().await {
            None | Some(Err(_) | Ok(Message::Close(_))) => None,
            Some(Ok(_)) => Some(()),
        }
    }

    async fn end(mut self, code: u16, why: &'static str) {
        // Whoever does not read his changes will not read this either.
        let _ = self.send(Message::Close(Some(CloseFrame { code, reason: why.into() }))).await;
    }
}

/// The writing end of a stream of events.
pub(super) struct Events {
    sender: mpsc::Sender<Bytes>,
    patience: Duration,
    _ongoing: Arc<()>,
}

impl Events {
    /// Both ends: what is written, and the answer that carries it.
    pub(super) fn open(patience: Duration) -> (Self, Response) {
        // One message is on its way, one waits: whoever is slower than that is slow.
        let (sender, receiver) = mpsc::channel::<Bytes>(1);
        let hello = Some(Bytes::from(format!("retry: {RETRY}\n\n")));
        let all = unfold((hello, receiver), |(hello, mut receiver)| async move {
            let next = match hello {
                Some(hello) => Some(hello),
                None => receiver.recv().await,
            };
            next.map(|bytes| (Ok::<_, Infallible>(bytes), (None, receiver)))
        });
        let ongoing = Arc::new(());
        let mut answer = Body::from_stream(all).into_response();
        let headers = answer.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        // nginx would hold back what comes until it has a page of it.
        headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
        answer.extensions_mut().insert(Ongoing(Arc::downgrade(&ongoing)));
        (Self { sender, patience, _ongoing: ongoing }, answer)
    }

    async fn send(&self, text: String) -> Result<(), Broken> {
        let sent = timeout(self.patience, self.sender.send(text.into())).await.map_err(|_| Broken::Slow)?;
        sent.map_err(|_| Broken::Gone)
    }
}

impl Wire for Events {
    async fn say(&mut self, text: &str, seq: u64) -> Result<(), Broken> {
        // JSON as it is written here has no line breaks.
        self.send(format!("id: {seq}\ndata: {text}\n\n")).await
    }

    async fn probe(&mut self) -> Result<(), Broken> {
        self.send(":\n\n".to_owned()).await
    }

    async fn heard(&mut self) -> Option<()> {
        self.sender.closed().await;
        None
    }

    async fn end(self, code: u16, why: &'static str) {
        // Whoever begins anew forgets what he has: an id that is empty takes it from him.
        let id = if code == ANEW { "id:\n" } else { "" };
        let _ = self.send(format!("{id}event: end\ndata: {}\n\n", json!({ "code": code, "why": why }))).await;
    }
}
