//! SIP without I/O: bytes in, events out, time as an argument.
//!
//! `wire` indexes bytes, `transaction` holds the four machines of RFC 3261 §17, `dialog` the INVITE sessions,
//! `endpoint` all of them as one value. It refuses to know calls, seats, dialplans or media; a body is bytes.

pub mod auth;
pub mod dialog;
pub mod endpoint;
pub mod flow;
pub mod header;
mod id;
pub mod lines;
pub mod locate;
pub mod message;
mod multipart;
pub mod name;
pub mod registrar;
mod spare;
pub mod timer;
pub mod transaction;
pub mod uri;
pub mod wire;
pub mod write;
