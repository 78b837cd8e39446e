//! SIP and tel URIs as byte views (RFC 3261 §19.1, RFC 3966). Never copied, never decoded here.

use super::header::{Params, host_port};
use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};

/// A `sip:` or `sips:` URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uri<'a> {
    /// User part with its parameters, undecoded; empty if absent.
    pub user: &'a [u8],
    /// Host, IPv6 with its brackets.
    pub host: &'a [u8],
    /// Port, if written.
    pub port: Option<u16>,
    /// URI parameters.
    pub params: Params<'a>,
}

impl<'a> Uri<'a> {
    /// Reads a `sip:` or `sips:` URI; `None` for anything else.
    #[must_use]
    pub fn read(text: &'a [u8]) -> Option<Self> {
        let colon = memchr::memchr(b':', text)?;
        let scheme = &text[..colon];
        if !is_sip(scheme) {
            return None;
        }
        let rest = &text[colon + 1..];
        // Neither a host nor a header may hold a bare `@`; a user part may hold `?` and `;`.
        let (user, tail) = match memchr::memchr(b'@', rest) {
            Some(at) => (&rest[..at], &rest[at + 1..]),
            None => (&b""[..], rest),
        };
        let tail = &tail[..memchr::memchr(b'?', tail).unwrap_or(tail.len())];
        let semi = memchr::memchr(b';', tail).unwrap_or(tail.len());
        let (host, port) = host_port(&tail[..semi])?;
        let user = user.split(|&b| b == b':').next().unwrap_or_default();
        Some(Self { user, host, port, params: Params(tail.get(semi + 1..).unwrap_or_default()) })
    }

    /// Whether this can be a request-URI at all: some scheme, no space, bracket or control character, and of a SIP URI a host
    /// that can be read (RFC 5118 §4.2).
    #[must_use]
    pub fn is_plausible(text: &[u8]) -> bool {
        let scheme = memchr::memchr(b':', text).map(|c| &text[..c]).unwrap_or_default();
        scheme.first().is_some_and(u8::is_ascii_alphabetic)
            && scheme.iter().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(b))
            && text.len() > scheme.len() + 1
            && !text.iter().any(|b| b.is_ascii_whitespace() || b.is_ascii_control() || matches!(b, b'<' | b'>' | b'"'))
            && (!is_sip(scheme) || Uri::read(text).is_some())
    }

    /// Whether a SIP URI carries headers (`?name=value`): none may stand in a request-URI (RFC 3261 §19.1.1).
    #[must_use]
    pub fn has_headers(text: &[u8]) -> bool {
        let Some(colon) = memchr::memchr(b':', text) else { return false };
        let (scheme, rest) = text.split_at(colon);
        let tail = memchr::memchr(b'@', rest).map_or(rest, |at| &rest[at..]);
        is_sip(scheme) && tail.contains(&b'?')
    }

    /// Whether both name the same (RFC 3261 §19.1.4), the scheme and headers aside: user and its case, host in any case, the port as
    /// it is written or not, the five parameters that matter, and any other that both have. Escapes mean what they stand for.
    #[must_use]
    pub fn is_same(&self, other: &Uri<'_>) -> bool {
        let plain = |text: &[u8]| unescape(text).unwrap_or_else(|| text.to_vec());
        let alike = |a: &[u8], b: &[u8]| plain(a).eq_ignore_ascii_case(&plain(b));
        let decisive = |name| match (self.params.get(name), other.params.get(name)) {
            (Some(a), Some(b)) => alike(a, b),
            (None, None) => true,
            _ => false,
        };
        let shared = |(name, value): (&[u8], Option<&[u8]>)| {
            let theirs = std::str::from_utf8(name).ok().and_then(|name| other.params.get(name));
            theirs.is_none_or(|theirs| alike(value.unwrap_or_default(), theirs))
        };
        plain(self.user) == plain(other.user)
            && alike(self.host, other.host)
            && self.port == other.port
            && ["user", "ttl", "method", "maddr", "transport"].into_iter().all(decisive)
            && self.params.iter().all(shared)
    }

    /// The transport address, when the host is an address and not a name. Default port 5060.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        Some(SocketAddr::new(ip(self.host)?, self.port.unwrap_or(5060)))
    }
}

fn is_sip(scheme: &[u8]) -> bool {
    scheme.eq_ignore_ascii_case(b"sip") || scheme.eq_ignore_ascii_case(b"sips")
}

/// A SIP URI without its headers, and those: `name=value&name=value` (RFC 3261 §19.1.1). Other schemes have none.
#[must_use]
pub fn split_headers(text: &[u8]) -> (&[u8], &[u8]) {
    let scheme = memchr::memchr(b':', text).map(|c| &text[..c]).unwrap_or_default();
    if !is_sip(scheme) {
        return (text, b"");
    }
    let at = memchr::memchr(b'@', text).unwrap_or(0);
    let first = memchr::memchr(b'?', text);
    // A user part may hold `?`, but no `?name=`: then there is none, and the `@` stands bare in the value of a header, where
    // phones leave it that of a Call-ID.
    let mark = match first {
        Some(mark) if mark < at && !text[mark..at].contains(&b'=') => memchr::memchr(b'?', &text[at..]).map(|m| at + m),
        other => other,
    };
    mark.map_or((text, &b""[..]), |mark| (&text[..mark], &text[mark + 1..]))
}

