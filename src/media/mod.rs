//! Media: who hears whom, carried out. A pure engine, and its sockets apart.
//!
//! [`Engine`] is a value with three verbs; it owns no socket, reads no clock, and gives what is to be sent to an
//! [`Outlet`]. [`port`] binds socket pairs, [`thread`] runs one engine on one core around `epoll`.
//!
//! A packet is relayed on arrival, in the buffer that it came in: no allocation, lock or look-up by hash. Only
//! prompts, tones and digits run on a tick. Each leg has one SSRC with continuous sequence numbers and timestamps
//! through every change of what it hears.
//!
//! Refused here: deciding who hears whom (that is `call`), parsing SDP, resampling, and any codec but G.711.
//! Three and more are mixed (`conference`, `receiver`) and anyone is recorded (`tape`, and [`recorder`] on its own thread)
//! beside `relay` and `player`, which know nothing of it; [`archive`] keeps what was recorded. Browsers' legs (`web`) are reached by one port
//! for all of them (`door`). Ports that are rings instead of sockets get a file of their own.

mod conference;
mod crossing;
mod engine;
mod frame;
mod hears;
mod incoming;
mod latch;
mod lease;
mod leg;
mod legs;
mod opus;
mod outgoing;
mod outlet;
mod player;
mod private;
mod receiver;
mod reel;
mod relay;
mod report;
mod sealed;
mod send;
mod silence;
mod sounds;
mod state;
mod step;
mod tape;
mod tell;
mod unwritten;
mod voices;
mod web;
mod wheel;

#[cfg(test)]
mod tests;

pub mod archive;
mod door;
pub mod port;
pub mod recorder;
pub mod settings;
pub mod thread;

pub use engine::Engine;
pub use outlet::Outlet;
pub use settings::{Browsers, Error, Settings};
pub use tell::Tell;
pub use thread::{Handle, spawn};
