//! One key, three parties: while caller and agent talk, a third is reached and joins (product §5, clause by clause).
//!
//! ```text
//!   order ──► Reaching ──► Joined ──► two-way again, by whoever leaves
//!               │    ▲
//!               └────┘ next try; none left: told to the agent, who never left the caller
//! ```
//! The caller is always with the agent, with the target, in the queue, or has hung up: no way leads out of here without one of them.

use super::act::About;
use super::attempt::{Attempt, Line, Report};
use super::input::{Input, LegEvent};
use super::machine::{Ending, Event, Flow, Machine, Out, View};
use super::order::{Conflict, Order};
use super::party::CALLER;
use super::reach::{Reach, Reachable, Try};
use super::room::Room;
use crate::clock::Now;
use crate::fact::{Brief, Cause, Fact, Party, TransferResult, Way};
use crate::id::{LegRef, SeatId};
use crate::patch::{Clip, PlayId, Source};
use std::sync::Arc;

/// Somebody is brought in.
#[derive(Debug)]
pub(super) struct ThreeWay {
    id: u32,
    way: Way,
    reach: Reach,
    state: State,
    /// Who is kept apart with music: the caller while the agent consults, the target while the agent is with the caller.
    apart: Apart,
    rang: bool,
    /// The seat of who asked for it: the caller comes back to it.
    from: Option<SeatId>,
    brief: Brief,
    /// A 3xx has been followed.
    redirected: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Apart {
    Nobody,
    Caller,
    Target,
}

#[derive(Debug)]
enum State {
    /// Between two tries.
    Idle,
    /// An attempt is out.
    Reaching(Attempt),
    /// It has answered, and is told who comes before it joins.
    Whispered { leg: LegRef, play: PlayId, clips: Arc<[Clip]> },
    /// All three talk, or two of them after one has left.
    Joined { leg: LegRef },
}

impl ThreeWay {
    /// What an agent asks for. The number of it comes with its first fact.
    pub(super) fn new(to: Arc<Reachable>, way: Way, brief: Brief) -> Self {
        // 110, 119, 120, 122 are three-way from the first moment, whatever was asked for (product §5.9).
        let way = if to.emergency { Way::ThreeWay } else { way };
        Self {
            id: 0,
            way,
            reach: Reach::new(to),
            state: State::Idle,
            apart: if way == Way::Consult { Apart::Caller } else { Apart::Nobody },
            rang: false,
            from: None,
            brief,
            redirected: false,
        }
    }

    fn is_emergency(&self) -> bool {
        self.reach.to.emergency
    }

    fn is_reaching(&self) -> bool {
        self.joined().is_none()
    }

    /// The leg that has answered.
    fn joined(&self) -> Option<LegRef> {
        match self.state {
            State::Whispered { leg, .. } | State::Joined { leg } => Some(leg),
            State::Idle | State::Reaching(_) => None,
        }
    }

    fn attempt(&self) -> Option<&Attempt> {
        match &self.state {
            State::Reaching(attempt) => Some(attempt),
            State::Idle | State::Whispered { .. } | State::Joined { .. } => None,
        }
    }

    fn ended(&self, result: TransferResult, cause: Option<Cause>, out: &mut Out<'_>) {
        out.fact(Fact::TransferEnded { transfer: self.id, result, cause });
    }

    fn begin(&mut self, from: LegRef, by: &str, view: &View<'_>, now: Now, out: &mut Out<'_>) -> Flow {
        self.id = out.transfer();
        let to = &self.reach.to;
        out.fact(Fact::TransferAsked {
            transfer: self.id,
            by: from,
            to: to.number.clone(),
            title: to.title.clone(),
            way: self.way,
            emergency: to.emergency,
            ordered_by: by.to_owned(),
            brief: self.brief.clone(),
        });
        let agent = view.parties.agent();
        self.from = agent.and_then(|m| m.seat().cloned());
        if let Some(agent) = agent.filter(|_| self.way == Way::Blind) {
            out.leave(agent, Cause::Normal, Cause::Normal);
        }
        self.next_try(None, view, now, out)
    }

    /// The next attempt; none left: it has failed.
    fn next_try(&mut self, failed: Option<Cause>, view: &View<'_>, now: Now, out: &mut Out<'_>) -> Flow {
        self.state = State::Idle;
        let same = matches!(failed, Some(Cause::NoAnswer | Cause::Busy | Cause::Rejected));
        let Some(next) = self.reach.next(same) else {
            return self.not_reached(failed.unwrap_or(Cause::Unreachable), out);
        };
        let about = About::Transfer { agent: self.from.clone(), brief: Box::new(self.brief.clone()) };
        self.state = State::Reaching(match next {
            Try::Trunk { trunk, number, progress, timeout } => {
                let emergency = self.is_emergency().then(|| self.reach.to.number.clone());
                Attempt::trunk(Line { trunk, number, progress, timeout, emergency }, about, view, now, out)
            }
            Try::Seat { seat, timeout } => Attempt::seat(seat, about, now.mono + timeout, out),
            Try::Group { group, timeout } => Attempt::group(group, about, now.wall, Some(now.mono + timeout), out),
        });
        Flow::Stay
    }

