//! What an agent or a supervisor orders about a talk or a seat, and why it may not be possible now. Each order does its one thing or changes nothing.

use super::reach::Reachable;
use crate::fact::{Brief, Supervision, Way};
use crate::id::{AgentId, SeatId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use std::sync::Arc;

/// What an agent or a supervisor orders, by a key, the API or the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Bring somebody in.
    Reach(Arc<Reachable>, Way, Brief),
    /// 离开: the agent leaves; caller and target go on.
    Leave,
    /// 评价: the agent leaves the caller to the question how he was served.
    Survey,
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

/// An order about a seat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SeatOrder {
    /// 签入: this person sits down.
    SignIn(AgentId),
    /// 签出, at once or at the end of the talk.
    SignOut,
    /// 示闲.
    Ready,
    /// 小休, 示忙, at once or at the end of the talk; the key of the reason, from 1.
    Break(Option<u8>),
    /// The same in words.
    BreakFor(String),
    /// Longer paperwork.
    WrapUp,
}

/// A feature code that a seat's phone has dialled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SeatCode {
    /// Nothing more has to be asked for.
    Order(SeatOrder),
    /// What is empty is asked for.
    SignIn {
        /// The work number.
        agent: String,
        /// His PIN.
        pin: Option<Pin>,
    },
}

/// What a person proves himself by at a telephone. Its digits are not kept, and nothing shows them.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Pin(Option<[u8; 32]>);

impl Pin {
    /// These digits.
    #[must_use]
    pub fn new(digits: &str) -> Self {
        Self(Some(Sha256::digest(digits.as_bytes()).into()))
    }

    /// Whether it is this one; a PIN that was never set is nobody's.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        self.0.is_some() && self.0 == other.0
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin(…)")
    }
}

/// Why an order about a seat is not carried out; nothing has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unfit {
    /// There is no such seat.
    NoSeat,
    /// There is no such person, or the PIN is wrong.
    NotHim,
    /// Too many wrong PINs: he is not listened to for a while.
    Locked,
    /// He is in a call at another seat.
    Elsewhere,
    /// Somebody else is signed in and has a call in hand.
    Taken,
    /// Nobody is signed in.
    Nobody,
    /// What the seat does now does not allow it.
    NotNow,
}
