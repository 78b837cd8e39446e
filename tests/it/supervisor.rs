//! 班长: listen, whisper, barge, take over; and what an agent's talk can be told by the API: hold, mute.

use crate::support::city;
use crate::support::graph::Heard;
use crate::support::scenes::{SOON, talks};
use crate::support::town::{Manner, Party, Town};
use crate::support::wire::Weather;
use switchboard::call::Conflict;
use switchboard::exchange::{Answer, Command, Role, Settings, Verb};
use switchboard::fact::{Cause, Fact, Supervision, TransferResult, Way};
use switchboard::sip::flow::Flow;

/// A citizen who talks to seat 8001; the supervisor's desk is 8049.
struct Floor {
    town: Town,
    citizen: Party,
    seat: Party,
    chief: Party,
}

impl Floor {
    fn new(seed: u64) -> Self {
        let mut town = Town::new(seed);
        let (citizen, seat) = talks(&mut town);
        let chief = town.seat("8049", SOON);
        town.runs(1.0);
        Self { town, citizen, seat, chief }
    }

    fn supervise(&mut self, seat: &str, mode: Supervision) -> Answer {
        let call = self.town.the_call().call;
        let (by, why) = ("monitor".to_owned(), "质检".to_owned());
        self.town.asks(Command::Supervise { call, seat: seat.into(), mode, by, why, granted: false })
    }

    /// Whom each hears: citizen, seat, chief.
    fn hears(&self) -> [Vec<Party>; 3] {
        let all = [self.citizen, self.seat, self.chief];
        all.map(|who| self.town.hears_of(who, &all))
    }
}

#[test]
fn a_supervisor_is_heard_by_whom_he_chose_only() {
    let mut f = Floor::new(1);
    let (citizen, seat, chief) = (f.citizen, f.seat, f.chief);
    assert_eq!(f.supervise("8049", Supervision::Listen), Answer::Done);
    // While his phone rings nothing changes.
    f.town.runs(0.5);
    assert!(f.town.talk(citizen, seat));
    f.town.runs(1.0);
    assert!(f.town.talk(citizen, seat), "the two stay relayed");
    assert_eq!(f.hears(), [vec![seat], vec![citizen], vec![citizen, seat]]);
    assert_eq!(f.town.callers_shown(chief).len(), 1);
    assert!(f.town.callers_shown(chief)[0].contains("监听"), "{:?}", f.town.callers_shown(chief));

    assert_eq!(f.supervise("8049", Supervision::Whisper), Answer::Done);
    assert_eq!(f.hears(), [vec![seat], vec![citizen, chief], vec![citizen, seat]]);
    assert_eq!(f.supervise("8049", Supervision::Barge), Answer::Done);
    assert_eq!(f.hears(), [vec![seat, chief], vec![citizen, chief], vec![citizen, seat]]);
    assert_eq!(f.supervise("8049", Supervision::Barge), Answer::Conflict { why: Conflict::Already });
    assert_eq!(f.supervise("8049", Supervision::TakeOver), Answer::Done);
    f.town.runs(1.0);
    assert!(f.town.talk(citizen, chief) && !f.town.is_connected(seat), "{}", f.town.trace.join("\n"));

    let told = f.town.facts.iter().filter_map(|e| match &e.fact {
        Fact::Supervised { mode, who, why, .. } => Some((*mode, who.as_str(), why.as_str())),
        _ => None,
    });
    let told: Vec<_> = told.collect();
    let modes = [Supervision::Listen, Supervision::Whisper, Supervision::Barge, Supervision::TakeOver];
    assert_eq!(told, modes.map(|mode| (mode, "monitor", "质检")));
    f.town.hangs_up(citizen);
    f.town.runs(1.0);
    assert!(f.town.idle(chief));
    f.town.goes_home();
}

#[test]
fn a_supervisor_who_goes_leaves_the_talk_as_it_was() {
    for (mode, by_order) in [(Supervision::Whisper, false), (Supervision::Barge, true)] {
        let mut f = Floor::new(2);
        f.supervise("8049", mode);
        f.town.runs(2.0);
        if by_order {
            assert_eq!(f.town.orders(Verb::Dismiss), Answer::Done);
        } else {
            f.town.hangs_up(f.chief);
        }
        f.town.runs(1.0);
        assert!(f.town.talk(f.citizen, f.seat) && f.town.idle(f.chief));
        assert_eq!(f.town.orders(Verb::Dismiss), Answer::Conflict { why: Conflict::Nobody });
        f.town.goes_home();
    }
}

