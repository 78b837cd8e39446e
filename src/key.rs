//! Keys of media as values: the suites of SRTP, and master keys with their salts. Used by `sdp`, which says them, and `rtp`, which uses them.

use std::fmt;

/// Length of a master key, bytes.
pub const KEY: usize = 16;
/// The longest master salt, bytes.
pub const SALT: usize = 14;

/// A suite of SDES (RFC 4568 §6.2, RFC 7714 §14.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Suite {
    /// `AES_CM_128_HMAC_SHA1_80`.
    Cm80,
    /// `AEAD_AES_128_GCM`.
    Gcm,
    /// `AES_CM_128_HMAC_SHA1_32`: a shorter tag in RTP, the same in RTCP.
    Cm32,
}

impl Suite {
    /// Those that we speak, in the order of our offers: what every phone knows comes first.
    pub const ALL: [Self; 3] = [Self::Cm80, Self::Gcm, Self::Cm32];

    /// Its name in SDP.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cm80 => "AES_CM_128_HMAC_SHA1_80",
            Self::Gcm => "AEAD_AES_128_GCM",
            Self::Cm32 => "AES_CM_128_HMAC_SHA1_32",
        }
    }

    /// The one of this name, whatever its case.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|suite| suite.name().eq_ignore_ascii_case(name))
    }

    /// Length of master key and salt together, bytes.
    #[must_use]
    pub const fn length(self) -> usize {
        match self {
            Self::Gcm => KEY + 12,
            Self::Cm80 | Self::Cm32 => KEY + SALT,
        }
    }
}

/// A master key with its salt. Its `Debug` shows nothing of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Master {
    /// Of which suite.
    pub suite: Suite,
    bytes: [u8; KEY + SALT],
}

impl fmt::Debug for Master {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Master({}, …)", self.suite.name())
    }
}

impl Master {
    /// From as many bytes as the suite wants; `None` for any other number.
    #[must_use]
    pub fn new(suite: Suite, bytes: &[u8]) -> Option<Self> {
        let mut all = [0; KEY + SALT];
        all.get_mut(..bytes.len())?.copy_from_slice(bytes);
        (bytes.len() == suite.length()).then_some(Self { suite, bytes: all })
    }

    /// Key and salt, as they stand in SDP behind `inline:` in base64.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.suite.length()).unwrap_or_default()
    }

    /// Key, and salt with noughts to its full length.
    #[must_use]
    pub fn parts(&self) -> ([u8; KEY], [u8; SALT]) {
        let (mut key, mut salt) = ([0; KEY], [0; SALT]);
        let (k, s) = self.bytes.split_at(KEY);
        key.copy_from_slice(k);
        salt.copy_from_slice(s);
        (key, salt)
    }
}

/// What each side of a stream protects its packets with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// Ours.
    pub ours: Master,
    /// The other side's.
    pub theirs: Master,
}

/// SHA-256 of a certificate (RFC 8122 §5).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint(pub [u8; 32]);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, byte) in self.0.iter().enumerate() {
            write!(f, "{}{byte:02X}", if i == 0 { "" } else { ":" })?;
        }
        Ok(())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

impl Fingerprint {
    /// From `AB:CD:…`, whatever its case.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        let mut parts = text.trim().split(':');
        for byte in &mut bytes {
            let part = parts.next().filter(|part| part.len() == 2)?;
            *byte = u8::from_str_radix(part, 16).ok()?;
        }
        parts.next().is_none().then_some(Self(bytes))
    }
}

/// Our user name and password for the checks of ICE on a leg (RFC 8445 §5.3), in characters of `ice-char`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Ice {
    /// Which leg of ours a check is for.
    pub user: [u8; 16],
    /// Whoever knows it may say where the leg's media goes: 144 bits.
    pub password: [u8; 24],
}

impl fmt::Debug for Ice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ice({}, …)", String::from_utf8_lossy(&self.user))
    }
}

/// What a leg with a browser is protected by: keys are made by DTLS once the browser is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Web {
    /// Ours.
    pub ice: Ice,
    /// The browser's certificate.
    pub theirs: Fingerprint,
}

/// How a leg's media is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crypto {
    /// By keys that SIP has carried (RFC 4568).
    Keys(Pair),
    /// By keys of a handshake with a browser.
    Web(Web),
}

/// Whether media is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Policy {
    /// Never.
    #[default]
    Off,
    /// Where the other side wants it too.
    Offered,
    /// Always: who cannot is refused.
    Required,
}

impl Policy {
    /// Each with its word in configuration files.
    pub const ALL: [(&'static str, Self); 3] =
        [("off", Self::Off), ("offered", Self::Offered), ("required", Self::Required)];
}

/// What is wanted of a trunk or a seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Srtp {
    /// Whether.
    pub policy: Policy,
    /// Its keys may also be said in SDP that goes by UDP or TCP.
    pub in_clear: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_its_length_and_is_not_shown() {
        assert_eq!((Master::new(Suite::Gcm, &[0; 30]), Master::new(Suite::Cm80, &[0; 28])), (None, None));
        let key = Master::new(Suite::Cm80, &[7; 30]).unwrap();
        assert_eq!((format!("{key:?}"), key.bytes()), ("Master(AES_CM_128_HMAC_SHA1_80, …)".to_owned(), &[7; 30][..]));
        assert_eq!((Suite::of("aes_cm_128_hmac_sha1_80"), Suite::of("F8_128_HMAC_SHA1_80")), (Some(Suite::Cm80), None));
    }
}
