//! Waiting for a seat: in a department's own group (unanswered, ringing) or in a queue (answered, with music).

use super::act::{Act, OfferResult};
use super::asking::{Asking, CONFIRM, Heard, callable};
use super::attempt::{Attempt, Report};
use super::input::Input;
use super::machine::{Event, Flow, Machine, Note, Out, Shown, View};
use super::party::CALLER;
use super::room::Room;
use crate::clock::{MILLI, Now};
use crate::dialplan::{Group, Record};
use crate::fact::{Cause, Fact, Party};
use crate::id::{GroupId, LegRef, PromptId};
use crate::patch::{Clip, PlayId, Source, Tone};
use std::sync::Arc;

/// Waiting, perhaps with seats ringing.
#[derive(Debug)]
pub(super) struct Queueing {
    group: GroupId,
    kind: Kind,
    /// What rings: more than one only where the group rings all.
    rung: Vec<Attempt>,
    /// Said before the music goes on.
    saying: Option<PlayId>,
    /// What is being said is the notice that the talk is recorded: it goes on while a seat rings, and ends with the answer.
    notice: bool,
    /// What the caller hears; `None`: nothing yet, or what he heard before.
    hears: Option<Source>,
    /// How far he has come with asking to be called back, and until when he may confirm it, µs monotonic.
    asking: Asking,
    confirm_by: Option<u64>,
    /// When the next of the group's messages is said, µs monotonic, and how many have been.
    message: Option<(u64, usize)>,
}

#[derive(Debug)]
enum Kind {
    /// A department's own seats, so long, µs; then the script goes on: at this moment (µs monotonic).
    Kept { timeout: u64, give_up: Option<u64> },
    /// A queue.
    Line { skill: Option<Arc<str>> },
}

impl Queueing {
    /// A department's own seats ring at once; the caller is not answered for it.
    pub(super) fn kept(group: GroupId, timeout_ms: u32) -> Self {
        Self::new(group, Kind::Kept { timeout: u64::from(timeout_ms) * MILLI, give_up: None })
    }

    /// A queue answers the call once it has taken it in: the carrier would clear an unanswered one, and would pass no digits
    /// (product §6).
    pub(super) fn line(group: GroupId, skill: Option<Arc<str>>) -> Self {
        Self::new(group, Kind::Line { skill })
    }

    fn new(group: GroupId, kind: Kind) -> Self {
        Self {
            group,
            kind,
            rung: Vec::new(),
            saying: None,
            notice: false,
            hears: None,
            asking: Asking::No,
            confirm_by: None,
            message: None,
        }
    }

    pub(super) fn group(&self) -> &GroupId {
        &self.group
    }

    /// The caller will be called back in his place.
    pub(super) fn keeps_place(&self) -> bool {
        self.asking == Asking::Kept
    }

    /// Whether this leg rings.
    pub(super) fn rings(&self, leg: LegRef) -> bool {
        self.rung.iter().any(|a| a.leg() == Some(leg))
    }

    fn begin(&mut self, view: &View<'_>, now: Now, out: &mut Out<'_>) -> Flow {
        let group = view.group(&self.group);
        let open = group.map(|g| view.journey.snapshot.plan.is_open(g, now.wall));
        // Closed is as nobody signed in; a kept group that the plan does not know is the floor's to refuse.
        let closed = matches!((open, &self.kind), (Some(false), _) | (None, Kind::Line { .. }));
        if closed {
            out.note(Note::Last(Cause::NoSeat));
            out.note(Note::Sought);
        }
        let skill = match &mut self.kind {
            Kind::Kept { .. } if closed => return Flow::Next,
            Kind::Line { .. } if closed => return Flow::Overflow(self.group.clone(), Cause::NoSeat),
            Kind::Kept { timeout, give_up } => {
                *give_up = Some(now.mono + *timeout);
                out.show(Shown::Ringing);
                if out.shown() >= Shown::Early {
                    self.hears = Some(Source::Tone(Tone::Ringback));
                }
                None
            }
            Kind::Line { skill } => {
                let every = group.filter(|g| !g.messages.is_empty()).map(|g| u64::from(g.message_every_ms) * MILLI);
                self.message = every.map(|every| (now.mono + every, 0));
                skill.clone()
            }
        };
        // Product §6: a place is the first entry into a line, not the call before it.
        let place = if view.journey.placed { view.journey.place } else { now.wall };
        let class = view.journey.rank_class();
        out.act(Act::Enter { group: self.group.clone(), skill, class, place });
        // Who has been answered waits from here on; who has not is answered once there is a place for him.
        if matches!(self.kind, Kind::Line { .. }) && out.shown() == Shown::Answered {
            self.wait_sound(true, view, out);
        }
        Flow::Stay
    }

