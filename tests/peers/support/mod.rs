//! What the tests stand on: a lab with ports of its own, SIPp, baresip, and the sound of a party.

pub mod authority;
pub mod baresip;
pub mod chromium;
pub mod dns;
pub mod gaps;
pub mod lab;
pub mod load;
pub mod process;
pub mod relay;
pub mod sipp;
pub mod slot;
pub mod sound;
pub mod tape;
pub mod tunnel;

use std::sync::LazyLock;
use std::time::Duration;
use switchboard::clock::Clock;

static CLOCK: LazyLock<Clock> = LazyLock::new(Clock::system);

/// Now, µs monotonic.
pub fn now() -> u64 {
    CLOCK.now().mono
}

/// Sleeps.
pub fn pause(millis: u64) {
    std::thread::sleep(Duration::from_millis(millis));
}

/// Asks again and again until there is an answer; `None` after `millis`.
pub fn until<T>(millis: u64, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let end = now() + millis * 1_000;
    loop {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        if now() > end {
            return None;
        }
        pause(20);
    }
}
