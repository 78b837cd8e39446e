//! What is asked about one trunk.

use crate::id::TrunkId;
use crate::sip::flow::Transport;
use crate::sip::locate::Place;

/// What is wanted of one trunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// Where calls to it go.
    Calls {
        /// The trunk.
        trunk: TrunkId,
        /// Its places, in their order.
        places: Vec<Place>,
        /// By what; `None`: as the names say.
        transport: Option<Transport>,
    },
    /// Which addresses it calls from.
    Sources {
        /// The trunk.
        trunk: TrunkId,
        /// Its names.
        places: Vec<Place>,
    },
}

impl Wanted {
    /// Of which trunk.
    #[must_use]
    pub fn trunk(&self) -> &TrunkId {
        match self {
            Self::Calls { trunk, .. } | Self::Sources { trunk, .. } => trunk,
        }
    }

    pub(super) fn places(&self) -> &[Place] {
        match self {
            Self::Calls { places, .. } | Self::Sources { places, .. } => places,
        }
    }
}
