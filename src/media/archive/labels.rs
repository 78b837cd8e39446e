//! What stands in the comments of a packed file (Vorbis comments, in FLAC and in Opus): who speaks where, and the cues.

use crate::audio::tracks::{CUES, Cue, Opening};

/// Names of the comments.
const CHANNELS: &str = "CHANNELS";
const MARKS: &str = "CUES";
/// Who speaks on each channel (`patch::tape`).
const PARTIES: &str = "caller,agent,third party,supervisor";

/// Every comment with its value.
pub(super) fn all(opening: &Opening) -> Vec<(&'static str, String)> {
    let mut all = vec![(CHANNELS, PARTIES.to_owned())];
    if !opening.cues.is_empty() {
        let cues = opening.cues.iter().map(|cue| format!("{}:{}", cue.at, cue.label));
        all.push((MARKS, cues.collect::<Vec<_>>().join(",")));
    }
    all
}

/// The cues, of a file whose comments `value` gives by name.
pub(super) fn cues(value: impl Fn(&str) -> Option<String>) -> Vec<Cue> {
    let one = |text: &str| {
        let (at, label) = text.split_once(':')?;
        let label = ["paused", "resumed"].into_iter().find(|known| *known == label)?;
        Some(Cue { at: at.parse().ok()?, label })
    };
    value(MARKS).unwrap_or_default().split(',').filter_map(one).take(CUES).collect()
}
