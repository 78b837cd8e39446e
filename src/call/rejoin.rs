//! A caller whom his agent has left is not left alone: a seat is rung for him while an emergency line rings, or the agent's own
//! seat after a transfer that came to nothing (product §5.6, "return on failure").

use super::talking::Talking;
use super::{About, Act, Call, Input, LegEvent, OfferResult, Stage};
use crate::clock::{Now, SECOND};
use crate::fact::{Cause, Fact, Target};
use crate::id::{GroupId, LegRef, OfferId, SeatId};

/// The agent whose transfer failed is rung so long; then the caller goes to the head of the queue.
const RETURN_RINGS: u64 = 15 * SECOND;

/// A seat that is being rung for the caller.
#[derive(Debug)]
pub(super) struct Rejoin {
    whom: Whom,
    ringing: Option<(OfferId, SeatId, LegRef)>,
    until: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Whom {
    /// Whoever of the group is free.
    Group(GroupId),
    /// The agent himself.
    Agent(SeatId),
}

impl Rejoin {
    pub(super) fn deadline(&self) -> Option<u64> {
        self.until
    }

    pub(super) fn leg(&self) -> Option<LegRef> {
        self.ringing.as_ref().map(|(_, _, leg)| *leg)
    }

    fn holds(&self, offer: OfferId) -> bool {
        self.ringing.as_ref().is_some_and(|(held, ..)| *held == offer)
    }
}

impl Call {
    fn rejoining(&mut self) -> Option<&mut Rejoin> {
        self.talk()?.rejoin.as_deref_mut()
    }

    fn rejoin(&mut self, whom: Whom, until: Option<u64>) {
        let rejoin = Rejoin { whom: whom.clone(), ringing: None, until };
        if let Some(talking) = self.talk() {
            talking.rejoin = Some(Box::new(rejoin));
        }
        match whom {
            Whom::Agent(seat) => self.act(Act::Reserve(seat)),
            Whom::Group(group) => {
                let place = self.journey.place;
                self.act(Act::Enter { group, skill: None, class: 0, place });
            }
        }
    }

    /// Whoever is free comes to the caller whose agent has gone, while the emergency line rings.
    pub(super) fn ask_for_helper(&mut self) {
        if let Some(group) = self.home_group() {
            self.rejoin(Whom::Group(group), None);
        }
    }

    /// The transfer came to nothing: back to the agent who ordered it, with the reason; to the queue if he cannot be had.
    pub(super) fn come_back(&mut self, seat: SeatId, cause: Cause, now: Now) {
        self.fact(Fact::Returned { seat: Some(seat.clone()), cause });
        self.rejoin(Whom::Agent(seat), Some(now.mono + RETURN_RINGS));
        self.patch_talk();
    }

    /// The group that the caller came from, else the hub's.
    pub(super) fn home_group(&mut self) -> Option<GroupId> {
        let group = self.talk().and_then(|t| t.group.clone());
        group.or_else(|| self.journey.snapshot.plan.hub_group().cloned())
    }

    /// What the floor says, if it is about this. `true`: it was.
    pub(super) fn rejoin_told(&mut self, input: &Input, now: Now) -> bool {
        let Some(rejoin) = self.rejoining() else { return false };
        match (input, &rejoin.whom) {
            (Input::Offered { offer, seat }, Whom::Group(_)) if rejoin.ringing.is_none() => {
                self.ring_rejoin(*offer, seat.clone());
            }
            (Input::Reserved(seat, Ok(offer)), Whom::Agent(agent)) if seat == agent && rejoin.ringing.is_none() => {
                self.ring_rejoin(*offer, seat.clone());
            }
            (Input::Reserved(seat, Err(cause)), Whom::Agent(agent)) if seat == agent => {
                self.rejoin_failed(*cause, now);
            }
            (Input::Withdrawn { offer, cause }, _) if rejoin.holds(*offer) => {
                self.stop_ringing(*cause, true);
                self.rejoin_failed(*cause, now);
            }
            (Input::Overflowed { group, .. }, Whom::Group(asked)) if group == asked => {
                // Nobody can be had; the emergency line goes on ringing for the caller.
                if let Some(talking) = self.talk() {
                    talking.rejoin = None;
                }
            }
            _ => return false,
        }
        true
    }

