//! Watches a folder for an operator who wants his edits in force without a command. Off unless the configuration says so.
//!
//! By its files' marks and no system events, so that it is the same on a network share; edits count once two looks agree.

use super::load::mark;
use std::fs;
use std::path::{Path, PathBuf};

/// One watched folder.
#[derive(Debug)]
pub struct Watch {
    folder: PathBuf,
    /// As last told, and as last seen.
    told: u64,
    seen: u64,
}

impl Watch {
    pub(super) fn new(folder: &Path) -> Self {
        let now = fingerprint(folder);
        Self { folder: folder.to_owned(), told: now, seen: now }
    }

    /// Whether it has changed since last told, and stayed so between two looks.
    pub(super) fn has_settled(&mut self) -> bool {
        let now = fingerprint(&self.folder);
        let settled = now == self.seen && now != self.told;
        self.seen = now;
        if settled {
            self.told = now;
        }
        settled
    }
}

/// Of the names and marks of its TOML files.
fn fingerprint(folder: &Path) -> u64 {
    use std::hash::BuildHasher;
    let mut files: Vec<_> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|e| e.path().extension().is_some_and(|x| x == "toml"))
        .filter_map(|e| Some((e.file_name(), mark(&e.metadata().ok()?))))
        .collect();
    files.sort();
    foldhash::fast::FixedState::default().hash_one(files)
}
