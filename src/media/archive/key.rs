//! Keys of sealed recordings: 32 bytes from the environment, known by a short name that tells nothing of them.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use sha2::{Digest, Sha256};
use std::fmt;
use zeroize::{Zeroize, Zeroizing};

/// Length of a key, bytes.
pub const LENGTH: usize = 32;

/// The name of a key: the first bytes of a hash of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeyId(pub(super) [u8; 8]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A key. It is wiped from memory when it goes, and never printed.
#[derive(Clone)]
pub struct Key {
    bytes: Zeroizing<[u8; LENGTH]>,
    id: KeyId,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({}, …)", self.id)
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Key {}

impl Key {
    /// Reads a key: 64 hexadecimal digits, or base64 of 32 bytes. `None`: it is neither, or nothing but zeros.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let mut read = match text.len() {
            64 => hexadecimal(text)?,
            _ => STANDARD.decode(text).or_else(|_| STANDARD_NO_PAD.decode(text)).ok()?,
        };
        let mut bytes = Zeroizing::new([0; LENGTH]);
        let whole = read.len() == LENGTH;
        if whole {
            bytes.copy_from_slice(&read);
        }
        read.zeroize();
        (whole && bytes.iter().any(|b| *b != 0)).then(|| Self { id: id(&bytes), bytes })
    }

    /// Its name.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.id
    }

    pub(super) fn bytes(&self) -> &[u8; LENGTH] {
        &self.bytes
    }
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digit = |c: u8| char::from(c).to_digit(16);
    let pair = |pair: &[u8]| match pair {
        [high, low] => Some((digit(*high)? * 16 + digit(*low)?) as u8),
        _ => None,
    };
    text.as_bytes().chunks(2).map(pair).collect()
}

fn id(bytes: &[u8; LENGTH]) -> KeyId {
    let hash = Sha256::new().chain_update(b"switchboard recording key").chain_update(bytes).finalize();
    let mut id = [0; 8];
    id.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
    KeyId(id)
}

/// The keys that are at hand.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Keys {
    /// What is sealed from now on is sealed by this one; `None`: nothing is.
    pub sealing: Option<Key>,
    /// Those that only open what was sealed before.
    pub opening: Vec<Key>,
}

impl Keys {
    /// The key of this name.
    #[must_use]
    pub fn find(&self, id: KeyId) -> Option<&Key> {
        self.sealing.iter().chain(&self.opening).find(|key| key.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    #[test]
    fn a_key_is_read_from_hex_or_base64_and_never_shown() {
        let key = Key::parse(HEX).unwrap();
        assert_eq!(key.bytes()[31], 0x1f);
        for same in [
            "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
            " AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n",
            &HEX.to_uppercase(),
        ] {
            assert_eq!(Key::parse(same).unwrap().bytes(), key.bytes(), "{same}");
        }
        let zeros = "0".repeat(64);
        for wrong in ["", "secret", &HEX[1..], &HEX.replace('f', "g"), &zeros, "AAECAwQF"] {
            assert!(Key::parse(wrong).is_none(), "{wrong}");
        }
        let shown = format!("{:?}", Keys { sealing: Some(key.clone()), opening: vec![key] });
        assert!(!shown.contains("0, 1, 2") && !shown.contains("0001"), "{shown}");
    }
}
