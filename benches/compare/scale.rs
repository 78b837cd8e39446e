//! `make scale`: how the cost of a call, its set-up time, memory and look-ups grow. This daemon alone, without sound.
//!
//! A run that has a failed call where none may be writes nothing and ends with an error.

pub mod curves;
pub mod growth;
#[path = "../lookup/numbers.rs"]
#[expect(dead_code, reason = "the bench of look-ups asks for more than this one")]
mod numbers;
#[path = "../lookup/readers.rs"]
#[expect(dead_code, reason = "the bench of look-ups asks for more than this one")]
mod readers;
pub mod sheet;

use super::flooded::{cost, flood, flood_within};
use super::results;
use super::server::{Server, TARGETS};
use rustix::process::{Resource, getrlimit};
use serde_json::Value;
use std::fmt::Write as _;
use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};
use switchboard::admin;
use switchboard::dialplan::table::Table;
use switchboard::exchange::{Answer, Command};

/// Room for every call of these runs; the ports are as many as lie free of those that systems give away, mostly.
const CHANGES: [(&str, &str); 2] =
    [("[sip]\n", "[sip]\nmax_calls = 7000\n"), ("ports = \"20000-39999\"", "ports = \"16000-45999\"")];
/// The search for the maximum may take so long, s.
const SEARCH_S: u32 = 180;
/// How often the maximum is lowered by a tenth when it does not hold for longer.
const TRIES: usize = 4;
/// Shares of the maximum that are measured, %.
const SHARES: [u32; 3] = [10, 50, 90];
/// Live calls at which memory is read.
const CALLS: [usize; 6] = [10, 100, 500, 1_000, 2_000, 5_000];
/// The ramp: calls a second at its begin, and its length, s.
const BEGIN: usize = 10;
const RAMP_S: usize = 25;
/// Until the transactions of every INVITE are gone (64 × T1), s.
const SETTLED_S: u64 = 40;
/// Descriptors of the daemon that are no ports': those that it leaves to files, and those that it holds.
const NO_PORTS: u64 = 512 + 128;
/// Ports that are kept for emergency calls.
const KEPT: u64 = 128;
const ENTRIES: [usize; 6] = [33, 100, 1_000, 10_000, 100_000, 1_000_000];

#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
fn now() -> Instant {
    Instant::now()
}

/// Measures all of it, then writes.
pub fn run() {
    let ours = TARGETS.iter().find(|t| t.name == "switchboard").unwrap();
    let lookups = lookups();
    // One server after the other: each ends with its statement.
    let loads = loads(&Server::altered(ours, &CHANGES));
    let memory = memory(&Server::altered(ours, &CHANGES));
    let said = growth::said(&format!("{loads}\n\n{memory}\n\n{lookups}"));
    let date = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let (machine, version) = (switchboard::flood::process::machine(), env!("CARGO_PKG_VERSION"));
    let rule = growth::RULE;
    let text = format!(
        "Measured by `make scale` on: {machine}, {date}, switchboard {version}\n\n\
         The load tester runs on the same machine. No sound, nothing recorded. {rule}\n\n\
         ## Load\n\n{}\n\n{loads}\n## Memory\n\n{}\n\n{memory}\n## Look-ups\n\n{}\n\n{lookups}",
        said[0], said[1], said[2]
    );
    fs::create_dir_all(results()).unwrap();
    fs::write(results().join("scale.md"), &text).unwrap();
    draw(&text);
    println!("\n{text}\nbenches/results/scale.md, scale.svg");
}

/// The tables as plots; `-- scale plot` draws those that are there.
pub fn draw(text: &str) {
    fs::write(results().join("scale.svg"), curves::drawn(text)).unwrap();
}

/// What one rate has given.
struct Row {
    rate: f64,
    cost: f64,
    p50: f64,
    p99: f64,
    p9999: f64,
    failed: u64,
    calls: u64,
}

