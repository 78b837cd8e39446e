//! A disk that is full, read-only or slow under a running daemon: calls go on as fast as before, one alarm is raised, memory is
//! bounded, and no record is lost.
//!
//! The disk is had so by a small library before the C library (`support/disk.c`), compiled here.

use super::support::lab::Lab;
use super::support::load::Load;
use super::support::process::{Process, read};
use super::support::{pause, until};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use switchboard::fact::Outcome;

/// The library, and the file that says how the disk is.
struct Disk {
    library: PathBuf,
}

impl Disk {
    fn make() -> Self {
        let name = format!("switchboard-disk-{}-{}.so", std::process::id(), super::support::now());
        let library = std::env::temp_dir().join(name);
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/support/disk.c");
        let mut cc = Command::new("cc");
        cc.args(["-shared", "-fPIC", "-O1", "-w", "-o"]).arg(&library).arg(source).arg("-ldl");
        assert!(cc.status().expect("cc is there").success());
        Self { library }
    }

    fn is(&self, how: char) {
        fs::write(self.library.with_extension("so.mode"), how.to_string()).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.library);
        let _ = fs::remove_file(self.library.with_extension("so.mode"));
    }
}

fn lab_on(disk: &Disk) -> Lab {
    let library: &'static str = Box::leak(disk.library.display().to_string().into_boxed_str());
    Lab::with_variable("LD_PRELOAD", library, |text| text)
}

fn resident(daemon: &Process) -> u64 {
    let status = read(Path::new(&format!("/proc/{}/status", daemon.id())));
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

fn journal(lab: &Lab) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> =
        fs::read_dir(lab.dir.join("state/journal")).unwrap().map(|f| f.unwrap().path()).collect();
    found.sort();
    found
}

fn length(lab: &Lab) -> u64 {
    journal(lab).iter().map(|f| fs::metadata(f).unwrap().len()).sum()
}

/// Median of the time from INVITE to 200 of what came since the last look, µs.
fn median(load: &mut Load) -> u64 {
    let mut all = std::mem::take(&mut load.seen.setup);
    assert!(all.len() > 20, "{} calls were answered", all.len());
    all.sort_unstable();
    all[all.len() / 2]
}

/// Every call that was dialled has ended and has one record that says so.
fn held(lab: &Lab, load: &Load) {
    assert_eq!(load.seen.dialled.len(), load.seen.over.len(), "calls dialled, calls whose BYE was answered");
    let records = until(20_000, || {
        let records = lab.all_records();
        (records.len() == load.seen.over.len()).then_some(records)
    });
    let records = records.unwrap_or_else(|| panic!("{} records of {}", lab.all_records().len(), load.seen.over.len()));
    assert!(records.iter().all(|r| r.outcome == Outcome::Connected && load.seen.over.contains(&r.call_id)));
}

fn a_disk_that_refuses(how: char, sentence: &str) {
    let disk = Disk::make();
    disk.is('-');
    let lab = lab_on(&disk);
    let mut load = Load::new(&lab, 50, 100, 3);
    load.runs(1_500);
    let fine = median(&mut load);
    disk.is(how);
    load.runs(300);
    load.seen.setup.clear();
    let (written, memory) = (length(&lab), resident(&lab.daemon));
    load.runs(3_000);
    let (bad, grown) = (median(&mut load), resident(&lab.daemon).saturating_sub(memory));
    assert_eq!(length(&lab), written, "the disk took something: the test proves nothing");
    let said = lab.daemon.said();
    assert!(said.contains(sentence), "{said}");
    assert_eq!(said.matches("the event journal cannot be written").count(), 1, "said again and again: {said}");
    disk.is('-');
    load.runs(1_500);
    load.ends(5_000);
    held(&lab, &load);
    let facts: String = journal(&lab).iter().map(|f| read(f)).collect();
    let alarms = facts.lines().filter(|l| l.contains("\"what\":\"alarm\"") && l.contains("\"store\"")).count();
    println!(
        "{how}: {} calls, median {fine} µs, {bad} µs while the disk refuses; memory grew by {grown} kB; {alarms} alarms",
        load.seen.over.len()
    );
    assert!((1..=2).contains(&alarms), "{alarms} alarms for journal and database:\n{facts}");
    assert!(grown < 32 << 10, "memory grew by {grown} kB");
    assert!(bad < fine * 4 + 20_000, "calls took {bad} µs, before {fine} µs");
}

#[test]
fn a_full_disk_stops_no_call_and_loses_no_record() {
    a_disk_that_refuses('f', "No space left on device");
}

#[test]
fn a_read_only_disk_stops_no_call_and_loses_no_record() {
    a_disk_that_refuses('r', "Read-only file system");
}

#[test]
fn a_slow_disk_makes_no_call_slower() {
    let disk = Disk::make();
    disk.is('-');
    let lab = lab_on(&disk);
    let mut load = Load::new(&lab, 50, 100, 4);
    load.runs(2_000);
    let fine = median(&mut load);
    // Each fsync takes 700 ms, one a second: whoever waited for them would be late most of the time.
    disk.is('s');
    load.runs(300);
    load.seen.setup.clear();
    load.runs(4_000);
    let slow = median(&mut load);
    disk.is('-');
    load.ends(5_000);
    held(&lab, &load);
    println!("median {fine} µs on a good disk, {slow} µs on one whose fsync takes 700 ms");
    assert!(slow < fine * 4 + 20_000, "calls took {slow} µs, before {fine} µs");
}

/// The daemon dies while the disk is full and is started again before there is room: emergency calls do not wait for a disk.
#[test]
fn a_start_on_a_full_disk_serves_and_closes_its_books_when_there_is_room() {
    let disk = Disk::make();
    disk.is('-');
    let mut lab = lab_on(&disk);
    let mut load = Load::new(&lab, 30, 100, 5);
    load.runs(1_000);
    disk.is('f');
    lab.crashes_and_starts();
    load.starts_anew(&lab);
    let before = load.seen.over.len();
    load.runs(1_000);
    load.ends(5_000);
    assert!(load.seen.over.len() > before + 10, "{} calls", load.seen.over.len() - before);
    disk.is('-');
    pause(3_000);
    let records = lab.all_records();
    for call in &load.seen.over {
        assert_eq!(records.iter().filter(|r| r.call_id == *call).count(), 1, "{call}");
    }
}
