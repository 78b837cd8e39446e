//! One SIP message after the other out of a stream of bytes, by Content-Length (RFC 3261 §18.3), and the keep-alive of RFC 5626 §3.5.1.
//!
//! A pure value: bytes in, frames out. It looks at the first line only as far as to know that this is SIP, and at one header;
//! what the message says is for the `sip` module. It refuses to guess: a stream without a clear length cannot be resynchronised.

use bytes::{Buf, Bytes, BytesMut};
use memchr::{memchr, memmem};
use thiserror::Error;

/// Cuts one stream into messages.
#[derive(Debug)]
pub struct Framer {
    buffer: BytesMut,
    limit: usize,
    /// How far the end of the head was looked for, so that bytes coming one by one are not read again and again.
    searched: usize,
    /// Head and total length of the message at the front, once its head is whole.
    whole: Option<usize>,
}

/// What came out of the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// One message, from its first line to the end of its body.
    Message(Bytes),
    /// A double CRLF: answer it with a single CRLF (RFC 5626 §4.4.1).
    Ping,
}

/// Why the stream cannot be read on. The connection is to be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FrameError {
    /// The first line is not that of a SIP message.
    #[error("not SIP")]
    Garbage,
    /// The message is longer than the limit, or says that it will be.
    #[error("message too long")]
    TooLong,
    /// No Content-Length, which is a MUST over a stream (RFC 3261 §20.14), two that differ, or one that is no number.
    #[error("no clear Content-Length")]
    NoLength,
}

impl Framer {
    /// A framer that lets no message be longer than `limit` bytes, its body included.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { buffer: BytesMut::new(), limit, searched: 0, whole: None }
    }

    /// Takes the next bytes of the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next frame; `None` until more bytes are pushed. After an error it gives the same error again.
    ///
    /// # Errors
    /// The stream is beyond repair.
    pub fn poll(&mut self) -> Option<Result<Frame, FrameError>> {
        if self.whole.is_none() {
            if self.searched == 0 && self.skip_blank() {
                return Some(Ok(Frame::Ping));
            }
            match self.measure() {
                Ok(whole) => self.whole = whole,
                Err(error) => return Some(Err(error)),
            }
        }
        let whole = self.whole.filter(|w| *w <= self.buffer.len())?;
        // Copied out at its own length: a message may be kept for 32 s, and must not keep the whole buffer with it.
        let message = Bytes::copy_from_slice(self.buffer.get(..whole)?);
        self.buffer.advance(whole);
        (self.whole, self.searched) = (None, 0);
        if self.buffer.is_empty() {
            self.buffer = BytesMut::new();
        }
        Some(Ok(Frame::Message(message)))
    }

    /// True while a message has begun and is not whole: somebody owes us bytes.
    #[must_use]
    pub fn pending(&self) -> bool {
        !matches!(&self.buffer[..], [] | b"\r" | b"\r\n" | b"\r\n\r")
    }

    /// Drops line ends before a message (RFC 3261 §7.5); true for a ping.
    fn skip_blank(&mut self) -> bool {
        loop {
            match &self.buffer[..] {
                [b'\r', b'\n', b'\r', b'\n', ..] => {
                    self.buffer.advance(4);
                    return true;
                }
                // The second half of a ping may still be on its way.
                b"\r\n" | b"\r\n\r" => return false,
                [b'\r', b'\n', ..] => self.buffer.advance(2),
                _ => return false,
            }
        }
    }

    fn measure(&mut self) -> Result<Option<usize>, FrameError> {
        if !self.pending() || self.buffer.is_empty() {
            return Ok(None);
        }
        first_line(&self.buffer)?;
        let from = self.searched.saturating_sub(3);
        let found = self.buffer.get(from..).and_then(|tail| memmem::find(tail, b"\r\n\r\n"));
        let Some(head) = found.map(|at| from + at + 4) else {
            self.searched = self.buffer.len();
            return if self.searched >= self.limit { Err(FrameError::TooLong) } else { Ok(None) };
        };
        let body = self.buffer.get(..head).map_or(Err(FrameError::NoLength), content_length)?;
        match head.checked_add(body) {
            Some(whole) if whole <= self.limit => Ok(Some(whole)),
            _ => Err(FrameError::TooLong),
        }
    }
}

