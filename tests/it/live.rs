//! What is shown without asking: changes of the exchange as they are told, connections that go on, the stream of changes.
#![cfg(test)]

pub(crate) mod events;
mod socket;

use super::api::{Api, obliging, request};
use crate::support::city::settings;
use crate::support::mirror::Mirror;
use crate::support::town::{Manner, Town};
use crate::support::wire::Weather;
use events::Events;
use serde_json::json;
use socket::{Said, Socket};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;
use switchboard::clock::Clock;
use switchboard::exchange::{CallRow, Change, Settings, Verb};
use switchboard::id::CallRef;
use switchboard::web::Limits;

const SOON: Manner = Manner::Answers(500_000);

#[test]
fn changes_tell_of_every_step_of_a_call_and_of_the_seats() {
    let settings = Settings { wrap_up: Some(3_000_000), ..settings() };
    let mut town = Town::with("2021-12-15T10:00", 11, Weather::FINE, settings);
    let mut mirror = Mirror::default();
    let mut seen = Vec::new();
    let (seat, bureau) = (town.seat("8001", SOON), town.trunk(20, SOON));
    town.runs(2.0);
    let first = town.citizen("13900000001");
    let second = town.citizen("13900000002");
    town.dials(first, "12345");
    town.runs(1.0);
    town.dials(second, "12345");
    let mut steps = |town: &mut Town, seconds: u32, seen: &mut Vec<String>| {
        for _ in 0..seconds * 10 {
            town.runs(0.1);
            mirror.looks(town, "a scene");
            let main = mirror.groups.iter().find(|g| g.group.as_str() == "main").unwrap();
            let stages: Vec<_> = mirror.calls.values().map(|c| c.stage.clone()).collect();
            let word = format!("{} · {} wait · {}", stages.join(" "), main.waiting, mirror.seats["8001"].state);
            if seen.last() != Some(&word) {
                seen.push(word);
            }
        }
    };
    steps(&mut town, 3, &mut seen);
    let call = town.exchange.live();
    assert_eq!(call, 2);
    town.presses(seat, "*112366");
    steps(&mut town, 4, &mut seen);
    town.hangs_up(first);
    town.hangs_up(bureau);
    steps(&mut town, 8, &mut seen);
    assert!(town.is_connected(second), "the next one is served");
    town.orders(Verb::Hold);
    steps(&mut town, 1, &mut seen);
    town.hangs_up(second);
    steps(&mut town, 8, &mut seen);
    let all = seen.join("\n");
    for word in ["talking queueing · 1 wait · talking", "queueing · 1 wait · wrap_up", " · 0 wait · ready"] {
        assert!(all.contains(word), "{word} is not in\n{all}");
    }
    assert!(mirror.calls.is_empty());
}

#[test]
fn whoever_never_asked_is_told_all_of_it_and_what_is_kept_for_him_is_bounded() {
    let mut town = Town::new(12);
    let citizen = town.citizen("13900000001");
    town.dials(citizen, "12345");
    town.runs(1.0);
    let changes = town.exchange.changes(town.now);
    let seats = changes.iter().filter(|c| matches!(c, Change::Seat(_))).count();
    assert_eq!(seats, 58, "each seat once");
    assert!(changes.iter().any(|c| matches!(c, Change::Call(row) if row.dialled == "12345")));
    assert_eq!(town.exchange.changes(town.now), [], "nothing twice");
}

/// Reads one answer of a connection that goes on.
fn one(reader: &mut BufReader<TcpStream>) -> (String, String) {
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        assert_ne!(reader.read_line(&mut line).unwrap(), 0, "closed: {head}");
        if line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length: ") {
            length = value.trim().parse().unwrap();
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    (head, String::from_utf8(body).unwrap())
}

#[test]
fn a_connection_carries_one_request_after_another_and_an_idle_one_is_closed() {
    let arrival = Duration::from_millis(300);
    let api = Api::with(Limits { arrival, linger: arrival, ..Limits::default() }, obliging);
    let asked = request("GET", "/calls", &["Connection: keep-alive"], "");
    let mut reader = BufReader::new(TcpStream::connect(api.at).unwrap());
    for _ in 0..20 {
        reader.get_mut().write_all(&asked).unwrap();
        let (head, body) = one(&mut reader);
        assert!(head.starts_with("HTTP/1.1 200") && !head.to_lowercase().contains("connection: close"), "{head}");
        assert_eq!(body, "{\"calls\":[]}");
    }
    // Several at once are answered in order.
    reader.get_mut().write_all(&asked.repeat(5)).unwrap();
    (0..5).for_each(|_| _ = one(&mut reader));
    let mut rest = Vec::new();
    let _ = reader.read_to_end(&mut rest);
    assert!(rest.is_empty(), "closed without a word: {}", String::from_utf8_lossy(&rest));
}

