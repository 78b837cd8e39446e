//! The dialplan: which number leads where, on which date, and why.
//!
//! Text comes in as values ([`Source`]) and a checked, immutable [`Plan`] comes out, or every mistake with its file,
//! line and column. One code path decides ([`Plan::decide`]) and prints its reasons ([`Plan::why`]).
//!
//! It refuses to read files, clocks or sockets; to hold addresses, passwords or seats (configuration does); to be
//! changed once built (a reload builds another plan and swaps the `Arc`); and to load a plan that has a mistake.

mod admission;
pub mod calendar;
pub mod check;
pub mod difference;
pub mod duties;
pub mod emergency;
pub mod entry;
mod explain;
pub mod fmt;
mod format;
pub mod life;
pub mod lineage;
pub mod number;
mod phrase;
pub mod schema;
pub mod segment;
pub mod table;
mod timeline;
mod visit;
mod why;

pub use admission::Side;
pub use check::{Code, Diagnostic, Guide, Lang, Places, Severity, render, sarif, told};
pub use difference::Difference;
pub use duties::{Annex, Duties};
pub use emergency::Emergency;
pub use entry::{Access, City, Class, Entry, Group, MAX_OVERFLOWS, Origin, Record, Role, Route, Step, Trunk};
pub use explain::{Decision, NumberRow, Refusal, Routed};
pub use life::{Life, State};
pub use lineage::Lineage;
pub use number::{Dialled, Digits, NumberError, Numbering, Spelling};
pub use timeline::{Period, PeriodFacts, Timeline, TimelineFacts};
pub use visit::{Hop, Meets, Visit};
pub use why::{Counted, EntryFacts, Facts, Question, TrunkFacts, Why};

use crate::id::{GroupId, PromptId, SeatId, TrunkId};
use calendar::Zone;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use table::Table;

/// One TOML file of a dialplan.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its path as diagnostics show it.
    pub file: String,
    /// Its text.
    pub text: Arc<str>,
}

impl Source {
    /// The file's name without its folders.
    #[must_use]
    pub fn name(&self) -> &str {
        self.file.rsplit('/').next().unwrap_or(&self.file)
    }
}

/// What the caller knows beside the files. `None` means: do not check.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The prompts there are.
    pub prompts: Option<BTreeSet<PromptId>>,
    /// The seats there are: no entry may take a seat's number.
    pub seats: Option<BTreeSet<SeatId>>,
    /// Numbers that some earlier version of the plan had already cancelled: they stay cancelled.
    pub cancelled: BTreeSet<Digits>,
    /// The moment of the check, µs since the epoch: cancelled numbers are judged by it.
    pub wall: Option<i64>,
}

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
    /// Reads, checks and compiles a plan, then runs its `[[expect]]` tests. Beside the plan stand its warnings.
    ///
    /// # Errors
    /// All mistakes, in the order of the files; warnings among them.
    pub fn load(sources: &[Source], known: &Known) -> Result<(Self, Vec<Diagnostic>), Vec<Diagnostic>> {
        check::load(sources, known)
    }

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

    /// Decides what happens to a call at a moment (µs since the epoch). The hot path: no allocation.
    #[must_use]
    pub fn decide(&self, dialled: Dialled, wall: i64) -> Decision<'_> {
        explain::decide(self, dialled, wall, &mut ())
    }

    /// Decides for one caller: what [`Plan::decide`] says, unless this side may not dial it. The hot path: no allocation.
    #[must_use]
    pub fn admit(&self, dialled: Dialled, side: Side<'_>, wall: i64) -> Decision<'_> {
        admission::admit(self, dialled, side, wall, &mut ())
    }

    /// What `dialplan why` prints: the decision of [`Plan::decide`], by the same code, with its reasons.
    #[must_use]
    pub fn why(&self, request_uri: &[u8], wall: i64, lang: Lang) -> String {
        self.ask(Question::new(request_uri, wall)).text(lang)
    }

    /// Asks why a call would go where it goes.
    #[must_use]
    pub fn ask<'p>(&'p self, question: Question<'p>) -> Why<'p> {
        why::ask(self, question)
    }

    /// A number's whole life; `None` when it is not in the plan.
    #[must_use]
    pub fn timeline(&self, dialled: Dialled) -> Option<Timeline<'_>> {
        timeline::timeline(self, dialled)
    }

    /// Whether this plan meets what the annex of the city's plan demands; `wall` (µs since the epoch) says where each
    /// number stands.
    #[must_use]
    pub fn duties(&self, annex: &Annex, wall: i64) -> Duties {
        duties::duties(self, annex, wall)
    }

    /// Every number of the plan with its state at a moment, in the order of the files; emergency first.
    #[must_use]
    pub fn numbers(&self, wall: i64) -> Vec<NumberRow> {
        explain::numbers(self, wall)
    }

    /// The numbers that are cancelled at a moment: what the next plan is told in [`Known::cancelled`].
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
        matches!(group.hours, calendar::Hours::Always) || group.hours.open_at(self.zone.local(wall))
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

/// 12 hex digits that name these texts: what [`Plan::version`] of a plan made from them is.
#[must_use]
pub fn version_of(sources: &[Source]) -> Box<str> {
    let mut hash = Sha256::new();
    for source in sources {
        for part in [source.name().as_bytes(), source.text.as_bytes()] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
    }
    hash.finalize().iter().take(6).map(|b| format!("{b:02x}")).collect()
}
