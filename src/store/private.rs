//! Files and folders of the state: their owner's alone, whatever the umask says. Callers' numbers stand in them.

use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

const FOLDER: u32 = 0o700;
const FILE: u32 = 0o600;

/// Makes a folder, 0700, and those above it that are missing; one that is there is closed to others, those above it are not
/// touched.
///
/// # Errors
/// As the system says.
pub(super) fn folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(FOLDER).create(path)?;
    close(path, FOLDER)
}

/// How a file is opened that is made where it is missing: 0600.
pub(super) fn made() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true).mode(FILE);
    options
}

/// Makes a file that is missing, 0600, and closes one that is there to others.
///
/// # Errors
/// As the system says.
pub(super) fn file(path: &Path) -> io::Result<()> {
    drop(made().append(true).open(path)?);
    close(path, FILE)
}

/// The same for a file that need not be there.
///
/// # Errors
/// As the system says.
pub(super) fn if_there(path: &Path) -> io::Result<()> {
    match close(path, FILE) {
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(()),
        closed => closed,
    }
}

/// Takes the rights of others away, where they have any: only the owner may.
fn close(path: &Path, mode: u32) -> io::Result<()> {
    match fs::metadata(path)?.permissions().mode() & 0o077 {
        0 => Ok(()),
        _ => fs::set_permissions(path, Permissions::from_mode(mode)),
    }
}
