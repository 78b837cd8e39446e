//! The HTTP API as a program meets it: real sockets, every outcome. The exchange behind it is a script.
#![cfg(test)]

mod server;

use server::answer;
pub(super) use server::{Api, TOKEN, request};

use super::cli::{Folder, binary, code, document, err, out, root, switchboard};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::Stdio;
use std::time::Duration;
use switchboard::call::Conflict;
use switchboard::exchange::{Answer, CallRow, Change, Command, GroupRow, SeatRow, Status, TransferRow, TrunkRow, Verb};
use switchboard::fact::{Brief, Cause, Supervision, TransferResult, Way};
use switchboard::id::CallRef;
use switchboard::web::Limits;

const CALL: &str = "5bhd7pq5c01";

fn call() -> CallRef {
    CallRef::parse(CALL).unwrap()
}

fn row(transfers: Vec<TransferRow>) -> CallRow {
    let row = json!({
        "call": call(), "dialled": "12345", "caller": "13900000001", "stage": "talking", "with": ["8001"], "transfers": transfers,
    });
    serde_json::from_value(row).unwrap()
}

fn transfer(transfer: u32, result: Option<TransferResult>, cause: Option<Cause>) -> TransferRow {
    let (to, title) = ("12366".to_owned(), "税务".to_owned());
    TransferRow { transfer, to, title, way: Way::ThreeWay, rang: true, result, cause, seen: String::new() }
}

fn status() -> Status {
    Status {
        shed_permille: 0,
        shed: 0,
        version: "1".into(),
        plan: "3fa9".into(),
        calls: 1,
        waiting: 0,
        seats_registered: 1,
        seats_ready: 0,
        seats: 99,
        ports: (4, 100),
        trunks_down: Vec::new(),
        draining: false,
        state: "/s".into(),
    }
}

/// The lists, and `Done` to every order.
pub(super) fn obliging(command: &Command) -> Option<Answer> {
    Some(match command {
        Command::Status => Answer::Status(status()),
        Command::Call { call: asked } if *asked == call() => Answer::Call { call: Box::new(row(Vec::new())) },
        Command::Call { .. } => Answer::Unknown,
        Command::Trunks => {
            let (trunk, targets) = ("carrier".into(), Vec::new());
            let row = TrunkRow { trunk, outbound: None, targets, up: true, calls: 0, registration: None };
            Answer::Trunks { trunks: vec![row] }
        }
        _ => Answer::Done,
    })
}

/// A seat of the hub, ready.
fn seat() -> SeatRow {
    let (seat, groups, state) = ("8001".into(), vec!["main".into()], "ready".into());
    SeatRow {
        seat,
        agent: Some("8041".into()),
        group: "main".into(),
        groups,
        skills: BTreeMap::new(),
        state,
        zh: "示闲".into(),
        since: 1_639_533_600_000_000,
        until: None,
        answered: 0,
        talked_s: 0,
        contact: None,
        locked: Vec::new(),
    }
}

#[test]
fn what_there_is_can_be_read() {
    let api = Api::new(obliging);
    let group = GroupRow {
        group: "main".into(),
        title: "12345 坐席".into(),
        waiting: 2,
        at_work: 0,
        least: 1,
        short: true,
        disaster: false,
    };
    api.shows(vec![
        Change::Call(Box::new(row(Vec::new()))),
        Change::Seat(Box::new(seat())),
        Change::Groups(vec![group]),
    ]);
    let get = |path: &str| {
        let told = api.says("GET", path, "");
        assert_eq!((told.status, told.header("content-type")), (200, Some("application/json")), "{told:?}");
        told.body
    };
    assert_eq!(get("/status"), serde_json::to_value(status()).unwrap());
    assert_eq!(get("/calls")["calls"][0]["call"], CALL);
    assert_eq!(get(&format!("/calls/{CALL}")), serde_json::to_value(row(Vec::new())).unwrap());
    assert_eq!(get("/seats")["seats"][0]["zh"], "示闲");
    assert_eq!(get("/groups")["groups"][0]["ready"], 1);
    assert_eq!(api.heard(), [Command::Status, Command::Call { call: call() }], "lists ask the exchange for nothing");
    assert_eq!(get("/trunks")["trunks"][0]["trunk"], "carrier");
    let absent = api.says("GET", "/calls/5bhd7pq5c02", "");
    assert_eq!(absent.refused(), (404, "unknown_call"));
    // Other sites' scripts get no leave to read it.
    let told = api.sends(&request("GET", "/status", &["Origin: http://evil.example"], ""));
    assert_eq!((told.status, told.header("access-control-allow-origin")), (200, None));
}

