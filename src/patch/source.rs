//! What a leg hears.

use super::{Beside, Clip, Epoch, PlayId, PortId, Tone, Voice};
use std::sync::Arc;

/// What a leg hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Nothing is sent.
    Nothing,
    /// A tone, until something else is said.
    Tone(Tone),
    /// Clips one after the other without a gap, from the first sample of the first.
    Play {
        /// Reported back in [`Event::PlayFinished`](super::Event::PlayFinished).
        play: PlayId,
        /// What is played, in order.
        clips: Arc<[Clip]>,
        /// Begin again after the last (music); then no `PlayFinished` ever comes.
        repeat: bool,
    },
    /// What this port receives. Both must be on one media thread. Relay: same codec, payload untouched.
    Port(PortId, Epoch),
    /// The sum of several voices, all on the leg's own media thread. Who hears whom is free: each leg has its own list.
    ///
    /// One mix after another is one stream without a seam; a `beside` of the same `play` (or the same tone) goes on where
    /// it was. A mix of nobody is silence that is sent.
    Mix {
        /// Who is heard; the leg itself is never, at most 64 are.
        voices: Arc<[Voice]>,
        /// What is played with them.
        beside: Option<Beside>,
    },
}
