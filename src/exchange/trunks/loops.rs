//! Calls that come back to us: told by evidence, and where there is none by how many legs show one number.
//!
//! Each leg that we send to a trunk carries a random mark in its History-Info and Diversion (RFC 7044 and RFC 5806 allow further
//! parameters; proxies and exchanges pass them on). A call that comes in with the mark of a leg that is up has been
//! through that leg's trunk, whoever shows which number; so has one with that leg's Call-ID, and one whose History-Info names us
//! and then that trunk while a leg of the same number is up there. A number alone is nobody: a company's whole staff may show one.

use crate::id::TrunkId;
use crate::sip::dialog::SessionId;
use crate::sip::header::{NameAddr, Params};
use crate::sip::message::Message;
use crate::sip::name::Name;
use crate::sip::uri::Uri;
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// The parameter of our marks.
pub(in crate::exchange) const MARK: &str = "swb";

/// A leg to a trunk, as it can be recognised when it comes back.
#[derive(Debug, Clone)]
pub(in crate::exchange) struct Sent {
    pub trunk: TrunkId,
    /// Who calls; `None` when he shows no number.
    pub caller: Option<Caller>,
    pub mark: u64,
    pub call_id: Bytes,
}

/// Whose number a leg shows. A seat and an outside number that are written alike are two.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::exchange) enum Caller {
    Number(String),
    Seat(String),
}

impl Caller {
    /// A number behind a trunk, whichever way it is written; `None` for none.
    pub fn of_number(number: &str) -> Option<Self> {
        let digits = number.strip_prefix("+86").unwrap_or(number);
        let plain = digits.trim_start_matches('+').trim_start_matches('0');
        (!plain.is_empty()).then(|| Self::Number(plain.to_owned()))
    }
}

/// Legs that are up on trunks.
#[derive(Debug, Default)]
pub(super) struct Loops {
    legs: BTreeMap<SessionId, Sent>,
    marks: BTreeMap<u64, SessionId>,
    call_ids: BTreeMap<Bytes, SessionId>,
    callers: BTreeMap<(Caller, TrunkId), usize>,
}

impl Loops {
    pub fn sent(&mut self, session: SessionId, sent: Sent) {
        self.marks.insert(sent.mark, session);
        self.call_ids.insert(sent.call_id.clone(), session);
        if let Some(caller) = &sent.caller {
            *self.callers.entry((caller.clone(), sent.trunk.clone())).or_default() += 1;
        }
        self.legs.insert(session, sent);
    }

    /// The leg goes by another session now.
    pub fn moved(&mut self, was: SessionId, session: SessionId, call_id: Bytes) {
        let Some(mut sent) = self.legs.remove(&was) else { return };
        self.call_ids.remove(&sent.call_id);
        self.marks.insert(sent.mark, session);
        self.call_ids.insert(call_id.clone(), session);
        sent.call_id = call_id;
        self.legs.insert(session, sent);
    }

    /// The leg is gone: its trunk, if it was on one.
    pub fn ended(&mut self, session: SessionId) -> Option<TrunkId> {
        let Sent { trunk, caller, mark, call_id } = self.legs.remove(&session)?;
        self.marks.remove(&mark);
        self.call_ids.remove(&call_id);
        if let Some(caller) = caller {
            let key = (caller, trunk.clone());
            if let Some(count) = self.callers.get_mut(&key) {
                *count -= 1;
                if *count == 0 {
                    self.callers.remove(&key);
                }
            }
        }
        Some(trunk)
    }

    /// The trunks that this INVITE has been through while our legs there are up.
    ///
    /// `ours` knows our own addresses, `at` which trunks the host of a URI is the way to.
    pub fn evidence<'t>(
        &self,
        invite: &Message,
        caller: Option<&Caller>,
        ours: impl Fn(IpAddr) -> bool,
        at: impl Fn(&Uri<'_>) -> &'t [TrunkId],
    ) -> BTreeSet<TrunkId> {
        let lines = invite.elements(Name::HistoryInfo).chain(invite.elements(Name::Diversion));
        let marked = lines.filter_map(|entry| self.marks.get(&mark(NameAddr::read(entry)?.params)?));
        let session = marked.chain(self.call_ids.get(invite.call_id()));
        let mut through: BTreeSet<TrunkId> =
            session.filter_map(|s| self.legs.get(s)).map(|leg| leg.trunk.clone()).collect();
        // Marks may be taken off on the way; what we were dialled by and whom we called then, seldom.
        let mut by_us = false;
        for entry in invite.elements(Name::HistoryInfo) {
            let Some(uri) = NameAddr::read(entry).and_then(|e| Uri::read(e.uri)) else { continue };
            if uri.address().is_some_and(|address| ours(address.ip())) {
                by_us = true;
            } else if let Some(caller) = caller.filter(|_| by_us) {
                through.extend(at(&uri).iter().filter(|t| self.up(caller, t) > 0).cloned());
            }
        }
        through
    }

    /// The trunks on which so many legs of this caller are up.
    pub fn crowded(&self, caller: &Caller, most: usize) -> impl Iterator<Item = &TrunkId> {
        let first = (caller.clone(), TrunkId::from(""));
        let same = self.callers.range(first..).take_while(move |((c, _), _)| c == caller);
        same.filter(move |(_, count)| **count >= most).map(|((_, trunk), _)| trunk)
    }

    fn up(&self, caller: &Caller, trunk: &TrunkId) -> usize {
        self.callers.get(&(caller.clone(), trunk.clone())).copied().unwrap_or(0)
    }
}

