//! `/metrics` as a strict reader of the text format takes it, what the alerts and the dashboard name, and `/healthz`, `/readyz`.
#![cfg(test)]

mod promql;
mod text;

use super::api::{Api, TOKEN, config, obliging, request};
use super::cli::{Folder, binary, root};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Stdio;
use switchboard::admin::Pulse;
use switchboard::exchange::Meters;
use switchboard::fact::{Cause, Event, Fact, Outcome, Party, SCHEMA, Service, Target};
use switchboard::id::{CallRef, LegRef};
use switchboard::ledger::{self, Fold};
use switchboard::store::Health;
use text::{Family, families};

const TEN: i64 = 1_639_533_600_000_000;

/// Status, media type and text of a page.
fn page(at: SocketAddr, path: &str, token: bool) -> (u16, String, String) {
    let authorization = if token { format!("Authorization: Bearer {TOKEN}\r\n") } else { String::new() };
    let mut stream = TcpStream::connect(at).unwrap();
    let asked = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{authorization}\r\n");
    stream.write_all(asked.as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let kind = head.lines().find_map(|l| l.strip_prefix("content-type: ")).unwrap_or_default();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), kind.to_owned(), body.to_owned())
}

/// Calls of a line that a seat answers after so many ms, and one that is given up.
fn calls(line: &str, answers: &[i64]) -> Vec<Event> {
    let mut events: Vec<Event> = Vec::new();
    let mut at = |ms: i64, call: CallRef, fact: Fact| {
        let seq = events.len() as u64 + 1;
        events.push(Event { v: SCHEMA, seq, at: TEN + ms * 1_000, call: Some(call), fact });
    };
    for (n, wait) in answers.iter().copied().chain([-1]).enumerate() {
        let call = CallRef::mint(TEN, n as u64);
        at(0, call, super::reports::Day::offered(line));
        let (entry, title, state, plan) = (format!("hotline.{line}"), "x".to_owned(), String::new(), String::new());
        at(0, call, Fact::CallRouted { entry, title, service: Service::Hotline, state, plan });
        at(0, call, Fact::Queued { group: "main".into() });
        let outcome = if wait < 0 {
            Outcome::Abandoned
        } else {
            at(0, call, Fact::LegTried { leg: LegRef(2), target: Target::Seat("8001".into()), agent: None });
            at(wait, call, Fact::LegAnswered { leg: LegRef(2) });
            at(wait, call, Fact::Connected { leg: LegRef(2) });
            Outcome::Connected
        };
        at(90_000, call, Fact::CallEnded { outcome, by: Party::Caller, cause: Cause::Normal, status: None });
    }
    events
}

/// An API with something in every family.
fn api() -> Api {
    let api = Api::new(obliging);
    let mut sheet = (*api.views.figures.load_full()).clone();
    let mut fold = Fold::new(ledger::Settings::default());
    let events = calls("12345", &[3_000, 15_000, 15_001, 700_000]);
    events.iter().filter_map(|e| fold.apply(e)).for_each(|cdr| sheet.meter.add(&cdr));
    api.views.figures.store(sheet.into());
    let meters = Meters {
        calls: 3,
        waiting: vec![("main".into(), 2), ("kept.12348".into(), 0)],
        seats: [4, 0, 1, 5, 0, 1, 2, 0, 0],
        registered: 9,
        ports: (6, 90, 100),
        trunks: vec![("carrier".into(), true, 1), ("a\"b\\c\nd".into(), false, 0)],
        shed_permille: 125,
        shed: 7,
        ..Meters::default()
    };
    let at = api.views.clock.now().mono.max(1);
    api.views.pulse.store(Pulse { at, meters, alarms: 1, facts: 50, ..Pulse::default() }.into());
    api
}

fn told(api: &Api) -> BTreeMap<String, Family> {
    let (status, kind, text) = page(api.at, "/metrics", true);
    assert_eq!((status, kind.as_str()), (200, "text/plain; version=0.0.4; charset=utf-8"));
    families(&text).unwrap_or_else(|why| panic!("{why}\n{text}"))
}

