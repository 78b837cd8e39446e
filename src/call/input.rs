//! What a call is told, by its legs, the floor, the media and operators.

use super::order::Unfit;
use crate::fact::Cause;
use crate::id::{GroupId, LegRef, OfferId, SeatId};
use crate::patch::PlayId;

/// What a leg reports, whatever protocol it speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LegEvent {
    /// The other side has the call and works on it (100).
    Trying,
    /// It is sent anew, to another target of its trunk: what was said of it before is not of this one.
    Anew,
    /// It rings (180, or a 183 without media).
    Ringing,
    /// Its own sound comes before the answer (183 with SDP).
    EarlyMedia,
    /// It answered.
    Answered,
    /// It did not: with the final status, if there was one.
    Failed {
        /// Why.
        cause: Cause,
        /// SIP status.
        status: Option<u16>,
    },
    /// It ended after it was answered, or the caller gave up before.
    Ended {
        /// Why.
        cause: Cause,
    },
    /// It went on hold, or came back.
    Held(bool),
    /// Its phone has gone and is awaited.
    Away,
    /// It is back; `anew`: it has been rung, and knows nothing of what it had said before.
    Back {
        /// By another session.
        anew: bool,
    },
}

/// What a call is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// The caller's INVITE has been admitted.
    Begin,
    /// Something happened on a leg.
    Leg(LegRef, LegEvent),
    /// A playing ended by itself.
    PlayFinished(LegRef, PlayId),
    /// The floor has taken the call into this group's queue.
    Queued(GroupId),
    /// The floor offers a seat.
    Offered {
        /// Which offer.
        offer: OfferId,
        /// Which seat.
        seat: SeatId,
    },
    /// The floor takes the offer back.
    Withdrawn {
        /// Which offer.
        offer: OfferId,
        /// Why.
        cause: Cause,
    },
    /// The floor cannot serve the call in this group.
    Overflowed {
        /// The group that it could not be served in: it may have left that one in the same moment.
        group: GroupId,
        /// Why.
        cause: Cause,
        /// Its first entry into a queue, to be kept.
        place: i64,
    },
    /// The floor tells the position in the line.
    Position {
        /// 1 is next.
        position: u32,
        /// Likely wait, s, from and to.
        wait: Option<(u32, u32)>,
    },
    /// The seat that was asked for by name is reserved, or why not.
    Reserved(SeatId, Result<OfferId, Cause>),
    /// An order of the agent could not be understood or carried out: he is told by a tone.
    Refused,
    /// A key was pressed on this leg, which is no agent's in a talk.
    Key(LegRef, char),
    /// What came of [`super::Act::Seat`].
    SeatOrdered(Result<(), Unfit>),
    /// `Call::deadline` has come.
    Due,
    /// An operator, or the end of the daemon, ends the call.
    HangUp(Cause),
}
