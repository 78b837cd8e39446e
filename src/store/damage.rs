//! A database that is damaged is set aside as it is, for who wants to look, and a new one begun in its place.

use super::{Database, Error, Position};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The files of one SQLite database.
const FILES: [&str; 3] = ["", "-wal", "-shm"];

/// Opens the database and reads how far it is folded. The third is true when it was damaged and a new one has been begun.
///
/// # Errors
/// [`Error`].
pub async fn open(path: &Path) -> Result<(Database, Position, bool), Error> {
    let first = opened(path).await;
    match first {
        Err(error) if error.is_damage() => {
            set_aside(path, &error)?;
            let (database, position) = opened(path).await?;
            Ok((database, position, true))
        }
        first => first.map(|(database, position)| (database, position, false)),
    }
}

async fn opened(path: &Path) -> Result<(Database, Position), Error> {
    let mut database = Database::open(path).await?;
    let position = database.position().await?;
    Ok((database, position))
}

/// Renames its files; nobody may have them open.
///
/// # Errors
/// [`Error::File`].
pub fn set_aside(path: &Path, why: &Error) -> Result<(), Error> {
    let aside = free_name(path);
    tracing::error!(error = %why, aside = %aside.display(), "the database of records is damaged: set aside and rebuilt from the journal");
    for end in FILES {
        match fs::rename(with(path, end), with(&aside, end)) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(Error::File { path: path.to_owned(), source });
            }
            _ => {}
        }
    }
    Ok(())
}

fn free_name(path: &Path) -> PathBuf {
    let mut names = (1u32..).map(|n| with(path, &format!(".damaged-{n}")));
    names.find(|name| !name.exists()).unwrap_or_else(|| with(path, ".damaged"))
}

fn with(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}
