//! Who is in the talk with which role, and who is apart, told something alone, on hold or alone: one value. [`Room::topology`]
//! is a pure function of it.

use super::journey::Journey;
use super::party::{CALLER, Member, Parties};
use crate::fact::Supervision;
use crate::id::{LegRef, PromptId};
use crate::patch::topology::{Hears, Speaker};
use crate::patch::{Beside, PlayId, Sound, Source, Tone, Topology};
use smallvec::SmallVec;

/// Tones beside voices are softer than alone.
const BESIDE_DB: i8 = -9;

/// Everything that decides who hears whom.
#[derive(Debug)]
pub(super) struct Room<'a> {
    parties: &'a Parties,
    /// People talk; else the caller hears what is played to him, or the early sound of whom he is put through to.
    pub(super) talk: bool,
    /// What the caller hears before there is a talk; `None`: as before.
    pub(super) played: Option<Source>,
    /// What a talker hears who has nobody to hear.
    pub(super) music: Source,
    /// Hears none of the others and is heard by none.
    pub(super) apart: Option<LegRef>,
    /// Hears this alone.
    pub(super) told: Option<(LegRef, Source)>,
    /// A leg whose sound comes before its answer.
    pub(super) early: Option<LegRef>,
    /// Somebody is being reached: it rings.
    pub(super) rings: bool,
    /// The agent hears by this tone that something came to nothing.
    pub(super) notice: Option<Tone>,
    /// How the supervisor who is there is there.
    pub(super) supervision: Option<Supervision>,
}

impl<'a> Room<'a> {
    /// A room in which nothing but who is there is known.
    pub(super) fn new(parties: &'a Parties, music: Source) -> Self {
        Self {
            parties,
            talk: false,
            played: None,
            music,
            apart: None,
            told: None,
            early: None,
            rings: false,
            notice: None,
            supervision: None,
        }
    }

    /// Who hears whom; `None`: as before.
    pub(super) fn topology(&self) -> Option<Topology> {
        if self.talk {
            return Some(self.talk());
        }
        if let Some(early) = self.early {
            return Some(Topology::pair(CALLER, early));
        }
        let mut topology = Topology::new();
        topology.set(CALLER, Hears::Source(self.played.clone()?));
        Some(topology)
    }

    /// Everyone hears the others; whoever has nobody to hear gets music; a holder hears nothing.
    fn talk(&self) -> Topology {
        let parties = self.parties;
        let agent = parties.agent();
        let talkers: SmallVec<[&Member; 4]> =
            [parties.get(CALLER), agent, parties.target()].into_iter().flatten().collect();
        let mut topology = Topology::new();
        for me in &talkers {
            topology.set(me.leg, self.heard_by(me, agent, &talkers));
        }
        if let Some(early) = self.early {
            topology.set(early, Hears::Source(Source::Nothing));
        }
        if let Some((supervisor, mode)) = parties.supervisor().zip(self.supervision) {
            self.supervise(supervisor, mode, agent, &talkers, &mut topology);
        }
        topology
    }

    /// What one of the talkers hears.
    fn heard_by(&self, me: &Member, agent: Option<&Member>, talkers: &[&Member]) -> Hears {
        if let Some((_, told)) = self.told.as_ref().filter(|(leg, _)| *leg == me.leg) {
            return Hears::Source(told.clone());
        }
        if me.held || me.away {
            return Hears::Source(Source::Nothing);
        }
        if me.parked {
            // His phone knows of no hold: it is sent silence, or it would take the line for dead.
            return Hears::Mix { speakers: SmallVec::new(), beside: None };
        }
        let is_apart = |leg: LegRef| self.apart == Some(leg);
        let heard =
            |other: &&&Member| other.leg != me.leg && !other.is_away() && !is_apart(me.leg) && !is_apart(other.leg);
        let speaker = |other: &&Member| Speaker { mute: other.muted, ..Speaker::new(other.leg) };
        let mut speakers: SmallVec<[Speaker; 4]> = talkers.iter().filter(heard).map(speaker).collect();
        let (early, beside) = self.beside(me.leg, agent);
        speakers.extend(early.map(Speaker::new));
        if speakers.is_empty() && beside.is_none() {
            return Hears::Source(self.music.clone());
        }
        Hears::of(speakers, beside)
    }

