//! Bytes to a message: one pass, an index of header spans, no copy of the values.
//!
//! Values stay bytes: a GBK display name passes through untouched. What cannot be indexed is refused whole
//! with the status the RFC wants where the sender can be answered at all (RFC 3261 §18.3, §21.4.1; torture
//! cases of RFC 4475).

use super::message::{Line, Message, Span, Start};
use super::name::{Method, Name};
use bytes::Bytes;
use smallvec::SmallVec;

/// The longest message taken, bytes: a UDP datagram cannot be longer.
pub const MAX_MESSAGE: usize = 65_535;
/// The most header lines taken.
pub const MAX_LINES: usize = 256;

/// Why bytes are not a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// Only line ends: a keep-alive (RFC 5626 §3.5.1).
    #[error("keep-alive")]
    KeepAlive,
    /// Not SIP at all: silence is the answer.
    #[error("not a SIP message")]
    NotSip,
    /// A SIP version other than 2.0: 505.
    #[error("SIP version not supported")]
    Version,
    /// Malformed in this respect: 400.
    #[error("malformed: {0}")]
    Malformed(&'static str),
    /// Too long or too many header lines: 513.
    #[error("message too large")]
    TooLarge,
}

impl WireError {
    /// The status that answers a request broken in this way; `None`: silence.
    #[must_use]
    pub const fn status(self) -> Option<u16> {
        match self {
            Self::KeepAlive | Self::NotSip => None,
            Self::Version => Some(505),
            Self::Malformed(_) => Some(400),
            Self::TooLarge => Some(513),
        }
    }
}

/// A message with a defect, if there is enough of it to be answered.
#[derive(Debug)]
pub struct Broken {
    /// What is wrong.
    pub error: WireError,
    /// The part that could be indexed: used to write the answer, never to act on.
    pub message: Option<Box<Message>>,
}

/// Indexes one message. With `datagram` true the bytes end where the datagram ended (UDP): a Content-Length that
/// is too long is an error, one that is short cuts the body (RFC 3261 §18.3).
///
/// # Errors
/// [`Broken`] with the defect and what could be read.
pub fn parse(raw: Bytes) -> Result<Message, Broken> {
    let broken = |error| Broken { error, message: None };
    let start = raw.iter().position(|&b| b != b'\r' && b != b'\n').ok_or_else(|| broken(WireError::KeepAlive))?;
    if raw.len() > MAX_MESSAGE {
        return Err(broken(WireError::TooLarge));
    }
    let raw = unfold(raw.slice(start..));
    let first_end = line_end(&raw, 0).ok_or_else(|| broken(WireError::NotSip))?;
    let (start_line, version) = start_line(&raw[..first_end.0]).ok_or_else(|| broken(WireError::NotSip))?;
    let (lines, body, mut defect) = index(&raw, first_end.1);
    if !version {
        defect = Some(WireError::Version);
    }
    let mut message = Message { raw, start: start_line, lines, body: Span::new(body, body), load: None };
    let end = message.raw.len();
    match message.content_length() {
        Some(Ok(n)) if body + n <= end => message.body = Span::new(body, body + n),
        Some(Ok(_)) => defect = defect.or(Some(WireError::Malformed("Content-Length exceeds the message"))),
        Some(Err(())) => defect = defect.or(Some(WireError::Malformed("Content-Length is not a number"))),
        None => message.body = Span::new(body, end),
    }
    defect = defect.or_else(|| message.defect().map(WireError::Malformed));
    match defect {
        None => Ok(message),
        Some(error) => Err(Broken { error, message: Some(Box::new(message)) }),
    }
}

/// Replaces folded line ends by spaces so that every value stands on one line (RFC 3261 §7.3.1). Copies only then.
fn unfold(raw: Bytes) -> Bytes {
    let header_end = head_end(&raw);
    let folds = |w: &[u8]| w[0] == b'\n' && (w[1] == b' ' || w[1] == b'\t');
    if !raw[..header_end].windows(2).any(folds) {
        return raw;
    }
    let mut copy = raw.to_vec();
    for i in 0..header_end.saturating_sub(1) {
        if copy[i] == b'\n' && (copy[i + 1] == b' ' || copy[i + 1] == b'\t') {
            copy[i] = b' ';
            if i > 0 && copy[i - 1] == b'\r' {
                copy[i - 1] = b' ';
            }
        }
    }
    Bytes::from(copy)
}

/// Where the last header line ends: before the first empty line, whatever ends its lines. What follows is body, and is left as it came.
fn head_end(raw: &[u8]) -> usize {
    let empty = |lf: &usize| matches!(raw.get(lf + 1..), Some([b'\n', ..] | [b'\r', b'\n', ..]));
    memchr::memchr_iter(b'\n', raw).find(empty).unwrap_or(raw.len())
}

/// End of the line that starts at `from`: (end of its text, start of the next line). LF alone is tolerated.
fn line_end(raw: &[u8], from: usize) -> Option<(usize, usize)> {
    let lf = from + memchr::memchr(b'\n', raw.get(from..)?)?;
    let end = if lf > from && raw[lf - 1] == b'\r' { lf - 1 } else { lf };
    Some((end, lf + 1))
}

