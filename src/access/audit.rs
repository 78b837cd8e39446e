//! The trail: who has done or seen what, when, from where and why. Each entry holds the hash of the one before it, so that none can be
//! changed, taken out or put between without breaking all that follow.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was done, or shown.
    Done,
    /// He may not.
    Refused,
    /// It was tried and did not come about.
    Failed,
}

/// What stands in a trail as done; of what was refused the word of the right stands there.
pub const DEEDS: [&str; 29] = [
    "account_add",
    "account_change",
    "account_reset",
    "account_token",
    "account_untoken",
    "acknowledge",
    "audit",
    "audit_export",
    "barge",
    "hang_up",
    "join",
    "journey",
    "ladder",
    "message",
    "monitor",
    "password",
    "plan_apply",
    "plan_rollback",
    "recording",
    "search",
    "seat_set",
    "second_factor",
    "second_factor_off",
    "secrecy",
    "sign_in",
    "sign_out",
    "takeover",
    "unmask",
    "whisper",
];

/// What somebody does, before it has a place in the trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deed {
    /// The account; of whoever is none what he called himself.
    pub who: String,
    /// For whom a program acts, as it says.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub by: String,
    /// The address that it came from; `socket` for the command line.
    pub from: String,
    /// What, in a word: `sign_in`, `unmask`, `recording` …
    pub what: String,
    /// Of what: an account, a call's reference, a seat.
    #[serde(default)]
    pub of: String,
    /// Why, in his words.
    #[serde(default)]
    pub why: String,
    /// How it ended.
    pub outcome: Outcome,
}

/// One entry of the trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// From 1, without a gap.
    pub seq: u64,
    /// µs since the epoch, by the daemon's clock.
    pub at: i64,
    /// What was done.
    #[serde(flatten)]
    pub deed: Deed,
    /// SHA-256 of the entry before and of this one, in hexadecimal digits.
    pub hash: String,
}

/// Where the trail stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Chain {
    seq: u64,
    hash: String,
}

impl Chain {
    /// Behind this entry.
    #[must_use]
    pub fn behind(last: &Entry) -> Self {
        Self { seq: last.seq, hash: last.hash.clone() }
    }

    /// The next one.
    pub fn add(&mut self, deed: Deed, at: i64) -> Entry {
        self.seq += 1;
        self.hash = hash(&self.hash, self.seq, at, &deed);
        Entry { seq: self.seq, at, deed, hash: self.hash.clone() }
    }

    /// The number of the last one.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// The hash that holds them all.
    #[must_use]
    pub fn head(&self) -> &str {
        &self.hash
    }
}

fn hash(before: &str, seq: u64, at: i64, deed: &Deed) -> String {
    let mut sha = Sha256::new();
    sha.update(before.as_bytes());
    // Texts and numbers only: it can always be written.
    sha.update(serde_json::to_vec(&(seq, at, deed)).unwrap_or_default());
    sha.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The number of the first entry that is not what was written, or not in its place; `before` is where the trail stood.
#[must_use]
pub fn broken_at(mut before: Chain, entries: &[Entry]) -> Option<u64> {
    for entry in entries {
        let due = before.add(entry.deed.clone(), entry.at);
        if due != *entry {
            return Some(due.seq);
        }
    }
    None
}
