//! The floor in sentences.

mod groups;
mod strategies;

use super::*;
use crate::clock::{MILLI, Now, SECOND};

/// A floor, its clock, and what it said in short words since it was last asked.
pub(super) struct Room {
    pub floor: Floor,
    pub now: Now,
    pub outputs: Vec<Output>,
}

pub(super) fn s(name: &str) -> SeatId {
    SeatId::from(name)
}

fn g(name: &str) -> GroupId {
    GroupId::from(name)
}

pub(super) fn group(change: impl FnOnce(&mut Group)) -> Group {
    let mut group = Group::default();
    change(&mut group);
    group
}

/// A plan whose seats serve all its groups at once, in the order given.
pub(super) fn plan(groups: &[(&str, Group)], seats: &[&str]) -> Plan {
    let mut plan = Plan::default();
    for (id, group) in groups {
        plan.groups.insert(g(id), group.clone());
    }
    for (seat, order) in seats.iter().zip(0..) {
        let mut position = Position::default();
        for (id, _) in groups {
            position.groups.insert(g(id), Membership { tier: 0, order });
        }
        plan.seats.insert(s(seat), position);
    }
    plan
}

impl Room {
    /// Everybody is at work, and became ready one second after the other.
    fn new(plan: &Plan) -> Self {
        let now = Now { mono: 0, wall: 1_639_533_600_000_000 };
        let mut room = Self { floor: Floor::new(plan.clone(), now), now, outputs: Vec::new() };
        for seat in plan.seats.keys() {
            room.passes(1);
            room.arrives(seat.as_str());
        }
        room.said();
        room
    }

    fn hub(seats: &[&str]) -> Self {
        Self::new(&plan(&[("main", Group::default())], seats))
    }

    pub fn tell(&mut self, input: Input) {
        self.floor.handle(input, self.now);
        while let Some(output) = self.floor.poll() {
            self.outputs.push(output);
        }
    }

    fn arrives(&mut self, seat: &str) {
        self.tell(Input::Register { seat: s(seat) });
        self.tell(Input::SignIn { seat: s(seat), agent: AgentId::from(format!("agent-{seat}")) });
        self.tell(Input::Ready { seat: s(seat) });
    }

    /// Time goes by as in the daemon: a tick at each deadline.
    fn passes_micros(&mut self, micros: u64) {
        let until = self.now.mono + micros;
        while let Some(at) = self.floor.deadline().filter(|at| *at <= until) {
            self.now = self.now.plus(at.saturating_sub(self.now.mono));
            self.tell(Input::Tick);
        }
        self.now = self.now.plus(until - self.now.mono);
    }

    pub fn passes(&mut self, seconds: u64) {
        self.passes_micros(seconds * SECOND);
    }

    pub fn enters(&mut self, call: u64, group: &str) {
        let entry = Entry {
            call: CallRef(call),
            group: g(group),
            class: 1,
            place: self.now.wall,
            skill: None,
            level: 1,
            sticky: None,
        };
        self.tell(Input::Enter(entry));
    }

    fn offer(&self, seat: &str) -> OfferId {
        self.floor.seat(&s(seat)).and_then(|v| v.offer).expect("an offer is out at this seat")
    }

    fn answers(&mut self, seat: &str) {
        let offer = self.offer(seat);
        self.tell(Input::Accepted { offer });
    }

    fn declines(&mut self, seat: &str) {
        let offer = self.offer(seat);
        self.tell(Input::Declined { offer, cause: Cause::Busy });
    }

    fn ends(&mut self, seat: &str, call: u64) {
        self.tell(Input::TalkEnded { seat: s(seat), call: CallRef(call) });
    }

    pub fn state(&self, seat: &str) -> String {
        self.floor.seat(&s(seat)).map_or("gone".into(), |v| v.state.to_string())
    }

    /// What happened to calls since the last question, one phrase each; seat states are left out.
    fn said(&mut self) -> Vec<String> {
        let outputs = std::mem::take(&mut self.outputs);
        let of_calls = outputs.iter().filter(|o| !matches!(o, Output::SeatChanged { .. } | Output::Queued { .. }));
        of_calls.map(short).collect()
    }
}

pub(super) fn short(output: &Output) -> String {
    match output {
        Output::Queued { call, group } => format!("{} queued in {group}", call.0),
        Output::Offer { call, seat, .. } => format!("{} to {seat}", call.0),
        Output::Withdraw { call, seat, cause, .. } => format!("{} from {seat}: {cause:?}", call.0),
        Output::Overflow { call, group, why, .. } => format!("{} leaves {group}: {why:?}", call.0),
        Output::Position { call, position, wait: Some((low, high)), .. } => {
            format!("{} is told {position}, {}-{} s", call.0, low / 1000, high.div_ceil(1000))
        }
        Output::Position { call, position, .. } => format!("{} is told {position}", call.0),
        Output::SeatChanged { seat, from, to, .. } => format!("{seat} {from} -> {to}"),
        Output::HoldExpired { seat, call } => format!("{seat} held {} too long", call.0),
    }
}

