//! Keys by INFO, both ways: `application/dtmf-relay` and `application/dtmf`, as phones and gateways send them (RFC 6086 §2: a
//! usage older than info packages).

use super::SessionId;
use crate::clock::Now;
use crate::sip::endpoint::{Endpoint, Event, Purpose, User};
use crate::sip::flow::Flow;
use crate::sip::header::{self, Params};
use crate::sip::message::Message;
use crate::sip::name::{Method, Name};

/// Most keys that wait to be sent.
const MAX_KEYS: usize = 64;
/// Length of a key that we send, ms.
const LENGTH: u32 = 160;

/// A key that was pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Key {
    /// `0`–`9`, `*`, `#`, `A`–`D`.
    pub key: char,
    /// How long, ms, if said.
    pub duration: Option<u32>,
}

/// What an INFO brings.
#[derive(Debug, PartialEq, Eq)]
enum Content {
    /// A key, or what is no key (a hook flash).
    Keys(Option<Key>),
    /// Nothing at all, or something that may be left aside.
    Nothing,
    /// A package; we take none.
    Package,
    /// A body that nobody here reads.
    Unknown,
}

impl Endpoint {
    /// An INFO of the other side.
    pub(in crate::sip) fn info_in(&mut self, id: SessionId, flow: Flow, message: Message, now: Now) {
        let content = read(&message);
        let txn = self.start_server(flow, message.clone(), User::Nobody);
        let (status, lines): (u16, &[u8]) = match content {
            Content::Keys(_) | Content::Nothing => (200, b""),
            // RFC 6086 §4.2.2: refused with what we take, which is none.
            Content::Package => (469, b"Recv-Info: \r\n"),
            Content::Unknown => (415, b"Accept: application/dtmf-relay, application/dtmf\r\n"),
        };
        self.respond_plain(txn, &message, flow, status, lines, now);
        if let Content::Keys(Some(Key { key, duration })) = content {
            self.event(Event::Key { session: id, key, duration });
        }
    }

    /// Presses keys by INFO, one after the other: each waits for the answer to the one before, so that none overtakes another.
    /// Other characters than keys are left out. Nothing is sent before the call stands.
    pub fn info_digits(&mut self, id: SessionId, keys: &str, now: Now) {
        let Some(session) = self.session(id).filter(|s| s.stands()) else { return };
        let waiting = &mut session.errands().keys;
        let idle = waiting.is_empty();
        let room = MAX_KEYS.saturating_sub(waiting.len());
        waiting.extend(keys.chars().map(|c| c.to_ascii_uppercase()).filter(|c| is_key(*c)).take(room));
        if idle {
            self.send_key(id, now);
        }
    }

    fn send_key(&mut self, id: SessionId, now: Now) {
        let key = self.session(id).and_then(|s| s.errands.as_ref()).and_then(|e| e.keys.front().copied());
        let Some(key) = key else { return };
        self.send_in_dialog(id, Method::Info, Some(Purpose::Key), now, |w| {
            w.body("application/dtmf-relay", format!("Signal={key}\r\nDuration={LENGTH}\r\n").as_bytes())
        });
    }

    /// A key was taken, or not: the next one, or none more where keys are not taken this way.
    pub(super) fn key_answered(&mut self, id: SessionId, status: u16, now: Now) {
        let Some(errands) = self.session(id).and_then(|s| s.errands.as_mut()) else { return };
        if (200..300).contains(&status) {
            errands.keys.pop_front();
            return self.send_key(id, now);
        }
        tracing::debug!(status, lost = errands.keys.len(), "keys by INFO are not taken");
        errands.keys.clear();
    }
}

fn is_key(c: char) -> bool {
    matches!(c, '0'..='9' | '*' | '#' | 'A'..='D')
}

fn read(message: &Message) -> Content {
    if message.value(Name::InfoPackage).is_some() {
        return Content::Package;
    }
    if message.body().is_empty() {
        return Content::Nothing;
    }
    let content = message.value(Name::ContentType).unwrap_or_default();
    let content = content.split(|&b| b == b';').next().unwrap_or_default().trim_ascii();
    let body = std::str::from_utf8(message.body()).unwrap_or_default();
    if content.eq_ignore_ascii_case(b"application/dtmf-relay") {
        let signal = line(body, "signal").and_then(key);
        let duration = line(body, "duration").and_then(|d| header::number(d.as_bytes()));
        return Content::Keys(signal.map(|key| Key { key, duration }));
    }
    if content.eq_ignore_ascii_case(b"application/dtmf") {
        return Content::Keys(key(body.trim()).map(|key| Key { key, duration: None }));
    }
    let optional = message.value(Name::ContentDisposition).is_some_and(|d| {
        let semi = memchr::memchr(b';', d).unwrap_or(d.len());
        let handling = Params(d.get(semi + 1..).unwrap_or_default()).get("handling");
        handling.is_some_and(|h| h.eq_ignore_ascii_case(b"optional"))
    });
    if optional { Content::Nothing } else { Content::Unknown }
}

/// The value of `name=value` in a body of lines.
fn line<'a>(body: &'a str, name: &str) -> Option<&'a str> {
    body.lines()
        .filter_map(|l| l.split_once('='))
        .find(|(n, _)| n.trim().eq_ignore_ascii_case(name))
        .map(|(_, v)| v.trim())
}

/// A key by its own character, or `*` and `#` by the numbers of RFC 4733.
fn key(signal: &str) -> Option<char> {
    match signal {
        "10" => Some('*'),
        "11" => Some('#'),
        one => {
            let mut chars = one.chars().map(|c| c.to_ascii_uppercase());
            chars.next().filter(|c| is_key(*c) && chars.next().is_none())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::wire;

    fn info(lines: &str, body: &str) -> Content {
        let text = format!(
            "INFO sip:1@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.2;branch=z9hG4bKi\r\nFrom: <sip:a@b>;tag=f\r\nTo: <sip:1@c>;tag=t\r\n\
             Call-ID: c\r\nCSeq: 2 INFO\r\n{lines}Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        read(&wire::parse(text.into()).expect("an INFO"))
    }

    #[test]
    fn keys_are_read_as_gear_writes_them() {
        let relay = "Content-Type: application/dtmf-relay\r\n";
        let plain = "Content-Type: application/dtmf;charset=x\r\n";
        let pressed = |key, duration| Content::Keys(Some(Key { key, duration }));
        for (lines, body, want) in [
            (relay, "Signal=5\r\nDuration=160\r\n", pressed('5', Some(160))),
            (relay, "Signal= 5\r\nDuration= 160\r\n", pressed('5', Some(160))),
            (relay, "signal=10\nduration=x\n", pressed('*', None)),
            (relay, "Duration=100\r\nSignal=#", pressed('#', Some(100))),
            (relay, "Signal=d\r\n", pressed('D', None)),
            (relay, "Signal=hf\r\n", Content::Keys(None)),
            (relay, "Signal=16\r\n", Content::Keys(None)),
            (plain, "5\r\n", pressed('5', None)),
            (plain, "11", pressed('#', None)),
            (plain, "é", Content::Keys(None)),
            ("", "", Content::Nothing),
            ("Content-Type: application/media_control+xml\r\n", "<x/>", Content::Unknown),
            ("", "5", Content::Unknown),
            ("Content-Type: text/plain\r\nContent-Disposition: render;handling=optional\r\n", "x", Content::Nothing),
            ("Info-Package: foo\r\nContent-Type: application/dtmf\r\n", "5", Content::Package),
        ] {
            assert_eq!(info(lines, body), want, "{lines}{body}");
        }
    }
}
