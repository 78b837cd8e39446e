//! A seat's state as screens and facts show it, with its words.

use std::fmt;
use std::sync::Arc;

/// Why a seat takes no calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// Nobody is signed in.
    SignedOut,
    /// Signed in, not ready yet.
    SignedIn,
    /// 示忙.
    Busy,
    /// 小休.
    Break,
    /// Too many calls in a row rang out here.
    NoAnswer,
    /// Another word of the house: 培训, 用餐 …
    Named(Arc<str>),
}

/// What the seat does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// 示闲: waits for a call.
    Ready,
    /// 示忙, 小休 or not signed in.
    NotReady(Reason),
    /// A call is on its way to the phone, which does not ring yet.
    Reserved,
    /// 振铃.
    Ringing,
    /// 通话.
    Talking,
    /// 保持: all its calls are on hold.
    Held,
    /// 话后整理.
    WrapUp,
}

/// What happens when the call in hand is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pending {
    /// The seat will not be ready.
    Break(Reason),
    /// The agent will be signed out.
    SignOut,
}

/// The whole state: signed in or out × reachable or lost × work, and what is pending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeatState {
    /// An agent is signed in.
    pub signed_in: bool,
    /// The phone can be reached.
    pub reachable: bool,
    /// What the seat does.
    pub work: Work,
    /// What comes after it.
    pub pending: Option<Pending>,
}

impl Reason {
    /// The word on a Chinese screen.
    #[must_use]
    pub fn zh(&self) -> &str {
        match self {
            Self::SignedOut => "签出",
            Self::SignedIn => "签入",
            Self::Busy => "示忙",
            Self::Break => "小休",
            Self::NoAnswer => "久叫不应",
            Self::Named(word) => word,
        }
    }

    /// The reason behind a word of facts.
    #[must_use]
    pub fn of(word: &str) -> Self {
        let known = [Self::SignedOut, Self::SignedIn, Self::Busy, Self::Break, Self::NoAnswer];
        known.into_iter().find(|reason| reason.word() == word).unwrap_or_else(|| Self::Named(word.into()))
    }

    /// The word in facts and `--json`.
    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            Self::SignedOut => "signed_out",
            Self::SignedIn => "signed_in",
            Self::Busy => "busy",
            Self::Break => "break",
            Self::NoAnswer => "no_answer",
            Self::Named(word) => word,
        }
    }
}

impl Work {
    /// The word on a Chinese screen.
    #[must_use]
    pub fn zh(&self) -> &str {
        match self {
            Self::Ready => "示闲",
            Self::NotReady(reason) => reason.zh(),
            Self::Reserved => "占用",
            Self::Ringing => "振铃",
            Self::Talking => "通话",
            Self::Held => "保持",
            Self::WrapUp => "话后整理",
        }
    }
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready => f.pad("ready"),
            Self::NotReady(reason) => f.pad(&format!("not_ready:{}", reason.word())),
            Self::Reserved => f.pad("reserved"),
            Self::Ringing => f.pad("ringing"),
            Self::Talking => f.pad("talking"),
            Self::Held => f.pad("held"),
            Self::WrapUp => f.pad("wrap_up"),
        }
    }
}

impl SeatState {
    /// The one word for the wallboard: 掉线 before all else where an agent sits at a phone that cannot be reached.
    #[must_use]
    pub fn zh(&self) -> &str {
        if self.signed_in && !self.reachable { "掉线" } else { self.work.zh() }
    }
}

impl fmt::Display for SeatState {
    /// As written in facts: the work, then `lost` and what is pending: `talking+lost>break`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.work)?;
        if !self.reachable {
            f.write_str("+lost")?;
        }
        match &self.pending {
            None => Ok(()),
            Some(Pending::Break(reason)) => write!(f, ">{}", reason.word()),
            Some(Pending::SignOut) => f.write_str(">signed_out"),
        }
    }
}
