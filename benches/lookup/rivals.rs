//! What others would take: `dashmap`, `RwLock<HashMap>`, a list of regular expressions; exact numbers only.
//!
//! Their writers do what they can: a `dashmap` is overwritten in place (a reader sees half of the old plan and half of the
//! new one), a `HashMap` is built aside and swapped under the lock. Regular expressions are not rewritten.

use crate::SIZES;
use crate::numbers::{exact, number, probes};
use crate::readers::{Write, measure};
use crate::tables::{head, row};
use dashmap::DashMap;
use regex::Regex;
use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::RwLock;
use std::time::Instant;
use switchboard::dialplan::Digits;
use switchboard::dialplan::table::{Pattern, Table};

/// Regular expressions that are compiled; a longer list goes round through them, which flatters it.
pub const COMPILED: usize = 1_000;

pub fn run() {
    head();
    for entries in SIZES {
        let keys = exact(entries);
        let probes = probes(&keys, &Table::build(&keys));
        hashed::<std::hash::RandomState>("RwLock<HashMap>", &keys, &probes);
        hashed::<foldhash::fast::RandomState>("RwLock<HashMap>, foldhash", &keys, &probes);
        dashed(&keys, &probes);
        listed(entries, &probes);
    }
    println!(
        "  memory of the maps: 16 bytes a key with its value, by 7/8 and the next power of two, plus a byte: 20 to 39 bytes an entry"
    );
}

/// The same numbers in a `HashMap`.
pub fn map<S: BuildHasher + Default>(keys: &[(Pattern, u32)]) -> HashMap<u64, u32, S> {
    keys.iter().map(|(p, v)| (p.packed(), *v)).collect()
}

fn hashed<S: BuildHasher + Default + Send + Sync>(what: &str, keys: &[(Pattern, u32)], probes: &[Digits]) {
    let live = RwLock::new(map::<S>(keys));
    let look_up = |d: Digits| live.read().unwrap().get(&d.packed()).copied().unwrap_or(u32::MAX);
    let write = || {
        let fresh = map::<S>(keys);
        let old = std::mem::replace(&mut *live.write().unwrap(), fresh);
        drop(old);
    };
    both(what, keys.len(), probes, &write, look_up);
}

fn dashed(keys: &[(Pattern, u32)], probes: &[Digits]) {
    let live: DashMap<u64, u32> = keys.iter().map(|(p, v)| (p.packed(), *v)).collect();
    let look_up = |d: Digits| live.get(&d.packed()).map_or(u32::MAX, |v| *v);
    let write = || {
        keys.iter().for_each(|(p, v)| {
            live.insert(p.packed(), *v);
        })
    };
    both("dashmap", keys.len(), probes, &write, look_up);
}

fn both<F: Fn(Digits) -> u32 + Sync>(what: &str, entries: usize, probes: &[Digits], write: Write<'_>, look_up: F) {
    for threads in [1, 2] {
        for writer in [None, Some(write)] {
            row(what, entries, threads, measure(probes, threads, writer, &look_up), None, "");
        }
    }
}

/// The compiled part of a list of `entries` expressions.
pub fn expressions(entries: usize) -> Vec<Regex> {
    (0..entries.min(COMPILED)).map(|i| Regex::new(&format!("^{}$", number(i))).unwrap()).collect()
}

/// The first of the list that matches.
pub fn first(list: &[Regex], entries: usize, text: &str) -> Option<usize> {
    list.iter().cycle().take(entries).position(|r| r.is_match(text))
}

/// So few that the list of a million is through in a few seconds; too few for a tail.
fn listed(entries: usize, probes: &[Digits]) {
    let list = expressions(entries);
    let times = (3_000_000 / entries).clamp(5, 20_000);
    // A number that is not in the compiled part: the whole list is tried. Half of it, on average, where it is.
    let texts: Vec<String> = probes.iter().step_by(8).take(times).map(ToString::to_string).collect();
    #[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
    let start = Instant::now();
    let found = texts.iter().filter(|t| first(&list, entries, t).is_some()).count();
    let ns = start.elapsed().as_nanos() as f64 / texts.len() as f64;
    let times = texts.len();
    println!(
        "  {:<26} {entries:>9} {:>7} {:>9} {ns:>8.0} mean of {times} misses ({found} found); {} expressions compiled",
        "list of regex",
        1,
        "-",
        list.len()
    );
}
