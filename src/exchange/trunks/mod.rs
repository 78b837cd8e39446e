//! Trunks: whether each answers, what it carries, whether we are registered there, what has been through it.
//!
//! One value that owns all of that, by index in the order of their names. It refuses to know the endpoint, the dialplan and
//! calls: what shall be sent and told comes back by value.

pub(super) mod loops;
pub(super) mod registration;
pub(super) mod targets;

use super::settings::{Settings, TrunkSettings};
use crate::clock::Now;
use crate::fact::Fact;
use crate::id::TrunkId;
use crate::sip::dialog::SessionId;
use crate::sip::locate::Target;
use crate::sip::message::Message;
use crate::sip::uri::Uri;
use bytes::Bytes;
use loops::{Caller, Loops, Sent};
use registration::Registration;
use smallvec::SmallVec;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use targets::{At, Targets};

/// One trunk.
#[derive(Debug)]
pub(super) struct Trunk {
    pub id: TrunkId,
    /// One of its targets answers OPTIONS, or is never asked (interconnect: every 10–30 s, any answer but 408 and 503 is up); or it only calls us.
    pub up: bool,
    pub targets: Targets,
    /// Calls on it that we sent.
    pub calls: usize,
    pub registration: Option<Registration>,
    /// Of the timer that is set for the registration, and when it fires, µs monotonic.
    timer: (u32, Option<u64>),
}

impl Trunk {
    /// Whether any target is up: the fact, if that is news.
    fn stands(&mut self) -> Option<Fact> {
        let up = self.targets.any_up();
        if std::mem::replace(&mut self.up, up) == up {
            return None;
        }
        let trunk = self.id.clone();
        Some(if up { Fact::TrunkUp { trunk } } else { Fact::TrunkDown { trunk } })
    }
}

/// All trunks.
#[derive(Debug, Default)]
pub(super) struct Trunks {
    all: Vec<Trunk>,
    by_name: BTreeMap<TrunkId, u32>,
    by_address: BTreeMap<SocketAddr, Vec<TrunkId>>,
    /// By the names that stand in URIs to them.
    by_host: BTreeMap<Vec<u8>, Vec<TrunkId>>,
    ours: Vec<IpAddr>,
    /// Who calls from the addresses of names: by address, and by the port where one is written.
    sources: BTreeMap<IpAddr, Vec<(Option<u16>, TrunkId)>>,
    /// OPTIONS that are open, by their tokens.
    asked: BTreeMap<u32, (u32, At)>,
    next_token: u32,
    loops: Loops,
}

impl Trunks {
    /// All of them up, none registered.
    pub fn new(settings: &Settings) -> Self {
        let mut trunks = Self { ours: settings.listen.iter().map(|(_, at)| at.ip()).collect(), ..Self::default() };
        for (index, (id, of)) in (0..).zip(&settings.trunks) {
            let (targets, timer) = (Targets::default(), (0, None));
            trunks.all.push(Trunk { id: id.clone(), up: true, targets, calls: 0, registration: None, timer });
            trunks.by_name.insert(id.clone(), index);
            if let Some(outbound) = &of.outbound {
                // What is known by its name is not there until the name is found.
                trunks.put_targets(id, &outbound.targets);
                for host in outbound.hosts.iter().flatten() {
                    let uri = format!("sip:{host}");
                    let Some(uri) = Uri::read(uri.as_bytes()) else { continue };
                    trunks.by_host.entry(uri.host.to_ascii_lowercase()).or_default().push(id.clone());
                }
            }
        }
        trunks
    }

    pub fn iter(&self) -> impl Iterator<Item = (u32, &Trunk)> {
        (0..).zip(&self.all)
    }

    pub fn get(&self, index: u32) -> Option<&Trunk> {
        self.all.get(index as usize)
    }

    pub fn get_mut(&mut self, index: u32) -> Option<&mut Trunk> {
        self.all.get_mut(index as usize)
    }

    fn named(&self, id: &TrunkId) -> Option<&Trunk> {
        self.get(*self.by_name.get(id)?)
    }

    /// Where it leads from now on: the fact, if it is up or down by that.
    pub fn put_targets(&mut self, id: &TrunkId, targets: &[Target]) -> Option<Fact> {
        let index = *self.by_name.get(id)?;
        for trunks in self.by_address.values_mut() {
            trunks.retain(|trunk| trunk != id);
        }
        self.by_address.retain(|_, trunks| !trunks.is_empty());
        for target in targets {
            let there = self.by_address.entry(target.address).or_default();
            if !there.contains(id) {
                there.push(id.clone());
            }
        }
        let trunk = self.get_mut(index)?;
        trunk.targets.put(targets);
        trunk.stands()
    }

    /// The addresses of the names that it calls from.
    pub fn put_sources(&mut self, id: &TrunkId, addresses: &[(IpAddr, Option<u16>)]) {
        for trunks in self.sources.values_mut() {
            trunks.retain(|(_, trunk)| trunk != id);
        }
        self.sources.retain(|_, trunks| !trunks.is_empty());
        for (ip, port) in addresses {
            self.sources.entry(*ip).or_default().push((*port, id.clone()));
        }
    }

    /// Whose name leads to this address, and whether a port is written with it. Of several the first by name.
    pub fn named_source(&self, peer: SocketAddr) -> Option<(&TrunkId, bool)> {
        let there = self.sources.get(&peer.ip())?.iter();
        let fits = there.filter(|(port, _)| port.is_none_or(|port| port == peer.port()));
        fits.map(|(port, id)| (id, port.is_some())).max_by_key(|(id, exact)| (*exact, std::cmp::Reverse(*id)))
    }

