//! One connection: plain or by TLS, requests one after another (HTTP/1.1) or side by side (HTTP/2), until it is idle, old, or somebody
//! waits for its place.

use super::guard;
use super::places::Taken;
use super::shared::Desk;
use super::wire::Ongoing;
use axum::http::header::{CONNECTION, HOST};
use axum::http::{HeaderValue, StatusCode, Version};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::{Service, service_fn};
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

/// Longest request line with its headers, bytes, and most headers.
const HEAD: usize = 16 << 10;
const HEADERS: usize = 64;
/// Requests side by side on a connection.
const STREAMS: u32 = 64;
/// What one of them, and all of a connection, may send unread, bytes; and what of an answer waits for its reader.
const WINDOW: u32 = 64 << 10;
const WINDOWS: u32 = 256 << 10;
const UNREAD: usize = 64 << 10;
/// Requests that are taken back before they are answered: more in a row end the connection (CVE-2023-44487).
const TAKEN_BACK: usize = 20;
/// How often the other side is asked whether it is there, and how long it may take.
const ALIVE: Duration = Duration::from_secs(20);
const GONE: Duration = Duration::from_secs(10);
/// What a client may still send after its answer, bytes, before it is cut off: its body, if that was refused unread.
const REST: usize = 256 << 10;

/// What one connection has come to.
#[derive(Default)]
struct State {
    /// It is another protocol's now.
    upgraded: AtomicBool,
    /// Requests that are being answered, and all that have come.
    active: AtomicUsize,
    count: AtomicUsize,
    /// Streams of events that it carries.
    streams: Mutex<Vec<Weak<()>>>,
    /// It has carried one.
    followed: AtomicBool,
    /// Its place among the connections.
    place: Mutex<Option<Taken>>,
}

impl State {
    /// Somebody follows a stream of events on it: such an answer has no end, and the connection's time none either.
    fn follows(&self) -> bool {
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        streams.retain(|stream| stream.strong_count() > 0);
        !streams.is_empty()
    }
}

/// A request that is being answered.
struct Active(Arc<State>);

impl Active {
    fn begin(state: &Arc<State>) -> Self {
        state.active.fetch_add(1, Relaxed);
        state.count.fetch_add(1, Relaxed);
        Self(Arc::clone(state))
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Relaxed);
    }
}

/// From its first byte to its last; `place` is its own until then, or until it is another protocol's.
pub(super) async fn converse(stream: TcpStream, peer: SocketAddr, desk: Desk, place: Taken) -> io::Result<()> {
    let stream = stream.into_std()?;
    stream.set_nodelay(true)?;
    let mut rest = TcpStream::from_std(stream.try_clone()?)?;
    let stream = TcpStream::from_std(stream)?;
    let state = Arc::new(State { place: Mutex::new(Some(place)), ..State::default() });
    match &desk.tls {
        None => in_turn(TokioIo::new(stream), peer, &desk, &state).await?,
        Some(tls) => {
            let stream = tls.accept(stream, peer.ip()).await?;
            let together = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            let stream = TokioIo::new(stream);
            if together {
                side_by_side(stream, peer, &desk, &state).await?;
            } else {
                in_turn(stream, peer, &desk, &state).await?;
            }
        }
    }
    if state.upgraded.load(Relaxed) {
        return Ok(()); // it has a place of its own
    }
    // Closed with something unread, the kernel would reset the connection, and the client might never see its answer
    // (RFC 9112 §9.6). Our side is shut; what still comes is dropped.
    let drained = timeout(desk.limits.linger, drain(&mut rest)).await;
    drop(state);
    drained.map_err(|_| io::ErrorKind::TimedOut)?
}

