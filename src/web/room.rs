//! How much room the disks of the daemon's folders have.

use super::views::Folder;
use crate::exchange::Storage;
use rustix::fs::statvfs;
use serde::Serialize;

/// How much room the disks have, and recordings.
#[derive(Debug, Default)]
pub(super) struct Room {
    pub disks: Vec<Disk>,
    pub storage: Option<Storage>,
}

/// A disk, as it is told.
#[derive(Debug, Serialize)]
pub(super) struct Disk {
    pub what: &'static str,
    pub zh: &'static str,
    pub en: &'static str,
    pub path: String,
    /// Bytes.
    pub free: u64,
    pub total: u64,
}

/// The disks of the daemon's folders; beside everything else, since a share that hangs would hold it up.
pub(super) async fn disks(folders: &[Folder]) -> Vec<Disk> {
    let folders = folders.to_vec();
    let look = move || {
        let disk = |folder: Folder| {
            // A folder that is not there yet will be made in the nearest one that is.
            let standing = folder.path.ancestors().find(|path| path.is_dir())?;
            let disk = statvfs(standing).ok()?;
            let (free, total) = (disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize);
            let (what, zh, en) = folder.what;
            Some(Disk { what, zh, en, path: folder.path.display().to_string(), free, total })
        };
        folders.into_iter().filter_map(disk).collect()
    };
    tokio::task::spawn_blocking(look).await.unwrap_or_default()
}