    fn told(&mut self, input: &Input, view: &View<'_>, now: Now, out: &mut Out<'_>) -> Flow {
        match input {
            Input::Queued(group) if *group == self.group && out.shown() < Shown::Answered => {
                if matches!(self.kind, Kind::Line { .. }) {
                    out.answer_as_switch();
                    self.wait_sound(true, view, out);
                }
            }
            // He has what he wanted: nobody need be rung for him.
            Input::Offered { offer, .. } if self.keeps_place() => {
                out.act(Act::Offer(*offer, OfferResult::Declined(Cause::CallerGone)));
            }
            Input::Offered { offer, seat } => {
                self.asking = Asking::No;
                self.rung.push(Attempt::offered(*offer, seat.clone(), out));
                // The talk stops the instant a seat is free: the caller hears it ring.
                if !self.notice {
                    self.saying = None;
                    self.ringback(out);
                }
            }
            Input::Withdrawn { .. } | Input::Leg(..) => return self.rung_told(input, view, now, out),
            Input::Overflowed { group, cause, place } if *group == self.group => {
                out.note(Note::Place(view.journey.place.min(*place)));
                return self.overflowed(*cause, out);
            }
            Input::Position { position, wait } => self.say_position(*position, *wait, view, out),
            Input::Key(CALLER, key) => self.key(*key, view, out),
            Input::PlayFinished(CALLER, play) if self.saying == Some(*play) && self.keeps_place() => {
                return Flow::Ends(Party::Switch, Cause::CalledBack);
            }
            Input::PlayFinished(CALLER, play) if self.saying == Some(*play) => {
                (self.saying, self.notice) = (None, false);
                self.confirm_by = (self.asking == Asking::Confirming).then_some(now.mono + CONFIRM);
                self.wait_sound(false, view, out);
                if !self.rung.is_empty() {
                    self.ringback(out);
                }
            }
            Input::Due if self.confirm_by.is_some_and(|at| now.mono >= at) => {
                (self.confirm_by, self.asking) = (None, Asking::No);
            }
            Input::Due if self.message.is_some_and(|(at, _)| now.mono >= at) => self.say_message(view, now, out),
            Input::Due if self.give_up().is_some_and(|at| now.mono >= at) => {
                out.act(Act::Leave);
                return self.overflowed(Cause::NoAnswer, out);
            }
            _ => {}
        }
        Flow::Stay
    }

    /// What a seat that rings reports, or the floor of its offer.
    fn rung_told(&mut self, input: &Input, view: &View<'_>, now: Now, out: &mut Out<'_>) -> Flow {
        let Some(at) = self.rung.iter().position(|a| a.wants(input)) else { return Flow::Stay };
        match self.rung[at].handle(input, view, now, out) {
            Report::Nothing | Report::Ringing(_) | Report::Early(_) => {}
            Report::Failed(cause) => {
                self.rung.remove(at);
                out.note(Note::Last(cause));
                self.wait_sound(false, view, out);
            }
            Report::Answered(leg) => {
                self.rung.remove(at).accept(out);
                self.rung.drain(..).for_each(|other| other.lost_to_another(out));
                out.answered(leg);
                return Flow::Connected(leg);
            }
        }
        Flow::Stay
    }

