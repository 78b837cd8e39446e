//! 110, 119, 120 and 122: an exact-match layer in code, ahead of every dialplan entry.
//!
//! No dialplan can add to it, take from it or stand before it. 96119 is not 119, 11012 is not 110.

use super::digits::Digits;

/// One of the four emergency numbers (plan §一(一): never merged).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Emergency {
    /// 110, police; also plain `urn:service:sos`.
    Police,
    /// 119, fire brigade.
    Fire,
    /// 120, ambulance.
    Ambulance,
    /// 122, traffic accidents; it has no service URN.
    Traffic,
}

const POLICE: Digits = constant("110");
const FIRE: Digits = constant("119");
const AMBULANCE: Digits = constant("120");
const TRAFFIC: Digits = constant("122");

const fn constant(text: &str) -> Digits {
    match Digits::parse(text) {
        Some(digits) => digits,
        None => Digits::EMPTY,
    }
}

impl Emergency {
    /// All four, in the order of their numbers.
    pub const ALL: [Self; 4] = [Self::Police, Self::Fire, Self::Ambulance, Self::Traffic];

    /// As it is dialled.
    #[must_use]
    pub const fn number(self) -> &'static str {
        match self {
            Self::Police => "110",
            Self::Fire => "119",
            Self::Ambulance => "120",
            Self::Traffic => "122",
        }
    }

    /// The emergency number that these normalised digits are, if exactly one.
    #[must_use]
    pub const fn of(digits: Digits) -> Option<Self> {
        const P: u64 = POLICE.packed();
        const F: u64 = FIRE.packed();
        const A: u64 = AMBULANCE.packed();
        const T: u64 = TRAFFIC.packed();
        match digits.packed() {
            P => Some(Self::Police),
            F => Some(Self::Fire),
            A => Some(Self::Ambulance),
            T => Some(Self::Traffic),
            _ => None,
        }
    }

    /// The service of a `urn:service:sos…` (RFC 5031; compared without case).
    #[must_use]
    pub fn of_urn(urn: &[u8]) -> Option<Self> {
        let is = |name: &[u8]| urn.eq_ignore_ascii_case(name);
        if is(b"urn:service:sos") || is(b"urn:service:sos.police") {
            Some(Self::Police)
        } else if is(b"urn:service:sos.fire") {
            Some(Self::Fire)
        } else if is(b"urn:service:sos.ambulance") {
            Some(Self::Ambulance)
        } else {
            None
        }
    }

    /// Its digits.
    #[must_use]
    pub const fn digits(self) -> Digits {
        match self {
            Self::Police => POLICE,
            Self::Fire => FIRE,
            Self::Ambulance => AMBULANCE,
            Self::Traffic => TRAFFIC,
        }
    }

    /// What it is called on a screen, Chinese.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Police => "匪警",
            Self::Fire => "火警",
            Self::Ambulance => "急救",
            Self::Traffic => "交通事故报警",
        }
    }

    /// Position in [`Emergency::ALL`].
    pub(super) const fn index(self) -> usize {
        self as usize
    }
}
