//! The web server: pages, the API, streams of what changes, and the upgrade of telephones in pages; on threads of its own.
//!
//! It never holds the exchange: it asks by a bounded queue, and reads what others publish ([`Views`]). Who comes is found at the door
//! (`guard`), by a cookie or a token, and one function of `access` decides what he may; `doors` is the table of it. A connection carries
//! requests one after another, or side by side where HTTP/2 is spoken; an idle one is closed after some seconds, and none goes on while others wait for a place. A head that is
//! too long or late, a body over its limit and a reader that does not read are cut off: they cost a place for seconds and the
//! signalling thread nothing. It refuses to serve browsers' scripts of other sites.

mod accounts;
mod alarms;
mod backend;
mod body;
mod condition;
mod connection;
mod desk;
mod document;
pub mod doors;
mod fault;
mod feed;
pub mod fields;
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
mod paging;
mod panel;
pub mod people;
mod phones;
mod places;
mod plan;
mod query;
mod room;
mod routes;
mod sessions;
mod share;
mod shared;
mod shown;
mod sound;
mod stream;
mod veil;
mod verb;
mod views;
mod visitor;
mod wall;
mod wire;

pub use fault::Fault;
pub use limits::Limits;
pub use people::{People, Rules};
pub use verb::Action;
pub use views::{Folder, House, Views};

use crate::admin::Ask;
use rustix::process::setpriority_process;
use rustix::thread::gettid;
use shared::Desk;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

/// How far the server's threads stand back (nice(2)): a weight of 110 beside 1,024.
const NICE: i32 = 10;
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
                    look_after(&desk);
                }
                accept(listener, desk).await;
            });
        };
        std::thread::Builder::new().name(format!("api-{n}")).spawn(work)?;
    }
    Ok(())
}

/// Behind calls: whoever of them wakes takes the processor before it. A tenth of it is ours all the same, so that pages live beside
/// whatever else this machine has to do.
fn stand_back() {
    if let Err(error) = setpriority_process(Some(gettid()), NICE) {
        tracing::debug!(%error, "the web server has no lower priority than calls");
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
    look_after(&desk);
    accept(listener, desk).await;
}

/// What goes on beside answering.
fn look_after(desk: &Desk) {
    tokio::spawn(panel::keep(Arc::clone(&desk.backend)));
    tokio::spawn(condition::watch(Arc::clone(&desk.backend)));
}

async fn accept(listener: TcpListener, desk: Desk) {
    let listener = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!(%error, "the API cannot be served"),
    };
    while let Ok(free) = desk.places.free().await {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = desk.asks.closed() => return,
        };
        match accepted {
            Ok((stream, peer)) => match desk.places.take(free, peer.ip()) {
                Some(place) => {
                    let desk = desk.clone();
                    tokio::spawn(async move {
                        if let Err(error) = connection::converse(stream, peer, desk, place).await {
                            tracing::debug!(%peer, %error, "an API connection ended");
                        }
                    });
                }
                None => {
                    let Ok(turn) = Arc::clone(&desk.turned_away).try_acquire_owned() else { continue };
                    let secured = desk.tls.is_some();
                    tokio::spawn(async move {
                        turn_away(stream, secured).await;
                        drop(turn);
                    });
                }
            },
            Err(error) => {
                // Out of files: a short rest, or the loop would burn a core.
                tracing::warn!(%error, "an API connection could not be accepted");
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// Says that there is no place, to whoever speaks in the clear: he reads it, or is closed within a second.
async fn turn_away(mut stream: TcpStream, secured: bool) {
    if secured {
        return;
    }
    let body =
        r#"{"error":"busy","zh":"同一地址的连接过多，稍后再试","en":"too many connections of one address: try again"}"#;
    let text = format!(
        "HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    let told = async {
        stream.write_all(text.as_bytes()).await?;
        stream.shutdown().await?;
        connection::drain(&mut stream).await
    };
    // Whoever does not listen is gone, as far as this goes.
    let _ = timeout(Duration::from_secs(1), told).await;
}
