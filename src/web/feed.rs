//! What every stream of changes has in common: a snapshot or the changes after a number, then each change, a beat, and an end.
//!
//! A reader who does not keep up is cut off and comes again with the last number that he has. What a reader sends is not read, but for
//! pings and the end.

use super::backend::Backend;
use super::fault::Fault;
use super::visitor::{Stays, Visitor};
use super::wire::{ANEW, Asked, Broken, Events, Socket, Way, Wire, upgraded};
use crate::live::{Delta, Resumed};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};
use std::cell::Cell;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, interval_at};

/// One person may follow so many of all streams at a time, as a part; programs share all there are.
const SHARE: usize = 4;
/// How often a reader is asked whether he is there.
const PING: Duration = Duration::from_secs(20);
/// How often a page is told that the line stands, and whoever reads is looked at: his session may be over.
const BEAT: Duration = Duration::from_secs(5);
/// How long a thread goes through streams without letting others go before it.
const SPELL: Duration = Duration::from_micros(200);
/// Messages that a reader may send from one [`PING`] to the next.
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
    /// His session is over, or his program's token taken back.
    SignedOut,
    /// He may see something else than when he came: he begins anew.
    Changed,
    /// The daemon stops.
    Stopping,
}

impl From<Broken> for End {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Gone => Self::Left,
            Broken::Slow => Self::Cut("too slow"),
        }
    }
}

thread_local! {
    /// When this thread has let others go before it.
    static STOOD_ASIDE: Cell<Instant> = Cell::new(Instant::now());
}

/// A change wakes hundreds of streams at once. Whoever has become ready meanwhile and comes first, the calls, is let go before the next
/// of them: the scheduler would let this thread go on for milliseconds, however far it stands back.
fn stand_aside() {
    if STOOD_ASIDE.get().elapsed() > SPELL {
        std::thread::yield_now();
        STOOD_ASIDE.set(Instant::now());
    }
}

/// Opens one: a place, and then the upgrade or the answer that goes on.
///
/// # Errors
/// 503 where all places are taken.
pub(super) fn open<V: View + 'static>(
    backend: Arc<Backend>,
    visitor: Visitor,
    asked: Asked,
    view: V,
) -> Result<Response, Fault> {
    // A program follows for many: it has no share of its own.
    let own = visitor.session().map(|_| {
        let most = (backend.limits.watchers / SHARE).max(1);
        backend.followed.take(&visitor.who.name, most).ok_or_else(Fault::busy)
    });
    let own = own.transpose()?;
    let Ok(place) = Arc::clone(&backend.watchers).try_acquire_owned() else {
        let words = ("实时连接已达上限", "there are as many live connections as may be");
        return Err(Fault::new(StatusCode::SERVICE_UNAVAILABLE, "busy", words));
    };
    let (since, patience) = (asked.since, backend.limits.linger);
    match asked.way {
        Way::Socket(upgrade) => Ok(upgraded(upgrade).on_upgrade(async move |socket| {
            stream(Socket(socket, patience), &backend, &visitor, since, view).await;
            drop((place, own));
        })),
        Way::Events => {
            let (events, answer) = Events::open(patience);
            tokio::spawn(async move {
                stream(events, &backend, &visitor, since, view).await;
                drop((place, own));
            });
            Ok(answer)
        }
    }
}

async fn stream(mut wire: impl Wire, backend: &Backend, visitor: &Visitor, since: Option<u64>, view: impl View) {
    let end = tokio::select! {
        followed = follow(&mut wire, backend, visitor, since, view) => {
            let Err(end) = followed;
            end
        }
        () = backend.stopped() => End::Stopping,
    };
    let (code, why) = match end {
        End::Left => return,
        // RFC 6455 §7.4.1 and its registry: try again later; going away. 4000 and above are ours.
        End::Cut(why) => (1013, why),
        End::SignedOut => (4401, "signed out"),
        End::Changed => (ANEW, "rights have changed"),
        End::Stopping => (1001, "stopping"),
    };
    wire.end(code, why).await;
}

/// Sends until something ends it.
async fn follow(
    wire: &mut impl Wire,
    backend: &Backend,
    visitor: &Visitor,
    since: Option<u64>,
    mut view: impl View,
) -> Result<Infallible, End> {
    let board = Arc::clone(&backend.views.board);
    let now = Instant::now();
    let (mut changes, mut ping, mut beat) =
        (board.changes(), interval_at(now + PING, PING), interval_at(now + BEAT, BEAT));
    let mut heard = 0;
    let mut seq = begin(wire, backend, since, &mut view).await?;
    loop {
        // What changes from here on wakes it again.
        changes.borrow_and_update();
        let Resumed::On(deltas) = board.after(seq) else { return Err(End::Cut("too slow")) };
        for delta in deltas {
            seq = delta.seq;
            if let Some(text) = view.change(&delta) {
                wire.say(&text, seq).await?;
            }
        }
        stand_aside();
        tokio::select! {
            changed = changes.changed() => changed.map_err(|_| End::Stopping)?,
            other = view.other() => if let Some(text) = other {
                wire.say(&text, seq).await?;
            },
            _ = beat.tick() => {
                match visitor.stays(&backend.people) {
                    Stays::Same => {}
                    Stays::Changed => return Err(End::Changed),
                    Stays::Left => return Err(End::SignedOut),
                }
                if !view.beats() {
                    continue;
                }
                let now = json!({ "now": backend.views.clock.now().wall, "seq": seq });
                wire.say(&now.to_string(), seq).await?;
            }
            _ = ping.tick() => {
                heard = 0;
                wire.probe().await?;
            }
            said = wire.heard() => {
                said.ok_or(End::Left)?;
                heard += 1;
                if heard > CHATTER {
                    return Err(End::Cut("too talkative"));
                }
            }
        }
    }
}

/// The first message; the number after which changes go on.
async fn begin(wire: &mut impl Wire, backend: &Backend, since: Option<u64>, view: &mut impl View) -> Result<u64, End> {
    let board = &backend.views.board;
    if let Some(seq) = since.filter(|seq| matches!(board.after(*seq), Resumed::On(_))) {
        wire.say(&json!({ "resumed": true, "seq": seq }).to_string(), seq).await?;
        for text in view.resume() {
            wire.say(&text, seq).await?;
        }
        return Ok(seq);
    }
    let (seq, mut document) = view.snapshot();
    if let (Some(_), Some(document)) = (since, document.as_object_mut()) {
        document.insert("missed".into(), true.into());
    }
    wire.say(&document.to_string(), seq).await?;
    Ok(seq)
}