    /// Every try failed: the caller is still with the agent, who is told (product §5.4).
    fn not_reached(&self, cause: Cause, out: &mut Out<'_>) -> Flow {
        self.ended(TransferResult::Failed, Some(cause), out);
        if self.is_emergency() {
            let subject = format!("emergency {}", self.reach.to.number);
            out.fact(Fact::Alarm { subject, text: "every emergency trunk failed".into() });
        }
        self.missed(cause)
    }

    fn missed(&self, cause: Cause) -> Flow {
        Flow::Missed { agent: self.from.clone(), called: self.reach.to.called(), cause }
    }

    fn told(&mut self, input: &Input, view: &View<'_>, now: Now, out: &mut Out<'_>) -> Flow {
        match (&mut self.state, input) {
            (State::Reaching(attempt), _) => {
                let report = attempt.handle(input, view, now, out);
                self.reported(report, view, now, out)
            }
            (State::Whispered { leg, play, .. }, Input::PlayFinished(at, over)) if leg == at && play == over => {
                self.state = State::Joined { leg: *leg };
                self.is_in(view)
            }
            (
                State::Whispered { leg, .. } | State::Joined { leg },
                Input::Leg(at, LegEvent::Ended { cause } | LegEvent::Failed { cause, .. }),
            ) if leg == at => self.gone(*at, *cause, view, out),
            (State::Idle | State::Whispered { .. } | State::Joined { .. }, _) => Flow::Stay,
        }
    }

    fn reported(&mut self, report: Report, view: &View<'_>, now: Now, out: &mut Out<'_>) -> Flow {
        match report {
            Report::Nothing => Flow::Stay,
            Report::Ringing(leg) | Report::Early(leg) => {
                if !std::mem::replace(&mut self.rang, true) {
                    out.fact(Fact::TransferRinging { transfer: self.id, leg });
                }
                Flow::Stay
            }
            Report::Answered(leg) => self.answered(leg, view, out),
            Report::Failed(cause) => self.next_try(Some(cause), view, now, out),
        }
    }

    /// The target answered (product §5.3).
    fn answered(&mut self, leg: LegRef, view: &View<'_>, out: &mut Out<'_>) -> Flow {
        out.answered(leg);
        if let Some(attempt) = self.attempt() {
            attempt.accept(out);
        }
        self.ended(TransferResult::Joined, None, out);
        let clips = self.whisper(view);
        if clips.is_empty() {
            self.state = State::Joined { leg };
            return self.is_in(view);
        }
        self.state = State::Whispered { leg, play: out.play(), clips: clips.into() };
        Flow::Stay
    }

    /// Whom the caller comes from and who he is; nothing for an emergency line (product §5.2).
    fn whisper(&self, view: &View<'_>) -> Vec<Clip> {
        let journey = view.journey;
        let first = journey.whisper.as_ref().filter(|_| !self.is_emergency());
        let Some(first) = first.and_then(|p| journey.snapshot.clip(p)) else { return Vec::new() };
        let caller = if journey.caller.private { "" } else { journey.caller.number.as_str() };
        let digits = [journey.dialled.as_str(), caller].into_iter().flat_map(crate::ivr::spelled);
        std::iter::once(first).chain(digits.filter_map(|p| journey.snapshot.clip(&p))).collect()
    }

    /// It hears the others, and they hear it.
    fn is_in(&self, view: &View<'_>) -> Flow {
        match (view.parties.agent(), self.way, self.joined()) {
            (Some(_), Way::OnAnswer | Way::Blind | Way::Attended, _) => Flow::AgentLeaves,
            // The agent had gone while an emergency line rang: the caller joins it now.
            (None, _, Some(leg)) => Flow::Connected(leg),
            (Some(_), Way::ThreeWay | Way::Consult, _) | (None, _, None) => Flow::Stay,
        }
    }

    /// The target, once joined, hung up or was lost (product §5.8).
    fn gone(&self, leg: LegRef, cause: Cause, view: &View<'_>, out: &mut Out<'_>) -> Flow {
        out.fact(Fact::LegEnded { leg, by: Party::Callee, cause });
        out.gone(leg);
        if let Some(target) = view.parties.get(leg) {
            out.seat_free(target);
        }
        match (view.parties.has_caller(), view.parties.agent()) {
            (true, Some(_)) => Flow::Done,
            // It hung up while it was told who comes.
            (true, None) => self.missed(cause),
            // Agent and emergency line were all that was left.
            (false, _) => Flow::Ends(Party::Callee, cause),
        }
    }

