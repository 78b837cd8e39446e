//! What is asked of the records of ended calls: the real binary over a state folder that a daemon could have left.
#![cfg(test)]

use super::cli::{Folder, code, document, err, out, switchboard};
use switchboard::fact::{Brief, Cause, Event, Fact, Origin, Outcome, Party, SCHEMA, Target, TransferResult, Way};
use switchboard::id::{CallRef, LegRef};
use switchboard::{ledger, store};

/// 2021-12-15 10:00:00 in Asia/Shanghai, µs.
const TEN: i64 = 1_639_533_600_000_000;
const HOUR: i64 = 3_600_000;

/// A state folder with the facts of a day in it.
pub(super) struct Day {
    folder: Folder,
    store: store::Opened,
    seq: u64,
}

impl Day {
    pub(super) fn new() -> Self {
        let folder = Folder::new();
        let store = store::open(&folder.0, &store::Settings::default(), ledger::Settings::default()).unwrap();
        Self { folder, store, seq: 0 }
    }

    pub(super) fn folder(&self) -> &std::path::Path {
        &self.folder.0
    }

    /// A fact `ms` after ten o'clock.
    pub(super) fn at(&mut self, ms: i64, call: CallRef, fact: Fact) {
        self.seq += 1;
        let event = Event { v: SCHEMA, seq: self.seq, at: TEN + ms * 1_000, call: Some(call), fact };
        self.store.journal.append(std::slice::from_ref(&event)).unwrap();
        self.store.writer.send(vec![event]);
    }

    /// A citizen calls a number.
    pub(super) fn offered(number: &str) -> Fact {
        Fact::CallOffered {
            leg: LegRef(1),
            origin: Origin::Trunk("carrier".into()),
            caller: "13900000001".into(),
            caller_shown: true,
            dialled: number.into(),
            to: format!("sip:{number}@192.0.2.1"),
            call_id: "a84b4c76e66710".into(),
            source: "198.51.100.7:5060".into(),
        }
    }

    /// Everything so far is booked.
    pub(super) fn flush(&self) {
        self.store.writer.flush().unwrap();
    }

    /// A citizen talks to seat 8001.
    pub(super) fn talk(&mut self, ms: i64) -> CallRef {
        let call = CallRef::mint(TEN + ms * 1_000, 0);
        self.at(ms, call, Self::offered("12345"));
        self.at(ms, call, Fact::LegTried { leg: LegRef(2), target: Target::Seat("8001".into()), agent: None });
        self.at(ms, call, Fact::LegAnswered { leg: LegRef(2) });
        self.at(ms, call, Fact::Connected { leg: LegRef(2) });
        call
    }

    /// A transfer that rang after a second and ended so, so many ms after it was asked for.
    fn transfer(&mut self, call: CallRef, number: u32, to: (&str, &str), at: (i64, i64), end: Fact) {
        let asked = Fact::TransferAsked {
            transfer: number,
            by: LegRef(2),
            to: to.0.into(),
            title: to.1.into(),
            way: Way::ThreeWay,
            emergency: false,
            ordered_by: "wang".into(),
            brief: Brief { reason: "社保卡".into(), location: "鼓楼".into() },
        };
        let leg = LegRef(10 + number);
        self.at(at.0, call, asked);
        self.at(
            at.0,
            call,
            Fact::LegTried { leg, target: Target::Trunk { trunk: "t".into(), number: to.0.into() }, agent: None },
        );
        self.at(at.0 + 1_000, call, Fact::TransferRinging { transfer: number, leg });
        self.at(at.0 + at.1, call, end);
    }

    pub(super) fn ends(&mut self, ms: i64, call: CallRef, by: Party) {
        self.at(ms, call, Fact::CallEnded { outcome: Outcome::Connected, by, cause: Cause::Normal, status: None });
    }

    pub(super) fn says(&self, words: &[&str]) -> std::process::Output {
        self.flush();
        switchboard(&[words, &["--state", self.folder.0.to_str().unwrap()]].concat())
    }
}

fn ended(transfer: u32, result: TransferResult, cause: Option<Cause>) -> Fact {
    Fact::TransferEnded { transfer, result, cause }
}

const TAX: (&str, &str) = ("12366", "税务");
const LAW: (&str, &str) = ("12348", "法律服务");

/// Three transfers to the tax office, one to the law line; nobody lost.
fn day() -> (Day, CallRef) {
    use TransferResult::{Cancelled, Failed, Joined};
    let mut day = Day::new();
    let first = day.talk(0);
    day.transfer(first, 1, TAX, (10_000, 4_000), ended(1, Failed, Some(Cause::Busy)));
    day.transfer(first, 2, LAW, (20_000, 6_000), ended(2, Cancelled, None));
    day.transfer(first, 3, TAX, (30_000, 9_000), ended(3, Joined, None));
    day.ends(60_000, first, Party::Caller);
    let second = day.talk(HOUR);
    day.transfer(second, 1, TAX, (HOUR + 10_000, 17_000), ended(1, Joined, None));
    day.ends(HOUR + 60_000, second, Party::Callee);
    (day, first)
}

