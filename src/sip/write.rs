//! Writing messages: the bytes that leave.

use super::flow::{Flow, Transport};
use super::message::{LoadReport, Message};
use super::name::{Method, Name};
use super::uri::split_headers;
use bytes::{Bytes, BytesMut};
use std::fmt::{self, Write as _};
use std::net::SocketAddr;

/// Parameters of a Via that speak of load (RFC 7339 §4).
const OC: [&[u8]; 4] = [b"oc", b"oc-algo", b"oc-validity", b"oc-seq"];

/// A message being written: start line, headers in the order they are put, then the body.
#[derive(Debug)]
pub struct Writer {
    buffer: BytesMut,
}

impl Writer {
    /// Starts a request.
    #[must_use]
    pub fn request(method: Method, uri: &[u8]) -> Self {
        let mut w = Self { buffer: BytesMut::with_capacity(1200) };
        // A Contact may carry headers, a request-URI may not (RFC 3261 §19.1.1).
        w.raw(method.token().as_bytes()).raw(b" ").raw(split_headers(uri).0).raw(b" SIP/2.0\r\n");
        w
    }

    /// Starts a response with nothing but its status line.
    #[must_use]
    pub fn response(status: u16) -> Self {
        let mut w = Self { buffer: BytesMut::with_capacity(800) };
        w.text(format_args!("SIP/2.0 {status} {}\r\n", reason_phrase(status)));
        w
    }

    /// Starts a response to `request`: status line, Vias with `received` and `rport` (RFC 3261 §18.2.1, RFC 3581 §4),
    /// From, To with `tag` where it has none, Call-ID, CSeq. Timestamp is not copied.
    #[must_use]
    pub fn answer(request: &Message, status: u16, tag: Option<&str>, source: SocketAddr) -> Self {
        let mut w = Self::response(status);
        let mut first = true;
        for via in request.elements(Name::Via) {
            w.raw(b"Via: ");
            if std::mem::take(&mut first) {
                w.stamped_via(via, source, request.load)
            } else {
                w.raw(via)
            };
            w.raw(b"\r\n");
        }
        w.copy(request, Name::From);
        match (request.value(Name::To), request.to_tag(), tag) {
            (Some(to), None, Some(tag)) => w.raw(b"To: ").raw(to).raw(b";tag=").raw(tag.as_bytes()).raw(b"\r\n"),
            _ => w.copy(request, Name::To),
        };
        w.copy(request, Name::CallId);
        w.copy(request, Name::CSeq);
        w
    }

    /// The topmost Via with what the receiver must add.
    fn stamped_via(&mut self, via: &[u8], source: SocketAddr, load: Option<LoadReport>) -> &mut Self {
        let Some(view) = super::header::Via::read(via) else { return self.raw(via) };
        let semi = memchr::memchr(b';', via).unwrap_or(via.len());
        self.raw(&via[..semi]);
        let mut rport = false;
        for (name, value) in view.params.iter() {
            if name.eq_ignore_ascii_case(b"rport") {
                rport = true;
            } else if load.is_some() && OC.iter().any(|oc| name.eq_ignore_ascii_case(oc)) {
                // Ours stand in their place (RFC 7339 §4).
            } else if !name.eq_ignore_ascii_case(b"received") {
                self.raw(b";").raw(name);
                if let Some(value) = value {
                    self.raw(b"=").raw(value);
                }
            }
        }
        if rport {
            self.text(format_args!(";rport={}", source.port()));
        }
        if rport || super::uri::ip(view.host) != Some(source.ip()) {
            self.text(format_args!(";received={}", source.ip()));
        }
        if let Some(LoadReport { percent, validity_ms, seq }) = load {
            self.text(format_args!(";oc={percent};oc-algo=\"loss\";oc-validity={validity_ms};oc-seq={seq}.0"));
        }
        self
    }

    /// Puts one header.
    pub fn header(&mut self, name: Name, value: impl fmt::Display) -> &mut Self {
        self.text(format_args!("{}: {value}\r\n", name.token()))
    }

    /// Puts one header whose value is bytes.
    pub fn header_bytes(&mut self, name: Name, value: &[u8]) -> &mut Self {
        self.raw(name.token().as_bytes()).raw(b": ").raw(value).raw(b"\r\n")
    }

    /// Copies every line of a header from `message`.
    pub fn copy(&mut self, message: &Message, name: Name) -> &mut Self {
        for value in message.values(name) {
            self.header_bytes(name, value);
        }
        self
    }

    /// Puts ready-made header lines, each ended by CRLF.
    pub fn lines(&mut self, lines: &[u8]) -> &mut Self {
        self.raw(lines)
    }

    /// Puts a Via of ours.
    pub fn via(&mut self, flow: &Flow, branch: &str) -> &mut Self {
        let rport = if flow.transport == Transport::Udp { ";rport" } else { "" };
        self.text(format_args!("Via: SIP/2.0/{} {};branch={branch}{rport}\r\n", flow.transport.token(), flow.local))
    }

    /// Ends the message with a body of this type, or without one when it is empty.
    #[must_use]
    pub fn body(mut self, content_type: &str, body: &[u8]) -> Bytes {
        if !body.is_empty() {
            self.header(Name::ContentType, content_type);
        }
        self.header(Name::ContentLength, body.len());
        self.raw(b"\r\n").raw(body);
        // Cut to its length: what is kept for a retransmission must not hold the room it was written in.
        Bytes::copy_from_slice(&self.buffer)
    }

    /// Ends the message without a body.
    #[must_use]
    pub fn end(self) -> Bytes {
        self.body("", b"")
    }

