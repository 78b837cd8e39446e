//! The cues in the head of a recording.

/// Length of the head: one page, the sound begins behind it.
pub const HEAD: usize = 4_096;
/// Cues that find room in the head; more are left out.
pub const CUES: usize = 80;

/// A place in the sound with a word to it (a pause and its end).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cue {
    /// Sample, from the beginning.
    pub at: u32,
    /// Up to 11 ASCII letters.
    pub label: &'static str,
}

/// The cues in a head, in order; other labels than ours are passed over.
pub fn cues(head: &[u8; HEAD]) -> Vec<Cue> {
    let word = |at: usize| {
        let bytes = head.get(at..at + 4).and_then(|b| b.try_into().ok());
        bytes.map_or(0, |b| u32::from_le_bytes(b) as usize)
    };
    let (mut at, mut points, mut labels) = (12, Vec::new(), Vec::new());
    while let Some(name) = head.get(at..at + 4).filter(|name| *name != b"data") {
        let (body, length) = (at + 8, word(at + 4));
        if name == b"cue " {
            let point = |i: usize| (word(body + 4 + i * 24), word(body + 8 + i * 24));
            points = (0..word(body).min(CUES)).map(point).collect();
        } else if name == b"LIST" {
            labels = labels_of(head.get(body + 4..body + length).unwrap_or_default());
        }
        at = body + length.next_multiple_of(2);
    }
    let labelled = |(id, at): (usize, usize)| {
        let label = labels.iter().find(|(name, _)| *name == id)?.1;
        Some(Cue { at: u32::try_from(at).ok()?, label })
    };
    points.into_iter().filter_map(labelled).collect()
}

/// Each cue's name and label, of a list behind its `adtl`.
fn labels_of(mut list: &[u8]) -> Vec<(usize, &'static str)> {
    let mut all = Vec::new();
    while let Some((head, rest)) = list.split_at_checked(8) {
        let length = head.get(4..8).and_then(|b| b.try_into().ok()).map_or(0, u32::from_le_bytes) as usize;
        let Some((body, after)) = rest.split_at_checked(length.next_multiple_of(2)) else { break };
        if let Some((id, text)) = body.split_at_checked(4).filter(|_| head.starts_with(b"labl")) {
            let id = id.try_into().map_or(0, u32::from_le_bytes) as usize;
            let text = text.split(|b| *b == 0).next().unwrap_or_default();
            all.extend(["paused", "resumed"].into_iter().find(|l| l.as_bytes() == text).map(|label| (id, label)));
        }
        list = after;
    }
    all
}
