//! Files and folders of recordings: their owner's alone, whatever the umask says.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

const FOLDER: u32 = 0o700;
const FILE: u32 = 0o600;

/// Makes a folder, 0700, and those above it that are missing. One that is there stays as it is.
///
/// # Errors
/// As the system says.
pub(super) fn folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(above) = path.parent().filter(|above| !above.as_os_str().is_empty()) {
        folder(above)?;
    }
    match DirBuilder::new().mode(FOLDER).create(path) {
        Ok(()) => fs::set_permissions(path, Permissions::from_mode(FOLDER)),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(e) => Err(e),
    }
}

/// Takes every right of others at a folder away; true if they had one.
///
/// # Errors
/// As the system says.
pub(super) fn close(path: &Path) -> io::Result<bool> {
    let open = fs::metadata(path)?.permissions().mode() & 0o077 != 0;
    if open {
        fs::set_permissions(path, Permissions::from_mode(FOLDER))?;
    }
    Ok(open)
}

/// Makes a file, 0600, that was not there.
///
/// # Errors
/// As the system says; [`io::ErrorKind::AlreadyExists`].
pub(super) fn file(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().read(true).write(true).create_new(true).mode(FILE).open(path)?;
    file.set_permissions(Permissions::from_mode(FILE))?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_is_its_owners_alone_and_what_is_there_is_closed_on_demand() {
        let root = std::env::temp_dir().join(format!("switchboard-private-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        fs::create_dir(&root).unwrap();
        fs::set_permissions(&root, Permissions::from_mode(0o755)).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let day = root.join("recordings/20211215");
        folder(&day).unwrap();
        file(&day.join("x.wav")).unwrap();
        assert_eq!((mode(&day), mode(&root.join("recordings"))), (0o700, 0o700));
        assert_eq!((mode(&day.join("x.wav")), mode(&root)), (0o600, 0o755));
        assert_eq!(file(&day.join("x.wav")).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert!(folder(&day.join("x.wav")).is_err());
        assert!(close(&root).unwrap() && !close(&root).unwrap() && mode(&root) == 0o700);
        let _ = fs::remove_dir_all(&root);
    }
}
