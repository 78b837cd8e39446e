//! Nonces that need no memory until they are used, and the memory of those that were (RFC 7616 §3.3, §5.4, §5.5).
//!
//! A nonce is 20 characters of base64url: 6 bytes of time (µs), 3 of a counter, 6 of HMAC-SHA-256 over both and over the address
//! that it is given to. It is short because the answer to a stranger must be (amplification), and long enough: guessing it gains
//! nothing without the password. It serves that address alone, whatever its port: phones behind one NAT share an address, and
//! the NAT may give a phone another port at any time.

use crate::clock::Now;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const SIGNED: usize = 9;
const LENGTH: usize = 15;
/// How many used nonces are remembered; beyond, the oldest are given up and refused as stale.
const MOST_SEEN: usize = 65_536;

/// What a nonce says: when it was made, and which of that moment it is. Ordered by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Id {
    time: u64,
    counter: u32,
}

impl Id {
    pub(super) fn fresh(self, now: Now, lifetime: u64) -> bool {
        now.mono.checked_sub(self.time).is_some_and(|age| age <= lifetime)
    }
}

/// Makes nonces and knows its own again.
pub(super) struct Mint {
    inner: Sha256,
    outer: Sha256,
    counter: u32,
}

impl fmt::Debug for Mint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mint(…)")
    }
}

impl Mint {
    pub(super) fn new(key: &[u8; 32]) -> Self {
        // HMAC (RFC 2104) with both padded keys already hashed: two blocks less for each nonce.
        let mut pad = [0; 64];
        let keyed = |fill: u8, pad: &mut [u8; 64]| {
            *pad = [fill; 64];
            for (to, from) in pad.iter_mut().zip(key) {
                *to ^= from;
            }
            Sha256::new_with_prefix(&pad[..])
        };
        Self { inner: keyed(0x36, &mut pad), outer: keyed(0x5c, &mut pad), counter: 0 }
    }

    /// A nonce that was never given before, for this address alone.
    pub(super) fn nonce(&mut self, now: Now, to: IpAddr) -> String {
        self.counter = (self.counter + 1) & 0x00ff_ffff;
        let signed = (u128::from(now.mono) << 24 | u128::from(self.counter)).to_be_bytes();
        let mut raw = [0; LENGTH];
        let (head, mac) = raw.split_at_mut(SIGNED);
        head.copy_from_slice(&signed[16 - SIGNED..]);
        mac.copy_from_slice(&self.signature(head, to)[..LENGTH - SIGNED]);
        encode(&raw)
    }

    /// What a nonce of ours says; `None` if it is not ours, or was given to another address.
    pub(super) fn read(&self, nonce: &[u8], from: IpAddr) -> Option<Id> {
        let raw = decode(nonce)?;
        let (head, mac) = raw.split_at(SIGNED);
        super::digest::same(&self.signature(head, from)[..LENGTH - SIGNED], mac).then_some(())?;
        let number = head.iter().fold(0u128, |acc, b| acc << 8 | u128::from(*b));
        Some(Id { time: u64::try_from(number >> 24).ok()?, counter: u32::try_from(number & 0x00ff_ffff).ok()? })
    }

    fn signature(&self, head: &[u8], address: IpAddr) -> [u8; 32] {
        let mut message = [0; SIGNED + 16];
        let (first, last) = message.split_at_mut(SIGNED);
        first.copy_from_slice(head);
        last.copy_from_slice(&match address {
            IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
            IpAddr::V6(v6) => v6.octets(),
        });
        self.mac(&message)
    }

    fn mac(&self, message: &[u8]) -> [u8; 32] {
        let inner = self.inner.clone().chain_update(message).finalize();
        self.outer.clone().chain_update(inner).finalize().into()
    }
}

fn encode(raw: &[u8; LENGTH]) -> String {
    let groups = raw.as_chunks::<3>().0.iter();
    let sextets = groups.flat_map(|&[a, b, c]| [a >> 2, a << 4 | b >> 4, b << 2 | c >> 6, c].map(|s| s & 63));
    sextets.map(|s| char::from(ALPHABET[usize::from(s)])).collect()
}

fn decode(text: &[u8]) -> Option<[u8; LENGTH]> {
    let (groups, rest) = text.as_chunks::<4>();
    if groups.len() * 3 != LENGTH || !rest.is_empty() {
        return None;
    }
    let mut raw = [0; LENGTH];
    for (to, group) in raw.as_chunks_mut::<3>().0.iter_mut().zip(groups) {
        let mut bits = 0;
        for c in group {
            bits = bits << 6 | u32::try_from(ALPHABET.iter().position(|a| a == c)?).ok()?;
        }
        let [_, a, b, c] = bits.to_be_bytes();
        *to = [a, b, c];
    }
    Some(raw)
}

