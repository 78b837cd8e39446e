//! Reads the dialplan folder and its prompts from disk and checks them together.

use super::Error;
use crate::admin::Text;
use crate::audio::wav;
use crate::call::Snapshot;
use crate::config::{Config, Severity};
use crate::dialplan::{Diagnostic, Digits, Known, Plan, Source};
use crate::id::PromptId;
use crate::patch::Clip;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, BufReader, Write as _};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A plan that may be put in force.
#[derive(Debug)]
pub struct Loaded {
    /// With its prompts in memory.
    pub snapshot: Arc<Snapshot>,
    /// Its texts.
    pub sources: Vec<Source>,
    /// What should be looked at.
    pub warnings: Vec<Diagnostic>,
}

/// Prompts that have been read, by file: one that has not changed is not read again.
#[derive(Debug, Default)]
pub struct Clips(BTreeMap<PathBuf, (Mark, Clip)>);

/// What tells one content of a file from another: device, inode, length, time of change in ns.
type Mark = (u64, u64, u64, i128);

/// The plan of this configuration's folder with its prompts in memory, and the warnings.
///
/// # Errors
/// Every mistake of the plan; or the first prompt that is no usable WAV, or a folder that cannot be read.
pub fn load_plan(config: &Config) -> Result<(Arc<Snapshot>, Vec<Diagnostic>), Error> {
    let known = Known::default();
    let loaded = load(config, sources(&config.plan.folder)?, known, &mut Clips::default())?;
    Ok((loaded.snapshot, loaded.warnings))
}

/// Makes a plan of these texts for this configuration: its prompts, seats and names are held against it. `known` brings what the
/// caller knows of cancelled numbers, and the moment.
///
/// # Errors
/// As [`load_plan`]; and names of the configuration that the plan does not know.
pub(super) fn load(config: &Config, sources: Vec<Source>, known: Known, clips: &mut Clips) -> Result<Loaded, Error> {
    let files = prompt_files(&config.plan.prompts)?;
    let known = Known {
        prompts: Some(files.keys().cloned().collect::<BTreeSet<_>>()),
        seats: Some(config.seats.keys().cloned().collect()),
        ..known
    };
    let (plan, warnings) = match Plan::load(&sources, &known) {
        Ok(loaded) => loaded,
        Err(mistakes) => return Err(Error::Plan(mistakes, sources)),
    };
    names(config, &plan)?;
    seats(config, &known.cancelled)?;
    let prompts = clips.read(files)?;
    Ok(Loaded { snapshot: Arc::new(Snapshot { plan: Arc::new(plan), prompts }), sources, warnings })
}

/// The names of the configuration against those of the plan.
fn names(config: &Config, plan: &Plan) -> Result<(), Error> {
    let groups: BTreeSet<_> = plan.groups().map(|g| g.id.clone()).collect();
    let trunks: BTreeSet<_> = plan.trunks().map(|t| t.id.clone()).collect();
    let mistakes = config.against(&groups, &trunks);
    let (wrong, odd): (Vec<_>, Vec<_>) = mistakes.into_iter().partition(|m| m.severity == Severity::Error);
    odd.iter().for_each(|mistake| tracing::warn!("{mistake}"));
    if wrong.is_empty() { Ok(()) } else { Err(Error::Config(wrong)) }
}

/// A seat must not have the number of a cancelled line: it would restore it.
fn seats(config: &Config, cancelled: &BTreeSet<Digits>) -> Result<(), Error> {
    let taken = cancelled.iter().filter_map(|number| config.seats.get_key_value(number.to_string().as_str()));
    let mistakes: Vec<_> = taken.map(|(seat, _)| config.cancelled_seat(seat)).collect();
    if mistakes.is_empty() { Ok(()) } else { Err(Error::Config(mistakes)) }
}

/// The TOML files of a dialplan folder, in the order of their names.
///
/// # Errors
/// A folder or file that cannot be read.
pub fn sources(folder: &Path) -> Result<Vec<Source>, Error> {
    plan_files(folder)?.iter().map(|path| source(path)).collect()
}

