//! Who hears whom in one call, and the difference between what is and what shall be.

use super::{Beside, Epoch, PortId, Sound, Source, Voice};
use crate::id::LegRef;
use smallvec::{SmallVec, smallvec};

/// One speaker in what a leg hears: a [`Voice`] in the words of the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Speaker {
    /// Who.
    pub leg: LegRef,
    /// Louder or softer, dB.
    pub gain_db: i8,
    /// Not heard at present.
    pub mute: bool,
    /// Its keys go on to the listener.
    pub digits: bool,
}

impl Speaker {
    /// A leg as it comes.
    #[must_use]
    pub fn new(leg: LegRef) -> Self {
        Self { leg, gain_db: 0, mute: false, digits: true }
    }
}

/// What a leg shall hear, in the words of the call (legs, not ports).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hears {
    /// Another leg: relayed, payload exact.
    Leg(LegRef),
    /// Several legs, or one that is not as it comes, or with a sound beside.
    Mix {
        /// Who is heard.
        speakers: SmallVec<[Speaker; 4]>,
        /// What is played with them.
        beside: Option<Beside>,
    },
    /// Something that is played, or nothing.
    Source(Source),
}

impl Hears {
    /// The simplest way to hear these: nothing, a relay, or a mix.
    #[must_use]
    pub fn of(speakers: SmallVec<[Speaker; 4]>, beside: Option<Beside>) -> Self {
        match (speakers.as_slice(), beside) {
            ([], None) => Self::Source(Source::Nothing),
            ([], Some(Beside { sound: Sound::Tone(tone), gain_db: 0 })) => Self::Source(Source::Tone(tone)),
            ([], Some(Beside { sound: Sound::Clips { play, clips, repeat }, gain_db: 0 })) => {
                Self::Source(Source::Play { play, clips, repeat })
            }
            ([one], None) if *one == Speaker::new(one.leg) => Self::Leg(one.leg),
            (_, beside) => Self::Mix { speakers, beside },
        }
    }

    /// Every leg that is heard, muted ones too.
    #[must_use]
    pub fn speakers(&self) -> SmallVec<[Speaker; 4]> {
        match self {
            Self::Leg(leg) => smallvec![Speaker::new(*leg)],
            Self::Mix { speakers, .. } => speakers.clone(),
            Self::Source(_) => SmallVec::new(),
        }
    }

    /// The same in the words of the media: `port` says where a leg is. A leg that is nowhere is not heard.
    pub fn source(&self, mut port: impl FnMut(LegRef) -> Option<(PortId, Epoch)>) -> Source {
        match self {
            Self::Source(source) => source.clone(),
            Self::Leg(leg) => port(*leg).map_or(Source::Nothing, |(port, epoch)| Source::Port(port, epoch)),
            Self::Mix { speakers, beside } => {
                let voices = speakers.iter().filter_map(|s| {
                    let (port, epoch) = port(s.leg)?;
                    Some(Voice { port, epoch, gain_db: s.gain_db, mute: s.mute, digits: s.digits })
                });
                Source::Mix { voices: voices.collect(), beside: beside.clone() }
            }
        }
    }
}

/// Who hears whom: one row a leg. The call's machines return the one they want; the reconciler
/// turns the difference into media commands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Topology {
    rows: SmallVec<[(LegRef, Hears); 3]>,
}

impl Topology {
    /// Nobody hears anything.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What was said holds still, or is to be said anew: a leg has come back by another port.
    pub fn retain(&mut self, holds: bool) {
        if !holds {
            self.rows.clear();
        }
    }

    /// Says what `leg` hears, replacing what was said before.
    pub fn set(&mut self, leg: LegRef, hears: Hears) {
        match self.rows.iter_mut().find(|(l, _)| *l == leg) {
            Some(row) => row.1 = hears,
            None => self.rows.push((leg, hears)),
        }
    }

    /// Two legs hear each other.
    #[must_use]
    pub fn pair(a: LegRef, b: LegRef) -> Self {
        Self::room(&[a, b])
    }

