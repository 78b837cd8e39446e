//! `reload`, `dialplan plan`, `apply` and `rollback`: what changes the plan of a running switchboard, and what would.

use super::args::{By, Global};
use super::exit::{Done, Exit, Failure};
use super::screen::Screen;
use super::{ask, files, mistakes, place};
use crate::admin::{self, ConfigFile, Order, Outcome, Planned, Replayed, Said, Text, difference_text, replay_text};
use crate::clock::Clock;
use crate::daemon;
use crate::dialplan::Difference;
use crate::fact::Lang;
use serde_json::{Value, json};
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// What `dialplan plan` is asked.
pub(super) struct Asked<'a> {
    /// The edited folder.
    pub folder: Option<&'a Path>,
    /// Where to keep what was compared.
    pub out: Option<&'a Path>,
    /// A folder to compare with.
    pub base: Option<&'a Path>,
}

/// Who sits here, as the system says.
pub(super) fn user() -> Option<String> {
    ["SUDO_USER", "USER", "LOGNAME"].into_iter().find_map(|v| std::env::var(v).ok())
}

fn by(by: &By) -> admin::By {
    admin::By { author: by.author.clone().or_else(user).unwrap_or_default(), note: by.note.clone() }
}

/// `reload`.
pub(super) fn reload(global: &Global, who: &By, screen: &Screen) -> Result<Done, Failure> {
    let outcome = ask::order(global, &Order::Reload(by(who)))?;
    done(outcome, screen)
}

/// `dialplan apply`.
pub(super) fn apply(global: &Global, file: &Path, who: &By, screen: &Screen) -> Result<Done, Failure> {
    let at = file.display();
    let unreadable = |why: String| {
        Failure::new(
            Exit::Config,
            format!("不能读取计划文件 {at}：{why}"),
            format!("the plan file {at} cannot be read: {why}"),
        )
    };
    let bytes = fs::read(file).map_err(|e| unreadable(e.to_string()))?;
    let plan: Planned = serde_json::from_slice(&bytes).map_err(|e| unreadable(e.to_string()))?;
    if plan.format != admin::FORMAT {
        return Err(unreadable(format!("format {} ≠ {}", plan.format, admin::FORMAT)));
    }
    let outcome = ask::order(global, &Order::Apply { plan: Box::new(plan), by: by(who) })?;
    done(outcome, screen)
}

/// `dialplan rollback`.
pub(super) fn roll_back(global: &Global, version: Option<&str>, who: &By, screen: &Screen) -> Result<Done, Failure> {
    let outcome = ask::order(global, &Order::Rollback { version: version.map(str::to_owned), by: by(who) })?;
    done(outcome, screen)
}

/// `dialplan plan`.
pub(super) fn plan(global: &Global, asked: &Asked<'_>, exit_code: bool, screen: &Screen) -> Result<Done, Failure> {
    let compared = match asked.base {
        Some(base) => beside(global, asked.folder, base)?,
        None => {
            let files = asked.folder.map(texts).transpose()?;
            ask::order(global, &Order::Compare { files })?
        }
    };
    let Outcome::Compared { plan, difference, replayed, warnings } = compared else { return done(compared, screen) };
    let mut text = screen.lang.of(&warnings.zh, &warnings.en).to_owned();
    text.push_str(&difference_text(&difference, screen.lang));
    if asked.base.is_none() {
        text.push_str(&replay_text(&replayed, screen.lang));
    }
    if let Some(file) = asked.out {
        keep(file, &plan)?;
        let at = file.display();
        let _ = match screen.lang {
            Lang::Zh => writeln!(text, "已写入 {at}；生效：switchboard dialplan apply {at} --note \"…\""),
            Lang::En => {
                writeln!(text, "written to {at}; put it in force by: switchboard dialplan apply {at} --note \"…\"")
            }
        };
    }
    let result = json!({
        "base": plan.base, "version": plan.version, "difference": difference, "replayed": replayed,
        "warnings": warnings.details, "out": asked.out,
    });
    let exit = if exit_code && !difference.is_empty() { Exit::Changes } else { Exit::Ok };
    Ok(Done { text, result, exit })
}

/// Two folders against each other, without a daemon.
fn beside(global: &Global, folder: Option<&Path>, base: &Path) -> Result<Outcome, Failure> {
    let wall = Clock::system().now().wall;
    let folder = folder.map_or_else(|| place::dialplan(global), place::existing)?;
    let old = files::load(&place::existing(base)?, wall)?;
    let (sources, known) = files::gather(&folder, wall)?;
    let new = files::judge(&sources, &known)?;
    let plan = Planned {
        format: admin::FORMAT,
        base: old.version().to_owned(),
        version: new.version().to_owned(),
        at: wall,
        files: sources.iter().map(Text::from).collect(),
    };
    let difference = Box::new(Difference::between(&old, &new, wall));
    let warnings = Said::default();
    Ok(Outcome::Compared { plan: Box::new(plan), difference, replayed: Replayed::default(), warnings })
}

fn texts(folder: &Path) -> Result<Vec<Text>, Failure> {
    let folder = place::existing(folder)?;
    let sources = daemon::sources(&folder).map_err(|e| mistakes::refused(&e))?;
    Ok(sources.iter().map(Text::from).collect())
}

fn keep(file: &Path, plan: &Planned) -> Result<(), Failure> {
    let bytes = serde_json::to_vec(plan).map_err(|e| e.to_string());
    bytes.and_then(|b| fs::write(file, b).map_err(|e| e.to_string())).map_err(|why| {
        let at = file.display();
        Failure::new(Exit::Bad, format!("不能写入 {at}：{why}"), format!("{at} cannot be written: {why}"))
    })
}

/// What came of an order that changes the plan.
fn done(outcome: Outcome, screen: &Screen) -> Result<Done, Failure> {
    let text = outcome.text(screen.lang);
    match outcome {
        Outcome::InForce { record, difference, prompts, size: (numbers, groups, trunks), warnings, config } => {
            let result = json!({
                "in_force": true, "record": record, "difference": difference, "prompts": prompts, "numbers": numbers,
                "groups": groups, "trunks": trunks, "warnings": warnings.details, "config": config,
            });
            Ok(with_config(text, result, config))
        }
        Outcome::Unchanged { version, config } => {
            Ok(with_config(text, json!({ "in_force": false, "version": version, "config": config }), config))
        }
        Outcome::Wrong(ref said) => {
            let (zh, en, details) = (outcome.text(Lang::Zh), outcome.text(Lang::En), said.details.clone());
            Err(Failure::mistakes(Exit::Config as u8, zh, en, details))
        }
        other => Err(refused(&other)),
    }
}

fn with_config(text: String, result: Value, config: ConfigFile) -> Done {
    let exit = if config == ConfigFile::Same { Exit::Ok } else { Exit::Restart };
    Done { text, result, exit }
}

/// An order that was not carried out, plan and daemon being well.
pub(super) fn refused(outcome: &Outcome) -> Failure {
    match outcome {
        Outcome::Moved { .. } | Outcome::NoVersion { .. } | Outcome::Failed { .. } => {
            Failure::new(Exit::Bad, outcome.text(Lang::Zh), outcome.text(Lang::En))
        }
        _ => ask::strange(),
    }
}
