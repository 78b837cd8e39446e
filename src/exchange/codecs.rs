//! Which codec the legs of a call speak: the caller's follows what the called one answers, as long as nothing has been said of another; and
//! what goes through as it is becomes something that is decoded here when somebody else has to hear it.

use super::Exchange;
use crate::clock::Now;
use crate::codec::Codec;
use crate::id::{CallRef, LegRef};
use crate::patch::topology::Hears;
use crate::patch::{Source, Topology};
use smallvec::SmallVec;

impl Exchange {
    /// A leg's side has said what it speaks.
    pub(super) fn reconcile(&mut self, call: CallRef, changed: LegRef, now: Now) {
        let Some(live) = self.calls.get_mut(&call) else { return };
        let Some((first, others)) = live.legs.split_first_mut() else { return };
        let other = others.iter().find(|leg| leg.leg == changed);
        let followed = other.is_some_and(|other| first.follow(other));
        let remote = first.remote().filter(|_| followed);
        // Of two that do not speak the same, none may be one that is not decoded.
        let spoken = first.codec();
        let differ = others.iter().filter(|leg| leg.codec().is_some() && leg.codec() != spoken);
        let mut apart: SmallVec<[LegRef; 3]> = differ.map(|leg| leg.leg).collect();
        if !apart.is_empty() {
            apart.push(first.leg);
        }
        if let Some(remote) = remote {
            self.media(remote);
        }
        for leg in apart {
            self.decode(call, leg, now);
        }
    }

    /// Legs that hear something else than the one leg that speaks the same, or are heard by somebody else, are decoded from now on.
    pub(super) fn decode_mixed(&mut self, call: CallRef, topology: &Topology, now: Now) {
        let Some(live) = self.calls.get(&call) else { return };
        if live.legs.iter().all(|leg| leg.codec().is_none_or(Codec::is_decoded)) {
            return;
        }
        let mut mixed: SmallVec<[LegRef; 4]> = SmallVec::new();
        for (leg, hears) in topology.rows() {
            match hears {
                Hears::Leg(_) | Hears::Source(Source::Nothing) => {}
                Hears::Source(_) => mixed.push(*leg),
                Hears::Mix { speakers, .. } => {
                    mixed.push(*leg);
                    mixed.extend(speakers.iter().map(|speaker| speaker.leg));
                }
            }
        }
        for leg in mixed {
            self.decode(call, leg, now);
        }
    }

    /// A leg has to be heard by others than the one that speaks the same, or to hear others: if it goes through as it is, it is offered
    /// what is decoded here.
    pub(super) fn decode(&mut self, call: CallRef, leg: LegRef, now: Now) {
        let Some(found) = self.calls.get_mut(&call).and_then(|live| live.leg(leg)) else { return };
        let (Some(session), Some(offer)) = (found.session, found.offer_decoded()) else { return };
        tracing::debug!(%call, ?leg, "a leg that went through as it is, is offered what is decoded");
        self.endpoint.offer(session, offer, now);
    }
}
