//! `multipart/mixed` bodies (RFC 5621, RFC 2046 §5.1): the session description among other parts, e.g. the ISUP of SIP-I.
//!
//! Only looked through for one part; it refuses to nest, to decode and to copy.

use super::header::Params;
use super::name::Name;
use std::ops::Range;

/// Longest boundary (RFC 2046 §5.1.1).
const MAX_BOUNDARY: usize = 70;
/// Most parts that are looked at.
const MAX_PARTS: usize = 16;

/// Where the `application/sdp` part stands in `body`. `None` without one, or when another part must be understood
/// (`handling=required` said outright, RFC 3204 §4; left out, it is taken as optional, because gateways leave it out).
pub(super) fn sdp(content_type: &[u8], body: &[u8]) -> Option<Range<usize>> {
    let semi = memchr::memchr(b';', content_type)?;
    let boundary = Params(content_type.get(semi + 1..)?).get("boundary")?;
    let boundary = boundary.strip_prefix(b"\"").and_then(|b| b.strip_suffix(b"\"")).unwrap_or(boundary);
    if boundary.is_empty() || boundary.len() > MAX_BOUNDARY {
        return None;
    }
    let delimiter = [b"--", boundary].concat();
    let mut found = None;
    let mut at = after_delimiter(body, 0, &delimiter)?.0;
    for _ in 0..MAX_PARTS {
        let (next, end) = after_delimiter(body, at, &delimiter)?;
        let last = body.get(end..).is_some_and(|b| closes(b, &delimiter));
        match part(body, at, end) {
            Part::Sdp(part) => found = found.or(Some(part)),
            Part::Needed => return None,
            Part::Other => {}
        }
        if last {
            return found;
        }
        at = next;
    }
    None
}

enum Part {
    Sdp(Range<usize>),
    Needed,
    Other,
}

/// The next delimiter line at or after `from`: where the line after it begins, and where the text before it ends.
fn after_delimiter(body: &[u8], from: usize, delimiter: &[u8]) -> Option<(usize, usize)> {
    let mut search = from;
    loop {
        let at = search + memchr::memmem::find(body.get(search..)?, delimiter)?;
        if at == 0 || body.get(at - 1) == Some(&b'\n') {
            let line = memchr::memchr(b'\n', body.get(at..)?).map_or(body.len(), |lf| at + lf + 1);
            return Some((line, at));
        }
        search = at + delimiter.len();
    }
}

/// Whether the delimiter here is the closing one.
fn closes(at_delimiter: &[u8], delimiter: &[u8]) -> bool {
    at_delimiter.get(delimiter.len()..).is_some_and(|rest| rest.starts_with(b"--"))
}

fn part(body: &[u8], from: usize, end: usize) -> Part {
    let (mut at, mut sdp, mut needed) = (from, false, false);
    while let Some(line) = body.get(at..end) {
        let Some(lf) = memchr::memchr(b'\n', line) else { break };
        let text = line[..lf].trim_ascii();
        at += lf + 1;
        if text.is_empty() {
            break;
        }
        let Some(colon) = memchr::memchr(b':', text) else { continue };
        let value = text[colon + 1..].trim_ascii();
        match Name::read(text[..colon].trim_ascii()) {
            Name::ContentType => sdp = is_sdp(value),
            Name::ContentDisposition => {
                let semi = memchr::memchr(b';', value).unwrap_or(value.len());
                let handling = Params(value.get(semi + 1..).unwrap_or_default()).get("handling");
                needed = handling.is_some_and(|h| h.eq_ignore_ascii_case(b"required"));
            }
            _ => {}
        }
    }
    // The line end before a delimiter belongs to the delimiter.
    let mut end = end.max(at);
    for byte in [b'\n', b'\r'] {
        if end > at && body.get(end - 1) == Some(&byte) {
            end -= 1;
        }
    }
    match (sdp, needed) {
        (true, _) if end > at => Part::Sdp(at..end),
        (false, true) => Part::Needed,
        _ => Part::Other,
    }
}

/// Whether a Content-Type value is `application/sdp`, whatever its parameters.
pub(super) fn is_sdp(content_type: &[u8]) -> bool {
    let name = content_type.split(|&b| b == b';').next().unwrap_or_default().trim_ascii();
    name.eq_ignore_ascii_case(b"application/sdp")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(content_type: &str, body: &str) -> Option<String> {
        let part = sdp(content_type.as_bytes(), body.as_bytes())?;
        Some(body[part].to_owned())
    }

    #[test]
    fn the_session_description_is_found_among_other_parts() {
        let body = "preamble\r\n--b\r\nContent-Type: application/isup\r\n\r\n\x01--b\r\n--b\r\nc: Application/SDP;x=y\r\n\r\nv=0\r\ns=-\r\n\r\n--b--\r\n";
        assert_eq!(found("multipart/mixed; boundary=b", body).as_deref(), Some("v=0\r\ns=-\r\n"));
        assert_eq!(found("multipart/mixed;boundary=\"b\"", &body.replace("\r\n", "\n")).as_deref(), Some("v=0\ns=-\n"));
    }

    #[test]
    fn what_is_broken_or_must_be_understood_gives_nothing() {
        let body = "--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--b--\r\n";
        assert_eq!(found("multipart/mixed;boundary=b", body).as_deref(), Some("v=0"));
        let needed =
            "--b\r\nContent-Type: x/y\r\nContent-Disposition: signal;handling=Required\r\n\r\n1\r\n".to_owned() + body;
        let cases = [
            ("multipart/mixed", body.to_owned()),
            ("multipart/mixed;boundary=", body.to_owned()),
            ("multipart/mixed;boundary=c", body.to_owned()),
            ("multipart/mixed;boundary=b", body.replace("--b--", "--c--")),
            ("multipart/mixed;boundary=b", "--b\r\n--b--".to_owned()),
            ("multipart/mixed;boundary=b", "--b".to_owned()),
            ("multipart/mixed;boundary=b", String::new()),
            ("multipart/mixed;boundary=b", needed),
        ];
        for (content_type, body) in cases {
            assert_eq!(found(content_type, &body), None, "{content_type} {body:?}");
        }
    }
}
