//! The SIP ladder of a call, read by `rsip`: a reader that shares nothing with the switchboard's own. The one door to `rsip`.
//!
//! A message of ours that `rsip` cannot read is shown as such and counted: it is a finding about one of the two.

use rsip::headers::ToTypedHeader;
use rsip::message::HeadersExt;
use rsip::{Header, SipMessage};
use serde::Serialize;

/// One rung: one message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rung {
    /// ms since the call began.
    pub at_ms: u64,
    /// We sent it.
    pub sent: bool,
    /// `INVITE sip:12345@…` or `183 Session Progress`.
    pub text: String,
    /// Method of CSeq.
    pub method: String,
    /// Status of a response.
    pub status: Option<u16>,
    /// It carries a session description.
    pub sdp: bool,
    /// Value of Reason, if it has one.
    pub reason: Option<String>,
    /// The same bytes in the same direction were seen before.
    pub again: bool,
    /// `rsip` could not read it; the text is its first line.
    pub unreadable: Option<String>,
}

/// The rungs so far.
#[derive(Debug, Default)]
pub struct Ladder {
    rungs: Vec<Rung>,
    seen: Vec<(bool, bytes::Bytes)>,
}

impl Ladder {
    /// Takes a message; its rung.
    pub fn add(&mut self, at_ms: u64, sent: bool, bytes: &bytes::Bytes) -> &Rung {
        let again = self.seen.iter().any(|(s, b)| *s == sent && b == bytes);
        if !again {
            self.seen.push((sent, bytes.clone()));
        }
        let at = self.rungs.len();
        self.rungs.push(Rung { at_ms, sent, again, ..read(bytes) });
        &self.rungs[at]
    }

    /// All rungs.
    #[must_use]
    pub fn rungs(&self) -> &[Rung] {
        &self.rungs
    }

    /// The final status of the INVITE, whether the phone still wanted it or not.
    #[must_use]
    pub fn final_status(&self) -> Option<u16> {
        let mut finals = self.rungs.iter().filter(|r| !r.sent && r.method == "INVITE").filter_map(|r| r.status);
        finals.rfind(|s| *s >= 200 && *s != 401 && *s != 407)
    }

    /// Whether a response at least so final came to a request of ours.
    #[must_use]
    pub fn answered(&self, method: &str) -> bool {
        self.rungs.iter().any(|r| !r.sent && r.method == method && r.status.is_some_and(|s| s >= 200))
    }
}

/// A rung as a line: time, arrow, message.
#[must_use]
pub fn line(rung: &Rung) -> String {
    let (s, ms) = (rung.at_ms / 1000, rung.at_ms % 1000);
    let arrow = if rung.sent { "─▶" } else { "◀─" };
    let mut text = format!("{s:>4}.{ms:03}  {arrow} {}", rung.text);
    if rung.status.is_some() && rung.method != "INVITE" {
        text.push_str(&format!(" ({})", rung.method));
    }
    if rung.sdp {
        text.push_str("  [SDP]");
    }
    if let Some(reason) = &rung.reason {
        text.push_str(&format!("  Reason: {reason}"));
    }
    if rung.again {
        text.push_str("  ↻");
    }
    if let Some(why) = &rung.unreadable {
        text.push_str(&format!("  (rsip: {why})"));
    }
    text
}

fn read(bytes: &[u8]) -> Rung {
    match SipMessage::try_from(bytes) {
        Ok(message) => typed(&message),
        Err(error) => unreadable(bytes, &error),
    }
}

fn typed(message: &SipMessage) -> Rung {
    let (text, status) = match message {
        SipMessage::Request(request) => (format!("{} {}", request.method, request.uri), None),
        SipMessage::Response(response) => {
            (spaced(&response.status_code.to_string()), Some(response.status_code.code()))
        }
    };
    let method = message.cseq_header().ok().and_then(|c| c.typed().ok()).map(|c| c.method.to_string());
    let reason = rsip::prelude::HasHeaders::headers(message).iter().find_map(|h| match h {
        Header::Other(name, value) if name.eq_ignore_ascii_case("reason") => Some(clean(value)),
        _ => None,
    });
    Rung {
        at_ms: 0,
        sent: false,
        text: clean(&text),
        method: method.unwrap_or_default(),
        status,
        sdp: message.body().starts_with(b"v=0"),
        reason,
        again: false,
        unreadable: None,
    }
}

/// `183 SessionProgress` as the RFC writes it.
fn spaced(text: &str) -> String {
    let mut out = String::new();
    let mut small = false;
    for c in text.chars() {
        if c.is_uppercase() && small {
            out.push(' ');
        }
        small = c.is_lowercase();
        out.push(c);
    }
    out
}

fn unreadable(bytes: &[u8], error: &rsip::Error) -> Rung {
    let first = bytes.split(|b| *b == b'\r' || *b == b'\n').next().unwrap_or_default();
    let why: String = error.to_string().chars().take(80).collect();
    Rung {
        at_ms: 0,
        sent: false,
        text: clean(&String::from_utf8_lossy(first)),
        method: String::new(),
        status: None,
        sdp: false,
        reason: None,
        again: false,
        unreadable: Some(clean(&why)),
    }
}

/// What came from the wire, without anything that a terminal would obey.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    const HEADERS: &str = "Via: SIP/2.0/UDP 127.0.0.10:5062;branch=z9hG4bK1\r\nFrom: <sip:1@127.0.0.10>;tag=a\r\n\
        To: <sip:12358@127.0.0.1>;tag=b\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n";

    fn gone() -> Bytes {
        Bytes::from(format!(
            "SIP/2.0 410 Gone\r\n{HEADERS}Reason: Q.850;cause=22;text=\"x\"\r\nContent-Length: 0\r\n\r\n"
        ))
    }

    #[test]
    fn a_ladder_reads_like_one() {
        let invite = format!(
            "INVITE sip:12358@127.0.0.1:5070 SIP/2.0\r\n{HEADERS}Max-Forwards: 70\r\nContent-Type: application/sdp\r\n\
             Content-Length: 5\r\n\r\nv=0\r\n"
        );
        let progress = format!("SIP/2.0 183 Session Progress\r\n{HEADERS}Content-Length: 5\r\n\r\nv=0\r\n");
        let mut ladder = Ladder::default();
        let mut text = String::new();
        for (at, sent, bytes) in
            [(0, true, invite.into()), (12, false, progress.into()), (8030, false, gone()), (8530, false, gone())]
        {
            text.push_str(&line(ladder.add(at, sent, &bytes)));
            text.push('\n');
        }
        insta::assert_snapshot!(text, @r#"
           0.000  ─▶ INVITE sip:12358@127.0.0.1:5070  [SDP]
           0.012  ◀─ 183 Session Progress  [SDP]
           8.030  ◀─ 410 Gone  Reason: Q.850;cause=22;text="x"
           8.530  ◀─ 410 Gone  Reason: Q.850;cause=22;text="x"  ↻
        "#);
        assert_eq!(ladder.final_status(), Some(410));
        assert!(ladder.answered("INVITE") && !ladder.answered("BYE"));
    }

    #[test]
    fn what_rsip_cannot_read_is_shown_and_obeys_no_terminal() {
        let mut ladder = Ladder::default();
        let rung = ladder.add(0, false, &Bytes::from_static(b"SIP/2.0 \x1b[2J\xff nonsense\r\n\r\n"));
        assert!(rung.unreadable.is_some());
        assert!(!line(rung).contains('\u{1b}'));
    }
}
