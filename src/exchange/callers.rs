//! What is remembered of callers by their numbers: whom they talked with last, and that they gave up.

use crate::id::AgentId;
use std::collections::{BTreeMap, BTreeSet};

/// Callers that are remembered; of more the one goes who has not called for longest.
const MOST: usize = 100_000;

/// Callers by number.
#[derive(Debug, Default)]
pub(super) struct Callers {
    known: BTreeMap<Box<str>, Known>,
    /// By the moment of the last call.
    by_age: BTreeSet<(i64, Box<str>)>,
}

#[derive(Debug, Default)]
struct Known {
    /// Wall µs.
    last: i64,
    talked: Option<(AgentId, i64)>,
    gave_up: Option<i64>,
    surveyed: Option<i64>,
}

impl Callers {
    /// The caller talks with this agent.
    pub fn talks(&mut self, number: &str, agent: AgentId, wall: i64) {
        self.change(number, wall, |known| (known.talked, known.gave_up) = (Some((agent, wall)), None));
    }

    /// The caller gave up waiting.
    pub fn gave_up(&mut self, number: &str, wall: i64) {
        self.change(number, wall, |known| known.gave_up = Some(wall));
    }

    /// The caller has said how he was served.
    pub fn surveyed(&mut self, number: &str, wall: i64) {
        self.change(number, wall, |known| known.surveyed = Some(wall));
    }

    /// Whether he has said so since then, wall µs.
    pub fn surveyed_since(&self, number: &str, since: i64) -> bool {
        self.known.get(number).and_then(|known| known.surveyed).is_some_and(|at| at >= since)
    }

    /// Whom he has talked with since then, wall µs.
    pub fn agent_since(&self, number: &str, since: i64) -> Option<&AgentId> {
        let (agent, at) = self.known.get(number)?.talked.as_ref()?;
        (*at >= since).then_some(agent)
    }

    /// Whether he has given up since then, wall µs, and not been answered after it.
    pub fn gave_up_since(&self, number: &str, since: i64) -> bool {
        self.known.get(number).and_then(|known| known.gave_up).is_some_and(|at| at >= since)
    }

    fn change(&mut self, number: &str, wall: i64, act: impl FnOnce(&mut Known)) {
        // Who shows no number cannot be told from others.
        if number.is_empty() {
            return;
        }
        let known = self.known.entry(number.into()).or_default();
        self.by_age.remove(&(known.last, number.into()));
        known.last = wall;
        act(known);
        self.by_age.insert((wall, number.into()));
        if self.known.len() > MOST
            && let Some((_, oldest)) = self.by_age.pop_first()
        {
            self.known.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_is_known_by_his_number_for_so_long_and_an_answer_makes_good_for_giving_up() {
        let mut callers = Callers::default();
        callers.gave_up("139", 10);
        assert!(callers.gave_up_since("139", 10) && !callers.gave_up_since("139", 11));
        callers.talks("139", "li".into(), 20);
        assert!(!callers.gave_up_since("139", 0));
        assert_eq!(callers.agent_since("139", 20), Some(&"li".into()));
        assert_eq!(callers.agent_since("139", 21), None);
        callers.gave_up("", 30);
        assert!(!callers.gave_up_since("", 0), "who shows no number is nobody");
    }

    #[test]
    fn of_too_many_the_one_goes_who_has_not_called_for_longest() {
        let mut callers = Callers::default();
        for n in 0..=MOST {
            callers.gave_up(&n.to_string(), i64::try_from(n).unwrap());
            callers.gave_up("1", i64::try_from(n).unwrap());
        }
        assert_eq!((callers.known.len(), callers.by_age.len()), (MOST, MOST));
        assert!(!callers.gave_up_since("0", 0) && callers.gave_up_since("1", 0));
    }
}
