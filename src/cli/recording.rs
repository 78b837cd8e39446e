//! `calls recording`: where the sound of a call lies, whether it is what was recorded, and what is in it.

use super::args::Global;
use super::exit::{Done, Exit, Failure};
use super::records::{none, records, unread};
use super::screen::Screen;
use super::{ask, place, table};
use crate::audio::PER_MILLI;
use crate::audio::tracks::{Loudness, Sheet};
use crate::exchange::{Answer, Command};
use crate::fact::Lang;
use crate::id::CallRef;
use crate::ledger::Cdr;
use crate::media::archive::{Archive, Error, Form, Keys, Kind, Sound};
use crate::patch::PARTIES;
use crate::store::Reader;
use serde_json::{Value, json};
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

mod proof;

pub(super) use proof::{Proof, prove};

/// `calls recording REF`.
pub(super) fn recording(global: &Global, call: CallRef, out: Option<&Path>, screen: &Screen) -> Result<Done, Failure> {
    let state = records(global)?;
    let (name, cdr) = named(global, &state, call)?;
    let path = found(global, &state, &name, cdr.as_ref())?;
    let proof = cdr.as_ref().and_then(|cdr| proof::of(&path, cdr));
    let (keys, unkeyed) = match place::config(global) {
        Ok(config) => (config.recording.keys, None),
        Err(failure) => (Keys::default(), Some(failure)),
    };
    let sheet = Sound::open(&path, &keys).and_then(Sound::sheet);
    let sheet = match sheet {
        Ok(sheet) => sheet,
        // What was altered may not be readable at all: then that is the sentence.
        Err(why) => {
            let altered = proof.as_ref().filter(|proof| proof.exit() == Exit::Bad);
            return Err(altered.map_or_else(|| unheard(&path, &why, unkeyed), Proof::failure));
        }
    };
    if let Some(out) = out {
        write_out(&path, &keys, out)?;
    }
    let mut text = text(&path, &sheet, screen.lang);
    let mut result = document(call, &path, &sheet);
    let exit = proof.as_ref().map_or(Exit::Ok, Proof::exit);
    if let Some(proof) = proof {
        text.push_str(&format!("\n{}\n", proof.sentence(screen.lang)));
        result["proof"] = proof.document();
    }
    if let Some(out) = out {
        text.push_str(&format!("{} {}\n", screen.lang.of("已写到", "written to"), out.display()));
        result["out"] = json!(out);
    }
    Ok(Done { text, result, exit })
}

/// The recording's name: of an ended call in its record, of a live one as the daemon says.
fn named(global: &Global, state: &Path, call: CallRef) -> Result<(String, Option<Cdr>), Failure> {
    let ended = Reader::open(state).and_then(|mut reader| reader.record(call)).map_err(|e| unread(&e));
    let (name, cdr) = match ended {
        Ok(Some(cdr)) => (cdr.recording.clone(), Some(cdr)),
        other => {
            let live = match ask::ask(global, &Command::Calls) {
                Ok(Answer::Calls { calls }) => calls.into_iter().find(|row| row.call == call),
                _ => None,
            };
            match (live, other) {
                (Some(row), _) => (row.recording, None),
                (None, Err(failure)) => return Err(failure),
                (None, Ok(_)) => return Err(none(call)),
            }
        }
    };
    let name = name.ok_or_else(|| {
        Failure::new(Exit::Bad, format!("通话 {call} 没有录音"), format!("call {call} was not recorded"))
    })?;
    Ok((name, cdr))
}

/// The folders that it may lie in: the configuration's, and the usual one below the state.
fn folders(global: &Global, state: &Path) -> Vec<PathBuf> {
    let configured = place::outline(global).ok().and_then(|config| config.recording.folder);
    configured.into_iter().chain([state.join("recordings")]).collect()
}

/// The file: the one that the record names where it is there, else the recording in any form.
fn found(global: &Global, state: &Path, name: &str, cdr: Option<&Cdr>) -> Result<PathBuf, Failure> {
    let wrong = |e: io::Error| Failure::new(Exit::Bad, format!("录音名有误：{e}"), e.to_string());
    let folders = folders(global, state);
    let mut tried = Vec::new();
    for folder in &folders {
        let archive = Archive::new(folder);
        let archived = cdr.and_then(|cdr| cdr.archived.as_ref()).map(|archived| &*archived.file);
        if let Some(path) = archive.find(name, archived).map_err(wrong)? {
            return Ok(path);
        }
        let missing = archived.map_or_else(|| archive.file(name), |file| Ok(folder.join(file))).map_err(wrong)?;
        tried.push(missing.display().to_string());
    }
    let tried = tried.join(", ");
    Err(Failure::new(
        Exit::Bad,
        format!("找不到录音（可能已过保存期限）：{tried}"),
        format!("the recording is not there (it may be past its retention): {tried}"),
    ))
}

