//! Overload (RFC 6357): which new requests are not taken, so that those which are taken are served in time.
//!
//! A pure value. It is told how long what came in has waited ([`Load`]) and answers for one request at a time. The share
//! that is refused follows a proportional and integral controller, PIE (RFC 8033), here with requests for packets: its
//! reference is a delay, so that it needs to know neither the machine nor what a call costs. It never speaks for in-dialog
//! requests, emergency calls of trusted sources, trunk OPTIONS and phones that are registered: those do not ask it.

use super::summed::Summed;
use crate::clock::{MILLI, Now, SECOND};
use crate::fact::Fact;
use crate::id::TrunkId;
use crate::sip::message::LoadReport;
use std::net::IpAddr;

/// How often the share is reckoned anew at the most, µs (RFC 8033 §5.1).
const UPDATE: u64 = 15 * MILLI;
/// Gains of the controller per second of delay (RFC 8033 §5.1): of what is too much, and of its growth.
const ALPHA: f64 = 0.125;
const BETA: f64 = 1.25;
/// It forgets by this factor each update while nothing waits (RFC 8033 §4.2).
const FORGETS: f64 = 0.98;
/// The largest share: something always goes through, so that the end of an overload is seen.
const MOST: f64 = 0.98;
/// A smaller share is none.
const LEAST: f64 = 0.001;
/// Sound may be late by this, one frame, before that counts as waiting, µs.
const LATE: u64 = 20 * MILLI;
/// From this share of a processor on, ‰, the share that is refused does not shrink.
const BUSY: u16 = 980;
/// Refused calls that leave a record of their own each second; the others are counted.
const RECORDED: f64 = 20.0;
/// How long a report of our load is believed, ms (RFC 7339 §4.3).
const VALID: u32 = 500;
/// How often calls that are only counted are written down, µs.
const WRITTEN_EVERY: u64 = SECOND;
/// From this share on it is worth an alarm.
const ALARMS: f64 = 0.05;
/// Alarms about overload are this far apart, µs.
const ALARM_EVERY: u64 = 60 * SECOND;
/// Places that sources share by their keyed hash.
const PLACES: usize = 4_096;
/// A source may send this many times its rate at once: an office whose power comes back.
const BURST: f64 = 5.0;

/// What was seen of the load since the last time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Load {
    /// The longest that a request has waited to be read, µs.
    pub waited: u64,
    /// The most that sound was sent late by, µs.
    pub late: u64,
    /// Processor time of the signalling thread, ‰ of the time.
    pub busy: u16,
}

/// How overload is met, from the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overload {
    /// Waiting that is aimed at under overload, µs.
    pub delay: u64,
    /// New calls a second that are taken however long anything waits.
    pub sure: u32,
    /// New requests a second of one source that is neither trunk nor registered.
    pub source: u32,
}

impl Default for Overload {
    fn default() -> Self {
        Self { delay: 20 * MILLI, sure: 250, source: 1_000 }
    }
}

/// So many a second, and some at once.
#[derive(Debug, Clone, Copy, Default)]
struct Bucket {
    level: f64,
    at: u64,
}

impl Bucket {
    fn takes(&mut self, rate: f64, most: f64, now: u64) -> bool {
        let gained = now.saturating_sub(self.at) as f64 / SECOND as f64 * rate;
        // A bucket that was never used is full: `at` is 0 and so is its level.
        self.level = if self.at == 0 { most } else { (self.level + gained).min(most) };
        self.at = now.max(1);
        let there = self.level >= 1.0;
        self.level -= f64::from(u8::from(there));
        there
    }
}

/// What is left over of a share by refusing whole ones.
#[derive(Debug, Clone, Copy, Default)]
struct Remainder(f64);

impl Remainder {
    /// Whether one more is refused, of which this share is.
    fn refuses(&mut self, share: f64) -> bool {
        self.0 += share;
        let refuses = self.0 >= 1.0;
        self.0 -= f64::from(u8::from(refuses));
        refuses
    }
}

/// What becomes of a new call that is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Taken,
    /// Refused, with a record.
    Recorded,
    /// Refused without any state; counted.
    Counted,
}

