//! Carries out what operators order.

use super::Exchange;
use super::command::{Answer, Command, Verb};
use super::input::Output;
use crate::call::{self, CALLER, Conflict, Order};
use crate::clock::{Now, SECOND};
use crate::fact::{Brief, Cause, Origin, Supervision, Target, Way};
use crate::id::{CallRef, LegRef, SeatId};
use crate::sip::auth::Password;

impl Exchange {
    pub(super) fn command(&mut self, id: u64, command: Command, now: Now) {
        let answer = match command {
            Command::Status => Answer::Status(self.status()),
            Command::Calls => Answer::Calls { calls: self.call_rows() },
            Command::Call { call } => {
                self.call_row(call).map_or(Answer::Unknown, |row| Answer::Call { call: Box::new(row) })
            }
            Command::Seats => Answer::Seats { seats: self.seat_rows(now) },
            Command::Groups => Answer::Groups { groups: self.group_rows(now) },
            Command::Disaster { group, on, by, reason } => self.set_disaster(group, on, by, reason, now),
            Command::Trunks => Answer::Trunks { trunks: self.trunk_rows(now) },
            Command::Recordings => Answer::Recordings { storage: self.storage() },
            Command::HangUp { call } if self.calls.contains_key(&call) => {
                self.tell(call, call::Input::HangUp(Cause::Normal), now);
                Answer::Done
            }
            Command::HangUp { .. } => Answer::Unknown,
            Command::Transfer { call, to, way, brief, by } => self.transfer(call, &to, way, brief, &by, now),
            Command::Conference { call, verb, by, why } => self.verb(call, verb, &by, why, now),
            Command::Release { call, seat, by } => {
                tracing::debug!(%call, by, "a seat's leg is ended by an order");
                self.release(call, seat.as_ref(), now)
            }
            Command::Digits { call, seat, digits, by } => {
                tracing::debug!(%call, by, "keys are pressed by an order");
                self.digits(call, seat.as_ref(), digits)
            }
            Command::Supervise { call, seat, mode, by, why, granted } => {
                self.supervise(call, (&seat, granted), mode, &by, &why, now)
            }
            Command::Seat { seat, agent, state, reason, by } => self.set_seat(seat, agent, state, reason, by, now),
            Command::Lend { seat, .. } if !self.settings.seats.contains_key(&seat) => Answer::Unknown,
            Command::Lend { seat, password, seconds } => {
                self.seats.lend(seat, Password::Plain(password.0), now.mono + u64::from(seconds) * SECOND);
                Answer::Done
            }
            Command::TakeBack { seat } => {
                if self.seats.take_back(&seat) {
                    self.seat_lost(seat.as_str(), Cause::Normal, now);
                }
                Answer::Done
            }
            Command::Why { call } => self.why_row(call, now),
            Command::Trace { what, after, rtp } => self.traced(what.as_deref(), after, rtp),
            Command::Callbacks => Answer::Callbacks { callbacks: self.callback_rows() },
            Command::TakeCallback { callback, seat, by } => self.take_callback(callback, seat, &by, now),
            Command::EndCallback { callback, by, note } => self.end_callback(callback, by, note, now),
            Command::Drain => {
                self.draining = true;
                Answer::Done
            }
            Command::EndAll => {
                self.ending = self.draining;
                for call in self.calls.iter().map(|(call, _)| call).collect::<Vec<_>>() {
                    self.tell(call, call::Input::HangUp(Cause::Shed), now);
                }
                Answer::Done
            }
        };
        self.out.push_back(Output::Answer { id, answer });
    }

    fn transfer(&mut self, call: CallRef, to: &str, way: Way, brief: Brief, by: &str, now: Now) -> Answer {
        let Some(live) = self.calls.get(&call) else { return Answer::Unknown };
        let plan = std::sync::Arc::clone(&live.call.journey.snapshot.plan);
        let Some(found) = self.reachable(&plan, to, now.wall) else { return Answer::NotReachable };
        let order = Order::Reach(std::sync::Arc::new(found), way, brief);
        match self.agents_order(call, order, by, now) {
            Answer::Done => {
                let last = self.calls.get(&call).and_then(|live| live.transfers.last());
                last.map_or(Answer::Done, |row| Answer::Asked { transfer: row.transfer })
            }
            other => other,
        }
    }

    fn verb(&mut self, call: CallRef, verb: Verb, by: &str, why: String, now: Now) -> Answer {
        let order = match verb {
            Verb::Leave => Order::Leave,
            Verb::Cancel => Order::Cancel,
            Verb::Swap => Order::Swap,
            Verb::Together => Order::Together,
            Verb::Back => Order::Back,
            Verb::Hold => Order::Hold(true),
            Verb::Resume => Order::Hold(false),
            Verb::Mute => Order::Mute(true),
            Verb::Unmute => Order::Mute(false),
            Verb::Record => Order::Record,
            Verb::Pause => Order::Pause(true, why),
            Verb::Continue => Order::Pause(false, why),
            Verb::Survey => Order::Survey,
            Verb::Dismiss => return self.dismiss(call, now),
        };
        self.agents_order(call, order, by, now)
    }