#[test]
fn a_call_goes_to_the_seat_whose_last_talk_ended_longest_ago() {
    let mut room = Room::hub(&["8001", "8002", "8003"]);
    room.enters(1, "main");
    room.answers("8001");
    room.passes(5);
    room.ends("8001", 1);
    room.enters(2, "main");
    room.enters(3, "main");
    room.enters(4, "main");
    assert_eq!(room.said(), ["1 to 8001", "2 to 8002", "3 to 8003", "4 to 8001"]);
}

#[test]
fn of_seats_idle_since_the_same_moment_the_one_with_fewer_skills_is_first() {
    let mut plan = plan(&[("main", Group::default())], &["8001", "8002"]);
    plan.seats.get_mut("8001").unwrap().skills.insert(SkillId::from("tax"), 1);
    let mut room = Room::new(&plan);
    for seat in ["8001", "8002"] {
        room.tell(Input::NotReady { seat: s(seat), reason: Reason::Break });
        room.tell(Input::Ready { seat: s(seat) });
    }
    room.enters(1, "main");
    assert_eq!(room.said(), ["1 to 8002"]);
}

#[test]
fn a_call_that_rang_out_goes_to_the_next_seat_and_then_round_again() {
    let mut room = Room::hub(&["8001", "8002", "8003"]);
    room.enters(1, "main");
    room.passes(8 * 5);
    assert_eq!(
        room.said(),
        [
            "1 to 8001",
            "1 from 8001: NoAnswer",
            "1 to 8002",
            "1 from 8002: NoAnswer",
            "1 to 8003",
            "1 from 8003: NoAnswer",
            "1 to 8001",
            "1 from 8001: NoAnswer",
            "1 to 8002",
            "1 from 8002: NoAnswer",
            "1 to 8003",
        ],
        "each seat has its turn in the second round too"
    );
}

#[test]
fn a_seat_that_comes_late_does_not_keep_an_older_one_from_its_turn() {
    let mut room = Room::hub(&["8001"]);
    room.enters(1, "main");
    room.passes(8 + 2 + 8 + 2 + 1);
    room.said();
    room.arrives("8001");
    let mut plan = plan(&[("main", Group::default())], &["8001", "8002"]);
    plan.settings.cool_down = SECOND;
    room.tell(Input::SetPlan(Box::new(plan)));
    room.arrives("8002");
    room.passes(8 * 3 - 1);
    assert_eq!(
        room.said(),
        [
            "1 from 8001: NoAnswer",
            "1 to 8002",
            "1 from 8002: NoAnswer",
            "1 to 8001",
            "1 from 8001: NoAnswer",
            "1 to 8002"
        ]
    );
}

#[test]
fn a_phone_that_refuses_everything_does_not_keep_the_floor_spinning() {
    let mut room = Room::hub(&["8001"]);
    for call in 1..=5 {
        room.enters(call, "main");
    }
    let mut offered = 0;
    for _ in 0..100 {
        if room.floor.seat(&s("8001")).is_some_and(|v| v.offer.is_some()) {
            room.declines("8001");
            offered += 1;
        }
        room.passes_micros(100 * MILLI);
    }
    assert_eq!(offered, 5, "one offer each cool-down of 2 s in 10 s");
}

#[test]
fn idle_time_is_kept_through_a_no_answer_and_reset_by_a_break() {
    let mut room = Room::hub(&["8001", "8002"]);
    room.enters(1, "main");
    room.passes(8);
    room.answers("8002");
    room.enters(2, "main");
    assert_eq!(room.said(), ["1 to 8001", "1 from 8001: NoAnswer", "1 to 8002", "2 to 8001"]);

    let mut room = Room::hub(&["8001", "8002"]);
    room.tell(Input::NotReady { seat: s("8001"), reason: Reason::Break });
    room.passes(1);
    room.tell(Input::Ready { seat: s("8001") });
    room.enters(1, "main");
    assert_eq!(room.said(), ["1 to 8002"]);
}

#[test]
fn so_many_calls_rung_out_in_a_row_set_the_seat_not_ready() {
    let mut plan = plan(&[("main", Group::default())], &["8001"]);
    plan.settings.no_answer_limit = 2;
    let mut room = Room::new(&plan);
    room.enters(1, "main");
    room.passes(8);
    assert_eq!(room.state("8001"), "ready");
    room.passes(2 + 8);
    assert_eq!(room.state("8001"), "not_ready:no_answer");
    room.tell(Input::Ready { seat: s("8001") });
    room.passes(2 + 8);
    assert_eq!(room.state("8001"), "ready", "the row begins anew");
}

