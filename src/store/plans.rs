//! The versions of the dialplan that were in force: who put each there, when, why, and its very text.
//!
//! `plans/history.jsonl` has one line for each coming into force, synced before the plan is; `plans/<version>.json` the texts.
//! A line torn by a power cut is cut off at the next start. The newest [`KEPT`] texts are kept; lines are kept for ever, because
//! cancelled numbers follow from them. It refuses to judge a plan.

use super::{Error, private};
use crate::dialplan::lineage::Heir;
use crate::dialplan::{Lineage, Plan, Source};
use crate::fact::How;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Texts of so many versions are kept at most, the newest.
pub const KEPT: usize = 500;

/// One coming into force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// From 1, without gaps.
    pub number: u64,
    /// Wall clock, µs since the epoch.
    pub at: i64,
    /// The version.
    pub version: String,
    /// The version in force before; none at the first.
    pub base: Option<String>,
    /// How.
    pub how: How,
    /// Who, as he said.
    pub author: String,
    /// Who, as the system says: the user at the admin socket.
    pub uid: Option<u32>,
    /// Why, as he said.
    pub note: String,
    /// The version of the folder's text at that moment, where it is another one: these edits were left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set_aside: Option<String>,
    /// What later plans are bound by.
    #[serde(default)]
    pub heir: Heir,
}

/// What a record needs beside what the history knows itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// How.
    pub how: How,
    /// Who, as he said.
    pub author: String,
    /// Who, as the system says.
    pub uid: Option<u32>,
    /// Why.
    pub note: String,
    /// See [`Record::set_aside`].
    pub set_aside: Option<String>,
}

impl Change {
    /// The daemon starts: nobody did it.
    #[must_use]
    pub fn start() -> Self {
        Self { how: How::Start, author: String::new(), uid: None, note: String::new(), set_aside: None }
    }
}

/// The history in a state folder.
#[derive(Debug)]
pub struct Plans {
    folder: PathBuf,
    /// Opened by the daemon; `None` when only read.
    lines: Option<File>,
    records: Vec<Record>,
    lineage: Lineage,
}

#[derive(Serialize, Deserialize)]
struct Texts {
    version: String,
    files: Vec<Text>,
}

#[derive(Serialize, Deserialize)]
struct Text {
    name: String,
    text: std::sync::Arc<str>,
}

impl Plans {
    /// Opens the history of a daemon, makes it if it is not there, and cuts off a torn last line.
    ///
    /// # Errors
    /// [`Error::File`]; also for a line in the middle that cannot be read: then cancelled numbers would be forgotten.
    pub fn open(state: &Path) -> Result<Self, Error> {
        let folder = state.join("plans");
        let path = folder.join("history.jsonl");
        let failed = |source| Error::File { path: path.clone(), source };
        private::folder(&folder).map_err(failed)?;
        let (records, whole) = read(&path)?;
        let lines = private::made().append(true).open(&path).map_err(failed)?;
        if lines.metadata().map_err(failed)?.len() > whole {
            lines.set_len(whole).map_err(failed)?;
        }
        Ok(Self { lineage: lineage(&records), folder, lines: Some(lines), records })
    }

    /// Reads the history of a daemon that may be running. No history is an empty one.
    ///
    /// # Errors
    /// As [`Plans::open`].
    pub fn read(state: &Path) -> Result<Self, Error> {
        let folder = state.join("plans");
        let (records, _) = read(&folder.join("history.jsonl"))?;
        Ok(Self { lineage: lineage(&records), folder, lines: None, records })
    }

    /// All records, oldest first.
    #[must_use]
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// What the next plan is bound by.
    #[must_use]
    pub fn lineage(&self) -> &Lineage {
        &self.lineage
    }

    /// The version that a rollback without a name means: the one below the present one when versions are put on a pile, and a
    /// rollback takes off what lies above its own.
    #[must_use]
    pub fn previous(&self) -> Option<&str> {
        let mut pile: Vec<&str> = Vec::new();
        for record in &self.records {
            match pile.iter().rposition(|v| *v == record.version) {
                Some(at) if record.how == How::Rollback => pile.truncate(at + 1),
                _ if pile.last() == Some(&record.version.as_str()) => {}
                _ => pile.push(&record.version),
            }
        }
        pile.pop()?;
        pile.pop()
    }

    /// Whether the texts of a version are still there.
    #[must_use]
    pub fn has(&self, version: &str) -> bool {
        self.file(version).is_file()
    }

    /// The texts of a version.
    ///
    /// # Errors
    /// [`Error::File`], not found among them.
    pub fn texts(&self, version: &str) -> Result<Vec<Source>, Error> {
        let path = self.file(version);
        let failed = |source| Error::File { path: path.clone(), source };
        let texts: Texts = serde_json::from_slice(&fs::read(&path).map_err(failed)?).map_err(|e| failed(e.into()))?;
        let source = |t: Text| Source { file: format!("{version}/{}", t.name), text: t.text };
        Ok(texts.files.into_iter().map(source).collect())
    }

