//! What is to be done at a moment, the earliest first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Entries by moment, µs; those of one moment in the order in which they were set.
#[derive(Debug)]
pub struct Due<T> {
    heap: BinaryHeap<Reverse<Entry<T>>>,
    count: u64,
}

#[derive(Debug)]
struct Entry<T> {
    at: u64,
    count: u64,
    what: T,
}

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.count) == (other.at, other.count)
    }
}

impl<T> Eq for Entry<T> {}

impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Entry<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.count).cmp(&(other.at, other.count))
    }
}

impl<T> Default for Due<T> {
    fn default() -> Self {
        Self { heap: BinaryHeap::new(), count: 0 }
    }
}

impl<T> Due<T> {
    /// Sets one.
    pub fn set(&mut self, at: u64, what: T) {
        self.count += 1;
        self.heap.push(Reverse(Entry { at, count: self.count, what }));
    }

    /// The moment of the earliest.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        self.heap.peek().map(|entry| entry.0.at)
    }

    /// The earliest that is due at `now`.
    pub fn take(&mut self, now: u64) -> Option<T> {
        if self.deadline()? > now {
            return None;
        }
        self.heap.pop().map(|entry| entry.0.what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_first_and_equals_in_order() {
        let mut due = Due::default();
        [(5, 'c'), (1, 'a'), (5, 'd'), (3, 'b')].into_iter().for_each(|(at, what)| due.set(at, what));
        assert_eq!(due.deadline(), Some(1));
        let mut taken = Vec::new();
        while let Some(what) = due.take(4) {
            taken.push(what);
        }
        assert_eq!(taken, ['a', 'b']);
        assert_eq!([due.take(5), due.take(5), due.take(5)], [Some('c'), Some('d'), None]);
    }
}
