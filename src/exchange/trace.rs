//! The last messages of the signalling, kept in memory for whoever asks what was said: `trace`. A ring of bytes, not of calls: a flood
//! shortens what it reaches back to and nothing else. Which session belongs to which call is kept beside it, for as many legs.
//!
//! What lets somebody else in is never given out: credentials, keys in SDP, passwords of ICE, digits in INFO.

use super::Exchange;
use super::command::{Answer, RtpRow, TraceRow};
use crate::clock::{Now, SECOND};
use crate::id::CallRef;
use crate::patch::{Command, Lease, Packet};
use crate::rtp::{Header, View};
use crate::sip::dialog::SessionId;
use crate::sip::flow::{Flow, Transport};
use crate::sip::name::Name;
use crate::sip::wire;
use bytes::Bytes;
use memchr::memmem;
use smallvec::SmallVec;
use std::collections::{HashSet, VecDeque};
use std::net::SocketAddr;

/// Legs whose Call-ID is remembered.
const LEGS: usize = 16_384;
/// What each message costs beside its bytes.
const BESIDE: usize = 96;
/// Messages in one answer.
const MOST: usize = 500;

/// Legs whose RTP is watched at a time.
const WATCHED: usize = 16;
/// How long, µs, after somebody has asked.
const WATCH: u64 = 5 * SECOND;

/// One message, or one packet.
#[derive(Debug)]
struct Entry {
    seq: u64,
    at: i64,
    sent: bool,
    flow: Flow,
    /// The message; of a packet its header.
    bytes: Bytes,
    /// Of a packet: whose it is, and how long it is behind its header.
    rtp: Option<(CallRef, u16)>,
}

/// The ring.
#[derive(Debug)]
pub(super) struct Trace {
    ring: VecDeque<Entry>,
    held: usize,
    /// Most bytes; 0: nothing is kept.
    room: usize,
    seq: u64,
    legs: VecDeque<(CallRef, Bytes)>,
}

impl Trace {
    pub fn new(room: usize) -> Self {
        Self { ring: VecDeque::new(), held: 0, room, seq: 0, legs: VecDeque::new() }
    }

    /// A message has come or goes.
    pub fn note(&mut self, sent: bool, flow: Flow, bytes: &Bytes, now: Now) {
        if self.room == 0 {
            return;
        }
        self.put(Entry { seq: 0, at: now.wall, sent, flow, bytes: bytes.clone(), rtp: None });
    }

    /// A packet of RTP of a call that is watched.
    pub fn packet(&mut self, call: CallRef, local: SocketAddr, packet: Packet) {
        let Packet { at, sent, peer, header, length } = packet;
        let flow = Flow { transport: Transport::Udp, local, peer, connection: 0 };
        self.put(Entry { seq: 0, at, sent, flow, bytes: Bytes::copy_from_slice(&header), rtp: Some((call, length)) });
    }

    fn put(&mut self, entry: Entry) {
        self.seq += 1;
        self.held += entry.bytes.len() + BESIDE;
        self.ring.push_back(Entry { seq: self.seq, ..entry });
        while self.held > self.room
            && let Some(oldest) = self.ring.pop_front()
        {
            self.held -= oldest.bytes.len() + BESIDE;
        }
    }

    /// A leg of this call has this Call-ID.
    fn leg(&mut self, call: CallRef, call_id: Bytes) {
        if self.room > 0 {
            if self.legs.len() >= LEGS {
                self.legs.pop_front();
            }
            self.legs.push_back((call, call_id));
        }
    }

    /// Messages after this one that are about it: a call of that reference, else whoever has that number; all without one.
    fn about(&self, what: Option<&str>, after: u64) -> (Vec<TraceRow>, bool) {
        let wanted = what.map(|what| self.call_ids(what));
        let calls = self.calls(what, wanted.as_ref());
        let mut rows = Vec::new();
        for entry in self.ring.iter().filter(|entry| entry.seq > after) {
            if let Some((call, length)) = entry.rtp {
                if (what.is_none() || calls.contains(&call)) && rows.len() < MOST {
                    rows.extend(packet_row(entry, call, length));
                } else if rows.len() >= MOST {
                    return (rows, true);
                }
                continue;
            }
            let call_id = call_id(&entry.bytes);
            if wanted.as_ref().is_some_and(|wanted| call_id.as_ref().is_none_or(|id| !wanted.contains(id))) {
                continue;
            }
            if rows.len() >= MOST {
                return (rows, true);
            }
            rows.push(TraceRow {
                seq: entry.seq,
                at: entry.at,
                sent: entry.sent,
                transport: entry.flow.transport.word().to_owned(),
                local: entry.flow.local,
                peer: entry.flow.peer,
                call_id: call_id.map(|id| String::from_utf8_lossy(&id).into_owned()).unwrap_or_default(),
                text: masked(&entry.bytes),
                rtp: None,
            });
        }
        (rows, false)
    }