    fn ring_rejoin(&mut self, offer: OfferId, seat: SeatId) {
        let leg = self.dial(Target::Seat(seat.clone()), About::Service);
        if let Some(rejoin) = self.rejoining() {
            rejoin.ringing = Some((offer, seat, leg));
        }
    }

    /// What the rung seat's leg reports. `true`: it was this one's.
    pub(super) fn rejoin_event(&mut self, leg: LegRef, event: LegEvent, now: Now) -> bool {
        let Some((offer, seat)) = self.rejoining().and_then(|r| {
            let (offer, seat, out) = r.ringing.as_ref()?;
            (*out == leg).then(|| (*offer, seat.clone()))
        }) else {
            return false;
        };
        match event {
            LegEvent::Ringing | LegEvent::EarlyMedia => {
                self.fact(Fact::LegRinging { leg });
                self.act(Act::Offer(offer, OfferResult::Ringing));
            }
            LegEvent::Answered => self.rejoined(leg, offer, seat),
            LegEvent::Failed { cause, status } => {
                self.fact(Fact::LegFailed { leg, cause, status });
                self.remove(leg);
                self.act(Act::Offer(offer, OfferResult::Declined(cause)));
                if let Some(rejoin) = self.rejoining() {
                    rejoin.ringing = None;
                }
                self.rejoin_failed(cause, now);
            }
            LegEvent::Trying | LegEvent::Ended { .. } | LegEvent::Held(_) => {}
        }
        true
    }

    fn rejoined(&mut self, leg: LegRef, offer: OfferId, seat: SeatId) {
        if let Some(member) = self.member(leg) {
            member.answered = true;
        }
        self.fact(Fact::LegAnswered { leg });
        self.act(Act::Offer(offer, OfferResult::Accepted));
        if let Some(talking) = self.talk() {
            (talking.with, talking.seat, talking.rejoin) = (Some(leg), Some(seat), None);
        }
        self.journey.came_back = None;
        self.fact(Fact::Connected { leg });
        self.patch_talk();
    }

    /// The floor offers the next seat by itself; the one agent who was meant cannot be had: the head of the queue.
    fn rejoin_failed(&mut self, cause: Cause, now: Now) {
        let agent = self.rejoining().is_some_and(|r| matches!(r.whom, Whom::Agent(_)));
        if agent {
            if let Some(talking) = self.talk() {
                talking.rejoin = None;
            }
            self.last = cause;
            self.back_to_queue(now);
        }
    }

    pub(super) fn rejoin_due(&mut self, now: Now) {
        if self.rejoining().and_then(|r| r.until).is_some_and(|at| at <= now.mono) {
            self.dismiss_rejoin(Cause::NoAnswer);
            self.back_to_queue(now);
        }
    }

    /// Nobody need be rung any more.
    pub(super) fn dismiss_rejoin(&mut self, cause: Cause) {
        if self.rejoining().is_none() {
            return;
        }
        self.stop_ringing(cause, false);
        self.act(Act::Leave);
        if let Some(talking) = self.talk() {
            talking.rejoin = None;
        }
    }

    /// `withdrawn`: the floor knows already.
    fn stop_ringing(&mut self, cause: Cause, withdrawn: bool) {
        let Some((offer, _, leg)) = self.rejoining().and_then(|r| r.ringing.take()) else { return };
        self.fact(Fact::LegFailed { leg, cause, status: None });
        self.drop_leg(leg, cause);
        if !withdrawn {
            self.act(Act::Offer(offer, OfferResult::Declined(cause)));
        }
    }
}

impl Stage {
    /// Whether a seat is being rung for a caller left alone.
    pub(super) fn is_rejoining(&self) -> bool {
        matches!(self, Self::Talking(Talking { rejoin: Some(_), .. }))
    }
}
