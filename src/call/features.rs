//! What goes on beside a talk, in the order in which it is asked.

use super::input::Input;
use super::machine::{Machine, View};
use super::monitor::Monitor;
use super::order::Order;
use super::room::Room;
use super::survey::Survey;
use super::three_way::ThreeWay;
use crate::clock::Now;
use crate::id::SeatId;
use smallvec::SmallVec;

/// The feature that an order begins; `None`: it begins none.
pub(super) fn begun_by(order: &Order) -> Option<Box<dyn Machine>> {
    Some(match order {
        Order::Reach(to, way, brief) => Box::new(ThreeWay::new(to.clone(), *way, brief.clone())),
        Order::Survey => Box::new(Survey::new()),
        Order::Supervise { seat, mode, .. } => Box::new(Monitor::new(seat.clone(), *mode)),
        _ => return None,
    })
}

/// The features of a call that have begun.
#[derive(Debug, Default)]
pub(super) struct Features {
    all: SmallVec<[Box<dyn Machine>; 1]>,
}

impl Features {
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(super) fn get_mut(&mut self, at: usize) -> Option<&mut Box<dyn Machine>> {
        self.all.get_mut(at)
    }

    /// Another one begins; where it stands.
    pub(super) fn insert(&mut self, feature: Box<dyn Machine>) -> usize {
        let at = self.all.iter().position(|f| f.rank() > feature.rank()).unwrap_or(self.all.len());
        self.all.insert(at, feature);
        at
    }

    /// One has done its work.
    pub(super) fn remove(&mut self, at: usize) {
        self.all.remove(at);
    }

    /// Whose input this is.
    pub(super) fn wants(&self, input: &Input) -> Option<usize> {
        self.all.iter().position(|f| f.wants(input))
    }

    pub(super) fn deadline(&self) -> Option<u64> {
        self.all.iter().filter_map(|f| f.deadline()).min()
    }

    /// The ranks of those whose time has come: they stay what they are while one after the other is asked.
    pub(super) fn due(&self, now: Now) -> SmallVec<[u8; 4]> {
        self.all.iter().filter(|f| f.deadline().is_some_and(|at| at <= now.mono)).map(|f| f.rank()).collect()
    }

    pub(super) fn of_rank(&self, rank: u8) -> Option<usize> {
        self.all.iter().position(|f| f.rank() == rank)
    }

    /// Somebody is being brought in, or has been.
    pub(super) fn bring_in(&self) -> bool {
        self.all.iter().any(|f| f.brings_in())
    }

    /// Somebody is sought for a caller who is alone.
    pub(super) fn find_company(&self) -> bool {
        self.all.iter().any(|f| f.finds_company())
    }

    /// The talk goes on when the caller hangs up.
    pub(super) fn keep_line(&self) -> bool {
        self.all.iter().any(|f| f.keeps_line())
    }

    pub(super) fn supervisor(&self) -> Option<&SeatId> {
        self.all.iter().find_map(|f| f.supervisor())
    }

    pub(super) fn arrange(&self, view: &View<'_>, room: &mut Room<'_>) {
        self.all.iter().for_each(|f| f.arrange(view, room));
    }
}
