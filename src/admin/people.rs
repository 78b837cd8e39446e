//! Orders about accounts and their trail, and what is answered: values that travel as JSON.

use crate::access::{Change, Entry, Mistake, New};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use tokio::sync::oneshot;

/// An order about accounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "people", rename_all = "snake_case")]
pub enum Charge {
    /// Every account.
    List,
    /// A new one, with a link that is used once.
    Add {
        /// What it is.
        new: New,
        /// Its link signs in by itself: for demonstrations.
        #[serde(default)]
        enters: bool,
    },
    /// Another one of what it was.
    Change {
        /// Which.
        name: String,
        /// What changes.
        change: Change,
    },
    /// Password and second factor go; a new link.
    Reset {
        /// Which.
        name: String,
    },
    /// A program acts for it.
    Token {
        /// For which.
        name: String,
        /// What it is for.
        note: String,
    },
    /// A program acts for it no more.
    Untoken {
        /// For which.
        name: String,
        /// The program.
        program: String,
    },
    /// The last entries of the trail, the latest first.
    Trail {
        /// Those before this number only.
        #[serde(default)]
        before: Option<u64>,
        /// At most so many.
        limit: usize,
        /// Of this account only.
        #[serde(default)]
        who: Option<String>,
        /// Of this kind only.
        #[serde(default)]
        what: Option<String>,
        /// Since then only, µs since the epoch.
        #[serde(default)]
        since: Option<i64>,
    },
    /// Whether the trail is what was written.
    Prove,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Settled {
    /// By name.
    Accounts(Vec<AccountRow>),
    /// A link that is used once, and when it ends, µs.
    Link {
        /// The address.
        link: String,
        /// When it ends, µs since the epoch.
        until: i64,
    },
    /// What a program shows. It is told once.
    Token {
        /// The program's name.
        program: String,
        /// What it shows.
        token: String,
    },
    /// It is so.
    Done,
    /// Entries, and where the trail stands.
    Trail {
        /// The latest first.
        entries: Vec<Entry>,
        /// The number of the last one of all, and the hash that holds them.
        head: (u64, String),
    },
    /// Gone through: so many entries are as they were written.
    Proved {
        /// How many.
        entries: u64,
        /// The first that is not.
        broken: Option<u64>,
    },
    /// It is not so.
    Refused {
        /// In a word.
        error: String,
        /// In Chinese.
        zh: String,
        /// In English.
        en: String,
    },
}

impl From<Mistake> for Settled {
    fn from(mistake: Mistake) -> Self {
        let (zh, en) = mistake.words();
        Self::Refused { error: mistake.word().into(), zh: zh.into(), en: en.into() }
    }
}

/// One account, without what proves the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountRow {
    /// Its name.
    pub name: String,
    /// The person's.
    pub title: String,
    /// His roles.
    pub roles: Vec<String>,
    /// His department.
    pub unit: String,
    /// The groups that he supervises; none: all.
    pub groups: BTreeSet<String>,
    /// His work number.
    pub agent: Option<String>,
    /// His own seat.
    #[serde(default)]
    pub seat: Option<String>,
    /// Nobody signs in by it.
    pub disabled: bool,
    /// He has a second factor.
    pub totp: bool,
    /// One is demanded.
    pub wants_totp: bool,
    /// He has set his password; else he has a link still, or needs one.
    pub joined: bool,
    /// Until when he has agreed to secrecy, µs.
    pub secrecy_until: Option<i64>,
    /// When he signed in last, µs.
    pub last_seen: Option<i64>,
    /// `store` or `file`.
    pub from: String,
    /// Programs that act for it: name, what for.
    pub programs: Vec<(String, String)>,
}

/// An order, who gave it as the system says, and where its outcome goes.
pub type Errand = (Charge, Option<u32>, oneshot::Sender<Settled>);