/// Where they are.
///
/// # Errors
/// A folder that cannot be read.
pub fn plan_files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let unreadable = |e: io::Error| Error::Machine(folder.display().to_string(), e);
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|e| e == "toml") && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Writes files of a plan: all aside and onto the disk first, then each in its place, so that a full disk changes nothing.
///
/// # Errors
/// As the system says.
pub fn write(folder: &Path, files: &[Text]) -> io::Result<()> {
    let aside = |file: &Text| folder.join(format!(".{}.part", file.name));
    let all = files.iter().try_for_each(|file| {
        let mut part = File::create(aside(file))?;
        part.write_all(file.text.as_bytes())?;
        // What the folder's owner may read and write stays so.
        if let Ok(old) = fs::metadata(folder.join(&file.name)) {
            part.set_permissions(old.permissions())?;
        }
        part.sync_all()
    });
    let done = all.and_then(|()| files.iter().try_for_each(|file| fs::rename(aside(file), folder.join(&file.name))));
    if done.is_err() {
        files.iter().for_each(|file| drop(fs::remove_file(aside(file))));
    }
    done
}

/// One of them.
///
/// # Errors
/// A file that cannot be read, or is not UTF-8.
pub fn source(path: &Path) -> Result<Source, Error> {
    let bytes = fs::read(path).map_err(|e| Error::Machine(path.display().to_string(), e))?;
    let text = String::from_utf8(bytes).map_err(|e| {
        let at = e.utf8_error().valid_up_to();
        let line = e.as_bytes().iter().take(at).filter(|b| **b == b'\n').count() + 1;
        Error::NotUtf8 { path: path.to_path_buf(), at, line, byte: e.as_bytes().get(at).copied().unwrap_or_default() }
    })?;
    Ok(Source { file: path.display().to_string(), text: text.into() })
}

/// Every WAV below the prompts folder by its name there without `.wav`.
///
/// # Errors
/// A folder that cannot be read.
pub fn prompt_files(folder: &Path) -> Result<BTreeMap<PromptId, PathBuf>, Error> {
    let mut found = BTreeMap::new();
    walk(folder, "", &mut found).map_err(|e| Error::Machine(folder.display().to_string(), e))?;
    Ok(found)
}

fn walk(folder: &Path, below: &str, found: &mut BTreeMap<PromptId, PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let Some(name) = path.file_stem().and_then(|n| n.to_str()) else { continue };
        if path.is_dir() {
            walk(&path, &format!("{below}{name}/"), found)?;
        } else if path.extension().is_some_and(|e| e == "wav") {
            found.insert(PromptId::from(format!("{below}{name}")), path);
        }
    }
    Ok(())
}

impl Clips {
    fn read(&mut self, files: BTreeMap<PromptId, PathBuf>) -> Result<BTreeMap<PromptId, Clip>, Error> {
        let mut before = std::mem::take(&mut self.0);
        let mut prompts = BTreeMap::new();
        for (name, path) in files {
            let failed = |e| Error::Machine(path.display().to_string(), e);
            let file = File::open(&path).map_err(failed)?;
            let mark = mark(&file.metadata().map_err(failed)?);
            let known = before.remove(&path).filter(|(m, _)| *m == mark);
            let clip = known.map_or_else(|| clip(name.clone(), file, &path), |(_, clip)| Ok(clip))?;
            prompts.insert(name, clip.clone());
            self.0.insert(path, (mark, clip));
        }
        Ok(prompts)
    }
}

/// See [`Mark`].
pub(super) fn mark(file: &fs::Metadata) -> Mark {
    (file.dev(), file.ino(), file.len(), i128::from(file.mtime()) * 1_000_000_000 + i128::from(file.mtime_nsec()))
}

fn clip(name: PromptId, file: File, path: &Path) -> Result<Clip, Error> {
    let alaw =
        wav::read(BufReader::new(file)).map_err(|e| Error::Prompt(path.to_path_buf(), e.to_string(), e.chinese()))?;
    Ok(Clip { name, alaw: alaw.into() })
}
