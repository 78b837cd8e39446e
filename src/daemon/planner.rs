//! Keeps the dialplan of a running daemon: a thread of its own reads, checks and compares plans, so that calls wait for none of it.
//!
//! Orders are carried out one after another: two reloads at once cannot mix. A plan comes into force in this order: checked with its
//! own expectations, written down and synced, swapped for all readers, handed to the signalling thread. A plan with a mistake
//! changes nothing. Old plans are dropped here, never by whoever reads them.

use super::load::{self, Clips, Loaded};
use super::{Error, watch::Watch};
use crate::admin::{By, ConfigFile, Elsewhere, FORMAT, Order, Outcome, Planned, Replayed, Said, Task, Text};
use crate::call::Snapshot;
use crate::clock::Clock;
use crate::config::Config;
use crate::dialplan::{Diagnostic, Difference, Known, Plan, Severity, Source, difference, render, told, version_of};
use crate::fact::Lang;
use crate::fact::{Fact, How};
use crate::store::{Plans, Reader, plans::Change};
use arc_swap::ArcSwap;
use serde_json::json;
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// The plan in force, for every thread: calls pin it once, at their beginning.
pub type InForce = Arc<ArcSwap<Snapshot>>;

/// What the signalling thread is told.
#[derive(Debug)]
pub enum Notice {
    /// A plan came into force: take it from [`InForce`]. Answered once new calls go by it.
    Put(Fact, SyncSender<()>),
    /// Something to be written down.
    Note(Fact),
}

/// Old plans are looked after so often, and the folder, where it is watched.
const LOOK: Duration = Duration::from_secs(1);
/// The signalling thread takes a plan within milliseconds; a stopping one never.
const TAKE: Duration = Duration::from_secs(10);
/// Calls of the last day that are held against both plans, at most: the latest.
const REPLAYED: u32 = 1_000_000;
const DAY: i64 = 86_400_000_000;

/// What the planner is made of.
#[derive(Debug)]
pub struct Planner {
    /// The configuration the daemon runs with.
    pub config: Config,
    /// The daemon's clock.
    pub clock: Clock,
    /// The state folder, for the calls of the last day.
    pub state: PathBuf,
    /// What was in force.
    pub plans: Plans,
    /// What is in force.
    pub in_force: InForce,
    /// Prompts read so far.
    pub clips: Clips,
    /// The folder, where it is watched.
    pub watch: Option<Watch>,
    /// To the signalling thread.
    pub notices: mpsc::Sender<Notice>,
}

/// Who asks, and how.
struct Asked {
    how: How,
    by: By,
    uid: Option<u32>,
}

impl Planner {
    /// Begins its thread, which carries out orders until nobody can give one any more.
    ///
    /// # Errors
    /// As the system says.
    pub fn start(self, tasks: mpsc::Receiver<Task>) -> io::Result<()> {
        std::thread::Builder::new().name("dialplan".into()).spawn(move || self.run(tasks)).map(drop)
    }

    fn run(mut self, mut tasks: mpsc::Receiver<Task>) {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_time().build() else {
            return tracing::error!("the dialplan cannot be reloaded: no runtime");
        };
        let started = ConfigText::read(PathBuf::from(&self.config.sip.defined.file));
        let mut retired: Vec<Arc<Snapshot>> = Vec::new();
        loop {
            let idle = retired.is_empty() && self.watch.is_none();
            let task = runtime.block_on(async {
                let wait = if idle { Duration::from_secs(3600) } else { LOOK };
                timeout(wait, tasks.recv()).await
            });
            let before = self.in_force.load_full();
            match task {
                Ok(None) => return,
                Ok(Some((order, uid, answer))) => {
                    let outcome = self.carry_out(order, uid, &started);
                    // Whoever asked may be gone.
                    let _ = answer.send(outcome);
                }
                Err(_) if self.watch.as_mut().is_some_and(Watch::has_settled) => self.watched(&started),
                Err(_) => {}
            }
            if !Arc::ptr_eq(&before, &*self.in_force.load()) {
                retired.push(before);
            }
            // Dropped when the last call that began with it is over.
            retired.retain(|old| Arc::strong_count(old) > 1);
        }
    }

