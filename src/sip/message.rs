//! A message: the bytes as they came and an index into them.

use super::header::{self, CSeq, NameAddr, Via};
use super::multipart;
use super::name::{Method, Name};
use super::uri::Uri;
use bytes::Bytes;
use smallvec::SmallVec;

/// A range of the message's bytes. A message is never longer than 65,535 ([`super::wire::MAX_MESSAGE`]), and the index of a
/// call's messages is kept small.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// First byte.
    start: u16,
    /// One past the last.
    end: u16,
}

impl Span {
    /// From `start` to `end`; what lies beyond the longest message is left out.
    #[must_use]
    pub fn new(start: usize, end: usize) -> Self {
        let short = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
        Self { start: short(start), end: short(end) }
    }

    /// As indices.
    #[must_use]
    pub fn range(self) -> std::ops::Range<usize> {
        usize::from(self.start)..usize::from(self.end)
    }
}

/// One header line.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    /// Its name, if known.
    pub name: Name,
    /// The name as written.
    pub token: Span,
    /// Its value, trimmed.
    pub value: Span,
}

/// The start line.
#[derive(Debug, Clone, Copy)]
pub enum Start {
    /// A request.
    Request {
        /// Method, if known.
        method: Method,
        /// Method as written.
        token: Span,
        /// Request-URI.
        uri: Span,
    },
    /// A response.
    Response {
        /// Status code, 100–699.
        status: u16,
        /// Reason phrase.
        reason: Span,
    },
}

/// One SIP message. Cloning shares the bytes.
#[derive(Debug, Clone)]
pub struct Message {
    pub(super) raw: Bytes,
    pub(super) start: Start,
    pub(super) lines: SmallVec<[Line; 24]>,
    pub(super) body: Span,
    /// What its responses say of our load.
    pub(super) load: Option<LoadReport>,
}

/// What a response tells the sender of a request about our load (RFC 7339): how many of his requests he shall keep back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoadReport {
    /// Requests to be kept back, 0–100 %.
    pub percent: u8,
    /// How long that is so, ms; 0 ends it.
    pub validity_ms: u32,
    /// Reports that are newer have a higher one.
    pub seq: u64,
}

