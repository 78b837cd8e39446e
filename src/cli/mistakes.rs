//! Mistakes of a plan, a configuration or a start, as a failure with its exit code.

use super::exit::{Exit, Failure};
use super::{place, screen};
use crate::daemon;
use crate::dialplan::{Diagnostic, Severity, Source, render, told};
use crate::fact::Lang;
use serde_json::{Value, json};
use std::path::Path;

/// So many mistakes are shown to a person; `--json` and SARIF have all that were kept.
const SHOWN: usize = 200;

/// Mistakes of a plan as a failure, exit 78.
pub(super) fn wrong(mistakes: &[Diagnostic], sources: &[Source]) -> Failure {
    let color = screen::color_on_stderr();
    let errors = Diagnostic::count(mistakes, Severity::Error);
    let zh = format!("{}\n拨号计划有 {errors} 处错误", shown(mistakes, sources, Lang::Zh, color));
    let s = if errors == 1 { "" } else { "s" };
    let en = format!("{}\nthe dialplan has {errors} error{s}", shown(mistakes, sources, Lang::En, color));
    Failure::mistakes(78, zh, en, details(mistakes, sources))
}

/// The first of them as a person reads them, and how many more there are.
pub(super) fn shown(mistakes: &[Diagnostic], sources: &[Source], lang: Lang, color: bool) -> String {
    let first = mistakes.get(..SHOWN).unwrap_or(mistakes);
    let mut text = render(first, sources, lang, color);
    let more: usize = mistakes.get(SHOWN..).unwrap_or_default().iter().map(|m| 1 + m.more).sum();
    match lang {
        _ if more == 0 => {}
        Lang::Zh => text.push_str(&format!("\n……另有 {more} 处，见 --json\n")),
        Lang::En => text.push_str(&format!("\n... and {more} more; see --json\n")),
    }
    text
}

/// Each mistake for `--json`.
pub(super) fn details(mistakes: &[Diagnostic], sources: &[Source]) -> Vec<Value> {
    told(mistakes, sources).iter().map(|t| json!(t)).collect()
}

/// A daemon's error as a failure.
pub(super) fn refused(error: &daemon::Error) -> Failure {
    match error {
        daemon::Error::Plan(mistakes, sources) => wrong(mistakes, sources),
        daemon::Error::Config(mistakes) => place::wrong(mistakes),
        other => {
            let tell = |lang| other.tell(lang, false);
            Failure {
                exit: other.exit_code(),
                zh: tell(Lang::Zh),
                en: tell(Lang::En),
                details: Vec::new(),
                whole: false,
            }
        }
    }
}

pub(super) fn unreadable(path: &Path, error: &daemon::Error) -> Failure {
    let mut failure = refused(error);
    failure.exit = Exit::Config as u8;
    failure.zh = format!("无法读取拨号计划目录 {}：{}", path.display(), failure.zh);
    failure.en = format!("the dialplan folder {} cannot be read: {}", path.display(), failure.en);
    failure
}
