//! `[recording]`: where recordings are kept, in what form, how long, and in how much room.

use super::reader::{Found, Table};
use crate::dialplan::Record;
use crate::media::archive::{Key, Keys, Kind};
use std::path::{Path, PathBuf};

/// The environment variables that keys are looked for in where the file names no others.
const KEY: &str = "SWITCHBOARD_RECORDING_KEY";
const FORMER_KEYS: &str = "SWITCHBOARD_RECORDING_FORMER_KEYS";

/// What happens when quota or disk are full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WhenFull {
    /// No further recording begins; calls go on, and nothing is removed before its time.
    #[default]
    Stop,
    /// The oldest days' recordings go before their time.
    RemoveOldest,
}

/// `[recording]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    /// The folder of recordings; `None` is `recordings` in the state folder.
    pub folder: Option<PathBuf>,
    /// Whether calls of no group are recorded, always or never: trunk to trunk. A group of the dialplan says so itself.
    pub default: Record,
    /// Recordings are kept so many days.
    pub keep_days: u32,
    /// How they are kept after the call.
    pub archive: Kind,
    /// The keys that open sealed ones; with one to seal by, all are sealed after the call.
    pub keys: Keys,
    /// How much they may take, bytes; `None`: as much as the disk has.
    pub quota: Option<u64>,
    /// What their disk must have free for a further one to begin, bytes.
    pub min_free: u64,
    /// What happens when there is no more.
    pub when_full: WhenFull,
}

impl Recording {
    pub(super) fn read(table: Table<'_, '_>) -> Self {
        let folder = table.text("folder").map(|(path, span)| (table.document.path(path), span));
        if let Some((path, span)) = folder.as_ref().filter(|(path, _)| path.exists() && !path.is_dir()) {
            let at = path.display();
            let zh = format!("[recording] folder：{at} 不是文件夹");
            table.document.error(span.clone(), zh, format!("[recording] folder: {at} is no folder"));
        }
        let words = [Record::Always, Record::Never].map(|r| (r.en(), r));
        let default = table.choice("default", &words, Record::Always);
        let kinds = [("flac", Kind::Flac), ("opus", Kind::Opus), ("none", Kind::Wav)];
        let full = [("stop", WhenFull::Stop), ("remove-oldest", WhenFull::RemoveOldest)];
        let recording = Self {
            folder: folder.map(|(path, _)| path),
            default,
            keep_days: table.number_or("keep_days", 1..=36_500, 1096),
            archive: table.choice("archive", &kinds, Kind::Flac),
            keys: keys(&table),
            quota: Some(table.number_or("quota_gb", 0..=10_000_000u64, 0))
                .filter(|gb| *gb > 0)
                .map(|gb| gb * 1_000_000_000),
            min_free: table.number_or("min_free_mb", 0..=100_000_000u64, 256) * 1_000_000,
            when_full: table.choice("when_full", &full, WhenFull::Stop),
        };
        table.finish();
        recording
    }

    /// The folder of recordings of a daemon with this state folder.
    #[must_use]
    pub fn folder(&self, state: &Path) -> PathBuf {
        self.folder.clone().unwrap_or_else(|| state.join("recordings"))
    }
}

/// The keys in the environment. One that is named, or that sealing needs, must be there; the usual ones may be.
fn keys(table: &Table<'_, '_>) -> Keys {
    let encrypt = table.flag("encrypt", false);
    let at = table.value("encrypt").map_or(table.span.clone(), toml::Spanned::span);
    let named = |key, usual| -> (Found<String>, bool) {
        let named: Option<Found<&str>> = table.text(key);
        let is = named.is_some();
        (named.map_or((String::from(usual), at.clone()), |(name, span)| (name.to_owned(), span)), is)
    };
    let ((name, span), is_named) = named("key_env", KEY);
    let value = (table.document.variable)(&name).filter(|v| !v.trim().is_empty());
    let sealing = match value {
        Some(text) => one(table, &name, &text, &span),
        None if encrypt || is_named => {
            let zh = format!("[recording] 加密录音的密钥：环境变量 {name} 未设置或为空");
            let en = format!(
                "[recording] the key of sealed recordings: the environment variable {name} is not set or empty"
            );
            table.document.error(span, zh, en);
            None
        }
        None => None,
    };
    let ((name, span), is_named) = named("former_keys_env", FORMER_KEYS);
    let value = (table.document.variable)(&name).filter(|v| !v.trim().is_empty());
    if value.is_none() && is_named {
        let zh = format!("[recording] 以前的密钥：环境变量 {name} 未设置或为空");
        let en = format!("[recording] former keys: the environment variable {name} is not set or empty");
        table.document.error(span.clone(), zh, en);
    }
    let texts = value.unwrap_or_default();
    let mut opening: Vec<Key> =
        texts.split(',').filter(|t| !t.trim().is_empty()).filter_map(|text| one(table, &name, text, &span)).collect();
    if encrypt {
        return Keys { sealing, opening };
    }
    opening.extend(sealing);
    Keys { sealing: None, opening }
}