#[test]
fn only_a_supervisor_of_the_group_may_and_only_on_a_free_phone() {
    let mut f = Floor::new(3);
    let _agent = f.town.seat("8002", SOON);
    f.town.runs(1.0);
    assert_eq!(f.supervise("8002", Supervision::Listen), Answer::Forbidden);
    assert_eq!(f.supervise("8777", Supervision::Listen), Answer::Forbidden);
    f.town.dials(f.chief, "8002");
    f.town.runs(3.0);
    let calls = f.town.asks(Command::Calls);
    let Answer::Calls { calls } = calls else { panic!() };
    let call = calls.iter().find(|c| c.dialled == "12345").unwrap().call;
    let listen = Command::Supervise {
        call,
        seat: "8049".into(),
        mode: Supervision::Listen,
        by: String::new(),
        why: "x".into(),
        granted: false,
    };
    assert_eq!(f.town.asks(listen), Answer::Conflict { why: Conflict::SeatBusy });
    assert!(f.town.talk(f.citizen, f.seat));
    f.town.goes_home();
}

#[test]
fn a_supervisor_whose_phone_does_not_answer_is_forgotten() {
    for manner in [Manner::Rings, Manner::Refuses(486), Manner::Dead] {
        let mut f = Floor::new(4);
        f.town.set_manner(f.chief, manner);
        assert_eq!(f.supervise("8049", Supervision::Barge), Answer::Done);
        for _ in 0..40 {
            f.town.runs(1.0);
            assert!(f.town.talk(f.citizen, f.seat), "{manner:?}");
        }
        assert_eq!(f.town.the_call().parties.len(), 2, "{manner:?}\n{}", f.town.trace.join("\n"));
        f.town.goes_home();
    }
}

#[test]
fn a_supervisor_goes_when_the_caller_returns_to_the_queue_or_hangs_up() {
    let mut f = Floor::new(5);
    f.supervise("8049", Supervision::Listen);
    f.town.runs(2.0);
    // The agent's phone is found dead: the caller is served next, by whoever is free.
    f.town.set_manner(f.seat, Manner::Dead);
    f.town.falls_silent(f.seat);
    f.town.runs(5.0);
    assert!(!f.town.talk(f.citizen, f.seat), "{}", f.town.trace.join("\n"));
    assert!(f.town.until(10, |t| t.talk(f.citizen, f.chief)), "he is a seat of the group too");
    f.town.goes_home();
}

#[test]
fn silence_alone_is_no_death() {
    let mut f = Floor::new(6);
    for _ in 0..3 {
        f.town.falls_silent(f.seat);
        f.town.falls_silent(f.citizen);
        f.town.runs(5.0);
        assert!(f.town.talk(f.citizen, f.seat), "it answers OPTIONS");
    }
    // One that holds may be silent as long as it likes, whether it answers or not.
    f.town.holds(f.seat, true);
    f.town.runs(1.0);
    f.town.falls_silent(f.seat);
    f.town.runs(5.0);
    assert_eq!(f.town.hears(f.citizen), Heard::Prompt("music/hold".into()));
    f.town.goes_home();
}

/// A far end without media, such as a load tester's, is no dead one; it is asked after a minute all the same.
#[test]
fn one_who_has_never_spoken_is_asked_after_a_minute() {
    let mut f = Floor::new(15);
    let at = f.town.address(f.citizen);
    let asked = |f: &Floor| {
        let to_him = |(flow, bytes): &&(Flow, bytes::Bytes)| flow.peer == at && bytes.starts_with(b"OPTIONS ");
        f.town.sent.iter().filter(to_him).count()
    };
    for _ in 0..11 {
        f.town.says_nothing(f.citizen);
        f.town.runs(5.0);
    }
    assert_eq!(asked(&f), 0);
    f.town.says_nothing(f.citizen);
    f.town.runs(1.0);
    assert_eq!(asked(&f), 1);
    assert!(f.town.talk(f.citizen, f.seat));
    f.town.goes_home();
}

#[test]
fn a_dead_caller_ends_the_call_and_frees_the_seat() {
    let mut f = Floor::new(7);
    f.town.set_manner(f.citizen, Manner::Dead);
    f.town.falls_silent(f.citizen);
    f.town.runs(6.0);
    assert!(f.town.idle(f.seat), "{}", f.town.trace.join("\n"));
    f.town.goes_home();
}

