//! Orders about accounts, from the command line and from the administrator's page.

use super::{People, hold, secret};
use crate::access::{Accounts, Deed, Entry, Outcome};
use crate::admin::{AccountRow, Charge, Errand, Settled};
use crate::id::{AgentId, GroupId};
use crate::store;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Entries of the trail in one answer: an export is one.
const MOST: usize = 100_000;

impl People {
    /// Carries out what comes by the operators' socket, on a thread of its own, until nobody is left who might send anything.
    ///
    /// # Errors
    /// What the system said.
    pub fn serve(self: Arc<Self>, mut errands: mpsc::Receiver<Errand>) -> std::io::Result<()> {
        let work = move || {
            while let Some((charge, uid, settled)) = errands.blocking_recv() {
                let who = uid.map_or_else(|| "socket".to_owned(), |uid| format!("uid {uid}"));
                // Whoever asked may be gone by now.
                let _ = settled.send(self.settle(charge, &who, "socket"));
            }
        };
        std::thread::Builder::new().name("people".to_owned()).spawn(work).map(drop)
    }

    /// Carries out one order of somebody.
    pub fn settle(&self, charge: Charge, who: &str, from: &str) -> Settled {
        let told = told(&charge);
        let settled = self.carry_out(charge);
        if let Some((what, of)) = told {
            let outcome = if matches!(settled, Settled::Refused { .. }) { Outcome::Failed } else { Outcome::Done };
            let [who, from, what] = [who, from, what].map(str::to_owned);
            let deed = Deed { who, by: String::new(), from, what, of, why: String::new(), outcome };
            if self.note(deed).is_err() {
                return crate::access::Mistake::Unkept.into();
            }
        }
        settled
    }

    fn carry_out(&self, charge: Charge) -> Settled {
        let wall = self.clock.now().wall;
        match charge {
            Charge::List => Settled::Accounts(rows(&hold(&self.accounts))),
            Charge::Add { new, enters } => {
                let (link, name) = (secret(), new.name.clone());
                let added = self.changed(|accounts| {
                    let until = accounts.add(new, link.as_bytes(), wall)?;
                    if enters {
                        accounts.let_in(&name, wall)?;
                    }
                    Ok(until)
                });
                added.map_or_else(Settled::from, |until| self.link(&link, until))
            }
            Charge::Change { name, change } => {
                let before = self.account(&name);
                let done = self.changed(|accounts| accounts.change(&name, change));
                // Whoever may something else than before begins anew; another name is no reason.
                let same = before.zip(self.account(&name)).is_some_and(|(before, now)| before.may_the_same(&now));
                if !same && done.is_ok() {
                    hold(&self.sessions).end_all(&name, None);
                }
                done.map_or_else(Settled::from, |()| Settled::Done)
            }
            Charge::Reset { name } => {
                let link = secret();
                let reset = self.changed(|accounts| accounts.reset(&name, link.as_bytes(), wall));
                if reset.is_ok() {
                    hold(&self.sessions).end_all(&name, None);
                }
                reset.map_or_else(Settled::from, |until| self.link(&link, until))
            }
            Charge::Token { name, note } => {
                let token = secret();
                let made = self.changed(|accounts| accounts.program(&name, &note, token.as_bytes(), wall));
                made.map_or_else(Settled::from, |program| Settled::Token { program, token })
            }
            Charge::Untoken { name, program } => {
                let gone = self.changed(|accounts| accounts.end_program(&name, &program));
                gone.map_or_else(Settled::from, |()| Settled::Done)
            }
            Charge::Trail { before, limit, who, what, since } => {
                let wanted = |entry: &Entry| {
                    who.as_ref().is_none_or(|who| entry.deed.who == *who)
                        && what.as_ref().is_none_or(|what| entry.deed.what == *what)
                        && since.is_none_or(|since| entry.at >= since)
                };
                match self.trail(before.unwrap_or(u64::MAX), limit.min(MOST), wanted) {
                    Ok(entries) => Settled::Trail { entries, head: self.head() },
                    Err(error) => unread(&error),
                }
            }
            Charge::Prove => match store::access::proved(&self.trail) {
                Ok((entries, broken)) => Settled::Proved { entries, broken },
                Err(error) => unread(&error),
            },
        }
    }

    fn link(&self, link: &str, until: i64) -> Settled {
        Settled::Link { link: format!("{}/join#{link}", self.url), until }
    }
}

/// What of it is written down; looking at the accounts is not.
fn told(charge: &Charge) -> Option<(&'static str, String)> {
    Some(match charge {
        Charge::List | Charge::Prove => return None,
        Charge::Trail { .. } => ("audit", String::new()),
        Charge::Add { new, .. } => ("account_add", new.name.clone()),
        Charge::Change { name, .. } => ("account_change", name.clone()),
        Charge::Reset { name } => ("account_reset", name.clone()),
        Charge::Token { name, .. } => ("account_token", name.clone()),
        Charge::Untoken { name, program } => ("account_untoken", format!("{name} {program}")),
    })
}

fn unread(error: &store::Error) -> Settled {
    let (zh, en) = (format!("审计记录无法读取：{error}"), format!("the trail cannot be read: {error}"));
    Settled::Refused { error: "unreadable".to_owned(), zh, en }
}

fn rows(accounts: &Accounts) -> Vec<AccountRow> {
    let row = |(name, account): (&str, &crate::access::Account)| AccountRow {
        name: name.to_owned(),
        title: account.title.clone(),
        roles: account.roles.iter().map(|role| role.word().to_owned()).collect(),
        unit: account.unit.clone(),
        groups: account.groups.iter().map(GroupId::to_string).collect(),
        agent: account.agent.as_ref().map(AgentId::to_string),
        seat: account.seat.as_ref().map(ToString::to_string),
        disabled: account.disabled,
        totp: account.second.is_some(),
        wants_totp: accounts.wants_second(account),
        joined: account.kept != crate::access::Kept::Nothing,
        secrecy_until: account.secrecy,
        last_seen: account.seen,
        from: if account.origin == crate::access::Origin::File { "file" } else { "store" }.to_owned(),
        programs: account.programs.iter().map(|(called, program)| (called.clone(), program.note.clone())).collect(),
    };
    accounts.iter().map(row).collect()
}
