//! A leg changes hands: the target of a consultation goes on with the caller (attended transfer), or another phone takes a leg's
//! place (INVITE with Replaces, pickup). What is written down for it; who is there afterwards follows from that.

use super::act::Act;
use super::machine::{Out, View};
use crate::dialplan::Class;
use crate::fact::{Brief, Cause, Fact, Outcome, Party, Target, TransferResult, Way};
use crate::id::{CallRef, LegRef, SeatId};

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

/// Whom the caller of consultation `from` talks to, if they are two.
pub(super) fn given(from: CallRef, view: &View<'_>) -> Option<Given> {
    let agent = view.parties.agent().filter(|agent| !agent.away && view.parties.has_caller())?;
    Some(Given {
        from,
        leg: agent.leg,
        target: agent.target.clone()?,
        number: view.journey.dialled.clone(),
        title: view.journey.title.clone(),
        emergency: view.journey.class == Some(Class::Emergency),
    })
}

/// The consultation ends without touching the leg that it has given away.
pub(super) fn give(given: &Given, view: &View<'_>, out: &mut Out<'_>) {
    out.fact(Fact::PartyLeft { leg: given.leg, cause: Cause::Elsewhere });
    out.gone(given.leg);
    if let Some(gone) = view.parties.get(given.leg) {
        out.seat_free(gone);
    }
    for party in view.parties.all().iter().filter(|m| m.leg != given.leg) {
        out.hang_up(party.leg, Cause::Normal);
    }
    let (outcome, by, cause) = (Outcome::Connected, Party::Caller, Cause::Normal);
    out.fact(Fact::CallEnded { outcome, by, cause, status: None });
    out.act(Act::Over);
}

/// A leg of another call comes in, in the agent's place, who goes; `leg` is its name here.
pub(super) fn take(given: &Given, leg: LegRef, view: &View<'_>, out: &mut Out<'_>) {
    let agent = view.parties.agent();
    let transfer = out.transfer();
    out.fact(Fact::TransferAsked {
        transfer,
        by: agent.map_or(leg, |agent| agent.leg),
        to: given.number.clone(),
        title: given.title.clone(),
        way: Way::Attended,
        emergency: given.emergency,
        ordered_by: String::new(),
        brief: Brief::default(),
    });
    out.fact(Fact::LegMoved { leg, from: given.from, target: given.target.clone() });
    out.fact(Fact::TransferEnded { transfer, result: TransferResult::Joined, cause: None });
    if let Some(agent) = agent {
        out.leave(agent, Cause::Normal, Cause::Normal);
    }
}

/// The phone of `seat` takes the place of a leg that talks; `by` is its name.
pub(super) fn replace(old: LegRef, by: LegRef, view: &View<'_>, out: &mut Out<'_>) {
    if let Some(old) = view.parties.get(old) {
        out.leave(old, Cause::Elsewhere, Cause::Elsewhere);
    }
    out.fact(Fact::Connected { leg: by });
}

/// What is written down of it first.
pub(super) fn replaced(old: LegRef, by: LegRef, seat: SeatId, out: &mut Out<'_>) {
    out.fact(Fact::LegReplaced { leg: old, by, target: Target::Seat(seat) });
}
