//! The directory of accounts: what is kept in the store, and beside it what a laboratory's configuration says.

use super::account::{Account, Kept, Link, Origin, Program, Secret};
use super::mistake::Mistake;
use super::password::Hash;
use super::right::Who;
use super::role::Role;
use super::second::Second;
use crate::id::{AgentId, GroupId, SeatId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Most accounts.
pub const MOST: usize = 50_000;
/// How long a link may wait to be used, µs: three days.
const LINK: i64 = 3 * 86_400 * 1_000_000;
/// How long an agreement to secrecy holds, µs: a year.
const SECRECY: i64 = 365 * 86_400 * 1_000_000;
/// Programs of one account.
const PROGRAMS: usize = 16;

/// All accounts, by name.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Accounts {
    all: BTreeMap<String, Account>,
    /// The roles that demand a second factor of accounts in the store.
    #[serde(skip)]
    second: BTreeSet<Role>,
}

/// A new one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct New {
    /// Its name.
    pub name: String,
    /// The person's.
    #[serde(default)]
    pub title: String,
    /// His roles.
    pub roles: BTreeSet<Role>,
    /// His department.
    #[serde(default)]
    pub unit: String,
    /// The groups that he supervises.
    #[serde(default)]
    pub groups: BTreeSet<GroupId>,
    /// His work number.
    #[serde(default)]
    pub agent: Option<AgentId>,
    /// His seat.
    #[serde(default)]
    pub seat: Option<SeatId>,
}

/// What is changed of one; the rest stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// The person's name.
    #[serde(default)]
    pub title: Option<String>,
    /// His roles.
    #[serde(default)]
    pub roles: Option<BTreeSet<Role>>,
    /// His department.
    #[serde(default)]
    pub unit: Option<String>,
    /// The groups that he supervises.
    #[serde(default)]
    pub groups: Option<BTreeSet<GroupId>>,
    /// His work number; empty: none.
    #[serde(default)]
    pub agent: Option<AgentId>,
    /// His own seat, as a supervisor has one; empty: none.
    #[serde(default)]
    pub seat: Option<SeatId>,
    /// Nobody signs in by it, or somebody does again.
    #[serde(default)]
    pub disabled: Option<bool>,
}

/// What somebody shows who signs in, with what is needed to judge it aside: hashing takes long, and no lock is held meanwhile.
#[derive(Debug, Clone)]
pub struct Asked {
    kept: Option<Kept>,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proved {
    /// It is he.
    Yes,
    /// The account or the password is wrong, or nobody signs in by it.
    No,
    /// The password is right; the code is missing or wrong.
    CodeWanted,
}

impl Asked {
    /// Whether the password is right. It takes as long for an account that is not there.
    #[must_use]
    pub fn is(&self, password: &str) -> bool {
        match &self.kept {
            Some(Kept::Hashed(hash)) => hash.is(password),
            Some(Kept::Written(secret)) => secret.is(password.as_bytes()),
            Some(Kept::Nothing) | None => {
                let _ = Hash::nobody().is(password);
                false
            }
        }
    }
}

impl Accounts {
    /// Those of the store, with what the configuration says; `second`: the roles that demand a second factor.
    #[must_use]
    pub fn of(stored: Self, written: BTreeMap<String, Account>, second: BTreeSet<Role>) -> Self {
        let mut all = stored.all;
        all.retain(|_, account| account.origin == Origin::Store);
        all.extend(written);
        Self { all, second }
    }

    /// What is kept in the store.
    #[must_use]
    pub fn stored(&self) -> Self {
        let kept = self.all.iter().filter(|(_, account)| account.origin == Origin::Store);
        Self { all: kept.map(|(name, account)| (name.clone(), account.clone())).collect(), second: BTreeSet::new() }
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Account> {
        self.all.get(name)
    }

    /// By name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Account)> {
        self.all.iter().map(|(name, account)| (name.as_str(), account))
    }

    /// Whether a second factor is demanded of it.
    #[must_use]
    pub fn wants_second(&self, account: &Account) -> bool {
        account.second.is_some() || self.demands_second(account)
    }

    /// Whether its roles demand one.
    #[must_use]
    pub fn demands_second(&self, account: &Account) -> bool {
        account.origin == Origin::Store && account.roles.iter().any(|role| self.second.contains(role))
    }

