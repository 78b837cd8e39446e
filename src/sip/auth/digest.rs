//! The arithmetic of RFC 7616 §3.4: A1, A2, the response, in MD5 and SHA-256.

use md5::Md5;
use sha2::{Digest, Sha256};
use std::fmt;

/// A digest algorithm (RFC 8760 §2.1). MD5 is kept for phones that know no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// MD5, 16 bytes. Also meant where a header names none.
    Md5,
    /// SHA-256, 32 bytes.
    Sha256,
}

impl Algorithm {
    /// Reads the token of a header, in any case. `None` for one we do not speak (the `-sess` ones among them).
    #[must_use]
    pub fn parse(token: &[u8]) -> Option<Self> {
        match token {
            t if t.eq_ignore_ascii_case(b"MD5") => Some(Self::Md5),
            t if t.eq_ignore_ascii_case(b"SHA-256") => Some(Self::Sha256),
            _ => None,
        }
    }

    pub(super) fn size(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha256 => 32,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA-256",
        })
    }
}

/// What a user's answer is checked against, or made from. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub enum Password {
    /// The password itself.
    Plain(String),
    /// H(user:realm:password) stored ahead, for one algorithm or both. One that is absent cannot be served.
    Ha1 {
        /// For MD5.
        md5: Option<[u8; 16]>,
        /// For SHA-256.
        sha256: Option<[u8; 32]>,
    },
}

impl Password {
    /// Makes the stored form for one algorithm.
    #[must_use]
    pub fn ha1(algorithm: Algorithm, user: &str, realm: &str, password: &str) -> Self {
        let hash = hash(algorithm, &[user.as_bytes(), realm.as_bytes(), password.as_bytes()]);
        Self::from_hash(hash)
    }

    /// Reads a stored HA1: 32 hexadecimal digits are MD5, 64 are SHA-256. `None` for anything else.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut room = [0; 32];
        match from_hex(text.as_bytes(), &mut room)?.len() {
            16 => Some(Self::from_hash(Hash { algorithm: Algorithm::Md5, bytes: room })),
            32 => Some(Self::from_hash(Hash { algorithm: Algorithm::Sha256, bytes: room })),
            _ => None,
        }
    }

    fn from_hash(hash: Hash) -> Self {
        match hash.algorithm {
            Algorithm::Md5 => Self::Ha1 { md5: hash.bytes.first_chunk().copied(), sha256: None },
            Algorithm::Sha256 => Self::Ha1 { md5: None, sha256: Some(hash.bytes) },
        }
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// One digest with its algorithm.
pub(super) struct Hash {
    algorithm: Algorithm,
    bytes: [u8; 32],
}

impl Hash {
    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.algorithm.size()).unwrap_or_default()
    }

    /// Lower-case hexadecimal, as RFC 7616 §3.4.1 has it inside the next hash; the first `2 × size` of the 64 count.
    pub(super) fn hex(&self) -> String {
        let mut text = [0; 64];
        String::from_utf8_lossy(self.write_hex(&mut text)).into_owned()
    }

    fn write_hex<'a>(&self, room: &'a mut [u8; 64]) -> &'a [u8] {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        for (pair, byte) in room.as_chunks_mut::<2>().0.iter_mut().zip(self.bytes) {
            *pair = [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]];
        }
        room.get(..2 * self.algorithm.size()).unwrap_or_default()
    }
}

/// Everything but the password that a response is made of.
pub(super) struct Ask<'a> {
    pub(super) algorithm: Algorithm,
    pub(super) user: &'a [u8],
    pub(super) realm: &'a [u8],
    pub(super) method: &'a [u8],
    pub(super) uri: &'a [u8],
    pub(super) nonce: &'a [u8],
    /// `nc` as written and `cnonce`, with qop=auth; `None` for a legacy challenge without qop (RFC 2617 §3.2.2.1).
    pub(super) qop: Option<(&'a [u8], &'a [u8])>,
}

impl Ask<'_> {
    /// The response; `None` if the password is stored for another algorithm only.
    pub(super) fn response(&self, password: &Password) -> Option<Hash> {
        let algorithm = self.algorithm;
        let a1 = match (password, algorithm) {
            (Password::Plain(p), _) => hash(algorithm, &[self.user, self.realm, p.as_bytes()]),
            (Password::Ha1 { md5, .. }, Algorithm::Md5) => {
                let mut bytes = [0; 32];
                bytes.first_chunk_mut::<16>().map(|to| md5.map(|from| *to = from))??;
                Hash { algorithm, bytes }
            }
            (Password::Ha1 { sha256, .. }, Algorithm::Sha256) => Hash { algorithm, bytes: (*sha256)? },
        };
        let a2 = hash(algorithm, &[self.method, self.uri]);
        let (mut h1, mut h2) = ([0; 64], [0; 64]);
        let (h1, h2) = (a1.write_hex(&mut h1), a2.write_hex(&mut h2));
        Some(match self.qop {
            Some((nc, cnonce)) => hash(algorithm, &[h1, self.nonce, nc, cnonce, b"auth", h2]),
            None => hash(algorithm, &[h1, self.nonce, h2]),
        })
    }
}

