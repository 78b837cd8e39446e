//! Who calls, as read from an INVITE and as written into ours (RFC 3325, RFC 7044, RFC 5806).

use super::Exchange;
use super::trunks::loops::{self, MARK};
use crate::call::{About, Caller, Journey};
use crate::fact::{Origin, Supervision};
use crate::id::{CallRef, SeatId};
use crate::sip::header::{NameAddr, Params};
use crate::sip::lines::{Lines, USER_TO_USER};
use crate::sip::message::Message;
use crate::sip::name::Name;
use crate::sip::uri::Uri;
use std::fmt::Write as _;
use std::net::IpAddr;

/// A seat that calls.
pub(super) fn seat(seat: &SeatId) -> Caller {
    Caller { number: seat.to_string(), asserted: true, private: false, display: Vec::new() }
}

/// Whose number a call shows, for counting: a number, which is no person, or a seat.
pub(super) fn who(journey: &Journey) -> Option<loops::Caller> {
    match &journey.origin {
        Origin::Seat(seat) => Some(loops::Caller::Seat(seat.to_string())),
        Origin::Trunk(_) => loops::Caller::of_number(&journey.caller.number),
    }
}

/// The caller behind a trunk: P-Asserted-Identity where it is trusted, else From. All formats are accepted: mobile with
/// and without 0 or +86, area and number, anonymous, absent, invalid.
pub(super) fn of(m: &Message, trusted: bool) -> Caller {
    let asserted = m.elements(Name::PAssertedIdentity).filter_map(NameAddr::read).find_map(|a| number(a.uri));
    let asserted = asserted.filter(|_| trusted);
    let private = m.elements(Name::Privacy).flat_map(|v| v.split(|&b| b == b';')).any(|token| {
        let token = token.trim_ascii();
        ["id", "header", "user", "critical"].iter().any(|p| token.eq_ignore_ascii_case(p.as_bytes()))
    });
    let from = m.from();
    let display = from.map(|a| a.display.to_vec()).unwrap_or_default();
    let given = from.and_then(|a| number(a.uri));
    let anonymous = from.is_some_and(|a| is_anonymous(a.uri));
    Caller {
        asserted: asserted.is_some(),
        number: asserted.or(given.filter(|_| !anonymous)).unwrap_or_default(),
        private: private || anonymous,
        display,
    }
}

fn is_anonymous(uri: &[u8]) -> bool {
    Uri::read(uri)
        .is_some_and(|u| u.user.eq_ignore_ascii_case(b"anonymous") || u.host.eq_ignore_ascii_case(b"anonymous.invalid"))
}

/// The number in a caller's URI: digits and a leading `+`, visual separators dropped; up to 32 harmless characters of
/// whatever else stands there.
fn number(uri: &[u8]) -> Option<String> {
    let user = match Uri::read(uri) {
        Some(sip) => sip.user,
        None => uri.strip_prefix(b"tel:").or_else(|| uri.strip_prefix(b"TEL:"))?,
    };
    let user = user.split(|&b| b == b';').next().unwrap_or_default();
    let text = String::from_utf8_lossy(user).replace("%2B", "+").replace("%2b", "+");
    let plain: String = text.chars().filter(|c| !"-.() ".contains(*c)).collect();
    let digits = plain.strip_prefix('+').unwrap_or(&plain);
    if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
        return Some(plain.chars().take(32).collect());
    }
    let harmless: String =
        plain.chars().filter(|c| c.is_ascii_alphanumeric() || "_*#+".contains(*c)).take(32).collect();
    (!harmless.is_empty()).then_some(harmless)
}

/// Most bytes of history that are passed on.
const MAX_HISTORY: usize = 2048;

/// History-Info and Diversion lines as they came, and how many diversions there were.
pub(super) fn history(m: &Message) -> (Vec<u8>, usize) {
    let mut lines = Vec::new();
    for name in [Name::HistoryInfo, Name::Diversion] {
        for value in m.values(name) {
            // Passed on they must not make our INVITE longer than a datagram.
            if lines.len() + value.len() > MAX_HISTORY {
                break;
            }
            lines.extend_from_slice(name.token().as_bytes());
            lines.extend_from_slice(b": ");
            lines.extend_from_slice(value);
            lines.extend_from_slice(b"\r\n");
        }
    }
    (lines, m.elements(Name::Diversion).count())
}

/// Whom the next leg is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Audience {
    /// A seat of a group that may see withheld numbers, or not.
    Seat { trusted: bool },
    /// A trunk that asserted identities are told to, or not.
    Trunk { trusted: bool },
    /// 110, 119, 120, 122: always told.
    Emergency,
}

