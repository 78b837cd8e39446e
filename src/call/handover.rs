//! A leg changes hands: the target of a consultation goes on with the caller (attended transfer), or another phone takes a leg's
//! place (INVITE with Replaces, pickup).

use super::{Act, Call, OfferResult, Stage};
use crate::clock::Now;
use crate::fact::{Brief, Cause, Fact, Outcome, Party, Target, TransferResult, Way};
use crate::id::{CallRef, LegRef, SeatId};
use crate::patch::Topology;

/// The leg that a consultation gives away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// The consultation.
    pub from: CallRef,
    /// Its name there.
    pub leg: LegRef,
    /// Whom it leads to.
    pub target: Target,
    /// The number that the agent dialled.
    pub number: String,
    /// What it is called.
    pub title: String,
    /// 110, 119, 120, 122.
    pub emergency: bool,
}

impl Call {
    /// Whom this call's caller talks to, if they are two and nothing else is going on: then it can be given away.
    #[must_use]
    pub fn given(&self) -> Option<Given> {
        let Stage::Talking(talking) = &self.stage else { return None };
        let leg = talking.with.filter(|_| talking.third.is_none() && talking.monitor.is_none() && self.has_caller())?;
        let target = self.members.iter().find(|m| m.leg == leg)?.target.clone()?;
        Some(Given {
            from: self.id,
            leg,
            target,
            number: self.journey.dialled.clone(),
            title: self.journey.title.clone(),
            emergency: self.journey.class == Some(crate::dialplan::Class::Emergency),
        })
    }

    /// Gives that leg away: this call ends without touching it.
    pub fn give(&mut self, given: &Given) {
        self.fact(Fact::PartyLeft { leg: given.leg, cause: Cause::Elsewhere });
        self.remove(given.leg);
        if let Target::Seat(seat) = &given.target {
            self.act(Act::SeatFree(seat.clone()));
        }
        self.stage = Stage::Over;
        for member in std::mem::take(&mut self.members) {
            self.act(Act::HangUp { leg: member.leg, cause: Cause::Normal });
        }
        self.topology = Topology::new();
        self.fact(Fact::CallEnded {
            outcome: Outcome::Connected,
            by: Party::Caller,
            cause: Cause::Normal,
            status: None,
        });
        self.act(Act::Over);
    }

    /// Whether a leg can be taken in: caller and agent talk, and nobody else is there or on the way.
    #[must_use]
    pub fn takes(&self, agent: LegRef) -> bool {
        match &self.stage {
            Stage::Talking(t) => t.with == Some(agent) && t.third.is_none() && self.has_caller(),
            _ => false,
        }
    }

    /// Takes a leg of another call in, in the agent's place, who goes. Its name here.
    pub fn take(&mut self, given: &Given) -> LegRef {
        self.serials.transfer += 1;
        let transfer = self.serials.transfer;
        let leg = self.enlist(given.target.clone());
        if let Some(member) = self.member(leg) {
            member.answered = true;
        }
        let (agent, seat) = match self.talk() {
            Some(talking) => {
                let seat = match &given.target {
                    Target::Seat(seat) => Some(seat.clone()),
                    Target::Trunk { .. } => None,
                };
                (talking.with.replace(leg), std::mem::replace(&mut talking.seat, seat))
            }
            None => (None, None),
        };
        self.fact(Fact::TransferAsked {
            transfer,
            by: agent.unwrap_or(leg),
            to: given.number.clone(),
            title: given.title.clone(),
            way: Way::Attended,
            emergency: given.emergency,
            ordered_by: String::new(),
            brief: Brief::default(),
        });
        self.fact(Fact::LegMoved { leg, from: given.from, target: given.target.clone() });
        self.fact(Fact::TransferEnded { transfer, result: TransferResult::Joined, cause: None });
        if let Some(agent) = agent {
            self.lets_go(agent, seat, Cause::Normal, Cause::Normal);
        }
        self.fact(Fact::Connected { leg });
        self.patch_talk();
        leg
    }

    /// Whether another phone may take this leg's place: an agent's or a joined seat's in a talk, or one that rings for a caller.
    #[must_use]
    pub fn replaceable(&self, leg: LegRef) -> bool {
        match &self.stage {
            Stage::Talking(t) => t.with == Some(leg) || t.third.as_ref().is_some_and(|t| t.joined() == Some(leg)),
            Stage::Queueing(q) => q.offers().any(|(_, out)| out == leg),
            _ => false,
        }
    }

    /// The phone of `seat` takes the place of `old`. Its leg's name; [`Call::replaceable`] has been asked.
    pub fn replace(&mut self, old: LegRef, seat: SeatId, now: Now) -> LegRef {
        let leg = self.enlist(Target::Seat(seat.clone()));
        if let Some(member) = self.member(leg) {
            member.answered = true;
        }
        self.fact(Fact::LegReplaced { leg: old, by: leg, target: Target::Seat(seat.clone()) });
        if let Stage::Queueing(queueing) = &self.stage {
            let ringing: Vec<_> = queueing.offers().collect();
            for (offer, out) in ringing {
                self.act(Act::Offer(offer, OfferResult::Declined(Cause::Elsewhere)));
                self.fact(Fact::LegFailed { leg: out, cause: Cause::Elsewhere, status: None });
                self.drop_leg(out, Cause::Elsewhere);
            }
            self.act(Act::Leave);
            self.connect(leg, Some(seat), now);
            return leg;
        }
        let freed = self.talk().and_then(|talking| {
            if talking.with == Some(old) {
                talking.with = Some(leg);
                return talking.seat.replace(seat);
            }
            talking.third.as_mut().and_then(|third| third.replaced(leg, seat))
        });
        self.lets_go(old, freed, Cause::Elsewhere, Cause::Elsewhere);
        self.fact(Fact::Connected { leg });
        self.patch_talk();
        leg
    }
}