/// H of the parts with `:` between them.
pub(super) fn hash(algorithm: Algorithm, parts: &[&[u8]]) -> Hash {
    fn run<D: Digest>(parts: &[&[u8]], to: &mut [u8]) {
        let mut state = D::new();
        for (i, part) in parts.iter().enumerate() {
            if i > 0 {
                state.update(b":");
            }
            state.update(part);
        }
        for (to, from) in to.iter_mut().zip(state.finalize()) {
            *to = from;
        }
    }
    let mut bytes = [0; 32];
    match algorithm {
        Algorithm::Md5 => run::<Md5>(parts, &mut bytes),
        Algorithm::Sha256 => run::<Sha256>(parts, &mut bytes),
    }
    Hash { algorithm, bytes }
}

/// Compares without telling by its time where the first difference is.
pub(super) fn same(a: &[u8], b: &[u8]) -> bool {
    let differ = a.iter().zip(b).fold(0, |acc, (x, y)| acc | (x ^ y));
    a.len() == b.len() && std::hint::black_box(differ) == 0
}

/// Reads hexadecimal of either case; `None` if odd, longer than the room, or not hexadecimal.
pub(super) fn from_hex<'a>(text: &[u8], room: &'a mut [u8; 32]) -> Option<&'a [u8]> {
    let (pairs, rest) = text.as_chunks::<2>();
    let filled = room.get_mut(..pairs.len())?;
    for (to, [high, low]) in filled.iter_mut().zip(pairs) {
        let digit = |b: &u8| char::from(*b).to_digit(16);
        *to = u8::try_from(digit(high)? << 4 | digit(low)?).ok()?;
    }
    rest.is_empty().then_some(filled)
}

/// A nonce count: up to 8 hexadecimal digits, from 1 on.
pub(super) fn count(nc: &[u8]) -> Option<u32> {
    let text = std::str::from_utf8(nc).ok().filter(|t| (1..=8).contains(&t.len()) && !t.starts_with('+'))?;
    u32::from_str_radix(text, 16).ok().filter(|n| *n > 0)
}

/// A quoted-string (RFC 3261 §25.1).
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mufasa(algorithm: Algorithm, realm: &str, password: &str, nonce: &str, cnonce: &str) -> String {
        let ask = Ask {
            algorithm,
            user: b"Mufasa",
            realm: realm.as_bytes(),
            method: b"GET",
            uri: b"/dir/index.html",
            nonce: nonce.as_bytes(),
            qop: Some((b"00000001", cnonce.as_bytes())),
        };
        let plain = ask.response(&Password::Plain(password.into())).unwrap().hex();
        let stored = ask.response(&Password::ha1(algorithm, "Mufasa", realm, password)).unwrap().hex();
        assert_eq!(plain, stored);
        plain
    }

    #[test]
    fn the_example_of_rfc_2617_section_3_5() {
        let nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c093";
        let response = mufasa(Algorithm::Md5, "testrealm@host.com", "Circle Of Life", nonce, "0a4f113b");
        assert_eq!(response, "6629fae49393a05397450978507c4ef1");
    }

    #[test]
    fn the_two_examples_of_rfc_7616_section_3_9_1() {
        let (realm, password) = ("http-auth@example.org", "Circle of Life");
        let nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
        let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
        let md5 = mufasa(Algorithm::Md5, realm, password, nonce, cnonce);
        assert_eq!(md5, "8ca523f5e9506fed4657c9700eebdbec");
        let sha = mufasa(Algorithm::Sha256, realm, password, nonce, cnonce);
        assert_eq!(sha, "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1");
    }

    #[test]
    fn a_stored_ha1_is_read_by_its_length() {
        let md5 = "939e7578ed9e3c518a452acee763bce9";
        assert_eq!(
            Password::from_hex(md5),
            Some(Password::ha1(Algorithm::Md5, "Mufasa", "testrealm@host.com", "Circle Of Life"))
        );
        for wrong in ["", "93", "939e7578ed9e3c518a452acee763bceg", &md5[1..], &format!("{md5}{md5}{md5}")] {
            assert_eq!(Password::from_hex(wrong), None, "{wrong}");
        }
        assert!(matches!(Password::from_hex(&md5.repeat(2)), Some(Password::Ha1 { md5: None, sha256: Some(_) })));
        assert_eq!(format!("{:?}", Password::Plain("secret".into())), "Password(…)");
    }

    #[test]
    fn equal_means_equal_in_length_and_bytes() {
        assert!(same(b"ab", b"ab") && same(b"", b""));
        assert!(!same(b"ab", b"ac") && !same(b"ab", b"abc") && !same(b"abc", b"ab"));
    }
}