    /// The calls that this is about: those of these dialogs, and the one of that reference.
    fn calls(&self, what: Option<&str>, call_ids: Option<&HashSet<Bytes>>) -> HashSet<CallRef> {
        let Some(call_ids) = call_ids else { return HashSet::new() };
        let of_dialogs = self.legs.iter().filter(|(_, id)| call_ids.contains(id)).map(|(call, _)| *call);
        of_dialogs.chain(what.and_then(CallRef::parse)).collect()
    }

    fn call_ids(&self, what: &str) -> HashSet<Bytes> {
        if let Some(call) = CallRef::parse(what) {
            let found: HashSet<Bytes> =
                self.legs.iter().filter(|(c, _)| *c == call).map(|(_, id)| id.clone()).collect();
            if !found.is_empty() {
                return found;
            }
        }
        let user = format!(":{what}@");
        let named = |entry: &&Entry| entry.rtp.is_none() && memmem::find(head(&entry.bytes), user.as_bytes()).is_some();
        self.ring.iter().filter(named).filter_map(|entry| call_id(&entry.bytes)).collect()
    }
}

fn packet_row(entry: &Entry, call: CallRef, length: u16) -> Option<TraceRow> {
    let Header { marker, payload_type, sequence, timestamp, ssrc } = View::parse(&entry.bytes).ok()?.header;
    Some(TraceRow {
        seq: entry.seq,
        at: entry.at,
        sent: entry.sent,
        transport: "rtp".to_owned(),
        local: entry.flow.local,
        peer: entry.flow.peer,
        call_id: String::new(),
        text: String::new(),
        rtp: Some(RtpRow { call, payload_type, marker, sequence, timestamp, ssrc, length }),
    })
}

fn head(message: &[u8]) -> &[u8] {
    let end = memmem::find(message, b"\r\n\r\n").unwrap_or(message.len());
    message.get(..end).unwrap_or_default()
}

fn call_id(message: &Bytes) -> Option<Bytes> {
    let read = wire::parse(message.clone()).ok()?;
    read.value(Name::CallId).map(|id| message.slice_ref(id))
}

/// The message without what lets somebody else in.
fn masked(message: &[u8]) -> String {
    let text = String::from_utf8_lossy(message);
    let mut out = String::with_capacity(text.len());
    let (mut body, mut digits, mut secret) = (false, false, false);
    for line in text.split_inclusive('\n') {
        let (bare, end) = line.split_at(line.trim_end_matches(['\r', '\n']).len());
        // A header that is folded goes on (RFC 3261 §7.3.1).
        let goes_on = !body && bare.starts_with([' ', '\t']);
        if !goes_on {
            digits |= !body && is_digits(bare);
            secret = false;
        }
        let kept = match bare {
            "" => None,
            _ if goes_on && secret => Some(0),
            _ if body && digits => Some(bare.find(['=', ':']).map_or(0, |at| at + 1)),
            _ if body => secret_in_sdp(bare),
            _ => secret_in_header(bare),
        };
        match kept {
            Some(at) => {
                secret = true;
                out.push_str(bare.get(..at).unwrap_or(bare));
                out.push_str(" …");
            }
            None => out.push_str(bare),
        }
        out.push_str(end);
        body |= bare.is_empty();
    }
    out
}

/// Name and value of a header line; names bear no space before the colon but may stand before one (RFC 3261 §7.3.1).
fn field(line: &str) -> Option<(String, usize)> {
    let at = line.find(':')?;
    Some((line.get(..at)?.trim().to_ascii_lowercase(), at + 1))
}

/// A header that says that the body is pressed keys.
fn is_digits(line: &str) -> bool {
    let typed = field(line).filter(|(name, _)| matches!(name.as_str(), "content-type" | "c"));
    typed.is_some_and(|(_, at)| {
        line.get(at..).unwrap_or_default().trim().to_ascii_lowercase().starts_with("application/dtmf")
    })
}

/// Where the secret of a header begins.
fn secret_in_header(line: &str) -> Option<usize> {
    field(line).filter(|(name, _)| matches!(name.as_str(), "authorization" | "proxy-authorization")).map(|(_, at)| at)
}

/// Where the secret of a line of SDP begins.
fn secret_in_sdp(line: &str) -> Option<usize> {
    let low = line.to_ascii_lowercase();
    if low.starts_with("a=ice-pwd:") {
        return Some("a=ice-pwd:".len());
    }
    let at = low.find("inline:").filter(|_| low.starts_with("a=crypto:"));
    at.map(|at| at + "inline:".len()).or_else(|| low.starts_with("k=").then_some("k=".len()))
}

impl Exchange {
    /// A session has become a leg of this call.
    pub(super) fn trace_leg(&mut self, call: CallRef, session: SessionId) {
        if let Some(id) = self.endpoint.call_id(session) {
            self.trace.leg(call, id);
        }
    }

