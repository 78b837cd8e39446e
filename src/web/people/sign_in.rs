//! How somebody proves who he is, and what he gets.

use super::{People, Turn, hold, random, secret};
use crate::access::{Deed, Hash, Mistake, Outcome, Proved, Second, Session, SessionKey};
use crate::clock::machine_wall;
use sha2::{Digest as _, Sha256};
use std::net::IpAddr;
use std::sync::atomic::Ordering;

/// What somebody shows.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The account.
    pub account: String,
    /// Its password.
    pub password: String,
    /// What his telephone shows.
    pub code: String,
}

/// He is in.
#[derive(Debug, Clone)]
pub struct Entered {
    /// What his browser shows from now on.
    pub cookie: String,
    /// His session.
    pub session: Session,
}

/// Why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The account or the password.
    Wrong,
    /// The code of the second factor.
    CodeWanted,
    /// Not listened to for so many seconds more.
    Locked(u32),
    /// As many wait for their password to be judged as may.
    Busy,
    /// Something that is said of the account or the link.
    Mistake(Mistake),
}

impl People {
    /// Somebody signs in.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn sign_in(&self, shown: Shown, from: IpAddr) -> Result<Entered, Refused> {
        let Shown { account, password, code } = shown;
        self.listened_to(&account, from)?;
        let _turn = Turn::take(&self.waiting, from).ok_or(Refused::Busy)?;
        let asked = hold(&self.accounts).ask(&account);
        let right = self.hashed(move || asked.is(&password)).await;
        // Others may have guessed meanwhile: what counts is what is known when it is judged.
        self.listened_to(&account, from)?;
        let unix = u64::try_from(machine_wall() / 1_000_000).unwrap_or(0);
        let times = (self.clock.now().wall, unix);
        let proved = if right { hold(&self.accounts).enter(&account, &code, times) } else { Proved::No };
        match proved {
            Proved::Yes => {
                hold(&self.guesses).right(&account, from);
                // The last code that was taken, and when he was here: a start knows it, to the second.
                self.unkept.store(true, Ordering::Relaxed);
                Ok(self.begin(&account, from, "sign_in"))
            }
            Proved::CodeWanted if code.is_empty() => Err(Refused::CodeWanted),
            Proved::CodeWanted => Err(self.guessed(&account, from, Refused::CodeWanted)),
            Proved::No => Err(self.guessed(&account, from, Refused::Wrong)),
        }
    }

    pub(super) fn listened_to(&self, account: &str, from: IpAddr) -> Result<(), Refused> {
        let now = self.clock.now();
        hold(&self.guesses).admits(account, from, now).map_err(|locked| Refused::Locked(locked.left_s))
    }

    pub(super) fn guessed(&self, account: &str, from: IpAddr, why: Refused) -> Refused {
        hold(&self.guesses).wrong(account, from, self.clock.now());
        // What is no account may be a password that was typed into the wrong field.
        let who = if self.account(account).is_some() { account } else { "?" };
        self.sign(who, from, "sign_in", Outcome::Failed);
        why
    }

    pub(super) fn sign(&self, who: &str, from: IpAddr, what: &str, outcome: Outcome) {
        let (who, what, from) = (who.to_owned(), what.to_owned(), from.to_string());
        let deed = Deed { who, by: String::new(), from, what, of: String::new(), why: String::new(), outcome };
        let _ = self.note(deed);
    }

    /// A new session, never one that the browser had before.
    fn begin(&self, account: &str, from: IpAddr, what: &str) -> Entered {
        let cookie = secret();
        let (key, wall) = (SessionKey::of(cookie.as_bytes()), self.clock.now().wall);
        let session = hold(&self.sessions).begin(key, account, secret(), wall).clone();
        self.sign(account, from, what, Outcome::Done);
        Entered { cookie, session }
    }

    /// Whose link this is, whether it signs in by itself, and what his telephone may take where a second factor is demanded.
    ///
    /// # Errors
    /// [`Mistake::Link`].
    pub fn look_at_link(&self, link: &str) -> Result<(String, bool, Option<Second>), Mistake> {
        let accounts = hold(&self.accounts);
        let (name, enters) = accounts.linked(link.as_bytes(), self.clock.now().wall)?;
        let demanded = accounts.get(name).is_some_and(|account| accounts.wants_second(account)) && !enters;
        Ok((name.to_owned(), enters, demanded.then(|| self.offered(link))))
    }

    /// Somebody comes by his link, sets his password, and is in.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn join(&self, link: String, password: String, code: &str, from: IpAddr) -> Result<Entered, Refused> {
        // A link cannot be guessed: whoever shows a wrong one keeps nobody else from his.
        let (name, enters, mut second) = self.look_at_link(&link).map_err(Refused::Mistake)?;
        let _turn = Turn::take(&self.waiting, from).ok_or(Refused::Busy)?;
        let unix = u64::try_from(machine_wall() / 1_000_000).unwrap_or(0);
        if second.as_mut().is_some_and(|second| !second.takes(code.trim(), unix)) {
            return Err(Refused::Mistake(Mistake::Code));
        }
        let hash = if enters && password.is_empty() { None } else { Some(self.hash(password, &name).await?) };
        let wall = self.clock.now().wall;
        let joined = self.changed(|accounts| accounts.join(link.as_bytes(), hash, second, wall));
        let name = joined.map_err(Refused::Mistake)?;
        hold(&self.sessions).end_all(&name, None);
        Ok(self.begin(&name, from, "join"))
    }

    /// Another password; his other sessions end.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn set_password(
        &self,
        (account, key): (&str, SessionKey),
        (old, new): (String, String),
        from: IpAddr,
    ) -> Result<(), Refused> {
        self.proves_himself(account, old, from).await?;
        let hash = self.hash(new, account).await?;
        self.changed(|accounts| accounts.set_password(account, hash)).map_err(Refused::Mistake)?;
        hold(&self.sessions).end_all(account, Some(key));
        self.sign(account, from, "password", Outcome::Done);
        Ok(())
    }

    async fn hash(&self, password: String, account: &str) -> Result<Hash, Refused> {
        let account = account.to_owned();
        let hash = self.hashed(move || Some(Hash::new(&password, &account, random()))).await;
        hash.unwrap_or(Err(Mistake::Unkept)).map_err(Refused::Mistake)
    }

    /// Whoever sits down at a page that somebody has left open does not know his password.
    pub(super) async fn proves_himself(&self, account: &str, password: String, from: IpAddr) -> Result<(), Refused> {
        self.listened_to(account, from)?;
        let _turn = Turn::take(&self.waiting, from).ok_or(Refused::Busy)?;
        let asked = hold(&self.accounts).ask(account);
        if self.hashed(move || asked.is(&password)).await {
            return Ok(());
        }
        Err(self.guessed(account, from, Refused::Mistake(Mistake::Old)))
    }

    /// The secret that goes with a link or a session: the same until the next start, so that a page may be loaded again.
    pub(super) fn offered(&self, with: &str) -> Second {
        let digest = Sha256::new().chain_update(self.pepper).chain_update(with).finalize();
        let mut secret = [0; 20];
        secret.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        Second::new(secret)
    }

    /// Hashes beside everything else, a few at a time.
    pub(super) async fn hashed<T: Send + Default + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        let Ok(_place) = self.hashers.acquire().await else { return T::default() };
        tokio::task::spawn_blocking(work).await.unwrap_or_default()
    }
}
