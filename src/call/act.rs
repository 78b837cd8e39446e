//! What a call wants done, in the words of a call; the exchange does it.

use super::order::{Pin, SeatOrder};
use crate::fact::{Brief, Cause, Fact, Supervision, Target};
use crate::id::{GroupId, LegRef, OfferId, SeatId};
use crate::patch::Topology;
use std::sync::Arc;

/// What a call wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Write this down.
    Fact(Fact),
    /// 180 to the caller.
    Ring,
    /// 183 with SDP to the caller: from here on he hears us.
    EarlyMedia,
    /// 200 to the caller.
    Answer,
    /// A final response to the caller who has none.
    Reject {
        /// SIP status.
        status: u16,
        /// Q.850 cause for its Reason.
        q850: u8,
    },
    /// Send a leg out.
    Dial {
        /// Its name.
        leg: LegRef,
        /// To whom.
        target: Target,
        /// What for.
        about: About,
    },
    /// End a leg: BYE or CANCEL.
    HangUp {
        /// Which.
        leg: LegRef,
        /// Why, for its Reason.
        cause: Cause,
    },
    /// From now on this is who hears whom.
    Topology(Topology),
    /// Enter a group's queue.
    Enter {
        /// The group.
        group: GroupId,
        /// Skill asked for first.
        skill: Option<Arc<str>>,
        /// Rank class: 0 returned, 1 ordinary.
        class: u8,
        /// First entry into a queue, wall µs.
        place: i64,
    },
    /// The caller wants to be called back, in his place: keep it for him.
    KeepPlace {
        /// The group.
        group: GroupId,
        /// Skill asked for first.
        skill: Option<Arc<str>>,
    },
    /// Leave the queue.
    Leave,
    /// Ask for this seat alone.
    Reserve(SeatId),
    /// Tell the floor what became of its offer.
    Offer(OfferId, OfferResult),
    /// Tell the floor that the seat is no longer in this call.
    SeatFree(SeatId),
    /// Tell the floor that the seat has hung up right after its answer: it is free, and rests for a moment.
    SeatQuit(SeatId),
    /// Tell the floor that the seat holds the call, or no longer.
    SeatHeld(SeatId, bool),
    /// Carry out an order about the caller's own seat; [`super::Input::SeatOrdered`] tells what came of it.
    Seat {
        /// What.
        order: SeatOrder,
        /// What the person has shown that he is, where he signs in.
        pin: Option<Pin>,
    },
    /// The call is over; forget it.
    Over,
}

/// What a leg is sent out for: the far side's screen says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// The service that was dialled.
    Service,
    /// A transfer.
    Transfer {
        /// The seat of who asks for it.
        agent: Option<SeatId>,
        /// What he says about it.
        brief: Box<Brief>,
    },
    /// A supervisor joins.
    Supervision(Supervision),
    /// The caller who asked for it is called back.
    Recall,
    /// A phone that was lost in the talk is back; the exchange rings it, no call does.
    Return,
}

/// What became of an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfferResult {
    /// The phone rings.
    Ringing,
    /// The seat answered.
    Accepted,
    /// It did not, and this is why.
    Declined(Cause),
}
