//! Whether the call is recorded, and who is in it: one recording a caller's journey, from the first answer to the end.

use super::machine::{Event, Flow, Machine, Out, View};
use super::order::{Conflict, Order};
use crate::clock::Now;
use crate::fact::Fact;
use crate::id::LegRef;
use smallvec::SmallVec;

/// When a group's talks are recorded.
pub use crate::dialplan::Record;

/// What is known of this call's recording.
#[derive(Debug)]
pub(super) struct Recording {
    /// As the group that serves the call says.
    when: Record,
    /// Somebody asked for it, where it is made on demand.
    asked: bool,
    paused: bool,
}

/// What shall be recorded now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Nothing is kept at present.
    pub paused: bool,
    /// Who is in the talk, with the channel that belongs to his part: 0 the caller, 1 the agent, 2 the third, 3 the supervisor.
    pub parties: SmallVec<[(u8, LegRef); 4]>,
}

impl Recording {
    pub(super) fn new(when: Record) -> Self {
        Self { when, asked: false, paused: false }
    }

    /// What shall be recorded now; `None`: nothing (yet).
    pub(super) fn wanted(&self, view: &View<'_>) -> Option<Recorded> {
        if view.journey.answered_at.is_none() || !self.is_wanted() {
            return None;
        }
        let parties = view.parties;
        let caller = parties.all().iter().find(|m| m.target.is_none() && m.answered);
        let parts = [caller, parties.agent(), parties.target(), parties.supervisor()];
        let parties = (0u8..).zip(parts).filter_map(|(channel, party)| Some((channel, party?.leg)));
        Some(Recorded { paused: self.paused, parties: parties.collect() })
    }

    fn is_wanted(&self) -> bool {
        match self.when {
            Record::Always => true,
            Record::Never => false,
            Record::OnDemand => self.asked,
        }
    }

    fn record(&mut self) -> Flow {
        if self.is_wanted() {
            return Flow::Refused(Conflict::Already);
        }
        if self.when == Record::Never {
            return Flow::Refused(Conflict::NotRecorded);
        }
        self.asked = true;
        Flow::Stay
    }

    fn pause(&mut self, paused: bool, by: &str, why: &str, view: &View<'_>, out: &mut Out<'_>) -> Flow {
        if self.wanted(view).is_none() {
            return Flow::Refused(Conflict::NotRecorded);
        }
        if self.paused == paused {
            return Flow::Refused(Conflict::Already);
        }
        self.paused = paused;
        out.fact(Fact::RecordingPaused { paused, ordered_by: by.to_owned(), why: why.to_owned() });
        Flow::Stay
    }
}

impl Machine for Recording {
    fn handle(&mut self, view: &View<'_>, event: &Event<'_>, _now: Now, out: &mut Out<'_>) -> Flow {
        match event {
            Event::Order(_, Order::Record, _) => self.record(),
            Event::Order(_, Order::Pause(paused, why), by) => self.pause(*paused, by, why, view, out),
            // Once a recording has begun, the next group does not end it.
            Event::Served(when) if view.journey.answered_at.is_none() || self.when != Record::Always => {
                self.when = *when;
                Flow::Stay
            }
            _ => Flow::Pass,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::stand::{Stand, State, Told, after, table};

    #[test]
    fn every_state_meets_everything() {
        let states: &[State] = &[
            ("nobody has answered", || after(Stand::new(), Recording::new(Record::Always), &[])),
            ("always", || after(Stand::talking(), Recording::new(Record::Always), &[])),
            ("paused", || {
                after(
                    Stand::talking(),
                    Recording::new(Record::Always),
                    &[Told::Order(Order::Pause(true, String::new()))],
                )
            }),
            ("on demand", || after(Stand::talking(), Recording::new(Record::OnDemand), &[])),
            ("on demand, begun", || {
                after(Stand::talking(), Recording::new(Record::OnDemand), &[Told::Order(Order::Record)])
            }),
            ("never", || after(Stand::talking(), Recording::new(Record::Never), &[])),
        ];
        insta::assert_snapshot!(table(states));
    }
}
