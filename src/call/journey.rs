//! Who called what: the facts of the caller that stay with the call to its end.

use super::act::Act;
use super::order::SeatCode;
use crate::clock::Now;
use crate::dialplan::{Class, Plan, Record};
use crate::fact::{Cause, Fact, Origin, Service};
use crate::id::{GroupId, PromptId, SeatId, TrunkId};
use crate::patch::Clip;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A dialplan with the prompts it names: swapped whole, pinned by each call that began with it.
#[derive(Debug)]
pub struct Snapshot {
    /// The plan.
    pub plan: Arc<Plan>,
    /// Its prompts in memory.
    pub prompts: BTreeMap<PromptId, Clip>,
}

impl Snapshot {
    /// A prompt's clip, if it was loaded.
    #[must_use]
    pub fn clip(&self, prompt: &PromptId) -> Option<Clip> {
        self.prompts.get(prompt).cloned()
    }
}

/// The caller as the other side may learn of him.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Caller {
    /// Number as asserted or given: digits, perhaps a leading `+`; empty when there is none.
    pub number: String,
    /// It came in P-Asserted-Identity of a trusted trunk.
    pub asserted: bool,
    /// The caller asked that it be withheld (`Privacy: id`, RFC 3325 §9.3).
    pub private: bool,
    /// Display name, any bytes; empty when there is none.
    pub display: Vec<u8>,
}

/// What is known of a call from its first INVITE on.
#[derive(Debug)]
pub struct Journey {
    /// Where it came from.
    pub origin: Origin,
    /// Who calls.
    pub caller: Caller,
    /// The number first dialled, normalised; a seat's number on a seat-to-seat call.
    pub dialled: String,
    /// What the dialplan calls it.
    pub title: String,
    /// The entry's address in the dialplan, `hotline.12333`.
    pub entry: String,
    /// Its class; `None` for seat to seat.
    pub class: Option<Class>,
    /// What kind of service it is counted under.
    pub service: Service,
    /// Seat to seat: the seat that is called; there is no script then.
    pub seat_dialled: Option<SeatId>,
    /// A feature code that a seat has dialled; there is no script then. Boxed: few calls have one.
    pub seat_code: Option<Box<SeatCode>>,
    /// The caller is called back: he has no leg yet. Boxed: few calls are so.
    pub recall: Option<Box<Recall>>,
    /// Plan and prompts that it began with.
    pub snapshot: Arc<Snapshot>,
    /// First entry into a queue, wall µs; the moment of the INVITE until then.
    pub place: i64,
    /// He has been in a line, so that his place stands.
    pub placed: bool,
    /// Hops left for a leg of ours: that of the caller's INVITE less one.
    pub max_forwards: u32,
    /// History-Info and Diversion lines as they came, each ended by CRLF; passed on below ours.
    pub history: Vec<u8>,
    /// Diversions that came with it: more than five stop overflow.
    pub diversions: usize,
    /// Somebody has been asked to answer: from here on a hang-up is not one during the transition prompt.
    pub sought: bool,
    /// The caller came back to the queue after his seat or department was lost: the head of the line is his.
    pub returned: bool,
    /// Why he came back, and from whom: shown at the next seat.
    pub came_back: Option<(String, Cause)>,
    /// The first answer by a person, wall µs.
    pub answered_at: Option<i64>,
    /// He has dialled a `sips` address: no leg of his call may go in the clear (RFC 5630).
    pub secure: bool,
    /// The caller may be asked how he was served: he is one of a hotline, has not been asked today, and there is no emergency in this call.
    pub may_ask: bool,
    /// Whether the call is recorded, until a group that serves it says otherwise.
    pub record: Record,
    /// A seat that hangs up so soon after its answer, µs, has served nobody: its caller goes back to the head of the queue.
    pub early_hangup: u64,
    /// Said to the target of a transfer before it joins.
    pub whisper: Option<PromptId>,
    /// Trunks on which a leg of the same caller is up already: never dialled again from here (loop protection).
    pub looped: Vec<TrunkId>,
    /// The call cannot be answered before its caller's media is known: an INVITE without an offer and without 100rel.
    pub offerless_unreliable: bool,
}

/// How a caller is called back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recall {
    /// The group whose line keeps his place.
    pub group: GroupId,
    /// The skill that his line asks for.
    pub skill: Option<Arc<str>>,
    /// The seat that does it; `None`: whom the floor gives.
    pub seat: Option<SeatId>,
    /// The trunk that he is called on.
    pub trunk: TrunkId,
    /// His number as it came.
    pub number: String,
}

/// Diversions beyond which a call is not sent on (interconnect, "Trunks").
pub const MAX_DIVERSIONS: usize = 5;

impl Journey {
    /// Rank class in a queue: a returned caller is served before new ones.
    #[must_use]
    pub fn rank_class(&self) -> u8 {
        u8::from(!self.returned)
    }

    /// Follows what the call says.
    pub(super) fn fold(&mut self, act: &Act, now: Now) {
        match act {
            Act::Enter { place, .. } => {
                (self.place, self.placed, self.sought) = (*place, true, true);
            }
            Act::Dial { .. } => self.sought = true,
            Act::Fact(Fact::Connected { .. }) => {
                self.answered_at.get_or_insert(now.wall);
                self.came_back = None;
            }
            Act::Fact(Fact::TransferAsked { emergency: true, .. } | Fact::Surveyed { .. }) => self.may_ask = false,
            _ => {}
        }
    }

    /// Seat to seat: no hotline was dialled.
    #[must_use]
    pub fn seat_dialled_only(&self) -> bool {
        self.class.is_none()
    }
}
