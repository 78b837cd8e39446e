//! Rows that have changed, on their way from the exchange to whoever shows them: twenty times a second at the most.

use crate::clock::{MILLI, Now};
use crate::exchange::Exchange;
use crate::live::{Board, Feed, start};
use std::io;
use std::sync::Arc;

/// How often, µs. What changes twice meanwhile is told once.
const EVERY: u64 = 50 * MILLI;

/// Paces it.
#[derive(Debug)]
pub(super) struct Publisher {
    feed: Option<Feed>,
    next: u64,
}

impl Publisher {
    /// With a board that is shown, if it is by anybody.
    ///
    /// # Errors
    /// What the system said.
    pub fn of(board: &Arc<Board>, shown: bool) -> io::Result<Self> {
        let feed = shown.then(|| start(Arc::clone(board))).transpose()?;
        Ok(Self { feed, next: 0 })
    }

    /// When there is something to be told, µs monotonic.
    pub fn deadline(&self, exchange: &Exchange) -> Option<u64> {
        (self.feed.is_some() && exchange.has_changed()).then_some(self.next)
    }

    /// Tells what has changed, if it is time; after an order at once, so that who gave it finds it done.
    pub fn publish(&mut self, exchange: &mut Exchange, at_once: bool, now: Now) {
        let Some(feed) = &self.feed else { return };
        if exchange.has_changed() && (at_once || self.next <= now.mono) {
            self.next = now.mono + EVERY;
            // Behind by three seconds: it waits in the exchange, where it is bounded.
            let _ = feed.offer(|| exchange.changes(now));
        }
    }
}
