//! The targets of one trunk, and how each stands: what OPTIONS says, and which have just failed a call.
//!
//! A target that does not answer OPTIONS is down. One that failed a call rests: it is tried after all others for a while, or until
//! it answers. None is ever left out, so that nobody is turned away by what was true a minute ago.

use crate::clock::{Now, SECOND};
use crate::sip::flow::Transport;
use crate::sip::locate::{self, Target};
use smallvec::SmallVec;
use std::net::SocketAddr;

/// So long a target that failed a call is tried after the others, µs.
const REST: u64 = 30 * SECOND;

/// One way to a trunk.
pub(in crate::exchange) type At = (Transport, SocketAddr);

#[derive(Debug)]
struct Standing {
    target: Target,
    up: bool,
    /// It failed a call, and rests until then, µs monotonic.
    rests: u64,
}

/// Those of one trunk.
#[derive(Debug, Default)]
pub(in crate::exchange) struct Targets {
    all: SmallVec<[Standing; 1]>,
}

impl Targets {
    /// These from now on; what is known of an address that stays is kept.
    pub fn put(&mut self, targets: &[Target]) {
        let old = std::mem::take(&mut self.all);
        let known = |target: &Target| old.iter().find(|s| at(&s.target) == at(target));
        let standing = |target: &Target| {
            let (up, rests) = known(target).map_or((true, 0), |s| (s.up, s.rests));
            Standing { target: *target, up, rests }
        };
        let first = |(i, target): &(usize, &Target)| !targets.iter().take(*i).any(|before| at(before) == at(target));
        // Two names of one address are one target: it answers or fails once.
        self.all = targets.iter().enumerate().filter(first).map(|(_, target)| standing(target)).collect();
    }

    /// Each, and whether it answers.
    pub fn iter(&self) -> impl Iterator<Item = (&Target, bool)> {
        self.all.iter().map(|s| (&s.target, s.up))
    }

    /// Whether any of them may be reached.
    pub fn any_up(&self) -> bool {
        self.all.iter().any(|s| s.up)
    }

    /// In the order in which a call tries them: who answers, who has just failed a call, who does not answer.
    pub fn order(&self, random: u64, now: Now) -> SmallVec<[Target; 2]> {
        if let [only] = &self.all[..] {
            return SmallVec::from_slice(&[only.target]);
        }
        let of = |wanted: u8| {
            let sort = |s: &&Standing| match (s.up, s.rests > now.mono) {
                (true, false) => wanted == 0,
                (true, true) => wanted == 1,
                (false, _) => wanted == 2,
            };
            let some: SmallVec<[Target; 2]> = self.all.iter().filter(sort).map(|s| s.target).collect();
            locate::order(&some, random)
        };
        (0..3).flat_map(of).collect()
    }

    /// What a target answered to OPTIONS: true if that is news.
    pub fn pinged(&mut self, who: At, up: bool) -> bool {
        let Some(standing) = self.all.iter_mut().find(|s| at(&s.target) == who) else { return false };
        if up {
            standing.rests = 0;
        }
        std::mem::replace(&mut standing.up, up) != up
    }

    /// It failed a call: others are tried before it for a while.
    pub fn failed(&mut self, who: At, now: Now) {
        if let Some(standing) = self.all.iter_mut().find(|s| at(&s.target) == who) {
            standing.rests = now.mono + REST;
        }
    }
}

/// Where a target is.
pub(in crate::exchange) fn at(target: &Target) -> At {
    (target.transport, target.address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets(ports: &[u16]) -> Vec<Target> {
        let one = |(place, port): (u16, &u16)| {
            let address = ([192, 0, 2, 1], *port).into();
            Target { place, priority: 0, weight: 0, transport: Transport::Udp, address }
        };
        (0..).zip(ports).map(one).collect()
    }

    fn order(targets: &Targets, mono: u64) -> Vec<u16> {
        let now = Now { mono, wall: 0 };
        targets.order(7, now).iter().map(|t| t.address.port()).collect()
    }

    #[test]
    fn who_fails_goes_behind_and_comes_back() {
        let mut all = Targets::default();
        all.put(&targets(&[1, 2, 3]));
        let who = |port: u16| (Transport::Udp, SocketAddr::from(([192, 0, 2, 1], port)));
        assert_eq!(order(&all, 0), [1, 2, 3]);
        all.failed(who(1), Now { mono: 10, wall: 0 });
        assert_eq!(order(&all, 20), [2, 3, 1], "it rests");
        assert_eq!(order(&all, 10 + REST), [1, 2, 3], "it has rested");
        assert!(all.pinged(who(2), false), "news");
        assert!(!all.pinged(who(2), false), "none any more");
        assert_eq!(order(&all, 20), [3, 1, 2], "down after resting");
        assert!(!all.pinged(who(1), true));
        assert_eq!(order(&all, 20), [1, 3, 2], "an answer ends the rest");
        // The name leads elsewhere now: what is known of an address stays known.
        all.put(&targets(&[2, 4]));
        assert_eq!(order(&all, 20), [4, 2]);
        all.put(&targets(&[2, 4, 4, 2]));
        assert_eq!(order(&all, 20), [4, 2], "an address is one target, however many names lead to it");
        assert!(all.any_up());
        all.pinged(who(4), false);
        assert!(!all.any_up());
        assert_eq!(order(&all, 20), [2, 4], "all down: tried all the same, in their order");
        assert!(!all.pinged(who(9), true), "an answer of one that is no target any more");
    }
}
