//! The second factor of somebody who is signed in: he takes one, takes another one, or has none any more.

use super::sign_in::Refused;
use super::{People, hold};
use crate::access::{Mistake, Outcome, Second, Session};
use crate::clock::machine_wall;
use std::net::IpAddr;

/// How an account stands to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// It has one.
    pub has: bool,
    /// Its roles demand one.
    pub demanded: bool,
}

impl People {
    /// How this account stands to it.
    pub fn second_of(&self, account: &str) -> Standing {
        let accounts = hold(&self.accounts);
        let found = accounts.get(account);
        let has = found.is_some_and(|account| account.second.is_some());
        Standing { has, demanded: found.is_some_and(|account| accounts.demands_second(account)) }
    }

    /// What somebody's telephone may take; the same as often as he looks in this session.
    pub fn offered_second(&self, session: &Session) -> Second {
        // Not the one that he has: what is offered is never what is in force.
        let account = self.account(&session.account);
        let has = account.and_then(|account| account.second).map(|second| second.typed()).unwrap_or_default();
        self.offered(&format!("{} {has}", session.anti_forgery))
    }

    /// He shows his password, and that his telephone has taken what was offered.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn take_second(
        &self,
        session: &Session,
        (password, code): (String, &str),
        from: IpAddr,
    ) -> Result<(), Refused> {
        self.proves_himself(&session.account, password, from).await?;
        let mut second = self.offered_second(session);
        let unix = u64::try_from(machine_wall() / 1_000_000).unwrap_or(0);
        if !second.takes(code.trim(), unix) {
            return Err(Refused::Mistake(Mistake::Code));
        }
        self.changed(|accounts| accounts.set_second(&session.account, Some(second))).map_err(Refused::Mistake)?;
        self.sign(&session.account, from, "second_factor", Outcome::Done);
        Ok(())
    }

    /// He shows his password, and has none any more.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn drop_second(&self, session: &Session, password: String, from: IpAddr) -> Result<(), Refused> {
        self.proves_himself(&session.account, password, from).await?;
        self.changed(|accounts| accounts.set_second(&session.account, None)).map_err(Refused::Mistake)?;
        self.sign(&session.account, from, "second_factor_off", Outcome::Done);
        Ok(())
    }
}