#[test]
fn every_order_reaches_the_exchange_with_who_and_why() {
    let api = Api::new(obliging);
    let order = |verb: &str, body: &str| {
        let headers = ["Content-Type: application/json; charset=utf-8", "X-Operator: 王五"];
        let told = api.sends(&request("POST", &format!("/calls/{CALL}/{verb}"), &headers, body));
        assert_eq!((told.status, told.body), (200, json!({ "done": true })), "{verb}");
        api.heard().pop().unwrap()
    };
    let (call, by) = (call(), String::from("王五"));
    let conference = |verb, why: &str| Command::Conference { call, verb, by: by.clone(), why: why.into() };
    assert_eq!(order("hold", "{\"why\":\"查政策\"}"), conference(Verb::Hold, "查政策"));
    assert_eq!(order("leave", ""), conference(Verb::Leave, ""));
    assert_eq!(order("mute", "{\"muted\":false}"), conference(Verb::Unmute, ""));
    assert_eq!(order("record", "{\"do\":\"pause\"}"), conference(Verb::Pause, ""));
    let (seat, why) = ("8050".into(), "投诉".into());
    let whisper = Command::Supervise { call, seat, mode: Supervision::Whisper, by: by.clone(), why, granted: false };
    assert_eq!(order("whisper", "{\"seat\":\"8050\",\"why\":\"投诉\"}"), whisper);
    let brief = Brief { reason: "个税".into(), location: "五四路".into() };
    let blind = Command::Transfer { call, to: "12366".into(), way: Way::Blind, brief, by: "赵六".into() };
    let body = json!({ "to": "12366", "way": "blind", "reason": "个税", "location": "五四路", "by": "赵六" });
    assert_eq!(order("transfer", &body.to_string()), blind);
    assert_eq!(api.says("DELETE", &format!("/calls/{CALL}"), "").body, json!({ "done": true }));
    assert_eq!(api.heard(), [Command::HangUp { call }]);
}

#[test]
fn each_answer_of_the_exchange_is_one_outcome() {
    let told = |answer: Answer| {
        let api = Api::new(move |_| Some(answer.clone()));
        api.says("POST", &format!("/calls/{CALL}/three-way"), "{\"to\":\"12366\"}")
    };
    let begun = told(Answer::Asked { transfer: 2 });
    assert_eq!((begun.status, &begun.body), (202, &json!({ "transfer": 2, "call": CALL })));
    assert_eq!(begun.header("location"), Some(format!("/api/v1/calls/{CALL}").as_str()));
    let busy = told(Answer::Conflict { why: Conflict::Busy });
    assert_eq!((busy.refused(), &busy.body["why"]), ((409, "conflict"), &json!("busy")));
    assert_eq!(told(Answer::NotReachable).refused(), (403, "not_reachable"));
    assert!(told(Answer::NotReachable).body["en"].as_str().unwrap().contains("12366"));
    assert_eq!(told(Answer::Forbidden).refused(), (403, "forbidden"));
    assert_eq!(told(Answer::Unknown).refused(), (404, "unknown_call"));
    assert_eq!(told(Answer::Trunks { trunks: Vec::new() }).refused(), (500, "strange"));
}

