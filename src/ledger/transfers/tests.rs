//! Chains told in facts: what becomes of the caller, how long it took, and that nobody is counted twice or not at all.

use super::*;
use crate::fact::{Outcome, Target};
use crate::id::{CallRef, GroupId};
use crate::ledger::tests::{Stream, TEN, call, ended, failed, fold, offered_to, seat, tried, trunk};
use crate::ledger::{Cdr, Fold, Settings};
use std::collections::BTreeMap;

const AGENT: LegRef = LegRef(2);
const TARGET: LegRef = LegRef(3);
/// `offered_to` names it so.
const CALLER: LegRef = LegRef(1);

fn ask(transfer: u32, to: &str, title: &str, way: Way) -> Fact {
    Fact::TransferAsked {
        transfer,
        by: AGENT,
        to: to.into(),
        title: title.into(),
        way,
        emergency: to == "119",
        ordered_by: String::new(),
        brief: Brief { reason: "社保卡".into(), location: String::new() },
    }
}

fn over(transfer: u32, result: TransferResult, cause: Option<Cause>) -> Fact {
    Fact::TransferEnded { transfer, result, cause }
}

fn left(leg: LegRef) -> Fact {
    Fact::PartyLeft { leg, cause: Cause::Normal }
}

fn hung_up(leg: LegRef, by: Party, cause: Cause) -> Fact {
    Fact::LegEnded { leg, by, cause }
}

/// A caller who talks to seat 8001 after one second.
fn talk(n: u64) -> (Stream, Option<CallRef>) {
    let (mut stream, c) = (Stream::default(), Some(call(n)));
    stream
        .at(0, c, offered_to("12345"))
        .at(0, c, tried(AGENT.0, seat("8001")))
        .at(1_000, c, Fact::LegAnswered { leg: AGENT })
        .at(1_000, c, Fact::Connected { leg: AGENT });
    (stream, c)
}

/// The same, with these facts after it, and the call's end; ms after ten o'clock.
fn chain(facts: &[(i64, Fact)], end: (i64, Outcome, Party, Cause)) -> Cdr {
    let (mut stream, c) = talk(1);
    for (at, fact) in facts {
        stream.at(*at, c, fact.clone());
    }
    stream.at(end.0, c, ended(end.1, end.2, end.3, None));
    let (mut cdrs, books) = fold(&stream.events);
    assert_eq!((cdrs.len(), books.orphans()), (1, 0));
    cdrs.remove(0)
}

const BY_CALLER: (i64, Outcome, Party, Cause) = (60_000, Outcome::Connected, Party::Caller, Cause::Normal);
const BY_SWITCH: (i64, Outcome, Party, Cause) = (60_000, Outcome::Connected, Party::Switch, Cause::Lost);

#[test]
fn a_department_that_answers_has_its_whole_chain() {
    let cdr = chain(
        &[
            (10_000, ask(1, "12366", "税务", Way::ThreeWay)),
            (10_001, tried(TARGET.0, trunk("tax", "12366"))),
            (11_500, Fact::LegRinging { leg: TARGET }),
            (11_500, Fact::TransferRinging { transfer: 1, leg: TARGET }),
            (24_999, Fact::LegAnswered { leg: TARGET }),
            (25_000, over(1, TransferResult::Joined, None)),
            (31_000, left(AGENT)),
            (50_000, hung_up(TARGET, Party::Callee, Cause::Normal)),
        ],
        BY_CALLER,
    );
    let [transfer] = &cdr.transfers[..] else { panic!("one transfer: {:?}", cdr.transfers) };
    assert_eq!((transfer.fate, transfer.target), (Some(Fate::Joined), Some(TARGET)));
    assert_eq!((transfer.ring_ms(), transfer.lasted_ms(), transfer.in_time()), (Some(15_000), Some(15_000), true));
    let at = |ms: i64| Some(TEN + ms * 1_000);
    assert_eq!((transfer.ringing, transfer.end), (at(11_500), at(25_000)));
    assert_eq!((transfer.agent_left, transfer.target_left), (at(31_000), at(50_000)));
    assert_eq!(cdr.attempts[0].end, at(31_000), "the agent's leg ended when he left");
    // As it is kept, and as a record of before is.
    let text = serde_json::to_string(&cdr).expect("json");
    assert_eq!(serde_json::from_str::<Cdr>(&text).expect("a record"), cdr);
    let mut old: serde_json::Value = serde_json::from_str(&text).expect("json");
    old.as_object_mut().expect("an object").remove("transfers");
    assert_eq!(serde_json::from_value::<Cdr>(old).expect("an old record"), Cdr { transfers: vec![], ..cdr });
}

