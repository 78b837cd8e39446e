//! Reads the dialplan folder and its prompts from disk and checks them together.

use super::Error;
use crate::audio::wav;
use crate::call::Snapshot;
use crate::config::Config;
use crate::dialplan::{Diagnostic, Known, Plan, Source};
use crate::id::PromptId;
use crate::patch::Clip;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The plan of this configuration with its prompts in memory, and the warnings.
///
/// # Errors
/// Every mistake of the plan; or the first prompt that is no usable WAV, or a folder that cannot be read.
pub fn load_plan(config: &Config) -> Result<(Arc<Snapshot>, Vec<Diagnostic>), Error> {
    let sources = sources(&config.plan.folder)?;
    let files = prompt_files(&config.plan.prompts)?;
    let known = Known {
        prompts: Some(files.keys().cloned().collect::<BTreeSet<_>>()),
        seats: Some(config.seats.keys().cloned().collect()),
        ..Known::default()
    };
    let (plan, warnings) = Plan::load(&sources, &known).map_err(|mistakes| Error::Plan(mistakes, sources))?;
    let mut prompts = BTreeMap::new();
    for (name, path) in files {
        prompts.insert(name.clone(), clip(name, &path)?);
    }
    Ok((Arc::new(Snapshot { plan: Arc::new(plan), prompts }), warnings))
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

fn clip(name: PromptId, path: &Path) -> Result<Clip, Error> {
    let file = File::open(path).map_err(|e| Error::Machine(path.display().to_string(), e))?;
    let alaw =
        wav::read(BufReader::new(file)).map_err(|e| Error::Prompt(path.to_path_buf(), e.to_string(), e.chinese()))?;
    Ok(Clip { name, alaw: alaw.into() })
}
