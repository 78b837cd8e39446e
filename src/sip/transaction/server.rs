//! Non-INVITE server transaction (RFC 3261 §17.2.2 figure 8).
//!
//! ```text
//!            |request
//!            V
//!         Trying --- 1xx ---> Proceeding     (request again: absorbed / last 1xx resent)
//!            |200–699             |200–699
//!            V                    V
//!         Completed <-------------+           request again: resend; Timer J --> end
//! ```

use super::{Act, Acts, Intervals, Letter};
use smallvec::smallvec;

/// State.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// No response yet.
    Trying,
    /// A provisional one was sent.
    Proceeding,
    /// The final one was sent.
    Completed,
    /// Over.
    Terminated,
}

/// What can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// The request came again.
    Request,
    /// The user sends 1xx.
    Provisional,
    /// The user sends 200–699.
    Final,
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
        (S::Trying | S::Proceeding, I::Provisional) => (S::Proceeding, smallvec![Act::Send]),
        (S::Trying | S::Proceeding, I::Final) => {
            let j = if reliable { 0 } else { t.patience() };
            (S::Completed, smallvec![Act::Send, Act::Start(L::J, j)])
        }
        (S::Proceeding | S::Completed, I::Request) => (state, smallvec![Act::Resend]),
        (S::Completed, I::Timer(L::J)) => (S::Terminated, smallvec![Act::End]),
        (S::Trying | S::Proceeding | S::Completed, I::TransportError) => {
            (S::Terminated, smallvec![Act::Unreachable, Act::End])
        }
        (S::Trying, I::Request)
        | (S::Trying | S::Proceeding | S::Completed, I::Timer(_))
        | (S::Completed, I::Provisional | I::Final)
        | (S::Terminated, I::Request | I::Provisional | I::Final | I::Timer(_) | I::TransportError) => {
            (state, Acts::new())
        }
    }
}
