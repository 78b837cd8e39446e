//! A prompt that is played whole: early media or after the answer, from its first sample.

use super::{Act, Call, Input, Shown, Stage};
use crate::clock::Now;
use crate::fact::Fact;
use crate::id::PromptId;
use crate::patch::{PlayId, Source};

/// A prompt plays.
#[derive(Debug)]
pub(super) struct Announcing {
    play: PlayId,
    prompt: PromptId,
}

impl Announcing {
    pub(super) fn prompt(&self) -> &PromptId {
        &self.prompt
    }
}

impl Call {
    pub(super) fn announce(&mut self, prompt: &PromptId, early: bool, now: Now) {
        let Some(clip) = self.journey.snapshot.clip(prompt) else {
            // A missing prompt is found when the plan is loaded; should one be missing all the same, the caller goes on.
            self.act(Act::Fact(Fact::Alarm {
                subject: format!("prompt {prompt}"),
                text: "missing; the announcement was skipped".into(),
            }));
            return self.advance(now);
        };
        if early && self.shown < Shown::Answered {
            if self.journey.offerless_unreliable {
                // There is nowhere to play to before an answer (interconnect, "Offer and answer").
                return self.advance(now);
            }
            self.show(Shown::Early);
        } else {
            self.answer_as_switch();
        }
        let play = self.next_play();
        self.fact(Fact::PromptStarted { prompt: prompt.clone(), early: self.shown < Shown::Answered });
        self.stage = Stage::Announcing(Announcing { play, prompt: prompt.clone() });
        self.caller_hears(Source::Play { play, clips: [clip].into(), repeat: false });
    }

    /// 200 by the switch itself, once.
    pub(super) fn answer_as_switch(&mut self) {
        if self.shown < Shown::Answered {
            self.show(Shown::Answered);
            self.fact(Fact::SwitchAnswered);
        }
    }

    pub(super) fn announcing(&mut self, input: &Input, now: Now) {
        let Stage::Announcing(announcing) = &self.stage else { return };
        if let Input::PlayFinished(leg, play) = input
            && *leg == self.caller()
            && *play == announcing.play
        {
            let prompt = announcing.prompt.clone();
            self.fact(Fact::PromptEnded { prompt, whole: true });
            self.advance(now);
        }
    }
}
