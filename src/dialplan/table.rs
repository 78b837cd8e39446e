//! The look-up table: exact numbers and patterns as packed digits in one open-addressing table.
//!
//! A bucket is one cache line of five keys with their entries, and a key has a slot in it where it stands if it can, so
//! a look-up is two multiplications, one comparison and, almost always, one line. Keys come from the checked plan and
//! never from the wire, so the hash needs no seed; a caller cannot lengthen a probe. Of a few multipliers the builder takes
//! the one that suits these keys best. The table holds no text and decides nothing; it is never changed once built.

use super::digits::Digits;

const SLOTS: usize = 5;
/// Share of slots in use at most, in percent: 64 / 5 / 0.7 = 18.3 bytes an entry. A small table stays in the cache
/// anyway and is kept looser, so that a bucket hardly ever runs over: 21.4 bytes.
const FILL: usize = 70;
const FILL_SMALL: usize = 60;
const SMALL: usize = 4_096;
/// Multipliers that are tried: many for a table so small that one may fit without a bucket running over.
const TRIALS: u64 = 4;
const TRIALS_SMALL: u64 = 64;
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
    /// What keys are multiplied by; odd.
    multiplier: u64,
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
        let multiplier = multiplier(keys, buckets);
        let mut table = Self { buckets: vec![EMPTY; buckets].into(), multiplier, shapes: shapes(keys), len: 0 };
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

    /// The entry of exactly this number or pattern.
    pub(super) fn key(&self, pattern: Pattern) -> Option<u32> {
        self.find(pattern.packed())
    }

    /// Every entry that matches a number, the exact one first.
    pub(super) fn matching(&self, digits: Digits) -> impl Iterator<Item = u32> {
        let packed = digits.packed();
        let shapes = self.shapes.get(digits.len() as usize).map(|s| &**s).unwrap_or_default();
        let keys = std::iter::once(packed).chain(shapes.iter().map(move |s| packed & s.mask | s.wild));
        keys.filter_map(|key| self.find(key))
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
        let (mut at, slot) = home(key, self.multiplier, self.buckets.len());
        // Four of five stand in their own slot.
        let first = self.buckets.get(at)?;
        if first.keys.get(slot) == Some(&key) {
            return first.values.get(slot).copied();
        }
        loop {
            let bucket = self.buckets.get(at)?;
            // All five are compared without a branch: which other slot holds the key cannot be predicted.
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
        let (mut at, slot) = home(key, self.multiplier, count);
        // Slots outnumber the keys, so a free one is met before the probe comes round.
        for _ in 0..count {
            let Some(bucket) = self.buckets.get_mut(at) else { return };
            if bucket.keys.contains(&key) {
                return;
            }
            let free = |s: &usize| bucket.keys.get(*s) == Some(&0);
            let slot = Some(slot).filter(free).or_else(|| (0..SLOTS).find(free));
            if let Some((k, v)) = slot.and_then(|s| bucket.keys.get_mut(s).zip(bucket.values.get_mut(s))) {
                (*k, *v) = (key, value);
                bucket.used += 1;
                self.len += 1;
                return;
            }
            at = if at + 1 == count { 0 } else { at + 1 };
        }
    }
}

/// The bucket at which the search for a key begins, and its own slot there: the product scaled to the count, and what
/// the scaling leaves over scaled to the slots.
#[inline]
fn home(key: u64, multiplier: u64, buckets: usize) -> (usize, usize) {
    let scaled = u128::from(key.wrapping_mul(multiplier)) * buckets as u128;
    let left = (scaled as u64) >> 32;
    ((scaled >> 64) as usize, ((left * SLOTS as u64) >> 32) as usize)
}

/// The multiplier with which fewest keys have to stand outside their own bucket.
fn multiplier(keys: &[(Pattern, u32)], buckets: usize) -> u64 {
    let trials = if keys.len() <= SMALL { TRIALS_SMALL } else { TRIALS };
    let mut load = vec![0u8; buckets];
    let mut best = (usize::MAX, 1);
    for trial in 1..=trials {
        let multiplier = (trial.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0xd6e8_feb8_6659_fd93) | 1;
        load.fill(0);
        for (pattern, _) in keys {
            if let Some(count) = load.get_mut(home(pattern.packed(), multiplier, buckets).0) {
                *count = count.saturating_add(1);
            }
        }
        let outside = load.iter().map(|n| (*n as usize).saturating_sub(SLOTS)).sum();
        best = best.min((outside, multiplier));
        if outside == 0 {
            break;
        }
    }
    best.1
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
