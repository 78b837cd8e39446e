//! Stories told in facts, and the records they must give.

use super::print::{live, show, table};
use super::service_level::{Figures, judged, offered};
use super::*;
use crate::fact::Lang;
use crate::fact::{Cause, Event, Fact, How, Origin, Outcome, Party, SCHEMA, Service, Target};
use crate::id::{CallRef, LegRef};
use std::fmt::Write as _;

/// 2021-12-15 10:00:00 in Asia/Shanghai, µs.
pub(crate) const TEN: i64 = 1_639_533_600_000_000;

/// A stream of facts under way.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    pub events: Vec<Event>,
    pub seq: u64,
}

impl Stream {
    /// Adds a fact `ms` after ten o'clock.
    pub(crate) fn at(&mut self, ms: i64, call: Option<CallRef>, fact: Fact) -> &mut Self {
        self.seq += 1;
        self.events.push(Event { v: SCHEMA, seq: self.seq, at: TEN + ms * 1_000, call, fact });
        self
    }
}

/// Distinct references, also beyond the 1,024 that one microsecond's counter tells apart.
pub(crate) fn call(n: u64) -> CallRef {
    CallRef(CallRef::mint(TEN, n).0 + (n >> 10 << 10))
}

pub(crate) fn offered_to(dialled: &str) -> Fact {
    Fact::CallOffered {
        leg: LegRef(1),
        origin: Origin::Trunk("carrier".into()),
        caller: "13900000001".to_owned(),
        caller_shown: true,
        dialled: dialled.to_owned(),
        to: format!("sip:{dialled}@192.0.2.1"),
        call_id: "a84b4c76e66710@198.51.100.7".to_owned(),
        source: "198.51.100.7:5060".to_owned(),
    }
}

pub(crate) fn ended(outcome: Outcome, by: Party, cause: Cause, status: Option<u16>) -> Fact {
    Fact::CallEnded { outcome, by, cause, status }
}

fn routed(entry: &str, title: &str, service: Service, state: &str) -> Fact {
    let (entry, title) = (entry.to_owned(), title.to_owned());
    Fact::CallRouted { entry, title, service, state: state.to_owned(), plan: "7".to_owned() }
}

pub(crate) fn tried(leg: u32, target: Target) -> Fact {
    Fact::LegTried { leg: LegRef(leg), target, agent: None }
}

pub(crate) fn seat(seat: &str) -> Target {
    Target::Seat(seat.into())
}

pub(crate) fn trunk(trunk: &str, number: &str) -> Target {
    Target::Trunk { trunk: trunk.into(), number: number.to_owned() }
}

pub(crate) fn failed(leg: u32, cause: Cause, status: Option<u16>) -> Fact {
    Fact::LegFailed { leg: LegRef(leg), cause, status }
}

/// A merged line: transition prompt, queue, a seat that lets it ring, one that answers.
fn transition(stream: &mut Stream, call: CallRef) {
    let c = Some(call);
    stream
        .at(0, c, offered_to("12333"))
        .at(1, c, routed("hotline.12333", "人力资源社会保障", Service::Hotline, "transition:16"))
        .at(5, c, Fact::SwitchAnswered)
        .at(6, c, Fact::PromptStarted { prompt: "transition/12333".into(), early: false })
        .at(9_000, c, Fact::PromptEnded { prompt: "transition/12333".into(), whole: true })
        .at(9_001, c, Fact::Queued { group: "main".into() })
        .at(9_002, c, tried(2, seat("8001")))
        .at(9_100, c, Fact::LegRinging { leg: LegRef(2) })
        .at(14_002, c, failed(2, Cause::NoAnswer, None))
        .at(14_003, c, tried(3, seat("8002")))
        .at(14_100, c, Fact::LegRinging { leg: LegRef(3) })
        .at(16_500, c, Fact::LegAnswered { leg: LegRef(3) })
        .at(16_501, c, Fact::Connected { leg: LegRef(3) })
        .at(40_000, c, Fact::Held { leg: LegRef(3), held: true })
        .at(42_000, c, Fact::Held { leg: LegRef(3), held: false })
        .at(76_500, c, Fact::LegEnded { leg: LegRef(3), by: Party::Callee, cause: Cause::Normal })
        .at(76_501, c, ended(Outcome::Connected, Party::Callee, Cause::Normal, None));
}