#[test]
fn the_api_holds_resumes_and_mutes() {
    let mut f = Floor::new(8);
    assert_eq!(f.town.orders(Verb::Resume), Answer::Conflict { why: Conflict::Already });
    assert_eq!(f.town.orders(Verb::Hold), Answer::Done);
    assert_eq!(f.town.hears(f.citizen), Heard::Prompt("music/hold".into()));
    assert_eq!(f.town.hears(f.seat), Heard::Mix(vec![]), "his phone is sent silence");
    let row = f.town.the_call();
    let agent = row.parties.iter().find(|p| p.role == Role::Agent).unwrap();
    assert!(agent.held && agent.answered && agent.who == "8001");
    assert_eq!(f.town.orders(Verb::Resume), Answer::Done);
    assert!(f.town.talk(f.citizen, f.seat));
    assert_eq!(f.town.orders(Verb::Mute), Answer::Done);
    assert_eq!(f.town.hears(f.citizen), Heard::Mix(vec![]));
    assert_eq!(f.town.hears_of(f.seat, &[f.citizen]), [f.citizen]);
    assert_eq!(f.town.orders(Verb::Unmute), Answer::Done);
    assert!(f.town.talk(f.citizen, f.seat));
    // A caller on hold who hangs up: everyone is told at once.
    f.town.orders(Verb::Hold);
    f.town.hangs_up(f.citizen);
    f.town.runs(0.1);
    assert!(f.town.idle(f.seat));
    f.town.goes_home();
}

#[test]
fn a_blind_transfer_leaves_the_agent_free_and_joins_caller_and_target() {
    let mut f = Floor::new(9);
    let target = f.town.trunk(20, Manner::Answers(3_000_000));
    assert_eq!(f.town.transfers_to("12366", Way::Blind), Answer::Asked { transfer: 1 });
    f.town.runs(1.0);
    assert!(f.town.idle(f.seat));
    assert_eq!(f.town.beside(f.citizen).as_deref(), Some("Ringback"));
    assert!(f.town.until(5, |t| t.talk(f.citizen, target)), "{}", f.town.trace.join("\n"));
    assert_eq!(f.town.transfers(), [(TransferResult::Joined, None)]);
    f.town.goes_home();
}

#[test]
fn a_blind_transfer_that_fails_comes_back_to_the_agent_with_the_reason_or_to_the_queue() {
    for (manner, cause, word) in [
        (Manner::Refuses(486), Cause::Busy, "忙"),
        (Manner::Rings, Cause::NoAnswer, "无人接听"),
        (Manner::Dead, Cause::Unreachable, "无法接通"),
    ] {
        let mut f = Floor::new(10);
        let _target = f.town.trunk(20, manner);
        f.town.transfers_to("12366", Way::Blind);
        f.town.runs(0.5);
        assert!(f.town.until(40, |t| t.talk(f.citizen, f.seat)), "{manner:?}\n{}", f.town.trace.join("\n"));
        assert_eq!(f.town.transfers(), [(TransferResult::Failed, Some(cause))]);
        let shown = f.town.callers_shown(f.seat).last().unwrap();
        assert!(shown.contains("退回") && shown.contains("12366") && shown.contains(word), "{shown}");
        f.town.goes_home();
    }
    // The agent has another call by then, or his phone is off: the head of the queue.
    let mut f = Floor::new(11);
    let _target = f.town.trunk(20, Manner::Rings);
    f.town.transfers_to("12366", Way::Blind);
    f.town.runs(0.5);
    f.town.set_manner(f.seat, Manner::Refuses(480));
    assert!(f.town.until(60, |t| t.talk(f.citizen, f.chief)), "{}", f.town.trace.join("\n"));
    f.town.goes_home();
}

#[test]
fn nobody_is_transferred_blindly_to_an_emergency_number() {
    let mut f = Floor::new(12);
    let _fire = f.town.trunk(30, Manner::Answers(2_000_000));
    f.town.transfers_to("119", Way::Blind);
    f.town.runs(1.0);
    assert!(f.town.talk(f.citizen, f.seat) || f.town.hears_of(f.citizen, &[f.seat]) == [f.seat]);
    let row = f.town.the_call();
    assert_eq!((row.transfers[0].way, row.transfers[0].to.as_str()), (Way::ThreeWay, "119"));
    f.town.goes_home();
}

