//! One leg on the wire: its SIP session, what offer and answer settled, and the media port behind it.

use super::input::LegEvent;
use crate::codec::{Codec, Menu};
use crate::id::{CallRef, LegRef, TrunkId};
use crate::key::{Fingerprint, Policy};
use crate::patch::{Command, Latch, Lease, Remote, Source};
use crate::sdp::{Agreed, Direction, Door, Local, Negotiation, Refused};
use crate::sip::dialog::SessionId;
use bytes::Bytes;
use smallvec::{SmallVec, smallvec};
use std::net::{IpAddr, SocketAddr};

/// On what terms a leg's media is had: by which codecs, whether encrypted, and where our keys for it come from.
#[derive(Clone, Copy, Default)]
pub struct Terms {
    /// What it may speak.
    pub codecs: Menu,
    /// A list says so.
    pub told: bool,
    /// Its call is recorded from its beginning.
    pub recorded: bool,
    /// Whether it is encrypted.
    pub policy: Policy,
    /// Where it comes in if it is a browser, and whether it is one.
    pub door: Option<(SocketAddr, Fingerprint, bool)>,
    /// Random.
    pub seed: [u8; 32],
}

impl std::fmt::Debug for Terms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Terms({:?}, {:?}, …)", self.codecs, self.policy)
    }
}

impl Terms {
    /// Of what it may speak, that which is decoded here.
    fn decoded(&self) -> Menu {
        Menu::of(self.codecs.iter().filter(|codec| codec.is_decoded()))
    }
}

/// One leg.
#[derive(Debug)]
pub struct Leg {
    /// Its call.
    pub call: CallRef,
    /// Its name in the call.
    pub leg: LegRef,
    /// Its session; `None` until the INVITE is sent.
    pub session: Option<SessionId>,
    /// The trunk it was sent out on.
    pub trunk: Option<TrunkId>,
    /// Its media port.
    pub lease: Lease,
    negotiation: Negotiation,
    latch: Latch,
    /// Our SDP as it stands: the answer, or the offer where the other side made none.
    local: Bytes,
    /// The offer that it answers, as long as that has not been said: until then it may be answered otherwise.
    unsaid: Option<Bytes>,
    /// It cannot be decoded, or not for long: it is left as it is.
    stays: bool,
    /// As it was before the offer of ours that has not been answered.
    before: Option<Box<(Negotiation, Bytes)>>,
    /// What went through before it was offered what is decoded.
    was: Option<Codec>,
    /// Its codecs were told by a list.
    told: bool,
    /// The media path exists: PRACK, unreliable 183, ACK, or a 2xx of the other side (interconnect, "Offer and answer").
    open: bool,
    /// What it shall hear; said to the media engine once the path exists.
    hears: Option<Source>,
    /// How often it was reported silent.
    pub silent: u32,
}

impl Leg {
    /// A leg whose other side has spoken first, with an offer or without one.
    ///
    /// # Errors
    /// [`Refused`] when the offer cannot be taken.
    pub fn called(
        call: CallRef,
        lease: Lease,
        offer: Option<&[u8]>,
        nat: Option<IpAddr>,
        session_id: u64,
        terms: Terms,
    ) -> Result<Self, Refused> {
        let mut leg = Self::new(call, LegRef(0), lease, nat, session_id, terms);
        leg.local = match offer {
            Some(offer) => leg.negotiation.answer(offer, None)?.0,
            None => leg.negotiation.offer(Direction::SendRecv),
        };
        leg.unsaid = offer.map(Bytes::copy_from_slice);
        Ok(leg)
    }

    /// A leg that we send out; it prefers what the leg that it is for speaks or, as long as that has not been said, might speak.
    #[must_use]
    pub fn calling(
        call: CallRef,
        leg: LegRef,
        lease: Lease,
        nat: Option<IpAddr>,
        session_id: u64,
        like: Option<&Self>,
        terms: Terms,
    ) -> Self {
        let mut leg = Self::new(call, leg, lease, nat, session_id, terms);
        let (codecs, params) = Self::offers(like, terms);
        leg.local = leg.negotiation.offer_like(Direction::SendRecv, codecs, &params);
        leg
    }

    fn new(call: CallRef, leg: LegRef, lease: Lease, nat: Option<IpAddr>, session_id: u64, terms: Terms) -> Self {
        // The top bit is left out: many parsers read `o=` as a signed number.
        let local = Local { address: lease.rtp.ip(), port: lease.rtp.port(), session_id: session_id >> 1 };
        let mut negotiation = Negotiation::new(local).speaking(terms.codecs);
        negotiation = match terms.door {
            // What a browser is encrypted by is no matter of policy: always, and by other keys.
            Some((.., true)) => negotiation,
            Some((.., false)) | None => negotiation.secured(terms.policy, terms.seed),
        };
        if let Some((at, ours, speaks)) = terms.door {
            negotiation = negotiation.with_door(Door { at, ours, user: lease.port.name() }, terms.seed, speaks);
        }
        Self {
            call,
            leg,
            session: None,
            trunk: None,
            lease,
            negotiation,
            latch: nat.map_or(Latch::Sdp, Latch::SdpOr),
            local: Bytes::new(),
            unsaid: None,
            stays: false,
            before: None,
            was: None,
            told: terms.told,
            open: false,
            hears: None,
            silent: 0,
        }
    }

