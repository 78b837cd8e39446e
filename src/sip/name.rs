//! Methods and header names, known and unknown (RFC 3261 §7, §20; compact forms §7.3.3).

use std::fmt;

macro_rules! methods {
    ($($variant:ident $token:literal),* $(,)?) => {
        /// A request method. Unknown ones are kept apart so that they can be answered 405.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Method {
            $(#[doc = $token] $variant,)*
            /// Any other token.
            Other,
        }
        impl Method {
            /// Reads a method token; methods are case-sensitive (RFC 3261 §7.1).
            #[must_use]
            pub fn read(token: &[u8]) -> Self {
                match token {
                    $(t if t == $token.as_bytes() => Self::$variant,)*
                    _ => Self::Other,
                }
            }
            /// The token; empty for [`Method::Other`].
            #[must_use]
            pub const fn token(self) -> &'static str {
                match self {
                    $(Self::$variant => $token,)*
                    Self::Other => "",
                }
            }
        }
    };
}

methods! {
    Invite "INVITE", Ack "ACK", Bye "BYE", Cancel "CANCEL", Options "OPTIONS", Register "REGISTER",
    Prack "PRACK", Update "UPDATE", Info "INFO", Refer "REFER", Notify "NOTIFY", Subscribe "SUBSCRIBE",
    Message "MESSAGE", Publish "PUBLISH",
}

macro_rules! names {
    ($($variant:ident $token:literal $($compact:literal)?),* $(,)?) => {
        /// A header field name. Unknown ones keep their bytes in the message.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Name {
            $(#[doc = $token] $variant,)*
            /// Any other name.
            Other,
        }
        impl Name {
            /// Reads a name, case-insensitively, long or compact.
            #[must_use]
            pub fn read(token: &[u8]) -> Self {
                $(if token.len() == $token.len() && token.eq_ignore_ascii_case($token.as_bytes()) { return Self::$variant; })*
                $($(if token.len() == 1 && token.eq_ignore_ascii_case($compact) { return Self::$variant; })?)*
                Self::Other
            }
            /// The long form as we write it; empty for [`Name::Other`].
            #[must_use]
            pub const fn token(self) -> &'static str {
                match self {
                    $(Self::$variant => $token,)*
                    Self::Other => "",
                }
            }
        }
    };
}

names! {
    Via "Via" b"v", From "From" b"f", To "To" b"t", CallId "Call-ID" b"i", CSeq "CSeq", Contact "Contact" b"m",
    ContentLength "Content-Length" b"l", MaxForwards "Max-Forwards", ContentType "Content-Type" b"c",
    RecordRoute "Record-Route", Route "Route", Allow "Allow", Supported "Supported" b"k", Require "Require",
    ProxyRequire "Proxy-Require", Authorization "Authorization", ProxyAuthorization "Proxy-Authorization",
    WwwAuthenticate "WWW-Authenticate", ProxyAuthenticate "Proxy-Authenticate", Expires "Expires",
    MinExpires "Min-Expires", SessionExpires "Session-Expires" b"x", MinSe "Min-SE", RSeq "RSeq", RAck "RAck",
    Reason "Reason", HistoryInfo "History-Info", Diversion "Diversion", Privacy "Privacy",
    PAssertedIdentity "P-Asserted-Identity", PPreferredIdentity "P-Preferred-Identity",
    PEarlyMedia "P-Early-Media", UserToUser "User-to-User", ResourcePriority "Resource-Priority",
    Path "Path", UserAgent "User-Agent", Server "Server", Unsupported "Unsupported", Accept "Accept",
    ContentEncoding "Content-Encoding" b"e", ContentDisposition "Content-Disposition", RetryAfter "Retry-After",
    Warning "Warning", ReferTo "Refer-To" b"r", ReferredBy "Referred-By" b"b", Replaces "Replaces",
    Event "Event" b"o", SubscriptionState "Subscription-State", Subject "Subject" b"s", Date "Date",
    AlertInfo "Alert-Info", CallInfo "Call-Info", InfoPackage "Info-Package",
}

impl Name {
    /// Whether a second line of this name makes the message ambiguous and so malformed (RFC 3261 §7.3.1).
    #[must_use]
    pub const fn is_single(self) -> bool {
        matches!(self, Self::From | Self::To | Self::CallId | Self::CSeq | Self::ContentLength | Self::MaxForwards)
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(if *self == Self::Other { "(unknown)" } else { self.token() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_in_any_case_and_in_compact_form() {
        assert_eq!(Name::read(b"cALL-iD"), Name::CallId);
        assert_eq!(Name::read(b"I"), Name::CallId);
        assert_eq!(Name::read(b"x"), Name::SessionExpires);
        assert_eq!(Name::read(b"X-Whatever"), Name::Other);
        assert_eq!(Method::read(b"invite"), Method::Other);
    }
}