/// The gate.
#[derive(Debug)]
pub(super) struct Gate {
    limits: Overload,
    /// Refused of the ordinary calls, 0–1.
    share: f64,
    /// The waiting of the update before, s.
    before: f64,
    seen: Load,
    updated: u64,
    calls: Remainder,
    strangers: Remainder,
    sure: Bucket,
    recorded: Bucket,
    key: u64,
    sources: Box<[Bucket; PLACES]>,
    counted: Summed<TrunkId>,
    alarmed_at: Option<u64>,
    /// Calls that were refused since the start.
    shed: u64,
}

impl Gate {
    pub fn new(limits: Overload, key: u64) -> Self {
        Self {
            limits,
            share: 0.0,
            before: 0.0,
            seen: Load::default(),
            updated: 0,
            calls: Remainder::default(),
            strangers: Remainder::default(),
            sure: Bucket::default(),
            recorded: Bucket::default(),
            key,
            sources: Box::new([Bucket::default(); PLACES]),
            counted: Summed::every(WRITTEN_EVERY),
            alarmed_at: None,
            shed: 0,
        }
    }

    /// Takes what was seen; a text for an alarm when that is due.
    pub fn observe(&mut self, load: Load, now: Now) -> Option<String> {
        self.seen.waited = self.seen.waited.max(load.waited);
        self.seen.late = self.seen.late.max(load.late);
        self.seen.busy = load.busy;
        let since = now.mono.saturating_sub(self.updated);
        if since < UPDATE {
            return None;
        }
        self.updated = now.mono;
        let seen = std::mem::take(&mut self.seen);
        self.update(seen, since);
        let due = self.alarmed_at.is_none_or(|at| now.mono >= at + ALARM_EVERY);
        if self.share < ALARMS || !due {
            return None;
        }
        self.alarmed_at = Some(now.mono);
        Some(format!(
            "requests wait {} ms: new ordinary calls are refused until they wait less than {}",
            seen.waited.max(seen.late) / MILLI,
            self.limits.delay / MILLI
        ))
    }

    fn update(&mut self, seen: Load, since: u64) {
        let seconds = |micros: u64| micros as f64 / SECOND as f64;
        let wait = seconds(seen.waited.max(seen.late.saturating_sub(LATE)));
        let aim = seconds(self.limits.delay);
        let steps = (since as f64 / UPDATE as f64).min(1_000.0);
        let change = ALPHA * (wait - aim) * steps.min(8.0) + BETA * (wait - self.before);
        // What is small is moved by little (RFC 8033 §5.2): a share that begins must not jump.
        let scale = if self.share < 0.01 {
            0.25
        } else if self.share < 0.1 {
            0.5
        } else {
            1.0
        };
        let change = (change * scale).min(0.1);
        if change > 0.0 || seen.busy < BUSY {
            self.share = (self.share + change).clamp(0.0, MOST);
        }
        if wait < aim / 2.0 && self.before < aim / 2.0 && seen.busy < BUSY {
            self.share *= FORGETS.powf(steps);
        }
        if self.share < LEAST {
            self.share = 0.0;
        }
        self.before = wait;
    }

    /// A new call that nothing forbids to refuse.
    pub fn call(&mut self, trunk: Option<&TrunkId>, now: Now) -> Verdict {
        let sure = f64::from(self.limits.sure);
        if self.sure.takes(sure, sure, now.mono) || self.share <= 0.0 {
            return Verdict::Taken;
        }
        if self.calls.refuses(self.share) { self.refused(trunk, now) } else { Verdict::Taken }
    }

    /// A call is refused, here or because there is no room: whether it leaves a record.
    pub fn refused(&mut self, trunk: Option<&TrunkId>, now: Now) -> Verdict {
        self.shed += 1;
        if self.recorded.takes(RECORDED, RECORDED, now.mono) {
            return Verdict::Recorded;
        }
        self.counted.add(trunk.cloned());
        Verdict::Counted
    }

    /// A request of a stranger: whether it is listened to. Under overload strangers are the first not to be.
    pub fn stranger(&mut self, source: IpAddr, now: Now) -> bool {
        if self.strangers.refuses((self.share * 10.0).min(1.0)) {
            return false;
        }
        let rate = f64::from(self.limits.source);
        let place = usize::try_from(self.hash(source) % PLACES as u64).unwrap_or(0);
        self.sources.get_mut(place).is_none_or(|bucket| bucket.takes(rate, rate * BURST, now.mono))
    }

