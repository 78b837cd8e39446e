//! What the exchange sends, read by an independent reader (rsip): it parses, has what RFC 3261 §8.1.1 and §8.2.6 want, and
//! keeps the rules of Via, CSeq, Max-Forwards, Contact and Content-Length across messages.

use crate::support::raw::{Ask, CARRIER, FIRE, Peer, answer, sdp};
use crate::support::town::{Manner, Town};
use crate::support::wire::Weather;
use rsip::headers::ToTypedHeader;
use rsip::message::{HasHeaders, HeadersExt};
use rsip::{Method, SipMessage};
use std::collections::BTreeMap;

const SOON: Manner = Manner::Answers(1_000_000);

/// One message as rsip has it.
pub struct Read {
    message: SipMessage,
    /// Name and value of each header line.
    headers: Vec<(String, String)>,
    text: String,
}

impl Read {
    pub fn new(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let message = SipMessage::try_from(bytes).unwrap_or_else(|e| panic!("rsip: {e}\n{text}"));
        let pair = |h: &rsip::Header| {
            let line = h.to_string();
            let (name, value) = line.split_once(':').unwrap_or_else(|| panic!("{line}"));
            (name.trim().to_ascii_lowercase(), value.trim().to_owned())
        };
        let headers = message.headers().iter().map(pair).collect();
        Self { message, headers, text }
    }

    fn count(&self, name: &str) -> usize {
        self.headers.iter().filter(|(n, _)| n == name).count()
    }

