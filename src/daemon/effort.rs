//! How busy the signalling thread is.

use crate::clock::{MILLI, Now};
use rustix::time::{ClockId, clock_gettime};

/// How long processor time is looked at together, µs.
const OVER: u64 = 100 * MILLI;

/// Processor time of the thread that asks, beside the time that has passed.
#[derive(Debug, Default)]
pub(super) struct Effort {
    since: u64,
    spent: u64,
    permille: u16,
}

impl Effort {
    /// ‰ of a processor, over the last tenth of a second or longer.
    pub(super) fn permille(&mut self, now: Now) -> u16 {
        let passed = now.mono.saturating_sub(self.since);
        if passed >= OVER {
            let spent = own_time();
            let share = spent.saturating_sub(self.spent) * 1_000 / passed;
            self.permille = u16::try_from(share.min(1_000)).unwrap_or(1_000);
            (self.since, self.spent) = (now.mono, spent);
        }
        self.permille
    }
}

/// Processor time of this thread, µs.
fn own_time() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    u64::try_from(time.tv_sec * 1_000_000 + time.tv_nsec / 1_000).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_works_is_busy_and_one_that_sleeps_is_not() {
        let clock = crate::clock::Clock::system();
        let mut effort = Effort::default();
        let mut over = |work: fn()| {
            effort.permille(clock.now());
            let until = clock.now().mono + 3 * OVER;
            while clock.now().mono < until {
                work();
            }
            effort.permille(clock.now())
        };
        let (busy, idle) =
            (over(std::hint::spin_loop), over(|| std::thread::sleep(std::time::Duration::from_millis(5))));
        assert!(busy > 4 * idle.max(1), "busy {busy} ‰, idle {idle} ‰");
    }
}
