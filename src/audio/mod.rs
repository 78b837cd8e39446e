//! Sound as values: G.711, tones, DTMF, mixing, concealment, WAV, and measurement.
//!
//! Everything is 8 kHz mono, Opus too. This module knows no packet, port or clock, and opens no file: a WAV is read
//! from and written to what the caller has opened. Resampling is refused here.

pub mod conceal;
pub mod dtmf;
pub mod g711;
pub mod level;
pub mod mixer;
pub mod opus;
pub mod tone;
pub mod tracks;
pub mod wav;

/// Samples in one second.
pub const RATE: u32 = 8_000;
/// Samples in one millisecond.
pub const PER_MILLI: u32 = 8;
