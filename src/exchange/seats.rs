//! Seats as they come in by SIP: who proves a password, who has given too many wrong ones, where each phone is.
//!
//! One value that owns challenges, bindings and lock-outs. It answers nobody itself and refuses to know calls and the floor: what
//! there is to be told comes back as [`Shown`] and [`Locked`].

use super::settings::SeatSettings;
use super::summed::Summed;
use crate::clock::{Now, SECOND};
use crate::fact::Fact;
use crate::id::SeatId;
use crate::sip::auth::lockout::{Held, Limits, Lockouts};
use crate::sip::auth::{Algorithm, Guess, Password, Realm, Verdict};
use crate::sip::endpoint::{Incoming, stateless_tag};
use crate::sip::flow::{Flow, Transport};
use crate::sip::name::Name;
use crate::sip::registrar::{Binding, Change, Registrar};
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// Passwords that a seat has beside its own.
const LENT: usize = 2;
/// Refusals of strangers are written down so often, µs.
const WRITTEN_EVERY: u64 = 10 * SECOND;

/// What a request shows of its sender.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// He knows this seat's password.
    Seat(SeatId),
    /// Nothing that is believed: he is challenged; `stale` when only the nonce is at fault.
    Nothing { stale: bool },
    /// His credentials cannot be read: 400.
    Garbled,
}

/// A source that has just been locked out for a seat.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Locked {
    pub fact: Fact,
    /// Said once a source, not at each of its locks.
    pub alarm: Option<(String, String)>,
}

/// The seats' side of the door.
#[derive(Debug)]
pub(super) struct Seats {
    realm: Realm,
    registrar: Registrar,
    lockouts: Lockouts,
    /// Refusals of strangers not yet written down: one fact stands for many.
    strangers: Summed<IpAddr>,
    /// Passwords beside the seats' own, and when each ends, µs monotonic; the newest last.
    lent: BTreeMap<SeatId, Vec<(Password, u64)>>,
    /// When the one ends that was shown last; `None`: it was a seat's own.
    shown_until: Option<u64>,
    /// Seats whose phones have registered by a lent one.
    guests: BTreeSet<SeatId>,
}

impl Seats {
    /// Nobody has registered. `granted` are the shortest and longest registration, s.
    pub fn new(realm: Realm, granted: (u32, u32), limits: Limits) -> Self {
        Self {
            realm,
            registrar: Registrar::new(granted),
            lockouts: Lockouts::new(limits),
            strangers: Summed::every(WRITTEN_EVERY),
            lent: BTreeMap::new(),
            shown_until: None,
            guests: BTreeSet::new(),
        }
    }

    /// Who has sent this, and whom it has locked out.
    pub fn authenticate(
        &mut self,
        incoming: &Incoming,
        known: &BTreeMap<SeatId, SeatSettings>,
        now: Now,
    ) -> (Shown, Option<Locked>) {
        let (m, peer) = (&incoming.message, incoming.flow.peer);
        let (mut stale, mut locked) = (false, None);
        for header in m.values(Name::Authorization).chain(m.values(Name::ProxyAuthorization)) {
            let lookup = |user: &str| -> Option<Password> { known.get(user).map(|s| s.password.clone()) };
            let own = self.realm.verify(header, m.method_token(), peer.ip(), now, lookup);
            let (verdict, until) = self.lent_one(own, header, m.method_token(), peer.ip(), now);
            self.shown_until = until;
            match verdict {
                Verdict::Ok { user, .. } => {
                    let seat = SeatId::from(&*user);
                    if self.admits(&seat, incoming, now) {
                        self.lockouts.right(&seat, peer);
                        return (Shown::Seat(seat), locked);
                    }
                }
                Verdict::Stale => stale = true,
                Verdict::Wrong(Some(guess)) => locked = self.guessed(&guess, incoming, known, now).or(locked),
                Verdict::Wrong(None) | Verdict::Missing => {}
                Verdict::Malformed => return (Shown::Garbled, locked),
            }
        }
        (Shown::Nothing { stale }, locked)
    }

    /// A password for this seat beside its own, until then, µs monotonic. The two newest hold: a page renews it in the midst of a request.
    pub fn lend(&mut self, seat: SeatId, password: Password, until: u64) {
        let his = self.lent.entry(seat).or_default();
        if his.len() >= LENT {
            his.remove(0);
        }
        his.push((password, until));
    }

