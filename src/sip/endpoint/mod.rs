//! Bytes to transactions to sessions to events, and back: the SIP stack as one value.
//!
//! Three verbs: [`Endpoint::receive`] (and the verbs of `dialog/`), [`Endpoint::poll`], [`Endpoint::deadline`] with
//! [`Endpoint::expire`]. It knows no call, no seat, no dialplan and no media; a body is bytes. It refuses to
//! create state for a request that nobody has admitted: a new request is handed up as [`Incoming`] first.
//!
//! `stack` is the value; `receive`, `refuse`, `transactions` and the verbs of `dialog/` are written on it, and nothing that it
//! is made of imports it.

mod event;
mod incoming;
mod receive;
mod refuse;
mod settings;
mod stack;
mod supported;
mod timer;
mod transactions;
mod txn;

pub use event::{EndedBy, Event, FailedBy, Output};
pub use incoming::{Incoming, stateless_tag};
pub use settings::Settings;
pub use stack::{Endpoint, GivenUp};
pub use supported::{ALLOW, SUPPORTED};
pub(super) use timer::Timer;
pub(super) use txn::{Purpose, User};
