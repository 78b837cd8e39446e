//! Operators reload while the carrier calls: no call fails, none changes its plan midway, nothing piles up.
//!
//! `make test` runs a short form; `make soak` the long one (`RELOADS=1000 CPS=200`).

use super::support::lab::{Lab, root};
use super::support::pause;
use super::support::process::{Process, read};
use super::support::sipp::Role;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use switchboard::fact::{Outcome, Target};

/// A plan of its own in a folder of the lab, whose one line goes over another trunk in every other version.
struct Edited {
    folder: PathBuf,
}

impl Edited {
    /// The shipped plan with a prompt of a quarter of a second more.
    fn beside(dir: &Path) -> Self {
        let folder = dir.join("dialplans");
        copy(&root().join("dialplans"), &folder);
        fs::create_dir_all(folder.join("prompts/test")).unwrap();
        let format = hound::WavSpec {
            channels: 1,
            sample_rate: 8_000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut wav = hound::WavWriter::create(folder.join("prompts/test/beep.wav"), format).unwrap();
        (0..2_000).for_each(|i| wav.write_sample(if i / 8 % 2 == 0 { 4_000i16 } else { -4_000 }).unwrap());
        wav.finalize().unwrap();
        let edited = Self { folder };
        edited.write(0, "");
        edited
    }

    /// The trunk by which edit `n` leads.
    fn trunk(n: u32) -> &'static str {
        if n.is_multiple_of(2) { "branch.12360" } else { "branch.12366" }
    }

    fn write(&self, n: u32, mistake: &str) {
        let trunk = Self::trunk(n);
        let text = format!(
            "[route.96000]\nto = [\"prompt:test/beep\", \"trunk:{trunk}\"]\nnote = \"edit {n}\"\n{mistake}\n\
             [[expect]]\ndial = \"96000\"\nat = 2021-12-15T10:00\nto = \"prompt:test/beep > trunk:{trunk}\"\n"
        );
        fs::write(self.folder.join("95-edited.toml"), text).unwrap();
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else if path.extension().is_some_and(|e| e == "toml" || e == "wav") {
            fs::copy(&path, &target).unwrap();
        }
    }
}

fn number(name: &str, usual: u32) -> u32 {
    std::env::var(name).ok().map_or(usual, |v| v.parse().unwrap())
}

/// Resident memory of the daemon, kB.
fn resident(daemon: &Process) -> u64 {
    let status = read(Path::new(&format!("/proc/{}/status", daemon.id())));
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[derive(Debug, Default)]
struct Outcomes {
    /// Version → the number of the edit.
    versions: BTreeMap<String, u32>,
    exits: BTreeMap<i32, u32>,
}

/// `switchboard reload` as an operator types it.
fn reload(lab: &Lab, n: u32, outcomes: &mut Outcomes) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_switchboard"));
    let config = lab.dir.join("lab.toml");
    command.args(["reload", "--json", "--author", "operator", "--note", &format!("edit {n}")]);
    let output = command.arg("--config").arg(config).output().unwrap();
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let code = output.status.code().unwrap();
    *outcomes.exits.entry(code).or_default() += 1;
    if code == 0 {
        let version = document["result"]["record"]["version"].as_str().unwrap_or_else(|| panic!("{document}"));
        outcomes.versions.insert(version.to_owned(), n);
    } else {
        assert!(document["details"].as_array().is_some_and(|d| !d.is_empty()), "{document}");
    }
}

/// Reloads under a flood. Every `broken`th edit has a mistake; 0 is none.
fn reloads_under_calls(broken: u32) {
    let (reloads, cps) = (number("RELOADS", 60), number("CPS", 40));
    let ports = if broken == 0 { "20000-21999" } else { "22000-23999" };
    let lab = Lab::with(super::support::lab::LAB_DAY, |text, dir| {
        let edited = Edited::beside(dir);
        let shipped = format!("\"{}\"", root().join("dialplans").display());
        let own = format!("\"{}\"", edited.folder.display());
        let rtp = text.lines().find(|l| l.starts_with("ports = ")).unwrap().to_owned();
        let text = text.replace(&rtp, &format!("ports = \"{ports}\"")).replace("max_calls = 50", "max_calls = 400");
        text.replace(&shipped, &own)
    });
    let edited = Edited { folder: lab.dir.join("dialplans") };
    let mut outcomes = Outcomes::default();
    let first = lab.plan();
    outcomes.versions.insert(first, 0);
    let _trunks = [20, 21].map(|last| Role::exchange(&lab, "exchange", last).quiet().millis(20).start(&lab));
    // More calls than can be made meanwhile: the flood is ended when the last reload is done.
    let calls = (reloads * cps / 5).clamp(cps * 3, cps * 600);
    let flood = Role::dials(&lab, 0, "96000").calling_from("138[call_number]").quiet();
    let mut flood = flood.millis(50).calls(calls).rate(cps).seconds(900).start(&lab);
    let mut early = 0;
    for n in 1..=reloads {
        let wrong = broken != 0 && n.is_multiple_of(broken);
        edited.write(n, if wrong { "to = \"group:nobody\"" } else { "" });
        reload(&lab, n, &mut outcomes);
        if n == reloads / 2 {
            early = resident(&lab.daemon);
        }
        // An operator is slower; but calls are to meet as many versions as they can.
        pause(40);
    }
    flood.stop();
    let late = resident(&lab.daemon);
    println!("{reloads} reloads, exits {:?}; resident {early} kB halfway, {late} kB at the end", outcomes.exits);
    let refused = reloads.checked_div(broken).unwrap_or(0);
    assert_eq!(outcomes.exits.get(&78).copied().unwrap_or(0), refused);
    assert_eq!(outcomes.exits.get(&0).copied().unwrap_or(0), reloads - refused);
    // A plan and its texts are some 100 kB: kept ones would show.
    assert!(late < early + 16_384, "memory grew from {early} to {late} kB");
    flood.ends_well(30_000);
    held(&lab, &outcomes);
}

/// Every call was connected, by the trunk of the version it was routed by.
fn held(lab: &Lab, outcomes: &Outcomes) {
    let records = lab.all_records();
    assert!(records.len() > 50, "{} calls", records.len());
    let mut by_version: BTreeMap<&str, u32> = BTreeMap::new();
    for cdr in &records {
        let version = cdr.plan.as_deref().unwrap();
        *by_version.entry(version).or_default() += 1;
        assert_eq!(cdr.outcome, Outcome::Connected, "{cdr:#?}");
        let n = outcomes.versions.get(version).unwrap_or_else(|| panic!("{version} was never in force"));
        let Some(Target::Trunk { trunk, .. }) = &cdr.answered_by else { panic!("{cdr:#?}") };
        assert_eq!(trunk.as_str(), Edited::trunk(*n), "{cdr:#?}");
        assert_eq!(cdr.attempts.len(), 1, "{cdr:#?}");
    }
    println!("{} calls, all connected, by {} versions", records.len(), by_version.len());
    assert!(by_version.len() > 5, "calls met {} versions only", by_version.len());
}

#[test]
fn a_reload_is_met_by_no_call() {
    reloads_under_calls(0);
}

#[test]
fn a_broken_plan_is_refused_and_the_good_one_serves() {
    reloads_under_calls(2);
}
