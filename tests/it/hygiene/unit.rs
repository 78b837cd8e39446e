//! The systemd unit: what it says it runs, and what systemd thinks of it.

use crate::support::city::root;
use std::fs;
use std::process::Command;

/// Highest exposure that systemd may find.
const EXPOSURE: f64 = 1.5;

fn unit() -> String {
    fs::read_to_string(root().join("contrib/switchboard.service")).unwrap()
}

#[test]
fn the_unit_runs_commands_that_there_are() {
    let unit = unit();
    for key in ["ExecStart", "ExecReload"] {
        let line = unit.lines().find_map(|l| l.strip_prefix(key)?.strip_prefix('=')).expect("a command");
        let mut words = line.split(' ');
        assert_eq!(words.next(), Some("/usr/local/bin/switchboard"), "make install puts the real path here");
        let verb = words.next().unwrap();
        let help = super::super::cli::switchboard(&[verb, "--help"]);
        assert!(help.status.success(), "{verb}");
        let help = String::from_utf8_lossy(&help.stdout).into_owned();
        let said: Vec<&str> = words.filter(|w| w.starts_with("--")).collect();
        assert!(!said.is_empty() && said.iter().all(|option| help.contains(option)), "{verb} {said:?}");
    }
    // The start that a wrong configuration has ended is not tried again.
    assert!(unit.contains("\nRestartPreventExitStatus=78\n"));
}

/// Where there is no systemd the daemon's users need none; then nothing is measured, and the test says so.
#[test]
fn systemd_finds_little_exposed() {
    let arguments = ["security", "--offline=true", "--no-pager", "contrib/switchboard.service"];
    let told = match Command::new("systemd-analyze").args(arguments).current_dir(root()).output() {
        Ok(told) if told.status.success() => String::from_utf8_lossy(&told.stdout).into_owned(),
        Ok(old) => return eprintln!("not measured: {}", String::from_utf8_lossy(&old.stderr).trim()),
        Err(none) => return eprintln!("not measured, systemd-analyze: {none}"),
    };
    let line = told.lines().find(|l| l.contains("Overall exposure level")).expect("a verdict");
    let level: f64 = line.split_whitespace().find_map(|w| w.parse().ok()).expect("a number");
    assert!(level <= EXPOSURE, "{line}\n{told}");
}