#[test]
fn without_the_token_nothing_is_told() {
    let api = Api::new(obliging);
    let refused = |authorization: &str, path: &str| {
        let text = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{authorization}\r\n");
        let told = api.sends(text.as_bytes());
        assert_eq!(told.header("www-authenticate"), Some("Bearer"));
        told.refused() == (401, "unauthorized")
    };
    let wrong = [
        String::new(),
        "Authorization: Bearer\r\n".into(),
        "Authorization: Bearer \r\n".into(),
        "Authorization: Bearer x\r\n".into(),
        format!("Authorization: Bearer {TOKEN}x\r\n"),
        format!("Authorization: Bearer {}\r\n", &TOKEN[1..]),
        format!("Authorization: Basic {TOKEN}\r\n"),
        format!("Authorization: {TOKEN}\r\n"),
        "Authorization: Bearer \u{e9}\r\n".into(),
    ];
    for authorization in &wrong {
        assert!(refused(authorization, "/api/v1/status"), "{authorization:?}");
    }
    // Not even which addresses there are.
    assert!(
        refused("", "/nope") && refused("", "/api/v1/nope") && refused("", &format!("/api/v1/status?token={TOKEN}"))
    );
    assert_eq!(api.heard(), []);
    let text =
        format!("GET /api/v1/status HTTP/1.1\r\nHost: x\r\nConnection: close\r\nauthorization: bearer {TOKEN}\r\n\r\n");
    assert_eq!(api.sends(text.as_bytes()).status, 200);
}

#[test]
fn what_is_no_order_is_refused_by_its_field_and_orders_nothing() {
    let api = Api::new(obliging);
    let cases = [
        ("POST", "/calls/nope/hold", "", (400, "ref")),
        ("POST", "/calls/%ff/hold", "", (400, "ref")),
        ("GET", "/calls/nope", "", (400, "ref")),
        ("DELETE", "/calls/5bhd7pq5cu1", "", (400, "ref")),
        ("POST", "/calls/5bhd7pq5c01/hold", "{", (400, "body")),
        ("POST", "/calls/5bhd7pq5c01/hold", "[1]", (400, "body")),
        ("POST", "/calls/5bhd7pq5c01/three-way", "", (422, "to")),
        ("POST", "/calls/5bhd7pq5c01/three-way", "{\"to\":[]}", (422, "to")),
        ("POST", "/calls/5bhd7pq5c01/transfer", "{\"to\":\"12366\",\"way\":\"x\"}", (422, "way")),
        ("POST", "/calls/5bhd7pq5c01/barge", "{\"seat\":\"8050\"}", (422, "why")),
        ("POST", "/calls/5bhd7pq5c01/hold", "{\"whi\":\"x\"}", (422, "whi")),
        ("POST", "/calls/5bhd7pq5c01/transfer?wait_s=61", "{\"to\":\"12366\"}", (422, "wait_s")),
        ("POST", "/calls/5bhd7pq5c01/hold?wait_s=1", "", (422, "wait_s")),
    ];
    for (method, path, body, (status, field)) in cases {
        let told = api.says(method, path, body);
        assert_eq!((told.refused(), &told.body["field"]), ((status, "malformed"), &json!(field)), "{path} {body}");
    }
    let long = format!("X-Operator: {}", "名".repeat(65));
    let told = api.sends(&request("POST", &format!("/calls/{CALL}/hold"), &[&long], ""));
    assert_eq!((told.refused().0, &told.body["field"]), (422, &json!("X-Operator")));
    assert_eq!(api.heard(), []);
}

