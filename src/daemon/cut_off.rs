//! Whose calls a crash has cut off.

use crate::fact::{Missed, Origin, Owed, Service};
use crate::id::GroupId;
use crate::ledger::Cdr;

/// Callers of hotlines whom nobody had answered when the former run died, or whose talk it has cut off: they are called back.
///
/// Of `calls`, which lived then. Who is owed a call-back already, by the list of the former run, is called once: because he had just
/// asked for it, or because his call-back was what was cut off.
#[must_use]
pub fn cut_off(hub: Option<&GroupId>, calls: &[Cdr], list: &[Owed]) -> Vec<Owed> {
    let owed = |cdr: &Cdr| {
        let (Origin::Trunk(trunk), Some(Service::Hotline)) = (&cdr.origin, cdr.service) else { return None };
        Some(Owed {
            callback: cdr.call,
            number: Some(cdr.caller.clone()).filter(|number| number.len() >= 5)?,
            trunk: trunk.clone(),
            dialled: cdr.dialled.clone(),
            group: hub.cloned()?,
            skill: None,
            place: cdr.t0,
            why: Missed::Interrupted,
            tries: 0,
        })
    };
    // Nobody has sent us an INVITE for a call that carries a call-back out.
    let his_own = |cdr: &&Cdr| !cdr.call_id.is_empty() && list.iter().all(|owed| owed.callback != cdr.call);
    calls.iter().filter(his_own).filter_map(owed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::{Event, Fact, SCHEMA};
    use crate::id::{CallRef, LegRef};
    use crate::ledger::{Fold, Settings};

    #[test]
    fn who_is_on_the_list_is_not_listed_again() {
        let mut fold = Fold::new(Settings::default());
        let mut seq = 0;
        let mut told = |call: u64, fact: Fact| {
            seq += 1;
            fold.apply(&Event { v: SCHEMA, seq, at: 1_000, call: Some(CallRef(call)), fact });
        };
        // 1 talks, 2 has asked to be called back and hears that it is taken, 3 calls back who had called before.
        for (call, call_id) in [(1, "a@b"), (2, "c@d"), (3, "")] {
            let offered = Fact::CallOffered {
                leg: LegRef(0),
                origin: Origin::Trunk("carrier".into()),
                caller: format!("1390000000{call}"),
                caller_shown: true,
                dialled: "12345".into(),
                to: String::new(),
                call_id: call_id.into(),
                source: String::new(),
            };
            told(call, offered);
            let routed = Fact::CallRouted {
                entry: "hotline.12345".into(),
                title: String::new(),
                service: Service::Hotline,
                state: "serving".into(),
                plan: String::new(),
            };
            told(call, routed);
        }
        let calls: Vec<Cdr> = fold.live().cloned().collect();
        let main = GroupId::from("main");
        let all = cut_off(Some(&main), &calls, &[]);
        let asked = Owed { why: Missed::Asked, ..all[1].clone() };
        let left: Vec<CallRef> = cut_off(Some(&main), &calls, &[asked]).iter().map(|owed| owed.callback).collect();
        assert_eq!(left, [CallRef(1)]);
        assert!(cut_off(None, &calls, &[]).is_empty(), "without a hub there is no line to call from");
    }
}