/// Each header of a URI, still escaped.
pub fn headers(text: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    text.split(|&b| b == b'&').filter_map(|h| memchr::memchr(b'=', h).map(|eq| (&h[..eq], &h[eq + 1..])))
}

/// A URI without one of its parameters, and that parameter's value.
#[must_use]
pub fn take_param<'a>(text: &'a [u8], name: &str) -> (Vec<u8>, Option<&'a [u8]>) {
    // A user part may hold `;`; behind the `@` it begins the parameters.
    let from = memchr::memchr(b'@', text).unwrap_or(0);
    let mut parts = text[from..].split(|&b| b == b';');
    let mut out = text[..from].to_vec();
    out.extend_from_slice(parts.next().unwrap_or_default());
    let mut found = None;
    for part in parts {
        match part.split(|&b| b == b'=').next() {
            Some(n) if n.eq_ignore_ascii_case(name.as_bytes()) => {
                found = Some(part.get(n.len() + 1..).unwrap_or_default())
            }
            _ => {
                out.push(b';');
                out.extend_from_slice(part);
            }
        }
    }
    (out, found)
}

/// Escaped text as it was meant; `None` where an escape is broken, or where it means a control character.
#[must_use]
pub fn unescape(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(&b) = rest.next() {
        let byte = if b == b'%' {
            let digit = |b: Option<&u8>| b.and_then(|b| char::from(*b).to_digit(16)).and_then(|d| u8::try_from(d).ok());
            digit(rest.next())? << 4 | digit(rest.next())?
        } else {
            b
        };
        if byte.is_ascii_control() {
            return None;
        }
        out.push(byte);
    }
    Some(out)
}

/// Text as the value of a header in a URI: everything but unreserved characters escaped (RFC 3261 §25.1 `hvalue`).
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for b in text.bytes() {
        if b.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&b) {
            out.push(char::from(b));
        } else {
            let _ = write!(out, "%{b:02X}");
        }
    }
    out
}

/// Reads an IP address, IPv6 with or without brackets.
#[must_use]
pub fn ip(host: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(host).ok()?;
    text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_parameters_ports_and_ipv6() {
        let u = Uri::read(b"sip:12345;phone-context=+86591@[::1]:5070;user=phone?Subject=x").unwrap();
        assert_eq!((u.user, u.port), (&b"12345;phone-context=+86591"[..], Some(5070)));
        assert_eq!(u.address(), "[::1]:5070".parse().ok());
        assert!(Uri::read(b"tel:110").is_none() && Uri::is_plausible(b"tel:110"));
        assert!(!Uri::is_plausible(b"nonsense") && !Uri::is_plausible(b"sip:a b@c"));
    }

    /// The examples of RFC 3261 §19.1.4.
    #[test]
    fn uris_are_the_same_as_the_rfc_has_it() {
        let same = |a: &str, b: &str| {
            let (a, b) = (Uri::read(a.as_bytes()).unwrap(), Uri::read(b.as_bytes()).unwrap());
            assert_eq!(a.is_same(&b), b.is_same(&a), "either way");
            a.is_same(&b)
        };
        assert!(same("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"));
        assert!(same("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"));
        assert!(same("sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on"));
        assert!(same("sip:biloxi.com;transport=tcp;method=REGISTER", "sip:biloxi.com;method=REGISTER;transport=tcp"));
        assert!(!same("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"));
        assert!(!same("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"));
        assert!(!same("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"));
        assert!(!same("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"));
        assert!(!same("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"));
        assert!(!same("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"));
    }

    #[test]
    fn headers_and_parameters_are_taken_off() {
        let (bare, rest) = split_headers(b"sip:a?b;c@d;method=INVITE;x?Replaces=1%3b2&Subject=y");
        assert_eq!((bare, rest), (&b"sip:a?b;c@d;method=INVITE;x"[..], &b"Replaces=1%3b2&Subject=y"[..]));
        let no_user = b"sip:10.0.0.1:5070;transport=udp?Replaces=a@b%3Bto-tag%3D1";
        assert_eq!(
            split_headers(no_user),
            (&b"sip:10.0.0.1:5070;transport=udp"[..], &b"Replaces=a@b%3Bto-tag%3D1"[..])
        );
        let (bare, method) = take_param(bare, "METHOD");
        assert_eq!((&bare[..], method), (&b"sip:a?b;c@d;x"[..], Some(&b"INVITE"[..])));
        assert_eq!(headers(rest).map(|(n, _)| n).collect::<Vec<_>>(), [&b"Replaces"[..], b"Subject"]);
        assert_eq!(split_headers(b"tel:110?x"), (&b"tel:110?x"[..], &b""[..]));
    }

    #[test]
    fn escapes_go_both_ways_and_hide_no_line_end() {
        let text = "a@b;to-tag=1 %é";
        assert_eq!(escape(text), "a%40b%3Bto-tag%3D1%20%25%C3%A9");
        assert_eq!(unescape(escape(text).as_bytes()).as_deref(), Some(text.as_bytes()));
        for broken in ["%", "%4", "%zz", "a%0d%0aX: y", "%00"] {
            assert_eq!(unescape(broken.as_bytes()), None, "{broken}");
        }
    }
}
