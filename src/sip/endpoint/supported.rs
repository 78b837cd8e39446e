//! What this endpoint can do, as its headers say it: `Allow`, `Supported`, and `Require` against them.

use crate::sip::message::Message;
use crate::sip::name::Name;

/// Methods this endpoint answers, for `Allow`.
pub const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO, REFER, NOTIFY, REGISTER";
/// Extensions this endpoint understands, for `Supported` and against `Require`.
pub const SUPPORTED: [&str; 4] = ["100rel", "timer", "replaces", "norefersub"];
/// What else a request may require without being refused: read, though not offered.
const READ: [&str; 1] = ["resource-priority"];

/// The `Unsupported` line for a request that requires what we do not know (RFC 3261 §8.2.2.3).
#[must_use]
pub(super) fn unsupported(message: &Message) -> Option<String> {
    let mut unknown = message
        .elements(Name::Require)
        .filter(|tag| !SUPPORTED.iter().chain(&READ).any(|s| tag.eq_ignore_ascii_case(s.as_bytes())))
        .filter_map(|tag| std::str::from_utf8(tag).ok())
        .peekable();
    unknown.peek()?;
    Some(format!("Unsupported: {}\r\n", unknown.collect::<Vec<_>>().join(", ")))
}