    /// The addresses that calls to it go to, and that its names say it calls from.
    pub fn addresses(&self, index: u32) -> impl Iterator<Item = IpAddr> {
        let trunk = self.get(index);
        let targets = trunk.into_iter().flat_map(|t| t.targets.iter().map(|(target, _)| target.address.ip()));
        let is_its = move |there: &Vec<(_, TrunkId)>| there.iter().any(|(_, id)| trunk.is_some_and(|t| t.id == *id));
        targets.chain(self.sources.iter().filter(move |(_, there)| is_its(there)).map(|(ip, _)| *ip))
    }

    /// Whether a call has more than one target to choose from.
    pub fn has_choice(&self, id: &TrunkId) -> bool {
        self.named(id).is_some_and(|t| t.targets.iter().nth(1).is_some())
    }

    /// Its targets in the order in which a call tries them.
    pub fn order(&self, id: &TrunkId, random: u64, now: Now) -> SmallVec<[Target; 2]> {
        self.named(id).map(|t| t.targets.order(random, now)).unwrap_or_default()
    }

    /// One of its targets failed a call.
    pub fn target_failed(&mut self, id: &TrunkId, at: At, now: Now) {
        let index = self.by_name.get(id).copied();
        if let Some(trunk) = index.and_then(|index| self.get_mut(index)) {
            trunk.targets.failed(at, now);
        }
    }

    /// A target is asked by OPTIONS: the token to ask with.
    pub fn asks(&mut self, index: u32, at: At) -> u32 {
        self.next_token = self.next_token.wrapping_add(1);
        self.asked.insert(self.next_token, (index, at));
        self.next_token
    }

    /// What was answered to OPTIONS: the fact, if the trunk is up or down by that.
    pub fn pinged(&mut self, token: u32, status: u16) -> Option<Fact> {
        let (index, at) = self.asked.remove(&token)?;
        let trunk = self.get_mut(index)?;
        let up = !matches!(status, 408 | 503);
        if trunk.targets.pinged(at, up) && trunk.targets.iter().nth(1).is_some() {
            tracing::warn!(trunk = %trunk.id, target = %at.1, up, "a trunk's target");
        }
        trunk.stands()
    }

    /// Whether OPTIONS says that the trunk cannot take a call. Emergency trunks are tried all the same.
    pub fn is_down(&self, id: &TrunkId) -> bool {
        self.named(id).is_some_and(|t| !t.up)
    }

    /// Whether it carries as many of our calls as it may.
    pub fn is_full(&self, id: &TrunkId, settings: &TrunkSettings) -> bool {
        settings.max_calls.is_some_and(|most| self.named(id).is_some_and(|t| t.calls >= most))
    }

    /// A leg is on its way there.
    pub fn sent(&mut self, session: SessionId, sent: Sent) {
        self.count(&sent.trunk, |calls| calls + 1);
        self.loops.sent(session, sent);
    }

    /// A leg has ended; nothing, if it was none to a trunk.
    pub fn ended(&mut self, session: SessionId) {
        if let Some(trunk) = self.loops.ended(session) {
            self.count(&trunk, |calls| calls.saturating_sub(1));
        }
    }

    /// A leg has been sent anew, to another target: by this session now.
    pub fn moved(&mut self, was: SessionId, session: SessionId, call_id: Bytes) {
        self.loops.moved(was, session, call_id);
    }

    fn count(&mut self, id: &TrunkId, change: impl FnOnce(usize) -> usize) {
        let index = self.by_name.get(id).copied();
        if let Some(trunk) = index.and_then(|index| self.get_mut(index)) {
            trunk.calls = change(trunk.calls);
        }
    }

    /// The trunks that this call must not be sent to again: it has been there, or `most` legs of its caller are up there already;
    /// `None`: those are not counted.
    pub fn looped(&self, invite: &Message, caller: Option<&Caller>, most: Option<usize>) -> Vec<TrunkId> {
        let at = |uri: &Uri<'_>| {
            let there = match uri.address() {
                Some(address) => self.by_address.get(&address),
                None => self.by_host.get(&uri.host.to_ascii_lowercase()),
            };
            there.map_or(&[][..], Vec::as_slice)
        };
        let mut trunks = self.loops.evidence(invite, caller, |ip| self.ours.contains(&ip), at);
        if let (Some(caller), Some(most)) = (caller, most) {
            trunks.extend(self.loops.crowded(caller, most).cloned());
        }
        trunks.into_iter().collect()
    }

    /// The timer that must be set for a registration now: when, and its serial. `None`: the one that is set is right, or none is
    /// needed.
    pub fn timer(&mut self, index: u32) -> Option<(u64, u32)> {
        let trunk = self.get_mut(index)?;
        let wanted = trunk.registration.as_ref()?.deadline();
        if trunk.timer.1 == wanted {
            return None;
        }
        trunk.timer = (trunk.timer.0.wrapping_add(1), wanted);
        wanted.map(|at| (at, trunk.timer.0))
    }

    /// Whether this timer is the one that was set last. It has fired.
    pub fn is_current(&mut self, index: u32, serial: u32) -> bool {
        let Some(trunk) = self.get_mut(index).filter(|t| t.timer.0 == serial) else { return false };
        trunk.timer.1 = None;
        true
    }
}
