//! Service figures at both doors: the API's and the command line's are the same numbers, and what is no question is refused.
#![cfg(test)]

use super::api::{Api, obliging};
use super::cli::{code, document, err, out};
use super::reports::Day;
use serde_json::{Value, json};
use switchboard::fact::{Cause, Fact, Outcome, Party, Service};
use switchboard::id::CallRef;
use switchboard::ledger::figures::Sheet;
use switchboard::store::Reader;

/// 2021-12-15 10:00:00 in Asia/Shanghai, µs.
const TEN: i64 = 1_639_533_600_000_000;
const HOUR: i64 = 3_600_000;

fn routed(day: &mut Day, ms: i64, call: CallRef, number: &str, title: &str, service: Service) {
    let (entry, title, state, plan) = (format!("hotline.{number}"), title.to_owned(), "serving".into(), "7".into());
    day.at(ms, call, Fact::CallRouted { entry, title, service, state, plan });
}

/// A call that waits for so long in a group and is given up.
fn gives_up(day: &mut Day, ms: i64, number: &str, title: &str, group: &str, after: i64) {
    let call = CallRef::mint(TEN + ms * 1_000, 0);
    day.at(ms, call, Day::offered(number));
    routed(day, ms, call, number, title, Service::Hotline);
    day.at(ms, call, Fact::Queued { group: group.into() });
    let (outcome, cause) = (Outcome::Abandoned, Cause::CallerGone);
    day.at(ms + after, call, Fact::CallEnded { outcome, by: Party::Caller, cause, status: None });
}

/// One that a seat answers after so long.
fn talks(day: &mut Day, ms: i64, number: &str, title: &str, (group, seat): (&str, &str), after: i64) {
    use switchboard::fact::Target;
    use switchboard::id::LegRef;
    let call = CallRef::mint(TEN + ms * 1_000, 0);
    day.at(ms, call, Day::offered(number));
    routed(day, ms, call, number, title, Service::Hotline);
    day.at(ms, call, Fact::Queued { group: group.into() });
    day.at(ms, call, Fact::LegTried { leg: LegRef(2), target: Target::Seat(seat.into()), agent: None });
    day.at(ms + after, call, Fact::LegAnswered { leg: LegRef(2) });
    day.at(ms + after, call, Fact::Connected { leg: LegRef(2) });
    let (outcome, cause) = (Outcome::Connected, Cause::Normal);
    day.at(ms + after + 60_000, call, Fact::CallEnded { outcome, by: Party::Callee, cause, status: None });
}

/// A morning of the hub, a kept line and a cancelled one.
fn morning() -> Day {
    let mut day = Day::new();
    talks(&mut day, 0, "12345", "12345 政务服务便民热线", ("main", "8001"), 15_000);
    talks(&mut day, 1_000, "12345", "12345 政务服务便民热线", ("main", "8002"), 15_001);
    gives_up(&mut day, 2_000, "12345", "12345 政务服务便民热线", "main", 3_000);
    talks(&mut day, 20_000, "12348", "公共法律服务", ("kept.12348", "8051"), 4_000);
    gives_up(&mut day, -HOUR, "12348", "公共法律服务", "kept.12348", 30_000);
    let call = CallRef::mint(TEN + 30_000_000, 0);
    day.at(30_000, call, Day::offered("12358"));
    routed(&mut day, 30_000, call, "12358", "价格监督", Service::Cancelled);
    let (outcome, cause) = (Outcome::CancelledNumber, Cause::NumberChanged);
    day.at(38_000, call, Fact::CallEnded { outcome, by: Party::Switch, cause, status: Some(410) });
    day
}

/// An API that shows the same records.
fn api(day: &Day) -> Api {
    day.flush();
    let api = Api::new(obliging);
    let mut sheet = Sheet::new(api.views.figures.load().book.zone().clone());
    let mut reader = Reader::open(day.folder()).unwrap();
    reader.each(i64::MIN, i64::MAX, |cdr| sheet.book.add(&cdr)).unwrap();
    sheet.complete = true;
    api.views.figures.store(sheet.into());
    api
}

fn get(api: &Api, query: &str) -> Value {
    let told = api.says("GET", &format!("/figures?{query}"), "");
    assert_eq!(told.status, 200, "{query}: {told:?}");
    told.body
}