    /// Everyone hears everyone else: a relay between two, a mix from three on.
    #[must_use]
    pub fn room(legs: &[LegRef]) -> Self {
        let mut t = Self::new();
        for leg in legs {
            let others = legs.iter().filter(|l| *l != leg).map(|l| Speaker::new(*l)).collect();
            t.set(*leg, Hears::of(others, None));
        }
        t
    }

    /// `who` hears everyone of this topology and is heard by nobody.
    #[must_use]
    pub fn listened(mut self, who: LegRef) -> Self {
        self.unheard(who);
        let others = self.rows.iter().filter(|(l, _)| *l != who).map(|(l, _)| Speaker::new(*l)).collect();
        self.set(who, Hears::of(others, None));
        self
    }

    /// `who` hears everyone and is heard by `agent` only.
    #[must_use]
    pub fn whispered(self, who: LegRef, agent: LegRef) -> Self {
        let mut t = self.listened(who);
        t.add(agent, Speaker::new(who));
        t
    }

    /// `who` hears everyone and everyone hears `who`.
    #[must_use]
    pub fn barged(self, who: LegRef) -> Self {
        let mut t = self.listened(who);
        let others: SmallVec<[LegRef; 4]> = t.rows.iter().map(|(l, _)| *l).filter(|l| *l != who).collect();
        others.into_iter().for_each(|other| t.add(other, Speaker::new(who)));
        t
    }

    /// `leg` hears this speaker too, or in another way than before. What it is played goes on beside the voices.
    pub fn add(&mut self, leg: LegRef, speaker: Speaker) {
        let (mut speakers, beside) = match self.hears(leg) {
            None | Some(Hears::Source(Source::Nothing | Source::Port(..) | Source::Mix { .. })) => {
                (SmallVec::new(), None)
            }
            Some(Hears::Source(Source::Tone(tone))) => {
                (SmallVec::new(), Some(Beside { sound: Sound::Tone(*tone), gain_db: 0 }))
            }
            Some(Hears::Source(Source::Play { play, clips, repeat })) => {
                let sound = Sound::Clips { play: *play, clips: clips.clone(), repeat: *repeat };
                (SmallVec::new(), Some(Beside { sound, gain_db: 0 }))
            }
            Some(hears @ Hears::Leg(_)) => (hears.speakers(), None),
            Some(Hears::Mix { speakers, beside }) => (speakers.clone(), beside.clone()),
        };
        speakers.retain(|s| s.leg != speaker.leg);
        speakers.push(speaker);
        self.set(leg, Hears::of(speakers, beside));
    }

    /// Plays something beside what `leg` hears, or ends it.
    pub fn beside(&mut self, leg: LegRef, beside: Option<Beside>) {
        let speakers = self.hears(leg).map(Hears::speakers).unwrap_or_default();
        self.set(leg, Hears::of(speakers, beside));
    }

    /// What `leg` hears.
    #[must_use]
    pub fn hears(&self, leg: LegRef) -> Option<&Hears> {
        self.rows.iter().find(|(l, _)| *l == leg).map(|(_, h)| h)
    }

    /// Takes a leg out, as a speaker too: who heard it alone hears nothing, who heard it with one other hears that one
    /// relayed again.
    pub fn remove(&mut self, leg: LegRef) {
        self.rows.retain(|(l, _)| *l != leg);
        self.unheard(leg);
    }

    /// Nobody hears `leg`.
    fn unheard(&mut self, leg: LegRef) {
        for (_, hears) in &mut self.rows {
            let mut speakers = hears.speakers();
            let before = speakers.len();
            speakers.retain(|s| s.leg != leg);
            if speakers.len() < before {
                let beside = match hears {
                    Hears::Mix { beside, .. } => beside.take(),
                    Hears::Leg(_) | Hears::Source(_) => None,
                };
                *hears = Hears::of(speakers, beside);
            }
        }
    }

    /// Every row.
    pub fn rows(&self) -> impl Iterator<Item = &(LegRef, Hears)> {
        self.rows.iter()
    }