/// HTTP/1.1.
async fn in_turn<S>(stream: TokioIo<S>, peer: SocketAddr, desk: &Desk, state: &Arc<State>) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(|request| answered(request, peer, desk.clone(), Arc::clone(state)));
    let mut served = std::pin::pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(desk.limits.arrival)
            .max_buf_size(HEAD)
            .max_headers(HEADERS)
            .serve_connection(stream, service)
            .with_upgrades()
    );
    // After its time a connection ends with the request that is under way.
    let ended = loop {
        let patience = if state.followed.load(Relaxed) { desk.limits.linger } else { desk.limits.life };
        match timeout(patience, served.as_mut()).await {
            Ok(ended) => break ended,
            Err(_) if state.follows() => {}
            // The stream is over, and its reader does not take the rest of it.
            Err(_) if state.followed.load(Relaxed) => return Err(io::ErrorKind::TimedOut.into()),
            Err(_) => {
                served.as_mut().graceful_shutdown();
                break timeout(desk.limits.longest(), served).await.map_err(|_| io::ErrorKind::TimedOut)?;
            }
        }
    };
    ended.map_err(io::Error::other)
}

/// HTTP/2 (RFC 9113), which browsers speak by TLS alone; WebSockets come by connections of their own.
async fn side_by_side<S>(stream: TokioIo<S>, peer: SocketAddr, desk: &Desk, state: &Arc<State>) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (shared, counted) = (desk.clone(), Arc::clone(state));
    let service = service_fn(move |request| answered(request, peer, shared.clone(), Arc::clone(&counted)));
    let mut served = std::pin::pin!(
        http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .max_concurrent_streams(STREAMS)
            .max_header_list_size(HEAD as u32)
            .initial_stream_window_size(WINDOW)
            .initial_connection_window_size(WINDOWS)
            .max_send_buf_size(UNREAD)
            .max_pending_accept_reset_streams(TAKEN_BACK)
            .keep_alive_interval(ALIVE)
            .keep_alive_timeout(GONE)
            .serve_connection(stream, service)
    );
    let begun = Instant::now();
    let mut seen = 0;
    let ended = loop {
        // Looked at as often as an idle connection of the other kind would have been closed.
        if let Ok(ended) = timeout(desk.limits.arrival, served.as_mut()).await {
            break ended;
        }
        let count = state.count.load(Relaxed);
        let idle = state.active.load(Relaxed) == 0 && (count == seen || desk.places.all_taken());
        seen = count;
        if (idle || begun.elapsed() > desk.limits.life) && !state.follows() {
            served.as_mut().graceful_shutdown();
            break timeout(desk.limits.longest(), served).await.map_err(|_| io::ErrorKind::TimedOut)?;
        }
    };
    ended.map_err(io::Error::other)
}

/// One request.
async fn answered(
    mut request: Request<Incoming>,
    peer: SocketAddr,
    desk: Desk,
    state: Arc<State>,
) -> Result<Response<axum::body::Body>, Infallible> {
    let _active = Active::begin(&state);
    request.extensions_mut().insert(guard::Peer(peer));
    let in_turn = request.version() < Version::HTTP_2;
    // Where HTTP/2 says whose request it is (RFC 9113 §8.3.1), HTTP/1.1 has a header.
    let authority = request.uri().authority().filter(|_| !in_turn && !request.headers().contains_key(HOST));
    if let Some(host) = authority.and_then(|authority| HeaderValue::from_str(authority.as_str()).ok()) {
        request.headers_mut().insert(HOST, host);
    }
    let mut answer = desk.service.call(request).await?;
    if let Some(Ongoing(stream)) = answer.extensions_mut().remove() {
        state.streams.lock().unwrap_or_else(PoisonError::into_inner).push(stream);
        // It has a place of its own among the streams, as one that was upgraded has, and ends with it.
        if in_turn {
            state.followed.store(true, Relaxed);
            state.place.lock().unwrap_or_else(PoisonError::into_inner).take();
            answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
    }
    state.upgraded.fetch_or(answer.status() == StatusCode::SWITCHING_PROTOCOLS, Relaxed);
    // Whoever waits for a place gets the next one that an answer sets free.
    if in_turn && desk.places.all_taken() {
        answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(answer)
}

/// Takes what still comes, until the other side ends or has sent enough.
pub(super) async fn drain(stream: &mut TcpStream) -> io::Result<()> {
    let mut waste = [0; 4096];
    let mut left = REST;
    loop {
        match stream.read(&mut waste).await? {
            0 => return Ok(()),
            n if n >= left => return Ok(()),
            n => left -= n,
        }
    }
}
