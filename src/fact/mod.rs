//! The vocabulary of what happens: one ordered stream of events. No behaviour.
//!
//! CDRs, metrics, KPIs and the wallboard are folds over [`Event`]; no module keeps a counter by hand.
//! Events are serialised as one JSON object a line; `v` is the schema version.

use crate::id::{AgentId, CallRef, GroupId, LegRef, PromptId, SeatId, TrunkId};
use serde::{Deserialize, Serialize};

mod dialog;
mod lang;
mod outcome;
mod quality;

pub use dialog::Dialog;
pub use lang::Lang;
pub use outcome::{Cause, Outcome, Party};
pub use quality::Quality;

/// Schema version written into every event.
pub const SCHEMA: u16 = 1;

/// One fact in the stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Schema version, [`SCHEMA`].
    pub v: u16,
    /// Position in the stream, without gaps; the journal replays from any.
    pub seq: u64,
    /// Wall clock, µs since the epoch.
    pub at: i64,
    /// The call it belongs to, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<CallRef>,
    /// What happened.
    #[serde(flatten)]
    pub fact: Fact,
}

/// Where a call came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A trunk: carrier or another exchange.
    Trunk(TrunkId),
    /// A registered seat.
    Seat(SeatId),
}

/// Whom a leg was sent to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// A seat.
    Seat(SeatId),
    /// A trunk, with the digits dialled on it.
    Trunk {
        /// The trunk.
        trunk: TrunkId,
        /// Digits in the request-URI.
        number: String,
    },
}

impl Target {
    /// The seat, if it is one.
    #[must_use]
    pub fn seat(&self) -> Option<&SeatId> {
        match self {
            Self::Seat(seat) => Some(seat),
            Self::Trunk { .. } => None,
        }
    }
}

/// What kind of service the call is counted under (product §7: published apart).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// A hotline number, hub included.
    Hotline,
    /// A cancelled number: announcement, then 410.
    Cancelled,
    /// 110, 119, 120, 122.
    Emergency,
    /// Seat to seat, seat to utility.
    Internal,
    /// Refused before any service: unknown number, not allowed.
    Refused,
}

/// How a plan comes into force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// The daemon started with it.
    Start,
    /// The folder was read again.
    #[default]
    Reload,
    /// A reviewed plan was applied.
    Apply,
    /// An earlier version was taken back.
    Rollback,
}

/// How somebody is brought into a talk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// 三方: all hear each other once the target answers; the agent leaves when he likes.
    ThreeWay,
    /// The agent leaves by himself when the target answers.
    OnAnswer,
    /// 咨询: the caller hears music while agent and target talk.
    Consult,
    /// 盲转: the agent leaves at once; the caller comes back to him if the target cannot be had.
    Blind,
    /// The agent has called the target himself, and hands the caller over to it.
    Attended,
}

/// What goes to the target of a transfer with the caller.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Brief {
    /// Why, in the agent's words.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Where the caller is, as far as it is known.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub location: String,
}

/// A recording's file as it is kept after the call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Archived {
    /// Below the folder of recordings, with its ending: `20211215/5bhd7pq5c01.flac`.
    pub file: String,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of the file, hexadecimal.
    pub sha256: String,
    /// SHA-256 of the sound as it was recorded (A-law, the channels by turns), where the file has all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sound_sha256: Option<String>,
    /// The name of the key that it is sealed by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// How a supervisor is in a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Supervision {
    /// 监听: hears everyone, is heard by nobody.
    Listen,
    /// 耳语: heard by the agent only.
    Whisper,
    /// 强插: everyone hears everyone.
    Barge,
    /// 接管: takes the agent's place, who leaves.
    TakeOver,
}

/// Why a caller will wait longer than he was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Longer {
    /// Seats have left.
    FewerSeats,
    /// Somebody of a lower rank has come: a returned caller.
    Overtaken,
    /// The talks in hand last longer than talks did.
    LongTalks,
}

/// Somebody who is to be called back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owed {
    /// The call in which he asked for it, or that failed him.
    pub callback: CallRef,
    /// Whom to call.
    pub number: String,
    /// The trunk that he came by.
    pub trunk: TrunkId,
    /// The number that he dialled.
    pub dialled: String,
    /// The group that he waited in.
    pub group: GroupId,
    /// The skill that his line asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skill: Option<String>,
    /// His place in its line, wall µs.
    pub place: i64,
    /// Why.
    pub why: Missed,
    /// How often he has been called.
    #[serde(default)]
    pub tries: u32,
}

/// Who is signed in where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sat {
    /// The seat.
    pub seat: SeatId,
    /// The person.
    pub agent: AgentId,
    /// The seat's state, in the words of [`Fact::SeatState`].
    pub state: String,
}