#[test]
fn what_the_target_is_told_travels_with_the_call() {
    let mut f = Floor::new(13);
    let _target = f.town.trunk(20, SOON);
    f.town.transfers_to("12366", Way::ThreeWay);
    f.town.runs(0.1);
    let invite = f.town.sent.iter().rev().map(|(_, b)| String::from_utf8_lossy(b).into_owned());
    let invite = invite.into_iter().find(|m| m.starts_with("INVITE sip:12366@127.0.0.20")).unwrap();
    let line = invite.lines().find(|l| l.starts_with("User-to-User: 00")).expect("User-to-User");
    let hex = &line["User-to-User: 00".len()..line.find(';').unwrap()];
    let bytes: Vec<u8> = (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()).collect();
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.starts_with("d=12345;a=8001;t="), "{text}");
    assert!(text.ends_with(";c=13900000001;r=煤气泄漏;l=五四路 1 号"), "{text}");
    assert!(invite.contains("P-Asserted-Identity: <sip:13900000001@"), "{invite}");
    assert!(invite.contains("History-Info: <sip:12345@"), "{invite}");
    f.town.goes_home();
}

#[test]
fn a_transfer_is_followed_in_the_list_of_calls() {
    let mut f = Floor::new(14);
    let _target = f.town.trunk(20, Manner::Refuses(486));
    assert_eq!(f.town.transfers_to("13800138000", Way::ThreeWay), Answer::NotReachable);
    assert_eq!(f.town.transfers_to("12366", Way::ThreeWay), Answer::Asked { transfer: 1 });
    assert_eq!(f.town.transfers_to("12360", Way::ThreeWay), Answer::Conflict { why: Conflict::Busy });
    f.town.runs(1.0);
    let row = f.town.the_call();
    assert_eq!((row.transfers[0].result, row.transfers[0].cause), (Some(TransferResult::Failed), Some(Cause::Busy)));
    assert_eq!(f.town.transfers_to("12360", Way::ThreeWay), Answer::Asked { transfer: 2 });
    f.town.runs(0.5);
    assert_eq!(f.town.orders(Verb::Leave), Answer::Conflict { why: Conflict::Busy });
    assert_eq!(f.town.orders(Verb::Cancel), Answer::Done);
    assert_eq!(f.town.the_call().transfers[1].result, Some(TransferResult::Cancelled));
    f.town.goes_home();
}

#[test]
fn the_target_is_told_who_comes_before_it_joins_and_an_emergency_line_is_not() {
    let told = || Settings { whisper: Some("recording-notice".into()), ..city::settings() };
    for way in [Way::ThreeWay, Way::OnAnswer, Way::Blind] {
        let mut town = Town::with("2021-12-15T10:00", 16, Weather::FINE, told());
        let (citizen, seat) = talks(&mut town);
        let target = town.trunk(20, SOON);
        town.transfers_to("12366", way);
        assert!(town.until(5, |t| t.is_connected(target)));
        town.runs(1.0);
        assert_eq!(town.hears(target), Heard::Prompt("recording-notice".into()));
        assert_ne!(town.hears(citizen), Heard::Nothing);
        let alone = way == Way::Blind;
        assert_eq!(town.hears_of(citizen, &[seat, target]), if alone { vec![] } else { vec![seat] }, "{way:?}");
        assert!(town.until(30, |t| t.hears_of(target, &[citizen]) == [citizen]), "{way:?}\n{}", town.trace.join("\n"));
        town.runs(0.5);
        assert_eq!(town.talk(citizen, target), way != Way::ThreeWay, "{way:?}");
        assert_eq!(town.was_played(target)[..4], ["recording-notice", "number/yao", "number/2", "number/3"]);
        town.goes_home();
    }
    // It hangs up while it is told: the caller is with the agent, or comes back to him.
    for way in [Way::ThreeWay, Way::Blind] {
        let mut town = Town::with("2021-12-15T10:00", 17, Weather::FINE, told());
        let (citizen, seat) = talks(&mut town);
        let target = town.trunk(20, SOON);
        town.transfers_to("12366", way);
        assert!(town.until(5, |t| t.is_connected(target)));
        town.runs(0.5);
        town.hangs_up(target);
        assert!(town.until(10, |t| t.talk(citizen, seat)), "{way:?}\n{}", town.trace.join("\n"));
        town.goes_home();
    }
    let mut town = Town::with("2021-12-15T10:00", 18, Weather::FINE, told());
    let (citizen, seat) = talks(&mut town);
    let fire = town.trunk(30, SOON);
    town.transfers_to("119", Way::ThreeWay);
    assert!(town.until(5, |t| t.hears_of(fire, &[citizen, seat]) == [citizen, seat]));
    assert!(town.was_played(fire).is_empty());
    town.goes_home();
}