fn cancelled(stream: &mut Stream, call: CallRef) {
    let c = Some(call);
    stream
        .at(100, c, offered_to("12358"))
        .at(101, c, routed("hotline.12358", "价格监督", Service::Cancelled, "cancelled"))
        .at(102, c, Fact::PromptStarted { prompt: "cancelled/12358".into(), early: true })
        .at(7_000, c, Fact::PromptEnded { prompt: "cancelled/12358".into(), whole: true })
        .at(7_001, c, ended(Outcome::CancelledNumber, Party::Switch, Cause::NumberChanged, Some(410)));
}

/// Both emergency trunks: the first is dead.
fn emergency(stream: &mut Stream, call: CallRef) {
    let c = Some(call);
    stream
        .at(200, c, offered_to("119"))
        .at(200, c, routed("emergency.119", "火警", Service::Emergency, "emergency"))
        .at(201, c, tried(2, trunk("fire-1", "119")))
        .at(2_201, c, failed(2, Cause::Timeout, None))
        .at(2_202, c, tried(3, trunk("fire-2", "119")))
        .at(2_300, c, Fact::LegRinging { leg: LegRef(3) })
        .at(4_000, c, Fact::LegAnswered { leg: LegRef(3) })
        .at(4_001, c, Fact::Connected { leg: LegRef(3) })
        .at(64_000, c, Fact::LegEnded { leg: LegRef(3), by: Party::Callee, cause: Cause::Normal })
        .at(64_000, c, ended(Outcome::Connected, Party::Callee, Cause::Normal, None));
}

/// The hub, given up while it rings; the seat's 200 crosses the CANCEL and must not count.
fn abandoned(stream: &mut Stream, call: CallRef) {
    let c = Some(call);
    stream
        .at(300, c, offered_to("12345"))
        .at(301, c, routed("hub.12345", "12345", Service::Hotline, "hub"))
        .at(302, c, Fact::Queued { group: "main".into() })
        .at(303, c, tried(2, seat("8001")))
        .at(3_000, c, Fact::LegAnswered { leg: LegRef(2) })
        .at(3_001, c, failed(2, Cause::CallerGone, Some(487)))
        .at(3_002, c, ended(Outcome::Abandoned, Party::Caller, Cause::CallerGone, None));
}

/// Kept seats that overflow, then a trunk.
fn overflow(stream: &mut Stream, call: CallRef) {
    let c = Some(call);
    stream
        .at(400, c, offered_to("12348"))
        .at(401, c, routed("hotline.12348", "法律服务", Service::Hotline, "kept"))
        .at(402, c, Fact::Queued { group: "law".into() })
        .at(403, c, tried(2, seat("8051")))
        .at(10_403, c, failed(2, Cause::NoAnswer, None))
        .at(10_404, c, Fact::Overflowed { group: "law".into(), why: Cause::WaitedLong })
        .at(10_405, c, Fact::Queued { group: "main".into() })
        .at(10_406, c, Fact::Overflowed { group: "main".into(), why: Cause::NoSeat })
        .at(10_407, c, tried(3, trunk("elsewhere", "12345")))
        .at(10_500, c, failed(3, Cause::Congestion, Some(503)))
        .at(10_501, c, ended(Outcome::Unreachable, Party::Switch, Cause::Congestion, Some(503)));
}

/// Every story, one after the other in the stream, plus events of no call.
pub(crate) fn day() -> Stream {
    let mut stream = Stream::default();
    stream.at(
        0,
        None,
        Fact::PlanLoaded {
            plan: "7".to_owned(),
            how: How::Reload,
            author: String::new(),
            uid: None,
            note: String::new(),
        },
    );
    transition(&mut stream, call(1));
    cancelled(&mut stream, call(2));
    emergency(&mut stream, call(3));
    abandoned(&mut stream, call(4));
    stream.at(0, None, Fact::TrunkDown { trunk: "fire-1".into() });
    overflow(&mut stream, call(5));
    let c = Some(call(6));
    stream.at(500, c, offered_to("13800138000")).at(500, c, routed("", "", Service::Refused, "refused")).at(
        500,
        c,
        ended(Outcome::Refused, Party::Switch, Cause::Forbidden, Some(403)),
    );
    let c = Some(call(7));
    stream.at(600, c, offered_to("12345")).at(600, c, ended(Outcome::Shed, Party::Switch, Cause::Shed, Some(503)));
    stream
}

