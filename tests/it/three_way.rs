//! One key, three parties: the scenes of product §5 in virtual time, by who hears whom.

use crate::support::graph::Heard;
use crate::support::scenes::{SOON, talks};
use crate::support::town::{Manner, Party, Town};
use switchboard::fact::{Cause, Outcome, TransferResult};

/// A citizen who talks to seat 8001, and an exchange at the end of a trunk.
struct Scene {
    town: Town,
    citizen: Party,
    seat: Party,
    target: Party,
}

impl Scene {
    /// `last` is the last byte of the target's address: 20 is 12366, 30 and 31 the emergency trunks, 40 power.
    fn new(seed: u64, last: u8, manner: Manner) -> Self {
        let mut town = Town::new(seed);
        let target = town.trunk(last, manner);
        let (citizen, seat) = talks(&mut town);
        Self { town, citizen, seat, target }
    }

    fn all(&self) -> [Party; 3] {
        [self.citizen, self.seat, self.target]
    }

    /// Each hears both others.
    fn three(&self) -> bool {
        let all = self.all();
        all.iter().all(|me| {
            let others: Vec<Party> = all.iter().copied().filter(|p| p != me).collect();
            self.town.hears_of(*me, &all) == others
        })
    }

    #[track_caller]
    fn becomes_three(&mut self) {
        let all = self.all();
        for _ in 0..100 {
            if self.three() {
                return;
            }
            // Nobody is ever in silence on the way.
            assert_eq!(self.town.hears_of(self.citizen, &all), [self.seat], "{}", self.town.trace.join("\n"));
            self.town.runs(0.1);
        }
        panic!("{}", self.town.trace.join("\n"));
    }
}

#[test]
fn one_key_brings_the_sub_centre_in_and_the_agent_leaves() {
    let mut scene = Scene::new(1, 20, SOON);
    let (citizen, seat, target) = (scene.citizen, scene.seat, scene.target);
    scene.town.presses(seat, "*112366");
    scene.town.runs(0.5);
    assert_eq!(scene.town.hears_of(citizen, &scene.all()), [seat]);
    assert_eq!(
        (scene.town.hears_of(seat, &scene.all()), scene.town.beside(seat)),
        (vec![citizen], Some("Ringback".into()))
    );
    scene.becomes_three();
    assert_eq!(scene.town.transfers(), [(TransferResult::Joined, None)]);
    assert_eq!(scene.town.keys_heard(citizen), "", "the caller hears nothing of the code");
    // Other keys go to the one who was brought in: 12366 has menus.
    scene.town.presses(seat, "7");
    assert_eq!((scene.town.keys_heard(target), scene.town.keys_heard(citizen)), ("7".into(), String::new()));
    scene.town.presses(seat, "*2");
    scene.town.runs(1.0);
    assert!(scene.town.talk(citizen, target) && !scene.town.is_connected(seat), "{}", scene.town.trace.join("\n"));
    scene.town.hangs_up(citizen);
    scene.town.runs(1.0);
    assert!(!scene.town.is_connected(target));
    assert_eq!(scene.town.outcomes(), [Outcome::Connected]);
    scene.town.goes_home();
}

#[test]
fn the_agent_may_hang_up_once_the_target_has_joined() {
    let mut scene = Scene::new(2, 40, SOON);
    scene.town.presses(scene.seat, "*195598");
    scene.becomes_three();
    scene.town.hangs_up(scene.seat);
    scene.town.runs(1.0);
    assert!(scene.town.talk(scene.citizen, scene.target), "{}", scene.town.trace.join("\n"));
    scene.town.hangs_up(scene.target);
    scene.town.runs(1.0);
    assert!(!scene.town.is_connected(scene.citizen));
    scene.town.goes_home();
}

#[test]
fn whoever_cannot_be_had_leaves_the_caller_with_the_agent() {
    for (manner, cause) in [
        (Manner::Refuses(486), Cause::Busy),
        (Manner::Refuses(503), Cause::Congestion),
        (Manner::Refuses(603), Cause::Rejected),
        (Manner::Rings, Cause::NoAnswer),
        (Manner::Dead, Cause::Unreachable),
    ] {
        let mut scene = Scene::new(3, 20, manner);
        scene.town.presses(scene.seat, "*112366");
        let all = scene.all();
        for _ in 0..600 {
            assert_eq!(scene.town.hears_of(scene.citizen, &all), [scene.seat], "{manner:?}");
            assert_eq!(scene.town.hears_of(scene.seat, &all), [scene.citizen], "{manner:?}");
            scene.town.runs(0.05);
        }
        let transfers = scene.town.transfers();
        assert_eq!(transfers.len(), 1, "{manner:?}\n{}", scene.town.trace.join("\n"));
        assert_eq!(transfers[0].0, TransferResult::Failed);
        assert_eq!(transfers[0].1, Some(cause), "{manner:?}");
        assert!(scene.town.talk(scene.citizen, scene.seat), "payload exact again");
        // And the next target can be tried.
        scene.town.set_manner(scene.target, SOON);
        scene.town.presses(scene.seat, "*112366");
        scene.becomes_three();
        scene.town.goes_home();
    }
}