/// Longest first line, bytes. It is looked at again with each piece, so it must not grow without end.
const FIRST_LINE: usize = 8192;

/// Whether a message that is framed already begins as SIP does.
pub(super) fn is_plausible(message: &[u8]) -> bool {
    first_line(message).is_ok()
}

/// Refuses what is not SIP as early as it shows: TLS, HTTP, noise.
fn first_line(bytes: &[u8]) -> Result<(), FrameError> {
    const TOKEN: &[u8] = b"-.!%*_+`'~/";
    match bytes.first() {
        Some(b) if b.is_ascii_alphanumeric() || TOKEN.contains(b) => {}
        _ => return Err(FrameError::Garbage),
    }
    let end = memchr(b'\n', bytes);
    if end.unwrap_or(bytes.len()) > FIRST_LINE {
        return Err(FrameError::TooLong);
    }
    let line = bytes.get(..end.unwrap_or(bytes.len())).unwrap_or(bytes);
    if line.iter().any(|b| *b < b' ' && !matches!(b, b'\t' | b'\r')) {
        return Err(FrameError::Garbage);
    }
    // The version may be one we do not speak: that is for the core to answer with 505.
    if end.is_some() && memmem::find(&line.to_ascii_uppercase(), b"SIP/").is_none() {
        return Err(FrameError::Garbage);
    }
    Ok(())
}

/// The value of Content-Length in a whole head. Names of any case, the compact `l`, space before the colon, folded values.
fn content_length(head: &[u8]) -> Result<usize, FrameError> {
    let mut length = None;
    let mut rest = head;
    while let Some((line, tail)) = line(rest) {
        rest = tail;
        let Some(colon) = memchr(b':', line) else {
            continue;
        };
        let (name, value) = (line.get(..colon).unwrap_or_default(), line.get(colon + 1..).unwrap_or_default());
        let name = name.trim_ascii_end();
        if !(name.eq_ignore_ascii_case(b"Content-Length") || name.eq_ignore_ascii_case(b"l")) {
            continue;
        }
        let value = number(value.trim_ascii())?;
        if length.replace(value).is_some_and(|before| before != value) {
            return Err(FrameError::NoLength);
        }
    }
    length.ok_or(FrameError::NoLength)
}

/// One header with its folded lines, and what follows.
fn line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut end = 0;
    loop {
        end += memchr(b'\n', bytes.get(end..)?)? + 1;
        if !matches!(bytes.get(end), Some(b' ' | b'\t')) {
            return bytes.split_at_checked(end);
        }
    }
}

