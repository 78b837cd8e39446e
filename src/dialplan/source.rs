//! What a plan is made from: its texts, and what is known beside them.

use super::digits::Digits;
use crate::id::{PromptId, SeatId};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::sync::Arc;

/// One TOML file of a dialplan.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its path as diagnostics show it.
    pub file: String,
    /// Its text.
    pub text: Arc<str>,
}

impl Source {
    /// The file's name without its folders.
    #[must_use]
    pub fn name(&self) -> &str {
        self.file.rsplit('/').next().unwrap_or(&self.file)
    }
}

/// What the caller knows beside the files. `None` means: do not check.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The prompts there are.
    pub prompts: Option<BTreeSet<PromptId>>,
    /// The seats there are: no entry may take a seat's number.
    pub seats: Option<BTreeSet<SeatId>>,
    /// Numbers that some earlier version of the plan had already cancelled: they stay cancelled.
    pub cancelled: BTreeSet<Digits>,
    /// The moment of the check, µs since the epoch: cancelled numbers are judged by it.
    pub wall: Option<i64>,
}

/// 12 hex digits that name these texts: what [`Plan::version`] of a plan made from them is.
#[must_use]
pub fn version_of(sources: &[Source]) -> Box<str> {
    let mut hash = Sha256::new();
    for source in sources {
        for part in [source.name().as_bytes(), source.text.as_bytes()] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
    }
    hash.finalize().iter().take(6).map(|b| format!("{b:02x}")).collect()
}