    /// The folder has been edited, and nobody writes to it any more.
    fn watched(&mut self, started: &ConfigText) {
        let by = By { author: "watch".into(), note: String::new() };
        match self.reload(Asked { how: How::Reload, by, uid: None }, started) {
            Outcome::InForce { record, .. } => tracing::info!(plan = record.version, "the edited dialplan is in force"),
            Outcome::Wrong(said) => tracing::error!("the edited dialplan is not used:\n{}", said.en),
            Outcome::Failed { en, .. } => tracing::error!("the edited dialplan is not used: {en}"),
            _ => {}
        }
    }

    fn carry_out(&mut self, order: Order, uid: Option<u32>, started: &ConfigText) -> Outcome {
        match order {
            Order::Reload(by) => self.reload(Asked { how: How::Reload, by, uid }, started),
            Order::Compare { files } => self.compare(files),
            Order::Apply { plan, by } => self.apply(*plan, Asked { how: How::Apply, by, uid }, started),
            Order::Rollback { version, by } => self.roll_back(version, Asked { how: How::Rollback, by, uid }, started),
            Order::Write { files, base, by } => self.write(&files, base, Asked { how: How::Reload, by, uid }, started),
            Order::Folder => self.folder(),
            Order::History => self.history(),
            Order::Texts { version } => self.texts(version),
        }
    }

    fn reload(&mut self, asked: Asked, started: &ConfigText) -> Outcome {
        match load::sources(&self.config.plan.folder) {
            Ok(sources) => self.put(sources, asked, started),
            Err(e) => self.refused(&e, &asked),
        }
    }

    fn apply(&mut self, plan: Planned, asked: Asked, started: &ConfigText) -> Outcome {
        let now = self.in_force.load().plan.version().to_owned();
        if plan.base != now {
            return Outcome::Moved { base: plan.base, now };
        }
        let sources: Vec<Source> = plan.files.iter().map(source).collect();
        if *version_of(&sources) != *plan.version {
            let said = Said {
                zh: "计划文件被改动过：文本与版本号不符，请重新 dialplan plan --out".into(),
                en: "the plan file has been altered: its texts are not those of its version; make it again".into(),
                details: Vec::new(),
            };
            return Outcome::Wrong(said);
        }
        self.put(sources, asked, started)
    }

    /// Checks what the folder would be with these files in it, writes them, and reads it again.
    fn write(&mut self, files: &[Text], base: String, asked: Asked, started: &ConfigText) -> Outcome {
        let folder = self.config.plan.folder.clone();
        let mut sources = match load::sources(&folder) {
            Ok(sources) => sources,
            Err(e) => return self.refused(&e, &asked),
        };
        let now = version_of(&sources).into_string();
        if base != now {
            return Outcome::Moved { base, now };
        }
        for file in files {
            match sources.iter_mut().find(|source| source.name() == file.name) {
                Some(found) => found.text = file.text.clone(),
                None => sources.push(source(file)),
            }
        }
        if let Err(e) = load::load(&self.config, sources, self.known(), &mut self.clips) {
            return self.refused(&e, &asked);
        }
        match load::write(&folder, files) {
            Ok(()) => self.reload(asked, started),
            Err(e) => {
                let zh = format!("拨号计划的文件写不下去，计划未变：{e}");
                Outcome::Failed { zh, en: format!("the dialplan's files cannot be written, nothing is changed: {e}") }
            }
        }
    }

    /// What stands in the folder.
    fn folder(&self) -> Outcome {
        match load::sources(&self.config.plan.folder) {
            Ok(sources) => Outcome::Texts {
                version: version_of(&sources).into_string(),
                files: sources.iter().map(Text::from).collect(),
            },
            Err(e) => wrong(&e),
        }
    }

    fn roll_back(&mut self, version: Option<String>, asked: Asked, started: &ConfigText) -> Outcome {
        let wanted = version.as_deref().or_else(|| self.plans.previous()).and_then(|v| self.whole_name(v));
        match wanted.map(|v| self.plans.texts(&v)) {
            Some(Ok(sources)) => self.put(sources, asked, started),
            Some(Err(_)) | None => Outcome::NoVersion { version },
        }
    }

    /// The version that begins so, if it is one.
    fn whole_name(&self, start: &str) -> Option<String> {
        let mut found: Vec<&str> =
            self.plans.records().iter().map(|r| r.version.as_str()).filter(|v| v.starts_with(start)).collect();
        found.sort_unstable();
        found.dedup();
        match &*found {
            [one] if !start.is_empty() => Some((*one).to_owned()),
            _ => None,
        }
    }

