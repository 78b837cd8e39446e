//! The pool of media ports, as a value: a lease never waits, is drawn at random, and a returned port rests first.
//!
//! Ports that are handed out in order tell a stranger where the next call's sound will be (RFC 6056 says the same of all
//! ports), so each lease is a draw. It is made among the half that has been free longest: packets of an earlier call that are
//! still on their way to a port find nobody there, as long as there is any other.

use crate::id::{CallRef, LegRef};
use crate::patch::{Epoch, Lease, PortId};
use rand_chacha::ChaCha12Rng;
use rand_core::RngCore;
use std::collections::VecDeque;
use std::net::SocketAddr;

#[derive(Debug)]
struct Slot {
    rtp: SocketAddr,
    epoch: Epoch,
    user: Option<(CallRef, LegRef)>,
    /// It may be leased.
    free: bool,
}

/// The ports of one media thread, by index; those that are free in the order in which they became so, IPv4 and IPv6 apart.
#[derive(Debug, Default)]
struct Share {
    slots: Vec<Option<Slot>>,
    free: [VecDeque<u32>; 2],
}

impl Share {
    fn free(&self) -> usize {
        self.free.iter().map(VecDeque::len).sum()
    }
}

/// Ports that the media threads have bound.
#[derive(Debug)]
pub(super) struct Ports {
    /// By thread.
    shares: Vec<Share>,
    random: ChaCha12Rng,
    leased: usize,
    total: usize,
    /// Whether there are any of IPv4, and of IPv6.
    families: [bool; 2],
}

impl Ports {
    /// No ports yet; every draw comes from `random`.
    pub fn new(random: ChaCha12Rng) -> Self {
        Self { shares: Vec::new(), random, leased: 0, total: 0, families: [false; 2] }
    }

    /// More ports; the only place that allocates. A port that is known already stays as it is.
    pub fn add(&mut self, ports: Vec<(PortId, SocketAddr)>) {
        for (port, rtp) in ports {
            let (thread, index) = (usize::from(port.thread), port.index as usize);
            if self.shares.len() <= thread {
                self.shares.resize_with(thread + 1, Share::default);
            }
            let Some(share) = self.shares.get_mut(thread) else { continue };
            if share.slots.len() <= index {
                share.slots.resize_with(index + 1, || None);
            }
            let Some(slot @ None) = share.slots.get_mut(index) else { continue };
            *slot = Some(Slot { rtp, epoch: Epoch(0), user: None, free: true });
            self.total += 1;
            self.families[family(rtp.is_ipv4())] = true;
            let most = share.slots.len();
            if let Some(free) = share.free.get_mut(family(rtp.is_ipv4())) {
                free.push_back(port.index);
                free.reserve(most - free.len().min(most));
            }
        }
    }

    /// Whether any port is of this family, free or not.
    pub fn has(&self, ipv4: bool) -> bool {
        self.families[family(ipv4)]
    }

    /// A lease on this thread, or on the one with most ports free. IPv4 and IPv6 legs need ports of their own kind.
    pub fn lease(&mut self, thread: Option<u8>, ipv4: bool, user: (CallRef, LegRef)) -> Option<Lease> {
        let thread = match thread {
            Some(thread) => thread,
            None => (0..=u8::MAX).zip(&self.shares).max_by_key(|(id, s)| (s.free(), u8::MAX - id)).map(|(id, _)| id)?,
        };
        let share = self.shares.get_mut(usize::from(thread))?;
        let free = share.free.get_mut(family(ipv4))?;
        // What has been free longest is in front; the one that takes the drawn one's place has been free as long as it.
        let rested = free.len().div_ceil(2) as u64;
        let drawn = (u64::from(self.random.next_u32()) * rested) >> 32;
        let index = free.swap_remove_front(drawn as usize)?;
        let slot = share.slots.get_mut(index as usize)?.as_mut()?;
        slot.epoch = Epoch(slot.epoch.0.wrapping_add(1));
        (slot.user, slot.free) = (Some(user), false);
        self.leased += 1;
        Some(Lease { port: PortId { thread, index }, epoch: slot.epoch, rtp: slot.rtp })
    }

    /// How many are free on this thread.
    pub fn free_on(&self, thread: u8) -> usize {
        self.shares.get(usize::from(thread)).map_or(0, Share::free)
    }

    /// Whose port this is, if the lease still holds.
    pub fn user(&self, port: PortId, epoch: Epoch) -> Option<(CallRef, LegRef)> {
        let slot = self.shares.get(usize::from(port.thread))?.slots.get(port.index as usize)?.as_ref()?;
        slot.user.filter(|_| slot.epoch == epoch)
    }

    /// Its own RTP address.
    pub fn address(&self, port: PortId) -> Option<SocketAddr> {
        Some(self.shares.get(usize::from(port.thread))?.slots.get(port.index as usize)?.as_ref()?.rtp)
    }

    /// The port is another leg's from now on; its lease goes on.
    pub fn assign(&mut self, port: PortId, user: (CallRef, LegRef)) {
        if let Some(slot) = self.slot(port).filter(|s| s.user.is_some()) {
            slot.user = Some(user);
        }
    }

    /// The leg is gone; the port comes back with [`Ports::closed`].
    pub fn vacate(&mut self, port: PortId) {
        if self.slot(port).is_some_and(|slot| slot.user.take().is_some()) {
            self.leased -= 1;
        }
    }

