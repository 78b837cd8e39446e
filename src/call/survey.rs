//! 满意度: the agent hands the caller over to a question instead of hanging up, or hangs up where his group asks by itself. Five grades by key, then whether the matter is solved.
//!
//! ```text
//!   grade ──5…1──▶ solved ──1, 2──▶ thanks ──played──▶ the call ends
//! ```
//! Who presses nothing for [`PATIENCE`] behind a question is let go with what he has said; so is who hangs up.

use super::input::Input;
use super::machine::{Event, Flow, Machine, Out, View};
use super::order::Order;
use super::party::CALLER;
use super::room::Room;
use crate::clock::{Now, SECOND};
use crate::fact::{Cause, Fact, Party};
use crate::id::PromptId;
use crate::patch::{Clip, PlayId, Source};

/// So long is waited for a key behind a question, µs.
const PATIENCE: u64 = 10 * SECOND;
/// A question lasts no longer than this, µs.
const QUESTION: u64 = 20 * SECOND;

/// The question after the talk.
#[derive(Debug)]
pub(super) struct Survey {
    asked: Asked,
    grade: Option<u8>,
    solved: Option<bool>,
    hears: Option<(PlayId, Source)>,
    until: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    New,
    Grade,
    Solved,
    Thanks,
}

impl Survey {
    pub(super) fn new() -> Self {
        Self { asked: Asked::New, grade: None, solved: None, hears: None, until: 0 }
    }

    /// The agent leaves the caller to the question; nothing has changed where that cannot be.
    fn begin(&mut self, view: &View<'_>, now: Now, out: &mut Out<'_>) -> Flow {
        let alone = view.parties.has_caller() && view.parties.target().is_none();
        if view.journey.may_ask && alone && self.ask(Asked::Grade, "survey/ask", view, now, out) {
            Flow::AgentLeaves
        } else {
            Flow::Done
        }
    }

    /// Says something; false without its prompt.
    fn ask(&mut self, asked: Asked, prompt: &str, view: &View<'_>, now: Now, out: &mut Out<'_>) -> bool {
        let clip = view.journey.snapshot.clip(&PromptId::from(prompt));
        let there = clip.is_some();
        self.asked = asked;
        self.until = now.mono + QUESTION;
        let play = |clip: Clip, play| (play, Source::Play { play, clips: [clip].into(), repeat: false });
        self.hears = clip.map(|clip| play(clip, out.play()));
        there
    }

    fn key(&mut self, key: char, view: &View<'_>, now: Now, out: &mut Out<'_>) -> Flow {
        let digit = key.to_digit(10).and_then(|d| u8::try_from(d).ok());
        match (self.asked, digit) {
            (Asked::Grade, Some(grade @ 1..=5)) => {
                self.grade = Some(grade);
                if !self.ask(Asked::Solved, "survey/solved", view, now, out) {
                    return self.thank(view, now, out);
                }
            }
            (Asked::Solved, Some(answer @ 1..=2)) => {
                self.solved = Some(answer == 1);
                return self.thank(view, now, out);
            }
            _ => {}
        }
        Flow::Stay
    }

    fn thank(&mut self, view: &View<'_>, now: Now, out: &mut Out<'_>) -> Flow {
        self.tell(out);
        if self.ask(Asked::Thanks, "survey/thanks", view, now, out) { Flow::Stay } else { ended() }
    }

    /// What he has said, once.
    fn tell(&mut self, out: &mut Out<'_>) {
        if let Some(grade) = self.grade.take() {
            out.fact(Fact::Surveyed { grade, solved: self.solved });
        }
    }

    fn told(&mut self, input: &Input, view: &View<'_>, now: Now, out: &mut Out<'_>) -> Flow {
        match input {
            Input::Key(CALLER, key) => return self.key(*key, view, now, out),
            Input::PlayFinished(CALLER, _) if self.asked == Asked::Thanks => return ended(),
            Input::PlayFinished(CALLER, _) => {
                self.hears = None;
                self.until = now.mono + PATIENCE;
            }
            Input::Due if now.mono >= self.until => {
                self.tell(out);
                return ended();
            }
            _ => {}
        }
        Flow::Stay
    }
}

/// What follows when the agent's leg has ended for this cause and his caller is not served again: the question, where his group asks
/// by itself and he may be asked at all, or the end.
pub(super) fn after(cause: Cause, view: &View<'_>) -> Flow {
    let asks = view.served.and_then(|group| view.group(group)).is_some_and(|group| group.survey);
    let alone = view.parties.has_caller() && view.parties.target().is_none();
    if cause == Cause::Normal && asks && view.journey.may_ask && alone {
        Flow::Asks
    } else {
        Flow::Ends(Party::Callee, cause)
    }
}

/// The agent has ended the talk.
fn ended() -> Flow {
    Flow::Ends(Party::Callee, Cause::Normal)
}

impl Machine for Survey {
    fn handle(&mut self, view: &View<'_>, event: &Event<'_>, now: Now, out: &mut Out<'_>) -> Flow {
        match event {
            Event::Order(_, Order::Survey, _) if self.asked == Asked::New => self.begin(view, now, out),
            // The group asks by itself.
            Event::AgentLeft if self.asked == Asked::New => {
                if self.ask(Asked::Grade, "survey/ask", view, now, out) {
                    Flow::Waits { company: false }
                } else {
                    ended()
                }
            }
            // He is alone by then, and hears the question.
            Event::AgentLeft => Flow::Waits { company: false },
            Event::Told(input) => self.told(input, view, now, out),
            Event::CallerLeft(_) | Event::End(_) => {
                self.tell(out);
                Flow::Stay
            }
            Event::Connected | Event::Requeued => Flow::Done,
            _ => Flow::Pass,
        }
    }

    fn deadline(&self) -> Option<u64> {
        Some(self.until)
    }

    fn wants(&self, input: &Input) -> bool {
        let mine = |play: &PlayId| self.hears.as_ref().is_some_and(|(hears, _)| hears == play);
        match input {
            Input::Key(CALLER, _) => true,
            Input::PlayFinished(CALLER, play) => mine(play),
            _ => false,
        }
    }

    fn arrange(&self, _view: &View<'_>, room: &mut Room<'_>) {
        if let Some((_, source)) = &self.hears {
            room.told = Some((CALLER, source.clone()));
        }
    }

    fn rank(&self) -> u8 {
        5
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::stand::{Stand, State, Told, after, table};

    #[test]
    fn every_state_meets_everything() {
        let key = |key| Told::Input(Input::Key(CALLER, key));
        let states: &[State] = &[
            ("new", || after(Stand::talking(), Survey::new(), &[])),
            ("without the prompts", || after(Stand::talking(), Survey::new(), &[Told::Order(Order::Survey)])),
        ];
        insta::assert_snapshot!(table(states));
        // The stand has no prompts: told by hand.
        let mut survey = Survey { asked: Asked::Grade, ..Survey::new() };
        let mut stand = Stand::talking().without_agent();
        assert_eq!(stand.tell(&mut survey, &key('7')), "Stay");
        assert_eq!(stand.tell(&mut survey, &key('4')), "<Surveyed>; Ends(Callee, Normal)", "no prompt asks further");
    }
}
