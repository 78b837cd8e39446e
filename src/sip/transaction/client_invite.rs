//! INVITE client transaction (RFC 3261 §17.1.1 figure 5, RFC 6026 §7.2).
//!
//! ```text
//!              |INVITE            Timer A: resend, A doubles
//!   Timer B    V                  Timer B or transport error: tell the user, end
//!  +------- Calling --- 2xx ---+
//!  |           |1xx            |
//!  |           V               |
//!  |      Proceeding -- 2xx ---+---> Accepted -- Timer M --> end   (each 2xx is passed up)
//!  |           |3xx–6xx: ACK
//!  |           V
//!  +---->  Completed -- Timer D --> end                            (each 3xx–6xx again: ACK)
//! ```

use super::{Act, Acts, Intervals, Letter, doubled};
use smallvec::smallvec;

/// State, with the running retransmission interval where there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The request is out, nothing has come back.
    Calling {
        /// Timer A's present value, µs.
        a: u64,
    },
    /// A provisional response came.
    Proceeding,
    /// A final response other than 2xx came and was acknowledged.
    Completed,
    /// A 2xx came; forks may send more.
    Accepted,
    /// Over.
    Terminated,
}

/// What can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// 100–199.
    Provisional,
    /// 200–299.
    Success,
    /// 300–699.
    Failure,
    /// A timer of this transaction.
    Timer(Letter),
    /// The transport gave the message back.
    TransportError,
}

/// Begins: the request has just been sent.
#[must_use]
pub fn begin(t: &Intervals, reliable: bool) -> (State, Acts) {
    let mut acts: Acts = smallvec![Act::Start(Letter::B, t.patience())];
    if !reliable {
        acts.push(Act::Start(Letter::A, t.t1));
    }
    (State::Calling { a: t.t1 }, acts)
}

/// One step.
#[must_use]
pub fn step(state: State, input: Input, t: &Intervals, reliable: bool) -> (State, Acts) {
    use {Input as I, Letter as L, State as S};
    let d = if reliable { 0 } else { t.patience().max(32_000_000) };
    match (state, input) {
        (S::Calling { .. }, I::Provisional) => (S::Proceeding, smallvec![Act::Pass]),
        (S::Calling { .. } | S::Proceeding, I::Success) => {
            (S::Accepted, smallvec![Act::Start(L::M, t.patience()), Act::Pass])
        }
        (S::Calling { .. } | S::Proceeding, I::Failure) => {
            (S::Completed, smallvec![Act::Ack, Act::Start(L::D, d), Act::Pass])
        }
        (S::Calling { a }, I::Timer(L::A)) => {
            let a = doubled(a, u64::MAX);
            (S::Calling { a }, smallvec![Act::Resend, Act::Start(L::A, a)])
        }
        (S::Calling { .. }, I::Timer(L::B)) => (S::Terminated, smallvec![Act::TimedOut, Act::End]),
        (S::Calling { .. } | S::Proceeding, I::TransportError) => {
            (S::Terminated, smallvec![Act::Unreachable, Act::End])
        }
        (S::Proceeding, I::Provisional) => (S::Proceeding, smallvec![Act::Pass]),
        (S::Completed, I::Failure) => (S::Completed, smallvec![Act::Ack]),
        (S::Completed, I::Timer(L::D)) | (S::Accepted, I::Timer(L::M)) => (S::Terminated, smallvec![Act::End]),
        (S::Completed, I::TransportError) => (S::Terminated, smallvec![Act::End]),
        (S::Accepted, I::Success) => (S::Accepted, smallvec![Act::Pass]),
        (S::Calling { .. } | S::Proceeding | S::Completed | S::Accepted, I::Timer(_))
        | (S::Completed, I::Provisional | I::Success)
        | (S::Accepted, I::Provisional | I::Failure | I::TransportError)
        | (S::Terminated, I::Provisional | I::Success | I::Failure | I::Timer(_) | I::TransportError) => {
            (state, Acts::new())
        }
    }
}
