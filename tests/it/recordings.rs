//! Recordings around the calls: the daemon mends what a crash has cut, and an operator asks for the sound of a call.
#![cfg(test)]

use super::cli::{Folder, code, document, err, out, switchboard};
use super::operators::Office;
use super::reports::Day;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;
use switchboard::audio::g711::{ALAW_SILENCE, alaw_encode};
use switchboard::audio::tracks::{Cue, Sheet, head, is_cut};
use switchboard::fact::{Archived, Fact, Party};
use switchboard::id::CallRef;
use switchboard::media::archive::{Key, Kind, Packed, hash, pack};

/// Four channels: the caller speaks for the first two seconds, the agent for one in the third, the others never. Paused in
/// the fourth. The head tells of `told` samples.
pub(super) fn write(folder: &Path, name: &str, told: u32) -> PathBuf {
    let path = folder.join(format!("{name}.wav"));
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let cues = [Cue { at: 24_000, label: "paused" }, Cue { at: 32_000, label: "resumed" }];
    let mut file = head(4, told, &cues);
    for at in 0..40_000 {
        let says = |height, range: std::ops::Range<u32>| {
            if range.contains(&at) { alaw_encode(height) } else { ALAW_SILENCE }
        };
        file.extend([says(8_000, 0..16_000), says(2_000, 16_000..24_000), ALAW_SILENCE, ALAW_SILENCE]);
    }
    fs::write(&path, file).unwrap();
    path
}

/// A recorded call that has ended, and one that was not recorded.
pub(super) fn day() -> (Day, CallRef, CallRef) {
    let mut day = Day::new();
    let first = day.talk(0);
    day.at(0, first, Fact::RecordingStarted { file: format!("20211215/{first}") });
    day.at(3_000, first, Fact::RecordingPaused { paused: true, ordered_by: String::new(), why: "卡号".into() });
    day.at(4_000, first, Fact::RecordingPaused { paused: false, ordered_by: String::new(), why: String::new() });
    day.at(5_000, first, Fact::RecordingEnded { ms: 5_000 });
    day.ends(5_000, first, Party::Caller);
    let second = day.talk(10_000);
    day.ends(15_000, second, Party::Caller);
    (day, first, second)
}

