//! INVITE server transaction (RFC 3261 §17.2.1 figure 7, RFC 6026 §7.1).
//!
//! ```text
//!              |INVITE (100 is sent at once)
//!              V
//!         Proceeding ---- 2xx ----> Accepted -- Timer L --> end   (INVITE absorbed, ACK and 2xx passed)
//!              |3xx–6xx               1xx: send; INVITE again: resend the last 1xx
//!              V
//!          Completed -- Timer G: resend, doubles to T2; INVITE again: resend
//!              |ACK     \-- Timer H: tell the user, end
//!              V
//!          Confirmed -- Timer I --> end
//! ```

use super::{Act, Acts, Intervals, Letter, doubled};
use smallvec::smallvec;

/// State.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// No final response yet.
    Proceeding,
    /// A final response other than 2xx was sent.
    Completed {
        /// Timer G's present value, µs.
        g: u64,
    },
    /// It was acknowledged.
    Confirmed,
    /// A 2xx was sent; its retransmission is the user's (RFC 3261 §13.3.1.4).
    Accepted,
    /// Over.
    Terminated,
}

/// What can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// The INVITE came again.
    Invite,
    /// An ACK of this transaction's branch.
    Ack,
    /// The user sends 1xx.
    Provisional,
    /// The user sends 2xx.
    Success,
    /// The user sends 3xx–6xx.
    Failure,
    /// A timer of this transaction.
    Timer(Letter),
    /// The transport gave a response back.
    TransportError,
}

/// One step.
#[must_use]
pub fn step(state: State, input: Input, t: &Intervals, reliable: bool) -> (State, Acts) {
    use {Input as I, Letter as L, State as S};
    match (state, input) {
        (S::Proceeding, I::Invite) => (state, smallvec![Act::Resend]),
        (S::Proceeding, I::Provisional) => (state, smallvec![Act::Send]),
        (S::Proceeding, I::Success) => (S::Accepted, smallvec![Act::Send, Act::Start(L::L, t.patience())]),
        (S::Proceeding, I::Failure) => {
            let mut acts: Acts = smallvec![Act::Send, Act::Start(L::H, t.patience())];
            if !reliable {
                acts.push(Act::Start(L::G, t.t1));
            }
            (S::Completed { g: t.t1 }, acts)
        }
        (S::Proceeding, I::TransportError) => (S::Terminated, smallvec![Act::Unreachable, Act::End]),
        (S::Completed { .. }, I::Invite) => (state, smallvec![Act::Resend]),
        (S::Completed { .. }, I::Ack) => {
            let i = if reliable { 0 } else { t.t4 };
            (S::Confirmed, smallvec![Act::Start(L::I, i)])
        }
        (S::Completed { g }, I::Timer(L::G)) => {
            let g = doubled(g, t.t2);
            (S::Completed { g }, smallvec![Act::Resend, Act::Start(L::G, g)])
        }
        (S::Completed { .. }, I::Timer(L::H) | I::TransportError) => {
            (S::Terminated, smallvec![Act::NotAcknowledged, Act::End])
        }
        (S::Confirmed, I::Timer(L::I)) | (S::Accepted, I::Timer(L::L)) => (S::Terminated, smallvec![Act::End]),
        (S::Accepted, I::Success) => (state, smallvec![Act::Send]),
        (S::Accepted, I::Ack) => (state, smallvec![Act::Pass]),
        (S::Proceeding | S::Completed { .. } | S::Confirmed | S::Accepted, I::Timer(_))
        | (S::Proceeding, I::Ack)
        | (S::Completed { .. }, I::Provisional | I::Success | I::Failure)
        | (S::Confirmed, I::Invite | I::Ack | I::Provisional | I::Success | I::Failure | I::TransportError)
        | (S::Accepted, I::Invite | I::Provisional | I::Failure | I::TransportError)
        | (
            S::Terminated,
            I::Invite | I::Ack | I::Provisional | I::Success | I::Failure | I::Timer(_) | I::TransportError,
        ) => (state, Acts::new()),
    }
}
