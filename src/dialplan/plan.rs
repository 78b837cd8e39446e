//! The plan itself: what it holds, by name and number. What is decided by it stands in the files of the questions.

use super::digits::Digits;
use super::entry::{City, Entry, Group, Trunk};
use super::life::{Life, State};
use super::number::{Dialled, NumberError, Numbering, Spelling};
use super::route::{Origin, Step};
use super::table::Table;
use crate::calendar::{Hours, Zone};
use crate::id::{GroupId, TrunkId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A checked dialplan. Immutable; callers put it behind an `Arc` and a call keeps the one it began with.
#[derive(Debug)]
pub struct Plan {
    pub(in crate::dialplan) version: Box<str>,
    pub(in crate::dialplan) files: Box<[Box<str>]>,
    pub(in crate::dialplan) city: City,
    pub(in crate::dialplan) zone: Zone,
    pub(in crate::dialplan) numbering: Numbering,
    pub(in crate::dialplan) table: Table,
    pub(in crate::dialplan) entries: Box<[Arc<Entry>]>,
    pub(in crate::dialplan) emergency: [Arc<Entry>; 4],
    pub(in crate::dialplan) groups: BTreeMap<GroupId, Arc<Group>>,
    pub(in crate::dialplan) trunks: BTreeMap<TrunkId, Arc<Trunk>>,
}

impl Plan {
    /// 12 hex digits that name this plan: a hash of its files' names and texts, whichever folder they are in.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Normalises the request-URI of an INVITE, or the bare user part of one.
    ///
    /// # Errors
    /// [`NumberError`] when it holds no number.
    pub fn normalise(&self, request_uri: &[u8]) -> Result<Dialled, NumberError> {
        self.numbering.normalise(request_uri)
    }

    /// The numbers that are cancelled at a moment: what the next plan is told in [`super::Known::cancelled`].
    #[must_use]
    pub fn cancelled(&self, wall: i64) -> BTreeSet<Digits> {
        let gone = self.entries.iter().filter(|e| e.life.at(wall).0 == State::Cancelled);
        gone.filter_map(|e| Digits::parse(&e.number)).collect()
    }

    /// A group by name.
    #[must_use]
    pub fn group(&self, id: &GroupId) -> Option<&Arc<Group>> {
        self.groups.get(id)
    }

    /// A trunk by name.
    #[must_use]
    pub fn trunk(&self, id: &TrunkId) -> Option<&Arc<Trunk>> {
        self.trunks.get(id)
    }

    /// All groups, by name.
    pub fn groups(&self) -> impl Iterator<Item = &Arc<Group>> {
        self.groups.values()
    }

    /// All trunks, by name.
    pub fn trunks(&self) -> impl Iterator<Item = &Arc<Trunk>> {
        self.trunks.values()
    }

    /// All numbers but the emergency ones, in the order of the files.
    pub fn entries(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.entries.iter()
    }

    /// The group that answers 12345.
    #[must_use]
    pub fn hub_group(&self) -> Option<&GroupId> {
        let hub = self.entries.get(self.table.get(self.city.hub)? as usize)?;
        let Life::Kept(route) = &hub.life else { return None };
        route.steps.iter().find_map(|step| match step {
            Step::Queue { group, .. } => Some(group),
            _ => None,
        })
    }

    /// The city.
    #[must_use]
    pub fn city(&self) -> &City {
        &self.city
    }

    /// The zone in which dates are meant.
    #[must_use]
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// The look-up table, for benches and `doctor`.
    #[must_use]
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// Whether a group is staffed by its hours at a moment (µs since the epoch). Closed is as nobody signed in.
    #[must_use]
    pub fn is_open(&self, group: &Group, wall: i64) -> bool {
        matches!(group.hours, Hours::Always) || group.hours.open_at(self.zone.local(wall))
    }

    /// How many seats of a group must be at work at a moment (µs since the epoch); 0 outside its hours. One at the least where the group
    /// is there at all hours and nobody else would answer its callers.
    #[must_use]
    pub fn least_seats(&self, group: &Group, wall: i64) -> u32 {
        let alone = matches!(group.hours, Hours::Always) && !group.leads_to_people();
        let usual = group.least_seats.max(u32::from(alone));
        match group.shifts.all.is_empty() {
            true if usual == 0 || !self.is_open(group, wall) => 0,
            true => usual,
            false if !self.is_open(group, wall) => 0,
            false => group.shifts.least(self.zone.local(wall)).unwrap_or(usual),
        }
    }

    /// Writes a local number as a trunk wants it, with the `+` where that form has one.
    #[must_use]
    pub fn spell(&self, number: Digits, trunk: &Trunk) -> String {
        let digits = self.numbering.spell(number, trunk.number_out).unwrap_or(number);
        let plus = if trunk.number_out == Spelling::International { "+" } else { "" };
        format!("{plus}{digits}")
    }

    /// Where something stands, as `file:line`.
    #[must_use]
    pub fn place(&self, origin: Origin) -> String {
        let file = self.files.get(origin.file as usize).map_or("", |f| f);
        format!("{file}:{}", origin.line)
    }
}
