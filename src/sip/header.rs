//! Typed views of header values: Via, name-addr, CSeq, parameters, lists (RFC 3261 §20, §25).

use super::name::Method;

/// A decimal number of at most ten digits that fits 32 bits. Spaces around are allowed, signs are not.
#[must_use]
pub fn number(text: &[u8]) -> Option<u32> {
    let text = text.trim_ascii();
    if text.is_empty() || text.len() > 10 || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let n = text.iter().fold(0u64, |n, d| n * 10 + u64::from(d - b'0'));
    u32::try_from(n).ok()
}

/// Splits a value at its commas, outside quoted strings and angle brackets; each part trimmed, empty ones left out.
pub fn split_commas(value: &[u8]) -> impl Iterator<Item = &[u8]> + Clone {
    split(value, b',').filter(|part| !part.is_empty())
}

fn split(value: &[u8], at: u8) -> impl Iterator<Item = &[u8]> + Clone {
    let mut rest = Some(value);
    std::iter::from_fn(move || {
        let text = rest?;
        let end = find_outside(text, at);
        rest = end.and_then(|e| text.get(e + 1..));
        Some(text[..end.unwrap_or(text.len())].trim_ascii())
    })
}

/// First `wanted` outside quotes and angle brackets.
fn find_outside(text: &[u8], wanted: u8) -> Option<usize> {
    let (mut quoted, mut angle, mut escaped) = (false, false, false);
    for (i, &b) in text.iter().enumerate() {
        if escaped {
            escaped = false;
        } else if quoted {
            match b {
                b'\\' => escaped = true,
                b'"' => quoted = false,
                _ => {}
            }
        } else if b == wanted && !angle {
            return Some(i);
        } else {
            match b {
                b'"' => quoted = true,
                b'<' => angle = true,
                b'>' => angle = false,
                _ => {}
            }
        }
    }
    None
}

/// Parameters behind a value: `;name=value;flag`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Params<'a>(pub &'a [u8]);

impl<'a> Params<'a> {
    /// Each parameter: name and, if there is one, value.
    pub fn iter(self) -> impl Iterator<Item = (&'a [u8], Option<&'a [u8]>)> {
        split(self.0, b';').filter(|p| !p.is_empty()).map(|p| match memchr::memchr(b'=', p) {
            Some(eq) => (p[..eq].trim_ascii(), Some(p[eq + 1..].trim_ascii())),
            None => (p, None),
        })
    }

    /// Value of a parameter; a flag has an empty one. Names are case-insensitive.
    #[must_use]
    pub fn get(self, name: &str) -> Option<&'a [u8]> {
        self.iter().find(|(n, _)| n.eq_ignore_ascii_case(name.as_bytes())).map(|(_, v)| v.unwrap_or_default())
    }
}

/// `"Display" <uri>;params` or `uri;params`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NameAddr<'a> {
    /// Display name without its quotes, escapes left as they are. Any bytes.
    pub display: &'a [u8],
    /// The URI without angle brackets.
    pub uri: &'a [u8],
    /// Header parameters.
    pub params: Params<'a>,
}

impl<'a> NameAddr<'a> {
    /// Reads one. `None` when quotes or brackets are not closed or there is no URI.
    #[must_use]
    pub fn read(value: &'a [u8]) -> Option<Self> {
        let value = value.trim_ascii();
        match find_outside(value, b'<') {
            Some(open) => {
                let close = open + memchr::memchr(b'>', value.get(open..)?)?;
                let display = unquote(value[..open].trim_ascii())?;
                let uri = value[open + 1..close].trim_ascii();
                let params = params_after(value.get(close + 1..)?)?;
                (!uri.is_empty()).then_some(Self { display, uri, params })
            }
            None => {
                // Without brackets everything after the first `;` belongs to the header, and no `?` may stand (RFC 3261 §20.10).
                let end = memchr::memchr(b';', value).unwrap_or(value.len());
                let uri = value[..end].trim_ascii();
                let plausible = memchr::memchr(b':', uri).is_some() && !uri.iter().any(|b| b"\"? ".contains(b));
                let params = params_after(value.get(end..)?)?;
                plausible.then_some(Self { display: b"", uri, params })
            }
        }
    }

    /// A header parameter, e.g. `tag`.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&'a [u8]> {
        self.params.get(name)
    }
}

fn params_after(rest: &[u8]) -> Option<Params<'_>> {
    let rest = rest.trim_ascii();
    match rest.first() {
        None => Some(Params(b"")),
        Some(b';') => Some(Params(&rest[1..])),
        Some(_) => None,
    }
}

fn unquote(text: &[u8]) -> Option<&[u8]> {
    match text.first() {
        Some(b'"') => (text.len() >= 2 && text.ends_with(b"\"")).then(|| &text[1..text.len() - 1]),
        _ => (!text.contains(&b'"')).then_some(text),
    }
}

/// The topmost Via, as needed to answer (RFC 3261 §18.2.2, RFC 3581).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Via<'a> {
    /// `UDP`, `TCP` …
    pub transport: &'a [u8],
    /// Host of sent-by, IPv6 with its brackets.
    pub host: &'a [u8],
    /// Port of sent-by.
    pub port: Option<u16>,
    /// Parameters.
    pub params: Params<'a>,
}

