//! A list as a table or as CSV, once, or again whenever it changes.

use super::exit::{Done, Exit, Failure};
use super::screen::{Screen, print};
use super::table;
use crate::ledger::print as paper;
use clap::Args;
use serde_json::Value;
use std::io::IsTerminal;
use std::time::Duration;

/// How often the daemon is asked.
const EVERY: Duration = Duration::from_secs(1);

/// How a list is shown.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct Show {
    /// 持续显示，有变化就更新，直到 Ctrl-C · shown again whenever it changes, until Ctrl-C.
    #[arg(long)]
    pub watch: bool,
    /// 输出 CSV · CSV.
    #[arg(long, conflicts_with = "watch")]
    pub csv: bool,
}

/// `--json` is one document: it goes with neither of these.
///
/// # Errors
/// That both are asked for.
pub fn but_json(asked: bool, flag: &str, screen: &Screen) -> Result<(), Failure> {
    if !asked || !screen.json {
        return Ok(());
    }
    let (zh, en) = (format!("{flag} 与 --json 不能同用"), format!("{flag} does not go with --json"));
    Err(Failure::new(Exit::Usage, zh, en))
}

/// Rows under their heading.
#[must_use]
pub fn shaped<const N: usize>(rows: &[[String; N]], show: Show) -> String {
    if show.csv { rows.iter().map(|row| paper::record(row)).collect() } else { table::aligned(rows) }
}

/// Shows it once, or until it cannot be had any more. On a terminal each takes the place of the one before.
///
/// # Errors
/// Why it cannot be had: at once, or after it has been shown for a while.
pub fn shown(
    show: Show,
    screen: &Screen,
    mut look: impl FnMut() -> Result<(String, Value), Failure>,
) -> Result<Done, Failure> {
    but_json(show.watch, "--watch", screen)?;
    but_json(show.csv, "--csv", screen)?;
    if !show.watch {
        let (text, result) = look()?;
        return Ok(Done::well(text, result));
    }
    let terminal = std::io::stdout().is_terminal();
    let mut last = None;
    loop {
        let (text, _) = look()?;
        if last.as_ref() != Some(&text) {
            // Home, and everything below it away: no flicker, unlike clearing first.
            let (begin, end) = if terminal { ("\x1b[H\x1b[J", "") } else { ("", "\n") };
            print(&format!("{begin}{}{end}", screen.fitted(&text)));
            last = Some(text);
        }
        std::thread::sleep(EVERY);
    }
}
