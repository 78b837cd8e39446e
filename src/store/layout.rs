//! Where things lie in the state directory.

use std::path::{Path, PathBuf};

/// The folder of the journal's segments.
pub fn journal_dir(dir: &Path) -> PathBuf {
    dir.join("journal")
}

/// The database.
pub fn database_file(dir: &Path) -> PathBuf {
    dir.join("switchboard.db")
}
