//! More calls than can be served: who is refused, who never is, and how soon it is over.

use super::flood::{document, flood};
use super::support::lab::{LAB_DAY, Lab};
use super::support::pause;
use super::support::process::Process;
use rustix::process::Signal;
use serde_json::Value;
use std::fs;

/// Above the ephemeral ports and those of the slots; no other test has them.
const PORTS: &str = "ports = \"61000-65499\"";

/// A storm of ordinary and emergency calls by UDP, and the daemon gets no processor for two seconds of it: what has waited is
/// too much, so that ordinary calls are refused, no emergency call ever, and three seconds later nobody.
#[test]
fn after_two_seconds_without_a_processor_ordinary_calls_are_refused_emergency_calls_never_and_soon_nobody() {
    let lab = Lab::with(LAB_DAY, |text, _| {
        let line = |line: &str| match line {
            line if line.starts_with("ports = ") => PORTS.to_owned(),
            line if line.starts_with("max_calls = ") => String::new(),
            "[sip]" => "[sip]\nmax_calls = 1000\nsure_cps = 1".to_owned(),
            line => line.to_owned(),
        };
        text.lines().map(line).collect::<Vec<_>>().join("\n")
    });
    let trunks = lab.slot.trunks();
    let mix = lab.dir.join("mix.toml");
    let text = format!(
        "departments = [\"127.0.0.20:{trunks}\", \"127.0.0.30:{trunks}\"]\nring_s = 0\n\n\
         [[call]]\ntitle = \"ordinary\"\nshare = 9\nnumbers = [\"12366\"]\ntalk_s = 0.1\n\n\
         [[call]]\ntitle = \"emergency\"\nshare = 1\nnumbers = [\"119\"]\ntalk_s = 0.1\n"
    );
    fs::write(&mix, text).unwrap();
    let words = ["--mix", mix.to_str().unwrap(), "--rate", "250", "--even", "--for", "11s", "--no-sound"];
    let running = Process::start(&mut flood(&lab, &words), &lab.dir, "flood");
    pause(2_000);
    lab.daemon.signal(Signal::STOP);
    pause(2_000);
    lab.daemon.signal(Signal::CONT);
    let found = document(running, 60_000, 1);
    let kinds = &found["kinds"];
    assert_eq!(kinds["emergency"]["failed"], 0, "{found:#}");
    assert!(kinds["emergency"]["answered"].as_u64() >= Some(200), "{kinds:#}");
    let refused = found["status"]["503"].as_u64().unwrap_or(0);
    assert!(refused > 0 && found["failed"] == refused, "nobody was refused, or for something else: {found:#}");
    // What begins more than three seconds after the processor came back.
    let rows = found["each_second"]["rows"].as_array().unwrap();
    let after: Vec<&Value> = rows.iter().skip(8).map(|row| &row[2]).collect();
    assert!(after.len() >= 3 && after.iter().all(|failed| **failed == 0), "{rows:?}");
    assert!(lab.daemon.said().contains("overload"), "no alarm: {}", lab.daemon.said());
}
