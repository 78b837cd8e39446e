//! The shapes that have brought other switches down, one row a published CVE: what it looked like, and what must come of it here.
//!
//! Each goes to the whole exchange over its own door, in virtual time, with a live call beside it that must not notice. Nothing
//! may panic, be left behind, or take more memory than [`BOUND`]. What counts is the shape; its number says where to read on, and most
//! numbers were written down from memory: hold them against the advisory before citing one.

use crate::support::counted::counted;
use crate::support::raw::{Ask, CARRIER, Peer, answer, sdp};
use crate::support::scenes::talks;
use crate::support::town::Town;
use std::net::SocketAddr;
use switchboard::exchange::{Command, Input};
use switchboard::sip::wire;

/// Most that one row may take beyond what the exchange holds, bytes: the town's own log of the wire is in it.
const BOUND: i64 = 4 << 20;

/// Whence a row's messages come.
const AT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 10)), 7100);
/// Somebody whom the exchange does not know.
const STRANGER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 9, 9)), 5060);

struct Row {
    /// The CVE.
    id: &'static str,
    /// Whose, and the shape.
    shape: &'static str,
    from: SocketAddr,
    messages: Vec<Vec<u8>>,
    /// The first answers; none: silence.
    answers: &'static [u16],
}

fn row(id: &'static str, shape: &'static str, message: Vec<u8>, answers: &'static [u16]) -> Row {
    Row { id, shape, from: AT, messages: vec![message], answers }
}

fn stranger(id: &'static str, shape: &'static str, message: Vec<u8>, answers: &'static [u16]) -> Row {
    Row { from: STRANGER, ..row(id, shape, message, answers) }
}

fn ask(method: &'static str) -> Ask {
    Ask { call_id: "cve".into(), ..Ask::new(method, "12345", AT) }
}

/// An INVITE with this description.
fn offering(body: impl Into<String>) -> Vec<u8> {
    ask("INVITE").offering(body.into()).write()
}

/// A request with one piece of its text changed; the piece must be there.
fn edited(message: Vec<u8>, from: &str, to: &str) -> Vec<u8> {
    let text = String::from_utf8(message).unwrap();
    assert!(text.contains(from), "{from}");
    text.replace(from, to).into_bytes()
}

fn plain() -> String {
    sdp("127.0.0.10", 41_000)
}

/// The headers.
fn of_headers() -> Vec<Row> {
    let register = || ask("REGISTER").write();
    let options = || ask("OPTIONS").write();
    let many = (0..100).fold(ask("SUBSCRIBE").with("Event: presence"), |a, i| a.with(&format!("Accept: a/b{i}")));
    let long = "M".repeat(5000);
    vec![
        row("CVE-2017-9372", "PJSIP: no branch, and a method of thousands of letters in CSeq", {
            let message = edited(options(), ";branch=z9hG4bK-OPTIONS-12345-1", "");
            edited(message, "1 OPTIONS", &format!("1 {long}"))
        }, &[400]),
        row("CVE-2018-7284", "Asterisk: SUBSCRIBE with more Accept headers than there was room for", many.write(), &[489]),
        row("CVE-2018-8828", "Kamailio: REGISTER with a branch and a From tag at the end of a buffer", {
            let message = edited(register(), "z9hG4bK-REGISTER-12345-1", &format!("z9hG4bK{}", "=".repeat(255)));
            edited(message, "tag=from1", &format!("tag={}", "x".repeat(1024)))
        }, &[403]),
        row("CVE-2018-14767", "Kamailio: To twice, the second with an empty tag",
            edited(options(), "CSeq:", "To: <sip:12345@127.0.0.1>;tag=\r\nCSeq:"), &[400]),
        row("CVE-2018-16657", "Kamailio: a Via that cannot be read", edited(options(), "SIP/2.0/UDP 127.0.0.10:7100", "SIP/2.0/UDP :,;"), &[]),
        row("CVE-2016-9938", "Asterisk: a control character between a header's name and its colon",
            edited(options(), "To: <", "To\x08: <sip:a@b>;tag=1\r\nTo: <"), &[400]),
        row("CVE-2020-28361", "Kamailio: white space before the colon hides a header from who looks for it",
            edited(ask("INVITE").write(), "Max-Forwards:", "Require : nothingSupportsThis\r\nMax-Forwards:"), &[420]),
        row("CVE-2023-27599", "OpenSIPS: a To without its URI", edited(options(), "To: <sip:12345@127.0.0.1>", "To: \"\"<>;tag="), &[400]),
        row("CVE-2023-27598", "OpenSIPS: a Via that breaks off, and a tag made of it", edited(options(), ";branch=z9hG4bK-OPTIONS-12345-1;rport", ";branch"), &[200]),
        row("CVE-2023-27597", "OpenSIPS: a request-URI whose parts are empty", edited(ask("INVITE").write(), "INVITE sip:12345@127.0.0.1:5070", "INVITE sip:;@:?="), &[400]),
        row("CVE-2023-28097", "OpenSIPS: a Content-Length near 2^31 and a crafted request-URI", {
            let message = edited(ask("INVITE").without_offer().write(), "Content-Length: 0", "Content-Length: 2147483647");
            edited(message, "sip:12345@", "sip::::@")
        }, &[400]),
        stranger("CVE-2023-28098", "OpenSIPS: an Authorization that ends inside a parameter's name",
            ask("REGISTER").with("Authorization: Digest username=\"a\", realm=\"12345\", n").write(), &[400]),
        stranger("CVE-2025-57767", "Asterisk: an Authorization for a realm that no challenge named",
            ask("REGISTER").with("Authorization: Digest username=\"8001\", realm=\"other\", nonce=\"x\", uri=\"sip:h\", response=\"00000000000000000000000000000000\"").write(), &[401]),
        row("CVE-2020-35652", "Asterisk: Diversion and History-Info with a tel URI",
            ask("INVITE").with("Diversion: <tel:+8659112345>;reason=\"").with("History-Info: <tel:12333>;index=1.1, <tel:>;index=").write(), &[100, 200]),
        row("CVE-2022-31002", "sofia-sip: a URI that ends with a percent sign", edited(options(), "sip:12345@127.0.0.1:5070 ", "sip:12345%@127.0.0.1%2 "), &[200]),
        row("CVE-2026-23457", "Linux, SIP over TCP: a Content-Length of 2^32 + 32",
            edited(options(), "Content-Length: 0", "Content-Length: 4294967328"), &[400]),
    ]
}

