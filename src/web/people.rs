//! Accounts, sessions and the trail while the daemon runs: the values of `access` behind locks, and the store that keeps them.
//!
//! Locks are held for look-ups and for writing a line; hashing a password is done outside them, [`HASHERS`] at a time.

mod charges;
mod sign_in;

pub use sign_in::{Entered, Refused, Shown};

use crate::access::{Accounts, Deed, Guesses, Outcome, Right, Session, SessionKey, Sessions, Who};
use crate::clock::{Clock, SECOND};
use crate::id::{AgentId, SeatId};
use crate::live::Board;
use crate::store::Error;
use crate::store::access::{Access, Found};
use arc_swap::ArcSwap;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand_core::{OsRng, TryRngCore as _};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Semaphore;

/// Passwords that are hashed at a time: each takes 19 MiB and a core.
const HASHERS: usize = 2;
/// A refusal is written down once in so long, µs, and so many of them.
const TRIED: u64 = 60 * SECOND;
const MOST_TRIED: usize = 4_096;

/// What is known of a laboratory's accounts and of all, from the configuration.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// Accounts that stand there.
    pub written: BTreeMap<String, crate::access::Account>,
    /// The roles that demand a second factor.
    pub second_factor: std::collections::BTreeSet<crate::access::Role>,
    /// What one-time links begin with: `https://hub.example`.
    pub url: String,
}

/// All of it.
#[derive(Debug)]
pub struct People {
    clock: Clock,
    board: Arc<Board>,
    accounts: Mutex<Accounts>,
    /// What each person who sits at a seat is called.
    names: ArcSwap<BTreeMap<AgentId, String>>,
    sessions: Mutex<Sessions>,
    guesses: Mutex<Guesses>,
    access: Mutex<Access>,
    /// Somebody has been there whom the disk does not know of yet.
    unkept: AtomicBool,
    /// What was refused to whom of late, and when, µs monotonic.
    tried: Mutex<BTreeMap<(String, Right), u64>>,
    trail: PathBuf,
    hashers: Semaphore,
    url: String,
}

impl People {
    /// Those of this state folder, and those of the configuration.
    ///
    /// # Errors
    /// [`Error`]: a file cannot be read.
    pub fn open(state: &Path, rules: Rules, clock: Clock, board: Arc<Board>) -> Result<Self, Error> {
        let Found { access, accounts, sessions, broken } = Access::open(state)?;
        if let Some(at) = broken {
            tracing::error!(at, "the trail of access is not what was written: switchboard audit prove");
        }
        let accounts = Accounts::of(accounts, rules.written, rules.second_factor);
        Ok(Self {
            clock,
            board,
            names: ArcSwap::from_pointee(names(&accounts)),
            accounts: Mutex::new(accounts),
            sessions: Mutex::new(Sessions::of(sessions)),
            guesses: Mutex::default(),
            tried: Mutex::default(),
            unkept: AtomicBool::new(false),
            trail: access.trail(),
            access: Mutex::new(access),
            hashers: Semaphore::new(HASHERS),
            url: rules.url,
        })
    }

    /// Once a second: who is signed in, and the trail, onto the disk.
    pub fn keep(&self) {
        let kept = hold(&self.sessions).kept();
        let accounts = self.unkept.swap(false, Ordering::Relaxed).then(|| hold(&self.accounts).stored());
        let mut access = hold(&self.access);
        let done = kept.map_or(Ok(()), |kept| access.keep_sessions(&kept));
        let done = done.and_then(|()| accounts.map_or(Ok(()), |accounts| access.keep_accounts(&accounts)));
        let done = done.and_then(|()| access.sync());
        if let Err(error) = done {
            tracing::error!(%error, "sessions or the trail of access cannot be kept");
        }
    }

    /// Writes a deed into the trail. What cannot be written must not be shown.
    ///
    /// # Errors
    /// As the system says.
    pub fn note(&self, deed: Deed) -> std::io::Result<()> {
        hold(&self.access).note(deed, self.clock.now().wall).map(drop).inspect_err(|error| {
            tracing::error!(%error, "the trail of access cannot be written");
        })
    }

    /// The same in a line.
    ///
    /// # Errors
    /// As [`Self::note`].
    pub fn noted(
        &self,
        who: &Who,
        from: &str,
        (what, of, why): (&str, &str, &str),
        outcome: Outcome,
    ) -> std::io::Result<()> {
        let [what, of, why, from] = [what, of, why, from].map(str::to_owned);
        self.note(Deed { who: who.name.clone(), by: String::new(), from, what, of, why, outcome })
    }