#[test]
fn transfers_are_told_by_department() {
    let (day, _) = day();
    let output = day.says(&["report", "transfers", "--lang", "en"]);
    assert_eq!(code(&output), Some(0), "{}", err(&output));
    insta::assert_snapshot!(out(&output), @"
    number  department  asked  answered  in 15 s  mean ring  returned  caller gone  lost  returned for
    12348   法律服务        1         0        0          -         1            0     0  cancelled 1
    12366   税务            3         2        1       10.0         1            0     0  busy 1
    total   -               4         2        1       10.0         2            0     0  busy 1, cancelled 1
    ");
    let output = day.says(&["report", "transfers", "--lang", "zh"]);
    insta::assert_snapshot!(out(&output), @"
    号码   部门      请求  接通  15秒内  平均振铃  退回  来电人挂机  丢失  退回原因
    12348  法律服务     1     0       0         -     1           0     0  坐席取消 1
    12366  税务         3     2       1      10.0     1           0     0  忙 1
    合计   -            4     2       1      10.0     2           0     0  忙 1，坐席取消 1
    ");

    let output = day.says(&["report", "transfers", "--json"]);
    let document = document(&output);
    assert_eq!((code(&output), &document["ok"]), (Some(0), &true.into()));
    let tax = &document["result"]["departments"][1];
    assert_eq!(tax["number"], "12366");
    assert_eq!([&tax["asked"], &tax["answered"], &tax["answered_in_15s"], &tax["returned"]], [3, 2, 1, 1]);
    assert_eq!((&tax["mean_ring_ms"], &tax["causes"]), (&10_000.into(), &serde_json::json!({ "busy": 1 })));
    assert_eq!(document["result"]["total"]["causes"], serde_json::json!({ "busy": 1, "cancelled": 1 }));
    assert_eq!(document["result"]["total"]["lost"], 0);
}

#[test]
fn a_period_counts_by_the_moment_of_the_asking() {
    let (day, _) = day();
    let asked = |words: &[&str]| {
        let output = day.says(&[&["report", "transfers", "--json"], words].concat());
        document(&output)["result"]["total"]["asked"].as_u64()
    };
    assert_eq!(asked(&["--since", "2021-12-15T11:00"]), Some(1));
    assert_eq!(
        asked(&["--since", "2021-12-15T10:00:20"]),
        Some(3),
        "the call began before, and the moment itself counts"
    );
    assert_eq!(asked(&["--since", "2021-12-15T10:00:11", "--until", "2021-12-15T10:00:30"]), Some(1));
    assert_eq!(asked(&["--until", "2021-12-15T09:00"]), Some(0));

    let output = day.says(&["report", "transfers", "--until", "2021-12-15T09:00", "--lang", "en"]);
    assert_eq!((code(&output), out(&output).as_str()), (Some(0), "no transfers\n"));
    let wrong = ["report", "transfers", "--since", "2021-12-15T11:00", "--until", "2021-12-15T11:00", "--lang", "en"];
    let output = day.says(&wrong);
    assert_eq!(code(&output), Some(2));
    assert!(err(&output).contains("must be before --until"), "{}", err(&output));
}

#[test]
fn a_caller_lost_in_a_crash_is_a_bad_result() {
    let (mut day, _) = day();
    let call = day.talk(2 * HOUR);
    day.transfer(call, 1, LAW, (2 * HOUR + 1_000, 1_500), Fact::LegRinging { leg: LegRef(11) });
    let Day { folder, store, .. } = day;
    // Killed: what is live is closed by the next start.
    drop((store.journal, store.writer));
    let store = store::open(&folder.0, &store::Settings::default(), ledger::Settings::default()).unwrap();
    assert_eq!(store.recovered.crashed, 1);
    let state = folder.0.to_str().unwrap();
    let output = switchboard(&["report", "transfers", "--json", "--state", state]);
    let document = document(&output);
    assert_eq!((code(&output), &document["ok"], &document["exit"]), (Some(1), &false.into(), &1.into()));
    assert_eq!(document["result"]["total"]["lost"], 1);
    assert_eq!(document["result"]["departments"][0]["lost"], 1, "the law line's");
}

#[test]
fn one_call_shows_its_transfers_and_their_sentences() {
    let (day, first) = day();
    let output = day.says(&["calls", "show", &first.to_string(), "--lang", "en"]);
    let text = out(&output);
    let chain: Vec<&str> = text.lines().skip_while(|l| !l.starts_with("transfer ")).take(4).collect();
    insta::assert_snapshot!(chain.join("\n"), @"
    transfer  to              way        asked  ringing  joined or not  took  agent left  target left  result
    1         12366 税务      three-way   10.0     11.0           14.0   4.0           -            -  returned · busy · 社保卡
    2         12348 法律服务  three-way   20.0     21.0           26.0   6.0           -            -  returned · cancelled · 社保卡
    3         12366 税务      three-way   30.0     31.0           39.0   9.0        60.0         60.0  joined · 社保卡
    ");
    assert!(
        text.contains("transfer 1 · three-way · #2 → 12366 税务 · ordered by wang · reason 社保卡 · location 鼓楼"),
        "{text}"
    );
    let output = day.says(&["calls", "show", &first.to_string(), "--json"]);
    let call = &document(&output)["result"]["call"];
    assert_eq!((&call["transfers"][1]["fate"], &call["transfers"][2]["fate"]), (&"returned".into(), &"joined".into()));
}

#[test]
fn without_records_the_report_says_so() {
    let folder = Folder::new();
    let output = switchboard(&["report", "transfers", "--state", folder.0.to_str().unwrap(), "--lang", "en"]);
    assert_eq!(code(&output), Some(69));
    assert!(err(&output).contains("the records cannot be read"), "{}", err(&output));
}