/// The bodies.
#[expect(clippy::too_many_lines, reason = "a table of messages")]
fn of_bodies() -> Vec<Row> {
    let mixed =
        |body: &str| Ask { content: "multipart/mixed;boundary=\"b\"", ..ask("INVITE") }.offering(body.into()).write();
    let t38 = "v=0\r\no=- 1 1 IN IP4 127.0.0.10\r\ns=-\r\nt=0 0\r\nm=image 0 udptl t38\r\n";
    let attributes = format!("{}{}", plain(), "a=fmtp:8 x\r\n".repeat(2000));
    vec![
        row(
            "CVE-2022-21723",
            "PJSIP: a multipart body that breaks off in a delimiter",
            mixed("--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--b-"),
            &[415],
        ),
        row(
            "CVE-2017-9359",
            "PJSIP: a multipart part without an end of its headers",
            mixed("--b\r\nContent-Type: application/sdp--b--"),
            &[415],
        ),
        row(
            "CVE-2018-1000098",
            "PJSIP: a format of more than 32 bits in m=",
            offering(plain().replace("AVP 8 0", "AVP 99999999999999999999")),
            &[100, 488],
        ),
        row(
            "CVE-2018-1000099",
            "PJSIP: an fmtp without its format",
            offering(plain() + "a=fmtp:\r\na=fmtp\r\na=rtpmap:\r\n"),
            &[100, 200],
        ),
        row(
            "CVE-2022-31001",
            "sofia-sip: a session description that ends inside a line",
            offering("v=0\r\nc=IN IP4 127.0.0.10\r\nm=audio 41000 RTP/AVP 8\r\na"),
            &[100, 200],
        ),
        row(
            "CVE-2022-31003",
            "sofia-sip: a repeat line without its fields",
            offering(plain() + "r=\r\nr=0\r\nt=\r\nz=\r\n"),
            &[100, 200],
        ),
        row(
            "CVE-2023-27600",
            "OpenSIPS: a line of SDP without its end",
            offering(plain().trim_end().to_owned() + "\r\na=sendrecv"),
            &[100, 200],
        ),
        row(
            "CVE-2023-27596",
            "OpenSIPS: m= without anything behind it",
            offering("v=0\r\nm=\r\nm=audio\r\nc=\r\n"),
            &[100, 400],
        ),
        row(
            "CVE-2022-24764",
            "PJSIP: so many attributes that writing them again overflowed",
            offering(attributes),
            &[100, 400],
        ),
        row(
            "CVE-2026-41416",
            "PJSIP: packet times that overflow a buffer's size",
            offering(plain() + "a=ptime:4294967295\r\na=maxptime:1\r\n"),
            &[100, 200],
        ),
        row("CVE-2019-18976", "Asterisk: T.38 with port 0 and no address", offering(t38), &[100, 488]),
        row(
            "CVE-2021-21375",
            "PJSIP: an offer of which nothing can be answered",
            offering(plain().replace("audio 41000", "text 0")),
            &[100, 488],
        ),
    ]
}