/// The clean maximum, and what a call costs below it.
fn loads(server: &Server) -> String {
    let found = flood_within(SEARCH_S, server.at, &["--find-limit", "--for", "4s", "--talk", "1s", "--no-sound"]);
    let mut most = found.pointer("/limit/rate").and_then(Value::as_f64).unwrap_or_else(|| panic!("no rate is clean"));
    println!("clean for 4 s: {most} calls/s");
    for _ in 0..TRIES {
        // What failed calls have left is no part of what follows.
        sleep(Duration::from_secs(SETTLED_S));
        if let Some((top, rows)) = rows(server, most) {
            return load_table(&top, &rows);
        }
        most = (most * 0.9).round();
        println!("not clean for 8 s: {most} calls/s is tried");
    }
    panic!("no rate stays clean");
}

/// The maximum itself and the shares of it; `None`: something failed.
fn rows(server: &Server, most: f64) -> Option<(Row, Vec<Row>)> {
    let top = at(server, most)?;
    let rows = SHARES.iter().map(|share| at(server, most * f64::from(*share) / 100.0)).collect::<Option<_>>()?;
    Some((top, rows))
}

/// One rate for 8 s; `None`: it was not clean, in the words of `flood --find-limit`.
fn at(server: &Server, rate: f64) -> Option<Row> {
    let cpu = || server.pids().iter().map(|pid| cost(*pid).cpu_s).sum::<f64>();
    sleep(Duration::from_secs(2));
    let before = cpu();
    let result = flood(server.at, &["--rate", &rate.to_string(), "--for", "8s", "--talk", "1s", "--no-sound"]);
    // Records are still being written.
    sleep(Duration::from_millis(500));
    let used = cpu() - before;
    let number = |pointer: &str| result.pointer(pointer).and_then(Value::as_f64).unwrap_or(f64::NAN);
    let (calls, failed, p99) = (number("/calls"), number("/failed"), number("/setup_ms/p99"));
    println!("{rate:>7.0} calls/s: {failed} of {calls} failed, p99 {p99} ms, {} begun late", number("/late_starts"));
    let clean = failed == 0.0 && p99 < 100.0 && number("/late_starts") < calls / 100.0;
    clean.then(|| Row {
        rate,
        cost: used * 1000.0 / number("/answered"),
        p50: number("/setup_ms/p50"),
        p99,
        p9999: number("/setup_ms/p9999"),
        failed: failed as u64,
        calls: calls as u64,
    })
}

// Writing into a `String` cannot fail.
fn load_table(top: &Row, rows: &[Row]) -> String {
    let mut text = format!(
        "| {} | calls/s | CPU-s a 1000 calls | set-up p50 ms | p99 ms | p99.99 ms | failed of |\n|---|---|---|---|---|---|---|\n",
        sheet::LOADS
    );
    for (row, share) in rows.iter().zip(SHARES) {
        let Row { rate, cost, p50, p99, p9999, failed, calls } = row;
        let _ = writeln!(
            text,
            "| {share} % | {rate:.0} | {cost:.3} | {p50:.2} | {p99:.2} | {p9999:.2} | {failed} of {calls} |"
        );
    }
    let _ = writeln!(
        text,
        "\nThe clean maximum is {:.0} calls/s: the highest rate found at which for 8 s no call fails, p99 stays below 100 ms and the load \
         tester begins 99 % of the calls within 5 ms of their moment. There: {} of {} failed, p99 {:.2} ms, {:.3} CPU-s a 1000 calls. \
         Calls come by chance (Poisson) and talk for 1 s. CPU is user and system time of the daemon, until half a second after the last \
         call. Of fewer than 10,000 calls p99.99 is the slowest.",
        top.rate, top.failed, top.calls, top.p99, top.cost
    );
    text
}

/// How many calls have ports here: four descriptors each.
fn reach(descriptors: u64) -> usize {
    let calls = (descriptors.saturating_sub(NO_PORTS) / 2).saturating_sub(KEPT) / 2;
    calls as usize / 100 * 100
}