impl Exchange {
    /// From value and identity headers of a leg to `audience`, reached by `uri` from our address `host`; `mark` tells it when it
    /// comes back from a trunk.
    pub(super) fn identity_of(
        journey: &Journey,
        audience: Audience,
        about: &About,
        uri: &str,
        host: IpAddr,
        mark: u64,
    ) -> (Vec<u8>, Vec<u8>) {
        let host = bracketed(host);
        let mark = match audience {
            Audience::Seat { .. } => String::new(),
            Audience::Trunk { .. } | Audience::Emergency => format!(";{MARK}={mark:016x}"),
        };
        let withheld = match audience {
            Audience::Seat { trusted } => journey.caller.private && !trusted,
            Audience::Trunk { .. } => journey.caller.private,
            Audience::Emergency => false,
        };
        // A caller who is called back sees whom he had called.
        let recalls = *about == About::Recall;
        let number = if recalls { &journey.dialled } else { &journey.caller.number };
        let withheld = withheld && !recalls;
        let address = match (withheld, number.is_empty()) {
            (true, _) => "sip:anonymous@anonymous.invalid".to_owned(),
            (false, true) => format!("sip:unknown@{host}"),
            (false, false) => format!("sip:{number}@{host}"),
        };
        // The seat sees which number was dialled, whatever its screen can show (product §2).
        let display = match audience {
            Audience::Seat { .. } => {
                let who = if withheld { "匿名" } else { "" };
                let title = if journey.seat_dialled_only() { "" } else { journey.title.as_str() };
                // A title that begins with the number says it already.
                let rest = title.strip_prefix(journey.dialled.as_str()).unwrap_or(title).trim_start();
                let note = note(journey, about);
                let words = [note.as_str(), journey.dialled.as_str(), rest, who].into_iter().filter(|w| !w.is_empty());
                format!("\"{}\" ", quotable(&words.collect::<Vec<_>>().join(" "))).into_bytes()
            }
            // As it came, in whatever encoding.
            Audience::Trunk { .. } | Audience::Emergency
                if withheld || recalls || journey.caller.display.is_empty() =>
            {
                Vec::new()
            }
            Audience::Trunk { .. } | Audience::Emergency => [b"\"", journey.caller.display.as_slice(), b"\" "].concat(),
        };
        let mut lines = Vec::new();
        let asserts = matches!(audience, Audience::Trunk { trusted: true } | Audience::Emergency);
        if asserts && !number.is_empty() {
            let _ = write!(Line(&mut lines), "P-Asserted-Identity: <sip:{number}@{host}>\r\n");
            if journey.caller.private && !recalls {
                lines.extend_from_slice(b"Privacy: id\r\n");
            }
        }
        if !recalls {
            Self::history_lines(journey, uri, &host, &mark, &mut lines);
        }
        if audience == Audience::Emergency {
            // RFC 7135: an emergency call is told apart from every other.
            lines.extend_from_slice(b"Resource-Priority: esnet.0\r\n");
        }
        ([display.as_slice(), b"<", address.as_bytes(), b">"].concat(), lines)
    }

    /// The number first dialled stays with the call (History-Info index 1, Diversion).
    fn history_lines(journey: &Journey, uri: &str, host: &str, mark: &str, lines: &mut Vec<u8>) {
        let dialled = &journey.dialled;
        let last = last_index(&journey.history);
        lines.extend_from_slice(&journey.history);
        let mut w = Line(lines);
        let index = match &last {
            Some(last) => {
                let _ = write!(w, "History-Info: <sip:{dialled}@{host}>;index={last}.1\r\n");
                format!("{last}.1")
            }
            None => {
                let _ = write!(w, "History-Info: <sip:{dialled}@{host}>;index=1\r\n");
                "1".to_owned()
            }
        };
        let _ = write!(w, "History-Info: <{uri}>;index={index}.1{mark}\r\n");
        if !journey.seat_dialled_only() {
            let _ = write!(w, "Diversion: <sip:{dialled}@{host}>;reason=unconditional;counter=1{mark}\r\n");
        }
    }
}

/// What a seat's screen says before the number: why this call comes to it, when it is not simply the next one.
fn note(journey: &Journey, about: &About) -> String {
    match (about, &journey.came_back) {
        (About::Supervision(Supervision::Listen), _) => "监听".into(),
        (About::Supervision(Supervision::Whisper), _) => "耳语".into(),
        (About::Supervision(Supervision::Barge), _) => "强插".into(),
        (About::Supervision(Supervision::TakeOver), _) => "接管".into(),
        (About::Transfer { agent: Some(agent), .. }, _) => format!("{agent} 转来"),
        (About::Service, Some((whom, cause))) => {
            format!("退回：{whom} {}", crate::call::cause::seen(*cause))
        }
        (About::Service, None) if journey.recall.is_some() => "回电".into(),
        (About::Return, _) => "恢复通话".into(),
        (About::Transfer { agent: None, .. } | About::Service | About::Recall, _) => String::new(),
    }
}

