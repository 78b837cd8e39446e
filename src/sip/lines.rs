//! Header lines of a leg that is sent out on behalf of another call: who sent it, what it is about, what it takes the place of.
//!
//! Text comes from other parties' messages and from plans: whatever would end a line is left out.

use super::dialog::Replaces;
use std::fmt::{self, Write as _};

/// Most octets that may travel in User-to-User beside its discriminator (RFC 7433 §5, Q.931 §4.5.30).
pub const USER_TO_USER: usize = 128;

/// Ready header lines, each ended by CRLF, for [`super::dialog::Outgoing::extra`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lines(Vec<u8>);

/// Text for User-to-User that is longer than [`USER_TO_USER`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} octets are too many for User-to-User")]
pub struct TooLong(pub usize);

/// Namespaces of Resource-Priority that are known, with their highest value (RFC 7135 §3, RFC 4412 §10).
const NAMESPACES: [(&str, u8); 1] = [("esnet", 4)];

impl Lines {
    /// None.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes, given away.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// A line as it came: `name: value`.
    pub fn put(&mut self, name: &str, value: &[u8]) -> &mut Self {
        self.0.extend_from_slice(name.as_bytes());
        self.0.extend_from_slice(b": ");
        self.0.extend(value.iter().filter(|b| !matches!(b, b'\r' | b'\n' | 0)));
        self.0.extend_from_slice(b"\r\n");
        self
    }

    fn text(&mut self, name: &str, value: fmt::Arguments<'_>) -> &mut Self {
        let value = value.to_string();
        self.put(name, value.as_bytes())
    }

    /// User-to-User (RFC 7433): octets for whoever answers, as hexadecimal with the discriminator "user-specific" (Q.931
    /// table 4-26), which gateways carry into ISDN and back.
    ///
    /// # Errors
    /// [`TooLong`]; nothing is written.
    pub fn user_to_user(&mut self, octets: &[u8]) -> Result<&mut Self, TooLong> {
        if octets.len() > USER_TO_USER {
            return Err(TooLong(octets.len()));
        }
        let mut hex = String::with_capacity(2 + octets.len() * 2);
        hex.push_str("00");
        for octet in octets {
            let _ = write!(hex, "{octet:02x}");
        }
        Ok(self.text("User-to-User", format_args!("{hex};encoding=hex;purpose=isdn-uui;content=isdn-uui")))
    }

    /// An entry of History-Info (RFC 7044 §5): whom the call was for, by which step, and why it went on, as a Reason value.
    pub fn history(&mut self, uri: &str, index: &str, reason: Option<&str>) -> &mut Self {
        let uri = inside(uri);
        match reason {
            // The reason stands in the URI, escaped (RFC 7044 §5).
            Some(reason) => {
                self.text("History-Info", format_args!("<{uri}?Reason={}>;index={index}", super::uri::escape(reason)))
            }
            None => self.text("History-Info", format_args!("<{uri}>;index={index}")),
        }
    }

    /// Referred-By (RFC 3892).
    pub fn referred_by(&mut self, uri: &str) -> &mut Self {
        let uri = inside(uri);
        self.text("Referred-By", format_args!("<{uri}>"))
    }

    /// Replaces (RFC 3891), required of the other side: one that does not know it must not take the call for a new one.
    pub fn replaces(&mut self, replaces: &Replaces) -> &mut Self {
        self.text("Replaces", format_args!("{replaces}")).put("Require", b"replaces")
    }

    /// Resource-Priority `esnet.0` (RFC 7135): an emergency call is told apart from every other.
    pub fn emergency(&mut self) -> &mut Self {
        self.put("Resource-Priority", b"esnet.0")
    }

    /// Call-Info (RFC 3261 §20.9): where to read what the call is about. `purpose`: `info`, `icon`, `card` …
    pub fn call_info(&mut self, uri: &str, purpose: &str) -> &mut Self {
        let uri = inside(uri);
        self.text("Call-Info", format_args!("<{uri}>;purpose={purpose}"))
    }
}

/// A URI between angle brackets, without what would end it.
fn inside(uri: &str) -> String {
    uri.chars().filter(|c| !c.is_control() && !matches!(c, '<' | '>' | '"' | ' ')).collect()
}

/// Whether a Resource-Priority value is one we know: `esnet.0` to `esnet.4` (RFC 7135 §3).
#[must_use]
pub fn is_known_priority(value: &[u8]) -> bool {
    let Some(dot) = memchr::memrchr(b'.', value) else { return false };
    let (namespace, priority) = (&value[..dot], super::header::number(&value[dot + 1..]));
    NAMESPACES.iter().any(|(name, highest)| {
        namespace.eq_ignore_ascii_case(name.as_bytes()) && priority.is_some_and(|p| p <= u32::from(*highest))
    })
}

/// `Accept-Resource-Priority` of a 417 (RFC 4412 §3.2).
#[must_use]
pub fn known_priorities() -> String {
    let values = NAMESPACES.iter().flat_map(|(name, highest)| (0..=*highest).map(move |p| format!("{name}.{p}")));
    let name = super::name::Name::AcceptResourcePriority.token();
    format!("{name}: {}\r\n", values.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_travels_with_a_transferred_call() {
        let mut lines = Lines::new();
        lines.user_to_user("投诉".as_bytes()).unwrap();
        lines.history("sip:12345@c", "1", None).history("sip:8001@c", "1.1", Some("Q.850;cause=17"));
        lines.referred_by("sip:8001@c\r\nX: y");
        lines.replaces(&Replaces::read(b"a@b;to-tag=1;from-tag=2").unwrap());
        lines.emergency().call_info("http://c/<1>", "info");
        insta::assert_snapshot!(String::from_utf8(lines.into_bytes()).unwrap().replace("\r\n", "\n"), @r"
        User-to-User: 00e68a95e8af89;encoding=hex;purpose=isdn-uui;content=isdn-uui
        History-Info: <sip:12345@c>;index=1
        History-Info: <sip:8001@c?Reason=Q.850%3Bcause%3D17>;index=1.1
        Referred-By: <sip:8001@cX:y>
        Replaces: a@b;to-tag=1;from-tag=2
        Require: replaces
        Resource-Priority: esnet.0
        Call-Info: <http://c/1>;purpose=info
        ");
        let mut none = Lines::new();
        assert_eq!(none.user_to_user(&[7; 129]), Err(TooLong(129)));
        assert!(none.as_bytes().is_empty());
    }

    #[test]
    fn known_priorities_are_esnet_only() {
        for (value, known) in [
            ("esnet.0", true),
            ("ESNET.4", true),
            ("esnet.5", false),
            ("dsn.flash", false),
            ("esnet", false),
            ("", false),
        ] {
            assert_eq!(is_known_priority(value.as_bytes()), known, "{value}");
        }
    }
}
