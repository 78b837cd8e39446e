//! Integration tests: one binary.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on shall stop, in its helpers too")]

mod support;

mod architecture;
mod calls;
mod changes;
mod cli;
mod dialplans;
mod fuzz;
mod operators;
mod races;
mod refer;
mod registrations;
mod reloads;
mod sent;
mod sessions;
mod storm;
mod torture;