#[test]
fn the_text_is_what_prometheus_reads_and_says_what_is() {
    let families = told(&api());
    let value = |name: &str, labels: &[(&str, &str)]| {
        let labels: BTreeMap<_, _> = labels.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let found = families.values().flat_map(|f| &f.samples).find(|s| s.name == name && s.labels == labels);
        found.unwrap_or_else(|| panic!("no {name} {labels:?}")).value
    };
    assert_eq!(value("switchboard_live_calls", &[]), 3.0);
    assert_eq!(value("switchboard_waiting_calls", &[("group", "main")]), 2.0);
    assert_eq!(value("switchboard_seats", &[("state", "talking")]), 2.0);
    assert_eq!(value("switchboard_media_ports", &[("state", "resting")]), 4.0);
    assert_eq!(value("switchboard_trunk_up", &[("trunk", "a\"b\\c\nd")]), 0.0, "escaped and read back");
    assert_eq!((value("switchboard_calls_shed_total", &[]), value("switchboard_shed_ratio", &[])), (7.0, 0.125));
    assert_eq!(value("switchboard_calls_total", &[("outcome", "connected")]), 4.0);
    assert_eq!(value("switchboard_calls_total", &[("outcome", "busy")]), 0.0);
    assert_eq!(value("switchboard_line_answered_in_time_calls_total", &[("line", "12345")]), 2.0);
    assert_eq!(value("switchboard_group_visits_total", &[("group", "main"), ("end", "abandoned")]), 1.0);
    let wait = "switchboard_answer_wait_seconds";
    assert_eq!(value(&format!("{wait}_bucket"), &[("le", "15")]), 2.0, "15.000 s are in the bucket, 15.001 s are not");
    assert_eq!(value(&format!("{wait}_bucket"), &[("le", "600")]), 3.0);
    assert_eq!((value(&format!("{wait}_count"), &[]), value(&format!("{wait}_sum"), &[])), (4.0, 733.001));
    assert_eq!(value("switchboard_build_info", &[("version", env!("CARGO_PKG_VERSION"))]), 1.0);
    assert!(value("process_resident_memory_bytes", &[]) > 1e6 && value("process_cpu_seconds_total", &[]) >= 0.0);
    // The answers of a histogram and of the counters are the same calls.
    assert_eq!(value(&format!("{wait}_count"), &[]), value("switchboard_answered_calls_total", &[]));
    let in_time = value("switchboard_answered_in_time_calls_total", &[]);
    assert_eq!(value(&format!("{wait}_bucket"), &[("le", "15")]), in_time);
}

#[test]
fn labels_are_of_the_plan_and_of_closed_lists_and_no_caller_is_in_them() {
    let families = told(&api());
    let known = [
        "version",
        "group",
        "state",
        "trunk",
        "transport",
        "direction",
        "reason",
        "what",
        "outcome",
        "le",
        "line",
        "end",
    ];
    for sample in families.values().flat_map(|f| &f.samples) {
        for (label, text) in &sample.labels {
            assert!(known.contains(&label.as_str()), "{}: {label}", sample.name);
            assert!(!text.contains("139000"), "{}: {label}={text}", sample.name);
        }
    }
}