    /// What one party alone hears beside the talk: the early sound of whom he reaches, or our ringback, or that it failed. The
    /// agent; or the caller, when somebody is reached for him after the agent has gone.
    fn beside(&self, me: LegRef, agent: Option<&Member>) -> (Option<LegRef>, Option<Beside>) {
        if me != agent.map_or(CALLER, |agent| agent.leg) {
            return (None, None);
        }
        let alone = agent.is_none() || !self.parties.has_caller();
        let gain_db = if alone { 0 } else { BESIDE_DB };
        let tone = |tone| Some(Beside { sound: Sound::Tone(tone), gain_db });
        match (self.notice, self.early) {
            (Some(notice), _) => (None, tone(notice)),
            // The target's own sound is the agent's to hear; a caller who waits for it alone hears it ring.
            (None, Some(early)) if agent.is_some() => (Some(early), None),
            (None, _) if self.rings => (None, tone(Tone::Ringback)),
            (None, _) => (None, None),
        }
    }

    /// What the supervisor hears, and who hears him.
    fn supervise(
        &self,
        supervisor: &Member,
        mode: Supervision,
        agent: Option<&Member>,
        talkers: &[&Member],
        topology: &mut Topology,
    ) {
        let me = supervisor.leg;
        if supervisor.held || supervisor.away {
            return topology.set(me, Hears::Source(Source::Nothing));
        }
        let there = || talkers.iter().filter(|m| !m.is_away());
        topology.set(me, Hears::Mix { speakers: there().map(|m| Speaker::new(m.leg)).collect(), beside: None });
        let hears_him = |m: &&&Member| match mode {
            Supervision::Listen => false,
            Supervision::Whisper => agent.is_some_and(|agent| agent.leg == m.leg),
            Supervision::Barge | Supervision::TakeOver => true,
        };
        for listener in there().filter(|m| self.apart != Some(m.leg)).filter(hears_him) {
            topology.add(listener.leg, Speaker::new(me));
        }
    }
}

