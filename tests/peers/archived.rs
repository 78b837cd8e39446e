//! What becomes of a recording after a call of real phones: packed, proved, read back with each party on its own channel.

use super::support::lab::{LAB_DAY, Lab};
use super::support::sipp::{Role, Sipp};
use super::support::tape::Tape;
use super::support::{pause, until};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use switchboard::exchange::Verb;
use switchboard::fact::{Archived, Way};
use switchboard::ledger::Cdr;
use switchboard::media::archive::{Key, Keys, Sound};

const CALLER: f64 = 700.0;
const AGENT: f64 = 1_100.0;
const TARGET: f64 = 1_700.0;
const KEY: &str = "6b65792d6f662d7468652d72656372647365616c65642d62792d746573747321";

/// A lab that keeps recordings so.
fn lab(recording: &'static str) -> Lab {
    let set = move |text: String, _: &Path| {
        assert!(text.contains("archive = \"none\""), "the lab keeps WAV");
        text.replacen("archive = \"none\"", recording, 1)
    };
    Lab::with(LAB_DAY, set)
}

/// A talk of caller, agent and sub-centre with a pause in it; the talk goes on.
fn talk(lab: &Lab) -> [Sipp; 3] {
    let agent = Sipp::seat(lab, 1, "8001", |r| r.says(AGENT));
    let target = Role::exchange(lab, "exchange", 20).says(TARGET).millis(1_500).start(lab);
    let uri = format!("sip:12345@{}", lab.sip());
    let caller = Role::carrier(lab, 0, "called_ends", &uri).says(CALLER).start(lab);
    agent.receives("ACK", 4_000);
    caller.talks(4_000);
    agent.talks(4_000);
    lab.transfer("12366", Way::ThreeWay);
    target.receives("ACK", 5_000);
    target.talks(3_000);
    caller.line.hears_among(TARGET, 4_000);
    pause(1_000);
    lab.orders(Verb::Pause);
    pause(1_500);
    lab.orders(Verb::Continue);
    pause(1_500);
    // While it is recorded already nobody else may look into it.
    let wav = lab.recordings().remove(0);
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let day = wav.parent().unwrap();
    assert_eq!((mode(&wav), mode(day), mode(day.parent().unwrap())), (0o600, 0o700, 0o700));
    [caller, agent, target]
}

/// The record once it tells of the kept file, and the one file that there is.
fn kept(lab: &Lab) -> (Cdr, Archived, PathBuf) {
    let record = until(15_000, || Some(lab.record()).filter(|cdr| cdr.archived.is_some()));
    let cdr = record.unwrap_or_else(|| panic!("the record tells of no file: {:?}", lab.record()));
    let archived = *cdr.archived.clone().unwrap();
    let path = lab.dir.join("state/recordings").join(&archived.file);
    let alone = || lab.recordings().is_empty().then_some(());
    assert!(until(5_000, alone).is_some(), "the WAV is still there");
    (cdr, archived, path)
}

/// `calls recording` or `calls show` of the real binary.
fn says(lab: &Lab, words: &[&str], key: &str) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_switchboard"));
    command.args(words).args(["--lang", "en", "--config"]).arg(lab.dir.join("lab.toml"));
    command.arg("--state").arg(lab.dir.join("state")).env("SWITCHBOARD_RECORDING_KEY", key);
    let output = command.output().unwrap();
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    (output.status.code(), text)
}

/// Decodes the recording by the command line and holds channels and pause against the call.
fn is_the_call(lab: &Lab, cdr: &Cdr, key: &str) {
    let wav = lab.dir.join("out.wav");
    let (exit, text) = says(lab, &["calls", "recording", &cdr.call.to_string(), "--out", wav.to_str().unwrap()], key);
    assert!(exit == Some(0) && text.contains("unaltered · SHA-256"), "{text}");
    let tape = Tape::read(&wav);
    let over = cdr.recorded_ms.unwrap();
    assert!(tape.sheet.millis().abs_diff(over) <= 300, "{} ms of {over}", tape.sheet.millis());
    assert_eq!(tape.sheet.pauses.len(), 1);
    let (from, to) = tape.sheet.pauses[0];
    let (from, to) = (u64::from(from / 800), u64::from(to / 800));
    for (channel, hertz) in [(0, CALLER), (1, AGENT), (2, TARGET)] {
        let pieces = tape.pieces(channel, &[hertz]);
        let tones = |range: std::ops::Range<u64>| {
            let there = &pieces[range.start as usize..range.end as usize];
            there.iter().filter(|p| matches!(p, super::support::tape::Piece::Tone(_))).count()
        };
        assert!(tones(from - 9..from) >= 4 && tones(to + 3..to + 9) >= 4, "channel {channel}: {pieces:?}");
        assert_eq!(tones(from + 2..to - 2), 0, "nothing of the pause, channel {channel}");
    }
    tape.is_silent(3);
}

