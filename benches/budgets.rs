//! `make bench`: every figure of the project beside its budget. Figures are read, not asserted; one that could not be had fails.
//!
//! CPU seconds are user + system time of the daemon's whole process; on a busy machine only ratios of one run mean much.

#![expect(clippy::unwrap_used, reason = "a bench that cannot set itself up has nothing to measure")]

mod api;
mod archive;
mod browser;
mod floor;
mod idle;
mod load;
mod media;
mod mixer;
mod routing;
mod shipped;
mod sip;

use std::sync::atomic::{AtomicBool, Ordering};

/// One line: what, the figure, its budget, and whether it is kept.
pub fn line(what: &str, figure: f64, unit: &str, budget: Option<f64>) {
    match budget {
        Some(budget) => {
            let verdict = if figure <= budget { "ok" } else { "OVER" };
            println!("  {what:<58} {figure:>10.3} {unit:<24} budget {budget:>8.3}  {verdict}");
        }
        None => println!("  {what:<58} {figure:>10.3} {unit}"),
    }
}

/// Said where there should have been a line; the end is a failure then.
pub fn no_figure(what: &str, why: &str) {
    println!("  {what:<58} no figure: {why}");
    INCOMPLETE.store(true, Ordering::Relaxed);
}

static INCOMPLETE: AtomicBool = AtomicBool::new(false);

fn main() {
    // `cargo test --benches` runs this too, to see that it starts; figures are for `cargo bench`.
    if !std::env::args().any(|a| a == "--bench") {
        return;
    }
    let only: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let wanted = |name: &str| only.is_empty() || only.iter().any(|o| o == name);
    // `memory` is part of `load`, and can be had alone.
    let wanted = |name: &str| wanted(name) && (name != "memory" || !only.is_empty());
    let parts: [(&str, fn()); 11] = [
        ("routing", routing::run),
        ("floor", floor::run),
        ("sip", sip::run),
        ("media", media::run),
        ("browser", browser::run),
        ("mixer", mixer::run),
        ("archive", archive::run),
        ("load", load::run),
        ("api", api::run),
        ("idle", idle::run),
        ("memory", load::memory),
    ];
    for (name, run) in parts {
        if wanted(name) {
            println!("{name}");
            run();
        }
    }
    if INCOMPLETE.load(Ordering::Relaxed) {
        std::process::exit(1);
    }
}
