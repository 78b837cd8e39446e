//! What came of an order about the dialplan, in words: the same at the command line and in pages.

use super::plans::{ConfigFile, Outcome, Replayed};
use crate::calendar::moment;
use crate::dialplan::Difference;
use crate::dialplan::difference::{KeyChange, NumberChange, PeriodChange};
use crate::fact::Lang;
use std::fmt::Write;

/// So many lines of a comparison are told; the documents have all.
const SHOWN: usize = 200;

impl Outcome {
    /// All of it for a person. Histories and texts are no sentences: of them nothing is said.
    #[must_use]
    pub fn text(&self, lang: Lang) -> String {
        match self {
            Self::InForce { config, .. } => format!("{}{}", self.in_force(lang), config_text(*config, lang)),
            Self::Unchanged { version, config } => {
                let text = match lang {
                    Lang::Zh => format!("没有变化：版本 {version} 正在生效\n"),
                    Lang::En => format!("nothing has changed: version {version} is in force\n"),
                };
                text + config_text(*config, lang)
            }
            Self::Compared { difference, replayed, warnings, .. } => {
                let warnings = lang.of(&warnings.zh, &warnings.en);
                format!("{warnings}{}{}", difference_text(difference, lang), replay_text(replayed, lang))
            }
            Self::Wrong(said) => match lang {
                Lang::Zh => format!("{}\n没有任何改变：原计划继续生效", said.zh.trim_end()),
                Lang::En => format!("{}\nnothing has changed: the plan in force stays", said.en.trim_end()),
            },
            Self::Moved { base, now } => match lang {
                Lang::Zh => {
                    format!("拒绝：这个计划文件是与版本 {base} 比较的，现在生效的是 {now}。请重新 dialplan plan --out")
                }
                Lang::En => format!(
                    "refused: this plan file was compared with version {base}, and {now} is in force now; make it again by dialplan plan --out"
                ),
            },
            Self::NoVersion { version: Some(version) } => match lang {
                Lang::Zh => format!("没有版本 {version}，或不止一个，或已不再保存：见 dialplan history"),
                Lang::En => format!(
                    "there is no version {version}, or more than one, or it is kept no longer: see dialplan history"
                ),
            },
            Self::NoVersion { version: None } => {
                lang.of("没有更早的版本可以回去", "there is no earlier version to go back to").to_owned()
            }
            Self::Failed { zh, en } => lang.of(zh, en).to_owned(),
            Self::History { .. } | Self::Texts { .. } => String::new(),
        }
    }

    /// What a plan that has come into force brings, without the configuration file.
    fn in_force(&self, lang: Lang) -> String {
        let Self::InForce { record, difference, prompts, size, warnings, .. } = self else { return String::new() };
        let (version, (numbers, groups, trunks)) = (&record.version, size);
        let mut text = lang.of(&warnings.zh, &warnings.en).to_owned();
        text.push_str(&difference_text(difference, lang));
        let _ = match lang {
            _ if *prompts == 0 => Ok(()),
            Lang::Zh => writeln!(text, "提示音有 {prompts} 个不同"),
            Lang::En => writeln!(text, "{prompts} prompts sound otherwise"),
        };
        let base = record.base.as_deref().unwrap_or("-");
        let _ = match lang {
            Lang::Zh => writeln!(
                text,
                "已生效：版本 {version}（原为 {base}），{numbers} 个号码，{groups} 个坐席组，{trunks} 条中继"
            ),
            Lang::En => writeln!(
                text,
                "in force: version {version} (was {base}), {numbers} numbers, {groups} groups, {trunks} trunks"
            ),
        };
        text
    }
}

/// Whether a restart would find another configuration; nothing where it would not.
const fn config_text(config: ConfigFile, lang: Lang) -> &'static str {
    match config {
        ConfigFile::Same => "",
        ConfigFile::NeedsRestart => lang.of(
            "配置文件也改过：中继地址、坐席等要重新启动才生效\n",
            "the configuration file has been edited, too: trunks' addresses, seats and the like need a restart\n",
        ),
        ConfigFile::Wrong => lang.of(
            "配置文件也改过，而且有错误：现在重新启动会失败，请先运行 switchboard doctor\n",
            "the configuration file has been edited, too, and has mistakes: a restart would fail; run switchboard doctor\n",
        ),
    }
}

/// A difference as an operator reads it.
#[must_use]
pub fn difference_text(difference: &Difference, lang: Lang) -> String {
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

/// Calls of the last day that would have led elsewhere.
#[must_use]
pub fn replay_text(replayed: &Replayed, lang: Lang) -> String {
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
