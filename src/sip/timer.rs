//! A hashed timer wheel: 4,096 slots of 10 ms, lazy cancel.
//!
//! Whoever set a timer recognises a stale one by its own token (a generation in it); nothing is searched or
//! removed on cancel. Timers fire late by at most one slot and never early.

use std::collections::BTreeMap;

const SLOT: u64 = 10_000;
const SLOTS: usize = 4096;
const WORDS: usize = SLOTS / 64;
/// Timers whose room a slot keeps when it has fired: 4,096 slots must not keep a flood's.
const KEPT: usize = 8;

/// Timers carrying tokens of type `T`.
#[derive(Debug)]
pub struct Wheel<T> {
    slots: Vec<Vec<(u64, T)>>,
    occupied: [u64; WORDS],
    /// The next slot (absolute number) that has not been fired.
    cursor: u64,
    /// Beyond the wheel's turn (41 s): moved in when their turn comes.
    far: BTreeMap<u64, Vec<T>>,
}

impl<T> Default for Wheel<T> {
    fn default() -> Self {
        Self {
            slots: std::iter::repeat_with(Vec::new).take(SLOTS).collect(),
            occupied: [0; WORDS],
            cursor: 0,
            far: BTreeMap::new(),
        }
    }
}

impl<T> Wheel<T> {
    /// Fires `token` at `due` (µs, monotonic), or at the next firing if that is past.
    pub fn set(&mut self, due: u64, token: T) {
        let slot = due.div_ceil(SLOT).max(self.cursor);
        if slot >= self.cursor + SLOTS as u64 {
            self.far.entry(slot).or_default().push(token);
        } else {
            self.put(slot, token);
        }
    }

    fn put(&mut self, slot: u64, token: T) {
        let i = (slot % SLOTS as u64) as usize;
        let there = &mut self.slots[i];
        if there.len() == there.capacity() {
            // One, two, four: most slots have one timer, and a vector begins with room for four.
            there.reserve_exact(there.len().max(1));
        }
        there.push((slot, token));
        self.occupied[i / 64] |= 1 << (i % 64);
    }

    /// When the next timer is due, µs; `None` if there is none.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        let near = self.next_occupied().map(|s| s * SLOT);
        let far = self.far.keys().next().map(|s| s * SLOT);
        near.into_iter().chain(far).min()
    }

    /// The first occupied slot at or after the cursor.
    fn next_occupied(&self) -> Option<u64> {
        let start = (self.cursor % SLOTS as u64) as usize;
        for step in 0..=WORDS {
            let word = (start / 64 + step) % WORDS;
            let mut bits = self.occupied[word];
            if step == 0 {
                bits &= u64::MAX << (start % 64);
            } else if step == WORDS {
                bits &= !(u64::MAX << (start % 64));
            }
            if bits != 0 {
                let i = word * 64 + bits.trailing_zeros() as usize;
                let ahead = (i + SLOTS - start) % SLOTS;
                return Some(self.cursor + ahead as u64);
            }
        }
        None
    }

    /// Takes every timer due at `now` into `fired`, in order of their slots and, within one, of their setting.
    pub fn expire(&mut self, now: u64, fired: &mut Vec<T>) {
        let until = now / SLOT;
        loop {
            while let Some((&slot, _)) = self.far.first_key_value() {
                if slot >= self.cursor + SLOTS as u64 {
                    break;
                }
                for token in self.far.remove(&slot).unwrap_or_default() {
                    self.put(slot.max(self.cursor), token);
                }
            }
            match self.next_occupied() {
                Some(slot) if slot <= until => {
                    let i = (slot % SLOTS as u64) as usize;
                    fired.extend(self.slots[i].drain(..).map(|(_, t)| t));
                    // Not shrunk but given back: thousands of small pieces between what a flood used would keep all its pages.
                    if self.slots[i].capacity() > KEPT {
                        self.slots[i] = Vec::new();
                    }
                    self.occupied[i / 64] &= !(1 << (i % 64));
                    self.cursor = slot;
                }
                _ => {
                    let jump = self.far.keys().next().is_some_and(|&s| s <= until);
                    self.cursor =
                        self.cursor.max(if jump { self.far.keys().next().copied().unwrap_or(until) } else { until });
                    if !jump {
                        return;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fires_in_order_never_early_and_beyond_one_turn() {
        let mut wheel = Wheel::default();
        let dues = [500_000u64, 3, 60_000_000, 499_999, 41_000_000, 3_600_000_000];
        for due in dues {
            wheel.set(due, due);
        }
        let mut fired = Vec::new();
        let mut seen = Vec::new();
        while let Some(at) = wheel.deadline() {
            wheel.expire(at, &mut fired);
            for due in fired.drain(..) {
                assert!(at >= due && at - due <= SLOT, "{due} fired at {at}");
                seen.push(due);
            }
        }
        let mut sorted = dues.to_vec();
        sorted.sort_unstable();
        seen.sort_unstable();
        assert_eq!(seen, sorted);
    }

    #[test]
    fn a_flood_leaves_no_room_behind_in_the_slots() {
        let mut wheel = Wheel::default();
        (0..200_000u64).for_each(|n| wheel.set(n * 200, [n; 4]));
        let full: usize = wheel.slots.iter().map(Vec::capacity).sum();
        let mut fired = Vec::new();
        wheel.expire(50_000_000, &mut fired);
        let left: usize = wheel.slots.iter().map(Vec::capacity).sum();
        assert_eq!((fired.len(), wheel.deadline()), (200_000, None));
        assert!(full >= 200_000 && left <= SLOTS * KEPT, "room for {left} timers of {full}");
    }

    #[test]
    fn a_timer_set_in_the_past_fires_at_once_and_one_set_while_firing_is_not_lost() {
        let mut wheel = Wheel::default();
        let mut fired = Vec::new();
        wheel.expire(1_000_000, &mut fired);
        wheel.set(10, 'a');
        wheel.expire(1_000_000, &mut fired);
        assert_eq!(fired, ['a']);
        wheel.set(1_000_000, 'b');
        wheel.expire(1_000_001, &mut fired);
        assert_eq!(fired, ['a', 'b']);
        assert_eq!(wheel.deadline(), None);
    }

    #[test]
    fn agrees_with_a_sorted_list_on_random_timers() {
        let mut state = 0x2545_F491_4F6C_DD1Du64;
        let mut random = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        let (mut wheel, mut model, mut now) = (Wheel::default(), Vec::new(), 0u64);
        for id in 0..20_000u64 {
            let due = now + random() % 90_000_000;
            wheel.set(due, id);
            model.push((due, id));
            if id % 3 == 0 {
                now += random() % 300_000;
                let mut fired = Vec::new();
                wheel.expire(now, &mut fired);
                for id in &fired {
                    let at = model.iter().position(|(_, i)| i == id).unwrap();
                    assert!(model.swap_remove(at).0 <= now);
                }
                assert!(model.iter().all(|(due, _)| *due > now || due.div_ceil(SLOT) * SLOT > now), "late at {now}");
            }
        }
    }
}
