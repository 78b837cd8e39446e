//! What operators ask: status, lists, hang-up, drain. Answers are values; how they are printed is the CLI's.

use super::rows::{CallRow, CallbackRow, GroupRow, SeatRow, Status, TrunkRow, WhyRow};
use super::storage::Storage;
use crate::call::{Conflict, Unfit};
use crate::fact::{Brief, Supervision, Way};
use crate::id::{AgentId, CallRef, GroupId, SeatId};
use serde::{Deserialize, Serialize};

/// A password on its way: it is never printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A question or order of an operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// How the exchange stands.
    Status,
    /// Live calls.
    Calls,
    /// One live call.
    Call {
        /// Which.
        call: CallRef,
    },
    /// Seats with their state.
    Seats,
    /// Groups with their lines.
    Groups,
    /// Trunks.
    Trunks,
    /// The room that recordings take.
    Recordings,
    /// End a call.
    HangUp {
        /// Which.
        call: CallRef,
    },
    /// Bring somebody of the directory into a live call, as its agent's own key would. [`Answer::Asked`].
    Transfer {
        /// Which call.
        call: CallRef,
        /// A number of the directory.
        to: String,
        /// How.
        way: Way,
        /// What goes with it.
        #[serde(default)]
        brief: Brief,
        /// Who orders it, as his door knows him; empty: the agent.
        #[serde(default)]
        by: String,
    },
    /// What the agent of a live call could order by a key, and more.
    Conference {
        /// Which call.
        call: CallRef,
        /// What.
        verb: Verb,
        /// Who orders it; empty: the agent.
        #[serde(default)]
        by: String,
        /// Why, in his words.
        #[serde(default)]
        why: String,
    },
    /// A seat's own leg of a call ends as if its phone had hung up; where it rings, the call is declined.
    Release {
        /// Which call.
        call: CallRef,
        /// Whose leg; by default that of the call's agent.
        #[serde(default)]
        seat: Option<SeatId>,
        /// Who orders it.
        #[serde(default)]
        by: String,
    },
    /// Keys that a seat's phone would have pressed, towards whomever he talks to; they are no feature codes.
    Digits {
        /// Which call.
        call: CallRef,
        /// Whose; by default the call's agent.
        #[serde(default)]
        seat: Option<SeatId>,
        /// `0-9 * # A-D`.
        digits: String,
        /// Who orders it.
        #[serde(default)]
        by: String,
    },
    /// 班长: a supervisor's phone is called and joins a live call so, or changes how it is there.
    Supervise {
        /// Which call.
        call: CallRef,
        /// The supervisor's seat.
        seat: SeatId,
        /// How.
        mode: Supervision,
        /// Who orders it.
        #[serde(default)]
        by: String,
        /// Why, in his words; never empty.
        why: String,
        /// Whoever orders it may, by his account: the seat need not supervise the group by the configuration.
        #[serde(default)]
        granted: bool,
    },
    /// Sign a person in at a seat, and set the seat's state.
    Seat {
        /// The seat.
        seat: SeatId,
        /// Who signs in; `None`: whoever sits there.
        #[serde(default)]
        agent: Option<AgentId>,
        /// The state; `None`: as signing in leaves it.
        #[serde(default)]
        state: Option<SeatSet>,
        /// What a break is for; empty: a break.
        #[serde(default)]
        reason: String,
        /// Who orders it.
        #[serde(default)]
        by: String,
    },
    /// A password for a seat's phone that holds for a while, beside its own: for a page whose person has proved himself.
    Lend {
        /// The seat.
        seat: SeatId,
        /// The password.
        password: Secret,
        /// How long it holds, s.
        seconds: u32,
    },
    /// What was lent for a seat holds no more; a phone that is there by it is there no more.
    TakeBack {
        /// The seat.
        seat: SeatId,
    },
    /// Why a call waits in its line.
    Why {
        /// Which.
        call: CallRef,
    },
    /// Messages of the signalling that are still in memory.
    Trace {
        /// A call's reference, or a number; `None`: all.
        #[serde(default)]
        what: Option<String>,
        /// Those after this one only.
        #[serde(default)]
        after: u64,
        /// The RTP of its calls too, from now on and for five seconds more: headers only.
        #[serde(default)]
        rtp: bool,
    },
    /// Callers who are to be called back.
    Callbacks,
    /// A seat calls one of them back.
    TakeCallback {
        /// Which: the call that it comes from.
        callback: CallRef,
        /// The seat.
        seat: SeatId,
        /// Who orders it.
        #[serde(default)]
        by: String,
    },
    /// One of them need not be called back any more.
    EndCallback {
        /// Which.
        callback: CallRef,
        /// Who says so.
        #[serde(default)]
        by: String,
        /// What came of it, in his words.
        #[serde(default)]
        note: String,
    },
    /// Put a group out of service, or into service again: its callers go where the plan says.
    Disaster {
        /// The group.
        group: GroupId,
        /// Out of service.
        on: bool,
        /// Who orders it.
        #[serde(default)]
        by: String,
        /// Why, in his words.
        #[serde(default)]
        reason: String,
    },
    /// Take no new calls.
    Drain,
    /// End every call now: the drain's limit is over, or nobody talks any more. Whoever drains takes no emergency call either from now on.
    EndAll,
}