/// A key; what it should be is said, never what it is.
fn one(table: &Table<'_, '_>, name: &str, text: &str, span: &std::ops::Range<usize>) -> Option<Key> {
    let key = Key::parse(text);
    if key.is_none() {
        let zh = format!("环境变量 {name} 不是密钥：应为 64 位十六进制数，或 32 字节的 base64（openssl rand -hex 32）");
        let en = format!("{name} is no key: 64 hexadecimal digits, or 32 bytes in base64 (openssl rand -hex 32)");
        table.document.error(span.clone(), zh, en);
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Mistake};

    const FIRST: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    const SECOND: &str = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";

    fn read(keys: &str, variables: &[(&str, &str)]) -> Result<Recording, Vec<Mistake>> {
        let text = format!("[sip]\nlisten = 'udp:127.0.0.1:5070'\n[recording]\n{keys}\n");
        let variable = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
        let folder = std::env::temp_dir().join(format!("switchboard-config-recording-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("dialplans/prompts")).unwrap();
        Config::parse("x.toml", &text, &folder, &variable).map(|config| config.recording)
    }

    #[test]
    fn recordings_become_flac_in_all_the_room_there_is_unless_the_file_says_otherwise() {
        let usual = read("", &[]).unwrap();
        assert_eq!((usual.archive, usual.quota, usual.min_free), (Kind::Flac, None, 256_000_000));
        assert_eq!((usual.when_full, &usual.keys), (WhenFull::Stop, &Keys::default()));
        let keys = "archive = 'none'\nquota_gb = 500\nmin_free_mb = 0\nwhen_full = 'remove-oldest'";
        let said = read(keys, &[]).unwrap();
        assert_eq!((said.archive, said.quota, said.min_free), (Kind::Wav, Some(500_000_000_000), 0));
        assert_eq!(said.when_full, WhenFull::RemoveOldest);
        assert!(read("archive = 'mp3'", &[]).is_err());
    }

    #[test]
    fn keys_come_from_the_environment_and_a_missing_or_wrong_one_is_said_without_being_shown() {
        let sealed = read("encrypt = true", &[(KEY, FIRST), (FORMER_KEYS, SECOND)]).unwrap();
        assert_eq!(sealed.keys.sealing, Key::parse(FIRST));
        assert_eq!(sealed.keys.opening, [Key::parse(SECOND).unwrap()]);
        let plain = read("", &[(KEY, FIRST)]).unwrap();
        assert_eq!((plain.keys.sealing, plain.keys.opening.len()), (None, 1), "it opens what was sealed before");
        let other =
            read("encrypt = true\nkey_env = 'K'\nformer_keys_env = 'F'", &[("K", SECOND), ("F", FIRST)]).unwrap();
        assert_eq!(other.keys.sealing, Key::parse(SECOND));
        for (keys, variables, said) in [
            ("encrypt = true", vec![], "SWITCHBOARD_RECORDING_KEY is not set"),
            ("encrypt = true", vec![(KEY, " ")], "is not set or empty"),
            ("encrypt = true", vec![(KEY, "hunter2hunter2")], "is no key"),
            ("key_env = 'K'", vec![], "variable K is not set"),
            ("former_keys_env = 'F'", vec![], "variable F is not set"),
            ("", vec![(FORMER_KEYS, "hunter2hunter2,x")], "is no key"),
        ] {
            let mistakes = read(keys, &variables).unwrap_err();
            let all: String = mistakes.iter().map(|m| format!("{m}{m:#}")).collect();
            assert!(all.contains(said) && !all.contains("hunter2"), "{all}");
        }
    }
}
