//! SIP dialogs that stand, from their facts: what a run that died has left the other sides holding.

use crate::fact::{Dialog, Event, Fact};
use crate::id::{CallRef, LegRef};
use std::collections::BTreeMap;

/// The dialogs of calls that have not ended, in the order of their names.
///
/// A leg that moves to another call is told of there again: a dialog belongs where it was told last.
#[must_use]
pub fn standing<'e>(events: impl IntoIterator<Item = &'e Event>) -> Vec<Dialog> {
    let mut found: BTreeMap<(String, String), (CallRef, LegRef, Dialog)> = BTreeMap::new();
    let mut of_call: BTreeMap<CallRef, Vec<(String, String)>> = BTreeMap::new();
    for event in events {
        let Some(call) = event.call else { continue };
        match &event.fact {
            Fact::DialogStands { leg, dialog } => {
                let name = (dialog.call_id.clone(), dialog.from.clone());
                of_call.entry(call).or_default().push(name.clone());
                found.insert(name, (call, *leg, dialog.clone()));
            }
            Fact::LegEnded { leg, .. } | Fact::PartyLeft { leg, .. } => {
                let names = of_call.get(&call).into_iter().flatten();
                for name in names {
                    if found.get(name).is_some_and(|(of, l, _)| (of, l) == (&call, leg)) {
                        found.remove(name);
                    }
                }
            }
            Fact::CallEnded { .. } => {
                for name in of_call.remove(&call).unwrap_or_default() {
                    if found.get(&name).is_some_and(|(of, ..)| *of == call) {
                        found.remove(&name);
                    }
                }
            }
            _ => {}
        }
    }
    found.into_values().map(|(.., dialog)| dialog).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::{Cause, Outcome, Party};

    fn stands(call: u64, leg: u32, call_id: &str) -> (u64, Fact) {
        let dialog = Dialog {
            call_id: call_id.into(),
            from: "<sip:12345@127.0.0.1>;tag=a".into(),
            to: "<sip:8001@127.0.0.1>;tag=b".into(),
            target: "sip:8001@127.0.0.1:5090".into(),
            routes: Vec::new(),
            cseq: 1,
            transport: "UDP".into(),
            peer: "127.0.0.1:5090".parse().unwrap(),
        };
        (call, Fact::DialogStands { leg: LegRef(leg), dialog })
    }

    fn left(facts: Vec<(u64, Fact)>) -> Vec<String> {
        // As the journal has them: no field of a fact may have the name of one of its event.
        let event = |(call, fact)| {
            let event = Event { v: 1, seq: 1, at: 0, call: Some(CallRef(call)), fact };
            serde_json::from_str(&serde_json::to_string(&event).unwrap()).unwrap()
        };
        let events: Vec<Event> = facts.into_iter().map(event).collect();
        standing(&events).into_iter().map(|d| d.call_id).collect()
    }

    #[test]
    fn those_of_ended_legs_and_calls_are_gone_and_a_moved_leg_follows_its_call() {
        let over = |call| {
            let (outcome, by, cause) = (Outcome::Connected, Party::Caller, Cause::Normal);
            (call, Fact::CallEnded { outcome, by, cause, status: None })
        };
        let ended = |call, leg| (call, Fact::LegEnded { leg: LegRef(leg), by: Party::Callee, cause: Cause::Normal });
        assert_eq!(left(vec![stands(1, 0, "a"), stands(1, 1, "b"), stands(2, 0, "c"), over(1)]), ["c"]);
        assert_eq!(left(vec![stands(1, 0, "a"), stands(1, 1, "b"), ended(1, 1)]), ["a"]);
        // Consultation 2 hands its second leg over to call 1 and ends.
        assert_eq!(left(vec![stands(1, 0, "a"), stands(2, 1, "b"), stands(1, 2, "b"), over(2)]), ["a", "b"]);
        assert_eq!(left(vec![stands(2, 1, "b"), stands(1, 2, "b"), ended(2, 1), over(1)]), Vec::<String>::new());
        // The consultation ends before its leg is told of in the other call.
        assert_eq!(left(vec![stands(2, 1, "b"), over(2), stands(1, 2, "b")]), ["b"]);
    }
}
