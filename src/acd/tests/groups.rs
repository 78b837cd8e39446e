//! Strategies, tiers, skills and weights; what the waiting are told; reloads and calls by name.

use super::*;

#[test]
fn all_seats_ring_and_one_answer_wins() {
    let all = group(|g| g.strategy = Strategy::RingAll);
    let mut room = Room::new(&plan(&[("team", all)], &["8001", "8002", "8003"]));
    room.enters(1, "team");
    let late = room.offer("8003");
    room.declines("8001");
    room.answers("8002");
    assert_eq!(room.said(), ["1 to 8001", "1 to 8002", "1 to 8003", "1 from 8003: Elsewhere"]);
    room.tell(Input::Accepted { offer: late });
    assert_eq!((room.state("8003").as_str(), room.floor.counts().stale), ("ready", 1));
}

#[test]
fn a_seat_that_becomes_ready_joins_the_ringing_of_the_first_call_in_line() {
    let all = group(|g| g.strategy = Strategy::RingAll);
    let mut room = Room::new(&plan(&[("team", all)], &["8001", "8002"]));
    room.tell(Input::NotReady { seat: s("8002"), reason: Reason::Break });
    room.enters(1, "team");
    room.enters(2, "team");
    room.tell(Input::Ready { seat: s("8002") });
    assert_eq!(room.said(), ["1 to 8001", "1 to 8002"]);
}

#[test]
fn a_linear_group_begins_with_its_first_ready_seat() {
    let linear = group(|g| g.strategy = Strategy::Linear);
    let mut plan = plan(&[("main", linear)], &["8001", "8002"]);
    plan.seats.get_mut("8001").unwrap().groups.insert(g("main"), Membership { tier: 0, order: 9 });
    let mut room = Room::new(&plan);
    room.enters(1, "main");
    room.answers("8002");
    room.ends("8002", 1);
    room.enters(2, "main");
    assert_eq!(room.said(), ["1 to 8002", "2 to 8002"]);
}

#[test]
fn a_higher_tier_serves_after_its_delay_and_a_skill_is_asked_for_until_its_time() {
    let tiers = group(|g| g.tier_delays = vec![5 * SECOND]);
    let mut plan_ = plan(&[("main", tiers)], &["8001"]);
    plan_.seats.get_mut("8001").unwrap().groups.insert(g("main"), Membership { tier: 1, order: 0 });
    let mut room = Room::new(&plan_);
    room.enters(1, "main");
    room.passes_micros(5 * SECOND - 1);
    assert_eq!(room.said(), [""; 0]);
    room.passes_micros(1);
    assert_eq!(room.said(), ["1 to 8001"]);

    let mut plan = plan(&[("main", group(|g| g.skill_wait = Some(7 * SECOND)))], &["8001", "8002"]);
    plan.seats.get_mut("8002").unwrap().skills.insert(SkillId::from("tax"), 1);
    let mut room = Room::new(&plan);
    for call in [1, 2] {
        let (place, skill) = (room.now.wall, Some(SkillId::from("tax")));
        room.tell(Input::Enter(Entry {
            call: CallRef(call),
            group: g("main"),
            class: 1,
            place,
            skill,
            level: 1,
            sticky: None,
        }));
    }
    assert_eq!(room.said(), ["1 to 8002"]);
    room.answers("8002");
    room.passes(7);
    assert_eq!(room.said(), ["2 to 8001"]);
}

#[test]
fn a_weight_chooses_between_queues_and_never_within_one() {
    let groups = [("light", Group::default()), ("heavy", group(|g| g.weight = 2))];
    let mut room = Room::new(&plan(&groups, &["8001"]));
    room.tell(Input::Occupy { seat: s("8001"), call: CallRef(99) });
    room.enters(1, "light");
    room.passes(9);
    room.enters(2, "heavy");
    room.enters(3, "heavy");
    room.passes(10);
    room.ends("8001", 99);
    room.answers("8001");
    room.ends("8001", 2);
    assert_eq!(room.said(), ["2 to 8001", "3 to 8001"], "20 against 19");
    room.declines("8001");
    room.passes(2);
    assert_eq!(room.said(), ["3 to 8001"], "24 against 21");
}

