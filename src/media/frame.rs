//! The packet that the engine makes itself: one place for it, of the longest size.

use crate::rtp::HEADER;

/// Samples of the longest packet: 60 ms.
pub const LONGEST_SOUND: usize = 480;
/// Length of the longest packet of our own.
pub const LONGEST: usize = HEADER + LONGEST_SOUND;

/// A packet under construction.
pub type Frame = [u8; LONGEST];
