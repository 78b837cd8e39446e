//! One leg's offers and answers, remembered: the `o=` version, the order of streams, stable payload type numbers.
//!
//! ```text
//!            offer()                    take_answer()  (again for a repeated answer)
//!   Fresh ──────────────▶ Offered ─────────────────────▶ Offered + agreed
//!     │                      ▲  │ answer(): glare is settled by SIP (491), not here
//!     │ answer()     offer() │  ▼
//!     └──────────────────▶ Answered   take_answer() here: Refused::NoOffer
//! ```

use super::body::{Body, Stream};
use super::web::Web;
use super::write::{Draft, Format, Said, Slot};
use super::{Agreed, Direction, Door, Local, PTIME, Refused, TELEPHONE_EVENT, answer};
use crate::codec::{Codec, Menu};
use crate::key::{self, Crypto, Ice, KEY, Master, Pair, Policy, SALT, Suite};
use bytes::Bytes;
use rand_chacha::ChaCha12Rng;
use rand_core::{RngCore, SeedableRng};
use smallvec::{SmallVec, smallvec};
use std::fmt;
use std::net::IpAddr;

/// What we say of Opus (RFC 7587 §6.1): one channel is meant, and losses are repaired.
const OPUS: &str = "minptime=10;useinbandfec=1;stereo=0";

/// The offer/answer state of one leg. `Clone` it for each early dialog of a forked B-leg: every branch answers apart.
#[derive(Debug, Clone)]
pub struct Negotiation {
    local: Local,
    last: Last,
    /// What we said last, and its `o=` version.
    sent: Option<(Draft, u64)>,
    /// Another text has had that version.
    stale: bool,
    /// `m=` lines of the session so far: their number and order never change (RFC 3264 §8).
    slots: Vec<Slot>,
    agreed: Option<Agreed>,
    /// What it may speak.
    menu: Menu,
    /// Codecs of the other side's last body that we know, with their numbers and parameters.
    theirs: SmallVec<[Format; 4]>,
    /// Dynamic payload types the other side gave to other encodings, one bit each: never ours (RFC 3264 §8.3.2).
    taken: u128,
    /// Our keys, where there may be any; most legs have none.
    secure: Option<Box<Secure>>,
    /// Our side towards a browser, where the other side may be one.
    web: Option<Box<Web>>,
}

/// Whether the leg is encrypted, and our keys.
#[derive(Clone)]
struct Secure {
    policy: Policy,
    random: ChaCha12Rng,
    /// Those of our last offer, by their tags.
    offered: SmallVec<[(u32, Master); 3]>,
}

impl fmt::Debug for Secure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secure({:?}, …)", self.policy)
    }
}

