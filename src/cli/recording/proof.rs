//! Whether a recording's file is the one that its call's record tells of.

use super::super::args::Global;
use super::super::exit::{Exit, Failure};
use super::super::place;
use crate::fact::Archived;
use crate::fact::Lang;
use crate::ledger::Cdr;
use crate::media::archive::{Error, hash};
use serde_json::{Value, json};
use std::io;
use std::path::{Path, PathBuf};

/// µs in a day.
const DAY: i64 = 24 * 3_600 * 1_000_000;

/// What became of the file that the record tells of.
#[derive(Debug, PartialEq, Eq)]
enum Finding {
    /// It is there, to the last bit.
    Unaltered,
    /// It is there and has another hash: this one.
    Altered(String),
    /// It is not there, though its time has not come.
    Missing,
    /// It is not there, and its time is over.
    Expired,
    /// It cannot be read: no right, a damaged disk.
    Unread(String),
}

/// A file held against its record.
#[derive(Debug)]
pub(in crate::cli) struct Proof {
    path: PathBuf,
    archived: Archived,
    finding: Finding,
}

/// Holds the recording of an ended call against its record; `None`: the record tells of no file (yet).
pub(in crate::cli) fn prove(global: &Global, state: &Path, cdr: &Cdr) -> Option<Proof> {
    let archived = *cdr.archived.clone()?;
    let config = place::outline(global).ok().map(|config| config.recording);
    let configured = config.as_ref().and_then(|recording| recording.folder.clone());
    let mut paths = configured.into_iter().chain([state.join("recordings")]).map(|folder| folder.join(&archived.file));
    let usual = state.join("recordings").join(&archived.file);
    let path = paths.find(|path| path.exists()).unwrap_or(usual);
    if path.exists() {
        return of(&path, cdr);
    }
    let days = config.map_or(1_096, |recording| recording.keep_days);
    let age = crate::clock::Clock::system().now().wall.saturating_sub(cdr.end);
    let finding = if age > i64::from(days) * DAY { Finding::Expired } else { Finding::Missing };
    Some(Proof { path, archived, finding })
}

/// Holds a file that is there against the record; `None`: it is another one than that, which is still being packed.
pub(super) fn of(path: &Path, cdr: &Cdr) -> Option<Proof> {
    let archived = *cdr.archived.clone()?;
    if !path.ends_with(&archived.file) {
        let finding = Finding::Missing;
        return Some(Proof { path: path.to_owned(), archived, finding });
    }
    let finding = match hash(path, &mut || true) {
        Ok((sha256, _)) if sha256 == archived.sha256 => Finding::Unaltered,
        Ok((sha256, _)) => Finding::Altered(sha256),
        Err(Error::System(e)) if e.kind() == io::ErrorKind::NotFound => Finding::Missing,
        Err(why) => Finding::Unread(why.to_string()),
    };
    Some(Proof { path: path.to_owned(), archived, finding })
}

impl Proof {
    /// 1 where the file is altered or missing.
    pub(in crate::cli) fn exit(&self) -> Exit {
        match self.finding {
            Finding::Unaltered | Finding::Expired => Exit::Ok,
            Finding::Altered(_) | Finding::Missing | Finding::Unread(_) => Exit::Bad,
        }
    }

    /// What was found, in a sentence.
    pub(in crate::cli) fn sentence(&self, lang: Lang) -> String {
        let (file, wanted) = (&self.archived.file, &self.archived.sha256);
        match (&self.finding, lang) {
            (Finding::Unaltered, Lang::Zh) => format!("录音未被改动 · SHA-256 {wanted}"),
            (Finding::Unaltered, Lang::En) => format!("unaltered · SHA-256 {wanted}"),
            (Finding::Altered(is), Lang::Zh) => {
                format!("✗ 录音已被改动：话单记载 SHA-256 {wanted}，文件 {} 是 {is}", self.path.display())
            }
            (Finding::Altered(is), Lang::En) => {
                format!("✗ ALTERED: the record has SHA-256 {wanted}, the file {} has {is}", self.path.display())
            }
            (Finding::Missing, Lang::Zh) => format!("✗ 录音文件缺失：话单记载 {file}，SHA-256 {wanted}"),
            (Finding::Missing, Lang::En) => format!("✗ MISSING: the record tells of {file}, SHA-256 {wanted}"),
            (Finding::Expired, Lang::Zh) => format!("录音已过保存期限：{file}"),
            (Finding::Expired, Lang::En) => format!("the recording is past its retention: {file}"),
            (Finding::Unread(why), Lang::Zh) => format!("✗ 无法核对录音 {}：{why}", self.path.display()),
            (Finding::Unread(why), Lang::En) => format!("✗ {} cannot be checked: {why}", self.path.display()),
        }
    }

    /// The same as a failure.
    pub(super) fn failure(&self) -> Failure {
        Failure::new(self.exit(), self.sentence(Lang::Zh), self.sentence(Lang::En))
    }

    /// The same as a document.
    pub(in crate::cli) fn document(&self) -> Value {
        let (finding, sha256) = match &self.finding {
            Finding::Unaltered => ("unaltered", Some(&self.archived.sha256)),
            Finding::Altered(is) => ("altered", Some(is)),
            Finding::Missing => ("missing", None),
            Finding::Expired => ("expired", None),
            Finding::Unread(_) => ("unread", None),
        };
        json!({ "finding": finding, "file": self.path, "sha256": sha256, "recorded": self.archived })
    }
}