    /// Somebody tried what he may not: written down once a minute for each door, so that nobody fills the disk by it.
    pub fn tried(&self, who: &Who, from: &str, (right, path): (Right, &str)) {
        let now = self.clock.now().mono;
        let mut tried = hold(&self.tried);
        tried.retain(|_, at| now.saturating_sub(*at) < TRIED);
        if tried.len() < MOST_TRIED && tried.insert((who.name.clone(), right), now).is_none() {
            let what = format!("{right:?}").to_lowercase();
            let _ = self.noted(who, from, (&what, path, ""), Outcome::Refused);
        }
    }

    /// Who shows this cookie, with his session. `touch`: a person asks, not a page by itself.
    pub fn of_session(&self, key: SessionKey, touch: bool) -> Option<(Who, Session)> {
        let wall = self.clock.now().wall;
        let session = hold(&self.sessions).look(key, wall, touch, |account| self.in_a_call(account))?;
        let accounts = hold(&self.accounts);
        let account = accounts.get(&session.account).filter(|account| !account.disabled)?;
        Some((account.who(&session.account, wall), session))
    }

    /// Who a program acts for.
    pub fn of_token(&self, token: &[u8]) -> Option<Who> {
        let accounts = hold(&self.accounts);
        let (name, program, account) = accounts.of_program(token)?;
        let mut who = account.who(name, self.clock.now().wall);
        program.clone_into(&mut who.name);
        Some(who)
    }

    /// The agent of this account has a call in hand: his session does not end then.
    fn in_a_call(&self, account: &str) -> bool {
        let agent = hold(&self.accounts).get(account).and_then(|account| account.agent.clone());
        agent.is_some_and(|agent| self.board.seat_of(&agent).is_some_and(|row| row.in_call()))
    }

    /// Signed out.
    pub fn sign_out(&self, key: SessionKey) {
        hold(&self.sessions).end(key);
    }

    /// What an account has agreed to, speaks, and begins with; what it is.
    pub fn account(&self, name: &str) -> Option<crate::access::Account> {
        hold(&self.accounts).get(name).cloned()
    }

    /// The seat that is an account's own.
    pub fn own_seat(&self, account: &str) -> Option<SeatId> {
        hold(&self.accounts).get(account).and_then(|account| account.seat.clone())
    }

    /// His language.
    pub fn set_lang(&self, name: &str, lang: &str) {
        self.changed(|accounts| accounts.set_lang(name, lang)).unwrap_or_default();
    }

    /// What a person is called who sits at a seat.
    pub fn name_of(&self, agent: &AgentId) -> Option<String> {
        self.names.load().get(agent).cloned()
    }

    /// He agrees to secrecy.
    pub fn agree(&self, name: &str) {
        let wall = self.clock.now().wall;
        self.changed(|accounts| accounts.agree(name, wall)).unwrap_or_default();
    }

    /// The rights that somebody has at the least for something of his own.
    pub fn rights(who: &Who) -> Vec<Right> {
        Right::all().filter(|right| crate::access::decide(who, *right, None).masked().is_ok()).collect()
    }

    /// Changes the accounts, and keeps them. What cannot be kept has not changed.
    fn changed<T: Default>(
        &self,
        change: impl FnOnce(&mut Accounts) -> Result<T, crate::access::Mistake>,
    ) -> Result<T, crate::access::Mistake> {
        let mut accounts = hold(&self.accounts);
        let mut next = accounts.clone();
        let done = change(&mut next)?;
        if let Err(error) = hold(&self.access).keep_accounts(&next.stored()) {
            tracing::error!(%error, "accounts cannot be kept");
            return Err(crate::access::Mistake::Unkept);
        }
        self.names.store(Arc::new(names(&next)));
        *accounts = next;
        Ok(done)
    }

    /// Entries of the trail before a number, the latest first.
    ///
    /// # Errors
    /// [`Error`].
    pub fn trail(
        &self,
        before: u64,
        most: usize,
        wanted: impl Fn(&crate::access::Entry) -> bool,
    ) -> Result<Vec<crate::access::Entry>, Error> {
        crate::store::access::before(&self.trail, before, most, wanted)
    }

    /// The number of the trail's last entry, and the hash that holds it all.
    pub fn head(&self) -> (u64, String) {
        hold(&self.access).head()
    }

    /// The daemon's clock.
    pub fn clock(&self) -> Clock {
        self.clock
    }
}

fn names(accounts: &Accounts) -> BTreeMap<AgentId, String> {
    let titled = accounts.iter().filter(|(_, account)| !account.title.is_empty());
    titled.filter_map(|(_, account)| Some((account.agent.clone()?, account.title.clone()))).collect()
}

fn hold<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Random bytes of the system.
fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    if OsRng.try_fill_bytes(&mut bytes).is_err() {
        // Without a source of randomness nothing here is safe to run.
        tracing::error!("the system gives no randomness");
        std::process::abort();
    }
    bytes
}

/// 32 random bytes as text.
pub(super) fn secret() -> String {
    URL_SAFE_NO_PAD.encode(random::<32>())
}