    /// The rows of `wanted` that differ from this one: what must be said to the media engine.
    pub fn changes<'a>(&'a self, wanted: &'a Self) -> impl Iterator<Item = &'a (LegRef, Hears)> {
        wanted.rows.iter().filter(|(leg, hears)| self.hears(*leg) != Some(hears))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::patch::Tone;

    const CALLER: LegRef = LegRef(0);
    const AGENT: LegRef = LegRef(1);
    const THIRD: LegRef = LegRef(2);
    const CHIEF: LegRef = LegRef(3);

    /// `0:1 1:0`: a relay; `0:1+2`: a mix.
    fn show(t: &Topology) -> String {
        let row = |(leg, hears): &(LegRef, Hears)| {
            let names: Vec<_> = hears.speakers().iter().map(|s| s.leg.0.to_string()).collect();
            let what = match hears {
                Hears::Leg(_) => names.concat(),
                Hears::Mix { beside, .. } => {
                    format!("mix {}{}", names.join("+"), if beside.is_some() { " ♪" } else { "" })
                }
                Hears::Source(Source::Nothing) => "nothing".into(),
                Hears::Source(_) => "♪".into(),
            };
            format!("{}: {what}", leg.0)
        };
        t.rows().map(row).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn two_are_relayed_three_are_mixed_and_two_are_relayed_again() {
        let pair = Topology::pair(CALLER, AGENT);
        assert_eq!(show(&pair), "0: 1, 1: 0");
        let mut room = Topology::room(&[CALLER, AGENT, THIRD]);
        assert_eq!(show(&room), "0: mix 1+2, 1: mix 0+2, 2: mix 0+1");
        assert_eq!(pair.changes(&room).count(), 3);
        room.remove(AGENT);
        assert_eq!(show(&room), "0: 2, 2: 0");
        room.remove(THIRD);
        assert_eq!(show(&room), "0: nothing");
    }

    #[test]
    fn a_supervisor_is_heard_by_whom_he_chose_only() {
        let pair = || Topology::pair(CALLER, AGENT);
        let listen = pair().listened(CHIEF);
        assert_eq!(show(&listen), "0: 1, 1: 0, 3: mix 0+1");
        assert_eq!(pair().changes(&listen).count(), 1, "the two stay relayed");
        let whisper = listen.clone().whispered(CHIEF, AGENT);
        assert_eq!(show(&whisper), "0: 1, 1: mix 0+3, 3: mix 0+1");
        let barge = whisper.clone().barged(CHIEF);
        assert_eq!(show(&barge), "0: mix 1+3, 1: mix 0+3, 3: mix 0+1");
        assert_eq!(barge.listened(CHIEF), listen, "back to listening");
        let mut gone = whisper;
        gone.remove(CHIEF);
        assert_eq!(gone, pair());
    }

    #[test]
    fn a_sound_beside_stays_and_what_is_plain_is_not_mixed() {
        let mut t = Topology::pair(CALLER, AGENT);
        let reminder = Beside { sound: Sound::Tone(Tone::Reminder), gain_db: 0 };
        t.beside(CALLER, Some(reminder.clone()));
        assert_eq!(show(&t), "0: mix 1 ♪, 1: 0");
        t.beside(CALLER, None);
        assert_eq!(show(&t), "0: 1, 1: 0");
        t.add(CALLER, Speaker { mute: true, ..Speaker::new(AGENT) });
        assert_eq!(show(&t), "0: mix 1, 1: 0");
        t.set(AGENT, Hears::Source(Source::Tone(Tone::Ringback)));
        t.add(AGENT, Speaker::new(CALLER));
        assert_eq!(show(&t), "0: mix 1, 1: mix 0 ♪");
        t.remove(CALLER);
        assert_eq!(t.hears(AGENT), Some(&Hears::Source(Source::Tone(Tone::Ringback))));
    }

    #[test]
    fn legs_become_ports_and_those_that_are_nowhere_are_not_heard() {
        let at = |leg: LegRef| (leg != THIRD).then_some((PortId { thread: 0, index: leg.0 + 10 }, Epoch(1)));
        let room = Topology::room(&[CALLER, AGENT, THIRD]);
        let Some(Source::Mix { voices, beside: None }) = room.hears(CALLER).map(|h| h.source(at)) else { panic!() };
        assert_eq!(*voices, [Voice::new(PortId { thread: 0, index: 11 }, Epoch(1))]);
        assert_eq!(Hears::Leg(THIRD).source(at), Source::Nothing);
    }
}
