//! Who is signed in, from when on and until when.

use super::account::Secret;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// The longest that a session lasts, µs: 12 h.
pub const LONGEST: i64 = 12 * 3_600 * 1_000_000;
/// It ends when nothing has been asked for so long, µs: 30 min; not while its agent is in a call.
pub const IDLE: i64 = 30 * 60 * 1_000_000;
/// Sessions of one account; of more the oldest ends.
const EACH: usize = 8;
/// All sessions; of more the one that has been idle longest ends.
const MOST: usize = 60_000;

/// What a session is kept by: the SHA-256 of what its browser shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SessionKey([u8; 32]);

impl SessionKey {
    /// Of what the browser shows.
    #[must_use]
    pub fn of(shown: &[u8]) -> Self {
        Self(Sha256::digest(shown).into())
    }
}

/// One.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Whose.
    pub account: String,
    /// What each change must show beside the cookie: another site's page cannot know it.
    pub anti_forgery: String,
    /// Since when, µs.
    pub begun: i64,
    /// When something was asked last, µs.
    pub seen: i64,
}

/// All of them. They outlive the daemon: [`Sessions::kept`].
#[derive(Debug, Default)]
pub struct Sessions {
    all: BTreeMap<SessionKey, Session>,
    /// Something has changed that a start should know.
    changed: bool,
}

impl Sessions {
    /// Those of a former run.
    #[must_use]
    pub fn of(kept: Vec<([u8; 32], Session)>) -> Self {
        Self { all: kept.into_iter().map(|(key, session)| (SessionKey(key), session)).collect(), changed: false }
    }

    /// What a start should know, when there is something new.
    pub fn kept(&mut self) -> Option<Vec<([u8; 32], Session)>> {
        std::mem::take(&mut self.changed).then(|| self.all.iter().map(|(k, s)| (k.0, s.clone())).collect())
    }

    /// The disk has not taken it.
    pub fn unkept(&mut self) {
        self.changed = true;
    }

    /// Somebody has proved himself: a new one, never one that his browser had before.
    pub fn begin(&mut self, key: SessionKey, account: &str, anti_forgery: String, wall: i64) -> &Session {
        let mut his: Vec<_> =
            self.all.iter().filter(|(_, s)| s.account == account).map(|(k, s)| (s.begun, *k)).collect();
        his.sort_unstable();
        for (_, old) in his.iter().take((his.len() + 1).saturating_sub(EACH)) {
            self.all.remove(old);
        }
        if self.all.len() >= MOST {
            let idlest = self.all.iter().min_by_key(|(_, s)| s.seen).map(|(k, _)| *k);
            idlest.and_then(|key| self.all.remove(&key));
        }
        self.changed = true;
        let session = Session { account: account.to_owned(), anti_forgery, begun: wall, seen: wall };
        self.all.entry(key).insert_entry(session).into_mut()
    }

    /// The session that a browser shows, if it lasts still. `busy`: whether the account's agent is in a call; only asked when it
    /// has been idle too long. `touch`: it is a person who asks, not a page by itself.
    pub fn look(
        &mut self,
        key: SessionKey,
        wall: i64,
        touch: bool,
        busy: impl FnOnce(&str) -> bool,
    ) -> Option<Session> {
        let session = self.all.get_mut(&key)?;
        // A clock that was set back makes nobody wait.
        (session.begun, session.seen) = (session.begun.min(wall), session.seen.min(wall));
        let old = wall.saturating_sub(session.begun) >= LONGEST;
        let idle = wall.saturating_sub(session.seen) >= IDLE;
        if old || idle && !busy(&session.account) {
            self.all.remove(&key);
            self.changed = true;
            return None;
        }
        if touch {
            // A start need not know it to the second.
            self.changed |= wall.saturating_sub(session.seen) > IDLE / 30;
            session.seen = wall;
        }
        Some(session.clone())
    }

    /// Whether this is what a change must show.
    #[must_use]
    pub fn forged(session: &Session, shown: &[u8]) -> bool {
        !Secret::of(session.anti_forgery.as_bytes()).is(shown)
    }

    /// Signed out.
    pub fn end(&mut self, key: SessionKey) {
        self.changed |= self.all.remove(&key).is_some();
    }

    /// All of an account end, but the one: its password has changed, or nobody signs in by it any more.
    pub fn end_all(&mut self, account: &str, but: Option<SessionKey>) {
        let before = self.all.len();
        self.all.retain(|key, session| session.account != account || Some(*key) == but);
        self.changed |= self.all.len() != before;
    }

    /// Whether an account has one beside this one.
    #[must_use]
    pub fn are_of(&self, account: &str, but: Option<SessionKey>) -> bool {
        self.all.iter().any(|(key, session)| session.account == account && Some(*key) != but)
    }

    /// Those that nobody has shown for too long end, whether somebody shows them again or not. `busy`: an account's agent is in a call.
    pub fn expire(&mut self, wall: i64, busy: impl Fn(&str) -> bool) {
        let before = self.all.len();
        self.all.retain(|_, session| {
            let old = wall.saturating_sub(session.begun) >= LONGEST;
            let idle = wall.saturating_sub(session.seen) >= IDLE;
            !(old || idle && !busy(&session.account))
        });
        self.changed |= self.all.len() != before;
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Nobody is signed in.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}
