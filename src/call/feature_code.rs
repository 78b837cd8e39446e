//! A feature code that a seat's phone has dialled: what is missing is asked for, the order carried out, and its outcome said.
//!
//! ```text
//!   number ──keys──▶ PIN ──keys──▶ ordered ──told──▶ saying ──played──▶ the call ends
//! ```
//! Without a key for [`PATIENCE`] it is refused. Without the prompts a tone tells the outcome: ringback for done, busy for refused.

use super::act::Act;
use super::input::Input;
use super::machine::{Event, Flow, Machine, Out, View};
use super::order::{Pin, SeatCode, SeatOrder, Unfit};
use super::party::CALLER;
use super::room::Room;
use crate::clock::{Now, SECOND};
use crate::fact::{Cause, Party};
use crate::id::{AgentId, PromptId};
use crate::patch::{Clip, PlayId, Source, Tone};
use std::fmt;

/// So long may pass from one key to the next, µs.
const PATIENCE: u64 = 15 * SECOND;
/// A tone in the place of a prompt lasts so long, µs.
const TONE: u64 = SECOND;
/// Most keys of a number or a PIN.
const MOST: usize = 16;

#[derive(Debug)]
pub(super) struct FeatureCode {
    state: State,
    hears: Option<Source>,
    /// When what is waited for is over, µs monotonic.
    due: Option<u64>,
}

#[derive(Debug)]
enum State {
    New(SeatCode),
    Number { keys: Keys },
    Pin { agent: String, keys: Keys },
    Ordered(SeatOrder),
    Saying(Option<PlayId>),
}

/// Keys pressed so far; a PIN may be among them, so nothing shows them.
#[derive(Default)]
struct Keys(String);

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({})", self.0.len())
    }
}

impl FeatureCode {
    pub(super) fn new(code: SeatCode) -> Self {
        Self { state: State::New(code), hears: None, due: None }
    }

    fn begin(&mut self, view: &View<'_>, now: Now, out: &mut Out<'_>) {
        out.answer_as_switch();
        let State::New(code) = &self.state else { return };
        match code.clone() {
            SeatCode::Order(order) => self.order(order, None, out),
            SeatCode::SignIn { agent, pin } => self.ask(agent, pin, view, now, out),
        }
    }

    /// Asks for what is missing, or gives the order.
    fn ask(&mut self, agent: String, pin: Option<Pin>, view: &View<'_>, now: Now, out: &mut Out<'_>) {
        if let Some(pin) = pin.filter(|_| !agent.is_empty()) {
            return self.order(SeatOrder::SignIn(AgentId::from(agent)), Some(pin), out);
        }
        let prompt = if agent.is_empty() { "desk/number" } else { "desk/pin" };
        self.state = if agent.is_empty() {
            State::Number { keys: Keys::default() }
        } else {
            State::Pin { agent, keys: Keys::default() }
        };
        self.due = Some(now.mono + PATIENCE);
        self.hears = clip(prompt, view).map(|clip| play(out.play(), clip));
    }

    fn order(&mut self, order: SeatOrder, pin: Option<Pin>, out: &mut Out<'_>) {
        (self.hears, self.due) = (None, None);
        self.state = State::Ordered(order.clone());
        out.act(Act::Seat { order, pin });
    }

    fn key(&mut self, key: char, view: &View<'_>, now: Now, out: &mut Out<'_>) {
        let (State::Number { keys } | State::Pin { keys, .. }) = &mut self.state else { return };
        self.due = Some(now.mono + PATIENCE);
        match key {
            // He knows what is asked of him.
            '0'..='9' if keys.0.len() < MOST => {
                keys.0.push(key);
                self.hears = None;
            }
            '*' => keys.0.clear(),
            '#' if !keys.0.is_empty() => {
                let keys = std::mem::take(&mut keys.0);
                let (agent, pin) = match &self.state {
                    State::Pin { agent, .. } => (agent.clone(), Some(Pin::new(&keys))),
                    _ => (keys, None),
                };
                self.ask(agent, pin, view, now, out);
            }
            _ => {}
        }
    }