#[test]
fn a_failure_is_told_to_the_agent_alone_for_a_moment() {
    let mut scene = Scene::new(4, 20, Manner::Refuses(486));
    scene.town.presses(scene.seat, "*112366");
    assert!(scene.town.until(5, |t| t.beside(scene.seat).as_deref() == Some("Busy")));
    assert_eq!(scene.town.hears(scene.citizen), Heard::Party(scene.town.rtp(scene.seat)));
    scene.town.runs(2.0);
    assert_eq!(scene.town.beside(scene.seat), None);
    // So are a number of nobody's and a code that fits nothing.
    for keys in ["*199999#", "*2", "*3"] {
        scene.town.presses(scene.seat, keys);
        assert_eq!(scene.town.beside(scene.seat).as_deref(), Some("Congestion"), "{keys}");
        scene.town.runs(2.0);
    }
    assert!(scene.town.talk(scene.citizen, scene.seat));
    scene.town.goes_home();
}

#[test]
fn the_caller_who_hangs_up_stops_the_ringing_but_never_an_emergency() {
    let mut scene = Scene::new(5, 20, Manner::Rings);
    scene.town.presses(scene.seat, "*112366");
    scene.town.runs(2.0);
    scene.town.hangs_up(scene.citizen);
    scene.town.runs(1.0);
    assert!(!scene.town.is_connected(scene.seat) && scene.town.idle(scene.target));
    assert_eq!(scene.town.transfers(), [(TransferResult::CallerGone, None)]);
    scene.town.goes_home();

    let mut scene = Scene::new(6, 30, Manner::Answers(6_000_000));
    scene.town.presses(scene.seat, "*1110");
    scene.town.runs(2.0);
    scene.town.hangs_up(scene.citizen);
    scene.town.runs(1.0);
    assert!(scene.town.is_connected(scene.seat), "the agent stays with the emergency line");
    assert!(scene.town.until(10, |t| t.talk(scene.seat, scene.target)), "{}", scene.town.trace.join("\n"));
    scene.town.hangs_up(scene.seat);
    scene.town.runs(1.0);
    assert!(!scene.town.is_connected(scene.target));
    scene.town.goes_home();
}

#[test]
fn an_agent_who_is_lost_while_it_rings_leaves_the_caller_at_the_head_of_the_queue() {
    let mut scene = Scene::new(7, 20, Manner::Rings);
    scene.town.presses(scene.seat, "*112366");
    scene.town.runs(2.0);
    let other = scene.town.seat("8002", SOON);
    scene.town.runs(1.0);
    scene.town.hangs_up(scene.seat);
    assert!(scene.town.until(10, |t| t.talk(scene.citizen, other)), "{}", scene.town.trace.join("\n"));
    assert!(scene.town.idle(scene.target));
    assert_eq!(scene.town.transfers(), [(TransferResult::AgentGone, None)]);
    scene.town.goes_home();
}

#[test]
fn an_emergency_is_joined_by_the_caller_when_the_agent_has_gone() {
    let mut scene = Scene::new(8, 30, Manner::Answers(6_000_000));
    scene.town.presses(scene.seat, "*1119");
    scene.town.runs(2.0);
    // He hangs up for good: his phone takes no further call.
    scene.town.set_manner(scene.seat, Manner::Refuses(480));
    scene.town.hangs_up(scene.seat);
    scene.town.runs(1.0);
    assert_eq!(scene.town.beside(scene.citizen).as_deref(), Some("Ringback"));
    assert!(scene.town.until(10, |t| t.talk(scene.citizen, scene.target)), "{}", scene.town.trace.join("\n"));
    scene.town.goes_home();
}

#[test]
fn emergency_trunks_are_tried_in_order_and_all_failing_is_an_alarm() {
    let mut scene = Scene::new(9, 30, Manner::Dead);
    let second = scene.town.trunk(31, SOON);
    scene.town.presses(scene.seat, "*1120");
    scene.target = second;
    scene.becomes_three();
    scene.town.goes_home();

    let mut scene = Scene::new(10, 30, Manner::Refuses(486));
    let _second = scene.town.trunk(31, Manner::Refuses(503));
    scene.town.presses(scene.seat, "*1120");
    scene.town.runs(5.0);
    assert_eq!(scene.town.transfers().len(), 1);
    let alarm = |f: &switchboard::fact::Event| matches!(f.fact, switchboard::fact::Fact::Alarm { .. });
    assert!(scene.town.facts.iter().any(alarm));
    assert!(scene.town.talk(scene.citizen, scene.seat));
    scene.town.goes_home();
}