    /// Writes down that a plan comes into force now: its texts, then its line, both on the disk when this returns.
    ///
    /// # Errors
    /// [`Error::File`]; then nothing has been written that counts.
    pub fn put(&mut self, plan: &Plan, sources: &[Source], change: Change, wall: i64) -> Result<&Record, Error> {
        let failed = |path: &Path, source| Error::File { path: path.to_owned(), source };
        let version = plan.version();
        let path = self.file(version);
        if !path.is_file() {
            self.keep(&path, version, sources).map_err(|e| failed(&path, e))?;
        }
        let Change { how, author, uid, note, set_aside } = change;
        let record = Record {
            number: self.records.last().map_or(1, |r| r.number + 1),
            at: wall,
            version: version.to_owned(),
            base: self.records.last().map(|r| r.version.clone()),
            how,
            author,
            uid,
            note,
            set_aside,
            heir: self.lineage.heir(plan, wall),
        };
        let path = self.folder.join("history.jsonl");
        self.line(&record).map_err(|e| failed(&path, e))?;
        self.lineage.follow(&record.heir);
        self.prune();
        self.records.push(record);
        self.records.last().ok_or_else(|| failed(&path, ErrorKind::Other.into()))
    }

    fn file(&self, version: &str) -> PathBuf {
        // A version comes from an operator, too: nothing but its hex digits reaches the path.
        let safe: String = version.chars().filter(char::is_ascii_alphanumeric).collect();
        self.folder.join(format!("{safe}.json"))
    }

    fn keep(&self, path: &Path, version: &str, sources: &[Source]) -> io::Result<()> {
        let files = sources.iter().map(|s| Text { name: s.name().to_owned(), text: s.text.clone() }).collect();
        let bytes = serde_json::to_vec(&Texts { version: version.to_owned(), files })?;
        let beside = path.with_extension("tmp");
        let mut file = private::made().write(true).truncate(true).open(&beside)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        File::open(&self.folder)?.sync_all()
    }

    fn line(&mut self, record: &Record) -> io::Result<()> {
        let Some(lines) = &mut self.lines else { return Err(ErrorKind::ReadOnlyFilesystem.into()) };
        let mut bytes = serde_json::to_vec(record)?;
        bytes.push(b'\n');
        let before = lines.metadata()?.len();
        let written = lines.write_all(&bytes).and_then(|()| lines.sync_all());
        if written.is_err() {
            // Half a line would spoil the next one.
            lines.set_len(before)?;
        }
        written
    }

    /// Removes the texts of the oldest versions beyond [`KEPT`]. What cannot be removed is tried again next time.
    fn prune(&self) {
        let mut seen = BTreeSet::new();
        let versions = self.records.iter().rev().map(|r| r.version.as_str()).filter(|v| seen.insert(*v));
        for version in versions.skip(KEPT - 1) {
            let _ = fs::remove_file(self.file(version));
        }
    }
}

/// The records, and how many bytes of the file are whole lines.
fn read(path: &Path) -> Result<(Vec<Record>, u64), Error> {
    let failed = |source| Error::File { path: path.to_owned(), source };
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok((Vec::new(), 0)),
        Err(e) => return Err(failed(e)),
    };
    let whole = bytes.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    let lines = bytes.get(..whole).unwrap_or_default().split(|b| *b == b'\n').filter(|l| !l.is_empty());
    let wrong = |line: usize, e: serde_json::Error| {
        failed(io::Error::new(ErrorKind::InvalidData, format!("line {line} cannot be read: {e}")))
    };
    let records =
        lines.zip(1..).map(|(l, n)| serde_json::from_slice(l).map_err(|e| wrong(n, e))).collect::<Result<_, _>>()?;
    Ok((records, whole as u64))
}

