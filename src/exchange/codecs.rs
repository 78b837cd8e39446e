//! Which codec the legs of a call speak: the caller's follows what the called one answers, as long as nothing has been said of another; and
//! what goes through as it is becomes something that is decoded here when somebody else has to hear it.
//!
//! Legs that go through are decoded together or not at all: of two that do not speak the same, neither hears the other.
//!
//! ```text
//!   through ── a prompt, a mix, a tape, another codec beside it ──▶ wanted ── every leg can be asked ──▶ offered ── answered ──▶ decoded
//!                                                                    │ one of them cannot: left as it is    └── refused ──▶ as it was
//! ```

use super::Exchange;
use crate::clock::Now;
use crate::codec::Codec;
use crate::id::{CallRef, LegRef};
use crate::patch::topology::Hears;
use crate::patch::{Source, Topology};
use crate::sip::dialog::SessionId;
use smallvec::SmallVec;

impl Exchange {
    /// A leg's side has said what it speaks.
    pub(super) fn reconcile(&mut self, call: CallRef, changed: LegRef, now: Now) {
        let Some(live) = self.calls.get_mut(&call) else { return };
        let Some((first, others)) = live.legs.split_first_mut() else { return };
        let other = others.iter().find(|leg| leg.leg == changed);
        let followed = other.is_some_and(|other| first.follow(other));
        let remote = first.remote().filter(|_| followed);
        let spoken = first.codec();
        let apart = others.iter().any(|leg| leg.codec().is_some() && leg.codec() != spoken);
        if let Some(remote) = remote {
            self.media(remote);
        }
        if apart {
            self.decode(call, now);
        }
    }

    /// Whoever hears something else than one leg that speaks the same, or is heard so, is decoded from now on.
    pub(super) fn decode_mixed(&mut self, call: CallRef, topology: &Topology, now: Now) {
        let Some(live) = self.calls.get(&call) else { return };
        if !live.legs.iter().any(|leg| leg.is_through()) {
            return;
        }
        let codec = |leg: LegRef| live.legs.iter().find(|l| l.leg == leg).and_then(|l| l.codec());
        let through = |leg: LegRef| codec(leg).is_some_and(|codec| !codec.is_decoded());
        let mixed = topology.rows().any(|(leg, hears)| match hears {
            Hears::Leg(other) => {
                let both = codec(*leg).zip(codec(*other));
                both.is_some_and(|(a, b)| a != b) && (through(*leg) || through(*other))
            }
            Hears::Source(Source::Nothing) => false,
            Hears::Source(_) => through(*leg),
            Hears::Mix { speakers, .. } => through(*leg) || speakers.iter().any(|speaker| through(speaker.leg)),
        });
        if mixed {
            self.decode(call, now);
        }
    }

    /// The legs of a call that go through as they are have to be decoded.
    pub(super) fn decode(&mut self, call: CallRef, now: Now) {
        if let Some(live) = self.calls.get_mut(&call) {
            live.decoding = true;
        }
        self.decode_wanted(call, now);
    }

    /// The same where it is wanted: sessions can be asked now that could not before.
    pub(super) fn decode_wanted(&mut self, call: CallRef, now: Now) {
        let Some(live) = self.calls.get_mut(&call).filter(|live| live.decoding) else { return };
        let mut answered = None;
        let mut asked: SmallVec<[(LegRef, SessionId); 2]> = SmallVec::new();
        for leg in live.legs.iter_mut().filter(|leg| leg.is_through()) {
            if leg.answers_decoded() {
                answered = leg.remote();
                continue;
            }
            let settled = leg.session.filter(|session| self.endpoint.is_settled(*session));
            match settled {
                // Decoded together or not at all; one that cannot be asked yet is awaited.
                Some(session) if leg.may_be_decoded() => asked.push((leg.leg, session)),
                _ => return,
            }
        }
        if let Some(remote) = answered {
            self.media(remote);
        }
        for (leg, session) in asked {
            let Some(found) = self.calls.get_mut(&call).and_then(|live| live.leg(leg)) else { continue };
            let offer = found.offer_decoded();
            tracing::debug!(%call, ?leg, "a leg that went through as it is, is offered what is decoded");
            self.endpoint.offer(session, offer, now);
        }
    }

    /// An offer of ours was refused: the leg speaks what it spoke, and the others speak that again if they can.
    pub(super) fn decoding_refused(&mut self, session: SessionId, now: Now) {
        let Some((call, leg)) = self.calls.owner(session) else { return };
        let Some(live) = self.calls.get_mut(&call) else { return };
        let Some(found) = live.leg(leg) else { return };
        found.refused();
        let Some(codec) = found.codec().filter(|codec| !codec.is_decoded()) else { return };
        self.bring_back(call, codec, now);
    }

    fn bring_back(&mut self, call: CallRef, codec: Codec, now: Now) {
        let Some(live) = self.calls.get_mut(&call) else { return };
        live.decoding = false;
        let mut offers: SmallVec<[(SessionId, bytes::Bytes); 2]> = SmallVec::new();
        for leg in &mut live.legs {
            if let (Some(session), Some(offer)) = (leg.session, leg.offer_back(codec)) {
                offers.push((session, offer));
            }
        }
        for (session, offer) in offers {
            self.endpoint.offer(session, offer, now);
        }
    }
}