#[test]
fn addresses_methods_types_and_sizes_have_their_status() {
    let api = Api::new(obliging);
    let hold = format!("/calls/{CALL}/hold");
    assert_eq!(api.says("GET", "/nope", "").refused(), (404, "unknown_path"));
    assert_eq!(api.says("POST", &format!("/calls/{CALL}/explode"), "").refused(), (404, "unknown_path"));
    for (method, path, allowed) in [("GET", hold.as_str(), "POST"), ("PUT", "/status", "GET,HEAD")] {
        let told = api.says(method, path, "");
        assert_eq!((told.refused(), told.header("allow")), ((405, "method_not_allowed"), Some(allowed)));
    }
    for kind in ["Content-Type: text/plain", "X-Nothing: x"] {
        let told = api.sends(&request("POST", &hold, &[kind], "{}"));
        assert_eq!(told.refused(), (415, "unsupported_media_type"), "{kind}");
    }
    assert_eq!(api.sends(&request("POST", &hold, &["X-Nothing: x"], "")).status, 200, "nothing needs no type");
    let kind = ["Content-Type: application/json"];
    let body = |n: usize| format!("{{{}}}", " ".repeat(n - 2));
    assert_eq!(api.sends(&request("POST", &hold, &kind, &body(16 << 10))).status, 200);
    for size in [(16 << 10) + 1, 200_000] {
        assert_eq!(api.sends(&request("POST", &hold, &kind, &body(size))).refused(), (413, "too_large"), "{size}");
    }
    // Who goes on sending after his answer is heard out, not reset: elsewhere than here a reset takes the answer along.
    let long = request("POST", &hold, &kind, &body(200_000));
    let mut talker = TcpStream::connect(api.at).unwrap();
    talker.write_all(&long[..20_000]).unwrap();
    assert_eq!(answer(talker.try_clone().unwrap()).refused(), (413, "too_large"));
    for piece in long[20_000..].chunks(4096) {
        talker.write_all(piece).unwrap();
    }
    let mut chunked = request("POST", &hold, &["Transfer-Encoding: chunked", kind[0]], "");
    let head = String::from_utf8(chunked.clone()).unwrap().replace("Content-Length: 0\r\n", "");
    chunked = head.into_bytes();
    for _ in 0..20 {
        chunked.extend_from_slice(format!("400\r\n{}\r\n", " ".repeat(0x400)).as_bytes());
    }
    assert_eq!(api.sends(&chunked).refused(), (413, "too_large"));
    assert_eq!(api.heard().len(), 2);
    let long = format!("X-Long: {}", "x".repeat(20_000));
    assert_eq!(api.sends(&request("GET", "/status", &[&long], "")).status, 431);
    let many = vec!["X-Many: x"; 100];
    assert_eq!(api.sends(&request("GET", "/status", &many, "")).status, 431);
    assert_eq!(api.sends(b"\x16\x03\x01\x02\x00 hello\r\n\r\n").status, 400);
}

#[test]
fn a_silent_exchange_is_busy_and_a_stopped_one_stops() {
    let limits = Limits { patience: Duration::from_millis(50), ..Limits::default() };
    let api = Api::with(limits, |_| None);
    let told = api.says("GET", "/status", "");
    assert_eq!((told.refused(), told.header("retry-after")), ((503, "busy"), Some("1")));
    let api = Api::new(|_| None);
    let mut waiting = TcpStream::connect(api.at).unwrap();
    waiting.write_all(&request("GET", "/status", &[], "")).unwrap();
    while api.heard.lock().unwrap().is_empty() {
        std::thread::yield_now();
    }
    drop(api);
    assert_eq!(answer(waiting).refused(), (503, "stopping"));
}

