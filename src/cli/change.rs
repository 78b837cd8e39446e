//! `reload`, `dialplan plan`, `apply` and `rollback`: what changes the plan of a running switchboard, and what would.

use super::args::{By, Global};
use super::exit::{Done, Exit, Failure};
use super::screen::Screen;
use super::{ask, files, mistakes, moment, place};
use crate::admin::{self, ConfigFile, Order, Outcome, Planned, Replayed, Said, Text};
use crate::clock::Clock;
use crate::daemon;
use crate::dialplan::Difference;
use crate::dialplan::difference::{KeyChange, NumberChange, PeriodChange};
use crate::fact::Lang;
use serde_json::{Value, json};
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// So many lines of a comparison are printed; `--json` has all.
const SHOWN: usize = 200;

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
    text.push_str(&told(&difference, screen.lang));
    if asked.base.is_none() {
        text.push_str(&replay(&replayed, screen.lang));
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
    match outcome {
        Outcome::InForce { record, difference, prompts, size, warnings, config } => {
            let (version, zh) = (&record.version, screen.lang == Lang::Zh);
            let (numbers, groups, trunks) = size;
            let mut text = screen.lang.of(&warnings.zh, &warnings.en).to_owned();
            text.push_str(&told(&difference, screen.lang));
            if prompts > 0 && zh {
                let _ = writeln!(text, "提示音有 {prompts} 个不同");
            } else if prompts > 0 {
                let _ = writeln!(text, "{prompts} prompts sound otherwise");
            }
            let base = record.base.as_deref().unwrap_or("-");
            let _ = if zh {
                writeln!(
                    text,
                    "已生效：版本 {version}（原为 {base}），{numbers} 个号码，{groups} 个坐席组，{trunks} 条中继"
                )
            } else {
                writeln!(
                    text,
                    "in force: version {version} (was {base}), {numbers} numbers, {groups} groups, {trunks} trunks"
                )
            };
            let result = json!({
                "in_force": true, "record": record, "difference": difference, "prompts": prompts, "numbers": numbers,
                "groups": groups, "trunks": trunks, "warnings": warnings.details, "config": config,
            });
            Ok(with_config(text, result, config, screen.lang))
        }
        Outcome::Unchanged { version, config } => {
            let text = match screen.lang {
                Lang::Zh => format!("没有变化：版本 {version} 正在生效\n"),
                Lang::En => format!("nothing has changed: version {version} is in force\n"),
            };
            Ok(with_config(
                text,
                json!({ "in_force": false, "version": version, "config": config }),
                config,
                screen.lang,
            ))
        }
        Outcome::Wrong(Said { zh, en, details }) => {
            let zh = format!("{}\n没有任何改变：原计划继续生效", zh.trim_end());
            let en = format!("{}\nnothing has changed: the plan in force stays", en.trim_end());
            Err(Failure::mistakes(Exit::Config as u8, zh, en, details))
        }
        other => Err(refused(&other)),
    }
}

fn with_config(mut text: String, result: Value, config: ConfigFile, lang: Lang) -> Done {
    let note = match config {
        ConfigFile::Same => return Done::well(text, result),
        ConfigFile::NeedsRestart => lang.of(
            "配置文件也改过：中继地址、坐席等要重新启动才生效\n",
            "the configuration file has been edited, too: trunks' addresses, seats and the like need a restart\n",
        ),
        ConfigFile::Wrong => lang.of(
            "配置文件也改过，而且有错误：现在重新启动会失败，请先运行 switchboard doctor\n",
            "the configuration file has been edited, too, and has mistakes: a restart would fail; run switchboard doctor\n",
        ),
    };
    text.push_str(note);
    Done { text, result, exit: Exit::Restart }
}