/// Reads the start line; the flag tells whether the version is 2.0.
fn start_line(line: &[u8]) -> Option<(Start, bool)> {
    if line.len() >= 12 && line[..4].eq_ignore_ascii_case(b"SIP/") && line[7] == b' ' {
        let status = line.get(8..11).filter(|d| d.iter().all(u8::is_ascii_digit))?;
        let status = status.iter().fold(0u16, |n, d| n * 10 + u16::from(d - b'0'));
        if !(100..700).contains(&status) || line.get(11).is_some_and(|&b| b != b' ') {
            return None;
        }
        let reason = Span::new(12.min(line.len()), line.len());
        return Some((Start::Response { status, reason }, &line[4..7] == b"2.0"));
    }
    // Spaces behind the version are forgiven (RFC 4475 §3.1.2.10).
    let line = line.trim_ascii_end();
    let first = memchr::memchr(b' ', line)?;
    let last = memchr::memrchr(b' ', line)?;
    if first == 0 || last <= first + 1 || !line[..first].iter().all(|&b| is_token(b)) {
        return None;
    }
    let version = line.get(last + 1..)?;
    if version.len() < 5 || !version[..4].eq_ignore_ascii_case(b"SIP/") {
        return None;
    }
    let method = Method::read(&line[..first]);
    let uri = Span::new(first + 1, last);
    Some((Start::Request { method, token: Span::new(0, first), uri }, &version[4..] == b"2.0"))
}

/// Indexes the header lines from `at`: lines, offset of the body, first defect.
fn index(raw: &[u8], mut at: usize) -> (SmallVec<[Line; 24]>, usize, Option<WireError>) {
    let mut lines = SmallVec::new();
    let mut defect = None;
    loop {
        let Some((end, next)) = line_end(raw, at) else {
            return (lines, raw.len(), defect.or(Some(WireError::Malformed("headers do not end"))));
        };
        if end == at {
            return (lines, next, defect);
        }
        match header_line(raw, at, end) {
            Some(line) if lines.len() < MAX_LINES => lines.push(line),
            Some(_) => return (lines, raw.len(), Some(WireError::TooLarge)),
            None => defect = defect.or(Some(WireError::Malformed("header line"))),
        }
        at = next;
    }
}

fn header_line(raw: &[u8], at: usize, end: usize) -> Option<Line> {
    let text = raw.get(at..end)?;
    let colon = memchr::memchr(b':', text)?;
    let mut name_end = colon;
    while name_end > 0 && matches!(text[name_end - 1], b' ' | b'\t') {
        name_end -= 1;
    }
    if name_end == 0 || !text[..name_end].iter().all(|&b| is_token(b)) {
        return None;
    }
    let (mut s, mut e) = (colon + 1, text.len());
    while s < e && matches!(text[s], b' ' | b'\t') {
        s += 1;
    }
    while e > s && matches!(text[e - 1], b' ' | b'\t' | b'\r') {
        e -= 1;
    }
    // RFC 3261 §7.3.1: a CR is half of a line's end. Alone it would end the line for some reader behind us.
    if memchr::memchr(b'\r', &text[s..e]).is_some() {
        return None;
    }
    Some(Line {
        name: Name::read(&text[..name_end]),
        token: Span::new(at, at + name_end),
        value: Span::new(at + s, at + e),
    })
}

/// `token` of RFC 3261 §25.1.
#[must_use]
pub const fn is_token(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'!' | b'%' | b'*' | b'_' | b'+' | b'`' | b'\'' | b'~')
}

#[cfg(test)]
mod tests {
    use super::*;

    const INVITE: &[u8] = b"INVITE sip:12345@a SIP/2.0\r\nv: SIP/2.0/UDP 1.2.3.4;branch=z9hG4bK1\r\nf: \"\xb8\xa3\xd6\xdd\" <sip:a@b>\r\n ;tag=1\r\nt: <sip:12345@a>\r\ni: x\r\nCSeq: 1 INVITE\r\nl: 2\r\n\r\nabcd";

    #[test]
    fn what_follows_the_first_empty_line_is_no_fold_of_the_head() {
        for end in ["\n\r\n", "\r\n\n", "\n\n", "\r\n\r\n"] {
            let head = "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP c;branch=z9hG4bKd\r\nFrom: <sip:e@f>;tag=g\r\nTo: <sip:a@b>\r\n\
                        Call-ID: h\r\nCSeq: 1\r\n OPTIONS\r\nSubject: i";
            let text = format!("{head}{end}\n j\n k\r\n\r\n");
            let message = parse(Bytes::from(text.clone())).unwrap();
            assert_eq!(message.body(), b"\n j\n k\r\n\r\n", "{text:?}");
            let again = parse(message.bytes().clone()).unwrap();
            assert_eq!((again.body(), again.call_id()), (message.body(), message.call_id()));
        }
    }

    #[test]
    fn compact_folded_and_gbk_headers_are_indexed_and_the_body_is_cut() {
        let m = parse(Bytes::from_static(INVITE)).unwrap();
        assert_eq!(m.method(), Some(Method::Invite));
        assert_eq!(m.body(), b"ab");
        let from = m.value(Name::From).unwrap();
        assert!(from.starts_with(b"\"\xb8\xa3\xd6\xdd\"") && from.ends_with(b";tag=1"));
    }

    #[test]
    fn what_is_not_sip_gets_silence_and_what_is_broken_a_status() {
        let status = |b: &'static [u8]| parse(Bytes::from_static(b)).err().and_then(|e| e.error.status());
        assert_eq!(status(b"\r\n\r\n"), None);
        assert_eq!(status(b"hello"), None);
        assert_eq!(status(b"\x00\x01\x02"), None);
        assert_eq!(status(b"INVITE sip:a@b SIP/3.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK\r\n\r\n"), Some(505));
        assert_eq!(status(b"INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK\r\n\r\n"), Some(400));
    }
}