#[test]
fn the_position_is_told_on_time_with_an_honest_wait_and_not_while_a_seat_rings() {
    let told = group(|g| g.announce = Some(Announce { first: 5 * SECOND, every: 20 * SECOND }));
    let mut room = Room::new(&plan(&[("main", told)], &["8001", "8002"]));
    room.tell(Input::NotReady { seat: s("8002"), reason: Reason::Break });
    for call in 1..=5 {
        room.enters(call, "main");
        room.answers("8001");
        room.passes(60);
        room.ends("8001", call);
    }
    room.said();
    room.tell(Input::Occupy { seat: s("8001"), call: CallRef(99) });
    room.enters(6, "main");
    room.enters(7, "main");
    room.passes(25);
    assert_eq!(
        room.said(),
        ["6 is told 1, 15-117 s", "7 is told 2, 63-186 s", "6 is told 1, 15-117 s", "7 is told 2, 63-186 s"]
    );
    room.ends("8001", 99);
    room.passes(7);
    room.answers("8001");
    room.passes(13);
    assert_eq!(room.said(), ["6 to 8001", "7 is told 1, 15-117 s"]);
}

#[test]
fn nothing_is_said_about_the_wait_while_nothing_is_known() {
    let told = group(|g| g.announce = Some(Announce { first: 5 * SECOND, every: 20 * SECOND }));
    let mut room = Room::new(&plan(&[("main", told)], &["8001"]));
    room.tell(Input::Occupy { seat: s("8001"), call: CallRef(99) });
    room.enters(1, "main");
    room.passes(5);
    assert_eq!(room.said(), ["1 is told 1"]);
}

#[test]
fn a_reload_keeps_the_line_and_sends_on_those_whose_group_is_gone() {
    let groups = [("main", Group::default()), ("old", Group::default())];
    let mut room = Room::new(&plan(&groups, &["8001", "8002"]));
    room.enters(1, "main");
    room.enters(2, "old");
    for call in 3..=5 {
        room.enters(call, if call == 4 { "old" } else { "main" });
        room.passes(1);
    }
    assert_eq!(room.said(), ["1 to 8001", "2 to 8002"]);
    room.tell(Input::SetPlan(Box::new(plan(&[("main", Group::default())], &["8001", "8002", "8003"]))));
    assert_eq!(room.said(), ["4 leaves old: NoSeat"], "who rings may be answered");
    room.arrives("8003");
    assert_eq!(room.said(), ["3 to 8003"], "in the order of before");
    room.declines("8002");
    assert_eq!(room.said(), ["2 leaves old: NoSeat"]);
    assert!(room.floor.waiting(&g("main")).eq([CallRef(1), CallRef(3), CallRef(5)]));
}

#[test]
fn a_seat_that_left_the_plan_ends_its_talk_in_peace_and_its_offer_goes_elsewhere() {
    let mut room = Room::hub(&["8001", "8002", "8003"]);
    room.enters(1, "main");
    room.answers("8001");
    room.enters(2, "main");
    room.tell(Input::SetPlan(Box::new(plan(&[("main", Group::default())], &["8003"]))));
    assert_eq!(room.said(), ["1 to 8001", "2 to 8002", "2 from 8002: Unreachable", "2 to 8003"]);
    assert_eq!((room.state("8001").as_str(), room.state("8002").as_str()), ("talking>signed_out", "gone"));
    room.ends("8001", 1);
    assert_eq!(room.state("8001"), "gone");
}

