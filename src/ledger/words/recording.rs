//! A recording in words.

use super::terms::{of_nobody, ordered};
use crate::fact::{Fact, Lang};

/// One fact of a recording as a sentence.
pub(super) fn sentence(fact: &Fact, lang: Lang) -> String {
    match fact {
        Fact::RecordingStarted { file } => format!("{} {file}.wav", lang.of("开始录音", "recording to")),
        Fact::RecordingPaused { paused, ordered_by, why } => {
            let how = if *paused {
                lang.of("暂停录音", "recording paused")
            } else {
                lang.of("恢复录音", "recording goes on")
            };
            let why = if why.is_empty() { String::new() } else { format!(" · {why}") };
            format!("{how}{}{why}", ordered(ordered_by, lang))
        }
        Fact::RecordingEnded { ms } => {
            format!("{} {}.{:03} s", lang.of("录音结束", "recording finished"), ms / 1_000, ms % 1_000)
        }
        Fact::RecordingArchived { archived } => {
            let word = lang.of("录音归档", "recording kept as");
            format!("{word} {} · {} · SHA-256 {}", archived.file, bytes(archived.bytes), archived.sha256)
        }
        other => of_nobody(other),
    }
}

/// A length of a file for a person.
pub(in crate::ledger) fn bytes(count: u64) -> String {
    match count {
        0..=9_999 => format!("{count} B"),
        10_000..=9_999_999 => format!("{} kB", count / 1_000),
        _ => format!("{} MB", count / 1_000_000),
    }
}
