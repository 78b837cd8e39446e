//! Trunks: whether each answers, what it carries, whether we are registered there, what has been through it.
//!
//! One value that owns all of that, by index in the order of their names. It refuses to know the endpoint, the dialplan and
//! calls: what shall be sent and told comes back by value.

pub(super) mod loops;
pub(super) mod registration;

use super::settings::{Settings, TrunkSettings};
use crate::fact::Fact;
use crate::id::TrunkId;
use crate::sip::dialog::SessionId;
use crate::sip::message::Message;
use loops::{Caller, Loops, Sent};
use registration::Registration;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

/// One trunk.
#[derive(Debug)]
pub(super) struct Trunk {
    pub id: TrunkId,
    /// It answers OPTIONS, or is never asked (interconnect: every 10–30 s, any answer but 408 and 503 is up).
    pub up: bool,
    /// Calls on it that we sent.
    pub calls: usize,
    pub registration: Option<Registration>,
    /// Of the timer that is set for the registration, and when it fires, µs monotonic.
    timer: (u32, Option<u64>),
}

/// All trunks.
#[derive(Debug, Default)]
pub(super) struct Trunks {
    all: Vec<Trunk>,
    by_name: BTreeMap<TrunkId, u32>,
    by_address: BTreeMap<SocketAddr, Vec<TrunkId>>,
    ours: Vec<IpAddr>,
    loops: Loops,
}

impl Trunks {
    /// All of them up, none registered.
    pub fn new(settings: &Settings) -> Self {
        let mut trunks = Self { ours: settings.listen.iter().map(|(_, at)| at.ip()).collect(), ..Self::default() };
        for (index, (id, of)) in (0..).zip(&settings.trunks) {
            let trunk = Trunk { id: id.clone(), up: true, calls: 0, registration: None, timer: (0, None) };
            trunks.all.push(trunk);
            trunks.by_name.insert(id.clone(), index);
            if let Some((_, address)) = of.outbound {
                trunks.by_address.entry(address).or_default().push(id.clone());
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

    /// What it answered to OPTIONS: the fact, if that is news.
    pub fn pinged(&mut self, index: u32, status: u16) -> Option<Fact> {
        let trunk = self.get_mut(index)?;
        let up = !matches!(status, 408 | 503);
        if std::mem::replace(&mut trunk.up, up) == up {
            return None;
        }
        let trunk = trunk.id.clone();
        Some(if up { Fact::TrunkUp { trunk } } else { Fact::TrunkDown { trunk } })
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

    fn count(&mut self, id: &TrunkId, change: impl FnOnce(usize) -> usize) {
        let index = self.by_name.get(id).copied();
        if let Some(trunk) = index.and_then(|index| self.get_mut(index)) {
            trunk.calls = change(trunk.calls);
        }
    }

    /// The trunks that this call must not be sent to again: it has been there, or `most` legs of its caller are up there already;
    /// `None`: those are not counted.
    pub fn looped(&self, invite: &Message, caller: Option<&Caller>, most: Option<usize>) -> Vec<TrunkId> {
        let at = |address| self.by_address.get(&address).map_or(&[][..], Vec::as_slice);
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