    fn say(&mut self, done: Result<(), Unfit>, view: &View<'_>, now: Now, out: &mut Out<'_>) {
        let prompt = match (&self.state, done) {
            (_, Err(_)) => "desk/refused",
            (State::Ordered(SeatOrder::SignIn(_)), Ok(())) => "desk/signed-in",
            (State::Ordered(SeatOrder::SignOut), Ok(())) => "desk/signed-out",
            (State::Ordered(SeatOrder::Ready), Ok(())) => "desk/ready",
            (State::Ordered(SeatOrder::WrapUp), Ok(())) => "desk/wrap-up",
            (_, Ok(())) => "desk/break",
        };
        if let Some(clip) = clip(prompt, view) {
            let id = out.play();
            (self.state, self.hears, self.due) = (State::Saying(Some(id)), Some(play(id, clip)), None);
        } else {
            let tone = if done.is_ok() { Tone::Ringback } else { Tone::Busy };
            self.state = State::Saying(None);
            (self.hears, self.due) = (Some(Source::Tone(tone)), Some(now.mono + TONE));
        }
    }
}

fn clip(prompt: &str, view: &View<'_>) -> Option<Clip> {
    view.journey.snapshot.clip(&PromptId::from(prompt))
}

fn play(play: PlayId, clip: Clip) -> Source {
    Source::Play { play, clips: [clip].into(), repeat: false }
}

impl Machine for FeatureCode {
    fn handle(&mut self, view: &View<'_>, event: &Event<'_>, now: Now, out: &mut Out<'_>) -> Flow {
        match event {
            Event::Begin => self.begin(view, now, out),
            Event::Told(Input::Key(CALLER, key)) => self.key(*key, view, now, out),
            Event::Told(Input::SeatOrdered(done)) if matches!(self.state, State::Ordered(_)) => {
                self.say(*done, view, now, out);
            }
            Event::Told(Input::PlayFinished(CALLER, play)) if matches!(&self.state, State::Saying(Some(id)) if id == play) =>
            {
                return Flow::Ends(Party::Switch, Cause::Served);
            }
            Event::Told(Input::Due) if self.due.is_some_and(|at| now.mono >= at) => match self.state {
                State::Saying(_) => return Flow::Ends(Party::Switch, Cause::Served),
                _ => self.say(Err(Unfit::NotNow), view, now, out),
            },
            _ => {}
        }
        Flow::Stay
    }

    fn deadline(&self) -> Option<u64> {
        self.due
    }

    fn arrange(&self, _view: &View<'_>, room: &mut Room<'_>) {
        room.played = self.hears.clone();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::stand::{Stand, State as Case, Told, after, table};

    fn sign_in(agent: &str, pin: &str) -> FeatureCode {
        let pin = (!pin.is_empty()).then(|| Pin::new(pin));
        FeatureCode::new(SeatCode::SignIn { agent: agent.into(), pin })
    }

    fn key(key: char) -> Told {
        Told::Input(Input::Key(CALLER, key))
    }

    #[test]
    fn every_state_meets_everything() {
        let states: &[Case] = &[
            ("new", || after(Stand::new(), sign_in("", ""), &[])),
            ("asked for the number", || after(Stand::new(), sign_in("", ""), &[Told::Begin])),
            ("asked for the PIN", || {
                after(Stand::new(), sign_in("", ""), &[Told::Begin, key('8'), key('0'), key('#')])
            }),
            ("some keys of the PIN", || after(Stand::new(), sign_in("8041", ""), &[Told::Begin, key('1')])),
            ("ordered", || after(Stand::new(), sign_in("8041", "8041"), &[Told::Begin])),
            ("done", || {
                after(
                    Stand::new(),
                    FeatureCode::new(SeatCode::Order(SeatOrder::Ready)),
                    &[Told::Begin, Told::Input(Input::SeatOrdered(Ok(())))],
                )
            }),
            ("refused", || {
                after(
                    Stand::new(),
                    sign_in("8041", "1"),
                    &[Told::Begin, Told::Input(Input::SeatOrdered(Err(Unfit::NotHim)))],
                )
            }),
        ];
        insta::assert_snapshot!(table(states));
    }
}
