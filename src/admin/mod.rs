//! The operators' doors: a Unix socket beside the state, one JSON line a question and one an answer; and, where it is configured,
//! [`http`].
//!
//! Who may open the file may give orders (hang up, drain): it is 0600 and there is no other check. HTTP takes a token. Both refuse
//! to decide anything (the exchange answers), and to wait without end: lines, connections and times are bounded.

mod client;
mod people;
mod plans;
mod pulse;
mod server;
mod told;
mod words;

pub use client::{Error, ask, charge, order};
pub use people::{AccountRow, Charge, Errand, Settled};
pub use plans::{By, ConfigFile, Elsewhere, FORMAT, Order, Outcome, Planned, Replayed, Said, Text};
pub use pulse::{Beat, Pulse};
pub use server::{Ask, Queues, Task, bind, give, put, serve};
pub use told::{difference_text, replay_text};
pub use words::{callback_words, conflict_words, forbidden_words, unfit_words, unknown_words, unreachable_words};

use crate::exchange::{Answer, Command};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Longest reason, place or purpose that goes with an order about a call, characters.
pub const NOTE: usize = 200;
/// Longest name of who orders, characters.
pub const NAME: usize = 64;
/// Longest question to the exchange, bytes.
const QUESTION: usize = 4096;
/// Longest order about the dialplan, bytes: a plan of a million numbers is 40 MB.
const ORDER: usize = 256 << 20;
/// Longest answer that a client reads, bytes: 10,000 seats are 2 MB, a plan of a million numbers 40.
const ANSWER: u64 = 256 << 20;
/// How long the exchange may take for an answer, and a client for a line.
pub const PATIENCE: Duration = Duration::from_secs(5);
/// How long a plan may be read and checked: a million numbers take seconds, and orders wait for each other.
const CHECK: Duration = Duration::from_secs(120);

/// What may stand in a question's line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Question {
    /// About the dialplan.
    Plan(Order),
    /// About accounts.
    People(Charge),
    /// For the exchange.
    Exchange(Command),
}

/// What stands in an answer's line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    /// The exchange's answer.
    Ok(Answer),
    /// What came of an order about the dialplan.
    Plan(Box<Outcome>),
    /// What came of an order about accounts.
    People(Box<Settled>),
    /// The question never reached it.
    Refused(Refusal),
}

/// Why a question got no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The line is no question, or too long.
    Malformed,
    /// The exchange did not answer in time, or too many ask.
    Busy,
    /// The daemon is stopping.
    Stopping,
}

#[cfg(test)]
mod tests;