pub(crate) fn fold(events: &[Event]) -> (Vec<Cdr>, Fold) {
    let mut fold = Fold::new(Settings::default());
    let cdrs = events.iter().filter_map(|e| fold.apply(e)).collect();
    (cdrs, fold)
}

/// The same facts interleaved by time, as the exchange would write them.
fn interleaved() -> Vec<Event> {
    let mut events = day().events;
    events.sort_by_key(|e| (e.at, e.seq));
    for (event, seq) in events.iter_mut().zip(1..) {
        event.seq = seq;
    }
    events
}

#[test]
fn each_story_gives_its_record() {
    let (cdrs, fold) = fold(&day().events);
    assert_eq!((cdrs.len(), fold.live().count(), fold.orphans()), (7, 0, 0));
    let mut text = String::new();
    for cdr in &cdrs {
        let _ = writeln!(text, "{}", serde_json::to_string_pretty(cdr).expect("json"));
    }
    insta::assert_snapshot!("records", text);
}

#[test]
fn interleaving_changes_no_record_but_its_place_in_the_stream() {
    let strip = |mut cdr: Cdr| {
        (cdr.first_seq, cdr.seq) = (0, 0);
        cdr
    };
    let (mut one, _) = fold(&day().events);
    let (mut other, _) = fold(&interleaved());
    for cdrs in [&mut one, &mut other] {
        cdrs.sort_by_key(|c| c.call);
    }
    let one: Vec<Cdr> = one.into_iter().map(strip).collect();
    assert_eq!(one, other.into_iter().map(strip).collect::<Vec<_>>());
}

#[test]
fn t1_and_t2_are_those_of_the_definition() {
    let (cdrs, _) = fold(&day().events);
    let times: Vec<_> = cdrs.iter().map(|c| (c.dialled.as_str(), c.wait_ms(), c.talk_ms())).collect();
    assert_eq!(
        times,
        [
            ("12333", Some(7_499), Some(60_001)), // t1 after the transition prompt
            ("12358", None, None),
            ("119", Some(3_799), Some(60_000)),
            ("12345", Some(2_702), None), // t1 = t0; the 200 that crossed the CANCEL is no t2
            ("12348", Some(10_099), None),
            ("13800138000", None, None),
            ("12345", None, None),
        ]
    );
}

#[test]
fn calls_that_are_live_when_the_daemon_dies_end_as_crashed_once() {
    let all = interleaved();
    for cut in 0..all.len() {
        let (mut cdrs, mut fold) = fold(&all[..cut]);
        let live = fold.live().count();
        let owed = fold.close_interrupted(TEN, cut as u64 + 1);
        assert_eq!(owed.len(), live);
        let crashed: Vec<Cdr> = owed.iter().filter_map(|e| fold.apply(e)).collect();
        assert!(crashed.iter().all(|c| c.outcome == Outcome::Interrupted && c.end >= c.t0));
        assert_eq!((crashed.len(), fold.live().count()), (live, 0));
        cdrs.extend(crashed);
        let begun = all[..cut].iter().filter(|e| matches!(e.fact, Fact::CallOffered { .. }));
        assert_eq!(cdrs.len(), begun.count(), "after {cut} events");
    }
}

#[test]
fn a_replay_from_the_oldest_live_call_misses_nothing_of_any_live_call() {
    let all = interleaved();
    for cut in 0..all.len() {
        let (before, fold_before) = fold(&all[..cut]);
        let from = fold_before.oldest_live_seq().unwrap_or(cut as u64 + 1);
        let again = &all[usize::try_from(from).expect("small") - 1..];
        let (after, _) = fold(again);
        let after = after.into_iter().filter(|c| c.seq > cut as u64);
        let (whole, _) = fold(&all);
        assert_eq!(before.into_iter().chain(after).collect::<Vec<_>>(), whole, "cut at {cut}");
    }
}

