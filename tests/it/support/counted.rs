//! An allocator that counts what the current thread asks for: work and memory are held without a clock.
//!
//! Counts are a thread's own, so that tests which run beside each other do not see each other.

#![expect(
    unsafe_code,
    reason = "std has no safe way to stand in front of the allocator; every call is passed on as it came"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// The system's allocator with a thread's own counters in front.
pub struct Counted;

#[global_allocator]
static COUNTED: Counted = Counted;

thread_local! {
    static COUNTS: Cell<Counts> = const { Cell::new(Counts { allocations: 0, live: 0, peak: 0 }) };
}

/// What one thread has asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Calls of `alloc`, and of `realloc` too.
    pub allocations: u64,
    /// Bytes that are held now.
    pub live: i64,
    /// The most that was held at any time.
    pub peak: i64,
}

/// Runs `work` on this thread: its result, and what it took. `live` is what it left, `peak` the most above the start.
pub fn counted<T>(work: impl FnOnce() -> T) -> (T, Counts) {
    let before = COUNTS.get();
    COUNTS.set(Counts { peak: before.live, ..before });
    let result = work();
    let after = COUNTS.get();
    COUNTS.set(Counts { peak: after.peak.max(before.peak), ..after });
    let counts = Counts {
        allocations: after.allocations - before.allocations,
        live: after.live - before.live,
        peak: after.peak - before.live,
    };
    (result, counts)
}

fn count(allocations: u64, bytes: i64) {
    // A thread that is being torn down has no counters any more; what it frees then is not counted.
    let _ = COUNTS.try_with(|cell| {
        let now = cell.get();
        let live = now.live + bytes;
        cell.set(Counts { allocations: now.allocations + allocations, live, peak: now.peak.max(live) });
    });
}

// SAFETY: every call goes on to `System` unchanged; the counters neither allocate nor unwind.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(1, layout.size() as i64);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(1, layout.size() as i64);
        // SAFETY: the caller keeps the contract of `alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count(0, -(layout.size() as i64));
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(1, size as i64 - layout.size() as i64);
        // SAFETY: the caller keeps the contract of `realloc`.
        unsafe { System.realloc(at, layout, size) }
    }
}
