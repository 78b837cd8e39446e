//! Wrong passwords: a source that has given too many for a seat is not believed for a while, whatever it says.
//!
//! Counted by seat and source address, so that nobody can lock a seat out from elsewhere, and only what [`super::Guess`] says may be
//! counted: nobody can do it in another's name. The seat's own address goes on working: the phone that is registered always, and
//! whoever else is at the address where the seat last registered (a phone that starts anew behind its NAT) as long as the wrong
//! ones there do not come by the dozen.
//! The table is bounded. It refuses to know passwords and to answer anybody: who is locked out gets the challenge that all get.

use crate::clock::{Now, SECOND};
use crate::id::SeatId;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// Most pairs of seat and source that are remembered; beyond, the one that has been quiet longest is forgotten.
pub const MOST: usize = 4096;
/// The seat's own address may be wrong so often at once, µs of pauses saved up, and then once in each pause, µs: a right password
/// there is believed during a lock too, and yet nobody beside the seat's phone may try thousands.
const OWN_CREDIT: u64 = 30 * SECOND;
const OWN_PAUSE: u64 = SECOND;
/// A source is forgotten after so many times the longest lock without a wrong answer.
const FORGOTTEN: u64 = 4;

/// How patient the switch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Wrong passwords in a row until a source is locked out for a seat; 0: it never is.
    pub failures: u32,
    /// How long for the first time, µs; each further wrong password then locks at once, for twice as long.
    pub first: u64,
    /// The longest lock, µs.
    pub longest: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { failures: 5, first: 30 * SECOND, longest: 900 * SECOND }
    }
}

/// A source that has just been locked out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lock {
    /// Its wrong passwords so far.
    pub wrong: u32,
    /// For how long, µs.
    pub lasts: u64,
    /// How often it has been locked out before.
    pub before: u32,
}

/// What is held against one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// Its address; of an IPv6 one the first 64 bits.
    pub source: IpAddr,
    /// Its wrong passwords so far.
    pub wrong: u32,
    /// How much longer it is locked out, µs; 0 when it is not, yet or any more.
    pub left: u64,
}

/// One source's record with one seat.
#[derive(Debug, Clone, Copy)]
struct Record {
    wrong: u32,
    locks: u32,
    /// When the last wrong password came and when the lock ends, µs monotonic.
    last: u64,
    until: u64,
    /// When the pauses for its wrong passwords so far are over, µs monotonic.
    paused: u64,
    /// The port that it came from, and what it was.
    peer: SocketAddr,
    answer: u64,
}

type Key<K> = (K, IpAddr);

/// Who has given wrong passwords, for which seats; or for whatever else has one, by its name.
#[derive(Debug)]
pub struct Lockouts<K = SeatId> {
    limits: Limits,
    records: BTreeMap<Key<K>, Record>,
    /// The same by their last wrong password.
    quiet: BTreeSet<(u64, Key<K>)>,
    /// Where each seat's phone last registered well.
    homes: BTreeMap<K, IpAddr>,
}