#[test]
fn a_live_call_says_what_goes_on() {
    let mut phases = String::new();
    let mut stream = Stream::default();
    transition(&mut stream, call(1));
    let mut fold = Fold::new(Settings::default());
    for event in &stream.events {
        fold.apply(event);
        let phase = fold.live().next().map(|cdr| match cdr.phase() {
            Phase::Routing => "routing".to_owned(),
            Phase::Prompt(p) => format!("prompt {}", p.prompt),
            Phase::Waiting(g) => format!("waiting {g}"),
            Phase::Ringing(t) => format!("ringing {t:?}"),
            Phase::Talking(t) => format!("talking {t:?}"),
        });
        let _ = writeln!(phases, "{}", phase.unwrap_or_default());
        let now: Vec<Cdr> = fold.live().cloned().collect();
        let _ = writeln!(phases, "{}", live(&now, event.at, Lang::Zh).lines().nth(1).unwrap_or_default());
    }
    insta::assert_snapshot!("phases", phases);
}

#[test]
fn a_call_that_goes_round_for_ever_keeps_a_record_of_bounded_size() {
    let mut stream = Stream::default();
    let c = Some(call(1));
    stream.at(0, c, offered_to("12345"));
    for n in 0..1_000 {
        stream.at(n, c, tried(2, seat("8001"))).at(n, c, failed(2, Cause::NoAnswer, None));
    }
    stream.at(2_000, c, ended(Outcome::NoAnswer, Party::Switch, Cause::NoAnswer, Some(480)));
    let (cdrs, _) = fold(&stream.events);
    assert_eq!((cdrs[0].attempts.len(), cdrs[0].omitted), (fold::MAX_LIST, 1_000 - 256));
}

#[test]
fn facts_of_an_unknown_call_and_a_second_offer_change_nothing() {
    let mut stream = Stream::default();
    abandoned(&mut stream, call(1));
    let mut twice = stream.events.clone();
    twice.insert(3, stream.events[0].clone());
    twice.push(stream.events.last().expect("an end").clone());
    let (cdrs, books) = fold(&twice);
    assert_eq!((cdrs, books.orphans()), (fold(&stream.events).0, 1));
}

#[test]
fn the_figures_follow_their_definitions() {
    let (cdrs, _) = fold(&day().events);
    let counted: Vec<&str> = cdrs.iter().filter(|c| offered(c)).map(|c| c.dialled.as_str()).collect();
    assert_eq!(counted, ["12333", "12345", "12348", "12345"]);
    let figures = Figures::over(&cdrs);
    let expected = Figures {
        offered: 4,
        connected: 1,
        in_15s: 1,
        short_abandons: 1,
        offered_from_t0: 4,
        in_15s_from_t0: 0, // the transition prompt counts from t0
    };
    assert_eq!(figures, expected);
    assert_eq!(figures.connect_rate(), Some(0.25));
    assert_eq!(figures.connect_rate_without_short(), Some(1.0 / 3.0));
    assert_eq!(figures.answer_15s_from_t0(), Some(0.0));
    assert_eq!(Figures::default().connect_rate(), None);
    assert!(figures.few());
}

#[test]
fn fifteen_seconds_are_fifteen_point_zero_zero_zero() {
    let answered = |ms: i64| {
        let (mut stream, c) = (Stream::default(), Some(call(1)));
        stream
            .at(0, c, offered_to("12345"))
            .at(0, c, routed("hub.12345", "", Service::Hotline, "hub"))
            .at(0, c, tried(2, seat("8001")))
            .at(ms, c, Fact::LegAnswered { leg: LegRef(2) })
            .at(ms, c, Fact::Connected { leg: LegRef(2) })
            .at(ms + 1, c, ended(Outcome::Connected, Party::Caller, Cause::Normal, None));
        Figures::over(&fold(&stream.events).0).in_15s
    };
    assert_eq!((answered(15_000), answered(15_001)), (1, 0));
}

#[test]
fn a_hang_up_in_the_transition_prompt_counts_from_t0_only() {
    let (mut stream, c) = (Stream::default(), Some(call(1)));
    stream.at(0, c, offered_to("12333")).at(0, c, routed("hotline.12333", "", Service::Hotline, "transition:1")).at(
        2_000,
        c,
        ended(Outcome::AbandonedInPrompt, Party::Caller, Cause::CallerGone, None),
    );
    let figures = Figures::over(&fold(&stream.events).0);
    assert_eq!((figures.offered, figures.offered_from_t0), (0, 1));
}

