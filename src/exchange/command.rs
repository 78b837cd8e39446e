//! What operators ask: status, lists, hang-up, drain. Answers are values; how they are printed is the CLI's.

use super::rows::{CallRow, SeatRow, Status, TrunkRow};
use super::{Exchange, Output};
use crate::call::{self, Conflict, Order};
use crate::clock::Now;
use crate::fact::{Brief, Cause, Supervision, Way};
use crate::id::{CallRef, SeatId};
use serde::{Deserialize, Serialize};

/// A question or order of an operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// How the exchange stands.
    Status,
    /// Live calls.
    Calls,
    /// Seats with their state.
    Seats,
    /// Trunks.
    Trunks,
    /// End a call.
    HangUp {
        /// Which.
        call: CallRef,
    },
    /// Bring somebody of the directory into a live call, as its agent's own key would. [`Answer::Asked`].
    Transfer {
        /// Which call.
        call: CallRef,
        /// A number of the directory.
        to: String,
        /// How.
        way: Way,
        /// What goes with it.
        #[serde(default)]
        brief: Brief,
        /// Who orders it, as his door knows him; empty: the agent.
        #[serde(default)]
        by: String,
    },
    /// What the agent of a live call could order by a key, and more.
    Conference {
        /// Which call.
        call: CallRef,
        /// What.
        verb: Verb,
        /// Who orders it; empty: the agent.
        #[serde(default)]
        by: String,
        /// Why, in his words.
        #[serde(default)]
        why: String,
    },
    /// 班长: a supervisor's phone is called and joins a live call so, or changes how it is there.
    Supervise {
        /// Which call.
        call: CallRef,
        /// The supervisor's seat.
        seat: SeatId,
        /// How.
        mode: Supervision,
        /// Who orders it.
        #[serde(default)]
        by: String,
        /// Why, in his words; never empty.
        why: String,
    },
    /// Take no new calls.
    Drain,
    /// End every call now: the drain's limit is over.
    EndAll,
}

/// The answer to a [`Command`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// To [`Command::Status`].
    Status(Status),
    /// To [`Command::Calls`].
    Calls {
        /// Each live call, oldest first.
        calls: Vec<CallRow>,
    },
    /// To [`Command::Seats`].
    Seats {
        /// Each seat.
        seats: Vec<SeatRow>,
    },
    /// To [`Command::Trunks`].
    Trunks {
        /// Each trunk.
        trunks: Vec<TrunkRow>,
    },
    /// Done.
    Done,
    /// There is no such call.
    Unknown,
    /// Not now: nothing has changed.
    Conflict {
        /// Why.
        why: Conflict,
    },
    /// The number is in no directory.
    NotReachable,
    /// The transfer has begun; [`CallRow::transfers`] says what becomes of it.
    Asked {
        /// Its number within the call, from 1.
        transfer: u32,
    },
    /// This seat may not do that: it is no supervisor's of the call's group.
    Forbidden,
}

/// An order about a talk of three.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// The agent leaves; the others go on.
    Leave,
    /// The target goes, whether it rings or has joined.
    Cancel,
    /// Agent and target alone, agent and caller alone, in turn.
    Swap,
    /// All three, after [`Verb::Swap`] or a consultation.
    Together,
    /// Back to the caller: the target goes.
    Back,
    /// The agent hears nobody and is heard by nobody; a caller left alone hears music.
    Hold,
    /// The end of [`Verb::Hold`].
    Resume,
    /// The agent is not heard.
    Mute,
    /// He is again.
    Unmute,
    /// The call is recorded from now on, where its group records on demand.
    Record,
    /// Nothing is kept until [`Verb::Continue`]: a card or identity number is said.
    Pause,
    /// The end of [`Verb::Pause`].
    Continue,
    /// The supervisor goes.
    Dismiss,
}

impl Exchange {
    pub(super) fn command(&mut self, id: u64, command: Command, now: Now) {
        let answer = match command {
            Command::Status => Answer::Status(self.status()),
            Command::Calls => Answer::Calls { calls: self.call_rows() },
            Command::Seats => Answer::Seats { seats: self.seat_rows() },
            Command::Trunks => Answer::Trunks { trunks: self.trunk_rows() },
            Command::HangUp { call } if self.calls.contains_key(&call) => {
                self.tell(call, call::Input::HangUp(Cause::Normal), now);
                Answer::Done
            }
            Command::HangUp { .. } => Answer::Unknown,
            Command::Transfer { call, to, way, brief, by } => self.transfer(call, &to, way, brief, &by, now),
            Command::Conference { call, verb, by, why } => self.verb(call, verb, &by, why, now),
            Command::Supervise { call, seat, mode, by, why } => self.supervise(call, &seat, mode, &by, &why, now),
            Command::Drain => {
                self.draining = true;
                Answer::Done
            }
            Command::EndAll => {
                for call in self.calls.keys().copied().collect::<Vec<_>>() {
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

    fn supervise(&mut self, call: CallRef, seat: &SeatId, mode: Supervision, by: &str, why: &str, now: Now) -> Answer {
        if !self.calls.contains_key(&call) {
            return Answer::Unknown;
        }
        if !self.may_supervise(seat, call) {
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
