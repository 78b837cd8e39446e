//! The operators' door: a Unix socket beside the state, one JSON line a question and one an answer.
//!
//! Who may open the file may give orders (hang up, drain): it is 0600 and there is no other check. It refuses to be reached over
//! a network, to decide anything (the exchange answers), and to wait without end: lines, connections and times are bounded.

mod client;
mod server;

pub use client::{Error, ask};
pub use server::{Ask, bind, serve};

use crate::exchange::Answer;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Longest question, bytes.
const QUESTION: usize = 4096;
/// Longest answer that a client reads, bytes: 10,000 seats are 2 MB.
const ANSWER: u64 = 32 << 20;
/// How long the exchange may take for an answer, and a client for a line.
const PATIENCE: Duration = Duration::from_secs(5);

/// What stands in an answer's line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    /// The exchange's answer.
    Ok(Answer),
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
