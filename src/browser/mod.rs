//! A browser's side of a leg: ICE-lite (RFC 8445) and DTLS-SRTP (RFC 5763, 5764) as values.
//!
//! [`Peer`] has datagrams for its inputs and gives datagrams, and in the end the keys; whoever drives it has the socket and the clock.
//! We are always the passive side: a check that knows our password is answered, and whoever passed one may begin a handshake, whose
//! certificate must have the fingerprint that came by SIP. It refuses to know SDP, and opens no media itself: keys go to `rtp::srtp`.

mod handshake;
mod identity;
mod peer;
pub mod stun;

pub use identity::{Broken, Identity};
pub use peer::{Checked, Kind, Peer};

#[cfg(test)]
pub(crate) mod tests;