#[test]
fn the_reader_of_the_text_is_strict() {
    let good = "# HELP a_total X.\n# TYPE a_total counter\na_total{x=\"1\"} 1\na_total{x=\"2\"} 2\n";
    assert!(families(good).is_ok());
    for (bad, why) in [
        ("a_total 1\n", "no type"),
        ("# TYPE a_total counter\na_total 1\n", "no help"),
        ("# HELP a_total X.\na_total 1\n", "no type"),
        ("# HELP a X.\n# TYPE a counter\na 1\n", "a counter without _total"),
        ("# HELP a_total X.\n# TYPE a_total gauge\na_total 1\n", "a gauge with it"),
        ("# HELP a_ms X.\n# TYPE a_ms gauge\na_ms 1\n", "no base unit"),
        ("# HELP a X.\n# TYPE a gauge\na 1\na 2\n", "twice"),
        ("# HELP a X.\n# TYPE a gauge\na 1 1639533600\n", "a timestamp"),
        ("# HELP a X.\n# TYPE a gauge\na{x=\"1\",x=\"2\"} 1\n", "a label twice"),
        ("# HELP a X.\n# TYPE a gauge\na{x=\"\\t\"} 1\n", "an unknown escape"),
        ("# HELP a X.\n# TYPE a gauge\na{1x=\"\"} 1\n", "a label's name"),
        ("# HELP a X.\n# TYPE a gauge\na 1", "no end of line"),
        ("# HELP a X.\n# TYPE a gauge\nb 1\n", "another family's sample"),
        ("# HELP a X.\n# TYPE a gauge\na one\n", "no number"),
        ("# HELP a_total X.\n# TYPE a_total counter\na_total -1\n", "a counter below nought"),
        (
            "# HELP h X.\n# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n",
            "falls",
        ),
        ("# HELP h X.\n# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_sum 1\nh_count 1\n", "no +Inf"),
        ("# HELP h X.\n# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 2\n", "counts differ"),
        (
            "# HELP h X.\n# TYPE h histogram\nh_bucket{le=\"2\"} 1\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n",
            "order",
        ),
    ] {
        assert!(families(bad).is_err(), "{why}: {bad}");
    }
}

/// Every name of a metric with the labels that it has.
fn series(families: &BTreeMap<String, Family>) -> BTreeMap<String, Vec<String>> {
    let mut known: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for sample in families.values().flat_map(|f| &f.samples) {
        known.entry(sample.name.clone()).or_default().extend(sample.labels.keys().cloned());
    }
    // What Prometheus says itself of whom it scrapes.
    known.insert("up".into(), Vec::new());
    known.values_mut().for_each(|labels| labels.extend(["job".into(), "instance".into()]));
    known
}

#[test]
fn every_alert_names_what_there_is() {
    let known = series(&told(&api()));
    let text = std::fs::read_to_string(root().join("contrib/prometheus-alerts.yml")).unwrap();
    let rules = promql::rules(&text).unwrap_or_else(|why| panic!("{why}"));
    assert!(rules.len() >= 12, "{}", rules.len());
    let mut names = Vec::new();
    for rule in &rules {
        promql::check(&rule.expr, &known).unwrap_or_else(|why| panic!("{}: {why}", rule.alert));
        assert!(["critical", "warning"].contains(&rule.severity.as_str()), "{}", rule.alert);
        assert!(rule.summary.contains(" · "), "{}: in both languages", rule.alert);
        names.push(&rule.alert);
    }
    names.sort();
    names.dedup();
    assert_eq!(names.len(), rules.len(), "each has its name");
}

#[test]
fn every_panel_of_the_dashboard_names_what_there_is() {
    let known = series(&told(&api()));
    let text = std::fs::read_to_string(root().join("contrib/grafana-dashboard.json")).unwrap();
    let board: Value = serde_json::from_str(&text).unwrap();
    let panels = board["panels"].as_array().unwrap();
    assert!(panels.len() >= 12);
    for (n, panel) in panels.iter().enumerate() {
        assert_eq!(panel["id"], json!(n + 1));
        let targets = panel["targets"].as_array().unwrap();
        assert!(!targets.is_empty(), "{}", panel["title"]);
        for target in targets {
            let expr = target["expr"].as_str().unwrap();
            promql::check(expr, &known).unwrap_or_else(|why| panic!("{}: {why}", panel["title"]));
            // What a legend shows is a label of what is drawn.
            let legend = target["legendFormat"].as_str().unwrap();
            for label in legend.split("{{").skip(1).filter_map(|rest| rest.split_once("}}")).map(|(label, _)| label) {
                assert!(known.values().any(|labels| labels.iter().any(|l| l == label)), "{legend}");
                assert!(expr.contains(label) || !expr.contains(" by "), "{legend}: {expr}");
            }
        }
    }
}

