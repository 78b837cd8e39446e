//! The folder of the records of a daemon that keeps none.

use super::Error;
use super::seed::seed;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

/// A state folder of its own that goes with the daemon.
pub(super) struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        // Left behind on failure: it is below the system's temporary folder.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The folder that was named, or one that goes with the daemon.
pub(super) fn state_folder(named: Option<PathBuf>) -> Result<(PathBuf, Option<Temporary>), Error> {
    if let Some(named) = named {
        return Ok((named, None));
    }
    let folder = temporary_folder()?;
    Ok((folder.clone(), Some(Temporary(folder))))
}

fn temporary_folder() -> Result<PathBuf, Error> {
    let [a, b, c, d, ..] = seed();
    let name = format!("switchboard-{}-{:08x}", std::process::id(), u32::from_le_bytes([a, b, c, d]));
    let path = std::env::temp_dir().join(name);
    DirBuilder::new().mode(0o700).create(&path).map_err(|e| Error::Machine(path.display().to_string(), e))?;
    Ok(path)
}
