//! What is shown without asking: changes of the exchange as they are told, connections that go on, the stream of changes.
#![cfg(test)]

use super::api::{Api, obliging, request};
use crate::support::city::settings;
use crate::support::mirror::Mirror;
use crate::support::town::{Manner, Town};
use crate::support::wire::Weather;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;
use switchboard::admin::http::Limits;
use switchboard::clock::Clock;
use switchboard::exchange::{Change, Settings, Verb};

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