/// What somebody hears who has nobody to talk to: music, and that he may stay where somebody's phone has gone and is awaited.
pub(super) fn music(journey: &Journey, parties: &Parties) -> Source {
    let clip = |name: &str| journey.snapshot.clip(&PromptId::from(name));
    let moment = parties.all().iter().any(|m| m.away).then(|| clip("moment")).flatten();
    let clips: Vec<_> = moment.into_iter().chain(clip("music/hold")).collect();
    match clips.is_empty() {
        true => Source::Tone(Tone::Ringback),
        false => Source::Play { play: PlayId(0), clips: clips.into(), repeat: true },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::act::{About, Act};
    use crate::clock::Now;
    use crate::fact::{Brief, Fact, Target};
    use std::fmt::Write as _;

    const AGENT: LegRef = LegRef(1);
    const TARGET: LegRef = LegRef(2);
    const SUPERVISOR: LegRef = LegRef(3);

    /// Caller 0, agent 1, and so many more: target 2, supervisor 3.
    fn parties(legs: &[LegRef]) -> Parties {
        let mut parties = Parties::new();
        let mut say = |act: Act| parties.fold(&act, Now::default());
        say(Act::Answer);
        for leg in legs {
            let about = match *leg {
                AGENT => About::Service,
                TARGET => About::Transfer { agent: None, brief: Box::new(Brief::default()) },
                _ => About::Supervision(Supervision::Listen),
            };
            let target = Target::Seat(format!("800{}", leg.0).into());
            say(Act::Dial { leg: *leg, target, about });
            say(Act::Fact(Fact::LegAnswered { leg: *leg }));
            if *leg == AGENT {
                say(Act::Fact(Fact::Connected { leg: *leg }));
            }
        }
        parties
    }

    fn heard(hears: &Hears) -> String {
        let played = |source: &Source| match source {
            Source::Nothing => "nothing".to_owned(),
            Source::Tone(tone) => format!("{tone:?}"),
            other => format!("{other:?}"),
        };
        match hears {
            Hears::Leg(leg) => format!("{}", leg.0),
            Hears::Source(source) => played(source),
            Hears::Mix { speakers, beside } => {
                let mut parts: Vec<String> =
                    speakers.iter().map(|s| format!("{}{}", s.leg.0, if s.mute { " mute" } else { "" })).collect();
                parts.extend(beside.iter().map(|b| match &b.sound {
                    Sound::Tone(tone) => format!("{tone:?} {} dB", b.gain_db),
                    Sound::Clips { .. } => "clips".to_owned(),
                }));
                format!("mix({})", parts.join(", "))
            }
        }
    }

    type Case = (&'static str, &'static [LegRef], fn(&mut Parties), fn(&mut Room<'_>));

    const TWO: &[LegRef] = &[AGENT];
    const THREE: &[LegRef] = &[AGENT, TARGET];
    const WATCHED: &[LegRef] = &[AGENT, SUPERVISOR];
    const ALL: &[LegRef] = &[AGENT, TARGET, SUPERVISOR];

    fn same(_: &mut Parties) {}

    fn plain(_: &mut Room<'_>) {}

    fn member(parties: &mut Parties, leg: LegRef, change: fn(&mut Member)) {
        change(parties.get_mut(leg).unwrap());
    }

    /// Who is there, what is known of them, and what the machines have arranged.
    const CASES: [Case; 26] = [
        ("two", TWO, same, plain),
        ("three", THREE, same, plain),
        ("the agent consults", THREE, same, |r| r.apart = Some(CALLER)),
        ("the target waits", THREE, same, |r| r.apart = Some(TARGET)),
        ("the target is told who comes", THREE, same, |r| {
            (r.apart, r.told) = (Some(TARGET), Some((TARGET, Source::Tone(Tone::Ringback))));
        }),
        ("the agent holds", TWO, |p| member(p, AGENT, |m| m.held = true), plain),
        ("the agent is parked", TWO, |p| member(p, AGENT, |m| m.parked = true), plain),
        ("the agent is mute", TWO, |p| member(p, AGENT, |m| m.muted = true), plain),
        ("the caller holds, of three", THREE, |p| member(p, CALLER, |m| m.held = true), plain),
        (
            "caller and agent hold, of three",
            THREE,
            |p| {
                member(p, CALLER, |m| m.held = true);
                member(p, AGENT, |m| m.held = true);
            },
            plain,
        ),
        ("somebody rings", TWO, same, |r| r.rings = true),
        ("somebody's own sound comes", TWO, same, |r| (r.rings, r.early) = (true, Some(TARGET))),
        ("it failed", TWO, same, |r| r.notice = Some(Tone::Busy)),
        ("it rings for a caller alone", &[], same, |r| r.rings = true),
        ("a caller alone", &[], same, plain),
        ("early sound for a caller alone", &[], same, |r| (r.rings, r.early) = (true, Some(TARGET))),
        ("the caller has gone", THREE, |p| p.remove(CALLER), plain),
        ("the caller has gone, it rings", TWO, |p| p.remove(CALLER), |r| r.rings = true),
        ("a supervisor listens", WATCHED, same, |r| r.supervision = Some(Supervision::Listen)),
        ("a supervisor whispers", WATCHED, same, |r| r.supervision = Some(Supervision::Whisper)),
        ("a supervisor barges", WATCHED, same, |r| r.supervision = Some(Supervision::Barge)),
        ("he barges into three, the caller apart", ALL, same, |r| {
            (r.supervision, r.apart) = (Some(Supervision::Barge), Some(CALLER));
        }),
        (
            "he whispers, the agent holds",
            WATCHED,
            |p| member(p, AGENT, |m| m.held = true),
            |r| {
                r.supervision = Some(Supervision::Whisper);
            },
        ),
        (
            "he holds himself",
            WATCHED,
            |p| member(p, SUPERVISOR, |m| m.held = true),
            |r| {
                r.supervision = Some(Supervision::Barge);
            },
        ),
        ("no talk yet, played", &[], same, |r| (r.talk, r.played) = (false, Some(Source::Tone(Tone::Ringback)))),
        ("no talk yet, nothing new", &[], same, |r| r.talk = false),
    ];

    #[test]
    fn who_hears_whom_follows_from_who_is_there_and_how() {
        let mut table = String::new();
        for (what, legs, change, arrange) in CASES {
            let mut parties = parties(legs);
            change(&mut parties);
            let mut room = Room { talk: true, ..Room::new(&parties, Source::Tone(Tone::Reminder)) };
            arrange(&mut room);
            let rows = room.topology().map_or("as before".to_owned(), |t| {
                t.rows().map(|(leg, hears)| format!("{} hears {}", leg.0, heard(hears))).collect::<Vec<_>>().join("; ")
            });
            let _ = writeln!(table, "{what:40} {rows}");
        }
        insta::assert_snapshot!(table);
    }
}
