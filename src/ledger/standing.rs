//! How the floor stands, from its facts: who is signed in where and with which state, and who is to be called back.

use crate::fact::{Event, Fact, Owed, Sat};
use crate::id::{AgentId, CallRef, GroupId, SeatId};
use std::collections::{BTreeMap, BTreeSet};

/// The floor as its facts have left it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    seats: BTreeMap<SeatId, (AgentId, String)>,
    callbacks: BTreeMap<CallRef, Owed>,
    disaster: BTreeSet<GroupId>,
    running: BTreeMap<CallRef, CallRef>,
}

impl Standing {
    /// Of these events, in order.
    #[must_use]
    pub fn of<'e>(events: impl IntoIterator<Item = &'e Event>) -> Self {
        let mut standing = Self::default();
        for event in events {
            standing.fold(event);
        }
        standing
    }

    /// Who is signed in, by seat.
    pub fn seats(&self) -> impl Iterator<Item = Sat> + '_ {
        self.seats.iter().map(|(seat, (agent, state))| {
            let (seat, agent, state) = (seat.clone(), agent.clone(), state.clone());
            Sat { seat, agent, state }
        })
    }

    /// Who is to be called back.
    pub fn callbacks(&self) -> impl Iterator<Item = &Owed> {
        self.callbacks.values()
    }

    /// Groups in disaster mode.
    pub fn disaster(&self) -> impl Iterator<Item = &GroupId> {
        self.disaster.iter()
    }

    fn fold(&mut self, event: &Event) {
        match &event.fact {
            Fact::FloorStands { seats, callbacks, disaster } => {
                *self = Self::default();
                for Sat { seat, agent, state } in seats {
                    self.seats.insert(seat.clone(), (agent.clone(), state.clone()));
                }
                self.disaster = disaster.iter().cloned().collect();
                self.callbacks = callbacks.iter().map(|owed| (owed.callback, owed.clone())).collect();
            }
            Fact::SeatState { seat, to, .. } if to.starts_with("not_ready:signed_out") => {
                self.seats.remove(seat);
            }
            Fact::SeatState { seat, agent: Some(agent), to, .. } => {
                self.seats.insert(seat.clone(), (agent.clone(), to.clone()));
            }
            Fact::CallbackAsked { callback } => {
                self.callbacks.insert(callback.callback, callback.clone());
            }
            Fact::CallbackBegun { callback, .. } => {
                self.running.extend(event.call.map(|call| (call, *callback)));
            }
            Fact::CallbackTried { .. } => {
                let id = event.call.and_then(|call| self.running.get(&call));
                if let Some(owed) = id.and_then(|id| self.callbacks.get_mut(id)) {
                    owed.tries = owed.tries.saturating_add(1);
                }
            }
            Fact::CallbackEnded { callback, .. } => {
                self.callbacks.remove(callback);
            }
            Fact::DisasterMode { group, on: true, .. } => drop(self.disaster.insert(group.clone())),
            Fact::DisasterMode { group, on: false, .. } => drop(self.disaster.remove(group)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::{Cause, Missed, Recovered};

    fn state(seat: &str, agent: Option<&str>, to: &str) -> Fact {
        let (seat, agent) = (seat.into(), agent.map(Into::into));
        Fact::SeatState { seat, agent, from: String::new(), to: to.into() }
    }

    fn disaster(group: &str, on: bool) -> (Option<CallRef>, Fact) {
        (None, Fact::DisasterMode { group: group.into(), on, by: String::new(), reason: String::new() })
    }

    fn owed(callback: u64) -> Owed {
        Owed {
            callback: CallRef(callback),
            number: "13900000001".into(),
            trunk: "carrier".into(),
            dialled: "12345".into(),
            group: "main".into(),
            skill: None,
            place: 5,
            why: Missed::Asked,
            tries: 0,
        }
    }

    fn told(facts: Vec<(Option<CallRef>, Fact)>) -> Standing {
        let event = |(call, fact)| Event { v: 1, seq: 1, at: 0, call, fact };
        Standing::of(&facts.into_iter().map(event).collect::<Vec<_>>())
    }

    #[test]
    fn it_follows_the_facts_and_begins_anew_at_a_full_account() {
        let called = Some(CallRef(77));
        let standing = told(vec![
            (None, state("8001", Some("li"), "ready")),
            (None, state("8002", Some("wang"), "talking>break")),
            (None, state("8003", Some("zhao"), "ready")),
            (None, state("8003", Some("zhao"), "not_ready:signed_out")),
            (Some(CallRef(1)), Fact::CallbackAsked { callback: owed(1) }),
            (Some(CallRef(2)), Fact::CallbackAsked { callback: owed(2) }),
            (called, Fact::CallbackBegun { callback: CallRef(1), seat: None }),
            (called, Fact::CallbackTried { reached: false, cause: Some(Cause::Busy) }),
            disaster("main", true),
            disaster("night", true),
            disaster("night", false),
            (
                None,
                Fact::CallbackEnded {
                    callback: CallRef(2),
                    outcome: Recovered::Closed,
                    by: String::new(),
                    note: String::new(),
                },
            ),
        ]);
        let seats: Vec<_> = standing.seats().map(|s| format!("{} {} {}", s.seat, s.agent, s.state)).collect();
        assert_eq!(seats, ["8001 li ready", "8002 wang talking>break"]);
        let callbacks: Vec<_> = standing.callbacks().map(|o| (o.callback, o.tries)).collect();
        assert_eq!(callbacks, [(CallRef(1), 1)]);
        let account = Fact::FloorStands {
            seats: standing.seats().collect(),
            callbacks: vec![owed(9)],
            disaster: standing.disaster().cloned().collect(),
        };
        let again = told(vec![(None, state("8009", Some("x"), "ready")), (None, account)]);
        assert_eq!(again.disaster().collect::<Vec<_>>(), [&GroupId::from("main")]);
        assert_eq!(again.seats().count(), 2);
        assert_eq!(again.callbacks().map(|o| o.callback).collect::<Vec<_>>(), [CallRef(9)]);
    }
}
