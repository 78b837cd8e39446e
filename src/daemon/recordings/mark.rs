//! Which key the recordings of a folder were sealed by last: so that a start with another one by mistake is noticed at once.

use super::super::Error;
use crate::media::archive::Keys;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

const MARK: &str = ".key";

/// Holds the keys at hand against the folder's mark, and writes the name of the one that seals from now on.
///
/// # Errors
/// [`Error::Key`]: the last recordings could not be opened any more; or the mark cannot be read or written.
pub(super) fn check(folder: &Path, keys: &Keys) -> Result<(), Error> {
    let Some(sealing) = &keys.sealing else { return Ok(()) };
    let path = folder.join(MARK);
    let failed = |e: io::Error| Error::Machine(path.display().to_string(), e);
    let last = match fs::read_to_string(&path) {
        Ok(text) => Some(text.trim().to_owned()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => None,
        Err(e) => return Err(failed(e)),
    };
    let name = sealing.id().to_string();
    if let Some(last) = last {
        let known = keys.opening.iter().any(|key| key.id().to_string() == last);
        if last == name {
            return Ok(());
        }
        if !known {
            return Err(Error::Key { mark: path, last, given: name });
        }
    }
    let fresh = path.with_extension("new");
    let file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh);
    file.and_then(|mut file| {
        writeln!(file, "{name}")?;
        file.sync_all()?;
        fs::rename(&fresh, &path)
    })
    .map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::archive::Key;

    #[test]
    fn a_key_that_cannot_open_the_last_recordings_is_refused_until_the_former_one_is_named() {
        let folder = std::env::temp_dir().join(format!("switchboard-key-mark-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let key = |digit: &str| Key::parse(&digit.repeat(64)).unwrap();
        let with = |sealing: &str, opening: &[&str]| {
            let opening = opening.iter().map(|d| key(d)).collect();
            check(&folder, &Keys { sealing: Some(key(sealing)), opening })
        };
        assert!(check(&folder, &Keys::default()).is_ok() && !folder.join(MARK).exists());
        assert!(with("1", &[]).is_ok() && with("1", &[]).is_ok());
        let refused = with("2", &["3"]).unwrap_err();
        assert_eq!(refused.exit_code(), 78);
        assert!(refused.to_string().contains(&key("1").id().to_string()), "{refused}");
        assert!(with("2", &["1"]).is_ok() && with("2", &[]).is_ok(), "it is the last one now");
        assert!(with("1", &[]).is_err());
        let _ = fs::remove_dir_all(&folder);
    }
}