/// Memory while calls gather in one ramp.
fn memory(server: &Server) -> String {
    let descriptors = getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX);
    let most = reach(descriptors).min(CALLS[CALLS.len() - 1]);
    let points: Vec<usize> = CALLS.iter().copied().filter(|calls| *calls < most).chain([most]).collect();
    let mut read = vec![(0, server.pss_kb())];
    // A few more than the last point: a fraction of a call is none.
    let ramp = format!("{BEGIN}..{}", (2 * (most + 10)).div_ceil(RAMP_S) - BEGIN);
    let (length, talk) = (format!("{RAMP_S}s"), format!("{}s", RAMP_S as u64 + SETTLED_S + 5));
    let words = ["--ramp", &ramp, "--even", "--for", &length, "--talk", &talk, "--no-sound"];
    let settled = std::thread::scope(|scope| {
        let run = scope.spawn(|| flood(server.at, &words));
        let limit = now() + Duration::from_secs(RAMP_S as u64 + 10);
        while read.len() <= points.len() {
            assert!(now() < limit, "{} calls live after the ramp", live(server));
            let calls = live(server);
            if calls >= points[read.len() - 1] {
                read.push((calls, server.pss_kb()));
                println!("{calls:>6} live calls: {} kB", read[read.len() - 1].1);
            }
            sleep(Duration::from_millis(10));
        }
        sleep(Duration::from_secs(SETTLED_S));
        let settled = (live(server), server.pss_kb());
        let result = run.join().unwrap_or_else(|_| panic!("the ramp has failed"));
        assert!(result["failed"].as_u64() == Some(0), "{} calls of the ramp failed", result["failed"]);
        settled
    });
    memory_table(&read, settled, descriptors)
}

fn live(server: &Server) -> usize {
    match admin::ask(&server.socket(), &Command::Status) {
        Ok(Answer::Status(status)) => status.calls,
        other => panic!("status: {other:?}"),
    }
}

fn memory_table(read: &[(usize, u64)], settled: (usize, u64), descriptors: u64) -> String {
    let mut text = format!("| {} | memory kB | kB a call, since the row above |\n|---|---|---|\n", sheet::MEMORY);
    let mut before = None::<(usize, u64)>;
    for &(calls, kb) in read {
        let each = before.map_or("–".to_owned(), |(few, less)| {
            format!("{:.1}", (kb as f64 - less as f64) / (calls as f64 - few as f64))
        });
        before = Some((calls, kb));
        let _ = writeln!(text, "| {calls} | {kb} | {each} |");
    }
    let _ = writeln!(
        text,
        "\nMemory is the proportional set size of the daemon (Pss of smaps_rollup); what the kernel keeps of its sockets is not in it. \
         {} calls {SETTLED_S} s after the last row, when the transactions of their INVITEs are gone: {} kB.",
        settled.0, settled.1
    );
    let wanted = CALLS[CALLS.len() - 1];
    if reach(descriptors) < wanted {
        let _ = writeln!(
            text,
            "\nThis machine gives a process {descriptors} descriptors, and a call takes four (RTP and RTCP of two legs): {wanted} calls \
             at once cannot be had here."
        );
    }
    text
}

/// Look-ups of exact numbers, from packed digits, as `make bench-routing` measures them.
fn lookups() -> String {
    let mut text = format!("| {} | ns a look-up | p99.99 ns | bytes an entry |\n|---|---|---|---|\n", sheet::LOOKUPS);
    for entries in ENTRIES {
        let keys = numbers::exact(entries);
        let table = Table::build(&keys);
        let probes = numbers::probes(&keys, &table);
        let figures = readers::measure(&probes, 1, None, |digits| table.get(digits).unwrap_or(u32::MAX));
        let (ns, p9999, bytes) = (figures.chained, figures.tail.p9999, table.bytes() as f64 / entries as f64);
        println!("{entries:>8} entries: {ns:.1} ns");
        let _ = writeln!(text, "| {entries} | {ns:.1} | {p9999} | {bytes:.1} |");
    }
    text.push_str(
        "\nExact numbers, probed in random order, seven that are there for each that is not; one thread, each look-up waits for the one \
         before. The p99.99 is of look-ups timed one by one, the tail of the clock and of the machine in it.\n",
    );
    text
}
