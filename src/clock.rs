//! Time as a value: every state machine takes [`Now`]; only [`Clock`] reads the machine's clock.
//!
//! An `Instant` cannot be replayed, a [`Now`] can: a whole city of phones runs in virtual time.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// One second in the unit of [`Now::mono`].
pub const SECOND: u64 = 1_000_000;
/// One millisecond in the unit of [`Now::mono`].
pub const MILLI: u64 = 1_000;

/// One moment, as every machine of the exchange sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Now {
    /// Monotonic time, µs since the clock was made. Timers and deadlines are in this unit.
    pub mono: u64,
    /// Wall clock, µs since 1970-01-01T00:00:00Z. Numbers live and CDRs are stamped by it.
    pub wall: i64,
}

impl Now {
    /// A moment `micros` later on both scales.
    #[must_use]
    pub fn plus(self, micros: u64) -> Self {
        Self { mono: self.mono + micros, wall: self.wall.saturating_add_unsigned(micros) }
    }
}

/// The machine's clock, optionally moved so that it runs on from another date (`--as-of`).
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    start: Instant,
    wall_at_start: i64,
}

impl Clock {
    /// The clock of this machine.
    #[must_use]
    pub fn system() -> Self {
        Self { start: read_instant(), wall_at_start: read_wall() }
    }

    /// A clock that shows `wall` (µs since the epoch) now and runs on from there.
    #[must_use]
    pub fn as_of(wall: i64) -> Self {
        Self { start: read_instant(), wall_at_start: wall }
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Now {
        let mono = u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX);
        Now { mono, wall: self.wall_at_start.saturating_add_unsigned(mono) }
    }

    /// The `Instant` at which [`Now::mono`] will read `mono`: for an I/O shell that must sleep until a deadline.
    #[must_use]
    pub fn instant(&self, mono: u64) -> Instant {
        self.start + Duration::from_micros(mono)
    }
}

/// The machine's own wall clock, µs since the epoch, wherever a [`Clock`] has been moved to: to compare with what the kernel
/// has stamped.
#[must_use]
pub fn machine_wall() -> i64 {
    read_wall()
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the monotonic clock")]
fn read_instant() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
fn read_wall() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| i64::try_from(d.as_micros()).unwrap_or(i64::MAX))
}