impl<'a> Via<'a> {
    /// Reads one Via value.
    #[must_use]
    pub fn read(value: &'a [u8]) -> Option<Self> {
        let semi = memchr::memchr(b';', value).unwrap_or(value.len());
        let (head, params) = (value[..semi].trim_ascii(), Params(value.get(semi + 1..).unwrap_or_default()));
        let mut parts = head.splitn(3, |&b| b == b'/');
        let (name, version, rest) =
            (parts.next()?.trim_ascii(), parts.next()?.trim_ascii(), parts.next()?.trim_ascii());
        if !name.eq_ignore_ascii_case(b"SIP") || version != b"2.0" {
            return None;
        }
        let space = rest.iter().position(|b| b.is_ascii_whitespace())?;
        let transport = &rest[..space];
        let (host, port) = host_port(rest[space..].trim_ascii())?;
        Some(Self { transport, host, port, params })
    }

    /// The branch, empty if absent.
    #[must_use]
    pub fn branch(&self) -> &'a [u8] {
        self.params.get("branch").unwrap_or_default()
    }
}

/// Splits `host[:port]`; IPv6 keeps its brackets.
#[must_use]
pub fn host_port(text: &[u8]) -> Option<(&[u8], Option<u16>)> {
    let colon = if text.first() == Some(&b'[') {
        let close = memchr::memchr(b']', text)?;
        match text.get(close + 1) {
            None => None,
            Some(b':') => Some(close + 1),
            Some(_) => return None,
        }
    } else {
        memchr::memchr(b':', text)
    };
    let (host, port) = match colon {
        Some(c) => {
            let port = number(text.get(c + 1..)?).and_then(|p| u16::try_from(p).ok())?;
            (text[..c].trim_ascii(), Some(port))
        }
        None => (text, None),
    };
    let fine = !host.is_empty() && host.iter().all(|b| b.is_ascii_alphanumeric() || b"-._[]:%".contains(b));
    fine.then_some((host, port))
}

/// CSeq.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CSeq<'a> {
    /// Sequence number, below 2³¹ (RFC 3261 §8.1.1.5).
    pub number: u32,
    /// Method as written.
    pub method: &'a [u8],
}

impl<'a> CSeq<'a> {
    /// Reads `number SP method`.
    #[must_use]
    pub fn read(value: &'a [u8]) -> Option<Self> {
        let space = value.iter().position(|b| b.is_ascii_whitespace())?;
        let n = number(&value[..space])?;
        let method = value[space..].trim_ascii();
        (n < 1 << 31 && !method.is_empty()).then_some(Self { number: n, method })
    }

    /// The method, if known.
    #[must_use]
    pub fn known_method(&self) -> Method {
        Method::read(self.method)
    }
}

/// `RAck: rseq cseq method` (RFC 3262 §7.2).
#[must_use]
pub fn rack(value: &[u8]) -> Option<(u32, u32, Method)> {
    let mut parts = value.split(u8::is_ascii_whitespace).filter(|p| !p.is_empty());
    Some((number(parts.next()?)?, number(parts.next()?)?, Method::read(parts.next()?)))
}

/// The Q.850 cause of a Reason header, if it has one (RFC 3326).
pub fn q850<'a>(reasons: impl Iterator<Item = &'a [u8]>) -> Option<u8> {
    reasons.filter_map(|r| r.strip_prefix(b"Q.850").or_else(|| r.strip_prefix(b"q.850"))).find_map(|rest| {
        let params = Params(rest.trim_ascii().strip_prefix(b";")?);
        u8::try_from(number(params.get("cause")?)?).ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_split_outside_quotes_and_brackets() {
        let parts: Vec<_> = split_commas(b"\"a, \\\"b\" <sip:x,y@z>, <sip:c@d>;q=0.1 ,").collect();
        assert_eq!(parts, [&b"\"a, \\\"b\" <sip:x,y@z>"[..], b"<sip:c@d>;q=0.1"]);
    }

    #[test]
    fn name_addr_with_and_without_brackets() {
        let a = NameAddr::read(b"\"W\\\"ang\" <tel:110;x=1>;tag=ab").unwrap();
        assert_eq!((a.display, a.uri, a.param("TAG")), (&b"W\\\"ang"[..], &b"tel:110;x=1"[..], Some(&b"ab"[..])));
        let b = NameAddr::read(b"sip:a@b;tag=7").unwrap();
        assert_eq!((b.uri, b.param("tag")), (&b"sip:a@b"[..], Some(&b"7"[..])));
        assert_eq!(NameAddr::read(b"\"open <sip:a@b>"), None);
        assert_eq!(NameAddr::read(b"<sip:a@b"), None);
    }

    #[test]
    fn via_with_ipv6_and_spaces() {
        let v = Via::read(b"SIP / 2.0 / UDP [2001:db8::1]:5061 ;branch=z9hG4bK7;rport").unwrap();
        assert_eq!((v.host, v.port, v.branch()), (&b"[2001:db8::1]"[..], Some(5061), &b"z9hG4bK7"[..]));
        assert_eq!(v.params.get("rport"), Some(&b""[..]));
        assert!(Via::read(b"SIP/2.0/UDP a:99999").is_none());
    }

    #[test]
    fn q850_is_found_among_reasons() {
        let r: [&[u8]; 2] = [b"SIP;cause=486", b"Q.850 ;cause=17;text=\"x\""];
        assert_eq!(q850(r.into_iter()), Some(17));
    }
}
