//! What a leg hears, with the place that it has reached.

use super::frame::LONGEST_SOUND;
use crate::audio::mixer::{FRAME, Gain};
use crate::patch::{Beside, Clip, PlayId, Sound, Tone};
use smallvec::SmallVec;
use std::sync::Arc;

/// What a leg hears.
#[derive(Debug, Default)]
pub enum Hears {
    /// Nothing.
    #[default]
    Nothing,
    /// A tone in a circle.
    Tone {
        /// Which.
        tone: Tone,
        /// Next sample.
        at: usize,
    },
    /// Clips in a row.
    Play {
        /// Its name.
        play: PlayId,
        /// The clips.
        clips: Arc<[Clip]>,
        /// Begin again at the end.
        repeat: bool,
        /// Which clip.
        clip: usize,
        /// Next sample of it.
        at: usize,
    },
    /// Another leg, by index on this thread.
    Leg(u32),
    /// Several.
    Mix(Box<Mix>),
}

/// A voice, by index on this thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heard {
    /// Whose.
    pub leg: u32,
    /// How loud.
    pub gain: Gain,
    /// Not at present.
    pub mute: bool,
    /// Its keys go on to this listener.
    pub digits: bool,
}

/// What one leg hears in a mix, with the place it has reached.
#[derive(Debug)]
pub struct Mix {
    /// Who is heard.
    pub voices: SmallVec<[Heard; 4]>,
    /// What is played with them.
    pub beside: Option<(Hears, Gain)>,
    /// Sound that has been mixed and not been sent.
    pub pending: [i16; LONGEST_SOUND + FRAME],
    /// How much of it.
    pub filled: usize,
    /// The slot of the last frame; 0 before the first.
    pub gathered: u64,
    /// The slot of the next packet; 0 before the first.
    pub due: u64,
    /// The listener is on its way into it or out of it.
    pub crossing: Option<Crossing>,
    /// Of the voice that it crosses with: the timestamp behind what is pending, and how much of that is real.
    pub behind: (u32, usize),
}

impl Default for Mix {
    fn default() -> Self {
        Self {
            voices: SmallVec::new(),
            beside: None,
            pending: [0; LONGEST_SOUND + FRAME],
            filled: 0,
            gathered: 0,
            due: 0,
            crossing: None,
            behind: (0, 0),
        }
    }
}

impl Mix {
    /// Whether a voice is in it with all that it says.
    pub fn audible(&self, leg: u32) -> bool {
        self.voices.iter().any(|v| v.leg == leg && !v.mute && v.digits)
    }

    /// Nothing but this voice is in it any more.
    pub fn only(&mut self, leg: u32) {
        self.voices.retain(|v| v.leg == leg);
        self.beside = None;
    }

    /// The timestamp of the oldest sample pending of the voice that it crosses with, if all of them are real.
    pub fn oldest(&self) -> Option<u32> {
        let (behind, real) = self.behind;
        (real >= self.filled).then_some(behind.wrapping_sub(self.filled as u32))
    }

    /// Silences so many samples of what is pending longest.
    pub fn silence(&mut self, length: usize) {
        self.pending.iter_mut().take(length.min(self.filled)).for_each(|sample| *sample = 0);
    }

    /// Leaves out what is pending longest.
    pub fn leave_out(&mut self) {
        let length = self.filled.min(FRAME);
        self.pending.copy_within(length..self.filled, 0);
        self.filled -= length;
    }

    /// Another sound beside; the same one goes on where it is.
    pub fn accompany(&mut self, beside: Option<Beside>) {
        let Some(Beside { sound, gain_db }) = beside else {
            self.beside = None;
            return;
        };
        let gain = Gain::db(gain_db);
        let same = match (&self.beside, &sound) {
            (Some((Hears::Tone { tone, .. }, _)), Sound::Tone(new)) => tone == new,
            (Some((Hears::Play { play, .. }, _)), Sound::Clips { play: new, .. }) => play == new,
            _ => false,
        };
        match &mut self.beside {
            Some(beside) if same => beside.1 = gain,
            beside => {
                let hears = match sound {
                    Sound::Tone(tone) => Hears::Tone { tone, at: 0 },
                    Sound::Clips { play, clips, repeat } => Hears::Play { play, clips, repeat, clip: 0, at: 0 },
                };
                *beside = Some((hears, gain));
            }
        }
    }
}

/// A listener on its way; `leg` is whom it hears on both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crossing {
    /// Relayed still: the mix does not have the voice yet.
    Into {
        /// Whose.
        leg: u32,
        /// When it ends at the latest, µs.
        until: u64,
    },
    /// Neither: what was relayed is still being heard.
    Lands {
        /// Whose.
        leg: u32,
        /// The speaker's timestamp behind the last sample that was relayed.
        said: Option<u32>,
    },
    /// Mixed still: nothing has come to be relayed yet.
    OutOf {
        /// Whose.
        leg: u32,
        /// When it ends at the latest, µs.
        until: u64,
    },
}

impl Crossing {
    /// Whose voice it is about.
    pub fn leg(self) -> u32 {
        let (Self::Into { leg, .. } | Self::Lands { leg, .. } | Self::OutOf { leg, .. }) = self;
        leg
    }

    /// Who has the listener in its list, beside the mix.
    pub fn relayed(self) -> Option<u32> {
        match self {
            Self::Into { leg, .. } | Self::OutOf { leg, .. } => Some(leg),
            Self::Lands { .. } => None,
        }
    }

    /// The mix is not sent yet.
    pub fn arrives(self) -> bool {
        !matches!(self, Self::OutOf { .. })
    }
}