#[test]
fn none_goes_on_once_all_places_are_taken() {
    let api = Api::with(Limits { connections: 6, ..Limits::default() }, obliging);
    let asked = request("GET", "/status", &["Connection: keep-alive"], "");
    let mut reader = BufReader::new(TcpStream::connect(api.at).unwrap());
    let mut says = || {
        reader.get_mut().write_all(&asked).unwrap();
        one(&mut reader).0.to_lowercase()
    };
    assert!(!says().contains("connection: close"));
    let silent: Vec<_> = (0..5).map(|_| TcpStream::connect(api.at).unwrap()).collect();
    std::thread::sleep(Duration::from_millis(100));
    assert!(says().contains("connection: close"), "somebody else may come");
    drop(silent);
}

#[test]
fn none_goes_on_for_ever_however_busy_it_is() {
    let api = Api::with(Limits { life: Duration::from_millis(400), ..Limits::default() }, obliging);
    let asked = request("GET", "/calls", &["Connection: keep-alive"], "");
    let mut stream = TcpStream::connect(api.at).unwrap();
    let clock = Clock::system();
    let mut bytes = vec![0; 4096];
    let mut answers = 0;
    while stream.write_all(&asked).is_ok() && stream.read(&mut bytes).is_ok_and(|n| n > 0) {
        answers += 1;
        assert!(clock.now().mono < 20_000_000, "it goes on for ever");
    }
    assert!(answers > 1 && clock.now().mono >= 300_000, "{answers} answers in {} µs", clock.now().mono);
}

fn call(n: u64, stage: &str) -> CallRow {
    let row = json!({ "call": CallRef(n), "dialled": "12345", "caller": "13900000001", "stage": stage, "with": [] });
    serde_json::from_value(row).unwrap()
}

fn is(n: u64, stage: &str) -> Vec<Change> {
    vec![Change::Call(Box::new(call(n, stage)))]
}

#[test]
fn the_stream_is_a_snapshot_and_then_what_changes() {
    let api = Api::new(obliging);
    api.shows(is(1, "queueing"));
    let mut socket = Socket::open(api.at, "").unwrap();
    let first = socket.text();
    let expected = json!({ "snapshot": true, "seq": 1, "calls": [call(1, "queueing")], "seats": [], "groups": [] });
    assert_eq!(first, expected);
    api.shows(is(1, "talking"));
    api.shows(vec![Change::Over(CallRef(1)), is(2, "ringing").remove(0)]);
    assert_eq!(socket.text(), json!({ "seq": 2, "calls": [call(1, "talking")] }));
    assert_eq!(socket.text(), json!({ "seq": 3, "calls": [call(2, "ringing")], "over": [CallRef(1)] }));
    // Whoever was away goes on where he was, or is told that he cannot.
    drop(socket);
    let mut again = Socket::open(api.at, "?since=2").unwrap();
    assert_eq!(again.text(), json!({ "resumed": true, "seq": 2 }));
    assert_eq!(again.text()["seq"], 3);
    let mut newest = Socket::open(api.at, "?since=3").unwrap();
    assert_eq!(newest.text(), json!({ "resumed": true, "seq": 3 }));
    for lost in ["?since=4", "?since=99999"] {
        let told = Socket::open(api.at, lost).unwrap().text();
        assert_eq!(
            (&told["snapshot"], &told["missed"], &told["seq"]),
            (&json!(true), &json!(true), &json!(3)),
            "{lost}"
        );
    }
    // All hear the same.
    api.shows(is(2, "talking"));
    assert_eq!((&again.text()["seq"], &newest.text()["seq"]), (&json!(4), &json!(4)));
    assert!(again.says(0x9, b"ping") && again.says(0x8, &[3, 232]));
    assert!(matches!(again.hears(), Said::Close(1000, _) | Said::Gone));
}

#[test]
fn what_is_no_request_for_the_stream_is_refused() {
    let api = Api::new(obliging);
    assert_eq!(api.says("GET", "/live", "").refused(), (426, "upgrade_required"));
    assert_eq!(Socket::open(api.at, "?since=x").err(), Some(422));
    assert_eq!(Socket::open(api.at, "?snice=1").err(), Some(422));
    assert_eq!(api.says("POST", "/live", "").refused().0, 405);
    let text = "GET /api/v1/live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let mut stream = TcpStream::connect(api.at).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    let mut head = [0; 12];
    stream.read_exact(&mut head).unwrap();
    assert_eq!(&head, b"HTTP/1.1 401", "without the token");
}

