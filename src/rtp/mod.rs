//! RTP and RTCP as bytes: headers, telephone-event, reports, and what can be counted from them.
//!
//! No socket, no clock, no codec: arrival times are arguments, payloads are bytes. [`srtp`] seals and opens what stands in
//! [`packet`]; reduced-size RTCP (RFC 5506) and RTP/RTCP multiplexing are refused, as we
//! never negotiate them.

pub mod jitter;
pub mod packet;
pub mod quality;
pub mod rtcp;
pub mod srtp;
pub mod statistics;
pub mod telephone_event;

pub use jitter::Jitter;
pub use packet::{HEADER, Header, View};
pub use statistics::Statistics;
pub use telephone_event::TelephoneEvent;
