//! What the API has of others: what it answers from without asking the exchange, and where it hands telephones to.

use crate::admin::{Beat, Task};
use crate::call::Snapshot;
use crate::clock::Clock;
use crate::live::Board;
use crate::media::archive::Keys;
use crate::store::Shown;
use crate::transport::Secured;
use crate::transport::websocket::Entrance;
use arc_swap::ArcSwap;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::mpsc;

/// What the configuration says that pages show.
#[derive(Debug, Clone, Default)]
pub struct House {
    /// What a break may be for.
    pub breaks: Vec<String>,
    /// How long one for this may be, minutes.
    pub break_minutes: BTreeMap<String, u32>,
    /// The realm in which telephones prove themselves.
    pub realm: String,
    /// The state folder: records and journal.
    pub state: PathBuf,
    /// The folder of recordings, and the keys that open sealed ones.
    pub recordings: PathBuf,
    /// See there.
    pub keys: Arc<Keys>,
    /// Operators may put plans in force from their pages.
    pub plan_by_pages: bool,
    /// Folders whose disks are looked at.
    pub folders: Vec<Folder>,
}

/// A folder that must have room.
#[derive(Debug, Clone)]
pub struct Folder {
    /// What is in it: in a word, in Chinese, in English.
    pub what: (&'static str, &'static str, &'static str),
    /// Where it is.
    pub path: PathBuf,
}

/// Values that others publish.
#[derive(Debug, Clone)]
pub struct Views {
    /// The daemon's clock.
    pub clock: Clock,
    /// The plan in force.
    pub plan: Arc<ArcSwap<Snapshot>>,
    /// The figures over ended calls.
    pub figures: Shown,
    /// How the daemon is.
    pub pulse: Beat,
    /// Calls, seats and groups as they are.
    pub board: Arc<Board>,
    /// Words and names of the house that pages offer.
    pub house: House,
    /// The signalling's way in for telephones in pages; `None`: there is none.
    pub phones: Option<Entrance>,
    /// Orders to whoever keeps the dialplan, bounded; `None`: nobody does.
    pub planner: Option<mpsc::Sender<Task>>,
    /// What connections are encrypted by; `None`: they are not.
    pub tls: Option<Secured>,
}
