//! Integration tests: one binary.

mod support;

mod architecture;
mod calls;
mod dialplans;
mod fuzz;
mod races;
mod registrations;
mod sent;
mod storm;
mod torture;