#[test]
fn a_caller_who_hangs_up_is_no_longer_rung_for_and_the_seat_takes_the_next() {
    let mut room = Room::hub(&["8001"]);
    room.enters(1, "main");
    room.enters(2, "main");
    room.tell(Input::Leave { call: CallRef(1) });
    assert_eq!(room.said(), ["1 to 8001", "1 from 8001: CallerGone", "2 to 8001"]);
}

#[test]
fn an_answer_to_a_withdrawn_offer_is_stale() {
    let mut room = Room::hub(&["8001"]);
    room.enters(1, "main");
    let offer = room.offer("8001");
    room.passes(8);
    assert!(!room.floor.is_live(offer));
    for input in [Input::Accepted { offer }, Input::Ringing { offer }, Input::Declined { offer, cause: Cause::Busy }] {
        room.tell(input);
    }
    assert_eq!(room.said(), ["1 to 8001", "1 from 8001: NoAnswer"]);
    assert_eq!((room.state("8001").as_str(), room.floor.counts().stale), ("ready", 3));
}

#[test]
fn a_caller_overflows_when_the_wait_is_over_even_while_a_seat_rings() {
    let kept = group(|g| g.max_wait = Some(10 * SECOND));
    let mut room = Room::new(&plan(&[("kept.12348", kept)], &["8051", "8052"]));
    room.enters(1, "kept.12348");
    let began = room.now.mono;
    room.passes(10);
    let deadlines = room.outputs.iter().filter_map(|o| match o {
        Output::Offer { deadline, .. } => Some((deadline - began) / SECOND),
        _ => None,
    });
    assert_eq!(deadlines.collect::<Vec<_>>(), [8, 10], "no offer outlives the wait");
    assert_eq!(
        room.said(),
        [
            "1 to 8051",
            "1 from 8051: NoAnswer",
            "1 to 8052",
            "1 from 8052: WaitedLong",
            "1 leaves kept.12348: WaitedLong"
        ]
    );
    assert_eq!(room.floor.deadline(), None, "nothing is left to wait for");
}

#[test]
fn a_line_takes_as_many_as_it_may_and_those_a_seat_rings_for_do_not_count() {
    let mut room = Room::new(&plan(&[("main", group(|g| g.max_size = Some(1)))], &["8001"]));
    for call in 1..=3 {
        room.enters(call, "main");
    }
    assert_eq!(room.said(), ["1 to 8001", "3 leaves main: Congestion"]);
    assert!(room.floor.waiting(&g("main")).eq([CallRef(1), CallRef(2)]));
}

#[test]
fn where_nobody_is_signed_in_a_call_overflows_at_once() {
    let kept = group(|g| g.on_no_seats = true);
    let mut room = Room::new(&plan(&[("kept.12348", kept)], &["8051"]));
    room.tell(Input::NotReady { seat: s("8051"), reason: Reason::Break });
    room.enters(1, "kept.12348");
    assert_eq!(room.said(), [""; 0], "a break is not a sign-out");
    room.tell(Input::SignOut { seat: s("8051") });
    assert_eq!(room.said(), ["1 leaves kept.12348: NoSeat"]);
    room.enters(2, "kept.12348");
    assert_eq!(room.said(), ["2 leaves kept.12348: NoSeat"]);
    room.enters(3, "nowhere");
    assert_eq!(room.said(), ["3 leaves nowhere: NoSeat"]);
}

#[test]
fn a_caller_keeps_the_place_through_overflow_to_the_hub() {
    let kept = group(|g| g.max_wait = Some(10 * SECOND));
    let groups = [("kept.12348", kept), ("main", Group::default())];
    let mut plan = plan(&groups, &["8001", "8051"]);
    plan.seats.get_mut("8001").unwrap().groups.remove("kept.12348");
    plan.seats.get_mut("8051").unwrap().groups.remove("main");
    let mut room = Room::new(&plan);
    room.tell(Input::Occupy { seat: s("8001"), call: CallRef(99) });
    room.tell(Input::NotReady { seat: s("8051"), reason: Reason::Break });
    room.enters(1, "kept.12348");
    room.passes(5);
    room.enters(2, "main");
    room.passes(5);
    let place = room.outputs.iter().find_map(|o| match o {
        Output::Overflow { place, .. } => Some(*place),
        _ => None,
    });
    let entry = Entry {
        call: CallRef(1),
        group: g("main"),
        class: 1,
        place: place.unwrap(),
        skill: None,
        level: 1,
        sticky: None,
    };
    room.tell(Input::Enter(entry));
    room.ends("8001", 99);
    assert_eq!(room.said(), ["1 leaves kept.12348: WaitedLong", "1 to 8001"]);
}

