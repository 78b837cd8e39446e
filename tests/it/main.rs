//! Integration tests: one binary.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on shall stop, in its helpers too")]

mod support;

mod architecture;
mod calls;
mod cli;
mod dialplans;
mod fuzz;
mod races;
mod registrations;
mod sent;
mod sessions;
mod storm;
mod tables;
mod torture;
