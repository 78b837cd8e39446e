//! A dialplan as it lies in its folder, and what is known of the rest.

use super::args::Global;
use super::exit::{Exit, Failure};
use super::{mistakes, place, records};
use crate::daemon;
use crate::dialplan::{Known, Plan, Source};
use crate::store::Plans;
use std::path::Path;

/// The files of a plan and what is known of the rest: by its folder, and by the history of a daemon whose state can be found.
pub(super) fn judged(global: &Global, folder: &Path, wall: i64) -> Result<(Vec<Source>, Known), Failure> {
    let (sources, mut known) = gather(folder, wall)?;
    let plans = place::kept_state(global).map(|state| Plans::read(&state));
    match plans {
        Some(Ok(plans)) => known.cancelled = plans.lineage().cancelled(wall),
        Some(Err(e)) => return Err(records::unread(&e)),
        None => {}
    }
    Ok((sources, known))
}

/// The files of a plan, and what its folder alone can tell of the rest.
pub(super) fn gather(folder: &Path, wall: i64) -> Result<(Vec<Source>, Known), Failure> {
    let sources = daemon::sources(folder).map_err(|e| mistakes::unreadable(folder, &e))?;
    if sources.is_empty() {
        let at = folder.display();
        let (zh, en) = (format!("{at} 中没有 .toml 文件"), format!("there is no .toml file in {at}"));
        return Err(Failure::new(Exit::Config, zh, en));
    }
    let prompts = folder.join("prompts");
    let files = if prompts.is_dir() {
        daemon::prompt_files(&prompts).map_err(|e| mistakes::unreadable(&prompts, &e))?
    } else {
        std::collections::BTreeMap::new()
    };
    let known = Known { prompts: Some(files.into_keys().collect()), wall: Some(wall), ..Known::default() };
    Ok((sources, known))
}

pub(super) fn load(folder: &Path, wall: i64) -> Result<Plan, Failure> {
    let (sources, known) = gather(folder, wall)?;
    judge(&sources, &known)
}

/// The plan of these texts, or every mistake in them.
pub(super) fn judge(sources: &[Source], known: &Known) -> Result<Plan, Failure> {
    let loaded = Plan::load(sources, known);
    loaded.map(|(plan, _)| plan).map_err(|mistakes| mistakes::wrong(&mistakes, sources))
}
