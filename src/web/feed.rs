//! What every stream of changes has in common: a snapshot or the changes after a number, then each change, a beat, and an end.
//!
//! A reader who does not keep up is cut off and comes again with the last number that he has. What a reader sends is not read, but for
//! pings and the end.

use super::backend::Backend;
use super::fault::Fault;
use super::query::Query;
use super::visitor::Visitor;
use crate::live::{Delta, Resumed};
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, interval_at, timeout};

/// Longest message that a reader may send, bytes.
const HEARD: usize = 1_024;
/// How often a reader is asked whether he is there, and his session looked at.
const PING: Duration = Duration::from_secs(20);
/// How often a page is told that the line stands.
const BEAT: Duration = Duration::from_secs(5);
/// Messages that a reader may send a minute.
const CHATTER: u32 = 60;

/// What one reader is shown.
pub(super) trait View: Send {
    /// Everything, with the number behind which changes go on.
    fn snapshot(&mut self) -> (u64, Value);

    /// He goes on behind a number that he has: what he is told at once of what has no number.
    fn resume(&mut self) -> Vec<Arc<str>> {
        Vec::new()
    }

    /// One change as he sees it; `None`: nothing of it is for him.
    fn change(&mut self, delta: &Delta) -> Option<Arc<str>>;

    /// Waits until there is something for him beside changes.
    fn other(&mut self) -> impl Future<Output = Option<Arc<str>>> + Send;

    /// He wants to be told that the line stands.
    fn beats(&self) -> bool;
}

/// Why a stream ends.
enum End {
    /// He said so, or is gone.
    Left,
    /// He does not keep up, or says too much.
    Cut(&'static str),
    /// His session is over.
    SignedOut,
    /// The daemon stops.
    Stopping,
}

/// Opens one: the number to go on behind, a place, and the upgrade.
///
/// # Errors
/// 422 for a query, 426 where no WebSocket is asked for, 503 where all places are taken.
pub(super) fn open<V: View + 'static>(
    backend: Arc<Backend>,
    visitor: Visitor,
    query: Option<&str>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    view: V,
) -> Result<Response, Fault> {
    let mut query = Query::read(query);
    let number = ("上次收到的 seq", "the last seq that was received");
    let since = query.read_as("since", number, |text| text.parse::<u64>().ok())?;
    query.finish()?;
    let upgrade = upgrade.map_err(|_| {
        let words = ("这个地址是 WebSocket（RFC 6455）", "this address is a WebSocket (RFC 6455)");
        Fault::new(StatusCode::UPGRADE_REQUIRED, "upgrade_required", words)
    })?;
    let Ok(place) = Arc::clone(&backend.watchers).try_acquire_owned() else {
        let words = ("实时连接已达上限", "there are as many live connections as may be");
        return Err(Fault::new(StatusCode::SERVICE_UNAVAILABLE, "busy", words));
    };
    let upgrade = upgrade.max_message_size(HEARD).max_frame_size(HEARD).write_buffer_size(0);
    Ok(upgrade.on_upgrade(async move |socket| {
        stream(socket, &backend, &visitor, since, view).await;
        drop(place);
    }))
}

async fn stream(mut socket: WebSocket, backend: &Backend, visitor: &Visitor, since: Option<u64>, view: impl View) {
    let end = tokio::select! {
        end = follow(&mut socket, backend, visitor, since, view) => end,
        () = backend.stopped() => End::Stopping,
    };
    let (code, reason) = match end {
        End::Left => return,
        // RFC 6455 §7.4.1 and its registry: try again later; going away. 4000 and above are ours.
        End::Cut(why) => (1013, why),
        End::SignedOut => (4401, "signed out"),
        End::Stopping => (1001, "stopping"),
    };
    let frame = CloseFrame { code, reason: reason.into() };
    // Whoever does not read his changes will not read this either.
    let _ = timeout(backend.limits.linger, socket.send(Message::Close(Some(frame)))).await;
}

/// Sends until something ends it.
async fn follow(
    socket: &mut WebSocket,
    backend: &Backend,
    visitor: &Visitor,
    since: Option<u64>,
    mut view: impl View,
) -> End {
    let (board, patience) = (Arc::clone(&backend.views.board), backend.limits.linger);
    let now = Instant::now();
    let (mut changes, mut ping, mut beat) =
        (board.changes(), interval_at(now + PING, PING), interval_at(now + BEAT, BEAT));
    let mut heard = 0;
    let mut seq = match begin(socket, backend, since, &mut view).await {
        Ok(seq) => seq,
        Err(end) => return end,
    };
    loop {
        // What changes from here on wakes it again.
        changes.borrow_and_update();
        let Resumed::On(deltas) = board.after(seq) else { return End::Cut("too slow") };
        for delta in deltas {
            seq = delta.seq;
            let Some(text) = view.change(&delta) else { continue };
            if let Err(end) = say(socket, &text, patience).await {
                return end;
            }
        }
        let said = tokio::select! {
            changed = changes.changed() => if changed.is_err() { return End::Stopping } else { Ok(()) },
            other = view.other() => match other {
                Some(text) => say(socket, &text, patience).await,
                None => Ok(()),
            },
            _ = beat.tick(), if view.beats() => {
                let now = json!({ "now": backend.views.clock.now().wall, "seq": seq });
                say(socket, &now.to_string(), patience).await
            }
            _ = ping.tick() => {
                heard = 0;
                let key = visitor.session.as_ref().map(|(key, _)| *key);
                if key.is_some_and(|key| backend.people.of_session(key, false).is_none()) {
                    return End::SignedOut;
                }
                send(socket, Message::Ping(Vec::new().into()), patience).await
            }
            said = socket.recv() => match said {
                None | Some(Err(_) | Ok(Message::Close(_))) => return End::Left,
                Some(Ok(_)) => {
                    heard += 1;
                    if heard > CHATTER { Err(End::Cut("too talkative")) } else { Ok(()) }
                }
            },
        };
        if let Err(end) = said {
            return end;
        }
    }
}

/// The first message; the number after which changes go on.
async fn begin(
    socket: &mut WebSocket,
    backend: &Backend,
    since: Option<u64>,
    view: &mut impl View,
) -> Result<u64, End> {
    let board = &backend.views.board;
    let resumes = since.filter(|seq| matches!(board.after(*seq), Resumed::On(_)));
    let patience = backend.limits.linger;
    if let Some(seq) = resumes {
        say(socket, &json!({ "resumed": true, "seq": seq }).to_string(), patience).await?;
        for text in view.resume() {
            say(socket, &text, patience).await?;
        }
        return Ok(seq);
    }
    let (seq, mut document) = view.snapshot();
    if let (Some(_), Some(document)) = (since, document.as_object_mut()) {
        document.insert("missed".into(), true.into());
    }
    say(socket, &document.to_string(), patience).await?;
    Ok(seq)
}

async fn say(socket: &mut WebSocket, text: &str, patience: Duration) -> Result<(), End> {
    send(socket, Message::Text(text.into()), patience).await
}

async fn send(socket: &mut WebSocket, message: Message, patience: Duration) -> Result<(), End> {
    match timeout(patience, socket.send(message)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(End::Left),
        Err(_) => Err(End::Cut("too slow")),
    }
}