    pub fn value(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    pub fn status(&self) -> Option<u16> {
        match &self.message {
            SipMessage::Response(r) => Some(r.status_code().code()),
            SipMessage::Request(_) => None,
        }
    }

    pub fn method(&self) -> Option<Method> {
        match &self.message {
            SipMessage::Request(r) => Some(*r.method()),
            SipMessage::Response(_) => None,
        }
    }

    fn cseq(&self) -> (u32, Method) {
        let cseq =
            self.message.cseq_header().and_then(|h| h.typed()).unwrap_or_else(|e| panic!("CSeq: {e}\n{}", self.text));
        (cseq.seq, cseq.method)
    }

    fn branch(&self) -> String {
        let via =
            self.message.via_header().and_then(|h| h.typed()).unwrap_or_else(|e| panic!("Via: {e}\n{}", self.text));
        via.branch().unwrap_or_else(|| panic!("no branch\n{}", self.text)).to_string()
    }

    fn tags(&self) -> (Option<String>, Option<String>) {
        let from =
            self.message.from_header().and_then(|h| h.typed()).unwrap_or_else(|e| panic!("From: {e}\n{}", self.text));
        let to = self.message.to_header().and_then(|h| h.typed()).unwrap_or_else(|e| panic!("To: {e}\n{}", self.text));
        (from.tag().map(ToString::to_string), to.tag().map(ToString::to_string))
    }
}

/// RFC 3261 §8.1.1 and §8.2.6, one message at a time.
pub fn one_message(read: &Read) {
    let text = &read.text;
    for name in ["from", "to", "call-id", "cseq"] {
        assert_eq!(read.count(name), 1, "{name}\n{text}");
    }
    assert!(read.count("via") >= 1, "{text}");
    // The short form stands in answers to strangers only; rsip does not know it.
    let length =
        read.value("content-length").or_else(|| read.value("l")).unwrap_or_else(|| panic!("no length\n{text}"));
    let body = text.split_once("\r\n\r\n").map_or(0, |(_, body)| body.len());
    assert_eq!(length.parse(), Ok(body), "{text}");
    assert_eq!(read.message.body().len(), body, "{text}");
    assert_eq!(read.count("content-type"), usize::from(body > 0), "{text}");
    let (from, to) = read.tags();
    assert!(from.is_some_and(|t| !t.is_empty()), "{text}");
    let (_, method) = read.cseq();
    if let Some(own) = read.method() {
        assert_eq!(own, method, "{text}");
        assert_eq!((read.count("max-forwards"), read.count("via")), (1, 1), "{text}");
        let hops: u32 = read.value("max-forwards").unwrap().parse().unwrap();
        assert!(hops <= 70, "{text}");
        assert!(read.branch().contains("z9hG4bK"), "{text}");
    }
    let status = read.status();
    if status.is_some_and(|s| s > 100) {
        assert!(to.is_some_and(|t| !t.is_empty()), "{text}");
    }
    let makes_dialog = method == Method::Invite && status.is_none_or(|s| (101..300).contains(&s));
    let target = makes_dialog && (read.method().is_some() || status.is_some());
    if target || read.method() == Some(Method::Update) {
        assert_eq!(read.count("contact"), 1, "{text}");
    }
    let needs = [
        (401, "www-authenticate"),
        (405, "allow"),
        (415, "accept"),
        (420, "unsupported"),
        (422, "min-se"),
        (423, "min-expires"),
    ];
    for (code, header) in needs {
        if status == Some(code) {
            assert!(read.count(header) > 0, "{header}\n{text}");
        }
    }
    if method == Method::Invite && status == Some(200) {
        assert!(body > 0 && read.count("allow") == 1 && read.count("supported") == 1, "{text}");
    }
}

/// Rules that bind messages together.
pub fn all_messages(sent: &[Read]) {
    // Branch to what first carried it; CSeq last used by Call-ID, our tag and theirs, which is not known yet in a first INVITE.
    let mut branches: BTreeMap<String, &Read> = BTreeMap::new();
    let mut last: BTreeMap<(String, String, String), u32> = BTreeMap::new();
    for read in sent.iter().filter(|r| r.method().is_some()) {
        let (text, branch, (number, method)) = (&read.text, read.branch(), read.cseq());
        let call = read.value("call-id").unwrap().to_owned();
        let (tag, theirs) = (read.tags().0.unwrap(), read.tags().1.unwrap_or_default());
        let first = last.get(&(call.clone(), tag.clone(), String::new())).copied();
        let used = last.get(&(call.clone(), tag.clone(), theirs.clone())).copied().max(first);
        match method {
            Method::Cancel => {
                // RFC 3261 §9.1: branch, Request-URI, Call-ID, From, To without a tag, CSeq number of the INVITE.
                let invite = branches.get(&branch).unwrap_or_else(|| panic!("CANCEL of nothing\n{text}"));
                assert_eq!(invite.cseq(), (number, Method::Invite), "{text}");
                for name in ["call-id", "from", "to"] {
                    assert_eq!(invite.value(name), read.value(name), "{text}");
                }
                let uri = |r: &Read| r.text.split(' ').nth(1).unwrap().to_owned();
                assert_eq!(uri(invite), uri(read));
            }
            Method::Ack => {
                let used = used.unwrap_or_else(|| panic!("ACK of nothing\n{text}"));
                assert!(number <= used, "{text}");
                if let Some(invite) = branches.get(&branch) {
                    // Of a refusal: the same branch (§17.1.1.3). Of a 2xx: a branch of its own, which may come again.
                    let same = invite.cseq() == (number, Method::Invite) || invite.text == *text;
                    assert!(same, "{text}");
                } else {
                    branches.insert(branch, read);
                }
            }
            _ => match branches.get(&branch) {
                Some(first) => assert_eq!(first.text, *text, "a branch that comes again is a retransmission"),
                None => {
                    assert!(used.is_none_or(|before| number > before), "CSeq {number} after {used:?}\n{text}");
                    last.insert((call, tag, theirs), number);
                    branches.insert(branch, read);
                }
            },
        }
    }
}

/// A day of the town: every kind of call, message and refusal.
fn towns() -> Vec<Town> {
    let mut towns = Vec::new();
    for (seed, weather) in [(1, Weather::FINE), (2, Weather::STORM), (3, Weather::STORM)] {
        let mut town = Town::with("2021-12-15T10:00", seed, weather, {
            let mut settings = crate::support::city::settings();
            for trunk in settings.trunks.values_mut() {
                trunk.options = 20_000_000;
            }
            settings
        });
        let seat = town.seat("8001", SOON);
        town.seat("8051", Manner::Rings);
        town.trunk(20, Manner::Refuses(503));
        town.trunk(30, Manner::Dead);
        let second = town.trunk(31, SOON);
        town.runs(2.0);
        for number in ["12345", "12333", "12348", "12366", "119", "13800138000", "8001"] {
            let citizen = town.citizen("13900000001");
            town.dials(citizen, number);
            town.runs(20.0);
            if town.is_connected(citizen) && town.is_connected(seat) && number == "12345" {
                town.holds(seat, true);
                town.runs(3.0);
                town.holds(seat, false);
                town.runs(3.0);
            }
            town.hangs_up(if number == "119" { second } else { citizen });
            town.hangs_up(citizen);
            town.runs(5.0);
        }
        let stranger = town.stranger("10000000000");
        town.dials(stranger, "12345");
        town.runs(3.0);
        town.goes_home();
        towns.push(town);
    }
    let mut town = Town::on("2022-06-01T09:00", 4, Weather::FINE);
    let citizen = town.citizen("13900000001");
    town.dials(citizen, "12358");
    town.runs(60.0);
    towns.push(town);
    towns.push(refusals());
    towns.push(forks());
    towns
}

fn refusals() -> Town {
    let mut town = Town::new(5);
    let caller = Peer::at(&town, CARRIER);
    let mut n = 0;
    let mut says = |town: &mut Town, ask: Ask| {
        n += 1;
        caller.says(town, Ask { branch: format!("z9hG4bK{n}"), call_id: format!("r{n}"), ..ask }.write());
    };
    for method in ["MESSAGE", "REFER", "SUBSCRIBE", "REGISTER", "OPTIONS", "BYE", "PRACK"] {
        says(&mut town, Ask::new(method, "12345", caller.at));
    }
    let invite = || Ask::new("INVITE", "12345", caller.at);
    says(&mut town, invite().with("Require: precondition"));
    says(&mut town, invite().with("Supported: timer").with("Session-Expires: 60"));
    says(&mut town, invite().offering("hello".into()));
    says(&mut town, Ask { content: "text/plain", ..invite() });
    says(&mut town, Ask { hops: 0, ..invite() });
    says(&mut town, Ask { uri: "sip:@127.0.0.1".into(), ..invite() });
    says(&mut town, invite().with("Supported: 100rel, timer").with("Session-Expires: 90").without_offer());
    town.runs(120.0);
    town
}

/// PRACK, UPDATE, a fork, a 200 that crosses a CANCEL, and session refreshes.
fn forks() -> Town {
    let mut town = Town::new(6);
    let (caller, mut far) = (Peer::at(&town, CARRIER), Peer::at(&town, FIRE));
    let ask = Ask::new("INVITE", "119", caller.at)
        .with("Supported: timer")
        .with("Allow: UPDATE")
        .with("Session-Expires: 90;refresher=uas");
    caller.says(&mut town, ask.write());
    let invite = far.hears_one(&town);
    let far_sdp = sdp("127.0.0.30", 41_000);
    far.says(&mut town, answer(&invite, far.at, 183, "a", "Require: 100rel\r\nRSeq: 1\r\n", &far_sdp));
    for tag in ["a", "b"] {
        far.says(&mut town, answer(&invite, far.at, 200, tag, "", &far_sdp));
    }
    let ok =
        town.sent.iter().rev().find(|(f, b)| f.peer == caller.at && b.starts_with(b"SIP/2.0 200")).unwrap().1.clone();
    let ok = switchboard::sip::wire::parse(ok).unwrap();
    caller.says(&mut town, ask.ack(&ok).write());
    town.runs(200.0);
    let ask = Ask { branch: "z9hG4bKsecond".into(), call_id: "second".into(), ..Ask::new("INVITE", "119", caller.at) };
    far.hears(&town);
    caller.says(&mut town, ask.write());
    let invite = far.hears_one(&town);
    far.says(&mut town, answer(&invite, far.at, 180, "a", "", ""));
    caller.says(&mut town, ask.same_branch("CANCEL", None).write());
    far.says(&mut town, answer(&invite, far.at, 200, "a", "", &far_sdp));
    town.runs(120.0);
    town
}

#[test]
fn an_independent_reader_finds_nothing_wrong() {
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for town in towns() {
        let sent: Vec<Read> = town.sent.iter().map(|(_, bytes)| Read::new(bytes)).collect();
        for read in &sent {
            one_message(read);
            let kind = read.status().map_or_else(|| read.method().unwrap().to_string(), |s| s.to_string());
            *kinds.entry(kind).or_default() += 1;
        }
        all_messages(&sent);
    }
    // The day was busy enough to say something.
    let wanted = [
        "INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "PRACK", "UPDATE", "100", "180", "183", "200", "400", "401",
        "403", "404", "405", "410", "415", "420", "422", "481", "483", "484", "487", "489",
    ];
    let missing: Vec<_> = wanted.iter().filter(|k| !kinds.contains_key(**k)).collect();
    assert!(missing.is_empty(), "never sent: {missing:?} of {kinds:?}");
}
