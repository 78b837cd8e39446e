//! What a leg hears when it hears more than one: voices, and a sound beside them.

use super::{Clip, Epoch, PlayId, PortId, Tone};
use std::sync::Arc;

/// One speaker in what a leg hears. A leg's list does not name the leg itself: that is all of "sum minus self".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Voice {
    /// Whose voice: what this port receives.
    pub port: PortId,
    /// Its lease; a voice of an ended lease is silent.
    pub epoch: Epoch,
    /// Louder or softer, dB, −60 to 20; 0 is as it came.
    pub gain_db: i8,
    /// Not heard by this leg at present, keys neither.
    pub mute: bool,
    /// Whether keys that the speaker presses go on to this leg. If not, nothing of a telephone-event is sent to it,
    /// and a key in the sound is audible for 60 ms at most.
    pub digits: bool,
}

impl Voice {
    /// The voice of a port as it comes, keys too.
    #[must_use]
    pub fn new(port: PortId, epoch: Epoch) -> Self {
        Self { port, epoch, gain_db: 0, mute: false, digits: true }
    }
}

/// What is played beside voices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sound {
    /// A tone, for ever.
    Tone(Tone),
    /// Clips one after the other.
    Clips {
        /// Reported back in [`super::Event::PlayFinished`]; the voices go on.
        play: PlayId,
        /// What is played, in order.
        clips: Arc<[Clip]>,
        /// Begin again after the last; then no `PlayFinished` ever comes.
        repeat: bool,
    },
}

/// A sound mixed with the voices, at its own level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beside {
    /// What.
    pub sound: Sound,
    /// Louder or softer, dB, −60 to 20.
    pub gain_db: i8,
}
