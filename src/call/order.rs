//! What an agent or a supervisor orders, and why it may not be possible now. Each order does its one thing or changes nothing.

use super::reach::Reachable;
use crate::fact::{Brief, Supervision, Way};
use crate::id::SeatId;
use std::sync::Arc;

/// What an agent or a supervisor orders, by a key, the API or the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Bring somebody in.
    Reach(Arc<Reachable>, Way, Brief),
    /// 离开: the agent leaves; caller and target go on.
    Leave,
    /// 取消: the target that is being reached, or has joined, goes.
    Cancel,
    /// Talk to the target alone, to the caller alone, and so on in turn.
    Swap,
    /// 三方: whoever is apart joins the others.
    Together,
    /// Back to the caller: the target goes.
    Back,
    /// 保持: the agent hears nobody and nobody hears him, or no longer so.
    Hold(bool),
    /// 静音: nobody hears the agent, or they do again.
    Mute(bool),
    /// The recording begins, where it is made on demand.
    Record,
    /// Nothing is kept, or it is again; why.
    Pause(bool, String),
    /// 班长: a supervisor is in the talk so, or changes how he is there; `Call::supervise`.
    Supervise {
        /// His seat.
        seat: SeatId,
        /// How.
        mode: Supervision,
        /// Who ordered it.
        who: String,
        /// Why.
        why: String,
    },
    /// The supervisor goes; `Call::dismiss`.
    Dismiss,
}

/// Why an order cannot be carried out now: nothing has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Conflict {
    /// Caller and agent do not talk.
    NoTalk,
    /// Whoever orders is not the agent of this talk.
    NotTheAgent,
    /// Somebody is being brought in already, or is there.
    Busy,
    /// Nobody is there whom it could be about.
    Nobody,
    /// It is so already.
    Already,
    /// The seat's phone has a call in hand, or cannot be reached.
    SeatBusy,
    /// The call is not recorded.
    NotRecorded,
}
