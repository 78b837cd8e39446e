//! Closed lists: how a call ended, why a leg failed, who did it.

use serde::{Deserialize, Serialize};

/// How a call ended, as published (product §7). The sum over this list equals the calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A person answered and was connected.
    Connected,
    /// The caller hung up while a transition prompt played.
    AbandonedInPrompt,
    /// The caller hung up while waiting or ringing.
    Abandoned,
    /// The caller asked to be called back, and his place is kept.
    Callback,
    /// A feature code of a seat: the switch has done what was asked of it, or said why not.
    Served,
    /// A cancelled number: the announcement was given, 410 sent.
    CancelledNumber,
    /// The number is in no directory, or not for this caller (404, 403, 484 …).
    Refused,
    /// All seats and overflows were tried; nobody answered.
    NoAnswer,
    /// The called seat or exchange was busy.
    Busy,
    /// No trunk or seat could be reached.
    Unreachable,
    /// Load or draining: the switch did not take the call.
    Shed,
    /// We failed it: internal error, no port, bad offer.
    Failed,
    /// The daemon died while the call lived; written on the next start. Journals before 0.9 say `crashed`.
    #[serde(alias = "crashed")]
    Interrupted,
}

impl Outcome {
    /// The whole list, in order.
    pub const ALL: [Self; 13] = [
        Self::Connected,
        Self::AbandonedInPrompt,
        Self::Abandoned,
        Self::Callback,
        Self::Served,
        Self::CancelledNumber,
        Self::Refused,
        Self::NoAnswer,
        Self::Busy,
        Self::Unreachable,
        Self::Shed,
        Self::Failed,
        Self::Interrupted,
    ];

    /// Its word in JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::AbandonedInPrompt => "abandoned_in_prompt",
            Self::Abandoned => "abandoned",
            Self::Callback => "callback",
            Self::Served => "served",
            Self::CancelledNumber => "cancelled_number",
            Self::Refused => "refused",
            Self::NoAnswer => "no_answer",
            Self::Busy => "busy",
            Self::Unreachable => "unreachable",
            Self::Shed => "shed",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        }
    }
}

/// Who ended something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    /// The caller's side.
    Caller,
    /// The called side: seat, department, trunk.
    Callee,
    /// The switch.
    Switch,
}

/// Why, in the words of the operating floor; mapped to and from SIP status and Q.850 in `call/cause.rs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Ordinary clearing (Q.850 16).
    Normal,
    /// Busy (17).
    Busy,
    /// Rang without an answer (19).
    NoAnswer,
    /// Nobody there: no binding, no response at all (18, 20).
    Unreachable,
    /// Rejected by the called side (21).
    Rejected,
    /// The number has changed or is cancelled (22).
    NumberChanged,
    /// The number does not exist (1).
    Unallocated,
    /// The digits are no valid number (28).
    InvalidNumber,
    /// No circuit, congestion (34, 42).
    Congestion,
    /// Not allowed for this caller (57).
    Forbidden,
    /// No codec in common (65, 88).
    Media,
    /// A timer of the protocol ran out (102).
    Timeout,
    /// A loop or too many hops (25).
    Loop,
    /// The phone or exchange is gone: no RTP, session timer, flow lost (27).
    Lost,
    /// No seat is signed in.
    NoSeat,
    /// Waited as long as the plan allows.
    WaitedLong,
    /// The other side stopped before an answer (487).
    CallerGone,
    /// Another destination took it (call completed elsewhere, 26).
    Elsewhere,
    /// The group is in disaster mode (27).
    Disaster,
    /// The caller will be called back (16).
    CalledBack,
    /// The switch itself has done what was asked of it (16).
    Served,
    /// The exchange is draining or overloaded (42).
    Shed,
    /// Internal error (41).
    Internal,
}
