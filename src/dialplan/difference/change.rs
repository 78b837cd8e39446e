//! Keys that differ, and values in the words of TOML.

use crate::dialplan::digits::Digits;
use crate::dialplan::route::{Route, Step};
use serde::{Deserialize, Serialize};

/// A group or trunk that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingChange {
    /// `group.main`, `trunk.carrier`, `city`.
    pub address: String,
    /// Each key that differs; `None` on a side where the address does not exist.
    pub keys: Vec<KeyChange>,
}

/// One key with its values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyChange {
    /// The key as TOML names it.
    pub key: String,
    /// Under the first plan.
    pub old: Option<String>,
    /// Under the second.
    pub new: Option<String>,
}

pub(super) fn route(route: &Route) -> String {
    route.steps.iter().map(step).collect::<Vec<_>>().join(" > ")
}

fn step(step: &Step) -> String {
    match step {
        Step::Prompt { prompt, early: true } => format!("prompt:{prompt}"),
        Step::Prompt { prompt, early: false } => format!("prompt:{prompt} (early = false)"),
        Step::Ring { group, timeout_ms } => format!("group:{group} ({})", duration(*timeout_ms)),
        Step::Queue { group, skill: None } => format!("group:{group}"),
        Step::Queue { group, skill: Some(skill) } => format!("group:{group} ({skill})"),
        Step::Trunk { trunks, number, progress_ms, timeout_ms } => {
            let names = trunks.iter().map(|t| format!("trunk:{t}")).collect::<Vec<_>>().join(" > ");
            let number = if *number == Digits::EMPTY { String::new() } else { format!("{number}, ") };
            format!("{names} ({number}{}, {})", duration(*progress_ms), duration(*timeout_ms))
        }
        Step::CallBack { group } => format!("callback (group:{group})"),
        Step::Release { status, q850 } => format!("release:{status}/{q850}"),
    }
}

/// As TOML writes it: `8s`, `500ms`.
pub(super) fn duration(ms: u32) -> String {
    if ms.is_multiple_of(1000) { format!("{}s", ms / 1000) } else { format!("{ms}ms") }
}

pub(super) fn changed<'k>(rows: impl Iterator<Item = (&'k str, Option<String>, Option<String>)>) -> Vec<KeyChange> {
    rows.filter(|(_, old, new)| old != new).map(|(key, old, new)| KeyChange { key: key.to_owned(), old, new }).collect()
}
