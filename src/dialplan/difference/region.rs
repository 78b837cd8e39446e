//! The regions of numbers that two plans decide uniformly: exact numbers, and pairs of patterns.
//!
//! Where a pattern of the first plan and one of the second hold the same number, and neither plan has anything more exact for it,
//! the pair decides. So every number that is decided otherwise lies in a region, and each region is shown by one of its numbers.

use crate::dialplan::digits::Digits;
use crate::dialplan::entry::Entry;
use crate::dialplan::table::Pattern;
use crate::dialplan::{Life, Plan, Route};
use std::collections::{BTreeMap, BTreeSet};

/// Pairs of patterns that are held against each other, at most, and those of them that are searched for a number.
const PAIRS: usize = 4_000_000;
const SEARCHES: usize = 20_000;
/// Places tried in one search. Patterns that are covered so densely do not occur; what is not found is not told.
const PLACES: u32 = 20_000;
const X: u64 = 15;

/// A set of numbers with one of them.
#[derive(Debug)]
pub(super) struct Region {
    pub(super) number: String,
    pub(super) example: Digits,
}

/// The patterns of a plan with their entries, and its exact numbers.
struct Keys<'p> {
    exact: BTreeMap<Digits, &'p Entry>,
    patterns: Vec<(Cells, &'p Entry)>,
}

impl<'p> Keys<'p> {
    fn of(plan: &'p Plan) -> Self {
        let mut keys = Self { exact: BTreeMap::new(), patterns: Vec::new() };
        for entry in plan.entries() {
            match (Digits::parse(&entry.number), Pattern::parse(&entry.number)) {
                (Some(digits), _) => _ = keys.exact.insert(digits, entry),
                (None, Some(pattern)) => keys.patterns.push((Cells(pattern.packed()), entry)),
                (None, None) => {}
            }
        }
        keys
    }

    /// Everything in a region that comes before a pattern with so many fixed digits; before no pattern at all when `None`.
    fn before(&self, fixed: Option<u32>, region: Cells) -> impl Iterator<Item = Cells> {
        let patterns = self.patterns.iter().map(|(cells, _)| *cells);
        let narrower = patterns.filter(move |c| fixed.is_none_or(|fixed| c.fixed() > fixed));
        let exact = self.exact.keys().map(|d| Cells(d.packed()));
        narrower.chain(exact).filter_map(move |c| c.meet(region))
    }
}

/// Every region that the plans may decide or describe otherwise, in the order of numbers; and whether there were too many pairs
/// of patterns to look at.
pub(super) fn all(old: &Plan, new: &Plan) -> (Vec<Region>, bool) {
    let (a, b) = (Keys::of(old), Keys::of(new));
    let numbers: BTreeSet<Digits> = a.exact.keys().chain(b.exact.keys()).copied().collect();
    let differ = |n: &Digits| !alike(a.exact.get(n).copied(), b.exact.get(n).copied());
    let mut regions: Vec<Region> =
        numbers.into_iter().filter(differ).map(|n| Region { number: n.to_string(), example: n }).collect();
    let mut pairs: Vec<(Cells, Option<u32>, Option<u32>)> = Vec::new();
    pairs.extend(a.patterns.iter().map(|(p, _)| (*p, Some(p.fixed()), None)));
    pairs.extend(b.patterns.iter().map(|(q, _)| (*q, None, Some(q.fixed()))));
    let mut coarse = a.patterns.len().saturating_mul(b.patterns.len()) > PAIRS;
    for (p, one) in a.patterns.iter().filter(|_| !coarse) {
        let others = b.patterns.iter().filter(|(_, other)| !alike(Some(one), Some(other)));
        pairs.extend(others.filter_map(|(q, _)| Some((p.meet(*q)?, Some(p.fixed()), Some(q.fixed())))));
    }
    coarse |= pairs.len() > SEARCHES;
    let mut patterns: BTreeMap<(String, Digits), Digits> = BTreeMap::new();
    for (region, in_old, in_new) in pairs.into_iter().take(SEARCHES) {
        let taken: Vec<Cells> = a.before(in_old, region).chain(b.before(in_new, region)).collect();
        if let Some(example) = free(region, &taken, &mut PLACES.clone()) {
            patterns.insert((region.text(), example), example);
        }
    }
    regions.extend(patterns.into_iter().map(|((number, _), example)| Region { number, example }));
    (regions, coarse)
}