impl Message {
    /// Has the responses to this request report our load, if its sender asks for that: an `oc` without a value and the algorithm
    /// `loss` in the topmost Via (RFC 7339 §4.1, §4.2).
    pub fn report_load(&mut self, report: LoadReport) {
        let asks = |via: Via<'_>| {
            let loss =
                via.params.get("oc-algo").is_some_and(|list| list.windows(4).any(|w| w.eq_ignore_ascii_case(b"loss")));
            loss && via.params.get("oc").is_some_and(<[u8]>::is_empty)
        };
        if self.via().is_some_and(asks) {
            self.load = Some(report);
        }
    }

    /// The method, if this is a request.
    #[must_use]
    pub fn method(&self) -> Option<Method> {
        match self.start {
            Start::Request { method, .. } => Some(method),
            Start::Response { .. } => None,
        }
    }

    /// The method as written; empty for a response.
    #[must_use]
    pub fn method_token(&self) -> &[u8] {
        match self.start {
            Start::Request { token, .. } => self.at(token),
            Start::Response { .. } => b"",
        }
    }

    /// The status, if this is a response.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self.start {
            Start::Response { status, .. } => Some(status),
            Start::Request { .. } => None,
        }
    }

    /// The request-URI; empty for a response.
    #[must_use]
    pub fn request_uri(&self) -> &[u8] {
        match self.start {
            Start::Request { uri, .. } => self.at(uri),
            Start::Response { .. } => b"",
        }
    }

    /// The body, cut to its Content-Length.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        self.at(self.body)
    }

    /// The body as shared bytes, if it is SDP (`application/sdp`, or no type said while a body is there), or the SDP among
    /// the parts of a `multipart/…`. `None` for a coded body: we take none (RFC 3261 §20.12).
    #[must_use]
    pub fn sdp(&self) -> Option<Bytes> {
        if self.body.start == self.body.end {
            return None;
        }
        if self.elements(Name::ContentEncoding).any(|c| !c.eq_ignore_ascii_case(b"identity")) {
            return None;
        }
        let body = self.body.range();
        match self.value(Name::ContentType) {
            Some(t) if t.get(..10).is_some_and(|t| t.eq_ignore_ascii_case(b"multipart/")) => {
                let part = multipart::sdp(t, self.body())?;
                Some(self.raw.slice(body.start + part.start..body.start + part.end))
            }
            Some(t) if !multipart::is_sdp(t) => None,
            Some(_) | None => Some(self.raw.slice(body)),
        }
    }

    /// All the bytes.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.raw
    }

    /// First value of a header.
    #[must_use]
    pub fn value(&self, name: Name) -> Option<&[u8]> {
        self.lines.iter().find(|l| l.name == name).map(|l| self.at(l.value))
    }

    /// Every line's value of a header, in order; a line may hold several values by commas.
    pub fn values(&self, name: Name) -> impl Iterator<Item = &[u8]> + Clone {
        self.lines.iter().filter(move |l| l.name == name).map(|l| self.at(l.value))
    }

    /// Every value of a header, lines split at their commas outside quotes and angle brackets.
    pub fn elements(&self, name: Name) -> impl Iterator<Item = &[u8]> + Clone {
        self.values(name).flat_map(header::split_commas)
    }

    /// Value of a header that has no [`Name`], case-insensitively.
    #[must_use]
    pub fn other(&self, name: &str) -> Option<&[u8]> {
        self.lines
            .iter()
            .find(|l| l.name == Name::Other && self.at(l.token).eq_ignore_ascii_case(name.as_bytes()))
            .map(|l| self.at(l.value))
    }

    /// Whether a list header holds this token.
    #[must_use]
    pub fn lists(&self, name: Name, token: &str) -> bool {
        self.elements(name).any(|v| v.eq_ignore_ascii_case(token.as_bytes()))
    }

    /// The topmost Via.
    #[must_use]
    pub fn via(&self) -> Option<Via<'_>> {
        self.elements(Name::Via).next().and_then(Via::read)
    }

    /// CSeq.
    #[must_use]
    pub fn cseq(&self) -> Option<CSeq<'_>> {
        self.value(Name::CSeq).and_then(CSeq::read)
    }

    /// Call-ID.
    #[must_use]
    pub fn call_id(&self) -> &[u8] {
        self.value(Name::CallId).unwrap_or_default()
    }

    /// From.
    #[must_use]
    pub fn from(&self) -> Option<NameAddr<'_>> {
        self.value(Name::From).and_then(NameAddr::read)
    }

    /// To.
    #[must_use]
    pub fn to(&self) -> Option<NameAddr<'_>> {
        self.value(Name::To).and_then(NameAddr::read)
    }

    /// The tag of From.
    #[must_use]
    pub fn from_tag(&self) -> Option<&[u8]> {
        self.from().and_then(|a| a.param("tag"))
    }

    /// The tag of To.
    #[must_use]
    pub fn to_tag(&self) -> Option<&[u8]> {
        self.to().and_then(|a| a.param("tag"))
    }

    /// The first Contact.
    #[must_use]
    pub fn contact(&self) -> Option<NameAddr<'_>> {
        self.elements(Name::Contact).next().and_then(NameAddr::read)
    }

    /// A header that is one number, e.g. Expires, RSeq, Max-Forwards. Parameters after `;` are left out.
    #[must_use]
    pub fn number(&self, name: Name) -> Option<u32> {
        let value = self.value(name)?;
        header::number(value.split(|&b| b == b';' || b == b' ').next()?)
    }

    /// Content-Length, if the header is there: `Err` when it is no number.
    pub(super) fn content_length(&self) -> Option<Result<usize, ()>> {
        let value = self.value(Name::ContentLength)?;
        Some(header::number(value).map(|n| n as usize).ok_or(()))
    }

    /// The first thing that makes a message unusable (RFC 3261 §8.1.1, §16.3).
    pub(super) fn defect(&self) -> Option<&'static str> {
        for (i, line) in self.lines.iter().enumerate() {
            if line.name.is_single() && self.lines[..i].iter().any(|l| l.name == line.name) {
                return Some("a header that may stand once stands twice");
            }
        }
        if self.via().is_none() {
            return Some("Via");
        }
        let Some(cseq) = self.cseq() else { return Some("CSeq") };
        if self.call_id().is_empty() {
            return Some("Call-ID");
        }
        if self.from().is_none() {
            return Some("From");
        }
        if self.to().is_none() {
            return Some("To");
        }
        match self.start {
            Start::Request { token, uri, .. } => {
                if cseq.method != self.at(token) {
                    return Some("CSeq method");
                }
                if self.value(Name::MaxForwards).is_some() && self.number(Name::MaxForwards).is_none_or(|n| n > 255) {
                    return Some("Max-Forwards");
                }
                if self.elements(Name::Via).any(|v| Via::read(v).is_none()) {
                    return Some("Via");
                }
                let uri = self.at(uri);
                (!Uri::is_plausible(uri) || Uri::has_headers(uri)).then_some("Request-URI")
            }
            Start::Response { .. } => None,
        }
    }

    pub(super) fn at(&self, span: Span) -> &[u8] {
        self.raw.get(span.range()).unwrap_or_default()
    }
}
