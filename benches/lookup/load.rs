//! A plan of 1,000,000 entries: how long its check takes, how much memory, how fast the table is built, swapped, dropped.
//!
//! Each shape is loaded by a process of its own, so that its peak (VmHWM) is its own.

use crate::verdict;
use arc_swap::ArcSwap;
use std::fmt::Write;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;
use switchboard::dialplan::table::{Pattern, Table};
use switchboard::dialplan::{Known, Plan, Source};

const ENTRIES: usize = 1_000_000;
/// What each entry looks like.
const SHAPES: [(&str, &str); 6] = [
    ("short", "20000007 = \"group:main\""),
    ("trunks", "20000007 = \"trunk:carrier\""),
    ("long", "[route.20000007] / to = \"group:main\""),
    ("rich", "[route.20000007] / title, owner, to = [two], ring"),
    ("twice", "the first, and 1,000 numbers twice: all reported"),
    ("patterns", "every second one `\"20000xxx\"`-like, of 8 shapes"),
];

pub fn run() {
    println!(
        "  {:<52} {:>8} {:>10} {:>10} {:>9} {:>8} {:>8}",
        "1,000,000 entries", "text MB", "load ms", "peak MB", "kept MB", "table ms", "drop ms"
    );
    for (shape, what) in SHAPES {
        let told = std::env::current_exe().and_then(|exe| Command::new(exe).args(["--load", shape]).output());
        match told {
            Ok(out) if out.status.success() => {
                println!("  {what:<52} {}", String::from_utf8_lossy(&out.stdout).trim_end())
            }
            _ => println!("  {what:<52} did not load"),
        }
    }
    println!(
        "  peak and kept: resident memory above the text (VmHWM, VmRSS); table: build and swap; budget of a reload 1,000 ms, of `check` 10,000 ms"
    );
}

fn text(shape: &str) -> String {
    let mut text = String::from(
        "[city]\narea = \"0591\"\nissued = 2021-11-11\n[emergency]\ntrunks = [\"e\"]\n\
         [hotline.12345]\ntitle = \"hub\"\nclass = \"hub\"\ngroup = \"main\"\n\
         [group.main]\ntitle = \"main\"\nhours = \"7x24\"\n[trunk.e]\ntitle = \"e\"\nrole = \"emergency\"\n\
         [trunk.carrier]\ntitle = \"c\"\nrole = \"carrier\"\n",
    );
    if !matches!(shape, "long" | "rich") {
        text.push_str("[route]\n");
    }
    for i in 0..ENTRIES {
        let n = 20_000_000 + i * 7;
        let _ = match shape {
            "twice" if i % 1_000 == 0 => writeln!(text, "{n} = \"group:main\"\n{n} = \"group:main\""),
            "short" | "twice" => writeln!(text, "{n} = \"group:main\""),
            "trunks" => writeln!(text, "{n} = \"trunk:carrier\""),
            "long" => writeln!(text, "[route.{n}]\nto = \"group:main\""),
            "rich" => writeln!(
                text,
                "[route.{n}]\ntitle = \"line {n}\"\nowner = \"bureau {}\"\nto = [\"trunk:carrier\", \"release:486\"]\nring = \"20s\"",
                i % 97
            ),
            // Longer patterns have more `x` at the end, one shape a length, so that none ties with another.
            _ if i % 2 == 0 => writeln!(text, "{n}{} = \"group:main\"", "x".repeat(i / 2 % 8 + 1)),
            _ => writeln!(text, "{n} = \"group:main\""),
        };
    }
    text
}

/// Memory of this process in MB by its name in `/proc/self/status`; 0 where there is none.
fn memory(name: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix(name)).unwrap_or_default();
    line.trim_matches([':', ' ', '\t', 'k', 'B']).trim().parse::<f64>().unwrap_or(0.0) / 1024.0
}

/// Loads one shape and prints what it took.
#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
pub fn child(shape: &str) {
    let sources = [Source { file: "million.toml".into(), text: Arc::from(text(shape)) }];
    // From here on the peak is that of the load alone.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    let before = memory("VmRSS");
    let start = Instant::now();
    let loaded = Plan::load(&sources, &Known::default());
    let took = start.elapsed().as_secs_f64() * 1_000.0;
    let (peak, kept) = (memory("VmHWM") - before, memory("VmRSS") - before);
    let plan = match loaded {
        Ok((plan, _)) => plan,
        Err(mistakes) => {
            let text = sources[0].text.len() as f64 / 1e6;
            return println!("{text:>8.1} {took:>10.0} {peak:>10.0} {:>9} {} mistakes", "", mistakes.len());
        }
    };
    let keys: Vec<(Pattern, u32)> =
        plan.entries().zip(0..).filter_map(|(e, i)| Some((Pattern::parse(&e.number)?, i))).collect();
    let live = ArcSwap::from_pointee(Table::build(&keys));
    let start = Instant::now();
    let old = live.swap(Arc::new(Table::build(&keys)));
    let table = start.elapsed().as_secs_f64() * 1_000.0;
    drop(old);
    let start = Instant::now();
    drop(plan);
    let dropped = start.elapsed().as_secs_f64() * 1_000.0;
    println!(
        "{:>8.1} {took:>10.0} {peak:>10.0} {kept:>9.0} {table:>8.0} {dropped:>8.0}  {}",
        sources[0].text.len() as f64 / 1e6,
        verdict(took, Some(1_000.0))
    );
}
