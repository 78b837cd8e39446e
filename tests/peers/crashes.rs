//! The daemon is killed at random moments while calls come, live and end: no call whose BYE was answered lacks its record, each has
//! one, and the next start is soon there.
//!
//! `make test` kills a few times; `make soak` a hundred (`KILLS=100`).

use super::support::lab::Lab;
use super::support::load::Load;
use super::support::now;
use super::support::process::read;
use std::collections::BTreeMap;
use std::fs;
use switchboard::fact::Outcome;

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().map_or(usual, |v| v.parse().unwrap())
}

/// Holds the records against what the caller has seen; gives how many calls there were, and how many had crashed.
fn held(lab: &Lab, load: &Load) -> (usize, usize) {
    let mut by_call: BTreeMap<String, Vec<Outcome>> = BTreeMap::new();
    for cdr in lab.all_records() {
        by_call.entry(cdr.call_id.clone()).or_default().push(cdr.outcome);
    }
    let twice: Vec<_> = by_call.iter().filter(|(_, all)| all.len() != 1).collect();
    assert!(twice.is_empty(), "calls with more than one record: {twice:?}");
    for call in &load.seen.over {
        let outcome = by_call.get(call).map(|all| all[0]);
        assert_eq!(outcome, Some(Outcome::Connected), "the BYE of {call} was answered");
    }
    for call in &load.seen.answered {
        assert!(by_call.contains_key(call), "the INVITE of {call} was answered, and it has no record");
    }
    let crashed = by_call.values().filter(|all| all[0] == Outcome::Interrupted).count();
    (by_call.len(), crashed)
}

#[test]
fn kills_under_load_lose_no_record() {
    let (kills, cps) = (number("KILLS", 4), number("CPS", 60));
    let mut random = number("KILLS_SEED", now() | 1);
    println!("KILLS_SEED={random}");
    let mut lab = Lab::start();
    let mut load = Load::new(&lab, cps, 150, random);
    let mut starts = Vec::new();
    for _ in 0..kills {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        load.runs(200 + (random >> 33) % 700);
        starts.push(lab.crashes_and_starts());
        load.starts_anew(&lab);
    }
    load.runs(500);
    load.ends(10_000);
    let (calls, crashed) = held(&lab, &load);
    starts.sort_unstable();
    let (half, last) = (starts[starts.len() / 2] / 1000, starts[starts.len() - 1] / 1000);
    let over = load.seen.over.len();
    println!(
        "{kills} kills: {calls} calls recorded, {crashed} of them crashed; {over} BYEs were answered, 0 of them lost. \
         A start took {half} ms, at most {last} ms"
    );
    assert!(over as u64 > kills * 3 && crashed > 0, "{over} calls ended, {crashed} crashed: nothing was proved");
    // A second in a release build on a quiet machine; here it is a debug build beside other tests.
    assert!(half < 8_000, "a start took {half} ms");
}

/// Bits change on the disk while the daemon is down: it says so, serves, and has every other record.
#[test]
fn files_with_changed_bits_are_told_of_and_survived() {
    let mut lab = Lab::start();
    let mut load = Load::new(&lab, 40, 50, 7);
    load.runs(800);
    load.ends(5_000);
    let (calls, _) = held(&lab, &load);
    // In order, so that nothing of the database is in its write-ahead log any more.
    lab.daemon.terminate();
    assert!(lab.daemon.exit(10_000).is_some_and(|s| s.success()));
    let state = lab.dir.join("state");
    // The database's first page, and a digit in the middle of the journal.
    let database = state.join("switchboard.db");
    let mut bytes = fs::read(&database).unwrap();
    bytes.iter_mut().take(64).for_each(|b| *b ^= 0x20);
    fs::write(&database, bytes).unwrap();
    let journal = fs::read_dir(state.join("journal")).unwrap().next().unwrap().unwrap().path();
    let mut bytes = fs::read(&journal).unwrap();
    let digit = (bytes.len() / 2..bytes.len()).find(|i| bytes[*i].is_ascii_digit()).unwrap();
    bytes[digit] ^= 0x01;
    fs::write(&journal, bytes).unwrap();
    lab.crashes_and_starts();
    let said = lab.daemon.said();
    assert!(said.contains("switchboard.db") && said.contains("set aside"), "{said}");
    assert!(said.contains(".jsonl:"), "the damaged line is not named: {said}");
    let aside = fs::read_dir(&state).unwrap().flatten().any(|f| f.file_name().to_string_lossy().contains("damaged"));
    assert!(aside, "the damaged database was not kept");
    let left = lab.all_records().len();
    assert!(left + 1 >= calls && left <= calls, "{left} of {calls} records came back");
    // And it serves on.
    load.starts_anew(&lab);
    let before = load.seen.over.len();
    load.runs(500);
    load.ends(5_000);
    assert!(load.seen.over.len() > before + 5, "{} calls", load.seen.over.len() - before);
    let alarms = read(&journal);
    assert!(alarms.contains("\"what\":\"alarm\"") && alarms.contains("set aside"), "no alarm in the journal");
}
