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
    let unreadable = |path: &Path| {
        let what = path.display().to_string();
        move |e: io::Error| Error::Machine(what, e)
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable(folder))? {
        let path = entry.map_err(unreadable(folder))?.path();
        if path.extension().is_some_and(|e| e == "toml") && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).map_err(unreadable(&path))?;
        Ok(Source { file: path.display().to_string(), text: text.into() })
    };
    files.into_iter().map(read).collect()
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
