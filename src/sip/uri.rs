//! SIP and tel URIs as byte views (RFC 3261 §19.1, RFC 3966). Never copied, never decoded here.

use super::header::{Params, host_port};
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
        if !scheme.eq_ignore_ascii_case(b"sip") && !scheme.eq_ignore_ascii_case(b"sips") {
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

    /// Whether this can be a request-URI at all: some scheme, no space or bracket.
    #[must_use]
    pub fn is_plausible(text: &[u8]) -> bool {
        let scheme = memchr::memchr(b':', text).map(|c| &text[..c]).unwrap_or_default();
        scheme.first().is_some_and(u8::is_ascii_alphabetic)
            && scheme.iter().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(b))
            && text.len() > scheme.len() + 1
            && !text.iter().any(|b| b.is_ascii_whitespace() || matches!(b, b'<' | b'>' | b'"'))
    }

    /// Whether a SIP URI carries headers (`?name=value`): none may stand in a request-URI (RFC 3261 §19.1.1).
    #[must_use]
    pub fn has_headers(text: &[u8]) -> bool {
        let Some(colon) = memchr::memchr(b':', text) else { return false };
        let (scheme, rest) = text.split_at(colon);
        let tail = memchr::memchr(b'@', rest).map_or(rest, |at| &rest[at..]);
        (scheme.eq_ignore_ascii_case(b"sip") || scheme.eq_ignore_ascii_case(b"sips")) && tail.contains(&b'?')
    }

    /// The transport address, when the host is an address and not a name. Default port 5060.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        Some(SocketAddr::new(ip(self.host)?, self.port.unwrap_or(5060)))
    }
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
}
