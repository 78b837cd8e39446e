//! `GET /live`: what there is and then what changes, over a WebSocket (RFC 6455).
//!
//! First a snapshot, then changes with their numbers, each one more than the last. `since=SEQ` goes on after that number instead, if
//! it is not too long ago; else the snapshot says `"missed":true`. A reader who does not keep up is cut off: he comes again with the
//! last number that he has. What a reader sends is not read, but for pings and the end.

use super::backend::Backend;
use super::fault::Fault;
use super::query::Query;
use crate::live::{Board, Resumed};
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, interval_at, timeout};

/// Longest message that a reader may send, bytes.
const HEARD: usize = 1_024;
/// How often a reader is asked whether he is there.
const PING: Duration = Duration::from_secs(20);
/// Messages that a reader may send a minute.
const CHATTER: u32 = 60;

/// Why a stream ends.
enum End {
    /// He said so, or is gone.
    Left,
    /// He does not keep up, or says too much.
    Cut(&'static str),
    /// The daemon stops.
    Stopping,
}

pub(super) async fn live(
    State(backend): State<Arc<Backend>>,
    RawQuery(query): RawQuery,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Fault> {
    let mut query = Query::read(query.as_deref());
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
        stream(socket, &backend, since).await;
        drop(place);
    }))
}

async fn stream(mut socket: WebSocket, backend: &Backend, since: Option<u64>) {
    let end = tokio::select! {
        end = follow(&mut socket, backend, since) => end,
        () = backend.stopped() => End::Stopping,
    };
    let (code, reason) = match end {
        End::Left => return,
        // RFC 6455 §7.4.1 and its registry: try again later; going away.
        End::Cut(why) => (1013, why),
        End::Stopping => (1001, "stopping"),
    };
    let frame = CloseFrame { code, reason: reason.into() };
    // Whoever does not read his changes will not read this either.
    let _ = timeout(backend.limits.linger, socket.send(Message::Close(Some(frame)))).await;
}

/// Sends until something ends it.
async fn follow(socket: &mut WebSocket, backend: &Backend, since: Option<u64>) -> End {
    let board = Arc::clone(&backend.views.board);
    let (mut changes, mut ping, mut heard) = (board.changes(), interval_at(Instant::now() + PING, PING), 0);
    let mut seq = match begin(socket, &board, since, backend.limits.linger).await {
        Ok(seq) => seq,
        Err(end) => return end,
    };
    loop {
        // What changes from here on wakes it again.
        changes.borrow_and_update();
        let Resumed::On(deltas) = board.after(seq) else { return End::Cut("too slow") };
        for delta in deltas {
            seq = delta.seq;
            if let Err(end) = send(socket, Message::Text((&*delta.json).into()), backend.limits.linger).await {
                return end;
            }
        }
        tokio::select! {
            changed = changes.changed() => if changed.is_err() { return End::Stopping },
            _ = ping.tick() => {
                heard = 0;
                if let Err(end) = send(socket, Message::Ping(Vec::new().into()), backend.limits.linger).await {
                    return end;
                }
            }
            said = socket.recv() => match said {
                None | Some(Err(_) | Ok(Message::Close(_))) => return End::Left,
                Some(Ok(_)) => {
                    heard += 1;
                    if heard > CHATTER {
                        return End::Cut("too talkative");
                    }
                }
            },
        }
    }
}

/// The first message; the number after which changes go on.
async fn begin(socket: &mut WebSocket, board: &Board, since: Option<u64>, patience: Duration) -> Result<u64, End> {
    let resumes = since.filter(|seq| matches!(board.after(*seq), Resumed::On(_)));
    let (seq, mut document) = match resumes {
        Some(seq) => (seq, json!({ "resumed": true, "seq": seq })),
        None => board.snapshot(),
    };
    if let (Some(_), None, Some(document)) = (since, resumes, document.as_object_mut()) {
        document.insert("missed".into(), true.into());
    }
    send(socket, Message::Text(document.to_string().into()), patience).await?;
    Ok(seq)
}

async fn send(socket: &mut WebSocket, message: Message, patience: Duration) -> Result<(), End> {
    match timeout(patience, socket.send(message)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(End::Left),
        Err(_) => Err(End::Cut("too slow")),
    }
}