/// Methods, and many messages.
fn of_conduct() -> Vec<Row> {
    let text = Ask { content: "text/plain", ..ask("MESSAGE") }.offering("\0".repeat(30_000));
    let of = |i: u32, ask: Ask| Ask { call_id: format!("cve-{i}"), branch: format!("z9hG4bKcve{i}"), ..ask };
    let repeated = |method| (0..200).map(|i| of(i, ask(method)).write()).collect::<Vec<_>>();
    vec![
        row("CVE-2019-12827", "Asterisk: a MESSAGE with a long body", text.write(), &[405]),
        stranger(
            "CVE-2021-37624",
            "FreeSWITCH: a stranger's MESSAGE for a registered phone",
            Ask { uri: "sip:8001@127.0.0.1".into(), ..text }.write(),
            &[401],
        ),
        stranger(
            "CVE-2021-41157",
            "FreeSWITCH: a stranger's SUBSCRIBE for presence",
            ask("SUBSCRIBE").with("Event: presence").write(),
            &[401],
        ),
        Row {
            messages: repeated("SUBSCRIBE"),
            answers: &[401],
            ..stranger("CVE-2021-41145", "FreeSWITCH: a flood of strangers' messages is kept", vec![], &[])
        },
        Row {
            messages: repeated("OPTIONS"),
            answers: &[200],
            ..row("CVE-2021-41145 (trunk)", "the same from a trunk", vec![], &[])
        },
        Row {
            messages: ["z9hG4bKa", "z9hG4bKb"].map(|b| Ask { branch: b.into(), ..ask("INVITE") }.write()).into(),
            ..row("CVE-2022-23608", "PJSIP: one dialog by two branches", vec![], &[100, 200, 482])
        },
    ]
}

#[test]
fn no_published_shape_does_here_what_it_did_there() {
    let rows: Vec<Row> = [of_headers(), of_bodies(), of_conduct()].into_iter().flatten().collect();
    assert!(rows.len() >= 30);
    let mut wrong = String::new();
    for row in rows {
        let mut town = Town::new(1);
        let (citizen, seat) = talks(&mut town);
        let before = town.exchange.held();
        let from = town.sent.len();
        let ((), counts) = counted(|| {
            for message in &row.messages {
                town.injects(row.from, message);
                town.runs(0.01);
            }
            town.runs(0.4);
        });
        let answers = town.sent[from..].iter().filter(|(flow, _)| flow.peer == row.from);
        let mut answers: Vec<u16> = answers
            .filter_map(|(_, bytes)| match wire::parse(bytes.clone()) {
                Ok(message) => message.status(),
                Err(broken) => broken.message.and_then(|m| m.status()),
            })
            .collect();
        answers.truncate(row.answers.len().max(1));
        if answers != row.answers || counts.peak > BOUND {
            wrong.push_str(&format!(
                "{} ({}): {answers:?} instead of {:?}, {} bytes\n",
                row.id, row.shape, row.answers, counts.peak
            ));
        }
        assert!(town.talk(citizen, seat), "{}: the call beside it", row.id);
        // Everything it began ends, and nothing of it stays.
        let now = town.now;
        town.exchange.handle(Input::Command { id: 1, command: Command::EndAll }, now);
        town.drain_exchange();
        town.runs(120.0);
        let (sessions, transactions, ports) = town.exchange.held();
        assert_eq!((town.exchange.live(), sessions, ports), (0, 0, 0), "{}", row.id);
        assert!(transactions <= before.1 + 2, "{}: {transactions} transactions", row.id);
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// CVE-2021-41158 (FreeSWITCH): who is called or calls challenges a request of ours inside the call, and gets our digest to guess
/// passwords by. CVE-2020-28242 (Asterisk): challenges without end; the trunk's side of it stands in `sessions`.
#[test]
fn a_peer_that_challenges_inside_a_call_learns_nothing() {
    for status in [401, 407] {
        let mut town = Town::new(1);
        let mut caller = Peer::at(&town, (CARRIER.0, 7100));
        let ask = ask("INVITE");
        caller.says(&mut town, ask.write());
        town.runs(0.5);
        let ok = caller.hears(&town).pop().unwrap();
        assert_eq!(ok.status(), Some(200));
        caller.says(&mut town, ask.ack(&ok).write());
        let now = town.now;
        town.exchange.handle(Input::Command { id: 1, command: Command::EndAll }, now);
        town.drain_exchange();
        town.runs(0.01);
        let bye = caller.hears(&town).pop().unwrap();
        assert_eq!(bye.method_token(), b"BYE");
        let header = if status == 401 { "WWW-Authenticate" } else { "Proxy-Authenticate" };
        for nonce in 0..5 {
            let lines = format!("{header}: Digest realm=\"12345\", nonce=\"n{nonce}\", qop=\"auth\"\r\n");
            caller.says(&mut town, answer(&bye, caller.at, status, "", &lines, ""));
        }
        town.runs(60.0);
        let told = town.sent.iter().filter(|(_, b)| b.windows(14).any(|w| w == b"uthorization: ")).count();
        assert_eq!(told, 0, "{status}");
        assert_eq!(town.exchange.held(), (0, 0, 0), "{status}");
    }
}
