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
        /// Every spelling, long and compact, where [`slot`] says or next to it: a name is found by one or two comparisons.
        static TABLE: [Option<(&str, Name)>; SLOTS] = table(&[
            $(($token, Name::$variant), $(($compact, Name::$variant),)?)*
        ]);

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
                let (Some(first), Some(last)) = (token.first(), token.last()) else { return Self::Other };
                let mut at = slot(token.len(), *first, *last);
                while let Some((text, name)) = TABLE[at] {
                    if token.eq_ignore_ascii_case(text.as_bytes()) {
                        return name;
                    }
                    at = (at + 1) % SLOTS;
                }
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
    Via "Via" "v", From "From" "f", To "To" "t", CallId "Call-ID" "i", CSeq "CSeq", Contact "Contact" "m",
    ContentLength "Content-Length" "l", MaxForwards "Max-Forwards", ContentType "Content-Type" "c",
    RecordRoute "Record-Route", Route "Route", Allow "Allow", Supported "Supported" "k", Require "Require",
    ProxyRequire "Proxy-Require", Authorization "Authorization", ProxyAuthorization "Proxy-Authorization",
    WwwAuthenticate "WWW-Authenticate", ProxyAuthenticate "Proxy-Authenticate", Expires "Expires",
    MinExpires "Min-Expires", SessionExpires "Session-Expires" "x", MinSe "Min-SE", RSeq "RSeq", RAck "RAck",
    Reason "Reason", HistoryInfo "History-Info", Diversion "Diversion", Privacy "Privacy",
    PAssertedIdentity "P-Asserted-Identity", PPreferredIdentity "P-Preferred-Identity",
    PEarlyMedia "P-Early-Media", UserToUser "User-to-User", ResourcePriority "Resource-Priority",
    Path "Path", UserAgent "User-Agent", Server "Server", Unsupported "Unsupported", Accept "Accept",
    ContentEncoding "Content-Encoding" "e", ContentDisposition "Content-Disposition", RetryAfter "Retry-After",
    Warning "Warning", ReferTo "Refer-To" "r", ReferredBy "Referred-By" "b", Replaces "Replaces",
    Event "Event" "o", SubscriptionState "Subscription-State", Subject "Subject" "s", Date "Date",
    AlertInfo "Alert-Info", CallInfo "Call-Info", InfoPackage "Info-Package",
    ReferSub "Refer-Sub", Join "Join",
    AcceptResourcePriority "Accept-Resource-Priority",
}

const SLOTS: usize = 256;

/// Where the search for a name begins: by its length, first and last letter.
const fn slot(length: usize, first: u8, last: u8) -> usize {
    (length * 37 + (first | 0x20) as usize * 5 + (last | 0x20) as usize * 11) % SLOTS
}

const fn table<const N: usize>(names: &[(&'static str, Name); N]) -> [Option<(&'static str, Name)>; SLOTS] {
    let mut table = [None; SLOTS];
    let mut i = 0;
    while i < N {
        let text = names[i].0.as_bytes();
        let mut at = slot(text.len(), text[0], text[text.len() - 1]);
        while table[at].is_some() {
            at = (at + 1) % SLOTS;
        }
        table[at] = Some(names[i]);
        i += 1;
    }
    table
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
