//! Transactions of RFC 3261 §17 with the Accepted state of RFC 6026: four machines, each a pure table.
//!
//! A machine says what to do ([`Act`]); the endpoint owns bytes, flows and timers and does it. No machine
//! knows a dialog, and none sends anything itself.

pub mod client;
pub mod client_invite;
pub mod key;
pub mod server;
pub mod server_invite;

use smallvec::SmallVec;

/// The base intervals, µs (RFC 3261 §17.1.1.1, table 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Intervals {
    /// Round-trip estimate, default 500 ms.
    pub t1: u64,
    /// Ceiling of non-INVITE and 2xx retransmission, default 4 s.
    pub t2: u64,
    /// How long a message may stay in the network, default 5 s.
    pub t4: u64,
}

impl Default for Intervals {
    fn default() -> Self {
        Self { t1: 500_000, t2: 4_000_000, t4: 5_000_000 }
    }
}

impl Intervals {
    /// 64 × T1: timers B, D (at least 32 s), F, H, J, L, M.
    #[must_use]
    pub const fn patience(&self) -> u64 {
        64 * self.t1
    }
}

/// Timers by their letters in the RFCs; `A`, `E`, `G` retransmit, the others end a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the letters are the names")]
pub enum Letter {
    A,
    B,
    D,
    E,
    F,
    G,
    H,
    I,
    J,
    K,
    L,
    M,
}

impl Letter {
    /// It only keeps a transaction for retransmissions that may still come: nobody is told of its end.
    #[must_use]
    pub fn lingers(self) -> bool {
        matches!(self, Self::D | Self::I | Self::J | Self::K | Self::L | Self::M)
    }
}

/// What a machine wants done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Send the request, or the last response, again.
    Resend,
    /// Send the response just given by the user of the transaction.
    Send,
    /// Send the ACK for a non-2xx final response (RFC 3261 §17.1.1.3).
    Ack,
    /// Start a timer, µs.
    Start(Letter, u64),
    /// Pass the message to the user of the transaction.
    Pass,
    /// Tell the user: no final response came (timer B or F).
    TimedOut,
    /// Tell the user: our final response was never acknowledged (timer H).
    NotAcknowledged,
    /// Tell the user: the transport failed.
    Unreachable,
    /// The transaction is over; forget it.
    End,
}

/// What one input leads to.
pub type Acts = SmallVec<[Act; 4]>;

/// Doubles an interval up to a ceiling.
fn doubled(interval: u64, ceiling: u64) -> u64 {
    interval.saturating_mul(2).min(ceiling)
}

#[cfg(test)]
mod tests;
