//! Names of things: one type for each, so that a seat can never be passed for a trunk.

use serde::{Deserialize, Serialize};
use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl From<&str> for $name {
            fn from(s: &str) -> Self {
                Self(Arc::from(s))
            }
        }
        impl From<String> for $name {
            fn from(s: String) -> Self {
                Self(Arc::from(s))
            }
        }
        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", &self.0)
            }
        }
    };
}

name!(
    /// A seat (坐席): a position with a phone, named by its short number, e.g. `8001`.
    SeatId
);
name!(
    /// A group of seats with a queue in front, e.g. `main`; `group.main` in a dialplan.
    GroupId
);
name!(
    /// An agent (话务员): a person, whichever seat they sign in to; named by their work number.
    AgentId
);
name!(
    /// A skill that a call asks for and a seat has, e.g. `社保`.
    SkillId
);
name!(
    /// A trunk to a carrier, a sub-centre, an emergency or utility exchange; `trunk.carrier` in a dialplan.
    TrunkId
);
name!(
    /// A prompt by its path below the prompts folder without `.wav`, e.g. `transition/12333`.
    PromptId
);

/// One call at this switch, from the first INVITE to its last leg's end. *Call-ID* is SIP's word, this is ours.
///
/// Printed as 11 base-32 characters (Crockford, lower case): speakable on the floor, sorted by time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallRef(pub u64);

/// One leg of a call, numbered within it; 0 is the caller's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LegRef(pub u32);

/// One offer of a call to a seat; a stale answer to an older offer is recognised by it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OfferId(pub u64);

const BASE32: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

impl CallRef {
    /// Makes a reference from the wall clock (µs) and a counter that tells calls of one microsecond apart.
    ///
    /// 55 bits in all: 45 of 64 µs units (71 years from 2010) and 10 of the counter.
    #[must_use]
    pub fn mint(wall: i64, counter: u64) -> Self {
        const EPOCH_2010: i64 = 1_262_304_000_000_000;
        let units = u64::try_from(wall.saturating_sub(EPOCH_2010)).unwrap_or(0) >> 6;
        Self(((units & ((1 << 45) - 1)) << 10) | (counter & 0x3ff))
    }

    /// Reads what [`fmt::Display`] wrote. `None` unless it is 11 characters of the alphabet.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 11 {
            return None;
        }
        text.bytes()
            .try_fold(0u64, |acc, b| {
                let digit = BASE32.iter().position(|&c| c == b.to_ascii_lowercase())?;
                Some((acc << 5) | digit as u64)
            })
            .map(Self)
    }
}

impl fmt::Display for CallRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0u8; 11];
        for (i, c) in text.iter_mut().enumerate() {
            *c = BASE32[((self.0 >> (50 - 5 * i)) & 31) as usize];
        }
        f.pad(std::str::from_utf8(&text).unwrap_or("?"))
    }
}

impl fmt::Debug for CallRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Serialize for CallRef {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for CallRef {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(d)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not a call reference"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_reference_reads_back_what_it_prints_and_sorts_by_time() {
        let a = CallRef::mint(1_639_533_600_000_000, 7);
        let b = CallRef::mint(1_639_533_600_000_064, 3);
        assert_eq!(CallRef::parse(&a.to_string()), Some(a));
        assert!(a < b && a.to_string() < b.to_string());
        assert_eq!(CallRef::parse("not-a-ref!!"), None);
    }
}