fn number(digits: &[u8]) -> Result<usize, FrameError> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(FrameError::NoLength);
    }
    let text = std::str::from_utf8(digits).map_err(|_| FrameError::NoLength)?;
    text.parse().map_err(|_| FrameError::TooLong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const OPTIONS: &str = "OPTIONS sip:hub SIP/2.0\r\nCall-ID: 1\r\n";

    fn frames(stream: &[u8], step: usize) -> Vec<Result<Frame, FrameError>> {
        let mut framer = Framer::new(65_536);
        let mut out = Vec::new();
        for piece in stream.chunks(step.max(1)) {
            framer.push(piece);
            while let Some(frame) = framer.poll() {
                let stop = frame.is_err();
                out.push(frame);
                if stop {
                    return out;
                }
            }
        }
        out
    }

    fn message(text: &str) -> Result<Frame, FrameError> {
        Ok(Frame::Message(Bytes::copy_from_slice(text.as_bytes())))
    }

    #[test]
    fn the_length_is_found_in_every_spelling() {
        for header in [
            "Content-Length: 3",
            "content-LENGTH:3",
            "l: 3",
            "L \t:  003 ",
            "Content-Length:\r\n 3",
            "l:\r\n\t\r\n 3",
            "l: 3\r\nContent-Length: 3",
            "Subject: l: 9\r\n l: 8\r\nl: 3",
            "Subject: \u{4e2d}\r\nl: 3\r\nX",
        ] {
            let text = format!("{OPTIONS}{header}\r\n\r\nabc");
            assert_eq!(frames(text.as_bytes(), usize::MAX), [message(&text)], "{header}");
            assert_eq!(frames(text.as_bytes(), 1), [message(&text)], "{header}, byte by byte");
        }
    }

    #[test]
    fn what_cannot_be_framed_closes_the_stream() {
        use FrameError::{Garbage, NoLength, TooLong};
        let long = "x".repeat(70_000);
        for (stream, error) in [
            (format!("{OPTIONS}\r\n"), NoLength),
            (format!("{OPTIONS}l: 3\r\nl: 4\r\n\r\n"), NoLength),
            (format!("{OPTIONS}l: -3\r\n\r\n"), NoLength),
            (format!("{OPTIONS}l:\r\n\r\n"), NoLength),
            (format!("{OPTIONS}l: 3, 3\r\n\r\n"), NoLength),
            (format!("{OPTIONS}l: 65536\r\n\r\n"), TooLong),
            (format!("{OPTIONS}l: 99999999999999999999999\r\n\r\n"), TooLong),
            (format!("{OPTIONS}Subject: {long}"), TooLong),
            (long, TooLong),
            ("GET / HTTP/1.1\r\n".into(), Garbage),
            ("\u{16}\u{3}\u{1}".into(), Garbage),
            (" INVITE".into(), Garbage),
            ("INV\0".into(), Garbage),
            ("\n\n".into(), Garbage),
            ("\rX".into(), Garbage),
        ] {
            let start: String = stream.chars().take(60).collect();
            assert_eq!(frames(stream.as_bytes(), usize::MAX), [Err(error)], "{start:?}");
        }
    }

    #[test]
    fn line_ends_between_messages_are_pings_or_nothing() {
        let one = format!("{OPTIONS}l: 0\r\n\r\n");
        let stream = format!("\r\n{one}\r\n\r\n{one}\r\n\r\n\r\n{one}\r\n");
        let ping = || Ok(Frame::Ping);
        let expected = [message(&one), ping(), message(&one), ping(), message(&one)];
        assert_eq!(frames(stream.as_bytes(), usize::MAX), expected);
        assert_eq!(frames(stream.as_bytes(), 1), expected);
    }

    #[test]
    fn pending_means_that_a_message_has_begun() {
        let mut framer = Framer::new(1000);
        for (bytes, pending) in [(&b"\r\n"[..], false), (b"\r", false), (b"\n", false), (b"O", true)] {
            framer.push(bytes);
            let _ = framer.poll();
            assert_eq!(framer.pending(), pending, "{bytes:?}");
        }
        framer.push(&format!("{OPTIONS}l: 1\r\n\r\n").as_bytes()[1..]);
        assert_eq!((framer.poll(), framer.pending()), (None, true));
        framer.push(b"x");
        assert!(framer.poll().is_some() && !framer.pending());
    }

    proptest! {
        #[test]
        fn any_cutting_gives_the_same_messages(
            bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 1..6), step in 1usize..300,
        ) {
            let mut stream = Vec::new();
            let mut expected = Vec::new();
            for body in &bodies {
                let mut one = format!("{OPTIONS}Content-Length: {}\r\n\r\n", body.len()).into_bytes();
                one.extend(body);
                stream.extend(&one);
                expected.push(Ok(Frame::Message(one.into())));
            }
            prop_assert_eq!(frames(&stream, step), expected);
        }

        #[test]
        fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), step in 1usize..50) {
            let _ = frames(&bytes, step);
            let mut stream = OPTIONS.as_bytes().to_vec();
            stream.extend(&bytes);
            let _ = frames(&stream, step);
        }
    }
}