    /// What follows for the caller when the agent has gone (product §5.6).
    fn agent_left(&mut self, view: &View<'_>, out: &mut Out<'_>) -> Flow {
        // A transfer on answer needs its agent no more than an emergency line does.
        let goes_on = self.is_emergency() || matches!(self.way, Way::OnAnswer | Way::Blind);
        match (self.joined(), view.parties.has_caller()) {
            // The caller had hung up as well: the emergency line alone is nobody's talk.
            (_, false) => {
                self.end(TransferResult::AgentGone, Cause::Normal, view, out);
                Flow::Done
            }
            (Some(leg), true) => Flow::Connected(leg),
            // Not cancelled: the caller hears it ring and joins on the answer. To an emergency's caller somebody comes meanwhile.
            (None, true) if goes_on => Flow::Waits { company: self.is_emergency() },
            (None, true) => {
                self.end(TransferResult::AgentGone, Cause::CallerGone, view, out);
                Flow::Requeue(Some(Cause::Lost))
            }
        }
    }

    /// Takes the target out, whatever it is doing; writes what came of the transfer unless that has been written.
    fn end(&mut self, result: TransferResult, cause: Cause, view: &View<'_>, out: &mut Out<'_>) {
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Idle => {}
            State::Reaching(attempt) => attempt.stop(cause, out),
            State::Whispered { leg, .. } | State::Joined { leg } => {
                out.fact(Fact::LegEnded { leg, by: Party::Switch, cause });
                out.hang_up(leg, cause);
                if let Some(target) = view.parties.get(leg) {
                    out.seat_free(target);
                }
                return;
            }
        }
        self.ended(result, None, out);
    }

    /// An agent's order about a third party who is there, or on the way.
    fn ordered(&mut self, from: LegRef, order: &Order, by: &str, view: &View<'_>, now: Now, out: &mut Out<'_>) -> Flow {
        match order {
            Order::Reach(..) if self.id == 0 => return self.begin(from, by, view, now, out),
            Order::Reach(..) => return Flow::Refused(Conflict::Busy),
            Order::Leave | Order::Swap if self.is_reaching() => return Flow::Refused(Conflict::Busy),
            Order::Leave => return Flow::AgentLeaves,
            Order::Swap => {
                self.apart = match self.apart {
                    Apart::Nobody | Apart::Target => Apart::Caller,
                    Apart::Caller => Apart::Target,
                };
            }
            Order::Together if self.apart == Apart::Nobody => return Flow::Refused(Conflict::Already),
            Order::Together => self.apart = Apart::Nobody,
            Order::Cancel | Order::Back => return self.sent_away(view, out),
            _ => return Flow::Pass,
        }
        Flow::Stay
    }

    /// The agent sends the target away.
    fn sent_away(&mut self, view: &View<'_>, out: &mut Out<'_>) -> Flow {
        let result = if self.is_reaching() { TransferResult::Cancelled } else { TransferResult::Joined };
        self.end(result, Cause::Normal, view, out);
        if view.parties.has_caller() { Flow::Done } else { Flow::Ends(Party::Callee, Cause::Normal) }
    }

    /// The target that rings says where it is now (3xx): tried next, once, in its name.
    fn redirect(&mut self, leg: LegRef, found: &Reachable) {
        let rings = self.attempt().is_some_and(|a| a.leg() == Some(leg));
        if rings && !self.redirected && !found.emergency && found.number != self.reach.to.number {
            self.redirected = true;
            let to = Reachable { tries: found.tries.clone(), ..(*self.reach.to).clone() };
            self.reach = Reach::new(Arc::new(to));
        }
    }

    /// Whoever is still being reached is told to stop; who has joined ends with the others.
    fn call_ends(&mut self, ending: &Ending, view: &View<'_>, out: &mut Out<'_>) {
        if !self.is_reaching() {
            return;
        }
        if ending.caller_left {
            self.end(TransferResult::CallerGone, Cause::CallerGone, view, out);
        } else {
            self.end(TransferResult::AgentGone, ending.cause, view, out);
        }
    }
}

