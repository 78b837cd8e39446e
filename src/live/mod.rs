//! What the exchange looks like now, for many readers at once: none of them ever asks the signalling thread.
//!
//! The signalling thread gives changed rows to a bounded queue of values ([`Feed`]); one thread keeps them in sharded maps and writes
//! each change down once, as JSON, with its number ([`Board`]). A reader takes a list, or a snapshot and then the changes from its
//! number on. It refuses to decide anything and to wait for a reader: who is too slow is told so and begins again.

mod board;
mod delta;
mod feed;
mod group;

pub use board::{Board, Listed};
pub use delta::{Delta, KEPT, Resumed, Rows};
pub use feed::{Feed, start};
pub use group::{GroupNow, groups};

#[cfg(test)]
mod tests;