#[test]
fn a_returned_caller_goes_before_a_new_one_whatever_the_place() {
    let mut room = Room::hub(&["8001"]);
    room.tell(Input::Occupy { seat: s("8001"), call: CallRef(99) });
    room.enters(1, "main");
    room.passes(1);
    let entry = Entry {
        call: CallRef(2),
        group: g("main"),
        class: 0,
        place: room.now.wall,
        skill: None,
        level: 1,
        sticky: None,
    };
    room.tell(Input::Enter(entry));
    room.ends("8001", 99);
    assert_eq!(room.said(), ["2 to 8001"]);
}

#[test]
fn a_seat_lost_before_it_answered_gives_the_call_to_the_next() {
    for rings in [false, true] {
        let mut room = Room::hub(&["8001", "8002"]);
        room.enters(1, "main");
        if rings {
            let offer = room.offer("8001");
            room.tell(Input::Ringing { offer });
        }
        room.tell(Input::Lost { seat: s("8001"), cause: Cause::Lost });
        assert_eq!(room.said(), ["1 to 8001", "1 from 8001: Lost", "1 to 8002"]);
        assert_eq!(room.state("8001"), "ready+lost");
        room.enters(2, "main");
        assert_eq!(room.said(), [""; 0]);
        room.tell(Input::Register { seat: s("8001") });
        assert_eq!(room.said(), ["2 to 8001"], "it was ready all the time");
    }
}

#[test]
fn a_seat_lost_while_talking_stays_in_its_talk_until_that_ends() {
    let mut room = Room::hub(&["8001"]);
    room.enters(1, "main");
    room.answers("8001");
    room.tell(Input::Lost { seat: s("8001"), cause: Cause::Lost });
    assert_eq!(room.state("8001"), "talking+lost");
    assert_eq!(room.floor.seat(&s("8001")).unwrap().state.zh(), "掉线");
    room.enters(2, "main");
    room.ends("8001", 1);
    assert_eq!((room.state("8001").as_str(), room.said()), ("ready+lost", vec!["1 to 8001".to_owned()]));
}

#[test]
fn a_break_pressed_during_a_talk_waits_for_its_end_and_a_sign_out_goes_before_it() {
    let mut room = Room::hub(&["8001"]);
    room.enters(1, "main");
    room.answers("8001");
    room.tell(Input::NotReady { seat: s("8001"), reason: Reason::Break });
    assert_eq!(room.state("8001"), "talking>break");
    room.tell(Input::SignOut { seat: s("8001") });
    assert_eq!(room.state("8001"), "talking>signed_out");
    room.tell(Input::NotReady { seat: s("8001"), reason: Reason::Break });
    assert_eq!(room.state("8001"), "talking>signed_out");
    room.ends("8001", 1);
    assert_eq!(room.state("8001"), "not_ready:signed_out");
    assert_eq!(room.floor.seat_of(&AgentId::from("agent-8001")), None);
}

#[test]
fn without_wrap_up_the_next_call_comes_at_once_with_it_after_the_time_or_when_the_agent_is_ready() {
    let mut room = Room::hub(&["8001"]);
    room.enters(1, "main");
    room.enters(2, "main");
    room.answers("8001");
    room.ends("8001", 1);
    assert_eq!(room.said(), ["1 to 8001", "2 to 8001"]);

    let mut room = Room::new(&plan(&[("main", group(|g| g.wrap_up = 20 * SECOND))], &["8001"]));
    for call in 1..=3 {
        room.enters(call, "main");
    }
    room.answers("8001");
    room.ends("8001", 1);
    room.passes(19);
    assert_eq!(room.state("8001"), "wrap_up");
    room.passes(1);
    assert_eq!(room.said(), ["1 to 8001", "2 to 8001"]);
    room.answers("8001");
    room.ends("8001", 2);
    room.tell(Input::Ready { seat: s("8001") });
    assert_eq!(room.said(), ["3 to 8001"]);
}

#[test]
fn a_break_pressed_during_the_talk_comes_after_the_wrap_up() {
    let mut room = Room::new(&plan(&[("main", group(|g| g.wrap_up = 20 * SECOND))], &["8001"]));
    room.enters(1, "main");
    room.answers("8001");
    room.tell(Input::NotReady { seat: s("8001"), reason: Reason::Break });
    room.ends("8001", 1);
    assert_eq!(room.state("8001"), "wrap_up>break");
    room.passes(20);
    assert_eq!(room.state("8001"), "not_ready:break");
}
