//! A plan comes into force while callers are on the line: each goes on by the one it began with, and none is lost.

use crate::support::city::edited;
use crate::support::graph::Heard;
use crate::support::town::{Manner, Town};
use switchboard::fact::{Fact, Outcome};

const SOON: Manner = Manner::Answers(1_000_000);

fn plans(town: &Town) -> Vec<String> {
    let routed = town.facts.iter().filter_map(|f| match &f.fact {
        Fact::CallRouted { plan, .. } => Some(plan.clone()),
        _ => None,
    });
    routed.collect()
}

#[test]
fn a_caller_in_the_transition_prompt_goes_on_to_the_group_of_his_own_plan() {
    let mut town = Town::new(1);
    let seat = town.seat("8001", SOON);
    let (first, second) = (town.citizen("13900000001"), town.citizen("13900000002"));
    town.runs(1.0);
    town.dials(first, "12333");
    town.runs(3.0);
    assert_eq!(town.hears(first), Heard::Prompt("transition/12333".into()));
    // In the new plan 12333 was cancelled long ago.
    town.reloads(edited(|t| t.replace("cutover = 2021-11-30", "cutover = 2021-08-01")));
    town.dials(second, "12333");
    town.runs(1.0);
    assert_eq!(town.hears(second), Heard::Prompt("cancelled/12333".into()));
    assert!(town.until(20, |t| t.talk(first, seat)), "{}", town.trace.join("\n"));
    assert!(town.until(20, |t| t.failed(second).is_some()));
    assert_eq!(town.failed(second), Some((410, Some(22))));
    town.hangs_up(first);
    town.runs(1.0);
    let plans = plans(&town);
    assert!(plans.len() == 2 && plans[0] != plans[1], "{plans:?}");
    town.goes_home();
}

#[test]
fn callers_who_wait_keep_their_place_when_their_group_is_changed() {
    let mut town = Town::new(2);
    let callers: Vec<_> = (1..4).map(|n| town.citizen(&format!("1390000000{n}"))).collect();
    for caller in &callers {
        town.dials(*caller, "12345");
        town.runs(1.0);
    }
    town.reloads(edited(|t| t.replace("max_wait = \"10m\"", "max_wait = \"20m\"")));
    town.runs(1.0);
    let seat = town.seat("8001", SOON);
    for caller in &callers {
        assert!(town.until(60, |t| t.talk(*caller, seat)), "{}", town.trace.join("\n"));
        town.hangs_up(*caller);
    }
    town.runs(1.0);
    assert_eq!(town.outcomes(), [Outcome::Connected; 3]);
    town.goes_home();
}

#[test]
fn a_caller_whose_kept_seats_are_abolished_while_they_ring_reaches_the_hub() {
    let pooled = || {
        edited(|t| {
            let Some(start) = t.find("[group.\"kept.12348\"]") else { return t.to_owned() };
            let rest = t[start + 1..].find("\n[").map_or(t.len(), |at| start + 1 + at);
            let kept = "seats = \"kept\"\ngroup = \"kept.12348\"\nring = \"10s\"\noverflow = \"group:main\"\n";
            assert!(t.contains(kept));
            format!("{}{}", &t[..start], &t[rest..]).replace(kept, "seats = \"pooled\"\n")
        })
    };
    let mut town = Town::new(3);
    let kept = town.seat("8051", Manner::Rings);
    let hub = town.seat("8001", SOON);
    let citizen = town.citizen("13900000001");
    town.runs(1.0);
    town.dials(citizen, "12348");
    town.runs(2.0);
    assert_eq!((town.callers_shown(kept).len(), town.callers_shown(hub).len()), (1, 0));
    town.reloads(pooled());
    assert!(town.until(20, |t| t.talk(citizen, hub)), "{}", town.trace.join("\n"));
    town.goes_home();

    // He is announced to, and his group is gone when the prompt ends.
    let mut town = Town::new(4);
    let hub = town.seat("8001", SOON);
    let citizen = town.citizen("13900000001");
    town.runs(1.0);
    town.reloads(edited(|t| {
        let to = "[route.96000]\nto = [\"prompt:transition/12333\", \"group:kept.12348\", \"group:main\"]\n";
        if t.contains("[utility.95598]") { format!("{to}{t}") } else { t.to_owned() }
    }));
    town.dials(citizen, "96000");
    town.runs(1.0);
    town.reloads(pooled());
    assert!(town.until(40, |t| t.talk(citizen, hub)), "{}", town.trace.join("\n"));
    assert_eq!(town.was_played(citizen)[0], "transition/12333");
    town.goes_home();
}

#[test]
fn a_caller_whose_only_group_is_gone_follows_its_overflow() {
    let extra = |t: &str| {
        let more = "[group.extra]\ntitle = \"extra\"\nhours = \"7x24\"\noverflow = \"group:main\"\n[route]\n96000 = \"group:extra\"\n";
        if t.contains("[utility.95598]") { format!("{more}{t}") } else { t.to_owned() }
    };
    for waits in [false, true] {
        let mut town = Town::new(5);
        town.reloads(edited(extra));
        let citizen = town.citizen("13900000001");
        town.runs(1.0);
        town.dials(citizen, "96000");
        town.runs(if waits { 4.0 } else { 0.1 });
        town.reloads(edited(str::to_owned));
        let hub = town.seat("8001", SOON);
        assert!(town.until(60, |t| t.talk(citizen, hub)), "{waits}: {}", town.trace.join("\n"));
        town.goes_home();
    }
}

#[test]
fn a_talk_goes_on_through_any_number_of_plans() {
    let mut town = Town::new(6);
    let seat = town.seat("8001", SOON);
    let citizen = town.citizen("13900000001");
    town.runs(1.0);
    town.dials(citizen, "12345");
    assert!(town.until(10, |t| t.talk(citizen, seat)));
    for n in 0..50 {
        town.reloads(edited(|t| t.replace("ring = \"8s\"", &format!("ring = \"{}s\"", 5 + n % 9))));
        town.runs(0.1);
        assert!(town.talk(citizen, seat));
    }
    town.hangs_up(citizen);
    town.runs(1.0);
    assert_eq!(town.outcomes(), [Outcome::Connected]);
    town.goes_home();
}