    pub(super) fn traced(&mut self, what: Option<&str>, after: u64, rtp: bool) -> Answer {
        if rtp && self.trace.room > 0 {
            self.watch(what);
        }
        let (messages, more) = self.trace.about(what, after);
        Answer::Trace { messages, more, on: self.trace.room > 0, last: self.trace.seq }
    }
}

impl Exchange {
    /// The packets of the live legs that this is about are told for a while.
    fn watch(&mut self, what: Option<&str>) {
        let call_ids = what.map(|what| self.trace.call_ids(what));
        let calls = self.trace.calls(what, call_ids.as_ref());
        let legs = calls.iter().filter_map(|call| self.calls.get(call)).flat_map(|live| &live.legs);
        let leases: SmallVec<[Lease; 4]> = legs.map(|leg| leg.lease).take(WATCHED).collect();
        for Lease { port, epoch, .. } in leases {
            self.media(Command::Watch { port, epoch, micros: WATCH });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(call_id: &str, to: &str, rest: &str) -> Bytes {
        Bytes::from(format!(
            "INVITE sip:{to}@h SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\nFrom: <sip:1@h>;tag=1\r\nTo: <sip:{to}@h>\r\nCall-ID: {call_id}\r\nCSeq: 1 INVITE\r\n{rest}"
        ))
    }

    fn flow() -> Flow {
        let at = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
        Flow { transport: Transport::Udp, local: at(5060), peer: at(9), connection: 0 }
    }

    #[test]
    fn a_call_and_a_number_find_their_messages_and_the_oldest_go() {
        let mut trace = Trace::new(4_096);
        let call = CallRef::mint(1_639_533_600_000_000, 7);
        trace.leg(call, Bytes::from_static(b"one"));
        for (n, id) in ["one", "two", "one"].into_iter().enumerate() {
            let to = if id == "one" { "12345" } else { "12366" };
            trace.note(n == 2, flow(), &message(id, to, "\r\n"), Now::default());
        }
        let of = |trace: &Trace, what: Option<&str>, after| {
            trace.about(what, after).0.iter().map(|row| (row.seq, row.sent, row.call_id.clone())).collect::<Vec<_>>()
        };
        let one = vec![(1, false, "one".to_owned()), (3, true, "one".to_owned())];
        assert_eq!(of(&trace, Some(&call.to_string()), 0), one);
        assert_eq!(
            (of(&trace, Some("12345"), 0), of(&trace, Some("12345"), 1)),
            (one, vec![(3, true, "one".to_owned())])
        );
        assert_eq!((of(&trace, None, 0).len(), of(&trace, Some("12399"), 0).len()), (3, 0));
        for _ in 0..1_000 {
            trace.note(false, flow(), &message("flood", "1", "\r\n"), Now::default());
        }
        assert!(trace.held <= 4_096 && trace.ring.len() > 5 && of(&trace, Some("12345"), 0).is_empty());
        let mut off = Trace::new(0);
        off.note(false, flow(), &message("one", "1", "\r\n"), Now::default());
        assert!(off.ring.is_empty());
    }

    #[test]
    fn what_lets_somebody_in_is_not_shown() {
        let info = |typed: &str, digit: &str| masked(&message("one", "12345", &format!("{typed}\r\n\r\n{digit}\r\n")));
        for (typed, digit) in [
            ("Content-Type: application/dtmf-relay", "Signal =7\r\nDuration=160"),
            ("c : Application/DTMF", "7"),
            ("Content-Type:\tapplication/dtmf-relay", "signal: 7"),
        ] {
            let shown = info(typed, digit);
            assert!(!shown.rsplit("\r\n\r\n").next().unwrap().contains('7'), "{shown}");
            assert!(shown.contains(typed), "{shown}");
        }
        let folded = "Authorization : Digest username=\"8001\",\r\n response=\"deadbeef\",\r\n\tcnonce=\"cafe\"\r\nSubject: a\r\n b\r\n\r\nk=clear:cafe\r\n";
        let shown = masked(&message("one", "12345", folded));
        assert!(!shown.contains("deadbeef") && !shown.contains("cafe"), "{shown}");
        assert!(shown.contains("Subject: a\r\n b\r\n"), "{shown}");
        let secret = "Authorization: Digest username=\"8001\", response=\"deadbeef\"\r\nX: y\r\n\r\nv=0\r\n\
            a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwg\r\na=ice-ufrag:abcd\r\na=ice-pwd:verysecretpassword\r\n";
        let shown = masked(&message("one", "12345", secret));
        for word in ["deadbeef", "WVNf", "verysecret"] {
            assert!(!shown.contains(word), "{shown}");
        }
        for word in
            ["Authorization: …", "AES_CM_128_HMAC_SHA1_80 inline: …", "a=ice-pwd: …", "a=ice-ufrag:abcd", "X: y\r\n"]
        {
            assert!(shown.contains(word), "{word}: {shown}");
        }
    }
}