    /// As who somebody asks. Whose roles demand a second factor that he has not taken yet is let in to take it, and for nothing else.
    #[must_use]
    pub fn who(&self, name: &str, wall: i64) -> Option<Who> {
        let account = self.all.get(name).filter(|account| !account.disabled)?;
        let who = account.who(name, wall);
        let lacks = account.second.is_none() && self.demands_second(account);
        Some(if lacks { Who { roles: BTreeSet::new(), ..who } } else { who })
    }

    /// What is needed to judge a password.
    #[must_use]
    pub fn ask(&self, name: &str) -> Asked {
        let kept = self.all.get(name).filter(|account| !account.disabled).map(|account| account.kept.clone());
        Asked { kept }
    }

    /// Whoever has shown the right password signs in: with the code, where one is wanted. `unix`: true seconds since the epoch.
    pub fn enter(&mut self, name: &str, code: &str, (wall, unix): (i64, u64)) -> Proved {
        let Some(account) = self.all.get_mut(name).filter(|account| !account.disabled) else { return Proved::No };
        if let Some(second) = &mut account.second
            && !second.takes(code.trim(), unix)
        {
            return Proved::CodeWanted;
        }
        account.seen = Some(wall);
        Proved::Yes
    }

    /// Makes one, with a link that is used once: `link` is its text, random.
    ///
    /// # Errors
    /// [`Mistake::Name`], [`Mistake::Taken`], [`Mistake::Roles`], [`Mistake::Full`].
    pub fn add(&mut self, new: New, link: &[u8], wall: i64) -> Result<i64, Mistake> {
        let New { name, title, roles, unit, groups, agent, seat } = new;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if name.is_empty() || name.len() > 32 || !name.chars().all(plain) {
            return Err(Mistake::Name);
        }
        if self.all.contains_key(&name) {
            return Err(Mistake::Taken);
        }
        if roles.is_empty() {
            return Err(Mistake::Roles);
        }
        if self.all.len() >= MOST {
            return Err(Mistake::Full);
        }
        let agent = agent.filter(|agent| !agent.as_str().is_empty());
        let account = Account { title, roles, unit, groups, agent, seat, ..Account::default() };
        self.all.insert(name.clone(), account);
        self.reset(&name, link, wall)
    }

    /// Takes password and second factor away and gives a new link. When it ends, µs.
    ///
    /// # Errors
    /// [`Mistake::Unknown`], [`Mistake::File`].
    pub fn reset(&mut self, name: &str, link: &[u8], wall: i64) -> Result<i64, Mistake> {
        let account = self.own(name)?;
        let until = wall.saturating_add(LINK);
        (account.kept, account.second) = (Kept::Nothing, None);
        // Whoever had the password may have made tokens by it.
        account.programs.clear();
        account.link = Some(Link { secret: Secret::of(link), until, enters: false });
        Ok(until)
    }

    /// The link of a new account signs in by itself, once: in a demonstration nobody keeps an account.
    ///
    /// # Errors
    /// As [`Accounts::reset`].
    pub fn let_in(&mut self, name: &str, wall: i64) -> Result<(), Mistake> {
        let account = self.own(name)?;
        account.secrecy = Some(wall.saturating_add(SECRECY));
        account.link.as_mut().ok_or(Mistake::Link)?.enters = true;
        Ok(())
    }

    /// Whose link this is, if it may still be used; and whether it signs in by itself.
    ///
    /// # Errors
    /// [`Mistake::Link`].
    pub fn linked(&self, link: &[u8], wall: i64) -> Result<(&str, bool), Mistake> {
        let mut found = self.all.iter().filter_map(|(name, account)| Some((name, account, account.link.as_ref()?)));
        let found = found.find(|(_, account, kept)| !account.disabled && wall < kept.until && kept.secret.is(link));
        found.map(|(name, _, kept)| (name.as_str(), kept.enters)).ok_or(Mistake::Link)
    }

    /// The person comes by his link and sets his password; `second` is what his telephone has taken, where one is wanted.
    ///
    /// # Errors
    /// [`Mistake::Link`], [`Mistake::Code`].
    pub fn join(
        &mut self,
        link: &[u8],
        password: Option<Hash>,
        second: Option<Second>,
        wall: i64,
    ) -> Result<String, Mistake> {
        let (name, enters) = self.linked(link, wall)?;
        let name = name.to_owned();
        let account = self.own(&name)?;
        match password {
            Some(password) => account.kept = Kept::Hashed(password),
            None if enters => {}
            None => return Err(Mistake::Password),
        }
        (account.link, account.seen) = (None, Some(wall));
        if second.is_some() {
            account.second = second;
        }
        Ok(name)
    }

