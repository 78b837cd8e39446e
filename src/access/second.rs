//! The second factor: six digits of the moment (RFC 6238), by a program in the person's telephone.

use serde::{Deserialize, Serialize};
use std::fmt;
use totp_rs::{Builder, Totp};

/// Seconds that one code holds.
const STEP: u64 = 30;

/// A secret that the person's telephone and we have.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Second {
    secret: Vec<u8>,
    /// The last step whose code was taken: none is taken twice (RFC 6238 §5.2).
    #[serde(default)]
    used: u64,
}

impl fmt::Debug for Second {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Second(…)")
    }
}

impl Second {
    /// Of 20 random bytes.
    #[must_use]
    pub fn new(secret: [u8; 20]) -> Self {
        Self { secret: secret.to_vec(), used: 0 }
    }

    fn totp(&self) -> Totp {
        Builder::new().with_secret(self.secret.clone()).with_skew(1).with_step_duration(STEP).build_noncompliant()
    }

    /// Takes a code of this moment, of the one before or after it, once. `unix`: seconds since the epoch by a true clock.
    pub fn takes(&mut self, code: &str, unix: u64) -> bool {
        let Some(step) = self.totp().check(code, unix) else { return false };
        let fresh = step > self.used;
        if fresh {
            self.used = step;
        }
        fresh
    }

    /// The code of a moment, as the telephone shows it.
    #[must_use]
    pub fn code(&self, unix: u64) -> String {
        self.totp().generate(unix).to_string()
    }

    /// The secret in base 32, to be typed (RFC 4648 §6).
    #[must_use]
    pub fn typed(&self) -> String {
        self.totp().secret().to_base32()
    }

    /// What a telephone's camera takes: an `otpauth` address.
    #[must_use]
    pub fn uri(&self, account: &str) -> String {
        let secret = self.typed();
        format!("otpauth://totp/switchboard:{account}?secret={secret}&issuer=switchboard&period={STEP}")
    }
}