#[test]
fn a_millisecond_after_fifteen_seconds_is_not_in_time() {
    let joined = |ms| {
        let cdr = chain(
            &[(10_000, ask(1, "12366", "税务", Way::ThreeWay)), (ms, over(1, TransferResult::Joined, None))],
            BY_CALLER,
        );
        (cdr.transfers[0].in_time(), cdr.transfers[0].ring_ms())
    };
    assert_eq!([joined(25_000), joined(25_001)], [(true, None), (false, None)], "it never rang");
}

#[test]
fn what_becomes_of_the_caller_follows_from_the_facts() {
    use TransferResult::{AgentGone, CallerGone, Cancelled, Failed, Joined};
    let ask = || (10_000, ask(1, "12366", "税务", Way::ThreeWay));
    let at = |ms: i64, fact: Fact| (ms, fact);
    let gone = || at(12_000, hung_up(AGENT, Party::Callee, Cause::Lost));
    let out = |result, cause| at(13_000, over(1, result, cause));
    let queued = || at(13_000, Fact::Queued { group: GroupId::from("main") });
    let back = |ms| at(ms, Fact::Returned { seat: Some("8001".into()), cause: Cause::Busy });
    let caller_left = || at(11_000, left(CALLER));
    let busy = || out(Failed, Some(Cause::Busy));
    for (what, facts, end, fate) in [
        ("joined", vec![ask(), out(Joined, None)], BY_SWITCH, Fate::Joined),
        ("busy, the agent is there", vec![ask(), busy()], BY_SWITCH, Fate::Returned),
        ("the agent cancels", vec![ask(), out(Cancelled, None)], BY_SWITCH, Fate::Returned),
        (
            "the agent dies, the caller is next",
            vec![ask(), gone(), out(AgentGone, None), queued()],
            BY_SWITCH,
            Fate::Returned,
        ),
        ("the agent dies, and that is all", vec![ask(), gone(), out(AgentGone, None)], BY_SWITCH, Fate::Lost),
        ("the agent dies, he gives up", vec![ask(), gone(), out(AgentGone, None)], BY_CALLER, Fate::CallerGone),
        (
            "blind, comes back after",
            vec![ask(), at(10_001, left(AGENT)), busy(), back(13_000)],
            BY_SWITCH,
            Fate::Returned,
        ),
        (
            "blind, comes back before",
            vec![ask(), at(10_001, left(AGENT)), back(12_999), busy()],
            BY_SWITCH,
            Fate::Returned,
        ),
        ("blind, comes to nobody", vec![ask(), at(10_001, left(AGENT)), busy()], BY_SWITCH, Fate::Lost),
        ("the caller hangs up", vec![ask(), out(CallerGone, None)], BY_CALLER, Fate::CallerGone),
        ("119 fails, the caller had left", vec![ask(), caller_left(), busy()], BY_SWITCH, Fate::CallerGone),
        ("119 joins, the caller had left", vec![ask(), caller_left(), out(Joined, None)], BY_SWITCH, Fate::Joined),
        ("all have left", vec![ask(), caller_left(), gone(), out(AgentGone, None)], BY_SWITCH, Fate::CallerGone),
        ("the switch ends it under way", vec![ask()], BY_SWITCH, Fate::Lost),
        ("told at the end only", vec![ask(), at(60_000, over(1, AgentGone, None))], BY_SWITCH, Fate::Lost),
        (
            "the callee ends it under way",
            vec![ask()],
            (60_000, Outcome::Connected, Party::Callee, Cause::Normal),
            Fate::Lost,
        ),
        ("forgotten, but the caller hung up", vec![ask()], BY_CALLER, Fate::CallerGone),
    ] {
        let cdr = chain(&facts, end);
        assert_eq!(cdr.transfers[0].fate, Some(fate), "{what}");
        assert!(cdr.transfers[0].end.is_some(), "{what}");
    }
}

