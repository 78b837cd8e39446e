//! The pool of media ports, as a value: leases never wait, a returned port rests behind the others.

use crate::id::{CallRef, LegRef};
use crate::patch::{Epoch, Lease, PortId};
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

#[derive(Debug)]
struct Slot {
    rtp: SocketAddr,
    epoch: Epoch,
    user: Option<(CallRef, LegRef)>,
}

/// Ports that the media threads have bound.
#[derive(Debug, Default)]
pub(super) struct Ports {
    slots: BTreeMap<PortId, Slot>,
    free: BTreeMap<u8, VecDeque<PortId>>,
    leased: usize,
}

impl Ports {
    pub fn add(&mut self, ports: Vec<(PortId, SocketAddr)>) {
        for (port, rtp) in ports {
            self.slots.insert(port, Slot { rtp, epoch: Epoch(0), user: None });
            self.free.entry(port.thread).or_default().push_back(port);
        }
    }

    /// A lease on this thread, or on the one with most ports free. IPv4 and IPv6 legs need ports of their own kind.
    pub fn lease(&mut self, thread: Option<u8>, ipv4: bool, user: (CallRef, LegRef)) -> Option<Lease> {
        let thread = match thread {
            Some(thread) => thread,
            None => self.free.iter().max_by_key(|(id, free)| (free.len(), u8::MAX - **id)).map(|(id, _)| *id)?,
        };
        let free = self.free.get_mut(&thread)?;
        let fits = |port: &PortId| self.slots.get(port).is_some_and(|s| s.rtp.is_ipv4() == ipv4);
        let at = free.iter().position(fits)?;
        let port = free.remove(at)?;
        let slot = self.slots.get_mut(&port)?;
        slot.epoch = Epoch(slot.epoch.0.wrapping_add(1));
        slot.user = Some(user);
        self.leased += 1;
        Some(Lease { port, epoch: slot.epoch, rtp: slot.rtp })
    }

    /// How many are free on this thread.
    pub fn free_on(&self, thread: u8) -> usize {
        self.free.get(&thread).map_or(0, VecDeque::len)
    }

    /// Whose port this is, if the lease still holds.
    pub fn user(&self, port: PortId, epoch: Epoch) -> Option<(CallRef, LegRef)> {
        self.slots.get(&port).filter(|s| s.epoch == epoch).and_then(|s| s.user)
    }

    /// The port is another leg's from now on; its lease goes on.
    pub fn assign(&mut self, port: PortId, user: (CallRef, LegRef)) {
        if let Some(slot) = self.slots.get_mut(&port).filter(|s| s.user.is_some()) {
            slot.user = Some(user);
        }
    }

    /// The leg is gone; the port comes back with [`Ports::closed`].
    pub fn vacate(&mut self, port: PortId) {
        if let Some(slot) = self.slots.get_mut(&port)
            && slot.user.take().is_some()
        {
            self.leased -= 1;
        }
    }

    /// The media thread has let go of the lease.
    pub fn closed(&mut self, port: PortId, epoch: Epoch) {
        let Some(slot) = self.slots.get(&port) else { return };
        if slot.epoch == epoch && slot.user.is_none() {
            self.free.entry(port.thread).or_default().push_back(port);
        }
    }

    /// Ports free at present.
    pub fn free(&self) -> usize {
        self.free.values().map(VecDeque::len).sum()
    }

    pub fn leased(&self) -> usize {
        self.leased
    }

    pub fn total(&self) -> usize {
        self.slots.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_returns_behind_the_others_and_an_old_lease_is_recognised() {
        let mut ports = Ports::default();
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