    /// What a plan is held against beside the configuration.
    fn known(&self) -> Known {
        let wall = self.clock.now().wall;
        Known { cancelled: self.plans.lineage().cancelled(wall), wall: Some(wall), ..Known::default() }
    }

    /// Checks texts and puts them in force.
    fn put(&mut self, sources: Vec<Source>, asked: Asked, started: &ConfigText) -> Outcome {
        let loaded = match load::load(&self.config, sources, self.known(), &mut self.clips) {
            Ok(loaded) => loaded,
            Err(e) => return self.refused(&e, &asked),
        };
        let config = started.now();
        let old = self.in_force.load_full();
        let new = &loaded.snapshot;
        let prompts = changed_prompts(&old, new);
        let version = new.plan.version().to_owned();
        if version == old.plan.version() && prompts == 0 {
            return Outcome::Unchanged { version, config };
        }
        let difference = Difference::between(&old.plan, &new.plan, self.clock.now().wall);
        let size = (new.plan.entries().count() + 4, new.plan.groups().count(), new.plan.trunks().count());
        let fact = Fact::PlanLoaded {
            plan: version.clone(),
            how: asked.how,
            author: asked.by.author.clone(),
            uid: asked.uid,
            note: asked.by.note.clone(),
        };
        // A reload has just read the folder: nothing of it is set aside.
        let set_aside = (asked.how != How::Reload).then(|| self.edited()).flatten().filter(|v| *v != version);
        let change = Change { how: asked.how, author: asked.by.author, uid: asked.uid, note: asked.by.note, set_aside };
        let record = match self.plans.put(&new.plan, &loaded.sources, change, self.clock.now().wall) {
            Ok(record) => Box::new(record.clone()),
            Err(e) => {
                let zh = format!("无法写下计划的历史，计划未变：{e}");
                return Outcome::Failed { zh, en: format!("the history cannot be written, nothing is changed: {e}") };
            }
        };
        let warnings = said(&loaded);
        self.swap(loaded.snapshot, fact);
        Outcome::InForce { record, difference: Box::new(difference), prompts, size, warnings, config }
    }

    /// For every reader from now on; returns when new calls go by it.
    fn swap(&self, snapshot: Arc<Snapshot>, fact: Fact) {
        self.in_force.store(snapshot);
        let (done, taken) = sync_channel(1);
        if self.notices.blocking_send(Notice::Put(fact, done)).is_ok() {
            // A daemon that stops takes no new calls: nobody is left to go by it.
            let _ = taken.recv_timeout(TAKE);
        }
    }

    fn refused(&self, error: &Error, asked: &Asked) -> Outcome {
        let mistakes = match error {
            Error::Plan(mistakes, _) => Diagnostic::count(mistakes, Severity::Error),
            Error::Config(mistakes) => mistakes.len(),
            _ => 1,
        };
        let fact = Fact::PlanRefused {
            how: asked.how,
            author: asked.by.author.clone(),
            uid: asked.uid,
            mistakes: u32::try_from(mistakes).unwrap_or(u32::MAX),
        };
        // It waits at most for the signalling thread's next round.
        let _ = self.notices.blocking_send(Notice::Note(fact));
        wrong(error)
    }

    fn compare(&mut self, files: Option<Vec<Text>>) -> Outcome {
        let sources = match files {
            Some(files) => Ok(files.iter().map(source).collect()),
            None => load::sources(&self.config.plan.folder),
        };
        let sources: Vec<Source> = match sources {
            Ok(sources) => sources,
            Err(e) => return wrong(&e),
        };
        let loaded = match load::load(&self.config, sources, self.known(), &mut self.clips) {
            Ok(loaded) => loaded,
            Err(e) => return wrong(&e),
        };
        let (old, new) = (self.in_force.load_full(), &loaded.snapshot.plan);
        let wall = self.clock.now().wall;
        let plan = Planned {
            format: FORMAT,
            base: old.plan.version().to_owned(),
            version: new.version().to_owned(),
            at: wall,
            files: loaded.sources.iter().map(Text::from).collect(),
        };
        let difference = Box::new(Difference::between(&old.plan, new, wall));
        let replayed = self.replay(&old.plan, new, wall);
        Outcome::Compared { plan: Box::new(plan), difference, replayed, warnings: said(&loaded) }
    }

