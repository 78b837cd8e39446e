//! As much of a reader of server-sent events as the tests need (the HTML standard, §9.2.6).

use super::socket::head;
use crate::api::TOKEN;
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// One event: its name, its id, its document.
pub type Event = (String, Option<u64>, Value);

/// An open stream.
pub struct Events(BufReader<TcpStream>);

impl Events {
    /// Opens it; else the status that it was refused with.
    pub fn open(at: SocketAddr, query: &str, last: &str) -> Result<Self, u16> {
        Self::of(at, &format!("/api/v1/live{query}"), &format!("Authorization: Bearer {TOKEN}"), last)
    }

    /// The same of another address, by what is shown for it.
    pub fn of(at: SocketAddr, path: &str, shown: &str, last: &str) -> Result<Self, u16> {
        let mut stream = TcpStream::connect(at).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let last = if last.is_empty() { String::new() } else { format!("Last-Event-ID: {last}\r\n") };
        let asked = format!(
            "GET {path} HTTP/1.1\r\nHost: x\r\n{shown}\r\n{last}\
             Accept: text/html;q=0.5, Text/Event-Stream\r\n\r\n"
        );
        stream.write_all(asked.as_bytes()).unwrap();
        let mut reader = BufReader::new(stream);
        let (status, head) = head(&mut reader);
        if status != 200 {
            return Err(status);
        }
        let head = head.to_lowercase();
        assert!(head.contains("content-type: text/event-stream\r\n") && head.contains("cache-control: no-store"));
        Ok(Self(reader))
    }

    /// The next event; nothing: the stream has ended. Lines of chunks (RFC 9112 §7.1) have no colon in them.
    pub fn next(&mut self) -> Option<Event> {
        let (mut name, mut id, mut data) = ("message".to_owned(), None, String::new());
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).ok()? == 0 {
                return None;
            }
            match line.trim_end().split_once(": ") {
                Some(("event", text)) => text.clone_into(&mut name),
                // Without a value it takes from the reader what he has.
                Some(("id", text)) => id = text.parse().ok(),
                Some(("data", text)) => data.push_str(text),
                _ if line == "\n" && !data.is_empty() => {
                    return Some((name, id, serde_json::from_str(&data).unwrap()));
                }
                _ => {}
            }
        }
    }

    /// The next message's document; its id is where one goes on.
    pub fn message(&mut self) -> Value {
        let (name, id, document) = self.next().expect("the stream goes on");
        assert_eq!((name.as_str(), id), ("message", document["seq"].as_u64()), "{document}");
        document
    }
}