#[test]
fn a_client_may_wait_for_the_end_of_its_transfer() {
    let scene = |last: Change| {
        let api = Api::new(|command| match command {
            Command::Transfer { .. } => Some(Answer::Asked { transfer: 2 }),
            Command::Call { .. } => Some(Answer::Unknown),
            _ => None,
        });
        // Twice nothing new, then the end: an earlier transfer's result is not taken for it.
        let earlier = transfer(1, Some(TransferResult::Joined), None);
        let changed = |rows| Change::Call(Box::new(row(rows)));
        api.shows(vec![changed(vec![earlier.clone()])]);
        let mut waiting = TcpStream::connect(api.at).unwrap();
        let path = format!("/calls/{CALL}/three-way?wait_s=30");
        waiting.write_all(&request("POST", &path, &["Content-Type: application/json"], "{\"to\":\"12366\"}")).unwrap();
        while api.heard.lock().unwrap().is_empty() {
            std::thread::yield_now();
        }
        for next in [changed(vec![earlier.clone(), transfer(2, None, None)]), last] {
            std::thread::sleep(Duration::from_millis(50));
            api.shows(vec![next]);
        }
        let told = answer(waiting);
        assert_eq!(told.status, 200, "{told:?}");
        told.body
    };
    let ends = |result, cause| scene(Change::Call(Box::new(row(vec![transfer(2, Some(result), cause)]))));
    let expected = json!({ "transfer": 2, "call": CALL, "result": "failed", "cause": "busy" });
    assert_eq!(ends(TransferResult::Failed, Some(Cause::Busy)), expected);
    let expected = json!({ "transfer": 2, "call": CALL, "result": "joined" });
    assert_eq!(ends(TransferResult::Joined, None), expected);
    let expected = json!({ "transfer": 2, "call": CALL, "result": "call_ended" });
    assert_eq!(scene(Change::Over(call())), expected);
}

#[test]
fn a_wait_that_is_too_long_ends_as_without_it_and_a_refusal_is_told_at_once() {
    let api = Api::new(|command| match command {
        Command::Transfer { .. } => Some(Answer::Asked { transfer: 1 }),
        _ => None,
    });
    api.shows(vec![Change::Call(Box::new(row(vec![transfer(1, None, None)])))]);
    let ask = |api: &Api| api.says("POST", &format!("/calls/{CALL}/transfer?wait_s=1"), "{\"to\":\"12366\"}");
    let told = ask(&api);
    assert_eq!((told.status, told.body), (202, json!({ "transfer": 1, "call": CALL })));
    let api = Api::new(|_| Some(Answer::NotReachable));
    assert_eq!((ask(&api).refused(), api.heard().len()), ((403, "not_reachable"), 1));
}

#[test]
fn who_waits_asks_the_exchange_only_for_a_call_that_nobody_has_told_of() {
    let api = Api::new(|command| match command {
        Command::Transfer { .. } => Some(Answer::Asked { transfer: 1 }),
        _ => Some(Answer::Call { call: Box::new(row(vec![transfer(1, None, None)])) }),
    });
    let path = format!("/calls/{CALL}/three-way?wait_s=2");
    let all = |api: &Api| {
        let streams: Vec<_> = (0..40)
            .map(|_| {
                let mut stream = TcpStream::connect(api.at).unwrap();
                let kind = ["Content-Type: application/json"];
                stream.write_all(&request("POST", &path, &kind, "{\"to\":\"12366\"}")).unwrap();
                stream
            })
            .collect();
        assert!(streams.into_iter().all(|stream| answer(stream).status == 202));
        api.heard().iter().filter(|c| matches!(c, Command::Call { .. })).count()
    };
    // Once at the beginning, and once a second.
    let looks = all(&api);
    assert!((40..=120).contains(&looks), "{looks}");
    api.shows(vec![Change::Call(Box::new(row(vec![transfer(1, None, None)])))]);
    assert_eq!(all(&api), 0);
}

