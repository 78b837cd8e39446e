//! Accounts, sessions and the trail while the daemon runs: the values of `access` behind locks, and the store that keeps them.
//!
//! Locks are held for look-ups and for writing a line; hashing a password is done outside them, [`HASHERS`] at a time.

mod charges;
mod second;
mod sign_in;

pub use sign_in::{Entered, Refused, Shown};

use crate::access::{Accounts, Deed, Guesses, Mistake, Outcome, Right, Secret, Session, SessionKey, Sessions, Who};
use crate::clock::{Clock, SECOND};
use crate::id::{AgentId, SeatId};
use crate::live::Board;
use crate::sip::auth::lockout::network;
use crate::store::Error;
use crate::store::access::{Access, Found};
use arc_swap::ArcSwap;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand_core::{OsRng, TryRngCore as _};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Semaphore;

/// Passwords that are hashed at a time: each takes 19 MiB and a core.
const HASHERS: usize = 2;
/// Who may wait for that at a time: of one network, and of all.
const EACH: usize = 64;
const ALL: usize = 256;
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
    /// One look at a time.
    keeping: Mutex<()>,
    /// Somebody has been there whom the disk does not know of yet.
    unkept: AtomicBool,
    /// What was refused to whom of late, and when, µs monotonic.
    tried: Mutex<BTreeMap<(String, Right), u64>>,
    trail: PathBuf,
    hashers: Semaphore,
    /// Who waits for one: each network, and all.
    waiting: Mutex<Waiting>,
    url: String,
    /// Of this start: secrets are made with it that are offered again when a page is loaded again.
    pepper: [u8; 32],
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
            keeping: Mutex::default(),
            unkept: AtomicBool::new(false),
            waiting: Mutex::default(),
            trail: access.trail(),
            access: Mutex::new(access),
            hashers: Semaphore::new(HASHERS),
            url: rules.url,
            pepper: random(),
        })
    }

    /// Once a second: who is signed in, and the trail, onto the disk.
    pub fn keep(&self) {
        let wall = self.clock.now().wall;
        hold(&self.sessions).expire(wall, |account| self.in_a_call(account));
        // The look before this one may still wait for its disk.
        let Ok(_alone) = self.keeping.try_lock() else { return };
        for done in [self.keep_sessions(), self.keep_accounts(), self.keep_trail()] {
            if let Err(error) = done {
                tracing::error!(%error, "sessions, accounts or the trail of access cannot be kept");
            }
        }
    }

    fn keep_sessions(&self) -> std::io::Result<()> {
        let Some(kept) = hold(&self.sessions).kept() else { return Ok(()) };
        let file = hold(&self.access).sessions();
        // What the disk refuses is tried again with the next look.
        crate::store::access::keep_value(&file, &kept).inspect_err(|_| hold(&self.sessions).unkept())
    }

    fn keep_accounts(&self) -> std::io::Result<()> {
        if !self.unkept.swap(false, Ordering::Relaxed) {
            return Ok(());
        }
        let accounts = hold(&self.accounts);
        let stored = accounts.stored();
        // Whoever changes them now writes after this: an older list never takes a newer one's place, and nobody who only looks waits.
        let access = hold(&self.access);
        drop(accounts);
        access.keep_accounts(&stored).inspect_err(|_| self.unkept.store(true, Ordering::Relaxed))
    }

    fn keep_trail(&self) -> std::io::Result<()> {
        let Some(unsynced) = hold(&self.access).unsynced()? else { return Ok(()) };
        // Whoever writes into it does not wait for the disk.
        unsynced.sync().inspect_err(|_| hold(&self.access).sync_again())
    }

    /// Writes a deed into the trail. What cannot be written must not be shown.
    ///
    /// # Errors
    /// As the system says.
    pub fn note(&self, deed: Deed) -> std::io::Result<()> {
        debug_assert!(
            deed.outcome == Outcome::Refused || crate::access::DEEDS.contains(&&*deed.what),
            "{} is a deed without a word",
            deed.what
        );
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
            let what = serde_json::json!(right);
            let _ = self.noted(who, from, (what.as_str().unwrap_or_default(), path, ""), Outcome::Refused);
        }
    }

    /// Who shows this cookie, with his session. `touch`: a person asks, not a page by itself.
    pub fn of_session(&self, key: SessionKey, touch: bool) -> Option<(Who, Session)> {
        let wall = self.clock.now().wall;
        let session = hold(&self.sessions).look(key, wall, touch, |account| self.in_a_call(account))?;
        Some((hold(&self.accounts).who(&session.account, wall)?, session))
    }

    /// Who a program acts for.
    pub fn of_token(&self, token: Secret) -> Option<Who> {
        let accounts = hold(&self.accounts);
        let (name, program, _) = accounts.of_program(token)?;
        let mut who = accounts.who(name, self.clock.now().wall)?;
        program.clone_into(&mut who.name);
        Some(who)
    }

    /// The agent of this account has a call in hand: his session does not end then.
    pub fn in_a_call(&self, account: &str) -> bool {
        let agent = hold(&self.accounts).get(account).and_then(|account| account.agent.clone());
        agent.is_some_and(|agent| self.board.seat_of(&agent).is_some_and(|row| row.in_call()))
    }

    /// Somebody is signed in by this account.
    pub fn is_in(&self, account: &str) -> bool {
        hold(&self.sessions).are_of(account, None)
    }

    /// He has another session beside this one.
    pub fn is_elsewhere(&self, account: &str, key: SessionKey) -> bool {
        hold(&self.sessions).are_of(account, Some(key))
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

    /// His language: kept with the next look, a second later.
    pub fn set_lang(&self, name: &str, lang: &str) {
        if hold(&self.accounts).set_lang(name, lang).is_ok() {
            self.unkept.store(true, Ordering::Relaxed);
        }
    }

    /// What a person is called who sits at a seat.
    pub fn name_of(&self, agent: &AgentId) -> Option<String> {
        self.names.load().get(agent).cloned()
    }

    /// He agrees to secrecy.
    ///
    /// # Errors
    /// It cannot be kept.
    pub fn agree(&self, name: &str) -> Result<(), Mistake> {
        let wall = self.clock.now().wall;
        self.changed(|accounts| accounts.agree(name, wall)).map(drop)
    }

    /// The rights that somebody has at the least for something of his own.
    pub fn rights(who: &Who) -> Vec<Right> {
        Right::all().filter(|right| crate::access::decide(who, *right, None).masked().is_ok()).collect()
    }

    /// Changes the accounts, and keeps them. What cannot be kept has not changed.
    fn changed<T: Default>(&self, change: impl FnOnce(&mut Accounts) -> Result<T, Mistake>) -> Result<T, Mistake> {
        let mut accounts = hold(&self.accounts);
        let mut next = accounts.clone();
        let done = change(&mut next)?;
        if let Err(error) = hold(&self.access).keep_accounts(&next.stored()) {
            tracing::error!(%error, "accounts cannot be kept");
            return Err(Mistake::Unkept);
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

/// Who waits for his password to be hashed.
#[derive(Debug, Default)]
struct Waiting {
    of: BTreeMap<IpAddr, usize>,
    all: usize,
}

/// A place among them; dropping it sets it free.
struct Turn<'a> {
    waiting: &'a Mutex<Waiting>,
    from: IpAddr,
}

impl<'a> Turn<'a> {
    /// One for somebody at this address; nothing where as many wait as may.
    fn take(waiting: &'a Mutex<Waiting>, from: IpAddr) -> Option<Self> {
        let (from, mut all) = (network(from), hold(waiting));
        if all.all >= ALL || all.of.get(&from).is_some_and(|of| *of >= EACH) {
            return None;
        }
        all.all += 1;
        *all.of.entry(from).or_default() += 1;
        drop(all);
        Some(Self { waiting, from })
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut all = hold(self.waiting);
        all.all = all.all.saturating_sub(1);
        let left = all.of.get_mut(&self.from).map_or(0, |of| {
            *of = of.saturating_sub(1);
            *of
        });
        if left == 0 {
            all.of.remove(&self.from);
        }
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