#[test]
fn a_reader_who_does_not_keep_up_is_cut_and_stands_in_nobodys_way() {
    let linger = Duration::from_millis(300);
    let api = Api::with(Limits { watchers: 2, linger, ..Limits::default() }, obliging);
    let slow = Socket::open(api.at, "").unwrap();
    let mut quick = Socket::open(api.at, "").unwrap();
    assert_eq!(Socket::open(api.at, "").err(), Some(503), "there are as many as may be");
    assert_eq!(quick.text()["seq"], 0);
    // More than the buffers between us take.
    let long = "x".repeat(100_000);
    for n in 1..=300u64 {
        let row = CallRow { caller: format!("{n}{long}"), ..call(1, "talking") };
        api.shows(vec![Change::Call(Box::new(row))]);
        assert_eq!(quick.text()["seq"], n);
    }
    let mut tries = 0;
    let mut next = loop {
        match Socket::open(api.at, "?since=299") {
            Ok(socket) => break socket,
            Err(status) => assert_eq!(status, 503),
        }
        tries += 1;
        assert!(tries < 200, "the slow one keeps its place");
        std::thread::sleep(Duration::from_millis(20));
    };
    assert_eq!((next.text(), next.text()["seq"].clone()), (json!({ "resumed": true, "seq": 299 }), json!(300)));
    drop(slow);
}

#[test]
fn a_reader_who_talks_too_much_or_too_long_is_cut_and_a_stopping_daemon_says_so() {
    let api = Api::new(obliging);
    let mut socket = Socket::open(api.at, "").unwrap();
    socket.text();
    for _ in 0..61 {
        socket.says(0x1, b"hello");
    }
    assert_eq!(socket.hears(), Said::Close(1013, "too talkative".into()));
    let mut long = Socket::open(api.at, "").unwrap();
    long.text();
    let frame = [&[0x81, 0xfe, 0x20, 0x00, 1, 2, 3, 4][..], &[b'x'; 0x2000]].concat();
    long.0.get_mut().write_all(&frame).unwrap();
    assert!(matches!(long.hears(), Said::Close(..) | Said::Gone));
    let mut socket = Socket::open(api.at, "").unwrap();
    socket.text();
    drop(api);
    assert_eq!(socket.hears(), Said::Close(1001, "stopping".into()));
}

#[test]
fn the_stream_comes_as_events_too_for_whoever_has_no_websocket() {
    let api = Api::with(Limits { life: Duration::from_millis(300), ..Limits::default() }, obliging);
    api.shows(is(1, "queueing"));
    let mut events = Events::open(api.at, "", "").unwrap();
    let expected = json!({ "snapshot": true, "seq": 1, "calls": [call(1, "queueing")], "seats": [], "groups": [] });
    assert_eq!(events.message(), expected);
    api.shows(is(1, "talking"));
    assert_eq!(events.message(), json!({ "seq": 2, "calls": [call(1, "talking")] }));
    // A connection that goes on for ever elsewhere ends after its time; this one does not.
    std::thread::sleep(Duration::from_secs(1));
    api.shows(vec![Change::Over(CallRef(1))]);
    assert_eq!(events.message(), json!({ "seq": 3, "over": [CallRef(1)] }));
    drop(events);
    // What he has stands in a header when he comes again, and outweighs what his address said first.
    let mut again = Events::open(api.at, "?since=1", "2").unwrap();
    assert_eq!(again.message(), json!({ "resumed": true, "seq": 2 }));
    assert_eq!(again.message()["seq"], 3);
    let mut lost = Events::open(api.at, "?since=9", "").unwrap();
    assert_eq!(lost.message()["missed"], true);
    assert_eq!(Events::open(api.at, "", "x").err(), Some(422));
    assert_eq!(Events::open(api.at, "?snice=1", "").err(), Some(422));
    drop(api);
    let end = ("end".to_owned(), None, json!({ "code": 1001, "why": "stopping" }));
    assert_eq!((again.next(), again.next()), (Some(end), None));
}

#[test]
fn a_reader_of_events_who_does_not_read_loses_his_place() {
    let linger = Duration::from_millis(300);
    let api = Api::with(Limits { watchers: 1, linger, ..Limits::default() }, obliging);
    let slow = Events::open(api.at, "", "").unwrap();
    assert_eq!(Events::open(api.at, "", "").err(), Some(503), "there are as many as may be");
    let long = "x".repeat(100_000);
    for n in 1..=300u64 {
        api.shows(vec![Change::Call(Box::new(CallRow { caller: format!("{n}{long}"), ..call(1, "talking") }))]);
    }
    let mut tries = 0;
    let mut next = loop {
        match Events::open(api.at, "?since=299", "") {
            Ok(events) => break events,
            Err(status) => assert_eq!(status, 503),
        }
        tries += 1;
        assert!(tries < 200, "the slow one keeps its place");
        std::thread::sleep(Duration::from_millis(20));
    };
    assert_eq!(next.message(), json!({ "resumed": true, "seq": 299 }));
    // Whoever is gone leaves his place as well.
    drop((next, slow));
    let freed = (0..200).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        Events::open(api.at, "", "").is_ok()
    });
    assert!(freed);
}