    /// Of an IPv6 address the network counts: a stranger has 2⁶⁴ addresses of it.
    fn hash(&self, source: IpAddr) -> u64 {
        let word = match source {
            IpAddr::V4(v4) => u64::from(u32::from(v4)),
            IpAddr::V6(v6) => (u128::from(v6) >> 64) as u64,
        };
        // SplitMix64's finaliser over address and key.
        let mut x = word ^ self.key;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        x ^ (x >> 31)
    }

    /// What those are told who ask for it (RFC 7339): so many of a hundred calls would be refused.
    pub fn report(&self, now: Now) -> LoadReport {
        LoadReport { percent: (self.share * 100.0).ceil() as u8, validity_ms: VALID, seq: now.mono / MILLI }
    }

    /// Refused of the ordinary calls now, ‰, and how many calls since the start.
    pub fn shed(&self) -> (u16, u64) {
        ((self.share * 1_000.0) as u16, self.shed)
    }

    /// When [`Self::written`] has something to say, µs monotonic.
    pub fn deadline(&self) -> Option<u64> {
        self.counted.deadline()
    }

    /// One fact for all calls of a second that have no record of their own.
    pub fn written(&mut self, now: Now) -> Option<Fact> {
        let (count, trunk) = self.counted.take(now)?;
        Some(Fact::CallsShed { trunk: trunk.unwrap_or_else(|| "".into()), count })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;
    use std::net::Ipv4Addr;

    fn gate() -> Gate {
        Gate::new(Overload::default(), 7)
    }

    fn at(mono: u64) -> Now {
        Now { mono, wall: 0 }
    }

    /// A server that needs `cost` µs for a call and a twentieth of it to refuse one, with a queue in front of it.
    struct Server {
        gate: Gate,
        cost: u64,
        now: u64,
        /// Work since the moment, and its share before.
        work: (u64, u64, u16),
        queue: VecDeque<u64>,
        served: Vec<u64>,
        waits: Vec<u64>,
    }

    impl Server {
        fn new(cost: u64) -> Self {
            let (work, queue) = ((SECOND, 0, 0), VecDeque::new());
            Self { gate: gate(), cost, now: SECOND, work, queue, served: Vec::new(), waits: Vec::new() }
        }

        /// `rate` calls a second come for so many seconds; how many are served in each.
        fn under(&mut self, rate: u64, seconds: u64) -> Vec<u64> {
            let (gap, begun) = (SECOND / rate, self.now);
            let mut next = begun;
            let mut each = Vec::new();
            for second in 1..=seconds {
                let before = self.served.len();
                while self.now < begun + second * SECOND {
                    while next <= self.now {
                        self.queue.push_back(next);
                        next += gap;
                    }
                    let waited = self.queue.front().map_or(0, |at| self.now - at);
                    self.waits.push(waited);
                    if self.now >= self.work.0 + 100 * MILLI {
                        self.work = (self.now, 0, (self.work.1 * 1_000 / (self.now - self.work.0)) as u16);
                    }
                    self.gate.observe(Load { waited, late: 0, busy: self.work.2 }, at(self.now));
                    let (batch, started) = (self.queue.len().min(256), self.now);
                    for came in self.queue.drain(..batch) {
                        if self.gate.call(None, at(self.now)) == Verdict::Taken {
                            self.now += self.cost;
                            self.served.push(came);
                        } else {
                            self.now += self.cost / 20;
                        }
                    }
                    self.work.1 += self.now - started;
                    self.now = if batch == 0 { next } else { self.now };
                }
                each.push((self.served.len() - before) as u64);
            }
            each
        }
    }

    #[test]
    fn at_twice_what_can_be_served_nearly_as_much_is_served_and_nobody_waits_long() {
        for (cost, over) in [(300, 2), (300, 4), (1_000, 2), (2_000, 3)] {
            let most = SECOND / cost;
            let mut server = Server::new(cost);
            let each = server.under(over * most, 12);
            let late = &each[3..];
            let mean = late.iter().sum::<u64>() as f64 / late.len() as f64;
            // What is refused costs a twentieth: of 1 second (over - served) / 20 goes there.
            let could = most as f64 * (1.0 - (over as f64 - 1.0) / 20.0);
            assert!(mean >= 0.93 * could, "{cost} µs × {over}: {mean} a second of {could}: {each:?}");
            let mut waits = server.waits.split_off(server.waits.len() / 2);
            waits.sort_unstable();
            let p99 = waits[waits.len() * 99 / 100];
            assert!(p99 < 250 * MILLI, "{cost} µs × {over}: p99 of the waiting {p99} µs");
        }
    }

    #[test]
    fn when_the_load_is_gone_all_are_taken_again_within_three_seconds() {
        let mut server = Server::new(300);
        server.under(7_000, 10);
        assert!(server.gate.shed().0 > 300, "it refuses {} ‰", server.gate.shed().0);
        let after = server.under(1_500, 6);
        assert!(after[3..].iter().all(|n| *n >= 1_490), "{after:?}");
    }

    #[test]
    fn below_the_maximum_nobody_is_refused_though_the_processor_is_busy() {
        let mut server = Server::new(300);
        let each = server.under(2_900, 10);
        assert_eq!(server.gate.shed(), (0, 0), "{each:?}");
    }

    #[test]
    fn the_sure_rate_is_taken_however_long_anything_waits() {
        let mut gate = gate();
        for n in 0..2_000u64 {
            let now = at(SECOND + n * 5 * MILLI);
            gate.observe(Load { waited: 2 * SECOND, late: 0, busy: 1_000 }, now);
            assert_eq!(gate.call(None, now), Verdict::Taken, "the {n}th of 200 a second");
        }
        assert!(gate.shed().0 > 900);
    }

    #[test]
    fn late_sound_counts_as_waiting_and_a_frame_is_not_late() {
        for (late, refuses) in [(20 * MILLI, false), (120 * MILLI, true)] {
            let mut gate = gate();
            for n in 0..100u64 {
                gate.observe(Load { waited: 0, late, busy: 500 }, at(SECOND + n * UPDATE));
            }
            assert_eq!(gate.shed().0 > 100, refuses, "{late} µs");
        }
    }

    #[test]
    fn strangers_are_the_first_who_are_not_listened_to() {
        let mut gate = gate();
        let source = IpAddr::from(Ipv4Addr::new(127, 0, 9, 9));
        assert!(gate.stranger(source, at(SECOND)));
        while gate.shed().0 < 100 {
            gate.updated += 1;
            let now = at(gate.updated + UPDATE);
            gate.observe(Load { waited: 100 * MILLI, late: 0, busy: 1_000 }, now);
        }
        let now = at(gate.updated);
        let heard = (0..100).filter(|_| gate.stranger(source, now)).count();
        let taken = (0..400).filter(|_| gate.call(None, now) == Verdict::Taken).count();
        assert_eq!(heard, 0);
        assert!(taken >= 350, "{taken} of 400 calls");
    }

    #[test]
    fn a_source_has_its_rate_and_an_office_behind_one_address_gets_through_at_once() {
        let mut gate = gate();
        let (office, other) = (IpAddr::from(Ipv4Addr::new(127, 0, 0, 60)), IpAddr::from(Ipv4Addr::new(127, 0, 0, 61)));
        let now = at(SECOND);
        assert!((0..400).all(|_| gate.stranger(office, now)), "200 phones register at once");
        let flood = (0..20_000).filter(|_| gate.stranger(office, now)).count();
        assert_eq!(flood, 4_600);
        assert!(gate.stranger(other, now), "another source has its own");
        assert_eq!((0..2_000).filter(|_| gate.stranger(office, at(2 * SECOND))).count(), 1_000);
    }

    #[test]
    fn few_refused_calls_have_a_record_and_many_a_sum() {
        let mut gate = gate();
        let trunk = TrunkId::from("carrier");
        let now = at(SECOND);
        let verdicts: Vec<_> = (0..100).map(|_| gate.refused(Some(&trunk), now)).collect();
        assert_eq!(verdicts.iter().filter(|v| **v == Verdict::Recorded).count(), 20);
        let due = gate.deadline().unwrap();
        assert_eq!(gate.written(at(due)), Some(Fact::CallsShed { trunk, count: 80 }));
        assert_eq!((gate.deadline(), gate.shed().1), (None, 100));
    }

    #[test]
    fn an_alarm_is_raised_once_a_minute() {
        let mut gate = gate();
        let load = Load { waited: 500 * MILLI, late: 0, busy: 1_000 };
        let alarms = (0..4_000u64).filter(|n| gate.observe(load, at(SECOND + n * UPDATE)).is_some()).count();
        assert_eq!(alarms, 1);
    }
}