#[test]
fn a_switch_that_dies_loses_the_caller_of_the_transfer_under_way_and_of_no_other() {
    let (mut stream, c) = talk(1);
    stream
        .at(10_000, c, ask(1, "12366", "税务", Way::ThreeWay))
        .at(12_000, c, over(1, TransferResult::Failed, Some(Cause::Busy)))
        .at(13_000, c, ask(2, "12348", "法律", Way::ThreeWay));
    let mut books = Fold::new(Settings::default());
    assert!(stream.events.iter().all(|e| books.apply(e).is_none()));
    let live: Vec<_> = books.live().flat_map(|c| c.transfers.iter().map(|t| t.fate)).collect();
    assert_eq!(live, [Some(Fate::Returned), None]);
    let owed = books.close_interrupted(TEN + 20_000_000, stream.seq + 1);
    let cdr = books.apply(&owed[0]).expect("a record");
    let fates: Vec<_> = cdr.transfers.iter().map(|t| (t.fate, t.result.is_some(), t.lasted_ms())).collect();
    assert_eq!(fates, [(Some(Fate::Returned), true, Some(2_000)), (Some(Fate::Lost), false, Some(7_000))]);
}

#[test]
fn a_leg_that_takes_anothers_place_is_the_agent_from_then_on() {
    let cdr = chain(
        &[
            (10_000, ask(1, "12366", "税务", Way::OnAnswer)),
            (11_000, Fact::LegReplaced { leg: AGENT, by: LegRef(7), target: seat("8002") }),
            (11_001, hung_up(AGENT, Party::Switch, Cause::Normal)),
            (20_000, over(1, TransferResult::Failed, Some(Cause::NoAnswer))),
        ],
        BY_SWITCH,
    );
    let transfer = &cdr.transfers[0];
    assert_eq!((transfer.by, transfer.agent_left, transfer.fate), (LegRef(7), None, Some(Fate::Returned)));
    let last = cdr.attempts.last().expect("the new leg");
    assert_eq!((last.leg, last.connected, &last.target), (LegRef(7), Some(TEN + 11_000_000), &seat("8002")));
}

#[test]
fn the_target_of_an_attended_transfer_is_the_leg_that_moved() {
    let cdr = chain(
        &[
            (10_000, ask(1, "8002", "", Way::Attended)),
            (10_000, Fact::LegMoved { leg: LegRef(5), from: call(9), target: seat("8002") }),
            (10_000, over(1, TransferResult::Joined, None)),
            (10_000, left(AGENT)),
            (10_000, Fact::Connected { leg: LegRef(5) }),
        ],
        BY_CALLER,
    );
    assert_eq!((cdr.transfers[0].target, cdr.transfers[0].fate), (Some(LegRef(5)), Some(Fate::Joined)));
    assert_eq!(
        cdr.attempts.last().map(|a| (a.answered, a.connected)),
        Some((Some(TEN + 10_000_000), Some(TEN + 10_000_000)))
    );
}

/// What a random chain was made to be, counted while it is made.
#[derive(Debug, Default, PartialEq, Eq)]
struct Count {
    asked: u64,
    answered: u64,
    in_15s: u64,
    rang: u64,
    ring_ms: u64,
    returned: u64,
    causes: BTreeMap<Reason, u64>,
    caller_gone: u64,
    lost: u64,
}

/// A generator (xorshift) whose seed is printed.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }

    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.below(of.len() as u64)).expect("small")].clone()
    }
}

/// The caller hangs up, the agent is lost, or the call ends while a transfer (number, ms, lot) is under way.
fn break_off(stream: &mut Stream, (number, at, lot): (u32, i64, u64), random: &mut Random, count: &mut Count) {
    let c = stream.events[0].call;
    let mut by = Party::Switch;
    match lot {
        4 => {
            count.caller_gone += 1;
            by = Party::Caller;
            stream.at(at, c, over(number, TransferResult::CallerGone, None));
        }
        5 => {
            stream.at(at, c, hung_up(AGENT, Party::Callee, Cause::Lost));
            stream.at(at, c, over(number, TransferResult::AgentGone, None));
            if random.below(2) == 0 {
                count.returned += 1;
                *count.causes.entry(Reason::AgentGone).or_default() += 1;
                stream.at(at, c, Fact::Queued { group: "main".into() });
            } else {
                count.lost += 1;
            }
        }
        _ => {
            by = random.one(&[Party::Caller, Party::Switch]);
            *(if by == Party::Caller { &mut count.caller_gone } else { &mut count.lost }) += 1;
        }
    }
    stream.at(at, c, ended(Outcome::Connected, by, Cause::Normal, None));
}

