//! From the signalling thread to the board: a bounded queue of values, and the thread behind it.

use super::board::Board;
use super::group::Groups;
use crate::exchange::Change;
use std::io;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Bundles of changes that may wait: three seconds of them.
const QUEUE: usize = 64;

/// The signalling thread's end. The thread ends with it.
#[derive(Debug, Clone)]
pub struct Feed(mpsc::Sender<Vec<Change>>);

impl Feed {
    /// Gives what has changed, if there is room for it; else it is not even asked for, and waits where it is. Never blocks.
    pub fn offer(&self, changes: impl FnOnce() -> Vec<Change>) -> bool {
        let Ok(place) = self.0.try_reserve() else { return false };
        let changes = changes();
        if !changes.is_empty() {
            place.send(changes);
        }
        true
    }
}

/// Begins the thread of a board.
///
/// # Errors
/// What the system said.
pub fn start(board: Arc<Board>) -> io::Result<Feed> {
    let (feed, mut changes) = mpsc::channel(QUEUE);
    let work = move || {
        let mut groups = Groups::default();
        while let Some(changes) = changes.blocking_recv() {
            board.take(changes, &mut groups);
        }
    };
    std::thread::Builder::new().name("live".into()).spawn(work)?;
    Ok(Feed(feed))
}