#[test]
fn an_operator_finds_the_sound_of_a_call_and_what_is_in_it() {
    let (day, first, _) = day();
    let path = write(&day.folder().join("recordings"), &format!("20211215/{first}"), 40_000);
    let reference = first.to_string();
    let output = day.says(&["calls", "recording", &reference, "--lang", "en"]);
    assert_eq!(code(&output), Some(0), "{}", err(&output));
    let text = out(&output).replace(&path.display().to_string(), "FILE");
    insta::assert_snapshot!(text, @r"
    FILE
    length 5.00 s

    channel  who          sounding  level       peak
    0        caller       2.00 s    -12.2 dBFS  -12.2 dBFS
    1        agent        1.00 s    -24.2 dBFS  -24.2 dBFS
    2        third party  0.00 s    -           -
    3        supervisor   0.00 s    -           -
    paused 3.00 – 4.00 s
    ");
    let output = day.says(&["calls", "recording", &reference, "--lang", "zh"]);
    insta::assert_snapshot!(out(&output).replace(&path.display().to_string(), "FILE"), @r"
    FILE
    时长 5.00 s

    声道  谁      有声    电平        峰值
    0     来电人  2.00 s  -12.2 dBFS  -12.2 dBFS
    1     坐席    1.00 s  -24.2 dBFS  -24.2 dBFS
    2     第三方  0.00 s  -           -
    3     班长    0.00 s  -           -
    停录 3.00 – 4.00 s
    ");

    let output = day.says(&["calls", "recording", &reference, "--json"]);
    let result = document(&output)["result"].clone();
    assert_eq!(result["file"], path.to_str().unwrap());
    assert_eq!(result["length_ms"], 5_000);
    assert_eq!(result["pauses"], serde_json::json!([{ "from_ms": 3_000, "to_ms": 4_000 }]));
    let channels = result["channels"].as_array().unwrap();
    let sounding: Vec<_> =
        channels.iter().map(|c| (c["party"].as_str().unwrap(), c["sounding_ms"].as_u64().unwrap())).collect();
    assert_eq!(sounding, [("caller", 2_000), ("agent", 1_000), ("third", 0), ("supervisor", 0)]);
    assert!((channels[0]["level_dbfs"].as_f64().unwrap() + 12.2).abs() < 0.3, "{channels:?}");
    assert!(channels[2]["level_dbfs"].is_null() && channels[2]["peak_dbfs"].is_null());

    let output = day.says(&["calls", "show", &reference, "--lang", "en"]);
    assert!(out(&output).contains(&format!("20211215/{reference}.wav · 5.0, paused for 1.0")), "{}", out(&output));
    let output = day.says(&["calls", "show", &reference, "--json"]);
    let call = document(&output)["result"]["call"].clone();
    assert_eq!((&call["recorded_ms"], &call["recording_paused_ms"]), (&5_000.into(), &1_000.into()));
}

#[test]
fn what_cannot_be_heard_is_told_in_one_sentence() {
    let (day, first, second) = day();
    let said = |call: &str| {
        let output = day.says(&["calls", "recording", call, "--lang", "en"]);
        (code(&output), err(&output))
    };
    let (exit, why) = said(&first.to_string());
    assert!(exit == Some(1) && why.contains("it may be past its retention"), "{why}");
    let path = day.folder().join(format!("recordings/20211215/{first}.wav"));
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, "no sound").unwrap();
    let (exit, why) = said(&first.to_string());
    assert!(exit == Some(1) && why.contains("not a recording of this switchboard"), "{why}");
    let (exit, why) = said(&second.to_string());
    assert!(exit == Some(1) && why.contains("was not recorded"), "{why}");
    let (exit, why) = said("5bhd7pq5c01");
    assert!(exit == Some(1) && why.contains("there is no record of call"), "{why}");
    assert_eq!(said("x").0, Some(2));
}

#[test]
fn the_configuration_says_where_recordings_lie() {
    let (day, first, _) = day();
    let folder = Folder::new();
    fs::create_dir_all(folder.0.join("dialplans/prompts")).unwrap();
    let config =
        folder.write("switchboard.toml", "[sip]\nlisten = 'udp:127.0.0.1:5070'\n[recording]\nfolder = 'tapes'\n");
    let path = write(&folder.0.join("tapes"), &format!("20211215/{first}"), 40_000);
    let output = day.says(&["calls", "recording", &first.to_string(), "--config", config.to_str().unwrap(), "--json"]);
    assert_eq!(document(&output)["result"]["file"], path.to_str().unwrap(), "{}", err(&output));
    // The doctor looks at that folder as well: it may be another disk.
    let output = switchboard(&["doctor", "--config", config.to_str().unwrap(), "--lang", "en"]);
    let wanted = format!("folder of recordings {}", folder.0.join("tapes").display());
    let said = out(&output) + &err(&output);
    assert!(said.contains(&wanted), "{wanted}: {said}");
}

#[test]
fn a_daemon_mends_what_the_last_run_left_cut() {
    let office = Office::new("2021-12-15T10:00");
    let recordings = office.path("state/recordings");
    let cut = write(&recordings, "20211215/cut", 32_000);
    // So old that its removal would be due, were the clock not set by hand.
    let old = write(&recordings, "20101215/old", 40_000);
    for path in [&cut, &old] {
        let file = File::open(path).unwrap();
        file.set_modified(file.metadata().unwrap().modified().unwrap() - Duration::from_secs(2)).unwrap();
    }
    let daemon = office.start(&[]);
    // The thread that mends waits for nobody; the end in order waits for it where it is at work.
    while is_cut(&mut File::open(&cut).unwrap()).unwrap() {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(daemon.stop(), Some(0));
    let log = fs::read_to_string(office.path("log")).unwrap();
    assert!(log.contains("a recording was cut by the end of the last run") && log.contains("cut.wav"), "{log}");
    let sheet = Sheet::read(&mut File::open(&cut).unwrap()).unwrap();
    assert_eq!((sheet.millis(), sheet.pauses.len()), (5_000, 1));
    assert!(old.exists() && recordings.join(".watched").exists());
}

const FIRST: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const SECOND: &str = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";

/// A recorded call whose recording was packed so after its end, as the daemon does it.
fn packed(kind: Kind, key: Option<&str>) -> (Day, CallRef, Packed) {
    let (mut day, first, _) = day();
    let wav = write(&day.folder().join("recordings"), &format!("20211215/{first}"), 40_000);
    swing(&wav);
    let key = key.map(|text| Key::parse(text).unwrap());
    let packed = pack(&wav, kind, key.as_ref(), &mut || true).unwrap();
    if packed.path != wav {
        fs::remove_file(wav).unwrap();
    }
    let name = packed.path.file_name().unwrap().to_str().unwrap();
    let archived = Archived {
        file: format!("20211215/{name}"),
        bytes: packed.bytes,
        sha256: packed.sha256.clone(),
        sound_sha256: packed.sound.clone(),
        key: packed.key.clone(),
    };
    day.at(20_000, first, Fact::RecordingArchived { archived });
    // Everything is booked once anything was asked.
    assert_eq!(code(&day.says(&["calls", "ls"])), Some(0));
    (day, first, packed)
}

/// Makes of every height a tone of that height: what does not swing is no sound, and Opus leaves it out.
fn swing(wav: &Path) {
    let mut file = fs::read(wav).unwrap();
    for (at, byte) in file.iter_mut().enumerate().skip(4_096) {
        if *byte != ALAW_SILENCE && (at / 4) % 8 < 4 {
            *byte ^= 0x80;
        }
    }
    fs::write(wav, file).unwrap();
}

/// A configuration of sealed recordings.
fn sealing(folder: &Folder) -> PathBuf {
    fs::create_dir_all(folder.0.join("dialplans/prompts")).unwrap();
    folder.write("switchboard.toml", "[sip]\nlisten = 'udp:127.0.0.1:5070'\n[recording]\nencrypt = true\n")
}

/// Asks with this key in the environment, and these former ones.
fn keyed(day: &Day, config: &Path, words: &[&str], (key, former): (&str, &str)) -> std::process::Output {
    let mut command = super::cli::binary();
    command.args(words).arg("--state").arg(day.folder()).arg("--config").arg(config);
    command.env("SWITCHBOARD_RECORDING_KEY", key).env("SWITCHBOARD_RECORDING_FORMER_KEYS", former).output().unwrap()
}

fn only_its_key_opens_it(day: &Day, config: &Path, call: CallRef, packed: &Packed) {
    let reference = call.to_string();
    let output = keyed(day, config, &["calls", "recording", &reference, "--lang", "en"], (SECOND, ""));
    let said = err(&output);
    assert!(code(&output) == Some(78) && said.contains("sealed by key") && !said.contains("ICEi"), "{said}");
    // Another key now, and the former one beside it.
    let output = keyed(day, config, &["calls", "recording", &reference], (SECOND, FIRST));
    assert_eq!(code(&output), Some(0), "{}", err(&output));
    let plain = day.folder().join("plain");
    let output = keyed(day, config, &["calls", "recording", &reference, "--out", plain.to_str().unwrap()], (FIRST, ""));
    assert_eq!(code(&output), Some(0), "{}", err(&output));
    let is_plain = |path: &Path| {
        let file = fs::read(path).unwrap();
        [&b"RIFF"[..], b"fLaC", b"OggS"].iter().any(|magic| file.starts_with(magic))
    };
    assert!(is_plain(&plain) && !is_plain(&packed.path));
}

#[test]
fn every_kind_is_read_alike_and_held_against_the_record() {
    let folder = Folder::new();
    let config = sealing(&folder);
    for (kind, key, file) in [
        (Kind::Wav, None, "wav"),
        (Kind::Flac, None, "flac"),
        (Kind::Opus, None, "opus"),
        (Kind::Wav, Some(FIRST), "wav.sealed"),
        (Kind::Flac, Some(FIRST), "flac.sealed"),
        (Kind::Opus, Some(FIRST), "opus.sealed"),
    ] {
        let (day, first, packed) = packed(kind, key);
        assert!(packed.path.to_str().unwrap().ends_with(&format!("{first}.{file}")), "{packed:?}");
        let reference = first.to_string();
        let wav = day.folder().join("out.wav");
        let out_to = ["calls", "recording", &reference, "--json", "--out", wav.to_str().unwrap()];
        let output = keyed(&day, &config, &out_to, (FIRST, ""));
        assert_eq!(code(&output), Some(0), "{file}: {}{}", out(&output), err(&output));
        let result = document(&output)["result"].clone();
        assert_eq!(result["file"], packed.path.to_str().unwrap());
        assert_eq!((&result["length_ms"], &result["proof"]["finding"]), (&5_000.into(), &"unaltered".into()));
        assert_eq!(result["pauses"], serde_json::json!([{ "from_ms": 3_000, "to_ms": 4_000 }]), "{file}");
        let sounding: Vec<_> =
            result["channels"].as_array().unwrap().iter().map(|c| c["sounding_ms"].as_u64().unwrap()).collect();
        assert!(sounding[0].abs_diff(2_000) <= 60 && sounding[1].abs_diff(1_000) <= 60, "{file}: {sounding:?}");
        assert_eq!(sounding[2..], [0, 0], "{file}: {sounding:?}");
        // Decoded it is the very file that was recorded, where nothing is lost.
        let decoded = fs::read(&wav).unwrap();
        let recorded = write(&day.folder().join("again"), "20211215/x", 40_000);
        swing(&recorded);
        assert_eq!(decoded.len(), 4_096 + 160_000);
        assert_eq!(decoded == fs::read(recorded).unwrap(), kind != Kind::Opus, "{file}");

        let output = keyed(&day, &config, &["calls", "show", &reference, "--lang", "en"], (FIRST, ""));
        let said = out(&output);
        assert!(code(&output) == Some(0) && said.contains(&format!("unaltered · SHA-256 {}", packed.sha256)), "{said}");
        if key.is_some() {
            only_its_key_opens_it(&day, &config, first, &packed);
        }
    }
}

#[test]
fn a_recording_that_was_altered_or_is_missing_is_told_of_with_exit_1() {
    let (day, first, packed) = packed(Kind::Flac, None);
    let reference = first.to_string();
    let says = |words: &[&str]| {
        let output = day.says(words);
        (code(&output), out(&output) + &err(&output))
    };
    let mut bytes = fs::read(&packed.path).unwrap();
    // A comment, so that the sound still reads.
    let at = bytes.windows(6).position(|six| six == b"caller").unwrap();
    bytes[at] ^= 0x20;
    fs::write(&packed.path, &bytes).unwrap();
    let is = hash(&packed.path, &mut || true).unwrap().0;
    for command in ["recording", "show"] {
        let (exit, said) = says(&["calls", command, &reference, "--lang", "en"]);
        assert!(exit == Some(1) && said.contains("ALTERED") && said.contains(&packed.sha256), "{said}");
        assert!(said.contains(&is), "{said}");
        let (exit, said) = says(&["calls", command, &reference, "--lang", "zh"]);
        assert!(exit == Some(1) && said.contains("已被改动"), "{said}");
    }
    let output = day.says(&["calls", "show", &reference, "--json"]);
    assert_eq!(document(&output)["result"]["recording"]["finding"], "altered");
    assert_eq!(document(&output)["ok"], false);
    // Not readable any more at all.
    fs::write(&packed.path, &bytes[..bytes.len() / 2]).unwrap();
    let (exit, said) = says(&["calls", "recording", &reference, "--lang", "en"]);
    assert!(exit == Some(1) && said.contains("ALTERED"), "{said}");
    fs::remove_file(&packed.path).unwrap();
    let (exit, said) = says(&["calls", "recording", &reference, "--lang", "en"]);
    assert!(exit == Some(1) && said.contains("is not there"), "{said}");
}

#[test]
fn a_daemon_without_its_key_does_not_start_and_says_so() {
    let office = Office::new("2021-12-15T10:00");
    office.configure("[recording]\nencrypt = true\n");
    let config = office.path("switchboard.toml");
    let start = |key: Option<&str>| {
        let mut command = super::cli::binary();
        command.args(["run", "--lang", "en", "--config"]).arg(&config).env_remove("SWITCHBOARD_RECORDING_KEY");
        let output = command.envs(key.map(|key| ("SWITCHBOARD_RECORDING_KEY", key))).output().unwrap();
        (code(&output), err(&output))
    };
    let (exit, said) = start(None);
    assert!(exit == Some(78) && said.contains("SWITCHBOARD_RECORDING_KEY is not set"), "{said}");
    let (exit, said) = start(Some("a-word-from-the-dictionary"));
    assert!(exit == Some(78) && said.contains("is no key") && !said.contains("dictionary"), "{said}");
    // Recordings are there that another key has sealed.
    fs::create_dir_all(office.path("state/recordings")).unwrap();
    let id = Key::parse(FIRST).unwrap().id().to_string();
    fs::write(office.path("state/recordings/.key"), &id).unwrap();
    let (exit, said) = start(Some(SECOND));
    assert!(exit == Some(78) && said.contains(&id) && said.contains("former_keys_env"), "{said}");
}