/// An order that was not carried out, plan and daemon being well.
pub(super) fn refused(outcome: &Outcome) -> Failure {
    match outcome {
        Outcome::Moved { base, now } => Failure::new(
            Exit::Bad,
            format!("拒绝：这个计划文件是与版本 {base} 比较的，现在生效的是 {now}。请重新 dialplan plan --out"),
            format!(
                "refused: this plan file was compared with version {base}, and {now} is in force now; make it again by dialplan plan --out"
            ),
        ),
        Outcome::NoVersion { version: Some(version) } => Failure::new(
            Exit::Bad,
            format!("没有版本 {version}，或不止一个，或已不再保存：见 dialplan history"),
            format!("there is no version {version}, or more than one, or it is kept no longer: see dialplan history"),
        ),
        Outcome::NoVersion { version: None } => {
            Failure::new(Exit::Bad, "没有更早的版本可以回去", "there is no earlier version to go back to")
        }
        Outcome::Failed { zh, en } => Failure::new(Exit::Bad, zh.clone(), en.clone()),
        _ => ask::strange(),
    }
}

/// A difference as an operator reads it.
fn told(difference: &Difference, lang: Lang) -> String {
    let mut out = String::new();
    if difference.is_empty() {
        out.push_str(lang.of("所有决定都不变\n", "every decision stays as it is\n"));
    }
    for change in difference.numbers.iter().take(SHOWN) {
        number(&mut out, change, lang);
    }
    let more = difference.numbers.len().saturating_sub(SHOWN);
    if more > 0 {
        let _ = match lang {
            Lang::Zh => writeln!(out, "… 还有 {more} 个号码，全部见 --json"),
            Lang::En => writeln!(out, "… and {more} more numbers; --json has them all"),
        };
    }
    for change in &difference.settings {
        let gone = change.keys.iter().all(|k| k.new.is_none());
        let born = change.keys.iter().all(|k| k.old.is_none());
        let _ = writeln!(out, "{} {}", sign(!born, !gone), change.address);
        keys(&mut out, &change.keys);
    }
    if difference.coarse {
        out.push_str(lang.of(
            "提醒：号码模式太多，只逐个比较，没有两两比较\n",
            "note: there are too many patterns to hold all of them against each other\n",
        ));
    }
    out
}

const fn sign(before: bool, after: bool) -> char {
    match (before, after) {
        (false, true) => '+',
        (true, false) => '-',
        _ => '~',
    }
}

fn number(out: &mut String, change: &NumberChange, lang: Lang) {
    let mark = sign(change.entry.0.is_some(), change.entry.1.is_some());
    let example = if change.number == change.example {
        String::new()
    } else {
        format!("{}{}", lang.of("，例如 ", ", e.g. "), change.example)
    };
    let _ = writeln!(out, "{mark} {}{example} {}", change.number, change.title);
    for PeriodChange { from, until, old, new } in &change.periods {
        let when = match (from, until) {
            (None, None) => String::new(),
            (Some(from), None) => format!("{} {} ", day(*from), lang.of("起：", "on:")),
            (None, Some(until)) => format!("{} {} ", day(*until), lang.of("之前：", "before:")),
            (Some(from), Some(until)) => format!("{} – {}{} ", day(*from), day(*until), lang.of("：", ":")),
        };
        let _ = writeln!(out, "    {when}{old}\n      → {new}");
    }
    keys(out, &change.keys);
}

/// Windows begin and end at local midnight: the date says it.
fn day(wall: i64) -> String {
    moment::shown(wall).trim_end_matches(" 00:00:00").to_owned()
}

fn keys(out: &mut String, keys: &[KeyChange]) {
    for KeyChange { key, old, new } in keys {
        let side = |v: &Option<String>| v.clone().unwrap_or_else(|| "-".to_owned());
        let _ = match (old, new) {
            (None, Some(new)) => writeln!(out, "    {key} = {new}"),
            (Some(_), None) => Ok(()),
            _ => writeln!(out, "    {key}: {} → {}", side(old), side(new)),
        };
    }
}

fn replay(replayed: &Replayed, lang: Lang) -> String {
    let Replayed { calls, elsewhere } = replayed;
    let moved: u64 = elsewhere.iter().map(|e| e.calls).sum();
    let mut out = match lang {
        Lang::Zh => format!("最近 24 小时的 {calls} 个来电重放：{moved} 个去向不同\n"),
        Lang::En => format!("{calls} calls of the last 24 h replayed: {moved} would lead elsewhere\n"),
    };
    for one in elsewhere.iter().take(SHOWN) {
        let _ = writeln!(out, "    {} × {}: {}\n      → {}", one.calls, one.number, one.old, one.new);
    }
    out
}
