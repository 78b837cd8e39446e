//! Reaching somebody by name: trunks in order, or one seat dialled directly.

use super::act::About;
use super::attempt::{Attempt, Line, Report};
use super::input::Input;
use super::machine::{Event, Flow, Machine, Note, Out, Shown, View};
use super::room::Room;
use crate::clock::{MILLI, Now, SECOND};
use crate::dialplan::{Class, Digits};
use crate::fact::{Cause, Fact, Origin};
use crate::id::{LegRef, SeatId, TrunkId};
use crate::patch::{Source, Tone};
use std::sync::Arc;

/// How long a directly dialled seat rings, µs.
const SEAT_RINGS: u64 = 60 * SECOND;

/// Somebody is being reached, others may follow.
#[derive(Debug)]
pub(super) struct Dialling {
    to: To,
    attempt: Option<Attempt>,
    hears: Hears,
}

#[derive(Debug)]
enum To {
    Trunks { order: Arc<[TrunkId]>, next: usize, number: Digits, progress: u64, timeout: u64 },
    Seat(SeatId),
}

/// What the caller hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hears {
    /// What he heard before.
    Same,
    Ringback,
    /// The far side's own sound.
    Early(LegRef),
}

impl Dialling {
    /// Trunk after trunk; without any 1xx in `progress` ms the next one, without an answer in `timeout` ms after it the next step.
    pub(super) fn trunks(order: Arc<[TrunkId]>, number: Digits, progress: u32, timeout: u32) -> Self {
        let (progress, timeout) = (u64::from(progress) * MILLI, u64::from(timeout) * MILLI);
        Self::new(To::Trunks { order, next: 0, number, progress, timeout })
    }

    /// Seat to seat: this seat and no other.
    pub(super) fn seat(seat: SeatId) -> Self {
        Self::new(To::Seat(seat))
    }

    fn new(to: To) -> Self {
        Self { to, attempt: None, hears: Hears::Same }
    }

    fn begin(&mut self, view: &View<'_>, now: Now, out: &mut Out<'_>) -> Flow {
        match &self.to {
            To::Trunks { .. } => self.next_trunk(view, now, out),
            To::Seat(seat) => {
                self.attempt = Some(Attempt::seat(seat.clone(), About::Service, now.mono + SEAT_RINGS, out));
                Flow::Stay
            }
        }
    }

    /// The next trunk in order; none left: the next step of the script.
    fn next_trunk(&mut self, view: &View<'_>, now: Now, out: &mut Out<'_>) -> Flow {
        self.attempt = None;
        let To::Trunks { order, next, number, progress, timeout } = &mut self.to else { return Flow::GiveUp };
        // A call is never sent back to where it came from (loop protection).
        let loops = |trunk: &TrunkId| {
            let from_there = matches!(&view.journey.origin, Origin::Trunk(origin) if origin == trunk);
            from_there || view.journey.looped.contains(trunk)
        };
        let trunk = loop {
            let Some(trunk) = order.get(*next) else {
                exhausted(view, out);
                return Flow::Next;
            };
            *next += 1;
            if !loops(trunk) {
                break trunk.clone();
            }
            out.note(Note::Last(Cause::Loop));
        };
        // A step without a number of its own sends on the one that was dialled (patterns, overflow to a trunk).
        let number =
            if *number == Digits::EMPTY { Digits::parse(&view.journey.dialled).unwrap_or(*number) } else { *number };
        let emergency = is_emergency(view).then(|| view.journey.dialled.clone());
        let line = Line { trunk, number, progress: *progress, timeout: *timeout, emergency };
        self.attempt = Some(Attempt::trunk(line, About::Service, view, now, out));
        self.hears = Hears::Same;
        self.rings(out);
        Flow::Stay
    }

    /// 180 before any early media; in-band ringback after it (interconnect, "Offer and answer").
    fn rings(&mut self, out: &mut Out<'_>) {
        if matches!(self.hears, Hears::Early(_)) || self.attempt.as_ref().is_some_and(|a| a.early().is_some()) {
            return;
        }
        out.show(Shown::Ringing);
        if out.shown() >= Shown::Early {
            self.hears = Hears::Ringback;
        }
    }