    /// What a wrong password is by those that are lent: the one that is wrong by its seat's own may be one of them.
    fn lent_one<'h>(
        &mut self,
        own: Verdict<'h>,
        header: &'h [u8],
        method: &[u8],
        from: IpAddr,
        now: Now,
    ) -> (Verdict<'h>, Option<u64>) {
        let Verdict::Wrong(Some(guess)) = &own else { return (own, None) };
        let Some(his) = self.lent.get_mut(&*guess.user) else { return (own, None) };
        his.retain(|(_, until)| now.mono < *until);
        for (password, until) in his.iter().rev() {
            let right = self.realm.verify(header, method, from, now, |_| Some(password));
            if matches!(right, Verdict::Ok { .. }) {
                return (right, Some(*until));
            }
        }
        (own, None)
    }

    /// What was lent holds no more. Whether the seat's phone was there by it: it is not any more.
    pub fn take_back(&mut self, seat: &SeatId) -> bool {
        self.lent.remove(seat);
        self.guests.remove(seat) && self.registrar.remove(seat.as_str()) == Change::Removed
    }

    fn admits(&self, seat: &SeatId, incoming: &Incoming, now: Now) -> bool {
        let registered = self.registrar.binding(seat.as_str()).map(|b| b.flow.peer);
        self.lockouts.admits(seat, incoming.flow.peer, registered, now)
    }

    /// Users that are no seats are not remembered: their number has no end.
    fn guessed(
        &mut self,
        guess: &Guess<'_>,
        incoming: &Incoming,
        known: &BTreeMap<SeatId, SeatSettings>,
        now: Now,
    ) -> Option<Locked> {
        let (seat, _) = known.get_key_value(&*guess.user)?;
        if !self.admits(seat, incoming, now) {
            return None;
        }
        let lock = self.lockouts.wrong(seat, incoming.flow.peer, guess.answer, now)?;
        let source = incoming.flow.peer.ip().to_string();
        let seconds = u32::try_from(lock.lasts / SECOND).unwrap_or(u32::MAX);
        let text =
            format!("{} wrong passwords from {source}: not listened to for {seconds} s, then longer", lock.wrong);
        let alarm = (lock.before == 0).then(|| (format!("seat {seat}"), text));
        let fact = Fact::SeatLocked { seat: seat.clone(), source, wrong: lock.wrong, seconds };
        Some(Locked { fact, alarm })
    }

    /// One stateless 401, not larger than 1.5 × the request: the challenge that stands last, by default MD5's, is left out
    /// where it would be, and where even that is too much, there is silence (interconnect, "Strangers").
    pub fn challenge(&mut self, incoming: &Incoming, stale: bool, now: Now) -> Option<Bytes> {
        let source = incoming.flow.peer.ip();
        self.strangers.add(Some(source));
        let limit = match incoming.flow.transport {
            Transport::Udp => incoming.message.bytes().len() * 3 / 2,
            // Nobody can be flooded by a connection he has opened himself.
            _ => usize::MAX,
        };
        let tag = stateless_tag(&incoming.message);
        let challenges = self.realm.challenge(now, source, &[Algorithm::Sha256, Algorithm::Md5], stale);
        for kept in (1..=challenges.len()).rev() {
            let mut w = incoming.answer(401, &tag);
            for challenge in challenges.iter().take(kept) {
                w.header(Name::WwwAuthenticate, challenge);
            }
            let bytes = w.end_short();
            if bytes.len() <= limit {
                return Some(bytes);
            }
        }
        None
    }

    /// Carries out a REGISTER of this seat: what changed, and the header lines of the 200.
    ///
    /// # Errors
    /// The status that refuses it, with header lines.
    pub fn register(
        &mut self,
        seat: &SeatId,
        incoming: &Incoming,
        now: Now,
    ) -> Result<(Change, String), (u16, String)> {
        // Whoever is there by a lent password is not there for longer than that holds.
        let most = self.shown_until.map(|until| until.saturating_sub(now.mono) / SECOND);
        let most = most.map_or(u32::MAX, |most| u32::try_from(most).unwrap_or(u32::MAX));
        let done = self.registrar.register(seat.as_str(), incoming, most, now)?;
        if matches!(done.0, Change::Bound | Change::Refreshed | Change::Restarted) {
            self.lockouts.registered(seat, incoming.flow.peer);
            if self.shown_until.is_some() {
                self.guests.insert(seat.clone());
            } else {
                self.guests.remove(seat);
            }
        }
        Ok(done)
    }

    /// Where a seat's phone is.
    pub fn binding(&self, seat: &SeatId) -> Option<&Binding> {
        self.registrar.binding(seat.as_str())
    }

    /// How many seats have a phone.
    pub fn registered(&self) -> usize {
        self.registrar.bindings().count()
    }

    /// Whether some phone registered by this flow.
    pub fn knows(&self, flow: &Flow) -> bool {
        self.registrar.knows(flow)
    }

    /// The seats whose phones registered by a flow that is lost; their bindings are gone.
    pub fn flow_lost(&mut self, flow: &Flow) -> Vec<String> {
        self.registrar.flow_lost(flow)
    }

    /// The seats whose bindings have ended.
    pub fn expire(&mut self, now: Now) -> Vec<String> {
        self.registrar.expire(now)
    }

    /// What is held against sources that tried this seat.
    pub fn held_against(&self, seat: &SeatId, now: Now) -> impl Iterator<Item = Held> {
        self.lockouts.of(seat, now)
    }

    /// The seats that somebody has tried with wrong passwords.
    pub fn tried(&self) -> impl Iterator<Item = &SeatId> {
        self.lockouts.seats()
    }

    /// When [`Self::expire`] or [`Self::strangers`] has something to say, µs monotonic.
    pub fn deadline(&self) -> Option<u64> {
        [self.registrar.deadline(), self.strangers.deadline()].into_iter().flatten().min()
    }

    /// One fact for all strangers of ten seconds: a scan must not fill the disk.
    pub fn strangers(&mut self, now: Now) -> Option<Fact> {
        let (count, source) = self.strangers.take(now)?;
        source.map(|source| Fact::Refused { source: source.to_string(), status: 401, count })
    }
}
