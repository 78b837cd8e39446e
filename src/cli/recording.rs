//! `calls recording`: where the sound of a call lies, and what is in it.

use super::args::Global;
use super::exit::{Done, Exit, Failure};
use super::records::{none, records, unread};
use super::screen::Screen;
use super::{ask, place, table};
use crate::audio::PER_MILLI;
use crate::audio::tracks::{Error, Loudness, Sheet};
use crate::exchange::{Answer, Command};
use crate::fact::Lang;
use crate::id::CallRef;
use crate::media::archive::Archive;
use crate::store::Reader;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

/// Who speaks on each channel (`patch::tape`).
const PARTIES: [(&str, &str, &str); 4] = [
    ("caller", "来电人", "caller"),
    ("agent", "坐席", "agent"),
    ("third", "第三方", "third party"),
    ("supervisor", "班长", "supervisor"),
];

/// `calls recording REF`.
pub(super) fn recording(global: &Global, call: CallRef, screen: &Screen) -> Result<Done, Failure> {
    let state = records(global)?;
    let name = named(global, &state, call)?;
    let path = found(global, &state, &name)?;
    let sheet = File::open(&path).map_err(Error::from).and_then(|file| Sheet::read(&mut BufReader::new(file)));
    let sheet = sheet.map_err(|why| unheard(&path, &why))?;
    Ok(Done::well(text(&path, &sheet, screen.lang), document(call, &path, &sheet)))
}

/// The recording's name: of an ended call in its record, of a live one as the daemon says.
fn named(global: &Global, state: &Path, call: CallRef) -> Result<String, Failure> {
    let ended = Reader::open(state).and_then(|mut reader| reader.record(call)).map_err(|e| unread(&e));
    let name = match ended {
        Ok(Some(cdr)) => cdr.recording,
        other => {
            let live = match ask::ask(global, &Command::Calls) {
                Ok(Answer::Calls { calls }) => calls.into_iter().find(|row| row.call == call),
                _ => None,
            };
            match (live, other) {
                (Some(row), _) => row.recording,
                (None, Err(failure)) => return Err(failure),
                (None, Ok(_)) => return Err(none(call)),
            }
        }
    };
    name.ok_or_else(|| {
        Failure::new(Exit::Bad, format!("通话 {call} 没有录音"), format!("call {call} was not recorded"))
    })
}

/// The file, in the folder that the configuration names or below the state.
fn found(global: &Global, state: &Path, name: &str) -> Result<PathBuf, Failure> {
    let configured = place::config(global).ok().and_then(|config| config.recording.folder);
    let usual = state.join("recordings");
    let paths: io::Result<Vec<PathBuf>> =
        configured.into_iter().chain([usual]).map(|folder| Archive::new(folder).file(name)).collect();
    let paths = paths.map_err(|e| Failure::new(Exit::Bad, format!("录音名有误：{e}"), e.to_string()))?;
    paths.iter().find(|path| path.exists()).cloned().ok_or_else(|| {
        let tried = paths.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(", ");
        Failure::new(
            Exit::Bad,
            format!("找不到录音（可能已过保存期限）：{tried}"),
            format!("the recording is not there (it may be past its retention): {tried}"),
        )
    })
}

fn unheard(path: &Path, why: &Error) -> Failure {
    let at = path.display();
    let exit = match why {
        Error::System(e) if e.kind() == io::ErrorKind::PermissionDenied => Exit::Forbidden,
        Error::System(_) | Error::Foreign => Exit::Bad,
    };
    Failure::new(exit, format!("无法读取 {at}：{why}"), format!("{at} cannot be read: {why}"))
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