/// Nothing that a caller meets or an operator reads of the number differs.
fn alike(old: Option<&Entry>, new: Option<&Entry>) -> bool {
    match (old, new) {
        (Some(a), Some(b)) => {
            a.life.decides_as(&b.life)
                && (&a.title, &a.owner, a.class, a.kept, a.access, a.feed, a.knowledge, a.province)
                    == (&b.title, &b.owner, b.class, b.kept, b.access, b.feed, b.knowledge, b.province)
        }
        (None, None) => true,
        _ => false,
    }
}

/// A number of the region that none of `taken` holds, each of which lies within the region. The digit under which least is taken
/// is tried first, so that the search hardly ever turns back.
fn free(region: Cells, taken: &[Cells], places: &mut u32) -> Option<Digits> {
    if taken.is_empty() {
        return region.lowest();
    }
    *places = places.checked_sub(1)?;
    if taken.contains(&region) {
        return None;
    }
    let mut branches: Vec<(u128, Cells, Vec<Cells>)> = (1..=10)
        .filter_map(|digit| {
            let branch = region.with(digit)?;
            let taken: Vec<Cells> = taken.iter().filter_map(|c| c.meet(branch)).collect();
            Some((taken.iter().map(|c| c.count()).sum(), branch, taken))
        })
        .collect();
    branches.sort_by_key(|(weight, branch, _)| (*weight, *branch));
    branches.into_iter().find_map(|(_, branch, taken)| free(branch, &taken, places))
}

/// Packed digits in which nibble 15 stands for any digit, as in [`Pattern`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Cells(u64);

impl Cells {
    fn len(self) -> u32 {
        (67 - self.0.leading_zeros()) / 4
    }

    /// The lowest bit of each nibble that is `x`.
    fn wild(self) -> u64 {
        self.0 & self.0 >> 1 & self.0 >> 2 & self.0 >> 3 & 0x1111_1111_1111_1111
    }

    fn fixed(self) -> u32 {
        self.len() - self.wild().count_ones()
    }

    /// How many numbers it holds.
    fn count(self) -> u128 {
        10u128.pow(self.wild().count_ones())
    }

    /// The numbers that both hold: `x` is all ones, so a digit stays where either has one.
    fn meet(self, other: Self) -> Option<Self> {
        let both_fixed = !((self.wild() | other.wild()) * X);
        (self.len() == other.len() && (self.0 ^ other.0) & both_fixed == 0).then_some(Self(self.0 & other.0))
    }

    /// With its first `x` replaced by a digit, 1 to 10; 10 is `0`.
    fn with(self, digit: u64) -> Option<Self> {
        let at = self.wild().checked_ilog2()?;
        Some(Self(self.0 & !(X << at) | digit << at))
    }

    /// Its first number: `0` for every `x`.
    fn lowest(self) -> Option<Digits> {
        Digits::parse(&self.text().replace('x', "0"))
    }

    fn text(self) -> String {
        let nibble = |i: u32| match self.0 >> (4 * i) & X {
            X => 'x',
            n => char::from(b'0' + (n % 10) as u8),
        };
        (0..self.len()).rev().map(nibble).collect()
    }
}

impl Life {
    /// Whether the same is decided at every moment, wherever it is written.
    #[must_use]
    pub fn decides_as(&self, other: &Self) -> bool {
        let same = |a: &Route, b: &Route| a.steps == b.steps;
        match (self, other) {
            (Self::Kept(a), Self::Kept(b)) => same(a, b),
            (Self::Merged(a), Self::Merged(b)) => {
                a.window == b.window
                    && a.before.as_ref().map(|r| &r.steps) == b.before.as_ref().map(|r| &r.steps)
                    && same(&a.transition, &b.transition)
                    && same(&a.cancelled, &b.cancelled)
            }
            (Self::Kept(_), Self::Merged(_)) | (Self::Merged(_), Self::Kept(_)) => false,
        }
    }
}
