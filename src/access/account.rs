//! One account: a person, what he may, and how he proves that he is it.

use super::password::Hash;
use super::right::Who;
use super::role::Role;
use super::second::Second;
use crate::id::{AgentId, GroupId, SeatId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A secret that is random enough to be kept by its SHA-256: a one-time link, a program's token; and a laboratory's password, which
/// stands in its configuration file anyway.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret([u8; 32]);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Secret {
    /// Keeps it.
    #[must_use]
    pub fn of(text: &[u8]) -> Self {
        Self(Sha256::digest(text).into())
    }

    /// Whether it is this one, in a time that depends neither on where they differ nor on how long they are.
    #[must_use]
    pub fn is(&self, text: &[u8]) -> bool {
        self.same(Self::of(text))
    }

    /// Whether both are the same one, in the same way.
    #[must_use]
    pub fn same(&self, shown: Self) -> bool {
        self.0.iter().zip(shown.0).fold(0, |sum, (ours, theirs)| std::hint::black_box(sum | (ours ^ theirs))) == 0
    }
}

/// Where an account is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// In the store: doors change it.
    #[default]
    Store,
    /// In the configuration file of a laboratory.
    File,
}

/// What proves the person.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kept {
    /// Nothing yet: he has a link.
    #[default]
    Nothing,
    /// A password of his own.
    Hashed(Hash),
    /// One of the configuration file.
    Written(Secret),
}

/// A link that is used once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Link {
    pub secret: Secret,
    /// Void from then on, µs of the daemon's clock.
    pub until: i64,
    /// It signs in by itself, without a password: for demonstrations.
    pub enters: bool,
}

/// A program that acts with the rights of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// What it is for.
    pub note: String,
    /// When it was made, µs.
    pub made: i64,
    pub(super) secret: Secret,
}

/// One account.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Account {
    /// What the person is called.
    pub title: String,
    /// What he is for.
    pub roles: BTreeSet<Role>,
    /// His department, below others by slashes; empty: none.
    #[serde(default)]
    pub unit: String,
    /// The groups that he supervises; empty: all.
    #[serde(default)]
    pub groups: BTreeSet<GroupId>,
    /// His work number.
    #[serde(default)]
    pub agent: Option<AgentId>,
    /// Where he sits unless he says otherwise.
    #[serde(default)]
    pub seat: Option<SeatId>,
    /// Nobody signs in by it.
    #[serde(default)]
    pub disabled: bool,
    /// `zh` or `en`; empty: Chinese.
    #[serde(default)]
    pub lang: String,
    /// Until when his agreement to secrecy holds, µs; `None`: he has not agreed.
    #[serde(default)]
    pub secrecy: Option<i64>,
    /// When he was last there, µs.
    #[serde(default)]
    pub seen: Option<i64>,
    /// Where it is kept.
    #[serde(default)]
    pub origin: Origin,
    /// What proves him.
    #[serde(default)]
    pub kept: Kept,
    /// What his telephone shows beside the password.
    #[serde(default)]
    pub second: Option<Second>,
    /// Programs that act for it, by name.
    #[serde(default)]
    pub programs: BTreeMap<String, Program>,
    #[serde(default)]
    pub(super) link: Option<Link>,
}

impl Account {
    /// One of a laboratory's configuration, with the password that stands there.
    #[must_use]
    pub fn written(password: &str) -> Self {
        Self { origin: Origin::File, kept: Kept::Written(Secret::of(password.as_bytes())), ..Self::default() }
    }

    /// As who asks. `wall` says whether the agreement to secrecy holds.
    #[must_use]
    pub fn who(&self, name: &str, wall: i64) -> Who {
        Who {
            name: name.to_owned(),
            title: if self.title.is_empty() { name.to_owned() } else { self.title.clone() },
            roles: self.roles.clone(),
            unit: self.unit.clone(),
            groups: self.groups.clone(),
            agent: self.agent.clone(),
            secrecy: self.agreed(wall),
            trusted: false,
        }
    }

    /// Whether whoever comes by it may the same as by the other one.
    #[must_use]
    pub fn may_the_same(&self, other: &Self) -> bool {
        self.disabled == other.disabled
            && (&self.roles, &self.unit, &self.groups) == (&other.roles, &other.unit, &other.groups)
            && (&self.agent, &self.seat) == (&other.agent, &other.seat)
    }

    /// His agreement to secrecy holds.
    #[must_use]
    pub fn agreed(&self, wall: i64) -> bool {
        self.origin == Origin::File || self.secrecy.is_some_and(|until| wall < until)
    }

    /// The page that he begins in: that of his first role.
    #[must_use]
    pub fn home(&self) -> &'static str {
        self.roles.first().map_or("/", |role| role.home())
    }
}
