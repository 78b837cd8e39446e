//! Passwords, kept by argon2id (RFC 9106): 19 MiB and two passes each, which is a few hundredths of a second for us and a lot for who guesses.

use super::mistake::Mistake;
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Fewest characters of a password.
pub const FEWEST: usize = 10;
/// Longest password that is looked at, bytes.
const LONGEST: usize = 256;

/// A password as it is kept: a PHC string.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hash(String);

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hash(…)")
    }
}

impl Hash {
    /// Of a new password of this account; `salt` is 16 random bytes.
    ///
    /// # Errors
    /// [`Mistake::Password`].
    pub fn new(password: &str, account: &str, salt: [u8; 16]) -> Result<Self, Mistake> {
        let says = password.to_lowercase().contains(&account.to_lowercase());
        if password.chars().count() < FEWEST || password.len() > LONGEST || says {
            return Err(Mistake::Password);
        }
        let hash: Result<PasswordHash, _> = Argon2::default().hash_password_with_salt(password.as_bytes(), &salt);
        hash.map(|hash| Self(hash.to_string())).map_err(|_| Mistake::Password)
    }

    /// Whether it is this one. It takes as long whether it is or not.
    #[must_use]
    pub fn is(&self, password: &str) -> bool {
        let kept = PasswordHash::new(&self.0);
        password.len() <= LONGEST
            && kept.is_ok_and(|kept| Argon2::default().verify_password(password.as_bytes(), &kept).is_ok())
    }

    /// Of nobody: to take as long for an account that is not there.
    #[must_use]
    pub fn nobody() -> Self {
        Self("$argon2id$v=19$m=19456,t=2,p=1$c3dpdGNoYm9hcmQtMDA$qvT0pWuyhpTLQcO0QbVNRNHXWHRDPF2mvDDbrRPXPkA".into())
    }
}