    /// An order on behalf of the call's agent.
    fn agents_order(&mut self, call: CallRef, order: Order, by: &str, now: Now) -> Answer {
        let Some(live) = self.calls.get(&call) else { return Answer::Unknown };
        let Some(agent) = live.call.agent() else { return Answer::Conflict { why: Conflict::NoTalk } };
        self.order(call, agent, order, by, now).map_or_else(|why| Answer::Conflict { why }, |()| Answer::Done)
    }

    /// For a phone that stands beside its page: what its own keys would do.
    fn release(&mut self, call: CallRef, seat: Option<&SeatId>, now: Now) -> Answer {
        let Some((leg, answered)) = self.own_leg(call, seat) else { return self.no_leg(call) };
        if leg == CALLER {
            self.tell(call, call::Input::HangUp(Cause::Normal), now);
            return Answer::Done;
        }
        let Some(session) = self.calls.session_of(call, leg) else {
            return Answer::Conflict { why: Conflict::NoTalk };
        };
        self.released(session, answered, now);
        Answer::Done
    }

    fn digits(&mut self, call: CallRef, seat: Option<&SeatId>, digits: String) -> Answer {
        match self.own_leg(call, seat) {
            Some((leg, true)) if self.send_keys(call, leg, digits) => Answer::Done,
            Some(_) => Answer::Conflict { why: Conflict::NoTalk },
            None => self.no_leg(call),
        }
    }

    fn no_leg(&self, call: CallRef) -> Answer {
        match self.calls.contains_key(&call) {
            true => Answer::Conflict { why: Conflict::NotTheAgent },
            false => Answer::Unknown,
        }
    }

    /// The leg of a seat in a call, the call's agent where none is named; and whether it has been answered.
    fn own_leg(&self, call: CallRef, seat: Option<&SeatId>) -> Option<(LegRef, bool)> {
        let live = self.calls.get(&call)?;
        if let Origin::Seat(from) = &live.call.journey.origin
            && seat.is_none_or(|seat| seat == from)
        {
            return Some((CALLER, live.call.journey.answered_at.is_some()));
        }
        let his = |member: &&call::Member| match seat {
            Some(seat) => matches!(&member.target, Some(Target::Seat(of)) if *of == *seat),
            None => Some(member.leg) == live.call.agent(),
        };
        live.call.members().iter().find(his).map(|member| (member.leg, member.answered))
    }

    fn supervise(
        &mut self,
        call: CallRef,
        (seat, granted): (&SeatId, bool),
        mode: Supervision,
        by: &str,
        why: &str,
        now: Now,
    ) -> Answer {
        if !self.calls.contains_key(&call) {
            return Answer::Unknown;
        }
        let known = self.settings.seats.contains_key(seat);
        if !(self.may_supervise(seat, call) || granted && known) {
            return Answer::Forbidden;
        }
        let who = if by.is_empty() { seat.as_str() } else { by };
        let order = Order::Supervise { seat: seat.clone(), mode, who: who.to_owned(), why: why.to_owned() };
        match self.ordered(call, now, |c| c.supervise(&order, now)) {
            Err(why) => Answer::Conflict { why },
            // His phone could not be rung: the call has let him go again.
            Ok(())
                if self
                    .calls
                    .get(&call)
                    .is_some_and(|l| l.call.supervisor() != Some(seat) && !l.call.is_led_by(seat)) =>
            {
                Answer::Conflict { why: Conflict::SeatBusy }
            }
            Ok(()) => Answer::Done,
        }
    }

    /// Whether this seat supervises the group that serves the call; the hub's group where none does.
    pub(super) fn may_supervise(&self, seat: &SeatId, call: CallRef) -> bool {
        let Some(live) = self.calls.get(&call) else { return false };
        let group = live.call.served_in().or_else(|| live.call.journey.snapshot.plan.hub_group());
        let supervises = self.settings.seats.get(seat).map(|s| &s.supervises);
        group.zip(supervises).is_some_and(|(group, all)| all.contains(group))
    }

    fn dismiss(&mut self, call: CallRef, now: Now) -> Answer {
        if !self.calls.contains_key(&call) {
            return Answer::Unknown;
        }
        self.ordered(call, now, |c| c.supervise(&Order::Dismiss, now))
            .map_or_else(|why| Answer::Conflict { why }, |()| Answer::Done)
    }
}
