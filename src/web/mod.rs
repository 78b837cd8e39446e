//! The web server: pages, the API, streams of what changes, and the upgrade of telephones in pages; on threads of its own.
//!
//! It never holds the exchange: it asks by a bounded queue, and reads what others publish ([`Views`]). Who comes is found at the door
//! (`guard`), by a cookie or a token, and one function of `access` decides what he may; `doors` is the table of it. A connection carries
//! requests one after another; an idle one is closed after some seconds, and none goes on while others wait for a place. A head that is
//! too long or late, a body over its limit and a reader that does not read are cut off: they cost a place for seconds and the
//! signalling thread nothing. It refuses to serve browsers' scripts of other sites.

mod accounts;
mod alarms;
mod backend;
mod body;
mod condition;
mod desk;
mod document;
pub mod doors;
mod fault;
mod feed;
mod figures;
mod files;
mod guard;
mod health;
mod journeys;
mod limits;
mod metrics;
mod notes;
mod numbers;
mod orders;
mod owned;
mod panel;
pub mod people;
mod phones;
mod plan;
mod query;
mod routes;
mod sessions;
mod sound;
mod stream;
mod verb;
mod views;
mod visitor;
mod wall;

pub use fault::Fault;
pub use limits::Limits;
pub use people::{People, Rules};
pub use verb::Action;
pub use views::{Folder, House, Views};

use crate::admin::Ask;
use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, StatusCode};
use backend::Backend;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use thread_priority::ThreadPriority;
use thread_priority::unix::{
    NormalThreadSchedulePolicy, ThreadSchedulePolicy, set_thread_priority_and_policy, thread_native_id,
};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{sleep, timeout};

/// Longest request line with its headers, bytes, and most headers.
const HEAD: usize = 16 << 10;
const HEADERS: usize = 64;
/// What a client may still send after its answer, bytes, before it is cut off: its body, if that was refused unread.
const REST: usize = 256 << 10;
/// Threads that answer, each with a runtime of its own.
const THREADS: usize = 2;

/// Opens the socket.
///
/// # Errors
/// What the system said.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// What all threads of the API share.
#[derive(Clone)]
struct Desk {
    service: TowerToHyperService<axum::Router>,
    places: Arc<Semaphore>,
    asks: mpsc::Sender<Ask>,
    limits: Limits,
    backend: Arc<Backend>,
}

impl Desk {
    fn new(token: &str, asks: mpsc::Sender<Ask>, views: Views, people: Arc<People>, limits: Limits) -> Self {
        let backend = Arc::new(Backend::new(token, asks.clone(), views, people, limits));
        let router = routes::router(&backend);
        let places = Arc::new(Semaphore::new(limits.connections));
        Self { service: TowerToHyperService::new(router), places, asks, limits, backend }
    }
}

/// Begins to answer on threads of its own, below the priority of calls: a client costs the signalling thread no more than the questions
/// that it must be asked. They end when the exchange's side of `asks` is closed.
///
/// # Errors
/// What the system said.
pub fn spawn(
    listener: TcpListener,
    token: &str,
    asks: mpsc::Sender<Ask>,
    views: Views,
    people: Arc<People>,
    limits: Limits,
) -> io::Result<()> {
    let desk = Desk::new(token, asks, views, people, limits);
    for n in 0..THREADS {
        let (listener, desk) = (listener.try_clone()?, desk.clone());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let work = move || {
            stand_back();
            runtime.block_on(async {
                if n == 0 {
                    tokio::spawn(panel::keep(Arc::clone(&desk.backend)));
                }
                accept(listener, desk).await;
            });
        };
        std::thread::Builder::new().name(format!("api-{n}")).spawn(work)?;
    }
    Ok(())
}

/// Behind calls: whoever of them wakes takes the processor at once, and the API gets what they leave, a little at the least.
fn stand_back() {
    let idle = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
    let stands = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, idle);
    if let Err(error) = stands {
        tracing::debug!(?error, "the API has no lower priority than calls");
    }
}

/// Answers on this runtime until the exchange's side of `asks` is closed.
pub async fn serve(
    listener: TcpListener,
    token: String,
    asks: mpsc::Sender<Ask>,
    views: Views,
    people: Arc<People>,
    limits: Limits,
) {
    let desk = Desk::new(&token, asks, views, people, limits);
    tokio::spawn(panel::keep(Arc::clone(&desk.backend)));
    accept(listener, desk).await;
}

async fn accept(listener: TcpListener, desk: Desk) {
    let listener = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!(%error, "the API cannot be served"),
    };
    while let Ok(place) = Arc::clone(&desk.places).acquire_owned().await {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = desk.asks.closed() => return,
        };
        match accepted {
            Ok((stream, peer)) => {
                let desk = desk.clone();
                tokio::spawn(async move {
                    if let Err(error) = converse(stream, peer, desk).await {
                        tracing::debug!(%peer, %error, "an API connection ended");
                    }
                    drop(place);
                });
            }
            Err(error) => {
                // Out of files: a short rest, or the loop would burn a core.
                tracing::warn!(%error, "an API connection could not be accepted");
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// One connection: requests and their answers, one after another, as long as it is not idle and there are places for others.
async fn converse(stream: TcpStream, peer: SocketAddr, desk: Desk) -> io::Result<()> {
    let Desk { service, places, limits, .. } = desk;
    let stream = stream.into_std()?;
    stream.set_nodelay(true)?;
    let mut rest = TcpStream::from_std(stream.try_clone()?)?;
    let stream = TokioIo::new(TcpStream::from_std(stream)?);
    let upgraded = Arc::new(AtomicBool::new(false));
    let changes_hands = Arc::clone(&upgraded);
    // Whoever waits for a place gets the next one that an answer sets free.
    let service = service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(guard::Peer(peer));
        let (answer, places, upgraded) = (service.call(request), Arc::clone(&places), Arc::clone(&changes_hands));
        async move {
            let mut answer = answer.await?;
            upgraded.fetch_or(answer.status() == StatusCode::SWITCHING_PROTOCOLS, Ordering::Relaxed);
            if places.available_permits() == 0 {
                answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, std::convert::Infallible>(answer)
        }
    });
    let mut served = std::pin::pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.arrival)
            .max_buf_size(HEAD)
            .max_headers(HEADERS)
            .serve_connection(stream, service)
            .with_upgrades()
    );
    // After its time a connection ends with the request that is under way.
    let ended = match timeout(limits.life, served.as_mut()).await {
        Ok(ended) => ended,
        Err(_) => {
            served.as_mut().graceful_shutdown();
            timeout(limits.longest(), served).await.map_err(|_| io::ErrorKind::TimedOut)?
        }
    };
    ended.map_err(io::Error::other)?;
    if upgraded.load(Ordering::Relaxed) {
        return Ok(()); // it is another protocol's now, and has a place of its own
    }
    // Closed with something unread, the kernel would reset the connection, and the client might never see its answer
    // (RFC 9112 §9.6). Our side is shut; what still comes is dropped.
    timeout(limits.linger, drain(&mut rest)).await.map_err(|_| io::ErrorKind::TimedOut)?
}

async fn drain(stream: &mut TcpStream) -> io::Result<()> {
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