impl<K: Ord + Clone> Lockouts<K> {
    /// Nobody is locked out.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, records: BTreeMap::new(), quiet: BTreeSet::new(), homes: BTreeMap::new() }
    }

    /// Whether a right password of this seat is believed when it comes from there; a wrong one is not even counted otherwise.
    /// `registered` is the address and port of the phone that is registered, if one is.
    #[must_use]
    pub fn admits(&self, seat: &K, peer: SocketAddr, registered: Option<SocketAddr>, now: Now) -> bool {
        let key = (seat.clone(), network(peer.ip()));
        let Some(record) = self.records.get(&key).filter(|r| now.mono < r.until) else { return true };
        registered == Some(peer)
            || self.homes.get(seat) == Some(&key.1) && record.paused <= now.mono.saturating_add(OWN_CREDIT)
    }

    /// Counts a wrong password from a source that [`Self::admits`]. The lock, if it leads to one.
    pub fn wrong(&mut self, seat: &K, peer: SocketAddr, answer: u64, now: Now) -> Option<Lock> {
        if self.limits.failures == 0 {
            return None;
        }
        self.forget_quiet(now);
        let key = (seat.clone(), network(peer.ip()));
        let old = self.records.get(&key).copied();
        if old.is_some_and(|r| r.answer == answer) {
            return None;
        }
        match old {
            Some(old) => _ = self.quiet.remove(&(old.last, key.clone())),
            None if self.records.len() >= MOST => {
                if let Some((_, longest_quiet)) = self.quiet.pop_first() {
                    self.records.remove(&longest_quiet);
                }
            }
            None => {}
        }
        let mut record = old.unwrap_or(Record { wrong: 0, locks: 0, last: 0, until: 0, paused: 0, peer, answer });
        record.wrong = record.wrong.saturating_add(1);
        (record.last, record.peer, record.answer) = (now.mono, peer, answer);
        record.paused = record.paused.max(now.mono).saturating_add(OWN_PAUSE);
        let lock = (record.wrong >= self.limits.failures).then(|| {
            let lasts = self.limits.first.saturating_mul(1 << record.locks.min(20)).min(self.limits.longest);
            record.until = now.mono + lasts;
            record.locks += 1;
            Lock { wrong: record.wrong, lasts, before: record.locks - 1 }
        });
        self.quiet.insert((record.last, key.clone()));
        self.records.insert(key, record);
        lock
    }

    /// A right password: the same phone's wrong ones are forgiven. Those of others at its address are not.
    pub fn right(&mut self, seat: &K, peer: SocketAddr) {
        let key = (seat.clone(), network(peer.ip()));
        if self.records.get(&key).is_some_and(|r| r.peer == peer)
            && let Some(record) = self.records.remove(&key)
        {
            self.quiet.remove(&(record.last, key));
        }
    }

    /// The seat's phone has registered there: from now on this is its own address.
    pub fn registered(&mut self, seat: &K, peer: SocketAddr) {
        self.homes.insert(seat.clone(), network(peer.ip()));
    }

    /// Whether this is the address where it last registered.
    #[must_use]
    pub fn is_home(&self, seat: &K, peer: SocketAddr) -> bool {
        self.homes.get(seat) == Some(&network(peer.ip()))
    }

    /// The seats that were tried, each as often as there are sources.
    pub fn seats(&self) -> impl Iterator<Item = &K> {
        self.records.keys().map(|(seat, _)| seat)
    }

    /// What is held against sources that tried this seat.
    pub fn of(&self, seat: &K, now: Now) -> impl Iterator<Item = Held> {
        let first = (seat.clone(), IpAddr::from([0, 0, 0, 0]));
        let last = (seat.clone(), IpAddr::V6(Ipv6Addr::from(u128::MAX)));
        let quiet = self.limits.longest.saturating_mul(FORGOTTEN);
        self.records.range(first..=last).filter(move |(_, r)| now.mono < r.last.saturating_add(quiet)).map(
            move |((_, source), r)| Held { source: *source, wrong: r.wrong, left: r.until.saturating_sub(now.mono) },
        )
    }

    fn forget_quiet(&mut self, now: Now) {
        let quiet = self.limits.longest.saturating_mul(FORGOTTEN);
        while let Some((last, _)) = self.quiet.first()
            && last.saturating_add(quiet) <= now.mono
            && let Some((_, key)) = self.quiet.pop_first()
        {
            self.records.remove(&key);
        }
    }
}