#[test]
fn a_call_is_kept_as_flac_with_each_party_on_its_channel_and_an_altered_file_is_noticed() {
    let lab = lab("archive = \"flac\"\nkeep_days = 36500");
    let [caller, agent, target] = talk(&lab);
    lab.ends_all();
    caller.ends_well(4_000);
    agent.ends_well(4_000);
    target.receives("BYE", 4_000);
    let (cdr, archived, path) = kept(&lab);
    assert!(archived.file.ends_with(".flac") && archived.sound_sha256.is_some(), "{archived:?}");
    let wav = 4_096 + cdr.recorded_ms.unwrap() * 32;
    // Tones without a rest are the worst for it.
    println!("{wav} bytes of WAV, {} of FLAC", archived.bytes);
    assert!(archived.bytes * 4 < wav * 3, "{} of {wav} bytes", archived.bytes);
    is_the_call(&lab, &cdr, "");
    let (exit, text) = says(&lab, &["calls", "show", &cdr.call.to_string()], "");
    assert!(exit == Some(0) && text.contains(&archived.sha256), "{text}");
    // One bit of it.
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    for words in [["calls", "recording"], ["calls", "show"]] {
        let (exit, text) = says(&lab, &[&words[..], &[&cdr.call.to_string()]].concat(), "");
        assert!(exit == Some(1) && text.contains("ALTERED"), "{words:?} {exit:?}: {text}");
    }
    std::fs::remove_file(&path).unwrap();
    let (exit, text) = says(&lab, &["calls", "show", &cdr.call.to_string()], "");
    assert!(exit == Some(1) && text.contains("MISSING"), "{exit:?}: {text}");
}

#[test]
fn a_call_that_the_daemons_death_cut_off_is_mended_and_packed_by_the_next_one() {
    let mut lab = lab("archive = \"flac\"\nkeep_days = 36500");
    let phones = talk(&lab);
    lab.crash_and_start();
    drop(phones);
    let (cdr, archived, path) = kept(&lab);
    assert!(archived.file.ends_with(".flac"), "{archived:?}");
    let sheet = Sound::open(&path, &Keys::default()).unwrap().sheet().unwrap();
    assert_eq!(sheet.pauses.len(), 1);
    let sounding: Vec<u64> = sheet.channels.iter().map(|c| c.sounding_ms).collect();
    assert!(sounding[..3].iter().all(|ms| *ms > 1_500) && sounding[3] == 0, "{sounding:?}");
    let (exit, text) = says(&lab, &["calls", "recording", &cdr.call.to_string()], "");
    assert!(exit == Some(0) && text.contains("unaltered"), "{text}");
}

#[test]
fn a_call_is_kept_sealed_and_only_its_key_opens_it() {
    let lab = Lab::with_variable("SWITCHBOARD_RECORDING_KEY", KEY, |text| {
        text.replacen("archive = \"none\"", "archive = \"opus\"\nencrypt = true", 1)
    });
    let [caller, agent, target] = talk(&lab);
    lab.ends_all();
    caller.ends_well(4_000);
    agent.ends_well(4_000);
    target.receives("BYE", 4_000);
    let (cdr, archived, path) = kept(&lab);
    let key = Key::parse(KEY).unwrap();
    assert!(archived.file.ends_with(".opus.sealed"), "{archived:?}");
    assert_eq!(archived.key.as_deref(), Some(&*key.id().to_string()));
    let bytes = std::fs::read(&path).unwrap();
    assert!(!bytes.windows(4).any(|four| four == b"OggS"), "nothing of it is readable");
    is_the_call(&lab, &cdr, KEY);
    let other = "1".repeat(64);
    let (exit, text) = says(&lab, &["calls", "recording", &cdr.call.to_string()], &other);
    assert!(exit == Some(78) && text.contains("sealed by key") && !text.contains(&other), "{exit:?} {text}");
}
