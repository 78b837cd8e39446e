//! `make compare`: the same load by our flood against this daemon, against Kamailio, and against Kamailio with rtpengine, one after
//! the other in one run. CPU of each server's whole process tree, memory, times.
//!
//! `make scale` (`-- scale`) is of this daemon alone: [`scale`].
//!
//! What cannot be started is said and fails the run: a table with a missing column compares nothing. All on loopback.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a bench that cannot set itself up has nothing to measure")]

mod flooded;
mod pages;
mod plot;
mod scale;
mod server;
mod sipp;

use flooded::{cost, flood};
use serde_json::Value;
use server::{Server, TARGETS};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// One load: its name, the words of `flood`, and whether sound goes through the server.
struct Load {
    name: &'static str,
    words: &'static [&'static str],
    sound: bool,
    unit: Unit,
}

/// What CPU is divided by.
#[derive(Clone, Copy, PartialEq)]
enum Unit {
    /// A thousand calls.
    Calls,
    /// A minute of one call: 6,000 packets heard.
    Minutes,
}

const LOADS: [Load; 4] = [
    Load {
        name: "signalling, 50 calls/s",
        words: &["--rate", "50", "--for", "20s", "--talk", "100ms", "--no-sound"],
        sound: false,
        unit: Unit::Calls,
    },
    Load {
        name: "signalling, 500 calls/s",
        words: &["--rate", "500", "--for", "10s", "--talk", "100ms", "--no-sound"],
        sound: false,
        unit: Unit::Calls,
    },
    Load {
        name: "relay, 200 calls at once",
        words: &["--rate", "50", "--even", "--for", "4s", "--talk", "20s"],
        sound: true,
        unit: Unit::Minutes,
    },
    Load {
        name: "relay, 500 calls at once",
        words: &["--rate", "50", "--even", "--for", "10s", "--talk", "20s"],
        sound: true,
        unit: Unit::Minutes,
    },
];

/// One measured cell.
struct Cell {
    cost: f64,
    p50: f64,
    p99: f64,
    rss_mb: f64,
    failed: u64,
    calls: u64,
    holes: u64,
    delay_p99: f64,
}

fn main() {
    // `cargo test --benches` runs this too, to see that it starts; figures are for `cargo bench`.
    if !std::env::args().any(|a| a == "--bench") {
        return;
    }
    if std::env::args().any(|a| a == "pages") {
        return pages::run();
    }
    if std::env::args().any(|a| a == "sipp") {
        return sipp::run();
    }
    if std::env::args().any(|a| a == "scale") {
        return if std::env::args().any(|a| a == "plot") {
            scale::draw(&std::fs::read_to_string(results().join("scale.md")).unwrap())
        } else {
            scale::run()
        };
    }
    if std::env::args().any(|a| a == "plot") {
        return draw(&std::fs::read_to_string(results().join("compare.md")).unwrap());
    }
    let mut table = String::from(
        "| load | server | CPU-s | set-up p50 / p99 ms | delay p99 ms | holes > 40 ms | failed of | memory MB |\n|---|---|---|---|---|---|---|---|\n",
    );
    for load in &LOADS {
        for target in TARGETS.iter().filter(|t| t.relays || !load.sound) {
            let server = Server::start(target);
            let cell = measure(&server, load);
            drop(server);
            let unit = if load.unit == Unit::Calls { "a 1000 calls" } else { "a call-minute" };
            let heard = |text: String| if load.sound { text } else { "–".to_owned() };
            let (delay, holes) = (heard(format!("{:.2}", cell.delay_p99)), heard(cell.holes.to_string()));
            // Writing into a `String` cannot fail.
            let _ = writeln!(
                table,
                "| {} | {} | {:.3} {unit} | {:.2} / {:.2} | {delay} | {holes} | {} of {} | {:.0} |",
                load.name, target.name, cell.cost, cell.p50, cell.p99, cell.failed, cell.calls, cell.rss_mb
            );
            println!(
                "{:<26} {:<24} {:>8.3} CPU-s {unit}   {} of {} failed",
                load.name, target.name, cell.cost, cell.failed, cell.calls
            );
        }
    }
    let folder = results();
    std::fs::create_dir_all(&folder).unwrap();
    let machine = switchboard::flood::process::machine();
    let text = format!(
        "Measured by `make compare` on: {machine}\n\nCPU is user and system time of the server's whole process tree.\n\n{table}"
    );
    std::fs::write(folder.join("compare.md"), &text).unwrap();
    draw(&text);
    println!("\n{text}\nbenches/results/compare.md, compare.svg");
}

fn results() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/results")
}

/// The table as bars; `-- plot` draws those of the table that is there.
fn draw(table: &str) {
    std::fs::write(results().join("compare.svg"), plot::bars(table)).unwrap();
}

fn measure(server: &Server, load: &Load) -> Cell {
    let pids = server.pids();
    let before: f64 = pids.iter().map(|pid| cost(*pid).cpu_s).sum();
    let result = flood(server.at, load.words);
    let after = pids.iter().map(|pid| cost(*pid));
    let (mut cpu, mut rss) = (-before, 0.0);
    for cost in after {
        cpu += cost.cpu_s;
        rss += cost.rss_kb as f64 / 1024.0;
    }
    let number = |pointer: &str| result.pointer(pointer).and_then(Value::as_f64).unwrap_or(f64::NAN);
    let units = match load.unit {
        Unit::Calls => number("/answered") / 1000.0,
        Unit::Minutes => number("/media/packets") / 6_000.0,
    };
    Cell {
        cost: cpu / units,
        p50: number("/setup_ms/p50"),
        p99: number("/setup_ms/p99"),
        rss_mb: rss,
        failed: number("/failed") as u64,
        calls: number("/calls") as u64,
        holes: number("/media/holes_over_40ms") as u64,
        delay_p99: number("/media/delay_ms/p99"),
    }
}