impl Secure {
    fn key(&mut self, suite: Suite) -> Option<Master> {
        let mut bytes = [0; KEY + SALT];
        self.random.fill_bytes(&mut bytes);
        Master::new(suite, bytes.get(..suite.length())?)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Last {
    Fresh,
    Offered { direction: Direction },
    Answered,
}

impl Negotiation {
    /// A leg on which nothing has been said yet.
    #[must_use]
    pub fn new(local: Local) -> Self {
        let slots = vec![Slot::Audio { proto: "RTP/AVP".to_owned(), mid: None }];
        Self {
            local,
            last: Last::Fresh,
            sent: None,
            stale: false,
            slots,
            agreed: None,
            menu: Menu::HOUSE,
            theirs: SmallVec::new(),
            taken: 0,
            secure: None,
            web: None,
        }
    }

    /// The same with these codecs instead of the house's.
    #[must_use]
    pub fn speaking(mut self, menu: Menu) -> Self {
        self.menu = menu;
        self
    }

    /// What was offered meanwhile is void; its version has been used all the same (RFC 3264 §8).
    pub fn back_to(&mut self, before: Self) {
        let used = self.sent.as_ref().map(|(_, version)| *version);
        *self = before;
        if let (Some((_, version)), Some(used)) = (&mut self.sent, used) {
            self.stale = *version != used;
            *version = used;
        }
    }

    /// From now on nothing that only goes through, unless it does so already: the leg on the other side speaks something by now.
    pub fn settle(&mut self) {
        let used = self.agreed.map(|agreed| agreed.codec);
        self.menu = Menu::of(self.menu.iter().filter(|codec| codec.is_decoded() || Some(*codec) == used));
    }

    /// What it may speak.
    #[must_use]
    pub fn menu(&self) -> Menu {
        self.menu
    }

    /// Whether the other side is a browser.
    #[must_use]
    pub fn is_web(&self) -> bool {
        self.web.as_ref().is_some_and(|web| web.speaks)
    }

    /// Codecs of the other side's last body, in its order.
    pub fn theirs(&self) -> impl Iterator<Item = Codec> + '_ {
        self.theirs.iter().map(|format| format.codec)
    }

    /// Whether the other side may have this codec: its offer named it, or ours did and it has chosen another one.
    #[must_use]
    pub fn possible(&self, codec: Codec) -> bool {
        let ours = || self.sent.iter().flat_map(|(draft, _)| &draft.said.codecs).any(|format| format.codec == codec);
        self.theirs().any(|theirs| theirs == codec) || matches!(self.last, Last::Offered { .. }) && ours()
    }

    /// What the other side has said of a codec (`a=fmtp`).
    #[must_use]
    pub fn params(&self, codec: Codec) -> Option<&str> {
        self.theirs.iter().find(|format| format.codec == codec)?.params.as_deref()
    }

    /// The other side may be a browser, which comes in by this door; `seed` is where our names and passwords of ICE come from. `speaks`:
    /// it is one, and our offers are for it.
    #[must_use]
    pub fn with_door(mut self, door: Door, seed: [u8; 32], speaks: bool) -> Self {
        self.web = Some(Box::new(Web::new(door, seed, speaks)));
        if let (true, Some(Slot::Audio { proto, mid })) = (speaks, self.slots.first_mut()) {
            (*proto, *mid) = ("UDP/TLS/RTP/SAVPF".to_owned(), Some("0".to_owned()));
        }
        self
    }

    /// By what a browser's checks of this leg are believed, if the other side is one.
    #[must_use]
    pub fn ice(&self) -> Option<Ice> {
        self.web.as_ref().filter(|web| web.speaks).map(|web| web.ice)
    }

    /// The same with SRTP where the policy says so; `seed` is where our keys come from.
    #[must_use]
    pub fn secured(mut self, policy: Policy, seed: [u8; 32]) -> Self {
        if policy != Policy::Off {
            let random = ChaCha12Rng::from_seed(seed);
            self.secure = Some(Box::new(Secure { policy, random, offered: SmallVec::new() }));
        }
        if let (Policy::Required, Some(Slot::Audio { proto, .. })) = (policy, self.slots.first_mut()) {
            "RTP/SAVP".clone_into(proto);
        }
        self
    }

    /// Our side.
    #[must_use]
    pub fn local(&self) -> Local {
        self.local
    }

    /// What holds now: the outcome of the last [`Self::answer`] or [`Self::take_answer`] that succeeded.
    #[must_use]
    pub fn agreed(&self) -> Option<&Agreed> {
        self.agreed.as_ref()
    }

    /// The leg's media moves to another port: what is said next says so, with the next version.
    pub fn move_to(&mut self, address: IpAddr, port: u16) {
        (self.local.address, self.local.port) = (address, port);
    }

    /// An offer: the codec in use or the menu's first, telephone-event, ptime 20.
    ///
    /// Saying the same again (a session refresh, RFC 4028 §7.4) gives the same `o=` version, any change the next.
    pub fn offer(&mut self, direction: Direction) -> Bytes {
        let used = self.agreed.map(|agreed| agreed.codec);
        let codecs = match used {
            // What goes through as it is leaves the other leg no choice.
            Some(codec) if !codec.is_decoded() => Menu::of([codec]),
            used => Menu::of(used.into_iter().chain(self.menu.iter().filter(|codec| codec.is_decoded()))),
        };
        self.offer_like(direction, codecs, &[])
    }

    /// An offer with the codecs in an order of the caller's: a B-leg prefers what the A-leg speaks. `params`: what the A-leg's side has
    /// said of them.
    pub fn offer_like(&mut self, direction: Direction, codecs: Menu, params: &[(Codec, &str)]) -> Bytes {
        let mut formats: SmallVec<[Format; 2]> = SmallVec::new();
        for codec in codecs.iter() {
            let number = self.number_to_offer(codec, &formats);
            let said = params.iter().find(|(of, _)| *of == codec).map(|(_, params)| (*params).into());
            let ours = (codec == Codec::Opus).then(|| OPUS.into());
            formats.push(Format { codec, number, params: ours.or(said) });
        }
        let said = Said {
            port: self.port(),
            events: self.events_to_offer(&formats),
            codecs: formats,
            ptime: PTIME,
            direction,
            crypto: self.keys_to_offer(),
            web: self.web.as_ref().filter(|web| web.speaks).map(|web| web.says(true)),
        };
        self.last = Last::Offered { direction };
        self.say(said)
    }

    /// Answers an offer. `prefer` is the codec that the leg should speak if it is offered, with what the leg on the other side has said of
    /// it; else the one in use, else the menu's, those that are decoded here before all others. Nothing is remembered of an offer that is refused: what was agreed stays (RFC 3261 §14.2).
    ///
    /// # Errors
    /// All of [`Refused`] but `NoOffer`.
    pub fn answer(&mut self, offer: &[u8], prefer: Option<(Codec, Option<&str>)>) -> Result<(Bytes, Agreed), Refused> {
        let body = Body::parse(offer)?;
        let (decoded, passed): (Vec<Codec>, Vec<Codec>) = self.menu.iter().partition(|codec| codec.is_decoded());
        let used = self.agreed.map(|agreed| agreed.codec);
        let first = prefer.map(|(codec, _)| codec).into_iter().chain(used);
        let wanted: SmallVec<[Codec; 8]> = first.chain(decoded).chain(passed).collect();
        let (index, mut agreed, port) = match self.first_usable(&body, &wanted) {
            Ok((index, agreed)) => {
                let web = body.streams.get(index).is_some_and(answer::is_web);
                (index, agreed, if web { self.door_port() } else { self.local.port })
            }
            Err(Refused::NoAudio) => self.removed(&body)?,
            Err(why) => return Err(why),
        };
        let stream = body.streams.get(index).filter(|_| port != 0);
        let web = match (stream.filter(|stream| answer::is_web(stream)), &mut self.web) {
            (Some(stream), Some(web)) => Some(web.answers(stream)?),
            _ => None,
        };
        let crypto = match stream.filter(|_| web.is_none()) {
            Some(stream) => self.keys_for(stream)?,
            None => None,
        };
        agreed.crypto = web.map(Crypto::Web).or(crypto.map(|(_, pair)| Crypto::Keys(pair)));
        self.slots = slots(&body, index);
        self.taken |= body.streams.get(index).map_or(0, taken);
        if let Some(stream) = stream {
            self.theirs = formats(stream);
        }
        self.agreed = Some(agreed);
        self.last = Last::Answered;
        let params = match (agreed.codec, prefer) {
            (Codec::Opus, _) => Some(OPUS),
            (codec, Some((of, params))) if of == codec && params.is_some() => params,
            (codec, _) => self.params(codec).filter(|_| !codec.is_g711()),
        };
        let format = Format { codec: agreed.codec, number: agreed.payload_type, params: params.map(Into::into) };
        let said = Said {
            port,
            codecs: smallvec![format],
            events: agreed.telephone_event.map(|pt| (pt, agreed.event_clock)).into_iter().collect(),
            ptime: agreed.ptime,
            direction: agreed.direction,
            crypto: crypto.map(|(tag, pair)| (tag, pair.ours)).into_iter().collect(),
            web: self.web.as_ref().filter(|web| web.speaks && port != 0).map(|web| web.says(false)),
        };
        Ok((self.say(said), agreed))
    }

    /// The offer that was made, its keys under RTP/SAVP: many phones that take nothing but SRTP refuse keys under RTP/AVP, and as many
    /// that know no SRTP would refuse this one. `None`: it is so already, or there are no keys.
    #[must_use]
    pub fn secured_offer(&self) -> Option<Bytes> {
        let secure = self.secure.as_ref().filter(|secure| secure.policy == Policy::Offered)?;
        let (Last::Offered { .. }, Some((draft, version)), false) = (self.last, &self.sent, secure.offered.is_empty())
        else {
            return None;
        };
        let mut draft = draft.clone();
        let audio = draft.slots.iter_mut().find_map(|slot| match slot {
            Slot::Audio { proto, .. } if proto == "RTP/AVP" => Some(proto),
            _ => None,
        });
        "RTP/SAVP".clone_into(audio?);
        Some(draft.write(self.local, *version))
    }

    /// Takes the answer to our last offer. The same answer may come twice (183 and 200) and is taken twice.
    ///
    /// # Errors
    /// All of [`Refused`]; what was agreed before stays.
    pub fn take_answer(&mut self, answer: &[u8]) -> Result<Agreed, Refused> {
        let (Last::Offered { direction }, Some((draft, _))) = (self.last, &self.sent) else {
            return Err(Refused::NoOffer);
        };
        let body = Body::parse(answer)?;
        let ours = self.slots.iter().position(|s| matches!(s, Slot::Audio { .. }));
        // The stream at our place; phones that drop refused streams from their answer are forgiven.
        let stream = ours
            .and_then(|i| body.streams.get(i))
            .filter(|s| s.is_audio())
            .or_else(|| body.streams.iter().find(|s| s.is_audio()))
            .ok_or(Refused::NoAudio)?;
        // The answer's order is the answerer's preference among what we offered (RFC 3264 §6.1).
        let offered = &draft.said;
        let ours_too = |codec: &Codec| offered.codecs.iter().any(|format| format.codec == *codec);
        let theirs = stream.payload_types().filter_map(|pt| answer::codec_of(stream, pt));
        let wanted: SmallVec<[Codec; 8]> = theirs.filter(ours_too).collect();
        let mut agreed = answer::weigh(stream, self.local.address, &wanted)?;
        agreed.crypto = match (offered.web, answer::is_web(stream)) {
            (Some(said), true) => Some(Crypto::Web(key::Web { ice: said.ice, theirs: answer::certificate(stream)? })),
            (None, false) => self.keys_answered(stream)?.map(Crypto::Keys),
            _ => return Err(Refused::Profile),
        };
        agreed.direction = direction.and(agreed.direction);
        let listed = |(pt, _): &&(u8, u32)| stream.payload_types().any(|p| p == *pt) && stream.map(*pt).is_none();
        match (agreed.telephone_event, offered.events.iter().find(listed)) {
            _ if offered.events.is_empty() => agreed.telephone_event = None,
            (None, Some((pt, clock))) => (agreed.telephone_event, agreed.event_clock) = (Some(*pt), *clock),
            _ => {}
        }
        self.theirs = formats(stream);
        self.agreed = Some(agreed);
        let proto = stream.proto.clone();
        if let Some(Slot::Audio { proto: ours, .. }) = ours.and_then(|i| self.slots.get_mut(i))
            && agreed.crypto.is_some()
        {
            *ours = proto;
        }
        Ok(agreed)
    }

    /// The first audio stream that can be taken; if none can, why the first could not.
    fn first_usable(&self, body: &Body, wanted: &[Codec]) -> Result<(usize, Agreed), Refused> {
        let mut why = Refused::NoAudio;
        for (index, stream) in body.streams.iter().enumerate().filter(|(_, s)| s.is_audio()) {
            let weighed = answer::weigh(stream, self.local.address, wanted);
            match weighed.and_then(|agreed| self.is_secured(stream).map(|()| agreed)) {
                Ok(agreed) => return Ok((index, agreed)),
                Err(e) if why == Refused::NoAudio => why = e,
                Err(_) => {}
            }
        }
        Err(why)
    }

    /// Whether a stream can be encrypted as it should be.
    fn is_secured(&self, stream: &Stream) -> Result<(), Refused> {
        match (answer::is_web(stream), &self.web) {
            (true, Some(_)) => answer::certificate(stream).map(|_| ()),
            (true, None) => Err(Refused::Profile),
            (false, _) => answer::key(stream, self.policy()).map(|_| ()),
        }
    }

    /// A re-offer that sets the stream's port to 0 removes it (RFC 3264 §8.2): the answer repeats the 0 and the leg
    /// is on hold until another offer.
    fn removed(&self, body: &Body) -> Result<(usize, Agreed, u16), Refused> {
        let before = self.agreed.ok_or(Refused::NoAudio)?;
        // A fax machine asks for T.38 in the place of its sound (ITU-T T.38 Annex D): refused, it goes on in the sound, which is left alone.
        if body.streams.iter().any(|stream| stream.port != 0 && stream.media.eq_ignore_ascii_case("image")) {
            return Err(Refused::NoAudio);
        }
        let index = body.streams.iter().position(Stream::is_audio).ok_or(Refused::NoAudio)?;
        let stream = body.streams.get(index).ok_or(Refused::NoAudio)?;
        if !answer::is_web(stream) {
            answer::profile(stream)?;
        }
        let agreed = Agreed {
            remote_rtp: None,
            remote_rtcp: None,
            remote_source: None,
            crypto: None,
            direction: Direction::Inactive,
            remote_direction: Direction::Inactive,
            ..before
        };
        Ok((index, agreed, 0))
    }

    /// The port that our offers name.
    fn port(&self) -> u16 {
        if self.ice().is_some() { self.door_port() } else { self.local.port }
    }

    fn door_port(&self) -> u16 {
        self.web.as_ref().map_or(self.local.port, |web| web.door.at.port())
    }

    fn policy(&self) -> Policy {
        self.secure.as_ref().map_or(Policy::Off, |secure| secure.policy)
    }

    /// A key for each suite. The same as long as we say the same.
    fn keys_to_offer(&mut self) -> SmallVec<[(u32, Master); 1]> {
        let Some(secure) = &mut self.secure else { return SmallVec::new() };
        if secure.offered.is_empty() {
            let keys: SmallVec<[(u32, Master); 3]> =
                (1..).zip(Suite::ALL).filter_map(|(tag, suite)| Some((tag, secure.key(suite)?))).collect();
            secure.offered = keys;
        }
        secure.offered.iter().copied().collect()
    }

    /// The keys with which an offered stream is answered: new ones, unless the other side repeats its own.
    fn keys_for(&mut self, stream: &Stream) -> Result<Option<(u32, Pair)>, Refused> {
        let key = answer::key(stream, self.policy())?;
        let (Some((tag, theirs)), Some(secure)) = (key, &mut self.secure) else { return Ok(None) };
        let before = match self.agreed.and_then(|agreed| agreed.crypto) {
            Some(Crypto::Keys(pair)) if pair.theirs == theirs => Some(pair.ours),
            _ => None,
        };
        let ours = before.or_else(|| secure.key(theirs.suite));
        secure.offered.clear();
        ours.map(|ours| Some((tag, Pair { ours, theirs }))).ok_or(Refused::Insecure)
    }

    /// The keys of an answer to our offer: the other side has chosen one of ours by its tag.
    fn keys_answered(&self, stream: &Stream) -> Result<Option<Pair>, Refused> {
        let Some((tag, theirs)) = answer::key(stream, self.policy())? else { return Ok(None) };
        let offered = self.secure.iter().flat_map(|secure| &secure.offered);
        let ours = offered.copied().find(|(t, ours)| *t == tag && ours.suite == theirs.suite);
        ours.map(|(_, ours)| Some(Pair { ours, theirs })).ok_or(Refused::Insecure)
    }

    /// Events in the clock of each codec that we offer.
    fn events_to_offer(&self, formats: &[Format]) -> SmallVec<[(u8, u32); 1]> {
        let agreed = self.agreed.and_then(|a| Some((a.telephone_event?, a.event_clock)));
        let mut events: SmallVec<[(u8, u32); 1]> = SmallVec::new();
        for clock in [8_000, 48_000] {
            let spoken = formats.iter().any(|format| format.codec.clock() == clock);
            let free = |pt: &u8| {
                let ours =
                    formats.iter().any(|format| format.number == *pt) || events.iter().any(|(used, _)| used == pt);
                self.taken & (1 << pt) == 0 && !ours
            };
            let before = agreed.filter(|(_, of)| *of == clock).map(|(pt, _)| pt);
            let number = before.or_else(|| std::iter::once(TELEPHONE_EVENT).chain(96..=127).find(free));
            events.extend(number.filter(|_| spoken).map(|pt| (pt, clock)));
        }
        events
    }

    /// The number under which we offer a codec: its own, the one that it has had, or one that nobody uses.
    fn number_to_offer(&self, codec: Codec, before: &[Format]) -> u8 {
        let had = self.theirs.iter().find(|format| format.codec == codec).map(|format| format.number);
        let usual = if codec == Codec::Opus { 111 } else { 97 };
        let free = |pt: &u8| self.taken & (1 << pt) == 0 && !before.iter().any(|format| format.number == *pt);
        let any = || std::iter::once(usual).chain(96..=127).filter(|pt| *pt != TELEPHONE_EVENT).find(free);
        codec.number().or(had).or_else(any).unwrap_or(usual)
    }

    fn say(&mut self, said: Said) -> Bytes {
        let address = said.web.map_or(self.local.address, |web| web.at.ip());
        let draft = Draft { address, slots: self.slots.clone(), said };
        let version = match &self.sent {
            None => 0,
            Some((before, version)) if *before == draft && !self.stale => *version,
            Some((_, version)) => version + 1,
        };
        let body = draft.write(self.local, version);
        self.sent = Some((draft, version));
        self.stale = false;
        body
    }
}

/// The offer's `m=` lines as our answer has them (RFC 3264 §6: same number, same order).
fn slots(body: &Body, audio: usize) -> Vec<Slot> {
    let slot = |(index, stream): (usize, &Stream)| {
        let (proto, mid) = (stream.proto.clone(), stream.mid.clone());
        if index == audio {
            return Slot::Audio { proto, mid };
        }
        let format = stream.formats.first().map_or("-", String::as_str).to_owned();
        Slot::Refused { media: stream.media.clone(), proto, format, mid }
    };
    body.streams.iter().enumerate().map(slot).collect()
}

/// The codecs of a stream that we know.
fn formats(stream: &Stream) -> SmallVec<[Format; 4]> {
    let one = |pt: u8| {
        let codec = answer::codec_of(stream, pt)?;
        Some(Format { codec, number: pt, params: stream.params(pt).map(Into::into) })
    };
    stream.payload_types().filter_map(one).take(Codec::ALL.len()).collect()
}

fn taken(stream: &Stream) -> u128 {
    let other = |pt: &u8| stream.map(*pt).is_some_and(|m| !m.encoding.eq_ignore_ascii_case("telephone-event"));
    stream.payload_types().filter(other).fold(0, |bits, pt| bits | (1 << pt))
}
