//! The numbers that are looked up: keys of a plan, and probes in random order, seven that are there for each that is not.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use switchboard::dialplan::Digits;
use switchboard::dialplan::table::{Pattern, Table};

/// As many as a core can run through without meeting the same line of a large table again soon.
const PROBES: usize = 1 << 20;

/// Subscribers' numbers of eight digits, every seventh of them.
pub fn number(i: usize) -> String {
    (20_000_000 + i * 7).to_string()
}

/// `count` exact numbers.
pub fn exact(count: usize) -> Vec<(Pattern, u32)> {
    (0..count).map(|i| (Pattern::parse(&number(i)).unwrap(), i as u32)).collect()
}

/// `count` entries, every fourth a pattern of three lengths (at most 3,000 patterns), as a plan with area ranges has them.
pub fn with_patterns(count: usize) -> Vec<(Pattern, u32)> {
    let patterns = (count / 4).min(3_000);
    let pattern = |i: usize| match i % 3 {
        0 => format!("{}xxxx", 13_000 + i / 3),
        1 => format!("{}xxxxx", 130_000 + i / 3),
        _ => format!("9{:05}xx", i / 3),
    };
    let words = (0..patterns).map(pattern).chain((0..count - patterns).map(number));
    words.zip(0..).map(|(word, i)| (Pattern::parse(&word).unwrap(), i)).collect()
}

/// Probes for a set of keys: a key (its `x` filled with digits), or, once in eight, a number that no key has.
pub fn probes(keys: &[(Pattern, u32)], table: &Table) -> Vec<Digits> {
    let mut random = ChaCha8Rng::seed_from_u64(20_211_130);
    let mut below = |n: usize| (random.next_u64() % n as u64) as usize;
    (0..PROBES)
        .map(|i| {
            if i % 8 == 0 {
                return miss(table, &mut below);
            }
            let (pattern, _) = keys[below(keys.len())];
            filled(pattern, &mut below)
        })
        .collect()
}

fn miss(table: &Table, below: &mut impl FnMut(usize) -> usize) -> Digits {
    loop {
        let digits = Digits::parse(&(20_000_000 + below(8_000_000)).to_string()).unwrap();
        if table.get(digits).is_none() {
            return digits;
        }
    }
}

fn filled(pattern: Pattern, below: &mut impl FnMut(usize) -> usize) -> Digits {
    (0..pattern.len()).rev().fold(Digits::EMPTY, |digits, place| {
        let byte = match pattern.packed() >> (4 * place) & 15 {
            10 => b'0',
            15 => b'0' + below(10) as u8,
            digit => b'0' + digit as u8,
        };
        digits.push(byte).unwrap()
    })
}
