//! Who guesses passwords: counted by account and address, so that nobody locks a colleague out from elsewhere; and by address alone,
//! so that nobody tries one password at a thousand accounts.

use crate::clock::{Now, SECOND};
use crate::sip::auth::lockout::{Limits, Lockouts, network};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

/// Wrong passwords that one address may show at once, whatever the accounts, and then one in [`PAUSE`].
const CREDIT: u64 = 30;
/// µs.
const PAUSE: u64 = 6 * SECOND;
/// Addresses that are counted; of more the one that has been quiet longest is forgotten.
const ADDRESSES: usize = 4_096;

/// Not listened to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Locked {
    /// For so many seconds more.
    pub left_s: u32,
}

/// Wrong passwords so far.
#[derive(Debug)]
pub struct Guesses {
    pairs: Lockouts<String>,
    /// When the pauses for an address's wrong passwords are over, µs monotonic.
    addresses: BTreeMap<IpAddr, u64>,
    /// Tells one wrong password from the next.
    count: u64,
}

impl Default for Guesses {
    fn default() -> Self {
        Self { pairs: Lockouts::new(Limits::default()), addresses: BTreeMap::new(), count: 0 }
    }
}

impl Guesses {
    /// Whether somebody at this address is listened to about this account. Whoever has signed in there before still is, a little.
    ///
    /// # Errors
    /// [`Locked`].
    pub fn admits(&self, account: &str, from: IpAddr, now: Now) -> Result<(), Locked> {
        let peer = SocketAddr::new(from, 0);
        let name = account.to_owned();
        let left = |until: u64| Locked { left_s: u32::try_from(until.div_ceil(SECOND)).unwrap_or(u32::MAX) };
        if !self.pairs.admits(&name, peer, None, now) {
            let held = self.pairs.of(&name, now).find(|held| held.source == network(from));
            return Err(left(held.map_or(SECOND, |held| held.left)));
        }
        // What others at his address do wrong keeps nobody out of the place where he signs in.
        if self.pairs.is_home(&name, peer) {
            return Ok(());
        }
        let paused = self.addresses.get(&network(from)).copied().unwrap_or(0);
        let credit = now.mono.saturating_add(CREDIT * PAUSE);
        if paused > credit { Err(left(paused - credit)) } else { Ok(()) }
    }

    /// A wrong one.
    pub fn wrong(&mut self, account: &str, from: IpAddr, now: Now) {
        self.count += 1;
        let _ = self.pairs.wrong(&account.to_owned(), SocketAddr::new(from, 0), self.count, now);
        let from = network(from);
        if self.addresses.len() >= ADDRESSES && !self.addresses.contains_key(&from) {
            let quiet = self.addresses.iter().min_by_key(|(_, until)| **until).map(|(address, _)| *address);
            quiet.and_then(|address| self.addresses.remove(&address));
        }
        let paused = self.addresses.entry(from).or_default();
        *paused = (*paused).max(now.mono).saturating_add(PAUSE);
    }

    /// A right one: this is a place where the person signs in.
    pub fn right(&mut self, account: &str, from: IpAddr) {
        let (name, peer) = (account.to_owned(), SocketAddr::new(from, 0));
        self.pairs.right(&name, peer);
        self.pairs.registered(&name, peer);
    }
}
