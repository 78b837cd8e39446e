//! Who of the free gets the call: each strategy, levels of skill, persons, and whom the caller knows.

use super::*;
use std::collections::BTreeMap;

fn hall(strategy: Strategy, seats: &[&str]) -> Room {
    Room::new(&plan(&[("main", group(|g| g.strategy = strategy))], seats))
}

/// Seats that get calls 1 to `calls`, each answered at once and talking as long as `talk` says, s, before the next comes.
fn served(room: &mut Room, calls: u64, talk: impl Fn(u64) -> u64) -> Vec<String> {
    (1..=calls)
        .map(|call| {
            room.enters(call, "main");
            let said = room.said();
            let [only] = said.as_slice() else { panic!("{said:?}") };
            let seat = only.split(' ').next_back().unwrap().to_owned();
            room.answers(&seat);
            room.passes(talk(call));
            room.ends(&seat, call);
            seat
        })
        .collect()
}

#[test]
fn round_robin_goes_on_behind_the_last_whoever_is_idle_longest() {
    let mut room = hall(Strategy::RoundRobin, &["8001", "8002", "8003"]);
    assert_eq!(served(&mut room, 4, |_| 5), ["8001", "8002", "8003", "8001"]);
    // Who is away is passed over, and nobody's turn comes twice for it.
    room.tell(Input::NotReady { seat: s("8002"), reason: Reason::Break });
    assert_eq!(served(&mut room, 3, |_| 5), ["8003", "8001", "8003"]);
}

#[test]
fn fewest_calls_counts_answers_since_the_sign_in() {
    let mut room = hall(Strategy::FewestCalls, &["8001", "8002"]);
    assert_eq!(served(&mut room, 4, |_| 5), ["8001", "8002", "8001", "8002"]);
    room.tell(Input::SignOut { seat: s("8002") });
    assert_eq!(served(&mut room, 2, |_| 5), ["8001", "8001"]);
    room.arrives("8002");
    assert_eq!(served(&mut room, 4, |_| 5), ["8002"; 4], "a new shift");
}

#[test]
fn least_talk_time_counts_seconds() {
    let mut room = hall(Strategy::LeastTalk, &["8001", "8002"]);
    assert_eq!(served(&mut room, 5, |call| if call == 1 { 100 } else { 30 }), ["8001", "8002", "8002", "8002", "8002"]);
    assert_eq!(served(&mut room, 1, |_| 1), ["8001"], "100 s against 120");
}

#[test]
fn random_gives_each_its_share() {
    let mut room = hall(Strategy::Random, &["8001", "8002", "8003", "8004"]);
    let mut counts: BTreeMap<String, i64> = BTreeMap::new();
    let calls = 4_000;
    for seat in served(&mut room, calls, |_| 1) {
        *counts.entry(seat).or_default() += 1;
    }
    // Chi-square with 3 degrees of freedom: above 16.3 once in a thousand.
    let expected = i64::try_from(calls).unwrap() / 4;
    let square: i64 = counts.values().map(|n| (n - expected) * (n - expected)).sum();
    assert!(square <= 16 * expected, "{counts:?}");
}

/// Two who speak English, well and a little, and one who does not.
fn languages(strategy: Strategy, skill_wait: Option<u64>) -> Room {
    let group = group(|g| (g.strategy, g.skill_wait) = (strategy, skill_wait));
    let mut plan = plan(&[("main", group)], &["8001", "8002", "8003"]);
    plan.seats.get_mut("8001").unwrap().skills.insert(SkillId::from("en"), 2);
    plan.seats.get_mut("8002").unwrap().skills.insert(SkillId::from("en"), 5);
    Room::new(&plan)
}

fn asks(room: &mut Room, call: u64, level: u8) {
    let skill = Some(SkillId::from("en"));
    let (group, place) = (g("main"), room.now.wall);
    room.tell(Input::Enter(Entry { call: CallRef(call), group, class: 1, place, skill, level, sticky: None }));
}

#[test]
fn the_best_skilled_comes_first_and_a_level_keeps_the_others_away() {
    let mut room = languages(Strategy::BestSkilled, None);
    asks(&mut room, 1, 1);
    assert_eq!(room.said(), ["1 to 8002"]);
    asks(&mut room, 2, 3);
    assert_eq!(room.said(), [""; 0], "8001 is not good enough");
    asks(&mut room, 3, 2);
    assert_eq!(room.said(), ["3 to 8001"]);
}

#[test]
fn what_is_asked_for_widens_level_by_level_while_the_caller_waits() {
    let mut room = languages(Strategy::LongestIdle, Some(5 * SECOND));
    room.tell(Input::NotReady { seat: s("8002"), reason: Reason::Break });
    asks(&mut room, 1, 4);
    room.passes(9);
    assert_eq!(room.said(), [""; 0]);
    room.passes(1);
    assert_eq!(room.said(), ["1 to 8001"], "level 2 after twice five seconds");
    room.answers("8001");
    asks(&mut room, 2, 2);
    room.passes(9);
    assert_eq!(room.said(), [""; 0], "level 1 after five");
    room.passes(1);
    assert_eq!(room.said(), ["2 to 8003"], "and then anybody");
}

