//! A prompt that is played whole: early media or after the answer, from its first sample.

use super::input::Input;
use super::machine::{Event, Flow, Machine, Out, Shown, View};
use super::party::CALLER;
use super::room::Room;
use crate::clock::Now;
use crate::fact::{Fact, Outcome, Service};
use crate::id::PromptId;
use crate::patch::{PlayId, Source};

/// A prompt plays.
#[derive(Debug)]
pub(super) struct Announcing {
    prompt: PromptId,
    early: bool,
    /// What plays, once it does.
    playing: Option<(PlayId, Source)>,
}

impl Announcing {
    /// `early`: as early media while the call is unanswered; else it is answered first.
    pub(super) fn new(prompt: PromptId, early: bool) -> Self {
        Self { prompt, early, playing: None }
    }

    /// What it means that the caller hangs up now.
    pub(super) fn abandoned(&self, view: &View<'_>) -> Outcome {
        match view.journey.service {
            Service::Cancelled => Outcome::CancelledNumber,
            _ if !view.journey.sought => Outcome::AbandonedInPrompt,
            _ => Outcome::Abandoned,
        }
    }

    fn begin(&mut self, view: &View<'_>, out: &mut Out<'_>) -> Flow {
        let prompt = self.prompt.clone();
        let Some(clip) = view.journey.snapshot.clip(&prompt) else {
            // A missing prompt is found when the plan is loaded; should one be missing all the same, the caller goes on.
            let text = "missing; the announcement was skipped".into();
            out.fact(Fact::Alarm { subject: format!("prompt {prompt}"), text });
            return Flow::Next;
        };
        if self.early && out.shown() < Shown::Answered {
            if view.journey.offerless_unreliable {
                // There is nowhere to play to before an answer (interconnect, "Offer and answer").
                return Flow::Next;
            }
            out.show(Shown::Early);
        } else {
            out.answer_as_switch();
        }
        let play = out.play();
        out.fact(Fact::PromptStarted { prompt, early: out.shown() < Shown::Answered });
        self.playing = Some((play, Source::Play { play, clips: [clip].into(), repeat: false }));
        Flow::Stay
    }

    fn plays(&self, finished: PlayId) -> bool {
        self.playing.as_ref().is_some_and(|(play, _)| *play == finished)
    }
}

impl Machine for Announcing {
    fn handle(&mut self, view: &View<'_>, event: &Event<'_>, _now: Now, out: &mut Out<'_>) -> Flow {
        let ended = |whole| Fact::PromptEnded { prompt: self.prompt.clone(), whole };
        match event {
            Event::Begin => return self.begin(view, out),
            Event::Told(Input::PlayFinished(CALLER, play)) if self.plays(*play) => {
                out.fact(ended(true));
                return Flow::Next;
            }
            Event::CallerLeft(_) => out.fact(ended(false)),
            _ => {}
        }
        Flow::Stay
    }

    fn arrange(&self, _view: &View<'_>, room: &mut Room<'_>) {
        room.played = self.playing.as_ref().map(|(_, source)| source.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::stand::{Stand, State, Told, after, table};

    #[test]
    fn every_state_meets_everything() {
        let states: &[State] = &[
            ("new", || after(Stand::new(), Announcing::new("cancelled".into(), true), &[])),
            ("playing early", || after(Stand::new(), Announcing::new("cancelled".into(), true), &[Told::Begin])),
            ("playing after the answer", || {
                after(Stand::new(), Announcing::new("cancelled".into(), false), &[Told::Begin])
            }),
            ("a prompt that is missing", || after(Stand::new(), Announcing::new("missing".into(), true), &[])),
        ];
        insta::assert_snapshot!(table(states));
    }
}