    /// The media thread has let go of the lease.
    pub fn closed(&mut self, port: PortId, epoch: Epoch) {
        let ended = |s: &&mut Slot| s.epoch == epoch && s.user.is_none() && !s.free;
        let Some(slot) = self.slot(port).filter(ended) else { return };
        slot.free = true;
        let family = family(slot.rtp.is_ipv4());
        if let Some(free) = self.shares.get_mut(usize::from(port.thread)).and_then(|s| s.free.get_mut(family)) {
            free.push_back(port.index);
        }
    }

    /// Ports free at present.
    pub fn free(&self) -> usize {
        self.shares.iter().map(Share::free).sum()
    }

    pub fn leased(&self) -> usize {
        self.leased
    }

    pub fn total(&self) -> usize {
        self.total
    }

    fn slot(&mut self, port: PortId) -> Option<&mut Slot> {
        self.shares.get_mut(usize::from(port.thread))?.slots.get_mut(port.index as usize)?.as_mut()
    }
}

/// Where the free ports of a family stand.
fn family(ipv4: bool) -> usize {
    usize::from(!ipv4)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_core::SeedableRng;
    use std::collections::BTreeSet;

    fn pool(seed: u64) -> Ports {
        Ports::new(ChaCha12Rng::seed_from_u64(seed))
    }

    /// Pairs as a media thread binds them: RTP even, RTCP the next.
    fn pairs(thread: u8, count: u32) -> Vec<(PortId, SocketAddr)> {
        let at = |index: u32| SocketAddr::from(([127, 0, 0, 1], 20_000 + 2 * index as u16));
        (0..count).map(|index| (PortId { thread, index }, at(index))).collect()
    }

    fn leases(seed: u64, count: usize) -> Vec<u16> {
        let mut ports = pool(seed);
        ports.add(pairs(0, 1_000));
        let user = (CallRef(1), LegRef(0));
        (0..count).map(|_| ports.lease(Some(0), true, user).unwrap().rtp.port()).collect()
    }

    #[test]
    fn leases_are_drawn_at_random_from_the_seed_even_and_each_once() {
        let drawn = leases(7, 1_000);
        assert_eq!(drawn, leases(7, 1_000), "a seed replays");
        assert!(drawn != leases(8, 1_000), "another seed, the same order");
        assert_eq!(drawn.iter().collect::<BTreeSet<_>>().len(), 1_000, "all of the pool, each once");
        assert!(drawn.iter().all(|port| port % 2 == 0));
        let next = drawn.windows(2).filter(|w| w[1].abs_diff(w[0]) == 2).count();
        assert!(next < 20, "{next} of 1,000 leases were the port beside the last");
        let first: BTreeSet<u16> = (0..400).map(|seed| leases(seed, 1)[0]).collect();
        assert!(first.len() > 200, "the first lease is one of {}", first.len());
    }

    #[test]
    fn a_port_just_freed_rests_while_half_of_the_pool_is_leased() {
        let mut ports = pool(3);
        ports.add(pairs(0, 64));
        let user = (CallRef(1), LegRef(0));
        let mut freed: Vec<PortId> = Vec::new();
        for _ in 0..5_000 {
            let lease = ports.lease(Some(0), true, user).unwrap();
            let rested = freed.iter().rev().position(|port| *port == lease.port);
            assert!(rested.is_none_or(|n| n >= 31), "{:?} again after {rested:?} leases", lease.port);
            ports.vacate(lease.port);
            ports.closed(lease.port, lease.epoch);
            freed.push(lease.port);
        }
        assert_eq!(freed.iter().collect::<BTreeSet<_>>().len(), 64, "none is left out");
    }

    #[test]
    fn nothing_is_allocated_for_a_call_and_the_threads_share_the_legs() {
        let mut ports = pool(3);
        ports.add(pairs(0, 100));
        ports.add(pairs(1, 100));
        let room: Vec<usize> = ports.shares.iter().map(|s| s.free[0].capacity()).collect();
        let user = (CallRef(1), LegRef(0));
        for _ in 0..50 {
            let held: Vec<Lease> = (0..200).map(|_| ports.lease(None, true, user).unwrap()).collect();
            assert_eq!((ports.free(), ports.leased(), ports.total()), (0, 200, 200));
            assert!(ports.lease(None, true, user).is_none());
            for lease in held {
                ports.vacate(lease.port);
                ports.closed(lease.port, lease.epoch);
                ports.closed(lease.port, lease.epoch);
            }
            ports.add(pairs(1, 100));
        }
        assert_eq!((ports.free_on(0), ports.free_on(1), ports.free_on(9)), (100, 100, 0));
        assert_eq!(room, ports.shares.iter().map(|s| s.free[0].capacity()).collect::<Vec<_>>());
    }

    #[test]
    fn a_port_returns_behind_the_others_and_an_old_lease_is_recognised() {
        let mut ports = pool(1);
        let id = |index| PortId { thread: 0, index };
        let at = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
        ports.add(vec![(id(0), at(20_000)), (id(1), at(20_002))]);
        let user = (CallRef(1), LegRef(0));
        let first = ports.lease(None, true, user).unwrap();
        assert_eq!((first.port, ports.user(first.port, first.epoch)), (id(0), Some(user)));
        assert!(ports.lease(None, false, user).is_none(), "no IPv6 port was bound");
        ports.vacate(first.port);
        assert_eq!(ports.lease(None, true, user).unwrap().port, id(1));
        assert!(ports.lease(None, true, user).is_none(), "the first is not closed yet");
        ports.closed(first.port, first.epoch);
        let again = ports.lease(Some(0), true, user).unwrap();
        assert_eq!(again.port, id(0));
        ports.closed(first.port, first.epoch);
        assert_eq!(ports.user(again.port, first.epoch), None);
        assert_eq!(ports.leased(), 2);
    }
}