#[test]
fn the_reader_of_promql_finds_what_is_misspelt() {
    let known = series(&told(&api()));
    let good = "sum by (group, end) (rate(switchboard_group_visits_total{group=~\"main|x\"}[5m])) > 0 and on() up == 1";
    promql::check(good, &known).unwrap();
    for bad in [
        "switchboard_calls_totl",
        "rate(switchboard_calls_total{outcom=\"busy\"}[5m])",
        "sum by (lien) (switchboard_line_calls_total)",
        "switchboard_calls_total{line=\"12345\"}",
        "sum(switchboard_calls_total",
        "switchboard_calls_total[5m",
        "rate(switchboard_calls_total{outcome=\"busy}[5m])",
        "raet(switchboard_calls_total[5m])",
        "1 + 1",
    ] {
        assert!(promql::check(bad, &known).is_err(), "{bad}");
    }
}

#[test]
fn health_is_told_without_the_token_and_metrics_are_not() {
    let api = api();
    assert_eq!(page(api.at, "/metrics", false).0, 401);
    let told = |path: &str| {
        let (status, _, text) = page(api.at, path, false);
        (status, serde_json::from_str::<Value>(&text).unwrap())
    };
    assert_eq!(told("/healthz"), (200, json!({ "healthy": true })));
    assert_eq!(told("/readyz"), (200, json!({ "ready": true, "reasons": [] })));
    let well = (*api.views.pulse.load_full()).clone();
    let reasons = |pulse: Pulse| {
        api.views.pulse.store(pulse.into());
        let (status, body) = told("/readyz");
        assert_eq!((status, &body["ready"]), (503, &json!(false)));
        let rows = body["reasons"].as_array().unwrap().clone();
        assert!(rows.iter().all(|r| r["zh"].is_string() && r["en"].is_string()));
        rows.iter().map(|r| r["reason"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let meters = Meters { draining: true, ports: (0, 0, 0), ..well.meters.clone() };
    let journal = Health { failing: Some("No space left on device".into()), ..Health::default() };
    assert_eq!(reasons(Pulse { meters, journal, ..well.clone() }), ["draining", "journal", "media"]);
    assert_eq!(reasons(Pulse::default()), ["starting"]);
    assert_eq!(told("/healthz").0, 200, "the process serves all the same");
    assert_eq!(page(api.at, "/healthz/", false).0, 401, "no other address is told without the token");
    let mut stream = TcpStream::connect(api.at).unwrap();
    stream.write_all(b"POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    assert!(text.starts_with("HTTP/1.1 405 "), "{text}");
}

#[test]
fn a_daemon_is_ready_tells_its_figures_and_is_no_more_ready_when_it_drains() {
    let folder = Folder::new();
    let config = config(&folder, "127.0.0.1:0".parse().unwrap());
    let mut command = binary();
    command.args(["run", "--json", "--as-of", "2021-12-15T10:00", "--config", &config]).stdin(Stdio::null());
    let mut daemon = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(daemon.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    let at: SocketAddr = ready["result"]["http"].as_str().unwrap().parse().unwrap();
    let patience = std::time::Duration::from_millis(20);
    let mut tries = 0;
    while page(at, "/readyz", false).0 != 200 {
        tries += 1;
        assert!(tries < 250, "{:?}", page(at, "/readyz", false));
        std::thread::sleep(patience);
    }
    let families = families(&page(at, "/metrics", true).2).unwrap();
    let plan = &families["switchboard_plan_info"].samples[0].labels["version"];
    assert_eq!(json!(plan), ready["result"]["plan"]);
    assert!(families["switchboard_facts_total"].samples[0].value >= 1.0, "that it was started");
    assert!(families["switchboard_media_ports"].samples.iter().any(|s| s.labels["state"] == "free" && s.value > 0.0));
    let mut stream = TcpStream::connect(at).unwrap();
    stream.write_all(&request("GET", "/figures?by=hour", &["Connection: close"], "")).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let body: Value = serde_json::from_str(text.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!((&body["to"], &body["rows"], &body["complete"]), (&json!("2021-12-15T11:00"), &json!([]), &json!(true)));
    kill_process(Pid::from_child(&daemon), Signal::TERM).unwrap();
    assert_eq!(daemon.wait().unwrap().code(), Some(0));
}
