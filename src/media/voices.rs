//! Who is in whose mix: the lists on both sides, and the receivers between them.

use super::hears::{Heard, Hears, Mix};
use super::state::State;
use crate::audio::mixer::Gain;
use crate::patch::{Beside, Voice};
use smallvec::SmallVec;

/// Voices that one leg hears at most.
const VOICES: usize = 64;

impl State {
    /// A leg's mix, made of the one it had if it had one.
    pub(super) fn mix(&mut self, index: u32, voices: &[Voice], beside: Option<Beside>) -> Box<Mix> {
        let mut new: SmallVec<[Heard; 4]> = SmallVec::new();
        for voice in voices.iter().take(VOICES) {
            let leg = self.current(voice.port, voice.epoch).filter(|leg| *leg != index);
            if let Some(leg) = leg.filter(|leg| new.iter().all(|v| v.leg != *leg)) {
                new.push(Heard { leg, gain: Gain::db(voice.gain_db), mute: voice.mute, digits: voice.digits });
            }
        }
        for voice in &new {
            if let Some(leg) = self.legs.get_mut(voice.leg as usize) {
                if !leg.mixers.contains(&index) {
                    leg.mixers.push(index);
                }
                leg.open_receiver();
            }
        }
        let former = self.legs.get_mut(index as usize).map(|leg| std::mem::take(&mut leg.hears));
        let mut mix = match former {
            Some(Hears::Mix(mix)) => mix,
            _ => Box::default(),
        };
        let old = std::mem::replace(&mut mix.voices, new);
        for gone in old.iter().filter(|v| mix.voices.iter().all(|new| new.leg != v.leg)) {
            self.unhear(index, gone.leg);
        }
        mix.accompany(beside);
        mix
    }

    /// A listener does not hear this leg in its mix any more.
    pub(super) fn unhear(&mut self, index: u32, speaker: u32) {
        if let Some(leg) = self.legs.get_mut(speaker as usize) {
            leg.mixers.retain(|l| *l != index);
            leg.close_receiver();
        }
    }

    /// A leg has ended: nobody has it in a mix any more.
    pub(super) fn fall_silent(&mut self, speaker: u32, mixers: &[u32]) {
        for listener in mixers {
            if let Some(Hears::Mix(mix)) = self.legs.get_mut(*listener as usize).map(|l| &mut l.hears) {
                mix.voices.retain(|v| v.leg != speaker);
            }
        }
    }
}