#[test]
fn a_caller_gets_whom_he_knows_if_he_is_free_for_ten_seconds_at_most() {
    let long = group(|g| g.ring_time = 30 * SECOND);
    let mut room = Room::new(&plan(&[("main", long)], &["8001", "8002"]));
    let knows = |room: &mut Room, call, agent: &str| {
        let (group, place, sticky) = (g("main"), room.now.wall, Some(AgentId::from(agent)));
        let entry = Entry { call: CallRef(call), group, class: 1, place, skill: None, level: 1, sticky };
        room.tell(Input::Enter(entry));
    };
    knows(&mut room, 1, "agent-8002");
    assert_eq!(room.said(), ["1 to 8002"], "not the longest idle");
    room.passes(10);
    assert_eq!(room.said(), ["1 from 8002: NoAnswer", "1 to 8001"]);
    room.answers("8001");
    knows(&mut room, 2, "agent-8001");
    assert_eq!(room.said(), ["2 to 8002"], "he is not waited for");
}

#[test]
fn a_person_serves_his_groups_wherever_he_sits_and_the_seat_its_own_when_he_has_gone() {
    let mut plan = plan(&[("main", Group::default()), ("tax", Group::default())], &[]);
    let serves = |groups: &[&str]| Position {
        groups: groups.iter().map(|id| (g(id), Membership::default())).collect(),
        skills: BTreeMap::new(),
    };
    plan.seats.insert(s("8001"), serves(&["main"]));
    plan.agents.insert(AgentId::from("li"), serves(&["tax"]));
    plan.agents.insert(AgentId::from("wang"), Position { skills: [(SkillId::from("en"), 3)].into(), ..serves(&[]) });
    let mut room = Room::new(&plan);
    room.tell(Input::SignOut { seat: s("8001") });
    let sits = |room: &mut Room, agent: &str| {
        room.tell(Input::SignIn { seat: s("8001"), agent: AgentId::from(agent) });
        room.tell(Input::Ready { seat: s("8001") });
        room.said();
    };
    sits(&mut room, "li");
    room.enters(1, "main");
    assert_eq!(room.said(), [""; 0]);
    room.enters(2, "tax");
    assert_eq!(room.said(), ["2 to 8001"]);
    room.answers("8001");
    room.ends("8001", 2);
    sits(&mut room, "wang");
    room.tell(Input::Leave { call: CallRef(1) });
    room.said();
    asks(&mut room, 3, 3);
    assert_eq!(room.said(), ["3 to 8001"], "his skills, in the seat's groups");
}

#[test]
fn longer_paperwork_counts_from_the_key_or_from_the_talks_end() {
    let mut room = Room::hub(&["8001"]);
    room.tell(Input::WrapUp { seat: s("8001") });
    room.passes(119);
    assert_eq!(room.state("8001"), "wrap_up");
    room.passes(1);
    assert_eq!(room.state("8001"), "ready");
    room.enters(1, "main");
    room.answers("8001");
    room.tell(Input::WrapUp { seat: s("8001") });
    room.passes(200);
    room.ends("8001", 1);
    room.passes(119);
    assert_eq!(room.state("8001"), "wrap_up");
    room.passes(1);
    assert_eq!(room.state("8001"), "ready");
}

#[test]
fn a_seat_that_was_silent_is_ready_again_after_its_time_or_at_a_sign_and_keeps_its_idle_time() {
    let mut plan = plan(&[("main", Group::default())], &["8001"]);
    (plan.settings.no_answer_limit, plan.settings.no_answer_rest) = (1, 60 * SECOND);
    let mut room = Room::new(&plan);
    let idle = room.floor.seat(&s("8001")).unwrap().idle_since;
    room.enters(1, "main");
    room.passes(8);
    assert_eq!(room.state("8001"), "not_ready:no_answer");
    room.passes(59);
    assert_eq!(room.state("8001"), "not_ready:no_answer");
    room.passes(1);
    assert_eq!(room.state("8001"), "reserved");
    assert_eq!(room.floor.seat(&s("8001")).unwrap().idle_since, idle);
    room.passes(8);
    assert_eq!(room.state("8001"), "not_ready:no_answer");
    // He makes a call of his own: he is there.
    room.tell(Input::Leave { call: CallRef(1) });
    room.tell(Input::Occupy { seat: s("8001"), call: CallRef(9) });
    room.ends("8001", 9);
    assert_eq!(room.state("8001"), "ready");
}

#[test]
fn why_a_call_waits_is_told_seat_by_seat_in_the_order_of_their_turns() {
    let mut room = languages(Strategy::LongestIdle, None);
    room.tell(Input::NotReady { seat: s("8003"), reason: Reason::Break });
    asks(&mut room, 1, 3);
    room.answers("8002");
    asks(&mut room, 2, 3);
    let why = room.floor.why(CallRef(2), room.now).unwrap();
    assert_eq!((why.position, why.asks, why.tier), (1, Some((SkillId::from("en"), 3)), 0));
    let seats: Vec<_> = why.seats.iter().map(|(seat, lacks)| (seat.as_str(), lacks.clone())).collect();
    assert_eq!(seats, [("8002", Lacks::Busy), ("8001", Lacks::Skill), ("8003", Lacks::Away)]);
    assert_eq!(room.floor.why(CallRef(1), room.now), None, "it has somebody");
}
