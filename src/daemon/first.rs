//! The plan a daemon starts with: the folder's, unless an operator took another one back and the folder has not been edited since.

use super::load::{self, Clips, Loaded};
use super::watch::Watch;
use super::{Error, cut_off};
use crate::clock::Now;
use crate::config::Config;
use crate::dialplan::{Known, version_of};
use crate::exchange::{Exchange, Former};
use crate::fact::{self, Fact};
use crate::store;
use crate::store::Plans;
use std::path::Path;

/// What a start goes by.
pub(super) struct First {
    pub(super) loaded: Loaded,
    pub(super) clips: Clips,
    /// Begun before the folder was read: an edit made since is seen.
    pub(super) watch: Option<Watch>,
    /// Why it is not the folder's plan, for an alarm.
    pub(super) instead: Option<String>,
}

/// Reads and checks it. `last_good`: with a folder that cannot be used, the version that was in force last.
///
/// # Errors
/// As [`load::load_plan`]; and a history that cannot be read.
pub(super) fn first(config: &Config, state: Option<&Path>, wall: i64, last_good: bool) -> Result<First, Error> {
    let watch = config.plan.watch.then(|| Watch::new(&config.plan.folder));
    let plans = Plans::read(state.unwrap_or(Path::new(""))).map_err(Error::Store)?;
    let known = Known { cancelled: plans.lineage().cancelled(wall), wall: Some(wall), ..Known::default() };
    let mut clips = Clips::default();
    let last = plans.records().last();
    let folder = load::sources(&config.plan.folder);
    let edited = folder.as_ref().map(|s| version_of(s).into_string());
    let taken_back = last.filter(|l| l.set_aside.is_some() && l.set_aside.as_ref() == edited.as_ref().ok());
    if let Some(last) = taken_back
        && let Ok(sources) = plans.texts(&last.version)
    {
        let loaded = load::load(config, sources, known, &mut clips)?;
        let version = &last.version;
        let why =
            format!("version {version} was put in force by hand and the folder is the one that was set aside then");
        return Ok(First { loaded, clips, watch, instead: Some(why) });
    }
    match folder.and_then(|sources| load::load(config, sources, known.clone(), &mut clips)) {
        Ok(loaded) => Ok(First { loaded, clips, watch, instead: None }),
        Err(e) => {
            let texts = last.filter(|_| last_good).and_then(|l| Some((plans.texts(&l.version).ok()?, &l.version)));
            let Some((sources, version)) = texts else { return Err(e) };
            let loaded = load::load(config, sources, known, &mut clips)?;
            Ok(First {
                loaded,
                clips,
                watch,
                instead: Some(format!("the folder's plan is wrong; version {version} goes on: {e}")),
            })
        }
    }
}

/// The first facts of a run, and what the run before has left.
pub(super) fn introduce(
    exchange: &mut Exchange,
    plan: &str,
    instead: Option<String>,
    opened: &mut store::Opened,
    now: Now,
) {
    let version = env!("CARGO_PKG_VERSION").to_owned();
    exchange.note(Fact::DaemonStarted { version, plan: plan.to_owned() }, now);
    let alarms = [("dialplan", instead), ("store", opened.recovered.alarm())];
    for (subject, text) in alarms.into_iter().filter_map(|(subject, why)| why.map(|text| (subject, text))) {
        tracing::error!("{text}");
        exchange.note(Fact::Alarm { subject: subject.into(), text }, now);
    }
    let hub = exchange.snapshot().plan.hub_group().cloned();
    let callbacks: Vec<fact::Owed> = opened.standing.callbacks().cloned().collect();
    let former = Former {
        seats: opened.standing.seats().collect(),
        disaster: opened.standing.disaster().cloned().collect(),
        cut_off: cut_off(hub.as_ref(), &opened.cut_off, &callbacks),
        callbacks,
        dialogs: std::mem::take(&mut opened.dialogs).into(),
    };
    exchange.restore(former, now);
}
