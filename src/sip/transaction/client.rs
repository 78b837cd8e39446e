//! Non-INVITE client transaction (RFC 3261 §17.1.2 figure 6).
//!
//! ```text
//!             |request           Timer E: resend; doubles to T2 (in Proceeding always T2)
//!   Timer F   V                  Timer F or transport error: tell the user, end
//!  +------ Trying --- 1xx ---> Proceeding
//!  |          |200–699             |200–699
//!  |          V                    |
//!  +----> Completed <--------------+     Timer K --> end
//! ```

use super::{Act, Acts, Intervals, Letter, doubled};
use smallvec::smallvec;

/// State, with Timer E's present value in µs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Nothing has come back.
    Trying {
        /// Timer E.
        e: u64,
    },
    /// A provisional response came.
    Proceeding,
    /// The final response came; later copies are absorbed.
    Completed,
    /// Over.
    Terminated,
}

/// What can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// 100–199.
    Provisional,
    /// 200–699.
    Final,
    /// A timer of this transaction.
    Timer(Letter),
    /// The transport gave the message back.
    TransportError,
}

/// Begins: the request has just been sent.
#[must_use]
pub fn begin(t: &Intervals, reliable: bool) -> (State, Acts) {
    let mut acts: Acts = smallvec![Act::Start(Letter::F, t.patience())];
    if !reliable {
        acts.push(Act::Start(Letter::E, t.t1));
    }
    (State::Trying { e: t.t1 }, acts)
}

/// One step.
#[must_use]
pub fn step(state: State, input: Input, t: &Intervals, reliable: bool) -> (State, Acts) {
    use {Input as I, Letter as L, State as S};
    let k = if reliable { 0 } else { t.t4 };
    match (state, input) {
        (S::Trying { .. }, I::Provisional) => (S::Proceeding, smallvec![Act::Pass]),
        (S::Proceeding, I::Provisional) => (S::Proceeding, smallvec![Act::Pass]),
        (S::Trying { .. } | S::Proceeding, I::Final) => (S::Completed, smallvec![Act::Start(L::K, k), Act::Pass]),
        (S::Trying { e }, I::Timer(L::E)) => {
            let e = doubled(e, t.t2);
            (S::Trying { e }, smallvec![Act::Resend, Act::Start(L::E, e)])
        }
        (S::Proceeding, I::Timer(L::E)) => (S::Proceeding, smallvec![Act::Resend, Act::Start(L::E, t.t2)]),
        (S::Trying { .. } | S::Proceeding, I::Timer(L::F)) => (S::Terminated, smallvec![Act::TimedOut, Act::End]),
        (S::Trying { .. } | S::Proceeding, I::TransportError) => (S::Terminated, smallvec![Act::Unreachable, Act::End]),
        (S::Completed, I::Timer(L::K)) => (S::Terminated, smallvec![Act::End]),
        (S::Trying { .. } | S::Proceeding | S::Completed, I::Timer(_))
        | (S::Completed, I::Provisional | I::Final | I::TransportError)
        | (S::Terminated, I::Provisional | I::Final | I::Timer(_) | I::TransportError) => (state, Acts::new()),
    }
}
