//! `switchboard demo --callers N`: a hall that lives by itself, seen through the doors that everybody has.
#![cfg(test)]

use super::cli::Demo;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::Duration;
use switchboard::clock::{Clock, SECOND};

/// What has been seen of the hall.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    waits: bool,
    talks: bool,
    transferred: bool,
    signed_in_by_key: bool,
}

impl Seen {
    const ALL: Self = Self { waits: true, talks: true, transferred: true, signed_in_by_key: true };

    fn look(&mut self, demo: &Demo) {
        let calls = demo.ask(&["calls", "ls"]);
        let seats = demo.ask(&["seats", "ls", "--group", "kept.12348"]);
        let live = calls["live"].as_array().cloned().unwrap_or_default();
        let stage = |stage: &str| live.iter().any(|call| call["stage"] == stage);
        self.waits |= stage("queueing");
        self.talks |= stage("talking");
        let joined = |transfer: &Value| transfer["result"] == "joined";
        let transfers = |call: &Value| call["transfers"].as_array().is_some_and(|t| t.iter().any(joined));
        self.transferred |= live.iter().any(transfers);
        self.signed_in_by_key |= seats["seats"][0]["agent"] == "8051";
    }
}

/// The status of a request for the live calls, with this token.
fn calls_over_http(at: &str, token: &str) -> String {
    let mut stream = TcpStream::connect(at).unwrap();
    let head = format!(
        "GET /api/v1/calls HTTP/1.1\r\nHost: {at}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap_or_default().to_owned()
}

#[test]
fn a_hall_lives_by_itself_and_ends_at_once() {
    let demo = Demo::start(&["--callers", "6", "--seed", "3"]);
    assert_eq!((&demo.ready["callers"], &demo.ready["seed"]), (&6.into(), &3.into()));
    let mut seen = Seen::default();
    for _ in 0..100 {
        seen.look(&demo);
        if seen == Seen::ALL {
            break;
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    assert_eq!(seen, Seen::ALL);
    let (http, token) = (demo.ready["http"].as_str().unwrap(), demo.ready["http_token"].as_str().unwrap());
    assert_eq!([calls_over_http(http, token), calls_over_http(http, "guessed")], ["200", "401"]);

    let state = PathBuf::from(demo.ready["state"].as_str().unwrap());
    assert!(state.is_dir());
    let asked = Clock::system();
    assert_eq!((demo.stop(), state.exists()), (Some(0), false));
    let took = asked.now().mono;
    assert!(took < 2 * SECOND, "{took} µs");
}