/// Whose address it is: of IPv6 the first 64 bits, since one house has all the rest of them.
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from(u128::from(v6) & !u128::from(u64::MAX))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: ([u8; 4], u16) = ([192, 0, 2, 1], 5060);
    const THIEF: ([u8; 4], u16) = ([203, 0, 113, 9], 5060);

    fn at(seconds: u64) -> Now {
        Now::default().plus(seconds * SECOND)
    }

    fn seat() -> SeatId {
        SeatId::from("8001")
    }

    /// So many different wrong passwords at once; the last lock.
    fn guesses(table: &mut Lockouts, from: impl Into<SocketAddr>, many: u64, second: u64) -> Option<Lock> {
        let from = from.into();
        (0..many).map(|n| table.wrong(&seat(), from, second << 32 | n, at(second))).last().flatten()
    }

    #[test]
    fn a_source_is_locked_out_longer_each_time_and_another_one_is_not() {
        let mut table = Lockouts::new(Limits::default());
        let thief = SocketAddr::from(THIEF);
        assert_eq!(guesses(&mut table, THIEF, 4, 0), None);
        assert!(table.admits(&seat(), thief, None, at(0)));
        let mut second = 0;
        for (lock, lasts) in [30, 60, 120, 240, 480, 900, 900].into_iter().enumerate() {
            let locked = guesses(&mut table, THIEF, 1, second).expect("each further one locks at once");
            assert_eq!((locked.lasts / SECOND, locked.before as usize), (lasts, lock));
            assert!(!table.admits(&seat(), thief, None, at(second + lasts - 1)));
            let other_port = SocketAddr::new(thief.ip(), 6000);
            assert!(!table.admits(&seat(), other_port, None, at(second)), "the port is nothing");
            assert!(table.admits(&seat(), SocketAddr::from(HOME), None, at(second)), "another address");
            assert!(table.admits(&SeatId::from("8002"), thief, None, at(second)), "another seat");
            second += lasts;
            assert!(table.admits(&seat(), thief, None, at(second)));
        }
        let held: Vec<_> = table.of(&seat(), at(second - 1)).collect();
        assert_eq!(held, [Held { source: thief.ip(), wrong: 11, left: SECOND }]);
        assert_eq!(table.of(&SeatId::from("8002"), at(second)).count(), 0);
        // Forgotten after an hour of quiet.
        second += 3600;
        assert_eq!(table.of(&seat(), at(second)).count(), 0);
        assert_eq!(guesses(&mut table, THIEF, 4, second), None);
    }

    #[test]
    fn the_seats_own_address_goes_on_working() {
        let (home, thief) = (SocketAddr::from(HOME), SocketAddr::from(THIEF));
        let mut table = Lockouts::new(Limits::default());
        table.registered(&seat(), home);
        guesses(&mut table, HOME, 5, 10);
        let other_phone = SocketAddr::new(home.ip(), 7000);
        assert!(table.admits(&seat(), home, Some(home), at(10)), "the phone that is registered, always");
        assert!(table.admits(&seat(), other_phone, Some(home), at(10)), "and another one there");
        assert!(table.admits(&seat(), home, None, at(10)), "and the seat's own when it starts anew");
        guesses(&mut table, HOME, 25, 11);
        assert!(table.admits(&seat(), other_phone, Some(home), at(11)));
        guesses(&mut table, HOME, 5, 12);
        assert!(!table.admits(&seat(), other_phone, Some(home), at(12)), "by the dozen they are slowed");
        assert!(table.admits(&seat(), home, Some(home), at(12)));
        assert!(table.admits(&seat(), other_phone, Some(home), at(15)), "and a moment later believed again");
        guesses(&mut table, THIEF, 5, 12);
        assert!(!table.admits(&seat(), thief, Some(home), at(14)));
        // Another's right password does not make the wrong ones undone; the same phone's does.
        table.right(&seat(), other_phone);
        assert_eq!(table.of(&seat(), at(13)).count(), 2);
        table.right(&seat(), home);
        assert_eq!(table.of(&seat(), at(13)).map(|h| h.source).collect::<Vec<_>>(), [thief.ip()]);
    }

    #[test]
    fn one_answer_is_one_guess_however_often_it_is_sent() {
        let mut table = Lockouts::new(Limits::default());
        for _ in 0..20 {
            assert_eq!(table.wrong(&seat(), THIEF.into(), 7, at(0)), None);
        }
        assert_eq!(table.of(&seat(), at(0)).next().map(|h| h.wrong), Some(1));
        let mut never = Lockouts::new(Limits { failures: 0, ..Limits::default() });
        assert_eq!((guesses(&mut never, THIEF, 1000, 0), never.records.len()), (None, 0));
    }

    #[test]
    fn a_house_of_ipv6_is_one_source() {
        let mut table = Lockouts::new(Limits::default());
        let address = |last: u16| SocketAddr::from((Ipv6Addr::new(0x2001, 0xdb8, 0, 1, last, 0, 0, last), 5060));
        for n in 0..5 {
            table.wrong(&seat(), address(n), u64::from(n), at(0));
        }
        assert!(!table.admits(&seat(), address(9), None, at(0)));
    }

    #[test]
    fn the_table_is_bounded() {
        let mut table = Lockouts::new(Limits::default());
        let source = |n: u32| SocketAddr::from((n.to_be_bytes(), 5060));
        for n in 0..MOST as u32 + 10 {
            table.wrong(&seat(), source(n), 1, at(u64::from(n) / 64));
        }
        assert_eq!((table.records.len(), table.quiet.len()), (MOST, MOST));
        assert!(table.of(&seat(), at(64)).all(|h| h.source != source(0).ip()));
    }
}
