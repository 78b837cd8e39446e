//! Many of one kind that are written down as one: how many, and whose the last was.

use crate::clock::Now;

/// What is not written down yet.
#[derive(Debug)]
pub(super) struct Summed<K> {
    /// How often it is written down at the most, µs.
    every: u64,
    count: u32,
    last: Option<K>,
    written_at: u64,
}

impl<K> Summed<K> {
    pub fn every(every: u64) -> Self {
        Self { every, count: 0, last: None, written_at: 0 }
    }

    /// One more; of nobody's the last is who it was.
    pub fn add(&mut self, of: Option<K>) {
        self.count += 1;
        self.last = of.or(self.last.take());
    }

    /// When it is to be written down, µs monotonic.
    pub fn deadline(&self) -> Option<u64> {
        (self.count > 0).then_some(self.written_at + self.every)
    }

    /// What is to be written down now: how many, and whose the last was.
    pub fn take(&mut self, now: Now) -> Option<(u32, Option<K>)> {
        self.deadline().filter(|at| *at <= now.mono)?;
        self.written_at = now.mono;
        Some((std::mem::take(&mut self.count), self.last.take()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_are_one_and_not_before_their_time() {
        let at = |mono| Now { mono, wall: 0 };
        let mut summed = Summed::every(10);
        assert_eq!((summed.deadline(), summed.take(at(50))), (None, None));
        summed.add(Some('a'));
        summed.add(Some('b'));
        summed.add(None);
        assert_eq!(summed.take(at(50)), Some((3, Some('b'))));
        summed.add(None);
        assert_eq!((summed.deadline(), summed.take(at(59))), (Some(60), None));
        assert_eq!(summed.take(at(60)), Some((1, None)));
    }
}