/// What travels with a transferred call (RFC 7433): number first dialled, agent, seconds since the first answer, caller, reason,
/// place; and where to read on (Call-Info). `link` has `{call}` where the reference goes.
pub(super) fn brief_lines(
    call: CallRef,
    journey: &Journey,
    audience: Audience,
    about: &About,
    link: Option<&str>,
    wall: i64,
) -> Vec<u8> {
    let (agent, brief) = match about {
        About::Transfer { agent, brief } => (agent, brief),
        // One phone reads the one, one the other (RFC 5373 §3, RFC 3261 §20.4 and §20.9 with parameters that have become usual).
        About::Return => {
            let lines = "Answer-Mode: Auto\r\nAlert-Info: <http://127.0.0.1>;info=alert-autoanswer;delay=0\r\n\
                         Call-Info: <sip:127.0.0.1>;answer-after=0\r\n";
            return lines.into();
        }
        _ => return Vec::new(),
    };
    let mut lines = Lines::new();
    let since = journey.answered_at.map_or(0, |at| (wall - at) / 1_000_000);
    let agent = agent.as_ref().map_or("", |a| a.as_str());
    let mut text = format!("d={};a={agent};t={since}", journey.dialled);
    // A withheld number stays withheld, but never from an emergency service.
    let shown = !journey.caller.private || audience == Audience::Emergency;
    if shown && !journey.caller.number.is_empty() {
        let _ = write!(text, ";c={}", journey.caller.number);
    }
    for (name, words) in [("r", &brief.reason), ("l", &brief.location)] {
        let room = USER_TO_USER.saturating_sub(text.len() + name.len() + 2);
        let words = cut(words, room);
        if !words.is_empty() {
            let _ = write!(text, ";{name}={words}");
        }
    }
    // It was made to fit; a longer number than any is left out whole.
    let _ = lines.user_to_user(text.as_bytes());
    if let Some(link) = link {
        lines.call_info(&link.replace("{call}", &call.to_string()), "info");
    }
    lines.into_bytes()
}

/// As much of a text as fits, whole characters, without what would end a field.
fn cut(text: &str, room: usize) -> String {
    let mut out = String::new();
    for c in text.chars().filter(|c| !c.is_control() && !matches!(c, ';' | '=')) {
        if out.len() + c.len_utf8() > room {
            break;
        }
        out.push(c);
    }
    out
}

/// Text for a quoted string: quotes and backslashes escaped, line ends and other controls gone (RFC 3261 §25.1).
fn quotable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars().filter(|c| !c.is_control()) {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Text into a byte buffer.
struct Line<'a>(&'a mut Vec<u8>);

impl std::fmt::Write for Line<'_> {
    fn write_str(&mut self, s: &str) -> std::fmt::Result {
        self.0.extend_from_slice(s.as_bytes());
        Ok(())
    }
}

/// The index of the last History-Info entry that came, if it is one.
fn last_index(history: &[u8]) -> Option<String> {
    let lines = history.split(|&b| b == b'\n').filter_map(|l| l.strip_prefix(b"History-Info: "));
    let entries = lines.flat_map(crate::sip::header::split_commas);
    let index = entries.filter_map(|e| Params(NameAddr::read(e)?.params.0).get("index")).last()?;
    let text = std::str::from_utf8(index).ok()?;
    (text.len() <= 40 && text.bytes().all(|b| b.is_ascii_digit() || b == b'.')).then(|| text.to_owned())
}

fn bracketed(host: IpAddr) -> String {
    match host {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => format!("[{v6}]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_of_every_format_are_taken() {
        let cases: [(&[u8], Option<&str>); 8] = [
            (b"sip:13900000001@10.0.0.1", Some("13900000001")),
            (b"sip:013900000001@10.0.0.1", Some("013900000001")),
            (b"sip:+86-139-0000-0001@c;user=phone", Some("+8613900000001")),
            (b"tel:0591-87654321;phone-context=+86", Some("059187654321")),
            (b"sip:%2B8613900000001@c", Some("+8613900000001")),
            (b"sip:@c", None),
            (b"sip:c", None),
            (b"sip:alice<script>@c", Some("alicescript")),
        ];
        for (uri, want) in cases {
            assert_eq!(number(uri).as_deref(), want, "{}", String::from_utf8_lossy(uri));
        }
    }

    #[test]
    fn the_last_history_index_is_found_across_lines_and_lists() {
        let lines = b"History-Info: <sip:a@b>;index=1, <sip:c@d>;index=1.1\r\nHistory-Info: <sip:e@f>;index=1.1.1\r\n";
        assert_eq!(last_index(lines).as_deref(), Some("1.1.1"));
        assert_eq!(last_index(b"Diversion: <sip:a@b>\r\n"), None);
    }
}
