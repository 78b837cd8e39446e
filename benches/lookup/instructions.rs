//! Instructions of one look-up: this program runs itself under callgrind twice, with N and with 2N look-ups; the
//! difference by N is the look-up, the loop of the bench (measured the same way) taken off.
//!
//! Hardware counters are not to be had on every machine, in most containers not at all; callgrind counts everywhere alike.

use crate::SIZES;
use crate::numbers::{exact, number};
use crate::rivals::{COMPILED, expressions, first, map};
use arc_swap::ArcSwap;
use dashmap::DashMap;
use std::hint::black_box;
use std::process::{Command, Stdio};
use std::sync::RwLock;
use switchboard::dialplan::Digits;
use switchboard::dialplan::table::Table;

const LOOK_UPS: usize = 20_000;
/// Larger maps of others are not built under valgrind: their look-up is the same, their building takes minutes there.
const RIVALS: [usize; 2] = [33, 1_000];

pub fn run() {
    if Command::new("valgrind").arg("--version").stdout(Stdio::null()).status().is_err() {
        println!(
            "  没有 valgrind，不计指令数 · valgrind is missing: no instructions are counted (apt install valgrind)"
        );
        return;
    }
    let line = |what: &str, entries: usize, count: Option<f64>, remark: &str| match count {
        Some(count) => println!("  {what:<26} {entries:>9} {count:>12.1} instructions a look-up{remark}"),
        None => println!("  {what:<26} {entries:>9}  callgrind did not count"),
    };
    let loop_alone = difference("loop", 33, LOOK_UPS).unwrap_or(0.0);
    let above = |what: &str, entries: usize| difference(what, entries, LOOK_UPS).map(|n| n - loop_alone);
    for entries in SIZES {
        line("table alone", entries, above("table", entries), "");
    }
    line("ArcSwap<table>", 1_000, above("swap", 1_000), "");
    for entries in RIVALS {
        line("RwLock<HashMap>", entries, above("map", entries), "");
        line("RwLock<HashMap>, foldhash", entries, above("fold", entries), "");
        line("dashmap", entries, above("dash", entries), "");
        line("list of regex", entries, difference("regex", entries, 50), ", all misses");
    }
    line("normalise a request-URI", 33, above("uri", 33), ": sip:+8659112348@10.1.2.3;user=phone");
}

fn difference(what: &str, entries: usize, times: usize) -> Option<f64> {
    let (once, twice) = (collected(what, entries, times)?, collected(what, entries, times * 2)?);
    Some((twice.saturating_sub(once)) as f64 / times as f64)
}

fn collected(what: &str, entries: usize, times: usize) -> Option<u64> {
    let out = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe().ok()?)
        .args(["--count", what, &entries.to_string(), &times.to_string()])
        .output()
        .ok()?;
    let told = String::from_utf8_lossy(&out.stderr).into_owned();
    let line = told.lines().find_map(|l| l.split_once("Collected :"))?.1;
    line.trim().parse().ok()
}

/// What is counted: set up `what` with so many entries, then look up so many times.
pub fn measured_part(what: &str, entries: usize, times: usize) {
    let keys = exact(entries);
    let table = Table::build(&keys);
    let probes: Vec<Digits> = (0..1024usize)
        .map(|i| {
            let at = if i % 8 == 0 { entries + i } else { i * 7_919 % entries };
            Digits::parse(&number(at)).unwrap()
        })
        .collect();
    let each = |look_up: &dyn Fn(Digits) -> u32| {
        for i in 0..times {
            black_box(look_up(black_box(probes[i & 1023])));
        }
    };
    match what {
        "loop" => each(&|d| d.packed() as u32),
        "table" => each(&|d| table.get(d).unwrap_or(0)),
        "swap" => {
            let live = ArcSwap::from_pointee(table);
            each(&|d| live.load().get(d).unwrap_or(0));
        }
        "map" => {
            let live = RwLock::new(map::<std::hash::RandomState>(&keys));
            each(&|d| live.read().unwrap().get(&d.packed()).copied().unwrap_or(0));
        }
        "fold" => {
            let live = RwLock::new(map::<foldhash::fast::RandomState>(&keys));
            each(&|d| live.read().unwrap().get(&d.packed()).copied().unwrap_or(0));
        }
        "dash" => {
            let live: DashMap<u64, u32> = keys.iter().map(|(p, v)| (p.packed(), *v)).collect();
            each(&|d| live.get(&d.packed()).map_or(0, |v| *v));
        }
        "regex" => {
            let list = expressions(entries.min(COMPILED));
            let text = number(entries + 1);
            each(&|_| first(&list, entries, black_box(&text)).map_or(0, |i| i as u32));
        }
        "uri" => {
            let d = |text: &str| Digits::parse(text).unwrap();
            let numbering = switchboard::dialplan::Numbering::new(d("86"), d("0591"), 8, Box::default()).unwrap();
            let uri = black_box(&b"sip:+8659112348@10.1.2.3;user=phone"[..]);
            each(&|_| numbering.normalise(uri).map_or(0, |n| n.packed() as u32));
        }
        _ => {}
    }
}