impl Machine for ThreeWay {
    fn handle(&mut self, view: &View<'_>, event: &Event<'_>, now: Now, out: &mut Out<'_>) -> Flow {
        match event {
            Event::Told(input) => return self.told(input, view, now, out),
            Event::Order(from, order, by) => return self.ordered(*from, order, by, view, now, out),
            Event::Redirected(leg, found) => self.redirect(*leg, found),
            Event::AgentLeft => return self.agent_left(view, out),
            Event::Replaced(old, by) => match &mut self.state {
                State::Whispered { leg, .. } | State::Joined { leg } if leg == old => *leg = *by,
                _ => {}
            },
            Event::End(ending) => self.call_ends(ending, view, out),
            Event::Requeued => {
                self.end(TransferResult::AgentGone, Cause::CallerGone, view, out);
                return Flow::Done;
            }
            _ => {}
        }
        Flow::Stay
    }

    fn deadline(&self) -> Option<u64> {
        self.attempt().and_then(Attempt::deadline)
    }

    fn wants(&self, input: &Input) -> bool {
        match (&self.state, input) {
            (State::Reaching(attempt), input) => attempt.wants(input),
            (State::Whispered { leg, .. } | State::Joined { leg }, Input::Leg(about, _)) => leg == about,
            (State::Whispered { leg, .. }, Input::PlayFinished(about, _)) => leg == about,
            _ => false,
        }
    }

    fn arrange(&self, _view: &View<'_>, room: &mut Room<'_>) {
        room.apart = match (&self.state, self.apart) {
            (State::Whispered { leg, .. }, _) => Some(*leg),
            (_, Apart::Caller) => Some(CALLER),
            (State::Joined { leg }, Apart::Target) => Some(*leg),
            _ => None,
        };
        if let State::Whispered { leg, play, clips } = &self.state {
            room.told = Some((*leg, Source::Play { play: *play, clips: Arc::clone(clips), repeat: false }));
        }
        room.early = self.attempt().and_then(Attempt::early);
        room.rings |= self.is_reaching();
    }

    fn rank(&self) -> u8 {
        2
    }

    fn brings_in(&self) -> bool {
        true
    }

    fn keeps_line(&self) -> bool {
        self.is_emergency()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::stand::{Stand, State, after, leg, line, offered, people, reach, table};

    const STATES: &[State] = &[
        ("new", || after(Stand::talking(), ThreeWay::new(line("12366", false), Way::ThreeWay, Brief::default()), &[])),
        ("a line rings", || {
            after(
                Stand::talking(),
                ThreeWay::new(line("12366", false), Way::ThreeWay, Brief::default()),
                &[reach(line("12366", false), Way::ThreeWay), leg(2, LegEvent::Ringing)],
            )
        }),
        ("a line has joined", || {
            after(
                Stand::talking(),
                ThreeWay::new(line("12366", false), Way::ThreeWay, Brief::default()),
                &[reach(line("12366", false), Way::ThreeWay), leg(2, LegEvent::Answered)],
            )
        }),
        ("consulting", || {
            after(
                Stand::talking(),
                ThreeWay::new(line("12366", false), Way::Consult, Brief::default()),
                &[reach(line("12366", false), Way::Consult), leg(2, LegEvent::Answered)],
            )
        }),
        ("on answer, a line rings", || {
            after(
                Stand::talking(),
                ThreeWay::new(line("12366", false), Way::OnAnswer, Brief::default()),
                &[reach(line("12366", false), Way::OnAnswer)],
            )
        }),
        ("blind, a line rings", || {
            after(
                Stand::talking(),
                ThreeWay::new(line("12366", false), Way::Blind, Brief::default()),
                &[reach(line("12366", false), Way::Blind)],
            )
        }),
        ("a group is asked", || {
            after(
                Stand::talking(),
                ThreeWay::new(people(), Way::ThreeWay, Brief::default()),
                &[reach(people(), Way::ThreeWay)],
            )
        }),
        ("a seat of a group rings", || {
            after(
                Stand::talking(),
                ThreeWay::new(people(), Way::ThreeWay, Brief::default()),
                &[reach(people(), Way::ThreeWay), offered(9, "8003")],
            )
        }),
        ("an emergency line rings", || {
            after(
                Stand::talking(),
                ThreeWay::new(line("119", true), Way::ThreeWay, Brief::default()),
                &[reach(line("119", true), Way::ThreeWay)],
            )
        }),
        ("an emergency line rings, the caller has gone", || {
            let told = [reach(line("119", true), Way::ThreeWay)];
            let (stand, machine) =
                after(Stand::talking(), ThreeWay::new(line("119", true), Way::ThreeWay, Brief::default()), &told);
            (stand.without_caller(), machine)
        }),
        ("an emergency line has joined", || {
            after(
                Stand::talking(),
                ThreeWay::new(line("119", true), Way::ThreeWay, Brief::default()),
                &[reach(line("119", true), Way::ThreeWay), leg(2, LegEvent::Answered)],
            )
        }),
    ];

    #[test]
    fn every_state_meets_everything() {
        insta::assert_snapshot!(table(STATES));
    }
}