#[test]
fn the_caller_leaves_a_joined_talk_all_are_released_but_never_an_emergency() {
    let mut scene = Scene::new(11, 20, SOON);
    scene.town.presses(scene.seat, "*112366");
    scene.becomes_three();
    scene.town.hangs_up(scene.citizen);
    scene.town.runs(1.0);
    assert!(!scene.town.is_connected(scene.seat) && !scene.town.is_connected(scene.target));
    scene.town.goes_home();

    let mut scene = Scene::new(12, 30, SOON);
    scene.town.presses(scene.seat, "*1122");
    scene.becomes_three();
    scene.town.hangs_up(scene.citizen);
    scene.town.runs(1.0);
    assert!(scene.town.talk(scene.seat, scene.target), "{}", scene.town.trace.join("\n"));
    scene.town.hangs_up(scene.target);
    scene.town.runs(1.0);
    assert!(!scene.town.is_connected(scene.seat));
    scene.town.goes_home();
}

#[test]
fn hold_never_holds_the_conference() {
    let mut scene = Scene::new(13, 20, SOON);
    scene.town.presses(scene.seat, "*112366");
    scene.becomes_three();
    scene.town.holds(scene.seat, true);
    scene.town.runs(1.0);
    assert!(scene.town.talk(scene.citizen, scene.target), "{}", scene.town.trace.join("\n"));
    scene.town.holds(scene.seat, false);
    scene.town.runs(1.0);
    assert!(scene.three());
    scene.town.holds(scene.seat, true);
    scene.town.runs(0.5);
    scene.town.hangs_up(scene.target);
    scene.town.runs(1.0);
    assert_eq!(scene.town.hears(scene.citizen), Heard::Prompt("music/hold".into()));
    scene.town.goes_home();
}

#[test]
fn the_agent_swaps_and_goes_back() {
    let mut scene = Scene::new(14, 20, SOON);
    let all = scene.all();
    let (citizen, seat, target) = (scene.citizen, scene.seat, scene.target);
    scene.town.presses(seat, "*112366");
    scene.becomes_three();
    scene.town.presses(seat, "*4");
    assert_eq!(scene.town.hears(citizen), Heard::Prompt("music/hold".into()));
    assert!(scene.town.talk(seat, target));
    scene.town.presses(seat, "*4");
    assert!(scene.town.talk(seat, citizen));
    assert_eq!(scene.town.hears_of(target, &all), []);
    scene.town.presses(seat, "*1#");
    assert!(scene.three(), "all together");
    scene.town.presses(seat, "*0");
    scene.town.runs(1.0);
    assert!(scene.town.talk(seat, citizen) && !scene.town.is_connected(target));
    scene.town.goes_home();
}

#[test]
fn a_kept_seat_and_another_agent_are_brought_in_like_anybody() {
    for (keys, user) in [("*112348", "8051"), ("*18002", "8002")] {
        let mut scene = Scene::new(15, 20, Manner::Rings);
        let other = scene.town.seat(user, SOON);
        scene.town.runs(1.0);
        scene.target = other;
        scene.town.presses(scene.seat, keys);
        scene.becomes_three();
        scene.town.presses(scene.seat, "*2");
        scene.town.runs(1.0);
        assert!(scene.town.talk(scene.citizen, other), "{}", scene.town.trace.join("\n"));
        scene.town.goes_home();
    }
}

#[test]
fn only_the_agents_keys_are_codes() {
    let mut scene = Scene::new(16, 20, SOON);
    scene.town.presses(scene.citizen, "*112366#");
    scene.town.runs(3.0);
    assert!(scene.town.transfers().is_empty() && scene.town.idle(scene.target));
    // Nobody outside the directory can be dialled, nor a merged or pooled line, nor a stranger's number.
    for keys in ["*113800138000#", "*112333#", "*112329#", "*1059212345#"] {
        scene.town.presses(scene.seat, keys);
        scene.town.runs(3.0);
    }
    assert!(scene.town.transfers().is_empty());
    scene.town.goes_home();
}

#[test]
fn refer_from_a_seat_is_a_transfer_on_answer() {
    let mut scene = Scene::new(17, 20, SOON);
    scene.town.refers(scene.seat, "12366", false);
    assert!(scene.town.until(10, |t| t.talk(scene.citizen, scene.target)), "{}", scene.town.trace.join("\n"));
    scene.town.runs(1.0);
    assert!(!scene.town.is_connected(scene.seat));
    assert_eq!(scene.town.notified(scene.seat).last(), Some(&200));
    assert_eq!(scene.town.transfers(), [(TransferResult::Joined, None)]);
    scene.town.goes_home();
}