    /// Ends the message without a body, as short as can be: compact Content-Length (RFC 3261 §7.3.3).
    #[must_use]
    pub fn end_short(mut self) -> Bytes {
        self.raw(b"l: 0\r\n\r\n");
        self.buffer.freeze()
    }

    /// Bytes written so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.buffer.len()
    }

    /// Never true: a start line has been written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.buffer.extend_from_slice(bytes);
        self
    }

    fn text(&mut self, text: fmt::Arguments<'_>) -> &mut Self {
        // Writing into a growing buffer cannot fail.
        let _ = self.buffer.write_fmt(text);
        self
    }
}

/// A request of ours once more: a new branch and CSeq, `credentials` as its Authorization or Proxy-Authorization line, everything
/// else as it was (RFC 3261 §22.2).
#[must_use]
pub(super) fn again(request: &Message, flow: &Flow, branch: &str, seq: u32, credentials: &[u8]) -> Bytes {
    let method = request.method().unwrap_or(Method::Other);
    let mut w = Writer::request(method, request.request_uri());
    w.via(flow, branch);
    for line in &request.lines {
        match line.name {
            Name::Via | Name::Authorization | Name::ProxyAuthorization | Name::ContentLength | Name::ContentType => {}
            Name::CSeq => {
                w.header(Name::CSeq, format_args!("{seq} {}", method.token()));
                w.raw(credentials);
            }
            _ => {
                w.raw(request.at(line.token)).raw(b": ").raw(request.at(line.value)).raw(b"\r\n");
            }
        }
    }
    let content = String::from_utf8_lossy(request.value(Name::ContentType).unwrap_or_default()).into_owned();
    w.body(&content, request.body())
}

/// Reason phrase of a status (RFC 3261 §21 and the RFCs that add to it).
#[must_use]
pub const fn reason_phrase(status: u16) -> &'static str {
    match status {
        100 => "Trying",
        180 => "Ringing",
        181 => "Call Is Being Forwarded",
        182 => "Queued",
        183 => "Session Progress",
        200 => "OK",
        202 => "Accepted",
        301 => "Moved Permanently",
        302 => "Moved Temporarily",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        410 => "Gone",
        413 => "Request Entity Too Large",
        414 => "Request-URI Too Long",
        415 => "Unsupported Media Type",
        416 => "Unsupported URI Scheme",
        417 => "Unknown Resource-Priority",
        420 => "Bad Extension",
        421 => "Extension Required",
        422 => "Session Interval Too Small",
        423 => "Interval Too Brief",
        469 => "Bad Info Package",
        480 => "Temporarily Unavailable",
        481 => "Call/Transaction Does Not Exist",
        482 => "Loop Detected",
        483 => "Too Many Hops",
        484 => "Address Incomplete",
        485 => "Ambiguous",
        486 => "Busy Here",
        487 => "Request Terminated",
        488 => "Not Acceptable Here",
        489 => "Bad Event",
        491 => "Request Pending",
        500 => "Server Internal Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Server Time-out",
        505 => "Version Not Supported",
        513 => "Message Too Large",
        600 => "Busy Everywhere",
        603 => "Decline",
        604 => "Does Not Exist Anywhere",
        606 => "Not Acceptable",
        _ if status < 200 => "Progress",
        _ if status < 300 => "Success",
        _ if status < 400 => "Redirection",
        _ if status < 500 => "Client Error",
        _ if status < 600 => "Server Error",
        _ => "Global Failure",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::wire;

    /// The topmost Via of a response to a request with this one.
    fn answered(via: &str, report: LoadReport) -> String {
        let text = format!(
            "INVITE sip:1@127.0.0.1 SIP/2.0\r\nVia: {via}\r\nVia: SIP/2.0/UDP 10.0.0.9;branch=z9hG4bKb;oc;oc-algo=\"loss\"\r\n\
             From: <sip:a@b>;tag=1\r\nTo: <sip:1@127.0.0.1>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"
        );
        let mut request = wire::parse(Bytes::from(text)).expect("a request");
        request.report_load(report);
        let answer = Writer::answer(&request, 503, Some("x"), "127.0.0.2:5060".parse().unwrap()).end();
        let answer = wire::parse(answer).expect("a response");
        let vias: Vec<_> = answer.values(Name::Via).map(|v| String::from_utf8_lossy(v).into_owned()).collect();
        assert_eq!(vias[1], "SIP/2.0/UDP 10.0.0.9;branch=z9hG4bKb;oc;oc-algo=\"loss\"", "the others are not ours");
        vias[0].clone()
    }

    #[test]
    fn load_is_reported_to_whoever_asks_for_it_and_to_nobody_else() {
        let report = LoadReport { percent: 37, validity_ms: 500, seq: 1234 };
        let via = "SIP/2.0/UDP 127.0.0.2;branch=z9hG4bKa";
        let ours = ";oc=37;oc-algo=\"loss\";oc-validity=500;oc-seq=1234.0";
        assert_eq!(answered(&format!("{via};oc;oc-algo=\"rate,loss\""), report), format!("{via}{ours}"));
        assert_eq!(
            answered(&format!("{via};OC;oc-algo=\"loss\";oc-seq=9.0;oc-validity=1"), report),
            format!("{via}{ours}")
        );
        for silent in ["", ";oc=20;oc-algo=\"loss\"", ";oc", ";oc;oc-algo=\"rate\"", ";ocx;oc-algo=\"loss\""] {
            assert_eq!(answered(&format!("{via}{silent}"), report), format!("{via}{silent}"));
        }
    }
}