fn mark(params: Params<'_>) -> Option<u64> {
    let text = std::str::from_utf8(params.get(MARK)?).ok()?;
    u64::from_str_radix(text, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::dialog::Outgoing;
    use crate::sip::endpoint::{Endpoint, Settings};
    use crate::sip::flow::{Flow, Transport};
    use crate::sip::wire;
    use std::net::SocketAddr;

    const FAR: ([u8; 4], u16) = ([10, 0, 0, 2], 5060);

    /// Legs up on trunk `t`: mark, caller; and their sessions.
    fn legs(all: &[(u64, &str)]) -> (Loops, Vec<SessionId>) {
        let (mut loops, mut sessions) = (Loops::default(), Vec::new());
        let mut endpoint = Endpoint::new(Settings::default(), [1; 32]);
        let at = SocketAddr::from(([127, 0, 0, 1], 5070));
        let flow = Flow { transport: Transport::Udp, local: at, peer: FAR.into(), connection: 0 };
        for (mark, caller) in all {
            let outgoing = Outgoing {
                flow,
                uri: "sip:1@x".into(),
                from: "<sip:a@b>".into(),
                to: "<sip:1@x>".into(),
                sdp: Bytes::new(),
                other_sdp: None,
                max_forwards: 70,
                extra: Bytes::new(),
                credentials: None,
                by_flow: false,
                session_expires: 0,
            };
            let session = endpoint.connect(outgoing, crate::clock::Now::default());
            let call_id = format!("call-{mark}").into();
            loops.sent(session, Sent { trunk: "t".into(), caller: Caller::of_number(caller), mark: *mark, call_id });
            sessions.push(session);
        }
        (loops, sessions)
    }

    fn through(loops: &Loops, call_id: &str, caller: &str, lines: &str) -> Vec<String> {
        let text = format!(
            "INVITE sip:1@x SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:1@x>\r\n\
             Call-ID: {call_id}\r\nCSeq: 1 INVITE\r\n{lines}Content-Length: 0\r\n\r\n"
        );
        let invite = wire::parse(Bytes::from(text)).unwrap();
        let ours = |ip: IpAddr| ip == IpAddr::from([127, 0, 0, 1]);
        // Two trunks may lead to one exchange.
        let both = [TrunkId::from("s"), TrunkId::from("t")];
        let far = |uri: &Uri<'_>| {
            uri.address() == Some(SocketAddr::from(FAR)) || uri.host.eq_ignore_ascii_case(b"sip.far.example")
        };
        let at = |uri: &Uri<'_>| if far(uri) { &both[..] } else { &[] };
        let found = loops.evidence(&invite, Caller::of_number(caller).as_ref(), ours, at);
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_call_that_has_been_through_a_leg_is_known_by_mark_call_id_or_history() {
        let (mut loops, sessions) = legs(&[(0xabc, "13900000001")]);
        let history = "History-Info: <sip:12366@127.0.0.1>;index=1, <sip:12366@10.0.0.2:5060>;index=1.1\r\n";
        let turned = "History-Info: <sip:12366@10.0.0.2:5060>;index=1, <sip:12366@127.0.0.1>;index=1.1\r\n";
        for (call_id, caller, lines, known) in [
            ("x", "1", "History-Info: <sip:12366@127.0.0.1>;index=1, <sip:a@h>;index=1.1;swb=abc\r\n", true),
            ("x", "1", "Diversion: \"x, y\" <sip:12366@h>;reason=unconditional;SWB=0000000000000abc\r\n", true),
            (
                "x",
                "13900000001",
                "History-Info: <sip:1@127.0.0.1>;index=1, <sip:1@SIP.far.example;lr>;index=1.1\r\n",
                true,
            ),
            ("x", "13900000001", "History-Info: <sip:1@127.0.0.1>;index=1, <sip:1@near.example>;index=1.1\r\n", false),
            ("call-2748", "", "", true),
            ("x", "+86 13900000001", history, false),
            ("x", "+8613900000001", history, true),
            ("x", "13900000002", history, false),
            ("x", "", history, false),
            ("x", "13900000001", turned, false),
            ("x", "13900000001", "", false),
            ("x", "13900000001", "History-Info: <sip:a@b>;index=1;swb=abd\r\nDiversion: <sip:a@b>;swb=\r\n", false),
        ] {
            assert_eq!(
                through(&loops, call_id, caller, lines),
                if known { vec!["t"] } else { vec![] },
                "{caller} {lines}"
            );
        }
        assert_eq!(loops.ended(sessions[0]), Some("t".into()));
        assert_eq!(loops.ended(sessions[0]), None);
        let marked = "History-Info: <sip:a@h>;index=1.1;swb=abc\r\n";
        assert!(through(&loops, "call-2748", "13900000001", marked).is_empty(), "the leg is not up any more");
        assert!(loops.marks.is_empty() && loops.call_ids.is_empty() && loops.callers.is_empty());
    }

    #[test]
    fn legs_of_one_number_are_counted_however_it_is_written() {
        let (mut loops, sessions) = legs(&[(1, "059187654321"), (2, "+8659187654321"), (3, "59187654321"), (4, "")]);
        let caller = Caller::of_number("059187654321").unwrap();
        assert_eq!(loops.crowded(&caller, 3).count(), 1);
        assert_eq!(loops.crowded(&caller, 4).count(), 0);
        loops.ended(sessions[1]);
        assert_eq!(loops.crowded(&caller, 3).count(), 0);
        assert_eq!(loops.crowded(&Caller::Seat("59187654321".into()), 1).count(), 0);
    }
}
