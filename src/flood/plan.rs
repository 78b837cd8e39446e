//! One run, as it was wished: whom to call, how fast, how long, by whom, and what answers.

use super::arrivals::Rate;
use super::scenario::Scenario;
use std::net::{IpAddr, SocketAddr};

/// Callers' numbers, one after the other, from the first again when all were used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    first: u64,
    count: u64,
    width: usize,
}

impl Pool {
    /// `13900000000-13900000999`, or one number. `None`: that is neither.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let digits = |t: &str| !t.is_empty() && t.len() <= 18 && t.bytes().all(|b| b.is_ascii_digit());
        if !digits(first) || !digits(last) || first.len() != last.len() {
            return None;
        }
        let (low, high): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
        Some(Self { first: low, count: high.checked_sub(low)? + 1, width: first.len() })
    }

    /// The number of the n-th call.
    #[must_use]
    pub fn number(&self, n: u64) -> String {
        format!("{:0width$}", self.first + n % self.count, width = self.width)
    }
}

/// A seat that registers and answers.
#[derive(Clone, PartialEq, Eq)]
pub struct Seat {
    /// Its number.
    pub user: String,
    /// Its password.
    pub password: String,
}

impl std::fmt::Debug for Seat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Seat").field("user", &self.user).finish_non_exhaustive()
    }
}

/// A run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Whom the messages go to.
    pub server: SocketAddr,
    /// What callers and agents do.
    pub scenario: Scenario,
    /// Calls a second over the run.
    pub rate: Rate,
    /// Evenly, not by chance.
    pub even: bool,
    /// No call begins while so many are live.
    pub concurrent: Option<u64>,
    /// The run ends after so many calls.
    pub most_calls: u64,
    /// Seats that register.
    pub seats: Vec<Seat>,
    /// Callers' numbers.
    pub pool: Pool,
    /// Whence the callers come.
    pub callers_ip: IpAddr,
    /// Where the seats are.
    pub seats_ip: IpAddr,
    /// Of the callers, where the server asks for a password.
    pub login: Option<Seat>,
    /// For all that is drawn.
    pub seed: u64,
    /// Whether legs speak.
    pub sound: bool,
    /// A caller waits so long for an answer, µs.
    pub patience: u64,
    /// The server's process, if it is on this machine.
    pub pid: Option<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_counts_in_its_own_width_and_begins_again() {
        let pool = Pool::parse("059100000008-059100000010").unwrap();
        let numbers: Vec<String> = (0..4).map(|n| pool.number(n)).collect();
        assert_eq!(numbers, ["059100000008", "059100000009", "059100000010", "059100000008"]);
        assert_eq!(Pool::parse("13900000001").unwrap().number(9), "13900000001");
        for bad in ["", "1-", "2-1", "1-10", "a-b", "1-2-3", "9999999999999999999"] {
            assert_eq!(Pool::parse(bad), None, "{bad}");
        }
    }
}
