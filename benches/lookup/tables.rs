//! The product's table: alone, and behind `ArcSwap` with and without a writer that builds and swaps whole tables.

use crate::numbers::{exact, probes, with_patterns};
use crate::readers::{Figures, measure};
use crate::{SIZES, budget, verdict};
use arc_swap::ArcSwap;
use std::sync::{Arc, Mutex};
use switchboard::dialplan::Digits;
use switchboard::dialplan::table::{Pattern, Table};

pub fn run() {
    head();
    for entries in SIZES {
        rows("", &exact(entries), budget(entries));
    }
    println!("  with patterns: every fourth entry, at most 3,000, of three shapes; no budget of their own");
    for entries in SIZES {
        rows("+x", &with_patterns(entries), None);
    }
}

/// The head of every table of this bench.
pub fn head() {
    println!(
        "  {:<26} {:>9} {:>7} {:>9} {:>8} {:>7} {:>7} {:>8} {:>6}",
        "", "entries", "readers", "writer", "ns", "p50", "p99.9", "p99.99", "B/e"
    );
}

/// One row.
pub fn row(what: &str, entries: usize, threads: usize, figures: Figures, bytes: Option<f64>, remark: &str) {
    let writer = if figures.swaps == 0 { "-".to_owned() } else { format!("{} swaps", figures.swaps) };
    let bytes = bytes.map_or_else(String::new, |b| format!("{b:.1}"));
    let (ns, t) = (figures.chained, figures.tail);
    println!(
        "  {what:<26} {entries:>9} {threads:>7} {writer:>9} {ns:>8.1} {:>7} {:>7} {:>8} {bytes:>6}  {remark}",
        t.median, t.p999, t.p9999
    );
}

fn rows(mark: &str, keys: &[(Pattern, u32)], allowed: Option<f64>) {
    let table = Table::build(keys);
    let probes = probes(keys, &table);
    let bytes = table.bytes() as f64 / keys.len() as f64;
    for threads in [1, 2] {
        let figures = measure(&probes, threads, None, |d| found(table.get(d)));
        let remark = if threads == 1 && bytes > 24.0 { "OVER 24 bytes an entry" } else { "" };
        let remark = format!("{}{remark}", verdict(figures.chained, allowed));
        row(&format!("table alone {mark}"), keys.len(), threads, figures, Some(bytes), &remark);
    }
    if keys.len() >= 100_000 {
        // The floor: a table that is one read, as large as ours, so that the machine's own miss stands beside.
        let lines = vec![[1u64; 8]; table.bytes() / 64];
        let figures = measure(&probes, 1, None, |d| {
            let at = (u128::from(d.packed().wrapping_mul(0x9e37_79b9_7f4a_7c15)) * lines.len() as u128) >> 64;
            lines[at as usize][0] as u32
        });
        row("one read of as much memory", keys.len(), 1, figures, None, "the floor");
    }
    let live = Live(ArcSwap::from_pointee(table), Mutex::new(()));
    for threads in [1, 2] {
        let quiet = measure(&probes, threads, None, |d| live.get(d));
        row(&format!("ArcSwap<table> {mark}"), keys.len(), threads, quiet, None, "");
        let busy = measure(&probes, threads, Some(&|| live.replace(keys)), |d| live.get(d));
        let ratio = busy.tail.p9999 as f64 / quiet.tail.p9999.max(1) as f64;
        let remark = format!("p99.99 is {ratio:.2} times that without; {}", verdict(ratio, Some(2.0)));
        row(&format!("ArcSwap<table> {mark}"), keys.len(), threads, busy, None, &remark);
    }
}

fn found(entry: Option<u32>) -> u32 {
    entry.unwrap_or(u32::MAX)
}

/// A table as the daemon keeps its plan: readers load it for every call, the writer swaps it whole.
struct Live(ArcSwap<Table>, Mutex<()>);

impl Live {
    fn get(&self, digits: Digits) -> u32 {
        found(self.0.load().get(digits))
    }

    /// Builds, swaps, and waits until no reader is left, so that it is the writer who drops the old table.
    fn replace(&self, keys: &[(Pattern, u32)]) {
        let _one = self.1.lock();
        let mut old = self.0.swap(Arc::new(Table::build(keys)));
        while let Err(still) = Arc::try_unwrap(old) {
            old = still;
            std::thread::yield_now();
        }
    }
}