    fn hear_early(&mut self, leg: LegRef, view: &View<'_>, out: &mut Out<'_>) {
        if view.journey.offerless_unreliable && out.shown() < Shown::Answered {
            return out.show(Shown::Ringing);
        }
        out.show(Shown::Early);
        self.hears = Hears::Early(leg);
    }

    fn told(&mut self, input: &Input, view: &View<'_>, now: Now, out: &mut Out<'_>) -> Flow {
        let Some(attempt) = self.attempt.as_mut() else { return Flow::Stay };
        match attempt.handle(input, view, now, out) {
            Report::Nothing => {}
            Report::Ringing(_) => self.rings(out),
            Report::Early(leg) => self.hear_early(leg, view, out),
            Report::Answered(leg) => {
                attempt.accept(out);
                out.answered(leg);
                return Flow::Connected(leg);
            }
            Report::Failed(cause) => return self.failed(cause, view, now, out),
        }
        Flow::Stay
    }

    /// The attempt in hand came to nothing.
    fn failed(&mut self, cause: Cause, view: &View<'_>, now: Now, out: &mut Out<'_>) -> Flow {
        self.attempt = None;
        out.note(Note::Last(cause));
        // No answer on an emergency trunk, or any failure: the next one. An ordinary line that was reached and did not
        // answer, or was busy, is the same behind every trunk.
        let same_everywhere = matches!(cause, Cause::NoAnswer | Cause::Busy | Cause::Rejected);
        match &self.to {
            To::Trunks { .. } if is_emergency(view) || !same_everywhere => self.next_trunk(view, now, out),
            To::Trunks { .. } => Flow::Next,
            To::Seat(_) => Flow::GiveUp,
        }
    }
}

fn is_emergency(view: &View<'_>) -> bool {
    view.journey.class == Some(Class::Emergency)
}

fn exhausted(view: &View<'_>, out: &mut Out<'_>) {
    if is_emergency(view) {
        let subject = format!("emergency {}", view.journey.dialled);
        out.fact(Fact::Alarm { subject, text: "every emergency trunk failed".into() });
    }
}

impl Machine for Dialling {
    fn handle(&mut self, view: &View<'_>, event: &Event<'_>, now: Now, out: &mut Out<'_>) -> Flow {
        match event {
            Event::Begin => return self.begin(view, now, out),
            Event::Told(input) => return self.told(input, view, now, out),
            Event::End(ending) => {
                if let Some(attempt) = &self.attempt {
                    attempt.ends_with_call(ending.quit(), out);
                }
            }
            _ => {}
        }
        Flow::Stay
    }

    fn deadline(&self) -> Option<u64> {
        self.attempt.as_ref().and_then(Attempt::deadline)
    }

    fn arrange(&self, _view: &View<'_>, room: &mut Room<'_>) {
        match self.hears {
            Hears::Same => {}
            Hears::Ringback => room.played = Some(Source::Tone(Tone::Ringback)),
            Hears::Early(leg) => room.early = Some(leg),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::input::LegEvent;
    use crate::call::stand::{Stand, State, Told, after, leg, reserved, table};

    #[test]
    fn every_state_meets_everything() {
        let states: &[State] = &[
            ("new", || after(Stand::new(), trunks(), &[])),
            ("the first trunk is asked", || after(Stand::new(), trunks(), &[Told::Begin])),
            ("it rings", || after(Stand::new(), trunks(), &[Told::Begin, leg(1, LegEvent::Ringing)])),
            ("its own sound is heard", || after(Stand::new(), trunks(), &[Told::Begin, leg(1, LegEvent::EarlyMedia)])),
            ("the second is asked", || {
                after(
                    Stand::new(),
                    trunks(),
                    &[Told::Begin, leg(1, LegEvent::Failed { cause: Cause::Congestion, status: None })],
                )
            }),
            ("a seat is asked for", || after(Stand::new(), Dialling::seat("8001".into()), &[Told::Begin])),
            ("a seat rings", || {
                after(Stand::new(), Dialling::seat("8001".into()), &[Told::Begin, reserved("8001", 7)])
            }),
        ];
        insta::assert_snapshot!(table(states));
    }

    fn trunks() -> Dialling {
        let order = [TrunkId::from("emergency-1"), TrunkId::from("emergency-2")].into();
        Dialling::trunks(order, Digits::parse("12366").unwrap(), 2_000, 20_000)
    }
}
