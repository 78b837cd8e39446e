//! Silence in the place of what a listener cannot be given, so that its stream goes on.
//!
//! Whoever is relayed another leg has its pace from that leg's packets. Where those are kept from it – a key that is for the
//! exchange only, a key it gets in its own way, another payload type, an SSRC still being tried – or where what it heard has
//! ended and the new speaker's first packet is on its way, nothing would be sent to it for 140 ms a key and more; phones take
//! that for a bad line, and jitter buffers start anew. So a stream that flows is carried on with silence until the next
//! packet for it, for [`LONGEST`] after the last reason at most.
//!
//! What is passed on as it comes: pauses of the speaker's own (it sends nothing, or comfort noise by RFC 3389): a pause that
//! the far side makes is allowed to every sender (RFC 3551 §4.1), is marked at its end, and costs nobody a tick. Nothing is
//! sent to a leg that hears [`Source::Nothing`](crate::patch::Source::Nothing) or whose SDP refuses media.

use crate::audio::g711;
use crate::clock::MILLI;
use crate::patch::Codec;

/// Silence goes on for so long after the last packet that was kept back, or after a change, µs. A far side that says nothing
/// after that pauses.
pub const LONGEST: u64 = 200 * MILLI;
/// A stream flows when the last that was sent on it has been heard for no longer than this, µs.
pub const FLOWS: u64 = 40 * MILLI;
/// Silence begins so long after what was sent last has been heard, µs: a packet that is a little late comes before it.
pub const LATE: u64 = 10 * MILLI;
/// Samples of a packet of silence, whatever the packet time: what it stands for is about as long.
pub const STEP: usize = 160;

/// The byte of silence in G.711; in the law that Opus is made from.
pub fn quiet(codec: Codec) -> u8 {
    match codec {
        Codec::Pcmu => g711::ULAW_SILENCE,
        _ => g711::ALAW_SILENCE,
    }
}