    /// The calls of the last day, each at its own moment, under both plans. Without records: none.
    fn replay(&self, old: &Plan, new: &Plan, wall: i64) -> Replayed {
        let calls = Reader::open(&self.state).and_then(|mut r| r.dialled(wall - DAY, REPLAYED)).unwrap_or_default();
        let mut elsewhere: BTreeMap<(String, String, String), u64> = BTreeMap::new();
        for (number, at) in &calls {
            let decided = |plan: &Plan| {
                let dialled = plan.normalise(number.as_bytes());
                dialled.map_or_else(|_| "release:404/1".to_owned(), |d| difference::words(plan.decide(d, *at)))
            };
            let (before, after) = (decided(old), decided(new));
            if before != after {
                *elsewhere.entry((number.clone(), before, after)).or_default() += 1;
            }
        }
        let mut elsewhere: Vec<Elsewhere> =
            elsewhere.into_iter().map(|((number, old, new), calls)| Elsewhere { number, calls, old, new }).collect();
        elsewhere.sort_by(|a, b| b.calls.cmp(&a.calls).then_with(|| a.number.cmp(&b.number)));
        Replayed { calls: calls.len() as u64, elsewhere }
    }

    fn history(&self) -> Outcome {
        let folder = &self.config.plan.folder;
        let mut kept: Vec<String> = self.plans.records().iter().map(|r| r.version.clone()).collect();
        kept.sort_unstable();
        kept.dedup();
        kept.retain(|v| self.plans.has(v));
        Outcome::History {
            records: self.plans.records().to_vec(),
            kept,
            now: self.in_force.load().plan.version().to_owned(),
            folder: (folder.clone(), self.edited()),
        }
    }

    /// The version of the text that stands in the folder; none when it cannot be read.
    fn edited(&self) -> Option<String> {
        load::sources(&self.config.plan.folder).ok().map(|s| version_of(&s).into_string())
    }

    fn texts(&self, version: Option<String>) -> Outcome {
        let wanted = version.clone().unwrap_or_else(|| self.in_force.load().plan.version().to_owned());
        let found = self.whole_name(&wanted).map(|v| (self.plans.texts(&v), v));
        match found {
            Some((Ok(sources), version)) => Outcome::Texts { version, files: sources.iter().map(Text::from).collect() },
            Some((Err(_), _)) | None => Outcome::NoVersion { version },
        }
    }
}

/// The configuration file as it was at the start.
struct ConfigText {
    file: PathBuf,
    /// `None` when there is no file: the configuration was made in memory.
    text: Option<String>,
}

impl ConfigText {
    fn read(file: PathBuf) -> Self {
        Self { text: std::fs::read_to_string(&file).ok(), file }
    }

    /// Whether a restart would find another configuration.
    fn now(&self) -> ConfigFile {
        if std::fs::read_to_string(&self.file).ok() == self.text {
            return ConfigFile::Same;
        }
        if Config::load(&self.file).is_ok() { ConfigFile::NeedsRestart } else { ConfigFile::Wrong }
    }
}

fn source(text: &Text) -> Source {
    Source { file: text.name.clone(), text: text.text.clone() }
}

/// How many prompts sound otherwise, or are there on one side only.
fn changed_prompts(old: &Snapshot, new: &Snapshot) -> usize {
    let same = |name, clip: &crate::patch::Clip| {
        old.prompts.get(name).is_some_and(|before| Arc::ptr_eq(&before.alaw, &clip.alaw) || before.alaw == clip.alaw)
    };
    let gone = old.prompts.keys().filter(|name| !new.prompts.contains_key(*name)).count();
    new.prompts.iter().filter(|(name, clip)| !same(*name, clip)).count() + gone
}

fn said(loaded: &Loaded) -> Said {
    let text = |lang| render(&loaded.warnings, &loaded.sources, lang, false);
    let details = told(&loaded.warnings, &loaded.sources).iter().map(|t| json!(t)).collect();
    Said { zh: text(Lang::Zh), en: text(Lang::En), details }
}

/// A plan that cannot be used, with every mistake.
fn wrong(error: &Error) -> Outcome {
    let tell = |lang| error.tell(lang, false);
    let details = match error {
        Error::Plan(mistakes, sources) => told(mistakes, sources).iter().map(|t| json!(t)).collect(),
        Error::Config(mistakes) => mistakes.iter().map(crate::config::Mistake::document).collect(),
        _ => Vec::new(),
    };
    Outcome::Wrong(Said { zh: tell(Lang::Zh), en: tell(Lang::En), details })
}
