//! The look-up table: exact numbers and patterns as packed digits in one open-addressing table.
//!
//! A bucket is one cache line of five keys with their entries, so a look-up is one multiplication and, almost
//! always, one line. Keys come from the checked plan and never from the wire, so the hash needs no seed; a caller
//! cannot lengthen a probe. The table holds no text and decides nothing; it is never changed once built.

use super::number::Digits;

const SLOTS: usize = 5;
/// Share of slots in use at most, in percent: 64 / 5 / 0.7 = 18.3 bytes an entry. A small table stays in the cache
/// anyway and is kept looser, so that a bucket hardly ever runs over: 21.4 bytes.
const FILL: usize = 70;
const FILL_SMALL: usize = 60;
const SMALL: usize = 4_096;
const X: u64 = 15;

/// Digits and `x`: packed like [`Digits`], with nibble 15 where any digit stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pattern(u64);

impl Pattern {
    /// Reads 1 to 16 of `0`–`9` and `x`. All digits is an exact number.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.is_empty() || text.len() > Digits::MAX as usize {
            return None;
        }
        text.bytes()
            .try_fold(0u64, |packed, byte| {
                let nibble = if byte == b'x' { X } else { Digits::EMPTY.push(byte)?.packed() };
                Some(packed << 4 | nibble)
            })
            .map(Self)
    }

    /// The word itself.
    #[must_use]
    pub const fn packed(self) -> u64 {
        self.0
    }

    /// Nibble 15 in every place that has a fixed digit, 0 where `x` stands.
    #[must_use]
    pub const fn mask(self) -> u64 {
        let x = self.0 & self.0 >> 1 & self.0 >> 2 & self.0 >> 3 & 0x1111_1111_1111_1111;
        let wild = x * X;
        let len = self.len();
        let all = if len == 16 { u64::MAX } else { (1 << (4 * len)) - 1 };
        all & !wild
    }

    /// How many places.
    #[must_use]
    pub const fn len(self) -> u32 {
        (67 - self.0.leading_zeros()) / 4
    }

    /// A pattern has at least one place.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many fixed digits.
    #[must_use]
    pub const fn fixed(self) -> u32 {
        self.mask().count_ones() / 4
    }

    /// Whether no place is `x`.
    #[must_use]
    pub const fn is_exact(self) -> bool {
        self.fixed() == self.len()
    }

    /// The naive definition: same length, and every fixed digit equal.
    #[must_use]
    pub const fn matches(self, digits: Digits) -> bool {
        self.len() == digits.len() && (self.0 ^ digits.packed()) & self.mask() == 0
    }
}

/// One shape of patterns: those of one length with `x` in the same places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shape {
    mask: u64,
    wild: u64,
}

#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
struct Bucket {
    keys: [u64; SLOTS],
    values: [u32; SLOTS],
    used: u32,
}

const EMPTY: Bucket = Bucket { keys: [0; SLOTS], values: [0; SLOTS], used: 0 };

/// Exact numbers and patterns → index of an entry.
#[derive(Debug)]
pub struct Table {
    buckets: Box<[Bucket]>,
    /// Shapes by length of number, most fixed digits first.
    shapes: [Box<[Shape]>; 17],
    len: usize,
}

impl Table {
    /// Builds it. Keys must differ; of two equal keys the first stays.
    #[must_use]
    pub fn build(keys: &[(Pattern, u32)]) -> Self {
        let fill = if keys.len() <= SMALL { FILL_SMALL } else { FILL };
        let buckets = (keys.len() * 100).div_ceil(fill * SLOTS).max(1);
        let mut table = Self { buckets: vec![EMPTY; buckets].into(), shapes: shapes(keys), len: 0 };
        for &(pattern, entry) in keys {
            table.insert(pattern.packed(), entry);
        }
        table
    }

    /// The entry of a number: the exact one, else the matching pattern with most fixed digits. ≤ 10 ns for 33 numbers.
    #[must_use]
    pub fn get(&self, digits: Digits) -> Option<u32> {
        let packed = digits.packed();
        if packed == 0 {
            return None;
        }
        if let Some(entry) = self.find(packed) {
            return Some(entry);
        }
        let shapes = self.shapes.get(digits.len() as usize)?;
        shapes.iter().find_map(|shape| self.find(packed & shape.mask | shape.wild))
    }

    /// How many numbers and patterns.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Memory of the table, bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let shapes: usize = self.shapes.iter().map(|s| size_of_val(&**s)).sum();
        size_of_val(&*self.buckets) + shapes
    }

    #[inline]
    fn find(&self, key: u64) -> Option<u32> {
        let mut at = home(key, self.buckets.len());
        loop {
            let bucket = self.buckets.get(at)?;
            // All five are compared without a branch: which slot holds the key cannot be predicted.
            let (mut found, mut value) = (0u32, 0u32);
            for (k, v) in bucket.keys.iter().zip(&bucket.values) {
                let here = u32::from(*k == key).wrapping_neg();
                found |= here;
                value |= v & here;
            }
            if found != 0 {
                return Some(value);
            }
            if (bucket.used as usize) < SLOTS {
                return None;
            }
            at = if at + 1 == self.buckets.len() { 0 } else { at + 1 };
        }
    }

    fn insert(&mut self, key: u64, value: u32) {
        let count = self.buckets.len();
        let mut at = home(key, count);
        // Slots outnumber the keys, so a free one is met before the probe comes round.
        for _ in 0..count {
            let Some(bucket) = self.buckets.get_mut(at) else { return };
            let used = bucket.used as usize;
            if bucket.keys.iter().take(used).any(|k| *k == key) {
                return;
            }
            if let (Some(k), Some(v)) = (bucket.keys.get_mut(used), bucket.values.get_mut(used)) {
                (*k, *v) = (key, value);
                bucket.used += 1;
                self.len += 1;
                return;
            }
            at = if at + 1 == count { 0 } else { at + 1 };
        }
    }
}

/// The bucket at which the search for a key begins: the high half of a multiplication, scaled to the count.
#[inline]
fn home(key: u64, buckets: usize) -> usize {
    let mixed = key.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = mixed ^ mixed >> 32;
    let mixed = mixed.wrapping_mul(0xd6e8_feb8_6659_fd93);
    ((u128::from(mixed) * buckets as u128) >> 64) as usize
}

fn shapes(keys: &[(Pattern, u32)]) -> [Box<[Shape]>; 17] {
    let mut by_length: [std::collections::BTreeSet<u64>; 17] = Default::default();
    for (pattern, _) in keys.iter().filter(|(p, _)| !p.is_exact()) {
        if let Some(masks) = by_length.get_mut(pattern.len() as usize) {
            masks.insert(pattern.mask());
        }
    }
    let mut len = 0;
    by_length.map(|masks| {
        let all = if len == 16 { u64::MAX } else { (1 << (4 * len)) - 1 };
        len += 1;
        let mut shapes: Vec<Shape> = masks.into_iter().map(|mask| Shape { mask, wild: all & !mask }).collect();
        shapes.sort_by_key(|s| std::cmp::Reverse(s.mask.count_ones()));
        shapes.into()
    })
}
