//! A number's digits, packed into one word.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Up to 16 digits in one word: 4 bits a digit, digit `0` is 10, the empty nibble is 0, the last digit lowest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Digits(u64);

impl Digits {
    /// No digits at all.
    pub const EMPTY: Self = Self(0);
    /// The most digits that fit.
    pub const MAX: u32 = 16;

    /// Reads plain ASCII digits, 1 to 16 of them.
    #[must_use]
    pub const fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let mut out = Self(0);
        let mut i = 0;
        while i < bytes.len() {
            match out.push(bytes[i]) {
                Some(next) => out = next,
                None => return None,
            }
            i += 1;
        }
        if out.0 == 0 { None } else { Some(out) }
    }

    /// The word itself, as the look-up table keeps it.
    #[must_use]
    pub const fn packed(self) -> u64 {
        self.0
    }

    /// The digits of a word that was packed digit by digit.
    pub(super) const fn from_packed(packed: u64) -> Self {
        Self(packed)
    }

    /// How many digits, 0 to 16.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "compare with `Digits::EMPTY`; only the empty default is empty")]
    pub const fn len(self) -> u32 {
        (67 - self.0.leading_zeros()) / 4
    }

    /// Appends one ASCII digit; `None` for another byte or a 17th digit.
    #[must_use]
    pub const fn push(self, byte: u8) -> Option<Self> {
        if self.0 >> 60 != 0 {
            return None;
        }
        let nibble = match byte {
            b'0' => 10,
            b'1'..=b'9' => byte - b'0',
            _ => return None,
        };
        Some(Self(self.0 << 4 | nibble as u64))
    }

    /// These digits and then `tail`; `None` when that is more than 16.
    #[must_use]
    pub const fn then(self, tail: Self) -> Option<Self> {
        if self.len() + tail.len() > Self::MAX {
            return None;
        }
        if tail.0 == 0 || self.0 == 0 {
            return Some(Self(self.0 | tail.0));
        }
        Some(Self(self.0 << (4 * tail.len()) | tail.0))
    }

    /// What follows `prefix`; `None` when these digits do not begin with it or nothing follows.
    #[must_use]
    pub const fn after(self, prefix: Self) -> Option<Self> {
        let (len, fixed) = (self.len(), prefix.len());
        if len <= fixed || fixed == 0 {
            return None;
        }
        let rest = 4 * (len - fixed);
        if self.0 >> rest != prefix.0 {
            return None;
        }
        Some(Self(self.0 & ((1 << rest) - 1)))
    }

    /// Whether the first digit is `0`: a trunk prefix, so never the beginning of a local number.
    #[must_use]
    pub const fn begins_with_zero(self) -> bool {
        self.0 != 0 && self.0 >> (4 * (self.len() - 1)) == 10
    }

    /// The digits as ASCII, without allocation: a buffer and how much of it is used.
    fn ascii(self) -> ([u8; 16], usize) {
        let mut text = [0u8; 16];
        let len = self.len() as usize;
        for (i, slot) in text.iter_mut().take(len).enumerate() {
            let nibble = (self.0 >> (4 * (len - 1 - i)) & 15) as u8;
            *slot = if nibble == 10 { b'0' } else { b'0' + nibble };
        }
        (text, len)
    }
}

impl fmt::Display for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (text, len) = self.ascii();
        f.pad(text.get(..len).and_then(|t| std::str::from_utf8(t).ok()).unwrap_or(""))
    }
}

impl fmt::Debug for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Serialize for Digits {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digits {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(d)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not 1 to 16 digits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_read_back_what_they_print() {
        for text in ["0", "10", "0591", "1234567890123456", "0000000000000000"] {
            assert_eq!(Digits::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Digits::parse(""), None);
        assert_eq!(Digits::parse("12345678901234567"), None);
    }
}
