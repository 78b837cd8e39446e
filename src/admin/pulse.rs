//! How the daemon is, told by the signalling thread once a second at the most, read by any thread: nobody asks it for this.

use crate::exchange::Meters;
use crate::store::Health;
use crate::transport::Counts;
use arc_swap::ArcSwap;
use std::collections::VecDeque;
use std::sync::Arc;

/// One look.
#[derive(Debug, Clone, Default)]
pub struct Pulse {
    /// When, µs of the daemon's monotonic clock; 0: it has not begun to serve.
    pub at: u64,
    /// The exchange.
    pub meters: Meters,
    /// SIP sockets.
    pub transport: Counts,
    /// TCP connections.
    pub connections: usize,
    /// RTP packets that the system did not take.
    pub media_dropped: u64,
    /// Commands that a media thread had no room for.
    pub media_refused: u64,
    /// Media events that the signalling thread had no room for.
    pub media_lost: u64,
    /// The most that sound was sent late by of late, µs.
    pub media_late: u64,
    /// The longest that a datagram waited in the kernel of late, µs.
    pub waited: u64,
    /// The journal.
    pub journal: Health,
    /// Facts written since the start.
    pub facts: u64,
    /// Facts that the records' thread has not folded yet.
    pub unfolded: u64,
    /// Records that wait for the database.
    pub unbooked: u64,
    /// Why records cannot be booked, while that is so.
    pub unbookable: Option<String>,
    /// Alarms since the start.
    pub alarms: u64,
    /// The last alarms that were told: the number of each in this run, when (µs since the epoch), of what, and what.
    pub told: Arc<VecDeque<(u64, i64, String, String)>>,
    /// Processor time of the signalling thread, ‰ of a processor.
    pub busy_permille: u16,
}

/// Where it stands for every reader.
pub type Beat = Arc<ArcSwap<Pulse>>;