/// The counts that came with each nonce: the highest, and which of the 64 up to it (requests overtake each other on UDP).
#[derive(Debug, Clone, Copy)]
struct Window {
    top: u32,
    used: u64,
}

/// Which (nonce, count) pairs are used up. Only a right password writes here, so a stranger cannot fill it.
#[derive(Debug, Default)]
pub(super) struct Seen {
    windows: BTreeMap<Id, Window>,
    given_up: Option<Id>,
}

impl Seen {
    /// True for the first use of this count with this nonce, and then never again.
    pub(super) fn first_use(&mut self, id: Id, count: u32, now: Now, lifetime: u64) -> bool {
        while let Some(oldest) = self.windows.first_entry() {
            if oldest.key().fresh(now, lifetime) {
                break;
            }
            oldest.remove();
        }
        if let Some(window) = self.windows.get_mut(&id) {
            return window.take(count);
        }
        if self.given_up.is_some_and(|last| id <= last) {
            return false;
        }
        if self.windows.len() >= MOST_SEEN {
            self.given_up = self.windows.pop_first().map(|(id, _)| id);
        }
        self.windows.insert(id, Window { top: count, used: 1 });
        true
    }

    /// Whether this count came with this nonce before, and the password was right.
    pub(super) fn is_used(&self, id: Id, count: u32) -> bool {
        self.windows.get(&id).is_some_and(|window| !{ *window }.take(count))
    }
}

impl Window {
    fn take(&mut self, count: u32) -> bool {
        if let Some(ahead) = count.checked_sub(self.top).filter(|a| *a > 0) {
            self.used = self.used.checked_shl(ahead).unwrap_or(0) | 1;
            self.top = count;
            return true;
        }
        let Some(bit) = 1u64.checked_shl(self.top - count) else {
            return false;
        };
        let new = self.used & bit == 0;
        self.used |= bit;
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SECOND;

    const LIFE: u64 = 60 * SECOND;

    fn id(time: u64) -> Id {
        Id { time, counter: 1 }
    }

    #[test]
    fn the_mac_is_hmac_sha_256() {
        // RFC 4231 §4.3 uses a key shorter than a block; padding it with zeros to 32 bytes is the same key.
        let mut key = [0; 32];
        key[..4].copy_from_slice(b"Jefe");
        let mac = Mint::new(&key).mac(b"what do ya want for nothing?");
        assert_eq!(mac[..8], [0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e]);
        assert_eq!(mac[28..], [0x64, 0xec, 0x38, 0x43]);
    }

    #[test]
    fn a_nonce_says_its_time_and_nobody_else_can_make_one() {
        let mut mint = Mint::new(&[1; 32]);
        let now = Now::default().plus(1_000_000_000_000);
        let (here, there) = (IpAddr::from([127, 0, 0, 1]), IpAddr::from([127, 0, 0, 2]));
        let (a, b) = (mint.nonce(now, here), mint.nonce(now, here));
        assert_ne!(a, b);
        assert_eq!(mint.read(b.as_bytes(), here), Some(Id { time: now.mono, counter: 2 }));
        assert_eq!(Mint::new(&[2; 32]).read(a.as_bytes(), here), None);
        assert_eq!(mint.read(a.as_bytes(), there), None, "another address");
        for i in 0..a.len() {
            let mut changed = a.clone().into_bytes();
            changed[i] = if changed[i] == b'A' { b'B' } else { b'A' };
            assert_eq!(mint.read(&changed, here), None, "character {i}");
        }
        assert_eq!(mint.read(&a.as_bytes()[1..], here), None);
    }

    #[test]
    fn each_count_is_used_once_within_the_window() {
        let mut seen = Seen::default();
        let now = Now::default();
        let uses = [
            (5, true),
            (5, false),
            (3, true),
            (3, false),
            (69, true),
            (5, false),
            (6, true),
            (300, true),
            (236, false),
            (237, true),
        ];
        for (count, first) in uses {
            assert_eq!(seen.first_use(id(0), count, now, LIFE), first, "count {count}");
        }
        assert!(seen.first_use(id(0), u32::MAX, now, LIFE));
        assert!(!seen.first_use(id(0), u32::MAX, now, LIFE));
    }

    #[test]
    fn the_table_is_bounded_and_what_it_gave_up_stays_refused() {
        let mut seen = Seen::default();
        let now = Now::default().plus(LIFE);
        for time in 0..=MOST_SEEN as u64 {
            assert!(seen.first_use(id(time), 1, now, LIFE));
        }
        assert_eq!(seen.windows.len(), MOST_SEEN);
        assert!(!seen.first_use(id(0), 2, now, LIFE), "given up");
        assert!(seen.first_use(id(1), 2, now, LIFE), "still known");
        assert!(seen.first_use(id(LIFE * 2), 1, now.plus(LIFE + MOST_SEEN as u64 + 1), LIFE));
        assert_eq!(seen.windows.len(), 1, "the expired ones are forgotten");
    }
}
