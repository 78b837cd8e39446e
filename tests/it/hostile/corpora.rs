//! Every kept input through every door, and mutated ones through their own.
//!
//! `FUZZ_SECONDS=60` goes on for a minute a door (that is `make fuzz` without cargo-fuzz); `FUZZ_SEED=n FUZZ_TARGET=name` replays one.

use super::mutate::Mutator;
use super::targets::{TARGETS, Target};
use crate::support::city::root;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::Duration;
use switchboard::clock::{Clock, SECOND};

/// Mutated inputs a door in an ordinary run.
const INPUTS: u64 = 300;
/// Most changes of a mutated input.
const CHANGES: usize = 8;
/// A kept input is small: the repository is no archive.
const SMALL: u64 = 16 << 10;

fn folder(door: &str) -> PathBuf {
    root().join("fuzz/corpus").join(door)
}

fn corpus(door: &str) -> Vec<(String, Vec<u8>)> {
    let folder = folder(door);
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap_or_else(|e| panic!("{}: {e}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files.into_iter().map(|f| (format!("{door}/{}", f.file_name().unwrap().display()), fs::read(&f).unwrap())).collect()
}

/// Runs a door on an input; what it said when it panicked.
fn falls(target: fn(&[u8]), input: &[u8]) -> Option<String> {
    let panic = catch_unwind(AssertUnwindSafe(|| target(input))).err()?;
    let said =
        panic.downcast_ref::<String>().cloned().or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()));
    Some(said.unwrap_or_default().chars().take(400).collect())
}

#[test]
fn every_kept_input_goes_through_every_door() {
    let mut wrong = Vec::new();
    for (owner, _) in TARGETS {
        let inputs = corpus(owner);
        assert!(inputs.len() >= 5, "{owner}: {} inputs", inputs.len());
        for (name, input) in &inputs {
            assert!(input.len() as u64 <= SMALL, "{name} is too large to be kept");
            for (door, target) in TARGETS {
                if let Some(said) = falls(target, input) {
                    wrong.push(format!("{name} at {door}: {said}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A corpus that nothing reads through says nothing: of each some go through to the end.
#[test]
fn the_corpora_hold_what_is_taken_and_what_is_refused() {
    use bytes::Bytes;
    use switchboard::dialplan::{Known, Plan, Source};
    use switchboard::sdp::{Local, Negotiation};
    use switchboard::sip::wire;
    let counted = |door: &str, takes: &dyn Fn(&[u8]) -> bool| {
        let inputs = corpus(door);
        let taken = inputs.iter().filter(|(_, input)| takes(input)).count();
        assert!(taken > 0 && taken < inputs.len(), "{door}: {taken} of {} are taken", inputs.len());
    };
    counted("message", &|input| wire::parse(Bytes::copy_from_slice(input)).is_ok());
    counted("sdp", &|input| {
        let local = Local { address: [127, 0, 0, 1].into(), port: 20_000, session_id: 7 };
        Negotiation::new(local).answer(input, None).is_ok()
    });
    counted("dialplan", &|input| {
        let text = String::from_utf8_lossy(input).into_owned();
        Plan::load(&[Source { file: "a.toml".into(), text: text.into() }], &Known::default()).is_ok()
    });
}

/// Goes on for so many inputs, or so long; how many there were.
fn fuzzes((door, target): Target, seed: u64, inputs: u64, time: Option<Duration>) -> u64 {
    let corpus: Vec<Vec<u8>> = corpus(door).into_iter().map(|(_, input)| input).collect();
    let clock = Clock::system();
    let end = time.map(|time| clock.now().mono + time.as_secs() * SECOND);
    let mut done = 0;
    while end.map_or(done < inputs, |end| clock.now().mono < end) {
        let seed = seed.wrapping_add(done);
        let input = Mutator::new(seed).draw(&corpus, CHANGES);
        if let Some(said) = falls(target, &input) {
            let kept = root().join("fuzz/artifacts").join(door);
            fs::create_dir_all(&kept).unwrap();
            let kept = kept.join(format!("seed-{seed}"));
            fs::write(&kept, &input).unwrap();
            panic!("{door}: {said}\n{} has the input; replay: FUZZ_SEED={seed} FUZZ_TARGET={door}", kept.display());
        }
        done += 1;
    }
    done
}

#[test]
fn mutated_inputs_break_no_door() {
    let number =
        |name: &str| std::env::var(name).ok().map(|n| n.parse::<u64>().unwrap_or_else(|e| panic!("{name}: {e}")));
    let time = number("FUZZ_SECONDS").map(Duration::from_secs);
    let seed = number("FUZZ_SEED");
    let only = std::env::var("FUZZ_TARGET").ok();
    // A replay is one input; else each run of some length has a seed of its own.
    let inputs = if seed.is_some() && only.is_some() && time.is_none() { 1 } else { INPUTS };
    let drawn = || time.map_or(1, |_| Clock::system().now().wall.unsigned_abs());
    let seed = seed.unwrap_or_else(drawn);
    let chosen: Vec<Target> =
        TARGETS.into_iter().filter(|(door, _)| only.as_ref().is_none_or(|only| only == door)).collect();
    assert!(!chosen.is_empty(), "there is no target {only:?}");
    for target in chosen {
        let done = fuzzes(target, seed, inputs, time);
        println!("{:<16} {done:>9} inputs  FUZZ_SEED={seed}", target.0);
        assert!(done > 0);
    }
}
