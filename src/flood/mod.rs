//! A load tester: callers who arrive by the clock, seats and departments that answer, real sound on every leg, and what was heard.
//!
//! An open loop: each call has its intended moment, drawn before the run from rate and seed ([`arrivals`]); a slow server slows
//! nothing, what could not be begun in time is counted, and every duration runs from the intended moment. Both ends are in this
//! process ([`callers`], [`answerers`]), so that each frame of sound says whose it is ([`frame`]) and what is heard can be held
//! against what was said ([`ear`], [`sound`]). It refuses to judge: [`report::Report`] holds figures, [`expect`] what was wished.

pub mod answerers;
pub mod arrivals;
pub mod browsers;
pub mod callers;
pub mod due;
pub mod ear;
pub mod expect;
pub mod frame;
pub mod order;
pub mod plan;
pub mod process;
pub mod report;
pub mod run;
pub mod scenario;
pub mod sockets;
pub mod sound;
pub mod svg;
pub mod tally;
