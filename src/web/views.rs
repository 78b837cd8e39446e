//! What the API has of others: what it answers from without asking the exchange, and where it hands telephones to.

use crate::admin::Beat;
use crate::call::Snapshot;
use crate::clock::Clock;
use crate::live::Board;
use crate::media::archive::Keys;
use crate::store::Shown;
use crate::transport::websocket::Entrance;
use arc_swap::ArcSwap;
use std::path::PathBuf;
use std::sync::Arc;

/// What the configuration says that pages show.
#[derive(Debug, Clone, Default)]
pub struct House {
    /// What a break may be for.
    pub breaks: Vec<String>,
    /// The realm in which telephones prove themselves.
    pub realm: String,
    /// The state folder: records and journal.
    pub state: PathBuf,
    /// The folder of recordings, and the keys that open sealed ones.
    pub recordings: PathBuf,
    /// See there.
    pub keys: Arc<Keys>,
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
}
