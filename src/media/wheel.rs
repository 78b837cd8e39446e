//! When a leg that is played to sends its next packet: slots of 5 ms, so that a thousand prompts do not all send
//! in the same instant, and a prompt can begin at once instead of at the next full tick.

use crate::clock::MILLI;

/// Width of a slot, µs.
const SLOT: u64 = 5 * MILLI;
/// Slots in the circle: 320 ms, more than the longest packet time.
const SLOTS: u64 = 64;
/// After a stall at most this many slots are caught up in a burst; what is older is sent late instead.
const CATCH_UP: u64 = 20;

/// The circle. Each entry is a leg and the slot in which it is due; the leg keeps the same number, and an entry
/// that does not match it any more is void.
#[derive(Debug)]
pub struct Wheel {
    slots: Vec<Vec<(u32, u64)>>,
    done: u64,
    waiting: usize,
}

impl Default for Wheel {
    fn default() -> Self {
        Self { slots: vec![Vec::new(); SLOTS as usize], done: 0, waiting: 0 }
    }
}

impl Wheel {
    /// Puts a leg at the first slot that begins at or after `at` (µs) and is not over; the slot's number.
    pub fn put(&mut self, leg: u32, at: u64) -> u64 {
        let due = at.div_ceil(SLOT).clamp(self.done + 1, self.done + SLOTS - 1);
        self.place(leg, due);
        due
    }

    /// Moves an idle circle on to `now`; must come before the first leg is put into it.
    pub fn wake(&mut self, now: u64) {
        if self.waiting == 0 {
            self.done = self.done.max(now / SLOT);
        }
    }

    /// The slot that a packet sent at `now` counts for.
    #[must_use]
    pub fn slot(now: u64) -> u64 {
        now.div_ceil(SLOT)
    }

    /// The moment (µs) at which a slot begins.
    #[must_use]
    pub fn time(slot: u64) -> u64 {
        slot * SLOT
    }

    /// Puts a leg `micros` after the slot in which it has just been served; the new slot's number.
    pub fn put_after(&mut self, leg: u32, slot: u64, micros: u64, now: u64) -> u64 {
        let oldest = (now / SLOT).saturating_sub(CATCH_UP);
        let due = (slot.max(oldest) + micros.div_ceil(SLOT)).max(self.done + 1);
        self.place(leg, due);
        due
    }

    fn place(&mut self, leg: u32, due: u64) {
        if let Some(slot) = self.slots.get_mut((due % SLOTS) as usize) {
            slot.push((leg, due));
            self.waiting += 1;
        }
    }

    /// Moves on to `now`: the legs of the next slot that is due go into `into`. False when there is none left.
    pub fn advance(&mut self, now: u64, into: &mut Vec<(u32, u64)>) -> bool {
        let target = now / SLOT;
        while self.done < target {
            if self.waiting == 0 {
                self.done = target;
                return false;
            }
            self.done += 1;
            let done = self.done;
            let Some(slot) = self.slots.get_mut((done % SLOTS) as usize) else {
                return false;
            };
            let before = into.len();
            slot.retain(|entry| {
                let due = entry.1 <= done;
                if due {
                    into.push(*entry);
                }
                !due
            });
            if into.len() > before {
                self.waiting -= into.len() - before;
                return true;
            }
        }
        false
    }

    /// The moment (µs) of the next slot with a leg in it.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        if self.waiting == 0 {
            return None;
        }
        (self.done + 1..=self.done + SLOTS)
            .find(|s| self.slots.get((s % SLOTS) as usize).is_some_and(|v| !v.is_empty()))
            .map(|s| s * SLOT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leg_is_served_every_packet_time_and_catches_up_after_a_short_stall_only() {
        let mut wheel = Wheel::default();
        let mut served = Vec::new();
        let mut due = Vec::new();
        assert_eq!(wheel.deadline(), None);
        wheel.put(7, 1_001);
        assert_eq!(wheel.deadline(), Some(5_000));
        for now in [4_999, 5_000, 24_999, 25_000, 45_000, 105_000, 2_000_000, 2_020_000] {
            while wheel.advance(now, &mut due) {
                for (leg, slot) in due.drain(..) {
                    served.push((now, slot));
                    wheel.put_after(leg, slot, 20_000, now);
                }
            }
        }
        let caught_up: Vec<_> = [384, 388, 392, 396, 400].map(|slot| (2_000_000, slot)).to_vec();
        let mut expected = vec![(5_000, 1), (25_000, 5), (45_000, 9), (105_000, 13), (105_000, 17), (105_000, 21)];
        expected.push((2_000_000, 25));
        expected.extend(caught_up);
        expected.push((2_020_000, 404));
        assert_eq!(served, expected);
    }
}
