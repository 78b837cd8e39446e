//! A tally = the same calls counted once in each dimension.

use super::calls::Calls;
use super::group::Visits;
use super::line::{self, Line, OTHER};
use super::person::{Offers, Who};
use super::traffic::Split;
use crate::id::GroupId;
use crate::ledger::Cdr;
use std::collections::BTreeMap;

/// Most lines, groups and persons of one tally: what is beyond is counted together. With all of them in use it has 300 kB.
pub(super) const LINES: usize = 512;
pub(super) const GROUPS: usize = 256;
pub(super) const PERSONS: usize = 2_048;

/// Counts over some calls.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally {
    /// All of them.
    pub all: Calls,
    /// By number first dialled.
    pub lines: BTreeMap<Box<str>, Line>,
    /// By group, each visit once.
    pub groups: BTreeMap<GroupId, Visits>,
    /// By traffic.
    pub traffic: Split,
    /// By person.
    pub persons: BTreeMap<Who, Offers>,
}

impl Tally {
    /// Counts a call in.
    pub fn add(&mut self, cdr: &Cdr) {
        self.all.add(cdr);
        self.traffic.add(cdr);
        let number = line::number(cdr);
        place(&mut self.lines, number, LINES, OTHER).add(cdr);
        for visit in &cdr.visits {
            place(&mut self.groups, visit.group.as_str(), GROUPS, OTHER).add(cdr, visit);
        }
        for attempt in &cdr.attempts {
            let Some(who) = Offers::who(attempt) else { continue };
            let known = self.persons.contains_key(&who) || self.persons.len() < PERSONS;
            self.persons.entry(if known { who } else { Who::Other }).or_default().add(cdr, attempt);
        }
    }

    /// Counts another tally in.
    pub fn merge(&mut self, other: &Self) {
        self.all.merge(&other.all);
        self.traffic.merge(&other.traffic);
        for (number, line) in &other.lines {
            place(&mut self.lines, number, LINES, OTHER).merge(line);
        }
        for (group, visits) in &other.groups {
            place(&mut self.groups, group.as_str(), GROUPS, OTHER).merge(visits);
        }
        for (who, offers) in &other.persons {
            let known = self.persons.contains_key(who) || self.persons.len() < PERSONS;
            self.persons.entry(if known { who.clone() } else { Who::Other }).or_default().merge(offers);
        }
    }
}

/// The entry of this name, or that of all others once there are too many.
fn place<'m, K, V>(map: &'m mut BTreeMap<K, V>, name: &str, most: usize, other: &str) -> &'m mut V
where
    K: Ord + std::borrow::Borrow<str> + for<'a> From<&'a str>,
    V: Default,
{
    let name = if map.len() < most || map.contains_key(name) { name } else { other };
    if !map.contains_key(name) {
        map.insert(K::from(name), V::default());
    }
    map.entry(K::from(name)).or_default()
}
