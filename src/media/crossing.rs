//! From the relay into a mix and back, without a silence between: for some frames a listener is on both ways.
//!
//! ```text
//!   relayed ──Hear mix──▶ Into ──the mix has the voice──▶ Lands ──what was relayed is heard──▶ mixed
//!   relayed ◀──the first packet── OutOf ◀──Hear that one port── mixed
//! ```
//!
//! A receiver that has just been opened has nothing to give until its buffer is as deep as it should be, and a packet to be
//! relayed is up to a packet time away. So whoever was relayed a voice that is in the new mix goes on hearing it relayed until
//! the mix has it, and whoever shall hear one voice of a mix relayed hears it from the receiver until its next packet comes. The
//! mix is heard later than the relay by its buffer's depth; on the way in that is a silence, or words heard twice. Words
//! are repeated as far as [`TWICE`], for the rest there is silence as far as [`SILENCE`].

use super::hears::{Crossing, Hears, Mix};
use super::state::State;
use crate::audio::mixer::FRAME;
use crate::clock::MILLI;
use crate::patch::Source;

/// No crossing lasts longer, µs; whoever has not been heard until then says nothing.
const LONGEST: u64 = 200 * MILLI;
/// The relay has run dry when so much time has passed since what it brought was heard, µs.
const DRY: u64 = 40 * MILLI;
/// The mix may begin so long before what was relayed has been heard, µs: half a frame, as it begins on a tick only.
const AHEAD: u64 = 10 * MILLI;
/// Samples that may be heard twice: 40 ms.
const TWICE: i32 = 320;
/// Silence that may be made so that fewer are, samples: 40 ms.
const SILENCE: i32 = 320;
/// A timestamp further off than this is of another numbering, samples.
const FOREIGN: i32 = 8_000;

impl State {
    /// What a listener on both ways hears from now on, if there is a voice that it can go on hearing; else `None`, and
    /// nothing has changed.
    pub(super) fn cross(&mut self, index: u32, source: &Source, now: u64) -> Option<Hears> {
        match (&self.legs.get(index as usize)?.hears, source) {
            (Hears::Leg(speaker), Source::Mix { voices, beside }) => {
                let speaker = *speaker;
                let mine = |v: &&crate::patch::Voice| self.current(v.port, v.epoch) == Some(speaker);
                voices.iter().find(mine).filter(|v| !v.mute && v.digits)?;
                let mut mix = self.mix(index, voices, beside.clone());
                mix.crossing = Some(Crossing::Into { leg: speaker, until: now + LONGEST });
                Some(Hears::Mix(mix))
            }
            (Hears::Mix(mix), Source::Mix { voices, beside }) => {
                let crossing = mix.crossing;
                let mut mix = self.mix(index, voices, beside.clone());
                let stays = crossing.filter(|c| c.arrives() && mix.audible(c.leg()));
                if stays.is_none() {
                    self.unrelay(index, crossing);
                    if crossing.is_some_and(Crossing::arrives) {
                        self.legs.get_mut(index as usize)?.out.turn();
                    }
                }
                mix.crossing = stays;
                Some(Hears::Mix(mix))
            }
            (Hears::Mix(mix), Source::Port(port, epoch)) => {
                let speaker = self.current(*port, *epoch).filter(|leg| mix.audible(*leg))?;
                self.part(index, speaker, now)
            }
            _ => None,
        }
    }

    /// Out of a mix to one of its voices.
    fn part(&mut self, index: u32, speaker: u32, now: u64) -> Option<Hears> {
        let leg = self.legs.get_mut(index as usize)?;
        let Hears::Mix(mut mix) = std::mem::take(&mut leg.hears) else {
            return None;
        };
        for gone in mix.voices.iter().filter(|v| v.leg != speaker) {
            self.unhear(index, gone.leg);
        }
        mix.only(speaker);
        match mix.crossing.filter(|c| c.relayed() == Some(speaker)) {
            Some(Crossing::Into { .. }) => {
                self.unhear(index, speaker);
                return Some(Hears::Leg(speaker));
            }
            Some(_) => {}
            None => {
                self.unrelay(index, mix.crossing);
                self.legs.get_mut(speaker as usize)?.listeners.push(index);
                mix.crossing = Some(Crossing::OutOf { leg: speaker, until: now + LONGEST });
            }
        }
        Some(Hears::Mix(mix))
    }

    /// A listener is relayed nothing any more, if it was beside its mix.
    pub(super) fn unrelay(&mut self, index: u32, crossing: Option<Crossing>) {
        let speaker = crossing.and_then(Crossing::relayed);
        if let Some(leg) = speaker.and_then(|speaker| self.legs.get_mut(speaker as usize)) {
            leg.listeners.retain(|l| *l != index);
        }
    }

    /// A packet has come to be relayed to a listener: whoever comes out of a mix has come.
    #[inline]
    pub(super) fn come_out(&mut self, index: u32) {
        let hears = self.legs.get(index as usize).map(|l| &l.hears);
        if let Some(Hears::Mix(mix)) = hears
            && let Some(Crossing::OutOf { leg, .. }) = mix.crossing
        {
            self.unhear(index, leg);
            if let Some(listener) = self.legs.get_mut(index as usize) {
                listener.hears = Hears::Leg(leg);
                listener.out.turn();
            }
        }
    }

    /// The way out has taken too long.
    pub(super) fn overdue(&self, index: u32, now: u64) -> bool {
        let hears = self.legs.get(index as usize).map(|l| &l.hears);
        matches!(hears, Some(Hears::Mix(mix)) if matches!(mix.crossing, Some(Crossing::OutOf { until, .. }) if now >= until))
    }

    /// Whether the packet of a mix that is full may be sent. If not, its oldest frame is to be left out.
    pub(super) fn lands(&mut self, index: u32, mix: &mut Mix, now: u64) -> bool {
        let oldest = mix.oldest();
        let Some(leg) = self.legs.get_mut(index as usize) else {
            return true;
        };
        let said = match mix.crossing {
            None | Some(Crossing::OutOf { .. }) => return true,
            Some(Crossing::Lands { said, .. }) => said,
            Some(Crossing::Into { leg: speaker, until }) => {
                if oldest.is_none() && now < until && now <= leg.out.due() + DRY {
                    return false;
                }
                let said = leg.out.relayed();
                self.unrelay(index, mix.crossing);
                mix.crossing = Some(Crossing::Lands { leg: speaker, said });
                said
            }
        };
        let Some(leg) = self.legs.get_mut(index as usize) else {
            return true;
        };
        let due = leg.out.due();
        let twice = said.zip(oldest).map_or(0, |(said, oldest)| said.wrapping_sub(oldest).cast_signed());
        let quiet = (now.saturating_sub(due) / 125).min(SILENCE as u64) as i32;
        let hushed = if twice < FOREIGN { (twice - TWICE).clamp(0, SILENCE - quiet) as usize } else { 0 };
        if due > now + AHEAD || hushed >= FRAME {
            return false;
        }
        mix.silence(hushed);
        mix.crossing = None;
        leg.out.turn();
        true
    }
}
