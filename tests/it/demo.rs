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

/// Status and body of what is answered to this request, its headers after the first line each ended.
fn http(at: &str, request: &str, headers: &str, body: &str) -> (String, Value) {
    let mut stream = TcpStream::connect(at).unwrap();
    let length = body.len();
    let head = format!("{request} HTTP/1.1\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}");
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    (head.split(' ').nth(1).unwrap_or_default().to_owned(), serde_json::from_str(body).unwrap_or_default())
}

/// The status of a request for the live calls, with this token.
fn calls_over_http(at: &str, token: &str) -> String {
    http(at, "GET /api/v1/calls", &format!("Host: {at}\r\nAuthorization: Bearer {token}\r\n"), "").0
}

/// A page is opened by its link: the status, and the page that it goes on to.
fn opened(at: &str, link: &str) -> (String, String) {
    let (host, secret) = link.strip_prefix("http://").and_then(|link| link.split_once("/join#")).unwrap();
    let headers = format!("Host: {host}\r\nOrigin: http://{host}\r\nContent-Type: application/json\r\n");
    let (status, body) = http(at, "POST /api/v1/join", &headers, &format!("{{\"link\":\"{secret}\"}}"));
    (status, body["home"].as_str().unwrap_or_default().to_owned())
}

#[test]
fn each_role_has_a_link_that_signs_in_once() {
    let demo = Demo::start(&[]);
    let (at, links) = (demo.ready["http"].as_str().unwrap(), demo.ready["links"].as_array().unwrap());
    let word = |link: &Value, key: &str| link[key].as_str().unwrap_or_default().to_owned();
    let roles: Vec<String> = links.iter().map(|link| word(link, "role")).collect();
    assert_eq!(
        roles,
        ["agent", "agent", "supervisor", "operator", "manager", "department", "auditor", "admin"],
        "{:?}",
        demo.ready
    );
    for link in links {
        assert_eq!(opened(at, &word(link, "link")), ("200".into(), word(link, "page")));
    }
    assert_eq!(opened(at, &word(&links[0], "link")), ("410".into(), String::new()), "it has been used");
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
