//! How long a request may take, and how many there may be.

use crate::admin::PATIENCE;
use std::time::Duration;

/// Longest that a client may have us wait for the end of a transfer, s.
pub(super) const WAIT: u64 = 60;

/// How long and how many.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at a time; the next wait in the socket's backlog.
    pub connections: usize,
    /// Of these, of one address (of IPv6: of a /64) at a time; more are refused.
    pub per_address: usize,
    /// Readers of the stream of changes at a time; more are refused.
    pub watchers: usize,
    /// How long a head may take to arrive, and a body after it.
    pub arrival: Duration,
    /// How long the exchange may take for an answer.
    pub patience: Duration,
    /// How long a connection may go on with further requests.
    pub life: Duration,
    /// How long a client may take to read its answer, and to stop sending after it.
    pub linger: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let arrival = Duration::from_secs(5);
        Self {
            connections: 4_096,
            per_address: 1_024,
            watchers: 32,
            arrival,
            patience: PATIENCE,
            life: Duration::from_secs(60),
            linger: Duration::from_secs(5),
        }
    }
}

impl Limits {
    /// The longest that one request may take.
    pub(super) fn longest(&self) -> Duration {
        let wait = Duration::from_secs(WAIT);
        // The last look of a wait began within it.
        self.arrival * 2 + self.patience * 2 + wait + self.linger
    }
}
