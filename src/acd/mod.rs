//! The operating floor: seats × queues, as one value.
//!
//! [`Floor`] owns every seat's state and every waiting call, and decides which call rings at which seat.
//! It takes facts about phones, agents and callers ([`Input`]) and says what shall happen ([`Output`]):
//! offer this call to that seat, take the offer back, send the caller on.
//!
//! After every drained input two things hold (product §6):
//! 1. no waiting call and ready seat are eligible for each other;
//! 2. whoever was assigned to a seat, no other waiting call eligible for that seat had a lower rank.
//!
//! It refuses to know SIP, media, trunks or dialplans: it never rings, plays or routes anything. It keeps no
//! waiting call that has overflowed: where the caller goes next is the call's own business, and it enters
//! the next group with the same place. Nothing here reads a clock, and no output depends on the order of a hash map.

mod floor;
mod group;
mod line;
mod offer;
mod pace;
mod plan;
mod seat;
mod settle;
mod shown;
mod timers;
mod why;

#[cfg(test)]
mod hour;
#[cfg(test)]
mod model;
#[cfg(test)]
mod table;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod theory;

pub use floor::{Counts, Floor, ReserveError, SeatView};
pub use plan::{Announce, Group, LEVELS, Membership, Plan, Position, Settings, Strategy};
pub use shown::{Pending, Reason, SeatState, Work};
pub use why::{Lacks, Why};

use crate::fact::{Cause, Longer};
use crate::id::{AgentId, CallRef, GroupId, OfferId, SeatId, SkillId};

/// What the floor is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// Nothing but time: what is due at this moment happens. Every other input does the same first.
    Tick,
    /// A plan is put in force; calls, offers and seat states live on. A seat that is new to it is signed out and unreachable until told otherwise.
    SetPlan(Box<Plan>),
    /// The seat's phone has a binding, or answers again.
    Register {
        /// The seat.
        seat: SeatId,
    },
    /// The seat's phone cannot be reached. An offer to it is withdrawn; a talk ends by its own liveness.
    Lost {
        /// The seat.
        seat: SeatId,
        /// Why, handed through to the withdrawn offer.
        cause: Cause,
    },
    /// 签入: the agent sits down, not ready yet. An agent who was signed in elsewhere is signed out there, unless he is in a call
    /// there: then nothing changes.
    SignIn {
        /// The seat.
        seat: SeatId,
        /// The person.
        agent: AgentId,
    },
    /// 签出: at once, or at the end of the talk. An offer is withdrawn.
    SignOut {
        /// The seat.
        seat: SeatId,
    },
    /// 示闲: ready for calls; ends wrap-up, cancels a pending break.
    Ready {
        /// The seat.
        seat: SeatId,
    },
    /// 示忙, 小休: at once, or after the offer or talk in hand (a pending break).
    NotReady {
        /// The seat.
        seat: SeatId,
        /// Why.
        reason: Reason,
    },
    /// 延长整理: paperwork for [`Settings::long_wrap_up`] from now on, or, in a call, at least as long after it.
    WrapUp {
        /// The seat.
        seat: SeatId,
    },
    /// A caller begins to wait in a group's queue. A call that waits in another group is moved.
    Enter(Entry),
    /// The call needs no seat any more: the caller hung up, or it was moved. Its offers are withdrawn.
    Leave {
        /// The call.
        call: CallRef,
    },
    /// The offered phone rings (18x).
    Ringing {
        /// Which offer.
        offer: OfferId,
    },
    /// The offered phone answered.
    Accepted {
        /// Which offer.
        offer: OfferId,
    },
    /// The offered phone refused or could not be reached. That nobody answers in time is the floor's to say.
    Declined {
        /// Which offer.
        offer: OfferId,
        /// Busy, rejected, unreachable …
        cause: Cause,
    },
    /// The seat is in this call without an offer: it dialled by itself, consults, or was added to a conference.
    Occupy {
        /// The seat.
        seat: SeatId,
        /// The call; a seat may be in several (consultation).
        call: CallRef,
    },
    /// The seat is no longer in this call, whoever ended it.
    TalkEnded {
        /// The seat.
        seat: SeatId,
        /// The call.
        call: CallRef,
    },
    /// The seat hung up right after its answer: it is free, and rests as one that has refused a call.
    Quit {
        /// The seat.
        seat: SeatId,
        /// The call.
        call: CallRef,
    },
    /// 保持: the seat holds this call, or took it back.
    Held {
        /// The seat.
        seat: SeatId,
        /// The call.
        call: CallRef,
        /// Held, or not.
        held: bool,
    },
}

/// A call that enters a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The call.
    pub call: CallRef,
    /// The group whose queue it enters.
    pub group: GroupId,
    /// Rank class, lower first: a returned caller before a new one.
    pub class: u8,
    /// When the call first entered any queue, wall µs ([`crate::clock::Now::wall`]); kept through no answer, overflow and return.
    pub place: i64,
    /// The skill the seat must have, until the group's [`Group::skill_wait`] has taken it back.
    pub skill: Option<SkillId>,
    /// The level of it, 1 to [`LEVELS`], that is asked for first; more than the highest is the highest.
    pub level: u8,
    /// Who has the call if he is ready when it enters and may take it: he has talked with this caller before.
    pub sticky: Option<AgentId>,
}

/// What shall happen, or has happened, on the floor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// The call stands in this group's line.
    Queued {
        /// The call.
        call: CallRef,
        /// The group.
        group: GroupId,
    },
    /// Ring this seat for this call. Announcements to the caller stop now.
    Offer {
        /// The offer's name in every answer to it.
        id: OfferId,
        /// The call.
        call: CallRef,
        /// The seat.
        seat: SeatId,
        /// The group it waits in.
        group: GroupId,
        /// When the floor will withdraw it, mono µs.
        deadline: u64,
    },
    /// Stop ringing this seat for this call. Answers to the offer are stale from here on.
    Withdraw {
        /// The offer.
        id: OfferId,
        /// The call.
        call: CallRef,
        /// The seat.
        seat: SeatId,
        /// No answer, caller gone, elsewhere, lost, waited long …
        cause: Cause,
    },
    /// The call left the line unanswered; it goes on to the next step of its dialplan entry.
    Overflow {
        /// The call.
        call: CallRef,
        /// The group it leaves.
        group: GroupId,
        /// [`Cause::WaitedLong`], [`Cause::NoSeat`], or [`Cause::Congestion`] when the line is full.
        why: Cause,
        /// Its place, to enter the next queue with.
        place: i64,
    },
    /// Tell the caller the position and, if known, an honest range of the wait.
    Position {
        /// The call.
        call: CallRef,
        /// 1 is the head of the line.
        position: u32,
        /// Between which bounds eight of ten callers would wait, ms. `None` when nothing honest can be said.
        wait: Option<(u32, u32)>,
        /// It ends later than the caller was told before, for this reason.
        longer: Option<Longer>,
    },
    /// A seat's state changed.
    SeatChanged {
        /// The seat.
        seat: SeatId,
        /// Who sits there after the change, or sat there before it.
        agent: Option<AgentId>,
        /// Before.
        from: SeatState,
        /// After.
        to: SeatState,
    },
    /// The hold limit is over: the seat counts as talking again; take the call off hold or end it.
    HoldExpired {
        /// The seat.
        seat: SeatId,
        /// The call.
        call: CallRef,
    },
}