#[test]
fn a_directly_dialled_seat_is_reserved_at_once_or_not_at_all() {
    let mut room = Room::hub(&["8001", "8002"]);
    let (one, two) = (CallRef(91), CallRef(92));
    let offer = room.floor.reserve(&s("8001"), one, room.now).unwrap();
    let busy = ReserveError::Busy(s("8001"), Work::Reserved);
    assert_eq!(room.floor.reserve(&s("8001"), two, room.now), Err(busy.clone()));
    assert_eq!(busy.to_string(), "seat 8001 is reserved");
    room.enters(1, "main");
    assert_eq!(room.said(), ["1 to 8002"], "no queue can have the reserved one");
    let busy = ReserveError::Busy(s("8002"), Work::Reserved);
    assert_eq!(room.floor.reserve(&s("8002"), two, room.now), Err(busy));
    room.enters(2, "main");
    room.tell(Input::Ringing { offer });
    room.tell(Input::Declined { offer, cause: Cause::Rejected });
    assert_eq!(room.said(), ["2 to 8001"], "a private refusal costs no call");
    let nowhere = room.floor.reserve(&s("7000"), two, room.now);
    assert_eq!(nowhere, Err(ReserveError::Unknown(s("7000"))));
}

#[test]
fn a_direct_call_to_a_seat_on_a_break_brings_it_back_to_its_break() {
    let mut room = Room::hub(&["8001"]);
    room.tell(Input::NotReady { seat: s("8001"), reason: Reason::Break });
    let offer = room.floor.reserve(&s("8001"), CallRef(9), room.now).unwrap();
    room.tell(Input::Accepted { offer });
    assert_eq!(room.state("8001"), "talking");
    room.ends("8001", 9);
    assert_eq!(room.state("8001"), "not_ready:break");
    let offer = room.floor.reserve(&s("8001"), CallRef(10), room.now).unwrap();
    room.passes(180);
    assert_eq!((room.said(), room.floor.is_live(offer)), (vec!["10 from 8001: NoAnswer".to_owned()], false));
    room.tell(Input::Lost { seat: s("8001"), cause: Cause::Lost });
    let lost = room.floor.reserve(&s("8001"), CallRef(11), room.now);
    assert_eq!(lost, Err(ReserveError::Unreachable(s("8001"))));
}

#[test]
fn an_agent_who_dials_while_a_call_is_on_its_way_has_the_line_and_the_caller_the_next_seat() {
    let mut room = Room::hub(&["8001", "8002"]);
    room.enters(1, "main");
    room.tell(Input::Occupy { seat: s("8001"), call: CallRef(50) });
    assert_eq!(room.said(), ["1 to 8001", "1 from 8001: Busy", "1 to 8002"]);
    assert_eq!(room.state("8001"), "talking");
}

#[test]
fn a_consulting_seat_is_held_only_when_all_its_calls_are_and_not_for_ever() {
    let mut plan = plan(&[("main", Group::default())], &["8001"]);
    plan.settings.held_limit = 30 * SECOND;
    let mut room = Room::new(&plan);
    room.enters(1, "main");
    room.answers("8001");
    let held = |call, held| Input::Held { seat: s("8001"), call: CallRef(call), held };
    room.tell(held(1, true));
    assert_eq!(room.state("8001"), "held");
    room.tell(Input::Occupy { seat: s("8001"), call: CallRef(2) });
    assert_eq!(room.state("8001"), "talking");
    room.ends("8001", 2);
    assert_eq!(room.state("8001"), "held");
    room.passes(30);
    assert_eq!(room.said(), ["1 to 8001", "8001 held 1 too long"]);
    assert_eq!(room.state("8001"), "talking");
}

#[test]
fn an_agent_sits_in_one_place() {
    let mut room = Room::hub(&["8001", "8002", "8003"]);
    room.enters(1, "main");
    room.answers("8001");
    room.tell(Input::SignOut { seat: s("8003") });
    room.tell(Input::SignIn { seat: s("8003"), agent: AgentId::from("agent-8001") });
    // Nor does he leave a talk by sitting down elsewhere.
    assert_eq!((room.state("8001").as_str(), room.state("8003").as_str()), ("talking", "not_ready:signed_out"));
    room.ends("8001", 1);
    room.tell(Input::SignIn { seat: s("8003"), agent: AgentId::from("agent-8001") });
    assert_eq!(room.floor.seat_of(&AgentId::from("agent-8001")), Some(&s("8003")));
    room.tell(Input::SignIn { seat: s("8003"), agent: AgentId::from("agent-8002") });
    assert_eq!(
        (room.state("8002").as_str(), room.floor.seat_of(&AgentId::from("agent-8001"))),
        ("not_ready:signed_out", None)
    );
}