fn unheard(path: &Path, why: &Error, unkeyed: Option<Failure>) -> Failure {
    let at = path.display();
    let exit = match why {
        Error::System(e) if e.kind() == io::ErrorKind::PermissionDenied => Exit::Forbidden,
        Error::NoKey(_) => Exit::Config,
        _ => Exit::Bad,
    };
    let zh = match why {
        Error::NoKey(id) => format!("用密钥 {id} 加密，环境变量中没有这个密钥"),
        other => other.to_string(),
    };
    let (mut zh, mut en) = (format!("无法读取 {at}：{zh}"), format!("{at} cannot be read: {why}"));
    if let (Error::NoKey(_), Some(failure)) = (why, unkeyed) {
        zh.push_str(&format!("\n{}", failure.zh));
        en.push_str(&format!("\n{}", failure.en));
    }
    Failure::new(exit, zh, en)
}

/// Writes it out: decoded, or as it is kept with its seal taken off. Only its owner may read it.
fn write_out(path: &Path, keys: &Keys, out: &Path) -> Result<(), Failure> {
    let kept = Form::of(path).map_or(Kind::Wav, |(form, _)| form.kind);
    let wanted = match out.extension().and_then(|e| e.to_str()) {
        Some("wav") => Kind::Wav,
        Some("flac") => Kind::Flac,
        Some("opus" | "ogg") => Kind::Opus,
        _ => kept,
    };
    if wanted != Kind::Wav && wanted != kept {
        let (at, out) = (path.display(), out.display());
        return Err(Failure::new(
            Exit::Usage,
            format!("{at} 不能写成 {out}：只能解码为 .wav，或保持原格式"),
            format!("{at} cannot be written as {out}: it is decoded to .wav, or stays what it is"),
        ));
    }
    let failed = |why: Error| {
        let out = out.display();
        Failure::new(Exit::Bad, format!("无法写到 {out}：{why}"), format!("{out} cannot be written: {why}"))
    };
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(out);
    let mut file: BufWriter<File> = BufWriter::new(file.map_err(|e| failed(e.into()))?);
    let written = if wanted == Kind::Wav && kept != Kind::Wav {
        Sound::open(path, keys).and_then(|sound| sound.to_wav(&mut file))
    } else {
        Form::copy_out(path, keys, &mut file)
    };
    written.and_then(|()| Ok(file.flush()?)).map_err(failed)
}

fn text(path: &Path, sheet: &Sheet, lang: Lang) -> String {
    let heading = match lang {
        Lang::Zh => ["声道", "谁", "有声", "电平", "峰值"],
        Lang::En => ["channel", "who", "sounding", "level", "peak"],
    };
    let mut rows = vec![heading.map(str::to_owned)];
    rows.extend(sheet.channels.iter().enumerate().map(|(channel, loudness)| {
        let who = PARTIES.get(channel).map_or("-", |(_, zh, en)| lang.of(zh, en));
        [
            channel.to_string(),
            who.to_owned(),
            format!("{} s", seconds(loudness.sounding_ms)),
            decibels(loudness.level_dbfs),
            decibels(loudness.peak_dbfs),
        ]
    }));
    let length = lang.of("时长", "length");
    let mut text = format!("{}\n{length} {} s\n\n{}", path.display(), seconds(sheet.millis()), table::aligned(&rows));
    for (from, to) in pauses(sheet) {
        text.push_str(&format!("{} {} – {} s\n", lang.of("停录", "paused"), seconds(from), seconds(to)));
    }
    text
}

fn document(call: CallRef, path: &Path, sheet: &Sheet) -> Value {
    let channel = |(channel, loudness): (usize, &Loudness)| {
        // Silence has no level: JSON knows no −∞.
        let level = |db: f64| db.is_finite().then(|| (db * 10.0).round() / 10.0);
        json!({
            "channel": channel,
            "party": PARTIES.get(channel).map(|(name, ..)| name),
            "sounding_ms": loudness.sounding_ms,
            "level_dbfs": level(loudness.level_dbfs),
            "peak_dbfs": level(loudness.peak_dbfs),
        })
    };
    json!({
        "call": call,
        "file": path,
        "length_ms": sheet.millis(),
        "channels": sheet.channels.iter().enumerate().map(channel).collect::<Vec<_>>(),
        "pauses": pauses(sheet).map(|(from, to)| json!({ "from_ms": from, "to_ms": to })).collect::<Vec<_>>(),
    })
}

/// From and to, ms.
fn pauses(sheet: &Sheet) -> impl Iterator<Item = (u64, u64)> {
    sheet.pauses.iter().map(|(from, to)| (u64::from(from / PER_MILLI), u64::from(to / PER_MILLI)))
}

fn seconds(ms: u64) -> String {
    format!("{}.{:02}", ms / 1_000, ms / 10 % 100)
}

fn decibels(db: f64) -> String {
    if db.is_finite() { format!("{db:.1} dBFS") } else { "-".to_owned() }
}