fn lineage(records: &[Record]) -> Lineage {
    let mut lineage = Lineage::default();
    records.iter().for_each(|r| lineage.follow(&r.heir));
    lineage
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialplan::Known;
    use std::sync::atomic::{AtomicU32, Ordering};

    struct State(PathBuf);

    impl State {
        fn new() -> Self {
            static NEXT: AtomicU32 = AtomicU32::new(0);
            let name = format!("switchboard-plans-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
            // In memory where there is such a place: five hundred versions are a thousand syncs.
            let shm = Path::new("/dev/shm");
            let path = if shm.is_dir() { shm.to_owned() } else { std::env::temp_dir() }.join(name);
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for State {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn edit(n: u32) -> (Plan, Vec<Source>) {
        let text = format!(
            "# {n}\n[city]\narea = \"0591\"\nissued = 2021-11-08\n[hotline.12345]\ntitle = \"12345\"\nclass = \"hub\"\n\
             group = \"main\"\n[group.main]\ntitle = \"main\"\nhours = \"7x24\"\n[trunk.e]\ntitle = \"e\"\nrole = \"emergency\"\n\
             [emergency]\ntrunks = [\"e\"]\n[hotline.12333]\ntitle = \"12333\"\nclass = \"merged\"\ncutover = 2021-11-30\n"
        );
        let sources = vec![Source { file: "a/plan.toml".into(), text: text.into() }];
        let (plan, _) = Plan::load(&sources, &Known::default()).unwrap();
        (plan, sources)
    }

    fn put(plans: &mut Plans, n: u32, how: How) -> String {
        let (plan, sources) = edit(n);
        let change = Change { how, author: "li".into(), note: format!("edit {n}"), ..Change::start() };
        plans.put(&plan, &sources, change, 1_640_000_000_000_000).unwrap();
        plan.version().to_owned()
    }

    #[test]
    fn what_was_put_in_force_is_read_back_with_its_texts() {
        let state = State::new();
        let mut plans = Plans::open(&state.0).unwrap();
        let [one, two] = [1, 2].map(|n| put(&mut plans, n, How::Reload));
        for plans in [Plans::open(&state.0).unwrap(), Plans::read(&state.0).unwrap()] {
            let records: Vec<_> = plans.records().iter().map(|r| (r.number, &*r.version, r.base.as_deref())).collect();
            assert_eq!(records, [(1, &*one, None), (2, &*two, Some(&*one))]);
            assert_eq!(*plans.texts(&one).unwrap()[0].text, *edit(1).1[0].text);
            assert_eq!(crate::dialplan::version_of(&plans.texts(&two).unwrap()), two.as_str().into());
            assert!(plans.texts("../../etc/passwd").is_err() && plans.texts("").is_err());
            // 12333 runs until 2022-02-28: cancelled from the next midnight in Shanghai on.
            let midnight = 1_646_064_000_000_000;
            assert!(plans.lineage().cancelled(midnight - 1).is_empty());
            assert_eq!(plans.lineage().cancelled(midnight).len(), 1);
        }
    }

    #[test]
    fn a_torn_line_is_cut_off_and_a_spoilt_one_stops_the_start() {
        let state = State::new();
        let mut plans = Plans::open(&state.0).unwrap();
        put(&mut plans, 1, How::Reload);
        let path = state.0.join("plans/history.jsonl");
        let whole = fs::read(&path).unwrap();
        for cut in [1, 10, whole.len() - 1] {
            fs::write(&path, [&whole[..], &whole[..cut]].concat()).unwrap();
            assert_eq!(Plans::read(&state.0).unwrap().records().len(), 1);
            let mut plans = Plans::open(&state.0).unwrap();
            put(&mut plans, 2, How::Reload);
            assert_eq!(Plans::read(&state.0).unwrap().records().len(), 2);
        }
        fs::write(&path, [b"{}\n", &whole[..]].concat()).unwrap();
        let error = Plans::open(&state.0).unwrap_err().to_string();
        assert!(error.contains("line 1 cannot be read"), "{error}");
    }

    #[test]
    fn a_rollback_goes_down_the_pile() {
        let state = State::new();
        let mut plans = Plans::open(&state.0).unwrap();
        assert_eq!(plans.previous(), None);
        let [one, two, three] = [1, 2, 3].map(|n| put(&mut plans, n, How::Apply));
        assert_eq!(plans.previous(), Some(&*two));
        put(&mut plans, 2, How::Rollback);
        assert_eq!(plans.previous(), Some(&*one));
        put(&mut plans, 1, How::Rollback);
        assert_eq!(plans.previous(), None);
        put(&mut plans, 3, How::Rollback);
        assert_eq!(plans.previous(), Some(&*one));
        put(&mut plans, 3, How::Reload);
        assert_eq!((plans.previous(), three.len()), (Some(&*one), 12));
    }

    #[test]
    fn the_oldest_texts_go_and_every_line_stays() {
        let state = State::new();
        let mut plans = Plans::open(&state.0).unwrap();
        let versions: Vec<_> = (0..KEPT as u32 + 3).map(|n| put(&mut plans, n, How::Reload)).collect();
        let kept = versions.iter().filter(|v| plans.has(v)).count();
        assert_eq!((kept, plans.has(&versions[0]), plans.has(versions.last().unwrap())), (KEPT, false, true));
        assert_eq!(Plans::read(&state.0).unwrap().records().len(), KEPT + 3);
    }

    #[test]
    fn a_reader_writes_nothing() {
        let state = State::new();
        let (plan, sources) = edit(1);
        assert!(Plans::read(&state.0).unwrap().records().is_empty());
        assert!(!state.0.join("plans").exists());
        let mut plans = Plans::open(&state.0).unwrap();
        put(&mut plans, 1, How::Reload);
        let mut reader = Plans::read(&state.0).unwrap();
        assert!(reader.put(&plan, &sources, Change::start(), 0).is_err());
    }
}
