//! The step `callback`: a caller whom nobody can serve is offered to be called back. Who does not want it, or cannot be called, goes on.
//!
//! ```text
//!   offered ──1──▶ number said back ──1──▶ place kept, told so ──▶ the call ends
//!      └── 0, or no key in time ──┴── 0, or no key in time ──▶ next step
//! ```

use super::act::Act;
use super::asking::{Asking, CONFIRM, Heard, callable};
use super::input::Input;
use super::machine::{Event, Flow, Machine, Out, View};
use super::party::CALLER;
use super::room::{Room, music};
use crate::clock::Now;
use crate::fact::{Cause, Party};
use crate::id::{GroupId, PromptId};
use crate::patch::{Clip, PlayId, Source};

/// The caller is asked whether he wants to be called back.
#[derive(Debug)]
pub(super) struct Offering {
    group: GroupId,
    asking: Asking,
    saying: Option<PlayId>,
    hears: Option<Source>,
    /// A key is waited for until then, µs monotonic.
    until: Option<u64>,
}

impl Offering {
    /// A place in this group's line is offered.
    pub(super) fn new(group: GroupId) -> Self {
        Self { group, asking: Asking::No, saying: None, hears: None, until: None }
    }

    /// The caller will be called back in his place.
    pub(super) fn keeps_place(&self) -> bool {
        self.asking == Asking::Kept
    }

    fn begin(&mut self, view: &View<'_>, out: &mut Out<'_>) -> Flow {
        let offer = view.journey.snapshot.clip(&PromptId::from("callback/offer"));
        let Some(offer) = offer.filter(|_| callable(view)) else { return Flow::Next };
        out.answer_as_switch();
        self.say(vec![offer], out);
        Flow::Stay
    }

    fn say(&mut self, clips: Vec<Clip>, out: &mut Out<'_>) {
        let play = out.play();
        (self.saying, self.until) = (Some(play), None);
        self.hears = Some(Source::Play { play, clips: clips.into(), repeat: false });
    }

    fn told(&mut self, input: &Input, view: &View<'_>, now: Now, out: &mut Out<'_>) -> Flow {
        match input {
            Input::PlayFinished(CALLER, play) if self.saying == Some(*play) => {
                if self.keeps_place() {
                    return Flow::Ends(Party::Switch, Cause::CalledBack);
                }
                (self.saying, self.until) = (None, Some(now.mono + CONFIRM));
                self.hears = Some(music(view.journey, view.parties));
            }
            Input::Key(CALLER, '0') if !self.keeps_place() => return Flow::Next,
            Input::Key(CALLER, key) => match self.asking.key(*key, true, view) {
                Heard::Number(clips) => self.say(clips, out),
                Heard::Keep(clips) => {
                    out.act(Act::KeepPlace { group: self.group.clone(), skill: None });
                    self.say(clips, out);
                }
                Heard::Stays | Heard::Nothing => {}
            },
            Input::Due if self.until.is_some_and(|at| now.mono >= at) => return Flow::Next,
            _ => {}
        }
        Flow::Stay
    }
}

impl Machine for Offering {
    fn handle(&mut self, view: &View<'_>, event: &Event<'_>, now: Now, out: &mut Out<'_>) -> Flow {
        match event {
            Event::Begin => self.begin(view, out),
            Event::Told(input) => self.told(input, view, now, out),
            _ => Flow::Stay,
        }
    }

    fn deadline(&self) -> Option<u64> {
        self.until
    }

    fn arrange(&self, _view: &View<'_>, room: &mut Room<'_>) {
        room.played = self.hears.clone();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::stand::{Stand, State, after, table};

    #[test]
    fn every_state_meets_everything() {
        let states: &[State] = &[
            ("new: the stand has no prompts", || after(Stand::new(), Offering::new("main".into()), &[])),
            ("a key is waited for", || {
                after(Stand::new(), Offering { until: Some(0), ..Offering::new("main".into()) }, &[])
            }),
            ("the number has been said back", || {
                let asking = Asking::Confirming;
                after(Stand::new(), Offering { asking, until: Some(0), ..Offering::new("main".into()) }, &[])
            }),
            ("the place is kept", || {
                let (asking, saying) = (Asking::Kept, Some(PlayId(7)));
                after(Stand::new(), Offering { asking, saying, ..Offering::new("main".into()) }, &[])
            }),
        ];
        insta::assert_snapshot!(table(states));
    }
}