/// A call with up to five transfers, each of which came out by lot; what was counted goes to the department's count.
fn random_call(n: u64, random: &mut Random, counts: &mut BTreeMap<String, Count>) -> Stream {
    let (mut stream, c) = talk(n);
    let (mut at, mut leg) = (2_000, 10);
    for number in 1..=1 + u32::try_from(random.below(5)).expect("small") {
        let to = random.one(&["12366", "12348", "119", "95598"]);
        let count = counts.entry(to.into()).or_default();
        count.asked += 1;
        stream.at(at, c, ask(number, to, "x", Way::ThreeWay)).at(at, c, tried(leg, Target::Seat("8009".into())));
        let (asked, rings) = (at, random.below(3) > 0);
        at += i64::try_from(random.below(9_000)).expect("small");
        if rings {
            stream.at(at, c, Fact::TransferRinging { transfer: number, leg: LegRef(leg) });
        }
        at += i64::try_from(random.below(9_000)).expect("small");
        let lasted = u64::try_from(at - asked).expect("forwards");
        let rang = |count: &mut Count| {
            (count.rang, count.ring_ms) = (count.rang + u64::from(rings), count.ring_ms + lasted * u64::from(rings));
        };
        let back = |count: &mut Count, reason| {
            count.returned += 1;
            *count.causes.entry(reason).or_default() += 1;
        };
        match random.below(7) {
            0 | 1 => {
                rang(count);
                (count.answered, count.in_15s) = (count.answered + 1, count.in_15s + u64::from(lasted <= 15_000));
                stream.at(at, c, Fact::LegAnswered { leg: LegRef(leg) }).at(
                    at,
                    c,
                    over(number, TransferResult::Joined, None),
                );
                at += 500;
                stream.at(at, c, hung_up(LegRef(leg), Party::Callee, Cause::Normal));
            }
            2 => {
                let cause = random.one(&[Cause::Busy, Cause::NoAnswer, Cause::Unreachable, Cause::Congestion]);
                rang(count);
                back(count, Reason::Failed(cause));
                stream.at(at, c, failed(leg, cause, None)).at(at, c, over(number, TransferResult::Failed, Some(cause)));
            }
            3 => {
                back(count, Reason::Cancelled);
                stream.at(at, c, over(number, TransferResult::Cancelled, None));
            }
            lot => {
                break_off(&mut stream, (number, at, lot), random, count);
                return stream;
            }
        }
        (at, leg) = (at + 1_000, leg + 1);
    }
    stream.at(at, c, ended(Outcome::Connected, Party::Callee, Cause::Normal, None));
    stream
}

#[test]
fn random_chains_are_counted_as_by_hand() {
    for seed in 1..=200u64 {
        println!("seed {seed}");
        let (mut random, mut counts) = (Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)), BTreeMap::new());
        // Interleaved by time, as the exchange would write them.
        let mut events: Vec<_> = (0..20).flat_map(|n| random_call(n, &mut random, &mut counts).events).collect();
        events.sort_by_key(|e| (e.at, e.call));
        let (cdrs, books) = fold(&events);
        assert_eq!((cdrs.len(), books.live().count()), (20, 0));
        let mut report = Departments::default();
        cdrs.iter().flat_map(|c| &c.transfers).for_each(|t| report.add(t));
        let read: BTreeMap<String, Count> = report.iter().map(|d| (d.number.clone(), count_of(d))).collect();
        assert_eq!(read, counts);
        let total = report.total();
        assert_eq!(total.asked, counts.values().map(|c| c.asked).sum::<u64>());
        assert_eq!(total.lost, counts.values().map(|c| c.lost).sum::<u64>());
        for d in report.iter().chain([total]) {
            assert_eq!(d.asked, d.answered + d.returned + d.caller_gone + d.lost);
            assert_eq!(d.returned, d.causes.values().sum::<u64>());
        }
    }
}

fn count_of(d: &Department) -> Count {
    Count {
        asked: d.asked,
        answered: d.answered,
        in_15s: d.in_15s,
        rang: d.rang,
        ring_ms: d.ring_ms,
        returned: d.returned,
        causes: d.causes.clone(),
        caller_gone: d.caller_gone,
        lost: d.lost,
    }
}

#[test]
fn a_renamed_line_is_one_department_under_its_latest_name() {
    let mut report = Departments::default();
    let transfer = |asked_at: i64, title: &str| {
        let mut made = asked(&ask(1, "12348", title, Way::ThreeWay), asked_at).expect("asked");
        (made.fate, made.result) = (Some(Fate::Returned), Some(TransferResult::Failed));
        made
    };
    for (at, title) in [(2, "司法"), (3, "法律服务"), (1, "法律")] {
        report.add(&transfer(at, title));
    }
    let rows: Vec<_> = report.iter().map(|d| (d.title.as_str(), d.asked, d.mean_ring_ms())).collect();
    assert_eq!(rows, [("法律服务", 3, None)]);
    assert_eq!(report.total().causes, BTreeMap::from([(Reason::Unsaid, 3)]));
}