    /// A key of the caller who waits: 1 asks to be called back, and confirms it; 0 stays.
    fn key(&mut self, key: char, view: &View<'_>, out: &mut Out<'_>) {
        let may = self.recallable(view) && self.rung.is_empty() && !self.notice;
        match self.asking.key(key, may, view) {
            Heard::Nothing => {}
            Heard::Number(clips) => self.say(clips, out),
            Heard::Keep(clips) => {
                let skill = match &self.kind {
                    Kind::Line { skill } => skill.clone(),
                    Kind::Kept { .. } => None,
                };
                (self.confirm_by, self.message) = (None, None);
                out.act(Act::Leave);
                out.act(Act::KeepPlace { group: self.group.clone(), skill });
                self.say(clips, out);
            }
            Heard::Stays => {
                (self.confirm_by, self.saying) = (None, None);
                self.wait_sound(false, view, out);
            }
        }
    }

    /// Whether the caller may ask to be called back: in a line whose group says so, with a number that can be called.
    fn recallable(&self, view: &View<'_>) -> bool {
        let line = matches!(self.kind, Kind::Line { .. });
        line && callable(view) && view.group(&self.group).is_some_and(|g| g.callback)
    }

    /// The next of the group's messages, unless he hears something that matters more.
    fn say_message(&mut self, view: &View<'_>, now: Now, out: &mut Out<'_>) {
        let (Some(group), Some((_, said))) = (view.group(&self.group), self.message) else { return };
        let every = u64::from(group.message_every_ms) * MILLI;
        let waits = self.is_idle() && out.shown() == Shown::Answered;
        self.message = Some((now.mono + every, said + usize::from(waits)));
        let message = group.messages.get(said % group.messages.len().max(1)).filter(|_| waits);
        self.say(message.and_then(|p| view.journey.snapshot.clip(p)).into_iter().collect(), out);
    }

    /// Nothing rings, nothing is said, and he asks for nothing.
    fn is_idle(&self) -> bool {
        self.asking == Asking::No && self.rung.is_empty() && self.saying.is_none()
    }

    /// When a department's own seats have rung long enough, µs monotonic.
    fn give_up(&self) -> Option<u64> {
        match self.kind {
            Kind::Kept { give_up, .. } => give_up,
            Kind::Line { .. } => None,
        }
    }

    fn ringback(&mut self, out: &Out<'_>) {
        if out.shown() >= Shown::Early {
            self.hears = Some(Source::Tone(Tone::Ringback));
        }
    }

    /// What the caller hears while nobody rings: the welcome once, then the group's music, or ringback where there is none.
    fn wait_sound(&mut self, first: bool, view: &View<'_>, out: &mut Out<'_>) {
        if !self.rung.is_empty() || self.notice || out.shown() < Shown::Early {
            return;
        }
        let Some(group) = view.group(&self.group) else { return };
        // Whoever comes back has heard it.
        let first = first && !view.journey.returned;
        let notice = group.recording_notice.as_ref().filter(|_| group.record != Record::Never);
        let offer = PromptId::from("callback/offer");
        let offer = Some(&offer).filter(|_| self.recallable(view));
        let said = [notice, group.welcome.as_ref(), offer].into_iter().flatten().filter(|_| first);
        let clips: Vec<Clip> = said.filter_map(|p| view.journey.snapshot.clip(p)).collect();
        if clips.is_empty() {
            self.hears = Some(waiting_source(group, view));
            return;
        }
        self.say(clips, out);
        self.notice = first && notice.is_some();
    }

    fn say(&mut self, clips: Vec<Clip>, out: &mut Out<'_>) {
        if clips.is_empty() {
            return;
        }
        let play = out.play();
        self.saying = Some(play);
        self.hears = Some(Source::Play { play, clips: clips.into(), repeat: false });
    }