#[test]
fn a_phone_may_hang_up_behind_its_refer_and_a_failure_brings_the_caller_to_a_seat() {
    let mut scene = Scene::new(18, 20, Manner::Answers(4_000_000));
    scene.town.refers(scene.seat, "12366", false);
    scene.town.runs(1.0);
    scene.town.hangs_up(scene.seat);
    scene.town.runs(1.0);
    assert_eq!(scene.town.beside(scene.citizen).as_deref(), Some("Ringback"));
    assert!(scene.town.until(10, |t| t.talk(scene.citizen, scene.target)), "{}", scene.town.trace.join("\n"));
    scene.town.goes_home();

    let mut scene = Scene::new(19, 20, Manner::Rings);
    let other = scene.town.seat("8002", SOON);
    scene.town.runs(1.0);
    scene.town.refers(scene.seat, "12366", false);
    scene.town.runs(1.0);
    scene.town.set_manner(scene.seat, Manner::Dead);
    scene.town.hangs_up(scene.seat);
    assert!(scene.town.until(40, |t| t.talk(scene.citizen, other)), "{}", scene.town.trace.join("\n"));
    assert_eq!(scene.town.transfers(), [(TransferResult::Failed, Some(Cause::NoAnswer))]);
    scene.town.goes_home();
}

#[test]
fn refer_leads_nowhere_outside_the_directory_and_not_for_callers() {
    let mut scene = Scene::new(20, 20, SOON);
    for number in ["13800138000", "12333", "nobody"] {
        scene.town.refers(scene.seat, number, false);
        scene.town.runs(1.0);
    }
    scene.town.refers(scene.citizen, "12366", false);
    scene.town.runs(2.0);
    assert!(scene.town.transfers().is_empty() && scene.town.talk(scene.citizen, scene.seat));
    scene.town.goes_home();
}

#[test]
fn a_free_seat_is_added_while_an_emergency_rings_for_a_caller_whose_agent_has_gone() {
    let mut scene = Scene::new(21, 30, Manner::Answers(9_000_000));
    let other = scene.town.seat("8002", SOON);
    scene.town.runs(1.0);
    scene.town.presses(scene.seat, "*1119");
    scene.town.runs(2.0);
    scene.town.hangs_up(scene.seat);
    assert!(scene.town.until(5, |t| t.hears_of(scene.citizen, &[other]) == [other]), "{}", scene.town.trace.join("\n"));
    assert_eq!(scene.town.transfers(), [], "the emergency line rings on");
    scene.seat = other;
    scene.becomes_three();
    scene.town.presses(other, "*2");
    scene.town.runs(1.0);
    assert!(scene.town.talk(scene.citizen, scene.target));
    scene.town.goes_home();

    // The line answers first: the seat that rang is let go.
    let mut scene = Scene::new(22, 30, Manner::Answers(4_000_000));
    let other = scene.town.seat("8002", Manner::Rings);
    scene.town.runs(1.0);
    scene.town.presses(scene.seat, "*1119");
    scene.town.runs(1.0);
    scene.town.hangs_up(scene.seat);
    assert!(scene.town.until(10, |t| t.talk(scene.citizen, scene.target)), "{}", scene.town.trace.join("\n"));
    scene.town.runs(1.0);
    assert!(scene.town.idle(other));
    scene.town.goes_home();
}

#[test]
fn the_last_media_ports_are_for_emergency_lines() {
    let mut scene = Scene::new(23, 30, SOON);
    let branch = scene.town.trunk(20, SOON);
    // Callers wait until no more are taken; then their seats come and take what is left.
    for n in 0..60 {
        let waiting = scene.town.citizen(&format!("139{n:08}"));
        scene.town.dials(waiting, "12345");
        scene.town.runs(0.1);
    }
    let seats: Vec<Party> = (2..12).map(|n| scene.town.seat(&format!("80{n:02}"), Manner::Rings)).collect();
    scene.town.runs(2.0);
    assert!(seats.iter().any(|s| scene.town.rings(*s)) && seats.iter().any(|s| scene.town.idle(*s)));
    scene.town.presses(scene.seat, "*112366");
    scene.town.runs(3.0);
    assert!(scene.town.idle(branch));
    assert_eq!(scene.town.transfers(), [(TransferResult::Failed, Some(Cause::Congestion))]);
    scene.town.presses(scene.seat, "*1119");
    assert!(scene.town.until(5, |t| t.is_connected(scene.target)), "{}", scene.town.trace.join("\n"));
    scene.town.goes_home();
}