    /// Another password.
    ///
    /// # Errors
    /// [`Mistake::Unknown`], [`Mistake::File`].
    pub fn set_password(&mut self, name: &str, password: Hash) -> Result<(), Mistake> {
        self.own(name)?.kept = Kept::Hashed(password);
        Ok(())
    }

    /// Another second factor, or none any more.
    ///
    /// # Errors
    /// [`Mistake::Unknown`], [`Mistake::File`], [`Mistake::Demanded`].
    pub fn set_second(&mut self, name: &str, second: Option<Second>) -> Result<(), Mistake> {
        if second.is_none() && self.all.get(name).is_some_and(|account| self.demands_second(account)) {
            return Err(Mistake::Demanded);
        }
        self.own(name)?.second = second;
        Ok(())
    }

    /// His language. That of an account in the file holds until the next start.
    ///
    /// # Errors
    /// [`Mistake::Unknown`].
    pub fn set_lang(&mut self, name: &str, lang: &str) -> Result<(), Mistake> {
        lang.clone_into(&mut self.all.get_mut(name).ok_or(Mistake::Unknown)?.lang);
        Ok(())
    }

    /// He agrees to secrecy, for a year. When it ends, µs.
    ///
    /// # Errors
    /// [`Mistake::Unknown`].
    pub fn agree(&mut self, name: &str, wall: i64) -> Result<i64, Mistake> {
        let until = wall.saturating_add(SECRECY);
        self.all.get_mut(name).ok_or(Mistake::Unknown)?.secrecy = Some(until);
        Ok(until)
    }

    /// Changes one.
    ///
    /// # Errors
    /// [`Mistake::Unknown`], [`Mistake::File`], [`Mistake::Roles`].
    pub fn change(&mut self, name: &str, change: Change) -> Result<(), Mistake> {
        let account = self.own(name)?;
        let Change { title, roles, unit, groups, agent, seat, disabled } = change;
        if roles.as_ref().is_some_and(BTreeSet::is_empty) {
            return Err(Mistake::Roles);
        }
        account.title = title.unwrap_or(std::mem::take(&mut account.title));
        account.roles = roles.unwrap_or(std::mem::take(&mut account.roles));
        account.unit = unit.unwrap_or(std::mem::take(&mut account.unit));
        account.groups = groups.unwrap_or(std::mem::take(&mut account.groups));
        if let Some(agent) = agent {
            account.agent = Some(agent).filter(|agent| !agent.as_str().is_empty());
        }
        if let Some(seat) = seat {
            account.seat = Some(seat).filter(|seat| !seat.as_str().is_empty());
        }
        account.disabled = disabled.unwrap_or(account.disabled);
        Ok(())
    }

    /// A program that acts with its rights: `token` is what it shows, random.
    ///
    /// # Errors
    /// [`Mistake::Unknown`], [`Mistake::File`], [`Mistake::Full`].
    pub fn program(&mut self, name: &str, note: &str, token: &[u8], wall: i64) -> Result<String, Mistake> {
        let account = self.own(name)?;
        if account.programs.len() >= PROGRAMS {
            return Err(Mistake::Full);
        }
        let mut number = account.programs.len() + 1;
        while account.programs.contains_key(&format!("{name}-{number}")) {
            number += 1;
        }
        let (called, secret) = (format!("{name}-{number}"), Secret::of(token));
        account.programs.insert(called.clone(), Program { note: note.to_owned(), made: wall, secret });
        Ok(called)
    }

    /// A program acts for it no more.
    ///
    /// # Errors
    /// [`Mistake::Unknown`], [`Mistake::File`].
    pub fn end_program(&mut self, name: &str, program: &str) -> Result<(), Mistake> {
        self.own(name)?.programs.remove(program).map(drop).ok_or(Mistake::Unknown)
    }

    /// Whose program shows this token.
    #[must_use]
    pub fn of_program(&self, token: Secret) -> Option<(&str, &str, &Account)> {
        let enabled = self.all.iter().filter(|(_, account)| !account.disabled);
        let mut all = enabled.flat_map(|(n, a)| a.programs.iter().map(move |(called, p)| (n.as_str(), called, a, p)));
        all.find(|(.., program)| program.secret.same(token))
            .map(|(name, called, account, _)| (name, called.as_str(), account))
    }

    /// One that may be changed here.
    fn own(&mut self, name: &str) -> Result<&mut Account, Mistake> {
        let account = self.all.get_mut(name).ok_or(Mistake::Unknown)?;
        if account.origin == Origin::File { Err(Mistake::File) } else { Ok(account) }
    }
}
