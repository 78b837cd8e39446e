//! The audio codecs that a leg may speak, by name.

use std::fmt;

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// G.711 A-law, static payload type 8: the house default (RFC 3551 §4.5.14).
    Pcma,
    /// G.711 µ-law, static payload type 0.
    Pcmu,
    /// Opus (RFC 6716, RFC 7587): browsers.
    Opus,
    /// G.722, static payload type 9: passed through only.
    G722,
    /// G.729, static payload type 18: passed through only.
    G729,
    /// iLBC (RFC 3952): passed through only.
    Ilbc,
}

impl Codec {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Pcma, Self::Pcmu, Self::Opus, Self::G722, Self::G729, Self::Ilbc];

    /// Its encoding name as it stands in SDP.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pcma => "PCMA",
            Self::Pcmu => "PCMU",
            Self::Opus => "opus",
            Self::G722 => "G722",
            Self::G729 => "G729",
            Self::Ilbc => "iLBC",
        }
    }

    /// The codec of that name, whatever its case.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|codec| codec.name().eq_ignore_ascii_case(name))
    }

    /// Its static RTP payload type (RFC 3551 §6), if it has one.
    #[must_use]
    pub const fn number(self) -> Option<u8> {
        match self {
            Self::Pcma => Some(8),
            Self::Pcmu => Some(0),
            Self::G722 => Some(9),
            Self::G729 => Some(18),
            Self::Opus | Self::Ilbc => None,
        }
    }

    /// Ticks of its timestamps in a second. Those of G.722 are 8,000 though it has 16,000 samples (RFC 3551 §4.5.2).
    #[must_use]
    pub const fn clock(self) -> u32 {
        match self {
            Self::Opus => 48_000,
            _ => 8_000,
        }
    }

    /// Channels that its `rtpmap` names; Opus always two (RFC 7587 §7).
    #[must_use]
    pub const fn channels(self) -> u32 {
        match self {
            Self::Opus => 2,
            _ => 1,
        }
    }

    /// Whether it is one of G.711.
    #[must_use]
    pub const fn is_g711(self) -> bool {
        matches!(self, Self::Pcma | Self::Pcmu)
    }

    /// Whether what is said in it can be decoded here, and something be said in it: played to, mixed, recorded, listened to for keys. The
    /// others only go from one leg to another that speaks the same.
    #[must_use]
    pub const fn is_decoded(self) -> bool {
        matches!(self, Self::Pcma | Self::Pcmu | Self::Opus)
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Codecs that a leg may speak, the one that is liked best first.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Menu {
    all: [Option<Codec>; Codec::ALL.len()],
}

impl Menu {
    /// The house's: PCMA, then PCMU.
    pub const HOUSE: Self = Self::two(Codec::Pcma, Codec::Pcmu);

    /// A browser's, and whoever calls: G.711 first, as nothing has to be made of it; Opus where that is asked for, or all speak it.
    pub const BROWSER: Self = {
        let mut menu = Self::HOUSE;
        menu.all[2] = Some(Codec::Opus);
        menu
    };

    const fn two(first: Codec, second: Codec) -> Self {
        let mut all = [None; Codec::ALL.len()];
        (all[0], all[1]) = (Some(first), Some(second));
        Self { all }
    }

    /// These, in this order; each counts once.
    #[must_use]
    pub fn of(codecs: impl IntoIterator<Item = Codec>) -> Self {
        let mut menu = Self { all: [None; Codec::ALL.len()] };
        let mut places = menu.all.iter_mut();
        let mut had = [false; Codec::ALL.len()];
        for codec in codecs {
            if !std::mem::replace(&mut had[codec as usize], true)
                && let Some(place) = places.next()
            {
                *place = Some(codec);
            }
        }
        menu
    }

    /// The same, and at its end what only goes through.
    #[must_use]
    pub fn and_through(self) -> Self {
        let through = Codec::ALL.into_iter().filter(|codec| !codec.is_decoded());
        Self::of(self.iter().chain(through).collect::<Vec<_>>())
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all[0].is_none()
    }

    /// In their order.
    pub fn iter(&self) -> impl Iterator<Item = Codec> + '_ {
        self.all.iter().flatten().copied()
    }

    /// Whether this one is among them.
    #[must_use]
    pub fn has(&self, codec: Codec) -> bool {
        self.iter().any(|one| one == codec)
    }
}

impl Default for Menu {
    fn default() -> Self {
        Self::HOUSE
    }
}

impl fmt::Debug for Menu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_those_of_the_registries() {
        for codec in Codec::ALL {
            assert_eq!(Codec::of(&codec.name().to_lowercase()), Some(codec));
        }
        assert_eq!(Codec::of("AMR"), None);
        assert_eq!(Codec::ALL.map(Codec::number), [Some(8), Some(0), None, Some(9), Some(18), None]);
        let all = Menu::of([Codec::Ilbc, Codec::Pcmu, Codec::Ilbc, Codec::Pcma]);
        assert_eq!(all.iter().collect::<Vec<_>>(), [Codec::Ilbc, Codec::Pcmu, Codec::Pcma]);
        assert_eq!(Menu::HOUSE.and_through().iter().count(), 5);
        assert!(Menu::of([]).is_empty() && !Menu::HOUSE.is_empty());
        assert!(all.has(Codec::Pcma) && !all.has(Codec::Opus) && Menu::BROWSER.has(Codec::Opus));
    }
}