/// Why somebody is to be called back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Missed {
    /// He asked for it.
    Asked,
    /// He gave up waiting.
    Abandoned,
    /// There was no room for his call.
    Shed,
    /// His call was cut off when the switch died.
    Interrupted,
}

/// What came of a call-back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recovered {
    /// The caller was reached.
    Reached,
    /// He was called as often as is usual, and never reached.
    Unreached,
    /// Somebody closed it by hand.
    Closed,
    /// It grew too old, or too many came after it.
    Expired,
}

/// What came of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransferResult {
    /// The target answered and joined.
    Joined,
    /// It could not be had: `cause` says why. The caller stayed with the agent.
    Failed,
    /// The agent took it back.
    Cancelled,
    /// The caller hung up meanwhile.
    CallerGone,
    /// The agent was lost or hung up meanwhile; the caller went to the head of the queue.
    AgentGone,
}

/// What happened. Tagged by `what` in JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
#[expect(missing_docs, reason = "fields carry the words of the variant's own sentence")]
pub enum Fact {
    /// The daemon began to serve.
    DaemonStarted {
        version: String,
        plan: String,
    },
    /// The daemon stopped in order; live calls had ended or were released.
    DaemonStopped,
    /// A plan was put in force while the daemon ran. `uid` is the user at the admin socket, as the system says.
    PlanLoaded {
        plan: String,
        #[serde(default)]
        how: How,
        #[serde(default)]
        author: String,
        #[serde(default)]
        uid: Option<u32>,
        #[serde(default)]
        note: String,
    },
    /// A plan was to be put in force and has mistakes: the one before it stays.
    PlanRefused {
        how: How,
        author: String,
        uid: Option<u32>,
        mistakes: u32,
    },
    /// A new INVITE was accepted for routing: t0. `dialled` is normalised, `to` as it came.
    CallOffered {
        leg: LegRef,
        origin: Origin,
        caller: String,
        caller_shown: bool,
        dialled: String,
        to: String,
        call_id: String,
        source: String,
    },
    /// The dialplan decided. `entry` is its address, `state` the life of the number (`transition:47`, `cancelled` …).
    CallRouted {
        entry: String,
        title: String,
        service: Service,
        state: String,
        plan: String,
    },
    /// The switch answered the caller itself (200): not an answer by a person.
    SwitchAnswered,
    /// A prompt begins; `early` when as early media.
    PromptStarted {
        prompt: PromptId,
        early: bool,
    },
    /// A prompt ended; `whole` when not cut.
    PromptEnded {
        prompt: PromptId,
        whole: bool,
    },
    /// The call enters a group's queue; `first` is t1 when nothing human rang before.
    Queued {
        group: GroupId,
    },
    /// The caller is told his position, and between which bounds eight of ten would wait, ms; `longer`: it ends later than he was told
    /// before, for this reason.
    WaitTold {
        position: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        wait_ms: Option<(u32, u32)>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        longer: Option<Longer>,
    },
    /// The call leaves a queue without an answer and goes on to the next step.
    Overflowed {
        group: GroupId,
        why: Cause,
    },
    /// A leg is sent out. `agent` is who sits at the seat, if it is one.
    LegTried {
        leg: LegRef,
        target: Target,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        agent: Option<AgentId>,
    },
    /// It rings (first 18x).
    LegRinging {
        leg: LegRef,
    },
    /// It answered: t2 when a person's.
    LegAnswered {
        leg: LegRef,
    },
    /// It failed or was given up; `status` is the SIP status if there was one.
    LegFailed {
        leg: LegRef,
        cause: Cause,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<u16>,
    },
    /// The leg's SIP dialog stands: what a later run needs to end it, should this one die first.
    DialogStands {
        leg: LegRef,
        #[serde(flatten)]
        dialog: Dialog,
    },
    /// Caller and this leg hear each other.
    Connected {
        leg: LegRef,
    },
    /// A party put the other on hold, or took it back.
    Held {
        leg: LegRef,
        held: bool,
    },
    /// A seat asked for somebody else to be brought in. `transfer` counts within the call, from 1.
    TransferAsked {
        transfer: u32,
        by: LegRef,
        to: String,
        title: String,
        way: Way,
        emergency: bool,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        ordered_by: String,
        #[serde(flatten)]
        brief: Brief,
    },
    /// The target rings (first 18x of any attempt).
    TransferRinging {
        transfer: u32,
        leg: LegRef,
    },
    /// What came of it: exactly one a transfer.
    TransferEnded {
        transfer: u32,
        result: TransferResult,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cause: Option<Cause>,
    },
    /// The caller goes to this seat, or to the head of the queue: the target of a transfer could not be had and the agent had gone,
    /// or his seat was lost or hung up right after its answer.
    Returned {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seat: Option<SeatId>,
        cause: Cause,
    },
    /// A party is not heard any more by order, or is again.
    Muted {
        leg: LegRef,
        muted: bool,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        ordered_by: String,
    },
    /// The caller was asked how he was served: a grade from 1 to 5, and whether his matter is solved, if he has said that.
    Surveyed {
        grade: u8,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        solved: Option<bool>,
    },
    /// A supervisor asked to be in a call so, or changed how he is there.
    Supervised {
        seat: SeatId,
        mode: Supervision,
        who: String,
        why: String,
    },
    /// A leg of another call goes on in this one (attended transfer, pickup); what it is there is told by the facts that follow.
    LegMoved {
        leg: LegRef,
        from: CallRef,
        target: Target,
    },
    /// A leg took another one's place in the call (INVITE with Replaces).
    LegReplaced {
        leg: LegRef,
        by: LegRef,
        target: Target,
    },
    /// The phone of a leg that talks has gone, by a page that was loaded anew or a network that is away, and is waited for; or it is back.
    LegAway {
        leg: LegRef,
        away: bool,
    },
    /// The call is recorded from here on: a file below the folder of recordings, without `.wav`.
    RecordingStarted {
        file: String,
    },
    /// Nothing is kept from here on, or it is again.
    RecordingPaused {
        paused: bool,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        ordered_by: String,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        why: String,
    },
    /// The recording's file is finished, so many ms long.
    RecordingEnded {
        ms: u64,
    },
    /// After the call: the recording's file is as it will be kept, proved and on the disk.
    RecordingArchived {
        #[serde(flatten)]
        archived: Archived,
    },
    /// After the call: what each leg's media was like.
    MediaCarried {
        legs: Vec<Quality>,
    },
    /// A party left a talk that others went on with.
    PartyLeft {
        leg: LegRef,
        cause: Cause,
    },
    /// A leg ended after it was answered.
    LegEnded {
        leg: LegRef,
        by: Party,
        cause: Cause,
    },
    /// The call is over: exactly one a call. `q850` and `status` are what the caller got, if we ended it.
    CallEnded {
        outcome: Outcome,
        by: Party,
        cause: Cause,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<u16>,
    },
    /// A request of a stranger or a forbidden call was refused without becoming a call; `count` of them since the last such event.
    Refused {
        source: String,
        status: u16,
        count: u32,
    },
    /// Under overload or without room so many calls were refused with 503 and have no record of their own; the last came from this
    /// trunk, empty for a seat.
    CallsShed {
        trunk: TrunkId,
        count: u32,
    },
    /// A seat's binding came or went.
    SeatRegistered {
        seat: SeatId,
        contact: String,
    },
    SeatLost {
        seat: SeatId,
        why: Cause,
    },
    /// A source has given so many wrong passwords for a seat that it is not listened to for so long.
    SeatLocked {
        seat: SeatId,
        source: String,
        wrong: u32,
        seconds: u32,
    },
    /// A seat changed its work state (words of `acd::Work`). `agent` is who sits there, or sat there before.
    SeatState {
        seat: SeatId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        agent: Option<AgentId>,
        from: String,
        to: String,
    },
    /// The caller is to be called back, in the place that he had; `callback` is the call in which he asked for it, or that failed him.
    CallbackAsked {
        #[serde(flatten)]
        callback: Owed,
    },
    /// How the floor stands: who is signed in, who is to be called back, and which groups are in disaster mode. What comes before need not be read for it.
    FloorStands {
        seats: Vec<Sat>,
        callbacks: Vec<Owed>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        disaster: Vec<GroupId>,
    },
    /// A group was put out of service by order, or into service again: its callers go where the plan says.
    DisasterMode {
        group: GroupId,
        on: bool,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        by: String,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
    },
    /// Somebody has taken a call-back on himself, or its time has come: this call carries it out.
    CallbackBegun {
        callback: CallRef,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seat: Option<SeatId>,
    },
    /// An agent was there, and the caller was called: whether he was reached, or why not.
    CallbackTried {
        reached: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cause: Option<Cause>,
    },
    /// Nobody need call him any more: exactly one a call-back. `by` closed it by hand.
    CallbackEnded {
        callback: CallRef,
        outcome: Recovered,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        by: String,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        note: String,
    },
    /// Somebody who may has set a seat's state: what follows from it is told by [`Fact::SeatState`].
    SeatOrdered {
        seat: SeatId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        agent: Option<AgentId>,
        state: String,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        by: String,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
    },
    /// A trunk answers OPTIONS again, or does not.
    TrunkUp {
        trunk: TrunkId,
    },
    TrunkDown {
        trunk: TrunkId,
    },
    /// Worth a look at once: an emergency trunk failed, the disk is full …
    Alarm {
        subject: String,
        text: String,
    },
}