#[test]
fn silent_slow_and_deaf_clients_stand_in_nobodys_way() {
    let arrival = Duration::from_millis(300);
    let limits = Limits { connections: 4, arrival, linger: arrival, ..Limits::default() };
    let api = Api::with(limits, obliging);
    let hold = format!("/calls/{CALL}/hold");
    // As many as there are places: nothing said, half a head, half a body, an answer that nobody reads.
    let silent = TcpStream::connect(api.at).unwrap();
    let mut head = TcpStream::connect(api.at).unwrap();
    head.write_all(b"GET /api/v1/status HTTP/1.1\r\nHost: x\r\n").unwrap();
    let mut body = TcpStream::connect(api.at).unwrap();
    let kind = ["Content-Type: application/json"];
    let whole = request("POST", &hold, &kind, "{\"why\":\"x\"}");
    body.write_all(&whole[..whole.len() - 5]).unwrap();
    let mut deaf = TcpStream::connect(api.at).unwrap();
    deaf.write_all(&request("GET", "/status", &[], "")).unwrap();
    // The fifth is served when they have been cut off.
    assert_eq!(api.says("GET", "/status", "").status, 200);
    assert_eq!(answer(body).refused(), (408, "slow_request"));
    assert_eq!(answer(deaf).status, 200);
    for mut stream in [silent, head] {
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
        assert!(!rest.starts_with(b"HTTP/1.1 2"), "{}", String::from_utf8_lossy(&rest));
    }
    // A body that breaks off orders nothing.
    let mut broken = TcpStream::connect(api.at).unwrap();
    broken.write_all(&whole[..whole.len() - 5]).unwrap();
    broken.shutdown(Shutdown::Write).unwrap();
    let mut rest = Vec::new();
    let _ = broken.read_to_end(&mut rest);
    assert!(!rest.starts_with(b"HTTP/1.1 2"), "{}", String::from_utf8_lossy(&rest));
    assert!(api.heard().iter().all(|c| *c == Command::Status));
}

/// A configuration with an API on this address.
pub(super) fn config(folder: &Folder, http: SocketAddr) -> String {
    let sip = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let plan = root().join("dialplans");
    let text = format!(
        "[sip]\nlisten = [\"udp:{sip}\"]\nmax_calls = 10\n[media]\nports = \"17000-17999\"\n[plan]\nfolder = {plan:?}\n\
         [store]\ntemporary = true\n[admin]\nhttp = \"{http}\"\nhttp_token = \"{TOKEN}\"\n[trunk.carrier]\ninbound = \"127.0.0.10\"\n"
    );
    folder.write("switchboard.toml", &text).display().to_string()
}

#[test]
fn a_daemon_serves_the_api_where_it_says() {
    let folder = Folder::new();
    let config = config(&folder, "127.0.0.1:0".parse().unwrap());
    let mut command = binary();
    command.args(["run", "--json", "--as-of", "2021-12-15T10:00", "--config", &config]).stdin(Stdio::null());
    let mut daemon = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(daemon.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    let at: SocketAddr = ready["result"]["http"].as_str().unwrap().parse().unwrap();
    let says = |method: &str, path: &str, body: &str| {
        let mut stream = TcpStream::connect(at).unwrap();
        stream.write_all(&request(method, path, &["Content-Type: application/json"], body)).unwrap();
        answer(stream)
    };
    assert_eq!(says("GET", "/status", "").body["plan"], ready["result"]["plan"]);
    assert_eq!(says("GET", "/calls", "").body, json!({ "calls": [] }));
    assert_eq!(says("DELETE", &format!("/calls/{CALL}"), "").refused(), (404, "unknown_call"));
    assert_eq!(says("POST", &format!("/calls/{CALL}/three-way"), "{\"to\":\"12366\"}").refused().0, 404);
    kill_process(Pid::from_child(&daemon), Signal::TERM).unwrap();
    assert_eq!(daemon.wait().unwrap().code(), Some(0));
}

#[test]
fn an_address_that_is_taken_is_told_and_nothing_starts() {
    let folder = Folder::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let http = taken.local_addr().unwrap();
    let config = config(&folder, http);
    let run = switchboard(&["run", "--config", &config, "--lang", "en"]);
    assert_eq!((code(&run), out(&run)), (Some(75), String::new()));
    assert!(err(&run).contains(&format!("the HTTP API's {http} is in use")), "{}", err(&run));
    let doctor = switchboard(&["doctor", "--config", &config, "--json"]);
    let findings = document(&doctor)["result"]["findings"].clone();
    let told = findings.as_array().unwrap().iter().find(|f| f["en"].as_str().unwrap().contains("[admin] http"));
    assert_eq!((code(&doctor), &told.unwrap()["grade"]), (Some(1), &json!("bad")));
}