#[test]
fn judged_is_the_lowest_rate_of_any_day() {
    let minute = 60_000;
    let mut stream = Stream::default();
    for n in 0..40u32 {
        // One call every half hour; those from 05:00 to 07:59 are lost.
        let (at, c) = (i64::from(n) * 30 * minute, Some(call(u64::from(n))));
        let lost = (10..16).contains(&n);
        stream.at(at, c, offered_to("12345")).at(at, c, routed("hub.12345", "", Service::Hotline, "hub")).at(
            at,
            c,
            tried(2, seat("8001")),
        );
        if lost {
            stream.at(at + 20_000, c, ended(Outcome::NoAnswer, Party::Switch, Cause::NoAnswer, None));
        } else {
            stream
                .at(at + 10, c, Fact::LegAnswered { leg: LegRef(2) })
                .at(at + 10, c, Fact::Connected { leg: LegRef(2) })
                .at(at + 20, c, ended(Outcome::Connected, Party::Caller, Cause::Normal, None));
        }
    }
    let (cdrs, _) = fold(&stream.events);
    let hour = 3_600_000_000;
    let worst = judged(&cdrs, TEN, TEN + 48 * hour).expect("calls were offered");
    // When the sixth lost call has come: ten good ones before it, and under 20 in all.
    assert_eq!(worst.at, TEN + 7 * hour + hour / 2);
    assert_eq!((worst.figures.offered, worst.figures.connected, worst.few), (16, 10, true));
    // By brute force at every minute.
    let day = 24 * hour;
    let brute = (0..=48 * 60).filter_map(|m| {
        let at = TEN + m * 60_000_000;
        Figures::over(cdrs.iter().filter(|c| c.t0 > at - day && c.t0 <= at)).connect_rate()
    });
    assert!((brute.fold(1.0, f64::min) - worst.connect_rate).abs() < 1e-12);
    assert_eq!(judged(&cdrs, TEN - day, TEN - hour), None);
}

#[test]
fn the_table_is_aligned_in_both_languages() {
    let (cdrs, _) = fold(&day().events);
    insta::assert_snapshot!("table", format!("{}\n{}", table(&cdrs, Lang::Zh), table(&cdrs, Lang::En)));
}

#[test]
fn one_call_is_shown_with_its_ladder() {
    let mut stream = Stream::default();
    overflow(&mut stream, call(5));
    transition(&mut stream, call(1));
    let (cdrs, _) = fold(&stream.events);
    let mut text = String::new();
    for (cdr, lang) in cdrs.iter().zip([Lang::En, Lang::Zh]) {
        let events: Vec<Event> = stream.events.iter().filter(|e| e.call == Some(cdr.call)).cloned().collect();
        let _ = writeln!(text, "{}", show(cdr, &events, lang));
    }
    let _ = writeln!(text, "{}", show(&cdrs[0], &[], Lang::Zh));
    insta::assert_snapshot!("show", text);
}

#[test]
fn nothing_from_the_wire_reaches_the_terminal_as_a_command() {
    let mut stream = Stream::default();
    abandoned(&mut stream, call(1));
    let (mut cdrs, _) = fold(&stream.events);
    cdrs[0].caller = "\u{1b}[2J\u{202e}13900".to_owned();
    let text = table(&cdrs, Lang::En) + &show(&cdrs[0], &[], Lang::En);
    assert!(!text.contains(['\u{1b}', '\u{202e}']));
    assert!(text.contains("13900"));
}

/// A hub call that is answered at once, recorded with a pause, and ended after 20 s.
fn recorded(rest: &[(i64, Fact)], end: i64) -> (Vec<Cdr>, Fold) {
    let (mut stream, c) = (Stream::default(), Some(call(1)));
    stream
        .at(0, c, offered_to("12345"))
        .at(0, c, tried(2, seat("8001")))
        .at(1_000, c, Fact::LegAnswered { leg: LegRef(2) })
        .at(1_000, c, Fact::Connected { leg: LegRef(2) })
        .at(1_000, c, Fact::RecordingStarted { file: "20211215/5bhd7pq5c01".into() });
    let (before, after): (Vec<_>, Vec<_>) = rest.iter().cloned().partition(|(at, _)| *at <= end);
    for (at, fact) in before {
        stream.at(at, c, fact);
    }
    stream.at(end, c, ended(Outcome::Connected, Party::Caller, Cause::Normal, None));
    for (at, fact) in after {
        stream.at(at, c, fact);
    }
    fold(&stream.events)
}