/// The answer to a [`Command`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// To [`Command::Status`].
    Status(Status),
    /// To [`Command::Calls`].
    Calls {
        /// Each live call, oldest first.
        calls: Vec<CallRow>,
    },
    /// To [`Command::Call`].
    Call {
        /// As it is now.
        call: Box<CallRow>,
    },
    /// To [`Command::Seats`].
    Seats {
        /// Each seat.
        seats: Vec<SeatRow>,
    },
    /// To [`Command::Why`].
    Why {
        /// What keeps it waiting.
        why: WhyRow,
    },
    /// To [`Command::Trace`].
    Trace {
        /// The oldest first.
        messages: Vec<TraceRow>,
        /// There are more after the last of these.
        more: bool,
        /// Messages are kept at all.
        on: bool,
        /// The number of the last one that was kept.
        last: u64,
    },
    /// To [`Command::Callbacks`].
    Callbacks {
        /// Each, by its place.
        callbacks: Vec<CallbackRow>,
    },
    /// To [`Command::Groups`].
    Groups {
        /// Each group of the plan.
        groups: Vec<GroupRow>,
    },
    /// To [`Command::Trunks`].
    Trunks {
        /// Each trunk.
        trunks: Vec<TrunkRow>,
    },
    /// To [`Command::Recordings`].
    Recordings {
        /// As it was counted last; `None`: nobody keeps recordings.
        storage: Option<Storage>,
    },
    /// Done.
    Done,
    /// There is no such call, call-back or group.
    Unknown,
    /// Not now: nothing has changed.
    Conflict {
        /// Why.
        why: Conflict,
    },
    /// The number is in no directory.
    NotReachable,
    /// The transfer has begun; [`CallRow::transfers`] says what becomes of it.
    Asked {
        /// Its number within the call, from 1.
        transfer: u32,
    },
    /// This seat may not do that: it is no supervisor's of the call's group.
    Forbidden,
    /// The order about a seat cannot be carried out: nothing has changed, or only that somebody has signed in.
    Unfit {
        /// Why.
        why: Unfit,
    },
}

/// A state that a seat can be set to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SeatSet {
    /// 示闲.
    Ready,
    /// 小休, 示忙.
    Break,
    /// 话后整理.
    WrapUp,
    /// 签出.
    Out,
}

impl SeatSet {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Ready, Self::Break, Self::WrapUp, Self::Out];

    /// The word for it at every door.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Break => "break",
            Self::WrapUp => "wrap-up",
            Self::Out => "out",
        }
    }
}

/// An order about a talk of three.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// The agent leaves; the others go on.
    Leave,
    /// The target goes, whether it rings or has joined.
    Cancel,
    /// Agent and target alone, agent and caller alone, in turn.
    Swap,
    /// All three, after [`Verb::Swap`] or a consultation.
    Together,
    /// Back to the caller: the target goes.
    Back,
    /// The agent hears nobody and is heard by nobody; a caller left alone hears music.
    Hold,
    /// The end of [`Verb::Hold`].
    Resume,
    /// The agent is not heard.
    Mute,
    /// He is again.
    Unmute,
    /// The call is recorded from now on, where its group records on demand.
    Record,
    /// Nothing is kept until [`Verb::Continue`]: a card or identity number is said.
    Pause,
    /// The end of [`Verb::Pause`].
    Continue,
    /// The supervisor goes.
    Dismiss,
    /// The agent leaves the caller to the question how he was served.
    Survey,
}

/// A message that has come or gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceRow {
    /// Counts all that were kept.
    pub seq: u64,
    /// When, µs since the epoch by the daemon's clock.
    pub at: i64,
    /// It has gone.
    pub sent: bool,
    /// `udp`, `tcp`, `tls`, `ws`, `wss`; `rtp`.
    pub transport: String,
    /// Our address.
    pub local: std::net::SocketAddr,
    /// The other side's.
    pub peer: std::net::SocketAddr,
    /// Of its dialog.
    pub call_id: String,
    /// The message; what lets somebody else in is masked. Empty for RTP.
    pub text: String,
    /// It is a packet of RTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rtp: Option<RtpRow>,
}

/// A packet of RTP (RFC 3550 §5.1), without what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RtpRow {
    /// Which call's.
    pub call: CallRef,
    /// Payload type.
    pub payload_type: u8,
    /// The marker.
    pub marker: bool,
    /// Sequence number.
    pub sequence: u16,
    /// Timestamp.
    pub timestamp: u32,
    /// Source.
    pub ssrc: u32,
    /// Bytes of its payload, and of what stands before that beside the fixed header.
    pub length: u16,
}