    fn say_position(&mut self, position: u32, wait: Option<(u32, u32)>, view: &View<'_>, out: &mut Out<'_>) {
        if !self.is_idle() || out.shown() < Shown::Answered {
            return;
        }
        let phrase = crate::ivr::position(position, wait);
        let clips: Option<Vec<Clip>> = phrase.iter().map(|p| view.journey.snapshot.clip(p)).collect();
        // A phrase with a hole in it is worse than none: without its prompts nothing is said.
        self.say(clips.unwrap_or_default(), out);
    }

    /// This group cannot serve the call: a kept group's script goes on, a queue's own overflow follows.
    fn overflowed(&mut self, cause: Cause, out: &mut Out<'_>) -> Flow {
        self.rung.drain(..).for_each(|attempt| attempt.overflowed(cause, out));
        out.fact(Fact::Overflowed { group: self.group.clone(), why: cause });
        out.note(Note::Last(if cause == Cause::WaitedLong { Cause::NoAnswer } else { cause }));
        match self.kind {
            Kind::Kept { .. } => Flow::Next,
            Kind::Line { .. } => Flow::Overflow(self.group.clone(), cause),
        }
    }
}

fn waiting_source(group: &Group, view: &View<'_>) -> Source {
    match group.waiting.as_ref().and_then(|p| view.journey.snapshot.clip(p)) {
        Some(clip) => Source::Play { play: PlayId(0), clips: [clip].into(), repeat: true },
        None => Source::Tone(Tone::Ringback),
    }
}

impl Machine for Queueing {
    fn handle(&mut self, view: &View<'_>, event: &Event<'_>, now: Now, out: &mut Out<'_>) -> Flow {
        match event {
            Event::Begin => return self.begin(view, now, out),
            Event::Told(input) => return self.told(input, view, now, out),
            Event::PickedUp => {
                self.rung.drain(..).for_each(|attempt| attempt.lost_to_another(out));
                out.act(Act::Leave);
            }
            Event::End(ending) => {
                self.rung.iter().for_each(|attempt| attempt.ends_with_call(ending.quit(), out));
                out.act(Act::Leave);
            }
            _ => {}
        }
        Flow::Stay
    }

    fn deadline(&self) -> Option<u64> {
        [self.give_up(), self.confirm_by, self.message.map(|(at, _)| at)].into_iter().flatten().min()
    }

    fn arrange(&self, _view: &View<'_>, room: &mut Room<'_>) {
        room.played = self.hears.clone();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::input::LegEvent;
    use crate::call::stand::{Stand, State, Told, after, leg, offered, table};

    #[test]
    fn every_state_meets_everything() {
        let states: &[State] = &[
            ("a queue, new", || after(Stand::new(), Queueing::line("main".into(), None), &[])),
            ("a queue, asked", || after(Stand::new(), Queueing::line("main".into(), None), &[Told::Begin])),
            ("a queue, taken in", || {
                after(
                    Stand::new(),
                    Queueing::line("main".into(), None),
                    &[Told::Begin, Told::Input(Input::Queued("main".into()))],
                )
            }),
            ("a queue, a seat rings", || {
                after(
                    Stand::new(),
                    Queueing::line("main".into(), None),
                    &[Told::Begin, Told::Input(Input::Queued("main".into())), offered(7, "8001")],
                )
            }),
            ("a queue, two seats ring", || {
                after(
                    Stand::new(),
                    Queueing::line("main".into(), None),
                    &[Told::Begin, Told::Input(Input::Queued("main".into())), offered(7, "8001"), offered(9, "8002")],
                )
            }),
            ("kept seats, asked", || after(Stand::new(), Queueing::kept("main".into(), 10_000), &[Told::Begin])),
            ("kept seats, one rings", || {
                after(
                    Stand::new(),
                    Queueing::kept("main".into(), 10_000),
                    &[Told::Begin, offered(7, "8051"), leg(1, LegEvent::Ringing)],
                )
            }),
            ("a queue that the plan does not know", || after(Stand::new(), Queueing::line("nobody".into(), None), &[])),
        ];
        insta::assert_snapshot!(table(states));
    }
}