    /// It is sent anew, to another target of its trunk: by this session, and behind a NAT with media from this address.
    pub fn goes_to(&mut self, session: SessionId, nat: Option<IpAddr>) {
        self.session = Some(session);
        self.latch = nat.map_or(Latch::Sdp, Latch::SdpOr);
    }

    /// Our SDP as it stands; it counts as said.
    #[must_use]
    pub fn local_sdp(&mut self) -> Bytes {
        self.unsaid = None;
        self.local.clone()
    }

    /// Our offer for whoever takes no keys in the profile of plain RTP.
    #[must_use]
    pub fn secured_sdp(&self) -> Option<Bytes> {
        self.negotiation.secured_offer()
    }

    /// The codec that was agreed.
    #[must_use]
    pub fn codec(&self) -> Option<Codec> {
        self.negotiation.agreed().map(|agreed| agreed.codec)
    }

    /// What both sides may speak, in the order of our menu.
    fn common(&self) -> impl Iterator<Item = Codec> + '_ {
        let both = |codec: &Codec| self.negotiation.theirs().any(|theirs| theirs == *codec);
        self.negotiation.menu().iter().filter(both).collect::<SmallVec<[Codec; 6]>>().into_iter()
    }

    /// What a leg on these terms offers, for the leg that it is for.
    #[must_use]
    pub fn offers(like: Option<&Self>, terms: Terms) -> (Menu, SmallVec<[(Codec, &str); 1]>) {
        like.map_or_else(|| (terms.decoded(), SmallVec::new()), |like| like.codecs_for(terms))
    }

    /// What a leg on these terms, for this one, offers: what this one speaks or, as long as nothing has been said, might speak, first; then
    /// whatever is decoded here. What is not decoded is offered only where both lists name it, or nothing else is to be had. None at all:
    /// they have nothing in common.
    fn codecs_for(&self, terms: Terms) -> (Menu, SmallVec<[(Codec, &str); 1]>) {
        let Some(spoken) = self.codec() else { return (terms.decoded(), SmallVec::new()) };
        let decoded = self.common().any(Codec::is_decoded);
        let mut first: SmallVec<[Codec; 6]> = match self.unsaid {
            Some(_) => self.common().collect(),
            None => smallvec![spoken],
        };
        // What is recorded had better be decoded from its beginning.
        let through = !decoded || self.told && terms.told && !terms.recorded;
        first.retain(|codec| terms.codecs.has(*codec) && (codec.is_decoded() || through));
        // Two browsers are better off without us in between, unless a list says what is liked best.
        let told = self.told || terms.told;
        let browsers = self.negotiation.is_web() && matches!(terms.door, Some((.., true))) && !told;
        first.sort_by_key(|codec| !(browsers && *codec == Codec::Opus));
        let rest = terms.decoded();
        let params = first.iter().filter(|codec| !codec.is_decoded());
        let params = params.filter_map(|codec| Some((*codec, self.negotiation.params(*codec)?))).collect();
        (Menu::of(first.iter().copied().chain(rest.iter().filter(|_| decoded))), params)
    }

    /// Speaks what the leg that it hears speaks, as long as nothing has been said of another codec. True if that has changed anything.
    pub fn follow(&mut self, other: &Self) -> bool {
        let (Some(offer), Some(codec)) = (&self.unsaid, other.codec()) else { return false };
        // iLBC without a word of its mode is that of 30 ms (RFC 3952 §5).
        let silent = (codec == Codec::Ilbc).then_some("mode=30");
        let params = other.negotiation.params(codec).or(silent).filter(|_| !codec.is_decoded());
        let same = self.codec() == Some(codec) && (params.is_none() || params == self.negotiation.params(codec));
        if same || !self.common().any(|one| one == codec) {
            return false;
        }
        let Ok((local, _)) = self.negotiation.answer(offer, Some((codec, params))) else { return false };
        self.local = local;
        true
    }

    /// Whether it goes through as it is.
    #[must_use]
    pub fn is_through(&self) -> bool {
        self.codec().is_some_and(|codec| !codec.is_decoded())
    }

    /// Whether it may speak something that is decoded here, as far as that is known.
    #[must_use]
    pub fn may_be_decoded(&self) -> bool {
        !self.stays && !self.decodable().is_empty()
    }

    fn decodable(&self) -> Menu {
        let may_be = |codec: &Codec| codec.is_decoded() && self.negotiation.possible(*codec);
        Menu::of(self.negotiation.menu().iter().filter(may_be))
    }

    /// As long as nothing has been said it is answered with what is decoded here. True if it is by now.
    pub fn answers_decoded(&mut self) -> bool {
        let (Some(offer), Some(codec)) = (&self.unsaid, self.common().find(|codec| codec.is_decoded())) else {
            return false;
        };
        match self.negotiation.answer(offer, Some((codec, None))) {
            Ok((local, _)) => self.local = local,
            Err(_) => return false,
        }
        true
    }

    /// An offer of what is decoded here, in the place of what goes through.
    #[must_use]
    pub fn offer_decoded(&mut self) -> Bytes {
        let decoded = self.decodable();
        self.was = self.codec();
        self.before = Some(Box::new((self.negotiation.clone(), self.local.clone())));
        self.local = self.negotiation.offer_like(Direction::SendRecv, decoded, &[]);
        self.local.clone()
    }

    /// That offer was refused: all is as it was, and stays so.
    pub fn refused(&mut self) {
        if let Some(before) = self.before.take() {
            let (negotiation, local) = *before;
            self.negotiation.back_to(negotiation);
            self.local = local;
            self.stays = true;
        }
    }

    /// What went through before it was offered what is decoded; the offer that brings it back.
    #[must_use]
    pub fn offer_back(&mut self, codec: Codec) -> Option<Bytes> {
        (self.was == Some(codec) && self.codec() != Some(codec)).then(|| {
            self.stays = true;
            self.local = self.negotiation.offer_like(Direction::SendRecv, Menu::of([codec]), &[]);
            self.local.clone()
        })
    }

    /// Whether its media is encrypted.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.negotiation.agreed().is_some_and(|agreed| agreed.crypto.is_some())
    }

    /// Whether both sides have agreed on media.
    #[must_use]
    pub fn is_agreed(&self) -> bool {
        self.negotiation.agreed().is_some()
    }

    /// The media command for a browser, which may be there before its answer is.
    #[must_use]
    pub fn expect(&self) -> Option<Command> {
        let ice = self.negotiation.ice()?;
        Some(Command::Expect { port: self.lease.port, epoch: self.lease.epoch, ice })
    }

    /// The media command for what is agreed now.
    #[must_use]
    pub fn remote(&self) -> Option<Command> {
        let agreed = self.negotiation.agreed()?;
        Some(Command::Remote { port: self.lease.port, epoch: self.lease.epoch, remote: remote_of(agreed, self.latch) })
    }

    /// Takes the answer to our offer.
    ///
    /// # Errors
    /// [`Refused`] when nothing in it can be used.
    pub fn take_answer(&mut self, answer: &[u8]) -> Result<Option<LegEvent>, Refused> {
        let before = self.is_held();
        self.negotiation.take_answer(answer)?;
        self.before = None;
        Ok(self.hold_change(before))
    }

    /// Answers a new offer, or makes ours where none came. Our SDP, and whether the leg went on hold or came back.
    ///
    /// # Errors
    /// [`Refused`] when the offer cannot be taken; what was agreed stays.
    pub fn reoffered(&mut self, offer: Option<&[u8]>) -> Result<(Bytes, Option<LegEvent>), Refused> {
        let before = self.is_held();
        // An offer of ours that waits behind this one is void.
        if let Some(before) = self.before.take() {
            self.negotiation.back_to(before.0);
        }
        self.negotiation.settle();
        let sdp = match offer {
            Some(offer) => self.negotiation.answer(offer, None)?.0,
            None => self.negotiation.offer(Direction::SendRecv),
        };
        self.local = sdp.clone();
        Ok((sdp, self.hold_change(before)))
    }

    fn is_held(&self) -> bool {
        self.negotiation.agreed().is_some_and(Agreed::held_by_remote)
    }

    fn hold_change(&self, before: bool) -> Option<LegEvent> {
        let after = self.is_held();
        (before != after).then_some(LegEvent::Held(after))
    }

    /// The media path exists now: what was wanted is said.
    #[must_use]
    pub fn open(&mut self) -> Option<Command> {
        if std::mem::replace(&mut self.open, true) {
            return None;
        }
        self.hears.clone().map(|source| self.hear_command(source))
    }

    /// What the leg hears from now on; the command, once the path exists.
    #[must_use]
    pub fn hear(&mut self, source: Source) -> Option<Command> {
        if self.hears.as_ref() == Some(&source) {
            return None;
        }
        self.hears = Some(source.clone());
        self.open.then(|| self.hear_command(source))
    }

    fn hear_command(&self, source: Source) -> Command {
        Command::Hear { port: self.lease.port, epoch: self.lease.epoch, source }
    }
}

fn remote_of(agreed: &Agreed, latch: Latch) -> Remote {
    Remote {
        rtp: agreed.remote_rtp,
        source: agreed.remote_source,
        rtcp: agreed.remote_rtcp,
        codec: agreed.codec,
        payload_type: agreed.payload_type,
        telephone_event: agreed.telephone_event,
        event_clock: agreed.event_clock,
        ptime: agreed.ptime,
        latch,
        crypto: agreed.crypto,
        receive: agreed.direction.receives(),
    }
}