#[test]
fn both_doors_tell_the_same_numbers_in_every_dimension() {
    let day = morning();
    let api = api(&day);
    for by in ["line", "group", "department", "person", "traffic", "hour"] {
        let (from, to) = ("2021-12-15T09:00", "2021-12-15T11:00");
        let output = day.says(&["report", "figures", "--by", by, "--from", from, "--to", to, "--json"]);
        assert_eq!(code(&output), Some(0), "{by}: {}", err(&output));
        let told = get(&api, &format!("by={by}&from={from}&to={}", to.replace(':', "%3A")));
        assert_eq!(document(&output)["result"], told, "{by}");
        assert!(told["rows"].as_array().unwrap().len() >= 2 || by == "traffic", "{by}: {told}");
    }
    let told = get(&api, "by=line");
    assert_eq!((&told["from"], &told["to"]), (&json!("2021-12-14T11:00"), &json!("2021-12-15T11:00")));
    let hub = &told["rows"][0];
    assert_eq!(hub["line"], "12345");
    assert_eq!([&hub["calls"], &hub["offered"], &hub["connected"]], [3, 3, 2]);
    assert_eq!(hub["answer_15s"], json!(1.0 / 3.0), "15.000 s are in time, 15.001 s are not");
    assert_eq!([&hub["speed_of_answer_ms"], &hub["longest_wait_ms"]], [15_000, 15_001]);
    assert_eq!((&hub["connect_rate_without_short"], &hub["few"]), (&json!(1.0), &json!(true)));
    assert_eq!([&hub["outcomes"]["connected"], &hub["outcomes"]["abandoned"], &hub["outcomes"]["busy"]], [2, 1, 0]);
    let outcomes = told["sum"]["outcomes"].as_object().unwrap();
    assert_eq!(told["sum"]["calls"], outcomes.values().filter_map(Value::as_u64).sum::<u64>());
    assert_eq!([&told["sum"]["calls"], &told["sum"]["offered"]], [6, 5], "the cancelled number is no offer");

    let groups = get(&api, "by=group");
    let law = &groups["rows"][0];
    assert_eq!((&law["group"], &law["visits"], &law["answered"]), (&json!("kept.12348"), &json!(2), &json!(1)));
    assert!(!law["title"].as_str().unwrap().is_empty());
    let departments = get(&api, "by=department");
    let justice = departments["rows"].as_array().unwrap().iter().find(|row| row["department"] == "市司法局").unwrap();
    assert_eq!((&justice["offered"], &justice["visits"]["visits"]), (&json!(2), &json!(2)));
    let persons = get(&api, "by=person");
    assert_eq!((&persons["rows"][0]["person"], &persons["rows"][0]["seat"]), (&Value::Null, &json!("8001")));
    let hours = get(&api, "by=hour");
    let named: Vec<_> = hours["rows"].as_array().unwrap().iter().map(|row| row["hour"].clone()).collect();
    assert_eq!(named, ["2021-12-15T09:00", "2021-12-15T10:00"]);
    assert_eq!(told["complete"], true);
}

#[test]
fn what_is_no_question_about_figures_is_refused_by_its_parameter() {
    let api = Api::new(obliging);
    for (query, field) in [
        ("", "by"),
        ("by=", "by"),
        ("by=caller", "by"),
        ("by=line&by=group", "by"),
        ("by=line&since=2021-12-15T09:00", "since"),
        ("by=line&from=2021-12-15", "from"),
        ("by=line&from=2021-12-15T09:30", "from"),
        ("by=line&to=tomorrow", "to"),
        ("by=line&from=2021-12-07T10:00", "from"),
        ("by=line&from=2021-12-15T09:00&to=2021-12-15T09:00", "to"),
        ("by=line&%3Cb%3E=1", "%3Cb%3E"),
    ] {
        let told = api.says("GET", &format!("/figures?{query}"), "");
        assert_eq!((told.refused(), &told.body["field"]), ((422, "malformed"), &json!(field)), "{query}");
    }
    assert_eq!(get(&api, "by=line&from=2021-12-07T11:00")["rows"], json!([]), "eight days are kept");
    assert_eq!(get(&api, "by=line")["complete"], false, "nothing has been read back yet");
    assert_eq!(api.says("POST", "/figures?by=line", "").refused(), (405, "method_not_allowed"));
}

#[test]
fn the_command_line_prints_tables_and_csv() {
    let day = morning();
    let output = day.says(&["report", "figures", "--lang", "zh"]);
    assert_eq!(code(&output), Some(0), "{}", err(&output));
    insta::assert_snapshot!(out(&output), @"
    时段 2021-12-14T11:00 – 2021-12-15T11:00
    线路                    来电  请求人工  接通  接通率  15秒应答率  放弃  平均应答  最长等待  通话时长  平均通话  转出
    12345 政务服务便民热线     3         3     2  66.66%      33.33%     1      15.0      15.0     120.0      60.0     0
    12348 公共法律服务         2         2     1  50.00%      50.00%     1       4.0      30.0      60.0      60.0     0
    12358 价格监督             1         0     0       -           -     0         -       0.0       0.0         -     0
    合计                       6         5     3  60.00%      40.00%     2      11.3      30.0     180.0      60.0     0
    ");
    let output = day.says(&[
        "report",
        "figures",
        "--by",
        "group",
        "--lang",
        "en",
        "--from",
        "2021-12-15T10",
        "--to",
        "2021-12-15T11",
    ]);
    insta::assert_snapshot!(out(&output), @"
    period 2021-12-15T10:00 – 2021-12-15T11:00
    group                        visits  answered  overflowed  abandoned  ended  answer rate  in 15 s  mean wait  longest   talk  mean talk
    kept.12348 公共法律服务座席       1         1           0          0      0      100.00%  100.00%        4.0      4.0   60.0       60.0
    main 12345 坐席                   3         2           0          1      0       66.66%   33.33%       15.0     15.0  120.0       60.0
    total                             4         3           0          1      0       75.00%   50.00%       11.3     15.0  180.0       60.0
    ");
    let output = day.says(&["report", "figures", "--by", "traffic", "--csv"]);
    let text = out(&output);
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!((lines[0][0], lines[1][0], lines.len()), ("traffic", "city", 4));
    assert!(lines.iter().all(|line| line.len() == lines[0].len()), "{text}");
    assert!(lines[0].contains(&"outcomes_cancelled_number") && text.ends_with("\r\n"));
    for wrong in [&["--from", "2021-12-15T10:30"][..], &["--by", "caller"], &["--csv", "--json"]] {
        assert_eq!(code(&day.says(&[&["report", "figures"], wrong].concat())), Some(2), "{wrong:?}");
    }
    let output = day.says(&["report", "figures", "--from", "2021-12-15T10", "--to", "2021-12-15T10", "--lang", "en"]);
    assert_eq!(code(&output), Some(2));
    assert!(err(&output).contains("must be after --from"), "{}", err(&output));
}