fn pause(paused: bool) -> Fact {
    Fact::RecordingPaused { paused, ordered_by: String::new(), why: String::new() }
}

#[test]
fn a_record_knows_its_recording_and_what_was_not_kept() {
    let ended = |ms| Fact::RecordingEnded { ms };
    for (what, rest, figures) in [
        ("whole", vec![(20_000, ended(18_980))], (Some(18_980), 0)),
        ("told after the call's end", vec![(20_001, ended(18_980))], (Some(19_000), 0)),
        ("never told: a crash", vec![], (Some(19_000), 0)),
        (
            "paused twice",
            vec![(2_000, pause(true)), (5_500, pause(false)), (6_000, pause(true)), (7_000, pause(false))],
            (Some(19_000), 4_500),
        ),
        ("paused to the end", vec![(12_000, pause(true)), (20_000, ended(19_000))], (Some(19_000), 8_000)),
        (
            "said twice",
            vec![(2_000, pause(true)), (3_000, pause(true)), (4_000, pause(false)), (5_000, pause(false))],
            (Some(19_000), 2_000),
        ),
    ] {
        let (cdrs, books) = recorded(&rest, 20_000);
        assert_eq!((cdrs[0].recorded_ms, cdrs[0].recording_paused_ms), figures, "{what}");
        assert_eq!((cdrs[0].recording.as_deref(), books.orphans()), (Some("20211215/5bhd7pq5c01"), 0), "{what}");
        let text = serde_json::to_string(&cdrs[0]).expect("json");
        assert_eq!(serde_json::from_str::<Cdr>(&text).expect("a record"), cdrs[0]);
    }
    let (cdrs, _) = recorded(&[(2_000, pause(true)), (5_500, pause(false))], 20_000);
    let shown = show(&cdrs[0], &[], Lang::En);
    assert!(shown.contains("20211215/5bhd7pq5c01.wav · 19.0, paused for 3.5"), "{shown}");
}

#[test]
fn every_fact_of_a_call_is_a_sentence_in_both_languages() {
    use crate::fact::{Brief, Supervision, TransferResult, Way};
    let brief = Brief { reason: "社保卡".into(), location: "鼓楼区".into() };
    let leg = LegRef(3);
    let supervised = |mode| Fact::Supervised { seat: "8040".into(), mode, who: "chen".into(), why: "投诉".into() };
    let facts = [
        Fact::TransferAsked {
            transfer: 1,
            by: LegRef(2),
            to: "12366".into(),
            title: "税务".into(),
            way: Way::Consult,
            emergency: false,
            ordered_by: "wang".into(),
            brief,
        },
        Fact::TransferAsked {
            transfer: 2,
            by: LegRef(2),
            to: "8002".into(),
            title: String::new(),
            way: Way::Blind,
            emergency: false,
            ordered_by: String::new(),
            brief: Brief::default(),
        },
        Fact::TransferRinging { transfer: 1, leg },
        Fact::TransferEnded { transfer: 1, result: TransferResult::Failed, cause: Some(Cause::Busy) },
        Fact::Returned { seat: Some("8001".into()), cause: Cause::NoAnswer },
        Fact::Returned { seat: None, cause: Cause::Lost },
        Fact::Muted { leg, muted: true, ordered_by: "wang".into() },
        Fact::Muted { leg, muted: false, ordered_by: String::new() },
        supervised(Supervision::Listen),
        supervised(Supervision::Whisper),
        supervised(Supervision::Barge),
        supervised(Supervision::TakeOver),
        Fact::LegMoved { leg, from: call(9), target: seat("8002") },
        Fact::LegReplaced { leg, by: LegRef(4), target: trunk("tax", "12366") },
        Fact::RecordingStarted { file: "20211215/5bhd7pq5c01".into() },
        Fact::RecordingPaused { paused: true, ordered_by: "wang".into(), why: "银行卡号".into() },
        pause(false),
        Fact::RecordingEnded { ms: 61_020 },
        Fact::PartyLeft { leg, cause: Cause::Normal },
    ];
    let mut text = String::new();
    for fact in &facts {
        for lang in [Lang::Zh, Lang::En] {
            let said = words::sentence(fact, lang);
            assert!(!said.contains('{'), "{said} is how the journal has it");
            let _ = writeln!(text, "{said}");
        }
    }
    insta::assert_snapshot!("sentences", text);
}
